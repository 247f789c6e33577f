# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Preparing the directory: `Setup.com /PrepareSchema` and `/PrepareAD`, once for the whole forest, from any node.

The versions in the directory are read first; where they are those of the release, nothing is run.
"""

from __future__ import annotations

from typing import Any

from . import _rules as rules
from ._cmdline import refuse_unsafe
from ._directory import ACTIONS, Directory, newer, prepared, raised, read_directory, wanted
from ._errors import Failure, refuse
from ._exchange import Observation, Observer
from ._job import JobState, Phase
from ._setup import prepare_arguments
from ._setup_failures import explained, facts
from ._setup_run import JOINABLE, Outcome
from ._task import Task
from ._upgrade import setup_of

_REPLICATION = 900.0  # seconds that the new versions may take from the schema master to the controller that is asked


class PrepareDirectory:
    """One of the two preparations (ACTIONS) for the release of the media."""

    def __init__(self, task: Task) -> None:
        self._task = task
        refuse_unsafe(task.params["media"])
        self._action: str = task.params["action"]
        self._release: str = task.params["release"]
        self._doing = f"Preparing the directory for {self._release.upper()} (/{ACTIONS[self._action]})"
        arguments = prepare_arguments(ACTIONS[self._action], task.params["domain_controller"])
        self._setup = setup_of(task, self._action.replace("_", ""), arguments)
        self._observer = Observer(task.node, task.params["media"], self._release)

    def run(self) -> dict[str, Any]:
        """Read, compare, act, read again, prove."""
        state = self._setup.look()
        before = self._read()
        if state.phase in JOINABLE:
            return self._would(before) if self._task.check_mode else self._act(before, state, None)
        if self._done(before) and not newer(before, self._release, self._action):
            return self._leave_alone(before, state)
        seen = self._observe()
        refuse(rules.preparation_refusals(seen, before, self._release, self._action), self._doing, seen.node)
        self._task.progress(f"{before}; {self._release.upper()} has {wanted(self._release)}")
        return self._would(before) if self._task.check_mode else self._act(before, state, seen)

    def _read(self) -> Directory:
        task = self._task
        return read_directory(task.node, task.credentials, task.params["domain_controller"])

    def _observe(self) -> Observation:
        return self._observer.observe(self._task.clock.now(), mailbox_servers=False)

    def _done(self, seen: Directory) -> bool:
        return prepared(seen, self._release, self._action) is True

    def _leave_alone(self, seen: Directory, state: JobState) -> dict[str, Any]:
        """Prepared: nothing is done, but for removing what a dead run left."""
        leftover = state.phase is not Phase.ABSENT
        if leftover and not self._task.check_mode:
            self._setup.close(succeeded=True)
        return _result(seen, seen, changed=leftover)

    def _would(self, seen: Directory) -> dict[str, Any]:
        after = raised(seen, self._release, self._action)
        return {**_result(seen, after, changed=True), "commands": [self._setup.command]}

    def _act(self, before: Directory, state: JobState, seen: Observation | None) -> dict[str, Any]:
        """seen: the node as it was before, which a Setup that is joined does not need."""
        try:
            outcome = self._setup.finish(state, seen or self._observe())
            after = self._proven(outcome, seen)
        finally:
            # Such a Setup leaves no marks on the node, so a failed one has no job to be known by later.
            self._setup.close(succeeded=True)
        return {**_result(before, after, changed=True), **outcome.as_dict()}

    def _proven(self, outcome: Outcome, seen: Observation | None) -> Directory:
        """The directory, once it has the versions; raises Failure."""
        troubles = [text for text in (outcome.trouble(), outcome.doubt()) if text]
        after = self._read() if troubles else self._replicated()
        if not self._done(after):
            reason = f" ({after.reason})" if after.reason else ""
            troubles.append(f"the directory says {after}{reason} and not {wanted(self._release)}")
        if troubles:
            raise self._failure(troubles, outcome, seen, after)
        return after

    def _replicated(self) -> Directory:
        """Setup writes to the schema master; another domain controller, if that answers, learns of it a while later."""
        clock = self._task.clock
        end = clock.now() + _REPLICATION
        after = self._read()
        if not self._done(after):
            self._task.progress(f"{after}; waiting for the replication from the schema master")
        while not self._done(after) and clock.now() < end:
            clock.sleep(max(self._task.params["poll"], 5.0))
            after = self._read()
        return after

    def _failure(self, troubles: list[str], outcome: Outcome, seen: Observation | None, after: Directory) -> Failure:
        behind = self._observe()
        # Marks are of roles: a Setup of ours that was to upgrade one has left a job behind.
        own = not {"upgrade", "upgradecms"}.isdisjoint((seen or behind).jobs)
        known = facts(seen, behind, own_marks=own)
        known.update(version=str(after), wanted=str(wanted(self._release)), reached=self._done(after))
        said = "; ".join(text.rstrip(".") for text in troubles) + "."
        data = {**outcome.as_dict(), "stdout": outcome.output}
        return explained(self._doing, self._task.node.name, said, outcome.trace(**known), **data)


def _result(before: Directory, after: Directory, *, changed: bool) -> dict[str, Any]:
    return {"changed": changed, "before": before.versions(), "after": after.versions(), "restart_required": False}
