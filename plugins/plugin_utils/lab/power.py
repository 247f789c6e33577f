# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Power: shutdown, restart, crash, boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import features
from .errors import ShutdownError
from .nodes import CLUSTER_SERVICE
from .world import Power

if TYPE_CHECKING:
    from .process import Process
    from .services import Services
    from .settings import Durations, Knobs
    from .timers import Timers
    from .world import Host, Service, World

NOTHING_TO_ABORT = 1116
IN_PROGRESS_2003 = 1115
ALREADY_SCHEDULED = 1190
EARLY = ("winrm", "rpcss", "eventlog", "lanmanserver", "dnscache", "netlogon")  # run before WinRM answers
SESSION_MANAGER = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
UPDATES = r"HKLM\SOFTWARE\Microsoft\Updates"


class PowerSwitch:
    """Switching hosts off and on. Callers hold the world's lock."""

    def __init__(self, world: World, timers: Timers, services: Services, durations: Durations, knobs: Knobs) -> None:
        self._world = world
        self._timers = timers
        self._services = services
        self._durations = durations
        self._knobs = knobs
        self._spoilt: dict[str, str] = {}  # by host name: what goes wrong at the next boot

    def spoil_boot(self, host: Host, how: str) -> None:
        """The next boot goes wrong: never (it doesn't happen), stopped (ClusSvc does not start), joining (for ever)."""
        self._spoilt[host.name] = how

    def shutdown(self, host: Host, restart: bool, delay: float, proc: Process | None) -> None:
        """Begin the countdown; ShutdownError while another one runs (windows-cli.md 5.3)."""
        if host.shutdown_pending:
            raise ShutdownError(IN_PROGRESS_2003 if host.windows.version.startswith("5.") else ALREADY_SCHEDULED)
        host.shutdown_pending = True
        what = "restart" if restart else "shutdown"
        self._world.truth.effect(host, "power", f"{what} in {delay:g} s", host.name, proc)
        self._world.truth.invariants.before_restart(host, what)
        self._timers.later(_key(host), delay, lambda: self._go_down(host, restart, proc))

    def abort(self, host: Host, proc: Process | None) -> None:
        """shutdown /a; ShutdownError when there is nothing to abort or it is too late."""
        if not host.shutdown_pending:
            raise ShutdownError(NOTHING_TO_ABORT)
        host.shutdown_pending = False
        self._timers.cancel(_key(host))
        self._world.truth.effect(host, "power", "shutdown aborted", host.name, proc)

    def crash(self, host: Host, stays_down: bool = False) -> None:
        """The power is gone, or a stop error: nobody was told."""
        self._off(host, None, self._durations.failure_detection, "crash")
        if not stays_down:
            self._timers.later(_key(host), self._durations.power_down, lambda: self.switch_on(host))

    def switch_on(self, host: Host) -> None:
        """Boot; WinRM answers after the boot time, the other services come later."""
        if host.power is not Power.OFF:
            return
        if self._spoilt.get(host.name) == "never":
            del self._spoilt[host.name]
            self._world.truth.effect(host, "power", "does not boot", host.name)
            return
        host.power = Power.STARTING
        host.boot_time = self._world.clock.now()
        host.boots += 1
        self._world.truth.effect(host, "power", "boot", host.name)
        self._timers.later(_key(host), self._durations.boot, lambda: self._booted(host))

    def _go_down(self, host: Host, restart: bool, proc: Process | None) -> None:
        self._off(host, proc, 0.0, "restart" if restart else "off")
        if restart:
            self._timers.later(_key(host), self._durations.power_down, lambda: self.switch_on(host))

    def _off(self, host: Host, proc: Process | None, detection: float, what: str) -> None:
        self._timers.cancel(_key(host))
        host.shutdown_pending = False
        host.power = Power.OFF
        self._world.truth.effect(host, "power", what, host.name)
        for process in list(host.processes):
            process.kill()
        self._services.lost(host, proc, detection)

    def _booted(self, host: Host) -> None:
        self._clear_restart_marks(host)
        host.power = Power.ON
        for service in self._automatic(host):
            if service.name.lower() in EARLY:
                service.state = "running"
        self._world.truth.effect(host, "power", "answers", host.name)
        self._timers.later(_key(host), self._durations.autostart, lambda: self._autostart(host))

    def _autostart(self, host: Host) -> None:
        spoilt = self._spoilt.pop(host.name, "")
        if spoilt == "joining":
            self._world.physics.nodes.keep_out(host)
        for service in self._automatic(host):
            failing = spoilt == "stopped" and service.name.lower() == CLUSTER_SERVICE
            if service.state == "stopped" and not failing:
                self._services.start(host, service.name, None)

    def _automatic(self, host: Host) -> list[Service]:
        return [service for service in host.services.values() if service.start == "auto"]

    def _clear_restart_marks(self, host: Host) -> None:
        """The files are renamed at boot; the marks go, unless they are orphans (exchange.md 9 no. 5)."""
        if self._knobs.orphaned_restart_marks:
            return
        host.registry.delete_value(SESSION_MANAGER, "PendingFileRenameOperations")
        features.restarted(host)
        if host.registry.get(UPDATES, "UpdateExeVolatile") is not None:
            host.registry.set(UPDATES, "UpdateExeVolatile", 0)


def _key(host: Host) -> tuple[str, ...]:
    return ("power", host.name)
