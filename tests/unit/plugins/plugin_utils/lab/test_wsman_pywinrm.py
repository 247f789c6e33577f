# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real pywinrm against the endpoint."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import xmltodict
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.clock import ScaledClock
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Process
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Power
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman import Quotas
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.wsman_lab import (
    PASSWORD,
    Commands,
    listening,
    make_host,
    pywinrm,
    says,
    waits,
)
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)
from winrm.protocol import Protocol

NOT_FOUND = 2150858843
PIPES: dict[str, Any] = {"stdin": None, "stdout": None, "stderr": None, "codepage": "cp437"}


def run(client: Protocol, shell: str, line: str, **options: Any) -> tuple[bytes, bytes, int]:
    command = client.run_command(shell, line, **options)
    try:
        out, err, code = client.get_command_output(shell, command)
        return out, err, code
    finally:
        client.cleanup_command(shell, command)


def fault(code: int, message: str = ".") -> Any:
    return pytest.raises(WSManFaultError, match=message, check=lambda error: error.wsman_fault_code == code)


def echo_input(process: Process) -> int:
    while (line := process.stdin.readline(process.alive)) is not None:
        process.out(f"<{line}>\n")
    return 0


def complain(process: Process) -> int:
    process.err("no way\n")
    return -5


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (says("one\ntwo\n"), (b"one\r\ntwo\r\n", b"", 0)),
        (says("", 3), (b"", b"", 3)),
        (says("Überprüfung é\n", 1), ("Überprüfung é\r\n".encode("cp850"), b"", 1)),
        (complain, (b"", b"no way\r\n", -5)),
    ],
)
def test_run(body: Any, expected: tuple[bytes, bytes, int]) -> None:
    with listening(make_host(), Commands(do=body)) as (endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell(codepage=850)
        assert run(client, shell, "do") == expected
        client.close_shell(shell)
        counters = endpoint.counters
        assert (counters.logins, counters.requests > 5, counters.bytes_in > 1000, counters.bytes_out > 1000) == (
            1,
            True,
            True,
            True,
        )


def test_large_output_comes_in_several_answers() -> None:
    with listening(make_host(), Commands(do=says("x" * 400_000))) as (_endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        command = client.run_command(shell, "do")
        first, _err, _code, done = client.get_command_output_raw(shell, command)
        assert (done, 90_000 < len(first) < 150 * 1024) == (False, True)
        rest, _err, code = client.get_command_output(shell, command)
        assert (len(first + rest), code) == (400_000, 0)


def test_standard_input_until_end() -> None:
    with listening(make_host(), Commands(echo=echo_input)) as (_endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell(codepage=850)
        command = client.run_command(shell, "echo", console_mode_stdin=False)
        client.send_command_input(shell, command, "é1\r\nha".encode("cp850"))
        assert client.get_command_output_raw(shell, command)[0] == "<é1>\r\n".encode("cp850")
        client.send_command_input(shell, command, b"lf", end=True)
        assert client.get_command_output(shell, command) == (b"<half>\r\n", b"", 0)


def test_silence_is_a_fault_and_output_comes_later() -> None:
    go = threading.Event()

    def body(process: Process) -> int:
        go.wait()
        return says("late\n", 7)(process)

    with listening(make_host(), Commands(do=body)) as (_endpoint, port):
        client = pywinrm(port, operation_timeout_sec=1)
        shell = client.open_shell()
        command = client.run_command(shell, "do")
        with pytest.raises(WinRMOperationTimeoutError):
            client.get_command_output_raw(shell, command)
        threading.Timer(0.2, go.set).start()
        before = time.monotonic()
        assert client.get_command_output(shell, command) == (b"late\r\n", b"", 7)
        assert time.monotonic() - before < 0.9


def test_terminate_ends_the_command() -> None:
    commands = Commands(wait=waits)
    with listening(make_host(), commands) as (_endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        command = client.run_command(shell, "wait")
        client.cleanup_command(shell, command)
        assert commands.started[0].killed
        assert client.get_command_output_raw(shell, command) == (b"", b"", 1, True)
        with fault(NOT_FOUND, "command identifier that does not exist"):
            client.get_command_output_raw(shell, command)


@pytest.mark.parametrize("end", ["close_shell", "stop"])
def test_the_end_of_a_shell_ends_its_commands(end: str) -> None:
    commands = Commands(wait=waits)
    with listening(make_host(), commands) as (endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        client.run_command(shell, "wait")
        if end == "stop":
            endpoint.stop()
        else:
            client.close_shell(shell)
        assert commands.started[0].killed


def test_what_a_command_leaves_running_lives_until_its_shell_ends() -> None:
    children: list[Process] = []

    def leave(process: Process) -> int:
        children.append(Commands(wait=waits)(process.host, "wait", process.logon, **PIPES))
        process.children += children
        return 0

    with listening(make_host(), Commands(leave=leave)) as (_endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        run(client, shell, "leave")
        assert not children[0].killed
        client.close_shell(shell)
        assert children[0].killed


@pytest.mark.parametrize(
    "user", [r"CORP\admin", r"corp.example\ADMIN", "admin@corp.example", r"NODE1\admin", "admin", r".\admin"]
)
def test_names_of_a_user(user: str) -> None:
    commands = Commands(do=says(""))
    with listening(make_host(), commands) as (_endpoint, port):
        client = pywinrm(port, user)
        run(client, client.open_shell(), "do")
        assert (commands.started[0].logon.user, commands.started[0].logon.kind) == (r"CORP\admin", "network")


@pytest.mark.parametrize(
    ("user", "password"), [(r"CORP\admin", "wrong"), (r"CORP\nobody", PASSWORD), (r"OTHER\admin", PASSWORD)]
)
def test_login_refused(user: str, password: str) -> None:
    with listening(make_host(), Commands()) as (endpoint, port):
        with pytest.raises(InvalidCredentialsError):
            pywinrm(port, user, password).open_shell()
        assert endpoint.counters.logins == 0


def test_each_host_has_its_own_passwords_and_they_may_change() -> None:
    one, two = make_host("NODE1", "first"), make_host("NODE2", "second")
    with listening(one, Commands()) as (_e, port1), listening(two, Commands()) as (_f, port2):
        assert pywinrm(port1, password="first").open_shell()
        assert pywinrm(port2, password="second").open_shell()
        with pytest.raises(InvalidCredentialsError):
            pywinrm(port1, password="second").open_shell()
        two.passwords["admin"] = "third"
        assert pywinrm(port2, password="third").open_shell()


def test_unknown_shell() -> None:
    with listening(make_host(), Commands()) as (_endpoint, port):
        with fault(NOT_FOUND, "ShellId ABC failed because the shell was not found") as caught:
            pywinrm(port).run_command("ABC", "do")
        assert caught.value.fault_subcode == "w:InvalidSelectors"


def test_a_shell_belongs_to_its_user() -> None:
    host = make_host()
    host.passwords["other"] = PASSWORD
    with listening(host, Commands(do=says(""))) as (_endpoint, port):
        shell = pywinrm(port).open_shell()
        with fault(NOT_FOUND):
            pywinrm(port, r"CORP\other").run_command(shell, "do")


def test_shells_of_a_user_are_limited() -> None:
    with listening(make_host(), Commands()) as (_endpoint, port):
        client = pywinrm(port)
        shells = [client.open_shell() for _count in range(5)]
        with fault(2150859173, "maximum number of 5 concurrent shells"):
            client.open_shell()
        client.close_shell(shells[0], close_session=False)
        client.open_shell()


def test_operations_come_back_only_with_the_shell() -> None:
    with listening(make_host(), Commands(do=says("x"))) as (_endpoint, port):
        client = pywinrm(port)
        first, second = client.open_shell(), client.open_shell()
        for shell in [first] * 10 + [second] * 5:
            run(client, shell, "do")
        with fault(2150859174, "maximum number of 15 concurrent operations"):
            client.run_command(second, "do")
        client.close_shell(first, close_session=False)
        assert run(client, second, "do")[2] == 0


def test_processes_of_a_shell_are_limited() -> None:
    with listening(make_host(), Commands(wait=waits), quotas=Quotas(processes_per_shell=2)) as (_endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        first = client.run_command(shell, "wait")
        client.run_command(shell, "wait")
        with fault(1816):
            client.run_command(shell, "wait")
        client.cleanup_command(shell, first)
        client.run_command(shell, "wait")


@pytest.mark.parametrize(
    ("line", "expected"),
    [("ver", "ver"), ('echo "a" & ver', 'echo "a" & ver'), (r'"C:\a b\x.exe" "y"', r'""C:\a b\x.exe" "y""')],
)
def test_quotes_around_the_command_line(line: str, expected: str) -> None:
    commands = Commands()
    with listening(make_host(), commands) as (_endpoint, port):
        client = pywinrm(port)
        run(client, client.open_shell(), line)
        assert commands.started[0].line == expected


@pytest.mark.parametrize(
    ("command", "arguments", "expected"),
    [
        (r"C:\Windows\system32\reg.exe", ("query", "HKLM"), r'""C:\Windows\system32\reg.exe" query HKLM"'),
        (r'"C:\a b\x.exe"', ('a&b "c&d" (e)',), r'""C:\a b\x.exe" a^&b "c&d" ^(e^)"'),
        ("ver", (), None),
    ],
)
def test_past_the_command_shell(command: str, arguments: tuple[str, ...], expected: str | None) -> None:
    commands = Commands(do=says(""))
    with listening(make_host(), commands) as (_endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        if expected is None:
            with fault(2147942402):
                client.run_command(shell, command, arguments, skip_cmd_shell=True)
        else:
            client.run_command(shell, command, arguments, skip_cmd_shell=True)
            assert commands.started[0].line == expected


@pytest.mark.parametrize("size", ["8191", "x", "-1"])
def test_bad_envelope_size(size: str) -> None:
    with listening(make_host(), Commands()) as (_endpoint, port):
        client = pywinrm(port)
        header = client.build_wsman_header(
            "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create",
            "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd",
        )
        header["env:Header"]["w:MaxEnvelopeSize"] = size
        with fault(2150858862):
            client.send_message(xmltodict.unparse({"env:Envelope": {**header, "env:Body": {}}}))


def test_envelopes_are_limited() -> None:
    with listening(make_host(), Commands(echo=echo_input)) as (_endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        command = client.run_command(shell, "echo")
        with fault(2150858824):
            client.send_command_input(shell, command, b"x" * 120_000)
        client.send_command_input(shell, command, b"x" * 100_000, end=True)
        with pytest.raises(WinRMTransportError, match="413"):
            client.send_command_input(shell, command, b"x" * 300_000)


def test_idle_shell_is_closed_and_its_command_killed() -> None:
    commands = Commands(wait=waits)
    quotas = Quotas(idle_real_seconds=0.0)
    with listening(make_host(clock=ScaledClock(600)), commands, quotas=quotas) as (_endpoint, port):
        client = pywinrm(port, operation_timeout_sec=1)
        shell = client.open_shell(idle_timeout="PT180S")
        command = client.run_command(shell, "wait")
        with pytest.raises(WinRMOperationTimeoutError):  # 600 lab seconds, but the shell is in use
            client.get_command_output_raw(shell, command)
        assert not commands.started[0].killed
        time.sleep(0.6)
        assert commands.started[0].killed
        with fault(NOT_FOUND):
            client.run_command(shell, "wait")


def test_numeric_idle_timeout_is_not_to_the_schema() -> None:
    with listening(make_host(), Commands()) as (_endpoint, port), fault(2150858817):
        pywinrm(port).open_shell(idle_timeout=1800)


def test_dropped_connection_leaves_the_command_alive() -> None:
    commands = Commands(wait=waits, do=says("x"))
    with listening(make_host(), commands) as (endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        command = client.run_command(shell, "wait")
        threading.Timer(0.2, endpoint.drop_connections).start()
        with pytest.raises(requests.exceptions.ConnectionError):
            client.get_command_output_raw(shell, command)
        assert not commands.started[0].killed
        with pytest.raises(WinRMTransportError, match="400"):  # sealed for a login that went with its connection
            client.run_command(shell, "do")
        assert run(pywinrm(port), shell, "do") == (b"x", b"", 0)


def test_stopped_endpoint_refuses_and_comes_back_on_its_port() -> None:
    with listening(make_host(), Commands(do=says("x"))) as (endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        endpoint.stop()
        with pytest.raises(requests.exceptions.ConnectionError):
            client.run_command(shell, "do")
        assert endpoint.start() == port
        with fault(NOT_FOUND):
            pywinrm(port).run_command(shell, "do")
        assert endpoint.start() == port


def test_a_host_that_does_not_answer_closes_the_connection() -> None:
    host = make_host()
    with listening(host, Commands()) as (_endpoint, port):
        client = pywinrm(port)
        client.open_shell()
        host.services["winrm"].state = "stopped"
        with pytest.raises(requests.exceptions.ConnectionError):
            client.open_shell()


def test_a_host_that_goes_down_does_not_tell_how_its_commands_ended() -> None:
    host, commands = make_host(), Commands(wait=waits)
    with listening(host, commands) as (_endpoint, port):
        client = pywinrm(port)
        command = client.run_command(shell := client.open_shell(), "wait")

        def crash() -> None:
            host.power = Power.OFF
            commands.started[0].done.set()

        threading.Timer(0.1, crash).start()
        with pytest.raises(requests.exceptions.ConnectionError):
            client.get_command_output_raw(shell, command)


@pytest.mark.parametrize(("when", "ran"), [("before", 0), ("after", 1)])
def test_faults_of_the_wire(when: str, ran: int) -> None:
    host = make_host()
    commands = Commands(do=says("x"))
    armed = [("Command", when)]

    def wire(_host: Any, verb: str, at: str) -> Any:
        return SimpleNamespace(name="drop") if (verb, at) in armed and armed.pop() else None

    host.world.faults = SimpleNamespace(wire=wire)  # type: ignore[assignment]
    with listening(host, commands) as (_endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        with pytest.raises(requests.exceptions.ConnectionError):
            client.run_command(shell, "do")
        assert len(commands.started) == ran


def test_a_held_request_ends_with_the_clients_patience() -> None:
    host = make_host()
    host.world.faults = SimpleNamespace(  # type: ignore[assignment]
        wire=lambda _host, verb, _when: SimpleNamespace(name="hang") if verb == "Command" else None
    )
    with listening(host, Commands()) as (_endpoint, port):
        client = pywinrm(port, operation_timeout_sec=1, read_timeout_sec=2)
        shell = client.open_shell()
        with pytest.raises(requests.exceptions.ReadTimeout):
            client.run_command(shell, "do")


def test_two_shells_at_the_same_time() -> None:
    gate = threading.Barrier(2, timeout=5)

    def meet(process: Process) -> int:
        gate.wait()
        return says(process.line)(process)

    with listening(make_host(), Commands(one=meet, two=meet)) as (_endpoint, port):
        results: dict[str, bytes] = {}

        def work(line: str) -> None:
            client = pywinrm(port)
            results[line] = run(client, client.open_shell(), line)[0]

        threads = [threading.Thread(target=work, args=(line,)) for line in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == {"one": b"one", "two": b"two"}


@pytest.mark.parametrize(
    ("asked", "codec"), [(437, "cp437"), (850, "cp850"), (932, "cp932"), (65001, "cp65001"), (99999, "cp850")]
)
def test_code_page_directory_and_environment(asked: int, codec: str) -> None:
    commands = Commands(do=says(""))
    with listening(make_host(), commands) as (_endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell(codepage=asked, working_directory="D:\\Data & more", env_vars={"A": "1", "B": "<2>"})
        run(client, shell, "do")
        assert commands.started[0].codepage == codec
        assert (commands.cwds, commands.envs) == (["D:\\Data & more"], [{"A": "1", "B": "<2>"}])


@pytest.mark.parametrize("status", [401, 500])
def test_clear_body_is_refused(status: int) -> None:
    with listening(make_host(), Commands(), clear_body_answer=status) as (_endpoint, port):
        client = pywinrm(port, message_encryption="never")
        error = InvalidCredentialsError if status == 401 else WinRMTransportError
        with pytest.raises(error):
            client.open_shell()


@pytest.mark.parametrize("transport", ["ntlm", "basic"])
def test_clear_messages_where_allowed(transport: str) -> None:
    options = {"allow_unencrypted": True, "allow_basic": True}
    with listening(make_host(), Commands(do=says("hi")), **options) as (_endpoint, port):
        client = pywinrm(port, "admin", transport=transport, message_encryption="never")
        assert run(client, client.open_shell(), "do") == (b"hi", b"", 0)
        with pytest.raises(InvalidCredentialsError):
            pywinrm(port, "admin", "wrong", transport=transport, message_encryption="never").open_shell()


def test_basic_is_off_by_default() -> None:
    with listening(make_host(), Commands(), allow_unencrypted=True) as (_endpoint, port):
        client = pywinrm(port, "admin", transport="basic", message_encryption="never")
        with pytest.raises(InvalidCredentialsError):
            client.open_shell()
