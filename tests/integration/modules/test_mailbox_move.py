# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mailbox_move: who is moved and who is not, judged by where the lab has them; each test has mailboxes of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.conftest import Running, playbook_command
from ansible_collections.mailops.exchange2007.tests.integration.localised import database
from ansible_collections.mailops.exchange2007.tests.integration.modules.conftest import left_behind
from ansible_collections.mailops.exchange2007.tests.integration.truths import SECRET, Truth, acts, ask, eventually

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]

MODULE = "mailbox_move"
HOST = "new-n2"  # which owns no store: every one is reached through the job
OLD = database(r"MAIL-OLD\First Storage Group\Mailbox Database")
EXECUTIVES = database(r"MAIL-OLD\Second Storage Group\Executives")
NEW = database(r"MAIL-NEW\First Storage Group\Mailbox Database")
SMALL = database(r"MAIL-NEW\Third Storage Group\Small Database")
QUICK: dict[str, Any] = {"poll": 0.05, "retry_for": 0}


@pytest.fixture(scope="module")
def two(start_lab: Callable[..., Lab]) -> Lab:
    """The old cluster and the new one."""
    return start_lab("migration-2003-2008")


@pytest.fixture
def move(two: Lab, module: Module) -> Callable[..., dict[str, Any]]:
    """Move mailboxes of the old server's first database; nothing of ours is left on the node."""

    def run(*names: str, **arguments: Any) -> dict[str, Any]:
        given = {"source_database": OLD, "target_database": NEW, "names": list(names), **QUICK, **arguments}
        result = module(two, HOST, MODULE, **{name: value for name, value in given.items() if value is not None})
        assert left_behind(two, "NEW-N2") == []
        assert two.truth()["hosts"]["NEW-N2"]["tasks"] == []
        return result

    return run


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start a call beside the test, which it doesn't outlive."""
    with ExitStack() as calls:

        def start(lab: Lab, **arguments: Any) -> Running:
            given = {"target_database": NEW, **QUICK, **arguments}
            play = {"hosts": HOST, "gather_facts": False, "tasks": [{f"mailops.exchange2007.{MODULE}": given}]}
            running = Running(tmp_path, playbook_command(tmp_path, lab, [play], (), {}))
            calls.callback(running.kill)
            return running

        yield start


def user(number: int) -> str:
    """The alias of one of the forty."""
    return f"User{number:05d}"


def moved(truth: Truth) -> list[str]:
    """The aliases that were moved so far, in order."""
    return [
        event["detail"].partition(":")[0]
        for event in truth["timeline"]
        if (event["kind"], event["what"]) == ("mailbox", "moved")
    ]


def moves(lab: Lab) -> int:
    """How many Move-Mailbox runs have had mailboxes on their way or told of some; each has a report."""
    return sum(
        event["what"] == "write" and "mailops-move-" in event["detail"]
        for event in lab.truth()["timeline"]
        if event["kind"] == "file"
    )


def test_check_mode_and_diff(two: Lab, foretell: Module) -> None:
    """Who would be moved, and how; nothing is done."""
    told = foretell(two, [("move", HOST, MODULE, {"source_server": "MAIL-OLD", "target_database": NEW, **QUICK})])
    move = told["move"]
    assert (move["changed"], move["stopped"], len(move["remaining"])) == (True, "check_mode", 44)
    assert move["before"]["source"] == move["after"]["target"] == 44
    assert move["commands"][0].startswith("Move-Mailbox -TargetDatabase 'MAIL-NEW")
    assert '"source": 0' in move["diff"]["after"]


def test_moves_once(two: Lab, move: Module) -> None:
    """Those that were asked for and no others; the second call sees them there, and does nothing at all."""
    result = move(user(1), user(2), "User0003?", exclude=[user(39), "*38@lab.example"], batch_size=3)
    wanted = [user(1), user(2), user(30), *(user(n) for n in range(31, 38))]
    assert result["changed"], result
    assert sorted(result["moved"]) == sorted(f"{alias}@lab.example" for alias in wanted)
    assert sorted(moved(two.truth())) == sorted(wanted)
    assert sorted(result["excluded"]) == [f"{user(38)}@lab.example", f"{user(39)}@lab.example"]
    assert (result["batches"], result["after"]["target"]) == (4, 10)
    truth = two.truth()
    again = move(user(1), user(2), "User0003?", exclude=[user(39), "*38@lab.example"])
    assert not again["changed"]
    assert (again["moved"], len(again["already_there"]), again["commands"]) == ([], 10, [])
    assert two.truth()["mutating_commands"] == truth["mutating_commands"]


