# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange Management Shell: scripts that PowerShell 1.0 and cmd.exe both take, and answers read without trust."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import (
    CmsState,
    Copy,
    ExchangeShell,
    MailboxServer,
    active_machine,
    cms_state,
    copies_script,
    literal,
    mailbox_servers_script,
    pairs,
    parse_copies,
    parse_mailbox_servers,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._versions import Version
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import Asked, text
from hypothesis import given
from hypothesis import strategies as st

PATH = "C:\\Program Files\\Microsoft\\Exchange Server\\"
# What PowerShell 1.0 does not have (sources.md: shell-calls), and what starts an interaction.
LATER = [
    r"\btry\b",
    r"\bcatch\b",
    r"-join\b",
    r"-split\b",
    r"ConvertTo-",
    r"-File\b",
    r"-ExecutionPolicy\b",
    r"Invoke-Command",
    r"Import-Module",
    r"#\s*requires",
    r"Out-GridView",
    r"\bRead-Host\b",
    r"Format-(List|Table)",
    r"\.Where\(",
    r"\.ForEach\(",
]


def shell(*steps: tuple[str | re.Pattern[str], Result | Exception | str]) -> tuple[ExchangeShell, Node, Asked]:
    channel = Asked(*steps)
    node = Node("nodeb", channel)
    return ExchangeShell(node, PATH), node, channel


ANY = re.compile("powershell")
DONE = "state=Offline\r\ndone=1\r\n"


CALLS: dict[str, Callable[[ExchangeShell], Any]] = {
    "servers": lambda s: s.mailbox_servers(["NODEA", "NODEB"]),
    "copies": lambda s: s.copies("CMS1"),
    "stop": lambda s: s.stop("CMS1", "Because it's time", 60),
    "start": lambda s: s.start("CMS1", 60),
    "start_unless_online": lambda s: s.start_unless_online("CMS1", "sp2", 60),
    "move": lambda s: s.move("CMS1", "NODEB", "Because it's time", 60),
    "validate": lambda s: s.validate_move("CMS1", "NODEB", "Because it's time"),
}


def lines() -> dict[str, str]:
    """Every line that ExchangeShell sends, by what it is for."""
    sent: dict[str, str] = {}
    for name, call in CALLS.items():
        made, _node, channel = shell((ANY, DONE))
        call(made)
        sent[name] = channel.lines[0]
    return sent


LINES = lines()


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_every_line_survives_cmd(line: str) -> None:
    console = r'-PSConsoleFile "C:\Program Files\Microsoft\Exchange Server\bin\exshell.psc1"'
    head = f'powershell.exe -NoLogo -NoProfile -NonInteractive {console} -Command "& {{ '
    assert line.startswith(head)
    assert line.endswith(' }" <nul')
    script = line[len(head) : -len(' }" <nul')]
    assert '"' not in script
    assert "%" not in line
    assert len(line) < 8191


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_every_script_is_powershell_1(line: str) -> None:
    assert [word for word in LATER if re.search(word, line, re.IGNORECASE)] == []


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_every_script_stops_at_an_error_and_says_when_it_is_done(line: str) -> None:
    assert "trap { " in line
    assert "$ErrorActionPreference = 'Stop'" in line
    assert line.count("{") == line.count("}")
    assert line.count("(") == line.count(")")
    assert line.count("'") % 2 == 0
    assert line.index("trap") < line.index("say 'done' '1'; exit 0")


@pytest.mark.parametrize("name", ["stop", "start", "start_unless_online", "move", "validate"])
def test_what_may_ask_is_told_not_to(name: str) -> None:
    assert "-Confirm:$false" in LINES[name]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("stop", "Stop-ClusteredMailboxServer -Identity 'CMS1' -StopReason 'Because it''s time' -Confirm:$false;"),
        ("start", "Start-ClusteredMailboxServer -Identity 'CMS1' -Confirm:$false;"),
        (
            "move",
            "Move-ClusteredMailboxServer -Identity 'CMS1' -TargetMachine 'NODEB' -MoveComment 'Because it''s time' "
            "-Confirm:$false;",
        ),
        ("validate", "-MoveComment 'Because it''s time' -ValidateOnly -Confirm:$false;"),
        ("copies", "Get-StorageGroupCopyStatus -Server 'CMS1'"),
        ("servers", "$n = @('NODEA', 'NODEB');"),
    ],
)
def test_the_cmdlets(name: str, part: str) -> None:
    assert part in LINES[name]


