#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_node
short_description: Pause or resume a node of a Windows server cluster
version_added: 1.0.0
description:
  - Pauses or resumes a node with C(cluster.exe) and watches until its state is what was asked for. A paused node keeps
    what it owns, takes nothing new, and stays paused across its own restart.
options:
  name:
    description: Name of the node.
    type: str
    required: true
  state:
    description: State that it is to have. A node that is down or joining is refused.
    type: str
    choices: [up, paused]
    required: true
  cluster:
    description:
      - Name of another cluster of the same Windows version. The default is the node's own.
      - Another one is asked over the network, by C(cluster.exe /cluster) and by C(wmic /node). An NTLM or certificate
        login can't go on to a third computer; CredSSP, or Kerberos with delegation, can.
      - Where only owners can be read, states are V(unknown), and what is unknown is not changed.
    type: str
    default: ""
  timeout:
    description: Seconds that the change may take.
    type: int
    default: 60
  poll:
    description: Seconds between two looks.
    type: float
    default: 2
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: mailops.exchange2007.cluster_info
  - module: mailops.exchange2007.cluster_group
  - module: mailops.exchange2007.node_reboot
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Resume a node that somebody paused
  mailops.exchange2007.cluster_node:
    name: MBX2B
    state: up
"""

RETURN = r"""
before:
  description: The node before.
  returned: success
  type: dict
  sample: {"state": "paused"}
  contains: &node
    state:
      description: V(up) or V(paused); every other state is refused.
      type: str
      sample: paused
after:
  description: The node as observed afterwards; in check mode as it would be.
  returned: success
  type: dict
  sample: {"state": "up"}
  contains: *node
refusals:
  description: Why nothing was done.
  returned: when refused
  type: list
  elements: dict
  sample:
    - rule: R2
      seen: Node MBX2B is down.
      advice: Start its Cluster service or bring it up, then run again.
  contains:
    rule:
      description: The rule, V(R1) to V(R10) of the README, or V(input).
      type: str
      sample: R2
    seen:
      description: What was seen.
      type: str
      sample: Node MBX2B is down.
    advice:
      description: What to do next.
      type: str
      sample: Start its Cluster service or bring it up, then run again.
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ['cluster.exe node "MBX2B" /resume']
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._cluster import (
    Cluster,
    ClusterExe,
    ClusterNode,
    NodeState,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, native_failure, refuse
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import Refused, because
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit, wait_for

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["up", "paused"], "required": True},
    "cluster": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 60},
    "poll": {"type": "float", "default": 2.0},
}
_OPTION = {NodeState.UP: "/resume", NodeState.PAUSED: "/pause"}


def run(task: Task) -> dict[str, Any]:
    """Observe, compare, act, observe again."""
    tool = ClusterExe(task.node, task.params["cluster"])
    cluster = tool.observe_members()
    before = _known(cluster, task.params["name"])
    wanted = NodeState(task.params["state"])
    if before.state is wanted:
        return _result(before.state, wanted, changed=False)
    if before.state not in _OPTION:
        rule = "R9" if before.state is NodeState.UNKNOWN else "R2"
        advice = "Start its Cluster service or bring it up, then run again."
        seen = f"Node {before.name} is {before.state.value}{because(cluster) if rule == 'R9' else ''}."
        refuse([Refused(rule, seen, advice)], f"Making it {wanted.value}", before.name)
    line = tool.node_line(before.name, _OPTION[wanted])
    if task.check_mode:
        return {**_result(before.state, wanted, changed=True), "commands": [line]}
    return _result(before.state, _act(task, tool, line, before.name, wanted), changed=True)


def _known(cluster: Cluster, name: str) -> ClusterNode:
    node = cluster.node(name)
    if node is None:
        known = ", ".join(n.name for n in cluster.nodes)
        raise Failure("Looking for the cluster node", repr(name), f"there is no such node; there are {known}.", "")
    return node


def _act(task: Task, tool: ClusterExe, line: str, name: str, wanted: NodeState) -> NodeState:
    doing = "Pausing the node" if wanted is NodeState.PAUSED else "Resuming the node"
    result = tool.act(line, task.params["timeout"])
    if result.rc != 0:
        raise native_failure(doing, name, result)
    seen = wait_for(
        task.clock,
        Limit(task.params["timeout"], task.params["poll"]),
        lambda: _known(tool.observe(), name),
        lambda node: node.state is wanted,
        doing=doing,
        target=name,
        describe=lambda node: node.state.value,
        advice="Look at the node in Cluster Administrator.",
    )
    return seen.state


def _result(before: NodeState, after: NodeState, *, changed: bool) -> dict[str, Any]:
    return {"changed": changed, "before": {"state": before.value}, "after": {"state": after.value}}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
