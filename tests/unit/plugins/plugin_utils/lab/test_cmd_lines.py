# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines as they come over WinRM: what is special, in which order, and with which exit code."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.arguments import split_argv
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.expand import expand_percent
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.interpreter import strip_quotes
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Host
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.cmd_lab import (
    HOME,
    NOT_RECOGNISED,
    Result,
    make_host,
    run,
)


@pytest.fixture(name="host")
def host_fixture() -> Host:
    host = make_host()
    host.files.write("C:\\data.txt", b"one\r\ntwo\r\n")
    return host


def unknown(name: str) -> str:
    return NOT_RECOGNISED.format(name=name)


def test_hosts_that_say_the_same_line_get_their_own_values() -> None:
    """What a line became is remembered, for all hosts."""
    for computer in ("NODEA", "NODEB", "NODEA"):
        names = {"COMPUTERNAME": computer}
        assert expand_percent("echo %COMPUTERNAME%", names.get, None, lambda *_: "") == f"echo {computer}"


# line, exit code, standard output
QUOTES_AND_CARETS = [
    ("echo hi", 0, "hi\n"),
    ('show a "b c" d', 0, "[a][b c][d]\n"),
    ('show "a & b | c < d > e ( f ) ^ g"', 0, "[a & b | c < d > e ( f ) ^ g]\n"),
    ("show a^&b a^|b a^<b a^>b a^^b", 0, "[a&b][a|b][a<b][a>b][a^b]\n"),
    ("echo a^", 0, "a\n"),
    ('echo "a^&b"', 0, '"a^&b"\n'),
    ('show "unbalanced & echo x', 0, "[unbalanced & echo x]\n"),
    ('show a\\"b & echo not reached', 0, '[a"b][&][echo][not][reached]\n'),
    ('show "C:\\dir\\\\" x', 0, "[C:\\dir\\][x]\n"),
    ('show "C:\\dir\\" x', 0, '[C:\\dir" x]\n'),
    ('show ^"a ^& b^"', 0, "[a & b]\n"),
    ("show Exchange Virtual Server 1 (A^&B)", 0, "[Exchange][Virtual][Server][1][(A&B)]\n"),
    ("  ,;= echo leading delimiters", 0, "leading delimiters\n"),
    ("@echo quiet", 0, "quiet\n"),
    ('"show" x', 0, "[x]\n"),
    ("show,a;b=c", 0, "[,a;b=c]\n"),
]

OPERATORS = [
    ("echo a&echo b", 0, "a\nb\n"),
    ("echo a & echo b", 0, "a \nb\n"),
    ("echo a &", 0, "a \n"),
    ("fail 3 & echo b", 0, "b\n"),
    ("fail 3 && echo b", 3, ""),
    ("fail 3 || echo b", 0, "b\n"),
    ("fail 0 && echo b", 0, "b\n"),
    ("fail 0 || echo b", 0, ""),
    ("fail 3 && echo b || echo c", 0, "c\n"),
    ("fail 0 || echo b && echo c", 0, ""),
    ("fail 3 || fail 4 && echo c", 4, ""),
    ("fail 3 && echo b & echo c", 0, "c\n"),
    ("(echo a&echo b)", 0, "a\nb\n"),
    ("fail 1 || (echo b& echo c)", 0, "b\nc\n"),
    ("fail 0 || (echo b& echo c)", 0, ""),
    ("echo a) echo b", 0, "a) echo b\n"),
    (") echo silent", 0, ""),
    (":label echo silent", 0, ""),
    ("rem a & echo not reached", 0, ""),
    ("rem & echo reached", 0, "reached\n"),
    ("echo a|cat", 0, "a\n"),
    ("echo a | cat", 0, "a \n"),
    ("echo a|cat|cat", 0, "a\n"),
    ("(echo a& echo b)|cat", 0, "a\nb\n"),
    ("fail 3|fail 4", 4, ""),
    ("fail 3|echo x", 0, "x\n"),
    ("echo a|cat&& echo b", 0, "a\nb\n"),
    ("complain 2>&1|cat", 0, "out\nerr\n"),
    ("set X=1|cat& set X", 1, ""),
    ("if 1==1 (echo a) else (echo b)", 0, "a\n"),
    ("if 1==2 (echo a) else (echo b)", 0, "b\n"),
    ("if 1==2 echo a & echo b", 0, ""),
    ("if 1==1 echo a else echo b", 0, "a else echo b\n"),
    ("if 1==1 (echo a) else echo b & echo c", 0, "a\n"),
    ("if 1==2 echo a&& (echo b) else echo c", 0, "c\n"),
    ("if 1==1 if 2==2 if 3==0 (echo a) else (echo b) else echo c", 0, "b\n"),
    ("if 1==1 if 2==0 if 3==3 (echo a) else (echo b) else echo c", 0, "c\n"),
]

