# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server clusters: cluster.exe's overflowing tables, MSCluster's numbers, and never a state out of a foreign word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cluster import (
    Cluster,
    ClusterExe,
    ClusterGroup,
    ClusterNode,
    ClusterResource,
    GroupState,
    NodeState,
    ResourceState,
    group_rows,
    node_rows,
    parse_cluster,
    resource_rows,
    same,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node, Result
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    Asked,
    Played,
    World,
    text,
)
from hypothesis import given
from hypothesis import strategies as st

UP, DOWN, PAUSED, JOINING = NodeState.UP, NodeState.DOWN, NodeState.PAUSED, NodeState.JOINING
ONLINE, OFFLINE, PENDING = GroupState.ONLINE, GroupState.OFFLINE, GroupState.PENDING
LONG = "NODEWITHFIFTEEN"


@pytest.mark.parametrize(
    ("fixture", "rows"),
    [
        ("node-two-up-en", [("BJMSAPG1A", 1), ("BJMSAPG1B", 2)]),
        ("node-fifteen-characters-overflow", [(LONG, 1), ("NODEB", 12)]),
        (
            "node-down-paused-joining-en",
            [("NODEA", 1), ("NODEB", 2), ("NODEC", 3), ("NODED", 4)],
        ),
        ("node-foreign-words", [("NODEA", 1), ("NODEB", 2)]),
        ("resume-then-node-table-en", [("NODEB", 2)]),
        ("error-5078-with-hex-en", []),
        ("group-core-groups-2008-en", []),
    ],
)
def test_node_rows(fixture: str, rows: list[tuple[str, int]]) -> None:
    assert node_rows(text(f"cluster/{fixture}.txt")) == [ClusterNode(*row, NodeState.UNKNOWN) for row in rows]


@pytest.mark.parametrize(
    ("fixture", "nodes", "rows"),
    [
        pytest.param("group-one-trailing-blank-en", ["RST1DB1"], [("rvt1db1", "RST1DB1")], id="trailing blank"),
        pytest.param(
            "group-core-groups-2008-en",
            ["NODEA", "NODEB"],
            [
                ("Cluster Group", "NODEA"),
                ("Available Storage", "NODEA"),
                ("CMS1", "NODEB"),
            ],
            id="2008",
        ),
        pytest.param(
            "group-two-word-states-en",
            ["NODEA", "NODEB"],
            [
                ("G1", "NODEA"),
                ("G2", "NODEB"),
                ("G3", "NODEA"),
                ("G4", "NODEB"),
            ],
            id="states of two words are cut off as well",
        ),
        pytest.param(
            "group-overflowing-names-en",
            ["NODEA", LONG],
            [
                ("Exchange Virtual Server 1 (A&B) CMS1", "NODEA"),
                ("Exactly twenty chars", LONG),
                ("One more than twenty.", LONG),
            ],
            id="names that overflow",
        ),
        pytest.param(
            "group-special-characters-en",
            ["NODEA", "NODEB"],
            [
                ("Print & Fax (HQ), 2nd", "NODEA"),
                ("O'Brien's  Files", "NODEB"),
                ("Db;1^2 #[x] {y} 100!", "NODEA"),
            ],
            id="every sign",
        ),
        pytest.param(
            "group-named-like-a-node-en",
            ["NODEA", "NODEB"],
            [("NODEA", "NODEB"), ("Backup of NODEB", "NODEA")],
            id="called like a node",
        ),
        pytest.param(
            "group-without-owner-en",
            ["NODEA", "NODEB"],
            [
                ("Cluster Group", "NODEA"),
                ("Lost Group", None),
                ("A lost group with a very long name", None),
            ],
            id="no owner",
        ),
        pytest.param(
            "group-without-owner-named-like-a-node-en",
            ["NODEA", "NODEB", "NODEWITHFIFTEEN", "N"],
            [
                ("Group NODEA", None),
                ("Group NODEB", "NODEA"),
                ("Exactly twenty NODEA", None),
                ("A very long name that ends in NODEB", None),
                ("A very long name that ends in NODEB", "NODEWITHFIFTEEN"),
                ("Group N", None),
                ("Group N", "N"),
                ("NODEA", None),
            ],
            id="no owner, and called like a node: nobody's and not that node's",
        ),
        pytest.param(
            "group-foreign-words",
            ["nodea", "nodeb"],
            [("Clüstergrüppe", "NODEA"), ("CMS1", "NODEB")],
            id="foreign words, other widths, nodes in lower case",
        ),
        pytest.param(
            "group-core-groups-2008-en",
            ["NODE", "ODEA"],
            [
                ("Cluster Group", None),
                ("Available Storage", None),
                ("CMS1", None),
            ],
            id="a part of a node's name is no node",
        ),
        pytest.param("group-listowners-en", ["LST1DB01"], [], id="another listing"),
        pytest.param("error-1753-without-hex-en", ["NODEA"], [], id="an error"),
    ],
)
def test_group_rows(fixture: str, nodes: list[str], rows: list[tuple[str, str | None]]) -> None:
    assert group_rows(text(f"cluster/{fixture}.txt"), nodes) == [ClusterGroup(*row, GroupState.UNKNOWN) for row in rows]


