# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Get-PublicFolder, Set-PublicFolder -Replicas and Get-PublicFolderStatistics (exchange.md 7)."""

from __future__ import annotations

from ..errors import CmdletError
from ..mail_store import MailDatabase
from ..public_folders import PublicFolder, PublicFolders
from .binding import Invocation, Parameter, switch
from .exchange_scope import identity_text
from .exchange_task import Output, Tasks
from .mail_objects import folder_object, folder_statistics
from .mail_scope import databases_of_server, find_database, limited, reach_stores, store_of, world_of
from .values import each

_TASKS = Tasks()
REGISTRY = _TASKS.registry
_USUAL = 10_000
_SERVER, _DC = Parameter("Server"), Parameter("DomainController")


def _folders(call: Invocation) -> PublicFolders:
    return world_of(call).folders


@_TASKS.reading(
    "Get-PublicFolder",
    Parameter("Identity", 0, piped=True),
    switch("Recurse"),
    switch("GetChildren"),
    Parameter("ResultSize"),
    _SERVER,
    _DC,
)
def _get_public_folder(call: Invocation) -> Output:
    with world_of(call).lock:
        answering = _answering(call)
        top = _folder(call, "\\")
        found = _meant(call, top)
        shown = [folder_object(f, answering, _folders(call).children(f)) for f in limited(call, found, _USUAL)]
    yield from shown


def _meant(call: Invocation, top: PublicFolder) -> list[PublicFolder]:
    if call.flag("Recurse"):
        return [top, *_folders(call).below(top)]
    return _folders(call).children(top) if call.flag("GetChildren") else [top]


def _folder(call: Invocation, usual: str = "") -> PublicFolder:
    identity = identity_text(call.get("Identity")) if call.given("Identity") else usual
    found = _folders(call).named(identity)
    if found is None:
        raise CmdletError(
            f"The operation could not be performed because object '{identity}' could not be found on server "
            f"'{_answering(call).server.name}'.",
            "MapiObjectNotFoundException",
        )
    return found


def _answering(call: Invocation) -> MailDatabase:
    """The database whose copy of the hierarchy is asked: -Server's, else a convenient one; CmdletError."""
    if call.given("Server"):
        found = databases_of_server(call, call.get("Server"), public=True)
        if not found:
            name = identity_text(call.get("Server"))
            raise CmdletError(f"There is no public folder database on server '{name}'.", "NoPublicFolderDatabase")
    else:
        found = store_of(call).public()
        found.sort(key=lambda database: database.host is not call.session.host)
    usable = [database for database in found if database.mounted]
    if not usable:
        raise CmdletError(
            "There is no existing PublicFolder that matches the request: no mounted public folder database was found. "
            "MapiExceptionMdbOffline",
            "MapiExceptionMdbOffline",
        )
    reach_stores(call, usable[:1])
    return usable[0]


@_TASKS.changing(
    "Set-PublicFolder",
    Parameter("Identity", 0, mandatory=True, piped=True),
    Parameter("Replicas"),
    _SERVER,
    _DC,
    confirms=False,
)
def _set_public_folder(call: Invocation) -> Output:
    with world_of(call).lock:
        _answering(call)
        folder = _folder(call)
        wanted: list[MailDatabase] = []
        for identity in each(call.get("Replicas")):
            database = find_database(call, identity, public=True)
            if database not in wanted:
                wanted.append(database)
        if call.given("Replicas") and not wanted:
            raise CmdletError(f"The folder '{folder.identity}' must have at least one replica.", "NoReplica")
    if call.given("Replicas") and call.should_process(f"Setting public folder '{folder.identity}'."):
        with world_of(call).lock:
            _folders(call).set_replicas(folder, wanted, call.session.proc)
    yield from ()


@_TASKS.reading("Get-PublicFolderStatistics", Parameter("Identity", 0, piped=True), _SERVER, _DC)
def _get_statistics(call: Invocation) -> Output:
    """What lies in the database of one server: replicas that fill, and former ones that aren't empty yet."""
    with world_of(call).lock:
        database = _answering(call)
        wanted = [_folder(call)] if call.given("Identity") else _folders(call).all()
        shown = [folder_statistics(f, database) for f in wanted if database in f.content]
    yield from shown
