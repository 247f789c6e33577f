# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Resource groups: online, offline, move, fail over. What cluster.exe asks for and what happens by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .errors import ClusterError
from .invariants import release
from .world import Cluster, Group, GroupState, Host, MailboxServer, NodeState, Resource, ResourceState

if TYPE_CHECKING:
    from .copies import Copies
    from .process import Process
    from .settings import Durations
    from .timers import Key, Timers
    from .world import World

SHARING_PAUSED = 70
NODE_NOT_AVAILABLE = 5036
NODE_NOT_FOUND = 5042
NODE_DOWN = 5050
NODE_PAUSED = 5070
NOT_POSSIBLE_OWNER = 5016
INVALID_STATE = 5023

DATABASE = "Microsoft Exchange Database Instance"
STORE_SERVICES = ("msexchangeis", "msexchangesa")
_QUORUM_TYPES = ("Majority Node Set", "File Share Witness")
_UP = (NodeState.UP, NodeState.PAUSED)


def is_exchange(resource: Resource) -> bool:
    """Whether a resource is one of Exchange's own."""
    return resource.type.startswith("Microsoft Exchange")


def fits(cms: MailboxServer, host: Host) -> bool:
    """Whether the program files of a node can run a CMS: complete, and of the same release."""
    return host.bits is not None and host.bits.complete and release(host.bits.version) == release(cms.version)


