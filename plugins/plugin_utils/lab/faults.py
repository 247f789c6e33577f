# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Faults by name: what goes wrong at a command, at a WS-Man request, at a step of Setup, or right now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import language
from .fault_events import EVENTS as HOST_EVENTS
from .mail_faults import MAIL_EVENTS
from .setup_faults import SETUP_FAULTS, WRONG_MACHINE

if TYPE_CHECKING:
    from .process import Process
    from .world import Host, World

FOREVER = 10.0**9  # lab seconds
EVENTS = HOST_EVENTS | MAIL_EVENTS

# What becomes of a command: return code, standard output, standard error.
_REPLIES: dict[str, tuple[int, str, str]] = {
    "exit": (1, "", ""),
    "no_effect": (0, "", ""),
    "denied": (5, "", "Access is denied.\n"),
    "garbage": (0, "\x01\x02?? ~~ 0x%$\n\n--- ---- -\n", ""),
}
NAMES = (*_REPLIES, *EVENTS, "hang", "drop", "quota", *SETUP_FAULTS)
_PLACES = {"line": "setup", "start": "setup start", "end": "setup end", "command": "command"}
_ABOUT = {
    "exit": "a command does nothing and exits with rc= (1), stdout=, stderr=",
    "no_effect": "a command does nothing and exits with 0",
    "denied": "a command does nothing, says that access is denied, and exits with 5",
    "garbage": "a command does nothing, prints nonsense, and exits with 0",
    "hang": "a command hangs until it is killed",
    "drop": "the connection is lost at a command, connections= times (1); program=wsman: at a request",
    "quota": "WinRM refuses a request for its quota of kind= (shells, operations or processes)",
    **{name: event.about for name, event in EVENTS.items()},
}
ABOUT = _ABOUT | {name: fault.about for name, fault in SETUP_FAULTS.items()}
"""What each fault does, in one line."""
_QUOTAS = {"shells": "^Create$", "operations": "^Command$", "processes": "^Command$"}  # kind -> the request refused
_FIELDS = ("host", "program", "match", "when", "count")


class FaultError(ValueError):
    """A fault that cannot be injected; the message is one line and says what would do."""


@dataclass
class Fault:
    """One injected fault. Empty host, program or match: any. count: how often it strikes, 0 for always."""

    name: str
    host: str = ""
    program: str = ""
    match: str = ""
    when: str = "before"
    count: int = 1
    args: dict[str, str] = field(default_factory=dict)
    struck: int = 0

    @property
    def place(self) -> str:
        """Where it strikes: command (a program), line (all that WinRM or the scheduler handed over), wire (a WS-Man
        request), setup (a step of Setup), setup start, setup end."""
        if self.name in SETUP_FAULTS:
            return _PLACES[SETUP_FAULTS[self.name].at]
        return {"wsman": "wire", "line": "line"}.get(self.program.lower(), "command")

    def fits(self, when: str, host: str, program: str, line: str) -> bool:
        """Whether it strikes here; program without its extension."""
        return (
            self.when == when
            and (self.count == 0 or self.struck < self.count)
            and self.host.lower() in ("", host.lower())
            and self.program.lower() in ("", re.sub(r"\.(exe|com|cmd|bat)$", "", program.lower()))
            and re.search(self.match, line, re.IGNORECASE) is not None
        )


@dataclass(frozen=True)
class Outcome:
    """What a command does instead of (or after) its work."""

    returncode: int = 0
    stdout: str = ""
    stderr: str = ""
    hang: bool = False

    def play(self, proc: Process) -> int:
        """Say the words and return the exit code; a hanging command stays until it is killed."""
        if self.hang:
            proc.sleep(FOREVER)
        proc.out(self.stdout)
        proc.err(self.stderr)
        return self.returncode


def parse(name: str, fields: Mapping[str, str]) -> Fault:
    """A fault from its name and fields as typed; raises FaultError."""
    if name not in NAMES:
        raise FaultError(f"unknown fault '{name}': use one of {', '.join(sorted(NAMES))}")
    fault = Fault(name, args={key: value for key, value in fields.items() if key not in _FIELDS})
    fault.host, fault.program, fault.match = (fields.get(key, "") for key in ("host", "program", "match"))
    if name in SETUP_FAULTS:
        fault.program, fault.match = "setup", fault.match or SETUP_FAULTS[name].match
    if name == "quota":
        fault.program, fault.match = "wsman", fault.match or _QUOTAS.get(fault.args.get("kind", "shells"), "")
    at_once = name in EVENTS and not (fault.program or fault.match)
    fault.when = fields.get("when", "now" if at_once else "before")
    if fault.when not in ("before", "after", "now"):
        raise FaultError(f"fault '{name}': when={fault.when}: use before, after or now")
    if fault.when == "now" and name not in EVENTS:
        raise FaultError(f"fault '{name}': when=now fits only {', '.join(EVENTS)}: use before or after")
    if name == "quota" and not fault.match:
        raise FaultError(f"fault '{name}': kind={fault.args['kind']}: use one of {', '.join(_QUOTAS)}")
    try:
        fault.count = int(fields.get("count", "1"))
        re.compile(fault.match)
    except (ValueError, re.error) as error:
        raise FaultError(f"fault '{name}': {error}: count is a number, match a regular expression") from error
    return fault


