# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Clustered mailbox servers the Exchange way: start, stop, move, upgrade; their state as the cmdlets see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import CmdletError
from .groups import DATABASE, is_exchange
from .world import Group, GroupState, Host, MailboxServer, NodeState, Resource, ResourceState, StorageGroupCopy, Version

if TYPE_CHECKING:
    from .copies import Copies
    from .groups import Groups
    from .process import Process
    from .settings import Durations, Knobs
    from .world import World

_RUNNING = (GroupState.ONLINE, GroupState.PARTIALLY_ONLINE)


class MailboxServers:
    """What the ClusteredMailboxServer cmdlets and Setup /upgradecms do. Callers hold the world's lock."""

    def __init__(self, world: World, groups: Groups, copies: Copies, durations: Durations, knobs: Knobs) -> None:
        self._world = world
        self._groups = groups
        self._copies = copies
        self._durations = durations
        self._knobs = knobs

    def state(self, cms: MailboxServer) -> GroupState:
        """What Get-ClusteredMailboxServerStatus says: dismounted databases do not count (exchange.md 6.3)."""
        servers = [r for r in cms.group.resources if r.type != DATABASE]
        return Group(cms.group.name, cms.group.kind, cms.group.owner, servers).state()

    def failed_resources(self, cms: MailboxServer) -> list[str]:
        """Names of the failed resources of a CMS."""
        return [r.name for r in cms.group.resources if r.state is ResourceState.FAILED]

    def start(self, cms: MailboxServer, proc: Process | None) -> None:
        """Start-ClusteredMailboxServer: returns at once, the state follows."""
        self._formed(cms)
        state = self.state(cms)
        if state is GroupState.PENDING:
            raise _refused(cms, "is changing its state", "ServerPending")
        if state is GroupState.ONLINE:
            raise _refused(cms, "is already online", "ServerOnline")
        cms.group.wanted = True
        self._effect(cms, "start", proc)
        self._groups.bring_online(cms.group, self._durations.cms_start)

    def stop(self, cms: MailboxServer, reason: str, proc: Process | None) -> None:
        """Stop-ClusteredMailboxServer: the CMS stays stopped until it is started, across restarts too."""
        self._formed(cms)
        if self.state(cms) not in _RUNNING:
            raise _refused(cms, "is not online or partially online", "ServerNotOnline")
        cms.group.wanted = False
        self._effect(cms, f"stop: {reason}", proc)
        self._groups.take_offline(cms.group, self._durations.cms_stop)

    def validate_move(self, cms: MailboxServer, target: str, ignore_dismounted: bool = False) -> Host:
        """Move-ClusteredMailboxServer -ValidateOnly; raises CmdletError, else the target."""
        self._formed(cms)
        host = cms.cluster.member(target)
        if host is None:
            raise CmdletError(f"The machine '{target}' is not a member of the cluster.", "TargetNotInCluster")
        if not any(name.lower() == host.name.lower() for name in cms.redundant_machines):
            raise _refused(cms, f"cannot run on '{host.name}': it is not a redundant machine", "TargetNotRedundant")
        if self._groups.state_of(cms.cluster, host.name) is not NodeState.UP:
            raise CmdletError(f"The machine '{host.name}' is not up.", "TargetNotUp")
        for other in cms.cluster.mailbox_servers:
            if other.group.owner == host.name:
                raise CmdletError(f"The machine '{host.name}' already runs '{other.name}'.", "TargetHostsServer")
        self._validate_state(cms, ignore_dismounted)
        return host

    def move(
        self, cms: MailboxServer, target: str, comment: str, proc: Process | None, ignore_dismounted: bool = False
    ) -> None:
        """Move-ClusteredMailboxServer: an online server comes back online there, an offline one stays offline."""
        host = self.validate_move(cms, target, ignore_dismounted)
        self._effect(cms, f"move to {host.name}: {comment}", proc)
        self._groups.relocate(cms.group, host, self._durations.cms_move, proc)

    def upgrade(self, cms: MailboxServer, version: Version, proc: Process | None) -> None:
        """The end of Setup /upgradecms: the object in the directory has the new version."""
        cms.version = version
        self._effect(cms, "upgraded to " + ".".join(map(str, version)), proc)
        if self._knobs.upgrade_cms_starts:
            cms.group.wanted = True
            self._groups.bring_online(cms.group, self._durations.cms_start)

    def set_mounted(self, cms: MailboxServer, copy: StorageGroupCopy, mounted: bool, proc: Process | None) -> None:
        """Mount-Database and Dismount-Database."""
        if self.state(cms) not in _RUNNING:
            raise _refused(cms, "is not online", "ServerNotOnline")
        copy.mounted = mounted
        for resource in cms.group.resources:
            if resource.type == DATABASE and f"/{copy.database} (" in resource.name:
                resource.state = ResourceState.ONLINE if mounted else ResourceState.OFFLINE
        self._effect(cms, f"{'mount' if mounted else 'dismount'} {copy.name}\\{copy.database}", proc)
        self._world.truth.observe(cms.cluster)

    def fail(self, cms: MailboxServer, proc: Process | None) -> None:
        """A service of Exchange ended under a running CMS: its resources fail."""
        failing = [r for r in cms.group.resources if is_exchange(r)]
        for resource in failing:
            resource.state = ResourceState.FAILED
        for copy in cms.storage_groups:
            copy.mounted = False
        self._effect(cms, "failed", proc)
        self._world.truth.observe(cms.cluster)

    def _validate_state(self, cms: MailboxServer, ignore_dismounted: bool) -> None:
        state = self.state(cms)
        if state is GroupState.PENDING:
            raise _refused(cms, "is changing its state", "ServerPending")
        if cms.kind != "ccr" or state not in _RUNNING:
            return
        bad = [c for c in self._copies.status(cms) if c.status != "Healthy" and (c.mounted or not ignore_dismounted)]
        if bad:
            raise CmdletError(f"The copy of storage group '{bad[0].name}' is {bad[0].status}.", "CopyNotHealthy")

    def _formed(self, cms: MailboxServer) -> None:
        states = cms.cluster.node_states.values()
        if not any(s in (NodeState.UP, NodeState.PAUSED) for s in states):
            raise CmdletError(f"The cluster of '{cms.name}' cannot be reached.", "ClusterNotFormed")

    def _effect(self, cms: MailboxServer, what: str, proc: Process | None) -> None:
        owner = cms.cluster.member(cms.group.owner)
        self._world.truth.effect(owner, "cms", what, cms.name, proc)


def resources_of(
    cms: str, storage_groups: list[StorageGroupCopy], kind: str, disks: tuple[str, ...] = ()
) -> list[Resource]:
    """The resources of a CMS: its shared disks (SCC) and what Exchange Setup makes."""
    found = [Resource(f"IP Address ({cms})", "IP Address"), Resource(f"Network Name ({cms})", "Network Name")]
    if kind == "scc":
        found += [Resource(disk, "Physical Disk") for disk in disks or (f"Physical Disk ({cms})",)]
    found.append(Resource(f"Exchange System Attendant Instance ({cms})", "Microsoft Exchange System Attendant"))
    found.append(Resource(f"Exchange Information Store Instance ({cms})", "Microsoft Exchange Information Store"))
    return found + [Resource(f"{sg.name}/{sg.database} ({cms})", DATABASE) for sg in storage_groups]


def _refused(cms: MailboxServer, why: str, identifier: str) -> CmdletError:
    return CmdletError(f"The clustered mailbox server '{cms.name}' {why}.", identifier)