REDIRECTIONS = [
    ("echo a>x& type x", 0, "a\n"),
    ("echo a >x& type x", 0, "a \n"),
    (">x echo a& type x", 0, "a\n"),
    ("echo a>x& echo b>>x& type x", 0, "a\nb\n"),
    ("echo 0>x& type x", 0, "ECHO is on.\n"),  # handle 0, not the text 0
    ("echo 2>x& type x", 0, "ECHO is on.\n"),
    ("echo 1>x& type x", 0, "ECHO is on.\n"),
    ("echo 12>x& type x", 0, "12\n"),
    ("echo a2>x& type x", 0, "a2\n"),
    ("echo 0 >x& type x", 0, "0 \n"),
    (">x echo 0& type x", 0, "0\n"),
    ("(echo 0)>x& type x", 0, "0\n"),
    ("(echo a& echo b)>x& type x", 0, "a\nb\n"),
    ("echo a>x b& type x", 0, "a b\n"),
    ('echo a>"x y"& type "x y"', 0, "a\n"),
    ("echo a>nul", 0, ""),
    ("echo a>C:\\anywhere\\nul", 0, ""),
    ("complain 2>nul", 0, "out\n"),
    ("complain >nul 2>&1", 0, ""),
    ("complain >x 2>&1& type x", 0, "out\nerr\n"),
    ("complain 2>&1 >x & type x", 0, "err\nout\n"),
    ("echo a>x>y& if not exist x type y", 0, "a\n"),  # the first file isn't even made
    ("cat<C:\\data.txt", 0, "one\ntwo\n"),
    ("cat <nul", 0, ""),
    ("cat<C:\\data.txt|cat", 0, "one\ntwo\n"),
    ("<C:\\data.txt (set /p A=& set /p B=)& set A& set B", 0, "A=one\nB=two\n"),
    ("echo a^>x", 0, "a>x\n"),
    ('echo "a>x"', 0, '"a>x"\n'),
    ("if 1==1 (echo a) else echo b>x& type x", 0, "a\n"),
]

PERCENT = [
    ("echo %COMPUTERNAME%", 0, "NODEA\n"),
    ("echo %computername%", 0, "NODEA\n"),
    ('echo "%COMPUTERNAME%"', 0, '"NODEA"\n'),
    ("echo %UNDEFINED%", 0, "%UNDEFINED%\n"),
    ("echo 100%", 0, "100%\n"),
    ("echo %%COMPUTERNAME%%", 0, "%NODEA%\n"),
    ("echo ^%COMPUTERNAME^%", 0, "%COMPUTERNAME%\n"),
    ("echo %COMPUTERNAME:~0,4% %COMPUTERNAME:~-1% %COMPUTERNAME:~1,-1%", 0, "NODE A ODE\n"),
    ("echo %COMPUTERNAME:node=x%", 0, "xA\n"),
    ("echo %COMPUTERNAME:*D=%", 0, "EA\n"),
    ("echo %UNDEFINED:~0,1%", 0, "%UNDEFINED:~0,1%\n"),
    ("set X=5& echo %X%", 0, "%X%\n"),
    ("set X=a b& set X", 0, "X=a b\n"),
    ("echo %CD%", 0, f"{HOME}\n"),
    ("fail 7& echo %ERRORLEVEL%", 0, "0\n"),
    ('fail 7& cmd /v:on /c "echo !ERRORLEVEL!"', 0, "0\n"),
    ('cmd /v:on /c "fail 7& echo !ERRORLEVEL!"', 0, "7\n"),
    ('cmd /v:on /c "set X=a^&b& show "!X!""', 0, "[a&b]\n"),
    ('cmd /v:off /c "echo !ERRORLEVEL!"', 0, "!ERRORLEVEL!\n"),
    ("echo !CD!", 0, "!CD!\n"),
    ('cmd /v:on /c "echo a!b"', 0, "ab\n"),
    ('cmd /v:on /c "echo a!undefined!b"', 0, "ab\n"),
]


@pytest.mark.parametrize(("line", "rc", "out"), [*QUOTES_AND_CARETS, *OPERATORS, *REDIRECTIONS, *PERCENT])
def test_line(host: Host, line: str, rc: int, out: str) -> None:
    result = run(host, line)
    assert (result.rc, result.out) == (rc, out), result.err


