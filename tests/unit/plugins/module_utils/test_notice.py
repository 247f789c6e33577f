# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock between controllers: two that live never both go on; one that died stops nobody for long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._exchange import parse_marks
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._notice import BEAT, SILENCE, Notice, remove_mark
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import Evidence
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.clock import VirtualClock
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    START,
    Played,
    World,
    answer,
    task,
)

DEAD = "0123456789ab.7"


def notice(channel: Played) -> Notice:
    return Notice(task(channel, {}))


def proof(mark: str = "", name: str = "NODEA") -> list[Evidence]:
    return [Evidence(name, "rtm", START, mark=mark)]


def with_marks(**marks: str) -> World:
    return replace(World(), notices=marks)


# --- reading -------------------------------------------------------------------------------------------------------


def test_marks_are_read_from_the_clusters_database() -> None:
    read = answer(with_marks(NODEA=DEAD), 'reg query "HKLM\\Cluster\\Nodes" /s')
    assert read is not None
    assert parse_marks(read) == {"NODEA": DEAD}


@pytest.mark.parametrize(
    ("result", "marks"),
    [
        pytest.param(Result(1, "", "ERROR: The system was unable to find …"), None, id="service stopped"),
        pytest.param(Result(0, ""), None, id="nothing printed"),
        pytest.param(Result(0, "\r\nHKEY_LOCAL_MACHINE\\Cluster\\Nodes\r\n"), None, id="no node"),
        pytest.param(
            Result(0, "\r\nHKEY_LOCAL_MACHINE\\Cluster\\Nodes\\1\r\n    NodeName    REG_SZ    nodea\r\n"),
            {},
            id="no mark",
        ),
        pytest.param(
            Result(
                0,
                "\r\nHKEY_LOCAL_MACHINE\\Cluster\\Nodes\\1\r\n    NodeName    REG_SZ    nodea\r\n"
                "\r\nHKEY_LOCAL_MACHINE\\Cluster\\Nodes\\1\\Parameters\r\n    MailopsSetup    REG_SZ    \r\n",
            ),
            {},
            id="emptied",
        ),
    ],
)
def test_what_can_be_read(result: Result, marks: dict[str, str] | None) -> None:
    assert parse_marks(result) == marks


# --- alone ---------------------------------------------------------------------------------------------------------


def test_the_mark_is_put_kept_fresh_and_removed() -> None:
    channel = Played(World())
    made = notice(channel)
    assert made.put("NODEB", []) == []
    first = channel.world.notices["NODEB"]
    made.keep()
    assert channel.world.notices["NODEB"] == first
    channel.clock.advance(BEAT)
    made.keep()
    assert channel.world.notices["NODEB"] not in ("", first)
    made.remove()
    assert channel.world.notices == {}
    assert channel.clock.slept == []


def test_a_mark_of_its_own_node_is_replaced_at_once() -> None:
    """A run that died here left it: nobody else can be at work on this node, its job says who is."""
    channel = Played(with_marks(NODEB=DEAD))
    assert notice(channel).put("NODEB", []) == []
    assert channel.world.notices["NODEB"] != DEAD
    assert channel.clock.slept == []


@pytest.mark.parametrize(
    "world", [replace(World(), markable=False), replace(World(), cluster_rc=1753)], ids=["refused", "not to be read"]
)
def test_where_no_mark_can_be_put_the_upgrade_goes_on_and_says_so(world: World) -> None:
    channel = Played(world)
    made = task(channel, {})
    notice = Notice(made)
    assert notice.put("NODEB", []) == []
    assert "no mark could be put" in made.__dict__["said"][-1]
    before = len(channel.marked)
    channel.clock.advance(10 * BEAT)
    notice.keep()
    notice.remove()
    assert len(channel.marked) == before


# --- two at the same time --------------------------------------------------------------------------------------------


