# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of the fault table: what strikes when a native command begins or ends, and how it is set right again."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.faults import Outcome
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.power import SESSION_MANAGER
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Process
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Host, NodeState, Power, World
from ansible_collections.mailops.exchange2007.tests.faults.table import Command

MEDIA = r"D:\media\sp2"
AWAY = r"D:\media\taken away"
NODE = "NODEB"  # the passive node: it is upgraded first, and takes the mailbox server over
_OLD = (8, 0, 65535, 0)  # any version of RTM is below
_CLUSSVC = "clussvc"
_REFUSED_LOGINS = 2
Arm = Callable[["Strike", Process], None]


def _inject(kind: str, **fields: str) -> Arm:
    def arm(strike: Strike, proc: Process) -> None:
        place = {"host": proc.host.name, "match": strike.command.line}
        strike.world.faults.inject(kind, place | fields)

    return arm


def _lose_before(strike: Strike, proc: Process) -> None:
    """The connection is gone, and with it what it had started; a program of the task scheduler goes on."""
    if proc.logon.kind == "network":
        _top(proc).kill()
    else:
        strike.lose(proc.host)


def _lose_after(strike: Strike, proc: Process) -> None:
    strike.lose_at_end = True


def _foreign(strike: Strike, proc: Process) -> None:
    proc.host.windows = replace(proc.host.windows, language="xx")


def _restart_marks(strike: Strike, proc: Process) -> None:
    strike.world.physics.set_pending_restart(proc.host, None)


def _crash_without_cluster(strike: Strike, proc: Process) -> None:
    _cluster_service(proc.host).start = "manual"
    _inject("crash")(strike, proc)


def _media_away(strike: Strike, proc: Process) -> None:
    proc.host.files.rename(MEDIA, AWAY)


def _quota(strike: Strike, proc: Process) -> None:
    """From the next command on, which needs a new shell or a free operation."""
    strike.refused_logins[proc.host.name] = _REFUSED_LOGINS


COLUMNS: dict[str, Arm] = {
    "exit code 1": _inject("exit"),
    "exit code 0, nothing done": _inject("no_effect"),
    "hangs": _inject("hang"),
    "connection lost before": _lose_before,
    "connection lost after": _lose_after,
    "access denied": _inject("denied"),
    "garbage": _inject("garbage"),
    "other language": _foreign,
    "restart pending": _restart_marks,
    "Cluster service stops": _inject("service_stop"),
    "disk full": _inject("disk_full"),
    "node crashes": _inject("crash"),
    "node stays away": _inject("crash", stays_down="yes"),
    "node back, not joined": _crash_without_cluster,
    "media gone": _media_away,
    "WinRM quota": _quota,
}
"""Column title of docs/faults.md -> what is done when the command begins."""
GOES_AWAY = ("Cluster service stops", "node crashes", "node stays away", "node back, not joined")


@dataclass
class Strike:
    """One fault that strikes once, at one command; taken in place of the world's own hooks, which it asks then."""

    world: World
    command: Command
    column: str
    at: float | None = None  # lab seconds
    at_event: int = 0  # length of the truth's timeline then
    lose_at_end: bool = False
    refused_logins: dict[str, int] = field(default_factory=dict)
    _ours: Process | None = None

    def __post_init__(self) -> None:
        faults = self.world.faults
        self._before, self._after = faults.before, faults.after
        self._free = {host.name: host.files.free_bytes for host in self.world.hosts.values()}
        self._windows = {host.name: host.windows for host in self.world.hosts.values()}
        faults.before, faults.after = self.before, self.after  # type: ignore[method-assign]

    def before(self, proc: Process, program: str, line: str) -> Outcome | None:
        """A native program begins."""
        if self.at is None and self._fits(proc, line):
            self.at, self.at_event, self._ours = self.world.clock.now(), len(self.world.truth.timeline), proc
            COLUMNS[self.column](self, proc)
        return self._before(proc, program, line)

    def after(self, proc: Process, program: str, line: str) -> Outcome | None:
        """A native program has ended."""
        outcome = self._after(proc, program, line)
        if proc is self._ours:
            proc.host.windows = self._windows[proc.host.name]
            if self.lose_at_end:
                self.lose(proc.host)
        return outcome

    def lose(self, host: Host) -> None:
        """The next answer of WinRM does not come."""
        self.world.faults.inject("drop", {"host": host.name, "program": "wsman", "match": "Receive"})

    def _fits(self, proc: Process, line: str) -> bool:
        here = proc.host.name == NODE and proc.logon.kind != "interactive"
        if not here or not re.search(self.command.line, line.strip(), re.IGNORECASE):
            return False
        if self.command.after_setup:
            return proc.host.bits is not None and proc.host.bits.version > _OLD and proc.host.bits.complete
        return not self.command.window or _window_open(self.world)

    def lift(self) -> None:
        """What somebody does about it: everything is set right that the fault left, and nothing else."""
        self.world.faults.clear()
        self.refused_logins.clear()
        for host in self.world.hosts.values():
            host.windows = self._windows[host.name]
            host.files.free_bytes = max(host.files.free_bytes, self._free[host.name])
            if host.files.exists(AWAY):
                host.files.rename(AWAY, MEDIA)
            self._bring_back(host)
        if self._ours is not None and self._ours.alive():
            self._ours.kill()

    def _bring_back(self, host: Host) -> None:
        if self.column == "restart pending":
            host.registry.delete_value(SESSION_MANAGER, "PendingFileRenameOperations")
        service = _cluster_service(host)
        service.start = "auto"
        if host.power is Power.OFF:
            self.world.physics.switch_on(host)
        elif host.power is Power.ON and service.state == "stopped" and not _in_setup(host):
            self.world.physics.start_service(host, _CLUSSVC, None)


def _cluster_service(host: Host) -> Any:
    return next(service for name, service in host.services.items() if name.lower() == _CLUSSVC)


def _in_setup(host: Host) -> bool:
    return any("setup.com" in process.line.lower() and process.alive() for process in host.processes)


def _window_open(world: World) -> bool:
    """A CMS was taken down for its upgrade and is not up again."""
    return any(not cms.group.wanted for cluster in world.clusters.values() for cms in cluster.mailbox_servers)


def settled(world: World) -> bool:
    """Every node is up again."""
    up = (NodeState.UP,)
    return all(state in up for cluster in world.clusters.values() for state in cluster.node_states.values())


def _top(proc: Process) -> Process:
    while proc.parent is not None:
        proc = proc.parent
    return proc
