# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Built-in commands that print: ECHO, TYPE, VER, VOL, DATE, TIME, and those that do nothing to be seen over WinRM."""

from __future__ import annotations

from ..files import FILE_NOT_FOUND, FileSystemError, base_name
from ..winerror import system_message
from .arguments import split_switches, unquote, words
from .context import Context
from .paths import expand, has_wildcard
from .shell import is_device

_UTF16 = b"\xff\xfe"


def echo(at: Context, arguments: str) -> int:
    """ECHO text: exactly one character between the name and the text goes."""
    text = arguments[1:]
    state = arguments.strip().lower()
    if state in ("on", "off") and arguments[:1] in " \t,;=":
        at.shell.echo = state == "on"
    elif not arguments.strip(" \t,;="):
        at.out("ECHO is on.\n" if at.shell.echo else "ECHO is off.\n")
    else:
        at.write(f"{text}\n")
    return 0


def type_(at: Context, arguments: str) -> int:
    """TYPE file…: with several files their names go to standard error, between blank lines."""
    _switches, names = split_switches(arguments)
    if not names:
        return at.bad_syntax()
    several = len(names) > 1 or has_wildcard(names[0])
    code = 0
    for name in names:
        try:
            _type(at, name, several)
        except FileSystemError as error:
            code = at.fail_with(error.code)
            if several:
                at.err("Error occurred while processing: {name}.\n", name=unquote(name))
            if error.code != FILE_NOT_FOUND:
                break
    return code


def _type(at: Context, name: str, several: bool) -> None:
    path = at.shell.path(name)
    if is_device(path):
        return
    found = [place for place in expand(at.files, path) if at.files.entry(place)] if has_wildcard(name) else [path]
    if not found:
        raise FileSystemError(FILE_NOT_FOUND, path)
    for place in found:
        data = at.files.read(place)
        if several:
            shown = base_name(place) if has_wildcard(name) else unquote(name)
            at.handles.stderr.write(at.shell.encode(f"\n{shown}\n\n\n"))
        at.handles.stdout.write(_as_text(at, data))


def _as_text(at: Context, data: bytes) -> bytes:
    """A file with a UTF-16 mark is converted to the console's code page; any other comes byte for byte."""
    if data.startswith(_UTF16):
        return data[2:].decode("utf-16-le", "replace").encode(at.shell.proc.codepage, "replace")
    return data


def ver(at: Context, arguments: str) -> int:
    """VER: the word before the number is localised (windows-cli.md 5.4)."""
    if split_switches(arguments)[0]:
        return at.bad_syntax()
    windows = at.shell.proc.host.windows
    name = "Microsoft Windows XP" if windows.family == "xp" else "Microsoft Windows"
    at.write(f"\n{name} [{at.shell.text('Version')} {windows.version}]\n")
    return 0


def vol(at: Context, arguments: str) -> int:
    """VOL: no label, an invented serial number."""
    switches, names = split_switches(arguments)
    drive = (names or [at.shell.proc.cwd])[0][:2].upper()
    if switches or drive[1:] != ":" or len((names or ["c:"])[0]) > 2:
        return at.bad_syntax()
    if not at.files.is_dir(f"{drive}\\"):
        return at.fail(system_message(3) or "")
    volume(at, drive[0])
    return 0


def volume(at: Context, drive: str) -> None:
    """The two lines about a volume that VOL and DIR print."""
    at.out(" Volume in drive {drive} has no label.\n", drive=drive)
    at.out(" Volume Serial Number is {serial}\n", serial="C0DE-2007")


def date(at: Context, arguments: str) -> int:
    """DATE /T; the lab's clock can't be set."""
    return _clock(at, arguments, f"{at.shell.day()} \n", "The system cannot accept the date entered.")


def time(at: Context, arguments: str) -> int:
    """TIME /T; the lab's clock can't be set."""
    return _clock(
        at, arguments, f"{at.shell.stamp().partition(' ')[2]}\n", "The system cannot accept the time entered."
    )


def _clock(at: Context, arguments: str, shown: str, refusal: str) -> int:
    if arguments.strip().lower() != "/t":
        return at.fail(refusal)
    at.write(shown)
    return 0


def pause(at: Context, _arguments: str) -> int:
    """PAUSE waits for a key: over WinRM for whatever comes on standard input."""
    at.out("Press any key to continue . . . ")
    answer = at.handles.stdin.readline(at.shell.proc.alive)
    at.write("\n")
    return 0 if answer is not None else 1


def cls(at: Context, arguments: str) -> int:
    """CLS writes a form feed when there is no console."""
    if split_switches(arguments)[0]:
        return at.bad_syntax()
    at.write("\f")
    return 0


def verify(at: Context, arguments: str) -> int:
    """VERIFY shows or takes the switch, which does nothing."""
    state = words(arguments)
    if not state:
        at.out("VERIFY is off.\n")
    elif state[0].lower() not in ("on", "off"):
        return at.fail("An incorrect parameter was\nentered for the command.")
    return 0


def nothing(_at: Context, _arguments: str) -> int:
    """REM, TITLE, BREAK, COLOR: nothing to be seen over WinRM."""
    return 0
