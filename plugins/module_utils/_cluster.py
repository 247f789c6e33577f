# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Server clusters: what cluster.exe and the MSCluster WMI provider say, and what cluster.exe can be told.

Owners come from node names, states from MSCluster's numbers alone: cluster.exe's words for them are another in every
language, so a state without a number is unknown (sources.md: cluster-listings, cluster-trust).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache, partial
from typing import Any, TypeVar

from . import _cmdline as cmdline
from ._errors import Failure
from ._node import Node, Result
from ._numbers import whole_number
from ._wmic import query, table


class NodeState(Enum):
    """MSCluster_Node.State."""

    UP = "up"
    DOWN = "down"
    PAUSED = "paused"
    JOINING = "joining"
    UNKNOWN = "unknown"


class GroupState(Enum):
    """MSCluster_ResourceGroup.State."""

    ONLINE = "online"
    OFFLINE = "offline"
    FAILED = "failed"
    PARTIALLY_ONLINE = "partially_online"
    PENDING = "pending"
    UNKNOWN = "unknown"


class ResourceState(Enum):
    """MSCluster_Resource.State."""

    INHERITED = "inherited"
    INITIALIZING = "initializing"
    ONLINE = "online"
    OFFLINE = "offline"
    FAILED = "failed"
    PENDING = "pending"
    ONLINE_PENDING = "online_pending"
    OFFLINE_PENDING = "offline_pending"
    UNKNOWN = "unknown"


NODE_NUMBERS = {0: NodeState.UP, 1: NodeState.DOWN, 2: NodeState.PAUSED, 3: NodeState.JOINING}
GROUP_NUMBERS = {
    0: GroupState.ONLINE,
    1: GroupState.OFFLINE,
    2: GroupState.FAILED,
    3: GroupState.PARTIALLY_ONLINE,
    4: GroupState.PENDING,
}
RESOURCE_NUMBERS = {
    0: ResourceState.INHERITED,
    1: ResourceState.INITIALIZING,
    2: ResourceState.ONLINE,
    3: ResourceState.OFFLINE,
    4: ResourceState.FAILED,
    128: ResourceState.PENDING,
    129: ResourceState.ONLINE_PENDING,
    130: ResourceState.OFFLINE_PENDING,
}
_State = TypeVar("_State", NodeState, GroupState, ResourceState)


@dataclass(frozen=True)
class ClusterNode:
    """name in upper case as the cluster gives it, id as in `cluster node` (0: not known)."""

    name: str
    id: int
    state: NodeState


@dataclass(frozen=True)
class ClusterGroup:
    """owner is a node's name, or None where nobody could be made out."""

    name: str
    owner: str | None
    state: GroupState


@dataclass(frozen=True)
class ClusterResource:
    """group and owner are None where they could not be made out; type is '' where WMI did not tell."""

    name: str
    group: str | None
    owner: str | None
    state: ResourceState
    type: str = ""


@dataclass(frozen=True)
class Cluster:
    """One reading of a cluster. running: whether the Cluster service runs on the node that was asked."""

    name: str
    nodes: tuple[ClusterNode, ...]
    groups: tuple[ClusterGroup, ...]
    resources: tuple[ClusterResource, ...] = ()
    reasons: tuple[str, ...] = ()

    def group(self, name: str) -> ClusterGroup | None:
        return next((g for g in self.groups if same(g.name, name)), None)

    def node(self, name: str) -> ClusterNode | None:
        return next((n for n in self.nodes if same(n.name, name)), None)

    def owned_by(self, node: str) -> list[ClusterGroup]:
        return [g for g in self.groups if g.owner is not None and same(g.owner, node)]

    def mates(self, node: str) -> list[ClusterNode]:
        return [n for n in self.nodes if not same(n.name, node)]

    def exchange_groups(self) -> list[str]:
        """Groups that hold a resource of an Exchange type: clustered mailbox servers."""
        names = {r.group for r in self.resources if r.group and r.type.lower().startswith("microsoft exchange")}
        return sorted(names)

    def as_dict(self) -> dict[str, Any]:
        """The public form: `cluster` of cluster_info."""
        return {
            "name": self.name,
            "nodes": [{"name": n.name, "id": n.id, "state": n.state.value} for n in self.nodes],
            "groups": [{"name": g.name, "owner": g.owner, "state": g.state.value} for g in self.groups],
            "resources": [
                {"name": r.name, "group": r.group, "owner": r.owner, "state": r.state.value, "type": r.type}
                for r in self.resources
            ],
            "unknown_because": list(self.reasons),
        }


