# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: readings in, waves, steps, texts and proofs out; every row of sources.md: resume."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _plan as plan
from hypothesis import given
from hypothesis import strategies as st

BUILDS = {"rtm": "8.0.685.25", "sp1": "8.1.240.6", "sp2": "8.2.176.2", "sp3": "8.3.83.6", None: None}


PREPARED = {"schema_version": 14625, "organization_version": 11222, "reason": None}


def cms(name: str = "CMS1", owner: str = "NODEA", release: str | None = "rtm", **changes: Any) -> dict[str, Any]:
    """A clustered mailbox server as exchange_info returns it."""
    made = {
        "name": name,
        "owner": owner,
        "state": "online",
        "release": release,
        "redundant_machines": ["NODEA", "NODEB"],
        "databases": [{"name": "DB1", "mounted": True}],
    }
    return {**made, **changes}


def reading(node: str, release: str | None = "rtm", *servers: dict[str, Any], **changes: Any) -> plan.Reading:
    """What observation() makes of a node of the CCR cluster EX; servers: what it sees of them."""
    seen = servers or (cms(),)
    made: plan.Reading = {
        "host": node.lower(),
        "node": node,
        "cluster": "EX",
        "members": ["NODEA", "NODEB"],
        "release": release,
        "version": BUILDS[release],
        "os": "2003",
        "servers": list(seen),
        "owns_cms": sorted(s["name"] for s in seen if s["owner"] == node),
        "owns_groups": [],
        "nodes_up": ["NODEA", "NODEB"],
        "groups": [{"name": "Cluster Group", "owner": "NODEA", "state": "online"}],
        "pending_restart": False,
        "servers_error": "",
        "jobs": {},
        "interrupted": False,
        "not_ready": [],
        "not_prepared": [],
        "directory": PREPARED,
        "proof": {"name": node, "release": release},
    }
    return {**made, **changes}


def pair(a: str | None, b: str | None, server: dict[str, Any] | None = None) -> list[plan.Reading]:
    """NODEA and NODEB at these releases, both seeing that server."""
    return [reading("NODEA", a, server or cms()), reading("NODEB", b, server or cms())]


# --- observation ---------------------------------------------------------------------------------------------------

RESULT: dict[str, Any] = {
    "exchange": {
        "node": "NODEA",
        "version": "8.0.685.25",
        "release": "rtm",
        "os": {"family": "2003"},
        "clustered_mailbox_servers": [cms()],
        "pending_restart": {"required": True, "reasons": ["x"]},
        "directory": {"schema_version": 10637},
    },
    "cluster": {
        "name": "EX",
        "nodes": [{"name": "NODEA", "state": "up"}, {"name": "NODEB", "state": "paused"}],
        "groups": [
            {"name": "CMS1", "owner": "NODEA", "state": "online"},
            {"name": "Cluster Group", "owner": "NODEA", "state": "online"},
            {"name": "Print & Fax", "owner": "NODEB", "state": "online"},
        ],
        "resources": [
            {"name": "IS", "group": "CMS1", "type": "Microsoft Exchange Information Store"},
            {"name": "Disk", "group": "Cluster Group", "type": "Physical Disk"},
        ],
    },
    "jobs": {"upgrade": "running"},
    "not_ready": [
        {"rule": "R8", "seen": "A restart is pending.", "advice": "Restart.", "about": ""},
        {"rule": "R8", "seen": "The schema is old.", "advice": "Prepare it.", "about": "directory"},
    ],
    "proof": {"name": "NODEA"},
    "item": "a.lab",
}


def test_what_scheduling_needs_of_a_node() -> None:
    assert plan.observation(RESULT, "a.lab") == {
        "host": "a.lab",
        "node": "NODEA",
        "cluster": "EX",
        "members": ["NODEA", "NODEB"],
        "release": "rtm",
        "version": "8.0.685.25",
        "os": "2003",
        "servers": [cms()],
        "servers_error": "",
        "owns_cms": ["CMS1"],
        "owns_groups": ["Cluster Group"],
        "nodes_up": ["NODEA"],
        "groups": RESULT["cluster"]["groups"],
        "pending_restart": True,
        "jobs": {"upgrade": "running"},
        "interrupted": False,
        "not_ready": ["(R8) A restart is pending. Restart."],
        "not_prepared": ["(R8) The schema is old. Prepare it."],
        "directory": {"schema_version": 10637},
        "proof": {"name": "NODEA"},
    }


def test_a_looped_survey_names_its_hosts() -> None:
    assert plan.observations([RESULT]) == [plan.observation(RESULT, "a.lab")]


@pytest.mark.parametrize("cluster", [None, {}, {"name": "", "nodes": []}])
def test_a_node_whose_cluster_cannot_be_read_is_alone(cluster: dict[str, Any] | None) -> None:
    alone = plan.observation({"exchange": {"node": "NODEA"}, "cluster": cluster}, "a")
    assert (alone["cluster"], alone["members"], alone["nodes_up"]) == ("(no cluster on NODEA)", ["NODEA"], [])
    assert (alone["release"], alone["servers"], alone["jobs"], alone["not_ready"]) == (None, [], {}, [])


