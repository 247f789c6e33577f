# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What the cmdlets for mailboxes and public folders put out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ..directory import ADMINISTRATIVE_GROUP, servers_dn
from ..mail_store import Mailbox, MailDatabase
from .byte_size import ByteSize
from .exchange_objects import domain_controller
from .values import EnumValue, PSObject

if TYPE_CHECKING:
    from ..public_folders import PublicFolder
    from ..world import World

_T = TypeVar("_T")
Getters = Mapping[str, Callable[[_T], Any]]


class Fields(dict[str, Any]):
    """Properties that are worked out when somebody asks for them: ten thousand mailboxes have forty each."""

    def __init__(self, getters: Getters[Any], source: Any) -> None:
        super().__init__()
        self._getters = getters
        self._source = source

    def __missing__(self, key: str) -> Any:
        value = self._getters[key](self._source)
        self[key] = value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._getters)

    def __len__(self) -> int:
        return len(self._getters)

    def __contains__(self, key: object) -> bool:
        return key in self._getters

    def keys(self) -> Any:
        return self._getters.keys()

    def items(self) -> Any:
        return [(key, self[key]) for key in self._getters]

    def values(self) -> Any:
        return [self[key] for key in self._getters]


def _world(mailbox: Mailbox) -> World:
    return mailbox.database.world


def canonical(mailbox: Mailbox) -> str:
    """lab.example/Users/Name."""
    return f"{_world(mailbox).directory.domain}/Users/{mailbox.name}"


def distinguished(mailbox: Mailbox) -> str:
    """CN=Name,CN=Users,DC=lab,DC=example."""
    parts = ",".join(f"DC={part}" for part in _world(mailbox).directory.domain.split("."))
    name = mailbox.name.replace("\\", "\\\\").replace(",", "\\,")
    return f"CN={name},CN=Users,{parts}"


def address(mailbox: Mailbox) -> str:
    """alias@domain."""
    return f"{mailbox.alias}@{_world(mailbox).directory.domain}"


def legacy_name(mailbox: Mailbox) -> str:
    """/o=Organisation/…/cn=alias."""
    organization = _world(mailbox).directory.name
    return f"/o={organization}/ou={ADMINISTRATIVE_GROUP}/cn=Recipients/cn={mailbox.alias}"


def _word(word: str, number: int, kind: str) -> Callable[[Any], EnumValue]:
    value = EnumValue(word, number, f"Microsoft.Exchange.Data.Directory.Recipient.{kind}")
    return lambda _source: value


def _always(value: Any) -> Callable[[Any], Any]:
    return lambda _source: value


def _server_name(mailbox: Mailbox) -> str:
    return mailbox.database.server.name


MAILBOX: Getters[Mailbox] = {
    "Database": lambda m: m.database.identity,
    "DeletedItemFlags": _always("DatabaseDefault"),
    "UseDatabaseRetentionDefaults": _always(True),
    "UseDatabaseQuotaDefaults": _always(True),
    "ExchangeGuid": lambda m: m.guid,
    "IsMailboxEnabled": _always(True),
    "ProhibitSendQuota": _always("unlimited"),
    "ProhibitSendReceiveQuota": _always("unlimited"),
    "IssueWarningQuota": _always("unlimited"),
    "IsLinked": _always(False),
    "IsShared": _always(False),
    "IsResource": _always(False),
    "SamAccountName": lambda m: m.alias[:20],
    "ServerLegacyDN": lambda m: (
        f"/o={_world(m).directory.name}/ou={ADMINISTRATIVE_GROUP}/cn=Configuration/cn=Servers/cn={_server_name(m)}"
    ),
    "ServerName": _server_name,
    "UserPrincipalName": address,
    "Alias": lambda m: m.alias,
    "OrganizationalUnit": lambda m: f"{_world(m).directory.domain}/Users",
    "DisplayName": lambda m: m.name,
    "EmailAddresses": lambda m: [f"SMTP:{address(m)}"],
    "HiddenFromAddressListsEnabled": _always(False),
    "LegacyExchangeDN": legacy_name,
    "PrimarySmtpAddress": address,
    "RecipientType": _word("UserMailbox", 1, "RecipientType"),
    "RecipientTypeDetails": _word("UserMailbox", 1, "RecipientTypeDetails"),
    "WindowsEmailAddress": address,
    "Identity": canonical,
    "IsValid": _always(True),
    "OriginatingServer": lambda m: domain_controller(_world(m)),
    "ExchangeVersion": _always("0.1 (8.0.535.0)"),
    "Name": lambda m: m.name,
    "DistinguishedName": distinguished,
    "Guid": lambda m: m.object_guid,
    "ObjectClass": _always(["top", "person", "organizationalPerson", "user"]),
    "WhenChanged": lambda m: _world(m).start_date,
    "WhenCreated": lambda m: _world(m).start_date,
}
_STATISTICS: Getters[Mailbox] = {
    "AssociatedItemCount": _always(0),
    "DeletedItemCount": _always(0),
    "DisconnectDate": _always(None),
    "DisplayName": lambda m: m.name,
    "ItemCount": lambda m: m.items,
    "LastLoggedOnUserAccount": _always(None),
    "LastLogoffTime": _always(None),
    "LastLogonTime": _always(None),
    "LegacyDN": lambda m: legacy_name(m).upper(),
    "MailboxGuid": lambda m: m.guid,
    "ObjectClass": _word("Mailbox", 1, "ObjectClass"),
    "StorageLimitStatus": _word("BelowLimit", 1, "StorageLimitStatus"),
    "TotalDeletedItemSize": lambda _m: ByteSize(0),
    "TotalItemSize": lambda m: ByteSize(m.size),
    "Database": lambda m: m.database.identity,
    "ServerName": _server_name,
    "StorageGroupName": lambda m: m.database.copy.name,
    "DatabaseName": lambda m: m.database.copy.database,
    "Identity": lambda m: m.guid,
    "IsValid": _always(True),
    "OriginatingServer": _server_name,
}


