# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A migration's readiness, plan and report, over readings of two clusters with one thing changed at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _migration as migration

GB = 2**30
Reading = dict[str, Any]


def database(server: str, name: str, group: str = "SG", **changes: Any) -> dict[str, Any]:
    made = {
        "identity": f"{server}\\{group}\\{name}",
        "name": name,
        "storage_group": group,
        "mounted": True,
        "path": rf"D:\Mail\{name}.edb",
        "mailboxes": 10,
        "items": 100,
        "size": 2 * GB,
        "sizes_error": None,
        "free": 100 * GB,
    }
    return made | changes


def info(server: str, *databases: dict[str, Any]) -> dict[str, Any]:
    totals = {
        what: None if any(d[what] is None for d in databases) else sum(d[what] for d in databases)
        for what in ("mailboxes", "items", "size")
    }
    return {"name": server, **totals, "databases": list(databases)}


def cms(name: str, owner: str, **changes: Any) -> dict[str, Any]:
    made = {"name": name, "owner": owner, "state": "online", "release": "sp2", "kind": "ccr"}
    return made | {"databases": [{"name": "A", "mounted": True}]} | changes


def reading(node: str, cluster: str, members: list[str], server: dict[str, Any], **changes: Any) -> Reading:
    made = {
        "host": node.lower(),
        "node": node,
        "cluster": cluster,
        "members": members,
        "nodes_up": members,
        "release": "sp2",
        "os": "2003" if cluster == "OLD" else "2008",
        "servers": [server],
        "mailboxes": {},
        "copies": {},
    }
    return made | changes


def both() -> list[Reading]:
    """Both clusters, as they should be; N1 and O1 own the servers."""
    old, new = cms("MAIL-OLD", "O1"), cms("MAIL-NEW", "N1")
    contents = {"MAIL-OLD": info("MAIL-OLD", database("MAIL-OLD", "A"), database("MAIL-OLD", "B"))}
    room = {name: database("MAIL-NEW", name, mailboxes=0, items=0, size=0) for name in "ABC"}
    targets = {"MAIL-NEW": info("MAIL-NEW", *room.values())}
    healthy = {"MAIL-NEW": {"healthy": True, "reasons": []}}
    return [
        reading("N2", "NEW", ["N1", "N2"], new),
        reading("O1", "OLD", ["O1", "O2"], old, mailboxes=contents),
        reading("O2", "OLD", ["O1", "O2"], old),
        reading("N1", "NEW", ["N1", "N2"], new, mailboxes=targets, copies=healthy),
    ]


def node(readings: list[Reading], name: str) -> Reading:
    return next(each for each in readings if each["node"] == name)


def state(server: str, **changes: Any) -> Callable[[list[Reading]], None]:
    def change(readings: list[Reading]) -> None:
        for each in readings:
            each["servers"] = [s | changes if s["name"] == server else s for s in each["servers"]]

    return change


def part(name: str, **changes: Any) -> Callable[[list[Reading]], None]:
    return lambda readings: node(readings, name).update(changes)


def content(server: str, database_name: str, **changes: Any) -> Callable[[list[Reading]], None]:
    def change(readings: list[Reading]) -> None:
        owner = next(each for each in readings if server in each["mailboxes"])
        for each in owner["mailboxes"][server]["databases"]:
            if each["name"] == database_name:
                each.update(changes)

    return change


def without(name: str) -> Callable[[list[Reading]], None]:
    return lambda readings: readings.remove(node(readings, name))


def changed(*changes: Callable[[list[Reading]], None]) -> list[Reading]:
    readings = copy.deepcopy(both())
    for change in changes:
        change(readings)
    return readings


def ready(readings: list[Reading], source: str = "MAIL-OLD", target: str = "MAIL-NEW", **more: Any) -> list[str]:
    return migration.not_ready(readings, source, target, more.pop("databases", {}), **more)


# --- readiness