def same(one: str, other: str) -> bool:
    """Names of nodes, groups and servers are compared without case."""
    return one.casefold() == other.casefold()


class ClusterExe:
    """cluster.exe on one node. cluster: another cluster's name, '' for the node's own."""

    def __init__(self, node: Node, cluster: str = "") -> None:
        self._node = node
        self._prefix = ["cluster.exe", f"/cluster:{cluster}"] if cluster else ["cluster.exe"]
        self._cluster = cluster

    def observe(self) -> Cluster:
        """Read members, groups and resources in one round trip; what can't be made out is unknown."""
        lines = self.lines()
        return parse_cluster(self._node.read_all(lines, again=True), self._cluster)

    def observe_members(self) -> Cluster:
        """The same; raises Failure where cluster.exe lists no node at all."""
        seen = self.observe()
        if not seen.nodes:
            advice = "Check that the node is a cluster member and that its Cluster service (ClusSvc) runs."
            if self._cluster:
                advice = "Check the name, and that the login goes on to other computers (CredSSP, Kerberos delegation)."
            said = f"cluster.exe listed no node ({'; '.join(seen.reasons) or 'no output'})."
            raise Failure("Reading the cluster", self._cluster or self._node.name, said, advice)
        return seen

    def lines(self) -> list[str]:
        """The command lines of one reading, for parse_cluster."""
        tables = [cmdline.command_line([*self._prefix, what]) for what in ("node", "group", "res")]
        ask = partial(query, cluster=self._cluster)
        return [
            *tables,
            ask("MSCluster_Cluster", "Name") if self._cluster else r"reg query HKLM\Cluster /v ClusterName",
            ask("MSCluster_Node", "Name", "State"),
            ask("MSCluster_ResourceGroup", "Name", "State"),
            ask("MSCluster_NodeToActiveGroup", "GroupComponent", "PartComponent"),
            ask("MSCluster_Resource", "Name", "State", "Type"),
        ]

    def group_line(self, group: str, option: str, wait: int) -> str:
        """The line that moves a group (`/move:NODE`) or changes its state (`/online`, `/offline`); wait in seconds."""
        # /wait without a number waits for ever, no /wait only 20 seconds (sources.md: cluster-wait)
        return f"{cmdline.command_line(self._prefix)} group {cmdline.name(group)} {option} /wait:{wait}"

    def node_line(self, name: str, option: str) -> str:
        """The line that pauses or resumes a node (`/pause`, `/resume`)."""
        return f"{cmdline.command_line(self._prefix)} node {cmdline.name(name)} {option}"

    def act(self, line: str, wait: int) -> Result:
        """Run one of the lines above. Exit code 0 says nothing about the state afterwards: observe again."""
        return self._node.act_line(line, timeout=wait + 60)


# --- reading -------------------------------------------------------------------------------------------------------


def parse_cluster(results: Sequence[Result], asked: str = "") -> Cluster:
    """Put the outputs of ClusterExe.lines() together."""
    return _parsed(tuple(results), asked)


@lru_cache(maxsize=64)
def _parsed(results: tuple[Result, ...], asked: str) -> Cluster:
    """Whoever waits for a cluster reads the same answers again and again."""
    nodes = node_rows(results[0].stdout)
    names = [node.name for node in nodes]
    groups = group_rows(results[1].stdout, names)
    resources = resource_rows(results[2].stdout, names, [g.name for g in groups])
    read = Cluster(_name(results[3], asked), tuple(nodes), tuple(groups), tuple(resources))
    reasons = [
        f"{what}: exit code {result.rc}"
        for what, result in zip(("cluster node", "cluster group", "cluster res"), results, strict=False)
        if result.rc != 0
    ]
    if asked and not _same_members(nodes, results[4]):
        # Two services looked the name up: only the same nodes tell that they mean the same cluster.
        more = [f"MSCluster at {asked}: no answer, or one for other nodes"]
    else:
        read, more = _with_wmi(read, results)
    return replace(read, reasons=(*reasons, *more))


