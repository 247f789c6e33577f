# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the management tools: documented, passing on, and one line for what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.exchange2007.plugins.filter import manage
from ansible_collections.mailops.exchange2007.tests.unit.plugins.filter.test_upgrade import assert_described

FILTERS = manage.FilterModule().filters()
FOLDER = Path(manage.__file__).parent
MAIL = {"name": "MAIL", "release": "sp2", "os_family": "2008"}
COMPUTER = {"node": "ADMIN", "os": {"family": "2008"}, "roles": {"AdminTools": "8.2.176.2"}}


def test_every_filter_has_its_documentation_beside_it() -> None:
    files = {path.stem for path in FOLDER.glob("*.yml") if not path.stem.startswith("upgrade_")}
    assert set(FILTERS) <= files


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_documentation(name: str) -> None:
    text = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    assert text["DOCUMENTATION"]["name"] == name
    assert text["DOCUMENTATION"]["options"]["_input"]["required"] is True
    assert f"mailops.exchange2007.{name}" in text["EXAMPLES"]
    assert_described(text["RETURN"]["_value"])


def test_what_the_report_returns_is_documented() -> None:
    returned = yaml.safe_load((FOLDER / "management_tools_report.yml").read_text())["RETURN"]["_value"]["contains"]
    assert set(returned) == set(manage.management_tools_report(COMPUTER, [MAIL]))


def test_a_verdict() -> None:
    assert manage.can_manage("sp2", "2008", MAIL)["allowed"] is True


def test_a_report_of_what_was_read() -> None:
    reading = {"node": "N1", "os": {"family": "2008"}, "clustered_mailbox_servers": [MAIL]}
    servers = manage.management_tools_servers([reading])
    assert manage.management_tools_report(COMPUTER, servers, True)["may"] == ["MAIL"]


@pytest.mark.parametrize(
    ("name", "arguments", "part"),
    [
        ("can_manage", ("sp2", "2008", "MAIL"), "cms 'MAIL': give a dictionary"),
        ("can_manage", ("sp9", "2008", MAIL), "can_manage: tools 'sp9': give one of"),
        ("management_tools_servers", ([], ["MAIL"]), "'MAIL': give a dictionary with name"),
        ("management_tools_servers", ([], [{"release": "sp2"}]), "give a dictionary with name"),
    ],
)
def test_what_does_not_fit(name: str, arguments: tuple[Any, ...], part: str) -> None:
    with pytest.raises(AnsibleFilterError, match=part):
        FILTERS[name](*arguments)
