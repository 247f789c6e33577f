# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make several targets at once, and print what they say one after another.

    .venv/bin/python tools/side_by_side.py "lint unit" integration

Each argument is a lane: its targets are made in their order, while the other lanes go on. The output of a target is
printed in one piece, in the order of the command line; that of the first one that is not finished as it comes. Every
target is made, whatever became of the others. Exit code 1 when one of them failed.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
LOOK = 0.2  # seconds between two looks for new output


class Part:
    """One target of the Makefile, its output and its end."""

    def __init__(self, target: str, folder: Path) -> None:
        self.target = target
        self.code: int | None = None  # of make, once it has ended
        self.seconds = 0.0
        self._log = folder / f"{target}.log"
        self._log.touch()
        self._process: subprocess.Popen[bytes] | None = None
        self._unwanted = False

    def make(self) -> None:
        """Make it; the exit code is kept."""
        started, code = time.monotonic(), 1
        try:
            code = self._run(["make", "--no-print-directory", self.target])
        finally:
            self.seconds = time.monotonic() - started
            self.code = code  # last, because whoever reads it takes the output for complete

    def _run(self, command: list[str]) -> int:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
            if self._unwanted:
                self.stop()
            return self._process.wait()

    def show(self) -> None:
        """Print its output from the beginning to its end, which is waited for."""
        with self._log.open("rb") as log:
            while True:
                over = self.code is not None
                shutil.copyfileobj(log, sys.stdout.buffer)
                sys.stdout.buffer.flush()
                if over:
                    return
                time.sleep(LOOK)

    def stop(self) -> None:
        """End it and what it started, where it runs already."""
        self._unwanted = True
        if self._process and self._process.poll() is None:
            self._process.terminate()


def main(lanes: list[str]) -> int:
    """Make the targets of all lanes; 1 when one of them failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="side-by-side-") as folder:
        made = [[Part(target, Path(folder)) for target in lane.split()] for lane in lanes]
        parts = [part for lane in made for part in lane]
        ending = threading.Event()
        workers = [threading.Thread(target=work, args=(lane, ending), daemon=True) for lane in made]
        try:
            for worker in workers:
                worker.start()
            show(parts)
        finally:
            ending.set()
            for part in parts:
                part.stop()
            for worker in workers:
                worker.join()
    return int(any(part.code for part in parts))


def work(lane: list[Part], ending: threading.Event) -> None:
    """Make the targets of one lane, until all of them are made or the end is near."""
    for part in lane:
        if not ending.is_set():
            part.make()


def show(parts: list[Part]) -> None:
    """Print every output. What failed is named before the last one, whose own last line says how that one ended."""
    for number, part in enumerate(parts, start=1):
        if number == len(parts):
            print(summary(parts[:-1]), flush=True)
        print(f"\n== make {part.target}", flush=True)
        part.show()


def summary(parts: list[Part]) -> str:
    """How the parts ended, in one line: 'lint passed (31 s), unit FAILED (120 s)'."""
    said = [f"{part.target} {'FAILED' if part.code else 'passed'} ({part.seconds:.0f} s)" for part in parts]
    return f"\n== {', '.join(said)}" if said else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
