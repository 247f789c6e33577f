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

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any

from ._cluster import Cluster, ClusterNode, GroupState, NodeState, same
from ._directory import SCHEMA, Directory, newer, prepared
from ._exchange import Observation
from ._job import Phase
from ._shell import CmsState, Copy, MailboxServer, cms_state
from ._versions import parse_version, release_rank

LIVE = (Phase.RUNNING, Phase.FINISHED, Phase.UNKNOWN)  # a job that is joined
_UP = (CmsState.ONLINE, CmsState.PARTIALLY_ONLINE)
_PENDING = (CmsState.ONLINE_PENDING, CmsState.OFFLINE_PENDING)
CLOCK_TOLERANCE = 30.0  # seconds that an observation may lie in the future
MIGRATE = "mailops.exchange2007.migrate"
DIRECTORY = "directory"  # what upgrade_prepare_directory has mended by the time that Setup runs


@dataclass(frozen=True)
class Refused:
    """One reason not to act: the rule, what was seen, what to do next. about: DIRECTORY, or '' for the others."""

    rule: str
    seen: str
    advice: str
    about: str = ""


@dataclass(frozen=True)
class Evidence:
    """What was seen of a node in this run. observed_at: epoch seconds; os_family '' where nobody said.

    servers: the clustered mailbox servers as that node saw them; mark: of a controller, '' for none; setup: the Setup
    programs and jobs that were running there.
    """

    name: str
    release: str
    observed_at: float
    os_family: str = ""
    servers: tuple[MailboxServer, ...] = ()
    mark: str = ""
    setup: tuple[str, ...] = ()


def parse_evidence(items: Iterable[dict[str, Any]]) -> list[Evidence]:
    """The `nodes` option. observed_at: ISO 8601 or epoch seconds; raises ValueError naming the value."""
    return [
        Evidence(
            str(item["name"]).upper(),
            str(item.get("release") or "unknown"),
            _epoch(item["observed_at"]),
            str(item.get("os_family") or ""),
            tuple(_server_told(server) for server in item.get("servers") or ()),
            str(item.get("mark") or ""),
            tuple(str(name) for name in item.get("setup") or ()),
        )
        for item in items
    ]


def _server_told(item: dict[str, Any]) -> MailboxServer:
    state = cms_state(str(item.get("state") or "").replace("_", ""))
    return MailboxServer(str(item["name"]), state=state, version=parse_version(str(item.get("version") or "")))


def _epoch(value: Any) -> float:
    text = str(value)
    if re.fullmatch(r"[0-9]{1,11}(\.[0-9]+)?", text):
        return float(text)
    try:
        parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"observed_at {text!r}: give ISO 8601 in UTC, as exchange_info returns it") from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)).timestamp()


