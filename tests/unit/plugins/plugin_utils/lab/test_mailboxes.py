# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes: reading them, moving them, and what goes wrong on the way (exchange.md 7)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import snapshot
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.faults import FaultError
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.section import TopologyError
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.mail_lab import (
    NEW,
    OLD,
    OLD_EXECUTIVES,
    database,
    inject,
    mail,
    move,
    place,
)
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.powershell_lab import (
    CONSOLE,
    Shell,
    shell,
    turn,
)
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import BATCH, NETWORK

LOGS = r"C:\Program Files\Microsoft\Exchange Server\Logging\MigrationLogs"
REPORT = r"C:\Temp\report.xml"


@pytest.fixture(scope="module")
def reader() -> Shell:
    return mail()


def flat(text: str) -> str:
    return text.replace("\n", "")


# ---- reading


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("(Get-Mailbox -Server MAIL-OLD | Measure-Object).Count", ["44"]),
        ("(Get-Mailbox -Database 'MAIL-OLD\\Executives').Length; @(Get-Mailbox -Server MAIL-NEW).Length", ["4", "0"]),
        ("Get-Mailbox ceo | % { $_.Name; $_.ServerName; $_.Database; [string]$_.RecipientTypeDetails }",
         ["Chief Executive", "MAIL-OLD", "MAIL-OLD\\Second Storage Group\\Executives", "UserMailbox"]),
        ("Get-Mailbox 'User 0000*' | Sort-Object Alias -Descending | Select-Object -First 1 | % { $_.Alias }",
         ["User00009"]),
        ("Get-Mailbox -Database 'MAIL-OLD\\Executives' | Where-Object { $_.DisplayName -like '*C*' } | % { $_.Alias }",
         ["ceo", "jmueller", "ccarl"]),
        ("(Get-MailboxStatistics ceo).TotalItemSize.ToString(); (Get-MailboxStatistics ceo).TotalItemSize.Value.ToMB()",
         ["1200MB", "1200"]),
        ("(Get-MailboxStatistics ceo).TotalItemSize.Value.ToKB(); (Get-MailboxStatistics ceo).ItemCount",
         ["1228800", "30000"]),
        ("@(Get-MailboxStatistics -Database 'MAIL-OLD\\Executives' | ? { $_.TotalItemSize -gt 100MB }).Length", ["2"]),
        ("Get-MailboxStatistics -Database MAIL-OLD\\Executives | sort TotalItemSize | select -L 1 | % { $_.ItemCount }",
         ["30000"]),
        ("(Get-MailboxStatistics ceo).MailboxGuid -eq (Get-Mailbox ceo).ExchangeGuid; "
         "(Get-MailboxStatistics ceo).DisconnectDate -eq $null", ["True", "True"]),
        ("@(Get-MailboxStatistics -Server MAIL-NEW | ? { $_.DisplayName -like 'SystemMailbox{*}' }).Length", ["3"]),
        ("Get-MailboxDatabase -Server MAIL-NEW | % { $_.Name }", ["Mailbox Database", "Executives", "Small Database"]),
        ("Get-PublicFolderDatabase | % { $_.Identity }",
         [r"MAIL-OLD\Public Folders\Public Folder Database", r"MAIL-NEW\Public Folders\Public Folder Database"]),
    ],
)  # fmt: skip
def test_reading(reader: Shell, command: str, lines: list[str]) -> None:
    answer = reader.run(command)
    assert (answer.lines, answer.err, answer.effects) == (lines, "", ())


