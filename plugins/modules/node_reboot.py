#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: node_reboot
short_description: Restart a cluster node and wait until it is back in its cluster
version_added: 1.0.0
description:
  - Restarts a node with C(shutdown.exe) and proves the restart by a changed boot time. The restart is over when the
    node answers, its services run and the cluster sees it up, not when WinRM answers.
  - Refuses to restart a node that owns a cluster group, and while another node of the cluster is not up. Restarting
    while a node is paused can take the whole cluster down.
  - A Setup on another node, which the cluster does not show in its first minutes, is seen where O(nodes) is given.
options:
  reason:
    description: Text for the event log.
    type: str
    default: Restart by mailops.exchange2007
  wait_for_services:
    description: Short names of services that must run afterwards. The Cluster service is added on a cluster node.
    type: list
    elements: str
    default: []
  rejoin_cluster:
    description: Whether to wait until the cluster sees the node up.
    type: bool
    default: true
  timeout:
    description: Seconds that everything may take.
    type: int
    default: 1800
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
  idempotent:
    support: none
    details: Every run restarts the node.
seealso:
  - module: mailops.exchange2007.node_wait
  - module: mailops.exchange2007.cluster_group
  - module: ansible.windows.win_reboot
    description: Needs PowerShell 3.0 on the node, and knows nothing of clusters.
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Restart the upgraded node
  mailops.exchange2007.node_reboot:
    reason: Exchange 2007 SP2
    wait_for_services: [MSExchangeRepl]
    timeout: 2400
"""

RETURN = r"""
before:
  description: The node before.
  returned: success
  type: dict
  sample: {"boot_time": "20260301213000.000000+000"}
  contains: &node
    boot_time:
      description: When Windows was started, as WMI writes it; afterwards null in check mode.
      type: str
      sample: "20260301213000.000000+000"
after:
  description: The node afterwards.
  returned: success
  type: dict
  sample: {"boot_time": "20260301220412.000000+000"}
  contains: *node
downtime:
  description: Seconds from the order to restart until everything awaited was seen.
  returned: when restarted
  type: float
  sample: 251.3
refusals:
  description: Why nothing was done.
  returned: when refused
  type: list
  elements: dict
  sample: [{"rule": "R1", "seen": "Node MBX1A owns 'Cluster Group'.", "advice": "Move it first."}]
  contains:
    rule:
      description: The rule, V(R1) to V(R10) of the README, or V(input).
      type: str
      sample: R1
    seen:
      description: What was seen.
      type: str
      sample: "Node MBX1A owns 'Cluster Group'."
    advice:
      description: What to do next.
      type: str
      sample: Move it first.
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ['shutdown /r /f /t 5 /c "Restart by mailops.exchange2007"']
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._proof import PROOF_OPTIONS
from ansible_collections.mailops.exchange2007.plugins.module_utils._restart import Restart
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task

ARGUMENT_SPEC: dict[str, Any] = {
    "reason": {"type": "str", "default": "Restart by mailops.exchange2007"},
    "wait_for_services": {"type": "list", "elements": "str", "default": []},
    "rejoin_cluster": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 1800},
    "poll": {"type": "float", "default": 5.0},
    **PROOF_OPTIONS,
}


def run(task: Task) -> dict[str, Any]:
    """Restart and prove it."""
    return Restart(task).run()


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
