# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fixed sample of the moving world with the real playbook over WinRM; make moving-world has every event at every act.

The lab stands still at the moment, something happens to the cluster, and the run goes on. What it makes of it is judged
by the lab's truth; at most one further run ends well. Two controllers that take different nodes of a shared cluster
are played on virtual time (tests/moving).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import (
    ask,
    console,
    eventually,
    not_upgraded,
    setups,
)
from ansible_collections.mailops.exchange2007.tests.kill.case import FAST, Playbook, Setting, playing

HERE = Path(__file__).resolve().parent
WHOLE = Setting("ccr-2003-rtm", "sp2")
HALF_WAY = Setting(HERE / "topologies" / "kill.yml", "sp2")
Event = Callable[[Lab], None]


def moment(when: str, match: str, host: str = "NODEB") -> dict[str, Any]:
    return {"when": when, "host": host, "match": match}


def by_hand(host: str, line: str) -> Event:
    """Somebody types a line on a host's console. The lab stands still: it has begun when the clock goes on."""

    def happen(lab: Lab) -> None:
        threading.Thread(target=console, args=(lab, host, line), daemon=True).start()
        eventually(lab, lambda truth: any(c["line"] == line for c in truth["commands"]), line)

    return happen


def failover(host: str) -> Event:
    return lambda lab: ask(lab, "inject", fault="failover", fields={"host": host}) and None


def second_controller(lab: Lab) -> None:
    lab.__dict__["others"] = [Playbook(lab, "sp2", "other")]


def disturbed(lab: Lab, setting: Setting, when: dict[str, Any], event: Event) -> list[int]:
    """Exit codes: of the run in which the event happens, of a second controller, of a further run if it is needed."""
    ask(lab, "hold", **when)
    playbook = Playbook(lab, setting.release, "first")
    try:
        while playbook.running() and not ask(lab, "held")["reached"]:
            time.sleep(0.05)
        assert ask(lab, "held")["reached"], playbook.complaints()
        event(lab)
    finally:
        ask(lab, "let_go", speed=FAST)
    codes = [playbook.wait(), *(other.wait() for other in lab.__dict__.get("others", []))]
    if 0 in codes and not not_upgraded(lab.truth(), setting.release):
        return codes
    settle(lab)
    return [*codes, Playbook(lab, setting.release, "further").wait()]


def settle(lab: Lab) -> None:
    """A Setup by hand ends, and whoever paused a node resumes it."""
    truth = eventually(lab, lambda t: not any(host["processes"] for host in t["hosts"].values()), "a quiet world")
    for cluster in truth["clusters"].values():
        for node, state in cluster["nodes"].items():
            if state == "paused":
                console(lab, node, f"cluster node {node} /resume")


def together(truth: dict[str, Any]) -> list[str]:
    """Setups of controllers on two nodes at once."""
    jobs = [c for c in truth["commands"] if c["top"] and c["logon"] == "batch"]
    spans = sorted((c["t"], c["t"] + (c["duration"] or 0.0), c["host"]) for c in jobs)
    return [f"{a[2]} and {b[2]} at t={b[0]}" for a, b in pairwise(spans) if a[2] != b[2] and b[0] < a[1]]


CASES = {
    "failover while the passive node is upgraded": (WHOLE, moment("event", "^setup begins Copying"), failover("NODEA")),
    "failover right before the handover": (
        HALF_WAY,
        moment("before", "Stop-ClusteredMailboxServer"),
        failover("NODEA"),
    ),
    "a group moved to the passive node while Setup is prepared": (
        WHOLE,
        moment("before", r"schtasks /create /tn mailops-upgrade-"),
        by_hand("NODEA", 'cluster group "Cluster Group" /move:NODEB'),
    ),
    "a node paused right before the handover": (
        HALF_WAY,
        moment("before", r"^\(md \S+mailops-upgradecms-"),
        by_hand("NODEA", "cluster node NODEA /pause"),
    ),
    "a service pack by hand between plan and act": (
        WHOLE,
        moment("before", '^cluster.* group "Cluster Group" /move'),
        by_hand("NODEB", r"D:\media\sp2\Setup.com /mode:upgrade"),
    ),
    "a second controller": (WHOLE, moment("before", r"^\(md \S+mailops-upgrade-"), second_controller),
}


@pytest.mark.parametrize("what", CASES)
def test_at_most_one_further_run_is_needed(tmp_path: Path, what: str) -> None:
    setting, when, event = CASES[what]
    with playing(setting, tmp_path) as lab:
        codes = disturbed(lab, setting, when, event)
        truth = lab.truth()
    assert 0 in codes[-2:], codes
    assert together(truth) == []
    allowed = ("I1", "I5") if "by hand" in what else ()
    assert [text for text in not_upgraded(truth, "sp2") if not text.startswith(allowed or ("-",))] == []
    assert ("NODEA", "upgrade") not in setups(truth)[:1]
