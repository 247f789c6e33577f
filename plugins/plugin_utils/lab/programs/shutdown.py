# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""shutdown.exe (windows-cli.md 5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import language
from ..errors import ShutdownError
from ..winerror import system_message
from ..world import Power
from .pace import take_time

if TYPE_CHECKING:
    from ..process import Process
    from ..world import Host

_DEFAULT_DELAY = 30.0
_LONGEST = {"5": 600, "6": 315360000}
_BAD_PARAMETER = 87
_ACTS = {"r": "restart", "s": "shutdown", "a": "abort", "l": "logoff"}
_PLAIN = ("f", "p", "h", "e", "i", "g", "o")
_WITH_VALUE = ("t", "c", "d", "m")


@dataclass
class _Order:
    act: str = ""
    delay: float = _DEFAULT_DELAY
    computer: str = ""


def main(proc: Process) -> int:
    """Run shutdown; the exit code is the Win32 error number."""
    take_time(proc, "shutdown")
    try:
        order = _parse(proc)
        if order.act in ("", "logoff"):
            proc.out(language.of(proc.host).text("Usage: shutdown [/i | /l | /s | /r | /a] [/f] [/m] [/t] [/c] [/d]\n"))
            return 0
        host = _host(proc, order.computer)
        if order.act == "abort":
            host.world.physics.abort_shutdown(host, proc)
        else:
            host.world.physics.shutdown(host, order.act == "restart", order.delay, proc)
    except ShutdownError as error:
        text = language.of(proc.host).text(system_message(error.code) or "Error.")
        proc.err(f"{text}({error.code})\n")
        return error.code
    return 0


def _parse(proc: Process) -> _Order:
    order = _Order()
    words = list(proc.argv[1:])
    while words:
        name, value = _option(words)
        if name in _ACTS:
            order.act = _ACTS[name]
        elif name == "t":
            order.delay = _seconds(proc, value)
        elif name == "m":
            order.computer = value.strip("\\")
    return order


def _option(words: list[str]) -> tuple[str, str]:
    """Take one option and its value off the front; both /t 5 and /t:5 are taken, - as well as /."""
    word = words.pop(0)
    name, colon, value = word[1:].partition(":")
    name = name.lower()
    if word[:1] not in ("/", "-") or name not in (*_ACTS, *_PLAIN, *_WITH_VALUE):
        raise ShutdownError(_BAD_PARAMETER)
    if name in _WITH_VALUE and not colon:
        if not words:
            raise ShutdownError(_BAD_PARAMETER)
        value = words.pop(0)
    return name, value


def _seconds(proc: Process, value: str) -> float:
    if not value.isdigit() or int(value) > _LONGEST[proc.host.windows.version[0]]:
        raise ShutdownError(_BAD_PARAMETER)
    return float(value)


def _host(proc: Process, name: str) -> Host:
    if name.lower() in ("", proc.host.name.lower()):
        return proc.host
    host = proc.host.world.hosts.get(name.lower())
    if host is None or host.power is not Power.ON:
        raise ShutdownError(53)
    if not proc.logon.can_go_on:
        raise ShutdownError(5)
    return host
