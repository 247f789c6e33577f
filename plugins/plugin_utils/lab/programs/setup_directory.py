# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What Setup prepares in Active Directory: which order does what, who may, and what stands there afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..feature_tree import DIRECTORY_TOOLS
from ..releases import release_of

if TYPE_CHECKING:
    from ..process import Process
    from ..world import Host, Version

PARTS = ("schema", "organization", "system_objects")
# exchange.md 10: Enterprise Admins, for the schema Schema Admins as well
_RIGHTS = {"schema": ("schema", "directory"), "organization": ("directory",), "system_objects": ("directory",)}
_GROUPS = {"schema": "Schema Admins", "directory": "Enterprise Admins"}


@dataclass(frozen=True)
class Order:
    """What one parameter of Setup prepares; step is the name of its line."""

    step: str
    parts: tuple[str, ...]


# assumption: exchange.md 3.1 has the parameters only; the names of their steps are unknown
ORDERS = {
    "prepareschema": Order("Extending Active Directory schema", ("schema",)),
    "preparead": Order("Organization Preparation", PARTS),
    "preparedomain": Order("Domain Preparation", ("system_objects",)),
    "preparealldomains": Order("Domain Preparation", ("system_objects",)),
    # Only an organisation with older Exchange servers has such permissions, and the lab has none.
    "preparelegacyexchangepermissions": Order("Legacy Exchange Permissions", ()),
}


def lacking(host: Host, version: Version, parts: tuple[str, ...] = PARTS) -> list[str]:
    """The parts that are older in the directory than this release leaves them."""
    release, directory = release_of(version), host.world.directory
    return [part for part in parts if getattr(directory, part) < getattr(release, part)]


def refusal(host: Host, version: Version, user: str, parts: tuple[str, ...] = PARTS) -> str | None:
    """Why this user on this computer can't prepare what is lacking."""
    rights = host.world.directory.rights.get(user.rpartition("\\")[2].lower(), ())
    missing = lacking(host, version, parts)
    needed = [right for part in missing for right in _RIGHTS[part] if right not in rights]
    if needed:
        what = "schema" if "schema" in missing else "organization"
        groups = "' and '".join(_GROUPS[right] for right in dict.fromkeys(needed))
        return (
            f"The Active Directory {what} is not up-to-date, and this user account is not a member of the "
            f"'{groups}' groups."
        )
    return tools_missing(host) if missing else None


def tools_missing(host: Host) -> str | None:
    """exchange.md 10: RSAT-ADDS where schema or directory is prepared from Windows Server 2008."""
    if host.windows.family != "2008" or DIRECTORY_TOOLS in host.features:
        return None
    return f"The directory cannot be prepared from this computer without '{DIRECTORY_TOOLS}'."


def newer_there(host: Host, version: Version, act: str) -> str | None:
    """The media are older than what the directory has: nothing goes back.

    assumption: the sentence is Exchange 2010's in the same case.
    """
    release, directory = release_of(version), host.world.directory
    part = {"prepareschema": "schema", "preparead": "organization"}.get(act, "system_objects")
    found, own = getattr(directory, part), getattr(release, part)
    if found <= own or not ORDERS[act].parts:
        return None
    word = {"schema": "schema", "organization": "organization", "system_objects": "domain"}[part]
    parameter = {"prepareschema": "PrepareSchema", "preparead": "PrepareAD"}.get(act, "PrepareDomain")
    return (
        "Setup encountered a problem while validating the state of Active Directory: "
        f"The Active Directory {word} version ({found}) is higher than the version of Setup ({own}). Therefore, "
        f"'{parameter}' cannot be executed."
    )


def prepare(proc: Process, version: Version, parts: tuple[str, ...] = PARTS) -> None:
    """The parts get this release's numbers; what has them already stays as it is."""
    world = proc.host.world
    release = release_of(version)
    with world.lock:
        for part in lacking(proc.host, version, parts):
            number = getattr(release, part)
            setattr(world.directory, part, number)
            world.truth.effect(proc.host, "directory", f"{part.replace('_', ' ')} {number}", release.name, proc)
