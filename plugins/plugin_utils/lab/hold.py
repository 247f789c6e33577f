# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Holding the lab at one chosen moment, so that a test can do something exactly then, however fast its machine is."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .clock import ScaledClock

if TYPE_CHECKING:
    from .truth import Command
    from .world import World

MOMENTS = ("before", "first", "after", "event")


@dataclass(frozen=True)
class Moment:
    """What is waited for: the place-th command line handed to a host, or event in its ground truth, that fits.

    when: before (the line has arrived, nothing of it runs), first (it has changed something for the first time), after
    (it has ended, its answer is not out yet), event (match is about 'KIND WHAT DETAIL' of any event).
    """

    when: str
    host: str
    match: str
    place: int = 1

    def fits(self, host: str, text: str) -> bool:
        """Whether this line or event of that host is one of those that are counted."""
        return host.lower() == self.host.lower() and re.search(self.match, text, re.IGNORECASE) is not None


class Hold:
    """The clock stands from the moment on, and what was just going on waits until it is let go."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._moment: Moment | None = None
        self._seen: set[int | object] = set()
        self._go = threading.Event()
        self._reached = False

    def arm(self, moment: Moment) -> None:
        """Wait for this moment, and for no other any more."""
        with self._lock:
            self._moment, self._seen, self._reached = moment, set(), False
            self._go.clear()

    @property
    def reached(self) -> bool:
        """Whether the lab stands there. Asked without the world's lock, which may be held by what waits."""
        return self._reached

    def let_go(self) -> None:
        """What waits goes on; the clock stands until somebody sets its speed."""
        self._go.set()

    def line(self, when: str, command: Command) -> None:
        """A command line handed to a host begins (before) or has ended (after)."""
        moment = self._moment
        if moment and moment.when == when and command.top and moment.fits(command.host, command.line):
            self._stand(moment, command.id)

    def event(self, event: dict[str, Any], command: Command | None) -> None:
        """Something has changed; command is the line handed to a host that did it, if any."""
        moment = self._moment
        if moment is None or moment.when not in ("first", "event"):
            return
        if moment.when == "first":
            if command and moment.fits(command.host, command.line):
                self._stand(moment, command.id)
        elif moment.fits(event["host"] or "", f"{event['kind']} {event['what']} {event['detail']}"):
            self._stand(moment, object())

    def _stand(self, moment: Moment, token: object) -> None:
        with self._lock:
            fresh = token not in self._seen
            self._seen.add(token)
            if moment is not self._moment or not fresh or len(self._seen) < moment.place:
                return
            self._moment = None
        clock = self._world.clock
        if isinstance(clock, ScaledClock):
            clock.speed = 0.0
        self._reached = True
        self._go.wait()
