# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""What a run of Setup left behind, in a form that needs no language: parts of the console, and numbers.

The console is read by its layout: headings stand at the margin, the list of roles is indented by four blanks, the
heading after it is that of the checks, and the next one that of the configuration; an error text is indented by five
blanks below the step that it belongs to (sources.md: setup-console). English words are used only where they agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from ._errors import first_line
from ._setup import Console, Step, parse_console, read_step, screen_lines

_TEXT_LIMIT = 500  # characters of one text kept as evidence


class Fate(Enum):
    """How the run ended, as far as is known."""

    ENDED = "ended with an exit code"
    KILLED = "gone without an exit code"
    NOT_STARTED = "never started"
    RUNNING = "still runs"
    SILENT = "the node does not answer"


class Stage(Enum):
    """How far Setup came."""

    EARLY = "early"
    CHECKS = "checks"
    CONFIGURATION = "configuration"


@dataclass(frozen=True)
class Part:
    """A step and the error texts below it; step None for texts that no step line comes before."""

    stage: Stage
    step: Step | None
    errors: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """`Mailbox Role Checks: first text second text`."""
        said = " ".join(self.errors) or "no text"
        return shortened(f"{self.step.name}: {said}" if self.step else said)


@dataclass(frozen=True)
class Spoken:
    """A number that an error text names. console: on the console, not only in the log."""

    number: int
    text: str
    console: bool


