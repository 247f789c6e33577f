# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What the Exchange cmdlets put out: the lab's world as the shell shows it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..directory import ADMINISTRATIVE_GROUP, servers_dn
from ..releases import RELEASES, release_of
from ..world import GroupState, Host, MailboxServer, ResourceState, StorageGroupCopy, Version, World
from .values import EnumValue, PSObject

_NAMESPACE = uuid.UUID("a8c19c91-42e1-4093-94b0-0fc6b47d5f0c")
_STATES = ("Online", "PartiallyOnline", "OnlinePending", "Offline", "OfflinePending", "Failed")
_STATE_OF_GROUP = {
    GroupState.ONLINE: "Online",
    GroupState.PARTIALLY_ONLINE: "PartiallyOnline",
    GroupState.OFFLINE: "Offline",
    GroupState.FAILED: "Failed",
}
_COPY_WORDS = (
    "NotSupported",
    "Disabled",
    "Failed",
    "Seeding",
    "Stopped",
    "Suspended",
    "Healthy",
    "Initializing",
    "ServiceDown",
    "Synchronizing",
)
_ROLES = {
    "MailboxRole": "Mailbox",
    "ClientAccessRole": "ClientAccess",
    "UnifiedMessagingRole": "UnifiedMessaging",
    "HubTransportRole": "HubTransport",
}


@dataclass(frozen=True)
class Server:
    """An Exchange server object of the directory: a clustered mailbox server, or a stand-alone computer."""

    name: str
    domain: str
    version: Version
    roles: tuple[str, ...]
    world: World
    cms: MailboxServer | None = None

    @property
    def fqdn(self) -> str:
        """The fully qualified name."""
        return f"{self.name}.{self.domain}"

    @property
    def dn(self) -> str:
        """The distinguished name."""
        return f"CN={self.name},{servers_dn(self.world)}"


def servers(world: World) -> list[Server]:
    """Every Exchange server of the organisation. The nodes of a cluster have no object of their own."""
    domain = world.directory.domain
    found = [
        Server(cms.name, domain, cms.version, ("MailboxRole",), world, cms)
        for cluster in world.clusters.values()
        for cms in cluster.mailbox_servers
    ]
    for host in world.hosts.values():
        if host.cluster is None and host.bits and any(role in _ROLES for role in host.bits.roles):
            found.append(Server(host.name, host.domain or domain, host.bits.version, host.bits.roles, world))
    return found


def status(cms: MailboxServer, world: World, service_pack: int) -> PSObject:
    """Get-ClusteredMailboxServerStatus (exchange.md 6.3)."""
    running = [host for host in cms.cluster.members if world.physics.cluster_running(host)]
    properties: dict[str, Any] = {
        "Identity": cms.name,
        "ClusteredMailboxServerName": f"{cms.name}.{world.directory.domain}",
        "State": _state(cms, world),
        "OperationalMachines": [_machine(cms, host) for host in running if _redundant(cms, host)],
        "FailedResources": list(world.physics.failed_resources(cms)),
    }
    if service_pack:
        names = [host.name.lower() for host in running]
        properties["OperationalReplicationHostNames"] = names
        properties["FailedReplicationHostNames"] = [
            host.name.lower() for host in cms.cluster.members if host not in running
        ]
        properties["InUseReplicationHostNames"] = names
    return PSObject("Microsoft.Exchange.Management.SystemConfigurationTasks.ClusteredMailboxServerStatus", properties)


def _state(cms: MailboxServer, world: World) -> EnumValue:
    state = world.physics.cms_state(cms)
    word = _STATE_OF_GROUP.get(state) or _pending(cms)
    number = _STATES.index(word)
    return EnumValue(spelled(world, word), number, "Microsoft.Exchange.Management.ClusteredMailboxServerState")


def _pending(cms: MailboxServer) -> str:
    rising = any(resource.state is ResourceState.ONLINE_PENDING for resource in cms.group.resources)
    return "OnlinePending" if rising else "OfflinePending"


