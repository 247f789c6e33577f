# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The two acts of exchange_setup: the node's program files, and the clustered mailbox server that the node owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from . import _rules as rules
from ._cmdline import quote, refuse_unsafe
from ._directory import ask_as, prepared
from ._errors import Failure, refuse
from ._exchange import JOB_KINDS, PREPARATIONS, Observation, Observer
from ._job import JobState, Phase
from ._setup import upgrade_arguments, upgrade_cms_arguments
from ._setup_failures import explained, facts
from ._setup_run import JOINABLE, Outcome, SetupRun, free_space
from ._setup_trace import Trace
from ._shell import CmsState, MailboxServer
from ._task import Credentials, Task
from ._versions import release_rank
from ._wait import Limit, answered

_LOOKS = 4
_WINRM_AWAY = 30.0  # seconds


def setup_task(task: Task) -> Task:
    """The task with the account that Setup is to run as."""
    if not task.params.get("username"):
        return task
    return replace(task, credentials=Credentials(task.params["username"], task.params["password"]))


def read_proof(task: Task) -> list[rules.Evidence]:
    """The `nodes` option; raises Failure for a value that can't be read."""
    try:
        return rules.parse_evidence(task.params["nodes"])
    except ValueError as error:
        raise Failure("Reading the option nodes", task.node.name, str(error), "") from None


def observe_readable(task: Task, observer: Observer) -> Observation:
    """The node, looked at again a few times while something of it can't be made out (R9): groups move, nodes join."""
    seen = observer.observe(task.clock.now())
    for _look in range(_LOOKS - 1):
        if not rules.readable_refusals(seen):
            break
        task.clock.sleep(task.params["poll"])
        seen = observer.observe(task.clock.now())
    return seen


def with_directory(task: Task, seen: Observation, release: str) -> Observation:
    """The observation with the directory asked as the account that Setup is to run as, where it matters and is unknown.

    A password that is not plain ASCII may not exist in the node's code page: that is for Setup to complain about.
    """
    account = task.credentials
    unknown = prepared(seen.directory, release, "prepare_ad") is None and seen.bits.release != release
    if not unknown or account is None or not account.password or not account.password.isascii():
        return seen
    told = ask_as(task.node, account, task.params.get("domain_controller") or "")
    return replace(seen, directory=told) if told.whole else seen


