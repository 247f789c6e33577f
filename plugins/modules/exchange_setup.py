#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_setup
short_description: Upgrade Exchange 2007 on a cluster node, or the clustered mailbox server it owns
version_added: 1.0.0
description:
  - Runs C(Setup.com /mode:upgrade) or C(Setup.com /upgradecms) from service pack media as a detached job, that is a
    scheduled task with the account's password, and waits for its end. A run that was interrupted is joined; Setup is
    never started twice.
  - Success is exit code 0, no failure sentence, the media's version read back from the registry (or the directory), and
    no Watermark or Action mark left. Nothing less.
  - The module refuses by itself what would harm the cluster, whatever order a playbook has. Each refusal names a rule,
    what was seen and what to do next; see RV(refusals).
options:
  action:
    description:
      - V(upgrade) upgrades the program files of the node.
      - V(upgrade_cms) upgrades the clustered mailbox server that the node owns and that is stopped.
        M(mailops.exchange2007.cms_handover) does this as part of the whole handover.
    type: str
    choices: [upgrade, upgrade_cms]
    default: upgrade
  media:
    description: Local folder on the node that holds Setup.com of the service pack.
    type: str
    required: true
  release:
    description: The release of the media, and the goal.
    type: str
    choices: [sp1, sp2, sp3]
    required: true
  nodes:
    description:
      - The proof. RV(mailops.exchange2007.exchange_info#module:proof) of every other node of the cluster, read in this
        run. It is compared with the cluster's own list of members.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      release:
        description: Release of its program files.
        type: str
        required: true
      observed_at:
        description: When it was read, ISO 8601 in UTC.
        type: str
        required: true
      os_family:
        description: Its Windows family.
        type: str
        default: ""
  proof_max_age:
    description: Seconds after which an observation in O(nodes) is too old.
    type: int
    default: 900
  username:
    description: Account that Setup runs as, C(DOMAIN\\user). The default is the account of the connection.
    type: str
  password:
    description: Its password.
    type: str
  domain_controller:
    description: Domain controller that Setup is to use.
    type: str
    default: ""
  updates_dir:
    description: Local folder with update packages that Setup is to install along.
    type: str
    default: ""
  timeout:
    description: Seconds that Setup may take. It is not stopped when they are over; running again joins it.
    type: int
    default: 14400
  poll:
    description: Seconds between two looks at Setup.
    type: float
    default: 5
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: mailops.exchange2007.cms_handover
  - module: mailops.exchange2007.exchange_info
  - module: mailops.exchange2007.node_reboot
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Read the other node
  mailops.exchange2007.exchange_info:
  delegate_to: nodea
  register: mate

- name: Upgrade this passive node
  mailops.exchange2007.exchange_setup:
    media: D:\media\sp2
    release: sp2
    nodes:
      - "{{ mate.proof }}"
"""

RETURN = r"""
before:
  description: Version before, of the node or of the clustered mailbox server.
  returned: success
  type: dict
  sample: {"version": "8.0.685.25"}
after:
  description: Version read back afterwards; in check mode that of the media.
  returned: success
  type: dict
  sample: {"version": "8.2.176.2"}
rc:
  description: Exit code of Setup; null when another run that had joined it too has taken the result away.
  returned: when Setup ran
  type: int
  sample: 0
steps:
  description: Step lines that Setup printed.
  returned: when Setup ran
  type: list
  elements: dict
  sample: [{"name": "Copying Exchange files", "result": "COMPLETED"}]
warnings_of_setup:
  description: Warnings that Setup printed below its checks.
  returned: when Setup ran
  type: list
  elements: str
  sample: []
removed_rollups:
  description: Update rollups that the service pack replaced.
  returned: when Setup ran
  type: list
  elements: str
  sample: ["Update Rollup 1 for Exchange Server 2007"]
log_excerpt:
  description: The last lines that this run added to ExchangeSetup.log.
  returned: when Setup ran
  type: str
  sample: ""
duration:
  description: Seconds that Setup was awaited.
  returned: when Setup ran
  type: float
  sample: 1712.4
joined:
  description: Whether Setup had been started by an earlier run.
  returned: when Setup ran
  type: bool
  sample: false
restart_required:
  description: Whether the node is to be restarted.
  returned: success
  type: bool
  sample: true
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
  description: Why nothing was done, as rule, seen and advice.
  returned: when refused
  type: list
  elements: dict
  sample: [{"rule": "R1", "seen": "Node NODEA owns 'CMS1' (a clustered mailbox server).", "advice": "Hand it over."}]
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ['"D:\\media\\sp2\\Setup.com" /mode:upgrade']
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._upgrade import UpgradeCms, UpgradeNode, setup_task

ARGUMENT_SPEC: dict[str, Any] = {
    "action": {"type": "str", "choices": ["upgrade", "upgrade_cms"], "default": "upgrade"},
    "media": {"type": "str", "required": True},
    "release": {"type": "str", "choices": ["sp1", "sp2", "sp3"], "required": True},
    "nodes": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "release": {"type": "str", "required": True},
            "observed_at": {"type": "str", "required": True},
            "os_family": {"type": "str", "default": ""},
        },
    },
    "proof_max_age": {"type": "int", "default": 900},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "domain_controller": {"type": "str", "default": ""},
    "updates_dir": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 14400},
    "poll": {"type": "float", "default": 5.0},
}
ARGUMENT_RULES: dict[str, Any] = {"required_together": [["username", "password"]]}


def run(task: Task) -> dict[str, Any]:
    """Upgrade the node, or the clustered mailbox server that it owns."""
    act = UpgradeCms if task.params["action"] == "upgrade_cms" else UpgradeNode
    return act(setup_task(task)).run()


def main() -> None:
    module_main(ARGUMENT_SPEC, ARGUMENT_RULES)


if __name__ == "__main__":
    main()
