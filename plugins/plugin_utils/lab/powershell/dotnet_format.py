# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Composite formatting of .NET: '{0,-10:N2}', and the dates of an English (United States) Windows."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from .errors import PSError
from .values import EnumValue, to_text

_ITEM = re.compile(r"\{\{|\}\}|\{(\d+)(?:,(-?\d+))?(?::([^}]*))?\}|[{}]")
_DATE_PIECE = re.compile(
    r"yyyy|yy|MMMM|MMM|MM|M|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|fff|ff|f|tt|'[^']*'|\\.|.", re.DOTALL
)
_STANDARD_DATES = {
    "d": "M/d/yyyy",
    "D": "dddd, MMMM dd, yyyy",
    "t": "h:mm tt",
    "T": "h:mm:ss tt",
    "g": "M/d/yyyy h:mm tt",
    "G": "M/d/yyyy h:mm:ss tt",
    "s": "yyyy-MM-dd'T'HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "f": "dddd, MMMM dd, yyyy h:mm tt",
    "F": "dddd, MMMM dd, yyyy h:mm:ss tt",
}
_BAD = "Error formatting a string: Input string was not in a correct format.."
_TOO_FEW = (
    "Error formatting a string: Index (zero based) must be greater than or equal to zero and less than the size of "
    "the argument list.."
)


def format_string(text: str, arguments: list[Any]) -> str:
    """text -f arguments; PSError as -f raises it."""

    def one(found: re.Match[str]) -> str:
        if found.group() in ("{{", "}}"):
            return found.group()[0]
        if found.group(1) is None:
            raise PSError(_BAD)
        if int(found.group(1)) >= len(arguments):
            raise PSError(_TOO_FEW)
        shown = format_value(arguments[int(found.group(1))], found.group(3) or "")
        width = int(found.group(2) or 0)
        return shown.ljust(-width) if width < 0 else shown.rjust(width)

    return _ITEM.sub(one, text)


def format_value(value: Any, spec: str) -> str:
    """value.ToString(spec)."""
    if isinstance(value, datetime):
        return format_date(value, spec or "G")
    if isinstance(value, EnumValue) and spec.lower() in ("d", "x"):
        return format_value(value.number, spec)
    if spec and isinstance(value, (int, float)) and not isinstance(value, bool):
        return _format_number(value, spec)
    return to_text(value)


def _format_number(value: int | float, spec: str) -> str:
    found = re.fullmatch(r"([A-Za-z])(\d*)", spec)
    if not found:
        return _custom_number(value, spec)
    letter, digits = found.group(1).upper(), found.group(2)
    if letter in "DX":
        if isinstance(value, float):
            raise PSError("Error formatting a string: Format specifier was invalid..")
        width = int(digits or 0)
        hexadecimal = f"{value:x}" if found.group(1) == "x" else f"{value:X}"
        return hexadecimal.zfill(width) if letter == "X" else f"{value:0{width}d}" if width else str(value)
    places = int(digits) if digits else 2
    if letter == "P":
        return f"{value * 100:,.{places}f} %"
    return {"N": f"{value:,.{places}f}", "F": f"{value:.{places}f}"}.get(letter, to_text(value))


def _custom_number(value: int | float, spec: str) -> str:
    whole, _dot, fraction = spec.partition(".")
    text = f"{value:.{len(fraction)}f}"
    head, dot, tail = text.partition(".")
    return head.zfill(whole.count("0")) + dot + tail


def format_date(value: datetime, spec: str) -> str:
    """A date by a standard letter or a custom pattern."""
    pattern = _STANDARD_DATES.get(spec, spec)
    return "".join(_date_piece(value, piece) for piece in _DATE_PIECE.findall(pattern))


def _date_piece(value: datetime, piece: str) -> str:
    names = {"dddd": "%A", "ddd": "%a", "MMMM": "%B", "MMM": "%b", "tt": "%p"}
    if piece in names:
        return value.strftime(names[piece])
    numbers = {
        "y": value.year,
        "M": value.month,
        "d": value.day,
        "H": value.hour,
        "h": value.hour % 12 or 12,
        "m": value.minute,
        "s": value.second,
    }
    if piece[0] == "f":
        return f"{value.microsecond:06d}"[: len(piece)]
    if piece[0] in numbers:
        shown = f"{numbers[piece[0]]:0{len(piece)}d}"
        return shown[-len(piece) :] if piece == "yy" else shown
    return piece.strip("'") if piece.startswith("'") else piece.lstrip("\\") or piece
