# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Many clusters in one run: who comes when, who is held back because of whom, and how each cluster ended. Pure.

It acts between nodes only. Whatever was begun is finished, because half an upgrade is worse than none or a whole one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ._plan import Reading, batches, is_done, lanes, waves

Schedule = dict[str, Any]
_TIME = "%Y%m%dT%H%M%SZ"
AGAIN = "Safe to run again: a run goes on from what it finds."


def schedule(
    all_read: Sequence[Reading],
    release: str,
    hand_over_after: str = "all",
    canary: Any = 0,
    batch: Any = 0,
    *,
    others: Mapping[str, Sequence[str]] | None = None,
) -> Schedule:
    """waves (lists of inventory hosts), lanes (cluster -> its hosts in order) and canary (clusters) of this run.

    others: what is not among the readings: clusters of nodes that were read, refused ones among them (read), hosts that
    failed or did not answer (unread), and hosts that the run leaves out (left_out).
    Raises ValueError for a canary that is no cluster here and for what is no number.
    """
    every = lanes(all_read, release, hand_over_after)
    if isinstance(canary, list):
        strange = [str(name) for name in canary if name not in every]
        if strange:
            raise ValueError(" ".join(_strange_canary(name, list(every), others or {}) for name in strange))
    elif int(canary) < 0 or int(batch) < 0:
        raise ValueError("upgrade_canary and upgrade_batch are numbers of clusters, not below 0")
    todo = {name: lane for name, lane in every.items() if not is_done(lane, release)}
    canaries = list(canary) if isinstance(canary, list) else list(todo)[: int(canary)]
    return {
        "waves": waves(all_read, release, hand_over_after, canary, batch),
        "lanes": {name: [str(reading["host"]) for reading in lane] for name, lane in todo.items()},
        "canary": [name for name in canaries if name in todo],
        "batches": batches(list(todo), canary, batch),
    }


def _strange_canary(name: str, clusters: Sequence[str], others: Mapping[str, Sequence[str]]) -> str:
    """Why a canary is not among the clusters that can be upgraded, and what to do. No cluster is begun without it."""
    known = ", ".join(clusters) or "none"
    if name in others.get("read", ()):
        return (
            f"upgrade_canary names {name}, which was refused: the reasons stand above, at its nodes. Nothing was "
            f"begun. Put them right and run again, or name another canary; ready are {known}."
        )
    unread, left_out = (list(others.get(key, ())) for key in ("unread", "left_out"))
    causes = [f"{', '.join(unread)} failed or could not be reached"] if unread else []
    causes += [f"{', '.join(left_out)} left out by --limit"] if left_out else []
    if causes:
        return (
            f"upgrade_canary names {name}, of which no node was read in this run: {'; '.join(causes)}. Nothing was "
            f"begun. Run again with its nodes, or name another canary; ready are {known}."
        )
    return (
        f"upgrade_canary names {name}, but the clusters are {known}. Nothing was begun. Check the name, and that the "
        "inventory of this run has its nodes (a job slice cuts some off)."
    )


def awaited(planned: Schedule, host: str) -> list[str]:
    """The hosts whose end decides on this one's turn: its mates before it, and for a cluster's first all before."""
    lane = _lane_of(planned, host)
    return _earlier(planned, host) if lane[0] == host else lane[: lane.index(host)]


def _lane_of(planned: Schedule, host: str) -> list[str]:
    return next((list(lane) for lane in planned["lanes"].values() if host in lane), [host])


def _earlier(planned: Schedule, host: str) -> list[str]:
    """The hosts of the waves before this one's."""
    found: list[str] = []
    for wave in planned["waves"]:
        if host in wave:
            break
        found += wave
    return found


