# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node, several clients, the same endpoint: what a task costs in requests, bytes and seconds.

    python tests/bench/clients.py [--out FILE]

Reading a cluster takes eight native commands. cluster_info sends them as one line over one connection; a playbook of
`raw` tasks logs in for each. ansible.builtin.winrm wraps each command into PowerShell -EncodedCommand, which the nodes
that this collection is for do not have; its requests are counted all the same.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import yaml
from ansible_collections.mailops.exchange2007.plugins.module_utils._cluster import ClusterExe
from ansible_collections.mailops.exchange2007.tests.bench.run import PLAYBOOK, lab, truth
from pypsrp.shell import Process, WinRS
from pypsrp.wsman import WSMan

Data = dict[str, Any]
READS = ClusterExe(cast("Any", None)).lines()
TIMES = 5  # of each, to take the mean
WINRM = {
    "ansible_connection": "ansible.builtin.winrm",
    "ansible_winrm_transport": "ntlm",
    "ansible_winrm_scheme": "http",
}


def playbook(tasks: list[Data], variables: dict[str, str] | None = None) -> list[Data]:
    """A play on one node that goes on when a task fails."""
    kept = [{**task, "ignore_errors": True, "changed_when": False} for task in tasks]
    return [{"hosts": "nodea", "gather_facts": False, "vars": variables or {}, "tasks": kept}]


def played(inventory: Path, plays: list[Data]) -> None:
    """Run it; what it prints is of no interest."""
    path = inventory.parent / "play.yml"
    path.write_text(yaml.safe_dump(plays), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "0"}
    subprocess.run(
        [*PLAYBOOK, "-i", str(inventory), str(path)], check=False, stdout=subprocess.DEVNULL, env=environment
    )


def through_pypsrp(inventory: Path) -> None:
    """The same commands in one shell of pypsrp's, in this process."""
    group = yaml.safe_load(inventory.read_text(encoding="utf-8"))["exchange_nodes"]
    host, login = group["hosts"]["nodea"], group["vars"]
    names = {"username": login["ansible_user"], "password": login["ansible_password"]}
    wsman = WSMan(host["ansible_host"], port=host["ansible_port"], ssl=False, auth="ntlm", encryption="always", **names)
    with wsman, WinRS(wsman) as shell:
        for line in READS:
            Process(shell, line).invoke()


def cost(inventory: Path, act: Callable[[], None], times: int = TIMES) -> Data:
    """Mean requests, bytes and wall seconds of one act."""
    before, begun = truth(inventory)["transport"]["NODEA"], time.monotonic()
    for _time in range(times):
        act()
    seconds, after = time.monotonic() - begun, truth(inventory)["transport"]["NODEA"]
    moved = sum(after[name] - before[name] for name in ("bytes_in", "bytes_out"))
    requests = (after["requests"] - before["requests"]) / times
    return {"requests": requests, "kilobytes": round(moved / times / 1000, 1), "seconds": round(seconds / times, 2)}


def measure() -> Data:
    """Each client; the seconds of a playbook are those above one without a task on the node."""
    raws: list[Data] = [{"ansible.builtin.raw": line} for line in READS]
    plays = {
        "nothing": playbook([{"ansible.builtin.meta": "noop"}]),
        "cluster_info": playbook([{"mailops.exchange2007.cluster_info": {}}]),
        "one raw, winrs": playbook(raws[:1]),
        "one raw, ansible.builtin.winrm": playbook(raws[:1], WINRM),
        "raws, winrs": playbook(raws),
        "raws, ansible.builtin.winrm": playbook(raws, WINRM),
    }
    with tempfile.TemporaryDirectory(prefix="exchange2007-clients-") as folder, lab(Path(folder), 600) as inventory:
        found = {name: cost(inventory, partial(played, inventory, play)) for name, play in plays.items()}
        found["one shell of pypsrp"] = cost(inventory, partial(through_pypsrp, inventory))
    empty = found.pop("nothing")["seconds"]
    for name, figures in found.items():
        figures["seconds"] = round(figures["seconds"] - ("pypsrp" not in name) * empty, 2)
    return found


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, help="file for the results as JSON")
    options = parser.parse_args()
    results = measure()
    for name, figures in results.items():
        print(f"{name:<32} {figures}")
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
