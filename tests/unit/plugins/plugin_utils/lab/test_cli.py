# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line: a whole life of a detached lab, and errors in one line."""

from __future__ import annotations

import json
import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import control, state
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cli import main
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.control import Control
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.state import LabError, LabState


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State files go to a folder of the test."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def inventory(tmp_path: Path) -> Iterator[Path]:
    """The inventory of a detached lab that is down again afterwards."""
    path = tmp_path / "hosts.yml"
    assert main(["up", "ccr-2003-rtm", "--inventory", str(path), "--speed", "600", "--detach"]) == 0
    yield path
    for lab in state.running():
        os.kill(lab.pid, signal.SIGTERM)
    wait_until_down()


def wait_until_down() -> None:
    end = time.monotonic() + 10
    while state.running() and time.monotonic() < end:
        time.sleep(0.05)
    assert state.running() == []


def port_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_life_of_a_detached_lab(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert "CMS1: rtm, online on NODEA, away 0 s" in capsys.readouterr().out
    assert inventory.stat().st_mode & 0o777 == 0o600
    assert state.file_of(inventory).stat().st_mode & 0o777 == 0o600
    nodes = yaml.safe_load(inventory.read_text())["exchange_nodes"]
    assert list(nodes["hosts"]) == ["nodea", "nodeb"]
    assert nodes["vars"]["ansible_connection"] == "mailops.exchange2007.winrs"
    port = nodes["hosts"]["nodea"]["ansible_port"]
    assert port_open(port)

    assert main(["run", "NODEA", "hostname & exit /b 3"]) == 3
    assert capsys.readouterr().out == "NODEA\n"
    assert main(["inject", "exit", "program=hostname", "rc=9"]) == 0
    assert main(["run", "nodea", "hostname"]) == 9
    assert main(["inject", "--clear"]) == 0
    assert main(["inject", "service_stop", json.dumps({"host": "NODEB", "name": "spooler"})]) == 0
    capsys.readouterr()

    assert main(["truth", "--inventory", str(inventory)]) == 0
    truth = json.loads(capsys.readouterr().out)
    assert truth["lab"]["speed"] == 600
    assert truth["outages"]["CMS1"]["total_seconds"] == 0
    assert [command["line"] for command in truth["commands"] if command["top"]] == ["hostname & exit /b 3", "hostname"]

    assert main(["run", "NODEB", "shutdown", "/s", "/t", "0"]) == 0
    wait_for(lambda: not port_open(nodes["hosts"]["nodeb"]["ansible_port"]))
    assert main(["run", "NODEB", "hostname"]) == 2
    assert "lab: NODEB is off: wait until it has started" in capsys.readouterr().err

    assert main(["up", "ccr-2003-rtm", "--inventory", str(inventory)]) == 2
    assert "runs already with" in capsys.readouterr().err
    assert main(["down"]) == 0
    wait_until_down()
    assert not port_open(port)
    assert main(["status"]) == 2
    assert capsys.readouterr().err == "lab: no lab runs: start one with 'up TOPOLOGY --inventory FILE'\n"


def wait_for(condition: Any) -> None:
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["up", "nowhere", "--inventory", "hosts.yml"], "nowhere: no such topology: give a file, or one of"),
        (["up", "ccr-2003-rtm", "--inventory", "/no/where/hosts.yml"], "no such folder: make /no/where first"),
        (["up", "ccr-2003-rtm", "--inventory", "x", "--speed", "0"], "--speed 0: must be greater than 0"),
        (["up", "ccr-2003-rtm"], "the following arguments are required: --inventory: see 'lab up --help'"),
        (["up", "ccr-2003-rtm", "--inventory", "x", "--speed", "fast"], "invalid float value: 'fast'"),
        (["fly"], "invalid choice: 'fly'"),
        (["down", "--inventory", "other.yml"], "no lab runs with the inventory other.yml: start one with 'up'"),
        (["truth"], "no lab runs: start one with"),
        (["run", "NODEA", "ver"], "no lab runs: start one with"),
    ],
)
def test_errors_are_one_line_and_exit_2(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("lab: ")
    assert message in err
    assert err.count("\n") == 1


def echo(verb: str, arguments: dict[str, Any]) -> Any:
    if verb == "fail":
        raise LabError("not today")
    return arguments


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabState]:
    """A control port that answers with what it was asked, and its state file."""
    port = Control(echo)
    found = LabState(os.getpid(), port.port, port.token, str(tmp_path / "hosts.yml"), "t")
    state.save(found)
    yield found
    port.stop()


def test_orders_and_refusals(lab: LabState) -> None:
    assert control.ask(lab, "echo", {"a": 1}) == {"a": 1}
    with pytest.raises(LabError, match="not today"):
        control.ask(lab, "fail")


def test_nobody_gets_in_without_the_token(lab: LabState) -> None:
    stranger = LabState(lab.pid, lab.port, "guess", lab.inventory, lab.topology)
    with pytest.raises(LabError, match="wrong token"):
        control.ask(stranger, "echo")


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b"\n"])
def test_nonsense_is_answered(lab: LabState, line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", lab.port)) as connection:
        connection.sendall(line)
        assert b"not a request of this lab" in connection.makefile("rb").readline()


def test_a_lab_that_does_not_answer(lab: LabState) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        silent = LabState(lab.pid, unused.getsockname()[1], "t", lab.inventory, lab.topology)
        with pytest.raises(LabError, match="does not answer"):
            control.ask(silent, "status", timeout=2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["inject"], "say which fault"),
        (["inject", "exit", "rc"], "'rc': expected key=value"),
        (["inject", "exit", "{rc}"], "{rc}: not JSON"),
        (["run", "NODEA"], "say what to run"),
    ],
)
def test_incomplete_orders(lab: LabState, words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_several_labs_need_a_choice(lab: LabState, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state.save(LabState(lab.pid, lab.port, lab.token, str(tmp_path / "more.yml"), "t"))
    assert main(["truth"]) == 2
    assert "2 labs run: choose one with --inventory" in capsys.readouterr().err
    assert main(["truth", "--inventory", str(tmp_path / "more.yml")]) == 0


def test_a_dead_lab_is_forgotten(tmp_path: Path) -> None:
    dead = os.fork()
    if not dead:
        os._exit(0)
    os.waitpid(dead, 0)
    state.save(LabState(dead, 1, "t", str(tmp_path / "hosts.yml"), "t"))
    (state.folder() / "broken.json").write_text("{")
    assert state.running() == []
    assert list(state.folder().iterdir()) == []


def test_a_folder_that_others_can_read_is_refused() -> None:
    state.folder().chmod(0o755)
    with pytest.raises(LabError, match="is not private to this user"):
        state.folder()
