# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of Setup: started or joined, awaited, and told as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._exchange import Observer
from ansible_collections.mailops.exchange2007.plugins.module_utils._job import Phase
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Node, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup import parse_console, upgrade_arguments
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup_run import Outcome, SetupRun, free_space
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    PASSWORD,
    SUCCESS,
    Act,
    Asked,
    Effect,
    Played,
    World,
    ended,
    job_acts,
    prepare_acts,
    remove_act,
    retire_act,
    run_act,
    task,
    text,
)

KIND = "upgrade-sp2"
COMMAND = r'"D:\sp2\Setup.com" /mode:upgrade'
ALIVE = World(job=True, kind=KIND, started=True, images=("System", "ExSetup.exe"), out="x")


def setup(channel: Played, timeout: float = 3600, **how: Any) -> tuple[SetupRun, Task]:
    made = task(channel, {"media": r"D:\sp2", "release": "sp2"}, **how)
    return SetupRun(made, "upgrade", upgrade_arguments(), Limit(timeout, 10)), made


def finish(channel: Played, timeout: float = 3600, **how: Any) -> tuple[Outcome, Task]:
    run, made = setup(channel, timeout, **how)
    state = run.look()
    return run.finish(state, Observer(made.node).observe(0, mailbox_servers=False)), made


def said(made: Task) -> list[str]:
    lines: list[str] = made.__dict__["said"]
    return lines


@pytest.mark.parametrize(
    ("rc", "fixture", "trouble"),
    [
        pytest.param(0, "upgrade-success-en", "", id="success"),
        pytest.param(0, "success-foreign", "", id="exit code 0, foreign words: not judged here"),
        pytest.param(0, "failing-step-without-a-line-en", "Service 'MSExchangeIS' failed to start.", id="rc 0, failed"),
        pytest.param(1, "upgrade-success-en", "exit code 1: no error text on the console", id="rc 1, success sentence"),
        pytest.param(1, "step-failed-msi-1625-en", "Error code is 1625.", id="the error's text"),
        pytest.param(1, "very-early-failure-en", "no error text", id="nothing said"),
        pytest.param(-1, "check-failed-en", "A restart from a previous installation", id="a failed check"),
    ],
)
def test_trouble(rc: int, fixture: str, trouble: str) -> None:
    out = text(f"setup/{fixture}.txt")
    found = Outcome(rc, parse_console(out), out, 1.0, False).trouble()
    assert (found == "") is (trouble == "")
    assert trouble in found


def test_failed_steps_are_named_where_no_error_is() -> None:
    out = f"    {'Mailbox Role':<33}{'.' * 25} FAILED\r\n"
    assert Outcome(1, parse_console(out), out, 1.0, False).trouble() == "exit code 1: step Mailbox Role failed"


def test_result_keys() -> None:
    out = text("setup/upgrade-success-en.txt")
    shown = Outcome(0, parse_console(out), out, 12.345, True, "log").as_dict()
    assert shown["steps"][0] == {"name": "Mailbox Role Checks", "result": "COMPLETED"}
    assert len(shown["warnings_of_setup"]) == 1
    assert {k: v for k, v in shown.items() if k not in ("steps", "warnings_of_setup")} == {
        "rc": 0,
        "log_excerpt": "log",
        "duration": 12.3,
        "joined": True,
    }


def test_setup_is_started_and_awaited_and_its_job_stays_until_it_is_closed() -> None:
    channel = Played(World(), *job_acts(KIND, (1795, ended(0))))
    outcome, made = finish(channel)
    assert (outcome.rc, outcome.joined, outcome.duration) == (0, False, 1800)
    assert outcome.log_excerpt == "[..] the end of Setup"
    assert outcome.output == SUCCESS
    assert channel.acts == []
    assert COMMAND in made.node.commands
    assert PASSWORD not in "".join([*made.node.commands, *channel.done, *said(made)])


@pytest.mark.parametrize(
    "starts",
    [
        pytest.param([run_act(KIND, (50, ended(0)), lost="after")], id="it has started"),
        pytest.param(
            [replace(run_act(KIND, lost="after"), effect=None), run_act(KIND, (50, ended(0)))],
            id="it has not: once more",
        ),
    ],
)
def test_a_start_whose_answer_is_lost_is_looked_after(starts: list[Act]) -> None:
    channel = Played(World(), *prepare_acts(KIND), *starts)
    outcome, made = finish(channel)
    assert (outcome.rc, channel.acts) == (0, [])
    assert "looking again" in " ".join(said(made))


