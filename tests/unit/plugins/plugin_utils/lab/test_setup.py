# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setup.com: what it prints, what it refuses, and what it does to a node and its cluster."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.exchange_registry import EXCHANGE, PATCHES, marks
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs.setup_arguments import (
    ArgumentError,
    parse,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import GroupState
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    BATCH,
    NETWORK,
    SP2,
    USER,
    Lab,
    ccr,
    lab,
    scc,
    two_nodes,
)

MAILBOX = EXCHANGE + r"\MailboxRole"
STEP = re.compile(r"^    (?P<step>\S.{32})\.{25} (?P<word>\S+)$", re.MULTILINE)
NOBODY = Logon("LAB\\stranger", "batch")


def drained(**knobs: object) -> Lab:
    """The CCR cluster with NODEB emptied: ready for the passive upgrade."""
    it = ccr(knobs=knobs)
    for name in ("Cluster Group", "Print & Fax (HQ)"):
        it.world.physics.begin_move(it.group(name), "NODEA", None)
    it.wait(60)
    return it


def plain(text: str) -> str:
    """A console text without what was redrawn."""
    return re.sub(r"[ 0-9]{3}%", "", text.replace("\b", ""))


def reboot(it: Lab, name: str) -> None:
    it.world.physics.shutdown(it.host(name), True, 0, None)
    it.wait(600)


def handed_over(**knobs: object) -> Lab:
    """NODEB upgraded and restarted, CMS1 stopped and moved there."""
    it = drained(**knobs)
    assert it.run("NODEB", f"{SP2} /m:upgrade").rc == 0
    reboot(it, "NODEB")
    it.world.physics.stop_cms(it.cms, "upgrade", None)
    it.wait(60)
    it.world.physics.move_cms(it.cms, "NODEB", "upgrade", None)
    it.wait(60)
    return it


def bricked(**knobs: object) -> Lab:
    """Both nodes upgraded, the CMS forgotten."""
    it = drained(**knobs)
    it.run("NODEB", f"{SP2} /m:upgrade")
    reboot(it, "NODEB")
    it.run("NODEA", f"{SP2} /m:upgrade")
    reboot(it, "NODEA")
    return it


def test_the_console_of_a_passive_node() -> None:
    done = drained().run("NODEB", f"{SP2} /m:upgrade")
    assert done.rc == 0
    assert (
        plain(done.out)
        == """
Welcome to Microsoft Exchange Server 2007 Unattended Setup
Preparing Exchange Setup
    Copying Setup Files              ......................... COMPLETED
The following server roles will be upgraded
    Mailbox Role
    Management Tools
Performing Microsoft Exchange Server Prerequisite Check
    Mailbox Role Checks              ......................... COMPLETED
Configuring Microsoft Exchange Server
    Preparing Setup                  ......................... COMPLETED
    Removing Exchange Files          ......................... COMPLETED
    Preparing Files                  ......................... COMPLETED
    Copying Exchange files           ......................... COMPLETED
    Mailbox Server Role              ......................... COMPLETED
    Exchange Management Tools        ......................... COMPLETED
    Finalizing Setup                 ......................... COMPLETED
The Microsoft Exchange Server setup operation completed successfully.
"""
    )


def test_what_an_upgrade_leaves_on_the_node() -> None:
    it = drained()
    node = it.host("NODEB")
    assert node.registry.get(MAILBOX, "ConfiguredVersion") == "8.0.685.25"
    assert len(node.registry.subkeys(PATCHES)) == 1
    it.run("NODEB", f"{SP2} /m:upgrade")
    assert node.bits and node.bits.version == (8, 2, 176, 2)
    assert node.registry.get(MAILBOX, "ConfiguredVersion") == "8.2.176.2"
    assert node.registry.get(EXCHANGE + r"\Setup", "MsiProductMinor") == 2
    assert node.registry.subkeys(PATCHES) == []
    assert marks(node) == {}
    assert it.world.physics.pending_restart(node) == ["PendingFileRenameOperations"]
    program = node.files.entry(r"C:\Program Files\Microsoft\Exchange Server\bin\ExSetup.exe")
    assert program and program.version == "8.2.176.2"
    assert it.cms.version == (8, 0, 685, 24)
    assert it.rules() == []
    assert it.world.truth.outage("CMS1")["total_seconds"] == 0


