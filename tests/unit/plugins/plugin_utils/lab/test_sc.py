# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sc.exe: layouts, numbers, and what its orders do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    NETWORK,
    ccr,
    lab,
    two_nodes,
)

CONSOLE = Logon("LAB\\upgrade", "interactive")


def test_the_layout_of_a_query() -> None:
    assert ccr().run("NODEA", "sc query ClusSvc").out.splitlines() == [
        "",
        "SERVICE_NAME: ClusSvc",
        "        TYPE               : 10  WIN32_OWN_PROCESS ",
        "        STATE              : 4  RUNNING ",
        "                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)",
        "        WIN32_EXIT_CODE    : 0  (0x0)",
        "        SERVICE_EXIT_CODE  : 0  (0x0)",
        "        CHECKPOINT         : 0x0",
        "        WAIT_HINT          : 0x0",
    ]


@pytest.mark.parametrize(
    ("line", "rc", "piece"),
    [
        ("sc query nothing", 1060, "[SC] EnumQueryServicesStatus:OpenService FAILED 1060:"),
        ("sc start nothing", 1060, "[SC] OpenService FAILED 1060:"),
        ("sc start clussvc", 1056, "[SC] StartService FAILED 1056:"),
        ("sc stop sysmonlog", 1062, "[SC] ControlService FAILED 1062:"),
        ("sc stop spooler", 0, "STATE              : 3  STOP_PENDING"),
        ("sc start sysmonlog", 0, "STATE              : 2  START_PENDING"),
        ("sc queryex spooler", 0, "PID                : 1280"),
        ("sc query sysmonlog", 0, "STATE              : 1  STOPPED"),
        ("sc qc spooler", 0, "START_TYPE         : 2   AUTO_START"),
        ("sc config spooler start= disabled", 0, "[SC] ChangeServiceConfig SUCCESS"),
        ("sc config spooler", 1639, "DESCRIPTION:"),
        ("sc what spooler", 1639, "DESCRIPTION:"),
        (r"sc \\NODEB query clussvc", 5, "[SC] OpenSCManager FAILED 5:"),
        (r"sc \\NOWHERE query clussvc", 1722, "[SC] OpenSCManager FAILED 1722:"),
        (r"sc \\NODEA query clussvc", 0, "4  RUNNING"),
    ],
)
def test_answers(line: Any, rc: Any, piece: Any) -> None:
    done = ccr().run("NODEA", line, NETWORK)
    assert (done.rc, piece in done.out) == (rc, True)


def test_all_services_and_only_the_stopped_ones() -> None:
    it = ccr()
    assert "SERVICE_NAME: ClusSvc\nDISPLAY_NAME: Cluster Service\n" in it.run("NODEA", "sc query").out
    assert "SysmonLog" not in it.run("NODEA", "sc query").out
    assert "SysmonLog" in it.run("NODEA", "sc query state= all").out
    assert "ClusSvc" not in it.run("NODEA", "sc query state= inactive").out


def test_a_console_reaches_other_computers() -> None:
    it = ccr()
    assert it.run("NODEA", r"sc \\NODEB stop spooler", CONSOLE).rc == 0
    it.wait(10)
    assert it.host("NODEB").services["spooler"].state == "stopped"


def test_orders_take_a_while() -> None:
    it = ccr()
    it.run("NODEA", "sc stop spooler")
    it.wait(10)
    assert it.host("NODEA").services["spooler"].state == "stopped"
    it.run("NODEA", "sc start spooler")
    it.wait(10)
    assert it.host("NODEA").services["spooler"].state == "running"
    assert it.world.truth.commands[0].mutating


def test_a_query_changes_nothing() -> None:
    it = ccr()
    it.run("NODEA", "sc query spooler & sc qc spooler & sc start spooler")
    assert not any(command.mutating for command in it.world.truth.commands)


def test_labels_are_localised_and_states_are_not() -> None:
    it = lab({**two_nodes("sp1"), "windows": {"family": "2003", "language": "xx"}})
    out = it.run("NODEA", "sc query clussvc").out
    assert ": 4  RUNNING" in out
    assert "STATE" not in out


@pytest.mark.parametrize(("windows", "call"), [("2003", "GetServiceConfig"), ("2008", "QueryServiceConfig")])
def test_qc_on_both_generations(windows: Any, call: Any) -> None:
    assert f"[SC] {call} SUCCESS" in lab(two_nodes("sp1", windows)).run("NODEA", "sc qc spooler").out