def test_a_node_whose_name_starts_another_nodes_name_is_not_taken_for_it() -> None:
    said = "-------------------- --------------- ------\r\nG1                   NODE11          Online\r\n"
    assert group_rows(said, ["NODE1", "NODE11"]) == [ClusterGroup("G1", "NODE11", GroupState.UNKNOWN)]


def test_without_known_nodes_nobody_owns_anything() -> None:
    groups = group_rows(text("cluster/group-core-groups-2008-en.txt"), [])
    assert {(g.owner, g.state) for g in groups} == {(None, GroupState.UNKNOWN)}


@pytest.mark.parametrize(
    ("fixture", "nodes", "groups", "rows"),
    [
        pytest.param(
            "res-short-names-en",
            ["BJMSAPG1A", "BJMSAPG1B"],
            ["Disk Group"],
            [
                ("Disks K:", "Disk Group", "BJMSAPG1A"),
                ("DHCP Service", "Disk Group", "BJMSAPG1A"),
                ("Share K", "Disk Group", "BJMSAPG1A"),
            ],
            id="short names",
        ),
        pytest.param(
            "res-overflowing-names-en",
            ["NODEA", LONG],
            ["CMS1", "Cluster Group", "Exchange Virtual Server 1 (A&B)"],
            [
                ("Exchange Virtual Server 1 (A&B)", "CMS1", "NODEA"),
                ("Disk Q:", "Cluster Group", LONG),
                (
                    "Exchange Information Store Instance (CMS1)",
                    "Exchange Virtual Server 1 (A&B)",
                    LONG,
                ),
            ],
            id="names that overflow",
        ),
        pytest.param(
            "res-group-names-that-end-alike-en",
            ["NODEA"],
            ["Group", "Cluster Group"],
            [
                ("Quorum", "Group", "NODEA"),
                ("Quorum", "Cluster Group", "NODEA"),
                ("Cluster", "Group", "NODEA"),
            ],
            id="one group's name ends another's",
        ),
        pytest.param(
            "res-without-owner-en",
            ["NODEA"],
            ["Cluster Group"],
            [
                ("Disk Q:", "Cluster Group", None),
                ("Disk R:", "Cluster Group", "NODEA"),
            ],
            id="a row without owner",
        ),
        pytest.param(
            "res-without-owner-named-like-a-node-en",
            ["NODEA", "NODEB"],
            ["Cluster Group", "Group NODEA"],
            [
                ("Disk Q:", "Group NODEA", None),
                ("Disk R:", "Group NODEA", "NODEB"),
                ("D", "Cluster Group", None),
                ("Disk of NODEB", "Cluster Group", "NODEA"),
            ],
            id="a group without owner that is called like a node",
        ),
        pytest.param(
            "res-short-names-en",
            ["BJMSAPG1A"],
            [],
            [
                ("Disks K:             Disk Group", None, "BJMSAPG1A"),
                ("DHCP Service         Disk Group", None, "BJMSAPG1A"),
                ("Share K              Disk Group", None, "BJMSAPG1A"),
            ],
            id="unknown groups",
        ),
    ],
)
def test_resource_rows(
    fixture: str, nodes: list[str], groups: list[str], rows: list[tuple[str, str | None, str | None]]
) -> None:
    found = resource_rows(text(f"cluster/{fixture}.txt"), nodes, groups)
    assert found == [ClusterResource(*row, ResourceState.UNKNOWN) for row in rows]


