# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The winrs connection against a fake of pywinrm's Protocol that asserts every call before it answers."""

from __future__ import annotations

import ssl
import traceback
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import spnego.tls
import yaml
from ansible import constants as C  # noqa: N812 - Ansible's own name for it
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.playbook.play_context import PlayContext
from ansible_collections.mailops.exchange2007.plugins.connection import winrs
from ansible_collections.mailops.exchange2007.plugins.plugin_utils import _kinit, _winrs_settings
from requests_credssp.exceptions import AuthenticationException, NTStatusException
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)
from winrm.protocol import Protocol

PASSWORD = "S3cr3t & 50%!"
NODE = "nodea.lab:5985"
OPTIONS = yaml.safe_load(winrs.DOCUMENTATION)["options"]
DEFAULTS = {name: option.get("default") for name, option in OPTIONS.items()}
SPNEGO = "application/HTTP-SPNEGO-session-encrypted"

SHELL_GONE = 2150858843
PROFILE_GONE = 2147943418
OPERATIONS = 2150859174
SHELLS = 2150859173


def fault(
    code: int | None = None, wmi: int | None = None, subcode: str = "w:Any", reason: str = "no"
) -> WSManFaultError:
    return WSManFaultError(500, "bad", "<xml/>", reason, "s:Sender", subcode, code, wmi)


def refused_connection() -> requests.ConnectionError:
    return requests.ConnectionError(
        "HTTPConnectionPool(host='nodea.lab', port=5985): Max retries exceeded with url: /wsman (Caused by "
        "NewConnectionError('<x>: Failed to establish a new connection: [Errno 111] Connection refused'))"
    )


class FakeTime:
    """Time that passes only when somebody sleeps, or when a scripted call says how long it took."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Expect:
    """One call that must come next: its name, (some of) its arguments, what it gives or raises, how long it takes."""

    call: str
    gives: Any = None
    takes: float = 0.0
    args: dict[str, Any] = field(default_factory=dict)


class FakeTransport:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.encryption = SimpleNamespace(protocol_string=SPNEGO.encode())
        self.session = SimpleNamespace(hooks={"response": []}, mounted={}, max_redirects=30)
        self.session.mount = self.session.mounted.__setitem__
        self.session.auth = script.auth

    def setup_encryption(self, session: Any) -> None:
        self.script.play("login")

    def build_session(self) -> Any:
        if self.script.made[-1]["message_encryption"] == "always":
            self.setup_encryption(self.session)
        return self.session

    def close_session(self) -> None:
        self.script.hung_up += 1


class FakeProtocol:
    """The public part of winrm.protocol.Protocol that the plugin uses; anything else is an AttributeError."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.transport = FakeTransport(script)
        self.operation_timeout_sec = 0

    def build_wsman_header(self, **kwargs: Any) -> dict[str, Any]:
        return {"env:Header": {"w:ResourceURI": {"#text": kwargs["resource_uri"]}}}

    def open_shell(self, **kwargs: Any) -> Any:
        return self.script.play("create", **kwargs)

    def run_command(self, shell: str, line: str, console_mode_stdin: bool = True) -> Any:
        return self.script.play("command", shell=shell, line=line, console=console_mode_stdin)

    def send_command_input(self, shell: str, command: str, data: bytes, end: bool = False) -> Any:
        return self.script.play("send", shell=shell, command=command, data=data, end=end)

    def get_command_output_raw(self, shell: str, command: str) -> Any:
        return self.script.play("receive", shell=shell, command=command, patience=self.operation_timeout_sec)

    def cleanup_command(self, shell: str, command: str) -> None:
        self.script.play("signal", shell=shell, command=command)

    def close_shell(self, shell: str, close_session: bool = True) -> None:
        self.script.play("delete", shell=shell, close_session=close_session)


class Script:
    """What the node will be asked, in order. Everything else fails the test."""

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.expected: deque[Expect] = deque()
        self.made: list[dict[str, Any]] = []
        self.hung_up = 0
        self.protocols: list[FakeProtocol] = []
        self.auth: Any = None

    def __call__(self, **kwargs: Any) -> FakeProtocol:
        self.made.append(kwargs)
        self.protocols.append(FakeProtocol(self))
        return self.protocols[-1]

    def then(self, *expected: Expect) -> Script:
        self.expected.extend(expected)
        return self

    def play(self, call: str, **given: Any) -> Any:
        assert self.expected, f"{call}({given}) came after the end of the script"
        wanted = self.expected.popleft()
        assert call == wanted.call, f"{call}({given}) came, {wanted} was expected"
        for name, value in wanted.args.items():
            assert given[name] == value, f"{call}: {name} is {given[name]!r}, not {value!r}"
        self.time.now += wanted.takes
        if isinstance(wanted.gives, BaseException):
            raise wanted.gives
        return wanted.gives

    def done(self) -> None:
        assert not self.expected, f"never came: {list(self.expected)}"


def login(gives: Any = None) -> Expect:
    return Expect("login", gives)


def create(gives: Any = "S1", **args: Any) -> Expect:
    return Expect("create", gives, args=args)


def command(gives: Any = "C1", takes: float = 0.0, **args: Any) -> Expect:
    return Expect("command", gives, takes, args)


def receive(stdout: bytes = b"", stderr: bytes = b"", rc: int = 0, done: bool = True, **args: Any) -> Expect:
    return Expect("receive", (stdout, stderr, rc if done else -1, done), args=args)


def received(exc: BaseException, takes: float = 0.0, **args: Any) -> Expect:
    return Expect("receive", exc, takes, args)


def silence(takes: float, **args: Any) -> Expect:
    return received(WinRMOperationTimeoutError(), takes, **args)


def signal(gives: Any = None, **args: Any) -> Expect:
    return Expect("signal", gives, args=args)


def delete(gives: Any = None, **args: Any) -> Expect:
    return Expect("delete", gives, args={"close_session": False, **args})


def send(data: bytes, end: bool = True, gives: Any = None, takes: float = 0.0) -> Expect:
    return Expect("send", gives, takes, {"data": data, "end": end})


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(winrs, "time", fake)
    return fake


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(winrs.display, "vvv", lambda text, host=None: lines.append(text))
    monkeypatch.setattr(winrs.display, "warning", lines.append)
    return lines


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, time: FakeTime, logged: list[str]) -> Script:
    fake = Script(time)
    monkeypatch.setattr(winrs, "Protocol", fake)
    return fake


class TestedConnection(winrs.Connection):
    """The plugin with options given by hand instead of by Ansible's configuration."""

    __test__ = False
    given: dict[str, Any]

    def get_option(self, option: str, hostvars: Any = None) -> Any:
        return self.given[option]

    def get_options(self, hostvars: Any = None) -> dict[str, Any]:
        return self.given


def connect(**options: Any) -> TestedConnection:
    connection = TestedConnection(PlayContext(), "/dev/null")
    base = {"remote_addr": "nodea.lab", "remote_user": "LAB\\admin", "remote_password": PASSWORD}
    connection.given = {**DEFAULTS, **base, **options}
    return connection


def no_secret(exc: BaseException, logged: list[str]) -> None:
    """Neither the text, nor the chain of causes that core prints, nor the log may hold the password."""
    assert PASSWORD not in "".join(traceback.format_exception(exc))
    assert not any(PASSWORD in line for line in logged)


# A command that goes well


