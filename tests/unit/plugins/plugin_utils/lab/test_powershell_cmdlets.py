# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cmdlets: those of PowerShell itself, and those of Exchange (exchange.md 6)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import NodeState
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.powershell_lab import (
    Answer,
    Shell,
    plain,
    shell,
    turn,
)
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    BATCH,
    lab,
    scc,
    two_nodes,
)

STOP = "Stop-ClusteredMailboxServer CMS1 -StopReason 'upgrade' -Confirm:$false"
START = "Start-ClusteredMailboxServer CMS1 -Confirm:$false"
MOVE = "Move-ClusteredMailboxServer CMS1 -TargetMachine NODEB -MoveComment 'upgrade' -Confirm:$false"
STATE = "[string](Get-ClusteredMailboxServerStatus CMS1).State"


def flat(answer: Answer) -> str:
    """The errors with the hard line ends taken out."""
    return answer.err.replace("\n", "")


@pytest.fixture(scope="module")
def powershell() -> Shell:
    return plain()


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("1,2,3 | Where-Object { $_ -gt 1 }; 1,2 | ? { $_ -eq 2 }", ["2", "3", "2"]),
        (
            "1,2 | ForEach-Object { 'b' } { $_ } { 'e' }; 1 | % -Begin { 'B' } -Process { $_ } -End { 'E' }",
            ["b", "1", "2", "e", "B", "1", "E"],
        ),
        ("1..5 | Select-Object -First 2; 1..5 | select -Last 1; 1,1,2 | select -Unique", ["1", "2", "5", "1", "2"]),
        ("3,1,2 | Sort-Object; 'b','a' | sort -Descending; 2,1,2 | sort -Unique", ["1", "2", "3", "b", "a", "1", "2"]),
        ("Get-Service | Sort-Object Name | Select-Object -First 1 | % { $_.Name }", ["ClusSvc"]),
        (
            "(1,2,3 | Measure-Object).Count; (1,2 | measure -Sum -Average -Maximum).Sum; ('a' | measure).Count",
            ["3", "3", "1"],
        ),
        ("'a','b','a' | Group-Object | % { \"$($_.Name)$($_.Count)\" }", ["a2", "b1"]),
        ("Get-Service WinRM | Select-Object -ExpandProperty Name; @{a=1} | % { $_.a }", ["WinRM", "1"]),
        ("(Get-Service WinRM | select Name, @{n='S';e={ 'is ' + $_.Status }}).S", ["is Running"]),
        ("1,2 | Tee-Object -Variable t | Out-Null; $t[1]", ["2"]),
        (
            "Write-Output 1 2; echo a b; Write-Host a b; Write-Host c -NoNewline; Write-Host d",
            ["1", "2", "a", "b", "a b", "cd"],
        ),
        (
            "Write-Warning careful; 'x' | Out-Host; 'a','b' | Out-String | % { $_.Length }",
            ["WARNING: careful", "x", "6"],
        ),
        ("(1,2 | Out-String -Stream).Length; Write-Verbose v; Write-Debug d", ["2"]),
        (
            "Test-Path C:\\WINDOWS; Test-Path C:\\no; Test-Path C:\\WINDOWS -PathType Leaf; Test-Path HKLM:\\SOFTWARE",
            ["True", "False", "False", "True"],
        ),
        ("(Get-ItemProperty HKLM:\\SOFTWARE\\Microsoft\\Exchange\\v8.0\\Setup).MsiProductMajor", ["8"]),
        ("(Get-ItemProperty HKLM:\\SOFTWARE\\Microsoft\\Exchange\\v8.0\\Setup MsiProductMinor).MsiProductMinor", ["0"]),
        (
            "dir HKLM:\\SOFTWARE\\Microsoft\\Exchange\\v8.0 | % { $_.PSChildName } | sort | select -First 1",
            ["AdminTools"],
        ),
        (
            "(Get-Item C:\\WINDOWS\\system32\\cmd.exe).VersionInfo.FileVersion; (gi C:\\WINDOWS).PSIsContainer",
            ["5.2.3790", "True"],
        ),
        (
            "[System.Diagnostics.FileVersionInfo]::GetVersionInfo('D:\\media\\sp1\\Setup.com').FileVersion -like '*1*'",
            ["True"],
        ),
        ("dir C:\\WINDOWS\\system32\\c*.exe | % { $_.Name } | sort | select -First 1", ["certutil.exe"]),
        ("cd C:\\WINDOWS; (Get-Location).Path; Test-Path system32", ["C:\\WINDOWS", "True"]),
        (
            "'q' | Out-File C:\\o.txt -Encoding ascii; gc C:\\o.txt; [IO.File]::ReadAllText('C:\\o.txt').Length",
            ["q", "3"],
        ),
        ("(Get-Service ClusSvc).Status -eq 'Running'; (gsv WinRM).Status.value__", ["True", "4"]),
        ("(Get-WmiObject Win32_OperatingSystem).Version; (gwmi win32_computersystem).Name", ["5.2.3790", "NODEA"]),
        (
            "Get-Date '2008-01-02 03:04:05' -Format 'yyyyMMdd HH:mm'; (Get-Date).GetType().Name",
            ["20080102 03:04", "DateTime"],
        ),
        ("Set-Variable v 5; (Get-Variable v).Value; Invoke-Expression '1 + 1'", ["5", "2"]),
        (
            "(Get-PSSnapin | Measure-Object).Count; (Get-Command Get-I*).Length; (Get-Command ls).Name",
            ["5", "2", "Get-ChildItem"],
        ),
    ],
)
def test_cmdlets_of_powershell(powershell: Shell, command: str, lines: list[str]) -> None:
    answer = powershell.run(command)
    assert (answer.lines, answer.err) == (lines, "")