@dataclass(frozen=True)
class Trace:
    """Everything a run left behind. The registry is `before` and `after` the run; () also where nobody looked.

    marks: `HKLM\\…\\Role\\Watermark=data`; own_marks: a Setup of ours made them, and the next run goes on with it.
    restart: marks of a pending restart. owned: groups that the node owns though it should own none. free: folder and
    bytes free on its disk. reached: whether the version read back is the wanted one, None where it was not read.
    """

    rc: int | None = None
    output: str = ""
    log: str = ""
    fate: Fate = Fate.ENDED
    marks_before: tuple[str, ...] = ()
    marks_after: tuple[str, ...] = ()
    own_marks: bool = False
    restart: tuple[str, ...] = ()
    owned: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    media: str = ""
    media_gone: bool = False
    free: tuple[tuple[str, int], ...] = ()
    wanted: str = ""
    version: str = ""
    reached: bool | None = None
    console: Console = field(init=False)
    parts: tuple[Part, ...] = field(init=False)
    spoken: tuple[Spoken, ...] = field(init=False)

    def __post_init__(self) -> None:
        derived = {
            "console": parse_console(self.output),
            "parts": read_parts(self.output),
            "spoken": read_numbers(self.output, self.log),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def failed(self) -> list[Part]:
        """The parts with an error text or a result of failure."""
        odd = _odd_word(self.parts)
        return [p for p in self.parts if p.errors or (p.step and p.step.result in ("FAILED", odd))]

    @property
    def stage(self) -> Stage:
        """Where it failed; else the last stage that was seen."""
        last = (self.failed or list(self.parts))[-1:]
        return last[0].stage if last else Stage.EARLY

    @property
    def english(self) -> bool:
        """Whether the console is in English, so that a missing sentence means something."""
        return "configuring microsoft exchange" in self.output.lower()

    @property
    def claims_success(self) -> bool:
        """Whether neither exit code nor console speaks of a failure."""
        return self.rc == 0 and self.console.succeeded is not False

    @property
    def said(self) -> tuple[str, ...]:
        """All error texts, for sentences that add to what a number or a mark says already."""
        return tuple(shortened(text) for text in [*_console_texts(self.output), *_log_errors(self.log)])


def shortened(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _TEXT_LIMIT else f"{line[: _TEXT_LIMIT - 1]}…"


# --- the console by its layout -------------------------------------------------------------------------------------


def read_parts(output: str) -> tuple[Part, ...]:
    """The console's steps with the stage that each belongs to, and what stands below them."""
    stage, roles, parts = Stage.EARLY, False, list[Part]()
    for line in screen_lines(output):
        step = read_step(line)
        if step:
            parts.append(Part(stage, step))
        elif re.match(r" {5,}\S", line):
            _add_error(parts, stage, line.strip())
        elif re.match(r" {4}\S", line) and "..." not in line:
            roles = True
        elif line[:1].strip():
            stage = _stage_of(line, stage, roles=roles)
    return tuple(parts)


def _add_error(parts: list[Part], stage: Stage, text: str) -> None:
    """A step that fails need not print its line: then a text below a heading has no step of its own."""
    if not parts or parts[-1].stage is not stage:
        parts.append(Part(stage, None, (text,)))
        return
    last = parts[-1]
    parts[-1] = Part(last.stage, last.step, (*last.errors, text))


def _stage_of(heading: str, stage: Stage, *, roles: bool) -> Stage:
    """The stage that a heading begins: by its English words, else by its place after the list of roles."""
    lower = heading.lower()
    if "prerequisite check" in lower:
        return Stage.CHECKS
    if lower.startswith("configuring microsoft exchange"):
        return Stage.CONFIGURATION
    if not roles:
        return stage
    return Stage.CHECKS if stage is Stage.EARLY else Stage.CONFIGURATION


def _odd_word(parts: tuple[Part, ...]) -> str:
    """The last step's result where all the others, two at least, agree on another word: in any language a failure."""
    words = [part.step.result for part in parts if part.step and not re.search(r"\d", part.step.result)]  # no `42%`
    agreed = len(words) > 2 and len(set(words[:-1])) == 1 and words[-1] != words[0]
    return words[-1] if agreed else ""


# --- numbers -------------------------------------------------------------------------------------------------------

_NUMBERS = (
    (re.compile(r"error code(?: is)?:? *([0-9]{1,10})\b", re.IGNORECASE), 10),
    (re.compile(r"\b0x([0-9a-fA-F]{1,8})\b"), 16),
    # The directory's own wording is the same in every language: `00000005: SecErr: DSID-…, problem 4003 (…)`.
    (re.compile(r"\b([0-9a-fA-F]{8}): (?:\w{2,5}Err)\b"), 16),
)
# A translated sentence ends with its number as the English one does.
_AT_END = re.compile(r"(?<![\w.:/\\-])([1-9][0-9]{2,4})\W{0,3}$")
_LOG_ERROR = re.compile(r"^\[[^\]]*\] \[\d+\] \[[A-Z]{4,}\] (?P<text>.*)$")


def read_numbers(output: str, log: str) -> tuple[Spoken, ...]:
    """Numbers of the error texts on the console, then of those in the log; each number once."""
    texts = [(text, True) for text in _console_texts(output)] + [(text, False) for text in _log_errors(log)]
    found = [Spoken(number, shortened(text), console) for text, console in texts for number in _numbers_in(text)]
    return tuple({spoken.number: spoken for spoken in reversed(found)}.values())[::-1]


def _console_texts(output: str) -> list[str]:
    """Texts below steps; where there is none, the lines themselves: what cmd.exe or a loader says has no indent."""
    errors = list(parse_console(output).errors)
    return errors or [line.strip() for line in screen_lines(output) if line.strip() and not read_step(line)]


def _log_errors(log: str) -> list[str]:
    """The log's error lines by their tag (sources.md: setup-log), and any line that names a number as one."""
    lines = log.splitlines()
    tagged = [match.group("text") for match in map(_LOG_ERROR.match, lines) if match]
    return tagged or [line for line in lines if _NUMBERS[0][0].search(line) or _NUMBERS[2][0].search(line)]


def _numbers_in(text: str) -> list[int]:
    named = [int(match, base) for pattern, base in _NUMBERS for match in pattern.findall(text)]
    ending = _AT_END.search(text)
    return [n for n in named if n] + ([int(ending.group(1))] if ending and not named else [])


def first_lines(trace: Trace, count: int = 5) -> tuple[str, ...]:
    """What there is to show where nothing is understood: error texts, else the ends of console and log."""
    texts = [*trace.console.errors, *_log_errors(trace.log)]
    ends = [line for line in (*screen_lines(trace.output), *trace.log.splitlines()) if first_line(line)]
    return tuple(shortened(text) for text in (texts[:count] or ends[-count:]))
