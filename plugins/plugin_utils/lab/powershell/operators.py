# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The operators of the language on values that are already there."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from .dotnet_format import format_string
from .errors import PSError
from .lexer import COMPARISONS
from .values import HashTable, TypeValue, compare, number, same, to_text, truth, type_name

Test = Callable[[Any, Any, bool], bool]
_LARGEST_RANGE = 50_000
_LARGEST = 50_000_000  # characters or items


def binary(op: str, left: Any, right: Any) -> Any:
    """left op right, for every operator but -and, -or and -match on a single value (which sets $matches)."""
    if op in _ARITHMETIC:
        return _ARITHMETIC[op](left, right)
    if op in _TESTS_OF_TYPE:
        return _TESTS_OF_TYPE[op](left, right)
    name, case = comparison(op)
    if name == "replace":
        return _replace(left, right, case)
    if name in ("contains", "notcontains"):
        found = any(same(item, right, case) for item in (left if isinstance(left, list) else [left]))
        return found == (name == "contains")
    test = TESTS[name]
    if isinstance(left, list):
        return [item for item in left if test(item, right, case)]
    return test(left, right, case)


@cache
def comparison(op: str) -> tuple[str, bool]:
    """The operator without its prefix c or i, and whether it minds the case."""
    if op in COMPARISONS:
        return op, False
    return op[1:], op.startswith("c")


def unary(op: str, value: Any) -> Any:
    """op value."""
    if op in ("not", "!"):
        return not truth(value)
    if op == ",":
        return [value]
    if op == "bnot":
        return ~int(number(value))
    return -number(value) if op == "-" else number(value)


def add(left: Any, right: Any) -> Any:
    """+ goes by the type of the left side."""
    if left is None:
        return right
    if isinstance(left, str):
        return left + to_text(right)
    if isinstance(left, list):
        return left + (right if isinstance(right, list) else [right])
    if isinstance(left, HashTable) and isinstance(right, HashTable):
        return _merged(left, right)
    if isinstance(left, (datetime, timedelta)) and isinstance(right, timedelta):
        return left + right
    if isinstance(left, (bool, int, float)):
        return number(left) + number(right)
    raise _no_operator(left, "op_Addition")


@lru_cache(maxsize=1024)
def like_pattern(pattern: str) -> str:
    """A regular expression for a wildcard pattern."""
    out = ""
    for piece in re.findall(r"\[[^\]]+\]|`.|.", pattern, re.DOTALL):
        if piece in ("*", "?"):
            out += ".*" if piece == "*" else "."
        elif piece.startswith("["):
            out += piece.replace("\\", "\\\\")
        else:
            out += re.escape(piece.lstrip("`") or piece)
    return out


def is_like(text: Any, pattern: Any, case: bool = False) -> bool:
    """text -like pattern."""
    flags = re.DOTALL if case else re.DOTALL | re.IGNORECASE
    return re.fullmatch(like_pattern(to_text(pattern)), to_text(text), flags) is not None


def search(text: Any, pattern: Any, case: bool = False) -> re.Match[str] | None:
    """The first match of a .NET regular expression."""
    return compiled(to_text(pattern), case).search(to_text(text))


@lru_cache(maxsize=1024)
def compiled(pattern: str, case: bool = False) -> re.Pattern[str]:
    """A .NET regular expression in Python's spelling."""
    try:
        return re.compile(re.sub(r"\(\?<([A-Za-z_]\w*)>", r"(?P<\1>", pattern), 0 if case else re.IGNORECASE)
    except re.error as error:
        raise PSError(f'Bad argument to operator: parsing "{pattern}" - {error}.') from None


def substitute(pattern: str, replacement: str, text: str, case: bool = False) -> str:
    """[regex]::Replace and -replace: $1 and ${name} stand for groups."""
    python = re.sub(r"\$(?:(\d+)|\{(\w+)\})", r"\\g<\1\2>", replacement.replace("\\", "\\\\"))
    try:
        return compiled(pattern, case).sub(python.replace("$$", "$"), text)
    except (re.error, IndexError):
        return compiled(pattern, case).sub(lambda _found: replacement, text)


