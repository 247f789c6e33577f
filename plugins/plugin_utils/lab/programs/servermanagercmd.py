# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""ServerManagerCmd.exe of Windows Server 2008 (windows-cli.md 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import language
from ..errors import ShutdownError
from ..features import Feature, catalogue, needs_restart, restart_pending
from ..files import FileSystemError
from .common import path_of, read_file, say
from .pace import take_time
from .rights import is_administrator
from .servermanager_files import Answer, not_found, query_file, read_answer, result_file
from .servermanager_line import Order, Refusal, not_valid, parse

if TYPE_CHECKING:
    from ..process import Process

LOG = r"C:\WINDOWS\Temp\ServerManager.log"
_RIGHTS = (
    "Error: Server Manager can be run only by a member of the built-in Administrators group on the local computer. You "
    "should install and remove roles and features only with elevated permissions."
)
_BUSY = "Error: Another user is running a wizard in the Server Manager user interface."
_NO_CHANGE = (
    "NoChange: No changes were made because the roles and features specified in the answer file are already installed, "
    "or have already been removed from the local computer."
)
# assumption: the sentence that comes with 1001, and what -version, -help and -whatIf print
_RESTART_FIRST = "Error: The computer must be restarted before roles and features can be installed or removed."
_USAGE = """
  {program} -query [file.xml] [-logPath log.txt]
  {program} -inputPath answer.xml [-resultPath result.xml [-restart] | -whatIf] [-logPath log.txt]
  {program} -install Id [-allSubFeatures] [-setting Name=Value] [-resultPath result.xml [-restart] | -whatIf]
  {program} -remove Id [-resultPath result.xml [-restart] | -whatIf]
  {program} -help | -version"""
_UNREADABLE = "ReadError: Failed to read the answer file: {path}"
_DOTS = 5


def main(proc: Process) -> int:
    """Run ServerManagerCmd; the exit codes are those of windows-cli.md 3.2."""
    try:
        order = parse(proc.argv[1:])
        _log(proc, order, proc.line)
        code = _run(proc, order)
    except Refusal as refusal:
        say(proc, refusal.english, **refusal.arguments)
        return refusal.code
    _log(proc, order, str(code))
    return code


def _run(proc: Process, order: Order) -> int:
    if order.act == "help":
        # what to type is the same in every language
        say(proc, "Usage:{usage}", usage=_USAGE.format(program="ServerManagerCmd.exe"))
        return 0
    if order.act == "version":
        say(proc, "Server Manager version: {version}", version=proc.host.windows.version)
        return 0
    if not (is_administrator(proc) and proc.logon.elevated):
        raise Refusal(5, _RIGHTS)
    _work(proc)
    if order.act == "query":
        return _query(proc, order)
    return _Change(proc, order).go()


def _work(proc: Process) -> None:
    """Find out what is installed, with dots meanwhile."""
    take_time(proc, "servermanagercmd")
    proc.out("." * _DOTS + "\n\n")


def _query(proc: Process, order: Order) -> int:
    offered, words = catalogue(proc.host.windows), language.of(proc.host)
    names = {feature.id: words.text(feature.name) for feature in offered.all()}
    if order.target:
        encoding = proc.host.world.physics.knobs.feature_query_encoding
        _write(proc, order.target, query_file(offered, proc.host.features, names, encoding))
        return 0
    for title, tops in (("Roles", offered.roles), ("Features", offered.features)):
        say(proc, "----- {title} -----\n", title=words.text(title))
        for top in tops:
            _rows(proc, top, names, 0)
        proc.out("\n")
    return 0


def _rows(proc: Process, feature: Feature, names: dict[str, str], depth: int) -> None:
    mark = "X" if feature.id in proc.host.features else " "
    proc.out(f"{'    ' * depth}[{mark}] {names[feature.id]}  [{feature.id}]\n")
    for child in feature.below:
        _rows(proc, child, names, depth + 1)


