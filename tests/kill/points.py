# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a run can be killed: read from the ground truth of a run that nobody disturbed.

An act is a command line that was handed to a host and changed something: by the controller, or by the task scheduler
(that one is a whole Setup). Each act gives three points: before it does anything, when it has changed something for the
first time, and when it has ended but the controller has not read its answer. What it sets going beside itself, such as
a step of Setup, a failover or a boot, gives a further point each in the middle of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Truth = dict[str, Any]
_WHEN = {"b": "before", "d": "first", "a": "after"}
_WORD = {"before": "before", "first": "during", "after": "after", "event": "during"}
# What shows how far something has come that goes on by itself; the rest happens in the same moment as one of these.
_STAGES = re.compile(
    r"setup (begins|program files) |cms upgraded|group owner|power (restart|boot|answers) \S+$|node joining|"
    r"service stopped WinRM|mailbox moved |public folder replica \w+ \\(?!NON_IPM)",
    re.IGNORECASE,
)
# What is another one in each run: a controller's mark, the time in the name of a report.
_OF_THE_RUN = re.compile(r"(?<=/priv\\ MailopsSetup=)\S+(?=:string)|\d{8}\\-\d{6}\\-\d{3}(?=\\.xml)")
# How often the contents are looked at is another number in each run, and every look has the same lines.
_LOOK = "mailops-public-folders"
_LOOKS = 3
_SHOWN = (
    (r"node \S+ /priv (Mailops\S+)=\S+:", "mark {}"),
    (r"node \S+ /priv:(Mailops\S+) ", "remove mark {}"),
    (r"\b((?:Stop|Start|Move)-ClusteredMailboxServer)\b", "{}"),
    (r"(?i)^cluster\S* group (.*) /move:", "cluster group {} /move"),
    (r"^\(md .*\\(AddReplica|MoveAll)\w+\.ps1", "write job {}"),
    (r"^\(md \S*\\mailops-(\S+)", "write job {}"),
    (r"^\(echo .*\\mailops-(\S+)\\list0", "write list of {}"),
    (r"\\mailops-(mailbox\S+|public\S+)\\job\.cmd$", "job {} runs"),
    (r"schtasks (/\w+) /tn mailops-(\S+)", "schtasks {} {}"),
    (r"^(shutdown /r)", "{}"),
)


@dataclass(frozen=True)
class Point:
    """One moment; moment: the arguments of the lab's order 'hold'. name: act number, b, d or a, and a number."""

    name: str
    act: str
    phase: str
    moment: dict[str, Any]

    @property
    def number(self) -> int:
        """Of the act, from 1."""
        return int(re.match(r"\d+", self.name).group())  # type: ignore[union-attr]

    def chosen(self, wanted: list[str]) -> bool:
        """Whether its name, its act's number, or everything is wanted."""
        return not wanted or self.name in wanted or str(self.number) in wanted


def acts(truth: Truth) -> list[dict[str, Any]]:
    """The command lines handed to hosts that changed something, in order."""
    return [c for c in truth["commands"] if c["top"] and c["mutating"] and c["logon"] != "interactive"]


def points(truth: Truth) -> list[Point]:
    """Every point, in order."""
    found = acts(truth)
    result = []
    for number, act in enumerate(found, 1):
        later = found[number]["t"] if number < len(found) else float("inf")
        around = "bda" if _comes_again(found, number) else ""
        result += [_at_line(truth, number, act, letter) for letter in around[:2]]
        result += _stages(truth, number, act, later)
        result += [_at_line(truth, number, act, letter) for letter in around[2:]]
    return result


def _comes_again(found: list[dict[str, Any]], number: int) -> bool:
    """Whether there is sure to be such an act in another run."""
    line = found[number - 1]["line"]
    return _LOOK not in line or [act["line"] for act in found[:number]].count(line) <= _LOOKS


def _at_line(truth: Truth, number: int, act: dict[str, Any], letter: str) -> Point:
    match = _pattern(act["line"])
    same = [c for c in truth["commands"] if c["top"] and c["host"] == act["host"] and re.search(match, c["line"])]
    if letter == "d":
        same = [c for c in same if c["mutating"]]
    moment = {"when": _WHEN[letter], "host": act["host"], "match": match, "place": same.index(act) + 1}
    return Point(f"{number}{letter}", shown(act), _WORD[_WHEN[letter]], moment)


def _pattern(line: str) -> str:
    """The line in any run: a controller's mark is another one each time."""
    return "^" + _OF_THE_RUN.sub(r"\\S+", re.escape(line)) + "$"


def _stages(truth: Truth, number: int, act: dict[str, Any], later: float) -> Iterator[Point]:
    """The points in what the act set going, up to the next act; a batch line and its start are told apart by host."""
    count: Counter[tuple[str, str]] = Counter()
    index = 1
    for event in truth["timeline"]:
        text = f"{event['kind']} {event['what']} {event['detail']}"
        key = (event["host"] or "", text)
        count[key] += 1
        if act["t"] <= event["t"] < later and event["host"] and _STAGES.match(text):
            index += 1
            match = f"^{re.escape(text)}$"
            moment = {"when": "event", "host": event["host"], "match": match, "place": count[key]}
            yield Point(f"{number}d{index}", f"{shown(act)}: {event['kind']} {event['what']}", "during", moment)


def shown(act: dict[str, Any]) -> str:
    """An act in a few words."""
    line = act["line"]
    if act["logon"] == "batch" and "mailops-upgrade" in line:
        return f"{act['host']} Setup ({'/upgradecms' if 'upgradecms' in line else '/mode:upgrade'})"
    for pattern, text in _SHOWN:
        if found := re.search(pattern, line):
            return f"{act['host']} {text.format(*found.groups())}"
    return f"{act['host']} {line[:50]}"
