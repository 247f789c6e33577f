# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topology files: what they say, what is refused, and the world they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.section import Section, TopologyError
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import SHIPPED, find, load, read
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import GroupState, NodeState
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    PASSWORD,
    ccr,
    lab,
    scc,
    two_nodes,
)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yml")), ids=lambda p: p.stem)
def test_every_shipped_topology_can_be_played(path: Any) -> None:
    plan = load(path)
    assert plan.name == path.stem
    assert find(path.stem) == path


def test_the_ccr_cluster() -> None:
    it = ccr()
    assert [host.name for host in it.cluster.members] == ["NODEA", "NODEB"]
    assert it.cluster.quorum == "majority_witness"
    assert [(g.name, g.kind, g.owner, g.state()) for g in it.cluster.groups] == [
        ("Cluster Group", "core", "NODEB", GroupState.ONLINE),
        ("Print & Fax (HQ)", "other", "NODEB", GroupState.ONLINE),
        ("CMS1", "cms", "NODEA", GroupState.ONLINE),
    ]
    assert len(it.cms.storage_groups) == 3
    assert it.host("NODEA").passwords == {"upgrade": PASSWORD}


@pytest.mark.parametrize(
    ("key", "name", "data"),
    [
        (r"SOFTWARE\Microsoft\Exchange\v8.0\MailboxRole", "ConfiguredVersion", "8.0.685.25"),
        (r"SOFTWARE\Microsoft\Exchange\v8.0\Setup", "MsiProductMajor", 8),
        (
            r"SOFTWARE\Microsoft\Exchange\v8.0\Setup",
            "MsiInstallPath",
            "C:\\Program Files\\Microsoft\\Exchange Server\\",
        ),
        (r"SOFTWARE\Microsoft\Exchange\v8.0\ClusteredMailboxServer", "ConfiguredVersion", "8.0.685.25"),
        (r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CurrentVersion", "5.2"),
        (r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CurrentBuildNumber", "3790"),
        (r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CSDVersion", "Service Pack 2"),
        (r"SYSTEM\CurrentControlSet\Control\Windows", "CSDVersion", 0x200),
        (r"SYSTEM\CurrentControlSet\Control\ProductOptions", "ProductType", "ServerNT"),
        (r"SYSTEM\CurrentControlSet\Control\Nls\CodePage", "OEMCP", "437"),
        (r"SYSTEM\CurrentControlSet\Control\Nls\Language", "InstallLanguage", "0409"),
        (r"SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName", "ComputerName", "NODEB"),
        (r"SOFTWARE\Microsoft\Updates", "UpdateExeVolatile", 0),
        (r"Cluster", "ClusterName", "CLUS1"),
        (r"Cluster\Nodes\2", "NodeName", "NODEB"),
    ],
)
def test_the_registry_of_a_node(key: Any, name: Any, data: Any) -> None:
    assert ccr().host("NODEB").registry.get(f"HKLM\\{key}", name) == data


@pytest.mark.parametrize(
    ("path", "version"),
    [
        (r"D:\media\sp2\Setup.com", "8.2.176.2"),
        (r"D:\media\sp3\setup\serverroles\common\exsetup.exe", "8.3.83.6"),
        (r"C:\Program Files\Microsoft\Exchange Server\bin\ExSetup.exe", "8.0.685.25"),
        (r"C:\WINDOWS\system32\cluster.exe", "5.2.3790"),
    ],
)
def test_the_files_of_a_node(path: Any, version: Any) -> None:
    entry = ccr().host("NODEA").files.entry(path)
    assert entry and entry.version == version


def test_a_2008_cluster_has_available_storage_and_other_services() -> None:
    it = lab(two_nodes("sp1", "2008"))
    assert [g.name for g in it.cluster.groups] == ["Cluster Group", "Available Storage", "CMS1"]
    assert it.group("Available Storage").state() is GroupState.OFFLINE
    assert "pla" in it.host("NODEA").services
    assert it.host("NODEA").windows.version == "6.0.6001"


def test_groups_of_windows_own_have_other_names_in_other_languages() -> None:
    groups = [
        {"name": "Clustergruppe", "owner": "NODEA", "kind": "core"},
        {"name": "Verfügbarer Speicher", "owner": "NODEB", "kind": "available_storage", "online": False},
    ]
    it = lab(two_nodes("sp1", "2008", groups=groups))
    assert [(g.name, g.kind) for g in it.cluster.groups] == [
        ("Clustergruppe", "core"),
        ("Verfügbarer Speicher", "available_storage"),
        ("CMS1", "cms"),
    ]


def test_what_stands_above_is_inherited_and_overridden() -> None:
    it = lab(
        two_nodes(
            "sp1",
            nodes=[
                {"name": "NODEA", "windows": {"language": "xx"}, "services": {"Spooler": "absent", "Own": "stopped"}},
                {"name": "NODEB", "exchange": {"release": "sp2", "rollups": ["R"]}, "paused": True},
            ],
        )
    )
    node_a, node_b = it.host("NODEA"), it.host("NODEB")
    assert (node_a.windows.language, node_a.windows.oem_codepage) == ("xx", 850)
    assert ("spooler" in node_a.services, node_a.services["own"].state) == (False, "stopped")
    assert node_b.bits and (node_b.bits.version[:2], node_b.bits.rollups) == ((8, 2), ["R"])
    assert it.cluster.node_states["NODEB"] is NodeState.PAUSED


def test_several_servers_and_computers_beside_the_cluster() -> None:
    it = scc(computers=[{"name": "ADMIN", "windows": {"family": "xp"}}], directory={"schema": 14622})
    assert [cms.name for cms in it.cluster.mailbox_servers] == ["CMS1", "CMS2"]
    assert it.host("ADMIN").cluster is None
    assert it.host("ADMIN").bits is None
    assert it.world.directory.schema == 14622


def test_faults_durations_and_knobs() -> None:
    it = ccr(
        faults=[{"fault": "exit", "program": "sc", "rc": 3}],
        durations={"boot": 10},
        knobs={"upgrade_cms_starts": True, "wmic_entities": True},
    )
    assert it.run("NODEA", "sc query").rc == 3
    assert it.world.physics.durations.boot == 10.0
    assert it.world.physics.knobs.upgrade_cms_starts
    assert it.world.language.knobs.wmic_entities


def changed(**cluster: Any) -> dict[str, Any]:
    data = two_nodes()
    data["clusters"][0] |= cluster
    return data


NODES = [{"name": "NODEA"}, {"name": "NODEB"}]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "t.yml: []: expected key: value pairs"),
        ({}, "t.yml: clusters: give at least one cluster with nodes"),
        ({**two_nodes(), "cluster": 1}, "t.yml: cluster: unknown key: known here: accounts, clusters"),
        (changed(name=None), "t.yml: clusters[0].name: expected a text"),
        (changed(quorum="none"), "t.yml: clusters[0].quorum: 'none': use one of shared_disk"),
        (changed(nodes=[]), "t.yml: clusters[0].nodes: a cluster has at least one node"),
        (changed(nodes=[{"name": "A" * 16}]), "t.yml: clusters[0].nodes[0].name: 'AAAAAAAAAAAAAAAA': a computer name"),
        (changed(nodes=[*NODES, {"name": "NODEC"}]), "t.yml: clusters[0].mailbox_servers: 'CMS1': CCR has exactly"),
        (changed(nodes=[*NODES, {"name": "nodea"}]), "t.yml: clusters[0].mailbox_servers: 'CMS1': CCR has exactly"),
        (changed(nodes=[NODES[0], {"name": "nodea"}], mailbox_servers=[]), "t.yml: computer names: 'nodea': it stands"),
        (
            changed(nodes=[NODES[0], {"name": "B", "windows": {"family": "2008"}}]),
            "t.yml: clusters[0].nodes: '2003 and 2008': all nodes",
        ),
        (
            changed(mailbox_servers=[{"name": "X", "owner": "Z"}]),
            "t.yml: clusters[0].mailbox_servers[0].owner: 'Z': name a",
        ),
        (changed(groups=[{"name": "CMS1", "owner": "NODEA"}]), "t.yml: clusters[0].group names: 'CMS1': it stands"),
        (
            changed(groups=[{"name": "G", "owner": "NODEA", "online": "yes"}]),
            "t.yml: clusters[0].groups[0].online: 'yes'",
        ),
        (two_nodes("rtm", "2008"), "t.yml: clusters[0].nodes[0].exchange.release: 'rtm': Exchange 2007 RTM does not"),
        (two_nodes("sp9"), "t.yml: exchange.release: 'sp9': use one of rtm, sp1, sp2, sp3"),
        ({**two_nodes(), "durations": {"boot": -1}}, "t.yml: durations.boot: -1: expected seconds"),
        ({**two_nodes(), "knobs": {"setup_wraps": 1}}, "t.yml: knobs.setup_wraps: 1: expected true or false"),
        ({**two_nodes(), "knobs": {"whatever": 1}}, "t.yml: knobs.whatever: unknown key"),
        ({**two_nodes(), "services": {"X": "maybe"}}, "t.yml: services.X: 'maybe': use one of running"),
        ({**two_nodes(), "media": {"D:": "sp7"}}, "t.yml: media.D:: 'sp7': use one of rtm"),
        ({**two_nodes(), "faults": [{"fault": "boom"}]}, "t.yml: faults[0].fault: 'boom': unknown fault"),
        ({**two_nodes(), "clusters": {}}, "t.yml: clusters: {}: expected a list"),
    ],
)
def test_what_is_refused(data: Any, message: Any) -> None:
    with pytest.raises(TopologyError) as error:
        read(Section("t.yml", "", data), "t")
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_an_unknown_topology_names_the_shipped_ones() -> None:
    with pytest.raises(TopologyError, match=r"nowhere: no such topology: give a file, or one of .*ccr-2003-rtm"):
        find("nowhere")