def test_one_command_is_five_messages_and_the_output_is_utf8(script: Script) -> None:
    script.then(
        login(),
        create(codepage=850, idle_timeout="PT900S"),
        command(shell="S1", line='cluster.exe group "Gruppe ä"', console=True),
        receive(b"citt\x85", b"\x84h", rc=3, shell="S1", command="C1", patience=20),
        delete(shell="S1"),
    )
    connection = connect(codepage=850)
    assert connection.execute('cluster.exe group "Gruppe ä"', None, 60) == (3, "città".encode(), "äh".encode())
    connection.close()
    script.done()
    assert script.hung_up == 1


@pytest.mark.parametrize(
    ("codepage", "raw", "text"),
    [
        (437, b"\x82t\x82", "été"),
        (850, b"\xe1", "ß"),
        (852, b"\x88", "ł"),
        (932, b"\x83N\x83\x89\x83X\x83^", "クラスタ"),
        (932, b"\x83", "�"),
        (437, b"", ""),
    ],
)
def test_output_is_recoded_from_the_shells_code_page(script: Script, codepage: int, raw: bytes, text: str) -> None:
    script.then(login(), create(codepage=codepage), command(), receive(raw, raw))
    assert connect(codepage=codepage).execute("ver", None, 60) == (0, text.encode(), text.encode())


def test_output_in_pieces_is_put_together_before_it_is_decoded(script: Script) -> None:
    script.then(
        login(),
        create(),
        command(),
        receive(b"\x83", done=False),
        silence(20),
        receive(b"N", b"e", done=False),
        receive(b"!", rc=-1073741510),
    )
    assert connect(codepage=932).execute("x", None, 600) == (-1073741510, "ク!".encode(), b"e")


def test_an_answer_with_nothing_in_it_does_not_make_us_spin(script: Script, time: FakeTime) -> None:
    script.then(login(), create(), command(), receive(done=False), receive(done=False), receive(b"x"))
    connect().execute("x", None, 60)
    assert time.slept == [0.05, 0.05]


def test_commands_share_a_shell_and_the_thirteenth_gets_a_new_one(script: Script) -> None:
    script.then(login(), create("S1"))
    for number in range(12):
        script.then(command(shell="S1", line=f"echo {number}"), receive())
    script.then(delete(shell="S1"), create("S2"), command(shell="S2"), receive(b"13"), delete(shell="S2"))
    connection = connect()
    for number in range(12):
        connection.execute(f"echo {number}", None, 60)
    assert connection.execute("echo 12", None, 60)[1] == b"13"
    connection.close()
    script.done()
    assert len(script.made) == 1


def test_nothing_is_opened_before_the_first_command_and_close_is_quiet_then(script: Script) -> None:
    connection = connect()
    connection.close()
    connection.reset()
    assert script.made == []


def test_reset_gives_the_shell_back_and_the_next_command_logs_in_again(script: Script) -> None:
    script.then(login(), create(), command(), receive(), delete(shell="S1"))
    script.then(login(), create("S2"), command(shell="S2"), receive())
    connection = connect()
    connection.execute("a", None, 60)
    assert connection.connected
    connection.reset()
    assert not connection.connected
    connection.execute("b", None, 60)
    script.done()
    assert len(script.made) == 2


@pytest.mark.parametrize(
    "change",
    [{"port": 55986}, {"remote_addr": "nodeb.lab"}, {"remote_user": "LAB\\other"}, {"remote_password": "0ther"}],
)
def test_options_that_lead_elsewhere_close_the_connection_and_start_anew(
    script: Script, change: dict[str, Any]
) -> None:
    script.then(login(), create("S1"), command(shell="S1"), receive(b"a"), delete(shell="S1"))
    script.then(login(), create("S2"), command(shell="S2"), receive(b"b"), command(shell="S2"), receive(b"c"))
    connection = connect(port=55985)
    assert connection.execute("x", None, 60)[1] == b"a"
    connection.given = {**connection.given, **change}
    assert connection.execute("x", None, 60)[1] == b"b"
    assert connection.connected
    assert connection.execute("x", None, 60)[1] == b"c"
    script.done()
    assert len(script.made) == 2


def test_two_nodes_behind_one_address_are_never_mixed_in_a_loop(script: Script) -> None:
    for shell, said in (("S1", b"a"), ("S2", b"b"), ("S3", b"a")):
        script.then(login(), create(shell), command(shell=shell), receive(said), delete(shell=shell))
    connection = connect(remote_addr="127.0.0.1", port=1)
    assert connection.execute("x", None, 60)[1] == b"a"
    for port, said in ((2, b"b"), (1, b"a")):
        connection.given = {**connection.given, "port": port}
        assert connection.execute("x", None, 60)[1] == said
    connection.close()
    script.done()
    assert [f":{port}/" in made["endpoint"] for port, made in zip((1, 2, 1), script.made, strict=True)] == [True] * 3


def test_connect_opens_the_shell(script: Script) -> None:
    script.then(login(), create())
    connection = connect()
    assert connection._connect() is connection
    assert connection.connected


# Standard input


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (b"", [send(b"", end=True)]),
        (b"yes\r\n", [send(b"yes\r\n", end=True)]),
        (b"x" * 30_000, [send(b"x" * 30_000, end=True)]),
        (b"x" * 30_001, [send(b"x" * 30_000, end=False), send(b"x", end=True)]),
        (bytearray(b"ab"), [send(b"ab", end=True)]),
    ],
)
def test_input_is_sent_in_pieces_and_closed(script: Script, given: bytes, sent: list[Expect]) -> None:
    script.then(login(), create(), command(console=False), *sent, receive(b"ok"))
    assert connect().execute("more", given, 60)[1] == b"ok"


def test_a_command_that_ends_before_it_read_everything_has_a_result(script: Script, logged: list[str]) -> None:
    script.then(login(), create(), command(), send(b"x" * 30_000, end=False, gives=fault(232, reason="pipe")))
    script.then(receive(b"enough", rc=1))
    assert connect().execute("x", b"x" * 70_000, 60) == (1, b"enough", b"")
    assert "takes no more input" in logged[0]


def test_a_command_that_never_reads_is_ended_at_the_deadline(script: Script) -> None:
    script.then(
        login(), create(), command(), send(b"x" * 30_000, end=False, takes=61), signal(shell="S1", command="C1")
    )
    with pytest.raises(winrs.CommandEndUnknown, match="did not read its input within its time limit and was ended"):
        connect().execute("x", b"x" * 70_000, 60)
    script.done()


def test_a_connection_lost_while_sending_input_is_an_unknown_end(script: Script) -> None:
    script.then(login(), create(), command(), send(b"x", gives=requests.ConnectionError("broken")))
    with pytest.raises(
        winrs.CommandEndUnknown, match=r"lost while a command ran: no WinRM answer \(the connection broke"
    ):
        connect().execute("x", b"x", 60)
    script.done()


# Deadline and output limit


@pytest.mark.parametrize(
    ("timeout", "polls"),
    [
        (5, [silence(5, patience=5)]),
        (0.2, [silence(1, patience=1)]),
        (45, [silence(20, patience=20), silence(20, patience=20), silence(5, patience=5)]),
        (20.5, [silence(20, patience=20), silence(1, patience=1)]),
    ],
)
def test_at_the_deadline_the_command_is_terminated(script: Script, timeout: float, polls: list[Expect]) -> None:
    script.then(login(), create(), command(), *polls, signal(shell="S1", command="C1"), delete(shell="S1"))
    connection = connect()
    with pytest.raises(winrs.CommandEndUnknown) as caught:
        connection.execute("Setup.com", None, timeout)
    connection.close()
    script.done()
    assert caught.value.started is True
    assert str(caught.value) == (
        f"{NODE}: the command was still running after {timeout:.0f} s and was ended. Its effect on the node is unknown."
    )
    assert caught.value.reason == f"{NODE}: the command was still running after {timeout:.0f} s and was ended"


