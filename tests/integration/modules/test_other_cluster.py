# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""O(cluster): another cluster is read and changed from a node of the first, where the login reaches as far."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.conftest import Play, Run
from ansible_collections.mailops.exchange2007.tests.integration.truths import group_of

TOPOLOGY = Path(__file__).parents[1] / "topologies" / "neighbours.yml"
PREFIX = "mailops.exchange2007."


@pytest.fixture(scope="module")
def neighbours(start_lab: Callable[..., Lab]) -> Lab:
    """Nothing changes for good."""
    return start_lab(TOPOLOGY)


def tasks(playbook: Play, lab: Lab, **steps: tuple[str, dict[str, Any]]) -> Run:
    """Every step is a task on near-1, over CredSSP, on the other cluster; failures are kept."""
    play = {
        "name": "Manage the neighbour",
        "hosts": "near-1",
        "gather_facts": False,
        "ignore_errors": True,
        "vars": {"ansible_winrs_transport": "credssp"},
        "tasks": [
            {"name": name, PREFIX + module: {"cluster": "FAR-OFF", **arguments}}
            for name, (module, arguments) in steps.items()
        ],
    }
    return playbook(lab, [play])


def far(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = lab.truth()["clusters"]["FAR-OFF"]
    return found


def test_read_move_pause_and_back(playbook: Play, neighbours: Lab) -> None:
    """States are the other cluster's, commands name it, a second time nothing is left to do, and R1 holds there too."""
    before = far(neighbours)
    name = group_of(neighbours, "FAR-OFF")
    (core,) = set(before["groups"]) - {name, "CMSFAR"}
    group, node = {"name": name, "poll": 0.1}, {"name": "FAR-2", "poll": 0.1}
    run = tasks(
        playbook,
        neighbours,
        info=("cluster_info", {}),
        by_node=("cluster_info", {"cluster": "far-2"}),
        moved=("cluster_group", group | {"owner": "FAR-2"}),
        settled=("cluster_group", group | {"owner": "FAR-2", "state": "online"}),
        mailbox=("cluster_group", group | {"name": "CMSFAR", "owner": "FAR-1"}),
        paused=("cluster_node", node | {"state": "paused"}),
        to_paused=("cluster_group", {"name": core, "owner": "FAR-2"}),
        resumed=("cluster_node", node | {"state": "up"}),
        back=("cluster_group", group | {"owner": "FAR-1"}),
    )
    said = {task: hosts["near-1"] for task, hosts in run.results.items()}
    seen = said["info"]["cluster"]
    assert said["by_node"]["cluster"] == seen
    assert (seen["name"], seen["unknown_because"]) == ("FAR-OFF", [])
    assert {g["name"]: {"owner": g["owner"], "state": g["state"]} for g in seen["groups"]} == before["groups"]
    assert {n["name"]: n["state"] for n in seen["nodes"]} == before["nodes"]
    assert said["moved"]["commands"] == [f'cluster.exe /cluster:FAR-OFF group "{name}" /move:FAR-2 /wait:300']
    assert said["moved"]["after"] == {"owner": "FAR-2", "state": "online"}
    assert not said["settled"]["changed"]
    assert "which cluster.exe must not touch" in said["mailbox"]["msg"]
    assert said["paused"]["after"] == {"state": "paused"}
    assert "Node FAR-2 is paused" in said["to_paused"]["msg"]
    changed = ["moved: near-1", "paused: near-1", "resumed: near-1", "back: near-1"]
    assert run.changed == changed
    assert far(neighbours) == before
    assert neighbours.truth()["violations"] == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("cluster_info", {}),
        ("cluster_group", {"name": "Any", "owner": "FAR-2"}),
        ("cluster_node", {"name": "FAR-2", "state": "paused"}),
    ],
)
def test_ntlm_does_not_reach_it(
    neighbours: Lab, refused: Callable[..., Any], name: str, arguments: dict[str, Any]
) -> None:
    """Nothing is read, so nothing is changed; the tool's own code, and the way out, are said."""
    refused(neighbours, "near-1", name, "exit code 5", "CredSSP", cluster="FAR-OFF", **arguments)
