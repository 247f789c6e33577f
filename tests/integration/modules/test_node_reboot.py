# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_reboot: over when the node is back in its cluster, proven by its boot time; and when it must not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import console, eventually

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]


@pytest.fixture(scope="module")
def passive(pair: Lab) -> Lab:
    """NODEB owns nothing, so that it may be restarted."""
    for group in set(pair.truth()["clusters"]["CLUS1"]["groups"]) - {"CMS1"}:
        console(pair, "NODEB", f'cluster group "{group}" /move:NODEA')
    return pair


def boots(lab: Lab, node: str = "NODEB") -> int:
    """How often a node was booted in the lab."""
    return int(lab.truth()["hosts"][node]["boots"])


def test_a_restart(passive: Lab, honest: Module) -> None:
    """Over when the cluster sees the node up again and the services run; the reason may hold any sign."""
    before = boots(passive)
    arguments: dict[str, Any] = {"reason": "Tést & (check) ^x!", "wait_for_services": ["W32Time"]}
    result = honest(passive, "nodeb", "node_reboot", **arguments, poll=0.1)
    truth = passive.truth()
    assert truth["hosts"]["NODEB"]["boots"] == before + 1
    assert truth["clusters"]["CLUS1"]["nodes"]["NODEB"] == "up"
    assert truth["hosts"]["NODEB"]["services"]["W32Time"] == "running"
    assert result["before"] != result["after"]
    assert result["downtime"] >= 0
    assert truth["violations"] == []


def test_check_mode_and_diff(passive: Lab, foretell: Module) -> None:
    """The line that would be run; a refusal comes in check mode, too."""
    told = foretell(
        passive,
        [
            ("restart", "nodeb", "node_reboot", {"reason": "Test"}),
            ("refused", "nodea", "node_reboot", {}),
        ],
    )
    assert told["restart"]["changed"]
    assert told["restart"]["commands"] == ['shutdown /r /f /t 5 /c "Test"']
    assert "boot_time" in told["restart"]["diff"]["before"]
    assert "CMS1" in told["refused"]["msg"]


@pytest.mark.parametrize(("code", "name"), [(5, "ERROR_ACCESS_DENIED"), (1314, "ERROR_PRIVILEGE_NOT_HELD")])
def test_shutdown_refuses(passive: Lab, module: Module, faulty: Faulty, code: int, name: str) -> None:
    """The number and its name; the node has not been restarted."""
    before = boots(passive)
    with faulty(passive, "exit", program="shutdown", rc=str(code), stderr=f"Ñô wôrd of Énglish.({code})\n"):
        result = module(passive, "nodeb", "node_reboot", poll=0.1)
    assert result["failed"]
    assert f"{code} {name}" in result["msg"]
    assert boots(passive) == before


def test_success_that_is_none(passive: Lab, module: Module, faulty: Faulty) -> None:
    """Exit code 0, and the boot time stays what it was."""
    with faulty(passive, "no_effect", program="shutdown"):
        result = module(passive, "nodeb", "node_reboot", poll=0.05, timeout=1)
    assert result["failed"]
    assert "not so after 1 s; last seen: up since" in result["msg"]


def test_a_boot_time_that_cannot_be_read(passive: Lab, refused: Module, faulty: Faulty) -> None:
    """A restart could not be proven: it is not begun."""
    with faulty(passive, "denied", program="wmic", match="LastBootUpTime"):
        refused(passive, "nodeb", "node_reboot", "boot time can't be read", "WMI")


def test_a_restart_that_somebody_has_ordered(passive: Lab, module: Module, faulty: Faulty) -> None:
    """It is under way already, as 1190 says: awaited like one's own."""
    before = boots(passive)
    with faulty(passive, "exit", program="shutdown", when="after", rc="1190", stderr="Ñô wôrd of Énglish.(1190)\n"):
        result = module(passive, "nodeb", "node_reboot", poll=0.1)
    assert not result.get("failed"), result
    assert boots(passive) == before + 1


def test_a_reason_that_cmd_would_change(passive: Lab, refused: Module) -> None:
    """It is refused, not sent as something else."""
    refused(passive, "nodeb", "node_reboot", "'100%'", "percent sign", reason="100%")


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("old1", ("R1", "OLD1", "CMSOLD", "cms_handover", "cluster_group")),
        ("paused2", ("R2", "PAUSED1", "paused", "Resume it")),
    ],
    ids=["it owns groups", "its mate is paused"],
)
def test_refusals(start_lab: Callable[..., Lab], refused: Module, host: str, words: tuple[str, ...]) -> None:
    """It would take the mailbox server, or the whole cluster, down."""
    refused(start_lab("refusals"), host, "node_reboot", *words, poll=0.01)


def test_a_node_that_does_not_come_back(start_lab: Callable[..., Lab], module: Module) -> None:
    """What was seen last is told; nobody waits longer than the limit."""
    lab = start_lab("refusals")
    lab.inject("crash", host="NEW2", program="shutdown", when="after", stays_down="yes")
    result = module(lab, "new2", "node_reboot", poll=0.05, timeout=2)
    assert result["failed"]
    assert "not so after 2 s; last seen: no answer" in result["msg"]
    assert result["changed"]
    eventually(lab, lambda truth: not truth["hosts"]["NEW2"]["answers"], "NEW2 is down")
