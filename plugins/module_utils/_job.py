# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Detached jobs: a program that outlives the WinRM shell, joined again by its name after any interruption.

A scheduled task runs a batch file, which writes the program's output and, last of all, its exit code: the renaming of
rc.tmp to rc.txt is the atomic sign of the end (sources.md: detached-jobs, double-hop). A network logon has no
credentials to go on with and its shell's processes die with it; a task with a password has neither trouble.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from ._cmdline import Unquotable, refuse_unsafe
from ._errors import Failure, Refusal, first_line
from ._node import ChannelLost, Node, Result
from ._task import Clock, Credentials
from ._windows import running_images

_FOLDER = r"%SystemRoot%\Temp"
_ID = re.compile(r"[a-z0-9.-]{1,40}")
_ACT_LIMIT = 120.0  # seconds for schtasks, md, rd
_START_LIMIT = 120.0  # seconds from /run to the batch file's first sign of life
_REMOVALS = 2
_FOLDER_LOOKS = 3
_NO_FOLDER = 17  # exit code of ours, for a folder that md could not make
_ACCOUNT = (
    "Check that the account is a local administrator, that its password is right and that it may log on as a batch "
    "job; then run again."
)
_ACCOUNT_TROUBLE = re.compile(r'[&|<>^()"%!]')


class Phase(Enum):
    """Where a job is. UNKNOWN: the node did not answer, or not clearly."""

    ABSENT = "absent"
    PREPARED = "prepared"
    RUNNING = "running"
    FINISHED = "finished"
    DIED = "died"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class JobState:
    """One look at a job; rc only when FINISHED; output is what the program has printed so far."""

    phase: Phase
    rc: int | None = None
    output: str = ""


class Taken(Refusal):
    """Another run prepared the same job a moment earlier: it is his, and nothing of it was touched."""

    def __init__(self, node: str, what: str) -> None:
        text = f"Another run has prepared or started the same {what} there at this moment."
        super().__init__("R2", f"Preparing {what}", node, text, "Wait for its end, then run again.")


class Gone(Failure):
    """The prepared job is not there any more: another run took it for one that a dead run left."""