def mailbox_object(mailbox: Mailbox) -> PSObject:
    """Get-Mailbox."""
    kind = "Microsoft.Exchange.Data.Directory.Management.Mailbox"
    return PSObject(kind, Fields(MAILBOX, mailbox), mailbox.name, ("Name", "Alias", "ServerName", "ProhibitSendQuota"))


def statistics_object(mailbox: Mailbox) -> PSObject:
    """Get-MailboxStatistics."""
    kind = "Microsoft.Exchange.Management.MapiTasks.Presentation.MailboxStatistics"
    columns = ("DisplayName", "ItemCount", "StorageLimitStatus", "LastLogonTime")
    return PSObject(kind, Fields(_STATISTICS, mailbox), mailbox.guid, columns)


def database_dn(database: MailDatabase) -> str:
    """The distinguished name of a database."""
    server = f"CN={database.server.name},{servers_dn(database.world)}"
    return f"CN={database.copy.database},CN={database.copy.name},CN=InformationStore,{server}"


def replica(database: MailDatabase) -> PSObject:
    """An entry of .Replicas."""
    shown = database.identity if database.world.physics.knobs.replica_names == "full" else database.copy.database
    properties = {"Name": database.copy.database, "DistinguishedName": database_dn(database), "IsDeleted": False}
    return PSObject("Microsoft.Exchange.Data.Directory.ADObjectId", properties, shown, ("Name",))


def folder_object(folder: PublicFolder, answering: MailDatabase, children: Iterable[PublicFolder]) -> PSObject:
    """Get-PublicFolder; answering is the database whose hierarchy was asked."""
    name = folder.path[-1] if folder.path else "IPM_SUBTREE"
    above = "\\" + "\\".join(folder.path[:-1]) if folder.path else ""
    properties: dict[str, Any] = {
        "AgeLimit": None,
        "EntryId": folder.entry_id,
        "HasSubFolders": any(True for _child in children),
        "HiddenFromAddressListsEnabled": False,
        "LocalReplicaAgeLimit": None,
        "LocalReplicaAgeLimitComputed": None,
        "MailEnabled": False,
        "MaxItemSize": "unlimited",
        "Name": name,
        "ParentPath": above,
        "PerUserReadStateEnabled": True,
        "PostStorageQuota": "unlimited",
        "Replicas": [replica(database) for database in folder.replicas],
        "ReplicationSchedule": [],
        "RetainDeletedItemsFor": None,
        "StorageQuota": "unlimited",
        "UseDatabaseAgeDefaults": None,
        "UseDatabaseQuotaDefaults": True,
        "UseDatabaseReplicationSchedule": True,
        "UseDatabaseRetentionDefaults": True,
        "Identity": folder.identity,
        "IsValid": True,
        "OriginatingServer": f"{answering.server.name}.{answering.world.directory.domain}",
    }
    kind = "Microsoft.Exchange.Data.Mapi.PublicFolder"
    return PSObject(kind, properties, folder.identity, ("Name", "ParentPath"))


def folder_statistics(folder: PublicFolder, database: MailDatabase) -> PSObject:
    """Get-PublicFolderStatistics: what lies in one database."""
    path = "\\".join(folder.path) or "IPM_SUBTREE"
    properties: dict[str, Any] = {
        "AdminDisplayName": folder.path[-1] if folder.path else "IPM_SUBTREE",
        "AssociatedItemCount": 0,
        "ContactCount": 0,
        "CreationTime": database.world.start_date,
        "DeletedItemCount": 0,
        "EntryId": folder.entry_id,
        "ExpiryTime": None,
        "FolderPath": path,
        "IsDeletePending": database not in folder.replicas,
        "ItemCount": folder.items_in(database),
        "LastAccessTime": database.world.start_date,
        "LastModificationTime": database.world.start_date,
        "Name": folder.path[-1] if folder.path else "IPM_SUBTREE",
        "OwnerCount": 1,
        "TotalAssociatedItemSize": ByteSize(0),
        "TotalDeletedItemSize": ByteSize(0),
        "TotalItemSize": ByteSize(folder.size_in(database)),
        "ServerName": database.server.name,
        "StorageGroupName": database.copy.name,
        "DatabaseName": database.copy.database,
        "Identity": folder.entry_id,
        "IsValid": True,
        "OriginatingServer": database.server.name,
    }
    kind = "Microsoft.Exchange.Management.MapiTasks.Presentation.PublicFolderStatistics"
    return PSObject(kind, properties, path, ("Name", "ItemCount", "LastAccessTime"))
