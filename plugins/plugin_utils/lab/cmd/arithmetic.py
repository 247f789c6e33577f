# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""SET /A: 32-bit integer arithmetic with assignments."""

from __future__ import annotations

import re
from collections.abc import Callable

from .conditions import to_number

MISSING_OPERAND = 1073750988
MISSING_OPERATOR = 1073750989
UNBALANCED = 1073750990
BAD_NUMBER = 1073750991
TOO_LARGE = 1073750992
DIVIDE_BY_ZERO = 1073750993
MESSAGES = {
    MISSING_OPERAND: "Missing operand.",
    MISSING_OPERATOR: "Missing operator.",
    UNBALANCED: "Unbalanced parenthesis.",
    BAD_NUMBER: "Invalid number.  Numeric constants are either decimal (17),\nhexadecimal (0x11), or octal (021).",
    TOO_LARGE: "Invalid number.  Numbers are limited to 32-bits of precision.",
    DIVIDE_BY_ZERO: "Divide by zero error.",
}

_TOKENS = re.compile(
    r"\s*(?:([0-9][0-9A-Za-z]*)|((?:<<|>>|[-+*/%&^|])?=|<<|>>|[-+*/%&^|~!(),])|([^\s\-+*/%&^|~!(),=<>]+))"
)
_LEVELS = (("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))


class ArithmeticFailure(Exception):
    """code is what ERRORLEVEL becomes."""

    def __init__(self, code: int) -> None:
        super().__init__(MESSAGES[code])
        self.code = code


class Calculator:
    """Evaluates expressions; assign is called for every variable that gets a value."""

    def __init__(self, lookup: Callable[[str], str | None], assign: Callable[[str, int], None]) -> None:
        self._lookup = lookup
        self._assign = assign
        self._tokens: list[str] = []

    def evaluate(self, text: str) -> int:
        """The value of the last of the expressions, which commas separate; raises ArithmeticFailure."""
        self._tokens = _tokenize(text)
        value = self._assignment()
        while self._taken(","):
            value = self._assignment()
        if self._tokens:
            raise ArithmeticFailure(UNBALANCED if self._tokens[0] == ")" else MISSING_OPERATOR)
        return value

    def _peek(self, place: int = 0) -> str:
        return self._tokens[place] if place < len(self._tokens) else ""

    def _taken(self, *wanted: str) -> str:
        return self._tokens.pop(0) if self._peek() in wanted and self._tokens else ""

    def _assignment(self) -> int:
        operator = self._peek(1)
        if not (operator.endswith("=") and _is_name(self._peek())):
            return self._level(0)
        name = self._tokens.pop(0)
        self._tokens.pop(0)
        value = self._assignment()
        if operator != "=":
            value = _apply(operator[:-1], self._value(name), value)
        self._assign(name, value)
        return value

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while operator := self._taken(*_LEVELS[level]):
            value = _apply(operator, value, self._level(level + 1))
        return value

    def _unary(self) -> int:
        operator = self._taken("-", "+", "~", "!")
        if operator:
            value = self._unary()
            return _wrap({"-": -value, "+": value, "~": ~value, "!": int(not value)}[operator])
        if self._taken("("):
            value = self._assignment()
            if not self._taken(")"):
                raise ArithmeticFailure(UNBALANCED)
            return value
        token = self._peek()
        if not (token[:1].isdigit() or _is_name(token)):
            raise ArithmeticFailure(MISSING_OPERAND)
        self._tokens.pop(0)
        return self._value(token) if _is_name(token) else _number(token)

    def _value(self, name: str) -> int:
        """A variable counts as far as it looks like a number, else 0."""
        return to_number((self._lookup(name) or "0").strip()) or 0


def _tokenize(text: str) -> list[str]:
    text = text.replace('"', "").strip()
    tokens = []
    position = 0
    while position < len(text):
        found = _TOKENS.match(text, position)
        if not found:
            raise ArithmeticFailure(MISSING_OPERATOR)
        tokens.append(found.group().strip())
        position = found.end()
    return tokens


def _is_name(token: str) -> bool:
    return bool(token) and not token[0].isdigit() and token[0] not in "-+*/%&^|~!(),=<>"


def _number(token: str) -> int:
    value = to_number(token)
    if value is None:
        raise ArithmeticFailure(BAD_NUMBER)
    if not -(2**31) <= value < 2**31:
        raise ArithmeticFailure(TOO_LARGE)
    return value


def _apply(operator: str, left: int, right: int) -> int:
    if operator in ("/", "%"):
        if right == 0:
            raise ArithmeticFailure(DIVIDE_BY_ZERO)
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return _wrap(quotient if operator == "/" else left - quotient * right)
    shift = right if 0 <= right < 32 else 32
    results = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "&": lambda: left & right,
        "|": lambda: left | right,
        "^": lambda: left ^ right,
        "<<": lambda: left << shift,
        ">>": lambda: left >> shift,
    }
    return _wrap(results[operator]())


def _wrap(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31
