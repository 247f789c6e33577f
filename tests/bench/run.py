# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers: what an upgrade costs above the native commands, at real speed, judged by the lab's ground truth.

    python tests/bench/run.py [--out FILE]

The lab plays the shipped CCR pair at speed 1 with shortened native durations, so that a run takes minutes; overhead
does not depend on how long the native commands are. Results are printed and written as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOPOLOGIES = ROOT / "plugins" / "plugin_utils" / "lab" / "topologies"
LAB = [sys.executable, "-m", "ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab"]
PLAYBOOK = [str(Path(sys.executable).parent / "ansible-playbook")]
SHORT = {  # lab seconds; a twentieth of the lab's own for what takes minutes
    "boot": 12, "power_down": 2, "autostart": 2, "cluster_join": 3, "group_move": 2, "group_online": 1,
    "cms_start": 4, "cms_stop": 3, "cms_move": 5, "copy_initializing": 2, "copy_settle": 4, "setup_start": 1,
    "setup_copy": 3, "setup_checks": 4, "setup_organization": 6, "setup_prepare": 3, "setup_remove": 6,
    "setup_prepare_files": 4, "setup_files": 10, "setup_mailbox": 12, "setup_tools": 3, "setup_finish": 3,
    "setup_cms_checks": 2, "setup_cms": 10, "powershell": 1,
}  # fmt: skip
Interval = tuple[float, float]


@contextmanager
def lab(folder: Path, speed: float = 1.0) -> Iterator[Path]:
    """A running lab; yields its inventory and stops it whatever happens."""
    topology = yaml.safe_load((TOPOLOGIES / "ccr-2003-rtm.yml").read_text(encoding="utf-8"))
    path, inventory = folder / "bench.yml", folder / "inventory.yml"
    path.write_text(yaml.safe_dump({**topology, "durations": SHORT}), encoding="utf-8")
    up = [*LAB, "up", str(path), "--inventory", str(inventory), "--speed", str(speed), "--detach"]
    subprocess.run(up, check=True, stdout=subprocess.DEVNULL)
    try:
        yield inventory
    finally:
        subprocess.run([*LAB, "down", "--inventory", str(inventory)], check=False, stdout=subprocess.DEVNULL)


def truth(inventory: Path) -> dict[str, Any]:
    """The lab's ground truth."""
    answer = subprocess.run([*LAB, "truth", "--inventory", str(inventory)], check=True, capture_output=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def upgrade(inventory: Path) -> Interval:
    """Run the playbook with its defaults; the wall-clock times of its start and end."""
    command = [*PLAYBOOK, "mailops.exchange2007.upgrade", "-i", str(inventory), "-e", "upgrade_release=sp2"]
    command += ["-e", r"upgrade_media=D:\media\sp2", "-e", f"upgrade_report_dir={inventory.parent / 'reports'}"]
    begun = time.time()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "ANSIBLE_FORCE_COLOR": "0"})
    return begun, time.time()


def busy(seen: dict[str, Any], speed: float = 1.0) -> list[Interval]:
    """Wall-clock times in which a native command ran, or a node was on its way down and up again."""
    found = [(c["wall"], c["wall"] + (c["duration"] or 0.0) / speed) for c in seen["commands"]]
    restarts: dict[str, float] = {}
    for event in seen["timeline"]:
        if event["kind"] == "power" and event["what"] == "restart":
            restarts[event["host"]] = event["wall"] - 5.0 / speed  # the countdown that the order names
        if event["kind"] == "node" and event["what"] == "up" and event["host"] in restarts:
            found.append((restarts.pop(event["host"]), event["wall"]))
    return found


def covered(intervals: Iterable[Interval], window: Interval) -> float:
    """Seconds of the window that lie in any of the intervals."""
    total, reached = 0.0, window[0]
    for begin, end in sorted(intervals):
        total += max(0.0, min(end, window[1]) - max(begin, reached))
        reached = max(reached, min(end, window[1]))
    return total


def outage_window(seen: dict[str, Any]) -> Interval:
    """Wall-clock times of the CMS's only outage."""
    (interval,) = seen["outages"]["CMS1"]["intervals"]
    zero = seen["commands"][0]["wall"] - seen["commands"][0]["t"] / seen["lab"]["speed"]
    return zero + interval["from"], zero + interval["to"]


def measure() -> dict[str, Any]:
    """One upgrade and a second run over it."""
    with tempfile.TemporaryDirectory(prefix="exchange2007-bench-") as folder, lab(Path(folder)) as inventory:
        first = upgrade(inventory)
        seen = truth(inventory)
        second = upgrade(inventory)
        after = truth(inventory)
        report = sorted((Path(folder) / "reports").glob("*.json"))[0]
        claimed = json.loads(report.read_text(encoding="utf-8"))["handovers"][0]["outage"]
    window, native = outage_window(seen), busy(seen)
    requests = {host: counters["requests"] for host, counters in seen["transport"].items()}
    return {
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "violations": seen["violations"],
        "window_seconds": round(window[1] - window[0], 2),
        "window_overhead_seconds": round(window[1] - window[0] - covered(native, window), 2),
        "window_claimed_seconds": claimed,
        "run_seconds": round(first[1] - first[0], 1),
        "run_overhead_seconds": round(first[1] - first[0] - covered(native, first), 1),
        "second_run_seconds": round(second[1] - second[0], 1),
        "second_run_overhead_seconds": round(second[1] - second[0] - covered(busy(after), second), 1),
        "second_run_mutating_commands": after["mutating_commands"] - seen["mutating_commands"],
        "requests": sum(requests.values()),
    }


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, help="file for the results as JSON")
    options = parser.parse_args()
    results = measure()
    text = json.dumps(results, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
