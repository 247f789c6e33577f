# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The command line of ServerManagerCmd.exe (windows-cli.md 3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

# assumption: - and / lead an option, case is ignored, and an option is written in full or with its one letter.
_SHORT = {
    "q": "query",
    "i": "install",
    "p": "inputpath",
    "a": "allsubfeatures",
    "r": "resultpath",
    "w": "whatif",
    "l": "logpath",
    "s": "setting",
    "v": "version",
    "?": "help",
}
_ACTS = ("query", "install", "remove", "inputpath", "help", "version")
_FLAGS = ("allsubfeatures", "whatif", "restart")
_VALUES = ("resultpath", "logpath", "setting")
_CHANGES = ("install", "remove", "inputpath")
# option -> the acts that it goes with
_GOES_WITH = {
    "allsubfeatures": ("install",),
    "setting": ("install",),
    "whatif": _CHANGES,
    "restart": _CHANGES,
    "resultpath": _CHANGES,
    "logpath": (*_CHANGES, "query"),
}
_NOT_VALID = "ArgumentNotValid: Argument not valid {argument}"


class Refusal(Exception):
    """ServerManagerCmd ends: exit code, English sentence, what stands in its braces."""

    def __init__(self, code: int, english: str, **arguments: object) -> None:
        super().__init__(english)
        self.code = code
        self.english = english
        self.arguments = arguments


def not_valid(english: str, **arguments: object) -> Refusal:
    """Exit code 4 (windows-cli.md 3.2)."""
    return Refusal(4, english, **arguments)


@dataclass
class Order:
    """act: query, install, remove, inputpath, help, version. target: Id, answer file or file to write, may be empty."""

    act: str = ""
    target: str = ""
    flags: set[str] = field(default_factory=set)
    result: str = ""
    log: str = ""
    settings: dict[str, str] = field(default_factory=dict)


def parse(words: list[str]) -> Order:
    """Read the words after the program's name; Refusal."""
    order, given = Order(), list[str]()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name = _option(word)
        given.append(name)
        if name in _ACTS:
            _act(order, name, word, rest)
        elif name in _FLAGS:
            order.flags.add(name)
        else:
            _value(order, name, rest)
    if not order.act:
        order.act = "help"
    _check(order, given)
    return order


def _option(word: str) -> str:
    name = word[1:].lower()
    name = _SHORT.get(name, name)
    if word[:1] not in ("-", "/") or name not in (*_ACTS, *_FLAGS, *_VALUES):
        raise not_valid(_NOT_VALID, argument=word)
    return name


def _act(order: Order, name: str, word: str, rest: list[str]) -> None:
    if order.act:
        raise not_valid(_NOT_VALID, argument=word)
    order.act = name
    if name not in ("help", "version"):
        order.target = _next(rest)
    if name == "inputpath" and not order.target:
        raise not_valid("ArgumentNotValid: Missing the answer file path")
    if name in ("install", "remove") and not order.target:
        # assumption: the sentence for a missing Id
        raise not_valid("ArgumentNotValid: Missing the name of the role or feature")


def _value(order: Order, name: str, rest: list[str]) -> None:
    value = _next(rest)
    if name == "logpath":
        order.log = value
        if not value:
            raise not_valid("ArgumentNotValid: Missing log file path")
    elif name == "resultpath":
        order.result = value
        if not value:
            raise not_valid("ArgumentNotValid: Missing result file path")
    else:
        _setting(order, value)


def _setting(order: Order, value: str) -> None:
    key, equals, data = value.partition("=")
    if not equals:
        raise not_valid(_NOT_VALID, argument=value)
    if key.lower() in order.settings:
        english = "ArgumentNotValid: The following setting has already been specified in the input path: {setting}"
        raise not_valid(english, setting=key)
    order.settings[key.lower()] = data


def _next(rest: list[str]) -> str:
    return rest.pop(0) if rest and rest[0][:1] not in ("-", "/") else ""


def _check(order: Order, given: list[str]) -> None:
    for name in given:
        if order.act not in _GOES_WITH.get(name, (order.act,)):
            raise not_valid(_NOT_VALID, argument=f"-{name}")
    if order.result and "whatif" in order.flags:
        raise not_valid(_NOT_VALID, argument="-whatIf")
    if "restart" in order.flags and not order.result:
        raise not_valid(_NOT_VALID, argument="-restart")
