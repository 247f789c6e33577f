# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The Exchange cmdlets (exchange.md 6). They only read the world, or ask physics for changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import CmdletError
from ..world import GroupState, ResourceState
from . import exchange_objects as objects
from .binding import Invocation, Parameter, switch
from .exchange_scope import find_cms, reach_cluster, servers_meant, storage_groups_meant
from .exchange_task import Output, Tasks

if TYPE_CHECKING:
    from ..world import MailboxServer, StorageGroupCopy

_TASKS = Tasks()
REGISTRY = _TASKS.registry
_reading, _changing = _TASKS.reading, _TASKS.changing
_WAIT = 3600.0  # lab seconds that a cmdlet follows a server that changes its state
_ARRIVAL = 30.0
_IDENTITY = Parameter("Identity", 0, mandatory=True, piped=True)
_IDENTITY_OPTIONAL = Parameter("Identity", 0, piped=True)
_SERVER = Parameter("Server")
_DC = Parameter("DomainController")
_STANDBY = Parameter("StandbyMachine", since=1)


# -- reading


@_reading("Get-ClusteredMailboxServerStatus", _IDENTITY_OPTIONAL, _DC)
def _get_status(call: Invocation) -> Output:
    world = call.session.host.world
    for cms in find_cms(call):
        reach_cluster(call, cms)
        with world.lock:
            found = objects.status(cms, world, call.session.service_pack)
        yield found


@_reading("Get-ExchangeServer", _IDENTITY_OPTIONAL, switch("Status"), Parameter("Domain"), _DC)
def _get_exchange_server(call: Invocation) -> Output:
    for server in servers_meant(call, "Identity"):
        yield objects.exchange_server(server)


@_reading("Get-MailboxServer", _IDENTITY_OPTIONAL, switch("Status"), _DC)
def _get_mailbox_server(call: Invocation) -> Output:
    for server in servers_meant(call, "Identity"):
        if "MailboxRole" in server.roles:
            yield objects.mailbox_server(server)


@_reading("Get-StorageGroup", _IDENTITY_OPTIONAL, _SERVER, _DC)
def _get_storage_group(call: Invocation) -> Output:
    for server, copy in storage_groups_meant(call):
        yield objects.storage_group(server, copy)


@_reading(
    "Get-MailboxDatabase",
    _IDENTITY_OPTIONAL,
    _SERVER,
    Parameter("StorageGroup"),
    switch("Status"),
    switch("IncludePreExchange2007"),
    _DC,
)
def _get_mailbox_database(call: Invocation) -> Output:
    for server, copy in storage_groups_meant(call, databases=True):
        if not copy.public:
            yield objects.mailbox_database(server, copy, call.flag("Status"))


@_reading(
    "Get-PublicFolderDatabase",
    _IDENTITY_OPTIONAL,
    _SERVER,
    Parameter("StorageGroup"),
    switch("Status"),
    switch("IncludePreExchange2007"),
    _DC,
)
def _get_public_folder_database(call: Invocation) -> Output:
    for server, copy in storage_groups_meant(call, databases=True):
        if copy.public:
            yield objects.public_folder_database(server, copy, call.flag("Status"))


@_reading(
    "Get-StorageGroupCopyStatus", _IDENTITY_OPTIONAL, _SERVER, switch("DumpsterStatistics", since=1), _STANDBY, _DC
)
def _get_copy_status(call: Invocation) -> Output:
    physics = call.session.host.world.physics
    for server, copy in storage_groups_meant(call, local=call.session.service_pack > 0):
        if server.cms is None:
            continue
        reach_cluster(call, server.cms)
        yield from [objects.copy_status(server, c) for c in physics.copies(server.cms) if c.name == copy.name]


# -- clustered mailbox servers


@_changing("Stop-ClusteredMailboxServer", _IDENTITY, Parameter("StopReason", mandatory=True), _DC)
def _stop(call: Invocation) -> Output:
    cms = _one_cms(call)
    reason = call.text("StopReason")
    if call.should_process(f"Stopping clustered mailbox server '{cms.name}' with the reason '{reason}'."):
        call.session.host.world.physics.stop_cms(cms, reason, call.session.proc)
        _follow(call, cms)
    yield from ()


@_changing("Start-ClusteredMailboxServer", _IDENTITY, _DC)
def _start(call: Invocation) -> Output:
    cms = _one_cms(call)
    if call.should_process(f"Starting clustered mailbox server '{cms.name}'."):
        call.session.host.world.physics.start_cms(cms, call.session.proc)
        _follow(call, cms)
        _refuse_failed(call, cms)
    yield from ()