def iso(epoch: float) -> str:
    """Epoch seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# --- the proof -----------------------------------------------------------------------------------------------------


def latest(members: Iterable[ClusterNode], proof: Sequence[Evidence]) -> dict[str, Evidence | None]:
    """The newest evidence of each member; evidence of hosts that are no members counts for nothing."""
    return {
        member.name: max((e for e in proof if same(e.name, member.name)), key=lambda e: e.observed_at, default=None)
        for member in members
    }


def proof_refusals(
    rule: str, members: Iterable[ClusterNode], proof: Sequence[Evidence], now: float, max_age: float
) -> list[Refused]:
    """Members of the cluster without fresh evidence. max_age in seconds."""
    advice = "Read every node of the cluster with exchange_info in this run and give its `proof` in `nodes`."
    troubles = (_evidence_trouble(name, seen, now, max_age) for name, seen in latest(members, proof).items())
    return [Refused(rule, text, advice) for text in troubles if text]


def _evidence_trouble(name: str, seen: Evidence | None, now: float, max_age: float) -> str:
    if seen is None:
        return f"Node {name} of the cluster was not observed in this run."
    if now - seen.observed_at > max_age:
        return f"Node {name} was observed {int(now - seen.observed_at)} s ago, limit {max_age:g} s."
    if seen.observed_at - now > CLOCK_TOLERANCE:
        return f"Node {name} was observed in the future ({iso(seen.observed_at)})."
    if release_rank(seen.release) < 0:
        return f"The release of node {name} could not be read in this run."
    return ""


def _busy_refusals(mates: Iterable[ClusterNode], proof: Sequence[Evidence]) -> list[Refused]:
    """R2: Setup runs on a mate. Its Cluster service still answers for the first minutes."""
    busy = {name: ", ".join(seen.setup) for name, seen in latest(mates, proof).items() if seen and seen.setup}
    return [Refused("R2", f"Setup runs on {name} ({what}).", "Wait until it has ended.") for name, what in busy.items()]


# --- what every act needs ------------------------------------------------------------------------------------------


def readable_refusals(seen: Observation, *, own_job: bool = False, servers_told: bool = False) -> list[Refused]:
    """R9: what could not be read. own_job: our own broken Setup may have left the program files without a version.

    servers_told: such a Setup has left the node without its shell, and a mate tells of the mailbox servers.
    """
    again = "Look at the node, then run again; nothing was touched."
    if not seen.cluster:
        text = "The cluster can't be read: cluster.exe listed no node."
        return [Refused("R9", text, "Start the Cluster service there.")]
    refused = [
        Refused("R9", f"The state of node {n.name} is unknown{because(seen.cluster)}.", again)
        for n in seen.cluster.nodes
        if n.state is NodeState.UNKNOWN
    ]
    refused += [
        Refused("R9", f"The owner of group '{g.name}' is unknown.", again) for g in seen.cluster.groups if not g.owner
    ]
    moving = [g for g in seen.cluster.groups if not settled(g.state)]
    refused += [Refused("R9", f"Group '{g.name}' is {g.state.value}.", again) for g in moving]
    if not seen.bits.read or (seen.bits.version is None and not own_job):
        refused.append(Refused("R9", "The version of Exchange on the node can't be read from the registry.", again))
    if not seen.processes_read:
        text = f"The running programs of {seen.node} can't be listed (tasklist), so another Setup would not be seen."
        refused.append(Refused("R9", text, again))
    if seen.mailbox_servers_error and not servers_told:
        refused.append(Refused("R9", f"The mailbox servers can't be read: {seen.mailbox_servers_error}", again))
    return refused + _unread_mailbox_servers(seen)


def because(cluster: Cluster) -> str:
    """Why a state is unknown, where that is known."""
    return f" ({'; '.join(cluster.reasons)})" if cluster.reasons else ""


def _unread_mailbox_servers(seen: Observation) -> list[Refused]:
    advice = "Check the account's rights in the Exchange organisation; nothing was touched."
    refused = [
        Refused("R9", f"The {what} of clustered mailbox server {server.name} is unknown.", advice)
        for server in seen.mailbox_servers
        for what, known in (("version", server.version), ("state", server.state is not CmsState.UNKNOWN))
        if not known
    ]
    groups = seen.cluster.exchange_groups() if seen.cluster else []
    known = seen.mailbox_servers_error or not seen.mailbox_servers_asked
    if len(groups) > len(seen.mailbox_servers) and not known:
        names = ", ".join(f"'{name}'" for name in groups)
        text = f"The cluster has Exchange in {names}, but {len(seen.mailbox_servers)} mailbox server(s) could be read."
        refused.append(Refused("R9", text, advice))
    return refused


def os_refusals(seen: Observation, release: str, proof: Sequence[Evidence]) -> list[Refused]:
    """R6: what the release runs on (sources.md: windows-support)."""
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
    refused = [*_media_refusals(seen, release), *_occupied_refusals(seen)]
    if seen.bits.interrupted and not own_job:
        marks = ", ".join(seen.bits.interrupted)
        advice = "Run that Setup again by hand first. Removing the marks is your decision, never ours."
        refused.append(Refused("R8", f"An earlier Setup was interrupted on {seen.node}: {marks}.", advice))
    return refused


def _occupied_refusals(seen: Observation) -> list[Refused]:
    """What keeps any Setup from beginning on the node: a pending restart, and a Setup that runs."""
    refused = []
    if seen.pending.required is not False:
        found = ", ".join([*seen.pending.reasons, *(f"not readable: {k}" for k in seen.pending.unread)])
        advice = "Restart the node; a mark that stays is an orphan: remove it by hand."
        refused.append(Refused("R8", f"A restart is pending on {seen.node}: {found}.", advice))
    if seen.running_setup:
        running = ", ".join(seen.running_setup)
        refused.append(Refused("R8", f"Another Setup runs on {seen.node}: {running}.", "Wait until it has ended."))
    return refused


def _media_refusals(seen: Observation, release: str) -> list[Refused]:
    unfit = _unfit_media(seen, release)
    version = seen.media.version if seen.media else None
    if unfit or version is None or seen.bits.version is None or version >= seen.bits.version:
        return unfit
    text = f"The media ({version}) is older than {seen.node} ({seen.bits.version})."
    return [Refused("R8", text, "Use newer media.")]


def _unfit_media(seen: Observation, release: str) -> list[Refused]:
    media = seen.media
    if media is None or media.version is None:
        path = media.path if media else ""
        advice = f"Put the {release.upper()} media in a local folder of {seen.node} and name it in `media`."
        return [Refused("R8", f"No Exchange Setup can be read at '{path}' on {seen.node}.", advice)]
    if media.release != release:
        has = f"is {media.release.upper()} ({media.version})" if media.release else f"has version {media.version}"
        return [Refused("R8", f"The media at '{media.path}' {has}, not {release.upper()}.", "Give the right folder.")]
    return []


def directory_refusals(seen: Observation, release: str) -> list[Refused]:
    """R8: a schema that is known to be too old. Setup would stop there, or change the forest without being asked to.

    An unknown one is none: with enough rights Setup does by itself what is due. None for a node at the release.
    """
    version, wanted = seen.directory.schema_version, SCHEMA[release]
    if version is None or version >= wanted or seen.bits.release == release:
        return []
    text = f"The directory is not prepared: {seen.directory}; {release.upper()} needs the schema {wanted}."
    advice = "Run exchange_setup with action: prepare_schema, then prepare_ad, or set upgrade_prepare_directory: true."
    return [Refused("R8", text, advice, DIRECTORY)]


def directory_warnings(directory: Directory, release: str) -> list[str]:
    """What an upgrade is told of the directory though nothing refuses it: Setup does what is due, if it may."""
    state = prepared(directory, release, "prepare_ad")
    if state is True:
        return []
    if state is None:
        seen = f"whether the directory is prepared for {release.upper()} is unknown ({directory.reason})"
    else:
        seen = f"the directory is not prepared for {release.upper()} ({directory})"
    return [f"{seen}; Setup does that by itself, where its account may"]


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
    """What speaks against upgrading the node at all, whatever the order.

    Empty for one that is at the release, and for one on which our own Setup runs, to be joined: it has stopped the
    Cluster service, and half of the program files have no version.
    """
    if seen.bits.release == release or any(phase in LIVE for phase in seen.jobs.values()):
        return []
    refused = downgrade_refusals(f"Node {seen.node}", seen.bits.release, release)
    refused += readable_refusals(seen, own_job=own_job, servers_told=own_job)
    refused += mate_refusals(seen.cluster, seen.node) if seen.cluster else []
    refused += os_refusals(seen, release, []) + setup_refusals(seen, release, own_job=own_job)
    return refused + directory_refusals(seen, release)


def moving(seen: Observation) -> bool:
    """Whether something is on its way to another state, so that waiting helps. What nobody can read is not moving."""
    if not seen.cluster:
        return False
    groups, nodes = seen.cluster.groups, seen.cluster.nodes
    on_its_way = [group.state is GroupState.PENDING for group in groups]
    on_its_way += [node.state is NodeState.JOINING for node in nodes]
    on_its_way += [server.state in _PENDING for server in seen.mailbox_servers]
    if not any(reason.startswith("MSCluster") for reason in seen.cluster.reasons):
        # The provider answers, and this is what it has no word for at the moment.
        on_its_way += [group.owner is None or group.state is GroupState.UNKNOWN for group in groups]
        on_its_way += [node.state is NodeState.UNKNOWN for node in nodes]
    return any(on_its_way)


# --- the acts ------------------------------------------------------------------------------------------------------


def upgrade_refusals(
    seen: Observation, release: str, proof: Sequence[Evidence], *, now: float, max_age: float, own_job: bool = False
) -> list[Refused]:
    """Why `Setup /mode:upgrade` must not run on this node now; empty: it may."""
    refused = downgrade_refusals(f"Node {seen.node}", seen.bits.release, release)
    if seen.cluster:
        refused += ownership_refusals(seen.cluster, seen.node)
    mates = seen.cluster.mates(seen.node) if seen.cluster else []
    told = _told_by_mates(mates, proof) if own_job and seen.mailbox_servers_error else ()
    refused += readable_refusals(seen, own_job=own_job, servers_told=bool(told))
    if not seen.cluster:
        return refused
    refused += mate_refusals(seen.cluster, seen.node)
    refused += _busy_refusals(mates, proof)
    refused += proof_refusals("R4", mates, proof, now, max_age)
    servers = told or seen.mailbox_servers
    refused += _cms_refusals(seen.node, servers, release, list(latest(mates, proof).values()))
    refused += os_refusals(seen, release, proof)
    return refused + setup_refusals(seen, release, own_job=own_job) + directory_refusals(seen, release)


def preparation_refusals(seen: Observation, directory: Directory, release: str, action: str) -> list[Refused]:
    """Why `Setup /PrepareSchema` or `/PrepareAD` (action) must not run on this node now; empty: it may.

    It touches nothing of the node or its cluster, so it needs neither the mates nor a node that owns nothing.
    """
    refused = downgrade_refusals(f"Node {seen.node}", seen.bits.release, release)
    if newer(directory, release, action):
        text = f"The directory is prepared for a newer release than {release.upper()}: {directory}."
        refused.append(Refused("R10", text, "There is nothing to prepare, and this media's Setup would refuse."))
    if prepared(directory, release, action) is None:
        text = f"How far the directory is prepared can't be read: {directory.reason}."
        advice = "Log in so that the account reaches a domain controller (kerberos with delegation, or credssp)."
        refused.append(Refused("R9", text, advice, DIRECTORY))
    return refused + _unfit_media(seen, release) + _occupied_refusals(seen)


def restart_refusals(cluster: Cluster, node: str) -> list[Refused]:
    """Why a cluster node must not be restarted now: it owns something, a mate is not up, or nobody knows."""
    again = "Look at the cluster, then run again; nothing was touched."
    if not cluster.nodes:
        return [Refused("R9", "The cluster can't be read: cluster.exe listed no node.", again)]
    refused = ownership_refusals(cluster, node) + mate_refusals(cluster, node)
    unknown = [n.name for n in cluster.nodes if n.state is NodeState.UNKNOWN]
    text = because(cluster)
    refused += [Refused("R9", f"The state of node {name} is unknown{text}.", again) for name in unknown]
    ownerless = [g.name for g in cluster.groups if not g.owner]
    return refused + [Refused("R9", f"The owner of group '{name}' is unknown.", again) for name in ownerless]


def told_refusals(
    cluster: Cluster, node: str, proof: Sequence[Evidence], *, now: float, max_age: float
) -> list[Refused]:
    """What the mates' own readings say against a restart. The cluster does not show a Setup in its first minutes."""
    mates = cluster.mates(node)
    return [*_busy_refusals(mates, proof), *proof_refusals("R2", mates, proof, now, max_age)] if proof else []


