# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing the directory: done, run, joined, refused, proven by what the directory says afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._prepare import PrepareDirectory
from ansible_collections.mailops.exchange2007.plugins.module_utils._upgrade import setup_task
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    Effect,
    Played,
    World,
    ended,
    job_acts,
    remove_act,
    task,
    text,
)

PARAMS: dict[str, Any] = {
    "action": "prepare_schema",
    "media": r"D:\sp2",
    "release": "sp2",
    "username": None,
    "password": None,
    "domain_controller": "",
    "timeout": 3600,
    "poll": 10.0,
}
KIND, KIND_AD = "prepareschema-sp2", "preparead-sp2"
# An active node of a cluster, with everything on it: that is no obstacle.
OLD = World(schema="10637", organization="10666").with_group("CMS1", "NODEB").with_group("Cluster Group", "NODEB")
BEFORE = {"schema_version": 10637, "schema_release": "rtm", "organization_version": 10666}
EXTENDED = {"schema_version": 14622, "schema_release": "sp2", "organization_version": 10666}
WHOLE = {**EXTENDED, "organization_version": 11222}


def prepare(channel: Played, *, check: bool = False, login: str | None = "S3cr3t pw", **changes: Any) -> Any:
    made = task(channel, {**PARAMS, **changes}, check=check, password=login)
    return PrepareDirectory(setup_task(made)).run()


def extended(after: float = 100.0, **more: Any) -> tuple[float, Effect]:
    return (after, ended(0, schema="14622", **more))


def test_an_old_schema_is_extended_and_proven() -> None:
    channel = Played(OLD, *job_acts(KIND, extended()), remove_act(KIND))
    result = prepare(channel)
    assert (result["before"], result["after"]) == (BEFORE, EXTENDED)
    assert (result["changed"], result["rc"], result["joined"], result["restart_required"]) == (True, 0, False, False)
    assert r'"D:\sp2\Setup.com" /PrepareSchema ' in channel.done[0]
    assert channel.acts == []


def test_one_that_dies_leaves_nothing_behind() -> None:
    channel = Played(OLD, *job_acts(KIND, (100.0, lambda w: replace(w, images=OLD.images))), remove_act(KIND))
    with pytest.raises(Failure, match="ended without an exit code"):
        prepare(channel)
    assert channel.acts == []


@pytest.mark.parametrize("world", [OLD, replace(OLD, schema="14622")], ids=["with the schema", "after the schema"])
def test_the_organisation_is_prepared_and_proven(world: World) -> None:
    end = extended(organization="11222")
    channel = Played(world, *job_acts(KIND_AD, end), remove_act(KIND_AD))
    result = prepare(channel, action="prepare_ad", domain_controller="dc1")
    assert result["after"] == WHOLE
    assert r'"D:\sp2\Setup.com" /PrepareAD /DomainController:dc1 ' in channel.done[0]
    assert all("LDAP://dc1/" in line for line in channel.reads if "LDAP" in line)


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("world", "how"),
    [
        (World(schema="14622", organization="10666"), {}),
        (World(schema="14622", organization="11222"), {"action": "prepare_ad"}),
        pytest.param(World(schema="14726", organization="13214"), {"action": "prepare_ad"}, id="by a later Exchange"),
        pytest.param(replace(OLD, schema="14622", media="", renames="x"), {}, id="nothing else is looked at"),
    ],
)
def test_what_is_prepared_is_left_alone(world: World, how: dict[str, Any], check: bool) -> None:
    channel = Played(world)
    result = prepare(channel, check=check, **how)
    assert (result["changed"], result["before"]) == (False, result["after"])
    assert channel.done == []