# --- reconciled, unread --------------------------------------------------------------------------------------------

LOST = reading("NODEA", None, cluster="(no cluster on NODEA)", members=["NODEA"], nodes_up=[])


@pytest.mark.parametrize(
    ("mine", "others", "cluster", "members"),
    [
        pytest.param(LOST, [reading("NODEB")], "EX", ["NODEA", "NODEB"], id="a mate lists it"),
        pytest.param(
            LOST,
            [reading("NODEX", members=["NODEX"], cluster="OTHER"), reading("NODEB")],
            "EX",
            ["NODEA", "NODEB"],
            id="another cluster does not",
        ),
        pytest.param(LOST, [], "(no cluster on NODEA)", ["NODEA"], id="nobody was read"),
        pytest.param(
            LOST,
            [{**LOST, "node": "NODEB", "members": ["NODEA", "NODEB"]}],
            "(no cluster on NODEA)",
            ["NODEA"],
            id="the mate knows no better",
        ),
        pytest.param(reading("NODEA", cluster="MINE"), [reading("NODEB")], "MINE", ["NODEA", "NODEB"], id="it knows"),
    ],
)
def test_a_node_without_its_cluster_service_belongs_where_its_mates_list_it(
    mine: plan.Reading, others: list[plan.Reading], cluster: str, members: list[str]
) -> None:
    found = plan.reconciled(mine, [mine, *others])
    assert (found["cluster"], found["members"]) == (cluster, members)
    assert {**found, "cluster": "", "members": []} == {**mine, "cluster": "", "members": []}


def test_members_that_nobody_read_are_named() -> None:
    mine = reading("NODEA", members=["NODEA", "NODEB", "NODEC"])
    assert plan.unread(mine, [mine, reading("NODEC")]) == ["NODEB"]
    assert plan.unread(mine, [mine, reading("NODEB"), reading("NODEC")]) == []


@pytest.mark.parametrize(
    ("read", "goal", "there"),
    [("sp2", "sp2", True), ("sp3", "sp2", True), ("sp1", "sp2", False), (None, "sp1", False), ("?", "sp1", False)],
)
def test_at_release(read: str | None, goal: str, there: bool) -> None:
    assert plan.at_release(read, goal) is there


# --- what is left at a node's turn: every row of sources.md: resume --------------------------------------------------

NOTHING: dict[str, Any] = {
    "prepare": [],
    "hand_overs": [],
    "groups": [],
    "setup": False,
    "restart": False,
    "leftovers": False,
    "blocked": "",
}
UPGRADE = {**NOTHING, "setup": True, "restart": True}
TO_B = {"name": "CMS1", "to": "NODEB", "host": "nodeb", "catch_up": False}
HAND_OVER = {**NOTHING, "hand_overs": [TO_B]}


@pytest.mark.parametrize(
    ("a", "b", "server", "of_a", "of_b"),
    [
        pytest.param(
            "rtm",
            "rtm",
            cms(),
            {**UPGRADE, "blocked": "NODEA owns CMS1, and no node at SP2 is free to take it. "},
            UPGRADE,
            id="both old, online on A: the passive node first",
        ),
        pytest.param(
            "rtm",
            "sp2",
            cms(),
            {**UPGRADE, "hand_overs": [TO_B]},
            NOTHING,
            id="one new, CMS old and online on the old",
        ),
        pytest.param(
            "rtm",
            "sp2",
            cms(kind="ccr"),
            {**UPGRADE, "hand_overs": [{**TO_B, "catch_up": True}]},
            NOTHING,
            id="its copies are awaited while it is online",
        ),
        pytest.param(
            "rtm",
            "sp2",
            cms(state="offline"),
            {**UPGRADE, "hand_overs": [TO_B]},
            NOTHING,
            id="one new, CMS old, offline on the old node",
        ),
        pytest.param(
            "rtm", "sp2", cms(owner="NODEB", state="offline"), UPGRADE, HAND_OVER, id="one new, CMS old, offline there"
        ),
        pytest.param("rtm", "sp2", cms(owner="NODEB"), UPGRADE, HAND_OVER, id="one new, CMS old, online there"),
        pytest.param(
            "rtm",
            "sp2",
            cms(owner="NODEB", release="sp2", state="offline"),
            UPGRADE,
            HAND_OVER,
            id="one new, CMS new, not online",
        ),
        pytest.param(
            "rtm", "sp2", cms(owner="NODEB", release="sp2"), UPGRADE, NOTHING, id="one new, CMS new, online there"
        ),
        pytest.param(
            "sp2",
            "sp2",
            cms(owner="NODEB", release="sp2", state="failed"),
            NOTHING,
            HAND_OVER,
            id="both new, CMS new, not online",
        ),
        pytest.param("sp2", "sp2", cms(owner="NODEB", release="sp2"), NOTHING, NOTHING, id="both new, CMS new: done"),
        pytest.param(None, "sp2", cms(owner="NODEB", release="sp2"), UPGRADE, NOTHING, id="unreadable is not done"),
    ],
)
def test_node_steps(
    a: str | None, b: str | None, server: dict[str, Any], of_a: dict[str, Any], of_b: dict[str, Any]
) -> None:
    node_a, node_b = pair(a, b, server)
    found = plan.node_steps(node_a, [node_b], "sp2")
    assert {**found, "blocked": ""} == {**of_a, "blocked": ""}
    assert found["blocked"].startswith(of_a["blocked"])
    assert bool(found["blocked"]) is bool(of_a["blocked"])
    assert plan.node_steps(node_b, [node_a], "sp2") == of_b


