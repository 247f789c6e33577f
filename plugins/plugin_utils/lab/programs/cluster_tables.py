# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The listings of cluster.exe, as windows-cli.md 1.2 describes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..world import Group, GroupState, NodeState, Resource, ResourceState

if TYPE_CHECKING:
    from ..language import Language

Cells = Sequence[str]
_PENDING_WORDS = {ResourceState.ONLINE_PENDING: "Online Pending", ResourceState.OFFLINE_PENDING: "Offline Pending"}
_GROUP_WORDS = {
    GroupState.ONLINE: "Online",
    GroupState.OFFLINE: "Offline",
    GroupState.FAILED: "Failed",
    GroupState.PARTIALLY_ONLINE: "Partially Online",
}
_RESOURCE_WORDS = {
    ResourceState.ONLINE: "Online",
    ResourceState.OFFLINE: "Offline",
    ResourceState.FAILED: "Failed",
    **_PENDING_WORDS,
}


@dataclass(frozen=True)
class Column:
    """A title over a ruler of width dashes."""

    title: str
    width: int
    right: bool = False

    def place(self, cell: str, extra: int) -> str:
        """A cell in its column; a longer one runs over and pushes the rest to the right."""
        width = self.width + extra
        return cell.rjust(width) if self.right else cell.ljust(width)


@dataclass(frozen=True)
class Table:
    """Columns, what stands behind the last cell of a row, and the line below the rows (None: no such line)."""

    columns: tuple[Column, ...]
    row_end: str = ""
    last_line: str | None = ""

    def text(self, words: Language, rows: Iterable[Cells]) -> str:
        """Titles, ruler, rows."""
        extra = words.knobs.cluster_ruler_extra
        titles = self._line([words.text(c.title) for c in self.columns], extra)
        ruler = " ".join("-" * (c.width + extra) for c in self.columns)
        lines = [titles, ruler, *(self._line(cells, extra) + self.row_end for cells in rows)]
        if self.last_line is not None:
            lines.append(self.last_line)
        return "".join(f"{line}\n" for line in lines)

    def _line(self, cells: Cells, extra: int) -> str:
        placed = [column.place(cell, extra) for column, cell in zip(self.columns, cells, strict=True)]
        return " ".join([*placed[:-1], cells[-1]])


NODES = Table((Column("Node", 14), Column("Node ID", 7, right=True), Column("Status", 21)))
# The blank behind a group's status and in the line below are seen (cluster-group-one-en.txt).
GROUPS = Table((Column("Group", 20), Column("Node", 15), Column("Status", 6)), row_end=" ", last_line=" ")
RESOURCES = Table((Column("Resource", 20), Column("Group", 20), Column("Node", 15), Column("Status", 6)))
PREFERRED_OWNERS = Table((Column("Preferred Owner Nodes", 21),), last_line=None)
POSSIBLE_OWNERS = Table((Column("Possible Owner Nodes", 20),), last_line=None)
QUORUM = Table((Column("Quorum Resource Name", 20), Column("Device", 20), Column("Max Log Size", 12)))
CLUSTERS = Table((Column("Cluster Name", 15),))


def properties(title: str) -> Table:
    """The table of /prop and /priv; title heads the column of object names."""
    return Table((Column("T", 2), Column(title, 20), Column("Name", 30), Column("Value", 23)))


def node_word(words: Language, state: NodeState) -> str:
    """Up, Down, Paused, Joining."""
    return words.text(state.name.capitalize())


def group_word(words: Language, group: Group) -> str:
    """The state of a group."""
    state = group.state()
    if state is not GroupState.PENDING:
        return words.text(_GROUP_WORDS[state])
    if words.knobs.cluster_pending == "plain":
        return words.text("Pending")
    return words.text(next(_PENDING_WORDS[r.state] for r in group.resources if r.state in _PENDING_WORDS))


def resource_word(words: Language, resource: Resource) -> str:
    """The state of a resource."""
    return words.text(_RESOURCE_WORDS[resource.state])
