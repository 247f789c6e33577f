# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster.exe: layouts as in the transcripts, orders with their waits, errors with their numbers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.errors import ClusterError
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.language import Language
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs.cluster_line import (
    Option,
    Request,
    parse,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Group, NodeState, World
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.native_lab import (
    BATCH,
    VIRTUAL_SERVER,
    cluster,
    make_world,
    run,
    turn,
)

# cluster-node-2nodes-en.txt
TWO_NODES = """\
Listing status for all available nodes:

Node           Node ID Status
-------------- ------- ---------------------
BJMSAPG1A            1 Up
BJMSAPG1B            2 Up

"""
# cluster-group-one-en.txt, with the blanks it ends with
ONE_GROUP = (
    "Listing status for resource group 'rvt1db1':\n"
    "\n"
    "Group                Node            Status\n"
    "-------------------- --------------- ------\n"
    "rvt1db1              RST1DB1         Online \n"
    " \n"
)
# cluster-res-all-short-names-en.txt, shortened
RESOURCES = """\
Listing status for all available resources:

Resource             Group                Node            Status
-------------------- -------------------- --------------- ------
Disks K:             Disk Group           BJMSAPG1A       Online
DHCP Service         Disk Group           BJMSAPG1A       Online
Share K              Disk Group           BJMSAPG1A       Online

"""
# cluster-group-listowners-en.txt
PREFERRED_OWNERS = """\

Listing preferred owners for resource group 'lvt1db01':

Preferred Owner Nodes
---------------------
LST1DB01
LST1DB02
"""
POSSIBLE_OWNERS = """\

Listing possible owners for resource 'Disks K:':
Possible Owner Nodes
--------------------
BJMSAPG1A
BJMSAPG1B
"""


def one_group(name: str, nodes: tuple[str, ...], *resources: str, **more: Any) -> World:
    """A world with one group on the first node, beside an empty core group."""
    core = {"name": "Cluster Group", "owner": nodes[0]}
    group = {"name": name, "owner": nodes[0], "resources": [{"name": r, "type": "Physical Disk"} for r in resources]}
    return make_world(cluster(nodes=nodes, groups=[core, group | more]))


DISKS = one_group("Disk Group", ("BJMSAPG1A", "BJMSAPG1B"), "Disks K:", "DHCP Service", "Share K")
OWNERS = one_group("lvt1db01", ("LST1DB01", "LST1DB02"), "Disk", preferred_owners=["LST1DB01", "LST1DB02"])


@pytest.mark.parametrize(
    ("world", "host", "line", "expected"),
    [
        (DISKS, "BJMSAPG1A", "cluster node", TWO_NODES),
        (DISKS, "BJMSAPG1B", "cluster.exe /cluster:CLUS1 node /status", TWO_NODES),
        (one_group("RVT1DB1", ("RST1DB1", "RST1DB2"), "Disk"), "RST1DB1", "cluster group rvt1db1", ONE_GROUP),
        (DISKS, "BJMSAPG1A", "cluster res", RESOURCES),
        (DISKS, "BJMSAPG1A", "cluster clus1 resource /stat", RESOURCES),
        (OWNERS, "LST1DB01", "cluster group lvt1db01 /listowners", PREFERRED_OWNERS),
        (DISKS, "BJMSAPG1A", 'cluster res "Disks K:" /listowners', POSSIBLE_OWNERS),
    ],
)
def test_listings_are_those_of_the_transcripts(world: World, host: str, line: str, expected: str) -> None:
    result = run(world, host, line, logon=BATCH)
    assert (result.rc, result.out, result.err) == (0, expected, "")
    assert not result.mutating


def rows(text: str) -> list[str]:
    """What stands below the ruler, without blank lines and blanks at the end."""
    below = text.partition("\n--")[2].partition("\n")[2]
    return [line.rstrip() for line in below.splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cluster node nodeA", ["nodeA                1 Up"]),
        ("cluster node nodewithfifteen", ["nodewithfifteen       2 Up"]),
        (
            "cluster group",
            ["Cluster Group        NODEA           Online", f"{VIRTUAL_SERVER} NODEA           Online"],
        ),
        (f'cluster group "{VIRTUAL_SERVER.upper()}"', [f"{VIRTUAL_SERVER.upper()} NODEA           Online"]),
        (
            "cluster group /node:nodea",
            ["Cluster Group        NODEA           Online", f"{VIRTUAL_SERVER} NODEA           Online"],
        ),
        ("cluster group /node:NODEWITHFIFTEEN", []),
        (
            "cluster res",
            [
                "Disk Q:              Cluster Group        NODEA           Online",
                f"{VIRTUAL_SERVER} IP {VIRTUAL_SERVER} NODEA           Online",
            ],
        ),
        ('cluster res "disk q:"', ["disk q:              Cluster Group        NODEA           Online"]),
        ('cluster group "Cluster Group" /listowners', []),
    ],
)
def test_rows_overflow_and_repeat_the_name_as_typed(line: str, expected: list[str]) -> None:
    assert rows(run(make_world(), "NODEA", line).out) == expected


