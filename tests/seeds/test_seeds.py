# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fixed sample of seeds, every scenario that once broke a rule, and proof that the monitor sees what it is to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.exchange2007.plugins.module_utils import (
    _exchange,
    _groups,
    _handover,
    _plan,
    _restart,
    _rules,
    _schedule,
    _upgrade,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._moves import turns
from ansible_collections.mailops.exchange2007.tests.seeds import drive, playing, run, scenario
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


def owning(node: str, **more: Any) -> dict[str, Any]:
    """The same with a node that owns the only group besides the mailbox server's."""
    data = plain(**more)
    resources = [{"name": "IP", "type": "IP Address"}]
    data["topology"]["clusters"][0]["groups"] = [{"name": "Cluster Group", "owner": node, "resources": resources}]
    return data


def three(**options: Any) -> dict[str, Any]:
    """A single copy cluster with two passive nodes."""
    data = plain()
    names = ("NODEA", "NODEB", "NODEC")
    server = {"name": "CMS1", "kind": "scc", "owner": "NODEA"}
    cluster = {"name": "CLUS1", "quorum": "shared_disk", "nodes": [{"name": n} for n in names]}
    data["topology"]["clusters"] = [cluster | {"mailbox_servers": [server]}]
    data["options"] |= options
    return data


def two(**options: Any) -> dict[str, Any]:
    """Two pairs, and the limits of a user who has many clusters; EAST comes first."""
    data = plain()
    data["topology"]["clusters"] = [
        {
            "name": name,
            "quorum": "majority_witness",
            "nodes": [{"name": f"{name[0]}1"}, {"name": f"{name[0]}2"}],
            "mailbox_servers": [{"name": f"MAIL-{name}", "kind": "ccr", "owner": f"{name[0]}1"}],
        }
        for name in ("EAST", "WEST")
    ]
    none = {"upgrade_canary": 0, "upgrade_batch": 0, "upgrade_failure_budget": 0, "upgrade_stop_after": 0}
    data["options"] |= none | options
    return data


def broken(data: dict[str, Any], rule: str) -> bool:
    """Whether the monitor finds this rule broken."""
    return any(f" {rule}: " in problem for problem in drive.run(data).problems)


