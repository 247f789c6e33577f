# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_group: moves, states, what it refuses, and what it makes of a tool that fails or lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import group_of

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]


@pytest.fixture(scope="module")
def group(pair: Lab) -> str:
    """The group that the tests move; it begins and ends online on NODEB."""
    return group_of(pair, "CLUS1")


def seen(lab: Lab, group: str) -> dict[str, str]:
    """Owner and state of the group."""
    found: dict[str, str] = lab.truth()["clusters"]["CLUS1"]["groups"][group]
    return found


def test_move_offline_online(pair: Lab, honest: Module, group: str) -> None:
    """Each once, and once more from the other node, with nothing left to do."""
    steps: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"owner": "NODEA"}, {"owner": "NODEA", "state": "online"}),
        ({"state": "offline"}, {"owner": "NODEA", "state": "offline"}),
        ({"owner": "NODEB"}, {"owner": "NODEB", "state": "offline"}),
        ({"state": "online"}, {"owner": "NODEB", "state": "online"}),
        ({"owner": "nodea", "state": "online"}, {"owner": "NODEA", "state": "online"}),
        ({"owner": "NODEB"}, {"owner": "NODEB", "state": "online"}),
    ]
    for arguments, wanted in steps:
        before = seen(pair, group)
        result = honest(pair, "nodeb", "cluster_group", name=group, poll=0.1, **arguments)
        assert result["changed"]
        assert (result["before"], result["after"]) == (before, wanted)
        assert seen(pair, group) == wanted
        again = honest(pair, "nodea", "cluster_group", name=group.upper(), poll=0.1, **arguments)
        assert not again["changed"]
        assert again["before"] == again["after"] == wanted


def test_check_mode_and_diff(untouched_lab: Lab, foretell: Module) -> None:
    """Owner and state as they would be, the lines that would be run, and no diff where nothing would be done."""
    name = group_of(untouched_lab, "CLUS1")
    told = foretell(
        untouched_lab,
        [
            ("move", "nodea", "cluster_group", {"name": name, "owner": "nodea"}),
            ("both", "nodea", "cluster_group", {"name": name, "owner": "NODEA", "state": "offline"}),
            ("nothing", "nodea", "cluster_group", {"name": name, "owner": "NODEB", "state": "online"}),
            ("refused", "nodea", "cluster_group", {"name": "CMS1", "owner": "NODEB"}),
        ],
    )
    line = f'cluster.exe group "{name}"'
    assert told["move"]["commands"] == [f"{line} /move:NODEA /wait:300"]
    assert told["both"]["commands"] == [f"{line} /move:NODEA /wait:300", f"{line} /offline /wait:300"]
    assert told["both"]["after"] == {"owner": "NODEA", "state": "offline"}
    assert ('"NODEB"' in told["move"]["diff"]["before"], '"NODEA"' in told["move"]["diff"]["after"]) == (True, True)
    assert [told[task]["changed"] for task in ("move", "both", "nothing")] == [True, True, False]
    assert told["nothing"]["diff"]["before"] == told["nothing"]["diff"]["after"]
    assert "clustered_mailbox_server" in told["refused"]["msg"]


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "CMS1", "owner": "NODEB"}, ("R1", "clustered mailbox server", "clustered_mailbox_server")),
        ({"name": "CMS1", "state": "offline"}, ("R1", "clustered mailbox server")),
        ({"name": "No such group", "state": "offline"}, ("'No such group'", "CMS1")),
        ({"owner": "NODEX"}, ("'NODEX'", "NODEA, NODEB")),
        ({"owner": "NODEA", "state": "paused"}, ("paused", "online, offline")),
        ({"owner": "NODEA", "timeout": "soon"}, ("timeout", "soon")),
        ({"name": "/offline", "state": "offline"}, ("/offline",)),
    ],
    ids=["move of a server", "offline of a server", "no group", "no node", "no state", "no number", "an option"],
)
def test_refusals(pair: Lab, refused: Module, group: str, arguments: dict[str, str], words: tuple[str, ...]) -> None:
    """Nothing is touched, and it is said what there is or what to use instead."""
    refused(pair, "nodea", "cluster_group", *words, **({"name": group} | arguments))


