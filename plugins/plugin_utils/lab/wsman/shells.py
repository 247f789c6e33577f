# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""WinRS shells of one host and the commands in them, with the quotas that WinRM puts on them."""

from __future__ import annotations

import codecs
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..process import Logon, Process, Sink, Stdin
from .soap_faults import no_command, no_shell, too_many_operations, too_many_processes, too_many_shells
from .streams import InputPipe, OutputQueue

if TYPE_CHECKING:
    from ..world import Host
    from .messages import ShellSpec

# assumption: WinRM ends a command by TerminateProcess with 1; Ctrl-C is STATUS_CONTROL_C_EXIT
TERMINATED = 1
INTERRUPTED = -1073741510


@dataclass(frozen=True)
class Quotas:
    """WinRM 2.0's figures (transport.md 6). Seconds are the lab's except max_timeout and idle_real_seconds."""

    shells_per_user: int = 5
    operations_per_user: int = 15
    processes_per_shell: int = 15
    max_envelope: int = 150 * 1024  # bytes
    max_timeout: float = 60.0  # real seconds
    idle_seconds: float = 180.0
    idle_real_seconds: float = 5.0  # no shell dies sooner: the lab's speed doesn't make a client faster


class StartCommand(Protocol):
    """Starts `cmd.exe /c text` on a host and returns while it runs."""

    def __call__(
        self,
        host: Host,
        text: str,
        logon: Logon,
        *,
        stdin: Stdin,
        stdout: Sink,
        stderr: Sink,
        codepage: str,
        env: dict[str, str] | None = None,
        cwd: str | None = None,
    ) -> Process: ...


class Command:
    """One command of a shell."""

    def __init__(self, codepage: str) -> None:
        self.id = _new_id()
        self.stdin = InputPipe(codepage)
        self.output = OutputQueue()
        self.released = False  # its client asked for its end: the id goes with the last output
        self._process: Process | None = None

    def follow(self, process: Process) -> None:
        """Take the exit code from this process when it ends."""
        self._process = process
        threading.Thread(target=self._wait, args=(process,), name="lab-winrs-command", daemon=True).start()

    def kill(self, exit_code: int) -> None:
        """End the command and all that it started; a command that has ended keeps its exit code."""
        self.output.end(exit_code)
        if self._process is not None:
            self._process.kill()
        self.stdin.feed(b"", end=True)

    def _wait(self, process: Process) -> None:
        process.done.wait()
        self.output.end(TERMINATED if process.exit_code is None else process.exit_code)


class Shell:
    """One shell of a user. used_lab and used_real: when its last request ended; requests: how many are on now."""

    def __init__(self, owner: Logon, spec: ShellSpec, codepage: str, idle_seconds: float) -> None:
        self.id = _new_id()
        self.owner = owner
        self.spec = spec
        self.codepage = codepage
        self.idle_seconds = idle_seconds
        # Signal gives no operation of a text shell back to the quota (MS-WSMV 3.1.4.12, note 118)
        self.started: list[Command] = []
        self._known: dict[str, Command] = {}
        self.closed = False
        self.requests = 0
        self.used_lab = self.used_real = 0.0

    def touch(self, now: float) -> None:
        """The shell was used now (lab seconds)."""
        self.used_lab, self.used_real = now, time.monotonic()

    def add(self, command: Command) -> None:
        """One more command, about to start."""
        self.started.append(command)
        self._known[command.id] = command

    def command(self, command_id: str) -> Command:
        """The command of this id; raises Fault."""
        found = self._known.get(command_id.upper())
        if found is None:
            raise no_command()
        return found

    def running(self) -> int:
        """How many commands have not ended."""
        return sum(not command.output.ended for command in self.started)

    def forget(self, command: Command) -> None:
        """The command's id is unknown from now on."""
        self._known.pop(command.id, None)

    def close(self) -> None:
        """End all commands, also what they left behind; one that is just starting ends at once."""
        self.closed = True
        for command in list(self.started):
            command.kill(TERMINATED)


