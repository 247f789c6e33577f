# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What schtasks /query prints (windows-cli.md 4.1)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from .. import language, scheduler

if TYPE_CHECKING:
    from ..world import Host, ScheduledTask
    from .schtasks_options import Options

_REST = [
    "Days",
    "Months",
    "Run As User",
    "Delete Task If Not Rescheduled",
    "Stop Task If Runs X Hours and X Mins",
    "Repeat: Every",
    "Repeat: Until: Time",
    "Repeat: Until: Duration",
    "Repeat: Stop If Still Running",
    "Idle Time",
    "Power Management",
]
_OLDER = [
    "HostName", "TaskName", "Next Run Time", "Status", "Logon Mode", "Last Run Time", "Last Result", "Creator",
    "Schedule", "Task To Run", "Start In", "Comment", "Scheduled Task State", "Scheduled Type", "Start Time",
    "Start Date", "End Date", *_REST,
]  # fmt: skip
_NEWER = [
    "HostName", "TaskName", "Next Run Time", "Status", "Logon Mode", "Last Run Time", "Last Result", "Author",
    "Task To Run", "Start In", "Comment", "Scheduled Task State", "Idle Time", "Power Management", "Run As User",
    "Delete Task If Not Rescheduled", "Stop Task If Runs X Hours and X Mins", "Schedule", "Schedule Type",
    "Start Time", "Start Date", "End Date", "Days", "Months", "Repeat: Every", "Repeat: Until: Time",
    "Repeat: Until: Duration", "Repeat: Stop If Still Running",
]  # fmt: skip
_SHORT = ["TaskName", "Next Run Time", "Status"]
_WIDTHS = {"older": (36, 24, 15), "newer": (40, 22, 15)}


def render(host: Host, tasks: list[ScheduledTask], options: Options, newer: bool) -> str:
    """The answer of /query in the asked format."""
    titles = (_NEWER if newer else _OLDER) if "v" in options else _SHORT
    rows = [[_cell(host, task, title, newer) for title in titles] for task in tasks]
    shown = [language.of(host).text(title) for title in titles]
    form = options.get("fo", "table").lower()
    if form == "csv":
        return _csv(rows if "nh" in options else [shown, *rows])
    if form == "list":
        return "".join("\n" + _list(shown, row) for row in rows)
    folder = language.of(host).text("\nFolder: \\\n" if newer else "\n")
    return folder + _table(shown, rows, newer, "nh" not in options)


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _list(titles: list[str], row: list[str]) -> str:
    width = max(len(title) for title in titles) + 1
    return "".join(f"{title + ':':<{width}} {cell}\n" for title, cell in zip(titles, row, strict=True))


def _table(titles: list[str], rows: list[list[str]], newer: bool, heading: bool) -> str:
    widths = [*_WIDTHS["newer" if newer else "older"], *[20] * len(titles)][: len(titles)]
    lines = [titles, ["=" * width for width in widths]] if heading else []
    table = [" ".join(f"{cell[:w]:<{w}}" for cell, w in zip(row, widths, strict=True)) for row in [*lines, *rows]]
    return "\n".join(table) + "\n"


def _cell(host: Host, task: ScheduledTask, title: str, newer: bool) -> str:
    words, date = language.of(host), host.world.date()
    cells = {
        "HostName": host.name,
        "TaskName": f"\\{task.name}" if newer else task.name,
        "Next Run Time": words.text("N/A" if newer else "Never"),
        "Status": _status(host, task, newer),
        "Last Result": str(scheduler.last_result(task)),
        "Task To Run": task.action,
        "Run As User": task.user,
        "Start Time": task.start,
        "Start Date": words.day(date, f"{date.month}/{date.day}/{date.year}"),
        "Scheduled Type": words.text("One time only"),
        "Schedule Type": words.text("One Time Only"),
        "Scheduled Task State": words.text("Enabled"),
    }
    return cells.get(title, words.text("N/A"))


def _status(host: Host, task: ScheduledTask, newer: bool) -> str:
    words = language.of(host)
    if scheduler.running(task):
        return words.text("Running")
    if task.last_result == scheduler.LOGON_FAILURE and not newer:
        return words.text("Could not start")
    return words.text("Ready") if newer else ""
