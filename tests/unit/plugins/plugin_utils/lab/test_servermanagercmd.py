# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ServerManagerCmd.exe: its command line, its files, its exit codes, and what it does to a host."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.features import (
    RESTART_MARK,
    catalogue,
    default_features,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs.servermanager_files import NAMESPACE
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs.servermanager_line import (
    Refusal,
    parse,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.section import Section, TopologyError
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import read
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import NodeState, Windows
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    BATCH,
    NETWORK,
    SP2,
    USER,
    Lab,
    Result,
    lab,
    two_nodes,
)

ROW = re.compile(r"^\s*\[(?P<x>[X ])\]\s+(?P<name>.*\S)\s+\[(?P<id>[A-Za-z0-9-]+)\]\s*$")  # windows-cli.md 3.3
ANSWER = r"C:\Temp\answer.xml"
# servermanagercmd-answer-file-exchange2007-ccr.txt, closed
CCR = """
<Feature Id="Failover-Clustering"/>
<Feature Id="PowerShell"/>
<Role Id="Web-Server"/>
<RoleService Id="Web-Metabase"/>
<RoleService Id="Web-Lgcy-Mgmt-Console"/>
"""


def plain(**more: Any) -> Lab:
    """A 2008 cluster, and a computer with nothing installed."""
    node = {"name": "NEW", "windows": {"family": "2008", **more.pop("windows", {})}, **more.pop("computer", {})}
    return lab(two_nodes("sp1", "2008", computers=[node], **more))


def smc(it: Lab, arguments: str, host: str = "NEW", logon: Logon = NETWORK) -> Result:
    return it.run(host, f"ServerManagerCmd {arguments}", logon)


def answer(it: Lab, content: str, action: str = "Install", host: str = "NEW", root: str = "") -> str:
    """Write an answer file and return the option for it."""
    root = root or "ServerManagerConfiguration"
    text = f'<{root} Action="{action}" xmlns="{NAMESPACE}">{content}</{root}>'
    it.host(host).files.write(ANSWER, text.encode())
    return f"-inputPath {ANSWER}"


def installed(it: Lab, host: str = "NEW") -> set[str]:
    return it.host(host).features


# ---- what there is


@pytest.mark.parametrize(
    ("windows", "there"),
    [
        ({"family": "2008"}, True),
        ({"family": "2008", "core": True}, False),
        ({"family": "2003"}, False),
        ({"family": "vista"}, False),
    ],
)
def test_where_the_program_is(windows: Any, there: Any) -> None:
    it = lab(two_nodes(computers=[{"name": "NEW", "windows": windows}]))
    done = smc(it, "-version")
    assert ((done.rc == 0), ("not recognized" in done.err)) == (there, not there)


def test_every_id_that_the_reference_names_is_there() -> None:
    named = """PowerShell Failover-Clustering Web-Server Web-ISAPI-Ext Web-Metabase Web-Lgcy-Mgmt-Console Web-Basic-Auth
    Web-Windows-Auth NET-Framework RSAT-ADDS Web-Net-Ext WAS-Process-Model RSAT-Web-Server RSAT RSAT-Role-Tools
    NET-Framework-Core RSAT-Clustering Desktop-Experience Telnet-Client"""
    offered = catalogue(Windows("2008", "6.0.6001", 1))
    assert [name for name in named.split() if offered.find(name) is None] == []
    ids = [feature.id.lower() for feature in offered.all()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("edition", "there"), [("Standard", False), ("Enterprise", True), ("Datacenter", True)])
def test_failover_clustering_is_not_for_every_edition(edition: Any, there: Any) -> None:
    it = plain(windows={"edition": edition})
    assert ("[Failover-Clustering]" in smc(it, "-query").out) is there
    done = smc(it, "-install Failover-Clustering")
    assert done.rc == (0 if there else 4)


