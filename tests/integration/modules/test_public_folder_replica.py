# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""public_folder_replica: replicas, equal contents, and only then away from the old server; whatever goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import find
from ansible_collections.mailops.exchange2007.tests.integration.conftest import running
from ansible_collections.mailops.exchange2007.tests.integration.modules.conftest import acts, failed, left_behind
from ansible_collections.mailops.exchange2007.tests.integration.truths import Truth, eventually

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]
Start = Callable[..., Lab]

REPLICA = "public_folder_replica"
TOPOLOGY = "migration-2003-2008"
OLD, NEW = "MAIL-OLD", "MAIL-NEW"
ALL: dict[str, Any] = {"source": OLD, "target": NEW, "poll": 0.1, "timeout": 120}
BRIEF = {**ALL, "timeout": 2}


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Lab]:
    """Everything is still on the old server."""
    with running(TOPOLOGY, tmp_path / "inventory.yml") as lab:
        yield lab


@pytest.fixture(scope="module")
def looked_at(start_lab: Start) -> Lab:
    """One lab for what must not change anything."""
    return start_lab(TOPOLOGY)


def lists(truth: Truth) -> set[tuple[str, ...]]:
    """The different replica lists that there are."""
    return {tuple(folder["replicas"]) for folder in truth["public_folders"].values()}


def changed_folders(truth: Truth) -> list[str]:
    """What somebody did to replica lists, in order."""
    return [e["what"] for e in truth["timeline"] if e["kind"] == "public folder" and e["what"].startswith("replica")]


def moved(lab: Lab) -> None:
    """Every folder with all its items is on the new server alone, and nothing of ours was left on any host."""
    truth = lab.truth()
    assert truth["violations"] == []
    for path, folder in truth["public_folders"].items():
        assert (folder["replicas"], folder["content"]) == ([NEW], {NEW: folder["items"]}), path
    assert [host for host in truth["hosts"] if left_behind(lab, host) or truth["hosts"][host]["tasks"]] == []


def never_too_early(truth: Truth) -> None:
    """No server was taken off a folder's list before the other had all of it."""
    complete = set()
    for event in truth["timeline"]:
        path = event["detail"].split(": ")[0]
        if event["kind"] == "public folder" and event["what"] == "content replicated":
            complete.add(path)
        if event["kind"] == "public folder" and event["what"] == "replica removed":
            assert path in complete or not truth["public_folders"][path]["items"], path


@pytest.mark.parametrize("host", ["new-n1", "new-n2", "old-n1"])
def test_everything_moves(old: Lab, module: Module, host: str) -> None:
    """From whichever node; then once more, which changes nothing."""
    folders = old.truth()["public_folders"]
    result = module(old, host, REPLICA, **ALL)
    assert result["changed"], result
    moved(old)
    never_too_early(old.truth())
    items = sum(folder["items"] for folder in folders.values())
    before, after = result["before"], result["after"]
    assert (before["source"]["folders"], before["source"]["items"]) == (len(folders), items)
    assert (after["target"]["folders"], after["target"]["items"]) == (len(folders), items)
    assert after["target"]["size"] == before["source"]["size"] > 0
    assert (after["source"]["folders"], after["source"]["listed"], result["left"]) == (0, 0, [])
    assert [re.findall(r"\\(\w+)\.ps1", line)[0] for line in result["commands"]] == [
        "AddReplicaToPFRecursive",
        "MoveAllReplicas",
    ]
    done = changed_folders(old.truth())
    again = module(old, host, REPLICA, **ALL)
    assert (again["changed"], again["commands"], again["before"]) == (False, [], again["after"]), again
    assert changed_folders(old.truth()) == done
    moved(old)


def test_on_both_first(old: Lab, module: Module) -> None:
    """Replicated and equal, again without a change; then moved."""
    result = module(old, "new-n1", REPLICA, **ALL, state="replicated")
    assert (result["changed"], result["parity"], result["missing"]) == (True, True, [])
    truth = old.truth()
    assert lists(truth) == {(OLD, NEW)}
    for path, folder in truth["public_folders"].items():
        assert folder["content"] == dict.fromkeys((OLD, NEW), folder["items"]), path
    again = module(old, "new-n1", REPLICA, **ALL, state="replicated")
    assert (again["changed"], again["parity"]) == (False, True), again
    assert changed_folders(old.truth()) == changed_folders(truth)
    assert module(old, "new-n1", REPLICA, **ALL)["changed"]
    moved(old)


def test_a_branch(old: Lab, module: Module) -> None:
    """One folder and what is below it; the rest stays where it is."""
    result = module(old, "new-n1", REPLICA, **ALL, path=r"\Sales", system_subtree=False)
    assert result["after"]["target"]["folders"] == 2, result
    truth = old.truth()
    gone = [path for path, folder in truth["public_folders"].items() if folder["content"] == {NEW: folder["items"]}]
    assert [path for path in gone if truth["public_folders"][path]["items"]] == [r"\Sales", r"\Sales\Offers & Orders"]
    assert lists(truth) == {(OLD,), (NEW,)}


