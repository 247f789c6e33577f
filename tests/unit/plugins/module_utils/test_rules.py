# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules R1 to R10: each refused and not refused; each message names what was seen and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _rules as rules
from ansible_collections.mailops.exchange2007.plugins.module_utils._cluster import (
    Cluster,
    ClusterNode,
    ClusterResource,
    GroupState,
    NodeState,
    ResourceState,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._directory import Directory
from ansible_collections.mailops.exchange2007.plugins.module_utils._exchange import Observation, Observer
from ansible_collections.mailops.exchange2007.plugins.module_utils._job import Phase
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import Evidence, Refused
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import Copy
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    START,
    Cms,
    Played,
    World,
    proof,
)
from hypothesis import given
from hypothesis import strategies as st

# NODEB is passive and old, NODEA runs CMS1: the normal start of an upgrade to SP2.
PASSIVE = World()
OLD_MATE = tuple(proof(("NODEA", "rtm")))
# NODEB is upgraded and about to take CMS1 over.
TARGET = World(bits="sp2")
# NODEA was left by CMS1, which is upgraded and online on NODEB; seen from NODEA.
LEFT = World(node="NODEA", groups={"Cluster Group": ("NODEB", 0), "CMS1": ("NODEB", 0)}, servers=(Cms("CMS1", "sp2"),))
NEW_MATE = proof(("NODEB", "sp2"))


def seen(world: World, media: str = r"D:\sp2") -> Observation:
    return Observer(Node("n", Played(world)), media).observe(START)


def upgrade(world: World, nodes: Any = OLD_MATE, release: str = "sp2", **how: Any) -> list[Refused]:
    evidence = rules.parse_evidence(nodes)
    return rules.upgrade_refusals(seen(world), release, evidence, **{"now": START, "max_age": 900.0, **how})


def hand_over(world: World, nodes: Any = OLD_MATE, release: str = "sp2", **how: Any) -> list[Refused]:
    looked = seen(world)
    server = looked.mailbox_server("CMS1")
    assert server is not None
    how = {"now": START, "max_age": 900.0, "first": False, **how}
    return rules.handover_refusals(looked, server, release, rules.parse_evidence(nodes), **how)


def check(refused: Sequence[Refused], rule: str, *parts: str) -> None:
    """One refusal by that rule says all the parts, and every refusal has something to do next."""
    told = [f"{r.seen} {r.advice}" for r in refused if r.rule == rule]
    assert any(all(part in text for part in parts) for text in told), refused
    assert all(r.seen.endswith((".", ":")) or "can't be read" in r.seen for r in refused)
    assert all(r.advice for r in refused)


# --- nothing to refuse ---------------------------------------------------------------------------------------------

THREE = World(node="NODEC", nodes={"NODEA": 0, "NODEB": 0, "NODEC": 0})
SP1 = World(bits="sp1", ver="6.0.6001", servers=(Cms("CMS1", "sp1"),))


@pytest.mark.parametrize(
    ("world", "nodes", "how"),
    [
        pytest.param(PASSIVE, OLD_MATE, {}, id="the first passive node"),
        pytest.param(LEFT, NEW_MATE, {}, id="the last node, its CMS upgraded elsewhere"),
        pytest.param(THREE, proof(("NODEA", "rtm"), ("NODEB", "sp2")), {}, id="SCC, one of two passive nodes done"),
        pytest.param(replace(PASSIVE, bits="sp2"), OLD_MATE, {}, id="the same release again"),
        pytest.param(SP1, [{**OLD_MATE[0], "os_family": "2008"}], {}, id="2008"),
        pytest.param(PASSIVE, proof(("nodea", "rtm", 899.0)), {}, id="proof of another case, just young enough"),
        pytest.param(PASSIVE, proof(("NODEA", "rtm", -29.0)), {}, id="proof a little in the future"),
        pytest.param(
            replace(PASSIVE, marks=(("MailboxRole", "Watermark"),)),
            OLD_MATE,
            {"own_job": True},
            id="the marks of our own dead Setup",
        ),
    ],
)
def test_an_upgrade_that_may_go_on(world: World, nodes: Any, how: dict[str, Any]) -> None:
    assert upgrade(world, nodes, **how) == []


