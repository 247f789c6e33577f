#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_group
short_description: Move a cluster group, or bring it online or offline
version_added: 1.0.0
description:
  - Moves a group of a Windows Server 2003 or 2008 cluster to a node and brings it online or offline with
    C(cluster.exe), then watches until owner and state are what was asked for. C(cluster.exe) reports success as soon as
    the ownership has changed, which says nothing about the state.
  - A group that holds a clustered mailbox server is refused. Moving one with the cluster's own tools leaves its
    databases dismounted; use M(mailops.exchange2007.clustered_mailbox_server).
options:
  name:
    description: Name of the group.
    type: str
    required: true
  owner:
    description: Node that is to own the group.
    type: str
  state:
    description: State that the group is to have. Without it a moved group keeps its state.
    type: str
    choices: [online, offline]
  cluster:
    description: Name of another cluster of the same Windows version. The default is the node's own.
    type: str
    default: ""
  timeout:
    description: Seconds that each change may take.
    type: int
    default: 300
  poll:
    description: Seconds between two looks at the group.
    type: float
    default: 5
  allow_clustered_mailbox_server:
    description: Act on a clustered mailbox server's group all the same. Expect dismounted databases.
    type: bool
    default: false
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: mailops.exchange2007.cluster_info
  - module: mailops.exchange2007.clustered_mailbox_server
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Move the quorum group to the other node
  mailops.exchange2007.cluster_group:
    name: Cluster Group
    owner: NODEB

- name: Have the print group online
  mailops.exchange2007.cluster_group:
    name: Print & Fax (HQ)
    state: online
"""

RETURN = r"""
before:
  description: Owner and state before.
  returned: success
  type: dict
  sample: {"owner": "NODEA", "state": "online"}
after:
  description: Owner and state afterwards, as observed; in check mode as they would be.
  returned: success
  type: dict
  sample: {"owner": "NODEB", "state": "online"}
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ['cluster.exe group "Cluster Group" /move:NODEB /wait:300']
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._cluster import (
    Cluster,
    ClusterExe,
    ClusterGroup,
    GroupState,
    NodeState,
    same,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import refuse
from ansible_collections.mailops.exchange2007.plugins.module_utils._groups import GroupMover, known_group
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import Refused, group_is_cms, settled
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "owner": {"type": "str"},
    "state": {"type": "str", "choices": ["online", "offline"]},
    "cluster": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 300},
    "poll": {"type": "float", "default": 5.0},
    "allow_clustered_mailbox_server": {"type": "bool", "default": False},
}


def run(task: Task) -> dict[str, Any]:
    """Observe, compare, act, observe again."""
    params = task.params
    tool = ClusterExe(task.node, params["cluster"])
    cluster = tool.observe()
    group = known_group(cluster, params["name"])
    to_move = bool(params["owner"]) and not (group.owner and same(group.owner, params["owner"]))
    to_change = bool(params["state"]) and group.state.value != params["state"]
    if not to_move and not to_change:
        return _result(group, group, changed=False)
    refuse(_refusals(cluster, group, params), "Changing the group", f"'{group.name}'")
    if task.check_mode:
        return _would(tool, group, params, to_move=to_move, to_change=to_change)
    mover = GroupMover(task, tool, Limit(params["timeout"], params["poll"]))
    after = mover.move(group, params["owner"].upper()) if to_move else group
    if params["state"] and after.state.value != params["state"]:
        after = mover.set_state(after, GroupState(params["state"]))
    return _result(group, after, changed=True)


def _refusals(cluster: Cluster, group: ClusterGroup, params: dict[str, Any]) -> list[Refused]:
    refused = []
    if not group.owner or not settled(group.state):
        seen = f"The group is {group.state.value}, its owner is {group.owner or 'unknown'}."
        refused.append(Refused("R9", seen, "Wait until it has settled, then run again."))
    if not params["allow_clustered_mailbox_server"] and group_is_cms(cluster, group.name) is not False:
        seen = "The group holds, or may hold, a clustered mailbox server, which cluster.exe must not touch."
        refused.append(Refused("R1", seen, "Use the module clustered_mailbox_server."))
    return refused + (_target_refusals(cluster, params["owner"]) if params["owner"] else [])


def _target_refusals(cluster: Cluster, owner: str) -> list[Refused]:
    node = cluster.node(owner)
    if node is None:
        known = ", ".join(n.name for n in cluster.nodes)
        return [Refused("input", f"There is no node {owner!r}.", f"The cluster has {known}.")]
    if node.state is not NodeState.UP:
        return [Refused("R2", f"Node {node.name} is {node.state.value}.", "Bring it up or resume it first.")]
    return []


def _would(
    tool: ClusterExe, group: ClusterGroup, params: dict[str, Any], *, to_move: bool, to_change: bool
) -> dict[str, Any]:
    owner = params["owner"].upper() if to_move else group.owner
    after = ClusterGroup(group.name, owner, GroupState(params["state"]) if to_change else group.state)
    options = [f"/move:{owner}"] if to_move else []
    options += [f"/{params['state']}"] if to_change else []
    commands = [tool.group_line(group.name, option, params["timeout"]) for option in options]
    return {**_result(group, after, changed=True), "commands": commands}


def _result(before: ClusterGroup, after: ClusterGroup, *, changed: bool) -> dict[str, Any]:
    def shown(group: ClusterGroup) -> dict[str, Any]:
        return {"owner": group.owner, "state": group.state.value}

    return {"changed": changed, "before": shown(before), "after": shown(after)}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
