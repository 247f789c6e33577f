# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Mailboxes and their databases as the Exchange Management Shell shows them: what is asked, and what is read of it.

A mailbox is meant by the GUID of its user everywhere (sources.md: mailbox-identity): names hold what no code page has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ._cmdline import quote
from ._node import Node, Result
from ._numbers import whole_number
from ._servers import read_shell
from ._shell import literal, pairs

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FIELDS = ("Guid", "Alias", "PrimarySmtpAddress", "Database", "Name")
_BYTES = re.compile(r"[0-9]{1,19}")
_READ_LIMIT = 1800.0  # seconds: the statistics of ten thousand mailboxes come one by one
_TRUTH: dict[str, bool | None] = {"true": True, "false": False}


@dataclass(frozen=True)
class Mailbox:
    """One user's mailbox. database: SERVER\\STORAGE GROUP\\DATABASE; name as far as the node's code page has it."""

    guid: str
    alias: str
    address: str
    database: str
    name: str

    def called(self, pattern: str) -> bool:
        """Whether alias, address, name or GUID is the pattern; `*` and `?` stand for anything, case doesn't count."""
        wanted = re.compile(_regular(pattern), re.IGNORECASE)
        return any(wanted.fullmatch(text) for text in (self.alias, self.address, self.name, self.guid))


def _regular(pattern: str) -> str:
    return re.escape(pattern.strip()).replace(r"\*", ".*").replace(r"\?", ".")


@dataclass(frozen=True)
class Listing:
    """Who is where, one moment. target: the database, as Exchange names it; mounted None where nobody knows."""

    target: str
    mounted: bool | None
    there: tuple[Mailbox, ...]  # in the target database
    waiting: tuple[Mailbox, ...]  # on the source, the target database left out


def _listed(where: str) -> str:
    line = " + '|' + ".join(f"$_.{field}" for field in _FIELDS)
    return f"Get-Mailbox {where} -ResultSize Unlimited | ForEach-Object {{ say 'mailbox' ('' + {line}) }}; "


def source_clause(server: str, database: str) -> str:
    """The parameter of Get-Mailbox for a whole server, or for one database."""
    return f"-Database {literal(database)}" if database else f"-Server {literal(server)}"


def listing_script(source: str, target: str, controller: str = "") -> str:
    """Prints the target database, its mailboxes and those of the source; source as source_clause() makes it."""
    dc = controller_clause(controller)
    return (
        f"$d = Get-MailboxDatabase -Identity {literal(target)} -Status{dc}; "
        "say 'target' $d.Identity; say 'mounted' $d.Mounted; "
        f"say 'list' 'there'; {_listed(f'-Database {literal(target)}{dc}')}"
        f"say 'list' 'waiting'; {_listed(source + dc)}"
    )


def controller_clause(controller: str) -> str:
    """` -DomainController …`, or nothing."""
    return f" -DomainController {literal(controller)}" if controller else ""


def parse_listing(text: str) -> Listing:
    """The answer to listing_script()."""
    target, mounted = "", None
    lists: dict[str, list[Mailbox]] = {"there": [], "waiting": []}
    current = lists["there"]
    for key, value in pairs(text):
        if key == "target":
            target = value
        elif key == "mounted":
            mounted = _TRUTH.get(value.casefold())
        elif key == "list":
            current = lists.setdefault(value, [])
        elif key == "mailbox" and (mailbox := parse_mailbox(value)):
            current.append(mailbox)
    at_target = {mailbox.guid for mailbox in lists["there"]}
    waiting = [mailbox for mailbox in lists["waiting"] if mailbox.guid not in at_target]
    return Listing(target, mounted, tuple(lists["there"]), tuple(waiting))


def parse_mailbox(line: str) -> Mailbox | None:
    """One `GUID|alias|address|database|name`; None for a line that was cut. The name is last: it may hold a bar."""
    parts = line.split("|", len(_FIELDS) - 1)
    if len(parts) < len(_FIELDS) or not _GUID.fullmatch(parts[0]):
        return None
    guid, alias, address, database, name = parts
    return Mailbox(guid.lower(), alias, address, database, name)


@dataclass(frozen=True)
class Choice:
    """Who is to be moved, who is left out on purpose, who is there already, and the names that nobody has."""

    chosen: tuple[Mailbox, ...]
    excluded: tuple[Mailbox, ...]
    there: tuple[Mailbox, ...]
    unknown: tuple[str, ...]


def choose(listing: Listing, names: Sequence[str], exclude: Sequence[str]) -> Choice:
    """names empty: everybody on the source. A name with wildcards that fits nobody is no mistake, a plain one is."""
    wanted = [m for m in listing.waiting if not names or _any(m, names)]
    excluded = [m for m in wanted if _any(m, exclude)]
    left_out = {mailbox.guid for mailbox in excluded}
    there = [m for m in listing.there if not names or _any(m, names)]
    known = (*wanted, *there)
    unknown = [name for name in names if not _wild(name) and not any(m.called(name) for m in known)]
    chosen = tuple(m for m in wanted if m.guid not in left_out)
    return Choice(chosen, tuple(excluded), tuple(there), tuple(unknown))


