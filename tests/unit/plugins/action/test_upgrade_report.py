# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on the controller: JSON and HTML, each written whole, escaped, and not for everybody to read."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.action import upgrade_report
from ansible_collections.mailops.exchange2007.plugins.plugin_utils import _reports
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_plan import BUILDS, cms, reading

GROUP = "Print & Fax <HQ>"
HANDED_OVER = {
    "name": "CMS1",
    "outage": 12.54,
    "within_budget": False,
    "before": {"owner": "NODEA", "version": BUILDS["rtm"]},
    "after": {"owner": "NODEB", "version": BUILDS["sp2"]},
    "timings": {"stop": 2.54, "upgrade": 10.0},
}
SETUP = {"before": {"version": BUILDS["rtm"]}, "duration": 1799.6, "removed_rollups": ["Rollup <1> & 2"]}
PLAN = [
    {
        "cluster": "EX",
        "done": False,
        "steps": [
            {"node": "NODEA", "text": f"move group '{GROUP}' to NODEB", "point_of_no_return": False},
            {"node": "NODEB", "text": "OUTAGE of CMS1 begins", "point_of_no_return": True},
        ],
    }
]


def facts(node: str, **more: Any) -> dict[str, Any]:
    """The variables of a host that was surveyed."""
    groups = [{"name": GROUP, "owner": None, "state": "online"}]
    seen = reading(node, "sp2", cms(owner="NODEB", release="sp2", version=BUILDS["sp2"]), groups=groups)
    return {"upgrade_observed": seen, "upgrade_started": "20260301T220000Z", "ansible_host": "10.0.0.1", **more}


HOSTS = {
    "a": facts("NODEA", upgrade_unproven=[], upgrade_setup_result=SETUP, upgrade_steps_planned=PLAN),
    "b": facts("NODEB", upgrade_unproven=[], upgrade_handovers=[HANDED_OVER]),
}


def report(directory: Path, hostvars: dict[str, Any] | None = None, **args: Any) -> dict[str, Any]:
    """Run the action plugin over the variables of hosts."""
    given = {"directory": str(directory), "release": "sp2", "hosts": ["a", "b"], **args}
    task = SimpleNamespace(args=given, async_val=0, check_mode=False, diff=False, delegate_to=None, action="x")
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    action = upgrade_report.ActionModule(task, connection, None, None, None, None)
    result: dict[str, Any] = action.run(task_vars={"hostvars": HOSTS if hostvars is None else hostvars})
    return result


class Page(HTMLParser):
    """Tags that are open at the end, and the text of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_two_files_are_written_and_the_content_is_returned(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there yet"
    result = report(folder)
    path = folder / "EX-20260301T220000Z.json"
    assert (result["changed"], result["path"], "failed" in result) == (False, str(path), False)
    assert json.loads(path.read_text()) == result["report"]
    assert (result["report"]["proven"], result["report"]["cluster"]) == (True, "EX")
    assert sorted(f.name for f in folder.iterdir()) == ["EX-20260301T220000Z.html", "EX-20260301T220000Z.json"]


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_the_files_are_for_owner_and_group_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        report(tmp_path)
    finally:
        os.umask(before)
    assert {f.stat().st_mode & 0o777 for f in tmp_path.iterdir()} == {0o640}


def test_names_are_escaped_in_the_page(tmp_path: Path) -> None:
    hosts = {**HOSTS, "a": {**HOSTS["a"], "upgrade_unproven": ["<script>alert(1)</script> & more"]}}
    html = Path(report(tmp_path, hosts)["path"]).with_suffix(".html").read_text()
    assert "Print &amp; Fax &lt;HQ&gt;" in html
    assert "Rollup &lt;1&gt; &amp; 2" in html
    assert "<HQ>" not in html
    assert "<script" not in html
    page = Page(html)
    assert page.open == []
    assert GROUP in page.texts


def test_what_the_page_says(tmp_path: Path) -> None:
    html = Path(report(tmp_path)["path"]).with_suffix(".html").read_text()
    text = " ".join("".join(Page(html).texts).split())
    told = ["Proven", "CMS1: 12.5 s, over the budget", "stop 2.5 s, upgrade 10.0 s", "1800 s", "1 of 1", "unknown"]
    assert [part for part in told if part not in text] == []
    assert "Not proven" not in text
    assert html.count('<li class="line">') == 1


@pytest.mark.parametrize(
    "hosts",
    [
        pytest.param({"a": facts("NODEA")}, id="nothing done yet"),
        pytest.param({"a": facts("NODEA", upgrade_setup_result={"before": {"version": None}})}, id="nothing to do"),
        pytest.param(
            {"a": facts("NODEA", upgrade_handovers=[{**HANDED_OVER, "outage": None, "timings": {}}])}, id="no outage"
        ),
        pytest.param({"a": facts("NODEA", upgrade_steps_planned=[{**PLAN[0], "steps": []}])}, id="an empty plan"),
    ],
)
def test_an_unfinished_run_has_a_page_too(tmp_path: Path, hosts: dict[str, Any]) -> None:
    result = report(tmp_path, hosts)
    html = Path(result["path"]).with_suffix(".html").read_text()
    assert (result["report"]["proven"], Page(html).open) == (False, [])
    assert "Not proven" in html


def test_every_call_of_one_run_replaces_the_same_files_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Path(report(tmp_path)["path"])
    old = first.read_text()
    seen: list[tuple[str, str]] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.append((target.suffix, target.read_text()))
        json.loads(self.read_text()) if target.suffix == ".json" else Page(self.read_text())
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    assert report(tmp_path, {"a": facts("NODEA")})["path"] == str(first)
    assert [suffix for suffix, _text in seen] == [".json", ".html"]
    assert seen[0][1] == old
    assert len(list(tmp_path.iterdir())) == 2


def test_a_name_that_would_leave_the_folder_does_not(tmp_path: Path) -> None:
    strange = facts("NODEA")
    strange["upgrade_observed"] = {**strange["upgrade_observed"], "cluster": "../(no cluster on NODEA)"}
    path = Path(report(tmp_path, {"a": strange})["path"])
    assert path.parent == tmp_path
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", path.name)


@pytest.mark.parametrize("where", ["a file", "below a file"])
def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    result = report(tmp_path / "file" / "x" if where == "below a file" else tmp_path / "file")
    assert result["failed"] is True
    assert re.fullmatch(
        r"The report can't be written: (File exists|Not a directory): \S+\. Check upgrade_report_dir\.", result["msg"]
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_is_told_in_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    result = report(tmp_path)
    assert result["msg"].startswith("The report can't be written: Permission denied: ")
    assert "\n" not in result["msg"]


def test_a_disk_that_is_full_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(_reports, "_replace", full)
    assert "No space left on device" in report(tmp_path)["msg"]


@pytest.mark.parametrize("hosts", [{}, {"a": {"ansible_host": "x"}}], ids=["unknown hosts", "not surveyed"])
def test_without_a_survey_there_is_nothing_to_report(tmp_path: Path, hosts: dict[str, Any]) -> None:
    result = report(tmp_path, hosts)
    assert result["failed"] is True
    assert "include survey first" in result["msg"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("args", [{"release": "sp4"}, {"hosts": None}, {"nobody": 1}])
def test_arguments_are_checked(tmp_path: Path, args: dict[str, Any]) -> None:
    result = report(tmp_path, **args)
    assert result["failed"] is True
    assert result["msg"].startswith("mailops.exchange2007.upgrade_report: ")
