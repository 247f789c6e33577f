# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""How a script leaves its straight path: errors with their place, and the jumps of break, return and exit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Extent:
    """A place in a script; offset is where the marker `<<<<` goes, counted from the start of text."""

    text: str
    offset: int

    def message(self) -> str:
        """The two lines that PowerShell 1.0 adds to an error, without an end of line."""
        start = self.text.rfind("\n", 0, self.offset) + 1
        end = self.text.find("\n", self.offset)
        line = self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")
        number = self.text.count("\n", 0, self.offset) + 1
        column = self.offset - start
        return f"At line:{number} char:{column}\n+ {line[:column]} <<<< {line[column:]}"


class ParseError(Exception):
    """The text is no PowerShell 1.0; nothing of it is run."""

    def __init__(self, message: str, extent: Extent) -> None:
        super().__init__(message)
        self.message = message
        self.extent = extent


@dataclass
class ErrorRecord:
    """What $_ is in a trap and what $Error holds. activity is the cmdlet's name, empty for an error of the language."""

    message: str
    activity: str = ""
    extent: Extent | None = None
    target: Any = None
    identifier: str = "RuntimeException"
    type_name: str = "System.Management.Automation.RuntimeException"

    def text(self) -> str:
        """The record as PowerShell 1.0 shows it."""
        head = f"{self.activity} : {self.message}" if self.activity else self.message
        return f"{head}\n{self.extent.message()}" if self.extent else head


class PSError(Exception):
    """A terminating error. fatal: it ends the script (throw, ErrorActionPreference Stop) and not just one statement."""

    def __init__(self, record: ErrorRecord | str, fatal: bool = False) -> None:
        self.record = ErrorRecord(record) if isinstance(record, str) else record
        self.fatal = fatal
        self.handled = False  # a trap ended with continue
        super().__init__(self.record.message)


class Jump(Exception):
    """A jump that is no error."""


class LoopJump(Jump):
    """break or continue."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Return(Jump):
    """return: ends the script block or function; its value was written before."""


class Exit(Jump):
    """exit N, or [Environment]::Exit(N)."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code
