# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every cell of the management tools' matrix, against the rules as they are written, and what follows of them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _manage
from ansible_collections.mailops.exchange2007.plugins.module_utils._manage import can_manage, cluster_tools

# (tools, computer) -> (release, Windows of the cluster) that they may manage; sp1, sp2 and sp3 are one kind.
YES = {
    ("rtm", "2003"): {("rtm", "2003")},
    ("rtm", "xp"): {("rtm", "2003")},
    ("sp", "2003"): {("sp", "2003")},
    ("sp", "xp"): {("sp", "2003")},
    ("sp", "2008"): {("sp", "2008")},
}
RELEASES = ("rtm", "sp1", "sp2", "sp3")
CELLS = list(itertools.product(RELEASES, ("2003", "xp", "vista", "2008"), RELEASES, ("2003", "2008")))


def kind(release: str) -> str:
    return "rtm" if release == "rtm" else "sp"


@pytest.mark.parametrize(("tools", "admin", "release", "family"), CELLS)
def test_clustered(tools: str, admin: str, release: str, family: str) -> None:
    verdict = can_manage(tools, admin, {"release": release, "os_family": family})
    assert verdict.allowed is ((kind(release), family) in YES.get((kind(tools), admin), set()))
    assert verdict.reason.endswith(".")
    assert bool(verdict.alternative) is not verdict.allowed
    assert bool(verdict.assumption) is (verdict.allowed and "sp3" in (tools, release))


@pytest.mark.parametrize(("tools", "admin", "release"), list(itertools.product(RELEASES, _manage.NAMES, RELEASES)))
def test_stand_alone(tools: str, admin: str, release: str) -> None:
    verdict = can_manage(tools, admin, {"release": release, "clustered": False})
    assert verdict.allowed is (admin == "vista" and "rtm" not in (tools, release))


@pytest.mark.parametrize(
    ("tools", "admin", "release", "family", "rule", "part"),
    [
        ("rtm", "2003", "rtm", "2003", "T1", "manage clustered mailbox servers at RTM"),
        ("sp1", "xp", "sp2", "2003", "T2", "manage clustered mailbox servers at SP2"),
        ("sp2", "vista", "sp2", "2008", "T3", "from Windows Vista"),
        ("sp2", "2003", "sp2", "2008", "T4", "Windows Server 2008 is not administered from Windows Server 2003"),
        ("sp2", "2008", "rtm", "2003", "T4", "Windows Server 2003 is not administered from Windows Server 2008"),
        ("sp2", "2003", "rtm", "2003", "T1", "Nothing says that SP2 tools"),
        ("rtm", "xp", "sp1", "2003", "T2", "Nothing says that RTM tools"),
        ("sp2", "2008", "rtm", "2008", "T2", "RTM does not run on Windows Server 2008"),
    ],
)
def test_the_rule_that_decides(tools: str, admin: str, release: str, family: str, rule: str, part: str) -> None:
    verdict = can_manage(tools, admin, {"release": release, "os_family": family})
    assert verdict.rule == rule
    assert part in verdict.reason


