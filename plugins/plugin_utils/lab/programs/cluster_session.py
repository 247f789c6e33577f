# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""A connection of cluster.exe to a cluster service: whom it reaches, and whom not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from .. import language
from ..errors import ClusterError
from ..world import Cluster, Group, Host, Power, Resource

if TYPE_CHECKING:
    from ..physics import Physics
    from ..process import Process

_T = TypeVar("_T")

ACCESS_DENIED = 5
RPC_UNAVAILABLE = 1722
NOT_REGISTERED = 1753
RESOURCE_NOT_FOUND = 5007
GROUP_NOT_FOUND = 5013
NODE_NOT_FOUND = 5042


@dataclass(frozen=True)
class Session:
    """An open cluster. via is the node whose cluster service answers."""

    proc: Process
    cluster: Cluster
    via: Host

    @property
    def physics(self) -> Physics:
        """What happens in the lab."""
        return self.proc.host.world.physics

    @property
    def words(self) -> language.Language:
        """What this cluster.exe speaks."""
        return language.of(self.proc.host)

    def group(self, name: str) -> Group:
        """A group by its name; ClusterError 5013."""
        return _found(self.cluster.group(name), GROUP_NOT_FOUND)

    def node(self, name: str) -> Host:
        """A member by its name; ClusterError 5042."""
        return _found(self.cluster.member(name), NODE_NOT_FOUND)

    def resource(self, name: str) -> tuple[Resource, Group]:
        """A resource and the group that holds it; ClusterError 5007."""
        pairs = ((r, g) for g in self.cluster.groups for r in g.resources)
        return _found(next((p for p in pairs if p[0].name.lower() == name.lower()), None), RESOURCE_NOT_FOUND)

    def wait(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait up to lab seconds; ClusterError when they ran out or the cluster service went away."""

        def look() -> bool:
            with self.proc.host.world.lock:
                if not self.physics.cluster_running(self.via):
                    raise ClusterError(RPC_UNAVAILABLE)
                return condition()

        if not self.proc.wait_until(look, seconds):
            raise ClusterError(self.words.knobs.cluster_wait_code)


def connect(proc: Process, name: str | None) -> Session:
    """Open the cluster of that name (or of the node of that name); without one, the local cluster."""
    with proc.host.world.lock:
        via = _local(proc.host) if name in (None, "", ".") else _remote(proc, str(name))
        if via.cluster is None:
            raise ClusterError(NOT_REGISTERED)
        return Session(proc, via.cluster, via)


def refuse_second_hop(proc: Process, target: Host) -> None:
    """ClusterError 5 where another computer is asked by somebody who has no credentials to go on with."""
    # transport.md 7: a WinRM login is a network logon.
    hop = target is not proc.host and not proc.logon.can_go_on
    if hop and proc.host.world.language.knobs.cluster_network_logon == "denied":
        raise ClusterError(ACCESS_DENIED)


def _local(host: Host) -> Host:
    if not host.world.physics.cluster_running(host):
        raise ClusterError(NOT_REGISTERED)
    return host


def _remote(proc: Process, name: str) -> Host:
    world = proc.host.world
    cluster, node = world.clusters.get(name.lower()), world.hosts.get(name.lower())
    via = holder_of_name(cluster) if cluster else node
    if via is None or via.power is not Power.ON or not _same_family(proc.host, via):
        raise ClusterError(RPC_UNAVAILABLE)
    if not world.physics.cluster_running(via):
        raise ClusterError(RPC_UNAVAILABLE if cluster else NOT_REGISTERED)
    refuse_second_hop(proc, via)
    return via


def holder_of_name(cluster: Cluster) -> Host | None:
    """The node that owns the cluster's own network name."""
    core = next((g for g in cluster.groups if g.kind == "core"), None)
    return cluster.member(core.owner) if core else None


def _same_family(here: Host, there: Host) -> bool:
    """exchange.md 8, T4: no remote administration across 2003/XP (5.x) and 2008 (6.x)."""
    return here.windows.version.partition(".")[0] == there.windows.version.partition(".")[0]


def _found(thing: _T | None, code: int) -> _T:
    if thing is None:
        raise ClusterError(code)
    return thing
