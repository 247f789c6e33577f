# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What exists in the lab: hosts, clusters, groups, clustered mailbox servers, the directory.

State only. What happens to it (failover, restart, version mismatch) is in physics.py; who may change it: physics alone.
Everything is read and changed under World.lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from .registry import Registry, Value

if TYPE_CHECKING:
    from .clock import Clock
    from .faults import Faults
    from .files import FileSystem
    from .hold import Hold
    from .installer import Installer
    from .language import Language
    from .mail_store import MailStore
    from .physics import Physics
    from .process import Process
    from .public_folders import PublicFolders
    from .truth import Truth

Version = tuple[int, int, int, int]


class NodeState(Enum):
    """MSCluster_Node.State."""

    UP = 0
    DOWN = 1
    PAUSED = 2
    JOINING = 3


class ResourceState(Enum):
    """MSCluster_Resource.State."""

    ONLINE = 2
    OFFLINE = 3
    FAILED = 4
    ONLINE_PENDING = 129
    OFFLINE_PENDING = 130


class GroupState(Enum):
    """MSCluster_ResourceGroup.State."""

    ONLINE = 0
    OFFLINE = 1
    FAILED = 2
    PARTIALLY_ONLINE = 3
    PENDING = 4


class Power(Enum):
    ON = "on"
    STARTING = "starting"
    OFF = "off"


@dataclass(frozen=True)
class Windows:
    """family is 2003, 2008, xp or vista; version such as 5.2.3790; language 'en' or 'xx' (pseudo-localised).

    core: a Server Core installation of 2008.
    """

    family: str
    version: str
    service_pack: int
    edition: str = "Enterprise"
    language: str = "en"
    oem_codepage: int = 437
    core: bool = False

    @property
    def workstation(self) -> bool:
        """Whether it is no server."""
        return self.family in ("xp", "vista")


@dataclass
class Service:
    """A Windows service.

    state: stopped, start_pending, stop_pending, running, paused. start: auto, demand, disabled.
    """

    name: str
    display_name: str
    state: str = "running"
    start: str = "auto"


@dataclass
class Bits:
    """Exchange program files on a node; version is what Setup configured; rollups are display names."""

    version: Version
    path: str = r"C:\Program Files\Microsoft\Exchange Server"
    roles: tuple[str, ...] = ("MailboxRole", "AdminTools")
    rollups: list[str] = field(default_factory=list)
    complete: bool = True  # False while Setup exchanges the files, and after it was killed doing so


@dataclass
class ScheduledTask:
    """A task of schtasks. action is the command line; start as schtasks shows it; last_result before any run."""

    name: str
    action: str
    user: str
    password: str = ""
    elevated: bool = True
    start: str = ""
    process: Process | None = None
    last_result: int = 267011


@dataclass
class Host:
    """One played Windows computer; a cluster node when cluster is set.

    passwords: user name in lower case, without domain -> password. features: Ids of what Server Manager has installed;
    wizard_until: until when (lab seconds) somebody works in a wizard of Server Manager.
    """

    world: World
    name: str
    domain: str
    windows: Windows
    files: FileSystem
    registry: Registry = field(default_factory=Registry)
    services: dict[str, Service] = field(default_factory=dict)  # key in lower case
    tasks: dict[str, ScheduledTask] = field(default_factory=dict)  # key in lower case
    passwords: dict[str, str] = field(default_factory=dict)
    standard_users: set[str] = field(default_factory=set)  # in lower case; everybody else is a local administrator
    processes: list[Process] = field(default_factory=list)
    power: Power = Power.ON
    boot_time: float = 0.0  # lab seconds
    boots: int = 0
    bits: Bits | None = None
    cluster: Cluster | None = None
    shutdown_pending: bool = False
    features: set[str] = field(default_factory=set)
    wizard_until: float = 0.0
    installer: Installer = field(init=False)

    def answers(self) -> bool:
        """Whether WinRM answers: switched on, started, service running."""
        service = self.services.get("winrm")
        return self.power is Power.ON and service is not None and service.state == "running"


@dataclass
class Resource:
    """A cluster resource; type such as 'Physical Disk', 'Network Name', 'Microsoft Exchange Information Store'."""

    name: str
    type: str
    state: ResourceState = ResourceState.ONLINE


@dataclass
class Group:
    """A resource group. kind: core, available_storage, cms, other. wanted: whether it should be online (persistent)."""

    name: str
    kind: str
    owner: str
    resources: list[Resource] = field(default_factory=list)
    preferred_owners: list[str] = field(default_factory=list)
    possible_owners: list[str] = field(default_factory=list)  # empty: every member
    wanted: bool = True

    def state(self) -> GroupState:
        """The state as the cluster sums it up (windows-cli.md 2.1)."""
        states = [resource.state for resource in self.resources]
        if any(s in (ResourceState.ONLINE_PENDING, ResourceState.OFFLINE_PENDING) for s in states):
            return GroupState.PENDING
        if ResourceState.FAILED in states:
            return GroupState.FAILED
        if not states or all(s is ResourceState.OFFLINE for s in states):
            return GroupState.OFFLINE
        if all(s is ResourceState.ONLINE for s in states):
            return GroupState.ONLINE
        return GroupState.PARTIALLY_ONLINE


