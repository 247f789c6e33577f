# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The offline window: only what is left is done, after a lost channel too, and a failure in it is told loudly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._handover import Handover, handover_steps
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import CmsState, MailboxServer
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._versions import parse_version
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    BUILDS,
    PASSWORD,
    Act,
    Cms,
    Effect,
    Played,
    World,
    ended,
    prepare_acts,
    proof,
    remove_act,
    retire_act,
    run_act,
    state_answer,
    task,
)

PARAMS: dict[str, Any] = {
    "name": "CMS1",
    "to": None,
    "release": "sp2",
    "media": r"D:\sp2",
    "nodes": proof(("NODEA", "rtm")),
    "proof_max_age": 900,
    "hand_over_after": "all",
    "offline_budget": 0,
    "reason": "Upgrade",
    "max_queue": 10,
    "copy_samples": 3,
    "copy_interval": 5.0,
    "username": None,
    "password": None,
    "domain_controller": "",
    "timeout": 7200,
    "step_timeout": 900,
    "poll": 5.0,
}
KIND = "upgradecms-sp2"
# The start of every handover: NODEB is upgraded, NODEA runs the old CMS1.
START = World(bits="sp2")


def server(release: str, state: CmsState, owner: str) -> MailboxServer:
    return MailboxServer("CMS1", state, owner, parse_version(BUILDS[release]))


# --- what is left to do: sources.md: resume, seen from the upgraded node NODEB ----------------------------------------


@pytest.mark.parametrize(
    ("release", "state", "owner", "steps"),
    [
        pytest.param("rtm", CmsState.ONLINE, "NODEA", ["stop", "move", "upgrade", "start"], id="old, online, on A"),
        pytest.param("rtm", CmsState.PARTIALLY_ONLINE, "NODEA", ["stop", "move", "upgrade", "start"], id="old, partly"),
        pytest.param("rtm", CmsState.OFFLINE, "NODEA", ["move", "upgrade", "start"], id="old, offline, on A"),
        pytest.param("rtm", CmsState.FAILED, "NODEA", ["move", "upgrade", "start"], id="old, failed, on A"),
        pytest.param("rtm", CmsState.OFFLINE, "NODEB", ["upgrade", "start"], id="old, offline, on B"),
        pytest.param("rtm", CmsState.FAILED, "NODEB", ["upgrade", "start"], id="old, failed, on B"),
        pytest.param("rtm", CmsState.ONLINE, "NODEB", ["stop", "upgrade", "start"], id="old, online, on B: failover"),
        pytest.param("sp2", CmsState.OFFLINE, "NODEB", ["start"], id="new, offline, on B"),
        pytest.param("sp2", CmsState.FAILED, "NODEB", ["start"], id="new, failed, on B"),
        pytest.param("sp2", CmsState.PARTIALLY_ONLINE, "NODEB", ["start"], id="new, partly, on B"),
        pytest.param("sp2", CmsState.ONLINE, "NODEB", [], id="new, online, on B: done"),
        pytest.param("sp3", CmsState.ONLINE, "NODEB", [], id="newer still"),
    ],
)
def test_what_is_left(release: str, state: CmsState, owner: str, steps: list[str]) -> None:
    assert handover_steps(server(release, state, owner), "NODEB", "sp2") == steps


# --- the acts ------------------------------------------------------------------------------------------------------


def cms(**changes: Any) -> Effect:
    return lambda w: w.with_server("CMS1", **changes)


def moved(w: World) -> World:
    return w.with_group("CMS1", "NODEB", 1)


def upgraded(w: World) -> World:
    return ended(0)(w).with_server("CMS1", release="sp2")


def online(w: World) -> World:
    return w.with_server("CMS1", state="Online").with_group("CMS1", "NODEB", 0)


def say(w: World) -> Result:
    version = BUILDS[w.servers[0].release]
    return Result(0, f"version={version}\r\n" + state_answer(w, "CMS1"))


def stop(**how: Any) -> Act:
    effect: Effect = lambda w: cms(state="Offline")(w).with_group("CMS1", w.owner("CMS1"), 1)  # noqa: E731
    return Act(
        "Stop-ClusteredMailboxServer -Identity 'CMS1' -StopReason 'Upgrade'", effect, say, **{"takes": 30.0, **how}
    )


def move(**how: Any) -> Act:
    pattern = "Move-ClusteredMailboxServer -Identity 'CMS1' -TargetMachine 'NODEB' -MoveComment 'Upgrade' -Confirm"
    return Act(pattern, moved, say, **{"takes": 60.0, **how})


def start(**how: Any) -> Act:
    return Act("Start-ClusteredMailboxServer -Identity 'CMS1'", online, say, **{"takes": 40.0, **how})


def setup(lost: str = "") -> Act:
    return run_act(KIND, (299.9, upgraded), lost=lost)