def test_start_sleep_takes_lab_time(powershell: Shell) -> None:
    assert powershell.run("Start-Sleep 30; Start-Sleep -Milliseconds 500").seconds == pytest.approx(34.5)


@pytest.mark.parametrize(
    ("command", "out"),
    [
        ("Get-Service WinRM | fl Name, Status", "\n\nName   : WinRM\nStatus : Running\n\n\n\n"),
        ("Get-Service WinRM | ft Name, @{n='N';e={5}} -AutoSize", "\nName  N\n----  -\nWinRM 5\n\n\n"),
        ("Get-Service WinRM | ft Name -HideTableHeaders -AutoSize", "\nWinRM\n\n\n"),
    ],
)
def test_formats(powershell: Shell, command: str, out: str) -> None:
    assert powershell.run(command).out == out


def test_a_table_shares_the_line_and_cuts_what_is_too_long(powershell: Shell) -> None:
    """Two columns of 39; a title that is too long goes on below."""
    name = "n" * 45
    lines = powershell.run(f"Get-Service WinRM | select Name, @{{n='{name}';e={{7}}}}, @{{n='c';e={{'x' * 40}}}}").lines
    assert lines == [
        "Name                      " + "n" * 25 + " c",
        "                          " + " " * 5 + "n" * 20,
        "----                      " + "-" * 25 + " -",
        "WinRM                     " + " " * 24 + "7 " + "x" * 22 + "...",
    ]


# -- Exchange: reading


def test_without_the_snap_in_there_are_no_exchange_cmdlets(powershell: Shell) -> None:
    assert "The term 'Get-ExchangeServer' is not recognized" in powershell.run("Get-ExchangeServer").err


def test_add_pssnapin() -> None:
    name = "Microsoft.Exchange.Management.PowerShell.Admin"
    answer = plain().run(f"Add-PSSnapin {name}; (Get-ExchangeServer).Name; Add-PSSnapin {name}")
    assert answer.lines == ["CMS1"]
    assert "is already added" in flat(answer)


STATUS_LISTING = """

Identity                   : CMS1
ClusteredMailboxServerName : CMS1.lab.example
State                      : Online
OperationalMachines        : {NODEA <Active>, NODEB <Quorum Owner>}
FailedResources            : {}


"""


def test_status_listing() -> None:
    assert shell().run("Get-ClusteredMailboxServerStatus").out == STATUS_LISTING


def test_service_pack_1_shows_replication_host_names() -> None:
    answer = shell("sp1").run("Get-ClusteredMailboxServerStatus CMS1 | fl *Replication*")
    assert answer.lines == [
        "OperationalReplicationHostNames : {nodea, nodeb}",
        "FailedReplicationHostNames      : {}",
        "InUseReplicationHostNames       : {nodea, nodeb}",
    ]


