# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""A migration from a cluster on Windows Server 2003 to a new one on 2008: readings in, readiness, plan and report out.

Pure: no I/O, no clock. A reading is one node's migration_observed, which observed() makes. Windows is not upgraded
below a cluster, so there are two of them, and Exchange moves the data (sources.md: windows-support).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._cluster import same
from ._plan import observation
from ._versions import release_rank

Reading = dict[str, Any]
_LEAST = "sp1"  # the first release that runs on 2008
_R2_LEAST = "sp3"
_GIGABYTE = 2**30
_NAMED = 20  # mailboxes that one sentence names


def observed(result: dict[str, Any], host: str, infos: Sequence[dict[str, Any]], copies: Sequence[Any]) -> Reading:
    """What a migration needs of a node; results of exchange_info, and of mailbox_info and the copies in loops."""
    return {
        **observation(result, host),
        "mailboxes": {str(r["mailbox_server"]["name"]): r["mailbox_server"] for r in infos if "mailbox_server" in r},
        "copies": {
            str(r["item"]): {"healthy": r["healthy"], "reasons": r["reasons"]} for r in copies if "healthy" in r
        },
    }


def owned(exchange: Mapping[str, Any], names: Sequence[str], kind: str = "") -> list[str]:
    """Which of these mailbox servers the node owns, from `exchange` of exchange_info; kind: ccr, scc, '' for any."""
    return [
        str(server["name"])
        for server in exchange.get("clustered_mailbox_servers") or []
        if server["owner"] == exchange["node"]
        and any(same(server["name"], name) for name in names)
        and kind in ("", server["kind"])
    ]


def _server(readings: Iterable[Reading], name: str) -> dict[str, Any] | None:
    """A clustered mailbox server as its owner sees it, else as anybody does."""
    seen = [(reading, server) for reading in readings for server in reading["servers"] if same(server["name"], name)]
    own = [server for reading, server in seen if server["owner"] == reading["node"]]
    return next(iter(own), seen[0][1] if seen else None)


def _nodes(readings: Iterable[Reading], name: str) -> list[Reading]:
    """The nodes that were read of the cluster that a server is in, in the order of their inventory names."""
    wanted = list(readings)
    clusters = {r["cluster"] for r in wanted for server in r["servers"] if same(server["name"], name)}
    return sorted((r for r in wanted if r["cluster"] in clusters), key=lambda reading: str(reading["host"]))


def _content(readings: Iterable[Reading], name: str) -> dict[str, Any] | None:
    """mailbox_info of a server, read on its owner."""
    found = (info for r in readings for server, info in r["mailboxes"].items() if same(server, name))
    return next(found, None)


def _known_as(database: Mapping[str, Any], text: str) -> bool:
    forms = (database["identity"], f"{database['storage_group']}\\{database['name']}", database["name"])
    return any(same(str(form), text) for form in forms)


def _targets(source: Mapping[str, Any], databases: Sequence[Any], wanted: Mapping[str, str]) -> list[Any]:
    """The databases of the new server that one of the old goes to: exactly one, or there is something to be said."""
    told = next((target for name, target in wanted.items() if _known_as(source, str(name))), None)
    if told is not None:
        return [database for database in databases if _known_as(database, str(told))]
    twins = [d for d in databases if same(d["name"], source["name"])]
    return [d for d in twins if same(d["storage_group"], source["storage_group"])] or twins


