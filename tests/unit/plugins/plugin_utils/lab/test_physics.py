# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consequences: what the played Windows does when somebody does this or that."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.errors import (
    ClusterError,
    CmdletError,
    ServiceError,
    ShutdownError,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.power import SESSION_MANAGER
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Process
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import GroupState, NodeState, Power
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    NETWORK,
    Lab,
    ccr,
    lab,
    scc,
    two_nodes,
)

PRINT = "Print & Fax (HQ)"


def by_hand(it: Lab, line: str = "by hand", host: str = "NODEA") -> Process:
    """A process that acts on purpose (a proc that is not None)."""
    return it.start(host, line)


def test_a_moved_group_goes_pending_and_settles() -> None:
    it = ccr()
    it.world.physics.begin_move(it.group(PRINT), "nodea", None)
    assert it.group(PRINT).state() is GroupState.PENDING
    assert it.group(PRINT).owner == "NODEB"
    it.wait(30)
    assert (it.group(PRINT).owner, it.group(PRINT).state()) == ("NODEA", GroupState.ONLINE)


def test_an_offline_group_stays_offline_when_it_moves() -> None:
    it = ccr()
    it.world.physics.begin_offline(it.group(PRINT), None)
    it.wait(10)
    it.world.physics.begin_move(it.group(PRINT), "NODEA", None)
    it.wait(30)
    assert (it.group(PRINT).owner, it.group(PRINT).state()) == ("NODEA", GroupState.OFFLINE)
    it.world.physics.begin_online(it.group(PRINT), None)
    it.wait(30)
    assert it.group(PRINT).state() is GroupState.ONLINE


@pytest.mark.parametrize(
    ("prepare", "target", "code"),
    [
        (lambda it: None, "NOBODY", 5042),
        (lambda it: it.world.physics.crash(it.host("NODEA"), stays_down=True), "NODEA", 5050),
        (lambda it: it.world.physics.pause(it.cluster, "NODEA", None), "NODEA", 5070),
        (lambda it: it.world.physics.pause(it.cluster, "NODEA", None), None, 5036),
        (lambda it: it.group(PRINT).possible_owners.append("NODEB"), "NODEA", 5016),
        (lambda it: it.world.physics.begin_offline(it.group(PRINT), None), "NODEA", 5023),
    ],
)
def test_moves_that_the_cluster_refuses(prepare: Any, target: Any, code: Any) -> None:
    it = ccr()
    prepare(it)
    with pytest.raises(ClusterError) as refused:
        it.world.physics.begin_move(it.group(PRINT), target, None)
    assert refused.value.code == code


def test_without_a_target_the_best_node_is_taken() -> None:
    it = ccr()
    it.world.physics.begin_move(it.group(PRINT), None, None)
    it.wait(30)
    assert it.group(PRINT).owner == "NODEA"


def test_a_move_to_the_owner_changes_nothing() -> None:
    it = ccr()
    it.world.physics.begin_move(it.group(PRINT), "NODEB", None)
    assert it.happened("group") == []


def test_the_target_of_a_move_dies_on_the_way() -> None:
    it = ccr()
    it.world.physics.begin_move(it.group(PRINT), "NODEA", None)
    it.world.physics.crash(it.host("NODEA"), stays_down=True)
    it.wait(60)
    assert (it.group(PRINT).owner, it.group(PRINT).state()) == ("NODEB", GroupState.ONLINE)


def test_restarting_the_active_node_moves_mail_with_an_outage() -> None:
    it = ccr()
    it.world.physics.shutdown(it.host("NODEA"), True, 10, None)
    it.wait(5)
    assert it.world.truth.outage("CMS1")["intervals"] == []
    it.wait(60)
    assert (it.cms.group.owner, it.cms.group.state()) == ("NODEB", GroupState.ONLINE)
    assert it.world.truth.outage("CMS1")["total_seconds"] == 30.0
    assert it.host("NODEA").power is Power.STARTING


def test_winrm_answers_before_the_services_run_and_the_node_joins() -> None:
    it = ccr()
    node = it.host("NODEA")
    it.world.physics.shutdown(node, True, 0, None)
    it.wait(271)
    assert node.answers()
    assert node.services["clussvc"].state == "stopped"
    assert it.cluster.node_states["NODEA"] is NodeState.DOWN
    it.wait(30)
    assert it.cluster.node_states["NODEA"] is NodeState.JOINING
    it.wait(30)
    assert it.cluster.node_states["NODEA"] is NodeState.UP
    assert (node.boots, node.boot_time) == (1, 30.0)


