# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Registry reads through reg.exe, in the layouts of 2003 and 2008 (sources.md: reg)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from ._cmdline import quote
from ._node import Result

_ROW = re.compile(r"^\s+(?P<name>\S.*?)\s+(?P<type>REG_[A-Z_]+)(?:\s+(?P<data>.*))?$")


def query(key: str, *, tree: bool = False) -> str:
    """A line that reads a key with its values and the names of the keys below; tree: all of it."""
    return f"reg query {quote(key)}{' /s' if tree else ''}"


class Keys:
    """What `reg query` printed: keys by their path without case, each with its values by name without case."""

    def __init__(self, result: Result) -> None:
        self.read = result.rc == 0
        self._keys = _parsed(result.stdout)

    def value(self, key: str, name: str) -> str | None:
        """Data as printed; None where key or value was not printed. key: the path's end, such as `v8.0\\\\Setup`."""
        for path, values in self._keys.items():
            if path == key.casefold() or path.endswith("\\" + key.casefold()):
                return values.get(name.casefold())
        return None

    def has(self, key: str) -> bool:
        """Whether a key whose path ends in key was printed."""
        return any(path.endswith("\\" + key.casefold()) for path in self._keys)

    def below(self, key: str) -> dict[str, dict[str, str]]:
        """Keys right below the one whose path ends in key: last part of the name -> values."""
        mark = "\\" + key.casefold() + "\\"
        found = {}
        for path, values in self._keys.items():
            _before, sep, rest = path.partition(mark)
            if sep and "\\" not in rest:
                found[rest] = values
        return found


@lru_cache(maxsize=64)
def _parsed(text: str) -> Mapping[str, dict[str, str]]:
    """Keys without case -> values; most keys say the same at every reading."""
    keys: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in text.splitlines():
        if line.upper().startswith("HKEY_"):
            current = keys.setdefault(line.strip().casefold(), {})
        elif keys and (row := _ROW.match(line)):
            current[row.group("name").casefold()] = (row.group("data") or "").strip()
    return keys


def dword(text: str | None) -> int | None:
    """The number of a REG_DWORD as printed (`0x18`); None where it is none."""
    if text is None:
        return None
    try:
        return int(text, 16 if text.lower().startswith("0x") else 10)
    except ValueError:
        return None
