# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""One run of Exchange Setup: the order of its checks and steps, its words and its exit code (exchange.md 3)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .. import exchange_registry
from ..files import parent
from ..invariants import runs_setup
from ..releases import release_of
from ..setup_faults import SETUP_FAULTS
from . import setup_checks, setup_directory, setup_early
from .setup_arguments import ArgumentError, Arguments, parse
from .setup_console import Console, Log
from .setup_mishaps import Mishap, Stopped, at_line, at_start
from .setup_steps import ACTIONS, Step, StepError, Work

if TYPE_CHECKING:
    from ..process import Process
    from ..world import Host, Version
    from .setup_checks import Check

_SUCCESS = "The Microsoft Exchange Server setup operation completed successfully."
_FAILURE = (
    "The Exchange Server Setup operation did not complete. For more information, visit "
    "http://support.microsoft.com and enter the Error ID."
)
_ERROR = "Exchange Server setup encountered an error."


class Refused(Exception):
    """Setup ends; early: before it printed any check."""

    def __init__(self, message: str = "", early: bool = False) -> None:
        super().__init__(message)
        self.early = early


class Run:
    """One run of Setup, from its first line to its last."""

    def __init__(self, proc: Process, image: str) -> None:
        self._proc = proc
        self._host = proc.host
        self._physics = proc.host.world.physics
        self._times = self._physics.durations
        entry = proc.host.files.entry(image)
        self._version = _version(entry.version if entry and entry.version else "8.0.685.25")
        self._source = _source(image)
        self._console = Console(proc, self._physics.knobs)
        self._log = Log(proc)
        self._work = Work(proc, self._version)

    def go(self) -> int:
        """Print, check, work; returns 0 or 1."""
        self._console.line("")
        self._console.line("Welcome to Microsoft Exchange Server 2007 Unattended Setup")
        try:
            arguments = parse(self._proc.argv[1:])
            self._open_log(arguments)
            self._console.line("Preparing Exchange Setup")
            self._act(arguments)
        except ArgumentError as error:
            self._console.line(str(error))
            return self._failed(early=True)
        except Refused as refusal:
            self._log.write(f"[ERROR] {refusal}")
            return self._failed(refusal.early)
        except Stopped:
            return 0
        return self._succeeded()

    def _succeeded(self) -> int:
        self._end("completed successfully")
        fault = self._host.world.faults.setup_moment(self._host, "end")
        how = fault.name if fault else ""
        if fault and (change := SETUP_FAULTS[how].change):
            change(self._proc, self._source)
        if self._physics.knobs.setup_success_sentence and how != "setup_no_success":
            self._console.line(_SUCCESS)
        return 1 if how == "setup_exit_1" else 0

    def _failed(self, early: bool) -> int:
        self._end("failed")
        if not early:
            self._console.line(_FAILURE)
        self._console.line(_ERROR)
        return 1

    def _end(self, how: str) -> None:
        self._log.write(f"End of Setup: {how}.")

    def _open_log(self, arguments: Arguments) -> None:
        self._log.write("Starting Microsoft Exchange 2007 Setup")
        self._log.write("*" * 46)
        shown = release_of(self._version).shown if self._version[:2] == (8, 0) else self._version
        self._log.write(f"Setup version: {exchange_registry.dotted(shown)}.")
        self._log.write(f"Logged on user: {self._proc.logon.user}.")
        parameters = {**arguments.given, "sourcedir": arguments.given.get("sourcedir", self._source)}
        for name, value in parameters.items():
            self._log.write(f"Command Line Parameter Name='{name}', Value='{value}'.")

    def _act(self, arguments: Arguments) -> None:
        if runs_setup(self._host, apart_from=(self._proc, self._proc.parent)):
            raise Refused("Another instance of Setup is running.", early=True)
        self._proc.sleep(self._times.setup_start)
        mishap = at_start(self._proc, self._source)
        self._refuse(mishap.text)
        self._refuse(setup_early.refusal(self._proc, arguments.given))
        if arguments.act == "upgrade":
            self._upgrade()
        elif arguments.act == "upgradecms":
            self._upgrade_cms()
        elif arguments.act in setup_directory.ORDERS:
            self._prepare(arguments.act)
        else:
            raise Refused(f"The lab does not play '{arguments.act}'.", early=True)

    def _refuse(self, sentence: str | None) -> None:
        if sentence:
            raise Refused(sentence, early=True)

    def _upgrade(self) -> None:
        if self._source[:1].upper() != "C":
            self._run_step(Step("Copying Setup Files", self._times.setup_copy, role=""), "")
        self._console.line("The following server roles will be upgraded")
        for role in ("Mailbox Role", "Management Tools"):
            self._console.line(role, indent=4)
        action = ACTIONS["upgrade"]
        steps = [*self._work.organization(), *self._work.upgrade()]
        left = self._left(steps, action)
        self._check(action, left is steps)
        if left is steps:
            self._host.world.truth.invariants.before_upgrade(self._host, self._version)
        self._configure(left, action)

    def _upgrade_cms(self) -> None:
        truth = self._host.world.truth
        truth.invariants.before_upgrade_cms(self._host, setup_checks.cms_here(self._host), self._version)
        self._console.line("Performing Microsoft Exchange Server Prerequisite Check")
        action = ACTIONS["upgradecms"]
        checks = (setup_checks.restart_pending, setup_checks.unfinished(action), setup_checks.cms_node)
        name = "Clustered Mailbox Server Checks"
        self._check_line(name, self._times.setup_cms_checks, (*checks, setup_checks.cms_itself))
        self._configure(self._work.upgrade_cms(), action)

    def _prepare(self, act: str) -> None:
        order = setup_directory.ORDERS[act]
        self._console.line("No server roles will be installed")
        self._console.line("Performing Microsoft Exchange Server Prerequisite Check")
        checks = (partial(setup_directory.newer_there, act=act), self._rights_for(order), _tools)
        self._check_line("Organization Checks", self._times.setup_cms_checks, checks)
        self._console.line("Configuring Microsoft Exchange Server")
        self._run_step(self._work.prepare(order), "")

    def _rights_for(self, order: setup_directory.Order) -> Check:
        return partial(setup_directory.refusal, user=self._proc.logon.user, parts=order.parts)

    def _left(self, steps: list[Step], action: str) -> list[Step]:
        """The steps from the one where an earlier run of the same kind ended (exchange.md 3.2: a re-run)."""
        for role in exchange_registry.marks(self._host):
            mark = self._host.registry.get(exchange_registry.role_key(role), "Watermark")
            for index, step in enumerate(steps):
                if step.role and mark == exchange_registry.watermark(action, step.name):
                    return steps[index:]
        return steps

    def _check(self, action: str, fresh: bool) -> None:
        self._console.line("Performing Microsoft Exchange Server Prerequisite Check")
        checks = (setup_checks.restart_pending, setup_checks.unfinished(action), setup_checks.newer)
        more = (setup_checks.windows, setup_checks.components, setup_checks.disk, setup_checks.groups)
        if not fresh:
            return
        if self._work.organization():
            rights = self._rights_for(setup_directory.ORDERS["preparead"])
            self._check_line("Organization Checks", self._times.setup_checks / 3, (rights,))
        self._check_line("Mailbox Role Checks", self._times.setup_checks, (*checks, *more, setup_checks.open_files))

    def _check_line(self, name: str, seconds: float, checks: tuple[Check, ...]) -> None:
        self._console.begin(name)
        self._console.work(name, seconds)
        mishap = at_line(self._proc, self._source, name)
        mishap.take_its_course(self._proc)
        sentences = [mishap.text] if mishap.text else []
        sentences += [text for check in checks if (text := check(self._host, self._version))]
        self._console.end(name, "FAILED" if sentences else "COMPLETED")
        if mishap.warning:
            self._console.line(mishap.warning, indent=1)
        for text in sentences:
            self._console.line(text, indent=5)
        if sentences:
            raise Refused(sentences[0])

    def _configure(self, steps: list[Step], action: str) -> None:
        self._console.line("Configuring Microsoft Exchange Server")
        for role in dict.fromkeys(step.role for step in steps if step.role):
            self._log.script(action, role, [step.name for step in steps if step.role == role])
        for step in steps:
            self._run_step(step, action)
        for role in exchange_registry.marks(self._host):
            exchange_registry.unmark(self._host, role)

    def _run_step(self, step: Step, action: str) -> None:
        self._log.write(f"Beginning: {step.name}")
        mishap = at_line(self._proc, self._source, step.name)
        shown = mishap.how != "silent"
        if shown:
            self._console.begin(step.name)
        try:
            if step.role:
                self._mark(step, action)
            self._do(step, mishap, shown)
        except StepError as error:
            if shown:
                self._console.end(step.name, "FAILED")
            self._console.line(str(error), indent=5)
            raise Refused(str(error)) from error
        self._console.end(step.name, "COMPLETED")

    def _do(self, step: Step, mishap: Mishap, shown: bool) -> None:
        if step.begin:
            step.begin()
        if shown:
            self._console.work(step.name, step.seconds)
        else:
            self._proc.sleep(step.seconds)
        mishap.take_its_course(self._proc)
        if mishap.text:
            raise StepError(mishap.text)
        if step.end:
            step.end()

    def _mark(self, step: Step, action: str) -> None:
        exchange_registry.mark(self._host, step.role, action, step.name)
        self._host.world.truth.effect(self._host, "setup", f"begins {step.name}", step.role, self._proc)


def _tools(host: Host, _version: Version) -> str | None:
    return setup_directory.tools_missing(host)


def _source(image: str) -> str:
    """The top folder of the media."""
    folder = parent(image)
    inner = "\\setup\\serverroles\\common"
    return folder[: -len(inner)] if folder.lower().endswith(inner) else folder


def _version(text: str) -> Version:
    first, second, third, fourth = (int(part) for part in text.split("."))
    return first, second, third, fourth
