# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The task scheduler service: runs a task's command line in a batch logon, apart from any shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmd.streams import BytesStdin, NullSink
from .process import Logon

if TYPE_CHECKING:
    from .world import Host, ScheduledTask

NEVER_RAN = 267011
RUNNING = 267009
LOGON_FAILURE = -2147023570  # 0x8007052E
_LIMIT = 72 * 3600.0  # lab seconds; transport.md 7: a task is stopped after 72 hours


def running(task: ScheduledTask) -> bool:
    """Whether the task's process has not ended."""
    return task.process is not None and task.process.alive() and not task.process.done.is_set()


def last_result(task: ScheduledTask) -> int:
    """The exit code of the last run, or the scheduler's own number (windows-cli.md 4.1)."""
    if running(task):
        return RUNNING
    if task.process is not None and task.process.exit_code is not None:
        return task.process.exit_code
    return task.last_result


def run(host: Host, task: ScheduledTask) -> None:
    """Start the task unless it runs already or cannot log on."""
    from .cmd import start

    if running(task):
        return
    user = task.user.rpartition("\\")[2].lower()
    system = user == "system"
    if not system and host.passwords.get(user) != task.password:
        task.process, task.last_result = None, LOGON_FAILURE
        return
    logon = Logon(task.user, "service" if system else "batch", task.elevated)
    codepage = f"cp{host.windows.oem_codepage}"
    task.process = start(
        host, task.action, logon, stdin=BytesStdin(), stdout=NullSink(), stderr=NullSink(), codepage=codepage
    )
    host.world.physics.timers.later(("task", host.name, task.name.lower()), _LIMIT, lambda: end(task))


def schedule(host: Host, task: ScheduledTask, seconds: float) -> None:
    """Start the task once, after lab seconds, if it still exists and the service runs then."""

    def fire() -> None:
        if host.tasks.get(task.name.lower()) is task and host.answers() and serves(host):
            run(host, task)

    host.world.physics.timers.later(("trigger", host.name, task.name.lower()), seconds, fire)


def end(task: ScheduledTask) -> None:
    """Kill the task's process with all below it."""
    if task.process is not None:
        task.process.kill()


def serves(host: Host) -> bool:
    """Whether the task scheduler service runs."""
    service = host.services.get("schedule")
    return service is not None and service.state == "running"
