# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The disks of one played host: names compared without case, Win32 error numbers, write locks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from .winerror import system_message

FILE_NOT_FOUND = 2
PATH_NOT_FOUND = 3
ACCESS_DENIED = 5
SHARING_VIOLATION = 32
DISK_FULL = 112
INVALID_NAME = 123
DIR_NOT_EMPTY = 145
ALREADY_EXISTS = 183
DIRECTORY_INVALID = 267

_FORBIDDEN = frozenset('<>:"|?*') | {chr(n) for n in range(32)}
_JOINING = threading.Lock()


class FileSystemError(Exception):
    """What the Win32 call would have failed with; code is the error number."""

    def __init__(self, code: int, path: str = "") -> None:
        super().__init__(f"{system_message(code) or code} ({path})")
        self.code = code
        self.path = path


@dataclass
class File:
    """A file. program names the played program that it starts; version is its file version; mtime is in lab seconds."""

    pieces: list[bytes]
    program: str | None = None
    version: str | None = None
    mtime: float = 0.0
    read_only: bool = False
    writing: bool = False

    @property
    def data(self) -> bytes:
        """All of it; what was added piece by piece is put together when somebody looks."""
        with _JOINING:  # others may read, and one may add to it
            count = len(self.pieces)
            if count != 1:
                self.pieces[:count] = [b"".join(self.pieces[:count])]
            return self.pieces[0]


@lru_cache(maxsize=8192)
def split_root(path: str) -> tuple[str, str]:
    """Drive ('C:') or share ('\\\\server\\share') and the rest; the root is empty for a relative path."""
    path = path.replace("/", "\\")
    if path.startswith("\\\\"):
        server, share, *rest = [*path[2:].split("\\", 2), "", ""][:3]
        return f"\\\\{server}\\{share}", "\\" + "".join(rest)
    if path[1:2] == ":":
        return path[:2].upper(), path[2:]
    return "", path


@lru_cache(maxsize=8192)
def absolute(path: str, cwd: str) -> str:
    """The full path that Windows makes of path for a process in cwd: no '.', no '..', no trailing dots or blanks."""
    root, rest = split_root(path)
    here, here_rest = split_root(cwd)
    if not root or (root == here and not rest.startswith("\\")):
        root, rest = here, rest if rest.startswith("\\") else f"{here_rest}\\{rest}"
    parts: list[str] = []
    for part in rest.split("\\"):
        if part == "..":
            del parts[-1:]
        elif part.rstrip(". "):
            parts.append(part.rstrip(". "))
    return f"{root}\\" + "\\".join(parts)


def is_share(path: str) -> bool:
    """Whether an absolute path leads to another computer."""
    return path.startswith("\\\\")


def parent(path: str) -> str:
    """The folder that holds an absolute path; the root is its own parent."""
    root, rest = split_root(path)
    above = rest.rstrip("\\").rpartition("\\")[0]
    return f"{root}{above}" if above else f"{root}\\"


def base_name(path: str) -> str:
    """The last part of an absolute path, empty for a root."""
    return split_root(path)[1].rstrip("\\").rpartition("\\")[2]


