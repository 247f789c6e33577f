# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes: starting, killing, what the ground truth hears, where faults strike."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd import run_command_line, start
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.environment import Environment
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import (
    BufferSink,
    BytesStdin,
    Handles,
    NullSink,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Killed, Process
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs import PROGRAMS, default_programs
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Host, Windows
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.cmd_lab import (
    BATCH,
    HOME,
    NETWORK,
    SYSTEM32,
    Result,
    begin,
    finish,
    make_host,
    run,
)


@pytest.fixture(name="host")
def host_fixture() -> Host:
    return make_host()


def test_a_process_is_registered_while_it_runs(host: Host) -> None:
    proc = begin(host, "wait 10 & echo done")
    host.world.clock.sleep(1.0)
    assert [other.argv[0] for other in host.processes] == ["cmd.exe", "wait"]
    assert host.processes[0].pid < host.processes[1].pid
    assert host.processes[1].parent is proc
    assert (proc.exit_code, proc.done.is_set()) == (None, False)
    assert finish(proc) == Result(0, "done\n", "")
    assert host.processes == []
    assert proc.children == []


def test_two_commands_run_side_by_side(host: Host) -> None:
    slow, quick = begin(host, "wait 100"), begin(host, "wait 1")
    finish(quick)
    assert (slow.done.is_set(), host.world.clock.now() < 50) == (False, True)
    finish(slow)
    assert host.world.clock.now() >= 100


@pytest.mark.parametrize(
    "line", ["wait 1000", "wait 1000 & echo no", "(wait 1000 || echo no) | cat", "start /wait wait 1000"]
)
def test_a_killed_command_ends_quietly_with_1(host: Host, line: str) -> None:
    proc = begin(host, line)
    host.world.clock.sleep(1.0)
    proc.kill()
    assert finish(proc) == Result(1, "", "")
    assert host.world.clock.now() < 100
    assert host.processes == []


def test_a_killed_child_is_only_a_failed_command(host: Host) -> None:
    proc = begin(host, "wait 1000 || echo it was killed")
    host.world.clock.sleep(1.0)
    host.processes[1].kill()
    assert finish(proc) == Result(0, "it was killed\n", "")


def test_taskkill(host: Host) -> None:
    slow = begin(host, "wait 1000")
    host.world.clock.sleep(1.0)
    pid = host.processes[1].pid
    assert run(host, "taskkill /im wait.exe").rc == 1  # no window: only /f helps
    out = run(host, "taskkill /f /im wait.exe").out
    assert out == f'SUCCESS: The process "wait.exe" with PID {pid} has been terminated.\n'
    assert finish(slow).rc == 1
    assert run(host, f"taskkill /f /pid {pid}").rc == 128
    assert run(host, "taskkill /f /pid 4").rc == 1


def test_a_pipe_that_nobody_closes_is_waited_for(host: Host) -> None:
    class OpenPipe(BytesStdin):
        def readline(self, alive: Callable[[], bool]) -> str | None:
            while alive():
                host.world.clock.sleep(1.0)
            raise Killed("stdin")

    out = BufferSink()
    proc = start(host, "set /p X=", NETWORK, stdin=OpenPipe(), stdout=out, stderr=out, codepage="cp437")
    host.world.clock.sleep(50.0)
    assert not proc.done.is_set()
    proc.kill()
    assert finish(proc).rc == 1


def test_start_runs_beside(host: Host) -> None:
    assert run(host, 'start "title" /b wait 50 & echo at once') == Result(0, "at once\n", "")
    assert host.world.clock.now() < 10
    host.world.clock.sleep(100.0)
    assert host.processes == []


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("start /wait show a", "[a]\n"),
        ('start "" /b /wait "show" "a b"', "[a b]\n"),
        ('start "" /d C:\\WINDOWS /wait cmd /c cd', "C:\\WINDOWS\n"),
        ('start "" /d"C:\\WINDOWS" /wait cmd /c cd', "C:\\WINDOWS\n"),
        ("start /wait /min C:\\x.cmd a", "a\n"),
        ("start", ""),
    ],
)
def test_start_and_wait(host: Host, line: str, out: str) -> None:
    host.files.write("C:\\x.cmd", b"@echo %1\r\n")
    assert run(host, line) == Result(0, out, "")