@pytest.mark.parametrize(
    ("action", "after", "command"),
    [
        ("prepare_schema", EXTENDED, r'"D:\sp2\Setup.com" /PrepareSchema'),
        ("prepare_ad", WHOLE, r'"D:\sp2\Setup.com" /PrepareAD'),
    ],
)
def test_check_mode_says_what_it_would_do_and_does_nothing(action: str, after: Any, command: str) -> None:
    channel = Played(OLD)
    result = prepare(channel, check=True, action=action)
    assert (result["changed"], result["after"], result["commands"]) == (True, after, [command])
    assert channel.done == []


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
@pytest.mark.parametrize(
    ("world", "how", "rule", "part"),
    [
        (replace(OLD, schema="14625"), {}, "R10", "newer release than SP2: schema 14625 (SP3)"),
        (replace(OLD, bits="sp3"), {}, "R10", "at SP3, newer than SP2"),
        (replace(OLD, organization="11222"), {"action": "prepare_ad", "release": "sp1"}, "R10", "organisation 11222"),
        (replace(OLD, directory_error="Nö."), {}, "R9", "can't be read: Nö"),
        (replace(OLD, schema=""), {}, "R9", "no version of the schema"),
        (replace(OLD, schema="14622", organization=""), {"action": "prepare_ad"}, "R9", "of the organisation"),
        (replace(OLD, images=("setup.com",)), {}, "R8", "Another Setup runs on NODEB: setup.com"),
        (replace(OLD, renames="x"), {}, "R8", "A restart is pending"),
        (replace(OLD, session_read=False), {}, "R8", "not readable"),
        (replace(OLD, media=""), {}, "R8", "No Exchange Setup"),
        (replace(OLD, media="8.1.240.6"), {}, "R8", "is SP1"),
    ],
)
def test_refused(world: World, how: dict[str, Any], rule: str, part: str, check: bool) -> None:
    channel = Played(world)
    with pytest.raises(Refusal) as refused:
        prepare(channel, check=check, **how)
    assert any(r["rule"] == rule and part in r["seen"] for r in refused.value.data["refusals"])
    assert not refused.value.changed
    assert channel.done == []


@pytest.mark.parametrize(
    "world",
    [
        replace(OLD, nodes={"NODEA": 1, "NODEB": 0}),
        replace(OLD, cluster_rc=1753),
        replace(OLD, marks=(("MailboxRole", "Watermark"),)),
        replace(OLD, bits="sp2", media="8.2.176.2", versions={"MailboxRole": "8.2.305.3", "AdminTools": "8.2.305.3"}),
        replace(OLD, pack="0x100"),
    ],
    ids=["a mate is down", "no cluster", "marks of a role's Setup", "a node with a rollup", "an old Windows"],
)
def test_what_keeps_no_directory_from_being_prepared(world: World) -> None:
    assert prepare(Played(world, *job_acts(KIND, extended()), remove_act(KIND)))["changed"]


@pytest.mark.parametrize(
    ("end", "parts"),
    [
        pytest.param(
            ended(1, text("setup/directory-not-prepared-foreign.txt")), ["exit code 1", "NO_OBJECT"], id="exit code 1"
        ),
        pytest.param(ended(1, schema="14622"), ["exit code 1"], id="exit code 1 though the version is there"),
        pytest.param(
            ended(0), ["the directory says schema 10637 (RTM)", "not schema 14622 (SP2)"], id="exit code 0, no effect"
        ),
        pytest.param(ended(0, directory_error="Gone."), ["schema unknown", "(Gone)"], id="nothing to be read"),
        pytest.param(
            ended(0, text("setup/no-success-sentence-en.txt"), schema="14622"), ["never printed"], id="no sentence"
        ),
    ],
)
def test_nothing_less_than_proof_is_success(end: Effect, parts: list[str]) -> None:
    channel = Played(OLD, *job_acts(KIND, (50, end)), remove_act(KIND))
    with pytest.raises(Failure) as failed:
        prepare(channel)
    assert all(part in failed.value.seen for part in parts), failed.value.seen
    assert failed.value.changed
    assert failed.value.data["diagnosis"]
    assert {"rc", "stdout", "log_excerpt", "steps"} <= failed.value.data.keys()
    assert channel.acts == [], "no job is left: there are no marks to know as ours"