PREPARE = prepare_acts(KIND)
REMOVE = remove_act(KIND)
RETIRE = retire_act(KIND)
WHOLE = [*PREPARE, stop(), move(), setup(), start(), REMOVE]


def run(channel: Played, *, check: bool = False, password: str | None = PASSWORD, **changes: Any) -> dict[str, Any]:
    return handover(channel, check=check, password=password, **changes)[0]


def handover(
    channel: Played, *, check: bool = False, password: str | None = PASSWORD, **changes: Any
) -> tuple[dict[str, Any], Task]:
    made = task(channel, {**PARAMS, **changes}, check=check, password=password)
    return Handover(made).run(), made


def test_the_whole_window() -> None:
    channel = Played(START, *WHOLE)
    result, made = handover(channel, offline_budget=450)
    assert channel.acts == []
    assert result["changed"]
    assert result["before"] == {"owner": "NODEA", "state": "online", "version": BUILDS["rtm"]}
    assert result["after"] == {"owner": "NODEB", "state": "online", "version": BUILDS["sp2"]}
    assert result["steps"] == ["stop", "move", "upgrade", "start"]
    assert result["timings"] == {"stop": 30, "move": 60, "upgrade": 300, "start": 40}
    assert result["outage"] == 430
    assert result["within_budget"] is True
    assert r'"D:\sp2\Setup.com" /upgradecms' in made.node.commands
    assert PASSWORD not in str(result) + "".join([*made.node.commands, *channel.done])


def test_the_job_is_ready_before_the_window_opens_and_removed_behind_it() -> None:
    channel = Played(START, *WHOLE)
    run(channel)
    kinds = [line.split()[0] for line in channel.done]
    assert kinds[:2] == ["(md", "cmd"]
    assert kinds[2] == "powershell.exe"
    assert kinds[-1] == "(schtasks"


@pytest.mark.parametrize(
    ("budget", "within"), [(0, None), (429, False), (430, True)], ids=["none", "too short", "just enough"]
)
def test_the_budget(budget: int, within: bool | None) -> None:
    assert run(Played(START, *WHOLE), offline_budget=budget)["within_budget"] is within


OFFLINE = START.with_server("CMS1", state="Offline")
NEW = replace(START, servers=(Cms("CMS1", "sp2"),))


@pytest.mark.parametrize(
    ("world", "acts", "how", "steps", "outage"),
    [
        pytest.param(
            OFFLINE.with_group("CMS1", "NODEA", 1),
            [*PREPARE, move(), setup(), start(), REMOVE],
            {},
            ["move", "upgrade", "start"],
            400,
            id="stopped on the old node",
        ),
        pytest.param(
            OFFLINE.with_group("CMS1", "NODEB", 1),
            [*PREPARE, setup(), start(), REMOVE],
            {"hand_over_after": "first"},
            ["upgrade", "start"],
            340,
            id="stopped on the new node",
        ),
        pytest.param(
            START.with_group("CMS1", "NODEB"),
            [*PREPARE, stop(), setup(), start(), REMOVE],
            {"hand_over_after": "first"},
            ["stop", "upgrade", "start"],
            370,
            id="online on the new node after a failover",
        ),
        pytest.param(
            NEW.with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline"),
            [start()],
            {"hand_over_after": "first"},
            ["start"],
            40,
            id="upgraded, not started",
        ),
        pytest.param(
            OFFLINE.with_group("CMS1", "NODEB", 1),
            [*PREPARE, setup(), start(), REMOVE],
            {},
            ["upgrade", "start"],
            340,
            id="an open window is closed, whatever hand_over_after says: the node that was left is old, and passive",
        ),
        pytest.param(
            START.with_group("CMS1", "NODEB"),
            [*PREPARE, stop(), setup(), start(), REMOVE],
            {},
            ["stop", "upgrade", "start"],
            370,
            id="a failover has moved it here already, whatever hand_over_after says",
        ),
        pytest.param(
            NEW.with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline"),
            [start()],
            {},
            ["start"],
            40,
            id="upgraded, not started, whatever hand_over_after says",
        ),
        pytest.param(
            NEW.with_group("CMS1", "NODEB", 2).with_server("CMS1", state="Failed"),
            [start()],
            {"nodes": proof(("NODEA", "sp2"))},
            ["start"],
            40,
            id="both nodes new, CMS new, failed",
        ),
    ],
)
def test_only_what_is_left_is_done(
    world: World, acts: list[Act], how: dict[str, Any], steps: list[str], outage: float
) -> None:
    channel = Played(world, *acts)
    result = run(channel, **how)
    assert channel.acts == []
    assert (result["steps"], result["after"]["state"], result["after"]["owner"]) == (steps, "online", "NODEB")
    assert result["outage"] == outage


