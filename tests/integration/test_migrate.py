# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook migrate from a cluster on 2003 to one on 2008, judged by where the lab has every mailbox and folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.conftest import Play, Run, Running, playbook_command
from ansible_collections.mailops.exchange2007.tests.integration.localised import database
from ansible_collections.mailops.exchange2007.tests.integration.truths import SECRET, Truth, acts, ask, eventually

MIGRATE = "mailops.exchange2007.migrate"
BOTH = "migration-2003-2008"
OLD, NEW = "MAIL-OLD", "MAIL-NEW"
Migrate = Callable[..., Run]


def quick(lab: Lab) -> dict[str, Any]:
    """Variables of a run that doesn't wait longer than the lab needs. Reports go beside the inventory."""
    return {
        "migration_source": OLD,
        "migration_target": NEW,
        "migration_batch_size": 10,
        "migration_poll": 0.1,
        "migration_copy_interval": 0.05,
        "migration_public_folder_poll": 0.2,
        "migration_report_dir": str(lab.inventory.parent / "reports"),
    }


@pytest.fixture
def migrate(playbook: Play) -> Migrate:
    """Run the playbook with short polls: migrate(lab, "--check", migration_exclude=["ceo"])."""

    def run(lab: Lab, *options: str, **variables: Any) -> Run:
        return playbook(lab, MIGRATE, *options, **(quick(lab) | variables))

    return run


