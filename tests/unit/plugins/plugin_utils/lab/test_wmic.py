# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""wmic: numbers and names without words, and its habits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.language import Language
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Killed, Logon
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs import wql
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs.wmic import Query, WmicError, parse
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs.wmic_formats import table
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import World
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.native_lab import (
    VIRTUAL_SERVER,
    OpenPipe,
    Result,
    cluster,
    make_process,
    make_world,
    run,
    turn,
)

MSCLUSTER = r"wmic /namespace:\\root\MSCluster path "
NODE_REFERENCE = r'\\NODEA\root\MSCluster:MSCluster_Node.Name="NODEA"'
GROUP_REFERENCE = rf'\\NODEA\root\MSCluster:MSCluster_ResourceGroup.Name="{VIRTUAL_SERVER}"'


def seasoned(**top: Any) -> World:
    """A world in which wmic was started before: no more installation notice."""
    world = make_world(**top)
    for host in world.hosts:
        run(world, host, "wmic os get Version")
    return world


def columns(result: Result) -> list[list[str]]:
    """The cells of a table, by the column starts of its title line."""
    lines = [line for line in result.out.replace("\r", "\n").split("\n") if line.strip()]
    title = lines[0]
    starts = [i for i in range(len(title)) if title[i] != " " and (i == 0 or title[i - 2 : i] == "  ")]
    ends = [*starts[1:], None]
    return [[line[a:b].strip() for a, b in zip(starts, ends, strict=True)] for line in lines]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            MSCLUSTER + "MSCluster_ResourceGroup get Name,State",
            [["Name", "State"], ["Cluster Group", "0"], [VIRTUAL_SERVER, "0"]],
        ),
        (
            MSCLUSTER + "MSCluster_Node get State,Name",
            [["Name", "State"], ["NODEA", "0"], ["NODEWITHFIFTEEN", "0"]],
        ),
        (
            MSCLUSTER + f'MSCluster_Resource where Name="{VIRTUAL_SERVER} IP" get Name, State, Type',
            [["Name", "State", "Type"], [f"{VIRTUAL_SERVER} IP", "2", "Physical Disk"]],
        ),
        (MSCLUSTER + "MSCluster_Cluster get name", [["Name"], ["CLUS1"]]),
        (
            MSCLUSTER + f'MSCluster_ResourceGroup.Name="{VIRTUAL_SERVER}" get State,Name',
            [["Name", "State"], [VIRTUAL_SERVER, "0"]],
        ),
        (
            MSCLUSTER + "MSCluster_NodeToActiveGroup get GroupComponent,PartComponent",
            [
                ["GroupComponent", "PartComponent"],
                [NODE_REFERENCE, r'\\NODEA\root\MSCluster:MSCluster_ResourceGroup.Name="Cluster Group"'],
                [NODE_REFERENCE, GROUP_REFERENCE],
            ],
        ),
        (
            MSCLUSTER + "MSCluster_ResourceGroupToResource get PartComponent",
            [
                ["PartComponent"],
                [r'\\NODEA\root\MSCluster:MSCluster_Resource.Name="Disk Q:"'],
                [rf'\\NODEA\root\MSCluster:MSCluster_Resource.Name="{VIRTUAL_SERVER} IP"'],
            ],
        ),
        (
            MSCLUSTER + "MSCluster_NodeToActiveResource get GroupComponent",
            [["GroupComponent"], [NODE_REFERENCE], [NODE_REFERENCE]],
        ),
        (r"wmic /namespace:\\root\cimv2 os get Version", [["Version"], ["5.2.3790"]]),
        (
            "wmic os get ProductType,OtherTypeDescription,OSLanguage,CSName,CSDVersion",
            [
                ["CSDVersion", "CSName", "OSLanguage", "OtherTypeDescription", "ProductType"],
                ["Service Pack 2", "NODEA", "1033", "", "3"],
            ],
        ),
        ("wmic computersystem get Name,Domain", [["Domain", "Name"], ["lab.example", "NODEA"]]),
        (
            "wmic service where name='clussvc' get State,StartMode,Started",
            [["Started", "StartMode", "State"], ["TRUE", "Auto", "Running"]],
        ),
        ("wmic path Win32_Service where \"Name='ClusSvc' and Started=true\" get Name", [["Name"], ["ClusSvc"]]),
    ],
)
def test_what_wmic_tells(line: str, expected: list[list[str]]) -> None:
    result = run(seasoned(), "NODEA", line)
    assert (result.rc, result.err, result.mutating) == (0, "", False)
    assert columns(result) == expected