def test_a_node_of_fifteen_characters_leaves_one_blank() -> None:
    world = make_world()
    run(world, "NODEA", f'cluster group "{VIRTUAL_SERVER}" /move:nodewithfifteen /wait:60')
    listing = run(world, "NODEA", "cluster group").out
    assert f"{VIRTUAL_SERVER} NODEWITHFIFTEEN Online" in listing


def test_properties_show_the_wanted_state() -> None:
    world = make_world()
    run(world, "NODEA", f'cluster group "{VIRTUAL_SERVER}" /offline')
    listing = run(world, "NODEA", 'cluster group "Cluster Group" /prop').out
    assert "D  Cluster Group        PersistentState                1 (0x1)\n" in listing
    assert "SR Cluster Group        Name                           Cluster Group\n" in listing
    assert " PersistentState                0 (0x0)\n" in run(world, "NODEA", "cluster group /properties").out


@pytest.mark.parametrize(
    "line",
    [
        "cluster group /priv",
        "cluster node NODEA /prop",
        "cluster node /privproperties",
        'cluster res "Disk Q:" /prop',
        "cluster res /priv",
        "cluster /prop",
        "cluster /priv",
        "cluster /quorum",
        "cluster /list",
        "cluster CLUS1 /ver",
        "cluster /?",
        "cluster",
    ],
)
def test_other_listings_change_nothing(line: str) -> None:
    result = run(make_world(), "NODEA", line)
    assert (result.rc, result.err, result.mutating) == (0, "", False)
    assert result.out


# --- orders -----------------------------------------------------------------------------------------------------------


def group(world: World, name: str = VIRTUAL_SERVER) -> Group:
    found = world.clusters["clus1"].group(name)
    assert found
    return found


def test_a_move_waits_for_the_owner_only() -> None:
    world = make_world()
    result = run(world, "NODEA", f'cluster group "{VIRTUAL_SERVER}" /moveto:nodewithfifteen')
    assert (result.rc, result.mutating) == (0, True)
    assert group(world).owner == "NODEWITHFIFTEEN"
    assert result.seconds < 20
    assert rows(result.out) == [f"{VIRTUAL_SERVER} NODEWITHFIFTEEN Online Pending"]
    assert result.out.startswith(f"Moving resource group '{VIRTUAL_SERVER}'...\n\nGroup  ")


@pytest.mark.parametrize("option", ["/move", "/MOVETO", "-move", "/move:NODEWITHFIFTEEN"])
def test_a_move_without_a_target_finds_one(option: str) -> None:
    world = make_world()
    assert run(world, "NODEA", f'cluster group "{VIRTUAL_SERVER}" {option} /wait').rc == 0
    assert group(world).owner == "NODEWITHFIFTEEN"


