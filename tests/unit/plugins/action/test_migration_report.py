# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a migration on the controller: JSON and HTML, escaped, and not for everybody to read."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.action import migration_report
from ansible_collections.mailops.exchange2007.plugins.module_utils._migration import gathered, plan
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_migration import MOVED, both

NAME = "Carl <b>&</b>"
FAILURE = {
    "name": NAME,
    "alias": "carl",
    "address": "carl@x.example",
    "database": r"MAIL-OLD\SG\A",
    "code": -1056749110,
    "cause": "corrupt_items",
    "meaning": "Too many.",
    "message": "Error <1>",
    "next_step": "Look.",
}
FOLDERS = {"before": {"folders": 21, "items": 2192, "source": {"items": 2192}}, "after": {"folders": 21, "source": {}}}


def hosts(**more: Any) -> dict[str, Any]:
    """The variables of all hosts."""
    found = {
        reading["host"]: {
            "migration_observed": reading,
            "migration_before": reading,
            "migration_started": "20260301T22",
        }
        for reading in both()
    }
    found["n1"] |= more
    return found | {"other": {"ansible_host": "10.0.0.1"}}


def report(directory: Path, hostvars: dict[str, Any], **args: Any) -> dict[str, Any]:
    """Run the action plugin over the variables of hosts."""
    given = {"directory": str(directory), "source": "MAIL-OLD", "target": "MAIL/NEW", "hosts": list(hostvars), **args}
    task = SimpleNamespace(args=given, async_val=0, check_mode=False, diff=False, delegate_to=None, action="x")
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    action = migration_report.ActionModule(task, connection, None, None, None, None)
    result: dict[str, Any] = action.run(task_vars={"hostvars": hostvars})
    return result


class Page(HTMLParser):
    """The text of a page, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        del attrs
        self.tags.add(tag)


def test_a_report(tmp_path: Path) -> None:
    """Everything that was learnt, in both files."""
    done = gathered([MOVED | {"failures": [FAILURE], "remaining": ["d@x"], "excluded": ["e@x"], "stopped": "window"}])
    planned = plan(both(), "MAIL-OLD", "MAIL-NEW", {})
    given = hosts(
        migration_moved=done,
        migration_plan=planned,
        migration_left_behind=["carl"],
        migration_public_folder_result=FOLDERS,
    )
    result = report(tmp_path / "reports", given)
    path = Path(result["path"])
    assert path.name == "MAIL-OLD-MAIL_NEW-20260301T22.json"
    assert json.loads(path.read_text(encoding="utf-8")) == result["report"]
    page = Page(path.with_suffix(".html").read_text(encoding="utf-8"))
    assert "b" not in page.tags
    shown = " ".join(page.texts)
    for text in (NAME, "Error <1>", "Too many.", "Look.", "d@x", "e@x", "r1", "2192", r"MAIL-OLD\SG\B", "Not finished"):
        assert text in shown, text
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_report_before_anything_is_done(tmp_path: Path) -> None:
    """Nothing is proven, and the page says what there is."""
    result = report(tmp_path, hosts())
    assert not result["report"]["proven"]
    page = Path(result["path"]).with_suffix(".html").read_text(encoding="utf-8")
    assert "No plan was made" in page
    assert "Not moved in this run" in page
    proven = report(tmp_path, hosts(migration_left_behind=[]))
    assert "Nothing left behind" in Path(proven["path"]).with_suffix(".html").read_text(encoding="utf-8")


@pytest.mark.parametrize("result", [{"msg": "broke", "failed": True}, {}, {"before": {"x": 1}, "after": None}])
def test_public_folders_of_any_shape(tmp_path: Path, result: dict[str, Any]) -> None:
    """A module that failed has told less."""
    assert "path" in report(tmp_path, hosts(migration_public_folder_result=result))


@pytest.mark.parametrize(
    ("hostvars", "args", "words"),
    [
        ({"other": {}}, {}, "surveyed"),
        (hosts(), {"bogus": 1}, "bogus"),
        (hosts(), {}, "can't be written"),
    ],
)
def test_what_does_not_work_is_one_line(
    tmp_path: Path, hostvars: dict[str, Any], args: dict[str, Any], words: str
) -> None:
    (tmp_path / "file").touch()
    result = report(tmp_path / "file", hostvars, **args)
    assert result["failed"]
    assert words in result["msg"]
    assert "\n" not in result["msg"]
