# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One case: something happens to a cluster at one chosen moment of a run, the run ends, at most one more follows.

The machinery is that of tests/seeds (the real playbook, role and modules on virtual time, over a played cluster without
WinRM), and the moments are those of tests/kill.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.hold import Moment
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.truth import Command
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Cluster, World
from ansible_collections.mailops.exchange2007.tests.seeds import happenings, scenario
from ansible_collections.mailops.exchange2007.tests.seeds.drive import Drive
from ansible_collections.mailops.exchange2007.tests.seeds.playing import Player
from ansible_collections.mailops.exchange2007.tests.seeds.watch import ADMIN

Data = dict[str, Any]
FOREVER = 10.0**6  # lab seconds
REST = 1800.0  # lab seconds from the end of the first run to the second: a Setup by hand and its restart are over
_ORDERS = re.compile(r"schtasks /run|^shutdown|(Stop|Move|Start)-ClusteredMailboxServer|/move:", re.IGNORECASE)

CLUSTERS: dict[str, Data] = {
    "ccr": {
        "nodes": [{"name": "NODEA"}, {"name": "NODEB"}],
        "groups": [{"name": "Cluster Group", "owner": "NODEB", "resources": [{"name": "IP", "type": "IP Address"}]}],
        "mailbox_servers": [{"name": "CMS1", "kind": "ccr", "owner": "NODEA"}],
    },
    "scc": {
        "nodes": [{"name": "NODEA"}, {"name": "NODEB"}, {"name": "NODEC"}],
        "groups": [{"name": "Cluster Group", "owner": "NODEA", "resources": [{"name": "IP", "type": "IP Address"}]}],
        "mailbox_servers": [{"name": "CMS1", "kind": "scc", "owner": "NODEA"}],
    },
}
"""What is upgraded from SP1 to SP2: a CCR pair, and a single copy cluster with two passive nodes."""


@dataclass
class Outcome:
    """How a case ended. runs: whether each run of the first controller ended well; struck: whether the moment came."""

    troubles: list[str] = field(default_factory=list)
    runs: list[bool] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    struck: bool = True
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether at most one further run was enough, and nothing speaks against the way or the end."""
        return self.struck and not self.troubles


def data(kind: str) -> Data:
    """A scenario of tests/seeds in which nothing happens by itself."""
    drawn = scenario.draw(0)
    topology = {
        **drawn["topology"],
        "windows": {"family": "2003", "service_pack": 2},
        "exchange": {"release": "sp1"},
        "clusters": [{"name": "CLUS1", "quorum": "majority_witness", **CLUSTERS[kind]}],
    }
    topology["knobs"] = {**topology["knobs"], "jitter": 0.0}
    options = {
        "upgrade_release": "sp2",
        "upgrade_media": r"D:\media\sp2",
        "upgrade_poll": 10,
        "upgrade_copy_interval": 1,
    }
    options = {**drawn["options"], "upgrade_failback": False, "upgrade_hand_over_after": "all", **options}
    return {"seed": 0, "goal": "sp2", "topology": topology, "options": options, "passes": [], "rest": 0}


# --- events --------------------------------------------------------------------------------------------------------


def events(kind: str) -> dict[str, Data]:
    """Everything that may happen, by name; `what` as in tests/seeds, or a second controller."""
    found: dict[str, Data] = {"failover": {"what": "failover"}}
    for name in (node["name"] for node in CLUSTERS[kind]["nodes"]):
        found[f"group-{name}"] = {"what": "move_group", "host": name}
        found[f"pause-{name}"] = {"what": "pause", "host": name, "lasts": FOREVER}
        found[f"install-{name}"] = {"what": "install", "host": name}
    return found | {"second": {"what": "second"}, "other-end": {"what": "second", "kind": FromTheOtherEnd}}


class FromTheOtherEnd(Player):
    """Somebody's own playbook: the role's entry points, and the last node that runs no mailbox server comes first.

    Our playbook takes the same node in every run, however the inventory names them; then its job is the lock.
    """

    def run(self, name: str = "") -> None:
        """Survey all, upgrade one."""
        owners = {server.group.owner for cluster in self._clusters() for server in cluster.mailbox_servers}
        node = max(host.name for host in self.controller.world.hosts.values() if host.name not in owners)
        self._play({"hosts": "exchange_nodes", "tasks": [_role("survey")]})
        self._play({"hosts": [node.lower()], "tasks": [_role("node")]})

    def _clusters(self) -> list[Cluster]:
        return list(self.controller.world.clusters.values())


def _role(entry: str) -> Data:
    name = {"name": "mailops.exchange2007.upgrade", "tasks_from": entry}
    return {"name": entry, "ansible.builtin.include_role": name}


class Strike:
    """Takes the place of the lab's hold: at the moment something happens, instead of everything standing still."""

    def __init__(self, moment: Moment, act: Callable[[], None], world: World) -> None:
        self._moment = moment
        self._act = act
        self._world = world
        self._seen: set[object] = set()
        self.struck: float | None = None

    def line(self, when: str, command: Command) -> None:
        """A command line begins (before) or has ended (after)."""
        if self._moment.when == when and command.top and self._moment.fits(command.host, command.line):
            self._count(command.id)

    def event(self, event: Data, command: Command | None) -> None:
        """Something has changed; command is the line handed to a host that did it, if any."""
        if self._moment.when == "first" and command and self._moment.fits(command.host, command.line):
            self._count(command.id)
        text = f"{event['kind']} {event['what']} {event['detail']}"
        if self._moment.when == "event" and self._moment.fits(event["host"] or "", text):
            self._count(object())

    def _count(self, token: object) -> None:
        self._seen.add(token)
        if self.struck is None and len(self._seen) == self._moment.place:
            self.struck = round(self._world.clock.now(), 3)
            # In the middle of a change the world must not change once more; right behind it, it may.
            if self._moment.when in ("before", "after"):
                self._act()
            else:
                self._world.clock.call_later(0.0, self._act)


