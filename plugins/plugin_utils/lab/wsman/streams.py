# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The pipes between a shell's command and its client. Waiting here is in real seconds: the client's clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from ..process import Killed

_LOOK = 1.0  # how long a reader waits before it looks whether its process was ended by somebody else
_GATHER = 0.01  # what a program writes in one go is answered in one go


class InputPipe:
    """Standard input of a command, fed by Send; blocks its reader until End, as an open pipe does on Windows."""

    def __init__(self, codepage: str) -> None:
        self._codepage = codepage
        self._data = bytearray()
        self._ended = False
        self._changed = threading.Condition()

    def feed(self, data: bytes, end: bool) -> None:
        """Add bytes; end closes the pipe behind them."""
        with self._changed:
            self._data += data
            self._ended = self._ended or end
            self._changed.notify_all()

    def readline(self, alive: Callable[[], bool]) -> str | None:
        """One line without its end, or None at the end of input; raises Killed when alive() turns false."""
        self._wait(lambda: self._ended or b"\n" in self._data, alive)
        with self._changed:
            if not self._data:
                return None
            line, _end, rest = bytes(self._data).partition(b"\n")
            self._data[:] = rest
        return line.removesuffix(b"\r").decode(self._codepage, "replace")

    def read(self, alive: Callable[[], bool]) -> bytes:
        """Everything up to the end of input; raises Killed when alive() turns false."""
        self._wait(lambda: self._ended, alive)
        with self._changed:
            data = bytes(self._data)
            self._data.clear()
        return data

    def _wait(self, ready: Callable[[], bool], alive: Callable[[], bool]) -> None:
        with self._changed:
            while not ready():
                if not alive():
                    raise Killed("while reading standard input")
                self._changed.wait(_LOOK)
        if not alive():
            raise Killed("while reading standard input")


@dataclass(frozen=True)
class Output:
    """What came: bytes by stream; exit_code once the command has ended and nothing more is to come."""

    streams: dict[str, bytes]
    exit_code: int | None


class OutputQueue:
    """Standard output and error of a command until its client receives them."""

    def __init__(self) -> None:
        self._data = {"stdout": bytearray(), "stderr": bytearray()}
        self._exit_code: int | None = None
        self._changed = threading.Condition()

    @property
    def ended(self) -> bool:
        """Whether the command has ended; output may still wait to be received."""
        return self._exit_code is not None

    @property
    def drained(self) -> bool:
        """Whether the command has ended and all its output was received."""
        return self.ended and not any(self._data.values())

    def sink(self, stream: str) -> OutputSink:
        """Where the command writes this stream."""
        return OutputSink(self, stream)

    def write(self, stream: str, data: bytes) -> None:
        """Add bytes to a stream; what comes after the end is dropped."""
        with self._changed:
            if data and not self.ended:
                self._data[stream] += data
                self._changed.notify_all()

    def end(self, exit_code: int) -> None:
        """The command is over; the first exit code stands."""
        with self._changed:
            if not self.ended:
                self._exit_code = exit_code
                self._changed.notify_all()

    def take(self, streams: Collection[str], limit: int, seconds: float) -> Output | None:
        """Up to limit bytes of these streams, waited for no longer than seconds; None when nothing came."""
        wanted = [name for name in streams if name in self._data]
        with self._changed:
            if not self._changed.wait_for(lambda: self.ended or any(self._data[name] for name in wanted), seconds):
                return None
            self._changed.wait_for(lambda: self.ended, _GATHER)
            taken = {}
            for name in wanted:
                taken[name] = bytes(self._data[name][:limit])
                del self._data[name][:limit]
                limit -= len(taken[name])
            more = any(self._data[name] for name in wanted)
            return Output(taken, None if more else self._exit_code)


@dataclass(frozen=True)
class OutputSink:
    """One stream of an output queue, as a process sees it."""

    queue: OutputQueue
    stream: str

    def write(self, data: bytes) -> None:
        self.queue.write(self.stream, data)
