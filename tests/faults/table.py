# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault table of docs/faults.md, and which row a native command belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
WORDS = ("retry", "refuse", "resume", "unknown")
_CELL = re.compile(r"(?P<word>[a-z]+|-)(?:\[\^(?P<note>[a-z-]+)\])?")
_IN_WINDOW = ", in the window"
_AFTER_SETUP = ", after Setup"


@dataclass(frozen=True)
class Command:
    """A row. line: the native command lines that belong to it."""

    label: str
    line: str

    @property
    def window(self) -> bool:
        """Whether it is struck in the offline window instead of at its first use."""
        return self.label.endswith(_IN_WINDOW)

    @property
    def after_setup(self) -> bool:
        """Whether it is struck at its first use after the node's program files were upgraded."""
        return self.label.endswith(_AFTER_SETUP)


def _commands(*rows: tuple[str, str]) -> dict[str, Command]:
    return {label: Command(label, line) for label, line in rows}


_READS = {
    "reg query": r"^reg query ",
    "tasklist": r"^tasklist\b",
    "wmic os": r"^wmic os ",
    "wmic MSCluster": r"^wmic .*MSCluster",
    "cluster.exe node": r"^cluster\.exe node\s*$",
    "cluster.exe group": r"^cluster\.exe group\s*$",
    "cluster.exe res": r"^cluster\.exe res\s*$",
}
COMMANDS = _commands(
    *_READS.items(),
    ("wmic datafile", r"^wmic datafile "),
    ("powershell Get-MailboxServer", r"^powershell\b.*\bGet-MailboxServer\b"),
    ("sc query", r"^sc query "),
    ("cluster.exe node /priv", r"^cluster\.exe node \S+ /priv \S+="),
    ("cluster.exe node /priv /usedefault", r"^cluster\.exe node \S+ /priv:\S+ /usedefault"),
    ("powershell ms-Exch-Schema-Version-Pt", r"^powershell\b.*\bms-Exch-Schema-Version-Pt\b"),
    ("cluster.exe group /move", r"^cluster\.exe group .* /move:"),
    ("cmd /v:on", r"^cmd /v:on "),
    ("schtasks /create", r"^schtasks /create "),
    ("schtasks /run", r"^schtasks /run "),
    ("Setup.com /mode:upgrade", r'^"?[^"]*\\setup\.com"? /mode:upgrade'),
    ("find", r"^find "),
    ("more", r"^more "),
    ("schtasks /delete", r"^schtasks /delete "),
    ("schtasks /delete" + _AFTER_SETUP, r"^schtasks /delete "),
    ("schtasks /query", r"^schtasks /query "),
    ("shutdown /r", r"^shutdown /r "),
    ("powershell Get-StorageGroupCopyStatus", r"^powershell\b.*\bGet-StorageGroupCopyStatus\b"),
    ("powershell Move-ClusteredMailboxServer -ValidateOnly", r"^powershell\b.*\bMove-Clustered.* -ValidateOnly\b"),
    ("powershell Stop-ClusteredMailboxServer", r"^powershell\b.*\bStop-ClusteredMailboxServer\b"),
    (
        "powershell Move-ClusteredMailboxServer",
        r"^powershell\b(?!.* -ValidateOnly\b).*\bMove-ClusteredMailboxServer\b",
    ),
    ("Setup.com /upgradecms", r'^"?[^"]*\\setup\.com"? /upgradecms'),
    ("powershell Start-ClusteredMailboxServer", r"^powershell\b.*\bStart-ClusteredMailboxServer\b"),
    *((name + _IN_WINDOW, line) for name, line in _READS.items() if name not in ("wmic os", "reg query")),
    ("schtasks /run" + _IN_WINDOW, r"^schtasks /run "),
)


def row_of(line: str) -> Command | None:
    """The row of a native command line, those of a certain time left aside; None: the table does not know it."""
    plain = (command for command in COMMANDS.values() if not command.window and not command.after_setup)
    return next((command for command in plain if re.search(command.line, line.strip(), re.IGNORECASE)), None)


@dataclass(frozen=True)
class Table:
    """What the document promises: row label -> column title -> word; notes: the footnotes that are explained."""

    titles: tuple[str, ...]
    cells: dict[str, dict[str, str]]
    used_notes: frozenset[str]
    notes: frozenset[str]


def read(text: str) -> Table:
    """The first table of the document whose first title is 'command'; raises ValueError for a cell that is none."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| command |"))
    titles = tuple(_fields(lines[start])[1:])
    cells: dict[str, dict[str, str]] = {}
    used = set()
    for label, *fields in map(_fields, _body(lines[start + 2 :])):
        found = [_CELL.fullmatch(field) for field in fields]
        if len(fields) != len(titles) or not all(found):
            raise ValueError(f"row {label}: {fields}")
        words = [match for match in found if match]
        cells[label.replace("`", "")] = dict(zip(titles, (match["word"] for match in words), strict=True))
        used |= {match["note"] for match in words if match["note"]}
    notes = frozenset(re.findall(r"^\[\^([a-z-]+)\]:", text, re.MULTILINE))
    return Table(titles, cells, frozenset(used), notes)


def _body(lines: Iterable[str]) -> list[str]:
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append(line)
    return found


def _fields(line: str) -> list[str]:
    return [field.strip() for field in line.strip().strip("|").split("|")]