# line, exit code, standard output, standard error
ERRORS = [
    ("foo", 1, "", unknown("foo")),
    ("foo & echo b", 0, "b\n", unknown("foo")),
    ('"foo bar" x', 1, "", unknown("foo")),
    ("foo.exe", 1, "", unknown("foo.exe")),
    ("no\\such.exe", 1, "", "The system cannot find the path specified.\n"),
    ('cmd /v:on /c "foo & echo !errorlevel!"', 0, "9009\n", unknown("foo")),
    ('cmd /v:on /c "foo || echo !errorlevel!"', 0, "1\n", unknown("foo")),
    ('cmd /v:on /c "no\\such.exe & echo !errorlevel!"', 0, "3\n", "The system cannot find the path specified.\n"),
    ("foo | cat", 255, "", unknown("foo")),
    ("foo | cat & echo not reached", 255, "", unknown("foo")),
    ("echo>", 1, "", "The syntax of the command is incorrect.\n"),
    ("& echo a", 1, "", "& was unexpected at this time.\n"),
    ("echo a && || echo b", 1, "", "|| was unexpected at this time.\n"),
    ("if x y echo a", 1, "", "y was unexpected at this time.\n"),
    ("if ==y echo a", 1, "", "echo was unexpected at this time.\n"),
    ("if exist C:\\Program Files\\x (echo a) else (echo b)", 0, "", ""),
    ("for %%i in (a) do echo %%i", 1, "", "%%i was unexpected at this time.\n"),
    ("for %i in (a) echo %i", 1, "", "echo was unexpected at this time.\n"),
    ("()", 1, "", ") was unexpected at this time.\n"),
    ("(echo a", 1, "", ""),
    ("echo a >no\\such\\folder", 1, "", "The system cannot find the path specified.\n"),
    ("cat <missing", 1, "", "The system cannot find the file specified.\n"),
    ("echo a >\\\\fs\\share\\x", 1, "", "Access is denied.\n"),
    ("echo a >&9", 1, "", "The handle is invalid.\n"),
    ("crash", -1073741819, "", ""),
]


@pytest.mark.parametrize(("line", "rc", "out", "err"), ERRORS)
def test_error(host: Host, line: str, rc: int, out: str, err: str) -> None:
    assert run(host, line) == Result(rc, out, err)


# what stands behind /c; the names of executables are "prog" and "my prog"; what is run
STRIPPING = [
    ("show x", "show x"),
    ('show "x"', 'show "x"'),
    ('"prog"', "prog"),
    ('"my prog"', '"my prog"'),
    ('"other prog"', "other prog"),
    ('"my prog" "x"', 'my prog" "x'),
    ('"my prog" x', '"my prog" x'),
    ('""my prog" x"', '"my prog" x'),
    ('"show "a b""', 'show "a b"'),
    ('"my (prog)"', "my (prog)"),
    ('  "show x"', "show x"),
    ('"show x', "show x"),
    ('"show x" y', "show x y"),
]


@pytest.mark.parametrize(("text", "expected"), STRIPPING)
def test_strip_quotes(text: str, expected: str) -> None:
    assert strip_quotes(text, lambda name: name in ("prog", "my prog")) == expected


def test_strip_quotes_always() -> None:
    assert strip_quotes('"my prog"', lambda _name: True, always=True) == "my prog"


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ('cmd /c "echo a b"', "a b\n"),
        ("cmd /c echo a b", "a b\n"),
        ('cmd /s /c "show "a b""', "[a b]\n"),
        ('cmd /d /v:on /c "echo !CD!"', f"{HOME}\n"),
        ('"show "a b" c"', "[a b][c]\n"),
        ('"C:\\Program Files\\my prog.exe"', "[]\n"),
        ('cmd /c ""C:\\Program Files\\my prog.exe" "x y""', "[x y]\n"),
        ("cmd.exe/c echo a", "a\n"),
    ],
)
def test_cmd_as_a_program(host: Host, line: str, out: str) -> None:
    host.files.add_program("C:\\Program Files\\my prog.exe", "show")
    assert run(host, line).out == out.replace("[]", "")


def test_a_line_that_begins_with_a_quote_loses_two_of_them(host: Host) -> None:
    host.files.add_program("C:\\Program Files\\my prog.exe", "show")
    result = run(host, '"C:\\Program Files\\my prog.exe" "a b"')
    assert result.rc == 1
    assert result.err == unknown("C:\\Program")


