# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""One run of Setup.com on a node: joined when it runs already, started otherwise, awaited, judged by what is seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from . import _rules as rules
from ._cluster import ClusterExe, parse_cluster
from ._errors import Failure, Refusal, refuse
from ._exchange import CLUSTER_KINDS, Observation, Observer, setup_job
from ._job import JobState, Phase, Taken
from ._node import ChannelLost, Node
from ._notice import Notice
from ._numbers import whole_number
from ._setup import Console, parse_console, setup_line
from ._setup_failures import explained, facts
from ._setup_trace import Fate, Trace
from ._task import Credentials, Task
from ._wait import Limit

LOG = r"%SystemDrive%\ExchangeSetupLogs\ExchangeSetup.log"
_SYSTEM_DISK = "%SystemDrive%\\"
_LOG_LINES = 60  # lines of the log kept as evidence
_SETTLE = 10.0  # seconds that a prepared job of somebody else may take until it starts
_LAST_LOOKS = 4
_FATES = {
    Phase.DIED: Fate.KILLED,
    Phase.PREPARED: Fate.NOT_STARTED,
    Phase.RUNNING: Fate.RUNNING,
}

# An unknown one too: while Setup stops WMI nobody can tell whether it lives, and it must not be started twice.
JOINABLE = rules.LIVE


@dataclass(frozen=True)
class Outcome:
    """How Setup ended: exit code, what it printed, seconds until it was over, whether it was joined.

    rc None: another run, which had joined it too, took the result away; what was reached is seen by the version.
    """

    rc: int | None
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
        if self.rc is None or (self.rc == 0 and self.console.succeeded is not False):
            return ""
        said = " ".join(self.console.errors) or ", ".join(f"step {step} failed" for step in self.console.failed_steps)
        return f"exit code {self.rc}: {said or 'no error text on the console'}"

    def doubt(self) -> str:
        """Why exit code 0 is not enough; '' where it is. On a console in another language no sentence is looked for."""
        if self.rc is None or self.trouble() or self.console.succeeded or not self.trace().english:
            return ""
        return "exit code 0, but Setup never printed that it succeeded"

    def trace(self, **facts: Any) -> Trace:
        """What the run left behind, for the diagnosis; facts: other fields of Trace."""
        return Trace(rc=self.rc, output=self.output, log=self.log_excerpt, **facts)


