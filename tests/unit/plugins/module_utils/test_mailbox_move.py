# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving in batches over a played store: who is moved, who fails, what is tried again, and where it stops."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _mailbox_move as mover
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.modules import mailbox_move
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import PASSWORD, task
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.mail_played import Job, Store, boxes
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_mailboxes import NEW, OLD, box
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_move_report import document, item

CORRUPT, LOCKED, FULL = -1056749110, -1056749262, -1056749164
DEFAULTS = {name: spec.get("default") for name, spec in mailbox_move.ARGUMENT_SPEC.items()}


def call(store: Store, *, check: bool = False, password: str | None = PASSWORD, **given: Any) -> dict[str, Any]:
    """Run the module with these options."""
    params = {**DEFAULTS, "source_database": OLD, "target_database": NEW, "batch_size": 3, **given}
    return mailbox_move.run(task(store, params, check=check, password=password))


def aliases(addresses: list[str]) -> list[str]:
    return sorted(address.partition("@")[0] for address in addresses)


def causes(result: dict[str, Any]) -> dict[str, str]:
    return {failure["alias"]: failure["cause"] for failure in result["failures"]}


# --- what is done once


def test_everybody_in_batches() -> None:
    """Validated all, then moved by threes; the task and its files are gone in the end."""
    store = Store(*boxes(7), looks=3)
    result = call(store)
    assert aliases(result["moved"]) == [f"user{n}" for n in range(1, 8)]
    assert store.validated == [[f"user{n}" for n in range(1, 8)]]
    assert [len(batch) for batch in store.batches] == [3, 3, 1]
    assert (result["changed"], result["batches"], result["stopped"]) == (True, 3, "")
    assert result["before"] == {"target_database": NEW, "source": 7, "target": 0}
    assert result["after"] == {"target_database": NEW, "source": 0, "target": 7}
    assert store.job is None
    assert not [line for line in store.lines if PASSWORD in line]
    assert PASSWORD not in str(result)


def test_nothing_left_is_nothing_done() -> None:
    """Not one command that changes anything."""
    store = Store(there=boxes(3))
    result = call(store)
    assert not result["changed"]
    assert (aliases(result["already_there"]), result["moved"], result["commands"]) == (
        ["user1", "user2", "user3"],
        [],
        [],
    )
    assert store.acts == []


def test_check_mode() -> None:
    store = Store(*boxes(3))
    result = call(store, check=True)
    assert (result["changed"], aliases(result["remaining"])) == (True, ["user1", "user2", "user3"])
    assert result["after"] == {"target_database": NEW, "source": 0, "target": 3}
    assert store.acts == []
    assert not call(Store(there=boxes(1)), check=True)["changed"]


def test_only_some() -> None:
    store = Store(*boxes(5))
    result = call(store, names=["user?"], exclude=["user2", "user4@*"], validate=False)
    assert store.batches == [["user1", "user3", "user5"]]
    assert (store.validated, aliases(result["excluded"])) == ([], ["user2", "user4"])
    assert result["after"]["source"] == 2


def test_validate_only() -> None:
    """Who would fail is told; nobody is moved."""
    store = Store(*boxes(4))
    store.codes = {"user2": (CORRUPT, 9)}
    result = call(store, validate_only=True)
    assert causes(result) == {"user2": "corrupt_items"}
    assert (store.batches, result["changed"], aliases(result["remaining"])) == ([], False, ["user1", "user3", "user4"])


# --- what fails


def test_failures_are_told_and_stop_nobody() -> None:
    store = Store(*boxes(6))
    store.codes = {"user1": (CORRUPT, 9), "user5": (-2147024891, 9)}
    result = call(store, validate=False)
    assert causes(result) == {"user1": "corrupt_items", "user5": "access_denied"}
    assert aliases(result["moved"]) == ["user2", "user3", "user4", "user6"]
    assert result["remaining"] == []


def test_who_does_not_validate_is_not_tried() -> None:
    store = Store(*boxes(3))
    store.codes = {"user1": (-2147024891, 9)}
    result = call(store)
    assert (causes(result), store.batches) == ({"user1": "access_denied"}, [["user2", "user3"]])


@pytest.mark.parametrize(("budget", "batches"), [(0, 1), (2, 1), (3, 2), (5, 2), (6, 3)])
def test_the_budget(budget: int, batches: int) -> None:
    """With one failure more than it allows no further batch is begun; who was not tried is told apart."""
    store = Store(*boxes(9))
    store.codes = {f"user{n}": (FULL, 9) for n in range(1, 7)}
    if budget >= 6:
        assert len(call(store, validate=False, failure_budget=budget)["failures"]) == 6
    else:
        with pytest.raises(Failure, match="failure_budget") as failed:
            call(store, validate=False, failure_budget=budget)
        assert "target_full" in failed.value.seen
        assert (failed.value.changed, failed.value.data["stopped"]) == (False, "failure_budget")
        assert len(failed.value.data["remaining"]) == 9 - 3 * batches
    assert len(store.batches) == batches


