# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rehearsal believes the simulation's record only, and names what is missing."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files import rehearse
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab, Truth

UPGRADED: Truth = {
    "hosts": {
        "NODEA": {"exchange": {"version": "8.2.176.2", "release": "sp2", "complete": True}},
        "NODEB": {"exchange": {"version": "8.2.176.2", "release": "sp2", "complete": True}},
        "TOOLS": {"exchange": None},
    },
    "clusters": {
        "CLUS1": {
            "nodes": {"NODEA": "up", "NODEB": "up"},
            "groups": {
                "Cluster Group": {"owner": "NODEB", "state": "online"},
                "CMS1": {"owner": "NODEB", "state": "online"},
            },
            "cms": {
                "CMS1": {
                    "version": "8.2.176.2",
                    "release": "sp2",
                    "owner": "NODEB",
                    "state": "online",
                    "databases": {"First\\Mailbox Database": "mounted", "Second\\Staff": "mounted"},
                }
            },
        }
    },
    "outages": {"CMS1": {"total_seconds": 95.25, "wall_seconds": 1.5875}},
    "commands": [{}, {}, {}],
    "mutating_commands": 2,
    "violations": [],
}


def spoilt(*path: str, value: Any) -> Truth:
    """The good end with one thing changed."""
    truth = copy.deepcopy(UPGRADED)
    place = truth
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return truth


CMS = ("clusters", "CLUS1", "cms", "CMS1")
SHORTFALLS = [
    (("hosts", "NODEA", "exchange", "release"), "rtm", ["node NODEA is at rtm"]),
    (("hosts", "NODEA", "exchange", "complete"), False, ["node NODEA is at sp2, with half of its files"]),
    ((*CMS, "release"), "rtm", ["CMS1 is at rtm"]),
    ((*CMS, "state"), "offline", ["CMS1 is offline"]),
    ((*CMS, "databases", "Second\\Staff"), "dismounted", ["CMS1: Second\\Staff is not mounted"]),
    (("clusters", "CLUS1", "nodes", "NODEB"), "paused", ["node NODEB is paused"]),
    (
        ("violations",),
        [{"rule": "I1", "what": "upgraded while it owned CMS1"}],
        ["rule I1 was broken: upgraded while it owned CMS1"],
    ),
]


@pytest.mark.parametrize(("path", "value", "expected"), SHORTFALLS, ids=lambda item: str(item)[:60])
def test_each_shortfall_is_named(path: tuple[str, ...], value: Any, expected: list[str]) -> None:
    """One thing that is not as it should be, and only that, is reported."""
    assert rehearse.shortfalls(spoilt(*path, value=value), "sp2") == expected


def test_nothing_is_missing_in_the_good_end() -> None:
    """A computer without Exchange is no shortfall."""
    assert rehearse.shortfalls(UPGRADED, "sp2") == []


def test_the_goal_counts_and_not_just_some_release() -> None:
    """SP2 everywhere is no proof of SP3."""
    assert rehearse.shortfalls(UPGRADED, "sp3") == ["node NODEA is at sp2", "node NODEB is at sp2", "CMS1 is at sp2"]


def test_picture_shows_nodes_mailbox_server_and_groups() -> None:
    """A line each, with the owner."""
    lines = [" ".join(line.split()) for line in rehearse.picture(UPGRADED)]
    assert lines == [
        "cluster CLUS1",
        "NODEA sp2 8.2.176.2 up",
        "NODEB sp2 8.2.176.2 up",
        "CMS1 sp2 8.2.176.2 online on NODEB, 2 of 2 databases mounted",
        "Cluster Group online on NODEB",
    ]


def test_picture_of_a_node_without_exchange() -> None:
    """It is shown, not skipped."""
    lines = [" ".join(line.split()) for line in rehearse.picture(spoilt("hosts", "NODEA", "exchange", value=None))]
    assert "NODEA no Exchange up" in lines


RECORDS = [
    ({}, "outage of CMS1 95.2 s of simulated time, 1.6 s of real time"),
    ({"CMS1": 1.7}, "outage of CMS1 95.2 s of simulated time, 1.6 s of real time, 1.7 s in the playbook's own report"),
]


@pytest.mark.parametrize(("reported", "outage"), RECORDS)
def test_record_shows_outage_changes_and_rules(reported: dict[str, float], outage: str) -> None:
    """What the playbook measured stands beside it, if it measured anything."""
    lines = [" ".join(line.split()) for line in rehearse.record(UPGRADED, reported)]
    assert lines == [outage, "commands 3, 2 of them changes", "rules broken none"]


def test_outages_in_the_report(tmp_path: Path) -> None:
    """Added up over the handovers of a mailbox server; a file of another kind is passed over."""
    report, other = tmp_path / "CLUS1.json", tmp_path / "CLUS1.html"
    handovers = [{"name": "CMS1", "outage": 1.5}, {"name": "CMS1", "outage": 2}, {"name": "CMS2", "outage": None}]
    report.write_text(json.dumps({"handovers": handovers}))
    other.write_text("<html>")
    assert rehearse.reported_outages([report, other]) == {"CMS1": 3.5, "CMS2": 0}


