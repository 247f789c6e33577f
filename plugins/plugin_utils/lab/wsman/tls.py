# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""TLS of an https listener, as new as this Python has it or as old as Windows Server 2008's (transport.md 9)."""

from __future__ import annotations

import hashlib
import socket
import ssl
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
_HANDSHAKE = 10.0  # real seconds a client may take
_OLD_CIPHERS = "AES128-SHA:@SECLEVEL=0"  # RC4 and 3DES, which 2003 would speak, are not compiled in any more


@dataclass(frozen=True)
class ServerTls:
    """What an https listener speaks. users: SHA-256 of a client's certificate -> account that it is mapped to."""

    context: ssl.SSLContext
    users: Mapping[bytes, str]

    def shake_hands(self, sock: socket.socket) -> tuple[ssl.SSLSocket, str]:
        """The socket in TLS and the account of the client's certificate, or empty; raises OSError."""
        sock.settimeout(_HANDSHAKE)
        secure = self.context.wrap_socket(sock, server_side=True)
        secure.settimeout(None)
        certificate = secure.getpeercert(binary_form=True)
        return secure, self.users.get(hashlib.sha256(certificate).digest(), "") if certificate else ""


def server_context(identity: Path, authority: Path, *, old: bool = False) -> ssl.SSLContext:
    """identity: PEM file of certificate and key; authority: who signs the certificates of clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if old:
        hold_to_tls_1_0(context)
    context.load_cert_chain(identity)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def hold_to_tls_1_0(context: ssl.SSLContext) -> None:
    """Windows Server 2008 without later updates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers(_OLD_CIPHERS)
