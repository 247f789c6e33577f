# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What Setup.com writes: its console grammar (exchange.md 3.2) and ExchangeSetup.log (4.4)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from .. import exchange_registry, language
from ..files import FileSystemError

if TYPE_CHECKING:
    from ..process import Process
    from ..settings import Knobs

WIDTH = 80
NAME_WIDTH = 33
DOTS = "." * 25
FOLDER = r"C:\ExchangeSetupLogs"
LOG = FOLDER + r"\ExchangeSetup.log"
_PARTS = 5  # how often a running step shows its progress


class Console:
    """Lines, headings and step lines, localised and wrapped as the knobs say."""

    def __init__(self, proc: Process, knobs: Knobs) -> None:
        self._proc = proc
        self._knobs = knobs
        self._words = language.of(proc.host)

    def line(self, english: str, indent: int = 0) -> None:
        """A line that wraps hard at 80 columns, in the middle of words."""
        text = " " * indent + self._words.sentence(english)
        if self._knobs.setup_wraps:
            parts = [text[i : i + WIDTH] for i in range(0, len(text), WIDTH)] or [""]
            text = "\n".join(parts)
        self._proc.out(text + "\n")

    def begin(self, name: str) -> None:
        """The left part of a step line."""
        self._proc.out(self._left(name))

    def work(self, name: str, seconds: float) -> None:
        """Let a step take its time, with percentages or dots redrawn on the way."""
        for part in range(1, _PARTS + 1):
            self._proc.sleep(seconds / _PARTS)
            if part < _PARTS:
                self._redraw(name, f"{part * 100 // _PARTS:3d}%")

    def end(self, name: str, word: str) -> None:
        """The right part: dots and COMPLETED or FAILED."""
        left = "\r" + self._left(name) if self._knobs.setup_redraws == "carriage_return" else ""
        self._proc.out(f"{left}{DOTS} {self._words.text(word)}\n")

    def _redraw(self, name: str, percent: str) -> None:
        if self._knobs.setup_redraws == "backspace":
            self._proc.out(percent + "\b" * len(percent))
        elif self._knobs.setup_redraws == "carriage_return":
            self._proc.out("\r" + self._left(name) + percent)

    def _left(self, name: str) -> str:
        return "    " + self._words.text(name).ljust(NAME_WIDTH)


class Log:
    """ExchangeSetup.log: every run appends."""

    def __init__(self, proc: Process) -> None:
        self._proc = proc
        proc.host.files.mkdir(FOLDER, exist_ok=True)
        proc.host.world.truth.effect(proc.host, "file", LOG, proc=proc)

    def write(self, text: str, level: int = 0) -> None:
        """One line; the date follows the culture."""
        world = self._proc.host.world
        date = world.date()
        words = language.of(self._proc.host)
        day = words.day(date, f"{date.month}/{date.day}/{date.year}")
        clock = f"{date.hour % 12 or 12}:{date:%M:%S %p}" if words.code == "en" else f"{date:%H:%M:%S}"
        self._save(LOG, f"[{day} {clock}] [{level}] {text}\r\n".encode("cp1252", "replace"))

    def script(self, action: str, role: str, steps: list[str]) -> None:
        """The script of a task: the ID of a line is the start of the watermark of its step (exchange.md 4.4)."""
        name = f"{FOLDER}\\{action}-{role}-{self._proc.host.world.date():%Y%m%d-%H%M%S}.ps1"
        for number, step in enumerate(steps, 1):
            # assumption: how ID and watermark belong together, and what stands before the comment
            mark = exchange_registry.watermark(action, step)[:8]
            line = f"Write-ExchangeSetupLog '{step}' # [ID = {mark}, Wt = {number}, isFatal = True]\r\n"
            self._save(name, line.encode("cp1252", "replace"))

    def _save(self, path: str, data: bytes) -> None:
        with suppress(FileSystemError):  # Setup goes on when its log cannot be written
            self._proc.host.files.write(path, data, append=True)
