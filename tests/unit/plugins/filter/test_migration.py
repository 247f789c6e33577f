# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the migration: each has its documentation, and says in one line what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.exchange2007.plugins.filter import migration
from ansible_collections.mailops.exchange2007.tests.unit.plugins.filter.test_upgrade import assert_described
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_migration import both

FILTERS = migration.FilterModule().filters()
FOLDER = Path(migration.__file__).parent


def test_every_filter_has_its_documentation_beside_it() -> None:
    assert sorted(FILTERS) == sorted(path.stem for path in FOLDER.glob("migration_*.yml"))


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_documentation(name: str) -> None:
    text = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    assert text["DOCUMENTATION"]["name"] == name
    options = dict(text["DOCUMENTATION"]["options"])
    assert options.pop("_input")["required"] is True
    assert text["DOCUMENTATION"].get("positional", "").split(", ") == ([*options] or [""]) or name.endswith("behind")
    assert f"mailops.exchange2007.{name}" in text["EXAMPLES"]
    assert_described(text["RETURN"]["_value"])


@pytest.mark.parametrize(
    ("name", "given", "more", "expected"),
    [
        ("migration_not_ready", both(), ["MAIL-OLD", "MAIL-NEW", {}], []),
        ("migration_owned", {"node": "N1"}, [["MAIL-OLD"]], []),
        ("migration_plan_lines", {"source": "A", "target": "B", "mover": "n1", "moves": []}, [], ["A to B"]),
    ],
)
def test_a_filter_gives_what_the_code_gives(name: str, given: Any, more: list[Any], expected: list[str]) -> None:
    found = FILTERS[name](given, *more)
    assert len(found) >= len(expected)
    assert all(text.startswith(start) for text, start in zip(found, expected, strict=False))


@pytest.mark.parametrize("name", sorted(FILTERS))
@pytest.mark.parametrize("given", [[{"node": "N1"}], {"node": "N1"}, "text", 7])
def test_what_does_not_fit_is_one_line(name: str, given: Any) -> None:
    """Never a traceback; the filter is named."""
    every: list[Any] = ["A", "B", {}]
    own: dict[str, list[Any]] = {
        "migration_owned": [["X"], "ccr", 1],
        "migration_observation": ["n1", [{"mailbox_server": 1}], []],
        "migration_recap": ["p"],
        "migration_gathered": [1],
        "migration_plan_lines": [],
    }
    with pytest.raises(AnsibleFilterError, match=name):
        FILTERS[name](given, *own.get(name, every))
