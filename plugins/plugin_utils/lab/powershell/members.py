# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Properties and methods of values, the part of .NET that administrators use from a command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from .dotnet_format import format_value
from .errors import ErrorRecord, PSError
from .net import NetObject
from .values import (
    EnumValue,
    ExceptionValue,
    HashTable,
    PropertyValues,
    PSObject,
    ScriptBlock,
    TypeValue,
    compare,
    number,
    same,
    to_text,
    type_name,
)

Method = Callable[..., Any]
TICKS_A_SECOND = 10_000_000
_EPOCH = datetime(1, 1, 1)
_DATE_FIELDS = ("year", "month", "day", "hour", "minute", "second")


def ticks(span: timedelta) -> int:
    """A TimeSpan in units of 100 ns."""
    return (span.days * 86400 + span.seconds) * TICKS_A_SECOND + span.microseconds * 10


def get_property(value: Any, name: str) -> Any:
    """value.name; $null for a property that doesn't exist, as PowerShell 1.0 has no strict mode for them."""
    if isinstance(value, NetObject):
        return value.get(name)
    if isinstance(value, PSObject):
        key = value.key(name)
        return value.properties[key] if key is not None else _text_length(value, name)
    if isinstance(value, HashTable) and value.spelled(name) in value:
        return value[value.spelled(name)]
    found = _PROPERTIES.get(type(value), {}).get(name.lower())
    if found is None and name.lower() == "psbase":
        return value
    return found(value) if found else None


def _text_length(value: PSObject, name: str) -> Any:
    return len(value.text) if value.text is not None and name.lower() == "length" else None


def property_names(value: Any) -> list[str]:
    """The names of an object's properties, in order."""
    if isinstance(value, PSObject):
        return list(value.properties)
    if isinstance(value, NetObject):
        return value.names()
    shown = _SHOWN.get(type(value))
    return list(shown) if shown else []


def set_property(value: Any, name: str, new: Any) -> None:
    """value.name = new."""
    if isinstance(value, NetObject):
        value.put(name, new)
        return
    if isinstance(value, HashTable):
        value[name] = new
        return
    key = value.key(name) if isinstance(value, PSObject) else None
    if key is None:
        raise PSError(f"Property '{name}' cannot be found on this object; make sure it exists and is settable.")
    value.properties[key] = new


def call(value: Any, name: str, arguments: list[Any]) -> Any:
    """value.name(arguments)."""
    if value is None:
        raise PSError("You cannot call a method on a null-valued expression.")
    if isinstance(value, NetObject):
        return value.call(name, arguments)
    method = _METHODS.get(type(value), {}).get(name.lower()) or _COMMON.get(name.lower())
    if method is None:
        raise no_method(type_name(value), name)
    return guarded(method, name, value, *arguments)


def no_method(owner: str, name: str) -> PSError:
    """The error for a method that a type doesn't have."""
    return PSError(f"Method invocation failed because [{owner}] doesn't contain a method named '{name}'.")


def guarded(method: Method, name: str, *arguments: Any, bound: int = 1) -> Any:
    """Call a played .NET method; what goes wrong in it becomes PowerShell's error. bound: arguments not typed."""
    count = len(arguments) - bound
    try:
        return method(*arguments)
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        raise PSError(f'Exception calling "{name}" with "{count}" argument(s): "{error}"') from None
    except TypeError:
        raise PSError(f'Cannot find an overload for "{name}" and the argument count: "{count}".') from None


def get_index(value: Any, index: Any) -> Any:
    """value[index]."""
    if value is None:
        raise PSError("Cannot index into a null array.")
    if isinstance(index, list):
        return [get_index(value, one) for one in index]
    if isinstance(value, HashTable):
        return value.get(index)
    if isinstance(value, NetObject):
        return value.index(index)
    if isinstance(value, (list, str)):
        place = int(number(index))
        return value[place] if -len(value) <= place < len(value) else None
    raise PSError(f"Unable to index into an object of type {type_name(value)}.")


