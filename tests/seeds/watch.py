# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitor inside the played world: what must never be, at any command, whoever says what of it.

What the world did by itself (a happening: a crash, a failover, an administrator) is not the product's fault, and what
follows from it neither: a broken rule is forgiven when something happened to that cluster since the module call that
broke it began, because until then the call had looked at the world, and no look sees the future.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.exchange_registry import marks
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.invariants import release, runs_setup
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Process
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.truth import Command, Truth
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import (
    Cluster,
    GroupState,
    Host,
    MailboxServer,
    NodeState,
    Version,
    World,
)
from ansible_collections.mailops.exchange2007.tests.seeds.playing import Call

ADMIN = "LAB\\admin"
ACTING = ("exchange_setup", "node_reboot", "cms_handover", "cluster_group", "node_service")
_MOMENT = 0.01  # lab seconds between an act and its effect
_LAG = 30.0  # lab seconds that a happening takes to show everywhere
_SETUP = re.compile(r'^"?[^"&|]*\\setup\.com"?\s+/(?:m(?:ode)?:)?(upgrade(?:cms)?)\b', re.IGNORECASE)
_OF_JOB = "mailops-upgradecms"  # in every command line of the handover's Setup job
_BLOWS = ("crash", "power_on", "failover", "service_stop", "disk_full")  # faults that change the world themselves


@dataclass(frozen=True)
class Problem:
    """A rule that the product broke, at a lab time."""

    t: float
    rule: str
    what: str

    def __str__(self) -> str:
        return f"t={self.t:.1f} {self.rule}: {self.what}"


