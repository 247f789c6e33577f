# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The options of powershell.exe 1.0."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

USAGE = """
PowerShell[.exe] [-PSConsoleFile <file> | -Version <version>]
    [-NoLogo] [-NoExit] [-NoProfile] [-NonInteractive]
    [-OutputFormat {Text | XML}] [-InputFormat {Text | XML}]
    [-Command { - | <script-block> [-args <arg-array>]
                  | <string> [<CommandParameters>] } ]

PowerShell[.exe] -Help | -? | /?
"""
# name -> shortest beginning that is understood
_FLAGS = {"nologo": "nol", "noexit": "noe", "noprofile": "nop", "noninteractive": "noni", "help": "h"}
_VALUES = {"psconsolefile": "psc", "version": "v", "outputformat": "o", "inputformat": "i", "encodedcommand": "e"}
_COMMAND = {"command": "c"}
_FORMATS = ("text", "xml", "none")


class UsageError(Exception):
    """What powershell.exe refuses at its start."""


@dataclass
class Options:
    """command is None when none was given; '-' reads it from standard input."""

    command: str | None = None
    console_file: str = ""
    interactive: bool = True
    logo: bool = True
    stays: bool = False
    input_format: str = "text"
    help: bool = False


def parse_options(argv: Sequence[str]) -> Options:
    """The options behind the program's name; UsageError for what 1.0 doesn't know (-File, -ExecutionPolicy …)."""
    options = Options()
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if not word.startswith(("-", "/")) or word == "-":
            options.command = " ".join([word, *rest])
            return options
        name = _name(word)
        if name == "command":
            options.command = _rest_as_command(rest)
            return options
        if name in _VALUES:
            _set_value(options, name, rest)
        else:
            _set_flag(options, name)
    return options


def _name(word: str) -> str:
    typed = word[1:].lower()
    if typed == "?":
        return "help"
    for full, shortest in {**_FLAGS, **_VALUES, **_COMMAND}.items():
        if full.startswith(typed) and len(typed) >= len(shortest):
            return full
    raise UsageError(f"Cannot process the command because the parameter '{word}' is not recognized.")


def _rest_as_command(rest: list[str]) -> str:
    if not rest:
        raise UsageError("Cannot process the command because of a missing parameter. A command must follow '-Command'.")
    return " ".join(rest)


def _set_flag(options: Options, name: str) -> None:
    if name == "noninteractive":
        options.interactive = False
    elif name == "nologo":
        options.logo = False
    elif name == "noexit":
        options.stays = True
    elif name == "help":
        options.help = True


def _set_value(options: Options, name: str, rest: list[str]) -> None:
    if not rest:
        raise UsageError(f"Cannot process the command because of a missing parameter. A value must follow '-{name}'.")
    value = rest.pop(0)
    if name == "psconsolefile":
        options.console_file = value
    elif name == "encodedcommand":
        options.command = _decoded(value)
    elif name == "version" and value not in ("1", "1.0"):
        raise UsageError(f"Cannot start Windows PowerShell version '{value}' because it is not correctly installed.")
    elif name.endswith("format") and value.lower() not in _FORMATS:
        raise UsageError(f"Invalid format parameter value '{value}' specified for the parameter '-{name}'.")
    elif name == "inputformat":
        options.input_format = value.lower()


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise UsageError(
            "Cannot process the command because the value specified with '-EncodedCommand' is not properly encoded. "
            "The value must be Base64 encoded."
        ) from None
