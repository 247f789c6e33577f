# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_wait: looked at until it is so, in check mode too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.modules.node_wait import run
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import Played, World, task

PARAMS: dict[str, Any] = {"for": "answer", "services": ["ClusSvc"], "timeout": 60, "poll": 5.0}


def call(channel: Played, goal: str = "answer", *, check: bool = False) -> dict[str, Any]:
    return run(task(channel, {**PARAMS, "for": goal}, check=check))


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("goal", ["answer", "services", "membership"])
def test_what_is_so_is_not_waited_for(goal: str, check: bool) -> None:
    result = call(Played(World()), goal, check=check)
    assert (result["changed"], result["elapsed"]) == (False, 0)
    assert "everything there" in result["observation"]


@pytest.mark.parametrize(
    ("changes", "goal", "part"),
    [
        ({"services": {"ClusSvc": 2}}, "services", "ClusSvc not running"),
        ({"services": {"ClusSvc": 2}}, "membership", "ClusSvc not running"),
        ({"nodes": {"NODEA": 0, "NODEB": 3}}, "membership", "in the cluster it is joining"),
        ({"cluster_rc": 1753}, "membership", "not listed"),
    ],
)
def test_what_is_missing_is_waited_for_and_told(changes: dict[str, Any], goal: str, part: str) -> None:
    world = replace(World(), **changes)
    with pytest.raises(Failure, match="not so after 60 s") as failed:
        call(Played(world), goal)
    assert part in failed.value.seen
    assert not failed.value.changed
    channel = Played(world)
    channel.clock.after(12, lambda: channel.change(lambda w: World()))
    assert call(channel, goal)["elapsed"] == 15


def test_what_was_not_asked_for_is_not_waited_for() -> None:
    assert call(Played(World(services={}, cluster_rc=1753)))["elapsed"] == 0


def test_a_silent_node_is_waited_for_over_new_connections() -> None:
    channel = Played(World())
    channel.quiet = 4
    assert call(channel)["elapsed"] == 20
    assert channel.resets == 4