def test_the_shape_of_exchange_md_6_1() -> None:
    command = (
        "& { trap { [Console]::WriteLine('error=' + $_.Exception.Message); exit 1 }; $ErrorActionPreference = 'Stop'; "
        "$s = Get-ClusteredMailboxServerStatus -Identity 'CMS1'; [Console]::WriteLine('state=' + $s.State); "
        "foreach ($m in $s.OperationalMachines) { [Console]::WriteLine('machine=' + $m) }; exit 0 }"
    )
    answer = shell().run(command, "-NoLogo", "-NoProfile", "-NonInteractive")
    assert (answer.rc, answer.lines) == (0, ["state=Online", "machine=NODEA <Active>", "machine=NODEB <Quorum Owner>"])
    answer = shell().run(command.replace("CMS1", "NOPE"), "-NonInteractive")
    assert answer.rc == 1
    assert answer.out.startswith("error=Command execution stopped because the shell variable")


@pytest.mark.parametrize(
    ("release", "text"),
    [
        ("rtm", "Version 8.0 (Build 685.24)"),
        ("sp1", "Version 8.1 (Build 240.6)"),
        ("sp2", "Version 8.2 (Build 176.2)"),
    ],
)
def test_admin_display_version(release: str, text: str) -> None:
    """exchange.md 5.1: RTM's shell says 24 where the registry says 25."""
    answer = shell(release).run(
        '$v = (Get-ExchangeServer CMS1).AdminDisplayVersion; "$v"; $v.Major; $v.Minor; $v.Build'
    )
    numbers = [part for part in text.replace("(Build ", "").replace(")", "").split()[1:] if part]
    assert answer.lines == [text, *numbers[0].split("."), numbers[1].split(".")[0]]


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        (
            "$s = Get-ExchangeServer; $s.Name; [string]$s.IsMemberOfCluster; $s.ServerRole; $s.ExchangeVersion",
            ["CMS1", "Yes", "Mailbox", "0.1 (8.0.535.0)"],
        ),
        ("Get-ExchangeServer cms1.lab.example | % { $_.Fqdn }", ["CMS1.lab.example"]),
        (
            "$m = Get-MailboxServer CMS1; [string]$m.ClusteredStorageType; $m.RedundantMachines",
            ["NonShared", "NODEA", "NODEB"],
        ),
        (
            'Get-MailboxDatabase -Server CMS1 | % { "$($_.Identity)=$($_.Mounted)" } | select -First 1',
            [r"CMS1\First Storage Group\Mailbox Database="],
        ),
        ("Get-MailboxDatabase -Server CMS1 -Status | % { $_.Mounted }", ["True", "True", "True"]),
        ("Get-MailboxDatabase 'CMS1\\Mailbox Database' | % { $_.StorageGroup }", [r"CMS1\First Storage Group"]),
        (
            "Get-StorageGroup -Server CMS1 | select -First 1 | % { $_.Identity; [string]$_.Replicated }",
            [r"CMS1\First Storage Group", "Remote"],
        ),
        (
            'Get-StorageGroupCopyStatus -Server CMS1 | % { "$($_.SummaryCopyStatus) $($_.CopyQueueLength)" }',
            ["Healthy 0"] * 3,
        ),
        ("(Get-StorageGroupCopyStatus 'CMS1\\Second Storage Group').Name", ["Second Storage Group"]),
        ("'CMS1' | Get-ClusteredMailboxServerStatus | % { $_.Identity }", ["CMS1"]),
        (
            "Get-MailboxServer | Get-ClusteredMailboxServerStatus | % { $_.ClusteredMailboxServerName }",
            ["CMS1.lab.example"],
        ),
        ("Get-ClusteredMailboxServerStatus -Id CMS1 -Dom dc1.lab.example | % { $_.Identity }", ["CMS1"]),
        (
            "$s = Get-ClusteredMailboxServerStatus CMS1; $s.State -eq 'online'; $s.FailedResources.Count",
            ["True", "0"],
        ),
    ],
)
def test_reading(command: str, lines: list[str]) -> None:
    answer = shell().run(command)
    assert (answer.lines, answer.err, answer.effects) == (lines, "", ())


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "Get-ExchangeServer NOPE",
            "could not be performed because object 'NOPE' could not be found on domain controller",
        ),
        ("Get-ClusteredMailboxServerStatus NODEB", "object 'NODEB' could not be found"),
        ("Get-MailboxDatabase nope", "object 'nope' could not be found"),
        ("Get-ExchangeServer X -DomainController dc9", "on domain controller 'dc9'"),
        (
            "Get-ClusteredMailboxServerStatus -Server CMS1",
            "A parameter cannot be found that matches parameter name 'Server'.",
        ),
        (
            "Get-MailboxDatabase -S CMS1",
            "the parameter name 'S' is ambiguous. Possible matches include: '-Server' '-StorageGroup' '-Status'.",
        ),
        ("Get-StorageGroupCopyStatus -StandbyMachine NODEB", "matches parameter name 'StandbyMachine'"),
        ("Get-StorageGroupCopyStatus -DumpsterStatistics", "matches parameter name 'DumpsterStatistics'"),
        (MOVE + " -ValidateOnly", "matches parameter name 'ValidateOnly'"),
        ("Get-ADServerSettings", "The term 'Get-ADServerSettings' is not recognized"),
    ],
)
def test_refusals_of_the_rtm_shell(command: str, message: str) -> None:
    answer = shell().run(command)
    assert message in flat(answer)
    assert answer.effects == ()


