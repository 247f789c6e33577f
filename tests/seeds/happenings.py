# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The moving world: what nodes and administrators do by themselves while a run is under way, and what sets it right."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import cmd, exchange_registry
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BytesStdin, NullSink
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.errors import (
    ClusterError,
    CmdletError,
    ServiceError,
    ShutdownError,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.groups import fits
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.invariants import release, runs_setup
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import (
    Cluster,
    GroupState,
    Host,
    MailboxServer,
    NodeState,
    Power,
    World,
)
from ansible_collections.mailops.exchange2007.tests.seeds.watch import ADMIN, Watch

Data = dict[str, Any]
_NATIVE = (ClusterError, CmdletError, ServiceError, ShutdownError)
_UP = (GroupState.ONLINE, GroupState.PARTIALLY_ONLINE)


class Happenings:
    """Lets things happen at their lab times."""

    def __init__(self, world: World, watch: Watch, media: str) -> None:
        self._world = world
        self._watch = watch
        self._media = media
        self._calm = False
        self._does: dict[str, Callable[[Host, Data], None]] = {
            "crash": self._crash,
            "failover": self._failover,
            "move_group": self._move_group,
            "move_server": self._move_server,
            "stop_server": self._stop_server,
            "pause": self._pause,
            "service": self._service,
            "restart": self._restart,
            "install": self._install,
        }

    def plan(self, items: list[Data]) -> None:
        """Each happens `at` lab seconds from now."""
        for item in items:
            self._world.clock.call_later(float(item["at"]), lambda item=item: self.now(item))  # type: ignore[misc]

    def now(self, item: Data) -> None:
        """Let one thing happen; what the world itself would refuse does not happen."""
        host = self._world.hosts[str(item["host"]).lower()]
        if host.power is not Power.ON or self._calm:
            return
        self._watch.admin_acts = True
        try:
            with self._world.lock, suppress(*_NATIVE):
                self._does[item["what"]](host, item)
        finally:
            self._watch.admin_acts = False

    def end(self) -> None:
        """What was planned and has not happened yet does not happen."""
        self._calm = True

    def _note(self, host: Host, what: str) -> None:
        self._watch.happening(host, what)

    def _crash(self, host: Host, _item: Data) -> None:
        self._note(host, "crash")
        self._world.physics.crash(host)

    def _failover(self, host: Host, _item: Data) -> None:
        self._note(host, "failover")
        self._world.physics.fail_over(host)

    def _move_group(self, host: Host, item: Data) -> None:
        cluster = _cluster(host)
        others = [g for g in cluster.groups if g.kind != "cms" and g.owner != host.name]
        if others:
            group = others[int(item.get("which", 0)) % len(others)]
            self._note(host, f"group {group.name} moved here")
            self._world.physics.begin_move(group, host.name, None)

    def _move_server(self, host: Host, _item: Data) -> None:
        """An administrator moves a CMS to a node where it can run."""
        for cms in _cluster(host).mailbox_servers:
            if cms.group.owner != host.name and cms.group.state() in _UP and fits(cms, host):
                self._note(host, f"{cms.name} moved here")
                self._world.physics.move_cms(cms, host.name, "maintenance", None)
                return

    def _stop_server(self, host: Host, _item: Data) -> None:
        for cms in _cluster(host).mailbox_servers:
            if cms.group.owner == host.name and cms.group.state() in _UP:
                self._note(host, f"{cms.name} stopped")
                self._world.physics.stop_cms(cms, "maintenance", None)

    def _pause(self, host: Host, item: Data) -> None:
        cluster = _cluster(host)
        self._note(host, "pause")
        self._world.physics.pause(cluster, host.name, None)
        self._later(host, item, lambda: self._world.physics.resume(cluster, host.name, None), "resume")

    def _service(self, host: Host, item: Data) -> None:
        name = str(item["service"])
        self._note(host, f"{name} stopped")
        self._world.physics.stop_service(host, name, None)
        self._later(host, item, lambda: self._world.physics.start_service(host, name, None), f"{name} started")

    def _later(self, host: Host, item: Data, act: Callable[[], None], what: str) -> None:
        """The other half of something that lasts."""

        def back() -> None:
            if host.power is Power.ON and not self._calm:
                self._note(host, what)
                with self._world.lock, suppress(*_NATIVE):
                    act()

        self._world.clock.call_later(float(item.get("lasts", 60)), back)

    def _restart(self, host: Host, _item: Data) -> None:
        if self._sane(host):
            self._note(host, "restart")
            self._world.physics.shutdown(host, True, 5.0, None)

    def _install(self, host: Host, _item: Data) -> None:
        """An administrator upgrades a passive node by hand, in order."""
        if self._sane(host) and host.bits and host.bits.complete and not self._is_last(host):
            self._note(host, "Setup by hand")
            line = f'"{self._media}\\Setup.com" /mode:upgrade'
            sink = NullSink()
            logon = Logon(ADMIN, "interactive")
            cmd.start(host, line, logon, stdin=BytesStdin(), stdout=sink, stderr=sink, codepage="cp437")

    def _sane(self, host: Host) -> bool:
        """Whether an administrator with his wits about him would take this node out of service now."""
        cluster = _cluster(host)
        quiet = all(state is NodeState.UP for state in cluster.node_states.values())
        return quiet and not any(runs_setup(m) for m in cluster.members) and not _owns(cluster, host)

    def _is_last(self, host: Host) -> bool:
        mates = [m for m in _cluster(host).members if m is not host and m.bits and host.bits]
        return not any(m.bits and host.bits and release(m.bits.version) <= release(host.bits.version) for m in mates)


def _cluster(host: Host) -> Cluster:
    if host.cluster is None:
        raise ClusterError(5)
    return host.cluster


def _owns(cluster: Cluster, host: Host) -> bool:
    return any(group.owner == host.name for group in cluster.groups)


# --- what sets it right --------------------------------------------------------------------------------------------


def calm(world: World) -> None:
    """The world moves no more: no faults, nodes on and not paused, automatic services running, room on the disks."""
    world.faults.clear()
    for host in world.hosts.values():
        host.files.free_bytes = max(host.files.free_bytes, 20 * 2**30)
        if host.power is Power.OFF and not host.shutdown_pending:
            world.physics.switch_on(host)
        if host.power is Power.ON:
            _start_services(world, host)
            if host.cluster and host.name in host.cluster.paused:
                with suppress(ClusterError):
                    world.physics.resume(host.cluster, host.name, None)


def _start_services(world: World, host: Host) -> None:
    if runs_setup(host):
        return
    for service in list(host.services.values()):
        if service.start == "auto" and service.state == "stopped":
            with suppress(ServiceError):
                world.physics.start_service(host, service.name, None)


def advised(world: World, said: list[str]) -> list[str]:
    """An administrator does what refusals ask a person for; returns what was done."""
    text = "\n".join(said)
    done = []
    for host in world.hosts.values():
        name = re.escape(host.name.upper())  # as the product writes it
        if re.search(rf"A restart is pending on {name}\b", text):
            exchange_registry_clear(host)
            done.append(f"removed the restart marks of {host.name}")
        if re.search(rf"An earlier Setup was interrupted on {name}\b", text):
            for role in exchange_registry.marks(host):
                exchange_registry.unmark(host, role)
            done.append(f"finished the Setup of {host.name}")
    for cluster in world.clusters.values():
        for cms in cluster.mailbox_servers:
            done += _start_or_move(world, cms, text)
    return done


def exchange_registry_clear(host: Host) -> None:
    """Take the marks of a pending restart away."""
    host.registry.delete_value(r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager", "PendingFileRenameOperations")


def _start_or_move(world: World, cms: MailboxServer, text: str) -> list[str]:
    owner = cms.cluster.member(cms.group.owner)
    if "is not mounted" in text:
        for copy in cms.storage_groups:
            with suppress(*_NATIVE):
                world.physics.set_mounted(cms, copy, True, None)
    down = cms.group.state() in (GroupState.OFFLINE, GroupState.FAILED)
    with suppress(*_NATIVE):
        if down and owner and fits(cms, owner) and f"Clustered mailbox server {cms.name} is" in text:
            world.physics.start_cms(cms, None)
            return [f"started {cms.name}"]
        if f"move it with clustered_mailbox_server name={cms.name}" in text:
            target = next((h for h in cms.cluster.members if fits(cms, h)), None)
            if target:
                world.physics.move_cms(cms, target.name, "as advised", None)
                return [f"moved {cms.name} to {target.name}"]
    return []
