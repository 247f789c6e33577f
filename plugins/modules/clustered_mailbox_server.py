#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: clustered_mailbox_server
short_description: Start, stop or move a clustered mailbox server
version_added: 1.0.0
description:
  - Uses C(Start-), C(Stop-) and C(Move-ClusteredMailboxServer), guarded by what is seen first, and watches until the
    server is what was asked for. The cmdlets themselves fail when there is nothing to do, and return before everything
    is online.
  - A move needs the target at the release of the server; O(nodes) proves it for a target other than the node that the
    task runs on. For an upgrade use M(mailops.exchange2007.cms_handover).
options:
  name:
    description: Name of the clustered mailbox server.
    type: str
    required: true
  state:
    description: State that it is to have.
    type: str
    choices: [started, stopped]
  owner:
    description: Node that is to own it.
    type: str
  reason:
    description: Text for the event log, given as stop reason and move comment.
    type: str
    default: Requested by mailops.exchange2007
  validate_only:
    description: Only let Exchange check whether the move to O(owner) would succeed. Needs SP1 or later on the node.
    type: bool
    default: false
  timeout:
    description: Seconds that each change may take.
    type: int
    default: 900
  poll:
    description: Seconds between two looks.
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
  - module: mailops.exchange2007.cms_handover
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Have MAIL2 started
  mailops.exchange2007.clustered_mailbox_server:
    name: MAIL2
    state: started

- name: Ask Exchange whether a move to this node would succeed
  mailops.exchange2007.clustered_mailbox_server:
    name: MAIL2
    owner: MBX2B
    validate_only: true
"""

RETURN = r"""
before:
  description: Owner and state before.
  returned: success
  type: dict
  sample: {"owner": "MBX2A", "state": "offline"}
  contains: &server
    owner:
      description: Node that owns it; null where that could not be read.
      type: str
      sample: MBX2A
    state:
      description: >-
        V(online), V(offline), V(partially_online), V(failed), V(online_pending), V(offline_pending) or V(unknown).
      type: str
      sample: online
after:
  description: Owner and state as observed afterwards; in check mode as they would be.
  returned: success
  type: dict
  sample: {"owner": "MBX2A", "state": "online"}
  contains: *server
refusals:
  description: Why nothing was done.
  returned: when refused
  type: list
  elements: dict
  sample:
    - rule: R9
      seen: MAIL2 is online_pending.
      advice: Wait until it has settled.
  contains:
    rule:
      description: The rule, V(R1) to V(R10) of the README, or V(input).
      type: str
      sample: R9
    seen:
      description: What was seen.
      type: str
      sample: MAIL2 is online_pending.
    advice:
      description: What to do next.
      type: str
      sample: Wait until it has settled.
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ["Start-ClusteredMailboxServer MAIL2"]
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._proof import PROOF_OPTIONS
from ansible_collections.mailops.exchange2007.plugins.module_utils._server_acts import ServerActs
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["started", "stopped"]},
    "owner": {"type": "str"},
    "reason": {"type": "str", "default": "Requested by mailops.exchange2007"},
    "validate_only": {"type": "bool", "default": False},
    **PROOF_OPTIONS,
    "timeout": {"type": "int", "default": 900},
    "poll": {"type": "float", "default": 5.0},
}
ARGUMENT_RULES: dict[str, Any] = {"required_one_of": [["state", "owner"]]}


def run(task: Task) -> dict[str, Any]:
    """Start, stop, move or validate."""
    return ServerActs(task).run()


def main() -> None:
    module_main(ARGUMENT_SPEC, ARGUMENT_RULES)


if __name__ == "__main__":
    main()