def guard(
    planned: Schedule, host: str, finished: Sequence[str], times: Sequence[str], limits: Mapping[str, Any]
) -> dict[str, str]:
    """Why the host is held_back, and a warning; both '' for none.

    It asks for positive evidence: a mate or a cluster that is not in finished counts as failed, whatever became of it.
    times: when the run began, and now, as 20260301T220000Z. limits: failure_budget (clusters; below 0 for no limit),
    stop_after and warn_after (seconds; 0 for never); what is missing is 0.
    """
    started, now = (datetime.strptime(time, _TIME) for time in times)
    gone = (now - started).total_seconds()
    stop, warn = (float(limits.get(name, 0)) for name in ("stop_after", "warn_after"))
    reason = _mates_reason(planned, host, finished)
    reason = reason or _clusters_reason(planned, host, finished, int(limits.get("failure_budget", 0)))
    if not reason and 0 < stop <= gone:
        reason = f"the run is {gone:.0f} s old, and upgrade_stop_after is {stop:g} s"
    warning = f"the run is {gone:.0f} s old, and upgrade_warn_after is {warn:g} s" if 0 < warn <= gone else ""
    return {"held_back": reason, "warning": warning}


def _mates_reason(planned: Schedule, host: str, finished: Sequence[str]) -> str:
    lane = _lane_of(planned, host)
    missing = [mate for mate in lane[: lane.index(host)] if mate not in finished]
    return f"{', '.join(missing)} of the same cluster was not finished" if missing else ""


def _clusters_reason(planned: Schedule, host: str, finished: Sequence[str], budget: int) -> str:
    """Why a cluster is not begun; '' for one that is, since only its first host is asked."""
    if _lane_of(planned, host)[0] != host:
        return ""
    begun = set(_earlier(planned, host))
    failed = [name for name, lane in planned["lanes"].items() if any(h in begun and h not in finished for h in lane)]
    canaries = [name for name in failed if name in planned["canary"]]
    if canaries:
        return f"canary {', '.join(canaries)} was not finished, so no other cluster is begun"
    if 0 <= budget < len(failed):
        return f"{', '.join(failed)} failed, and upgrade_failure_budget is {budget}, so no further cluster is begun"
    return ""


def recap(hosts: Iterable[Mapping[str, Any]], release: str) -> list[str]:
    """One line a cluster from its hosts' variables: done, not done and why, refused, not begun; then what to do."""
    clusters: dict[str, list[Mapping[str, Any]]] = {}
    unread = []
    for host in hosts:
        if "upgrade_observed" in host:
            clusters.setdefault(str(host["upgrade_observed"]["cluster"]), []).append(host)
        else:
            unread.append(str(host["inventory_hostname"]))
    ends = {name: _end(clusters[name], release) for name in sorted(clusters)}
    lines = [f"{name}: {text}" for name, (_good, text) in ends.items()]
    lines += [f"not read: {', '.join(unread)}"] if unread else []
    return lines if all(good for good, _text in ends.values()) and not unread else [*lines, AGAIN]


def _end(hosts: Sequence[Mapping[str, Any]], release: str) -> tuple[bool, str]:
    """Whether a cluster is well, and what is said of it."""
    names = {str(host["inventory_hostname"]): host for host in hosts}
    failed = [f"{name} failed: {host['upgrade_failed']}" for name, host in names.items() if "upgrade_failed" in host]
    held = {name: str(host["upgrade_held_back"]) for name, host in names.items() if host.get("upgrade_held_back")}
    if failed:
        return False, f"NOT done. {' '.join(failed)}"
    if held:
        begun = any("upgrade_finished" in host for host in hosts)
        return False, f"{'NOT done' if begun else 'not begun'}: {held[min(held, key=_turn(hosts))]}"
    if not any("upgrade_steps_planned" in host for host in hosts):
        return False, "refused, nothing was done; the reason stands above"
    missing = sorted({text for host in hosts for text in host.get("upgrade_unproven", [])})
    if missing:
        return False, f"NOT proven: {'; '.join(missing)}"
    unproven = [name for name, host in names.items() if "upgrade_unproven" not in host]
    if unproven:
        return False, f"NOT proven: nothing is known of {', '.join(unproven)}"
    return True, f"done, proven at {release.upper()}"


def _turn(hosts: Sequence[Mapping[str, Any]]) -> Callable[[str], int]:
    """Inventory host -> its place in its cluster's lane: why a cluster stopped, its first host to be held back says."""
    lanes_of = [lane for host in hosts for lane in host.get("upgrade_schedule", {"lanes": {}})["lanes"].values()]
    return lambda name: next((list(lane).index(name) for lane in lanes_of if name in lane), 0)
