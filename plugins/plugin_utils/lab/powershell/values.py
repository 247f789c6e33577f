# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What a PowerShell variable can hold, played by Python values, and how it turns into text, numbers and truth.

$null is None; numbers, strings, booleans and dates are Python's; an array is a list; everything else is below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .errors import ErrorRecord, PSError
from .syntax import Block


@dataclass
class PSObject:
    """An object with properties in order. text is what ToString() gives; columns are those of its table view."""

    type_name: str
    properties: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    columns: tuple[str, ...] = ()

    def key(self, name: str) -> str | None:
        """The property of that name as it is spelled, or None."""
        return next((key for key in self.properties if key.lower() == name.lower()), None)


class PropertyValues(list[Any]):
    """The values of a directory object's attribute: like an array, but .NET prints its type, not its items."""

    type_name = "System.DirectoryServices.PropertyValueCollection"


@dataclass(frozen=True)
class EnumValue:
    """A value of a .NET enumeration: compared by its word, printed as its word."""

    word: str
    number: int
    type_name: str


@dataclass(frozen=True)
class TypeValue:
    """A .NET type; name without namespace System."""

    name: str


@dataclass(frozen=True)
class ScriptBlock:
    """{ … }"""

    body: Block
    text: str


@dataclass(frozen=True)
class ExceptionValue:
    """The Exception of an error record."""

    message: str
    type_name: str


class HashTable(dict[str, Any]):
    """@{ … }: string keys are compared without case. The spelling of the first writing stays."""

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(self.spelled(key), value)

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(self.spelled(key), default)

    def spelled(self, key: Any) -> Any:
        """The key as it is stored."""
        if isinstance(key, (list, dict)) or key is None:
            raise PSError("The key of a hash table must be a single value and not null.")
        if isinstance(key, str):
            return next((k for k in self if isinstance(k, str) and k.lower() == key.lower()), key)
        return key


_TYPE_NAMES: dict[type, str] = {
    bool: "System.Boolean",
    int: "System.Int32",
    float: "System.Double",
    str: "System.String",
    list: "System.Object[]",
    datetime: "System.DateTime",
    timedelta: "System.TimeSpan",
    HashTable: "System.Collections.Hashtable",
    ScriptBlock: "System.Management.Automation.ScriptBlock",
    ErrorRecord: "System.Management.Automation.ErrorRecord",
    TypeValue: "System.RuntimeType",
}


def type_name(value: Any) -> str:
    """The full .NET name of a value's type."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**31:
        return "System.Int64"
    named = getattr(value, "type_name", None) if not isinstance(value, ErrorRecord) else None
    return named or _TYPE_NAMES.get(type(value), type(value).__name__)


def each(value: Any) -> Iterator[Any]:
    """The items that go down a pipeline when value does: an array is taken apart, $null is nothing here."""
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def collapsed(values: list[Any]) -> Any:
    """What a variable gets from a pipeline: nothing, the one value, or an array."""
    if len(values) > 1:
        return values
    return values[0] if values else None


def to_text(value: Any) -> str:
    """value as it stands in a string; the items of an array are joined by blanks."""
    if value.__class__ is str:  # and no class of its own that has another text
        return value
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(to_text(item) for item in value)
    if isinstance(value, float):
        return f"{value:.15g}".replace("e", "E")
    if isinstance(value, datetime):
        return value.strftime("%m/%d/%Y %H:%M:%S")
    return _object_text(value)


def _object_text(value: Any) -> str:
    shown = _TEXTS.get(type(value))
    return shown(value) if shown else str(value)


def _properties_text(value: PSObject) -> str:
    inside = "; ".join(f"{name}={to_text(item)}" for name, item in value.properties.items())
    return f"@{{{inside}}}"


def span_text(span: timedelta) -> str:
    """A TimeSpan: d.hh:mm:ss."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days}.{clock}" if days else clock


_TEXTS: dict[type, Callable[[Any], str]] = {
    EnumValue: lambda value: value.word,
    PSObject: lambda value: value.text if value.text is not None else _properties_text(value),
    ErrorRecord: lambda value: value.message,
    ExceptionValue: lambda value: f"{value.type_name}: {value.message}",
    ScriptBlock: lambda value: value.text,
    TypeValue: lambda value: value.name,
    HashTable: type_name,
    timedelta: span_text,
}


def truth(value: Any) -> bool:
    """value as a condition: '', 0, $null and an empty array are false, an array of one is what its item is."""
    if isinstance(value, list):
        return truth(value[0]) if len(value) == 1 else bool(value)
    if isinstance(value, (bool, int, float, str)):
        return bool(value)
    return value is not None


def number(value: Any) -> int | float:
    """value as a number; PSError when it is none."""
    if value is None:
        return 0
    if isinstance(value, (bool, int)):
        return int(value)
    if isinstance(value, float):
        return value
    if isinstance(value, EnumValue):
        return value.number
    if isinstance(value, str):
        return _parsed(value)
    raise cannot_convert(value, "System.Int32")


def _parsed(text: str) -> int | float:
    stripped = text.strip()
    try:
        if stripped[:2].lower() == "0x":
            return int(stripped, 16)
        return int(stripped) if stripped.lstrip("+-").isdecimal() else float(stripped) if stripped else 0
    except ValueError:
        raise cannot_convert(text, "System.Int32", "Input string was not in a correct format.") from None


def cannot_convert(value: Any, target: str, why: str = "") -> PSError:
    """The error of a cast that fails."""
    shown = type_name(value) if isinstance(value, PropertyValues) else to_text(value)
    message = f'Cannot convert "{shown}" to "{target}".'
    if isinstance(value, str):
        message = f'Cannot convert value "{value}" to type "{target}".'
    return PSError(f'{message} Error: "{why}"' if why else message)


def same(left: Any, right: Any, case: bool = False) -> bool:
    """-eq for two single values: the right one is brought to the type of the left one."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool):
        return left == truth(right)
    if isinstance(left, (int, float)):
        return _same_number(left, right)
    if isinstance(left, (datetime, timedelta, list)):
        return bool(left == right)
    a, b = to_text(left), to_text(right)
    return a == b if case else a.lower() == b.lower()


def _same_number(left: int | float, right: Any) -> bool:
    try:
        return left == number(right)
    except PSError:
        return False


def compare(left: Any, right: Any, case: bool = False) -> int:
    """Negative, 0 or positive, as the order of left and right; PSError when they have none."""
    if hasattr(left, "magnitude"):  # a size of Exchange: it knows how to be compared with anything
        return int(left.call("CompareTo", [right]))
    right = getattr(right, "magnitude", right)
    if isinstance(left, (bool, int, float)) or left is None:
        a: Any = number(left)
        b: Any = number(right)
    elif isinstance(left, (datetime, timedelta)):
        a, b = left, right
        if type(a) is not type(b):
            raise cannot_convert(right, type_name(left))
    else:
        a, b = to_text(left), to_text(right)
        if not case:
            a, b = a.lower(), b.lower()
    return int(a > b) - int(a < b)