def test_the_cluster_service_of_the_node_stops_and_starts_again() -> None:
    it = drained()
    it.run("NODEB", f"{SP2} /m:upgrade")
    it.wait(60)
    assert it.happened("node") == ["down", "joining", "up"]


def test_the_log_grows_with_every_run() -> None:
    it = drained()
    it.run("NODEB", f"{SP2} /m:upgrade", NETWORK)
    before = it.host("NODEB").files.read(r"C:\ExchangeSetupLogs\ExchangeSetup.log")
    it.run("NODEB", f"{SP2} /m:upgrade /dc:DC1")
    log = it.host("NODEB").files.read(r"C:\ExchangeSetupLogs\ExchangeSetup.log")
    assert log.startswith(before)
    text = log.decode()
    assert re.match(r"\[\d+/\d+/\d{4} \d+:\d\d:\d\d [AP]M\] \[0\] Starting Microsoft Exchange 2007 Setup\r\n", text)
    assert "Setup version: 8.2.176.2." in text
    assert "Command Line Parameter Name='domaincontroller', Value='DC1'." in text
    assert r"Command Line Parameter Name='sourcedir', Value='D:\media\sp2'." in text


def test_exsetup_is_seen_while_setup_runs() -> None:
    it = drained()
    proc = it.start("NODEB", f"{SP2} /m:upgrade")
    it.wait(100)
    assert [p.argv[0] for p in it.host("NODEB").processes] == ["cmd.exe", SP2, "ExSetup.exe"]
    second = it.run("NODEB", f"{SP2} /m:upgrade")
    assert (second.rc, second.out.splitlines()[-1]) == (1, "Exchange Server setup encountered an error.")
    assert it.end(proc).rc == 0
    assert it.host("NODEB").processes == []


def test_ending_exsetup_ends_setup() -> None:
    it = drained()
    proc = it.start("NODEB", f"{SP2} /m:upgrade")
    it.wait(900)
    next(p for p in it.host("NODEB").processes if p.argv[0] == "ExSetup.exe").kill()
    assert it.end(proc).rc == 1
    assert "Action" in str(it.host("NODEB").registry.values(MAILBOX))


@pytest.mark.parametrize(
    ("logon", "arguments"),
    [
        (NETWORK, "/m:upgrade"),
        (Logon(USER, "batch", elevated=False), "/m:upgrade"),
        (Logon("NT AUTHORITY\\SYSTEM", "service"), "/m:upgrade"),
        (BATCH, "/m:upgrade /dc:NOWHERE"),
        (BATCH, r"/m:upgrade /af:C:\nothing.txt"),
        (BATCH, "/m:install"),
    ],
)
def test_very_early_failures(logon: Any, arguments: Any) -> None:
    it = drained()
    done = it.run("NODEB", f"{SP2} {arguments}", logon)
    assert done.rc == 1
    assert done.out.splitlines()[1:] == [
        "Welcome to Microsoft Exchange Server 2007 Unattended Setup",
        "Preparing Exchange Setup",
        "Exchange Server setup encountered an error.",
    ]
    assert it.happened("setup") == []


def test_an_upgrade_of_the_active_node_takes_mail_away() -> None:
    it = ccr()
    done = it.run("NODEA", f"{SP2} /m:upgrade")
    assert done.rc == 0
    assert it.cms.group.owner == "NODEB"
    assert it.rules() == ["I1"]
    assert it.world.truth.outage("CMS1")["total_seconds"] == pytest.approx(30, abs=1)


