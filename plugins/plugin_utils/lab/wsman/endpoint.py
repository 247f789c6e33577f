# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The WinRM listener of one played host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .accounts import SPNEGO_MISSING
from .connection import Access, Connection, Counters
from .service import NoAnswer, Service
from .shells import Quotas, Shells, StartCommand

if TYPE_CHECKING:
    from ..world import Host

T = TypeVar("T")
DEFAULT_QUOTAS = Quotas()
_BACKLOG = 64


class WsmanEndpoint:
    """Listens on 127.0.0.1 for one host; the port stays the same, and reserved, as long as this object is open.

    clear_body_answer is the status (401 or 500) for SOAP in clear when that isn't allowed. start_command is cmd.start
    unless given.
    """

    def __init__(
        self,
        host: Host,
        quotas: Quotas = DEFAULT_QUOTAS,
        *,
        allow_unencrypted: bool = False,
        clear_body_answer: int = 401,
        allow_basic: bool = False,
        start_command: StartCommand | None = None,
    ) -> None:
        self.counters = Counters()
        self._host = host
        # twice the envelope: room for the frame of a sealed one, and for one that is answered with a fault
        self._access = Access(allow_unencrypted, allow_basic, clear_body_answer, 2 * quotas.max_envelope)
        self._shells = Shells(host, quotas, start_command or _cmd_start())
        self._service = Service(host, quotas, self._shells, self._interrupt)
        self._reserved: socket.socket | None = None  # stays bound: nobody else gets the port of a host that is off
        self._listener: socket.socket | None = None
        self._accepting = threading.Thread()
        self._connections: set[Connection] = set()
        self._lock = threading.Lock()

    def start(self) -> int:
        """Listen, if not already; returns the port, which the kernel chose at the first start."""
        if SPNEGO_MISSING is not None:
            raise RuntimeError("the lab needs pyspnego: pip install pyspnego") from SPNEGO_MISSING
        if self._reserved is None:
            self._reserved = _bound(0)
        port = int(self._reserved.getsockname()[1])
        if self._listener is None:
            self._listener = _bound(port)
            self._listener.listen(_BACKLOG)
            self._accepting = _thread("lab-winrm", self._accept, self._listener)
        return port

    def stop(self) -> None:
        """Refuse new connections, drop those that are open, end all shells and what runs in them."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            self._accepting.join()
            self._listener.close()
            self._listener = None
        self.drop_connections()
        self._shells.delete_all()

    def close(self) -> None:
        """Stop for good and give the port back."""
        self.stop()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def drop_connections(self) -> None:
        """Close all connections at once; shells and commands live on, as on Windows."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.drop()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _address = listener.accept()
            except OSError:
                return  # stopped
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(sock, self._host, self._service, access=self._access, counters=self.counters)
            with self._lock:
                self._connections.add(connection)
            _thread("lab-winrm-client", self._serve, connection)

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
        if fault is not None:
            raise NoAnswer(hold=fault.name == "hang")


def _bound(port: int) -> socket.socket:
    """A socket on this port, 0 for one of the kernel's choice; two of them share a port as only one listens."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def _thread(name: str, body: Callable[[T], None], argument: T) -> threading.Thread:
    thread = threading.Thread(target=body, args=(argument,), name=name, daemon=True)
    thread.start()
    return thread


def _cmd_start() -> StartCommand:
    from ..cmd import start

    return start
