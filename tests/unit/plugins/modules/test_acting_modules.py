# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_setup, cms_handover, clustered_mailbox_server and node_reboot: each run() reaches its act with its options.

What the acts do is tested with their module_utils; here the arguments go through Ansible's own validation first.
"""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.plugins.modules import (
    clustered_mailbox_server,
    cms_handover,
    exchange_setup,
    node_reboot,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils._controller_module import validate
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    Act,
    Played,
    World,
    ended,
    job_acts,
    proof,
    remove_act,
    state_answer,
    task,
)

NODES = proof(("NODEA", "rtm"))
SETUP = {"media": r"D:\sp2", "release": "sp2", "nodes": NODES}
STOPPED = World(bits="sp2").with_group("CMS1", "NODEB", 1).with_server("CMS1", state="Offline")
DONE = World(bits="sp2").with_group("CMS1", "NODEB").with_server("CMS1", release="sp2")


def validated(module: ModuleType, arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    rules = getattr(module, "ARGUMENT_RULES", {})
    outcome = ArgumentSpecValidator(module.ARGUMENT_SPEC, **rules).validate(arguments)
    return dict(outcome.validated_parameters), [str(error) for error in outcome.errors]


def call(module: ModuleType, channel: Played, arguments: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
    params, errors = validated(module, arguments)
    assert errors == []
    result: dict[str, Any] = module.run(task(channel, params, check=check))
    return result


@pytest.mark.parametrize(
    ("module", "world", "arguments", "command"),
    [
        (exchange_setup, World(), SETUP, r'"D:\sp2\Setup.com" /mode:upgrade'),
        (exchange_setup, STOPPED, {**SETUP, "action": "upgrade_cms"}, r'"D:\sp2\Setup.com" /upgradecms'),
        (cms_handover, World(bits="sp2"), {**SETUP, "name": "CMS1"}, "Stop-ClusteredMailboxServer CMS1"),
        (clustered_mailbox_server, World(), {"name": "CMS1", "state": "stopped"}, "Stop-ClusteredMailboxServer CMS1"),
        (node_reboot, World(), {}, 'shutdown /r /f /t 5 /c "Restart by mailops.exchange2007"'),
    ],
)
def test_check_mode_tells_what_would_be_done(
    module: ModuleType, world: World, arguments: dict[str, Any], command: str
) -> None:
    channel = Played(world)
    result = call(module, channel, arguments, check=True)
    assert result["changed"]
    assert result["commands"][0] == command
    assert channel.done == []


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("module", "world", "arguments"),
    [
        (exchange_setup, World(bits="sp2"), SETUP),
        (exchange_setup, STOPPED.with_server("CMS1", release="sp2"), {**SETUP, "action": "upgrade_cms"}),
        (
            cms_handover,
            World(bits="sp2").with_group("CMS1", "NODEB").with_server("CMS1", release="sp2"),
            {**SETUP, "name": "CMS1"},
        ),
        (clustered_mailbox_server, World(), {"name": "CMS1", "state": "started", "owner": "nodea"}),
    ],
)
def test_nothing_to_do_changes_nothing(
    module: ModuleType, world: World, arguments: dict[str, Any], check: bool
) -> None:
    channel = Played(world)
    assert call(module, channel, arguments, check=check)["changed"] is False
    assert channel.done == []


@pytest.mark.parametrize(
    ("module", "world", "arguments", "rule"),
    [
        (exchange_setup, World().with_group("CMS1", "NODEB"), SETUP, "R1"),
        (cms_handover, World(), {**SETUP, "name": "CMS1"}, "R5"),
        (clustered_mailbox_server, World(bits="sp2"), {"name": "CMS1", "owner": "NODEB"}, "R5"),
        (node_reboot, World().with_group("CMS1", "NODEB"), {}, "R1"),
    ],
)
def test_refused(module: ModuleType, world: World, arguments: dict[str, Any], rule: str) -> None:
    channel = Played(world)
    with pytest.raises(Refusal) as refused:
        call(module, channel, arguments)
    assert refused.value.refused == rule
    assert channel.done == []


@pytest.mark.parametrize("action", ["upgrade_cms", "prepare_schema", "prepare_ad"])
@pytest.mark.parametrize(
    "option", [{"updates_dir": r"D:\up"}, {"answer_file": r"D:\a.txt"}, {"enable_error_reporting": True}]
)
def test_what_setup_takes_only_with_the_mode_is_refused_in_one_line(action: str, option: dict[str, Any]) -> None:
    channel = Played(World())
    with pytest.raises(Refusal, match=f"{next(iter(option))} only with action upgrade") as refused:
        call(exchange_setup, channel, {**SETUP, "action": action, **option})
    assert refused.value.refused == "input"
    assert (channel.reads, "\n" in str(refused.value)) == ([], False)


@pytest.mark.parametrize(("action", "switch"), [("prepare_schema", "/PrepareSchema"), ("prepare_ad", "/PrepareAD")])
def test_exchange_setup_prepares_the_directory(action: str, switch: str) -> None:
    channel = Played(World(schema="10637", organization="10666"))
    arguments = {"media": r"D:\sp2", "release": "sp2", "action": action, "domain_controller": "dc1"}
    result = call(exchange_setup, channel, arguments, check=True)
    assert result["commands"] == [rf'"D:\sp2\Setup.com" {switch} /DomainController:dc1']
    assert result["after"]["schema_version"] == 14622


def test_exchange_setup_upgrades_the_node() -> None:
    channel = Played(World(), *job_acts("upgrade-sp2", (60, ended(0, bits="sp2"))), remove_act("upgrade-sp2"))
    assert call(exchange_setup, channel, SETUP)["after"] == {"version": "8.2.176.2"}


def test_exchange_setup_takes_an_account() -> None:
    channel = Played(World(), *job_acts("upgrade-sp2", (60, ended(0, bits="sp2"))), remove_act("upgrade-sp2"))
    call(exchange_setup, channel, {**SETUP, "username": r"EX\setup", "password": "x y"})
    assert channel.stdins == [b"x y\r\n"]


def test_clustered_mailbox_server_stops_it() -> None:
    act = Act(
        "Stop-ClusteredMailboxServer .*'Requested by mailops.exchange2007'",
        lambda w: w.with_server("CMS1", state="Offline").with_group("CMS1", "NODEA", 1),
        lambda w: Result(0, state_answer(w, "CMS1")),
    )
    result = call(clustered_mailbox_server, Played(World(), act), {"name": "CMS1", "state": "stopped"})
    assert result["after"] == {"owner": "NODEA", "state": "offline"}


def test_node_reboot_restarts_it() -> None:
    act = Act("^shutdown /r", lambda w: replace(w, boot="20260301230000.000000+000"))
    assert call(node_reboot, Played(World(), act), {})["after"] == {"boot_time": "20260301230000.000000+000"}


@pytest.mark.parametrize(
    ("module", "arguments", "part"),
    [
        (exchange_setup, {"release": "sp2"}, "media"),
        (exchange_setup, {**SETUP, "release": "sp4"}, "sp4"),
        (exchange_setup, {**SETUP, "username": "x"}, "password"),
        (exchange_setup, {**SETUP, "action": "install"}, "install"),
        (cms_handover, SETUP, "name"),
        (cms_handover, {**SETUP, "name": "CMS1", "password": "x"}, "username"),
        (cms_handover, {**SETUP, "name": "CMS1", "nodes": [{"name": "A"}]}, "observed_at"),
        (clustered_mailbox_server, {"name": "CMS1"}, "state, owner"),
        (clustered_mailbox_server, {"name": "CMS1", "state": "moved"}, "moved"),
        (node_reboot, {"timeout": "soon"}, "soon"),
    ],
)
def test_wrong_arguments(module: ModuleType, arguments: dict[str, Any], part: str) -> None:
    assert part in validate(module, arguments).problem
