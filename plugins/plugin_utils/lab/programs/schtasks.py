# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""schtasks.exe: create, run, query, delete, end (windows-cli.md 4)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .. import language, scheduler
from ..world import ScheduledTask
from . import schtasks_tables
from .pace import take_time
from .schtasks_options import Options, UsageError, parse

if TYPE_CHECKING:
    from ..process import Process

_SYSTEM = ("system", "nt authority\\system", "")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
_NO_SERVICE = "The task scheduler service is not running."


def main(proc: Process) -> int:
    """Run schtasks; the exit code is 0 or 1."""
    take_time(proc, "schtasks")
    newer = proc.host.windows.version.startswith("6.")
    try:
        options = parse(proc.argv[1:], newer)
        if not scheduler.serves(proc.host):
            raise UsageError(_NO_SERVICE)
        return _Call(proc, options, newer).go()
    except UsageError as error:
        proc.err(_text(proc, f"ERROR: {error}"))
        return 1


class _Call:
    """One call on one host."""

    def __init__(self, proc: Process, options: Options, newer: bool) -> None:
        self._proc = proc
        self._host = proc.host
        self._options = options
        self._newer = newer

    def go(self) -> int:
        """Do what the verb says."""
        verbs = {"create": self._create, "run": self._run, "delete": self._delete, "end": self._end}
        if self._options.verb == "query":
            return self._query()
        return verbs[self._options.verb]()

    def _create(self) -> int:
        name = self._name()
        if name.lower() in self._host.tasks and "f" not in self._options and not self._replace(name):
            return 1
        seconds = self._seconds()
        task = self._task(name)
        with self._host.world.lock:
            self._host.tasks[name.lower()] = task
            self._effect("create", name)
            if seconds is not None:
                scheduler.schedule(self._host, task, seconds)
        return 0

    def _task(self, name: str) -> ScheduledTask:
        user = self._options.get("ru", self._proc.logon.user)
        system = user.lower() in _SYSTEM
        password = "" if system else self._password(user)
        known = system or self._host.passwords.get(user.rpartition("\\")[2].lower()) == password
        if not known and self._newer:
            raise UsageError("The user name or password is incorrect.")
        if known:
            self._say(f'SUCCESS: The scheduled task "{name}" has successfully been created.')
        else:
            # assumption: 2003 makes the task all the same, and it fails when it is run
            self._say(
                f'WARNING: The scheduled task "{name}" has been created, but may not run because the account '
                "information could not be set."
            )
        elevated = not self._newer or system or self._options.get("rl", "").lower() == "highest"
        run_as = "NT AUTHORITY\\SYSTEM" if system else user
        return ScheduledTask(
            name, self._options.get("tr"), run_as, password=password, elevated=elevated, start=self._options.get("st")
        )

    def _password(self, user: str) -> str:
        password = self._options.get("rp", "*")
        if password != "*":
            return password
        self._proc.out(_text(self._proc, f"Please enter the run as password for {user}: ", end=""))
        return self._answer()

    def _seconds(self) -> float | None:
        """Lab seconds until a /sc once task starts by itself; None for never."""
        if self._options.get("sc").lower() != "once":
            return None
        found = _TIME.fullmatch(self._options.get("st"))
        if not found or int(found[1]) > 23 or int(found[2]) > 59:
            raise UsageError("Invalid starttime value.")
        now = self._host.world.date()
        start = datetime(now.year, now.month, now.day, int(found[1]), int(found[2]))
        if start <= now:
            self._say("WARNING: Task may not run because /ST is earlier than current time.")
            return None
        return (start - now) / timedelta(seconds=1)

    def _run(self) -> int:
        with self._host.world.lock:
            task = self._find()
            self._effect("run", task.name)
            scheduler.run(self._host, task)
        self._say(f'SUCCESS: Attempted to run the scheduled task "{task.name}".')
        return 0

    def _delete(self) -> int:
        names = list(self._host.tasks) if self._options.get("tn") == "*" else [self._find().name.lower()]
        if "f" not in self._options and not self._confirm(f'remove the task "{self._options.get("tn")}"'):
            return 1
        for name in names:
            with self._host.world.lock:
                task = self._host.tasks.pop(name)
                self._effect("delete", task.name)
            self._say(f'SUCCESS: The scheduled task "{task.name}" was successfully deleted.')
        return 0

    def _end(self) -> int:
        with self._host.world.lock:
            task = self._find()
            if scheduler.running(task):
                self._effect("end", task.name)
                scheduler.end(task)
        self._say(f'SUCCESS: The scheduled task "{task.name}" has been terminated successfully.')
        return 0

    def _query(self) -> int:
        with self._host.world.lock:
            tasks = [self._find()] if "tn" in self._options else list(self._host.tasks.values())
            if not tasks:
                self._say("INFO: There are no scheduled tasks present in the system.")
                return 0
            self._proc.out(schtasks_tables.render(self._host, tasks, self._options, self._newer))
        return 0

    def _find(self) -> ScheduledTask:
        name = self._name()
        task = self._host.tasks.get(name.lower())
        if task is None:
            shown = f"\\{name}" if self._newer else name
            raise UsageError(f'The specified task name "{shown}" does not exist in the system.')
        return task

    def _name(self) -> str:
        name = self._options.get("tn")
        if not self._newer and re.search(r'[\\/:*?"<>|]', name):
            raise UsageError("The filename, directory name, or volume label syntax is incorrect.")
        return name.lstrip("\\") if self._newer else name

    def _replace(self, name: str) -> bool:
        # windows-cli.md 4.1: an existing name asks on stdin, and an open pipe hangs
        return self._ask(f'WARNING: The task name "{name}" already exists. Do you want to replace it (Y/N)? ')

    def _confirm(self, what: str) -> bool:
        return self._ask(f"WARNING: Are you sure you want to {what} (Y/N )? ")

    def _ask(self, question: str) -> bool:
        self._proc.out(_text(self._proc, question, end=""))
        return self._answer().strip().lower() == "y"

    def _answer(self) -> str:
        return self._proc.stdin.readline(self._proc.alive) or ""

    def _effect(self, what: str, name: str) -> None:
        self._host.world.truth.effect(self._host, "task", what, name, self._proc)

    def _say(self, english: str) -> None:
        self._proc.out(_text(self._proc, english))


def _text(proc: Process, english: str, end: str = "\n") -> str:
    return language.of(proc.host).text(english.replace("{", "{{").replace("}", "}}")) + end
