# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped topologies: what is special about each can really be played."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import cmd
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BufferSink, BytesStdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.exchange_registry import PATCHES
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import SHIPPED
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import GroupState, NodeState
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    BATCH,
    SP2,
    Lab,
    shipped,
)

NAMES = sorted(path.stem for path in SHIPPED.glob("*.yml"))
NO_UPGRADE = ("admin-computers", "migration-2003-2008")  # played for something else
# windows-cli.md 2.3: the words of a localised listing mean nothing, the columns do.
GROUP_ROW = r"^{name} +{owner} +(?P<state>\S.*?) *$"


def in_cp850(it: Lab, host: str, line: str) -> str:
    """What a console in code page 850 shows."""
    out = BufferSink()
    proc = cmd.start(it.host(host), line, BATCH, stdin=BytesStdin(), stdout=out, stderr=out, codepage="cp850")
    it.end(proc)
    return out.data.decode("cp850").replace("\r\n", "\n")


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_up_and_nothing_is_broken(name: Any) -> None:
    it = shipped(name)
    for cluster in it.world.clusters.values():
        assert set(cluster.node_states.values()) == {NodeState.UP}
        assert all(cms.group.state() is GroupState.ONLINE for cms in cluster.mailbox_servers)
        assert all(it.world.physics.mail_copies.healthy(cms) for cms in cluster.mailbox_servers)
    it.wait(3600)
    assert (it.rules(), it.happened("group"), it.happened("node")) == ([], [], [])


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_printable_in_the_code_page(name: Any) -> None:
    it = shipped(name)
    for host in it.world.hosts.values():
        for group in host.cluster.groups if host.cluster else ():
            page = f"cp{host.windows.oem_codepage}"
            for shown in (group.name, *(resource.name for resource in group.resources)):
                assert shown.encode(page).decode(page) == shown


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NO_UPGRADE])
def test_there_is_newer_media_on_every_node(name: Any) -> None:
    it = shipped(name)
    for cluster in it.world.clusters.values():
        for host in cluster.members:
            entry = host.files.entry(SP2)
            assert entry
            assert entry.version == "8.2.176.2"
            assert host.bits
            assert host.bits.version < (8, 2)


# ---- Windows Server 2008


def test_2008_the_group_of_the_server_has_another_name() -> None:
    it = shipped("ccr-2008-sp1")
    assert it.cms.name == "CMS-2008"
    assert it.cms.group.name == "Mail [CMS-2008] (Berlin)"
    assert it.host("W8-NODE1").windows.version == "6.0.6001"
    assert len(it.host("W8-NODE1").registry.subkeys(PATCHES)) == 1


def test_2008_available_storage_is_offline_and_can_be_moved() -> None:
    it = shipped("ccr-2008-sp1")
    assert it.group("Available Storage").state() is GroupState.OFFLINE
    assert it.run("W8-NODE1", 'cluster group "Available Storage" /moveto:W8-NODE1 /wait:60').rc == 0
    assert it.group("Available Storage").owner == "W8-NODE1"
    assert it.group("Available Storage").state() is GroupState.OFFLINE


def test_2008_the_computer_beside_it_has_no_features() -> None:
    it = shipped("ccr-2008-sp1")
    assert it.host("ADMIN2008").features == set()
    assert it.run("ADMIN2008", "cluster node").rc != 0
    assert it.run("ADMIN2008", "ServerManagerCmd -I RSAT-Clustering").rc == 0
    assert it.run("ADMIN2008", "cluster /cluster:CLUS2008 node").rc == 0


def test_2008_the_whole_passive_upgrade() -> None:
    it = shipped("ccr-2008-sp1")
    for name in ("Cluster Group", "Available Storage"):
        it.world.physics.begin_move(it.group(name), "W8-NODE1", None)
    it.wait(60)
    line = r'"D:\Exchange 2007 SP3 (x64)\Setup.com" /m:upgrade'
    assert "not recognized" in it.run("W8-NODE2", line).err  # windows-cli.md 6: cmd /c takes the outer quotes off
    assert it.run("W8-NODE2", f'"{line}"').rc == 0
    assert it.rules() == []
    assert it.world.directory.schema == 14625


# ---- a foreign Windows


@pytest.mark.parametrize(
    ("group", "owner"),
    [
        ("Grüppe Öst & Wést (1)", "NODEWITHFIFTEEN"),
        ("O'Bríen, Zürich & Co. - Drucker im 1. Stock", "NODEWITHFIFTEEN"),
        ("Postfäch «Süd»", "KNOTEN1"),
        ("KNOTEN1", "KNOTEN1"),
    ],
)
def test_foreign_the_listing_shows_every_group_with_its_owner(group: Any, owner: Any) -> None:
    out = in_cp850(shipped("ccr-2003-rtm-foreign"), "KNOTEN1", "cluster group")
    row = re.search(GROUP_ROW.format(name=re.escape(group), owner=owner), out, re.MULTILINE)
    assert row
    assert not row["state"].isascii()


@pytest.mark.parametrize("name", ["Grüppe Öst & Wést (1)", "O'Bríen, Zürich & Co. - Drucker im 1. Stock"])
def test_foreign_groups_can_be_moved_by_name(name: Any) -> None:
    it = shipped("ccr-2003-rtm-foreign")
    in_cp850(it, "KNOTEN1", f'cluster group "{name}" /moveto:KNOTEN1 /wait:60')
    assert it.group(name).owner == "KNOTEN1"


def test_foreign_setup_runs_from_a_folder_with_an_accent() -> None:
    it = shipped("ccr-2003-rtm-foreign")
    for group in it.cluster.groups:
        if group.owner == "NODEWITHFIFTEEN":
            it.world.physics.begin_move(group, "KNOTEN1", None)
    it.wait(60)
    out = in_cp850(it, "NODEWITHFIFTEEN", r"D:\Médien\sp2\Setup.com /m:upgrade")
    bits = it.host("NODEWITHFIFTEEN").bits
    assert bits
    assert bits.version[:2] == (8, 2)
    assert len(re.findall(r"^    \S.{32}\.{25} \S+$", re.sub(r"[ 0-9]{3}%\x08{4}", "", out), re.MULTILINE)) == 9
    assert it.rules() == []


# ---- two clusters


def test_two_clusters_side_by_side() -> None:
    it = shipped("two-clusters")
    assert list(it.world.clusters) == ["east", "west"]
    east, west = it.world.clusters["east"], it.world.clusters["west"]
    for cluster, node, mate in ((east, "EAST-N2", "EAST-N1"), (west, "WEST-N1", "WEST-N2")):
        for group in cluster.groups:
            if group.owner == node:
                it.world.physics.begin_move(group, mate, None)
    it.wait(60)
    runs = [it.start(node, f"{SP2} /m:upgrade") for node in ("EAST-N2", "WEST-N1")]
    assert [it.end(run).rc for run in runs] == [0, 0]
    assert it.rules() == []
    assert [it.world.truth.outage(name)["total_seconds"] for name in ("MAIL-EAST", "MAIL-WEST")] == [0, 0]


def test_two_clusters_do_not_see_each_other() -> None:
    it = shipped("two-clusters")
    assert "WEST" not in it.run("EAST-N1", "cluster group").out
    it.world.physics.crash(it.host("EAST-N1"))
    it.wait(60)
    assert it.world.clusters["west"].mailbox_servers[0].group.owner == "WEST-N2"
    assert it.world.clusters["east"].mailbox_servers[0].group.owner == "EAST-N2"
