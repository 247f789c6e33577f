# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detached jobs: started once, joined, watched to their end; a password in no command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._job import DetachedJob, Gone, JobState, Phase
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Node, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Credentials
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    PASSWORD,
    SUCCESS,
    Act,
    Asked,
    FakeClock,
    Played,
    World,
    ended,
    job_acts,
    joined,
    prepare_acts,
    remove_act,
    retire_act,
    run_act,
    text,
)
from hypothesis import given
from hypothesis import strategies as st

ID = "upgrade-sp2"
FOLDER = r"%SystemRoot%\Temp\mailops-upgrade-sp2"
ACCOUNT = Credentials(r"EXAMPLE\admin", PASSWORD)
PROGRAM = r'"D:\SP2 & (en)\Setup.com" /mode:upgrade'


def job(channel: Asked | Played, *, check: bool = False) -> DetachedJob:
    return DetachedJob(Node("nodeb", channel, check_mode=check), ID, ["Setup.com", "ExSetup.exe"])


@pytest.mark.parametrize("bad", ["", "Upgrade", "a b", "a&b", "a\\b", "x" * 41])
def test_a_job_id_is_plain(bad: str) -> None:
    with pytest.raises(ValueError, match="job id"):
        DetachedJob(Node("n", Asked()), bad, [])


# --- looking -------------------------------------------------------------------------------------------------------

RUNNING, IDLE = text("tasklist/setup-running.txt"), text("tasklist/nothing-of-setup-german.txt")
NO_LIST = text("tasklist/wmi-stopped-foreign.txt")


@pytest.mark.parametrize(
    ("signs", "tasks", "state"),
    [
        pytest.param("end\r\n", IDLE, JobState(Phase.ABSENT), id="nothing there"),
        pytest.param("job\r\nend\r\n", IDLE, JobState(Phase.PREPARED), id="prepared"),
        pytest.param("job\r\nend\r\n", RUNNING, JobState(Phase.PREPARED), id="prepared, somebody else's Setup runs"),
        pytest.param("job\r\nstarted\r\nend\r\n", RUNNING, JobState(Phase.RUNNING, None, "out"), id="running"),
        pytest.param("job\r\nstarted\r\nend\r\n", IDLE, JobState(Phase.DIED, None, "out"), id="died"),
        pytest.param("job\r\nstarted\r\nend\r\n", NO_LIST, JobState(Phase.UNKNOWN, None, "out"), id="no process list"),
        pytest.param("job\r\nstarted\r\nend\r\n", "", JobState(Phase.UNKNOWN, None, "out"), id="empty process list"),
        pytest.param("job\r\nstarted\r\n0 \r\nend\r\n", IDLE, JobState(Phase.FINISHED, 0, "out"), id="finished"),
        pytest.param(
            "job\r\nstarted\r\n-5\r\nend\r\n", NO_LIST, JobState(Phase.FINISHED, -5, "out"), id="negative code"
        ),
        pytest.param("job\r\nstarted\r\n1\r\n", RUNNING, JobState(Phase.UNKNOWN), id="cut off"),
        pytest.param("", IDLE, JobState(Phase.UNKNOWN), id="no answer"),
        pytest.param("job\r\nstarted\r\nx\r\nend\r\n", IDLE, JobState(Phase.DIED, None, "out"), id="no number"),
    ],
)
def test_state(signs: str, tasks: str, state: JobState) -> None:
    results = [Result(0, signs), Result(0, tasks), Result(0, "out")]
    assert job(Asked()).state(*results) == state


def test_a_look_is_one_round_trip() -> None:
    channel = Asked((re.compile(r"job\.cmd.*tasklist.*out\.txt"), joined("job\r\nend\r\n", IDLE, "")))
    assert job(channel).look().phase is Phase.PREPARED


def test_a_lost_channel_is_unknown_and_made_anew() -> None:
    channel = Asked((re.compile(""), ChannelLost("nodeb", "reset", started=True)))
    assert job(channel).look() == JobState(Phase.UNKNOWN)
    assert channel.resets == 1


# --- starting ------------------------------------------------------------------------------------------------------


def started(password: str = PASSWORD, *, modern: bool = False, user: str = ACCOUNT.user) -> tuple[Played, Node]:
    channel = Played(World(), *job_acts(ID))
    node = Node("nodeb", channel)
    made = DetachedJob(node, ID, ["ExSetup.exe"])
    made.prepare(PROGRAM, Credentials(user, password), modern=modern, before=["find x >lines.txt"])
    assert made.look().phase is Phase.PREPARED
    made.run()
    assert channel.acts == []
    return channel, node


