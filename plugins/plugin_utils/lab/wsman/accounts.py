# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Who may log on to a host, and by which names.

pyspnego's acceptor reads accounts from the one file that the environment variable NTLM_USER_FILE names. The hosts of
the lab may have different passwords for one name, so each step of a handshake holds a lock and finds in that file the
accounts of its own host and nothing else.
"""

from __future__ import annotations

import atexit
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..process import Logon

try:
    # The file takes passwords in clear only without colons, and pyspnego has no public function for the hash.
    from spnego._ntlm_raw.crypto import ntowfv1
except ImportError as exc:
    ntowfv1 = None
    SPNEGO_MISSING: ImportError | None = exc
else:
    SPNEGO_MISSING = None

if TYPE_CHECKING:
    from ..world import Host

_LOCK = threading.Lock()
_NO_LM_HASH = "0" * 32


class Accounts:
    """The accounts of one host, read anew at every login."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @contextmanager
    def visible(self) -> Iterator[None]:
        """While this lasts, pyspnego knows this host's accounts and no other's."""
        with _LOCK:
            path = _user_file()
            path.write_text("\n".join(self._lines()), encoding="utf-8")
            os.environ["NTLM_USER_FILE"] = str(path)
            yield

    def logon(self, name: str, *, credentials: bool = False) -> Logon:
        """The network logon of somebody who proved to be DOMAIN\\name, name@domain or name."""
        return Logon(f"{self._netbios()}\\{self._plain(name)}", "network", credentials=credentials)

    def knows(self, name: str) -> bool:
        """Whether there is such an account; Kerberos proves only that the domain knows it."""
        return self._plain(name) in self._host.passwords

    def check(self, name: str, password: str) -> bool:
        """Whether the password is right, for Basic."""
        known = self._host.passwords.get(self._plain(name))
        return known is not None and known == password

    def _plain(self, name: str) -> str:
        return name.rpartition("\\")[2].partition("@")[0].lower()

    def _netbios(self) -> str:
        return self._host.domain.partition(".")[0].upper()

    def _lines(self) -> Iterator[str]:
        """smbpasswd lines, one for each way a client may write the name."""
        for user, password in self._host.passwords.items():
            for name in self._names(user):
                yield f"{name}:0:{_NO_LM_HASH}:{_nt_hash(password)}:[U]:LCT-0"

    def _names(self, user: str) -> Iterator[str]:
        yield user
        domains = {self._host.domain, self._netbios(), self._host.world.directory.domain}
        for domain in domains:
            yield f"{user}@{domain}"
        # Some clients send back the target name of the challenge, which is this computer's (transport.md 5).
        for domain in domains | {self._host.name, ".", socket.gethostname()}:
            yield f"{domain}\\{user}"


@lru_cache(maxsize=1024)
def _nt_hash(password: str) -> str:
    return str(ntowfv1(password).hex().upper())


@lru_cache(maxsize=1)
def _user_file() -> Path:
    """A file that only this user can read; it goes when the process ends."""
    handle, name = tempfile.mkstemp(prefix="lab-accounts-")
    os.close(handle)
    path = Path(name)
    atexit.register(path.unlink, missing_ok=True)
    return path
