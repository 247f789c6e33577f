# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""A running lab: the world, one WinRM endpoint a computer, the control port."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cmd, inventory, snapshot, state
from .building import build
from .certificates import Certificates
from .clock import ScaledClock
from .cmd.streams import BufferSink, BytesStdin
from .control import Control
from .faults import FaultError
from .hold import Moment
from .inventory import Ports
from .process import Logon
from .state import LabError, LabState
from .topology import all_hosts
from .wsman import WsmanEndpoint

if TYPE_CHECKING:
    from .plans import Topology, WinrmPlan
    from .world import Host

_LOOK = 0.05  # wall seconds between two looks at who is switched on


@dataclass(frozen=True)
class Order:
    """What 'up' was asked for."""

    topology: Topology
    inventory: Path
    speed: float = 1.0
    seed: int = 0


class Daemon:
    """Everything that runs in the lab's process."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._clock = ScaledClock(order.speed)
        self.world = build(order.topology, self._clock, order.seed)
        self._certificates = Certificates(order.inventory, order.topology)
        plans = {plan.name.lower(): plan.winrm for plan in all_hosts(order.topology)}
        self._endpoints = {host.name: self._endpoint(host, plans[key]) for key, host in self.world.hosts.items()}
        self._ports: dict[str, Ports] = {}
        self._started = time.time()
        self._ended = threading.Event()
        self._control = Control(self._answer)

    def start(self) -> None:
        """Open the ports, write the inventory, say where the lab is."""
        order = self._order
        self._ports = {name: Ports(each.start(), each.https_port) for name, each in self._endpoints.items()}
        account, folder = order.topology.accounts[0], self._certificates.folder
        inventory.write(order.inventory, inventory.inventory(self.world, self._ports, account, folder))
        threading.Thread(target=self._follow_power, name="lab-power", daemon=True).start()
        state.save(
            LabState(
                os.getpid(),
                self._control.port,
                self._control.token,
                str(order.inventory.resolve()),
                order.topology.name,
            )
        )

    def wait(self) -> None:
        """Until 'down', SIGTERM or an interrupt; then everything is stopped."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ended.set())
        self._ended.wait()
        self.stop()

    def stop(self) -> None:
        """End every process of the lab, close every port."""
        self._ended.set()
        for endpoint in self._endpoints.values():
            endpoint.close()
        self._clock.close()
        self._control.stop()
        self._certificates.remove()
        state.forget(self._order.inventory)

    def summary(self) -> dict[str, Any]:
        """What 'status' shows."""
        report = self._truth()
        return {
            "lab": report["lab"],
            "hosts": {
                name: {"port": self._ports[name].http, "answers": host["answers"]}
                for name, host in report["hosts"].items()
            },
            "clusters": report["clusters"],
            "outages": {name: outage["total_seconds"] for name, outage in report["outages"].items()},
            "violations": len(report["violations"]),
            "mutating_commands": report["mutating_commands"],
        }

    def _endpoint(self, host: Host, plan: WinrmPlan) -> WsmanEndpoint:
        return WsmanEndpoint(
            host,
            clear_body_answer=plan.clear_body_answer,
            allow_basic=plan.basic,
            allow_credssp=plan.credssp,
            tls=self._certificates.server(host.name, plan) if plan.https else None,
            old_tls=plan.tls == "1.0",
            resource_uri=plan.resource_uri,
        )

    def _truth(self) -> dict[str, Any]:
        order = self._order
        lab = {
            "topology": order.topology.name,
            "speed": order.speed,
            "seed": order.seed,
            "started": self._started,
            "inventory": str(order.inventory.resolve()),
            "pid": os.getpid(),
        }
        counters = {name: _public(endpoint.counters) for name, endpoint in self._endpoints.items()}
        return snapshot.truth(self.world, lab, counters)

    def _answer(self, verb: str, arguments: dict[str, Any]) -> Any:
        if verb == "status":
            return self.summary()
        if verb == "truth":
            return self._truth()
        if verb == "inject":
            return self._inject(arguments)
        if verb == "run":
            return self._run(str(arguments["host"]), str(arguments["line"]))
        if verb in ("hold", "held", "let_go"):
            return self._hold(verb, arguments)
        if verb == "down":
            self._ended.set()
            return {"pid": os.getpid()}
        raise LabError(f"unknown order '{verb}': the command line and the lab differ in version: run 'down' and 'up'")

    def _inject(self, arguments: dict[str, Any]) -> Any:
        if arguments.get("clear"):
            self.world.faults.clear()
            return []
        try:
            fields = {str(key): str(value) for key, value in dict(arguments["fields"]).items()}
            self.world.faults.inject(str(arguments["fault"]), fields)
        except FaultError as error:
            raise LabError(str(error)) from error
        return [vars(fault) for fault in self.world.faults.active()]

    def _hold(self, verb: str, arguments: dict[str, Any]) -> Any:
        """Stand still at a moment; say whether it came and how many requests did since the start; go on at a speed."""
        if verb == "hold":
            self.world.hold.arm(Moment(**arguments))
        if verb == "let_go":
            self.world.hold.let_go()
            self._clock.speed = float(arguments["speed"])
        requests = sum(endpoint.counters.requests for endpoint in self._endpoints.values())
        return {"reached": self.world.hold.reached, "requests": requests, "now": self._clock.now()}

    def _run(self, name: str, line: str) -> dict[str, Any]:
        """Type a command line on the console of a host and wait for its end."""
        host = self._host(name)
        stdout, stderr = BufferSink(), BufferSink()
        codepage = f"cp{host.windows.oem_codepage}"
        logon = Logon(self._order.topology.accounts[0].user, "interactive")
        process = cmd.start(host, line, logon, stdin=BytesStdin(), stdout=stdout, stderr=stderr, codepage=codepage)
        while not process.done.wait(0.2):
            if self._ended.is_set():
                raise LabError("the lab was stopped")
        return {
            "rc": process.exit_code,
            "stdout": stdout.data.decode(codepage, "replace"),
            "stderr": stderr.data.decode(codepage, "replace"),
        }

    def _host(self, name: str) -> Host:
        host = self.world.hosts.get(name.lower())
        if host is None:
            raise LabError(f"no host '{name}': use one of {', '.join(h.name for h in self.world.hosts.values())}")
        if host.power.value != "on":
            raise LabError(f"{host.name} is {host.power.value}: wait until it has started")
        return host

    def _follow_power(self) -> None:
        """A host that is off, or without its WinRM service, refuses connections."""
        listening = dict.fromkeys(self._endpoints, True)
        while not self._ended.wait(_LOOK):
            for name, endpoint in self._endpoints.items():
                answers = self.world.hosts[name.lower()].answers()
                if answers != listening[name] and not self._ended.is_set():
                    endpoint.start() if answers else endpoint.stop()
                    listening[name] = answers


def _public(counters: object) -> dict[str, Any]:
    """The numbers of a counter object."""
    return {name: value for name, value in vars(counters).items() if not name.startswith("_")}