class UpgradeNode:
    """`Setup.com /mode:upgrade` on a node that owns nothing."""

    def __init__(self, task: Task) -> None:
        self._task = task
        params = task.params
        refuse_unsafe(params["media"])
        self._release: str = params["release"]
        self._setup = setup_of(task, "upgrade", _arguments(params))
        self._observer = Observer(task.node, params["media"], self._release, directory=True)

    def run(self) -> dict[str, Any]:
        """Observe, compare, act, observe again, prove."""
        state = self._setup.look()
        joins = state.phase in JOINABLE
        seen = self._beside_setup() if joins else observe_readable(self._task, self._observer)
        if not joins:
            if self._done(seen):
                return self._leave_alone(seen)
            seen = with_directory(self._task, seen, self._release)
            self._refuse(seen, state)
            for text in rules.directory_warnings(seen.directory, self._release):
                self._task.progress(text)
        if self._task.check_mode:
            return self._would(seen)
        return self._act(seen, state)

    def _beside_setup(self) -> Observation:
        """The node under a Setup, which restarts WinRM: then a read and the one after it find nobody."""
        patience = Limit(_WINRM_AWAY, min(self._task.params["poll"], 5.0))
        return answered(self._task, patience, lambda: self._observer.observe(self._task.clock.now()))

    def _leave_alone(self, seen: Observation) -> dict[str, Any]:
        """At the release: nothing is done, but for removing what a dead run left."""
        upgraded = all(release_rank(s.release) >= release_rank(self._release) for s in seen.mailbox_servers)
        changed = self._clear(seen, [kind for kind in JOB_KINDS if upgraded or kind != "upgradecms"])
        return {**self._result(seen, seen, changed=changed), "restart_required": seen.pending.required is not False}

    def _clear(self, seen: Observation, kinds: Sequence[str]) -> bool:
        """Remove what dead runs left of these jobs; whether there was anything."""
        left = [kind for kind in kinds if seen.jobs.get(kind) in (Phase.DIED, Phase.PREPARED)]
        for kind in left if not self._task.check_mode else []:
            setup_of(self._task, kind, []).close(succeeded=True)
        return bool(left)

    def _done(self, seen: Observation) -> bool:
        return seen.bits.release == self._release and not seen.bits.interrupted

    def _refuse(self, seen: Observation, state: JobState) -> None:
        refused = rules.upgrade_refusals(
            seen,
            self._release,
            read_proof(self._task),
            now=self._task.clock.now(),
            max_age=self._task.params["proof_max_age"],
            own_job=state.phase is Phase.DIED,
        )
        refused += missing_files(self._task, ("answer_file", "updates_dir"))
        doing = f"Upgrading the program files to {self._release.upper()}"
        refuse(refused, doing, seen.node, before=_version(seen))

    def _would(self, seen: Observation) -> dict[str, Any]:
        media = seen.media.version if seen.media else None
        result = self._result(seen, seen, changed=True)
        return {**result, "after": {"version": str(media)}, "commands": [self._setup.command]}

    def _act(self, seen: Observation, state: JobState) -> dict[str, Any]:
        outcome = self._setup.finish(state, seen)
        after = self._observer.observe(self._task.clock.now(), mailbox_servers=False)
        try:
            self._prove(seen, after, outcome)
        except Failure:
            self._setup.close(succeeded=False)
            raise
        self._setup.close(succeeded=True)
        self._clear(after, PREPARATIONS)  # no longer due, where the directory was prepared from elsewhere meanwhile
        removed = sorted(set(seen.bits.rollups) - set(after.bits.rollups))
        return {**self._result(seen, after, changed=True), **outcome.as_dict(), "removed_rollups": removed}

    def _prove(self, before: Observation, after: Observation, outcome: Outcome) -> None:
        troubles = [outcome.trouble(), outcome.doubt()]
        reached = after.bits.release == self._release
        if not reached:
            troubles.append(f"the registry says {after.bits.version or 'nothing'} and not {self._release.upper()}")
        if after.bits.interrupted:
            troubles.append(f"marks of an unfinished Setup are left: {', '.join(after.bits.interrupted)}")
        if any(troubles):
            # Over marks of anybody else nothing was started.
            seen = {**facts(before, after, owns_nothing=True, own_marks=True), "free": free_space(self._task.node)}
            trace = outcome.trace(wanted=self._release, reached=reached, **seen)
            raise _failure(
                troubles, "Upgrading the program files", before.node, outcome, trace, before=_version(before)
            )

    def _result(self, before: Observation, after: Observation, *, changed: bool) -> dict[str, Any]:
        restart = changed or after.pending.required is not False
        return {
            "changed": changed,
            "before": _version(before),
            "after": _version(after),
            "restart_required": restart,
        }


class UpgradeCms:
    """`Setup.com /upgradecms` on the node that owns the stopped clustered mailbox server."""

    def __init__(self, task: Task) -> None:
        self._task = task
        refuse_unsafe(task.params["media"])
        self._release: str = task.params["release"]
        self._observer = Observer(task.node, task.params["media"])
        self._setup = cms_setup(task)

    def run(self) -> dict[str, Any]:
        """Observe, compare, act, observe again, prove."""
        seen = observe_readable(self._task, self._observer)
        server = self._owned(seen)
        state = self._setup.look()
        running = state.phase in JOINABLE
        if not running and release_rank(server.release) == release_rank(self._release):
            leftover = state.phase is not Phase.ABSENT
            if leftover and not self._task.check_mode:
                self._setup.close(succeeded=True)
            return {**_cms_result(server, server), "changed": leftover, "restart_required": False}
        if not running:
            self._refuse(seen, server, state)
        if self._task.check_mode:
            media = seen.media.version if seen.media else None
            result = {"changed": True, "restart_required": False, "commands": [self._setup.command]}
            return {**_cms_result(server, server), **result, "after": {"version": str(media)}}
        outcome = self._setup.finish(state, seen)
        try:
            behind = self._observer.observe(self._task.clock.now())
            after = self._owned(behind)
            prove_cms(after, self._release, outcome, seen, behind)
        except Failure:
            self._setup.close(succeeded=False)
            raise
        self._setup.close(succeeded=True)
        return {**_cms_result(server, after), **outcome.as_dict(), "changed": True, "restart_required": False}

    def _owned(self, seen: Observation) -> MailboxServer:
        owned = [server for server in seen.mailbox_servers if server.owner == seen.node]
        if len(owned) == 1:
            return owned[0]
        text = seen.mailbox_servers_error or f"it owns {len(owned)} clustered mailbox servers, and exactly 1 is needed."
        advice = "Use cms_handover, which moves the server here first."
        raise Failure("Upgrading the clustered mailbox server", seen.node, text, advice)

    def _refuse(self, seen: Observation, server: MailboxServer, state: JobState) -> None:
        refused = rules.handover_refusals(
            seen,
            server,
            self._release,
            read_proof(self._task),
            now=self._task.clock.now(),
            max_age=self._task.params["proof_max_age"],
            first=True,
            own_job=state.phase is Phase.DIED,
        )
        if server.state not in (CmsState.OFFLINE, CmsState.FAILED):
            advice = "Use cms_handover, or stop it with clustered_mailbox_server first."
            text = f"Clustered mailbox server {server.name} is {server.state.value}; it must be stopped for this."
            refused.append(rules.Refused("R3", text, advice))
        refuse(refused, f"Upgrading {server.name} to {self._release.upper()}", seen.node)


