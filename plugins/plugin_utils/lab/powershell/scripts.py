# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Script files: where they are, and whether the execution policy lets them run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..files import FileSystemError, absolute
from . import syntax as ast
from .computer_cmdlets import decoded
from .errors import ParseError, PSError
from .parser import parse

if TYPE_CHECKING:
    from .session import Session

_POLICY = r"HKLM\SOFTWARE\Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell"
_ENDING = ".ps1"


def find(session: Session, name: str) -> str | None:
    """The script file that a name with a path means; a bare name is never looked for in the current folder."""
    if not ("\\" in name or "/" in name):
        return None
    full = absolute(name, session.proc.cwd)
    for path in (full, full + _ENDING):
        if path.lower().endswith(_ENDING) and session.host.files.entry(path):
            return path
    return None


def load(session: Session, path: str) -> ast.Block:
    """Read a script file; PSError when the policy forbids it or it can't be parsed."""
    if _policy(session) in ("restricted", "allsigned"):
        raise PSError(
            f"File '{path}' cannot be loaded because the execution of scripts is disabled on this system. Please see "
            '"get-help about_signing" for more details.'
        )
    try:
        return parse(decoded(session.host.files.read(path), session.host))
    except FileSystemError as error:
        raise PSError(f"File '{path}' cannot be read: error {error.code}.") from None
    except ParseError as error:
        raise PSError(f"{error.message}\n{error.extent.message()}") from None


def _policy(session: Session) -> str:
    # assumption: Exchange Setup leaves RemoteSigned behind; without Exchange it is PowerShell's own Restricted
    default = "RemoteSigned" if session.host.bits else "Restricted"
    return str(session.host.registry.get(_POLICY, "ExecutionPolicy") or default).lower()
