# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""What a module's run() is given: the node, the parameters, the clock, and a way to say how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ._node import Node


class Clock:
    """The controller's clock. Tests put their own in its place, so that nothing ever waits for real."""

    def now(self) -> float:
        """Seconds since the epoch (UTC)."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Credentials:
    """An account, as the connection logs in with it; the password never shows in a repr."""

    user: str
    password: str = field(repr=False)


def _silent(text: str) -> None:
    del text


@dataclass
class Task:
    """One call of a module.

    params are validated and complete; credentials are those of the connection (None when it has no password);
    progress shows a line to the person at the terminal, at once.
    """

    node: Node
    params: dict[str, Any]
    check_mode: bool = False
    credentials: Credentials | None = None
    clock: Clock = field(default_factory=Clock)
    progress: Callable[[str], None] = _silent
