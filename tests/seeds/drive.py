# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives one scenario from its first pass until it has converged, and says every rule that was broken."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.building import build
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.plans import PASSWORD
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.releases import RELEASES
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.section import Section
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import read
from ansible_collections.mailops.exchange2007.tests.seeds import happenings, scenario
from ansible_collections.mailops.exchange2007.tests.seeds.controller import Controller, Dead, Kill, SeedClock
from ansible_collections.mailops.exchange2007.tests.seeds.happenings import Happenings
from ansible_collections.mailops.exchange2007.tests.seeds.limits import Limits
from ansible_collections.mailops.exchange2007.tests.seeds.playing import Call, Player
from ansible_collections.mailops.exchange2007.tests.seeds.watch import Checker, Watch, changes

Data = dict[str, Any]
MORE_RUNS = 6  # after everything has calmed down, so many runs must do
_SETTLE = 900.0  # lab seconds between two of them
_PROOF = 150.0  # lab seconds before the end of a run in which what happens makes its proof stale
_END_OF_WORLD = 20_000.0  # lab seconds in which everything that was killed is gone


@dataclass
class Outcome:
    """What came of a scenario: broken rules, the calls, runs, lab seconds."""

    problems: list[str]
    story: list[str] = field(default_factory=list)
    runs: int = 0
    lab_seconds: float = 0.0
    commands: int = 0


def run(data: Data) -> Outcome:
    """Drive a scenario; a broken simulation is a problem too."""
    with _crashes() as crashed:
        drive = Drive(data)
        try:
            drive.go()
        except Exception:
            drive.watch.problem("broken", traceback.format_exc())
        finally:
            drive.end()
    drive.checker.at_end()
    problems = [str(problem) for problem in drive.watch.problems] + [f"a played program crashed: {c}" for c in crashed]
    return Outcome(problems, drive.story, drive.runs, drive.clock.now(), len(drive.watch.commands))


def run_seed(seed: int) -> Outcome:
    """The scenario of a seed."""
    return run(scenario.draw(seed))


@contextmanager
def _crashes() -> Iterator[list[str]]:
    """Played programs that crashed meanwhile: the lab logs them and goes on, a test must not."""
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
            found.append(f"{record.getMessage()}\n{trace}")

    logger = logging.getLogger("ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab")
    keep = Keep()
    logger.addHandler(keep)
    propagates, logger.propagate = logger.propagate, False
    try:
        yield found
    finally:
        logger.removeHandler(keep)
        logger.propagate = propagates


