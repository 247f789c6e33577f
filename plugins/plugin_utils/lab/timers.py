# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Things that happen later, under the world's lock; a newer plan for the same thing replaces the older one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import World

Key = tuple[str, ...]


class Timers:
    """One pending plan a key, such as ('group', cluster, group)."""

    def __init__(self, world: World, jitter: float = 0.0) -> None:
        self._world = world
        self._jitter = jitter
        self._plans: dict[Key, object] = {}

    def later(self, key: Key, seconds: float, action: Callable[[], None]) -> None:
        """Do action after lab seconds unless the key gets another plan or is cancelled before."""
        token = object()
        self._plans[key] = token

        def run() -> None:
            with self._world.lock:
                if self._plans.get(key) is token:
                    del self._plans[key]
                    action()

        spread = self._world.random.uniform(-self._jitter, self._jitter)
        self._world.clock.call_later(seconds * (1 + spread), run)

    def cancel(self, *keys: Key) -> None:
        """Forget what was planned."""
        for key in keys:
            self._plans.pop(key, None)

    def pending(self, key: Key) -> bool:
        """Whether something is planned."""
        return key in self._plans