class Slow(Played):
    """Every read takes 9 seconds."""

    def _read(self, line: str, answers: list[Result]) -> Result:
        self.clock.advance(9.0)
        return super()._read(line, answers)


def test_the_outage_of_one_that_is_down_counts_from_the_end_of_the_look() -> None:
    world = NEW.with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline")
    job = 9.0  # the look at the job, which is between the look at the server and its start
    assert run(Slow(world, start()))["outage"] == job + 40


def test_what_is_done_is_left_alone_without_proof_or_media() -> None:
    result = run(Played(replace(NEW.with_group("CMS1", "NODEB"), media="")), nodes=[])
    assert (result["changed"], result["steps"], result["outage"], result["within_budget"]) == (False, [], None, None)


def test_setup_may_have_started_the_cms() -> None:
    def both(w: World) -> World:
        return online(upgraded(w))

    channel = Played(START, *PREPARE, stop(), move(), run_act(KIND, (299.9, both)), start(takes=0.0), REMOVE)
    assert run(channel)["outage"] == 390


def test_databases_that_mount_late_are_waited_for_behind_the_window() -> None:
    slow: Effect = lambda w: online(w).with_server("CMS1", mounted=("False",))  # noqa: E731
    acts = [*WHOLE[:5], replace(start(), effect=slow, later=((20, cms(mounted=("True",))),)), REMOVE]
    channel = Played(START, *acts)
    assert run(channel)["outage"] == 430
    assert channel.clock.slept.count(1.0) == 20


def test_a_start_that_takes_longer_is_measured() -> None:
    pending: Effect = lambda w: online(w).with_server("CMS1", state="OnlinePending")  # noqa: E731
    acts = [*WHOLE[:5], replace(start(), effect=pending, later=((10, cms(state="Online")),)), REMOVE]
    assert run(Played(START, *acts))["outage"] == 440


def test_a_start_whose_answer_was_lost_is_measured_too() -> None:
    world = NEW.with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline")
    assert run(Played(world, start(lost="after")))["outage"] is not None


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
def test_a_dead_job_is_cleared_away_when_nothing_else_is_left(check: bool) -> None:
    leftover = replace(NEW.with_group("CMS1", "NODEB"), job=True, kind=KIND, started=True)
    channel = Played(leftover, *([] if check else [REMOVE]))
    result = run(channel, check=check)
    assert (result["changed"], result["steps"], channel.acts) == (True, [], [])


# --- refused before anything is touched ----------------------------------------------------------------------------


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
@pytest.mark.parametrize(
    ("world", "how", "rule", "part"),
    [
        (replace(START, nodes={"NODEA": 0, "NODEB": 2}), {}, "R2", "paused"),
        (START, {"nodes": proof(("NODEA", "sp2"))}, "R4", "forgotten"),
        (World(), {}, "R5", "at RTM, not at SP2"),
        (START, {"nodes": []}, "R5", "not observed"),
        (START, {"nodes": proof(("NODEA", "rtm", 1000.0))}, "R5", "1000 s ago"),
        (replace(START, pack="0x100"), {}, "R6", "Service Pack 2"),
        (replace(START, samples=((("SG1", "Failed", "0", "0"),),)), {}, "R7", "is Failed"),
        (replace(START, samples=((("SG1", "Healthy", "8", "9"),),)), {}, "R7", "17 logs behind"),
        (replace(START, samples=((),)), {}, "R7", "could be read"),
        (
            replace(START.with_server("CMS1", state="PartiallyOnline"), samples=((("SG1", "Failed", "0", "0"),),)),
            {},
            "R7",
            "is Failed",
        ),
        (START.with_group("Lost", None), {}, "R9", "owner of group 'Lost'"),
        (replace(START, media=""), {}, "R8", "No Exchange Setup"),
        (replace(START, renames="x"), {}, "R8", "restart is pending"),
        (START.with_server("CMS1", state="OnlinePending"), {}, "R9", "online_pending"),
        (START.with_server("CMS1", state="Önlïnë"), {}, "R9", "unknown"),
        (START.with_server("CMS1", release="sp3"), {"nodes": proof(("NODEA", "sp3"))}, "R10", "newer than SP2"),
    ],
)
def test_refused(world: World, how: dict[str, Any], rule: str, part: str, check: bool) -> None:
    channel = Played(world)
    with pytest.raises(Refusal, match=part) as refused:
        run(channel, check=check, **how)
    assert rule in {r["rule"] for r in refused.value.data["refusals"]}
    assert not refused.value.changed
    assert channel.done == []


# --- an upgraded server that a failover has brought to an old node ---------------------------------------------------