def test_the_password_is_nowhere(two: Lab, move: Module) -> None:
    """Not in what WinRM carried or Windows noted, not in a file of the node, not in the result."""
    result = move(user(3))
    assert result["moved"] == [f"{user(3)}@lab.example"]
    truth = two.truth()
    assert not [line for line in acts(truth) if SECRET in line]
    assert SECRET not in str(result)
    assert not [event for event in truth["timeline"] if SECRET in str(event)]


def test_failures_have_causes(two: Lab, move: Module) -> None:
    """Found by numbers of the report; the others of the batch are moved all the same."""
    result = move("ccarl", "ddora", "jmueller", source_database=EXECUTIVES, validate=False)
    causes = {failure["alias"]: (failure["cause"], failure["code"]) for failure in result["failures"]}
    assert causes == {"ccarl": ("corrupt_items", -1056749110), "ddora": ("access_denied", -2147024891)}
    assert result["moved"] == ["jmueller@lab.example"]
    assert result["changed"]
    assert two.truth()["mail"]["named"]["ccarl"] == EXECUTIVES


def test_validation_comes_first(two: Lab, move: Module) -> None:
    """Who is objected to is not tried; with validate_only nobody is moved, and nothing counts as changed."""
    before = moves(two)
    only = move("ceo", "ddora", source_database=EXECUTIVES, validate_only=True)
    assert [failure["alias"] for failure in only["failures"]] == ["ddora"]
    assert (only["changed"], only["moved"], only["remaining"]) == (False, [], ["ceo@lab.example"])
    result = move("ddora", source_database=EXECUTIVES)
    assert [failure["cause"] for failure in result["failures"]] == ["access_denied"]
    assert (moves(two), result["batches"]) == (before, 0)


def test_corrupt_items_are_given_up_only_on_demand(two: Lab, move: Module) -> None:
    """bad_item_limit."""
    result = move("ccarl", source_database=EXECUTIVES, bad_item_limit=5)
    assert result["moved"] == ["ccarl@lab.example"]
    assert two.truth()["mail"]["dropped_items"] == 3


def test_a_full_database(two: Lab, move: Module) -> None:
    """Those that fit are moved; the budget stops the rest, which is told apart from what failed."""
    ask(two, "inject", fault="database_full", fields={"host": "NEW-N1", "database": SMALL, "free_mb": "90"})
    result = move("User0001?", target_database=SMALL, batch_size=3, threads=1, failure_budget=2)
    assert result["failed"]
    assert {failure["cause"] for failure in result["failures"]} == {"target_full"}
    assert len(result["moved"]) == 1
    assert len(result["failures"]) == 5
    assert len(result["remaining"]) == 4
    assert result["stopped"] == "failure_budget"
    ask(two, "inject", fault="database_room", fields={"host": "NEW-N1", "database": SMALL})
    rest = move("User0001?", target_database=SMALL)
    assert (len(rest["moved"]), len(rest["already_there"]), rest["failures"]) == (9, 1, [])


def test_outside_of_the_window(move: Module) -> None:
    """No batch is begun; the rest is named, and nothing failed."""
    now = time.localtime()
    start, end = (f"{(now.tm_hour + hours) % 24:02d}:00" for hours in (3, 5))
    result = move(user(4), window_start=start, window_end=end)
    assert (result["stopped"], result["remaining"], result["changed"]) == ("window", [f"{user(4)}@lab.example"], False)
    assert move(user(4), window_start=end, window_end=start)["moved"] == [f"{user(4)}@lab.example"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"names": ["nobody"]}, ["nobody"]),
        ({"target_database": r"MAIL-NEW\Nowhere"}, ["Nowhere"]),
        ({"batch_size": 0}, ["batch_size"]),
        ({"window_start": "25:00", "window_end": "1:00"}, ["25:00"]),
        ({"window_start": "22:00"}, ["window_end"]),
        ({"target_database": "100%"}, ["percent"]),
        ({"source_server": "MAIL-OLD"}, ["source_server", "source_database"]),
    ],
    ids=["name", "database", "batch", "window", "half a window", "percent", "two sources"],
)
def test_refusals(two: Lab, refused: Module, arguments: dict[str, Any], words: list[str]) -> None:
    """Bad input is one line, before anything is touched."""
    refused(two, HOST, MODULE, *words, **{"source_database": OLD, "target_database": NEW, **QUICK, **arguments})