def spelled(world: World, word: str) -> str:
    """A word of an enumeration, joined or with blanks: nobody knows which (exchange.md 6.3)."""
    joined = world.physics.knobs.state_words == "joined"
    return word if joined else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", word)


def _redundant(cms: MailboxServer, host: Host) -> bool:
    return any(name.lower() == host.name.lower() for name in cms.redundant_machines)


def _machine(cms: MailboxServer, host: Host) -> str:
    marks = ["Active"] if cms.group.owner == host.name else []
    if any(group.kind == "core" and group.owner == host.name for group in cms.cluster.groups):
        marks.append("Quorum Owner")
    return f"{host.name} <{', '.join(marks)}>" if marks else host.name


def version_object(version: Version) -> PSObject:
    """AdminDisplayVersion. RTM's shell shows build 685.24 where the registry says 685.25 (exchange.md 5.1)."""
    if version == RELEASES["rtm"].program_files:
        version = release_of(version).shown
    names = ("Major", "Minor", "Build", "Revision")
    text = f"Version {version[0]}.{version[1]} (Build {version[2]}.{version[3]})"
    return PSObject("Microsoft.Exchange.Data.ServerVersion", dict(zip(names, version, strict=True)), text)


def exchange_server(server: Server) -> PSObject:
    """Get-ExchangeServer: the fields of transcripts/exchange/get-exchangeserver-fl-sp1.txt."""
    roles = [_ROLES[role] for role in server.roles if role in _ROLES]
    name, domain = server.name, server.domain
    above = f"/o={server.world.directory.name}/ou={ADMINISTRATIVE_GROUP}"
    properties: dict[str, Any] = {
        "Name": name,
        "DataPath": r"C:\Program Files\Microsoft\Exchange Server\Mailbox",
        "Domain": domain,
        "Edition": EnumValue("Enterprise", 3, "Microsoft.Exchange.Data.Directory.ServerEditionType"),
        "ExchangeLegacyDN": f"{above}/cn=Configuration/cn=Servers/cn={name}",
        "Fqdn": server.fqdn,
        "IsHubTransportServer": "HubTransport" in roles,
        "IsClientAccessServer": "ClientAccess" in roles,
        "IsExchange2007OrLater": True,
        "IsEdgeServer": False,
        "IsMailboxServer": "Mailbox" in roles,
        "IsMemberOfCluster": _member_of_cluster(server),
        "IsProvisionedServer": False,
        "IsUnifiedMessagingServer": "UnifiedMessaging" in roles,
        "NetworkAddress": _addresses(server),
        "OrganizationalUnit": f"{domain}/{name}",
        "AdminDisplayVersion": version_object(server.version),
        "Site": f"{domain}/Configuration/Sites/Default-First-Site-Name",
        "ServerRole": EnumValue(", ".join(roles), 2, "Microsoft.Exchange.Data.Directory.ServerRole"),
        "ErrorReportingEnabled": None,
        **{f"Static{what}": [] for what in ("DomainControllers", "GlobalCatalogs")},
        "StaticConfigDomainController": None,
        "StaticExcludedDomainControllers": [],
        **{f"Current{what}": [] for what in ("DomainControllers", "GlobalCatalogs")},
        "CurrentConfigDomainController": None,
        "ProductID": "02064-110-3500024-75050",
        "IsExchange2007TrialEdition": False,
        "IsExpiredExchange2007TrialEdition": False,
        "RemainingTrialPeriod": "00:00:00",
        **_directory_fields(server, server.dn, name, "ms-Exch-Exchange-Server", "msExchExchangeServer"),
    }
    columns = ("Name", "Site", "ServerRole", "Edition", "AdminDisplayVersion")
    return PSObject("Microsoft.Exchange.Data.Directory.Management.ExchangeServer", properties, name, columns)