@_changing(
    "Move-ClusteredMailboxServer",
    _IDENTITY,
    Parameter("MoveComment", mandatory=True),
    Parameter("TargetMachine", mandatory=True),
    switch("IgnoreDismounted", since=1),
    switch("ValidateOnly", since=1),
    _DC,
)
def _move(call: Invocation) -> Output:
    cms = _one_cms(call)
    physics = call.session.host.world.physics
    target = call.text("TargetMachine").partition(".")[0]
    ignore = call.flag("IgnoreDismounted")
    physics.validate_move(cms, target, ignore)
    if not call.flag("ValidateOnly") and call.should_process(
        f"Moving clustered mailbox server '{cms.name}' to target machine '{target}'."
    ):
        physics.move_cms(cms, target, call.text("MoveComment"), call.session.proc, ignore)
        _follow(call, cms)
        _refuse_unmoved(call, cms, target)
        _refuse_failed(call, cms)
    yield from ()


def _one_cms(call: Invocation) -> MailboxServer:
    (cms,) = find_cms(call)
    reach_cluster(call, cms)
    return cms


def _follow(call: Invocation, cms: MailboxServer) -> None:
    """Wait while the server is on its way."""
    pending = (ResourceState.ONLINE_PENDING, ResourceState.OFFLINE_PENDING)

    def settled() -> bool:
        with call.session.host.world.lock:
            return not any(resource.state in pending for resource in cms.group.resources)

    if not call.session.proc.wait_until(settled, _WAIT):
        raise CmdletError(f"The clustered mailbox server '{cms.name}' did not reach a steady state in time.", "Timeout")


def _refuse_unmoved(call: Invocation, cms: MailboxServer, target: str) -> None:
    """The owner of a server that is offline changes without any state in between."""
    if not call.session.proc.wait_until(lambda: cms.group.owner.lower() == target.lower(), _ARRIVAL):
        raise CmdletError(f"The clustered mailbox server '{cms.name}' did not move to '{target}'.", "NotMoved")


def _refuse_failed(call: Invocation, cms: MailboxServer) -> None:
    # assumption: the cmdlet says so when the server fails to come online
    if call.session.host.world.physics.cms_state(cms) is GroupState.FAILED:
        raise CmdletError(f"The clustered mailbox server '{cms.name}' failed to come online.", "ServerFailed")


# -- databases and copies


def _set_mounted(call: Invocation, mounted: bool, action: str) -> None:
    for server, copy in storage_groups_meant(call, databases=True):
        if server.cms is None:
            continue
        name = f"{server.name}\\{copy.name}\\{copy.database}"
        reach_cluster(call, server.cms)
        if objects.mounted(server, copy) == mounted:
            word = "mounted" if mounted else "dismounted"
            raise CmdletError(f"The database '{name}' is already {word}.", "DatabaseState")
        if call.should_process(f"{action} database '{name}'."):
            call.session.host.world.physics.set_mounted(server.cms, copy, mounted, call.session.proc)


@_changing("Mount-Database", _IDENTITY, switch("AcceptDataLoss", since=1), switch("Force"), _DC, confirms=False)
def _mount(call: Invocation) -> Output:
    _set_mounted(call, True, "Mounting")
    yield from ()


@_changing("Dismount-Database", _IDENTITY, _DC)
def _dismount(call: Invocation) -> Output:
    _set_mounted(call, False, "Dismounting")
    yield from ()


def _set_suspended(call: Invocation, suspended: bool, action: str) -> None:
    for server, copy in storage_groups_meant(call):
        if server.cms is None or server.cms.kind != "ccr":
            raise CmdletError(f"The storage group '{copy.name}' has no copy.", "NoCopy")
        reach_cluster(call, server.cms)
        if call.should_process(f"{action} storage group copy '{server.name}\\{copy.name}'."):
            _suspend(call, server.cms, copy, suspended)


def _suspend(call: Invocation, cms: MailboxServer, copy: StorageGroupCopy, suspended: bool) -> None:
    """Suspending twice is no error (exchange.md 6.7)."""
    world = call.session.host.world
    with world.lock:
        if (copy.status == "Suspended") == suspended:
            return
        copy.status = "Suspended" if suspended else "Healthy"
        if not suspended:
            world.physics.mail_copies.disturb(cms)
        what = "suspend" if suspended else "resume"
        world.truth.effect(call.session.host, "copy", what, f"{cms.name}\\{copy.name}", call.session.proc)


@_changing("Suspend-StorageGroupCopy", _IDENTITY, Parameter("SuspendComment"), _STANDBY, _DC)
def _suspend_copy(call: Invocation) -> Output:
    _set_suspended(call, True, "Suspending")
    yield from ()


@_changing("Resume-StorageGroupCopy", _IDENTITY, _STANDBY, _DC)
def _resume_copy(call: Invocation) -> Output:
    _set_suspended(call, False, "Resuming")
    yield from ()
