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
from . import wmi_classes, wmi_cluster, wql
from .pace import take_time
from .rights import is_administrator
from .wmic_formats import FORMATS, WITHOUT_STYLE_SHEET

if TYPE_CHECKING:
    from ..process import Process
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
_DESCRIPTIONS = {
    _ACCESS_DENIED: "Access denied",
    _INVALID_NAMESPACE: "Invalid namespace",
    _INVALID_CLASS: "Invalid class",
    _INVALID_QUERY: "Invalid query",
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
    """One command line; names are as typed. format is empty for the plain table."""

    namespace: str
    wmi_class: str
    where: str | None
    properties: tuple[str, ...]
    format: str


def main(proc: Process) -> int:
    """Run one command line of wmic."""
    take_time(proc, "wmic", 1.0)
    if proc.host.windows.family in ("xp", "2003"):
        _old_habits(proc)
    try:
        query = parse(proc.line)
        text = _answer(proc, query)
        if text:
            proc.out(text)
        else:
            proc.err(language.of(proc.host).text("No Instance(s) Available.\n"))
    except WmicError as error:
        return _report(proc, error)
    return 0


@lru_cache(maxsize=1024)
def parse(line: str) -> Query:
    """Read a command line, program included; WmicError when wmic would not understand it."""
    words = _WORD.findall(line)[1:]
    namespace = _CIMV2
    while words and words[0].startswith("/"):
        name, _colon, value = words.pop(0)[1:].partition(":")
        if name.lower() == "namespace":
            namespace = value.strip("\"'").strip("\\").lower()
    wmi_class, key = _class(words)
    condition = words[: _verb_place(words)]
    where = _where(condition) if condition else key
    properties, style = _get(words[len(condition) :])
    return Query(namespace, wmi_class, where, properties, style)


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
    _check_rights(proc, query)
    host = proc.host
    if query.namespace != _MSCLUSTER or host.cluster is None:
        return _told(proc, query)
    with host.world.lock:
        what = (query, host.name, host.world.physics.cluster_running(host), language.of(host))
        return host.cluster.told.text(host.cluster.picture(), what, lambda: _told(proc, query))


def _told(proc: Process, query: Query) -> str:
    rows = _select(proc, query)
    return _format(proc, query, rows) if rows else ""


def _select(proc: Process, query: Query) -> list[dict[str, str]]:
    """The instances that fit, with the properties asked for, in alphabetical order."""
    if query.namespace not in _CLASSES or (query.namespace == _MSCLUSTER and not _has_cluster_provider(proc)):
        raise WmicError(_INVALID_NAMESPACE)
    source = _CLASSES[query.namespace].get(query.wmi_class.lower())
    if source is None:
        raise WmicError(_INVALID_CLASS)
    try:
        condition = wql.parse(query.where) if query.where else None
        with proc.host.world.lock:
            found = list(source(proc.host, condition))
        return [_chosen(row, query.properties) for row in found if condition is None or condition.test(row)]
    except wql.WqlError:
        raise WmicError(_INVALID_QUERY) from None


def _check_rights(proc: Process, query: Query) -> None:
    """windows-cli.md 2.2: on 2003 wmic is for administrators; the cluster's namespace always is."""
    restricted = proc.host.windows.family in ("xp", "2003") or query.namespace == _MSCLUSTER
    if restricted and not is_administrator(proc):
        raise WmicError(_ACCESS_DENIED)


def _has_cluster_provider(proc: Process) -> bool:
    return proc.host.cluster is not None and proc.host.world.language.knobs.wmic_mscluster != "fails"


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


def _format(proc: Process, query: Query, rows: Sequence[dict[str, str]]) -> str:
    """assumption: a style sheet given by its full path is found in every language."""
    by_path = "\\" in query.format
    name = query.format.rpartition("\\")[2].removesuffix(".xsl")
    broken = not proc.host.world.language.knobs.wmic_style_sheets and not by_path
    if name not in FORMATS or (broken and name not in WITHOUT_STYLE_SHEET):
        raise WmicError(_BAD_STYLE_SHEET, "Invalid XSL format (or) file name.")
    return FORMATS[name](proc.host.name, rows)


def _old_habits(proc: Process) -> None:
    """XP and 2003: the first start installs something, and an open standard input is read to its end."""
    registry = proc.host.registry
    if registry.get(*_INSTALLED) is None:
        registry.set(*_INSTALLED, "1")
        proc.err(language.of(proc.host).text("Please wait while WMIC is being installed.\n"))
    proc.stdin.read(proc.alive)


def _report(proc: Process, error: WmicError) -> int:
    words = language.of(proc.host)
    if error.sentence:
        proc.err(f"{error.name}{words.text(error.sentence)}\n")
        return error.code
    proc.err(
        words.text(
            "Node - {host}\nERROR:\nCode = 0x{code:08x}\nDescription = {description}\nFacility = {facility}\n",
            host=proc.host.name,
            code=error.code,
            description=words.text(_DESCRIPTIONS[error.code]),
            facility="WMI",
        )
    )
    return error.code - 2**32