@pytest.mark.parametrize(
    ("world", "nodes", "how"),
    [
        pytest.param(TARGET, OLD_MATE, {}, id="CCR, the owner is old"),
        pytest.param(
            replace(TARGET, node="NODEC", nodes={"NODEA": 0, "NODEB": 0, "NODEC": 0}).with_server(
                "CMS1", machines=("NODEA", "NODEB", "NODEC")
            ),
            proof(("NODEA", "rtm"), ("NODEB", "sp2")),
            {},
            id="SCC, all passive nodes done",
        ),
        pytest.param(
            replace(TARGET, node="NODEC", nodes={"NODEA": 0, "NODEB": 0, "NODEC": 0}).with_server(
                "CMS1", machines=("NODEA", "NODEB", "NODEC")
            ),
            proof(("NODEA", "rtm"), ("NODEB", "rtm")),
            {"first": True},
            id="SCC, after the first passive node",
        ),
        pytest.param(
            TARGET.with_server("CMS1", state="Offline").with_group("CMS1", "NODEB", 1),
            OLD_MATE,
            {"first": True},
            id="half way, after the first passive node",
        ),
        pytest.param(
            TARGET.with_server("CMS1", state="Offline").with_group("CMS1", "NODEA", 1), OLD_MATE, {}, id="stopped"
        ),
    ],
)
def test_a_handover_that_may_go_on(world: World, nodes: Any, how: dict[str, Any]) -> None:
    assert hand_over(world, nodes, **how) == []


# --- R1 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "parts"),
    [
        pytest.param(PASSIVE.with_group("Cluster Group", "NODEB"), ["NODEB", "'Cluster Group'"], id="default group"),
        pytest.param(
            PASSIVE.with_group("Available Storage", "NODEB", 1), ["'Available Storage'"], id="a group that is offline"
        ),
        pytest.param(
            PASSIVE.with_group("CMS1", "NODEB"), ["'CMS1' (a clustered mailbox server)", "cms_handover"], id="a CMS"
        ),
        pytest.param(PASSIVE.with_group("Print & Fax (HQ)", "NODEB"), ["'Print & Fax (HQ)'"], id="any other group"),
    ],
)
def test_r1_no_upgrade_of_a_node_that_owns_a_group(world: World, parts: list[str]) -> None:
    refused = upgrade(world)
    assert refused[0].rule == "R1"
    check(refused, "R1", "cluster_group", *parts)


# --- R2 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "word", "advice"),
    [(1, "down", "Bring it up"), (2, "paused", "Resume it"), (3, "joining", "Bring it up")],
)
@pytest.mark.parametrize("node", ["NODEA", "NODEB"])
def test_r2_every_node_up_and_none_paused(number: int, word: str, advice: str, node: str) -> None:
    nodes = {"NODEA": 0, "NODEB": 0, node: number}
    check(upgrade(replace(PASSIVE, nodes=nodes)), "R2", node, word, advice)
    check(hand_over(replace(TARGET, nodes=nodes)), "R2", node, word, advice)


def test_r2_a_mate_on_which_setup_runs_is_named() -> None:
    """Its Cluster service still answers during the first minutes of Setup."""
    busy = [{**OLD_MATE[0], "setup": ["exsetup.exe"]}]
    check(upgrade(PASSIVE, busy), "R2", "Setup runs on NODEA (exsetup.exe)", "Wait")
    check(hand_over(TARGET, busy), "R2", "Setup runs on NODEA (exsetup.exe)", "Wait")


# --- R3 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["Offline", "Failed", "PartiallyOnline", "OnlinePending", "OfflinePending"])
def test_r3_the_cms_is_seen_online_first(state: str) -> None:
    check(upgrade(LEFT.with_server("CMS1", state=state), NEW_MATE), "R3", "CMS1", "cms_handover name=CMS1")


# --- R4 ------------------------------------------------------------------------------------------------------------

TWO = LEFT.with_group("CMS2", "NODEB")


@pytest.mark.parametrize(
    ("world", "nodes"),
    [
        pytest.param(LEFT.with_server("CMS1", release="rtm"), NEW_MATE, id="CCR"),
        pytest.param(
            replace(TWO, servers=(Cms("CMS2", "sp2"), Cms("CMS1", "rtm"))), NEW_MATE, id="one of two CMSs is old"
        ),
        pytest.param(
            replace(LEFT, nodes={"NODEA": 0, "NODEB": 0, "NODEC": 0}).with_server("CMS1", release="sp1"),
            proof(("NODEB", "sp2"), ("NODEC", "sp3")),
            id="three nodes, a mate even newer",
        ),
    ],
)
def test_r4_the_last_old_node_stays_old_while_a_cms_is_old(world: World, nodes: Any) -> None:
    check(upgrade(world, nodes), "R4", "NODEA is the last node", "CMS1", "cms_handover")


@pytest.mark.parametrize(
    ("nodes", "part"),
    [
        pytest.param([], "was not observed in this run", id="no proof"),
        pytest.param(proof(("NODEX", "rtm")), "NODEA of the cluster was not observed", id="proof of another node"),
        pytest.param(proof(("NODEA", "rtm", 901.0)), "901 s ago, limit 900 s", id="proof too old"),
        pytest.param(proof(("NODEA", "rtm", -31.0)), "in the future", id="proof from the future"),
    ],
)
def test_r4_and_r5_every_mate_needs_fresh_proof(nodes: Any, part: str) -> None:
    check(upgrade(PASSIVE, nodes), "R4", "NODEA", part, "exchange_info")
    check(hand_over(TARGET, nodes), "R5", "NODEA", part, "exchange_info")