def batch_text(line: str) -> list[str]:
    """What `(echo …&echo …)>job.cmd` writes: cmd's own reading of the carets, quotes respected."""
    inner = re.findall(r"\((echo .*)\)>\S+job\.cmd && ", line)[0]
    written, quoted, escaped = "", False, False
    for char in inner:
        if escaped:
            written, escaped = written + char, False
        elif char == "^" and not quoted:
            escaped = True
        elif char == "&" and not quoted:
            written += "\n"
        else:
            assert quoted or char not in "|<>()", f"cmd would act on {char!r} in {inner}"
            quoted ^= char == '"'
            written += char
    return [part.removeprefix("echo ") for part in written.split("\n")]


def test_the_batch_file() -> None:
    channel, _node = started()
    assert batch_text(channel.done[0]) == [
        "@echo off",
        f"cd /d {FOLDER}",
        "if not exist go exit /b 1",
        "md started || exit /b 1",
        "find x >lines.txt",
        f"{PROGRAM} >out.txt 2>&1 <nul",
        ">rc.tmp echo %ERRORLEVEL%",
        "ren rc.tmp rc.txt",
    ]


def test_the_exit_code_is_expanded_by_the_batch_file_only() -> None:
    channel, _node = started()
    assert "%ERRORLEVEL%" not in channel.done[0]
    assert "%^ERRORLEVEL%" in channel.done[0]


@pytest.mark.parametrize(("modern", "options"), [(False, "/ru"), (True, "/rl HIGHEST /f /ru")], ids=["2003", "2008"])
def test_the_task(modern: bool, options: str) -> None:
    channel, _node = started(modern=modern)
    create = rf"schtasks /create /tn mailops-{ID} /tr {FOLDER}\job.cmd /sc once /st 23:59 {options} "
    assert channel.done[1] == f'cmd /v:on /c "set /p P=&{create}"{ACCOUNT.user}" /rp "!P!""'


def test_the_task_does_nothing_at_its_own_start_time() -> None:
    channel, _node = started()
    text_of = batch_text(channel.done[0])
    assert text_of.index("if not exist go exit /b 1") < text_of.index("md started || exit /b 1")
    assert r"\go" not in channel.done[0]
    assert channel.done[2].startswith(f"echo go>{FOLDER}\\go&&schtasks /run ")


def c_runtime(argument: str) -> str:
    """What a program sees of an argument between quotes, by Microsoft's rules."""
    read, slashes, rest = "", 0, argument
    for char in rest:
        if char == "\\":
            slashes += 1
            continue
        if char == '"':
            assert slashes % 2, "the argument ends early"
            read += "\\" * (slashes // 2) + '"'
        else:
            read += "\\" * slashes + char
        slashes = 0
    assert slashes % 2 == 0, "the closing quote is escaped"
    return read + "\\" * (slashes // 2)


ODD = ['a"b', "50%PATH%", "a^b&c|d<e>f", "!P! !x", "back\\", 'slash\\"quote\\\\"', "tail\\\\", " blanks ", "(x)", "ä"]


@pytest.mark.parametrize("password", [PASSWORD, *ODD])
def test_an_odd_password_comes_in_by_standard_input_and_reaches_the_program(password: str) -> None:
    channel, node = started(password)
    (sent,) = channel.stdins
    assert c_runtime(sent.decode("utf-8").removesuffix("\r\n")) == password
    for line in [*channel.done, *channel.reads, *node.commands]:
        assert password not in line
    assert node.commands[1].endswith("/rp ********")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=8, max_size=20))
def test_no_password_is_ever_in_a_line(password: str) -> None:
    channel, node = started(password)
    assert c_runtime(channel.stdins[0].decode().removesuffix("\r\n")) == password
    fixed = started("x")[0].done
    assert channel.done == fixed
    assert node.commands == started("y")[1].commands


@pytest.mark.parametrize("user", ["a&b", 'a"b', "a%b", "a!b", "a^b", "(a)"])
def test_a_user_that_cannot_be_passed_is_refused(user: str) -> None:
    with pytest.raises(Unquotable):
        job(Played(World(), prepare_acts(ID)[0])).prepare(PROGRAM, Credentials(user, "x"), modern=False)


@pytest.mark.parametrize(
    ("number", "said", "doing", "advice"),
    [
        (0, "There is not enough space on the disk.", "Writing the batch file", "free space"),
        (1, "Access denied", "Registering", "batch job"),
    ],
)
def test_a_step_that_fails_is_told_and_what_it_left_is_removed(number: int, said: str, doing: str, advice: str) -> None:
    acts = [*prepare_acts(ID)[:number], replace(prepare_acts(ID)[number], result=Result(1, "", said)), remove_act(ID)]
    channel = Played(World(), *acts)
    with pytest.raises(Failure, match=doing) as failed:
        job(channel).prepare(PROGRAM, ACCOUNT, modern=False)
    assert said in failed.value.seen
    assert advice in failed.value.advice
    assert (channel.acts, channel.world.job) == ([], False)


