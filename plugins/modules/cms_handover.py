#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cms_handover
short_description: Hand a clustered mailbox server over to an upgraded node and upgrade it there
version_added: 1.0.0
description:
  - Does the whole offline window in one act on the node that takes over; checks everything first, then stops the
    clustered mailbox server, moves it, runs C(Setup.com /upgradecms), starts it unless it is online by then, and proves
    that it is online at the release with its databases mounted. Nothing of Ansible runs inside the window.
  - Only what is left is done. A run that died in the window is finished by running again.
  - Before the window opens the storage group copies (CCR) must be healthy in several readings, and
    C(Move-ClusteredMailboxServer -ValidateOnly) must agree.
options:
  name:
    description: Name of the clustered mailbox server.
    type: str
    required: true
  to:
    description: Node that takes over. It must be the node that the task runs on, which is the default.
    type: str
  release:
    description: The release of the media, and the goal.
    type: str
    choices: [sp1, sp2, sp3]
    required: true
  media:
    description: Local folder on the node that holds Setup.com of the service pack.
    type: str
    required: true
  hand_over_after:
    description: Whether V(all) passive nodes must be at the release first, or the V(first) one is enough.
    type: str
    choices: [all, first]
    default: all
  offline_budget:
    description: Seconds that the window is expected to take; 0 for none. RV(within_budget) compares.
    type: int
    default: 0
  reason:
    description: Text for the event log, given as stop reason and move comment.
    type: str
    default: Upgrade by mailops.exchange2007
  max_queue:
    description: Logs that a storage group copy may be behind when the window opens.
    type: int
    default: 10
  copy_samples:
    description: How many readings of the copies must be good.
    type: int
    default: 3
  copy_interval:
    description: Seconds between two readings of the copies.
    type: float
    default: 5
  username:
    description: Account that Setup runs as, V(DOMAIN\\user). The default is the account of the connection.
    type: str
  password:
    description: Password of O(username).
    type: str
  domain_controller:
    description: Domain controller that Setup is to use.
    type: str
    default: ""
  timeout:
    description: Seconds that Setup may take. It is not stopped when they are over; running again joins it.
    type: int
    default: 7200
  step_timeout:
    description: Seconds that each of stop, move, start and mount may take.
    type: int
    default: 900
  poll:
    description: Seconds between two looks outside the window.
    type: float
    default: 5
extends_documentation_fragment:
  - mailops.exchange2007.attributes
  - mailops.exchange2007.proof
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: mailops.exchange2007.exchange_setup
  - module: mailops.exchange2007.clustered_mailbox_server
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Read the other node
  mailops.exchange2007.exchange_info:
  delegate_to: mbx1a
  register: mate

- name: Hand MAIL1 over to this node, which is upgraded already
  mailops.exchange2007.cms_handover:
    name: MAIL1
    release: sp2
    media: D:\media\sp2
    offline_budget: 900
    nodes:
      - "{{ mate.proof }}"
"""

RETURN = r"""
before:
  description: Owner, state and version before.
  returned: success
  type: dict
  sample: {"owner": "MBX1A", "state": "online", "version": "8.1.240.6"}
  contains: &server
    owner:
      description: Node that owns it; null where that could not be read.
      type: str
      sample: MBX1A
    state:
      description: >-
        V(online), V(offline), V(partially_online), V(failed), V(online_pending), V(offline_pending) or V(unknown).
      type: str
      sample: online
    version:
      description: Its version; null where that could not be read.
      type: str
      sample: 8.1.240.6
after:
  description: Owner, state and version as observed at the end.
  returned: success
  type: dict
  sample: {"owner": "MBX1B", "state": "online", "version": "8.2.176.2"}
  contains: *server
steps:
  description: What was left to do, of V(stop), V(move), V(upgrade) and V(start).
  returned: success
  type: list
  elements: str
  sample: [stop, move, upgrade, start]
outage:
  description: >-
    Seconds from right before the server was stopped until it was seen online; null when it was not taken down. Where it
    was down already, from the look in this task that showed it so.
  returned: success
  type: float
  sample: 402.7
within_budget:
  description: Whether RV(outage) kept to O(offline_budget); null without one.
  returned: success
  type: bool
  sample: true
timings:
  description: Seconds of each of RV(steps), by name.
  returned: success
  type: dict
  sample: {"stop": 34.1, "move": 64.5, "upgrade": 260.2, "start": 43.9}
diagnosis:
  description:
    - Why Setup failed, the likeliest cause first. Found by numbers, registry marks, versions, paths and the layout of
      what Setup printed, in any language; what only an English sentence speaks of comes last and says so.
    - C(docs/setup-failures.md) has all causes.
  returned: when Setup failed
  type: list
  elements: dict
  contains:
    name:
      description: Name of the cause, for playbooks to act on; it does not change.
      type: str
      sample: disk_full
    cause:
      description: What went wrong.
      type: str
      sample: A disk of the node is full.
    impact:
      description: What that means for the node.
      type: str
      sample: Files could not be copied or unpacked. Setup stopped at its checks and changed nothing.
    next_step:
      description: What to do next.
      type: str
      sample: Free space on the system disk, Exchange's disk and in Temp, then run again.
    evidence:
      description: What it was concluded from; registry marks by their full path.
      type: list
      elements: str
      sample: ["0x80070070 ERROR_DISK_FULL: the disk is full (console: There is not enough space on the disk.)"]
refusals:
  description: Why nothing was done.
  returned: when refused
  type: list
  elements: dict
  sample:
    - rule: R5
      seen: Node MBX1B is at RTM, not at SP2.
      advice: Upgrade it first.
  contains:
    rule:
      description: The rule, V(R1) to V(R10) of the README, or V(input).
      type: str
      sample: R5
    seen:
      description: What was seen.
      type: str
      sample: Node MBX1B is at RTM, not at SP2.
    advice:
      description: What to do next.
      type: str
      sample: Upgrade it first.
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ['"D:\\media\\sp2\\Setup.com" /upgradecms']
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._handover import Handover
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._proof import PROOF_OPTIONS
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._upgrade import setup_task

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "to": {"type": "str"},
    "release": {"type": "str", "choices": ["sp1", "sp2", "sp3"], "required": True},
    "media": {"type": "str", "required": True},
    **PROOF_OPTIONS,
    "hand_over_after": {"type": "str", "choices": ["all", "first"], "default": "all"},
    "offline_budget": {"type": "int", "default": 0},
    "reason": {"type": "str", "default": "Upgrade by mailops.exchange2007"},
    "max_queue": {"type": "int", "default": 10},
    "copy_samples": {"type": "int", "default": 3},
    "copy_interval": {"type": "float", "default": 5.0},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "domain_controller": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 7200},
    "step_timeout": {"type": "int", "default": 900},
    "poll": {"type": "float", "default": 5.0},
}
ARGUMENT_RULES: dict[str, Any] = {"required_together": [["username", "password"]]}


def run(task: Task) -> dict[str, Any]:
    """Hand the clustered mailbox server over to this node."""
    return Handover(setup_task(task)).run()


def main() -> None:
    module_main(ARGUMENT_SPEC, ARGUMENT_RULES)


if __name__ == "__main__":
    main()
