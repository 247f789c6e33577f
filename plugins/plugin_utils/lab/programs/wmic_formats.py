# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""How wmic prints instances: padded columns, or what a style sheet makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape, quoteattr

END = "\r\r\n"  # seen on a pipe (wmic-raw-bytes-crcrlf.txt)
Rows = Sequence[dict[str, str]]


def table(_host: str, rows: Rows) -> str:
    """Columns two blanks wider than their longest cell; the last one too."""
    names = list(rows[0])
    widths = [max(len(name), *(len(row[name]) for row in rows)) + 2 for name in names]
    lines = [names, *([row[name] for name in names] for row in rows)]
    padded = ("".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in lines)
    return "".join(line + END for line in padded) + END


def value_list(_host: str, rows: Rows) -> str:
    """Name=Value lines, two empty lines between instances: /value and /format:list."""
    blocks = ("".join(f"{name}={value}{END}" for name, value in row.items()) for row in rows)
    return "".join(f"{END}{END}{block}" for block in blocks) + END * 3


def csv(host: str, rows: Rows) -> str:
    """A leading empty line, and the computer's name in the first column."""
    lines = [["Node", *rows[0]], *([host, *row.values()] for row in rows)]
    return END + "".join(",".join(line) + END for line in lines)


def raw_xml(host: str, rows: Rows) -> str:
    """The instances before any style sheet."""
    return f"<RESULTS NODE={quoteattr(host)}><CIM>{''.join(map(_instance, rows))}</CIM></RESULTS>{END}"


def _instance(row: dict[str, str]) -> str:
    properties = (
        f"<PROPERTY NAME={quoteattr(name)}><VALUE>{escape(value)}</VALUE></PROPERTY>" for name, value in row.items()
    )
    return f"<INSTANCE>{''.join(properties)}</INSTANCE>"


FORMATS: dict[str, Callable[[str, Rows], str]] = {
    "": table,
    "table": table,
    "list": value_list,
    "csv": csv,
    "rawxml": raw_xml,
}
WITHOUT_STYLE_SHEET = ("", "rawxml")