@pytest.mark.parametrize("text", ["a: [", "a: 1\n b: 2", "\x00"])
def test_a_broken_file_is_one_line(tmp_path: Path, text: Any) -> None:
    path = tmp_path / "t.yml"
    path.write_text(text)
    with pytest.raises(TopologyError) as error:
        load(path)
    assert "cannot be read" in str(error.value)
    assert "\n" not in str(error.value)


def test_winrm_is_inherited_key_by_key() -> None:
    computers = [{"name": "A"}, {"name": "B", "winrm": {"tls": "1.0", "basic": False}}]
    data = {"winrm": {"https": True, "basic": True}, "computers": computers}
    first, second = read(Section("t.yml", "", data), "t").computers
    assert (first.winrm.https, first.winrm.basic, first.winrm.tls) == (True, True, "modern")
    assert (second.winrm.https, second.winrm.basic, second.winrm.tls) == (True, False, "1.0")


@pytest.mark.parametrize(
    ("winrm", "text"),
    [
        ({"tls": "1.1"}, "winrm.tls: '1.1': use one of modern, 1.0"),
        ({"clear_body_answer": 403}, "winrm.clear_body_answer: 403: use 401 or 500"),
        ({"certificate": "none"}, "winrm.certificate: 'none': use one of named, old"),
        ({"htps": True}, "winrm.htps: unknown key"),
    ],
)
def test_winrm_that_cannot_be_played(winrm: dict[str, Any], text: str) -> None:
    with pytest.raises(TopologyError) as caught:
        read(Section("t.yml", "", {"winrm": winrm, "computers": [{"name": "A"}]}), "t")
    assert text in str(caught.value)