class Groups:
    """The groups of every cluster. Callers hold the world's lock."""

    def __init__(self, world: World, timers: Timers, copies: Copies, durations: Durations) -> None:
        self._world = world
        self._timers = timers
        self._copies = copies
        self._durations = durations

    def cluster_of(self, group: Group) -> Cluster:
        """The cluster that a group belongs to."""
        return next(c for c in self._world.clusters.values() if any(g is group for g in c.groups))

    def cms_of(self, group: Group) -> MailboxServer | None:
        """The clustered mailbox server whose group this is."""
        return next((m for m in self.cluster_of(group).mailbox_servers if m.group is group), None)

    def state_of(self, cluster: Cluster, name: str) -> NodeState:
        """A node's state as the cluster knows it."""
        return cluster.node_states.get(name, NodeState.DOWN)

    def begin_move(self, group: Group, target: str | None, proc: Process | None) -> None:
        """cluster.exe group /move: refuses with a ClusterError, else returns at once."""
        cluster = self.cluster_of(group)
        self._refuse_pending(group)
        host = self._target(cluster, group, target)
        self._world.truth.invariants.cluster_tool_on(group, "/move")
        if host.name == group.owner:
            return
        cms = self.cms_of(group)
        # clustertools in exchange.md 6.5: the replication service of a CCR node learns of the move too late to mount.
        mount = cms is None or cms.kind != "ccr"
        self.relocate(group, host, self._durations.group_move, proc, mount=mount)

    def begin_online(self, group: Group, proc: Process | None) -> None:
        """cluster.exe group /online."""
        cluster = self.cluster_of(group)
        self._refuse_pending(group)
        if self.state_of(cluster, group.owner) is NodeState.PAUSED and group.state() is not GroupState.ONLINE:
            raise ClusterError(SHARING_PAUSED)
        self._world.truth.invariants.cluster_tool_on(group, "/online")
        if group.wanted and group.state() is GroupState.ONLINE:
            return
        group.wanted = True
        self.effect(group, "online", proc)
        self.bring_online(group, self._durations.group_online)

    def begin_offline(self, group: Group, proc: Process | None) -> None:
        """cluster.exe group /offline."""
        self._refuse_pending(group)
        self._world.truth.invariants.cluster_tool_on(group, "/offline")
        if not group.wanted and group.state() is GroupState.OFFLINE:
            return
        group.wanted = False
        self.effect(group, "offline", proc)
        self.take_offline(group, self._durations.group_offline)

    def relocate(self, group: Group, target: Host, seconds: float, proc: Process | None, mount: bool = True) -> None:
        """Bring a group to another node and back to its former state there."""
        cms = self.cms_of(group)
        if cms is not None and proc is not None:
            self._world.truth.invariants.before_move(cms, target)
        self.effect(group, f"move {group.owner} -> {target.name}", proc)
        was_up = group.state() not in (GroupState.OFFLINE, GroupState.FAILED) or (
            group.wanted and group.state() is GroupState.FAILED
        )
        self._set(group, ResourceState.OFFLINE_PENDING, _up(group))

        def arrive() -> None:
            if self.state_of(self.cluster_of(group), target.name) is NodeState.UP:
                self._own(group, target)
            if was_up:
                self.bring_online(group, seconds / 2, mount)
            else:
                self._set(group, ResourceState.OFFLINE, group.resources)

        self._timers.later(self._key(group), seconds / 2 if was_up else 1.0, arrive)

    def bring_online(self, group: Group, seconds: float, mount: bool = True) -> None:
        """Start every resource on the owner; how it ends shows after lab seconds."""
        self._set(group, ResourceState.ONLINE_PENDING, (r for r in group.resources if r.state is not _ONLINE))
        self._timers.later(self._key(group), seconds, lambda: self._settle(group, mount))

    def take_offline(self, group: Group, seconds: float, then: Callable[[], None] | None = None) -> None:
        """Stop every resource; the quorum resource stays."""
        stopping = [r for r in group.resources if r.type not in _QUORUM_TYPES]
        self._set(group, ResourceState.OFFLINE_PENDING, [r for r in stopping if r.state in _RUNNING])

        def stopped() -> None:
            self._mounted(group, False)
            self._set(group, ResourceState.OFFLINE, stopping)
            if then:
                then()

        self._timers.later(self._key(group), seconds, stopped)

    def fail_over(self, group: Group, proc: Process | None, delay: float = 0.0) -> None:
        """The owner is gone: go down, and start on the best node that is left, if any."""
        cms = self.cms_of(group)
        # An unplanned loss of the active node: an incomplete copy must not be mounted.
        mount = cms is None or cms.kind != "ccr" or proc is not None or self._copies.healthy(cms)
        self.drop(group)
        target = self.best(group)
        if target is None:
            return
        if cms is not None and proc is not None:
            self._world.truth.invariants.before_move(cms, target)
        self.effect(group, f"failover {group.owner} -> {target.name}", None)

        def arrive() -> None:
            if self.state_of(self.cluster_of(group), target.name) is not NodeState.UP:
                self.fail_over(group, proc)
                return
            self._own(group, target)
            if group.wanted:
                self.bring_online(group, self._durations.cms_move / 2 if cms else self._durations.group_move / 2, mount)

        self._timers.later(self._key(group), delay, arrive)

    def drop(self, group: Group) -> None:
        """Everything of a group stops at once."""
        self._timers.cancel(self._key(group))
        self._mounted(group, False)
        self._set(group, ResourceState.OFFLINE, group.resources)

    def revive(self, cluster: Cluster, host: Host) -> None:
        """A node came up or was resumed: groups that should be online and have no home start."""
        up = self.state_of(cluster, host.name) is NodeState.UP
        for group in cluster.groups:
            if self._timers.pending(self._key(group)):
                continue
            homeless = group.wanted and group.state() is GroupState.OFFLINE
            owner = self.state_of(cluster, group.owner)
            if (owner not in _UP or (owner is NodeState.PAUSED and up and homeless)) and _has_room(
                cluster, group, host
            ):
                self._own(group, host)
            if homeless and up and group.owner == host.name and group.resources:
                cms = group.kind == "cms"
                self.bring_online(group, self._durations.cms_start if cms else self._durations.group_online)

    def best(self, group: Group) -> Host | None:
        """Where the cluster would bring a group by itself: a preferred owner, else the next node that may."""
        cluster = self.cluster_of(group)
        names = [*group.preferred_owners, *(m.name for m in cluster.members)]
        hosts = (cluster.member(name) for name in names if name.lower() != group.owner.lower())
        return next((h for h in hosts if h is not None and self._may_host(cluster, group, h)), None)

    def effect(self, group: Group, what: str, proc: Process | None) -> None:
        """Note what happens to a group."""
        owner = self.cluster_of(group).member(group.owner)
        self._world.truth.effect(owner, "group", what, group.name, proc)

    def _settle(self, group: Group, mount: bool) -> None:
        """What comes of the attempt to start a group on its owner."""
        cluster, cms = self.cluster_of(group), self.cms_of(group)
        owner = cluster.member(group.owner)
        # exchange.md 2.5: a node runs one CMS. assumption: cluster.exe may bring a second one, which does not start.
        failed = cms is not None and (owner is None or not fits(cms, owner) or _runs_another(cluster, group))
        self._mounted(group, mount and not failed)
        for resource in group.resources:
            resource.state = self._result(cms, resource, failed)
        self.effect(group, group.state().name.lower(), None)
        self.changed(cluster)

    def _result(self, cms: MailboxServer | None, resource: Resource, failed: bool) -> ResourceState:
        if cms is None or not is_exchange(resource):
            return ResourceState.ONLINE
        if failed:
            return ResourceState.FAILED
        down = any(f"/{copy.database} (" in resource.name and not copy.mounted for copy in cms.storage_groups)
        return ResourceState.OFFLINE if resource.type == DATABASE and down else ResourceState.ONLINE

    def _mounted(self, group: Group, mounted: bool) -> None:
        cms = self.cms_of(group)
        for copy in cms.storage_groups if cms else ():
            copy.mounted = mounted

    def _own(self, group: Group, target: Host) -> None:
        if group.owner == target.name:
            return
        group.owner = target.name
        self.effect(group, f"owner {target.name}", None)
        cms = self.cms_of(group)
        if cms is not None and cms.kind == "ccr":
            self._copies.disturb(cms)

    def _set(self, group: Group, state: ResourceState, resources: Iterable[Resource]) -> None:
        for resource in list(resources):
            resource.state = state
        self.changed(self.cluster_of(group))

    def changed(self, cluster: Cluster) -> None:
        """Something of a cluster changed: services, copies and outages follow."""
        for cms in cluster.mailbox_servers:
            self._copies.refresh(cms)
        _follow(cluster)
        self._world.truth.observe(cluster)

    def _target(self, cluster: Cluster, group: Group, name: str | None) -> Host:
        if name is None:
            best = self.best(group)
            if best is None:
                raise ClusterError(NODE_NOT_AVAILABLE)
            return best
        host = cluster.member(name)
        if host is None:
            raise ClusterError(NODE_NOT_FOUND)
        state = self.state_of(cluster, host.name)
        if host.name != group.owner and state is not NodeState.UP:
            raise ClusterError(NODE_PAUSED if state is NodeState.PAUSED else NODE_DOWN)
        if group.possible_owners and not _named(host.name, group.possible_owners):
            raise ClusterError(NOT_POSSIBLE_OWNER)
        return host

    def _may_host(self, cluster: Cluster, group: Group, host: Host) -> bool:
        return self.state_of(cluster, host.name) is NodeState.UP and _has_room(cluster, group, host)

    def _refuse_pending(self, group: Group) -> None:
        if group.state() is GroupState.PENDING:
            raise ClusterError(INVALID_STATE)

    def _key(self, group: Group) -> Key:
        return ("group", self.cluster_of(group).name, group.name)


