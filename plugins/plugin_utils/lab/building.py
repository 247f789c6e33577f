# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Building the world of a topology: hosts with disks, registry and services, clusters, mailbox servers."""

from __future__ import annotations

import ntpath
from typing import TYPE_CHECKING

from . import exchange_registry, exchange_scripts, features, mail_building
from .faults import Faults
from .files import FileSystem
from .hold import Hold
from .installer import PACKAGES, Installer
from .language import Language
from .mailbox import resources_of
from .physics import Physics
from .programs import default_programs
from .releases import RELEASES
from .topology import VERSIONS, all_hosts
from .truth import Truth
from .windows_setup import fill_registry, services_of
from .world import (
    Bits,
    Cluster,
    Directory,
    Group,
    Host,
    MailboxServer,
    NodeState,
    Resource,
    ResourceState,
    StorageGroupCopy,
    Windows,
    World,
)

if TYPE_CHECKING:
    from .clock import Clock
    from .plans import Account, ClusterPlan, ExchangePlan, GroupPlan, HostPlan, MailboxServerPlan, Topology

_FOLDERS = (r"C:\WINDOWS\Temp", r"C:\Program Files", r"C:\Documents and Settings\All Users", r"C:\Temp")


def build(topology: Topology, clock: Clock, seed: int = 0) -> World:
    """The world, everything up and settled."""
    rights = {account.user.rpartition("\\")[2].lower(): account.rights for account in topology.accounts}
    world = World(clock, _directory(topology, rights))
    world.random.seed(seed)
    world.truth, world.faults, world.hold = Truth(world), Faults(world), Hold(world)
    world.physics = Physics(world, topology.durations, topology.knobs)
    world.language = Language(knobs=topology.language_knobs)
    for plan in all_hosts(topology):
        world.hosts[plan.name.lower()] = _host(world, plan, topology)
    for cluster in topology.clusters:
        world.clusters[cluster.name.lower()] = _cluster(world, cluster)
    mail_building.fill(world, topology)
    for host in world.hosts.values():
        world.physics.publish(host)
    for name, fields in topology.faults:
        world.faults.inject(name, fields)
    return world


def _directory(topology: Topology, rights: dict[str, tuple[str, ...]]) -> Directory:
    plan = topology.directory
    numbers = (plan.schema, plan.organization, plan.system_objects)
    return Directory(topology.domain, plan.name, *numbers, plan.network_logon, rights, list(plan.controllers))


def _host(world: World, plan: HostPlan, topology: Topology) -> Host:
    windows = _windows(plan)
    files = FileSystem(("C:", "D:"), plan.free_bytes, world.clock.now)
    host = Host(world, plan.name, topology.netbios, windows, files)
    host.passwords = {_plain(account): account.password for account in topology.accounts}
    clustered = any(node.name == plan.name for cluster in topology.clusters for node in cluster.nodes)
    for path, (program, version) in default_programs(windows).items():
        files.add_program(path, program, version)
    for folder in (*_FOLDERS, *(_profile(windows, account) for account in topology.accounts)):
        files.mkdir(folder, exist_ok=True)
    for folder, release in plan.media:
        add_media(files, folder, release)
    fill_registry(host)
    _packages(host, plan)
    if plan.exchange:
        _install(host, plan.exchange)
    host.services = services_of(windows, clustered, plan.exchange is not None and clustered, dict(plan.services))
    if windows.family == "2008":
        usual = features.default_features(clustered, plan.exchange is not None)
        features.set_up(host, usual if plan.features is None else plan.features)
    return host


def _packages(host: Host, plan: HostPlan) -> None:
    """Windows Installer, what lies about for it, and what was installed before."""
    host.installer = Installer(host)
    for path, name in plan.packages:
        root = ntpath.splitdrive(path)[0]
        if not host.files.exists(root + "\\"):
            host.files.add_root(root)
        host.files.mkdir(ntpath.dirname(path), exist_ok=True)
        host.installer.place(path, name)
    if host.windows.family == "2003":  # Windows brings it along, not installed
        host.installer.place(r"C:\WINDOWS\system32\adminpak.msi", "adminpak")
    for name in plan.installed:
        host.installer.install(PACKAGES[name], None)


