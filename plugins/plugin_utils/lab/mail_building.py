# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Filling the databases of a new world with what its topology asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .mail_store import MEGABYTE, Mailbox, MailDatabase, MailStore
from .public_folders import ROOT, SYSTEM, PublicFolder, PublicFolders

if TYPE_CHECKING:
    from .mail_plans import FolderPlan, MailboxPlan, MailPlan
    from .plans import ClusterPlan, Topology
    from .world import MailboxServer, StorageGroupCopy, World

_KILOBYTE = 1024
_OFFLINE_BOOK = "/o={org}/cn=addrlists/cn=oabs/cn=Default Offline Address Book"
_FREE_BUSY = "EX:/o={org}/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"
# path below NON_IPM_SUBTREE, items, kilobytes. assumption: what a small organisation of 2007 has
_SYSTEM_FOLDERS = (
    (("EFORMS REGISTRY",), 0, 0),
    (("Events Root",), 0, 0),
    (("OFFLINE ADDRESS BOOK",), 0, 0),
    (("OFFLINE ADDRESS BOOK", _OFFLINE_BOOK), 0, 0),
    (("OFFLINE ADDRESS BOOK", _OFFLINE_BOOK, "OAB Version 2"), 3, 180),
    (("OFFLINE ADDRESS BOOK", _OFFLINE_BOOK, "OAB Version 3a"), 3, 220),
    (("OFFLINE ADDRESS BOOK", _OFFLINE_BOOK, "OAB Version 4"), 2, 260),
    (("SCHEDULE+ FREE BUSY",), 0, 0),
    (("SCHEDULE+ FREE BUSY", _FREE_BUSY), 120, 900),
)


def fill(world: World, topology: Topology) -> None:
    """Make world.mail and world.folders."""
    world.mail = MailStore(world)
    for cluster in topology.clusters:
        _databases(world, cluster)
    _fill_mailboxes(world.mail, topology.mail)
    world.folders = PublicFolders(world)
    if world.mail.public():
        _fill_folders(world, topology.mail)


def _databases(world: World, plan: ClusterPlan) -> None:
    for server in plan.mailbox_servers:
        cms = world.clusters[plan.name.lower()].mailbox_server(server.name)
        for group, copy in zip(server.storage_groups, cms.storage_groups if cms else (), strict=True):
            if cms:
                world.mail.databases.append(MailDatabase(world, cms, copy, group.capacity_mb * MEGABYTE))
                _files(cms, copy)


def _files(cms: MailboxServer, copy: StorageGroupCopy) -> None:
    """The database has a file on every node; the disk's free space doesn't know how large it is."""
    for host in cms.cluster.members:
        host.files.mkdir(copy.path.rpartition("\\")[0], exist_ok=True)
        host.files.write(copy.path, b"")


def _fill_mailboxes(store: MailStore, plan: MailPlan) -> None:
    by_name = {database.identity.lower(): database for database in store.private()}
    for database in store.private():
        _system_mailbox(store, database)
    for kind in plan.mailboxes:
        databases = [by_name[name.lower()] for name in kind.databases]
        for number in range(max(kind.count, 1)):
            mailbox = _mailbox(kind, number, databases[number % len(databases)])
            store.add(mailbox)
            if not kind.count:
                store.named.append(mailbox)


def _system_mailbox(store: MailStore, database: MailDatabase) -> None:
    """Every mailbox database has one; Get-Mailbox doesn't show it, the statistics do."""
    probe = Mailbox(database.identity, database.identity, database, 0, 0)
    name = f"SystemMailbox{{{probe.guid}}}"
    store.add(Mailbox(name, name, database, 8 * _KILOBYTE, 5, system=True))


def _mailbox(kind: MailboxPlan, number: int, database: MailDatabase) -> Mailbox:
    behind = f" {number + 1:05d}" if kind.count else ""
    alias = kind.alias or "".join(c for c in kind.name if c.isalnum() or c in ".-_{}")
    return Mailbox(
        kind.name + behind,
        alias + behind.strip(),
        database,
        kind.size_mb * MEGABYTE,
        kind.items,
        kind.corrupt_items,
        kind.fails,
        kind.system,
    )


def _fill_folders(world: World, plan: MailPlan) -> None:
    first = world.mail.public()[:1]
    folders = world.folders
    for root in (ROOT, SYSTEM):
        folders.add(PublicFolder(root, 0, 0), first)
    for path, items, kilobytes in _SYSTEM_FOLDERS:
        names = tuple(name.format(org=world.directory.name) for name in path)
        folders.add(PublicFolder(SYSTEM + names, items, kilobytes * _KILOBYTE), first)
    for kind in plan.folders:
        _fill_folder(world, kind)


def _fill_folder(world: World, kind: FolderPlan) -> None:
    replicas = [d for d in world.mail.public() if d.server.name in kind.replicas]
    path = tuple(kind.path.strip("\\").split("\\"))
    if path[0].lower() == SYSTEM[0].lower():
        path = SYSTEM + path[1:]
    for depth in range(1, len(path)):  # what is above it
        if world.folders.find(path[:depth]) is None:
            world.folders.add(PublicFolder(path[:depth], 0, 0), replicas)
    size = kind.size_mb * MEGABYTE
    world.folders.add(PublicFolder(path, kind.items, size), replicas)
    for number in range(1, kind.count + 1):
        below = (*path, f"{path[-1]} {number:03d}")
        world.folders.add(PublicFolder(below, kind.items, size), replicas)
