# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Public folders of two servers: the scripts that read them, what they print, and what is to be done. No I/O, no clock.

Replica lists change at once, contents follow much later (sources.md: public-folders). So a list says what is wanted,
and only the statistics of a server say what lies there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from ._cluster import same
from ._numbers import whole_number
from ._rules import Refused
from ._shell import literal

ROOT = "\\"
SYSTEM_ROOT = r"\NON_IPM_SUBTREE"
_ROOTS = (ROOT, SYSTEM_ROOT.casefold())
_UNITS = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_SIZE = re.compile(r"([0-9]{1,18}) ?([KMGT]?B)", re.IGNORECASE)
_MOUNTED: dict[str, bool | None] = {"true": True, "false": False}


@dataclass(frozen=True)
class Scope:
    """What is meant: two servers, the folder at the top, the system folders too, folders left out (wildcards)."""

    source: str
    target: str
    path: str = ROOT
    system_subtree: bool = True
    ignored: tuple[str, ...] = ()
    domain_controller: str = ""

    @property
    def tops(self) -> tuple[str, ...]:
        """The folders at the top of what is meant."""
        return (self.path, SYSTEM_ROOT) if self.system_subtree else (self.path,)

    @property
    def whole(self) -> bool:
        """Whether everything on the server is meant."""
        return self.path == ROOT and self.system_subtree

    def ignores(self, path: str) -> bool:
        """Whether a folder is left out."""
        return any(fnmatchcase(path.casefold(), pattern.casefold()) for pattern in self.ignored)


@dataclass(frozen=True)
class Database:
    """A public folder database; mounted None: not readable."""

    name: str
    mounted: bool | None


@dataclass(frozen=True)
class Folder:
    """A folder of the hierarchy. on_source, on_target: whether its replica list names them."""

    id: str
    path: str
    on_source: bool
    on_target: bool


@dataclass(frozen=True)
class Holding:
    """What lies in one server's database of a folder; items None, size None (bytes): not readable."""

    id: str
    path: str
    items: int | None
    associated: int | None
    size: int | None

    def same_content(self, other: Holding) -> bool:
        """Equal counts; sizes of two replicas differ by what each store adds (sources.md: public-folders)."""
        known = None not in (self.items, self.associated, other.items, other.associated)
        return known and (self.items, self.associated) == (other.items, other.associated)


class Contents:
    """The statistics of one server. Folders are known by entry id, or by path where the ids of two answers differ."""

    def __init__(self, holdings: Iterable[Holding]) -> None:
        self.all = tuple(holdings)
        self._ids = {holding.id: holding for holding in self.all}
        self._paths = {_key(holding.path): holding for holding in self.all}

    def of(self, folder: Folder | Holding) -> Holding | None:
        """What lies there of a folder."""
        return self._ids.get(folder.id) or self._paths.get(_key(folder.path))


