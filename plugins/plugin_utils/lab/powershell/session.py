# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The state of one running PowerShell: variables, functions, snap-ins, errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .console import Console
from .errors import ErrorRecord, Extent, PSError
from .formatting import Printer
from .operators import is_like
from .syntax import Block, Variable
from .values import PSObject, number, to_text

if TYPE_CHECKING:
    from ..process import Process
    from ..world import Host

_CONSTANT = frozenset(["true", "false", "null", "?", "error", "host", "pid", "home"])
Scope = dict[str, Any]


class Session:
    """scopes goes from the global one to the innermost; a variable is read outwards and written inside."""

    def __init__(self, proc: Process, console: Console) -> None:
        self.proc = proc
        self.console = console
        self.scopes: list[Scope] = [{}]
        self.functions: dict[str, Block] = {}
        self.snapins: set[str] = set()
        self.service_pack = 0  # of the Exchange snap-in, as it was when it was loaded
        self.succeeded = True  # $?
        self.program_failed = False  # the last program or script file ended with another code than 0
        self.ended = False  # exit was met
        self.errors: list[ErrorRecord] = []
        self.error_sink: Callable[[ErrorRecord], None] = console.error
        self._define()

    @property
    def host(self) -> Host:
        """The played computer."""
        return self.proc.host

    def now(self) -> datetime:
        """What the computer's clock shows."""
        return self.host.world.date()

    def printer(self, write: Callable[[str], None] | None = None, width: int = 0) -> Printer:
        """What shows objects on the console, or elsewhere."""
        return Printer(write or self.console.out, width or self.console.width, self.enumeration_limit)

    def enumeration_limit(self) -> int:
        """How many items of a collection are shown."""
        return int(number(self.get(Variable("FormatEnumerationLimit"))))

    def get(self, variable: Variable) -> Any:
        """The value of a variable; $null if there is none."""
        name = variable.name.lower()
        if variable.scope == "env":
            return next((v for k, v in self.proc.env.items() if k.lower() == name), None)
        if name == "?":
            return self.succeeded
        if name == "error":
            return self.errors
        if variable.scope in ("global", "script"):
            return self.scopes[0].get(name)
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def set(self, variable: Variable, value: Any) -> None:
        """Write a variable; PSError for a constant."""
        name = variable.name.lower()
        if variable.scope == "env":
            self._set_environment(variable.name, value)
        elif name in _CONSTANT:
            raise PSError(f"Cannot overwrite variable '{variable.name}' because it is read-only or constant.")
        else:
            outer = variable.scope in ("global", "script")
            self.scopes[0 if outer else -1][name] = value

    def preference(self, name: str = "ErrorActionPreference") -> str:
        """A preference variable in lower case: continue, stop, silentlycontinue or inquire."""
        return to_text(self.get(Variable(name))).lower()

    def report(self, record: ErrorRecord) -> None:
        """An error that doesn't stop the script: remembered, and shown unless errors are to be silent."""
        self.remember(record)
        if self.preference() != "silentlycontinue":
            self.error_sink(record)

    def remember(self, record: ErrorRecord) -> None:
        """Put it at the head of $Error."""
        self.succeeded = False
        self.errors.insert(0, record)

    def locate(self, error: PSError, at: Extent, activity: str = "") -> PSError:
        """Give an error of the language or of a cmdlet its place and its words, unless it has them already."""
        record = error.record
        if record.extent is None:
            record.extent, record.activity = at, activity
            record.message = self.console.translated(record.message)
        return error

    def loaded(self, snapin: str) -> bool:
        """Whether a snap-in was added; without a name a part of PowerShell itself is meant."""
        return not snapin or snapin in self.snapins or any(is_like(name, snapin) for name in self.snapins)

    def _set_environment(self, name: str, value: Any) -> None:
        spelled = next((key for key in self.proc.env if key.lower() == name.lower()), name)
        self.proc.env.pop(spelled, None)
        if value is not None:
            self.proc.env[spelled] = to_text(value)

    def _define(self) -> None:
        home = to_text(self.get(Variable("USERPROFILE", "env"))) or "C:\\"
        self.scopes[0].update(
            {
                "true": True,
                "false": False,
                "erroractionpreference": "Continue",
                "warningpreference": "Continue",
                "confirmpreference": "High",
                "formatenumerationlimit": 4,
                "ofs": None,
                "lastexitcode": None,
                "args": [],
                "pwd": PSObject("System.Management.Automation.PathInfo", {"Path": self.proc.cwd}, self.proc.cwd),
                "home": home,
                "pid": self.proc.pid,
                "pshome": r"C:\WINDOWS\system32\WindowsPowerShell\v1.0",
                "shellid": "Microsoft.PowerShell",
                "host": _host_object(),
            }
        )


def _host_object() -> PSObject:
    version = {"Major": 1, "Minor": 0, "Build": 0, "Revision": 0}
    return PSObject(
        "System.Management.Automation.Internal.Host.InternalHost",
        {"Name": "ConsoleHost", "Version": PSObject("System.Version", dict(version), "1.0.0.0")},
    )
