# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A channel over a small played node that moves mailboxes: a job's folder and task, the directory, and the reports.

What goes wrong is set beforehand: which mailboxes fail and how often, which Move-Mailbox dies, where the channel
breaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ansible_collections.mailops.exchange2007.plugins.module_utils._files import armoured, sha1
from ansible_collections.mailops.exchange2007.plugins.module_utils._mailboxes import Mailbox
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Hear, Result
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    EXCHANGE,
    FakeClock,
    joined,
    split_lines,
)
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_mailboxes import NEW, box, line
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_move_report import document, item

_KEY = f"{EXCHANGE}\\Setup\r\n    MsiInstallPath    REG_SZ    C:\\Exchange\\\r\n"
_ALIVE = '"powershell.exe","77","Services","0","1 K"\r\n'
_IDLE = '"System","4","Services","0","1 K"\r\n'


@dataclass
class Job:
    """The job's folder. looks: how many more until its end is seen; dies: its batch file never ends.

    orphaned: the node was restarted, and what runs there is somebody else's PowerShell.
    """

    batch: str = ""
    guids: list[str] = field(default_factory=list)
    started: bool = False
    out: str = ""
    rc: str = ""
    looks: int = 0
    dies: bool = False
    orphaned: bool = False


class Store:
    """The channel. codes: alias -> (error code, how often); dies: moves after which each Move-Mailbox is killed."""

    def __init__(self, *waiting: Mailbox, there: tuple[Mailbox, ...] = (), looks: int = 0) -> None:
        self.clock = FakeClock()
        self.waiting = {mailbox.guid: mailbox for mailbox in waiting}
        self.there = {mailbox.guid: mailbox for mailbox in there}
        self.mounted = "True"
        self.codes: dict[str, tuple[int, int]] = {}
        self.dies: list[int] = []  # one entry for each Move-Mailbox to come
        self.mute: list[bool] = []  # whether the report of each is lost
        self.broken: list[tuple[str, bool]] = []  # (pattern of a line, whether it was run)
        self.refuses: list[tuple[str, int]] = []  # (pattern of a line, exit code)
        self.job: Job | None = None
        self.looks = looks
        self.batches: list[list[str]] = []  # aliases of each Move-Mailbox
        self.validated: list[list[str]] = []
        self.report = b""
        self.lines: list[str] = []
        self.acts: list[str] = []
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1

    def run(self, line: str, *, stdin: bytes | None, timeout: float, hear: Hear | None = None) -> Result:
        assert timeout > 0
        del stdin, hear
        self.lines.append(line)
        found = next((each for each in self.broken if re.search(each[0], line)), None)
        if found:
            self.broken.remove(found)
            if found[1]:
                self._answer(line)
            raise ChannelLost("n1", "the connection broke", started=True)
        return self._answer(line)

    def _answer(self, line: str) -> Result:
        refused = next((each for each in self.refuses if re.search(each[0], line)), None)
        if refused:
            self.refuses.remove(refused)
            return Result(refused[1], "", "access denied")
        parts = split_lines(line)
        return joined(*(self._one(part) for part in parts)) if len(parts) > 1 else self._single(line)

    def _single(self, line: str) -> Result:
        act = next((name for pattern, name in _ACTS if re.search(pattern, line)), "")
        if not act:
            answer = self._one(line)
            return joined(answer) if " 2>&1 & call echo" in line else answer
        self.acts.append(act)
        result: Result = getattr(self, f"_{act}")(line)
        return result

    # --- what only looks

    def _one(self, line: str) -> Result:
        answers: tuple[tuple[str, Callable[[], Result]], ...] = (
            ("^reg query .*v8.0", lambda: Result(0, _KEY)),
            ("^reg query", lambda: Result(1)),
            ("^ver", lambda: Result(0, "Microsoft Windows [Version 6.0.6001]")),
            (r"\(\(if exist .*\(call \)>>.*job.cmd", self._signs),
            ("^tasklist", self._tasks),
            ("out.txt", lambda: Result(0, self.job.out if self.job else "")),
            ("say 'list' 'there'", self._listing),
            ("^certutil -f -encode", lambda: Result(0 if self.report else 1)),
            (r"^type .*-look\.b64", lambda: Result(0, armoured(self.report).decode())),
            ("^certutil -hashfile", lambda: Result(0, sha1(armoured(self.report)))),
            ("^del /f /q", lambda: Result(0)),
        )
        answer = next((answer for pattern, answer in answers if re.search(pattern, line)), None)
        assert answer, f"nobody expected: {line}"
        return answer()

    def _signs(self) -> Result:
        job = self.job
        if job is None:
            return Result(0, "end\r\n")
        ended = job.started and not job.dies and job.looks <= 0
        job.looks -= job.started
        free = ["free"] if job.orphaned else []
        words = [*free, "job", *(["started"] if job.started else []), *([job.rc] if ended else []), "end"]
        return Result(0, "".join(f"{word}\r\n" for word in words))

    def _tasks(self) -> Result:
        alive = self.job is not None and self.job.started and not self.job.dies
        return Result(0, _IDLE + (_ALIVE if alive else ""))

    def _listing(self) -> Result:
        rows = [rf"target={NEW}", f"mounted={self.mounted}", "list=there", *map(line, self.there.values())]
        return Result(0, "\r\n".join([*rows, "list=waiting", *map(line, self.waiting.values()), "done=1\r\n"]))

    # --- what acts

    def _write(self, line: str) -> Result:
        if self.job is not None:
            return Result(17, "", "already exists")
        self.job = Job(batch=line)
        return Result(0)

    def _create(self, line: str) -> Result:
        del line
        return Result(0)

    def _fill(self, line: str) -> Result:
        assert self.job is not None
        guids = re.findall(r"echo ([0-9a-f-]{36})", line)
        first = ">%SystemRoot%" in line and "list0.txt" in line
        self.job.guids = guids if first else self.job.guids + guids
        return Result(0, f"{38 * len(guids)}\r\n")

    def _start(self, line: str) -> Result:
        del line
        job = self.job
        assert job is not None
        job.started, job.looks = True, self.looks
        self._move(job, validate="-ValidateOnly" in job.batch)
        return Result(0)

    def _remove(self, line: str) -> Result:
        del line
        self.job = None
        return Result(0)

    def _move(self, job: Job, *, validate: bool) -> None:
        """All at once; the looks come later."""
        dies = self.dies.pop(0) if self.dies and not validate else len(job.guids)
        everybody = {**self.there, **self.waiting}
        asked = [everybody[guid] for guid in job.guids]
        (self.validated if validate else self.batches).append([mailbox.alias for mailbox in asked])
        rows, items = [r"report=C:\r.xml"], []
        for mailbox in asked[:dies]:
            code = self._code(mailbox)
            items.append(item(mailbox, code))
            rows.append(f"status={code}")
            if not code and not validate:
                self.there[mailbox.guid] = replace(self.waiting.pop(mailbox.guid), database=NEW)
        whole = dies >= len(job.guids)
        if whole:
            rows += [f"{'moved' if guid in self.there else 'still'}={guid}" for guid in job.guids]
        lost = self.mute.pop(0) if self.mute and not validate else False
        self.report = b"" if lost else document(*items) if whole else document(*items, end="")
        job.out = "".join(f"{row}\r\n" for row in [*rows, *(["done=1"] if whole else [])])
        job.rc = "0" if whole else "-1"

    def _code(self, mailbox: Mailbox) -> int:
        code, times = self.codes.get(mailbox.alias, (0, 0))
        self.codes[mailbox.alias] = (code, times - 1)
        return code if times > 0 else 0


_ACTS = (
    (r"^\(md \S+mailops-mailbox-move-[0-9a-f]{8} ", "write"),
    ("schtasks /create", "create"),
    (r"^\(echo [0-9a-f-]{36}", "fill"),
    ("schtasks /run", "start"),
    (r"^\(schtasks /delete", "remove"),
)


def boxes(count: int) -> tuple[Mailbox, ...]:
    """user1, user2 …"""
    return tuple(box(number) for number in range(1, count + 1))
