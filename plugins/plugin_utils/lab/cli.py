# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The lab's command line: up, down, status, truth, inject, faults, run."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from . import control, faults, state, topology
from .section import TopologyError
from .state import LabError, LabState

if TYPE_CHECKING:
    from .daemon import Daemon
    from .plans import Topology

_PATIENCE = 60.0  # wall seconds for a detached lab to come up, or for one to go down
_LOOK = 0.05
_MODULE = __package__


class _Parser(argparse.ArgumentParser):
    """Errors in one line."""

    def error(self, message: str) -> NoReturn:
        raise LabError(f"{message}: see '{self.prog} --help'")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0, or 2 with one line on standard error."""
    try:
        arguments = _parser().parse_args(argv)
        return int(arguments.run(arguments) or 0)
    except (LabError, TopologyError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="lab", description="Plays Windows clusters with Exchange Server 2007 over real WinRM.")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    up = verbs.add_parser("up", help="start a lab and write its Ansible inventory")
    up.add_argument("topology", help="a file, or the name of a shipped topology")
    up.add_argument("--inventory", type=Path, required=True, help="the inventory file to write")
    up.add_argument("--speed", type=float, default=1.0, help="lab seconds a second (default 1)")
    up.add_argument("--seed", type=int, default=0, help="for what is random (default 0)")
    up.add_argument("--detach", action="store_true", help="return as soon as the lab is up")
    up.set_defaults(run=_up)
    for name, run, text in (
        ("down", _down, "stop a lab"),
        ("status", _status, "what is up"),
        ("truth", _truth, "everything that happened, as JSON"),
    ):
        verb = verbs.add_parser(name, help=text)
        _which(verb)
        verb.set_defaults(run=run)
    _more(verbs)
    return parser


def _more(verbs: Any) -> None:
    inject = verbs.add_parser("inject", help="let something go wrong, such as: exit program=cluster match=/move rc=5")
    inject.add_argument("fault", nargs="?", help="the fault's name")
    inject.add_argument("fields", nargs="*", help="key=value pairs, or one JSON object")
    inject.add_argument("--clear", action="store_true", help="disarm all faults")
    _which(inject)
    inject.set_defaults(run=_inject)
    listing = verbs.add_parser("faults", help="the names that inject knows, and what they do")
    listing.set_defaults(run=_faults)
    run = verbs.add_parser("run", help="type a command line on the console of a played host")
    run.add_argument("host")
    run.add_argument("line", nargs=argparse.REMAINDER, help="the command line")
    _which(run)
    run.set_defaults(run=_run)


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--inventory", type=Path, help="which lab, when several run")


def _up(arguments: argparse.Namespace) -> int:
    if arguments.speed <= 0:
        raise LabError(f"--speed {arguments.speed:g}: must be greater than 0")
    plan = topology.load(topology.find(arguments.topology))
    target: Path = arguments.inventory
    if not target.parent.is_dir():
        raise LabError(f"--inventory {target}: no such folder: make {target.parent} first")
    busy = [lab for lab in state.running() if Path(lab.inventory) == target.resolve()]
    if busy:
        raise LabError(f"a lab runs already with {target} (process {busy[0].pid}): run 'down' first")
    if arguments.detach:
        return _detach(arguments)
    daemon = _daemon(plan, arguments)
    _show(daemon.summary())
    print("Stop it with Ctrl-C or 'down'.", flush=True)
    daemon.wait()
    return 0


def _daemon(plan: Topology, arguments: argparse.Namespace) -> Daemon:
    from .daemon import Daemon, Order

    try:
        daemon = Daemon(Order(plan, arguments.inventory, arguments.speed, arguments.seed))
        daemon.start()
    except RuntimeError as error:
        raise LabError(str(error)) from error
    except OSError as error:
        raise LabError(f"the lab cannot start: {error}") from error
    return daemon


def _detach(arguments: argparse.Namespace) -> int:
    """Start the same command in a session of its own and wait until it says that it is up."""
    log = state.log_of(arguments.inventory)
    command = [sys.executable, "-m", str(_MODULE), "up", arguments.topology, "--inventory", str(arguments.inventory)]
    command += ["--speed", str(arguments.speed), "--seed", str(arguments.seed)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 - our own command line
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, env=environment
        )
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        mine = [lab for lab in state.running() if lab.pid == child.pid]
        if mine:
            _show(control.ask(mine[0], "status"))
            return 0
        if child.poll() is not None:
            raise LabError(_last_line(log).removeprefix("lab: "))
        time.sleep(_LOOK)
    child.terminate()
    raise LabError(f"the lab did not come up within {_PATIENCE:g} s: see {log}")


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), f"the lab ended without a word: see {log}")


def _down(arguments: argparse.Namespace) -> int:
    lab = state.choose(arguments.inventory)
    control.ask(lab, "down")
    end = time.monotonic() + _PATIENCE
    while _exists(lab):
        if time.monotonic() > end:
            raise LabError(f"the lab does not end: end it with kill {lab.pid}")
        time.sleep(_LOOK)
    print(f"The lab of {lab.inventory} is down.")
    return 0


def _exists(lab: LabState) -> bool:
    return state.file_of(Path(lab.inventory)).exists() and lab.alive()


def _status(arguments: argparse.Namespace) -> int:
    _show(control.ask(state.choose(arguments.inventory), "status"))
    return 0


def _truth(arguments: argparse.Namespace) -> int:
    print(json.dumps(control.ask(state.choose(arguments.inventory), "truth"), indent=2))
    return 0


def _inject(arguments: argparse.Namespace) -> int:
    lab = state.choose(arguments.inventory)
    if not arguments.clear and not arguments.fault:
        raise LabError("say which fault: inject FAULT key=value …, or inject --clear")
    order = {"fault": arguments.fault, "fields": _fields(arguments.fields), "clear": arguments.clear}
    for fault in control.ask(lab, "inject", order):
        print(json.dumps(fault))
    return 0


def _faults(_arguments: argparse.Namespace) -> int:
    width = max(map(len, faults.ABOUT))
    for name, about in faults.ABOUT.items():
        print(f"{name:<{width}}  {about}")
    print("\nEach takes host=, program=, match= (a regular expression on the command line or on the step's name),")
    print("when= (before, after, now) and count= (how often, 0 for always).")
    print("program=line means the whole line that was handed to cmd.exe, built-in commands too; program=wsman means a")
    print("request of WS-Man, and match= its name: Create, Command, Receive, Send, Signal, Delete.")
    return 0


def _fields(words: Sequence[str]) -> dict[str, str]:
    """key=value words, or one JSON object."""
    if len(words) == 1 and words[0].startswith("{"):
        try:
            return dict(json.loads(words[0]))
        except ValueError as error:
            raise LabError(f"{words[0]}: not JSON: {error}") from error
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise LabError(f"'{wrong[0]}': expected key=value")
    return dict(word.split("=", 1) for word in words)


def _run(arguments: argparse.Namespace) -> int:
    lab = state.choose(arguments.inventory)
    if not arguments.line:
        raise LabError("say what to run: run HOST COMMANDLINE")
    line = arguments.line[0] if len(arguments.line) == 1 else subprocess.list2cmdline(arguments.line)
    done = control.ask(lab, "run", {"host": arguments.host, "line": line}, timeout=24 * 3600.0)
    sys.stdout.write(done["stdout"].replace("\r\n", "\n"))
    sys.stderr.write(done["stderr"].replace("\r\n", "\n"))
    return int(done["rc"] or 0) & 0xFF


def _show(summary: dict[str, Any]) -> None:
    lab = summary["lab"]
    print(f"{lab['topology']}: speed {lab['speed']:g}, lab time {lab['now']:.0f} s, inventory {lab['inventory']}")
    for name, host in summary["hosts"].items():
        print(f"  {name:<15} 127.0.0.1:{host['port']}  {'answers' if host['answers'] else 'does not answer'}")
    for cluster, content in summary["clusters"].items():
        nodes = ", ".join(f"{name} {state}" for name, state in content["nodes"].items())
        print(f"  cluster {cluster}: {nodes}")
        for name, cms in content["cms"].items():
            print(
                f"    {name}: {cms['release']}, {cms['state']} on {cms['owner']}, away {summary['outages'][name]:g} s"
            )
    print(f"  violations: {summary['violations']}, mutating commands: {summary['mutating_commands']}", flush=True)
