# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines survive cmd.exe and the C runtime unchanged, or are refused."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cluster import ClusterExe
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import (
    MAX_COMMAND_LINE,
    Unquotable,
    command_line,
    name,
    quote,
    refuse_foreign,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import Asked
from hypothesis import given
from hypothesis import strategies as st

CONTROL = [chr(code) for code in [*range(0x20), 0x7F]]
UNSAFE = [*CONTROL, '"', "%"]


def c_runtime_argv(line: str) -> list[str]:
    """Independent reading of a command line, by the rules that Microsoft documents for the C runtime's argv."""
    arguments: list[str] = []
    position, length = 0, len(line)
    while position < length:
        while position < length and line[position] in " \t":
            position += 1
        if position >= length:
            break
        made, quoted = "", False
        while position < length and (quoted or line[position] not in " \t"):
            slashes = 0
            while position < length and line[position] == "\\":
                slashes, position = slashes + 1, position + 1
            if position < length and line[position] == '"':
                made += "\\" * (slashes // 2)
                if slashes % 2:
                    made += '"'
                else:
                    quoted = not quoted
                position += 1
            else:
                made += "\\" * slashes
                if position < length and (quoted or line[position] not in " \t"):
                    made += line[position]
                    position += 1
        arguments.append(made)
    return arguments


def outside_quotes(line: str) -> str:
    """What cmd.exe sees outside double quotes: only there do & | < > ( ) ^ mean something."""
    return "".join(line.split('"')[::2])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r'prog "a b" c', ["prog", "a b", "c"]),
        (r'prog "D:\\"', ["prog", "D:\\"]),
        (r"prog \"a\" x", ["prog", '"a"', "x"]),
        (r"prog a\b", ["prog", r"a\b"]),
        (r'prog ""', ["prog", ""]),
    ],
)
def test_the_reader_of_this_file_reads_as_microsoft_documents(line: str, expected: list[str]) -> None:
    assert c_runtime_argv(line) == expected


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        pytest.param("Cluster Group", '"Cluster Group"', id="blank"),
        pytest.param("Print & Fax (HQ)", '"Print & Fax (HQ)"', id="ampersand and brackets"),
        pytest.param("O'Brien", '"O\'Brien"', id="apostrophe"),
        pytest.param("a^b|c<d>e!f", '"a^b|c<d>e!f"', id="every other sign of cmd.exe"),
        pytest.param("D:\\", r'"D:\\"', id="one trailing backslash is doubled"),
        pytest.param("D:\\\\", '"D:\\\\\\\\"', id="two trailing backslashes are doubled"),
        pytest.param(r"D:\a b\c", r'"D:\a b\c"', id="inner backslashes stay"),
        pytest.param("", '""', id="empty"),
        pytest.param("Gr\u00fcppe", '"Gr\u00fcppe"', id="accented"),
    ],
)
def test_quoted(value: str, quoted: str) -> None:
    assert quote(value) == quoted


@pytest.mark.parametrize("char", UNSAFE, ids=[f"0x{ord(c):02x}" for c in UNSAFE])
def test_what_no_quoting_protects_is_refused_with_the_value_and_the_reason(char: str) -> None:
    with pytest.raises(Unquotable) as refused:
        quote(f"a{char}b")
    assert refused.value.value == f"a{char}b"
    assert refused.value.reason
    assert repr(f"a{char}b") in str(refused.value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param("/delete", "option", id="slash"),
        pytest.param("-x", "option", id="hyphen"),
        pytest.param("", "empty", id="empty"),
        pytest.param("   ", "empty", id="only blanks"),
        pytest.param('a"b', "double quote", id="quote"),
        pytest.param("50%", "percent", id="percent sign"),
    ],
)
def test_a_name_that_a_tool_would_misread_is_refused(value: str, reason: str) -> None:
    with pytest.raises(Unquotable, match=reason):
        name(value)


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        pytest.param(["cluster.exe", "node"], "cluster.exe node", id="plain words stay plain"),
        pytest.param(["sc", "query", "My Service"], 'sc query "My Service"', id="blank"),
        pytest.param(["x", "a&b"], 'x "a&b"', id="ampersand"),
        pytest.param(["x", ""], 'x ""', id="an empty argument is still there"),
        pytest.param([r"C:\WINDOWS\x.exe", "/f"], r"C:\WINDOWS\x.exe /f", id="program with a path"),
        pytest.param(["x", "a^b"], 'x "a^b"', id="caret"),
        pytest.param(["x", "a,b;c=d"], 'x "a,b;c=d"', id="separators of cmd.exe"),
    ],
)
def test_command_line(argv: list[str], line: str) -> None:
    assert command_line(argv) == line


