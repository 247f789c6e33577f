# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The lock between controllers: a mark at a node in the cluster's own database says that it goes out of service.

Every node of the cluster sees it at once. Whoever wants to act marks his node first and looks at the others' marks
then, so of two controllers at least one sees the other. A mark that is kept fresh belongs to a run that lives; one that
stays the same for SILENCE seconds was left by a run that died, and binds nobody (sources.md: node-mark).

Of two that see each other exactly one goes on: the one whose node's name comes first waits until the other's mark is
gone, the other one takes its mark away and stops. Clocks play no part in that, they need not agree. Nobody starts
anything while another mark than his own is there, so who has precedence decides only who waits.

Silence alone is no proof of death: a controller may stall, and the Cluster service that carries the mark is stopped by
Setup. So the mark is renewed once more right before the start, behind everything that is prepared for it. Whoever finds
a silent mark goes on only if the node was read with that very mark and nothing prepared there; whoever stalled finds
the other one's mark when he renews his own, and starts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
        self._mark = ""
        self._beats = 0
        self._beaten = 0.0
        self.waited = False  # for another run: what was seen before is old
        self.touched = False  # the cluster's database, as far as anybody can know

    def put(self, node: str, proof: Sequence[Evidence]) -> list[Refused]:
        """Mark the node; why it must not go out of service because of another run, or nothing.

        Waits up to SILENCE seconds where another node has a mark. proof: what was read of the mates in this run.
        """
        self._node, self._mark = node, uuid4().hex[:12]
        marks = current_marks(self._task) if self._refresh() else None
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
        """Renew the mark right before the start; why that must not be, or nothing. The mark goes where it must not.

        Waits up to SILENCE seconds for others that have to give way.
        """
        if not self._node:
            return []
        before = current_marks(self._task)
        forgotten = before is not None and self._node not in before
        end = self._task.clock.now() + SILENCE
        marks = self._renewed()
        while not forgotten and marks and self._all_give_way(self._others(marks)) and self._task.clock.now() < end:
            self.waited = True
            self._task.clock.sleep(_PAUSE)
            marks = self._renewed()
        others = self._others(marks) if marks is not None else {}
        if marks is not None and not others and not forgotten:
            return []
        return self._stopped(forgotten=forgotten, renewed=marks is not None, others=others)

    def _stopped(self, *, forgotten: bool, renewed: bool, others: dict[str, str]) -> list[Refused]:
        """The mark goes, and why nothing is started."""
        text = f"Another run has marked {', '.join(others)} of the same cluster meanwhile."
        if not renewed:
            text = f"The mark at {self._node} in the cluster's database can't be renewed."
        elif forgotten:
            whose = f", and has marked {', '.join(others)} of the same cluster" if others else ""
            text = f"Another run has taken this one for dead, whose mark at {self._node} is gone{whose}."
        self.remove()
        return [Refused("R2", text, "Run again; nothing was started.")]

    def _all_give_way(self, others: dict[str, str]) -> bool:
        """Whether there are others, and each of them has to stop when it sees this run's mark."""
        return bool(others) and all(self._precedes(name) for name in others)

    def _precedes(self, name: str) -> bool:
        return self._node.casefold() < name.casefold()

    def _renewed(self) -> dict[str, str] | None:
        """The marks of all nodes, ours among them; None where that can't be done."""
        for attempt in range(_RENEWALS):
            if attempt:
                self._task.clock.sleep(_PAUSE)
            marks = current_marks(self._task) if self._refresh() else None
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
        """Wait until each of the others is gone, or is known to live or to be dead; why this run has to stop."""
        if not others:
            return []
        self.waited = True
        names = ", ".join(others)
        self._task.progress(f"another run has marked {names}: looking for {SILENCE:g} s whether it lives")
        alive: set[str] = set()
        read: dict[str, str] | None = others
        end = self._task.clock.now() + SILENCE
        while others and self._task.clock.now() < end:
            self._task.clock.sleep(_PAUSE)
            self.keep()
            read = current_marks(self._task)
            now = others if read is None else self._others(read)
            alive = {name for name, mark in now.items() if name in alive or others.get(name) != mark}
            if any(not self._precedes(name) for name in alive):
                return _living(alive)
            others = now
        if read is None:
            text = f"Whether another run that has marked {', '.join(others)} lives can't be read any more."
            return [Refused("R9", text, "Run again; nothing was started.")]
        # Whoever should have given way and is still there has started already.
        return _living(alive) if alive else self._left_by_the_dead(others, proof)

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


def _living(names: Iterable[str]) -> list[Refused]:
    text = f"Another run is about to take {', '.join(sorted(names))} of the same cluster out of service, or does."
    return [Refused("R2", text, "Wait for its end, then run again.")]


def wait_for_mark(task: Task, node: str, mark: str) -> list[Refused]:
    """Why nothing may be brought to a node that has this mark: the run that put it lives, or nobody knows.

    Waits up to SILENCE seconds. The mark of a run that died stays, as that run's job is the next run's to look at.
    """
    task.progress(f"a run has marked {node}, to take it out of service: looking for {SILENCE:g} s whether it lives")
    end = task.clock.now() + SILENCE
    marks: dict[str, str] | None = {}
    now: str | None = mark
    while now == mark and task.clock.now() < end:
        task.clock.sleep(_PAUSE)
        marks = current_marks(task)
        if marks is not None:
            now = marks.get(node)
    if marks is None:
        return [Refused("R9", f"Whether the run that has marked {node} lives can't be read.", "Run again.")]
    if now is None or now == mark:
        return []
    text = f"Another run is about to take {node} out of service, or does: it has marked it in the cluster's database."
    return [Refused("R1", text, "Wait for that run's end, or choose another owner.")]


def remove_mark(task: Task, node: str) -> None:
    """Delete the mark of a node. One that stays binds nobody for longer than SILENCE."""
    for attempt in range(_REMOVALS):
        if attempt:
            task.clock.sleep(_PAUSE)
        if _act(task, f"{node} /priv:{MARK_PROPERTY} /usedefault"):
            return
        marks = current_marks(task)
        if marks is not None and node not in marks:
            return


def current_marks(task: Task) -> dict[str, str] | None:
    """Node -> mark, of the nodes that have one; None where that can't be read."""
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
