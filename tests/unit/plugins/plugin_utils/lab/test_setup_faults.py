# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why Setup failed, by name: what each failure prints, logs and leaves behind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cli import main
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.exchange_registry import marks, role_key
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.faults import ABOUT, NAMES, parse
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.setup_faults import SETUP_FAULTS
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Power
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import SP2, Lab, ccr

LOGS = r"C:\ExchangeSetupLogs"
STEP = re.compile(r"^    (?P<step>\S.{32})\.{25} (?P<word>\S+)$", re.MULTILINE)
SUCCESS = "The Microsoft Exchange Server setup operation completed successfully.\n"
FAILURE = "The Exchange Server Setup operation did not complete. For more information, visi\nt http://support"
ERROR = "Exchange Server setup encountered an error.\n"
INTERRUPTED = {"MailboxRole": "BuildToBuildUpgrade"}


@dataclass(frozen=True)
class Run:
    """What one failed run left."""

    it: Lab
    rc: int | None
    out: str
    err: str

    @property
    def words(self) -> str:
        return self.out.replace("\n", "")

    @property
    def steps(self) -> dict[str, str]:
        return {m["step"].strip(): m["word"] for m in STEP.finditer(self.out)}

    @property
    def log(self) -> str:
        return self.it.host("NODEB").files.read(LOGS + r"\ExchangeSetup.log").decode()

    @property
    def upgraded(self) -> bool:
        bits = self.it.host("NODEB").bits
        assert bits
        return bits.complete and bits.version[:2] == (8, 2)


def plain_ccr() -> Lab:
    """NODEB emptied, and a Setup that doesn't redraw its lines."""
    it = ccr(knobs={"setup_redraws": "none"})
    for name in ("Cluster Group", "Print & Fax (HQ)"):
        it.world.physics.begin_move(it.group(name), "NODEA", None)
    it.wait(60)
    return it


def run(name: str, line: str = f"{SP2} /m:upgrade", **fields: str) -> Run:
    """Setup on NODEB with one named failure."""
    it = plain_ccr()
    it.world.faults.inject(name, {"host": "NODEB", **fields})
    done = it.run("NODEB", line)
    return Run(it, done.rc, done.out, done.err)


@pytest.mark.parametrize(
    ("name", "line", "words", "left"),
    [
        ("setup_restart_pending", "Mailbox Role Checks", "a restart from a previous installation or update is", {}),
        ("setup_interrupted", "Mailbox Role Checks", "A Setup failure previously", {"MailboxRole": "Install"}),
        ("setup_prerequisite", "Mailbox Role Checks", "Knowledge Base article 931836.", {}),
        ("setup_schema", "Mailbox Role Checks", "schema is not up to date", {}),
        ("setup_resources_online", "Mailbox Role Checks", "Cluster resources are online", {}),
        ("setup_interim_update", "Mailbox Role Checks", "An interim update", {}),
        ("setup_rollup_cache", "Removing Exchange Files", "Error code is 1635.", INTERRUPTED),
        ("setup_msi_1638", "Copying Exchange files", r"'D:\media\sp2\exchangeserver.msi' failed.", INTERRUPTED),
        ("setup_msi_1638", "Copying Exchange files", "Error code is 1638.", INTERRUPTED),
        ("setup_msi_1625", "Copying Exchange files", "forbidden by system policy.  Contact", INTERRUPTED),
        ("setup_disk_full", "Copying Exchange files", "Error code is 112.", INTERRUPTED),
        ("setup_media_gone", "Copying Exchange files", "Error code is 1612.", INTERRUPTED),
        ("setup_no_dns", "Mailbox Server Role", "could not be contacted", INTERRUPTED),
        ("setup_fail", "Copying Setup Files", "Error code is 1603.", {}),
    ],
)
def test_a_check_or_step_that_fails(name: Any, line: Any, words: Any, left: Any) -> None:
    done = run(name)
    assert (done.rc, done.upgraded) == (1, False)
    assert list(done.steps.items())[-1] == (line, "FAILED")
    assert words in done.words
    assert done.out.endswith(ERROR)
    assert FAILURE in done.out
    assert SUCCESS not in done.out
    assert marks(done.it.host("NODEB")) == left
    assert "[ERROR] " in done.log or name == "setup_disk_full"
    assert name == "setup_disk_full" or done.log.endswith("End of Setup: failed.\r\n")


