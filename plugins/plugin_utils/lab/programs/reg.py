# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""reg.exe: query, add, delete (windows-cli.md 5.1). Every error ends with 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from .. import language
from ..registry import HIVES, Data, Registry, Value
from .pace import take_time
from .rights import is_administrator

if TYPE_CHECKING:
    from ..process import Process

_MISSING = "The system was unable to find the specified registry key or value."
_DENIED = "Access is denied."
_INVALID_KEY = "Invalid key name."
_SYNTAX = "Invalid syntax."
_DONE = "The operation completed successfully."
_TYPES = ("REG_SZ", "REG_EXPAND_SZ", "REG_MULTI_SZ", "REG_DWORD", "REG_BINARY", "REG_NONE")
_SWITCHES = {"/ve", "/s", "/f", "/va"}
_WITH_VALUE = {"/v", "/t", "/d", "/s"}


class RegError(Exception):
    """The English sentence that reg.exe says before it ends with 1."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Arguments:
    """One command line: the full key name, switches without a value, switches with one."""

    key: str
    switches: frozenset[str] = frozenset()
    values: dict[str, str] = field(default_factory=dict)

    @property
    def value_name(self) -> str | None:
        """The name of the value in question, empty for the unnamed one, None for the whole key."""
        return "" if "/ve" in self.switches else self.values.get("/v")


def main(proc: Process) -> int:
    """0, or 1 for every error: missing and denied look alike."""
    take_time(proc, "reg", 0.1)
    verb = proc.argv[1].lower() if len(proc.argv) > 1 else ""
    try:
        if verb not in _VERBS:
            raise RegError(_SYNTAX)
        _VERBS[verb](proc, _arguments(tuple(proc.argv[2:]), verb))
    except RegError as error:
        proc.err(_error_line(proc, error.sentence))
        return 1
    return 0


def _query(proc: Process, arguments: Arguments) -> None:
    with proc.host.world.lock:
        registry = proc.host.registry
        text = registry.shown((tuple(proc.argv), language.of(proc.host)), lambda: _answer(proc, registry, arguments))
    if not text:
        raise RegError(_MISSING)
    proc.out(text)


def _answer(proc: Process, registry: Registry, arguments: Arguments) -> str:
    """What a query prints; nothing when the key or the value is missing."""
    sections = list(_sections(proc, registry, arguments)) if registry.has_key(arguments.key) else None
    if sections is None or (not sections and arguments.value_name is not None):
        return ""
    banner = "! REG.EXE VERSION 3.0\n\n" if _old(proc) else ""
    return "\n" + banner + "\n".join(sections) + "\n"


def _sections(proc: Process, registry: Registry, arguments: Arguments) -> Iterator[str]:
    """A key line with its rows, then the sub-keys: their names, or with /s themselves.

    assumption: Vista and later leave out the line of a key that has no values.
    """
    name = arguments.value_name
    keys = list(_tree(registry, arguments.key)) if "/s" in arguments.switches else [arguments.key]
    for key in keys:
        values = _asked(proc, registry.values(key), name)
        if values or (name is None and _old(proc)):
            yield f"{key}\n" + "".join(_row(proc, value) for value in values)
    below = registry.subkeys(arguments.key)
    if below and name is None and len(keys) == 1:
        yield "".join(f"{arguments.key}\\{child}\n" for child in below)


def _tree(registry: Registry, key: str) -> Iterator[str]:
    yield key
    for child in registry.subkeys(key):
        yield from _tree(registry, f"{key}\\{child}")


def _asked(proc: Process, values: Sequence[Value], name: str | None) -> list[Value]:
    if name is None:
        return list(values)
    found = [value for value in values if value.name.lower() == name.lower()]
    if not found and name == "" and not _old(proc):
        # assumption: Vista and later print the unnamed value even when nobody set it
        return [Value("", "REG_SZ", language.of(proc.host).text("(value not set)"))]
    return found


def _row(proc: Process, value: Value) -> str:
    words = language.of(proc.host)
    unnamed = "<NO NAME>" if _old(proc) else "(Default)"
    name = value.name or words.text(unnamed)
    separator = "\t" if _old(proc) and words.knobs.reg_separator == "tab" else "    "
    return "    " + separator.join((name, value.type, _shown(value.data))) + "\n"


def _shown(data: Data) -> str:
    """Numbers in hexadecimal, parts of a REG_MULTI_SZ joined by a literal \\0, bytes as hexadecimal digits."""
    if isinstance(data, int):
        return f"0x{data:x}"
    if isinstance(data, bytes):
        return data.hex().upper()
    return data if isinstance(data, str) else "\\0".join(data)


def _add(proc: Process, arguments: Arguments) -> None:
    _need_administrator(proc, arguments.key)
    name, kind = arguments.value_name, arguments.values.get("/t", "REG_SZ").upper()
    data = _read(kind, arguments.values.get("/d", ""), arguments.values.get("/s", "\\0"))
    registry = proc.host.registry
    if name is not None and registry.get(arguments.key, name) is not None and "/f" not in arguments.switches:
        _ask(proc, "Value {name} exists, overwrite(Yes/No)? ", name)
    with proc.host.world.lock:
        registry.create_key(arguments.key)
        if name is not None:
            registry.set(arguments.key, name, data, kind)
    _changed(proc, "set", arguments)


def _delete(proc: Process, arguments: Arguments) -> None:
    _need_administrator(proc, arguments.key)
    name, registry = arguments.value_name, proc.host.registry
    if not registry.has_key(arguments.key) or (name is not None and registry.get(arguments.key, name) is None):
        raise RegError(_MISSING)
    if "/f" not in arguments.switches:
        _ask(proc, "Permanently delete {name} (Yes/No)? ", arguments.key if name is None else name)
    with proc.host.world.lock:
        if name is not None:
            registry.delete_value(arguments.key, name)
        elif "/va" in arguments.switches:
            for value in registry.values(arguments.key):
                registry.delete_value(arguments.key, value.name)
        else:
            registry.delete_key(arguments.key)
    _changed(proc, "delete", arguments)


_VERBS: dict[str, Callable[[Process, Arguments], None]] = {"query": _query, "add": _add, "delete": _delete}


@lru_cache(maxsize=1024)
def _arguments(words: tuple[str, ...], verb: str) -> Arguments:
    if not words:
        raise RegError(_SYNTAX)
    rest, switches, values = list(words[1:]), set(), {}
    while rest:
        switch = rest.pop(0).lower()
        takes_value = switch in _WITH_VALUE and not (switch == "/s" and verb == "query")
        if takes_value and rest:
            values[switch] = rest.pop(0)
        elif switch in _SWITCHES and not takes_value:
            switches.add(switch)
        else:
            raise RegError(_SYNTAX)
    return Arguments(_full_key(words[0]), frozenset(switches), values)


def _full_key(typed: str) -> str:
    """HKLM\\... as HKEY_LOCAL_MACHINE\\..., the way reg.exe prints it."""
    hive, _backslash, path = typed.rstrip("\\").partition("\\")
    long_names = {short: long for long, short in HIVES.items()}
    name = long_names.get(hive.upper(), hive.upper())
    if name not in HIVES:
        raise RegError(_INVALID_KEY)
    return f"{name}\\{path}" if path else name


def _read(kind: str, text: str, separator: str) -> Data:
    if kind not in _TYPES:
        raise RegError(_SYNTAX)
    try:
        if kind == "REG_DWORD":
            return int(text or "0", 0)
        if kind == "REG_BINARY":
            return bytes.fromhex(text)
    except ValueError:
        raise RegError(_SYNTAX) from None
    return text.split(separator) if kind == "REG_MULTI_SZ" else text


def _need_administrator(proc: Process, key: str) -> None:
    if key.startswith("HKEY_LOCAL_MACHINE") and not is_administrator(proc):
        raise RegError(_DENIED)


def _ask(proc: Process, question: str, name: str) -> None:
    """Read the answer from standard input; an end of input is a no."""
    proc.out(language.of(proc.host).text(question, name=name))
    answer = proc.stdin.readline(proc.alive) or ""
    if not answer.strip().lower().startswith("y"):
        raise RegError("The operation was canceled by the user.")


def _changed(proc: Process, what: str, arguments: Arguments) -> None:
    detail = arguments.key if arguments.value_name is None else f"{arguments.key} {arguments.value_name}"
    proc.host.world.truth.effect(proc.host, "registry", what, detail, proc)
    proc.out(language.of(proc.host).text(_DONE) + "\n")


def _error_line(proc: Process, sentence: str) -> str:
    return language.of(proc.host).text("ERROR: " + sentence) + "\n"


def _old(proc: Process) -> bool:
    """Whether this is the reg.exe of XP and 2003."""
    return proc.host.windows.family in ("xp", "2003")
