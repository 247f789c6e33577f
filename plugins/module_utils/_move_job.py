# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""One Move-Mailbox as a detached job: the mailboxes of a batch, or the one of an earlier run that still goes on.

A network logon has no credentials for the stores, and its processes die with the shell (sources.md: detached-jobs,
double-hop). The job prints its own `key=value` lines, and at its end where each mailbox is.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ._cmdline import quote
from ._errors import Failure, first_line
from ._files import NodeFiles
from ._job import DetachedJob, JobState, Phase
from ._mailboxes import controller_clause
from ._move_report import Report, read_report
from ._node import ChannelLost, Result
from ._shell import ExchangeShell, literal, pairs
from ._task import Task
from ._wait import Limit
from ._windows import os_lines, parse_os

_LIST = "list{}.txt"
_PER_LINE = 150  # GUIDs that fit into a line of 8191 characters, with an echo each
_ROW = 38  # bytes of a GUID and its line end
_FOLDER = r"Logging\MigrationLogs"  # Move-Mailbox's own
_IMAGES = ("powershell.exe",)
_ACT_LIMIT = 120.0  # seconds for writing the list
_READ_LIMIT = 300.0  # seconds for reading a report
_DOING = "Moving mailboxes"
NO_REPORT = Report((), complete=False)


@dataclass(frozen=True)
class Order:
    """What a Move-Mailbox is told. controller: domain controller, '' for Exchange's own choice."""

    target: str
    bad_items: int = 0
    threads: int = 4
    controller: str = ""
    validate_only: bool = False

    def command(self) -> str:
        """The cmdlet with its parameters, but for mailboxes and report."""
        return (
            f"Move-Mailbox -TargetDatabase {literal(self.target)} -BadItemLimit {self.bad_items} "
            f"-MaxThreads {self.threads}{controller_clause(self.controller)}"
            f"{' -ValidateOnly' if self.validate_only else ''} -Confirm:$false"
        )


@dataclass(frozen=True)
class Outcome:
    """How a Move-Mailbox ended. moved, still: GUIDs of where the directory has them now, both empty when it died.

    passed: mailboxes that it was content with; said: its first error, in the language of Windows.
    """

    moved: frozenset[str]
    still: frozenset[str]
    whole: bool
    passed: int
    said: str
    path: str
    report: Report = NO_REPORT


def move_script(order: Order, lists: str, count: int, report: str) -> str:
    """What the job runs in PowerShell 1.0 for count mailboxes; report: full path of the XML file.

    lists: path below %SystemRoot% of the files with GUIDs, without their number and ending.

    A mailbox that can't be moved is an error that doesn't stop the others; what the shell shows of it is not read.
    """
    dc = controller_clause(order.controller)
    return (
        f"say 'report' {literal(report)}; "
        f"$l = @(0..{(count - 1) // _PER_LINE} | "
        f"ForEach-Object {{ Get-Content ($env:SystemRoot + {literal(lists)} + $_ + '.txt') }}); "
        f"$d = Get-MailboxDatabase -Identity {literal(order.target)}{dc}; "
        "$ErrorActionPreference = 'Continue'; "
        f"$l | ForEach-Object {{ Get-Mailbox -Identity $_{dc} }} | {order.command()} -ReportFile {literal(report)} | "
        "ForEach-Object { say 'status' $_.StatusCode }; "
        f"foreach ($g in $l) {{ $m = Get-Mailbox -Identity $g{dc}; "
        "if (('' + $m.Database) -eq ('' + $d.Identity)) { say 'moved' $g } else { say 'still' $g } };"
    )


def parse_output(text: str) -> Outcome:
    """What the job has printed so far."""
    found: dict[str, list[str]] = {}
    for key, value in pairs(text):
        found.setdefault(key, []).append(value)
    errors = found.get("error") or [line for line in text.splitlines() if line.strip() and "=" not in line]
    return Outcome(
        moved=frozenset(found.get("moved", [])),
        still=frozenset(found.get("still", [])),
        whole="done" in found,
        passed=found.get("status", []).count("0"),
        said=first_line(errors[0]) if errors else "",
        path=found.get("report", [""])[-1],
    )


class HeldJob(DetachedJob):
    """A job whose program is one that many others may run, too: it lives as long as its output file is held.

    cmd.exe lets nobody else write a file that it redirects to (sources.md: redirection-lock).
    """

    @property
    def signs_line(self) -> str:
        """The job's files, and whether its output file is free; nothing is written."""
        out, done = self.file("out.txt"), self.file("rc.txt")
        held = f"(if exist {out} if not exist {done} ((call )>>{out}&&echo free||echo held))"
        return f"({held}&{super().signs_line})"

    def state(self, signs: Result, tasks: Result, output: Result) -> JobState:
        """From the answers to signs_line, `tasklist` right after it, and output_line."""
        state = super().state(signs, tasks, output)
        free = "free" in signs.stdout.split()
        return replace(state, phase=Phase.DIED) if free and state.phase is Phase.RUNNING else state


