# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving a cluster group and changing its state: act, then watch; exit code 0 is not believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cluster import ClusterExe, ClusterGroup, GroupState
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._groups import GroupMover, known_group
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    Act,
    Effect,
    Played,
    World,
    task,
)

WORLD = World(servers=()).with_group("Print & Fax (HQ)", "NODEA", 0)
NAME = "Print & Fax (HQ)"


def error(number: int) -> Result:
    return Result(number, f"System error {number} has occurred (0x{number:08x}).\r\n")


def mover(channel: Played, timeout: float = 60) -> tuple[GroupMover, ClusterGroup]:
    made = task(channel, {})
    tool = ClusterExe(made.node)
    return GroupMover(made, tool, Limit(timeout)), known_group(tool.observe(), NAME)


def to(owner: str, state: int = 0) -> Effect:
    return lambda w: w.with_group(NAME, owner, state)


MOVE = r'^cluster.exe group "Print & Fax \(HQ\)" /move:NODEB /wait:60$'


@pytest.mark.parametrize(
    ("act", "slept"),
    [
        pytest.param(Act(MOVE, to("NODEB")), 0, id="at once"),
        pytest.param(Act(MOVE, to("NODEB", 4), later=((12, to("NODEB")),)), 3, id="pending for a while"),
        pytest.param(Act(MOVE, to("NODEB"), error(997)), 0, id="it says that it goes on"),
        pytest.param(Act(MOVE, None, error(258), later=((7, to("NODEB")),)), 2, id="its own wait ran out"),
        pytest.param(Act(MOVE, to("NODEB", 1), later=((7, to("NODEB")),)), 2, id="there, but not online yet"),
    ],
)
def test_a_move_ends_when_owner_and_state_are_right(act: Act, slept: int) -> None:
    channel = Played(WORLD, act)
    made, group = mover(channel)
    assert made.move(group, "NODEB") == ClusterGroup(NAME, "NODEB", GroupState.ONLINE)
    assert len(channel.clock.slept) == slept


@pytest.mark.parametrize(
    "acts",
    [
        pytest.param([Act(MOVE, to("NODEB"), lost="after")], id="it is there"),
        pytest.param([Act(MOVE, to("NODEB", 4), later=((12, to("NODEB")),), lost="after")], id="it is on its way"),
        pytest.param([Act(MOVE, lost="after"), Act(MOVE, to("NODEB"))], id="nothing has begun: once more"),
    ],
)
def test_a_move_whose_answer_is_lost_is_looked_after(acts: list[Act]) -> None:
    channel = Played(WORLD, *acts)
    made, group = mover(channel)
    assert made.move(group, "NODEB") == ClusterGroup(NAME, "NODEB", GroupState.ONLINE)
    assert (channel.acts, channel.resets) == ([], 1)


ON_B = 'group "Print & Fax \\(HQ\\)" /move:NODEB'
ON_C = 'group "Print & Fax \\(HQ\\)" /move:NODEC'


@pytest.mark.parametrize("number", [5015, 5016, 5071])
def test_the_next_node_is_tried_where_one_may_not_own_the_group(number: int) -> None:
    channel = Played(WORLD, Act(ON_B, None, error(number)), Act(ON_C, to("NODEC")))
    made, group = mover(channel)
    assert made.move(group, "NODEB", ["NODEC", "NODED"]).owner == "NODEC"
    assert channel.acts == []


@pytest.mark.parametrize(
    ("acts", "part"),
    [
        pytest.param([Act(ON_B, None, error(5016)), Act(ON_C, None, error(5016))], "to NODEC", id="none may own it"),
        pytest.param([Act(ON_B, None, error(5))], "to NODEB", id="another error is none of that"),
    ],
)
def test_a_group_that_no_node_takes_is_a_failure(acts: list[Act], part: str) -> None:
    made, group = mover(Played(WORLD, *acts))
    with pytest.raises(Failure) as caught:
        made.move(group, "NODEB", ["NODEC"])
    assert part in str(caught.value)


def test_an_exit_code_is_no_state() -> None:
    """cluster.exe says that it failed, but the group has moved."""
    made, group = mover(Played(WORLD, Act(MOVE, to("NODEB"), Result(1))))
    assert made.move(group, "NODEB") == ClusterGroup(NAME, "NODEB", GroupState.ONLINE)


def test_an_offline_group_is_moved_offline() -> None:
    channel = Played(WORLD.with_group(NAME, "NODEA", 1), Act(MOVE, to("NODEB", 1)))
    made, group = mover(channel)
    assert made.move(group, "NODEB").state is GroupState.OFFLINE


@pytest.mark.parametrize(
    ("act", "part"),
    [
        pytest.param(Act(MOVE, None, error(5016)), "5016 ERROR_HOST_NODE_NOT_GROUP_OWNER", id="refused"),
        pytest.param(Act(MOVE, None, Result(1, "", error(5070).stdout)), "5070 ERROR_CLUSTER_NODE_PAUSED", id="stderr"),
        pytest.param(Act(MOVE), "not so after 60 s; last seen: online on NODEA", id="exit code 0 without effect"),
        pytest.param(Act(MOVE, to("NODEB", 2)), "last seen: failed on NODEB", id="there, but failed"),
    ],
)
def test_a_move_that_fails(act: Act, part: str) -> None:
    made, group = mover(Played(WORLD, act))
    with pytest.raises(Failure, match="Moving the group to NODEB on 'Print & Fax") as failed:
        made.move(group, "NODEB")
    assert part in failed.value.seen
    assert failed.value.advice


@pytest.mark.parametrize(
    ("before", "state", "option", "number"),
    [(1, GroupState.ONLINE, "online", 0), (0, GroupState.OFFLINE, "offline", 1)],
)
def test_set_state(before: int, state: GroupState, option: str, number: int) -> None:
    act = Act(rf"/{option} /wait:60$", to("NODEA", number))
    made, group = mover(Played(WORLD.with_group(NAME, "NODEA", before), act))
    assert made.set_state(group, state).state is state


def test_a_group_that_vanishes_is_told() -> None:
    gone: Effect = lambda w: replace(w, groups={"Cluster Group": ("NODEA", 0)})  # noqa: E731
    made, group = mover(Played(WORLD, Act(MOVE, gone)))
    with pytest.raises(Failure, match="no such group; there are 'Cluster Group'"):
        made.move(group, "NODEB")


@pytest.mark.parametrize(
    ("changes", "part"),
    [({"groups": {}}, "there are none"), ({}, "there are 'Cluster Group', 'CMS1'")],
    ids=["no group at all", "other groups"],
)
def test_an_unknown_group_is_told_with_those_there_are(changes: dict[str, Any], part: str) -> None:
    cluster = ClusterExe(task(Played(replace(World(), **changes)), {}).node).observe()
    with pytest.raises(Failure, match=part):
        known_group(cluster, "Nobody's")


def test_a_group_that_is_better_after_a_move_than_before_is_there() -> None:
    failed = WORLD.with_group(NAME, "NODEA", 3)
    made, group = mover(Played(failed, Act(MOVE, to("NODEB"))))
    assert made.move(group, "NODEB") == ClusterGroup(NAME, "NODEB", GroupState.ONLINE)