OLD_CMS = LEFT.with_server("CMS1", release="rtm")


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param(proof(("NODEB", "sp2"), ("OTHER", "rtm")), id="an old node of another cluster"),
        pytest.param(proof(("NODEB", "sp2"), ("NODEB", "rtm", 600.0)), id="an older entry of the same node"),
        pytest.param(proof(("NODEB", "rtm", 600.0), ("nodeb", "sp2")), id="the older entry first, in another case"),
        pytest.param(proof(("NODEB", "unknown")), id="a mate whose release nobody could read may be upgraded"),
    ],
)
def test_r4_no_entry_of_the_proof_hides_that_this_is_the_last_old_node(nodes: Any) -> None:
    check(upgrade(OLD_CMS, nodes), "R4", "NODEA is the last node", "CMS1")


def test_r4_a_mate_whose_release_could_not_be_read_is_refused_by_name() -> None:
    check(upgrade(PASSIVE, proof(("NODEA", "unknown"))), "R4", "The release of node NODEA could not be read")
    check(hand_over(TARGET, proof(("NODEA", "unknown"))), "R5", "The release of node NODEA could not be read")


def test_r5_the_nodes_of_another_cluster_keep_nobody_waiting() -> None:
    assert hand_over(TARGET, proof(("NODEA", "rtm"), ("OTHER", "rtm"))) == []


THREE_NODES = {"NODEA": 0, "NODEB": 0, "NODEC": 0}


@pytest.mark.parametrize(
    ("world", "waits"),
    [
        pytest.param(TARGET, True, id="up on another node: the users can wait"),
        pytest.param(TARGET.with_server("CMS1", state="PartiallyOnline"), True, id="partly up on another node"),
        pytest.param(TARGET.with_server("CMS1", state="Offline").with_group("CMS1", "NODEA", 1), False, id="stopped"),
        pytest.param(TARGET.with_server("CMS1", state="Failed").with_group("CMS1", "NODEA", 2), False, id="failed"),
        pytest.param(TARGET.with_group("CMS1", "NODEB"), False, id="here already"),
    ],
)
def test_r5_passive_nodes_come_first_only_while_the_cms_is_up_elsewhere(world: World, waits: bool) -> None:
    refused = hand_over(replace(world, nodes=THREE_NODES), proof(("NODEA", "rtm"), ("NODEC", "rtm")))
    assert any("Passive nodes not at SP2 yet: NODEC" in r.seen for r in refused) is waits


@pytest.mark.parametrize("nodes", [OLD_MATE, proof(("NODEA", "sp2"))])
@pytest.mark.parametrize("state", ["Online", "PartiallyOnline", "Failed", "Offline"])
def test_r5_an_upgraded_cms_may_go_to_an_upgraded_node_from_wherever_it_is(state: str, nodes: Any) -> None:
    """A failover may have brought it to an old node, where it can't run: the upgraded node fetches it."""
    assert hand_over(TARGET.with_server("CMS1", release="sp2", state=state), nodes) == []


def test_r5_an_upgraded_cms_waits_for_no_passive_node_but_goes_to_no_old_one() -> None:
    three = replace(TARGET.with_server("CMS1", release="sp2"), nodes=THREE_NODES)
    assert hand_over(three, proof(("NODEA", "rtm"), ("NODEC", "rtm"))) == []
    check(hand_over(World().with_server("CMS1", release="sp2")), "R5", "Node NODEB is at RTM, not at SP2")


def test_r4_each_missing_mate_is_named() -> None:
    nodes = {"NODEA": 0, "NODEB": 0, "NODEC": 0, "NODED": 0}
    refused = [r for r in upgrade(replace(PASSIVE, nodes=nodes), proof(("NODEC", "rtm"))) if r.rule == "R4"]
    assert [("NODEA" in r.seen, "NODED" in r.seen) for r in refused] == [(True, False), (False, True)]


def test_r4_the_forgotten_upgrade_of_the_cms_is_recognised() -> None:
    check(hand_over(TARGET, proof(("NODEA", "sp2"))), "R4", "Every node is at SP2", "CMS1", "forgotten")


# --- R8: the directory ---------------------------------------------------------------------------------------------


def with_schema(world: World, schema: int | None, organization: int | None = 11222) -> Observation:
    return replace(seen(world), directory=Directory(schema, organization, "" if schema else "nobody answers"))


