# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ServerManagerCmd.exe: its XML in any encoding, decisions from it, and every exit code."""

from __future__ import annotations

import codecs
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _server_manager as sm
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Node, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._server_manager import Feature, Features
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.disk import Disk
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.server_manager import TREE, server, xml
from hypothesis import given
from hypothesis import strategies as st

IDS = st.sets(st.sampled_from(sorted(TREE)))


def features(*installed: str) -> Features:
    return sm.parse_features(xml(set(installed)).encode())


def tool(disk: Disk, timeout: float = 60) -> sm.ServerManager:
    return sm.ServerManager(Node("nodeb", disk), disk.clock, Limit(timeout, 15), "t")


# --- reading -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "said", "mark"),
    [
        ("utf-8", "utf-8", b""),
        ("utf-8", "UTF-8", codecs.BOM_UTF8),
        ("utf-16-le", "utf-16", codecs.BOM_UTF16_LE),
        ("utf-16-be", "UTF-16", codecs.BOM_UTF16_BE),
        ("utf-8", "utf-16", b""),
        ("cp1252", "windows-1252", b""),
        ("cp850", "ibm850", b""),
    ],
)
def test_every_encoding(encoding: str, said: str, mark: bytes) -> None:
    data = mark + xml({"RSAT"}, said).encode(encoding)
    found = sm.parse_features(data)
    assert [feature.id for feature in found.items] == list(TREE)
    assert found.installed == ["RSAT"]
    metabase = found.get("web-metabase")
    assert metabase is not None
    assert metabase.label == "Compatibilité avec la métabase"


def test_japanese_multi_byte_encoding() -> None:
    text = '<?xml version="1.0" encoding="shift_jis"?><Q><Role DisplayName="役割ソ" Installed="true" Id="R"/></Q>'
    assert sm.parse_features(text.encode("shift_jis")).items == (Feature("R", "役割ソ", True),)


@given(IDS, st.booleans())
def test_what_is_installed_comes_back(installed: set[str], namespace: bool) -> None:
    found = sm.parse_features(xml(installed, namespace=namespace).encode())
    assert set(found.installed) == installed
    assert found.installed == sorted(found.installed, key=str.casefold)


def test_nesting() -> None:
    found = features()
    assert [f.id for f in found.below("rsat")] == ["RSAT-Feature-Tools", "RSAT-Clustering"]
    clustering = found.get("rsat-CLUSTERING")
    assert clustering is not None
    assert clustering.above == ("RSAT", "RSAT-Feature-Tools")
    assert found.get("nothing") is None


@pytest.mark.parametrize(
    ("word", "expected"), [("true", True), ("TRUE ", True), ("false", False), ("oui", None), ("", None)]
)
def test_installed_or_unknown(word: str, expected: bool | None) -> None:
    found = sm.parse_features(f'<Q><Feature DisplayName="" Installed="{word}" Id="X"/></Q>'.encode())
    assert [f.installed for f in found.items] == [expected]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not XML"),
        (b"Error: not enough rights", "not XML"),
        (b"<Q><Role Id='x'", "not XML"),
        (b'<?xml version="1.0" encoding="klingon"?><Q/>', "not XML"),
        (b"<ServerManagerConfigurationQuery/>", "no role and no feature"),
        (b"<Q><Other Id='x' Installed='true'/></Q>", "no role and no feature"),
    ],
)
def test_what_is_no_answer(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        sm.parse_features(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Spécifié : [Serveur Web (IIS)] Compatibilité avec la métabase\r\n", ["Web-Metabase"]),
        ("Spécifié : [Compatibilité avec la métabase]\r\n", ["Web-Metabase"]),
        ('WhatIf: "[Serveur Web (IIS)] Outils de gestion".\r\n', ["Web-Mgmt-Tools"]),
        ("[X] Irgendwas [web-server]\r\n", ["Web-Server"]),
        ("Windows PowerShell\r\nrsat\r\n", ["PowerShell"]),
        ("Nicht Windows PowerShell 2\r\nkein Outils de gestion\r\n", []),
        ("", []),
    ],
)
def test_names_in_what_if(text: str, expected: list[str]) -> None:
    assert [feature.id for feature in features().named_in(text)] == expected