def test_everything_is_ready() -> None:
    assert ready(both()) == []
    assert ready(both(), "mail-old", "mail-new") == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (part("N2", os="2003"), ["(R6)", "N2", "2003"]),
        (part("N2", os="unknown"), ["(R6)", "N2", "unknown"]),
        (part("N2", release="rtm"), ["(R6)", "N2", "rtm", "SP1"]),
        (part("N2", release=None), ["(R6)", "N2", "unknown"]),
        (part("N2", os="2008r2"), ["(R6)", "N2", "SP3"]),
        (part("N2", release="sp1"), ["(R4)", "MAIL-NEW", "sp1, sp2"]),
        (state("MAIL-NEW", release="sp1"), ["(R4)", "MAIL-NEW"]),
        (without("N2"), ["(R9)", "N2", "not read"]),
        (without("O1"), ["(R9)", "MAIL-OLD"]),
        (state("MAIL-NEW", state="offline"), ["(R3)", "MAIL-NEW is offline"]),
        (state("MAIL-OLD", state="partially_online"), ["(R3)", "MAIL-OLD is partially_online"]),
        (state("MAIL-NEW", state="unknown"), ["(R9)", "MAIL-NEW is unknown"]),
        (part("N1", mailboxes={}), ["(R9)", "owner of MAIL-NEW"]),
        (part("N1", copies={}), ["(R7)", "not read"]),
        (part("N1", copies={"MAIL-NEW": {"healthy": False, "reasons": ["Copy of SG is Failed."]}}), ["(R7)", "Failed"]),
        (content("MAIL-NEW", "A", mounted=False), ["(target)", r"MAIL-NEW\SG\A", "dismounted"]),
        (content("MAIL-OLD", "B", mounted=None), ["(target)", r"MAIL-OLD\SG\B", "unknown state"]),
        (content("MAIL-OLD", "B", name="X", identity=r"MAIL-OLD\SG\X"), ["(input)", "X has 10", "none fits"]),
        (content("MAIL-OLD", "A", size=90 * GB), ["(target)", "D:", "110.4 GB", "20 percent"]),
        (content("MAIL-OLD", "A", size=None), ["(R9)", "size"]),
        (content("MAIL-NEW", "A", free=None), ["(R9)", "free space"]),
    ],
)
def test_what_is_not_ready(change: Callable[[list[Reading]], None], words: list[str]) -> None:
    """One sentence that names it."""
    reasons = ready(changed(change))
    assert len(reasons) == 1, reasons
    assert [word for word in words if word not in reasons[0]] == [], reasons[0]


@pytest.mark.parametrize(
    "change",
    [
        without("O2"),
        part("O2", release="rtm"),
        part("O1", os="unknown"),
        part("N1", release="sp2"),
        content("MAIL-OLD", "B", mailboxes=0, size=0, mounted=False, name="X"),
        content("MAIL-NEW", "C", mounted=False, free=0),
        content("MAIL-OLD", "A", size=2 * GB),
    ],
    ids=["old mate", "old release", "old Windows", "as it is", "empty database", "unused target", "as large"],
)
def test_what_does_not_matter(change: Callable[[list[Reading]], None]) -> None:
    assert ready(changed(change)) == []


def test_a_single_copy_cluster_has_no_copies() -> None:
    assert ready(changed(state("MAIL-NEW", kind="scc"), part("N1", copies={}))) == []


def test_the_disk_is_not_looked_at() -> None:
    assert ready(changed(content("MAIL-OLD", "A", size=None)), headroom=-1) == []


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("MAIL-NEW", "MAIL-NEW", ["both MAIL-NEW"]),
        ("MAIL-OLD", "NOBODY", ["NOBODY", "MAIL-NEW, MAIL-OLD"]),
        ("NOBODY", "MAIL-NEW", ["NOBODY"]),
        ("MAIL-NEW", "MAIL-OLD", ["2003"]),
    ],
)
def test_names_that_do_not_fit(source: str, target: str, words: list[str]) -> None:
    reasons = ready(both(), source, target)
    assert [word for word in words if word not in " ".join(reasons)] == [], reasons


