# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The six verbs of the cmd shell: one SOAP request in, one SOAP answer out (transport.md 4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import messages
from .messages import Request
from .shells import INTERRUPTED, TERMINATED, Quotas, Shells
from .soap_faults import (
    Fault,
    aborted,
    bad_envelope_size,
    envelope_too_large,
    no_action,
    no_program,
    no_resource,
    timed_out,
)

if TYPE_CHECKING:
    from ..process import Logon
    from ..world import Host

_SMALLEST_ENVELOPE = 8192  # bytes, WS-Management 13.1
_HEADER_ROOM = 4096  # bytes of an answer that aren't output
_LEAST_OUTPUT = 512  # bytes that fit in any case
_SPECIAL = re.compile(r'("[^"]*"?)|([&|<>()^])')

Interrupt = Callable[[str, str], None]  # called with a verb and 'before' or 'after'; may raise NoAnswer


class NoAnswer(Exception):
    """The client gets no answer: its connection is closed, or held until the client gives up."""

    def __init__(self, hold: bool) -> None:
        super().__init__("connection held" if hold else "connection dropped")
        self.hold = hold


@dataclass(frozen=True)
class Reply:
    """HTTP status and SOAP body."""

    status: int
    body: bytes


class Service:
    """Answers the requests of one host."""

    def __init__(
        self,
        host: Host,
        quotas: Quotas,
        shells: Shells,
        interrupt: Interrupt,
        resource_uri: str = messages.CMD_SHELL,
    ) -> None:
        self._host = host
        self._resource_uri = resource_uri
        self._quotas = quotas
        self._shells = shells
        self._interrupt = interrupt
        self._verbs: dict[str, Callable[[Request, Logon], str]] = {
            "Create": self._create,
            "Command": self._command,
            "Receive": self._receive,
            "Send": self._send,
            "Signal": self._signal,
            "Delete": self._delete,
        }

    def answer(self, data: bytes, logon: Logon) -> Reply:
        """Do what the request says; a fault comes with status 500, as on Windows."""
        message_id = ""
        try:
            if len(data) > self._quotas.max_envelope:
                raise envelope_too_large(self._quotas.max_envelope)
            request = messages.parse(data)
            message_id = request.message_id
            return Reply(200, messages.answer(request, self._do(request, logon)))
        except Fault as fault:
            return Reply(500, messages.fault(message_id, fault, self._host.name))

    def _do(self, request: Request, logon: Logon) -> str:
        if request.resource_uri != self._resource_uri:
            raise no_resource()
        if not request.verb:
            raise no_action()
        self._envelope_limit(request)
        self._interrupt(request.verb, "before")
        try:
            return self._verbs[request.verb](request, logon)
        finally:
            self._interrupt(request.verb, "after")

    def _create(self, request: Request, logon: Logon) -> str:
        spec = messages.shell_spec(request)
        shell = self._shells.create(logon, spec)
        return messages.created(shell.id, logon.user, spec, shell.idle_seconds, self._resource_uri)

    def _command(self, request: Request, logon: Logon) -> str:
        with self._shells.using(logon, request.shell_id) as shell:
            parts = messages.command_line(request)
            line = _without_cmd(parts) if request.option("WINRS_SKIP_CMD_SHELL") else " ".join(parts)
            return messages.command_started(self._shells.run(shell, _for_cmd(line)).id)

    def _receive(self, request: Request, logon: Logon) -> str:
        command_id, streams = messages.desired_streams(request)
        limit = max(_LEAST_OUTPUT, (self._envelope_limit(request) - _HEADER_ROOM) * 3 // 4)
        with self._shells.using(logon, request.shell_id) as shell:
            command = shell.command(command_id)
            output = command.output.take(streams, limit, self._timeout(request))
            if shell.closed:
                raise aborted()
            if output is None:
                raise timed_out()
            if output.exit_code is not None and command.released:
                shell.forget(command)
            return messages.received(command.id, output.streams, output.exit_code)

    def _send(self, request: Request, logon: Logon) -> str:
        with self._shells.using(logon, request.shell_id) as shell:
            for piece in messages.inputs(request):
                shell.command(piece.command_id).stdin.feed(piece.data, piece.end)
        return "<rsp:SendResponse/>"

    def _signal(self, request: Request, logon: Logon) -> str:
        command_id, code = messages.signal(request)
        with self._shells.using(logon, request.shell_id) as shell:
            command = shell.command(command_id)
            command.released |= code == "terminate"
            if not command.output.ended:
                command.kill(TERMINATED if command.released else INTERRUPTED)
            elif command.released and command.output.drained:
                shell.forget(command)
        return "<rsp:SignalResponse/>"

    def _delete(self, request: Request, logon: Logon) -> str:
        with self._shells.using(logon, request.shell_id) as shell:
            self._shells.delete(shell)
        return ""

    def _timeout(self, request: Request) -> float:
        asked = messages.seconds(request.timeout) if request.timeout else self._quotas.max_timeout
        return min(asked, self._quotas.max_timeout)

    def _envelope_limit(self, request: Request) -> int:
        """The bytes an answer may have; raises Fault when the client asks for an impossible size."""
        if not request.max_envelope:
            return self._quotas.max_envelope
        if not request.max_envelope.isdecimal() or int(request.max_envelope) < _SMALLEST_ENVELOPE:
            raise bad_envelope_size()
        return min(int(request.max_envelope), self._quotas.max_envelope)


def _for_cmd(line: str) -> str:
    """What follows `cmd.exe /c`: WinRS puts the line in quotes, cmd.exe takes them off.

    A line that doesn't begin with a quote reads the same without them, and in the lab's log as its sender wrote it.
    """
    return f'"{line}"' if line.lstrip().startswith('"') else line


def _without_cmd(parts: list[str]) -> str:
    """A line of which cmd.exe does no more than CreateProcess would; raises Fault unless the program has a path."""
    program = parts[0].strip('"')
    if "\\" not in program:
        raise no_program()
    arguments = _SPECIAL.sub(lambda found: found[1] or "^" + found[2], " ".join(parts[1:]))
    return f'"{program}" {arguments}'.rstrip()
