# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""One run of Setup.com on a node: joined when it runs already, started otherwise, awaited, judged by what is seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ._errors import Failure
from ._exchange import Observation, setup_job
from ._job import JobState, Phase
from ._setup import Console, parse_console, setup_line
from ._task import Task
from ._wait import Limit

LOG = r"%SystemDrive%\ExchangeSetupLogs\ExchangeSetup.log"
_LOG_LINES = 60  # lines of the log kept as evidence
_SETTLE = 10.0  # seconds that a prepared job of somebody else may take until it starts


JOINABLE = (Phase.RUNNING, Phase.FINISHED)


@dataclass(frozen=True)
class Outcome:
    """How Setup ended: exit code, what it printed, seconds until it was over, whether it was joined."""

    rc: int
    console: Console
    output: str
    duration: float
    joined: bool
    log_excerpt: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Result keys."""
        return {
            "rc": self.rc,
            "steps": [{"name": step.name, "result": step.result} for step in self.console.steps],
            "warnings_of_setup": list(self.console.warnings),
            "log_excerpt": self.log_excerpt,
            "duration": round(self.duration, 1),
            "joined": self.joined,
        }

    def trouble(self) -> str:
        """Why this was no success, as far as Setup itself says; '' for a success."""
        if self.rc == 0 and self.console.succeeded is not False:
            return ""
        said = " ".join(self.console.errors) or ", ".join(f"step {step} failed" for step in self.console.failed_steps)
        return f"exit code {self.rc}: {said or 'no error text on the console'}"


class SetupRun:
    """Setup.com of the task's media with arguments, as the job of that kind."""

    def __init__(self, task: Task, kind: str, arguments: list[str], limit: Limit) -> None:
        self._task = task
        self._program = setup_line(task.params["media"], arguments)
        self._limit = limit
        self._shown = ""
        self.job = setup_job(task.node, kind, task.params["release"])

    def look(self) -> JobState:
        """The job now; one that is just being prepared gets some time to start."""
        clock, end = self._task.clock, self._task.clock.now() + _SETTLE
        state = self.job.look()
        while state.phase is Phase.PREPARED and clock.now() < end:
            clock.sleep(self._limit.poll)
            state = self.job.look()
        return state

    @property
    def command(self) -> str:
        """The command line of Setup, for `commands`."""
        return self._program

    def finish(self, state: JobState, seen: Observation) -> Outcome:
        """Start Setup unless it runs or has ended already, wait for its end, tidy up. Raises Failure as wait() does."""
        if state.phase not in JOINABLE:
            self.prepare(state, seen)
        outcome = self.wait(state)
        return replace(outcome, log_excerpt=self.tidy())

    def prepare(self, state: JobState, seen: Observation) -> None:
        """Register the job, after removing what a dead run left. Nothing of Setup runs yet."""
        account = self._task.credentials
        if account is None or not account.password:
            raise Failure(
                "Starting Setup",
                seen.node,
                "no password is at hand, and a scheduled task without one can't reach Active Directory.",
                "Give `username` and `password`, or log in with a password.",
            )
        if state.phase is not Phase.ABSENT:
            self._task.progress("an earlier Setup of ours did not finish: running the same Setup again")
            self.job.remove()
        count = f'find /c /v "" <{LOG} >lines.txt'
        self.job.prepare(self._program, account, modern=seen.os.family.startswith("2008"), before=[count])

    def wait(self, state: JobState) -> Outcome:
        """Run the prepared job, or join the one that state shows, and wait for its end.

        Raises Failure with what is known when it has no end in time or died.
        """
        joined = state.phase in JOINABLE
        if joined:
            self._task.progress("Setup was started by an earlier run: joining it")
        else:
            self._task.node.commands.append(self._program)
            self.job.run()
        begun = self._task.clock.now()
        ended = self.job.wait(self._task.clock, self._limit.timeout, self._limit.poll, self._progress)
        duration = self._task.clock.now() - begun
        if ended.phase is not Phase.FINISHED:
            raise self._unfinished(ended, duration)
        rc = -1 if ended.rc is None else ended.rc
        return Outcome(rc, parse_console(ended.output), ended.output, duration, joined)

    def tidy(self) -> str:
        """Remove the job unless it runs; returns the lines that Setup added to its log."""
        if self.job.look().phase not in (Phase.FINISHED, Phase.PREPARED, Phase.DIED):
            return ""
        excerpt = self._log_excerpt()
        self.job.remove()
        return excerpt

    def _progress(self, state: JobState, elapsed: float) -> None:
        if state.phase is Phase.UNKNOWN:
            text = "no answer from the node; Setup goes on there, its state is unknown"
        else:
            text = parse_console(state.output).current or "starting"
        if text != self._shown or elapsed - self._shown_at >= 300:
            self._shown, self._shown_at = text, elapsed
            self._task.progress(f"Setup: {text}")

    _shown_at = 0.0

    def _unfinished(self, state: JobState, duration: float) -> Failure:
        console = parse_console(state.output)
        at = f", last step seen: {console.current}" if console.current else ""
        if state.phase in (Phase.DIED, Phase.ABSENT):
            seen = f"Setup ended without an exit code (killed, or the node went down){at}."
            advice = "Look at ExchangeSetup.log on the node; running again starts the same Setup, which resumes."
        elif state.phase is Phase.PREPARED:
            seen = "the scheduled task did not start."
            advice = "Give the account the right 'Log on as a batch job' on the node, then run again."
        else:
            known = "still runs" if state.phase is Phase.RUNNING else "may still run: the node does not answer"
            seen = f"Setup {known} after {duration:.0f} s{at}; it was not stopped."
            advice = "Run again, which joins it and starts nothing twice; or give a longer timeout."
        return Failure("Running Setup", self._task.node.name, seen, advice, changed=True, stdout=state.output)

    def _log_excerpt(self) -> str:
        """The last lines that this run wrote to ExchangeSetup.log; '' where they can't be read."""
        node = self._task.node
        counted = node.read_all([self.job.file_line("lines.txt"), f'find /c /v "" <{LOG}'])
        before, now = (_number(result.stdout) for result in counted)
        if now is None:
            return ""
        return node.read_line(f"more +{max(before or 0, now - _LOG_LINES)} {LOG}").stdout.strip()


def _number(text: str) -> int | None:
    word = text.strip()
    return int(word) if word.isdigit() else None