class Watch(Truth):
    """The lab's truth, with the rules of the seeds on top."""

    def __init__(self, world: World, goal: Version, first: bool) -> None:
        super().__init__(world)
        self.problems: list[Problem] = []
        self.calls: list[Call] = []
        self.happened: list[tuple[float, str, str]] = []  # lab time, cluster, what
        self.admin_acts = False
        self.cms_acts: list[tuple[float, str, str, Process]] = []  # lab time, name, what, which command line
        self.goal = goal
        self._first = first
        self.of: dict[int, tuple[Process, Command]] = {}

    # --- what the lab tells ---

    def command_started(self, proc: Process) -> Command:
        """A command line, or a program below it, begins."""
        command = super().command_started(proc)
        self.of[id(proc)] = (proc, command)
        found = None if command.top or "setup" not in proc.line.lower() else _SETUP.match(proc.line.strip())
        if found:
            self._setup_started(proc, found.group(1).lower())
        return command

    def effect(self, host: Host | None, kind: str, what: str, detail: str = "", proc: Process | None = None) -> None:
        """Something changed."""
        super().effect(host, kind, what, detail, proc)
        if kind == "fault" and what in _BLOWS and host is not None:
            self.happening(host, f"fault {what}")
        if kind == "cms" and proc is not None:
            self.cms_acts.append((self.now(), detail, what, _above(proc)[-1]))
            if proc.logon.user != ADMIN and what.startswith(("stop:", "move to")):
                self._window_opens(detail, what, host)

    def violation(self, rule: str, host: Host | None, what: str) -> None:
        """The lab's own rules I1 to I6."""
        super().violation(rule, host, what)
        admin = self.admin_acts or (host is not None and any(_of_admin(p) for p in host.processes))
        if not admin and not self.forgiven(host):
            self.problem(rule, what)

    # --- what the seeds tell ---

    def happening(self, host: Host, what: str) -> None:
        """The world moved by itself."""
        self.happened.append((self.now(), host.cluster.name if host.cluster else "", f"{what} on {host.name}"))

    def problem(self, rule: str, what: str) -> None:
        """The product broke a rule."""
        self.problems.append(Problem(self.now(), rule, what))

    def forgiven(self, host: Host | None) -> bool:
        """Whether something happened to the host's cluster since the last acting call on it began."""
        clusters = {host.cluster.name} if host and host.cluster else set(self._world.clusters)
        begun = [call.begun for call in self.calls if call.module in ACTING and host and call.host == host.name.lower()]
        since = (begun[-1] if begun else 0.0) - _LAG
        return self.moved(since, clusters)

    def moved(self, since: float, clusters: set[str] | None = None) -> bool:
        """Whether something happened since a lab time."""
        return any(t >= since and (clusters is None or name in clusters) for t, name, _what in self.happened)

    def now(self) -> float:
        """Lab time."""
        return self._now()

    def command_of(self, proc: Process) -> Command | None:
        """The log's entry of a process."""
        found = self.of.get(id(proc))
        return found[1] if found else None

    # --- the rules ---

    def _setup_started(self, proc: Process, kind: str) -> None:
        """S3: no Setup beside another one, and none for what is done already."""
        host = proc.host
        if _of_admin(proc) or self.forgiven(host):
            return
        if runs_setup(host, apart_from=_family(proc)):
            self.problem("S3", f"Setup /{kind} started on {host.name} while Setup runs there")
        if kind == "upgrade" and host.bits and self._finished(host.bits.version) and host.bits.complete:
            if not marks(host):
                self.problem("S3", f"Setup /mode:upgrade started on {host.name}, which is at the release")
        elif kind == "upgradecms":
            mine = [c for c in self._servers(host) if c.group.owner == host.name]
            if mine and all(self._finished(c.version) for c in mine):
                self.problem("S3", f"Setup /upgradecms started on {host.name} for {mine[0].name}, which is upgraded")

    def _window_opens(self, name: str, what: str, host: Host | None) -> None:
        """S1: a CMS that serves its users on an old node is taken down only when the passive nodes are ready."""
        cms = next(c for cluster in self._world.clusters.values() for c in cluster.mailbox_servers if c.name == name)
        up = cms.group.state() in (GroupState.ONLINE, GroupState.PARTIALLY_ONLINE)
        if not up or self._finished(cms.version) or self._moved_in_handover(cms):
            return
        owners = {c.group.owner for c in cms.cluster.mailbox_servers}
        passive = [h for h in cms.cluster.members if h.name not in owners]
        ready = [h for h in passive if self._ready(cms, h)]
        if not ready or (len(ready) < len(passive) and not self._first):
            old = ", ".join(h.name for h in passive if h not in ready)
            self.problem("S1", f"{what} of {name} while these passive nodes were not upgraded and up: {old}")

    def _moved_in_handover(self, cms: MailboxServer) -> bool:
        begun = [call.begun for call in self.calls if call.module == "cms_handover"]
        return self.moved((begun[-1] if begun else 0.0) - _LAG, {cms.cluster.name})

    def _ready(self, cms: MailboxServer, host: Host) -> bool:
        up = cms.cluster.node_states.get(host.name) is NodeState.UP
        return up and host.bits is not None and host.bits.complete and self._finished(host.bits.version)

    def _finished(self, version: Version) -> bool:
        return release(version) >= release(self.goal)

    def _servers(self, host: Host) -> list[MailboxServer]:
        return host.cluster.mailbox_servers if host.cluster else []


def _of_admin(proc: Process) -> bool:
    return proc.logon.user == ADMIN


def _family(proc: Process) -> tuple[Process, ...]:
    """A process, and all above and below it."""
    return (*_above(proc), *proc.children)


def _above(proc: Process) -> list[Process]:
    """A process and all above it, the command line as it was handed to the host last."""
    found = [proc]
    while found[-1].parent is not None:
        found.append(found[-1].parent)
    return found


# --- after each call and each pass ---------------------------------------------------------------------------------


