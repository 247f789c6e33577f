# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Which Exchange management tools on which computer may manage which mailbox server. Pure (sources.md: tools-matrix).

| rule | text |
|---|---|
| T1 | RTM tools manage clustered mailbox servers at RTM, from Windows Server 2003 or XP |
| T2 | SP1 and SP2 tools manage those at SP1 or SP2, from Windows Server 2008, 2003 or XP |
| T3 | no clustered mailbox server from Vista; stand-alone servers yes, with SP1 or SP2 tools |
| T4 | the Cluster service is not administered across operating systems |
| T5 | one version of the cluster tools on a computer |
| T6 | otherwise: Remote Desktop to a computer that fits |

What no rule names is a no. SP3 came after the rules and is taken like SP2; the answer says so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ._versions import RELEASES

FAMILIES = {"2003": "2003", "xp": "2003", "2008": "2008", "vista": "2008"}
NAMES = {"2003": "Windows Server 2003", "xp": "Windows XP", "vista": "Windows Vista", "2008": "Windows Server 2008"}
CLUSTER_FAMILIES = ("2003", "2008")
_SERVICE_PACKS = ("sp1", "sp2", "sp3")


@dataclass(frozen=True)
class Verdict:
    """Whether tools may manage a server. rule: T1 to T4, or input for what no rule names; alternative '' where allowed.

    assumption: what the answer takes for granted beyond the rules, '' for nothing.
    """

    allowed: bool
    rule: str
    reason: str
    alternative: str = ""
    assumption: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Public form."""
        return asdict(self)


def can_manage(tools: str, admin_os: str, cms: dict[str, Any]) -> Verdict:
    """tools: release of the tools; admin_os: 2003, xp, vista or 2008; cms: release, os_family, clustered (true).

    Raises ValueError that names a value which is none of these.
    """
    tools = _known("tools", tools, RELEASES)
    admin = _known("admin_os", admin_os, NAMES)
    release = _known("release", cms.get("release"), RELEASES)
    if not cms.get("clustered", True):
        return _stand_alone(tools, admin, release)
    family = _known("os_family", cms.get("os_family"), CLUSTER_FAMILIES)
    return _clustered(tools, admin, release, family)


def _clustered(tools: str, admin: str, release: str, family: str) -> Verdict:
    node = f"Use Remote Desktop to a node of that cluster, which has the fitting tools ({NAMES[family]})."
    if admin == "vista":
        return Verdict(False, "T3", "No clustered mailbox server can be managed from Windows Vista.", node)
    if FAMILIES[admin] != family:
        reason = f"A cluster on {NAMES[family]} is not administered from {NAMES[admin]}."
        return Verdict(False, "T4", reason, node)
    if family == "2008" and release == "rtm":
        return Verdict(False, "T2", "Exchange 2007 RTM does not run on Windows Server 2008.", "Check the release.")
    if (tools == "rtm") != (release == "rtm"):
        reason = f"Nothing says that {tools.upper()} tools manage a clustered mailbox server at {release.upper()}."
        return Verdict(False, "T1" if release == "rtm" else "T2", reason, node)
    rule = "T1" if tools == "rtm" else "T2"
    reason = f"{tools.upper()} tools on {NAMES[admin]} manage clustered mailbox servers at {release.upper()}."
    return Verdict(True, rule, reason, assumption=_assumption(tools, release))


def _stand_alone(tools: str, admin: str, release: str) -> Verdict:
    """Only Vista is named for stand-alone servers."""
    if admin == "vista" and tools in _SERVICE_PACKS and release in _SERVICE_PACKS:
        reason = f"{tools.upper()} tools on Windows Vista manage stand-alone servers."
        return Verdict(True, "T3", reason, assumption=_assumption(tools, release))
    reason = f"Nothing says that {tools.upper()} tools on {NAMES[admin]} manage a stand-alone {release.upper()} server."
    return Verdict(False, "T3", reason, "Use Remote Desktop to the server itself.")


def _assumption(*releases: str) -> str:
    return "SP3 is taken like SP2: the rules were written before it." if "sp3" in releases else ""


def cluster_tools(admin_os: str) -> dict[str, str]:
    """How a computer gets the cluster tools, T5 and T7: way (feature, adminpak or none) and family managed."""
    admin = _known("admin_os", admin_os, NAMES)
    way = {"2008": "feature", "vista": "none"}.get(admin, "adminpak")
    return {"way": way, "manages": FAMILIES[admin] if way != "none" else ""}


def matrix() -> list[tuple[str, str, str, str, Verdict]]:
    """Every cell for clustered mailbox servers: tools, computer, release, cluster's Windows, verdict."""
    return [
        (tools, admin, release, family, can_manage(tools, admin, {"release": release, "os_family": family}))
        for tools in RELEASES
        for admin in NAMES
        for release in RELEASES
        for family in CLUSTER_FAMILIES
    ]


def _known(what: str, value: Any, known: Any) -> str:
    text = str(value).strip().lower()
    if text not in known:
        raise ValueError(f"{what} {value!r}: give one of {', '.join(known)}")
    return text
