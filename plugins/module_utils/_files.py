# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Small files between the controller and a node, byte for byte, with cmd.exe and certutil.exe only.

What goes through cmd.exe is base64, which no code page, NUL, 0x1A or line end can change. certutil has -encode and
-decode on Windows 2003 and 2008 (https://technet.microsoft.com/en-us/library/cc782874.aspx); -hashfile came later, so
where it is unknown a file is hashed here, from its bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ._cmdline import quote
from ._errors import WIN32, Failure, Refusal, native_failure
from ._node import ChannelLost, Node, Result

LIMIT = 8 * 1024 * 1024  # bytes; in base64 still below the connection's output_limit
_CLEAN_LIMIT = 60.0  # seconds for del
_LOOK_FOLDER = r"%SystemRoot%\Temp"
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_LOCAL_PATH = re.compile(r'[A-Za-z]:(?:\\[^<>:"/\\|?*\x00-\x1f]+)+')
# Names of devices in every folder and with any ending: https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(?:\..*)?", re.IGNORECASE)
_ENTRY = re.compile(r"\[((?:-?[0-9]{1,19})?)\]\[([^\]]*)\]")
_FOUND = re.compile(r"\[([^\]]+)\]")
_SHA1 = re.compile(r"^\s*((?:[0-9a-fA-F]{2} ?){20})\s*$", re.MULTILINE)


class Kind(Enum):
    """What a path names. UNKNOWN: the answer could not be read."""

    ABSENT = "absent"
    FILE = "file"
    FOLDER = "folder"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Entry:
    """One look at a path of the node; size in bytes, of files only (a huge one may read as negative)."""

    kind: Kind
    size: int = 0


@dataclass(frozen=True)
class State:
    """A file as the result shows it. checksum: SHA-1; None where the size alone told the difference."""

    exists: bool = False
    size: int | None = None
    checksum: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The public form, in before and after."""
        return {"exists": self.exists, "size": self.size, "checksum": self.checksum}


# --- text and bytes ------------------------------------------------------------------------------------------------


def sha1(data: bytes) -> str:
    """The checksum that core's copy and fetch return, too."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def state_of(data: bytes) -> State:
    """The state of a file with these bytes."""
    return State(True, len(data), sha1(data))


def armoured(data: bytes) -> bytes:
    """Base64 as certutil -encode writes it: 64 columns, CR LF, a line before and one after."""
    text = base64.b64encode(data).decode("ascii")
    rows = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "".join(f"{row}\r\n" for row in (_BEGIN, *rows, _END)).encode("ascii")


def unarmoured(text: str) -> bytes:
    """The bytes of an armoured text; raises ValueError when it is cut off or damaged."""
    head, _begin, rest = text.partition(_BEGIN)
    body, end, tail = rest.partition(_END)
    if not end or head.strip() or tail.strip():
        raise ValueError(f"{len(text)} characters that are not one base64 block")
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error as exc:
        raise ValueError(f"damaged base64 ({exc})") from None


def parse_sha1(result: Result) -> str | None:
    """The hash that certutil -hashfile prints, with blanks between the bytes or without; None where it has none."""
    match = _SHA1.search(result.stdout) if result.rc == 0 else None
    return match.group(1).replace(" ", "").lower() if match else None


def win32_code(result: Result) -> int:
    """The Win32 number in certutil's exit code, which is an HRESULT; any other code as it is."""
    number = result.rc & 0xFFFFFFFF
    return number & 0xFFFF if number >> 16 == 0x8007 else result.rc


def entry_line(name: str) -> str:
    """The line whose result parse_entry takes; name as cmd.exe is to read it.

    The attributes are letters in every language, and the brackets keep `echo` from having nothing to say.
    """
    return f"(for %I in ({name}) do @echo [%~zI][%~aI])"


def parse_entry(result: Result) -> Entry:
    """From the size and the attributes of a path."""
    match = _ENTRY.search(result.stdout)
    if match is None:
        return Entry(Kind.UNKNOWN)
    size, attributes = match.groups()
    if not attributes:
        return Entry(Kind.ABSENT)
    if attributes.startswith("d"):
        return Entry(Kind.FOLDER)
    return Entry(Kind.FILE, int(size)) if size else Entry(Kind.UNKNOWN)


def tool_line(program: str) -> str:
    """The line whose result has the program's path in brackets, where the node has it."""
    return f"(for %I in ({program}) do @echo [%~$PATH:I])"


def has_tool(result: Result) -> bool:
    """From the result of tool_line()."""
    return bool(_FOUND.search(result.stdout))


# --- refusals ------------------------------------------------------------------------------------------------------


def node_path(value: str, doing: str) -> str:
    """A full path of one file on the node with backslashes; raises Refusal, and Unquotable for % and the like."""
    path = value.replace("/", "\\")
    quote(path)
    if path.startswith("\\\\"):
        seen = f"{value!r} is on a share, where a WinRM login cannot go on to."
        raise Refusal("input", doing, repr(value), seen, "Give a local path of the node, such as D:\\media\\x.txt.")
    parts = path.split("\\")
    if not _LOCAL_PATH.fullmatch(path) or any(part.endswith((".", " ")) for part in parts):
        advice = "Give it with its drive and without wildcards, such as D:\\media\\x.txt."
        raise Refusal("input", doing, repr(value), f"{value!r} is not a full path of one file on a node.", advice)
    device = next((part for part in parts if _DEVICE.fullmatch(part)), "")
    if device:
        seen = f"{value!r} names a device: Windows takes {device!r} for one in every folder."
        raise Refusal("input", doing, repr(value), seen, "Give the file another name.")
    return path


def refuse_size(size: int, doing: str, path: str) -> None:
    """Raise Refusal for a file that is too large for this way."""
    if 0 <= size <= LIMIT:
        return
    has = f"{size} bytes" if size > 0 else "more than 2 GB"
    seen = f"It has {has}, and WinRM carries at most {LIMIT} (8 MB) of a file here."
    raise Refusal("input", doing, path, seen, "Put it on a share and copy it from there on the node (robocopy).")


# --- the node ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Upload:
    """The command lines of one put. Everything new stays in the folder of dest, so that the last move is a rename."""

    dest: str
    token: str

    @property
    def folder(self) -> str:
        return self.dest.rpartition("\\")[0]

    @property
    def stem(self) -> str:
        """How the temporary files of every put to this dest begin."""
        return rf"{self.folder}\mailops-{sha1(self.dest.casefold().encode())[:8]}-"

    @property
    def encoded(self) -> str:
        return f"{self.stem}{self.token}.b64"

    @property
    def fresh(self) -> str:
        return f"{self.stem}{self.token}.new"

    def backup(self, stamp: str) -> str:
        return f"{self.dest}.{stamp}.bak"

    def lines(self, size: int, backup: str | None) -> list[str]:
        """All that change something, in order."""
        saved = [self.backup_line(backup)] if backup else []
        return [*self.fill_lines(size), *saved, self.move_line, self.clean_line]

    def fill_lines(self, size: int) -> list[str]:
        """Write the new content beside dest; the first one of two reads the armoured text from standard input.

        Why standard input: one command carries everything in messages of 30 000 bytes; `echo` takes a command (with
        its three messages, and a new shell after twelve) for every 6 000 bytes, and was ten times slower when measured.
        findstr passes text lines through, ends with the input's end, and needs no console as `copy con` does; `more`
        stops after 65 534 lines. certutil refuses an empty input.
        """
        if size == 0:
            return [f"type nul >{quote(self.fresh)}"]
        decode = f"certutil -f -decode {quote(self.encoded)} {quote(self.fresh)}"
        return [f'findstr "^" >{quote(self.encoded)}', decode]

    def backup_line(self, backup: str) -> str:
        return f"copy /b /y {quote(self.dest)} {quote(backup)}"

    @property
    def move_line(self) -> str:
        return f"move /y {quote(self.fresh)} {quote(self.dest)}"

    @property
    def clean_line(self) -> str:
        """Also what an earlier put to this dest could not delete: after a lost connection the node's findstr may hold
        its file until WinRM gives up the shell, minutes later."""
        return f"del /f /q {quote(self.stem + '*')}"


class NodeFiles:
    """Files of one node; timeout in seconds for each command that carries data, token for temporary names."""

    def __init__(self, node: Node, timeout: float, token: str) -> None:
        self._node = node
        self._timeout = timeout
        self._look_copy = rf"{_LOOK_FOLDER}\mailops-{token}-look.b64"

    def look(self, doing: str, *paths: str) -> list[Entry]:
        """What these paths are; raises Failure where certutil is missing or an answer can't be read."""
        lines = [entry_line(quote(path)) for path in paths]
        tool, *answers = self._node.read_all([tool_line("certutil.exe"), *lines])
        if not has_tool(tool):
            seen, advice = "there is no certutil.exe on it.", "Put it there (it is part of Windows), or use a share."
            raise Failure(doing, self._node.name, seen, advice)
        entries = [parse_entry(answer) for answer in answers]
        for path, entry, answer in zip(paths, entries, answers, strict=True):
            if entry.kind is Kind.UNKNOWN:
                seen = f"size and attributes of {path} can't be read."
                raise Failure(doing, self._node.name, seen, "Look at the path on the node.", stdout=answer.stdout)
        return entries

    def state(self, path: str, entry: Entry, comparing: int) -> State:
        """The state of a file; it is hashed only where its size is the one to compare with."""
        if entry.kind is not Kind.FILE:
            return State()
        return State(True, entry.size, self.checksum(path, entry.size) if entry.size == comparing else None)

    def checksum(self, path: str, size: int) -> str:
        """SHA-1 of a file of that size; it is read where the node can't hash. Raises Failure."""
        if size == 0:
            return sha1(b"")  # certutil refuses empty files
        told = parse_sha1(self._node.read_line(f"certutil -hashfile {quote(path)}", timeout=self._timeout))
        return told or sha1(self.read(quote(path), size))

    def read(self, name: str, size: int | None = None) -> bytes:
        """The bytes of a file; name as cmd.exe is to read it. Raises Failure. Nothing stays on the node."""
        if size == 0:
            return b""
        copy = self._look_copy
        lines = [f"certutil -f -encode {name} {copy}", f"type {copy}", f"certutil -hashfile {copy}"]
        try:
            encode, text, told, _removed = self._node.read_all([*lines, f"del /f /q {copy}"], timeout=self._timeout)
        except ChannelLost:
            self._forget(copy)
            raise
        if encode.rc != 0:
            raise native_failure("Reading the file", f"{name} of {self._node.name}", encode, code=win32_code(encode))
        return self._arrived(name, text.stdout, parse_sha1(told))

    def _arrived(self, name: str, text: str, told: str | None) -> bytes:
        try:
            if told not in (None, sha1(text.encode("ascii", "replace"))):
                raise ValueError(f"{len(text)} characters whose checksum is not {told}")
            return unarmoured(text)
        except ValueError as exc:
            advice = "Run it again; if it stays so, use a share."
            raise Failure("Reading the file", f"{name} of {self._node.name}", f"there arrived {exc}.", advice) from None

    def _forget(self, copy: str) -> None:
        """Remove what a look left behind when its connection broke."""
        self._node.channel.reset()
        try:
            self._node.read_line(f"del /f /q {copy}", timeout=_CLEAN_LIMIT)
        except ChannelLost:
            self._node.channel.reset()

    # --- acting ---

    def put(self, upload: Upload, data: bytes, backup: str | None) -> None:
        """Bring data to the node, compare its checksum there, and only then put it in the place of dest."""
        with self._cleaned(upload):
            self._fill(upload, data)
            self._compare(upload, data)
            if backup:
                self._act("Saving the old file", upload.backup_line(backup), upload.dest)
            self._act("Replacing the file", upload.move_line, upload.dest)

    def _fill(self, upload: Upload, data: bytes) -> None:
        first, *rest = upload.fill_lines(len(data))
        self._act("Writing the file", first, upload.dest, armoured(data) if data else None)
        for line in rest:
            self._act("Writing the file", line, upload.dest)

    def _compare(self, upload: Upload, data: bytes) -> None:
        [entry] = self.look("Writing the file", upload.fresh)
        seen = self.state(upload.fresh, entry, len(data))
        if seen != state_of(data):
            text = f"what arrived has size {seen.size} and checksum {seen.checksum}, sent were {len(data)} bytes."
            advice = "Nothing was replaced. Check the free space of that disk, then run again."
            raise Failure("Writing the file", f"{upload.dest} of {self._node.name}", text, advice)

    def _act(self, doing: str, line: str, dest: str, stdin: bytes | None = None) -> None:
        result = self._node.act_line(line, timeout=self._timeout, stdin=stdin)
        if result.rc == 0:
            return
        code = win32_code(result)
        failure = native_failure(doing, f"{dest} of {self._node.name}", result, code=code)
        if code not in WIN32:
            failure.advice = (
                "The file is as it was. Check the account's rights and the free space there, and that it is not "
                "read-only or in use."
            )
        raise failure

    @contextmanager
    def _cleaned(self, upload: Upload) -> Iterator[None]:
        """Remove the temporary files at the end, whatever happened."""
        try:
            yield
        except ChannelLost:
            # findstr may still wait for input there, and so hold its file: it ends with the shell.
            self._node.channel.reset()
            raise
        finally:
            try:
                self._clean(upload)
            except ChannelLost:
                self._node.channel.reset()

    def _clean(self, upload: Upload) -> None:
        try:
            self._node.act_line(upload.clean_line, timeout=_CLEAN_LIMIT)
        except ChannelLost:
            self._node.channel.reset()
            self._node.act_line(upload.clean_line, timeout=_CLEAN_LIMIT)


# --- the controller ------------------------------------------------------------------------------------------------


def local_bytes(path: Path, doing: str) -> bytes:
    """The bytes of a file of the controller; raises Refusal for one that is missing, no file or too large."""
    try:
        refuse_size(path.stat().st_size, doing, str(path))
        return path.read_bytes()
    except OSError as exc:
        raise _local_trouble(doing, path, exc) from None


def local_state(path: Path, comparing: int, doing: str) -> State:
    """The state of a file of the controller; hashed only where its size is the one to compare with."""
    if not path.parent.is_dir():
        advice = "Create it first (ansible.builtin.file, delegated to localhost)."
        raise Refusal("input", doing, str(path), f"The controller has no folder {path.parent}.", advice)
    if path.is_dir():
        advice = "Give the name of the file in it, too."
        raise Refusal("input", doing, str(path), "On the controller that is a folder.", advice)
    try:
        size = path.stat().st_size
        return State(True, size, sha1(path.read_bytes()) if size == comparing else None)
    except FileNotFoundError:
        return State()
    except OSError as exc:
        raise _local_trouble(doing, path, exc) from None


def write_local(path: Path, data: bytes, mode: int, backup: str | None, doing: str) -> None:
    """Put data in the place of a file of the controller, in one step; the old one is copied to backup before."""
    fresh: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".mailops-", delete=False) as file:
            fresh = Path(file.name)
            file.write(data)
        fresh.chmod(mode)
        if backup:
            shutil.copy2(path, backup)
        fresh.replace(path)
    except OSError as exc:
        raise _local_trouble(doing, path, exc) from None
    finally:
        if fresh is not None:
            fresh.unlink(missing_ok=True)


def _local_trouble(doing: str, path: Path, exc: OSError) -> Refusal:
    seen = f"On the controller: {exc.strerror or type(exc).__name__}."
    return Refusal("input", doing, str(path), seen, "Check the path and the rights of the user that runs Ansible.")