# --- putting the outputs together ----------------------------------------------------------------------------------


def observed(world: World) -> Cluster:
    return ClusterExe(Node("nodeb", Played(world))).observe()


def test_names_are_from_the_tables_and_states_from_the_numbers() -> None:
    world = World(groups={"Cluster Group": ("NODEA", 0), "CMS1": ("NODEB", 3), "Print & Fax (HQ)": ("NODEA", 1)})
    seen = observed(world)
    assert seen.name == "EXCLUSTER"
    assert seen.nodes == (ClusterNode("NODEA", 1, UP), ClusterNode("NODEB", 2, UP))
    assert seen.group("print & fax (hq)") == ClusterGroup("Print & Fax (HQ)", "NODEA", OFFLINE)
    assert seen.group("CMS1") == ClusterGroup("CMS1", "NODEB", GroupState.PARTIALLY_ONLINE)
    assert seen.reasons == ()
    assert seen.exchange_groups() == ["CMS1"]
    assert [g.name for g in seen.owned_by("nodea")] == ["Cluster Group", "Print & Fax (HQ)"]
    assert [n.name for n in seen.mates("nodeb")] == ["NODEA"]
    assert seen.node("NODEX") is None


def cluster_of(asked: str = "", **answers: str) -> Cluster:
    """parse_cluster over an English two-node cluster; answers replace single outputs. asked: from elsewhere."""
    said = {
        "node": text("cluster/node-two-up-en.txt").replace("BJMSAPG1", "NODE"),
        "group": text("cluster/group-core-groups-2008-en.txt"),
        "res": "",
        "name": "",
        "nodes": "",
        "groups": "",
        "owners": "",
        "resources": "",
        **answers,
    }
    return parse_cluster([Result(0, out) for out in said.values()], asked)


def states(**numbers: str) -> str:
    rows = "".join(f"{name.replace('_', ' '):<20}{number:<12}\r\r\n" for name, number in numbers.items())
    return f"{'Name':<20}{'State':<12}\r\r\n{rows}"


@pytest.mark.parametrize(
    ("number", "state"),
    [("0", ONLINE), ("1", OFFLINE), ("2", GroupState.FAILED), ("3", GroupState.PARTIALLY_ONLINE), ("4", PENDING)],
)
def test_a_groups_state_is_its_number(number: str, state: GroupState) -> None:
    group = cluster_of(groups=states(Available_Storage=number)).group("Available Storage")
    assert group is not None
    assert group.state is state


@pytest.mark.parametrize(("number", "state"), [("0", UP), ("1", DOWN), ("2", PAUSED), ("3", JOINING)])
def test_a_nodes_state_is_its_number(number: str, state: NodeState) -> None:
    node = cluster_of(nodes=states(NODEA=number)).node("NODEA")
    assert node is not None
    assert node.state is state


def test_foreign_words_with_numbers_are_read_all_the_same() -> None:
    groups = {"Clüstergrüppe": "0", "CMS1": "3"}
    seen = cluster_of(
        node=text("cluster/node-foreign-words.txt"),
        group=text("cluster/group-foreign-words.txt"),
        nodes=states(NODEA="0", NODEB="2"),
        groups=states(**groups),
        owners=text("wmic/owners-plain-quotes.txt"),
    )
    assert [n.state for n in seen.nodes] == [UP, PAUSED]
    assert seen.group("Clüstergrüppe") == ClusterGroup("Clüstergrüppe", "NODEA", ONLINE)


@pytest.mark.parametrize(
    ("words", "owners"),
    [
        ({}, ["NODEA", "NODEA", "NODEB"]),
        (
            {
                "node": text("cluster/node-foreign-words.txt"),
                "group": text("cluster/group-foreign-words.txt"),
            },
            ["NODEA", "NODEB"],
        ),
    ],
    ids=["english", "foreign"],
)
def test_without_numbers_owners_are_known_and_states_are_not_and_it_says_why(
    words: dict[str, str], owners: list[str]
) -> None:
    seen = cluster_of(**words)
    assert [g.owner for g in seen.groups] == owners
    assert {n.state for n in seen.nodes} == {NodeState.UNKNOWN}
    assert {g.state for g in seen.groups} == {GroupState.UNKNOWN}
    what = ("nodes", "groups", "owners", "resources")
    assert seen.reasons == tuple(f"MSCluster {name}: no answer" for name in what)


