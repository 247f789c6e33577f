# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""DEL, REN, MOVE, COPY."""

from __future__ import annotations

import re

from ..files import ACCESS_DENIED, FILE_NOT_FOUND, PATH_NOT_FOUND, FileSystemError, base_name, parent
from .arguments import split_switches, unquote, words
from .context import Context
from .paths import expand, has_wildcard
from .shell import is_device

_CTRL_Z = b"\x1a"


def del_(at: Context, arguments: str) -> int:
    """DEL [/F] [/S] [/Q] file…. A file that isn't there, or can't be deleted, is only mentioned: it returns 0."""
    switches, names = split_switches(arguments)
    if not names:
        return at.bad_syntax()
    code = 0
    for name in names:
        path = at.shell.path(name)
        whole = at.files.is_dir(path)
        path = f"{path.rstrip(chr(92))}\\*" if whole else path
        everything = whole or base_name(path) in ("*", "*.*")
        if everything and "/q" not in switches and not at.agreed("{path}, Are you sure (Y/N)? ", path=path):
            continue
        code = max(code, _delete(at, path, switches))
    return code


def _delete(at: Context, path: str, switches: list[str]) -> int:
    if not at.files.is_dir(parent(path)):
        return at.fail_with(PATH_NOT_FOUND)
    found = [place for place in expand(at.files, path) if at.files.entry(place)]
    if "/s" in switches:
        found += _deeper(at, parent(path), base_name(path))
    if not found:
        at.err("Could Not Find {path}\n", path=path)
    for place in found:
        try:
            at.files.delete(place, force="/f" in switches)
        except FileSystemError as error:
            at.handles.stderr.write(at.shell.encode(f"{place}\n"))
            at.fail_with(error.code)
        else:
            at.shell.effect("deleted", place)
    return 0


def _deeper(at: Context, folder: str, pattern: str) -> list[str]:
    found = []
    for name in at.files.listdir(folder):
        below = f"{folder.rstrip(chr(92))}\\{name}"
        if at.files.is_dir(below):
            found += [place for place in expand(at.files, f"{below}\\{pattern}") if at.files.entry(place)]
            found += _deeper(at, below, pattern)
    return found


def ren(at: Context, arguments: str) -> int:
    """REN path name: the new name has no folder."""
    _switches, names = split_switches(arguments)
    if len(names) != 2 or any(char in unquote(names[1]) for char in "\\:*?"):
        return at.bad_syntax()
    path = at.shell.path(names[0])
    new = f"{parent(path).rstrip(chr(92))}\\{unquote(names[1])}"
    if not at.files.exists(path):
        return at.fail_with(FILE_NOT_FOUND)
    if at.files.exists(new) and new.lower() != path.lower():
        return at.fail("A duplicate file name exists, or the file\ncannot be found.")
    at.files.rename(path, new)
    at.shell.effect("renamed", f"{path} -> {new}")
    return 0


def move(at: Context, arguments: str) -> int:
    """MOVE [/Y] source… target."""
    switches, names = split_switches(arguments)
    if not 1 <= len(names) <= 2:
        return at.bad_syntax()
    source = at.shell.path(names[0])
    target = at.shell.path(names[1] if len(names) > 1 else ".")
    found = expand(at.files, source)
    if has_wildcard(names[0]):
        found = [path for path in found if at.files.entry(path)]
    if not found:
        return at.fail_with(FILE_NOT_FOUND if at.files.is_dir(parent(source)) else PATH_NOT_FOUND)
    moved = sum(_move(at, path, target, switches) for path in found)
    kind = "dir(s)" if at.files.is_dir(target) and not at.files.exists(f"{target}\\{base_name(source)}") else "file(s)"
    at.out("        {count} " + kind + " moved.\n", count=moved)
    return 0 if moved == len(found) else 1


