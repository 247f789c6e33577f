# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The state of one cmd.exe: variables, folder, error level, the batch files it is in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import randrange

from .. import language
from ..files import ACCESS_DENIED, FileSystem, FileSystemError, absolute, base_name, is_share
from ..process import Process, encoded
from .arguments import unquote
from .environment import Environment
from .expand import Arguments


class Goto(Exception):
    """GOTO: whatever the batch file was in the middle of is left."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class EndBatch(Exception):
    """The innermost batch file or called label is over."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ExitShell(Exception):
    """This cmd.exe is over."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Abandoned(ExitShell):
    """This cmd.exe gives up: a syntax error in a batch file, or a bare command of a pipe that isn't there."""

    def __init__(self) -> None:
        super().__init__(255)


@dataclass(frozen=True)
class Saved:
    """What SETLOCAL keeps for ENDLOCAL."""

    env: Environment
    cwd: str
    delayed: bool


@dataclass
class Frame:
    """A batch file or called label that runs; position is the next byte that is read from the file."""

    path: str
    arguments: Arguments
    position: int = 0
    saved: list[Saved] = field(default_factory=list)


@dataclass
class Shell:
    """One cmd.exe. echo: whether the lines of batch files are shown; delayed: whether '!' is special.

    abandons: a program that isn't there ends the whole command interpreter (a bare command in a pipe).
    """

    proc: Process
    env: Environment
    delayed: bool = False
    echo: bool = True
    abandons: bool = False
    errorlevel: int = 0
    frame: Frame | None = None
    variables: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    @property
    def files(self) -> FileSystem:
        return self.proc.host.files

    def variable(self, name: str) -> str | None:
        """A variable of the environment, or one of those that cmd.exe makes up when asked."""
        value = self.env.get(name)
        return value if value is not None else self._dynamic(name.lower())

    def path(self, name: str) -> str:
        """The full path of a file name; a share can't be reached with a network logon (transport.md 7)."""
        path = absolute(unquote(name), self.proc.cwd)
        if is_share(path) and not self.proc.logon.can_go_on:
            raise FileSystemError(ACCESS_DENIED, path)
        return path

    def date(self, at: float | None = None) -> datetime:
        """What the computer's clock shows, or showed at a lab time."""
        world = self.proc.host.world
        return world.date() if at is None else world.start_date + timedelta(seconds=at)

    def day(self) -> str:
        """The date as DATE /T and %DATE% show it; the other culture has no day of the week."""
        return language.of(self.proc.host).day(self.date(), "%a %m/%d/%Y")

    def stamp(self, at: float | None = None, blanks: str = " ") -> str:
        """Date and time of day in the culture of this Windows, now or at a lab time."""
        words, moment = language.of(self.proc.host), self.date(at)
        return words.day(moment) + blanks + words.clock(moment)

    def text(self, english: str, **arguments: object) -> str:
        """A sentence in the language of this Windows."""
        return language.of(self.proc.host).text(english, **arguments)

    def encode(self, text: str) -> bytes:
        """Text as it is written: in the console's code page, with CR LF."""
        return encoded(text.replace("\n", "\r\n"), self.proc.codepage)

    def effect(self, what: str, path: str) -> None:
        """Tell the ground truth that a file changed."""
        self.proc.host.world.truth.effect(self.proc.host, "file", what, path, self.proc)

    def save(self) -> Saved:
        return Saved(self.env.copy(), self.proc.cwd, self.delayed)

    def restore(self, saved: Saved) -> None:
        self.env, self.proc.cwd, self.delayed = saved.env, saved.cwd, saved.delayed

    def fork(self, keep_delayed: bool = False) -> Shell:
        """A cmd.exe below this one, for one side of a pipe or FOR /F: outside of any batch file."""
        proc = replace(self.proc, parent=self.proc, children=[])
        self.proc.children.append(proc)
        return Shell(proc, self.env.copy(), self.delayed and keep_delayed, variables=dict(self.variables))

    def _dynamic(self, name: str) -> str | None:
        make = _MADE_UP.get(name)
        return make(self) if make else None

    def time(self) -> str:
        """The time of day as %TIME% shows it."""
        now = self.date()
        return f"{now.hour:2}:{now:%M:%S}.{now.microsecond // 10000:02}"


_MADE_UP: dict[str, Callable[[Shell], str]] = {
    "errorlevel": lambda shell: str(shell.errorlevel),
    "cd": lambda shell: shell.proc.cwd,
    "date": Shell.day,
    "time": Shell.time,
    "random": lambda _shell: str(randrange(32768)),  # noqa: S311 - %RANDOM% is no secret
    "cmdextversion": lambda _shell: "2",
    "cmdcmdline": lambda shell: shell.proc.line,
}


def is_device(path: str) -> bool:
    """Whether a path names NUL or the console, in whatever folder."""
    return base_name(path).partition(".")[0].lower() in ("nul", "con")
