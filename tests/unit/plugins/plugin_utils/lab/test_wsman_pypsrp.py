# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real pypsrp, whose SOAP and framing are its own, against the endpoint."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Process
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.wsman_lab import (
    PASSWORD,
    USER,
    Commands,
    listening,
    make_host,
    says,
    waits,
)
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.shell import Process as RemoteProcess
from pypsrp.shell import SignalCode, WinRS
from pypsrp.wsman import WSMan

AUTHS = pytest.mark.parametrize("auth", ["ntlm", "negotiate"])


@contextmanager
def connected(commands: Commands, auth: str = "ntlm", **options: Any) -> Iterator[WSMan]:
    with listening(make_host(), commands) as (_endpoint, port):
        settings = {"username": USER, "password": PASSWORD, "operation_timeout": 5, **options}
        with WSMan("127.0.0.1", port=port, ssl=False, auth=auth, encryption="always", **settings) as wsman:
            yield wsman


def copy_input(process: Process) -> int:
    process.stdout.write(process.stdin.read(process.alive))
    return 4


@AUTHS
def test_run(auth: str) -> None:
    commands = Commands(do=says("hällo\n", -7))
    with (
        connected(commands, auth) as wsman,
        WinRS(wsman, codepage=850, environment={"A": "b"}, idle_time_out=60) as shell,
    ):
        process = RemoteProcess(shell, "do", ["one", '"two three"'])
        process.invoke()
        process.signal(SignalCode.TERMINATE)
        assert (process.stdout, process.stderr, process.rc) == ("hällo\r\n".encode("cp850"), b"", -7)
        assert (shell.owner, shell.idle_time_out) == (r"CORP\admin", "PT60.000S")
    assert commands.started[0].line.startswith('do one "two three')
    assert commands.envs == [{"A": "b"}]


@AUTHS
def test_login_refused(auth: str) -> None:
    with connected(Commands(), auth, password="wrong") as wsman, pytest.raises(AuthenticationError):
        WinRS(wsman).open()


def test_standard_input() -> None:
    with connected(Commands(copy=copy_input)) as wsman, WinRS(wsman) as shell:
        process = RemoteProcess(shell, "copy")
        process.begin_invoke()
        process.send(b"first\n", end=False)
        process.send(b"\xff\x00second", end=True)
        process.end_invoke()
        assert (process.stdout, process.rc) == (b"first\n\xff\x00second", 4)


def test_silence_then_output() -> None:
    go = threading.Event()

    def body(process: Process) -> int:
        go.wait()
        return says("late")(process)

    with connected(Commands(do=body)) as wsman, WinRS(wsman) as shell:
        process = RemoteProcess(shell, "do")
        process.begin_invoke()
        process.poll_invoke(timeout=1)
        assert (process.stdout, process.rc) == (b"", None)
        go.set()
        process.end_invoke()
        assert (process.stdout, process.rc) == (b"late", 0)


@pytest.mark.parametrize(("code", "expected"), [(SignalCode.CTRL_C, -1073741510), (SignalCode.TERMINATE, 1)])
def test_signals_end_a_command(code: str, expected: int) -> None:
    commands = Commands(wait=waits)
    with connected(commands) as wsman, WinRS(wsman) as shell:
        process = RemoteProcess(shell, "wait")
        process.begin_invoke()
        process.signal(code)
        process.end_invoke()
        assert (process.rc, commands.started[0].killed) == (expected, True)


def test_unknown_command() -> None:
    with connected(Commands()) as wsman, WinRS(wsman) as shell, pytest.raises(WSManFaultError) as caught:
        shell.receive(command_id="87E77BEB-6761-4C48-9D70-A00266B8459A")
    assert caught.value.code == 2150858843


def test_only_the_cmd_shell_is_there() -> None:
    with connected(Commands()) as wsman, pytest.raises(WSManFaultError) as caught:
        WinRS(wsman, "http://schemas.microsoft.com/powershell/Microsoft.PowerShell").open()
    assert caught.value.code == 2150858752


def test_other_actions_are_refused() -> None:
    with connected(Commands()) as wsman, pytest.raises(WSManFaultError) as caught:
        wsman.get("http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd")
    assert caught.value.code == 2150858753