def test_a_number_without_meaning_is_unknown() -> None:
    unknown = cluster_of(groups=states(Cluster_Group="4294967295"), nodes=states(NODEA="4294967295"))
    assert unknown.group("Cluster Group") == ClusterGroup("Cluster Group", "NODEA", GroupState.UNKNOWN)
    assert [n.state for n in unknown.nodes] == [NodeState.UNKNOWN, NodeState.UNKNOWN]


def test_escaped_quotes_in_owners_are_read() -> None:
    seen = cluster_of(
        group="-------------------- --------------- ------\r\n",
        groups=states(Cluster_Group="0") + "Print & Fax (HQ)    0\r\r\n",
        owners=text("wmic/owners-escaped-quotes.txt"),
    )
    assert {(g.name, g.owner) for g in seen.groups} == {("Cluster Group", "NODEA"), ("Print & Fax (HQ)", "NODEB")}


def test_a_name_that_looks_like_an_entity_of_html_is_read_as_it_is() -> None:
    names = ("Print &copy", "R&amp;D")
    seen = cluster_of(
        group="-------------------- --------------- ------\r\n",
        groups="Name           State\r\r\n" + "".join(f"{name:<15}0\r\r\n" for name in names),
        owners="".join(
            f'\\\\A\\root\\MSCluster:MSCluster_Node.Name="NODEA"  x:MSCluster_ResourceGroup.Name="{name}"\r\r\n'
            for name in names
        ),
    )
    assert [(group.name, group.owner) for group in seen.groups] == [(name, "NODEA") for name in names]


def test_two_owners_for_one_group_mean_that_nobody_owns_it_for_certain() -> None:
    seen = cluster_of(owners=text("wmic/owners-plain-quotes.txt"))
    assert seen.group("CMS1") == ClusterGroup("CMS1", None, GroupState.UNKNOWN)
    assert seen.owned_by("NODEA") == [g for g in seen.groups if g.name != "CMS1"]


def test_a_group_called_like_a_node_has_no_wrong_owner_where_wmi_is_silent() -> None:
    listed = text("cluster/group-without-owner-named-like-a-node-en.txt")
    seen = cluster_of(group=listed, groups="", owners="")
    assert seen.group("Group NODEA") == ClusterGroup("Group NODEA", None, GroupState.UNKNOWN)
    assert "Group NODEA" not in [group.name for group in seen.owned_by("NODEA")]


def test_a_group_that_only_wmi_knows_is_there_without_owner() -> None:
    assert cluster_of(groups=states(Hidden="0")).group("Hidden") == ClusterGroup("Hidden", None, ONLINE)


def test_resource_types_and_states_come_from_wmi() -> None:
    rows = "Network Name (CMS1)  CMS1                 NODEB           Offline\r\n"
    rows += "Exchange System Attendant (CMS1) CMS1                 NODEB           Offline\r\n"
    ruler = "-------------------- -------------------- --------------- ------\r\n"
    seen = cluster_of(res=ruler + rows, resources=text("wmic/resources-with-types.txt"))
    assert [(r.name, r.state, r.type) for r in seen.resources] == [
        ("Network Name (CMS1)", ResourceState.ONLINE, "Network Name"),
        ("Exchange System Attendant (CMS1)", ResourceState.ONLINE_PENDING, "Microsoft Exchange System Attendant"),
    ]
    assert seen.exchange_groups() == ["CMS1"]


def test_a_stopped_cluster_service_leaves_an_empty_cluster_and_its_reasons() -> None:
    seen = observed(World(cluster_rc=1753))
    assert (seen.nodes, seen.groups, seen.resources) == ((), (), ())
    assert seen.reasons[:3] == (
        "cluster node: exit code 1753",
        "cluster group: exit code 1753",
        "cluster res: exit code 1753",
    )