@pytest.mark.parametrize(
    ("world", "schema", "release", "refused"),
    [
        pytest.param(World(), 10637, "sp2", True, id="too old"),
        pytest.param(World(), 14622, "sp3", True, id="one service pack too old"),
        pytest.param(World(), 14622, "sp2", False, id="there"),
        pytest.param(World(), 14726, "sp3", False, id="of a later Exchange"),
        pytest.param(World(), None, "sp2", False, id="unknown"),
        pytest.param(World(bits="sp2"), 10637, "sp2", False, id="the node is at the release"),
    ],
)
def test_a_schema_that_is_known_to_be_too_old_refuses_the_upgrade(
    world: World, schema: int | None, release: str, refused: bool
) -> None:
    looked = with_schema(world, schema)
    found = rules.directory_refusals(looked, release)
    assert bool(found) is refused
    if refused:
        check(found, "R8", f"schema {schema}", "prepare_schema", "upgrade_prepare_directory")
        assert found[0].about == rules.DIRECTORY
        assert found[0] in rules.readiness_refusals(looked, release, own_job=False)
        evidence = rules.parse_evidence(OLD_MATE)
        assert found[0] in rules.upgrade_refusals(looked, release, evidence, now=START, max_age=900.0)


@pytest.mark.parametrize(
    ("schema", "organization", "part"),
    [
        (14622, 11222, None),
        (14726, 13214, None),
        (14622, 10666, "organisation 10666"),
        (None, None, "is unknown (nobody answers)"),
    ],
)
def test_what_the_upgrade_is_told_of_the_directory(
    schema: int | None, organization: int | None, part: str | None
) -> None:
    told = rules.directory_warnings(with_schema(World(), schema, organization).directory, "sp2")
    assert [part is not None and part in text for text in told] == ([True] if part else [])


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        (World(), False),
        (World().with_group("Cluster Group", "NODEA", 4), True),
        (World().with_group("Cluster Group", "NODEA", 2), False),
        (World(nodes={"NODEA": 3, "NODEB": 0}), True),
        (World(nodes={"NODEA": 1, "NODEB": 0}), False),
        (World().with_server("CMS1", state="OfflinePending"), True),
        (World().with_server("CMS1", state="Offline"), False),
        (World(cluster_rc=1753), False),
        (World(wmi=False).with_group("Cluster Group", None), False),
    ],
)
def test_moving(world: World, expected: bool) -> None:
    assert rules.moving(seen(world)) is expected


# --- R5 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "nodes", "parts"),
    [
        pytest.param(World(), OLD_MATE, ["Node NODEB is at RTM, not at SP2", "Upgrade it first"], id="an old target"),
        pytest.param(
            TARGET.with_server("CMS1", machines=("NODEA", "NODEC")),
            OLD_MATE,
            ["NODEA, NODEC, not on NODEB"],
            id="not its",
        ),
        pytest.param(
            replace(TARGET, servers=(Cms("CMS1"), Cms("CMS2"))).with_group("CMS2", "NODEB"),
            OLD_MATE,
            ["NODEB runs CMS2 already"],
            id="a busy target",
        ),
        pytest.param(
            replace(TARGET, nodes={"NODEA": 0, "NODEB": 0, "NODEC": 0, "NODED": 0}),
            proof(("NODEA", "rtm"), ("NODEC", "sp1"), ("NODED", "unknown")),
            ["Passive nodes not at SP2 yet: NODEC, NODED", "hand_over_after: first"],
            id="old passive nodes",
        ),
    ],
)
def test_r5_only_to_an_upgraded_node_and_after_the_passive_ones(world: World, nodes: Any, parts: list[str]) -> None:
    check(hand_over(world, nodes), "R5", *parts)


# --- R6 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "release", "parts"),
    [
        pytest.param({"ver": "5.1.2600"}, "sp2", ["Windows 5.1.2600 is not 2003 or 2008"], id="XP"),
        pytest.param({"ver": "10.0.1"}, "sp2", ["10.0.1"], id="a later Windows"),
        pytest.param({"pack": "0x100"}, "sp2", ["service pack 1", "Service Pack 2 first"], id="2003 SP1"),
        pytest.param({"pack": "?"}, "sp2", ["service pack unknown"], id="2003, service pack not readable"),
        pytest.param({"ver": "6.0.6001"}, "sp2", ["RTM does not run on Windows 2008"], id="RTM on 2008"),
        pytest.param({"ver": "6.1.7600", "bits": "sp1"}, "sp2", ["SP2 does not run on 2008 R2", "sp3"], id="2008 R2"),
    ],
)
def test_r6_what_the_release_runs_on(changes: dict[str, Any], release: str, parts: list[str]) -> None:
    check(upgrade(replace(PASSIVE, **changes), release=release), "R6", *parts)


def test_r6_no_mixed_cluster() -> None:
    mixed = [{**OLD_MATE[0], "os_family": "2008"}]
    refused = upgrade(PASSIVE, mixed)
    check(refused, "R6", "NODEB runs Windows 2003", "NODEA (2008)", "mailops.exchange2007.migrate")


