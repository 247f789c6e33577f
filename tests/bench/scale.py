# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What many clusters cost: one run of the real playbook over N CCR pairs, for growing N, in one lab.

    python tests/bench/scale.py [--clusters 1 2 5 10 20 50 100] [--speed 60] [--out FILE]

The native durations are the lab's own, which are those of real nodes (a Setup of half an hour); --speed shortens them,
and what the controller does is not shortened. Where clusters run side by side, a real run takes at most the native
time of the slowest one, unscaled, plus the seconds above the scaled one that were measured: `real_seconds`. At most,
because at real speed the controller works for one cluster while others run their Setup, and here there is hardly time
for that. `down_at_once` says how many mailbox servers were being handed over at one moment: with 1, they would wait for
each other, and `real_seconds` would be wrong.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.mailops.exchange2007.tests.bench.run import (
    LAB,
    PLAYBOOK,
    TOPOLOGIES,
    Interval,
    busy,
    covered,
    truth,
)

Result = dict[str, Any]
GROWING = ("controller_cpu_seconds", "controller_memory_mb", "requests", "lab_cpu_seconds", "second_run_cpu_seconds")
_TICKS = os.sysconf("SC_CLK_TCK")


def topology(clusters: int) -> dict[str, Any]:
    """The shipped pair, so many times, under other names."""
    data: dict[str, Any] = yaml.safe_load((TOPOLOGIES / "ccr-2003-rtm.yml").read_text(encoding="utf-8"))
    pair = yaml.safe_dump(data["clusters"][0])
    made = []
    for number in range(1, clusters + 1):
        text = pair
        for name in ("CLUS1", "CMS1", "NODEA", "NODEB"):
            text = text.replace(name, f"{name[:4]}{number:03}{name[4:]}")
        made.append(yaml.safe_load(text))
    return {**data, "clusters": made}


@contextmanager
def lab(clusters: int, speed: float, folder: Path) -> Iterator[tuple[Path, int]]:
    """A running lab: its inventory and its process."""
    path, inventory = folder / "scale.yml", folder / "inventory.yml"
    path.write_text(yaml.safe_dump(topology(clusters)), encoding="utf-8")
    up = [*LAB, "up", str(path), "--inventory", str(inventory), "--speed", str(speed), "--detach"]
    subprocess.run(up, check=True, stdout=subprocess.DEVNULL)
    try:
        yield inventory, truth(inventory)["lab"]["pid"]
    finally:
        subprocess.run([*LAB, "down", "--inventory", str(inventory)], check=False, stdout=subprocess.DEVNULL)


def cpu(process: int) -> float:
    """CPU seconds that a running process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Memory(threading.Thread):
    """Watches the memory that a process and its children hold for themselves (PSS): `peak`, in MB."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._over = threading.Event()
        self.peak = 0.0

    def run(self) -> None:
        """Look once a second."""
        while not self._over.wait(1.0):
            self.peak = max(self.peak, sum(map(self._pss, self._members())) / 1024)

    def stop(self) -> None:
        """No further look."""
        self._over.set()
        self.join()

    def _members(self) -> Iterator[Path]:
        """Workers of ansible-core are direct children."""
        main = Path(f"/proc/{self._process}")
        with suppress(OSError):
            children = (main / "task" / main.name / "children").read_text(encoding="utf-8")
            yield from (main, *(Path("/proc") / child for child in children.split()))

    @staticmethod
    def _pss(entry: Path) -> int:
        """kB; 0 for one that is gone meanwhile."""
        try:
            lines = (entry / "smaps_rollup").read_text(encoding="utf-8").splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def upgrade(inventory: Path, forks: int) -> Result:
    """One run of the playbook: its interval (wall clock), CPU seconds of the controller, peak memory."""
    command = [*PLAYBOOK, "mailops.exchange2007.upgrade", "-i", str(inventory), "--forks", str(forks)]
    command += ["-e", "upgrade_release=sp2", "-e", r"upgrade_media=D:\media\sp2", "-e", "upgrade_poll=2"]
    command += ["-e", f"upgrade_report_dir={inventory.parent / 'reports'}"]
    begun = time.time()
    with (inventory.parent / "output").open("wb") as output:
        started = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        memory = Memory(started.pid)
        memory.start()
        _pid, status, used = os.wait4(started.pid, 0)
        memory.stop()
    if status:
        sys.exit((inventory.parent / "output").read_text(encoding="utf-8")[-5000:])
    return {
        "interval": (begun, time.time()),
        "controller_cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "controller_memory_mb": round(memory.peak),
    }