@pytest.mark.parametrize(
    ("world", "outage"),
    [
        pytest.param(NEW.with_server("CMS1", state="Failed").with_group("CMS1", "NODEA", 2), True, id="failed there"),
        pytest.param(NEW.with_server("CMS1", state="Offline").with_group("CMS1", "NODEA", 1), True, id="offline there"),
        pytest.param(NEW, True, id="online there, against all that is known"),
    ],
)
@pytest.mark.parametrize("after", ["all", "first"])
def test_an_upgraded_server_is_fetched_from_an_old_node(world: World, outage: bool, after: str) -> None:
    channel = Played(world, move(), start())
    result = run(channel, hand_over_after=after)
    assert (result["steps"], result["after"]["owner"], result["after"]["state"]) == (
        ["move", "start"],
        "NODEB",
        "online",
    )
    assert (result["outage"] is not None) is outage
    assert channel.acts == []


def test_exchanges_own_opinion_counts() -> None:
    channel = Played(replace(START, validate_error="The node is not a possible owner."))
    with pytest.raises(Failure, match="not a possible owner") as failed:
        run(channel)
    assert not failed.value.changed
    assert channel.done == []


def test_the_copies_of_an_scc_are_not_asked_for() -> None:
    channel = Played(START.with_server("CMS1", kind="Shared"), *WHOLE)
    run(channel)
    assert not any("Get-StorageGroupCopyStatus" in line for line in channel.reads)


def test_another_target_than_this_node_is_refused() -> None:
    with pytest.raises(Failure, match="Run this task on NODEA"):
        run(Played(START), to="nodea")


def test_this_node_may_be_named() -> None:
    assert run(Played(START, *WHOLE), to="nodeb")["changed"]


@pytest.mark.parametrize(
    ("world", "part"),
    [
        (START, "there is no such server in the cluster of NODEB; there are CMS1"),
        (replace(START, shell_error="no directory"), "no directory"),
    ],
    ids=["no such server", "nothing readable"],
)
def test_a_server_that_is_not_found(world: World, part: str) -> None:
    with pytest.raises(Failure, match=part):
        run(Played(world), name="CMS9")


def test_a_media_path_that_cannot_be_passed_is_refused_first() -> None:
    channel = Played(START)
    with pytest.raises(Unquotable):
        run(channel, media="D:\\50%")
    assert channel.reads == []


def test_without_a_password_the_window_is_not_opened() -> None:
    channel = Played(START)
    with pytest.raises(Failure, match="no password"):
        run(channel, password=None)
    assert channel.done == []


# --- check mode ----------------------------------------------------------------------------------------------------


def test_check_mode_tells_every_step_and_does_none() -> None:
    channel = Played(START)
    result = run(channel, check=True)
    assert result["changed"]
    assert result["steps"] == ["stop", "move", "upgrade", "start"]
    assert result["commands"][:3] == [
        "Stop-ClusteredMailboxServer CMS1",
        "Move-ClusteredMailboxServer CMS1 -TargetMachine NODEB",
        r'"D:\sp2\Setup.com" /upgradecms',
    ]
    assert result["commands"][3].startswith("Start-ClusteredMailboxServer CMS1")
    assert channel.done == []


@pytest.mark.parametrize(
    ("world", "before"),
    [
        pytest.param(START, {"owner": "NODEA", "state": "online", "version": BUILDS["rtm"]}, id="the whole window"),
        pytest.param(
            NEW.with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline"),
            {"owner": "NODEB", "state": "offline", "version": BUILDS["sp2"]},
            id="only the start",
        ),
    ],
)
def test_check_mode_predicts_what_is_there_afterwards(world: World, before: dict[str, Any]) -> None:
    result = run(Played(world), check=True)
    assert result["before"] == before
    assert result["after"] == {"owner": "NODEB", "state": "online", "version": BUILDS["sp2"]}


# --- a lost channel in every step ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        pytest.param([*PREPARE, stop(lost="before")], WHOLE[2:], id="before the stop"),
        pytest.param([*PREPARE, stop(lost="after")], WHOLE[3:], id="after the stop"),
        pytest.param([*WHOLE[:3], move(lost="before")], WHOLE[3:], id="before the move"),
        pytest.param([*WHOLE[:3], move(lost="after")], WHOLE[4:], id="after the move"),
        pytest.param([*WHOLE[:4], setup("before")], WHOLE[4:], id="before Setup"),
        pytest.param([*WHOLE[:4], setup("after")], WHOLE[5:], id="after Setup was started"),
        pytest.param([*WHOLE[:5], start(lost="before")], WHOLE[5:], id="before the start"),
        pytest.param([*WHOLE[:5], start(lost="after")], [start(takes=0.0), REMOVE], id="after the start"),
    ],
)
def test_a_lost_channel_is_gone_on_from_what_is_seen(first: list[Act], rest: list[Act]) -> None:
    channel = Played(START, *first, *rest)
    result, made = handover(channel)
    assert (result["after"]["state"], result["after"]["owner"]) == ("online", "NODEB")
    assert result["after"]["version"] == BUILDS["sp2"]
    assert channel.acts == []
    assert any("looking again, " in line for line in made.__dict__["said"])
    assert channel.resets >= 1


