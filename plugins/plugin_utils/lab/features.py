# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Roles and features of a Windows Server 2008: what belongs to what, what comes and goes along, what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

from .errors import ServiceError
from .feature_tree import (
    CLUSTER_EDITIONS,
    DIRECTORY_TOOLS,
    FEATURES,
    MAILBOX_SERVER,
    NEEDS,
    RESTART_TO_INSTALL,
    RESTART_TO_REMOVE,
    ROLES,
)
from .files import FileSystemError

if TYPE_CHECKING:
    from .process import Process
    from .world import Host, Windows, World

ROLE, ROLE_SERVICE, FEATURE = "Role", "RoleService", "Feature"
CLUSTERING = "Failover-Clustering"
RESTART_MARK = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
_SYSTEM32 = r"C:\WINDOWS\system32"
# file -> (played program, the features any of which brings it)
_PROGRAMS = {
    f"{_SYSTEM32}\\cluster.exe": ("cluster", {CLUSTERING, "RSAT-Clustering"}),
    f"{_SYSTEM32}\\dsquery.exe": ("dsquery", {DIRECTORY_TOOLS}),
    f"{_SYSTEM32}\\WindowsPowerShell\\v1.0\\powershell.exe": ("powershell", {"PowerShell"}),
}


@dataclass(frozen=True)
class Feature:
    """A role, role service or feature. along: it is installed together with what it belongs to."""

    id: str
    kind: str
    name: str
    along: bool = False
    below: list[Feature] = field(default_factory=list, compare=False, repr=False)

    def family(self) -> Iterator[Feature]:
        """This one and everything below it, in the order of the listing."""
        yield self
        for child in self.below:
            yield from child.family()


@dataclass(frozen=True)
class Catalogue:
    """What a Windows offers: the two trees, and where each Id is in them."""

    roles: tuple[Feature, ...]
    features: tuple[Feature, ...]
    above: dict[str, Feature | None] = field(repr=False)

    def all(self) -> Iterator[Feature]:
        """Everything, in the order of the listing."""
        for top in (*self.roles, *self.features):
            yield from top.family()

    def find(self, id: str) -> Feature | None:
        """By Id, case ignored."""
        return self._by_id.get(id.lower())

    @cached_property
    def _by_id(self) -> dict[str, Feature]:
        return {feature.id.lower(): feature for feature in self.all()}

    def to_install(self, feature: Feature, with_all_below: bool = False) -> list[Feature]:
        """A feature with what comes along and what it needs, in the order of the listing."""
        below = feature.family() if with_all_below else _along(feature)
        wanted: set[str] = set()
        for member in below:
            self._need(member, wanted)
        return [f for f in self.all() if f.id in wanted]

    def to_remove(self, feature: Feature) -> list[Feature]:
        """A feature with everything below it and everything that does not run without it."""
        gone = {member.id for member in feature.family()}
        while more := self._dependants(gone) - gone:
            gone |= more
        return [f for f in self.all() if f.id in gone]

    def _need(self, feature: Feature, wanted: set[str]) -> None:
        if feature.id in wanted:
            return
        wanted.add(feature.id)
        above = self.above[feature.id]
        needed = [found for name in NEEDS.get(feature.id, ()) if (found := self.find(name))]
        for other in (above, *needed) if above else needed:
            self._need(other, wanted)

    def _dependants(self, gone: set[str]) -> set[str]:
        return {
            member.id
            for feature in self.all()
            if gone.intersection(NEEDS.get(feature.id, ()))
            for member in feature.family()
        }


def _along(feature: Feature) -> Iterator[Feature]:
    yield feature
    for child in feature.below:
        if child.along:
            yield from _along(child)


def catalogue(windows: Windows) -> Catalogue:
    """What this Windows offers: Failover-Clustering on Enterprise and Datacenter only (windows-cli.md 3.4)."""
    return _catalogue(windows.edition in CLUSTER_EDITIONS)


