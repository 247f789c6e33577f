# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The lock between controllers: a mark at a node in the cluster's own database says that it goes out of service.

Every node of the cluster sees it at once. Whoever wants to act marks his node first and looks at the others' marks
then, so of two controllers at least one sees the other. A mark that is kept fresh belongs to a run that lives; one that
stays the same for SILENCE seconds was left by a run that died, and binds nobody (sources.md: node-mark).

Silence alone is no proof of death: a controller may stall, and the Cluster service that carries the mark is stopped by
Setup. So the mark is renewed once more right before the start, behind everything that is prepared for it. Whoever finds
a silent mark goes on only if the node was read with that very mark and nothing prepared there; whoever stalled finds
the other one's mark when he renews his own, and starts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from ._exchange import MARK_PROPERTY, MARKS_LINE, parse_marks
from ._node import ChannelLost
from ._rules import Evidence, Refused
from ._task import Task

BEAT = 15.0  # seconds between two refreshments
SILENCE = 45.0  # seconds without one, after which nobody is there any more
_PAUSE = 5.0
_LIMIT = 60.0
_RENEWALS = 3
_REMOVALS = 6  # Setup and a restart stop the Cluster service, and it takes a while to answer again


class Notice:
    """The mark of this run at one node. Its own failing never stops an upgrade: the rules hold without it."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._node = ""
        self._mark = uuid4().hex[:12]
        self._beats = 0
        self._beaten = 0.0
        self.waited = False  # for another run: what was seen before is old
        self.touched = False  # the cluster's database, as far as anybody can know

    def put(self, node: str, proof: Sequence[Evidence]) -> list[Refused]:
        """Mark the node; why it must not go out of service because of another run, or nothing.

        Waits up to SILENCE seconds where another node has a mark. proof: what was read of the mates in this run.
        """
        self._node = node
        marks = _marks(self._task) if self._refresh() else None
        if marks is None or node not in marks:
            self._node = ""
            self._task.progress(
                "no mark could be put into the cluster's database: a second controller that starts at this moment "
                "is not kept from taking another node"
            )
            return []
        refused = self._give_way(self._others(marks), proof)
        if refused:
            self.remove()
        return refused

    def confirm(self) -> list[Refused]:
        """Renew the mark right before the start; why that must not be, or nothing. The mark goes where it must not."""
        if not self._node:
            return []
        marks = self._renewed()
        others = self._others(marks) if marks is not None else {}
        if marks is not None and not others:
            return []
        text = f"Another run has marked {', '.join(others)} of the same cluster meanwhile."
        if marks is None:
            text = f"The mark at {self._node} in the cluster's database can't be renewed."
        self.remove()
        return [Refused("R2", text, "Run again; nothing was started.")]

    def _renewed(self) -> dict[str, str] | None:
        """The marks of all nodes, ours among them; None where that can't be done."""
        for attempt in range(_RENEWALS):
            if attempt:
                self._task.clock.sleep(_PAUSE)
            marks = _marks(self._task) if self._refresh() else None
            if marks is not None and self._node in marks:
                return marks
        return None

    def take_over(self, node: str) -> None:
        """Keep the mark of a run that died fresh, and remove it in the end: its Setup is ours now."""
        self._node = node

    def keep(self) -> None:
        """Refresh the mark where that is due; while Setup has stopped the Cluster service it does not work."""
        if self._node and self._task.clock.now() - self._beaten >= BEAT:
            self._refresh()

    def remove(self) -> None:
        """Take the mark away, if there is one."""
        if self._node:
            remove_mark(self._task, self._node)
        self._node = ""

    def _give_way(self, others: dict[str, str], proof: Sequence[Evidence]) -> list[Refused]:
        if not others:
            return []
        self.waited = True
        names = ", ".join(others)
        self._task.progress(f"another run has marked {names}: looking for {SILENCE:g} s whether it lives")
        end = self._task.clock.now() + SILENCE
        while others and self._task.clock.now() < end:
            self._task.clock.sleep(_PAUSE)
            self.keep()
            now = self._others(_marks(self._task) or {})
            alive = [name for name, mark in now.items() if others.get(name) != mark]
            if alive:
                text = f"Another run is about to take {', '.join(alive)} of the same cluster out of service, or does."
                return [Refused("R2", text, "Wait for its end, then run again.")]
            others = now
        return self._left_by_the_dead(others, proof)

    def _left_by_the_dead(self, marks: dict[str, str], proof: Sequence[Evidence]) -> list[Refused]:
        """A dead run may have started Setup before it died; a reading in which its last mark was there tells.

        The marks go in any case: what that run did is seen in the next one, and if it only stalled, it stops now.
        """
        for name in marks:
            remove_mark(self._task, name)
        read = {evidence.name: evidence.mark for evidence in proof}
        missed = [name for name, mark in marks.items() if read.get(name) != mark]
        if not missed:
            return []
        text = f"A run that died has marked {', '.join(missed)}, and may have started Setup since that was read."
        return [Refused("R2", text, "Run again: every node is read anew.")]

    def _others(self, marks: dict[str, str]) -> dict[str, str]:
        return {name: mark for name, mark in marks.items() if name != self._node}

    def _refresh(self) -> bool:
        """Whether the command says that it worked."""
        self._beats += 1
        self.touched = True
        self._beaten = self._task.clock.now()
        return _act(self._task, f"{self._node} /priv {MARK_PROPERTY}={self._mark}.{self._beats}:string")


def remove_mark(task: Task, node: str) -> None:
    """Delete the mark of a node. One that stays binds nobody for longer than SILENCE."""
    for attempt in range(_REMOVALS):
        if attempt:
            task.clock.sleep(_PAUSE)
        if _act(task, f"{node} /priv:{MARK_PROPERTY} /usedefault"):
            return
        marks = _marks(task)
        if marks is not None and node not in marks:
            return


def _marks(task: Task) -> dict[str, str] | None:
    try:
        return parse_marks(task.node.read_line(MARKS_LINE))
    except ChannelLost:
        task.node.channel.reset()
        return None


def _act(task: Task, words: str) -> bool:
    try:
        return task.node.act_line(f"cluster.exe node {words} <nul", timeout=_LIMIT).rc == 0
    except ChannelLost:
        task.node.channel.reset()
        return False