def test_a_result_that_comes_at_the_last_moment_counts(script: Script) -> None:
    script.then(login(), create(), command(), silence(59), receive(b"late"))
    assert connect().execute("x", None, 60)[1] == b"late"


def test_the_shell_goes_on_after_a_deadline(script: Script) -> None:
    script.then(login(), create(), command(), silence(9), signal(), command("C2", shell="S1"), receive(b"fine"))
    connection = connect()
    with pytest.raises(winrs.CommandEndUnknown):
        connection.execute("x", None, 5)
    assert connection.execute("y", None, 5)[1] == b"fine"


def test_too_much_output_ends_the_command(script: Script) -> None:
    script.then(login(), create(), command(), receive(b"x" * 60, b"y" * 41, done=False), signal())
    with pytest.raises(winrs.CommandEndUnknown) as caught:
        connect(output_limit=100).execute("dir /s", None, 60)
    script.done()
    assert "printed more than 100 bytes and was ended. Redirect its output into a file" in str(caught.value)


@pytest.mark.parametrize("trouble", [fault(87), AssertionError(), requests.ConnectionError("x"), KeyError("y")])
def test_a_terminate_signal_that_fails_does_not_hide_the_reason(script: Script, trouble: Exception) -> None:
    script.then(login(), create(), command(), silence(9), signal(trouble))
    with pytest.raises(winrs.CommandEndUnknown, match="still running"):
        connect().execute("x", None, 5)


# The alarm of a task's `timeout`, and Ctrl-C


class Alarm(BaseException):
    """Ansible raises a BaseException from SIGALRM, at any line."""


def test_an_alarm_while_a_command_runs_ends_it_over_a_new_login(script: Script) -> None:
    script.then(login(), create(), command(), received(Alarm()))
    script.then(login(), signal(shell="S1", command="C1"), delete(shell="S1"))
    connection = connect()
    with pytest.raises(Alarm):
        connection.execute("x", None, 60)
    connection.close()
    script.done()
    assert len(script.made) == 2


def test_an_alarm_while_a_command_is_sent_ends_its_shell(script: Script) -> None:
    script.then(login(), create(), command(Alarm()), login(), delete(shell="S1"))
    connection = connect()
    with pytest.raises(Alarm):
        connection.execute("x", None, 60)
    connection.close()
    script.done()


# Lost while receiving: the end is unknown, and what runs there is left alone


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        (requests.ConnectionError("x"), "no WinRM answer (the connection broke)"),
        (requests.ReadTimeout("x"), "no WinRM answer (silent for 30 s)"),
        (requests.ConnectionError("('Connection aborted.', ConnectionResetError(104))"), "the connection broke"),
        (fault(87, subcode="w:InvalidParameter", reason="bad"), "fault 87 (0x00000057): bad"),
        (fault(SHELL_GONE, reason="the shell\r\n was not found"), "(0x8033805B): the shell was not found"),
        (fault(OPERATIONS), "fault 2150859174 (0x803381A6): no"),
        (WinRMTransportError("http", 400, ""), "HTTP status 400 instead of a WS-Man answer"),
        (WinRMError("message has been tampered with"), "ntlm: WinRMError: message has been tampered with"),
        (AnsibleConnectionFailure("answered in clear text"), "answered in clear text"),
        (InvalidCredentialsError("x"), "the login was refused"),
        (StopIteration(), "ntlm: StopIteration"),
        (KeyError(PASSWORD), "ntlm: KeyError: '********'"),
    ],
)
def test_lost_while_receiving(script: Script, logged: list[str], trouble: Exception, text: str) -> None:
    script.then(login(), create(), command(), receive(b"half", done=False), received(trouble))
    connection = connect()
    with pytest.raises(winrs.CommandEndUnknown) as caught:
        connection.execute("x", None, 60)
    connection.close()
    script.done()
    assert str(caught.value).startswith(f"{NODE}: the connection was lost while a command ran: ")
    assert text in str(caught.value)
    assert str(caught.value).endswith(". Its effect on the node is unknown.")
    assert script.hung_up == 1
    no_secret(caught.value, logged)


def test_after_a_loss_the_next_command_logs_in_again(script: Script) -> None:
    script.then(login(), create(), command(), received(requests.ConnectionError("x")))
    script.then(login(), create("S2"), command(shell="S2"), receive(b"back"))
    connection = connect()
    with pytest.raises(winrs.CommandEndUnknown):
        connection.execute("x", None, 60)
    assert connection.execute("y", None, 60)[1] == b"back"


# Not started: a new shell or login, and one more try


@pytest.mark.parametrize(
    "trouble",
    [
        fault(SHELL_GONE),
        fault(PROFILE_GONE),
        fault(OPERATIONS),
        fault(None, OPERATIONS),
        fault(2150859137, OPERATIONS),
        fault(None, OPERATIONS - 2**32),
        fault(None, subcode="w:QuotaLimit"),
    ],
)
def test_a_command_that_was_declined_is_tried_once_more_in_a_new_shell(script: Script, trouble: Exception) -> None:
    script.then(login(), create("S1"), command(trouble, shell="S1", line="ver"))
    script.then(delete(fault(SHELL_GONE), shell="S1"), create("S2"))
    script.then(command("C2", shell="S2", line="ver"), receive(b"ok", command="C2"))
    assert connect().execute("ver", None, 60)[1] == b"ok"
    script.done()
    assert len(script.made) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        WinRMTransportError("http", 400, ""),
        InvalidCredentialsError("x"),
        refused_connection(),
        requests.ConnectTimeout(),
    ],
)
def test_a_lost_login_is_made_anew_and_the_old_shell_given_back(script: Script, trouble: Exception) -> None:
    script.then(login(), create("S1"), command(trouble))
    script.then(login(), delete(shell="S1"), create("S2"), command(shell="S2"), receive(b"ok"))
    assert connect().execute("ver", None, 60)[1] == b"ok"
    script.done()
    assert len(script.made) == 2


def test_there_is_only_one_more_try(script: Script) -> None:
    script.then(login(), create(), command(fault(SHELL_GONE, reason="gone")), delete())
    script.then(create("S2"), command(fault(SHELL_GONE, reason="gone")), delete())
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connect().execute("ver", None, 60)
    script.done()
    assert not isinstance(caught.value, winrs.CommandEndUnknown)
    assert str(caught.value) == f"{NODE}: the command was not started: fault 2150858843 (0x8033805B): gone"


def test_operations_that_killed_runs_hold_are_waited_for(script: Script, time: FakeTime) -> None:
    script.then(login(), create("S1"))
    for number in range(1, 5):
        script.then(
            command(fault(OPERATIONS), shell=f"S{number}"), delete(shell=f"S{number}"), create(f"S{number + 1}")
        )
    script.then(command(shell="S5"), receive(b"ok"))
    assert connect().execute("ver", None, 60)[1] == b"ok"
    script.done()
    assert len(time.slept) == 3
    assert all(5.0 <= pause <= 7.5 for pause in time.slept)