def test_copy_status_without_arguments() -> None:
    """exchange.md 6.6: RTM means the organisation, SP1 the local server."""
    clusters = two_nodes("sp1")["clusters"]
    second: dict[str, Any] = {**clusters[0], "name": "CLUS2", "nodes": [{"name": "NODEC"}, {"name": "NODED"}]}
    second["mailbox_servers"] = [{"name": "CMS2", "owner": "NODEC", "kind": "ccr"}]
    for release, found in (("rtm", ["CMS1", "CMS2"]), ("sp1", ["CMS1"])):
        world = lab(
            two_nodes(release) | {"clusters": [clusters[0], second], "knobs": {"cluster_network_logon": "works"}}
        )
        answer = Shell(world).run("Get-StorageGroupCopyStatus | % { $_.Identity.Split('\\')[0] }")
        assert (answer.lines, answer.err) == (found, "")


# -- Exchange: changing


def test_the_offline_window_step_by_step() -> None:
    shells = shell()
    other = Shell(shells.lab, "NODEB")
    answer = shells.run(f"{STOP}; {STATE}")
    assert (answer.lines, answer.err) == (["Offline"], "")
    assert answer.effects == ("cms: stop: upgrade",)
    answer = other.run(f"{MOVE}; {STATE}; (Get-ClusteredMailboxServerStatus).OperationalMachines")
    assert answer.lines == ["Offline", "NODEA", "NODEB <Active, Quorum Owner>"]
    answer = other.run(f"{START}; {STATE}; Get-MailboxDatabase -Status | % {{ $_.Mounted }}")
    assert (answer.lines, answer.err) == (["Online", "True", "True", "True"], "")
    assert "Online" in shells.run(STATE).out


def test_while_it_stops() -> None:
    shells = shell()
    shells.lab.world.physics.stop_cms(shells.lab.cms, "x", None)
    assert shells.run(STATE).out == "OfflinePending\n"
    shells.lab.wait(60)
    shells.lab.world.physics.start_cms(shells.lab.cms, None)
    assert turn(shells, state_words="spaced").run(STATE).out == "Online Pending\n"


@pytest.mark.parametrize(
    ("before", "command", "message"),
    [
        (
            STOP,
            STOP,
            "Stop-ClusteredMailboxServer : The clustered mailbox server 'CMS1' is not online or partially online.",
        ),
        ("", START, "Start-ClusteredMailboxServer : The clustered mailbox server 'CMS1' is already online."),
        ("", MOVE.replace("NODEB", "NODEX"), "The machine 'NODEX' is not a member of the cluster."),
        ("", MOVE.replace("NODEB", "NODEA"), "Move-ClusteredMailboxServer : "),
        ("", "Mount-Database 'Mailbox Database'", "is already mounted."),
    ],
)
def test_what_exchange_refuses(before: str, command: str, message: str) -> None:
    shells = shell()
    if before:
        shells.run(before)
    answer = shells.run(f"{command}; 'after'")
    assert message in flat(answer)
    assert (answer.lines, answer.effects) == (["after"], ())
    assert shells.run(f"$ErrorActionPreference = 'Stop'; {command}; 'after'").rc == 1


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("Stop-ClusteredMailboxServer CMS1", "'StopReason'"),
        ("Stop-ClusteredMailboxServer", "'Identity StopReason'"),
        ("Move-ClusteredMailboxServer CMS1 -TargetMachine NODEB", "'MoveComment'"),
        ("Start-ClusteredMailboxServer", "'Identity'"),
    ],
)
def test_mandatory_parameters(command: str, missing: str) -> None:
    for options in ((), ("-NonInteractive",)):
        answer = shell().run(command, *options)
        assert f"one or more missing mandatory parameters: {missing}." in flat(answer)


