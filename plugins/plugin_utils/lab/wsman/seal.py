# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Login by NTLM and message encryption; both belong to one TCP connection (transport.md 4.5, 4.6, 5)."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

try:
    import spnego
    from spnego.exceptions import SpnegoError
except ImportError:
    spnego = None

if TYPE_CHECKING:
    from .accounts import Accounts

PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
CONTENT_TYPE = f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"'
_BOUNDARY = b"--Encrypted Boundary"
_LENGTH = re.compile(rb"Length=(\d+)")
_PAYLOAD = re.compile(rb"Content-Type: application/octet-stream\r\n(.*)--\s*Encrypted Boundary--\s*\Z", re.DOTALL)


class LoginRefused(Exception):
    """Wrong password, unknown user, or a token that isn't one."""


class BadSeal(Exception):
    """The message isn't sealed as it should be."""


class Login:
    """The security context of one TCP connection."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._context: Any = None

    @property
    def complete(self) -> bool:
        """Whether the client has proved who it is."""
        return self._context is not None and bool(self._context.complete)

    @property
    def user(self) -> str:
        """The name as the client wrote it."""
        return str(self._context.client_principal)

    def step(self, token: bytes) -> bytes:
        """Take one token and return the next one for the client, maybe empty; raises LoginRefused."""
        if not token:
            raise LoginRefused("no token")
        try:
            with self._accounts.visible():
                if self._context is None or self._context.complete:
                    self._context = _acceptor(token)
                return self._context.step(token) or b""
        except (SpnegoError, ValueError, struct.error) as exc:
            self._context = None
            raise LoginRefused(str(exc)) from exc

    def unseal(self, body: bytes) -> bytes:
        """The clear message in a sealed body; raises BadSeal."""
        length, payload = _LENGTH.search(body), _PAYLOAD.search(body)
        if not self.complete or length is None or payload is None:
            raise BadSeal("not a sealed message")
        blob = payload.group(1)
        try:
            (size,) = struct.unpack_from("<i", blob)
            clear = bytes(self._context.unwrap_winrm(blob[4 : 4 + size], blob[4 + size :]))
        except (SpnegoError, ValueError, struct.error) as exc:
            raise BadSeal(str(exc)) from exc
        if len(clear) != int(length.group(1)):
            raise BadSeal("the message has not the length it says")
        return clear

    def seal(self, clear: bytes) -> bytes:
        """The body, of type CONTENT_TYPE, that carries this message sealed."""
        sealed = self._context.wrap_winrm(clear)
        head = (
            f"\r\n\tContent-Type: {PROTOCOL}\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;"
            f"Length={len(clear) + sealed.padding_length}\r\n"
        )
        return b"".join(
            (
                _BOUNDARY,
                head.encode(),
                _BOUNDARY,
                b"\r\n\tContent-Type: application/octet-stream\r\n",
                struct.pack("<i", len(sealed.header)),
                sealed.header,
                sealed.data,
                _BOUNDARY,
                b"--\r\n",
            )
        )


def _acceptor(token: bytes) -> Any:
    """A context for a bare NTLM token (pywinrm) or one in SPNEGO (pypsrp)."""
    protocol = "ntlm" if token.startswith(b"NTLMSSP\0") else "negotiate"
    return spnego.server(hostname="node", service="http", protocol=protocol)


def is_sealed(content_type: str) -> bool:
    """Whether a Content-Type announces a sealed body."""
    return content_type.lower().startswith("multipart/encrypted")