def test_a_pending_restart_alone_needs_the_groups_off_and_no_setup() -> None:
    node_a, node_b = pair("sp2", "sp2", cms(owner="NODEB", release="sp2"))
    node_a.update(pending_restart=True, owns_groups=["Cluster Group", "Print & Fax"])
    assert plan.node_steps(node_a, [node_b], "sp2") == {
        **NOTHING,
        "restart": True,
        "groups": [
            {"name": "Cluster Group", "owner": "NODEB", "others": []},
            {"name": "Print & Fax", "owner": "NODEB", "others": []},
        ],
    }


def test_groups_go_to_a_mate_that_is_up_only() -> None:
    mine = reading("NODEA", owns_groups=["Cluster Group"], nodes_up=["NODEA", "NODEC"])
    mates = [reading("NODEB", cluster="EX"), reading("NODEC")]
    assert plan.node_steps(mine, mates, "sp2")["groups"] == [{"name": "Cluster Group", "owner": "NODEC", "others": []}]
    assert plan.node_steps(mine, mates[:1], "sp2")["groups"] == []


@pytest.mark.parametrize(
    ("job", "left"),
    [("upgrade", UPGRADE), ("upgradecms", HAND_OVER)],
    ids=["of the program files", "of the mailbox server"],
)
def test_a_job_of_ours_is_gone_back_to_whatever_the_versions_say(job: str, left: dict[str, Any]) -> None:
    node_a, node_b = pair("sp2", "sp2", cms(owner="NODEB", release="sp2"))
    node_b["jobs"] = {job: "running"}
    assert plan.node_steps(node_b, [node_a], "sp2") == left


@pytest.mark.parametrize("phase", ["died", "prepared"])
def test_what_a_dead_run_left_on_a_finished_node_is_cleared_without_a_restart(phase: str) -> None:
    node_a, node_b = pair("sp2", "sp2", cms(owner="NODEB", release="sp2"))
    node_b["jobs"] = {"upgrade": phase}
    assert not plan.is_done([node_a, node_b], "sp2")
    assert plan.node_steps(node_b, [node_a], "sp2") == {**NOTHING, "leftovers": True}


def test_a_setup_that_broke_off_behind_the_new_version_runs_again() -> None:
    """A mark is left: the versions in the registry are those that it had written by then."""
    broke_off = reading("NODEB", "sp2", jobs={"upgrade": "died"}, interrupted=True)
    steps = plan.node_steps(broke_off, [reading("NODEA", "rtm")], "sp2")
    assert (steps["setup"], steps["restart"], steps["leftovers"]) == (True, True, False)


def test_unread_mailbox_servers_are_neither_done_nor_ready_nor_proven() -> None:
    blind = [
        {**reading(name, "sp2", cms(release="sp2")), "servers_error": "no domain controller"}
        for name in ("NODEA", "NODEB")
    ]
    assert not plan.is_done(blind, "sp2")
    assert plan.not_ready(blind[0], blind, "sp2") == [
        "NODEA: (R9) no domain controller",
        "NODEB: (R9) no domain controller",
    ]
    assert plan.unproven(blind[0], "sp2")


def test_a_mailbox_server_of_which_no_database_was_read_is_not_proven() -> None:
    assert plan.unproven(reading("NODEA", "sp2", cms(release="sp2", databases=[])), "sp2")


@pytest.mark.parametrize(
    ("later", "up", "reasons"),
    [
        ("NODEB", ["NODEA", "NODEB"], []),
        ("NODEB", ["NODEA"], ["NODEA: (R2) NODEB is down. Up."]),
        ("NODEA", ["NODEA", "NODEB"], ["NODEA: (R2) NODEB is down. Up."]),
    ],
    ids=["back by now", "still away", "gone since"],
)
def test_the_newest_reading_tells_who_is_up(later: str, up: list[str], reasons: list[str]) -> None:
    """A node that restarts is waited for, so that its reading is minutes younger than its mate's."""
    node_a, node_b = pair("rtm", "rtm")
    node_a["not_ready"], node_a["nodes_up"], node_b["nodes_up"] = ["(R2) NODEB is down. Up."], ["NODEA"], up
    for node in (node_a, node_b):
        minute = 5 if node["node"] == later else 1
        node["proof"] = {**node["proof"], "observed_at": f"2026-03-01T22:0{minute}:00.000000Z"}
    assert plan.not_ready(node_a, [node_a, node_b], "sp2") == reasons