class SetupRun:
    """Setup.com of the task's media with arguments, as the job of that kind."""

    def __init__(self, task: Task, kind: str, arguments: list[str], limit: Limit) -> None:
        self._task = task
        self._program = setup_line(task.params["media"], arguments)
        self._kind = kind
        self._limit = limit
        self._shown = ""
        self._taken = False
        self.job = setup_job(task.node, kind, task.params["release"])
        self._notice = Notice(task) if kind in CLUSTER_KINDS else None

    def look(self) -> JobState:
        """The job now; one that is just being prepared, or that can't be made out, gets some time."""
        clock, end = self._task.clock, self._task.clock.now() + _SETTLE
        state = self.job.look()
        while state.phase in (Phase.PREPARED, Phase.UNKNOWN) and clock.now() < end:
            clock.sleep(self._limit.poll)
            state = self.job.look()
        return state

    @property
    def command(self) -> str:
        """The command line of Setup, for `commands`."""
        return self._program

    def finish(self, state: JobState, seen: Observation) -> Outcome:
        """Start Setup unless it runs or has ended already, and wait for its end. Raises Failure as wait() does.

        The job stays until close().
        """
        if state.phase not in JOINABLE:
            self.prepare(state, seen)
        outcome = self.wait(state, seen.node)
        return replace(outcome, log_excerpt=self._log_excerpt())

    def prepare(self, state: JobState, seen: Observation) -> None:
        """Register the job, after removing what a dead run left. Nothing of Setup runs yet."""
        try:
            self._prepare(state, seen)
        except Failure as failure:
            # Also a refusal: the mark was in the cluster's database.
            failure.changed = failure.changed or (self._notice is not None and self._notice.touched)
            raise

    def _prepare(self, state: JobState, seen: Observation) -> None:
        account = self._task.credentials
        if account is None or not account.password:
            raise Failure(
                "Starting Setup",
                seen.node,
                "no password is at hand, and a scheduled task without one can't reach Active Directory.",
                "Give `username` and `password`, or log in with a password.",
            )
        self._put_notice(seen)
        try:
            self._register(state, account, modern=seen.os.family.startswith("2008"))
        except Taken:
            self._taken = True  # the job is the other run's, and so is the mark
            raise
        except Failure:
            self._remove_notice()
            raise
        try:
            self._last_look(seen.node)
        except Refusal:
            self.close(succeeded=False)
            raise

    def _register(self, state: JobState, account: Credentials, *, modern: bool) -> None:
        if state.phase is not Phase.ABSENT:
            self._task.progress("an earlier Setup of ours did not finish: running the same Setup again")
            self.job.remove()
        count = f'find /c /v "" <{LOG} >lines.txt'
        self.job.prepare(self._program, account, modern=modern, before=[count])

    def _put_notice(self, seen: Observation) -> None:
        if self._notice:
            proof = rules.parse_evidence(self._task.params.get("nodes") or [])
            refuse(self._notice.put(seen.node, proof), "Starting Setup", seen.node)

    def _remove_notice(self) -> None:
        if self._notice:
            self._notice.remove()

    def _last_look(self, node: str) -> None:
        """Right before the start: no other run has come, and the world has not moved since all of it was read.

        A group that came back since then would go down with the Cluster service. Behind this look comes only the start.
        """
        if self._notice:
            refuse(self._notice.confirm(), "Starting Setup", node)
        if self._kind == "upgrade":
            refuse(self._moved(node), "Starting Setup", node)

    def _moved(self, node: str) -> list[rules.Refused]:
        """R1, R2 and R9, seen again where they may pass: a mate that is just joining, a moment without WMI."""
        for look in range(_LAST_LOOKS):
            if look:
                self._task.clock.sleep(self._limit.poll)
            lines = ClusterExe(self._task.node).lines()
            refused = rules.last_refusals(parse_cluster(self._task.node.read_all(lines, again=True)), node)
            if all(reason.rule == "R1" for reason in refused):
                break
        return refused

    def wait(self, state: JobState, node: str) -> Outcome:
        """Run the prepared job, or join the one that state shows, and wait for its end. node: its name in the cluster.

        Raises Failure with what is known when it has no end in time or died.
        """
        joined = state.phase in JOINABLE
        if joined:
            self._task.progress("Setup was started by an earlier run: joining it")
            if self._notice:
                self._notice.take_over(node)
        else:
            self._task.node.commands.append(self._program)
            self._start()
        begun = self._task.clock.now()
        ended = self.job.wait(self._task.clock, self._limit.timeout, self._limit.poll, self._progress)
        duration = self._task.clock.now() - begun
        if ended.phase not in (Phase.FINISHED, Phase.ABSENT):
            raise self._unfinished(ended, duration)
        return Outcome(ended.rc, parse_console(ended.output), ended.output, duration, joined)

    def _start(self) -> None:
        """A start whose answer got lost is unknown: it is repeated only where nothing is seen of it."""
        try:
            self.job.run()
        except ChannelLost as lost:
            if not lost.started:
                raise
            self._task.progress(f"{lost.reason}; looking again, Setup may have started")
            self._task.node.channel.reset()
            if self.look().phase is Phase.PREPARED:
                self.job.run()

    def close(self, *, succeeded: bool) -> None:
        """Remove the job unless it runs; after a failure its task only: the folder tells the next run whose marks."""
        if self._taken:
            return
        phase = self.job.look().phase
        if phase is Phase.FINISHED and not succeeded:
            self.job.retire()
        elif phase in (Phase.FINISHED, Phase.PREPARED) or (phase is Phase.DIED and succeeded):
            self.job.remove()
        if phase not in (Phase.RUNNING, Phase.UNKNOWN):
            self._remove_notice()

    def log_excerpt(self) -> str:
        """The lines that Setup added to its log, the last ones of them."""
        return self._log_excerpt()

    def _progress(self, state: JobState, elapsed: float) -> None:
        if self._notice and self._kind == "upgrade":  # the offline window of the other one is no time for it
            self._notice.keep()
        if state.phase is Phase.UNKNOWN:
            text = "no answer from the node; Setup goes on there, its state is unknown"
        else:
            text = parse_console(state.output).current or "starting"
        if text != self._shown or elapsed - self._shown_at >= 300:
            self._shown, self._shown_at = text, elapsed
            self._task.progress(f"Setup: {text}")

    _shown_at = 0.0

    def _unfinished(self, state: JobState, duration: float) -> Failure:
        fate = _FATES.get(state.phase, Fate.SILENT)
        at = f", last step seen: {current}" if (current := parse_console(state.output).current) else ""
        seen = {
            Fate.KILLED: f"Setup ended without an exit code{at}.",
            Fate.NOT_STARTED: "the scheduled task did not start.",
            Fate.RUNNING: f"Setup still runs after {duration:.0f} s{at}; it was not stopped.",
        }.get(fate, f"Setup may still run: the node does not answer after {duration:.0f} s{at}; it was not stopped.")
        left = self._left_behind() if fate is Fate.KILLED else {}
        trace = Trace(output=state.output, fate=fate, **left)
        return explained("Running Setup", self._task.node.name, seen, trace, stdout=state.output)

    def _left_behind(self) -> dict[str, Any]:
        """What a Setup that was killed left in its log and in the registry, as far as the node answers."""
        observer = Observer(self._task.node, self._task.params["media"])
        try:
            seen = facts(None, observer.observe(0, mailbox_servers=False), own_marks=True)
            return {"log": self._log_excerpt(), **seen, "free": free_space(self._task.node)}
        except ChannelLost:
            self._task.node.channel.reset()
            return {}

    def _log_excerpt(self) -> str:
        """The last lines that this run wrote to ExchangeSetup.log; '' where they can't be read."""
        node = self._task.node
        counted = node.read_all([self.job.file_line("lines.txt"), f'find /c /v "" <{LOG}'], again=True)
        before, now = (whole_number(result.stdout) for result in counted)
        if now is None:
            return ""
        return node.read_line(f"more +{max(before or 0, now - _LOG_LINES)} {LOG}", again=True).stdout.strip()


def free_space(node: Node) -> tuple[tuple[str, int], ...]:
    """Bytes free on the system disk: the last number that `dir /-c` prints in any language; () where it can't be read.

    A Setup that fills the disk takes even the exit code with it (sources.md: disk-space).
    """
    try:
        said = node.read_line(rf"dir /-c {_SYSTEM_DISK}").stdout
    except ChannelLost:
        node.channel.reset()
        return ()
    numbers = re.findall(r"(?<![0-9])[0-9]{1,19}(?![0-9])", said.strip().splitlines()[-1]) if said.strip() else []
    return ((_SYSTEM_DISK, int(numbers[-1])),) if numbers else ()