class Drive:
    """One played world, and the controllers that run in it."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._options: Data = data["options"]
        self.clock = SeedClock()
        self.world = build(read(Section("seed", "", data["topology"]), "seed"), self.clock, seed=data["seed"])
        self.world.start_date = datetime(2026, 3, 1, 22)
        goal = RELEASES[data["goal"]].program_files
        self.watch = Watch(self.world, goal, self._options["upgrade_hand_over_after"] == "first")
        self.world.truth = self.watch
        self.checker = Checker(self.world, self.watch, data["goal"], PASSWORD)
        self.limits = Limits(self.world, self.watch, self.checker, self._options)
        self.happenings = Happenings(self.world, self.watch, self._options["upgrade_media"])
        self._random = Random(data["seed"])
        self.story: list[str] = []
        self.runs = 0
        for cluster in self.world.clusters.values():
            self.watch.observe(cluster)

    def go(self) -> None:
        """Every pass, then calm, then runs until one ends well, and one more that has nothing to do."""
        for item in self._data["passes"]:
            self.clock.sleep(float(item.get("wait", 0)))
            last = self._pass(item)
        if last.ok and not any(item.keys() - {"wait"} for item in self._data["passes"]):
            self._nothing_left()  # nothing has disturbed it
            return
        self.happenings.end()
        happenings.calm(self.world)
        self.clock.sleep(float(self._data["rest"]))
        self._converge()

    def end(self) -> None:
        """Wind the world up: no thread stays behind."""
        for host in self.world.hosts.values():
            for process in list(host.processes):
                process.kill()
        self.clock.sleep(_END_OF_WORLD)
        for trace in self.clock.crashed:
            self.watch.problem("broken", trace)
        if self.clock.busy:
            self.watch.problem("broken", f"{self.clock.busy} threads are left")
        self.clock.close()

    # --- passes ---

    def _pass(self, item: Data) -> Player:
        for fault in item.get("faults", ()):
            fields = {key: value for key, value in fault.items() if key != "fault"}
            self.world.faults.inject(fault["fault"], fields)
        self.happenings.plan(item.get("happenings", []))
        first = self.player(item)
        if "second" not in item:
            self.play(first)
        else:
            self._both(first, item["second"])
        return first

    def _both(self, first: Player, second: Data) -> None:
        other = self.player(second)

        def later() -> None:
            self.clock.sleep(float(second["at"]))
            self.play(other)

        Controller(self.world, self.clock).beside([lambda: self.play(first), later])

    def player(self, item: Data, kind: type[Player] = Player) -> Player:
        """A controller and its run of the playbook, or of what another kind of player plays."""
        kill = Kill(**item["kill"]) if item.get("kill") else None
        controller = Controller(self.world, self.clock, kill, password=PASSWORD)
        dry = item.get("dry", False)
        hosts = list(self.world.hosts)
        return kind(
            controller,
            hosts,
            self._options,
            check=item.get("check", False),
            begins=self._call_begins,
            ends=self.checker.call_ended,
            dry=lambda: dry and self._random.random() < 0.3,
        )

    def _call_begins(self, call: Call) -> None:
        self.watch.calls.append(call)
        self.limits.call_begins(call)

    def play(self, player: Player) -> None:
        """Let it run to its end, or to its death."""
        self.runs += 1
        begun = self.clock.now()
        try:
            player.run()
            died = ""
        except Dead:
            died = f"killed at command {player.controller.count}"
        self._tell(player, begun, died)
        self.limits.run_ended(player, begun)
        if not died and player.ok and not player.check:
            self._ended_well(player)

    def _ended_well(self, player: Player) -> None:
        """S2: a run that ends with 0 leaves everything at the release and online, whatever happened before."""
        if self.watch.moved(self.clock.now() - _PROOF) or self._others_at_work(player):
            return
        for trouble in self.checker.good():
            self.watch.problem("S2", f"the run ended well, but {trouble}")

    def _others_at_work(self, player: Player) -> bool:
        return any(
            not c.finished and c.begun > self.clock.now() - 4000 for c in self.watch.calls if c not in player.calls
        )

    def _converge(self) -> None:
        said: list[str] = []
        for _attempt in range(self._patience):
            player = self._pass({})
            if player.ok:
                if changes(self.watch, player.calls):  # else it is the run that has nothing to do itself
                    self._nothing_left()
                return
            said = list(player.out.values())
            done = happenings.advised(self.world, [*said, *_refusals(player)])
            self.story += [f"    advised: {text}" for text in done]
            happenings.calm(self.world)
            self.clock.sleep(_SETTLE)
        why = f"{self._patience} runs after the world calmed down: {said} {self.checker.good()}"
        self.watch.problem("convergence", why)

    @property
    def _patience(self) -> int:
        """Runs that must do; with upgrade_stop_after one may do no more than one node of each cluster."""
        limited = self._options.get("upgrade_stop_after", 0) > 0
        return MORE_RUNS * len(self.world.clusters) if limited else MORE_RUNS

    def _nothing_left(self) -> None:
        """S7: one more run changes nothing."""
        player = self._pass({})
        if not player.ok:
            self.watch.problem("S7", f"the run after the one that ended well failed: {player.out}")
        for line in changes(self.watch, player.calls):
            self.watch.problem("S7", f"the run after the one that ended well: {line}")

    # --- telling ---

    def _tell(self, player: Player, begun: float, died: str) -> None:
        how = died or ("ended well" if player.ok else f"failed: {player.out}")
        self.story.append(f"run {self.runs}, t={begun:.0f} to {self.clock.now():.0f}, {how}")
        self.story += [f"    {_line(call)}" for call in player.calls]


def _refusals(player: Player) -> list[str]:
    return [str(call.result.get("msg", "")) for call in player.calls if call.result.get("failed")]


def _line(call: Call) -> str:
    what = {key: call.arguments[key] for key in ("name", "owner", "to", "action") if key in call.arguments}
    said = "failed" if call.result.get("failed") else f"changed={call.result.get('changed')}"
    check = " (check)" if call.check else ""
    message = str(call.result.get("msg", ""))[:400]
    return f"{call.begun:7.1f} {call.ended:7.1f} {call.host} {call.module}{check} {what} {said} {message}"
