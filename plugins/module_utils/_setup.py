# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Setup.com: its command lines and what it prints (sources.md: setup-line, setup-console)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ._cmdline import Unquotable, quote

WIDTH = 80  # the console wraps there, in the middle of words

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_CONTROL = re.compile(r"[\x00-\x1f]")
_STEP = re.compile(r"^\s{2,}(?P<step>\S.*?)\s*\.{10,}\s*(?P<word>(?!\d+%)\S+)\s*$")
_OPEN_STEP = re.compile(r"^\s{2,}(?P<step>\S.*?)\s*\.{3,}\s*(?P<word>\d+%)?\s*$")
_SUCCESS = "setup operation completed successfully"
_FAILURES = ("setup operation did not complete", "setup encountered an error")


@dataclass(frozen=True)
class Step:
    """A step line; result is COMPLETED, FAILED or another word as printed (other languages)."""

    name: str
    result: str


@dataclass(frozen=True)
class Console:
    """What Setup printed. succeeded: True or False by the English sentences, None where neither is there."""

    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    errors: tuple[str, ...]
    succeeded: bool | None
    current: str | None

    @property
    def failed_steps(self) -> list[str]:
        return [step.name for step in self.steps if step.result == "FAILED"]


def setup_line(media: str, arguments: list[str]) -> str:
    """The line for the batch file: Setup.com of the media with arguments such as /mode:upgrade."""
    # A batch file may begin with a quote, unlike a line for `cmd /c`.
    return " ".join([quote(media.rstrip("\\") + r"\Setup.com"), *arguments])


# Options of exchange_setup whose switch stands in the syntax of /mode only; /DomainController goes with everything.
_OF_MODE = ("updates_dir", "answer_file", "enable_error_reporting")


def upgrade_arguments(
    domain_controller: str = "", updates_dir: str = "", answer_file: str = "", *, error_reporting: bool = False
) -> list[str]:
    """Arguments that upgrade a node's bits."""
    named = {"UpdatesDir": updates_dir, "AnswerFile": answer_file}
    given = [f"/{switch}:{quote(value)}" for switch, value in named.items() if value]
    reporting = ["/EnableErrorReporting"] if error_reporting else []
    return ["/mode:upgrade", *given, *reporting, *_controller(domain_controller)]


def upgrade_cms_arguments(domain_controller: str = "") -> list[str]:
    """Arguments that upgrade the CMS that the node owns; it takes no CMS name."""
    return ["/upgradecms", *_controller(domain_controller)]


def prepare_arguments(switch: str, domain_controller: str = "") -> list[str]:
    """Arguments for /PrepareSchema or /PrepareAD."""
    return [f"/{switch}", *_controller(domain_controller)]


def misplaced(action: str, options: Mapping[str, Any]) -> list[str]:
    """Options whose switch Setup does not take together with the action (sources.md: setup-line)."""
    return [] if action == "upgrade" else [option for option in _OF_MODE if options.get(option)]


def host_name(value: str) -> str:
    """The value, if it can be the name of a domain controller; raises Unquotable."""
    if not _HOST.fullmatch(value):
        raise Unquotable(value, "a domain controller is a NetBIOS name or a fully qualified one")
    return value


def _controller(name: str) -> list[str]:
    return [f"/DomainController:{host_name(name)}"] if name else []


def parse_console(text: str) -> Console:
    """Steps, warnings and errors of a capture, whole or still growing; anything not recognised is ignored."""
    lines = screen_lines(text)
    steps = [step for step in map(read_step, lines) if step]
    body = [line for line in lines if not _STEP.match(line)]
    lower = " ".join(line.strip().lower() for line in lines)
    failed = any(sentence in lower for sentence in _FAILURES)
    succeeded = False if failed else True if _SUCCESS in lower else None
    return Console(
        tuple(steps),
        tuple(line.strip() for line in body if re.match(r"^ \S", line)),
        tuple(line.strip() for line in body if re.match(r"^ {5,}\S", line)),
        succeeded,
        _current(lines, steps),
    )


def read_step(line: str) -> Step | None:
    """The finished step of a line; None for any other line."""
    match = _STEP.match(line)
    return Step(match.group("step"), match.group("word")) if match else None


def _current(lines: list[str], steps: list[Step]) -> str | None:
    """The step that is under way: an unfinished step line, else the last finished one."""
    open_steps = [m.group("step") for m in map(_OPEN_STEP.match, lines[-3:]) if m]
    if open_steps:
        return open_steps[-1]
    return steps[-1].name if steps else None


def screen_lines(text: str) -> list[str]:
    """Lines with redrawing undone and the 80-column wrap joined again."""
    joined: list[str] = []
    wrapped = False
    for raw in re.split(r"\r*\n", text):
        line = _settled(raw)
        if wrapped and joined:
            joined[-1] += line
        else:
            joined.append(line)
        wrapped = len(line) == WIDTH
    return joined


@lru_cache(maxsize=4096)  # a capture that grows is read again at each look
def _settled(line: str) -> str:
    """What stays on the screen of a line that was redrawn with backspaces or carriage returns."""
    if not _CONTROL.search(line):
        return line if len(line) == WIDTH else line.rstrip()
    screen: list[str] = []
    column = 0
    for char in line:
        if char == "\b":
            column = max(0, column - 1)
        elif char == "\r":
            column = 0
        elif char >= " ":
            screen[column : column + 1] = [char]
            column += 1
    return "".join(screen).rstrip() if len(screen) != WIDTH else "".join(screen)