@pytest.mark.parametrize(
    "identity",
    [
        "jmueller",
        "JMUELLER",
        "jmueller@lab.example",
        "LAB\\jmueller",
        "Müller, Jörg (Zürich)",
        "lab.example/Users/Müller, Jörg (Zürich)",
        "CN=Müller\\, Jörg (Zürich),CN=Users,DC=lab,DC=example",
        "$((Get-Mailbox jmueller).ExchangeGuid)",
        "$((Get-Mailbox jmueller).DistinguishedName)",
        "$((Get-Mailbox jmueller).LegacyExchangeDN)",
    ],
)
def test_identities(reader: Shell, identity: str) -> None:
    assert reader.run(f'(Get-Mailbox -Identity "{identity}").Alias').lines == ["jmueller"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("Get-Mailbox nobody", "object 'nobody' could not be found"),
        ("Get-Mailbox -Server NOPE", "object 'NOPE' could not be found"),
        ("Get-Mailbox -Database 'Executives'", "is not unique"),
        ("Get-Mailbox -Database 'Nope'", "Could not find mailbox database 'Nope'"),
        ("Get-Mailbox -ResultSize few", "'few' is not a valid ResultSize"),
        ("Move-Mailbox ceo -TargetDatabase 'MAIL-NEW\\Public Folder Database' -Confirm:$false", "Could not find"),
        ("Move-Mailbox ceo -TargetDatabase 'MAIL-NEW\\Executives' -MaxThreads 31", "between 1 and 30"),
        ("Move-Mailbox ceo -TargetDatabase 'MAIL-NEW\\Executives' -BadItemLimit -1", "between 0 and"),
        ("Move-Mailbox ceo -TargetDatabase 'MAIL-NEW\\Executives' -ReportFile r.xml", "not a full path"),
        ("Move-Mailbox -Identity ceo,jmueller -TargetDatabase 'MAIL-NEW\\Executives'", "Cannot convert 'System.Obj"),
        ("Move-Mailbox ceo -TargetDatabase 'MAIL-NEW\\Executives' -ConfigurationOnly", "another kind of move"),
    ],
)  # fmt: skip
def test_refusals_change_nothing(reader: Shell, command: str, words: str) -> None:
    answer = reader.run(command)
    assert words in flat(answer.err)
    assert answer.effects == ()


def test_the_usual_result_size_is_1000_and_says_so() -> None:
    it = mail(mailboxes={"count": 10_000, "databases": [OLD, OLD_EXECUTIVES]})
    usual = it.run("(Get-Mailbox | Measure-Object).Count")
    assert usual.lines[-1] == "1000"
    assert "WARNING: By default, only the first 1000" in usual.out
    everybody = it.run("(Get-Mailbox -ResultSize Unlimited | Measure-Object).Count")
    assert everybody.lines == ["10000"]
    assert it.run("(Get-Mailbox -ResultSize 7 | Measure-Object).Count").lines[-1] == "7"


def test_the_directory_knows_mailboxes_of_a_dismounted_database_their_store_does_not() -> None:
    it = mail()
    inject(it, "database_dismounted", database=OLD)
    assert it.run("(Get-Mailbox -Server MAIL-OLD | Measure-Object).Count").lines == ["44"]
    answer = it.run("(Get-MailboxStatistics -Server MAIL-OLD | Measure-Object).Count")
    assert answer.lines == ["5"]  # the other database, with its system mailbox
    assert "MapiExceptionMdbOffline" in answer.err


# ---- moving


def test_a_move_takes_its_time_and_ends_in_one_step() -> None:
    it = mail()
    answer = it.run(f"Move-Mailbox ceo -TargetDatabase '{NEW}' -Confirm:$false | % {{ $_.StatusCode }}")
    assert answer.lines == ["0"]
    assert 300 < answer.seconds < 330  # 4 + 1200 MB * 0.25 and the start of the shell
    assert answer.effects[-1] == "mailbox: moved"
    assert place(it, "ceo") == NEW
    counts = snapshot.mail(it.lab.world)["databases"]
    assert counts[r"MAIL-NEW\First Storage Group\Mailbox Database"]["items"] == 30_000 + 5
    assert counts[r"MAIL-OLD\Second Storage Group\Executives"]["mailboxes"] == 3
    left = it.run("Get-MailboxStatistics -Server MAIL-OLD | % { $_.DisplayName }").lines
    assert "Chief Executive" not in left
    assert it.lab.rules() == []


@pytest.mark.parametrize(("threads", "seconds"), [(1, 40 * 24), (4, 10 * 24), (8, 5 * 24), (30, 2 * 24)])
def test_threads_move_beside_each_other(threads: int, seconds: int) -> None:
    it = mail()
    answer = it.run(
        f"Get-Mailbox -Database '{OLD}' | Move-Mailbox -TargetDatabase '{NEW}' -Confirm:$false -MaxThreads {threads}"
        " | Out-Null"
    )
    assert seconds <= answer.seconds <= seconds + 30
    assert answer.effects.count("mailbox: moved") == 40
    assert it.lab.rules() == []


def test_a_list_in_a_file_is_moved() -> None:
    it = mail()
    it.run("'User00001','User00002','gone' | Set-Content C:\\Temp\\list.txt")
    answer = it.run(
        f"Get-Content C:\\Temp\\list.txt | Move-Mailbox -TargetDatabase '{NEW}' -Confirm:$false | % {{ $_.Alias }}"
    )
    assert answer.lines == ["User00001", "User00002"]
    assert "object 'gone' could not be found" in flat(answer.err)


