# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""How objects become lines: lists, tables, and the cut at 79 columns (exchange.md 6.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .dotnet_format import format_value
from .errors import ErrorRecord
from .members import get_property, property_names
from .values import HashTable, PSObject, to_text, type_name

WIDTH = 79  # a console of 80 columns; the last one stays empty
UNWRAPPED = 32_000
_LARGEST_TABLE = 4  # properties; an object with more is shown as a list
Getter = Callable[[Any], Any]


@dataclass(frozen=True)
class Formatted:
    """What Format-List and Format-Table put out: lines that only wait to be written."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table, or a line of a list."""

    name: str
    get: Getter


def column(name: str) -> Column:
    """The column that shows a property."""
    return Column(name, lambda value: get_property(value, name))


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, cut hard at width, in the middle of words."""
    lines = text.replace("\r\n", "\n").split("\n")
    return [line[i : i + width] for line in lines for i in range(0, max(len(line), 1), width)]


def cell(value: Any, limit: int = 4) -> str:
    """A value as it is shown in a table or list; limit is $FormatEnumerationLimit."""
    if isinstance(value, HashTable):
        value = list(value)
    if isinstance(value, list):
        shown = [cell(item, limit) for item in value[:limit]]
        return "{" + ", ".join(shown) + ("..." if len(value) > limit else "") + "}"
    if isinstance(value, datetime):
        return format_value(value, "G")
    return to_text(value)


def list_lines(value: Any, columns: Sequence[Column], width: int, limit: int = 4) -> list[str]:
    """`Name : value` lines; a long value goes on below its first line."""
    label = max((len(c.name) for c in columns), default=0)
    lines = []
    for c in columns:
        pieces = wrapped(cell(c.get(value), limit), max(width - label - 3, 1))
        lines.append(
            f"{c.name.ljust(label)} : {pieces[0]}".rstrip() if not pieces[0] else f"{c.name:<{label}} : {pieces[0]}"
        )
        lines += [" " * (label + 3) + piece for piece in pieces[1:]]
    return lines


def table_widths(count: int, width: int) -> list[int]:
    """Every column gets the same share of the line."""
    return [max((width - count + 1) // max(count, 1), 1)] * count


def fitting_widths(rows: Sequence[Sequence[str]], names: Sequence[str]) -> list[int]:
    """-AutoSize: as wide as the widest cell."""
    return [max(len(name), *(len(row[i]) for row in rows)) if rows else len(name) for i, name in enumerate(names)]


def table_head(names: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    """The titles, a long one on several lines, and the line of dashes below."""
    pieces = [wrapped(name, width) for name, width in zip(names, widths, strict=True)]
    height = max(map(len, pieces), default=0)
    titles = [[piece[line] if line < len(piece) else "" for piece in pieces] for line in range(height)]
    dashes = ["-" * min(len(name), width) for name, width in zip(names, widths, strict=True)]
    return [table_row(cells, widths, right) for cells in [*titles, dashes]]


def table_row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    """One line; what doesn't fit ends with three dots."""
    parts = []
    for text, width, numeric in zip(cells, widths, right, strict=True):
        cut = text if len(text) <= width else text[: max(width - 3, 0)] + "..."[:width]
        parts.append(cut.rjust(width) if numeric else cut.ljust(width))
    return " ".join(parts).rstrip()


def numeric(value: Any) -> bool:
    """Whether a column with this value stands to the right."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Printer:
    """Writes objects one after the other, as the end of a pipeline does: neighbours of a kind share a table."""

    def __init__(self, write: Callable[[str], None], width: int, limit: Callable[[], int] = lambda: 4) -> None:
        self._write = write
        self._width = width
        self._limit = limit
        self._open = ""  # the kind of the list or table that was begun
        self._columns: list[Column] = []
        self._right: list[bool] = []

    def show(self, value: Any) -> None:
        """Write one object."""
        if isinstance(value, list):
            for item in value:
                self.show(item)
        elif isinstance(value, Formatted):
            self.finish()
            self._lines(value.lines)
        elif isinstance(value, ErrorRecord):
            self._text(value.text())
        elif isinstance(value, HashTable):
            self._show_pairs(value)
        elif property_names(value):
            self._show_object(value)
        elif value is not None:
            self._text(cell(value))

    def finish(self) -> None:
        """End the list or table that is open."""
        if self._open:
            self._lines(["", ""] if self._open.startswith("table") else [""])
        self._open = ""

    def _text(self, text: str) -> None:
        self.finish()
        self._lines(wrapped(text, self._width))

    def _lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._write(line + "\n")

    def _show_pairs(self, table: HashTable) -> None:
        for key, item in table.items():
            self._show_object(PSObject("Entry", {"Name": key, "Value": item}))

    def _show_object(self, value: Any) -> None:
        names = list(value.columns) if isinstance(value, PSObject) and value.columns else property_names(value)
        as_list = len(names) > _LARGEST_TABLE and not getattr(value, "columns", ())
        kind = ("list " if as_list else "table ") + type_name(value) + " ".join(names)
        if kind != self._open:
            self.finish()
            self._begin(kind, names, value)
        if as_list:
            self._lines([*list_lines(value, self._columns, self._width, self._limit()), ""])
        else:
            cells = [cell(c.get(value), self._limit()) for c in self._columns]
            self._lines([table_row(cells, table_widths(len(cells), self._width), self._right)])

    def _begin(self, kind: str, names: list[str], first: Any) -> None:
        self._open = kind
        self._columns = [column(name) for name in names]
        self._right = [numeric(c.get(first)) for c in self._columns]
        self._lines([""])
        if kind.startswith("table"):
            self._lines(table_head(names, table_widths(len(names), self._width), self._right))
        else:
            self._lines([""])
