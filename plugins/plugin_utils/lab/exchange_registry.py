# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What Exchange and the Cluster service write to a node's registry, kept true (exchange.md 4.3, 5.2)."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import Bits, Cluster, Host, Version

EXCHANGE = r"HKLM\SOFTWARE\Microsoft\Exchange\v8.0"
PATCHES = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18"
    r"\Products\461C2B4266EDEF444B864AD6D9E5B613\Patches"
)
CLUSTER = r"HKLM\Cluster"
_NAMESPACE = uuid.UUID("6d9e5b61-3b86-4ad6-8edf-461c2b4266ed")


def dotted(version: Version) -> str:
    """8.0.685.25."""
    return ".".join(map(str, version))


def role_key(role: str) -> str:
    """The key of a role such as MailboxRole or ClusteredMailboxServer."""
    return f"{EXCHANGE}\\{role}"


def write_bits(host: Host, bits: Bits) -> None:
    """Versions, folder and rollups of the installed program files."""
    for role in bits.roles:
        write_role(host, role, bits.version)
    setup = f"{EXCHANGE}\\Setup"
    names = ("MsiProductMajor", "MsiProductMinor", "MsiBuildMajor", "MsiBuildMinor")
    for name, number in zip(names, bits.version, strict=True):
        host.registry.set(setup, name, number)
    host.registry.set(setup, "MsiInstallPath", bits.path + "\\")
    host.registry.delete_key(PATCHES)
    for rollup in bits.rollups:
        patch = f"{PATCHES}\\{uuid.uuid5(_NAMESPACE, rollup).hex.upper()}"
        host.registry.set(patch, "DisplayName", rollup)
        host.registry.set(patch, "Installed", host.world.date().strftime("%Y%m%d"))


def write_role(host: Host, role: str, version: Version) -> None:
    """A role is configured at a version."""
    host.registry.set(role_key(role), "ConfiguredVersion", dotted(version))
    host.registry.set(role_key(role), "UnpackedVersion", dotted(version))


def mark(host: Host, role: str, action: str, step: str) -> None:
    """Setup is at work on a role (exchange.md 4.3)."""
    host.registry.set(role_key(role), "Action", action)
    host.registry.set(role_key(role), "Watermark", watermark(action, step))


def watermark(action: str, step: str) -> str:
    """The id of the step that Setup was at."""
    return _guid(f"{action} {step}")


def unmark(host: Host, role: str) -> None:
    """Setup finished a role."""
    host.registry.delete_value(role_key(role), "Action")
    host.registry.delete_value(role_key(role), "Watermark")


def marks(host: Host) -> dict[str, str]:
    """Role key name -> Action, for every role with a mark of an unfinished Setup; an Action may be missing."""
    found = {}
    for role in host.registry.subkeys(EXCHANGE):
        values = {v.name.lower(): v.data for v in host.registry.values(role_key(role))}
        if "watermark" in values or "action" in values:
            found[role] = str(values.get("action", ""))
    return found


def publish_cluster(host: Host, running: bool) -> None:
    """HKLM\\Cluster is loaded while the Cluster service runs (windows-cli.md 2.3)."""
    host.registry.delete_key(CLUSTER)
    cluster = host.cluster
    if cluster is None or not running:
        return
    host.registry.set(CLUSTER, "ClusterName", cluster.name)
    for number, member in enumerate(cluster.members, 1):
        host.registry.set(f"{CLUSTER}\\Nodes\\{number}", "NodeName", member.name)
    for group in cluster.groups:
        contained = []
        for resource in group.resources:
            guid = _guid(f"{cluster.name} {resource.name}")
            contained.append(guid)
            host.registry.set(f"{CLUSTER}\\Resources\\{guid}", "Name", resource.name)
            host.registry.set(f"{CLUSTER}\\Resources\\{guid}", "Type", resource.type)
        key = f"{CLUSTER}\\Groups\\{_guid(f'{cluster.name} {group.name}')}"
        host.registry.set(key, "Name", group.name)
        host.registry.set(key, "Contains", contained)
    _publish_properties(host, cluster)


def _publish_properties(host: Host, cluster: Cluster) -> None:
    """Common properties stand in the key of what they belong to, private ones in its Parameters."""
    keys = {("cluster", ""): CLUSTER}
    for number, member in enumerate(cluster.members, 1):
        keys["node", member.name.lower()] = f"{CLUSTER}\\Nodes\\{number}"
    for group in cluster.groups:
        keys["group", group.name.lower()] = f"{CLUSTER}\\Groups\\{_guid(f'{cluster.name} {group.name}')}"
        for resource in group.resources:
            guid = _guid(f"{cluster.name} {resource.name}")
            keys["resource", resource.name.lower()] = f"{CLUSTER}\\Resources\\{guid}"
    for place, values in cluster.properties.items():
        above = keys[place.kind, place.name]
        for value in values.values():
            host.registry.set(f"{above}\\Parameters" if place.private else above, value.name, value.data, value.type)


@lru_cache(maxsize=4096)
def _guid(text: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, text))