def test_operations_that_nobody_gives_back_are_told(script: Script, time: FakeTime) -> None:
    script.then(login())
    for _try in range(20):
        script.then(create(), command(fault(OPERATIONS, reason="too many")), delete())
    with pytest.raises(AnsibleConnectionFailure, match=r"the command was not started: .* too many") as caught:
        connect().execute("ver", None, 60)
    assert not isinstance(caught.value, winrs.CommandEndUnknown)
    assert 60 <= sum(time.slept) < 70


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        (fault(5, reason="Access is denied."), "fault 5 (0x00000005): Access is denied."),
        (fault(None, subcode="w:InternalError", reason="?"), "fault w:InternalError: ?"),
        (WinRMTransportError("http", 404, ""), "HTTP status 404 instead of a WS-Man answer"),
        (WinRMTransportError("http", 503, ""), "HTTP status 503 instead of a WS-Man answer"),
    ],
)
def test_a_command_that_the_node_turns_down_was_not_started(script: Script, trouble: Exception, text: str) -> None:
    script.then(login(), create(), command(trouble))
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connect().execute("ver", None, 60)
    script.done()
    assert not getattr(caught.value, "started", False)
    assert str(caught.value) == f"{NODE}: the command was not started: {text}"


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        (requests.ConnectionError("('Connection aborted.', RemoteDisconnected('x'))"), "the connection broke"),
        (requests.ReadTimeout("x"), "silent for 30 s"),
        (WinRMOperationTimeoutError(), "no answer within 20 s"),
        (WinRMTransportError("http", 500, "html"), "HTTP status 500"),
        (WinRMTransportError("http", 502, ""), "HTTP status 502"),
        (AnsibleConnectionFailure("in clear text"), "in clear text"),
        (StopIteration(), "StopIteration"),
    ],
)
def test_a_command_that_may_have_begun_is_never_sent_again(
    script: Script, logged: list[str], trouble: Exception, text: str
) -> None:
    script.then(login(), create(), command(trouble))
    connection = connect()
    with pytest.raises(winrs.CommandEndUnknown) as caught:
        connection.execute("ver", None, 60)
    connection.close()
    script.done()
    assert str(caught.value).startswith(f"{NODE}: the connection was lost while a command was sent: ")
    assert text in str(caught.value)
    no_secret(caught.value, logged)


# The quota of shells


def test_a_shell_is_waited_for(script: Script, time: FakeTime) -> None:
    busy = [create(fault(SHELLS)), create(fault(None, SHELLS)), create(fault(None, subcode="w:QuotaLimit"))]
    script.then(login(), *busy, create(fault(PROFILE_GONE)), create("S1"), command(shell="S1"), receive(b"ok"))
    assert connect().execute("ver", None, 60)[1] == b"ok"
    assert len(time.slept) == 4
    assert all(5.0 <= pause <= 7.5 for pause in time.slept)


def test_the_wait_for_a_shell_has_an_end(script: Script, time: FakeTime) -> None:
    busy = [create(fault(SHELLS, reason="a maximum number of 5 concurrent shells.")) for _time in range(14)]
    script.then(login(), *busy)
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connect().execute("ver", None, 60)
    assert 60 <= sum(time.slept) < 70
    assert str(caught.value) == (
        f"{NODE}: fault 2150859173 (0x803381A5): a maximum number of 5 concurrent shells. Waited 60 s. End other "
        "sessions of LAB\\admin, or restart WinRM."
    )


# No login, no shell: UNREACHABLE with one line


NO_ANSWER = (
    "Check that the node is up, that its firewall lets TCP 5985 in, and that WinRM has a listener there (winrm "
    "enumerate winrm/config/listener); WinRM 1.1 listens on port 80 (ansible_port)."
)
OTHER_SERVER = "Check ansible_port and ansible_winrs_path: this may be another web server."
LIBRARY = "Give the Python that runs Ansible what this needs: pip install 'pywinrm[ntlm]'."
OLD_TLS = (
    "Windows Server 2008 speaks TLS 1.0 (ansible_winrs_legacy_tls: true), 2003 nothing that Python still knows: use "
    "ansible_winrs_scheme: http, where messages are encrypted all the same."
)
LOGIN_REFUSED = (
    "login refused for LAB\\admin (ntlm). Check ansible_user (DOMAIN\\user or user@domain) and ansible_password; a "
    "locked, disabled or expired account is refused the same way."
)

NO_SHELL = [
    (InvalidCredentialsError("the specified credentials were rejected"), LOGIN_REFUSED),
    (refused_connection(), f"no WinRM answer (connection refused). {NO_ANSWER}"),
    (
        requests.ConnectionError("NameResolutionError: [Errno -2] Name or service not known)"),
        f"no WinRM answer (name or service not known). {NO_ANSWER}",
    ),
    (requests.ConnectTimeout("x"), f"no WinRM answer (no connection within 30 s). {NO_ANSWER}"),
    (requests.ReadTimeout("x"), f"no WinRM answer (silent for 30 s). {NO_ANSWER}"),
    (requests.ConnectionError("broken"), f"no WinRM answer (the connection broke). {NO_ANSWER}"),
    (
        requests.exceptions.SSLError("[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert"),
        f"no WinRM answer (TLS: TLSV1_ALERT_PROTOCOL_VERSION). {OLD_TLS}",
    ),
    (
        requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed"),
        "no WinRM answer (TLS: CERTIFICATE_VERIFY_FAILED). Give the certificate authority in "
        "ansible_winrs_ca_trust_path, or set ansible_winrs_server_cert_validation: ignore.",
    ),
    (WinRMTransportError("http", 404, "<html>"), f"HTTP status 404 instead of a WS-Man answer. {OTHER_SERVER}"),
    (
        WinRMError("requested auth method is kerberos, but pykerberos is not installed"),
        f"ntlm: WinRMError: requested auth method is kerberos, but pykerberos is not installed. {LIBRARY}",
    ),
    (
        fault(5, reason="Access is denied. "),
        "fault 5 (0x00000005): Access is denied. Make LAB\\admin a local administrator of the node.",
    ),
    (fault(2150858817, reason="schema"), "fault 2150858817 (0x80338041): schema."),
    (WinRMOperationTimeoutError(), "no answer within 20 s."),
    (AnsibleConnectionFailure("the server answered in clear text"), "the server answered in clear text."),
    (PermissionError("no NTLM challenge"), "ntlm: PermissionError: no NTLM challenge."),
    (ValueError(f"bad {PASSWORD} here"), "ntlm: ValueError: bad ******** here."),
]


@pytest.mark.parametrize("at", ["login", "create"])
@pytest.mark.parametrize(("trouble", "text"), NO_SHELL, ids=lambda value: type(value).__name__)
def test_no_login_and_no_shell(script: Script, logged: list[str], at: str, trouble: Exception, text: str) -> None:
    script.then(*([login(trouble)] if at == "login" else [login(), create(trouble)]))
    connection = connect()
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connection.execute("ver", None, 60)
    connection.close()
    script.done()
    assert str(caught.value) == f"{NODE}: {text}"
    assert not getattr(caught.value, "started", False)
    no_secret(caught.value, logged)


SILENCE = {"connection refused", "no connection within", "silent for", "connection broke"}


@pytest.mark.parametrize(("trouble", "text"), NO_SHELL, ids=lambda value: type(value).__name__)
def test_only_silence_is_called_silence(script: Script, trouble: Exception, text: str) -> None:
    """Trying a refused login again and again would lock the account; a name without an address stays without one."""
    script.then(login(trouble))
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connect().execute("ver", None, 60)
    assert getattr(caught.value, "silent", False) is any(word in text for word in SILENCE)


