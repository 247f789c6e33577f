# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The plan: from readings of nodes to waves, steps and proofs. Pure: no I/O, no clock, nothing of Ansible.

A reading is what observation() makes of a result of exchange_info. Nothing here permits anything: the modules look for
themselves before they act (_rules.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from ._directory import ACTIONS, UNREAD, Directory, prepared, wanted
from ._manage import lost_tools
from ._moves import Move, Standing, moves_home, moves_of_turn, turns
from ._rules import DIRECTORY, directory_warnings
from ._versions import release_rank

Reading = dict[str, Any]
_LIVE = ("running", "finished", "unknown")  # phases of a job that is joined
_PREPARED = "prepared"  # that of one which nobody has started


def observation(result: dict[str, Any], host: str) -> Reading:
    """What scheduling needs of a result of exchange_info for an inventory host."""
    exchange, cluster = result["exchange"], result.get("cluster") or {}
    node = str(exchange["node"])
    servers = exchange.get("clustered_mailbox_servers") or []
    reasons = result.get("not_ready") or []
    cms_groups = {
        r["group"]
        for r in cluster.get("resources", [])
        if str(r.get("type", "")).lower().startswith("microsoft exchange")
    }
    return {
        "host": str(host),
        "node": node,
        "cluster": str(cluster.get("name") or "") or f"(no cluster on {node})",
        "members": [str(n["name"]) for n in cluster.get("nodes", [])] or [node],
        "release": exchange.get("release"),
        "version": exchange.get("version"),
        "os": exchange.get("os", {}).get("family"),
        "servers": servers,
        "servers_error": exchange.get("clustered_mailbox_servers_error") or "",
        "owns_cms": sorted(s["name"] for s in servers if s.get("owner") == node),
        "owns_groups": sorted(
            g["name"] for g in cluster.get("groups", []) if g.get("owner") == node and g["name"] not in cms_groups
        ),
        "nodes_up": [str(n["name"]) for n in cluster.get("nodes", []) if n.get("state") == "up"],
        "groups": cluster.get("groups", []),
        "pending_restart": bool(exchange.get("pending_restart", {}).get("required")),
        "jobs": result.get("jobs") or {},
        "interrupted": bool(exchange.get("interrupted_setup")),
        "not_ready": [_told(reason) for reason in reasons if reason.get("about") != DIRECTORY],
        "not_prepared": [_told(reason) for reason in reasons if reason.get("about") == DIRECTORY],
        "directory": exchange.get("directory"),
        "proof": result.get("proof"),
    }


def _told(reason: dict[str, Any]) -> str:
    return f"({reason['rule']}) {reason['seen']} {reason['advice']}"


def observations(results: Iterable[dict[str, Any]]) -> list[Reading]:
    """Readings of a looped, delegated exchange_info: each result's `item` is the inventory host."""
    return [observation(result, result["item"]) for result in results]


def reconciled(mine: Reading, all_read: Iterable[Reading]) -> Reading:
    """The reading of a node that could not name its cluster, because Setup has stopped the Cluster service there.

    It belongs to the cluster whose other nodes list it as a member.
    """
    if mine["nodes_up"]:
        return mine
    mates = (other for other in all_read if other["node"] != mine["node"] and mine["node"] in other["members"])
    mate = next((other for other in mates if other["nodes_up"]), None)
    return {**mine, "cluster": mate["cluster"], "members": mate["members"]} if mate else mine


def unread(mine: Reading, all_read: Iterable[Reading]) -> list[str]:
    """Members of the node's own cluster that nobody read in this run."""
    read = {reading["node"] for reading in all_read}
    return [member for member in mine["members"] if member not in read]


def at_release(release_read: str | None, release: str) -> bool:
    """At the release or a later one; unknown is not."""
    return release_rank(release_read) >= release_rank(release)


def is_done(readings: Sequence[Reading], release: str) -> bool:
    """Nothing is left for these nodes of one cluster: bits, servers and restarts."""
    return all(
        at_release(r["release"], release)
        and not r["servers_error"]
        and not r["pending_restart"]
        and not r["jobs"]
        and all(at_release(s["release"], release) and s["state"] == "online" for s in r["servers"])
        for r in readings
    )


def lanes(all_read: Iterable[Reading], release: str, hand_over_after: str = "all") -> dict[str, list[Reading]]:
    """Cluster -> its nodes in the order of their turns: upgraded ones, passive ones, those that own a CMS.

    Upgraded nodes come first, so that a handover which was cut short is finished before anything else; then one on
    which Setup was begun: as long as it is half done, its release is unknown, and that stops all others. An upgraded
    owner that only lacks its restart comes last, when a mate can take its server. hand_over_after first: as few passive
    nodes as the handovers need come before them, the others behind.
    """
    found: dict[str, list[Reading]] = {}
    for reading in sorted(all_read, key=lambda reading: str(reading["node"])):
        found.setdefault(reading["cluster"], []).append(reading)
    return {cluster: _lane(found[cluster], release, hand_over_after == "first") for cluster in sorted(found)}


def _lane(nodes: Sequence[Reading], release: str, first: bool) -> list[Reading]:
    upgraded = [reading for reading in nodes if at_release(reading["release"], release)]
    upgraded.sort(key=lambda reading: not _has_unfinished(reading, nodes, release))
    last = [reading for reading in upgraded if _lacks_restart(reading, release)]
    old = [reading for reading in nodes if not at_release(reading["release"], release)]
    begun = [reading for reading in old if reading["jobs"].get("upgrade", _PREPARED) != _PREPARED]
    passive = [reading["node"] for reading in old if not reading["owns_cms"] and reading not in begun]
    standing = _standing(nodes, release)
    standing = replace(standing, new=standing.new | {r["node"] for r in begun if not r["owns_cms"]})
    rank = {node: place for place, node in enumerate(turns(standing, passive, first=first))}
    begun.sort(key=lambda reading: bool(reading["owns_cms"]))
    rest = [reading for reading in old if reading not in begun]
    rest.sort(key=lambda reading: rank[reading["node"]])
    return [*(reading for reading in upgraded if reading not in last), *begun, *rest, *last]


def _has_unfinished(mine: Reading, nodes: Sequence[Reading], release: str) -> bool:
    """Whether users may be without mail until this upgraded node has had its turn."""
    mates = [mate for mate in nodes if mate is not mine]
    return any(_is_finished_here(server, mine, mates, release) for server in mine["servers"])


def _lacks_restart(reading: Reading, release: str) -> bool:
    """Whether an upgraded node is to be restarted, but runs servers that have nothing else left to do."""
    mine = [server for server in reading["servers"] if server.get("owner") == reading["node"]]
    done = all(at_release(s.get("release"), release) and s.get("state") == "online" for s in mine)
    return bool(reading["pending_restart"] and mine and done and not reading["jobs"])


def _standing(nodes: Sequence[Reading], release: str) -> Standing:
    """Who runs where; the first node's reading of a server counts. What nobody owns is moved by nobody."""
    servers: dict[str, dict[str, Any]] = {}
    for reading in nodes:
        for server in reading["servers"]:
            servers.setdefault(server["name"], server)
    where = {name: server["owner"] for name, server in servers.items() if server.get("owner")}
    return Standing(
        where=where,
        new=frozenset(reading["node"] for reading in nodes if at_release(reading["release"], release)),
        allowed={name: s["redundant_machines"] for name, s in servers.items() if s.get("redundant_machines")},
    )


def waves(
    all_read: Iterable[Reading], release: str, hand_over_after: str = "all", canary: Any = 0, batch: Any = 0
) -> list[list[str]]:
    """Inventory hosts by wave: wave N of a batch holds the Nth node of each of its clusters with something to do."""
    every = lanes(all_read, release, hand_over_after)
    todo = {name: lane for name, lane in every.items() if not is_done(lane, release)}
    found = []
    for names in batches(list(todo), canary, batch):
        columns = zip_longest(*([reading["host"] for reading in todo[name]] for name in names))
        found += [[host for host in wave if host] for wave in columns]
    return found


def batches(clusters: Sequence[str], canary: Any = 0, batch: Any = 0) -> list[list[str]]:
    """The clusters in batches that are worked on one after the other, the canaries first.

    canary: their number, or the list of their names. batch: clusters side by side after that; 0: all of them.
    """
    first = [name for name in clusters if name in canary] if isinstance(canary, list) else clusters[: int(canary)]
    rest = [name for name in clusters if name not in first]
    size = int(batch) or len(rest) or 1
    found = [list(first), *(rest[start : start + size] for start in range(0, len(rest), size))]
    return [names for names in found if names]


def node_steps(
    mine: Reading, mates: Sequence[Reading], release: str, prepare_directory: bool = False
) -> dict[str, Any]:
    """What is left for one node at its turn. prepare_directory: the directory too, where that is due or unknown.

    Keys: prepare (list of actions of exchange_setup), hand_overs (list of name, to (node), host (inventory host of that
    node), catch_up (whether the target's copies are to be awaited before)), groups (list of name, owner, others),
    setup, restart, leftovers (a dead run's leftovers; all bool), blocked ('' or why a CMS can't leave the node).
    """
    moves = _moves(mine, mates, release)
    blocked = _why_blocked(mine, release) if moves is None else ""
    hand_overs = [_hand_over(move, [mine, *mates]) for move in moves or []]
    live = [kind for kind, phase in mine["jobs"].items() if phase in _LIVE]
    setup = not at_release(mine["release"], release) or "upgrade" in live or _broke_off(mine)
    restart = setup or mine["pending_restart"]
    return {
        "prepare": _preparations(mine, release, due=prepare_directory and setup),
        "hand_overs": hand_overs,
        "groups": _groups_off(mine, mates, release) if restart else [],
        "setup": setup,
        "restart": restart,
        "leftovers": bool(mine["jobs"]) and not live and not setup,
        "blocked": blocked,
    }


def _broke_off(mine: Reading) -> bool:
    """Whether a Setup of ours is unfinished, which may have written the new versions already."""
    return bool(mine.get("interrupted")) and "upgrade" in mine["jobs"]


def _directory(mine: Reading) -> Directory:
    """What the node told of the directory."""
    told = mine.get("directory") or {}
    return Directory(told.get("schema_version"), told.get("organization_version"), told.get("reason") or UNREAD)


def _preparations(mine: Reading, release: str, *, due: bool) -> list[str]:
    """Actions that prepare the directory: those that are due, and one that runs on this node, to be joined."""
    seen = _directory(mine)
    live = [action for action in ACTIONS if mine["jobs"].get(action.replace("_", "")) in _LIVE]
    return [action for action in ACTIONS if action in live or (due and prepared(seen, release, action) is not True)]


def _moves(mine: Reading, mates: Sequence[Reading], release: str) -> list[Move] | None:
    """Which servers go where at this node's turn; a move to where one is finishes it there. None: one can't leave."""
    now = _standing([mine, *mates], release)
    if _broke_off(mine) or (at_release(mine["release"], release) and _lacks_restart(mine, release)):
        now = replace(now, new=now.new - {mine["node"]})
    if mine["node"] not in now.new:
        later = [mate["node"] for mate in mates if mate["node"] not in now.new and not mate["owns_cms"]]
        return moves_of_turn(now, mine["node"], later)
    servers = [server for server in mine["servers"] if _is_finished_here(server, mine, mates, release)]
    return [Move(server["name"], str(server.get("owner")), mine["node"]) for server in servers]


def _is_finished_here(server: dict[str, Any], mine: Reading, mates: Sequence[Reading], release: str) -> bool:
    """Whether an upgraded node has to do something for a server: it owns an unfinished one, or can fetch a stranded."""
    finished = at_release(server.get("release"), release)
    if server.get("owner") == mine["node"]:
        return not finished or server.get("state") != "online" or "upgradecms" in mine["jobs"]
    return finished and _is_old(server.get("owner"), mates, release) and _can_take(server, mine, release)


def _hand_over(move: Move, nodes: Sequence[Reading]) -> dict[str, Any]:
    target = next(reading for reading in nodes if reading["node"] == move.target)
    server = next(s for reading in nodes for s in reading["servers"] if s["name"] == move.server)
    behind = server.get("kind") == "ccr" and server.get("state") == "online" and move.source != move.target
    return {"name": move.server, "to": move.target, "host": target["host"], "catch_up": behind}


def _is_old(node: str | None, mates: Sequence[Reading], release: str) -> bool:
    """Whether that mate has old program files: a failover may have brought an upgraded server there, to fail."""
    owner = next((mate for mate in mates if mate["node"] == node), None)
    return owner is not None and 0 <= release_rank(owner["release"]) < release_rank(release)


def _can_take(server: dict[str, Any], mate: Reading, release: str) -> bool:
    allowed = server.get("redundant_machines") or [mate["node"]]
    return at_release(mate["release"], release) and not mate["owns_cms"] and mate["node"] in allowed


def _why_blocked(mine: Reading, release: str) -> str:
    return (
        f"{mine['node']} owns {', '.join(mine['owns_cms'])}, and no node at {release.upper()} is free to take it. "
        "Upgrade a passive node of the cluster that may run it first."
    )


def _groups_off(mine: Reading, mates: Sequence[Reading], release: str) -> list[dict[str, Any]]:
    """Every group that is no CMS, each to a mate that is up; others: the mates to try where that one may not own it.

    An upgraded mate without a CMS comes first: there the group can stay.
    """
    up = [mate for mate in mates if mate["node"] in mine["nodes_up"]]
    up.sort(key=lambda mate: (not at_release(mate["release"], release), bool(mate["owns_cms"])))
    names = [mate["node"] for mate in up]
    return [{"name": name, "owner": names[0], "others": names[1:]} for name in mine["owns_groups"]] if names else []


# --- the plan that people read -------------------------------------------------------------------------------------


def plan(
    all_read: Iterable[Reading],
    release: str,
    prepare_directory: bool = False,
    hand_over_after: str = "all",
    failback: bool = False,
) -> list[dict[str, Any]]:
    """Per cluster: name, done, warnings, and steps as a person reads them, each with node, text and point_of_no_return.

    prepare_directory: the run prepares the directory before the first Setup. failback: it moves each server back to the
    node that owns it now.
    """
    return [
        {
            "cluster": cluster,
            "done": is_done(lane, release),
            "warnings": [
                *([] if prepare_directory else _warnings(lane, release)),
                *_homes_warnings(lane, release, failback),
                *_tools_warnings(lane, release),
            ],
            "steps": _steps(lane, release, prepare_directory, failback),
        }
        for cluster, lane in lanes(all_read, release, hand_over_after).items()
    ]


def _homes_warnings(lane: Sequence[Reading], release: str, failback: bool) -> list[str]:
    """Half way through nobody knows where a run that died had found the servers."""
    begun = any(at_release(reading["release"], release) for reading in lane)
    if not failback or not begun or is_done(lane, release):
        return []
    stay = ", ".join(f"{name} on {node}" for name, node in sorted(homes(lane).items()))
    return [f"an earlier run has begun this cluster; failback goes to where this run found the servers: {stay}"]


def _tools_warnings(lane: Sequence[Reading], release: str) -> list[str]:
    """Of which release the management tools on other computers are no longer of use for a mailbox server."""
    lost = {
        (server["name"], tools.upper())
        for reading in lane
        for server in reading["servers"]
        for tools in lost_tools(str(reading["os"]), str(server.get("release")), release)
    }
    return [
        f"{tools} management tools on other computers can't manage {name} afterwards: upgrade them too"
        for name, tools in sorted(lost)
    ]


def homes(nodes: Iterable[Reading]) -> dict[str, str]:
    """Mailbox server -> the node that owns it, as far as that was seen."""
    return {s["name"]: s["owner"] for reading in nodes for s in reading["servers"] if s.get("owner")}


def failbacks(nodes: Sequence[Reading], home: Mapping[str, str]) -> list[dict[str, Any]]:
    """What brings the servers of one upgraded cluster back, as hand_overs of node_steps. home: what homes() gave."""
    known = {reading["node"] for reading in nodes}
    wanted_homes = {name: node for name, node in home.items() if node in known}
    moves = moves_home(homes(nodes), wanted_homes)
    return [{**_hand_over(move, nodes), "failback": True} for move in moves]


def _warnings(lane: Sequence[Reading], release: str) -> list[str]:
    """What the nodes that Setup is still to run on say of the directory, each text once."""
    old = [reading for reading in lane if not at_release(reading["release"], release)]
    return list(dict.fromkeys(text for reading in old for text in directory_warnings(_directory(reading), release)))


def _steps(lane: Sequence[Reading], release: str, prepare_directory: bool, failback: bool) -> list[dict[str, Any]]:
    if is_done(lane, release):
        return []
    steps: list[dict[str, Any]] = []
    state = [dict(reading, servers=[dict(s) for s in reading["servers"]]) for reading in lane]
    for mine in state:
        mates = [mate for mate in state if mate is not mine]
        todo = node_steps(mine, mates, release, prepare_directory)
        steps += _prepare_texts(todo, mine, release)
        steps += _hand_over_texts(todo, mine, state, release)
        steps += [_step(mine, f"move group '{g['name']}' to {g['owner']}") for g in todo["groups"]]
        if todo["blocked"]:
            steps.append(_step(mine, f"refused: {todo['blocked']}"))
        steps += _node_texts(mine, todo, release)
        _play(todo, mine, mates, release)
    return steps + (_failback_texts(state, homes(lane)) if failback else [])


def _failback_texts(state: Sequence[Reading], home: Mapping[str, str]) -> list[dict[str, Any]]:
    hosts = {reading["node"]: reading for reading in state}
    now = homes(state)
    return [
        _step(hosts[back["to"]], f"OUTAGE of {back['name']} begins: move it back from {now[back['name']]}, prove it")
        for back in failbacks(state, home)
    ]


def _prepare_texts(todo: dict[str, Any], mine: Reading, release: str) -> list[dict[str, Any]]:
    """For the whole forest, and for good."""
    switches = " and ".join(f"/{ACTIONS[action]}" for action in todo["prepare"])
    text = f"Setup {switches}: the forest has {_directory(mine)} and gets {wanted(release)}, which can't be undone"
    return [_step(mine, text)] if switches else []


def _hand_over_texts(
    todo: dict[str, Any], mine: Reading, state: Sequence[Reading], release: str
) -> list[dict[str, Any]]:
    """The servers are looked up in the node's own reading: a target on which Setup runs could not read them."""
    found = []
    for hand_over in todo["hand_overs"]:
        target = next(reading for reading in state if reading["node"] == hand_over["to"])
        name = hand_over["name"]
        server = next(s for s in mine["servers"] if s["name"] == name)
        source = "" if server.get("owner") == target["node"] else str(server.get("owner"))
        if not at_release(server["release"], release):
            moved = f", move it from {source}" if source else ""
            setup = f"Setup /UpgradeCMS to {release.upper()}"
            text = f"OUTAGE of {name} begins: stop it{moved}, {setup}, start it, prove it"
            found.append(_step(target, text, point_of_no_return=True))
        elif source and server.get("state") == "online":
            found.append(_step(target, f"OUTAGE of {name} begins: move it from {source} to make room, prove it"))
        else:
            moved = f"move {name} from {source}, " if source else ""
            found.append(_step(target, f"{moved}start {name} on {target['node']}"))
    return found


def _node_texts(mine: Reading, todo: dict[str, Any], release: str) -> list[dict[str, Any]]:
    steps = []
    if todo["setup"]:
        steps.append(_step(mine, f"Setup /mode:upgrade from {mine['version']} to {release.upper()}"))
    if todo["restart"]:
        steps.append(_step(mine, "restart, wait until it is back in the cluster"))
    return steps


def _play(todo: dict[str, Any], mine: Reading, mates: Sequence[Reading], release: str) -> None:
    """Let the steps of one node take effect on the copies that the next nodes' steps are planned from."""
    if todo["setup"]:
        mine["release"] = release
    for reading in (mine, *mates) if todo["prepare"] else ():
        reading["directory"] = wanted(release).as_dict()
    mine.update(pending_restart=False, jobs={})
    for hand_over in todo["hand_overs"]:
        for reading in (mine, *mates):
            owns = set(reading["owns_cms"]) - {hand_over["name"]}
            reading["owns_cms"] = sorted(owns | ({hand_over["name"]} if reading["node"] == hand_over["to"] else set()))
            for server in reading["servers"]:
                if server["name"] == hand_over["name"]:
                    server.update(owner=hand_over["to"], release=release, state="online")
    for group in todo["groups"]:
        for mate in mates:
            if mate["node"] == group["owner"]:
                mate["owns_groups"] = [*mate["owns_groups"], group["name"]]


def _step(reading: Reading, text: str, *, point_of_no_return: bool = False) -> dict[str, Any]:
    return {"node": reading["node"], "text": text, "point_of_no_return": point_of_no_return}


_NO_RETURN = "      ---- point of no return: up to here the mailboxes run on the old release and can stay there ----"


def plan_lines(planned: Sequence[dict[str, Any]]) -> list[str]:
    """The plan as lines for a terminal."""
    lines = []
    for cluster in planned:
        if cluster["done"]:
            lines.append(f"{cluster['cluster']}: nothing to do")
            continue
        lines.append(f"{cluster['cluster']}:")
        lines += [f"      warning: {text}" for text in cluster.get("warnings", [])]
        for number, step in enumerate(cluster["steps"], 1):
            if step["point_of_no_return"]:
                lines.append(_NO_RETURN)
            lines.append(f"  {number:2}. {step['node']}: {step['text']}")
    return lines


# --- the proof at the end ------------------------------------------------------------------------------------------


def unproven(mine: Reading, release: str, homes: Mapping[str, str] | None = None) -> list[str]:
    """What keeps a node and the servers that it sees from being proven at the release; empty: proven.

    homes: where the servers are to be after a failback.
    """
    missing = []
    if mine["servers_error"]:
        missing.append(f"the mailbox servers could not be read on {mine['node']}: {mine['servers_error']}")
    if not at_release(mine["release"], release):
        missing.append(f"node {mine['node']} is at {mine['release'] or 'an unknown release'}, not at {release}")
    if mine["node"] not in mine["nodes_up"]:
        missing.append(f"node {mine['node']} is not up in its cluster")
    for server in mine["servers"]:
        missing += _server_unproven(server, release)
        wanted_home = (homes or {}).get(server["name"]) or server.get("owner")
        if server.get("owner") != wanted_home:
            missing.append(f"{server['name']} is on {server.get('owner') or 'no node'}, not back on {wanted_home}")
    for group in mine["groups"]:
        if not group.get("owner"):
            missing.append(f"the owner of group '{group['name']}' is unknown")
    return missing


def _server_unproven(server: dict[str, Any], release: str) -> list[str]:
    name, missing = server["name"], []
    if not at_release(server.get("release"), release):
        missing.append(f"{name} is at {server.get('release') or 'an unknown release'}, not at {release}")
    if server.get("state") != "online":
        missing.append(f"{name} is {server.get('state')}")
    if not server["databases"]:
        missing.append(f"no database of {name} could be read")
    missing += [f"database '{d['name']}' of {name} is not mounted" for d in server["databases"] if not d["mounted"]]
    return missing


def not_ready(mine: Reading, all_read: Iterable[Reading], release: str, prepare_directory: bool = False) -> list[str]:
    """Why the node's cluster is not ready: what speaks against any of its nodes.

    A mate that is down because our own Setup runs there, to be joined, does not, nor one that is back since; nor does a
    directory that this run is to prepare (prepare_directory).
    """
    lane = [reading for reading in all_read if reading["cluster"] == mine["cluster"]]
    joining = any(phase in _LIVE for reading in lane for phase in reading["jobs"].values())
    mates_well = joining or _all_up(lane)
    told_elsewhere = any(r["servers"] and not r["servers_error"] for r in lane)
    unread_servers = [
        f"{r['node']}: (R9) {r['servers_error']}"
        for r in lane
        if r["servers_error"] and not (told_elsewhere and "upgrade" in r["jobs"])
    ]
    reasons = [
        f"{reading['node']}: {reason}"
        for reading in lane
        for reason in [*reading["not_ready"], *([] if prepare_directory else reading.get("not_prepared", []))]
        if not (mates_well and reason.startswith("(R2)"))
    ]
    told = [text for text in unread_servers if not any(r.startswith(text.partition(" ")[0] + " (R9)") for r in reasons)]
    return reasons + told + _bricked(lane, release)


def _all_up(lane: Sequence[Reading]) -> bool:
    """Whether the newest reading sees every node up: where one was waited for, the readings are minutes apart."""
    dated = [reading for reading in lane if (reading["proof"] or {}).get("observed_at")]
    newest = max(dated, key=lambda reading: str(reading["proof"]["observed_at"]), default=None)
    return newest is not None and set(newest["members"]) == set(newest["nodes_up"])


def _bricked(lane: Sequence[Reading], release: str) -> list[str]:
    if len(lane) < 2 or not all(at_release(reading["release"], release) for reading in lane):
        return []
    names = sorted({s["name"] for r in lane for s in r["servers"] if not at_release(s.get("release"), release)})
    return [
        f"(R4) Every node is at {release.upper()}, but {name} is not: /UpgradeCMS was forgotten. "
        "Setup refuses this state; ask the vendor's support or restore a node of the old release."
        for name in names
    ]


def report(hosts: Sequence[dict[str, Any]], release: str, written_at: str) -> dict[str, Any]:
    """The report of one cluster from its hosts' variables: what is, what was done, what is missing."""
    readings = [host["upgrade_observed"] for host in hosts]
    outages = [handover for host in hosts for handover in host.get("upgrade_handovers", [])]
    return {
        "cluster": readings[0]["cluster"] if readings else None,
        "release": release,
        "written_at": written_at,
        "plan": next((host["upgrade_steps_planned"] for host in hosts if "upgrade_steps_planned" in host), []),
        "proven": bool(hosts) and all(host.get("upgrade_unproven", ["not proven yet"]) == [] for host in hosts),
        "missing": sorted({text for host in hosts for text in host.get("upgrade_unproven", [])}),
        "nodes": [
            {
                "name": host["upgrade_observed"]["node"],
                "host": host["upgrade_observed"]["host"],
                "version": host["upgrade_observed"]["version"],
                "release": host["upgrade_observed"]["release"],
                "setup": host.get("upgrade_setup_result"),
            }
            for host in hosts
        ],
        "groups": readings[-1]["groups"] if readings else [],
        "clustered_mailbox_servers": readings[-1]["servers"] if readings else [],
        "handovers": outages,
    }


def mismatches(mine: Reading, declared: Iterable[str]) -> list[str]:
    """Where the inventory's exchange_active or exchange_passive says otherwise than the cluster. Reality wins."""
    groups = set(declared)
    actual = "exchange_active" if mine["owns_cms"] else "exchange_passive"
    other = "exchange_passive" if mine["owns_cms"] else "exchange_active"
    if other not in groups:
        return []
    owns = ", ".join(mine["owns_cms"]) or "no clustered mailbox server"
    return [f"{mine['host']} is in {other}, but {mine['node']} owns {owns}: it is treated as {actual}"]