@dataclass
class StorageGroupCopy:
    """One storage group of a CMS with, on CCR, its copy. status as SummaryCopyStatus prints it (no blanks).

    public: its database holds public folders.
    """

    name: str
    database: str
    mounted: bool = True
    status: str = "Healthy"
    copy_queue: int = 0
    replay_queue: int = 0
    public: bool = False

    @property
    def path(self) -> str:
        """The database's file. assumption: the folder that Setup suggests, on whatever cluster"""
        return rf"C:\Program Files\Microsoft\Exchange Server\Mailbox\{self.name}\{self.database}.edb"


@dataclass
class MailboxServer:
    """A clustered mailbox server (CMS); version is AdminDisplayVersion's, in the directory. kind: ccr or scc."""

    name: str
    kind: str
    group: Group
    cluster: Cluster
    version: Version
    redundant_machines: list[str]
    storage_groups: list[StorageGroupCopy] = field(default_factory=list)


class PropertyPlace(NamedTuple):
    """What cluster properties belong to.

    kind: node, group, resource or cluster (its name is empty); name in lower case; private: of /priv, not of /prop.
    """

    kind: str
    name: str
    private: bool


class Told:
    """What was printed of something, for as long as it looks the same."""

    def __init__(self) -> None:
        self._picture: Hashable = None
        self._texts: dict[Hashable, str] = {}

    def text(self, picture: Hashable, what: Hashable, tell: Callable[[], str]) -> str:
        """What tell() says; asked again only when the picture has changed."""
        if picture != self._picture:
            self._picture, self._texts = picture, {}
        text = self._texts.get(what)
        if text is None:
            text = self._texts[what] = tell()
        return text


@dataclass
class Cluster:
    """A server cluster. members in node-number order (1, 2, …). quorum: shared_disk, majority, majority_witness.

    properties: what somebody set, by its name in lower case.
    """

    name: str
    quorum: str = "shared_disk"
    members: list[Host] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    node_states: dict[str, NodeState] = field(default_factory=dict)  # by host name
    paused: set[str] = field(default_factory=set)  # host names; outlives a restart
    mailbox_servers: list[MailboxServer] = field(default_factory=list)
    properties: dict[PropertyPlace, dict[str, Value]] = field(default_factory=dict)
    told: Told = field(default_factory=Told, repr=False, compare=False)

    def picture(self) -> Hashable:
        """Everything that a listing of nodes, groups or resources depends on."""
        groups = (
            (g.name, g.owner, *g.preferred_owners, *((r.name, r.type, r.state) for r in g.resources))
            for g in self.groups
        )
        return (*self.node_states.items(), *groups)

    def group(self, name: str) -> Group | None:
        return next((g for g in self.groups if g.name.lower() == name.lower()), None)

    def member(self, name: str) -> Host | None:
        return next((h for h in self.members if h.name.lower() == name.lower()), None)

    def mailbox_server(self, name: str) -> MailboxServer | None:
        return next((m for m in self.mailbox_servers if m.name.lower() == name.lower()), None)


@dataclass
class Directory:
    """Active Directory: its DNS name, the Exchange organisation in it, and what tells for which release it is prepared.

    schema: rangeUpper of ms-Exch-Schema-Version-Pt; organization: objectVersion of the organisation's container;
    system_objects: that of the domain's Microsoft Exchange System Objects.
    rights: user name in lower case, without domain -> what Setup may prepare with it: schema (Schema Admins),
    directory (Enterprise Admins). network_logon: whether a logon without credentials to go on with may read it,
    denied or allowed.
    """

    domain: str
    name: str = "First Organization"
    schema: int = 10637
    organization: int = 10666
    system_objects: int = 10628
    network_logon: str = "denied"
    rights: dict[str, tuple[str, ...]] = field(default_factory=dict)
    controllers: list[str] = field(default_factory=list)  # domain controllers that answer


@dataclass
class World:
    """The whole lab."""

    clock: Clock
    directory: Directory
    hosts: dict[str, Host] = field(default_factory=dict)  # key: name in lower case
    clusters: dict[str, Cluster] = field(default_factory=dict)  # key: name in lower case
    lock: threading.RLock = field(default_factory=threading.RLock)
    start_date: datetime = field(default_factory=lambda: datetime.now().replace(microsecond=0))
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - same seed, same run
    physics: Physics = field(init=False)
    truth: Truth = field(init=False)
    faults: Faults = field(init=False)
    hold: Hold = field(init=False)
    mail: MailStore = field(init=False)
    folders: PublicFolders = field(init=False)
    language: Language = field(init=False)

    def date(self) -> datetime:
        """What the clocks of all played hosts show."""
        return self.start_date + timedelta(seconds=self.clock.now())
