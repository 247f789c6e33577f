# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kill matrix: the controller dies before, during and after each act of a playbook, and a second run ends well.

    make kill-matrix                                  every point of the shipped CCR pair
    make kill-matrix ARGS="--only 17 12d"             one act, one point
    make kill-matrix ARGS="--topology scc-2003-sp1"   another topology
    make kill-matrix ARGS="--playbook migrate"        the migration to Windows Server 2008 instead of an upgrade
    make kill-matrix ARGS="--resume"                  only what has not ended well yet

Exit code 0: in every case one further run reached the state of an undisturbed one, with every act done once, never two
nodes out of service and the mailbox servers back. The results are written as JSON while they come.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.mailops.exchange2007.tests.kill.case import Outcome, Setting, killed, undisturbed
from ansible_collections.mailops.exchange2007.tests.kill.points import Point, acts, points

TESTS = Path(__file__).resolve().parents[1]
TOPOLOGIES = {"upgrade": "ccr-2003-rtm", "migrate": str(TESTS / "integration" / "topologies" / "migration.yml")}
PLACE = Path(__file__).resolve().parents[2] / ".build" / "kill-matrix"


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 0 when every case ended well."""
    options = parser().parse_args(words)
    options.topology = options.topology or TOPOLOGIES[options.playbook]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    begun = time.monotonic()
    place: Path = options.out.resolve() / Path(options.topology).stem
    setting = Setting(options.topology, options.release, options.rest, options.playbook)
    reference = reference_run(setting, place, options.resume)
    every = points(reference)
    book = Book(place / "results.json", options.resume)
    wanted = [p for p in every if p.chosen(options.only)]
    wanted = wanted[:: options.every]
    left = [p for p in wanted if not book.good(p)]
    print(f"{len(acts(reference))} acts, {len(every)} points, {len(left)} cases to run", flush=True)
    if options.list:
        print("\n".join(row(p, book.found.get(p.name)) for p in every))
        return 0
    run_all(left, setting, reference, place, book, options.jobs)
    return summary(wanted, book, time.monotonic() - begun)


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    found = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    found.add_argument("--playbook", choices=TOPOLOGIES, default="upgrade", help="what is killed (%(default)s)")
    found.add_argument(
        "--topology", default="", help="a shipped topology or a file (ccr-2003-rtm, or a small migration)"
    )
    found.add_argument("--release", default="sp2", help="upgrade to it (%(default)s)")
    found.add_argument("--only", nargs="+", default=[], metavar="POINT", help="numbers of acts (17) or points (17d)")
    found.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th point (%(default)s)")
    found.add_argument("--rest", type=float, default=0.0, help="lab seconds from the kill to the second run (0)")
    found.add_argument("--jobs", "-j", type=int, default=os.cpu_count() or 1, help="cases at a time (%(default)s)")
    found.add_argument("--resume", action="store_true", help="leave out what has ended well before")
    found.add_argument("--list", action="store_true", help="show the points only")
    found.add_argument("--out", type=Path, default=PLACE, help="folder for the results (.build/kill-matrix)")
    return found


def reference_run(setting: Setting, place: Path, known: bool) -> dict[str, Any]:
    """The ground truth of an undisturbed run; known: that of an earlier one will do."""
    path = place / "undisturbed.json"
    if not (known and path.exists()):
        folder = fresh(place / "undisturbed")
        path.write_text(json.dumps(undisturbed(setting, folder)), encoding="utf-8")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


class Book:
    """The results, by point name; kept on disk."""

    def __init__(self, path: Path, known: bool) -> None:
        self._path = path
        self.found: dict[str, dict[str, Any]] = {}
        if known and path.exists():
            self.found = json.loads(path.read_text(encoding="utf-8"))

    def good(self, point: Point) -> bool:
        """Whether this point is known to end well."""
        return bool(self.found.get(point.name, {}).get("good"))

    def note(self, point: Point, outcome: Outcome) -> dict[str, Any]:
        """Write a result down."""
        about = {"act": point.act, "phase": point.phase, "good": outcome.good}
        self.found[point.name] = {**about, **asdict(outcome)}
        self._path.write_text(json.dumps(self.found, indent=1), encoding="utf-8")
        return self.found[point.name]


def run_all(
    cases: list[Point], setting: Setting, reference: dict[str, Any], place: Path, book: Book, jobs: int
) -> None:
    """Every case in a lab of its own; a line for each as it ends."""
    with ThreadPoolExecutor(jobs) as pool:

        def one(point: Point) -> Outcome:
            return killed(setting, point.moment, fresh(place / point.name), reference)

        futures = {pool.submit(one, point): point for point in cases}
        try:
            for future in as_completed(futures):
                point = futures[future]
                result = book.note(point, future.result())
                print(row(point, result), flush=True)
                if result["good"]:
                    shutil.rmtree(place / point.name, ignore_errors=True)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def row(point: Point, result: dict[str, Any] | None) -> str:
    """One line of the table, and the reasons below it where the case did not end well."""
    verdict = "" if result is None else "ok" if result["good"] else "BAD"
    line = f"{point.name:<6} {point.phase:<7} {verdict:<4} {(result or {}).get('seconds', ''):>6}  {point.act}"
    if result is None or result["good"]:
        return line
    said = [*result["troubles"], *(f"run again: {text}" for text in result["refusals"]), f"runs: {result['runs']}"]
    return "\n".join([line, *(f"         {text}" for text in said)])


def summary(wanted: list[Point], book: Book, seconds: float) -> int:
    """The table of all, the count, the exit code."""
    print("\npoint  phase   end  seconds  act")
    for point in wanted:
        print(row(point, book.found.get(point.name)))
    bad = [point.name for point in wanted if not book.good(point)]
    numbers = len({point.number for point in wanted})
    print(f"\n{numbers} acts, {len(wanted)} cases, {len(bad)} bad, {seconds:.0f} s: {' '.join(bad) or 'all converge'}")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
