# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Moving mailboxes in batches: who is where is read before, Move-Mailbox moves, and who is where is read again.

Nothing is remembered from one run to the next: moved is who is seen in the target database.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._errors import Failure, Refusal
from ._job import Gone, Phase, Taken
from ._mailboxes import Choice, Listing, Mailbox, choose, listing_script, parse_listing, source_clause
from ._move_job import MoveJob, Order, Outcome
from ._move_report import failure_of
from ._servers import read_shell
from ._shell import ExchangeShell
from ._task import Task

_LISTING_LIMIT = 1800.0  # seconds: ten thousand mailboxes come from the directory one by one
_TRIES = 3  # of a mailbox whose Move-Mailbox died under it
_FRUITLESS = 2  # batches one after the other of which nothing is known
_VALIDATED = 500  # mailboxes that are validated in one go: it moves nothing
_BREATH = 12  # looks between two tries of what may pass by itself
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_DOING = "Moving mailboxes"


def minutes(text: str, option: str, node: str) -> int:
    """Minutes since midnight of HH:MM; raises Refusal."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise Refusal("input", _DOING, node, f"{option} is {text!r}.", "Give a time of day as HH:MM, such as 22:00.")
    return int(match.group(1)) * 60 + int(match.group(2))


def within(now: int, start: int, end: int) -> bool:
    """Whether a minute of the day is in a window that may go past midnight; equal ends: all day."""
    if start == end:
        return True
    return start <= now < end if start < end else now >= start or now < end


@dataclass
class Progress:
    """What has become of the mailboxes so far, by GUID. dropped: those that were given up as failed."""

    moved: dict[str, Mailbox] = field(default_factory=dict)
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    reports: list[str] = field(default_factory=list)
    fruitless: int = 0
    batches: int = 0

    def lasting(self) -> int:
        """Failures that will not pass by themselves."""
        return sum(1 for failure in self.failures.values() if not failure["passing"])


class MailboxMove:
    """One call of mailbox_move."""

    def __init__(self, task: Task) -> None:
        self._task = task
        params = task.params
        self._shell: ExchangeShell = read_shell(task.node)
        self._source = source_clause(params["source_server"] or "", params["source_database"] or "")
        self._order = Order(
            target=params["target_database"],
            bad_items=params["bad_item_limit"],
            threads=params["threads"],
            controller=params["domain_controller"],
        )
        self._job = MoveJob(task, self._shell, self._source, self._order)
        self._window = self._read_window()
        self._done = Progress()

    def run(self) -> dict[str, Any]:
        """Observe, compare, act, observe again, prove."""
        joined, cleared = self._earlier_run()
        before = self._list()
        choice = choose(before, self._task.params["names"], self._task.params["exclude"])
        self._refuse(before, choice)
        if self._task.check_mode:
            return self._would(before, choice)
        stopped = self._move(choice)
        acted = bool(choice.chosen)
        after = self._list() if acted and not self._task.params["validate_only"] else before
        return self._result(before, after, choice, stopped, joined=joined, cleared=cleared)

    # --- before ---

    def _earlier_run(self) -> tuple[bool, bool]:
        """Wait for a batch that an earlier run has begun, and clear away one that it has not: (joined, cleared)."""
        phase = self._job.pending()
        if self._task.check_mode or phase is Phase.ABSENT:
            return False, False
        if phase in (Phase.PREPARED, Phase.DIED):
            self._job.clear()
            return False, True
        self._task.progress("a batch was begun by an earlier run: joining it")
        self._keep(self._job.join("the earlier batch"))
        return True, True

    def _list(self) -> Listing:
        script = listing_script(self._source, self._order.target, self._order.controller)
        answer = self._shell.read_text(script, "Reading the mailboxes", self._task.node.name, _LISTING_LIMIT)
        return parse_listing(answer)

    def _refuse(self, seen: Listing, choice: Choice) -> None:
        node = self._task.node.name
        if choice.unknown and not self._task.params["missing_ok"]:
            text = f"No mailbox of the source or the target is called {', '.join(map(repr, choice.unknown))}."
            advice = "Check names and source; alias and address are sure where the code page has not all characters."
            raise Refusal("input", _DOING, node, text, advice, unknown=list(choice.unknown))
        if choice.chosen and seen.mounted is not True:
            state = "dismounted" if seen.mounted is False else "in an unknown state"
            text = f"The target database {seen.target or self._order.target} is {state}."
            raise Refusal("target", _DOING, node, text, "Mount it (Mount-Database), then run again.")

    def _read_window(self) -> tuple[int, int] | None:
        start, end = (self._task.params[name] for name in ("window_start", "window_end"))
        if not start and not end:
            return None
        node = self._task.node.name
        return minutes(start, "window_start", node), minutes(end, "window_end", node)

    # --- moving ---

    def _move(self, choice: Choice) -> str:
        """Validate and move; why it ended before everything was tried, '' if it did not."""
        params = self._task.params
        waiting = list(choice.chosen)
        if waiting and (params["validate"] or params["validate_only"]):
            waiting = self._validated(waiting)
        if params["validate_only"]:
            return ""
        stopped = self._batches(deque(waiting), len(waiting))
        return stopped or self._again()

    def _validated(self, mailboxes: Sequence[Mailbox]) -> list[Mailbox]:
        """Those that Move-Mailbox -ValidateOnly has nothing against; the others are failures."""
        good: list[Mailbox] = []
        order = Order(**{**vars(self._order), "validate_only": True})
        for start in range(0, len(mailboxes), _VALIDATED):
            part = mailboxes[start : start + _VALIDATED]
            outcome = self._job.run(
                [m.guid for m in part], order, f"validating {start + len(part)} of {len(mailboxes)}"
            )
            self._unless_blind(outcome)
            report = self._job.report(outcome) if outcome.passed < len(part) else None
            items = report.of(part) if report else {}
            bad = {guid: item for guid, item in items.items() if item.failed}
            good += [mailbox for mailbox in part if mailbox.guid not in bad]
            self._done.failures |= {m.guid: failure_of(m, bad[m.guid]) for m in part if m.guid in bad}
            self._keep_report(outcome)
        return good

    def _unless_blind(self, outcome: Outcome) -> None:
        """Raise where a validation told nothing at all: then the moves would not, either."""
        if not outcome.whole and not outcome.passed:
            raise self._no_answer(outcome)

    def _no_answer(self, outcome: Outcome) -> Failure:
        text = f"Move-Mailbox ended without a result: {outcome.said or 'no output'}"
        advice = "Try the same cmdlet in the shell on that node, with that account; then run again."
        data = {**self._lists(), "reports": self._done.reports}
        return Failure(_DOING, self._task.node.name, text, advice, changed=bool(self._done.moved), **data)

    def _batches(self, waiting: deque[Mailbox], total: int) -> str:
        size = self._task.params["batch_size"]
        while waiting:
            if stopped := self._stop():
                return stopped
            batch = [waiting.popleft() for _mailbox in range(min(size, len(waiting)))]
            done = total - len(waiting) - len(batch)
            self._attempt(batch, f"mailboxes {done + 1} to {done + len(batch)} of {total}", waiting)
        return "failure_budget" if self._over_budget() else ""

    def _stop(self) -> str:
        """Why no further batch may be begun: window, failure_budget; '' for nothing."""
        if self._over_budget():
            return "failure_budget"
        local = time.localtime(self._task.clock.now())
        inside = self._window is None or within(local.tm_hour * 60 + local.tm_min, *self._window)
        return "" if inside else "window"

    def _over_budget(self) -> bool:
        budget: int = self._task.params["failure_budget"]
        return len(self._done.failures) > budget

    def _attempt(self, batch: list[Mailbox], tell: str, waiting: deque[Mailbox]) -> None:
        """Move a batch, and judge each mailbox of it; what died under its move is put into the queue again."""
        try:
            outcome = self._job.run([mailbox.guid for mailbox in batch], self._order, tell)
        except (Taken, Gone):
            # Another controller moves, too: his batch is waited for, and everybody's place is read again.
            self._task.progress("another run moves mailboxes there at this moment: joining it")
            self._keep(self._job.join("the other run's batch"))
            moved = {mailbox.guid for mailbox in self._list().there}
            waiting.extendleft(reversed([mailbox for mailbox in batch if mailbox.guid not in moved]))
            self._done.moved |= {mailbox.guid: mailbox for mailbox in batch if mailbox.guid in moved}
            return
        self._done.batches += 1
        self._keep_report(outcome)
        self._judge(batch, outcome, waiting)

    def _judge(self, batch: list[Mailbox], outcome: Outcome, waiting: deque[Mailbox]) -> None:
        done = self._done
        moved = outcome.moved if outcome.whole else self._moved_of(batch)
        left = [mailbox for mailbox in batch if mailbox.guid not in moved]
        done.moved |= {mailbox.guid: mailbox for mailbox in batch if mailbox.guid in moved}
        items = self._job.report(outcome).of(batch) if left else {}
        failed = [m for m in left if outcome.whole or (m.guid in items and items[m.guid].failed)]
        done.failures |= {m.guid: failure_of(m, items.get(m.guid)) for m in failed}
        self._requeue([m for m in left if m not in failed], waiting)
        nothing = not moved and not any(item.failed for item in items.values())
        done.fruitless = done.fruitless + 1 if nothing else 0
        if done.fruitless >= _FRUITLESS:
            raise self._no_answer(outcome)

    def _moved_of(self, batch: Iterable[Mailbox]) -> frozenset[str]:
        """A Move-Mailbox that was killed doesn't tell: the directory does."""
        there = {mailbox.guid for mailbox in self._list().there}
        return frozenset(mailbox.guid for mailbox in batch if mailbox.guid in there)

    def _requeue(self, unfinished: Iterable[Mailbox], waiting: deque[Mailbox]) -> None:
        for mailbox in unfinished:
            tries = self._done.tries[mailbox.guid] = self._done.tries.get(mailbox.guid, 0) + 1
            if tries < _TRIES:
                waiting.append(mailbox)
            else:
                self._done.failures[mailbox.guid] = failure_of(mailbox, None)

    def _again(self) -> str:
        """Try once more what may have passed by itself, until retry_for is over."""
        clock, params = self._task.clock, self._task.params
        end = clock.now() + params["retry_for"]
        while passing := [guid for guid, failure in self._done.failures.items() if failure["passing"]]:
            if clock.now() >= end:
                break
            clock.sleep(params["poll"] * _BREATH)
            if stopped := self._stop():
                return stopped
            here = {mailbox.guid: mailbox for mailbox in self._list().waiting}
            batch = [here[guid] for guid in passing[: params["batch_size"]] if guid in here]
            if not batch:
                break
            self._retry(batch)
        return ""

    def _retry(self, batch: list[Mailbox]) -> None:
        before = {mailbox.guid: self._done.failures.pop(mailbox.guid) for mailbox in batch}
        again: deque[Mailbox] = deque()
        self._done.fruitless = 0
        self._attempt(batch, f"trying {len(batch)} once more", again)
        self._done.failures |= {mailbox.guid: before[mailbox.guid] for mailbox in again}

    # --- after ---

    def _keep(self, outcome: Outcome) -> None:
        """What an earlier run's batch has moved; who that is, the next listing tells."""
        self._keep_report(outcome)

    def _keep_report(self, outcome: Outcome) -> None:
        if outcome.path:
            self._done.reports.append(outcome.path)

    def _lists(self) -> dict[str, Any]:
        return {
            "moved": sorted(mailbox.address for mailbox in self._done.moved.values()),
            "failures": [_shown(failure) for failure in self._done.failures.values()],
        }

    def _result(
        self, before: Listing, after: Listing, choice: Choice, stopped: str, *, joined: bool, cleared: bool
    ) -> dict[str, Any]:
        """Moved is who is seen there now and was not before."""
        there = {mailbox.guid for mailbox in after.there}
        self._done.moved = {m.guid: m for m in choice.chosen if m.guid in there}
        for guid in self._done.moved.keys() & self._done.failures.keys():
            del self._done.failures[guid]
        left = [m for m in choice.chosen if m.guid not in there and m.guid not in self._done.failures]
        result = {
            "commands": list(dict.fromkeys(self._task.node.commands)),
            "changed": bool(self._done.moved) or joined or cleared,
            **self._common(before, after, choice),
            **self._lists(),
            "remaining": [m.address for m in left],
            "stopped": stopped,
            "joined": joined,
            "batches": self._done.batches,
            "reports": self._done.reports,
        }
        if stopped == "failure_budget" or self._over_budget():
            raise self._too_many(result)
        return result

    def _too_many(self, result: dict[str, Any]) -> Failure:
        failed, budget = len(result["failures"]), self._task.params["failure_budget"]
        causes = sorted({failure["cause"] for failure in result["failures"]})
        text = f"{failed} mailboxes failed, and failure_budget is {budget}; no further batch was begun. Causes: "
        advice = "See `failures`, mend the causes or raise the budget, then run again: what is moved is skipped."
        changed = result.pop("changed")
        return Failure(_DOING, self._task.node.name, f"{text}{', '.join(causes)}.", advice, changed=changed, **result)

    def _would(self, before: Listing, choice: Choice) -> dict[str, Any]:
        count = len(choice.chosen)
        after = {"source": len(before.waiting) - count, "target": len(before.there) + count}
        command = f"{self._order.command()} ({count} mailboxes)"
        return {
            "changed": bool(count),
            **self._common(before, before, choice),
            "after": {"target_database": before.target, **after},
            "moved": [],
            "failures": [],
            "remaining": [mailbox.address for mailbox in choice.chosen],
            "stopped": "check_mode" if count else "",
            "joined": False,
            "batches": 0,
            "reports": [],
            "commands": [command] if count else [],
        }

    @staticmethod
    def _common(before: Listing, after: Listing, choice: Choice) -> dict[str, Any]:
        return {
            "before": _counts(before),
            "after": _counts(after),
            "already_there": [mailbox.address for mailbox in choice.there],
            "excluded": [mailbox.address for mailbox in choice.excluded],
            "unknown": list(choice.unknown),
        }


def _counts(listing: Listing) -> dict[str, Any]:
    return {"target_database": listing.target, "source": len(listing.waiting), "target": len(listing.there)}


def _shown(failure: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in failure.items() if key != "passing"}
