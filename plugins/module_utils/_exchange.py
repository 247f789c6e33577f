# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""What is to be known of Exchange on a node, read in two round trips: registry and files first, then its shell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import _registry as registry
from . import _windows as windows
from ._cluster import Cluster, ClusterExe, ClusterGroup, parse_cluster, same
from ._cmdline import refuse_unsafe
from ._directory import UNREAD, Directory, directory_script, parse_directory
from ._job import DetachedJob, Phase, look_lines, states
from ._node import Node, Result
from ._shell import ExchangeShell, MailboxServer
from ._versions import Version, parse_version

EXCHANGE_KEY = r"HKLM\SOFTWARE\Microsoft\Exchange\v8.0"
EXCHANGE_KEY_32 = r"HKLM\SOFTWARE\Wow6432Node\Microsoft\Exchange\v8.0"
# Product code of Exchange 2007's patches (sources.md: version-places).
PATCHES_KEY = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18"
    r"\Products\461C2B4266EDEF444B864AD6D9E5B613\Patches"
)
CLUSTER_KINDS = ("upgrade", "upgradecms")  # Setups that take something of the cluster out of service
PREPARATIONS = ("prepareschema", "preparead")
JOB_KINDS = (*CLUSTER_KINDS, *PREPARATIONS)
MARK_PROPERTY = "MailopsSetup"
MARKS_LINE = registry.query(r"HKLM\Cluster\Nodes", tree=True)
SETUP_IMAGES = ("setup.com", "exsetup.exe", "exsetupui.exe")
_CMS_KEYS = ("ClusteredMailboxServer", "CMS")  # two sources, two names (sources.md: setup-marks)


@dataclass(frozen=True)
class Media:
    """Service pack media at a path on the node; version None: not found or not readable."""

    path: str
    version: Version | None

    @property
    def release(self) -> str | None:
        return self.version.release if self.version else None


@dataclass(frozen=True)
class Bits:
    """Exchange's program files as the registry describes them; versions by role (MailboxRole, AdminTools, …).

    unconfigured: roles that are unpacked or marked, but have no version that can be read.
    interrupted: `key\\value=data` of every Watermark and Action. read: whether the registry answered at all.
    """

    read: bool
    versions: dict[str, Version] = field(default_factory=dict)
    install_path: str = ""
    interrupted: tuple[str, ...] = ()
    rollups: tuple[str, ...] = ()
    unconfigured: tuple[str, ...] = ()

    @property
    def version(self) -> Version | None:
        """The lowest configured version of the roles: a node is as old as its oldest role.

        None where nothing could be read, or a role is there (unpacked) without a version that can be read.
        """
        return min(self.versions.values()) if self.versions and not self.unconfigured else None

    @property
    def release(self) -> str | None:
        return self.version.release if self.version else None


@dataclass(frozen=True)
class Observation:
    """One node, its cluster and its clustered mailbox servers, all read within seconds. observed_at: epoch seconds."""

    node: str
    observed_at: float
    os: windows.Os
    bits: Bits
    pending: windows.PendingRestart
    running_setup: tuple[str, ...]
    cluster: Cluster | None
    media: Media | None = None
    boot_time: str | None = None
    mailbox_servers: tuple[MailboxServer, ...] = ()
    mailbox_servers_error: str = ""
    mailbox_servers_asked: bool = True
    jobs: dict[str, Phase] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    processes_read: bool = True
    directory: Directory = field(default_factory=lambda: Directory(reason=UNREAD))

    def mailbox_server(self, name: str) -> MailboxServer | None:
        return next((m for m in self.mailbox_servers if same(m.name, name)), None)

    def as_dict(self) -> dict[str, Any]:
        """The public form: `exchange` of exchange_info."""
        return {
            "node": self.node,
            "version": str(self.bits.version) if self.bits.version else None,
            "release": self.bits.release,
            "install_path": self.bits.install_path or None,
            "roles": {role: str(version) for role, version in sorted(self.bits.versions.items())},
            "rollups": list(self.bits.rollups),
            "interrupted_setup": list(self.bits.interrupted),
            "running_setup": list(self.running_setup),
            "clustered_mailbox_servers": [server.as_dict() for server in self.mailbox_servers],
            "clustered_mailbox_servers_error": self.mailbox_servers_error or None,
            "os": {
                "version": self.os.version,
                "family": self.os.family,
                "service_pack": self.os.service_pack,
                "language": self.os.language,
            },
            "pending_restart": {
                "required": self.pending.required,
                "reasons": [*self.pending.reasons, *(f"not readable: {key}" for key in self.pending.unread)],
            },
            "media": self.media
            and {
                "path": self.media.path,
                "version": str(self.media.version) if self.media.version else None,
                "release": self.media.release,
            },
            "directory": self.directory.as_dict(),
        }