def test_preferred_nodes() -> None:
    world = seasoned()
    line = MSCLUSTER + "MSCluster_ResourceGroupToPreferredNode get GroupComponent,PartComponent"
    assert "No Instance(s) Available." in run(world, "NODEA", line).err
    run(world, "NODEA", f'cluster group "{VIRTUAL_SERVER}" /setowners:NODEA')
    assert columns(run(world, "NODEA", line))[1:] == [[GROUP_REFERENCE, NODE_REFERENCE]]


@pytest.mark.parametrize(("when", "state"), [(1, "4"), (60, "1")])
def test_states_are_numbers(when: float, state: str) -> None:
    world = seasoned()
    group = world.clusters["clus1"].group(VIRTUAL_SERVER)
    assert group
    world.physics.begin_offline(group, None)
    world.clock.sleep(when)
    line = MSCLUSTER + f"MSCluster_ResourceGroup where \"Name='{VIRTUAL_SERVER}'\" get State"
    assert columns(run(world, "NODEA", line)) == [["State"], [state]]


def test_the_boot_time_is_a_cim_date() -> None:
    world = seasoned()
    world.hosts["nodea"].boot_time = 61.5
    world.start_date = world.start_date.replace(year=2009, month=3, day=1, hour=10, minute=0, second=0)
    out = run(world, "NODEA", "wmic os get LastBootUpTime").out
    assert "20090301100101.500000+000" in out


@pytest.mark.parametrize(
    "line",
    [
        r'wmic datafile where name="C:\\WINDOWS\\system32\\reg.exe" get Version',
        r"""wmic datafile where "name='C:\\windows\\SYSTEM32\\reg.exe'" get Version""",
        r"wmic datafile where name='C:\\windows\\SYSTEM32\\reg.exe' get Version",
        r"""wmic path CIM_DataFile where (Name='C:\\WINDOWS\\system32\\reg.exe') get Version""",
    ],
)
def test_file_versions(line: str) -> None:
    assert columns(run(seasoned(), "NODEA", line)) == [["Version"], ["5.2.3790"]]


def test_processes_are_listed_while_they_run() -> None:
    world = seasoned()
    setup = make_process(world, "NODEA", r'"D:\media\Setup.com" /m:upgrade', OpenPipe())
    setup.pid = 4711
    world.hosts["nodea"].processes.append(setup)
    out = run(world, "NODEA", """wmic process where "name='setup.com'" get ProcessId,CommandLine""")
    assert columns(out)[1:] == [[r'"D:\media\Setup.com" /m:upgrade', "4711"]]


# --- habits -----------------------------------------------------------------------------------------------------------


def test_raw_bytes() -> None:
    # wmic-raw-bytes-crcrlf.txt; the shell took the last line feed off
    caption = "Microsoft Windows 10 Professionnel"
    seen = f"Caption{' ' * 29}\r\r\n{caption}  \r\r\n\r\r"
    assert table("HOST", [{"Caption": caption}]) == seen + "\n"
    world = seasoned()
    proc_out = run(world, "NODEA", "wmic os get Version").out
    assert proc_out == "Version   \r\n5.2.3790  \r\n\r\n"  # run() took one CR of each end off


