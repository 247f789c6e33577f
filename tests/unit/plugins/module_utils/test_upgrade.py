# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two acts of exchange_setup: program files and clustered mailbox server; done, joined, refused, proven."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._upgrade import (
    UpgradeCms,
    UpgradeNode,
    read_proof,
    setup_task,
)
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    BUILDS,
    PASSWORD,
    Cms,
    Effect,
    Played,
    World,
    ended,
    job_acts,
    proof,
    remove_act,
    retire_act,
    task,
    text,
)

PARAMS: dict[str, Any] = {
    "action": "upgrade",
    "media": r"D:\sp2",
    "release": "sp2",
    "nodes": proof(("NODEA", "rtm")),
    "proof_max_age": 900,
    "username": None,
    "password": None,
    "domain_controller": "",
    "updates_dir": "",
    "answer_file": "",
    "enable_error_reporting": False,
    "timeout": 3600,
    "poll": 10.0,
}
NODE, CMS = "upgrade-sp2", "upgradecms-sp2"
OLD = World(rollups=("Rollup 1", "Rollup 2"))
DONE = replace(World(bits="sp2"), servers=(Cms("CMS1"),))


def node(channel: Played, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    return UpgradeNode(setup_task(task(channel, {**PARAMS, **changes}, check=check))).run()


def cms(channel: Played, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    return UpgradeCms(task(channel, {**PARAMS, **changes}, check=check)).run()


# --- program files -------------------------------------------------------------------------------------------------


def test_a_passive_node_is_upgraded_and_proven() -> None:
    end = (1795.0, ended(0, text("setup/upgrade-success-en.txt"), bits="sp2", rollups=("Rollup 2",)))
    channel = Played(OLD, *job_acts(NODE, end), remove_act(NODE))
    result = node(channel)
    assert result["changed"]
    assert (result["before"], result["after"]) == ({"version": BUILDS["rtm"]}, {"version": BUILDS["sp2"]})
    assert (result["rc"], result["joined"], result["restart_required"]) == (0, False, True)
    assert result["removed_rollups"] == ["Rollup 1"]
    assert result["steps"][-1] == {"name": "Finalizing Setup", "result": "COMPLETED"}
    assert len(result["warnings_of_setup"]) == 1
    assert channel.acts == []


@pytest.mark.parametrize(("bits", "proven"), [("sp2", True), ("rtm", False)])
def test_a_result_that_another_run_took_away_is_judged_by_the_version(bits: str, proven: bool) -> None:
    """Two runs join one Setup; the worker of a killed one may outlive it and collect the job first."""
    running = replace(OLD, job=True, kind=NODE, started=True, images=("ExSetup.exe",))
    channel = Played(running)
    gone: Effect = lambda w: replace(w, job=False, kind="", started=False, images=(), bits=bits)  # noqa: E731
    channel.clock.after(60, lambda: channel.change(gone))
    if proven:
        result = node(channel)
        assert (result["changed"], result["rc"], result["joined"]) == (True, None, True)
        assert result["after"] == {"version": BUILDS["sp2"]}
    else:
        with pytest.raises(Failure, match="the registry says"):
            node(channel)


def test_the_batch_file_holds_the_command() -> None:
    world = replace(OLD, files=(r"D:\up dates",))
    channel = Played(world, *job_acts(NODE, (5, ended(0, bits="sp2"))), remove_act(NODE))
    node(channel, domain_controller="dc1", updates_dir=r"D:\up dates")
    command = r'"D:\sp2\Setup.com" /mode:upgrade /UpdatesDir:"D:\up dates" /DomainController:dc1'
    assert command in channel.done[0]


def test_every_option_of_setup_is_handed_on() -> None:
    world = replace(OLD, files=(r"D:\answers.txt",))
    channel = Played(world, *job_acts(NODE, (5, ended(0, bits="sp2"))), remove_act(NODE))
    node(channel, answer_file=r"D:\answers.txt", enable_error_reporting=True)
    assert r'/mode:upgrade /AnswerFile:"D:\answers.txt" /EnableErrorReporting ' in channel.done[0]


@pytest.mark.parametrize("option", ["answer_file", "updates_dir"])
@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
def test_a_file_that_is_not_there_is_refused_before_setup_stops_at_it(option: str, check: bool) -> None:
    channel = Played(replace(OLD, files=(r"D:\other",)))
    with pytest.raises(Refusal, match=rf"no 'D:.gone' \({option}\)") as refused:
        node(channel, check=check, **{option: "D:\\gone\\"})
    assert refused.value.refused == "R8"
    assert channel.done == []


# --- the directory before the program files ------------------------------------------------------------------------

OLD_SCHEMA = replace(OLD, schema="10637", organization="10666")


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
@pytest.mark.parametrize("world", [OLD_SCHEMA, replace(OLD_SCHEMA, double_hop=True)], ids=["seen", "asked for"])
def test_a_schema_that_is_known_to_be_too_old_is_refused(world: World, check: bool) -> None:
    channel = Played(world)
    with pytest.raises(Refusal, match="SP2 needs the schema 14622") as refused:
        node(channel, check=check)
    assert (refused.value.refused, channel.done) == ("R8", [])
    assert "upgrade_prepare_directory" in refused.value.advice


@pytest.mark.parametrize(
    ("world", "part"),
    [
        (replace(OLD, directory_error="Nö."), "is unknown (Nö)"),
        (replace(OLD, organization="10666"), "organisation 10666"),
        (replace(OLD, schema="14622", organization=""), "is unknown"),
    ],
    ids=["unknown", "only the organisation is old", "the organisation is unknown"],
)
def test_what_is_not_known_of_the_directory_is_told_and_refuses_nothing(world: World, part: str) -> None:
    made = task(Played(world, *job_acts(NODE, (5, ended(0, bits="sp2"))), remove_act(NODE)), PARAMS)
    assert UpgradeNode(setup_task(made)).run()["changed"]
    assert [line for line in made.__dict__["said"] if part in line and "Setup does that by itself" in line]


def test_a_prepared_directory_is_not_talked_about() -> None:
    made = task(
        Played(replace(OLD, double_hop=True), *job_acts(NODE, (5, ended(0, bits="sp2"))), remove_act(NODE)), PARAMS
    )
    assert UpgradeNode(setup_task(made)).run()["changed"]
    assert not [line for line in made.__dict__["said"] if "directory" in line]


def test_a_node_at_the_release_asks_nobody_for_the_schema() -> None:
    assert node(Played(replace(DONE, schema="10637")), nodes=[])["changed"] is False


@pytest.mark.parametrize("password", [None, "pässwörd"], ids=["no password", "one that the code page may not have"])
def test_without_a_password_to_hand_on_the_directory_stays_unknown(password: str | None) -> None:
    channel = Played(replace(OLD_SCHEMA, double_hop=True))
    result = UpgradeNode(task(channel, PARAMS, check=True, password=password)).run()
    assert result["changed"]
    assert not [line for line in channel.reads if "set /p" in line]


@pytest.mark.parametrize("kind", ["prepareschema-sp2", "preparead-sp2"])
def test_what_a_dead_preparation_left_is_cleared_away_behind_an_upgrade(kind: str) -> None:
    channel = Played(replace(OLD, job=True, kind=NODE, started=True, images=("ExSetup.exe",)), remove_act(kind))
    other: Effect = lambda w: replace(w, kind=kind, images=OLD.images, bits="sp2")  # noqa: E731
    channel.clock.after(60, lambda: channel.change(other))
    assert node(channel)["after"] == {"version": BUILDS["sp2"]}
    assert channel.acts == []


@pytest.mark.parametrize("kind", ["prepareschema-sp2", "preparead-sp2"])
def test_what_a_dead_preparation_left_is_cleared_away_with_the_rest(kind: str) -> None:
    channel = Played(replace(DONE, job=True, kind=kind, started=True), remove_act(kind))
    assert node(channel, nodes=[])["changed"]
    assert channel.acts == []


def test_a_failure_over_our_own_marks_never_sends_anybody_to_do_it_by_hand() -> None:
    marks = (("MailboxRole", "Watermark"),)
    again = ended(1, text("setup/very-early-failure-en.txt"), marks=marks)
    for world, before in (
        (OLD, []),
        (replace(OLD, job=True, kind=NODE, started=True, marks=marks), [remove_act(NODE)]),
    ):
        channel = Played(world, *before, *job_acts(NODE, (50, again)), retire_act(NODE))
        with pytest.raises(Failure) as failed:
            node(channel)
        causes = {cause["name"]: cause for cause in failed.value.data["diagnosis"]}
        assert set(causes) == {"unknown", "setup_unfinished"}
        assert "by hand" not in str(failed.value) + "".join(cause["next_step"] for cause in causes.values())


@pytest.mark.parametrize(
    ("world", "restart"), [(DONE, False), (replace(DONE, renames="x"), True)], ids=["no restart pending", "restart"]
)
def test_a_node_at_the_release_is_left_alone(world: World, restart: bool) -> None:
    channel = Played(world)
    result = node(channel, nodes=[])
    assert result == {
        "changed": False,
        "before": {"version": BUILDS["sp2"]},
        "after": {"version": BUILDS["sp2"]},
        "restart_required": restart,
    }


def test_check_mode_says_what_it_would_do_and_does_nothing() -> None:
    result = node(Played(OLD), check=True)
    assert result["changed"]
    assert result["after"] == {"version": BUILDS["sp2"]}
    assert result["commands"] == [r'"D:\sp2\Setup.com" /mode:upgrade']


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
@pytest.mark.parametrize(
    ("world", "nodes", "rule"),
    [
        (OLD.with_group("CMS1", "NODEB"), PARAMS["nodes"], "R1"),
        (replace(OLD, nodes={"NODEA": 2, "NODEB": 0}), PARAMS["nodes"], "R2"),
        (OLD.with_server("CMS1", state="Offline"), PARAMS["nodes"], "R3"),
        (OLD, [], "R4"),
        (OLD, proof(("NODEA", "sp2")), "R4"),
        (replace(OLD, pack="0x100"), PARAMS["nodes"], "R6"),
        (replace(OLD, media=""), PARAMS["nodes"], "R8"),
        (replace(OLD, cluster_rc=1753), PARAMS["nodes"], "R9"),
        (replace(OLD, bits="sp3"), PARAMS["nodes"], "R10"),
    ],
)
def test_refused(world: World, nodes: Any, rule: str, check: bool) -> None:
    channel = Played(world)
    with pytest.raises(Refusal) as refused:
        node(channel, nodes=nodes, check=check)
    assert refused.value.refused == rule
    assert not refused.value.changed
    assert channel.done == []
    assert refused.value.data["refusals"]


@pytest.mark.parametrize(
    ("end", "parts"),
    [
        pytest.param(
            ended(1, text("setup/step-failed-msi-1625-en.txt")), ["exit code 1", "1625", "and not SP2"], id="rc 1"
        ),
        pytest.param(ended(0), ["the registry says 8.0.685.25 and not SP2"], id="exit code 0 without effect"),
        pytest.param(
            ended(0, bits="sp2", marks=(("MailboxRole", "Watermark"),)), ["unfinished Setup", "Watermark"], id="marks"
        ),
        pytest.param(ended(1, bits="sp2"), ["exit code 1"], id="exit code 1 in spite of the version"),
        pytest.param(
            ended(0, text("setup/check-failed-en.txt"), bits="sp2"), ["restart from a previous"], id="failure sentence"
        ),
        pytest.param(ended(0, exchange_read=False), ["the registry says nothing"], id="nothing to be read"),
        pytest.param(ended(0, versions={"AdminTools": BUILDS["sp2"]}), ["says 8.0.685.25"], id="one role only"),
    ],
)
def test_nothing_less_than_proof_is_success(end: Effect, parts: list[str]) -> None:
    channel = Played(OLD, *job_acts(NODE, (50, end)), retire_act(NODE))
    with pytest.raises(Failure) as failed:
        node(channel)
    assert channel.acts == []
    assert all(part in failed.value.seen for part in parts), failed.value.seen
    assert failed.value.changed
    assert failed.value.data["before"] == {"version": BUILDS["rtm"]}
    assert {"rc", "stdout", "log_excerpt", "steps"} <= failed.value.data.keys()
    assert "ExchangeSetup.log" in failed.value.advice


def test_foreign_success_is_success_by_version() -> None:
    end = ended(0, text("setup/success-foreign.txt"), bits="sp2")
    assert node(Played(OLD, *job_acts(NODE, (50, end)), remove_act(NODE)))["changed"]


def test_a_setup_that_runs_already_is_joined_whatever_the_rules_say() -> None:
    running = replace(
        OLD, job=True, kind=NODE, started=True, images=("ExSetup.exe",), marks=(("MailboxRole", "Action"),)
    )
    channel = Played(running, remove_act(NODE))
    channel.clock.after(100, lambda: channel.change(ended(0, bits="sp2", marks=())))
    result = node(channel, nodes=[])
    assert (result["joined"], result["after"], channel.acts) == (True, {"version": BUILDS["sp2"]}, [])


def test_a_setup_that_restarts_winrm_at_that_moment_is_joined() -> None:
    """A read breaks off, and the one after it finds nobody: that is no reason to end the run."""
    channel = Away(replace(OLD, job=True, kind=NODE, started=True, images=("ExSetup.exe",)), remove_act(NODE))
    channel.clock.after(100, lambda: channel.change(ended(0, bits="sp2", marks=())))
    assert node(channel, nodes=[])["joined"]


class Away(Played):
    """A node whose WinRM is away for ten seconds, from the second command line on."""

    _back: float | None = None

    def run(self, line: str, **more: Any) -> Result:
        if self._back is None and self.reads:
            self._back = self.clock.now() + 10
        if self._back is not None and self.clock.now() < self._back:
            raise ChannelLost("nodeb", "no answer.", started=False, silent=True)
        return super().run(line, **more)


def test_our_own_dead_setup_is_run_again_over_its_marks() -> None:
    dead = replace(OLD, job=True, kind=NODE, started=True, marks=(("MailboxRole", "Watermark"),))
    channel = Played(dead, remove_act(NODE), *job_acts(NODE, (50, ended(0, bits="sp2", marks=()))), remove_act(NODE))
    result = node(channel)
    assert (result["joined"], channel.acts) == (False, [])


def test_a_setup_that_failed_is_run_again_over_its_own_marks_by_the_next_run() -> None:
    failing = ended(1, "     Oops\r\n", marks=(("MailboxRole", "Watermark"),))
    channel = Played(OLD, *job_acts(NODE, (50, failing)), retire_act(NODE))
    with pytest.raises(Failure, match="Oops"):
        node(channel)
    again = (50, ended(0, bits="sp2", marks=()))
    channel = Played(channel.world, remove_act(NODE), *job_acts(NODE, again), remove_act(NODE))
    result = node(channel)
    assert (result["joined"], result["after"], channel.acts) == (False, {"version": BUILDS["sp2"]}, [])


def test_a_job_that_nobody_can_make_out_is_joined_and_not_started_again() -> None:
    unseen = replace(OLD, job=True, kind=NODE, started=True, images=())
    channel = Played(unseen, remove_act(NODE))
    channel.clock.after(100, lambda: channel.change(ended(0, bits="sp2")))
    assert node(channel)["joined"]
    assert channel.acts == []


def test_a_setup_that_ended_without_effect_while_nobody_looked_is_told_and_retired() -> None:
    channel = Played(replace(OLD, job=True, kind=NODE, started=True, rc="0"), retire_act(NODE))
    with pytest.raises(Failure, match="and not SP2"):
        node(channel)
    assert channel.acts == []


def test_a_job_that_stays_unknown_is_never_started_again() -> None:
    channel = Played(replace(OLD, job=True, kind=NODE, started=True, images=()))
    with pytest.raises(Failure, match="may still run") as failed:
        node(channel)
    assert channel.done == []
    assert failed.value.changed


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
def test_a_dead_job_on_a_node_at_the_release_is_cleared_away_and_not_run_again(check: bool) -> None:
    channel = Played(replace(DONE, job=True, kind=NODE, started=True), *([] if check else [remove_act(NODE)]))
    result = node(channel, check=check, nodes=[])
    assert (result["changed"], result["restart_required"], channel.acts) == (True, False, [])
    assert result["before"] == result["after"]


def test_what_is_settling_is_looked_at_again_before_it_is_refused() -> None:
    channel = Played(replace(OLD, nodes={"NODEA": -1, "NODEB": 0}, wmi=False), *job_acts(NODE), remove_act(NODE))
    channel.acts[2] = replace(channel.acts[2], later=((5, ended(0, bits="sp2")),))
    channel.clock.after(15, lambda: channel.change(lambda w: replace(w, nodes={"NODEA": 0, "NODEB": 0}, wmi=True)))
    assert node(channel)["changed"]


def test_somebody_elses_marks_are_refused() -> None:
    with pytest.raises(Refusal, match="never ours"):
        node(Played(replace(OLD, marks=(("MailboxRole", "Watermark"),))))


def test_the_account_of_the_options_is_used_and_shown_nowhere() -> None:
    channel = Played(OLD, *job_acts(NODE, (5, ended(0, bits="sp2"))), remove_act(NODE))
    made = setup_task(task(channel, {**PARAMS, "username": r"EX\setup", "password": "0ther&pw"}))
    result = UpgradeNode(made).run()
    assert channel.stdins == [b"0ther&pw\r\n"]
    assert r'/ru "EX\setup"' in channel.done[1]
    assert "0ther&pw" not in str(result) + "".join([*made.node.commands, *channel.done])


def test_without_options_the_connections_account_is_used() -> None:
    channel = Played(OLD, *job_acts(NODE, (5, ended(0, bits="sp2"))), remove_act(NODE))
    node(channel)
    assert channel.stdins == [PASSWORD.encode() + b"\r\n"]


@pytest.mark.parametrize("act", [node, cms])
def test_a_media_path_that_cannot_be_passed_is_refused_first(act: Any) -> None:
    channel = Played(OLD)
    with pytest.raises(Unquotable):
        act(channel, media="D:\\50%")
    assert channel.reads == []


def test_a_proof_that_cannot_be_read_is_told() -> None:
    bad = [{"name": "NODEA", "release": "rtm", "observed_at": "yesterday"}]
    with pytest.raises(Failure, match="'yesterday'"):
        read_proof(task(Played(OLD), {**PARAMS, "nodes": bad}))


# --- the clustered mailbox server ----------------------------------------------------------------------------------

STOPPED = World(bits="sp2").with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline")


def upgraded(w: World) -> World:
    return w.with_server("CMS1", release="sp2")


def test_the_stopped_cms_is_upgraded_and_proven() -> None:
    end = (300.0, lambda w: upgraded(ended(0)(w)))
    channel = Played(STOPPED, *job_acts(CMS, end), remove_act(CMS))
    result = cms(channel)
    assert (result["before"], result["after"]) == ({"version": "8.0.685.25"}, {"version": "8.2.176.2"})
    assert (result["changed"], result["restart_required"], result["rc"]) == (True, False, 0)
    assert channel.acts == []
    assert r'"D:\sp2\Setup.com" /upgradecms' in channel.done[0]


def test_a_cms_at_the_release_is_left_alone() -> None:
    result = cms(Played(upgraded(STOPPED)))
    assert not result["changed"]


def test_check_mode_of_the_cms() -> None:
    result = cms(Played(STOPPED), check=True)
    assert result["commands"] == [r'"D:\sp2\Setup.com" /upgradecms']
    assert result["changed"]
    assert result["after"] == {"version": BUILDS["sp2"]}


@pytest.mark.parametrize(
    ("world", "nodes", "rule"),
    [
        (STOPPED.with_server("CMS1", state="Online"), PARAMS["nodes"], "R3"),
        (replace(STOPPED, nodes={"NODEA": 1, "NODEB": 0}), PARAMS["nodes"], "R2"),
        (STOPPED, proof(("NODEA", "sp2")), "R4"),
        (STOPPED, [], "R5"),
        (replace(STOPPED, bits="rtm"), PARAMS["nodes"], "R5"),
        (replace(STOPPED, media="8.1.240.6"), PARAMS["nodes"], "R8"),
        (replace(STOPPED, marks=(("ClusteredMailboxServer", "Watermark"),)), PARAMS["nodes"], "R8"),
        (STOPPED.with_server("CMS1", state="?"), PARAMS["nodes"], "R9"),
        (STOPPED.with_server("CMS1", release="sp3"), PARAMS["nodes"], "R10"),
    ],
)
def test_the_cms_is_refused(world: World, nodes: Any, rule: str) -> None:
    channel = Played(world)
    with pytest.raises(Refusal) as refused:
        cms(channel, nodes=nodes)
    assert refused.value.refused == rule
    assert channel.done == []


@pytest.mark.parametrize(
    ("world", "part"),
    [
        pytest.param(World(bits="sp2"), "owns 0 clustered mailbox servers", id="none"),
        pytest.param(
            replace(STOPPED, servers=(Cms("CMS1"), Cms("CMS2"))).with_group("CMS2", "NODEB"), "it owns 2", id="two"
        ),
        pytest.param(replace(STOPPED, shell_error="no directory"), "no directory", id="nothing readable"),
    ],
)
def test_exactly_one_cms_is_needed(world: World, part: str) -> None:
    with pytest.raises(Failure, match=part) as failed:
        cms(Played(world))
    assert "cms_handover" in failed.value.advice


@pytest.mark.parametrize(
    ("end", "part"),
    [
        (ended(0), "the directory says 8.0.685.25 and not SP2"),
        (lambda w: upgraded(ended(1)(w)), "exit code 1"),
    ],
    ids=["without effect", "exit code 1"],
)
def test_nothing_less_than_proof_for_the_cms(end: Effect, part: str) -> None:
    with pytest.raises(Failure, match=part) as failed:
        cms(Played(STOPPED, *job_acts(CMS, (50, end)), retire_act(CMS)))
    assert failed.value.target == "CMS1"


def test_a_running_upgrade_of_the_cms_is_joined() -> None:
    channel = Played(replace(STOPPED, job=True, kind=CMS, started=True, images=("ExSetup.exe",)), remove_act(CMS))
    channel.clock.after(60, lambda: channel.change(lambda w: upgraded(ended(0)(w))))
    assert cms(channel, nodes=[])["joined"]
