# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The plan: from readings of nodes to waves, steps and proofs. Pure: no I/O, no clock, nothing of Ansible.

A reading is what observation() makes of a result of exchange_info. Nothing here permits anything: the modules look for
themselves before they act (_rules.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

from ._versions import release_rank

Reading = dict[str, Any]
_LIVE = ("running", "finished", "unknown")  # phases of a job that is joined


def observation(result: dict[str, Any], host: str) -> Reading:
    """What scheduling needs of a result of exchange_info for an inventory host."""
    exchange, cluster = result["exchange"], result.get("cluster") or {}
    node = str(exchange["node"])
    servers = exchange.get("clustered_mailbox_servers") or []
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
        "not_ready": [
            f"({reason['rule']}) {reason['seen']} {reason['advice']}" for reason in result.get("not_ready") or []
        ],
        "proof": result.get("proof"),
    }


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


def lanes(all_read: Iterable[Reading], release: str) -> dict[str, list[Reading]]:
    """Cluster -> its nodes in the order of their turns: upgraded ones, passive ones, those that own a CMS.

    Upgraded nodes come first, so that a handover which was cut short is finished before anything else.
    """

    def turn(reading: Reading) -> tuple[bool, bool, str]:
        return (not at_release(reading["release"], release), bool(reading["owns_cms"]), reading["node"])

    found: dict[str, list[Reading]] = {}
    for reading in sorted(all_read, key=turn):
        found.setdefault(reading["cluster"], []).append(reading)
    return {cluster: found[cluster] for cluster in sorted(found)}


def waves(all_read: Iterable[Reading], release: str) -> list[list[str]]:
    """Inventory hosts by wave: wave N holds the Nth node of every cluster that has something left to do."""
    todo = [lane for lane in lanes(all_read, release).values() if not is_done(lane, release)]
    columns = zip_longest(*([reading["host"] for reading in lane] for lane in todo))
    return [[host for host in wave if host] for wave in columns]


def node_steps(mine: Reading, mates: Sequence[Reading], release: str) -> dict[str, Any]:
    """What is left for one node at its turn.

    Keys: hand_overs (list of name, to (node), host (inventory host of that node)), groups (list of name, owner),
    setup, restart, leftovers (a dead run's leftovers; all bool), blocked ('' or why a CMS can't leave the node).
    """
    hand_overs, blocked = [], ""
    for server in mine["servers"]:
        target = _hand_over_target(server, mine, mates, release)
        if target is None:
            blocked = _why_blocked(server, mine, release)
        elif target:
            hand_overs.append({"name": server["name"], "to": target["node"], "host": target["host"]})
    live = [kind for kind, phase in mine["jobs"].items() if phase in _LIVE]
    setup = not at_release(mine["release"], release) or "upgrade" in live
    restart = setup or mine["pending_restart"]
    return {
        "hand_overs": hand_overs,
        "groups": _groups_off(mine, mates) if restart else [],
        "setup": setup,
        "restart": restart,
        "leftovers": bool(mine["jobs"]) and not live and not setup,
        "blocked": blocked,
    }


def _hand_over_target(
    server: dict[str, Any], mine: Reading, mates: Sequence[Reading], release: str
) -> Reading | dict[str, Any] | None:
    """Where the server is to be handed to at this node's turn; {}: it stays as it is; None: nobody can take it."""
    owner_is_me = server.get("owner") == mine["node"]
    finished = at_release(server.get("release"), release)
    if at_release(mine["release"], release):
        # The node is upgraded: what it owns is finished here, and what is in nobody's turn stays.
        unfinished = not finished or server.get("state") != "online" or "upgradecms" in mine["jobs"]
        return mine if owner_is_me and unfinished else {}
    if not owner_is_me:
        return {}
    return next((mate for mate in mates if _can_take(server, mate, release)), None)


def _can_take(server: dict[str, Any], mate: Reading, release: str) -> bool:
    allowed = server.get("redundant_machines") or [mate["node"]]
    return at_release(mate["release"], release) and not mate["owns_cms"] and mate["node"] in allowed


def _why_blocked(server: dict[str, Any], mine: Reading, release: str) -> str:
    return (
        f"{mine['node']} owns {server['name']}, and no node at {release.upper()} is free to take it. "
        "Upgrade a passive node of the cluster first."
    )


