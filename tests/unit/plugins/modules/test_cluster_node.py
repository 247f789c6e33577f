# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_node: paused or resumed and watched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.plugins.modules.cluster_node import run
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    Act,
    Effect,
    Played,
    World,
    task,
)

PARAMS: dict[str, Any] = {"name": "nodea", "state": "up", "cluster": "", "timeout": 60, "poll": 2.0}
NUMBERS = {"up": 0, "down": 1, "paused": 2, "joining": 3, "unknown": -1}


def world(state: str) -> World:
    return World(nodes={"NODEA": NUMBERS[state], "NODEB": 0})


def to(state: str) -> Effect:
    return lambda w: replace(w, nodes={**w.nodes, "NODEA": NUMBERS[state]})


def call(channel: Played, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    return run(task(channel, {**PARAMS, **changes}, check=check))


@pytest.mark.parametrize(
    ("before", "after", "option"), [("up", "paused", "/pause"), ("paused", "up", "/resume")], ids=["pause", "resume"]
)
def test_changes(before: str, after: str, option: str) -> None:
    line = f'cluster.exe node "NODEA" {option}'
    assert call(Played(world(before)), check=True, state=after) == {
        "changed": True,
        "before": {"state": before},
        "after": {"state": after},
        "commands": [line],
    }
    channel = Played(world(before), Act(rf"^{line}$", None, later=((3, to(after)),)))
    assert call(channel, state=after)["after"] == {"state": after}
    assert channel.clock.slept == [2.0, 2.0]


@pytest.mark.parametrize("state", ["up", "paused"])
@pytest.mark.parametrize("check", [False, True])
def test_nothing_to_do(state: str, check: bool) -> None:
    assert not call(Played(world(state)), check=check, state=state)["changed"]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("state", "rule"), [("down", "R2"), ("joining", "R2"), ("unknown", "R9")])
def test_refused(state: str, rule: str, check: bool) -> None:
    channel = Played(replace(world(state), wmi=state != "unknown"))
    with pytest.raises(Refusal, match=f"NODEA is {state}") as refused:
        call(channel, check=check)
    assert refused.value.refused == rule
    assert channel.done == []


@pytest.mark.parametrize(
    ("changes", "part"), [({}, "there are NODEA, NODEB"), ({"cluster_rc": 1753}, "cluster.exe listed no node")]
)
def test_an_unknown_node(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(Failure, match=part):
        call(Played(replace(World(), **changes)), name="NODEX")


@pytest.mark.parametrize(
    ("act", "part"),
    [
        (Act("/resume", result=Result(1, "", "x 5058 (0x000013c2)")), "5058 ERROR_CLUSTER_NODE_NOT_PAUSED"),
        (Act("/resume"), "last seen: paused"),
    ],
    ids=["refused natively", "without effect"],
)
def test_failures(act: Act, part: str) -> None:
    with pytest.raises(Failure, match=part):
        call(Played(world("paused"), act))