def test_during_an_upgrade_the_node_can_run_nothing() -> None:
    it = drained()
    it.start("NODEB", f"{SP2} /m:upgrade")
    it.wait(1000)
    it.world.physics.crash(it.host("NODEA"), stays_down=True)
    it.wait(60)
    assert it.cms.group.state() is GroupState.OFFLINE
    assert it.world.truth.outage("CMS1")["open"]


def test_the_forgotten_upgradecms_bricks_the_server() -> None:
    it = bricked()
    assert "I2" in it.rules()
    assert it.cms.group.state() is GroupState.FAILED
    it.world.physics.start_cms(it.cms, None)
    it.wait(100)
    assert it.cms.group.state() is GroupState.FAILED
    done = it.run(it.cms.group.owner, f"{SP2} /upgradecms")
    assert done.rc == 1
    assert "already installed on this cluster" in done.out
    assert it.cms.version == (8, 0, 685, 24)


@pytest.mark.parametrize("key", ["ClusteredMailboxServer", "CMS"])
def test_deleting_the_key_by_hand_frees_a_bricked_server(key: Any) -> None:
    it = bricked(cms_key=key)
    owner = it.cms.group.owner
    it.host(owner).registry.delete_key(f"{EXCHANGE}\\{key}")
    assert it.run(owner, f"{SP2} /upgradecms").rc == 0
    it.world.physics.start_cms(it.cms, None)
    it.wait(100)
    assert it.cms.group.state() is GroupState.ONLINE


@pytest.mark.parametrize(("starts", "state"), [(False, GroupState.OFFLINE), (True, GroupState.ONLINE)])
def test_upgradecms(starts: Any, state: Any) -> None:
    it = handed_over(upgrade_cms_starts=starts)
    done = it.run("NODEB", f"{SP2} /upgradecms")
    assert (done.rc, [m["step"].strip() for m in STEP.finditer(plain(done.out))]) == (
        0,
        ["Clustered Mailbox Server Checks", "Clustered Mailbox Server"],
    )
    assert it.cms.version == (8, 2, 176, 2)
    it.wait(60)
    assert it.cms.group.state() is state
    assert it.rules() == []
    again = it.run("NODEB", f"{SP2} /upgradecms")
    assert again.rc == 1
    assert "has this version already" in again.out


def test_the_whole_way() -> None:
    it = handed_over()
    it.run("NODEB", f"{SP2} /upgradecms")
    it.world.physics.start_cms(it.cms, None)
    for name in ("Cluster Group", "Print & Fax (HQ)"):
        it.world.physics.begin_move(it.group(name), "NODEB", None)
    it.wait(60)
    assert it.run("NODEA", f"{SP2} /m:upgrade").rc == 0
    reboot(it, "NODEA")
    it.wait(300)
    assert it.cms.group.state() is GroupState.ONLINE
    assert it.rules() == []
    assert it.world.physics.mail_copies.healthy(it.cms)
    assert not it.world.truth.outage("CMS1")["open"]


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda it: it.world.physics.begin_move(it.cms.group, "NODEA", None), "does not own a clustered"),
        (lambda it: it.world.physics.stop_service(it.host("NODEB"), "ClusSvc", None), "Cluster service is not running"),
        (lambda it: it.world.physics.set_pending_restart(it.host("NODEB"), None), "a restart from a previous"),
        (lambda it: it.host("NODEB").registry.set(MAILBOX, "Watermark", "x"), "A Setup failure previously occurred"),
    ],
)
def test_upgradecms_refuses(prepare: Any, words: Any) -> None:
    it = handed_over()
    prepare(it)
    it.wait(3)
    done = it.run("NODEB", f"{SP2} /upgradecms")
    assert done.rc == 1
    assert words in done.out.replace("\n", "")
    assert it.cms.version == (8, 0, 685, 24)


def test_upgradecms_on_old_bits_is_refused_and_breaks_i3() -> None:
    it = ccr()
    done = it.run("NODEA", f"{SP2} /upgradecms")
    assert done.rc == 1
    assert it.rules() == ["I3", "I3"]


