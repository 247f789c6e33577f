# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""How arguments are taken apart: by the C runtime for programs, by cmd.exe for its own commands."""

from __future__ import annotations

import re
from functools import lru_cache

from .parser import DELIMITERS

_PLAIN = re.compile(r'[^\\" \t]+')  # means nothing but itself, outside of quotes and inside
_QUOTED = re.compile(r'[^\\"]+')
_SLASHES = re.compile(r'(\\*)(")?')


def split_argv(line: str) -> list[str]:
    """argv as msvcrt makes it of a command line: backslashes count only before a quote."""
    return list(_split_argv(line))


@lru_cache(maxsize=4096)
def _split_argv(line: str) -> tuple[str, ...]:
    program, rest = _program(line)
    argv = [program]
    while rest := rest.lstrip(" \t"):
        argument, rest = _argument(rest)
        argv.append(argument)
    return tuple(argv)


def _program(line: str) -> tuple[str, str]:
    """argv[0]: quotes go, backslashes mean nothing."""
    found = re.match(r'(?:"[^"]*"?|[^\s"])*', line)
    end = found.end() if found else 0
    return line[:end].replace('"', ""), line[end:]


def _argument(text: str) -> tuple[str, str]:
    found = ""
    quoted = False
    position = 0
    while position < len(text) and (quoted or text[position] not in " \t"):
        plain = (_QUOTED if quoted else _PLAIN).match(text, position)
        if plain:
            found += plain.group()
            position = plain.end()
            continue
        run = _SLASHES.match(text, position)
        if run and run[2]:
            found += "\\" * (len(run[1]) // 2)
            position = run.end()
            if len(run[1]) % 2:
                found += '"'
                continue
            if quoted and text[position : position + 1] == '"':  # two quotes inside quotes: one is meant
                found += '"'
                position += 1
            quoted = not quoted
        else:
            found += text[position]
            position += 1
    return found, text[position:]


def words(text: str, delimiters: str = DELIMITERS) -> list[str]:
    """The arguments of a built-in command; quotes hold them together and stay."""
    inside = re.escape(delimiters)
    return re.findall(rf'(?:"[^"]*"?|[^{inside}"])+', text)


def unquote(text: str) -> str:
    """A file name without its quotes."""
    return text.replace('"', "")


def split_switches(text: str) -> tuple[list[str], list[str]]:
    """Switches ('/s', in lower case) and other arguments; '/s/q' and 'x/s' hold a switch each, as cmd reads them."""
    switches: list[str] = []
    others: list[str] = []
    for word in words(text):
        first, *rest = re.split(r'/(?=(?:[^"]*"[^"]*")*[^"]*$)', word)
        switches += ["/" + switch.lower() for switch in rest]
        if first:
            others.append(first)
    return switches, others
