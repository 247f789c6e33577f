# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""How cluster.exe reads its command line (windows-cli.md 1.1): cluster, command word, object, options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..errors import ClusterError

INVALID_PARAMETER = 87
_RAW_WORD = re.compile(r'(?:"[^"]*"?|[^\s"])+')

# The part in brackets may be left out, as the manual writes it.
_COMMANDS = ("node", "group", "res[ource]")
_COMMON = ("stat[us]", "prop[erties]", "priv[properties]", "usedefault", "?")
_OPTIONS = {
    "": ("ver[sion]", "list", "quorum[resource]", "prop[erties]", "priv[properties]", "usedefault", "?"),
    "node": (*_COMMON, "pause", "resume", "start", "stop", "wait"),
    "group": (*_COMMON, "node", "move[to]", "on[line]", "off[line]", "listowners", "setowners", "wait"),
    "resource": (*_COMMON, "node", "listowners"),
}


@dataclass(frozen=True)
class Option:
    """An option by its full name, and what stood after its colon."""

    word: str
    value: str | None = None


@dataclass(frozen=True)
class Request:
    """One command line. command is node, group, resource or, for the cluster itself, empty; name is as typed.

    properties: the words of a property list, with their quotes.
    """

    cluster: str | None
    command: str
    name: str | None
    options: tuple[Option, ...]
    properties: tuple[str, ...] = ()

    @property
    def verb(self) -> Option:
        """The option that says what to do; a status listing when there is none."""
        modifiers = ("wait", "node", "usedefault")
        return next((o for o in self.options if o.word not in modifiers), Option("status"))

    def option(self, word: str) -> Option | None:
        """The option with that full name, if given."""
        return next((o for o in self.options if o.word == word), None)

    def required_name(self) -> str:
        """The object's name; ClusterError 87 when the line has none."""
        if self.name is None:
            raise ClusterError(INVALID_PARAMETER)
        return self.name

    def wait(self, default: float) -> float:
        """How long to wait, in lab seconds; /wait without a number waits for ever."""
        option = self.option("wait")
        if option is None:
            return default
        if option.value is None:
            return float("inf")
        if not option.value.isdigit():
            raise ClusterError(INVALID_PARAMETER)
        return float(option.value)


def raw_words(line: str) -> list[str]:
    """The words of a command line with their quotes, which tell a value from a separator."""
    return _RAW_WORD.findall(line)


def parse(arguments: Sequence[str], raw: Sequence[str] = ()) -> Request:
    """The request in what follows the program's name; ClusterError 87 when it makes no sense.

    raw: the same words with their quotes, where they are known.
    """
    return _parsed(tuple(arguments), tuple(raw))


@lru_cache(maxsize=1024)
def _parsed(arguments: tuple[str, ...], raw: tuple[str, ...]) -> Request:
    rest = list(arguments)
    cluster = _take_cluster(rest)
    command = ""
    if rest and not _is_option(rest[0]):
        command = _full_name(rest.pop(0), _COMMANDS)
    name = rest.pop(0) if command and rest and not _is_option(rest[0]) else None
    options = tuple(_option(text, _OPTIONS[command]) for text in rest if _is_option(text))
    typed = raw[-len(rest) :] if rest and len(raw) == len(arguments) else rest
    properties = tuple(text for text in typed if not _is_option(text.strip('"')))
    request = Request(cluster, command, name, options, properties)
    if properties and request.verb.word not in ("properties", "privproperties"):
        raise ClusterError(INVALID_PARAMETER)
    return request


def _take_cluster(rest: list[str]) -> str | None:
    """A name that is no command word names the cluster; /cluster: always does."""
    if rest and re.match(r"[/-]cluster:", rest[0], re.IGNORECASE):
        return rest.pop(0).partition(":")[2]
    if rest and not _is_option(rest[0]) and not any(_abbreviates(rest[0], word) for word in _COMMANDS):
        return rest.pop(0)
    return None


def _option(text: str, known: Sequence[str]) -> Option:
    word, colon, value = text[1:].partition(":")
    return Option(_full_name(word, known), value if colon else None)


def _is_option(text: str) -> bool:
    return text[:1] in ("/", "-")


def _full_name(typed: str, known: Sequence[str]) -> str:
    for word in known:
        if _abbreviates(typed, word):
            return word.replace("[", "").replace("]", "")
    raise ClusterError(INVALID_PARAMETER)


def _abbreviates(typed: str, word: str) -> bool:
    """Whether typed is the word written as move[to], or cut somewhere in its brackets."""
    needed, _bracket, optional = word.rstrip("]").partition("[")
    typed = typed.lower()
    return typed.startswith(needed) and (needed + optional).startswith(typed)
