# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The classes of root\\MSCluster (windows-cli.md 2.1). Callers hold the world's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..world import Cluster, Group, Host, NodeState, Resource
from .wmi_classes import Instance, Source

if TYPE_CHECKING:
    from .wql import Condition


def _resource_group(cluster: Cluster) -> Iterator[Instance]:
    for group in cluster.groups:
        yield {"Caption": group.name, "Name": group.name, "State": group.state().value}


def _node(cluster: Cluster) -> Iterator[Instance]:
    for host in cluster.members:
        state = cluster.node_states.get(host.name, NodeState.DOWN)
        yield {"Caption": host.name, "Name": host.name, "State": state.value}


def _resource(cluster: Cluster) -> Iterator[Instance]:
    for resource, _group in _resources(cluster):
        row: Instance = {"Caption": resource.name, "Name": resource.name}
        yield row | {"State": resource.state.value, "Type": resource.type}


def _cluster(cluster: Cluster) -> Iterator[Instance]:
    yield {"Caption": cluster.name, "Name": cluster.name}


def _resources(cluster: Cluster) -> list[tuple[Resource, Group]]:
    return [(resource, group) for group in cluster.groups for resource in group.resources]


# Associations: the names of both ends, (class, object name). Seen in public scripts: windows-cli.md 2.1.
_End = tuple[str, str]
_Pairs = Callable[[Cluster], Iterable[tuple[_End, _End]]]


def _node_to_active_group(cluster: Cluster) -> Iterator[tuple[_End, _End]]:
    return ((("Node", g.owner), ("ResourceGroup", g.name)) for g in cluster.groups if g.owner)


def _node_to_active_resource(cluster: Cluster) -> Iterator[tuple[_End, _End]]:
    return ((("Node", g.owner), ("Resource", r.name)) for r, g in _resources(cluster) if g.owner)


def _group_to_resource(cluster: Cluster) -> Iterator[tuple[_End, _End]]:
    return ((("ResourceGroup", g.name), ("Resource", r.name)) for r, g in _resources(cluster))


def _group_to_preferred_node(cluster: Cluster) -> Iterator[tuple[_End, _End]]:
    return ((("ResourceGroup", g.name), ("Node", n)) for g in cluster.groups for n in g.preferred_owners)


def _of_cluster(instances: Callable[[Cluster], Iterable[Instance]]) -> Source:
    """Nothing while the cluster service is down (windows-cli.md 2.1)."""

    def source(host: Host, _condition: Condition | None) -> Iterable[Instance]:
        running = host.cluster is not None and host.world.physics.cluster_running(host)
        empty = host.world.language.knobs.wmic_mscluster == "empty"
        return instances(host.cluster) if host.cluster and running and not empty else ()

    return source


def _association(pairs: _Pairs) -> Source:
    def source(host: Host, condition: Condition | None) -> Iterable[Instance]:
        def instances(cluster: Cluster) -> Iterator[Instance]:
            for whole, part in pairs(cluster):
                yield {"GroupComponent": _reference(host, whole), "PartComponent": _reference(host, part)}

        return _of_cluster(instances)(host, condition)

    return source


def _reference(host: Host, end: _End) -> str:
    name = end[1].replace("\\", "\\\\").replace('"', '\\"')
    text = f'\\\\{host.name}\\root\\MSCluster:MSCluster_{end[0]}.Name="{name}"'
    if host.world.language.knobs.wmic_entities:
        return text.replace("&", "&amp;").replace('"', "&quot;")
    return text


CLASSES: dict[str, Source] = {
    "mscluster_resourcegroup": _of_cluster(_resource_group),
    "mscluster_node": _of_cluster(_node),
    "mscluster_resource": _of_cluster(_resource),
    "mscluster_cluster": _of_cluster(_cluster),
    "mscluster_nodetoactivegroup": _association(_node_to_active_group),
    "mscluster_nodetoactiveresource": _association(_node_to_active_resource),
    "mscluster_resourcegrouptoresource": _association(_group_to_resource),
    "mscluster_resourcegrouptopreferrednode": _association(_group_to_preferred_node),
}
"""Class of root\\MSCluster in lower case -> where its instances come from."""