def test_the_text_of_a_check_wraps_hard_below_its_line() -> None:
    done = run("setup_prerequisite")
    lines = done.out[done.out.index("    Mailbox Role Checks") :].splitlines()
    assert lines == [
        "    Mailbox Role Checks              ......................... FAILED",
        " The Microsoft .NET Framework 2.0 Service Pack 1 or the update described in Micr",
        "osoft Knowledge Base article 942027 is recommended.",
        "     This computer requires the update described in Microsoft Knowledge Base art",
        "icle 931836. Download and install the update from http://support.microsoft.com/k",
        "b/931836, and then run Setup again.",
        "The Exchange Server Setup operation did not complete. For more information, visi",
        "t http://support.microsoft.com and enter the Error ID.",
        "Exchange Server setup encountered an error.",
    ]
    assert "Configuring" not in done.out


def test_a_denied_directory_ends_setup_at_once() -> None:
    done = run("setup_access_denied")
    assert done.rc == 1
    assert done.out.splitlines()[1:] == [
        "Welcome to Microsoft Exchange Server 2007 Unattended Setup",
        "Preparing Exchange Setup",
        ERROR.strip(),
    ]
    assert "[ERROR] Active Directory cannot be reached: access is denied." in done.log


def test_the_marks_of_a_pending_restart_stay_and_a_restart_helps() -> None:
    it = run("setup_restart_pending").it
    assert it.world.physics.pending_restart(it.host("NODEB")) == ["PendingFileRenameOperations"]
    it.world.physics.shutdown(it.host("NODEB"), True, 0, None)
    it.wait(600)
    assert it.run("NODEB", f"{SP2} /m:upgrade").rc == 0


def test_a_step_that_fails_without_a_line_of_its_own() -> None:
    done = run("setup_silent_step")
    assert (done.rc, done.upgraded) == (1, False)
    assert "FAILED" not in done.out
    assert "Mailbox Server Role" not in done.out
    assert list(done.steps)[-1] == "Copying Exchange files"
    assert "\n     An unknown error occurred" in done.out
    assert done.out.endswith(ERROR)
    assert marks(done.it.host("NODEB")) == INTERRUPTED


def test_setup_ends_without_a_word_and_with_0() -> None:
    done = run("setup_stops")
    assert (done.rc, done.upgraded) == (0, False)
    assert done.out.endswith("    Mailbox Server Role              ")
    assert "End of Setup" not in done.log
    assert marks(done.it.host("NODEB")) == INTERRUPTED


def test_setup_hangs_until_it_is_killed() -> None:
    it = plain_ccr()
    it.world.faults.inject("setup_hangs", {})
    proc = it.start("NODEB", f"{SP2} /m:upgrade")
    it.wait(100000)
    assert proc.exit_code is None
    proc.kill()
    assert it.end(proc).rc == 1
    assert marks(it.host("NODEB")) == INTERRUPTED


def test_a_node_that_crashes_in_a_step_comes_back_and_goes_on() -> None:
    it = plain_ccr()
    it.world.faults.inject("setup_crash", {"host": "NODEB"})
    proc = it.start("NODEB", f"{SP2} /m:upgrade")
    while proc.exit_code is None:
        it.wait(10)
    node = it.host("NODEB")
    assert (node.power, node.bits and node.bits.complete) == (Power.OFF, False)
    it.wait(600)
    assert (node.boots, marks(node)) == (1, INTERRUPTED)
    assert it.run("NODEB", f"{SP2} /m:upgrade").rc == 0
    assert node.bits and node.bits.complete


def test_services_that_nobody_starts_again() -> None:
    it = plain_ccr()
    it.world.faults.inject("setup_services", {})
    names = [s.name for s in it.host("NODEB").services.values() if s.name.startswith("MSExchange")]
    running = [name for name in names if it.host("NODEB").services[name.lower()].state == "running"]
    done = it.run("NODEB", f"{SP2} /m:upgrade")
    assert (done.rc, done.out.endswith(SUCCESS), bool(running)) == (0, True, True)
    assert {it.host("NODEB").services[name.lower()].state for name in names} == {"stopped"}


@pytest.mark.parametrize(("name", "rc", "sentence"), [("setup_no_success", 0, False), ("setup_exit_1", 1, True)])
def test_words_and_exit_code_that_do_not_fit(name: Any, rc: Any, sentence: Any) -> None:
    done = run(name)
    assert (done.rc, done.out.endswith(SUCCESS), done.upgraded) == (rc, sentence, True)
    assert ERROR not in done.out
    assert marks(done.it.host("NODEB")) == {}


def test_the_wrong_bitness() -> None:
    done = run("setup_wrong_bitness")
    assert (done.rc, done.out) == (216, "")
    assert done.err == (
        r"The image file D:\media\sp2\Setup.com is valid, but is for a machine type other than the current machine."
        "\n"
    )
    assert not done.it.host("NODEB").files.is_dir(LOGS)


