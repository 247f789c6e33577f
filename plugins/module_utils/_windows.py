# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Windows itself: which one it is, services, boot time, pending restart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from . import _registry as registry
from ._cmdline import name as quoted_name
from ._node import Node, Result

CURRENT_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
WINDOWS_KEY = r"HKLM\SYSTEM\CurrentControlSet\Control\Windows"
LANGUAGE_KEY = r"HKLM\SYSTEM\CurrentControlSet\Control\Nls\Language"
SESSION_MANAGER = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
MICROSOFT_KEY = r"HKLM\SOFTWARE\Microsoft"
UPDATES_KEY = r"HKLM\SOFTWARE\Microsoft\Updates"
COMPONENTS_KEY = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing"
PRODUCT_KEY = r"HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions"
COMPUTER_NAME = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"

_FAMILIES = {(5, 1): "xp", (5, 2): "2003", (6, 0): "2008", (6, 1): "2008r2"}
_WORKSTATIONS = {(5, 1): "xp", (5, 2): "xp", (6, 0): "vista"}  # with the numbers of a server
_WORKSTATION = "winnt"


@dataclass(frozen=True)
class Os:
    """version such as 5.2.3790; family 2003, 2008, 2008r2, xp, vista or unknown; service_pack None: not readable."""

    version: str
    family: str
    service_pack: int | None
    language: str


def parse_os(ver: Result, windows: Result, language: Result, product: Result) -> Os:
    """From `ver` and three registry keys: numbers only, their words are localised (sources.md: windows-versions).

    Without an answer about the product it is taken for a server: no workstation is a cluster's node.
    """
    match = re.search(r"(?<![0-9])([0-9]{1,5})\.([0-9]{1,5})\.([0-9]{1,6})(?![0-9])", ver.stdout)
    version = match.group(0) if match else ""
    kind = registry.Keys(product).value(r"Control\ProductOptions", "ProductType") or ""
    families = _WORKSTATIONS if kind.casefold() == _WORKSTATION else _FAMILIES
    family = families.get((int(match.group(1)), int(match.group(2))), "unknown") if match else "unknown"
    packed = registry.dword(registry.Keys(windows).value(r"Control\Windows", "CSDVersion"))
    code = registry.Keys(language).value(r"Nls\Language", "InstallLanguage") or ""
    return Os(version, family, None if packed is None else packed >> 8, code)


def os_lines() -> list[str]:
    """Command lines whose results parse_os takes."""
    return ["ver", *(registry.query(key) for key in (WINDOWS_KEY, LANGUAGE_KEY, PRODUCT_KEY))]


@dataclass(frozen=True)
class PendingRestart:
    """reasons: the marks that were found. unread: keys that could not be read (then nobody knows)."""

    reasons: tuple[str, ...]
    unread: tuple[str, ...] = ()

    @property
    def required(self) -> bool | None:
        """True, False, or None for unknown."""
        if self.reasons:
            return True
        return None if self.unread else False


def pending_restart_lines() -> list[str]:
    """Command lines whose results parse_pending_restart takes."""
    return [
        registry.query(SESSION_MANAGER),
        registry.query(MICROSOFT_KEY),
        registry.query(UPDATES_KEY),
        registry.query(COMPONENTS_KEY),
    ]


def parse_pending_restart(results: Sequence[Result]) -> PendingRestart:
    """The marks that Exchange Setup looks at, and those of Windows 2008 (sources.md: setup-marks, pending-restart)."""
    session, microsoft, updates, components = (registry.Keys(result) for result in results)
    reasons, unread = [], []
    # This key is never without values: an answer that does not even name it is none.
    if not session.read or not session.has(r"Control\Session Manager"):
        unread.append(SESSION_MANAGER)
    if session.value("Control\\Session Manager", "PendingFileRenameOperations"):
        reasons.append(f"{SESSION_MANAGER}\\PendingFileRenameOperations")
    mark = updates.value(r"Microsoft\Updates", "UpdateExeVolatile")
    volatile = registry.dword(mark)
    if mark is not None and volatile is None:
        unread.append(f"{UPDATES_KEY}\\UpdateExeVolatile={mark}")
    if volatile:
        reasons.append(f"{UPDATES_KEY}\\UpdateExeVolatile={volatile}")
    # Exit code 1 does not tell a missing key from a refused one; the parent does (sources.md: reg).
    listed = microsoft.read and bool(microsoft.below(r"SOFTWARE\Microsoft"))
    if not updates.read and (not listed or microsoft.has(r"Microsoft\Updates")):
        unread.append(UPDATES_KEY)
    reasons += [f"{COMPONENTS_KEY}\\{key}" for key in ("RebootPending", "RebootInProgress") if components.has(key)]
    return PendingRestart(tuple(reasons), tuple(unread))


class ServiceState(Enum):
    """The numbers of `sc query`."""

    STOPPED = 1
    START_PENDING = 2
    STOP_PENDING = 3
    RUNNING = 4
    CONTINUE_PENDING = 5
    PAUSE_PENDING = 6
    PAUSED = 7
    ABSENT = 0
    UNKNOWN = -1


_STATE_LINE = re.compile(r":\s+([1-7])\s+(?:RUNNING|STOPPED|PAUSED|(?:START|STOP|CONTINUE|PAUSE)_PENDING)\b")
_NO_SUCH_SERVICE = 1060


def service_line(name: str) -> str:
    """The line whose result service_state takes."""
    return f"sc query {quoted_name(name)}"


def service_state(result: Result) -> ServiceState:
    """The state by its number; the label before it is localised (sources.md: sc)."""
    if result.rc == _NO_SUCH_SERVICE:
        return ServiceState.ABSENT
    match = _STATE_LINE.search(result.text)
    return ServiceState(int(match.group(1))) if match else ServiceState.UNKNOWN


BOOT_TIME_LINE = "wmic os get LastBootUpTime <nul"


def boot_time(result: Result) -> str | None:
    """When Windows was started, as WMI writes it (`20070304120000.000000+060`); only good for comparing."""
    match = re.search(r"[0-9]{14}\.[0-9]{6}[+-][0-9]{3}", result.stdout)
    return match.group(0) if match else None


def read_boot_time(node: Node) -> str | None:
    """The boot time of a node now; None where it can't be read."""
    return boot_time(node.read_line(BOOT_TIME_LINE))


def running_images(result: Result) -> list[str]:
    """Image names of `tasklist /nh /fo csv`, in lower case; the sentence for 'none' is localised and no row."""
    return [match.group(1).lower() for match in re.finditer(r'^"([^"]+)","\d+"', result.stdout, re.MULTILINE)]