def test_a_login_that_reaches_the_stores(start_lab: Start, tmp_path: Path, module: Module) -> None:
    """Then nothing is registered on the node."""
    topology = yaml.safe_load(find(TOPOLOGY).read_text("utf-8")) | {"knobs": {"store_network_logon": "works"}}
    file = tmp_path / "direct.yml"
    file.write_text(yaml.safe_dump(topology, allow_unicode=True), "utf-8")
    lab = start_lab(file)
    result = module(lab, "new-n1", REPLICA, **ALL)
    assert len(result["commands"]) == len(acts(lab)) == 2
    assert not any("schtasks" in command["line"] for command in lab.truth()["commands"])
    moved(lab)


# --- check mode ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["old-n1", "new-n1"])
def test_check_mode(looked_at: Lab, foretell: Module, host: str) -> None:
    """Tells what would be done and what both servers would have, as far as the login reaches; registers nothing."""
    told = foretell(looked_at, [("folders", host, REPLICA, ALL)])["folders"]
    count = len(looked_at.truth()["public_folders"])
    assert told["changed"]
    assert (told["after"]["source"]["listed"], told["after"]["target"]["listed"]) == (0, count)
    assert told["before"]["source"]["folders"] == (count if host == "old-n1" else None)
    assert len(told["commands"]) == 2
    assert '"listed": 0' in told["diff"]["after"]


# --- refusals and failures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target": "mail-old"}, ["Refused (input)", "the same server"]),
        ({"path": "Sales"}, ["Refused (input)", "'Sales'", "backslash"]),
        ({"path": r"\Sales\No such", "system_subtree": False}, ["Refused (R9)", r"No such", "can't be read"]),
        ({"target": "MAIL-NOWHERE"}, ["MAIL-NOWHERE", "Exchange Management Shell said"]),
        ({"source": "MAIL-NOWHERE"}, ["MAIL-NOWHERE", "Exchange Management Shell said"]),
        ({"path": 'a"b'}, ["'a\"b'"]),
    ],
    ids=["one server", "path", "no folder", "no target", "no source", "quote"],
)
def test_bad_input(looked_at: Lab, module: Module, arguments: dict[str, Any], words: list[str]) -> None:
    result = module(looked_at, "new-n1", REPLICA, **{**BRIEF, **arguments})
    failed(result, *words)
    assert (result["changed"], changed_folders(looked_at.truth())) == (False, [])
    assert left_behind(looked_at, "NEW-N1") == []


def test_a_wrong_password(looked_at: Lab, module: Module) -> None:
    """The account for the stores is another one than that of the login."""
    result = module(looked_at, "new-n1", REPLICA, **BRIEF, username=r"LAB\nobody", password="wr0ng")
    failed(result, "scheduled task", "Check that the account")
    assert "wr0ng" not in str(result)
    assert (result["changed"], left_behind(looked_at, "NEW-N1")) == (False, [])


def test_a_target_without_a_database(start_lab: Start, tmp_path: Path, module: Module) -> None:
    topology = yaml.safe_load(find(TOPOLOGY).read_text("utf-8"))
    groups = topology["clusters"][1]["mailbox_servers"][0]["storage_groups"]
    groups[:] = [group for group in groups if not group.get("public_folders")]
    file = tmp_path / "without.yml"
    file.write_text(yaml.safe_dump(topology, allow_unicode=True), "utf-8")
    lab = start_lab(file)
    failed(module(lab, "new-n1", REPLICA, **BRIEF), "Refused (input)", f"{NEW} has no public folder database")
    # the other way round there is nothing to move
    result = module(lab, "new-n1", REPLICA, source=NEW, target=OLD)
    assert (result["changed"], result["before"]["source"]["database"]) == (False, None), result
    assert changed_folders(lab.truth()) == []


def test_a_database_that_is_not_mounted(old: Lab, module: Module) -> None:
    """It is refused by name; when it is mounted, the same task does its work."""
    old.inject("database_dismounted", host="OLD-N1", database=named(old, OLD))
    result = module(old, "new-n1", REPLICA, **BRIEF)
    failed(result, "Refused (R9)", "is not mounted", OLD)
    assert (result["changed"], changed_folders(old.truth())) == (False, [])
    old.inject("database_mounted", host="OLD-N1", database=named(old, OLD))
    assert module(old, "new-n1", REPLICA, **ALL)["changed"]
    moved(old)


def named(lab: Lab, server: str) -> str:
    """SERVER\\DATABASE of the last database of a server, in whatever language it is."""
    cms = next(cluster["cms"][server] for cluster in lab.truth()["clusters"].values() if server in cluster["cms"])
    return f"{server}\\{list(cms['databases'])[-1].rpartition(chr(92))[2]}"