def test_r6_sp3_runs_on_2008_r2() -> None:
    world = replace(PASSIVE, ver="6.1.7600", bits="sp2", media="8.3.83.6", servers=(Cms("CMS1", "sp2"),))
    assert upgrade(world, [{**OLD_MATE[0], "os_family": "2008r2"}], "sp3") == []


# --- R7 ------------------------------------------------------------------------------------------------------------

GOOD = Copy("SG1", "Healthy", 0, 3)


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param([[GOOD], [GOOD], [GOOD]], id="three good ones"),
        pytest.param([[Copy("SG1", "Healthy", 9, 0)], [GOOD]], id="catching up"),
        pytest.param([[GOOD], [Copy("SG1", "Healthy", 5, 5)], [GOOD]], id="once behind, then not"),
        pytest.param([[GOOD, Copy("SG2", "healthy", 0, 0)]] * 2, id="two copies, other case"),
        pytest.param([[Copy("SG1", "Healthy", 5, 5)]], id="at the limit"),
        pytest.param([[GOOD, Copy("SG2", "Healthy", 9, 0)], [Copy("SG2", "Healthy", 8, 0), GOOD]], id="another order"),
    ],
)
def test_r7_good_copies(samples: list[list[Copy]]) -> None:
    assert rules.copy_refusals("CMS1", samples, 10) == []


@pytest.mark.parametrize(
    ("samples", "part"),
    [
        pytest.param([], "No storage group copy of CMS1 could be read", id="nothing read"),
        pytest.param([[]], "No storage group copy of CMS1", id="no copy"),
        pytest.param([[GOOD], [Copy("SG1", "Failed", 0, 0)], [GOOD]], "is Failed", id="failed in one of three"),
        pytest.param([[Copy("SG1", "", 0, 0)]], "is unknown", id="no status"),
        pytest.param([[Copy("SG1", "Initializing", 0, 0)]], "is Initializing", id="a word that may turn good"),
        pytest.param([[Copy("SG1", "Hëälthy", 0, 0)]], "is Hëälthy", id="another word"),
        pytest.param([[GOOD], [Copy("SG1", "Healthy", None, 0)]], "queues that can't be read", id="no queue"),
        pytest.param([[Copy("SG1", "Healthy", 6, 5)]], "11 logs behind, limit 10", id="too far behind"),
        pytest.param(
            [[Copy("SG1", "Healthy", n, 0)] for n in (1, 2, 3)], "falls further behind: 1, 2, 3", id="queue grows"
        ),
        pytest.param([[GOOD, Copy("SG2", "Seeding", 0, 0)]], "Copy 'SG2' of CMS1 is Seeding", id="the second copy"),
        pytest.param([[], [GOOD]], "was read 1 times in 2 readings", id="not in the first reading"),
        pytest.param([[GOOD], [GOOD, Copy("SG2", "Failed", 0, 0)]], "'SG2' of CMS1 was read 1 times", id="a late one"),
        pytest.param(
            [
                [Copy("SG1", "Healthy", 1, 0), Copy("SG2", "Healthy", 9, 0)],
                [Copy("SG2", "Healthy", 8, 0), Copy("SG1", "Healthy", 2, 0)],
                [Copy("SG1", "Healthy", 3, 0), Copy("SG2", "Healthy", 7, 0)],
            ],
            "Copy 'SG1' of CMS1 falls further behind: 1, 2, 3",
            id="one grows, in readings of changing order",
        ),
    ],
)
def test_r7_anything_else_is_refused(samples: list[list[Copy]], part: str) -> None:
    check(rules.copy_refusals("CMS1", samples, 10), "R7", part)


# --- R8 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        pytest.param({"media": ""}, [r"No Exchange Setup can be read at 'D:\sp2'", "NODEB", "media"], id="no media"),
        pytest.param({"media": "8.1.240.6"}, ["is SP1 (8.1.240.6), not SP2"], id="media of another release"),
        pytest.param({"media": "14.0.639.21"}, ["has version 14.0.639.21"], id="media of another product"),
        pytest.param(
            {"media": "8.2.100.0", "bits": "sp2"}, ["(8.2.100.0) is older than NODEB (8.2.176.2)"], id="older media"
        ),
        pytest.param(
            {"renames": r"\??\C:\x"},
            ["restart is pending on NODEB", "PendingFileRename", "orphan"],
            id="pending restart",
        ),
        pytest.param({"session_read": False}, ["not readable", "Session Manager"], id="pending restart not readable"),
        pytest.param({"images": ("Setup.com",)}, ["Another Setup runs on NODEB: setup.com"], id="another Setup"),
        pytest.param(
            {"marks": (("MailboxRole", "Watermark"), ("CMS", "Action"))},
            [r"v8.0\MailboxRole\Watermark=", r"v8.0\CMS\Action=", "never ours"],
            id="an interrupted Setup",
        ),
    ],
)
def test_r8_media_restarts_and_other_setups(changes: dict[str, Any], parts: list[str]) -> None:
    check(upgrade(replace(PASSIVE, **changes)), "R8", *parts)
    if "bits" not in changes:
        check(hand_over(replace(TARGET, **changes)), "R8", *parts[:1])


