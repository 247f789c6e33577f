# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What cluster.exe lists, one function a listing. Callers hold the world's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..world import Cluster, Group, Host, NodeState, PropertyPlace, Resource
from . import cluster_properties
from . import cluster_tables as tables
from .cluster_line import Request
from .cluster_session import Session

Listing = Callable[[Session, Request], str]
Property = tuple[str, str, int | str | bytes]  # type letters, name, value

_QUORUM_TYPES = {
    "shared_disk": "Physical Disk",
    "majority": "Majority Node Set",
    "majority_witness": "Majority Node Set",
}


def node_table(session: Session, request: Request) -> str:
    """One node, or all."""
    hosts = [session.node(request.name)] if request.name else session.cluster.members
    rows = [_node_row(session, host, request.name) for host in hosts]
    return tables.NODES.text(session.words, rows)


def group_table(session: Session, request: Request) -> str:
    """One group, or all, or those of one node."""
    groups = [session.group(request.name)] if request.name else session.cluster.groups
    rows = [
        (request.name or group.name, group.owner, tables.group_word(session.words, group))
        for group in groups
        if group.owner in _owners(session, request)
    ]
    return tables.GROUPS.text(session.words, rows)


def resource_table(session: Session, request: Request) -> str:
    """One resource, or all, or those of one node."""
    everything = ((r, g) for g in session.cluster.groups for r in g.resources)
    pairs = [session.resource(request.name)] if request.name else everything
    rows = [
        (request.name or resource.name, group.name, group.owner, tables.resource_word(session.words, resource))
        for resource, group in pairs
        if group.owner in _owners(session, request)
    ]
    return tables.RESOURCES.text(session.words, rows)


def _status(one: str, everything: str, table: Listing) -> Listing:
    """A heading, a blank line, the table."""

    def listing(session: Session, request: Request) -> str:
        body = table(session, request)
        heading = session.words.text(one if request.name else everything, name=request.name)
        return f"{heading}\n\n{body}"

    return listing


def _preferred_owners(session: Session, request: Request) -> str:
    group = session.group(request.required_name())
    heading = session.words.text("Listing preferred owners for resource group '{name}':", name=request.name)
    rows = [[owner] for owner in group.preferred_owners]
    return f"\n{heading}\n\n{tables.PREFERRED_OWNERS.text(session.words, rows)}"


def _possible_owners(session: Session, request: Request) -> str:
    _resource, group = session.resource(request.required_name())
    heading = session.words.text("Listing possible owners for resource '{name}':", name=request.name)
    rows = [[owner] for owner in group.possible_owners or [host.name for host in session.cluster.members]]
    # No blank line before these titles (windows-cli.md 1.2).
    return f"\n{heading}\n{tables.POSSIBLE_OWNERS.text(session.words, rows)}"


def _node_properties(session: Session, request: Request) -> str:
    hosts = [session.node(request.name)] if request.name else session.cluster.members
    objects = [
        (host.name, [("SR", "NodeName", host.name), *_settable(session.cluster, "node", host.name)]) for host in hosts
    ]
    return _properties(session, request, "Node", objects)


def _group_properties(session: Session, request: Request) -> str:
    groups = [session.group(request.name)] if request.name else session.cluster.groups
    objects = [(group.name, _of_group(session.cluster, group)) for group in groups]
    return _properties(session, request, "Resource Group", objects)


def _resource_properties(session: Session, request: Request) -> str:
    everything = [(r, g) for g in session.cluster.groups for r in g.resources]
    pairs = [session.resource(request.name)] if request.name else everything
    objects = [(resource.name, _of_resource(session.cluster, resource, group)) for resource, group in pairs]
    return _properties(session, request, "Resource", objects)


def _cluster_properties(session: Session, request: Request) -> str:
    return _properties(session, request, "Cluster", [(session.cluster.name, _of_cluster(session.cluster))])


def _private(title: str, kind: str) -> Listing:
    """The private properties that somebody set; of one object, or of all of its kind."""

    def listing(session: Session, request: Request) -> str:
        cluster = session.cluster
        names = {
            "node": [host.name for host in cluster.members],
            "group": [group.name for group in cluster.groups],
            "resource": [resource.name for group in cluster.groups for resource in group.resources],
            "cluster": [""],
        }[kind]
        wanted = cluster_properties.place_of(session, request).name if request.name else None
        objects = [
            (name or cluster.name, _of(cluster, PropertyPlace(kind, name.lower(), True)))
            for name in names
            if wanted in (None, name.lower())
        ]
        return _properties(session, request, title, objects)

    return listing


def _of(cluster: Cluster, place: PropertyPlace) -> list[Property]:
    """assumption: every string of a list has a row of its own."""
    rows: list[Property] = []
    for value in cluster.properties.get(place, {}).values():
        letter = cluster_properties.LETTERS.get(value.type, "S")
        items = value.data if isinstance(value.data, list) else [value.data]
        rows += [(letter, value.name, item) for item in items]
    return rows


