# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""powershell.exe 1.0: a small interpreter, and the Exchange cmdlets for clustered mailbox servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..files import absolute
from ..programs.pace import take_time
from .console import Console
from .errors import ParseError
from .interpreter import Interpreter
from .options import USAGE, Options, UsageError, parse_options
from .parser import parse
from .session import Session
from .session_cmdlets import EXCHANGE_SNAPIN, load_exchange

if TYPE_CHECKING:
    from ..process import Process

_START = 4.0  # lab seconds
_LOGO = "Windows PowerShell\nCopyright (C) 2006 Microsoft Corporation. All rights reserved.\n\n"


def main(proc: Process) -> int:
    """Run one powershell.exe to its end and return its exit code."""
    try:
        options = parse_options(proc.argv[1:])
    except UsageError as error:
        console = Console(proc)
        proc.err(console.translated(str(error)) + "\n")
        proc.out(USAGE)
        return 1
    if options.help:
        proc.out(USAGE)
        return 0
    take_time(proc, "powershell", _START)
    return _run(proc, options)


def _run(proc: Process, options: Options) -> int:
    console = Console(proc, options.interactive)
    session = Session(proc, console)
    if options.console_file and not _load_console_file(session, options.console_file):
        return 1
    if options.command is None and options.logo:
        proc.out(console.translated(_LOGO))
    if options.command is None or options.command.strip() == "-":
        return _run_lines(session)
    if options.input_format != "none":
        _drain(session)
    return run_text(session, options.command)


def run_text(session: Session, text: str) -> int:
    """Run a script; nothing of it when it can't be parsed."""
    try:
        block = parse(text)
    except ParseError as error:
        session.console.parse_error(error)
        return 1
    return Interpreter(session).run_script(block)


def _drain(session: Session) -> None:
    """Read standard input to its end before anything else: an open pipe holds PowerShell 1.0 up (exchange.md 6.1)."""
    data = session.proc.stdin.read(session.proc.alive)
    text = data.decode(session.proc.codepage, "replace").replace("\r\n", "\n")
    session.scopes[0]["input"] = text.removesuffix("\n").split("\n") if text else []
    session.console.drained = True


def _run_lines(session: Session) -> int:
    """Without a command, or with '-': every line of standard input is a script."""
    code = 0
    while (line := session.proc.stdin.readline(session.proc.alive)) is not None:
        code = run_text(session, line)
        if session.ended:
            break
    return code


def _load_console_file(session: Session, path: str) -> bool:
    """Load the snap-ins that an exported console names; says why not."""
    full = absolute(path, session.proc.cwd)
    entry = session.host.files.entry(full)
    if entry is None or not full.lower().endswith(".psc1"):
        why = "does not exist" if entry is None else "must end with the file name extension '.psc1'"
        message = f"Cannot load the Windows PowerShell console file: the file '{full}' {why}."
        session.proc.err(session.console.translated(message) + "\n")
        return False
    if EXCHANGE_SNAPIN.encode() in entry.data:
        _load_exchange(session, full)
    return True


def _load_exchange(session: Session, console_file: str) -> None:
    bits = session.host.bits
    if bits is not None and bits.complete:
        load_exchange(session)
        return
    session.console.warn(
        f"The following errors occurred when loading console '{console_file}': Cannot load Windows PowerShell snap-in "
        f"'{EXCHANGE_SNAPIN}' because of the following error: Could not load file or assembly "
        "'Microsoft.Exchange.PowerShell.Configuration.dll' or one of its dependencies. The system cannot find the "
        "file specified."
    )