def test_r8_a_pending_restart_counts_even_for_our_own_dead_setup() -> None:
    check(upgrade(replace(PASSIVE, renames="x"), own_job=True), "R8", "restart is pending")


# --- R9 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "parts"),
    [
        pytest.param(replace(PASSIVE, cluster_rc=1753), ["cluster can't be read", "Cluster service"], id="no cluster"),
        pytest.param(
            replace(PASSIVE, nodes={"NODEA": 7, "NODEB": 0}, wmi=False), ["state of node NODEA is unknown"], id="a node"
        ),
        pytest.param(
            PASSIVE.with_group("Lost", None), ["owner of group 'Lost' is unknown"], id="a group without owner"
        ),
        pytest.param(
            PASSIVE.with_group("Cluster Group", "NODEA", 4), ["Group 'Cluster Group' is pending"], id="a moving group"
        ),
        pytest.param(
            replace(PASSIVE, servers=(Cms("CMS1"), Cms("CMS2"))).with_group("CMS2", "NODEA", -1),
            ["Group 'CMS2' is unknown"],
            id="a group's state",
        ),
        pytest.param(replace(PASSIVE, exchange_read=False), ["version of Exchange"], id="the version"),
        pytest.param(
            replace(PASSIVE, versions={"MailboxRole": "?", "AdminTools": "?"}), ["version of Exchange"], id="garbled"
        ),
        pytest.param(
            replace(PASSIVE, shell_error="no domain controller"),
            ["mailbox servers", "no domain controller"],
            id="shell",
        ),
        pytest.param(
            PASSIVE.with_server("CMS1", state="Önlïnë"), ["The state of clustered mailbox server CMS1"], id="state word"
        ),
    ],
)
def test_r9_unknown_is_never_good(world: World, parts: list[str]) -> None:
    check(upgrade(world), "R9", *parts)


def test_r9_exchange_groups_without_a_mailbox_server_read() -> None:
    looked = replace(seen(PASSIVE), mailbox_servers=())
    refused = rules.readable_refusals(looked)
    check(refused, "R9", "'CMS1'", "0 mailbox server(s) could be read", "rights")


def test_r9_one_of_two_exchange_groups_without_a_mailbox_server_read() -> None:
    two = seen(replace(PASSIVE.with_group("CMS2", "NODEA"), servers=(Cms("CMS1"), Cms("CMS2"))))
    looked = replace(two, mailbox_servers=two.mailbox_servers[:1])
    check(rules.readable_refusals(looked), "R9", "'CMS1', 'CMS2'", "1 mailbox server(s) could be read")
    assert rules.readable_refusals(two) == []


def test_r9_a_version_that_our_own_broken_setup_left_unreadable_is_no_obstacle() -> None:
    broken = seen(replace(PASSIVE, versions={"MailboxRole": "?", "AdminTools": "?"}))
    assert rules.readable_refusals(broken, own_job=True) == []
    gone = seen(replace(PASSIVE, exchange_read=False))
    check(rules.readable_refusals(gone, own_job=True), "R9", "version of Exchange")


def broken_off(world: World = PASSIVE) -> Observation:
    """NODEB after a Setup of ours that broke off: no version, and a shell without Exchange's cmdlets."""
    broken = seen(replace(world, versions={"MailboxRole": "?", "AdminTools": "?"}))
    return replace(broken, mailbox_servers=(), mailbox_servers_error="Get-MailboxServer is not recognized")


def told(release: str, version: str, state: str = "online") -> list[dict[str, Any]]:
    """NODEA's proof with what it sees of CMS1."""
    servers = [{"name": "CMS1", "version": version, "state": state}]
    return [{**entry, "servers": servers} for entry in proof(("NODEA", release))]


@pytest.mark.parametrize(
    ("nodes", "own_job", "rules_broken"),
    [
        pytest.param(told("rtm", "8.0.685.24"), True, [], id="a mate tells"),
        pytest.param(told("rtm", "8.0.685.24"), False, ["R9", "R9"], id="not our Setup"),
        pytest.param(OLD_MATE, True, ["R9"], id="nobody tells"),
        pytest.param(told("rtm", ""), True, ["R9"], id="a mate that could not read the version"),
        pytest.param(told("sp2", "8.2.176.2"), True, [], id="the last node, the server is upgraded"),
        pytest.param(told("sp2", "8.1.240.6"), True, ["R4"], id="the last node under an old server"),
        pytest.param(told("rtm", "8.0.685.24", "partially_online"), True, ["R3"], id="the server is not online"),
    ],
)
def test_a_setup_of_ours_that_broke_off_is_finished_by_what_a_mate_tells(
    nodes: Any, own_job: bool, rules_broken: list[str]
) -> None:
    evidence = rules.parse_evidence(nodes)
    refused = rules.upgrade_refusals(broken_off(), "sp2", evidence, now=START, max_age=900.0, own_job=own_job)
    assert [r.rule for r in refused] == rules_broken


