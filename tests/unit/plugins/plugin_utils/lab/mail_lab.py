# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped migration topology on virtual time, with a PowerShell on the node that has the new server."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.mail_store import MailDatabase
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.powershell_lab import Shell
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import BATCH, shipped

NEW = r"MAIL-NEW\Mailbox Database"
OLD = r"MAIL-OLD\Mailbox Database"
OLD_EXECUTIVES = r"MAIL-OLD\Executives"


def mail(logon: Logon = BATCH, host: str = "NEW-N1", **top: Any) -> Shell:
    """A shell there, with other top-level keys of the topology."""
    return Shell(shipped("migration-2003-2008", **top), host, logon=logon)


def inject(it: Shell, name: str, **fields: str) -> None:
    """Let a fault happen, or arm it for after_moves=."""
    it.lab.world.faults.inject(name, {"host": it.host, **fields})


def database(it: Shell, name: str) -> MailDatabase:
    """The database of SERVER\\DATABASE."""
    server, _backslash, wanted = name.partition("\\")
    return next(d for d in it.lab.world.mail.databases if (d.server.name, d.copy.database) == (server, wanted))


def place(it: Shell, alias: str) -> str:
    """Where a mailbox is, by the lab's truth."""
    (mailbox,) = it.lab.world.mail.find(alias)
    return f"{mailbox.database.server.name}\\{mailbox.database.copy.database}"


def move(it: Shell, who: str, more: str = "", target: str = NEW) -> list[str]:
    """Move-Mailbox; the lines 'alias code stage' that come out. who: what stands before the pipe."""
    answer = it.run(
        f"{who} | Move-Mailbox -TargetDatabase '{target}' -Confirm:$false {more} | "
        '% { "$($_.Alias) $($_.StatusCode) $($_.MoveStage)" }'
    )
    return answer.lines
