# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Logins and message encryption; both belong to one TCP connection (transport.md 4.5, 4.6, 5).

NTLM is always there. CredSSP needs `tls.py` and the cryptography package, Kerberos a keytab (KRB5_KTNAME) and the
Python packages gssapi and krb5.
"""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .tls import hold_to_tls_1_0

try:
    import spnego
    from spnego.exceptions import SpnegoError
    from spnego.tls import default_tls_context, generate_tls_certificate
except ImportError:
    spnego = None

if TYPE_CHECKING:
    from .accounts import Accounts

SPNEGO = "application/HTTP-SPNEGO-session-encrypted"
CREDSSP = "application/HTTP-CredSSP-session-encrypted"
_PIECE = 16384  # bytes of a message that CredSSP seals in one go, a record of TLS
_BOUNDARY = b"--Encrypted Boundary"
_HEAD = re.compile(rb"--\s*Encrypted Boundary\r\n\s*Content-Type: application/HTTP-\w+-session-encrypted")
_LENGTH = re.compile(rb"Length=(\d+)")
_PAYLOAD = re.compile(rb"Content-Type: application/octet-stream\r\n(.*?)(?:--\s*Encrypted Boundary--\s*)?\Z", re.DOTALL)
_KERBEROS = bytes.fromhex("06092a864886f712010202")  # the mechanism's object identifier


class LoginRefused(Exception):
    """Wrong password, unknown user, or a token that isn't one."""


class BadSeal(Exception):
    """The message isn't sealed as it should be."""


class Login:
    """The security context of one TCP connection. old_tls: CredSSP speaks TLS 1.0 only."""

    def __init__(self, accounts: Accounts, *, old_tls: bool = False) -> None:
        self._accounts = accounts
        self._old_tls = old_tls
        self._context: Any = None

    @property
    def complete(self) -> bool:
        """Whether the client has proved who it is."""
        return self._context is not None and bool(self._context.complete)

    @property
    def user(self) -> str:
        """The name as the client wrote it."""
        return str(self._context.client_principal)

    @property
    def credentials(self) -> bool:
        """Whether the client has handed over credentials to go on with."""
        if self._credssp:
            return self._context.get_extra_info("client_credential") is not None
        return bool(self._context.context_attr & spnego.ContextReq.delegate)

    @property
    def _credssp(self) -> bool:
        return str(self._context.protocol) == "credssp"

    def step(self, token: bytes, scheme: str = "negotiate") -> bytes:
        """Take one token and return the next one for the client, maybe empty; raises LoginRefused.

        scheme: negotiate, kerberos or credssp, as the client called it.
        """
        if not token:
            raise LoginRefused("no token")
        try:
            with self._accounts.visible():
                if self._context is None or self._context.complete:
                    self._context = _acceptor(token, scheme, self._old_tls)
                answer = self._context.step(token) or b""
        except (SpnegoError, ValueError, struct.error, ImportError) as exc:
            self._context = None
            raise LoginRefused(str(exc)) from exc
        if self.complete and not self._accounts.knows(self.user):
            self._context = None
            raise LoginRefused("no such account here")
        return answer

    def unseal(self, body: bytes) -> bytes:
        """The clear message in a sealed body; raises BadSeal."""
        _nothing, *parts = _HEAD.split(body)
        if not self.complete or not parts:
            raise BadSeal("not a sealed message")
        return b"".join(map(self._unseal, parts))

    def seal(self, clear: bytes) -> tuple[str, bytes]:
        """The Content-Type and the body that carry this message sealed."""
        protocol, size = (CREDSSP, _PIECE) if self._credssp else (SPNEGO, len(clear))
        pieces = [clear[start : start + size] for start in range(0, len(clear), size)]
        kind = "multipart/x-multi-encrypted" if len(pieces) > 1 else "multipart/encrypted"
        body = b"".join([*(self._seal(piece, protocol) for piece in pieces), _BOUNDARY, b"--\r\n"])
        return f'{kind};protocol="{protocol}";boundary="Encrypted Boundary"', body

    def _unseal(self, part: bytes) -> bytes:
        length, payload = _LENGTH.search(part), _PAYLOAD.search(part)
        if length is None or payload is None:
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

    def _seal(self, clear: bytes, protocol: str) -> bytes:
        sealed = self._context.wrap_winrm(clear)
        head = (
            f"\r\n\tContent-Type: {protocol}\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;"
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
            )
        )


def _acceptor(token: bytes, scheme: str, old_tls: bool) -> Any:
    """A context for CredSSP, for a bare token of NTLM or Kerberos (pywinrm), or for one in SPNEGO (pypsrp)."""
    more: dict[str, Any] = {}
    if scheme == "credssp":
        protocol, more = "credssp", {"credssp_tls_context": _credssp_tls(old_tls)}
    elif token.startswith(b"NTLMSSP\0"):
        protocol = "ntlm"
    else:
        protocol = "kerberos" if _KERBEROS in token[:20] else "negotiate"
    return spnego.server(hostname="node", service="http", protocol=protocol, **more)


@lru_cache(maxsize=2)
def _credssp_tls(old: bool) -> Any:
    """The TLS inside CredSSP, with a self-signed certificate, as on Windows."""
    found = default_tls_context(usage="accept")
    certificate, key, found.public_key = generate_tls_certificate()
    with TemporaryDirectory(prefix="lab-credssp-") as folder:
        path = Path(folder, "identity.pem")
        path.write_bytes(certificate + key)
        found.context.load_cert_chain(path)
    if old:
        hold_to_tls_1_0(found.context)
    return found


def is_sealed(content_type: str) -> bool:
    """Whether a Content-Type announces a sealed body."""
    return content_type.lower().startswith(("multipart/encrypted", "multipart/x-multi-encrypted"))
