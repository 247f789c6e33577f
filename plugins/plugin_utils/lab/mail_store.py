# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What lies in the mailbox databases: one small record a mailbox, found by its alias or its name.

Each mailbox is in exactly one database at any time: the directory says in which, and it says so in one step, at the
end of a move. Everything is read and changed under World.lock.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .world import GroupState

if TYPE_CHECKING:
    from .process import Process
    from .world import Host, MailboxServer, StorageGroupCopy, World

MEGABYTE = 2**20
_NAMESPACE = uuid.UUID("5ab1e0c7-8f0a-4a53-9d8b-d8d4c5f4d6a1")
_OBJECTS = uuid.UUID("9a3b6c1e-6a54-4c1c-8a0e-0c1b9e6d2f11")
_RUNNING = (GroupState.ONLINE, GroupState.PARTIALLY_ONLINE)
_COMMON_NAME = re.compile(r"cn=((?:\\.|[^,\\])*),", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Mailbox:
    """size in bytes. corrupt: items that can't be read. fails: a key of mail_plans.FAILURES.

    mover: the process that moves it now; locked_until: a move died, and the store lets nobody move it until then
    (lab seconds).
    """

    name: str
    alias: str
    database: MailDatabase
    size: int
    items: int
    corrupt: int = 0
    fails: str = ""
    system: bool = False
    mover: Process | None = None
    locked_until: float = 0.0

    @property
    def guid(self) -> str:
        """MailboxGuid: the same wherever the mailbox is."""
        return str(uuid.uuid5(_NAMESPACE, self.alias.lower()))

    @property
    def object_guid(self) -> str:
        """The objectGUID of its user in the directory."""
        return str(uuid.uuid5(_OBJECTS, self.alias))


@dataclass(eq=False)
class MailDatabase:
    """A mailbox or public folder database; capacity in bytes, 0 for no limit."""

    world: World = field(repr=False)
    server: MailboxServer = field(repr=False)
    copy: StorageGroupCopy
    capacity: int = 0
    mailboxes: dict[str, Mailbox] = field(default_factory=dict, repr=False)  # by alias in lower case
    size: int = 0
    items: int = 0

    @property
    def identity(self) -> str:
        """SERVER\\STORAGE GROUP\\DATABASE."""
        return f"{self.server.name}\\{self.copy.name}\\{self.copy.database}"

    @property
    def mounted(self) -> bool:
        """Whether it can be read: mounted, on a server that is online."""
        return self.copy.mounted and self.world.physics.cms_state(self.server) in _RUNNING

    @property
    def host(self) -> Host | None:
        """The node that its server is on."""
        return self.server.cluster.member(self.server.group.owner)

    def room_for(self, size: int) -> bool:
        """Whether so many bytes more fit."""
        return not self.capacity or self.size + size <= self.capacity

    def put(self, mailbox: Mailbox) -> None:
        """A mailbox is here from now on."""
        self.mailboxes[mailbox.alias.lower()] = mailbox
        self.size += mailbox.size
        self.items += mailbox.items
        mailbox.database = self

    def take(self, mailbox: Mailbox) -> None:
        """A mailbox is not here any more."""
        del self.mailboxes[mailbox.alias.lower()]
        self.size -= mailbox.size
        self.items -= mailbox.items


class MailStore:
    """Every database of the organisation."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.databases: list[MailDatabase] = []
        self.named: list[Mailbox] = []  # those that a topology names one by one
        self.dropped_items = 0  # corrupt ones that somebody's -BadItemLimit gave up
        self._mailboxes: dict[str, Mailbox] = {}  # by alias in lower case
        self._by_name: dict[str, list[Mailbox]] = {}
        self._by_guid: dict[str, Mailbox] = {}
        self._items = 0
        self._watchers: list[tuple[int, Callable[[], None]]] = []

    def add(self, mailbox: Mailbox) -> None:
        """A mailbox of the topology."""
        mailbox.database.put(mailbox)
        self._mailboxes[mailbox.alias.lower()] = mailbox
        self._by_name.setdefault(mailbox.name.lower(), []).append(mailbox)
        self._items += mailbox.items

    def private(self) -> list[MailDatabase]:
        """The mailbox databases."""
        return [database for database in self.databases if not database.copy.public]

    def public(self) -> list[MailDatabase]:
        """The public folder databases."""
        return [database for database in self.databases if database.copy.public]

    def of_copy(self, copy: StorageGroupCopy) -> MailDatabase:
        """The database of a storage group."""
        return next(database for database in self.databases if database.copy is copy)

    def users(self, databases: Iterable[MailDatabase]) -> Iterator[Mailbox]:
        """The mailboxes of people in these databases, as they are now."""
        for database in databases:
            yield from [mailbox for mailbox in database.mailboxes.values() if not mailbox.system]

    def find(self, identity: str) -> list[Mailbox]:
        """The mailboxes that a name, alias, address, GUID, DOMAIN\\alias or distinguished name means."""
        low = identity.strip().lower()
        if found := self._mailboxes.get(low):
            return [found]
        if named := self._by_name.get(low):
            return named
        common = _COMMON_NAME.match(low)
        if common:
            return self._by_name.get(re.sub(r"\\(.)", r"\1", common.group(1)), [])
        plain = low.rpartition("cn=")[2] if low.startswith("/o=") else low.rpartition("\\")[2]
        if "/" in plain:  # lab.example/Users/Name
            return self._by_name.get(plain.rpartition("/")[2], [])
        domain = f"@{self._world.directory.domain.lower()}"
        found = self._mailboxes.get(plain.removesuffix(domain)) or self._guids().get(plain.strip("{}"))
        return [found] if found else []

    def _guids(self) -> dict[str, Mailbox]:
        if not self._by_guid:
            for mailbox in self._mailboxes.values():
                self._by_guid |= {mailbox.guid: mailbox, mailbox.object_guid: mailbox}
        return self._by_guid

    # -- moving

    def lock(self, mailbox: Mailbox, proc: Process) -> None:
        """A move begins: nobody else can move it."""
        mailbox.mover = proc

    def unlock(self, mailbox: Mailbox, died: bool) -> None:
        """A move ended; after one that died the store keeps the mailbox locked for a while."""
        mailbox.mover = None
        if died:
            mailbox.locked_until = self._world.clock.now() + self._world.physics.durations.move_lock

    def move(self, mailbox: Mailbox, target: MailDatabase, dropped: int, proc: Process | None) -> None:
        """The one step in which the directory and both stores change; dropped corrupt items stay behind for ever."""
        source = mailbox.database
        source.take(mailbox)
        mailbox.items -= dropped
        mailbox.corrupt -= dropped
        target.put(mailbox)
        self.dropped_items += dropped
        truth = self._world.truth
        way = f"{mailbox.alias}: {source.identity} -> {target.identity}"
        if dropped:
            truth.effect(target.host, "mailbox", "corrupt items dropped", f"{mailbox.alias}: {dropped}", proc)
        truth.effect(target.host, "mailbox", "moved", way, proc)
        self.audit(mailbox)
        self._tell_watchers()

    def after_moves(self, count: int, act: Callable[[], None]) -> None:
        """Do something when so many more mailboxes were moved."""
        self._watchers.append((count, act))

    def _tell_watchers(self) -> None:
        due = [act for left, act in self._watchers if left <= 1]
        self._watchers = [(left - 1, act) for left, act in self._watchers if left > 1]
        for act in due:
            act()

    def audit(self, mailbox: Mailbox) -> None:
        """Watch M1 and M2: no mailbox in two places or in none, no item lost."""
        places = [d.identity for d in self.databases if d.mailboxes.get(mailbox.alias.lower()) is mailbox]
        report = self._world.truth.invariants
        if places != [mailbox.database.identity]:
            report.misplaced(mailbox.alias, places)
        count = sum(len(database.mailboxes) for database in self.databases)
        items = sum(database.items for database in self.databases) + self.dropped_items
        if (count, items) != (len(self._mailboxes), self._items):
            report.lost(f"{count} mailboxes with {items} items, of {len(self._mailboxes)} with {self._items}")

    @property
    def count(self) -> int:
        """How many mailboxes there are."""
        return len(self._mailboxes)