def _windows(plan: HostPlan) -> Windows:
    asked = plan.windows
    version = "6.0.6002" if asked.family == "2008" and asked.service_pack > 1 else VERSIONS[asked.family]
    speech = (asked.language, asked.oem_codepage)
    return Windows(asked.family, version, asked.service_pack, asked.edition, *speech, asked.core)


def _plain(account: Account) -> str:
    return account.user.rpartition("\\")[2].lower()


def _profile(windows: Windows, account: Account) -> str:
    name = account.user.rpartition("\\")[2]
    if windows.version.startswith("5."):
        return f"C:\\Documents and Settings\\{name}\\Local Settings\\Temp"
    return f"C:\\Users\\{name}\\AppData\\Local\\Temp"


def add_media(files: FileSystem, folder: str, release: str) -> None:
    """Put installation media into a folder; a new drive is added."""
    version = exchange_registry.dotted(RELEASES[release].program_files)
    root = ntpath.splitdrive(folder)[0]
    if not files.exists(root + "\\"):
        files.add_root(root)
    for name in (r"Setup.com", r"Setup.exe", r"Setup\ServerRoles\Common\ExSetup.exe"):
        files.add_program(f"{folder}\\{name}", "exsetup", version)
    files.mkdir(f"{folder}\\Updates", exist_ok=True)


def _install(host: Host, plan: ExchangePlan) -> None:
    version = RELEASES[plan.release].program_files
    host.bits = Bits(version, plan.path, plan.roles, list(plan.rollups))
    for name in ("Setup.com", "ExSetup.exe"):
        host.files.add_program(f"{plan.path}\\bin\\{name}", "exsetup", exchange_registry.dotted(version))
    host.files.write(f"{plan.path}\\bin\\exshell.psc1", _console_file())
    exchange_scripts.place(host.files, f"{plan.path}\\Scripts")
    exchange_registry.write_bits(host, host.bits)


def _console_file() -> bytes:
    snapin = "Microsoft.Exchange.Management.PowerShell.Admin"
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\r\n<PSConsoleFile ConsoleSchemaVersion="1.0">\r\n'
        f'  <PSVersion>1.0</PSVersion>\r\n  <PSSnapIns>\r\n    <PSSnapIn Name="{snapin}" />\r\n'
        "  </PSSnapIns>\r\n</PSConsoleFile>\r\n"
    )
    return text.encode()


def _cluster(world: World, plan: ClusterPlan) -> Cluster:
    cluster = Cluster(plan.name, plan.quorum, [world.hosts[node.name.lower()] for node in plan.nodes])
    for node in plan.nodes:
        host = world.hosts[node.name.lower()]
        host.cluster = cluster
        cluster.node_states[host.name] = NodeState.PAUSED if node.paused else NodeState.UP
        if node.paused:
            cluster.paused.add(host.name)
    cluster.groups = [_group(group) for group in plan.groups]
    for server in plan.mailbox_servers:
        _mailbox_server(cluster, server)
    world.physics.groups.changed(cluster)
    return cluster


def _group(plan: GroupPlan) -> Group:
    resources = [Resource(*resource) for resource in plan.resources]
    group = Group(
        plan.name,
        plan.kind,
        plan.owner,
        resources,
        list(plan.preferred_owners),
        list(plan.possible_owners),
        plan.online,
    )
    return _switched(group)


def _switched(group: Group) -> Group:
    for resource in group.resources:
        resource.state = ResourceState.ONLINE if group.wanted else ResourceState.OFFLINE
    return group


def _mailbox_server(cluster: Cluster, plan: MailboxServerPlan) -> None:
    copies = [
        StorageGroupCopy(group.name, group.database, mounted=plan.online, public=group.public)
        for group in plan.storage_groups
    ]
    group = Group(
        plan.group, "cms", plan.owner, resources_of(plan.name, copies, plan.kind, plan.disks), wanted=plan.online
    )
    group.possible_owners = list(plan.redundant_machines)
    shown = RELEASES[plan.release].shown
    cms = MailboxServer(plan.name, plan.kind, group, cluster, shown, list(plan.redundant_machines), copies)
    cluster.groups.append(_switched(group))
    cluster.mailbox_servers.append(cms)
    for host in cluster.members:
        exchange_registry.write_role(host, host.world.physics.knobs.cms_key, RELEASES[plan.release].program_files)