def last_refusals(cluster: Cluster, node: str) -> list[Refused]:
    """What has come up since upgrade_refusals(), seen right before Setup starts: reasons to restart, moving groups.

    A group that is on its way keeps its old owner until it arrives, and that may be here.
    """
    refused = restart_refusals(cluster, node)
    moves = [group for group in cluster.groups if group.state is GroupState.PENDING]
    return refused + [
        Refused("R9", f"Group '{group.name}' is {group.state.value}.", "Run again when it has settled.")
        for group in moves
    ]


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


def _told_by_mates(mates: Iterable[ClusterNode], proof: Sequence[Evidence]) -> tuple[MailboxServer, ...]:
    """The mailbox servers in the newest evidence that has any whose version is known."""
    telling = [e for e in latest(mates, proof).values() if e and e.servers and all(s.version for s in e.servers)]
    return max(telling, key=lambda e: e.observed_at).servers if telling else ()


def _cms_refusals(
    node: str, servers: Iterable[MailboxServer], release: str, mates: Sequence[Evidence | None]
) -> list[Refused]:
    """R3 and R4: every CMS is online elsewhere, and this is not the last old node under an old CMS.

    Only a mate that is seen to be old counts as old: an unknown one may be upgraded.
    """
    refused = []
    last = not any(e and 0 <= release_rank(e.release) < release_rank(release) for e in mates)
    for server in servers:
        if server.state not in (CmsState.ONLINE, CmsState.UNKNOWN):
            advice = f"Finish its handover (cms_handover name={server.name}) or start it first."
            refused.append(Refused("R3", f"Clustered mailbox server {server.name} is {server.state.value}.", advice))
        if last and server.version and release_rank(server.release) < release_rank(release):
            text = (
                f"{node} is the last node with old program files, and {server.name} is still at "
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
    refused += readable_refusals(seen, own_job=own_job)
    if not seen.cluster:
        return refused
    mates = seen.cluster.mates(seen.node)
    known = [e for e in latest(mates, proof).values() if e]
    refused += mate_refusals(seen.cluster, seen.node)
    refused += _busy_refusals(mates, proof)
    refused += proof_refusals("R5", mates, proof, now, max_age)
    refused += _target_refusals(seen, server, release)
    upgraded = release_rank(server.release) >= release_rank(release)
    if not first and not upgraded and server.state in _UP and server.owner != seen.node:
        # Once the CMS is down, or here already, the window is open: it is to be closed, not to be kept waiting.
        refused += _passive_refusals(seen, server, release, known)
    refused += _bricked_refusals(seen, server, release, known)
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
    """R4, too late: every node new, the CMS old (sources.md: resume, forgotten-upgradecms)."""
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
    wait = "Wait until the copies have caught up (Get-StorageGroupCopyStatus), or resume or reseed them."
    names = {copy.name for sample in samples for copy in sample}
    if not names:
        text = f"No storage group copy of {server} could be read."
        return [Refused("R7", text, "Check the replication service on the passive node.")]
    found = []
    for name in sorted(names):
        readings = [copy for sample in samples for copy in sample if copy.name == name]
        if len(readings) != len(samples):
            text = f"Copy '{name}' of {server} was read {len(readings)} times in {len(samples)} readings."
        else:
            text = _copy_trouble(server, readings, max_queue)
        found += [Refused("R7", text, wait)] if text else []
    return found


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
    if not cluster.resources or any(reason.startswith("cluster res") for reason in cluster.reasons):
        return None
    inside = [r for r in cluster.resources if r.group and same(r.group, group)]
    if any(r.type.lower().startswith("microsoft exchange") for r in inside):
        return True
    return None if any(not r.type for r in inside) else False


def settled(state: GroupState) -> bool:
    """Whether a group's state is an end state."""
    return state not in (GroupState.PENDING, GroupState.UNKNOWN)