def _move(at: Context, path: str, target: str, switches: list[str]) -> bool:
    new = _inside(at, path, target)
    if not _may_overwrite(at, new, switches):
        return False
    try:
        at.files.rename(path, new, replace=True)
    except FileSystemError as error:
        at.fail_with(error.code)
        return False
    at.shell.effect("moved", f"{path} -> {new}")
    return True


def _inside(at: Context, path: str, target: str) -> str:
    """A target that is a folder takes the file under its own name."""
    return f"{target.rstrip(chr(92))}\\{base_name(path)}" if at.files.is_dir(target) else target


def _may_overwrite(at: Context, path: str, switches: list[str]) -> bool:
    """Outside of a batch file COPY and MOVE ask before they overwrite, unless /Y is given."""
    asks = "/-y" in switches or (at.shell.frame is None and "/y" not in switches)
    if not asks or not at.files.entry(path):
        return True
    return at.agreed("Overwrite {path}? (Yes/No/All): ", path=path)


def copy(at: Context, arguments: str) -> int:
    """COPY [/Y] [/B | /A] source[+source…] [target]."""
    switches, names = split_switches(_glue(arguments))
    if not 1 <= len(names) <= 2:
        return at.bad_syntax()
    groups = _sources(at, names[0])
    if groups is None:
        at.fail_with(FILE_NOT_FOUND)
        at.out("        {count} file(s) copied.\n", count=0)
        return 1
    target = at.shell.path(names[1] if len(names) > 1 else ".")
    copied = sum(_copy(at, group, target, switches) for group in groups)
    at.out("        {count} file(s) copied.\n", count=copied)
    return 0 if copied == len(groups) else 1


def _glue(arguments: str) -> str:
    """Blanks around '+' don't count, outside of quotes."""
    return re.sub(r'("[^"]*"?)|[ \t]*\+[ \t]*', lambda found: found[1] or "+", arguments)


def _sources(at: Context, text: str) -> list[list[str]] | None:
    """Every list makes one file; None when the first source isn't there."""
    parts = [at.shell.path(part) for part in words(text, "+")]
    if len(parts) == 1 and has_wildcard(parts[0]):
        return [[path] for path in expand(at.files, parts[0]) if at.files.entry(path)] or None
    parts = [f"{part}\\*" if at.files.is_dir(part) else part for part in parts]
    if has_wildcard(parts[0]):
        return [[path] for path in expand(at.files, parts[0]) if at.files.entry(path)] or None
    missing = [part for part in parts if not at.files.entry(part) and not is_device(part)]
    return None if missing else [parts]


def _copy(at: Context, sources: list[str], target: str, switches: list[str]) -> bool:
    new = _inside(at, sources[0], target)
    if is_device(target):
        return True
    if sources == [new] or (len(sources) == 1 and sources[0].lower() == new.lower()):
        at.fail("The file cannot be copied onto itself.")
        return False
    if not _may_overwrite(at, new, switches):
        return False
    try:
        _write_copy(at, new, _content(at, sources, switches), sources[0])
    except FileSystemError as error:
        at.fail_with(error.code)
        return False
    at.shell.effect("copied", f"{'+'.join(sources)} -> {new}")
    return True


def _content(at: Context, sources: list[str], switches: list[str]) -> bytes:
    """Files that are joined without /B are texts: they are read up to Ctrl-Z, and one is written at the end."""
    contents = [b"" if is_device(path) else at.files.read(path) for path in sources]
    if "/a" in switches or (len(sources) > 1 and "/b" not in switches):
        return b"".join(data.partition(_CTRL_Z)[0] for data in contents) + _CTRL_Z
    return b"".join(contents)


def _write_copy(at: Context, path: str, data: bytes, source: str) -> None:
    if at.files.is_dir(path):
        raise FileSystemError(ACCESS_DENIED, path)
    at.files.write(path, data)
    original, made = at.files.entry(source), at.files.entry(path)
    if original and made:
        made.program, made.version, made.mtime = original.program, original.version, original.mtime
