# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Cmdlets about the computer: files, the registry as HKLM:, processes, services, a little WMI."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..files import FileSystemError, absolute, base_name, parent
from ..registry import HIVES
from .binding import Invocation, Parameter, Registry, switch, texts
from .errors import PSError
from .operators import is_like
from .pipeline_cmdlets import items
from .statics import version_info
from .values import EnumValue, PSObject, to_text

if TYPE_CHECKING:
    from ..process import Process
    from ..world import Host, Service
    from .session import Session

REGISTRY = Registry()
Output = Iterator[Any]
_PATH = Parameter("Path", 0, mandatory=True, piped=True, aliases=("pspath", "literalpath"))
_STATES = {"stopped": 1, "start_pending": 2, "stop_pending": 3, "running": 4, "paused": 7}
_MEMORY = 24 * 2**20  # bytes that every played process seems to use


def registry_key(path: str) -> str:
    """The key behind HKLM:\\… or Registry::HKEY_LOCAL_MACHINE\\…, or empty for a path of the file system."""
    provider, _colons, rest = path.rpartition("::")
    if provider.lower() in ("registry", "microsoft.powershell.core\\registry"):
        return rest
    drive, colon, key = path.partition(":")
    return drive.upper() + "\\" + key.strip("\\") if colon and drive.upper() in ("HKLM", "HKCU") else ""


def _full(session: Session, path: str) -> str:
    return absolute(path, session.proc.cwd)


def _exists(session: Session, path: str) -> bool:
    key = registry_key(path)
    if key:
        return session.host.registry.has_key(key)
    if path.lower().startswith("env:"):
        return any(path[4:].lower() == name.lower() for name in session.proc.env)
    full = _full(session, path)
    if "*" not in full and "?" not in full:
        return session.host.files.exists(full)
    return bool(_matching(session, full))


def _matching(session: Session, full: str) -> list[str]:
    """The paths that a wildcard in the last part means."""
    folder, pattern = parent(full), base_name(full)
    if not session.host.files.is_dir(folder):
        return []
    return [f"{folder.rstrip(chr(92))}\\{n}" for n in session.host.files.listdir(folder) if is_like(n, pattern)]


def _missing(call: Invocation, path: str) -> None:
    shown = path if registry_key(path) else _full(call.session, path)
    call.error(f"Cannot find path '{shown}' because it does not exist.", "PathNotFound", path)


@REGISTRY.add("Test-Path", _PATH, Parameter("PathType"))
def _test_path(call: Invocation) -> Output:
    for path in texts(call.get("Path")):
        found = _exists(call.session, path)
        wanted = call.text("PathType").lower()
        if found and wanted in ("leaf", "container") and not registry_key(path):
            found = call.session.host.files.is_dir(_full(call.session, path)) == (wanted == "container")
        yield found


@REGISTRY.add("Get-Content", _PATH, Parameter("TotalCount"), Parameter("Encoding"))
def _get_content(call: Invocation) -> Output:
    for path in texts(call.get("Path")):
        try:
            data = call.session.host.files.read(_full(call.session, path))
        except FileSystemError:
            _missing(call, path)
            continue
        text = decoded(data, call.session.host).replace("\r\n", "\n").removesuffix("\n")
        lines = text.split("\n") if text else []
        yield from lines[: int(to_text(call.get("TotalCount")))] if call.given("TotalCount") else lines


