# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""As much of HTTP/1.1 as WinRM clients use: keep-alive, and a Content-Length on every message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO

_LONGEST_LINE = 65536
_MOST_HEADERS = 100


class BadRequest(Exception):
    """Not HTTP, or not the HTTP spoken here; status is what to answer before closing."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True)
class HttpRequest:
    """A request; the names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def keep_alive(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"


def read_request(stream: BinaryIO, largest: int) -> HttpRequest | None:
    """The next request, None when the client has closed; raises BadRequest, also for a body above largest bytes."""
    line = stream.readline(_LONGEST_LINE)
    if not line:
        return None
    words = line.decode("latin-1").split()
    if len(words) != 3 or words[2] != "HTTP/1.1":
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    headers = _read_headers(stream)
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdecimal():
        raise BadRequest(HTTPStatus.LENGTH_REQUIRED)
    if int(length) > largest:
        raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = stream.read(int(length))
    if len(body) < int(length):
        return None
    return HttpRequest(words[0], words[1], headers, body)


def response(status: int, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> bytes:
    """A whole answer, ready to be sent in one piece."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Server: Microsoft-HTTPAPI/2.0"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def _read_headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _count in range(_MOST_HEADERS):
        line = stream.readline(_LONGEST_LINE).decode("latin-1").rstrip("\r\n")
        if not line:
            return headers
        name, colon, value = line.partition(":")
        if not colon:
            break
        headers[name.strip().lower()] = value.strip()
    raise BadRequest(HTTPStatus.BAD_REQUEST)
