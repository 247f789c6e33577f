# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""FOR in its five forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..files import FileSystemError, base_name
from . import batch
from .arguments import unquote, words
from .conditions import to_number
from .context import Context
from .nodes import For
from .paths import expand, has_wildcard
from .streams import BufferSink, Handles

if TYPE_CHECKING:
    from .interpreter import Interpreter

_OPTION = re.compile(
    r"\s*(?:(?P<usebackq>usebackq)|skip=(?P<skip>\d+)|tokens=(?P<tokens>[\d,*-]+)|eol=(?P<eol>.)"
    r"|delims=(?P<delims>[^ ]*(?: $)?))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Fields:
    """The options of FOR /F."""

    tokens: tuple[int, ...] = (1,)
    rest: bool = False
    delims: str = " \t"
    eol: str = ";"
    skip: int = 0
    back_quotes: bool = False


def run_for(interpreter: Interpreter, node: For, handles: Handles) -> int:
    """Run the body once for every set of values; the last run's return code counts, 0 when there was none."""
    items = interpreter.substitute(node.items)
    makers = {"": _plain, "d": _plain, "l": _count, "r": _tree, "f": _fields}
    variables = interpreter.shell.variables
    code = 0
    try:
        for values in makers[node.kind](interpreter, node, items, handles):
            interpreter.shell.variables = {**variables, **values}
            batch.show(interpreter, node.body, handles)
            code = interpreter.run(node.body, handles)
    except FileSystemError as error:
        name = base_name(error.path) if error.path else ""
        return Context(interpreter, handles).fail("The system cannot find the file {name}.", name=name)
    finally:
        interpreter.shell.variables = variables
    return code


def _plain(interpreter: Interpreter, node: For, items: str, _handles: Handles) -> Iterator[dict[str, str]]:
    for item in words(items):
        for value in _files(interpreter, item, node.kind == "d") if has_wildcard(item) else [item]:
            yield {node.variable: value}


def _files(interpreter: Interpreter, pattern: str, folders: bool) -> Iterable[str]:
    """What a pattern finds, with the folder in front that the pattern has."""
    shell = interpreter.shell
    prefix = re.sub(r"[^\\:]*$", "", unquote(pattern))
    found = expand(shell.files, shell.path(pattern))
    return [prefix + base_name(path) for path in found if shell.files.is_dir(path) == folders]


def _count(_interpreter: Interpreter, node: For, items: str, _handles: Handles) -> Iterator[dict[str, str]]:
    start, step, end = [to_number(word) or 0 for word in [*words(items), "0", "0", "0"]][:3]
    while (step >= 0 and start <= end) or (step < 0 and start >= end):
        yield {node.variable: str(start)}
        start += step


def _tree(interpreter: Interpreter, node: For, items: str, _handles: Handles) -> Iterator[dict[str, str]]:
    shell = interpreter.shell
    for folder in _folders(interpreter, shell.path(interpreter.substitute(node.options) or ".")):
        for item in words(items):
            if has_wildcard(item):
                found = [path for path in expand(shell.files, f"{folder}\\{unquote(item)}") if shell.files.entry(path)]
            else:
                found = [f"{folder}\\{unquote(item)}"]
            for path in found:
                yield {node.variable: path}


def _folders(interpreter: Interpreter, folder: str) -> Iterator[str]:
    files = interpreter.shell.files
    yield folder.rstrip("\\")
    for name in files.listdir(folder):
        path = f"{folder.rstrip(chr(92))}\\{name}"
        if files.is_dir(path):
            yield from _folders(interpreter, path)


def _fields(interpreter: Interpreter, node: For, items: str, handles: Handles) -> Iterator[dict[str, str]]:
    fields = _options(unquote(interpreter.substitute(node.options)))
    names = [chr(ord(node.variable) + place) for place in range(len(fields.tokens) + fields.rest)]
    for number, line in enumerate(_lines(interpreter, fields, items.strip(), handles)):
        if number >= fields.skip and line and not line.startswith(fields.eol):
            values = _split(line, fields)
            if values is not None:
                yield dict(zip(names, values, strict=True))


def _options(text: str) -> _Fields:
    found = {name: value for match in _OPTION.finditer(text) for name, value in match.groupdict().items() if value}
    delims_given = re.search("delims=", text, re.IGNORECASE) is not None
    numbers, rest = _tokens(found.get("tokens", "1"))
    return _Fields(
        numbers,
        rest,
        found.get("delims", "") if delims_given else " \t",
        found.get("eol", ";"),
        int(found.get("skip", 0)),
        "usebackq" in found,
    )


def _tokens(text: str) -> tuple[tuple[int, ...], bool]:
    numbers: set[int] = set()
    for part in text.rstrip("*").split(","):
        first, _dash, last = part.partition("-")
        if first:
            numbers.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(numbers)), text.endswith("*")


def _split(line: str, fields: _Fields) -> list[str] | None:
    """The wanted parts of a line, or None when it hasn't the first of them."""
    found: list[str] = []
    rest = line.lstrip(fields.delims) if fields.delims else line
    last = max(fields.tokens, default=0)
    while rest and len(found) < last:
        end = next((place for place, char in enumerate(rest) if char in fields.delims), len(rest))
        found.append(rest[:end])
        rest = rest[end:].lstrip(fields.delims) if fields.delims else rest[end:]
    values = [found[number - 1] if number <= len(found) else "" for number in fields.tokens]
    if fields.rest:
        values.append(rest)
    return values if any(values) else None


def _lines(interpreter: Interpreter, fields: _Fields, items: str, handles: Handles) -> list[str]:
    string, command = ("'", "`") if fields.back_quotes else ('"', "'")
    codepage = interpreter.shell.proc.codepage
    if len(items) > 1 and items[0] == items[-1] == string:
        return [items[1:-1]]
    if len(items) > 1 and items[0] == items[-1] == command:
        return _text_lines(_output(interpreter, items[1:-1], handles).decode(codepage, "replace"))
    shell = interpreter.shell
    names = words(items)
    return [
        line for name in names for line in _text_lines(shell.files.read(shell.path(name)).decode(codepage, "replace"))
    ]


def _text_lines(text: str) -> list[str]:
    """Lines without CR LF; of CR CR LF, as wmic writes it, one CR stays (windows-cli.md 2.2)."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def _output(interpreter: Interpreter, command: str, handles: Handles) -> bytes:
    """What a command prints, run by a cmd.exe of its own."""
    buffer = BufferSink()
    interpreter.below().run_line(command, handles.having(1, buffer))
    return buffer.data
