# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CCR cluster (or another topology) on virtual time, with consoles to type on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import cmd
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.building import build
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.clock import VirtualClock
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BufferSink, BytesStdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon, Process, Stdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.section import Section
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import find, read
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import (
    Cluster,
    Group,
    Host,
    MailboxServer,
    World,
)

USER = "LAB\\upgrade"
PASSWORD = "S3cret!&(^)'=;x"
NETWORK = Logon(USER, "network")
BATCH = Logon(USER, "batch")
SP2 = r"D:\media\sp2\Setup.com"


@dataclass(frozen=True)
class Result:
    """What a command line answered."""

    rc: int | None
    out: str
    err: str


@dataclass
class Lab:
    """A world on virtual time."""

    world: World

    @property
    def cluster(self) -> Cluster:
        return next(iter(self.world.clusters.values()))

    @property
    def cms(self) -> MailboxServer:
        return self.cluster.mailbox_servers[0]

    def host(self, name: str) -> Host:
        return self.world.hosts[name.lower()]

    def group(self, name: str) -> Group:
        found = self.cluster.group(name)
        assert found
        return found

    def wait(self, seconds: float) -> None:
        self.world.clock.sleep(seconds)

    def start(self, host: str, line: str, logon: Logon = BATCH, stdin: Stdin | None = None) -> Process:
        out, err = BufferSink(), BufferSink()
        return cmd.start(
            self.host(host), line, logon, stdin=stdin or BytesStdin(), stdout=out, stderr=err, codepage="cp437"
        )

    def end(self, proc: Process, patience: float = 20000.0) -> Result:
        limit = self.world.clock.now() + patience
        while proc.exit_code is None and self.world.clock.now() < limit:
            self.wait(1.0)
        return Result(proc.exit_code, text_of(proc.stdout), text_of(proc.stderr))

    def run(self, host: str, line: str, logon: Logon = BATCH, stdin: Stdin | None = None) -> Result:
        return self.end(self.start(host, line, logon, stdin))

    def rules(self) -> list[str]:
        return [violation["rule"] for violation in self.world.truth.violations]

    def happened(self, kind: str) -> list[str]:
        return [event["what"] for event in self.world.truth.timeline if event["kind"] == kind]


def text_of(sink: Any) -> str:
    data: bytes = getattr(sink, "data", b"")
    return data.decode("cp437").replace("\r\n", "\n")


def ccr(**top: Any) -> Lab:
    """The shipped CCR topology, with other top-level keys."""
    return shipped("ccr-2003-rtm", **top)


def shipped(name: str, **top: Any) -> Lab:
    """A shipped topology, with other top-level keys."""
    data = yaml.safe_load(find(name).read_text(encoding="utf-8"))
    return lab({**data, **top})


def lab(data: dict[str, Any]) -> Lab:
    """Any topology."""
    return Lab(build(read(Section("test.yml", "", data), "test"), VirtualClock()))


def two_nodes(release: str = "sp1", windows: str = "2003", **more: Any) -> dict[str, Any]:
    """A plain CCR cluster of some release."""
    server = {"name": "CMS1", "owner": "NODEA", "kind": "ccr"}
    cluster = {"name": "CLUS1", "quorum": "majority_witness", "mailbox_servers": [server]}
    cluster["nodes"] = [{"name": "NODEA"}, {"name": "NODEB"}]
    cluster |= {key: more.pop(key) for key in ("nodes", "mailbox_servers", "groups", "quorum") if key in more}
    return {
        "windows": {"family": windows},
        "exchange": {"release": release},
        "media": {r"D:\media\sp2": "sp2", r"D:\media\sp1": "sp1"},
        "clusters": [cluster],
        **more,
    }


def scc(**more: Any) -> Lab:
    """Three nodes, two servers on the first two."""
    servers = [
        {"name": "CMS1", "owner": "NODEA", "kind": "scc"},
        {"name": "CMS2", "owner": "NODEB", "kind": "scc"},
    ]
    nodes = [{"name": name} for name in ("NODEA", "NODEB", "NODEC")]
    return lab(two_nodes(nodes=nodes, mailbox_servers=servers, quorum="shared_disk", **more))
