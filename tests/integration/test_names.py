# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Awkward names of groups, databases and media: a whole upgrade with them, and a refusal where one can't be passed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import acts, not_upgraded, setups

MEDIA = r"D:\O'Brien & Söhne (SP2), ^ 1=1;!\sp2"


@pytest.fixture(scope="module")
def odd(start_lab: Callable[..., Lab]) -> Lab:
    """One lab for the upgrade and for what is refused before it."""
    return start_lab("odd-names")


REFUSED = [
    pytest.param(
        "cluster_group", {"name": 'say "x"', "owner": "NODE-1"}, "no such group", id="a group that is not there"
    ),
    pytest.param("node_service", {"name": 'a"b', "state": "started"}, "it holds a double quote", id="double quote"),
    pytest.param(
        "node_service", {"name": "50%PATH%", "state": "started"}, "it holds a percent sign", id="percent sign"
    ),
    pytest.param("node_service", {"name": "a\nb", "state": "started"}, "it holds a line break", id="line break"),
    pytest.param(
        "node_service", {"name": "a\x1ab", "state": "started"}, "control character 0x1a", id="control character"
    ),
    pytest.param("node_service", {"name": "/x", "state": "started"}, "would be taken for an option", id="option"),
    pytest.param("node_service", {"name": "Łódź", "state": "started"}, "has no 'Ł'", id="code page"),
    pytest.param("exchange_info", {"media": r"D:\50%"}, "it holds a percent sign", id="media"),
    pytest.param("exchange_info", {"media": r"D:\中"}, "has no '中'", id="media in another code page"),
    pytest.param("cluster_info", {"cluster": 'a"b'}, "it holds a double quote", id="cluster"),
    pytest.param("storage_group_copy_info", {"server": "a\u2019b"}, "it holds a typographic quote", id="server"),
    pytest.param("storage_group_copy_info", {"server": "CMS-Ł"}, "'CMS-Ł' cannot be passed", id="server's code page"),
]


@pytest.mark.parametrize(("name", "arguments", "said"), REFUSED)
def test_a_name_that_cannot_be_passed_is_refused(
    odd: Lab, module: Callable[..., dict[str, Any]], name: str, arguments: dict[str, str], said: str
) -> None:
    """One line that names the value and the reason; nothing was changed."""
    before = acts(odd.truth())
    result = module(odd, "node-1", name, **arguments)
    assert result["failed"]
    assert said in result["msg"]
    assert len(result["msg"].splitlines()) == 1
    value = next(iter(arguments.values()))
    assert repr(value)[1:-1] in result["msg"] or value in result["msg"]
    assert acts(odd.truth()) == before


def test_a_whole_upgrade(odd: Lab, upgrade: Callable[..., Any]) -> None:
    """Every group is moved away and is online in the end; Setup comes from media with an awkward path."""
    before = groups(odd)
    run = upgrade(odd, upgrade_media=MEDIA)
    truth = odd.truth()
    assert run.code == 0, run.output
    assert not_upgraded(truth, "sp2") == []
    assert setups(truth) == [("NODE-2", "upgrade"), ("NODE-2", "upgradecms"), ("NODE-1", "upgrade")]
    assert groups(odd) == before
    assert set(before) - moved(truth) == set()


def groups(lab: Lab) -> dict[str, str]:
    """The state of every group."""
    (cluster,) = lab.truth()["clusters"].values()
    return {name: group["state"] for name, group in cluster["groups"].items()}


def moved(truth: dict[str, Any]) -> set[str]:
    """The groups that something happened to, as the lab saw it."""
    events = [event for event in truth["timeline"] if event["kind"] == "group"]
    return {event["detail"] for event in events}
