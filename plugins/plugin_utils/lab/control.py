# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The control port: one line of JSON asks, one line answers. On 127.0.0.1, opened by the token of the state file."""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable
from typing import Any, cast

from .state import LabError, LabState

Answer = Callable[[str, dict[str, Any]], Any]


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = cast("_Server", self.server)
        try:
            request = json.loads(self.rfile.readline())
            if not hmac.compare_digest(str(request.get("token", "")), server.token):
                reply: dict[str, Any] = {"error": "wrong token"}
            else:
                reply = {"result": server.answer(str(request["verb"]), dict(request.get("arguments", {})))}
        except LabError as error:
            reply = {"error": str(error)}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reply = {"error": f"not a request of this lab: {error!r}"}
        self.wfile.write(json.dumps(reply).encode() + b"\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.token = secrets.token_hex(16)


class Control:
    """Listens for orders until it is stopped."""

    def __init__(self, answer: Answer) -> None:
        self._server = _Server(answer)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="lab-control", daemon=True).start()

    @property
    def port(self) -> int:
        """The port, chosen by the kernel."""
        return int(self._server.server_address[1])

    @property
    def token(self) -> str:
        """What an order must bring along."""
        return self._server.token

    def stop(self) -> None:
        """Take no more orders."""
        self._server.shutdown()
        self._server.server_close()


def ask(lab: LabState, verb: str, arguments: dict[str, Any] | None = None, timeout: float = 30.0) -> Any:
    """Send an order to a running lab; LabError with its refusal, or when it does not answer in timeout seconds."""
    request = {"token": lab.token, "verb": verb, "arguments": arguments or {}}
    try:
        with socket.create_connection(("127.0.0.1", lab.port), timeout=timeout) as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as answers:
                reply = json.loads(answers.readline())
    except (OSError, ValueError) as error:
        raise LabError(f"the lab (process {lab.pid}) does not answer: {error}: end it with kill {lab.pid}") from error
    if "error" in reply:
        raise LabError(str(reply["error"]))
    return reply["result"]
