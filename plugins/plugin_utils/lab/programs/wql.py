# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The condition behind wmic's `where`: comparisons, like, and, or, not, parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Cell = str | int | bool | None
Row = Mapping[str, Cell]
Test = Callable[[Row], bool]

_TOKEN = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|<=|>=|<>|!=|[=<>()]|[\w.+-]+)""")
_COMPARE: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<>": lambda order: order != 0,
    "<": lambda order: order < 0,
    ">": lambda order: order > 0,
    "<=": lambda order: order <= 0,
    ">=": lambda order: order >= 0,
}


class WqlError(Exception):
    """WMI would say: invalid query."""


@dataclass(frozen=True)
class Condition:
    """test says whether an instance fits; literals are the strings that the text mentions."""

    test: Test
    literals: tuple[str, ...]


@lru_cache(maxsize=1024)
def parse(text: str) -> Condition:
    """Read a condition such as Name="Cluster Group" and State<>0; WqlError when it is none."""
    tokens = _tokens(text)
    parser = _Parser(tokens)
    test = parser.either()
    if parser.peek():
        raise WqlError(text)
    return Condition(test, tuple(_unquoted(token) for token in tokens if token[0] in "\"'"))


def cell(row: Row, name: str) -> Cell:
    """A property by its name, case ignored; WqlError when the class has none such."""
    for known, value in row.items():
        if known.lower() == name.lower():
            return value
    raise WqlError(name)


class _Parser:
    """Recursive descent; each method takes its part from the front of the tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self._rest = list(tokens)

    def peek(self) -> str:
        return self._rest[0].lower() if self._rest else ""

    def either(self) -> Test:
        tests = [self._both()]
        while self.peek() == "or":
            self._take()
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self.peek() == "and":
            self._take()
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self.peek() == "not":
            self._take()
            test = self._one()
            return lambda row: not test(row)
        if self.peek() == "(":
            self._take()
            test = self.either()
            if self._take() != ")":
                raise WqlError("parenthesis")
            return test
        return self._comparison(self._take(), self._take().lower(), self._take())

    def _comparison(self, name: str, operator: str, literal: str) -> Test:
        if operator != "like" and operator not in _COMPARE:
            raise WqlError(operator)
        wanted = _unquoted(literal)
        if operator == "like":
            pattern = re.compile(_like(wanted), re.IGNORECASE)
            return lambda row: pattern.fullmatch(str(cell(row, name))) is not None
        return lambda row: _COMPARE[operator](_order(cell(row, name), wanted))

    def _take(self) -> str:
        if not self._rest:
            raise WqlError("end")
        return self._rest.pop(0)


def _tokens(text: str) -> list[str]:
    tokens, place = [], 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None:
            raise WqlError(text[place:])
        tokens.append(match.group(1))
        place = match.end()
    return tokens


def _unquoted(token: str) -> str:
    """The value of a literal. A backslash must be doubled in a quoted one."""
    if token[0] not in "\"'":
        return token
    inside = token[1:-1]
    if re.search(r"\\[^\\\"']", re.sub(r"\\\\", "", inside)):
        raise WqlError(token)
    return re.sub(r"\\(.)", r"\1", inside)


def _order(value: Cell, wanted: str) -> int:
    """Negative, 0 or positive: numbers as numbers, text without case."""
    if isinstance(value, int) and re.fullmatch(r"-?\d+", wanted):
        return value - int(wanted)
    left, right = str("" if value is None else value).lower(), wanted.lower()
    return (left > right) - (left < right)


def _like(wanted: str) -> str:
    """The regular expression of a pattern with % and _."""
    return "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in wanted)
