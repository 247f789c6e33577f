# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""One TCP connection of a client: login, sealing, and one request after the other (transport.md 4.5)."""

from __future__ import annotations

import base64
import binascii
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO

from .accounts import Accounts
from .http import BadRequest, HttpRequest, read_request, response
from .seal import CONTENT_TYPE, BadSeal, Login, LoginRefused, is_sealed
from .service import NoAnswer, Service

if TYPE_CHECKING:
    from ..process import Logon
    from ..world import Host

Headers = Sequence[tuple[str, str]]
_COUNTING = threading.Lock()
_SOAP = ("Content-Type", "application/soap+xml;charset=UTF-8")


@dataclass(frozen=True)
class Access:
    """What is let in. clear_body_answer: 401 or 500, by version (transport.md 4.4); largest_body in bytes."""

    allow_unencrypted: bool = False
    allow_basic: bool = False
    clear_body_answer: int = 401
    largest_body: int = 2 * 150 * 1024

    def offers(self) -> Headers:
        """What a client without a login is told; Windows doesn't offer NTLM by its own name."""
        schemes = ["Negotiate", "Kerberos"] + (['Basic realm="WSMAN"'] if self.allow_basic else [])
        return [("WWW-Authenticate", scheme) for scheme in schemes]


@dataclass
class Counters:
    """What went over the wire; bytes are those of HTTP bodies coming in and of whole answers going out."""

    requests: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    logins: int = 0

    def add(self, requests: int = 0, bytes_in: int = 0, bytes_out: int = 0, logins: int = 0) -> None:
        """Count up."""
        with _COUNTING:
            self.requests += requests
            self.bytes_in += bytes_in
            self.bytes_out += bytes_out
            self.logins += logins


class _Unauthorized(Exception):
    """The client must log in, or go on with it."""

    def __init__(self, headers: Headers) -> None:
        super().__init__("401")
        self.headers = headers


class Connection:
    """Serves one socket until either side closes it."""

    def __init__(
        self, sock: socket.socket, host: Host, service: Service, *, access: Access, counters: Counters
    ) -> None:
        self._sock = sock
        self._host = host
        self._service = service
        self._access = access
        self._counters = counters
        self._accounts = Accounts(host)
        self._login = Login(self._accounts)

    def serve(self) -> None:
        """Answer requests; returns when the connection is over."""
        try:
            with self._sock, self._sock.makefile("rb") as stream:
                while self._serve_one(stream):
                    pass
        except OSError:
            return  # the client, or drop(), closed it

    def drop(self) -> None:
        """Close the connection at once, in the middle of whatever it does."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # closed already

    def _serve_one(self, stream: BinaryIO) -> bool:
        """Answer one request; returns whether another may follow."""
        try:
            request = read_request(stream, self._access.largest_body)
        except BadRequest as exc:
            self._send(response(exc.status, [("Connection", "close")]))
            return False
        if request is None or not self._host.answers():
            return False
        self._counters.add(requests=1, bytes_in=len(request.body))
        try:
            answer = self._answer(request)
        except NoAnswer as exc:
            if exc.hold:
                stream.read(1)  # the client sends nothing more: this ends when it gives up
            return False
        if not self._host.answers():
            return False  # it went down meanwhile: nobody hears how its processes ended
        self._send(answer)
        return request.keep_alive

    def _send(self, data: bytes) -> None:
        self._counters.add(bytes_out=len(data))
        self._sock.sendall(data)

    def _answer(self, request: HttpRequest) -> bytes:
        if request.path.partition("?")[0] != "/wsman":
            return response(HTTPStatus.NOT_FOUND)
        if request.method != "POST":
            return response(HTTPStatus.METHOD_NOT_ALLOWED)
        sealed = is_sealed(request.headers.get("content-type", ""))
        if sealed and not self._login.complete:
            return response(HTTPStatus.BAD_REQUEST)
        try:
            logon, headers = self._authenticate(request.headers.get("authorization", ""))
        except _Unauthorized as exc:
            return response(HTTPStatus.UNAUTHORIZED, exc.headers)
        if sealed:
            return self._answer_sealed(request.body, logon)
        return self._answer_clear(request.body, logon, headers)

    def _answer_sealed(self, body: bytes, logon: Logon) -> bytes:
        try:
            clear = self._login.unseal(body)
        except BadSeal:
            return response(HTTPStatus.BAD_REQUEST)
        reply = self._service.answer(clear, logon)
        return response(reply.status, [("Content-Type", CONTENT_TYPE)], self._login.seal(reply.body))

    def _answer_clear(self, body: bytes, logon: Logon, headers: Headers) -> bytes:
        if not body:
            return response(HTTPStatus.OK, headers)
        if not self._access.allow_unencrypted:
            status = self._access.clear_body_answer
            return response(status, self._access.offers() if status == HTTPStatus.UNAUTHORIZED else ())
        reply = self._service.answer(body, logon)
        return response(reply.status, [*headers, _SOAP], reply.body)

    def _authenticate(self, authorization: str) -> tuple[Logon, Headers]:
        """Who it is, and headers for the answer; raises _Unauthorized."""
        scheme, _blank, credentials = authorization.partition(" ")
        try:
            data = base64.b64decode(credentials, validate=True)
        except binascii.Error as exc:
            raise _Unauthorized(self._access.offers()) from exc
        if scheme.lower() == "negotiate":
            return self._negotiate(data)
        if scheme.lower() == "basic" and self._access.allow_basic:
            return self._basic(data), ()
        if not self._login.complete:
            raise _Unauthorized(self._access.offers())
        return self._accounts.logon(self._login.user), ()

    def _negotiate(self, token: bytes) -> tuple[Logon, Headers]:
        try:
            answer = self._login.step(token)
        except LoginRefused as exc:
            raise _Unauthorized(self._access.offers()) from exc
        coded = base64.b64encode(answer).decode("ascii")
        headers = [("WWW-Authenticate", f"Negotiate {coded}".strip())]
        if not self._login.complete:
            raise _Unauthorized(headers)
        self._counters.add(logins=1)
        return self._accounts.logon(self._login.user), headers if answer else ()

    def _basic(self, data: bytes) -> Logon:
        name, _colon, password = _text(data).partition(":")
        if not self._accounts.check(name, password):
            raise _Unauthorized(self._access.offers())
        self._counters.add(logins=1)
        return self._accounts.logon(name)


def _text(credentials: bytes) -> str:
    """Name and password of Basic, of which no client says how it is coded."""
    try:
        return credentials.decode("utf-8")
    except UnicodeDecodeError:
        return credentials.decode("latin-1")
