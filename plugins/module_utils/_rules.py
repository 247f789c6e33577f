# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""When an act is refused: rules R1 to R10, decided from one observation and the proof. No I/O, no clock.

| rule | what it keeps from happening |
|---|---|
| R1 | Setup restarts the Cluster service: whatever the node owns would fail over or go down |
| R2 | two nodes of a cluster out of service at once |
| R3 | upgrading the node that ran the CMS before the CMS is seen online elsewhere |
| R4 | the forgotten /UpgradeCMS: all nodes new, the CMS old, and it never starts again |
| R5 | handing the CMS to a node with old program files |
| R6 | Windows versions that the release does not run on, or mixed in one cluster |
| R7 | opening the window while the copies are behind |
| R8 | Setup over a pending restart, somebody else's Setup, or the wrong media |
| R9 | acting on what could not be read |
| R10 | a downgrade |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any

from ._cluster import Cluster, ClusterNode, GroupState, NodeState, same
from ._exchange import Observation
from ._shell import CmsState, Copy, MailboxServer
from ._versions import release_rank

CLOCK_TOLERANCE = 30.0  # seconds that an observation may lie in the future
MIGRATE = "mailops.exchange2007.migrate"


@dataclass(frozen=True)
class Refused:
    """One reason not to act: the rule, what was seen, what to do next."""

    rule: str
    seen: str
    advice: str


@dataclass(frozen=True)
class Evidence:
    """What was seen of a node in this run. observed_at: epoch seconds; os_family '' where nobody said."""

    name: str
    release: str
    observed_at: float
    os_family: str = ""


def parse_evidence(items: Iterable[dict[str, Any]]) -> list[Evidence]:
    """The `nodes` option. observed_at: ISO 8601 or epoch seconds; raises ValueError naming the value."""
    return [
        Evidence(
            str(item["name"]).upper(),
            str(item.get("release") or "unknown"),
            _epoch(item["observed_at"]),
            str(item.get("os_family") or ""),
        )
        for item in items
    ]


def _epoch(value: Any) -> float:
    text = str(value)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"observed_at {text!r}: give ISO 8601 in UTC, as exchange_info returns it") from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)).timestamp()