@pytest.fixture
def begin_migration(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start the playbook beside the test, which it doesn't outlive."""
    with ExitStack() as playbooks:

        def begin(lab: Lab, **variables: Any) -> Running:
            running = Running(tmp_path, playbook_command(tmp_path, lab, MIGRATE, (), quick(lab) | variables))
            playbooks.callback(running.kill)
            return running

        yield begin


def heal(lab: Lab, *aliases: str) -> None:
    """Nothing is wrong with these mailboxes any more."""
    for alias in aliases:
        ask(lab, "inject", fault="mailbox_fails", fields={"host": "NEW-N1", "mailbox": alias, "reason": "none"})


def left(truth: Truth) -> dict[str, int]:
    """Databases of the old server -> mailboxes of users in them, those without any left out."""
    found = {name: content["mailboxes"] for name, content in truth["mail"]["databases"].items() if name.startswith(OLD)}
    return {name: count for name, count in found.items() if count}


def not_migrated(truth: Truth) -> list[str]:
    """What keeps the lab from being wholly migrated; empty: nothing does."""
    found = [f"{broken['rule']}: {broken['what']}" for broken in truth["violations"]]
    found += [f"{name} has {count}" for name, count in left(truth).items()]
    for name, host in truth["hosts"].items():
        found += [f"{name} has {what}: {host[what]}" for what in ("tasks", "processes") if host[what]]
    holding = [path for path, folder in truth["public_folders"].items() if set(folder["replicas"]) != {NEW}]
    return found + [f"{path} is not on {NEW} alone" for path in holding]


def moved(truth: Truth) -> list[str]:
    """The aliases that were moved, in order."""
    events = (event for event in truth["timeline"] if (event["kind"], event["what"]) == ("mailbox", "moved"))
    return [event["detail"].partition(":")[0] for event in events]


def report_of(lab: Lab) -> dict[str, Any]:
    """The last report; its page is beside it, and neither holds the password."""
    path = max((lab.inventory.parent / "reports").glob("*.json"))
    assert path.with_suffix(".html").exists()
    assert SECRET not in path.read_text("utf-8") + path.with_suffix(".html").read_text("utf-8")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


@pytest.mark.parametrize("lab", [BOTH], indirect=True)
def test_everything_moves_and_the_second_run_does_nothing(lab: Lab, migrate: Migrate) -> None:
    """Mailboxes and public folders, once; nothing is deleted; then no command that changes anything."""
    heal(lab, "ccarl", "ddora")
    run = migrate(lab)
    assert run.code == 0, run.output
    truth = lab.truth()
    assert not_migrated(truth) == []
    assert len(moved(truth)) == len(set(moved(truth))) == 44
    assert truth["mail"]["mailboxes"] == 49  # with the system mailboxes of both servers, which stay
    report = report_of(lab)
    assert report["proven"]
    assert (report["before"]["source"]["mailboxes"], report["after"]["source"]["mailboxes"]) == (44, 0)
    assert report["after"]["target"]["size"] == report["before"]["source"]["size"] > 0
    assert report["after"]["target"]["items"] == report["before"]["source"]["items"]
    assert report["public_folders"]["changed"]
    before = acts(truth)
    again = migrate(lab)
    assert again.code == 0, again.output
    assert again.changed == []
    # A look at the public folders needs a task of its own, which is removed again.
    assert [line for line in acts(lab.truth())[len(before) :] if "mailops-public-folders" not in line] == []
    assert (report_of(lab)["proven"], not_migrated(lab.truth())) == (True, [])


@pytest.mark.parametrize("lab", [BOTH], indirect=True)
def test_check_mode_tells_and_does_nothing(lab: Lab, migrate: Migrate) -> None:
    """The plan, who would be moved, and no trace in the lab."""
    before = lab.truth()
    run = migrate(lab, "--check", "--diff")
    assert run.code == 0, run.output
    assert "1. 40 mailboxes" in run.output
    after = lab.truth()
    assert acts(after) == acts(before)
    assert left(after) == left(before)


@pytest.mark.parametrize("lab", [BOTH], indirect=True)
def test_who_fails_is_named_and_the_rest_goes_on(lab: Lab, migrate: Migrate) -> None:
    """Two mailboxes stay, with cause and remedy; the run fails at its end, and the next one moves what was mended."""
    run = migrate(lab)
    assert run.code == 2
    truth = lab.truth()
    assert left(truth) == {database(r"MAIL-OLD\Second Storage Group\Executives"): 2}
    report = report_of(lab)
    causes = {failure["alias"]: failure["cause"] for failure in report["mailboxes"]["failures"]}
    assert causes == {"ccarl": "corrupt_items", "ddora": "access_denied"}
    assert (report["proven"], len(report["missing"])) == (False, 2)
    assert "corrupt_items" in run.output
    heal(lab, "ddora")
    second = migrate(lab, migration_bad_items=3)
    assert second.code == 0, second.output
    assert not_migrated(lab.truth()) == []
    assert set(moved(lab.truth())[-2:]) == {"ccarl", "ddora"}


@pytest.mark.parametrize("lab", [BOTH], indirect=True)
def test_a_budget_stops_before_the_public_folders(lab: Lab, migrate: Migrate) -> None:
    """A target that is full fails many: no further batch is begun, and the folders stay."""
    heal(lab, "ccarl", "ddora")
    target = database(r"MAIL-NEW\First Storage Group\Mailbox Database")
    ask(lab, "inject", fault="database_full", fields={"host": "NEW-N1", "database": target, "free_mb": "500"})
    run = migrate(lab, migration_failure_budget=3)
    assert run.code == 2
    truth = lab.truth()
    assert left(truth)[database(r"MAIL-OLD\First Storage Group\Mailbox Database")] == 34
    assert "target_full" in run.output
    assert report_of(lab)["public_folders"] is None


@pytest.mark.parametrize("lab", [BOTH], indirect=True)
@pytest.mark.parametrize("count", [0, 15], ids=["first batch", "in the middle"])
def test_killed_and_run_again(lab: Lab, begin_migration: Callable[..., Running], migrate: Migrate, count: int) -> None:
    """The controller dies; the second run joins or goes on, and nobody is moved twice."""
    heal(lab, "ccarl", "ddora")
    running = begin_migration(lab)

    def reached(truth: Truth) -> bool:
        return len(moved(truth)) >= count and bool(truth["mail"]["moving"])

    eventually(lab, lambda truth: reached(truth) or running.is_over(), f"{count} moved")
    running.kill()
    assert left(lab.truth())
    run = migrate(lab)
    assert run.code == 0, run.output
    truth = lab.truth()
    assert not_migrated(truth) == []
    assert len(moved(truth)) == len(set(moved(truth))) == 44


@pytest.mark.parametrize("lab", [BOTH], indirect=True)
def test_some_only(lab: Lab, migrate: Migrate) -> None:
    """Names and exclusions; others are no leftovers. A name that nobody has is refused before anything is moved."""
    refused = migrate(lab, migration_mailboxes=["ceo", "nobody"], migration_public_folders=False)
    assert refused.code == 2
    assert "nobody" in refused.output
    assert moved(lab.truth()) == []
    run = migrate(
        lab, migration_mailboxes=["ceo", "User0000*"], migration_exclude=["*9"], migration_public_folders=False
    )
    assert run.code == 0, run.output
    assert sorted(moved(lab.truth())) == [*(f"User{n:05d}" for n in range(1, 9)), "ceo"]
    assert report_of(lab)["mailboxes"]["excluded"] == ["User00009@lab.example"]


@pytest.mark.parametrize("lab", [BOTH], indirect=True)
def test_databases_that_fit_nowhere_or_elsewhere(lab: Lab, migrate: Migrate) -> None:
    """A target of the user's choice; what can't work is refused by name, and nothing is touched."""
    for variables, words in (
        ({"migration_databases": {database("Executives"): "Nowhere"}}, [database("Executives"), "migration_databases"]),
        ({"migration_source": NEW, "migration_target": OLD}, ["2003"]),
        ({"migration_target": ""}, ["migration_target"]),
        ({"migration_hosts": "old-n1:old-n2:new-n1"}, ["NEW-N2", "not read"]),
    ):
        run = migrate(lab, **variables)
        assert run.code == 2, run.output
        assert [word for word in words if word not in run.output] == [], run.output
    dismounted = {"host": "NEW-N1", "database": database(r"MAIL-NEW\Executives")}
    ask(lab, "inject", fault="database_dismounted", fields=dismounted)
    before = acts(lab.truth())
    assert f"{database('Executives')} is dismounted" in migrate(lab).output
    ask(lab, "inject", fault="database_mounted", fields=dismounted)
    assert acts(lab.truth()) == before == []
    heal(lab, "ccarl", "ddora")
    elsewhere = {database(r"Second Storage Group\Executives"): database("Small Database")}
    run = migrate(lab, migration_databases=elsewhere, migration_public_folders=False)
    assert run.code == 0, run.output
    small = lab.truth()["mail"]["databases"][database(r"MAIL-NEW\Third Storage Group\Small Database")]
    assert small["mailboxes"] == 4
