# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_group: moved or changed and watched; nothing of a clustered mailbox server is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Hear, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._notice import SILENCE
from ansible_collections.mailops.exchange2007.plugins.modules.cluster_group import run
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    Act,
    Cms,
    Effect,
    Played,
    World,
    task,
)

PARAMS: dict[str, Any] = {
    "name": "Print & Fax (HQ)",
    "owner": None,
    "state": None,
    "cluster": "",
    "timeout": 60,
    "poll": 5.0,
    "allow_clustered_mailbox_server": False,
    "other_owners": [],
}
NAME = PARAMS["name"]
WORLD = World().with_group(NAME, "NODEA", 0)
STOPPED = World().with_group(NAME, "NODEA", 1)
LINE = 'cluster.exe group "Print & Fax (HQ)" '


def be(owner: str, state: int) -> Effect:
    return lambda w: w.with_group(NAME, owner, state)


def call(channel: Played, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    return run(task(channel, {**PARAMS, **changes}, check=check))


MOVE = Act(r"/move:NODEB /wait:60$", be("NODEB", 0))
OFFLINE = Act(r"/offline /wait:60$", be("NODEA", 1))
ONLINE = Act(r"/online /wait:60$", be("NODEB", 0))


@pytest.mark.parametrize(
    ("world", "params", "acts", "after"),
    [
        pytest.param(WORLD, {"owner": "nodeb"}, [MOVE], ("NODEB", "online"), id="move"),
        pytest.param(WORLD, {"state": "offline"}, [OFFLINE], ("NODEA", "offline"), id="offline"),
        pytest.param(
            STOPPED,
            {"owner": "NODEB", "state": "online"},
            [replace(MOVE, effect=be("NODEB", 1)), ONLINE],
            ("NODEB", "online"),
            id="move, then online",
        ),
        pytest.param(WORLD, {"owner": "NODEB", "state": "online"}, [MOVE], ("NODEB", "online"), id="online already"),
        pytest.param(
            World(), {"name": "cluster group", "owner": "NODEB"}, [Act('"Cluster Group" /move:NODEB')], None, id="case"
        ),
    ],
)
def test_changes(world: World, params: dict[str, Any], acts: list[Act], after: tuple[str, str] | None) -> None:
    if after is None:
        acts = [replace(acts[0], effect=lambda w: w.with_group("Cluster Group", "NODEB", 0))]
    channel = Played(world, *acts)
    result = call(channel, **params)
    assert result["changed"]
    assert result["after"] == dict(zip(("owner", "state"), after or ("NODEB", "online"), strict=True))
    assert channel.acts == []


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("world", "params"),
    [
        (WORLD, {}),
        (WORLD, {"owner": "nodea"}),
        (WORLD, {"state": "online"}),
        (STOPPED, {"owner": "NODEA", "state": "offline"}),
        (World(), {"name": "CMS1", "owner": "NODEA", "state": "online"}),
    ],
)
def test_nothing_to_do(world: World, params: dict[str, Any], check: bool) -> None:
    result = call(Played(world), check=check, **params)
    assert not result["changed"]
    assert result["before"] == result["after"]


@pytest.mark.parametrize(
    ("world", "params", "commands", "after"),
    [
        (WORLD, {"owner": "nodeb"}, [f"{LINE}/move:NODEB /wait:60"], {"owner": "NODEB", "state": "online"}),
        (
            STOPPED,
            {"owner": "NODEB", "state": "online"},
            [f"{LINE}/move:NODEB /wait:60", f"{LINE}/online /wait:60"],
            {"owner": "NODEB", "state": "online"},
        ),
    ],
)
def test_check_mode(world: World, params: dict[str, Any], commands: list[str], after: dict[str, str]) -> None:
    result = call(Played(world), check=True, **params)
    assert (result["changed"], result["commands"], result["after"]) == (True, commands, after)


# --- a node that another run is about to take ----------------------------------------------------------------------


def marked(world: World = WORLD, **marks: str) -> World:
    return replace(world, notices=marks)


def change_marks(channel: Played, seconds: float, **marks: str) -> None:
    channel.clock.after(seconds, lambda: channel.change(lambda w: marked(w, **marks)))


@pytest.mark.parametrize("check", [False, True])
def test_a_group_is_not_moved_to_a_node_that_a_living_run_has_marked(check: bool) -> None:
    channel = Played(marked(NODEB="other.1"))
    change_marks(channel, 12, NODEB="other.2")
    with pytest.raises(Refusal) as refused:
        call(channel, check=check, owner="nodeb")
    told = str(refused.value)
    assert told.startswith(
        "Refused (R1): Moving the group to NODEB on 'Print & Fax (HQ)'. Another run is about to take"
    )
    assert "Wait for that run's end, or choose another owner." in told
    assert (channel.done, channel.marked) == ([], [])


@pytest.mark.parametrize(
    ("later", "waits"), [({"NODEB": "dead.7"}, SILENCE), ({}, 15)], ids=["of a run that died", "taken away meanwhile"]
)
def test_a_mark_that_nobody_keeps_is_waited_for_and_left_alone(later: dict[str, str], waits: float) -> None:
    channel = Played(marked(NODEB="dead.7"), MOVE)
    change_marks(channel, 12, **later)
    assert call(channel, owner="NODEB")["after"]["owner"] == "NODEB"
    assert channel.world.notices == later
    assert sum(channel.clock.slept) == pytest.approx(waits, abs=5)