@cache
def _catalogue(clustering: bool) -> Catalogue:
    roles, features = _parse(ROLES, ROLE, ROLE_SERVICE), _parse(FEATURES, FEATURE, FEATURE)
    features = [f for f in features if clustering or f.id != CLUSTERING]
    above: dict[str, Feature | None] = {top.id: None for top in (*roles, *features)}
    for top in (*roles, *features):
        for feature in top.family():
            above |= {child.id: feature for child in feature.below}
    return Catalogue(tuple(roles), tuple(features), above)


def _parse(text: str, top: str, inner: str) -> list[Feature]:
    roots: list[Feature] = []
    path: list[Feature] = []
    for line in text.strip().splitlines():
        depth = (len(line) - len(line.lstrip())) // 4
        left, _bar, name = line.partition("|")
        name_id, _blank, star = left.strip().partition(" ")
        feature = Feature(name_id, inner if depth else top, name.strip(), along=star == "*")
        del path[depth:]
        (path[-1].below if path else roots).append(feature)
        path.append(feature)
    return roots


def default_features(clustered: bool, exchange: bool) -> list[str]:
    """What a server has unless its topology lists something: what its part in the lab needs."""
    found = [CLUSTERING] if clustered else []
    return [*found, *((*MAILBOX_SERVER, DIRECTORY_TOOLS) if exchange else ())]


def unknown(windows: Windows, ids: Iterable[str]) -> list[str]:
    """The Ids that this Windows does not offer."""
    offered = catalogue(windows)
    return [name for name in ids if offered.find(name) is None]


def set_up(host: Host, ids: Iterable[str]) -> None:
    """A fresh host has these features and what they need."""
    offered = catalogue(host.windows)
    for name in ids:
        feature = offered.find(name)
        host.features |= {f.id for f in offered.to_install(feature)} if feature else set()
    _place_programs(host)


def _place_programs(host: Host) -> None:
    """A feature's own programs come and go with it."""
    for path, (program, features) in _PROGRAMS.items():
        if features & host.features:
            host.files.add_program(path, program, host.windows.version)
        elif host.files.exists(path):
            try:
                host.files.delete(path, force=True)
            except FileSystemError:
                continue


def needs_restart(changed: Iterable[Feature], installing: bool) -> bool:
    """Whether a change is complete only after a restart."""
    restarting = RESTART_TO_INSTALL if installing else RESTART_TO_REMOVE
    return any(feature.id in restarting for feature in changed)


class FeatureChanges:
    """Installing and removing. Callers hold the world's lock."""

    def __init__(self, world: World) -> None:
        self._world = world

    def change(self, host: Host, features: list[Feature], installing: bool, proc: Process | None) -> None:
        """Features come or go; a pending restart is marked (windows-cli.md 5.5)."""
        for feature in features:
            (host.features.add if installing else host.features.discard)(feature.id)
            what = f"{'installed' if installing else 'removed'} {feature.id}"
            self._world.truth.effect(host, "feature", what, feature.kind, proc)
        _place_programs(host)
        if not installing and any(feature.id == CLUSTERING for feature in features):
            self._leave_cluster(host, proc)
        if needs_restart(features, installing):
            host.registry.create_key(RESTART_MARK)
            self._world.truth.effect(host, "registry", "RebootPending", host.name, proc)

    def _leave_cluster(self, host: Host, proc: Process | None) -> None:
        # assumption: Windows only warns; the service of a node whose feature is taken away does not run again.
        physics = self._world.physics
        try:
            physics.services.configure(host, "ClusSvc", "disabled", proc)
            physics.services.stop(host, "ClusSvc", proc)
        except ServiceError:
            return


def restart_pending(host: Host) -> bool:
    """Whether roles and features wait for a restart."""
    return host.registry.has_key(RESTART_MARK)


def restarted(host: Host) -> None:
    """A boot completes what waited for it."""
    host.registry.delete_key(RESTART_MARK)