@pytest.mark.parametrize(("at", "broken"), [(2, stop(lost="after")), (3, move(lost="after"))], ids=["stop", "move"])
def test_a_lost_answer_costs_no_time_inside_the_window(at: int, broken: Act) -> None:
    channel = Played(START, *WHOLE[:at], broken, *WHOLE[at + 1 :])
    assert run(channel)["outage"] == 430


@pytest.mark.parametrize(
    "first",
    [
        pytest.param([replace(PREPARE[0], lost="after")], id="the batch file's answer"),
        pytest.param([PREPARE[0], replace(PREPARE[1], lost="before")], id="the task's order"),
    ],
)
def test_a_job_of_which_nobody_knows_whether_it_is_complete_is_prepared_anew(first: list[Act]) -> None:
    channel = Played(START, *first, REMOVE, *WHOLE)
    assert run(channel)["outage"] == 430
    assert channel.acts == []


def test_a_setup_whose_start_was_lost_and_that_nobody_can_see_is_not_started_again() -> None:
    unseen: Effect = lambda w: replace(w, started=True, images=())  # noqa: E731
    channel = Played(START, *WHOLE[:4], replace(setup("after"), effect=unseen), *WHOLE[5:])
    assert run(channel)["after"]["version"] == BUILDS["sp2"]
    assert channel.acts == []


@pytest.mark.parametrize("quiet", [1, 5, 100])
def test_a_node_that_is_silent_while_setup_runs_is_waited_for(quiet: int) -> None:
    channel = Played(START, *WHOLE)
    channel.acts[4] = replace(channel.acts[4], effect=lambda w: _silence(channel, quiet, w))
    assert run(channel)["outage"] == 430


def _silence(channel: Played, quiet: int, w: World) -> World:
    channel.quiet = quiet
    return replace(w, started=True, images=(*w.images, "ExSetup.exe"))


@pytest.mark.parametrize(
    ("world", "acts"),
    [
        pytest.param(
            replace(OFFLINE.with_group("CMS1", "NODEB", 1), job=True, kind=KIND, started=True, images=("ExSetup.exe",)),
            [start(), REMOVE],
            id="it runs",
        ),
        pytest.param(
            replace(
                NEW.with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline"),
                job=True,
                kind=KIND,
                started=True,
                rc="0",
            ),
            [start(), REMOVE],
            id="it has ended",
        ),
    ],
)
def test_a_run_that_died_in_the_window_is_finished_by_another(world: World, acts: list[Act]) -> None:
    channel = Played(world, *acts)
    if not world.rc:
        channel.clock.after(100, lambda: channel.change(upgraded))
    result = run(channel, nodes=[], password=None)
    assert (result["after"]["state"], result["after"]["version"]) == ("online", BUILDS["sp2"])
    assert channel.acts == []


def test_a_job_that_nobody_can_make_out_is_joined_and_not_started_again() -> None:
    world = replace(OFFLINE.with_group("CMS1", "NODEB", 1), job=True, kind=KIND, started=True, images=())
    channel = Played(world, start(), REMOVE)
    channel.clock.after(100, lambda: channel.change(upgraded))
    assert run(channel)["after"]["version"] == BUILDS["sp2"]
    assert not any("/run" in line for line in channel.done)
    assert channel.acts == []


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
@pytest.mark.parametrize(
    "world",
    [
        pytest.param(START, id="up on another node"),
        pytest.param(OFFLINE.with_group("CMS1", "NODEA", 1), id="stopped on another node"),
        pytest.param(START.with_group("CMS1", "NODEB"), id="up here, and still old"),
    ],
)
@pytest.mark.parametrize("images", [("ExSetup.exe",), ()], ids=["running", "unknown"])
def test_a_job_that_cannot_belong_to_this_handover_is_not_joined(
    world: World, images: tuple[str, ...], check: bool
) -> None:
    channel = Played(replace(world, job=True, kind=KIND, started=True, images=images))
    with pytest.raises(Refusal, match="Look at Setup on this node") as refused:
        run(channel, check=check)
    assert refused.value.refused == "R9"
    assert channel.done == []


def test_a_job_that_ended_another_time_is_replaced() -> None:
    channel = Played(replace(START, job=True, kind=KIND, started=True, rc="0"), REMOVE, *WHOLE)
    assert run(channel)["steps"] == ["stop", "move", "upgrade", "start"]
    assert channel.acts == []