@pytest.mark.parametrize("number", [0, 1], ids=["the batch file", "the task"])
@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_a_step_of_which_nobody_knows_the_end_is_begun_anew(number: int, done: bool) -> None:
    write, register = prepare_acts(ID)
    lost = replace((write, register)[number], lost="after")
    broken = [*prepare_acts(ID)[:number], lost if done else replace(lost, effect=None)]
    channel = Played(World(), *broken, remove_act(ID), write, register)
    job(channel).prepare(PROGRAM, ACCOUNT, modern=False)
    assert (channel.acts, channel.resets, channel.world.job) == ([], 1, True)


def test_a_task_that_windows_does_not_start_is_told() -> None:
    prepared = World(job=True, kind=ID)
    channel = Played(prepared, Act("schtasks /run", result=Result(1, "", "The task could not be started.")))
    with pytest.raises(Failure, match="could not be started"):
        job(channel).run()


@pytest.mark.parametrize(
    ("world", "gone"),
    [
        pytest.param(World(), True, id="removed"),
        pytest.param(World(job=True, kind=ID, started=True, images=("ExSetup.exe",)), False, id="runs already"),
        pytest.param(World(job=True, kind=ID, started=True, rc="0"), False, id="has ended already"),
    ],
)
def test_what_another_run_did_with_a_prepared_job(world: World, gone: bool) -> None:
    channel = Played(World(job=True, kind=ID), Act("schtasks /run", lambda _w: world, Result(1, "", "?")))
    if not gone:
        job(channel).run()
        return
    with pytest.raises(Gone, match="another run has removed"):
        job(channel).run()


@pytest.mark.parametrize(
    "act",
    [
        lambda j: j.prepare(PROGRAM, ACCOUNT, modern=False),
        lambda j: j.run(),
        lambda j: j.remove(),
    ],
    ids=["prepare", "run", "remove"],
)
def test_check_mode_does_none_of_it(act: Callable[[DetachedJob], None]) -> None:
    channel = Played(World())
    with pytest.raises(Exception, match="nodeb: "):
        act(job(channel, check=True))
    assert channel.done == []


def test_remove_deletes_the_task_with_its_password_and_the_files() -> None:
    channel = Played(World(job=True, started=True, rc="0"), remove_act(ID))
    job(channel).remove()
    assert channel.acts == []


def test_a_removal_without_effect_is_tried_once_more() -> None:
    nothing = Act("schtasks /delete", result=Result(1, "", "Access is denied."))
    channel = Played(World(job=True, started=True, rc="0"), nothing, remove_act(ID))
    job(channel).remove()
    assert channel.acts == []


def test_what_cannot_be_removed_is_named() -> None:
    stays = Act("schtasks /delete", result=Result(0, "", "The file is in use."))
    with pytest.raises(Failure, match="file is in use") as failed:
        job(Played(World(job=True, started=True, rc="0"), stays, stays)).remove()
    assert FOLDER in failed.value.seen
    assert f"mailops-{ID}" in failed.value.advice


def test_a_file_of_the_job() -> None:
    assert job(Asked()).file_line("lines.txt") == rf"type {FOLDER}\lines.txt"


# --- waiting -------------------------------------------------------------------------------------------------------


def waited(channel: Played, timeout: float = 3600, poll: float = 10) -> tuple[JobState, list[Phase], FakeClock]:
    phases: list[Phase] = []
    state = job(channel).wait(channel.clock, timeout, poll, lambda s, _elapsed: phases.append(s.phase))
    return state, phases, channel.clock


ALIVE = World(job=True, started=True, images=("System", "ExSetup.exe"))


def test_wait_ends_when_the_job_does() -> None:
    channel = Played(ALIVE)
    channel.clock.after(95, lambda: channel.change(ended(0)))
    state, phases, clock = waited(channel)
    assert state == JobState(Phase.FINISHED, 0, SUCCESS)
    assert phases == [Phase.RUNNING] * 10 + [Phase.FINISHED]
    assert clock.slept == [10] * 10


def test_a_finished_job_is_not_waited_for() -> None:
    state, _phases, clock = waited(Played(replace(ALIVE, rc="1")))
    assert (state.phase, state.rc, clock.slept) == (Phase.FINISHED, 1, [])