# Cleanup


@pytest.mark.parametrize(
    "trouble",
    [
        AssertionError(),
        WinRMTransportError("http", 400, ""),
        fault(SHELL_GONE),
        requests.ConnectionError("x"),
        OSError(),
    ],
)
def test_cleanup_never_hides_a_result(script: Script, logged: list[str], trouble: Exception) -> None:
    script.then(login(), create(), command(), receive(b"ok"), delete(trouble))
    connection = connect()
    assert connection.execute("ver", None, 60)[1] == b"ok"
    connection.close()
    connection.close()
    script.done()
    assert "closing the shell failed" in logged[0]


# What is refused before anything is sent


@pytest.mark.parametrize(
    ("options", "text"),
    [
        *(
            (
                {"transport": name},
                f"transport {name} over http would send the password in clear text. Use ansible_winrs_transport: ntlm "
                "(messages are encrypted over http), or ansible_winrs_scheme: https.",
            )
            for name in ("basic", "plaintext", "ssl")
        ),
        (
            {"transport": "certificate"},
            "transport certificate works over https only. Set ansible_winrs_scheme: https and ansible_port: 5986.",
        ),
        (
            {"message_encryption": "never"},
            "message_encryption never over http would send commands and output in clear text. Leave "
            "ansible_winrs_message_encryption at always.",
        ),
        (
            {"codepage": 65001},
            "code page 65001 (UTF-8) is refused: on these systems batch files print nothing under it. Set "
            "ansible_winrs_codepage to the node's OEM code page (437, 850, 852, 932 ...).",
        ),
        (
            {"codepage": 4711},
            "code page 4711 is not known to Python. Set ansible_winrs_codepage to the node's OEM code page (437, 850, "
            "852, 932 ...).",
        ),
        (
            {"operation_timeout": 30},
            "operation_timeout (30 s) must be at least 1 and below read_timeout (30 s). Correct "
            "ansible_winrs_operation_timeout or ansible_winrs_read_timeout.",
        ),
        (
            {"operation_timeout": 0},
            "operation_timeout (0 s) must be at least 1 and below read_timeout (30 s). Correct "
            "ansible_winrs_operation_timeout or ansible_winrs_read_timeout.",
        ),
        ({"remote_user": None}, "no user to log in with. Set ansible_user (DOMAIN\\user or user@domain)."),
        (
            {"remote_password": None},
            "no password for LAB\\admin. Set ansible_password (from a vault), or run with --ask-pass.",
        ),
        (
            {"transport": "kerberos"},
            "kerberos wants the user as user@REALM, not LAB\\admin. Correct ansible_user.",
        ),
        (
            {"transport": "kerberos", "kinit_mode": "managed", "remote_password": None},
            "no password for LAB\\admin. Set ansible_password (from a vault), or run with --ask-pass.",
        ),
        (
            {"transport": "certificate", "scheme": "https", "cert_pem": "/nowhere.pem"},
            "transport certificate needs readable files in ansible_winrs_cert_pem and ansible_winrs_cert_key_pem.",
        ),
        (
            {"scheme": "https", "ca_trust_path": "/nowhere.pem"},
            "there is no /nowhere.pem on the controller. Correct ansible_winrs_ca_trust_path.",
        ),
    ],
)
def test_options_that_are_refused(script: Script, logged: list[str], options: dict[str, Any], text: str) -> None:
    with pytest.raises(AnsibleError) as caught:
        connect(**options).execute("ver", None, 60)
    assert str(caught.value) == f"{NODE}: {text}"
    assert not isinstance(caught.value, AnsibleConnectionFailure)
    assert script.made == []
    no_secret(caught.value, logged)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("x" * 8192, "has 8192 characters; cmd.exe takes 8191. Split the command, or put the long part into a file"),
        ("echo a\necho b", "holds the character 0x0a at position 7; cmd.exe reads one line"),
        ("\r", "holds the character 0x0d at position 1"),
        ("a\0b", "holds the character 0x00 at position 2"),
        ("a\tb", "holds the character 0x09 at position 2"),
        ("a\x7f", "holds the character 0x7f at position 2"),
        ("a\ud800", "holds the character 0xd800 at position 2"),
        ("a\uffff", "holds the character 0xffff at position 2"),
    ],
)
def test_command_lines_that_are_refused(script: Script, line: str, text: str) -> None:
    with pytest.raises(AnsibleError) as caught:
        connect().execute(line, None, 60)
    assert text in str(caught.value)
    assert script.made == []


def test_the_longest_line_goes_through(script: Script) -> None:
    script.then(login(), create(), command(line="x" * 8191), receive())
    connect().execute("x" * 8191, None, 60)
    script.done()


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winrs, "LIBRARY_MISSING", "No module named 'winrm'")
    with pytest.raises(AnsibleError) as caught:
        connect().execute("ver", None, 60)
    assert str(caught.value) == (
        "The connection mailops.exchange2007.winrs needs pywinrm 0.5.0 or later (No module named 'winrm'). Install it "
        "for the Python that runs Ansible: pip install 'pywinrm>=0.5.0'"
    )


# raw


@pytest.mark.parametrize(
    "line",
    [
        "PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand dgBlAHIA",
        "powershell -noprofile -executionpolicy unrestricted  -encodedcommand dgBlAHIA",
    ],
)
def test_what_core_sends_for_other_modules_is_refused(script: Script, line: str) -> None:
    with pytest.raises(AnsibleError) as caught:
        connect().exec_command(line)
    assert str(caught.value) == (
        "This task needs PowerShell or Python on the node; use raw or a module of this collection. For fact gathering "
        "set gather_facts: false on the play."
    )
    assert not isinstance(caught.value, AnsibleConnectionFailure)
    assert script.made == []


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("ver", "ver"),
        ("ver\n", "ver"),
        ("ver \r\n\r\n", "ver "),
        ("powershell -PSConsoleFile x.psc1 -Command y", "powershell -PSConsoleFile x.psc1 -Command y"),
    ],
)
def test_raw_sends_the_line_as_it_is(script: Script, line: str, sent: str) -> None:
    script.then(login(), create(), command(line=sent), receive(b"ok", rc=5))
    assert connect().exec_command(line) == (5, b"ok", b"")
    script.done()


def test_raw_has_a_limit_too(script: Script) -> None:
    script.then(login(), create(), command(), silence(7), signal())
    with pytest.raises(winrs.CommandEndUnknown, match="still running after 7 s"):
        connect(command_timeout=7).exec_command("pause")


def test_become_is_refused(script: Script) -> None:
    connection = connect()
    connection.become = SimpleNamespace(name="runas")
    with pytest.raises(AnsibleError, match=r"become does not work over mailops\.exchange2007\.winrs"):
        connection.exec_command("ver")
    assert script.made == []


@pytest.mark.parametrize("method", ["put_file", "fetch_file"])
def test_files_go_another_way(method: str) -> None:
    with pytest.raises(AnsibleError, match=r"use mailops\.exchange2007\.node_file"):
        getattr(connect(), method)("a", "b")


# What pywinrm is given


class Tagged(str):
    """Stands for the subclasses of str that Ansible wraps values in."""

    __slots__ = ()

    def __str__(self) -> str:
        return "not me"


class TaggedInt(int):
    """Likewise for int."""