def test_mandatory_parameters_are_asked_for() -> None:
    answer = shell().run("Stop-ClusteredMailboxServer CMS1 -Confirm:$false", "-InputFormat", "None", stdin=b"late\r\n")
    assert "StopReason: " in answer.out
    assert answer.effects == ("cms: stop: late",)


UNCONFIRMED = STOP.replace(" -Confirm:$false", "")


@pytest.mark.parametrize(
    ("command", "options", "stdin", "done"),
    [
        (UNCONFIRMED, ("-InputFormat", "None"), b"y\r\n", True),
        (UNCONFIRMED, ("-InputFormat", "None"), b"\r\n", True),
        (UNCONFIRMED, ("-InputFormat", "None"), b"what\r\nA\r\n", True),
        (UNCONFIRMED, ("-InputFormat", "None"), b"n\r\n", False),
        (UNCONFIRMED, ("-InputFormat", "None"), b"", False),
        (UNCONFIRMED, (), b"", False),  # <nul
        (UNCONFIRMED, (), b"y\r\n", False),  # read to its end before the script began
        (UNCONFIRMED, ("-NonInteractive",), b"y\r\n", False),
        (STOP + " -WhatIf", (), b"", False),
        (STOP, ("-NonInteractive",), b"", True),
    ],
)
def test_confirmation(command: str, options: tuple[str, ...], stdin: bytes, done: bool) -> None:
    answer = shell().run(command, *options, stdin=stdin)
    assert answer.effects == (("cms: stop: upgrade",) if done else ())


def test_the_question() -> None:
    answer = shell().run(UNCONFIRMED, stdin=b"")
    assert "Are you sure you want to perform this action?" in answer.out
    assert "A command that prompts the user failed" in answer.err
    assert "NonInteractive mode" in shell().run(UNCONFIRMED, "-NonInteractive", stdin=b"").err


def test_what_if() -> None:
    answer = shell().run(STOP + " -WhatIf")
    assert answer.out == "What if: Stopping clustered mailbox server 'CMS1' with the reason 'upgrade'.\n"


def test_validate_only_changes_nothing() -> None:
    answer = shell("sp1").run(MOVE + " -ValidateOnly")
    assert (answer.rc, answer.err, answer.effects) == (0, "", ())
    answer = shell("sp1").run(MOVE.replace("NODEB", "NODEX") + " -ValidateOnly")
    assert "'NODEX' is not a member of the cluster." in flat(answer)


def test_databases() -> None:
    shells = shell()
    database = r"'CMS1\First Storage Group\Mailbox Database'"
    answer = shells.run(
        f"Dismount-Database {database} -Confirm:$false; (Get-MailboxDatabase {database} -Status).Mounted"
    )
    assert (answer.lines, answer.effects) == (["False"], (r"cms: dismount First Storage Group\Mailbox Database",))
    assert shells.run("Get-ClusteredMailboxServerStatus").out == STATUS_LISTING  # dismounted databases don't count
    answer = shells.run(
        f"Get-MailboxDatabase {database} | Mount-Database; (Get-MailboxDatabase {database} -Status).Mounted"
    )
    assert (answer.lines, answer.err) == (["True"], "")


def test_a_database_is_not_mounted_while_its_server_is_offline() -> None:
    shells = shell()
    shells.run(STOP)
    assert shells.run("Get-MailboxDatabase -Status | % { $_.Mounted }").lines == ["False"] * 3


def test_suspending_a_copy_twice_is_no_error() -> None:
    shells = shell("sp1")
    copy = "(Get-StorageGroupCopyStatus 'CMS1\\First Storage Group')"
    suspend = "Suspend-StorageGroupCopy 'CMS1\\First Storage Group' -Confirm:$false"
    answer = shells.run(f"{suspend}; {suspend}; [string]{copy}.SummaryCopyStatus; {copy}.Suspend")
    assert (answer.lines, answer.err, answer.effects) == (["Suspended", "True"], "", ("copy: suspend",))
    answer = shells.run(f"{suspend.replace('Suspend-', 'Resume-')}; {copy}.Suspend")
    assert (answer.lines, answer.effects) == (["False"], ("copy: resume",))