def decoded(data: bytes, host: Host) -> str:
    """The text of a file: by its byte order mark, else in the ANSI code page."""
    if data.startswith(b"\xff\xfe"):
        return data[2:].decode("utf-16-le", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    return data.decode("cp932" if host.windows.oem_codepage == 932 else "cp1252", "replace")


@REGISTRY.add(
    "Out-File",
    Parameter("FilePath", 0, mandatory=True),
    switch("Append"),
    Parameter("Encoding"),
    Parameter("InputObject"),
)
def _out_file(call: Invocation) -> Output:
    pieces: list[str] = []
    printer = call.session.printer(pieces.append)
    for item in items(call):
        printer.show(item)
    printer.finish()
    save(call.session, call.text("FilePath"), "".join(pieces), call.flag("Append"), call.text("Encoding"))
    yield from ()


def save(session: Session, path: str, text: str, append: bool = False, encoding: str = "") -> None:
    """Write text to a file, in UTF-16 with a byte order mark unless another encoding is given."""
    full = _full(session, path)
    narrow = encoding.lower() in ("ascii", "default", "oem")
    data = text.replace("\n", "\r\n").encode("cp1252" if narrow else "utf-16-le", "replace")
    begun = append and session.host.files.entry(full) is not None
    try:
        session.host.files.write(full, data if narrow or begun else b"\xff\xfe" + data, append)
    except FileSystemError:
        raise PSError(f"Could not find a part of the path '{full}'.") from None
    session.host.world.truth.effect(session.host, "file", "write", full, session.proc)


@REGISTRY.add("Get-Item", _PATH)
def _get_item(call: Invocation) -> Output:
    for path in texts(call.get("Path")):
        if not _exists(call.session, path):
            _missing(call, path)
        elif registry_key(path):
            yield _key_object(call.session, registry_key(path))
        else:
            yield _file_object(call.session, _full(call.session, path))


@REGISTRY.add("Get-ChildItem", Parameter("Path", 0, piped=True), Parameter("Filter", 1), switch("Force"))
def _get_child_item(call: Invocation) -> Output:
    for path in texts(call.get("Path", ".")):
        key = registry_key(path)
        if not _exists(call.session, path):
            _missing(call, path)
        elif key:
            yield from (_key_object(call.session, f"{key}\\{n}") for n in call.session.host.registry.subkeys(key))
        else:
            yield from _children(call, _full(call.session, path))


def _children(call: Invocation, full: str) -> Output:
    files = call.session.host.files
    wild = "*" in full or "?" in full
    found = _matching(call.session, full if wild or not files.is_dir(full) else f"{full.rstrip(chr(92))}\\*")
    for path in found:
        if not call.given("Filter") or is_like(base_name(path), call.text("Filter")):
            yield _file_object(call.session, path)


def _file_object(session: Session, path: str) -> PSObject:
    host = session.host
    entry, name = host.files.entry(path), base_name(host.files.true_name(path))
    properties: dict[str, Any] = {"Name": name, "FullName": host.files.true_name(path), "PSIsContainer": entry is None}
    if entry is None:
        return PSObject("System.IO.DirectoryInfo", properties, name, ("Name",))
    properties["Length"] = len(entry.data)
    properties["LastWriteTime"] = host.world.start_date + timedelta(seconds=entry.mtime)
    properties["VersionInfo"] = version_info(path, entry.version)
    return PSObject("System.IO.FileInfo", properties, name, ("LastWriteTime", "Length", "Name"))


def _key_object(session: Session, key: str) -> PSObject:
    hive, _backslash, rest = key.partition("\\")
    long = {short: name for name, short in HIVES.items()}.get(hive.upper(), hive)
    values = [value.name for value in session.host.registry.values(key)]
    properties = {
        "PSChildName": key.rpartition("\\")[2],
        "Name": f"{long}\\{rest}",
        "SubKeyCount": len(session.host.registry.subkeys(key)),
        "ValueCount": len(values),
        "Property": values,
    }
    return PSObject("Microsoft.Win32.RegistryKey", properties, f"{long}\\{rest}", ("SubKeyCount", "ValueCount", "Name"))


@REGISTRY.add("Get-ItemProperty", _PATH, Parameter("Name", 1))
def _get_item_property(call: Invocation) -> Output:
    for path in texts(call.get("Path")):
        key = registry_key(path)
        if not _exists(call.session, path):
            _missing(call, path)
        elif key:
            yield from _values_object(call, key)
        else:
            yield _file_object(call.session, _full(call.session, path))


def _values_object(call: Invocation, key: str) -> Output:
    wanted = texts(call.get("Name")) or ["*"]
    values = {value.name: value.data for value in call.session.host.registry.values(key)}
    for pattern in wanted:
        if "*" not in pattern and not any(is_like(name, pattern) for name in values):
            call.error(f"Property '{pattern}' does not exist at path '{key}'.", "PropertyNotFound")
            return
    shown: dict[str, Any] = {
        name: list(data) if isinstance(data, (bytes, list)) else data
        for name, data in values.items()
        if any(is_like(name, pattern) for pattern in wanted)
    }
    shown |= {"PSPath": f"Microsoft.PowerShell.Core\\Registry::{key}", "PSChildName": key.rpartition("\\")[2]}
    yield PSObject("System.Management.Automation.PSCustomObject", shown)


@REGISTRY.add("Set-Location", _PATH)
def _set_location(call: Invocation) -> Output:
    full = _full(call.session, call.text("Path"))
    if call.session.host.files.is_dir(full):
        call.session.proc.cwd = full
    else:
        _missing(call, full)
    yield from ()


@REGISTRY.add("Get-Process", Parameter("Name", 0), Parameter("Id"))
def _get_process(call: Invocation) -> Output:
    with call.session.host.world.lock:
        running = [_process_object(proc) for proc in call.session.host.processes]
    wanted = texts(call.get("Name")) or ["*"]
    numbers = texts(call.get("Id"))
    for pattern in numbers or wanted:
        field = "Id" if numbers else "Name"
        found = [p for p in running if is_like(p.properties[field], pattern)]
        if not found and "*" not in pattern:
            what = "identifier" if numbers else "name"
            call.error(
                f"Cannot find a process with the process {what} '{pattern}'. Verify the process {what} and call the "
                "cmdlet again.",
                "NoProcessFoundForGivenName",
            )
        yield from found


def _process_object(proc: Process) -> PSObject:
    name = base_name("C:\\" + (proc.argv[0] if proc.argv else "cmd")).rpartition("\\")[2]
    name = name[:-4] if name.lower().endswith((".exe", ".com")) else name
    properties = {"Id": proc.pid, "ProcessName": name, "Name": name, "WorkingSet": _MEMORY}
    return PSObject("System.Diagnostics.Process", dict(properties), None, ("Id", "ProcessName"))


@REGISTRY.add("Get-Service", Parameter("Name", 0, piped=True), Parameter("DisplayName"))
def _get_service(call: Invocation) -> Output:
    with call.session.host.world.lock:
        known = [service_object(service) for service in call.session.host.services.values()]
    for pattern in texts(call.get("Name")) or ["*"]:
        found = [s for s in known if is_like(s.properties["Name"], pattern)]
        if not found and "*" not in pattern:
            call.error(f"Cannot find any service with service name '{pattern}'.", "NoServiceFoundForGivenName")
        yield from sorted(found, key=lambda s: str(s.properties["Name"]).lower())


def service_object(service: Service) -> PSObject:
    """A System.ServiceProcess.ServiceController."""
    word = "".join(part.capitalize() for part in service.state.split("_"))
    status = EnumValue(word, _STATES[service.state], "System.ServiceProcess.ServiceControllerStatus")
    properties = {
        "Status": status,
        "Name": service.name,
        "DisplayName": service.display_name,
        "ServiceName": service.name,
        "CanStop": service.state == "running",
    }
    return PSObject(
        "System.ServiceProcess.ServiceController",
        dict(properties),
        "System.ServiceProcess.ServiceController",
        ("Status", "Name", "DisplayName"),
    )


@REGISTRY.add(
    "Get-WmiObject",
    Parameter("Class", 0, mandatory=True),
    Parameter("Filter"),
    Parameter("Namespace"),
    Parameter("ComputerName"),
)
def _get_wmi_object(call: Invocation) -> Output:
    name = call.text("Class").lower()
    if call.text("ComputerName").lower() not in ("", ".", "localhost", call.session.host.name.lower()):
        raise call.fail("The RPC server is unavailable. (Exception from HRESULT: 0x800706BA)", "GetWMICOMException")
    if name not in _CLASSES:
        raise call.fail(f"Invalid class '{call.text('Class')}'", "GetWMIManagementException")
    yield _CLASSES[name](call.session)


def _operating_system(session: Session) -> PSObject:
    windows, host = session.host.windows, session.host
    boot = host.world.start_date + timedelta(seconds=host.boot_time)
    return PSObject(
        "System.Management.ManagementObject#root\\cimv2\\Win32_OperatingSystem",
        {
            "SystemDirectory": r"C:\WINDOWS\system32",
            "BuildNumber": windows.version.rpartition(".")[2],
            "Version": windows.version,
            "ServicePackMajorVersion": windows.service_pack,
            "ServicePackMinorVersion": 0,
            "CSName": host.name,
            "LastBootUpTime": boot.strftime("%Y%m%d%H%M%S.000000+000"),
            "LocalDateTime": session.now().strftime("%Y%m%d%H%M%S.000000+000"),
            "OSLanguage": 1033 if windows.language == "en" else 1034,
        },
    )


def _computer_system(session: Session) -> PSObject:
    return PSObject(
        "System.Management.ManagementObject#root\\cimv2\\Win32_ComputerSystem",
        {"Name": session.host.name, "Domain": session.host.domain, "PartOfDomain": True},
    )


_CLASSES = {"win32_operatingsystem": _operating_system, "win32_computersystem": _computer_system}
