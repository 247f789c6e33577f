# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every cell of the management tools' matrix, against the rules as they are written in its requirements."""

from __future__ import annotations

import itertools

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