def test_a_move_to_where_the_group_is_changes_nothing() -> None:
    result = run(make_world(), "NODEA", 'cluster group "cluster group" /move:NODEA')
    assert (result.rc, result.mutating) == (0, False)
    assert rows(result.out) == ["cluster group        NODEA           Online"]


def test_offline_and_online_wait_until_nothing_is_pending() -> None:
    world, name = make_world(), f'"{VIRTUAL_SERVER}"'
    assert rows(run(world, "NODEA", f"cluster group {name} /offline").out)[0].endswith("Offline")
    assert not group(world).wanted
    assert rows(run(world, "NODEA", f"cluster group {name} /on /wait:60").out)[0].endswith("Online")
    assert group(world).wanted


def test_online_at_another_node_moves_first() -> None:
    world, name = make_world(), f'"{VIRTUAL_SERVER}"'
    run(world, "NODEA", f"cluster group {name} /off")
    assert run(world, "NODEA", f"cluster group {name} /online:NODEWITHFIFTEEN /wait:60").rc == 0
    assert (group(world).owner, group(world).state().name) == ("NODEWITHFIFTEEN", "ONLINE")


@pytest.mark.parametrize(("wait", "rc"), [("/wait:1", 258), ("/wait:300", 0), ("/wait", 0), ("", 0)])
def test_a_wait_that_runs_out_is_an_error_though_the_move_goes_on(wait: str, rc: int) -> None:
    world = make_world()
    result = run(world, "NODEA", f'cluster group "{VIRTUAL_SERVER}" /move {wait}')
    assert result.rc == rc
    world.clock.sleep(60)
    assert group(world).owner == "NODEWITHFIFTEEN"


def test_pause_and_resume_print_a_sentence_and_the_node_table() -> None:
    world = make_world()
    paused = run(world, "NODEA", "cluster node nodewithfifteen /pause")
    assert rows(paused.out) == ["nodewithfifteen       2 Paused"]
    assert world.clusters["clus1"].node_states["NODEWITHFIFTEEN"] is NodeState.PAUSED
    resumed = run(world, "NODEA", "cluster node NODEWITHFIFTEEN /resume")
    assert resumed.out == (
        "Resuming node 'NODEWITHFIFTEEN'...\n\n"
        "Node           Node ID Status\n-------------- ------- ---------------------\nNODEWITHFIFTEEN       2 Up\n\n"
    )
    assert paused.mutating and resumed.mutating


def test_the_cluster_service_stops_and_starts() -> None:
    world = make_world()
    stopped = run(world, "NODEA", "cluster node NODEWITHFIFTEEN /stop /wait:60", logon=BATCH)
    assert (stopped.rc, rows(stopped.out)) == (0, ["NODEWITHFIFTEEN       2 Down"])
    started = run(world, "NODEWITHFIFTEEN", "cluster node /start /wait:60")
    assert (started.rc, started.mutating) == (0, True)
    assert world.physics.cluster_running(world.hosts["nodewithfifteen"])


def test_preferred_owners_are_set_in_order() -> None:
    world = make_world()
    line = f'cluster group "{VIRTUAL_SERVER}" /setowners:nodewithfifteen,NODEA'
    assert run(world, "NODEA", line).mutating
    assert group(world).preferred_owners == ["NODEWITHFIFTEEN", "NODEA"]
    assert not run(world, "NODEA", line).mutating


# --- errors -----------------------------------------------------------------------------------------------------------


def broken(what: str) -> World:
    """A world in which something is not as it should be."""
    world = make_world(
        cluster(groups=[*cluster()["groups"], _bound_group()]),
        {**cluster("OTHER", ("NODEX",)), "windows": {"family": "2008", "service_pack": 1}},
        cluster("THIRD", ("NODEY",)),
    )
    if what == "service stopped":
        run(world, "NODEA", "cluster node /stop /wait:60")
    if what == "mate paused":
        run(world, "NODEA", "cluster node NODEWITHFIFTEEN /pause")
    if what == "third down":
        run(world, "NODEY", "cluster node /stop /wait:60")
    if what == "mate down":
        run(world, "NODEWITHFIFTEEN", "cluster node /stop /wait:60")
    return world


