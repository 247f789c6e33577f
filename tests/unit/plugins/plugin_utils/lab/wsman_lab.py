# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One played host with an endpoint and made-up commands, for the tests of the transport."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.clock import Clock, ScaledClock
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Killed, Logon, Process
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import (
    Directory,
    Host,
    Service,
    Windows,
    World,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman import WsmanEndpoint
from winrm.protocol import Protocol

USER, PASSWORD = r"CORP\Admin", "se:cret Pässword"
Body = Callable[[Process], int]


def make_host(name: str = "NODE1", password: str = PASSWORD, clock: Clock | None = None) -> Host:
    """A host of the domain corp.example whose only account is admin."""
    world = World(clock or ScaledClock(), Directory("corp.example"))
    host = Host(world, name, "corp.example", Windows("2003", "5.2.3790", 2, oem_codepage=850), files=cast(Any, None))
    host.passwords["admin"] = password
    host.services["winrm"] = Service("WinRM", "Windows Remote Management")
    world.hosts[name.lower()] = host
    return host


class Commands:
    """Stands in for cmd.start: a command line is the name of a body, run on a thread of its own."""

    def __init__(self, **bodies: Body) -> None:
        self.bodies = bodies
        self.started: list[Process] = []
        self.envs: list[dict[str, str] | None] = []
        self.cwds: list[str | None] = []

    def __call__(
        self,
        host: Host,
        text: str,
        logon: Logon,
        *,
        stdin: Any,
        stdout: Any,
        stderr: Any,
        codepage: str,
        env: dict[str, str] | None = None,
        cwd: str | None = None,
    ) -> Process:
        process = Process(host, [text], text, logon, stdin, stdout, stderr, codepage)
        self.started.append(process)
        self.envs.append(env)
        self.cwds.append(cwd)
        threading.Thread(target=self._run, args=(process, text), daemon=True).start()
        return process

    def _run(self, process: Process, text: str) -> None:
        name, _blank, _arguments = text.partition(" ")
        try:
            body = self.bodies.get(name, says(""))
            process.exit_code = body(process)
        except Killed:
            process.exit_code = 1
        process.done.set()


def says(text: str, code: int = 0) -> Body:
    """A command that prints this and ends."""

    def body(process: Process) -> int:
        process.out(text)
        return code

    return body


def waits(process: Process) -> int:
    """A command that runs until it is ended."""
    process.sleep(3600)
    return 0


@contextmanager
def listening(host: Host, commands: Commands, **options: Any) -> Iterator[tuple[WsmanEndpoint, int]]:
    """An endpoint of the host and its port."""
    endpoint = WsmanEndpoint(host, start_command=commands, **options)
    try:
        yield endpoint, endpoint.start()
    finally:
        endpoint.close()


def pywinrm(port: int, user: str = USER, password: str = PASSWORD, **options: Any) -> Protocol:
    """A client that seals its messages."""
    settings = {
        "transport": "ntlm",
        "message_encryption": "always",
        "proxy": None,
        "operation_timeout_sec": 5,
        "read_timeout_sec": 10,
        **options,
    }
    return Protocol(f"http://127.0.0.1:{port}/wsman", username=user, password=password, **settings)
