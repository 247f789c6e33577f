# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""A small cmd.exe, written from windows-cli.md 6: nasty where the real one is nasty."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from ..process import Killed, Logon, Process, Sink, Stdin
from .environment import default_environment
from .interpreter import run_command_line
from .launch import register, unregister

if TYPE_CHECKING:
    from ..world import Host

__all__ = ["main", "run_command_line", "start"]

_SWITCH = re.compile(r"\s*/(?:(c|k|r)|(d|q|s|a|u)|[efvt](?::(on|off))?)", re.IGNORECASE)


def start(
    host: Host,
    text: str,
    logon: Logon,
    *,
    stdin: Stdin,
    stdout: Sink,
    stderr: Sink,
    codepage: str,
    env: dict[str, str] | None = None,
    cwd: str | None = None,
    parent: Process | None = None,
) -> Process:
    """Run `cmd.exe /c text` beside the caller; process.done is set at its end, process.exit_code tells how it went.

    env is added to what the user's processes start with; cwd is the user's profile unless given.
    """
    env = default_environment(host, logon) | (env or {})
    cwd = cwd or env.get("USERPROFILE", "C:\\")
    argv = ["cmd.exe", "/c", text]
    proc = Process(host, argv, text, logon, stdin, stdout, stderr, codepage, env, cwd, parent=parent)
    register(host, proc)
    if parent:
        parent.children.append(proc)
    host.world.clock.spawn(lambda: _run(proc, text), f"lab-cmd-{host.name}-{proc.pid}")
    return proc


def _run(proc: Process, text: str) -> None:
    truth, hold = proc.host.world.truth, proc.host.world.hold
    token = truth.command_started(proc)
    code = 1
    try:
        with suppress(Killed):
            hold.line("before", token)
            code = _line(proc, text)
            proc.check()
    finally:
        code = code if proc.alive() else 1
        truth.command_ended(token, code)
        hold.line("after", token)
        unregister(proc, code)


def _line(proc: Process, text: str) -> int:
    """The line, unless a fault takes its place."""
    faults = proc.host.world.faults
    outcome = faults.around("before", proc, text)
    if outcome is not None:
        return outcome.play(proc)
    code = run_command_line(proc, text)
    outcome = faults.around("after", proc, text)
    return code if outcome is None else outcome.play(proc)


def main(proc: Process) -> int:
    """cmd.exe as a program: /c takes the rest of the line, and /k reads on from standard input after that.

    /v:on makes '!' special, /s takes the outer quotes off in any case, /q switches echo off.
    """
    rest = re.sub(r'^(?:"[^"]*"?|[^\s"/])+', "", proc.line)
    delayed = strips = False
    echo = True
    while found := _SWITCH.match(rest):
        rest = rest[found.end() :]
        if found[1]:
            code = run_command_line(proc, rest, delayed, strips, echo)
            return _read_commands(proc, delayed, echo) if found[1].lower() == "k" else code
        letter = found.group().strip()[1].lower()
        strips |= letter == "s"
        echo &= letter != "q"
        if letter == "v":
            delayed = (found[3] or "on").lower() == "on"
    return _read_commands(proc, delayed, echo)


def _read_commands(proc: Process, delayed: bool, echo: bool) -> int:
    """Without /c the commands come from standard input, one a line."""
    code = 0
    while (line := proc.stdin.readline(proc.alive)) is not None:
        code = run_command_line(proc, line, delayed, echo=echo)
    return code
