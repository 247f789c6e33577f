# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server_manager_feature: observe, compare, ask, act, observe again."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.modules.server_manager_feature import run
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.disk import Disk
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import task
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.server_manager import TREE, server
from hypothesis import given
from hypothesis import strategies as st

PARAMS: dict[str, Any] = {
    "name": ["RSAT-Clustering"],
    "state": "present",
    "all_subfeatures": False,
    "allow_dependents": False,
    "timeout": 60,
    "poll": 15.0,
}
LEGACY = ["Web-Server", "Web-Metabase", "Web-Lgcy-Mgmt-Console"]


def call(disk: Disk, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    return run(task(disk, {**PARAMS, **changes}, check=check))


def test_install() -> None:
    disk, manager = server("PowerShell")
    result = call(disk, name=["rsat-clustering", "powershell"])
    assert result == {
        "changed": True,
        "before": {"installed": ["PowerShell"]},
        "after": {"installed": ["PowerShell", "RSAT", "RSAT-Clustering", "RSAT-Feature-Tools"]},
        "also_changed": ["RSAT", "RSAT-Feature-Tools"],
        "restart_required": False,
    }
    assert manager.acts == ["ServerManagerCmd.exe -install RSAT-Clustering"]
    assert disk.files == {}


def test_one_id_a_call_and_all_subfeatures() -> None:
    disk, manager = server()
    call(disk, name=["RSAT", "PowerShell"], all_subfeatures=True)
    assert manager.acts == [
        "ServerManagerCmd.exe -install RSAT -allSubFeatures",
        "ServerManagerCmd.exe -install PowerShell -allSubFeatures",
    ]


@pytest.mark.parametrize(
    ("installed", "changes"),
    [
        (["PowerShell"], {"name": ["POWERSHELL"]}),
        ([], {"name": ["PowerShell"], "state": "absent"}),
        (["RSAT", "RSAT-Feature-Tools", "RSAT-Clustering"], {"name": ["RSAT"], "all_subfeatures": True}),
        ([], {"name": []}),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_nothing_to_do(installed: list[str], changes: dict[str, Any], check: bool) -> None:
    disk, manager = server(*installed)
    result = call(disk, check=check, **changes)
    assert (result["changed"], result["also_changed"], manager.acts) == (False, [], [])
    assert result["before"] == result["after"]
    assert not any("-whatIf" in line for line in disk.lines)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_unknown_ids_touch_nothing(state: str) -> None:
    disk, manager = server()
    with pytest.raises(Refusal, match="'RSAT-Clusterin' \\(like RSAT-Clustering"):
        call(disk, name=["PowerShell", "RSAT-Clusterin"], state=state)
    assert manager.acts == []


def test_remove() -> None:
    disk, manager = server("PowerShell", "RSAT")
    result = call(disk, name=["powershell"], state="absent")
    assert (result["after"], result["changed"]) == ({"installed": ["RSAT"]}, True)
    assert manager.acts == ["ServerManagerCmd.exe -remove PowerShell"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("name", "dependents"),
    [
        (["Web-Metabase"], ["Web-Lgcy-Mgmt-Console"]),
        (["Web-Server"], ["Web-Lgcy-Mgmt-Console", "Web-Metabase"]),
        (["Web-Server", "web-metabase"], ["Web-Lgcy-Mgmt-Console"]),
    ],
)
def test_dependents_are_named_and_refused(name: list[str], dependents: list[str], check: bool) -> None:
    disk, manager = server(*LEGACY)
    with pytest.raises(Refusal, match=f"would also remove {', '.join(dependents)}") as refused:
        call(disk, check=check, name=name, state="absent")
    assert refused.value.data["dependents"] == dependents
    assert manager.acts == []


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ["Web-Metabase"], "allow_dependents": True},
        {"name": ["Web-Metabase", "Web-Lgcy-Mgmt-Console"]},
        {"name": ["Web-Metabase"], "allow_dependents": True, "readable": False},
    ],
)
def test_dependents_that_may_go(changes: dict[str, Any]) -> None:
    disk, manager = server(*LEGACY)
    manager.readable = changes.pop("readable", True)
    assert call(disk, state="absent", **changes)["after"] == {"installed": ["Web-Server"]}