def _replace(left: Any, right: Any, case: bool) -> Any:
    pattern, replacement = [*right, "", ""][:2] if isinstance(right, list) else (right, "")
    if isinstance(left, list):
        return [substitute(to_text(pattern), to_text(replacement), to_text(item), case) for item in left]
    return substitute(to_text(pattern), to_text(replacement), to_text(left), case)


def _merged(left: HashTable, right: HashTable) -> HashTable:
    if any(left.spelled(key) in left for key in right):
        raise PSError("Bad argument to operator '+': Item has already been added.")
    merged = HashTable(left)
    for key, value in right.items():
        merged[key] = value
    return merged


def _subtract(left: Any, right: Any) -> Any:
    if isinstance(left, (datetime, timedelta)) and isinstance(right, (datetime, timedelta)):
        return left - right  # type: ignore[operator]
    return number(left) - number(right)


def _multiply(left: Any, right: Any) -> Any:
    if isinstance(left, (str, list)):
        times = int(number(right))
        if len(left) * times > _LARGEST:
            raise PSError("Exception of type 'System.OutOfMemoryException' was thrown.")
        return left * times
    return number(left) * number(right)


def _divide(left: Any, right: Any) -> Any:
    a, b = number(left), number(right)
    if b == 0:
        raise PSError("Attempted to divide by zero.")
    quotient = a / b
    return int(quotient) if quotient.is_integer() and isinstance(a, int) and isinstance(b, int) else quotient


def _remainder(left: Any, right: Any) -> Any:
    a, b = number(left), number(right)
    if b == 0:
        raise PSError("Attempted to divide by zero.")
    rest = abs(a) % abs(b)
    return rest if a >= 0 else -rest


def _range(left: Any, right: Any) -> list[int]:
    first, last = int(number(left)), int(number(right))
    if abs(last - first) > _LARGEST_RANGE:
        raise PSError("The range is too large.")
    step = 1 if last >= first else -1
    return list(range(first, last + step, step))


def _no_operator(value: Any, name: str) -> PSError:
    return PSError(f"Method invocation failed because [{type_name(value)}] doesn't contain a method named '{name}'.")


def _format(left: Any, right: Any) -> str:
    return format_string(to_text(left), right if isinstance(right, list) else [right])


def _bits(function: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    return lambda left, right: function(int(number(left)), int(number(right)))


def is_type(value: Any, wanted: Any) -> bool:
    """value -is [wanted]."""
    name = (wanted.name if isinstance(wanted, TypeValue) else to_text(wanted)).lower().removeprefix("system.")
    own = type_name(value).lower().removeprefix("system.")
    short = own.rpartition(".")[2]
    alias = {"int": "int32", "bool": "boolean", "array": "object[]", "long": "int64", "hashtable": "hashtable"}
    return value is not None and (name in ("object", own, short) or alias.get(name) == own)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _remainder,
    "..": _range,
    "f": _format,
    "band": _bits(operator.and_),
    "bor": _bits(operator.or_),
    "bxor": _bits(operator.xor),
    "xor": lambda left, right: truth(left) != truth(right),
}
_TESTS_OF_TYPE: dict[str, Callable[[Any, Any], Any]] = {
    "is": is_type,
    "isnot": lambda left, right: not is_type(left, right),
}
TESTS: dict[str, Test] = {
    "eq": same,
    "ne": lambda left, right, case: not same(left, right, case),
    "gt": lambda left, right, case: compare(left, right, case) > 0,
    "ge": lambda left, right, case: compare(left, right, case) >= 0,
    "lt": lambda left, right, case: compare(left, right, case) < 0,
    "le": lambda left, right, case: compare(left, right, case) <= 0,
    "like": is_like,
    "notlike": lambda left, right, case: not is_like(left, right, case),
    "match": lambda left, right, case: search(left, right, case) is not None,
    "notmatch": lambda left, right, case: search(left, right, case) is None,
}
