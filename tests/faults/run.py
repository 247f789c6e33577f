# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrix: every cell of docs/faults.md is played, and must come out as that table says.

    make fault-matrix                                        every cell
    make fault-matrix ARGS="--row 'schtasks /run'"           one row; --column likewise
    make fault-matrix ARGS="--jobs 4 --out results.json"     more at the same time; the results as JSON

Exit code 0: every cell has the outcome of the table and nothing happened that must not.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader()  # Ansible's importer comes before any module of a collection

from ansible_collections.mailops.exchange2007.tests.faults import cells, strikes, table  # noqa: E402

_PATIENCE = 600  # seconds for one cell


def main(words: Sequence[str] | None = None) -> int:
    """Play the cells that were asked for."""
    options = parser().parse_args(words)
    promised = table.read(table.DOCUMENT.read_text(encoding="utf-8")).cells
    wanted = [
        (label, column)
        for label, row in promised.items()
        for column, word in row.items()
        if word != "-" and label in options.row and column in options.column
        if not options.cell or f"{label}={column}" in options.cell
    ]
    begun = time.monotonic()
    seen = cells.undisturbed()  # what is imported and compiled now, every cell has for nothing
    if options.commands:
        lines = [command["line"] for command in seen["commands"] if not command["top"]]
        options.commands.write_text(json.dumps(lines), encoding="utf-8")
    wrong = []
    results = []
    for number, verdict in enumerate(played(wanted, options.jobs), 1):
        results.append(asdict(verdict))
        troubles = complaints(verdict, promised[verdict.label][verdict.column])
        wrong += troubles
        print(f"{number}/{len(wanted)} {verdict.label} / {verdict.column}: {verdict.outcome}", flush=True)
        print("".join(f"    WRONG: {trouble}\n" for trouble in troubles), end="", flush=True)
        if options.out:
            options.out.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(f"{len(wanted)} cells, {len(wrong)} complaints, {time.monotonic() - begun:.0f} s")
    return int(bool(wrong))


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    found = argparse.ArgumentParser(description="Play the cells of docs/faults.md.")
    found.add_argument("--row", nargs="+", default=list(table.COMMANDS), help="only these commands of the table")
    found.add_argument("--column", nargs="+", default=list(strikes.COLUMNS), help="only these faults")
    found.add_argument("--cell", nargs="+", default=[], help="only these, as COMMAND=FAULT")
    found.add_argument("--commands", type=Path, help="write the native commands of an undisturbed run there")
    found.add_argument("--jobs", type=int, default=2, help="cells at the same time (%(default)s)")
    found.add_argument("--out", type=Path, help="write the results there as JSON")
    return found


def played(wanted: list[tuple[str, str]], jobs: int) -> Iterator[cells.Verdict]:
    """The verdicts as they come; each cell has a process of its own."""
    context = multiprocessing.get_context("fork")
    with context.Pool(jobs, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(one, wanted, chunksize=1)


def one(cell: tuple[str, str]) -> cells.Verdict:
    """Play a cell; one that never ends, or breaks the harness, has that as its verdict."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(_PATIENCE)
    try:
        return cells.run(*cell)
    except Exception as error:
        return cells.Verdict(*cell, "broken", "", (f"{type(error).__name__}: {error}",))
    finally:
        signal.alarm(0)


def _too_long(*_signal: Any) -> None:
    raise TimeoutError(f"not at an end after {_PATIENCE} s")


def complaints(verdict: cells.Verdict, word: str) -> list[str]:
    """What is not as it must be."""
    found = list(verdict.problems)
    if verdict.outcome != word:
        found.append(f"the table says {word}, it was {verdict.outcome}: {verdict.said}")
    return found


if __name__ == "__main__":
    sys.exit(main())