def _groups_off(mine: Reading, mates: Sequence[Reading]) -> list[dict[str, str]]:
    """Every group that is no CMS, each to a mate that is up."""
    up = [mate["node"] for mate in mates if mate["node"] in mine["nodes_up"]]
    return [{"name": name, "owner": up[0]} for name in mine["owns_groups"]] if up else []


# --- the plan that people read -------------------------------------------------------------------------------------


def plan(all_read: Iterable[Reading], release: str) -> list[dict[str, Any]]:
    """Per cluster: name, done, and steps as a person reads them, each with node, text and whether it can be undone."""
    return [
        {"cluster": cluster, "done": is_done(lane, release), "steps": _steps(lane, release)}
        for cluster, lane in lanes(all_read, release).items()
    ]


def _steps(lane: Sequence[Reading], release: str) -> list[dict[str, Any]]:
    if is_done(lane, release):
        return []
    steps: list[dict[str, Any]] = []
    state = [dict(reading, servers=[dict(s) for s in reading["servers"]]) for reading in lane]
    for mine in state:
        mates = [mate for mate in state if mate is not mine]
        todo = node_steps(mine, mates, release)
        steps += _hand_over_texts(todo, mine, state, release)
        steps += [_step(mine, f"move group '{g['name']}' to {g['owner']}") for g in todo["groups"]]
        if todo["blocked"]:
            steps.append(_step(mine, f"refused: {todo['blocked']}"))
        steps += _node_texts(mine, todo, release)
        _play(todo, mine, mates, release)
    return steps


def _hand_over_texts(
    todo: dict[str, Any], mine: Reading, state: Sequence[Reading], release: str
) -> list[dict[str, Any]]:
    """The servers are looked up in the node's own reading: a target on which Setup runs could not read them."""
    found = []
    for hand_over in todo["hand_overs"]:
        target = next(reading for reading in state if reading["node"] == hand_over["to"])
        name = hand_over["name"]
        server = next(s for s in mine["servers"] if s["name"] == name)
        if at_release(server["release"], release):
            found.append(_step(target, f"start {name} on {target['node']}"))
            continue
        moved = "" if server.get("owner") == target["node"] else f", move it from {server.get('owner')}"
        text = f"OUTAGE of {name} begins: stop it{moved}, Setup /UpgradeCMS to {release.upper()}, start it, prove it"
        found.append(_step(target, text, point_of_no_return=True))
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
        for number, step in enumerate(cluster["steps"], 1):
            if step["point_of_no_return"]:
                lines.append(_NO_RETURN)
            lines.append(f"  {number:2}. {step['node']}: {step['text']}")
    return lines


# --- the proof at the end ------------------------------------------------------------------------------------------


def unproven(mine: Reading, release: str) -> list[str]:
    """What keeps a node and the servers that it sees from being proven at the release; empty: proven."""
    missing = []
    if mine["servers_error"]:
        missing.append(f"the mailbox servers could not be read on {mine['node']}: {mine['servers_error']}")
    if not at_release(mine["release"], release):
        missing.append(f"node {mine['node']} is at {mine['release'] or 'an unknown release'}, not at {release}")
    if mine["node"] not in mine["nodes_up"]:
        missing.append(f"node {mine['node']} is not up in its cluster")
    for server in mine["servers"]:
        missing += _server_unproven(server, release)
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


def not_ready(mine: Reading, all_read: Iterable[Reading], release: str) -> list[str]:
    """Why the node's cluster is not ready: what speaks against any of its nodes.

    A mate that is down because our own Setup runs there, to be joined, does not.
    """
    lane = [reading for reading in all_read if reading["cluster"] == mine["cluster"]]
    joining = any(phase in _LIVE for reading in lane for phase in reading["jobs"].values())
    unread_servers = [f"{r['node']}: (R9) {r['servers_error']}" for r in lane if r["servers_error"]]
    reasons = [
        f"{reading['node']}: {reason}"
        for reading in lane
        for reason in reading["not_ready"]
        if not (joining and reason.startswith("(R2)"))
    ]
    told = [text for text in unread_servers if not any(r.startswith(text.partition(" ")[0] + " (R9)") for r in reasons)]
    return reasons + told + _bricked(lane, release)


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