def test_a_passing_trouble_is_tried_again() -> None:
    """After all others, and until retry_for is over."""
    store = Store(*boxes(4))
    store.codes = {"user1": (LOCKED, 3)}
    result = call(store, validate=False)
    assert (result["failures"], len(result["moved"])) == ([], 4)
    assert store.batches == [["user1", "user2", "user3"], ["user4"], ["user1"], ["user1"], ["user1"]]


@pytest.mark.parametrize(("retry_for", "tries"), [(0, 1), (100, 3), (600, 11)])
def test_it_is_given_up_at_last(retry_for: int, tries: int) -> None:
    store = Store(*boxes(1))
    store.codes = {"user1": (LOCKED, 99)}
    result = call(store, validate=False, retry_for=retry_for)
    assert causes(result) == {"user1": "locked"}
    assert len(store.batches) == tries


# --- what dies


def test_a_killed_move_is_no_failure() -> None:
    """Who was not reached is put into the queue again; what was moved before counts."""
    store = Store(*boxes(5))
    store.dies = [1, 9, 9]
    result = call(store, validate=False)
    assert (len(result["moved"]), result["failures"]) == (5, [])
    assert store.batches == [["user1", "user2", "user3"], ["user4", "user5", "user2"], ["user3"]]


def test_moves_that_always_die() -> None:
    """After two of which nothing is known, nobody is told to have failed: the tool is broken, not the mailboxes."""
    store = Store(*boxes(2))
    store.dies = [0] * 9
    with pytest.raises(Failure, match="without a result"):
        call(store, validate=False)
    assert len(store.batches) == 2


def test_a_mailbox_that_kills_each_move() -> None:
    """It is given up after three tries, and the others are moved."""
    store = Store(*boxes(4))
    store.dies = [1, 1, 1, 1, 1, 0, 0]
    result = call(store, validate=False, batch_size=2, retry_for=0)
    assert set(aliases(result["moved"])) | set(causes(result)) == {"user1", "user2", "user3", "user4"}
    assert len(store.batches) <= 8


def test_a_report_that_is_lost() -> None:
    """Where a mailbox is, the directory says; why it is not moved, nobody."""
    store = Store(*boxes(3))
    store.codes = {"user2": (CORRUPT, 9)}
    store.mute = [True]
    result = call(store, validate=False, retry_for=0)
    assert (aliases(result["moved"]), causes(result)) == (["user1", "user3"], {"user2": "untold"})


@pytest.mark.parametrize(
    ("job", "joined", "batches"),
    [
        (Job(batch="x"), False, 1),
        (Job(batch="x", started=True, dies=True), False, 1),
        (Job(batch="x", started=True, looks=10**6, orphaned=True), False, 1),
        (Job(batch="x", started=True, looks=4, rc="0", out="done=1\r\n"), True, 1),
        (Job(batch="x", started=True, rc="-1", out=""), True, 1),
    ],
    ids=["prepared", "died", "died, and another PowerShell runs", "running", "ended"],
)
def test_what_an_earlier_run_has_left(job: Job, joined: bool, batches: int) -> None:
    """Joined where it goes on, cleared away where it does not; then everybody who is not there is moved."""
    store = Store(*boxes(2))
    store.job = job
    result = call(store, validate=False)
    assert (result["joined"], result["changed"], len(store.batches)) == (joined, True, batches)
    assert len(result["moved"]) == 2


def test_an_earlier_run_in_check_mode() -> None:
    store = Store(*boxes(2))
    store.job = Job(batch="x", started=True, looks=99)
    assert not call(store, check=True)["joined"]
    assert store.acts == []


def test_only_a_leftover() -> None:
    """A task with a password does not stay because nobody is left to be moved."""
    store = Store(there=boxes(2))
    store.job = Job(batch="x")
    assert (call(store)["changed"], store.job) == (True, None)


# --- what breaks


@pytest.mark.parametrize(
    ("pattern", "ran"),
    [
        ("schtasks /run", True),
        ("schtasks /run", False),
        (r"^\(echo [0-9a-f]", True),
        (r"^\(md ", True),
        (r"^\(md ", False),
        ("schtasks /create", True),
        ("tasklist", False),
        (r"^\(schtasks /delete", True),
        ("say 'list'", False),
        ("certutil", False),
    ],
)
def test_a_broken_channel_ends_nothing(pattern: str, ran: bool) -> None:
    """Unknown is looked at again; nobody is moved by two jobs."""
    store = Store(*boxes(3), looks=1)
    store.codes = {"user2": (CORRUPT, 9)}
    store.broken = [(pattern, ran)]
    result = call(store, validate=False, retry_for=0)
    assert aliases(result["moved"]) == ["user1", "user3"]
    assert store.batches == [["user1", "user2", "user3"]]
    assert store.broken == []
    assert store.job is None