def set_index(value: Any, index: Any, new: Any) -> None:
    """value[index] = new."""
    if isinstance(value, HashTable):
        value[index] = new
    elif isinstance(value, list) and -len(value) <= int(number(index)) < len(value):
        value[int(number(index))] = new
    elif isinstance(value, list):
        raise PSError("Array assignment failed because index '" + to_text(index) + "' was out of range.")
    else:
        raise PSError(f"Unable to index into an object of type {type_name(value)}.")


# -- strings


def _substring(text: str, start: Any, length: Any = None) -> str:
    first = int(number(start))
    end = len(text) if length is None else first + int(number(length))
    if first < 0 or first > len(text):
        raise ValueError("startIndex cannot be larger than length of string.\r\nParameter name: startIndex")
    if end > len(text) or end < first:
        raise ValueError("Index and length must refer to a location within the string.\r\nParameter name: length")
    return text[first:end]


def _split(text: str, separators: Any = None, options: Any = None) -> list[str]:
    """By any of the characters given (a string is taken for its characters), not by a whole string."""
    separators_text = to_text(separators).replace(" ", "") if isinstance(separators, list) else to_text(separators)
    marks = set(separators_text) or set(" \t\r\n")
    parts = [""]
    for char in text:
        if char in marks:
            parts.append("")
        else:
            parts[-1] += char
    drop = options is not None and to_text(options).lower() in ("removeemptyentries", "1")
    return [part for part in parts if part] if drop else parts


def _trim(strip: Callable[[str, str | None], str]) -> Method:
    return lambda text, *marks: strip(text, "".join(to_text(mark) for mark in marks) or None)


def _padded(pad: Callable[[str, int, str], str]) -> Method:
    return lambda text, width, fill=" ": pad(text, int(number(width)), to_text(fill)[:1] or " ")


def _index_of(find: Callable[[str, str], int]) -> Method:
    return lambda text, what: find(text, to_text(what))


def _insert(text: str, place: Any, what: Any) -> str:
    return text[: int(number(place))] + to_text(what) + text[int(number(place)) :]


def _remove(text: str, start: Any, count: Any = None) -> str:
    first = int(number(start))
    return text[:first] + ("" if count is None else text[first + int(number(count)) :])


def _starts(text: str, what: Any) -> bool:
    return text.startswith(to_text(what))


def _ends(text: str, what: Any) -> bool:
    return text.endswith(to_text(what))


_STRING: dict[str, Method] = {
    "replace": lambda text, old, new: text.replace(to_text(old), to_text(new)),
    "tolower": str.lower,
    "toupper": str.upper,
    "tolowerinvariant": str.lower,
    "toupperinvariant": str.upper,
    "split": _split,
    "trim": _trim(str.strip),
    "trimstart": _trim(str.lstrip),
    "trimend": _trim(str.rstrip),
    "startswith": _starts,
    "endswith": _ends,
    "substring": _substring,
    "contains": lambda text, what: to_text(what) in text,
    "indexof": _index_of(str.find),
    "lastindexof": _index_of(str.rfind),
    "padleft": _padded(str.rjust),
    "padright": _padded(str.ljust),
    "insert": _insert,
    "remove": _remove,
    "tochararray": list,
}

# -- dates and the rest


def _later(**unit: float) -> Method:
    """AddSeconds and its like."""
    return lambda date, amount: date + timedelta(**unit) * float(number(amount))


_DATE: dict[str, Method] = {
    "adddays": _later(days=1),
    "addhours": _later(hours=1),
    "addminutes": _later(minutes=1),
    "addseconds": _later(seconds=1),
    "addmilliseconds": _later(milliseconds=1),
    "subtract": lambda date, other: date - other,
    "touniversaltime": lambda date: date,
    "tolocaltime": lambda date: date,
    "toshortdatestring": lambda date: format_value(date, "d"),
    "tolongdatestring": lambda date: format_value(date, "D"),
    "toshorttimestring": lambda date: format_value(date, "t"),
    "tolongtimestring": lambda date: format_value(date, "T"),
}


def _put(table: HashTable, key: Any, value: Any) -> None:
    table[key] = value


