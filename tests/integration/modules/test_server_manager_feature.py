# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server_manager_feature: every exit code of ServerManagerCmd.exe, and servers that have none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import ask, console_code, eventually

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]
FEATURE = "server_manager_feature"


@pytest.fixture(scope="module")
def servers(start_lab: Callable[..., Lab]) -> Lab:
    """Servers of every kind; the tests leave ADMIN as it was."""
    return start_lab("servers")


def installed(lab: Lab, host: str = "ADMIN") -> set[str]:
    """The Ids that the lab says are installed."""
    return set(lab.truth()["hosts"][host]["features"])


# --- 0, 1003, 3010 ---------------------------------------------------------------------------------------------------


def test_installing_and_removing(servers: Lab, honest: Module) -> None:
    """0: what came along is named; once more nothing is done; removed again everything is as before."""
    before = installed(servers)
    result = honest(servers, "admin", FEATURE, name=["rsat-clustering", "Telnet-Client"])
    assert result["changed"]
    assert set(result["after"]["installed"]) == installed(servers) >= {"RSAT-Clustering", "Telnet-Client"}
    assert set(result["before"]["installed"]) == before
    assert set(result["also_changed"]) == installed(servers) - before - {"RSAT-Clustering", "Telnet-Client"}
    assert result["restart_required"] is False
    again = honest(servers, "admin", FEATURE, name=["RSAT-Clustering", "Telnet-Client"])
    assert not again["changed"]
    assert again["before"] == again["after"] == result["after"]
    gone = honest(servers, "admin", FEATURE, name=["RSAT", "Telnet-Client"], state="absent", allow_dependents=True)
    assert gone["changed"]
    assert installed(servers) == before
    assert not honest(servers, "admin", FEATURE, name=["RSAT"], state="absent")["changed"]


def test_with_everything_nested(servers: Lab, honest: Module) -> None:
    """-allSubFeatures; and again nothing is done."""
    before = installed(servers)
    arguments: dict[str, Any] = {"name": ["Print-Services"], "all_subfeatures": True}
    assert honest(servers, "admin", FEATURE, **arguments)["changed"]
    assert installed(servers) - before == {"Print-Services", "Print-Server", "Print-LPD-Service"}
    assert not honest(servers, "admin", FEATURE, **arguments)["changed"]
    honest(servers, "admin", FEATURE, **arguments, state="absent")
    assert installed(servers) == before


def test_1003_is_no_change(servers: Lab, module: Module, faulty: Faulty) -> None:
    """Somebody else was quicker: the tool says so, and the module reports no change of its own."""
    assert console_code(servers, "BUSY", "ServerManagerCmd.exe -install TFTP-Client") == 0
    with faulty(servers, "exit", program="servermanagercmd", match="-install Telnet-Server", rc="1003"):
        result = module(servers, "busy", FEATURE, name=["Telnet-Server"])
    assert result["failed"]
    assert "Telnet-Server is not as asked for afterwards" in result["msg"]
    assert not module(servers, "busy", FEATURE, name=["TFTP-Client"])["changed"]


def test_3010_then_1001_until_the_restart(servers: Lab, honest: Module, module: Module) -> None:
    """It worked and a restart is due; until then the tool takes nothing; behind it everything goes on."""
    result = honest(servers, "admin", FEATURE, name=["RSAT-ADDS"])
    assert (result["changed"], result["restart_required"]) == (True, True)
    assert {"RSAT-ADDS", "RSAT-ADDC"} <= installed(servers)
    blocked = module(servers, "admin", FEATURE, name=["Telnet-Client"])
    assert blocked["failed"]
    assert (blocked["rc"], blocked["restart_required"]) == (1001, True)
    assert "1001 Failed: it failed, and needs a restart before anything else" in blocked["msg"]
    assert "Restart the node, then run again" in blocked["msg"]
    assert "Telnet-Client" not in installed(servers)
    honest(servers, "admin", "node_reboot", poll=0.1)
    assert servers.truth()["hosts"]["ADMIN"]["boots"] == 1
    assert honest(servers, "admin", FEATURE, name=["Telnet-Client"])["restart_required"] is False


# --- 1004 ------------------------------------------------------------------------------------------------------------


def test_1004_is_waited_for(servers: Lab, module: Module, faulty: Faulty) -> None:
    """A wizard is open for two looks: tried again until it is closed."""
    with faulty(servers, "exit", program="servermanagercmd", match="-install", rc="1004", count="2"):
        result = module(servers, "busy", FEATURE, name=["SNMP-Services"], poll=0.05)
    assert result["changed"], result
    assert "SNMP-Services" in installed(servers, "BUSY")
    tries = [c["rc"] for c in servers.truth()["commands"] if c["top"] and "-install SNMP-Services" in c["line"]]
    assert tries == [1004, 1004, 0]


def test_1004_of_a_wizard(servers: Lab, module: Module) -> None:
    """Somebody works in Server Manager: asking works all the same, and acting waits."""
    module(servers, "busy", FEATURE, name=["SNMP-Services"])
    ask(servers, "inject", fault="wizard", fields={"host": "BUSY", "seconds": "1000000"})
    assert not module(servers, "busy", FEATURE, name=["SNMP-Services"])["changed"]
    result = module(servers, "busy", FEATURE, name=["GPMC"], poll=0.05, timeout=0)
    ask(servers, "inject", fault="wizard", fields={"host": "BUSY", "seconds": "0"})
    assert result["failed"]
    assert "1004 WizardRunning" in result["msg"]


