# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public folders: the hierarchy, replica lists, the scripts, and contents that follow slowly (exchange.md 7)."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import snapshot
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.mail_lab import inject, mail
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.powershell_lab import Shell, turn
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import ccr

SCRIPTS = r"C:\Program Files\Microsoft\Exchange Server\Scripts"
OLD_DB = r"MAIL-OLD\Public Folders\Public Folder Database"
NEW_DB = r"MAIL-NEW\Public Folders\Public Folder Database"
OFFERS = r"\Sales\Offers & Orders"
EVERYTHING = 21  # folders, system folders and both roots among them
LEFT = "@(Get-PublicFolderStatistics -Server MAIL-OLD).Length"


@pytest.fixture(scope="module")
def reader() -> Shell:
    return mail()


def script(it: Shell, name: str, arguments: str) -> str:
    answer = it.run(f"& '{SCRIPTS}\\{name}' {arguments}")
    return answer.err.replace("\n", "")


def replicas(it: Shell, path: str) -> list[str]:
    found: list[str] = snapshot.folders(it.lab.world)[path]["replicas"]
    return found


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("Get-PublicFolder | % { $_.Name; $_.Identity; [string]$_.Replicas }", ["IPM_SUBTREE", "\\", OLD_DB]),
        ("Get-PublicFolder \\ -GetChildren | % { $_.Name }", ["Projects", "Sales"]),
        ("@(Get-PublicFolder \\ -Recurse -ResultSize Unlimited).Length", ["10"]),
        ("@(Get-PublicFolder \\non_ipm_subtree -Recurse).Length", ["11"]),
        ("Get-PublicFolder '\\Sales\\Offers & Orders' | % { $_.ParentPath; $_.HasSubFolders }", ["\\Sales", "False"]),
        ("(Get-PublicFolder (Get-PublicFolder \\Sales).EntryId).Name", ["Sales"]),
        (
            "Get-PublicFolder \\Sales | % { $_.Replicas } | % { $_.DistinguishedName.Substring(0, 9) }",
            ["CN=Public"],
        ),
        (
            "Get-PublicFolderStatistics '\\Sales\\Offers & Orders' -Server MAIL-OLD | "
            '% { "$($_.ItemCount) $($_.TotalItemSize) $($_.FolderPath) $($_.IsDeletePending)" }',
            [r"1200 150MB Sales\Offers & Orders False"],
        ),
        ("@(Get-PublicFolderStatistics -Server MAIL-NEW).Length", ["0"]),
    ],
)
def test_reading(reader: Shell, command: str, lines: list[str]) -> None:
    answer = reader.run(command)
    assert (answer.lines, answer.err, answer.effects) == (lines, "", ())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("Get-PublicFolder \\Nope", "object '\\Nope' could not be found on server"),
        ("Get-PublicFolder -Server NOPE", "object 'NOPE' could not be found"),
        ("Set-PublicFolder \\Sales -Replicas 'MAIL-NEW\\Mailbox Database'", "Could not find public folder database"),
        ("Set-PublicFolder \\Sales -Replicas 'Public Folder Database'", "is not unique"),
        ("Set-PublicFolder \\Sales -Replicas @()", "must have at least one replica"),
    ],
)
def test_refusals_change_nothing(reader: Shell, command: str, words: str) -> None:
    answer = reader.run(command)
    assert words in answer.err.replace("\n", "")
    assert answer.effects == ()


def test_a_new_replica_is_listed_at_once_and_fills_slowly() -> None:
    it = mail()
    it.run(f"Set-PublicFolder '{OFFERS}' -Replicas '{OLD_DB}','{NEW_DB}'")
    assert replicas(it, OFFERS) == ["MAIL-OLD", "MAIL-NEW"]
    counts = []
    for _look in range(4):
        counts.append(int(it.run(f"(Get-PublicFolderStatistics '{OFFERS}' -Server MAIL-NEW).ItemCount").lines[0]))
        it.lab.wait(290)
    assert counts[0] == 0
    assert 0 < counts[1] < 1200
    assert counts[-1] == 1200
    assert it.lab.happened("public folder") == ["replica added", "content replicated"]