def test_r9_a_version_that_cannot_be_read() -> None:
    looked = seen(PASSIVE)
    servers = tuple(replace(s, version=None) for s in looked.mailbox_servers)
    check(rules.readable_refusals(replace(looked, mailbox_servers=servers)), "R9", "version of", "CMS1")


@pytest.mark.parametrize(
    ("state", "end"),
    [(s, s not in (GroupState.PENDING, GroupState.UNKNOWN)) for s in GroupState],
)
def test_settled(state: GroupState, end: bool) -> None:
    assert rules.settled(state) is end


@pytest.mark.parametrize(
    ("types", "cms"),
    [
        (["Physical Disk", "Microsoft Exchange Information Store"], True),
        (["", "Microsoft Exchange System Attendant"], True),
        (["Physical Disk", "IP Address"], False),
        (["Physical Disk", ""], None),
    ],
)
def test_whether_a_group_is_a_cms(types: list[str], cms: bool | None) -> None:
    resources = [ClusterResource(f"R{i}", "G", "NODEA", ResourceState.ONLINE, t) for i, t in enumerate(types)]
    other = ClusterResource("X", "H", "NODEA", ResourceState.ONLINE, "Microsoft Exchange Information Store")
    assert rules.group_is_cms(Cluster("C", (), (), (*resources, other)), "g") is cms


def test_a_group_may_be_a_cms_where_the_resources_could_not_be_read() -> None:
    disk = ClusterResource("R", "G", "NODEA", ResourceState.ONLINE, "Physical Disk")
    assert rules.group_is_cms(Cluster("C", (), (), ()), "G") is None
    assert rules.group_is_cms(Cluster("C", (), (), (disk,), ("cluster res: exit code 5",)), "G") is None
    assert rules.group_is_cms(Cluster("C", (), (), (disk,)), "G") is False


# --- restart -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "found"),
    [
        pytest.param(PASSIVE, [], id="owns nothing, its mate is up"),
        pytest.param(PASSIVE.with_group("Cluster Group", "NODEB"), ["R1"], id="owns a group"),
        pytest.param(replace(PASSIVE, nodes={"NODEA": 1, "NODEB": 0}), ["R2"], id="its mate is down"),
        pytest.param(replace(PASSIVE, nodes={"NODEA": 0, "NODEB": 2}), ["R2"], id="it is paused itself"),
        pytest.param(replace(PASSIVE, nodes={"NODEA": -1, "NODEB": 0}), ["R9"], id="its mate is unknown"),
        pytest.param(PASSIVE.with_group("Lost", None), ["R9"], id="a group without owner may be its own"),
        pytest.param(PASSIVE.with_group("Cluster Group", "NODEA", 4), [], id="what moves elsewhere is no matter"),
        pytest.param(replace(PASSIVE, cluster_rc=5), ["R9"], id="nothing can be read"),
        pytest.param(
            replace(PASSIVE.with_group("CMS1", "NODEB"), nodes={"NODEA": 1, "NODEB": 0}), ["R1", "R2"], id="several"
        ),
    ],
)
def test_restarting_a_node(world: World, found: list[str]) -> None:
    cluster = seen(world).cluster or Cluster("", (), (), ())
    refused = rules.restart_refusals(cluster, "NODEB")
    assert [r.rule for r in refused] == found
    assert all(r.seen and r.advice for r in refused)


def test_right_before_setup_a_group_that_moves_may_come_here() -> None:
    cluster = seen(PASSIVE.with_group("Cluster Group", "NODEA", 4)).cluster or Cluster("", (), (), ())
    (refused,) = rules.last_refusals(cluster, "NODEB")
    assert (refused.rule, refused.seen) == ("R9", "Group 'Cluster Group' is pending.")


# --- R10 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "release", "refused"),
    [
        ("sp3", "sp2", True),
        ("sp2", "sp1", True),
        ("sp2", "sp2", False),
        ("rtm", "sp1", False),
        (None, "sp1", False),
        ("unknown", "sp1", False),
    ],
)
def test_r10_no_way_back(current: str | None, release: str, refused: bool) -> None:
    told = rules.downgrade_refusals("Node NODEB", current, release)
    assert bool(told) is refused
    if told:
        check(told, "R10", f"Node NODEB is at {str(current).upper()}, newer than {release.upper()}")