@pytest.mark.parametrize(
    ("fields", "code", "stage"),
    [
        ({"reason": "access"}, -2147024891, "ApprovingObject"),
        ({"reason": "quota"}, -2147467259, "ApprovingObject"),
        ({"reason": "directory"}, -2147016651, "UpdatingAttributes"),
        ({"reason": "network"}, -2147221227, "MovingMessages"),
        ({"reason": "rules"}, -2147467259, "MovingMessages"),
        ({"reason": "corrupt", "items": "2"}, -1056749110, "MovingMessages"),
    ],
)
def test_a_mailbox_that_fails_stays_and_the_others_go(fields: dict[str, str], code: int, stage: str) -> None:
    it = mail()
    inject(it, "mailbox_fails", mailbox="ceo", **fields)
    lines = move(it, "'ceo','jmueller'")
    assert sorted(lines) == [f"ceo {code} {stage}", "jmueller 0 Completed"]
    assert (place(it, "ceo"), place(it, "jmueller")) == (OLD_EXECUTIVES, NEW)
    assert it.lab.rules() == []


@pytest.mark.parametrize(("more", "moved", "dropped"), [("-BadItemLimit 2", False, 0), ("-BadItemLimit 3", True, 3)])
def test_corrupt_items_are_dropped_up_to_the_limit(more: str, moved: bool, dropped: int) -> None:
    it = mail()
    move(it, "'ccarl'", more)
    assert (place(it, "ccarl") == NEW) is moved
    assert it.lab.world.mail.dropped_items == dropped
    assert it.lab.rules() == []


def test_rules_that_are_too_large_can_be_ignored() -> None:
    it = mail()
    inject(it, "mailbox_fails", mailbox="ceo", reason="rules")
    assert move(it, "'ceo'", "-IgnoreRuleLimitErrors") == ["ceo 0 Completed"]


@pytest.mark.parametrize(
    ("who", "target", "words"),
    [
        ("ceo", OLD_EXECUTIVES, "The source mailbox database is the same"),
        ("(Get-MailboxStatistics -Server MAIL-OLD | ? { $_.DisplayName -like 'System*' } | select -First 1)", NEW,
         "This is a system mailbox"),
    ],
)  # fmt: skip
def test_what_is_never_moved(who: str, target: str, words: str) -> None:
    it = mail()
    answer = it.run(f"Move-Mailbox {who} -TargetDatabase '{target}' -Confirm:$false | Out-Null")
    assert words in flat(answer.err)
    assert "mailbox: moved" not in answer.effects


def test_a_database_fills() -> None:
    it = mail()
    small = r"MAIL-NEW\Small Database"  # 2000 MB: 24 mailboxes of 80
    lines = move(it, f"Get-Mailbox -Database '{OLD}'", target=small)
    assert len([line for line in lines if " -1056749164 MovingMessages" in line]) == 16
    assert len(database(it, small).mailboxes) == 24 + 1
    assert it.lab.rules() == []


@pytest.mark.parametrize("which", [OLD, NEW])
def test_a_database_is_dismounted_in_the_middle(which: str) -> None:
    it = mail()
    inject(it, "database_dismounted", database=which, after_moves="4")
    lines = move(it, f"Get-Mailbox -Database '{OLD}'")
    assert sum(" 0 Completed" in line for line in lines) in range(4, 9)
    assert len(lines) == 40
    moved = it.lab.happened("mailbox").count("moved")
    assert len(database(it, OLD).mailboxes) == 41 - moved
    inject(it, "database_mounted", database=which)
    assert all(" 0 Completed" in line for line in move(it, f"Get-Mailbox -Database '{OLD}'"))
    assert it.lab.rules() == []


def test_a_stopped_server_is_out_of_reach() -> None:
    it = mail()
    it.run("Stop-ClusteredMailboxServer MAIL-NEW -StopReason x -Confirm:$false")
    assert move(it, "'ceo'") == ["ceo -2147467259 ApprovingObject"]


def line_of(command: str) -> str:
    return f'powershell -PSConsoleFile "{CONSOLE}" -Command "{command}"'


def test_a_move_that_is_killed_leaves_its_mailboxes_where_they_were_and_locked() -> None:
    it = mail()
    inject(it, "move_killed", after_moves="10")
    command = (
        f"Get-Mailbox -Database '{OLD}' | Move-Mailbox -TargetDatabase '{NEW}' -Confirm:$false -ReportFile {REPORT}"
    )
    it.lab.run("NEW-N1", line_of(command), BATCH)
    left = len(database(it, OLD).mailboxes) - 1
    assert left in range(27, 31)
    assert it.lab.happened("mailbox").count("move died") > 0
    assert snapshot.mail(it.lab.world)["moving"] == []
    report = it.lab.host("NEW-N1").files.read(REPORT)
    assert b"<TaskDetails>" in report
    assert b"</Move-Mailbox>" not in report
    again = move(it, f"Get-Mailbox -Database '{OLD}'")
    locked = [line for line in again if "-1056749262 ApprovingObject" in line]
    assert 0 < len(locked) <= 4
    it.lab.wait(400)
    assert len(move(it, f"Get-Mailbox -Database '{OLD}'")) == len(locked)
    assert len(database(it, OLD).mailboxes) == 1
    assert it.lab.rules() == []


