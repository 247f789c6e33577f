# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""sc.exe: query, queryex, start, stop, config, qc (windows-cli.md 5.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .. import language
from ..errors import ServiceError
from ..winerror import system_message
from ..world import Power
from .common import say
from .pace import take_time

if TYPE_CHECKING:
    from ..process import Process
    from ..world import Host, Service

_NUMBERS = {"stopped": 1, "start_pending": 2, "stop_pending": 3, "running": 4, "paused": 7}
_STARTS = {"auto": (2, "AUTO_START"), "demand": (3, "DEMAND_START"), "disabled": (4, "DISABLED")}
_CALLS = {
    "query": "EnumQueryServicesStatus:OpenService",
    "queryex": "EnumQueryServicesStatus:OpenService",
    "start": "StartService",
    "stop": "ControlService",
    "config": "OpenService",
    "qc": "OpenService",
}
_NO_SUCH_SERVICE = 1060
_USAGE = 1639  # ERROR_INVALID_COMMAND_LINE


def main(proc: Process) -> int:
    """Run sc; the exit code is the Win32 error number."""
    take_time(proc, "sc")
    words = list(proc.argv[1:])
    server = words.pop(0) if words and words[0].startswith("\\\\") else ""
    verb = words[0].lower() if words else ""
    if verb not in _CALLS or (len(words) < 2 and not verb.startswith("query")):
        proc.out(language.of(proc.host).text("DESCRIPTION:\n        SC is a command line program used for ") + "\n")
        return _USAGE
    try:
        host = _host(proc, server)
    except ServiceError as error:
        return _fail(proc, "OpenSCManager", error.code)
    try:
        with host.world.lock:
            return _act(proc, host, verb, words[1:])
    except ServiceError as error:
        opening = error.code == _NO_SUCH_SERVICE and not verb.startswith("query")
        return _fail(proc, f"{'OpenService' if opening else _CALLS[verb]}", error.code)


def _host(proc: Process, server: str) -> Host:
    """The computer whose services are meant; a network logon has no credentials to go on with."""
    name = server.strip("\\").lower()
    if name in ("", ".", proc.host.name.lower()):
        return proc.host
    host = proc.host.world.hosts.get(name)
    if host is None or host.power is not Power.ON:
        raise ServiceError(1722)
    if not proc.logon.can_go_on:
        raise ServiceError(5)
    return host


def _act(proc: Process, host: Host, verb: str, words: list[str]) -> int:
    physics = host.world.physics
    if verb.startswith("query"):
        _query(proc, host, words, extended=verb == "queryex")
    elif verb == "start":
        physics.start_service(host, words[0], proc)
        _status(proc, physics.services.find(host, words[0]), extended=True)
    elif verb == "stop":
        physics.stop_service(host, words[0], proc)
        _status(proc, physics.services.find(host, words[0]), extended=False)
    elif verb == "config":
        return _config(proc, host, words)
    else:
        _configuration(proc, host, physics.services.find(host, words[0]))
    return 0


def _query(proc: Process, host: Host, words: list[str], extended: bool) -> None:
    if words and not words[0].endswith("="):
        _status(proc, host.world.physics.services.find(host, words[0]), extended)
        return
    options = dict(zip(words[::2], words[1::2], strict=False))
    wanted = options.get("state=", "active").lower()
    for service in sorted(host.services.values(), key=lambda s: s.name.lower()):
        if wanted == "all" or (wanted == "inactive") == (service.state == "stopped"):
            _status(proc, service, extended, display=True)


def _status(proc: Process, service: Service, extended: bool, display: bool = False) -> None:
    running = service.state == "running"
    rows = [
        ("TYPE", "10  WIN32_OWN_PROCESS "),
        ("STATE", f"{_NUMBERS[service.state]}  {service.state.upper()} "),
        (
            "",
            "(STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)"
            if running
            else "(NOT_STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)",
        ),
        ("WIN32_EXIT_CODE", "0  (0x0)"),
        ("SERVICE_EXIT_CODE", "0  (0x0)"),
        ("CHECKPOINT", "0x0"),
        ("WAIT_HINT", "0x0"),
    ]
    if extended:
        rows += [("PID", "1280" if running else "0"), ("FLAGS", "")]
    words = language.of(proc.host)
    lines = ["", f"{words.label('SERVICE_NAME')}: {service.name}"]
    lines += [f"{words.label('DISPLAY_NAME')}: {service.display_name}"] if display else []
    proc.out("\n".join([*lines, *(_row(proc, label, value) for label, value in rows)]) + "\n")


def _row(proc: Process, label: str, value: str) -> str:
    # windows-cli.md 5.2: the label is localised, the number and the English state word are not.
    if not label:
        return " " * 32 + value
    return f"        {language.of(proc.host).label(label):<19}: {value}"


def _config(proc: Process, host: Host, words: list[str]) -> int:
    text = " ".join(words[1:])
    found = re.search(r"start=\s*(\w+)", text)
    if not found or found.group(1).lower() not in _STARTS:
        host.world.physics.services.find(host, words[0])
        say(proc, "DESCRIPTION:\n        Modifies a service entry in the registry and Service Database.")
        return _USAGE
    host.world.physics.configure_service(host, words[0], found.group(1).lower(), proc)
    say(proc, "[{sc}] {call} SUCCESS", sc="SC", call="ChangeServiceConfig")
    return 0


def _configuration(proc: Process, host: Host, service: Service) -> None:
    number, word = _STARTS[service.start]
    call = "GetServiceConfig" if host.windows.version.startswith("5.") else "QueryServiceConfig"
    rows = [
        ("TYPE", "10  WIN32_OWN_PROCESS "),
        ("START_TYPE", f"{number}   {word}"),
        ("ERROR_CONTROL", "1   NORMAL"),
        ("BINARY_PATH_NAME", f"C:\\WINDOWS\\system32\\{service.name}.exe"),
        ("LOAD_ORDER_GROUP", ""),
        ("TAG", "0"),
        ("DISPLAY_NAME", service.display_name),
        ("DEPENDENCIES", ""),
        ("SERVICE_START_NAME", "LocalSystem"),
    ]
    words = language.of(proc.host)
    lines = [f"[SC] {call} {words.text('SUCCESS')}", "", f"{words.label('SERVICE_NAME')}: {service.name}"]
    proc.out("\n".join([*lines, *(_row(proc, label, value) for label, value in rows)]) + "\n")


def _fail(proc: Process, call: str, code: int) -> int:
    words = language.of(proc.host)
    text = words.text((system_message(code) or f"Error {code}.").replace("{", "{{"))
    proc.out(f"[SC] {call} {words.text('FAILED')} {code}:\n\n{text}\n\n")
    return code
