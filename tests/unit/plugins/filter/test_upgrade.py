# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters: each has its documentation, passes its input on, and says in one line what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.exchange2007.plugins.filter import upgrade
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_plan import RESULT, cms, pair

FILTERS = upgrade.FilterModule().filters()
FOLDER = Path(upgrade.__file__).parent


def test_every_filter_has_its_documentation_beside_it() -> None:
    assert sorted(FILTERS) == sorted(path.stem for path in FOLDER.glob("upgrade_*.yml"))


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_documentation(name: str) -> None:
    text = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    assert text["DOCUMENTATION"]["name"] == name
    assert text["DOCUMENTATION"]["options"]["_input"]["required"] is True
    assert f"mailops.exchange2007.{name}" in text["EXAMPLES"]
    assert_described(text["RETURN"]["_value"])


def assert_described(key: dict[str, Any]) -> None:
    """A value of RETURN and all that it contains: described, with a sample."""
    assert key["description"]
    assert "sample" in key or "contains" in key
    assert ("elements" in key) == (key["type"] == "list")
    for inner in key.get("contains", {}).values():
        assert_described(inner)


NODES = pair("rtm", "rtm")


@pytest.mark.parametrize(
    ("name", "given", "more", "expected"),
    [
        ("upgrade_waves", NODES, ["sp2"], [["nodeb"], ["nodea"]]),
        ("upgrade_unread", NODES[0], [NODES[:1]], ["NODEB"]),
        ("upgrade_not_ready", NODES[0], [NODES, "sp2"], []),
        ("upgrade_reconciled", NODES[0], [NODES], NODES[0]),
        ("upgrade_plan", [], ["sp2"], []),
        ("upgrade_plan_lines", [{"cluster": "EX", "done": True, "steps": []}], [], ["EX: nothing to do"]),
        ("upgrade_mismatches", NODES[0], [["all"]], []),
        ("upgrade_observations", [], [], []),
    ],
)
def test_a_filter_gives_what_the_plan_gives(name: str, given: Any, more: list[Any], expected: Any) -> None:
    assert FILTERS[name](given, *more) == expected


def test_the_filters_that_need_a_whole_result() -> None:
    mine = FILTERS["upgrade_observation"](RESULT, "a.lab")
    assert (mine["node"], mine["host"]) == ("NODEA", "a.lab")
    assert FILTERS["upgrade_node_steps"](NODES[1], NODES[:1], "sp2")["setup"] is True
    assert FILTERS["upgrade_unproven"](pair("sp2", "sp2", cms(release="sp2"))[0], "sp2") == []


@pytest.mark.parametrize(
    ("name", "given", "more"),
    [
        ("upgrade_observation", {}, ["a"]),
        ("upgrade_observation", None, ["a"]),
        ("upgrade_waves", [{}], ["sp2"]),
        ("upgrade_waves", "text", ["sp2"]),
        ("upgrade_unproven", {"node": "NODEA"}, ["sp2"]),
        ("upgrade_plan", 5, ["sp2"]),
        ("upgrade_not_ready", NODES[0], []),
    ],
)
def test_what_does_not_fit_is_told_in_one_line_with_the_filters_name(name: str, given: Any, more: list[Any]) -> None:
    with pytest.raises(AnsibleFilterError, match=f"{name}: the input is not what exchange_info") as failed:
        FILTERS[name](given, *more)
    assert "\n" not in str(failed.value)