@pytest.mark.parametrize("program", [r"C:\Program Files\x.exe", "a&b", "", '"x"'])
def test_a_program_that_would_need_quotes_is_refused(program: str) -> None:
    with pytest.raises(Unquotable):
        command_line([program, "/x"])


@pytest.mark.parametrize(("length", "fits"), [(MAX_COMMAND_LINE, True), (MAX_COMMAND_LINE + 1, False)])
def test_the_longest_line_of_cmd(length: int, fits: bool) -> None:
    argv = ["x", "a" * (length - 2)]
    if fits:
        assert len(command_line(argv)) == length
    else:
        with pytest.raises(Unquotable, match=str(length)):
            command_line(argv)


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TRICKY = st.text(st.sampled_from(list("ab \\'&|<>()^!,;=/-\u00e4") + UNSAFE), max_size=12)


@given(ANY_TEXT | TRICKY)
def test_what_quote_accepts_reaches_the_program_unchanged(value: str) -> None:
    try:
        quoted = quote(value)
    except Unquotable:
        assert any(char in UNSAFE for char in value)
        return
    assert c_runtime_argv(f"prog {quoted} next") == ["prog", value, "next"]
    assert outside_quotes(quoted) == ""


@given(st.lists(ANY_TEXT | TRICKY, max_size=4))
def test_what_command_line_accepts_reaches_the_program_unchanged(values: list[str]) -> None:
    try:
        line = command_line(["prog.exe", *values])
    except Unquotable:
        return
    assert c_runtime_argv(line) == ["prog.exe", *values]
    assert not line.startswith('"')
    assert not set(outside_quotes(line)) & set("&|<>()^%")


@pytest.mark.parametrize("cluster", ["EX & del", "EX (1)", "a b"])
def test_the_name_of_a_cluster_reaches_cluster_exe_in_one_piece(cluster: str) -> None:
    line = ClusterExe(Node("n", Asked()), cluster).group_line("G", "/online", 1)
    assert c_runtime_argv(line)[:3] == ["cluster.exe", f"/cluster:{cluster}", "group"]
    assert f'"{cluster}"' in line or f'"/cluster:{cluster}"' in line


@pytest.mark.parametrize(
    ("line", "codepage", "value", "char"),
    [
        pytest.param('cluster.exe group "A & Łódź" /online', 437, "A & Łódź", "Ł", id="in double quotes"),
        pytest.param("sc query Łódź", 437, "Łódź", "Ł", id="a bare word"),
        pytest.param("x \"& { say 'a' 'O''Łódź' }\" <nul", 437, "O'Łódź", "Ł", id="a literal of PowerShell"),
        pytest.param('x "& { $Ł }"', 437, 'x "& { $Ł }"', "Ł", id="a script"),
        pytest.param("wmic datafile where \"name='D:\\\\it\\'s\\\\中'\"", 437, "D:\\it's\\中", "中", id="WQL"),
        pytest.param('x "é" "€"', 850, "€", "€", id="another code page"),
    ],
)
def test_a_line_that_the_nodes_code_page_cannot_hold_is_refused(
    line: str, codepage: int, value: str, char: str
) -> None:
    with pytest.raises(Unquotable, match=f"code page {codepage} has no '{char}'") as refused:
        refuse_foreign(line, codepage)
    assert refused.value.value == value
    assert repr(value) in str(refused.value)


@pytest.mark.parametrize(("line", "codepage"), [("a é ß Ω", 437), ("日本", 932), ("Łódź", 852), ("plain", 437)])
def test_a_line_that_it_can_hold_goes_on(line: str, codepage: int) -> None:
    refuse_foreign(line, codepage)