@pytest.mark.parametrize("name", ["stop", "start", "move"])
def test_after_a_change_the_state_is_read(name: str) -> None:
    assert LINES[name].index("Get-ClusteredMailboxServerStatus") > LINES[name].index("-Confirm:$false")


@pytest.mark.parametrize("name", CALLS)
def test_only_what_changes_something_is_noted(name: str) -> None:
    made, node, _channel = shell((ANY, DONE))
    CALLS[name](made)
    assert len(node.commands) == (name in ("stop", "start", "start_unless_online", "move"))


@pytest.mark.parametrize(
    ("value", "written"),
    [("CMS1", "'CMS1'"), ("O'Brien", "'O''Brien'"), ("a & b (c) $x `n", "'a & b (c) $x `n'"), ("", "''")],
)
def test_literal(value: str, written: str) -> None:
    assert literal(value) == written


@pytest.mark.parametrize("value", ['a"b', "50%", "a\nb", "a\0b", "a\u2018b", "a\u2019b", "a\u201ab", "a\u201bb"])
def test_a_literal_that_would_end_early_is_refused(value: str) -> None:
    with pytest.raises(Unquotable):
        literal(value)


@pytest.mark.parametrize("reason", ['say "x"', "100%"])
def test_a_reason_that_cannot_be_passed_is_refused_before_anything_is_sent(reason: str) -> None:
    made, node, channel = shell()
    with pytest.raises(Unquotable):
        made.stop("CMS1", reason, 60)
    assert (channel.lines, node.commands) == ([], [])


def test_an_install_path_that_cannot_be_passed_is_refused() -> None:
    with pytest.raises(Unquotable):
        ExchangeShell(Node("n", Asked()), "C:\\50%\\").line("x")


@pytest.mark.parametrize("member", ["NODE'A", "NODEA"])
def test_scripts_take_names_as_literals(member: str) -> None:
    assert literal(member) in mailbox_servers_script([member])
    assert literal(member) in copies_script(member, 3, 5)


# --- answers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("state=Online\r\nmachine=NODEA <Active>\r\n", [("state", "Online"), ("machine", "NODEA <Active>")]),
        ("database=DB = 2\n", [("database", "DB = 2")]),
        ("  state=Online  \n", [("state", "Online")]),
        ("WARNING: x = y\nno pair\n= z\n", []),
        ("state=\n", [("state", "")]),
        ("", []),
    ],
    ids=["pairs", "an equals sign in the value", "blanks around", "other text", "no value", "nothing"],
)
def test_pairs(said: str, read: list[tuple[str, str]]) -> None:
    assert pairs(said) == read


@pytest.mark.parametrize(
    ("result", "said"),
    [
        pytest.param(
            Result(1, text("powershell/cmdlet-error.txt")), "could not be contacted", id="the cmdlet's message"
        ),
        pytest.param(Result(0, "error=Oops\r\ndone=1\r\n"), "Oops", id="an error in spite of exit code 0"),
        pytest.param(Result(0, "state=Online\r\n"), "state=Online", id="cut off: not done"),
        pytest.param(Result(1, "state=Online\r\ndone=1\r\n"), "exit code 1", id="done, but exit code 1"),
        pytest.param(Result(0, ""), "no output", id="nothing"),
        pytest.param(Result(1, "", "\r\n'powershell.exe' nïcht gëfündén\r\n"), "nïcht gëfündén", id="no PowerShell"),
    ],
)
def test_anything_but_a_finished_answer_is_a_failure(result: Result, said: str) -> None:
    made, _node, _channel = shell((ANY, result))
    with pytest.raises(Failure) as read:
        made.copies("CMS1")
    assert said in read.value.seen
    assert read.value.target == "CMS1"
    assert not read.value.changed
    made, _node, _channel = shell((ANY, result))
    with pytest.raises(Failure) as acted:
        made.stop("CMS1", "x", 60)
    assert acted.value.changed
    assert acted.value.data["rc"] == result.rc
    assert acted.value.advice


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Online", CmsState.ONLINE),
        ("PartiallyOnline", CmsState.PARTIALLY_ONLINE),
        ("Partially Online", CmsState.PARTIALLY_ONLINE),
        ("OnlinePending", CmsState.ONLINE_PENDING),
        ("ONLINE PENDING", CmsState.ONLINE_PENDING),
        ("Offline", CmsState.OFFLINE),
        ("OfflinePending", CmsState.OFFLINE_PENDING),
        ("Failed", CmsState.FAILED),
        ("Önlïnë", CmsState.UNKNOWN),
        ("0", CmsState.UNKNOWN),
        ("", CmsState.UNKNOWN),
    ],
)
def test_cms_state(word: str, state: CmsState) -> None:
    assert cms_state(word) is state