@pytest.mark.parametrize(
    ("clustered", "exchange", "has", "lacks"),
    [
        (False, False, [], ["PowerShell"]),
        (True, False, ["Failover-Clustering"], ["Web-Server"]),
        (True, True, ["Failover-Clustering", "Web-Metabase", "PowerShell", "RSAT-ADDS"], ["RSAT-Clustering"]),
        (False, True, ["PowerShell"], ["Failover-Clustering"]),
    ],
)
def test_what_a_host_has_without_being_told(clustered: Any, exchange: Any, has: Any, lacks: Any) -> None:
    found = default_features(clustered, exchange)
    assert set(has) <= set(found)
    assert not set(lacks) & set(found)


# ---- the command line


@pytest.mark.parametrize(
    ("words", "act", "target"),
    [
        ("-query", "query", ""),
        ("-q C:\\q.xml", "query", "C:\\q.xml"),
        ("/INSTALL PowerShell", "install", "PowerShell"),
        ("-i PowerShell -a -r C:\\r.xml -restart", "install", "PowerShell"),
        ("-remove PowerShell -w -l C:\\l.txt", "remove", "PowerShell"),
        ("-p a.xml -whatIf", "inputpath", "a.xml"),
        ("-install X -setting A=1 -setting B=2", "install", "X"),
        ("-?", "help", ""),
        ("-v", "version", ""),
        ("", "help", ""),
    ],
)
def test_command_lines(words: Any, act: Any, target: Any) -> None:
    order = parse(words.split())
    assert (order.act, order.target) == (act, target)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-inst PowerShell", "Argument not valid -inst"),
        ("PowerShell", "Argument not valid PowerShell"),
        ("-install", "Missing the name"),
        ("-install PowerShell Telnet-Client", "Argument not valid Telnet-Client"),
        ("-install A -remove B", "Argument not valid -remove"),
        ("-inputPath", "Missing the answer file path"),
        ("-inputPath -whatIf", "Missing the answer file path"),
        ("-query -logPath", "Missing log file path"),
        ("-install A -resultPath", "Missing result file path"),
        ("-install A -resultPath r.xml -whatIf", "Argument not valid -whatIf"),
        ("-install A -restart", "Argument not valid -restart"),
        ("-remove A -allSubFeatures", "Argument not valid -allsubfeatures"),
        ("-query -resultPath r.xml", "Argument not valid -resultpath"),
        ("-install A -setting B", "Argument not valid B"),
        ("-install A -setting B=1 -setting b=2", "setting has already been specified in the input path: b"),
    ],
)
def test_command_lines_that_are_not_valid(words: Any, said: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        parse(words.split())
    assert refusal.value.code == 4
    assert said in refusal.value.english.format(**refusal.value.arguments)


def test_a_line_that_is_not_valid_ends_with_4_and_changes_nothing() -> None:
    it = plain()
    done = smc(it, "-install PowerShell -frobnicate")
    assert (done.rc, done.out) == (4, "ArgumentNotValid: Argument not valid -frobnicate\n")
    assert it.happened("feature") == []


# ---- reading the state


def test_the_text_form() -> None:
    it = plain()
    smc(it, "-install Web-Metabase")
    lines = smc(it, "-query").out.splitlines()
    titles = [line for line in lines if line.startswith("-----")]
    assert titles == ["----- Roles -----", "----- Features -----"]
    rows = {m["id"]: (m["x"], m.start("name")) for line in lines if (m := ROW.match(line))}
    assert rows["Web-Server"] == ("X", 4)
    assert rows["Web-Metabase"] == ("X", 16)
    assert rows["Web-Basic-Auth"] == (" ", 16)
    assert rows["Telnet-Client"] == (" ", 4)
    assert len(rows) == len(list(catalogue(it.host("NEW").windows).all()))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_xml_form(encoding: Any) -> None:
    it = plain(knobs={"feature_query_encoding": encoding})
    assert smc(it, r"-query C:\Temp\q.xml").rc == 0
    data = it.host("NEW").files.read(r"C:\Temp\q.xml")
    assert f'encoding="{encoding}"' in data.decode(encoding)
    root = ET.fromstring(data)
    assert root.tag.endswith("ServerManagerConfigurationQuery")
    kinds = {element.get("Id"): element.tag.rpartition("}")[2] for element in root.iter()}
    assert [kinds[x] for x in ("Web-Server", "Web-Metabase", "RSAT", "RSAT-ADDS")] == [
        "Role",
        "RoleService",
        "Feature",
        "Feature",
    ]
    by_id = {element.get("Id"): element for element in root.iter()}
    assert by_id["Web-Metabase"] in list(by_id["Web-Mgmt-Compat"])
    assert {e.get("Installed") for e in root.iter() if e is not root} == {"false"}
    assert by_id["Web-Static-Content"].get("Default") == "true"
    assert by_id["Web-Asp-Net"].get("Default") is None


def test_the_file_of_a_query_is_no_answer_file() -> None:
    it = plain()
    smc(it, rf"-query {ANSWER}")
    done = smc(it, f"-inputPath {ANSWER}")
    assert (done.rc, done.out.splitlines()[-1]) == (110, f"ReadError: Failed to read the answer file: {ANSWER}")


def test_a_foreign_windows_says_it_in_other_words() -> None:
    it = plain(windows={"language": "xx"})
    out = smc(it, "-query").out
    assert not re.search("Roles|Features|Server|Tools", re.sub(r"\[[A-Za-z0-9-]+\]", "", out))
    assert sum(bool(ROW.match(line)) for line in out.splitlines()) > 80
    smc(it, r"-query C:\Temp\q.xml")
    root = ET.fromstring(it.host("NEW").files.read(r"C:\Temp\q.xml"))
    assert next(e for e in root.iter() if e.get("Id") == "PowerShell").get("DisplayName") != "Windows PowerShell"


# ---- changing it


@pytest.mark.parametrize(
    ("arguments", "rc", "has", "lacks"),
    [
        ("-install telnet-client", 0, {"Telnet-Client"}, {"Telnet-Server"}),
        ("-i Web-ISAPI-Ext", 0, {"Web-ISAPI-Ext", "Web-App-Dev", "Web-Server", "WAS"}, {"Web-Static-Content"}),
        ("-i Web-Server", 0, {"Web-Server", "Web-Static-Content", "WAS-Config-APIs"}, {"Web-Asp-Net"}),
        ("-i Web-Server -allSubFeatures", 0, {"Web-Asp-Net", "Web-Lgcy-Mgmt-Console"}, {"RSAT"}),
        ("-I RSAT-Clustering", 0, {"RSAT-Clustering", "RSAT-Feature-Tools", "RSAT"}, {"RSAT-NLB"}),
        ("-install NET-Framework", 0, {"NET-Framework-Core", "NET-XPS-Viewer"}, {"NET-Win-CFAC"}),
        ("-install RSAT-ADDS", 3010, {"RSAT-ADDS", "RSAT-ADDC", "RSAT-Role-Tools"}, {"RSAT-SNIS"}),
        ("-install Desktop-Experience", 3010, {"Desktop-Experience"}, set()),
        ("-install Nothing-Like-That", 4, set(), set()),
        ("-install Telnet-Client -whatIf", 0, set(), {"Telnet-Client"}),
    ],
)
def test_installing(arguments: Any, rc: Any, has: Any, lacks: Any) -> None:
    it = plain()
    before = it.world.clock.now()
    done = smc(it, arguments)
    assert done.rc == rc
    assert has <= installed(it)
    assert not lacks & installed(it)
    assert it.host("NEW").registry.has_key(RESTART_MARK) is (rc == 3010)
    assert len(it.happened("feature")) == len(installed(it))
    assert (it.world.clock.now() - before >= 15) is bool(installed(it))


def test_what_an_installation_says() -> None:
    it = plain()
    assert smc(it, "-install Telnet-Client").out == (
        ".....\n\nStart Installation...\n[Installation] Succeeded: [Telnet Client].\n<100/100>\n\n"
        "Success: Installation succeeded.\n"
    )
    assert smc(it, "-install Desktop-Experience").out.endswith(
        "Success: Installation succeeded. A restart is required.\n"
    )


@pytest.mark.parametrize("arguments", ["-install PowerShell", "-remove Telnet-Client", "-install PowerShell -whatIf"])
def test_nothing_to_do(arguments: Any) -> None:
    it = plain(computer={"features": ["PowerShell"]})
    done = smc(it, arguments)
    assert done.rc == 1003
    assert "NoChange: No changes were made because" in done.out
    assert it.happened("feature") == []


def test_a_removal_takes_everything_along_that_depends_on_it() -> None:
    it = plain()
    smc(it, "-install SMTP-Server")
    smc(it, "-install Web-Lgcy-Mgmt-Console")
    would = smc(it, "-remove Web-Metabase -whatIf")
    assert would.rc == 0
    assert "Specified for removal: [IIS 6 Management Console]" in would.out
    assert "SMTP-Server" in installed(it)
    assert smc(it, "-remove Web-Metabase").out.endswith("Success: Removal succeeded.\n")
    assert not {"Web-Metabase", "Web-Lgcy-Mgmt-Console", "SMTP-Server"} & installed(it)
    assert {"Web-Server", "RSAT-SMTP"} <= installed(it)


def test_a_role_goes_with_all_its_services() -> None:
    it = plain(computer={"features": ["Web-Server", "Telnet-Client"]})
    assert smc(it, "-remove Web-Server").rc == 0
    assert sorted(installed(it)) == ["Telnet-Client", "WAS", "WAS-Config-APIs", "WAS-Process-Model"]


def test_a_pending_restart_blocks_and_a_restart_frees() -> None:
    it = plain()
    assert smc(it, "-install Desktop-Experience").rc == 3010
    done = smc(it, "-install Telnet-Client")
    assert (done.rc, "must be restarted" in done.out) == (1001, True)
    assert smc(it, "-install Desktop-Experience").rc == 1003
    it.world.physics.shutdown(it.host("NEW"), True, 0, None)
    it.wait(600)
    assert not it.host("NEW").registry.has_key(RESTART_MARK)
    assert smc(it, "-install Telnet-Client").rc == 0


def test_whether_a_pending_restart_blocks_is_a_knob() -> None:
    it = plain(knobs={"restart_blocks_features": False})
    smc(it, "-install Desktop-Experience")
    assert smc(it, "-install Telnet-Client").rc == 0


def test_a_restart_of_its_own() -> None:
    it = plain()
    it.start("NEW", r"ServerManagerCmd -install Desktop-Experience -resultPath C:\Temp\r.xml -restart", NETWORK)
    it.wait(700)
    assert it.host("NEW").boots == 1
    assert "Desktop-Experience" in installed(it)


def test_the_result_file() -> None:
    it = plain()
    smc(it, r"-install RSAT-Clustering -resultPath C:\Temp\r.xml")
    root = ET.fromstring(it.host("NEW").files.read(r"C:\Temp\r.xml"))
    assert root.tag == f"{{{NAMESPACE}}}ServerManagerConfigurationResult"
    assert [e.get("Id") for e in root] == ["RSAT", "RSAT-Feature-Tools", "RSAT-Clustering"]


def test_a_result_file_that_cannot_be_written() -> None:
    done = smc(plain(), r"-query X:\nowhere\q.xml")
    assert (done.rc, "Argument not valid" in done.out) == (4, True)


@pytest.mark.parametrize(
    ("options", "path"), [("", r"C:\WINDOWS\Temp\ServerManager.log"), (r" -logPath C:\Temp\l.txt", r"C:\Temp\l.txt")]
)
def test_the_log(options: Any, path: Any) -> None:
    it = plain()
    smc(it, "-install Telnet-Client" + options)
    smc(it, "-query" + options)
    text = it.host("NEW").files.read(path).decode()
    assert "-install Telnet-Client" in text
    assert "-query" in text
    assert [c.mutating for c in it.world.truth.commands if c.top] == [True, False]


# ---- answer files


def test_the_answer_file_of_a_mailbox_node() -> None:
    it = plain()
    done = smc(it, answer(it, CCR))
    assert done.rc == 0
    assert {"Failover-Clustering", "PowerShell", "Web-Server", "Web-Lgcy-Mgmt-Console"} <= installed(it)
    assert smc(it, answer(it, CCR)).rc == 1003
    assert smc(it, answer(it, '<Feature Id="PowerShell"/>', "Remove")).rc == 0
    assert "PowerShell" not in installed(it)


def test_an_answer_file_may_ask_for_everything_below() -> None:
    it = plain()
    smc(it, answer(it, '<Feature Id="NET-Framework" InstallAllSubFeatures="true"/>'))
    assert "NET-Non-HTTP-Activ" in installed(it)


@pytest.mark.parametrize(
    ("content", "rc", "said"),
    [
        ('<Feature Id="No-Such"/>', 4, "Feature not valid: 'No-Such'. The name of the feature was not found."),
        ('<Role Id="No-Such"/>', 4, "Role not valid: 'No-Such'. The name of the role was not found."),
        ('<Feature Id="Web-Server"/>', 4, "Not a valid feature. 'Web-Server' is a role."),
        ('<Feature Id="Web-CGI"/>', 4, "Not a valid feature. 'Web-CGI' is a role service."),
        ('<Role Id="PowerShell"/>', 4, "Not a valid role. 'PowerShell' is a feature."),
        ('<Role Id="Web-CGI"/>', 4, "Invalid role. The name 'Web-CGI' is for a role service."),
        ('<RoleService Id="PowerShell"/>', 4, "Not a valid role service. 'PowerShell' is a feature."),
        ('<RoleService Id="Web-Server"/>', 4, "Not a valid role service. 'Web-Server' is a role."),
        (
            '<Feature Id="RSAT"/><Feature Id="rsat"/>',
            4,
            "The following name has already been specified in the input path: rsat",
        ),
        ("<Thing/>", 4, "Argument not valid Thing"),
        ("<Feature", 110, f"ReadError: Failed to load the answer file: {ANSWER}. "),
    ],
)
def test_answer_files_that_are_not_right(content: Any, rc: Any, said: Any) -> None:
    it = plain()
    done = smc(it, answer(it, content))
    assert done.rc == rc
    assert said in done.out
    assert it.happened("feature") == []


def test_an_answer_file_that_is_not_there() -> None:
    done = smc(plain(), r"-inputPath C:\nothing.xml")
    assert (done.rc, done.out.splitlines()[-1]) == (110, r"ReadError: Answer file does not exist: C:\nothing.xml")


@pytest.mark.parametrize("root", ["ServerManagerConfigurationQuery", "Other"])
def test_another_root_is_no_answer_file(root: Any) -> None:
    it = plain()
    assert smc(it, answer(it, "", root=root)).rc == 110


# ---- who may, and when


@pytest.mark.parametrize("act", ["-query", "-install Telnet-Client"])
def test_without_rights(act: Any) -> None:
    it = plain()
    assert smc(it, act, logon=Logon(USER, "batch", elevated=False)).rc == 5
    it.host("NEW").standard_users.add("upgrade")
    done = smc(it, act)
    assert (done.rc, done.out.startswith("Error: Server Manager can be run only by a member")) == (5, True)


def test_never_two_at_once() -> None:
    it = plain()
    first = it.start("NEW", "ServerManagerCmd -install PowerShell", NETWORK)
    it.wait(10)
    second = smc(it, "-install Telnet-Client", logon=BATCH)
    assert (second.rc, "running a wizard" in second.out) == (1004, True)
    assert it.end(first).rc == 0
    assert smc(it, "-install Telnet-Client").rc == 0


def test_a_wizard_is_open() -> None:
    it = plain()
    it.world.faults.inject("wizard", {"host": "NEW", "seconds": "300"})
    assert smc(it, "-install Telnet-Client").rc == 1004
    assert smc(it, "-query").rc == 0
    it.wait(300)
    assert smc(it, "-install Telnet-Client").rc == 0


# ---- what hangs on a feature


@pytest.mark.parametrize(
    ("feature", "program"), [("RSAT-Clustering", "cluster /?"), ("PowerShell", "powershell -Command exit")]
)
def test_programs_come_and_go_with_their_feature(feature: Any, program: Any) -> None:
    it = plain()
    assert "not recognized" in it.run("NEW", program).err
    smc(it, f"-install {feature}")
    assert "not recognized" not in it.run("NEW", program).err
    smc(it, f"-remove {feature}")
    assert "not recognized" in it.run("NEW", program).err


def test_a_node_without_failover_clustering_is_down_for_good() -> None:
    it = plain()
    assert smc(it, "-remove Failover-Clustering", host="NODEA").rc == 3010
    it.wait(60)
    assert it.cluster.node_states["NODEA"] is NodeState.DOWN
    assert it.cms.group.owner == "NODEB"
    it.world.physics.shutdown(it.host("NODEA"), True, 0, None)
    it.wait(600)
    assert it.cluster.node_states["NODEA"] is NodeState.DOWN


@pytest.mark.parametrize(
    ("feature", "words"),
    [("Web-Metabase", "'Web-Metabase, Web-Lgcy-Mgmt-Console'"), ("RSAT-ADDS", "without 'RSAT-ADDS'")],
)
def test_exchange_setup_wants_its_features(feature: Any, words: Any) -> None:
    it = plain(directory={"schema": "sp1"})
    smc(it, f"-remove {feature}", host="NODEB")
    done = it.run("NODEB", f"{SP2} /m:upgrade")
    assert done.rc == 1
    assert words in done.out.replace("\n", "")
    assert it.happened("setup") == []


# ---- topologies


def changed(**computer: Any) -> dict[str, Any]:
    return two_nodes("sp1", "2008", computers=[{"name": "NEW", **computer}])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            changed(features=["Nonsense"]),
            "t.yml: computers[0].features: 'Nonsense': Windows Server 2008 Enterprise does",
        ),
        (
            changed(windows={"family": "2003"}, features=["RSAT"]),
            "t.yml: computers[0].features: ['RSAT']: only Windows Server 2008",
        ),
        (
            changed(windows={"edition": "Standard"}, features=["Failover-Clustering"]),
            "t.yml: computers[0].features: 'Failover-Clustering': Windows Server 2008 Standard does",
        ),
        (changed(windows={"edition": "Home"}), "t.yml: computers[0].windows.edition: 'Home': use one of Standard"),
        (changed(windows={"family": "xp", "core": True}), "t.yml: computers[0].windows.core: True: only Windows"),
        (
            changed(windows={"core": True}, exchange={"release": "sp1"}),
            "t.yml: computers[0].windows.core: True: Exchange 2007 does not",
        ),
        (
            two_nodes("sp1", "2008", nodes=[{"name": "NODEA", "windows": {"edition": "Standard"}}, {"name": "NODEB"}]),
            "t.yml: clusters[0].nodes: 'Standard': a cluster needs",
        ),
    ],
)
def test_what_a_topology_cannot_have(data: Any, message: Any) -> None:
    with pytest.raises(TopologyError) as error:
        read(Section("t.yml", "", data), "t")
    assert str(error.value).startswith(message)


def test_features_are_inherited_and_overridden() -> None:
    nodes = [{"name": "NODEA", "features": []}, {"name": "NODEB"}]
    it = lab({**two_nodes("sp1", "2008", nodes=nodes), "features": ["Telnet-Client"]})
    assert (installed(it, "NODEA"), installed(it, "NODEB")) == (set(), {"Telnet-Client"})