class DetachedJob:
    """The job called job_id on a node; images are the process images that mean its program lives; what: for people."""

    def __init__(self, node: Node, job_id: str, images: Iterable[str], what: str = "Setup") -> None:
        if not _ID.fullmatch(job_id):
            raise ValueError(f"job id {job_id!r}: only lower-case letters, digits, dot and hyphen")
        self._node = node
        self._task = f"mailops-{job_id}"
        self._folder = rf"{_FOLDER}\mailops-{job_id}"
        self._images = frozenset(image.lower() for image in images)
        self._what = what

    # --- looking ---

    @property
    def signs_line(self) -> str:
        """Which of the job's files are there, and the exit code that its program left."""
        here = self._folder
        known = ("job.cmd", "started", "failed")
        signs = "&".join(rf"(if exist {here}\{name} echo {name.partition('.')[0]})" for name in known)
        return f"({signs}&(if exist {here}\\rc.txt type {here}\\rc.txt)&echo end)"

    @property
    def output_line(self) -> str:
        """What its program has printed so far."""
        return f"(if exist {self._folder}\\out.txt type {self._folder}\\out.txt)"

    def state(self, signs: Result, tasks: Result, output: Result) -> JobState:
        """From the answers to signs_line, `tasklist` right after it, and output_line."""
        words = signs.stdout.split()
        if "end" not in words:
            return JobState(Phase.UNKNOWN)
        rc = next((int(word) for word in words if re.fullmatch(r"-?[0-9]{1,10}", word)), None)
        if rc is not None:
            return JobState(Phase.FINISHED, rc, output.stdout)
        if "job" not in words:
            return JobState(Phase.ABSENT)
        if "failed" in words:
            # Retired: a Setup that runs now is somebody else's.
            return JobState(Phase.DIED, None, output.stdout)
        if "started" not in words:
            return JobState(Phase.PREPARED)
        return JobState(self._alive(running_images(tasks)), None, output.stdout)

    def _alive(self, images: list[str]) -> Phase:
        # tasklist needs WMI, which Setup stops for a while: an empty list is no evidence of death.
        if not images:
            return Phase.UNKNOWN
        return Phase.RUNNING if self._images & set(images) else Phase.DIED

    def look(self) -> JobState:
        """Look now; UNKNOWN when the channel breaks (it is then made anew at the next look)."""
        try:
            return states([self], self._node.read_all(look_lines([self])))[0]
        except ChannelLost:
            self._node.channel.reset()
            return JobState(Phase.UNKNOWN)

    def file(self, name: str) -> str:
        """The path of a file in the job's folder, as cmd.exe takes it; it needs no quotes."""
        return rf"{self._folder}\{name}"

    def file_line(self, name: str) -> str:
        """A line that types a file of the job's folder."""
        return f"type {self.file(name)}"

    # --- acting ---

    def prepare(self, program: str, account: Credentials, *, modern: bool, before: Sequence[str] = ()) -> None:
        """Write the batch file and register the task; modern: Windows 2008 or later. Nothing runs before run().

        program and before are batch text; before runs first, in the job's folder. Raises Failure when a step does not
        succeed; what it left is removed again. Raises Taken where another run was faster.
        """
        _refuse_account(account, self._node.name)
        try:
            self._prepare(program, account, before, modern=modern)
        except Taken:
            raise
        except Failure:
            self._clear()
            raise

    def _prepare(self, program: str, account: Credentials, before: Sequence[str], *, modern: bool) -> None:
        try:
            self._write(program, before)
            self._register(account, modern=modern)
        except ChannelLost as lost:
            if not lost.started:
                raise
            # How far it came is unknown, but nothing of it runs yet: away with it, and once more.
            self._node.channel.reset()
            self._clear()
            self._write(program, before)
            self._register(account, modern=modern)

    def run(self) -> None:
        """Start the prepared task, unless another run has. Raises Failure when Windows does not start it, or Gone."""
        go = rf"{self._folder}\go"
        doing = "Starting the scheduled task"
        try:
            self._act(doing, f"echo go>{go}&&schtasks /run /tn {self._task} <nul||(del {go}&exit 1)")
        except Failure:
            phase = self.look().phase
            if phase is Phase.ABSENT:
                text = "another run has removed what was prepared."
                raise Gone(doing, self._node.name, text, "Run again when that run has ended.", changed=True) from None
            if phase not in (Phase.RUNNING, Phase.FINISHED):
                raise

    def _write(self, program: str, before: Sequence[str]) -> None:
        batch = [
            "@echo off",
            f"cd /d {self._folder}",
            # The task also fires by itself at its start time: that must neither begin the job nor repeat it.
            "if not exist go exit /b 1",
            "md started || exit /b 1",
            *before,
            f"{program} >out.txt 2>&1 <nul",
            # A digit right before > would name a handle, so the redirection comes first.
            ">rc.tmp echo %ERRORLEVEL%",
            "ren rc.tmp rc.txt",
        ]
        text = "&".join(f"echo {_echoed(line)}" for line in batch)
        # Of two runs only one can make the folder, and until then nothing is touched that may be the other's. A task of
        # that name, whose files are gone, would make /create ask a question; mostly there is none to be deleted.
        gone = f"(schtasks /delete /tn {self._task} /f <nul >nul 2>nul || ver >nul)"
        line = rf"(md {self._folder} || exit {_NO_FOLDER}) && ({text})>{self._folder}\job.cmd && {gone}"
        advice = f"Check free space and rights in {_FOLDER} there; then run again."
        try:
            self._act("Writing the batch file", line, advice=advice)
        except Failure as failure:
            if failure.data["rc"] == _NO_FOLDER and self._is_there():
                raise Taken(self._node.name, self._what) from None
            raise

    def _is_there(self) -> bool:
        """Whether somebody prepares the job. He needs a moment from the folder to the batch file."""
        return any(self.look().phase is not Phase.ABSENT for _look in range(_FOLDER_LOOKS))

    def _register(self, account: Credentials, *, modern: bool) -> None:
        options = "/rl HIGHEST /f " if modern else ""
        create = (
            rf"schtasks /create /tn {self._task} /tr {self._folder}\job.cmd /sc once /st 23:59 {options}"
            f'/ru "{account.user}" /rp '
        )
        # The password comes in by standard input, so that no command line that Windows logs or WinRM carries has it;
        # delayed expansion puts it in after cmd has parsed the line, so that no character in it matters to cmd.
        self._act(
            "Registering the scheduled task",
            f'cmd /v:on /c "set /p P=&{create}"!P!""',
            stdin=_as_argument(account.password).encode("utf-8") + b"\r\n",
            shown=f"{create}********",
        )

    @property
    def _removal(self) -> str:
        # The task goes first: Windows keeps its password. The files, by which the next run knows of it, stay while it
        # is listed. Its deletion fails as well where it is gone already: then only a list that can be read counts.
        here, listed, find = self._folder, "schtasks /query /fo csv /nh <nul", f'find /i "{self._task}"'
        rest = f"rd /s /q {here}"
        return (
            f"(schtasks /delete /tn {self._task} /f <nul && ({listed} | {find} >nul || {rest})) || "
            rf"({listed} >{here}\tasks.txt && ({find} {here}\tasks.txt >nul || {rest}))"
        )

    def _clear(self) -> Result:
        return self._node.act_line(self._removal, timeout=_ACT_LIMIT, again=True)

    def remove(self) -> None:
        """Delete the task with its stored password, then the files. Raises Failure when they stay."""
        for _attempt in range(_REMOVALS):
            result = self._clear()
            if self.look().phase is Phase.ABSENT:
                return
        raise Failure(
            "Removing the finished job",
            self._node.name,
            f"{self._folder} is still there: {first_line(result.text) or 'no message'}.",
            f"Delete the scheduled task {self._task} and that folder by hand; then run again.",
            changed=True,
        )

    def retire(self) -> None:
        """After a Setup that failed: delete the task, keep the folder as the sign that the unfinished Setup is ours."""
        gone = f"schtasks /delete /tn {self._task} /f <nul"
        here = self._folder
        line = rf"{gone} & del /q {here}\rc.txt {here}\go & md {here}\failed"
        self._node.act_line(line, timeout=_ACT_LIMIT, again=True)

    def _act(
        self, doing: str, line: str, *, stdin: bytes | None = None, shown: str | None = None, advice: str = _ACCOUNT
    ) -> None:
        result = self._node.act_line(line, timeout=_ACT_LIMIT, stdin=stdin, shown=shown)
        if result.rc != 0:
            raise Failure(
                doing,
                self._node.name,
                f"exit code {result.rc}: {first_line(result.stderr) or first_line(result.stdout) or 'no output'}",
                advice,
                changed=True,
                rc=result.rc,
                stdout=result.stdout,
                stderr=result.stderr,
            )

    # --- waiting ---

    def wait(self, clock: Clock, timeout: float, poll: float, progress: Callable[[JobState, float], None]) -> JobState:
        """Wait until the job ends; timeout and poll in seconds; progress gets each look and the seconds so far.

        Returns FINISHED or DIED; RUNNING, PREPARED or UNKNOWN when the time ran out: then the job goes on, and running
        again joins it.
        """
        begun = clock.now()
        suspicions = 0
        while True:
            state = self.look()
            elapsed = clock.now() - begun
            progress(state, elapsed)
            suspicions = suspicions + 1 if self._suspicious(state, elapsed) else 0
            if state.phase is Phase.FINISHED or suspicions > 2:
                return state
            if elapsed > timeout:
                return state
            clock.sleep(poll)

    @staticmethod
    def _suspicious(state: JobState, elapsed: float) -> bool:
        """No sign of life. Between the batch file's lines that is normal, so it takes several looks."""
        late = state.phase is Phase.PREPARED and elapsed > _START_LIMIT
        return late or state.phase in (Phase.DIED, Phase.ABSENT)


