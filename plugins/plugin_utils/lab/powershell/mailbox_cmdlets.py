# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Get-Mailbox and Get-MailboxStatistics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import CmdletError
from ..mail_store import Mailbox, MailDatabase
from .binding import Invocation, Parameter, switch
from .exchange_scope import identity_text
from .exchange_task import Output, Tasks
from .mail_objects import mailbox_object, statistics_object
from .mail_scope import databases_of_server, find_database, find_mailbox, limited, reach_stores, store_of, world_of
from .operators import is_like

_TASKS = Tasks()
REGISTRY = _TASKS.registry
_USUAL = 1000
_IDENTITY = Parameter("Identity", 0, piped=True)
_SERVER, _DATABASE, _DC = Parameter("Server"), Parameter("Database"), Parameter("DomainController")


@_TASKS.reading(
    "Get-Mailbox",
    _IDENTITY,
    _SERVER,
    _DATABASE,
    Parameter("ResultSize"),
    Parameter("SortBy"),
    Parameter("OrganizationalUnit"),
    Parameter("RecipientTypeDetails"),
    switch("IgnoreDefaultScope"),
    _DC,
)
def _get_mailbox(call: Invocation) -> Output:
    """It reads the directory only: dismounted databases don't matter."""
    with world_of(call).lock:
        found = _meant(call)
    for mailbox in limited(call, found, _USUAL):
        yield mailbox_object(mailbox)


def _meant(call: Invocation) -> list[Mailbox]:
    store = store_of(call)
    if call.given("Identity"):
        return _identified(call, call.get("Identity"))
    if call.given("Database"):
        return list(store.users([find_database(call, call.get("Database"))]))
    if call.given("Server"):
        return list(store.users(databases_of_server(call, call.get("Server"), public=False)))
    return list(store.users(store.private()))


def _identified(call: Invocation, identity: Any) -> list[Mailbox]:
    wanted = identity_text(identity)
    if "*" in wanted:
        people = store_of(call).users(store_of(call).private())
        return [mailbox for mailbox in people if is_like(mailbox.alias, wanted) or is_like(mailbox.name, wanted)]
    mailbox = find_mailbox(call, identity)
    if mailbox.system:
        raise CmdletError(f"'{mailbox.name}' is not a mailbox user.", "ManagementObjectNotFoundException")
    return [mailbox]


@_TASKS.reading("Get-MailboxStatistics", _IDENTITY, _SERVER, _DATABASE, _DC)
def _get_statistics(call: Invocation) -> Output:
    """It asks the stores: system mailboxes are there, too."""
    with world_of(call).lock:
        if call.given("Identity"):
            mailbox = find_mailbox(call, call.get("Identity"))
            _reach(call, [mailbox.database])
            found = [mailbox]
        else:
            found = _everything(call, _databases(call))
    for mailbox in found:
        yield statistics_object(mailbox)


def _databases(call: Invocation) -> list[MailDatabase]:
    if call.given("Database"):
        return [find_database(call, call.get("Database"))]
    if call.given("Server"):
        return databases_of_server(call, call.get("Server"), public=False)
    # assumption: without a parameter, as documented, the local server; on a node the one that it runs
    return [database for database in store_of(call).private() if database.host is call.session.host]


def _everything(call: Invocation, databases: Iterable[MailDatabase]) -> list[Mailbox]:
    found: list[Mailbox] = []
    for database in databases:
        try:
            _reach(call, [database])
        except CmdletError as refused:
            call.error(refused.message, refused.identifier, database.identity)
            continue
        found += database.mailboxes.values()
    return found


def _reach(call: Invocation, databases: list[MailDatabase]) -> None:
    reach_stores(call, databases)
    for database in databases:
        if not database.mounted:
            raise CmdletError(
                f"Failed to read the mailbox database '{database.identity}': MapiExceptionMdbOffline: Unable to make "
                "connection to the server. (hr=0x80004005, ec=1142)",
                "MapiExceptionMdbOffline",
            )
