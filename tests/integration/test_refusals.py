# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules refuse: by rule, in one line with the value and the remedy, and before anything is touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import acts, console, group_of

Module = Callable[..., dict[str, Any]]
Proof = Callable[..., list[dict[str, Any]]]
SP1, SP2 = r"D:\media\sp1", r"D:\media\sp2"
EXCHANGE_KEY = r"HKLM\SOFTWARE\Microsoft\Exchange\v8.0\MailboxRole"
SESSION_KEY = r'"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"'


@pytest.fixture(scope="module")
def refusing(start_lab: Callable[..., Lab]) -> Lab:
    """Clusters in every state that forbids something."""
    return start_lab("refusals")


@pytest.fixture(autouse=True)
def untouched(refusing: Lab) -> Iterator[None]:
    """Nothing is ever done to a cluster, by no test of this file."""
    yield
    truth = refusing.truth()
    assert acts(truth) == []
    assert truth["violations"] == []


@pytest.fixture
def proof(refusing: Lab, module: Module) -> Proof:
    """The proof of nodes, read now."""

    def read(*hosts: str) -> list[dict[str, Any]]:
        return [module(refusing, host, "exchange_info", mailbox_servers=False)["proof"] for host in hosts]

    return read


def refused(result: dict[str, Any], *words: str) -> list[str]:
    """The rules that refused; checks the message: one line, with all of the words."""
    assert result.get("failed"), result
    assert not result["changed"], result
    message = result["msg"]
    assert "\n" not in message
    assert [word for word in words if word not in message] == [], message
    assert not re.search(r"Traceback|defect of this collection", message), message
    return [reason["rule"] for reason in result.get("refusals", [])]


def seen_ago(name: str, **ago: float) -> dict[str, str]:
    """A proof as somebody may have kept it."""
    moment = datetime.now(timezone.utc) - timedelta(**ago)
    return {"name": name, "release": "rtm", "observed_at": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


# --- Setup on a node -----------------------------------------------------------------------------------------------


def test_setup_on_the_active_node(refusing: Lab, module: Module, proof: Proof) -> None:
    """R1: the groups are named, the clustered mailbox server as such, and what to do with them."""
    result = module(refusing, "old1", "exchange_setup", media=SP2, release="sp2", nodes=proof("old2"))
    rules = refused(result, "OLD1", "CMSOLD", group_of(refusing, "OLD"), "cms_handover", "cluster_group")
    assert (result["refused"], rules) == ("R1", ["R1"])


def test_setup_on_the_last_old_node_with_proof(refusing: Lab, module: Module, proof: Proof) -> None:
    """R4: it would leave the clustered mailbox server unable to start."""
    result = module(refusing, "half1", "exchange_setup", media=SP2, release="sp2", nodes=proof("half2"))
    rules = refused(result, "HALF1", "CMSHALF", "last node", "cms_handover")
    assert "R4" in rules


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ([], ("HALF2", "not observed", "exchange_info")),
        ([seen_ago("HALF1", hours=0)], ("HALF2", "not observed", "exchange_info")),
        ([seen_ago("HALF2", hours=2)], ("HALF2", "s ago, limit 900 s", "exchange_info")),
        ([seen_ago("HALF2", hours=-2)], ("HALF2", "in the future", "exchange_info")),
        ([{"name": "HALF2", "release": "sp2", "observed_at": "yesterday"}], ("'yesterday'", "ISO 8601")),
    ],
    ids=["none", "of another node", "old", "future", "no time"],
)
def test_setup_without_good_proof(
    refusing: Lab, module: Module, evidence: list[dict[str, str]], words: tuple[str, ...]
) -> None:
    """A mate that was not seen in this run is named."""
    result = module(refusing, "half1", "exchange_setup", media=SP2, release="sp2", nodes=evidence)
    refused(result, *words)


def test_proof_that_lies_about_the_release(refusing: Lab, module: Module, proof: Proof) -> None:
    """Evidence of an old mate that claims to be new makes the rules stricter, never laxer: R4 in place of a go."""
    claimed = proof("old1")[0] | {"release": "sp2"}
    result = module(refusing, "old2", "exchange_setup", media=SP2, release="sp2", nodes=[claimed])
    assert "R4" in refused(result, "OLD2", "CMSOLD")


def test_setup_while_the_mate_is_paused(refusing: Lab, module: Module, proof: Proof) -> None:
    """R2: one node of a cluster at a time."""
    result = module(refusing, "paused2", "exchange_setup", media=SP2, release="sp2", nodes=proof("paused1"))
    rules = refused(result, "PAUSED1", "paused", "Resume it")
    assert rules == ["R2"]