def test_a_restart_ends_all_processes() -> None:
    it = ccr()
    proc = it.start("NODEB", "ping -n 10000 127.0.0.1")
    it.wait(1)
    it.world.physics.shutdown(it.host("NODEB"), True, 0, None)
    it.wait(30)
    assert proc.killed
    assert it.host("NODEB").processes == []


def test_a_host_without_its_partner_keeps_its_groups_and_starts_them_again() -> None:
    it = ccr()
    it.world.physics.crash(it.host("NODEA"), stays_down=True)
    it.wait(100)
    it.world.physics.shutdown(it.host("NODEB"), True, 0, None)
    it.wait(100)
    assert {g.state() for g in it.cluster.groups} == {GroupState.OFFLINE}
    it.wait(400)
    assert {g.state() for g in it.cluster.groups} == {GroupState.ONLINE}
    assert it.world.truth.outage("CMS1")["total_seconds"] > 250


def test_a_second_shutdown_is_refused_and_the_first_goes_on() -> None:
    it = ccr()
    it.world.physics.shutdown(it.host("NODEB"), True, 60, None)
    with pytest.raises(ShutdownError) as refused:
        it.world.physics.shutdown(it.host("NODEB"), True, 5, None)
    assert refused.value.code == 1115
    it.wait(61)
    assert it.host("NODEB").power is Power.OFF


def test_an_aborted_shutdown_does_not_happen() -> None:
    it = ccr()
    with pytest.raises(ShutdownError) as refused:
        it.world.physics.abort_shutdown(it.host("NODEB"), None)
    assert refused.value.code == 1116
    it.world.physics.shutdown(it.host("NODEB"), True, 60, None)
    it.world.physics.abort_shutdown(it.host("NODEB"), None)
    it.wait(100)
    assert it.host("NODEB").power is Power.ON


def test_a_host_that_was_shut_down_stays_off_until_somebody_switches_it_on() -> None:
    it = ccr()
    it.world.physics.shutdown(it.host("NODEB"), False, 0, None)
    it.wait(1000)
    assert it.host("NODEB").power is Power.OFF
    it.world.physics.switch_on(it.host("NODEB"))
    it.wait(300)
    assert it.cluster.node_states["NODEB"] is NodeState.UP


def test_a_stopped_cms_stays_stopped_across_restarts() -> None:
    it = ccr()
    it.world.physics.stop_cms(it.cms, "upgrade", None)
    it.wait(60)
    for name in ("NODEA", "NODEB"):
        it.world.physics.shutdown(it.host(name), True, 0, None)
        it.wait(600)
    assert it.cms.group.state() is GroupState.OFFLINE
    it.world.physics.start_cms(it.cms, None)
    it.wait(60)
    assert it.cms.group.state() is GroupState.ONLINE
    assert all(copy.mounted for copy in it.cms.storage_groups)


def test_a_paused_mate_and_a_restart_take_the_cluster_down() -> None:
    it = ccr()
    it.world.physics.pause(it.cluster, "NODEB", None)
    it.world.physics.shutdown(it.host("NODEA"), True, 0, None)
    it.wait(1)
    assert set(it.cluster.node_states.values()) == {NodeState.DOWN}
    assert it.host("NODEB").services["clussvc"].state == "stopped"
    assert {g.state() for g in it.cluster.groups} == {GroupState.OFFLINE}
    it.wait(600)
    assert it.cluster.node_states == {"NODEA": NodeState.UP, "NODEB": NodeState.PAUSED}
    assert it.cms.group.state() is GroupState.ONLINE
    assert it.world.truth.outage("CMS1")["total_seconds"] > 250


def test_even_with_a_healthy_third_node_a_paused_one_is_fatal() -> None:
    it = scc()
    it.world.physics.pause(it.cluster, "NODEC", None)
    it.world.physics.crash(it.host("NODEA"))
    it.wait(1)
    assert set(it.cluster.node_states.values()) == {NodeState.DOWN}


def test_a_node_without_groups_may_leave_while_a_mate_is_paused() -> None:
    it = scc()
    it.world.physics.pause(it.cluster, "NODEB", None)
    it.world.physics.begin_move(it.group("Cluster Group"), "NODEA", None)
    it.wait(60)
    it.world.physics.crash(it.host("NODEC"), stays_down=True)
    it.wait(60)
    assert it.cms.group.state() is GroupState.ONLINE


