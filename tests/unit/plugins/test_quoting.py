# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection quotes reaches programs of the lab's cmd.exe and PowerShell unchanged, or is refused in one line.

The two know nothing of each other: they meet here only. tests/wine asks the same of a cmd.exe that neither has written.
"""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _files as files
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable, command_line, quote
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._job import DetachedJob
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup import setup_line, upgrade_arguments
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import literal
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Credentials
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab import cmd_lab, powershell_lab
from ansible_collections.mailops.exchange2007.tests.unit.plugins.quoting import (
    ANYTHING,
    CASES,
    FORBIDDEN,
    NAME,
    TEXT,
    Case,
    LabChannel,
    played_host,
    shown,
)
from hypothesis import given, settings
from hypothesis import strategies as st

HOST = played_host()
JOB = "upgrade-sp2"
FOLDER = rf"%SystemRoot%\Temp\mailops-{JOB}"


def made(case: Case, text: str) -> str | None:
    """The line, None where the text is refused; a refusal is one line that names the text."""
    try:
        return case.line(text)
    except Unquotable as refused:
        assert repr(refused.value) in str(refused)
        assert refused.reason
        assert len(str(refused).splitlines()) == 1
        return None


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@given(text=ANYTHING)
@settings(max_examples=80)
def test_a_program_gets_what_was_meant(case: Case, text: str) -> None:
    line = made(case, text)
    if line is not None:
        assert shown(cmd_lab.run(HOST, line).out) == [case.arguments(text)]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@given(text=TEXT)
@settings(max_examples=80)
def test_nothing_is_refused_that_can_be_passed(case: Case, text: str) -> None:
    """Only what starts like an option, or is no name at all."""
    if text.strip() and text[:1] not in ("/", "-"):
        assert made(case, text) is not None


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("char", FORBIDDEN, ids=[f"0x{ord(char):02x}" for char in FORBIDDEN])
def test_what_cmd_would_change_is_refused(case: Case, char: str) -> None:
    assert made(case, f"a{char}b") is None


@given(st.lists(ANYTHING, max_size=5))
def test_a_whole_command_line(texts: list[str]) -> None:
    try:
        line = command_line(["argv", *texts])
    except Unquotable:
        assert set("".join(texts)) & {*map(chr, range(32)), "\x7f", *FORBIDDEN}
        return
    assert shown(cmd_lab.run(HOST, line).out) == [texts]


@given(st.lists(st.tuples(TEXT, st.integers(0, 255)), min_size=1, max_size=5))
def test_joined_commands_keep_their_answers_apart(commands: list[tuple[str, int]]) -> None:
    """read_all: several lines in one, each with its output and exit code."""
    lines = [f"{command_line(['argv', text])} & cmd /c exit {code}" for text, code in commands]
    results = Node("nodea", LabChannel(HOST)).read_all(lines)
    assert [(result.rc, shown(result.stdout)) for result in results] == [(code, [[text]]) for text, code in commands]


@given(TEXT, TEXT)
def test_beside_operators_redirections_and_pipes(first: str, second: str) -> None:
    quoted = quote(first), quote(second)
    for line in (
        f'argv {quoted[0]} >nul 2>&1 <nul&& argv {quoted[1]}|findstr "^"',
        f"(argv {quoted[0]}&argv x)>nul & (argv {quoted[1]})",
        f"argv {quoted[0]}>nul||argv {quoted[0]}&argv {quoted[1]}",
    ):
        assert shown(cmd_lab.run(HOST, line).out) == [[second]], line


@given(TEXT)
def test_a_line_that_begins_with_a_quote_is_never_made(text: str) -> None:
    """`cmd /c` would take its quotes apart."""
    for case in CASES.values():
        assert not (made(case, text) or "").startswith('"')


# --- batch files ---------------------------------------------------------------------------------------------------

PASSWORD = st.text(st.sampled_from(string.printable[:95] + "\u00e4"), min_size=1, max_size=20)


@pytest.fixture(autouse=True)
def _no_job() -> None:
    cmd_lab.run(HOST, f"rd /s /q {FOLDER}")


def prepared(program: str, password: str) -> LabChannel:
    """A job that was prepared on the lab's host, where schtasks only shows its arguments."""
    channel = LabChannel(HOST)
    job = DetachedJob(Node("nodea", channel), JOB, ["Setup.com"])
    job.prepare(program, Credentials(r"EXAMPLE\admin", password), modern=True, before=["echo 50 > before.txt"])
    return channel


