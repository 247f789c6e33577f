# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Several readings of a CCR's storage group copies."""

from __future__ import annotations

from ._shell import Copy, ExchangeShell
from ._task import Task


def read_samples(task: Task, shell: ExchangeShell, server: str, samples: int, interval: float) -> list[list[Copy]]:
    """Readings of the copies, oldest first; interval in seconds between two of them."""
    taken: list[list[Copy]] = []
    for _number in range(max(1, samples)):
        if taken:
            task.clock.sleep(interval)
        taken.append(shell.copies(server))
    return taken