def test_a_paused_node_stays_paused_and_cannot_start_groups() -> None:
    it = ccr()
    physics = it.world.physics
    physics.begin_offline(it.group(PRINT), None)
    it.wait(10)
    physics.pause(it.cluster, "NODEB", None)
    with pytest.raises(ClusterError) as refused:
        physics.begin_online(it.group(PRINT), None)
    assert refused.value.code == 70
    physics.resume(it.cluster, "nodeb", None)
    with pytest.raises(ClusterError) as again:
        physics.resume(it.cluster, "NODEB", None)
    assert again.value.code == 5058
    physics.begin_online(it.group(PRINT), None)


def test_a_majority_without_a_witness_needs_both_nodes() -> None:
    it = lab(two_nodes(quorum="majority"))
    it.world.physics.crash(it.host("NODEB"), stays_down=True)
    it.wait(20)
    assert it.cluster.node_states["NODEA"] is NodeState.DOWN
    assert it.cms.group.state() is GroupState.OFFLINE
    it.wait(600)
    assert it.cluster.node_states["NODEA"] is NodeState.JOINING
    it.world.physics.switch_on(it.host("NODEB"))
    it.wait(600)
    assert it.cms.group.state() is GroupState.ONLINE


def test_cluster_exe_leaves_the_databases_of_a_ccr_server_dismounted() -> None:
    it = ccr()
    it.world.physics.begin_move(it.cms.group, "NODEB", None)
    it.wait(60)
    assert it.cms.group.state() is GroupState.PARTIALLY_ONLINE
    assert it.world.physics.cms_state(it.cms) is GroupState.ONLINE
    assert not any(copy.mounted for copy in it.cms.storage_groups)
    assert it.world.truth.outage("CMS1")["open"]
    assert it.rules() == ["I6"]


def test_mounting_the_databases_ends_that_outage() -> None:
    it = ccr()
    it.world.physics.begin_move(it.cms.group, "NODEB", None)
    it.wait(60)
    for copy in it.cms.storage_groups:
        it.world.physics.set_mounted(it.cms, copy, True, None)
    assert it.cms.group.state() is GroupState.ONLINE
    assert not it.world.truth.outage("CMS1")["open"]


def test_exchange_moves_an_online_server_and_mounts_it() -> None:
    it = ccr()
    it.world.physics.move_cms(it.cms, "NODEB", "test", None)
    it.wait(90)
    assert (it.cms.group.owner, it.cms.group.state()) == ("NODEB", GroupState.ONLINE)
    assert it.rules() == []


def test_exchange_moves_a_stopped_server_and_leaves_it_stopped() -> None:
    it = ccr()
    it.world.physics.stop_cms(it.cms, "test", None)
    it.wait(60)
    it.world.physics.move_cms(it.cms, "NODEB", "test", None)
    it.wait(90)
    assert (it.cms.group.owner, it.cms.group.state()) == ("NODEB", GroupState.OFFLINE)


@pytest.mark.parametrize(
    ("prepare", "target", "identifier"),
    [
        (lambda it: None, "NOBODY", "TargetNotInCluster"),
        (lambda it: it.cms.redundant_machines.remove("NODEB"), "NODEB", "TargetNotRedundant"),
        (lambda it: it.world.physics.pause(it.cluster, "NODEB", None), "NODEB", "TargetNotUp"),
        (lambda it: None, "NODEA", "TargetHostsServer"),
        (lambda it: it.world.physics.stop_cms(it.cms, "x", None), "NODEB", "ServerPending"),
        (lambda it: setattr(it.cms.storage_groups[1], "status", "Suspended"), "NODEB", "CopyNotHealthy"),
    ],
)
def test_moves_that_exchange_refuses(prepare: Any, target: Any, identifier: Any) -> None:
    it = ccr()
    prepare(it)
    with pytest.raises(CmdletError) as refused:
        it.world.physics.validate_move(it.cms, target)
    assert refused.value.identifier == identifier


def test_stop_and_start_are_not_idempotent() -> None:
    it = ccr()
    with pytest.raises(CmdletError):
        it.world.physics.start_cms(it.cms, None)
    it.world.physics.stop_cms(it.cms, "x", None)
    it.wait(60)
    with pytest.raises(CmdletError):
        it.world.physics.stop_cms(it.cms, "x", None)