@pytest.mark.parametrize(
    ("jobs", "mate_reads", "ready"),
    [({"upgrade": "died"}, True, True), ({}, True, False), ({"upgrade": "died"}, False, False)],
    ids=["a mate tells", "not ours", "nobody tells"],
)
def test_a_setup_of_ours_that_broke_off_does_not_stop_the_cluster(
    jobs: dict[str, str], mate_reads: bool, ready: bool
) -> None:
    node_a, node_b = pair("rtm", "rtm")
    node_b |= {"servers": [], "servers_error": "no such cmdlet", "jobs": jobs}
    node_a |= {} if mate_reads else {"servers": [], "servers_error": "no domain controller"}
    assert (plan.not_ready(node_a, [node_a, node_b], "sp2") == []) is ready


def test_a_setup_that_was_begun_is_finished_before_other_nodes_have_their_turn() -> None:
    nodes = [reading(name, "rtm", members=["NODEA", "NODEB", "NODEC"]) for name in ("NODEA", "NODEB")]
    begun = reading("NODEC", None, members=["NODEA", "NODEB", "NODEC"], jobs={"upgrade": "died"})
    assert [r["node"] for r in plan.lanes([*nodes, begun], "sp2")["EX"]] == ["NODEC", "NODEB", "NODEA"]


def test_a_setup_that_was_only_prepared_was_not_begun() -> None:
    """Its node may own a mailbox server by now, and have nobody to give it to while a passive node waits behind it."""
    owner, passive = pair("rtm", "rtm")
    owner["jobs"] = {"upgrade": "prepared"}
    assert [r["node"] for r in plan.lanes([owner, passive], "sp2")["EX"]] == ["NODEB", "NODEA"]


@pytest.mark.parametrize("phase", ["died", "prepared"])
def test_a_dead_job_excuses_no_mate_that_is_down(phase: str) -> None:
    node_a, node_b = pair("rtm", "rtm")
    node_a["not_ready"], node_b["jobs"] = ["(R2) NODEB is down. Up."], {"upgrade": phase}
    assert plan.not_ready(node_a, [node_a, node_b], "sp2") == ["NODEA: (R2) NODEB is down. Up."]


@pytest.mark.parametrize(
    ("mate", "target"),
    [
        pytest.param(reading("NODEC", "sp2", cms(redundant_machines=["NODEA", "NODEC"])), "NODEC", id="free, allowed"),
        pytest.param(reading("NODEC", "rtm"), None, id="old"),
        pytest.param(reading("NODEC", None), None, id="unknown"),
        pytest.param(reading("NODEC", "sp2", cms("CMS2", "NODEC")), None, id="runs one already"),
        pytest.param(reading("NODEB", "sp2"), None, id="not one of its machines"),
    ],
)
def test_who_can_take_a_mailbox_server(mate: plan.Reading, target: str | None) -> None:
    mine = reading("NODEA", "rtm", cms(redundant_machines=["NODEA", "NODEC"]))
    found = plan.node_steps(mine, [mate], "sp2")
    assert [h["to"] for h in found["hand_overs"]] == ([target] if target else [])
    assert bool(found["blocked"]) is (target is None)


# --- the directory -------------------------------------------------------------------------------------------------

OLD_SCHEMA = {"schema_version": 10637, "organization_version": 10666, "reason": None}
NO_ANSWER = {"schema_version": None, "organization_version": None, "reason": "no domain controller"}
BOTH = ["prepare_schema", "prepare_ad"]


@pytest.mark.parametrize(
    ("directory", "release", "jobs", "asked", "prepare"),
    [
        pytest.param(OLD_SCHEMA, "rtm", {}, True, BOTH, id="due"),
        pytest.param(OLD_SCHEMA, "rtm", {}, False, [], id="due, but not asked for"),
        pytest.param(
            {**OLD_SCHEMA, "schema_version": 14622}, "rtm", {}, True, ["prepare_ad"], id="the schema is there"
        ),
        pytest.param(PREPARED, "rtm", {}, True, [], id="prepared"),
        pytest.param(NO_ANSWER, "rtm", {}, True, BOTH, id="unknown: the act decides, and refuses"),
        pytest.param(None, "rtm", {}, True, BOTH, id="not read"),
        pytest.param(OLD_SCHEMA, "sp2", {}, True, [], id="a node at the release needs nothing"),
        pytest.param(OLD_SCHEMA, "rtm", {"preparead": "running"}, False, ["prepare_ad"], id="one that runs is joined"),
        pytest.param(PREPARED, "rtm", {"prepareschema": "finished"}, True, ["prepare_schema"], id="and one that ended"),
        pytest.param(PREPARED, "rtm", {"prepareschema": "died"}, True, [], id="a dead one is not"),
    ],
)
def test_when_the_directory_is_prepared(
    directory: Any, release: str, jobs: dict[str, str], asked: bool, prepare: list[str]
) -> None:
    mine = reading("NODEB", release, directory=directory, jobs=jobs)
    assert plan.node_steps(mine, [reading("NODEA")], "sp2", prepare_directory=asked)["prepare"] == prepare


