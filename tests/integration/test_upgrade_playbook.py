# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upgrade playbook where it must not touch anything; extensions/molecule and the rehearsal let it work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab

UPGRADE = "mailops.exchange2007.upgrade"
GOAL = {"upgrade_release": "sp2", "upgrade_media": "D:\\media\\sp2"}

Play = Callable[..., Any]


def test_check_mode_shows_the_plan_and_touches_nothing(untouched_lab: Lab, playbook: Play) -> None:
    """--check --diff reads, plans and stops."""
    run = playbook(untouched_lab, UPGRADE, "--check", "--diff", **GOAL)
    assert run.code == 0, run.output
    assert run.changed == []
    assert "NODEB" in str(run.results["Show the plan"])
    assert untouched_lab.truth()["mutating_commands"] == 0


@pytest.mark.parametrize(("limit", "missing"), [("nodea", "NODEB"), ("nodeb", "NODEA")])
def test_limit_is_refused_by_the_name_of_the_missing_node(
    untouched_lab: Lab, playbook: Play, limit: str, missing: str
) -> None:
    """A cluster is upgraded with all its nodes or not at all."""
    run = playbook(untouched_lab, UPGRADE, "--limit", limit, **GOAL)
    assert run.code == 2, run.output
    assert missing in run.output
    assert untouched_lab.truth()["mutating_commands"] == 0


def test_wrong_password_stops_everything(untouched_lab: Lab, playbook: Play) -> None:
    """The node that cannot be read is named, and its mate is left alone."""
    run = playbook(untouched_lab, UPGRADE, ansible_password="wrong", **GOAL)
    assert run.code == 4, run.output
    assert untouched_lab.truth()["mutating_commands"] == 0


def test_missing_media_is_refused_before_anything_is_touched(untouched_lab: Lab, playbook: Play) -> None:
    """The folder is named."""
    run = playbook(untouched_lab, UPGRADE, upgrade_release="sp2", upgrade_media="D:\\nowhere")
    assert run.code == 2, run.output
    assert "D:\\nowhere" in run.output
    assert untouched_lab.truth()["mutating_commands"] == 0
