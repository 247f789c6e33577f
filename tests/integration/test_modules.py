# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module on its own, through pytest-ansible: the happy way and the one where nothing is left to do.

changed is compared with the lab's own log every time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import acts, console, eventually

Module = Callable[..., dict[str, Any]]
GROUP = "Print & Fax (HQ)"


@pytest.fixture(scope="module")
def lab(start_lab: Callable[..., Lab]) -> Lab:
    """One lab for all tests that change something."""
    return start_lab()


@pytest.fixture
def honest(module: Module) -> Module:
    """Call a module that must succeed; its `changed` must be what the lab says."""

    def call(lab: Lab, host: str, name: str, /, **arguments: Any) -> dict[str, Any]:
        before = acts(lab.truth())
        result = module(lab, host, name, **arguments)
        assert not result.get("failed"), result
        acted = acts(lab.truth())[len(before) :]
        assert result["changed"] == bool(acted), acted
        assert len(result["commands"]) == len(acted), (result["commands"], acted)
        return result

    return call


def test_cluster_info(untouched_lab: Lab, honest: Module) -> None:
    """Nodes, groups and their states are the lab's."""
    seen = honest(untouched_lab, "nodeb", "cluster_info")["cluster"]
    truth = untouched_lab.truth()["clusters"]["CLUS1"]
    assert seen["name"] == "CLUS1"
    assert {node["name"]: node["state"] for node in seen["nodes"]} == truth["nodes"]
    groups = {group["name"]: {"owner": group["owner"], "state": group["state"]} for group in seen["groups"]}
    assert groups == truth["groups"]
    assert {resource["state"] for resource in seen["resources"]} == {"online"}
    assert {resource["group"] for resource in seen["resources"]} == set(truth["groups"])


def test_exchange_info(untouched_lab: Lab, honest: Module) -> None:
    """Versions, rollups, media, Windows and the mailbox server are the lab's."""
    seen = honest(untouched_lab, "nodea", "exchange_info", media=r"D:\media\sp2")["exchange"]
    truth = untouched_lab.truth()
    host, server = truth["hosts"]["NODEA"], truth["clusters"]["CLUS1"]["cms"]["CMS1"]
    assert (seen["node"], seen["release"]) == ("NODEA", "rtm")
    assert seen["version"] == host["exchange"]["version"]
    assert seen["rollups"] == host["exchange"]["rollups"]
    assert (seen["media"]["version"], seen["media"]["release"]) == ("8.2.176.2", "sp2")
    assert seen["os"]["family"] == host["windows"]["family"]
    assert seen["pending_restart"]["required"] is False
    (found,) = seen["clustered_mailbox_servers"]
    assert (found["name"], found["owner"], found["state"]) == ("CMS1", server["owner"], server["state"])
    assert found["release"] == server["release"]


def test_storage_group_copy_info(untouched_lab: Lab, honest: Module) -> None:
    """Every copy, by name and status."""
    result = honest(untouched_lab, "nodea", "storage_group_copy_info", server="CMS1", interval=0.01)
    copies = untouched_lab.truth()["clusters"]["CLUS1"]["cms"]["CMS1"]["copies"]
    assert {copy["name"]: copy["status"] for copy in result["copies"]} == {
        name: copy["status"] for name, copy in copies.items()
    }
    assert result["healthy"]


def test_waiting_for_what_is_there(untouched_lab: Lab, honest: Module) -> None:
    """Each kind of wait ends at once."""
    for kind in ("answer", "services", "membership"):
        result = honest(untouched_lab, "nodea", "node_wait", **{"for": kind}, timeout=30, poll=0.1)
        assert result["elapsed"] < 30


def test_cluster_group(lab: Lab, honest: Module) -> None:
    """Move, offline, online; each once more."""
    steps: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"owner": "NODEA"}, {"owner": "NODEA", "state": "online"}),
        ({"state": "offline"}, {"owner": "NODEA", "state": "offline"}),
        ({"owner": "NODEB"}, {"owner": "NODEB", "state": "offline"}),
        ({"state": "online"}, {"owner": "NODEB", "state": "online"}),
        ({"owner": "nodea", "state": "online"}, {"owner": "NODEA", "state": "online"}),
        ({"owner": "NODEB"}, {"owner": "NODEB", "state": "online"}),
    ]
    for arguments, wanted in steps:
        before = lab.truth()["clusters"]["CLUS1"]["groups"][GROUP]
        result = honest(lab, "nodeb", "cluster_group", name=GROUP, poll=0.1, **arguments)
        assert result["changed"]
        assert (result["before"], result["after"]) == (before, wanted)
        assert lab.truth()["clusters"]["CLUS1"]["groups"][GROUP] == wanted
        again = honest(lab, "nodea", "cluster_group", name=GROUP, poll=0.1, **arguments)
        assert not again["changed"]
        assert again["before"] == again["after"] == wanted


