# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Windows services: the Service Control Manager, and what stopping the special ones does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ServiceError
from .groups import STORE_SERVICES, is_exchange
from .nodes import CLUSTER_SERVICE
from .world import ResourceState

if TYPE_CHECKING:
    from .nodes import Nodes
    from .process import Process
    from .settings import Durations
    from .timers import Timers
    from .world import Host, Service, World

ALREADY_RUNNING = 1056
DISABLED = 1058
NO_SUCH_SERVICE = 1060
CANNOT_ACCEPT = 1061
NOT_ACTIVE = 1062


class Services:
    """Starting and stopping. Callers hold the world's lock."""

    def __init__(self, world: World, timers: Timers, nodes: Nodes, durations: Durations) -> None:
        self._world = world
        self._timers = timers
        self._nodes = nodes
        self._durations = durations

    def find(self, host: Host, name: str) -> Service:
        """A service by its name; ServiceError 1060."""
        service = host.services.get(name.lower())
        if service is None:
            raise ServiceError(NO_SUCH_SERVICE)
        return service

    def stop(self, host: Host, name: str, proc: Process | None) -> None:
        """Order a stop: stop_pending now, stopped soon."""
        service = self.find(host, name)
        if service.state == "stopped":
            raise ServiceError(NOT_ACTIVE)
        if service.state.endswith("_pending"):
            raise ServiceError(CANNOT_ACCEPT)
        if name.lower() == CLUSTER_SERVICE and proc is not None:
            self._world.truth.invariants.before_restart(host, "stop of ClusSvc")
        self.change(host, service, "stop_pending", proc)
        self._timers.later(
            self._key(host, service), self._durations.service_stop, lambda: self.stopped(host, service, proc)
        )

    def start(self, host: Host, name: str, proc: Process | None) -> None:
        """Order a start: start_pending now, running soon."""
        service = self.find(host, name)
        if service.start == "disabled":
            raise ServiceError(DISABLED)
        if service.state != "stopped":
            raise ServiceError(ALREADY_RUNNING)
        self.change(host, service, "start_pending", proc)
        self._timers.later(self._key(host, service), self._durations.service_start, lambda: self.started(host, service))

    def configure(self, host: Host, name: str, start: str, proc: Process | None) -> None:
        """sc config start=: auto, demand or disabled."""
        service = self.find(host, name)
        service.start = start
        self._world.truth.effect(host, "service", f"start type {start}", service.name, proc)

    def stopped(self, host: Host, service: Service, proc: Process | None) -> None:
        """The service is gone, with what hangs on it."""
        self._timers.cancel(self._key(host, service))
        self.change(host, service, "stopped", None)
        name = service.name.lower()
        if name == CLUSTER_SERVICE:
            self._nodes.leave(host, proc)
        elif name == "winrm":
            _kill_shells(host)
        elif name in STORE_SERVICES:
            self._fail_store(host, proc)
        self._refresh_copies(host)

    def started(self, host: Host, service: Service) -> None:
        """The service runs."""
        self._timers.cancel(self._key(host, service))
        self.change(host, service, "running", None)
        if service.name.lower() == CLUSTER_SERVICE:
            self._nodes.join(host)
        self._refresh_copies(host)

    def change(self, host: Host, service: Service, state: str, proc: Process | None) -> None:
        """Note a service's new state."""
        service.state = state
        self._world.truth.effect(host, "service", state, service.name, proc)

    def lost(self, host: Host, proc: Process | None, detection: float) -> None:
        """The host went down with all its services; its mates notice after lab seconds."""
        self._timers.cancel(*(self._key(host, service) for service in host.services.values()))
        for service in host.services.values():
            service.state = "stopped"
        self._nodes.leave(host, proc, detection)
        self._refresh_copies(host)

    def _refresh_copies(self, host: Host) -> None:
        for cms in host.cluster.mailbox_servers if host.cluster else ():
            self._world.physics.mail_copies.refresh(cms)

    def _fail_store(self, host: Host, proc: Process | None) -> None:
        for cms in host.cluster.mailbox_servers if host.cluster else ():
            running = any(is_exchange(r) and r.state is ResourceState.ONLINE for r in cms.group.resources)
            if cms.group.owner == host.name and running:
                self._world.physics.mailbox.fail(cms, proc)

    def _key(self, host: Host, service: Service) -> tuple[str, ...]:
        return ("service", host.name, service.name)


def _kill_shells(host: Host) -> None:
    # transport.md 7: shells die with the WinRM service, and what runs in them too.
    for process in list(host.processes):
        if process.logon.kind == "network":
            process.kill()
