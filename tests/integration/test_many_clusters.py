# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several clusters in one run, and clusters with several servers: who is begun, who is finished, who is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import (
    about,
    acts,
    eventually,
    group_of,
    not_upgraded,
    setups,
)

Play = Callable[..., Any]
FAILS = {"host": "A2", "match": "Copying Exchange files"}


def trouble(lab: Lab, *but: str) -> list[str]:
    """What keeps the lab from being upgraded cleanly, but for these hosts and servers."""
    return [line for line in not_upgraded(lab.truth(), "sp2") if not line.startswith(but)]


def owners(lab: Lab) -> dict[str, str]:
    """Who owns each mailbox server, and each other group."""
    clusters = lab.truth()["clusters"].values()
    return {name: group["owner"] for cluster in clusters for name, group in cluster["groups"].items()}


def said(run: Any) -> list[str]:
    """How each cluster ended, as the playbook says it."""
    (lines,) = [result["msg"] for result in run.results["Say how each cluster ended"].values() if "msg" in result]
    return list(lines)


@pytest.mark.parametrize("lab", ["three-clusters"], indirect=True)
def test_a_cluster_that_fails_stops_no_other_one(lab: Lab, upgrade: Play) -> None:
    """The others are finished; the run fails and says of each how it ended; its report is written all the same."""
    lab.inject("setup_fail", **FAILS)
    run = upgrade(lab)
    assert run.code == 2, run.output
    assert trouble(lab, "A1", "A2", "CMSA") == []
    assert acts(lab.truth(), "A1") == []
    failed, *others = said(run)
    assert failed.startswith("CLUSA: NOT done. a2 failed: Run Setup on the node: ")
    assert others[:2] == ["CLUSB: done, proven at SP2", "CLUSC: done, proven at SP2"]
    assert others[2].startswith("Safe to run again")
    reports = [json.loads(path.read_text()) for path in (lab.inventory.parent / "reports").glob("*.json")]
    assert {report["cluster"]: report["proven"] for report in reports} == {"CLUSA": False, "CLUSB": True, "CLUSC": True}


@pytest.mark.parametrize("lab", ["three-clusters"], indirect=True)
def test_without_its_canary_no_cluster_is_begun(lab: Lab, upgrade: Play) -> None:
    """Not even with a budget; and by name, so that it need not be the first one."""
    lab.inject("setup_fail", **{**FAILS, "host": "B2"})
    run = upgrade(lab, upgrade_canary=["CLUSB"], upgrade_failure_budget=-1)
    assert run.code == 2, run.output
    touched = {host for host in ("A1", "A2", "C1", "C2") if acts(lab.truth(), host)}
    assert touched == set()
    lines = said(run)
    assert lines[0] == "CLUSA: not begun: canary CLUSB was not finished, so no other cluster is begun"
    assert lines[1].startswith("CLUSB: NOT done. b2 failed")
    assert lines[2].startswith("CLUSC: not begun")


@pytest.mark.parametrize("lab", ["three-clusters"], indirect=True)
def test_a_canary_that_is_refused_or_not_there_is_said_to_be_that(lab: Lab, upgrade: Play) -> None:
    """Nothing is begun without its canary; and whoever reads that has to know where to look."""
    cut = upgrade(lab, "--limit", "a1,a2,c1,c2", upgrade_canary=["CLUSB"])
    assert "upgrade_canary names CLUSB, of which no node was read in this run: b1, b2 left out by --limit" in words(cut)
    half = upgrade(lab, "--limit", "!b2", upgrade_canary=["CLUSB"])
    assert "upgrade_canary names CLUSB, which was refused: the reasons stand above" in words(half)
    typo = upgrade(lab, upgrade_canary=["CLUSX"])
    assert "upgrade_canary names CLUSX, but the clusters are CLUSA, CLUSB, CLUSC" in words(typo)
    assert [run.code for run in (cut, half, typo)] == [2, 2, 2]
    assert acts(lab.truth()) == []
    assert "is undefined" not in cut.output + half.output + typo.output


def words(run: Any) -> str:
    """What a run printed, without line breaks."""
    return " ".join(run.output.split())


@pytest.mark.parametrize("lab", ["two-clusters"], indirect=True)
@pytest.mark.parametrize(("budget", "begun"), [(0, False), (1, True)])
def test_failure_budget(lab: Lab, upgrade: Play, budget: int, begun: bool) -> None:
    """One cluster at a time: the next one is begun as long as the budget lasts, though the whole wave has failed."""
    lab.inject("setup_fail", **FAILS)
    run = upgrade(lab, upgrade_batch=1, upgrade_failure_budget=budget)
    assert run.code == 2, run.output
    assert bool(acts(lab.truth(), "B2")) is begun
    assert (trouble(lab, "A1", "A2", "CMSA") == []) is begun
    assert said(run)[1].startswith("CLUSB: done" if begun else "CLUSB: not begun: CLUSA failed")


