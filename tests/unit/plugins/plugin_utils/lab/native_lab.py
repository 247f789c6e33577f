# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small world, and native programs run in it on virtual time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.building import build
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.clock import VirtualClock
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.arguments import split_argv
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BufferSink, BytesStdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Killed, Logon, Process, Stdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs import PROGRAMS
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.section import Section
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import read
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import World

VIRTUAL_SERVER = "Exchange Virtual Server 1 (A&B)"
NETWORK = Logon("LAB\\upgrade", "network")
BATCH = Logon("LAB\\upgrade", "batch")


def cluster(name: str = "CLUS1", nodes: tuple[str, ...] = ("NODEA", "NODEWITHFIFTEEN"), **more: Any) -> dict[str, Any]:
    """The mapping of one cluster in a topology: the core group and a group with a long name, both on the first node."""
    groups = [
        {"name": "Cluster Group", "owner": nodes[0], "resources": _resources("Disk Q:")},
        {"name": VIRTUAL_SERVER, "owner": nodes[0], "resources": _resources("Exchange Virtual Server 1 (A&B) IP")},
    ]
    computers = [{"name": node} for node in nodes]
    return {"name": name, "quorum": "shared_disk", "nodes": computers, "groups": groups, **more}


def _resources(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "Physical Disk"} for name in names]


def make_world(*clusters: dict[str, Any], **top: Any) -> World:
    """A world of these clusters (one of cluster() by default) on virtual time."""
    data = {"clusters": list(clusters) or [cluster()], "exchange": None, **top}
    return build(read(Section("test", "", data), "test"), VirtualClock())


@dataclass(frozen=True)
class Result:
    """What a program answered, in the console's code page."""

    rc: int
    out: str
    err: str
    seconds: float  # lab
    mutating: bool


def run(world: World, host: str, line: str, stdin: Stdin | None = None, logon: Logon = NETWORK) -> Result:
    """Run one native program to its end."""
    proc = make_process(world, host, line, stdin or BytesStdin(), logon)
    proc.stdout = out = BufferSink()
    proc.stderr = err = BufferSink()
    started, token = world.clock.now(), world.truth.command_started(proc)
    rc = PROGRAMS[proc.argv[0].removesuffix(".exe")](proc)
    world.truth.command_ended(token, rc)
    return Result(rc, _text(out), _text(err), world.clock.now() - started, token.mutating)


def _text(sink: BufferSink) -> str:
    return sink.data.decode("cp850").replace("\r\n", "\n")


def make_process(world: World, host: str, line: str, stdin: Stdin, logon: Logon = NETWORK) -> Process:
    """A process that has not been run."""
    played = world.hosts[host.lower()]
    return Process(played, split_argv(line), line, logon, stdin, BufferSink(), BufferSink(), "cp850")


def turn(world: World, **knobs: Any) -> World:
    """The same world with other knobs of the language."""
    world.language = replace(world.language, knobs=replace(world.language.knobs, **knobs))
    return world


class OpenPipe:
    """Standard input that nobody closes: whoever reads it ends only by being killed."""

    def readline(self, alive: Callable[[], bool]) -> str | None:
        raise Killed("reading an open pipe")

    def read(self, alive: Callable[[], bool]) -> bytes:
        raise Killed("reading an open pipe")
