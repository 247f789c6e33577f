# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What Setup looks at before it changes anything. A refusal is an English sentence, or None."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import exchange_registry
from ..feature_tree import MAILBOX_SERVER
from ..world import GroupState

if TYPE_CHECKING:
    from ..world import Host, MailboxServer, Version

NEEDED_BYTES = 1200 * 2**20
UPGRADE = "BuildToBuildUpgrade"
UPGRADE_CMS = "UpgradeClusteredMailboxServer"
_PERFORMANCE_LOGS = ("sysmonlog", "pla")

Check = Callable[["Host", "Version"], "str | None"]


def restart_pending(host: Host, _version: Version) -> str | None:
    """exchange.md 4.2: either of the two marks blocks Setup."""
    if host.world.physics.pending_restart(host):
        return (
            "Microsoft Exchange Server setup cannot continue because a restart from a previous installation or "
            "update is pending."
        )
    return None


def unfinished(action: str) -> Check:
    """Marks of another Setup run than the one with this action (exchange.md 4.3)."""

    def check(host: Host, _version: Version) -> str | None:
        for role, found in exchange_registry.marks(host).items():
            if found != action:
                return (
                    f"A Setup failure previously occurred while installing the {role} role. Either run Setup again "
                    "for just this role, or remove the role using Control Panel."
                )
        return None

    return check


def newer(host: Host, version: Version) -> str | None:
    """The media must be newer than what is installed."""
    if host.bits is None:
        return "Exchange Server 2007 is not installed on this computer."
    if host.bits.complete and version <= host.bits.version:
        return "Another version of this product is already installed. Error code is 1638."
    return None


def windows(host: Host, version: Version) -> str | None:
    """exchange.md 7: RTM never on 2008; a service pack on 2003 needs SP2."""
    if host.windows.version.startswith("6.") and version[:2] == (8, 0):
        return "Exchange Server 2007 is not supported on this version of Windows."
    if host.windows.version.startswith("5.2") and version[:2] > (8, 0) and host.windows.service_pack < 2:
        return "Windows Server 2003 Service Pack 2 or later is required."
    return None


def disk(host: Host, _version: Version) -> str | None:
    """Room for the new files."""
    if host.files.free_bytes < NEEDED_BYTES:
        return "There is not enough free disk space to install Exchange Server 2007 on drive C:."
    return None


def groups(host: Host, _version: Version) -> str | None:
    """exchange.md 4.1: a check of this kind exists in name only, so a knob decides."""
    if not host.world.physics.knobs.setup_checks_groups or host.cluster is None:
        return None
    owned = [group.name for group in host.cluster.groups if group.owner == host.name]
    return f"Cluster resources are online on this node: '{', '.join(owned)}'." if owned else None


def components(host: Host, _version: Version) -> str | None:
    """exchange.md 10: what a mailbox server on Windows Server 2008 needs."""
    missing = [name for name in MAILBOX_SERVER if name not in host.features]
    if host.windows.family != "2008" or not missing:
        return None
    return f"Required Windows components are not installed: '{', '.join(missing)}'."


def open_files(host: Host, _version: Version) -> str | None:
    """exchange.md 2.4 step 2: what holds performance counters holds files."""
    if not host.world.physics.knobs.setup_fails_on_open_files:
        return None
    running = [s for name in _PERFORMANCE_LOGS if (s := host.services.get(name)) and s.state == "running"]
    return f"A process has open files: '{running[0].display_name}'." if running else None


def cms_here(host: Host) -> MailboxServer | None:
    """The CMS that this node owns."""
    servers = host.cluster.mailbox_servers if host.cluster else []
    return next((c for c in servers if c.group.owner == host.name), None)


def cms_node(host: Host, version: Version) -> str | None:
    """exchange.md 1 I3: what /upgradecms wants of the node."""
    if not host.world.physics.cluster_running(host):
        return "The Cluster service is not running on this computer."
    if host.bits is None or not host.bits.complete or host.bits.version != version:
        return "The version of Exchange Server on this computer is not the version of Setup."
    if cms_here(host) is None:
        return "This computer does not own a clustered mailbox server."
    return None


def cms_itself(host: Host, version: Version) -> str | None:
    """exchange.md 1 I3 and 9 no. 1: what /upgradecms wants of the CMS."""
    cms = cms_here(host)
    if cms is None:
        return None
    if cms.version >= version:
        return f"The clustered mailbox server '{cms.name}' has this version already."
    if cms.group.state() not in (GroupState.OFFLINE, GroupState.FAILED):
        return f"The clustered mailbox server '{cms.name}' must be offline."
    if _bricked(host, version):
        return f"The clustered mailbox server '{cms.name}' is already installed on this cluster."
    return None


def _bricked(host: Host, version: Version) -> bool:
    """No node with old program files is left, and nobody has deleted the key by hand (exchange.md 9 no. 1)."""
    members = host.cluster.members if host.cluster else []
    old = [m for m in members if m.bits and m.bits.version[:2] < version[:2]]
    key = exchange_registry.role_key(host.world.physics.knobs.cms_key)
    return not old and host.registry.has_key(key)
