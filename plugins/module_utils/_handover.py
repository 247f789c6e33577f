# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The offline window of a clustered mailbox server in one act: stop, move, /UpgradeCMS, start if needed, prove.

Which steps are left is decided anew from what is seen, never from a remembered step (sources.md: resume), so that a run
that died in the window is finished by running again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import _rules as rules
from ._cluster import ClusterExe, NodeState, parse_cluster
from ._cmdline import refuse_unsafe
from ._errors import Failure, refuse
from ._exchange import Observation, Observer, owned_as_the_cluster_says
from ._job import Gone, JobState, Phase
from ._node import ChannelLost
from ._servers import installed_shell, known_server, wait_for_server
from ._setup_failures import explained, facts
from ._setup_run import JOINABLE, Outcome, free_space
from ._shell import CmsState, ExchangeShell, MailboxServer, active_machine, cms_state
from ._task import Task
from ._upgrade import cms_setup, cms_troubles, observe_readable, prove_cms, read_proof
from ._versions import parse_version, release_rank
from ._wait import Limit

_UP = (CmsState.ONLINE, CmsState.PARTIALLY_ONLINE)
_DOWN = (CmsState.OFFLINE, CmsState.FAILED)
_ON_ITS_WAY = (CmsState.ONLINE_PENDING, CmsState.OFFLINE_PENDING, CmsState.UNKNOWN)
_SHOWN = {
    "stop": "stopping it",
    "move": "moving it here",
    "upgrade": "Setup /UpgradeCMS",
    "start": "starting it, unless it is online by now",
}
_WINDOW_POLL = 0.5  # seconds: inside the window every second counts
_STARTS = 3
_MOVES = 2
_RECONNECTS = 20
_RECONNECT_PAUSE = 15.0  # seconds
_RETURN_LIMIT = 1800.0  # seconds that a node gets in the window until it can be read again: it may have to boot


def handover_steps(server: MailboxServer, target: str, release: str) -> list[str]:
    """What is left to do, in order: stop, move, upgrade, start. Empty: the CMS is where and what it should be.

    A CMS that is at the release already moves online, by Exchange's own move. A failed one is down: there is nothing
    to stop.
    """
    upgraded = release_rank(server.release) >= release_rank(release)
    steps = ["stop"] if not upgraded and server.state in _UP else []
    if server.owner != target:
        steps.append("move")
    if not upgraded:
        steps.append("upgrade")
    if steps or server.state is not CmsState.ONLINE:
        steps.append("start")
    return steps


def may_ask_again(seen: Observation, server: MailboxServer, owner: str) -> bool:
    """Whether only an act of ours can bring the CMS up: down on that node, all of it readable, nothing on its way."""
    quiet = not seen.running_setup and not rules.readable_refusals(seen, own_job=True)
    return quiet and server.state in _DOWN and server.owner == owner and _is_up(seen, owner)


def had_no_effect(before: MailboxServer, seen: Observation, after: MailboxServer) -> bool:
    """Whether a failed move did nothing, seen with nothing on its way, and may be asked for again."""
    same_place = (after.owner, after.state) == (before.owner, before.state)
    quiet = not seen.running_setup and not rules.readable_refusals(seen, own_job=True)
    return same_place and quiet and _is_up(seen, after.owner) and _is_up(seen, seen.node)


def staying_troubles(
    seen: Observation, server: MailboxServer, proof: Sequence[rules.Evidence], *, now: float, max_age: float
) -> list[str]:
    """Why a CMS that can't be moved must not be started where it is; empty: it may.

    It starts only on program files of its own release (R5; sources.md: cms-needs-its-release), and what is not known of
    that node speaks against it (R9).
    """
    owner = server.owner
    member = seen.cluster.node(owner) if seen.cluster and owner else None
    if owner is None or member is None or not may_ask_again(seen, server, owner):
        return [f"it is {server.state.value} on {owner or 'an unknown node'}, or something there is not known"]
    missing = rules.proof_refusals("R5", [member], proof, now, max_age)
    if missing:
        return [refused.seen.rstrip(".") for refused in missing]
    release = next((e.release for e in rules.latest([member], proof).values() if e), None)
    if release != server.release:
        return [f"it is at {str(server.release).upper()}, and {owner} at {str(release).upper()}"]
    return []


def _is_up(seen: Observation, node: str | None) -> bool:
    member = seen.cluster.node(node) if seen.cluster and node else None
    return member is not None and member.state is NodeState.UP