def test_two_moves_of_one_mailbox() -> None:
    it = mail()
    line = line_of(f"Move-Mailbox ceo -TargetDatabase '{NEW}' -Confirm:$false")
    first = it.lab.start("NEW-N1", line)
    it.lab.wait(60)
    assert move(it, "'ceo'") == ["ceo -1056749262 ApprovingObject"]
    assert it.lab.end(first).rc == 0
    assert place(it, "ceo") == NEW


def test_the_node_with_the_shell_crashes() -> None:
    it = mail(host="NEW-N2")
    line = line_of(f"Get-Mailbox -Database '{OLD}' | Move-Mailbox -TargetDatabase '{NEW}' -Confirm:$false")
    proc = it.lab.start("NEW-N2", line)
    it.lab.wait(120)
    it.lab.world.physics.crash(it.lab.host("NEW-N2"))
    it.lab.end(proc)
    moved = it.lab.happened("mailbox").count("moved")
    assert 0 < moved < 40
    assert len(database(it, NEW).mailboxes) == moved + 1
    assert it.lab.rules() == []


@pytest.mark.parametrize("more", ["-ValidateOnly", "-WhatIf"])
def test_looking_changes_nothing(more: str) -> None:
    it = mail()
    answer = it.run(f"'ceo','ddora' | Move-Mailbox -TargetDatabase '{NEW}' {more} | % {{ $_.StatusCode }}")
    assert "mailbox: moved" not in answer.effects
    assert place(it, "ceo") == OLD_EXECUTIVES
    assert answer.lines == ["0", "-2147024891"] if more == "-ValidateOnly" else "What if: Moving mailbox" in answer.out


def test_nobody_can_answer_the_question() -> None:
    it = mail()
    answer = it.run(f"Move-Mailbox ceo -TargetDatabase '{NEW}'")
    assert "Are you sure" in answer.out
    assert answer.effects == ()


def test_the_first_failure_ends_it_when_errors_stop() -> None:
    it = mail()
    answer = it.run(
        f"$ErrorActionPreference = 'Stop'; 'ddora','ceo' | Move-Mailbox -TargetDatabase '{NEW}' -Confirm:$false"
    )
    assert answer.rc == 1
    assert place(it, "ceo") == OLD_EXECUTIVES
    assert it.lab.world.mail.find("ceo")[0].mover is None


@pytest.mark.parametrize(
    ("release", "more", "known"),
    [
        ("rtm", "-UseRusServer DC1", False),
        ("sp1", "-UseRusServer DC1", True),
        ("rtm", "-BadItemLimit 5", True),
        ("rtm", "-PreserveMailboxSizeLimit", True),
        ("sp1", "-Nonsense 1", False),
    ],
)
def test_parameters_by_release(release: str, more: str, known: bool) -> None:
    answer = shell(release).run(f"Move-Mailbox nobody -TargetDatabase 'Mailbox Database' -Confirm:$false {more}")
    assert ("A parameter cannot be found" in answer.err) is not known


# ---- who may


@pytest.mark.parametrize(
    ("host", "logon", "knob", "works"),
    [
        ("NEW-N1", BATCH, "denied", True),
        ("NEW-N1", NETWORK, "denied", False),
        ("NEW-N1", NETWORK, "works", True),
        ("OLD-N2", BATCH, "denied", True),
    ],
)
def test_a_network_logon_ends_at_the_stores_of_other_servers(host: str, logon: Any, knob: str, works: bool) -> None:
    it = turn(mail(logon, host), store_network_logon=knob)
    answer = it.run(f"Move-Mailbox ceo -TargetDatabase '{NEW}' -Confirm:$false | Out-Null")
    assert (place(it, "ceo") == NEW) is works
    assert ("MapiExceptionLogonFailed" in flat(answer.err)) is not works


def test_a_network_logon_reads_the_directory_and_the_local_store() -> None:
    it = mail(NETWORK, "OLD-N1")
    assert it.run("(Get-Mailbox -Server MAIL-OLD | Measure-Object).Count").lines == ["44"]
    assert it.run("(Get-MailboxStatistics -Server MAIL-OLD | Measure-Object).Count").lines == ["46"]
    assert "access is denied" in flat(it.run("Get-MailboxStatistics -Server MAIL-NEW").err)


