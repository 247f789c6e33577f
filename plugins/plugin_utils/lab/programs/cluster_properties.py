# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Setting and deleting properties with cluster.exe /prop and /priv (windows-cli.md 1.1: property lists)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import ClusterError
from ..registry import Data, Value
from ..world import PropertyPlace
from .cluster_line import INVALID_PARAMETER, Request

if TYPE_CHECKING:
    from .cluster_session import Session

# A blank, a colon, a comma or an equals sign in a value needs quotes.
_ONE = r'(?:"[^"]*"|[^\s",:=]*)'
_PROPERTY = re.compile(rf'\s*("[^"]+"|[^\s",:=]+)=({_ONE}(?:\s*,\s*{_ONE})*)(?::(\w+))?(?=\s|$)')
_VALUES = re.compile(r'"[^"]*"|[^\s",]+')
_FORMATS = {
    "string": "REG_SZ",
    "expandstr": "REG_EXPAND_SZ",
    "expandstring": "REG_EXPAND_SZ",
    "multistr": "REG_MULTI_SZ",
    "multistring": "REG_MULTI_SZ",
    "dword": "REG_DWORD",
    "ularge": "REG_QWORD",
    "binary": "REG_BINARY",
}
_LARGEST = {"REG_DWORD": 2**32, "REG_QWORD": 2**64}
LETTERS = {"REG_DWORD": "D", "REG_QWORD": "U", "REG_MULTI_SZ": "M", "REG_BINARY": "B"}
# assumption: what may be set of the common properties, and what it is set to unless somebody did
COMMON: dict[str, tuple[tuple[str, Data], ...]] = {
    "node": (("Description", ""),),
    "group": (("Description", ""), ("FailoverThreshold", 10), ("FailoverPeriod", 6), ("AutoFailbackType", 0)),
    "resource": (("Description", ""), ("RestartAction", 2)),
    "cluster": (("Description", ""),),
}


def change(session: Session, request: Request) -> None:
    """Do what the property list says; ClusterError 87 when it makes no sense, and then nothing is changed."""
    place = place_of(session, request)
    if request.option("usedefault"):
        names = _names(request.verb.value)
        if request.properties:
            raise ClusterError(INVALID_PARAMETER)
        session.physics.set_properties(session.cluster, place, dict.fromkeys(names), session.proc)
        return
    known = session.cluster.properties.get(place, {})
    values = [_value(place, known, *parts) for parts in _parts(request.properties)]
    session.physics.set_properties(session.cluster, place, {v.name: v for v in values}, session.proc)


def place_of(session: Session, request: Request) -> PropertyPlace:
    """What the properties belong to; ClusterError when there is no such thing."""
    private = request.verb.word == "privproperties"
    if not request.command:
        return PropertyPlace("cluster", "", private)
    name = request.required_name()
    if request.command == "node":
        name = session.node(name).name
    elif request.command == "group":
        name = session.group(name).name
    else:
        name = session.resource(name)[0].name
    return PropertyPlace(request.command, name.lower(), private)


def _names(text: str | None) -> list[str]:
    """:Name,Name"""
    names = [name.strip('"') for name in _VALUES.findall(text or "")]
    if not names:
        raise ClusterError(INVALID_PARAMETER)
    return names


def _parts(words: Sequence[str]) -> Iterator[tuple[str, list[str], str]]:
    """Name, values and format of each property."""
    text = " ".join(words)
    place = 0
    while text[place:].strip():
        found = _PROPERTY.match(text, place)
        if found is None:
            raise ClusterError(INVALID_PARAMETER)
        values = [value.strip('"') for value in _VALUES.findall(found[2])]
        yield found[1].strip('"'), values or [""], (found[3] or "").lower()
        place = found.end()


def _value(place: PropertyPlace, known: dict[str, Value], name: str, values: list[str], word: str) -> Value:
    """The value with its type: the one asked for, else the one that the property has, else a string."""
    if word and word not in _FORMATS:
        raise ClusterError(INVALID_PARAMETER)
    kind = _FORMATS.get(word, "")
    if not place.private:
        name, needed = _common(place, name)
        if kind not in ("", needed):
            raise ClusterError(INVALID_PARAMETER)
        kind = needed
    old = known.get(name.lower())
    kind = kind or (old.type if old else "REG_SZ" if len(values) == 1 else "REG_MULTI_SZ")
    return Value(name, kind, _data(kind, values))


def _common(place: PropertyPlace, name: str) -> tuple[str, str]:
    """The name as it is spelled and its type; only few common properties can be set here."""
    for known, default in COMMON[place.kind]:
        if known.lower() == name.lower():
            return known, "REG_DWORD" if isinstance(default, int) else "REG_SZ"
    raise ClusterError(INVALID_PARAMETER)


def _data(kind: str, values: list[str]) -> Data:
    if kind == "REG_MULTI_SZ":
        return values
    if kind == "REG_BINARY":
        numbers = [_number(value, 256) for value in values]
        return bytes(numbers)
    if len(values) > 1:
        raise ClusterError(INVALID_PARAMETER)
    return _number(values[0], _LARGEST[kind]) if kind in _LARGEST else values[0]


def _number(text: str, limit: int) -> int:
    try:
        number = int(text, 0)
    except ValueError:
        raise ClusterError(INVALID_PARAMETER) from None
    if not 0 <= number < limit:
        raise ClusterError(INVALID_PARAMETER)
    return number
