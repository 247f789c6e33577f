# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""A port of a played host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_BACKLOG = 64


class Listener:
    """Listens on 127.0.0.1; the port stays the same, and reserved, as long as this object is open."""

    def __init__(self, accept: Callable[[socket.socket], None]) -> None:
        self._accept = accept
        self._reserved: socket.socket | None = None  # stays bound: nobody else gets the port of a host that is off
        self._listening: socket.socket | None = None
        self._accepting: threading.Thread | None = None

    def start(self) -> int:
        """Listen, if not already; returns the port, which the kernel chose at the first start."""
        if self._reserved is None:
            self._reserved = _bound(0)
        port = int(self._reserved.getsockname()[1])
        if self._listening is None:
            self._listening = _bound(port)
            self._listening.listen(_BACKLOG)
            self._accepting = thread("lab-winrm", self._run, self._listening)
        return port

    def stop(self) -> None:
        """Refuse new connections."""
        if self._listening is not None and self._accepting is not None:
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            self._accepting.join()
            self._listening.close()
            self._listening = None

    def close(self) -> None:
        """Stop for good and give the port back."""
        self.stop()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _run(self, listening: socket.socket) -> None:
        while True:
            try:
                sock, _address = listening.accept()
            except OSError:
                return  # stopped
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._accept(sock)


def thread(name: str, body: Callable[[T], None], argument: T) -> threading.Thread:
    """A running thread that doesn't keep the process alive."""
    started = threading.Thread(target=body, args=(argument,), name=name, daemon=True)
    started.start()
    return started


def _bound(port: int) -> socket.socket:
    """A socket on this port, 0 for one of the kernel's choice; two of them share a port as only one listens."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock
