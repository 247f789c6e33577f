# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A single copy cluster: several mailbox servers on shared disks, never two of them on one node."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.errors import ClusterError, CmdletError
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.section import Section, TopologyError
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import read
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import NodeState, ResourceState
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    SP2,
    Lab,
    lab,
    shipped,
    two_nodes,
)


def scc(**top: Any) -> Lab:
    return shipped("scc-2003-sp1", **top)


def owners(it: Lab) -> dict[str, str]:
    return {cms.name: cms.group.owner for cms in it.cluster.mailbox_servers}


def states(it: Lab) -> dict[str, str]:
    return {cms.name: cms.group.state().name for cms in it.cluster.mailbox_servers}


def disks(it: Lab, group: str) -> dict[str, ResourceState]:
    return {r.name: r.state for r in it.group(group).resources if r.type == "Physical Disk"}


def reboot(it: Lab, name: str) -> None:
    it.world.physics.shutdown(it.host(name), True, 0, None)
    it.wait(900)


def test_the_shipped_cluster() -> None:
    it = scc()
    assert owners(it) == {"MAIL-A": "SCC-N1", "MAIL-B": "SCC-N2"}
    assert states(it) == {"MAIL-A": "ONLINE", "MAIL-B": "ONLINE"}
    assert list(disks(it, "MAIL-A")) == ["Disk M: (MAIL-A databases)", "Disk L: (MAIL-A logs)"]
    assert it.rules() == []


def test_disks_are_listed_with_their_group_and_move_with_it() -> None:
    it = scc()
    it.world.physics.move_cms(it.cms, "SCC-N3", "x", None)
    assert set(disks(it, "MAIL-A").values()) == {ResourceState.OFFLINE_PENDING}
    it.wait(120)
    assert set(disks(it, "MAIL-A").values()) == {ResourceState.ONLINE}
    rows = [line for line in it.run("SCC-N1", "cluster res").out.splitlines() if line.startswith("Disk M:")]
    assert len(rows) == 1
    assert "SCC-N3" in rows[0]
    assert all(copy.mounted for copy in it.cms.storage_groups)


@pytest.mark.parametrize(
    ("prepare", "target", "identifier"),
    [
        (lambda it: None, "SCC-N2", "TargetHostsServer"),
        (lambda it: it.world.physics.stop_cms(it.cluster.mailbox_servers[1], "x", None), "SCC-N2", "TargetHostsServer"),
        (lambda it: None, "SCC-N1", "TargetHostsServer"),
        (lambda it: it.cms.redundant_machines.remove("SCC-N3"), "SCC-N3", "TargetNotRedundant"),
        (lambda it: it.world.physics.pause(it.cluster, "SCC-N3", None), "SCC-N3", "TargetNotUp"),
        (lambda it: None, "SCC-N9", "TargetNotInCluster"),
    ],
)
def test_moves_that_exchange_refuses(prepare: Any, target: Any, identifier: Any) -> None:
    it = scc()
    prepare(it)
    with pytest.raises(CmdletError) as error:
        it.world.physics.validate_move(it.cms, target)
    assert error.value.identifier == identifier


def test_cluster_exe_brings_a_second_server_to_a_node_but_it_does_not_start() -> None:
    it = scc()
    it.world.physics.begin_move(it.cms.group, "SCC-N2", None)
    it.wait(120)
    assert owners(it) == {"MAIL-A": "SCC-N2", "MAIL-B": "SCC-N2"}
    assert states(it) == {"MAIL-A": "FAILED", "MAIL-B": "ONLINE"}
    assert set(disks(it, "MAIL-A").values()) == {ResourceState.ONLINE}
    assert it.rules() == ["I6"]
    it.world.physics.move_cms(it.cms, "SCC-N3", "x", None)
    it.wait(120)
    assert states(it) == {"MAIL-A": "ONLINE", "MAIL-B": "ONLINE"}


def test_a_group_cannot_go_where_it_has_no_possible_owner() -> None:
    it = scc()
    it.cms.group.possible_owners = ["SCC-N1", "SCC-N2"]
    with pytest.raises(ClusterError) as error:
        it.world.physics.begin_move(it.cms.group, "SCC-N3", None)
    assert error.value.code == 5016