def look_lines(jobs: Sequence[DetachedJob]) -> list[str]:
    """Command lines of one look at some jobs of a node, for states(). One task list, which takes a second, does."""
    return [*(job.signs_line for job in jobs), "tasklist /nh /fo csv", *(job.output_line for job in jobs)]


def states(jobs: Sequence[DetachedJob], results: Sequence[Result]) -> list[JobState]:
    """From the results of look_lines()."""
    count = len(jobs)
    signs, tasks, outputs = results[:count], results[count], results[count + 1 :]
    return [job.state(s, tasks, output) for job, s, output in zip(jobs, signs, outputs, strict=True)]


def _refuse_account(account: Credentials, node: str) -> None:
    """Raise what is wrong with an account before anything is written; a password is never quoted."""
    if _ACCOUNT_TROUBLE.search(account.user):
        raise Unquotable(account.user, "a user name with special characters can't be given to schtasks")
    refuse_unsafe(account.user)
    if any(ord(char) < 0x20 for char in account.password):
        text = f"the password of {account.user} holds a line break or another control character."
        raise Failure("Registering the scheduled task", node, text, "Give the password without it.")


def _echoed(line: str) -> str:
    """A batch line as the argument of echo on a command line; a percent sign is written through its escape trick.

    `%^NAME%` stays as typed on a command line (no such variable), then the caret goes (sources.md: cmd-quoting).
    """
    out, quoted = [], False
    for char in line:
        quoted ^= char == '"'
        out.append(f"^{char}" if char in "&|<>()^" and not quoted else char)
    return re.sub(r"%(\w+)%", r"%^\1%", "".join(out)) if "ERRORLEVEL" in line else "".join(out)


def _as_argument(password: str) -> str:
    """The password between two quotes as the C runtime reads it: quotes and the backslashes before them escaped."""
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', password)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return escaped + "\\" * trailing