@dataclass
class Checker:
    """What is checked of calls and passes; problems go to the watch."""

    world: World
    watch: Watch
    goal: str
    secret: str

    def call_ended(self, call: Call) -> None:
        """Right at the end of a call."""
        if call.trace:
            self.watch.problem("defect", f"{call.module} on {call.host}: {call.trace}")
        if self.secret in repr(call.result):
            self.watch.problem("secret", f"the result of {call.module} on {call.host} holds the password")
        if call.finished and call.module == "cms_handover" and not call.check:
            self._outage(call)

    def _outage(self, call: Call) -> None:
        """S8: the outage that is claimed is the one that was."""
        claimed = call.result.get("outage")
        name = call.arguments["name"]
        cluster = next(c for c in self.world.clusters.values() if any(m.name == name for m in c.mailbox_servers))
        if call.result.get("failed") or call.result.get("unreachable") or self.watch.moved(call.begun - _LAG):
            return
        truth = sum(
            max(0.0, (i.end if i.end is not None else call.ended) - max(i.start, call.begun))
            for i in self.watch.outages.get(name, [])
            if (i.end is None or i.end > call.begun) and i.start < call.ended
        )
        # One that somebody else took down is measured from the look that showed it down; one that came up by itself,
        # because Setup or somebody else started it, until the look that showed it up.
        taken_down = self._did(call, name, "stop:", "move to")
        began = any(abs(i.start - t) < _MOMENT for i in self.watch.outages.get(name, []) for t in taken_down)
        before = 1.0 if began else 1.0 + self._unseen(name, call)
        if self._down_at(name, call.begun) and call.result["before"]["state"] in ("online", "partially_online"):
            before = 10.0**6  # up for its cmdlets, with dismounted databases: no part of the handover's own window
        after = 1.0 if self._did(call, name, "start") else call.result["timings"].get("start", 0.0) + 1.0
        after = 10.0**6 if any(sent.lost for sent in call.sent) else after  # what nobody saw is counted as an outage
        if not -after <= truth - (claimed or 0.0) <= before:
            text = f"{name} in {cluster.name}: outage claimed {claimed}, true {truth:.2f} {call.result['timings']}"
            self.watch.problem("S8", text)

    def _did(self, call: Call, name: str, *what: str) -> list[float]:
        """The lab times at which commands of the call itself did this to the mailbox server."""
        own = {id(sent.proc) for sent in call.sent}
        acts = self.watch.cms_acts
        return [t for t, whose, act, proc in acts if whose == name and act.startswith(what) and id(proc) in own]

    def _unseen(self, name: str, call: Call) -> float:
        """Seconds that the server was down in the call before its look had ended; behind that it asks for its job."""
        looked = next((sent.begun for sent in call.sent if _OF_JOB in sent.line), call.ended)
        since = [i for i in self.watch.outages.get(name, []) if i.end is None or i.end > call.begun]
        return max(0.0, looked - max(call.begun, min((i.start for i in since), default=looked)))

    def _down_at(self, name: str, t: float) -> bool:
        return any(i.start <= t and (i.end is None or i.end > t) for i in self.watch.outages.get(name, []))

    def at_end(self) -> None:
        """When the world has come to rest: did every call say truly whether it changed something?"""
        for call in self.watch.calls:
            self._changed(call)
        for command in self.watch.commands:
            if command.top and self.secret in command.line:
                self.watch.problem("secret", f"the command line of {command.host} holds the password: {command.line}")

    def _changed(self, call: Call) -> None:
        acts = mutated(self.watch, call)
        said = bool(call.result.get("changed"))
        if call.check:
            if acts:
                self.watch.problem("check", f"{call.module} on {call.host} in check mode ran {acts[0].line}")
        elif call.finished and said != bool(acts) and not (said and self._may_say_so(call)):
            seen = acts[0].line if acts else "nothing"
            text = f"{call.module} on {call.host} at {call.begun:.0f} said changed={said}, the log has {seen}"
            self.watch.problem("S8", text)

    def _may_say_so(self, call: Call) -> bool:
        """A failure behind an act whose end nobody knows, or what another run did meanwhile and this one waited for."""
        others = (o for o in self.watch.calls if o is not call and (o.module, o.host) == (call.module, call.host))
        joined = any(o.begun < call.ended and o.ended > call.begun for o in others if not o.check)
        sent = {command.line for command in call.sent} & set(call.result.get("commands", []))
        tried = bool(sent) and (call.result.get("failed") or self._came_about(call, sent))
        return joined or bool(call.result.get("joined") or tried)

    def _came_about(self, call: Call, sent: set[str]) -> bool:
        """Whether the group went by itself where the call sent it: nobody can see that the command had no effect."""
        if call.module != "cluster_group" or not any("/move:" in line for line in sent):
            return False
        there = ("group", f"owner {call.result['after']['owner']}".casefold(), call.arguments["name"].casefold(), None)
        since = (e for e in self.watch.timeline if call.begun <= e["t"] <= call.ended)
        return any(there == (e["kind"], e["what"].casefold(), e["detail"].casefold(), e["command"]) for e in since)

    def good(self) -> list[str]:
        """What keeps the world from being upgraded as a run that ends well promises; empty: nothing."""
        found = []
        for cluster in self.world.clusters.values():
            for host in cluster.members:
                found += self._host(host)
                state = cluster.node_states[host.name]
                found += [] if state is NodeState.UP else [f"{host.name} is {state.name}"]
            for cms in cluster.mailbox_servers:
                found += self._server(cms)
        return found

    def upgraded(self, cluster: Cluster) -> bool:
        """Whether every node and mailbox server is at the release and up."""
        goal = release(self.watch.goal)
        nodes = all(h.bits and h.bits.complete and release(h.bits.version) >= goal for h in cluster.members)
        up = all(cluster.node_states[host.name] is NodeState.UP for host in cluster.members)
        return nodes and up and not any(self._server(cms) for cms in cluster.mailbox_servers)

    def _host(self, host: Host) -> list[str]:
        left = {
            "pending restart": self.world.physics.pending_restart(host),
            "marks": marks(host),
            "tasks": [task.name for task in host.tasks.values()],
            "processes": [process.line for process in host.processes if not self._abandoned(process)],
        }
        found = [f"{host.name} has {what}: {value}" for what, value in left.items() if value]
        done = host.bits is not None and host.bits.complete and release(host.bits.version) >= release(self.watch.goal)
        return found if done else [*found, f"{host.name} is at {host.bits.version if host.bits else None}"]

    def _abandoned(self, process: Process) -> bool:
        """Whether a read hangs behind a connection that broke: WinRM ends it when its shell has been idle for long."""
        above = _above(process)[-1]
        command = self.watch.command_of(above)
        lost = any(sent.proc is above and sent.lost for call in self.watch.calls for sent in call.sent)
        return lost and command is not None and not command.mutating

    def _server(self, cms: MailboxServer) -> list[str]:
        found = []
        if release(cms.version) < release(self.watch.goal):
            found.append(f"{cms.name} is at {cms.version}")
        if cms.group.state() is not GroupState.ONLINE:
            found.append(f"{cms.name} is {cms.group.state().name}")
        return found + [f"{c.database} of {cms.name} is dismounted" for c in cms.storage_groups if not c.mounted]


def mutated(watch: Watch, call: Call) -> list[Command]:
    """The command lines of a call that changed something, by the lab's log."""
    commands = [watch.command_of(sent.proc) for sent in call.sent]
    return [command for command in commands if command is not None and command.mutating]


def changes(watch: Watch, calls: list[Call]) -> list[str]:
    """What these calls changed, by the log or by their own word."""
    lines: list[str] = []
    for call in calls:
        lines += [f"{call.module} ran {command.line}" for command in mutated(watch, call)]
        lines += [f"{call.module} says changed"] if call.result.get("changed") else []
    return lines
