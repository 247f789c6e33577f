# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""A node that one can run cmd.exe commands on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ._cmdline import command_line

_READ_LIMIT = 120.0  # seconds for a command that only looks


@dataclass(frozen=True)
class Result:
    """What a command gave: exit code and decoded text, line ends as they came."""

    rc: int
    stdout: str = ""
    stderr: str = ""

    @property
    def text(self) -> str:
        """Both streams: which one a Windows tool uses for its errors is not known."""
        return f"{self.stdout}\n{self.stderr}" if self.stderr else self.stdout


Hear = Callable[[bytes], None]


class ChannelLost(Exception):
    """The way to the node broke. started: whether the command may have begun; then its end is unknown.

    silent: nobody answered at all, as while the node restarts; a login that was refused is an answer.
    """

    def __init__(self, node: str, reason: str, *, started: bool, silent: bool = False) -> None:
        super().__init__(f"{node}: {reason}")
        self.silent = silent
        self.node = node
        self.reason = reason
        self.started = started


class Channel(Protocol):
    """How a node is reached: one cmd.exe command line in, a Result out; raises ChannelLost."""

    def run(self, line: str, *, stdin: bytes | None, timeout: float, hear: Hear | None = None) -> Result:
        """timeout in seconds; stdin is sent and closed, None leaves it alone; hear gets standard output as it comes."""

    def reset(self) -> None:
        """Forget the connection, so that the next run makes a new one."""


class ActInCheckMode(Exception):
    """A module tried to change something in check mode: a defect of the module, and nothing was run."""


@dataclass
class Node:
    """One host of the inventory, over one channel.

    read() looks, act() changes: act() refuses in check mode and notes the command line for the result's `commands`.
    """

    name: str
    channel: Channel
    check_mode: bool = False
    commands: list[str] = field(default_factory=list)

    def read(self, argv: Sequence[str], *, timeout: float = _READ_LIMIT) -> Result:
        """Run a command that changes nothing."""
        return self.channel.run(command_line(argv), stdin=None, timeout=timeout)

    def read_line(
        self, line: str, *, timeout: float = _READ_LIMIT, stdin: bytes | None = None, again: bool = False
    ) -> Result:
        """Run a finished command line that changes nothing.

        again: asked once more, over a new connection, when the connection broke under it. Whoever looks in a loop
        anyway does without.
        """
        if again:
            return self._repeatable(lambda: self.channel.run(line, stdin=stdin, timeout=timeout))
        return self.channel.run(line, stdin=stdin, timeout=timeout)

    def read_all(self, lines: Iterable[str], *, timeout: float = _READ_LIMIT, again: bool = False) -> list[Result]:
        """Run finished command lines that change nothing in one round trip; stderr is in stdout; again: as above.

        A marker line with the exit code after each splits them (sources.md: cmd-quoting): an undefined name stays as
        typed on a command line, so the second expansion by `call` is the one that sees ERRORLEVEL.
        """
        wanted = list(lines)
        if not wanted:
            return []
        joined = " & ".join(f"{line} 2>&1 & call echo {_MARK}%^ERRORLEVEL%" for line in wanted)
        results = _split(self.read_line(joined, timeout=timeout, again=again).stdout)
        if len(results) == len(wanted) and all(result is not None for result in results):
            return [result for result in results if result is not None]
        return [self.read_line(line, timeout=timeout, again=again) for line in wanted]

    def act(self, argv: Sequence[str], *, timeout: float) -> Result:
        """Run a command that changes something, and note it."""
        return self.act_line(command_line(argv), timeout=timeout)

    def act_line(
        self,
        line: str,
        *,
        timeout: float,
        stdin: bytes | None = None,
        shown: str | None = None,
        hear: Hear | None = None,
        again: bool = False,
    ) -> Result:
        """Run a finished command line that changes something; shown replaces it where it would give away a secret.

        hear gets standard output while the command runs. again: doing it twice does no harm, so that it is sent once
        more when the connection broke and nobody knows how it ended.
        """
        if self.check_mode:
            raise ActInCheckMode(f"{self.name}: {shown or line}")
        self.commands.append(shown or line)
        if hear is not None:
            return self.channel.run(line, stdin=stdin, timeout=timeout, hear=hear)
        if again:
            return self._repeatable(lambda: self.channel.run(line, stdin=stdin, timeout=timeout))
        return self.channel.run(line, stdin=stdin, timeout=timeout)

    def _repeatable(self, run: Callable[[], Result]) -> Result:
        """Run, and run once more over a new connection when one broke under it; ChannelLost when that breaks too."""
        try:
            return run()
        except ChannelLost as lost:
            if not lost.started:
                raise
            self.channel.reset()
            return run()


_MARK = "mailops:rc="
_MARK_LINE = re.compile(rf"{re.escape(_MARK)}(-?[0-9]{{1,10}}(?![0-9]))?[^\r\n]*(?:[\r\n]+|$)")


def _split(text: str) -> list[Result | None]:
    """Cut the output of joined commands at their markers; None where the exit code can't be read."""
    results: list[Result | None] = []
    start = 0
    for mark in _MARK_LINE.finditer(text):
        rc = mark.group(1)
        results.append(None if rc is None else Result(int(rc), text[start : mark.start()]))
        start = mark.end()
    return results
