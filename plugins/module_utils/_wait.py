# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Bounded waits that carry a label, a limit and the last observation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import TypeVar

from ._errors import Failure
from ._node import ChannelLost
from ._task import Clock, Task

_T = TypeVar("_T")
_BLIND = 3  # looks in vain, one after the other


@dataclass(frozen=True)
class Limit:
    """How long to wait and how often to look, in seconds. eager: sooner at first, for what may be done in a moment."""

    timeout: float
    poll: float = 5.0
    eager: bool = False

    def pauses(self) -> Iterator[float]:
        """Seconds between one look and the next, without end; eager: from an eighth of poll, doubled up to poll."""
        if self.eager:
            yield from (self.poll / 8, self.poll / 4, self.poll / 2)
        yield from repeat(self.poll)


def wait_for(
    clock: Clock,
    limit: Limit,
    look: Callable[[], _T],
    good: Callable[[_T], bool],
    *,
    doing: str,
    target: str,
    describe: Callable[[_T], str],
    advice: str,
    changed: bool = True,
) -> _T:
    """Look until good; raises Failure with the last observation when the time is over.

    changed: what that Failure says of itself; most waits follow an act. A look that fails is not the end: what can't be
    read is unknown, and looked at again, up to three times in a row (R9).
    """
    end = clock.now() + limit.timeout
    blind = 0
    for pause in limit.pauses():
        try:
            seen = look()
        except Failure as failure:
            blind += 1
            if blind > _BLIND or clock.now() >= end:
                failure.changed = failure.changed or changed
                raise
            clock.sleep(limit.poll)
            continue
        blind = 0
        if good(seen):
            return seen
        if clock.now() >= end:
            text = f"not so after {limit.timeout:g} s; last seen: {describe(seen)}."
            raise Failure(doing, target, text, advice, changed=changed)
        clock.sleep(pause)
    raise AssertionError("pauses never end")


def answered(task: Task, limit: Limit, read: Callable[[], _T]) -> _T:
    """What read() finds. A node that is silent gets its time; raises ChannelLost when that is over."""
    end, told = task.clock.now() + limit.timeout, False
    while True:
        try:
            return read()
        except ChannelLost as lost:
            if not (lost.silent or lost.started) or task.clock.now() + limit.poll > end:
                raise
            if not told:
                task.progress(f"{lost.reason.rstrip('.')}. It may be restarting: waiting up to {limit.timeout:g} s")
            told = True
        task.node.channel.reset()
        task.clock.sleep(limit.poll)