def _name(result: Result, asked: str) -> str:
    """The cluster's own name: of another cluster from MSCluster, where asked may be one of its nodes."""
    if asked:
        rows = table(result.stdout, ("Name",))
        return rows[0]["Name"] if len(rows) == 1 else asked
    found = re.search(r"\sClusterName\s+REG_SZ\s+(\S+)", result.stdout)
    return found.group(1) if found else ""


def _same_members(nodes: Iterable[ClusterNode], result: Result) -> bool:
    told = set(_numbers(result, NODE_NUMBERS, NodeState.UNKNOWN))
    return bool(told) and told == {n.name.casefold() for n in nodes}


def _with_wmi(read: Cluster, results: Sequence[Result]) -> tuple[Cluster, list[str]]:
    """Overlay MSCluster's numbers and owners; says what WMI did not tell."""
    node_states = _numbers(results[4], NODE_NUMBERS, NodeState.UNKNOWN)
    group_states = _numbers(results[5], GROUP_NUMBERS, GroupState.UNKNOWN)
    owners = _owners(results[6])
    answers = {"nodes": node_states, "groups": group_states, "owners": owners, "resources": _resource_table(results[7])}
    reasons = [f"MSCluster {what}: no answer" for what, seen in answers.items() if not seen]
    nodes = tuple(
        replace(n, state=node_states[n.name.casefold()][1]) if n.name.casefold() in node_states else n
        for n in read.nodes
    )
    groups = _overlay_groups(read.groups, group_states, owners)
    resources = _overlay_resources(read.resources, results[7])
    return replace(read, nodes=nodes, groups=groups, resources=resources), reasons


def _overlay_groups(
    groups: Iterable[ClusterGroup], states: dict[str, tuple[str, GroupState]], owners: dict[str, str]
) -> tuple[ClusterGroup, ...]:
    known = {g.name.casefold(): g for g in groups}
    if states:
        # A row without a node can be misread (a group may be called like one): the provider knows the names.
        known = {key: known.get(key, ClusterGroup(name, None, state)) for key, (name, state) in states.items()}
    return tuple(_overlay(group, states.get(key), owners.get(key)) for key, group in known.items())


def _overlay(group: ClusterGroup, seen: tuple[str, GroupState] | None, owner: str | None) -> ClusterGroup:
    if owner and group.owner and not same(owner, group.owner):
        # Two readings that disagree mean that the group is on its way: nobody owns it for certain.
        return replace(group, owner=None, state=GroupState.UNKNOWN)
    return replace(group, owner=owner or group.owner, state=seen[1] if seen else group.state)


def _overlay_resources(resources: Iterable[ClusterResource], result: Result) -> tuple[ClusterResource, ...]:
    rows = {row["Name"].casefold(): row for row in _resource_table(result)}
    return tuple(_overlay_resource(resource, rows.get(resource.name.casefold())) for resource in resources)


def _resource_table(result: Result) -> list[dict[str, str]]:
    return table(result.stdout, ("Name", "State", "Type"))


def _overlay_resource(resource: ClusterResource, row: dict[str, str] | None) -> ClusterResource:
    if row is None:
        return resource
    state = _number(row.get("State", ""), RESOURCE_NUMBERS, ResourceState.UNKNOWN) or resource.state
    return replace(resource, state=state, type=row.get("Type", ""))


def _numbers(result: Result, meanings: dict[int, _State], unknown: _State) -> dict[str, tuple[str, _State]]:
    """Name without case -> (name, state)."""
    found: dict[str, tuple[str, _State]] = {}
    for row in table(result.stdout, ("Name", "State")):
        state = _number(row.get("State", ""), meanings, unknown)
        if state is not None and row.get("Name"):
            found[row["Name"].casefold()] = (row["Name"], state)
    return found


def _number(text: str, meanings: dict[int, _State], unknown: _State) -> _State | None:
    """None: no number. A number without meaning, such as 4294967295 for -1, is the provider's word for unknown."""
    number = whole_number(text)
    return None if number is None else meanings.get(number, unknown)


