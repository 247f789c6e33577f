# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a migration costs the controller: its CPU for up to 10,000 mailboxes, and how that grows.

    python tests/bench/migration.py [--counts 1000,4000,10000] [--out FILE]

Growth is what one more mailbox costs between the last two counts, as a multiple of what it costs between the two
before: 1 is linear. The lab moves small mailboxes very fast; what is measured is the playbook, all its processes, not
the lab.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
TOPOLOGIES = HERE.parents[1] / "plugins" / "plugin_utils" / "lab" / "topologies"
LAB = [sys.executable, "-m", "ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab"]
PLAYBOOK = [sys.executable, "-m", "ansible", "playbook", "mailops.exchange2007.migrate"]
SPEED = 6000
LIMIT = 60.0  # seconds of CPU for ten thousand mailboxes
GROWTH = 1.25  # at most


def topology(folder: Path, count: int) -> Path:
    """The shipped pair of clusters with so many mailboxes of one megabyte."""
    content = yaml.safe_load((TOPOLOGIES / "migration-2003-2008.yml").read_text(encoding="utf-8"))
    content["mailboxes"] = [{"count": count, "database": r"MAIL-OLD\Mailbox Database", "size_mb": 1, "items": 10}]
    path = folder / "migration.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def measured(count: int) -> dict[str, Any]:
    """One migration of so many mailboxes; seconds of CPU and of the clock."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inventory = folder / "inventory.yml"
        where = ["--inventory", str(inventory)]
        up = [*LAB, "up", str(topology(folder, count)), *where, "--speed", str(SPEED), "--detach"]
        subprocess.run(up, check=True, stdout=subprocess.DEVNULL)
        try:
            return migrated(count, folder, inventory)
        finally:
            subprocess.run([*LAB, "down", *where], check=False, stdout=subprocess.DEVNULL)


def migrated(count: int, folder: Path, inventory: Path) -> dict[str, Any]:
    """Run the playbook, and have the lab say where the mailboxes are."""
    variables = {
        "migration_source": "MAIL-OLD",
        "migration_target": "MAIL-NEW",
        "migration_public_folders": False,
        "migration_batch_size": 200,
        "migration_poll": 5,  # a look costs as much whatever the lab needs meanwhile
        "migration_copy_interval": 0.1,
        "migration_report_dir": str(folder / "reports"),
    }
    before, begun = _cpu(), time.monotonic()
    command = [*PLAYBOOK, "-i", str(inventory), "-e", json.dumps(variables)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=_environment(), check=False)
    wall, cpu = time.monotonic() - begun, _cpu() - before
    if done.returncode:
        sys.exit(f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
    answer = subprocess.run([*LAB, "truth", "--inventory", str(inventory)], check=True, capture_output=True)
    databases = json.loads(answer.stdout)["mail"]["databases"]
    there = databases[r"MAIL-NEW\First Storage Group\Mailbox Database"]["mailboxes"]
    if there != count:
        sys.exit(f"{there} of {count} mailboxes were moved")
    return {"mailboxes": count, "cpu_seconds": round(cpu, 1), "wall_seconds": round(wall, 1)}


def _cpu() -> float:
    """Seconds of CPU of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _slope(less: dict[str, Any], more: dict[str, Any]) -> float:
    """Seconds of CPU that one more mailbox costs."""
    seconds: float = more["cpu_seconds"] - less["cpu_seconds"]
    mailboxes: int = more["mailboxes"] - less["mailboxes"]
    return seconds / mailboxes


def _environment() -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    return own | {"ANSIBLE_CONFIG": str(HERE.parent / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}


def main() -> int:
    """Measure each count; 1 where the largest costs too much, or more than its share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default="1000,4000,10000")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    runs = [measured(count) for count in sorted(map(int, given.counts.split(",")))]
    growth = _slope(*runs[-2:]) / _slope(*runs[-3:-1])
    result = {"cores": os.cpu_count(), "speed": SPEED, "runs": runs, "growth": round(growth, 2)}
    text = json.dumps(result, indent=2)
    sys.stdout.write(f"{text}\n")
    if given.out:
        given.out.write_text(f"{text}\n", encoding="utf-8")
    return 0 if growth <= GROWTH and runs[-1]["cpu_seconds"] <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