def cms_setup(task: Task) -> SetupRun:
    """The Setup run that upgrades the clustered mailbox server of the node."""
    return setup_of(task, "upgradecms", upgrade_cms_arguments(task.params.get("domain_controller") or ""))


def _arguments(params: dict[str, Any]) -> list[str]:
    """Setup's arguments for the program files, from the options of exchange_setup."""
    return upgrade_arguments(
        params["domain_controller"],
        params["updates_dir"],
        params["answer_file"],
        error_reporting=params["enable_error_reporting"],
    )


def setup_of(task: Task, kind: str, arguments: list[str]) -> SetupRun:
    """The Setup run of a kind (JOB_KINDS) with the task's time-out."""
    return SetupRun(task, kind, arguments, Limit(task.params["timeout"], task.params["poll"]))


def missing_files(task: Task, options: Sequence[str]) -> list[rules.Refused]:
    """R8: options that name a file or folder which is not on the node; Setup would stop at it."""
    given = [(option, task.params[option]) for option in options if task.params.get(option)]
    path_of = {option: path.rstrip("\\") for option, path in given}
    results = task.node.read_all(f"(if exist {quote(path)} echo there)" for path in path_of.values())
    return [
        rules.Refused("R8", f"There is no '{path}' ({option}) on {task.node.name}.", "Copy it to the node first.")
        for (option, path), result in zip(path_of.items(), results, strict=True)
        if result.stdout.strip() != "there"
    ]


def cms_troubles(server: MailboxServer, release: str, outcome: Outcome) -> list[str]:
    """What speaks against a success of Setup /upgradecms; empty: nothing."""
    troubles = [outcome.trouble(), outcome.doubt()]
    if server.release != release:
        troubles.append(f"the directory says {server.version or 'nothing'} and not {release.upper()}")
    return troubles if any(troubles) else []


def prove_cms(
    server: MailboxServer,
    release: str,
    outcome: Outcome,
    before: Observation | None = None,
    after: Observation | None = None,
) -> None:
    """Raise Failure unless Setup succeeded and the directory has the new version. before, after: for the diagnosis."""
    seen = {**facts(before, after, own_marks=True), "version": str(server.version or ""), "wanted": release}
    trace = outcome.trace(reached=server.release == release, **seen)
    troubles = cms_troubles(server, release, outcome)
    if troubles:
        raise _failure(troubles, "Upgrading the clustered mailbox server", server.name, outcome, trace)


def _failure(troubles: list[str], doing: str, target: str, outcome: Outcome, trace: Trace, **data: Any) -> Failure:
    said = "; ".join(trouble.rstrip(".") for trouble in troubles if trouble)
    return explained(doing, target, f"{said}.", trace, **data, **outcome.as_dict(), stdout=outcome.output)


def _version(seen: Observation) -> dict[str, Any]:
    return {"version": str(seen.bits.version) if seen.bits.version else None}


def _cms_result(before: MailboxServer, after: MailboxServer) -> dict[str, Any]:
    return {"before": {"version": str(before.version)}, "after": {"version": str(after.version)}}