@pytest.mark.parametrize(
    ("change", "media", "words"),
    [
        ({}, "sp1", "already installed. Error code is 1638"),
        ({"windows": {"family": "2003", "service_pack": 1}}, "sp2", "Service Pack 2 or later"),
        ({"computers": [{"name": "ADMIN"}], "knobs": {"setup_checks_groups": True}}, "sp2", "Cluster resources are"),
        (
            {"services": {"SysmonLog": "running"}, "knobs": {"setup_fails_on_open_files": True}},
            "sp2",
            "Performance Logs",
        ),
    ],
)
def test_prerequisites(change: Any, media: Any, words: Any) -> None:
    it = lab({**two_nodes("sp1"), **change})
    done = it.run("NODEB", rf"D:\media\{media}\Setup.com /m:upgrade")
    assert done.rc == 1
    assert words in done.out.replace("\n", "")
    assert "Mailbox Role Checks              ......................... FAILED" in plain(done.out)
    assert "Configuring" not in done.out
    assert it.happened("setup") == []


def test_a_full_disk_is_refused() -> None:
    it = drained()
    it.host("NODEB").files.free_bytes = 10**6
    assert "not enough free disk space" in it.run("NODEB", f"{SP2} /m:upgrade").out


def test_a_disk_that_fills_up_on_the_way_fails_a_step() -> None:
    it = drained()
    proc = it.start("NODEB", f"{SP2} /m:upgrade")
    it.wait(530)
    it.host("NODEB").files.free_bytes = 10**6
    done = it.end(proc)
    assert (done.rc, STEP.findall(plain(done.out))[-1][1]) == (1, "FAILED")
    assert marks(it.host("NODEB")) == {"MailboxRole": "BuildToBuildUpgrade"}


def test_setup_killed_half_way_leaves_marks_and_resumes() -> None:
    it = drained()
    proc = it.start("NODEB", f"{SP2} /m:upgrade")
    it.wait(1000)
    proc.kill()
    assert it.end(proc).rc == 1
    node = it.host("NODEB")
    assert marks(node) == {"MailboxRole": "BuildToBuildUpgrade"}
    assert node.bits and not node.bits.complete
    assert node.services["clussvc"].state == "stopped"
    done = it.run("NODEB", f"{SP2} /m:upgrade")
    assert done.rc == 0
    steps = [m["step"].strip() for m in STEP.finditer(plain(done.out))]
    assert steps[:2] == ["Copying Setup Files", "Copying Exchange files"]
    assert "Prerequisite Check\nConfiguring" in done.out
    assert marks(node) == {}
    it.wait(60)
    assert it.world.physics.cluster_running(node)


def test_a_crash_in_the_middle_is_resumed_too() -> None:
    it = drained()
    it.start("NODEB", f"{SP2} /m:upgrade")
    it.wait(1500)
    it.world.physics.crash(it.host("NODEB"))
    it.wait(600)
    assert marks(it.host("NODEB"))
    assert it.run("NODEB", f"{SP2} /m:upgrade").rc == 0
    assert it.host("NODEB").bits.complete


def test_a_step_can_be_made_to_fail() -> None:
    it = drained()
    it.world.faults.inject("setup_fail", {"match": "Mailbox Server Role", "text": "Bad luck. " * 20})
    done = it.run("NODEB", f"{SP2} /m:upgrade")
    assert done.rc == 1
    assert "    Mailbox Server Role              ......................... FAILED\n     Bad luck." in plain(done.out)
    assert max(len(line) for line in plain(done.out).splitlines()) == 80
    assert done.out.endswith(
        "For more information, visi\nt http://support.microsoft.com and enter the Error ID.\n"
        "Exchange Server setup encountered an error.\n"
    )


def test_winrm_is_restarted_on_the_way() -> None:
    it = drained()
    shell = it.start("NODEB", "ping -n 100000 127.0.0.1", NETWORK)
    it.run("NODEB", f"{SP2} /m:upgrade")
    assert shell.killed
    assert it.host("NODEB").answers()