@pytest.mark.parametrize(
    ("world", "after"),
    [(ALIVE, 95.0), (replace(ALIVE, rc="0", out=SUCCESS, images=("System",)), 0.0)],
    ids=["that runs", "that has ended"],
)
def test_a_setup_of_an_earlier_run_is_joined_and_nothing_is_started(world: World, after: float) -> None:
    channel = Played(world)
    channel.clock.after(after, lambda: channel.change(ended(0)))
    outcome, made = finish(channel, password=None)
    assert (outcome.rc, outcome.joined) == (0, True)
    assert COMMAND not in made.node.commands
    assert "joining it" in said(made)[0]


@pytest.mark.parametrize(
    "world",
    [World(job=True, kind=KIND), replace(ALIVE, images=("System",))],
    ids=["one that never started", "one that died"],
)
def test_what_a_dead_run_left_is_removed_first(world: World) -> None:
    channel = Played(world, remove_act(KIND), *job_acts(KIND, (50, ended(0))))
    outcome, made = finish(channel)
    assert (outcome.rc, outcome.joined, channel.acts) == (0, False, [])
    assert "did not finish" in said(made)[0]


def test_a_prepared_job_is_given_time_to_start() -> None:
    channel = Played(World(job=True, kind=KIND))
    channel.clock.after(8, lambda: channel.change(lambda w: replace(w, started=True, images=("ExSetup.exe",))))
    run, _made = setup(channel)
    assert run.look().phase is Phase.RUNNING


@pytest.mark.parametrize("password", [None, ""])
def test_without_a_password_nothing_is_started(password: str | None) -> None:
    with pytest.raises(Failure, match="no password is at hand") as failed:
        finish(Played(World()), password=password)
    assert "username" in failed.value.advice
    assert not failed.value.changed


@pytest.mark.parametrize(
    ("world", "quiet", "timeout", "parts"),
    [
        pytest.param(ALIVE, 0, 60, ["Setup still runs after 70 s", "not stopped", "joins it"], id="out of time"),
        pytest.param(
            replace(ALIVE, images=("System",)), 0, 60, ["ended without an exit code", "same Setup"], id="died meanwhile"
        ),
        pytest.param(ALIVE, 99, 60, ["may still run: the node does not answer", "joins it"], id="a silent node"),
    ],
)
def test_an_end_that_is_none(world: World, quiet: int, timeout: float, parts: list[str]) -> None:
    channel = Played(ALIVE)
    run, _made = setup(channel, timeout)
    state = run.look()
    channel.world, channel.quiet = world, quiet
    with pytest.raises(Failure) as failed:
        run.wait(state, "NODEB")
    assert all(part in str(failed.value) for part in parts)
    assert failed.value.changed
    assert channel.done == []


def test_the_last_step_seen_is_told() -> None:
    out = text("setup/growing-in-the-middle-of-a-step-en.txt")
    run, _made = setup(Played(replace(ALIVE, out=out)), 30)
    with pytest.raises(Failure, match="last step seen: Copying Exchange files") as failed:
        run.wait(run.look(), "NODEB")
    assert failed.value.data["stdout"] == out


def test_a_task_that_does_not_start_is_told() -> None:
    channel = Played(World(), *job_acts(KIND)[:2], Act("schtasks /run"))
    run, made = setup(channel)
    run.prepare(run.look(), Observer(made.node).observe(0, mailbox_servers=False))
    with pytest.raises(Failure, match="the scheduled task did not start") as failed:
        run.wait(run.look(), "NODEB")
    assert "Log on as a batch job" in failed.value.advice


def test_progress_tells_each_step_once_and_a_long_one_every_five_minutes() -> None:
    channel = Played(ALIVE, remove_act(KIND))
    out = text("setup/growing-in-the-middle-of-a-step-en.txt")
    channel.clock.after(25, lambda: channel.change(lambda w: replace(w, out=out)))
    channel.clock.after(695, lambda: channel.change(ended(0, text("setup/upgrade-success-en.txt"))))
    _outcome, made = finish(channel)
    assert said(made)[1:] == [
        "Setup: starting",
        *["Setup: Copying Exchange files"] * 3,
        "Setup: Finalizing Setup",
    ]


def test_a_silent_node_is_told_as_unknown() -> None:
    channel = Played(ALIVE, remove_act(KIND))
    run, made = setup(channel)
    state = run.look()
    channel.quiet = 3
    channel.clock.after(55, lambda: channel.change(ended(0)))
    assert run.wait(state, "NODEB").rc == 0
    assert any("its state is unknown" in line for line in said(made))


DEAD = replace(ALIVE, images=("System",))
PREPARED = World(job=True, kind=KIND)
OVER = replace(ALIVE, rc="0")
UNSEEN = replace(ALIVE, images=())