def setup_job(node: Node, kind: str, release: str) -> DetachedJob:
    """Our Setup job of a kind (JOB_KINDS) for a release; the name is the same in every run, so that it is joined."""
    return DetachedJob(node, f"{kind}-{release}", SETUP_IMAGES)


class Observer:
    """Reads one node. media: a folder on the node, '' for none; release: also look for our Setup jobs of it.

    directory: have the shell, which is started for the mailbox servers, read the directory too.
    """

    def __init__(self, node: Node, media: str = "", release: str = "", *, directory: bool = False) -> None:
        self._node = node
        self._media = media
        self._before = directory_script() if directory else ""
        self._jobs = {kind: setup_job(node, kind, release) for kind in JOB_KINDS} if release else {}

    def observe(self, now: float, *, mailbox_servers: bool = True) -> Observation:
        """Read everything; now: epoch seconds. mailbox_servers false leaves out the shell, which takes seconds."""
        known = list(self._jobs.values())
        parts = [self._lines(), ClusterExe(self._node).lines(), look_lines(known) if known else []]
        answers = iter(self._node.read_all([line for part in parts for line in part], again=True))
        own, cluster_answers, job_answers = ([next(answers) for _line in part] for part in parts)
        cluster = parse_cluster(cluster_answers)
        observation = self._parse(own, cluster if cluster.nodes else None, now)
        found = states(known, job_answers) if known else []
        phases = {kind: state.phase for kind, state in zip(self._jobs, found, strict=True)}
        jobs: dict[str, Phase] = {kind: phase for kind, phase in phases.items() if phase is not Phase.ABSENT}
        observation = replace(observation, jobs=jobs)
        if not mailbox_servers:
            return replace(observation, mailbox_servers_asked=False)
        return self._with_mailbox_servers(observation)

    def _lines(self) -> list[str]:
        return [
            "echo %COMPUTERNAME%",
            *windows.os_lines(),
            *windows.pending_restart_lines(),
            registry.query(EXCHANGE_KEY, tree=True),
            registry.query(PATCHES_KEY, tree=True),
            "tasklist /nh /fo csv",
            windows.BOOT_TIME_LINE,
            MARKS_LINE,
            *([media_line(self._media)] if self._media else []),
        ]

    def _parse(self, results: Sequence[Result], cluster: Cluster | None, now: float) -> Observation:
        name, ver, key, language, product, *rest = results
        pending, (exchange, patches, tasks, boot, marks, *media) = rest[:4], rest[4:]
        if exchange.rc != 0:
            exchange = self._node.read_line(registry.query(EXCHANGE_KEY_32, tree=True), again=True)
        images = windows.running_images(tasks)
        return Observation(
            node=name.stdout.strip().upper(),
            observed_at=now,
            os=windows.parse_os(ver, key, language, product),
            bits=parse_bits(exchange, patches),
            pending=windows.parse_pending_restart(pending),
            running_setup=tuple(sorted({image for image in images if image in SETUP_IMAGES})),
            processes_read=bool(images),
            cluster=cluster,
            media=Media(self._media, parse_media(media[0])) if media else None,
            boot_time=windows.boot_time(boot),
            marks=parse_marks(marks) or {},
        )

    def _with_mailbox_servers(self, seen: Observation) -> Observation:
        if not seen.cluster or not seen.bits.install_path:
            return seen
        cluster, shell = seen.cluster, ExchangeShell(self._node, seen.bits.install_path)
        servers = shell.mailbox_servers([node.name for node in cluster.nodes], self._before)
        return replace(
            seen,
            mailbox_servers=tuple(owned_as_the_cluster_says(server, cluster) for server in servers.found),
            mailbox_servers_error=servers.error,
            directory=parse_directory(servers.result) if self._before else seen.directory,
        )