def test_the_plan_prepares_the_forest_once_and_says_that_it_is_for_good() -> None:
    nodes = [dict(node, directory=OLD_SCHEMA) for node in pair("rtm", "rtm")]
    (planned,) = plan.plan(nodes, "sp2", prepare_directory=True)
    texts = [f"{step['node']}: {step['text']}" for step in planned["steps"] if "Prepare" in step["text"]]
    assert texts == [
        "NODEB: Setup /PrepareSchema and /PrepareAD: the forest has schema 10637 (RTM), organisation 10666 and gets "
        "schema 14622 (SP2), organisation 11222, which can't be undone"
    ]
    assert planned["steps"][0]["text"].startswith("Setup /PrepareSchema")
    assert planned["warnings"] == [TOOLS]


TOOLS = "RTM management tools on other computers can't manage CMS1 afterwards: upgrade them too"


@pytest.mark.parametrize(
    ("directory", "part"),
    [
        pytest.param(NO_ANSWER, "unknown (no domain controller)", id="unknown"),
        pytest.param(
            {**PREPARED, "organization_version": 10666}, "organisation 10666", id="only the organisation is old"
        ),
        pytest.param(None, "it was not read", id="not read"),
    ],
)
def test_what_the_directory_does_not_tell_is_a_warning_and_no_refusal(directory: Any, part: str) -> None:
    nodes = [dict(node, directory=directory) for node in pair("rtm", "rtm")]
    warning, tools = plan.plan(nodes, "sp2")[0]["warnings"]
    assert (part in warning, tools) == (True, TOOLS)
    assert f"      warning: {warning}" in plan.plan_lines(plan.plan(nodes, "sp2"))
    assert plan.not_ready(nodes[0], nodes, "sp2") == []


@pytest.mark.parametrize("release", ["rtm", "sp2"])
def test_nodes_at_the_release_are_not_warned(release: str) -> None:
    nodes = [dict(node, directory=NO_ANSWER) for node in pair("sp2", release, cms(release="sp2"))]
    assert bool(plan.plan(nodes, "sp2")[0]["warnings"]) is (release == "rtm")


@pytest.mark.parametrize("asked", [False, True])
def test_a_schema_that_is_too_old_is_no_reason_where_this_run_prepares_it(asked: bool) -> None:
    nodes = pair("rtm", "rtm")
    nodes[1]["not_prepared"] = ["(R8) The schema is old. Prepare it."]
    nodes[1]["not_ready"] = ["(R8) A restart is pending. Restart."]
    reasons = ["NODEB: (R8) A restart is pending. Restart."]
    reasons += [] if asked else ["NODEB: (R8) The schema is old. Prepare it."]
    assert plan.not_ready(nodes[0], nodes, "sp2", prepare_directory=asked) == reasons


# --- an upgraded mailbox server on an old node: a failover brought it there, and it can't run there ----------------

STRANDED = cms(owner="NODEA", release="sp2", state="failed")


@pytest.mark.parametrize("state", ["failed", "offline", "online"])
def test_a_stranded_mailbox_server_is_fetched_by_the_upgraded_node(state: str) -> None:
    node_a, node_b = pair("rtm", "sp2", {**STRANDED, "state": state})
    assert plan.node_steps(node_b, [node_a], "sp2")["hand_overs"] == [{**TO_B, "catch_up": False}]


def test_the_plan_of_a_stranded_mailbox_server_says_where_it_goes_before_anything_else() -> None:
    (planned,) = plan.plan(pair("rtm", "sp2", STRANDED), "sp2")
    assert [f"{step['node']}: {step['text']}" for step in planned["steps"]] == [
        "NODEB: move CMS1 from NODEA, start CMS1 on NODEB",
        "NODEA: Setup /mode:upgrade from 8.0.685.25 to SP2",
        "NODEA: restart, wait until it is back in the cluster",
    ]


@pytest.mark.parametrize(
    ("mine", "mate"),
    [
        pytest.param(reading("NODEB", "sp2", STRANDED), reading("NODEA", "sp2", STRANDED), id="its node is upgraded"),
        pytest.param(reading("NODEB", "sp2", STRANDED), reading("NODEA", None, STRANDED), id="its node is unknown"),
        pytest.param(
            reading("NODEB", "sp2", {**STRANDED, "redundant_machines": ["NODEA"]}),
            reading("NODEA", "rtm", STRANDED),
            id="the node may not run it",
        ),
        pytest.param(
            reading("NODEB", "sp2", STRANDED, cms("CMS2", "NODEB", "sp2")),
            reading("NODEA", "rtm", STRANDED),
            id="the node runs another one",
        ),
    ],
)
def test_what_is_not_stranded_or_cannot_be_taken_is_left(mine: plan.Reading, mate: plan.Reading) -> None:
    assert plan.node_steps(mine, [mate], "sp2")["hand_overs"] == []


