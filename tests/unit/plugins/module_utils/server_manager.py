# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small ServerManagerCmd.exe on a Disk: a tree of features, what needs what, and codes to answer with."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.disk import Disk

PROLOG = '<?xml version="1.0" encoding="{}"?>\r\n'
NAMESPACE = "http://schemas.microsoft.com/sdm/Windows/ServerManager/Configuration/2007/1"

# id -> (element, display name, the id it is nested in)
TREE: dict[str, tuple[str, str, str]] = {
    "Web-Server": ("Role", "Serveur Web (IIS)", ""),
    "Web-Metabase": ("RoleService", "Compatibilité avec la métabase", "Web-Server"),
    "Web-Lgcy-Mgmt-Console": ("RoleService", "Console de gestion de l'IIS 6", "Web-Server"),
    "Web-Mgmt-Tools": ("RoleService", "Outils de gestion", "Web-Server"),
    "Failover-Clustering": ("Feature", "Clustering avec basculement", ""),
    "RSAT": ("Feature", "Outils de l'administration", ""),
    "RSAT-Feature-Tools": ("Feature", "Outils de fonctionnalités", "RSAT"),
    "RSAT-Clustering": ("Feature", "Outils de clustering", "RSAT-Feature-Tools"),
    "PowerShell": ("Feature", "Windows PowerShell", ""),
}
NEEDS = {"Web-Lgcy-Mgmt-Console": "Web-Metabase", "RSAT-Clustering": "RSAT-Feature-Tools", "RSAT-Feature-Tools": "RSAT"}


def xml(installed: set[str], encoding: str = "utf-8", *, namespace: bool = True) -> str:
    """What -query writes."""

    def nested(above: str) -> str:
        rows = [
            f"<{kind} DisplayName={quoteattr(label)} Installed={quoteattr(str(key in installed).lower())} "
            f"Id={quoteattr(key)}>{nested(key)}</{kind}>\r\n"
            for key, (kind, label, parent) in TREE.items()
            if parent == above
        ]
        return "".join(rows)

    space = f' xmlns="{NAMESPACE}"' if namespace else ""
    root = "ServerManagerConfigurationQuery"
    return f"{PROLOG.format(encoding)}<{root}{space}>\r\n{nested('')}</{root}>\r\n"


@dataclass
class Manager:
    """codes: exit codes for the next -install and -remove; effect: whether they do anything; readable: -whatIf."""

    disk: Disk
    installed: set[str]
    codes: list[int] = field(default_factory=list)
    query_codes: list[int] = field(default_factory=list)
    effect: bool = True
    readable: bool = True
    raw: bytes | None = None
    acts: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> Result:
        _program, verb, *rest = line.split()
        assert "-resultPath" not in rest
        assert "-restart" not in rest
        if verb == "-query":
            return self._query(rest[0])
        install, what_if, key = verb == "-install", "-whatIf" in rest, rest[0]
        moving = self._install(key, "-allSubFeatures" in rest) if install else self._remove(key)
        if what_if:
            return self._told(moving)
        self.acts.append(line)
        code = self.codes.pop(0) if self.codes else (0 if moving else 1003)
        if self.effect and code in (0, 3010):
            self.installed = self.installed | moving if install else self.installed - moving
        return Result(code, f"....\r\n\r\nRésultat {code}.\r\n")

    def _query(self, path: str) -> Result:
        code = self.query_codes.pop(0) if self.query_codes else 0
        if code == 0:
            content = xml(self.installed).encode() if self.raw is None else self.raw
            self.disk.files[path.replace("%SystemRoot%", r"c:\windows").lower()] = content
        return Result(code, "....\r\n")

    def _told(self, moving: set[str]) -> Result:
        rows = [f"Spécifié : [Fonctionnalité] {TREE[key][1]}\r\n" for key in TREE if key in moving]
        return Result(0 if moving else 1003, "Remarque.\r\n" + "".join(rows if self.readable else ["Voilà.\r\n"]))

    def _install(self, key: str, everything: bool) -> set[str]:
        found, todo = set(), [key]
        while todo:
            one = todo.pop()
            if one in found:
                continue
            found.add(one)
            todo += [NEEDS[one]] if one in NEEDS else []
            todo += [TREE[one][2]] if TREE[one][2] else []
            if everything and one == key:
                todo += [each for each in TREE if self._is_below(each, key)]
        return found - self.installed

    def _remove(self, key: str) -> set[str]:
        found = {key}
        while True:
            more = {k for k in TREE if k not in found and (TREE[k][2] in found or NEEDS.get(k) in found)}
            if not more:
                return found & self.installed
            found |= more

    def _is_below(self, key: str, top: str) -> bool:
        above = TREE[key][2]
        return bool(above) and (above == top or self._is_below(above, top))


def server(*installed: str, windows: str = "6.0.6001", tool: bool = True) -> tuple[Disk, Manager]:
    """A node of that Windows version with these features."""
    disk = Disk()
    manager = Manager(disk, set(installed))
    disk.programs["ver"] = lambda _line: Result(0, f"\r\nMicrosoft Windows [version {windows}]\r\n")
    disk.programs["reg"] = lambda _line: Result(1, "", "ERREUR\r\n")
    if tool:
        disk.tools.add("servermanagercmd.exe")
        disk.programs["ServerManagerCmd.exe"] = manager
    return disk, manager