def test_what_happens_while_a_mark_is_looked_at_is_seen() -> None:
    channel = Played(marked(NODEB="dead.7"))
    channel.clock.after(12, lambda: channel.change(be("NODEB", 0)))
    assert call(channel, owner="NODEB")["changed"] is False
    paused = Played(marked(NODEB="dead.7"))
    paused.clock.after(12, lambda: paused.change(lambda w: replace(w, nodes={"NODEA": 0, "NODEB": 2})))
    with pytest.raises(Refusal, match="NODEB is paused"):
        call(paused, owner="NODEB")


def test_a_mark_that_cannot_be_read_any_more_is_no_leave() -> None:
    channel = Played(marked(NODEB="other.1"))
    channel.clock.after(12, lambda: channel.change(lambda w: replace(w, cluster_rc=1753)))
    with pytest.raises(Refusal, match=r"\(R9\).*can't be read"):
        call(channel, owner="NODEB")


@pytest.mark.parametrize(
    ("world", "params", "acts"),
    [
        pytest.param(marked(NODEA="other.1"), {"owner": "NODEB"}, [MOVE], id="the mark is at the node it leaves"),
        pytest.param(marked(NODEA="other.1"), {"state": "offline"}, [OFFLINE], id="nothing is moved"),
        pytest.param(marked(NODEA="other.1"), {"owner": "NODEA"}, [], id="it is there"),
    ],
)
def test_marks_that_do_not_matter(world: World, params: dict[str, Any], acts: list[Act]) -> None:
    channel = Played(world, *acts)
    call(channel, **params)
    assert channel.acts == []
    assert sum(channel.clock.slept) < 5


def test_another_owner_that_is_marked_is_not_tried() -> None:
    """NODEB may not own the group, NODEC is about to go."""
    nodes = {"NODEA": 0, "NODEB": 0, "NODEC": 0}
    may_not = Result(1, "", "x 5016 (0x00001398)")
    channel = Played(marked(replace(WORLD, nodes=nodes), NODEC="other.1"), replace(MOVE, effect=None, result=may_not))
    with pytest.raises(Failure, match="5016"):
        call(channel, owner="NODEB", other_owners=["NODEC"])
    assert channel.acts == []


SHARED = replace(World(), servers=(Cms("CMS1"),))


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("world", "params", "rule", "part"),
    [
        pytest.param(SHARED, {"name": "CMS1", "owner": "NODEB"}, "R1", "clustered_mailbox_server", id="a CMS"),
        pytest.param(
            replace(WORLD, wmi=False), {"owner": "NODEB"}, "R1", "or may hold", id="types not readable: may be a CMS"
        ),
        pytest.param(
            replace(WORLD, nodes={"NODEA": 0, "NODEB": 2}), {"owner": "NODEB"}, "R2", "NODEB is paused", id="paused"
        ),
        pytest.param(World().with_group(NAME, "NODEA", 4), {"owner": "NODEB"}, "R9", "group is pending", id="pending"),
        pytest.param(World().with_group(NAME, None, 0), {"state": "offline"}, "R9", "owner is unknown", id="no owner"),
        pytest.param(WORLD, {"owner": "NODEX"}, "input", "The cluster has NODEA, NODEB", id="no such node"),
    ],
)
def test_refused(world: World, params: dict[str, Any], rule: str, part: str, check: bool) -> None:
    channel = Played(world)
    with pytest.raises(Refusal) as refused:
        call(channel, check=check, **params)
    told = {r["rule"]: f"{r['seen']} {r['advice']}" for r in refused.value.data["refusals"]}
    assert part in told[rule]
    assert channel.done == []


class Blind(Played):
    """cluster.exe answers everything but `res`."""

    def run(self, line: str, *, stdin: bytes | None, timeout: float, hear: Hear | None = None) -> Result:
        said = super().run(line, stdin=stdin, timeout=timeout, hear=hear)
        ruler = "-------------------- -------------------- ---------------"
        if ruler not in said.stdout:
            return said
        before, _ruler, rest = said.stdout.partition(ruler)
        return replace(said, stdout=f"{before}mailops:rc=5{rest[rest.index('mailops:rc=') + 12 :]}")


def test_a_group_whose_resources_cannot_be_read_may_be_a_cms() -> None:
    channel = Blind(World(), Act("/move:NODEB"))
    with pytest.raises(Refusal):
        call(channel, name="CMS1", owner="NODEB")
    assert channel.done == []


def test_a_cms_may_be_touched_when_it_is_asked_for_by_name() -> None:
    act = Act('"CMS1" /move:NODEB', lambda w: w.with_group("CMS1", "NODEB"))
    result = call(Played(SHARED, act), name="CMS1", owner="NODEB", allow_clustered_mailbox_server=True)
    assert result["after"]["owner"] == "NODEB"


def test_an_unknown_group() -> None:
    with pytest.raises(Failure, match="there are 'Cluster Group', 'CMS1'"):
        call(Played(World()))


def test_an_act_that_is_refused_natively() -> None:
    no = replace(MOVE, effect=None, result=Result(1, "", "x 5016 (0x00001398)"))
    with pytest.raises(Failure, match="5016 ERROR_HOST_NODE_NOT_GROUP_OWNER"):
        call(Played(WORLD, no), owner="NODEB")


def test_a_second_act_that_fails_leaves_something_changed() -> None:
    no = replace(ONLINE, effect=None, result=Result(5, "x 5 (0x00000005)"))
    with pytest.raises(Failure) as failed:
        call(Played(STOPPED, replace(MOVE, effect=be("NODEB", 1)), no), owner="NODEB", state="online")
    assert failed.value.changed