def _member_of_cluster(server: Server) -> EnumValue:
    # assumption: Yes; only the No of a stand-alone server was ever seen (exchange.md 5.2)
    word = "Yes" if server.cms else "No"
    return EnumValue(
        word, int(server.cms is not None), "Microsoft.Exchange.Data.Directory.Management.ClusterMembership"
    )


def _addresses(server: Server) -> list[str]:
    name = server.name
    local = [f"ncacn_vns_spp:{name}", f"netbios:{name}", f"ncacn_np:{name}", f"ncacn_spx:{name}"]
    return [*local, f"ncacn_ip_tcp:{server.fqdn}", f"ncalrpc:{name}"]


@lru_cache(maxsize=1024)
def _guid(dn: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, dn))


def _directory_fields(server: Server, dn: str, identity: str, category: str, kind: str) -> dict[str, Any]:
    """The end of every listing of an object of the directory."""
    return {
        "IsValid": True,
        "OriginatingServer": domain_controller(server.world),
        "ExchangeVersion": "0.1 (8.0.535.0)",  # the version of the object, not of the server (exchange.md 5.2)
        "DistinguishedName": dn,
        "Identity": identity,
        "Guid": _guid(dn),
        "ObjectCategory": f"{server.domain}/Configuration/Schema/{category}",
        "ObjectClass": ["top", "server", kind] if kind == "msExchExchangeServer" else ["top", kind],
        "WhenChanged": server.world.start_date,
        "WhenCreated": server.world.start_date,
    }


def domain_controller(world: World) -> str:
    """The domain controller that the cmdlets find by themselves."""
    return f"DC1.{world.directory.domain}"


def mailbox_server(server: Server) -> PSObject:
    """Get-MailboxServer."""
    cms = server.cms
    storage = {"ccr": "NonShared", "scc": "Shared"}[cms.kind] if cms else "Disabled"
    properties: dict[str, Any] = {
        "Name": server.name,
        "Locale": [],
        "ClusteredStorageType": EnumValue(
            storage, ("Disabled", "NonShared", "Shared").index(storage), "Microsoft.Exchange.Data.ClusteredStorageType"
        ),
        "RedundantMachines": list(cms.redundant_machines) if cms else [],
        "AutoDatabaseMountDial": EnumValue("BestAvailability", 12, "Microsoft.Exchange.Data.AutoDatabaseMountDial"),
        "ForcedDatabaseMountAfter": "Unlimited",
        "SubjectLogForManagedFoldersEnabled": False,
        "MessageTrackingLogEnabled": True,
        **_directory_fields(server, server.dn, server.name, "ms-Exch-Exchange-Server", "msExchExchangeServer"),
    }
    columns = ("Name", "ClusteredStorageType", "RedundantMachines")
    return PSObject("Microsoft.Exchange.Data.Directory.Management.MailboxServer", properties, server.name, columns)


def storage_group(server: Server, copy: StorageGroupCopy) -> PSObject:
    """Get-StorageGroup."""
    identity = f"{server.name}\\{copy.name}"
    replicated = "Remote" if server.cms and server.cms.kind == "ccr" else "None"
    folder = rf"C:\Program Files\Microsoft\Exchange Server\Mailbox\{copy.name}"
    properties: dict[str, Any] = {
        "LogFolderPath": folder,
        "SystemFolderPath": folder,
        "CircularLoggingEnabled": False,
        "ZeroDatabasePages": False,
        "LogFilePrefix": "E00",
        "Recovery": False,
        "Name": copy.name,
        "Server": server.name,
        "ServerName": server.name,
        "HasLocalCopy": False,
        "Replicated": EnumValue(replicated, int(replicated == "Remote"), "Microsoft.Exchange.Data.ReplicationType"),
        **_directory_fields(server, _below(server, copy.name), identity, "ms-Exch-Storage-Group", "msExchStorageGroup"),
    }
    columns = ("Name", "Server", "Replicated", "Recovery")
    return PSObject("Microsoft.Exchange.Data.Directory.SystemConfiguration.StorageGroup", properties, identity, columns)


