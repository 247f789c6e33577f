# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Reading `mailboxes` and `public_folders` of a topology file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .mail_plans import FAILURES, FolderPlan, MailboxPlan, MailPlan, StorageGroupPlan

if TYPE_CHECKING:
    from .plans import ClusterPlan
    from .section import Section

_MOST = 100_000


def storage_group(section: Section) -> StorageGroupPlan:
    """One entry of `storage_groups`."""
    public = section.flag("public_folders", False)
    usual = "Public Folder Database" if public else "Mailbox Database"
    capacity = _natural(section, "capacity_mb", 0)
    return StorageGroupPlan(section.text("name"), section.text("database", usual), public, capacity)


def mail(top: Section, clusters: Sequence[ClusterPlan]) -> MailPlan:
    """What lies in the databases; TopologyError for a database or server that isn't there."""
    private = _databases(clusters, public=False)
    public = {name.partition("\\")[0]: name for name in _databases(clusters, public=True)}
    mailboxes = tuple(_mailbox(s, private) for s in top.sections_or_one("mailboxes"))
    folders = tuple(_folder(s, list(public)) for s in top.sections("public_folders"))
    _refuse_twins(top, mailboxes)
    return MailPlan(mailboxes, folders)


def _databases(clusters: Sequence[ClusterPlan], public: bool) -> list[str]:
    return [
        f"{server.name}\\{group.name}\\{group.database}"
        for cluster in clusters
        for server in cluster.mailbox_servers
        for group in server.storage_groups
        if group.public is public
    ]


def _mailbox(section: Section, known: list[str]) -> MailboxPlan:
    wanted = section.names("databases", ()) or [section.text("database")]
    count = _natural(section, "count", 0)
    plan = MailboxPlan(
        tuple(_database(section, name, known) for name in wanted),
        section.text("name", "User" if count else None),
        section.text("alias", "") if section.has("alias") else "",
        count,
        _natural(section, "size_mb", 100),
        _natural(section, "items", 1000),
        _natural(section, "corrupt_items", 0),
        section.choice("fails", ("", *FAILURES), "") if section.has("fails") else "",
        section.flag("system", False),
    )
    section.close()
    return plan


def _database(section: Section, name: str, known: list[str]) -> str:
    """The full name of a database that is meant by SERVER, SERVER\\DATABASE or SERVER\\GROUP\\DATABASE."""
    wanted = name.lower().split("\\")
    for full in known:
        server, group, database = full.lower().split("\\")
        if wanted in ([server], [server, database], [server, group, database]):
            return full
    raise section.error("database", name, f"name a mailbox database: {', '.join(known) or 'there is none'}")


def _folder(section: Section, servers: list[str]) -> FolderPlan:
    path = section.text("path")
    if not path.startswith("\\") or path == "\\":
        raise section.error("path", path, "write it as \\Folder\\Subfolder, or \\NON_IPM_SUBTREE\\Folder")
    plan = FolderPlan(
        path.rstrip("\\"),
        _natural(section, "count", 0),
        _natural(section, "size_mb", 10),
        _natural(section, "items", 100),
        tuple(_server(section, name, servers) for name in section.names("replicas", servers[:1])),
    )
    section.close()
    return plan


def _server(section: Section, name: str, servers: list[str]) -> str:
    found = next((server for server in servers if server.lower() == name.lower()), None)
    if found is None:
        known = ", ".join(servers) or "there is none"
        raise section.error("replicas", name, f"name a mailbox server with a public folder database: {known}")
    return found


def _natural(section: Section, key: str, default: int) -> int:
    value = section.number(key, default)
    if not 0 <= value <= _MOST * 10:
        raise section.error(key, value, f"expected 0 to {_MOST * 10}")
    return value


def _refuse_twins(top: Section, mailboxes: Sequence[MailboxPlan]) -> None:
    """Two mailboxes of one alias can't be; several of one display name can."""
    seen: set[str] = set()
    for plan in mailboxes:
        alias = (plan.alias or plan.name).lower()
        if alias in seen:
            raise top.error("mailboxes", plan.alias or plan.name, "it stands there twice: give one an alias")
        seen.add(alias)
