# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Batch files: read line by line from the disk, as they are at that moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import words
from .context import Context
from .expand import Arguments, expand_percent
from .nodes import Node
from .parser import DELIMITERS, MAX_LINE, CommandSyntaxError, parse
from .shell import Abandoned, EndBatch, Frame, Goto
from .streams import Handles

if TYPE_CHECKING:
    from .interpreter import Interpreter

_LABEL_ENDS = " \t:+,;=&<>|\r\n"


def run_file(interpreter: Interpreter, path: str, name: str, tail: str, handles: Handles) -> int:
    """Run a batch file with its arguments; its return code is that of its last command."""
    if interpreter.shell.proc.codepage.lower() in ("cp65001", "utf-8", "utf8"):
        return 0  # these Windows can't read batch files in that code page and say nothing (transport.md 1)
    return _run(interpreter, Frame(path, _arguments(name, tail)), handles)


def call_label(interpreter: Interpreter, label: str, tail: str, handles: Handles) -> int:
    """CALL :label: the same file once more, from the label on."""
    outer = interpreter.shell.frame
    at = Context(interpreter, handles)
    if outer is None:
        return at.fail("Invalid attempt to call batch label outside of batch script.")
    frame = Frame(outer.path, _arguments(label, tail), outer.position)
    if not _go_to(interpreter, frame, label.lstrip(":")):
        return _no_label(interpreter, label.lstrip(":"), handles)
    return _run(interpreter, frame, handles)


def _arguments(name: str, tail: str) -> Arguments:
    return Arguments([name, *words(tail)], tail.lstrip(DELIMITERS))


def _run(interpreter: Interpreter, frame: Frame, handles: Handles) -> int:
    shell = interpreter.shell
    outer, shell.frame = shell.frame, frame
    variables, shell.variables = shell.variables, {}
    try:
        return _lines(interpreter, frame, handles)
    except EndBatch as end:
        return end.code
    finally:
        if frame.saved:
            shell.restore(frame.saved[0])
        shell.frame, shell.variables = outer, variables


def _lines(interpreter: Interpreter, frame: Frame, handles: Handles) -> int:
    code = 0
    while (line := _next_line(interpreter, frame, handles)) is not None:
        try:
            code = _run_line(interpreter, frame, line, code, handles)
        except Goto as jump:
            code = 0
            if not _go_to(interpreter, frame, jump.label):
                raise EndBatch(_no_label(interpreter, jump.label, handles)) from None
    return code


def _run_line(interpreter: Interpreter, frame: Frame, line: str, code: int, handles: Handles) -> int:
    if line.lstrip(DELIMITERS).startswith(":"):
        return code
    try:
        node = parse(line, lambda: _next_line(interpreter, frame, handles))
    except CommandSyntaxError as error:
        interpreter.explain(error, handles)
        raise Abandoned from None
    if node is None:
        return code
    show(interpreter, node, handles)
    return interpreter.run(node, handles)


def show(interpreter: Interpreter, node: Node, handles: Handles) -> None:
    """Echo a command behind the prompt, unless echo is off or it began with '@'."""
    shell = interpreter.shell
    if shell.echo and not node.quiet:
        Context(interpreter, handles).write(f"\n{shell.proc.cwd}>{interpreter.substitute(node.source)} \n")


def _next_line(interpreter: Interpreter, frame: Frame, handles: Handles) -> str | None:
    """The next line with its percent signs expanded."""
    raw = _raw_line(interpreter, frame, handles)
    if raw is None:
        return None
    line = expand_percent(raw, interpreter.shell.variable, frame.arguments, interpreter.modify)
    if len(line) > MAX_LINE:
        Context(interpreter, handles).fail("The input line is too long.")
        raise Abandoned
    return line


def _raw_line(interpreter: Interpreter, frame: Frame, handles: Handles) -> str | None:
    shell = interpreter.shell
    shell.proc.check()
    file = shell.files.entry(frame.path)
    if file is None:
        shell.errorlevel = Context(interpreter, handles).fail("The batch file cannot be found.")
        raise EndBatch(1)
    if frame.position >= len(file.data):
        return None
    end = file.data.find(b"\n", frame.position)
    end = len(file.data) if end < 0 else end
    line = file.data[frame.position : end]
    frame.position = end + 1
    return line.rstrip(b"\r").decode(shell.proc.codepage, "replace")


def _go_to(interpreter: Interpreter, frame: Frame, label: str) -> bool:
    """Move behind a label: the first one below, else the first one from the top."""
    file = interpreter.shell.files.entry(frame.path)
    data = file.data if file else b""
    wanted = _label(label)
    starts = [frame.position, 0]
    for start in starts:
        position = start
        for raw in data[start:].splitlines(keepends=True):
            position += len(raw)
            text = raw.decode(interpreter.shell.proc.codepage, "replace").lstrip(DELIMITERS)
            if text.startswith(":") and _label(text[1:]) == wanted:
                frame.position = position
                return True
    return False


def _label(text: str) -> str:
    text = text.lstrip(DELIMITERS)
    end = next((place for place, char in enumerate(text) if char in _LABEL_ENDS), len(text))
    return text[:end].lower()


def _no_label(interpreter: Interpreter, label: str, handles: Handles) -> int:
    interpreter.shell.errorlevel = 1
    english = "The system cannot find the batch label specified - {label}"
    return Context(interpreter, handles).fail(english, label=label)
