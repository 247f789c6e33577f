# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""DIR."""

from __future__ import annotations

import re

from .. import language
from ..files import base_name, parent, split_root
from .arguments import split_switches
from .builtin_text import volume
from .context import Context
from .paths import expand

_LETTERS = tuple("abcdlnopqrstwx4-")


def dir_(at: Context, arguments: str) -> int:
    """DIR [/B] [/S] [/A[-][D|R]] [/O[-]N|D|S] [/-C] name…."""
    switches, names = split_switches(arguments)
    unknown = next((switch for switch in switches if switch[1:2] not in _LETTERS), None)
    if unknown:
        return at.fail('Invalid switch - "{switch}".', switch=unknown[1:])
    roots = [split_root(at.shell.path(name))[0] for name in names]
    if not all(at.files.is_dir(f"{root}\\") for root in roots):
        return at.fail("The system cannot find the path specified.")
    listings = [_Listing(at, switches) for _name in names or ["."]]
    found = [listing.show(at.shell.path(name)) for listing, name in zip(listings, names or ["."], strict=True)]
    return 0 if any(found) else at.fail("File Not Found")


class _Listing:
    """What DIR shows for one name."""

    def __init__(self, at: Context, switches: list[str]) -> None:
        self._at = at
        self._files = at.files
        self._brief = "/b" in switches
        self._deep = "/s" in switches
        self._filters = [switch[2:].lstrip(":") for switch in switches if switch.startswith("/a")]
        self._order = next((switch[2:].lstrip(":") for switch in switches if switch.startswith("/o")), "n")
        self._number_format = "" if "/-c" in switches else ","
        self._count = self._bytes = self._folders = 0

    def show(self, path: str) -> bool:
        """Print; a folder shows what is in it. Whether anything was found."""
        folder, pattern = (path, "*") if self._files.is_dir(path) else (parent(path), base_name(path))
        if not self._brief:
            volume(self._at, folder[0].upper())
        if not self._files.is_dir(folder):
            return False
        found = not self._brief and pattern == "*"
        for place in [folder, *(self._below(folder) if self._deep else [])]:
            entries = self._entries(place, pattern)
            found = found or bool(entries)
            if self._brief:
                self._at.write("".join(f"{path if self._deep else base_name(path)}\n" for path in entries))
            elif entries or (pattern == "*" and not self._deep):
                self._table(place, entries, dots=pattern == "*" and base_name(place) != "")
        if found and not self._brief:
            self._footer()
        return found

    def _below(self, folder: str) -> list[str]:
        found = []
        for name in self._files.listdir(folder):
            place = f"{folder.rstrip(chr(92))}\\{name}"
            if self._files.is_dir(place):
                found += [place, *self._below(place)]
        return found

    def _entries(self, folder: str, pattern: str) -> list[str]:
        found = expand(self._files, f"{folder.rstrip(chr(92))}\\{pattern}")
        for letters in self._filters:
            found = [path for path in found if self._has(path, letters)]
        return sorted(found, key=self._sort_key, reverse=self._order.startswith("-"))

    def _has(self, path: str, letters: str) -> bool:
        """Whether the attributes fit; a minus asks for their absence."""
        file = self._files.entry(path)
        facts = {"d": file is None, "a": file is not None, "r": file is not None and file.read_only}
        return all(facts.get(letter, False) != bool(minus) for minus, letter in re.findall(r"(-?)([a-z])", letters))

    def _sort_key(self, path: str) -> tuple[float, str]:
        file = self._files.entry(path)
        numbers = {"d": file.mtime if file else 0.0, "s": float(len(file.data)) if file else 0.0}
        return numbers.get(self._order.lstrip("-")[:1], 0.0), base_name(path).lower()

    def _table(self, folder: str, entries: list[str], dots: bool) -> None:
        self._at.out("\n Directory of {folder}\n\n", folder=folder)
        for name in (".", "..") if dots else ():
            self._row(folder, name)
        for path in entries:
            self._row(path, base_name(path))

    def _row(self, path: str, name: str) -> None:
        file = self._files.entry(path)
        stamp = self._at.shell.stamp(file.mtime if file else 0.0, "  ")
        size = f"{self._number(len(file.data)):>17}" if file else "   <DIR>         "
        self._at.write(f"{stamp} {size} {name}\n")
        self._count += file is not None
        self._bytes += len(file.data) if file else 0
        self._folders += file is None

    def _footer(self) -> None:
        size, free = self._number(self._bytes), self._number(self._files.free_bytes)
        self._at.out("{count:>16} File(s) {size:>14} bytes\n", count=self._count, size=size)
        self._at.out("{count:>16} Dir(s)  {free:>14} bytes free\n", count=self._folders, free=free)

    def _number(self, value: int) -> str:
        text = format(value, self._number_format)
        return text if language.of(self._at.shell.proc.host).code == "en" else text.replace(",", ".")
