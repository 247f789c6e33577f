# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The points of the kill matrix, from the ground truth of a run."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.tests.kill.points import Truth, acts, points

MOVE = 'cluster.exe group "Cluster Group" /move:NODEA /wait:300'


def command(t: float, line: str, host: str = "NODEB", **more: Any) -> dict[str, Any]:
    return {"t": t, "line": line, "host": host, "top": True, "mutating": True, "logon": "network"} | more


def event(t: float, kind: str, what: str, detail: str = "", host: str | None = "NODEB") -> dict[str, Any]:
    return {"t": t, "kind": kind, "what": what, "detail": detail, "host": host}


def truth(*commands: dict[str, Any], events: tuple[dict[str, Any], ...] = ()) -> Truth:
    return {"commands": list(commands), "timeline": list(events)}


@pytest.mark.parametrize(
    "more",
    [{"mutating": False}, {"top": False}, {"logon": "interactive"}],
    ids=["looked only", "below a line", "typed by a person"],
)
def test_what_is_no_act(more: dict[str, Any]) -> None:
    assert acts(truth(command(1, MOVE, **more))) == []


def test_three_points_an_act() -> None:
    found = points(truth(command(1, MOVE), command(5, "shutdown /r", host="NODEA")))
    assert [(p.name, p.phase, p.moment["when"], p.moment["host"]) for p in found] == [
        ("1b", "before", "before", "NODEB"),
        ("1d", "during", "first", "NODEB"),
        ("1a", "after", "after", "NODEB"),
        ("2b", "before", "before", "NODEA"),
        ("2d", "during", "first", "NODEA"),
        ("2a", "after", "after", "NODEA"),
    ]
    assert all(
        re.search(p.moment["match"], line) for p, line in zip(found, [MOVE] * 3 + ["shutdown /r"] * 3, strict=True)
    )


def test_a_line_that_was_given_before_is_told_apart() -> None:
    looked, did = command(1, MOVE, mutating=False), command(2, MOVE)
    other_host, again = command(3, MOVE, host="NODEA"), command(4, MOVE)
    places = {p.name: p.moment["place"] for p in points(truth(looked, did, other_host, again))}
    assert places == {
        "1b": 2, "1d": 1, "1a": 2,
        "2b": 1, "2d": 1, "2a": 1,
        "3b": 3, "3d": 2, "3a": 3,
    }  # fmt: skip


def test_what_goes_on_beside_an_act_has_points_of_its_own() -> None:
    events = (
        event(0.5, "group", "owner NODEA", "Cluster Group"),  # before the first act
        event(2, "group", "owner NODEA", "Cluster Group"),
        event(3, "service", "running Spooler"),  # says nothing of how far it is
        event(4, "power", "restart in 5 s", "NODEA"),  # the act itself
        event(7, "power", "restart", "SCC-N2"),
        event(8, "setup", "begins Copying", "MailboxRole"),
    )
    found = {p.name: p for p in points(truth(command(1, MOVE), command(6, "shutdown /r"), events=events))}
    assert list(found) == ["1b", "1d", "1d2", "1a", "2b", "2d", "2d2", "2d3", "2a"]
    assert found["1d2"].moment == {
        "when": "event", "host": "NODEB", "match": r"^group\ owner\ NODEA\ Cluster\ Group$", "place": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [([], True), (["2"], True), (["2d3"], True), (["1", "2d3"], True), (["2d"], False), (["3"], False)],
)
def test_choosing(wanted: list[str], chosen: bool) -> None:
    events = tuple(event(t, "setup", f"begins {t}") for t in (2, 3))
    (point,) = [p for p in points(truth(command(0, MOVE), command(1, MOVE), events=events)) if p.name == "2d3"]
    assert point.chosen(wanted) is chosen


@pytest.mark.parametrize(
    ("line", "logon", "shown"),
    [
        (MOVE, "network", 'NODEB cluster group "Cluster Group" /move'),
        (
            r"(md %SystemRoot%\Temp\mailops-upgrade-sp2 || exit 17) && (echo x)",
            "network",
            "NODEB write job upgrade-sp2",
        ),
        ('cmd /v:on /c "set /p P=&schtasks /create /tn mailops-u-sp2 /tr', "network", "NODEB schtasks /create u-sp2"),
        ("powershell x; Stop-ClusteredMailboxServer CMS1", "network", "NODEB Stop-ClusteredMailboxServer"),
        (r"C:\WINDOWS\Temp\mailops-upgradecms-sp2\job.cmd", "batch", "NODEB Setup (/upgradecms)"),
        (r"C:\WINDOWS\Temp\mailops-upgrade-sp2\job.cmd", "batch", "NODEB Setup (/mode:upgrade)"),
        ("sc stop spooler", "network", "NODEB sc stop spooler"),
    ],
)
def test_acts_have_short_names(line: str, logon: str, shown: str) -> None:
    assert points(truth(command(1, line, logon=logon)))[0].act == shown


def test_a_report_is_named_after_the_time() -> None:
    """Another run has another one: it is the same act all the same."""
    line = r"echo x -ReportFile 'C:\Logs\mailops-move-20261123-041408-156.xml' (1)>y"
    found = points(truth(command(1, line)))
    assert re.search(found[0].moment["match"], line.replace("20261123-041408-156", "20270101-000000-001"))
    assert not re.search(found[0].moment["match"], line.replace("move", "validate"))


def test_of_the_looks_at_public_folders_only_the_first_ones_count() -> None:
    """How many there are is different in each run; what the later jobs change counts all the same."""
    look = r"echo go>%SystemRoot%\Temp\mailops-public-folders\go&&schtasks /run /tn mailops-public-folders <nul"
    events = [
        event(9.5, "public folder", "replica removed", detail) for detail in (r"\Sales: X", r"\NON_IPM_SUBTREE\A: X")
    ]
    found = points(truth(*(command(t, look) for t in range(6, 11)), events=tuple(events)))
    assert [p.name for p in found] == ["1b", "1d", "1a", "2b", "2d", "2a", "3b", "3d", "3a", "4d2"]
    assert found[-1].moment["match"] == r"^public\ folder\ replica\ removed\ \\Sales:\ X$"
