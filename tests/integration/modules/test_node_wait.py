# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_wait: for an answer, for services, for the cluster; and no longer than it may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import console, eventually

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]


@pytest.mark.parametrize("kind", ["answer", "services", "membership"])
def test_what_is_there_already(untouched_lab: Lab, honest: Module, kind: str) -> None:
    """Ends at the first look."""
    result = honest(untouched_lab, "nodea", "node_wait", **{"for": kind}, timeout=60, poll=50)
    assert result["elapsed"] < 50
    assert "everything there" in result["observation"]


def test_check_mode_waits_as_well(untouched_lab: Lab, foretell: Module) -> None:
    """It changes nothing, so it says the same."""
    told = foretell(
        untouched_lab,
        [
            ("wait", "nodea", "node_wait", {"for": "membership"}),
            ("limit", "nodea", "node_wait", {"for": "services", "services": ["nosuch"], "timeout": 1, "poll": 0.1}),
        ],
    )
    assert "everything there" in told["wait"]["observation"]
    assert "nosuch not running" in told["limit"]["msg"]


@pytest.mark.parametrize("service", ["nosuch", "SysmonLog"], ids=["not there", "stopped"])
def test_a_service_that_does_not_run(untouched_lab: Lab, refused: Module, service: str) -> None:
    """The limit, and what was seen last."""
    arguments: dict[str, Any] = {"for": "services", "services": ["W32Time", service], "timeout": 1, "poll": 0.1}
    refused(untouched_lab, "nodea", "node_wait", "1 s", f"{service} not running", **arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"for": "cluster"}, ("cluster", "answer, services, membership")), ({"timeout": "soon"}, ("soon",))],
    ids=["for nothing known", "no number"],
)
def test_refusals(untouched_lab: Lab, refused: Module, arguments: dict[str, str], words: tuple[str, ...]) -> None:
    """One line, with what there is."""
    refused(untouched_lab, "nodea", "node_wait", *words, **arguments)


def test_membership_that_wmi_does_not_tell(untouched_lab: Lab, refused: Module, faulty: Faulty) -> None:
    """Unknown is not up."""
    with faulty(untouched_lab, "exit", program="wmic", match="MSCluster", rc="1"):
        arguments: dict[str, Any] = {"for": "membership", "timeout": 1, "poll": 0.1}
        refused(untouched_lab, "nodea", "node_wait", "in the cluster it is unknown", **arguments)


def test_over_a_restart(pair: Lab, honest: Module) -> None:
    """It does not answer, then its services start, then its cluster sees it."""
    console(pair, "NODEB", "shutdown /r /t 0")
    eventually(pair, lambda t: not t["hosts"]["NODEB"]["answers"] or t["hosts"]["NODEB"]["boots"], "NODEB is down")
    result = honest(pair, "nodeb", "node_wait", **{"for": "membership"}, timeout=240, poll=0.1)
    truth = pair.truth()
    assert (truth["hosts"]["NODEB"]["boots"], truth["clusters"]["CLUS1"]["nodes"]["NODEB"]) == (1, "up")
    assert "up since" in result["observation"]


def test_a_node_that_is_off(pair: Lab, refused: Module) -> None:
    """No answer until the limit is no answer."""
    pair.inject("crash", host="NODEB", stays_down="yes")
    eventually(pair, lambda t: not t["hosts"]["NODEB"]["answers"], "NODEB is off")
    refused(pair, "nodeb", "node_wait", "not so after 1 s; last seen: no answer", timeout=1, poll=0.1)
