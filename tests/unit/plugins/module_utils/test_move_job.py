# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Move-Mailbox as a job: what it is told, what is read of what it prints, and its report."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _move_job as jobs
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._job import Phase
from ansible_collections.mailops.exchange2007.plugins.module_utils._move_job import MoveJob, Order, Outcome
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import ExchangeShell, shell_line
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import task
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.mail_played import Job, Store, boxes
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_mailboxes import GUIDS, NEW, box
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_move_report import document, item

ORDER = Order(NEW)


@pytest.mark.parametrize(
    ("order", "command"),
    [
        (ORDER, rf"Move-Mailbox -TargetDatabase '{NEW}' -BadItemLimit 0 -MaxThreads 4 -Confirm:$false"),
        (
            Order("O'Brien", 5, 8, "dc1.x.example", validate_only=True),
            "Move-Mailbox -TargetDatabase 'O''Brien' -BadItemLimit 5 -MaxThreads 8 -DomainController 'dc1.x.example' "
            "-ValidateOnly -Confirm:$false",
        ),
    ],
)
def test_the_cmdlet(order: Order, command: str) -> None:
    assert order.command() == command


@pytest.mark.parametrize(("count", "files"), [(1, "0..0"), (150, "0..0"), (151, "0..1"), (500, "0..3")])
def test_the_script(count: int, files: str) -> None:
    """It reads as many lists as there are, goes on after an error, and tells where each mailbox is."""
    script = jobs.move_script(ORDER, r"\Temp\mailops-x\list", count, r"C:\Logs\r.xml")
    assert f"@({files} | " in script
    assert script.index("$ErrorActionPreference = 'Continue'") < script.index("Move-Mailbox")
    assert r"-ReportFile 'C:\Logs\r.xml'" in script
    assert not re.search(r"try|-join|ConvertTo|-in ", script)  # PowerShell 1.0 has none of them
    assert len(shell_line(script, r"C:\Exchange\bin\exshell.psc1")) < 2500


def test_a_target_that_can_not_be_told() -> None:
    with pytest.raises(Unquotable):
        Order("100%").command()


WHOLE = f"report=C:\\r.xml\nstatus=0\nstatus=-5\nmoved={GUIDS[1]}\nstill={GUIDS[2]}\ndone=1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WHOLE, Outcome(frozenset([GUIDS[1]]), frozenset([GUIDS[2]]), True, 1, "", r"C:\r.xml")),
        ("report=C:\\r.xml\nstatus=0\n", Outcome(frozenset(), frozenset(), False, 1, "", r"C:\r.xml")),
        ("error=no such database\n", Outcome(frozenset(), frozenset(), False, 0, "no such database", "")),
        (
            "Move-Mailbox : denied\nAt line:1\n",
            Outcome(frozenset(), frozenset(), False, 0, "Move-Mailbox : denied", ""),
        ),
        ("", Outcome(frozenset(), frozenset(), False, 0, "", "")),
    ],
    ids=["whole", "cut off", "stopped", "only errors", "nothing"],
)
def test_what_a_job_prints(text: str, expected: Outcome) -> None:
    assert jobs.parse_output(text.replace("\n", "\r\n")) == expected


def made(store: Store, source: str = "-Server 'O'") -> MoveJob:
    call = task(store, {"timeout": 60, "poll": 1.0})
    return MoveJob(call, ExchangeShell(call.node, "C:\\Exchange\\"), source, ORDER)


def test_many_mailboxes_take_several_lists() -> None:
    """Each line of them is one that cmd.exe takes."""
    store = Store(*boxes(9))
    job = made(store)
    with pytest.raises(KeyError):  # the store has nine
        job.run([f"{n:08x}-69ed-58c6-b4c6-97f16944f6ad" for n in range(400)], ORDER, "x")
    lists = [line for line in store.lines if re.match(r"\(echo ", line)]
    assert [re.findall(r"list\d", line)[0] for line in lists] == ["list0", "list1", "list2"]
    assert max(map(len, lists)) < 8191


def test_the_job_is_found_again_by_source_and_target() -> None:
    """The same in every run; others may go on beside it."""
    names = {
        re.findall(r"mailops-mailbox-move-\w+", _first_look(source))[0] for source in ("-Server 'O'", "-Server 'o'")
    }
    assert len(names) == 1
    assert names != {re.findall(r"mailops-mailbox-move-\w+", _first_look("-Server 'P'"))[0]}


def _first_look(source: str) -> str:
    store = Store()
    assert made(store, source).pending() is Phase.ABSENT
    return store.lines[0]


def test_the_report_is_read_from_where_the_job_says() -> None:
    store = Store(*boxes(1))
    store.report = document(item(box(1), -5))
    job = made(store)
    outcome = jobs.parse_output(WHOLE.replace("\n", "\r\n"))
    assert [each.code for each in job.report(outcome).items] == [-5]
    assert any(r'certutil -f -encode "C:\r.xml"' in line for line in store.lines)
    store.report = b""
    assert job.report(outcome) == jobs.NO_REPORT
    assert job.report(jobs.parse_output("")) == jobs.NO_REPORT


def test_a_task_that_does_not_start() -> None:
    """Told after two minutes, and cleared away."""
    store = Store(*boxes(1))
    store.job = Job(batch="x")
    job = made(store)
    with pytest.raises(Failure, match="did not start"):
        MoveJob(task(store, {"timeout": 600, "poll": 1.0}), ExchangeShell(None, "C:"), "s", ORDER).join("x")  # type: ignore[arg-type]
    assert store.job is None
    assert job.pending() is Phase.ABSENT