@pytest.mark.parametrize(
    ("tools", "admin", "cms", "part"),
    [
        ("sp4", "2003", {"release": "sp2", "os_family": "2003"}, "tools 'sp4': give one of rtm, sp1, sp2, sp3"),
        ("sp2", "7", {"release": "sp2", "os_family": "2003"}, "admin_os '7': give one of 2003, xp, vista, 2008"),
        ("sp2", "xp", {"os_family": "2003"}, "release None"),
        ("sp2", "xp", {"release": "sp2"}, "os_family None: give one of 2003, 2008"),
        ("sp2", "xp", {"release": "sp2", "os_family": "2008r2"}, "os_family '2008r2'"),
    ],
)
def test_a_wrong_value_is_named(tools: str, admin: str, cms: dict[str, str], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        can_manage(tools, admin, cms)


def test_case_and_blanks_of_values_do_not_matter() -> None:
    assert can_manage(" SP2 ", "XP", {"release": "Sp1", "os_family": "2003"}).allowed


def test_the_matrix_has_every_cell() -> None:
    assert [cell[:4] for cell in _manage.matrix()] == CELLS


@pytest.mark.parametrize(
    ("admin", "way", "manages"),
    [("2003", "adminpak", "2003"), ("xp", "adminpak", "2003"), ("2008", "feature", "2008"), ("vista", "none", "")],
)
def test_the_cluster_tools_of_a_computer(admin: str, way: str, manages: str) -> None:
    assert cluster_tools(admin) == {"way": way, "manages": manages}


@pytest.mark.parametrize(
    ("family", "before", "after", "lost"),
    [
        ("2003", "rtm", "sp1", ["rtm"]),
        ("2003", "rtm", "sp3", ["rtm"]),
        ("2003", "sp1", "sp2", []),
        ("2003", "rtm", "rtm", []),
        ("2008", "sp1", "sp2", []),
        ("2008r2", "rtm", "sp3", []),
        ("2003", "None", "sp2", []),
    ],
)
def test_tools_that_are_of_no_use_after_an_upgrade(family: str, before: str, after: str, lost: list[str]) -> None:
    assert list(_manage.lost_tools(family, before, after)) == lost


# --- the table of the documentation --------------------------------------------------------------------------------

PAGE = Path(__file__).resolve().parents[4] / "docs" / "management-tools.md"


def test_the_documented_table_is_the_matrix() -> None:
    """Row by row, cell by cell; the words of the cells are read, not what wrote them."""
    rows = [line.strip("| \n").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if " | " in line]
    head = next(row for row in rows if row[:2] == ["tools", "computer"])
    computers = {name: admin for admin, name in _manage.NAMES.items()}
    shown = {
        (row[0].lower(), computers[row[1]], *title.lower().split(" on ")): cell
        for row in rows
        if len(row) == len(head) and row[1] in computers
        for title, cell in zip(head[2:], row[2:], strict=True)
    }
    assert sorted(shown) == sorted(CELLS)
    for (tools, admin, release, family), cell in shown.items():
        allowed = (kind(release), family) in YES.get((kind(tools), admin), set())
        assert cell.startswith("**yes**" if allowed else "no")
        assert ("assumed" in cell) is (allowed and "sp3" in (tools, release))


# --- which servers -------------------------------------------------------------------------------------------------


def reading(node: str, family: str, *servers: tuple[str, str | None], error: str | None = None) -> dict[str, Any]:
    """`exchange` of exchange_info, as far as it counts here."""
    return {
        "node": node,
        "os": {"family": family},
        "clustered_mailbox_servers": [{"name": name, "release": release} for name, release in servers],
        "clustered_mailbox_servers_error": error,
    }


def server(name: str, release: str | None, family: str | None, clustered: bool = True) -> dict[str, Any]:
    return {"name": name, "release": release, "os_family": family, "clustered": clustered}


OLD, NEW = server("OLD", "rtm", "2003"), server("NEW", "sp2", "2008")
READINGS = [reading("N1", "2008", ("NEW", "sp2")), reading("O1", "2003", ("OLD", "rtm")), reading("O2", "2003")]


@pytest.mark.parametrize(
    ("readings", "wanted", "servers"),
    [
        pytest.param(READINGS, [], [NEW, OLD], id="all that were read, by name"),
        pytest.param([*READINGS, reading("N2", "2008", ("new", "sp1"))], [], [NEW, OLD], id="each once"),
        pytest.param([], [], [], id="none"),
        pytest.param(
            [reading("O1", "2003", error="x")], [], [server("the mailbox servers of O1", None, "2003")], id="unread"
        ),
        pytest.param(READINGS, [{"name": "old"}], [{**OLD, "name": "old"}], id="completed"),
        pytest.param(READINGS, [{"name": "OLD", "release": "sp1"}], [server("OLD", "sp1", "2003")], id="said"),
        pytest.param(READINGS, [{"name": "X"}], [server("X", None, None)], id="nobody knows it"),
        pytest.param(
            [], [{"name": "X", "release": "sp1", "clustered": False}], [server("X", "sp1", None, False)], id="alone"
        ),
    ],
)
def test_servers(readings: list[dict[str, Any]], wanted: list[dict[str, Any]], servers: list[dict[str, Any]]) -> None:
    assert _manage.servers_of(readings, wanted) == servers


# --- one computer --------------------------------------------------------------------------------------------------


def computer(family: str, tools: str = "") -> dict[str, Any]:
    """`exchange` of exchange_info for a computer; tools: a version."""
    return {"node": "ADMIN", "os": {"family": family}, "roles": {"AdminTools": tools} if tools else {}}


RTM, SP2 = "8.0.685.25", "8.2.176.2"
BOTH = [NEW, OLD]


@pytest.mark.parametrize(
    ("family", "tools", "servers", "may", "rules", "way", "refused", "strictly"),
    [
        ("2003", RTM, BOTH, ["OLD"], {"NEW": "T4"}, "adminpak", "", "T4"),
        ("2003", SP2, BOTH, [], {"NEW": "T4", "OLD": "T1"}, "adminpak", "", "T4"),
        ("xp", "", BOTH, [], {"NEW": "T4", "OLD": "tools"}, "adminpak", "", "T4"),
        ("xp", "", [OLD], [], {"OLD": "tools"}, "adminpak", "", ""),
        ("xp", RTM, [OLD], ["OLD"], {}, "adminpak", "", ""),
        ("xp", RTM, [NEW], [], {"NEW": "T4"}, "adminpak", "T4", "T4"),
        ("2003", SP2, [OLD], [], {"OLD": "T1"}, "adminpak", "", "T1"),
        ("2008", SP2, BOTH, ["NEW"], {"OLD": "T4"}, "feature", "", "T4"),
        ("2008", SP2, [OLD], [], {"OLD": "T4"}, "feature", "T4", "T4"),
        ("2008", RTM, [NEW], [], {"NEW": "T2"}, "feature", "", "T2"),
        ("2008", "8.3.83.6", [NEW], ["NEW"], {}, "feature", "", ""),
        ("2008", "14.1.218.15", [NEW], [], {"NEW": "unknown"}, "feature", "", "unknown"),
        ("vista", SP2, BOTH, [], {"NEW": "T3", "OLD": "T3"}, "none", "T3", "T3"),
        ("vista", SP2, [server("ALONE", "sp2", None, False)], ["ALONE"], {}, "none", "T3", "T3"),
        ("2008r2", SP2, [NEW], [], {"NEW": "unknown"}, "", "unknown", "unknown"),
        ("unknown", "", [NEW], [], {"NEW": "unknown"}, "", "unknown", "unknown"),
        ("2008", SP2, [], [], {}, "feature", "input", "input"),
        ("2008", SP2, [server("X", None, "2008")], [], {"X": "unknown"}, "feature", "", "unknown"),
        ("2008", SP2, [server("X", "sp2", None)], [], {"X": "unknown"}, "feature", "unknown", "unknown"),
        ("2008", SP2, [server("X", "sp2", "2008r2")], [], {"X": "unknown"}, "feature", "unknown", "unknown"),
        ("2003", SP2, [server("ALONE", "sp2", None, False)], [], {"ALONE": "T3"}, "adminpak", "T3", "T3"),
    ],
)
def test_a_computer(
    family: str,
    tools: str,
    servers: list[dict[str, Any]],
    may: list[str],
    rules: dict[str, str],
    way: str,
    refused: str,
    strictly: str,
) -> None:
    for strict, rule in ((False, refused), (True, strictly)):
        seen = _manage.report(computer(family, tools), servers, strict=strict)
        assert (seen["may"], seen["way"]) == (may, way)
        assert {each["name"]: each["rule"] for each in seen["may_not"]} == rules
        assert all(each["reason"] and each["alternative"] for each in seen["may_not"])
        assert seen["refusal"].get("rule", "") == rule
        assert len(seen["lines"]) == 1 + len(servers)


def test_a_refusal_names_all_servers() -> None:
    refusal = _manage.report(computer("2008", SP2), [OLD, {**OLD, "name": "OLDER"}], strict=True)["refusal"]
    assert refusal["seen"].startswith("OLD: A cluster on Windows Server 2003 is not administered")
    assert "Remote Desktop" in refusal["advice"]
    assert "Also OLDER (T4)" in refusal["advice"]


@pytest.mark.parametrize(
    ("family", "tools", "servers", "lines"),
    [
        (
            "2003",
            RTM,
            [OLD],
            [
                "ADMIN: Windows Server 2003, Exchange management tools RTM",
                "may manage OLD (RTM on Windows Server 2003) [T1]",
            ],
        ),
        (
            "2008",
            SP2,
            [server("M", "sp3", "2008")],
            [
                "ADMIN: Windows Server 2008, Exchange management tools SP2",
                "may manage M (SP3 on Windows Server 2008) [T2] SP3 is taken like SP2: "
                "the rules were written before it.",
            ],
        ),
        (
            "unknown",
            "14.1.218.15",
            [server("M", None, None)],
            [
                "ADMIN: Windows unknown, Exchange management tools 14.1.218.15",
                "may not manage M (release unknown) [unknown]: Its release or its Windows was not read, and unknown is "
                "a no. Run with the nodes of its cluster, or say both.",
            ],
        ),
        ("xp", "", [], ["ADMIN: Windows XP, no Exchange management tools"]),
    ],
)
def test_lines_for_people(family: str, tools: str, servers: list[dict[str, Any]], lines: list[str]) -> None:
    assert _manage.report(computer(family, tools), servers, strict=False)["lines"] == lines
