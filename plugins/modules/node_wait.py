#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: node_wait
short_description: Wait until a node answers, its services run or its cluster sees it up
version_added: 1.0.0
description:
  - Takes the place of M(ansible.builtin.wait_for_connection), which needs Python or PowerShell on the node.
options:
  for:
    description:
      - What to wait for. V(answer) is a command that comes back; V(services) are those of O(services); V(membership) is
        the state up in the node's own cluster. The later ones include the earlier ones.
    type: str
    choices: [answer, services, membership]
    default: answer
  services:
    description: Short names of services that must run, with O(for=services) and O(for=membership).
    type: list
    elements: str
    default: [ClusSvc]
  timeout:
    description: Seconds to wait at most.
    type: int
    default: 600
  poll:
    description: Seconds between two looks.
    type: float
    default: 5
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
    details: Waits in check mode as well, since it changes nothing.
  diff_mode:
    support: none
    details: Nothing is changed.
seealso:
  - module: mailops.exchange2007.node_reboot
  - module: ansible.builtin.wait_for_connection
    description: Needs PowerShell 3.0 or Python on the node.
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Wait until the node is back in its cluster
  mailops.exchange2007.node_wait:
    for: membership
    timeout: 1200
"""

RETURN = r"""
elapsed:
  description: Seconds waited.
  returned: success
  type: float
  sample: 84.2
observation:
  description: What was seen last.
  returned: success
  type: str
  sample: answers, ClusSvc running, up in the cluster
commands:
  description: Always empty; nothing is changed.
  returned: always
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._standing import Standing, StandingReader
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit, wait_for

ARGUMENT_SPEC: dict[str, Any] = {
    "for": {"type": "str", "choices": ["answer", "services", "membership"], "default": "answer"},
    "services": {"type": "list", "elements": "str", "default": ["ClusSvc"]},
    "timeout": {"type": "int", "default": 600},
    "poll": {"type": "float", "default": 5.0},
}


def run(task: Task) -> dict[str, Any]:
    """Look until it is so; raises Failure with the last observation."""
    goal = task.params["for"]
    services = task.params["services"] if goal != "answer" else []
    reader = StandingReader(task.node, services, membership=goal == "membership")
    begun = task.clock.now()
    seen = wait_for(
        task.clock,
        Limit(task.params["timeout"], task.params["poll"]),
        reader.look,
        Standing.complete,
        doing=f"Waiting for {goal}",
        target=task.node.name,
        describe=str,
        advice="Look at the node's console.",
        changed=False,
    )
    return {"changed": False, "elapsed": round(task.clock.now() - begun, 1), "observation": str(seen)}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