# -- Exchange: what may be reached


def test_no_cluster_service_no_answer() -> None:
    shells = shell()
    for node in shells.lab.cluster.node_states:
        shells.lab.cluster.node_states[node] = NodeState.DOWN
    assert "The Cluster service of 'CMS1' is not running" in flat(shells.run(STATE))


def test_a_node_that_is_down_is_not_operational() -> None:
    shells = shell()
    shells.lab.cluster.node_states["NODEB"] = NodeState.DOWN
    answer = shells.run("(Get-ClusteredMailboxServerStatus).OperationalMachines")
    assert answer.lines == ["NODEA <Active>"]


@pytest.mark.parametrize(
    ("family", "logon", "knobs", "message"),
    [
        ("2003", "network", {}, "access is denied"),
        ("2003", "batch", {}, ""),
        ("2003", "network", {"cluster_network_logon": "works"}, ""),
        ("2008", "batch", {}, "runs another version of Windows"),
        ("vista", "batch", {}, "cannot be managed from this version of Windows"),
        ("xp", "batch", {}, ""),
    ],
)
def test_from_another_computer(family: str, logon: str, knobs: dict[str, str], message: str) -> None:
    """exchange.md 8, T3 and T4; over a network logon another computer's cluster is out of reach."""
    computer = {"name": "ADMIN", "windows": {"family": family}, "exchange": {"release": "sp1", "roles": ["AdminTools"]}}
    world = lab(two_nodes("sp1", computers=[computer], knobs=knobs))
    answer = Shell(world, "ADMIN", logon=BATCH if logon == "batch" else Shell(world).logon).run(STATE)
    assert message in flat(answer)
    assert bool(answer.err) == bool(message)


@pytest.mark.parametrize(("knob", "works"), [("work", True), ("refuse", False)])
def test_a_new_shell_and_an_old_server(knob: str, works: bool) -> None:
    shells = shell("rtm")
    node = Shell(turn(shells, cmdlets_across_versions=knob).lab, "NODEB")
    shells.lab.world.physics.upgrade_bits(shells.lab.host("NODEB"), (8, 2, 176, 2), None)
    answer = node.run(STATE)
    assert bool(answer.err) != works
    assert answer.lines == (["Online"] if works else [])
    assert "matches parameter name" not in node.run(MOVE + " -ValidateOnly").err


@pytest.mark.parametrize(
    ("knob", "logon", "works"), [("works", "n", True), ("denied", "n", False), ("denied", "b", True)]
)
def test_the_directory_over_a_network_logon(knob: str, logon: str, works: bool) -> None:
    shells = turn(shell(), cmdlet_network_logon=knob)
    if logon == "b":
        shells.logon = BATCH
    answer = shells.run("Get-ExchangeServer | % { $_.Name }")
    assert (answer.lines, bool(answer.err)) == (["CMS1"] if works else [], not works)


def test_several_servers_on_one_cluster() -> None:
    world = scc()
    assert Shell(world).run("(Get-ClusteredMailboxServerStatus).Identity").lines == ["CMS1"]
    assert Shell(world, "NODEC").run("Get-ClusteredMailboxServerStatus | % { $_.Identity }").lines == ["CMS1", "CMS2"]
    assert Shell(world).run("(Get-MailboxServer CMS1).ClusteredStorageType").lines == ["Shared"]
    answer = Shell(world).run(MOVE.replace("CMS1", "CMS2").replace("NODEB", "NODEA"))
    assert "The machine 'NODEA' already runs 'CMS1'." in flat(answer)


def test_a_server_that_cannot_come_online_says_so() -> None:
    shells = shell("sp1")
    shells.run(STOP)
    shells.lab.world.physics.upgrade_bits(shells.lab.host("NODEA"), (8, 2, 176, 2), None)
    answer = shells.run(f"{START}; {STATE}; (Get-ClusteredMailboxServerStatus).FailedResources.Count -gt 0")
    assert "The clustered mailbox server 'CMS1' failed to come online." in flat(answer)
    assert answer.lines == ["Failed", "True"]
