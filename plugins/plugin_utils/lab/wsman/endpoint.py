# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The WinRM service of one played host."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

from .accounts import SPNEGO_MISSING
from .connection import Access, Connection, Counters
from .listener import Listener, thread
from .messages import CMD_SHELL
from .service import NoAnswer, Service
from .shells import Quotas, Shells, StartCommand
from .soap_faults import Fault, too_many_operations, too_many_processes, too_many_shells
from .tls import ServerTls

if TYPE_CHECKING:
    from ..world import Host

DEFAULT_QUOTAS = Quotas()


class WsmanEndpoint:
    """WinRM of one host: an http listener, and an https one where it has tls. Both serve the same shells.

    clear_body_answer is the status (401 or 500) for SOAP in clear when that isn't allowed. resource_uri is the name of
    the cmd shell. start_command is cmd.start unless given.
    """

    def __init__(
        self,
        host: Host,
        quotas: Quotas = DEFAULT_QUOTAS,
        *,
        allow_unencrypted: bool = False,
        clear_body_answer: int = 401,
        allow_basic: bool = False,
        allow_credssp: bool = False,
        tls: ServerTls | None = None,
        old_tls: bool = False,
        resource_uri: str = CMD_SHELL,
        start_command: StartCommand | None = None,
    ) -> None:
        self.counters = Counters()
        self._host = host
        self._quotas = quotas
        # twice the envelope: room for the frame of a sealed one, and for one that is answered with a fault
        self._access = Access(
            allow_unencrypted, allow_basic, clear_body_answer, 2 * quotas.max_envelope, allow_credssp, old_tls
        )
        self._shells = Shells(host, quotas, start_command or _cmd_start())
        self._service = Service(host, quotas, self._shells, self._interrupt, resource_uri)
        self._http = Listener(lambda sock: self._accept(sock, None))
        self._https = Listener(lambda sock: self._accept(sock, tls)) if tls else None
        self._connections: set[Connection] = set()
        self._lock = threading.Lock()

    @property
    def https_port(self) -> int | None:
        """The port of the https listener, which listens then if it hasn't before; None without one."""
        return self._https.start() if self._https else None

    def start(self) -> int:
        """Listen, if not already; returns the http port, which the kernel chose at the first start."""
        if SPNEGO_MISSING is not None:
            raise RuntimeError("the lab needs pyspnego: pip install pyspnego") from SPNEGO_MISSING
        if self._https is not None:
            self._https.start()
        return self._http.start()

    def stop(self) -> None:
        """Refuse new connections, drop those that are open, end all shells and what runs in them."""
        for listener in self._listeners():
            listener.stop()
        self.drop_connections()
        self._shells.delete_all()

    def close(self) -> None:
        """Stop for good and give the ports back."""
        self.stop()
        for listener in self._listeners():
            listener.close()

    def drop_connections(self) -> None:
        """Close all connections at once; shells and commands live on, as on Windows."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.drop()

    def _listeners(self) -> list[Listener]:
        return [self._http, self._https] if self._https else [self._http]

    def _accept(self, sock: socket.socket, tls: ServerTls | None) -> None:
        connection = Connection(sock, self._host, self._service, access=self._access, counters=self.counters, tls=tls)
        with self._lock:
            self._connections.add(connection)
        thread("lab-winrm-client", self._serve, connection)

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _interrupt(self, verb: str, when: str) -> None:
        """Leave a request without an answer if the world's faults say so."""
        faults = getattr(self._host.world, "faults", None)
        fault = faults.wire(self._host, verb, when) if faults is not None else None
        if fault is not None and fault.name == "quota":
            raise _over_quota(fault.args.get("kind", "shells"), self._quotas)
        if fault is not None:
            raise NoAnswer(hold=fault.name == "hang")


def _over_quota(kind: str, quotas: Quotas) -> Fault:
    """What WinRM says when others have used a quota up."""
    if kind == "shells":
        return too_many_shells(quotas.shells_per_user)
    return too_many_operations(quotas.operations_per_user) if kind == "operations" else too_many_processes()


def _cmd_start() -> StartCommand:
    from ..cmd import start

    return start
