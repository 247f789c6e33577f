# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""A running program on a played host, as the played programs see it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .world import Host

_STEP = 0.25  # lab seconds between two looks of wait_until


class Killed(Exception):
    """The process was ended from outside: terminate signal, shell deleted, host down."""


class Stdin(Protocol):
    """What a process reads. An open pipe that nobody closes blocks, as on Windows."""

    def readline(self, alive: Callable[[], bool]) -> str | None:
        """One line without its end, or None at the end of input; raises Killed when alive() turns false."""

    def read(self, alive: Callable[[], bool]) -> bytes:
        """Everything up to the end of input."""


class Sink(Protocol):
    """Where a process writes bytes: a WinRM stream, a file, or nowhere."""

    def write(self, data: bytes) -> None: ...


@dataclass(frozen=True)
class Logon:
    """user as DOMAIN\\name; kind: network (WinRM: no credentials to go on with), batch (scheduled task), service.

    credentials: a network logon that has them all the same (CredSSP, a forwarded Kerberos ticket).
    """

    user: str
    kind: str
    elevated: bool = True  # False: a task on 2008 without highest run level (UAC)
    credentials: bool = False

    @property
    def can_go_on(self) -> bool:
        """Whether this logon reaches the directory and shares (no double hop over a network logon)."""
        return self.kind != "network" or self.credentials


class Ended:
    """Set once, at a process's end; as threading.Event, but some thousands of them cost next to nothing."""

    __slots__ = ("_running",)

    def __init__(self) -> None:
        self._running = threading.Lock()
        self._running.acquire()

    def set(self) -> None:
        """It has ended; once is enough."""
        with suppress(RuntimeError):
            self._running.release()

    def is_set(self) -> bool:
        """Whether it has ended."""
        return not self._running.locked()

    def wait(self, seconds: float = -1) -> bool:
        """Wait for the end, at most for real seconds; returns whether it is there."""
        if not self._running.acquire(timeout=seconds):
            return False
        self.set()
        return True


@dataclass(slots=True, eq=False)
class Process:
    """One process. argv[0] is the program as typed; line is the whole command line as the program gets it."""

    host: Host
    argv: list[str]
    line: str
    logon: Logon
    stdin: Stdin
    stdout: Sink
    stderr: Sink
    codepage: str = "cp437"
    env: dict[str, str] = field(default_factory=dict)
    cwd: str = "C:\\"
    pid: int = 0
    parent: Process | None = None
    killed: bool = False
    children: list[Process] = field(default_factory=list)
    exit_code: int | None = None
    done: Ended = field(default_factory=Ended)

    def out(self, text: str) -> None:
        """Write text to standard output; line ends become CR LF, the code page is the console's."""
        self.stdout.write(self._encode(text))

    def err(self, text: str) -> None:
        """Write text to standard error."""
        self.stderr.write(self._encode(text))

    def alive(self) -> bool:
        """False once this process, or one above it, was killed."""
        return not self.killed and (self.parent is None or self.parent.alive())

    def check(self) -> None:
        """Raise Killed if this process is to end."""
        if not self.alive():
            raise Killed(self.line)

    def sleep(self, seconds: float) -> None:
        """Wait lab seconds; raises Killed as soon as the process is ended."""
        clock = self.host.world.clock
        end = clock.now() + seconds
        while True:
            self.check()
            left = end - clock.now()
            if left <= 0:
                return
            clock.sleep(min(left, 5.0))

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait up to lab seconds for a condition; returns whether it came true."""
        clock = self.host.world.clock
        end = clock.now() + seconds
        while not condition():
            if clock.now() >= end:
                return False
            self.sleep(_STEP)
        return True

    def kill(self) -> None:
        """End this process and all below it."""
        self.killed = True
        for child in self.children:
            child.kill()

    def _encode(self, text: str) -> bytes:
        return encoded(text.replace("\r\n", "\n").replace("\n", "\r\n"), self.codepage)


def encoded(text: str, codepage: str) -> bytes:
    """Text in a code page; what it has no character for becomes a question mark."""
    if text.isascii() and _holds_ascii(codepage):
        return text.encode("ascii")  # code pages are slow tables
    return text.encode(codepage, "replace")


@cache
def _holds_ascii(codepage: str) -> bool:
    plain = bytes(range(128))
    return plain.decode(codepage, "replace").encode("utf-8") == plain


Program = Callable[[Process], int]
