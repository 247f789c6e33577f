# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The lab's one clock: every duration in the lab is in lab seconds and goes through here."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

Action = Callable[[], None]
_LOG = logging.getLogger(__name__)


class Clock(ABC):
    """Lab time, in seconds since the lab was started."""

    @abstractmethod
    def now(self) -> float:
        """Lab seconds since the start."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let the calling thread wait for lab seconds."""

    @abstractmethod
    def call_later(self, seconds: float, action: Action) -> None:
        """Run action after lab seconds, on a thread of the clock's choosing."""

    @abstractmethod
    def spawn(self, body: Action, name: str) -> None:
        """Run body beside the caller; it may sleep on this clock."""

    @abstractmethod
    def close(self) -> None:
        """Drop what is still to come."""


class ScaledClock(Clock):
    """Wall-clock time, multiplied: with speed 60 a lab minute takes one second; with speed 0 the lab stands still."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"speed {speed}: must be greater than 0")
        self._pace = _Pace(speed, 0.0, time.monotonic())
        self._order = itertools.count()
        self._due: list[tuple[float, int, Action]] = []
        self._changed = threading.Condition()  # what is due next
        self._turned = threading.Condition()  # the speed
        self._closed = False
        threading.Thread(target=self._run, name="lab-clock", daemon=True).start()

    @property
    def speed(self) -> float:
        """Lab seconds in a real second; may be set at any time, 0 stops the clock."""
        return self._pace.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        with self._changed, self._turned:
            self._pace = _Pace(speed, self.now(), time.monotonic())
            self._changed.notify_all()
            self._turned.notify_all()

    def now(self) -> float:
        return self._pace.at(time.monotonic())

    def sleep(self, seconds: float) -> None:
        end = self.now() + seconds
        with self._turned:
            while not self._closed and (left := end - self.now()) > 0:
                self._turned.wait(self._pace.wall(left))

    def call_later(self, seconds: float, action: Action) -> None:
        with self._changed:
            heapq.heappush(self._due, (self.now() + max(0.0, seconds), next(self._order), action))
            self._changed.notify()

    def spawn(self, body: Action, name: str) -> None:
        threading.Thread(target=body, name=name, daemon=True).start()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._due.clear()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                left = self._due[0][0] - self.now() if self._due else None
                if left is None or left > 0:
                    self._changed.wait(None if left is None else self._pace.wall(left))
                    continue
                action = heapq.heappop(self._due)[2]
            try:
                action()
            except Exception:  # one broken plan must not stop the clock of the whole lab
                _LOG.exception("a planned action failed")


@dataclass(frozen=True)
class _Pace:
    """How lab time goes since the speed was set last: it was `lab` then, and time.monotonic() `began`."""

    speed: float
    lab: float
    began: float

    def at(self, wall: float) -> float:
        """Lab time at a reading of time.monotonic()."""
        return self.lab + (wall - self.began) * self.speed

    def wall(self, seconds: float) -> float | None:
        """Real seconds that lab seconds take; None while the clock stands."""
        return seconds / self.speed if self.speed else None


class Baton:
    """What the one thread that may run has; a bare lock, because a run hands it on some thousand times."""

    __slots__ = ("give", "take")

    def __init__(self) -> None:
        lock = threading.Lock()
        lock.acquire()
        self.give: Callable[[], None] = lock.release
        self.take: Callable[[], bool] = lock.acquire


class VirtualClock(Clock):
    """Time that passes only while everybody sleeps: same calls, same run, no waiting.

    Exactly one of the spawned threads (and the thread that made the clock) runs at a time; sleep() hands the baton
    to whoever is due next.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._order = itertools.count()
        self._due: list[tuple[float, int, Action | Baton]] = []

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        end = self._now + max(0.0, seconds)
        if not self._due or self._due[0][0] > end:
            self._now = end  # nobody else has anything to do until then
            return
        baton = Baton()
        self._push(seconds, baton)
        self._hand_over(baton)

    def call_later(self, seconds: float, action: Action) -> None:
        self._push(seconds, action)

    def spawn(self, body: Action, name: str) -> None:
        baton = Baton()

        def run() -> None:
            baton.take()
            try:
                body()
            finally:
                self._hand_over(None)

        threading.Thread(target=run, name=name, daemon=True).start()
        self._push(0.0, baton)

    def close(self) -> None:
        self._due.clear()

    def _push(self, seconds: float, what: Action | Baton) -> None:
        heapq.heappush(self._due, (self._now + max(0.0, seconds), next(self._order), what))

    def _hand_over(self, mine: Baton | None) -> None:
        """Run due actions until somebody's baton comes up; return when it is mine, or at once if I have none."""
        while self._due:
            due, _order, what = heapq.heappop(self._due)
            self._now = max(self._now, due)
            if what is mine:
                return
            if isinstance(what, Baton):
                what.give()
                if mine is not None:
                    mine.take()
                return
            what()