def test_another_cluster_is_read_by_its_name() -> None:
    lines = ClusterExe(Node("nodeb", Asked()), "OTHER-1").lines()
    there = r'wmic /node:"OTHER-1" /authlevel:pktprivacy /namespace:\\root\MSCluster path '
    assert lines[0] == "cluster.exe /cluster:OTHER-1 node"
    assert lines[3] == there + "MSCluster_Cluster get Name <nul"
    assert lines[4] == there + "MSCluster_Node get Name,State <nul"
    assert all(line.startswith(there) for line in lines[3:])


def test_another_cluster_has_states_and_its_own_name() -> None:
    answers = {"nodes": states(NODEA="0", NODEB="2"), "groups": states(Cluster_Group="0")}
    seen = cluster_of("nodea", name="Name       \r\r\nEXCLUSTER  \r\r\n", **answers)
    assert seen.name == "EXCLUSTER"
    assert {node.name: node.state for node in seen.nodes} == {"NODEA": NodeState.UP, "NODEB": NodeState.PAUSED}
    assert [(group.name, group.state) for group in seen.groups] == [("Cluster Group", GroupState.ONLINE)]


@pytest.mark.parametrize(
    "nodes", ["", states(NODEA="0", NODEC="0")], ids=["no answer", "the name leads to another cluster"]
)
def test_another_clusters_states_are_believed_of_the_same_nodes_only(nodes: str) -> None:
    seen = cluster_of("OTHER", nodes=nodes, groups=states(Cluster_Group="0"))
    assert seen.name == "OTHER"
    assert seen.reasons == ("MSCluster at OTHER: no answer, or one for other nodes",)
    assert {node.state for node in seen.nodes} == {NodeState.UNKNOWN}
    assert {group.state for group in seen.groups} == {GroupState.UNKNOWN}


def test_another_cluster_that_does_not_answer_says_so_once() -> None:
    seen = cluster_of("OTHER", node="", group="")
    assert seen.reasons == ("MSCluster at OTHER: no answer, or one for other nodes",)


def test_the_public_form_is_plain() -> None:
    shown = replace(observed(World()), reasons=("x",)).as_dict()
    assert shown == {
        "name": "EXCLUSTER",
        "nodes": [{"name": "NODEA", "id": 1, "state": "up"}, {"name": "NODEB", "id": 2, "state": "up"}],
        "groups": [
            {"name": "Cluster Group", "owner": "NODEA", "state": "online"},
            {"name": "CMS1", "owner": "NODEA", "state": "online"},
        ],
        "resources": [
            {
                "name": "Resource of Cluster Group",
                "group": "Cluster Group",
                "owner": "NODEA",
                "state": "online",
                "type": "Physical Disk",
            },
            {
                "name": "Resource of CMS1",
                "group": "CMS1",
                "owner": "NODEA",
                "state": "online",
                "type": "Microsoft Exchange Information Store",
            },
        ],
        "unknown_because": ["x"],
    }


# --- acting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cluster", "line"),
    [
        ("", 'cluster.exe group "Print & Fax (HQ)" /move:NODEB /wait:300'),
        ("OTHER", 'cluster.exe /cluster:OTHER group "Print & Fax (HQ)" /move:NODEB /wait:300'),
    ],
    ids=["the node's own cluster", "another cluster"],
)
def test_group_line_quotes_the_name_and_bounds_the_wait(cluster: str, line: str) -> None:
    assert ClusterExe(Node("n", Asked()), cluster).group_line("Print & Fax (HQ)", "/move:NODEB", 300) == line


def test_node_line() -> None:
    assert ClusterExe(Node("n", Asked())).node_line("NODEB", "/pause") == 'cluster.exe node "NODEB" /pause'


@pytest.mark.parametrize("name", ["/offline", "-x", "", '"', "100%"])
def test_a_name_that_cluster_exe_would_misread_is_refused(name: str) -> None:
    tool = ClusterExe(Node("n", Asked()))
    with pytest.raises(Unquotable):
        tool.group_line(name, "/online", 1)
    with pytest.raises(Unquotable):
        tool.node_line(name, "/pause")


