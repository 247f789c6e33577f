# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Which programs the lab plays, and which of them a Windows has. Each is imported when it is first started."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ..process import Process, Program
    from ..world import Windows

_LAB = __package__.rpartition(".")[0]

_MODULES = {
    "attrib": ("programs.attrib", "main"),
    "certutil": ("programs.certutil", "main"),
    "chcp": ("programs.console", "chcp"),
    "cluster": ("programs.cluster", "main"),
    "cmd": ("cmd", "main"),
    "dsquery": ("programs.dsquery", "main"),
    "exsetup": ("programs.setup", "main"),
    "fc": ("programs.text", "fc"),
    "find": ("programs.text", "find"),
    "findstr": ("programs.findstr", "main"),
    "hostname": ("programs.console", "hostname"),
    "more": ("programs.text", "more"),
    "msiexec": ("programs.msiexec", "main"),
    "net": ("programs.net", "main"),
    "ping": ("programs.console", "ping"),
    "powershell": ("powershell", "main"),
    "reg": ("programs.reg", "main"),
    "sc": ("programs.sc", "main"),
    "schtasks": ("programs.schtasks", "main"),
    "servermanagercmd": ("programs.servermanagercmd", "main"),
    "shutdown": ("programs.shutdown", "main"),
    "sort": ("programs.text", "sort"),
    "taskkill": ("programs.tasks", "taskkill"),
    "tasklist": ("programs.tasks", "tasklist"),
    "timeout": ("programs.console", "timeout"),
    "whoami": ("programs.console", "whoami"),
    "winrm": ("programs.winrm_cli", "main"),
    "wmic": ("programs.wmic", "main"),
}


def _lazy(module: str, function: str) -> Program:
    def run(proc: Process) -> int:
        program = cast("Program", getattr(_imported(module), function))
        return program(proc)

    return run


@cache
def _imported(module: str) -> ModuleType:
    return import_module(f"{_LAB}.{module}")


PROGRAMS: dict[str, Program] = {name: _lazy(module, function) for name, (module, function) in _MODULES.items()}
"""Name of a played program -> its main; the exit code is what main returns."""

_SYSTEM32 = "C:\\WINDOWS\\system32\\"
_EVERYWHERE = {"xp", "2003", "vista", "2008"}
_NEWER = {"vista", "2008"}
_SERVERS = {"2003", "2008"}

# file below system32 -> (program, Windows families that have it)
_FILES = {
    "attrib.exe": ("attrib", _EVERYWHERE),
    "certutil.exe": ("certutil", _EVERYWHERE - {"xp"}),
    "chcp.com": ("chcp", _EVERYWHERE),
    "cluster.exe": ("cluster", _SERVERS),
    "cmd.exe": ("cmd", _EVERYWHERE),
    "dsquery.exe": ("dsquery", {"2003"}),  # on 2008 it comes with RSAT-ADDS
    "fc.exe": ("fc", _EVERYWHERE),
    "find.exe": ("find", _EVERYWHERE),
    "findstr.exe": ("findstr", _EVERYWHERE),
    "hostname.exe": ("hostname", _EVERYWHERE),
    "more.com": ("more", _EVERYWHERE),
    "msiexec.exe": ("msiexec", _EVERYWHERE),
    "net.exe": ("net", _EVERYWHERE),
    "ping.exe": ("ping", _EVERYWHERE),
    "reg.exe": ("reg", _EVERYWHERE),
    "sc.exe": ("sc", _EVERYWHERE),
    "schtasks.exe": ("schtasks", _EVERYWHERE),
    "ServerManagerCmd.exe": ("servermanagercmd", {"2008"}),
    "shutdown.exe": ("shutdown", _EVERYWHERE),
    "sort.exe": ("sort", _EVERYWHERE),
    "taskkill.exe": ("taskkill", _EVERYWHERE),
    "tasklist.exe": ("tasklist", _EVERYWHERE),
    "timeout.exe": ("timeout", _NEWER),
    "wbem\\wmic.exe": ("wmic", _EVERYWHERE),
    "whoami.exe": ("whoami", _EVERYWHERE - {"xp"}),
    "WindowsPowerShell\\v1.0\\powershell.exe": ("powershell", _EVERYWHERE),
    "winrm.cmd": ("winrm", _EVERYWHERE),
}

# windows-cli.md 3; PowerShell needs the .NET Framework, which Server Core of 2008 does not have
_NOT_ON_CORE = ("ServerManagerCmd.exe", "WindowsPowerShell\\v1.0\\powershell.exe")


def default_programs(windows: Windows) -> dict[str, tuple[str, str]]:
    """The files that such a Windows with WinRM, PowerShell and its cluster tools has: path -> (program, version)."""
    return {
        _SYSTEM32 + name: (program, windows.version)
        for name, (program, families) in _FILES.items()
        if windows.family in families and not (windows.core and name in _NOT_ON_CORE)
    }
