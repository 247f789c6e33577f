# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller dies at bad moments; running the playbook again ends well, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import (
    Truth,
    eventually,
    not_upgraded,
    setups,
)

Play = Callable[..., Any]


def happened(kind: str, what: str) -> Callable[[Truth], bool]:
    """Whether an event of that kind, whose text begins so, is in the truth."""
    return lambda truth: any(e["kind"] == kind and e["what"].startswith(what) for e in truth["timeline"])


def count(truth: Truth, kind: str, what: str) -> int:
    """How many such events there were."""
    return sum(e["kind"] == kind and e["what"].startswith(what) for e in truth["timeline"])


def kill_when(lab: Lab, begin_upgrade: Callable[..., Any], kind: str, what: str) -> Truth:
    """Start the playbook, kill it as soon as the event is there; the truth right after."""
    playbook, good = begin_upgrade(lab), happened(kind, what)
    eventually(lab, lambda truth: good(truth) or playbook.is_over(), f"{kind} {what}")
    assert not playbook.is_over(), playbook.output
    playbook.kill()
    return lab.truth()


@pytest.mark.parametrize("lab", ["slow-setup"], indirect=True)
def test_killed_while_setup_runs_on_the_passive_node(lab: Lab, begin_upgrade: Play, upgrade: Play) -> None:
    """Setup goes on without us, with the Cluster service stopped; the second run joins it."""
    truth = kill_when(lab, begin_upgrade, "node", "down")
    assert setups(truth) == [("NODEB", "upgrade")]
    run = upgrade(lab)
    assert run.code == 0, run.output
    truth = lab.truth()
    assert not_upgraded(truth, "sp2") == []
    assert setups(truth) == [("NODEB", "upgrade"), ("NODEB", "upgradecms"), ("NODEA", "upgrade")]


@pytest.mark.parametrize("lab", ["half-way"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "what"),
    [("cms", "stop"), ("cms", "move"), ("setup", "begins Clustered Mailbox Server"), ("cms", "start")],
    ids=["stopped", "moved", "in Setup", "starting"],
)
def test_killed_in_the_offline_window(lab: Lab, begin_upgrade: Play, upgrade: Play, kind: str, what: str) -> None:
    """The mailbox server is brought back, each act of the window is done once."""
    truth = kill_when(lab, begin_upgrade, kind, what)
    assert truth["outages"]["CMS1"]["intervals"]
    run = upgrade(lab)
    assert run.code == 0, run.output
    truth = lab.truth()
    assert not_upgraded(truth, "sp2") == []
    assert setups(truth) == [("NODEB", "upgradecms"), ("NODEA", "upgrade")]
    assert [count(truth, "cms", act) for act in ("stop", "move", "upgraded", "start")] == [1, 1, 1, 1]


@pytest.mark.parametrize("lab", ["moved"], indirect=True)
def test_a_window_that_was_left_after_the_move(lab: Lab, upgrade: Play) -> None:
    """Nothing of the dead run but the state of the cluster: the server is upgraded and started where it is."""
    run = upgrade(lab)
    assert run.code == 0, run.output
    truth = lab.truth()
    assert not_upgraded(truth, "sp2") == []
    assert setups(truth) == [("NODEB", "upgradecms"), ("NODEA", "upgrade")]


def test_killed_while_the_passive_node_restarts(lab: Lab, begin_upgrade: Play, upgrade: Play) -> None:
    """The second run waits for the node, and restarts it no second time."""
    truth = kill_when(lab, begin_upgrade, "power", "restart")
    assert setups(truth) == [("NODEB", "upgrade")]
    eventually(lab, lambda t: t["clusters"]["CLUS1"]["nodes"]["NODEB"] == "up" and t["hosts"]["NODEB"]["boots"], "up")
    run = upgrade(lab)
    assert run.code == 0, run.output
    truth = lab.truth()
    assert not_upgraded(truth, "sp2") == []
    assert [truth["hosts"][node]["boots"] for node in ("NODEA", "NODEB")] == [1, 1]
