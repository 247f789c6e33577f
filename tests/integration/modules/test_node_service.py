# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_service: start, stop and restart, and services that will not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import console_code

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]

SERVICE = "Spooler"


def state(lab: Lab, name: str = SERVICE) -> str:
    """State of a service of NODEA in the lab."""
    return str(lab.truth()["hosts"]["NODEA"]["services"][name])


def test_stop_start_restart(pair: Lab, honest: Module) -> None:
    """Each once; stop and start once more with nothing left to do."""
    for wanted, seen in (("stopped", "stopped"), ("started", "running")):
        result = honest(pair, "nodea", "node_service", name=SERVICE, state=wanted, poll=0.1)
        assert result["changed"]
        assert result["after"] == {"state": seen}
        assert state(pair) == seen
        assert not honest(pair, "nodea", "node_service", name="spooler", state=wanted, poll=0.1)["changed"]
    assert len(honest(pair, "nodea", "node_service", name=SERVICE, state="restarted", poll=0.1)["commands"]) == 2
    assert state(pair) == "running"


def test_check_mode_and_diff(untouched_lab: Lab, foretell: Module) -> None:
    """The lines that would be run."""
    told = foretell(
        untouched_lab,
        [
            ("stop", "nodea", "node_service", {"name": SERVICE, "state": "stopped"}),
            ("restart", "nodea", "node_service", {"name": SERVICE, "state": "restarted"}),
            ("nothing", "nodea", "node_service", {"name": SERVICE, "state": "started"}),
            ("missing", "nodea", "node_service", {"name": "nosuch", "state": "stopped", "missing_ok": True}),
        ],
    )
    assert told["stop"]["commands"] == ['sc stop "Spooler"']
    assert told["restart"]["commands"] == ['sc stop "Spooler"', 'sc start "Spooler"']
    assert [told[task]["changed"] for task in told] == [True, True, False, False]
    assert ("running" in told["stop"]["diff"]["before"], "stopped" in told["stop"]["diff"]["after"]) == (True, True)


@pytest.mark.parametrize("wanted", ["started", "stopped", "restarted"])
def test_a_service_that_is_not_there(pair: Lab, refused: Module, wanted: str) -> None:
    """Its name, and where it was looked for."""
    refused(pair, "nodea", "node_service", "'nosuch'", "there is no such service", "nodea", name="nosuch", state=wanted)


def test_a_missing_service_counts_as_stopped_where_that_is_wished(pair: Lab, honest: Module, refused: Module) -> None:
    """But not as started."""
    assert not honest(pair, "nodea", "node_service", name="nosuch", state="stopped", missing_ok=True)["changed"]
    refused(pair, "nodea", "node_service", "no such service", name="nosuch", state="started", missing_ok=True)


def test_a_disabled_service(pair: Lab, module: Module) -> None:
    """1058, by name, and what to do."""
    assert console_code(pair, "NODEA", "sc config SysmonLog start= disabled") == 0
    result = module(pair, "nodea", "node_service", name="SysmonLog", state="started", poll=0.1)
    assert result["failed"]
    assert "1058 ERROR_SERVICE_DISABLED" in result["msg"]
    assert state(pair, "SysmonLog") == "stopped"


@pytest.mark.parametrize(("code", "name"), [(5, "ERROR_ACCESS_DENIED"), (1068, "ERROR_SERVICE_DEPENDENCY_FAIL")])
def test_sc_refuses(pair: Lab, module: Module, faulty: Faulty, code: int, name: str) -> None:
    """The number and its name."""
    with faulty(pair, "exit", program="sc", match="^sc stop|stop", rc=str(code)):
        result = module(pair, "nodea", "node_service", name=SERVICE, state="stopped", poll=0.1)
    assert result["failed"]
    assert f"{code} {name}" in result["msg"]
    assert state(pair) == "running"


@pytest.mark.parametrize("code", ["0", "1062"], ids=["success that is none", "stopped already, it says"])
def test_sc_is_not_believed(pair: Lab, module: Module, faulty: Faulty, code: str) -> None:
    """The state is watched, and stays what it is."""
    with faulty(pair, "exit", program="sc", match="stop", rc=code):
        result = module(pair, "nodea", "node_service", name=SERVICE, state="stopped", poll=0.05, timeout=1)
    assert result["failed"]
    assert "not so after 1 s; last seen: running" in result["msg"]


def test_a_state_that_cannot_be_read(pair: Lab, refused: Module, faulty: Faulty) -> None:
    """Looked at again until the time is over; nothing is done to such a service."""
    arguments: dict[str, Any] = {"name": SERVICE, "state": "stopped", "timeout": 1, "poll": 0.1}
    with faulty(pair, "garbage", program="sc"):
        refused(pair, "nodea", "node_service", "told no state on nodea in 1 s", **arguments)
