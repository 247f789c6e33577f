# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rehearse an upgrade: the real playbook against simulated clusters, proven by the simulation's own record.

    make rehearse                                                  in a checkout
    ansible-playbook mailops.exchange2007.rehearse                 with the collection installed
    python playbooks/files/rehearse.py --release sp3 …             by hand; --help names the options

Exit code 0: the playbook ended well, every node and clustered mailbox server is at the release, mail is up and no rule
was broken. 1: not so, and the last lines say why. The simulation is stopped in any case.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAB = "ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab"
PLAYBOOK = "mailops.exchange2007.upgrade"
Truth = dict[str, Any]


@dataclass(frozen=True)
class Lab:
    """A running simulation, spoken to through its command line. inventory names it."""

    inventory: Path

    @classmethod
    @contextmanager
    def running(cls, topology: str, inventory: Path, speed: float) -> Iterator[Lab]:
        """Start a simulation, and stop it whatever happens. speed: simulated seconds in one real second."""
        lab = cls(inventory)
        lab.call("up", topology, "--speed", str(speed), "--detach")
        try:
            yield lab
        finally:
            lab.call("down")

    def truth(self) -> Truth:
        """What the simulation saw: hosts, clusters, outages, violations, commands (times in simulated seconds)."""
        found: Truth = json.loads(self.call("truth"))
        return found

    def inject(self, fault: str, **fields: str | int) -> None:
        """Let something go wrong; `lab inject` of the simulation knows which faults there are."""
        self.call("inject", fault, *(f"{name}={value}" for name, value in fields.items()))

    def call(self, verb: str, *words: str) -> str:
        """What `lab VERB WORDS` prints; CalledProcessError when it fails (its own words are on standard error)."""
        command = [sys.executable, "-m", LAB, verb, *words, "--inventory", str(self.inventory)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment()).stdout


def environment() -> dict[str, str]:
    """Ours, and where this collection is installed, so that Python finds the simulation there."""
    # In a checkout nothing is found, and nothing needed: .venv knows the collection.
    roots = [folder for folder in Path(__file__).resolve().parents if (folder / "ansible_collections").is_dir()]
    places = [str(root) for root in roots[:1]] + os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))}


def main(words: Sequence[str] | None = None) -> int:
    """Rehearse as the command line says; 0 when the upgrade is proven, else 1."""
    options = parser().parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the simulation is stopped then as well
    with tempfile.TemporaryDirectory(prefix="exchange2007-rehearsal-") as folder:
        return rehearse(options, Path(folder) / "inventory.yml")


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    found = argparse.ArgumentParser(description="Upgrade a simulated cluster with the real playbook, and prove it.")
    found.add_argument("--topology", default="ccr-2003-rtm", help="a shipped topology or a file (%(default)s)")
    found.add_argument("--release", default="sp2", choices=("sp1", "sp2", "sp3"), help="upgrade to it (%(default)s)")
    found.add_argument("--media", help=r"folder on the nodes (D:\media\RELEASE)")
    found.add_argument("--speed", type=float, default=120, help="simulated seconds in one real second (%(default)s)")
    found.add_argument("--report-dir", type=Path, default=Path("reports"), help="for the report (%(default)s)")
    found.add_argument("--quiet", action="store_true", help="show the playbook's output only when something failed")
    found.add_argument("extra", nargs="*", metavar="-- OPTION", help="more options for ansible-playbook, after --")
    return found


def rehearse(options: argparse.Namespace, inventory: Path) -> int:
    """Simulation up, playbook, proof, simulation down."""
    started = time.time()
    say(f"Starting the simulated cluster {options.topology} at {options.speed:g} times real speed")
    with Lab.running(options.topology, inventory, options.speed) as lab:
        before = lab.truth()
        print("\n".join(picture(before)))
        code = play(playbook_command(options, inventory), options.quiet)
        truth = lab.truth()
    doubts = ([f"ansible-playbook ended with exit code {code}"] if code else []) + shortfalls(truth, options.release)
    say("What the simulation saw")
    files = written(options.report_dir, started)
    print("\n".join([*picture(truth), *record(truth, reported_outages(files))]))
    print("\n".join(line("report", str(path)) for path in files))
    say(verdict(doubts, options.release, time.time() - started))
    return int(bool(doubts))


def playbook_command(options: argparse.Namespace, inventory: Path) -> list[str]:
    """The command line, as a user would type it for real nodes."""
    variables = {
        "upgrade_release": options.release,
        "upgrade_media": options.media or rf"D:\media\{options.release}",
        "upgrade_report_dir": str(options.report_dir.resolve()),
    }
    return [PLAYBOOK, "-i", str(inventory), "-e", json.dumps(variables), *options.extra]


def play(words: list[str], quiet: bool) -> int:
    """Run ansible-playbook; its exit code."""
    say(f"ansible-playbook {shlex.join(words)}")
    command = [sys.executable, "-m", "ansible", "playbook", *words]
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(command, check=False, stdout=output, stderr=subprocess.STDOUT, text=True, env=environment())
    if quiet and done.returncode:
        print(done.stdout)
    return done.returncode


