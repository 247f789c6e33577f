# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""wmic.exe get, with its habits (windows-cli.md 2.1, 2.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .. import language
from ..errors import ClusterError
from ..world import Power
from . import wmi_classes, wmi_cluster, wql
from .cluster_session import ACCESS_DENIED, RPC_UNAVAILABLE, holder_of_name, refuse_second_hop
from .pace import take_time
from .rights import is_administrator
from .wmic_formats import FORMATS, WITHOUT_STYLE_SHEET

if TYPE_CHECKING:
    from ..process import Process
    from ..world import Host
    from .wmi_classes import Instance

_CIMV2 = "root\\cimv2"
_MSCLUSTER = "root\\mscluster"
_CLASSES = {_CIMV2: wmi_classes.CLASSES, _MSCLUSTER: wmi_cluster.CLASSES}
_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|\S)+""")
_VERBS = ("get", "list", "call", "set", "create", "delete", "assoc")
_INSTALLED = ("HKLM\\SOFTWARE\\Microsoft\\Wbem\\WMIC", "mofcompstatus")
_ACCESS_DENIED = 0x80041003
_INVALID_NAMESPACE = 0x8004100E
_INVALID_CLASS = 0x80041010
_INVALID_QUERY = 0x80041017
_WIN32 = 0x80070000
_DESCRIPTIONS = {
    _ACCESS_DENIED: "Access denied",
    _INVALID_NAMESPACE: "Invalid namespace",
    _INVALID_CLASS: "Invalid class",
    _INVALID_QUERY: "Invalid query",
    _WIN32 + ACCESS_DENIED: "Access is denied.",
    _WIN32 + RPC_UNAVAILABLE: "The RPC server is unavailable.",
}
_NO_ALIAS = 44135
_BAD_STYLE_SHEET = 44210
_BAD_VERB = 44052


class WmicError(Exception):
    """wmic gives up: an exit code, and an English sentence behind a name unless it is a WMI error number."""

    def __init__(self, code: int, sentence: str = "", name: str = "") -> None:
        super().__init__(sentence or hex(code))
        self.code = code
        self.sentence = sentence
        self.name = name


@dataclass(frozen=True)
class Query:
    """One command line; names are as typed. format is empty for the plain table, node for this computer."""

    namespace: str
    wmi_class: str
    where: str | None
    properties: tuple[str, ...]
    format: str
    node: str = ""
    encrypted: bool = False


def main(proc: Process) -> int:
    """Run one command line of wmic."""
    take_time(proc, "wmic", 1.0)
    if proc.host.windows.family in ("xp", "2003"):
        _old_habits(proc)
    query: Query | None = None
    try:
        query = parse(proc.line)
        text = _answer(proc, query)
        if text:
            proc.out(text)
        else:
            proc.err(language.of(proc.host).text("No Instance(s) Available.\n"))
    except WmicError as error:
        return _report(proc, error, query.node if query else "")
    return 0


@lru_cache(maxsize=1024)
def parse(line: str) -> Query:
    """Read a command line, program included; WmicError when wmic would not understand it."""
    words = _WORD.findall(line)[1:]
    switches = _global_switches(words)
    wmi_class, key = _class(words)
    condition = words[: _verb_place(words)]
    where = _where(condition) if condition else key
    properties, style = _get(words[len(condition) :])
    namespace = switches.get("namespace", _CIMV2).strip("\"'").strip("\\").lower()
    encrypted = switches.get("authlevel", "").lower() == "pktprivacy"
    return Query(namespace, wmi_class, where, properties, style, _node(switches.get("node", "")), encrypted)


def _global_switches(words: list[str]) -> dict[str, str]:
    """Take the switches from the front: name in small letters -> value as typed."""
    switches = {}
    while words and words[0].startswith("/"):
        name, _colon, value = words.pop(0)[1:].partition(":")
        switches[name.lower()] = value
    return switches


def _node(value: str) -> str:
    if "-" in value and value[:1] not in "\"'":
        raise WmicError(_BAD_VERB, "Invalid Global Switch.")
    return value.strip("\"'")


def _class(words: list[str]) -> tuple[str, str | None]:
    """Take the class from the front: an alias, or `path CLASS`, or `path CLASS.Key="value"`."""
    first = words.pop(0).lower() if words else ""
    if first != "path":
        if first not in wmi_classes.ALIASES:
            raise WmicError(_NO_ALIAS, " - Alias not found.", first)
        return wmi_classes.ALIASES[first], None
    name, _dot, key = (words.pop(0) if words else "").partition(".")
    return name, key or None


def _verb_place(words: Sequence[str]) -> int:
    return next((place for place, word in enumerate(words) if word.lower() in _VERBS), len(words))


def _where(words: Sequence[str]) -> str:
    """The condition as WQL: without the word where, and without quotes around the whole of it."""
    if words[0].lower() != "where":
        raise WmicError(_BAD_VERB, "Invalid Verb.")
    text = " ".join(words[1:])
    whole = re.fullmatch(r'"([^"]*)"', text)
    return whole.group(1) if whole else text


def _get(words: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Property names and format of `get A,B /format:x`; /value is /format:list."""
    if not words or words[0].lower() != "get":
        raise WmicError(_BAD_VERB, "Invalid Verb.")
    switches = [word[1:].lower() for word in words[1:] if word.startswith("/")]
    names = " ".join(word for word in words[1:] if not word.startswith("/")).replace('"', "")
    style = ""
    for switch in switches:
        name, _colon, value = switch.partition(":")
        if name == "value":
            style = "list"
        elif name == "format":
            style = value.strip('"')
        else:
            raise WmicError(_BAD_VERB, "Invalid Global Switch.")
    return tuple(name for name in re.split(r"[,\s]+", names) if name), style