def test_names_that_may_be_missing(move: Module) -> None:
    """missing_ok tells them instead."""
    result = move("nobody", missing_ok=True)
    assert (result["unknown"], result["changed"]) == (["nobody"], False)


def test_a_dismounted_target(two: Lab, refused: Module, move: Module) -> None:
    """Refused with its name; where nobody is to be moved it does not matter."""
    fields = {"host": "NEW-N1", "database": NEW}
    ask(two, "inject", fault="database_dismounted", fields=fields)
    try:
        given = {"source_database": OLD, "target_database": NEW, "names": [user(5)], **QUICK}
        refused(two, HOST, MODULE, "dismounted", NEW, **given)
        assert not move(user(1))["changed"]
    finally:
        ask(two, "inject", fault="database_mounted", fields=fields)


def test_a_move_that_is_killed(two: Lab, move: Module) -> None:
    """The mailboxes under way are locked for a while; they are tried again until the store lets go of them."""
    ask(two, "inject", fault="move_killed", fields={"host": "NEW-N2", "after_moves": "2"})
    wanted = [user(number) for number in range(20, 28)]
    result = move(*wanted, retry_for=60)
    assert sorted(result["moved"]) == sorted(f"{alias}@lab.example" for alias in wanted), result["failures"]
    truth = two.truth()
    assert any(event["what"] == "move died" for event in truth["timeline"])
    assert sorted(alias for alias in moved(truth) if alias in wanted) == sorted(wanted)  # nobody twice


@pytest.mark.parametrize(
    ("fault", "fields"),
    [
        ("drop", {"program": "tasklist", "count": "2"}),
        ("drop", {"program": "schtasks", "match": "/run", "when": "after", "count": "1"}),
        ("drop", {"program": "line", "match": "list0.txt", "count": "1"}),
    ],
    ids=["while it is awaited", "while it is started", "while the list is written"],
)
def test_a_lost_connection_ends_nothing(
    two: Lab, move: Module, faulty: Faulty, fault: str, fields: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """Unknown is not failed: the batch goes on, and is looked at again."""
    number = 6 + ["while it is awaited", "while it is started", "while the list is written"].index(
        request.node.callspec.id
    )
    with faulty(two, fault, **fields):
        result = move(user(number), validate=False)
    assert result["moved"] == [f"{user(number)}@lab.example"], result
    assert moved(two.truth()).count(user(number)) == 1


def test_a_batch_of_a_run_that_died_is_joined(two: Lab, move: Module, begin: Callable[..., Any]) -> None:
    """Killed while the batch goes on: the next run waits for it, and moves nobody twice."""
    wanted = [user(29), "ceo"]  # whose mailbox takes five minutes
    running = begin(two, source_server="MAIL-OLD", names=wanted, validate=False)
    eventually(two, lambda truth: bool(truth["mail"]["moving"]) or running.is_over(), "a move")
    running.kill()
    assert two.truth()["mail"]["moving"], running.output
    result = move(*wanted, source_server="MAIL-OLD", source_database=None)
    assert result["joined"]
    assert result["changed"]
    assert sorted(alias for alias in moved(two.truth()) if alias in wanted) == sorted(wanted)


@pytest.mark.parametrize(
    ("number", "mark"),
    [
        (5, "schtasks /create"),
        (9, "list0.txt"),
        (28, "schtasks /run"),
        (38, "tasklist"),
        (40, "schtasks /delete"),
    ],
    ids=["prepared", "listed", "started", "awaited", "removed"],
)
def test_killed_at_each_act(two: Lab, move: Module, begin: Callable[..., Any], number: int, mark: str) -> None:
    """Wherever a batch is cut off, the next run ends it, once, and leaves nothing on the node."""

    def seen(truth: Truth) -> int:
        return sum(mark in command["line"] for command in truth["commands"])

    before = seen(two.truth())
    running = begin(two, source_database=OLD, names=[user(number)], validate=False)
    eventually(two, lambda truth: seen(truth) > before or running.is_over(), mark)
    running.kill()
    result = move(user(number))
    assert not result.get("failed"), result
    assert moved(two.truth()).count(user(number)) == 1


def test_an_account_that_is_refused(two: Lab, move: Module) -> None:
    """The job does not start; the failure says so, without the password."""
    result = move(user(39), username=r"LAB\nobody", password="Wr0ng & worse")
    assert result["failed"]
    assert "Wr0ng" not in str(result)
    assert two.truth()["mail"]["databases"][OLD]["mailboxes"]


def test_nothing_was_lost(two: Lab) -> None:
    """After everything above: each mailbox is in one place, with all its items."""
    assert two.truth()["violations"] == []