def test_cluster_group_shows_a_diff(lab: Lab, playbook: Callable[..., Any]) -> None:
    """--diff prints owner and state before and after."""
    task = {"name": "move", "mailops.exchange2007.cluster_group": {"name": GROUP, "owner": "NODEA", "poll": 0.1}}
    run = playbook(lab, [{"hosts": "nodea", "gather_facts": False, "tasks": [task]}], "--diff")
    assert run.code == 0, run.output
    diff = run.results["move"]["nodea"]["diff"]
    assert ("NODEB" in diff["before"], "NODEA" in diff["after"]) == (True, True)
    assert '-  "owner": "NODEB"' in run.output
    assert '+  "owner": "NODEA"' in run.output


def test_cluster_node(lab: Lab, honest: Module) -> None:
    """Pause and resume; each once more."""
    for state in ("paused", "up"):
        assert honest(lab, "nodea", "cluster_node", name="NODEB", state=state, poll=0.1)["changed"]
        assert lab.truth()["clusters"]["CLUS1"]["nodes"]["NODEB"] == state
        assert not honest(lab, "nodea", "cluster_node", name="nodeb", state=state, poll=0.1)["changed"]


def test_clustered_mailbox_server(lab: Lab, honest: Module, module: Module) -> None:
    """Stop and start; each once more. RTM knows no -ValidateOnly."""
    for state, seen in (("stopped", "offline"), ("started", "online")):
        arguments = {"name": "CMS1", "state": state, "poll": 0.1, "reason": "Test"}
        result = honest(lab, "nodea", "clustered_mailbox_server", **arguments)
        assert result["changed"]
        assert result["after"] == {"owner": "NODEA", "state": seen}
        assert lab.truth()["clusters"]["CLUS1"]["cms"]["CMS1"]["state"] == seen
        assert not honest(lab, "nodea", "clustered_mailbox_server", **arguments)["changed"]
    assert not honest(lab, "nodea", "clustered_mailbox_server", name="CMS1", owner="NODEA")["changed"]


def test_moving_a_clustered_mailbox_server(start_lab: Callable[..., Lab], honest: Module) -> None:
    """-ValidateOnly changes nothing; the move keeps it online with its databases mounted."""
    lab = start_lab("refusals")
    arguments = {"name": "CMSNEW", "owner": "NEW2", "poll": 0.1}
    assert not honest(lab, "new2", "clustered_mailbox_server", **arguments, validate_only=True)["changed"]
    assert honest(lab, "new2", "clustered_mailbox_server", **arguments)["changed"]
    truth = lab.truth()
    server = truth["clusters"]["NEW"]["cms"]["CMSNEW"]
    assert (server["owner"], server["state"], set(server["databases"].values())) == ("NEW2", "online", {"mounted"})
    assert truth["violations"] == []
    assert not honest(lab, "new2", "clustered_mailbox_server", **arguments)["changed"]


def test_node_service(lab: Lab, honest: Module, module: Module) -> None:
    """Stop, start, restart; a service that does not exist."""
    for state, seen in (("stopped", "stopped"), ("started", "running")):
        assert honest(lab, "nodea", "node_service", name="Spooler", state=state, poll=0.1)["changed"]
        assert lab.truth()["hosts"]["NODEA"]["services"]["Spooler"] == seen
        assert not honest(lab, "nodea", "node_service", name="spooler", state=state, poll=0.1)["changed"]
    assert honest(lab, "nodea", "node_service", name="Spooler", state="restarted", poll=0.1)["changed"]
    assert lab.truth()["hosts"]["NODEA"]["services"]["Spooler"] == "running"
    assert not honest(lab, "nodea", "node_service", name="pla", state="stopped", missing_ok=True)["changed"]
    missing = module(lab, "nodea", "node_service", name="pla", state="stopped")
    assert missing["failed"]
    assert "pla" in missing["msg"]


def test_node_reboot_and_wait(lab: Lab, honest: Module) -> None:
    """Over when the cluster sees the node up again; proven by the boot time."""
    for group in ("Cluster Group", GROUP):
        console(lab, "NODEB", f'cluster group "{group}" /move:NODEA')
    result = honest(lab, "nodeb", "node_reboot", reason="Test & (check)", poll=0.1, wait_for_services=["W32Time"])
    truth = lab.truth()
    assert truth["hosts"]["NODEB"]["boots"] == 1
    assert truth["clusters"]["CLUS1"]["nodes"]["NODEB"] == "up"
    assert truth["hosts"]["NODEB"]["services"]["W32Time"] == "running"
    assert result["before"] != result["after"]
    assert truth["violations"] == []
    # Somebody else restarts it: node_wait goes over the time in which it does not answer.
    console(lab, "NODEB", "shutdown /r /t 0")
    eventually(lab, lambda t: not t["hosts"]["NODEB"]["answers"], "NODEB is down")
    honest(lab, "nodeb", "node_wait", **{"for": "membership"}, timeout=120, poll=0.1)
    truth = lab.truth()
    assert (truth["hosts"]["NODEB"]["boots"], truth["clusters"]["CLUS1"]["nodes"]["NODEB"]) == (2, "up")