def test_a_silent_node_is_unknown_and_the_wait_goes_on() -> None:
    channel = Played(ALIVE)
    channel.quiet = 30
    channel.clock.after(400, lambda: channel.change(ended(0)))
    state, phases, _clock = waited(channel)
    assert state.phase is Phase.FINISHED
    assert phases.count(Phase.UNKNOWN) == 30
    assert channel.resets == 30


def test_without_a_process_list_a_job_is_not_declared_dead() -> None:
    channel = Played(replace(ALIVE, images=()))
    channel.clock.after(600, lambda: channel.change(ended(0)))
    assert waited(channel)[0].phase is Phase.FINISHED


def test_a_moment_between_two_lines_of_the_batch_file_is_no_death() -> None:
    channel = Played(replace(ALIVE, images=("System",)))
    channel.clock.after(15, lambda: channel.change(ended(0)))
    assert waited(channel)[0].phase is Phase.FINISHED


@pytest.mark.parametrize(
    ("world", "phase"),
    [
        pytest.param(replace(ALIVE, images=("System",)), Phase.DIED, id="killed"),
        pytest.param(World(), Phase.ABSENT, id="its files are gone"),
    ],
)
def test_death_takes_three_looks(world: World, phase: Phase) -> None:
    state, phases, _clock = waited(Played(world))
    assert (state.phase, phases) == (phase, [phase] * 3)


def test_a_task_that_does_not_start_is_given_two_minutes() -> None:
    state, phases, clock = waited(Played(World(job=True)))
    assert state.phase is Phase.PREPARED
    assert 120 < clock.time - FakeClock().time <= 160
    assert set(phases) == {Phase.PREPARED}


@pytest.mark.parametrize(
    ("world", "quiet", "phase"), [(ALIVE, 0, Phase.RUNNING), (ALIVE, 999, Phase.UNKNOWN)], ids=["running", "silent"]
)
def test_when_the_time_is_over_the_job_is_left_alone(world: World, quiet: int, phase: Phase) -> None:
    channel = Played(world)
    channel.quiet = quiet
    state, _phases, clock = waited(channel, timeout=60)
    assert state.phase is phase
    assert 60 < clock.time - FakeClock().time <= 80
    assert channel.done == []


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=3, max_size=3))
def test_garbage_is_never_a_finished_job(outputs: list[str]) -> None:
    state = job(Asked()).state(*[Result(0, out) for out in outputs])
    assert state.phase in (Phase.UNKNOWN, Phase.ABSENT, Phase.FINISHED)
    if state.phase is not Phase.UNKNOWN:
        assert "end" in outputs[0].split()


@pytest.mark.parametrize("password", ["two\r\nlines", "two\nlines", "a\x00b", "a\tb", "\x1b"])
def test_a_password_that_cannot_be_typed_is_refused_before_anything_and_never_quoted(password: str) -> None:
    channel = Played(World())
    with pytest.raises(Failure, match="line break or another control character") as failed:
        job(channel).prepare(PROGRAM, Credentials(ACCOUNT.user, password), modern=False)
    assert password not in str(failed.value)
    assert channel.done == []


@pytest.mark.parametrize("user", ["a&b", "a|b", 'a"b', "a%b", "a^b"])
def test_a_user_that_cannot_be_passed_is_refused_before_anything(user: str) -> None:
    channel = Played(World())
    with pytest.raises(Unquotable):
        job(channel).prepare(PROGRAM, Credentials(user, PASSWORD), modern=False)
    assert channel.done == []


def test_what_a_failed_preparation_left_is_removed_again() -> None:
    write, register = prepare_acts(ID)
    channel = Played(World(), write, replace(register, result=Result(1, "", "denied")), remove_act(ID))
    with pytest.raises(Failure, match="denied"):
        job(channel).prepare(PROGRAM, ACCOUNT, modern=False)
    assert channel.acts == []
    assert job(channel).look().phase is Phase.ABSENT


def test_a_retired_job_has_no_task_and_looks_dead() -> None:
    over = World(job=True, kind=ID, started=True, rc="1", images=("System",))
    channel = Played(over, retire_act(ID))
    job(channel).retire()
    assert channel.acts == []
    assert job(channel).look().phase is Phase.DIED


def test_run_starts_nothing_twice_when_the_answer_is_lost() -> None:
    channel = Played(World(), *prepare_acts(ID), run_act(ID, lost="after"))
    made = job(channel)
    made.prepare(PROGRAM, ACCOUNT, modern=False)
    with pytest.raises(ChannelLost):
        made.run()
    assert made.look().phase is Phase.RUNNING