def _any(mailbox: Mailbox, patterns: Iterable[str]) -> bool:
    return any(mailbox.called(pattern) for pattern in patterns)


def _wild(name: str) -> bool:
    return "*" in name or "?" in name


# --- databases -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Database:
    """A mailbox database. mailboxes: users' ones; items and size (bytes) None where the store did not tell.

    free: bytes free on the disk of path, None where that is not known.
    """

    identity: str
    name: str
    storage_group: str
    mounted: bool | None = None
    path: str = ""
    mailboxes: int | None = None
    items: int | None = None
    size: int | None = None
    unread: str = ""
    free: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The public form, in mailbox_info."""
        return {
            "identity": self.identity,
            "name": self.name,
            "storage_group": self.storage_group,
            "mounted": self.mounted,
            "path": self.path,
            "mailboxes": self.mailboxes,
            "items": self.items,
            "size": self.size,
            "sizes_error": self.unread or None,
            "free": self.free,
        }


def databases_script(server: str) -> str:
    """Prints a block database … end for each mailbox database of a server.

    Statistics hold system mailboxes and disconnected ones, too: only those count that a user has.
    """
    return (
        f"foreach ($d in @(Get-MailboxDatabase -Server {literal(server)} -Status)) {{ "
        "say 'database' $d.Identity; say 'name' $d.Name; say 'group' $d.StorageGroupName; say 'mounted' $d.Mounted; "
        "say 'path' $d.EdbFilePath; $g = @{}; "
        "Get-Mailbox -Database $d.Identity -ResultSize Unlimited | "
        "ForEach-Object { $g[('' + $_.ExchangeGuid)] = 1 }; "
        "say 'mailboxes' $g.Count; $b = 0; $i = 0; $n = 0; $e = $null; "
        "Get-MailboxStatistics -Database $d.Identity -ErrorAction SilentlyContinue -ErrorVariable e | "
        "Where-Object { $g.ContainsKey('' + $_.MailboxGuid) } | "
        "ForEach-Object { $b += $_.TotalItemSize.Value.ToBytes(); $i += $_.ItemCount; $n++ }; "
        "say 'read' $n; say 'size' $b; say 'items' $i; "
        "if ($e.Count -gt 0) { say 'unread' $e[0].Exception.Message }; say 'end' '1' };"
    )


def parse_databases(text: str) -> list[Database]:
    """The answer to databases_script(); a block that is cut off is left out."""
    found = []
    block: dict[str, str] = {}
    for key, value in pairs(text):
        block = {} if key == "database" else block
        block[key] = value
        if key == "end" and "database" in block:
            found.append(_database(block))
    return found


def _database(block: dict[str, str]) -> Database:
    size = int(block["size"]) if _BYTES.fullmatch(block.get("size", "")) else None
    read, count = whole_number(block.get("read")), whole_number(block.get("mailboxes"))
    # A mailbox that nobody has logged on to yet has no statistics: fewer were read, and that is no error.
    told = "unread" not in block and read is not None
    return Database(
        identity=block["database"],
        name=block.get("name", ""),
        storage_group=block.get("group", ""),
        mounted=_TRUTH.get(block.get("mounted", "").casefold()),
        path=block.get("path", ""),
        mailboxes=count,
        items=whole_number(block.get("items")) if told else None,
        size=size if told else None,
        unread=block.get("unread", ""),
    )


def read_databases(node: Node, server: str) -> list[Database]:
    """The mailbox databases of a server as a node sees them; raises Failure with the cmdlet's own message."""
    shell = read_shell(node)
    answer = shell.read_text(databases_script(server), "Reading the mailbox databases", server, _READ_LIMIT)
    found = parse_databases(answer)
    folders = [database.path.rpartition("\\")[0] for database in found]
    sizes = iter(node.read_all([room_line(folder) for folder in folders if folder], again=True))
    return [
        replace(database, free=free_bytes(next(sizes)) if folder else None)
        for database, folder in zip(found, folders, strict=True)
    ]


def room_line(folder: str) -> str:
    """The line whose result free_bytes() takes; a folder of a disk that another node has is not there."""
    return f"(if exist {quote(folder + chr(92))} dir /-c {quote(folder)})"


def free_bytes(result: Result) -> int | None:
    """The last number that `dir /-c` prints in any language (sources.md: disk-space); None where there is none."""
    lines = result.stdout.strip().splitlines()
    numbers = re.findall(r"(?<![0-9])[0-9]{1,19}(?![0-9])", lines[-1]) if result.rc == 0 and lines else []
    return int(numbers[-1]) if numbers else None