def test_one_cluster_is_no_migration() -> None:
    """Windows is not upgraded below it."""
    readings = both()
    for each in readings:
        each["servers"] = [cms("MAIL-OLD", "O1"), cms("MAIL-NEW", "N1")]
        each["cluster"] = "ONE"
    assert "one cluster" in ready(readings)[0]


def test_several_disks_are_judged_apart() -> None:
    """Databases on one disk share its room; another disk has its own."""
    tight = changed(*(content("MAIL-NEW", name, free=4 * GB) for name in "AB"))
    assert ["D:" in reason for reason in ready(tight)] == [True]
    apart = changed(
        content("MAIL-NEW", "A", free=4 * GB, path=r"E:\A.edb"), content("MAIL-NEW", "B", free=4 * GB, path=r"F:\B.edb")
    )
    assert ready(apart) == []


# --- plan


@pytest.mark.parametrize(
    ("databases", "targets"),
    [
        ({}, ["A", "B"]),
        ({"A": "C"}, ["C", "B"]),
        ({r"SG\A": r"SG\C", "b": "c"}, ["C", "C"]),
        ({r"MAIL-OLD\SG\A": r"MAIL-NEW\SG\B"}, ["B", "B"]),
        ({"A": "Nowhere"}, ["", "B"]),
    ],
)
def test_where_databases_go(databases: dict[str, str], targets: list[str]) -> None:
    planned = migration.plan(both(), "MAIL-OLD", "MAIL-NEW", databases)
    assert [move["target_database"].rpartition("\\")[2] for move in planned["moves"]] == targets
    assert planned["mover"] == "n1"
    assert (planned["source_hosts"], planned["target_hosts"]) == (["o1", "o2"], ["n1", "n2"])


def test_twins_need_a_name() -> None:
    """Two of one name: that in the same storage group wins; without one it is asked."""
    readings = changed(content("MAIL-NEW", "C", name="A", storage_group="Other", identity=r"MAIL-NEW\Other\A"))
    assert migration.moves(readings, "MAIL-OLD", "MAIL-NEW", {})[0]["target_database"] == r"MAIL-NEW\SG\A"
    content("MAIL-NEW", "A", storage_group="Third")(readings)
    assert "2 databases fit" in ready(readings)[0]


def test_the_mover_is_up() -> None:
    down = changed(*(part(name, nodes_up=["N2"]) for name in ("N1", "N2")))
    assert migration.plan(down, "MAIL-OLD", "MAIL-NEW", {})["mover"] == "n2"
    assert migration.plan([], "MAIL-OLD", "MAIL-NEW", {})["mover"] == ""


def test_the_plan_for_people() -> None:
    lines = migration.plan_lines(migration.plan(both(), "MAIL-OLD", "MAIL-NEW", {}))
    assert lines[1] == r"1. 10 mailboxes (2.0 GB): MAIL-OLD\SG\A -> MAIL-NEW\SG\A"
    empty = changed(*(content("MAIL-OLD", name, mailboxes=0, name=f"X{name}") for name in "AB"))
    assert "no database" in migration.plan_lines(migration.plan(empty, "MAIL-OLD", "MAIL-NEW", {}))[1]
    unknown = changed(content("MAIL-OLD", "A", size=None))
    assert "size unknown" in migration.plan_lines(migration.plan(unknown, "MAIL-OLD", "MAIL-NEW", {}))[1]


# --- what a node tells


RESULT = {
    "exchange": {"node": "N1", "release": "sp2", "os": {"family": "2008"}, "clustered_mailbox_servers": []},
    "cluster": {"name": "NEW", "nodes": [{"name": "N1", "state": "up"}]},
}


def test_a_reading() -> None:
    """Loops that were skipped have told nothing."""
    copies = [{"item": "MAIL-NEW", "healthy": True, "reasons": []}, {"item": "X", "skipped": True}]
    seen = migration.observed(RESULT, "n1", [{"mailbox_server": info("MAIL-NEW")}, {"skipped": True}], copies)
    assert (seen["node"], seen["cluster"], list(seen["mailboxes"])) == ("N1", "NEW", ["MAIL-NEW"])
    assert seen["copies"] == {"MAIL-NEW": {"healthy": True, "reasons": []}}