def measure(clusters: int, speed: float) -> Result:
    """An upgrade of so many pairs, and a second run over them."""
    with (
        tempfile.TemporaryDirectory(prefix="exchange2007-scale-") as folder,
        lab(clusters, speed, Path(folder)) as (inventory, process),
    ):
        first = upgrade(inventory, clusters * 2)
        used, seen = cpu(process), truth(inventory)
        second = upgrade(inventory, clusters * 2)
        after = truth(inventory)
    broken = seen["violations"] + [name for name, host in seen["hosts"].items() if not is_done(host)]
    if broken or after["mutating_commands"] != seen["mutating_commands"]:
        sys.exit(f"{clusters} clusters: {broken or 'the second run changed something'}")
    return {
        "clusters": clusters,
        "speed": speed,
        **times(first, second, seen, speed),
        "lab_cpu_seconds": round(used, 1),
    }


def is_done(host: dict[str, Any]) -> bool:
    """Whether a host has the release, or no Exchange at all."""
    return host["exchange"] is None or host["exchange"]["release"] == "sp2"


def times(first: Result, second: Result, seen: dict[str, Any], speed: float) -> Result:
    """The figures of the table. Native time is that of the cluster that was busy longest."""
    window: Interval = first.pop("interval")
    wall = window[1] - window[0]
    native = max(covered(busy(of_cluster(seen, name), speed), window) for name in seen["clusters"])
    again: Interval = second["interval"]
    return {
        "wall_seconds": round(wall, 1),
        "native_seconds": round(native * speed),
        "real_seconds": round(native * speed + wall - native),
        **first,
        "down_at_once": most_at_once(seen["outages"].values()),
        "requests": sum(counters["requests"] for counters in seen["transport"].values()),
        "second_run_wall_seconds": round(again[1] - again[0], 1),
        "second_run_cpu_seconds": second["controller_cpu_seconds"],
    }


def most_at_once(outages: Iterable[Result]) -> int:
    """The most mailbox servers that were without mail at one moment."""
    intervals = [interval for outage in outages for interval in outage["intervals"]]
    return max((sum(i["from"] <= at["from"] < i["to"] for i in intervals) for at in intervals), default=0)


def of_cluster(seen: Result, name: str) -> Result:
    """Commands and events of one cluster's nodes."""
    nodes = seen["clusters"][name]["nodes"]
    return {key: [entry for entry in seen[key] if entry.get("host") in nodes] for key in ("commands", "timeline")}


def growth(results: list[Result], figure: str) -> float:
    """The exponent k of figure ~ clusters^k, by least squares over the runs with at least two clusters."""
    points = [(math.log(r["clusters"]), math.log(r[figure])) for r in results if r["clusters"] > 1]
    middle = [sum(values) / len(points) for values in zip(*points, strict=True)]
    above = sum((x - middle[0]) * (y - middle[1]) for x, y in points)
    slope: float = above / sum((x - middle[0]) ** 2 for x, _y in points)
    return round(slope, 2)


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clusters", type=int, nargs="+", default=[1, 2, 5, 10, 20, 50, 100])
    parser.add_argument("--speed", type=float, default=60, help="lab seconds in one real second (%(default)s)")
    parser.add_argument("--out", type=Path, help="file for the results as JSON")
    options = parser.parse_args()
    results: list[Result] = []
    for clusters in options.clusters:
        results.append(measure(clusters, options.speed))
        print(json.dumps(results[-1]), flush=True)
    exponents = {figure: growth(results, figure) for figure in GROWING} if len(results) > 2 else {}
    print(json.dumps({"growth": exponents}))
    if options.out:
        machine = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
        text = json.dumps({**machine, "runs": results, "growth": exponents}, indent=2)
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