def test_cmd_reads_commands_from_standard_input(host: Host) -> None:
    assert run(host, "cmd /q", b"echo a\r\nfail 5\r\n") == Result(5, "a\n", "")


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        ("prog", ["prog"]),
        ('"my prog" a', ["my prog", "a"]),
        ('p "a b" c', ["p", "a b", "c"]),
        ('p a"b c"d', ["p", "ab cd"]),
        ('p "a\\"b"', ["p", 'a"b']),
        ('p "a\\\\" b', ["p", "a\\", "b"]),
        ('p "a\\\\\\"b"', ["p", 'a\\"b']),
        ("p a\\b\\\\c", ["p", "a\\b\\\\c"]),
        ('p ""', ["p", ""]),
        ('p "" x', ["p", "", "x"]),
        ('p "a""b"', ["p", 'a"b']),
        ("p \t a \t b ", ["p", "a", "b"]),
        ('p "open end', ["p", "open end"]),
        ("p a,b;c=d", ["p", "a,b;c=d"]),
    ],
)
def test_argv_of_the_c_runtime(line: str, argv: list[str]) -> None:
    assert split_argv(line) == argv


@pytest.mark.parametrize(
    ("length", "rc", "err"),
    [(8191, 0, ""), (8192, 1, "The command line is too long.\n"), (40000, 1, "The command line is too long.\n")],
)
def test_8191_characters(host: Host, length: int, rc: int, err: str) -> None:
    result = run(host, "rem ".ljust(length, "x"))
    assert (result.rc, result.err) == (rc, err)


def test_8191_characters_after_expansion(host: Host) -> None:
    result = run(host, "rem " + "%PATH%" * 200)
    assert (result.rc, result.err) == (1, "The command line is too long.\n")


def test_only_the_first_line_is_read(host: Host) -> None:
    assert run(host, "echo a\necho b").out == "a\n"


FOR_LOOPS = [
    ("for %i in (a b,c;d) do @echo %i", "a\nb\nc\nd\n"),
    ('for %i in ("a b" c) do @echo %~i', "a b\nc\n"),
    ('for %i in ("a b") do @echo %i', '"a b"\n'),
    ("for %i in (a) do echo %i", f"\n{HOME}>echo a \na\n"),  # echo is on
    ("for %i in (a b) do @(for %j in (1 2) do @echo %i%j)", "a1\na2\nb1\nb2\n"),
    ("for %i in (a b) do @echo %i & echo x", "a \nx\nb \nx\n"),
    ("for %i in (C:\\*.txt) do @echo %i %~nxi %~ni %~xi %~dpi", "C:\\data.txt data.txt data .txt C:\\\n"),
    ("for %i in (C:\\*.none) do @echo %i", ""),
    ("for %i in (x.y) do @echo %~fi %~zi", f"{HOME}\\x.y \n"),
    ("for %i in (C:\\data.txt) do @echo %~zi", "10\n"),
    ("for /l %i in (1,2,5) do @echo %i", "1\n3\n5\n"),
    ("for /l %i in (3,-1,1) do @echo %i", "3\n2\n1\n"),
    ("for /l %i in (1,1,0) do @echo %i", ""),
    ("for /d %i in (C:\\W*) do @echo %i", "C:\\WINDOWS\n"),
    ("for /r C:\\WINDOWS %i in (wmic.*) do @echo %i", "C:\\WINDOWS\\system32\\wbem\\wmic.exe\n"),
    ('for /f %i in ("a b c") do @echo %i', "a\n"),
    ('for /f "tokens=2" %i in ("a b c") do @echo %i', "b\n"),
    ('for /f "tokens=1,3" %i in ("a b c") do @echo %i-%j', "a-c\n"),
    ('for /f "tokens=1*" %i in ("a b  c") do @echo %i-%j', "a-b  c\n"),
    ('for /f "tokens=*" %i in ("  a b") do @echo %i', "a b\n"),
    ('for /f "delims=" %i in ("  a b") do @echo %i', "  a b\n"),
    ('for /f "tokens=2 delims=:" %i in ("a : b") do @echo [%i]', "[ b]\n"),
    ('for /f "tokens=2-3 delims=,; " %i in ("a;b, c") do @echo %i%j', "bc\n"),
    ('for /f "tokens=4" %i in ("a b c") do @echo %i', ""),
    ('for /f "tokens=1,4" %i in ("a b c") do @echo %i-%j', "a-\n"),
    ('for /f "eol=# tokens=1" %i in ("#a") do @echo %i', ""),
    ("for /f %i in (C:\\data.txt) do @echo %i", "one\ntwo\n"),
    ('for /f "skip=1" %i in (C:\\data.txt) do @echo %i', "two\n"),
    ('for /f "usebackq" %i in ("C:\\data.txt") do @echo %i', "one\ntwo\n"),
    ("for /f \"usebackq\" %i in ('a b') do @echo %i", "a\n"),
    ('for /f "usebackq" %i in (`echo a b`) do @echo %i', "a\n"),
    ("for /f \"tokens=2 delims==\" %i in ('set COMPUTERNAME') do @echo %i", "NODEA\n"),
    ("for /f %i in ('type C:\\data.txt ^| find \"tw\"') do @echo %i", "two\n"),
    ('for /f "delims=" %i in (\'show "a b"\') do @echo %i', "[a b]\n"),
    ("for /f %i in ('echo ;a') do @echo %i", ""),
    ("for %i in (a) do @if %i==a (echo yes) else echo no", "yes\n"),
    ("for %I in (a) do @echo %i %I", "%i a\n"),
]