@pytest.mark.parametrize(
    ("names", "kind", "found"),
    [(["mail-a", "MAIL-B"], "", ["MAIL-A"]), (["MAIL-A"], "scc", []), (["MAIL-A"], "ccr", ["MAIL-A"]), ([], "", [])],
)
def test_what_a_node_owns(names: list[str], kind: str, found: list[str]) -> None:
    exchange = {"node": "N1", "clustered_mailbox_servers": [cms("MAIL-A", "N1"), cms("MAIL-B", "N2")]}
    assert migration.owned(exchange, names, kind) == found
    assert migration.owned({"node": "N1", "clustered_mailbox_servers": None}, names, kind) == []


# --- what became of it


MOVED = {
    "moved": ["a@x"],
    "failures": [],
    "remaining": [],
    "excluded": [],
    "reports": ["r1"],
    "stopped": "",
    "unknown": [],
}
FAILURE = {"alias": "carl", "cause": "corrupt_items", "meaning": "Too many."}


def test_results_together() -> None:
    """Of calls that failed, too; a name is unknown where no call has found it."""
    failed = {"failed": True, "msg": "broke", "moved": ["c@x"], "failures": [FAILURE]}
    other = MOVED | {"moved": ["b@x"], "stopped": "window", "unknown": ["x", "y"], "remaining": ["d@x"]}
    found = migration.gathered([MOVED | {"unknown": ["y", "z"]}, other, failed, {"skipped": True}])
    assert (found["moved"], found["errors"], found["stopped"]) == (["a@x", "b@x", "c@x"], ["broke"], ["window"])
    assert (found["unknown"], found["remaining"], found["failures"]) == (["y"], ["d@x"], [FAILURE])
    assert migration.gathered([])["unknown"] == []


def after(left: int | None) -> list[Reading]:
    readings = both()
    node(readings, "O1")["mailboxes"]["MAIL-OLD"]["mailboxes"] = left
    return readings


@pytest.mark.parametrize(
    ("left", "done", "limited", "words"),
    [
        (0, {}, False, []),
        (1, {"failures": [FAILURE]}, False, ["carl (corrupt_items): Too many"]),
        (2, {"remaining": ["a@x", "b@x"], "stopped": ["window"]}, False, ["2 mailboxes not tried (window): a@x, b@x"]),
        (3, {"excluded": ["c@x"]}, False, ["2 more mailboxes"]),
        (1, {"excluded": ["c@x"]}, False, []),
        (30, {}, True, []),
        (None, {}, False, ["could not be counted"]),
        (0, {"errors": ["broke"]}, False, ["broke"]),
    ],
)
def test_what_was_left_behind(left: int | None, done: dict[str, Any], limited: bool, words: list[str]) -> None:
    found = migration.left_behind(after(left), "MAIL-OLD", "MAIL-NEW", migration.gathered([]) | done, limited=limited)
    assert len(found) == len(words), found
    assert [word for word, text in zip(words, found, strict=True) if word not in text] == []


def test_a_new_server_that_went_away() -> None:
    gone = after(0)
    state("MAIL-NEW", state="failed", databases=[{"name": "A", "mounted": None}])(gone)
    found = migration.left_behind(gone, "MAIL-OLD", "MAIL-NEW", migration.gathered([]))
    assert found == ["MAIL-NEW is failed", "A of MAIL-NEW is not seen mounted"]
    assert "unknown" in migration.left_behind(after(0), "MAIL-OLD", "X", migration.gathered([]))[0]


def facts(**more: Any) -> list[dict[str, Any]]:
    hosts = [{"migration_observed": after_, "migration_before": b} for after_, b in zip(after(1), both(), strict=True)]
    return [hosts[0], hosts[1], hosts[2], hosts[3] | more]


