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
    databases dismounted; use M(mailops.exchange2007.clustered_mailbox_server). See
    O(allow_clustered_mailbox_server).
  - A node that another run has marked in the cluster's database, because it is about to take it out of service, gets no
    group; that is refused while that run lives. Nobody is kept waiting longer than 45 seconds by the mark of a run that
    died. Marks are not read of another O(cluster).
options:
  name:
    description: Name of the group.
    type: str
    required: true
  owner:
    description: Node that is to own the group.
    type: str
  other_owners:
    description:
      - Nodes to try, in this order, where the cluster says that O(owner) is no possible owner of the group's resources.
      - A group that one of them owns already is left there.
    type: list
    elements: str
    default: []
  state:
    description: State that the group is to have. Without it a group that O(owner) moves keeps its state.
    type: str
    choices: [online, offline]
  cluster:
    description:
      - Name of another cluster of the same Windows version. The default is the node's own.
      - Another one is asked over the network, by C(cluster.exe /cluster) and by C(wmic /node). An NTLM or certificate
        login can't go on to a third computer; CredSSP, or Kerberos with delegation, can.
      - Where only owners can be read, states are V(unknown), and what is unknown is not changed.
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
  - module: mailops.exchange2007.cluster_node
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Move the quorum group to the other node
  mailops.exchange2007.cluster_group:
    name: Cluster Group
    owner: MBX1A

- name: Have the print group online
  mailops.exchange2007.cluster_group:
    name: Print & Fax (HQ)
    state: online
"""

RETURN = r"""
before:
  description: The group before.
  returned: success
  type: dict
  sample: {"owner": "MBX1B", "state": "online"}
  contains: &group
    owner:
      description: Node that owns it; null where that could not be read.
      type: str
      sample: MBX1B
    state:
      description: V(online), V(offline), V(failed), V(partially_online), V(pending) or V(unknown).
      type: str
      sample: online
after:
  description: The group as observed afterwards; in check mode as it would be.
  returned: success
  type: dict
  sample: {"owner": "MBX1A", "state": "online"}
  contains: *group
refusals:
  description: Why nothing was done.
  returned: when refused
  type: list
  elements: dict
  sample:
    - rule: R1
      seen: The group holds, or may hold, a clustered mailbox server, which cluster.exe must not touch.
      advice: Use the module clustered_mailbox_server.
  contains:
    rule:
      description: The rule, V(R1) to V(R10) of the README, or V(input).
      type: str
      sample: R1
    seen:
      description: What was seen.
      type: str
      sample: The group holds, or may hold, a clustered mailbox server, which cluster.exe must not touch.
    advice:
      description: What to do next.
      type: str
      sample: Use the module clustered_mailbox_server.
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ['cluster.exe group "Cluster Group" /move:MBX1A /wait:300']
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
from ansible_collections.mailops.exchange2007.plugins.module_utils._notice import current_marks, wait_for_mark
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import Refused, because, group_is_cms, settled
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "owner": {"type": "str"},
    "other_owners": {"type": "list", "elements": "str", "default": []},
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
    cluster = tool.observe_members()
    group = known_group(cluster, params["name"])
    owners = [params["owner"], *params["other_owners"]] if params["owner"] else []
    if _to_move(group, owners) and not params["cluster"]:
        marks = current_marks(task) or {}
        owners = [owners[0], *(owner for owner in owners[1:] if owner.upper() not in marks)]
        if _marked(task, group, owners[0].upper(), marks):  # what was seen before the wait is old
            cluster = tool.observe_members()
            group = known_group(cluster, params["name"])
    to_move = _to_move(group, owners)
    to_change = bool(params["state"]) and group.state.value != params["state"]
    if not to_move and not to_change:
        return _result(group, group, changed=False)
    refuse(_refusals(cluster, group, params), "Changing the group", f"'{group.name}'")
    if task.check_mode:
        return _would(tool, group, params, to_move=to_move, to_change=to_change)
    mover = GroupMover(task, tool, Limit(params["timeout"], params["poll"], eager=True))
    after = mover.move(group, *_targets(cluster, owners)) if to_move else group
    if params["state"] and after.state.value != params["state"]:
        after = mover.set_state(after, GroupState(params["state"]))
    return _result(group, after, changed=True)


def _to_move(group: ClusterGroup, owners: list[str]) -> bool:
    return bool(owners) and not any(group.owner and same(group.owner, owner) for owner in owners)


def _marked(task: Task, group: ClusterGroup, owner: str, marks: dict[str, str]) -> bool:
    """Whether a run that died has marked the owner, which takes time to see; raises Refusal for one that lives."""
    if owner not in marks:
        return False
    refuse(wait_for_mark(task, owner, marks[owner]), f"Moving the group to {owner}", f"'{group.name}'")
    return True


def _targets(cluster: Cluster, owners: list[str]) -> tuple[str, list[str]]:
    """The owner, and those of the other ones that are up."""
    up = {node.name.casefold() for node in cluster.nodes if node.state is NodeState.UP}
    return owners[0].upper(), [name.upper() for name in owners[1:] if name.casefold() in up]


def _refusals(cluster: Cluster, group: ClusterGroup, params: dict[str, Any]) -> list[Refused]:
    refused = []
    if not group.owner or not settled(group.state):
        seen = f"The group is {group.state.value}, its owner is {group.owner or 'unknown'}{because(cluster)}."
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
