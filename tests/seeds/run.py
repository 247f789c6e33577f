# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""make seeds: many scenarios drawn from seeds, in all processors; each broken rule is printed with its seed.

make seeds                                          three runs of the playbook each; in 10 minutes on two cores
make seeds ARGS="--seeds 10000 --seed-from 50000"   more of them, and others
make seeds ARGS="--seed 1234 --story"               one seed again, with everything that was called
make seeds ARGS="--seed 1234 --keep NAME --taught 'what it taught'"    the smallest scenario that still fails
"""

from __future__ import annotations

import argparse
import copy
import faulthandler
import gc
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.mailops.exchange2007.tests.seeds import drive, scenario

REGRESSIONS = Path(__file__).with_name("regressions")
_PATIENCE = 300.0  # seconds that one seed may take before its threads are shown

_WARM = range(-8, 0)  # seeds that are played before the others, for what every process has to learn first
_LIFE = 64  # seeds that a process plays; nothing is collected in it, and each world leaves some megabytes
_CHUNK = 8
_TOLD = 1000  # seeds between two words of how far it is

Data = dict[str, Any]
_Done = tuple[int, list[str], int, float]
"""Seed, broken rules, runs of the playbook, seconds of the processor."""


def main(arguments: list[str] | None = None) -> int:
    """0 when no seed broke a rule."""
    asked = _parser().parse_args(arguments)
    if asked.seed is not None:
        return _one(asked)
    begun = time.monotonic()
    seeds = range(asked.seed_from, asked.seed_from + asked.seeds)
    failed: dict[int, list[str]] = {}
    passes, processor = 0, 0.0
    for done, (seed, problems, runs, used) in enumerate(_all(seeds, asked.jobs), 1):
        passes, processor = passes + runs, processor + used
        if problems:
            failed[seed] = problems
            print(f"seed {seed}: {problems[0][:2000]}", flush=True)
        if done % _TOLD == 0:
            print(f"{done} seeds after {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    seconds = time.monotonic() - begun
    print(
        f"{len(seeds)} seeds, {passes} runs of the playbook, {seconds:.0f} s with {asked.jobs} processes, "
        f"{processor / len(seeds):.3f} s of a processor each, "
        f"{len(failed)} seeds failed{': ' if failed else ''}{' '.join(map(str, failed))}"
    )
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6_000)
    parser.add_argument("--seed-from", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="one seed only")
    parser.add_argument("--story", action="store_true", help="with --seed: every call of every run")
    parser.add_argument("--keep", metavar="NAME", help="with --seed: shrink it and keep it as a regression")
    parser.add_argument("--taught", metavar="TEXT", default="(say what it taught)", help="with --keep: one sentence")
    return parser


def _all(seeds: range, jobs: int) -> Iterator[_Done]:
    """Each seed, as they are done."""
    if jobs == 1:
        yield from map(_work, seeds)
        return
    for seed in _WARM:
        drive.run_seed(seed)
    gc.collect()
    gc.freeze()
    context = multiprocessing.get_context("fork")
    with context.Pool(jobs, gc.disable, maxtasksperchild=_LIFE // _CHUNK) as pool:
        yield from pool.imap_unordered(_work, seeds, chunksize=_CHUNK)


def _work(seed: int) -> _Done:
    faulthandler.dump_traceback_later(_PATIENCE, exit=True)
    begun = time.process_time()
    outcome = drive.run_seed(seed)
    faulthandler.cancel_dump_traceback_later()
    return seed, outcome.problems, outcome.runs, time.process_time() - begun


def _one(asked: argparse.Namespace) -> int:
    data = scenario.draw(asked.seed)
    outcome = drive.run(data)
    if asked.story:
        print(yaml.safe_dump({key: value for key, value in data.items() if key != "topology"}, sort_keys=False))
        print(*outcome.story, sep="\n")
    print(*outcome.problems, sep="\n")
    if asked.keep:
        _keep(asked.keep, shrunk(data) if outcome.problems else data, asked.taught)
    return 1 if outcome.problems else 0


def _keep(name: str, data: Data, taught: str) -> None:
    REGRESSIONS.mkdir(exist_ok=True)
    text = yaml.dump({"taught": taught, **data}, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=110)
    path = REGRESSIONS / f"{name}.yml"
    path.write_text(f"---\n{text}", encoding="utf-8")
    print(f"kept as {path}")


class _Indented(yaml.SafeDumper):
    """Lists below their key are indented, as yamllint wants them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def shrunk(data: Data) -> Data:
    """The scenario without everything that it fails without, too."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(data):
            if drive.run(candidate).problems:
                data, smaller = candidate, True
                break
    return data


def _smaller(data: Data) -> Iterator[Data]:
    """The scenario with one thing less."""
    for number, item in enumerate(data["passes"]):
        if len(data["passes"]) > 1:
            yield _with(data, lambda d, n=number: d["passes"].pop(n))
        for key in ("kill", "second", "dry", "check"):
            if key in item:
                yield _with(data, lambda d, n=number, k=key: d["passes"][n].pop(k))
        for key in ("faults", "happenings"):
            for place in range(len(item.get(key, ()))):
                yield _with(data, lambda d, n=number, k=key, p=place: d["passes"][n][k].pop(p))
    for place in range(1, len(data["topology"]["clusters"][0]["groups"])):
        yield _with(data, lambda d, p=place: d["topology"]["clusters"][0]["groups"].pop(p))


def _with(data: Data, change: Any) -> Data:
    made = copy.deepcopy(data)
    change(made)
    return made


if __name__ == "__main__":
    sys.exit(main())