@dataclass
class Window:
    """Controller clock readings of the window, epoch seconds; timings: step -> seconds."""

    opened: float | None = None
    closed: float | None = None
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def outage(self) -> float | None:
        """Seconds from right before the CMS was taken down until it was seen online; None: it was not taken down."""
        return None if self.opened is None or self.closed is None else self.closed - self.opened


class Handover:
    """Hands one clustered mailbox server over to the node that the task runs on."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._params = task.params
        refuse_unsafe(task.params["media"])
        self._observer = Observer(task.node, task.params["media"])
        self._release: str = task.params["release"]
        self._limit = Limit(task.params["step_timeout"], task.params["poll"])
        self._window = Window()
        self._outcome: Outcome | None = None
        self._prepared = False
        self._stayed = ""  # what became of a CMS that can't be moved
        self._setup = cms_setup(replace(task, params={**task.params, "poll": _WINDOW_POLL}))

    def run(self) -> dict[str, Any]:
        """Observe, refuse or do what is left, prove."""
        seen = observe_readable(self._task, self._observer)
        before = known_server(seen, self._params["name"])
        self._note_down(before)
        self._check_target(seen, before)
        steps = handover_steps(before, seen.node, self._release)
        job = self._job_now(before, steps)
        if not steps and job.phase not in JOINABLE:
            return self._leave_alone(before, job)
        if job.phase not in JOINABLE:
            self._refuse(seen, before, steps, job)
        if self._task.check_mode:
            commands = self._would(before, seen.node, steps)
            version = seen.media.version if seen.media and "upgrade" in steps else before.version
            after = replace(before, owner=seen.node, state=CmsState.ONLINE, version=version)
            return {**self._result(before, after, steps, changed=True), "commands": commands}
        after = self._through_the_window(seen, before, job)
        return self._result(before, after, steps, changed=True)

    # --- deciding ---

    def _leave_alone(self, server: MailboxServer, job: JobState) -> dict[str, Any]:
        """Nothing is left to do, but for removing what a dead run left."""
        leftover = job.phase is not Phase.ABSENT
        if leftover and not self._task.check_mode:
            self._setup.close(succeeded=True)
        return self._result(server, server, [], changed=leftover)

    def _job_now(self, server: MailboxServer, steps: list[str]) -> JobState:
        """Our job, as far as it can be joined: a running one makes sense only while the CMS is down on this node."""
        job = self._setup.look()
        if job.phase not in JOINABLE or not {"stop", "move"} & set(steps):
            return job
        if job.phase is Phase.FINISHED:
            return JobState(Phase.DIED)  # of another time: what it did is seen in the steps that are left
        text = f"A Setup job of ours is {job.phase.value} here, though {server.name} is on {server.owner or 'no node'}."
        reason = rules.Refused("R9", text, "Look at Setup on this node; run again when it has ended.")
        refuse([reason], f"Handing {server.name} over", self._task.node.name)
        return job

    def _check_target(self, seen: Observation, server: MailboxServer) -> None:
        to = (self._params["to"] or seen.node).upper()
        if to != seen.node:
            text = f"the task runs on {seen.node}, and the handover is done from the node that takes over ({to})."
            raise Failure(f"Handing {server.name} over", to, text, f"Run this task on {to}, or delegate it there.")

    def _refuse(self, seen: Observation, server: MailboxServer, steps: list[str], job: JobState) -> None:
        refused = rules.handover_refusals(
            seen,
            server,
            self._release,
            read_proof(self._task),
            now=self._task.clock.now(),
            max_age=self._params["proof_max_age"],
            first=self._params["hand_over_after"] == "first",
            own_job=job.phase is Phase.DIED,
        )
        if server.state in _ON_ITS_WAY:
            text = f"Clustered mailbox server {server.name} is {server.state.value}."
            refused.append(rules.Refused("R9", text, "Wait until it has settled, then run again."))
        doing = f"Handing {server.name} over to {seen.node}"
        refuse(refused, doing, server.owner or seen.node)
        if server.state in _UP and "move" in steps:
            self._refuse_unhealthy(seen, server, doing)

    def _refuse_unhealthy(self, seen: Observation, server: MailboxServer, doing: str) -> None:
        """R7, and Exchange's own opinion, while the CMS still serves its users."""
        shell = installed_shell(seen, self._task.node)
        if server.kind == "ccr":
            self._task.progress(f"reading the storage group copies of {server.name}")
            samples = shell.copies(server.name, self._params["copy_samples"], self._params["copy_interval"])
            refuse(rules.copy_refusals(server.name, samples, self._params["max_queue"]), doing, seen.node)
        shell.validate_move(server.name, seen.node, self._params["reason"])

    def _would(self, server: MailboxServer, target: str, steps: list[str]) -> list[str]:
        shown = {
            "stop": f"Stop-ClusteredMailboxServer {server.name}",
            "move": f"Move-ClusteredMailboxServer {server.name} -TargetMachine {target}",
            "upgrade": self._setup.command,
            "start": f"Start-ClusteredMailboxServer {server.name} (unless it is online by then)",
        }
        return [shown[step] for step in steps]

    # --- acting ---

    def _through_the_window(self, seen: Observation, server: MailboxServer, job: JobState) -> MailboxServer:
        """Do what is left; a lost channel is unknown, so look again and go on from what is seen."""
        for _attempt in range(_RECONNECTS):
            try:
                return self._pass(seen, server, job)
            except ChannelLost as lost:
                self._task.progress(f"{lost.reason}; looking again, {server.name} may be down")
                seen, server, job = self._look_again(server)
            except Gone as gone:
                self._task.progress(f"{gone.seen} Looking again, {server.name} may be down")
                seen, server, job = self._look_again(server)
                self._prepared = False
            except Failure as failure:
                raise self._loud(failure, server) from None
        text = "the connection broke again and again."
        lost_node = Failure(f"Handing {server.name} over", seen.node, text, "Bring the node back.", changed=True)
        raise self._loud(lost_node, server)

    def _look_again(self, server: MailboxServer) -> tuple[Observation, MailboxServer, JobState]:
        """Look until all that decides what is left can be read: just booted, a node answers and knows nothing yet."""
        end = self._task.clock.now() + _RETURN_LIMIT
        while True:
            self._task.node.channel.reset()
            try:
                seen = self._observe()
                doubts = [refused.seen for refused in rules.readable_refusals(seen, own_job=True)]
                if not doubts:
                    now = known_server(seen, server.name)
                    self._note_down(now)
                    return seen, now, self._setup.job.look()
            except ChannelLost:
                doubts = ["the node does not answer any more."]
            except Failure as failure:
                raise self._loud(failure, server) from None
            if self._task.clock.now() >= end:
                break
            self._task.clock.sleep(_RECONNECT_PAUSE)
        doing = f"Handing {server.name} over"
        silent = Failure(doing, server.name, " ".join(doubts), "Bring the node back.", changed=True)
        raise self._loud(silent, server)

    def _pass(self, seen: Observation, server: MailboxServer, job: JobState) -> MailboxServer:
        shell = installed_shell(seen, self._task.node)
        steps = handover_steps(server, seen.node, self._release)
        if job.phase in JOINABLE and "upgrade" not in steps:
            steps = ["upgrade", *(steps or ["start"])]
        if "upgrade" in steps and job.phase not in JOINABLE and not (self._prepared and job.phase is Phase.PREPARED):
            # Whatever can be done before the users are cut off is done before.
            self._setup.prepare(job, seen)
            self._prepared = True
        done: dict[str, Callable[[MailboxServer], MailboxServer]] = {
            "stop": lambda s: self._stop(shell, s),
            "move": lambda s: self._move(shell, s, seen),
            "upgrade": lambda s: self._upgrade(s, job, seen),
            "start": lambda s: self._start(shell, s, seen),
        }
        for step in steps:
            self._task.progress(f"{server.name}: {_SHOWN[step]}")
            begun = self._task.clock.now()
            server = done[step](server)
            self._window.timings[step] = round(self._task.clock.now() - begun, 2)
        return self._prove(server)

    def _stop(self, shell: ExchangeShell, server: MailboxServer) -> MailboxServer:
        # Until the shell says that it has started, which takes seconds, this is the earliest that it can be.
        self._open_window()
        answer = shell.stop(server.name, self._params["reason"], self._limit.timeout, self._open_window)
        return self._expect(_seen(server, answer), lambda s: s.state is CmsState.OFFLINE, "Stopping")

    def _open_window(self) -> None:
        self._window.opened = self._task.clock.now()

    def _note_down(self, server: MailboxServer) -> None:
        """One that is found down was down when the look ended; when it began, somebody may not have stopped it yet."""
        if server.state not in _UP and self._window.opened is None:
            self._open_window()

    def _move(self, shell: ExchangeShell, server: MailboxServer, seen: Observation) -> MailboxServer:
        """Moved here. An error does not say that it was not moved (sources.md: move-errors): what is seen decides."""
        for attempt in range(_MOVES):
            try:
                moved = self._ask_to_move(shell, server, seen.node)
                break
            except Failure as failure:
                behind, now = self._settled(server, failure)
                if now.owner == seen.node:
                    moved = now
                    break
                if attempt + 1 == _MOVES or not had_no_effect(server, behind, now):
                    raise self._left_where_it_is(shell, failure, behind, now) from None
                self._task.progress(f"{failure.seen} {server.name} was not moved: moving it once more")
        return self._expect(moved, lambda s: s.owner == seen.node, f"Moving to {seen.node}")

    def _ask_to_move(self, shell: ExchangeShell, server: MailboxServer, target: str) -> MailboxServer:
        opens = self._open_window if self._window.opened is None else None
        if opens:
            opens()
        answer = shell.move(server.name, target, self._params["reason"], self._limit.timeout, opens)
        if _seen(server, answer).state is CmsState.ONLINE:
            self._window.closed = self._task.clock.now()
        # An offline CMS is active nowhere: only the cluster knows who owns it.
        cluster = parse_cluster(self._task.node.read_all(ClusterExe(self._task.node).lines(), again=True))
        return owned_as_the_cluster_says(_seen(server, answer), cluster)

    def _settled(self, server: MailboxServer, failure: Failure) -> tuple[Observation, MailboxServer]:
        """What is there once nothing is on its way any more; raises the failure where that can't be seen."""
        looks: list[Observation] = []

        def look() -> MailboxServer:
            looks.append(self._observe())
            return known_server(looks[-1], server.name)

        def still(now: MailboxServer) -> bool:
            return now.state not in _ON_ITS_WAY and not rules.moving(looks[-1])

        try:
            now = wait_for_server(self._task, Limit(self._limit.timeout, 1.0), look, still, f"Moving {server.name}")
        except Failure as blind:
            raise _with_more(failure, f"What became of it can't be made out: {blind.seen}") from None
        return looks[-1], now

    def _left_where_it_is(
        self, shell: ExchangeShell, failure: Failure, seen: Observation, server: MailboxServer
    ) -> Failure:
        """The failure of a move, with what became of the CMS: started where it is, where that is safe."""
        if server.state in _UP:
            return failure
        proof, age = read_proof(self._task), self._params["proof_max_age"]
        against = staying_troubles(seen, server, proof, now=self._task.clock.now(), max_age=age)
        again = f"It was not started on {server.owner} again: {'; '.join(against)}."
        if not against:
            self._task.progress(f"{server.name} can't be moved: starting it on {server.owner}, where it is")
            again = self._start_where_it_is(shell, server)
        return _with_more(failure, again)

    def _start_where_it_is(self, shell: ExchangeShell, server: MailboxServer) -> str:
        """Why it is not online then; '' for a success."""
        try:
            shell.start(server.name, self._limit.timeout)
            begun = known_server(self._observe(), server.name)
            self._expect(begun, lambda s: s.state is CmsState.ONLINE, f"Starting on {server.owner}")
        except ChannelLost as lost:
            self._task.node.channel.reset()
            return f"Whether starting it on {server.owner} again worked is unknown: {lost.reason}."
        except Failure as second:
            return f"Starting it on {server.owner} again failed: {second.seen}"
        self._window.closed = self._task.clock.now()
        self._stayed = f"{server.name} was started again on {server.owner}, is online there and was not upgraded"
        return ""

    def _upgrade(self, server: MailboxServer, job: JobState, seen: Observation) -> MailboxServer:
        """Only a clear failure ends the window here: whether a doubtful Setup worked is proven behind the start."""
        self._outcome = self._setup.wait(job, seen.node)
        trouble = self._outcome.trouble()
        if trouble:
            self._outcome = replace(self._outcome, log_excerpt=self._close_quietly())
            left = {**facts(seen, self._look_quietly(), own_marks=True), "free": free_space(self._task.node)}
            doing, said = "Upgrading the clustered mailbox server", f"{trouble.rstrip('.')}."
            raise explained(doing, server.name, said, self._outcome.trace(**left))
        return server

    def _start(self, shell: ExchangeShell, server: MailboxServer, seen: Observation) -> MailboxServer:
        came_up = server.state is CmsState.ONLINE and self._window.closed is not None
        for attempt in range(_STARTS):
            server = self._ask_to_start(shell, server, last=attempt + 1 == _STARTS)
            if not attempt and self._outcome and cms_troubles(server, self._release, self._outcome):
                self._outcome = replace(self._outcome, log_excerpt=self._close_quietly())
                prove_cms(server, self._release, self._outcome, seen, self._look_quietly())
            server = self._expect(server, lambda s: s.state not in _ON_ITS_WAY, "Starting")
            if server.state is CmsState.ONLINE:
                break
        server = self._expect(server, lambda s: s.state is CmsState.ONLINE, "Starting")
        if not came_up:
            self._window.closed = self._task.clock.now()
        return server

    def _ask_to_start(self, shell: ExchangeShell, server: MailboxServer, *, last: bool) -> MailboxServer:
        """Started, on its way, or down here and to be asked again, which does no harm.

        The cmdlet refuses while the Start of a run that died still goes on.
        """
        try:
            answer = shell.start_unless_online(server.name, self._release, self._limit.timeout)
        except Failure as failure:
            seen = self._observe()
            behind = seen.mailbox_server(server.name)
            if behind is None:
                raise
            if behind.state in (CmsState.ONLINE, *_ON_ITS_WAY):
                return behind
            if last or not self._may_start(seen, behind):
                raise
            self._task.progress(f"{failure.seen} {server.name} is {behind.state.value}: starting it once more")
            return behind
        return replace(_seen(server, answer), version=parse_version(answer.get("version", [""])[0]))

    def _may_start(self, seen: Observation, server: MailboxServer) -> bool:
        upgraded = seen.bits.release == server.release and release_rank(server.release) >= release_rank(self._release)
        return upgraded and may_ask_again(seen, server, seen.node)

    def _prove(self, server: MailboxServer) -> MailboxServer:
        """Behind the window: everything read again, databases included, and the job removed."""
        if self._window.opened is not None and self._window.closed is None:
            self._window.closed = self._task.clock.now()
        self._setup.close(succeeded=True)
        after = known_server(self._observe(), server.name)
        return self._expect(after, lambda s: s.state is CmsState.ONLINE and s.mounted, "Mounting the databases of")

    def _expect(self, server: MailboxServer, good: Callable[[MailboxServer], bool], doing: str) -> MailboxServer:
        """The server once it is good; Start and Move return before everything is as they say."""
        if good(server):
            return server

        def look() -> MailboxServer:
            return known_server(self._observe(), server.name)

        return wait_for_server(self._task, Limit(self._limit.timeout, 1.0), look, good, f"{doing} {server.name}")

    def _observe(self) -> Observation:
        return self._observer.observe(self._task.clock.now())

    # --- telling ---

    def _loud(self, failure: Failure, server: MailboxServer) -> Failure:
        """A failure in the window says that the users are without mail, and how to go on."""
        excerpt = self._close_quietly()
        if self._window.opened is None:
            return failure
        again = "run the playbook again, which goes on from what it finds."
        advice = f"{failure.advice} {self._stayed or f'{server.name} MAY BE DOWN'}: {again}"
        said = self._outcome and replace(self._outcome, log_excerpt=excerpt or self._outcome.log_excerpt)
        outcome = said.as_dict() if said else {}
        data = {**outcome, **failure.data, "timings": self._window.timings}
        return Failure(failure.doing, failure.target, failure.seen, advice, changed=True, **data)

    def _close_quietly(self) -> str:
        """Close a job that does not run, and return Setup's log lines; nothing may hide the failure being told."""
        try:
            excerpt = self._setup.log_excerpt() if self._outcome else ""
            self._setup.close(succeeded=False)
        except (ChannelLost, Failure):
            return ""
        return excerpt

    def _look_quietly(self) -> Observation | None:
        """The node after a Setup that failed, without its shell; None where it does not answer."""
        try:
            return self._observer.observe(self._task.clock.now(), mailbox_servers=False)
        except ChannelLost:
            self._task.node.channel.reset()
            return None

    def _result(
        self, before: MailboxServer, after: MailboxServer, steps: list[str], *, changed: bool
    ) -> dict[str, Any]:
        outage, budget = self._window.outage, self._params["offline_budget"]
        return {
            "changed": changed,
            "before": _shown(before),
            "after": _shown(after),
            "steps": steps,
            "outage": None if outage is None else round(outage, 2),
            "within_budget": None if outage is None or not budget else outage <= budget,
            "timings": self._window.timings,
        }


def _seen(server: MailboxServer, answer: dict[str, list[str]]) -> MailboxServer:
    """The server with state and active node as a cmdlet's answer printed them."""
    owner = active_machine(answer.get("machine", [])) or server.owner
    return replace(server, state=cms_state(answer.get("state", [""])[-1]), owner=owner)


def _with_more(failure: Failure, said: str) -> Failure:
    """The failure, with more of what was seen."""
    return Failure(failure.doing, failure.target, f"{failure.seen} {said}".rstrip(), failure.advice, **failure.data)


def _shown(server: MailboxServer) -> dict[str, Any]:
    version = str(server.version) if server.version else None
    return {"owner": server.owner, "state": server.state.value, "version": version}