def test_the_report() -> None:
    """Counts of both servers before and after, from whichever host has them."""
    done = migration.gathered([MOVED | {"failures": [FAILURE]}])
    content_ = migration.report(
        facts(migration_moved=done, migration_left_behind=["carl"], migration_public_folder_result={"before": {}}),
        "MAIL-OLD",
        "MAIL-NEW",
        "now",
    )
    assert (content_["before"]["source"]["mailboxes"], content_["after"]["source"]["mailboxes"]) == (20, 1)
    assert content_["after"]["target"] == {"name": "MAIL-NEW", "mailboxes": 0, "items": 0, "size": 0}
    assert (content_["proven"], content_["missing"], content_["mailboxes"]["moved"]) == (False, ["carl"], ["a@x"])
    assert content_["public_folders"] == {"before": {}}
    lines = migration.recap(content_, "/r.json")
    assert lines[0] == "MAIL-OLD: 20 mailboxes (4.0 GB) before, 1 mailboxes (4.0 GB) now"
    assert lines[-2:] == ["NOT finished: carl", "report: /r.json"]


def test_a_report_of_nothing() -> None:
    """Without a proof nothing is proven; what is not known is null."""
    content_ = migration.report([{"migration_observed": node(both(), "O2")}], "MAIL-OLD", "MAIL-NEW", "now")
    assert (content_["proven"], content_["missing"]) == (False, ["not proven yet"])
    assert content_["before"]["source"]["mailboxes"] is None
    assert "? mailboxes (size unknown)" in migration.recap(content_, "p")[0]
    proven = migration.report(facts(migration_left_behind=[]), "MAIL-OLD", "MAIL-NEW", "now")
    assert (proven["proven"], migration.recap(proven, "p")[-2]) == (True, "proven")


def folder_result(**more: Any) -> dict[str, Any]:
    sides = {"source": ("MAIL-OLD", 0, 0), "target": ("MAIL-NEW", 14, 2 * 1024**3)}
    after_ = {
        side: {"server": name, "database": "PF", "folders": count, "size": size}
        for side, (name, count, size) in sides.items()
    }
    return {"changed": True, "after": after_, "left": []} | more


@pytest.mark.parametrize(
    ("result", "missing", "line"),
    [
        (folder_result(), [], "public folders: 0 (0.0 GB) on MAIL-OLD, 14 (2.0 GB) on MAIL-NEW"),
        ({"skipped": True, "changed": False}, [], "moved 0, failed 0, not tried 0"),
        (folder_result(failed=True, msg="not so after 3 s"), ["not so after 3 s"], "public folders: 0"),
        ({"failed": True, "changed": False}, ["the public folders could not be moved"], "moved 0"),
        (folder_result(left=["Sales", "A"]), ["2 public folders are still there, such as Sales"], "public folders: 0"),
    ],
)
def test_public_folders_are_part_of_the_proof(result: dict[str, Any], missing: list[str], line: str) -> None:
    """Mailboxes alone prove nothing when folders stayed behind."""
    all_ = facts(migration_left_behind=[], migration_public_folder_result=result)
    content_ = migration.report(all_, "MAIL-OLD", "MAIL-NEW", "now")
    assert (content_["missing"], content_["proven"]) == (missing, not missing)
    lines = migration.recap(content_, "p")
    assert lines[-3].startswith(line)
    assert lines[-2] == ("NOT finished: " + "; ".join(missing) if missing else "proven")


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ({"server": "MAIL-OLD", "database": None}, "public folders: MAIL-OLD has none"),
        (
            {"server": "MAIL-OLD", "database": "PF", "folders": None, "size": None},
            "public folders: ? (size unknown) on MAIL-OLD, 14 (2.0 GB) on MAIL-NEW",
        ),
    ],
)
def test_folders_that_are_none_or_unknown(source: dict[str, Any], line: str) -> None:
    result = folder_result()
    result["after"]["source"] = source
    content_ = migration.report(facts(migration_public_folder_result=result), "MAIL-OLD", "MAIL-NEW", "now")
    assert line in migration.recap(content_, "p")
