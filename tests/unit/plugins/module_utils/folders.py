# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A channel over a node whose shell sees two servers with public folders; it fails when contents would be lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Hear, Result
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    FakeClock,
    _key,
    joined,
    split_lines,
)

BIN = "C:\\Exchange Server\\"
OLD, NEW = "MAIL-OLD", "MAIL-NEW"
SLOW = 600.0  # seconds that contents need
JOB = "mailops-public-folders"
_NAMES = {"source": OLD, "target": NEW}


@dataclass
class Place:
    """One folder: its items, its replica list (s, t, o), what lies on source and target (None: nothing at all)."""

    path: str
    items: int
    on: str = "s"
    source: int | None = 0
    target: int | None = None

    @property
    def id(self) -> str:
        return f"ID{self.path.upper()}"


def places() -> list[Place]:
    """Two folders with content, both roots without, one system folder."""
    kinds = (("\\", 0), (r"\Sales", 300), (r"\Sales\Offers & Orders", 1200), (r"\NON_IPM_SUBTREE", 0))
    found = [Place(path, items, source=items) for path, items in kinds]
    return [*found, Place(r"\NON_IPM_SUBTREE\EFORMS", 4, source=4)]


@dataclass
class Stores:
    """The world. reach: parts that a WinRM login reaches; breaks: numbers of calls that lose the connection."""

    places: list[Place] = field(default_factory=places)
    reach: str = "st"
    mounted: dict[str, str] = field(default_factory=lambda: {"source": "True", "target": "True"})
    stalled: bool = False
    deaf: bool = False  # Exchange's scripts do nothing
    broken: str = ""  # what the shell says instead of an answer
    breaks: frozenset[int] = frozenset()
    cut: str = ""  # a part that has no end
    endless: bool = False  # a script that is started as a job leaves no exit code

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.calls = 0
        self.acts: list[str] = []
        self.lines: list[str] = []
        self.job = ""  # "", job, started, or the exit code
        self.script = ""
        self.out = ""
        self.held = False  # whether somebody has the output file open
        self.images = '"svchost.exe","1"\r\n'
        self.ver = "5.2.3790"
        self.resets = 0
        self.on_act: Callable[[str], None] = lambda _name: None

    def reset(self) -> None:
        self.resets += 1

    def run(self, line: str, *, stdin: bytes | None, timeout: float, hear: Hear | None = None) -> Result:
        del stdin, hear
        assert timeout > 0
        self.calls += 1
        self.lines.append(line)
        if 2 * self.calls - 1 in self.breaks:
            raise ChannelLost("new-n1", "connection reset", started=True)
        answers = [self._one(part) for part in split_lines(line)]
        if 2 * self.calls in self.breaks:
            raise ChannelLost("new-n1", "connection reset", started=True)
        return answers[0] if "call echo mailops" not in line else joined(*answers)

    def _one(self, line: str) -> Result:
        known: tuple[tuple[str, Callable[[], Result]], ...] = (
            (r"^reg query .*v8\.0\\Setup", lambda: _key(r"SOFTWARE\Microsoft\Exchange\v8.0\Setup", **self._path())),
            (r"^reg query ", lambda: Result(1)),
            (r"^ver$", lambda: Result(0, f"Windows [{self.ver}]\r\n")),
            (r"^\(\(if exist .*&echo end\)\)$", lambda: Result(0, self._signs())),
            (r"^tasklist ", lambda: Result(0, self.images)),
            (r"^\(if exist .*out\.txt type ", lambda: Result(0, self.out)),
            (rf"^\(md \S*{JOB} \|\| exit 17\)", lambda: self._prepare(line)),
            (r'^cmd /v:on /c "set /p P=&schtasks /create ', lambda: Result(0)),
            (r"schtasks /run ", self._start),
            (r"^\(schtasks /delete ", self._clear),
            (r"^powershell\.exe ", lambda: self._shell(line, self.reach)),
        )
        for pattern, answer in known:
            if re.search(pattern, line):
                return answer()
        raise AssertionError(f"nobody knows {line!r}")

    @staticmethod
    def _path() -> dict[str, str]:
        return {"MsiInstallPath    REG_SZ": BIN}

    # -- the job

    def _signs(self) -> str:
        if not self.job:
            return "end\r\n"
        rc = f"{self.job}\r\n" if self.job.lstrip("-").isdigit() else ""
        alive = "" if self.job != "started" else "held\r\n" if self.held else "free\r\n"
        return f"{alive}job\r\n{'' if self.job == 'job' else 'started'}\r\n{rc}end\r\n"

    def _prepare(self, line: str) -> Result:
        if self.job:
            return Result(17)
        self.job = "job"
        self.script = re.sub(r"\^(.)", r"\1", line)
        return Result(0)

    def _start(self) -> Result:
        if self.job != "job":
            return Result(1)
        self.job = "started"
        done = self._shell(self.script, "st")
        if not self.endless:
            self.job, self.out = str(done.rc), done.stdout
        return Result(0)

    def _clear(self) -> Result:
        self.job = self.out = self.script = ""
        return Result(0)

    # -- the shell

    def _shell(self, line: str, reach: str) -> Result:
        if self.broken:
            return Result(1, f"error={self.broken}\r\n")
        if "AddReplicaToPFRecursive" in line:
            return self._act("add", self._add)
        if "MoveAllReplicas" in line or "ReplaceReplicaOnPFRecursive" in line:
            return self._act("move", self._move)
        return Result(0, self._told(line, reach))

    def _act(self, name: str, effect: Callable[[], None]) -> Result:
        self.acts.append(name)
        if not self.deaf:
            effect()
        self.on_act(name)
        return Result(0, "done=1\r\n")

    def _add(self) -> None:
        for place in self.places:
            if "t" not in place.on:
                place.on += "t"
                place.target = place.target or 0
        self.clock.after(SLOW, self.replicate)

    def replicate(self) -> None:
        """All content arrives; what is off a list is given up."""
        if self.stalled:
            return
        for place in self.places:
            if "t" in place.on:
                place.target = place.items
            if "s" not in place.on and place.target == place.items:
                place.source = None

    def _move(self) -> None:
        behind = [place.path for place in self.places if "s" in place.on and place.target != place.items]
        assert not behind, f"moved before the contents were equal: {behind}"
        for place in self.places:
            place.on = place.on.replace("s", "")
        self.clock.after(SLOW, self.replicate)

    def _told(self, line: str, reach: str) -> str:
        rows = [f"{part}={state}|{_NAMES[part]}\\PF" for part, state in self.mounted.items() if state]
        asked = re.search(r"Get-PublicFolder -Server '([^']+)'", line)
        assert asked
        parts = {
            "tree": [f"folder={p.id}|{p.on}|{p.path}" for p in self.places],
            "source": [_row("source", p, p.source) for p in self.places if p.source is not None],
            "target": [_row("target", p, p.target) for p in self.places if p.target is not None],
        }
        needs = {"tree": "s" if asked.group(1) == OLD else "t", "source": "s", "target": "t"}
        for part, lines in parts.items():
            if not self.mounted["source"]:
                continue
            rows += lines if needs[part] in reach else [f"trouble={part}|MapiExceptionLogonFailed"]
            rows += [f"whole={part}"] if needs[part] in reach and part != self.cut else []
        return "".join(f"{row}\r\n" for row in [*rows, "done=1"])


def _row(part: str, place: Place, items: int | None) -> str:
    return f"{part}_holds={place.id}|{items}|0|{items}KB|{place.path.strip(chr(92)) or 'IPM_SUBTREE'}"
