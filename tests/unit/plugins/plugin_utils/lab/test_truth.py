# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground truth: command log, effects, outages, invariants, the report."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import snapshot
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import NodeState
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    NETWORK,
    Lab,
    ccr,
    scc,
)

NEW = (8, 2, 176, 2)


def test_a_command_line_and_the_programs_below_it() -> None:
    it = ccr()
    it.run("NODEA", "hostname & sc query clussvc", NETWORK)
    log = [(c.line.strip(), c.top, c.logon, c.rc, c.mutating) for c in it.world.truth.commands]
    assert log == [
        ("hostname & sc query clussvc", True, "network", 0, False),
        ("hostname", False, "network", 0, False),
        ("sc query clussvc", False, "network", 0, False),
    ]


def test_a_change_marks_the_program_and_the_line_above_it() -> None:
    it = ccr()
    it.run("NODEA", "hostname & sc stop spooler")
    assert [c.mutating for c in it.world.truth.commands] == [True, False, True]
    stop = it.world.truth.timeline[0]
    assert (stop["kind"], stop["what"], stop["command"]) == ("service", "stop_pending", 3)


def test_what_happens_by_itself_is_nobodys_command() -> None:
    it = ccr()
    it.world.physics.crash(it.host("NODEA"))
    it.wait(60)
    assert it.world.truth.timeline
    assert {event["command"] for event in it.world.truth.timeline} == {None}


def test_a_killed_command_is_logged_with_its_end() -> None:
    it = ccr()
    proc = it.start("NODEA", "ping -n 100 127.0.0.1")
    it.wait(5)
    proc.kill()
    it.end(proc)
    top = it.world.truth.commands[0]
    assert top.rc == 1
    assert top.duration and top.duration < 20


def test_an_outage_is_measured_and_stays_open() -> None:
    it = ccr()
    it.world.physics.stop_cms(it.cms, "x", None)
    it.wait(100)
    assert it.world.truth.outage("CMS1") == {
        "total_seconds": 100.0,
        "wall_seconds": pytest.approx(0, abs=1),
        "open": True,
        "intervals": [{"from": 0.0, "to": None}],
    }
    it.world.physics.start_cms(it.cms, None)
    it.wait(100)
    outage = it.world.truth.outage("CMS1")
    assert (outage["total_seconds"], outage["open"]) == (145.0, False)


def upgraded(it: Lab, *names: str) -> None:
    for name in names:
        it.world.physics.upgrade_bits(it.host(name), NEW, None)


@pytest.mark.parametrize(
    ("owner", "done", "cms", "rules"),
    [
        ("NODEA", (), False, []),
        ("NODEB", (), False, ["I1", "I1"]),
        ("NODEA", ("NODEA",), False, ["I2"]),
        ("NODEA", ("NODEA",), True, []),
    ],
)
def test_before_an_upgrade_of_nodeb(owner: Any, done: Any, cms: Any, rules: Any) -> None:
    it = ccr()
    for group in it.cluster.groups:
        group.owner = owner if group.kind != "cms" else "NODEA"
    upgraded(it, *done)
    if cms:
        it.cms.version = NEW
    it.world.truth.invariants.before_upgrade(it.host("NODEB"), NEW)
    assert it.rules() == rules


def test_every_server_counts_for_i2() -> None:
    it = scc()
    upgraded(it, "NODEA", "NODEB")
    it.cluster.groups[0].owner = "NODEA"
    it.cms.version = NEW
    it.world.truth.invariants.before_upgrade(it.host("NODEC"), NEW)
    assert [(v["rule"], "CMS2" in v["what"]) for v in it.world.truth.violations] == [("I2", True)]


@pytest.mark.parametrize("state", [NodeState.DOWN, NodeState.PAUSED, NodeState.JOINING])
def test_one_node_at_a_time(state: Any) -> None:
    it = ccr()
    it.cluster.node_states["NODEA"] = state
    it.world.truth.invariants.before_restart(it.host("NODEB"), "restart")
    assert it.rules() == ["I5"]


def test_a_mate_in_setup_counts_as_away() -> None:
    it = ccr()
    it.start("NODEB", r"D:\media\sp2\Setup.com /m:upgrade")
    it.wait(100)
    it.world.truth.invariants.before_restart(it.host("NODEA"), "restart")
    assert it.rules() == ["I5"]


@pytest.mark.parametrize("act", ["begin_online", "begin_offline"])
def test_cluster_exe_on_a_mailbox_server_breaks_i6(act: Any) -> None:
    it = ccr()
    getattr(it.world.physics, act)(it.cms.group, None)
    assert it.rules() == ["I6"]


def test_the_report_is_json_and_holds_everything() -> None:
    it = ccr()
    it.run("NODEA", "sc stop spooler")
    report = json.loads(json.dumps(snapshot.truth(it.world, {"topology": "t"}, {"NODEA": {"requests": 1}})))
    assert report["lab"] == {"topology": "t", "now": it.world.clock.now()}
    assert report["hosts"]["NODEA"]["exchange"] == {
        "version": "8.0.685.25",
        "release": "rtm",
        "complete": True,
        "rollups": ["Update Rollup 1 for Exchange Server 2007"],
    }
    cms = report["clusters"]["CLUS1"]["cms"]["CMS1"]
    assert (cms["version"], cms["release"], cms["owner"], cms["state"]) == ("8.0.685.24", "rtm", "NODEA", "online")
    assert cms["databases"]["Second Storage Group\\Staff (A-K)"] == "mounted"
    assert cms["copies"]["First Storage Group"] == {"status": "Healthy", "copy_queue": 0}
    assert report["mutating_commands"] == 1
    assert (report["outages"]["CMS1"]["total_seconds"], report["violations"]) == (0, [])
    assert report["transport"] == {"NODEA": {"requests": 1}}
