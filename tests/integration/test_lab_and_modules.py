# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground: a lab comes up, the modules reach it as tasks, and looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab

Module = Callable[..., dict[str, Any]]


def test_cluster_info_agrees_with_the_lab(untouched_lab: Lab, module: Module) -> None:
    """Nodes and owners are the ones that the lab itself knows."""
    seen = module(untouched_lab, "nodea", "cluster_info")
    truth = untouched_lab.truth()["clusters"]["CLUS1"]
    assert not seen.get("failed"), seen
    assert not seen["changed"]
    assert {node["name"] for node in seen["cluster"]["nodes"]} == set(truth["nodes"])
    owners = {group["name"]: group["owner"] for group in seen["cluster"]["groups"]}
    assert owners == {name: group["owner"] for name, group in truth["groups"].items()}


def test_exchange_info_agrees_with_the_lab(untouched_lab: Lab, module: Module) -> None:
    """Release and mailbox servers are the ones that the lab itself knows."""
    seen = module(untouched_lab, "nodeb", "exchange_info")
    truth = untouched_lab.truth()
    assert not seen.get("failed"), seen
    assert seen["exchange"]["release"] == truth["hosts"]["NODEB"]["exchange"]["release"]
    servers = {cms["name"]: cms["owner"] for cms in seen["exchange"]["clustered_mailbox_servers"]}
    assert servers == {name: cms["owner"] for name, cms in truth["clusters"]["CLUS1"]["cms"].items()}


def test_looking_changes_nothing(untouched_lab: Lab, module: Module) -> None:
    """Not one mutating command is in the lab's log after both."""
    for name in ("cluster_info", "exchange_info"):
        module(untouched_lab, "nodea", name)
    assert untouched_lab.truth()["mutating_commands"] == 0
