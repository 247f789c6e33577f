# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Why Setup failed: the failures of exchange.md 3.2 and 4, by the names that `inject` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import exchange_registry
from .files import FileSystemError

if TYPE_CHECKING:
    from .process import Process

_CHECK = "Mailbox (Role|Server) Checks$"
_COPYING = "^Copying Exchange files$"
_PREPARING = "^(Extending Active Directory schema|Organization Preparation)$"
_MAILBOX = "Mailbox Server( Role)?$"


@dataclass(frozen=True)
class SetupFault:
    """One way to fail.

    at: start, line (a check or a step, match says which), end, or command (Setup does not even start).
    text: what Setup prints; {media} and {program} are filled in. warning: printed before it.
    how: silent (the step has no line of its own), stops (no further word, exit code 0), hangs.
    change: what happens to the host at that moment, given Setup's process and the folder of its media.
    """

    about: str
    at: str = "line"
    match: str = ""
    text: str = ""
    warning: str = ""
    how: str = ""
    change: Callable[[Process, str], None] | None = None


def _leave_restart_marks(proc: Process, _media: str) -> None:
    proc.host.world.physics.set_pending_restart(proc.host, None)


def _leave_marks_of_an_installation(proc: Process, _media: str) -> None:
    exchange_registry.mark(proc.host, "MailboxRole", "Install", "Copying Exchange files")


def _fill_the_disk(proc: Process, _media: str) -> None:
    proc.host.files.free_bytes = 0


def _crash(proc: Process, _media: str) -> None:
    proc.host.world.physics.crash(proc.host)


def _leave_down(proc: Process, _media: str) -> None:
    proc.host.world.physics.take_down(proc.host, ("msexchange",), proc)


def _take_the_media_away(proc: Process, media: str) -> None:
    files = proc.host.files
    for name in files.listdir(media):
        path = f"{media}\\{name}"
        try:
            files.rmdir(path, tree=True) if files.is_dir(path) else files.delete(path, force=True)
        except FileSystemError:
            continue


# assumption: exchange.md 11, the wording of most Setup errors is unknown; what is quoted there or in a transcript
# stands here word for word, the numbers' own texts are the system's, the rest is invented in the same style.
SETUP_FAULTS = {
    "setup_restart_pending": SetupFault(
        "an update left its restart mark just before: the check refuses", "start", change=_leave_restart_marks
    ),
    "setup_interrupted": SetupFault(
        "marks of an installation that never ended: the check refuses", "start", change=_leave_marks_of_an_installation
    ),
    "setup_access_denied": SetupFault(
        "Active Directory denies access: Setup ends before its first check",
        "start",
        text="Active Directory cannot be reached: access is denied.",
    ),
    "setup_prerequisite": SetupFault(
        "missing software: a warning and an error below the check, longer than 80 columns",
        match=_CHECK,
        text="This computer requires the update described in Microsoft Knowledge Base article 931836. Download and "
        "install the update from http://support.microsoft.com/kb/931836, and then run Setup again.",
        warning="The Microsoft .NET Framework 2.0 Service Pack 1 or the update described in Microsoft Knowledge Base "
        "article 942027 is recommended.",
    ),
    "setup_schema": SetupFault(
        "the schema is not extended and this user may not do it",
        match="(Organization|Mailbox (Role|Server)) Checks$",
        text="The Active Directory schema is not up to date, and this user account is not a member of the Schema "
        "Admins and Enterprise Admins groups.",
    ),
    "setup_schema_import": SetupFault(
        "ldifde fails while the schema or the directory is prepared",
        match=_PREPARING,
        text="There was an error while running 'ldifde.exe' to import the schema file "
        "'{media}\\Setup\\ServerRoles\\Common\\Setup\\Data\\PostWindows2003_schema0.ldf'. The error code is: 8224.",
    ),
    "setup_resources_online": SetupFault(
        "the check sees cluster resources on this node",
        match=_CHECK,
        text="Cluster resources are online on this node. Move them to another node, and then run Setup again.",
    ),
    "setup_interim_update": SetupFault(
        "an interim update is installed and must go first",
        match=_CHECK,
        text="An interim update of Microsoft Exchange Server 2007 is installed on this computer. Remove it, and then "
        "run Setup again.",
    ),
    "setup_wrong_bitness": SetupFault(
        "32-bit Windows, 64-bit media: cmd.exe says so, exit code 216",
        "command",
        text="The image file {program} is valid, but is for a machine type other than the current machine.\n",
    ),
    "setup_rollup_cache": SetupFault(
        "the package of a rollup is missing in the installer cache: Windows Installer 1635",
        match="^Removing Exchange Files$",
        text="This patch package could not be opened. Verify that the patch package exists and that you can access it, "
        "or contact the application vendor to verify that this is a valid Windows Installer patch package. Error code "
        "is 1635.",
    ),
    "setup_msi_1638": SetupFault(
        "Windows Installer 1638: another version is present",
        match=_COPYING,
        text="Opening package '{media}\\exchangeserver.msi' failed. Another version of this product is already "
        "installed. Installation of this version cannot continue. To configure or remove the existing version of this "
        "product, use Add/Remove Programs on the Control Panel. Error code is 1638.",
    ),
    "setup_msi_1625": SetupFault(
        "Windows Installer 1625: forbidden by policy",
        match=_COPYING,
        text="Opening package '{media}\\exchangeserver.msi' failed. This installation is forbidden by system policy.  "
        "Contact your system administrator. Error code is 1625.",
    ),
    "setup_disk_full": SetupFault("the disk is full when the files are copied", match=_COPYING, change=_fill_the_disk),
    "setup_media_gone": SetupFault(
        "the media is taken away while the files are copied",
        match=_COPYING,
        text="The installation source for this product is not available.  Verify that the source exists and that you "
        "can access it. Error code is 1612.",
        change=_take_the_media_away,
    ),
    "setup_no_dns": SetupFault(
        "name resolution fails while a role is configured",
        match=_MAILBOX,
        text="The domain controller could not be contacted. The specified domain either does not exist or could not "
        "be contacted. Error code is 1355.",
    ),
    "setup_silent_step": SetupFault(
        "a step fails and has no line of its own, only its text",
        match=_MAILBOX,
        text="An unknown error occurred while a file was opened. Error code is 1603.",
        how="silent",
    ),
    "setup_stops": SetupFault("Setup ends in a step without a word, exit code 0", match=_MAILBOX, how="stops"),
    "setup_hangs": SetupFault("Setup hangs in a step until it is killed", match=_MAILBOX, how="hangs"),
    "setup_crash": SetupFault("the host crashes in a step, and boots again", match=_MAILBOX, change=_crash),
    "setup_services": SetupFault("Setup ends well and leaves Exchange's services stopped", "end", change=_leave_down),
    "setup_no_success": SetupFault("Setup does its work and exits with 0, without the success sentence", "end"),
    "setup_exit_1": SetupFault("Setup does its work and says so, with exit code 1", "end"),
    "setup_fail": SetupFault("a check or step fails: match= its name, text= what is printed"),
}

# windows-cli.md: cmd.exe, not Setup, says this
WRONG_MACHINE = 216
