# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Moving mailboxes as Move-Mailbox does: some at a time, each for as long as its size asks (exchange.md 7)."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .mail_plans import FAILURES
from .mail_store import MEGABYTE, Mailbox, MailDatabase, MailStore

if TYPE_CHECKING:
    from .process import Process

VALIDATION, APPROVING, MOVING, COMPLETED = "Validation", "Approving object", "Moving messages", "Completed"
_LOOK = 5.0  # lab seconds between two looks at the databases
_GENERIC = -2147467259
_CORRUPT = (
    "This mailbox exceeded the maximum number of corrupted items specified for this move mailbox operation.",
    -1056749110,
)
_FULL = (
    "Failed to copy messages to the destination mailbox store with error: \nMAPI or an unspecified service provider. "
    "\nID no: 00000000-0000-00000000",
    -1056749164,
)
_IN_TRANSIT = ("The mailbox is locked by another move mailbox operation.", -1056749262)


@dataclass(frozen=True)
class MoveOrder:
    """What a Move-Mailbox was told. bad_items: -BadItemLimit; threads: -MaxThreads."""

    target: MailDatabase
    bad_items: int = 0
    threads: int = 4
    validate_only: bool = False
    ignore_rule_limits: bool = False


@dataclass(eq=False)
class Move:
    """One mailbox on its way. started, ended and due in lab seconds; code is 0 unless it failed."""

    mailbox: Mailbox
    source: MailDatabase
    target: MailDatabase
    started: float
    due: float = 0.0
    ended: float = 0.0
    stage: str = VALIDATION
    code: int = 0
    message: str = ""


class MoveRun:
    """The moves of one Move-Mailbox. They die with their process; what was on its way stays where it was."""

    def __init__(self, proc: Process, store: MailStore, order: MoveOrder) -> None:
        self._proc = proc
        self._world = proc.host.world
        self._store = store
        self._order = order
        self._active: list[Move] = []

    def moves(self, mailboxes: Iterable[Mailbox]) -> Generator[Move, None, None]:
        """Every move, as it ends."""
        waiting = deque(mailboxes)
        try:
            while waiting or self._active:
                while waiting and len(self._active) < self._order.threads:
                    ended = self._begin(waiting.popleft())
                    if ended:
                        yield ended
                yield from self._wait()
        finally:
            self._abandon()

    def _begin(self, mailbox: Mailbox) -> Move | None:
        """Validate and start; the move when it ended at once."""
        with self._world.lock:
            now = self._world.clock.now()
            move = Move(mailbox, mailbox.database, self._order.target, now, ended=now)
            self._validate(move)
            if move.code or self._order.validate_only:
                return move
            self._store.lock(mailbox, self._proc)
            move.stage, move.due = MOVING, now + self._seconds(mailbox)
            self._active.append(move)
            return None

    def _seconds(self, mailbox: Mailbox) -> float:
        durations = self._world.physics.durations
        return durations.move_mailbox + durations.move_megabyte * mailbox.size / MEGABYTE

    def _validate(self, move: Move) -> None:
        """The checks that come first, alone with -ValidateOnly."""
        mailbox = move.mailbox
        if mailbox.system:
            _fail(move, APPROVING, "This is a system mailbox. System mailboxes cannot be moved.", _GENERIC)
        elif move.source is move.target:
            _fail(move, APPROVING, "The source mailbox database is the same as the target mailbox database.", _GENERIC)
        elif mailbox.mover is not None or self._world.clock.now() < mailbox.locked_until:
            _fail(move, APPROVING, *_IN_TRANSIT)
        elif offline := _offline(move):
            _fail(move, APPROVING, f"The mailbox database '{offline.identity}' is not mounted.", _GENERIC)
        elif mailbox.fails and FAILURES[mailbox.fails][0] == APPROVING:
            _fail(move, *FAILURES[mailbox.fails])

    def _wait(self) -> list[Move]:
        """Let some time pass; the moves that ended in it."""
        if not self._active:
            return []
        due = min(move.due for move in self._active)
        self._proc.sleep(min(max(due - self._world.clock.now(), 0.0), _LOOK))
        with self._world.lock:
            ended = [move for move in self._active if self._advance(move)]
            for move in ended:
                self._active.remove(move)
                self._store.unlock(move.mailbox, died=False)
        return ended

    def _advance(self, move: Move) -> bool:
        """Whether this one has ended, for better or worse."""
        now = self._world.clock.now()
        if offline := _offline(move):
            _fail(move, MOVING, f"The mailbox database '{offline.identity}' was dismounted.", FAILURES["network"][2])
        elif now < move.due:
            return False
        else:
            self._arrive(move)
        move.ended = now
        return True

    def _arrive(self, move: Move) -> None:
        """All messages were read: what is wrong with the mailbox shows now, or the directory is changed."""
        mailbox = move.mailbox
        passes = not mailbox.fails or (mailbox.fails == "rules" and self._order.ignore_rule_limits)
        if not passes:
            _fail(move, *FAILURES[mailbox.fails])
        elif mailbox.corrupt > self._order.bad_items:
            _fail(move, MOVING, *_CORRUPT)
        elif not move.target.room_for(mailbox.size):
            _fail(move, MOVING, *_FULL)
        else:
            self._store.move(mailbox, move.target, mailbox.corrupt, self._proc)
            move.stage = COMPLETED

    def _abandon(self) -> None:
        """The process ends in the middle: nothing of what was on its way is kept."""
        with self._world.lock:
            for move in self._active:
                self._store.unlock(move.mailbox, died=True)
                detail = f"{move.mailbox.alias} stays in {move.source.identity}"
                self._world.truth.effect(move.source.host, "mailbox", "move died", detail)
            self._active.clear()


def _offline(move: Move) -> MailDatabase | None:
    return next((database for database in (move.source, move.target) if not database.mounted), None)


def _fail(move: Move, stage: str, message: str, code: int) -> None:
    move.stage, move.message, move.code = stage, message, code