def mailbox_database(server: Server, copy: StorageGroupCopy, with_status: bool) -> PSObject:
    """Get-MailboxDatabase; whether it is mounted is only known with -Status."""
    return _database(server, copy, with_status, "Private", "MailboxDatabase")


def public_folder_database(server: Server, copy: StorageGroupCopy, with_status: bool) -> PSObject:
    """Get-PublicFolderDatabase; whether it is mounted is only known with -Status."""
    return _database(server, copy, with_status, "Public", "PublicFolderDatabase")


def _database(server: Server, copy: StorageGroupCopy, with_status: bool, kind: str, cls: str) -> PSObject:
    identity = f"{server.name}\\{copy.name}\\{copy.database}"
    properties: dict[str, Any] = {
        "Name": copy.database,
        "Server": server.name,
        "ServerName": server.name,
        "StorageGroup": f"{server.name}\\{copy.name}",
        "StorageGroupName": copy.name,
        "Recovery": False,
        "MountAtStartup": True,
        "Mounted": mounted(server, copy) if with_status else None,
        "EdbFilePath": copy.path,
        "HasLocalCopy": False,
        **_directory_fields(
            server,
            f"CN={copy.database},{_below(server, copy.name)}",
            identity,
            f"ms-Exch-{kind}-MDB",
            f"msExch{kind}MDB",
        ),
    }
    columns = ("Name", "Server", "StorageGroup", "Recovery")
    return PSObject(f"Microsoft.Exchange.Data.Directory.SystemConfiguration.{cls}", properties, identity, columns)


def mounted(server: Server, copy: StorageGroupCopy) -> bool:
    """Whether a database is mounted: nothing is while its server isn't online."""
    if server.cms is None:
        return copy.mounted
    state = server.world.physics.cms_state(server.cms)
    return copy.mounted and state in (GroupState.ONLINE, GroupState.PARTIALLY_ONLINE)


def copy_status(server: Server, copy: StorageGroupCopy) -> PSObject:
    """Get-StorageGroupCopyStatus (exchange.md 6.6)."""
    word = copy.status
    number = _COPY_WORDS.index(word) if word in _COPY_WORDS else len(_COPY_WORDS)
    checked = server.world.date()
    properties: dict[str, Any] = {
        "Identity": f"{server.name}\\{copy.name}",
        "StorageGroupName": copy.name,
        "SummaryCopyStatus": EnumValue(
            spelled(server.world, word), number, "Microsoft.Exchange.Management.SystemConfigurationTasks.CopyStatus"
        ),
        "NotSupported": word == "NotSupported",
        "NotConfigured": False,
        "Disabled": word == "Disabled",
        "ServiceDown": word == "ServiceDown",
        "Failed": word == "Failed",
        "Initializing": word == "Initializing",
        "Resynchronizing": word == "Synchronizing",
        "FailedMessage": None,
        "Suspend": word == "Suspended",
        "SuspendComment": None,
        "Seeding": word == "Seeding",
        "CopyQueueLength": copy.copy_queue,
        "ReplayQueueLength": copy.replay_queue,
        "LatestAvailableLogTime": checked,
        "LastCopyNotificationedLogTime": checked,
        "LastCopiedLogTime": checked,
        "LastInspectedLogTime": checked,
        "LastReplayedLogTime": checked,
        "Name": copy.name,
    }
    columns = ("Name", "SummaryCopyStatus", "CopyQueueLength", "ReplayQueueLength", "LastInspectedLogTime")
    return PSObject(
        "Microsoft.Exchange.Management.SystemConfigurationTasks.StorageGroupCopyStatus",
        properties,
        f"{server.name}\\{copy.name}",
        columns,
    )


def _below(server: Server, storage_group_name: str) -> str:
    return f"CN={storage_group_name},CN=InformationStore,{server.dn}"
