# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What a fresh Windows has: services and registry values that the tools read (windows-cli.md 5.4, 5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .language import Language
from .world import Service

if TYPE_CHECKING:
    from .world import Host, Windows

# name -> (display name, state, start)
_Rows = dict[str, tuple[str, str, str]]
_SERVICES: _Rows = {
    "Dnscache": ("DNS Client", "running", "auto"),
    "EventLog": ("Event Log", "running", "auto"),
    "lanmanserver": ("Server", "running", "auto"),
    "Netlogon": ("Net Logon", "running", "auto"),
    "RemoteRegistry": ("Remote Registry", "running", "auto"),
    "RpcSs": ("Remote Procedure Call (RPC)", "running", "auto"),
    "Schedule": ("Task Scheduler", "running", "auto"),
    "Spooler": ("Print Spooler", "running", "auto"),
    "W32Time": ("Windows Time", "running", "auto"),
    "winmgmt": ("Windows Management Instrumentation", "running", "auto"),
    "WinRM": ("Windows Remote Management (WS-Management)", "running", "auto"),
}
_PERFORMANCE_LOGS = {
    "5": ("SysmonLog", ("Performance Logs and Alerts", "stopped", "demand")),
    "6": ("pla", ("Performance Logs & Alerts", "stopped", "demand")),
}
_CLUSTER: _Rows = {"ClusSvc": ("Cluster Service", "running", "auto")}
_EXCHANGE: _Rows = {
    "MSExchangeADTopology": ("Microsoft Exchange Active Directory Topology Service", "running", "auto"),
    "MSExchangeIS": ("Microsoft Exchange Information Store", "stopped", "demand"),
    "MSExchangeMailboxAssistants": ("Microsoft Exchange Mailbox Assistants", "running", "auto"),
    "MSExchangeMailSubmission": ("Microsoft Exchange Mail Submission Service", "running", "auto"),
    "MSExchangeRepl": ("Microsoft Exchange Replication Service", "running", "auto"),
    "MSExchangeSA": ("Microsoft Exchange System Attendant", "stopped", "demand"),
    "MSExchangeSearch": ("Microsoft Exchange Search Indexer", "running", "auto"),
    "MSExchangeServiceHost": ("Microsoft Exchange Service Host", "running", "auto"),
    "MSExchangeTransportLogSearch": ("Microsoft Exchange Transport Log Search", "running", "auto"),
}
_PRODUCTS = {
    "xp": "Microsoft Windows XP",
    "2003": "Microsoft Windows Server 2003",
    "vista": "Windows Vista (TM) Enterprise",
    "2008": "Windows Server (R) 2008 {edition}",
}
_NT = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_WINDOWS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"
_CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"


def services_of(windows: Windows, clustered: bool, exchange: bool, wishes: dict[str, str]) -> dict[str, Service]:
    """The services of a computer, by name in lower case; wishes: name -> running, stopped, disabled or absent."""
    rows = dict(_SERVICES)
    name, row = _PERFORMANCE_LOGS[windows.version[0]]
    rows[name] = row
    rows |= _CLUSTER if clustered else {}
    rows |= _EXCHANGE if exchange else {}
    words = Language(windows.language)
    found = {key.lower(): Service(key, words.text(shown), *how) for key, (shown, *how) in rows.items()}
    for name, wish in wishes.items():
        _apply(found, name, wish)
    return found


def _apply(services: dict[str, Service], name: str, wish: str) -> None:
    if wish == "absent":
        services.pop(name.lower(), None)
        return
    service = services.setdefault(name.lower(), Service(name, name))
    service.state = "running" if wish == "running" else "stopped"
    service.start = {"running": "auto", "disabled": "disabled"}.get(wish, "demand")


def fill_registry(host: Host) -> None:
    """Version, service pack, code pages, names and the parents of the restart marks."""
    _version(host)
    _speech(host)
    registry = host.registry
    for name in ("ActiveComputerName", "ComputerName"):
        registry.set(f"{_CONTROL}\\ComputerName\\{name}", "ComputerName", host.name)
    registry.set(r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters", "Domain", host.world.directory.domain)
    registry.set(f"{_CONTROL}\\Session Manager", "ProtectionMode", 1)
    registry.set(r"HKLM\SOFTWARE\Microsoft\Updates", "UpdateExeVolatile", 0)
    registry.create_key(f"{_WINDOWS}\\WindowsUpdate\\Auto Update")
    registry.set(f"{_WINDOWS}\\Uninstall\\Connection Manager", "SystemComponent", 1)  # the key is never empty
    if host.windows.version.startswith("6."):
        registry.create_key(f"{_WINDOWS}\\Component Based Servicing")


def _version(host: Host) -> None:
    windows = host.windows
    major_minor, _dot, build = windows.version.rpartition(".")
    pack = windows.service_pack
    values = {
        "ProductName": _PRODUCTS[windows.family].format(edition=windows.edition),
        "CurrentVersion": major_minor,
        "CurrentBuildNumber": build,
        "SystemRoot": r"C:\WINDOWS",
    }
    for name, data in values.items():
        host.registry.set(_NT, name, data)
    if pack:
        host.registry.set(_NT, "CSDVersion", f"Service Pack {pack}")
    host.registry.set(f"{_CONTROL}\\Windows", "CSDVersion", pack << 8)
    host.registry.set(f"{_CONTROL}\\ProductOptions", "ProductType", "WinNT" if windows.workstation else "ServerNT")


def _speech(host: Host) -> None:
    language = "0409" if host.windows.language == "en" else "0407"
    host.registry.set(f"{_CONTROL}\\Nls\\Language", "InstallLanguage", language)
    host.registry.set(f"{_CONTROL}\\Nls\\Language", "Default", language)
    host.registry.set(f"{_CONTROL}\\Nls\\CodePage", "OEMCP", str(host.windows.oem_codepage))
    host.registry.set(f"{_CONTROL}\\Nls\\CodePage", "ACP", "1252")