def test_r10_leads() -> None:
    assert upgrade(replace(PASSIVE, bits="sp3"))[0].rule == "R10"
    assert hand_over(TARGET.with_server("CMS1", release="sp3"))[0].rule == "R10"


# --- readiness -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "own_job", "found"),
    [
        (PASSIVE, False, []),
        (replace(PASSIVE, bits="sp2", media="", renames="x"), False, []),
        (replace(PASSIVE, media="", pack="0x100", cluster_rc=1753), False, ["R9", "R6", "R8"]),
        (PASSIVE.with_group("Cluster Group", "NODEB"), False, []),
        (replace(PASSIVE, bits="sp3"), False, ["R10", "R8"]),
        (replace(PASSIVE, marks=(("MailboxRole", "Action"),)), False, ["R8"]),
        (replace(PASSIVE, marks=(("MailboxRole", "Action"),)), True, []),
        (replace(PASSIVE, nodes={"NODEA": 1, "NODEB": 0}), False, ["R2"]),
        (replace(PASSIVE, nodes={"NODEA": 1, "NODEB": 0}, bits="sp2"), False, []),
    ],
    ids=[
        "ready",
        "at the release already",
        "not ready",
        "owning groups is no matter",
        "newer",
        "marks",
        "our marks",
        "a mate that is down",
        "a mate that is down is no matter to one at the release",
    ],
)
def test_readiness(world: World, own_job: bool, found: list[str]) -> None:
    refused = rules.readiness_refusals(seen(world), "sp2", own_job=own_job)
    assert [r.rule for r in refused] == found


@pytest.mark.parametrize(
    ("phase", "ready"),
    [
        (Phase.RUNNING, True),
        (Phase.FINISHED, True),
        (Phase.UNKNOWN, True),
        (Phase.DIED, False),
        (Phase.PREPARED, False),
    ],
)
def test_a_node_on_which_our_own_setup_runs_is_ready_whatever_it_looks_like(phase: Phase, ready: bool) -> None:
    looked = seen(replace(PASSIVE, cluster_rc=1753, images=("setup.com",)))
    refused = rules.readiness_refusals(replace(looked, jobs={"upgrade": phase}), "sp2", own_job=True)
    assert (refused == []) is ready


# --- the proof -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_at", "epoch"),
    [
        ("2026-03-01T22:00:00.000000Z", START),
        ("2026-03-01T22:00:00+00:00", START),
        ("2026-03-01T23:00:00+01:00", START),
        ("2026-03-01T22:00:00", START),
        (str(START), START),
        (START, START),
    ],
)
def test_times_of_the_proof(given_at: Any, epoch: float) -> None:
    (evidence,) = rules.parse_evidence([{"name": "nodea", "release": "sp2", "observed_at": given_at}])
    assert evidence == Evidence("NODEA", "sp2", epoch, "")


@pytest.mark.parametrize("given_at", ["yesterday", "", "22:00", None, "nan", "inf", "-1", "1e300", "9" * 12, "\u00b2"])
def test_a_time_that_is_none_is_named(given_at: Any) -> None:
    with pytest.raises(ValueError, match="observed_at") as bad:
        rules.parse_evidence([{"name": "NODEA", "release": "sp2", "observed_at": given_at}])
    assert repr(str(given_at)) in str(bad.value)


def test_a_release_that_nobody_saw_is_unknown() -> None:
    (evidence,) = rules.parse_evidence([{"name": "A", "release": None, "observed_at": 1, "os_family": None}])
    assert (evidence.release, evidence.os_family) == ("unknown", "")


@given(st.floats(0, 4e9))
def test_iso_is_read_back(epoch: float) -> None:
    (evidence,) = rules.parse_evidence([{"name": "A", "release": "sp1", "observed_at": rules.iso(epoch)}])
    assert abs(evidence.observed_at - epoch) < 1e-3


MEMBERS = [ClusterNode("NODEA", 1, NodeState.UP), ClusterNode("NODEC", 3, NodeState.UP)]
ENTRY = st.builds(
    Evidence,
    st.sampled_from(["NODEA", "NODEB", "NODEC", "nodec"]),
    st.sampled_from(["rtm", "sp2", "unknown"]),
    st.floats(START - 2000, START + 100),
)


@given(st.lists(ENTRY, max_size=5, unique_by=lambda e: e.name.upper()))
def test_proof_is_enough_exactly_when_every_member_has_a_fresh_entry_with_a_release(entries: list[Evidence]) -> None:
    known = [e for e in entries if e.release != "unknown"]
    fresh = {e.name.upper() for e in known if START - 900 <= e.observed_at <= START + rules.CLOCK_TOLERANCE}
    refused = rules.proof_refusals("R4", MEMBERS, entries, START, 900)
    assert (not refused) is ({"NODEA", "NODEC"} <= fresh)