class Controllers:
    """Two runs side by side on virtual time, each at a node of its own, each of whose commands takes a while."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.shared = Played(World())
        self.at_work: set[str] = set()
        self.together: list[set[str]] = []
        self.ends: dict[str, str] = {}

    def run(self, *starts: tuple[str, float, float]) -> dict[str, str]:
        """starts: (node, seconds until it begins, seconds that a command takes). node -> how it ended: done, or why."""
        for node, wait, slow in starts:
            self.clock.spawn(partial(self._one, node, wait, slow), node)
        self.clock.sleep(10_000.0)
        return self.ends

    def _one(self, node: str, wait: float, slow: float) -> None:
        self.clock.sleep(wait)
        channel = Slow(self.shared, self.clock, slow)
        made = notice(channel)  # type: ignore[arg-type]
        refused = made.put(node, [])
        if not refused:
            self.clock.sleep(8.0)  # what a run prepares
            refused = made.confirm()
        if refused:
            self.ends[node] = refused[0].seen
            return
        self.at_work.add(node)
        self.together += [set(self.at_work)] if len(self.at_work) > 1 else []
        for _look in range(30):
            self.clock.sleep(10.0)
            made.keep()
        self.at_work.remove(node)
        made.remove()
        self.ends[node] = "done"


class Slow:
    """A channel on which a command has its effect in the middle of the time it takes; its clock is the shared one."""

    def __init__(self, played: Played, clock: VirtualClock, seconds: float) -> None:
        self._played = played
        self._seconds = seconds
        self.clock = clock

    def run(self, line: str, **how: Any) -> Result:
        self.clock.sleep(self._seconds / 2)
        result = self._played.run(line, **how)
        self.clock.sleep(self._seconds / 2)
        return result

    def reset(self) -> None:
        self._played.reset()


SPEEDS = [(1.0, 1.0), (0.2, 3.0), (3.0, 0.2), (0.0, 0.0)]


@pytest.mark.parametrize("late", ["NODEA", "NODEB"])
@pytest.mark.parametrize(("early_takes", "late_takes"), SPEEDS)
@pytest.mark.parametrize(
    "seconds", [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 9.0, 10.0, 11.0, 12.0, 14.0, 20.0, 90.0]
)
def test_of_two_exactly_one_goes_on(seconds: float, early_takes: float, late_takes: float, late: str) -> None:
    """Whoever comes later, by however much, and however slow the one or the other is."""
    early = "NODEB" if late == "NODEA" else "NODEA"
    both = Controllers()
    ends = both.run((early, 0.0, early_takes), (late, seconds, late_takes))
    assert both.together == []
    assert sorted(end == "done" for end in ends.values()) == [False, True], ends
    assert both.shared.world.notices == {}


@pytest.mark.parametrize("takes", [0.0, 1.0])
def test_of_two_that_see_each_other_the_first_by_name_goes_on(takes: float) -> None:
    ends = Controllers().run(("NODEB", 0.0, takes), ("NODEA", 0.0, takes))
    assert ends["NODEA"] == "done"
    assert "about to take NODEA" in ends["NODEB"]


def test_of_three_at_once_exactly_one_goes_on() -> None:
    three = Controllers()
    three.shared.change(lambda w: replace(w, nodes={"NODEA": 0, "NODEB": 0, "NODEC": 0}))
    ends = three.run(("NODEC", 0.0, 1.0), ("NODEB", 0.5, 1.0), ("NODEA", 1.0, 1.0))
    assert three.together == []
    assert [node for node, end in ends.items() if end == "done"] == ["NODEA"]


def test_whoever_is_at_work_already_is_not_pushed_aside_by_his_betters() -> None:
    ends = Controllers().run(("NODEB", 0.0, 1.0), ("NODEA", 90.0, 1.0))
    assert (ends["NODEB"], "about to take NODEB" in ends["NODEA"]) == ("done", True)


# --- with another one ----------------------------------------------------------------------------------------------


def test_two_that_live_never_both_go_on() -> None:
    """Each sees the other's mark renewed while it waits."""
    channel = Played(World())
    other = notice(channel)
    other.put("NODEA", [])
    for seconds in range(10, 200, 10):
        channel.clock.after(seconds, other.keep)
    refused = notice(channel).put("NODEB", proof())
    assert [r.rule for r in refused] == ["R2"]
    assert "about to take NODEA" in refused[0].seen
    assert list(channel.world.notices) == ["NODEA"]


def test_a_mark_that_is_taken_away_is_waited_for_and_no_reason() -> None:
    channel = Played(with_marks(NODEA=DEAD))
    channel.clock.after(12, lambda: channel.change(lambda w: replace(w, notices={"NODEB": w.notices["NODEB"]})))
    assert notice(channel).put("NODEB", proof()) == []
    assert sum(channel.clock.slept) < SILENCE


def test_a_third_one_that_comes_up_is_seen() -> None:
    world = replace(with_marks(NODEA=DEAD), nodes={"NODEA": 0, "NODEB": 0, "NODEC": 0})
    channel = Played(world)
    channel.clock.after(12, lambda: channel.change(lambda w: replace(w, notices={**w.notices, "NODEC": "new.1"})))
    assert "NODEC" in notice(channel).put("NODEB", proof(DEAD))[0].seen


@pytest.mark.parametrize(
    ("evidence", "refused"),
    [
        pytest.param(proof(DEAD), False, id="read with the mark in it"),
        pytest.param(proof("0123456789ab.6"), True, id="it still lived when the node was read"),
        pytest.param(proof(), True, id="read before the mark was put"),
        pytest.param([], True, id="not read"),
    ],
)
def test_a_mark_of_the_dead(evidence: list[Evidence], refused: bool) -> None:
    """It binds nobody; but the dead may have started Setup there after this run had read the node: the next sees."""
    channel = Played(with_marks(NODEA=DEAD))
    made = notice(channel)
    assert bool(made.put("NODEB", evidence)) is refused
    assert made.waited
    assert sum(channel.clock.slept) == pytest.approx(SILENCE, abs=5)
    assert list(channel.world.notices) == ([] if refused else ["NODEB"])


