# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forgotten /UpgradeCMS: by hand the lab punishes it as Exchange does; the modules refuse to get there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import (
    Truth,
    acts,
    console,
    console_code,
    eventually,
)

Module = Callable[..., dict[str, Any]]
SETUP = r"D:\media\sp2\Setup.com"
MEDIA = {"media": r"D:\media\sp2", "release": "sp2"}
EXCHANGE_SHELL = (
    r'powershell -PSConsoleFile "C:\Program Files\Microsoft\Exchange Server\bin\exshell.psc1" -Command '
    r'"Start-ClusteredMailboxServer -Identity CMS1"'
)


def up_again(lab: Lab, node: str) -> Truth:
    """The truth as soon as a node has been restarted and is back in its cluster."""
    boots = lab.truth()["hosts"][node]["boots"]
    console(lab, node, "shutdown /r /t 0")
    return eventually(
        lab,
        lambda t: t["hosts"][node]["boots"] > boots and t["clusters"]["CLUS1"]["nodes"][node] == "up",
        f"{node} is back",
    )


def proof(lab: Lab, module: Module, host: str) -> list[dict[str, Any]]:
    """The proof of a node, read now."""
    return [module(lab, host, "exchange_info", mailbox_servers=False)["proof"]]


def test_both_nodes_upgraded_by_hand(lab: Lab, module: Module) -> None:
    """The server never comes online again, /upgradecms refuses, and so do the modules: on the way and at the end."""
    for group in set(lab.truth()["clusters"]["CLUS1"]["groups"]) - {"CMS1"}:
        console(lab, "NODEB", f'cluster group "{group}" /move:NODEA')
    assert console_code(lab, "NODEB", f"{SETUP} /mode:upgrade") == 0
    up_again(lab, "NODEB")

    # The modules don't take the fatal step: the last old node, while the server is old.
    before = acts(lab.truth())
    result = module(lab, "nodea", "exchange_setup", **MEDIA, nodes=proof(lab, module, "nodeb"))
    assert result["failed"]
    assert {"R1", "R4"} <= {reason["rule"] for reason in result["refusals"]}, result["msg"]
    assert acts(lab.truth()) == before

    # By hand it is taken.
    assert console_code(lab, "NODEA", f"{SETUP} /mode:upgrade") == 0
    truth = up_again(lab, "NODEA")
    assert {"I1", "I2"} <= {broken["rule"] for broken in truth["violations"]}
    server = truth["clusters"]["CLUS1"]["cms"]["CMS1"]
    assert (server["release"], truth["outages"]["CMS1"]["open"]) == ("rtm", True)
    owner = server["owner"]
    console(lab, owner, EXCHANGE_SHELL)
    assert console_code(lab, owner, f"{SETUP} /upgradecms") != 0
    server = lab.truth()["clusters"]["CLUS1"]["cms"]["CMS1"]
    assert (server["release"], server["state"] == "online") == ("rtm", False)

    # The modules say what it is, and leave it alone.
    before = acts(lab.truth())
    other = "nodea" if owner == "NODEB" else "nodeb"
    for host, mate in ((owner.lower(), other), (other, owner.lower())):
        result = module(lab, host, "cms_handover", name="CMS1", **MEDIA, nodes=proof(lab, module, mate))
        assert result["failed"]
        assert "R4" in {reason["rule"] for reason in result["refusals"]}
        assert "/UpgradeCMS was forgotten" in result["msg"]
    result = module(
        lab, owner.lower(), "exchange_setup", action="upgrade_cms", **MEDIA, nodes=proof(lab, module, other)
    )
    assert result["failed"]
    assert "/UpgradeCMS was forgotten" in result["msg"]
    assert acts(lab.truth()) == before
