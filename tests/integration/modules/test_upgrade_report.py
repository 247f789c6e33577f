# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""upgrade_report: files on the controller, also in check mode; and folders that take none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import acts

MODULE = "mailops.exchange2007.upgrade_report"
PLAN = {"upgrade_release": "sp2", "upgrade_media": r"D:\media\sp2", "upgrade_copy_interval": 0.01, "upgrade_poll": 0.1}


def play(lab: Lab, playbook: Callable[..., Any], *options: str, survey: bool = True, **arguments: Any) -> Any:
    """The result of the module behind a survey of both nodes."""
    role = {"name": "mailops.exchange2007.upgrade", "tasks_from": "survey"}
    tasks: list[dict[str, Any]] = [{"ansible.builtin.include_role": role}] if survey else []
    call = {"hosts": ["nodea", "nodeb"], "release": "sp2"} | arguments
    tasks.append({"name": "report", MODULE: call, "run_once": True, "delegate_to": "localhost", "ignore_errors": True})
    plays = [{"hosts": "nodea:nodeb", "gather_facts": False, "vars": PLAN, "tasks": tasks}]
    run = playbook(lab, plays, *options)
    assert run.code == 0, run.output
    assert acts(lab.truth()) == []
    return run.results["report"]["nodea"]


@pytest.mark.parametrize("options", [(), ("--check", "--diff")], ids=["run", "check"])
def test_the_files(untouched_lab: Lab, playbook: Callable[..., Any], tmp_path: Path, options: tuple[str, ...]) -> None:
    """JSON and HTML, of the cluster and what is not proven; the folder is made; nothing counts as changed."""
    folder = tmp_path / "new" / "reports"
    result = play(untouched_lab, playbook, *options, directory=str(folder))
    assert not result["changed"]
    written = json.loads(Path(result["path"]).read_text(encoding="utf-8"))
    assert (written["cluster"], written["release"], written["proven"]) == ("CLUS1", "sp2", False)
    truth = untouched_lab.truth()
    assert {node["name"]: node["version"] for node in written["nodes"]} == {
        name: host["exchange"]["version"] for name, host in truth["hosts"].items()
    }
    assert written == result["report"]
    assert "CLUS1" in Path(result["path"]).with_suffix(".html").read_text(encoding="utf-8")
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_takes_none(untouched_lab: Lab, playbook: Callable[..., Any], tmp_path: Path) -> None:
    """The path, and which variable names it."""
    (tmp_path / "file").write_text("in the way")
    result = play(untouched_lab, playbook, directory=str(tmp_path / "file" / "reports"))
    assert str(tmp_path / "file") in result["msg"]
    assert "upgrade_report_dir" in result["msg"]


def test_nodes_that_nobody_has_read(untouched_lab: Lab, playbook: Callable[..., Any], tmp_path: Path) -> None:
    """There is nothing to report, and no file."""
    result = play(untouched_lab, playbook, survey=False, directory=str(tmp_path / "reports"))
    assert "surveyed" in result["msg"]
    assert not (tmp_path / "reports").exists()


def test_a_release_that_does_not_exist(untouched_lab: Lab, playbook: Callable[..., Any], tmp_path: Path) -> None:
    """The value, and those there are."""
    result = play(untouched_lab, playbook, survey=False, directory=str(tmp_path), release="sp9")
    assert "sp9" in result["msg"]
    assert "sp1, sp2, sp3" in result["msg"]