def test_1004_is_not_waited_for_for_ever(servers: Lab, module: Module, faulty: Faulty) -> None:
    """The last word is the code, its meaning and whom to ask."""
    with faulty(servers, "exit", program="servermanagercmd", match="-install", rc="1004"):
        result = module(servers, "busy", FEATURE, name=["GPMC"], poll=0.05, timeout=1)
    assert result["failed"]
    assert "1004 WizardRunning: another Server Manager runs there" in result["msg"]
    assert "GPMC" not in installed(servers, "BUSY")


# --- codes that end it -----------------------------------------------------------------------------------------------

CODES = {
    4: "4 ArgumentNotValid",
    5: "5 NotElevated: the account has no elevated rights there",
    110: "110 ReadError: it can't read its file",
    1000: "exit code 1000, no meaning known",
    -1: "no meaning known",
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("act", ["-query", "-install GPMC"])
def test_codes_that_end_it(servers: Lab, module: Module, faulty: Faulty, act: str, code: int) -> None:
    """Code, name, meaning and what to do, whether the tool was asked or told; nothing was changed."""
    before = installed(servers, "BUSY")
    with faulty(servers, "exit", program="servermanagercmd", match=act, rc=str(code), stdout="Çåñt dö ît\n"):
        result = module(servers, "busy", FEATURE, name=["GPMC"])
    assert result["failed"]
    assert CODES[code] in result["msg"]
    assert "Çåñt dö ît" in result["msg"] or "Çåñt dö ît" in result.get("stdout", "")
    assert (result["rc"], result["restart_required"]) == (code, False)
    assert installed(servers, "BUSY") == before


def test_success_that_is_none(servers: Lab, module: Module, faulty: Faulty) -> None:
    """Exit code 0 is not believed: what is installed is read again."""
    with faulty(servers, "no_effect", program="servermanagercmd", match="-install GPMC"):
        result = module(servers, "busy", FEATURE, name=["GPMC"])
    assert result["failed"]
    assert "GPMC is not as asked for afterwards" in result["msg"]


def test_an_answer_that_is_no_xml(servers: Lab, refused: Module, faulty: Faulty) -> None:
    """-query wrote nothing although its exit code was 0."""
    with faulty(servers, "no_effect", program="servermanagercmd", match="-query"):
        refused(servers, "busy", FEATURE, name=["GPMC"])


# --- no tool ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("old2003", ("Windows 2003 (5.2.3790)", "no Server Manager", "adminpak.msi")),
        ("core", ("Windows 2008 (6.0.6001)", "Server Core", "ocsetup")),
    ],
)
def test_servers_without_the_tool(servers: Lab, refused: Module, host: str, words: tuple[str, ...]) -> None:
    """What it is, and what to do there instead."""
    refused(servers, host, FEATURE, *words, name=["RSAT-Clustering"])


# --- refusals --------------------------------------------------------------------------------------------------------


def test_an_id_that_windows_does_not_know(servers: Lab, refused: Module) -> None:
    """All of them, with those that look alike; also what this edition does not have."""
    words = ("'RSAT-Cluster'", "RSAT-Clustering", "'Failover-Clustering'")
    refused(servers, "admin", FEATURE, *words, name=["RSAT-Cluster", "Failover-Clustering", "PowerShell"])


def test_dependents_are_not_removed_by_accident(servers: Lab, honest: Module, refused: Module) -> None:
    """They are named; with allow_dependents they go."""
    honest(servers, "busy", FEATURE, name=["Web-Server", "Web-Asp-Net"])
    arguments: dict[str, Any] = {"name": ["Web-ISAPI-Ext"], "state": "absent"}
    result = refused(servers, "busy", FEATURE, "Web-Asp-Net", "allow_dependents", **arguments)
    assert result["dependents"] == ["Web-Asp-Net"]
    gone = honest(servers, "busy", FEATURE, **arguments, allow_dependents=True)
    assert "Web-Asp-Net" in gone["also_changed"]
    assert not {"Web-ISAPI-Ext", "Web-Asp-Net"} & installed(servers, "BUSY")


# --- check mode ------------------------------------------------------------------------------------------------------


def test_check_mode_asks_the_tool(start_lab: Callable[..., Lab], foretell: Module, honest: Module) -> None:
    """By -whatIf, which changes nothing; what it foretells is what then happens."""
    lab = start_lab("servers")
    wanted: dict[str, Any] = {"name": ["RSAT-Clustering"]}
    tasks = [
        ("install", "admin", FEATURE, wanted),
        ("present", "admin", FEATURE, wanted | {"state": "absent"}),
        ("unknown", "admin", FEATURE, {"name": ["NoSuch"]}),
        ("no tool", "core", FEATURE, wanted),
    ]
    told = foretell(lab, tasks)
    asked = [c["line"] for c in lab.truth()["commands"] if "-install" in c["line"]]
    assert asked
    assert [line for line in asked if "-whatif" not in line.lower()] == []
    assert (told["install"]["changed"], told["present"]["changed"]) == (True, False)
    assert "NoSuch" in told["unknown"]["msg"]
    assert "Server Core" in told["no tool"]["msg"]
    assert told["install"]["commands"] == ["ServerManagerCmd.exe -install RSAT-Clustering"]
    assert "RSAT-Clustering" in told["install"]["diff"]["after"]
    assert "RSAT-Clustering" not in told["install"]["diff"]["before"]
    done = honest(lab, "admin", FEATURE, **wanted)
    assert {key: done[key] for key in ("before", "after", "also_changed")} == {
        key: told["install"][key] for key in ("before", "after", "also_changed")
    }
    eventually(lab, lambda truth: "RSAT-Clustering" in truth["hosts"]["ADMIN"]["features"], "installed")