def test_without_a_cluster_the_cmdlets_refuse() -> None:
    it = ccr()
    for host in it.cluster.members:
        it.world.physics.crash(host, stays_down=True)
    with pytest.raises(CmdletError) as refused:
        it.world.physics.start_cms(it.cms, None)
    assert refused.value.identifier == "ClusterNotFormed"


def test_a_server_fails_on_other_bits_and_recovers_on_its_own() -> None:
    it = ccr()
    it.world.physics.upgrade_bits(it.host("NODEB"), (8, 2, 176, 2), None)
    it.world.physics.move_cms(it.cms, "NODEB", "too early", None)
    it.wait(90)
    assert it.cms.group.state() is GroupState.FAILED
    assert it.world.physics.failed_resources(it.cms)[0] == "Exchange System Attendant Instance (CMS1)"
    it.world.physics.start_cms(it.cms, None)
    it.wait(90)
    assert it.cms.group.state() is GroupState.FAILED
    it.world.physics.move_cms(it.cms, "NODEA", "back", None)
    it.wait(90)
    assert (it.cms.group.owner, it.cms.group.state()) == ("NODEA", GroupState.ONLINE)


def test_an_upgraded_server_moved_to_old_bits_fails_and_breaks_i4() -> None:
    it = ccr()
    it.world.physics.upgrade_bits(it.host("NODEA"), (8, 2, 176, 2), None)
    it.world.physics.upgrade_cms(it.cms, (8, 2, 176, 2), None)
    it.world.physics.move_cms(it.cms, "NODEB", "back", by_hand(it))
    it.wait(90)
    assert it.cms.group.state() is GroupState.FAILED
    assert it.rules() == ["I4"]


def test_a_crash_fails_over_after_it_was_noticed() -> None:
    it = ccr()
    it.world.physics.crash(it.host("NODEA"))
    it.wait(5)
    assert it.cms.group.owner == "NODEA"
    it.wait(60)
    assert (it.cms.group.owner, it.cms.group.state()) == ("NODEB", GroupState.ONLINE)
    it.wait(600)
    assert it.cluster.node_states["NODEA"] is NodeState.UP


def test_a_crash_with_incomplete_copies_leaves_databases_dismounted() -> None:
    it = ccr()
    it.world.physics.shutdown(it.host("NODEB"), True, 0, None)
    it.wait(400)
    assert it.cluster.node_states["NODEB"] is NodeState.UP
    it.world.physics.crash(it.host("NODEA"), stays_down=True)
    it.wait(100)
    assert it.cms.group.state() is GroupState.PARTIALLY_ONLINE


def test_the_copies_of_rtm_say_healthy_while_they_are_not() -> None:
    it = ccr()
    it.world.physics.move_cms(it.cms, "NODEB", "test", None)
    it.wait(60)
    seen = set()
    for _time in range(10):
        it.wait(3)
        seen |= {(copy.status, copy.copy_queue > 0) for copy in it.world.physics.copies(it.cms)}
    assert seen == {("Healthy", True), ("Failed", True)}
    assert not it.world.physics.mail_copies.healthy(it.cms)
    it.wait(200)
    assert {(copy.status, copy.copy_queue) for copy in it.world.physics.copies(it.cms)} == {("Healthy", 0)}


def test_the_copies_of_sp1_say_what_they_do() -> None:
    it = lab(two_nodes("sp1"))

    def word() -> str:
        return it.world.physics.copies(it.cms)[0].status

    assert word() == "Healthy"
    it.world.physics.stop_service(it.host("NODEB"), "MSExchangeRepl", None)
    it.wait(100)
    assert word() == "ServiceDown"
    assert it.world.physics.copies(it.cms)[0].copy_queue > 15
    it.world.physics.start_service(it.host("NODEB"), "MSExchangeRepl", None)
    it.wait(10)
    assert word() == "Initializing"
    it.wait(60)
    assert word() == "Healthy"
    assert not it.world.physics.mail_copies.healthy(it.cms)
    it.wait(200)
    assert it.world.physics.mail_copies.healthy(it.cms)


def test_copies_recover_after_the_passive_node_restarted() -> None:
    it = lab(two_nodes("sp1"))
    it.world.physics.shutdown(it.host("NODEB"), True, 0, None)
    it.wait(100)
    assert it.world.physics.copies(it.cms)[0].status == "ServiceDown"
    it.wait(600)
    assert it.world.physics.copies(it.cms)[0].status == "Healthy"