@pytest.mark.parametrize(
    ("machines", "active"),
    [
        (["NODEA <Active, Quorum Owner>", "NODEB"], "NODEA"),
        (["NODEA <Quorum Owner>", "nodeb <Active>"], "NODEB"),
        (["NODEA <Quorum Owner, Active>"], "NODEA"),
        (["NODEA", "NODEB"], None),
        (["NODEA <Inactive>"], None),
        (["Active"], None),
        ([], None),
    ],
)
def test_active_machine(machines: list[str], active: str | None) -> None:
    assert active_machine(machines) == active


def servers(fixture: str) -> list[MailboxServer]:
    return parse_mailbox_servers(text(f"powershell/{fixture}.txt"))


def test_a_ccr_server() -> None:
    (server,) = servers("servers-ccr-online")
    assert server == MailboxServer(
        "CMS1",
        CmsState.ONLINE,
        "NODEA",
        Version(8, 0, 685, 24),
        "ccr",
        ("NODEA", "NODEB"),
        (("Mailbox Database", True), ("DB = 2", True)),
    )
    assert (server.release, server.mounted) == ("rtm", True)


def test_two_servers_of_an_scc() -> None:
    one, two = servers("servers-scc-two")
    assert (one.kind, one.state, one.owner, one.release) == ("scc", CmsState.PARTIALLY_ONLINE, "NODEA", "sp1")
    assert (one.databases, one.mounted) == ((("DB1", True), ("DB2", False)), False)
    assert one.redundant_machines == ("NODEA", "NODEC")
    assert (two.state, two.owner, two.release) == (CmsState.OFFLINE, None, "sp2")
    assert not two.mounted  # nothing is seen mounted


def test_a_block_that_is_cut_off_is_left_out() -> None:
    assert [s.name for s in servers("servers-cut-off")] == ["CMS1"]


def test_unknown_words_stay_unknown() -> None:
    (server,) = servers("servers-unknown-words")
    assert (server.state, server.owner, server.version, server.release) == (CmsState.UNKNOWN, None, None, None)
    assert (server.kind, server.databases, server.mounted) == ("unknown", (("DB1", None),), False)


def test_databases_of_one_name_are_all_kept() -> None:
    databases = "mounted=False\ndatabase=Mailbox Database\nmounted=True\ndatabase=Mailbox Database\n"
    (server,) = parse_mailbox_servers(f"cms=C\nstate=Online\n{databases}end=C\n")
    assert server.databases == (("Mailbox Database", False), ("Mailbox Database", True))
    assert not server.mounted
    assert len(server.as_dict()["databases"]) == 2


def test_the_public_form_of_a_server() -> None:
    assert servers("servers-ccr-online")[0].as_dict() == {
        "name": "CMS1",
        "owner": "NODEA",
        "state": "online",
        "version": "8.0.685.24",
        "release": "rtm",
        "kind": "ccr",
        "redundant_machines": ["NODEA", "NODEB"],
        "databases": [{"name": "Mailbox Database", "mounted": True}, {"name": "DB = 2", "mounted": True}],
    }
    assert MailboxServer("X").as_dict()["version"] is None