@pytest.mark.parametrize("lab", ["two-clusters"], indirect=True)
def test_a_wave_of_which_every_node_is_lost(lab: Lab, begin_upgrade: Callable[..., Any]) -> None:
    """One cluster at a time, and the next one's passive node goes dark: its own cluster stops, with its report."""
    running = begin_upgrade(lab, upgrade_batch=1, upgrade_answer_timeout=0)
    eventually(lab, lambda truth: ("A2", "upgrade") in setups(truth), "the first cluster is begun")
    lab.inject("crash", host="B2", when="now", stays_down="yes")
    run = running.ended()
    assert run.code == 2, run.output
    assert trouble(lab, "B1", "B2", "CMSB") == []
    assert acts(lab.truth(), "B1") == []
    done, lost, *_safe = said(run)
    assert done == "CLUSA: done, proven at SP2"
    assert lost.startswith("CLUSB: NOT done. b2 failed: ")
    assert "can't be reached" in lost
    reports = [json.loads(path.read_text()) for path in (lab.inventory.parent / "reports").glob("*.json")]
    assert {report["cluster"]: report["proven"] for report in reports} == {"CLUSA": True, "CLUSB": False}


@pytest.mark.parametrize("lab", ["two-clusters"], indirect=True)
def test_clusters_are_handed_over_at_the_same_time(lab: Lab, begin_upgrade: Callable[..., Any]) -> None:
    """A mailbox server that hangs in its start does not keep the other one's users waiting for theirs."""
    for host in ("A2", "B2"):
        lab.inject("hang", host=host, match=r"\bStart-ClusteredMailboxServer\b")
    running = begin_upgrade(lab)
    eventually(lab, lambda truth: down(truth, "CMSA") and down(truth, "CMSB"), "both clusters are handed over")
    running.kill()


def down(truth: dict[str, Any], name: str) -> bool:
    """Whether a mailbox server is without mail."""
    return bool(truth["outages"][name]["open"])


@pytest.mark.parametrize("lab", ["three-clusters"], indirect=True)
def test_a_cut_inventory_is_refused_by_name(lab: Lab, upgrade: Play, tmp_path: Path) -> None:
    """A job slice without A2 and C1: both clusters are refused; and time that is over begins nothing."""
    inventory = yaml.safe_load(lab.inventory.read_text())
    slice_ = tmp_path / "slice.yml"
    slice_.write_text(yaml.safe_dump(without(inventory, {"a2", "c1"})))
    run = upgrade(type(lab)(slice_), upgrade_stop_after=1, upgrade_report_dir=str(tmp_path))
    assert run.code == 2, run.output
    assert "Cluster CLUSA: A2 not read" in run.output
    assert "Cluster CLUSC: C1 not read" in run.output
    assert said(run)[1].startswith("CLUSB: not begun: the run is ")
    assert said(run)[0].startswith("CLUSA: refused, nothing was done")
    assert acts(lab.truth()) == []


def without(content: Any, hosts: set[str]) -> Any:
    """An inventory without these hosts."""
    if not isinstance(content, dict):
        return content
    return {key: without(value, hosts) for key, value in content.items() if key not in hosts}


@pytest.mark.parametrize("lab", ["scc-two-passive"], indirect=True)
def test_first_failback_and_possible_owners_in_a_single_copy_cluster(lab: Lab, upgrade: Play) -> None:
    """One passive node, both owners, the other passive node; MAIL1 and Files go only where they may be."""
    before = owners(lab)
    run = upgrade(lab, upgrade_hand_over_after="first", upgrade_failback=True)
    truth = lab.truth()
    assert run.code == 0, run.output
    assert trouble(lab) == []
    assert setups(truth) == [
        ("N3", "upgrade"),
        ("N3", "upgradecms"),
        ("N1", "upgrade"),
        ("N1", "upgradecms"),
        ("N2", "upgrade"),
        ("N4", "upgrade"),
    ]
    after = owners(lab)
    assert {name: after[name] for name in ("MAIL1", "MAIL2")} == {name: before[name] for name in ("MAIL1", "MAIL2")}
    assert after[group_of(lab, "SCC1")] in ("N3", "N4")
    (report,) = [json.loads(path.read_text()) for path in (lab.inventory.parent / "reports").glob("*.json")]
    moves = [(move["name"], move["to"], move["failback"]) for move in report["handovers"]]
    assert moves == [("MAIL1", "N3", False), ("MAIL2", "N1", False), ("MAIL2", "N2", True), ("MAIL1", "N1", True)]
    for name in ("MAIL1", "MAIL2"):
        outages = [move["outage"] for move in report["handovers"] if move["name"] == name]
        assert sum(outages) == about(truth["outages"][name]["wall_seconds"])


@pytest.mark.parametrize("lab", ["kill"], indirect=True)
def test_failback_of_a_pair_that_an_earlier_run_began(lab: Lab, upgrade: Play) -> None:
    """It goes back to where this run found it, once its copies are healthy; running again does nothing."""
    run = upgrade(lab, upgrade_failback=True)
    assert run.code == 0, run.output
    assert "failback goes to where this run found the servers: CMS1 on NODEA" in run.output
    assert trouble(lab) == []
    assert owners(lab)["CMS1"] == "NODEA"
    done = acts(lab.truth())
    again = upgrade(lab, upgrade_failback=True)
    assert (again.code, again.changed, acts(lab.truth())) == (0, [], done), again.output
