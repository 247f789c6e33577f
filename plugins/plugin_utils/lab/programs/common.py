# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What the small programs share: file names, text, sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import language
from ..files import ACCESS_DENIED, FileSystemError, absolute, base_name, parent, split_root

if TYPE_CHECKING:
    from ..process import Process


def path_of(proc: Process, name: str) -> str:
    """The full path of a file name; a share can't be reached with a network logon (transport.md 7)."""
    path = absolute(name, proc.cwd)
    if split_root(path)[0].startswith("\\\\") and not proc.logon.can_go_on:
        raise FileSystemError(ACCESS_DENIED, path)
    return path


def read_file(proc: Process, name: str) -> bytes:
    """The content of a file; FileSystemError."""
    return proc.host.files.read(path_of(proc, name))


def read_input(proc: Process) -> bytes:
    """All of standard input."""
    return proc.stdin.read(proc.alive)


def lines_of(proc: Process, data: bytes) -> list[str]:
    """The lines of a text in the console's code page, without their ends."""
    text = data.decode(proc.codepage, "replace")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


def matching_files(proc: Process, name: str) -> list[str]:
    """The names that a name with wildcards stands for, written like it; itself when it has none."""
    if "*" not in name and "?" not in name:
        return [name]
    from ..cmd.paths import matches

    path = path_of(proc, name)
    folder = name[: len(name) - len(base_name(path))]
    files = proc.host.files
    names = files.listdir(parent(path)) if files.is_dir(parent(path)) else []
    found = [folder + other for other in names if matches(base_name(path), other)]
    return [other for other in found if files.entry(path_of(proc, other))]


def say(proc: Process, english: str, **arguments: object) -> None:
    """A sentence in the language of this Windows, on standard output."""
    proc.out(language.of(proc.host).text(english, **arguments) + "\n")


def fail(proc: Process, code: int, english: str, **arguments: object) -> int:
    """A sentence on standard error; returns the code."""
    proc.err(language.of(proc.host).text(english, **arguments) + "\n")
    return code