def test_a_directory_that_replicates_slowly_is_waited_for() -> None:
    channel = Played(OLD, *job_acts(KIND, (50, ended(0))), remove_act(KIND))
    channel.clock.after(400, lambda: channel.change(lambda w: replace(w, schema="14622")))
    made = task(channel, PARAMS)
    assert PrepareDirectory(made).run()["after"] == EXTENDED
    assert any("replication" in line for line in made.__dict__["said"])


def test_a_setup_that_runs_already_is_joined() -> None:
    channel = Played(replace(OLD, job=True, kind=KIND, started=True, images=("ExSetup.exe",)), remove_act(KIND))
    channel.clock.after(100, lambda: channel.change(ended(0, schema="14622")))
    result = prepare(channel)
    assert (result["joined"], result["after"], channel.acts) == (True, EXTENDED, [])


def test_a_setup_that_ended_while_nobody_looked_is_proven() -> None:
    world = replace(OLD, job=True, kind=KIND, started=True, rc="0", out="", schema="14622")
    channel = Played(world, remove_act(KIND))
    assert prepare(channel)["changed"]
    assert channel.acts == []


def test_a_dead_one_is_run_again() -> None:
    dead = replace(OLD, job=True, kind=KIND, started=True)
    channel = Played(dead, remove_act(KIND), *job_acts(KIND, extended()), remove_act(KIND))
    assert prepare(channel)["joined"] is False
    assert channel.acts == []


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
def test_what_a_dead_run_left_of_a_finished_one_is_cleared_away(check: bool) -> None:
    dead = replace(OLD, job=True, kind=KIND, started=True, schema="14622")
    channel = Played(dead, *([] if check else [remove_act(KIND)]))
    result = prepare(channel, check=check)
    assert (result["changed"], result["before"], channel.acts) == (True, EXTENDED, [])


def test_check_mode_joins_nothing() -> None:
    channel = Played(replace(OLD, job=True, kind=KIND, started=True, images=("ExSetup.exe",)))
    assert prepare(channel, check=True)["changed"]
    assert channel.done == []


def test_a_setup_without_end_is_told_and_its_job_stays() -> None:
    channel = Played(OLD, *job_acts(KIND))
    with pytest.raises(Failure, match="still runs"):
        prepare(channel)
    assert channel.world.job


def test_it_asks_and_runs_as_the_account_that_is_given() -> None:
    """Over a network logon the one that is logged in reaches no domain controller; the password goes by stdin only."""
    channel = Played(replace(OLD, double_hop=True), *job_acts(KIND, extended()), remove_act(KIND))
    result = prepare(channel, username=r"EX\schema", password="0ther&pw")
    assert result["after"] == EXTENDED
    assert channel.stdins == [b"0ther&pw\r\n"]
    assert r"'EX\schema'" in next(line for line in channel.reads if "LDAP" in line)
    assert "0ther&pw" not in "".join([*channel.done, *channel.reads, str(result)])


def test_without_a_password_nothing_can_be_asked_over_a_network_logon() -> None:
    with pytest.raises(Refusal, match="An operations error occurred") as refused:
        prepare(Played(replace(OLD, double_hop=True)), login=None)
    assert "delegation" in refused.value.advice


@pytest.mark.parametrize("how", [{"media": "D:\\50%"}, {"domain_controller": "dc 1"}])
def test_what_cannot_be_passed_is_refused_first(how: dict[str, Any]) -> None:
    channel = Played(OLD)
    with pytest.raises(Unquotable):
        prepare(channel, **how)
    assert channel.reads == []


def test_foreign_marks_are_a_cause_and_those_of_our_own_setup_none() -> None:
    marked = replace(OLD, marks=(("MailboxRole", "Watermark"),))
    names = []
    for world in (marked, replace(marked, job=True, kind="upgrade-sp2", started=True, failed=True)):
        channel = Played(world, *job_acts(KIND, (50, ended(1, "     Oops\r\n"))), remove_act(KIND))
        with pytest.raises(Failure) as failed:
            prepare(channel)
        names.append([cause["name"] for cause in failed.value.data["diagnosis"]])
    assert "earlier_setup_unfinished" in names[0]
    assert "earlier_setup_unfinished" not in names[1]
