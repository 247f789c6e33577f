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
| T7 | the cluster tools: from Adminpak.msi on 2003 and XP, from RSAT-Clustering on 2008 |

What no rule names is a no. SP3 came after the rules and is taken like SP2; the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from ._versions import RELEASES, parse_version

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


@cache
def lost_tools(family: str, before: str, after: str) -> tuple[str, ...]:
    """Releases of tools that manage a server of a cluster at one release somewhere, and nowhere at another one.

    Nothing for what is no release, or no cluster's Windows.
    """
    if family not in CLUSTER_FAMILIES or not {before, after} <= set(RELEASES):
        return ()

    def of_use(tools: str, release: str) -> bool:
        server = {"release": release, "os_family": family}
        return any(can_manage(tools, admin, server).allowed for admin in NAMES)

    return tuple(tools for tools in RELEASES if of_use(tools, before) and not of_use(tools, after))


def cluster_tools(admin_os: str) -> dict[str, str]:
    """How a computer gets the cluster tools, T5 and T7: way (feature, adminpak or none) and family managed."""
    admin = _known("admin_os", admin_os, NAMES)
    way = {"2008": "feature", "vista": "none"}.get(admin, "adminpak")
    return {"way": way, "manages": FAMILIES[admin] if way != "none" else ""}


# --- one computer --------------------------------------------------------------------------------------------------


def servers_of(readings: Iterable[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The mailbox servers that are to be managed, each once: name, release, os_family, clustered.

    readings: `exchange` of exchange_info, of cluster nodes. wanted: those that somebody named, completed from the
    readings; empty for all that were read. What was not read is None.
    """
    found: dict[str, dict[str, Any]] = {}
    for reading in readings:
        family = reading["os"]["family"]
        servers = reading["clustered_mailbox_servers"]
        for server in servers:
            found.setdefault(server["name"].casefold(), _server(server["name"], server.get("release"), family))
        if not servers and reading.get("clustered_mailbox_servers_error"):
            name = f"the mailbox servers of {reading['node']}"
            found.setdefault(name.casefold(), _server(name, None, family))
    if not wanted:
        return sorted(found.values(), key=lambda server: str(server["name"]))
    read = [found.get(str(server.get("name")).casefold(), {}) for server in wanted]
    return [
        {**_server(server.get("name"), None, None), **seen, **server} for seen, server in zip(read, wanted, strict=True)
    ]


def _server(name: Any, release: Any, family: Any) -> dict[str, Any]:
    return {"name": name, "release": release, "os_family": family, "clustered": True}


def report(computer: Mapping[str, Any], servers: Sequence[Mapping[str, Any]], *, strict: bool) -> dict[str, Any]:
    """What a computer may manage, how it gets the cluster tools, and why it is not to get them.

    computer: `exchange` of exchange_info. strict: it has to be able to manage every one of the servers; else one that
    it could reach with cluster tools is enough. refusal is {} or rule, seen, advice; way '' where nobody knows.
    """
    family, tools = str(computer["os"]["family"]), _tools(computer)
    verdicts = [(str(server["name"]), server, _verdict(tools, family, server)) for server in servers]
    way = cluster_tools(family)["way"] if family in NAMES else ""
    return {
        "tools": tools,
        "way": way,
        "may": [name for name, _server, verdict in verdicts if verdict.allowed],
        "may_not": [{"name": name, **verdict.as_dict()} for name, _server, verdict in verdicts if not verdict.allowed],
        "refusal": _refusal(family, way, verdicts, strict=strict),
        "lines": [_title(computer, family, tools), *(_line(name, s, verdict) for name, s, verdict in verdicts)],
    }


def _tools(computer: Mapping[str, Any]) -> str:
    """Release of the management tools; '' for none. What their version is no release of is told by that version."""
    version = (computer.get("roles") or {}).get("AdminTools")
    parsed = parse_version(version)
    return (parsed.release or str(parsed)) if parsed else str(version or "")


_FAR = "Use Remote Desktop to a node of that cluster."


def _verdict(tools: str, family: str, server: Mapping[str, Any]) -> Verdict:
    """As can_manage(), for what somebody read: anything may be unknown."""
    if not server.get("release") or (server.get("clustered", True) and not server.get("os_family")):
        text = "Its release or its Windows was not read, and unknown is a no."
        return Verdict(False, "unknown", text, "Run with the nodes of its cluster, or say both.")
    if family not in NAMES:
        return Verdict(False, "unknown", f"Nothing says what Windows {family} may manage.", _FAR)
    try:
        verdict = can_manage(tools or "sp1", family, dict(server))
        if tools or not _administers(family, server):
            return verdict
    except ValueError as error:
        return Verdict(False, "unknown", f"Nothing is said about it: {error}.", _FAR)
    missing = f"Install the management tools of {str(server['release']).upper()} there. {_FAR}"
    return Verdict(False, "tools", "No Exchange management tools are installed there.", missing)


def _administers(family: str, server: Mapping[str, Any]) -> bool:
    """Whether the cluster tools of that Windows reach the server's cluster, whatever Exchange tools there are."""
    return bool(cluster_tools(family)["manages"] == str(server.get("os_family")) and server.get("clustered", True))


def _refusal(
    family: str, way: str, verdicts: Sequence[tuple[str, Mapping[str, Any], Verdict]], *, strict: bool
) -> dict[str, str]:
    if way in ("", "none"):
        name = NAMES.get(family, f"Windows {family}")
        rule = "T3" if way else "unknown"
        return _refused(rule, f"There are no cluster tools for {name} that reach a cluster of Exchange 2007.", _FAR)
    if not verdicts:
        text = "Nobody said what the computer is to manage, and no clustered mailbox server was read."
        return _refused("input", text, "Give management_tools_clusters, or run with the nodes of the clusters.")
    forbidden = [(name, verdict) for name, _server, verdict in verdicts if not verdict.allowed]
    named = [(name, verdict) for name, verdict in forbidden if verdict.rule != "tools"]
    if not strict and any(_administers(family, server) for _name, server, _verdict in verdicts):
        return {}
    if not named:
        return {}
    also = "".join(f" Also {name} ({verdict.rule}): {verdict.reason}" for name, verdict in named[1:])
    name, first = named[0]
    return _refused(first.rule, f"{name}: {first.reason}", f"{first.alternative}{also}")


def _refused(rule: str, seen: str, advice: str) -> dict[str, str]:
    return {"rule": rule, "seen": seen, "advice": advice}


def _title(computer: Mapping[str, Any], family: str, tools: str) -> str:
    have = f"Exchange management tools {tools.upper()}" if tools else "no Exchange management tools"
    return f"{computer['node']}: {NAMES.get(family, f'Windows {family}')}, {have}"


def _line(name: str, server: Mapping[str, Any], verdict: Verdict) -> str:
    family = str(server.get("os_family") or "")
    windows = f" on {NAMES.get(family, f'Windows {family}')}" if family else ""
    release = str(server.get("release") or "").upper() or "release unknown"
    what = f"{name} ({release}{windows})"
    if verdict.allowed:
        return f"may manage {what} [{verdict.rule}]{f' {verdict.assumption}' if verdict.assumption else ''}"
    return f"may not manage {what} [{verdict.rule}]: {verdict.reason} {verdict.alternative}"


# --- every cell ----------------------------------------------------------------------------------------------------


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