# --- waves ---------------------------------------------------------------------------------------------------------


def of(cluster: str, **releases: str | None) -> list[plan.Reading]:
    """A cluster whose first node owns its server."""
    names = list(releases)
    server = cms(f"CMS of {cluster}", names[0], redundant_machines=names)
    return [reading(n, r, server, cluster=cluster, members=names, nodes_up=names) for n, r in releases.items()]


@pytest.mark.parametrize(
    ("readings", "waves"),
    [
        pytest.param([], [], id="nothing read"),
        pytest.param(of("EX", A="rtm", B="rtm"), [["b"], ["a"]], id="passive before active"),
        pytest.param(of("EX", A="rtm", B="sp2"), [["b"], ["a"]], id="an upgraded node first, to finish what was cut"),
        pytest.param(of("EX", A="rtm", C="rtm", B="rtm"), [["b"], ["c"], ["a"]], id="by name"),
        pytest.param(
            [*of("Y", C="rtm", D="rtm", E="rtm"), *of("X", A="rtm", B="rtm")],
            [["b", "d"], ["a", "e"], ["c"]],
            id="two clusters side by side",
        ),
        pytest.param(
            [*of("X", A="rtm", B="rtm"), *[{**r, "servers": []} for r in of("Y", C="sp2", D="sp3")]],
            [["b"], ["a"]],
            id="a finished cluster is left alone",
        ),
    ],
)
def test_waves(readings: list[plan.Reading], waves: list[list[str]]) -> None:
    assert plan.waves(readings, "sp2") == waves
    assert plan.waves(list(reversed(readings)), "sp2") == waves


@pytest.mark.parametrize(
    ("change", "done"),
    [
        ({}, True),
        ({"release": "sp3"}, True),
        ({"release": "sp1"}, False),
        ({"release": None}, False),
        ({"pending_restart": True}, False),
        ({"jobs": {"upgrade": "finished"}}, False),
        ({"servers": [cms(release="rtm")]}, False),
        ({"servers": [cms(release=None)]}, False),
        ({"servers": [cms(release="sp2", state="offline")]}, False),
    ],
)
def test_when_a_cluster_is_done(change: dict[str, Any], done: bool) -> None:
    nodes = pair("sp2", "sp2", cms(release="sp2"))
    nodes[1].update(change)
    assert plan.is_done(nodes, "sp2") is done
    assert (plan.waves(nodes, "sp2") == []) is done


CLUSTERS = st.lists(
    st.tuples(st.integers(1, 4), st.lists(st.sampled_from(["rtm", "sp1", "sp2", None]), min_size=4, max_size=4)),
    max_size=4,
)


@given(CLUSTERS)
def test_never_two_nodes_of_a_cluster_in_a_wave_and_owners_last(clusters: list[tuple[int, list[str | None]]]) -> None:
    readings = [r for i, (n, rs) in enumerate(clusters) for r in of(f"C{i}", **{f"N{i}{j}": rs[j] for j in range(n)})]
    waves = plan.waves(readings, "sp2")
    by_host = {r["host"]: r for r in readings}
    for wave in waves:
        names = [by_host[host]["cluster"] for host in wave]
        assert len(names) == len(set(names))
    hosts = [host for wave in waves for host in wave]
    assert len(hosts) == len(set(hosts))
    lanes = plan.lanes(readings, "sp2")
    todo = {cluster for cluster, lane in lanes.items() if not plan.is_done(lane, "sp2")}
    assert sorted(hosts) == sorted(r["host"] for r in readings if r["cluster"] in todo)
    for cluster in todo:
        old = [by_host[h] for h in hosts if by_host[h]["cluster"] == cluster and by_host[h]["release"] != "sp2"]
        assert all(not earlier["owns_cms"] or later["owns_cms"] for earlier, later in pairwise(old))


# --- the plan that people read -------------------------------------------------------------------------------------


def lines(readings: list[plan.Reading]) -> list[str]:
    return plan.plan_lines(plan.plan(readings, "sp2"))


RETURN = "      ---- point of no return: up to here the mailboxes run on the old release and can stay there ----"


def test_the_plan_of_a_ccr_cluster() -> None:
    nodes = pair("rtm", "rtm")
    nodes[0]["owns_groups"] = ["Cluster Group"]
    assert lines(nodes) == [
        "EX:",
        f"      warning: {TOOLS}",
        "   1. NODEB: Setup /mode:upgrade from 8.0.685.25 to SP2",
        "   2. NODEB: restart, wait until it is back in the cluster",
        RETURN,
        "   3. NODEB: OUTAGE of CMS1 begins: stop it, move it from NODEA, Setup /UpgradeCMS to SP2, start it, prove it",
        "   4. NODEA: move group 'Cluster Group' to NODEB",
        "   5. NODEA: Setup /mode:upgrade from 8.0.685.25 to SP2",
        "   6. NODEA: restart, wait until it is back in the cluster",
    ]


