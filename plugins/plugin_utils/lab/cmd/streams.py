# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Where a command reads and writes: files, buffers of a pipe, nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

from ..files import FileSystemError, WriteHandle
from ..process import Sink, Stdin


class BytesStdin:
    """Input that is there already: a file, the left side of a pipe, or nothing at all (NUL)."""

    def __init__(self, data: bytes = b"", codepage: str = "cp437") -> None:
        self._data = data
        self._codepage = codepage

    def readline(self, alive: Callable[[], bool]) -> str | None:  # noqa: ARG002 - never waits
        """One line without its end, or None at the end."""
        if not self._data:
            return None
        line, _end, self._data = self._data.partition(b"\n")
        return line.rstrip(b"\r").decode(self._codepage, "replace")

    def read(self, alive: Callable[[], bool]) -> bytes:  # noqa: ARG002 - never waits
        """All that is left."""
        data, self._data = self._data, b""
        return data


class NullSink:
    """NUL."""

    def write(self, data: bytes) -> None:
        """Forget it."""


class BufferSink:
    """Keeps what is written, for the next command of a pipe or for FOR /F."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    @property
    def data(self) -> bytes:
        """Everything so far."""
        return b"".join(self._pieces)

    def write(self, data: bytes) -> None:
        """Keep it."""
        self._pieces.append(data)


class FileSink:
    """A file of a redirection; closing it gives the file back."""

    def __init__(self, handle: WriteHandle) -> None:
        self._handle = handle

    def write(self, data: bytes) -> None:
        """Add to the file; FileSystemError 112 when the disk is full."""
        self._handle.write(data)

    def close(self) -> None:
        """Give the file back."""
        self._handle.close()


class Careless:
    """A sink as native programs see it: most don't look whether their output could be written."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: bytes) -> None:
        """Write, and lose what doesn't fit."""
        try:
            self._sink.write(data)
        except FileSystemError:
            return


class Handles(NamedTuple):
    """The numbered handles of a command. One that was opened the wrong way round reads as empty, or writes nowhere."""

    table: dict[int, Stdin | Sink]

    @property
    def stdin(self) -> Stdin:
        handle = self.table.get(0)
        return cast("Stdin", handle) if hasattr(handle, "readline") else BytesStdin()

    @property
    def stdout(self) -> Sink:
        return self._sink(1)

    @property
    def stderr(self) -> Sink:
        return self._sink(2)

    def having(self, number: int, handle: Stdin | Sink) -> Handles:
        """The same with one handle exchanged."""
        return Handles({**self.table, number: handle})

    def _sink(self, number: int) -> Sink:
        handle = self.table.get(number)
        return cast("Sink", handle) if hasattr(handle, "write") else NullSink()
