# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Standing still at a moment, and a clock whose speed is changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.building import build
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.clock import ScaledClock
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.hold import Moment
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Process
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.section import Section
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import read
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import Lab, two_nodes

LINE = "md C:\\one && md C:\\two"


@pytest.fixture
def it() -> Iterator[Lab]:
    """A lab on a fast real clock, because standing still is something between threads."""
    world = build(read(Section("test", "", two_nodes()), "test"), ScaledClock(600))
    yield Lab(world)
    world.hold.let_go()
    world.clock.close()


def soon(good: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not good() and time.monotonic() < end:
        time.sleep(0.002)
    return good()


def held(it: Lab, host: str, line: str, moment: Moment) -> Process:
    it.world.hold.arm(moment)
    proc = it.start(host, line)
    assert soon(lambda: it.world.hold.reached)
    return proc


@pytest.mark.parametrize(
    ("when", "there"),
    [("before", (False, False)), ("first", (True, False)), ("after", (True, True))],
)
def test_a_line_waits_where_it_was_told_to(it: Lab, when: str, there: tuple[bool, bool]) -> None:
    proc = held(it, "NODEA", LINE, Moment(when, "nodea", "^md C:.one "))
    files = it.host("NODEA").files
    assert (files.is_dir("C:\\one"), files.is_dir("C:\\two")) == there
    assert proc.exit_code is None
    it.world.hold.let_go()
    assert soon(lambda: proc.exit_code == 0)
    assert files.is_dir("C:\\two")


def test_the_clock_stands_until_somebody_sets_its_speed(it: Lab) -> None:
    clock = it.world.clock
    assert isinstance(clock, ScaledClock)
    held(it, "NODEA", LINE, Moment("before", "NODEA", "one"))
    stood = clock.now()
    it.world.hold.let_go()
    time.sleep(0.01)
    assert clock.now() == stood
    clock.speed = 600
    assert soon(lambda: clock.now() > stood)


def test_an_event_of_the_world(it: Lab) -> None:
    held(it, "NODEA", "shutdown /r /t 0", Moment("event", "NODEA", "^power boot"))
    assert [event["what"] for event in it.world.truth.timeline][-1] == "boot"


def test_the_place_counts_lines_and_events_that_fit(it: Lab) -> None:
    it.world.hold.arm(Moment("before", "NODEA", "^hostname", 2))
    first = it.start("NODEA", "hostname")
    assert soon(lambda: first.exit_code == 0)
    assert not it.world.hold.reached
    second = it.start("NODEA", "hostname")
    assert soon(lambda: it.world.hold.reached)
    assert second.exit_code is None


@pytest.mark.parametrize(
    ("host", "line", "moment"),
    [
        ("NODEB", LINE, Moment("before", "NODEA", "^md")),
        ("NODEA", "hostname", Moment("before", "NODEA", "^md")),
        ("NODEA", "hostname", Moment("first", "NODEA", "^hostname")),  # changes nothing
        ("NODEA", "ver & md C:\\one", Moment("before", "NODEA", "^md")),  # not the line that was handed over
        ("NODEA", LINE, Moment("event", "NODEA", "^power")),
    ],
    ids=["another host", "another line", "no change", "below a line", "another event"],
)
def test_nothing_else_stands_still(it: Lab, host: str, line: str, moment: Moment) -> None:
    it.world.hold.arm(moment)
    proc = it.start(host, line)
    assert soon(lambda: proc.exit_code == 0)
    assert not it.world.hold.reached


def test_it_stands_once(it: Lab) -> None:
    held(it, "NODEA", "hostname", Moment("before", "NODEA", "^hostname"))
    it.world.hold.let_go()
    it.world.clock.speed = 600  # type: ignore[attr-defined]
    proc = it.start("NODEA", "hostname")
    assert soon(lambda: proc.exit_code == 0)


def test_a_new_speed_reaches_who_sleeps_and_what_is_planned() -> None:
    clock = ScaledClock(1e-6)
    rung = threading.Event()
    clock.call_later(3600, rung.set)
    sleeper = threading.Thread(target=clock.sleep, args=(3600,))
    sleeper.start()
    clock.speed = 1e6
    assert rung.wait(30)
    sleeper.join(30)
    assert not sleeper.is_alive()
    clock.close()


def test_lab_time_does_not_leap_when_the_speed_changes() -> None:
    clock = ScaledClock(1000)
    for speed in (0.0, 1e-3, 1000.0, 0.0):
        before = clock.now()
        clock.speed = speed
        assert before <= clock.now() < before + 1000 * 30
    stood = clock.now()
    assert clock.now() == stood
    clock.close()
