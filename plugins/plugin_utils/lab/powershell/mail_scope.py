# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Which mailboxes and databases the parameters of a cmdlet mean, and which stores can be reached."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import CmdletError
from ..mail_store import Mailbox, MailDatabase, MailStore
from .exchange_objects import domain_controller
from .exchange_scope import find_server, identity_text
from .mail_objects import database_dn
from .operators import is_like
from .values import to_text

if TYPE_CHECKING:
    from ..world import World
    from .binding import Invocation


def world_of(call: Invocation) -> World:
    """The lab's world."""
    return call.session.host.world


def store_of(call: Invocation) -> MailStore:
    """The mailboxes of the organisation."""
    return world_of(call).mail


def find_mailbox(call: Invocation, identity: Any) -> Mailbox:
    """The one mailbox of an identity; CmdletError."""
    wanted = _mailbox_identity(identity)
    found = store_of(call).find(wanted)
    if not found:
        raise CmdletError(
            f"The operation could not be performed because object '{wanted}' could not be found on domain controller "
            f"'{_controller(call)}'.",
            "ManagementObjectNotFoundException",
        )
    if len(found) > 1:
        raise CmdletError(
            f"The operation could not be performed because '{wanted}' matches multiple entries.",
            "ManagementObjectAmbiguousException",
        )
    return found[0]


def _mailbox_identity(value: Any) -> str:
    """An object of the pipeline is meant by its distinguished name or its GUID, so that twins are told apart."""
    properties = getattr(value, "properties", None)
    if properties is not None:
        for name in ("ExchangeGuid", "MailboxGuid", "Alias"):
            if name in properties:
                return to_text(properties[name])
    return identity_text(value)


def _controller(call: Invocation) -> str:
    return call.text("DomainController") or domain_controller(world_of(call))


def databases_of_server(call: Invocation, identity: Any, public: bool) -> list[MailDatabase]:
    """The databases of one kind on a server; CmdletError when there is no such server."""
    server = find_server(call, identity_text(identity))
    found = store_of(call).public() if public else store_of(call).private()
    return [database for database in found if server.cms is not None and database.server is server.cms]


def find_database(call: Invocation, identity: Any, public: bool = False) -> MailDatabase:
    """The one database of DATABASE, SERVER\\DATABASE, SERVER\\GROUP\\DATABASE or a distinguished name; CmdletError."""
    wanted = _database_identity(identity)
    pool = store_of(call).public() if public else store_of(call).private()
    found = [database for database in pool if _names(database, wanted)]
    if len(found) == 1:
        return found[0]
    kind = "public folder database" if public else "mailbox database"
    if found:
        raise CmdletError(f"The {kind} '{wanted}' is not unique: name its server, too.", "ManagementObjectAmbiguous")
    raise CmdletError(
        f"Could not find {kind} '{wanted}'. Make sure you have typed it correctly.",
        "ManagementObjectNotFoundException",
    )


def _database_identity(value: Any) -> str:
    properties = getattr(value, "properties", None)
    if properties is not None and "DistinguishedName" in properties:
        return to_text(properties["DistinguishedName"])
    return identity_text(value)


def _names(database: MailDatabase, wanted: str) -> bool:
    server, group, name = database.identity.split("\\")
    forms = (name, f"{server}\\{name}", f"{group}\\{name}", database.identity)
    exact = wanted.lower() == database_dn(database).lower()
    return exact or any(is_like(form, wanted) for form in forms)


def reach_stores(call: Invocation, databases: Iterable[MailDatabase]) -> None:
    """Refuse where a network logon ends: the stores of other servers want credentials of their own."""
    # assumption: MAPI in the name of who asks; the server on this very node is reached all the same
    works = world_of(call).physics.knobs.store_network_logon == "works"
    if works or call.session.proc.logon.can_go_on:
        return
    for database in databases:
        if database.host is not call.session.host:
            raise CmdletError(
                f"Failed to connect to the Microsoft Exchange Information Store of server '{database.server.name}': "
                "access is denied. MapiExceptionLogonFailed (hr=0x80040111, ec=-2147221231)",
                "MapiLogonFailed",
            )


def limit(call: Invocation, usual: int) -> int | None:
    """-ResultSize: a number, None for Unlimited."""
    text = call.text("ResultSize") if call.given("ResultSize") else str(usual)
    if text.lower() == "unlimited":
        return None
    if not text.isdecimal() or not int(text):
        raise CmdletError(f"'{text}' is not a valid ResultSize: use a positive number or Unlimited.", "ResultSize")
    return int(text)


def limited(call: Invocation, found: list[Any], usual: int) -> list[Any]:
    """No more than -ResultSize; says so when that is the default and there are more."""
    most = limit(call, usual)
    if most is None or len(found) <= most:
        return found
    if not call.given("ResultSize"):
        call.session.console.warn(
            f"By default, only the first {usual} items are returned. Use the ResultSize parameter to specify the "
            'number of items returned. To return all items, specify "-ResultSize Unlimited". Be aware that, depending '
            "on the actual number of items, returning all items can take a long time and consume a large amount of "
            "memory. Also, we don't recommend storing the results in a variable. Instead, pipe the results to another "
            "task or script to perform batch changes."
        )
    else:
        call.session.console.warn("There are more results available than are currently displayed.")
    return found[:most]
