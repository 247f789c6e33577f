# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""storage_group_copy_info: every copy by name, several times; and a shell that does not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import eventually

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]

INFO = "storage_group_copy_info"


def test_what_the_copies_are(untouched_lab: Lab, honest: Module) -> None:
    """By name and status, as in the lab."""
    result = honest(untouched_lab, "nodea", INFO, server="CMS1", interval=0.01)
    copies = untouched_lab.truth()["clusters"]["CLUS1"]["cms"]["CMS1"]["copies"]
    assert {copy["name"]: copy["status"] for copy in result["copies"]} == {
        name: copy["status"] for name, copy in copies.items()
    }
    assert (result["healthy"], result["reasons"]) == (True, [])


def test_check_mode_looks_as_well(untouched_lab: Lab, foretell: Module) -> None:
    """And shows no diff."""
    told = foretell(untouched_lab, [("copies", "nodea", INFO, {"server": "CMS1", "samples": 1})])
    assert (told["copies"]["healthy"], told["copies"]["changed"]) == (True, False)
    assert "diff" not in told["copies"]


def test_copies_that_are_not_healthy(start_lab: Callable[..., Lab], honest: Module) -> None:
    """While the passive node is away they fail, and which ones and why is told."""
    lab = start_lab()
    lab.inject("crash", host="NODEB", stays_down="yes")
    eventually(lab, lambda t: not t["clusters"]["CLUS1"]["cms"]["CMS1"]["copies_healthy"], "copies fail")
    result = honest(lab, "nodea", INFO, server="CMS1", interval=0.01)
    assert not result["healthy"]
    truth = lab.truth()["clusters"]["CLUS1"]["cms"]["CMS1"]["copies"]
    assert [name for name in truth if name not in " ".join(result["reasons"])] == []


def test_a_server_that_does_not_exist(untouched_lab: Lab, refused: Module) -> None:
    """The cmdlet's own message, with the name."""
    refused(untouched_lab, "nodea", INFO, "CMS9", server="CMS9", samples=1)


@pytest.mark.parametrize("fault", ["denied", "garbage", "no_effect"])
def test_a_shell_that_fails(untouched_lab: Lab, refused: Module, faulty: Faulty, fault: str) -> None:
    """No answer is no healthy copy."""
    with faulty(untouched_lab, fault, program="powershell"):
        refused(untouched_lab, "nodea", INFO, "CMS1", server="CMS1", samples=1)


def test_a_server_without_exchange(start_lab: Callable[..., Lab], refused: Module) -> None:
    """Where it is to be run."""
    refused(start_lab("servers"), "old2003", INFO, "no install path of Exchange", server="CMS1")
