# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded waits: look first, poll, give up with the last observation."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Clock, Credentials, Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit, wait_for
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import START, Asked, FakeClock


def watch(clock: FakeClock, seen: list[int], timeout: float = 20, *, eager: bool = False) -> int:
    return wait_for(
        clock,
        Limit(timeout, eager=eager),
        lambda: seen.pop(0),
        lambda number: number == 0,
        doing="Waiting",
        target="'X'",
        describe=lambda number: f"still {number}",
        advice="Look there.",
    )


@pytest.mark.parametrize(
    ("seen", "slept"),
    [([0], []), ([2, 1, 0], [5, 5]), ([4, 3, 2, 1, 0], [5] * 4)],
    ids=["at once", "later", "last look"],
)
def test_it_ends_when_good(clock: FakeClock, seen: list[int], slept: list[float]) -> None:
    assert watch(clock, seen) == 0
    assert clock.slept == slept


def test_an_eager_wait_looks_sooner_at_first(clock: FakeClock) -> None:
    assert watch(clock, [5, 4, 3, 2, 1, 0], eager=True) == 0
    assert clock.slept == [0.625, 1.25, 2.5, 5, 5]


def blind(looks: list[int | None]) -> int:
    """A look; None in the list is one that fails."""
    number = looks.pop(0)
    if number is None:
        raise Failure("Looking", "'X'", "nothing can be read.", "")
    return number


@pytest.mark.parametrize(
    ("looks", "end"), [([None, 0], 0), ([None, None, None, 1, None, 0], 0), ([None, None, None, None, 0], None)]
)
def test_a_look_in_vain_is_not_the_end(clock: FakeClock, looks: list[int | None], end: int | None) -> None:
    def wait() -> int:
        return wait_for(
            clock,
            Limit(60),
            lambda: blind(looks),
            lambda number: number == 0,
            doing="Waiting",
            target="'X'",
            describe=str,
            advice="",
        )

    if end is not None:
        assert wait() == end
        return
    with pytest.raises(Failure, match="nothing can be read") as failed:
        wait()
    assert failed.value.changed  # most waits follow an act


def test_it_gives_up_with_the_last_observation(clock: FakeClock) -> None:
    with pytest.raises(Failure) as failed:
        watch(clock, [5, 4, 3, 2, 1, 0])
    assert str(failed.value) == "Waiting on 'X' failed: not so after 20 s; last seen: still 1. Look there."
    assert failed.value.changed
    assert clock.now() - START == 20


def test_no_time_at_all_is_one_look(clock: FakeClock) -> None:
    with pytest.raises(Failure, match="still 1"):
        watch(clock, [1, 0], timeout=0)
    assert clock.slept == []


def test_a_password_is_in_no_repr() -> None:
    credentials = Credentials("user", "S3cret")
    assert "S3cret" not in repr(credentials)
    assert "S3cret" not in repr(Task(Node("n", Asked()), {}, credentials=credentials))


def test_the_real_clock_tells_the_time_and_waits() -> None:
    clock = Clock()
    before = clock.now()
    clock.sleep(0.001)
    assert clock.now() > before