# --- deciding ------------------------------------------------------------------------------------------------------


def test_known_ids_are_written_as_windows_does_and_once() -> None:
    assert sm.known_ids(features(), ["rsat-clustering", "POWERSHELL", "RSAT-Clustering"], "Installing", "n") == [
        "RSAT-Clustering",
        "PowerShell",
    ]


def test_unknown_ids_are_all_named_with_the_nearest() -> None:
    with pytest.raises(Refusal) as refused:
        sm.known_ids(features(), ["RSAT-Cluster", "PowerShell", "zzz"], "Installing", "nodeb")
    text = str(refused.value)
    assert "'RSAT-Cluster' (like RSAT-Clustering" in text
    assert "'zzz'." in text
    assert refused.value.refused == "input"
    assert "\n" not in text


def test_an_unreadable_state_is_refused() -> None:
    found = Features((Feature("X", "", None),))
    with pytest.raises(Refusal, match="Whether X is installed"):
        sm.known_ids(found, ["x"], "Installing", "nodeb")


@pytest.mark.parametrize(
    ("installed", "ids", "install", "everything", "expected"),
    [
        ([], ["RSAT", "PowerShell"], True, False, ["RSAT", "PowerShell"]),
        (["RSAT"], ["RSAT", "PowerShell"], True, False, ["PowerShell"]),
        (["RSAT"], ["RSAT"], True, True, ["RSAT"]),
        (["RSAT", "RSAT-Feature-Tools", "RSAT-Clustering"], ["RSAT"], True, True, []),
        (["RSAT"], ["RSAT", "PowerShell"], False, False, ["RSAT"]),
        ([], ["RSAT"], False, False, []),
    ],
)
def test_to_do(installed: list[str], ids: list[str], install: bool, everything: bool, expected: list[str]) -> None:
    assert sm.to_do(features(*installed), ids, install=install, all_subfeatures=everything) == expected


@pytest.mark.parametrize(
    ("ids", "text", "everything", "expected"),
    [
        (["RSAT"], "", False, ["RSAT-Clustering", "RSAT-Feature-Tools"]),
        (["RSAT"], "", True, []),
        (["RSAT", "RSAT-Feature-Tools", "RSAT-Clustering"], "", False, []),
        (["Web-Metabase"], "X: [Y] Console de gestion de l'IIS 6", False, ["Web-Lgcy-Mgmt-Console"]),
        (["Web-Metabase"], "X: [Y] Outils de gestion", False, []),
    ],
)
def test_taken_along(ids: list[str], text: str, everything: bool, expected: list[str]) -> None:
    found = features("RSAT", "RSAT-Feature-Tools", "RSAT-Clustering", "Web-Metabase", "Web-Lgcy-Mgmt-Console")
    assert sm.taken_along(found, ids, dict.fromkeys(ids, text), all_subfeatures=everything) == expected


def test_a_removal_that_cannot_be_foretold_is_refused() -> None:
    with pytest.raises(Refusal, match="can't be read from -whatIf: Voilà") as refused:
        sm.refuse_dependents(features("RSAT"), ["RSAT"], {"RSAT": "\r\nVoilà.\r\n"}, [], "nodeb")
    assert refused.value.refused == "R9"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (sm.install_line("RSAT", all_subfeatures=False), "ServerManagerCmd.exe -install RSAT"),
        (sm.install_line("RSAT", all_subfeatures=True), "ServerManagerCmd.exe -install RSAT -allSubFeatures"),
        (sm.remove_line("RSAT"), "ServerManagerCmd.exe -remove RSAT"),
        (sm.remove_line("a & b"), 'ServerManagerCmd.exe -remove "a & b"'),
    ],
)
def test_lines(line: str, expected: str) -> None:
    assert line == expected