def say(text: str) -> None:
    """A heading, at once even when the output goes into a file."""
    print(f"\n== {text}", flush=True)


def shortfalls(truth: Truth, release: str) -> list[str]:
    """Why the upgrade is not proven; empty when it is."""
    found = [line for name, host in truth["hosts"].items() for line in node_shortfalls(name, host["exchange"], release)]
    for cluster in truth["clusters"].values():
        found += [f"node {name} is {state}" for name, state in cluster["nodes"].items() if state != "up"]
        found += [line for name, cms in cluster["cms"].items() for line in mailbox_shortfalls(name, cms, release)]
    return found + [f"rule {broken['rule']} was broken: {broken['what']}" for broken in truth["violations"]]


def node_shortfalls(name: str, exchange: dict[str, Any] | None, release: str) -> Iterator[str]:
    """Of the program files of one computer; one without Exchange has none."""
    if exchange and exchange["release"] != release:
        yield f"node {name} is at {exchange['release']}"
    elif exchange and not exchange["complete"]:
        yield f"node {name} is at {release}, with half of its files"


def mailbox_shortfalls(name: str, cms: dict[str, Any], release: str) -> Iterator[str]:
    """Of one clustered mailbox server."""
    if cms["release"] != release:
        yield f"{name} is at {cms['release']}"
    if cms["state"] != "online":
        yield f"{name} is {cms['state']}"
    yield from (
        f"{name}: {database} is not mounted" for database, state in cms["databases"].items() if state != "mounted"
    )


def picture(truth: Truth) -> list[str]:
    """Nodes, clustered mailbox servers and the other groups, a line each."""
    lines = []
    for name, cluster in truth["clusters"].items():
        nodes = [node_line(node, truth["hosts"][node]["exchange"], state) for node, state in cluster["nodes"].items()]
        servers = [mailbox_line(cms, state) for cms, state in cluster["cms"].items()]
        others = {group: state for group, state in cluster["groups"].items() if group not in cluster["cms"]}
        rest = [line(group, "", f"{state['state']} on {state['owner']}") for group, state in others.items()]
        lines += [line("cluster", name), *nodes, *servers, *rest]
    return lines


def line(what: str, version: str, text: str = "") -> str:
    """One line of the picture: three columns."""
    return f"   {what:<24} {version:<16} {text}".rstrip()


def node_line(name: str, exchange: dict[str, Any] | None, state: str) -> str:
    """Exchange version and cluster state of a node."""
    return line(name, release_and_version(exchange) if exchange else "no Exchange", state)


def mailbox_line(name: str, cms: dict[str, Any]) -> str:
    """Version, state and databases of a clustered mailbox server."""
    mounted = sum(state == "mounted" for state in cms["databases"].values())
    databases = f"{mounted} of {len(cms['databases'])} databases mounted"
    return line(name, release_and_version(cms), f"{cms['state']} on {cms['owner']}, {databases}")


def release_and_version(thing: dict[str, Any]) -> str:
    """Such as 'sp2  8.2.176.2'."""
    return f"{thing['release']:<4} {thing['version']}"


def record(truth: Truth, reported: dict[str, float]) -> list[str]:
    """Outages, changes and broken rules. reported: the outage that the playbook measured, in seconds."""
    lines = [
        line(f"outage of {name}", outage_text(outage, reported.get(name))) for name, outage in truth["outages"].items()
    ]
    lines.append(line("commands", f"{len(truth['commands'])}, {truth['mutating_commands']} of them changes"))
    lines.append(line("rules broken", str(len(truth["violations"]) or "none")))
    return lines


def outage_text(outage: dict[str, float], reported: float | None) -> str:
    """What the simulation measured, and what the playbook did."""
    seen = f"{outage['total_seconds']:.1f} s of simulated time, {outage['wall_seconds']:.1f} s of real time"
    return seen if reported is None else f"{seen}, {reported:.1f} s in the playbook's own report"


def written(folder: Path, since: float) -> list[Path]:
    """The report's files that this run wrote."""
    return sorted(path for path in folder.glob("**/*") if path.is_file() and path.stat().st_mtime >= since)


def reported_outages(files: list[Path]) -> dict[str, float]:
    """Seconds of outage of each clustered mailbox server, as the playbook measured and reported them."""
    found: dict[str, float] = {}
    for path in files:
        report = json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".json" else {}
        for handover in report.get("handovers", []):
            found[handover["name"]] = found.get(handover["name"], 0) + (handover["outage"] or 0)
    return found


def verdict(doubts: list[str], release: str, seconds: float) -> str:
    """The last words."""
    if not doubts:
        return f"PROVEN in {seconds:.0f} s: every node and clustered mailbox server is at {release}, and mail is up"
    return "\n   ".join([f"NOT PROVEN after {seconds:.0f} s:", *doubts])


if __name__ == "__main__":
    sys.exit(main())
