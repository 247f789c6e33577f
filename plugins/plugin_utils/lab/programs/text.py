# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""find, sort, more, fc."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..files import FileSystemError
from .common import fail, lines_of, matching_files, read_file, read_input, say

if TYPE_CHECKING:
    from ..process import Process

_FIND = re.compile(r'(?P<before>(?:\s*/\w+)*)\s*"(?P<text>(?:[^"]|"")*)"(?P<after>.*)', re.DOTALL)
_UTF16 = b"\xff\xfe"


@dataclass(frozen=True)
class _Search:
    text: str
    switches: frozenset[str]

    def finds(self, line: str) -> bool:
        """Nothing contains the empty text, so that find /v "" shows all lines."""
        text, line = (self.text.lower(), line.lower()) if "/i" in self.switches else (self.text, line)
        return (bool(text) and text in line) != ("/v" in self.switches)

    def report(self, proc: Process, title: str, lines: list[str]) -> bool:
        """Print what is found under a title; whether anything was."""
        found = [(number, line) for number, line in enumerate(lines, 1) if self.finds(line)]
        counts = "/c" in self.switches
        if title:
            proc.out(f"\n---------- {title.upper()}" + ("" if counts else "\n"))
        if counts:
            proc.out((": " if title else "") + f"{len(found)}\n")
        else:
            numbered = "/n" in self.switches
            proc.out("".join(f"[{number}]{line}\n" if numbered else f"{line}\n" for number, line in found))
        return bool(found)


def find(proc: Process) -> int:
    """find [/v] [/c] [/n] [/i] "text" [file…]: 0 found, 1 not found, 2 wrong arguments."""
    parsed = _FIND.fullmatch(re.sub(r'^(?:"[^"]*"|[^\s"/])+', "", proc.line))
    if not parsed:
        return fail(proc, 2, "FIND: Parameter format not correct")
    words = re.findall(r'"[^"]*"|[^\s"]+', parsed["after"])
    switches = [word.lower() for word in [*parsed["before"].split(), *words] if word.startswith("/")]
    search = _Search(parsed["text"].replace('""', '"'), frozenset(switches))
    names = [word.strip('"') for word in words if not word.startswith("/")]
    if not names:
        return 0 if search.report(proc, "", lines_of(proc, read_input(proc))) else 1
    found = [_find_in(proc, search, name) for pattern in names for name in matching_files(proc, pattern)]
    return 0 if any(found) else 1


def _find_in(proc: Process, search: _Search, name: str) -> bool:
    try:
        data = read_file(proc, name)
    except FileSystemError:
        fail(proc, 1, "File not found - {name}", name=name.upper())
        return False
    return search.report(proc, name, lines_of(proc, data))


def sort(proc: Process) -> int:
    """sort [/r] [file]: by text, case ignored."""
    names = [word for word in proc.argv[1:] if not word.startswith("/")]
    try:
        data = read_file(proc, names[0]) if names else read_input(proc)
    except FileSystemError:
        return fail(proc, 1, "{name}The system cannot find the file specified.", name=names[0])
    backwards = any(word.lower().startswith("/r") for word in proc.argv[1:])
    proc.out("".join(f"{line}\n" for line in sorted(lines_of(proc, data), key=str.lower, reverse=backwards)))
    return 0


def more(proc: Process) -> int:
    """more [file…]: everything at once, as there is no console; UTF-16 is converted, an empty line follows."""
    names = [word for word in proc.argv[1:] if not word.startswith(("/", "+"))]
    try:
        contents = [read_file(proc, name) for name in names] or [read_input(proc)]
    except FileSystemError:
        return fail(proc, 1, "Cannot access file {name}", name=names[-1])
    for data in contents:
        proc.out("".join(f"{line.expandtabs(8)}\n" for line in lines_of(proc, _from_utf16(proc, data))) + "\n")
    return 0


def _from_utf16(proc: Process, data: bytes) -> bytes:
    if not data.startswith(_UTF16):
        return data
    return data[2:].decode("utf-16-le", "replace").encode(proc.codepage, "replace")


def fc(proc: Process) -> int:
    """fc [/b] file file: 0 alike, 1 different, 2 a file is missing."""
    names = [word for word in proc.argv[1:] if not word.startswith("/")]
    if len(names) != 2:
        return fail(proc, -1, "FC: Wrong number of arguments.")
    contents = []
    for name in names:
        try:
            contents.append(read_file(proc, name))
        except FileSystemError:
            return fail(proc, 2, "FC: cannot open {name} - No such file or folder", name=name.upper())
    first, second = (name.upper() for name in names)
    say(proc, "Comparing files {first} and {second}", first=names[0], second=second)
    if contents[0] == contents[1]:
        say(proc, "FC: no differences encountered\n")
        return 0
    binary = any(word.lower() == "/b" for word in proc.argv[1:])
    (_show_bytes if binary else _show_lines)(proc, first, second, contents)
    return 1


def _show_bytes(proc: Process, first: str, second: str, contents: list[bytes]) -> None:
    for place, (one, other) in enumerate(zip(*contents, strict=False)):
        if one != other:
            proc.out(f"{place:08X}: {one:02X} {other:02X}\n")
    lengths = [len(content) for content in contents]
    if lengths[0] != lengths[1]:
        longer, shorter = (first, second) if lengths[0] > lengths[1] else (second, first)
        say(proc, "FC: {longer} longer than {shorter}\n", longer=longer, shorter=shorter)


def _show_lines(proc: Process, first: str, second: str, contents: list[bytes]) -> None:
    for name, content in zip((first, second), contents, strict=True):
        proc.out(f"***** {name}\n" + "".join(f"{line}\n" for line in lines_of(proc, content)))
    proc.out("*****\n\n")
