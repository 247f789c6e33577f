# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What happens in the lab: the one place through which programs change the world.

Each method takes World.lock itself. Orders return at once; state goes pending and settles after lab seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import exchange_registry
from .copies import Copies
from .errors import ClusterError, CmdletError, ServiceError, ShutdownError, Win32Error
from .features import FeatureChanges
from .groups import Groups
from .mailbox import MailboxServers
from .nodes import Nodes
from .power import SESSION_MANAGER, UPDATES, PowerSwitch
from .services import Services
from .settings import Durations, Knobs
from .timers import Timers

if TYPE_CHECKING:
    from .features import Feature
    from .process import Process
    from .registry import Value
    from .world import (
        Cluster,
        Group,
        GroupState,
        Host,
        MailboxServer,
        PropertyPlace,
        StorageGroupCopy,
        Version,
        World,
    )

__all__ = [
    "ClusterError",
    "CmdletError",
    "Durations",
    "Knobs",
    "Physics",
    "ServiceError",
    "ShutdownError",
    "Win32Error",
]


class Physics:
    """The laws. The parts (groups, nodes, mailbox, services, power) expect the lock to be held."""

    def __init__(self, world: World, durations: Durations | None = None, knobs: Knobs | None = None) -> None:
        self._world = world
        self.durations = durations or Durations()
        self.knobs = knobs or Knobs()
        self.timers = Timers(world, self.knobs.jitter)
        self.mail_copies = Copies(world, self.durations)
        self.groups = Groups(world, self.timers, self.mail_copies, self.durations)
        self.nodes = Nodes(world, self.timers, self.groups, self.durations)
        self.services = Services(world, self.timers, self.nodes, self.durations)
        self.power = PowerSwitch(world, self.timers, self.services, self.durations, self.knobs)
        self.features = FeatureChanges(world)
        self.mailbox = MailboxServers(world, self.groups, self.mail_copies, self.durations, self.knobs)

    def cluster_running(self, host: Host) -> bool:
        """Whether the Cluster service of a host runs and is a member of its cluster."""
        with self._world.lock:
            return self.nodes.running(host)

    def begin_move(self, group: Group, target: str | None, proc: Process | None) -> None:
        """cluster.exe group /move, for CMS groups too, with the harm that does; ClusterError."""
        with self._world.lock:
            self.groups.begin_move(group, target, proc)

    def begin_online(self, group: Group, proc: Process | None) -> None:
        """cluster.exe group /online; ClusterError."""
        with self._world.lock:
            self.groups.begin_online(group, proc)

    def begin_offline(self, group: Group, proc: Process | None) -> None:
        """cluster.exe group /offline; ClusterError."""
        with self._world.lock:
            self.groups.begin_offline(group, proc)

    def pause(self, cluster: Cluster, node: str, proc: Process | None) -> None:
        """cluster.exe node /pause; ClusterError."""
        with self._world.lock:
            self.nodes.pause(cluster, node, proc)

    def resume(self, cluster: Cluster, node: str, proc: Process | None) -> None:
        """cluster.exe node /resume; ClusterError."""
        with self._world.lock:
            self.nodes.resume(cluster, node, proc)

    def fail_over(self, host: Host, group: str | None = None) -> None:
        """By itself, a group of a host (all when None) goes to another node."""
        with self._world.lock:
            for candidate in host.cluster.groups if host.cluster else ():
                if candidate.owner == host.name and group in (None, candidate.name):
                    self.groups.fail_over(candidate, None)

    def stop_service(self, host: Host, name: str, proc: Process | None) -> None:
        """sc stop: returns while the service is stop_pending; ServiceError."""
        with self._world.lock:
            self.services.stop(host, name, proc)

    def start_service(self, host: Host, name: str, proc: Process | None) -> None:
        """sc start: returns while the service is start_pending; ServiceError."""
        with self._world.lock:
            self.services.start(host, name, proc)

    def configure_service(self, host: Host, name: str, start: str, proc: Process | None) -> None:
        """sc config start= auto, demand or disabled; ServiceError."""
        with self._world.lock:
            self.services.configure(host, name, start, proc)

    def shutdown(self, host: Host, restart: bool, delay: float, proc: Process | None) -> None:
        """Shut down after a delay in lab seconds; ShutdownError while one is under way."""
        with self._world.lock:
            self.power.shutdown(host, restart, delay, proc)

    def abort_shutdown(self, host: Host, proc: Process | None) -> None:
        """Cancel a countdown; ShutdownError."""
        with self._world.lock:
            self.power.abort(host, proc)

    def crash(self, host: Host, stays_down: bool = False) -> None:
        """A stop error or a power failure; the host boots again unless it stays down."""
        with self._world.lock:
            self.power.crash(host, stays_down)

    def switch_on(self, host: Host) -> None:
        """Press the power button of a host that is off."""
        with self._world.lock:
            self.power.switch_on(host)

    def cms_state(self, cms: MailboxServer) -> GroupState:
        """The state that Get-ClusteredMailboxServerStatus shows: databases do not count."""
        with self._world.lock:
            return self.mailbox.state(cms)

    def failed_resources(self, cms: MailboxServer) -> list[str]:
        """The FailedResources of Get-ClusteredMailboxServerStatus."""
        with self._world.lock:
            return self.mailbox.failed_resources(cms)

    def start_cms(self, cms: MailboxServer, proc: Process | None) -> None:
        """Start-ClusteredMailboxServer; CmdletError."""
        with self._world.lock:
            self.mailbox.start(cms, proc)

    def stop_cms(self, cms: MailboxServer, reason: str, proc: Process | None) -> None:
        """Stop-ClusteredMailboxServer; CmdletError."""
        with self._world.lock:
            self.mailbox.stop(cms, reason, proc)

    def move_cms(
        self, cms: MailboxServer, target: str, comment: str, proc: Process | None, ignore_dismounted: bool = False
    ) -> None:
        """Move-ClusteredMailboxServer; CmdletError."""
        with self._world.lock:
            self.mailbox.move(cms, target, comment, proc, ignore_dismounted)

    def validate_move(self, cms: MailboxServer, target: str, ignore_dismounted: bool = False) -> None:
        """Move-ClusteredMailboxServer -ValidateOnly; CmdletError."""
        with self._world.lock:
            self.mailbox.validate_move(cms, target, ignore_dismounted)

    def copies(self, cms: MailboxServer) -> list[StorageGroupCopy]:
        """The storage group copies as Get-StorageGroupCopyStatus would show them now."""
        with self._world.lock:
            return self.mail_copies.status(cms)

    def set_mounted(self, cms: MailboxServer, copy: StorageGroupCopy, mounted: bool, proc: Process | None) -> None:
        """Mount-Database or Dismount-Database; CmdletError."""
        with self._world.lock:
            self.mailbox.set_mounted(cms, copy, mounted, proc)

    def take_down(self, host: Host, prefixes: tuple[str, ...], proc: Process | None) -> list[str]:
        """Setup stops services at once; returns the names of those that ran."""
        with self._world.lock:
            running = [s for key, s in host.services.items() if s.state == "running" and key.startswith(prefixes)]
            for service in running:
                self.services.stopped(host, service, proc)
            return [service.name for service in running]

    def bring_up(self, host: Host, names: list[str]) -> None:
        """Setup starts again what it stopped."""
        with self._world.lock:
            for name in names:
                if host.services[name.lower()].state == "stopped":
                    self.services.started(host, host.services[name.lower()])

    def remove_bits(self, host: Host, proc: Process | None) -> None:
        """Setup takes the old program files away: nothing of Exchange can run here until it is done."""
        with self._world.lock:
            if host.bits and host.bits.complete:
                host.bits.complete = False
                self._world.truth.effect(host, "setup", "old program files removed", host.name, proc)
            if host.cluster:
                self.groups.changed(host.cluster)

    def upgrade_bits(self, host: Host, version: Version, proc: Process | None) -> None:
        """Setup /m:upgrade configured the new program files; the rollups are gone."""
        with self._world.lock:
            if host.bits is None:
                return
            host.bits.version, host.bits.rollups, host.bits.complete = version, [], True
            exchange_registry.write_bits(host, host.bits)
            what = "program files " + exchange_registry.dotted(version)
            self._world.truth.effect(host, "setup", what, host.name, proc)

    def upgrade_cms(self, cms: MailboxServer, version: Version, proc: Process | None) -> None:
        """Setup /upgradecms raised the version of a CMS."""
        with self._world.lock:
            self.mailbox.upgrade(cms, version, proc)

    def pending_restart(self, host: Host) -> list[str]:
        """Which of the two marks that Exchange Setup looks at are set (exchange.md 4.3)."""
        renames = host.registry.get(SESSION_MANAGER, "PendingFileRenameOperations")
        volatile = host.registry.get(UPDATES, "UpdateExeVolatile")
        found = ["PendingFileRenameOperations"] if renames else []
        return [*found, "UpdateExeVolatile"] if volatile else found

    def set_pending_restart(self, host: Host, proc: Process | None) -> None:
        """Leave a file to be renamed at the next boot."""
        path = f"\\??\\{host.bits.path if host.bits else 'C:'}\\bin\\exsetdata.dll.old"
        host.registry.set(SESSION_MANAGER, "PendingFileRenameOperations", [path, ""])
        self._world.truth.effect(host, "registry", "PendingFileRenameOperations", host.name, proc)

    def change_features(self, host: Host, features: list[Feature], installing: bool, proc: Process | None) -> None:
        """Server Manager installs or removes roles and features; the programs and marks follow."""
        with self._world.lock:
            self.features.change(host, features, installing, proc)

    def set_properties(
        self, cluster: Cluster, place: PropertyPlace, values: Mapping[str, Value | None], proc: Process | None
    ) -> None:
        """cluster.exe /prop and /priv: by name, None deletes. Every running node has them at once."""
        with self._world.lock:
            known = cluster.properties.setdefault(place, {})
            for name, value in values.items():
                if known.get(name.lower()) == value:
                    continue
                if value is None:
                    known.pop(name.lower(), None)
                else:
                    known[name.lower()] = value
                what = f"{name} deleted" if value is None else f"{name} = {value.data!r}"
                where = f"{place.kind} {place.name or cluster.name}"
                self._world.truth.effect(None, "cluster property", what, where, proc)
            for host in cluster.members:
                self.publish(host)

    def publish(self, host: Host) -> None:
        """Bring HKLM\\Cluster of a host up to date."""
        exchange_registry.publish_cluster(host, self.nodes.running(host))
