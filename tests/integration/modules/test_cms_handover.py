# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cms_handover: the whole window in one act; nothing where it is done; and a window that goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import about, acts, eventually, setups

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]

MODULE = "cms_handover"
SP2: dict[str, Any] = {
    "name": "CMS1",
    "media": r"D:\media\sp2",
    "release": "sp2",
    "poll": 0.1,
    "copy_interval": 0.01,
}


def proof(lab: Lab, module: Module, host: str) -> list[dict[str, Any]]:
    """The proof of a node, read now."""
    return [module(lab, host, "exchange_info", mailbox_servers=False)["proof"]]


def server(lab: Lab) -> dict[str, Any]:
    """The clustered mailbox server in the lab."""
    found: dict[str, Any] = lab.truth()["clusters"]["CLUS1"]["cms"]["CMS1"]
    return found


def test_the_window(start_lab: Callable[..., Lab], module: Module, foretell: Module) -> None:
    """Foretold, done once, measured; and nothing the second time."""
    lab = start_lab("half-way")
    evidence = proof(lab, module, "nodea")
    told = foretell(lab, [("window", "nodeb", MODULE, SP2 | {"nodes": evidence})])["window"]
    assert [line.split()[0] for line in told["commands"]] == [
        "Stop-ClusteredMailboxServer",
        "Move-ClusteredMailboxServer",
        r'"D:\media\sp2\Setup.com"',
        "Start-ClusteredMailboxServer",
    ]
    assert "NODEB" in told["diff"]["after"]
    result = module(lab, "nodeb", MODULE, **SP2, nodes=evidence, offline_budget=600)
    assert not result.get("failed"), result
    assert result["changed"]
    assert (result["steps"], result["within_budget"]) == (["stop", "move", "upgrade", "start"], True)
    found, truth = server(lab), lab.truth()
    assert (found["owner"], found["state"], found["release"]) == ("NODEB", "online", "sp2")
    assert set(found["databases"].values()) == {"mounted"}
    assert (setups(truth), truth["violations"]) == ([("NODEB", "upgradecms")], [])
    assert result["outage"] == about(truth["outages"]["CMS1"]["wall_seconds"])
    acted = acts(truth)
    again = module(lab, "nodeb", MODULE, **SP2, nodes=proof(lab, module, "nodea"))
    assert (again["changed"], again["steps"], again["outage"]) == (False, [], None)
    assert acts(lab.truth()) == acted


def test_copies_that_are_behind(start_lab: Callable[..., Lab], refused: Module, module: Module) -> None:
    """R7: the window is not opened, and mail goes on."""
    lab = start_lab("half-way")
    evidence = proof(lab, module, "nodea")
    lab.inject("service_stop", host="NODEB", name="MSExchangeRepl")
    eventually(lab, lambda t: not t["clusters"]["CLUS1"]["cms"]["CMS1"]["copies_healthy"], "the copies fail")
    result = refused(lab, "nodeb", MODULE, "R7", "CMS1", **SP2, nodes=evidence)
    assert {reason["rule"] for reason in result["refusals"]} == {"R7"}
    assert lab.truth()["outages"]["CMS1"]["intervals"] == []


def test_a_window_that_goes_wrong(start_lab: Callable[..., Lab], module: Module, faulty: Faulty) -> None:
    """Where Move fails or Setup does, it is said that mail is down; the next call goes on and ends well."""
    lab = start_lab("half-way")
    evidence = proof(lab, module, "nodea")
    with faulty(lab, "denied", program="powershell", match="Move-Clustered.*-MoveComment|Move-Clustered"):
        result = module(lab, "nodeb", MODULE, **SP2, nodes=evidence)
    assert result["failed"], result
    if server(lab)["state"] != "online":
        assert "CMS1 MAY BE DOWN: run the playbook again" in result["msg"]
    with faulty(lab, "setup_fail", host="NODEB", match="Clustered Mailbox Server", text="Ñô wôrd of Énglish"):
        result = module(lab, "nodeb", MODULE, **SP2, nodes=proof(lab, module, "nodea"))
    assert result["failed"], result
    assert "CMS1 MAY BE DOWN: run the playbook again" in result["msg"]
    assert result["changed"]
    assert lab.truth()["outages"]["CMS1"]["open"]
    result = module(lab, "nodeb", MODULE, **SP2, nodes=proof(lab, module, "nodea"))
    assert not result.get("failed"), result
    assert (server(lab)["state"], server(lab)["release"]) == ("online", "sp2")
    assert "stop" not in result["steps"]
