# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The acts of clustered_mailbox_server: start, stop, move, each guarded by state and watched to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import _rules as rules
from ._cluster import NodeState
from ._errors import refuse
from ._exchange import Observation, Observer
from ._servers import installed_shell, known_server, wait_for_server
from ._shell import CmsState, MailboxServer
from ._task import Task
from ._upgrade import read_proof
from ._versions import release_rank
from ._wait import Limit

_STATES = {"started": CmsState.ONLINE, "stopped": CmsState.OFFLINE}
_SETTLED = (CmsState.ONLINE, CmsState.PARTIALLY_ONLINE, CmsState.OFFLINE, CmsState.FAILED)


class ServerActs:
    """One call of clustered_mailbox_server."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._params = task.params
        self._observer = Observer(task.node)

    def run(self) -> dict[str, Any]:
        """Observe, compare, refuse or act, observe again."""
        seen = self._observe()
        before = known_server(seen, self._params["name"])
        acts = self._acts(before)
        if self._params["validate_only"]:
            return self._validate(seen, before)
        if not acts:
            return _result(before, before, changed=False)
        refuse(self._refusals(seen, before, acts), f"Changing {before.name}", before.owner or seen.node)
        if self._task.check_mode:
            return self._would(before, acts)
        return _result(before, self._act(seen, before, acts), changed=True)

    def _observe(self) -> Observation:
        return self._observer.observe(self._task.clock.now())

    def _acts(self, server: MailboxServer) -> list[str]:
        """stop comes before a move and start after it: a stopped server stays stopped."""
        params = self._params
        wanted = _STATES.get(params["state"] or "")
        acts = ["stop"] if wanted is CmsState.OFFLINE and server.state is not CmsState.OFFLINE else []
        if params["owner"] and server.owner != params["owner"].upper():
            acts.append("move")
        if wanted is CmsState.ONLINE and server.state is not CmsState.ONLINE:
            acts.append("start")
        return acts

    def _refusals(self, seen: Observation, server: MailboxServer, acts: list[str]) -> list[rules.Refused]:
        refused = rules.readable_refusals(seen)
        if server.state not in _SETTLED:
            text = f"Clustered mailbox server {server.name} is {server.state.value}."
            refused.append(rules.Refused("R9", text, "Wait until it has settled, then run again."))
        return refused + (self._target_refusals(seen, server) if "move" in acts else [])

    def _target_refusals(self, seen: Observation, server: MailboxServer) -> list[rules.Refused]:
        target = self._params["owner"].upper()
        member = seen.cluster.node(target) if seen.cluster else None
        if member is None:
            return [rules.Refused("input", f"There is no node {target!r} in the cluster.", "Check the name.")]
        if member.state is not NodeState.UP:
            return [rules.Refused("R2", f"Node {target} is {member.state.value}.", "Bring it up or resume it first.")]
        return self._release_refusals(seen, server, target)

    def _release_refusals(self, seen: Observation, server: MailboxServer, target: str) -> list[rules.Refused]:
        """A CMS never goes to a node whose program files are of another release (sources.md: cms-needs-its-release)."""
        now, proof = self._task.clock.now(), read_proof(self._task)
        if target == seen.node:
            release = seen.bits.release
        else:
            members = [node for node in (seen.cluster.nodes if seen.cluster else ()) if node.name == target]
            missing = rules.proof_refusals("R5", members, proof, now, self._params["proof_max_age"])
            if missing:
                return missing
            release = next(e.release for e in proof if e.name == target)
        if release_rank(release) == release_rank(server.release):
            return []
        text = f"{server.name} is at {str(server.release).upper()}, node {target} at {str(release).upper()}."
        return [rules.Refused("R5", text, "It would not start there; use cms_handover for an upgrade.")]

    def _validate(self, seen: Observation, server: MailboxServer) -> dict[str, Any]:
        target = (self._params["owner"] or seen.node).upper()
        installed_shell(seen, self._task.node).validate_move(server.name, target, self._params["reason"])
        return _result(server, server, changed=False)

    def _would(self, server: MailboxServer, acts: list[str]) -> dict[str, Any]:
        owner = self._params["owner"].upper() if "move" in acts else server.owner
        state = {"start": "online", "stop": "offline"}
        after = next((state[act] for act in acts if act in state), server.state.value)
        verbs = {"start": "Start", "stop": "Stop", "move": "Move"}
        commands = [f"{verbs[act]}-ClusteredMailboxServer {server.name}" for act in acts]
        shown = {"owner": owner, "state": after}
        return {**_result(server, server, changed=True), "after": shown, "commands": commands}

    def _act(self, seen: Observation, server: MailboxServer, acts: list[str]) -> MailboxServer:
        shell = installed_shell(seen, self._task.node)
        name, reason, timeout = server.name, self._params["reason"], self._params["timeout"]
        was_up = server.state in (CmsState.ONLINE, CmsState.PARTIALLY_ONLINE)
        for act in acts:
            self._task.progress(f"{name}: {act}")
            if act == "stop":
                shell.stop(name, reason, timeout)
                server = self._watch(lambda s: s.state is CmsState.OFFLINE, "Stopping")
            elif act == "start":
                shell.start(name, timeout)
                server = self._watch(lambda s: s.state is CmsState.ONLINE and s.mounted, "Starting")
            else:
                target = self._params["owner"].upper()
                shell.move(name, target, reason, timeout)
                up = was_up and "stop" not in acts
                server = self._watch(
                    lambda s: s.owner == target and (not up or (s.state is CmsState.ONLINE and s.mounted)),  # noqa: B023
                    f"Moving to {target}",
                )
        return server

    def _watch(self, good: Callable[[MailboxServer], bool], doing: str) -> MailboxServer:
        name = self._params["name"]
        limit = Limit(self._params["timeout"], self._params["poll"])
        return wait_for_server(self._task, limit, lambda: known_server(self._observe(), name), good, f"{doing} {name}")


def _result(before: MailboxServer, after: MailboxServer, *, changed: bool) -> dict[str, Any]:
    def shown(server: MailboxServer) -> dict[str, Any]:
        return {"owner": server.owner, "state": server.state.value}

    return {"changed": changed, "before": shown(before), "after": shown(after)}