def test_a_batch_logon_reaches_shares(host: Host) -> None:
    host.files.add_root("\\\\fs\\media")
    host.files.add_program("\\\\fs\\media\\setup.exe", "show")
    assert run(host, "\\\\fs\\media\\setup.exe a", logon=BATCH).out == "[a]\n"
    assert run(host, "\\\\fs\\media\\setup.exe a").err == "Access is denied.\n"


def test_environment_of_a_fresh_process(host: Host) -> None:
    out = run(host, "echo %USERDOMAIN% %USERNAME% %COMPUTERNAME% %TEMP%& if exist %TEMP%\\ echo yes").out
    assert out == f"CORP admin NODEA {HOME}\\AppData\\Local\\Temp\nyes\n"


def test_env_and_cwd_are_taken(host: Host) -> None:
    out = BufferSink()
    proc = start(
        host,
        "echo %X% %USERNAME%& cd",
        NETWORK,
        stdin=BytesStdin(),
        stdout=out,
        stderr=NullSink(),
        codepage="cp437",
        env={"X": "1"},
        cwd="C:\\WINDOWS",
    )
    host.world.clock.sleep(1.0)
    assert proc.exit_code == 0
    assert out.data == b"1 admin\r\nC:\\WINDOWS\r\n"


def test_children_get_the_environment_as_it_is(host: Host) -> None:
    seen: dict[str, str] = {}

    def look(proc: Process) -> int:
        seen.update(proc.env, cwd=proc.cwd, line=proc.line)
        return 0

    PROGRAMS["look"] = look
    host.files.add_program(f"{SYSTEM32}look.exe", "look")
    run(host, "set Mine=1& cd \\& look  a")
    assert (seen["Mine"], seen["cwd"], seen["line"]) == ("1", "C:\\", "look  a")


def test_names_of_variables_keep_their_case() -> None:
    env = Environment({"Path": "a", "PATH": "b", "X": "1"})
    env.set("PATH", "c")
    env.set("x", "")
    assert env.as_dict() == {"PATH": "c"}


def test_run_command_line_on_a_process(host: Host) -> None:
    out = BufferSink()
    proc = Process(host, ["cmd.exe"], "x", NETWORK, BytesStdin(), out, out, env={"X": "1"}, cwd="C:\\WINDOWS")
    assert run_command_line(proc, "echo %X%& cd & exit 4") == 4
    assert out.data == b"1\r\nC:\\WINDOWS\r\n"


def test_the_truth_hears_of_lines_and_programs(host: Host) -> None:
    run(host, "echo a & show b | cat & (fail 3 || echo x)")
    commands = [(c.line, c.top, c.rc, c.mutating) for c in host.world.truth.commands]
    assert commands == [
        ("echo a & show b | cat & (fail 3 || echo x)", True, 0, False),
        ("show b ", False, 0, False),
        ("cat ", False, 0, False),
        ("fail 3 ", False, 3, False),
    ]


@pytest.mark.parametrize(
    ("line", "mutating"),
    [
        ("type nul", False),
        ("type C:\\nope", False),
        ("echo a>nul", False),
        ("dir", False),
        ("echo a>C:\\x", True),
        ("show a>C:\\x", True),
        ("md C:\\x", True),
        ("md C:\\WINDOWS", False),
        ("rd C:\\old", True),
        ("copy nul C:\\x", True),
        ("ren C:\\f g", True),
        ("move C:\\f C:\\g", True),
        ("del C:\\f", True),
        ("del C:\\nope", False),
        ("certutil -encode C:\\f C:\\g", True),
        ("certutil -hashfile C:\\f", False),
        ('echo a|find "a"', False),
    ],
)
def test_what_counts_as_a_change(host: Host, line: str, mutating: bool) -> None:
    host.files.mkdir("C:\\old")
    host.files.write("C:\\f", b"1")
    run(host, line)
    assert host.world.truth.commands[0].mutating == mutating
    assert bool(host.world.truth.timeline) == mutating