def _bound_group() -> dict[str, Any]:
    disk = {"name": "Disk R:", "type": "Physical Disk"}
    return {"name": "Bound", "owner": "NODEA", "resources": [disk], "possible_owners": ["NODEA"]}


@pytest.mark.parametrize(
    ("what", "line", "code"),
    [
        ("", "cluster group Nothing", 5013),
        ("", "cluster group Nothing /move:NODEA", 5013),
        ("", "cluster group Nothing /listowners", 5013),
        ("", "cluster node NODEZ", 5042),
        ("", 'cluster group "Cluster Group" /move:NODEZ', 5042),
        ("", "cluster node NODEZ /pause", 5042),
        ("", "cluster res Nothing", 5007),
        ("", "cluster group Bound /move:NODEWITHFIFTEEN", 5016),
        ("", "cluster node NODEA /resume", 5058),
        ("", "cluster node NODEZ /start", 1722),
        ("", "cluster /cluster:NOWHERE group", 1722),
        ("", "cluster /cluster:OTHER group", 1722),  # T4: 2008 from 2003
        ("", "cluster /cluster:NODEX node", 1722),
        ("", "cluster group Bound /wait:x /move", 87),
        ("", "cluster group /offline", 87),
        ("", "cluster group Bound /nonsense", 87),
        ("", "cluster group Bound Bound", 87),
        ("", "cluster group /listowners", 87),
        ("", "cluster node /wait:5 /evict", 87),
        ("", "cluster CLUS1 nonsense", 87),
        ("service stopped", "cluster group", 1753),
        ("mate paused", 'cluster group "Cluster Group" /move:NODEWITHFIFTEEN', 5070),
        ("mate down", 'cluster group "Cluster Group" /move:NODEWITHFIFTEEN', 5050),
        ("third down", "cluster /cluster:THIRD node", 1722),
        ("third down", "cluster /cluster:NODEY node", 1753),
    ],
)
def test_errors_have_the_right_number_in_the_right_form(what: str, line: str, code: int) -> None:
    result = run(broken(what), "NODEA", line, logon=BATCH)
    assert result.rc == code
    assert f"System error {code} has occurred (0x{code:08x}).\n" in result.out
    assert result.err == ""
    assert not result.mutating


def test_the_error_text_is_the_systems() -> None:
    # the form of cluster-system-error-5078-en.txt
    expected = "System error 5013 has occurred (0x00001395).\nThe cluster group could not be found.\n"
    assert run(make_world(), "NODEA", "cluster group Nothing").out == expected


@pytest.mark.parametrize(
    ("knobs", "rc", "stream", "text"),
    [
        ({"cluster_error_stream": "stderr"}, 5013, "err", "System error 5013 has occurred (0x00001395).\n"),
        ({"cluster_exit_code": "one"}, 1, "out", "System error 5013 has occurred (0x00001395).\n"),
        ({"cluster_error_hex": False}, 5013, "out", "System error 5013 has occurred.\n"),
    ],
)
def test_knobs_of_errors(knobs: dict[str, Any], rc: int, stream: str, text: str) -> None:
    result = run(turn(make_world(), **knobs), "NODEA", "cluster group Nothing")
    assert result.rc == rc
    assert getattr(result, stream).startswith(text)
    assert {"out": result.err, "err": result.out}[stream] == ""


@pytest.mark.parametrize("code", [258, 1460, 997])
def test_knob_of_the_wait(code: int) -> None:
    world = turn(make_world(), cluster_wait_code=code)
    assert run(world, "NODEA", f'cluster group "{VIRTUAL_SERVER}" /move /wait:1').rc == code


