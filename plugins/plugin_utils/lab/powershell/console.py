# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The console of one powershell.exe: what it writes, what it asks, and in which language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import language
from .errors import ErrorRecord, ParseError, PSError
from .formatting import UNWRAPPED, WIDTH, wrapped

if TYPE_CHECKING:
    from ..process import Process

_CHOICES = '[Y] Yes  [A] Yes to All  [N] No  [L] No to All  [S] Suspend  [?] Help (default is "Y"): '
_NON_INTERACTIVE = "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available."
_NO_PROMPT = (
    "A command that prompts the user failed because the host program or the command type does not support user "
    "interaction."
)


class Console:
    """Writes to the process and reads answers from its standard input."""

    def __init__(self, proc: Process, interactive: bool = True) -> None:
        self.proc = proc
        self.interactive = interactive
        self.drained = False  # -Command has read standard input to its end, nothing is left to answer with
        knobs = proc.host.world.physics.knobs
        self.width = WIDTH if getattr(knobs, "shell_wraps", True) else UNWRAPPED

    def out(self, text: str) -> None:
        """Write to standard output, as it is."""
        self.proc.out(text)

    def error(self, record: ErrorRecord) -> None:
        """Write an error to standard error."""
        place = record.extent.message() if record.extent else ""
        head = f"{record.activity} : {record.message}" if record.activity else record.message
        self._error_lines(f"{head}\n{self._place(place)}" if place else head)

    def parse_error(self, error: ParseError) -> None:
        """Say why a text isn't run."""
        self._error_lines(f"{self.translated(error.message)}\n{self._place(error.extent.message())}")

    def warn(self, message: str) -> None:
        """WARNING: message; PowerShell 1.0 writes it to standard output."""
        self.out("".join(line + "\n" for line in wrapped(self.translated(f"WARNING: {message}"), self.width)))

    def translated(self, english: str) -> str:
        """A message in the language of the host; what stands in quotes or brackets, and paths, are names."""
        return language.of(self.proc.host).sentence(english)

    def confirm(self, question: str) -> bool:
        """Ask before a change; PSError when nobody can answer."""
        self.out("\n" + self.translated(f"Confirm\nAre you sure you want to perform this action?\n{question}") + "\n")
        while True:
            self.out(self.translated(_CHOICES))
            answer = self.answer().strip().lower()
            if answer in ("", "y", "a"):
                return True
            if answer in ("n", "l"):
                return False

    def missing(self, cmdlet: str, names: Sequence[str]) -> dict[str, str]:
        """Ask for mandatory parameters that were not given."""
        if not self.interactive or self.drained:
            listed = " ".join(names)
            raise PSError(f"Cannot process command because of one or more missing mandatory parameters: '{listed}'.")
        self.out(self.translated(f"\ncmdlet '{cmdlet}' at command pipeline position 1\n"))
        self.out(self.translated("Supply values for the following parameters:\n"))
        found = {}
        for name in names:
            self.out(f"{name}: ")
            found[name] = self.answer()
        return found

    def answer(self) -> str:
        """One line from standard input; PSError when there is none to come."""
        if not self.interactive:
            raise PSError(_NON_INTERACTIVE)
        line = None if self.drained else self.proc.stdin.readline(self.proc.alive)
        if line is None:
            raise PSError(_NO_PROMPT)
        return line

    def _place(self, place: str) -> str:
        head, _newline, rest = place.partition("\n")
        return f"{self.translated(head)}\n{rest}"

    def _error_lines(self, text: str) -> None:
        self.proc.err("".join(line + "\n" for line in wrapped(text, self.width)))
