# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The mailboxes, public folders and databases that a topology file asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

# Why a mailbox refuses to be moved: word of the topology -> (the step, the sentence, the error code).
# assumption: wording and codes, but for the corrupt items and the full database, which public transcripts show
FAILURES: dict[str, tuple[str, str, int]] = {
    "access": (
        "Approving object",
        "Access is denied. The user who runs the task has no rights to this mailbox.",
        -2147024891,
    ),
    "directory": (
        "Updating attributes",
        "The Active Directory object could not be changed: the server is unwilling to process the request.",
        -2147016651,
    ),
    "network": (
        "Moving messages",
        "The connection to the Microsoft Exchange Information Store was lost. MAPI 1.0. ID no: 80040115-0514-000006BA",
        -2147221227,
    ),
    "quota": (
        "Approving object",
        "The mailbox is larger than the size limit of the target mailbox store.",
        -2147467259,
    ),
    "rules": (
        "Moving messages",
        "Failed to copy the rules of this mailbox: they are larger than the limit of the target server.",
        -2147467259,
    ),
}


class StorageGroupPlan(NamedTuple):
    """One storage group. public: holds public folders; capacity_mb: what fits into the database, 0 for no limit."""

    name: str
    database: str = "Mailbox Database"
    public: bool = False
    capacity_mb: int = 0


@dataclass(frozen=True)
class MailboxPlan:
    """count mailboxes of one kind, spread over databases (SERVER, SERVER\\DATABASE or SERVER\\GROUP\\DATABASE).

    With a count the name gets a number behind it. fails: a key of FAILURES.
    """

    databases: tuple[str, ...]
    name: str
    alias: str = ""
    count: int = 0
    size_mb: int = 100
    items: int = 1000
    corrupt_items: int = 0
    fails: str = ""
    system: bool = False


@dataclass(frozen=True)
class FolderPlan:
    """A public folder, with count folders like it below it when count isn't 0. replicas: server names."""

    path: str
    count: int = 0
    size_mb: int = 10
    items: int = 100
    replicas: tuple[str, ...] = ()


@dataclass(frozen=True)
class MailPlan:
    """Everything that lies in databases."""

    mailboxes: tuple[MailboxPlan, ...] = ()
    folders: tuple[FolderPlan, ...] = ()
