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
from .seal import BadSeal, Login, LoginRefused, is_sealed
from .service import NoAnswer, Service
from .tls import MUTUAL, ServerTls

if TYPE_CHECKING:
    from ..process import Logon
    from ..world import Host

Headers = Sequence[tuple[str, str]]
_COUNTING = threading.Lock()
_SOAP = ("Content-Type", "application/soap+xml;charset=UTF-8")
_BASIC = 'Basic realm="WSMAN"'


@dataclass(frozen=True)
class Access:
    """What is let in.

    clear_body_answer: 401 or 500, by version (transport.md 4.4); largest_body in bytes; old_tls: inside CredSSP.
    """

    allow_unencrypted: bool = False
    allow_basic: bool = False
    clear_body_answer: int = 401
    largest_body: int = 2 * 150 * 1024
    allow_credssp: bool = False
    old_tls: bool = False

    def offers(self) -> Headers:
        """What a client without a login is told; Windows doesn't offer NTLM by its own name."""
        schemes = {"Negotiate": True, "Kerberos": True, "CredSSP": self.allow_credssp, _BASIC: self.allow_basic}
        return [("WWW-Authenticate", scheme) for scheme, allowed in schemes.items() if allowed]

    def tokens(self, scheme: str) -> str:
        """The offer that this scheme of a client's token belongs to; empty when it isn't taken."""
        offers = {"negotiate": "Negotiate", "kerberos": "Kerberos"} | (
            {"credssp": "CredSSP"} if self.allow_credssp else {}
        )
        return offers.get(scheme, "")


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
        self,
        sock: socket.socket,
        host: Host,
        service: Service,
        *,
        access: Access,
        counters: Counters,
        tls: ServerTls | None = None,
    ) -> None:
        self._sock = sock
        self._tls = tls
        self._certified = ""  # the account that the client's certificate is mapped to
        self._host = host
        self._service = service
        self._access = access
        self._counters = counters
        self._accounts = Accounts(host)
        self._login = Login(self._accounts, old_tls=access.old_tls)

    def serve(self) -> None:
        """Answer requests; returns when the connection is over."""
        try:
            with self._sock:
                if self._tls is not None:
                    self._sock, self._certified = self._tls.shake_hands(self._sock)
                with self._sock, self._sock.makefile("rb") as stream:
                    while self._serve_one(stream):
                        pass
        except OSError:
            return  # the client, or drop(), closed it

    def drop(self) -> None:
        """Close the connection at once, in the middle of whatever it does."""
        try:
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)  # no word of TLS, and none of it pulled away
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
        content_type, sealed = self._login.seal(reply.body)
        return response(reply.status, [("Content-Type", content_type)], sealed)

    def _answer_clear(self, body: bytes, logon: Logon, headers: Headers) -> bytes:
        if not body:
            return response(HTTPStatus.OK, headers)
        if not self._access.allow_unencrypted and self._tls is None:
            status = self._access.clear_body_answer
            return response(status, self._access.offers() if status == HTTPStatus.UNAUTHORIZED else ())
        reply = self._service.answer(body, logon)
        return response(reply.status, [*headers, _SOAP], reply.body)

    def _authenticate(self, authorization: str) -> tuple[Logon, Headers]:
        """Who it is, and headers for the answer; raises _Unauthorized."""
        scheme, _blank, credentials = authorization.partition(" ")
        if authorization == MUTUAL:
            return self._certificate(), ()
        try:
            data = base64.b64decode(credentials, validate=True)
        except binascii.Error as exc:
            raise _Unauthorized(self._access.offers()) from exc
        offer = self._access.tokens(scheme.lower())
        if offer:
            return self._negotiate(data, offer)
        if scheme.lower() == "basic" and self._access.allow_basic:
            return self._basic(data), ()
        if not self._login.complete:
            raise _Unauthorized(self._access.offers())
        return self._logon(), ()

    def _logon(self) -> Logon:
        return self._accounts.logon(self._login.user, credentials=self._login.credentials)

    def _negotiate(self, token: bytes, offer: str) -> tuple[Logon, Headers]:
        try:
            answer = self._login.step(token, offer.lower())
        except LoginRefused as exc:
            raise _Unauthorized(self._access.offers()) from exc
        coded = base64.b64encode(answer).decode("ascii")
        headers = [("WWW-Authenticate", f"{offer} {coded}".strip())]
        if not self._login.complete:
            raise _Unauthorized(headers)
        self._counters.add(logins=1)
        return self._logon(), headers if answer else ()

    def _certificate(self) -> Logon:
        if not self._certified:
            raise _Unauthorized(self._access.offers())
        return self._accounts.logon(self._certified)

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
