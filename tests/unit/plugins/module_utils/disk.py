# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A channel over the small disk of one node: the lines that carry files, and ServerManagerCmd.exe beside them.

Everything else is an error, so each test also asserts that nothing else is sent.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Hear, Result
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    FakeClock,
    joined,
    split_lines,
)

MISSING = Result(1, "", "Das System kann die angegebene Datei nicht finden.\r\n")
_NAME = r'(?:"([^"]+)"|(\S+))'


def armour(data: bytes) -> bytes:
    """What certutil -encode writes, made another way than the code under test does."""
    body = base64.encodebytes(data).replace(b"\n", b"")
    rows = b"".join(body[i : i + 64] + b"\r\n" for i in range(0, len(body), 64))
    return b"-----BEGIN CERTIFICATE-----\r\n" + rows + b"-----END CERTIFICATE-----\r\n"


class Disk:
    """files: path -> content; hashes: whether certutil knows -hashfile; faults: pattern -> what happens instead."""

    def __init__(self, files: dict[str, bytes] | None = None, *, hashes: bool = True, certutil: bool = True) -> None:
        self.folders = {
            "c:\\.",
            r"c:\windows",
            r"c:\windows\temp",
            r"c:\data",
            r"c:\data\.",
            r"c:\windows\.",
            r"c:\a & b (c)\.",
        }
        self.files = {path.lower(): content for path, content in (files or {}).items()}
        self.hashes = hashes
        self.tools = {"certutil.exe"} if certutil else set()
        self.faults: list[tuple[re.Pattern[str], Result | Exception | Callable[[], Any], int]] = []
        self.programs: dict[str, Callable[[str], Result]] = {}
        self.clock = FakeClock()
        self.lines: list[str] = []
        self.calls = 0
        self.resets = 0

    def fault(self, pattern: str, what: Result | Exception | Callable[[], Any], times: int = 1) -> None:
        """Let something else happen on the next lines that match; a callable happens before the line itself."""
        self.faults.append((re.compile(pattern), what, times))

    def lost(self, pattern: str, times: int = 1, *, started: bool = True) -> None:
        """Let the connection break instead of such a line."""
        self.fault(pattern, ChannelLost("nodeb", "connection reset", started=started), times)

    def reset(self) -> None:
        self.resets += 1

    def run(self, line: str, *, stdin: bytes | None, timeout: float, hear: Hear | None = None) -> Result:
        assert timeout > 0
        assert len(line) <= 8191
        self.calls += 1
        results = [self._one(part, stdin) for part in split_lines(line)]
        if "call echo mailops" not in line:
            return results[0]
        return joined(*(Result(result.rc, result.text) for result in results))

    def _one(self, line: str, stdin: bytes | None) -> Result:
        self.lines.append(line)
        for i, (pattern, what, times) in enumerate(self.faults):
            if pattern.search(line):
                self.faults[i : i + 1] = [(pattern, what, times - 1)] if times > 1 else []
                if isinstance(what, Exception):
                    raise what
                if isinstance(what, Result):
                    return what
                what()
                break
        return self._answer(line, stdin)

    def _answer(self, line: str, stdin: bytes | None) -> Result:
        program = line.partition(" ")[0]
        if program in self.programs:
            return self.programs[program](line)
        for pattern, act in _LINES:
            match = re.fullmatch(pattern, line)
            if match:
                names = [_path(group) for group in match.groups() if group is not None]
                return act(self, stdin, *names)
        raise AssertionError(f"a line nobody knows: {line}")

    # --- the lines ---

    def _which(self, _stdin: bytes | None, tool: str) -> Result:
        found = rf"C:\WINDOWS\system32\{tool}" if tool in self.tools else ""
        return Result(0, f"[{found}]\r\n")

    def _entry(self, _stdin: bytes | None, path: str) -> Result:
        if path in self.folders:
            return Result(0, "[0][d--------]\r\n")
        content = self.files.get(path)
        return Result(0, "[][]\r\n" if content is None else f"[{len(content)}][--a------]\r\n")

    def _findstr(self, stdin: bytes | None, path: str) -> Result:
        assert stdin is not None
        assert stdin.isascii()
        assert stdin.endswith(b"\r\n")
        self.files[path] = stdin
        return Result(0)

    def _empty(self, _stdin: bytes | None, path: str) -> Result:
        self.files[path] = b""
        return Result(0)

    def _decode(self, _stdin: bytes | None, source: str, dest: str) -> Result:
        rows = self.files[source].split(b"\r\n")
        assert rows[0].startswith(b"-----BEGIN")
        assert rows[-2].startswith(b"-----END")
        self.files[dest] = base64.b64decode(b"".join(rows[1:-2]))
        return Result(0, "Eingabelänge = 1\r\n")

    def _encode(self, _stdin: bytes | None, source: str, dest: str) -> Result:
        if source not in self.files:
            return Result(-2147024894, "CertUtil: -encode FAILED: 0x80070002 (WIN32: 2)\r\n")
        assert self.files[source], "certutil refuses empty files"
        self.files[dest] = armour(self.files[source])
        return Result(0, "Eingabelänge = 1\r\n")

    def _hash(self, _stdin: bytes | None, path: str) -> Result:
        if not self.hashes:
            return Result(-2147024809, "CertUtil: Unknown arg: -hashfile\r\n")
        if path not in self.files:
            return Result(-2147024894, "CertUtil: 0x80070002 (WIN32: 2)\r\n")
        digest = hashlib.sha1(self.files[path]).hexdigest()
        pairs = " ".join(digest[i : i + 2] for i in range(0, 40, 2))
        return Result(0, f"SHA-1-Hash der Datei {path}:\r\n{pairs}\r\nCertUtil: -hashfile ausgeführt.\r\n")

    def _type(self, _stdin: bytes | None, path: str) -> Result:
        return Result(0, self.files[path].decode("ascii")) if path in self.files else MISSING

    def _move(self, _stdin: bytes | None, source: str, dest: str) -> Result:
        if source not in self.files:
            return MISSING
        self.files[dest] = self.files.pop(source)
        return Result(0, "        1 Datei(en) verschoben.\r\n")

    def _copy(self, _stdin: bytes | None, source: str, dest: str) -> Result:
        self.files[dest] = self.files[source]
        return Result(0)

    def _delete(self, _stdin: bytes | None, *paths: str) -> Result:
        for pattern in paths:
            for path in [path for path in self.files if path == pattern or fnmatchcase(path, pattern)]:
                del self.files[path]
        return Result(0)


def _path(text: str) -> str:
    return text.replace("%SystemRoot%", r"C:\WINDOWS").lower()


_LINES: list[tuple[str, Callable[..., Result]]] = [
    (r"\(for %I in \(([\w.]+\.exe)\) do @echo \[%~\$PATH:I\]\)", Disk._which),
    (rf"\(for %I in \({_NAME}\) do @echo \[%~zI\]\[%~aI\]\)", Disk._entry),
    (rf'findstr "\^" >{_NAME}', Disk._findstr),
    (rf"type nul >{_NAME}", Disk._empty),
    (rf"certutil -f -decode {_NAME} {_NAME}", Disk._decode),
    (rf"certutil -f -encode {_NAME} {_NAME}", Disk._encode),
    (rf"certutil -hashfile {_NAME}", Disk._hash),
    (rf"type {_NAME}", Disk._type),
    (rf"move /y {_NAME} {_NAME}", Disk._move),
    (rf"copy /b /y {_NAME} {_NAME}", Disk._copy),
    (rf"del /f /q {_NAME}", Disk._delete),
]