def test_a_failed_setup_is_run_again_over_its_own_marks_by_the_next_run() -> None:
    oops = ended(1, "     Oops\r\n", marks=(("ClusteredMailboxServer", "Watermark"),))
    channel = Played(START, *PREPARE, stop(), move(), run_act(KIND, (9, oops)), RETIRE)
    with pytest.raises(Failure, match="Oops"):
        run(channel)
    again = run_act(KIND, (9, lambda w: replace(upgraded(w), marks=())))
    channel = Played(channel.world, REMOVE, *PREPARE, again, start(), REMOVE)
    result = run(channel)
    assert (result["steps"], result["after"]["state"]) == (["upgrade", "start"], "online")
    assert channel.acts == []


# --- failures in the window ----------------------------------------------------------------------------------------


def failing(act: Act) -> Act:
    """The same act, failing without effect."""
    return replace(act, effect=None, result=Result(1, "error=It did not work.\r\n"))


def back(**how: Any) -> Act:
    """The Start of a server that can't be moved, on the node that it is on."""
    there: Effect = lambda w: w.with_server("CMS1", state="Online").with_group("CMS1", "NODEA", 0)  # noqa: E731
    return Act(r"\}; Start-ClusteredMailboxServer -Identity 'CMS1' -Confirm", there, say, **how)


@pytest.mark.parametrize(
    ("acts", "parts"),
    [
        pytest.param([*PREPARE, failing(stop()), REMOVE], ["Stopping", "It did not work"], id="stop"),
        pytest.param(
            [*PREPARE, stop(), failing(move()), failing(move()), failing(back()), REMOVE],
            ["Moving", "It did not work", "Starting it on NODEA again failed"],
            id="move",
        ),
        pytest.param(
            [*PREPARE, stop(), move(), run_act(KIND, (9, ended(1, "     Oops.\r\n"))), RETIRE],
            ["Upgrading", "exit code 1: Oops."],
            id="setup",
        ),
        pytest.param(
            [*PREPARE, stop(), move(), run_act(KIND, (9, ended(0))), replace(start(), effect=None), RETIRE],
            ["the directory says 8.0.685.25 and not SP2"],
            id="setup without effect",
        ),
        pytest.param([*WHOLE[:5], *[failing(start())] * 3, RETIRE], ["Starting", "It did not work"], id="start"),
    ],
)
def test_a_failure_in_the_window_is_told_loudly(acts: list[Act], parts: list[str]) -> None:
    channel = Played(START, *acts)
    with pytest.raises(Failure) as failed:
        run(channel)
    told = str(failed.value)
    assert all(part in told for part in parts), told
    assert "CMS1 MAY BE DOWN: run the playbook again" in told
    assert failed.value.changed
    assert "timings" in failed.value.data
    assert channel.acts == []
    assert PASSWORD not in told + str(failed.value.data)


@pytest.mark.parametrize(
    ("act", "closing", "part"),
    [
        pytest.param(2, REMOVE, "Stopping CMS1", id="stopped, but it is not"),
        pytest.param(3, REMOVE, "Moving to NODEB CMS1", id="moved, but it is not"),
    ],
)
def test_an_answer_without_effect_is_not_believed(act: int, closing: Act, part: str) -> None:
    acts = list(WHOLE)
    acts[act] = replace(acts[act], effect=None)
    channel = Played(START, *acts[: act + 1], closing)
    with pytest.raises(Failure, match=part) as failed:
        run(channel, step_timeout=60)
    assert "not so after 60 s; last seen:" in str(failed.value)
    assert "MAY BE DOWN" in str(failed.value)


def test_a_start_without_effect_is_asked_for_again_and_not_believed() -> None:
    nothing = replace(start(), effect=None)
    channel = Played(START, *WHOLE[:5], nothing, nothing, nothing, RETIRE)
    with pytest.raises(Failure, match=r"Starting CMS1 .* not so after 60 s; last seen: offline") as failed:
        run(channel, step_timeout=60)
    assert "MAY BE DOWN" in str(failed.value)
    assert channel.acts == []


# --- what is asked for once more -----------------------------------------------------------------------------------

UPGRADED = NEW.with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline")
SILENT = Result(0, "")
DENIED = Result(5, "Äccëss dënïëd.\r\n")