_NODE_REFERENCE = re.compile(r'MSCluster_Node\.Name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_GROUP_REFERENCE = re.compile(r'MSCluster_ResourceGroup\.Name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


def _owners(result: Result) -> dict[str, str]:
    """Group name without case -> owning node, from MSCluster_NodeToActiveGroup (sources.md: mscluster)."""
    owners = {}
    for line in map(_unescaped, re.split(r"[\r\n]+", result.stdout)):
        node, group = _NODE_REFERENCE.search(line), _GROUP_REFERENCE.search(line)
        if node and group:
            owners[re.sub(r"\\(.)", r"\1", group.group(1)).casefold()] = node.group(1).upper()
    return owners


def _unescaped(line: str) -> str:
    """Some outputs have &quot; and &amp; in their references; plain ones may hold a group called 'Print &copy'."""
    return html.unescape(line) if ".Name=&quot;" in line else line


_RULER = re.compile(r"^-{4,}(\s+-{2,})*\s*$")
_NODE_ROW = re.compile(r"^(\S+)\s+([0-9]{1,10})\s+(\S.*?)\s*$")


def _rows(text: str) -> list[str]:
    """The lines below the ruler of dashes; none where there is no ruler (then it is an error text)."""
    lines = [line.rstrip() for line in re.split(r"\r*\n", text)]
    ruler = next((i for i, line in enumerate(lines) if _RULER.match(line)), None)
    return [] if ruler is None else [line for line in lines[ruler + 1 :] if line.strip()]


def node_rows(text: str) -> list[ClusterNode]:
    """Rows of `cluster node`."""
    matches = [_NODE_ROW.match(row) for row in _rows(text)]
    return [ClusterNode(m.group(1).upper(), int(m.group(2)), NodeState.UNKNOWN) for m in matches if m]


_NODE_WIDTH = 15  # columns of the node's name, where the ruler does not tell


def _node_width(text: str) -> int:
    """Columns that the table gives to the node's name: the last dashes but one of its ruler."""
    ruler = next((line for line in re.split(r"\r*\n", text) if _RULER.match(line)), "")
    dashes = ruler.split()
    return len(dashes[-2]) if len(dashes) > 2 else _NODE_WIDTH


def _node_column(row: str, nodes: Iterable[str], width: int) -> tuple[str, str | None] | None:
    """Split a row at the last known node name: (left, node); None for a row without one.

    Names overflow their columns, so positions say nothing; but behind a node's name there are never more blanks than
    its column is wide. Behind more of them stands no owner: the row's own name ends like a node's.
    """
    alternatives = "|".join(re.escape(name) for name in nodes)
    if not alternatives:
        return None
    pattern = rf"^(?P<left>.*)\s(?P<node>{alternatives})(?P<gap>\s+)\S.*?\s*$"
    match = re.match(pattern, row, re.IGNORECASE)
    if match is None:
        return None
    left, node, gap = match.group("left", "node", "gap")
    if len(gap) > width:
        return f"{left} {node}".strip(), None
    return left.strip(), node.upper()


def group_rows(text: str, nodes: Iterable[str]) -> list[ClusterGroup]:
    """Rows of `cluster group`. A row without a known node has no owner; its name ends at the run of blanks."""
    names, width = list(nodes), _node_width(text)
    groups = []
    for row in _rows(text):
        unowned = re.match(r"^(\S.*?)\s{2,}\S", row)
        parts = _node_column(row, names, width) or ((unowned.group(1), None) if unowned else None)
        if parts:
            groups.append(ClusterGroup(parts[0], parts[1], GroupState.UNKNOWN))
    return groups


def resource_rows(text: str, nodes: Iterable[str], groups: Iterable[str]) -> list[ClusterResource]:
    """Rows of `cluster res`: split at a known node or an empty column, then at a known group name, longest first."""
    names, width = list(nodes), _node_width(text)
    by_length = sorted(groups, key=len, reverse=True)
    resources = []
    for row in _rows(text):
        parts = _node_column(row, names, width) or _without_node(row, width)
        if not parts:
            continue
        left, node = parts
        group = next((g for g in by_length if left.casefold().endswith(" " + g.casefold())), None)
        name = left[: -len(group)].strip() if group else left
        resources.append(ClusterResource(name, group, node, ResourceState.UNKNOWN))
    return resources


def _without_node(row: str, width: int) -> tuple[str, None] | None:
    """Split a row at the empty column of the node: its blanks and one on either side."""
    match = re.match(rf"^(\S(?:.*\S)?)\s{{{width + 2},}}\S.*?\s*$", row)
    return (match.group(1), None) if match else None