# ---- the report


def test_the_report_is_xml_with_an_item_for_each_mailbox() -> None:
    it = mail()
    move(it, "'jmueller','ddora'", f"-ReportFile {REPORT}")
    read = it.run(
        f"$x = [xml](Get-Content {REPORT}); $x.'Move-Mailbox'.TaskHeader.RunningAs; "
        "foreach ($i in $x.'Move-Mailbox'.TaskDetails.Item) "
        '{ "$($i.Alias) $($i.Result.ErrorCode) $($i.Result.IsError) $($i.Target.Server)" }; '
        "$x.SelectNodes('//Item').Count; $x.'Move-Mailbox'.TaskFooter.Failed"
    )
    assert read.lines == [
        "LAB\\upgrade",
        "ddora -2147024891 True MAIL-NEW",
        "jmueller 0 False MAIL-NEW",
        "2",
        "1",
    ]


def test_without_a_name_report_and_log_lie_in_the_migration_logs() -> None:
    it = mail()
    where = it.run(f"(Move-Mailbox jmueller -TargetDatabase '{NEW}' -Confirm:$false).ReportFile -replace '^.*\\\\', ''")
    names = it.lab.host("NEW-N1").files.listdir(LOGS)
    assert where.lines[0] in names
    assert sorted(name[-4:] for name in names) == [".log", ".xml"]


def test_a_report_that_cannot_be_written_stops_everything() -> None:
    it = mail()
    answer = it.run(f"Move-Mailbox ceo -TargetDatabase '{NEW}' -Confirm:$false -ReportFile C:\\Nope\\r.xml")
    assert "cannot be written" in flat(answer.err)
    assert place(it, "ceo") == OLD_EXECUTIVES


# ---- truth, faults, topology


@pytest.mark.parametrize("rule", ["M1", "M2"])
def test_the_books_are_watched(rule: str) -> None:
    it = mail()
    (lost,) = it.lab.world.mail.find("ddora")
    if rule == "M1":  # also on the target already
        database(it, NEW).mailboxes["jmueller"] = it.lab.world.mail.find("jmueller")[0]
        database(it, r"MAIL-NEW\Executives").mailboxes["jmueller"] = it.lab.world.mail.find("jmueller")[0]
    else:
        database(it, OLD_EXECUTIVES).take(lost)
    move(it, "'jmueller'")
    assert rule in it.lab.rules()


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("mailbox_fails", {"mailbox": "nobody"}, "name one mailbox"),
        ("mailbox_fails", {"mailbox": "ceo", "reason": "boredom"}, "reason=boredom: use one of"),
        ("database_full", {"database": "Nope"}, "use one of MAIL-OLD"),
        ("folders_stall", {"server": "Nope"}, "name a server with a public folder database"),
    ],
)
def test_faults_that_cannot_be(name: str, fields: dict[str, str], words: str) -> None:
    with pytest.raises(FaultError, match=words):
        inject(mail(), name, **fields)


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ({"mailboxes": [{"name": "A"}]}, r"mailboxes\[0\].database: is missing"),
        ({"mailboxes": [{"name": "A", "database": "NOPE"}]}, "name a mailbox database: MAIL-OLD"),
        ({"mailboxes": [{"name": "A", "database": OLD, "fails": "x"}]}, "use one of"),
        ({"mailboxes": [{"name": "A", "database": OLD}, {"name": "a", "database": OLD}]}, "stands there twice"),
        ({"mailboxes": {"count": -1, "database": OLD}}, "expected 0 to"),
        ({"mailboxes": [{"name": "A", "database": OLD, "typo": 1}]}, "unknown key"),
        ({"public_folders": [{"path": "Sales"}]}, "write it as"),
        ({"public_folders": [{"path": "\\Sales", "replicas": ["NOPE"]}]}, "name a mailbox server with a public"),
    ],
)
def test_topologies_that_cannot_be(top: dict[str, Any], words: str) -> None:
    with pytest.raises(TopologyError, match=words):
        mail(**top)


def test_on_a_foreign_windows_the_words_are_foreign_the_codes_are_not() -> None:
    it = mail(windows={"language": "xx"})
    answer = it.run(
        f"Move-Mailbox ddora -TargetDatabase '{NEW}' -Confirm:$false | % {{ $_.StatusCode; $_.StatusMessage }}"
    )
    assert answer.lines[0] == "-2147024891"
    assert "Error occurred" not in answer.out + answer.err
