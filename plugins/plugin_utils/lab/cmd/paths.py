# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""File names with wildcards, and the parts of a path that %~dpnx names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..files import FileSystem, absolute, base_name, parent, split_root
from .arguments import unquote

if TYPE_CHECKING:
    from .shell import Shell


def has_wildcard(name: str) -> bool:
    """Whether a name stands for several files."""
    return "*" in name or "?" in name


def matches(pattern: str, name: str) -> bool:
    """Whether a file name fits; '*.*' fits every name, also one without a dot."""
    pattern = "*" if pattern == "*.*" else pattern
    regex = "".join({"*": ".*", "?": ".?"}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(regex, name, re.IGNORECASE | re.DOTALL) is not None


def expand(files: FileSystem, path: str) -> list[str]:
    """The full paths of the files and folders that fit an absolute path; an unreadable folder has none."""
    if not has_wildcard(base_name(path)):
        return [files.true_name(path)] if files.exists(path) else []
    folder = parent(path)
    if not files.is_dir(folder):
        return []
    return [f"{folder.rstrip(chr(92))}\\{name}" for name in files.listdir(folder) if matches(base_name(path), name)]


def modify(shell: Shell, value: str, modifiers: str, search: str) -> str:
    """What %~…X makes of a value: f all, d drive, p folder, n name, x extension, a t z attributes, time, size."""
    value = unquote(value)
    letters = modifiers.lower()
    if search:
        value = _search(shell, value, search)
        letters = letters or "f"
    if not letters or not value:
        return value
    path = absolute(value, shell.proc.cwd)
    facts = [_fact(shell, path, letter) for letter in "atz" if letter in letters]
    place = _place(path, letters)
    return " ".join([*(fact for fact in facts if fact), *([place] if place else [])])


def _place(path: str, letters: str) -> str:
    if "f" in letters or set(letters) == {"s"}:
        return path
    root, rest = split_root(path)
    folder, _backslash, name = rest.rpartition("\\")
    stem, dot, extension = name.rpartition(".")
    parts = {
        "d": root,
        "p": folder + "\\",
        "n": stem if dot else name,
        "x": dot + extension if dot else "",
    }
    return "".join(text for letter, text in parts.items() if letter in letters)


def _fact(shell: Shell, path: str, letter: str) -> str:
    files = shell.proc.host.files
    file = files.entry(path)
    if letter == "a":
        return ("--a------" if file else "d--------") if files.exists(path) else ""
    if file is None:
        return ""
    return str(len(file.data)) if letter == "z" else shell.stamp(file.mtime)


def _search(shell: Shell, name: str, variable: str) -> str:
    """The first place of a search path that holds the file, or nothing."""
    folders = [shell.proc.cwd, *(shell.env.get(variable) or "").split(";")]
    places = [absolute(f"{unquote(folder)}\\{name}", shell.proc.cwd) for folder in folders if folder]
    return next((place for place in places if shell.proc.host.files.exists(place)), "")
