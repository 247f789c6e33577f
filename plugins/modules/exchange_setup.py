#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_setup
short_description: Run Exchange 2007 Setup on a cluster node, to upgrade it, its mailbox server or the directory
version_added: 1.0.0
description:
  - Runs C(Setup.com) with C(/mode:upgrade), C(/upgradecms), C(/PrepareSchema) or C(/PrepareAD) from service pack media
    as a detached job, that is a scheduled task with the account's password, and waits for its end. A run that was
    interrupted is joined; Setup is never started twice.
  - Success is exit code 0, no failure sentence, the media's version read back from the registry (or the directory), and
    no Watermark or Action mark left. Nothing less.
  - The preparation of the directory is one for the whole forest. It is done from any node on which no Setup runs, in
    the domain and site of the schema master, by an account in Schema Admins and Enterprise Admins; it needs no proof
    in O(nodes) and takes nothing out of service. What it changes in the forest can't be taken back.
  - The module refuses by itself what would harm the cluster, whatever order a playbook has. Each refusal names a rule,
    what was seen and what to do next; see RV(refusals).
options:
  action:
    description:
      - V(upgrade) upgrades the program files of the node.
      - V(upgrade_cms) upgrades the clustered mailbox server that the node owns and that is stopped.
        M(mailops.exchange2007.cms_handover) does this as part of the whole handover.
      - V(prepare_schema) extends the schema of the forest to that of the release, unless its C(rangeUpper) is there
        already.
      - V(prepare_ad) prepares the Exchange organisation and the domain too, unless its C(objectVersion) is there
        already. Where the schema is not extended, Setup does that along with it.
      - Where the directory can't be read, both are refused; so is a release older than what the directory has.
    type: str
    choices: [upgrade, upgrade_cms, prepare_schema, prepare_ad]
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
  username:
    description: Account that Setup runs as, V(DOMAIN\\user). The default is the account of the connection.
    type: str
  password:
    description: Password of O(username).
    type: str
  domain_controller:
    description:
      - Domain controller that Setup is to use, NetBIOS or fully qualified name. The preparations are read back from it.
    type: str
    default: ""
  updates_dir:
    description: Local folder with update packages that Setup is to install along. Only with O(action=upgrade).
    type: str
    default: ""
  answer_file:
    description:
      - Local file on the node with further settings for Setup (C(/AnswerFile)), such as C(NoSelfSignedCertificates).
        Only with O(action=upgrade).
    type: str
    default: ""
  enable_error_reporting:
    description: Whether Setup may send error reports to Microsoft. Only with O(action=upgrade).
    type: bool
    default: false
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
  - mailops.exchange2007.proof
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
- name: Extend the schema, as somebody who may
  mailops.exchange2007.exchange_setup:
    action: prepare_schema
    media: D:\media\sp2
    release: sp2
    username: CONTOSO\schema-admin
    password: "{{ vault_schema_admin_password }}"

- name: Read the other node
  mailops.exchange2007.exchange_info:
  delegate_to: mbx1a
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
  description:
    - Version before, of the node or of the clustered mailbox server. For O(action=prepare_schema) and
      O(action=prepare_ad) that of the directory instead.
  returned: success
  type: dict
  sample: {"version": "8.1.240.6"}
  contains: &seen
    version:
      description: The version; null where that could not be read.
      returned: with O(action=upgrade) and O(action=upgrade_cms)
      type: str
      sample: 8.1.240.6
    schema_version:
      description: The schema's C(rangeUpper).
      returned: with O(action=prepare_schema) and O(action=prepare_ad)
      type: int
      sample: 14622
    schema_release:
      description: The release that it belongs to.
      returned: with O(action=prepare_schema) and O(action=prepare_ad)
      type: str
      sample: sp2
    organization_version:
      description: The organisation's C(objectVersion).
      returned: with O(action=prepare_schema) and O(action=prepare_ad)
      type: int
      sample: 11222
after:
  description: The same as read back afterwards; in check mode that of the media.
  returned: success
  type: dict
  sample: {"version": "8.2.176.2"}
  contains: *seen
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
  contains:
    name:
      description: Name of the step, in the language of Windows.
      type: str
      sample: Copying Exchange files
    result:
      description: Its result as printed; empty where Setup printed none.
      type: str
      sample: COMPLETED
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
  description: Why nothing was done.
  returned: when refused
  type: list
  elements: dict
  sample:
    - rule: R1
      seen: Node MBX1B owns 'Cluster Group'.
      advice: Move it with cluster_group first.
  contains:
    rule:
      description: The rule, V(R1) to V(R10) of the README, or V(input).
      type: str
      sample: R1
    seen:
      description: What was seen.
      type: str
      sample: Node MBX1B owns 'Cluster Group'.
    advice:
      description: What to do next.
      type: str
      sample: Move it with cluster_group first.
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ['"D:\\media\\sp2\\Setup.com" /mode:upgrade']
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._prepare import PrepareDirectory
from ansible_collections.mailops.exchange2007.plugins.module_utils._proof import PROOF_OPTIONS
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup import misplaced
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._upgrade import UpgradeCms, UpgradeNode, setup_task

ARGUMENT_SPEC: dict[str, Any] = {
    "action": {
        "type": "str",
        "choices": ["upgrade", "upgrade_cms", "prepare_schema", "prepare_ad"],
        "default": "upgrade",
    },
    "media": {"type": "str", "required": True},
    "release": {"type": "str", "choices": ["sp1", "sp2", "sp3"], "required": True},
    **PROOF_OPTIONS,
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "domain_controller": {"type": "str", "default": ""},
    "updates_dir": {"type": "str", "default": ""},
    "answer_file": {"type": "str", "default": ""},
    "enable_error_reporting": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 14400},
    "poll": {"type": "float", "default": 5.0},
}
ARGUMENT_RULES: dict[str, Any] = {"required_together": [["username", "password"]]}
_ACTS: dict[str, type[UpgradeNode | UpgradeCms | PrepareDirectory]] = {
    "upgrade": UpgradeNode,
    "upgrade_cms": UpgradeCms,
    "prepare_schema": PrepareDirectory,
    "prepare_ad": PrepareDirectory,
}


def run(task: Task) -> dict[str, Any]:
    """Upgrade the node or the clustered mailbox server that it owns, or prepare the directory."""
    action: str = task.params["action"]
    wrong = misplaced(action, task.params)
    if wrong:
        seen = f"Setup takes {', '.join(wrong)} only with action upgrade."
        raise Refusal("input", f"Running Setup for {action}", task.node.name, seen, "Leave it out.")
    return _ACTS[action](setup_task(task)).run()


def main() -> None:
    module_main(ARGUMENT_SPEC, ARGUMENT_RULES)


if __name__ == "__main__":
    main()