@pytest.mark.parametrize(
    ("knobs", "rc", "sentence"),
    [
        ({"setup_exit_code": "always_1"}, 1, True),
        ({"setup_success_sentence": False}, 0, False),
    ],
)
def test_what_setup_says_need_not_fit_its_exit_code(knobs: Any, rc: Any, sentence: Any) -> None:
    done = drained(**knobs).run("NODEB", f"{SP2} /m:upgrade")
    assert done.rc == rc
    assert ("completed successfully" in done.out) is sentence


@pytest.mark.parametrize(
    ("knob", "piece"),
    [
        ("none", "    Preparing Setup                  ......................... COMPLETED"),
        ("carriage_return", "\r    Preparing Setup                   80%\r    Preparing Setup                  ....."),
        ("backspace", " 80%\b\b\b\b......................... COMPLETED"),
    ],
)
def test_how_a_running_step_is_redrawn(knob: Any, piece: Any) -> None:
    assert piece in drained(setup_redraws=knob).run("NODEB", f"{SP2} /m:upgrade").out


def test_output_need_not_wrap() -> None:
    it = drained(setup_wraps=False)
    it.host("NODEB").files.free_bytes = 0
    it.host("NODEB").files.take = lambda size: None
    out = it.run("NODEB", f"{SP2} /m:upgrade").out
    assert "visit http://support.microsoft.com" in out


def test_another_language_keeps_the_layout() -> None:
    it = lab({**two_nodes("sp1"), "windows": {"family": "2003", "language": "xx"}})
    done = it.run("NODEB", f"{SP2} /m:upgrade")
    assert done.rc == 0
    assert len(STEP.findall(plain(done.out))) > 8
    assert not re.search("completed|Exchange|Setup", done.out, re.IGNORECASE)


def test_the_graphical_setup_waits_for_ever() -> None:
    it = ccr()
    proc = it.start("NODEB", r"D:\media\sp2\Setup.exe /m:upgrade")
    it.wait(50000)
    assert proc.exit_code is None


def test_one_upgradecms_a_server() -> None:
    it = scc()
    assert it.run("NODEC", f"{SP2} /m:upgrade").rc == 0
    reboot(it, "NODEC")
    it.world.physics.stop_cms(it.cms, "x", None)
    it.wait(60)
    it.world.physics.move_cms(it.cms, "NODEC", "x", None)
    it.wait(60)
    assert it.run("NODEC", f"{SP2} /upgradecms").rc == 0
    assert [cms.version[:2] for cms in it.cluster.mailbox_servers] == [(8, 2), (8, 1)]


@pytest.mark.parametrize(
    ("words", "act", "given"),
    [
        (["/m:upgrade"], "upgrade", {"mode": "upgrade"}),
        (["-Mode:Upgrade", "/DomainController:dc1"], "upgrade", {"mode": "Upgrade", "domaincontroller": "dc1"}),
        (["/UpgradeCMS", "/dc:dc1"], "upgradecms", {"upgradecms": "", "domaincontroller": "dc1"}),
        (["/ps"], "prepareschema", {"prepareschema": ""}),
        (["/m:upgrade", '/af:"C:\\a b.txt"'], "upgrade", {"mode": "upgrade", "answerfile": "C:\\a b.txt"}),
        ([], "install", {}),
    ],
)
def test_arguments(words: Any, act: Any, given: Any) -> None:
    found = parse(words)
    assert (found.act, found.given) == (act, given)


@pytest.mark.parametrize("words", [["upgrade"], ["/what"], ["/m:renew"], ["/m:"], ["/upgradecms", "/m:upgrade"]])
def test_arguments_that_setup_does_not_take(words: Any) -> None:
    with pytest.raises(ArgumentError):
        parse(words)


def test_a_wrong_argument_ends_setup_at_once() -> None:
    done = ccr().run("NODEB", f"{SP2} /what")
    assert done.rc == 1
    assert "The parameter '/what' is not valid." in done.out
