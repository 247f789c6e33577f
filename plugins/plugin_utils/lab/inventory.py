# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The Ansible inventory of a running lab."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .private import write_private

if TYPE_CHECKING:
    from .plans import Account
    from .world import Host, World

_WINRM_DEFAULT_PAGE = 437


@dataclass(frozen=True)
class Ports:
    """Where the WinRM of a host listens; https is None without such a listener."""

    http: int
    https: int | None = None


def inventory(world: World, ports: dict[str, Ports], account: Account, certificates: Path | None) -> dict[str, Any]:
    """Cluster nodes in exchange_nodes, other computers in exchange_computers; ports by host name.

    Those of them that are no Exchange servers, only have tools or may get them, are in exchange_admin_computers too.

    certificates: the folder with ca.pem and the files of users, where there is one.
    """
    nodes = {h.name.lower(): _host(h, ports[h.name]) for h in world.hosts.values() if h.cluster}
    others = {h.name.lower(): _host(h, ports[h.name]) for h in world.hosts.values() if not h.cluster}
    login: dict[str, Any] = {
        "ansible_connection": "mailops.exchange2007.winrs",
        "ansible_user": account.user,
        "ansible_password": account.password,
        "ansible_winrs_transport": "ntlm",
        "ansible_winrs_scheme": "http",
    }
    if certificates is not None:
        login["lab_certificates"] = str(certificates)
    groups: dict[str, Any] = {"exchange_nodes": {"hosts": nodes, "vars": login}}
    if others:
        groups["exchange_computers"] = {"hosts": others, "vars": login}
    admins: dict[str, Any] = {h.name.lower(): {} for h in world.hosts.values() if not h.cluster and not _serves(h)}
    if admins:
        groups["exchange_admin_computers"] = {"hosts": admins}
    return groups


def _serves(host: Host) -> bool:
    return host.bits is not None and set(host.bits.roles) != {"AdminTools"}


def write(path: Path, data: dict[str, Any]) -> None:
    """Write it so that only its owner can read the password."""
    write_private(path, yaml.dump(data, Dumper=_NoAliases, sort_keys=False, allow_unicode=True))


class _NoAliases(yaml.SafeDumper):
    """Repeats what stands twice instead of pointing to it."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _host(host: Host, ports: Ports) -> dict[str, Any]:
    found: dict[str, Any] = {"ansible_host": "127.0.0.1", "ansible_port": ports.http}
    if ports.https is not None:
        found["lab_https_port"] = ports.https
    if host.windows.oem_codepage != _WINRM_DEFAULT_PAGE:
        found["ansible_winrs_codepage"] = host.windows.oem_codepage
    return found