class Case:
    """A world, the event at its moment, and the runs."""

    def __init__(self, kind: str, event: Data, moment: Data) -> None:
        self.drive = Drive(data(kind))
        self.outcome = Outcome()
        self._event = event
        self._others: list[Player] = []
        self.strike = Strike(Moment(**moment), self._happen, self.drive.world)
        self.drive.world.hold = self.strike  # type: ignore[assignment]

    def run(self) -> Outcome:
        """Play it to its end."""
        try:
            self._play()
            self.outcome.troubles += self._judge()
        finally:
            self.drive.end()
            self.outcome.story = self.drive.story
        return self.outcome

    def _play(self) -> None:
        self._run()
        while any(not other.controller.dead for other in self._others):
            self.drive.clock.sleep(10.0)
        self.outcome.struck = self.strike.struck is not None
        self.drive.happenings.end()
        happenings.calm(self.drive.world)
        # A failover may leave a database dismounted, and whether to mount it with a loss is for a person to decide.
        happenings.advised(self.drive.world, [said for said in self.outcome.said if "is not mounted" in said])
        self.drive.clock.sleep(REST)
        if not self.outcome.runs[0] or self.drive.checker.good():
            self._run()

    def _run(self) -> None:
        player = self.drive.player({})
        self.drive.play(player)
        self.outcome.runs.append(player.ok)
        self.outcome.said += player.out.values()

    def _happen(self) -> None:
        if self._event["what"] == "second":
            other = self.drive.player({}, self._event.get("kind", Player))
            self._others.append(other)
            self.drive.clock.spawn(lambda: self._second(other), "second controller")
            return
        server = next(iter(self.drive.world.clusters.values())).mailbox_servers[0]
        self.drive.happenings.now({"host": server.group.owner, **self._event})

    def _second(self, other: Player) -> None:
        try:
            self.drive.play(other)
        finally:
            other.controller.dead = True

    # --- judging, by what the world saw ---

    def _judge(self) -> list[str]:
        watch = self.drive.watch
        # Whoever upgrades one node only ends well while the others are old.
        part = self._event.get("kind") is FromTheOtherEnd
        found = [str(problem) for problem in watch.problems if not (part and problem.rule == "S2")]
        found += [f"{v['rule']}: {v['what']} (t={v['t']})" for v in watch.violations if not self._excused(v)]
        found += together(self.drive)
        found += [f"in the end {trouble}" for trouble in self.drive.checker.good()]
        if len(self.outcome.runs) > 1 and not self.outcome.runs[1]:
            found.append("the further run failed")
        return list(dict.fromkeys(found))

    def _excused(self, violation: Data) -> bool:
        """Whether the event came behind the last look that could have shown it: no look sees the future."""
        if self._event["what"] == "second" or self.strike.struck is None:
            return False
        if self._event["what"] == "install":
            return not self._was_read(self._event["host"], violation["t"])
        orders = [
            command.t
            for command in self.drive.watch.commands
            if command.top and command.t <= violation["t"] and _ORDERS.search(command.line)
            if violation["host"] in (None, command.host) and command.mutating and command.user != ADMIN
        ]
        return bool(orders) and orders[-1] <= self.strike.struck

    def _was_read(self, host: str, t: float) -> bool:
        """Whether the run has read that host since the event: only its own list of programs shows a Setup by hand."""
        struck = self.strike.struck or 0.0
        reads = [c for c in self.drive.watch.calls if c.module == "exchange_info" and c.host == host.lower()]
        return any(struck < read.begun and read.ended < t for read in reads)


def together(drive: Drive) -> list[str]:
    """Setups of controllers that overlapped on two nodes of the cluster; one by hand does not count."""
    commands = [c for c in drive.watch.commands if c.logon == "batch" and c.top and c.user != ADMIN]
    spans = sorted((c.t, c.t + (c.duration or 0.0), c.host) for c in commands)
    return [
        f"Setup on {first[2]} and {later[2]} at once (t={later[0]})"
        for first, later in pairwise(spans)
        if first[2] != later[2] and later[0] < first[1]
    ]
