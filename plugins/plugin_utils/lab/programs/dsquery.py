# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""dsquery *: the one form that reads any object of Active Directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import directory, language
from ..directory import DirectoryError, Entry
from .common import fail
from .pace import take_time

if TYPE_CHECKING:
    from ..process import Process
    from ..world import World

_FAILED = "dsquery failed:{text}\ntype dsquery /? for help."
_USAGE = 87  # ERROR_INVALID_PARAMETER
# assumption: the exit code is the HRESULT behind the text
_CODES = {
    directory.OPERATIONS_ERROR: 0x80072020,
    directory.NO_SUCH_OBJECT: 0x80072030,
    directory.NOT_OPERATIONAL: 0x8007203A,
    directory.NO_DOMAIN: 0x8007054B,
    directory.BAD_PATH: 0x80072032,
}
_LIMIT = 100  # as dsquery's help says


@dataclass
class _Options:
    """start is a distinguished name or one of the two words; attributes None: distinguished names are listed."""

    start: str = "domainroot"
    scope: str = "subtree"
    filter: str = "(objectClass=*)"
    server: str = ""
    attributes: list[str] | None = None
    as_list: bool = False
    limit: int = _LIMIT


class _SyntaxError(Exception):
    """A word that dsquery does not know."""


def main(proc: Process) -> int:
    """0 also when nothing is found; else the number of the error."""
    try:
        options = _parse(proc.argv[1:])
    except _SyntaxError as error:
        text = language.of(proc.host).text("'{word}' is an unknown parameter.", word=str(error))
        return fail(proc, _USAGE, _FAILED, text=text)
    take_time(proc, "directory", 0.2)
    try:
        found = _find(proc, options)
    except DirectoryError as error:
        text = language.of(proc.host).text(str(error).strip())
        code = _CODES.get(str(error), 0x80005000)
        return fail(proc, code - 2**32, _FAILED, text=text)
    proc.out(_listing(found[: options.limit or None], options))
    return 0


def _parse(words: Sequence[str]) -> _Options:
    rest, options = list(words), _Options()
    if not rest or rest.pop(0) != "*":
        raise _SyntaxError(words[0] if words else "")
    if rest and not rest[0].startswith("-"):
        options.start = rest.pop(0)
    while rest:
        _take(options, rest.pop(0).lower(), rest)
    return options


def _take(options: _Options, switch: str, rest: list[str]) -> None:
    """One switch with what belongs to it."""
    if switch == "-l":
        options.as_list = True
    elif switch == "-attr":
        options.attributes = []
        while rest and not rest[0].startswith("-"):
            options.attributes.append(rest.pop(0))
    elif switch in ("-scope", "-filter", "-s", "-d", "-limit") and rest:
        _set(options, switch, rest.pop(0))
    elif switch != "-q":
        raise _SyntaxError(switch)


def _set(options: _Options, switch: str, value: str) -> None:
    if switch == "-scope" and value.lower() in ("base", "onelevel", "subtree"):
        options.scope = value.lower()
    elif switch == "-limit" and value.isdecimal():
        options.limit = int(value)
    elif switch == "-filter":
        options.filter = value
    elif switch in ("-s", "-d"):
        options.server = value
    else:
        raise _SyntaxError(value)


def _find(proc: Process, options: _Options) -> list[Entry]:
    world = proc.host.world
    with world.lock:
        directory.reach(proc, options.server)
        return directory.search(world, _start(world, options.start), options.scope, options.filter)


def _start(world: World, typed: str) -> str:
    return directory.domain_dn(world) if typed.lower() in ("domainroot", "forestroot") else typed


def _listing(found: Sequence[Entry], options: _Options) -> str:
    names = options.attributes
    if names is None:
        return "".join(f'"{entry.dn}"\n' for entry in found)
    if names == ["*"] or options.as_list:
        return "".join(_as_list(entry, names) for entry in found)
    rows = [[_joined(entry, name) for name in names] for entry in found]
    if not rows:
        return ""
    widths = [max(len(row[place]) for row in [names, *rows]) + 4 for place in range(len(names))]
    return "".join("  " + "".join(map(str.ljust, row, widths)) + "\n" for row in [names, *rows])


def _as_list(entry: Entry, names: Sequence[str]) -> str:
    wanted = list(entry.attributes) if list(names) == ["*"] else names
    return "".join(f"{name}: {value}\n" for name in wanted for value in entry.values(name))


def _joined(entry: Entry, name: str) -> str:
    return ";".join(map(str, entry.values(name)))
