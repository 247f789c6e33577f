# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A powershell.exe to type commands into, on virtual time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.environment import default_environment
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BufferSink, BytesStdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.powershell import main
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon, Process, Stdin
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    NETWORK,
    Lab,
    ccr,
    lab,
    text_of,
    two_nodes,
)

CONSOLE = r"C:\Program Files\Microsoft\Exchange Server\bin\exshell.psc1"
EXCHANGE = ("-PSConsoleFile", CONSOLE)


@dataclass(frozen=True)
class Answer:
    """What powershell.exe answered, and what it did to the world."""

    rc: int
    out: str
    err: str
    seconds: float  # lab
    effects: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """The lines of standard output that are not empty."""
        return [line for line in self.out.split("\n") if line.strip()]


@dataclass
class Shell:
    """Runs commands on one host; exchange: with the Exchange console file."""

    lab: Lab
    host: str = "NODEA"
    exchange: bool = True
    logon: Logon = NETWORK

    def run(self, command: str, *options: str, stdin: bytes | Stdin = b"") -> Answer:
        """powershell.exe OPTIONS -Command COMMAND"""
        console = EXCHANGE if self.exchange else ()
        return self.start([*options, *console, "-Command", command], stdin)

    def start(self, arguments: list[str], stdin: bytes | Stdin = b"") -> Answer:
        """powershell.exe ARGUMENTS"""
        world, host = self.lab.world, self.lab.host(self.host)
        out, err = BufferSink(), BufferSink()
        argv = ["powershell.exe", *arguments]
        pipe = BytesStdin(stdin) if isinstance(stdin, bytes) else stdin
        environment = default_environment(host, self.logon)
        proc = Process(host, argv, " ".join(argv), self.logon, pipe, out, err, "cp437", environment)
        begun, known = world.clock.now(), len(world.truth.timeline)
        rc = main(proc)
        effects = tuple(f"{event['kind']}: {event['what']}" for event in world.truth.timeline[known:])
        return Answer(rc, text_of(out), text_of(err), world.clock.now() - begun, effects)


def shell(release: str = "rtm", **more: Any) -> Shell:
    """A shell on NODEA of a CCR cluster of that release; NODEA owns CMS1."""
    return Shell(ccr(**more) if release == "rtm" else lab(two_nodes(release, **more)))


def plain() -> Shell:
    """A shell without the Exchange snap-in."""
    return Shell(ccr(), exchange=False)


def turn(played: Shell, **knobs: Any) -> Shell:
    """The same with other knobs of physics, also such as only this part looks for."""
    physics = played.lab.world.physics
    known = {name: value for name, value in knobs.items() if hasattr(physics.knobs, name)}
    physics.knobs = replace(physics.knobs, **known)
    for name, value in knobs.items():
        if name not in known:
            object.__setattr__(physics.knobs, name, value)
    return played