def test_a_target_that_is_paused(start_lab: Callable[..., Lab], refused: Module) -> None:
    """R2: it would take nothing."""
    lab = start_lab("refusals")
    name = group_of(lab, "PAUSED")
    lab.inject("failover", host="PAUSED1", group=name)
    refused(lab, "paused1", "cluster_group", "R2", "PAUSED1 is paused", "resume", name=name, owner="PAUSED1")


# --- native failures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (5, ("5 ERROR_ACCESS_DENIED",)),
        (5016, ("5016 ERROR_HOST_NODE_NOT_GROUP_OWNER", "possible owners")),
        (5071, ("5071 ERROR_NODE_CANT_HOST_RESOURCE",)),
        (12345, ("exit code 12345, no meaning known", "-vvv")),
    ],
)
def test_cluster_exe_refuses(
    pair: Lab, module: Module, faulty: Faulty, group: str, code: int, words: tuple[str, ...]
) -> None:
    """The number, its name, what to do next; nothing has moved, and changed does not claim it."""
    with faulty(pair, "exit", program="cluster", match="/move", rc=str(code)):
        result = module(pair, "nodea", "cluster_group", name=group, owner="NODEA", poll=0.1)
    assert result["failed"]
    assert [word for word in words if word not in result["msg"]] == [], result["msg"]
    assert (result["rc"], result["changed"]) == (code, False)
    assert seen(pair, group) == {"owner": "NODEB", "state": "online"}


@pytest.mark.parametrize(
    ("fault", "fields"),
    [("no_effect", {}), ("garbage", {}), ("exit", {"rc": "258"}), ("exit", {"rc": "1460"})],
    ids=["success that is none", "nonsense", "wait is over", "wait is over, 2008"],
)
def test_what_cluster_exe_says_is_not_believed(
    pair: Lab, module: Module, faulty: Faulty, group: str, fault: str, fields: dict[str, str]
) -> None:
    """It is watched for what really happens, which here is nothing."""
    with faulty(pair, fault, program="cluster", match="/move", **fields):
        result = module(pair, "nodea", "cluster_group", name=group, owner="NODEA", poll=0.05, timeout=1)
    assert result["failed"]
    assert "not so after 1 s; last seen: online on NODEB" in result["msg"]
    assert seen(pair, group) == {"owner": "NODEB", "state": "online"}


def test_a_failure_that_is_none(pair: Lab, module: Module, faulty: Faulty, group: str) -> None:
    """cluster.exe gives up waiting behind a move that it has begun: it is there in the end."""
    with faulty(pair, "exit", program="cluster", match="/move", when="after", rc="258"):
        result = module(pair, "nodea", "cluster_group", name=group, owner="NODEA", poll=0.1)
    assert not result.get("failed"), result
    assert result["after"] == seen(pair, group) == {"owner": "NODEA", "state": "online"}
    module(pair, "nodea", "cluster_group", name=group, owner="NODEB", poll=0.1)
    assert seen(pair, group) == {"owner": "NODEB", "state": "online"}


def test_by_force_a_mailbox_server_is_moved_as_well(start_lab: Callable[..., Lab], module: Module) -> None:
    """With allow_clustered_mailbox_server it is done; its databases pay for it, and that is no success."""
    lab = start_lab()
    arguments = {"name": "CMS1", "owner": "NODEB", "allow_clustered_mailbox_server": True, "poll": 0.1, "timeout": 2}
    result = module(lab, "nodea", "cluster_group", **arguments)
    server = lab.truth()["clusters"]["CLUS1"]["cms"]["CMS1"]
    assert (server["owner"], set(server["databases"].values())) == ("NODEB", {"dismounted"})
    assert result["changed"]
    assert "last seen: partially_online on NODEB" in result["msg"]