@pytest.mark.parametrize(("line", "out"), FOR_LOOPS)
def test_for(host: Host, line: str, out: str) -> None:
    result = run(host, line)
    assert result.out == out, result.err


def test_for_f_keeps_one_cr_of_wmics_line_ends(host: Host) -> None:
    host.files.write("C:\\wmic.txt", b"Caption  \r\r\nValue  \r\r\n\r\r\n")
    result = run(host, 'for /f "delims=" %i in (C:\\wmic.txt) do @echo [%i]')
    assert result.out == "[Caption  \r]\n[Value  \r]\n[\r]\n"


def test_for_f_of_a_missing_file(host: Host) -> None:
    assert run(host, "for /f %i in (missing) do echo %i") == Result(1, "", "The system cannot find the file missing.\n")


CONDITIONS = [
    ("a==a", True),
    ("a==A", False),
    ("/i a==A", True),
    ("not a==b", True),
    ("not /i a==A", False),
    ('"a b"=="a b"', True),
    ("a == a", True),
    ("10 equ 10", True),
    ("010 equ 8", True),
    ("0xA equ 10", True),
    ("9 lss 10", True),
    ('"9" lss "10"', False),
    ("10 gtr 9", True),
    ("a lss b", True),
    ("b gtr A", True),
    ("a neq A", True),
    ("/i a equ A", True),
    ("3 leq 3", True),
    ("3 geq 4", False),
    ("-1 lss 0", True),
    ("exist C:\\data.txt", True),
    ("exist C:\\data.t*", True),
    ("exist C:\\*.none", False),
    ("exist C:\\WINDOWS", True),
    ("exist C:\\WINDOWS\\", True),
    ("exist C:\\WINDOWS\\nul", True),
    ("exist C:\\missing\\nul", False),
    ("exist C:\\", True),
    ("exist D:\\", False),
    ('exist "C:\\data.txt"', True),
    ("not exist C:\\data.txt", False),
    ("exist \\\\fs\\share\\x", False),
    ("defined PATH", True),
    ("defined NOPE", False),
    ("defined ERRORLEVEL", True),
    ("errorlevel 0", True),
    ("errorlevel 1", False),
    ("cmdextversion 1", True),
    ("exist==exist", True),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_if(host: Host, condition: str, expected: bool) -> None:
    result = run(host, f"if {condition} (echo yes) else echo no")
    assert result.out == ("yes\n" if expected else "no\n"), result.err


def test_if_errorlevel_is_at_least(host: Host) -> None:
    assert run(host, "fail 5& if errorlevel 5 if not errorlevel 6 echo yes").out == "yes\n"


def test_a_handle_of_zero_is_a_file_that_is_made_empty(host: Host) -> None:
    run(host, "echo 0>C:\\x")
    assert host.files.read("C:\\x") == b""


def test_files_are_searched_in_the_folder_then_along_path(host: Host) -> None:
    host.files.mkdir(HOME)
    host.files.write(f"{HOME}\\show.cmd", b"@echo mine\r\n")
    host.files.write(f"{HOME}\\other.txt", b"")
    assert run(host, "show x").out == "mine\n"  # the current folder comes before PATH, whatever the ending
    assert run(host, "show.exe x").out == "[x]\n"
    assert run(host, "other").err == unknown("other")
    assert run(host, "set PATH=& hostname").err == unknown("hostname")
    assert run(host, "C:\\WINDOWS\\system32\\show x").out == "[x]\n"
