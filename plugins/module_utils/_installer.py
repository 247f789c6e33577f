# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Windows Installer: which products are installed, installing a package, removing a product.

What is installed is read from the Uninstall keys, before and afterwards (sources.md: uninstall-keys). msiexec.exe runs
as a detached job: an installation goes on, or is rolled back, whatever becomes of the WinRM shell that began it, and
whoever comes next has to know which of the two (sources.md: msiexec).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import _registry as registry
from ._cmdline import quote
from ._errors import INSTALLER, Failure, Meaning, Refusal, known, told
from ._files import Entry, Kind, entry_line, node_path, parse_entry
from ._job import DetachedJob, JobState, Phase, look_lines, states
from ._node import ChannelLost, Result
from ._rules import LIVE
from ._standing import StandingReader
from ._task import Credentials, Task
from ._wait import Limit, wait_for
from ._windows import BOOT_TIME_LINE, boot_time, os_lines, parse_os

UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL_32 = r"HKLM\SOFTWARE\Wow6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
DONE, RESTART, RESTARTS = 0, 3010, 1641
UNKNOWN_PRODUCT, BUSY = 1605, 1618
_CODE = re.compile(r"\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}", re.IGNORECASE)
# The service has this name too and stays for some minutes: only behind that a job that died is seen as such.
_IMAGES = ("msiexec.exe",)
_LOG = "msi.log"
_LOG_LINES = 20
_LOOKS = 4
_UNSETTLED = (Phase.UNKNOWN, Phase.PREPARED)  # another run may be about to start it

# Where the package is the user's own and not Setup's, the next step is another one.
CODES: dict[int, Meaning] = {
    code: replace(INSTALLER[code], advice=advice)
    for code, advice in {
        1603: "See `log_excerpt`; a package says there, too, that it is not for this Windows.",
        1605: "Nothing is to be removed; look at Add or Remove Programs there.",
        1625: "Use a local administrator, and look at Windows Installer's policies there (DisableMSI).",
        1633: "Use the package for the processor of this Windows (x86 or x64).",
        1638: "Remove the other version first (state: absent, with its name or product code), then run again.",
    }.items()
}


@dataclass(frozen=True)
class Product:
    """An installed product: its product code in braces, display name and version as it was registered."""

    code: str
    name: str
    version: str

    def as_dict(self) -> dict[str, str]:
        """Public form."""
        return {"product_id": self.code, "name": self.name, "version": self.version}


@dataclass(frozen=True)
class Wanted:
    """Which product is meant: by its code, or by a display name in which * and ? stand for any characters."""

    code: str
    name: str

    def among(self, products: Iterable[Product]) -> tuple[Product, ...]:
        """Those that are meant; a code decides alone."""
        if self.code:
            return tuple(p for p in products if p.code.casefold() == self.code.casefold())
        pattern = re.escape(self.name).replace(r"\*", ".*").replace(r"\?", ".")
        return tuple(p for p in products if re.fullmatch(pattern, p.name, re.IGNORECASE))

    def __str__(self) -> str:
        return self.code or repr(self.name)


def parse_products(native: Result, apart: Result) -> tuple[Product, ...] | None:
    """From both Uninstall keys, of which 32-bit Windows has one; None where that can't be read.

    The key is never empty, so an answer without any key below it is none.
    """
    keys = registry.Keys(native).below("Uninstall")
    if native.rc != 0 or not keys:
        return None
    entries = [*keys.items(), *registry.Keys(apart).below("Uninstall").items()]
    found = {key: values for key, values in entries if _CODE.fullmatch(key)}
    products = [Product(k.upper(), v.get("displayname", ""), v.get("displayversion", "")) for k, v in found.items()]
    return tuple(sorted(products, key=lambda product: product.code))


def install_line(path: str, log: str) -> str:
    """Quiet, and never a restart: REBOOT is older than /norestart, which XP SP1's Windows Installer does not know."""
    return f"msiexec.exe /i {quote(path)} /qn REBOOT=ReallySuppress /lew {log}"


def remove_line(code: str, log: str) -> str:
    """As install_line(), for a product that is installed."""
    return f"msiexec.exe /x {code} /qn REBOOT=ReallySuppress /lew {log}"


