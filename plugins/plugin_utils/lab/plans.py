# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What a topology file asks for, read and checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import language
from .mail_plans import MailPlan, StorageGroupPlan
from .settings import Durations, Knobs

PASSWORD = "S3cret!&(^)'=;x"


@dataclass(frozen=True)
class Account:
    """A user that may log on everywhere. rights: schema, directory (what Setup may prepare)."""

    user: str
    password: str
    rights: tuple[str, ...] = ("schema", "directory")


@dataclass(frozen=True)
class WindowsPlan:
    """Which Windows a computer has."""

    family: str = "2003"
    service_pack: int = 2
    language: str = "en"
    oem_codepage: int = 437
    edition: str = "Enterprise"
    core: bool = False


@dataclass(frozen=True)
class ExchangePlan:
    """Which Exchange program files a computer has."""

    release: str = "rtm"
    rollups: tuple[str, ...] = ()
    path: str = r"C:\Program Files\Microsoft\Exchange Server"
    roles: tuple[str, ...] = ("MailboxRole", "AdminTools")


@dataclass(frozen=True)
class WinrmPlan:
    """What the WinRM service of a computer is set to; https has a port of its own beside http's.

    tls: modern or "1.0", for https and inside CredSSP. certificate: of the https listener, named (with alternative
    names) or old (a common name only).
    """

    https: bool = False
    tls: str = "modern"
    certificate: str = "named"
    basic: bool = False
    credssp: bool = False
    clear_body_answer: int = 401
    resource_uri: str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"


@dataclass(frozen=True)
class HostPlan:
    """One computer. media: folder -> release. services: name -> running, stopped, disabled or absent.

    features: Ids of Server Manager, or None for what such a computer usually has. packages: file -> a key of
    installer.PACKAGES; installed: keys of those that are installed already.
    """

    name: str
    windows: WindowsPlan
    exchange: ExchangePlan | None
    media: tuple[tuple[str, str], ...] = ()
    services: tuple[tuple[str, str], ...] = ()
    free_bytes: int = 20 * 2**30
    paused: bool = False
    features: tuple[str, ...] | None = None
    winrm: WinrmPlan = field(default_factory=WinrmPlan)
    packages: tuple[tuple[str, str], ...] = ()
    installed: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupPlan:
    """A group that is not a CMS. resources: (name, type)."""

    name: str
    owner: str
    kind: str = "other"
    resources: tuple[tuple[str, str], ...] = ()
    preferred_owners: tuple[str, ...] = ()
    possible_owners: tuple[str, ...] = ()
    online: bool = True


@dataclass(frozen=True)
class MailboxServerPlan:
    """A clustered mailbox server. disks: names of its disk resources."""

    name: str
    owner: str
    kind: str
    release: str
    storage_groups: tuple[StorageGroupPlan, ...]
    redundant_machines: tuple[str, ...]
    group: str
    online: bool = True
    disks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClusterPlan:
    """One cluster with its nodes, groups and mailbox servers."""

    name: str
    quorum: str
    nodes: tuple[HostPlan, ...]
    groups: tuple[GroupPlan, ...]
    mailbox_servers: tuple[MailboxServerPlan, ...]


@dataclass(frozen=True)
class DirectoryPlan:
    """Active Directory; the numbers as in world.Directory."""

    name: str = "First Organization"
    schema: int = 10637
    organization: int = 10666
    system_objects: int = 10628
    controllers: tuple[str, ...] = ("DC1", "DC2")
    network_logon: str = "denied"


@dataclass(frozen=True)
class Topology:
    """The whole file."""

    name: str
    domain: str
    netbios: str
    directory: DirectoryPlan
    accounts: tuple[Account, ...]
    clusters: tuple[ClusterPlan, ...]
    computers: tuple[HostPlan, ...]
    durations: Durations = field(default_factory=Durations)
    knobs: Knobs = field(default_factory=Knobs)
    language_knobs: language.Knobs = field(default_factory=language.Knobs)
    mail: MailPlan = field(default_factory=MailPlan)
    faults: tuple[tuple[str, dict[str, str]], ...] = ()
