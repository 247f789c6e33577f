#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: storage_group_copy_info
short_description: Read the storage group copies of a clustered mailbox server on CCR
version_added: 1.0.0
description:
  - Reads C(Get-StorageGroupCopyStatus) several times and says whether every copy was healthy each time and the queues
    did not grow. One reading is not enough; RTM may call an idle copy healthy that is not.
options:
  server:
    description: Name of the clustered mailbox server.
    type: str
    required: true
  samples:
    description: How many readings to take.
    type: int
    default: 3
  interval:
    description: Seconds between two of the O(samples).
    type: float
    default: 5
  max_queue:
    description: Logs that a copy may be behind, copied and replayed together.
    type: int
    default: 10
  timeout:
    description:
      - Seconds to wait for healthy copies. A node that was restarted is some minutes behind until it has caught up. 0
        looks once.
    type: int
    default: 0
  poll:
    description: Seconds between two looks while waiting.
    type: float
    default: 10
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is changed.
seealso:
  - module: mailops.exchange2007.cms_handover
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Read the copies three times, and again for five minutes until they have caught up
  mailops.exchange2007.storage_group_copy_info:
    server: MAIL1
    timeout: 300
  register: copies

- name: Stop where they are not healthy
  ansible.builtin.assert:
    that: copies.healthy
    fail_msg: "{{ copies.reasons | join(' ') }}"
"""

RETURN = r"""
copies:
  description: The last reading.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "First Storage Group", "status": "Healthy", "copy_queue": 0, "replay_queue": 0}]
  contains:
    name:
      description: Name of the storage group.
      type: str
      sample: First Storage Group
    status:
      description: Its summary copy status, as Exchange spells it.
      type: str
      sample: Healthy
    copy_queue:
      description: Logs that are still to be copied; null where that could not be read.
      type: int
      sample: 0
    replay_queue:
      description: Logs that are still to be replayed; null where that could not be read.
      type: int
      sample: 0
healthy:
  description: Whether every copy was healthy in every reading, within O(max_queue).
  returned: success
  type: bool
  sample: true
reasons:
  description: Why not; empty with RV(healthy=true).
  returned: success
  type: list
  elements: str
  sample: []
commands:
  description: Always empty; nothing is changed.
  returned: always
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import copy_refusals
from ansible_collections.mailops.exchange2007.plugins.module_utils._servers import read_shell
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task

ARGUMENT_SPEC: dict[str, Any] = {
    "server": {"type": "str", "required": True},
    "samples": {"type": "int", "default": 3},
    "interval": {"type": "float", "default": 5.0},
    "max_queue": {"type": "int", "default": 10},
    "timeout": {"type": "int", "default": 0},
    "poll": {"type": "float", "default": 10.0},
}


def run(task: Task) -> dict[str, Any]:
    """Read the copies; raises Failure with the cmdlet's message, for an unknown server for example."""
    end = task.clock.now() + task.params["timeout"]
    while True:
        last = task.clock.now() >= end
        try:
            seen = _look(task)
        except Failure as failure:
            if last:
                raise
            trouble = failure.seen
        else:
            if seen["healthy"] or last:
                return seen
            trouble = seen["reasons"][0]
        task.progress(f"waiting for the copies: {trouble}")
        task.clock.sleep(task.params["poll"])


def _look(task: Task) -> dict[str, Any]:
    params = task.params
    samples = read_shell(task.node).copies(params["server"], params["samples"], params["interval"])
    reasons = [reason.seen for reason in copy_refusals(params["server"], samples, params["max_queue"])]
    copies = [
        {"name": c.name, "status": c.status, "copy_queue": c.copy_queue, "replay_queue": c.replay_queue}
        for c in (samples[-1] if samples else [])
    ]
    return {"changed": False, "copies": copies, "healthy": not reasons, "reasons": reasons}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
