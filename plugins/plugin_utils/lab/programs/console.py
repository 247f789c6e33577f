# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""ping, hostname, whoami, chcp, timeout."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from ..world import Power
from .common import fail, say

if TYPE_CHECKING:
    from ..process import Process

_LOCAL = ("localhost", "127.0.0.1", "::1")
_SENT = "    Packets: Sent = {count}, Received = {received}, Lost = {lost} ({percent}% loss),"


def ping(proc: Process) -> int:
    """ping [-n count] [-w milliseconds] host: a second between two of them, which is what scripts use it for."""
    count, wait, target = _ping_arguments(proc.argv[1:])
    answers = _answers(proc, target)
    if answers is None:
        english = "Ping request could not find host {name}. Please check the name and try again."
        say(proc, english, name=target)
        return 1
    say(proc, "\nPinging {name} [127.0.0.1] with 32 bytes of data:", name=target)
    for number in range(count):
        if answers:
            say(proc, "Reply from 127.0.0.1: bytes=32 time<1ms TTL=128")
            proc.sleep(1.0 if number < count - 1 else 0.0)
        else:
            proc.sleep(wait / 1000)
            say(proc, "Request timed out.")
    received = count if answers else 0
    say(proc, "\nPing statistics for 127.0.0.1:")
    say(proc, _SENT, count=count, received=received, lost=count - received, percent=0 if answers else 100)
    return 0 if answers else 1


def _ping_arguments(words: list[str]) -> tuple[int, float, str]:
    values = {"n": 4.0, "w": 4000.0}
    target = ""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word[:1] in "-/" and word[1:].lower() in values and rest:
            values[word[1:].lower()] = float(rest.pop(0))
        elif word[:1] not in "-/":
            target = word
    return int(values["n"]), values["w"], target


def _answers(proc: Process, name: str) -> bool | None:
    """Whether a computer answers; None when nobody has that name. A number that isn't ours never answers."""
    short = name.lower().partition(".")[0]
    if name.lower() in _LOCAL:
        return True
    if short.isdigit():
        return False
    host = proc.host.world.hosts.get(short)
    return None if host is None else host.power is Power.ON


def hostname(proc: Process) -> int:
    """hostname."""
    proc.out(f"{proc.host.name}\n")
    return 0


def whoami(proc: Process) -> int:
    """whoami, without the switches that list groups and privileges."""
    if len(proc.argv) > 1:
        return fail(proc, 1, "ERROR: Invalid argument/option - '{word}'.", word=proc.argv[1])
    proc.out(f"{proc.logon.user.lower()}\n")
    return 0


def chcp(proc: Process) -> int:
    """chcp [number]: the console is shared with the programs that started this one."""
    if len(proc.argv) > 1 and not _set_codepage(proc, proc.argv[1]):
        return fail(proc, 1, "Invalid code page")
    number = {"utf-8": "65001", "utf8": "65001"}.get(proc.codepage.lower(), proc.codepage.lower().removeprefix("cp"))
    say(proc, "Active code page: {number}", number=number)
    return 0


def _set_codepage(proc: Process, number: str) -> bool:
    try:
        codecs.lookup(f"cp{number}")
    except LookupError:
        return False
    above: Process | None = proc
    while above is not None:
        above.codepage = f"cp{number}"
        above = above.parent
    return True


def timeout(proc: Process) -> int:
    """timeout /t seconds: refuses at once when its input isn't a console, as always over WinRM."""
    if proc.logon.kind == "network":
        return fail(proc, 1, "ERROR: Input redirection is not supported, exiting the process immediately.")
    seconds = [word for word in proc.argv[1:] if word.lstrip("-").isdigit()]
    if not seconds:
        return fail(proc, 1, "ERROR: Invalid syntax. Value expected for '/t'.")
    proc.sleep(float(seconds[0]))
    return 0