class TestTheMonitor:
    """With a rule taken out of the product, the seeds must find it; the table is in README.md."""

    def test_s1_a_handover_before_the_passive_nodes_are_upgraded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert drive.run(three()).problems == []
        monkeypatch.setattr(_rules, "_passive_refusals", _nothing)
        monkeypatch.setattr(_plan, "turns", lambda standing, passive, first: turns(standing, passive, first=True))
        assert broken(three(), "S1")

    def test_s2_a_node_that_goes_down_beside_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("mate_refusals", "restart_refusals", "last_refusals", "proof_refusals", "readable_refusals"):
            monkeypatch.setattr(_rules, name, _nothing)
        pause = {"at": 1, "what": "pause", "host": "NODEA", "lasts": 10_000}
        data = owning("NODEA", passes=[{"happenings": [pause]}])
        assert broken(data, "I5")

    def test_s2_a_run_that_ends_well_and_has_done_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_plan, "is_done", lambda nodes, release: True)
        monkeypatch.setitem(playing._JINJA.filters, "mailops.exchange2007.upgrade_unproven", _nothing)
        assert broken(plain(), "S2")

    def test_s3_a_setup_that_is_repeated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_upgrade.UpgradeNode, "_done", lambda self, seen: False)
        monkeypatch.setattr(_plan, "at_release", lambda read, release: False)
        monkeypatch.setattr(_rules, "_unfit_media", _nothing)
        monkeypatch.setattr(_rules, "upgrade_refusals", _nothing)
        killed = plain(passes=[{"kill": {"command": 30, "moment": "after"}}])
        killed["options"]["upgrade_prepare_directory"] = False
        assert broken(killed, "S3")

    def test_s4_a_move_that_is_believed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = owning("NODEB")
        data["passes"] = [{"faults": [{"fault": "no_effect", "program": "cluster", "match": "/move", "count": "9"}]}]
        assert drive.run(data).problems == []
        for name in ("ownership_refusals", "last_refusals", "restart_refusals"):
            monkeypatch.setattr(_rules, name, _nothing)

        def believing(_self: Any, group: Any, target: str, _others: Any = ()) -> Any:
            return replace(group, owner=target)

        monkeypatch.setattr(_groups.GroupMover, "move", believing)
        assert broken(data, "I1")

    def test_s5_a_survey_that_is_trusted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        failover = {"at": 12, "what": "failover", "host": "NODEA"}
        data = plain(passes=[{"happenings": [failover]}])
        assert drive.run(data).problems == []
        monkeypatch.setattr(_exchange.Observer, "observe", _remembered())
        for name in ("last_refusals", "restart_refusals", "upgrade_refusals"):
            monkeypatch.setattr(_rules, name, _nothing)
        assert drive.run(data).problems

    def test_s6_a_seed_that_fails_prints_itself(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(_handover.Window, "outage", property(lambda self: 1.0))
        assert run.main(["--seeds", "12", "--seed-from", "0", "--jobs", "1"]) == 1
        said = capfd.readouterr().out
        assert "\nseed " in f"\n{said}"
        assert "seeds failed: " in said

    def test_s7_an_act_without_need(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_plan, "is_done", lambda nodes, release: False)
        real = _plan.node_steps
        monkeypatch.setitem(
            playing._JINJA.filters,
            "mailops.exchange2007.upgrade_node_steps",
            lambda *args, **kwargs: {**real(*args, **kwargs), "restart": True},
        )
        assert broken(plain(), "S7")

    def test_s8_a_change_that_is_not_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = _restart.Restart.run
        monkeypatch.setattr(_restart.Restart, "run", lambda self: {**real(self), "changed": False})
        assert broken(plain(), "S8")

    def test_s8_a_change_that_the_world_made_and_no_command_was_sent_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = owning("NODEB")
        move = {"fault": "failover", "when": "before", "count": "1", "program": "cluster", "match": "/move"}
        data["passes"] = [{"faults": [move]}]
        assert drive.run(data).problems == []  # a command was sent and had no effect, which nobody can see
        data["passes"] = [{"happenings": [{"at": 80, "what": "failover", "host": "NODEB"}]}]
        assert drive.run(data).problems == []
        monkeypatch.setattr(_groups.GroupMover, "_act", lambda *_arguments, **_more: True)
        assert broken(data, "S8")

    @pytest.mark.parametrize(
        "options", [{"upgrade_canary": 1}, {"upgrade_batch": 1}], ids=["canary", "failure budget in batches"]
    )
    def test_limits_of_many_clusters(self, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
        assert drive.run(two(**options)).problems == []
        data = two(**options)
        data["passes"] = [{"faults": [{"fault": "setup_fail", "host": "E2", "count": "1"}]}]
        assert drive.run(data).problems == []
        monkeypatch.setattr(_schedule, "_clusters_reason", lambda *_arguments: "")
        assert broken(data, "limits")

    def test_the_limit_of_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = two(upgrade_stop_after=100, upgrade_canary=1)
        assert drive.run(data).problems == []
        real = _schedule.guard
        monkeypatch.setitem(
            playing._JINJA.filters,
            "mailops.exchange2007.upgrade_guard",
            lambda planned, host, finished, times, limits: real(planned, host, finished, times, {}),
        )
        assert broken(data, "limits")

    def test_setup_on_a_node_that_owns_groups(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_rules, "ownership_refusals", lambda cluster, node: [])
        monkeypatch.setattr("ansible_collections.mailops.exchange2007.plugins.module_utils._plan._groups_off", _nothing)
        assert broken(owning("NODEB"), "I1")

    def test_an_outage_that_is_told_wrongly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_handover.Window, "outage", property(lambda self: 1.0))
        assert any(" S8: " in problem for problem in drive.run(plain()).problems)

    def test_a_failing_program_of_the_lab(self, monkeypatch: pytest.MonkeyPatch) -> None:
        where = "ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs.sc.main"
        monkeypatch.setattr(where, _crash)
        assert any("a played program crashed" in problem for problem in drive.run(plain()).problems)


def _nothing(*_arguments: object, **_more: object) -> list[Any]:
    return []


def _remembered() -> Callable[..., Any]:
    """Observer.observe() that looks at each node once only."""
    real, known = _exchange.Observer.observe, dict[str, Any]()

    def observe(self: Any, now: float, *, mailbox_servers: bool = True) -> Any:
        name = self._node.name
        if name not in known:
            known[name] = real(self, now, mailbox_servers=mailbox_servers)
        return replace(known[name], observed_at=now)

    return observe


def _crash(proc: object) -> int:
    raise RuntimeError("a defect of the lab")