@given(NAME, NAME, PASSWORD)
def test_setup_starts_from_any_folder(folder: str, updates: str, password: str) -> None:
    """The batch file is written by echo, read by cmd.exe, and its quotes are those of Setup's folder."""
    cmd_lab.run(HOST, f"rd /s /q {FOLDER}")
    media, bundle = f"C:\\{folder}", f"C:\\{updates} x"
    HOST.files.mkdir(media, exist_ok=True)
    HOST.files.add_program(f"{media}\\Setup.com", "shown")
    prepared(setup_line(media, upgrade_arguments("dc1.example", bundle)), password)
    cmd_lab.run(HOST, rf"echo go>{FOLDER}\go & {FOLDER}\job.cmd")
    assert shown(cmd_lab.run(HOST, rf"type {FOLDER}\out.txt").out) == [
        ["/mode:upgrade", f"/UpdatesDir:{bundle}", "/DomainController:dc1.example"]
    ]
    assert cmd_lab.run(HOST, rf"type {FOLDER}\rc.txt").out.strip() == "0"
    assert cmd_lab.run(HOST, rf"type {FOLDER}\before.txt").out.strip() == "50"
    HOST.files.rmdir(media, tree=True)


@given(PASSWORD.filter(str.isascii))
def test_the_password_reaches_schtasks_whatever_it_holds(password: str) -> None:
    """By standard input and delayed expansion: cmd.exe never reads it."""
    cmd_lab.run(HOST, f"rd /s /q {FOLDER}")
    (arguments,) = shown(prepared("argv x", password).answers[-1].stdout)
    assert arguments[-4:] == ["/ru", r"EXAMPLE\admin", "/rp", password]


# --- files ---------------------------------------------------------------------------------------------------------


@given(NAME, NAME)
def test_a_file_of_any_name_is_seen_moved_and_removed(folder: str, name: str) -> None:
    path = f"C:\\{folder}\\{name}"
    try:
        files.node_path(path, "Looking")
    except Refusal:
        return
    HOST.files.mkdir(f"C:\\{folder}", exist_ok=True)
    upload = files.Upload(path, "t")
    look: Callable[[str], files.Entry] = lambda wanted: files.parse_entry(  # noqa: E731
        Node("nodea", LabChannel(HOST)).read_line(files.entry_line(quote(wanted)))
    )
    assert look(path).kind is files.Kind.ABSENT
    for line in [*upload.fill_lines(0), upload.move_line]:
        assert cmd_lab.run(HOST, line).rc == 0
    assert look(path) == files.Entry(files.Kind.FILE, 0)
    assert cmd_lab.run(HOST, upload.backup_line(f"{path}.bak")).rc == 0
    assert HOST.files.listdir(f"C:\\{folder}") == sorted([name, f"{name}.bak"], key=str.lower)
    HOST.files.rmdir(f"C:\\{folder}", tree=True)


# --- PowerShell ----------------------------------------------------------------------------------------------------

SHELL = powershell_lab.plain()


@given(TEXT.filter(lambda text: text.isascii()))
def test_a_literal_is_the_text_for_powershell(text: str) -> None:
    answer = SHELL.run(
        f"& {{ function say($k, $v) {{ [Console]::WriteLine($k + '=' + $v) }}; say 'x' {literal(text)} }}"
    )
    assert answer.out == f"x={text}\n"


@pytest.mark.parametrize("char", "\u2018\u2019\u201a\u201b")
def test_typographic_quotes_would_end_a_literal(char: str) -> None:
    with pytest.raises(Unquotable, match="typographic quote"):
        literal(f"O{char}Brien")
