# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""clustered_mailbox_server: start, stop, move, validate; and cmdlets that fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]

MODULE = "clustered_mailbox_server"


@pytest.fixture(scope="module")
def refusals(start_lab: Callable[..., Lab]) -> Lab:
    """Clusters in every state; the tests leave CMSNEW online."""
    return start_lab("refusals")


def server(lab: Lab, cluster: str = "NEW", name: str = "CMSNEW") -> dict[str, Any]:
    """A clustered mailbox server in the lab."""
    found: dict[str, Any] = lab.truth()["clusters"][cluster]["cms"][name]
    return found


def proof(lab: Lab, module: Module, host: str) -> list[dict[str, Any]]:
    """The proof of a node, read now."""
    return [module(lab, host, "exchange_info", mailbox_servers=False)["proof"]]


def test_stop_and_start(refusals: Lab, honest: Module) -> None:
    """Each once, and once more with nothing left to do; the reason may hold any sign."""
    owner = server(refusals)["owner"]
    for state, seen in (("stopped", "offline"), ("started", "online")):
        arguments = {"name": "cmsnew", "state": state, "poll": 0.1, "reason": "Tést & (check) 'x'"}
        result = honest(refusals, "new1", MODULE, **arguments)
        assert result["changed"]
        assert result["after"] == {"owner": owner, "state": seen}
        assert server(refusals)["state"] == seen
        assert not honest(refusals, "new1", MODULE, **arguments)["changed"]
    assert not honest(refusals, "new1", MODULE, name="CMSNEW", owner=owner)["changed"]


def test_moving(refusals: Lab, honest: Module) -> None:
    """-ValidateOnly changes nothing; the move keeps it online with its databases mounted."""
    before = server(refusals)["owner"]
    target = "NEW2" if before == "NEW1" else "NEW1"
    arguments = {"name": "CMSNEW", "owner": target, "poll": 0.1}
    assert not honest(refusals, target.lower(), MODULE, **arguments, validate_only=True)["changed"]
    assert server(refusals)["owner"] == before
    assert honest(refusals, target.lower(), MODULE, **arguments)["changed"]
    found = server(refusals)
    assert (found["owner"], found["state"], set(found["databases"].values())) == (target, "online", {"mounted"})
    assert refusals.truth()["violations"] == []
    assert not honest(refusals, target.lower(), MODULE, **arguments)["changed"]


def test_check_mode_and_diff(refusals: Lab, foretell: Module) -> None:
    """The cmdlets that would be run, in their order."""
    owner = server(refusals)["owner"].lower()
    other = "new2" if owner == "new1" else "new1"
    told = foretell(
        refusals,
        [
            ("stop", owner, MODULE, {"name": "CMSNEW", "state": "stopped"}),
            ("move", other, MODULE, {"name": "CMSNEW", "owner": other.upper(), "state": "stopped"}),
            ("nothing", owner, MODULE, {"name": "CMSNEW", "state": "started"}),
            ("refused", "half1", MODULE, {"name": "CMSHALF", "owner": "HALF9"}),
        ],
    )
    assert told["stop"]["commands"] == ["Stop-ClusteredMailboxServer CMSNEW"]
    assert told["move"]["commands"] == ["Stop-ClusteredMailboxServer CMSNEW", "Move-ClusteredMailboxServer CMSNEW"]
    assert [told[task]["changed"] for task in ("stop", "move", "nothing")] == [True, True, False]
    assert "offline" in told["stop"]["diff"]["after"]
    assert "HALF9" in told["refused"]["msg"]


@pytest.mark.parametrize(
    ("host", "arguments", "words"),
    [
        ("new1", {"name": "CMS9", "state": "started"}, ("CMS9", "CMSNEW")),
        ("new1", {"name": "CMSNEW", "owner": "NEW9"}, ("NEW9",)),
        ("new1", {"name": "CMSNEW"}, ("state", "owner")),
        ("new1", {"name": "CMSNEW", "state": "up"}, ("started, stopped",)),
        ("paused1", {"name": "CMSPAUSED", "owner": "PAUSED2"}, ("PAUSED2", "not observed")),
        ("late2", {"name": "CMSLATE", "owner": "LATE1"}, ("LATE1", "not observed")),
        ("late1", {"name": "CMSLATE", "owner": "LATE1"}, ("R5", "CMSLATE is at SP2", "LATE1 at RTM", "cms_handover")),
    ],
    ids=["no server", "no node", "nothing asked", "no state", "no proof", "no proof of an old one", "older node"],
)
def test_refusals(refusals: Lab, refused: Module, host: str, arguments: dict[str, Any], words: tuple[str, ...]) -> None:
    """Nothing is touched."""
    refused(refusals, host, MODULE, *words, **arguments)


def test_a_target_that_is_paused(refusals: Lab, module: Module, refused: Module) -> None:
    """R2, with the best proof."""
    evidence = proof(refusals, module, "paused1")
    module(refusals, "paused2", MODULE, name="CMSPAUSED", owner="PAUSED2", poll=0.1)
    if server(refusals, "PAUSED", "CMSPAUSED")["owner"] == "PAUSED2":
        words = ("R2", "PAUSED1 is paused")
        refused(refusals, "paused2", MODULE, *words, name="CMSPAUSED", owner="PAUSED1", nodes=evidence)
    else:
        refused(refusals, "paused1", MODULE, "PAUSED1", name="CMSPAUSED", owner="PAUSED2")


def test_rtm_cannot_validate(refusals: Lab, refused: Module) -> None:
    """-ValidateOnly came with SP1: what to do without it is told."""
    refused(refusals, "old2", MODULE, "OLD2", name="CMSOLD", owner="OLD2", validate_only=True)


@pytest.mark.parametrize("fault", ["exit", "denied", "garbage", "no_effect"])
def test_a_stop_that_fails(refusals: Lab, module: Module, faulty: Faulty, fault: str) -> None:
    """Whatever the shell says or does not say, an online server is not called stopped."""
    owner = server(refusals)["owner"].lower()
    with faulty(refusals, fault, program="powershell", match="Stop-Clustered"):
        result = module(refusals, owner, MODULE, name="CMSNEW", state="stopped", poll=0.05, timeout=1)
    assert result["failed"]
    assert "CMSNEW" in result["msg"]
    assert "defect" not in result["msg"]
    assert server(refusals)["state"] == "online"


def test_without_a_shell_nothing_is_known(refusals: Lab, refused: Module, faulty: Faulty) -> None:
    """And nothing is done."""
    with faulty(refusals, "denied", program="powershell"):
        refused(refusals, "new1", MODULE, "CMSNEW", name="CMSNEW", state="stopped")


def test_validation_that_fails(refusals: Lab, refused: Module, faulty: Faulty) -> None:
    """It is a failure, and the server stays where it is."""
    before = server(refusals)
    target = "NEW2" if before["owner"] == "NEW1" else "NEW1"
    with faulty(refusals, "exit", program="powershell", match="ValidateOnly", rc="1"):
        arguments = {"name": "CMSNEW", "owner": target, "validate_only": True}
        refused(refusals, target.lower(), MODULE, "CMSNEW", **arguments)
    assert server(refusals) == before