class MoveJob:
    """Moves to one database, one after the other, by jobs of one name: the next run finds the last one by it."""

    def __init__(self, task: Task, shell: ExchangeShell, source: str, order: Order) -> None:
        self._task = task
        self._shell = shell
        self._order = order
        mark = hashlib.sha1(f"{source}|{order.target}".casefold().encode(), usedforsecurity=False).hexdigest()[:8]
        self._name = f"mailbox-move-{mark}"
        self._job = HeldJob(task.node, self._name, _IMAGES, "move")
        self._limit = Limit(task.params["timeout"], task.params["poll"])
        self._modern: bool | None = None

    def pending(self) -> Phase:
        """Where a job of an earlier run is; ABSENT for none."""
        state = self._job.look()
        for _look in range(3):
            if state.phase is not Phase.UNKNOWN:
                break
            self._task.clock.sleep(self._limit.poll)
            state = self._job.look()
        return state.phase

    def join(self, tell: str) -> Outcome:
        """Wait for the end of the job that is there, and take its result. Raises Failure as run() does."""
        ended = self._job.wait(self._task.clock, self._limit.timeout, self._limit.poll, self._teller(tell))
        return self._collected(ended)

    def clear(self) -> None:
        """Remove what a run that died has left before anything was begun."""
        self._job.remove()

    def run(self, guids: Sequence[str], order: Order, tell: str) -> Outcome:
        """Move, or validate, these mailboxes. Raises Failure when the job does not start, or has no end in time.

        Raises Taken where another run has begun one of the same name.
        """
        self._prepare(guids, order)
        self._start()
        return self.join(tell)

    def _prepare(self, guids: Sequence[str], order: Order) -> None:
        account = self._task.credentials
        if account is None or not account.password:
            text = "no password is at hand, and without one the job has no credentials for the mailbox stores."
            raise Failure(_DOING, self._task.node.name, text, "Give `username` and `password`.")
        logs = self._shell.folder(_FOLDER)
        report = rf"{logs}\mailops-{self._stamp(order)}.xml"
        script = move_script(order, rf"\Temp\mailops-{self._name}\list", len(guids), report)
        program = self._shell.line(script).removesuffix(" <nul")
        before = [f"if not exist {quote(logs)} md {quote(logs)}"]
        self._job.prepare(program, account, modern=self._is_modern(), before=before)
        self._write_list(guids)

    def _stamp(self, order: Order) -> str:
        what = "validate" if order.validate_only else "move"
        now = self._task.clock.now()
        return f"{what}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now * 1000) % 1000:03d}"

    def _is_modern(self) -> bool:
        if self._modern is None:
            self._modern = parse_os(*self._task.node.read_all(os_lines(), again=True)).family.startswith("2008")
        return self._modern

    def _write_list(self, guids: Sequence[str]) -> None:
        """The mailboxes, in as many files as it takes lines of cmd.exe.

        Not by standard input: a connection that breaks under it leaves a process behind that holds the file.
        """
        for number, start in enumerate(range(0, len(guids), _PER_LINE)):
            part = guids[start : start + _PER_LINE]
            file = self._job.file(_LIST.format(number))
            line = f"({'&'.join(f'echo {guid}' for guid in part)})>{file}&&(for %I in ({file}) do @echo %~zI)"
            result = self._task.node.act_line(line, timeout=_ACT_LIMIT, again=True)
            if result.stdout.strip() != str(_ROW * len(part)):
                self._job.remove()
                text = (
                    f"the list has {first_line(result.text) or 'nothing'} where {_ROW * len(part)} bytes were written."
                )
                advice = "Check the free space of the system disk there, then run again."
                raise Failure("Writing the list of mailboxes", self._task.node.name, text, advice, changed=True)

    def _start(self) -> None:
        """A start whose answer got lost is unknown: it is repeated only where nothing is seen of it."""
        try:
            self._job.run()
        except ChannelLost as lost:
            if not lost.started:
                raise
            self._task.progress(f"{lost.reason}; looking again, the move may have begun")
            self._task.node.channel.reset()
            if self.pending() is Phase.PREPARED:
                self._job.run()

    def _teller(self, tell: str) -> Any:
        shown = [""]

        def progress(state: JobState, elapsed: float) -> None:
            del elapsed
            text = f"{state.output.count('status=')} ended"
            if state.phase is Phase.UNKNOWN:
                text = "no answer from the node; the move goes on there, its state is unknown"
            if text != shown[0]:
                shown[0] = text
                self._task.progress(f"{tell}: {text}")

        return progress

    def _collected(self, ended: JobState) -> Outcome:
        """The result of a job that has ended, which is removed; what is on the node after it is the report."""
        node = self._task.node.name
        if ended.phase in (Phase.RUNNING, Phase.UNKNOWN):
            text = f"the batch still runs after {self._limit.timeout:g} s; it was not stopped."
            if ended.phase is Phase.UNKNOWN:
                text = f"the batch may still run: the node does not answer after {self._limit.timeout:g} s."
            raise Failure(_DOING, node, text, "Running again joins it, and goes on from there.", changed=True)
        outcome = parse_output(ended.output)
        if ended.phase is Phase.PREPARED:
            self._job.remove()
            text = "the scheduled task did not start."
            advice = "Check that the account may log on as a batch job there, and the Task Scheduler; then run again."
            raise Failure(_DOING, node, text, advice, changed=True)
        if ended.phase is not Phase.ABSENT:
            self._job.remove()
        return outcome

    def report(self, outcome: Outcome) -> Report:
        """The XML report of a job that has ended; an empty one where it can't be read."""
        if not outcome.path:
            return NO_REPORT
        files = NodeFiles(self._task.node, _READ_LIMIT, self._name)
        try:
            return read_report(files.read(quote(outcome.path)))
        except (Failure, ChannelLost):
            self._task.node.channel.reset()
            return NO_REPORT
