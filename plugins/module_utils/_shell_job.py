# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Scripts of the Exchange Management Shell as detached jobs, with credentials that reach other servers' stores.

A WinRM login has none to pass on: over it the shell sees the directory and at most the store of the very node
(sources.md: double-hop). A job outlives the connection and the controller; the next run waits for its end.
"""

from __future__ import annotations

from ._errors import Failure, Refusal
from ._job import JobState, Phase, Taken
from ._move_job import HeldJob
from ._node import ChannelLost, Node, Result
from ._shell import ExchangeShell, read_answer
from ._task import Credentials, Task

IMAGES = ("powershell.exe",)
_POLL = 5.0  # seconds between two looks at a job, at most
_SETTLE = 10.0  # seconds that a prepared job of somebody else may take until it starts
_SILENCE = 600.0  # seconds without an answer after which nobody waits any longer: a restarted node is back by then
_ALIVE = (Phase.RUNNING, Phase.UNKNOWN)


class ShellJob:
    """The job called name, for one script after the other. modern: the node runs Windows 2008 or later.

    It is no act of its own: what a script changes, its caller notes in the task's `commands`.
    """

    def __init__(self, task: Task, name: str, shell: ExchangeShell, account: Credentials, *, modern: bool) -> None:
        self._task = task
        self._shell = shell
        self._account = account
        self._modern = modern
        self._poll = min(_POLL, task.params["poll"])
        self._settled = True
        self.job = HeldJob(Node(task.node.name, task.node.channel), name, IMAGES, "script")

    def settle(self, timeout: float) -> None:
        """Wait for the end of what an earlier run left running, and remove it; raises Failure where it has none."""
        state = self._look()
        if state.phase in _ALIVE:
            self._task.progress("an earlier run's script still runs there: waiting for its end")
            state = self._wait(timeout)
        if state.phase in _ALIVE:
            raise self._endless("Waiting for an earlier run", self._task.node.name, state)
        if state.phase is not Phase.ABSENT:
            self._remove()
        self._settled = True

    def run(self, script: str, doing: str, target: str, timeout: float) -> dict[str, list[str]]:
        """Run a script to its end: its key=value lines. Raises Failure; timeout in seconds.

        Whether a script that failed changed something is for the caller to see. One that takes longer goes on.
        """
        try:
            state = self._run(script, timeout)
        except ChannelLost as lost:
            self._task.node.channel.reset()
            advice = "Run again: a script that still runs there is waited for."
            raise Failure(doing, target, f"the connection broke: {lost.reason.rstrip('.')}.", advice) from None
        except Taken:
            self._settled = True  # the job is the other run's
            text = "Another run works on the same thing there at this moment."
            raise Refusal("R2", doing, target, text, "Wait for its end, then run again.") from None
        except Failure as failure:
            failure.changed = False  # files and a task of ours, which are gone by then or are removed by the next run
            raise
        if state.phase is Phase.FINISHED:
            return read_answer(Result(state.rc or 0, state.output), doing, target, changed=False)
        if state.phase in _ALIVE or state.phase is Phase.PREPARED:
            raise self._endless(doing, target, state)
        text = "the script ended without an exit code, as when the node was restarted."
        raise Failure(doing, target, text, "Run again.", stdout=state.output)

    def _run(self, script: str, timeout: float) -> JobState:
        if not self._settled:
            self.settle(timeout)
        self._settled = False  # what breaks off from here on leaves a job behind
        self.job.prepare(self._shell.line(script).removesuffix("<nul").rstrip(), self._account, modern=self._modern)
        self._start()
        state = self._wait(timeout)
        if state.phase in (Phase.FINISHED, Phase.DIED):
            self.job.remove()
            self._settled = True
        return state

    def _remove(self) -> None:
        try:
            self.job.remove()
        except Failure as failure:
            failure.changed = False
            raise

    def _start(self) -> None:
        """A start whose answer got lost is unknown: it is repeated only where nothing is seen of it."""
        try:
            self.job.run()
        except ChannelLost as lost:
            if not lost.started:
                raise
            self._task.node.channel.reset()
            if self._look().phase is Phase.PREPARED:
                self.job.run()

    def _look(self) -> JobState:
        """The job now; one that is just being prepared, or that can't be made out, gets some time."""
        clock, end = self._task.clock, self._task.clock.now() + _SETTLE
        state = self.job.look()
        while state.phase in (Phase.PREPARED, Phase.UNKNOWN) and clock.now() < end:
            clock.sleep(self._poll)
            state = self.job.look()
        return state

    def _wait(self, timeout: float) -> JobState:
        heard = 0.0

        def progress(state: JobState, elapsed: float) -> None:
            nonlocal heard
            heard = elapsed if state.phase is not Phase.UNKNOWN else heard
            if elapsed - heard > _SILENCE:
                raise self._endless("Waiting for a script", self._task.node.name, state)

        return self.job.wait(self._task.clock, timeout, self._poll, progress)

    def _endless(self, doing: str, target: str, state: JobState) -> Failure:
        text = {
            Phase.PREPARED: "the scheduled task did not start.",
            Phase.RUNNING: "the script still runs; it was not stopped.",
        }.get(state.phase, "the script may still run: the node does not answer; it was not stopped.")
        return Failure(doing, target, text, "Run again: it is waited for then.", stdout=state.output)