def test_pywinrm_is_given_plain_types_only(script: Script) -> None:
    script.then(login(), create(codepage=850), command(), receive())
    tagged = {name: Tagged(value) if isinstance(value, str) else value for name, value in DEFAULTS.items()}
    own = {"remote_addr": Tagged("nodea.lab"), "remote_user": Tagged("LAB\\admin"), "remote_password": Tagged(PASSWORD)}
    connection = connect(**{**tagged, **own, "codepage": TaggedInt(850), "port": TaggedInt(5985)})
    connection.execute(Tagged("ver"), None, TaggedInt(60))
    assert script.made == [
        {
            "endpoint": "http://nodea.lab:5985/wsman",
            "transport": "ntlm",
            "username": "LAB\\admin",
            "password": PASSWORD,
            "cert_pem": None,
            "cert_key_pem": None,
            "server_cert_validation": "validate",
            "ca_trust_path": None,
            "kerberos_delegation": False,
            "kerberos_hostname_override": None,
            "credssp_disable_tlsv1_2": False,
            "message_encryption": "always",
            "operation_timeout_sec": 20,
            "read_timeout_sec": 30,
            "proxy": None,
        }
    ]
    assert {type(value) for value in script.made[0].values()} <= {str, int, bool, type(None)}
    user, password = connection.credentials()
    assert (type(user), type(password)) == (str, str)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"message_encryption": "always"}),
        ({"message_encryption": "auto"}, {"message_encryption": "always"}),
        ({"scheme": "https"}, {"message_encryption": "always", "endpoint": "https://nodea.lab:5985/wsman"}),
        ({"scheme": "https", "message_encryption": "auto"}, {"message_encryption": "never"}),
        ({"scheme": "https", "message_encryption": "never"}, {"message_encryption": "never"}),
        ({"scheme": "https", "transport": "basic"}, {"message_encryption": "never", "transport": "basic"}),
        ({"scheme": "https", "transport": "plaintext"}, {"transport": "basic"}),
        ({"scheme": "https", "transport": "ssl"}, {"transport": "basic"}),
        ({"transport": "credssp"}, {"transport": "credssp", "message_encryption": "always"}),
        ({"remote_addr": "fe80::1", "port": 80}, {"endpoint": "http://[fe80::1]:80/wsman"}),
        ({"path": "custom/x"}, {"endpoint": "http://nodea.lab:5985/custom/x"}),
        ({"ca_trust_path": "/ca.pem", "server_cert_validation": "ignore"}, {"ca_trust_path": "/ca.pem"}),
        ({"operation_timeout": 5, "read_timeout": 9}, {"operation_timeout_sec": 5, "read_timeout_sec": 9}),
    ],
)
def test_protocol_arguments(options: dict[str, Any], expected: dict[str, Any]) -> None:
    given = winrs.protocol_arguments(_winrs_settings.settings_from(connect(**options).given))
    assert {name: given[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("LAB\\admin", PASSWORD)),
        ({"remote_password": None}, ("LAB\\admin", None)),
        ({"remote_user": None, "remote_password": None}, ("", None)),
    ],
)
def test_credentials_for_the_bridge(given: dict[str, Any], expected: tuple[str, str | None]) -> None:
    assert connect(**given).credentials() == expected


def test_the_password_is_in_no_repr() -> None:
    assert PASSWORD not in repr(_winrs_settings.settings_from(connect().given))


def test_certificate_files_are_taken_when_they_exist(tmp_path: Path, script: Script) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("x")
    files = {"cert_pem": str(tmp_path / "cert.pem"), "cert_key_pem": str(tmp_path / "key.pem")}
    script.then(create(), command(), receive())
    connect(transport="certificate", scheme="https", remote_password=None, **files).execute("ver", None, 60)
    assert script.made[0]["cert_pem"] == files["cert_pem"]


# The HTTP session


def response(status: int, content: bytes, content_type: str = "") -> Any:
    return SimpleNamespace(status_code=status, content=content, headers={"Content-Type": content_type})


SEALED = f'multipart/encrypted;protocol="{SPNEGO}";boundary="Encrypted Boundary"'


@pytest.mark.parametrize(
    "answer",
    [
        response(200, b"x", SEALED),
        response(500, b"x", SEALED),
        response(401, b"<html>"),
        response(200, b""),
        response(400, b""),
    ],
)
def test_sealed_and_empty_answers_pass(answer: Any) -> None:
    assert winrs.refuse_clear(SPNEGO)(answer, timeout=3) is None


@pytest.mark.parametrize(
    ("status", "content_type"),
    [
        (200, "application/soap+xml"),
        (500, "application/soap+xml"),
        (206, "application/soap+xml"),
        (200, ""),
        (200, "multipart/encrypted"),
        (200, 'multipart/encrypted;protocol="application/HTTP-CredSSP-session-encrypted"'),
    ],
)
def test_an_answer_that_pywinrm_would_not_decrypt_is_refused(status: int, content_type: str) -> None:
    with pytest.raises(AnsibleConnectionFailure, match="answered in clear text although encryption is required"):
        winrs.refuse_clear(SPNEGO)(response(status, b"<s:Envelope/>", content_type))


@pytest.mark.parametrize("status", [400, 403, 404, 405, 503])
def test_of_an_http_error_in_clear_text_only_the_status_is_believed(status: int) -> None:
    with pytest.raises(WinRMTransportError) as caught:
        winrs.refuse_clear(SPNEGO)(response(status, b"<s:Envelope>fault 2150858793</s:Envelope>", "text/html"))
    assert (caught.value.code, caught.value.response_text) == (status, "")


def test_a_sealing_session_checks_every_answer_after_the_login(script: Script) -> None:
    script.then(login(), create())
    connect()._connect()
    session = script.protocols[0].transport.session
    assert session.max_redirects == 0
    assert session.mounted == {}
    with pytest.raises(AnsibleConnectionFailure):
        session.hooks["response"][0](response(200, b"<clear/>"))


def test_a_session_that_relies_on_tls_has_no_such_check(script: Script) -> None:
    script.then(create())
    connect(scheme="https", transport="basic")._connect()
    session = script.protocols[0].transport.session
    assert session.hooks == {"response": []}
    assert session.max_redirects == 0


@pytest.mark.parametrize(
    ("options", "verify_mode"),
    [
        ({"server_cert_validation": "validate"}, ssl.CERT_REQUIRED),
        ({"server_cert_validation": "ignore"}, ssl.CERT_NONE),
    ],
)
@pytest.mark.parametrize("transport", ["ntlm", "basic"])
def test_old_tls_is_mounted_with_a_warning(
    script: Script, logged: list[str], options: dict[str, Any], verify_mode: int, transport: str
) -> None:
    script.then(*([login()] if transport == "ntlm" else []), create())
    connect(scheme="https", legacy_tls=True, transport=transport, **options)._connect()
    context = script.protocols[0].transport.session.mounted["https://"]._context
    assert context.minimum_version == ssl.TLSVersion.TLSv1
    assert context.verify_mode == verify_mode
    assert context.check_hostname is (verify_mode == ssl.CERT_REQUIRED)
    assert logged == [f"{NODE}: legacy_tls lets this connection go down to TLS 1.0 with old ciphers."]


def test_old_tls_takes_a_directory_of_authorities(tmp_path: Path) -> None:
    adapter = winrs._OldTLS(True, str(tmp_path))
    assert adapter.poolmanager.connection_pool_kw["ssl_context"] is adapter._context


def test_legacy_tls_takes_servers_without_secure_renegotiation() -> None:
    context = ssl.create_default_context()
    winrs.lower(context)
    assert context.options & 0x4
    assert context.minimum_version == ssl.TLSVersion.TLSv1