def test_scc_has_no_copies() -> None:
    it = scc()
    assert [copy.status for copy in it.world.physics.copies(it.cms)] == ["NotSupported"]


def test_a_node_that_runs_a_server_takes_no_second_one() -> None:
    it = scc()
    it.world.physics.crash(it.host("NODEC"), stays_down=True)
    it.wait(30)
    it.world.physics.crash(it.host("NODEA"), stays_down=True)
    it.wait(100)
    assert it.cms.group.state() is GroupState.OFFLINE
    it.world.physics.switch_on(it.host("NODEC"))
    it.wait(600)
    assert (it.cms.group.owner, it.cms.group.state()) == ("NODEC", GroupState.ONLINE)


def test_services_follow_the_server() -> None:
    it = ccr()
    states = [it.host(name).services["msexchangeis"].state for name in ("NODEA", "NODEB")]
    assert states == ["running", "stopped"]
    it.world.physics.move_cms(it.cms, "NODEB", "test", None)
    it.wait(90)
    states = [it.host(name).services["msexchangeis"].state for name in ("NODEA", "NODEB")]
    assert states == ["stopped", "running"]


def test_stopping_the_store_fails_the_server() -> None:
    it = ccr()
    it.world.physics.stop_service(it.host("NODEA"), "MSExchangeIS", None)
    it.wait(10)
    assert it.cms.group.state() is GroupState.FAILED
    assert it.world.truth.outage("CMS1")["open"]


def test_stopping_the_cluster_service_fails_over_and_starting_it_joins() -> None:
    it = ccr()
    it.world.physics.stop_service(it.host("NODEA"), "ClusSvc", None)
    it.wait(60)
    assert not it.world.physics.cluster_running(it.host("NODEA"))
    assert it.cms.group.owner == "NODEB"
    assert it.host("NODEA").registry.get(r"HKLM\Cluster", "ClusterName") is None
    it.world.physics.start_service(it.host("NODEA"), "ClusSvc", None)
    it.wait(60)
    assert it.world.physics.cluster_running(it.host("NODEA"))
    assert it.host("NODEA").registry.get(r"HKLM\Cluster", "ClusterName") == "CLUS1"


@pytest.mark.parametrize(
    ("act", "name", "code"),
    [("start", "clussvc", 1056), ("stop", "sysmonlog", 1062), ("stop", "nothing", 1060), ("start", "off", 1058)],
)
def test_orders_that_the_service_control_manager_refuses(act: Any, name: Any, code: Any) -> None:
    it = ccr(services={"Off": "disabled"})
    with pytest.raises(ServiceError) as refused:
        getattr(it.world.physics, f"{act}_service")(it.host("NODEA"), name, None)
    assert refused.value.code == code


def test_stopping_winrm_ends_what_runs_in_its_shells_only() -> None:
    it = ccr()
    shell = it.start("NODEA", "ping -n 100 127.0.0.1", logon=NETWORK)
    task = it.start("NODEA", "ping -n 100 127.0.0.1")
    it.wait(1)
    it.world.physics.stop_service(it.host("NODEA"), "winrm", None)
    it.wait(5)
    assert (shell.killed, task.killed) == (True, False)
    assert not it.host("NODEA").answers()


@pytest.mark.parametrize(("knobs", "left"), [({}, False), ({"orphaned_restart_marks": True}, True)])
def test_a_restart_clears_the_restart_marks_unless_they_are_orphans(knobs: Any, left: Any) -> None:
    it = ccr(knobs=knobs)
    node = it.host("NODEB")
    it.world.physics.set_pending_restart(node, None)
    assert node.registry.get(SESSION_MANAGER, "PendingFileRenameOperations")
    it.world.physics.shutdown(node, True, 0, None)
    it.wait(600)
    assert bool(it.world.physics.pending_restart(node)) is left


def test_taking_a_node_out_while_its_mate_is_away_breaks_i5() -> None:
    it = ccr()
    it.world.physics.pause(it.cluster, "NODEB", None)
    it.world.physics.shutdown(it.host("NODEA"), True, 60, None)
    assert it.rules() == ["I5"]


def test_jitter_depends_on_the_seed_alone() -> None:
    def end(seed: int) -> float:
        it = ccr(knobs={"jitter": 0.2})
        it.world.random.seed(seed)
        it.world.physics.crash(it.host("NODEA"))
        it.wait(600)
        return it.world.truth.outage_seconds("CMS1")

    assert end(1) == end(1) != end(2)