@pytest.mark.parametrize(
    ("server", "first"),
    [
        pytest.param(
            cms(owner="NODEB", state="offline"),
            "NODEB: OUTAGE of CMS1 begins: stop it, Setup /UpgradeCMS to SP2, start it, prove it",
            id="moved already",
        ),
        pytest.param(cms(owner="NODEB", release="sp2", state="offline"), "NODEB: start CMS1 on NODEB", id="only start"),
    ],
)
def test_the_plan_of_a_handover_that_was_cut_short(server: dict[str, Any], first: str) -> None:
    (planned,) = plan.plan(pair("rtm", "sp2", server), "sp2")
    texts = [f"{step['node']}: {step['text']}" for step in planned["steps"]]
    assert texts == [
        first,
        "NODEA: Setup /mode:upgrade from 8.0.685.25 to SP2",
        "NODEA: restart, wait until it is back in the cluster",
    ]
    assert [step["point_of_no_return"] for step in planned["steps"]] == ["OUTAGE" in first, False, False]


def test_the_plan_of_a_finished_cluster_is_one_line() -> None:
    assert lines(pair("sp2", "sp2", cms(release="sp2"))) == ["EX: nothing to do"]


def test_the_plan_of_a_single_copy_cluster_uses_each_vacated_node_for_the_next() -> None:
    names = ["NODEA", "NODEB", "NODEC"]
    servers = [cms("CMS1", "NODEA", redundant_machines=names), cms("CMS2", "NODEB", redundant_machines=names)]
    nodes = [reading(n, "rtm", *servers, members=names, nodes_up=names) for n in names]
    assert [f"{s['node']}: {s['text']}" for s in plan.plan(nodes, "sp2")[0]["steps"] if "OUTAGE" in s["text"]] == [
        "NODEC: OUTAGE of CMS1 begins: stop it, move it from NODEA, Setup /UpgradeCMS to SP2, start it, prove it",
        "NODEA: OUTAGE of CMS2 begins: stop it, move it from NODEB, Setup /UpgradeCMS to SP2, start it, prove it",
    ]


def test_a_plan_that_cannot_work_says_where_it_will_be_refused() -> None:
    alone = cms(redundant_machines=["NODEA"])
    told = lines(pair("rtm", "rtm", alone))
    assert any("NODEA: refused: NODEA owns CMS1, and no node at SP2 is free" in line for line in told)


def test_planning_changes_no_reading() -> None:
    nodes = pair("rtm", "rtm")
    nodes[0]["owns_groups"] = ["Cluster Group"]
    before = repr(nodes)
    plan.plan(nodes, "sp2")
    assert repr(nodes) == before


# --- not ready -----------------------------------------------------------------------------------------------------


def test_what_speaks_against_a_mate_speaks_against_the_cluster() -> None:
    node_a, node_b = pair("rtm", "rtm")
    node_b["not_ready"] = ["(R8) A restart is pending. Restart."]
    other = reading("NODEX", cluster="OTHER", not_ready=["(R6) Old Windows."])
    read = [node_a, node_b, other]
    assert plan.not_ready(node_a, read, "sp2") == ["NODEB: (R8) A restart is pending. Restart."]
    assert plan.not_ready(other, read, "sp2") == ["NODEX: (R6) Old Windows."]


@pytest.mark.parametrize(("jobs", "found"), [({"upgrade": "running"}, []), ({}, ["NODEA: (R2) NODEB is down. Up."])])
def test_a_mate_that_is_down_for_our_own_running_setup_speaks_against_nothing(
    jobs: dict[str, str], found: list[str]
) -> None:
    node_a, node_b = pair("rtm", "rtm")
    node_a["not_ready"], node_b["jobs"] = ["(R2) NODEB is down. Up."], jobs
    assert plan.not_ready(node_a, [node_a, node_b], "sp2") == found


@pytest.mark.parametrize(
    ("a", "b", "release", "bricked"),
    [
        pytest.param("sp2", "sp2", "rtm", True, id="both new, the CMS old"),
        pytest.param("sp2", "sp3", "sp1", True, id="one even newer"),
        pytest.param("sp2", "sp2", None, True, id="both new, the CMS unknown"),
        pytest.param("sp2", "sp2", "sp2", False, id="all new"),
        pytest.param("rtm", "sp2", "rtm", False, id="on the way"),
        pytest.param(None, "sp2", "rtm", False, id="a node that nobody could read"),
    ],
)
def test_r4_the_forgotten_upgrade_of_the_mailbox_server_is_told_before_anything(
    a: str | None, b: str | None, release: str | None, bricked: bool
) -> None:
    nodes = pair(a, b, cms(release=release))
    told = plan.not_ready(nodes[0], nodes, "sp2")
    assert [line.startswith("(R4) Every node is at SP2, but CMS1 is not") for line in told] == [True] * bricked