@dataclass(frozen=True)
class Seen:
    """One look: what is installed (None: not read), the package's file, the job, and what starting one needs."""

    products: tuple[Product, ...] | None
    package: Entry
    job: JobState
    modern: bool
    boot: str | None


@dataclass(frozen=True)
class Outcome:
    """How msiexec ended. rc None: without an exit code, or another run took it away. log: its last lines."""

    rc: int | None
    tries: int
    duration: float
    joined: bool
    log: str = ""


class InstallerRun:
    """One call of windows_installer_package."""

    def __init__(self, task: Task) -> None:
        params = task.params
        self._task = task
        self._node = task.node.name
        self._installs = params["state"] == "present"
        self._wanted = Wanted((params["product_id"] or "").strip(), (params["name"] or "").strip())
        self._doing = f"Installing {params['path']}" if self._installs else f"Removing {self._wanted}"
        self._path = node_path(params["path"], self._doing) if self._installs else ""
        self._limit = Limit(params["timeout"], params["poll"])
        about = f"{params['state']} {self._path or self._wanted}".casefold()
        job_id = f"msi-{hashlib.sha256(about.encode()).hexdigest()[:12]}"
        self._job = DetachedJob(task.node, job_id, _IMAGES, "installation")

    def run(self) -> dict[str, Any]:
        """Observe, compare, act, observe again; raises Refusal before anything is touched, else Failure."""
        self._refuse_input()
        seen = self._look()
        if seen.job.phase in _UNSETTLED:
            seen = replace(seen, job=self._settled())
        before = self._products(seen)
        joins = seen.job.phase in LIVE
        if self._as_asked(before) and seen.job.phase is Phase.ABSENT:
            return self._result(before, before, changed=False)
        if not joins and not self._as_asked(before):
            self._refuse(seen, before)
        if self._task.check_mode:
            return self._foretold(before, joins=joins)
        if self._as_asked(before) and not joins:
            self._job.remove()  # of a run that died; the task knows a password
            return self._result(before, before, changed=True)
        return self._judged(self._finished(seen, before), before, seen)

    # --- looking ---

    def _look(self) -> Seen:
        job = look_lines([self._job])
        entry = entry_line(quote(self._path)) if self._path else "ver"
        trees = [registry.query(UNINSTALL, tree=True), registry.query(UNINSTALL_32, tree=True)]
        lines = [*os_lines(), BOOT_TIME_LINE, *trees, entry, *job]
        answers = self._task.node.read_all(lines, again=True)
        (ver, windows, language, product, boot, native, apart, file), rest = answers[:8], answers[8:]
        modern = parse_os(ver, windows, language, product).version.startswith("6.")
        package = parse_entry(file)
        return Seen(parse_products(native, apart), package, states([self._job], rest)[0], modern, boot_time(boot))

    def _products(self, seen: Seen) -> tuple[Product, ...]:
        if seen.products is None:
            text = f"What is installed can't be read ({UNINSTALL})."
            raise Refusal("R9", self._doing, self._node, text, "Look at that key there; nothing was touched.")
        return seen.products

    def _as_asked(self, products: Sequence[Product]) -> bool:
        return bool(self._wanted.among(products)) is self._installs

    # --- refusing ---

    def _refuse_input(self) -> None:
        if self._wanted.code and not _CODE.fullmatch(self._wanted.code):
            text = f"{self._wanted.code!r} is no product code."
            raise Refusal("input", self._doing, self._node, text, "Give it as {8-4-4-4-12 hexadecimal digits}.")
        if not self._wanted.code and not self._wanted.name.strip("*? "):
            text = f"The name {self._wanted.name!r} fits every product."
            raise Refusal("input", self._doing, self._node, text, "Give more of it, or `product_id`.")

    def _refuse(self, seen: Seen, before: Sequence[Product]) -> None:
        if self._installs:
            self._refuse_file(seen.package)
        elif len(meant := self._wanted.among(before)) > 1:
            text = f"More than one product is meant: {_named(meant)}."
            raise Refusal("input", self._doing, self._node, text, "Give `product_id`; nothing was touched.")
        self._account()

    def _account(self) -> Credentials:
        account = self._task.credentials
        if account is None or not account.password:
            text = "No password is at hand, and a scheduled task needs one."
            raise Refusal("input", self._doing, self._node, text, "Log in with a password there.")
        return account

    def _refuse_file(self, package: Entry) -> None:
        if package.kind is Kind.FILE:
            return
        text = {
            Kind.ABSENT: f"There is no {self._path} there.",
            Kind.FOLDER: f"{self._path} is a folder.",
        }.get(package.kind, f"Whether {self._path} is there can't be read.")
        rule = "R9" if package.kind is Kind.UNKNOWN else "input"
        advice = "Put the package into a local folder there and give its path; nothing was touched."
        raise Refusal(rule, self._doing, self._node, text, advice)

    # --- acting ---

    def _line(self, before: Sequence[Product]) -> str:
        log = self._job.file(_LOG)
        if self._installs:
            return install_line(self._path, log)
        return remove_line(self._wanted.among(before)[0].code, log)

    def _finished(self, seen: Seen, before: Sequence[Product]) -> Outcome:
        """Run msiexec to its end, again and again while somebody else's installation runs; join what runs already."""
        clock = self._task.clock
        begun, tries, state = clock.now(), 0, seen.job
        joined = state.phase in LIVE
        while True:
            tries += 1
            ended = self._once(state, seen, before)
            over = clock.now() - begun
            if ended.rc != BUSY or over >= self._task.params["busy_timeout"] or self._as_asked(before):
                return replace(self._closed(ended, joined=joined), tries=tries, duration=over)
            self._task.progress("another installation runs there, trying again")
            self._job.remove()
            clock.sleep(self._limit.poll)
            state = JobState(Phase.ABSENT)

    def _once(self, state: JobState, seen: Seen, before: Sequence[Product]) -> JobState:
        if state.phase in LIVE:
            self._task.progress("msiexec was started by an earlier run: joining it")
        else:
            self._start(state, self._line(before), modern=seen.modern)
        ended = self._job.wait(self._task.clock, self._limit.timeout, self._limit.poll, self._progress)
        if ended.phase not in (Phase.FINISHED, Phase.DIED, Phase.ABSENT):
            raise self._unfinished(ended)
        return ended

    def _start(self, state: JobState, line: str, *, modern: bool) -> None:
        if state.phase is not Phase.ABSENT:
            self._job.remove()
        self._job.prepare(line, self._account(), modern=modern)
        self._task.progress(self._doing)
        self._task.node.commands.append(line)
        try:
            self._job.run()
        except ChannelLost as lost:
            if not lost.started:
                raise
            # Unknown is neither yes nor no: started again only where nothing of it is seen.
            self._task.node.channel.reset()
            if self._settled().phase is Phase.PREPARED:
                self._job.run()

    def _settled(self) -> JobState:
        """The job, looked at again while it can't be made out or is about to be started."""
        state = self._job.look()
        for _look in range(_LOOKS):
            if state.phase not in _UNSETTLED:
                break
            self._task.clock.sleep(self._limit.poll)
            state = self._job.look()
        return state

    def _progress(self, state: JobState, elapsed: float) -> None:
        if state.phase is Phase.UNKNOWN:
            self._task.progress(f"no answer for {elapsed:.0f} s; msiexec goes on there")

    def _unfinished(self, state: JobState) -> Failure:
        seen = {
            Phase.PREPARED: "the scheduled task did not start.",
            Phase.RUNNING: f"msiexec still runs after {self._limit.timeout:g} s; it was not stopped.",
        }.get(state.phase, f"the node does not answer after {self._limit.timeout:g} s; msiexec may still run there.")
        return Failure(self._doing, self._node, seen, "Running again joins it.", changed=True)

    def _closed(self, state: JobState, *, joined: bool) -> Outcome:
        """What the job left, before it is removed. A restart that msiexec began by itself is no time for it."""
        log = ""
        if state.phase is not Phase.ABSENT and state.rc != RESTARTS:
            log = self._task.node.read_line(self._job.file_line(_LOG), again=True).stdout
            self._job.remove()
        return Outcome(state.rc, 0, 0.0, joined, "\n".join(log.strip().splitlines()[-_LOG_LINES:]))

    # --- judging ---

    def _judged(self, outcome: Outcome, before: tuple[Product, ...], seen: Seen) -> dict[str, Any]:
        if outcome.rc == RESTARTS:
            self._wait_for_restart(seen, joined=outcome.joined)
            self._job.remove()
        after = self._look().products
        if after is None:
            text = f"{_ended(outcome)}, and what is installed can't be read afterwards."
            raise Failure(self._doing, self._node, text, "Running again looks again.", changed=True, rc=outcome.rc)
        fine = (DONE, RESTART, RESTARTS, None, BUSY if self._installs else UNKNOWN_PRODUCT)  # somebody else was quicker
        if outcome.rc not in fine or not self._as_asked(after):
            raise self._failure(outcome, before, after)
        result = self._result(before, after, changed=True, restart=outcome.rc == RESTART)
        return {**result, "rc": outcome.rc, "joined": outcome.joined, "duration": round(outcome.duration, 1)}

    def _wait_for_restart(self, seen: Seen, *, joined: bool) -> None:
        """msiexec was told not to restart Windows; a package may do it all the same."""
        self._task.progress("the package restarts the computer: waiting for it")
        wait_for(
            self._task.clock,
            self._limit,
            StandingReader(self._task.node, [], membership=False).look,
            lambda now: now.answers and (joined or now.boot_time not in (None, seen.boot)),
            doing="Waiting for the restart that the package began",
            target=self._node,
            describe=str,
            advice="Look at its console; running again goes on from what it finds.",
        )

    def _failure(self, outcome: Outcome, before: Sequence[Product], after: tuple[Product, ...]) -> Failure:
        return Failure(
            self._doing,
            self._node,
            *self._why(outcome, [product for product in after if product not in before]),
            changed=set(before) != set(after),
            rc=outcome.rc,
            before=self._public(before),
            after=self._public(after),
            log_excerpt=outcome.log,
        )

    def _why(self, outcome: Outcome, new: Sequence[Product]) -> tuple[str, str]:
        """What was seen, and what to do next; new: products that were not there before."""
        if outcome.rc in (DONE, RESTART, RESTARTS):
            seen = f"exit code {outcome.rc}, but {self._wanted} is {'not' if self._installs else 'still'} installed."
            named = f"What it installed is {_named(new)}: name that." if new else "Give the package's `product_id`."
            return seen, named if self._installs else "See `log_excerpt`."
        entry = known(outcome.rc, CODES, INSTALLER) if outcome.rc else None
        tries = f", {outcome.tries} tries in {outcome.duration:.0f} s" if outcome.rc == BUSY else ""
        return f"{_ended(outcome)}{tries}.", entry.advice if entry else "See `log_excerpt`."

    # --- results ---

    def _foretold(self, before: tuple[Product, ...], *, joins: bool) -> dict[str, Any]:
        """The result of check mode; what a package brings is known only when it is there."""
        acts = [] if joins or self._as_asked(before) else [self._line(before)]
        meant = self._wanted.among(before)
        left = before if self._installs else tuple(product for product in before if product not in meant)
        result = self._result(before, left, changed=True)
        result["after"]["installed"] = self._installs
        return {**result, "commands": acts, "joined": joins}

    def _public(self, products: Iterable[Product]) -> dict[str, Any]:
        meant = self._wanted.among(products)
        return {"installed": bool(meant), "products": [product.as_dict() for product in meant]}

    def _result(
        self, before: Sequence[Product], after: Sequence[Product], *, changed: bool, restart: bool = False
    ) -> dict[str, Any]:
        return {
            "changed": changed,
            "before": self._public(before),
            "after": self._public(after),
            "restart_required": restart,
        }


def _ended(outcome: Outcome) -> str:
    return "msiexec ended without an exit code" if outcome.rc is None else told(outcome.rc, CODES, INSTALLER)


def _named(products: Iterable[Product]) -> str:
    return ", ".join(f"{product.name!r} {product.version} {product.code}" for product in products)