class _Change:
    """Installing or removing."""

    def __init__(self, proc: Process, order: Order) -> None:
        self._proc = proc
        self._host = proc.host
        self._order = order
        self._offered = catalogue(proc.host.windows)

    def go(self) -> int:
        """Refuse, or change and say so."""
        answer = self._answer()
        installing = answer.action == "Install"
        features = self._wanted(answer, installing)
        self._refuse_busy()
        if "whatif" in self._order.flags:
            return self._what_if(features, installing)
        code = self._carry_out(features, installing) if features else self._nothing()
        if self._order.result:
            _write(self._proc, self._order.result, result_file(features, installing, code))
        if code == 3010 and "restart" in self._order.flags:
            self._restart()
        return code

    def _answer(self) -> Answer:
        """What is to be done, from the command line or the answer file."""
        if self._order.act == "inputpath":
            return self._from_file()
        feature = self._offered.find(self._order.target)
        if feature is None:
            raise not_found(self._order.target)
        action = "Install" if self._order.act == "install" else "Remove"
        return Answer(action, [(feature, "allsubfeatures" in self._order.flags)])

    def _from_file(self) -> Answer:
        name = self._order.target
        try:
            data = read_file(self._proc, name)
        except FileSystemError as error:
            english = "ReadError: Answer file does not exist: {path}"
            raise Refusal(110, english if error.code in (2, 3) else _UNREADABLE, path=name) from error
        return read_answer(name, data, self._offered)

    def _wanted(self, answer: Answer, installing: bool) -> list[Feature]:
        """What has to change, dependencies or dependants included."""
        wanted: set[str] = set()
        for feature, with_all_below in answer.wanted:
            along = (
                self._offered.to_install(feature, with_all_below) if installing else self._offered.to_remove(feature)
            )
            wanted |= {member.id for member in along}
        return [f for f in self._offered.all() if f.id in wanted and (f.id in self._host.features) is not installing]

    def _refuse_busy(self) -> None:
        if self._host.world.clock.now() < self._host.wizard_until or _another_runs(self._proc):
            raise Refusal(1004, _BUSY)

    def _what_if(self, features: list[Feature], installing: bool) -> int:
        say(self._proc, "Note: Running in 'WhatIf' Mode.")
        if not features:
            return self._nothing()
        what = "installation" if installing else "removal"
        for feature in features:
            say(self._proc, "Specified for " + what + ": [{name}]", name=self._name(feature))
        if needs_restart(features, installing):
            say(self._proc, "This server may need to be restarted.")
        return 0

    def _nothing(self) -> int:
        say(self._proc, _NO_CHANGE)
        return 1003

    def _carry_out(self, features: list[Feature], installing: bool) -> int:
        physics = self._host.world.physics
        if physics.knobs.restart_blocks_features and restart_pending(self._host):
            raise Refusal(1001, _RESTART_FIRST)
        what = "Installation" if installing else "Removal"
        say(self._proc, "Start " + what + "...")
        for feature in features:
            self._proc.sleep(physics.durations.feature)
            physics.change_features(self._host, [feature], installing, self._proc)
            say(self._proc, "[" + what + "] Succeeded: [{name}].", name=self._name(feature))
        self._proc.out("<100/100>\n\n")
        restart = needs_restart(features, installing)
        say(self._proc, f"Success: {what} succeeded." + (" A restart is required." if restart else ""))
        return 3010 if restart else 0

    def _restart(self) -> None:
        try:
            self._host.world.physics.shutdown(self._host, True, 0.0, self._proc)
        except ShutdownError:
            return

    def _name(self, feature: Feature) -> str:
        return language.of(self._host).text(feature.name)


def _another_runs(proc: Process) -> bool:
    name = "servermanagercmd"
    return any(
        p is not proc and p.alive() and p.argv[0].strip('"').lower().split("\\")[-1].removesuffix(".exe") == name
        for p in proc.host.processes
    )


def _write(proc: Process, name: str, data: bytes) -> None:
    try:
        path = path_of(proc, name)
        proc.host.files.write(path, data)
    except FileSystemError as error:
        # assumption: what is said of a file that cannot be written
        raise not_valid("ArgumentNotValid: Argument not valid {argument}", argument=name) from error
    proc.host.world.truth.effect(proc.host, "file", path, proc=proc)


def _log(proc: Process, order: Order, text: str) -> None:
    """The log of Server Manager; nobody minds when it cannot be written."""
    line = f"{proc.pid}: {proc.host.world.date():%Y-%m-%d %H:%M:%S} [CommandLine] {text}\r\n"
    try:
        proc.host.files.write(path_of(proc, order.log or LOG), line.encode("utf-8"), append=True)
    except FileSystemError:
        return
