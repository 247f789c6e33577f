# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""A topology file: which computers, clusters and mailbox servers the lab plays. TOPOLOGIES.md describes the keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from . import features, installer, language, mail_topology
from .faults import FaultError, parse
from .mail_plans import StorageGroupPlan
from .plans import (
    PASSWORD,
    Account,
    ClusterPlan,
    DirectoryPlan,
    ExchangePlan,
    GroupPlan,
    HostPlan,
    MailboxServerPlan,
    Topology,
    WindowsPlan,
    WinrmPlan,
)
from .releases import RELEASES, Release
from .section import Section, TopologyError
from .settings import Durations, Knobs
from .world import Windows

SHIPPED = Path(__file__).with_name("topologies")
VERSIONS = {"xp": "5.1.2600", "2003": "5.2.3790", "vista": "6.0.6001", "2008": "6.0.6001"}
_QUORUMS = ("shared_disk", "majority", "majority_witness")
_EDITIONS = ("Standard", "Enterprise", "Datacenter")
_KINDS = {"cluster group": "core", "available storage": "available_storage"}  # by their English names
_SERVICE_STATES = ("running", "stopped", "disabled", "absent")
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Defaults:
    """What a computer has unless it says otherwise."""

    windows: WindowsPlan = field(default_factory=WindowsPlan)
    exchange: ExchangePlan | None = field(default_factory=ExchangePlan)
    media: tuple[tuple[str, str], ...] = ()
    services: tuple[tuple[str, str], ...] = ()
    features: tuple[str, ...] | None = None
    winrm: WinrmPlan = field(default_factory=WinrmPlan)


def find(name_or_path: str) -> Path:
    """The file of a shipped topology's name or of a path; TopologyError when there is none."""
    shipped = SHIPPED / f"{name_or_path}.yml"
    for path in (Path(name_or_path), shipped):
        if path.is_file():
            return path
    known = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.yml")))
    raise TopologyError(f"{name_or_path}: no such topology: give a file, or one of {known}")


