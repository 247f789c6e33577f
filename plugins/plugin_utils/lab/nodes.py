# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Cluster nodes: join, leave, pause, resume; quorum; what becomes of the groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ClusterError
from .groups import NODE_DOWN, NODE_NOT_FOUND
from .world import Cluster, Host, NodeState, Power

if TYPE_CHECKING:
    from .groups import Groups
    from .process import Process
    from .settings import Durations
    from .timers import Timers
    from .world import World

NODE_NOT_PAUSED = 5058
CLUSTER_SERVICE = "clussvc"
_UP = (NodeState.UP, NodeState.PAUSED)


class Nodes:
    """Membership of every cluster. Callers hold the world's lock."""

    def __init__(self, world: World, timers: Timers, groups: Groups, durations: Durations) -> None:
        self._world = world
        self._timers = timers
        self._groups = groups
        self._durations = durations
        self._barred: set[str] = set()  # host names; their next join never ends

    def keep_out(self, host: Host) -> None:
        """The next join of a node never ends, until its Cluster service is started again."""
        self._barred.add(host.name)

    def running(self, host: Host) -> bool:
        """Whether the Cluster service of a host runs and is a member."""
        return host.cluster is not None and self._groups.state_of(host.cluster, host.name) in _UP

    def pause(self, cluster: Cluster, name: str, proc: Process | None) -> None:
        """cluster.exe node /pause; the node stays paused across a restart."""
        host = self._up(cluster, name)
        if host.name in cluster.paused:
            return
        cluster.paused.add(host.name)
        self._state(host, NodeState.PAUSED, proc)

    def resume(self, cluster: Cluster, name: str, proc: Process | None) -> None:
        """cluster.exe node /resume."""
        host = self._up(cluster, name)
        if host.name not in cluster.paused:
            raise ClusterError(NODE_NOT_PAUSED)
        cluster.paused.discard(host.name)
        self._state(host, NodeState.UP, proc)
        self._groups.revive(cluster, host)

    def join(self, host: Host) -> None:
        """The Cluster service was started: join the others, or form the cluster when there is a quorum."""
        cluster = host.cluster
        if cluster is None:
            return
        self._state(host, NodeState.JOINING, None)
        if host.name in self._barred:
            self._barred.discard(host.name)
            return
        self._timers.later(("node", host.name), self._durations.cluster_join, lambda: self._joined(cluster, host))

    def leave(self, host: Host, proc: Process | None, delay: float = 0.0) -> None:
        """The Cluster service stopped or the node died: its groups fail over or go down.

        proc is the program that did it on purpose; delay is how long the mates need to notice, in lab seconds.
        """
        cluster = host.cluster
        self._timers.cancel(("node", host.name))
        if cluster is None or self._groups.state_of(cluster, host.name) is NodeState.DOWN:
            return
        was_member = self.running(host)
        self._state(host, NodeState.DOWN, proc)
        owned = [g for g in cluster.groups if g.owner == host.name]
        if was_member and (not self._quorum(cluster) or (owned and self._paused_mate(cluster))):
            self._lose(cluster)
            return
        for group in owned:
            self._groups.fail_over(group, proc, delay)

    def _joined(self, cluster: Cluster, host: Host) -> None:
        if not self._quorum(cluster, (*_UP, NodeState.JOINING)):
            self.join(host)  # alone without a quorum: try again for ever
            return
        paused = host.name in cluster.paused
        self._state(host, NodeState.PAUSED if paused else NodeState.UP, None)
        self._groups.revive(cluster, host)

    def _lose(self, cluster: Cluster) -> None:
        """The whole cluster goes down; the Service Control Manager starts ClusSvc again after a while."""
        self._world.truth.effect(None, "node", "cluster lost", cluster.name)
        for mate in cluster.members:
            if self._groups.state_of(cluster, mate.name) is not NodeState.DOWN:
                self._gave_up(mate)
        for group in cluster.groups:
            self._groups.drop(group)

    def _gave_up(self, host: Host) -> None:
        self._state(host, NodeState.DOWN, None)
        service = host.services[CLUSTER_SERVICE]
        service.state = "stopped"

        def again() -> None:
            if host.power is Power.ON and service.state == "stopped":
                service.state = "running"
                self.join(host)

        self._timers.later(("node", host.name), self._durations.service_recovery, again)

    def _state(self, host: Host, state: NodeState, proc: Process | None) -> None:
        if host.cluster is None:
            raise ValueError(f"{host.name} is in no cluster")
        if host.cluster.node_states.get(host.name) is not state:
            host.cluster.node_states[host.name] = state
            self._world.truth.effect(host, "node", state.name.lower(), host.name, proc)
        self._world.physics.publish(host)
        self._groups.changed(host.cluster)

    def _up(self, cluster: Cluster, name: str) -> Host:
        host = cluster.member(name)
        if host is None:
            raise ClusterError(NODE_NOT_FOUND)
        if not self.running(host):
            raise ClusterError(NODE_DOWN)
        return host

    def _paused_mate(self, cluster: Cluster) -> bool:
        # kb822050 in windows-cli.md 1.4: the cluster is lost even when a healthy third node exists.
        return any(self._groups.state_of(cluster, m.name) is NodeState.PAUSED for m in cluster.members)

    def _quorum(self, cluster: Cluster, counting: tuple[NodeState, ...] = _UP) -> bool:
        up = sum(self._groups.state_of(cluster, m.name) in counting for m in cluster.members)
        if cluster.quorum == "shared_disk":
            return up >= 1
        witness = 1 if cluster.quorum == "majority_witness" else 0
        return 2 * (up + witness) > len(cluster.members) + witness