@pytest.mark.parametrize("answer", [Result(1, "error=no\r\n"), SILENT, DENIED], ids=["failed", "silent", "denied"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_start_that_failed_is_asked_for_again_while_the_server_is_down_here(answer: Result, times: int) -> None:
    channel = Played(UPGRADED, *[replace(start(), effect=None, result=answer)] * times, start())
    result = run(channel)
    assert (result["after"]["state"], channel.acts) == ("online", [])


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param(lambda w: w.with_group("CMS1", "NODEA", 1), id="it is on the other node"),
        pytest.param(lambda w: w.with_group("Cluster Group", "NODEA", 4), id="a group is on its way"),
        pytest.param(lambda w: w.with_group("Cluster Group", None), id="a group is nobody's"),
        pytest.param(lambda w: replace(w, images=(*w.images, "ExSetup.exe")), id="a Setup runs"),
        pytest.param(lambda w: replace(w, images=()), id="nobody knows what runs"),
        pytest.param(lambda w: w.with_server("CMS1", release="rtm"), id="it is not upgraded"),
        pytest.param(lambda w: replace(w, shell_error="no directory"), id="nothing can be read"),
        pytest.param(lambda w: w.with_server("CMS1", state="PartiallyOnline"), id="it is partly up"),
    ],
)
def test_a_start_is_not_asked_for_again_where_something_else_may_be_going_on(meanwhile: Effect) -> None:
    channel = Played(UPGRADED, replace(failing(start()), effect=meanwhile))
    with pytest.raises(Failure, match="It did not work") as failed:
        run(channel)
    assert "MAY BE DOWN" in str(failed.value)
    assert len(channel.done) == 1


@pytest.mark.parametrize("answer", [Result(1, "error=no\r\n"), SILENT, DENIED], ids=["failed", "silent", "denied"])
def test_a_move_without_effect_is_asked_for_once_more(answer: Result) -> None:
    channel = Played(START, *WHOLE[:3], replace(move(), effect=None, result=answer), *WHOLE[3:])
    result = run(channel)
    assert (result["after"]["owner"], result["after"]["state"], channel.acts) == ("NODEB", "online", [])
    assert result["outage"] == 490


@pytest.mark.parametrize("late", [False, True], ids=["at once", "while it is watched"])
def test_a_move_that_failed_and_worked_all_the_same_is_gone_on_from(late: bool) -> None:
    """A move that fails late leaves the server on the target."""
    acts = list(WHOLE)
    pending: Effect = lambda w: w.with_group("CMS1", "NODEA", 4)  # noqa: E731
    acts[3] = replace(failing(move()), effect=pending if late else moved, later=((20, moved),))
    channel = Played(START, *acts)
    assert (run(channel)["after"]["owner"], channel.acts) == ("NODEB", [])


def test_a_server_that_cannot_be_moved_is_started_where_it_is() -> None:
    channel = Played(START, *WHOLE[:3], failing(move()), failing(move()), back(), REMOVE)
    with pytest.raises(Failure, match="It did not work") as failed:
        run(channel)
    told = str(failed.value)
    assert "CMS1 was started again on NODEA, is online there and was not upgraded: run the playbook again" in told
    assert "MAY BE DOWN" not in told
    assert failed.value.changed
    assert (channel.world.servers[0].state, channel.world.owner("CMS1"), channel.acts) == ("Online", "NODEA", [])


@pytest.mark.parametrize(
    ("meanwhile", "where"),
    [
        pytest.param(lambda w: w.with_server("CMS1", state="Failed"), "", id="failed: its owner may start it"),
        pytest.param(lambda w: w.with_group("CMS1", "NODEC", 1), "NODEC", id="on a third node"),
        pytest.param(lambda w: replace(w, nodes={"NODEA": 2, "NODEB": 0}), "NODEA", id="its node is paused"),
    ],
)
def test_a_move_that_failed_is_not_repeated_where_the_world_has_changed(meanwhile: Effect, where: str) -> None:
    acts = [replace(failing(move()), effect=meanwhile), *([] if where else [back()])]
    channel = Played(START, *WHOLE[:3], *acts, REMOVE)
    with pytest.raises(Failure, match="It did not work") as failed:
        run(channel)
    told = str(failed.value)
    assert f"It was not started on {where} again" in told if where else "started again on NODEA" in told
    assert channel.acts == []


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param(lambda w: w.with_group("Cluster Group", None), id="a group is nobody's"),
        pytest.param(lambda w: replace(w, shell_error="no directory"), id="nothing can be read"),
    ],
)
def test_a_move_of_which_nobody_knows_what_became_is_told(meanwhile: Effect) -> None:
    channel = Played(START, *WHOLE[:3], replace(failing(move()), effect=meanwhile), REMOVE)
    with pytest.raises(Failure, match=r"It did not work\. What became of it can't be made out: ") as failed:
        run(channel, step_timeout=60)
    assert "MAY BE DOWN" in str(failed.value)
    assert channel.acts == []


def test_an_upgraded_server_is_not_started_on_an_old_node() -> None:
    """It would not start there, and the node that took it over is the one to have it."""
    world = UPGRADED.with_group("CMS1", "NODEA", 1)
    channel = Played(world, failing(move()), failing(move()))
    with pytest.raises(Failure) as failed:
        run(channel)
    assert "It was not started on NODEA again: it is at SP2, and NODEA at RTM." in str(failed.value)
    assert "MAY BE DOWN" in str(failed.value)
    assert channel.acts == []