def load(path: Path) -> Topology:
    """Read and check a topology file; TopologyError (one line: file, key, value, remedy)."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TopologyError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    return read(Section(str(path), "", data), path.stem)


def read(top: Section, name: str) -> Topology:
    """Make a topology of a parsed file; name is its default name."""
    netbios = top.text("netbios", "LAB")
    defaults = _defaults(top, _Defaults())
    clusters = tuple(_cluster(s, defaults) for s in top.sections("clusters"))
    computers = tuple(
        _computer(s, _Defaults(defaults.windows, None, (), defaults.services, winrm=defaults.winrm))
        for s in top.sections("computers")
    )
    topology = Topology(
        name=top.text("name", name),
        domain=top.text("domain", "lab.example"),
        netbios=netbios,
        directory=_directory(top.section("directory"), _newest(clusters, computers)),
        accounts=tuple(_account(s, netbios) for s in top.sections("accounts"))
        or (Account(f"{netbios}\\upgrade", PASSWORD),),
        clusters=clusters,
        computers=computers,
        durations=_settings(top.section("durations"), Durations, set()),
        knobs=_settings(top.section("knobs"), Knobs, {f.name for f in fields(language.Knobs)}),
        language_knobs=_settings(top.section("knobs"), language.Knobs, {f.name for f in fields(Knobs)}),
        faults=tuple(_fault(s) for s in top.sections("faults")),
        mail=mail_topology.mail(top, clusters),
    )
    top.close()
    _unique(top, "computer names", [h.name for h in all_hosts(topology)])
    _unique(top, "cluster names", [c.name for c in topology.clusters])
    _unique(top, "mailbox server names", [m.name for c in topology.clusters for m in c.mailbox_servers])
    if not all_hosts(topology):
        raise top.error("clusters", None, "give at least one cluster with nodes")
    return topology


def all_hosts(topology: Topology) -> list[HostPlan]:
    """Every computer, nodes first."""
    return [*(node for cluster in topology.clusters for node in cluster.nodes), *topology.computers]


def _newest(clusters: Iterable[ClusterPlan], computers: Iterable[HostPlan]) -> Release:
    """The newest release that is installed or lies somewhere as media: the directory was prepared for it beforehand."""
    hosts = [*(node for cluster in clusters for node in cluster.nodes), *computers]
    names = {plan.exchange.release for plan in hosts if plan.exchange}
    names |= {release for plan in hosts for _folder, release in plan.media}
    names |= {server.release for cluster in clusters for server in cluster.mailbox_servers}
    return max((RELEASES[name] for name in names or {"rtm"}), key=lambda release: release.program_files)


def _directory(section: Section, usual: Release) -> DirectoryPlan:
    """A release given for the schema holds for the organisation too, and that for the domain."""
    schema = _prepared_for(section, "schema", usual)
    organization = _prepared_for(section, "organization", schema)
    system_objects = _prepared_for(section, "system_objects", organization)
    plan = DirectoryPlan(
        section.text("name", "First Organization"),
        schema.schema,
        organization.organization,
        system_objects.system_objects,
        tuple(section.names("controllers", ("DC1", "DC2"))),
        section.choice("network_logon", ("denied", "allowed"), "denied"),
    )
    section.close()
    return plan


def _prepared_for(section: Section, key: str, default: Release) -> Release:
    """A release by its name; or a bare number, as an Exchange of another year leaves it."""
    value = section.text(key, default.name)
    if value.isdecimal():
        known = next((r for r in RELEASES.values() if getattr(r, key) == int(value)), default)
        numbers: dict[str, Any] = {key: int(value)}
        return replace(known, **numbers)
    if value not in RELEASES and section.has(key):
        raise section.error(key, value, f"use a number, or one of {', '.join(RELEASES)}")
    return default if not section.has(key) else RELEASES[value]


def _account(section: Section, netbios: str) -> Account:
    user = section.text("user")
    account = Account(
        user if "\\" in user else f"{netbios}\\{user}",
        section.text("password", PASSWORD),
        tuple(section.names("rights", ("schema", "directory"))),
    )
    section.close()
    return account


def _defaults(section: Section, above: _Defaults) -> _Defaults:
    """What windows, exchange, media and services say here, on top of what stands above."""
    exchange = above.exchange
    if section.has("exchange"):
        base = exchange or ExchangePlan()
        exchange = None if section.is_none("exchange") else _exchange(section.section("exchange"), base)
    services = dict(above.services)
    for name, state in section.mapping("services").items():
        if state not in _SERVICE_STATES:
            raise section.error(f"services.{name}", state, f"use one of {', '.join(_SERVICE_STATES)}")
        services[name] = state
    return _Defaults(
        _windows(section.section("windows"), above.windows),
        exchange,
        _media(section, above.media),
        tuple(services.items()),
        tuple(section.names("features", ())) if section.has("features") else above.features,
        _winrm(section.section("winrm"), above.winrm),
    )


def _windows(section: Section, above: WindowsPlan) -> WindowsPlan:
    family = section.choice("family", tuple(VERSIONS), above.family)
    pack = above.service_pack if family == above.family else 1
    speech = section.choice("language", ("en", "xx"), above.language)
    page = above.oem_codepage if speech == above.language else 850
    plan = WindowsPlan(
        family,
        section.number("service_pack", pack),
        speech,
        section.number("oem_codepage", page),
        section.choice("edition", _EDITIONS, above.edition),
        section.flag("core", above.core),
    )
    if plan.core and family != "2008":
        raise section.error("core", True, "only Windows Server 2008 has Server Core")
    section.close()
    return plan


def _winrm(section: Section, above: WinrmPlan) -> WinrmPlan:
    answer = section.number("clear_body_answer", above.clear_body_answer)
    if answer not in (401, 500):
        raise section.error("clear_body_answer", answer, "use 401 or 500")
    plan = WinrmPlan(
        section.flag("https", above.https),
        section.choice("tls", ("modern", "1.0"), above.tls),
        section.choice("certificate", ("named", "old"), above.certificate),
        section.flag("basic", above.basic),
        section.flag("credssp", above.credssp),
        answer,
        section.text("resource_uri", above.resource_uri),
    )
    section.close()
    return plan


def _exchange(section: Section, above: ExchangePlan) -> ExchangePlan:
    release = section.choice("release", tuple(RELEASES), above.release)
    rollups = above.rollups if release == above.release else ()
    plan = ExchangePlan(
        release,
        tuple(section.names("rollups", rollups)),
        section.text("path", above.path).rstrip("\\"),
        tuple(section.names("roles", above.roles)),
    )
    section.close()
    return plan


def _media(section: Section, above: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    found = dict(above)
    for path, release in section.mapping("media").items():
        if release not in RELEASES:
            raise section.error(f"media.{path}", release, f"use one of {', '.join(RELEASES)}")
        found[path.rstrip("\\")] = release
    return tuple(found.items())


def _host(section: Section, above: _Defaults) -> HostPlan:
    name = section.text("name")
    if len(name) > 15 or " " in name:
        raise section.error("name", name, "a computer name has at most 15 characters and no blank")
    defaults = _defaults(section, above)
    if defaults.exchange and defaults.exchange.release == "rtm" and defaults.windows.family in ("2008", "vista"):
        raise section.error("exchange.release", "rtm", "Exchange 2007 RTM does not run there: use sp1 or later")
    if defaults.exchange and defaults.windows.core:
        raise section.error("windows.core", True, "Exchange 2007 does not run on Server Core: write exchange: null")
    _check_features(section, defaults)
    plan = HostPlan(
        name,
        defaults.windows,
        defaults.exchange,
        defaults.media,
        defaults.services,
        section.number("free_bytes", 20 * 2**30),
        section.flag("paused", False),
        defaults.features,
        defaults.winrm,
        _packages(section),
        _installed(section, defaults.windows.family),
    )
    section.close()
    return plan


def _computer(section: Section, above: _Defaults) -> HostPlan:
    """A computer outside of clusters; `tools` is short for Exchange with nothing but the management tools."""
    if not section.has("tools"):
        return _host(section, above)
    release = section.choice("tools", tuple(RELEASES), "sp2")
    return _host(section, replace(above, exchange=ExchangePlan(release, roles=("AdminTools",))))


def _packages(section: Section) -> tuple[tuple[str, str], ...]:
    """Installation packages that lie on the disk: file -> what it installs."""
    found = section.mapping("packages")
    for path, kind in found.items():
        if kind not in installer.PACKAGES:
            raise section.error(f"packages.{path}", kind, f"use one of {', '.join(installer.PACKAGES)}")
    return tuple(found.items())


def _installed(section: Section, family: str) -> tuple[str, ...]:
    """Packages that were installed before."""
    found = section.names("installed", ())
    for name in found:
        if name not in installer.PACKAGES:
            raise section.error("installed", name, f"use one of {', '.join(installer.PACKAGES)}")
        if family not in installer.PACKAGES[name].families:
            raise section.error("installed", name, f"it does not install on Windows {family}")
    return tuple(found)


def _check_features(section: Section, defaults: _Defaults) -> None:
    windows = defaults.windows
    if defaults.features and windows.family != "2008":
        raise section.error("features", list(defaults.features), "only Windows Server 2008 has Server Manager")
    played = Windows(windows.family, VERSIONS[windows.family], windows.service_pack, windows.edition)
    for name in features.unknown(played, defaults.features or ()):
        raise section.error("features", name, f"Windows Server 2008 {windows.edition} does not offer it")


def _cluster(section: Section, above: _Defaults) -> ClusterPlan:
    defaults = _defaults(section, above)
    nodes = tuple(_host(s, defaults) for s in section.sections("nodes"))
    if not nodes:
        raise section.error("nodes", None, "a cluster has at least one node")
    if len({n.windows.family for n in nodes}) > 1:
        raise section.error("nodes", "2003 and 2008", "all nodes of a cluster run the same family of Windows")
    if any(n.windows.edition == "Standard" for n in nodes):
        raise section.error("nodes", "Standard", "a cluster needs the edition Enterprise or Datacenter")
    names = tuple(n.name for n in nodes)
    servers = tuple(_mailbox_server(s, names, defaults) for s in section.sections("mailbox_servers"))
    plan = ClusterPlan(
        section.text("name"),
        section.choice("quorum", _QUORUMS, "shared_disk"),
        nodes,
        _core(tuple(_group(s, names) for s in section.sections("groups")), names[-1], nodes[0].windows.family),
        servers,
    )
    section.close()
    _check_servers(section, plan)
    return plan


def _core(groups: tuple[GroupPlan, ...], owner: str, family: str) -> tuple[GroupPlan, ...]:
    """Add the groups that every cluster has, unless they are given."""
    given = {g.kind for g in groups}
    wanted = [GroupPlan("Cluster Group", owner, "core")]
    if family == "2008":
        wanted.append(GroupPlan("Available Storage", owner, "available_storage", online=False))
    return (*(g for g in wanted if g.kind not in given), *groups)


def _group(section: Section, nodes: tuple[str, ...]) -> GroupPlan:
    name = section.text("name")
    plan = GroupPlan(
        name,
        _member(section, "owner", section.text("owner"), nodes),
        section.choice("kind", ("other", *_KINDS.values()), _KINDS.get(name.lower(), "other")),
        tuple(_resource(s) for s in section.sections("resources")),
        tuple(_member(section, "preferred_owners", n, nodes) for n in section.names("preferred_owners", ())),
        tuple(_member(section, "possible_owners", n, nodes) for n in section.names("possible_owners", ())),
        section.flag("online", True),
    )
    section.close()
    return plan


def _resource(section: Section) -> tuple[str, str]:
    return section.closed(lambda s: (s.text("name"), s.text("type", "Generic Service")))


def _mailbox_server(section: Section, nodes: tuple[str, ...], defaults: _Defaults) -> MailboxServerPlan:
    name = section.text("name")
    release = defaults.exchange.release if defaults.exchange else "rtm"
    plan = MailboxServerPlan(
        name,
        _member(section, "owner", section.text("owner"), nodes),
        section.choice("kind", ("ccr", "scc"), "ccr"),
        section.choice("release", tuple(RELEASES), release),
        tuple(s.closed(mail_topology.storage_group) for s in section.sections("storage_groups"))
        or (StorageGroupPlan("First Storage Group"),),
        tuple(_member(section, "redundant_machines", n, nodes) for n in section.names("redundant_machines", nodes)),
        section.text("group", name),
        section.flag("online", True),
        tuple(section.names("disks", ())),
    )
    section.close()
    if plan.disks and plan.kind == "ccr":
        raise section.error("disks", list(plan.disks), "CCR has no shared disks")
    return plan


def _check_servers(section: Section, plan: ClusterPlan) -> None:
    _unique(section, "group names", [g.name for g in plan.groups] + [m.group for m in plan.mailbox_servers])
    _unique(section, "owners of mailbox servers", [m.owner for m in plan.mailbox_servers])
    ccr = [m for m in plan.mailbox_servers if m.kind == "ccr"]
    if ccr and (len(plan.nodes) != 2 or len(plan.mailbox_servers) != 1):
        raise section.error("mailbox_servers", ccr[0].name, "CCR has exactly two nodes and one mailbox server")


def _member(section: Section, key: str, name: str, nodes: tuple[str, ...]) -> str:
    found = next((n for n in nodes if n.lower() == name.lower()), None)
    if found is None:
        raise section.error(key, name, f"name a node of this cluster: {', '.join(nodes)}")
    return found


def _unique(section: Section, what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise section.error(what, name, "it stands there twice")
        seen.add(name.lower())


def _settings(section: Section, make: Callable[..., _T], foreign: set[str]) -> _T:
    """Durations or knobs, each key checked; foreign names the keys that another class reads."""
    values: dict[str, Any] = {}
    for f in fields(make):  # type: ignore[arg-type]
        if section.has(f.name):
            values[f.name] = section.like(f.name, f.default)
    section.close(foreign)
    try:
        return make(**values)
    except ValueError as error:
        raise section.error("", None, str(error)) from error


def _fault(section: Section) -> tuple[str, dict[str, str]]:
    name = section.text("fault")
    rest = {key: str(value) for key, value in section.rest().items()}
    try:
        parse(name, rest)
    except FaultError as error:
        raise section.error("fault", name, str(error)) from error
    return name, rest
