# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Injected failures of Setup, as one run meets them (setup_faults.py is their list)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..faults import FOREVER
from ..setup_faults import SETUP_FAULTS

if TYPE_CHECKING:
    from ..faults import Fault
    from ..process import Process

_UNKNOWN = "An unknown error occurred. Error code is 1603."


class Stopped(Exception):
    """Setup ends on the spot without a word."""


@dataclass(frozen=True)
class Mishap:
    """What goes wrong at one place; nothing when all is empty."""

    text: str = ""
    warning: str = ""
    how: str = ""

    def take_its_course(self, proc: Process) -> None:
        """Hang, or stop without a word; an ordinary failure is the caller's to report."""
        if self.how == "hangs":
            proc.sleep(FOREVER)
        if self.how == "stops":
            raise Stopped


def at_start(proc: Process, media: str) -> Mishap:
    """Before Setup looks at anything."""
    return _meet(proc, media, proc.host.world.faults.setup_moment(proc.host, "start"))


def at_line(proc: Process, media: str, name: str) -> Mishap:
    """At a check or step."""
    return _meet(proc, media, proc.host.world.faults.setup_step(proc.host, name))


def _meet(proc: Process, media: str, fault: Fault | None) -> Mishap:
    if fault is None:
        return Mishap()
    kind = SETUP_FAULTS[fault.name]
    if kind.change:
        kind.change(proc, media)
        proc.check()
    default = _UNKNOWN if fault.name == "setup_fail" else kind.text
    return Mishap(fault.args.get("text", default.replace("{media}", media)), kind.warning, kind.how)