# --- right before the start ----------------------------------------------------------------------------------------


def test_the_mark_is_new_right_before_the_start() -> None:
    """So nobody who read the node before this moment takes what he read for the whole truth."""
    channel = Played(World())
    made = notice(channel)
    made.put("NODEB", [])
    before = channel.world.notices["NODEB"]
    assert made.confirm() == []
    assert channel.world.notices["NODEB"] not in ("", before)


def test_a_run_that_was_taken_for_dead_starts_nothing_even_when_the_other_is_gone() -> None:
    """The other one may have upgraded its node meanwhile: what this run has read of it is old."""
    channel = Played(World())
    stalled = notice(channel)
    stalled.put("NODEA", [])
    channel.change(lambda w: replace(w, notices={}))
    refused = stalled.confirm()
    assert [r.rule for r in refused] == ["R2"]
    assert "taken this one for dead, whose mark at NODEA is gone." in refused[0].seen
    assert channel.world.notices == {}


@pytest.mark.parametrize("gone", [True, False], ids=["gives way", "stays"])
def test_one_that_has_to_give_way_is_waited_for_right_before_the_start(gone: bool) -> None:
    channel = Played(World())
    made = notice(channel)
    made.put("NODEA", [])
    channel.change(lambda w: replace(w, notices={**w.notices, "NODEB": "other.1"}))
    if gone:
        channel.clock.after(12, lambda: channel.change(lambda w: replace(w, notices={"NODEA": w.notices["NODEA"]})))
    refused = made.confirm()
    assert made.waited
    assert [r.rule for r in refused] == ([] if gone else ["R2"])
    assert sorted(channel.world.notices) == (["NODEA"] if gone else ["NODEB"])
    assert sum(channel.clock.slept) <= SILENCE + 5


def test_marks_that_cannot_be_read_any_more_are_not_gone() -> None:
    channel = Played(with_marks(NODEB=DEAD))
    channel.clock.after(12, lambda: channel.change(lambda w: replace(w, cluster_rc=1753)))
    refused = notice(channel).put("NODEA", proof(DEAD, "NODEB"))
    assert [r.rule for r in refused] == ["R9"]
    assert "NODEB lives can't be read" in refused[0].seen


def test_a_run_that_stalled_finds_who_took_it_for_dead() -> None:
    """Its mark is gone and another one is there: it stops, and the other one, who looks as well, may go on."""
    channel = Played(World())
    stalled, other = notice(channel), notice(channel)
    stalled.put("NODEA", [])
    assert other.put("NODEB", proof(channel.world.notices["NODEA"])) == []
    refused = stalled.confirm()
    assert [r.rule for r in refused] == ["R2"]
    assert "marked NODEB" in refused[0].seen
    assert list(channel.world.notices) == ["NODEB"]
    assert other.confirm() == []


@pytest.mark.parametrize(("seconds", "refused"), [(7, False), (100, True)], ids=["for a moment", "for long"])
def test_a_mark_that_cannot_be_renewed(seconds: float, refused: bool) -> None:
    channel = Played(World())
    made = notice(channel)
    made.put("NODEB", [])
    channel.change(lambda w: replace(w, markable=False))
    later(seconds)(channel)
    assert bool(made.confirm()) is refused


def test_without_a_mark_there_is_nothing_to_confirm() -> None:
    channel = Played(replace(World(), markable=False))
    made = notice(channel)
    made.put("NODEB", [])
    assert made.confirm() == []


# --- removal -------------------------------------------------------------------------------------------------------


def later(seconds: float) -> Callable[[Played], None]:
    def back(channel: Played) -> None:
        channel.clock.after(seconds, lambda: channel.change(lambda w: replace(w, markable=True)))

    return back


def test_a_removal_waits_for_the_cluster_service() -> None:
    channel = Played(replace(with_marks(NODEB=DEAD), markable=False))
    later(12)(channel)
    remove_mark(task(channel, {}), "NODEB")
    assert channel.world.notices == {}


def test_a_removal_gives_up() -> None:
    channel = Played(replace(with_marks(NODEB=DEAD), markable=False))
    remove_mark(task(channel, {}), "NODEB")
    assert channel.world.notices == {"NODEB": DEAD}
    assert sum(channel.clock.slept) < SILENCE


def test_what_is_not_there_is_not_removed_again_and_again() -> None:
    channel = Played(replace(World(), markable=False))
    remove_mark(task(channel, {}), "NODEB")
    assert len(channel.marked) == 1


def test_the_setup_of_a_dead_run_is_taken_over_with_its_mark() -> None:
    channel = Played(with_marks(NODEB=DEAD))
    made = notice(channel)
    made.take_over("NODEB")
    made.keep()
    assert channel.world.notices["NODEB"] != DEAD
    made.remove()
    assert channel.world.notices == {}
