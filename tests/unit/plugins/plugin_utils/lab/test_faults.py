# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults by name: where they strike and what they do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.faults import FaultError, parse
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import NodeState, Power
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import Lab, ccr


@pytest.mark.parametrize(
    ("name", "fields", "rc", "out", "err", "state"),
    [
        ("exit", {"rc": "42", "stderr": "no"}, 42, "", "no", "running"),
        ("no_effect", {}, 0, "", "", "running"),
        ("denied", {}, 5, "", "Access is denied.\n", "running"),
        ("exit", {"rc": "42", "when": "after", "stdout": "", "match": "stop"}, 42, None, "", "stopped"),
    ],
)
def test_a_command_is_answered_by_the_fault(name: Any, fields: Any, rc: Any, out: Any, err: Any, state: Any) -> None:
    it = ccr()
    it.world.faults.inject(name, {"program": "sc", "host": "NODEA", **fields})
    done = it.run("NODEA", "sc stop spooler")
    it.wait(10)
    assert (done.rc, done.err) == (rc, err)
    assert out is None or done.out == out
    assert it.host("NODEA").services["spooler"].state == state
    assert it.run("NODEA", "sc query spooler").rc == 0


@pytest.mark.parametrize(
    ("fields", "rcs"),
    [
        ({"count": "2"}, [9, 9, 0]),
        ({"count": "0"}, [9, 9, 9]),
        ({"host": "nodeb"}, [0, 0, 0]),
        ({"program": "sc"}, [0, 0, 0]),
        ({"program": "HOSTNAME"}, [9, 0, 0]),
        ({"match": "^HOST"}, [9, 0, 0]),
    ],
)
def test_where_and_how_often_it_strikes(fields: Any, rcs: Any) -> None:
    it = ccr()
    it.world.faults.inject("exit", {"rc": "9", **fields})
    assert [it.run("NODEA", "hostname").rc for _time in range(3)] == rcs


def test_a_hanging_command_stays_until_it_is_killed() -> None:
    it = ccr()
    it.world.faults.inject("hang", {"program": "hostname"})
    proc = it.start("NODEA", "hostname")
    it.wait(10000)
    assert proc.exit_code is None
    proc.kill()
    assert it.end(proc).rc == 1


def test_garbage_comes_with_a_good_exit_code() -> None:
    it = ccr()
    it.world.faults.inject("garbage", {})
    done = it.run("NODEA", "hostname")
    assert done.rc == 0
    assert "NODEA" not in done.out


@pytest.mark.parametrize(("when", "state"), [("before", "running"), ("after", "stop_pending")])
def test_a_crash_before_and_after_the_effect(when: Any, state: Any) -> None:
    it = ccr()
    it.world.faults.inject("crash", {"program": "sc", "when": when})
    proc = it.start("NODEA", "sc stop spooler")
    assert it.end(proc).rc == 1
    assert it.host("NODEA").power is not Power.ON
    assert ("stop_pending" in it.happened("service")) is (state == "stop_pending")


def test_a_command_whose_host_crashes_says_nothing() -> None:
    it = ccr()
    it.world.faults.inject("crash", {"program": "hostname"})
    assert it.run("NODEA", "hostname").out == ""


def drops(it: Lab) -> list[str]:
    wire = it.world.faults.wire
    return [fault.name for action in ("Command", "Receive", "Receive") if (fault := wire(it.host("NODEA"), action))]


def test_a_dropped_connection_at_a_command() -> None:
    it = ccr()
    it.world.faults.inject("drop", {"match": "hostname", "connections": "2"})
    assert drops(it) == []
    assert it.run("NODEA", "hostname").rc == 0
    assert drops(it) == ["drop", "drop"]


def test_faults_of_the_wire_do_not_strike_commands() -> None:
    it = ccr()
    it.world.faults.inject("drop", {"program": "wsman", "match": "Receive"})
    it.run("NODEA", "hostname")
    assert drops(it) == ["drop"]


def test_things_that_happen_at_once() -> None:
    it = ccr()
    faults = it.world.faults
    faults.inject("service_stop", {"host": "NODEB", "name": "spooler"})
    faults.inject("failover", {"host": "NODEA", "group": "CMS1"})
    faults.inject("disk_full", {"host": "NODEB", "free": "10"})
    it.wait(60)
    assert it.host("NODEB").services["spooler"].state == "stopped"
    assert it.cms.group.owner == "NODEB"
    assert it.host("NODEB").files.free_bytes == 10
    faults.inject("crash", {"host": "NODEA", "stays_down": "yes"})
    it.wait(1000)
    assert it.host("NODEA").power is Power.OFF
    faults.inject("power_on", {"host": "NODEA"})
    it.wait(600)
    assert it.cluster.node_states["NODEA"] is NodeState.UP
    assert it.rules() == []


def test_clear_disarms() -> None:
    it = ccr()
    it.world.faults.inject("exit", {"count": "0"})
    it.world.faults.clear()
    assert it.world.faults.active() == []
    assert it.run("NODEA", "hostname").rc == 0


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("explode", {}, "unknown fault 'explode': use one of crash"),
        ("exit", {"when": "later"}, "when=later: use before, after or now"),
        ("exit", {"when": "now"}, "when=now fits only crash"),
        ("exit", {"count": "x"}, "count is a number"),
        ("exit", {"match": "("}, "match a regular expression"),
    ],
)
def test_faults_that_make_no_sense(name: Any, fields: Any, words: Any) -> None:
    with pytest.raises(FaultError, match=words.replace("(", r"\(")) as error:
        parse(name, fields)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("fields", "words"), [({"host": "NOWHERE"}, "no host 'NOWHERE'"), ({}, "say on which host")])
def test_faults_without_a_place(fields: Any, words: Any) -> None:
    with pytest.raises(FaultError, match=words):
        ccr().world.faults.inject("crash", fields)
