# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""findstr."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..files import FileSystemError
from .common import fail, lines_of, matching_files, read_file, read_input

if TYPE_CHECKING:
    from ..process import Process

_LETTERS = frozenset("belrsixvnmop")


class _Wrong(Exception):
    """Arguments that findstr doesn't understand."""


@dataclass
class _Search:
    switches: set[str] = field(default_factory=set)
    patterns: list[re.Pattern[str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def finds(self, line: str) -> bool:
        search = "fullmatch" if "x" in self.switches else "search"
        return any(getattr(pattern, search)(line) for pattern in self.patterns) != ("v" in self.switches)


def main(proc: Process) -> int:
    """findstr [/b] [/e] [/l] [/r] [/s] [/i] [/x] [/v] [/n] [/m] [/c:text] texts [file…]: 0 found, 1 not, 2 wrong."""
    try:
        search = _read(proc)
    except (_Wrong, FileSystemError):
        return fail(proc, 2, "FINDSTR: Bad command line")
    if not search.names:
        return 0 if _report(proc, search, "", lines_of(proc, read_input(proc))) else 1
    names = [name for pattern in search.names for name in matching_files(proc, pattern)]
    shown = len(search.names) > 1 or names != search.names
    found = [_search_file(proc, search, name, shown) for name in names]
    return 0 if any(found) else 1


def _read(proc: Process) -> _Search:
    search = _Search()
    texts: list[str] | None = None
    for word in proc.argv[1:]:
        if word.startswith(("/", "-")) and len(word) > 1:
            texts = _option(proc, search, word, texts)
        elif texts is None:
            texts = word.split()
        else:
            search.names.append(word)
    if not texts:
        raise _Wrong
    search.patterns = [_pattern(text, search.switches) for text in texts]
    return search


def _option(proc: Process, search: _Search, word: str, texts: list[str] | None) -> list[str] | None:
    letters, colon, value = word[1:].partition(":")
    if colon and letters.lower() == "c":
        search.switches.add("literal by default")
        return [*(texts or []), value]
    if colon and letters.lower() == "g":
        return [*(texts or []), *lines_of(proc, read_file(proc, value))]
    if colon or not _LETTERS.issuperset(letters.lower()):
        raise _Wrong
    search.switches |= set(letters.lower())
    return texts


def _pattern(text: str, switches: set[str]) -> re.Pattern[str]:
    """/c: texts are literal unless /r is given, others are expressions unless /l is."""
    literal = "l" in switches or ("literal by default" in switches and "r" not in switches)
    regex = re.escape(text) if literal else _translate(text)
    regex = f"^(?:{regex})" if "b" in switches else regex
    regex = f"(?:{regex})$" if "e" in switches else regex
    return re.compile(regex, re.IGNORECASE if "i" in switches else 0)


def _translate(text: str) -> str:
    """findstr's own expressions: . * ^ $ [class] \\< \\> and backslash; everything else is itself."""
    regex = ""
    for token in re.findall(r"\\.|\[\^?\]?[^\]]*\]|.", text, re.DOTALL):
        if token in ("\\<", "\\>"):
            regex += r"\b"
        elif token.startswith("[") and len(token) > 1:
            regex += token.replace("\\", "\\\\")
        elif token == "*" and not regex:
            regex += r"\*"
        elif token in (".", "*") or (token == "^" and not regex) or token == "$":
            regex += token
        else:
            regex += re.escape(token[-1])
    return regex


def _search_file(proc: Process, search: _Search, name: str, shown: bool) -> bool:
    try:
        data = read_file(proc, name)
    except FileSystemError:
        fail(proc, 1, "FINDSTR: Cannot open {name}", name=name)
        return False
    return _report(proc, search, name if shown else "", lines_of(proc, data))


def _report(proc: Process, search: _Search, name: str, lines: list[str]) -> bool:
    found = [(number, line) for number, line in enumerate(lines, 1) if search.finds(line)]
    if found and "m" in search.switches:
        proc.out(f"{name}\n")
        return True
    before = f"{name}:" if name else ""
    numbered = "n" in search.switches
    proc.out("".join(f"{before}{number}:{line}\n" if numbered else f"{before}{line}\n" for number, line in found))
    return bool(found)