# --- the tool ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        ("5.2.3790", "Windows 2003 (5.2.3790), which has no Server Manager. Install the tools from adminpak.msi"),
        ("6.0.6001", "Windows 2008 (6.0.6001), as Server Core. Use ocsetup.exe"),
        ("6.2.9200", "Windows unknown (6.2.9200). It exists on full installations"),
    ],
)
def test_without_the_tool(windows: str, said: str) -> None:
    disk, _manager = server(windows=windows, tool=False)
    with pytest.raises(Failure) as failed:
        tool(disk).require()
    assert said in str(failed.value)
    assert "\n" not in str(failed.value)


def test_query_leaves_nothing_behind() -> None:
    disk, _manager = server("RSAT")
    assert tool(disk).query().installed == ["RSAT"]
    assert disk.files == {}


def test_query_with_an_answer_that_is_none() -> None:
    disk, manager = server()
    manager.raw = b"<html/>"
    with pytest.raises(Failure, match="no role and no feature below <html>"):
        tool(disk).query()
    assert disk.files == {}


def test_query_over_a_node_that_goes_away() -> None:
    disk, _manager = server()
    disk.lost("certutil|^del", times=9)
    with pytest.raises(ChannelLost):
        tool(disk).query()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (2, "ProgramNotFound"),
        (4, "ArgumentNotValid"),
        (5, "NotElevated"),
        (110, "ReadError"),
        (1001, "Restart the node"),
        (1000, "exit code 1000, no meaning known"),
        (1002, "exit code 1002, no meaning known"),
        (87, "exit code 87, no meaning known"),
        (-1073741819, "exit code -1073741819, no meaning known"),
    ],
)
def test_codes_that_are_failures(code: int, said: str) -> None:
    disk, manager = server()
    manager.codes = [code]
    with pytest.raises(Failure, match=said) as failed:
        tool(disk).act("Installing RSAT", "ServerManagerCmd.exe -install RSAT", changed=False)
    assert failed.value.data["rc"] == code
    assert failed.value.data["restart_required"] is (code == 1001)
    assert failed.value.changed is (code == 1001)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize("code", [0, 3010, 1003])
def test_codes_that_are_none(code: int) -> None:
    disk, manager = server()
    manager.codes = [code]
    assert tool(disk).act("Installing RSAT", "ServerManagerCmd.exe -install RSAT", changed=False).rc == code


def test_a_second_server_manager_is_waited_for() -> None:
    disk, manager = server()
    manager.codes = [1004, 1004, 0]
    assert tool(disk).act("Installing RSAT", "ServerManagerCmd.exe -install RSAT", changed=False).rc == 0
    assert disk.clock.slept == [15, 15]


def test_a_query_waits_too() -> None:
    disk, manager = server("RSAT")
    manager.query_codes = [1004, 0]
    assert tool(disk).query().installed == ["RSAT"]


@pytest.mark.parametrize("changed", [True, False])
def test_waiting_ends(changed: bool) -> None:
    disk, manager = server()
    manager.codes = [1004] * 99
    with pytest.raises(Failure, match=r"not so after 60 s; last seen: exit code 1004 WizardRunning") as failed:
        tool(disk).act("Installing RSAT", "ServerManagerCmd.exe -install RSAT", changed=changed)
    assert failed.value.changed is changed
    assert len(manager.acts) == 5


@pytest.mark.parametrize("code", [4, 5, 1001])
def test_asking_can_fail(code: int) -> None:
    disk, _manager = server()
    answer: Any = Result(code, "Fehler.\r\n")
    disk.fault("-whatIf", answer)
    with pytest.raises(Failure, match=r"Asking what `ServerManagerCmd\.exe -remove RSAT` would do"):
        tool(disk).what_if("ServerManagerCmd.exe -remove RSAT")