_ONLINE = ResourceState.ONLINE
_RUNNING = (ResourceState.ONLINE, ResourceState.ONLINE_PENDING, ResourceState.FAILED)


def _follow(cluster: Cluster) -> None:
    """The store's services run where the cluster runs their resources."""
    running = {
        c.group.owner
        for c in cluster.mailbox_servers
        if any(is_exchange(r) and r.state is ResourceState.ONLINE for r in c.group.resources)
    }
    for host in cluster.members:
        for name in STORE_SERVICES:
            if name in host.services:
                host.services[name].state = "running" if host.name in running else "stopped"


def _up(group: Group) -> list[Resource]:
    return [r for r in group.resources if r.state in _RUNNING]


def _has_room(cluster: Cluster, group: Group, host: Host) -> bool:
    """A node is a possible owner, and never runs two clustered mailbox servers."""
    if group.possible_owners and not _named(host.name, group.possible_owners):
        return False
    servers = [g for g in cluster.groups if g is not group and g.kind == "cms" and g.owner == host.name]
    return group.kind != "cms" or not servers


def _runs_another(cluster: Cluster, group: Group) -> bool:
    """Whether Exchange of another CMS runs on the owner of this one's group."""
    others = (g for g in cluster.groups if g is not group and g.kind == "cms" and g.owner == group.owner)
    return any(is_exchange(r) and r.state is _ONLINE for g in others for r in g.resources)


def _named(name: str, names: Iterable[str]) -> bool:
    return name.lower() in {n.lower() for n in names}