@pytest.mark.parametrize(("family", "hangs"), [("2003", True), ("2008", False)])
def test_an_open_standard_input_blocks_the_old_generation(family: str, hangs: bool) -> None:
    world = make_world(windows={"family": family})
    if hangs:
        with pytest.raises(Killed):
            run(world, "NODEA", "wmic os get Version", stdin=OpenPipe())
    else:
        assert run(world, "NODEA", "wmic os get Version", stdin=OpenPipe()).rc == 0


def test_the_first_start_on_2003_installs_something() -> None:
    world = make_world()
    first, second = (run(world, "NODEA", "wmic os get Version") for _time in range(2))
    assert (first.err, second.err) == ("Please wait while WMIC is being installed.\n", "")
    assert first.out == second.out
    assert not first.mutating


@pytest.mark.parametrize("knobs", [{"wmic_mscluster": "empty"}, {}])
def test_empty_is_not_an_error(knobs: Mapping[str, Any]) -> None:
    world = turn(seasoned(), **knobs)
    if not knobs:
        run(world, "NODEA", "cluster node /stop /wait:60")
    result = run(world, "NODEA", MSCLUSTER + "MSCluster_Node get Name,State")
    assert (result.rc, result.out, result.err) == (0, "", "No Instance(s) Available.\n")


@pytest.mark.parametrize("style", ["/format:csv", "/value", "/format:list", "/format:table"])
def test_style_sheets_depend_on_the_locale(style: str) -> None:
    world, line = seasoned(), f"wmic os get Version,CSName {style}"
    assert run(world, "NODEA", line).rc == 0
    broken = run(turn(world, wmic_style_sheets=False), "NODEA", line)
    # wmic-format-csv-invalid-xsl.txt
    assert (broken.rc, broken.out, broken.err) == (44210, "", "Invalid XSL format (or) file name.\n")


@pytest.mark.parametrize("style", ["", "/format:rawxml", r'/format:"C:\WINDOWS\system32\wbem\en-US\csv.xsl"'])
def test_these_forms_work_in_every_locale(style: str) -> None:
    result = run(turn(seasoned(), wmic_style_sheets=False), "NODEA", f"wmic os get Version {style}")
    assert result.rc == 0
    assert "5.2.3790" in result.out


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("/value", "\r\n\r\nCSName=NODEA\r\nVersion=5.2.3790\r\n\r\n\r\n\r\n"),
        ("/format:csv", "\r\nNode,CSName,Version\r\nNODEA,NODEA,5.2.3790\r\n"),
        (
            "/format:rawxml",
            '<RESULTS NODE="NODEA"><CIM><INSTANCE><PROPERTY NAME="CSName"><VALUE>NODEA</VALUE></PROPERTY>'
            '<PROPERTY NAME="Version"><VALUE>5.2.3790</VALUE></PROPERTY></INSTANCE></CIM></RESULTS>\r\n',
        ),
    ],
)
def test_other_formats(style: str, expected: str) -> None:
    assert run(seasoned(), "NODEA", f"wmic os get Version,CSName {style}").out == expected


def test_references_may_come_with_entities() -> None:
    world = turn(seasoned(), wmic_entities=True)
    out = run(world, "NODEA", MSCLUSTER + "MSCluster_NodeToActiveGroup get PartComponent").out
    assert r"\\NODEA\root\MSCluster:MSCluster_ResourceGroup.Name=&quot;Exchange Virtual Server 1 (A&amp;B)&quot;" in out


def test_quotes_in_a_name_are_escaped_in_its_reference() -> None:
    world = seasoned()
    world.clusters["clus1"].groups[1].name = 'The "big" one'
    out = run(world, "NODEA", MSCLUSTER + "MSCluster_NodeToActiveGroup get PartComponent").out
    assert r'MSCluster_ResourceGroup.Name="The \"big\" one"' in out


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (r"wmic /namespace:\\root\nowhere path X get Y", 0x8004100E),
        (r"wmic path MSCluster_Node get Name", 0x80041010),
        (r"wmic os get Nonsense", 0x80041017),
        (r'wmic datafile where name="C:\WINDOWS\system32\reg.exe" get Version', 0x80041017),
        (r"wmic os where Version get Version", 0x80041017),
    ],
)
def test_wmi_errors(line: str, code: int) -> None:
    result = run(seasoned(), "NODEA", line)
    assert (result.rc, result.out) == (code - 2**32, "")
    assert result.err.startswith("Node - NODEA\nERROR:\nCode = 0x")
    assert f"0x{code:08x}\n" in result.err


