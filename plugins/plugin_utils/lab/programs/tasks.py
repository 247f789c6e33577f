# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""tasklist and taskkill: the processes of the lab, and a few that every Windows has."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..cmd.paths import matches
from .common import fail, say

if TYPE_CHECKING:
    from ..process import Process

_ALWAYS = (
    ("System Idle Process", 0),
    ("System", 4),
    ("smss.exe", 312),
    ("csrss.exe", 364),
    ("winlogon.exe", 388),
    ("services.exe", 436),
    ("lsass.exe", 448),
    ("svchost.exe", 620),
)
_TITLES = ("Image Name", "PID", "Session Name", "Session#", "Mem Usage")
_WIDTHS = (25, 8, 16, 11, 12)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "lt": operator.lt,
    "ge": operator.ge,
    "le": operator.le,
}
_NOBODY = 128


Rows = Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class _Task:
    image: str
    pid: int
    process: Process | None


def image_name(proc: Process) -> str:
    """The file name of a process, as the task list shows it."""
    name = proc.argv[0].rpartition("\\")[2]
    return name if "." in name else f"{name}.exe"


def _tasks(proc: Process) -> list[_Task]:
    with proc.host.world.lock:
        mine = [_Task(image_name(other), other.pid, other) for other in proc.host.processes]
    return [*(_Task(name, pid, None) for name, pid in _ALWAYS), *mine]


def _fits(task: _Task, condition: str) -> bool | None:
    """Whether a task passes a filter such as 'IMAGENAME eq x.exe'; None for a filter that isn't understood."""
    found = re.fullmatch(r"\s*(imagename|pid)\s+(eq|ne|gt|lt|ge|le)\s+(.+?)\s*", condition, re.IGNORECASE)
    if not found:
        return None
    compare = found[2].lower()
    if found[1].lower() == "imagename":
        return matches(found[3], task.image) == (compare == "eq") if compare in ("eq", "ne") else None
    return _COMPARE[compare](task.pid, int(found[3])) if found[3].isdigit() else None


def _values(words: list[str], switch: str) -> list[str]:
    """What follows each occurrence of a switch."""
    return [words[place + 1] for place, word in enumerate(words[:-1]) if word.lower() in (f"/{switch}", f"-{switch}")]


def tasklist(proc: Process) -> int:
    """tasklist [/fi filter] [/fo table|list|csv] [/nh]; nothing found is no error."""
    words = proc.argv[1:]
    shown = _tasks(proc)
    for condition in _values(words, "fi"):
        verdicts = [_fits(task, condition) for task in shown]
        if None in verdicts:
            return fail(proc, 1, "ERROR: The search filter cannot be recognized.")
        shown = [task for task, fits in zip(shown, verdicts, strict=True) if fits]
    if not shown:
        say(proc, "INFO: No tasks are running which match the specified criteria.")
        return 0
    layout = (_values(words, "fo") or ["table"])[-1].lower()
    rows = [(task.image, str(task.pid), "Services", "0", "4,096 K") for task in shown]
    _LAYOUTS[layout if layout in _LAYOUTS else "table"](proc, rows, "/nh" not in [word.lower() for word in words])
    return 0


def _csv(proc: Process, rows: Rows, titles: bool) -> None:
    if titles:
        say(proc, ",".join(f'"{title}"' for title in _TITLES))
    proc.out("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows))


def _table(proc: Process, rows: Rows, titles: bool) -> None:
    proc.out("\n")
    if titles:
        say(proc, _row(_TITLES))
        proc.out(" ".join("=" * width for width in _WIDTHS) + "\n")
    proc.out("".join(_row(row) + "\n" for row in rows))


def _row(cells: tuple[str, ...]) -> str:
    """Name and session to the left, numbers to the right; names are cut."""
    signs = "<><>>"
    return " ".join(f"{cell[:width]:{sign}{width}}" for cell, width, sign in zip(cells, _WIDTHS, signs, strict=True))


def _list(proc: Process, rows: Rows, _titles: bool) -> None:
    for row in rows:
        proc.out("\n")
        for title, cell in zip(_TITLES, row, strict=True):
            say(proc, f"{title + ':':<14}" + "{cell}", cell=cell)


_LAYOUTS = {"csv": _csv, "table": _table, "list": _list}


def taskkill(proc: Process) -> int:
    """taskkill /f {/pid number | /im name}: 128 when there is nobody; without /f a program without windows stays."""
    words = proc.argv[1:]
    pids, images = _values(words, "pid"), _values(words, "im")
    found = [
        task for task in _tasks(proc) if str(task.pid) in pids or any(matches(image, task.image) for image in images)
    ]
    if not found:
        return fail(proc, _NOBODY, 'ERROR: The process "{name}" not found.', name=(pids + images + [""])[0])
    forced = "/f" in [word.lower() for word in words]
    return max(_kill(proc, task, forced) for task in found)


def _kill(proc: Process, task: _Task, forced: bool) -> int:
    if task.process is None:
        english = 'ERROR: The process "{name}" with PID {pid} could not be terminated.\nReason: Access is denied.'
        return fail(proc, 1, english, name=task.image, pid=task.pid)
    if not forced:
        english = 'ERROR: The process "{name}" with PID {pid} could not be terminated.'
        reason = "\nReason: This process can only be terminated forcefully (with /F option)."
        return fail(proc, 1, english + reason, name=task.image, pid=task.pid)
    task.process.kill()
    proc.host.world.truth.effect(proc.host, "process", "killed", f"{task.image} {task.pid}", proc)
    english = 'SUCCESS: The process "{name}" with PID {pid} has been terminated.'
    say(proc, english, name=task.image, pid=task.pid)
    return 0
