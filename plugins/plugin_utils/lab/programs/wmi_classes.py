# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The classes of root\\cimv2 that wmic can ask for, as the world is now. Callers hold the world's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from ..world import Host

if TYPE_CHECKING:
    from ..process import Process
    from .wql import Cell, Condition

Instance = dict[str, "Cell"]
Source = Callable[[Host, "Condition | None"], Iterable[Instance]]

_CAPTIONS = {
    "2003": "Microsoft(R) Windows(R) Server 2003 {edition} Edition",
    "2008": "Microsoft\u00ae Windows Server\u00ae 2008 {edition}",
    "xp": "Microsoft Windows XP Professional",
    "vista": "Microsoft\u00ae Windows Vista\u2122 {edition}",
}
_INSTALL_LANGUAGE = ("HKLM\\SYSTEM\\CurrentControlSet\\Control\\Nls\\Language", "InstallLanguage")
_SERVICE_STATES = {
    "stopped": "Stopped",
    "start_pending": "Start Pending",
    "stop_pending": "Stop Pending",
    "running": "Running",
    "paused": "Paused",
}
_START_MODES = {"auto": "Auto", "demand": "Manual", "disabled": "Disabled"}


def _operating_system(host: Host, _condition: Condition | None) -> Iterator[Instance]:
    windows = host.windows
    yield {
        "BuildNumber": windows.version.rpartition(".")[2],
        "Caption": _CAPTIONS[windows.family].format(edition=windows.edition),
        "CSDVersion": f"Service Pack {windows.service_pack}" if windows.service_pack else None,
        "CSName": host.name,
        "LastBootUpTime": _cim_time(host, host.boot_time),
        "LocalDateTime": _cim_time(host, host.world.clock.now()),
        "OSLanguage": _language_number(host),
        "OtherTypeDescription": "R2" if "R2" in windows.edition else None,
        "ProductType": 1 if windows.workstation else 3,
        "ServicePackMajorVersion": windows.service_pack,
        "Version": windows.version,
        "WindowsDirectory": "C:\\WINDOWS",
    }


def _cim_time(host: Host, seconds: float) -> str:
    """A moment in lab seconds as CIM writes it."""
    moment = host.world.start_date + timedelta(seconds=seconds)
    return moment.strftime("%Y%m%d%H%M%S.%f+000")


def _language_number(host: Host) -> int:
    installed = host.registry.get(*_INSTALL_LANGUAGE)
    if isinstance(installed, str) and installed:
        return int(installed, 16)
    return 1033 if host.windows.language == "en" else 1040


def _data_file(host: Host, condition: Condition | None) -> Iterator[Instance]:
    """Only the files that the condition names: nobody waits for the whole disk to be read."""
    for path in condition.literals if condition else ():
        entry = host.files.entry(path)
        if entry is not None:
            yield {
                "Extension": path.rpartition(".")[2].lower(),
                "FileSize": len(entry.data),
                "Name": path.lower(),
                "Version": entry.version,
            }


def _process(host: Host, _condition: Condition | None) -> Iterator[Instance]:
    for process in host.processes:
        yield {
            "CommandLine": process.line,
            "Name": _image_name(process),
            "ParentProcessId": process.parent.pid if process.parent else 4,
            "ProcessId": process.pid,
        }


def _image_name(process: Process) -> str:
    name = process.argv[0].rpartition("\\")[2]
    return name if "." in name else f"{name}.exe"


def _computer_system(host: Host, _condition: Condition | None) -> Iterator[Instance]:
    yield {
        "Domain": host.world.directory.domain,
        "DomainRole": 1 if host.windows.workstation else 3,
        "Name": host.name,
        "PartOfDomain": True,
    }


def _service(host: Host, _condition: Condition | None) -> Iterator[Instance]:
    for service in host.services.values():
        yield {
            "DisplayName": service.display_name,
            "Name": service.name,
            "Started": service.state == "running",
            "StartMode": _START_MODES[service.start],
            "State": _SERVICE_STATES[service.state],
        }


CLASSES: dict[str, Source] = {
    "win32_operatingsystem": _operating_system,
    "cim_datafile": _data_file,
    "win32_process": _process,
    "win32_computersystem": _computer_system,
    "win32_service": _service,
}
"""Class of root\\cimv2 in lower case -> where its instances come from."""

ALIASES = {
    "computersystem": "Win32_ComputerSystem",
    "datafile": "CIM_DataFile",
    "os": "Win32_OperatingSystem",
    "process": "Win32_Process",
    "service": "Win32_Service",
}