def _drop(table: HashTable, key: Any) -> None:
    table.pop(table.spelled(key), None)


_TABLE: dict[str, Method] = {
    "containskey": lambda table, key: table.spelled(key) in table,
    "contains": lambda table, key: table.spelled(key) in table,
    "containsvalue": lambda table, value: any(same(item, value) for item in table.values()),
    "add": _put,
    "remove": _drop,
}
_METHODS: dict[type, dict[str, Method]] = {str: _STRING, datetime: _DATE, HashTable: _TABLE}
_COMMON: dict[str, Method] = {
    "tostring": lambda value, spec="": format_value(value, to_text(spec)),
    "equals": lambda value, other: type(value) is type(other) and same(value, other, True),
    "compareto": lambda value, other: compare(value, other, True),
    "gettype": lambda value: TypeValue(type_name(value)),
    "gethashcode": lambda value: hash(to_text(value)) & 0x7FFFFFFF,
}


def _invocation(record: ErrorRecord) -> PSObject:
    place = record.extent
    lines = place.message().split("\n") if place else ["", ""]
    return PSObject(
        "System.Management.Automation.InvocationInfo",
        {"MyCommand": record.activity, "PositionMessage": "\n".join(lines), "Line": place.text if place else ""},
    )


def exception(record: ErrorRecord) -> ExceptionValue:
    """The Exception property of an error record."""
    return ExceptionValue(record.message, record.type_name)


def _total(unit: float) -> Method:
    return lambda span: span.total_seconds() / unit


_SPAN_UNITS = {"totaldays": 86400.0, "totalhours": 3600.0, "totalminutes": 60.0, "totalseconds": 1.0}
_PROPERTIES: dict[type, dict[str, Callable[[Any], Any]]] = {
    str: {"length": len},
    list: {"length": len, "count": len, "longlength": len, "rank": lambda _items: 1},
    PropertyValues: {
        "count": len,
        "capacity": len,
        "value": lambda values: values[0] if len(values) == 1 else (list(values) or None),
    },
    HashTable: {"count": len, "keys": lambda t: list(t.keys()), "values": lambda t: list(t.values())},
    ExceptionValue: {"message": lambda e: e.message, "innerexception": lambda _e: None},
    ErrorRecord: {
        "exception": exception,
        "invocationinfo": _invocation,
        "targetobject": lambda record: record.target,
        "fullyqualifiederrorid": lambda record: record.identifier,
    },
    EnumValue: {"value__": lambda value: value.number},
    TypeValue: {"fullname": lambda t: t.name, "name": lambda t: t.name.rpartition(".")[2]},
    ScriptBlock: {},
    datetime: {
        **{name: attrgetter(name) for name in _DATE_FIELDS},
        "date": lambda date: datetime(date.year, date.month, date.day),
        "millisecond": lambda date: date.microsecond // 1000,
        "ticks": lambda date: ticks(date - _EPOCH),
        "dayofweek": lambda date: EnumValue(date.strftime("%A"), (date.weekday() + 1) % 7, "System.DayOfWeek"),
        "timeofday": lambda date: date - datetime(date.year, date.month, date.day),
    },
    timedelta: {
        **{name: _total(unit) for name, unit in _SPAN_UNITS.items()},
        "totalmilliseconds": lambda span: span.total_seconds() * 1000,
        "days": lambda span: span.days,
        "hours": lambda span: span.seconds // 3600,
        "minutes": lambda span: span.seconds // 60 % 60,
        "seconds": lambda span: span.seconds % 60,
        "milliseconds": lambda span: span.microseconds // 1000,
        "ticks": ticks,
    },
}
_SHOWN: dict[type, tuple[str, ...]] = {
    timedelta: (
        "Days",
        "Hours",
        "Minutes",
        "Seconds",
        "Milliseconds",
        "Ticks",
        "TotalDays",
        "TotalHours",
        "TotalMinutes",
        "TotalSeconds",
        "TotalMilliseconds",
    ),
    ExceptionValue: ("Message", "InnerException"),
}