# --- the proof at the end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "changes", "missing"),
    [
        pytest.param({}, {}, [], id="proven"),
        pytest.param({}, {"release": "sp1"}, ["node NODEA is at sp1, not at sp2"], id="an old node"),
        pytest.param(
            {}, {"release": None}, ["node NODEA is at an unknown release, not at sp2"], id="a node nobody could read"
        ),
        pytest.param({}, {"nodes_up": ["NODEB"]}, ["node NODEA is not up in its cluster"], id="a node that is not up"),
        pytest.param({"release": "rtm"}, {}, ["CMS1 is at rtm, not at sp2"], id="an old server"),
        pytest.param({"release": None}, {}, ["CMS1 is at an unknown release, not at sp2"], id="an unknown server"),
        pytest.param({"state": "offline"}, {}, ["CMS1 is offline"], id="a server that is not online"),
        pytest.param({"state": "unknown"}, {}, ["CMS1 is unknown"], id="a server of unknown state"),
        pytest.param(
            {"databases": [{"name": "DB1", "mounted": True}, {"name": "DB2", "mounted": None}]},
            {},
            ["database 'DB2' of CMS1 is not mounted"],
            id="a database of unknown state",
        ),
        pytest.param(
            {},
            {"groups": [{"name": "Print & Fax", "owner": None}]},
            ["the owner of group 'Print & Fax' is unknown"],
            id="a group without owner",
        ),
    ],
)
def test_unproven(server: dict[str, Any], changes: dict[str, Any], missing: list[str]) -> None:
    mine = reading("NODEA", "sp2", cms(release="sp2", **{k: v for k, v in server.items() if k != "release"}))
    mine["servers"][0].update(server)
    assert plan.unproven({**mine, **changes}, "sp2") == missing


def host(node: str, **facts: Any) -> dict[str, Any]:
    return {"upgrade_observed": reading(node, "sp2", cms(owner="NODEB", release="sp2")), **facts}


HANDED_OVER = {"name": "CMS1", "outage": 12.5, "timings": {"stop": 2.5, "upgrade": 10.0}}


def test_the_report_of_a_proven_cluster() -> None:
    setup = {"before": {"version": BUILDS["rtm"]}, "duration": 1.0}
    steps = [{"cluster": "EX", "done": False, "steps": []}]
    made = plan.report(
        [
            host("NODEA", upgrade_unproven=[], upgrade_setup_result=setup),
            host("NODEB", upgrade_unproven=[], upgrade_handovers=[HANDED_OVER], upgrade_steps_planned=steps),
        ],
        "sp2",
        "2026-03-01T22:00:00+00:00",
    )
    assert made == {
        "cluster": "EX",
        "release": "sp2",
        "written_at": "2026-03-01T22:00:00+00:00",
        "plan": steps,
        "proven": True,
        "missing": [],
        "nodes": [
            {"name": "NODEA", "host": "nodea", "version": BUILDS["sp2"], "release": "sp2", "setup": setup},
            {"name": "NODEB", "host": "nodeb", "version": BUILDS["sp2"], "release": "sp2", "setup": None},
        ],
        "groups": [{"name": "Cluster Group", "owner": "NODEA", "state": "online"}],
        "clustered_mailbox_servers": [cms(owner="NODEB", release="sp2")],
        "handovers": [HANDED_OVER],
    }


@pytest.mark.parametrize(
    ("hosts", "missing"),
    [
        pytest.param([], [], id="no host"),
        pytest.param([host("NODEA")], [], id="nobody has proven it yet"),
        pytest.param([host("NODEA", upgrade_unproven=[]), host("NODEB")], [], id="one host is not proven yet"),
        pytest.param(
            [host("NODEA", upgrade_unproven=["b", "a"]), host("NODEB", upgrade_unproven=["a"])],
            ["a", "b"],
            id="missing",
        ),
    ],
)
def test_a_report_is_not_proven_unless_every_host_is(hosts: list[dict[str, Any]], missing: list[str]) -> None:
    made = plan.report(hosts, "sp2", "now")
    assert (made["proven"], made["missing"]) == (False, missing)


@pytest.mark.parametrize(
    ("node", "declared", "told"),
    [
        ("NODEA", ["exchange_active", "all"], []),
        ("NODEA", ["all"], []),
        (
            "NODEA",
            ["exchange_passive"],
            ["nodea is in exchange_passive, but NODEA owns CMS1: it is treated as exchange_active"],
        ),
        ("NODEB", ["exchange_passive"], []),
        (
            "NODEB",
            ["exchange_active"],
            [
                "nodeb is in exchange_active, but NODEB owns no clustered mailbox server: "
                "it is treated as exchange_passive"
            ],
        ),
    ],
)
def test_reality_wins_over_the_inventory_and_says_so(node: str, declared: list[str], told: list[str]) -> None:
    assert plan.mismatches(reading(node), declared) == told