def moves(readings: Sequence[Reading], source: str, target: str, databases: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each database of the old server, and where its mailboxes go; a database that is empty and goes nowhere is out.

    target_database is '' where none, or more than one, fits.
    """
    old, new = _content(readings, source), _content(readings, target)
    found = []
    for database in old["databases"] if old else []:
        fitting = _targets(database, new["databases"] if new else [], databases)
        if not fitting and not database["mailboxes"]:
            continue
        found.append(
            {
                "source_database": database["identity"],
                "target_database": fitting[0]["identity"] if len(fitting) == 1 else "",
                "fitting": [each["identity"] for each in fitting],
                "mailboxes": database["mailboxes"],
                "size": database["size"],
            }
        )
    return found


def plan(readings: Sequence[Reading], source: str, target: str, databases: Mapping[str, str]) -> dict[str, Any]:
    """What will be done, and by which host: the first of the new cluster that is up, in every run the same.

    A batch that an earlier run has begun is found again on the node where it was begun only.
    """
    nodes = _nodes(readings, target)
    up = [reading["host"] for reading in nodes if reading["node"] in reading["nodes_up"]]
    return {
        "source": source,
        "target": target,
        "mover": up[0] if up else "",
        "source_hosts": [reading["host"] for reading in _nodes(readings, source)],
        "target_hosts": [reading["host"] for reading in nodes],
        "moves": moves(readings, source, target, databases),
    }


def plan_lines(planned: Mapping[str, Any]) -> list[str]:
    """The plan for people."""
    lines = [f"{planned['source']} to {planned['target']}, from node {planned['mover']}:"]
    for number, move in enumerate(planned["moves"], 1):
        lines.append(
            f"{number}. {move['mailboxes']} mailboxes ({_amount(move['size'])}): "
            f"{move['source_database']} -> {move['target_database']}"
        )
    return lines if planned["moves"] else [*lines, "no database with mailboxes is left."]


def _amount(size: int | None) -> str:
    return "size unknown" if size is None else f"{size / _GIGABYTE:.1f} GB"


# --- readiness -----------------------------------------------------------------------------------------------------


def not_ready(
    readings: Sequence[Reading], source: str, target: str, databases: Mapping[str, str], headroom: int = 20
) -> list[str]:
    """Why the migration can't begin: '(rule) what was seen. What to do.'; empty for nothing. headroom in percent."""
    reasons = _not_there(readings, source, target)
    if reasons:
        return reasons
    old_nodes = [text for reading in _nodes(readings, target) for text in _not_new(reading)]
    reasons += old_nodes or _not_at_one_release(readings, target)
    unread = [text for name in (source, target) for text in _not_running(readings, name)]
    reasons += unread + _unhealthy(readings, target)
    if any(_content(readings, name) is None for name in (source, target)):
        return reasons
    planned = moves(readings, source, target, databases)
    reasons += _without_place(planned)
    if not any(move["target_database"] == "" for move in planned):
        reasons += _dismounted(readings, source, target, planned)
        reasons += _too_small(readings, target, planned, headroom)
    return reasons


def _not_there(readings: Sequence[Reading], source: str, target: str) -> list[str]:
    if same(source, target):
        return [f"(input) migration_source and migration_target are both {source}. Name the old and the new server."]
    known = sorted({server["name"] for reading in readings for server in reading["servers"]})
    missing = [name for name in (source, target) if _server(readings, name) is None]
    if missing:
        advice = "Check the names, and that the nodes of both clusters are in migration_hosts and were read."
        return [f"(input) No node knows mailbox server {name}; seen: {', '.join(known)}. {advice}" for name in missing]
    if {r["cluster"] for r in _nodes(readings, source)} & {r["cluster"] for r in _nodes(readings, target)}:
        advice = (
            "Windows is not upgraded below a cluster: build a new cluster on 2008, with a mailbox server of its own."
        )
        return [f"(R6) {source} and {target} are in one cluster. {advice}"]
    nodes = _nodes(readings, target)
    members = sorted({member for reading in nodes for member in reading["members"]})
    unread = [member for member in members if member not in {reading["node"] for reading in nodes}]
    return [f"(R9) {', '.join(unread)} of the new cluster not read. Run again with all its nodes."] if unread else []


def _not_new(reading: Reading) -> list[str]:
    """What a node of the new cluster lacks."""
    node, windows, release = reading["node"], reading["os"], reading["release"]
    if windows not in ("2008", "2008r2"):
        advice = "The new cluster is built on Windows Server 2008; a 2003 node can't be upgraded in place."
        return [f"(R6) Node {node} runs Windows {windows or 'unknown'}. {advice}"]
    least = _R2_LEAST if windows == "2008r2" else _LEAST
    if release_rank(release) < release_rank(least):
        return [f"(R6) Node {node} has Exchange {release or 'unknown'}; this Windows needs {least.upper()} or later."]
    return []


def _not_running(readings: Sequence[Reading], name: str) -> list[str]:
    server = _server(readings, name)
    if server is None or server["state"] == "online":
        info = _content(readings, name)
        return [] if info else [f"(R9) The owner of {name} was not read. Run again with all nodes of its cluster."]
    return [f"({'R9' if server['state'] == 'unknown' else 'R3'}) {name} is {server['state']}. Bring it online first."]


def _not_at_one_release(readings: Sequence[Reading], target: str) -> list[str]:
    """The new server has the release of its nodes: nothing of an upgrade is half done."""
    server = _server(readings, target)
    releases = {reading["release"] for reading in _nodes(readings, target)}
    if server is None or releases == {server["release"]}:
        return []
    seen = ", ".join(sorted(str(release) for release in releases))
    return [f"(R4) {target} is at {server['release']}, its nodes are at {seen}. Finish their upgrade first."]


def _unhealthy(readings: Sequence[Reading], target: str) -> list[str]:
    server = _server(readings, target)
    if server is None or server["kind"] != "ccr" or server["state"] != "online":
        return []
    found = next((c for r in readings for name, c in r["copies"].items() if same(name, target)), None)
    if found is None:
        return [f"(R7) The storage group copies of {target} were not read. Run again with all nodes of its cluster."]
    return [
        f"(R7) {text} Every log of the moves has to be copied: repair the copies first." for text in found["reasons"]
    ]


def _without_place(planned: Sequence[Mapping[str, Any]]) -> list[str]:
    found = []
    for move in planned:
        if move["target_database"]:
            continue
        several = (
            f"{len(move['fitting'])} databases fit: {', '.join(move['fitting'])}" if move["fitting"] else "none fits"
        )
        found.append(
            f"(input) {move['source_database']} has {move['mailboxes']} mailboxes, and of the new server {several}. "
            "Name one in migration_databases."
        )
    return found


def _dismounted(
    readings: Sequence[Reading], source: str, target: str, planned: Sequence[Mapping[str, Any]]
) -> list[str]:
    used = {move[key] for move in planned if move["mailboxes"] for key in ("source_database", "target_database")}
    infos = [info for name in (source, target) if (info := _content(readings, name))]
    found = []
    for database in (each for info in infos for each in info["databases"] if each["identity"] in used):
        if database["mounted"] is not True:
            state = "dismounted" if database["mounted"] is False else "in an unknown state"
            found.append(f"(target) Database {database['identity']} is {state}. Mount it first.")
    return found


def _too_small(
    readings: Sequence[Reading], target: str, planned: Sequence[Mapping[str, Any]], headroom: int
) -> list[str]:
    """Disks are told apart by drive and free space: databases on one disk share both."""
    info = _content(readings, target)
    if headroom < 0 or info is None:
        return []
    disk_of = {d["identity"]: (str(d["path"])[:2].upper(), d["free"]) for d in info["databases"]}
    needs: dict[tuple[str, int | None], int | None] = {}
    for move in (each for each in planned if each["mailboxes"]):
        disk = disk_of[move["target_database"]]
        sum_before = needs.get(disk, 0)
        needs[disk] = None if move["size"] is None or sum_before is None else sum_before + move["size"]
    return [text for (drive, free), need in needs.items() if (text := _room(drive, free, need, headroom))]


def _room(drive: str, free: int | None, need: int | None, headroom: int) -> str:
    if free is None or need is None:
        what = "free space" if free is None else "size of the mailboxes"
        advice = "Read them on the servers' owners, or set migration_headroom to -1."
        return f"(R9) The {what} for disk {drive} of the new server is unknown. {advice}"
    wanted = need * (100 + headroom) // 100
    if wanted <= free:
        return ""
    return (
        f"(target) Disk {drive} of the new server has {_amount(free)} free, and {_amount(wanted)} are needed "
        f"({headroom} percent spare). Enlarge it, or spread the mailboxes with migration_databases."
    )


# --- what became of it ---------------------------------------------------------------------------------------------


def totals(readings: Sequence[Reading], source: str, target: str) -> dict[str, Any]:
    """Mailboxes, items and bytes of both servers; null where not known."""
    found = {}
    for key, name in (("source", source), ("target", target)):
        info = _content(readings, name) or {}
        found[key] = {"name": name, **{what: info.get(what) for what in ("mailboxes", "items", "size")}}
    return found


def gathered(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The results of all calls of mailbox_move in this run as one; a call that failed has its lists all the same.

    unknown: names that no call has found.
    """
    found: dict[str, Any] = {"moved": [], "failures": [], "remaining": [], "excluded": [], "reports": [], "stopped": []}
    errors, unknown = [], None
    for result in results:
        if "unknown" in result:
            names = list(result["unknown"])
            unknown = names if unknown is None else [name for name in unknown if name in names]
        for key in ("moved", "failures", "remaining", "excluded", "reports"):
            found[key] += result.get(key) or []
        if result.get("stopped"):
            found["stopped"].append(result["stopped"])
        if result.get("failed"):
            errors.append(str(result.get("msg", "")))
    return {**found, "stopped": sorted(set(found["stopped"])), "errors": errors, "unknown": unknown or []}


def left_behind(
    readings: Sequence[Reading], source: str, target: str, done: Mapping[str, Any], *, limited: bool = False
) -> list[str]:
    """What is not as it should be at the end; empty: nothing was left behind.

    limited: only some mailboxes were asked for, so that others are on the old server by intention.
    """
    found = [
        f"{failure['alias']} ({failure['cause']}): {failure['meaning'].rstrip('.')}" for failure in done["failures"]
    ]
    waiting = done["remaining"]
    if waiting:
        why = f" ({', '.join(done['stopped'])})" if done["stopped"] else ""
        named = ", ".join(waiting[:_NAMED]) + (" …" if len(waiting) > _NAMED else "")
        found.append(f"{len(waiting)} mailboxes not tried{why}: {named}")
    found += list(done["errors"])
    found += _unexplained(readings, source, done, limited)
    server = _server(readings, target)
    if server is None or server["state"] != "online":
        found.append(f"{target} is {server['state'] if server else 'unknown'}")
    return found + [
        f"{database['name']} of {target} is not seen mounted"
        for database in (server["databases"] if server else [])
        if not database["mounted"]
    ]


def _unexplained(readings: Sequence[Reading], source: str, done: Mapping[str, Any], limited: bool) -> list[str]:
    """Mailboxes on the old server that no list of this run names."""
    info = _content(readings, source)
    if info is None or info["mailboxes"] is None:
        return [f"the mailboxes of {source} could not be counted"]
    known = len(done["failures"]) + len(done["remaining"]) + len(done["excluded"])
    if limited or info["mailboxes"] <= known:
        return []
    return [
        f"{info['mailboxes'] - known} more mailboxes are on {source}: new ones, or a call failed before it read them"
    ]


def report(facts: Sequence[Mapping[str, Any]], source: str, target: str, written_at: str) -> dict[str, Any]:
    """The report's content, from the migration_ facts of all hosts."""
    before = [host["migration_before"] for host in facts if "migration_before" in host]
    after = [host["migration_observed"] for host in facts]
    first = {key: next((host[key] for host in facts if key in host), None) for key in _FIRST}
    done = first["migration_moved"] or gathered([])
    missing = first["migration_left_behind"]
    if missing is not None:
        missing = [*missing, *folders_left(first["migration_public_folder_result"])]
    return {
        "source": source,
        "target": target,
        "written_at": written_at,
        "proven": missing == [],
        "missing": missing if missing is not None else ["not proven yet"],
        "failed": first["migration_failed"],
        "before": totals(before, source, target),
        "after": totals(after, source, target),
        "plan": first["migration_plan"],
        "mailboxes": done,
        "public_folders": first["migration_public_folder_result"],
        "nodes": [
            {"name": r["node"], "host": r["host"], "cluster": r["cluster"], "release": r["release"], "os": r["os"]}
            for r in after
        ],
    }


def folders_left(result: Mapping[str, Any] | None) -> list[str]:
    """What public_folder_replica has not finished; None: it was not to be done, or was not reached."""
    if result is None or result.get("skipped"):
        return []
    if result.get("failed"):
        return [str(result.get("msg", "the public folders could not be moved"))]
    left = result.get("left") or []
    return [f"{len(left)} public folders are still there, such as {left[0]}"] if left else []


def _folders(result: Mapping[str, Any] | None) -> list[str]:
    """How many public folders are where, where that was read."""
    if not result or "after" not in result:
        return []
    source, target = (result["after"][side] for side in ("source", "target"))
    if source["database"] is None:
        return [f"public folders: {source['server']} has none"]
    return [
        "public folders: "
        + ", ".join(
            f"{'?' if side['folders'] is None else side['folders']} ({_amount(side['size'])}) on {side['server']}"
            for side in (source, target)
        )
    ]


def recap(content: Mapping[str, Any], path: str) -> list[str]:
    """The report in a few lines, for the end of a run."""
    before, after, done = content["before"], content["after"], content["mailboxes"]
    lines = [
        f"{before[side]['name']}: {_count(before[side])} before, {_count(after[side])} now"
        for side in ("source", "target")
    ]
    lines.append(f"moved {len(done['moved'])}, failed {len(done['failures'])}, not tried {len(done['remaining'])}")
    verdict = "proven" if content["proven"] else "NOT finished: " + "; ".join(content["missing"])
    return [*lines, *_folders(content["public_folders"]), verdict, f"report: {path}"]


def _count(totals_of: Mapping[str, Any]) -> str:
    count = totals_of["mailboxes"]
    return f"{'?' if count is None else count} mailboxes ({_amount(totals_of['size'])})"


_FIRST = (
    "migration_plan",
    "migration_moved",
    "migration_left_behind",
    "migration_failed",
    "migration_public_folder_result",
)
FACTS = ("migration_observed", "migration_before", "migration_started", *_FIRST)