def test_legacy_tls_means_nothing_over_http(script: Script, logged: list[str]) -> None:
    script.then(login(), create())
    connect(legacy_tls=True)._connect()
    assert script.protocols[0].transport.session.mounted == {}
    assert logged == []


# Against pywinrm itself, with the HTTP part taken out


class Recorded(Exception):
    """Carries a message that pywinrm was about to send."""


@pytest.mark.parametrize(
    "uri", [OPTIONS["resource_uri"]["default"], "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/other"]
)
@pytest.mark.parametrize(
    ("method", "args", "action"),
    [
        ("open_shell", (), "transfer/Create"),
        ("run_command", ("S", "ver"), "shell/Command"),
        ("send_command_input", ("S", "C", b"x"), "shell/Send"),
        ("get_command_output_raw", ("S", "C"), "shell/Receive"),
        ("cleanup_command", ("S", "C"), "shell/Signal"),
        ("close_shell", ("S",), "transfer/Delete"),
    ],
)
def test_every_message_carries_the_resource_uri(uri: str, method: str, args: tuple[Any, ...], action: str) -> None:
    def record(message: str) -> bytes:
        raise Recorded(message)

    protocol = Protocol("http://nodea.lab:5985/wsman", username="u", password="p")
    protocol.transport.send_message = record
    winrs._use_resource_uri(protocol, uri)
    with pytest.raises(Recorded) as caught:
        getattr(protocol, method)(*args)
    assert f">{uri}</w:ResourceURI>" in str(caught.value)
    assert action in str(caught.value)


def test_the_real_transport_lets_the_check_be_hung_up(monkeypatch: pytest.MonkeyPatch, logged: list[str]) -> None:
    """The seams that the plugin uses are there in the installed pywinrm."""
    sent: list[Any] = []

    def answer(self: requests.Session, request: Any, **kwargs: Any) -> Any:
        sent.append(request)
        result = requests.Response()
        result.status_code, result.request = 200, request
        return result

    monkeypatch.setattr(requests.Session, "send", answer)
    wire = winrs.Wire(_winrs_settings.settings_from(connect().given))
    protocol = wire._log_in()
    assert [request.body for request in sent] == [None]
    assert len(protocol.transport.session.hooks["response"]) == 1
    assert protocol.transport.session.max_redirects == 0


# Kerberos


@pytest.fixture
def kinit(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []

    def obtain(principal: str, password: str, **kwargs: Any) -> Any:
        calls.append({"principal": principal, "password": password, **kwargs})
        return SimpleNamespace(use=lambda: calls.append({"used": True}), drop=lambda: calls.append({"dropped": True}))

    monkeypatch.setattr(_kinit, "obtain", obtain)
    return calls


@pytest.mark.parametrize(
    ("options", "arguments", "forwardable"),
    [
        ({}, [], False),
        ({"kerberos_delegation": True}, [], True),
        ({"kinit_args": "-f -l '1 h'"}, ["-f", "-l", "1 h"], False),
        ({"kinit_mode": "managed"}, [], False),
    ],
)
def test_a_ticket_is_got_and_dropped(
    script: Script, kinit: list[dict[str, Any]], options: dict[str, Any], arguments: list[str], forwardable: bool
) -> None:
    script.then(login(), create(), command(), receive(), command(), receive(), delete())
    connection = connect(transport="kerberos", remote_user="admin@LAB.TEST", kinit_cmd="/opt/kinit", **options)
    connection.execute("ver", None, 60)
    assert kinit == [
        {
            "principal": "admin@LAB.TEST",
            "password": PASSWORD,
            "command": "/opt/kinit",
            "arguments": arguments,
            "forwardable": forwardable,
        }
    ]
    connection.execute("ver", None, 60)  # each time: other connections of this process may have theirs in use
    connection.close()
    script.done()
    assert kinit[1:] == [{"used": True}, {"used": True}, {"dropped": True}]


@pytest.mark.parametrize("options", [{"kinit_mode": "manual"}, {"remote_password": None}])
def test_a_ticket_that_is_there_is_used(script: Script, kinit: list[dict[str, Any]], options: dict[str, Any]) -> None:
    script.then(login(), create(), command(), receive())
    connect(transport="kerberos", **options).execute("ver", None, 60)
    assert kinit == []


def test_no_ticket_is_unreachable(script: Script, monkeypatch: pytest.MonkeyPatch, logged: list[str]) -> None:
    def obtain(*args: Any, **kwargs: Any) -> Any:
        raise _kinit.KinitFailed("kinit ended with exit code 1: Preauthentication failed")

    monkeypatch.setattr(_kinit, "obtain", obtain)
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connect(transport="kerberos", remote_user="admin@LAB.TEST").execute("ver", None, 60)
    assert str(caught.value) == (
        f"{NODE}: no Kerberos ticket for admin@LAB.TEST: kinit ended with exit code 1: Preauthentication failed"
    )
    assert script.made == []
    no_secret(caught.value, logged)


class KerberosExchangeError(requests.RequestException):
    """pywinrm's own, in a module of its own."""

    __module__ = "winrm.vendor.requests_kerberos.exceptions"


GSS = "authGSSClientInit() failed: ((%s, 458752), (%s, -1765328243))"
UNSUPPLIED = "'No credentials were supplied, or the credentials were unavailable or inaccessible'"
GET_A_TICKET = "Get a ticket (kinit %s) as the user who runs Ansible, or set ansible_password."
NAME_IN_REALM = (
    "The name of the node in its realm is needed: connect by it (ansible_host), or set "
    "ansible_winrs_kerberos_hostname_override."
)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        (
            {"remote_password": None, "remote_user": "a@LAB.TEST"},
            GSS % (UNSUPPLIED, '"Can\'t find client principal a@LAB.TEST in cache collection"'),
            f"Can't find client principal a@LAB.TEST in cache collection. {GET_A_TICKET % 'a@LAB.TEST'}",
        ),
        (
            {"remote_password": None, "remote_user": None},
            GSS % ("'Unspecified GSS failure'", "'Ticket expired'"),
            f"Ticket expired. {GET_A_TICKET % 'user@REALM'}",
        ),
        (
            {"remote_user": "a@LAB.TEST"},
            GSS % (UNSUPPLIED, "'Server HTTP/x@LAB.TEST not found in Kerberos database'"),
            f"Server HTTP/x@LAB.TEST not found in Kerberos database. {NAME_IN_REALM}",
        ),
        ({"remote_user": "a@LAB.TEST"}, "something else", "something else."),
    ],
)
def test_a_kerberos_failure_is_not_taken_for_silence(
    script: Script, kinit: list[dict[str, Any]], options: dict[str, Any], error: str, text: str
) -> None:
    script.then(login(KerberosExchangeError(error)))
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connect(transport="kerberos", **options).execute("ver", None, 60)
    assert str(caught.value) == f"{NODE}: no Kerberos login: {text}"


# CredSSP


def no_credssp_token(step: str) -> AuthenticationException:
    return AuthenticationException(f"Server did not response with a CredSSP token after step {step} - actual 'x'")


