# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Static members of the .NET classes that administrators call from a command line: [Console], [string], [DateTime] …"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..files import FileSystemError, absolute
from .casts import cast, parse_date
from .dotnet_format import format_string
from .errors import Exit, PSError
from .members import guarded, no_method
from .operators import compiled, substitute
from .syntax import Variable
from .values import PropertyValues, PSObject, TypeValue, each, number, to_text

if TYPE_CHECKING:
    from .session import Session

_FILE_VERSION = "diagnostics.fileversioninfo"


@dataclass(frozen=True)
class Writer:
    """[Console]::Out or [Console]::Error."""

    write: Callable[[str], None]
    type_name: str = "System.IO.TextWriter"


class Statics:
    """[type]::name and [type]::name(arguments); type names without 'System.'."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._out = Writer(session.console.out)
        self._error = Writer(session.proc.err)
        self._members: dict[str, dict[str, Callable[..., Any]]] = {
            "console": {"writeline": self._write_line(self._out), "write": self._write(self._out)},
            "string": {
                "join": lambda separator, items: to_text(separator).join(to_text(item) for item in each(items)),
                "format": lambda text, *items: format_string(to_text(text), _flat(items)),
                "isnullorempty": lambda text: to_text(text) == "",
                "concat": lambda *items: "".join(to_text(item) for item in _flat(items)),
                "compare": _compare,
            },
            "datetime": {"parse": lambda text: parse_date(to_text(text))},
            "environment": {
                "exit": self._exit,
                "getenvironmentvariable": lambda name: session.get(Variable(to_text(name), "env")),
                "expandenvironmentvariables": self._expand,
            },
            _FILE_VERSION: {"getversioninfo": self._version_info},
            "io.file": {"exists": self._is_file, "readalltext": self._read},
            "io.directory": {"exists": lambda path: session.host.files.is_dir(self._path(path))},
            "math": _MATH,
            "regex": _REGEX,
            "text.regularexpressions.regex": _REGEX,
            "convert": {name: _convert(kind) for name, kind in _CONVERSIONS.items()},
            "int": {"parse": lambda text: cast("int", text)},
            "threading.thread": {"sleep": lambda span: session.proc.sleep(number(span) / 1000)},
        }
        self._members["int32"] = self._members["int"]
        self._values: dict[str, dict[str, Callable[[], Any]]] = {
            "console": {"out": lambda: self._out, "error": lambda: self._error},
            "string": {"empty": lambda: ""},
            "datetime": {"now": session.now, "utcnow": session.now, "today": self._today},
            "environment": {
                "machinename": lambda: session.host.name,
                "newline": lambda: "\r\n",
                "username": lambda: session.proc.logon.user.rpartition("\\")[2],
                "userdomainname": lambda: session.proc.logon.user.partition("\\")[0],
                "currentdirectory": lambda: session.proc.cwd,
                "osversion": self._os_version,
                "tickcount": self._tick_count,
            },
            "math": {"pi": lambda: math.pi},
            "int": {"maxvalue": lambda: 2**31 - 1, "minvalue": lambda: -(2**31)},
        }
        self._values["int32"] = self._values["int"]

    def get(self, target: Any, name: str, arguments: list[Any] | None) -> Any:
        """[target]::name, or a call of it."""
        key = self._key(target)
        if arguments is None:
            value = self._values.get(key, {}).get(name.lower())
            return value() if value else None
        method = self._members.get(key, {}).get(name.lower())
        if method is None:
            raise no_method(f"System.{_spelled(target)}", name)
        return guarded(method, name, *arguments, bound=0)

    def set(self, target: str, name: str, _value: Any) -> None:
        """[target]::name = value: nothing that the lab plays can be set."""
        raise PSError(f"Property '{name}' cannot be found on type [{target}]; make sure it exists and is settable.")

    def owns(self, value: Any) -> bool:
        """Whether instance() answers for this value."""
        return isinstance(value, Writer)

    def instance(self, value: Writer, name: str, arguments: list[Any] | None) -> Any:
        """A method of [Console]::Out."""
        methods = {"writeline": self._write_line(value), "write": self._write(value), "flush": lambda: None}
        if arguments is None:
            return None
        if name.lower() not in methods:
            raise no_method(value.type_name, name)
        return guarded(methods[name.lower()], name, *arguments, bound=0)

    def _key(self, target: Any) -> str:
        key = _spelled(target).lower()
        if key not in self._members:
            raise PSError(
                f"Unable to find type [{to_text(target)}]: make sure that the assembly containing this type is loaded."
            )
        return key

    def _write_line(self, writer: Writer) -> Callable[..., None]:
        return lambda *items: writer.write(_console_text(items) + "\n")

    def _write(self, writer: Writer) -> Callable[..., None]:
        return lambda *items: writer.write(_console_text(items))

    def _exit(self, code: Any = 0) -> None:
        raise Exit(int(number(code)))

    def _expand(self, text: Any) -> str:
        return compiled(r"%([^%]+)%").sub(
            lambda found: to_text(self._session.get(Variable(found.group(1), "env"))) or found.group(), to_text(text)
        )

    def _path(self, path: Any) -> str:
        return absolute(to_text(path), self._session.proc.cwd)

    def _is_file(self, path: Any) -> bool:
        return self._session.host.files.entry(self._path(path)) is not None

    def _read(self, path: Any) -> str:
        try:
            return self._session.host.files.read(self._path(path)).decode("utf-8", "replace")
        except FileSystemError:
            raise ValueError(f"Could not find file '{self._path(path)}'.") from None

    def _version_info(self, path: Any) -> PSObject:
        full = self._path(path)
        entry = self._session.host.files.entry(full)
        if entry is None:
            raise ValueError(full)
        return version_info(full, entry.version)

    def _today(self) -> datetime:
        return self._session.now().replace(hour=0, minute=0, second=0, microsecond=0)

    def _tick_count(self) -> int:
        return int((self._session.host.world.clock.now() - self._session.host.boot_time) * 1000)

    def _os_version(self) -> PSObject:
        windows = self._session.host.windows
        pack = f" Service Pack {windows.service_pack}" if windows.service_pack else ""
        text = f"Microsoft Windows NT {windows.version}.0{pack}"
        version = PSObject("System.Version", _numbers(windows.version), f"{windows.version}.0")
        return PSObject("System.OperatingSystem", {"Version": version, "VersionString": text}, text)


def version_info(path: str, version: str | None) -> PSObject:
    """A System.Diagnostics.FileVersionInfo."""
    names = ("FileMajorPart", "FileMinorPart", "FileBuildPart", "FilePrivatePart")
    numbers = [int(part) for part in (version or "").split(".") if part.isdecimal()]
    properties: dict[str, Any] = {"FileName": path, "FileVersion": version, "ProductVersion": version}
    properties.update(zip(names, [*numbers, 0, 0, 0, 0], strict=False))
    return PSObject(
        "System.Diagnostics.FileVersionInfo", properties, columns=("ProductVersion", "FileVersion", "FileName")
    )


def _numbers(version: str) -> dict[str, int]:
    names = ("Major", "Minor", "Build", "Revision")
    return dict(zip(names, [*map(int, version.split(".")), 0, 0, 0], strict=False))


def _spelled(target: Any) -> str:
    name = target.name if isinstance(target, TypeValue) else to_text(target)
    return name[7:] if name.lower().startswith("system.") else name


def _flat(items: tuple[Any, ...]) -> list[Any]:
    return items[0] if len(items) == 1 and isinstance(items[0], list) else list(items)


def _console_text(items: tuple[Any, ...]) -> str:
    """Console.WriteLine(value), or (format, values)."""
    if len(items) > 1:
        return format_string(to_text(items[0]), _flat(items[1:]))
    if items and isinstance(items[0], PropertyValues):
        return items[0].type_name  # Console.WriteLine calls ToString(), which lists nothing
    return to_text(items[0]) if items else ""


def _compare(left: Any, right: Any, ignore_case: Any = False) -> int:
    a, b = to_text(left), to_text(right)
    if ignore_case:
        a, b = a.lower(), b.lower()
    return int(a > b) - int(a < b)


def _convert(kind: str) -> Callable[[Any], Any]:
    return lambda value: cast(kind, value)


_CONVERSIONS = {"toint32": "int", "toint64": "long", "tostring": "string", "toboolean": "bool", "todouble": "double"}
_MATH: dict[str, Callable[..., Any]] = {
    "max": lambda a, b: max(number(a), number(b)),
    "min": lambda a, b: min(number(a), number(b)),
    "abs": lambda a: abs(number(a)),
    "round": lambda a, digits=0: round(float(number(a)), int(number(digits))),
    "floor": lambda a: float(math.floor(number(a))),
    "ceiling": lambda a: float(math.ceil(number(a))),
    "truncate": lambda a: float(math.trunc(number(a))),
}
_REGEX: dict[str, Callable[..., Any]] = {
    "ismatch": lambda text, pattern: compiled(to_text(pattern), True).search(to_text(text)) is not None,
    "replace": lambda text, pattern, new: substitute(to_text(pattern), to_text(new), to_text(text), True),
    "split": lambda text, pattern: compiled(to_text(pattern), True).split(to_text(text)),
    "escape": lambda text: "".join(f"\\{c}" if c in "\\*+?|{[()^$.# " else c for c in to_text(text)),
}
