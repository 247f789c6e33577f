# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user of many clusters has limited (canaries, batches, budget, time), judged by the world for each run.

The playbook's own word is taken for which clusters it had something to do on, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import World
from ansible_collections.mailops.exchange2007.tests.seeds.playing import Call, Player
from ansible_collections.mailops.exchange2007.tests.seeds.watch import ACTING, Checker, Watch, mutated

Data = dict[str, Any]


@dataclass
class Limits:
    """The limits of one scenario; broken ones go to the watch."""

    world: World
    watch: Watch
    checker: Checker
    options: Data

    def call_begins(self, call: Call) -> None:
        """Right before a call that may act: which clusters are finished in truth."""
        if len(self.world.clusters) > 1 and call.module in ACTING and not call.check:
            clusters = self.world.clusters.values()
            call.finished_clusters = frozenset(c.name for c in clusters if self.checker.upgraded(c))

    def run_ended(self, player: Player, begun: float) -> None:
        """When a run has ended or died; begun: lab time of its beginning."""
        planned = next((f["upgrade_schedule"] for f in player.facts.values() if "upgrade_schedule" in f), None)
        if len(self.world.clusters) < 2 or planned is None:
            return
        acts = [call for call in player.calls if not call.check and call.module in ACTING and mutated(self.watch, call)]
        first: dict[str, Call] = {}
        for call in acts:
            first.setdefault(self._cluster_of(call), call)
        canaries, groups = self._groups(list(planned["lanes"]))
        earlier: set[str] = set()
        for names in groups:
            for name in names if earlier else ():
                if name in first:
                    self._begun(name, first[name], earlier, canaries, begun)
            earlier |= set(names)
        self._stop_after(player, acts)

    def _cluster_of(self, call: Call) -> str:
        cluster = self.world.hosts[call.host].cluster
        return cluster.name if cluster else ""

    def _groups(self, names: list[str]) -> tuple[set[str], list[list[str]]]:
        """The canaries, and the clusters in the order in which they may be begun (docs/many-clusters.md)."""
        asked, size = self.options["upgrade_canary"], int(self.options["upgrade_batch"])
        names = sorted(names)
        canaries = [name for name in names if name in asked] if isinstance(asked, list) else names[: int(asked)]
        rest = [name for name in names if name not in canaries]
        size = size or len(rest) or 1
        return set(canaries), [canaries, *(rest[start : start + size] for start in range(0, len(rest), size))]

    def _begun(self, name: str, act: Call, earlier: set[str], canaries: set[str], begun: float) -> None:
        """A cluster was begun when those before it had had their turn."""
        unfinished = sorted(other for other in earlier - act.finished_clusters if not self.watch.moved(begun, {other}))
        budget = int(self.options["upgrade_failure_budget"])
        if canaries & set(unfinished):
            self.watch.problem("limits", f"{name} was begun, though these were not finished: {unfinished}, a canary")
        elif 0 <= budget < len(unfinished):
            self.watch.problem("limits", f"{name} was begun, though {unfinished} failed, more than {budget}")

    def _stop_after(self, player: Player, acts: list[Call]) -> None:
        """No node is begun when the time is over; the first wave begins no earlier than the clock does."""
        limit = float(self.options["upgrade_stop_after"])
        for begun, ended, hosts in _spans(player):
            late = [call for call in acts if begun <= call.begun < ended]
            if 0 < limit <= begun - player.waves[0][0] and late:
                text = (
                    f"{late[0].module} on {late[0].host} in the wave of {hosts}, {begun - player.waves[0][0]:.0f} s on"
                )
                self.watch.problem("limits", text)


def _spans(player: Player) -> Iterator[tuple[float, float, list[str]]]:
    """Begin, end and hosts of each wave."""
    ends = [begun for begun, _hosts in player.waves[1:]]
    for (begun, hosts), ended in zip(player.waves, [*ends, float("inf")], strict=False):
        yield begun, ended, hosts
