# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole upgrade of a CCR pair from RTM to SP2, judged by what the lab saw, and the same playbook once more."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import (
    PASSWORD,
    SECRET,
    about,
    acts,
    console,
    not_upgraded,
    premature,
    setups,
)

JOBS = ("mailops-upgrade-sp2", "mailops-upgradecms-sp2")


@dataclass(frozen=True)
class Upgraded:
    """A lab after one run of the playbook, the run, and the truth at its end."""

    lab: Lab
    run: Any
    truth: dict[str, Any]

    @property
    def reports(self) -> list[Path]:
        """Every file of the reports' folder."""
        return sorted(path for path in (self.lab.inventory.parent / "reports").rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def upgraded(start_lab: Callable[..., Lab], upgrade: Callable[..., Any]) -> Upgraded:
    """A pair that nobody has touched, and then one run of the playbook at -vvv."""
    lab = start_lab("ccr-2003-rtm")
    run = upgrade(lab, "-vvv")
    return Upgraded(lab, run, lab.truth())


def test_everything_is_upgraded_and_up(upgraded: Upgraded) -> None:
    """Nodes and server at the release, up, online, mounted, copies healthy, nothing left behind, no rule broken."""
    assert upgraded.run.code == 0, upgraded.run.output
    assert not_upgraded(upgraded.truth, "sp2") == []


def test_the_passive_node_comes_first(upgraded: Upgraded) -> None:
    """Nothing touches the active node or the mailbox server before the passive one is upgraded and back."""
    assert premature(upgraded.truth, "NODEB", "NODEA", "CMS1") == []


def test_setup_runs_as_often_as_it_must(upgraded: Upgraded) -> None:
    """One upgrade a node, one /upgradecms in between."""
    assert setups(upgraded.truth) == [("NODEB", "upgrade"), ("NODEB", "upgradecms"), ("NODEA", "upgrade")]


def test_one_short_outage(upgraded: Upgraded) -> None:
    """Mail was away once."""
    outage = upgraded.truth["outages"]["CMS1"]
    assert len(outage["intervals"]) == 1
    assert not outage["open"]


def test_the_report_tells_the_truth(upgraded: Upgraded) -> None:
    """Versions, and the outage to the second."""
    report = json.loads(next(path for path in upgraded.reports if path.suffix == ".json").read_text(encoding="utf-8"))
    assert (report["cluster"], report["proven"], report["missing"]) == ("CLUS1", True, [])
    versions = {node["name"]: node["version"] for node in report["nodes"]}
    assert versions == {name: host["exchange"]["version"] for name, host in upgraded.truth["hosts"].items()}
    claimed = sum(handover["outage"] for handover in report["handovers"] if handover["name"] == "CMS1")
    assert claimed == about(upgraded.truth["outages"]["CMS1"]["wall_seconds"])


def test_the_task_says_the_same_outage(upgraded: Upgraded) -> None:
    """What cms_handover returned."""
    handover = upgraded.run.results["mailops.exchange2007.upgrade : Hand the mailbox server over to the upgraded node"]
    (result,) = handover.values()
    assert result["outage"] == about(upgraded.truth["outages"]["CMS1"]["wall_seconds"])


def test_changed_where_the_lab_was_changed(upgraded: Upgraded) -> None:
    """As many tasks changed something on a node as the lab knows kinds of acts there: none is claimed or hidden."""
    tasks = {task.removeprefix("mailops.exchange2007.upgrade : ") for task in upgraded.run.changed}
    assert tasks == {
        "Hand the mailbox server over to the upgraded node: nodea",
        *(
            f"{task}: {node}"
            for task in ("Move the other groups off the node", "Run Setup on the node", "Restart the node")
            for node in ("nodea", "nodeb")
        ),
    }


def test_no_secret_is_told(upgraded: Upgraded) -> None:
    """The password is in no output, result or report."""
    assert SECRET in PASSWORD
    assert SECRET in upgraded.lab.inventory.read_text(encoding="utf-8")
    assert SECRET not in upgraded.run.output
    assert SECRET not in json.dumps(upgraded.run.results)
    assert [path for path in upgraded.reports if SECRET in path.read_text(encoding="utf-8")] == []


def test_no_command_line_has_the_password_but_one(upgraded: Upgraded) -> None:
    """schtasks takes it as an argument and no other way; what is sent to the node never has it."""
    told = [command for command in upgraded.truth["commands"] if SECRET in command["line"]]
    assert len(told) == 3
    assert [command["line"] for command in told if not command["line"].startswith("schtasks /create ")] == []
    assert [command for command in told if command["top"]] == []


@pytest.mark.parametrize("node", ["NODEA", "NODEB"])
def test_nothing_of_ours_stays_on_a_node(upgraded: Upgraded, node: str) -> None:
    """No file with the password, no job, no task."""
    assert SECRET not in console(upgraded.lab, node, rf"findstr /s /m {SECRET} C:\* D:\*")
    assert console(upgraded.lab, node, r"echo known>C:\known.txt & findstr /s /m known C:\*.txt").strip() != ""
    folders = console(upgraded.lab, node, r"dir /b %SystemRoot%\Temp")
    assert [job for job in JOBS if job in folders] == []
    assert upgraded.truth["hosts"][node]["tasks"] == []


def test_a_second_run_does_nothing(upgraded: Upgraded, upgrade: Callable[..., Any]) -> None:
    """Neither in its own words nor in the lab's."""
    before = acts(upgraded.lab.truth())
    run = upgrade(upgraded.lab)
    assert run.code == 0, run.output
    assert run.changed == []
    assert acts(upgraded.lab.truth()) == before
    assert "changed=0" in run.output
    assert "nothing to do" in run.output


def test_the_users_own_tasks(lab: Lab, upgrade: Callable[..., Any], tmp_path: Path) -> None:
    """Each has its place, and those of a handover know what is handed over."""
    hooks = ("before_node", "after_node", "before_hand_over", "after_hand_over")
    for hook in hooks:
        moved = "{{ upgrade_hand_over.name }} {{ upgrade_hand_over.to }} {{ upgrade_hand_over.host }}"
        said = f"{hook} {moved if 'hand' in hook else '{{ inventory_hostname }}'}"
        (tmp_path / f"{hook}.yml").write_text(json.dumps([{"name": hook, "ansible.builtin.debug": {"msg": said}}]))
    run = upgrade(lab, **{f"upgrade_{hook}": str(tmp_path / f"{hook}.yml") for hook in hooks})
    assert run.code == 0, run.output
    assert re.findall(r'"msg": "((?:before|after)_.*)"', run.output) == [
        "before_node nodeb",
        "after_node nodeb",
        "before_node nodea",
        "before_hand_over CMS1 NODEB nodeb",
        "after_hand_over CMS1 NODEB nodeb",
        "after_node nodea",
    ]
