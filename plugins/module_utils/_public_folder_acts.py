# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The acts of public_folder_replica: add replicas, watch contents become equal, move, watch the source become empty.

What is done is seen anew each time, so a run that died anywhere is finished by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from . import _windows as windows
from ._errors import Failure, Refusal, refuse
from ._node import ChannelLost
from ._public_folders import (
    Scope,
    Seen,
    adding_script,
    input_refusals,
    moving_script,
    parse_seen,
    reading_script,
    refusals,
)
from ._servers import read_shell
from ._shell import ExchangeShell
from ._shell_job import ShellJob
from ._task import Credentials, Task
from ._wait import Limit, wait_for

JOB = "public-folders"
_READ_LIMIT = 1800.0  # seconds for one reading: a store is slow to count ten thousand folders
_ACT_LIMIT = 7200.0  # seconds for one of Exchange's scripts, which goes from folder to folder
_BLIND = 2  # looks in vain after an act, before the last one
_SILENCE = 300.0  # seconds after which the same line is shown again
_SHOWN = 100  # folders in `missing` and `left`
_DOING = "Moving public folders"
Answer = dict[str, list[str]]


class Stores:
    """The way to both servers' stores: the WinRM login where it gets there, else a scheduled task."""

    def __init__(self, task: Task, scope: Scope) -> None:
        self._task = task
        self._scope = scope
        self._shell: ExchangeShell = read_shell(task.node)
        self.scripts = self._shell.folder("Scripts")
        account = _account(task)
        self._job = None if account is None or task.check_mode else self._job_as(account)
        self._direct = True

    def _job_as(self, account: Credentials) -> ShellJob:
        family = windows.parse_os(*self._task.node.read_all(windows.os_lines(), again=True)).family
        return ShellJob(self._task, JOB, self._shell, account, modern=family.startswith("2008"))

    def first_look(self) -> Seen:
        """Read everything, and find out which way leads there; what an earlier run left running has ended by then."""
        if self._job:
            self._job.settle(_ACT_LIMIT)
        try:
            seen = self._look_directly()
        except Failure:
            if not self._job:
                raise
        else:
            if seen.whole or not self._job:
                return seen
        self._direct = False
        return self.look()

    def _look_directly(self) -> Seen:
        seen = self._read(self._shell.read, self._scope.source)
        if seen.source and seen.tree is None and self._task.check_mode:
            # The hierarchy is the same everywhere, and the other server may be the one that can be reached.
            return replace(seen, tree=self._read(self._shell.read, self._scope.target).tree)
        return seen

    def look(self) -> Seen:
        """Read everything; raises Failure."""
        return self._read(self._way(), self._scope.source)

    def _way(self) -> Callable[[str, str, str, float], Answer]:
        if self._job and not self._direct:
            return self._job.run
        return self._over_winrm

    def _over_winrm(self, script: str, doing: str, target: str, timeout: float) -> Answer:
        try:
            return self._shell.read(script, doing, target, timeout)
        except ChannelLost as lost:
            self._task.node.channel.reset()
            raise Failure(doing, target, f"the connection broke: {lost.reason.rstrip('.')}.", "Run again.") from None

    def _read(self, read: Callable[[str, str, str, float], Answer], hierarchy: str) -> Seen:
        scope = self._scope
        script = reading_script(scope, hierarchy)
        return parse_seen(
            scope, read(script, "Reading the public folders", f"{scope.source} and {scope.target}", _READ_LIMIT)
        )

    def act(self, script: str, doing: str) -> None:
        """Run one of Exchange's scripts, and note it; raises Failure, after which nobody knows how far it came."""
        commands = self._task.node.commands
        commands.append(script.strip().rstrip(";"))
        try:
            self._way()(script, doing, self._scope.source, _ACT_LIMIT)
        except Refusal:
            commands.pop()  # it was not even begun
            raise


def _account(task: Task) -> Credentials | None:
    if task.params["username"]:
        return Credentials(task.params["username"], task.params["password"] or "")
    return task.credentials if task.credentials and task.credentials.password else None


