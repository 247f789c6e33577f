# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The conditions of IF."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..files import FileSystemError, base_name, parent
from .arguments import unquote
from .nodes import Condition
from .paths import expand
from .shell import Shell, is_device

_NUMBER = re.compile(r"([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)", re.IGNORECASE)
_HOLDS: dict[str, Callable[[int], bool]] = {
    "equ": lambda order: order == 0,
    "neq": lambda order: order != 0,
    "lss": lambda order: order < 0,
    "leq": lambda order: order <= 0,
    "gtr": lambda order: order > 0,
    "geq": lambda order: order >= 0,
}


def holds(condition: Condition, left: str, right: str, shell: Shell) -> bool:
    """Whether the condition is true; left and right are its sides after expansion."""
    return _holds(condition, left, right, shell) != condition.negated


def _holds(condition: Condition, left: str, right: str, shell: Shell) -> bool:
    if condition.operator == "errorlevel":
        return shell.errorlevel >= (to_number(right) or 0)
    if condition.operator == "cmdextversion":
        return (to_number(right) or 0) <= 2
    if condition.operator == "defined":
        return shell.variable(right) is not None
    if condition.operator == "exist":
        return _exists(shell, right)
    if condition.ignore_case:
        left, right = left.lower(), right.lower()
    if condition.operator == "==":
        return left == right
    return _HOLDS[condition.operator](_order(left, right))


def _exists(shell: Shell, name: str) -> bool:
    if not unquote(name):
        return False
    try:
        path = shell.path(name)
    except FileSystemError:
        return False
    if is_device(path):
        return "\\" in unquote(name) and shell.files.is_dir(parent(path))
    return shell.files.is_dir(path) if not base_name(path) else bool(expand(shell.files, path))


def _order(left: str, right: str) -> int:
    """As numbers if both are, else as texts: 'b' before 'B' before 'c', as the locale sorts."""
    numbers = to_number(left), to_number(right)
    if numbers[0] is not None and numbers[1] is not None:
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    keys = [(text.lower(), text.swapcase()) for text in (left, right)]
    return (keys[0] > keys[1]) - (keys[0] < keys[1])


def to_number(text: str) -> int | None:
    """A decimal, hexadecimal (0x) or octal (0) number as cmd.exe reads it, None for anything else."""
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    digits = found[2].lower()
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    return int(digits, base) * (-1 if found[1] == "-" else 1)
