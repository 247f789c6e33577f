# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clusters: who comes when, who is held back because of whom, and what is said at the end."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _schedule as schedule
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_plan import of

FOUR = [
    *of("EAST", E1="rtm", E2="rtm"),
    *of("NORTH", N1="rtm", N2="rtm", N3="rtm"),
    *of("SOUTH", S1="rtm", S2="rtm"),
    *of("WEST", W1="rtm", W2="rtm"),
]
DONE = [{**reading, "servers": []} for reading in of("DONE", D1="sp2", D2="sp2")]


@pytest.mark.parametrize(
    ("canary", "batch", "batches", "canaries"),
    [
        pytest.param(0, 0, [["EAST", "NORTH", "SOUTH", "WEST"]], [], id="all at once"),
        pytest.param(1, 0, [["EAST"], ["NORTH", "SOUTH", "WEST"]], ["EAST"], id="one canary, then all"),
        pytest.param("2", "1", [["EAST", "NORTH"], ["SOUTH"], ["WEST"]], ["EAST", "NORTH"], id="numbers as text"),
        pytest.param(["WEST"], 2, [["WEST"], ["EAST", "NORTH"], ["SOUTH"]], ["WEST"], id="a canary by name"),
        pytest.param(["DONE", "WEST"], 0, [["WEST"], ["EAST", "NORTH", "SOUTH"]], ["WEST"], id="a finished one"),
        pytest.param(
            9, 9, [["EAST", "NORTH", "SOUTH", "WEST"]], ["EAST", "NORTH", "SOUTH", "WEST"], id="more than all"
        ),
        pytest.param(0, 3, [["EAST", "NORTH", "SOUTH"], ["WEST"]], [], id="batches"),
    ],
)
def test_batches(canary: Any, batch: Any, batches: list[list[str]], canaries: list[str]) -> None:
    planned = schedule.schedule([*DONE, *FOUR], "sp2", canary=canary, batch=batch)
    assert (planned["batches"], planned["canary"]) == (batches, canaries)
    assert sorted(planned["lanes"]) == ["EAST", "NORTH", "SOUTH", "WEST"]
    hosts = [host for wave in planned["waves"] for host in wave]
    assert sorted(hosts) == sorted(reading["host"] for reading in FOUR)
    ends = [{host for name in names for host in planned["lanes"][name]} for names in batches]
    for earlier, later in pairwise(ends):
        assert max(map(hosts.index, earlier)) < min(map(hosts.index, later))


@pytest.mark.parametrize(
    ("others", "said", "do"),
    [
        pytest.param(None, "but the clusters are EAST, NORTH, SOUTH, WEST", "Check the name", id="nothing known"),
        pytest.param({"read": ["EAST", "LOST"]}, "LOST, which was refused", "Put them right", id="refused"),
        pytest.param(
            {"read": ["EAST", "LOST"], "unread": ["l2"]}, "LOST, which was refused", "Put them right", id="half read"
        ),
        pytest.param(
            {"read": ["EAST"], "unread": ["l1", "l2"]},
            "LOST, of which no node was read in this run: l1, l2 failed or could not be reached",
            "Run again with its nodes",
            id="unreachable",
        ),
        pytest.param(
            {"read": ["EAST"], "left_out": ["l1", "l2"]},
            "LOST, of which no node was read in this run: l1, l2 left out by --limit",
            "Run again with its nodes",
            id="cut off",
        ),
        pytest.param(
            {"unread": ["l1"], "left_out": ["l2"]},
            "l1 failed or could not be reached; l2 left out by --limit",
            "ready are EAST, NORTH, SOUTH, WEST",
            id="both",
        ),
        pytest.param({"read": ["EAST"], "unread": [], "left_out": []}, "but the clusters are", "job slice", id="typo"),
    ],
)
def test_a_canary_that_is_not_there_says_why_and_what_to_do(others: Any, said: str, do: str) -> None:
    with pytest.raises(ValueError, match="upgrade_canary names LOST") as wrong:
        schedule.schedule(FOUR, "sp2", canary=["WEST", "LOST"], others=others)
    text = str(wrong.value)
    assert said in text
    assert do in text
    assert "Nothing was begun" in text
    assert "names WEST" not in text


