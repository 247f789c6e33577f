# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What a built-in command works with: the shell and its handles."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..files import FileSystem
from ..winerror import system_message
from .shell import Shell
from .streams import Handles

if TYPE_CHECKING:
    from .interpreter import Interpreter


class Context(NamedTuple):
    """Given to every built-in command."""

    interpreter: Interpreter
    handles: Handles

    @property
    def shell(self) -> Shell:
        return self.interpreter.shell

    @property
    def files(self) -> FileSystem:
        return self.shell.files

    def out(self, english: str, **arguments: object) -> None:
        """Say something on standard output."""
        self.write(self.shell.text(english, **arguments))

    def write(self, text: str) -> None:
        """Write text as it is, untranslated, to standard output."""
        self.handles.stdout.write(self.shell.encode(text))

    def err(self, english: str, **arguments: object) -> None:
        """Say something on standard error."""
        self.handles.stderr.write(self.shell.encode(self.shell.text(english, **arguments)))

    def fail(self, english: str, **arguments: object) -> int:
        """Say on standard error why it doesn't work, and return 1."""
        self.err(english + "\n", **arguments)
        return 1

    def fail_with(self, code: int) -> int:
        """The system's own sentence for a Win32 error; returns 1."""
        return self.fail(system_message(code) or str(code))

    def bad_syntax(self) -> int:
        return self.fail("The syntax of the command is incorrect.")

    def ask(self, question: str, **arguments: object) -> str | None:
        """Ask and read one line; None when there is nothing to read."""
        self.out(question, **arguments)
        answer = self.handles.stdin.readline(self.shell.proc.alive)
        self.write("\n")
        return answer

    def agreed(self, question: str, **arguments: object) -> bool:
        """Whether the answer begins with the letter for yes; asked again as long as it makes no sense."""
        while (answer := self.ask(question, **arguments)) is not None:
            if answer.strip()[:1].lower() in ("y", "a", "n"):
                return answer.strip()[0].lower() != "n"
        return False
