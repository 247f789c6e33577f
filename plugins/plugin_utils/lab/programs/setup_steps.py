# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The steps of a Setup run that change something: how long each takes and what it does at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from .. import exchange_registry
from ..files import FileSystemError
from . import setup_directory
from .setup_checks import NEEDED_BYTES, UPGRADE, UPGRADE_CMS, cms_here

if TYPE_CHECKING:
    from ..process import Process
    from ..world import Version

Act = Callable[[], None]
_SETUP_ROLE = "MailboxRole"
_TOOLS = "AdminTools"
_STOPPED = ("clussvc", "msexchange", "winmgmt", "remoteregistry")


class StepError(Exception):
    """A step that failed; the message is what Setup prints below it."""


@dataclass(frozen=True)
class Step:
    """One step line. begin and end run before and after its time; role: whose key carries the mark meanwhile."""

    name: str
    seconds: float
    begin: Act | None = None
    end: Act | None = None
    role: str = _SETUP_ROLE


class Work:
    """What the steps do to a host, all in the name of one Setup process."""

    def __init__(self, proc: Process, version: Version) -> None:
        self._proc = proc
        self._host = proc.host
        self._physics = proc.host.world.physics
        self._version = version
        self._stopped: list[str] = []

    def organization(self) -> list[Step]:
        """The directory work that is needed, as one step, or none (exchange.md 3.1: with enough rights by itself)."""
        if not setup_directory.lacking(self._host, self._version):
            return []
        return [self.prepare(setup_directory.ORDERS["preparead"])]

    def prepare(self, order: setup_directory.Order) -> Step:
        """Directory work as one step. Schema and organisation take most of its time."""
        times = self._physics.durations
        seconds = times.setup_organization if "schema" in order.parts else times.setup_domain
        act = partial(setup_directory.prepare, self._proc, self._version, order.parts)
        return Step(order.step, seconds, end=act, role="")

    def upgrade(self) -> list[Step]:
        """/mode:upgrade on a clustered mailbox node (exchange.md 3.2)."""
        times = self._physics.durations
        return [
            Step("Preparing Setup", times.setup_prepare, end=self._stop_services),
            Step("Removing Exchange Files", times.setup_remove, begin=self._remove),
            Step("Preparing Files", times.setup_prepare_files),
            Step("Copying Exchange files", times.setup_files, begin=self._copy, end=self._unpacked),
            Step("Mailbox Server Role", times.setup_mailbox, end=self._configured),
            Step("Exchange Management Tools", times.setup_tools, role=_TOOLS),
            Step("Finalizing Setup", times.setup_finish, end=self._finish),
        ]

    def upgrade_cms(self) -> list[Step]:
        """/upgradecms: one step (exchange.md 3.2)."""
        role = self._physics.knobs.cms_key
        return [Step("Clustered Mailbox Server", self._physics.durations.setup_cms, end=self._cms, role=role)]

    def _stop_services(self) -> None:
        # exchange.md 2.2: the Cluster service is stopped too, so what the node owns fails over or goes down.
        self._stopped = self._physics.take_down(self._host, _STOPPED, self._proc)

    def _remove(self) -> None:
        self._physics.remove_bits(self._host, self._proc)

    def _copy(self) -> None:
        if self._host.files.free_bytes < NEEDED_BYTES // 2:
            raise StepError("There is not enough space on the disk. Error code is 112.")
        if self._physics.knobs.setup_restarts_winrm:
            stopped = self._physics.take_down(self._host, ("winrm",), self._proc)
            later = self._physics.durations.service_start
            self._physics.timers.later(("setup winrm", self._host.name), later, lambda: self._again(stopped))

    def _again(self, names: list[str]) -> None:
        self._physics.bring_up(self._host, names)

    def _unpacked(self) -> None:
        key = exchange_registry.role_key(_SETUP_ROLE)
        self._host.registry.set(key, "UnpackedVersion", exchange_registry.dotted(self._version))
        self._install_program()

    def _install_program(self) -> None:
        if self._host.bits is None:
            raise ValueError(f"{self._host.name} has no Exchange to upgrade")
        version = exchange_registry.dotted(self._version)
        for name in ("Setup.com", "ExSetup.exe"):
            try:
                self._host.files.add_program(f"{self._host.bits.path}\\bin\\{name}", "exsetup", version)
            except FileSystemError as error:
                raise StepError(f"Copying '{name}' failed. Error code is {error.code}.") from error

    def _configured(self) -> None:
        self._physics.upgrade_bits(self._host, self._version, self._proc)
        self._start_services()

    def _start_services(self) -> None:
        self._physics.bring_up(self._host, self._stopped or self._automatic())

    def _automatic(self) -> list[str]:
        """What a resumed Setup starts: it does not know what ran before the first attempt."""
        return [s.name for key, s in self._host.services.items() if key.startswith(_STOPPED) and s.start == "auto"]

    def _finish(self) -> None:
        if self._physics.knobs.restart_pending_after_upgrade:
            self._physics.set_pending_restart(self._host, self._proc)

    def _cms(self) -> None:
        cms = cms_here(self._host)
        if cms is None:
            raise StepError("The clustered mailbox server left this computer.")
        self._physics.upgrade_cms(cms, self._version, self._proc)
        for host in cms.cluster.members:
            exchange_registry.write_role(host, self._physics.knobs.cms_key, self._version)


ACTIONS = {"upgrade": UPGRADE, "upgradecms": UPGRADE_CMS}