class Shells:
    """All shells of one host."""

    def __init__(self, host: Host, quotas: Quotas, start_command: StartCommand) -> None:
        self._host = host
        self._quotas = quotas
        self._start_command = start_command
        self._lock = threading.Lock()
        self._shells: dict[str, Shell] = {}

    def create(self, owner: Logon, spec: ShellSpec) -> Shell:
        """Open a shell; raises Fault when the user has too many."""
        idle = self._quotas.idle_seconds if spec.idle_seconds is None else spec.idle_seconds
        shell = Shell(owner, spec, self._codec(spec.codepage), idle)
        shell.touch(self._now())
        with self._lock:
            if len(self._of(owner)) >= self._quotas.shells_per_user:
                raise too_many_shells(self._quotas.shells_per_user)
            self._shells[shell.id] = shell
        self._look_later(shell, idle)
        return shell

    @contextmanager
    def using(self, owner: Logon, shell_id: str) -> Iterator[Shell]:
        """The user's shell of this id; it isn't idle meanwhile. Raises Fault when there is none."""
        with self._lock:
            shell = self._shells.get(shell_id.upper())
            if shell is None or shell.owner != owner:
                raise no_shell(shell_id)
            shell.requests += 1
        try:
            yield shell
        finally:
            with self._lock:
                shell.requests -= 1
                shell.touch(self._now())

    def run(self, shell: Shell, text: str) -> Command:
        """Start `cmd.exe /c text`; raises Fault when a quota is reached."""
        command = Command(shell.codepage)
        self._admit(shell, command)
        command.follow(self._start(shell, text, command))
        if shell.closed:
            command.kill(TERMINATED)
        return command

    def delete(self, shell: Shell) -> None:
        """Close a shell and end what runs in it; its operations go back to the quota."""
        with self._lock:
            self._shells.pop(shell.id, None)
        shell.close()

    def delete_all(self) -> None:
        """What happens to shells when WinRM or the host stops."""
        with self._lock:
            shells = list(self._shells.values())
            self._shells.clear()
        for shell in shells:
            shell.close()

    def _start(self, shell: Shell, text: str, command: Command) -> Process:
        return self._start_command(
            self._host,
            text,
            shell.owner,
            stdin=command.stdin,
            stdout=command.output.sink("stdout"),
            stderr=command.output.sink("stderr"),
            codepage=shell.codepage,
            env=shell.spec.environment or None,
            cwd=shell.spec.working_directory,
        )

    def _admit(self, shell: Shell, command: Command) -> None:
        with self._lock:
            if sum(len(each.started) for each in self._of(shell.owner)) >= self._quotas.operations_per_user:
                raise too_many_operations(self._quotas.operations_per_user)
            if shell.running() >= self._quotas.processes_per_shell:
                raise too_many_processes()
            shell.add(command)

    def _of(self, owner: Logon) -> list[Shell]:
        return [shell for shell in self._shells.values() if shell.owner == owner]

    def _look_later(self, shell: Shell, seconds: float) -> None:
        self._host.world.clock.call_later(seconds, lambda: self._look(shell))

    def _look(self, shell: Shell) -> None:
        """Close the shell if it was idle for its time, else look again when it could be."""
        with self._lock:
            if shell.id not in self._shells:
                return
            left = shell.used_lab + shell.idle_seconds - self._now()
            fresh = time.monotonic() - shell.used_real < self._quotas.idle_real_seconds
            idle = left <= 0 and not fresh and not shell.requests
        if idle:
            self.delete(shell)
        else:
            self._look_later(shell, left if left > 0 else shell.idle_seconds)

    def _now(self) -> float:
        return self._host.world.clock.now()

    def _codec(self, codepage: int | None) -> str:
        """Python's name of the code page; the host's OEM code page when none, or an unknown one, is asked for."""
        try:
            codecs.lookup(f"cp{codepage}")
        except LookupError:
            codepage = self._host.windows.oem_codepage
        return f"cp{codepage}"


def _new_id() -> str:
    return str(uuid.uuid4()).upper()
