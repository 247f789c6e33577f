# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller on virtual time: connections to a played world without WinRM between, and a death at any command."""

from __future__ import annotations

import heapq
import itertools
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import greenlet
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.mailops.exchange2007.plugins.module_utils import _task
from ansible_collections.mailops.exchange2007.plugins.plugin_utils._winrs_settings import refuse_line
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import cmd
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.clock import Action, Clock
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BufferSink, BytesStdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import (
    Ended,
    Killed,
    Logon,
    Process,
    Stdin,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Host, Power, World

EPOCH = 1_772_402_400.0  # 2026-03-01T22:00:00Z, the virtual clock's zero
ACCOUNT = "LAB\\upgrade"
_READ_TIMEOUT = 30.0  # seconds; the connection's option read_timeout
_OPERATION_TIMEOUT = 20.0  # seconds; how long WinRM keeps a Receive
_TICK = 0.001  # seconds; a float's rest must not make time stand still
_IDLE_TIMEOUT = 900.0  # seconds; after that WinRM ends the shell of a client that is gone, and what runs in it


class Dead(BaseException):
    """The controller was killed: like SIGKILL, no handler sees it, and nothing more goes over the wire."""


class Turn:
    """Waits in the clock's list for a greenlet, which goes on when it comes up."""

    __slots__ = ("who",)

    def __init__(self, who: greenlet.greenlet | None = None) -> None:
        self.who = greenlet.getcurrent() if who is None else who  # one that has not begun is false


class _Worker(greenlet.greenlet):
    """Takes one body after the other: a run starts some thousands."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = Turn(self)
        self.body: Action | None = None  # with None it ends

    def run(self) -> None:
        while self.body is not None:
            body, self.body = self.body, None
            body()


class SeedClock(Clock):
    """Virtual time, as the lab's VirtualClock, but with greenlets for threads, which switch faster; and with waits that
    can be cut short."""

    def __init__(self) -> None:
        self._now = 0.0
        self._order = itertools.count()
        self._due: list[tuple[float, int, Action | Turn]] = []
        self._idle: list[_Worker] = []
        self.busy = 0
        self.crashed: list[str] = []

    def now(self) -> float:
        return self._now

    def call_later(self, seconds: float, action: Action) -> None:
        self._push(seconds, action)

    def sleep(self, seconds: float) -> None:
        end = self._now + max(0.0, seconds)
        if not self._due or self._due[0][0] > end:
            self._now = end  # nobody else has anything to do until then
            return
        turn = Turn()
        self._push(seconds, turn)
        self._pass_on(turn)

    def spawn(self, body: Action, name: str) -> None:
        """Run body beside the caller, in its turn."""
        worker = self._idle.pop() if self._idle else _Worker()
        self.busy += 1

        def run() -> None:
            try:
                body()
            except Exception:  # told as a problem of its seed; the worker is used again
                self.crashed.append(traceback.format_exc())
            finally:
                self.busy -= 1
                self._idle.append(worker)
                self._pass_on(None)

        worker.body = run
        self._push(0.0, worker.turn)

    def close(self) -> None:
        """Let go of the workers."""
        self._due.clear()
        while self._idle:
            worker = self._idle.pop()
            worker.parent = greenlet.getcurrent()
            worker.throw()

    def wait(self, waiter: Waiter, seconds: float) -> None:
        """Sleep until the waiter is woken, at most for seconds."""
        self.call_later(seconds, waiter.wake)
        waiter.turn.who = greenlet.getcurrent()
        self._pass_on(waiter.turn)

    def ready(self, turn: Turn) -> None:
        """Who waits with this turn goes on now."""
        self._push(0.0, turn)

    def _push(self, seconds: float, what: Action | Turn) -> None:
        heapq.heappush(self._due, (self._now + max(0.0, seconds), next(self._order), what))

    def _pass_on(self, mine: Turn | None) -> None:
        """Do what is due until somebody's turn comes up; return when it is mine, or when nothing is left."""
        while self._due:
            due, _order, what = heapq.heappop(self._due)
            self._now = max(self._now, due)
            if what is mine:
                return
            if isinstance(what, Turn):
                what.who.switch()  # comes back when somebody has found mine
                return
            what()


class Waiter:
    """One wait that somebody may end."""

    def __init__(self, clock: SeedClock) -> None:
        self._clock = clock
        self._woken = False
        self.turn = Turn()

    def wake(self) -> None:
        """End the wait; once is enough."""
        if not self._woken:
            self._woken = True
            self._clock.ready(self.turn)


class _Done(Ended):
    """The end of a process, which wakes whoever waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waiter: Waiter | None = None

    def set(self) -> None:
        super().set()
        if self.waiter is not None:
            self.waiter.wake()


class _Pipe:
    """Standard input that nobody closes: whoever reads waits until it is ended."""

    def __init__(self, clock: SeedClock) -> None:
        self._clock = clock

    def readline(self, alive: Callable[[], bool]) -> str | None:
        """Never returns."""
        while alive():
            self._clock.sleep(1.0)
        raise Killed("while reading standard input")

    def read(self, alive: Callable[[], bool]) -> bytes:
        """Never returns."""
        self.readline(alive)
        return b""


class _Heard(BufferSink):
    """Standard output that somebody listens to."""

    def __init__(self) -> None:
        super().__init__()
        self.hear: Callable[[bytes], None] | None = None

    def write(self, data: bytes) -> None:
        """Keep it, and say it."""
        super().write(data)
        if self.hear is not None:
            self.hear(data)


@dataclass(frozen=True)
class Kill:
    """Where a controller dies: at its Nth command (from 1), before it is sent, seconds after it began, or after it."""

    command: int
    moment: str = "before"  # before, during, after
    seconds: float = 0.0


@dataclass
class Sent:
    """A command that a connection sent, for the checks: lab times, and the process that played it."""

    host: str
    line: str
    begun: float
    proc: Process
    lost: bool = False  # nobody heard how it ended


@dataclass
class Controller:
    """One ansible-playbook's process. dead: nothing of it runs or talks any more."""

    world: World
    clock: SeedClock
    kill: Kill | None = None
    dead: bool = False
    count: int = 0
    account: str = ACCOUNT
    password: str = ""

    def check(self) -> None:
        """Raise Dead when the process is gone."""
        if self.dead:
            raise Dead

    def die(self) -> None:
        """The process is killed now."""
        self.dead = True
        raise Dead

    def next_command(self) -> Kill | None:
        """Count one command; the kill if it strikes at this one."""
        self.check()
        self.count += 1
        due = self.kill is not None and self.kill.command == self.count
        if due and self.kill is not None and self.kill.moment == "before":
            self.die()
        return self.kill if due else None

    def beside(self, works: Sequence[Callable[[], None]]) -> None:
        """Do all of it at the same time, and wait until all is done."""
        if len(works) == 1:
            works[0]()
            return
        left = len(works)
        waiter = Waiter(self.clock)
        troubles: list[BaseException] = []

        def one(work: Callable[[], None]) -> None:
            nonlocal left
            try:
                work()
            except BaseException as trouble:
                troubles.append(trouble)
            left -= 1
            if not left:
                waiter.wake()

        for work in works:
            self.clock.spawn(lambda work=work: one(work), "controller")  # type: ignore[misc]
        self.clock.wait(waiter, 10.0**9)
        if troubles:
            raise troubles[0]
        self.check()


class ControllerClock(_task.Clock):
    """What the product takes for the controller's clock."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def now(self) -> float:
        self._controller.check()
        return EPOCH + self._controller.clock.now()

    def sleep(self, seconds: float) -> None:
        self._controller.check()
        self._controller.clock.sleep(seconds)
        self._controller.check()


class CommandEndUnknown(AnsibleConnectionFailure):  # type: ignore[misc]
    """As the connection plugin raises it: a command may have begun, and nobody knows how it ended."""

    started = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}. Its effect on the node is unknown.")
        self.reason = reason


class _Shell:
    tmpdir = "none"


class Connection:
    """What the bridge takes for the task's connection: the same answers and errors as winrs gives, without the wire."""

    transport = "mailops.exchange2007.winrs"
    _shell = _Shell()

    def __init__(self, controller: Controller, host: Host) -> None:
        self._controller = controller
        self._clock = controller.clock
        self._host = host
        self._open = False
        self.sent: list[Sent] = []
        self._page = f"cp{host.windows.oem_codepage}"

    def credentials(self) -> tuple[str, str | None]:
        """User and password."""
        return self._controller.account, self._controller.password

    def get_option(self, name: str) -> Any:
        """The inventory gives each node its own code page."""
        return {"codepage": self._host.windows.oem_codepage}[name]

    def reset(self) -> None:
        """Log in anew at the next command."""
        self._controller.check()
        self._open = False

    def execute(
        self, line: str, data: bytes | None, timeout: float, hear: Callable[[bytes], None] | None = None
    ) -> tuple[int, bytes, bytes]:
        """Run a command line: exit code, stdout, stderr in UTF-8. Raises as the connection plugin does."""
        kill = self._controller.next_command()
        refuse_line(line)
        self._log_in()
        if self._dropped("Command"):
            raise CommandEndUnknown("the connection was lost while a command was sent")
        out, err = _Heard(), BufferSink()
        out.hear = hear
        stdin: Stdin = _Pipe(self._clock) if data is None else BytesStdin(data, self._page)
        proc = cmd.start(
            self._host,
            line,
            Logon(self._controller.account, "network"),
            stdin=stdin,
            stdout=out,
            stderr=err,
            codepage=self._page,
        )
        sent = Sent(self._host.name, line, self._clock.now(), proc)
        self.sent.append(sent)
        try:
            self._follow(proc, timeout, kill)
        except CommandEndUnknown:
            sent.lost = True
            raise
        finally:
            out.hear = None
        rc = 1 if proc.exit_code is None else proc.exit_code
        return rc, self._utf8(out.data), self._utf8(err.data)

    def _utf8(self, raw: bytes) -> bytes:
        return raw.decode(self._page, "replace").encode()

    def _log_in(self) -> None:
        if not self._host.answers():
            self._open = False
            if self._host.power is Power.OFF:
                self._sleep(_READ_TIMEOUT)
            raise AnsibleConnectionFailure(f"{self._host.name}: no WinRM answer")
        if not self._open and self._dropped("Create"):
            raise AnsibleConnectionFailure(f"{self._host.name}: no WinRM answer (the connection broke)")
        self._open = True

    def _dropped(self, verb: str) -> bool:
        faults = self._controller.world.faults
        return any(faults.wire(self._host, verb, when) is not None for when in ("before", "after"))

    def _sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)
        self._controller.check()

    def _follow(self, proc: Process, timeout: float, kill: Kill | None) -> None:
        """Wait for the end of a command, its time limit, a lost connection or the controller's death."""
        begun = self._clock.now()
        dies = begun + kill.seconds if kill and kill.moment == "during" else None
        done = _Done()
        proc.done = done
        while not done.is_set():
            now = self._clock.now()
            if now - begun >= timeout:
                proc.kill()
                raise CommandEndUnknown(f"the command was still running after {timeout:.0f} s and was ended")
            if dies is not None and now >= dies:
                self._abandon(proc)
                self._controller.die()
            ends = [_OPERATION_TIMEOUT, begun + timeout - now, *([dies - now] if dies is not None else [])]
            done.waiter = Waiter(self._clock)
            self._clock.wait(done.waiter, max(_TICK, min(ends)))
            if self._controller.dead:
                self._abandon(proc)
                self._controller.check()
            self._look(proc)
        if kill:
            self._controller.die()

    def _look(self, proc: Process) -> None:
        """Whether the answer to Receive comes through."""
        if proc.killed or not self._host.answers():
            if self._host.power is not Power.ON:
                self._sleep(_READ_TIMEOUT)
            self._open = False
            raise CommandEndUnknown("the connection was lost while a command ran")
        if self._dropped("Receive"):
            self._open = False
            self._abandon(proc)
            raise CommandEndUnknown("the connection was lost while a command ran")

    def _abandon(self, proc: Process) -> None:
        """Nobody waits for it any more: it goes on until WinRM finds the shell idle."""
        self._clock.call_later(_IDLE_TIMEOUT, proc.kill)
