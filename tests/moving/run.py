# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The moving world: every event at every act of an upgrade, and at most one further run ends it well.

    make moving-world                                        a CCR pair, every event right before every act
    make moving-world ARGS="--cluster scc"                   a single copy cluster with two passive nodes
    make moving-world ARGS="--only failover 6b:second"       one event, one case
    make moving-world ARGS="--points all"                    also in the middle of and right behind every act
    make moving-world ARGS="--resume"                        only what has not ended well yet

The events: a failover of what the active node owns, a group moved to a node by hand, a node paused, a service pack
installed by hand, a second controller with the same playbook or one that takes another node. Exit code 0: no rule of
the order was broken but by the event itself, two controllers never ran Setup on two nodes at once, and all was at
the release and online right after at most one further run. The results are written as JSON while they come.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ansible_collections.mailops.exchange2007.tests.kill.points import Point, points
from ansible_collections.mailops.exchange2007.tests.moving.case import CLUSTERS, Case, Outcome, data, events
from ansible_collections.mailops.exchange2007.tests.seeds.drive import Drive

PLACE = Path(__file__).resolve().parents[2] / ".build" / "moving-world"


@dataclass(frozen=True)
class Step:
    """One event at one point of the undisturbed run."""

    cluster: str
    point: Point
    event: str

    @property
    def name(self) -> str:
        """As `--only` takes it."""
        return f"{self.point.name}:{self.event}"

    def chosen(self, wanted: Sequence[str]) -> bool:
        """Whether the case, its event, its point, its act's number, or everything is wanted."""
        return not wanted or bool({self.name, self.event, self.point.name, str(self.point.number)} & set(wanted))


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 0 when every case ended well."""
    options = parser().parse_args(words)
    begun = time.monotonic()
    every = steps(options.cluster, everything=options.points == "all")
    wanted = [step for step in every if step.chosen(options.only)][:: options.every]
    book = Book(options.out / f"{options.cluster}.json", options.resume)
    left = [step for step in wanted if not book.good(step)]
    print(f"{len(every)} cases, {len(left)} to run", flush=True)
    if options.list:
        print("\n".join(f"{step.name:<20} {step.point.phase:<7} {step.point.act}" for step in wanted))
        return 0
    for step, outcome in played(left, options.jobs):
        book.note(step, outcome)
        if not outcome.good or options.story:
            print(row(step, book), *outcome.said, *(outcome.story if options.story else []), sep="\n    ", flush=True)
    return summary(wanted, book, time.monotonic() - begun)


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    found = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    found.add_argument("--cluster", choices=list(CLUSTERS), default="ccr", help="what is upgraded (%(default)s)")
    found.add_argument("--only", nargs="+", default=[], metavar="CASE", help="events, acts (17), points (17b) or cases")
    found.add_argument("--points", choices=["before", "all"], default="before", help="moments of an act (%(default)s)")
    found.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th case (%(default)s)")
    found.add_argument("--jobs", "-j", type=int, default=os.cpu_count() or 1, help="cases at a time (%(default)s)")
    found.add_argument("--resume", action="store_true", help="leave out what has ended well before")
    found.add_argument("--story", action="store_true", help="every call of every run")
    found.add_argument("--list", action="store_true", help="show the cases only")
    found.add_argument("--out", type=Path, default=PLACE, help="folder for the results (.build/moving-world)")
    return found


def steps(cluster: str, *, everything: bool) -> list[Step]:
    """Every event at every point; everything: in the middle of the acts and behind them too."""
    found = [point for point in points(undisturbed(cluster)) if everything or point.name.endswith("b")]
    return [Step(cluster, point, event) for point in found for event in events(cluster)]


def undisturbed(cluster: str) -> dict[str, Any]:
    """Commands and timeline of a run that nothing disturbs. Raises RuntimeError when even that does not end well."""
    drive = Drive(data(cluster))
    player = drive.player({})
    drive.play(player)
    trouble = [*player.out.values(), *map(str, drive.watch.problems), *drive.checker.good()]
    truth = {"commands": [vars(command) for command in drive.watch.commands], "timeline": drive.watch.timeline}
    drive.end()
    if trouble:
        raise RuntimeError(f"the undisturbed run did not end well: {'; '.join(trouble)}")
    return truth


def played(cases: list[Step], jobs: int) -> Iterator[tuple[Step, Outcome]]:
    """Each case with its end, as they are done."""
    if jobs == 1:
        yield from map(play, cases)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=500) as pool:
        yield from pool.imap_unordered(play, cases, chunksize=4)


def play(step: Step) -> tuple[Step, Outcome]:
    """One case; seconds are real ones."""
    begun = time.monotonic()
    outcome = Case(step.cluster, events(step.cluster)[step.event], step.point.moment).run()
    outcome.seconds = round(time.monotonic() - begun, 1)
    return step, outcome


class Book:
    """The results, by case name; kept on disk."""

    def __init__(self, path: Path, known: bool) -> None:
        self._path = path
        self.found: dict[str, dict[str, Any]] = {}
        if known and path.exists():
            self.found = json.loads(path.read_text(encoding="utf-8"))

    def good(self, step: Step) -> bool:
        """Whether this case is known to end well."""
        return bool(self.found.get(step.name, {}).get("good"))

    def note(self, step: Step, outcome: Outcome) -> None:
        """Write a result down."""
        about = {"act": step.point.act, "phase": step.point.phase, "good": outcome.good}
        self.found[step.name] = about | {key: value for key, value in asdict(outcome).items() if key != "story"}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self.found, indent=1), encoding="utf-8")


def row(step: Step, book: Book) -> str:
    """One line, and the reasons below it where the case did not end well."""
    result = book.found[step.name]
    line = f"{step.name:<20} {'ok' if result['good'] else 'BAD':<4} runs {len(result['runs'])}  {step.point.act}"
    return "\n         ".join([line, *result["troubles"]])


def summary(wanted: list[Step], book: Book, seconds: float) -> int:
    """A line for each act with its events, the count, the exit code."""
    names = list(dict.fromkeys(step.event for step in wanted))
    print("\nHow many runs it took from each event on; '-': the moment did not come, '!': bad.\n")
    print(f"{'':<6}{'':<44}" + " ".join(f"{name[:13]:>13}" for name in names))
    for point in dict.fromkeys(step.point.name for step in wanted):
        here = {step.event: step for step in wanted if step.point.name == point}
        act = next(iter(here.values())).point.act
        print(f"{point:<6}{act[:43]:<44}" + " ".join(f"{cell(here.get(name), book):>13}" for name in names))
    bad = [step.name for step in wanted if not book.good(step)]
    print(f"\n{len(wanted)} cases, {len(bad)} bad, {seconds:.0f} s: {' '.join(bad) or 'all converge'}")
    return int(bool(bad))


def cell(step: Step | None, book: Book) -> str:
    """A result in a few letters: the number of runs, and whether it is bad."""
    result = book.found.get(step.name) if step else None
    if result is None:
        return ""
    return f"{len(result['runs'])}{'' if result['good'] else '!' if result['struck'] else '-'}"


if __name__ == "__main__":
    sys.exit(main())
