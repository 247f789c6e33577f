# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_service: started, stopped, restarted, by state numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.plugins.modules.node_service import run
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    Act,
    Effect,
    Played,
    World,
    task,
)

PARAMS: dict[str, Any] = {"name": "My Svc", "state": "started", "missing_ok": False, "timeout": 20, "poll": 2.0}
STOPPED, STARTING, STOPPING, RUNNING, PAUSED = 1, 2, 3, 4, 7


def world(number: int) -> World:
    return World(services={"My Svc": number})


def to(number: int) -> Effect:
    return lambda w: replace(w, services={"My Svc": number})


def call(channel: Played, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    return run(task(channel, {**PARAMS, **changes}, check=check))


START = Act('^sc start "My Svc"$', to(STARTING), later=((3, to(RUNNING)),))
STOP = Act('^sc stop "My Svc"$', to(STOPPING), later=((3, to(STOPPED)),))


@pytest.mark.parametrize(
    ("before", "state", "acts", "after"),
    [
        pytest.param(STOPPED, "started", [START], "running", id="start"),
        pytest.param(RUNNING, "stopped", [STOP], "stopped", id="stop"),
        pytest.param(PAUSED, "stopped", [STOP], "stopped", id="stop a paused one"),
        pytest.param(
            RUNNING,
            "stopped",
            [replace(STOP, effect=None, later=(), lost="after"), STOP],
            "stopped",
            id="stop, lost on the way",
        ),
        pytest.param(RUNNING, "restarted", [STOP, START], "running", id="restart"),
        pytest.param(STOPPED, "restarted", [START], "running", id="restart a stopped one"),
        pytest.param(
            STARTING, "started", [replace(START, result=Result(1056, "x"))], "running", id="it starts already"
        ),
        pytest.param(RUNNING, "stopped", [replace(STOP, result=Result(1062, "x"))], "stopped", id="stopped meanwhile"),
    ],
)
def test_changes(before: int, state: str, acts: list[Act], after: str) -> None:
    channel = Played(world(before), *acts)
    result = call(channel, state=state)
    assert (result["changed"], result["after"]) == (True, {"state": after})
    assert channel.acts == []


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("before", "state"), [(RUNNING, "started"), (STOPPED, "stopped")])
def test_nothing_to_do(before: int, state: str, check: bool) -> None:
    assert not call(Played(world(before)), check=check, state=state)["changed"]


@pytest.mark.parametrize(
    ("before", "state", "commands", "after"),
    [
        (STOPPED, "started", ['sc start "My Svc"'], "running"),
        (RUNNING, "stopped", ['sc stop "My Svc"'], "stopped"),
        (RUNNING, "restarted", ['sc stop "My Svc"', 'sc start "My Svc"'], "running"),
    ],
)
def test_check_mode(before: int, state: str, commands: list[str], after: str) -> None:
    result = call(Played(world(before)), check=True, state=state)
    assert (result["changed"], result["commands"], result["after"]) == (True, commands, {"state": after})


@pytest.mark.parametrize(
    ("missing_ok", "state", "fails"),
    [(True, "stopped", False), (False, "stopped", True), (True, "started", True), (True, "restarted", True)],
)
def test_a_service_that_does_not_exist(missing_ok: bool, state: str, fails: bool) -> None:
    channel = Played(World(services={}))
    if fails:
        with pytest.raises(Failure, match="no such service on nodeb"):
            call(channel, missing_ok=missing_ok, state=state)
    else:
        assert call(channel, missing_ok=missing_ok, state=state)["before"] == {"state": "absent"}


@pytest.mark.parametrize(
    ("act", "part"),
    [
        (Act("sc start", result=Result(5, "x")), "5 ERROR_ACCESS_DENIED"),
        (Act("sc start"), "last seen: stopped"),
        (Act("sc start", to(STARTING)), "last seen: start_pending"),
    ],
    ids=["denied", "without effect", "it never ends"],
)
def test_failures(act: Act, part: str) -> None:
    with pytest.raises(Failure, match=part):
        call(Played(world(STOPPED), act))


def test_a_state_that_cannot_be_read_is_not_touched() -> None:
    channel = Played(world(0))
    with pytest.raises(Failure, match="told no state"):
        call(channel)
    assert channel.done == []


def test_a_restart_whose_start_fails_has_changed_something() -> None:
    with pytest.raises(Failure) as failed:
        call(Played(world(RUNNING), STOP, Act("sc start", result=Result(5, "x"))), state="restarted")
    assert failed.value.changed
