# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Things that go wrong with mailboxes, databases, public folders and installations, by the names that `inject` takes.

Those about mail can wait until some mailboxes were moved: after_moves=N.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import CmdletError
from .fault_events import Arguments, FaultEvent
from .mail_plans import FAILURES
from .mail_store import MEGABYTE, Mailbox, MailDatabase

if TYPE_CHECKING:
    from .world import Host, World

Act = Callable[["Host", Arguments], None]


def _waiting(act: Act) -> Act:
    """The same, when after_moves= more mailboxes were moved."""

    def later(host: Host, given: Arguments) -> None:
        count = int(given.get("after_moves", "0"))
        if count:
            host.world.mail.after_moves(count, lambda: act(host, given))
        else:
            act(host, given)

    return later


def _mailbox(world: World, given: Arguments) -> Mailbox:
    found = world.mail.find(given.get("mailbox", ""))
    if len(found) != 1:
        raise ValueError(f"mailbox={given.get('mailbox', '')}: name one mailbox by its alias")
    return found[0]


def _database(world: World, given: Arguments) -> MailDatabase:
    wanted = given.get("database", "").lower().split("\\")
    for database in world.mail.databases:
        server, group, name = database.identity.lower().split("\\")
        if wanted in ([server, name], [server, group, name]):
            return database
    known = ", ".join(database.identity for database in world.mail.databases)
    raise ValueError(f"database={given.get('database', '')}: use one of {known}")


def _mailbox_fails(host: Host, given: Arguments) -> None:
    mailbox, reason = _mailbox(host.world, given), given.get("reason", "access")
    if reason == "corrupt":
        mailbox.corrupt = min(int(given.get("items", "1")), mailbox.items)
    elif reason in (*FAILURES, "none"):
        mailbox.fails = "" if reason == "none" else reason
        mailbox.corrupt = 0 if reason == "none" else mailbox.corrupt
    else:
        raise ValueError(f"reason={reason}: use one of corrupt, none, {', '.join(FAILURES)}")


def _mailbox_locked(host: Host, given: Arguments) -> None:
    mailbox = _mailbox(host.world, given)
    mailbox.locked_until = host.world.clock.now() + float(given.get("seconds", "600"))


def _database_full(host: Host, given: Arguments) -> None:
    database = _database(host.world, given)
    database.capacity = max(database.size + int(given.get("free_mb", "0")) * MEGABYTE, 1)


def _database_room(host: Host, given: Arguments) -> None:
    _database(host.world, given).capacity = 0


def _set_mounted(mounted: bool) -> Act:
    def act(host: Host, given: Arguments) -> None:
        database = _database(host.world, given)
        try:
            host.world.physics.set_mounted(database.server, database.copy, mounted, None)
        except CmdletError as refused:
            raise ValueError(refused.message) from refused

    return act


def _move_killed(host: Host, _given: Arguments) -> None:
    """Ends every process of the host that moves a mailbox."""
    for database in host.world.mail.databases:
        for mailbox in database.mailboxes.values():
            if mailbox.mover is not None and mailbox.mover.host is host:
                mailbox.mover.kill()


def _folders_stall(host: Host, given: Arguments) -> None:
    host.world.folders.stalled.add(_folder_server(host, given))


def _folders_go_on(host: Host, given: Arguments) -> None:
    host.world.folders.stalled.discard(_folder_server(host, given))
    host.world.folders.wake()


def _folder_server(host: Host, given: Arguments) -> str:
    known = [database.server.name for database in host.world.mail.public()]
    name = given.get("server", "")
    if name.lower() not in map(str.lower, known):
        raise ValueError(f"server={name}: name a server with a public folder database: {', '.join(known)}")
    return name.lower()


def _msi_busy(host: Host, given: Arguments) -> None:
    host.installer.busy_until = host.world.clock.now() + float(given.get("seconds", "600"))


def _msi_in_use(host: Host, _given: Arguments) -> None:
    host.installer.in_use = True


MAIL_EVENTS = {
    "mailbox_fails": FaultEvent(
        "the mailbox= fails: reason= access, directory, network, quota, rules, none, corrupt (items=)",
        _waiting(_mailbox_fails),
    ),
    "mailbox_locked": FaultEvent("the mailbox= is locked for seconds= (600)", _waiting(_mailbox_locked)),
    "database_full": FaultEvent("free_mb= (0) are left in the database=", _waiting(_database_full)),
    "database_room": FaultEvent("the database= has no limit any more", _waiting(_database_room)),
    "database_dismounted": FaultEvent("the database= is dismounted", _waiting(_set_mounted(False))),
    "database_mounted": FaultEvent("the database= is mounted again", _waiting(_set_mounted(True))),
    "move_killed": FaultEvent("what moves mailboxes on the host is killed", _waiting(_move_killed)),
    "folders_stall": FaultEvent("public folders don't replicate from or to the server=", _waiting(_folders_stall)),
    "folders_go_on": FaultEvent("public folders of the server= replicate again", _waiting(_folders_go_on)),
    "msi_busy": FaultEvent("another installation is in progress for seconds= (600)", _msi_busy),
    "msi_in_use": FaultEvent("the next installation finds files in use and needs a restart", _msi_in_use),
}
