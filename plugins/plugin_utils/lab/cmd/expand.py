# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Variables: percent signs (before everything else), FOR variables, and exclamation marks (last)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

Lookup = Callable[[str], "str | None"]
Modify = Callable[[str, str, str], str]
"""value, modifier letters, name of a search path variable -> what %~…X stands for."""

_NAMES = {mark: re.compile(f"{mark}([^{mark}:]+)(:[^{mark}]*)?{mark}") for mark in "%!"}
_SUBSTRING = re.compile(r"~(-?\d+)?(?:,(-?\d+|))?")
_ARGUMENT = re.compile(r"%(?:(~)([fdpnxsatz]*)(?:\$([^:%]+):)?)?([0-9])", re.IGNORECASE)
_FOR_MODIFIERS = re.compile(r"~([fdpnxsatz]*)(?:\$([^:%]+):)?", re.IGNORECASE)


class Arguments:
    """%0 … %9 and %* of a batch file or of a called label."""

    def __init__(self, words: list[str], tail: str) -> None:
        self._words = words
        self.tail = tail

    def __getitem__(self, number: int) -> str:
        return self._words[number] if number < len(self._words) else ""

    def shift(self, first: int = 0) -> None:
        """Drop one argument; those before first stay."""
        del self._words[first : first + 1]


def expand_percent(text: str, lookup: Lookup, arguments: Arguments | None, modify: Modify) -> str:
    """The first phase, blind to quotes. arguments is given in a batch file only: there '%%' is a percent sign and an
    undefined name vanishes; on a command line both stay as typed (windows-cli.md 6)."""
    if "%" not in text:
        return text
    return _remembered(text).text(lookup, modify) if arguments is None else _expanded(text, lookup, arguments, modify)


class _Remembered:
    """What a command line became, and the values of the names that it asked for: clients say the same lines again."""

    def __init__(self, text: str) -> None:
        self._text = text
        # What was asked and what it became stand in one place: hosts share it, each in its threads.
        self._last: tuple[list[tuple[str, str | None]], str] | None = None

    def text(self, lookup: Lookup, modify: Modify) -> str:
        """The text, expanded anew only when a name that it asked for has another value."""
        last = self._last
        if last is not None and all(lookup(name) == value for name, value in last[0]):
            return last[1]
        asked: list[tuple[str, str | None]] = []

        def listen(name: str) -> str | None:
            value = lookup(name)
            asked.append((name, value))
            return value

        became = _expanded(self._text, listen, None, modify)
        self._last = (asked, became)
        return became


_remembered = lru_cache(maxsize=2048)(_Remembered)


def _expanded(text: str, lookup: Lookup, arguments: Arguments | None, modify: Modify) -> str:
    result = ""
    position = 0
    while True:
        start = text.find("%", position)
        if start < 0:
            return result + text[position:]
        result += text[position:start]
        value, position = _percent(text, start, lookup, arguments, modify)
        result += value


def _percent(text: str, start: int, lookup: Lookup, arguments: Arguments | None, modify: Modify) -> tuple[str, int]:
    """What the percent sign at start stands for, and where to go on."""
    if arguments is not None:
        if text.startswith("%%", start):
            return "%", start + 2
        if text.startswith("%*", start):
            return arguments.tail, start + 2
        found = _ARGUMENT.match(text, start)
        if found:
            value = arguments[int(found[4])]
            return modify(value, found[2], found[3] or "") if found[1] else value, found.end()
    expanded = _variable(text, start, "%", lookup)
    if expanded:
        return expanded
    if arguments is None:
        return "%", start + 1
    return _vanish(text, start)


def _vanish(text: str, start: int) -> tuple[str, int]:
    """In a batch file an undefined name goes, up to its colon if it has one; a lonely percent sign goes alone."""
    name = re.compile(r"%([^%:]+)([%:])").match(text, start)
    if name and (name[2] == "%" or "%" in text[name.end() :]):
        return "", name.end()
    return "", start + 1


def _variable(text: str, start: int, mark: str, lookup: Lookup) -> tuple[str, int] | None:
    """The value of the name between two marks, with :~n,m or :old=new applied."""
    name = _NAMES[mark].match(text, start)
    if not name:
        return None
    value = lookup(name[1])
    if value is None:
        return None
    edited = value if name[2] is None else _edit(value, name[2][1:])
    return (name[1] + name[2] if edited is None else edited), name.end()


def _edit(value: str, how: str) -> str | None:
    """Substring or replacement, None for a form that makes no sense."""
    substring = _SUBSTRING.fullmatch(how)
    if substring:
        return _substring(value, substring[1], substring[2])
    old, separator, new = how.partition("=")
    if not separator or not old:
        return None
    if old.startswith("*") and len(old) > 1:
        place = value.lower().find(old[1:].lower())
        return value if place < 0 else new + value[place + len(old) - 1 :]
    return re.sub(re.escape(old), lambda _match: new, value, flags=re.IGNORECASE)


def _substring(value: str, first: str | None, count: str | None) -> str:
    start = int(first or 0)
    start = max(0, len(value) + start) if start < 0 else start
    if count is None:
        return value[start:]
    size = int(count or 0)
    return value[start : start + size] if size >= 0 else value[start : max(start, len(value) + size)]


def expand_for(text: str, variables: Mapping[str, str], modify: Modify) -> str:
    """Replace %x and %~dpx of the FOR loops around; their names have a case."""
    if not variables or "%" not in text:
        return text
    result = ""
    position = 0
    while position < len(text):
        found = _for_variable(text, position, variables, modify) if text[position] == "%" else None
        value, position = found or (text[position], position + 1)
        result += value
    return result


def _for_variable(text: str, start: int, variables: Mapping[str, str], modify: Modify) -> tuple[str, int] | None:
    name = text[start + 1 : start + 2]
    if name in variables:
        return variables[name], start + 2
    found = _FOR_MODIFIERS.match(text, start + 1)
    if not found:
        return None
    if found[2]:
        name = text[found.end() : found.end() + 1]
        return (modify(variables[name], found[1], found[2]), found.end() + 1) if name in variables else None
    for length in range(len(found[1]), -1, -1):  # letters are modifiers as long as a variable's name still follows
        end = start + 2 + length
        if text[end : end + 1] in variables and text[end : end + 1]:
            return modify(variables[text[end]], found[1][:length], ""), end + 1
    return None


def expand_delayed(text: str, lookup: Lookup) -> str:
    """!name!, where switched on: the last phase. A caret before any character goes, in quotes too."""
    if "!" not in text:
        return text
    result = ""
    position = 0
    while position < len(text):
        char = text[position]
        if char == "^":
            result += text[position + 1 : position + 2]
            position += 2
        elif char == "!":
            value, position = _variable(text, position, "!", lookup) or _undefined(text, position)
            result += value
        else:
            result += char
            position += 1
    return result


def _undefined(text: str, start: int) -> tuple[str, int]:
    end = text.find("!", start + 1)
    return "", end + 1 if end > 0 else start + 1