def _settable(cluster: Cluster, kind: str, name: str) -> list[Property]:
    """The common properties that can be set."""
    found = cluster.properties.get(PropertyPlace(kind, name.lower(), False), {})
    rows: list[Property] = []
    for known, default in cluster_properties.COMMON[kind]:
        value = found[known.lower()].data if known.lower() in found else default
        rows.append(("D" if isinstance(default, int) else "S", known, value if isinstance(value, int) else str(value)))
    return rows


def _properties(
    session: Session, request: Request, title: str, objects: Iterable[tuple[str, Iterable[Property]]]
) -> str:
    sentence = (
        "Listing private properties for '{name}':"
        if request.verb.word == "privproperties"
        else ("Listing properties for '{name}':")
    )
    heading = session.words.text(sentence, name=request.name or session.cluster.name)
    rows = [
        (letters, request.name or name, property_name, _value(value))
        for name, properties in objects
        for letters, property_name, value in properties
    ]
    return f"{heading}\n\n{tables.properties(title).text(session.words, rows)}"


def _version(session: Session, _request: Request) -> str:
    windows = session.via.windows
    release = f"{windows.version} ({windows.service_pack})"
    sentence = "Cluster Name: {name}\nCluster Version: {release}\n"
    return session.words.text(sentence, name=session.cluster.name, release=release)


def _clusters(session: Session, _request: Request) -> str:
    here = session.proc.host
    names = [c.name for c in here.world.clusters.values() if any(m.domain == here.domain for m in c.members)]
    return tables.CLUSTERS.text(session.words, [[name] for name in names])


def _quorum(session: Session, _request: Request) -> str:
    wanted = _QUORUM_TYPES[session.cluster.quorum]
    found = [r.name for g in session.cluster.groups if g.kind == "core" for r in g.resources if r.type == wanted]
    return tables.QUORUM.text(session.words, [(name, "", "4096") for name in found[:1]])


def _node_row(session: Session, host: Host, typed: str | None) -> tuple[str, str, str]:
    cluster = session.cluster
    state = cluster.node_states.get(host.name, NodeState.DOWN)
    number = cluster.members.index(host) + 1
    return typed or host.name, str(number), tables.node_word(session.words, state)


def _owners(session: Session, request: Request) -> list[str]:
    """The owners that /node: asks for; all of them, and none, without it."""
    option = request.option("node")
    if option and option.value:
        return [session.node(option.value).name]
    return [group.owner for group in session.cluster.groups]


def _of_group(cluster: Cluster, group: Group) -> list[Property]:
    # PersistentState is the wanted state, not the present one (windows-cli.md 2.4).
    return [
        ("SR", "Name", group.name),
        ("D", "PersistentState", int(group.wanted)),
        *_settable(cluster, "group", group.name),
    ]


def _of_resource(cluster: Cluster, resource: Resource, group: Group) -> list[Property]:
    return [
        ("SR", "Name", resource.name),
        ("SR", "Type", resource.type),
        ("D", "PersistentState", int(group.wanted)),
        *_settable(cluster, "resource", resource.name),
    ]


def _of_cluster(cluster: Cluster) -> list[Property]:
    return [("SR", "Name", cluster.name), *_settable(cluster, "cluster", "")]


def _value(value: int | str | bytes) -> str:
    if isinstance(value, bytes):
        return f"{value.hex(' ').upper()} ({len(value)} bytes)"
    return f"{value} (0x{value:x})" if isinstance(value, int) else value


NODE: dict[str, Listing] = {
    "status": _status("Listing status for node '{name}':", "Listing status for all available nodes:", node_table),
    "properties": _node_properties,
    "privproperties": _private("Node", "node"),
}
GROUP: dict[str, Listing] = {
    "status": _status(
        "Listing status for resource group '{name}':", "Listing status for all available resource groups:", group_table
    ),
    "listowners": _preferred_owners,
    "properties": _group_properties,
    "privproperties": _private("Resource Group", "group"),
}
RESOURCE: dict[str, Listing] = {
    "status": _status(
        "Listing status for resource '{name}':", "Listing status for all available resources:", resource_table
    ),
    "listowners": _possible_owners,
    "properties": _resource_properties,
    "privproperties": _private("Resource", "resource"),
}
CLUSTER: dict[str, Listing] = {
    "version": _version,
    "list": _clusters,
    "quorumresource": _quorum,
    "properties": _cluster_properties,
    "privproperties": _private("Cluster", "cluster"),
}
PICTURED = frozenset((node_table, group_table, *(known["status"] for known in (NODE, GROUP, RESOURCE))))
"""Those that tell nothing but what Cluster.picture() holds."""
