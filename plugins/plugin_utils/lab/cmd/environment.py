# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Environment variables: names without case, and what a fresh process of a user gets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..files import FileSystem

if TYPE_CHECKING:
    from ..process import Logon
    from ..world import Host

_PATH = r"C:\WINDOWS\system32;C:\WINDOWS;C:\WINDOWS\System32\Wbem;C:\WINDOWS\system32\WindowsPowerShell\v1.0"


class Environment:
    """The variables of one process."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = {name.upper(): (name, value) for name, value in values.items()}
        self._plain: dict[str, str] | None = None

    def get(self, name: str) -> str | None:
        found = self._values.get(name.upper())
        return found[1] if found else None

    def set(self, name: str, value: str) -> None:
        """Set a variable; an empty value removes it. An existing one keeps the case of its name."""
        self._plain = None
        if value:
            known = self._values.get(name.upper())
            self._values[name.upper()] = (known[0] if known else name, value)
        else:
            self._values.pop(name.upper(), None)

    def items(self) -> Iterator[tuple[str, str]]:
        """Names and values, sorted as SET prints them."""
        return (self._values[key] for key in sorted(self._values))

    def as_dict(self) -> dict[str, str]:
        """A copy, as each new process gets one."""
        if self._plain is None:
            self._plain = dict(self._values.values())
        return self._plain.copy()

    def copy(self) -> Environment:
        made = Environment({})
        made._values = dict(self._values)
        return made


def default_environment(host: Host, logon: Logon) -> dict[str, str]:
    """What a process of this user starts with; the profile's folders are made when they aren't there."""
    domain, _backslash, user = logon.user.rpartition("\\")
    newer = host.windows.family in ("2008", "vista")
    profile = f"C:\\Users\\{user}" if newer else f"C:\\Documents and Settings\\{user}"
    temp = profile + (r"\AppData\Local\Temp" if newer else r"\Local Settings\Temp")
    _make_profile(host.files, temp)
    return {
        "COMPUTERNAME": host.name,
        "ComSpec": r"C:\WINDOWS\system32\cmd.exe",
        "NUMBER_OF_PROCESSORS": "2",
        "OS": "Windows_NT",
        "Path": _PATH,
        "PATHEXT": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH",
        "PROCESSOR_ARCHITECTURE": "AMD64",
        "ProgramFiles": r"C:\Program Files",
        "PROMPT": "$P$G",
        "SystemDrive": "C:",
        "SystemRoot": r"C:\WINDOWS",
        "TEMP": temp,
        "TMP": temp,
        "USERDNSDOMAIN": host.domain.upper(),
        "USERDOMAIN": domain or host.name,
        "USERNAME": user,
        "USERPROFILE": profile,
        "windir": r"C:\WINDOWS",
    }


def _make_profile(files: FileSystem, temp: str) -> None:
    for folder in (temp, r"C:\WINDOWS\system32"):
        if not files.is_dir(folder):
            files.mkdir(folder, exist_ok=True)
