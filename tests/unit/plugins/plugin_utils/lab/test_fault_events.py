# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that happen to a host, at a command or at once; and faults at every program and at whole lines."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.fault_events import EVENTS
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.faults import FaultError, parse
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs import _MODULES
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import NodeState, Power
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    NETWORK,
    SP2,
    Lab,
    ccr,
    lab,
    two_nodes,
)

# What each program does in a line that changes nothing; every program that the lab plays is here.
LINES = {
    "attrib": "attrib C:\\Temp",
    "certutil": "certutil -hashfile C:\\boot.ini",
    "chcp": "chcp",
    "cluster": "cluster node",
    "cmd": "cmd /c ver",
    "dsquery": "dsquery *",
    "exsetup": f"{SP2} /nonsense",
    "fc": "fc C:\\a C:\\b",
    "find": 'find "x" C:\\a',
    "findstr": "findstr x C:\\a",
    "hostname": "hostname",
    "more": "more C:\\a",
    "msiexec": "msiexec /i C:\\nosuch.msi /qn",
    "net": "net helpmsg 5",
    "ping": "ping -n 1 127.0.0.1",
    "powershell": "powershell -Command 1",
    "reg": "reg query HKLM\\SOFTWARE",
    "sc": "sc query",
    "schtasks": "schtasks /query",
    "servermanagercmd": "servermanagercmd -query",
    "shutdown": "shutdown /a",
    "sort": "sort C:\\a",
    "taskkill": "taskkill /pid 1",
    "tasklist": "tasklist",
    "timeout": "timeout /t 1",
    "whoami": "whoami",
    "winrm": "winrm get winrm/config",
    "wmic": "wmic os get Version",
}
ON_2008 = ("servermanagercmd", "timeout")


def played(program: str) -> Lab:
    return lab(two_nodes(windows="2008")) if program in ON_2008 else ccr()


def test_every_program_has_its_line() -> None:
    assert set(LINES) == set(_MODULES)


@pytest.mark.parametrize("program", sorted(LINES))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fault_strikes_every_program(program: str, when: str) -> None:
    it = played(program)
    name = "setup" if program == "exsetup" else program
    fault = it.world.faults.inject("exit", {"program": name, "when": when, "rc": "77", "stdout": "STRUCK"})
    done = it.run("NODEA", LINES[program])
    assert (done.rc, fault.struck) == (77, 1)
    assert done.out.endswith("STRUCK")
    assert (done.out == "STRUCK") or when == "after"


@pytest.mark.parametrize(
    ("name", "fields", "rc", "out"),
    [
        ("exit", {"rc": "9"}, 9, ""),
        ("no_effect", {}, 0, ""),
        ("denied", {}, 5, ""),
        ("exit", {"rc": "9", "when": "after"}, 9, "a\n"),
        ("exit", {"rc": "9", "match": "nothing of the kind"}, 0, "a\n"),
        ("exit", {"rc": "9", "program": "cmd"}, 0, "a\n"),  # built-in commands are no programs
    ],
)
def test_a_fault_of_a_whole_line(name: str, fields: dict[str, str], rc: int, out: str) -> None:
    it = ccr()
    it.world.faults.inject(name, {"program": "line", **fields})
    done = it.run("NODEA", "echo a& echo x>C:\\Temp\\x.txt")
    assert (done.rc, done.out) == (rc, out)
    assert (it.host("NODEA").files.entry("C:\\Temp\\x.txt") is not None) == bool(out)


def test_a_line_hangs_and_a_host_crashes_after_one() -> None:
    it = ccr()
    it.world.faults.inject("hang", {"program": "line", "host": "NODEA"})
    proc = it.start("NODEA", "echo a")
    it.wait(5000)
    assert proc.exit_code is None
    proc.kill()
    it.world.faults.inject("crash", {"program": "line", "host": "NODEB", "when": "after"})
    assert it.run("NODEB", "echo x>C:\\x.txt").rc == 1
    assert it.host("NODEB").files.entry("C:\\x.txt")
    assert it.host("NODEB").power is Power.OFF


def test_a_fault_of_any_program_leaves_lines_alone() -> None:
    it = ccr()
    fault = it.world.faults.inject("exit", {"count": "0"})
    assert it.run("NODEA", "echo a").rc == 0
    assert fault.struck == 0


# ---- what happens to a host


def test_a_node_that_does_not_come_back() -> None:
    it = ccr()
    it.world.faults.inject("no_boot", {"host": "NODEB"})
    it.world.physics.shutdown(it.host("NODEB"), True, 0, None)
    it.wait(3000)
    assert it.host("NODEB").power is Power.OFF
    assert it.cluster.node_states["NODEB"] is NodeState.DOWN
    it.world.faults.inject("power_on", {"host": "NODEB"})
    it.wait(600)
    assert it.cluster.node_states["NODEB"] is NodeState.UP


