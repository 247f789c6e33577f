# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fixed sample of the moving world on virtual time: what once broke a rule, and the lock between controllers."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _notice, _setup_run
from ansible_collections.mailops.exchange2007.plugins.module_utils._exchange import MARK_PROPERTY
from ansible_collections.mailops.exchange2007.plugins.module_utils._notice import SILENCE
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.registry import Value
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import PropertyPlace
from ansible_collections.mailops.exchange2007.tests.kill.points import Point, points
from ansible_collections.mailops.exchange2007.tests.moving.case import (
    Case,
    FromTheOtherEnd,
    Outcome,
    data,
    events,
    together,
)
from ansible_collections.mailops.exchange2007.tests.moving.run import undisturbed
from ansible_collections.mailops.exchange2007.tests.seeds.controller import Controller
from ansible_collections.mailops.exchange2007.tests.seeds.drive import Drive
from ansible_collections.mailops.exchange2007.tests.seeds.playing import Player


@cache
def steps(cluster: str) -> list[Point]:
    return points(undisturbed(cluster))


def moment(cluster: str, act: str, number: int = 0) -> dict[str, Any]:
    """Right before the act, as `make moving-world` shows it; number: of those that look alike."""
    return [p.moment for p in steps(cluster) if p.phase == "before" and p.act == act][number]


def played(cluster: str, event: str, act: str, number: int = 0) -> Outcome:
    return Case(cluster, events(cluster)[event], moment(cluster, act, number)).run()


CASES = [
    pytest.param("ccr", "failover", "NODEB Stop-ClusteredMailboxServer", id="failover right before the handover"),
    pytest.param("ccr", "failover", "NODEB Setup (/mode:upgrade)", id="failover while the passive node is away"),
    pytest.param(
        "ccr", "group-NODEB", "NODEB schtasks /create upgrade-sp2", id="a group comes while Setup is prepared"
    ),
    pytest.param("ccr", "pause-NODEA", "NODEB write job upgradecms-sp2", id="paused right before the handover"),
    pytest.param("ccr", "install-NODEB", "NODEB write job upgrade-sp2", id="a service pack by hand"),
    pytest.param("ccr", "second", "NODEB write job upgrade-sp2", id="a second controller takes the same node"),
    pytest.param("ccr", "other-end", "NODEB Stop-ClusteredMailboxServer", id="a second one in the offline window"),
    pytest.param("scc", "other-end", "NODEB write job upgrade-sp2", id="a second one takes another node"),
    pytest.param("scc", "other-end", "NODEB shutdown /r", id="a second one comes between Setup and restart"),
]


@pytest.mark.parametrize(("cluster", "event", "act"), CASES)
def test_at_most_one_further_run_is_needed(cluster: str, event: str, act: str) -> None:
    outcome = played(cluster, event, act)
    assert outcome.troubles == []
    assert outcome.struck


def test_a_node_that_is_paused_while_the_restart_is_prepared() -> None:
    """The mark takes time to be put, so the cluster is seen once more behind it."""
    marks = [p.moment for p in steps("ccr") if p.phase == "before" and "mark MailopsSetup" in p.act]
    restart = next(m for m in marks if m["host"] == "NODEB" and m["place"] == restart_mark())
    assert Case("ccr", events("ccr")["pause-NODEA"], restart).run().troubles == []


def restart_mark() -> int:
    """Which of NODEB's marks is that of the restart: the last one before the shutdown."""
    acts = [p for p in steps("ccr") if p.phase == "before"]
    order = next(n for n, p in enumerate(acts) if p.act == "NODEB shutdown /r")
    return int(next(p for p in reversed(acts[:order]) if p.act == "NODEB mark MailopsSetup").moment["place"])


# --- two controllers -----------------------------------------------------------------------------------------------


def both_ends(seconds: float) -> tuple[list[str], bool]:
    """What two playbooks do that take different nodes, the second so much later; whether exactly one ended well."""
    drive = Drive(data("scc"))
    first, second = drive.player({}), drive.player({}, FromTheOtherEnd)

    def later() -> None:
        drive.clock.sleep(seconds)
        drive.play(second)

    Controller(drive.world, drive.clock).beside([lambda: drive.play(first), later])
    broken = [*together(drive), *(v["what"] for v in drive.watch.violations)]
    drive.end()
    return broken, first.ok != second.ok


@pytest.mark.parametrize("seconds", [0, 5, 20, 25, 40])
def test_of_two_controllers_one_goes_on_and_never_two_setups_run_at_once(seconds: float) -> None:
    """At the same moment, while the other mark is fresh, and while the other Setup has stopped what carries it."""
    assert both_ends(seconds) == ([], True)


