# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The ground truth: what was asked of the lab, what really changed, how long mail was away, which rule was broken."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .invariants import Invariants
from .world import GroupState

if TYPE_CHECKING:
    from .process import Process
    from .world import Cluster, Host, World


@dataclass(eq=False)
class Command:
    """One command line as it was handed to a host (top), or one native program below it."""

    id: int
    host: str
    user: str
    logon: str
    line: str
    top: bool
    t: float  # lab seconds
    wall: float  # seconds since the epoch
    rc: int | None = None
    duration: float | None = None  # lab seconds
    mutating: bool = False


@dataclass
class Interval:
    """A time without mail; end is None while it lasts. In lab seconds and in wall-clock seconds."""

    start: float
    start_wall: float
    end: float | None = None
    end_wall: float | None = None


class Truth:
    """Everything that happened, in order. All times t are lab seconds since the start."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: dict[int, list[Command]] = {}  # what runs on a process, by the process's id()
        self._process: dict[int, int] = {}  # the other way round, by the command's id
        self.commands: list[Command] = []
        self.timeline: list[dict[str, Any]] = []
        self.violations: list[dict[str, Any]] = []
        self.outages: dict[str, list[Interval]] = {}  # by CMS name
        self.invariants = Invariants(world, self.violation)

    def command_started(self, proc: Process) -> Command:
        """Log a command line; give the result to command_ended."""
        with self._world.lock:
            above: Process | None = proc
            while above is not None and id(above) not in self._open:
                above = above.parent
            number, logon = len(self.commands) + 1, proc.logon
            command = Command(
                number, proc.host.name, logon.user, logon.kind, proc.line, above is None, self._now(), time.time()
            )
            self.commands.append(command)
            self._open.setdefault(id(proc), []).append(command)
            self._process[number] = id(proc)
            return command

    def command_ended(self, token: Command, rc: int | None) -> None:
        """Note the exit code; None for a killed command."""
        with self._world.lock:
            token.rc = rc
            token.duration = round(self._now() - token.t, 3)
            key = self._process.pop(token.id)
            running = self._open[key]
            running.remove(token)
            if not running:
                del self._open[key]

    def effect(self, host: Host | None, kind: str, what: str, detail: str = "", proc: Process | None = None) -> None:
        """Something really changed; proc is the program that did it, None when it happened by itself."""
        with self._world.lock:
            commands = self._commands_of(proc)
            for command in commands:
                command.mutating = True
            event = {"t": self._now(), "wall": time.time(), "host": host.name if host else None}
            event |= {"kind": kind, "what": what, "detail": detail}
            self.timeline.append(event | {"command": commands[0].id if commands else None})
        self._world.hold.event(event, commands[-1] if commands else None)

    def violation(self, rule: str, host: Host | None, what: str) -> None:
        """An invariant of exchange.md 1 was broken."""
        place = host.name if host else None
        self.violations.append({"t": self._now(), "wall": time.time(), "rule": rule, "host": place, "what": what})

    def observe(self, cluster: Cluster) -> None:
        """Look at the clustered mailbox servers after a change: is mail up?"""
        with self._world.lock:
            for cms in cluster.mailbox_servers:
                self._note(cms.name, up=cms.group.state() is GroupState.ONLINE)
            if hasattr(self._world, "folders"):  # not while the world is being built
                self._world.folders.wake()

    def outage_seconds(self, cms: str) -> float:
        """Lab seconds without mail so far."""
        return sum((i.end if i.end is not None else self._now()) - i.start for i in self.outages.get(cms, []))

    def outage(self, cms: str) -> dict[str, Any]:
        """The outages of one CMS as the truth report shows them."""
        intervals = self.outages.get(cms, [])
        wall = sum((i.end_wall if i.end_wall is not None else time.time()) - i.start_wall for i in intervals)
        return {
            "total_seconds": round(self.outage_seconds(cms), 3),
            "wall_seconds": round(wall, 3),
            "open": any(i.end is None for i in intervals),
            "intervals": [{"from": i.start, "to": i.end} for i in intervals],
        }

    def _note(self, cms: str, up: bool) -> None:
        intervals = self.outages.setdefault(cms, [])
        down_now = bool(intervals) and intervals[-1].end is None
        if not up and not down_now:
            intervals.append(Interval(self._now(), time.time()))
        elif up and down_now:
            intervals[-1].end, intervals[-1].end_wall = self._now(), time.time()

    def _commands_of(self, proc: Process | None) -> list[Command]:
        """The commands that this process belongs to, the nearest first."""
        entries = [self._open[id(p)] for p in _lineage(proc) if id(p) in self._open]
        return [command for commands in entries for command in reversed(commands)]

    def _now(self) -> float:
        return round(self._world.clock.now(), 3)


def _lineage(proc: Process | None) -> list[Process]:
    found = []
    while proc is not None:
        found.append(proc)
        proc = proc.parent
    return found