def _answer(proc: Process, query: Query) -> str:
    """What is printed; nothing when there is no instance."""
    host = _asked(proc, query.node) if query.node else proc.host
    _check_rights(proc, query, host)
    if query.namespace != _MSCLUSTER or host.cluster is None:
        return _told(proc, query, host)
    with host.world.lock:
        what = (query, host.name, host.world.physics.cluster_running(host), language.of(proc.host))
        return host.cluster.told.text(host.cluster.picture(), what, lambda: _told(proc, query, host))


def _asked(proc: Process, name: str) -> Host:
    """The computer of that name, or the node that holds a cluster's name. WMI knows no border between versions."""
    world = proc.host.world
    cluster = world.clusters.get(name.lower())
    host = holder_of_name(cluster) if cluster else world.hosts.get(name.lower())
    if host is None or host.power is not Power.ON:
        raise WmicError(_WIN32 + RPC_UNAVAILABLE)
    try:
        refuse_second_hop(proc, host)
    except ClusterError as error:
        raise WmicError(_WIN32 + error.code) from None
    return host


def _told(proc: Process, query: Query, host: Host) -> str:
    rows = _select(query, host)
    return _format(proc, query, host, rows) if rows else ""


def _select(query: Query, host: Host) -> list[dict[str, str]]:
    """The instances that fit, with the properties asked for, in alphabetical order."""
    if query.namespace not in _CLASSES or (query.namespace == _MSCLUSTER and not _has_cluster_provider(host)):
        raise WmicError(_INVALID_NAMESPACE)
    source = _CLASSES[query.namespace].get(query.wmi_class.lower())
    if source is None:
        raise WmicError(_INVALID_CLASS)
    try:
        condition = wql.parse(query.where) if query.where else None
        with host.world.lock:
            found = list(source(host, condition))
        return [_chosen(row, query.properties) for row in found if condition is None or condition.test(row)]
    except wql.WqlError:
        raise WmicError(_INVALID_QUERY) from None


def _check_rights(proc: Process, query: Query, host: Host) -> None:
    """windows-cli.md 2.2: on 2003 wmic is for administrators; the cluster's namespace and the network always are."""
    of_cluster, away = query.namespace == _MSCLUSTER, host is not proc.host
    restricted = proc.host.windows.family in ("xp", "2003") and not is_administrator(proc)
    stranger = (of_cluster or away) and not is_administrator(proc, host)
    # assumption: from 2008 on the cluster's namespace wants an encrypted connection
    open_wire = of_cluster and away and host.windows.family != "2003" and not query.encrypted
    if restricted or stranger or open_wire:
        raise WmicError(_ACCESS_DENIED)


def _has_cluster_provider(host: Host) -> bool:
    return host.cluster is not None and host.world.language.knobs.wmic_mscluster != "fails"


def _chosen(row: Instance, wanted: Sequence[str]) -> dict[str, str]:
    known = {name.lower(): name for name in row}
    if not all(name.lower() in known for name in wanted):
        raise wql.WqlError(", ".join(wanted))
    names = [known[name.lower()] for name in wanted] or list(row)
    return {name: _shown(row[name]) for name in sorted(names, key=str.lower)}


def _shown(value: wql.Cell) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return "" if value is None else str(value)


def _format(proc: Process, query: Query, host: Host, rows: Sequence[dict[str, str]]) -> str:
    """assumption: a style sheet given by its full path is found in every language."""
    by_path = "\\" in query.format
    name = query.format.rpartition("\\")[2].removesuffix(".xsl")
    broken = not proc.host.world.language.knobs.wmic_style_sheets and not by_path
    if name not in FORMATS or (broken and name not in WITHOUT_STYLE_SHEET):
        raise WmicError(_BAD_STYLE_SHEET, "Invalid XSL format (or) file name.")
    return FORMATS[name](host.name, rows)


def _old_habits(proc: Process) -> None:
    """XP and 2003: the first start installs something, and an open standard input is read to its end."""
    registry = proc.host.registry
    if registry.get(*_INSTALLED) is None:
        registry.set(*_INSTALLED, "1")
        proc.err(language.of(proc.host).text("Please wait while WMIC is being installed.\n"))
    proc.stdin.read(proc.alive)


def _report(proc: Process, error: WmicError, node: str) -> int:
    words = language.of(proc.host)
    if error.sentence:
        proc.err(f"{error.name}{words.text(error.sentence)}\n")
        return error.code
    proc.err(
        words.text(
            "Node - {host}\nERROR:\nCode = 0x{code:08x}\nDescription = {description}\nFacility = {facility}\n",
            host=node.upper() or proc.host.name,
            code=error.code,
            description=words.text(_DESCRIPTIONS[error.code]),
            facility="Win32" if error.code & 0xFFFF0000 == _WIN32 else "WMI",
        )
    )
    return error.code - 2**32
