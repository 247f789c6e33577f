# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""[type] value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from .errors import PSError
from .operators import compiled
from .values import ScriptBlock, cannot_convert, each, number, to_text, truth, type_name
from .xml_document import parse_xml

_DATE_PATTERNS = (
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d",
)
_INT = (-(2**31), 2**31 - 1)
_LONG = (-(2**63), 2**63 - 1)


def cast(wanted: str, value: Any) -> Any:
    """value as that type; PSError when it can't be."""
    low = wanted.lower().removeprefix("system.")
    if low.endswith("[]"):
        return [cast(low[:-2], item) for item in each(value)]
    if low not in _CASTS:
        raise PSError(f"Unable to find type [{wanted}]: make sure that the assembly containing this type is loaded.")
    return _CASTS[low](value)


def parse_date(text: str) -> datetime:
    """[datetime]::Parse of an English (United States) Windows."""
    for pattern in _DATE_PATTERNS:
        try:
            return datetime.strptime(text.strip(), pattern)
        except ValueError:
            continue
    raise cannot_convert(text, "System.DateTime", "String was not recognized as a valid DateTime.")


def _integer(limits: tuple[int, int], name: str) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        try:
            whole = round(number(value))  # halves go to the even number, as in .NET
        except (PSError, OverflowError, ValueError):
            raise cannot_convert(value, name, "Input string was not in a correct format.") from None
        if not limits[0] <= whole <= limits[1]:
            raise cannot_convert(value, name, f"Value was either too large or too small for a {name}.")
        return whole

    return convert


def _date(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime(1, 1, 1) + timedelta(microseconds=value // 10)
    return parse_date(to_text(value))


def _character(value: Any) -> str:
    if isinstance(value, int):
        return chr(value)
    text = to_text(value)
    if len(text) != 1:
        raise cannot_convert(value, "System.Char", "String must be exactly one character long.")
    return text


def _array(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _span(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, (int, float)):
        return timedelta(microseconds=value / 10)
    try:
        hours, minutes, seconds = (float(part) for part in to_text(value).split(":"))
    except ValueError:
        raise cannot_convert(value, "System.TimeSpan", "Input string was not in a correct format.") from None
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _script_block(value: Any) -> Any:
    if isinstance(value, ScriptBlock):
        return value
    raise cannot_convert(value, f"System.Management.Automation.ScriptBlock ({type_name(value)})")


_CASTS: dict[str, Callable[[Any], Any]] = {
    "string": to_text,
    "int": _integer(_INT, "System.Int32"),
    "int32": _integer(_INT, "System.Int32"),
    "long": _integer(_LONG, "System.Int64"),
    "int64": _integer(_LONG, "System.Int64"),
    "double": lambda value: float(number(value)),
    "float": lambda value: float(number(value)),
    "decimal": number,
    "bool": truth,
    "boolean": truth,
    "switch": truth,
    "char": _character,
    "void": lambda _value: None,
    "object": lambda value: value,
    "psobject": lambda value: value,
    "array": _array,
    "datetime": _date,
    "timespan": _span,
    "scriptblock": _script_block,
    "hashtable": lambda value: value,
    "adsi": lambda value: value,  # a directory object already
    "directoryservices.directoryentry": lambda value: value,
    "xml": parse_xml,
    "xml.xmldocument": parse_xml,
    "regex": lambda value: compiled(to_text(value)).pattern,
}