@pytest.mark.parametrize(
    ("canary", "batch", "part"),
    [
        (["LOST"], 0, "upgrade_canary names LOST, but the clusters are EAST, NORTH, SOUTH, WEST"),
        (-1, 0, "not below 0"),
        (0, -1, "not below 0"),
        ("many", 0, "many"),
    ],
)
def test_a_wrong_limit_is_one_clear_line(canary: Any, batch: Any, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        schedule.schedule(FOUR, "sp2", canary=canary, batch=batch)


# --- the guard -------------------------------------------------------------------------------------------------------

PLANNED = schedule.schedule(FOUR, "sp2", canary=1, batch=1)
AT = "20260301T220000Z"
ALL = [host for wave in PLANNED["waves"] for host in wave]


def held_back(host: str, *finished: str, planned: Any = None, later: str = AT, **limits: Any) -> str:
    """Why, asked with no more evidence than the playbook gathers."""
    planned = planned or PLANNED
    known = [name for name in schedule.awaited(planned, host) if name in finished]
    return schedule.guard(planned, host, known, [AT, later], limits)["held_back"]


def but(*missing: str) -> list[str]:
    return [host for host in ALL if host not in missing]


@pytest.mark.parametrize(
    ("host", "finished", "limits", "part"),
    [
        pytest.param("e2", [], {}, "", id="the first of all"),
        pytest.param("e1", ["e2"], {}, "", id="its mate is finished"),
        pytest.param("e1", [], {}, "e2 of the same cluster was not finished", id="its mate is not"),
        pytest.param("e1", ["n2", "n3"], {}, "e2 of the same", id="others do not count"),
        pytest.param("n2", ["e1", "e2"], {}, "", id="the canary is done"),
        pytest.param("n2", ["e2"], {}, "canary EAST was not finished", id="the canary is not"),
        pytest.param("n2", ["e2"], {"failure_budget": -1}, "canary EAST", id="no budget pays for a canary"),
        pytest.param("s2", but("n1"), {}, "NORTH failed, and upgrade_failure_budget is 0", id="no budget"),
        pytest.param("s2", but("n1"), {"failure_budget": "1"}, "", id="within the budget"),
        pytest.param("w2", but("n1", "s2", "s1"), {"failure_budget": 1}, "NORTH, SOUTH failed", id="over the budget"),
        pytest.param("w2", but("n1", "s2", "s1"), {"failure_budget": -1}, "", id="no limit"),
        pytest.param("s1", but("n1", "s1"), {}, "", id="what was begun is finished"),
    ],
)
def test_who_is_held_back(host: str, finished: list[str], limits: dict[str, Any], part: str) -> None:
    found = held_back(host, *finished, **limits)
    assert (part in found) if part else found == ""


def test_side_by_side_nobody_is_held_back_by_another_cluster() -> None:
    planned = schedule.schedule(FOUR, "sp2")
    assert [held_back(host, planned=planned) for host in planned["waves"][0]] == ["", "", "", ""]
    assert held_back("n3", "n2", planned=planned) == ""
    assert schedule.awaited(planned, "n2") == []
    assert schedule.awaited(planned, "n1") == ["n2", "n3"]


@pytest.mark.parametrize(
    ("stop", "warn", "held", "warned"),
    [(0, 0, False, False), (3601, 3601, False, False), (3600, 60, True, True), (7200, 3600, False, True)],
)
def test_time_limits_count_from_the_beginning_of_the_run(stop: int, warn: int, held: bool, warned: bool) -> None:
    found = schedule.guard(PLANNED, "e2", [], [AT, "20260301T230000Z"], {"stop_after": stop, "warn_after": str(warn)})
    assert bool(found["held_back"]) is held
    assert bool(found["warning"]) is warned
    assert all("3600 s old" in text for text in found.values() if text)


# --- the recap -------------------------------------------------------------------------------------------------------


def host(name: str, **facts: Any) -> dict[str, Any]:
    (reading, _mate) = of("EX", **{name: "sp2", "OTHER": "sp2"})
    planned = {"upgrade_steps_planned": [], "upgrade_observed": reading, "inventory_hostname": name.lower()}
    return planned | facts


GOOD = {"upgrade_finished": True, "upgrade_unproven": []}


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        pytest.param(GOOD, GOOD, "EX: done, proven at SP2", id="done"),
        pytest.param({"upgrade_unproven": []}, {"upgrade_unproven": []}, "EX: done, proven at SP2", id="was done"),
        pytest.param(
            {"upgrade_failed": "Setup: full."}, {"upgrade_held_back": "a"}, "a failed: Setup: full.", id="failed"
        ),
        pytest.param(GOOD, {"upgrade_held_back": "late"}, "EX: NOT done: late", id="begun, then held back"),
        pytest.param(
            {"upgrade_held_back": "late"}, {"upgrade_held_back": "late"}, "EX: not begun: late", id="not begun"
        ),
        pytest.param(
            GOOD, {**GOOD, "upgrade_unproven": ["CMS1 is offline"]}, "NOT proven: CMS1 is offline", id="unproven"
        ),
        pytest.param(GOOD, {}, "EX: NOT proven: nothing is known of b", id="lost"),
    ],
)
def test_how_a_cluster_ended(first: dict[str, Any], second: dict[str, Any], line: str) -> None:
    lines = schedule.recap([host("A", **first), host("B", **second)], "sp2")
    assert line in lines[0]
    assert (lines[1:] == [schedule.AGAIN]) is ("done, proven" not in line)


def test_the_first_host_that_was_held_back_says_why() -> None:
    planned = {"lanes": {"EX": ["b", "a"]}}
    held = {"a": "b of the same cluster was not finished", "b": "the canary failed"}
    hosts = [host(name.upper(), upgrade_held_back=held[name], upgrade_schedule=planned) for name in ("a", "b")]
    assert schedule.recap(hosts, "sp2")[0] == "EX: not begun: the canary failed"


def test_a_refused_cluster_and_an_unread_host_are_told() -> None:
    refused = host("A")
    del refused["upgrade_steps_planned"]
    assert schedule.recap([refused, {"inventory_hostname": "x"}], "sp2") == [
        "EX: refused, nothing was done; the reason stands above",
        "not read: x",
        schedule.AGAIN,
    ]
