# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The command line of schtasks.exe, which differs between 2003 and 2008 (windows-cli.md 4.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

VERBS = ("create", "run", "query", "delete", "end")
LONGEST_ACTION = 261
_FLAGS = {"create": {"it", "z"}, "run": set(), "query": {"v", "nh"}, "delete": {"f"}, "end": set()}
_VALUES = {
    "create": {"tn", "tr", "sc", "st", "sd", "ru", "rp", "mo", "d", "m", "i", "ed"},
    "run": {"tn"},
    "query": {"fo"},
    "delete": {"tn"},
    "end": {"tn"},
}
_NEWER_FLAGS = {"create": {"f", "v1", "np"}, "run": {"i"}}
_NEWER_VALUES = {"create": {"rl", "xml", "delay"}, "query": {"tn"}}
_SCHEDULES = ("minute", "hourly", "daily", "weekly", "monthly", "once", "onstart", "onlogon", "onidle")
_MANDATORY = {"create": ("tn",), "run": ("tn",), "delete": ("tn",), "end": ("tn",), "query": ()}


class UsageError(Exception):
    """A command line that schtasks doesn't take; the message is English, without 'ERROR: '."""


@dataclass
class Options:
    """verb, and the options by name in lower case; a flag has the value ''."""

    verb: str
    given: dict[str, str] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def get(self, name: str, default: str = "") -> str:
        """An option's value."""
        return self.given.get(name, default)


def parse(argv: list[str], newer: bool) -> Options:
    """Read the words after the program's name; newer: Vista, 2008 and later."""
    words = list(argv)
    verb = words.pop(0)[1:].lower() if words and words[0][:1] in ("/", "-") else "query"
    if verb not in VERBS:
        raise UsageError(f"Invalid argument/option - '/{verb}'.")
    options = Options(verb)
    while words:
        _take(words, options, newer)
    _check(options, newer)
    return options


def _take(words: list[str], options: Options, newer: bool) -> None:
    word = words.pop(0)
    name = word[1:].lower()
    flags, values = _known(options.verb, newer)
    if word[:1] not in ("/", "-") or name not in flags | values:
        raise UsageError(f"Invalid argument/option - '{word}'.")
    if name in options:
        raise UsageError(f"Invalid syntax. '/{name}' option is not allowed more than '1' time(s).")
    if name in flags:
        options.given[name] = ""
    elif words:
        options.given[name] = words.pop(0)
    else:
        raise UsageError(f"Invalid syntax. Value expected for '/{name}'.")


def _known(verb: str, newer: bool) -> tuple[set[str], set[str]]:
    flags, values = set(_FLAGS[verb]), set(_VALUES[verb])
    if newer:
        flags |= _NEWER_FLAGS.get(verb, set())
        values |= _NEWER_VALUES.get(verb, set())
    return flags, values


def _check(options: Options, newer: bool) -> None:
    for name in _MANDATORY[options.verb]:
        if name not in options:
            raise UsageError(f"Invalid syntax. Mandatory option '{name}' is missing.")
    if options.verb == "create":
        _check_create(options, newer)
    if options.verb == "query" and options.get("fo", "table").lower() not in ("table", "list", "csv"):
        raise UsageError("Invalid value for /fo option.")


def _check_create(options: Options, newer: bool) -> None:
    if "xml" in options:
        raise UsageError("The task XML is malformed.")
    for name in ("tr", "sc"):
        if name not in options:
            raise UsageError(f"Invalid syntax. Mandatory option '{name}' is missing.")
    if options.get("sc").lower() not in _SCHEDULES:
        raise UsageError("Invalid Schedule Type specified.")
    if options.get("sc").lower() == "once" and "st" not in options:
        raise UsageError("Invalid syntax. Mandatory option 'st' is missing.")
    if len(options.get("tr")) > LONGEST_ACTION:
        raise UsageError(f"Value for '/tr' option cannot be more than '{LONGEST_ACTION}' character(s).")
    if newer and options.get("rl", "limited").lower() not in ("limited", "highest"):
        raise UsageError("Invalid value for /rl option.")