@pytest.mark.parametrize(
    ("doubts", "expected"),
    [
        ([], "PROVEN in 7 s: every node and clustered mailbox server is at sp2, and mail is up"),
        (["a", "b"], "NOT PROVEN after 7 s:\n   a\n   b"),
    ],
)
def test_verdict(doubts: list[str], expected: str) -> None:
    """The last words say it and why."""
    assert rehearse.verdict(doubts, "sp2", 7.4) == expected


def test_reports_are_only_the_new_files(tmp_path: Path) -> None:
    """A report of yesterday is not shown as this run's."""
    old, new = tmp_path / "old.html", tmp_path / "sub" / "new.json"
    new.parent.mkdir()
    for path in (old, new):
        path.touch()
    since = new.stat().st_mtime

    os.utime(old, (since - 100, since - 100))
    assert rehearse.written(tmp_path, since) == [new]


class FakeLab(Lab):
    """A simulation that is not there: keeps the verbs, answers with one truth."""

    verbs: list[tuple[str, ...]] = []  # noqa: RUF012 - shared on purpose, and emptied by the fixture
    end = UPGRADED

    def call(self, verb: str, *words: str) -> str:
        """Note the verb."""
        self.verbs.append((verb, *words))
        return json.dumps(self.end) if verb == "truth" else ""


@pytest.fixture
def fake_lab(monkeypatch: pytest.MonkeyPatch) -> type[FakeLab]:
    """Put it in the real one's place."""
    FakeLab.verbs.clear()
    monkeypatch.setattr(rehearse, "Lab", FakeLab)
    return FakeLab


Play = Callable[[list[str], bool], int]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """ansible-playbook that always ends well; the command lines it got."""
    lines: list[list[str]] = []

    def play(words: list[str], quiet: bool) -> int:
        lines.append(words)
        return 0

    monkeypatch.setattr(rehearse, "play", play)
    return lines


def test_rehearsal_passes_what_was_asked_to_the_playbook(
    fake_lab: type[FakeLab], played: list[list[str]], tmp_path: Path
) -> None:
    """Release, media of that release, the report's folder, and further options."""
    assert rehearse.main(["--release", "sp2", "--report-dir", str(tmp_path), "--", "--diff"]) == 0
    (words,) = played
    variables = json.loads(words[words.index("-e") + 1])
    assert words[0] == "mailops.exchange2007.upgrade"
    assert words[-1] == "--diff"
    assert variables == {
        "upgrade_release": "sp2",
        "upgrade_media": "D:\\media\\sp2",
        "upgrade_report_dir": str(tmp_path),
    }
    assert [words[0] for words in fake_lab.verbs] == ["up", "truth", "truth", "down"]


def test_rehearsal_is_not_proven_by_exit_code_zero(
    fake_lab: type[FakeLab], played: list[list[str]], tmp_path: Path
) -> None:
    """The playbook said that all is well; the simulation says SP2 where SP3 was wanted."""
    assert rehearse.main(["--release", "sp3", "--report-dir", str(tmp_path)]) == 1


def test_rehearsal_is_not_proven_when_the_playbook_fails(
    fake_lab: type[FakeLab], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even when the simulation looks right."""
    monkeypatch.setattr(rehearse, "play", lambda words, quiet: 2)
    assert rehearse.main(["--report-dir", str(tmp_path)]) == 1
    assert "ansible-playbook ended with exit code 2" in capsys.readouterr().out


def test_simulation_is_stopped_when_the_playbook_cannot_start(
    fake_lab: type[FakeLab], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No process is left behind."""

    def broken(words: list[str], quiet: bool) -> int:
        raise OSError("no such program")

    monkeypatch.setattr(rehearse, "play", broken)
    with pytest.raises(OSError, match="no such program"):
        rehearse.main(["--report-dir", str(tmp_path)])
    assert fake_lab.verbs[-1][0] == "down"


def test_installed_collection_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Outside a checkout, Python needs to be told where ansible_collections is."""
    place = tmp_path / "ansible_collections" / "mailops" / "exchange2007" / "playbooks" / "files" / "rehearse.py"
    monkeypatch.setattr(rehearse, "__file__", str(place))
    (tmp_path / "ansible_collections").mkdir()
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    assert rehearse.environment()["PYTHONPATH"] == f"{tmp_path}:elsewhere"


def test_help_is_there_without_ansible() -> None:
    """It starts on any Python 3, as a plain file."""
    done = subprocess.run([sys.executable, rehearse.__file__, "--help"], check=True, stdout=subprocess.PIPE, text=True)
    assert "--topology" in done.stdout