class FileSystem:
    """Paths are absolute, with a drive or a share; '/' is taken for a backslash. Errors are FileSystemError."""

    def __init__(
        self,
        drives: tuple[str, ...] = ("C:",),
        free_bytes: int = 20 * 2**30,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.free_bytes = free_bytes
        self._now = now
        self._lock = threading.RLock()
        self._nodes: dict[str, tuple[str, File | None]] = {}  # key in lower case -> path as written, None for a folder
        self._unplugged: dict[str, tuple[str, File | None]] = {}
        for drive in drives:
            self.add_root(drive)

    def add_root(self, root: str) -> None:
        """Add a drive ('D:') or a share ('\\\\server\\share')."""
        path = f"{split_root(root)[0]}\\"
        self._nodes[path.lower()] = (path, None)

    def unplug(self, root: str) -> None:
        """A drive or a share can't be reached any more."""
        with self._lock:
            below = split_root(root)[0].lower() + "\\"
            gone = {key: node for key, node in self._nodes.items() if key.startswith(below)}
            for key in gone:
                del self._nodes[key]
            self._unplugged.update(gone)

    def plug_in(self, root: str) -> None:
        """A drive or a share is there again, with what it held."""
        with self._lock:
            below = split_root(root)[0].lower() + "\\"
            for key in [key for key in self._unplugged if key.startswith(below)]:
                self._nodes[key] = self._unplugged.pop(key)

    def entry(self, path: str) -> File | None:
        """The file at path, or None (missing, or a folder)."""
        found = self._nodes.get(_key(path))
        return found[1] if found else None

    def first_file(self, paths: Iterable[str]) -> str | None:
        """The first of some absolute paths, in lower case, where a file is; as it was written when it was made."""
        for path in paths:
            found = self._nodes.get(path)
            if found and found[1] is not None:
                return found[0]
        return None

    def exists(self, path: str) -> bool:
        """Whether a file or a folder is there."""
        return _key(path) in self._nodes

    def is_dir(self, path: str) -> bool:
        """Whether a folder is there."""
        found = self._nodes.get(_key(path))
        return found is not None and found[1] is None

    def true_name(self, path: str) -> str:
        """The path as it was written when it was made; path itself when nothing is there."""
        found = self._nodes.get(_key(path))
        return found[0] if found else path

    def listdir(self, path: str) -> list[str]:
        """The names in a folder, in NTFS order (by name, case ignored)."""
        if not self.is_dir(path):
            raise FileSystemError(DIRECTORY_INVALID if self.exists(path) else PATH_NOT_FOUND, path)
        prefix = _key(path).rstrip("\\") + "\\"
        with self._lock:
            inside = [k for k in self._nodes if k.startswith(prefix) and k != prefix and "\\" not in k[len(prefix) :]]
            return [base_name(self._nodes[k][0]) for k in sorted(inside)]

    def read(self, path: str) -> bytes:
        """The content; a file that somebody is writing can be read, as cmd's redirections allow."""
        return self._file(path).data

    def write(self, path: str, data: bytes, append: bool = False) -> None:
        """Write a whole file, or add to its end."""
        with self.open_write(path, append) as handle:
            handle.write(data)

    def open_write(self, path: str, append: bool = False) -> WriteHandle:
        """Open for writing; until it is closed nobody else may write, delete or rename the file (error 32)."""
        with self._lock:
            path = absolute(path, "C:\\")
            if self.is_dir(path):
                raise FileSystemError(ACCESS_DENIED, path)
            file = self.entry(path) or self._new_file(path)
            self._may_change(path, file)
            if not append:
                self.free_bytes += len(file.data)
                file.pieces = [b""]
            file.mtime = self._now()
            file.writing = True
            return WriteHandle(self, file, path)

    def add_program(self, path: str, program: str, version: str | None = None) -> None:
        """Put a played program there, with the folders above it."""
        self.mkdir(parent(absolute(path, "C:\\")), exist_ok=True)
        self.write(path, b"MZ")
        file = self._file(path)
        file.program, file.version = program, version

    def delete(self, path: str, force: bool = False) -> None:
        """Delete a file; force also takes a read-only one."""
        with self._lock:
            file = self._file(path)
            if not force or file.writing:
                self._may_change(path, file)
            self.free_bytes += len(file.data)
            del self._nodes[_key(path)]

    def rename(self, old: str, new: str, replace: bool = False) -> None:
        """Rename or move a file, or a folder with all below it, to the full path new."""
        with self._lock:
            old, new = self.true_name(absolute(old, "C:\\")), absolute(new, "C:\\")
            file = None if self.is_dir(old) else self._file(old)
            if _key(new).startswith(_key(old) + "\\"):
                raise FileSystemError(SHARING_VIOLATION, new)
            self._may_leave(old, file)
            self._make_room(old, new, replace)
            for key in [_key(old), *self._below(old)]:
                path, moved = self._nodes.pop(key)
                target = new + path[len(old) :]
                self._nodes[target.lower()] = (target, moved)

    def mkdir(self, path: str, exist_ok: bool = False) -> None:
        """Make a folder and the ones above it, as cmd does."""
        path = absolute(path, "C:\\")
        with self._lock:
            if self.exists(path):
                if exist_ok and self.is_dir(path):
                    return
                raise FileSystemError(ALREADY_EXISTS, path)
            above = parent(path)
            if above == path or self.entry(above):
                raise FileSystemError(PATH_NOT_FOUND, path)
            self.mkdir(above, exist_ok=True)
            _check_name(path)
            self._nodes[path.lower()] = (path, None)

    def rmdir(self, path: str, tree: bool = False) -> None:
        """Remove a folder; tree takes everything below it, up to the first thing that can't be deleted."""
        with self._lock:
            if not self.is_dir(path):
                raise FileSystemError(DIRECTORY_INVALID if self.exists(path) else FILE_NOT_FOUND, path)
            below = sorted(self._below(path), reverse=True)
            if below and not tree:
                raise FileSystemError(DIR_NOT_EMPTY, path)
            for key in below:
                if self.is_dir(key):
                    del self._nodes[key]
                else:
                    self.delete(key, force=True)
            if base_name(absolute(path, "C:\\")):
                del self._nodes[_key(path)]

    def take(self, size: int) -> None:
        """Use up disk space; error 112 when it isn't there."""
        with self._lock:
            if size > self.free_bytes:
                raise FileSystemError(DISK_FULL)
            self.free_bytes -= size

    def _file(self, path: str) -> File:
        file = self.entry(path)
        if file:
            return file
        if self.is_dir(path):
            raise FileSystemError(ACCESS_DENIED, path)
        raise FileSystemError(FILE_NOT_FOUND if self.is_dir(parent(absolute(path, "C:\\"))) else PATH_NOT_FOUND, path)

    def _new_file(self, path: str) -> File:
        if not self.is_dir(parent(path)):
            raise FileSystemError(PATH_NOT_FOUND, path)
        _check_name(path)
        file = File([b""])
        self._nodes[path.lower()] = (path, file)
        return file

    def _may_change(self, path: str, file: File) -> None:
        if file.writing:
            raise FileSystemError(SHARING_VIOLATION, path)
        if file.read_only:
            raise FileSystemError(ACCESS_DENIED, path)

    def _may_leave(self, path: str, file: File | None) -> None:
        """A file being written can't be renamed, nor a folder with one below."""
        if file and file.writing:
            raise FileSystemError(SHARING_VIOLATION, path)
        if any(inside and inside.writing for inside in (self._nodes[key][1] for key in self._below(path))):
            raise FileSystemError(ACCESS_DENIED, path)

    def _make_room(self, old: str, new: str, replace: bool) -> None:
        if not self.is_dir(parent(new)):
            raise FileSystemError(PATH_NOT_FOUND, new)
        _check_name(new)
        if not self.exists(new) or old.lower() == new.lower():
            return
        if self.is_dir(new):
            raise FileSystemError(ACCESS_DENIED, new)
        if not replace:
            raise FileSystemError(ALREADY_EXISTS, new)
        self.delete(new)

    def _below(self, path: str) -> list[str]:
        prefix = _key(path).rstrip("\\") + "\\"
        return [key for key in self._nodes if key.startswith(prefix) and key != prefix]


class WriteHandle:
    """An open file. Closing it gives the lock back; closing twice does no harm."""

    def __init__(self, files: FileSystem, file: File, path: str) -> None:
        self.path = path
        self._files = files
        self._file = file

    def write(self, data: bytes) -> None:
        """Add data; error 112 when the disk is full."""
        self._files.take(len(data))
        self._file.pieces.append(data)

    def close(self) -> None:
        """Give the lock back."""
        self._file.writing = False

    def __enter__(self) -> WriteHandle:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


@lru_cache(maxsize=8192)
def _key(path: str) -> str:
    return absolute(path, "C:\\").lower()


def _check_name(path: str) -> None:
    if _FORBIDDEN.intersection(split_root(path)[1]):
        raise FileSystemError(INVALID_NAME, path)