def test_an_upgraded_server_that_is_up_and_cannot_be_fetched_is_left_alone() -> None:
    channel = Played(NEW, failing(move()), failing(move()))
    with pytest.raises(Failure, match="It did not work"):
        run(channel)
    assert channel.acts == []


def test_a_start_where_it_is_whose_answer_is_lost_is_unknown() -> None:
    channel = Played(START, *WHOLE[:3], failing(move()), failing(move()), back(lost="after"), REMOVE)
    with pytest.raises(Failure, match="is unknown") as failed:
        run(channel)
    assert "MAY BE DOWN" in str(failed.value)
    assert channel.acts == []


def test_setup_is_never_run_twice_in_one_window() -> None:
    """/UpgradeCMS can't be undone: whatever it ended with is told."""
    channel = Played(START, *WHOLE[:4], run_act(KIND, (9, ended(1, "     Oops.\r\n"))), RETIRE)
    with pytest.raises(Failure, match="exit code 1"):
        run(channel)
    assert channel.acts == []


def test_a_start_that_another_run_began_is_waited_for() -> None:
    """The cmdlet refuses while the mailbox server is on its way."""
    world = NEW.with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline")
    channel = Played(
        world,
        replace(failing(start()), effect=cms(state="Online Pending"), later=((20, online),)),
    )
    assert run(channel)["after"]["state"] == "online"
    assert channel.acts == []


def test_a_start_that_another_run_began_and_that_failed_is_done_again() -> None:
    world = NEW.with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline")
    begun = replace(failing(start()), effect=cms(state="OnlinePending"), later=((20, cms(state="Failed")),))
    channel = Played(world, begun, start())
    assert run(channel)["after"]["state"] == "online"
    assert channel.acts == []


def test_databases_that_stay_dismounted_are_told() -> None:
    acts = [*WHOLE[:5], start(), REMOVE]
    acts[5] = replace(acts[5], effect=lambda w: online(w).with_server("CMS1", mounted=("True", "False")))
    with pytest.raises(Failure, match="1 of 2 databases mounted"):
        run(Played(START, *acts), step_timeout=60)


def test_a_node_that_never_comes_back_is_told() -> None:
    channel = Played(START, *PREPARE, stop(lost="after"))
    channel.acts[2] = replace(channel.acts[2], effect=lambda w: _gone(channel, w))
    with pytest.raises(Failure, match="does not answer any more") as failed:
        run(channel)
    assert "MAY BE DOWN" in str(failed.value)
    assert failed.value.changed


def _gone(channel: Played, w: World) -> World:
    channel.quiet = 10_000
    return w.with_server("CMS1", state="Offline")


def test_a_connection_that_breaks_again_and_again_is_told() -> None:
    channel = Played(START, *PREPARE, *[stop(lost="before")] * 20, REMOVE)
    with pytest.raises(Failure, match="broke again and again") as failed:
        run(channel)
    assert channel.acts == []
    assert "MAY BE DOWN" in str(failed.value)


def test_nothing_hides_the_failure_that_is_told() -> None:
    acts = [*PREPARE, failing(stop()), *[replace(REMOVE, effect=None)] * 2]
    with pytest.raises(Failure, match="It did not work"):
        run(Played(START, *acts))


def test_a_handover_in_a_cluster_that_cannot_be_read_is_refused() -> None:
    channel = Played(replace(START, cluster_rc=1753))
    with pytest.raises(Failure):
        run(channel)
    assert channel.done == []


def test_a_look_after_a_lost_answer_that_fails_is_told_loudly() -> None:
    blind: Effect = lambda w: replace(w.with_server("CMS1", state="Offline"), shell_error="no domain controller")  # noqa: E731
    channel = Played(START, *PREPARE, replace(stop(lost="after"), effect=blind), REMOVE)
    with pytest.raises(Failure, match="no domain controller") as failed:
        run(channel)
    assert "MAY BE DOWN" in str(failed.value)
    assert failed.value.changed


def test_no_alarm_is_raised_before_the_window() -> None:
    with pytest.raises(Failure) as failed:
        run(Played(START), password=None)
    assert "MAY BE DOWN" not in str(failed.value)
    assert not failed.value.changed


def test_an_open_window_that_cannot_be_closed_is_told_loudly() -> None:
    with pytest.raises(Failure, match="no password") as failed:
        run(Played(OFFLINE.with_group("CMS1", "NODEB", 1)), password=None)
    assert "MAY BE DOWN" in str(failed.value)


def test_a_setup_that_outlasts_the_wait_keeps_its_job() -> None:
    channel = Played(START, *WHOLE[:4], run_act(KIND))
    with pytest.raises(Failure, match="Setup still runs after 60 s") as failed:
        run(channel, timeout=60)
    assert "MAY BE DOWN" in str(failed.value)
    assert channel.acts == []