def test_a_removed_replica_is_kept_until_the_others_have_everything() -> None:
    it = mail()
    it.run(f"Set-PublicFolder '{OFFERS}' -Replicas '{NEW_DB}'")
    gone = f"Get-PublicFolderStatistics '{OFFERS}' -Server MAIL-OLD | % {{ \"$($_.ItemCount) $($_.IsDeletePending)\" }}"
    assert it.run(gone).lines == ["1200 True"]
    it.lab.wait(2000)
    assert it.run(gone).lines == []
    assert snapshot.folders(it.lab.world)[OFFERS]["content"] == {"MAIL-NEW": 1200}
    assert it.lab.rules() == []


@pytest.mark.parametrize("names", ["full", "name"])
def test_the_three_steps_of_the_reference(names: str) -> None:
    it = turn(mail(), replica_names=names)
    for top in ("\\", "\\Non_IPM_Subtree"):
        assert script(it, "AddReplicaToPFRecursive.ps1", f"-TopPublicFolder {top} -ServerToAdd MAIL-NEW") == ""
    assert all(folder["replicas"] == ["MAIL-OLD", "MAIL-NEW"] for folder in snapshot.folders(it.lab.world).values())
    assert script(it, "MoveAllReplicas.ps1", "-Server MAIL-OLD -NewServer MAIL-NEW") == ""
    assert all(folder["replicas"] == ["MAIL-NEW"] for folder in snapshot.folders(it.lab.world).values())
    assert it.run(LEFT).lines == [str(EVERYTHING)]
    it.lab.wait(3600)
    assert it.run(LEFT).lines == ["0"]
    assert all(folder["settled"] for folder in snapshot.folders(it.lab.world).values())
    assert it.lab.rules() == []


def test_a_script_twice_changes_nothing_the_second_time() -> None:
    it = mail()
    line = f"& '{SCRIPTS}\\AddReplicaToPFRecursive.ps1' -TopPublicFolder \\ -ServerToAdd MAIL-NEW -Server MAIL-OLD"
    assert len(it.run(line).effects) == 10
    assert it.run(line).effects == ()


@pytest.mark.parametrize(
    ("name", "arguments", "found"),
    [
        ("RemoveReplicaFromPFRecursive.ps1", "-TopPublicFolder \\Sales -ServerToRemove MAIL-OLD", ["MAIL-OLD"]),
        (
            "ReplaceReplicaOnPFRecursive.ps1",
            "-TopPublicFolder \\Sales -ServerToAdd MAIL-NEW -ServerToRemove MAIL-OLD",
            ["MAIL-NEW"],
        ),
    ],
)
def test_the_other_scripts(name: str, arguments: str, found: list[str]) -> None:
    it = mail()
    assert script(it, name, arguments) == ""
    assert replicas(it, OFFERS) == found  # the last replica is never removed
    assert replicas(it, r"\Projects") == ["MAIL-OLD"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("AddReplicaToPFRecursive.ps1", "-TopPublicFolder \\"),
        ("AddReplicaToPFRecursive.ps1", "-TopPublicFolder \\ -ServerToAdd NOPE"),
        ("MoveAllReplicas.ps1", "-Server MAIL-OLD"),
    ],
)
def test_scripts_refuse(name: str, arguments: str) -> None:
    it = mail()
    assert script(it, name, arguments)
    assert it.lab.happened("public folder") == []


def test_replication_stalls_and_goes_on() -> None:
    it = mail()
    inject(it, "folders_stall", server="MAIL-NEW")
    script(it, "MoveAllReplicas.ps1", "-Server MAIL-OLD -NewServer MAIL-NEW")
    it.lab.wait(10_000)
    assert it.run(LEFT).lines == [str(EVERYTHING)]
    inject(it, "folders_go_on", server="MAIL-NEW")
    it.lab.wait(3600)
    assert it.run(LEFT).lines == ["0"]


def test_nothing_replicates_while_the_database_is_dismounted() -> None:
    it = mail()
    script(it, "MoveAllReplicas.ps1", "-Server MAIL-OLD -NewServer MAIL-NEW")
    inject(it, "database_dismounted", database=r"MAIL-OLD\Public Folder Database")
    it.lab.wait(5000)
    assert "MapiExceptionMdbOffline" in it.run(LEFT).err
    inject(it, "database_mounted", database=r"MAIL-OLD\Public Folder Database")
    it.lab.wait(3600)
    assert it.run(LEFT).lines == ["0"]
    assert it.lab.rules() == []


def test_an_organisation_without_public_folders() -> None:
    it = Shell(ccr())
    assert "no mounted public folder database" in it.run("Get-PublicFolder").err.replace("\n", "")
    assert it.run("Get-PublicFolderDatabase").out == ""
