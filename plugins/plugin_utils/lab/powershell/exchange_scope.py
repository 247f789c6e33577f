# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What the Exchange cmdlets may reach, and which servers and storage groups their parameters mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import CmdletError
from .exchange_objects import Server, domain_controller, servers
from .operators import is_like
from .values import PSObject, to_text

if TYPE_CHECKING:
    from ..world import MailboxServer, StorageGroupCopy
    from .binding import Invocation

_VISTA_KERNEL = ("vista", "2008")


def ready(call: Invocation) -> None:
    """Refuse when this logon doesn't reach the directory."""
    host = call.session.host
    works = host.world.physics.knobs.cmdlet_network_logon == "works"
    # assumption: the tasks read the directory as the computer, so that a network logon is enough
    if not works and not call.session.proc.logon.can_go_on:
        domain = host.world.directory.domain
        raise CmdletError(
            f"Could not find any available Domain Controller in domain '{domain}'.", "NoSuitableServerFoundException"
        )


def reach_cluster(call: Invocation, cms: MailboxServer) -> None:
    """Refuse where Windows or Exchange does (exchange.md 8): wrong Windows, no cluster, no rights there."""
    host = call.session.host
    if host.windows.family == "vista":
        raise CmdletError("Clustered mailbox servers cannot be managed from this version of Windows.", "NotSupported")
    there = cms.cluster.members[0].windows.family
    if (host.windows.family in _VISTA_KERNEL) != (there in _VISTA_KERNEL):
        raise CmdletError(
            f"The cluster of '{cms.name}' runs another version of Windows than this computer.", "ClusterOs"
        )
    if not any(host.world.physics.cluster_running(member) for member in cms.cluster.members):
        raise CmdletError(
            f"The Cluster service of '{cms.name}' is not running or cannot be reached.", "ClusterNotRunning"
        )
    _reach_remote(call, cms)
    _reach_version(call, cms)


def _reach_remote(call: Invocation, cms: MailboxServer) -> None:
    """The cluster of another computer is asked over the network: a network logon goes no further."""
    host = call.session.host
    denied = host.world.language.knobs.cluster_network_logon == "denied"
    if cms.cluster is not host.cluster and denied and not call.session.proc.logon.can_go_on:
        raise CmdletError(f"Cluster operation on '{cms.cluster.name}' failed: access is denied.", "AccessDenied")


def _reach_version(call: Invocation, cms: MailboxServer) -> None:
    """Whether a new shell works with an old server, or the reverse, is unknown (exchange.md 11)."""
    strict = call.session.host.world.physics.knobs.cmdlets_across_versions == "refuse"
    if strict and call.session.service_pack != cms.version[1]:
        raise CmdletError(
            f"The version of the clustered mailbox server '{cms.name}' does not match that of the management tools.",
            "VersionMismatch",
        )


def identity_text(value: Any) -> str:
    """An -Identity as text; an object from the pipeline is meant by its Identity."""
    if isinstance(value, PSObject):
        key = value.key("Identity") or value.key("Name")
        return to_text(value.properties[key]) if key else to_text(value)
    return to_text(value)


def _not_found(call: Invocation, identity: str) -> CmdletError:
    controller = call.text("DomainController") or domain_controller(call.session.host.world)
    return CmdletError(
        f"The operation could not be performed because object '{identity}' could not be found on domain controller "
        f"'{controller}'.",
        "ManagementObjectNotFoundException",
    )


def find_server(call: Invocation, identity: str) -> Server:
    """The server of that name, qualified name or distinguished name; CmdletError."""
    wanted = identity.lower()
    for server in servers(call.session.host.world):
        if wanted in (server.name.lower(), server.fqdn.lower(), server.dn.lower()):
            return server
    raise _not_found(call, identity)


def servers_meant(call: Invocation, parameter: str) -> list[Server]:
    """The servers that a parameter means; all of them without it."""
    if not call.given(parameter):
        return servers(call.session.host.world)
    return [find_server(call, identity_text(call.get(parameter)))]


def find_cms(call: Invocation) -> list[MailboxServer]:
    """The clustered mailbox server of -Identity, or the ones of this node."""
    if not call.given("Identity"):
        return _local(call)
    server = find_server(call, identity_text(call.get("Identity")))
    if server.cms is None:
        raise CmdletError(f"The server '{server.name}' is not a clustered mailbox server.", "NotClustered")
    return [server.cms]


def _local(call: Invocation) -> list[MailboxServer]:
    """assumption: the server that this node runs, else every server of its cluster."""
    cluster = call.session.host.cluster
    if cluster is None:
        raise CmdletError(f"The computer '{call.session.host.name}' is not a member of a cluster.", "NotClustered")
    owned = [cms for cms in cluster.mailbox_servers if cms.group.owner == call.session.host.name]
    return owned or cluster.mailbox_servers


def storage_groups_meant(
    call: Invocation, databases: bool = False, local: bool = False
) -> Iterator[tuple[Server, StorageGroupCopy]]:
    """The storage groups (or the databases in them) of -Identity, -Server or -StorageGroup.

    Without any of them all of the organisation, or with local set those of this computer's server.
    """
    if call.given("Server"):
        within = [find_server(call, identity_text(call.get("Server")))]
    elif local and not call.given("Identity"):
        within = [server for cms in _local(call) for server in [find_server(call, cms.name)]]
    else:
        within = servers(call.session.host.world)
    wanted = identity_text(call.get("Identity")) if call.given("Identity") else "*"
    group = identity_text(call.get("StorageGroup")) if call.given("StorageGroup") else "*"
    found = [
        (server, copy)
        for server in within
        for copy in (server.cms.storage_groups if server.cms else [])
        if _means(wanted, _names(server, copy, databases)) and _means(group, _names(server, copy, False))
    ]
    if not found and wanted != "*":
        raise _not_found(call, wanted)
    return iter(found)


def _names(server: Server, copy: StorageGroupCopy, databases: bool) -> list[str]:
    if databases:
        return [
            copy.database,
            f"{server.name}\\{copy.database}",
            f"{copy.name}\\{copy.database}",
            f"{server.name}\\{copy.name}\\{copy.database}",
        ]
    return [copy.name, f"{server.name}\\{copy.name}"]


def _means(wanted: str, names: list[str]) -> bool:
    return any(is_like(name, wanted) for name in names)