@pytest.mark.parametrize(("knob", "word"), [("detailed", "Offline Pending"), ("plain", "Pending")])
def test_knob_of_pending_groups(knob: str, word: str) -> None:
    world = turn(make_world(), cluster_pending=knob)
    run(world, "NODEA", f'cluster group "{VIRTUAL_SERVER}" /move /wait:1')
    assert f"NODEA           {word} \n" in run(world, "NODEA", "cluster group").out


def test_knob_of_ruler_widths() -> None:
    listing = run(turn(make_world(), cluster_ruler_extra=3), "NODEA", "cluster node").out
    assert "\n----------------- ---------- ------------------------\n" in listing
    assert "\nNODEA                      1 Up\n" in listing


@pytest.mark.parametrize(
    ("logon_kind", "knob", "line", "rc"),
    [
        ("network", "denied", "cluster /cluster:THIRD node", 5),
        ("network", "works", "cluster /cluster:THIRD node", 0),
        ("batch", "denied", "cluster /cluster:THIRD node", 0),
        ("network", "denied", "cluster /cluster:CLUS1 node", 0),  # the name is here
        ("network", "denied", "cluster node NODEWITHFIFTEEN /stop", 5),
        ("network", "denied", "cluster node NODEWITHFIFTEEN /pause", 0),  # the local cluster service does it
    ],
)
def test_no_second_hop_over_a_network_logon(logon_kind: str, knob: str, line: str, rc: int) -> None:
    world = turn(broken(""), cluster_network_logon=knob)
    assert run(world, "NODEA", line, logon=Logon("LAB\\upgrade", logon_kind)).rc == rc


def test_foreign_words_leave_numbers_and_names() -> None:
    world = make_world(windows={"language": "xx"})
    listing = run(world, "NODEA", "cluster group").out
    english = run(make_world(), "NODEA", "cluster group").out
    assert [line for line in listing.splitlines() if line.startswith("-")] == [
        line for line in english.splitlines() if line.startswith("-")
    ]
    assert rows(listing)[1] == f"{VIRTUAL_SERVER} NODEA           {Language('xx').text('Online')}"
    assert "Online" not in listing
    error = run(world, "NODEA", "cluster group Nothing")
    assert error.rc == 5013
    assert "5013" in error.out and "(0x00001395)" in error.out and "error" not in error.out


# --- command line -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["node"], Request(None, "node", None, ())),
        (["NODE", "NODEA", "/STAT"], Request(None, "node", "NODEA", (Option("status"),))),
        (["CLUS1", "res", "Disk Q:"], Request("CLUS1", "resource", "Disk Q:", ())),
        (["/cluster:group", "group"], Request("group", "group", None, ())),
        (["/CLUSTER:A", "/ver"], Request("A", "", None, (Option("version"),))),
        (
            ["group", "A&B", "/move:NODEB", "/wait:300"],
            Request(None, "group", "A&B", (Option("moveto", "NODEB"), Option("wait", "300"))),
        ),
        (["group", "A", "/priv"], Request(None, "group", "A", (Option("privproperties"),))),
        (["group", "A", "-online"], Request(None, "group", "A", (Option("online"),))),
    ],
)
def test_command_lines(arguments: list[str], expected: Request) -> None:
    assert parse(arguments) == expected


@pytest.mark.parametrize("arguments", [["group", "A", "/mo"], ["group", "A", "/movetoo"], ["node", "/on"], ["A", "B"]])
def test_nonsense_is_refused(arguments: list[str]) -> None:
    with pytest.raises(ClusterError) as refused:
        parse(arguments)
    assert refused.value.code == 87


@pytest.mark.parametrize(
    ("options", "seconds"), [((), 20.0), ((Option("wait"),), float("inf")), ((Option("wait", "7"),), 7.0)]
)
def test_waits(options: tuple[Option, ...], seconds: float) -> None:
    assert Request(None, "group", "A", options).wait(20.0) == seconds
