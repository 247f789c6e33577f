# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The XML report and the log of Move-Mailbox.

assumption: the names of the elements. That there is a TaskHeader, TaskDetails with an Item for each mailbox, and a
TaskFooter is general knowledge; no sample could be read.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from .. import language
from ..errors import CmdletError
from ..files import FileSystemError
from ..mail_store import MailDatabase
from .mail_objects import address, distinguished

if TYPE_CHECKING:
    from ..mail_moves import Move, MoveOrder
    from ..process import Process

FOLDER = "Logging\\MigrationLogs"
_KILOBYTE = 1024


class MoveReport:
    """Written while the moves go on: a report whose end is missing is that of a process that died."""

    def __init__(self, proc: Process, xml: str, folder: str) -> None:
        self._proc = proc
        self._world = proc.host.world
        stamp = self._world.date().strftime("%Y%m%d-%H%M%S-") + f"{self._world.date().microsecond * 10:07d}"
        self.log = f"{folder}\\move-Mailbox{stamp}.log"
        self.xml = xml or f"{folder}\\move-Mailbox{stamp}.xml"
        self._results = {"ok": 0, "failed": 0}

    def begin(self, order: MoveOrder) -> None:
        """Make both files; CmdletError when that is impossible."""
        try:
            self._proc.host.files.mkdir(self.log.rpartition("\\")[0], exist_ok=True)
            for path in (self.xml, self.log):
                self._proc.host.files.write(path, b"\xef\xbb\xbf")
                self._world.truth.effect(self._proc.host, "file", "write", path, self._proc)
        except FileSystemError as error:
            raise CmdletError(f"The report file '{self.xml}' cannot be written.", "ReportFile") from error
        self._log("Move-Mailbox started")
        self._write(self.xml, _header(self._proc.logon.user, self._now(), order))

    def add(self, move: Move) -> None:
        """One move ended."""
        self._results["failed" if move.code else "ok"] += 1
        said = self.words(move)
        self._log(f"[{move.mailbox.alias}] {said}")
        self._write(self.xml, _item(move, said, self._date(move.started), self._date(move.ended)))

    def words(self, move: Move) -> str:
        """What became of a mailbox, in the language of this computer."""
        return language.of(self._proc.host).sentence(outcome(move))

    def end(self) -> None:
        """Everything was tried."""
        self._log("Move-Mailbox finished")
        done, failed = self._results["ok"], self._results["failed"]
        self._write(
            self.xml,
            "  </TaskDetails>\n  <TaskFooter>\n"
            f"    <EndTime>{_time(self._now())}</EndTime>\n"
            f"    <Success>{done}</Success>\n    <Failed>{failed}</Failed>\n"
            "  </TaskFooter>\n</Move-Mailbox>\n",
        )

    def _now(self) -> datetime:
        return self._world.date()

    def _date(self, lab_seconds: float) -> datetime:
        return self._world.start_date + timedelta(seconds=lab_seconds)

    def _log(self, text: str) -> None:
        now = f"{self._now():%m/%d/%Y %I:%M:%S %p}"
        self._write(self.log, f"[{now}] [{self._proc.logon.user}] {' '.join(text.split())}\n")

    def _write(self, path: str, text: str) -> None:
        """What is on its way isn't given up for a report that can't be written."""
        try:
            self._proc.host.files.write(path, text.replace("\n", "\r\n").encode("utf-8"), append=True)
        except FileSystemError:
            return


def outcome(move: Move) -> str:
    """What became of a mailbox, in English."""
    if not move.code:
        return "This mailbox can be moved." if move.stage == "Validation" else "Mailbox was moved successfully."
    return f"Error occurred in the step: {move.stage}. {move.message}, error code: {move.code}"


def _header(user: str, now: datetime, order: MoveOrder) -> str:
    options = {
        "TargetDatabase": order.target.identity,
        "BadItemLimit": str(order.bad_items),
        "MaxThreads": str(order.threads),
        "ValidateOnly": str(order.validate_only),
    }
    lines = "".join(f"      <{name}>{escape(value)}</{name}>\n" for name, value in options.items())
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<Move-Mailbox>\n  <TaskHeader>\n'
        f"    <RunningAs>{escape(user)}</RunningAs>\n    <StartTime>{_time(now)}</StartTime>\n"
        f"    <Options>\n{lines}    </Options>\n  </TaskHeader>\n  <TaskDetails>\n"
    )


def _item(move: Move, said: str, started: datetime, ended: datetime) -> str:
    mailbox = move.mailbox
    failed = "True" if move.code else "False"
    return (
        f"    <Item MailboxName={quoteattr(mailbox.name)}>\n"
        f"      <Identity>{escape(distinguished(mailbox))}</Identity>\n"
        f"      <Alias>{escape(mailbox.alias)}</Alias>\n"
        f"      <PrimarySmtpAddress>{escape(address(mailbox))}</PrimarySmtpAddress>\n"
        + _place("Source", move.source)
        + _place("Target", move.target)
        + f"      <MailboxSize>{mailbox.size // _KILOBYTE}KB</MailboxSize>\n"
        f"      <StartTime>{_time(started)}</StartTime>\n      <EndTime>{_time(ended)}</EndTime>\n"
        f'      <Result IsWarning="False" IsError="{failed}" ErrorCode="{move.code}">{escape(said)}</Result>\n'
        "    </Item>\n"
    )


def _place(name: str, database: MailDatabase) -> str:
    return (
        f"      <{name}>\n        <Server>{escape(database.server.name)}</Server>\n"
        f"        <Database>{escape(database.identity)}</Database>\n      </{name}>\n"
    )


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