@pytest.mark.parametrize(
    ("host", "media", "release", "rule", "words"),
    [
        ("old2", r"D:\nosuch", "sp2", "R8", (r"\nosuch'", "OLD2", "SP2 media")),
        ("old2", r"D:\media", "sp2", "R8", (r"\media'", "OLD2", "SP2 media")),
        ("old2", SP1, "sp2", "R8", ("sp1", "SP1", "8.1.240.6", "not SP2", "right folder")),
        ("old2", r"D:\media\sp3", "sp2", "R8", ("SP3", "8.3.83.6", "not SP2")),
        ("new2", SP1, "sp3", "R8", ("SP1", "8.1.240.6", "not SP3")),
        ("new2", SP1, "sp1", "R10", ("NEW2", "SP2", "newer than SP1", "no way back")),
    ],
    ids=["missing", "no media", "older release", "newer release", "older than the node", "downgrade"],
)
def test_setup_with_the_wrong_media(
    refusing: Lab, module: Module, proof: Proof, host: str, media: str, release: str, rule: str, words: tuple[str, ...]
) -> None:
    """R8 and R10: path, release found, release wanted and the remedy are said."""
    mate = host[:-1] + "1"
    result = module(refusing, host, "exchange_setup", media=media, release=release, nodes=proof(mate))
    assert rule in refused(result, *words)


def test_a_release_that_does_not_exist(refusing: Lab, module: Module) -> None:
    """The value and those that are possible."""
    result = module(refusing, "old2", "exchange_setup", media=SP2, release="sp9")
    assert refused(result, "sp9", "sp1, sp2, sp3") == []


@pytest.mark.parametrize(
    ("host", "line", "undo", "words"),
    [
        (
            "marked2",
            rf"reg add {SESSION_KEY} /v PendingFileRenameOperations /t REG_MULTI_SZ /d \??\C:\x.tmp /f",
            rf"reg delete {SESSION_KEY} /v PendingFileRenameOperations /f",
            ("MARKED2", "restart is pending", "PendingFileRenameOperations", "Restart the node"),
        ),
        (
            "marked2",
            r"reg add HKLM\SOFTWARE\Microsoft\Updates /v UpdateExeVolatile /t REG_DWORD /d 2 /f",
            r"reg delete HKLM\SOFTWARE\Microsoft\Updates /v UpdateExeVolatile /f",
            ("MARKED2", "restart is pending", "UpdateExeVolatile", "Restart the node"),
        ),
        (
            "marked2",
            rf"reg add {EXCHANGE_KEY} /v Watermark /d 0a1b2c3d /f",
            rf"reg delete {EXCHANGE_KEY} /v Watermark /f",
            ("MARKED2", "interrupted", "Watermark", "MailboxRole", "by hand"),
        ),
    ],
    ids=["pending file renames", "update", "watermark of somebody else"],
)
def test_setup_over_a_mark(
    refusing: Lab, module: Module, proof: Proof, host: str, line: str, undo: str, words: tuple[str, ...]
) -> None:
    """R8: the mark is named, and nobody but the operator removes it."""
    console(refusing, host.upper(), line)
    try:
        result = module(refusing, host, "exchange_setup", media=SP2, release="sp2", nodes=proof("marked1"))
    finally:
        console(refusing, host.upper(), undo)
    assert refused(result, *words) == ["R8"]


def test_without_marks_the_same_node_would_be_upgraded(refusing: Lab, playbook: Callable[..., Any]) -> None:
    """The marks alone made the difference: in check mode the module agrees once they are gone."""
    tasks = [
        {
            "mailops.exchange2007.exchange_info": {"mailbox_servers": False},
            "delegate_to": "marked1",
            "register": "mate",
        },
        {
            "name": "setup",
            "mailops.exchange2007.exchange_setup": {"media": SP2, "release": "sp2", "nodes": ["{{ mate.proof }}"]},
        },
    ]
    run = playbook(refusing, [{"hosts": "marked2", "gather_facts": False, "tasks": tasks}], "--check")
    assert run.code == 0, run.output
    assert run.results["setup"]["marked2"]["changed"]


# --- the handover --------------------------------------------------------------------------------------------------


def test_handover_to_a_node_with_old_program_files(refusing: Lab, module: Module, proof: Proof) -> None:
    """R5."""
    result = module(
        refusing,
        "old2",
        "cms_handover",
        name="CMSOLD",
        release="sp2",
        media=SP2,
        nodes=proof("old1"),
        copy_interval=0.05,
    )
    assert "R5" in refused(result, "OLD2", "RTM", "not at SP2", "Upgrade it first")


def test_handover_back_to_the_old_node(refusing: Lab, module: Module, proof: Proof) -> None:
    """R5: also when the server is down already."""
    result = module(refusing, "half1", "cms_handover", name="CMSHALF", release="sp2", media=SP2, nodes=proof("half2"))
    assert "R5" in refused(result, "HALF1", "RTM", "not at SP2")


def test_handover_without_proof(refusing: Lab, module: Module) -> None:
    """The unread mate is named, although the target itself is fit."""
    result = module(refusing, "half2", "cms_handover", name="CMSHALF", release="sp2", media=SP2)
    assert refused(result, "HALF1", "not observed", "exchange_info") == ["R5"]


