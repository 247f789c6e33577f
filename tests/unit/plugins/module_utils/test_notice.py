# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock between controllers: two that live never both go on; one that died stops nobody for long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._exchange import parse_marks
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._notice import BEAT, SILENCE, Notice, remove_mark
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import Evidence
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