ENABLE_CREDSSP = "Enable CredSSP on the node (winrm set winrm/config/service/auth"


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        (NTStatusException(0x8009030C), "login refused for LAB\\admin (credssp). Check ansible_user"),
        (no_credssp_token("Authentication 2"), "login refused for LAB\\admin (credssp). Check ansible_user"),
        (no_credssp_token("TLS Handshake"), "set ansible_winrs_credssp_disable_tlsv1_2: true."),
        (AuthenticationException("The server did not response CredSSP being available"), ENABLE_CREDSSP),
    ],
)
def test_a_credssp_login_that_fails(script: Script, trouble: Exception, text: str) -> None:
    script.then(login(trouble))
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connect(transport="credssp").execute("ver", None, 60)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("lowered", "oldest"), [(True, ssl.TLSVersion.TLSv1), (False, ssl.TLSVersion.TLSv1_2)])
def test_the_tls_inside_credssp(script: Script, lowered: bool, oldest: ssl.TLSVersion) -> None:
    """requests-credssp makes it while it answers a 401; nothing else in the process gets it."""
    made: list[ssl.SSLContext] = []

    def handle_401(response: Any, **kwargs: Any) -> Any:
        made.append(spnego.tls.default_tls_context().context)
        return response

    auth = SimpleNamespace(handle_401=handle_401)
    script.then(login(), create())
    connection = connect(transport="credssp", credssp_disable_tlsv1_2=lowered)
    script.auth = auth
    connection._connect()
    assert auth.handle_401("answer", verify=True) == "answer"
    assert made[0].minimum_version == oldest
    assert (made[0].security_level == 0) == lowered
    assert spnego.tls.default_tls_context().context.minimum_version == ssl.TLSVersion.TLSv1_2


# Certificates


VERIFY = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: %s (_ssl.c:1006)"
OR_IGNORE = ", or set ansible_winrs_server_cert_validation: ignore."


@pytest.mark.parametrize(
    ("error", "why", "what_to_do"),
    [
        (
            VERIFY % "unable to get local issuer certificate",
            "CERTIFICATE_VERIFY_FAILED, unable to get local issuer certificate",
            f"Give the certificate authority in ansible_winrs_ca_trust_path{OR_IGNORE}",
        ),
        (
            VERIFY % "Hostname mismatch, certificate is not valid for 'nodea.lab'.",
            "CERTIFICATE_VERIFY_FAILED, Hostname mismatch, certificate is not valid for 'nodea.lab'",
            "Connect by the name in the certificate (ansible_host), or give the node one with a subject alternative "
            f"name: Python does not look at the common name{OR_IGNORE}",
        ),
        (
            VERIFY % "certificate has expired",
            "CERTIFICATE_VERIFY_FAILED, certificate has expired",
            f"Renew the node's certificate, or correct the controller's clock{OR_IGNORE}",
        ),
        (
            "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)",
            "WRONG_VERSION_NUMBER",
            "This port does not speak https. Correct ansible_port, or set ansible_winrs_scheme: http.",
        ),
        *(
            (
                error,
                reason,
                "Check the PEM files on the controller: ansible_winrs_cert_pem, its key in "
                "ansible_winrs_cert_key_pem, and ansible_winrs_ca_trust_path.",
            )
            for error, reason in (
                ("[X509: KEY_VALUES_MISMATCH] key values mismatch (_ssl.c:3926)", "KEY_VALUES_MISMATCH"),
                ("[SSL] PEM lib (_ssl.c:3926)", "PEM lib"),
                ("[X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate", "NO_CERTIFICATE_OR_CRL_FOUND"),
            )
        ),
    ],
)
def test_tls_that_fails_says_why(script: Script, error: str, why: str, what_to_do: str) -> None:
    script.then(create(requests.exceptions.SSLError(error)))
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connect(scheme="https", transport="basic").execute("ver", None, 60)
    assert str(caught.value) == f"{NODE}: no WinRM answer (TLS: {why}). {what_to_do}"


def test_a_certificate_that_is_nobody_s(script: Script, tmp_path: Path) -> None:
    files = {"cert_pem": str(tmp_path / "me.pem"), "cert_key_pem": str(tmp_path / "me.key")}
    for path in files.values():
        Path(path).touch()
    script.then(create(InvalidCredentialsError("401")))
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connect(scheme="https", transport="certificate", remote_user=None, **files).execute("ver", None, 60)
    assert str(caught.value).startswith(f"{NODE}: login refused for the certificate {tmp_path}/me.pem. Map it to an")


def test_a_shell_of_another_name(script: Script) -> None:
    script.then(login(), create(fault(2150858752, reason="no such resource")))
    with pytest.raises(AnsibleConnectionFailure, match=r"otherwise than .*/shell/cmd\. Set ansible_winrs_res"):
        connect().execute("ver", None, 60)


# Options


@pytest.fixture(scope="module")
def configured() -> str:
    C.config.initialize_plugin_configuration_definitions("connection", "winrs_under_test", OPTIONS)
    return "winrs_under_test"


def option(configured: str, name: str, variables: dict[str, Any], keys: dict[str, Any] | None = None) -> Any:
    return C.config.get_config_value(
        name, plugin_type="connection", plugin_name=configured, variables=variables, keys=keys or {}
    )


OWN = [name for name in OPTIONS if name not in ("remote_addr", "port", "remote_user", "remote_password")]
SAMPLES = {"int": (7, 8), "bool": (True, False), "path": ("/a", "/b"), "str": ("a", "b")}


@pytest.mark.parametrize("name", OWN)
def test_our_variable_wins_over_the_well_known_one(configured: str, name: str) -> None:
    spec = OPTIONS[name]
    ours, theirs = spec.get("choices", SAMPLES[spec["type"]])[:2]
    variables = {f"ansible_winrs_{name}": ours, f"ansible_winrm_{name}": theirs}
    assert option(configured, name, variables) == ours
    assert option(configured, name, {f"ansible_winrm_{name}": theirs}) == theirs
    assert option(configured, name, {}) == spec.get("default")


@pytest.mark.parametrize(
    ("name", "variables", "keys", "value"),
    [
        ("remote_addr", {"inventory_hostname": "nodea"}, {}, "nodea"),
        ("remote_addr", {"inventory_hostname": "nodea", "ansible_host": "10.0.0.1"}, {}, "10.0.0.1"),
        ("port", {}, {}, 5985),
        ("port", {"ansible_port": 80}, {}, 80),
        ("port", {}, {"port": 80}, 80),
        ("remote_user", {"ansible_user": "a"}, {"remote_user": "b"}, "a"),
        ("remote_user", {}, {"remote_user": "b"}, "b"),
        ("remote_password", {"ansible_password": "p"}, {}, "p"),
        ("remote_password", {"ansible_winrm_password": "p"}, {}, "p"),
        ("remote_password", {}, {"password": "asked"}, "asked"),
        ("operation_timeout", {"ansible_winrm_operation_timeout_sec": 40}, {}, 40),
        ("read_timeout", {"ansible_winrm_read_timeout_sec": 70}, {}, 70),
    ],
)
def test_where_options_come_from(configured: str, name: str, variables: Any, keys: Any, value: Any) -> None:
    assert option(configured, name, variables, keys) == value


def test_the_documentation_has_an_option_for_every_setting() -> None:
    rename = {"host": "remote_addr", "user": "remote_user", "password": "remote_password"}
    used = {rename.get(name, name) for name in _winrs_settings.Settings.__dataclass_fields__}
    assert used | {"command_timeout"} == set(OPTIONS)


def test_class_attributes_that_core_reads() -> None:
    assert winrs.Connection.transport == "mailops.exchange2007.winrs"
    assert winrs.Connection.has_pipelining is False
    assert winrs.Connection.allow_executable is False
    assert winrs.Connection.module_implementation_preferences == ("",)
    assert winrs.Connection._shell_type == "cmd"