class Replication:
    """One call of public_folder_replica."""

    def __init__(self, task: Task) -> None:
        params = task.params
        path = params["path"].rstrip("\\") or "\\"
        names = (params["source"], params["target"], path, params["system_subtree"], tuple(params["ignore"]))
        self._scope = Scope(*names, params["domain_controller"])
        self._task = task
        self._moving = params["state"] == "moved"
        self._limit = Limit(params["timeout"], params["poll"])
        self._timings: dict[str, float] = {}
        self._shown, self._shown_at = "", task.clock.now()

    def run(self) -> dict[str, Any]:
        """Observe, compare, refuse or act, observe again."""
        task, scope = self._task, self._scope
        refuse(input_refusals(scope), _DOING, scope.source)
        self._begun = task.clock.now()
        stores = Stores(task, scope)
        self._before = self._last = stores.first_look()
        if not self._acts(self._before) and self._done(self._before):
            return self._result(self._before, changed=False)
        refuse(refusals(self._before, looking=task.check_mode), _DOING, scope.source)
        if task.check_mode:
            return self._would()
        try:
            after = self._converge(stores)
        except Failure as failure:
            failure.changed = failure.changed or bool(task.node.commands)
            failure.data |= self._facts(self._last)
            raise
        return self._result(after, changed=bool(task.node.commands))

    def _acts(self, seen: Seen) -> list[str]:
        found = ["add"] if seen.lacking() else []
        return found + (["move"] if self._moving and seen.listed() else [])

    def _done(self, seen: Seen) -> bool:
        return bool(seen.moved if self._moving else seen.parity)

    def _converge(self, stores: Stores) -> Seen:
        """MoveAllReplicas comes after equal contents were seen in this very run, and after nothing else."""
        scope, seen = self._scope, self._before
        if seen.lacking():
            self._task.progress(f"adding {scope.target} to the replicas of {len(seen.lacking())} folders")
            seen = self._act(
                stores, adding_script(scope, stores.scripts), "Adding replicas", "add", lambda s: not s.lacking()
            )
        if not self._moving or seen.listed():
            seen = self._watch(stores, seen, "parity", lambda s: s.parity is True, "Waiting for equal contents")
        if not self._moving:
            return seen
        if seen.listed():
            self._task.progress(f"the contents are equal: taking {scope.source} off every replica list")
            seen = self._act(
                stores, moving_script(scope, stores.scripts), "Moving all replicas", "move", lambda s: not s.listed()
            )
        return self._watch(stores, seen, "emptied", lambda s: s.moved is True, "Waiting for the last contents to go")

    def _act(self, stores: Stores, script: str, doing: str, name: str, good: Callable[[Seen], bool]) -> Seen:
        """Run a script and look: what is on the lists then counts, and not how the script ended."""
        begun, trouble = self._task.clock.now(), None
        try:
            stores.act(script, doing)
        except Refusal:
            raise
        except Failure as failure:
            trouble = failure
        seen = self._look_after(stores, trouble)
        self._timings[name] = round(self._task.clock.now() - begun, 1)
        if seen.tree is not None and good(seen):
            return seen
        if trouble:
            raise trouble
        text = f"Exchange's script ended without an error, but the replica lists say otherwise: {seen.told()}."
        raise Failure(doing, self._scope.source, text, "Look at Get-PublicFolder in the shell; then run again.")

    def _look_after(self, stores: Stores, trouble: Failure | None) -> Seen:
        """What can't be read right after an act is looked at again; trouble: how the act failed, which tells more."""
        for _blind in range(_BLIND):
            try:
                return self._look(stores)
            except Failure:
                self._task.clock.sleep(self._limit.poll)
        try:
            return self._look(stores)
        except Failure as failure:
            raise trouble or failure from None

    def _watch(self, stores: Stores, seen: Seen, name: str, good: Callable[[Seen], bool], doing: str) -> Seen:
        begun = self._task.clock.now()
        if good(seen):
            return seen
        try:
            return wait_for(
                self._task.clock,
                self._limit,
                lambda: self._look(stores),
                good,
                doing=doing,
                target=self._scope.source,
                describe=lambda s: s.told(),
                advice="Look at the replication of the public folders; running again goes on from there.",
                changed=False,
            )
        finally:
            self._timings[name] = round(self._task.clock.now() - begun, 1)

    def _look(self, stores: Stores) -> Seen:
        self._last = stores.look()
        now, text = self._task.clock.now(), self._last.told()
        if text != self._shown or now - self._shown_at >= _SILENCE:
            self._shown, self._shown_at = text, now
            self._task.progress(text)
        return self._last

    def _elapsed(self) -> float:
        return round(self._task.clock.now() - self._begun, 1)

    def _would(self) -> dict[str, Any]:
        before = self._before
        acts = self._acts(before)
        after = _foreseen(before.as_dict(), self._moving) if acts else before.as_dict()
        scripts = {"add": adding_script(self._scope, ""), "move": moving_script(self._scope, "")}
        commands = [scripts[act].strip().rstrip(";") for act in acts]
        return {**self._result(before, changed=bool(acts)), "after": after, "commands": commands}

    def _result(self, after: Seen, *, changed: bool) -> dict[str, Any]:
        return {"changed": changed, **self._facts(after)}

    def _facts(self, after: Seen) -> dict[str, Any]:
        return {
            "before": self._before.as_dict(),
            "after": after.as_dict(),
            "parity": after.parity,
            "missing": after.missing()[:_SHOWN],
            "left": [holding.path for holding in after.held()][:_SHOWN] if self._moving else [],
            "timings": self._timings,
            "elapsed": self._elapsed(),
        }


def _foreseen(before: dict[str, Any], moving: bool) -> dict[str, Any]:
    """What both servers would show at the end."""
    source, target = before["source"], before["target"]
    numbers = {key: source[key] for key in ("folders", "items", "size")}
    listed = max(source["listed"] or 0, target["listed"] or 0)
    emptied = {"listed": 0, "folders": 0, "items": 0, "size": 0} if moving else {}
    return {"source": {**source, **emptied}, "target": {**target, **numbers, "listed": listed}}