@pytest.mark.parametrize(
    ("world", "succeeded", "act"),
    [
        pytest.param(ALIVE, True, None, id="running, success"),
        pytest.param(ALIVE, False, None, id="running, failure"),
        pytest.param(World(), True, None, id="none, success"),
        pytest.param(World(), False, None, id="none, failure"),
        pytest.param(UNSEEN, True, None, id="nobody can see whether it runs, success"),
        pytest.param(UNSEEN, False, None, id="nobody can see whether it runs, failure"),
        pytest.param(PREPARED, True, remove_act(KIND), id="never started, success"),
        pytest.param(PREPARED, False, remove_act(KIND), id="never started, failure"),
        pytest.param(OVER, True, remove_act(KIND), id="ended, success"),
        pytest.param(OVER, False, retire_act(KIND), id="ended, failure: its marks stay known as ours"),
        pytest.param(DEAD, True, remove_act(KIND), id="died, but the goal is reached"),
        pytest.param(DEAD, False, None, id="died: its folder says whose marks those are"),
    ],
)
def test_what_closing_does_to_a_job(world: World, succeeded: bool, act: Act | None) -> None:
    channel = Played(world, *([act] if act else []))
    setup(channel)[0].close(succeeded=succeeded)
    assert channel.acts == []
    assert len(channel.done) == (1 if act else 0)


def test_a_retired_job_looks_like_a_dead_one_to_the_next_run_which_runs_setup_again() -> None:
    channel = Played(OVER, retire_act(KIND), remove_act(KIND), *job_acts(KIND, (50, ended(0))))
    channel.change(lambda w: replace(w, rc="1", images=("System",)))
    setup(channel)[0].close(succeeded=False)
    assert setup(channel)[0].look().phase is Phase.DIED
    outcome, _made = finish(channel)
    assert (outcome.rc, outcome.joined, channel.acts) == (0, False, [])


@pytest.mark.parametrize(
    ("images", "after", "phase"),
    [
        pytest.param(("ExSetup.exe",), 8, Phase.RUNNING, id="alive after all"),
        pytest.param(("System",), 8, Phase.DIED, id="dead after all"),
        pytest.param(("ExSetup.exe",), 99, Phase.UNKNOWN, id="not for ever"),
    ],
)
def test_an_unknown_job_is_given_time_to_be_made_out(images: tuple[str, ...], after: float, phase: Phase) -> None:
    channel = Played(UNSEEN)
    channel.clock.after(after, lambda: channel.change(lambda w: replace(w, images=images)))
    assert setup(channel)[0].look().phase is phase


def test_a_job_that_stays_unknown_is_joined_and_not_started_again() -> None:
    channel = Played(UNSEEN)
    channel.clock.after(60, lambda: channel.change(ended(0)))
    outcome, _made = finish(channel)
    assert (outcome.rc, outcome.joined, channel.done) == (0, True, [])


def test_the_lines_that_setup_added_to_its_log() -> None:
    assert setup(Played(OVER))[0].log_excerpt() == "[..] the end of Setup"


# --- why it failed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rc", "fixture", "doubt"),
    [
        pytest.param(
            0, "no-success-sentence-en", "exit code 0, but Setup never printed that it succeeded", id="doubtful"
        ),
        pytest.param(0, "upgrade-success-en", "", id="success"),
        pytest.param(0, "success-foreign", "", id="no sentence to be looked for in another language"),
        pytest.param(1, "no-success-sentence-en", "", id="trouble already"),
    ],
)
def test_doubt(rc: int, fixture: str, doubt: str) -> None:
    out = text(f"setup/{fixture}.txt")
    assert Outcome(rc, parse_console(out), out, 1.0, False).doubt() == doubt


def died(**world: Any) -> dict[str, list[str]]:
    """Causes and evidence of a Setup that goes while it is awaited."""
    channel = Played(ALIVE)
    run, _made = setup(channel)
    state = run.look()
    channel.world = replace(ALIVE, images=("System",), **world)
    with pytest.raises(Failure, match="Cause: ") as failed:
        run.wait(state, "NODEB")
    assert channel.done == []
    return {one["name"]: one["evidence"] for one in failed.value.data["diagnosis"]}


def test_what_a_killed_setup_left_is_told() -> None:
    out = text("setup/growing-in-the-middle-of-a-step-en.txt")
    causes = died(out=out, marks=(("MailboxRole", "Watermark"),))
    assert list(causes) == ["killed", "setup_unfinished"]
    assert causes["setup_unfinished"] == [r"HKLM\SOFTWARE\Microsoft\Exchange\v8.0\MailboxRole\Watermark=something"]


