# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""storage_group_copy_info: healthy only when every copy was in every reading."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.modules.storage_group_copy_info import run
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import Played, World, task

PARAMS: dict[str, Any] = {"server": "CMS1", "samples": 3, "interval": 5.0, "max_queue": 10, "timeout": 0, "poll": 10.0}
GOOD = ("SG1", "Healthy", "0", "1")


def call(world: World, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    return run(task(Played(world), {**PARAMS, **changes}, check=check))


@pytest.mark.parametrize("check", [False, True])
def test_healthy(check: bool) -> None:
    assert call(World(samples=((GOOD,),)), check=check) == {
        "changed": False,
        "copies": [{"name": "SG1", "status": "Healthy", "copy_queue": 0, "replay_queue": 1}],
        "healthy": True,
        "reasons": [],
    }


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (((GOOD,), (("SG1", "Failed", "0", "0"),), (GOOD,)), "is Failed"),
        (((("SG1", "Healthy", "", "0"),),), "can't be read"),
        (((("SG1", "Healthy", "11", "0"),),), "11 logs behind"),
        (tuple(((("SG1", "Healthy", str(n), "0"),)) for n in (1, 2, 3)), "falls further behind"),
        (((),), "could be read"),
    ],
    ids=["once failed", "no queue", "behind", "growing", "none"],
)
def test_not_healthy(samples: Any, reason: str) -> None:
    if samples and samples[0] and isinstance(samples[0][0], str):
        samples = tuple((copy,) for copy in samples)
    result = call(World(samples=samples))
    assert not result["healthy"]
    assert reason in result["reasons"][0]


def test_a_longer_queue_may_be_allowed() -> None:
    assert call(World(samples=((("SG1", "Healthy", "11", "0"),),)), max_queue=11)["healthy"]


@pytest.mark.parametrize(
    "before",
    [World(samples=((("SG1", "Failed", "0", "0"),),)), World(samples=((GOOD,),), shell_error="it starts")],
    ids=["behind", "no shell yet"],
)
def test_copies_get_time_to_catch_up(before: World) -> None:
    played = Played(before)
    played.clock.after(25, lambda: setattr(played, "world", World(samples=((GOOD,),))))
    assert run(task(played, {**PARAMS, "timeout": 60}))["healthy"]
    assert played.clock.slept == [10.0, 10.0, 10.0]


def test_copies_that_do_not_catch_up_are_told_as_they_are() -> None:
    played = Played(World(samples=((("SG1", "Failed", "0", "0"),),)))
    assert not run(task(played, {**PARAMS, "timeout": 60}))["healthy"]
    assert sum(played.clock.slept) == 60


@pytest.mark.parametrize(
    ("changes", "part"),
    [({"shell_error": "no such server"}, "no such server"), ({"exchange_read": False}, "no install path")],
)
def test_failures(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(Failure, match=part):
        call(replace(World(), **changes))