def test_no_cluster_no_namespace() -> None:
    line = MSCLUSTER + "MSCluster_Node get Name"
    world = seasoned(computers=[{"name": "ADMIN1"}])
    assert run(world, "ADMIN1", line).rc == 0x8004100E - 2**32
    assert run(turn(world, wmic_mscluster="fails"), "NODEA", line).rc == 0x8004100E - 2**32


@pytest.mark.parametrize(
    ("family", "line", "rc"),
    [
        ("2003", "wmic os get Version", 0x80041003 - 2**32),
        ("2008", "wmic os get Version", 0),
        ("2008", MSCLUSTER + "MSCluster_Node get Name", 0x80041003 - 2**32),
    ],
)
def test_who_is_no_administrator(family: str, line: str, rc: int) -> None:
    world = seasoned(windows={"family": family})
    world.hosts["nodea"].standard_users.add("upgrade")
    assert run(world, "NODEA", line).rc == rc


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("wmic nonsense get Name", 44135),
        ("wmic", 44135),
        ("wmic os list brief", 44052),
        ("wmic os whatever get Name", 44052),
        ("wmic os get Name /nonsense", 44052),
        ("wmic os get Version /format:nonsense", 44210),
    ],
)
def test_bad_command_lines(line: str, code: int) -> None:
    result = run(seasoned(), "NODEA", line)
    assert result.rc == code
    assert result.err and not result.out


def test_foreign_words_do_not_reach_names_and_values() -> None:
    world = seasoned(windows={"language": "xx"})
    line = MSCLUSTER + "MSCluster_ResourceGroup get Name,State"
    assert run(world, "NODEA", line).out == run(seasoned(), "NODEA", line).out
    empty = run(turn(world, wmic_mscluster="empty"), "NODEA", line)
    assert empty.err == Language("xx").text("No Instance(s) Available.\n")


# --- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("wmic os get A,B", Query("root\\cimv2", "Win32_OperatingSystem", None, ("A", "B"), "")),
        (
            r"wmic.exe /NAMESPACE:\\root\MSCluster PATH X WHERE Name='a b' GET A /VALUE",
            Query("root\\mscluster", "X", "Name='a b'", ("A",), "list"),
        ),
        ('wmic path X where "a=1 and b=2" get', Query("root\\cimv2", "X", "a=1 and b=2", (), "")),
        ("wmic path X where a=1 and b=2 get A", Query("root\\cimv2", "X", "a=1 and b=2", ("A",), "")),
        ("wmic path X where (a = 1) get A , B", Query("root\\cimv2", "X", "(a = 1)", ("A", "B"), "")),
    ],
)
def test_parsing(line: str, expected: Query) -> None:
    assert parse(line) == expected


@pytest.mark.parametrize("line", ["wmic path", "wmic os where a=1", "wmic os nonsense"])
def test_lines_without_a_verb(line: str) -> None:
    with pytest.raises(WmicError):
        parse(line)


ROW: wql.Row = {"Name": "Cluster Group", "State": 4, "Path": r"C:\x.exe", "Nothing": None, "Started": True}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('Name="cluster group"', True),
        ("name = 'Other'", False),
        ("State=4", True),
        ("State<>4 or state > 3", True),
        ("State<=3", False),
        ("State>=5 and Name='Cluster Group'", False),
        ("not (State=1 or State=2)", True),
        ("Name like '%group'", True),
        ("Name like 'Cluster_G%'", True),
        ("Name like 'Clu'", False),
        (r"Path='C:\\x.exe'", True),
        ("Nothing=''", True),
        ("Started=true", True),
        ("State!='4'", False),
    ],
)
def test_conditions(text: str, fits: bool) -> None:
    assert wql.parse(text).test(ROW) is fits