def test_faults_before_and_after(host: Host) -> None:
    faults = host.world.faults
    faults.inject("denied", {"program": "show", "match": "secret"})
    assert run(host, "show plain").rc == 0
    assert run(host, "show secret") == Result(5, "", "Access is denied.\n")
    assert run(host, "show secret").rc == 0
    faults.inject("exit", {"program": "show", "when": "after", "rc": "9"})
    assert run(host, "show a") == Result(9, "[a]\n", "")
    faults.inject("no_effect", {"program": "fail"})
    assert run(host, "fail 3").rc == 0


def test_a_hanging_program(host: Host) -> None:
    host.world.faults.inject("hang", {"program": "show"})
    proc = begin(host, "show a")
    host.world.clock.sleep(5000.0)
    assert not proc.done.is_set()
    proc.kill()
    assert finish(proc) == Result(1, "", "")


def test_a_program_that_crashes_does_not_take_the_lab_with_it(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert run(host, "crash now || echo went on").out == "went on\n"
    assert "crash now" in caplog.text


def test_a_file_that_is_no_program(host: Host) -> None:
    host.files.write("C:\\x.exe", b"text")
    assert run(host, "C:\\x.exe") == Result(193, "", "C:\\x.exe is not a valid Win32 application.\n")


def test_the_code_page_is_the_console_s(host: Host) -> None:
    out = BufferSink()
    proc = start(host, "echo é", NETWORK, stdin=BytesStdin(), stdout=out, stderr=out, codepage="cp850")
    finish_quietly(proc)
    assert out.data == "é\r\n".encode("cp850")
    assert run(host, "chcp & chcp 850 >nul & chcp").out == "Active code page: 437\nActive code page: 850\n"
    assert run(host, "chcp 999").rc == 1


def finish_quietly(proc: Process) -> None:
    while not proc.done.is_set():
        proc.host.world.clock.sleep(1.0)


def test_handles_opened_the_wrong_way_round() -> None:
    handles = Handles({0: NullSink(), 1: BytesStdin(b"x")})
    assert handles.stdin.readline(lambda: True) is None
    handles.stdout.write(b"lost")
    handles.stderr.write(b"lost")


def test_input_by_lines_and_at_once() -> None:
    source = BytesStdin("a\r\né\n".encode("cp437"))
    assert source.readline(lambda: True) == "a"
    assert source.readline(lambda: True) == "é"
    assert source.readline(lambda: True) is None
    assert BytesStdin(b"rest").read(lambda: True) == b"rest"


@pytest.mark.parametrize(
    ("family", "there", "missing"),
    [
        ("2008", ("cluster.exe", "ServerManagerCmd.exe", "timeout.exe", "wbem\\wmic.exe"), ()),
        ("2003", ("cluster.exe", "reg.exe", "whoami.exe"), ("ServerManagerCmd.exe", "timeout.exe")),
        ("xp", ("reg.exe",), ("cluster.exe", "ServerManagerCmd.exe", "certutil.exe")),
        ("vista", ("timeout.exe",), ("cluster.exe", "ServerManagerCmd.exe")),
    ],
)
def test_default_programs(family: str, there: tuple[str, ...], missing: tuple[str, ...]) -> None:
    found = default_programs(Windows(family, "5.2.3790", 2))
    assert all(SYSTEM32 + name in found for name in there)
    assert not any(SYSTEM32 + name in found for name in missing)
    assert all(program in PROGRAMS for program, _version in found.values())


def test_ends_are_told_once(host: Host) -> None:
    proc = begin(host, "echo a")
    assert not proc.done.is_set()
    assert not proc.done.wait(0.0)
    finish(proc)
    proc.done.set()  # a second time does no harm
    assert proc.done.is_set()
    assert proc.done.wait()
    assert [command.rc for command in host.world.truth.commands] == [0]
