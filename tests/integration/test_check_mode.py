# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode of the playbook: the plan is told, and nothing is changed. Each module's own: modules/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import acts, group_of

Play = Callable[..., Any]


@pytest.mark.parametrize("options", [("--check",), ("--check", "--diff")], ids=" ".join)
def test_the_playbook_plans_and_does_nothing(untouched_lab: Lab, upgrade: Play, options: tuple[str, ...]) -> None:
    """Every step of both nodes, and the point of no return."""
    group = group_of(untouched_lab, "CLUS1")
    run = upgrade(untouched_lab, *options)
    assert run.code == 0, run.output
    assert run.changed == []
    plan = "\n".join(run.results["Show the plan"]["nodea"]["msg"])
    steps = [
        f"NODEB: move group '{group}' to NODEA",
        "NODEB: Setup /mode:upgrade from 8.0.685.25 to SP2",
        "NODEB: restart",
        "point of no return",
        "OUTAGE of CMS1",
        "NODEA: Setup /mode:upgrade from 8.0.685.25 to SP2",
        "NODEA: restart",
    ]
    places = [plan.find(step) for step in steps]
    assert -1 not in places, plan
    assert places == sorted(places), plan
    truth = untouched_lab.truth()
    assert truth["mutating_commands"] == 0
    assert acts(truth) == []