def owned_as_the_cluster_says(server: MailboxServer, cluster: Cluster) -> MailboxServer:
    """The owner of the CMS's group: an offline CMS is active nowhere, but is owned all the same."""
    group = _group_of(server, cluster)
    return replace(server, owner=group.owner if group else server.owner)


def _group_of(server: MailboxServer, cluster: Cluster) -> ClusterGroup | None:
    """The group of a CMS. As a rule it has the CMS's name; else its Exchange resources carry that name."""
    wanted = server.name.casefold()
    holding = {
        r.group
        for r in cluster.resources
        if r.group and r.type.lower().startswith("microsoft exchange") and wanted in r.name.casefold()
    }
    named = cluster.group(server.name)
    return named or (cluster.group(holding.pop()) if len(holding) == 1 else None)


def parse_bits(exchange: Result, patches: Result) -> Bits:
    """From `reg query … /s` of Exchange's key and of its patches (sources.md: setup-marks, version-places)."""
    keys = registry.Keys(exchange)
    roles = _named(exchange, keys.below("v8.0"))
    configured = {
        role: parse_version(values.get("configuredversion"))
        for role, values in roles.items()
        if role not in _CMS_KEYS and values.keys() & {"configuredversion", "unpackedversion"}
    }
    marks = [
        f"{EXCHANGE_KEY}\\{role}\\{mark.capitalize()}={values[mark]}"
        for role, values in roles.items()
        for mark in ("watermark", "action")
        if mark in values
    ]
    rollups = registry.Keys(patches).below("Patches").values()
    return Bits(
        read=keys.read,
        versions={role: version for role, version in configured.items() if version is not None},
        install_path=keys.value(r"v8.0\Setup", "MsiInstallPath") or "",
        interrupted=tuple(marks),
        rollups=tuple(sorted(values["displayname"] for values in rollups if "displayname" in values)),
        unconfigured=tuple(sorted(role for role, version in configured.items() if version is None)),
    )


def parse_marks(result: Result) -> dict[str, str] | None:
    """Node -> mark of a controller, of the nodes that have one (sources.md: node-mark).

    None where the cluster's database can't be read: it is loaded while the Cluster service runs.
    """
    keys = registry.Keys(result)
    names = {
        number: values["nodename"].upper() for number, values in keys.below("Nodes").items() if "nodename" in values
    }
    if not keys.read or not names:
        return None
    marks = {name: keys.value(rf"Nodes\{number}\Parameters", MARK_PROPERTY) for number, name in names.items()}
    return {name: mark for name, mark in marks.items() if mark}


def _named(result: Result, roles: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Roles with the spelling that the registry printed, for people to read."""
    spelled = {
        line.rsplit("\\", 1)[-1].strip().casefold(): line.rsplit("\\", 1)[-1].strip()
        for line in result.stdout.splitlines()
    }
    return {spelled.get(role, role): values for role, values in roles.items()}


def media_line(path: str) -> str:
    """A line that reads the file version of Setup's program on the media."""
    refuse_unsafe(path)
    program = path.rstrip("\\") + r"\Setup\ServerRoles\Common\ExSetup.exe"
    escaped = program.replace("\\", "\\\\").replace("'", "\\'")  # a text of WQL escapes with backslashes
    return f"wmic datafile where \"name='{escaped}'\" get Version <nul"


def parse_media(result: Result) -> Version | None:
    """The version in the answer to media_line(); None where there is none."""
    return parse_version(result.stdout)
