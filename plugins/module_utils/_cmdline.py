# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Command lines for cmd.exe: quoting, and refusal of what cannot be passed safely.

Three parsers read one line: cmd.exe, the C runtime, the program (sources.md: cmd-quoting). What they don't agree on
is refused here, because on a mail cluster a name that arrives changed is worse than one that is turned down.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_COMMAND_LINE = 8191  # cmd.exe, KB830473

_PLAIN = re.compile(r"[A-Za-z0-9_.:\\/@+~$-]+")
_WORST = {'"': "a double quote", "%": "a percent sign", "\r": "a line break", "\n": "a line break", "\0": "a NUL"}
_UNSAFE = re.compile(r'["%\x00-\x1f\x7f]')


class Unquotable(ValueError):
    """A value that cannot be given to cmd.exe unchanged. value and reason say which and why."""

    def __init__(self, value: str, reason: str) -> None:
        super().__init__(f"{value!r} cannot be passed through cmd.exe: {reason}")
        self.value = value
        self.reason = reason


def quote(value: str) -> str:
    """One argument in double quotes, whatever it holds; raises Unquotable."""
    refuse_unsafe(value)
    # The C runtime takes backslashes before a closing quote for escapes: double the trailing ones.
    trailing = len(value) - len(value.rstrip("\\"))
    return f'"{value}{chr(92) * trailing}"'


def refuse_unsafe(value: str) -> None:
    """Raise Unquotable when a value holds something that no quoting protects from cmd.exe."""
    found = _UNSAFE.search(value)
    if found:
        char = found.group()
        raise Unquotable(value, f"it holds {_WORST.get(char, f'the control character 0x{ord(char):02x}')}")


def refuse_foreign(line: str, codepage: int) -> None:
    """Raise Unquotable, with the name in question, for a line with a character that a code page does not have.

    cmd.exe itself takes any; but what tools print of such a name comes back changed, so that it would never be found,
    and what `echo` writes into a batch file is another name.
    """
    place = next((place for place, char in enumerate(line) if not _has(codepage, char)), None)
    if place is not None:
        reason = f"code page {codepage} has no {line[place]!r} (U+{ord(line[place]):04X})"
        raise Unquotable(_named_at(line, place), reason)


def _has(codepage: int, char: str) -> bool:
    try:
        return char.isascii() or bool(char.encode(f"cp{codepage}"))
    except UnicodeEncodeError:
        return False


def _named_at(line: str, place: int) -> str:
    """The text in double quotes around a place, a literal of PowerShell's in it, or the word there."""
    quoted = _around(r'"([^"]*)"', line, place)
    if quoted and quoted.group(1).startswith("& {"):
        inner = _around(r"'((?:[^']|'')*)'", quoted.group(1), place - quoted.start(1))
        return inner.group(1).replace("''", "'") if inner else line
    found = quoted or _around(r"(\S+)", line, place)
    path = found and re.fullmatch(r"name='(.*)'", found.group(1))
    if path:  # of WQL, where a backslash escapes
        return re.sub(r"\\(.)", r"\1", path.group(1))
    return found.group(1) if found else line


def _around(pattern: str, text: str, place: int) -> re.Match[str] | None:
    return next((m for m in re.finditer(pattern, text) if m.start(1) <= place < m.end(1)), None)


def name(value: str) -> str:
    """A quoted name (group, resource, node); one that starts like an option is refused."""
    if value[:1] in ("/", "-"):
        raise Unquotable(value, f"it starts with {value[0]!r} and would be taken for an option")
    if not value.strip():
        raise Unquotable(value, "it is empty")
    return quote(value)


def command_line(argv: Sequence[str]) -> str:
    """A command line of a program and its arguments; arguments with anything special in them are quoted.

    The program must not need quotes: `cmd /c` strips a leading quote and the last one of the whole line.
    """
    program, *arguments = argv
    if not _PLAIN.fullmatch(program):
        raise Unquotable(program, "a command line must not begin with a quote; use a program name without blanks")
    line = " ".join([program, *(a if _PLAIN.fullmatch(a) else quote(a) for a in arguments)])
    if len(line) > MAX_COMMAND_LINE:
        raise Unquotable(line[:40] + "…", f"{len(line)} characters are more than the {MAX_COMMAND_LINE} of cmd.exe")
    return line
