# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What ends Setup before its first check: no directory, and parameters that lead nowhere. An English sentence, or None.

assumption: exchange.md 3.1 says what the parameters take, not how Setup refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..files import absolute

if TYPE_CHECKING:
    from ..process import Process

_ANSWERS = ("enableerrorreporting", "noselfsignedcertificates", "adamldapport", "adamsslport")


def refusal(proc: Process, given: dict[str, str]) -> str | None:
    """The first thing that is wrong; given: the parameters by their long names."""
    return (
        _logon(proc)
        or _controller(proc, given.get("domaincontroller", ""))
        or _answer_file(proc, given.get("answerfile"))
        or _updates(proc, given.get("updatesdir"))
        or _organization(proc, given.get("organizationname"))
    )


def _logon(proc: Process) -> str | None:
    # transport.md 7: a network logon has no credentials to go on with, the computer account too few rights.
    logon = proc.logon
    if not logon.can_go_on or not logon.elevated or logon.user.upper().endswith("\\SYSTEM"):
        return "Active Directory cannot be reached: access is denied."
    return None


def _controller(proc: Process, name: str) -> str | None:
    known = [controller.lower() for controller in proc.host.world.directory.controllers]
    if not known:
        return "The specified domain either does not exist or could not be contacted."
    wanted = name.partition(".")[0].lower()
    return f"The domain controller '{wanted}' cannot be reached." if wanted and wanted not in known else None


def _answer_file(proc: Process, name: str | None) -> str | None:
    if not name:
        return None
    path = absolute(name, proc.cwd)
    if not proc.host.files.entry(path):
        return f"The answer file '{name}' does not exist."
    lines = proc.host.files.read(path).decode("cp1252", "replace").splitlines()
    for line in (line.strip().lstrip("/").lower() for line in lines):
        if line and line.replace("=", ":").partition(":")[0].strip() not in _ANSWERS:
            return f"The answer file '{name}' holds a parameter that is not valid there: '{line}'."
    return None


def _updates(proc: Process, name: str | None) -> str | None:
    """One Updates.exe, or *.msp files."""
    if not name:
        return None
    path = absolute(name, proc.cwd)
    if not proc.host.files.is_dir(path):
        return f"The updates folder '{name}' does not exist."
    programs = [file for file in proc.host.files.listdir(path) if file.lower().endswith(".exe")]
    if len(programs) > 1:
        return f"The updates folder '{name}' holds more than one program."
    return None


def _organization(proc: Process, name: str | None) -> str | None:
    existing = proc.host.world.directory.name
    if name and name.lower() != existing.lower():
        return f"An Exchange organization with the name '{existing}' exists already."
    return None
