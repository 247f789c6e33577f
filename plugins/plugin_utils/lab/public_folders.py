# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Public folders: one hierarchy, replica lists that change at once, contents that follow slowly (exchange.md 7).

Everything is read and changed under World.lock.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .mail_store import MEGABYTE, MailDatabase

if TYPE_CHECKING:
    from .process import Process
    from .world import World

Path = tuple[str, ...]
ROOT: Path = ()
SYSTEM: Path = ("NON_IPM_SUBTREE",)
_NAMESPACE = uuid.UUID("0b7f1d4e-3f0c-4d3b-93cf-2a3c0a2c7f55")


@dataclass
class PublicFolder:
    """items and size (bytes) are those of the whole content.

    content: database -> how much of it is there, 0 to 1. A database that is taken off the replica list keeps its
    content until the others have it all.
    """

    path: Path
    items: int
    size: int
    replicas: list[MailDatabase] = field(default_factory=list)
    content: dict[MailDatabase, float] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """\\Folder\\Subfolder."""
        return "\\" + "\\".join(self.path)

    @property
    def entry_id(self) -> str:
        """A made-up entry id, the same for ever."""
        return "000000001A447390AA6611CD9BC800AA002FC45A0300" + uuid.uuid5(_NAMESPACE, self.identity).hex.upper()

    def items_in(self, database: MailDatabase) -> int:
        """How many items are there already."""
        return int(self.items * self.content.get(database, 0.0))

    def size_in(self, database: MailDatabase) -> int:
        """How many bytes are there already."""
        return int(self.size * self.content.get(database, 0.0))

    def complete(self, database: MailDatabase) -> bool:
        """Whether all of it is there."""
        return self.content.get(database, 0.0) >= 1.0

    def settled(self) -> bool:
        """Whether every replica has everything, and nothing lies anywhere else."""
        return all(self.complete(d) for d in self.replicas) and set(self.content) == set(self.replicas)


class PublicFolders:
    """The hierarchy and the replication of its contents."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._folders: dict[Path, PublicFolder] = {}  # keys in lower case; parents stand before what is below them
        self._unsettled: set[Path] = set()
        self._looking = False
        self.stalled: set[str] = set()  # server names in lower case whose content doesn't go out or come in

    def add(self, folder: PublicFolder, replicas: Sequence[MailDatabase]) -> None:
        """A folder of the topology, its content everywhere."""
        folder.replicas = list(replicas)
        folder.content = dict.fromkeys(replicas, 1.0)
        self._folders[_key(folder.path)] = folder

    def all(self) -> list[PublicFolder]:
        """Every folder, sorted like the tree."""
        return [self._folders[key] for key in sorted(self._folders)]

    def find(self, path: Iterable[str]) -> PublicFolder | None:
        """The folder of a path, case ignored."""
        return self._folders.get(_key(path))

    def named(self, identity: str) -> PublicFolder | None:
        """The folder of \\Folder\\Subfolder, of \\ alone, or of an entry id."""
        if identity and not identity.startswith("\\"):
            return next((f for f in self._folders.values() if f.entry_id == identity.upper()), None)
        return self.find(part for part in identity.split("\\") if part)

    def below(self, folder: PublicFolder) -> list[PublicFolder]:
        """Everything below a folder; what is below \\ doesn't include the system folders."""
        key = _key(folder.path)
        return [
            self._folders[other]
            for other in sorted(self._folders)
            if len(other) > len(key) and other[: len(key)] == key and (key or other[0] != SYSTEM[0].lower())
        ]

    def children(self, folder: PublicFolder) -> list[PublicFolder]:
        """The folders right below a folder."""
        return [other for other in self.below(folder) if len(other.path) == len(folder.path) + 1]

    def set_replicas(self, folder: PublicFolder, wanted: Sequence[MailDatabase], proc: Process | None) -> None:
        """The list changes at once; new databases begin empty."""
        effect = self._world.truth.effect
        for database in wanted:
            if database not in folder.replicas:
                effect(database.host, "public folder", "replica added", f"{folder.identity}: {database.identity}", proc)
                folder.content.setdefault(database, 0.0)
        for database in folder.replicas:
            if database not in wanted:
                effect(
                    database.host, "public folder", "replica removed", f"{folder.identity}: {database.identity}", proc
                )
        folder.replicas = list(wanted)
        if not folder.settled():
            self._unsettled.add(_key(folder.path))
        self.wake()

    # -- replication

    def wake(self) -> None:
        """Something changed: look after what is not replicated."""
        if self._unsettled and not self._looking and self._can_go_on():
            self._looking = True
            self._world.clock.call_later(self._world.physics.durations.folder_replication, self._look)

    def _can_go_on(self) -> bool:
        """Whether anything can be replicated at all; else nobody looks until something changes."""
        return sum(self._reachable(database) for database in self._world.mail.public()) > 1

    def _reachable(self, database: MailDatabase) -> bool:
        return database.mounted and database.server.name.lower() not in self.stalled

    def _look(self) -> None:
        with self._world.lock:
            self._looking = False
            for key in sorted(self._unsettled):
                folder = self._folders[key]
                self._replicate(folder)
                self._release(folder)
                if folder.settled():
                    self._unsettled.discard(key)
            self.wake()

    def _replicate(self, folder: PublicFolder) -> None:
        """Replicas that lack something get a piece, if anybody who has it all can be reached."""
        sources = [d for d in folder.content if folder.complete(d) and self._reachable(d)]
        if not sources:
            return
        durations = self._world.physics.durations
        needed = durations.folder_replication + durations.folder_megabyte * folder.size / MEGABYTE
        piece = durations.folder_replication / needed if needed else 1.0
        for database in folder.replicas:
            if not folder.complete(database) and self._reachable(database):
                folder.content[database] = min(1.0, folder.content.get(database, 0.0) + piece)
                self._tell_arrival(folder, database)

    def _tell_arrival(self, folder: PublicFolder, database: MailDatabase) -> None:
        if folder.content[database] > 1.0 - 1e-9:
            folder.content[database] = 1.0
            detail = f"{folder.identity}: {database.identity}"
            self._world.truth.effect(database.host, "public folder", "content replicated", detail)

    def _release(self, folder: PublicFolder) -> None:
        """A database off the list gives its content up when every replica has it all."""
        if not folder.replicas or not all(folder.complete(d) and self._reachable(d) for d in folder.replicas):
            return
        for database in [d for d in folder.content if d not in folder.replicas and self._reachable(d)]:
            del folder.content[database]
            detail = f"{folder.identity}: {database.identity}"
            self._world.truth.effect(database.host, "public folder", "content removed", detail)
        if not any(folder.complete(d) for d in folder.content):
            self._world.truth.invariants.lost(f"no complete replica of {folder.identity} is left")


def _key(path: Iterable[str]) -> Path:
    return tuple(name.lower() for name in path)