@pytest.mark.parametrize(
    ("how", "service", "state"), [("stopped", "stopped", NodeState.DOWN), ("joining", "running", NodeState.JOINING)]
)
def test_a_node_that_comes_back_and_does_not_join(how: str, service: str, state: NodeState) -> None:
    it = ccr()
    it.world.faults.inject("no_join", {"host": "NODEB", "how": how})
    it.world.physics.shutdown(it.host("NODEB"), True, 0, None)
    it.wait(3000)
    node = it.host("NODEB")
    assert (node.answers(), node.services["clussvc"].state) == (True, service)
    assert node.services["spooler"].state == "running"
    assert it.cluster.node_states["NODEB"] is state
    if service == "running":
        it.run("NODEB", "sc stop clussvc")
        it.wait(30)
    it.run("NODEB", "sc start clussvc")
    it.wait(120)
    assert it.cluster.node_states["NODEB"] is NodeState.UP


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ["PendingFileRenameOperations"]),
        ({"marks": "volatile"}, ["UpdateExeVolatile"]),
        ({"marks": "both"}, ["PendingFileRenameOperations", "UpdateExeVolatile"]),
    ],
)
def test_a_restart_becomes_pending(fields: dict[str, str], found: list[str]) -> None:
    it = ccr()
    it.world.faults.inject("pending_restart", {"host": "NODEB", "program": "hostname", "when": "after", **fields})
    assert it.world.physics.pending_restart(it.host("NODEB")) == []
    it.run("NODEB", "hostname")
    assert it.world.physics.pending_restart(it.host("NODEB")) == found
    assert it.run("NODEB", f"{SP2} /m:upgrade").rc == 1


def test_media_that_cannot_be_reached_for_a_while() -> None:
    it = ccr()
    it.world.faults.inject("drive_gone", {"host": "NODEB"})
    assert it.run("NODEB", f"{SP2} /m:upgrade").rc == 1
    gone = it.run("NODEB", "dir D:\\media")
    assert (gone.rc, gone.out, gone.err) == (1, "", "The system cannot find the path specified.\n")
    assert it.run("NODEA", "dir D:\\media").rc == 0
    assert it.run("NODEB", "dir C:\\").rc == 0
    it.world.faults.inject("drive_back", {"host": "NODEB"})
    assert it.run("NODEB", "dir D:\\media").rc == 0
    assert it.run("NODEB", f"{SP2} /nonsense").out.startswith("\nWelcome")


def test_a_share_that_cannot_be_reached() -> None:
    it = ccr(media={r"\\FILES\exchange\sp2": "sp2"})
    listing = r"dir \\FILES\exchange\sp2"
    assert it.run("NODEB", listing).rc == 0
    it.world.faults.inject("drive_gone", {"host": "NODEB", "drive": r"\\FILES\exchange"})
    assert it.run("NODEB", listing).rc == 1


def test_a_host_that_speaks_another_language() -> None:
    it = ccr()
    english = it.run("NODEB", "cluster node").out
    it.world.faults.inject("foreign", {"host": "NODEB", "program": "hostname"})
    it.run("NODEB", "hostname")
    foreign = it.run("NODEB", "cluster node").out
    assert "Listing status" in english
    assert "Listing status" not in foreign
    assert "NODEA" in foreign


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("no_join", {"how": "slowly"}, "how=slowly: use stopped or joining"),
        ("pending_restart", {"marks": "all"}, "marks=all: use one of renames, volatile, both"),
        ("drive_gone", {"drive": "C:"}, "drive=C:: name a drive other than C:"),
        ("drive_gone", {"drive": "media"}, "drive=media: name a drive other than C:"),
    ],
)
def test_arguments_that_make_no_sense(name: str, fields: Any, words: str) -> None:
    with pytest.raises(FaultError, match=f"fault '{name}': {words}"):
        ccr().world.faults.inject(name, {"host": "NODEB", **fields})


@pytest.mark.parametrize("name", EVENTS)
def test_events_happen_at_once_or_at_a_command(name: str) -> None:
    assert [parse(name, fields).when for fields in ({}, {"program": "sc"}, {"match": "x", "when": "after"})] == [
        "now",
        "before",
        "after",
    ]


# ---- WinRM's quotas


@pytest.mark.parametrize(
    ("kind", "request_name"), [("shells", "Create"), ("operations", "Command"), ("processes", "Command")]
)
def test_a_quota_strikes_the_request_that_counts(kind: str, request_name: str) -> None:
    it = ccr()
    it.world.faults.inject("quota", {"kind": kind})
    wire = it.world.faults.wire
    struck = [fault.name if (fault := wire(it.host("NODEA"), verb)) else "" for verb in ("Receive", request_name)]
    assert struck == ["", "quota"]
    assert it.run("NODEA", "hostname", NETWORK).rc == 0


def test_a_quota_of_another_kind() -> None:
    with pytest.raises(FaultError, match="kind=memory: use one of shells, operations, processes"):
        parse("quota", {"kind": "memory"})