@pytest.mark.parametrize(
    ("fixture", "samples"),
    [
        (
            "copies-two-samples",
            [
                [Copy("First Storage Group", "Healthy", 0, 3), Copy("Second", "Healthy", 0, 0)],
                [Copy("First Storage Group", "Healthy", 0, 2), Copy("Second", "Failed", 7, 0)],
            ],
        ),
        ("copies-service-down-no-queues", [[Copy("First Storage Group", "ServiceDown", None, None)]]),
        ("copies-of-scc-none", [[], []]),
    ],
)
def test_copies(fixture: str, samples: list[list[Copy]]) -> None:
    made, _node, _channel = shell((ANY, text(f"powershell/{fixture}.txt")))
    assert made.copies("CMS1", 2, 5) == samples


@pytest.mark.parametrize(("samples", "interval", "times", "pause"), [(3, 5.0, 3, 5000), (0, 0.5, 1, 500)])
def test_samples_are_taken_in_one_start_of_the_shell(samples: int, interval: float, times: int, pause: int) -> None:
    script = copies_script("CMS1", samples, interval)
    assert f"$i -lt {times};" in script
    assert f"Start-Sleep -Milliseconds {pause} " in script


def test_reading_samples_is_given_the_time_that_it_takes() -> None:
    made, _node, channel = shell((ANY, DONE))
    made.copies("CMS1", 100, 10)
    assert channel.timeouts[0] > 100 * 10


@pytest.mark.parametrize("release", ["sp1", "sp2", "sp3"])
def test_start_unless_online_looks_at_the_version_first(release: str) -> None:
    made, node, channel = shell((ANY, DONE))
    made.start_unless_online("CMS1", release, 60)
    line = channel.lines[0]
    digit = release[-1]
    assert f"-match '8[.]{digit}\\D' -and $s.State -ne 'Online' -and ('' + $s.State) -notmatch 'Pending') " in line
    assert line.count("Get-ClusteredMailboxServerStatus") == 2
    assert len(node.commands) == 1


@pytest.mark.parametrize(
    ("copy", "healthy", "queue"),
    [
        (Copy("x", "Healthy", 2, 3), True, 5),
        (Copy("x", "HEALTHY", 0, 0), True, 0),
        (Copy("x", "Healthy", None, 3), True, None),
        (Copy("x", "Healthy", 3, None), True, None),
        (Copy("x", "NotHealthy", 0, 0), False, 0),
        (Copy("x", "", 0, 0), False, 0),
    ],
)
def test_health_and_queue_of_a_copy(copy: Copy, healthy: bool, queue: int | None) -> None:
    assert (copy.healthy, copy.queue) == (healthy, queue)


GARBAGE = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(
    st.lists(GARBAGE | st.sampled_from(["cms=X", "end=X", "state=Online\u0301", "machine=A", "mounted=x"]), max_size=12)
)
def test_garbage_is_never_an_online_server(said: list[str]) -> None:
    for server in parse_mailbox_servers("\r\n".join(said)):
        assert server.state is CmsState.UNKNOWN
        assert server.owner is None
        assert not server.mounted


COPY_LINES = st.sampled_from(
    [
        "sample=0",
        "copy=X",
        "copy_queue=1",
        "replay_queue=x",
        "copy_queue=\u00b2",
        f"replay_queue={'9' * 5000}",
        "status=Hëälthy",
    ]
)


def test_a_superscript_is_no_queue() -> None:
    (sample,) = parse_copies("sample=0\ncopy=X\nstatus=Healthy\ncopy_queue=\u00b2\nreplay_queue=0\n")
    assert [copy.queue for copy in sample] == [None]


@given(st.lists(GARBAGE | COPY_LINES, max_size=12))
def test_garbage_is_never_a_healthy_copy(said: list[str]) -> None:
    assert not any(copy.healthy for sample in parse_copies("\r\n".join(said)) for copy in sample)


@given(GARBAGE, GARBAGE, st.integers(0, 99))
def test_garbage_is_never_done(stdout: str, stderr: str, rc: int) -> None:
    made, _node, _channel = shell((ANY, Result(rc, stdout, stderr)))
    with pytest.raises(Failure):
        made.start("CMS1", 60)


@given(st.text(max_size=40))
def test_a_literal_ends_where_it_should(value: str) -> None:
    try:
        written = literal(value)
    except Unquotable:
        return
    assert written[0] == written[-1] == "'"
    assert written[1:-1].replace("''", "") == value.replace("'", "")
    assert written[1:-1].replace("''", "'") == value
