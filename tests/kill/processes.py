# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The death of a controller: a process and everything below it, at one moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def kill_tree(pid: int) -> None:
    """SIGKILL for a process and all its descendants.

    Ansible's workers have sessions of their own, so a signal to the process group leaves them working. All are stopped
    first, because a process that is just being started is in no list yet.
    """
    stopped: list[int] = []
    while fresh := [one for one in [pid, *_below(pid)] if one not in stopped]:
        for one in fresh:
            _send(one, signal.SIGSTOP)
        stopped += fresh
    for one in stopped:
        _send(one, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _below(pid: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    waiting = [pid]
    while waiting:
        more = children.get(waiting.pop(), [])
        yield from more
        waiting += more


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # The name in the brackets may hold anything; the parent is the second word behind it.
                yield int(entry.name), int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