def test_act_gives_the_tool_longer_than_its_own_wait() -> None:
    channel = Asked(("cluster.exe x", Result(0)))
    node = Node("n", channel)
    ClusterExe(node).act("cluster.exe x", 300)
    assert channel.timeouts == [360]
    assert node.commands == ["cluster.exe x"]


@pytest.mark.parametrize(("one", "other", "alike"), [("NodeA", "NODEA", True), ("NODEA", "NODEB", False)])
def test_names_are_compared_without_case(one: str, other: str, alike: bool) -> None:
    assert same(one, other) is alike


# --- garbage -------------------------------------------------------------------------------------------------------

ANY = st.characters(exclude_categories=["Cs"])
# Digits that are none to a native tool included: superscripts and the digits of other scripts. Rulers need hyphens.
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="-0123456789")
GARBAGE = st.text(LETTERS, max_size=120)
RULERS = st.sampled_from(
    ["-------------- ------- ----", "Name   State", "NODEA  \u00b2", "NODEA 1 Up", "9" * 5000, "-1"]
)


@given(st.lists(GARBAGE, min_size=8, max_size=8), st.integers(0, 9999))
def test_garbage_makes_no_cluster(outputs: list[str], rc: int) -> None:
    seen = parse_cluster([Result(rc, out) for out in outputs])
    assert (seen.nodes, seen.groups, seen.resources) == ((), (), ())
    assert len(seen.reasons) >= 3


@given(st.lists(st.text(ANY, max_size=60) | st.lists(RULERS, max_size=3).map("\r\n".join), min_size=8, max_size=8))
def test_no_output_at_all_breaks_the_reading(outputs: list[str]) -> None:
    seen = parse_cluster([Result(0, out) for out in outputs])
    assert len(seen.nodes) <= sum(len(out.splitlines()) for out in outputs)


def test_a_superscript_is_no_state() -> None:
    seen = cluster_of(nodes="Name   State\r\r\nNODEA  \u00b2\r\r\n")
    assert [n.state for n in seen.nodes] == [NodeState.UNKNOWN, NodeState.UNKNOWN]


WORD = st.text(LETTERS, min_size=1, max_size=20).map(lambda t: " ".join(t.split())).filter(bool)


@given(WORD | st.sampled_from(["Up", "Online", "Partially Online"]))
def test_no_word_is_ever_good(word: str) -> None:
    ruler = "-------------- ------- ---------------------\r\n"
    nodes = node_rows(f"{ruler}NODEA                1 {word}\r\n")
    groups = group_rows(
        f"-------------------- --------------- ------\r\nG                    NODEA           {word}\r\n", ["NODEA"]
    )
    assert all(n.state is not UP for n in nodes)
    assert all(g.state not in (ONLINE, GroupState.PARTIALLY_ONLINE) for g in groups)


NAME = st.text("abcXYZ 019.&()',;^!:_-", min_size=1, max_size=40).map(lambda t: " ".join(t.split())).filter(bool)
NODES = ["NODEA", LONG]
STATE = st.sampled_from(["Online", "Offline", "Partially Online", "Online Pending", "Failed", "Önlïnë"])


@given(st.lists(st.tuples(NAME, st.sampled_from(NODES), STATE), min_size=1, max_size=5))
def test_any_name_in_a_listing_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    ruler = "Group                Node            Status\r\n-------------------- --------------- ------\r\n"
    said = ruler + "".join(f"{name:<20} {node:<15} {state}\r\n" for name, node, state in rows)
    assert [(g.name, g.owner) for g in group_rows(said, NODES)] == [(name, node) for name, node, _state in rows]


@given(st.lists(st.tuples(NAME, NAME, st.sampled_from(NODES)), min_size=1, max_size=4))
def test_any_resource_in_a_listing_keeps_its_node(rows: list[tuple[str, str, str]]) -> None:
    ruler = "-------------------- -------------------- --------------- ------\r\n"
    said = ruler + "".join(f"{name:<20} {group:<20} {node:<15} Online\r\n" for name, group, node in rows)
    read = resource_rows(said, NODES, [group for _name, group, _node in rows])
    assert [r.owner for r in read] == [node for _name, _group, node in rows]
    assert all(r.group in [group for _name, group, _node in rows] for r in read)
