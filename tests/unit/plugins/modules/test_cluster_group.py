# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_group: moved or changed and watched; nothing of a clustered mailbox server is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Hear, Result
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
