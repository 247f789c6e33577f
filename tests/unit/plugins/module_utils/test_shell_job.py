# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts of the Exchange Management Shell as detached jobs: one at a time, to their end, whatever it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import ExchangeShell
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell_job import ShellJob
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import task
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.folders import BIN, Stores

SCRIPT = "& 'C:\\Scripts\\AddReplicaToPFRecursive.ps1';"
ALIVE = '"powershell.exe","7"\r\n'


def made(stores: Stores, *, modern: bool = False) -> tuple[ShellJob, Task]:
    it = task(stores, {"poll": 60.0})
    assert it.credentials
    return ShellJob(it, "public-folders", ExchangeShell(it.node, BIN), it.credentials, modern=modern), it


def run(stores: Stores) -> dict[str, list[str]]:
    return made(stores)[0].run(SCRIPT, "Adding", "OLD", 1800)


def test_a_script_is_run_and_nothing_is_left() -> None:
    stores = Stores()
    job, it = made(stores)
    assert job.run(SCRIPT, "Adding", "OLD", 1800) == {"done": ["1"]}
    assert (stores.acts, stores.job, it.node.commands) == (["add"], "", [])
    batch = next(line for line in stores.lines if line.startswith("(md "))
    assert "^<nul ^>out.txt" not in batch
    assert 'exshell.psc1" -Command "& { trap' in batch


@pytest.mark.parametrize(("modern", "shown"), [(False, False), (True, True)])
def test_on_2008_it_is_elevated(modern: bool, shown: bool) -> None:
    stores = Stores()
    made(stores, modern=modern)[0].run(SCRIPT, "Adding", "OLD", 1800)
    assert any("/rl HIGHEST" in line for line in stores.lines) == shown


def test_the_job_of_another_run_is_left_alone() -> None:
    stores = Stores()
    stores.job = "started"
    with pytest.raises(Refusal, match="Another run works on the same thing there"):
        run(stores)
    assert (stores.job, stores.acts) == ("started", [])


def hangs(stores: Stores) -> None:
    """The script never ends."""
    stores.endless = stores.held = True
    stores.images = ALIVE


def dies(stores: Stores) -> None:
    """The node is restarted in the middle of it."""
    stores.endless = True


def dies_beside_another(stores: Stores) -> None:
    """The same, and somebody else's shell runs there."""
    stores.endless = True
    stores.images = ALIVE


def is_silent(stores: Stores) -> None:
    """Nobody answers once it runs."""
    stores.on_act = lambda _name: setattr(stores, "breaks", frozenset(range(2 * stores.calls + 1, 10_000)))


def is_refused(stores: Stores) -> None:
    """The script stops with an error."""
    stores.broken = "Access is denied."


@pytest.mark.parametrize(
    ("spoil", "words", "left", "at_most"),
    [
        (hangs, "still runs; it was not stopped", "started", 1810),
        (dies, "ended without an exit code", "", 60),
        (dies_beside_another, "ended without an exit code", "", 60),
        (is_silent, "may still run: the node does not answer", "0", 620),
        (is_refused, "the Exchange Management Shell said .exit code 1.: Access is denied", "", 10),
    ],
)
def test_ends_that_are_none(spoil: Callable[[Stores], None], words: str, left: str, at_most: float) -> None:
    stores = Stores()
    begun = stores.clock.now()
    spoil(stores)
    with pytest.raises(Failure, match=words) as failed:
        run(stores)
    assert not failed.value.changed
    assert stores.job == left
    assert stores.clock.now() - begun <= at_most


def test_what_broke_off_is_settled_before_the_next_script() -> None:
    stores = Stores()
    job, _task = made(stores)
    is_silent(stores)
    with pytest.raises(Failure):
        job.run(SCRIPT, "Adding", "OLD", 1800)
    stores.breaks = frozenset()
    stores.on_act = lambda _name: None
    assert job.run(SCRIPT, "Adding", "OLD", 1800) == {"done": ["1"]}
    assert (stores.acts, stores.job) == (["add", "add"], "")
