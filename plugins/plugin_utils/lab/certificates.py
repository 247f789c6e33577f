# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The files of a lab with https listeners: its authority, its listeners' certificates, and those of its users.

They lie beside the inventory in a folder that goes with the lab: ca.pem to trust; NAME.pem and NAME.key for each
account to log in with; stranger.pem and stranger.key, signed by the same authority but mapped to nobody.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .private import write_private
from .wsman.tls import ServerTls, server_context

if TYPE_CHECKING:
    from .pki import Authority, Identity
    from .plans import Topology, WinrmPlan

_STRANGER = "stranger"


class Certificates:
    """Made when the first listener asks; a lab without https has none, and needs no cryptography package."""

    def __init__(self, inventory: Path, topology: Topology) -> None:
        self._place = inventory.resolve().with_name(f"{inventory.stem}-certificates")
        self._accounts = [account.user for account in topology.accounts]
        self._authority: Authority | None = None
        self._written: list[Path] = []
        self._users: dict[bytes, str] = {}

    @property
    def folder(self) -> Path | None:
        """Where the files are; None when no host listens on https."""
        return self._place if self._authority else None

    def server(self, name: str, plan: WinrmPlan) -> ServerTls:
        """What the https listener of a host speaks."""
        authority = self._authority or self._begin()
        identity = authority.old_server(name) if plan.certificate == "old" else authority.server(name)
        path = self._place / f"listener-{name.lower()}.pem"
        self._save(path, identity.key_pem + identity.certificate_pem)
        return ServerTls(server_context(path, self._place / "ca.pem", old=plan.tls == "1.0"), self._users)

    def remove(self) -> None:
        """Remove the files, and the folder unless somebody else's are in it."""
        for path in self._written:
            path.unlink(missing_ok=True)
        if self._written:
            with suppress(OSError):
                self._place.rmdir()

    def _begin(self) -> Authority:
        from .pki import Authority

        self._place.mkdir(mode=0o700, exist_ok=True)
        self._authority = Authority()
        self._save(self._place / "ca.pem", self._authority.certificate_pem)
        for user in self._accounts:
            name = user.rpartition("\\")[2].lower()
            self._users[self._write(name, self._authority.client(name)).fingerprint] = user
        self._write(_STRANGER, self._authority.client(_STRANGER))
        return self._authority

    def _write(self, name: str, identity: Identity) -> Identity:
        self._save(self._place / f"{name}.pem", identity.certificate_pem)
        self._save(self._place / f"{name}.key", identity.key_pem)
        return identity

    def _save(self, path: Path, text: str) -> None:
        self._written.append(path)
        write_private(path, text)