@dataclass(frozen=True)
class Seen:
    """One look. tree None, contents None: could not be read; troubles: part -> what the shell said about it."""

    scope: Scope
    source: tuple[Database, ...] = ()
    target: tuple[Database, ...] = ()
    tree: tuple[Folder, ...] | None = None
    on_source: Contents | None = None
    on_target: Contents | None = None
    troubles: Mapping[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether everything could be read, or there is nothing to read."""
        return not self.source or None not in (self.tree, self.on_source, self.on_target)

    @property
    def folders(self) -> tuple[Folder, ...]:
        """The folders that are meant."""
        return tuple(folder for folder in self.tree or () if not self.scope.ignores(folder.path))

    def lacking(self) -> list[Folder]:
        """Folders that the target is not to have yet."""
        return [folder for folder in self.folders if not folder.on_target]

    def listed(self) -> list[Folder]:
        """Folders that the source is still to have."""
        return [folder for folder in self.folders if folder.on_source]

    def held(self) -> list[Holding]:
        """What lies on the source of what is meant, with what no hierarchy knows where everything is meant."""
        return self._meant(self.on_source)

    def held_by_target(self) -> list[Holding]:
        """What lies on the target of what is meant."""
        return self._meant(self.on_target)

    def _meant(self, contents: Contents | None) -> list[Holding]:
        known = Contents(Holding(f.id, f.path, None, None, None) for f in self.folders)
        everything = [h for h in (contents.all if contents else ()) if not self.scope.ignores("\\" + h.path)]
        return [h for h in everything if known.of(h) or (self.scope.whole and not self._ignored(h))]

    def _ignored(self, holding: Holding) -> bool:
        return any(folder.id == holding.id and self.scope.ignores(folder.path) for folder in self.tree or ())

    def missing(self) -> list[dict[str, Any]]:
        """Folders of which the target does not show the same content as the source: path and both item counts.

        A folder that is off the source's list already is left to Exchange: it keeps the content until others have it.
        """
        if self.on_source is None or self.on_target is None:
            return []
        found = [_difference(h.path, h, self.on_target.of(h)) for h in self._unreleased()]
        unseen = [f for f in self.listed() if self.on_source.of(f) is None and _key(f.path) not in _ROOT_KEYS]
        return [entry for entry in found if entry] + [_entry(f.path, None, self.on_target.of(f)) for f in unseen]

    def _unreleased(self) -> list[Holding]:
        released = Contents(Holding(f.id, f.path, None, None, None) for f in self.folders if not f.on_source)
        return [holding for holding in self.held() if released.of(holding) is None]

    @property
    def parity(self) -> bool | None:
        """Whether the target is to have every folder, and shows all that the source holds; None: not readable."""
        if not self.source:
            return True
        return None if not self.whole else not self.lacking() and not self.missing()

    @property
    def moved(self) -> bool | None:
        """Whether the source is on no list and holds nothing any more; None: not readable."""
        if not self.source:
            return True
        if self.tree is None or self.on_source is None:
            return None
        return not self.lacking() and not self.listed() and not self.held()

    def as_dict(self) -> dict[str, Any]:
        """The public form: `before` and `after`."""
        return {
            "source": _server(self.scope.source, self.source, self._listing("on_source"), self.on_source, self.held()),
            "target": _server(
                self.scope.target, self.target, self._listing("on_target"), self.on_target, self.held_by_target()
            ),
        }

    def _listing(self, side: str) -> int | None:
        return None if self.tree is None else sum(bool(getattr(folder, side)) for folder in self.folders)

    def told(self) -> str:
        """How far it is, in one line."""
        if not self.whole:
            return "; ".join(self.troubles.values()) or "the public folders could not be read"
        missing, held = self.missing(), self.held()
        if missing:
            first = missing[0]
            return (
                f"{len(held) - len(missing)} of {len(held)} folders are the same on {self.scope.target}; not so "
                f"{first['path']}: {_count(first['target_items'])} of {_count(first['source_items'])} items"
            )
        if self.listed():
            return f"{len(held)} folders with {_items(held)} items are the same on both servers"
        if held:
            return f"{self.scope.source} still holds {len(held)} folders, {_items(held)} items, such as {held[0].path}"
        return f"{self.scope.source} holds none"


_ROOT_KEYS = ("", SYSTEM_ROOT.strip("\\").casefold())


def _key(path: str) -> str:
    return path.strip("\\").casefold()


def _count(items: int | None) -> str:
    return "unknown" if items is None else str(items)


def _items(holdings: Sequence[Holding]) -> int:
    return sum(holding.items or 0 for holding in holdings)


def _entry(path: str, source: Holding | None, target: Holding | None) -> dict[str, Any]:
    return {
        "path": "\\" + path.strip("\\"),
        "source_items": source.items if source else None,
        "target_items": target.items if target else None,
    }


def _difference(path: str, source: Holding, target: Holding | None) -> dict[str, Any] | None:
    return None if target is not None and source.same_content(target) else _entry(path, source, target)


def _server(
    name: str, databases: Sequence[Database], listed: int | None, contents: Contents | None, held: Sequence[Holding]
) -> dict[str, Any]:
    read = contents is not None or not databases
    sizes = [holding.size for holding in held]
    return {
        "server": name,
        "database": databases[0].name if databases else None,
        "listed": listed if databases else 0,
        "folders": len(held) if read else None,
        "items": _items(held) if read else None,
        "size": sum(size or 0 for size in sizes) if read and None not in sizes else None,
    }


# --- reading -------------------------------------------------------------------------------------------------------


def reading_script(scope: Scope, hierarchy: str) -> str:
    """Prints both databases, the folders below the tops as `hierarchy` (a server) knows them, and both contents.

    A part that fails prints its `trouble`, one that came to its end `whole`: half a list looks like fewer folders.
    """
    source, target, asked = literal(scope.source), literal(scope.target), literal(hierarchy)
    controller = f" -DomainController {literal(scope.domain_controller)}" if scope.domain_controller else ""
    tops = ", ".join(literal(top) for top in scope.tops)
    databases = "".join(
        f"${v} = @(Get-PublicFolderDatabase -Server {name} -Status{controller}); "
        f"foreach ($d in ${v}) {{ say '{key}' ('' + $d.Mounted + '|' + $d.Identity) }}; "
        f"${v}n = @(${v} | ForEach-Object {{ $_.DistinguishedName }}); "
        for v, key, name in (("s", "source", source), ("t", "target", target))
    )
    tree = (
        f"foreach ($p in @({tops})) {{ foreach ($f in @(Get-PublicFolder -Server {asked} -Identity $p -Recurse "
        f"-ResultSize Unlimited{controller})) {{ $h = ''; foreach ($r in @($f.Replicas)) {{ "
        "if ($sn -contains $r.DistinguishedName) { $h = $h + 's' }; "
        "if ($tn -contains $r.DistinguishedName) { $h = $h + 't' } }; "
        "say 'folder' ('' + $f.EntryId + '|' + $h + '|' + $f.Identity) } }"
    )
    contents = "".join(
        _part(
            key,
            f"foreach ($x in @(Get-PublicFolderStatistics -Server {name}{controller})) {{ say '{key}_holds' "
            "('' + $x.EntryId + '|' + $x.ItemCount + '|' + $x.AssociatedItemCount + '|' + $x.TotalItemSize + '|' + "
            "$x.FolderPath) }",
            when=f"${v}.Length",
        )
        for v, key, name in (("s", "source", source), ("t", "target", target))
    )
    return databases + _part("tree", tree, when="$s.Length") + contents


def _part(name: str, statement: str, when: str) -> str:
    # Of a block with a trap that goes on, the next statement is run: so the part and its mark are one statement.
    return (
        f"& {{ trap {{ say 'trouble' ('{name}|' + $_.Exception.Message); continue }}; "
        f"if ({when}) {{ {statement}; say 'whole' '{name}' }} }}; "
    )


def parse_seen(scope: Scope, answer: Mapping[str, Sequence[str]]) -> Seen:
    """The answer to reading_script()."""
    whole = set(answer.get("whole", ()))

    def contents(key: str) -> Contents | None:
        holdings = [_holding(text) for text in answer.get(f"{key}_holds", ())]
        known = [holding for holding in holdings if holding is not None]
        return Contents(known) if key in whole and len(known) == len(holdings) else None

    folders = [_folder(text) for text in answer.get("folder", ())]
    known = tuple(folder for folder in folders if folder is not None)
    troubles = (text.partition("|") for text in answer.get("trouble", ()))
    return Seen(
        scope,
        tuple(_database(text) for text in answer.get("source", ())),
        tuple(_database(text) for text in answer.get("target", ())),
        known if "tree" in whole and len(known) == len(folders) else None,
        contents("source"),
        contents("target"),
        {part: said for part, _sep, said in troubles},
    )


def _database(text: str) -> Database:
    mounted, _sep, name = text.partition("|")
    return Database(name, _MOUNTED.get(mounted.casefold()))


def _folder(text: str) -> Folder | None:
    entry, marks, path = [*text.split("|", 2), "", ""][:3]
    return Folder(entry, path, "s" in marks, "t" in marks) if entry and path and not set(marks) - set("st") else None


def _holding(text: str) -> Holding | None:
    words = text.split("|", 4)
    if len(words) != 5 or not words[0]:
        return None
    return Holding(words[0], words[4], whole_number(words[1]), whole_number(words[2]), parse_size(words[3]))


def parse_size(text: str) -> int | None:
    """Bytes of a size such as 80MB or 456B; None for any other shape."""
    match = _SIZE.fullmatch(text.strip())
    return int(match.group(1)) * _UNITS[match.group(2).upper()] if match else None


# --- deciding ------------------------------------------------------------------------------------------------------


def input_refusals(scope: Scope) -> list[Refused]:
    """What is wrong with what was asked for, before anything is read."""
    found = []
    if same(scope.source, scope.target):
        found.append(Refused("input", "source and target are the same server.", "Name two servers."))
    if not scope.path.startswith("\\"):
        text = f"path {scope.path!r} does not begin with a backslash."
        found.append(Refused("input", text, r"Give it from the root, such as \Sales\Orders."))
    return found


def refusals(seen: Seen, *, looking: bool = False) -> list[Refused]:
    """Why nothing may be done; looking: in check mode contents that can't be read are no reason."""
    scope = seen.scope
    if not seen.source:
        return []
    if not seen.target:
        text = f"{scope.target} has no public folder database."
        return [Refused("input", text, "Create one there with New-PublicFolderDatabase; then run again.")]
    unmounted = [
        Refused("R9", f"Public folder database {d.name} is {_mounted(d)}.", "Mount it: nothing replicates otherwise.")
        for d in (*seen.source, *seen.target)
        if not d.mounted
    ]
    return unmounted or _unread(seen, looking)


def _mounted(database: Database) -> str:
    return "in an unknown state" if database.mounted is None else "not mounted"


def _unread(seen: Seen, looking: bool) -> list[Refused]:
    parts = {"tree": seen.tree} if looking else {"tree": seen.tree, "source": seen.on_source, "target": seen.on_target}
    names = {
        "tree": "The folders",
        "source": f"What {seen.scope.source} holds",
        "target": f"What {seen.scope.target} holds",
    }
    advice = (
        "A WinRM login reaches no other server's store: log in with a password or give username and password, so that "
        "a scheduled task can read it; else try Get-PublicFolder and Get-PublicFolderStatistics on the node."
    )
    return [
        Refused("R9", f"{names[part]} can't be read: {seen.troubles.get(part) or 'the answer was cut off'}", advice)
        for part, value in parts.items()
        if value is None
    ]


def adding_script(scope: Scope, scripts: str) -> str:
    """Adds the target to every folder's replicas, by Exchange's own script; scripts: its folder on the node."""
    return "".join(
        f"{_script(scripts, 'AddReplicaToPFRecursive')} -TopPublicFolder {literal(top)} -ServerToAdd "
        f"{literal(scope.target)} -Server {literal(scope.source)}; "
        for top in scope.tops
    )


def moving_script(scope: Scope, scripts: str) -> str:
    """Takes the source off every folder's replicas; MoveAllReplicas knows no folder, so that is for everything."""
    source, target = literal(scope.source), literal(scope.target)
    if scope.whole:
        return f"{_script(scripts, 'MoveAllReplicas')} -Server {source} -NewServer {target}; "
    return "".join(
        f"{_script(scripts, 'ReplaceReplicaOnPFRecursive')} -TopPublicFolder {literal(top)} -ServerToAdd {target} "
        f"-ServerToRemove {source} -Server {source}; "
        for top in scope.tops
    )


def _script(folder: str, name: str) -> str:
    path = folder.rstrip("\\") + f"\\{name}.ps1"
    return f"& {literal(path)}"