def test_a_what_if_that_cannot_be_read_is_refused() -> None:
    disk, manager = server("PowerShell")
    manager.readable = False
    with pytest.raises(Refusal, match="can't be read from -whatIf"):
        call(disk, name=["PowerShell"], state="absent")
    assert manager.acts == []


@pytest.mark.parametrize(
    ("installed", "changes", "after"),
    [
        ([], {}, ["RSAT", "RSAT-Clustering", "RSAT-Feature-Tools"]),
        ([], {"name": ["RSAT"], "all_subfeatures": True}, ["RSAT", "RSAT-Clustering", "RSAT-Feature-Tools"]),
        (LEGACY, {"name": ["Web-Metabase"], "state": "absent", "allow_dependents": True}, ["Web-Server"]),
        (LEGACY, {"name": ["Web-Server"], "state": "absent", "all_subfeatures": True}, []),
    ],
)
def test_check_mode_foretells_and_touches_nothing(
    installed: list[str], changes: dict[str, Any], after: list[str]
) -> None:
    disk, manager = server(*installed)
    foretold = call(disk, check=True, **changes)
    assert foretold["after"] == {"installed": after}
    assert (manager.acts, manager.installed, disk.files) == ([], set(installed), {})
    assert any("-whatIf" in line for line in disk.lines)
    real = call(disk, **changes)
    assert foretold.pop("commands") == manager.acts
    assert foretold == real


@given(
    st.sets(st.sampled_from(sorted(TREE))),
    st.lists(st.sampled_from(sorted(TREE)), unique=True),
    st.sampled_from(["present", "absent"]),
    st.booleans(),
)
def test_it_is_as_asked_afterwards_and_stays_so(
    installed: set[str], name: list[str], state: str, everything: bool
) -> None:
    disk, manager = server(*installed)
    changes: dict[str, Any] = {"name": name, "state": state, "all_subfeatures": everything and state == "present"}
    result = call(disk, **changes, allow_dependents=True)
    assert set(result["after"]["installed"]) == manager.installed
    assert all((key in manager.installed) is (state == "present") for key in name)
    assert result["changed"] is bool(manager.acts)
    again = call(disk, **changes)
    assert (again["changed"], again["before"]) == (False, result["after"])


def test_restart_required() -> None:
    disk, manager = server()
    manager.codes = [3010, 0]
    result = call(disk, name=["PowerShell", "RSAT"])
    assert (result["restart_required"], result["changed"]) == (True, True)


def test_what_counts_only_after_the_restart_is_no_failure() -> None:
    disk, manager = server()
    manager.codes, manager.effect = [3010], False
    result = call(disk)
    assert (result["restart_required"], result["changed"]) == (True, True)
    assert result["before"] == result["after"]


def test_nothing_to_do_after_all() -> None:
    disk, manager = server()

    def meanwhile() -> None:
        manager.installed |= {"PowerShell"}

    disk.fault("-install", meanwhile)
    result = call(disk, name=["PowerShell"])
    assert manager.acts == ["ServerManagerCmd.exe -install PowerShell"]
    assert result["changed"] is False


@pytest.mark.parametrize("code", [0, 1003])
def test_a_success_without_effect_is_a_failure(code: int) -> None:
    disk, manager = server()
    manager.codes, manager.effect = [code], False
    with pytest.raises(Failure, match="RSAT-Clustering is not as asked for"):
        call(disk)


def test_a_failure_says_what_was_done_before_it() -> None:
    disk, manager = server()
    manager.codes = [0, 1000]
    with pytest.raises(Failure, match="Installing RSAT on nodeb failed: exit code 1000") as failed:
        call(disk, name=["PowerShell", "RSAT"])
    assert failed.value.changed


def test_it_waits_for_another_server_manager() -> None:
    disk, manager = server()
    manager.codes = [1004, 0]
    assert call(disk)["changed"]
    assert disk.clock.slept == [15]


def test_windows_2003() -> None:
    disk, _manager = server(windows="5.2.3790", tool=False)
    with pytest.raises(Failure, match=r"adminpak\.msi"):
        call(disk)