@pytest.mark.parametrize(
    ("fault", "fields"),
    [
        ("denied", {"program": "powershell"}),
        ("garbage", {"program": "powershell"}),
        ("no_effect", {"program": "powershell"}),
        ("exit", {"program": "powershell", "rc": "5"}),
        ("denied", {"program": "schtasks"}),
        ("exit", {"program": "schtasks", "rc": "1"}),
    ],
    ids=lambda value: value if isinstance(value, str) else value["program"],
)
def test_tools_that_fail(looked_at: Lab, module: Module, faulty: Faulty, fault: str, fields: dict[str, str]) -> None:
    """What can't be read is not known, and nothing is done."""
    with faulty(looked_at, fault, **fields):
        result = module(looked_at, "new-n1", REPLICA, **BRIEF)
    failed(result)
    assert (result["changed"], changed_folders(looked_at.truth())) == (False, [])


@pytest.mark.parametrize("script", ["AddReplica", "MoveAllReplicas"])
@pytest.mark.parametrize("fault", ["denied", "garbage", "no_effect"])
def test_scripts_that_fail(old: Lab, module: Module, faulty: Faulty, fault: str, script: str) -> None:
    """What the lists say counts; the next run goes on from there."""
    with faulty(old, fault, program="powershell", match=script):
        result = module(old, "new-n1", REPLICA, **ALL)
    failed(result, "Adding replicas" if script == "AddReplica" else "Moving all replicas")
    assert result["changed"]
    assert lists(old.truth()) == ({(OLD,)} if script == "AddReplica" else {(OLD, NEW)})
    assert module(old, "new-n1", REPLICA, **ALL)["changed"]
    moved(old)


def test_replication_that_stalls(old: Lab, module: Module) -> None:
    """The wait has an end and says what it saw last; nothing is moved; when it goes on, the next run finishes."""
    old.inject("folders_stall", host="OLD-N1", server=NEW)
    result = module(old, "new-n1", REPLICA, **BRIEF)
    failed(result, "Waiting for equal contents", "not so after 2 s", "last seen:", "items")
    assert result["changed"]
    assert (result["parity"], len(result["commands"])) == (False, 1)
    assert all(entry["path"] in old.truth()["public_folders"] for entry in result["missing"])
    assert lists(old.truth()) == {(OLD, NEW)}
    result = module(old, "new-n1", REPLICA, **BRIEF)
    failed(result, "Waiting for equal contents")
    assert not result["changed"]
    old.inject("folders_go_on", host="OLD-N1", server=NEW)
    result = module(old, "new-n1", REPLICA, **ALL)
    assert [re.findall(r"\\(\w+)\.ps1", line)[0] for line in result["commands"]] == ["MoveAllReplicas"]
    moved(old)
    never_too_early(old.truth())


def test_the_last_contents_do_not_go(old: Lab, module: Module) -> None:
    """Off every list, but the old server still holds them: that is no success."""
    assert module(old, "new-n1", REPLICA, **ALL, state="replicated")["changed"]
    old.inject("folders_stall", host="OLD-N1", server=OLD)
    result = module(old, "new-n1", REPLICA, **BRIEF)
    failed(result, "Waiting for the last contents to go", f"{OLD} still holds")
    assert len(result["left"]) == len(old.truth()["public_folders"])
    old.inject("folders_go_on", host="OLD-N1", server=OLD)
    result = module(old, "new-n1", REPLICA, **ALL)
    assert (result["changed"], result["after"]["source"]["folders"]) == (False, 0), result
    moved(old)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("match", ["AddReplica", "MoveAllReplicas", "/create", "/run", "/delete", "tasklist"])
def test_a_lost_connection(old: Lab, module: Module, faulty: Faulty, match: str, when: str) -> None:
    """At once, or with a second run, everything is on the new server; nothing is lost and nothing is left behind."""
    with faulty(old, "drop", match=match, when=when, count="1"):
        result = module(old, "new-n1", REPLICA, **ALL)
    if result.get("failed") or result.get("unreachable"):
        result = module(old, "new-n1", REPLICA, **ALL)
    assert not result.get("failed"), result
    moved(old)
    never_too_early(old.truth())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("script", ["AddReplica", "MoveAllReplicas"])
def test_the_node_crashes_under_a_script(old: Lab, module: Module, script: str, when: str) -> None:
    """And comes back; the run goes on or the next one does."""
    old.inject("crash", host="NEW-N2", program="powershell", match=script, when=when)
    result = module(old, "new-n2", REPLICA, **ALL)
    eventually(old, lambda t: t["hosts"]["NEW-N2"]["power"] == "on", "the node is back")
    if result.get("failed"):
        result = module(old, "new-n2", REPLICA, **ALL)
    assert not result.get("failed"), result
    moved(old)
    never_too_early(old.truth())
