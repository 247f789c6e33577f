# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The registry of one played host: keys and typed values, names compared without case."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache

HIVES = {
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKEY_CURRENT_USER": "HKCU",
    "HKEY_CLASSES_ROOT": "HKCR",
    "HKEY_USERS": "HKU",
}
Data = str | int | bytes | list[str]


@dataclass(frozen=True)
class Value:
    """name as written, type such as REG_SZ, data: str (SZ, EXPAND_SZ), int (DWORD), list of str (MULTI_SZ), bytes."""

    name: str
    type: str
    data: Data


@dataclass
class _Key:
    name: str
    values: dict[str, Value] = field(default_factory=dict)
    keys: dict[str, _Key] = field(default_factory=dict)


class Registry:
    """Keys are given as HKLM\\Path or HKEY_LOCAL_MACHINE\\Path; a missing key or value reads as None or empty."""

    def __init__(self) -> None:
        self._root = _Key("")
        self._shown: dict[Hashable, tuple[int, str]] = {}
        self._changes = 0

    def shown(self, what: Hashable, show: Callable[[], str]) -> str:
        """What show() makes of the registry; called again only when something was written since."""
        changes = self._changes
        known = self._shown.get(what)
        if known is not None and known[0] == changes:
            return known[1]
        text = show()
        self._shown[what] = (changes, text)
        return text

    def set(self, key: str, name: str, data: Data, type: str = "") -> None:
        """Write a value and make the keys above it; the type follows the data unless given."""
        guessed = {int: "REG_DWORD", str: "REG_SZ", list: "REG_MULTI_SZ", bytes: "REG_BINARY"}
        value = Value(name, type or guessed[data.__class__], data)
        values = self.create_key(key).values
        if values.get(name.lower()) != value:
            values[name.lower()] = value
            self._changes += 1

    def get(self, key: str, name: str) -> Data | None:
        found = self._find(key)
        value = found.values.get(name.lower()) if found else None
        return value.data if value else None

    def has_key(self, key: str) -> bool:
        return self._find(key) is not None

    def values(self, key: str) -> list[Value]:
        found = self._find(key)
        return list(found.values.values()) if found else []

    def subkeys(self, key: str) -> list[str]:
        found = self._find(key)
        return [child.name for child in found.keys.values()] if found else []

    def create_key(self, key: str) -> _Key:
        here = self._root
        for part in _parts(key):
            below = here.keys.get(part.lower())
            if below is None:
                below = here.keys.setdefault(part.lower(), _Key(part))
                self._changes += 1
            here = below
        return here

    def delete_value(self, key: str, name: str) -> bool:
        """True if it was there."""
        found = self._find(key)
        deleted = found.values.pop(name.lower(), None) if found else None
        self._changes += 1
        return deleted is not None

    def delete_key(self, key: str) -> bool:
        """True if it was there; takes the keys below with it."""
        *above, last = _parts(key)
        parent = self._find("\\".join(above))
        deleted = parent.keys.pop(last.lower(), None) if parent else None
        self._changes += 1
        return deleted is not None

    def _find(self, key: str) -> _Key | None:
        here = self._root
        for part in _parts(key):
            below = here.keys.get(part.lower())
            if below is None:
                return None
            here = below
        return here


@lru_cache(maxsize=4096)
def _parts(key: str) -> tuple[str, ...]:
    parts = [part for part in key.split("\\") if part]
    if parts:
        parts[0] = HIVES.get(parts[0].upper(), parts[0].upper())
    return tuple(parts)
