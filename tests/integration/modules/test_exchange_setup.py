# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_setup: Setup on a node and for a mailbox server, once; and its failures (refusals: test_refusals)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import acts, setups

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]

MODULE = "exchange_setup"
SP2: dict[str, Any] = {"media": r"D:\media\sp2", "release": "sp2", "poll": 0.1}


@pytest.fixture(scope="module")
def clusters(start_lab: Callable[..., Lab]) -> Lab:
    """Two pairs with a short Setup; B2 owns nothing."""
    return start_lab("two-clusters")


def proof(lab: Lab, module: Module, host: str) -> list[dict[str, Any]]:
    """The proof of a node, read now."""
    return [module(lab, host, "exchange_info", mailbox_servers=False)["proof"]]


def test_check_mode_and_diff(clusters: Lab, foretell: Module, module: Module) -> None:
    """The command, and the version as it would be; a refusal comes in check mode, too."""
    told = foretell(
        clusters,
        [
            ("setup", "b2", MODULE, SP2 | {"nodes": proof(clusters, module, "b1")}),
            ("refused", "b1", MODULE, SP2 | {"nodes": proof(clusters, module, "b2")}),
        ],
    )
    assert told["setup"]["changed"]
    assert told["setup"]["commands"] == [r'"D:\media\sp2\Setup.com" /mode:upgrade']
    assert "8.2.176.2" in told["setup"]["diff"]["after"]
    assert "CMSB" in told["refused"]["msg"]


@pytest.mark.parametrize(
    ("fault", "fields", "name"),
    [
        ("setup_access_denied", {}, ""),
        ("setup_wrong_bitness", {}, ""),
        ("exit", {"program": "schtasks", "match": "/create", "rc": "1"}, None),
        ("denied", {"program": "schtasks", "match": "/run"}, None),
    ],
    ids=["the directory", "the bitness", "no task", "the task does not start"],
)
def test_a_setup_that_does_not_begin(
    clusters: Lab, module: Module, faulty: Faulty, fault: str, fields: dict[str, str], name: str | None
) -> None:
    """Told in one line; the node is what it was, and the next call goes on from there (test_an_upgrade)."""
    evidence = proof(clusters, module, "b1")
    with faulty(clusters, fault, **fields):
        result = module(clusters, "b2", MODULE, **SP2, nodes=evidence)
    assert result["failed"], result
    assert "\n" not in result["msg"]
    assert "defect" not in result["msg"]
    assert name is None or result["diagnosis"]
    host = clusters.truth()["hosts"]["B2"]
    assert (host["exchange"]["release"], host["interrupted_setup"]) == ("rtm", {})


def test_an_upgrade(clusters: Lab, module: Module) -> None:
    """Once; the second call sees that it is done, and does nothing."""
    evidence = proof(clusters, module, "b1")
    before = setups(clusters.truth())
    result = module(clusters, "b2", MODULE, **SP2, nodes=evidence)
    assert result["changed"], result
    assert (result["before"]["version"], result["after"]["version"]) == ("8.0.685.25", "8.2.176.2")
    assert (result["rc"], result["joined"], result["restart_required"]) == (0, False, True)
    assert result["steps"]
    truth = clusters.truth()
    assert setups(truth)[len(before) :] == [("B2", "upgrade")]
    assert (truth["hosts"]["B2"]["exchange"]["release"], truth["violations"]) == ("sp2", [])
    acted = acts(truth)
    again = module(clusters, "b2", MODULE, **SP2, nodes=evidence)
    assert (again["changed"], again["before"]) == (False, again["after"])
    assert acts(clusters.truth()) == acted


def test_a_setup_that_fails_halfway(clusters: Lab, module: Module, faulty: Faulty) -> None:
    """The step, the diagnosis, and changed, for the node is not what it was."""
    group = next(name for name in clusters.truth()["clusters"]["CLUSA"]["groups"] if name != "CMSA")
    module(clusters, "a2", "cluster_group", name=group, owner="A1", poll=0.1)
    evidence = proof(clusters, module, "a1")
    with faulty(clusters, "setup_msi_1625", host="A2"):
        result = module(clusters, "a2", MODULE, **SP2, nodes=evidence)
    assert result["failed"], result
    assert (result["changed"], result["rc"]) == (True, 1)
    assert "1625" in " ".join(result["diagnosis"][0]["evidence"]), result["diagnosis"]
    assert setups(clusters.truth()).count(("A2", "upgrade")) == 1


def test_upgrade_cms(start_lab: Callable[..., Lab], module: Module) -> None:
    """Of a server that stands stopped on an upgraded node; and once more."""
    lab = start_lab("moved")
    arguments = SP2 | {"action": "upgrade_cms", "nodes": proof(lab, module, "nodea")}
    result = module(lab, "nodeb", MODULE, **arguments)
    assert result["changed"], result
    assert lab.truth()["clusters"]["CLUS1"]["cms"]["CMS1"]["release"] == "sp2"
    assert setups(lab.truth()) == [("NODEB", "upgradecms")]
    again = module(lab, "nodeb", MODULE, **arguments)
    assert not again["changed"], again
    assert setups(lab.truth()) == [("NODEB", "upgradecms")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"release": "sp9"}, ("sp9", "sp1, sp2, sp3")),
        ({"username": "x"}, ("username", "password")),
        ({"action": "install"}, ("upgrade, upgrade_cms",)),
        ({"nodes": [{"name": "A1"}]}, ("release", "observed_at")),
    ],
)
def test_arguments_that_are_wrong(
    clusters: Lab, refused: Module, arguments: dict[str, Any], words: tuple[str, ...]
) -> None:
    """One line, before the node is asked anything."""
    refused(clusters, "a2", MODULE, *words, **(SP2 | arguments))