class MovesAGroup(Player):
    """Somebody's own playbook, which brings the quorum group back to the node that it was on."""

    def run(self, name: str = "") -> None:
        """One task."""
        given = {"name": "Cluster Group", "owner": "NODEB"}
        self._play({"hosts": ["nodea"], "tasks": [{"name": "move", "mailops.exchange2007.cluster_group": given}]})


@pytest.mark.parametrize("act", ["NODEB write job upgrade-sp2", "NODEB schtasks /create upgrade-sp2"])
def test_no_playbook_moves_a_group_to_a_node_that_was_just_marked(act: str) -> None:
    case = Case("ccr", {"what": "second", "kind": MovesAGroup}, moment("ccr", act))
    outcome = case.run()
    assert (outcome.troubles, outcome.struck) == ([], True)
    assert outcome.runs[0], "the run that had marked the node goes on"
    (other,) = case._others
    assert "Refused (R" in other.out["nodea"], other.out
    assert "NODEB" in other.out["nodea"]


# --- a controller that died ----------------------------------------------------------------------------------------


def test_the_mark_of_a_dead_run_costs_a_wait_and_is_gone_then() -> None:
    drive = Drive(data("scc"))
    cluster = next(iter(drive.world.clusters.values()))
    mark = PropertyPlace("node", "nodec", private=True)
    drive.world.physics.set_properties(cluster, mark, {MARK_PROPERTY: Value(MARK_PROPERTY, "REG_SZ", "dead.3")}, None)
    player = drive.player({})
    drive.play(player)
    took = {c.host: c.ended - c.begun for c in player.calls if c.module == "exchange_setup"}
    drive.end()
    assert (player.ok, drive.watch.problems, drive.checker.good()) == (True, [], [])
    assert cluster.properties[mark] == {}
    assert took["nodeb"] - took["nodec"] == pytest.approx(SILENCE, abs=15)


# --- a native command that fails more than once in the offline window ------------------------------------------------


def failing(cmdlet: str, times: int) -> tuple[list[bool], list[str]]:
    """Two runs while a cmdlet fails so many times: how each ended, and how each left the mailbox server."""
    drive = Drive(data("ccr"))
    match = rf"^(?!.*-ValidateOnly).*\b{cmdlet}"
    drive.world.faults.inject("exit", {"program": "powershell", "match": match, "count": str(times)})
    server = next(iter(drive.world.clusters.values())).mailbox_servers[0]
    ended, left = [], []
    for _run in range(2):
        player = drive.player({})
        drive.play(player)
        ended.append(player.ok)
        left.append(f"{server.group.state().name.lower()} on {server.group.owner}; {' '.join(player.out.values())}")
        drive.clock.sleep(60.0)
    assert drive.watch.problems == []
    assert drive.watch.violations == []
    assert drive.checker.good() == []
    drive.end()
    return ended, left


@pytest.mark.parametrize(
    ("cmdlet", "times", "well", "where"),
    [
        pytest.param("Move-ClusteredMailboxServer", 1, True, "online on NODEB", id="a move once"),
        pytest.param("Move-ClusteredMailboxServer", 2, False, "online on NODEA", id="a move twice: back to the users"),
        pytest.param("Start-ClusteredMailboxServer", 2, True, "online on NODEB", id="a start twice"),
        pytest.param("Start-ClusteredMailboxServer", 3, False, "offline on NODEB", id="a start three times"),
    ],
)
def test_what_fails_in_the_window(cmdlet: str, times: int, well: bool, where: str) -> None:
    ended, left = failing(cmdlet, times)
    assert ended == [well, True]
    assert left[0].startswith(where), left[0]
    if not well:
        assert ("was started again on NODEA" in left[0]) is ("NODEA" in where)
        assert ("MAY BE DOWN" in left[0]) is ("offline" in where)


# --- the judge sees what it is to see ------------------------------------------------------------------------------


def test_without_the_lock_there_are_two_setups_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_notice.Notice, "put", lambda *_: [])
    broken, _ended = both_ends(5)
    assert any(line.startswith("Setup on NODEB and NODEC at once") for line in broken)


def test_without_the_last_look_the_judge_finds_setup_on_a_node_that_owns_a_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_setup_run.SetupRun, "_moved", lambda *_: [])
    found = played("ccr", "group-NODEB", "NODEB schtasks /create upgrade-sp2").troubles
    assert any(trouble.startswith("I1") for trouble in found)
