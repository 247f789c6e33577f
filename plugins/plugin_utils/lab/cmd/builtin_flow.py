# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""CALL, GOTO, EXIT, SHIFT, START."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..process import Killed
from . import batch
from .arguments import unquote, words
from .conditions import to_number
from .context import Context
from .expand import expand_percent
from .launch import find_program, is_batch, new_process, run_program
from .nodes import Simple
from .parser import DELIMITERS, CommandSyntaxError, parse
from .shell import EndBatch, ExitShell, Goto

if TYPE_CHECKING:
    from ..process import Process

_NOT_STARTED = 9059
_START_SWITCH = re.compile(
    r"""/(?:d\s*(?P<folder>"[^"]*"|[\\\s]\S*|\w:\S*)|(?P<waits>wait|w)\b"""
    r"""|(?:b|i|min|max|low|normal|high|realtime|abovenormal|belownormal)\b)""",
    re.IGNORECASE,
)


def call(at: Context, arguments: str) -> int:
    """CALL reads its text a second time: percent signs, and carets, which it doubled before.

    Alone it sets ERRORLEVEL to 1, with nothing but blanks to 0; so does a built-in command that succeeds under it.
    """
    shell = at.shell
    frame = shell.frame
    if not arguments.strip(DELIMITERS):
        shell.errorlevel = 0 if arguments else 1
        return shell.errorlevel
    text = arguments.lstrip(DELIMITERS).replace("^", "^^")
    text = expand_percent(text, shell.variable, frame.arguments if frame else None, at.interpreter.modify)
    if text.startswith(":"):
        label, *_rest = words(text)
        return batch.call_label(at.interpreter, label, text[len(label) :], at.handles) or shell.errorlevel
    try:
        node = parse(text)
    except CommandSyntaxError as error:
        at.interpreter.explain(error, at.handles)
        return 1
    if not isinstance(node, Simple):
        return at.interpreter.missing(words(text)[0], at.handles)
    return at.interpreter.run_called(node, at.handles)


def goto(at: Context, arguments: str) -> int:
    """GOTO label; :eof ends the file. On a command line it does nothing."""
    if at.shell.frame is None:
        return 0
    label = arguments.strip(DELIMITERS)
    if label.lower().startswith(":eof"):
        raise EndBatch(0)
    if not label:
        at.fail("No batch label specified to GOTO command.")
        raise EndBatch(1)
    raise Goto(label.lstrip(":"))


def exit_(at: Context, arguments: str) -> int:
    """EXIT [/B] [code]; without a code ERRORLEVEL stays."""
    options = words(arguments)
    only_batch = bool(options) and options[0].lower() == "/b"
    rest = options[1:] if only_batch else options
    if rest:
        at.shell.errorlevel = to_number(rest[0]) or 0
    if only_batch and at.shell.frame is not None:
        raise EndBatch(at.shell.errorlevel)
    raise ExitShell(at.shell.errorlevel)


def shift(at: Context, arguments: str) -> int:
    """SHIFT [/n]."""
    found = re.fullmatch(r"\s*(?:/([0-8]))?\s*", arguments)
    if not found:
        return at.fail("Invalid parameter to SHIFT command")
    if at.shell.frame is not None:
        at.shell.frame.arguments.shift(int(found[1] or 0))
    return 0


def start(at: Context, arguments: str) -> int:
    """START ["title"] [/B] [/WAIT] [/D folder] program …: runs beside this cmd.exe, but dies with it."""
    order = _read_start(arguments)
    word = re.match(r'(?:"[^"]*"?|[^\s"])+', order.line)
    if word is None:
        return 0
    name, line = unquote(word.group()), order.line
    path = find_program(at.shell, name)
    if path is not None and is_batch(path):
        path, line = find_program(at.shell, "cmd.exe"), f"cmd.exe /c {line}"
    if path is None:
        at.shell.errorlevel = _NOT_STARTED
        return at.fail("The system cannot find the file {name}.", name=name)
    proc = new_process(at.shell, line, at.handles)
    proc.cwd = at.shell.path(order.folder) if order.folder else proc.cwd
    if order.waits:
        at.shell.errorlevel = run_program(proc, path)
    else:
        at.shell.proc.host.world.clock.spawn(lambda: _run_alone(proc, path), f"lab-start-{proc.pid}")
    return 0


@dataclass(frozen=True)
class _Start:
    line: str
    folder: str
    waits: bool


def _read_start(arguments: str) -> _Start:
    """A first argument in quotes is the title of a window."""
    text = re.sub(r'^\s*"[^"]*"?', "", arguments).lstrip()
    folder, waits = "", False
    while found := _START_SWITCH.match(text):
        folder = found["folder"] or folder
        waits = waits or found["waits"] is not None
        text = text[found.end() :].lstrip()
    return _Start(text, unquote(folder), waits)


def _run_alone(proc: Process, path: str) -> None:
    with suppress(Killed):
        run_program(proc, path)
