# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Reading a YAML file key by key, with errors that name file, key and value in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

_T = TypeVar("_T")


class TopologyError(ValueError):
    """A topology that cannot be played; the message is one line and says what would do."""


class Section:
    """One mapping of the file. A key without a default must be there."""

    def __init__(self, file: str, path: str, data: Any) -> None:
        self._file = file
        self._path = path
        self._read: set[str] = set()
        self._data: dict[str, Any] = data if isinstance(data, dict) else {}
        if data is not None and not isinstance(data, dict):
            raise self.error("", data, "expected key: value pairs")

    def error(self, key: str, value: Any, remedy: str) -> TopologyError:
        """An error about a key; value None is left out."""
        where = ".".join(part for part in (self._path, key) if part)
        shown = [] if value is None else [repr(value)]
        return TopologyError(": ".join([self._file, *([where] if where else []), *shown, remedy]))

    def has(self, key: str) -> bool:
        """Whether the key is written."""
        return key in self._data

    def is_none(self, key: str) -> bool:
        """Whether the key is written without a value."""
        self._read.add(key)
        return self._data.get(key) is None

    def text(self, key: str, default: str | None = None) -> str:
        """A text, not empty; a bare number is taken as its text."""
        value = self._get(key, default)
        if isinstance(value, (bool, list, dict)) or value is None or str(value) == "":
            raise self.error(key, value, "expected a text" if self.has(key) else "is missing")
        return str(value)

    def number(self, key: str, default: int) -> int:
        """A whole number."""
        value = self._get(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(key, value, "expected a whole number")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, value, "expected true or false")
        return value

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """One of the given words."""
        value = self.text(key, default)
        if value not in choices:
            raise self.error(key, value, f"use one of {', '.join(choices)}")
        return value

    def names(self, key: str, default: Iterable[str]) -> list[str]:
        """A list of texts."""
        value = self._get(key, list(default))
        if not isinstance(value, list) or any(isinstance(v, (list, dict)) or v is None for v in value):
            raise self.error(key, value, "expected a list of texts")
        return [str(v) for v in value]

    def mapping(self, key: str) -> dict[str, str]:
        """Texts by text."""
        value = self._get(key, {})
        if not isinstance(value, dict) or any(isinstance(v, (list, dict)) for v in value.values()):
            raise self.error(key, value, "expected key: value pairs")
        return {str(k): str(v) for k, v in value.items()}

    def like(self, key: str, example: Any) -> Any:
        """A value of the same kind as the example."""
        if isinstance(example, bool):
            return self.flag(key, example)
        if isinstance(example, int):
            return self.number(key, example)
        if isinstance(example, str):
            return self.text(key, example)
        value = self._get(key, example)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value < 0:
            raise self.error(key, value, "expected seconds, 0 or more")
        return float(value)

    def section(self, key: str) -> Section:
        """The mapping below a key, empty when it is not there."""
        return Section(self._file, self._below(key), self._get(key, {}))

    def sections(self, key: str) -> list[Section]:
        """The list of mappings below a key."""
        value = self._get(key, [])
        if not isinstance(value, list):
            raise self.error(key, value, "expected a list")
        return [Section(self._file, f"{self._below(key)}[{index}]", item) for index, item in enumerate(value)]

    def sections_or_one(self, key: str) -> list[Section]:
        """The list of mappings below a key, or the one mapping that stands there without a list."""
        return [self.section(key)] if isinstance(self._data.get(key), dict) else self.sections(key)

    def rest(self) -> dict[str, Any]:
        """Every key that nobody has read."""
        return {key: value for key, value in self._data.items() if key not in self._read}

    def close(self, foreign: Iterable[str] = ()) -> None:
        """Refuse keys that nobody has read."""
        known = self._read | set(foreign)
        for key in self._data:
            if key not in known:
                hint = f": known here: {', '.join(sorted(known))}" if known else ""
                raise self.error(str(key), None, f"unknown key{hint}")

    def closed(self, read: Callable[[Section], _T]) -> _T:
        """What read makes of this section, which must use every key."""
        result = read(self)
        self.close()
        return result

    def _get(self, key: str, default: Any) -> Any:
        self._read.add(key)
        return self._data.get(key, default)

    def _below(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key