@pytest.mark.parametrize(
    "text", ["", "Name", "Name=", "Name ? 'x'", "(Name='x'", "Name='x' Name='y'", r"Path='C:\x.exe'", "Name='x"]
)
def test_nonsense_conditions(text: str) -> None:
    with pytest.raises(wql.WqlError):
        wql.parse(text)


def test_an_unknown_property_makes_the_query_invalid() -> None:
    with pytest.raises(wql.WqlError):
        wql.parse("Nonsense=1").test(ROW)


def test_literals_are_kept() -> None:
    assert wql.parse(r"""name="C:\\a" or name='D:\\b' and x=1""").literals == (r"C:\a", r"D:\b")


def test_a_group_is_seen_from_every_node_of_its_cluster() -> None:
    world = seasoned(clusters=[cluster(nodes=("NODEA", "NODEB"))])
    out = run(world, "NODEB", MSCLUSTER + "MSCluster_NodeToActiveGroup get GroupComponent").out
    assert r'\\NODEB\root\MSCluster:MSCluster_Node.Name="NODEA"' in out


# --- another computer -------------------------------------------------------------------------------------------------

NODES = r"wmic /node:{} /namespace:\\root\MSCluster path MSCluster_Node get Name"


def far(line: str, kind: str = "batch", family: str = "2003") -> Result:
    """A line of wmic on an administrators' computer that belongs to no cluster."""
    computers = [{"name": "ADMIN1", "windows": {"family": family}}, {"name": "FAR-OFF", "windows": {"family": family}}]
    world = seasoned(windows={"family": family}, computers=computers)
    return run(world, "ADMIN1", line, logon=Logon("LAB\\upgrade", kind))


@pytest.mark.parametrize("name", ["CLUS1", '"CLUS1"', "NODEA", '"nodewithfifteen"'])
def test_another_computer_answers_for_itself(name: str) -> None:
    assert columns(far(NODES.format(name))) == [["Name"], ["NODEA"], ["NODEWITHFIFTEEN"]]


@pytest.mark.parametrize(
    ("line", "kind", "code", "description"),
    [
        (NODES.format("NOWHERE"), "batch", 0x800706BA, "The RPC server is unavailable."),
        (NODES.format("CLUS1"), "network", 0x80070005, "Access is denied."),
        (NODES.format('"FAR-OFF"'), "batch", 0x8004100E, "Invalid namespace"),
    ],
    ids=["no such computer", "no second hop", "outside every cluster"],
)
def test_another_computer_that_does_not_answer(line: str, kind: str, code: int, description: str) -> None:
    result = far(line, kind)
    assert (result.rc, result.out) == (code - 2**32, "")
    assert f"Code = 0x{code:08x}\nDescription = {description}\n" in result.err


def test_a_hyphen_outside_quotes_is_misread() -> None:
    assert far("wmic /node:FAR-OFF os get Version").rc == 44052
    assert far('wmic /node:"FAR-OFF" os get Version').out.split() == ["Version", "5.2.3790"]


@pytest.mark.parametrize(("switch", "rc"), [("", 0x80041003 - 2**32), (" /authlevel:pktprivacy", 0)])
def test_a_2008_cluster_wants_encryption(switch: str, rc: int) -> None:
    assert far(NODES.format(f'"CLUS1"{switch}'), family="2008").rc == rc


def test_who_is_no_administrator_over_there() -> None:
    world = seasoned(computers=[{"name": "ADMIN1"}])
    world.hosts["nodea"].standard_users.add("upgrade")
    line = "wmic /node:NODEA os get Version"
    assert run(world, "ADMIN1", line, logon=Logon("LAB\\upgrade", "batch")).rc == 0x80041003 - 2**32
