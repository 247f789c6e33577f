# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_node: pause and resume, and what speaks against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import eventually

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]


def state(lab: Lab, node: str = "NODEB") -> str:
    """State of a node in the lab."""
    return str(lab.truth()["clusters"]["CLUS1"]["nodes"][node])


def test_pause_and_resume(pair: Lab, honest: Module) -> None:
    """Each once, and once more with nothing left to do."""
    for wanted, before in (("paused", "up"), ("up", "paused")):
        result = honest(pair, "nodea", "cluster_node", name="NODEB", state=wanted, poll=0.1)
        assert (result["changed"], result["before"], result["after"]) == (True, {"state": before}, {"state": wanted})
        assert state(pair) == wanted
        assert not honest(pair, "nodeb", "cluster_node", name="nodeb", state=wanted, poll=0.1)["changed"]


def test_check_mode_and_diff(untouched_lab: Lab, foretell: Module) -> None:
    """The line that would be run, and the state as it would be."""
    told = foretell(
        untouched_lab,
        [
            ("pause", "nodea", "cluster_node", {"name": "NODEB", "state": "paused"}),
            ("nothing", "nodea", "cluster_node", {"name": "NODEB", "state": "up"}),
            ("unknown", "nodea", "cluster_node", {"name": "NODEX", "state": "up"}),
        ],
    )
    assert told["pause"]["commands"] == ['cluster.exe node "NODEB" /pause']
    assert (told["pause"]["changed"], told["nothing"]["changed"]) == (True, False)
    assert "paused" in told["pause"]["diff"]["after"]
    assert "paused" not in told["pause"]["diff"]["before"]
    assert "NODEX" in told["unknown"]["msg"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "NODEX", "state": "paused"}, ("'NODEX'", "NODEA, NODEB")),
        ({"name": "NODEB", "state": "down"}, ("down", "up, paused")),
        ({"name": "NODEB"}, ("state",)),
    ],
    ids=["no node", "no state", "nothing asked"],
)
def test_refusals(pair: Lab, refused: Module, arguments: dict[str, str], words: tuple[str, ...]) -> None:
    """Nothing is touched."""
    refused(pair, "nodea", "cluster_node", *words, **arguments)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (5, ("5 ERROR_ACCESS_DENIED",)),
        (5050, ("5050 ERROR_CLUSTER_NODE_DOWN",)),
        (4711, ("exit code 4711, no meaning known",)),
    ],
)
def test_cluster_exe_refuses(pair: Lab, module: Module, faulty: Faulty, code: int, words: tuple[str, ...]) -> None:
    """The number and its name; the node is up all the same."""
    with faulty(pair, "exit", program="cluster", match="/pause", rc=str(code)):
        result = module(pair, "nodea", "cluster_node", name="NODEB", state="paused", poll=0.1)
    assert result["failed"]
    assert [word for word in words if word not in result["msg"]] == [], result["msg"]
    assert state(pair) == "up"


def test_success_that_is_none(pair: Lab, module: Module, faulty: Faulty) -> None:
    """Exit code 0 is not believed."""
    with faulty(pair, "no_effect", program="cluster", match="/pause"):
        result = module(pair, "nodea", "cluster_node", name="NODEB", state="paused", poll=0.05, timeout=1)
    assert result["failed"]
    assert "not so after 1 s; last seen: up" in result["msg"]


def test_a_node_that_is_down(start_lab: Callable[..., Lab], refused: Module) -> None:
    """R2: neither word brings it up."""
    lab = start_lab()
    lab.inject("crash", host="NODEB", stays_down="yes")
    eventually(lab, lambda truth: truth["clusters"]["CLUS1"]["nodes"]["NODEB"] == "down", "NODEB is down")
    for wanted in ("up", "paused"):
        refused(lab, "nodea", "cluster_node", "R2", "NODEB is down", name="NODEB", state=wanted)
