# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Programs and batch files started from PowerShell: their output becomes strings, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..cmd.environment import Environment
from ..cmd.launch import find_program, is_batch, new_process, run_program
from ..cmd.shell import Shell
from ..cmd.streams import BufferSink, BytesStdin, Handles
from .binding import Typed
from .errors import ErrorRecord
from .values import each, to_text

if TYPE_CHECKING:
    from .session import Session


def find(session: Session, name: str) -> str | None:
    """The file that a name starts; a file of the current folder only when it is named with a path."""
    found = find_program(_shell(session), name)
    here = "\\" in name or "/" in name or ":" in name
    beside = (
        found is not None and not here and found.rpartition("\\")[0].lower() == session.proc.cwd.rstrip("\\").lower()
    )
    return None if beside else found


def words(typed: Sequence[Typed]) -> list[str]:
    """The arguments as a program gets them."""
    found = []
    for argument in typed:
        values = [to_text(item) for item in each(argument.value)] if argument.given else []
        if argument.name:
            found.append(f"-{argument.name}" + (f":{' '.join(values)}" if argument.given else ""))
        else:
            found += values
    return found


def run(session: Session, path: str, arguments: Sequence[str], piped: Sequence[Any]) -> Iterator[str]:
    """Run a program to its end; its output lines, $LASTEXITCODE and $?."""
    out, err = BufferSink(), BufferSink()
    page = session.proc.codepage
    text = "".join(to_text(item) + "\r\n" for item in piped)
    stdin = BytesStdin(text.encode(page, "replace"), page) if piped else session.proc.stdin
    program, line = _line(session, path, arguments)
    child = new_process(_shell(session), line, Handles({0: stdin, 1: out, 2: err}))
    code = run_program(child, program)
    yield from _lines(out.data, page)
    _say_errors(session, _lines(err.data, page))
    session.scopes[0]["lastexitcode"] = code
    session.program_failed = code != 0


def _shell(session: Session) -> Shell:
    return Shell(session.proc, Environment(session.proc.env))


def _line(session: Session, path: str, arguments: Sequence[str]) -> tuple[str, str]:
    """The file to start and its command line; a batch file is started by cmd.exe."""
    line = " ".join([_quoted(path), *map(_quoted, arguments)])
    if not is_batch(path):
        return path, line
    shell = session.proc.env.get("ComSpec", r"C:\WINDOWS\system32\cmd.exe")
    return shell, f'{shell} /c "{line}"'


def _quoted(word: str) -> str:
    # PowerShell 1.0 puts quotes around a blank and does nothing about quotes that are there
    return f'"{word}"' if (" " in word or not word) and not word.startswith('"') else word


def _lines(data: bytes, page: str) -> list[str]:
    text = data.decode(page, "replace").replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n") if text else []


def _say_errors(session: Session, lines: Sequence[str]) -> None:
    if session.error_sink == session.console.error:
        session.proc.err("".join(line + "\n" for line in lines))
        return
    for line in lines:
        session.error_sink(ErrorRecord(line, identifier="NativeCommandError"))
