# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_info: versions, media, mailbox servers and what is not ready; null and why where it cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import console_code

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]


def test_what_a_node_is(untouched_lab: Lab, honest: Module) -> None:
    """Versions, rollups, media, Windows and the mailbox server are the lab's."""
    result = honest(untouched_lab, "nodea", "exchange_info", media=r"D:\media\sp2")
    seen, truth = result["exchange"], untouched_lab.truth()
    host, server = truth["hosts"]["NODEA"], truth["clusters"]["CLUS1"]["cms"]["CMS1"]
    assert (seen["node"], seen["release"]) == ("NODEA", "rtm")
    assert seen["version"] == host["exchange"]["version"]
    assert seen["rollups"] == host["exchange"]["rollups"]
    assert (seen["media"]["version"], seen["media"]["release"]) == ("8.2.176.2", "sp2")
    assert seen["os"]["family"] == host["windows"]["family"]
    assert seen["pending_restart"] == {"required": False, "reasons": []}
    assert (seen["interrupted_setup"], seen["running_setup"]) == ([], [])
    (found,) = seen["clustered_mailbox_servers"]
    assert (found["name"], found["owner"], found["state"]) == ("CMS1", server["owner"], server["state"])
    assert (found["release"], found["version"]) == (server["release"], server["version"])
    assert sorted(database["name"] for database in found["databases"]) == sorted(
        name.partition("\\")[2] for name in server["databases"]
    )
    assert (result["proof"]["name"], result["proof"]["release"]) == ("NODEA", "rtm")
    assert {group["name"] for group in result["cluster"]["groups"]} == set(truth["clusters"]["CLUS1"]["groups"])


def test_check_mode_looks_as_well(untouched_lab: Lab, foretell: Module) -> None:
    """With everything in it, and no diff."""
    told = foretell(untouched_lab, [("info", "nodeb", "exchange_info", {"release": "sp2", "media": r"D:\media\sp2"})])
    assert told["info"]["exchange"]["release"] == "rtm"
    assert (told["info"]["changed"], told["info"]["not_ready"], told["info"]["jobs"]) == (False, [], {})
    assert "diff" not in told["info"]


@pytest.mark.parametrize(
    ("host", "arguments", "rule", "word"),
    [
        ("old2", {"release": "sp2", "media": r"D:\media\sp2"}, "", ""),
        ("old2", {"release": "sp2", "media": r"D:\media\sp1"}, "R8", "SP1"),
        ("old2", {"release": "sp2"}, "R8", "No Exchange Setup"),
        ("new2", {"release": "sp2"}, "", ""),
        ("new2", {"release": "sp1", "media": r"D:\media\sp1"}, "R10", "newer than SP1"),
        ("paused2", {"release": "sp2", "media": r"D:\media\sp2"}, "R2", "PAUSED1"),
    ],
    ids=["ready", "other media", "no media", "done", "downgrade", "paused mate"],
)
def test_readiness(
    start_lab: Callable[..., Lab],
    honest: Module,
    refusals: Lab,
    host: str,
    arguments: dict[str, Any],
    rule: str,
    word: str,
) -> None:
    """What speaks against an upgrade is told, by rule."""
    told = honest(refusals, host, "exchange_info", **arguments, mailbox_servers=False, settle=0)["not_ready"]
    assert [reason["rule"] for reason in told][:1] == ([rule] if rule else []), told
    assert not told or word in told[0]["seen"]


@pytest.fixture(scope="module")
def refusals(start_lab: Callable[..., Lab]) -> Lab:
    """Clusters in every state."""
    return start_lab("refusals")


def test_marks_in_the_registry(refusals: Lab, honest: Module) -> None:
    """A pending restart and an interrupted Setup are told by their full names."""
    keys = (
        r"HKLM\SOFTWARE\Microsoft\Updates /v UpdateExeVolatile /t REG_DWORD /d 2",
        r"HKLM\SOFTWARE\Microsoft\Exchange\v8.0\MailboxRole /v Watermark /d 1",
    )
    assert [console_code(refusals, "MARKED1", f"reg add {key} /f") for key in keys] == [0, 0]
    seen = honest(refusals, "marked1", "exchange_info", mailbox_servers=False)["exchange"]
    assert seen["pending_restart"]["required"]
    assert "UpdateExeVolatile" in " ".join(seen["pending_restart"]["reasons"])
    assert "Watermark" in " ".join(seen["interrupted_setup"])


def test_without_a_shell(untouched_lab: Lab, honest: Module, faulty: Faulty) -> None:
    """The mailbox servers are not known, and it is said why; everything else is."""
    with faulty(untouched_lab, "exit", program="powershell", rc="1", stdout="", stderr="Pövêrshèll ñîkt\n"):
        seen = honest(untouched_lab, "nodea", "exchange_info")["exchange"]
    assert seen["clustered_mailbox_servers"] == []
    assert seen["clustered_mailbox_servers_error"]
    assert seen["release"] == "rtm"


def test_without_a_registry(untouched_lab: Lab, honest: Module, faulty: Faulty) -> None:
    """No version is made up; not ready by R9."""
    arguments: dict[str, Any] = {"mailbox_servers": False, "release": "sp2", "settle": 0}
    with faulty(untouched_lab, "denied", program="reg"):
        result = honest(untouched_lab, "nodea", "exchange_info", **arguments)
    assert result["exchange"]["version"] is None
    assert result["proof"]["release"] == "unknown"
    assert "R9" in {reason["rule"] for reason in result["not_ready"]}


def test_without_wmi(untouched_lab: Lab, honest: Module, faulty: Faulty) -> None:
    """States are unknown, which is not ready."""
    arguments: dict[str, Any] = {"mailbox_servers": False, "release": "sp2", "settle": 0}
    with faulty(untouched_lab, "exit", program="wmic", match="MSCluster", rc="1"):
        result = honest(untouched_lab, "nodea", "exchange_info", **arguments)
    assert {node["state"] for node in result["cluster"]["nodes"]} == {"unknown"}
    assert "MSCluster nodes: no answer" in result["cluster"]["unknown_because"]
    assert "R9" in {reason["rule"] for reason in result["not_ready"]}


def test_a_server_without_exchange(start_lab: Callable[..., Lab], honest: Module) -> None:
    """Nothing is installed, there is no cluster, and that is no failure."""
    result = honest(start_lab("servers"), "old2003", "exchange_info")
    assert (result["exchange"]["version"], result["exchange"]["release"], result["cluster"]) == (None, None, None)
    assert (result["exchange"]["node"], result["exchange"]["os"]["family"]) == ("OLD2003", "2003")


def test_a_release_that_does_not_exist(untouched_lab: Lab, refused: Module) -> None:
    """The value, and those there are."""
    refused(untouched_lab, "nodea", "exchange_info", "sp9", "sp1, sp2, sp3", release="sp9")