def test_a_failover_takes_the_free_node() -> None:
    it = scc()
    it.world.physics.crash(it.host("SCC-N2"), stays_down=True)
    it.wait(120)
    assert owners(it) == {"MAIL-A": "SCC-N1", "MAIL-B": "SCC-N3"}
    assert states(it) == {"MAIL-A": "ONLINE", "MAIL-B": "ONLINE"}


def test_without_a_free_node_a_server_waits_for_its_own() -> None:
    it = scc()
    for name in ("SCC-N2", "SCC-N3"):
        it.world.physics.crash(it.host(name), stays_down=True)
        it.wait(120)
    assert states(it) == {"MAIL-A": "ONLINE", "MAIL-B": "OFFLINE"}
    assert it.group("Cluster Group").owner == "SCC-N1"
    it.world.physics.switch_on(it.host("SCC-N3"))
    it.wait(600)
    assert owners(it) == {"MAIL-A": "SCC-N1", "MAIL-B": "SCC-N3"}
    assert states(it) == {"MAIL-A": "ONLINE", "MAIL-B": "ONLINE"}


def test_a_failover_in_the_middle_may_end_on_other_bits() -> None:
    it = scc()
    it.run("SCC-N3", 'cluster group "Cluster Group" /moveto:SCC-N1 /wait:60')
    assert it.run("SCC-N3", f"{SP2} /m:upgrade").rc == 0
    reboot(it, "SCC-N3")
    it.world.physics.crash(it.host("SCC-N1"), stays_down=True)
    it.wait(200)
    assert (owners(it)["MAIL-A"], states(it)["MAIL-A"]) == ("SCC-N3", "FAILED")


def hand_over(it: Lab, number: int, target: str) -> None:
    cms = it.cluster.mailbox_servers[number]
    it.world.physics.stop_cms(cms, "x", None)
    it.wait(60)
    it.world.physics.move_cms(cms, target, "x", None)
    it.wait(60)
    assert it.run(target, f"{SP2} /upgradecms").rc == 0
    it.world.physics.start_cms(cms, None)
    it.wait(120)


def vacate(it: Lab, node: str, target: str) -> None:
    for group in it.cluster.groups:
        if group.owner == node and group.kind != "cms":
            it.world.physics.begin_move(group, target, None)
    it.wait(60)


def test_the_whole_way() -> None:
    it = scc()
    for node, refuge, number in (("SCC-N3", "SCC-N2", 0), ("SCC-N1", "SCC-N3", 1), ("SCC-N2", "SCC-N3", None)):
        vacate(it, node, refuge)
        assert it.run(node, f"{SP2} /m:upgrade").rc == 0
        reboot(it, node)
        if number is not None:
            hand_over(it, number, node)
    assert owners(it) == {"MAIL-A": "SCC-N3", "MAIL-B": "SCC-N1"}
    assert states(it) == {"MAIL-A": "ONLINE", "MAIL-B": "ONLINE"}
    assert [cms.version[:2] for cms in it.cluster.mailbox_servers] == [(8, 2), (8, 2)]
    assert it.rules() == []


def test_the_last_old_node_may_not_forget_any_server() -> None:
    it = scc()
    vacate(it, "SCC-N3", "SCC-N2")
    it.run("SCC-N3", f"{SP2} /m:upgrade")
    reboot(it, "SCC-N3")
    hand_over(it, 0, "SCC-N3")
    for node in ("SCC-N1", "SCC-N2"):
        it.run(node, f"{SP2} /m:upgrade")
        reboot(it, node)
    assert "I2" in it.rules()
    assert states(it)["MAIL-B"] in ("FAILED", "OFFLINE")
    assert it.cluster.node_states["SCC-N2"] is NodeState.UP


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ({"kind": "ccr", "disks": ["Disk M:"]}, "t.yml: clusters[0].mailbox_servers[0].disks: ['Disk M:']: CCR has no"),
        ({"kind": "scc", "disks": "M"}, "t.yml: clusters[0].mailbox_servers[0].disks: 'M': expected a list"),
    ],
)
def test_disks_in_a_topology(server: Any, message: Any) -> None:
    with pytest.raises(TopologyError) as error:
        read(Section("t.yml", "", two_nodes(mailbox_servers=[{"name": "X", "owner": "NODEA", **server}])), "t")
    assert str(error.value).startswith(message)


def test_a_server_without_named_disks_has_one() -> None:
    it = lab(two_nodes(mailbox_servers=[{"name": "X", "owner": "NODEA", "kind": "scc"}]))
    assert list(disks(it, "X")) == ["Physical Disk (X)"]
