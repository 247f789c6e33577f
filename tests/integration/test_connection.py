# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection: what works over it, what is refused, and what is said when a node or a login is not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import acts, console, group_of

Play = Callable[..., Any]


def play(*tasks: dict[str, Any], **keywords: Any) -> list[dict[str, Any]]:
    """One play on nodea."""
    return [{"hosts": "nodea", "gather_facts": False, "tasks": list(tasks)} | keywords]


RAW = {"name": "raw", "ansible.builtin.raw": "echo %COMPUTERNAME%&ver"}


def said(run: Any, task: str, host: str = "nodea") -> str:
    """The message of a task that did not work: one line, no traceback."""
    assert run.code != 0
    result = run.results[task][host]
    assert "\n" not in result["msg"], result["msg"]
    assert "Traceback" not in run.output
    return str(result["msg"])


# --- what works ----------------------------------------------------------------------------------------------------


def test_raw_and_reset_connection(untouched_lab: Lab, playbook: Play) -> None:
    """Output, exit code; and again over a new connection."""
    fails = {"name": "fails", "ansible.builtin.raw": "echo out&echo err>&2&exit 7", "ignore_errors": True}
    again = {"name": "again", "ansible.builtin.raw": "cd"}
    run = playbook(untouched_lab, play(RAW, {"ansible.builtin.meta": "reset_connection"}, fails, again))
    assert run.code == 0, run.output
    assert re.search(r"NODEA\s+Microsoft Windows \[\w+ 5\.2\.3790\]", run.results["raw"]["nodea"]["stdout"])
    failed = run.results["fails"]["nodea"]
    assert (failed["rc"], failed["stdout"].strip(), failed["stderr"].strip()) == (7, "out", "err")
    assert ":\\" in run.results["again"]["nodea"]["stdout"]


def test_delegation_reaches_the_other_node(untouched_lab: Lab, playbook: Play) -> None:
    """By name, and in a loop whose items are different nodes, the task's own among them."""
    loop = {"delegate_to": "{{ item }}", "loop": ["nodea", "nodeb", "nodea"]}
    info = {"mailops.exchange2007.exchange_info": {"mailbox_servers": False}}
    run = playbook(
        untouched_lab,
        play(
            {"name": "one", **info, "delegate_to": "nodeb"},
            {"name": "raw", "ansible.builtin.raw": "echo %COMPUTERNAME%", **loop},
            {"name": "info", **info, **loop},
        ),
    )
    assert run.code == 0, run.output
    assert run.results["one"]["nodea"]["exchange"]["node"] == "NODEB"
    names = [item["stdout"].strip() for item in run.results["raw"]["nodea"]["results"]]
    assert names == ["NODEA", "NODEB", "NODEA"]
    nodes = [item["exchange"]["node"] for item in run.results["info"]["nodea"]["results"]]
    assert nodes == ["NODEA", "NODEB", "NODEA"]


# --- what is refused -----------------------------------------------------------------------------------------------


def test_fact_gathering(untouched_lab: Lab, playbook: Play) -> None:
    """Refused on the controller, with what to write instead."""
    run = playbook(untouched_lab, play(RAW, gather_facts=True))
    assert run.code != 0
    assert "gather_facts: false" in said(run, "Gathering Facts")


@pytest.mark.parametrize(
    "task",
    [
        {"ansible.builtin.wait_for_connection": {"timeout": 1}},
        {"ansible.builtin.ping": {}},
        {"ansible.builtin.copy": {"content": "x", "dest": r"C:\x.txt"}},
        {"ansible.builtin.fetch": {"src": r"C:\boot.ini", "dest": "boot.ini"}},
        {"ansible.builtin.command": {"argv": ["whoami"]}},
    ],
    ids=lambda task: next(iter(task)).rpartition(".")[2],
)
def test_tasks_that_need_more_than_cmd(untouched_lab: Lab, playbook: Play, task: dict[str, Any]) -> None:
    """Refused, nothing is sent to the node, and what takes their place is said."""
    before = len(untouched_lab.truth()["commands"])
    run = playbook(untouched_lab, play({"name": "task", **task}))
    assert "raw or a module of this collection" in said(run, "task")
    assert len(untouched_lab.truth()["commands"]) == before


def test_a_command_line_that_cmd_cannot_take(untouched_lab: Lab, playbook: Play) -> None:
    """Refused with both numbers; cmd.exe would cut it off silently."""
    before = len(untouched_lab.truth()["commands"])
    run = playbook(untouched_lab, play({"name": "long", "ansible.builtin.raw": "echo " + "x" * 9000}))
    assert run.code != 0
    assert re.search(r"90\d\d.*8\d\d\d|8\d\d\d.*90\d\d", said(run, "long"))
    assert len(untouched_lab.truth()["commands"]) == before