class Faults:
    """The injected faults; the command interpreter, WS-Man and Setup ask here at every turn."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._faults: list[Fault] = []
        self._drops: dict[str, int] = {}  # by host name: connections still to be dropped

    def inject(self, name: str, fields: Mapping[str, str]) -> Fault:
        """Arm a fault, or let it happen at once (when=now); raises FaultError."""
        fault = parse(name, fields)
        with self._world.lock:
            if fault.host and fault.host.lower() not in self._world.hosts:
                raise FaultError(f"fault '{name}': no host '{fault.host}': use one of {', '.join(self._world.hosts)}")
            if fault.when == "now":
                self._happen(self._host(fault), fault)
            else:
                self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Disarm everything."""
        with self._world.lock:
            self._faults.clear()
            self._drops.clear()

    def active(self) -> list[Fault]:
        """Every fault that was armed, with how often it struck."""
        return list(self._faults)

    def before(self, proc: Process, program: str, line: str) -> Outcome | None:
        """Asked before a native program starts; an Outcome is played instead of the program."""
        return self._strike("before", proc, program, line)

    def after(self, proc: Process, program: str, line: str) -> Outcome | None:
        """Asked after a native program ended; an Outcome is played and its code replaces the program's."""
        return self._strike("after", proc, program, line)

    def wire(self, host: Host, action: str, when: str = "before") -> Fault | None:
        """Asked by WS-Man with program 'wsman' and the action's name as line; 'drop' closes the connection."""
        with self._world.lock:
            if self._drops.get(host.name, 0) > 0:
                self._drops[host.name] -= 1
                return Fault("drop", host.name)
            return self._take("wire", when, host, "wsman", action)

    def setup_step(self, host: Host, step: str) -> Fault | None:
        """Asked by Setup before each of its steps, with the step's name as line."""
        with self._world.lock:
            return self._take("setup", "before", host, "setup", step)

    def setup_moment(self, host: Host, moment: str) -> Fault | None:
        """Asked by Setup at its start and at its end."""
        with self._world.lock:
            return self._take(f"setup {moment}", "before", host, "setup", moment)

    def around(self, when: str, proc: Process, line: str) -> Outcome | None:
        """Asked before and after a whole line that was handed to cmd.exe, with program 'line'; like before, after."""
        return self._strike(when, proc, "line", line, "line")

    def _strike(self, when: str, proc: Process, program: str, line: str, place: str = "command") -> Outcome | None:
        if not self._faults:
            return None
        with self._world.lock:
            fault = self._take(place, when, proc.host, program, line)
            if fault is None:
                return None
            if fault.name in _REPLIES:
                return _reply(fault, proc.host)
            if fault.name in SETUP_FAULTS:
                return _not_started(fault, proc)
            if fault.name == "drop":
                self._drops[proc.host.name] = int(fault.args.get("connections", "1"))
                return None
            if fault.name in EVENTS:
                self._happen(proc.host, fault)
            # A hanging command stays; so does one whose host crashes, until it is killed, which is at once.
            return Outcome(hang=True) if fault.name in ("hang", "crash") else None

    def _take(self, place: str, when: str, host: Host, program: str, line: str) -> Fault | None:
        for fault in self._faults:
            if fault.place == place and fault.fits(when, host.name, program, line):
                fault.struck += 1
                self._world.truth.effect(host, "fault", fault.name, line)
                return fault
        return None

    def _happen(self, host: Host, fault: Fault) -> None:
        try:
            EVENTS[fault.name].act(host, fault.args)
        except ValueError as error:
            raise FaultError(f"fault '{fault.name}': {error}") from error

    def _host(self, fault: Fault) -> Host:
        if not fault.host:
            raise FaultError(f"fault '{fault.name}': say on which host: host=NAME")
        return self._world.hosts[fault.host.lower()]


def _reply(fault: Fault, host: Host) -> Outcome:
    code, stdout, stderr = _REPLIES[fault.name]
    stderr = language.of(host).text(stderr)
    return Outcome(int(fault.args.get("rc", code)), fault.args.get("stdout", stdout), fault.args.get("stderr", stderr))


def _not_started(fault: Fault, proc: Process) -> Outcome:
    words = language.of(proc.host).text(SETUP_FAULTS[fault.name].text, program=proc.argv[0].strip('"'))
    return Outcome(WRONG_MACHINE, stderr=words)
