# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fixed sample of seeds, every scenario that once broke a rule, and proof that the monitor sees what it is to see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.exchange2007.plugins.module_utils import _handover, _rules
from ansible_collections.mailops.exchange2007.tests.seeds import drive, scenario
from ansible_collections.mailops.exchange2007.tests.seeds.controller import Dead
from ansible_collections.mailops.exchange2007.tests.seeds.run import REGRESSIONS

SAMPLE = range(60)
KEPT = sorted(REGRESSIONS.glob("*.yml"))


@pytest.mark.parametrize("seed", SAMPLE)
def test_a_seed_breaks_no_rule(seed: int) -> None:
    assert drive.run_seed(seed).problems == []


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_what_once_broke_a_rule_does_so_no_more(path: Path) -> None:
    kept = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert kept.pop("taught")
    assert drive.run(kept).problems == []


def plain(**more: Any) -> dict[str, Any]:
    """A CCR cluster at SP1 that is to be upgraded to SP2, without anything that disturbs it."""
    data = scenario.draw(0)
    nodes = [{"name": "NODEA"}, {"name": "NODEB"}]
    server = {"name": "CMS1", "kind": "ccr", "owner": "NODEA"}
    cluster = {"name": "CLUS1", "quorum": "majority_witness", "nodes": nodes, "mailbox_servers": [server]}
    topology = {
        **data["topology"],
        "windows": {"family": "2003", "service_pack": 2},
        "exchange": {"release": "sp1"},
        "clusters": [cluster],
    }
    options = {**data["options"], "upgrade_release": "sp2", "upgrade_media": r"D:\media\sp2"}
    return {"seed": 0, "goal": "sp2", "topology": topology, "options": options, "passes": [{}], "rest": 0, **more}


def test_the_same_seed_is_the_same_run() -> None:
    assert scenario.draw(17) == scenario.draw(17)
    first, second = drive.run_seed(17), drive.run_seed(17)
    assert (first.story, first.lab_seconds) == (second.story, second.lab_seconds)


def test_an_undisturbed_upgrade_takes_one_run() -> None:
    outcome = drive.run(plain())
    assert outcome.problems == []
    assert outcome.runs == 2  # the upgrade, and one more that must change nothing
    assert sum("cms_handover" in line for line in outcome.story) == 1


def test_no_thread_is_left_of_a_killed_run() -> None:
    killed = plain(passes=[{"kill": {"command": 12, "moment": "during", "seconds": 1.0}}])
    outcome = drive.run(killed)
    assert outcome.problems == []
    assert "killed at command 12" in "\n".join(outcome.story)


def test_death_is_nothing_that_a_handler_sees() -> None:
    assert not issubclass(Dead, Exception)


class TestTheMonitor:
    """With a rule taken out of the product, the seeds must find it."""

    def test_setup_on_a_node_that_owns_groups(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_rules, "ownership_refusals", lambda cluster, node: [])
        monkeypatch.setattr("ansible_collections.mailops.exchange2007.plugins.module_utils._plan._groups_off", _nothing)
        data = plain()
        data["topology"]["clusters"][0]["groups"] = [
            {"name": "Cluster Group", "owner": "NODEB", "resources": [{"name": "IP", "type": "IP Address"}]}
        ]
        assert any(" I1: " in problem for problem in drive.run(data).problems)

    def test_an_outage_that_is_told_wrongly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_handover.Window, "outage", property(lambda self: 1.0))
        assert any(" S8: " in problem for problem in drive.run(plain()).problems)

    def test_a_failing_program_of_the_lab(self, monkeypatch: pytest.MonkeyPatch) -> None:
        where = "ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs.sc.main"
        monkeypatch.setattr(where, _crash)
        assert any("a played program crashed" in problem for problem in drive.run(plain()).problems)


def _nothing(*_arguments: object) -> list[Any]:
    return []


def _crash(proc: object) -> int:
    raise RuntimeError("a defect of the lab")
