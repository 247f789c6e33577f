# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""CD, MD, RD, PUSHD, POPD and the change of drive."""

from __future__ import annotations

from ..files import FILE_NOT_FOUND, PATH_NOT_FOUND, FileSystemError, parent, split_root
from ..winerror import system_message
from .arguments import split_switches, unquote
from .context import Context
from .shell import is_device


def change_drive(at: Context, drive: str) -> int:
    """X: goes to the root of another drive."""
    root = f"{drive.upper()}\\"
    if not at.files.is_dir(root):
        return at.fail("The system cannot find the drive specified.")
    if split_root(at.shell.proc.cwd)[0] != drive.upper():
        at.shell.proc.cwd = root
    return 0


def cd(at: Context, arguments: str) -> int:
    """CD, CD folder, CD /D folder. The name may hold blanks without quotes."""
    text = arguments.strip()
    across = text[:2].lower() == "/d" and text[2:3] in ("", " ", "\t", '"')
    name = unquote(text[2:] if across else text).strip()
    if not name:
        at.write(f"{at.shell.proc.cwd}\n")
        return 0
    path = at.shell.path(name)
    if not at.files.is_dir(path):
        return at.fail_with(PATH_NOT_FOUND)
    if across or split_root(path)[0] == split_root(at.shell.proc.cwd)[0]:
        at.shell.proc.cwd = at.files.true_name(path)
    return 0


def md(at: Context, arguments: str) -> int:
    """MD folder…, with the folders above."""
    _switches, names = split_switches(arguments)
    if not names:
        return at.bad_syntax()
    code = 0
    for name in names:
        code = _make(at, name) or code
    return code


def _make(at: Context, name: str) -> int:
    path = at.shell.path(name)
    if is_device(path):
        return 0
    try:
        at.files.mkdir(path)
    except FileSystemError as error:
        if at.files.exists(path):
            return at.fail("A subdirectory or file {name} already exists.", name=unquote(name))
        return at.fail_with(error.code)
    at.shell.effect("folder made", path)
    return 0


def rd(at: Context, arguments: str) -> int:
    """RD [/S [/Q]] folder…; the return code is the Win32 error number."""
    switches, names = split_switches(arguments)
    if not names:
        return at.bad_syntax()
    code = 0
    for name in names:
        path = at.shell.path(name)
        whole = "/s" in switches
        if whole and "/q" not in switches and not at.agreed("{name}, Are you sure (Y/N)? ", name=unquote(name)):
            continue
        code = (_remove_tree(at, path) if whole else _remove(at, path)) or code
    return code


def _remove(at: Context, path: str) -> int:
    try:
        at.files.rmdir(path)
    except FileSystemError as error:
        code = PATH_NOT_FOUND if error.code == FILE_NOT_FOUND and not at.files.is_dir(parent(path)) else error.code
        at.fail_with(code)
        return code
    at.shell.effect("folder removed", path)
    return 0


def _remove_tree(at: Context, path: str) -> int:
    """What can be deleted goes; each thing that can't is named."""
    if not at.files.is_dir(path):
        return _remove(at, path)
    code = 0
    for name in at.files.listdir(path):
        place = f"{path.rstrip(chr(92))}\\{name}"
        if at.files.is_dir(place):
            code = _remove_tree(at, place) or code
            continue
        try:
            at.files.delete(place, force=True)
        except FileSystemError as error:
            code = error.code
            at.err("{path} - {why}\n", path=place, why=at.shell.text(system_message(code) or ""))
    return code or _remove(at, path)


def pushd(at: Context, arguments: str) -> int:
    """PUSHD folder; alone it lists what was pushed."""
    name = unquote(arguments).strip()
    if not name:
        at.write("".join(f"{folder}\n" for folder in reversed(at.shell.folders)))
        return 0
    path = at.shell.path(name)
    if not at.files.is_dir(path):
        return at.fail_with(PATH_NOT_FOUND)
    at.shell.folders.append(at.shell.proc.cwd)
    at.shell.proc.cwd = at.files.true_name(path)
    return 0


def popd(at: Context, _arguments: str) -> int:
    """Back to where the last PUSHD was said."""
    if not at.shell.folders:
        return 1
    at.shell.proc.cwd = at.shell.folders.pop()
    return 0