def iso(epoch: float) -> str:
    """Epoch seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# --- the proof -----------------------------------------------------------------------------------------------------


def proof_refusals(
    rule: str, members: Iterable[ClusterNode], proof: Sequence[Evidence], now: float, max_age: float
) -> list[Refused]:
    """Members of the cluster without fresh evidence. max_age in seconds."""
    advice = "Read every node of the cluster with exchange_info in this run and give its `proof` in `nodes`."
    refused = []
    for member in members:
        seen = next((e for e in proof if same(e.name, member.name)), None)
        if seen is None:
            refused.append(Refused(rule, f"Node {member.name} of the cluster was not observed in this run.", advice))
        elif now - seen.observed_at > max_age:
            age = int(now - seen.observed_at)
            refused.append(Refused(rule, f"Node {member.name} was observed {age} s ago, limit {max_age:g} s.", advice))
        elif seen.observed_at - now > CLOCK_TOLERANCE:
            text = f"Node {member.name} was observed in the future ({iso(seen.observed_at)})."
            refused.append(Refused(rule, text, advice))
    return refused


# --- what every act needs ------------------------------------------------------------------------------------------


def readable_refusals(seen: Observation) -> list[Refused]:
    """R9: what could not be read."""
    again = "Look at the node, then run again; nothing was touched."
    if not seen.cluster:
        text = "The cluster can't be read: cluster.exe listed no node."
        return [Refused("R9", text, "Start the Cluster service there.")]
    refused = [
        Refused("R9", f"The state of node {n.name} is unknown.", again)
        for n in seen.cluster.nodes
        if n.state is NodeState.UNKNOWN
    ]
    refused += [
        Refused("R9", f"The owner of group '{g.name}' is unknown.", again) for g in seen.cluster.groups if not g.owner
    ]
    if not seen.bits.read or seen.bits.version is None:
        refused.append(Refused("R9", "The version of Exchange on the node can't be read from the registry.", again))
    if seen.mailbox_servers_error:
        refused.append(Refused("R9", f"The mailbox servers can't be read: {seen.mailbox_servers_error}", again))
    return refused + _unread_mailbox_servers(seen)


def _unread_mailbox_servers(seen: Observation) -> list[Refused]:
    advice = "Check the account's rights in the Exchange organisation; nothing was touched."
    refused = [
        Refused("R9", f"The {what} of clustered mailbox server {server.name} is unknown.", advice)
        for server in seen.mailbox_servers
        for what, known in (("version", server.version), ("state", server.state is not CmsState.UNKNOWN))
        if not known
    ]
    if seen.cluster and seen.cluster.exchange_groups() and not seen.mailbox_servers and not seen.mailbox_servers_error:
        groups = ", ".join(f"'{name}'" for name in seen.cluster.exchange_groups())
        refused.append(Refused("R9", f"The cluster has Exchange in {groups}, but no mailbox server was read.", advice))
    return refused


def os_refusals(seen: Observation, release: str, proof: Sequence[Evidence]) -> list[Refused]:
    """R6: what the release runs on (exchange.md 7)."""
    family, pack = seen.os.family, seen.os.service_pack
    refused = []
    if family not in ("2003", "2008", "2008r2"):
        text = f"Windows {seen.os.version or 'unknown'} is not 2003 or 2008."
        refused.append(Refused("R6", text, "Use a supported Windows."))
    if family == "2003" and (pack is None or pack < 2):
        level = "unknown" if pack is None else str(pack)
        refused.append(Refused("R6", f"Windows 2003 has service pack {level}.", "Install Service Pack 2 first."))
    if family == "2008r2" and release != "sp3":
        refused.append(Refused("R6", f"Exchange 2007 {release.upper()} does not run on 2008 R2.", "Choose sp3."))
    if family.startswith("2008") and seen.bits.release == "rtm":
        refused.append(Refused("R6", "Exchange 2007 RTM does not run on Windows 2008.", "Check this node by hand."))
    others = sorted({f"{e.name} ({e.os_family})" for e in proof if e.os_family and e.os_family != family})
    if others:
        seen_text = f"{seen.node} runs Windows {family}, but {', '.join(others)} another one."
        refused.append(Refused("R6", seen_text, f"A cluster can't be mixed: build a new one and use {MIGRATE}."))
    return refused


def setup_refusals(seen: Observation, release: str, *, own_job: bool) -> list[Refused]:
    """R8: media, pending restart, other Setups. own_job: the marks are those of our own interrupted run."""
    refused = [*_media_refusals(seen, release)]
    if seen.pending.required is not False:
        found = ", ".join([*seen.pending.reasons, *(f"not readable: {k}" for k in seen.pending.unread)])
        advice = "Restart the node; a mark that stays is an orphan: remove it by hand."
        refused.append(Refused("R8", f"A restart is pending on {seen.node}: {found}.", advice))
    if seen.running_setup and not own_job:
        running = ", ".join(seen.running_setup)
        refused.append(Refused("R8", f"Another Setup runs on {seen.node}: {running}.", "Wait until it has ended."))
    if seen.bits.interrupted and not own_job:
        marks = ", ".join(seen.bits.interrupted)
        advice = "Run that Setup again by hand first. Removing the marks is your decision, never ours."
        refused.append(Refused("R8", f"An earlier Setup was interrupted on {seen.node}: {marks}.", advice))
    return refused


def _media_refusals(seen: Observation, release: str) -> list[Refused]:
    media = seen.media
    if media is None or media.version is None:
        path = media.path if media else ""
        advice = f"Put the {release.upper()} media in a local folder of {seen.node} and name it in `media`."
        return [Refused("R8", f"No Exchange Setup can be read at '{path}' on {seen.node}.", advice)]
    if media.release != release:
        has = f"is {media.release.upper()} ({media.version})" if media.release else f"has version {media.version}"
        return [Refused("R8", f"The media at '{media.path}' {has}, not {release.upper()}.", "Give the right folder.")]
    if seen.bits.version and media.version < seen.bits.version:
        text = f"The media ({media.version}) is older than {seen.node} ({seen.bits.version})."
        return [Refused("R8", text, "Use newer media.")]
    return []


def downgrade_refusals(what: str, current: str | None, release: str) -> list[Refused]:
    """R10."""
    if release_rank(current) > release_rank(release):
        advice = "There is no way back from a service pack; choose that release or a newer one."
        return [Refused("R10", f"{what} is at {str(current).upper()}, newer than {release.upper()}.", advice)]
    return []


def mate_refusals(cluster: Cluster, node: str) -> list[Refused]:
    """R2: every member up, none paused, before one of them goes out of service."""
    refused = []
    for member in cluster.nodes:
        if member.state is NodeState.UP or member.state is NodeState.UNKNOWN:
            continue
        verb = "Resume it" if member.state is NodeState.PAUSED else "Bring it up"
        whose = "itself" if same(member.name, node) else "of the same cluster"
        refused.append(Refused("R2", f"Node {member.name} {whose} is {member.state.value}.", f"{verb} first."))
    return refused


def readiness_refusals(seen: Observation, release: str, *, own_job: bool) -> list[Refused]:
    """What speaks against upgrading the node at all, whatever the order; empty for one that is at the release."""
    if seen.bits.release == release:
        return []
    refused = downgrade_refusals(f"Node {seen.node}", seen.bits.release, release) + readable_refusals(seen)
    return refused + os_refusals(seen, release, []) + setup_refusals(seen, release, own_job=own_job)


# --- the acts ------------------------------------------------------------------------------------------------------


def upgrade_refusals(
    seen: Observation, release: str, proof: Sequence[Evidence], *, now: float, max_age: float, own_job: bool = False
) -> list[Refused]:
    """Why `Setup /mode:upgrade` must not run on this node now; empty: it may."""
    refused = downgrade_refusals(f"Node {seen.node}", seen.bits.release, release)
    if seen.cluster:
        refused += ownership_refusals(seen.cluster, seen.node)
    refused += readable_refusals(seen)
    if not seen.cluster:
        return refused
    mates = seen.cluster.mates(seen.node)
    refused += mate_refusals(seen.cluster, seen.node)
    refused += proof_refusals("R4", mates, proof, now, max_age)
    refused += _cms_refusals(seen, release, [e for e in proof if not same(e.name, seen.node)])
    refused += os_refusals(seen, release, proof)
    return refused + setup_refusals(seen, release, own_job=own_job)


def ownership_refusals(cluster: Cluster, node: str) -> list[Refused]:
    """R1: the node owns no group at all."""
    owned = cluster.owned_by(node)
    if not owned:
        return []
    exchange = {name.casefold() for name in cluster.exchange_groups()}
    names = ", ".join(
        f"'{group.name}'" + (" (a clustered mailbox server)" if group.name.casefold() in exchange else "")
        for group in owned
    )
    advice = "Hand clustered mailbox servers over with cms_handover and move other groups with cluster_group first."
    return [Refused("R1", f"Node {node} owns {names}; Setup restarts the Cluster service there.", advice)]


def _cms_refusals(seen: Observation, release: str, mates: Sequence[Evidence]) -> list[Refused]:
    """R3 and R4: every CMS is online elsewhere, and this is not the last old node under an old CMS."""
    refused = []
    last = bool(mates) and all(release_rank(e.release) >= release_rank(release) for e in mates)
    for server in seen.mailbox_servers:
        if server.state not in (CmsState.ONLINE, CmsState.UNKNOWN):
            advice = f"Finish its handover (cms_handover name={server.name}) or start it first."
            refused.append(Refused("R3", f"Clustered mailbox server {server.name} is {server.state.value}.", advice))
        if last and server.version and release_rank(server.release) < release_rank(release):
            text = (
                f"{seen.node} is the last node with old program files, and {server.name} is still at "
                f"{server.version}: upgrading it now would leave {server.name} unable to start, for good."
            )
            refused.append(Refused("R4", text, f"Upgrade {server.name} first with cms_handover on an upgraded node."))
    return refused


def handover_refusals(
    seen: Observation,
    server: MailboxServer,
    release: str,
    proof: Sequence[Evidence],
    *,
    now: float,
    max_age: float,
    first: bool,
    own_job: bool = False,
) -> list[Refused]:
    """Why the CMS must not be handed over to the observed node now. first: one upgraded node is enough."""
    refused = downgrade_refusals(f"Clustered mailbox server {server.name}", server.release, release)
    refused += readable_refusals(seen)
    if not seen.cluster:
        return refused
    refused += mate_refusals(seen.cluster, seen.node)
    refused += proof_refusals("R5", seen.cluster.mates(seen.node), proof, now, max_age)
    refused += _target_refusals(seen, server, release)
    if not first:
        refused += _passive_refusals(seen, server, release, proof)
    refused += _bricked_refusals(seen, server, release, proof)
    refused += os_refusals(seen, release, proof)
    return refused + setup_refusals(seen, release, own_job=own_job)


def _target_refusals(seen: Observation, server: MailboxServer, release: str) -> list[Refused]:
    node = seen.node
    refused = []
    if seen.bits.version and seen.bits.release != release:
        has = str(seen.bits.release or seen.bits.version).upper()
        refused.append(Refused("R5", f"Node {node} is at {has}, not at {release.upper()}.", "Upgrade it first."))
    if server.redundant_machines and node not in server.redundant_machines:
        machines = ", ".join(server.redundant_machines)
        text = f"{server.name} may only run on {machines}, not on {node}."
        refused.append(Refused("R5", text, "Choose one of them."))
    other = next((s for s in seen.mailbox_servers if s.owner == node and not same(s.name, server.name)), None)
    if other:
        refused.append(Refused("R5", f"Node {node} runs {other.name} already.", "Choose a node that runs none."))
    return refused


def _passive_refusals(
    seen: Observation, server: MailboxServer, release: str, proof: Sequence[Evidence]
) -> list[Refused]:
    """R5 with hand_over_after=all: every node that runs no CMS is at the release."""
    owners = {s.owner for s in seen.mailbox_servers} | {server.owner}
    old = [
        e.name
        for e in proof
        if e.name not in owners and not same(e.name, seen.node) and release_rank(e.release) < release_rank(release)
    ]
    if not old:
        return []
    advice = "Upgrade them first, or say hand_over_after: first."
    return [Refused("R5", f"Passive nodes not at {release.upper()} yet: {', '.join(sorted(old))}.", advice)]


def _bricked_refusals(
    seen: Observation, server: MailboxServer, release: str, proof: Sequence[Evidence]
) -> list[Refused]:
    """R4, too late: every node new, the CMS old (exchange.md 2.7, 9 no. 1)."""
    everywhere = [seen.bits.release, *(e.release for e in proof)]
    old = server.version is not None and release_rank(server.release) < release_rank(release)
    if len(everywhere) < 2 or not old or any(release_rank(r) < release_rank(release) for r in everywhere):
        return []
    text = (
        f"Every node is at {release.upper()}, but {server.name} is still at {server.version}: "
        "/UpgradeCMS was forgotten."
    )
    advice = "Setup refuses this state; ask the vendor's support or restore a node of the old release."
    return [Refused("R4", text, advice)]


def copy_refusals(server: str, samples: Sequence[Sequence[Copy]], max_queue: int) -> list[Refused]:
    """R7: every copy healthy in every sample, queues within max_queue logs and not growing."""
    if not samples or not samples[-1]:
        text = f"No storage group copy of {server} could be read."
        return [Refused("R7", text, "Check the replication service on the passive node.")]
    found = (_copy_trouble(server, copies, max_queue) for copies in zip(*samples, strict=False))
    wait = "Wait until the copies have caught up (Get-StorageGroupCopyStatus), or resume or reseed them."
    return [Refused("R7", text, wait) for text in found if text]


def _copy_trouble(server: str, copies: Sequence[Copy], max_queue: int) -> str:
    """What is wrong with one copy in its readings, oldest first; '' for nothing."""
    label = f"Copy '{copies[0].name}' of {server}"
    bad = next((copy for copy in copies if not copy.healthy), None)
    if bad:
        return f"{label} is {bad.status or 'unknown'}."
    queues = [copy.queue for copy in copies if copy.queue is not None]
    if len(queues) < len(copies):
        return f"{label} has queues that can't be read."
    if queues[-1] > max_queue:
        return f"{label} is {queues[-1]} logs behind, limit {max_queue}."
    if len(queues) > 1 and all(later > earlier for earlier, later in pairwise(queues)):
        return f"{label} falls further behind: {', '.join(map(str, queues))} logs."
    return ""


def group_is_cms(cluster: Cluster, group: str) -> bool | None:
    """Whether a group holds a clustered mailbox server; None where the resource types could not be read."""
    inside = [r for r in cluster.resources if r.group and same(r.group, group)]
    if any(r.type.lower().startswith("microsoft exchange") for r in inside):
        return True
    return None if any(not r.type for r in inside) else False


def settled(state: GroupState) -> bool:
    """Whether a group's state is an end state."""
    return state not in (GroupState.PENDING, GroupState.UNKNOWN)