def test_a_batch_that_has_no_end() -> None:
    """It is not stopped; the failure says what to do."""
    store = Store(*boxes(2), looks=10**6)
    with pytest.raises(Failure, match="was not stopped") as failed:
        call(store, validate=False, timeout=60)
    assert "joins it" in failed.value.advice
    assert store.job is not None
    assert store.job.started


class Rival(Store):
    """Another controller that is a moment faster with the first batch."""

    rival = True

    def _write(self, line: str) -> Any:
        if self.rival:
            self.rival = False
            self.job = Job(batch="rival", guids=[box(1).guid])
            self._start("")
        return super()._write(line)


def test_another_run_at_the_same_time() -> None:
    """Its batch is awaited, then everybody's place is read again: nobody is moved twice."""
    store = Rival(*boxes(3))
    result = call(store, validate=False)
    assert store.batches == [["user1"], ["user2", "user3"]]
    assert len(result["moved"]) == 3


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("schtasks /create", "Registering"), (r"^\(echo [0-9a-f]", "list"), (r"^\(md ", "batch file")],
)
def test_a_step_that_is_refused(pattern: str, words: str) -> None:
    """Told, and cleared away."""
    store = Store(*boxes(2))
    store.refuses = [(pattern, 5)]
    with pytest.raises(Failure, match=words):
        call(store, validate=False)
    assert store.job is None


# --- what is refused


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"names": ["nobody", "user1"]}, "'nobody'"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"threads": 0}, "threads is 0"),
        ({"bad_item_limit": -1}, "bad_item_limit is -1"),
        ({"failure_budget": -1}, "failure_budget is -1"),
        ({"window_start": "22", "window_end": "05:00"}, "window_start is '22'"),
        ({"window_start": "22:00"}, "window_end is ''"),
        ({"window_end": "24:00"}, "window_start is ''"),
    ],
)
def test_bad_input(given: dict[str, Any], words: str) -> None:
    store = Store(*boxes(1))
    with pytest.raises(Refusal, match=words):
        call(store, **given)
    assert store.acts == []


def test_names_that_may_be_missing() -> None:
    assert call(Store(*boxes(1)), names=["nobody"], missing_ok=True)["unknown"] == ["nobody"]


@pytest.mark.parametrize("mounted", ["False", ""])
def test_a_target_that_is_not_mounted(mounted: str) -> None:
    """Unknown is no better than dismounted; where nobody is to be moved neither matters."""
    store = Store(*boxes(1))
    store.mounted = mounted
    with pytest.raises(Refusal, match="target database"):
        call(store)
    assert store.acts == []
    done = Store(there=boxes(1))
    done.mounted = mounted
    assert not call(done)["changed"]


def test_no_password() -> None:
    with pytest.raises(Failure, match="no password"):
        call(Store(*boxes(1)), password=None)


def test_an_account_of_its_own() -> None:
    store = Store(*boxes(1))
    params = {**DEFAULTS, "source_server": "O", "target_database": NEW, "username": r"X\mover", "password": "else"}
    made = task(store, params)
    mailbox_move.run(made)
    assert [line for line in store.lines if r'/ru "X\mover"' in line]
    assert [line for line in store.lines if "-Server 'O'" in line]


# --- the window


@pytest.fixture
def utc() -> Iterator[None]:
    """The controller's time zone is UTC; the fake clock starts at 22:00."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize(
    ("start", "end", "moved"),
    [("22:00", "05:00", 7), ("21:59", "22:01", 3), ("22:01", "21:59", 0), ("5:00", "22:00", 0), ("1:00", "1:00", 7)],
)
def test_the_window(start: str, end: str, moved: int) -> None:
    """A batch that was begun goes on; the next one is not begun. Equal ends mean all day."""
    store = Store(*boxes(7), looks=30)
    result = call(store, validate=False, window_start=start, window_end=end)
    assert (len(result["moved"]), len(result["remaining"])) == (moved, 7 - moved)
    assert result["stopped"] == ("" if moved == 7 else "window")


@pytest.mark.parametrize(
    ("now", "start", "end", "inside"),
    [
        (60, 0, 120, True),
        (120, 0, 120, False),
        (0, 0, 120, True),
        (1400, 1320, 300, True),
        (299, 1320, 300, True),
        (300, 1320, 300, False),
        (700, 1320, 300, False),
        (5, 7, 7, True),
    ],
)
def test_within(now: int, start: int, end: int, inside: bool) -> None:
    assert mover.within(now, start, end) is inside


# --- what is said meanwhile


def test_progress() -> None:
    """Which mailboxes, and how many of them have ended."""
    store = Store(*boxes(4), looks=2)
    made = task(store, {**DEFAULTS, "source_database": OLD, "target_database": NEW, "batch_size": 3, "validate": False})
    mailbox_move.run(made)
    said = made.__dict__["said"]
    assert "mailboxes 1 to 3 of 4: 3 ended" in said
    assert "mailboxes 4 to 4 of 4: 1 ended" in said


def test_the_played_report_is_one() -> None:
    """What the store writes is what the reader reads."""
    assert b"MailboxName" in document(item(box(1)))