def test_the_media_is_really_gone() -> None:
    it = run("setup_media_gone").it
    assert it.host("NODEB").files.listdir(r"D:\media\sp2") == []
    assert it.run("NODEB", f"{SP2} /m:upgrade").rc != 0
    assert it.host("NODEA").files.entry(SP2)


def test_a_full_disk_cuts_the_log_off() -> None:
    done = run("setup_disk_full")
    assert done.it.host("NODEB").files.free_bytes == 0
    assert done.log.endswith("Beginning: Copying Exchange files\r\n")


def test_a_rerun_after_a_failed_step_goes_on_where_it_ended() -> None:
    it = run("setup_msi_1625").it
    done = it.run("NODEB", f"{SP2} /m:upgrade")
    assert done.rc == 0
    assert [m["step"].strip() for m in STEP.finditer(done.out)][:2] == ["Copying Setup Files", "Copying Exchange files"]


@pytest.mark.parametrize("name", ["setup_prerequisite", "setup_no_dns"])
def test_upgradecms_fails_in_the_same_ways(name: Any) -> None:
    it = plain_ccr()
    assert it.run("NODEB", f"{SP2} /m:upgrade").rc == 0
    it.world.physics.shutdown(it.host("NODEB"), True, 0, None)
    it.wait(600)
    it.world.physics.stop_cms(it.cms, "x", None)
    it.wait(60)
    it.world.physics.move_cms(it.cms, "NODEB", "x", None)
    it.wait(60)
    it.world.faults.inject(name, {})
    done = it.run("NODEB", f"{SP2} /upgradecms")
    assert (done.rc, it.cms.version[:2]) == (1, (8, 0))
    left = {} if name == "setup_prerequisite" else {"ClusteredMailboxServer": "UpgradeClusteredMailboxServer"}
    assert marks(it.host("NODEB")) == left
    assert it.run("NODEB", f"{SP2} /upgradecms").rc == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"match": "Preparing Files"}, "Error code is 1603."),
        ({"match": "Preparing Files", "text": "Bad luck."}, "luck"),
    ],
)
def test_place_and_text_can_be_chosen(fields: Any, words: Any) -> None:
    done = run("setup_fail", **fields)
    assert list(done.steps.items())[-1] == ("Preparing Files", "FAILED")
    assert words in done.words


def test_a_failure_strikes_as_often_as_it_should() -> None:
    it = plain_ccr()
    it.world.faults.inject("setup_access_denied", {"count": "2"})
    assert [it.run("NODEB", f"{SP2} /m:upgrade").rc for _time in range(3)] == [1, 1, 0]


def test_a_failure_of_setup_leaves_other_programs_alone() -> None:
    it = plain_ccr()
    for name in SETUP_FAULTS:
        it.world.faults.inject(name, {"count": "0"})
    assert it.run("NODEB", "hostname").rc == 0


def test_the_failing_task_is_found_by_its_watermark() -> None:
    done = run("setup_msi_1638")
    files = done.it.host("NODEB").files
    scripts = [name for name in files.listdir(LOGS) if name.endswith(".ps1")]
    assert [re.sub(r"\d{8}-\d{6}", "X", name) for name in scripts] == [
        "BuildToBuildUpgrade-AdminTools-X.ps1",
        "BuildToBuildUpgrade-MailboxRole-X.ps1",
    ]
    text = files.read(f"{LOGS}\\{scripts[1]}").decode()
    found = re.findall(r"'(.+)' # \[ID = ([0-9a-f]{8}), Wt = \d+, isFatal = (?:True|False)\]\r\n", text)
    mark = str(done.it.host("NODEB").registry.get(role_key("MailboxRole"), "Watermark"))
    assert [step for step, id_ in found if id_ == mark[:8]] == ["Copying Exchange files"]


def test_every_failure_is_listed() -> None:
    assert set(ABOUT) == set(NAMES)
    assert all(about and len(about) < 100 and "\n" not in about for about in ABOUT.values())


def test_the_lab_lists_its_faults(capsys: Any) -> None:
    assert main(["faults"]) == 0
    out = capsys.readouterr().out
    assert [name for name in NAMES if not re.search(rf"^{name} ", out, re.MULTILINE)] == []


@pytest.mark.parametrize("name", SETUP_FAULTS)
def test_a_failure_of_setup_belongs_to_setup(name: Any) -> None:
    assert parse(name, {}).program == "setup"