def test_a_full_disk_takes_the_exit_code_with_it() -> None:
    causes = died(free=4096)
    assert list(causes) == ["disk_full", "killed"]
    assert causes["disk_full"] == ["4096 bytes free on the disk of %SystemDrive%\\"]


def test_a_silent_node_hides_no_failure() -> None:
    channel = Played(replace(ALIVE, images=("System",)))
    run, _made = setup(channel)
    state = run.look()
    with pytest.raises(Failure, match="without an exit code"):
        raise run._unfinished(replace(state, phase=Phase.DIED), _quieted(channel))


def _quieted(channel: Played) -> float:
    channel.quiet = 99
    return 1.0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("   4 Dir(s)     21474836175 bytes free\r\n", 21474836175),
        ("   4 Vérzëïchnïssé,      1234 Bytës\r\n\r\n", 1234),
        ("", None),
        ("Ëtwäs\r\n", None),
    ],
)
def test_free_space_is_the_last_number(answer: str, expected: int | None) -> None:
    node = Node("nodeb", Asked((r"dir /-c %SystemDrive%" + "\\", answer)))
    assert [free for _disk, free in free_space(node)] == ([] if expected is None else [expected])


def test_free_space_of_a_silent_node_is_unknown() -> None:
    channel = Asked((r"dir /-c %SystemDrive%" + "\\", ChannelLost("nodeb", "gone", started=True)))
    assert free_space(Node("nodeb", channel)) == ()
    assert channel.resets == 1


# --- another controller, and a world that moves right before the start ---------------------------------------------


def other_run(**changes: Any) -> Act:
    """The act in which another run turns out to have been faster."""
    first = prepare_acts(KIND)[0]
    return replace(first, result=Result(17), effect=lambda w: replace(w, job=True, kind=KIND, **changes))


@pytest.mark.parametrize("changes", [{}, {"started": True, "images": ("ExSetup.exe",)}], ids=["prepared", "running"])
def test_what_another_run_prepared_a_moment_earlier_is_left_alone(changes: dict[str, Any]) -> None:
    channel = Played(World(), other_run(**changes))
    run, made = setup(channel)
    with pytest.raises(Refusal, match="Another run has prepared or started the same Setup") as refused:
        run.finish(run.look(), Observer(made.node).observe(0, mailbox_servers=False))
    run.close(succeeded=False)
    assert (refused.value.refused, channel.acts, channel.world.job) == ("R2", [], True)


def test_a_folder_without_a_job_is_removed_for_the_next_run() -> None:
    """A node that crashed between the two left it: nobody would ever get past it."""
    channel = Played(World(), replace(prepare_acts(KIND)[0], result=Result(17), effect=None), remove_act(KIND))
    run, made = setup(channel)
    with pytest.raises(Failure, match="exit code 17"):
        run.finish(run.look(), Observer(made.node).observe(0, mailbox_servers=False))
    assert channel.acts == []


def _group(w: World) -> World:
    return w.with_group("Cluster Group", "NODEB")


def _on_its_way(w: World) -> World:
    return w.with_group("Cluster Group", "NODEA", 4)


def _marked(w: World) -> World:
    return replace(w, notices={**w.notices, "NODEA": "another.1"})


def _paused(w: World) -> World:
    return replace(w, nodes={**w.nodes, "NODEA": 2})


@pytest.mark.parametrize(
    ("move", "rule", "seen"),
    [
        pytest.param(_group, "R1", "owns 'Cluster Group'", id="a group comes back"),
        pytest.param(_on_its_way, "R9", "'Cluster Group' is pending", id="a group is on its way"),
        pytest.param(_paused, "R2", "NODEA of the same cluster is paused", id="a mate is paused"),
        pytest.param(_marked, "R2", "marked NODEA", id="another run"),
    ],
)
def test_the_world_that_moves_while_setup_is_prepared(move: Effect, rule: str, seen: str) -> None:
    written, registered = prepare_acts(KIND)
    channel = Played(World(), written, replace(registered, effect=move), remove_act(KIND))
    with pytest.raises(Refusal, match=seen) as refused:
        finish(channel)
    assert (refused.value.refused, channel.acts) == (rule, [])
    assert "NODEB" not in channel.world.notices


def test_a_mate_that_is_just_joining_is_waited_for() -> None:
    written, registered = prepare_acts(KIND)
    joining = replace(registered, effect=lambda w: replace(w, nodes={**w.nodes, "NODEA": 3}))
    channel = Played(World(), written, joining, *job_acts(KIND, (50, ended(0)))[2:])
    channel.clock.after(15, lambda: channel.change(lambda w: replace(w, nodes={**w.nodes, "NODEA": 0})))
    outcome, _made = finish(channel)
    assert (outcome.rc, channel.acts) == (0, [])
