# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_info: what the lab's clusters are; unknown, with a reason, where Windows does not tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]
WMI = ("nodes", "groups", "owners", "resources")


@pytest.mark.parametrize("host", ["nodea", "nodeb"])
def test_what_the_cluster_is(untouched_lab: Lab, honest: Module, host: str) -> None:
    """Nodes, groups and their states are the lab's, whichever node is asked."""
    seen = honest(untouched_lab, host, "cluster_info")["cluster"]
    truth = untouched_lab.truth()["clusters"]["CLUS1"]
    assert seen["name"] == "CLUS1"
    assert {node["name"]: node["state"] for node in seen["nodes"]} == truth["nodes"]
    assert [node["id"] for node in seen["nodes"]] == [1, 2]
    groups = {group["name"]: {"owner": group["owner"], "state": group["state"]} for group in seen["groups"]}
    assert groups == truth["groups"]
    assert {resource["state"] for resource in seen["resources"]} == {"online"}
    assert {resource["group"] for resource in seen["resources"]} == set(truth["groups"])
    assert seen["unknown_because"] == []


def test_states_that_are_not_good(start_lab: Callable[..., Lab], honest: Module) -> None:
    """A paused node, a mailbox server that is down."""
    lab = start_lab("refusals")
    seen = honest(lab, "paused2", "cluster_info")["cluster"]
    assert {node["name"]: node["state"] for node in seen["nodes"]} == {"PAUSED1": "paused", "PAUSED2": "up"}
    seen = honest(lab, "half1", "cluster_info")["cluster"]
    states = {group["name"]: group["state"] for group in seen["groups"]}
    assert states["CMSHALF"] == lab.truth()["clusters"]["HALF"]["groups"]["CMSHALF"]["state"] != "online"


@pytest.fixture(scope="module", params=["english", "foreign"])
def spoken(request: pytest.FixtureRequest, start_lab: Callable[..., Lab]) -> Lab:
    """The same pair in both languages."""
    return start_lab("ccr-2003-rtm", language=request.param)


@pytest.mark.parametrize(
    ("fault", "fields"),
    [("exit", {"rc": "-2147217394"}), ("garbage", {}), ("no_effect", {}), ("denied", {})],
    ids=["no such namespace", "nonsense", "nothing", "denied"],
)
def test_without_wmi(spoken: Lab, honest: Module, faulty: Faulty, fault: str, fields: dict[str, str]) -> None:
    """Owners are known all the same; every state is unknown, also where its word is English, and it is said why."""
    with faulty(spoken, fault, program="wmic", match="MSCluster", **fields):
        seen = honest(spoken, "nodea", "cluster_info")["cluster"]
    groups = spoken.truth()["clusters"]["CLUS1"]["groups"]
    assert {group["name"]: group["owner"] for group in seen["groups"]} == {
        name: group["owner"] for name, group in groups.items()
    }
    states = {part["state"] for kind in ("nodes", "groups", "resources") for part in seen[kind]}
    assert states == {"unknown"}
    assert seen["unknown_because"] == [f"MSCluster {what}: no answer" for what in WMI]


def test_without_wmi_nothing_is_done(spoken: Lab, refused: Module, faulty: Faulty) -> None:
    """R9, with the reason, by every module that acts on the cluster."""
    group = next(name for name in spoken.truth()["clusters"]["CLUS1"]["groups"] if "(" in name)
    acts: list[tuple[str, dict[str, Any]]] = [
        ("cluster_group", {"name": group, "owner": "NODEA"}),
        ("cluster_node", {"name": "NODEB", "state": "paused"}),
        ("exchange_setup", {"media": r"D:\media\sp2", "release": "sp2"}),
    ]
    with faulty(spoken, "exit", program="wmic", match="MSCluster", rc="-2147217394"):
        for name, arguments in acts:
            result = refused(spoken, "nodea", name, "MSCluster nodes: no answer", **arguments)
            assert "R9" in {reason["rule"] for reason in result["refusals"]}, result["msg"]


@pytest.mark.parametrize("code", [1753, 1722, 5, 70])
def test_cluster_exe_fails(untouched_lab: Lab, refused: Module, faulty: Faulty, code: int) -> None:
    """The number is told."""
    with faulty(untouched_lab, "exit", program="cluster", rc=str(code)):
        refused(untouched_lab, "nodea", "cluster_info", str(code), "Cluster service")


def test_cluster_exe_prints_nonsense(untouched_lab: Lab, refused: Module, faulty: Faulty) -> None:
    """With exit code 0."""
    with faulty(untouched_lab, "garbage", program="cluster"):
        refused(untouched_lab, "nodea", "cluster_info", "listed no node")


def test_a_cluster_that_is_not_there(untouched_lab: Lab, refused: Module) -> None:
    """The other cluster's name is what fails."""
    refused(untouched_lab, "nodea", "cluster_info", "NOSUCH", cluster="NOSUCH")


def test_the_cluster_service_is_stopped(start_lab: Callable[..., Lab], refused: Module) -> None:
    """Not a word about a cluster from such a node."""
    lab = start_lab("refusals")
    lab.inject("service_stop", host="NEW2")
    refused(lab, "new2", "cluster_info", "1753", "Cluster service")


def test_check_mode_looks_as_well(untouched_lab: Lab, foretell: Module) -> None:
    """And shows no diff, for nothing would change."""
    result = foretell(untouched_lab, [("info", "nodea", "cluster_info", {})])["info"]
    assert not result["changed"]
    assert "diff" not in result
    assert {node["name"] for node in result["cluster"]["nodes"]} == {"NODEA", "NODEB"}


def test_an_argument_that_is_none(untouched_lab: Lab, refused: Module) -> None:
    """Its name, and those there are."""
    refused(untouched_lab, "nodea", "cluster_info", "unsupported parameters", "nodes", "cluster", nodes="x")
