# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""certutil -encode, -decode and, where it exists, -hashfile."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING

from ..files import FileSystemError
from ..winerror import system_message
from .common import path_of, read_file, say

if TYPE_CHECKING:
    from ..process import Process

_HASHES = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}
_NOT_FOUND = 2
_INVALID_DATA = 13
_EXISTS = 80
_INVALID_PARAMETER = 87
_EMPTY_FILE = 1006
_FAMILIES_WITH_HASHFILE = ("2008", "vista")  # assumption: not on 2003


class _Failure(Exception):
    """A Win32 error number and the function that certutil names."""

    def __init__(self, code: int, function: str) -> None:
        super().__init__(code)
        self.code = code
        self.function = function


def main(proc: Process) -> int:
    """certutil [-f] verb input [output | algorithm]; the exit code of a failure is the HRESULT."""
    words = [word for word in proc.argv[1:] if word.lower() not in ("-f", "/f")]
    verb = words[0][1:].lower() if words and words[0][:1] in "-/" else ""
    verbs = {"encode": _encode, "decode": _decode, "hashfile": _hash}
    if verb == "hashfile" and proc.host.windows.family not in _FAMILIES_WITH_HASHFILE:
        verb = ""
    if verb not in verbs or len(words) < 2:
        say(proc, "CertUtil: Unknown arg: {word}", word=(words or [""])[0])
        return _hresult(_INVALID_PARAMETER)
    try:
        verbs[verb](proc, words[1:])
    except _Failure as failure:
        return _fail(proc, verb, failure)
    say(proc, "CertUtil: -{verb} command completed successfully.", verb=verb)
    return 0


def _fail(proc: Process, verb: str, failure: _Failure) -> int:
    number = f"0x{_hresult(failure.code) % 2**32:08x} (WIN32: {failure.code})"
    sentence = system_message(failure.code) or ""
    if failure.function:
        say(proc, "{function} returned " + sentence + " {number}", function=failure.function, number=number)
    say(proc, "CertUtil: -{verb} command FAILED: {number}", verb=verb, number=number)
    say(proc, "CertUtil: " + sentence)
    return _hresult(failure.code)


def _hresult(code: int) -> int:
    return code - 2**31 + 7 * 2**16  # 0x8007nnnn as the signed number that an exit code is


def _read(proc: Process, name: str, function: str) -> bytes:
    try:
        return read_file(proc, name)
    except FileSystemError as error:
        raise _Failure(error.code, function) from error


def _write(proc: Process, name: str, data: bytes, function: str) -> None:
    """An existing output file is refused unless -f is given."""
    try:
        path = path_of(proc, name)
        forced = any(word.lower() in ("-f", "/f") for word in proc.argv)
        if proc.host.files.exists(path) and not forced:
            raise _Failure(_EXISTS, function)
        proc.host.files.write(path, data)
    except FileSystemError as error:
        raise _Failure(error.code, function) from error
    proc.host.world.truth.effect(proc.host, "file", "written", path, proc)


def _two_files(words: list[str]) -> tuple[str, str]:
    if len(words) != 2:
        raise _Failure(_INVALID_PARAMETER, "")
    return words[0], words[1]


def _encode(proc: Process, words: list[str]) -> None:
    """Base64 in lines of 64, between two lines that call it a certificate."""
    source, target = _two_files(words)
    data = _read(proc, source, "")
    if not data:
        raise _Failure(_INVALID_DATA, "EncodeToFile")  # assumption: an empty file can't be encoded
    text = base64.b64encode(data).decode("ascii")
    body = [text[place : place + 64] for place in range(0, len(text), 64)]
    lines = ["-----BEGIN CERTIFICATE-----", *body, "-----END CERTIFICATE-----", ""]
    result = "\r\n".join(lines).encode("ascii")
    _write(proc, target, result, "EncodeToFile")
    _lengths(proc, len(data), len(result))


def _decode(proc: Process, words: list[str]) -> None:
    """Base64 with or without those two lines."""
    source, target = _two_files(words)
    data = _read(proc, source, "LoadCert")
    text = re.sub(rb"-----(?:BEGIN|END)[^-]*-----|\s+", b"", data)
    try:
        result = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise _Failure(_INVALID_DATA, "DecodeFile") from error
    if not result:
        raise _Failure(_INVALID_DATA, "DecodeFile")
    _write(proc, target, result, "DecodeToFile")
    _lengths(proc, len(data), len(result))


def _lengths(proc: Process, size_in: int, size_out: int) -> None:
    say(proc, "Input Length = {size}", size=size_in)
    say(proc, "Output Length = {size}", size=size_out)


def _hash(proc: Process, words: list[str]) -> None:
    """The bytes of the sum with blanks between them, in a line of its own."""
    algorithm = (words[1] if len(words) > 1 else "sha1").lower()
    if algorithm not in _HASHES:
        raise _Failure(_INVALID_PARAMETER, "")
    data = _read(proc, words[0], "")
    if not data:
        raise _Failure(_EMPTY_FILE, "")
    digest = hashlib.new(_HASHES[algorithm], data, usedforsecurity=False).digest()
    say(proc, "{algorithm} hash of file {name}:", algorithm=algorithm.upper(), name=words[0])
    proc.out(digest.hex(" ") + "\n")