@pytest.mark.parametrize("keyword", ["", "no_log"])
def test_a_password_among_the_arguments(untouched_lab: Lab, playbook: Play, keyword: str) -> None:
    """It is in no output, not even at -vvvv and with a failing task."""
    secret = "Kr@kat0a&Sons%PATH%"
    task: dict[str, Any] = {
        "name": "setup",
        "mailops.exchange2007.exchange_setup": {
            "media": r"D:\media\sp2",
            "release": "sp2",
            "username": r"LAB\upgrade",
            "password": secret,
        },
    }
    if keyword:
        task[keyword] = True
    run = playbook(untouched_lab, play(task), "-vvvv")
    assert run.code != 0
    assert "Kr@kat0a" not in run.output
    assert "Refused (R1)" in run.output
    assert acts(untouched_lab.truth()) == []


# --- what is not there -----------------------------------------------------------------------------------------------


def test_a_wrong_password(untouched_lab: Lab, playbook: Play) -> None:
    """Unreachable, with the user and what to check, without the password; and one attempt, not a locked account."""
    before = untouched_lab.truth()["transport"]["NODEA"]
    info = {"name": "info", "mailops.exchange2007.cluster_info": None}
    run = playbook(untouched_lab, play(info), "-vvv", ansible_password="Wr0ng-one")
    assert run.code == 4
    message = said(run, "info")
    assert "LAB\\upgrade" in message
    assert "ansible_password" in message or "password" in message
    assert "Wr0ng-one" not in run.output
    after = untouched_lab.truth()["transport"]["NODEA"]
    assert after["logins"] == before["logins"]


def test_a_lab_that_is_gone(start_lab: Callable[..., Lab], playbook: Play, upgrade: Play, tmp_path: Any) -> None:
    """Nobody listens: unreachable, with address and port; nobody hangs."""
    lab = start_lab()
    inventory = tmp_path / "inventory.yml"
    inventory.write_bytes(lab.inventory.read_bytes())
    port = re.search(r"nodea:\s+ansible_host: 127.0.0.1\s+ansible_port: (\d+)", inventory.read_text(encoding="utf-8"))
    assert port
    lab.inject("crash", host="NODEA", stays_down="yes")
    lab.inject("crash", host="NODEB", stays_down="yes")
    run = playbook(Lab(inventory), play(RAW))
    assert run.code == 4
    assert port.group(1) in said(run, "raw")
    run = upgrade(Lab(inventory), upgrade_answer_timeout=1)
    assert run.code != 0
    assert "Traceback" not in run.output


def test_a_node_that_is_down_at_the_survey(lab: Lab, upgrade: Play, playbook: Play) -> None:
    """It is unreachable, its cluster is refused by name, and nothing is done."""
    lab.inject("crash", host="NODEB", stays_down="yes")
    run = upgrade(lab, upgrade_answer_timeout=1)
    assert run.code != 0
    assert "It may be restarting: waiting up to 1 s" in run.output
    assert "Cluster CLUS1: NODEB not read" in run.output
    assert acts(lab.truth()) == []
    run = playbook(
        lab, play({"name": "wait", "mailops.exchange2007.node_wait": {"timeout": 1, "poll": 0.1}}, hosts="nodeb")
    )
    assert run.code != 0
    assert "1 s" in said(run, "wait", "nodeb")


def test_a_connection_that_breaks(lab: Lab, playbook: Play) -> None:
    """Before a command has begun it is made anew; afterwards its effect is unknown, which is neither good nor bad."""
    group = group_of(lab, "CLUS1")
    lab.inject("drop", host="NODEA", program="wsman", match="Create", when="before")
    run = playbook(lab, play(RAW))
    assert run.code in (0, 4)
    move = {"name": group, "owner": "NODEA", "poll": 0.1}
    lab.inject("drop", host="NODEB", program="wsman", match="Receive", when="after")
    run = playbook(lab, play({"name": "info", "mailops.exchange2007.cluster_group": move, "delegate_to": "nodeb"}))
    assert "Traceback" not in run.output
    assert "defect of this collection" not in run.output
    run = playbook(lab, play({"name": "info", "mailops.exchange2007.cluster_group": move, "delegate_to": "nodeb"}))
    assert run.code == 0, run.output
    assert lab.truth()["clusters"]["CLUS1"]["groups"][group] == {"owner": "NODEA", "state": "online"}
    assert "NODEA" in console(lab, "NODEB", f'cluster group "{group}"')