def test_handover_of_an_unknown_server(refusing: Lab, module: Module, proof: Proof) -> None:
    """The name, and those that exist."""
    result = module(refusing, "half2", "cms_handover", name="CMS9", release="sp2", media=SP2, nodes=proof("half1"))
    refused(result, "CMS9", "CMSHALF")


def test_handover_to_another_node_than_the_task_s(refusing: Lab, module: Module, proof: Proof) -> None:
    """The window is worked from the node that takes over."""
    result = module(
        refusing, "half1", "cms_handover", name="CMSHALF", to="HALF2", release="sp2", media=SP2, nodes=proof("half2")
    )
    refused(result, "HALF1", "HALF2", "delegate")


def test_downgrade_of_a_clustered_mailbox_server(refusing: Lab, module: Module, proof: Proof) -> None:
    """R10."""
    result = module(refusing, "new2", "cms_handover", name="CMSNEW", release="sp1", media=SP1, nodes=proof("new1"))
    refused(result, "CMSNEW", "SP2", "SP1")


def test_upgrade_cms_of_a_server_that_serves(refusing: Lab, module: Module, proof: Proof) -> None:
    """It must be stopped first, and the node is too old."""
    arguments = {"action": "upgrade_cms", "media": SP2, "release": "sp2", "nodes": proof("old2")}
    result = module(refusing, "old1", "exchange_setup", **arguments)
    assert {"R3", "R5"} <= set(refused(result, "CMSOLD"))


def test_moving_an_upgraded_server_to_older_program_files(refusing: Lab, module: Module, proof: Proof) -> None:
    """It would not start there: refused with the proof that shows it, and without one."""
    arguments = {"name": "CMSLATE", "owner": "LATE1"}
    result = module(refusing, "late2", "clustered_mailbox_server", **arguments, nodes=proof("late1"))
    refused(result, "LATE1", "CMSLATE", "RTM", "SP2")
    result = module(refusing, "late2", "clustered_mailbox_server", **arguments)
    refused(result, "LATE1", "CMSLATE")


# --- groups and nodes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [{"owner": "OLD2"}, {"state": "offline"}], ids=["move", "offline"])
def test_cluster_group_of_a_mailbox_server(refusing: Lab, module: Module, arguments: dict[str, str]) -> None:
    """cluster.exe never touches one."""
    result = module(refusing, "old1", "cluster_group", name="CMSOLD", **arguments)
    refused(result, "CMSOLD", "clustered_mailbox_server")


def test_a_group_of_unknown_name(refusing: Lab, module: Module) -> None:
    """The name, and those that exist."""
    result = module(refusing, "old1", "cluster_group", name="Print and Fax", owner="OLD2")
    refused(result, "Print and Fax", group_of(refusing, "OLD"))


def test_a_group_to_an_unknown_node(refusing: Lab, module: Module) -> None:
    """The node, and those that exist."""
    result = module(refusing, "old1", "cluster_group", name=group_of(refusing, "OLD"), owner="OLD3")
    refused(result, "OLD3", "OLD2")


def test_restart_of_a_node_that_owns_groups(refusing: Lab, module: Module) -> None:
    """R1."""
    assert refused(module(refusing, "old1", "node_reboot"), "OLD1", "CMSOLD", "cms_handover") == ["R1"]


def test_restart_while_the_mate_is_paused(refusing: Lab, module: Module) -> None:
    """R2: it could take the whole cluster down."""
    assert refused(module(refusing, "paused2", "node_reboot", poll=0.05), "PAUSED1", "paused", "Resume it") == ["R2"]


# --- the playbook --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hosts", "variables", "words"),
    [
        ("old1,old2", {"upgrade_media": r"D:\nosuch"}, ("nosuch", "(R8)")),
        ("old1,old2", {"upgrade_release": "sp9"}, ("sp9",)),
        ("new1,new2", {"upgrade_release": "sp1", "upgrade_media": SP1}, ("newer than SP1", "(R10)")),
        ("bricked1,bricked2", {}, ("CMSBRICKED", "forgotten")),
    ],
    ids=["media missing", "release unknown", "downgrade", "bricked"],
)
def test_the_playbook_refuses(
    refusing: Lab, upgrade: Callable[..., Any], hosts: str, variables: dict[str, str], words: tuple[str, ...]
) -> None:
    """The same, from the playbook: before anything is done to the cluster, and with a bad exit code."""
    run = upgrade(refusing, "--limit", hosts, **variables)
    assert run.code != 0
    assert [word for word in words if word not in run.output] == [], run.output


def test_the_playbook_with_a_paused_mate(lab: Lab, upgrade: Callable[..., Any]) -> None:
    """R2 comes before anything is done to the other node: no group moved, no service stopped."""
    console(lab, "NODEB", "net start SysmonLog")
    console(lab, "NODEA", "cluster node NODEA /pause")
    run = upgrade(lab)
    assert run.code != 0
    assert re.search(r"NODEA[^\n]*paused", run.output), run.output
    assert acts(lab.truth()) == []
