# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and move of a clustered mailbox server: guarded by state, watched to the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._server_acts import ServerActs
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    Act,
    Cms,
    Effect,
    Played,
    World,
    proof,
    state_answer,
    task,
)

PARAMS: dict[str, Any] = {
    "name": "CMS1",
    "state": None,
    "owner": None,
    "reason": "Because",
    "validate_only": False,
    "nodes": [],
    "proof_max_age": 900,
    "timeout": 60,
    "poll": 5.0,
}
# NODEB is where the task runs; CMS1 runs on NODEA; all is RTM.
ON_A = World()
STOPPED = ON_A.with_group("CMS1", "NODEA", 1).with_server("CMS1", state="Offline")


def act(channel: Played, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    return ServerActs(task(channel, {**PARAMS, **changes}, check=check)).run()


def say(w: World) -> Result:
    return Result(0, state_answer(w, "CMS1"))


def be(state: str, number: int, owner: str | None = None, mounted: str = "True") -> Effect:
    return lambda w: w.with_server("CMS1", state=state, mounted=(mounted,)).with_group(
        "CMS1", owner or w.owner("CMS1"), number
    )


STOP = Act("Stop-ClusteredMailboxServer -Identity 'CMS1' -StopReason 'Because' -Confirm", be("Offline", 1), say)
START = Act("Start-ClusteredMailboxServer -Identity 'CMS1' -Confirm", be("Online", 0), say)
MOVE = Act("Move-ClusteredMailboxServer -Identity 'CMS1' -TargetMachine 'NODEB'", be("Online", 0, "NODEB"), say)
MOVE_STOPPED = replace(MOVE, effect=be("Offline", 1, "NODEB"))


@pytest.mark.parametrize(
    ("world", "params", "acts", "after"),
    [
        pytest.param(ON_A, {"state": "stopped"}, [STOP], ("NODEA", "offline"), id="stop"),
        pytest.param(STOPPED, {"state": "started"}, [START], ("NODEA", "online"), id="start"),
        pytest.param(
            ON_A.with_server("CMS1", state="Failed"), {"state": "started"}, [START], ("NODEA", "online"), id="repaired"
        ),
        pytest.param(
            ON_A.with_server("CMS1", state="PartiallyOnline"),
            {"state": "stopped"},
            [STOP],
            ("NODEA", "offline"),
            id="stop a partly online one",
        ),
        pytest.param(ON_A, {"owner": "nodeb"}, [MOVE], ("NODEB", "online"), id="move"),
        pytest.param(STOPPED, {"owner": "NODEB"}, [MOVE_STOPPED], ("NODEB", "offline"), id="move a stopped one"),
        pytest.param(
            ON_A, {"owner": "NODEB", "state": "stopped"}, [STOP, MOVE_STOPPED], ("NODEB", "offline"), id="stop, move"
        ),
        pytest.param(
            STOPPED,
            {"owner": "NODEB", "state": "started"},
            [MOVE_STOPPED, START],
            ("NODEB", "online"),
            id="move, start",
        ),
    ],
)
def test_acts(world: World, params: dict[str, Any], acts: list[Act], after: tuple[str, str]) -> None:
    channel = Played(world, *acts)
    result = act(channel, **params)
    assert result["changed"]
    assert result["after"] == dict(zip(("owner", "state"), after, strict=True))
    assert channel.acts == []


@pytest.mark.parametrize(
    ("world", "params"),
    [
        (ON_A, {"state": "started"}),
        (STOPPED, {"state": "stopped"}),
        (ON_A, {"owner": "NODEA"}),
        (ON_A, {"owner": "nodea", "state": "started"}),
    ],
)
def test_nothing_to_do(world: World, params: dict[str, Any]) -> None:
    result = act(Played(world), **params)
    assert not result["changed"]
    assert result["before"] == result["after"]


@pytest.mark.parametrize(
    ("world", "params", "after", "verbs"),
    [
        (ON_A, {"state": "stopped"}, {"owner": "NODEA", "state": "offline"}, ["Stop"]),
        (STOPPED, {"state": "started"}, {"owner": "NODEA", "state": "online"}, ["Start"]),
        (ON_A, {"owner": "nodeb"}, {"owner": "NODEB", "state": "online"}, ["Move"]),
        (STOPPED, {"owner": "NODEB", "state": "started"}, {"owner": "NODEB", "state": "online"}, ["Move", "Start"]),
    ],
)
def test_check_mode(world: World, params: dict[str, Any], after: dict[str, str], verbs: list[str]) -> None:
    result = act(Played(world), check=True, **params)
    assert result["changed"]
    assert result["after"] == after
    assert result["commands"] == [f"{verb}-ClusteredMailboxServer CMS1" for verb in verbs]


THREE = replace(ON_A, nodes={"NODEA": 0, "NODEB": 0, "NODEC": 0}).with_server("CMS1", machines=("NODEA", "NODEC"))


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
@pytest.mark.parametrize(
    ("world", "params", "rule", "part"),
    [
        (ON_A.with_server("CMS1", state="OnlinePending"), {"state": "stopped"}, "R9", "online_pending"),
        (ON_A.with_server("CMS1", state="Önlïnë"), {"state": "stopped"}, "R9", "unknown"),
        (replace(ON_A, nodes={"NODEA": 9, "NODEB": 0}, wmi=False), {"state": "stopped"}, "R9", "NODEA is unknown"),
        (ON_A, {"owner": "NODEX"}, "input", "There is no node 'NODEX'"),
        (replace(ON_A, nodes={"NODEA": 0, "NODEB": 2}), {"owner": "NODEB"}, "R2", "NODEB is paused"),
        (replace(ON_A, bits="sp2"), {"owner": "NODEB"}, "R5", "CMS1 is at RTM, node NODEB at SP2"),
        (ON_A.with_server("CMS1", release="sp2"), {"owner": "NODEB"}, "R5", "CMS1 is at SP2, node NODEB at RTM"),
        (THREE, {"owner": "NODEC"}, "R5", "NODEC of the cluster was not observed"),
        (THREE, {"owner": "NODEC", "nodes": proof(("NODEC", "rtm", 901.0))}, "R5", "901 s ago"),
        (THREE, {"owner": "NODEC", "nodes": proof(("NODEC", "sp1"))}, "R5", "node NODEC at SP1"),
    ],
)
def test_refused(world: World, params: dict[str, Any], rule: str, part: str, check: bool) -> None:
    channel = Played(world)
    with pytest.raises(Refusal, match=part) as refused:
        act(channel, check=check, **params)
    assert rule in {r["rule"] for r in refused.value.data["refusals"]}
    assert channel.done == []


def test_a_target_with_proof() -> None:
    target = replace(MOVE, pattern="-TargetMachine 'NODEC'", effect=be("Online", 0, "NODEC"))
    result = act(Played(THREE, target), owner="NODEC", nodes=proof(("nodec", "rtm")))
    assert result["after"] == {"owner": "NODEC", "state": "online"}


@pytest.mark.parametrize(("owner", "machine"), [(None, "NODEB"), ("nodea", "NODEA")])
def test_validate_only_changes_nothing(owner: str | None, machine: str) -> None:
    channel = Played(ON_A)
    result = act(channel, validate_only=True, owner=owner, state="stopped")
    assert not result["changed"]
    assert f"-TargetMachine '{machine}' -MoveComment 'Because' -ValidateOnly" in channel.reads[-1]
    assert channel.done == []


def test_what_exchange_says_against_a_move_is_told() -> None:
    with pytest.raises(Failure, match="Not a possible owner") as failed:
        act(Played(replace(ON_A, validate_error="Not a possible owner.")), validate_only=True, owner="NODEB")
    assert not failed.value.changed


@pytest.mark.parametrize(
    ("params", "failing", "part"),
    [
        ({"state": "stopped"}, STOP, "Stopping"),
        ({"owner": "NODEB"}, MOVE, "Moving"),
    ],
)
def test_a_cmdlet_that_fails_is_told_as_it_said_it(params: dict[str, Any], failing: Act, part: str) -> None:
    no = replace(failing, effect=None, result=Result(1, "error=It did not work.\r\n"))
    with pytest.raises(Failure, match="It did not work") as failed:
        act(Played(ON_A, no), **params)
    assert failed.value.doing.startswith(part)
    assert failed.value.changed


@pytest.mark.parametrize(
    ("params", "lying", "part"),
    [
        ({"state": "stopped"}, replace(STOP, effect=None), "last seen: online on NODEA"),
        ({"owner": "NODEB"}, replace(MOVE, effect=be("Online", 0, "NODEB", "False")), "0 of 1 databases mounted"),
        ({"owner": "NODEB"}, replace(MOVE, effect=be("Offline", 1, "NODEB")), "last seen: offline on NODEB"),
    ],
    ids=["not stopped", "moved, not mounted", "moved, not online"],
)
def test_an_answer_without_its_effect_is_not_believed(params: dict[str, Any], lying: Act, part: str) -> None:
    channel = Played(ON_A, lying)
    with pytest.raises(Failure, match=part):
        act(channel, **params)
    assert sum(channel.clock.slept) == 60


def test_what_takes_a_while_is_waited_for() -> None:
    slow = replace(START, effect=be("OnlinePending", 4), later=((22, be("Online", 0)),))
    channel = Played(STOPPED, slow)
    assert act(channel, state="started")["after"]["state"] == "online"
    assert sum(channel.clock.slept) == 25


@pytest.mark.parametrize(
    ("world", "name", "part"),
    [
        (replace(ON_A.with_group("CMS2", "NODEA"), servers=(Cms("CMS1"), Cms("CMS2"))), "CMS9", "there are CMS1, CMS2"),
        (replace(ON_A, servers=()), "CMS1", "there are none"),
        (replace(ON_A, shell_error="no directory"), "CMS1", "no directory"),
        (replace(ON_A, exchange_read=False), "CMS1", "there are none"),
    ],
)
def test_a_server_that_is_not_found(world: World, name: str, part: str) -> None:
    with pytest.raises(Failure, match=part):
        act(Played(world), name=name, state="started")
