# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in commands: what they print, what they do to files, which of them set ERRORLEVEL."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.arithmetic import (
    BAD_NUMBER,
    DIVIDE_BY_ZERO,
    MISSING_OPERAND,
    MISSING_OPERATOR,
    TOO_LARGE,
    UNBALANCED,
    ArithmeticFailure,
    Calculator,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Host
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.cmd_lab import (
    HOME,
    Result,
    make_host,
    run,
    run_batch,
)

MISSING = "The system cannot find the file specified.\n"
NO_PATH = "The system cannot find the path specified.\n"
IN_USE = "The process cannot access the file because it is being used by another process.\n"


@pytest.fixture(name="host")
def host_fixture() -> Host:
    """C:\\d holds a.txt, b.txt, an empty folder 'sub', and a file that somebody writes."""
    host = make_host()
    host.files.mkdir("C:\\d\\sub")
    host.files.write("C:\\d\\a.txt", b"A\r\n")
    host.files.write("C:\\d\\b.txt", b"B\r\n")
    host.files.open_write("C:\\d\\locked").write(b"L")
    return host


def run_there(host: Host, line: str, stdin: bytes = b"") -> Result:
    return run(host, f"cd /d C:\\d&& {line}", stdin)


PRINTING = [
    ("echo", 0, "ECHO is on.\n"),
    ("echo.", 0, "\n"),
    ("echo:", 0, "\n"),
    ("echo(", 0, "\n"),
    ("echo/", 0, "\n"),
    ("echo.a", 0, "a\n"),
    ("echo:a", 0, "a\n"),
    ("echo/a", 0, "a\n"),
    ("echo(a", 0, "a\n"),
    ("echo   a ", 0, "  a \n"),
    ("echo\ta", 0, "a\n"),
    ("echo off now", 0, "off now\n"),
    ("echo /?x", 0, "/?x\n"),
    ("echo off& echo", 0, "ECHO is off.\n"),
    ("ver", 0, "\nMicrosoft Windows [Version 6.0.6002]\n"),
    ("vol", 0, " Volume in drive C has no label.\n Volume Serial Number is C0DE-2007\n"),
    ("type a.txt", 0, "A\n"),
    ("type A.TXT", 0, "A\n"),
    ("type nul", 0, ""),
    ("title x & cls", 0, "\f"),
    ("pause <nul", 1, "Press any key to continue . . . \n"),
    ("set NOPE=1& set NO", 0, "NOPE=1\n"),
    ('set "Q=a b" trailing& set Q', 0, "Q=a b\n"),
    ('set "Q=a"b"c"& set Q', 0, 'Q=a"b"c\n'),
    ("set Q = a& set Q", 0, "Q = a\n"),
    ("set Q=1& set Q=& set Q", 1, ""),
    ("set /a 1+2*3", 0, "7"),
    ("set /a X=5, Y=X*2& set Y", 0, "10Y=10\n"),
    ("path ;& path", 0, "PATH=(null)\n"),
    ("cd", 0, "C:\\d\n"),
    ("cd sub& cd", 0, "C:\\d\\sub\n"),
    ("cd..& cd", 0, "C:\\\n"),
    ("cd\\& cd", 0, "C:\\\n"),
    ("cd SUB& cd", 0, "C:\\d\\sub\n"),
    ("cd C:\\Program Files & cd", 0, "C:\\d\n"),
    ("md a b& cd a& cd", 0, "C:\\d\\a\n"),
    ('md "a b"& cd a b& cd', 0, "C:\\d\\a b\n"),
    ("pushd sub& cd& popd& cd", 0, "C:\\d\\sub\nC:\\d\n"),
    ("verify", 0, "VERIFY is off.\n"),
    ("dir /b", 0, "a.txt\nb.txt\nlocked\nsub\n"),
    ("dir /b /a-d", 0, "a.txt\nb.txt\nlocked\n"),
    ("dir/b/ad", 0, "sub\n"),
    ("dir /b *.txt", 0, "a.txt\nb.txt\n"),
    ("dir /b /o-n *.txt", 0, "b.txt\na.txt\n"),
    ("dir /b /s a.*", 0, "C:\\d\\a.txt\n"),
    ("dir /b C:\\d\\a.txt", 0, "a.txt\n"),
    ("copy a.txt c.txt& type c.txt", 0, "        1 file(s) copied.\nA\n"),
    ("copy /b a.txt+b.txt c.txt& type c.txt", 0, "        1 file(s) copied.\nA\nB\n"),
    ("copy a.txt + b.txt c.txt& type c.txt", 0, "        1 file(s) copied.\nA\nB\n\x1a"),
    ('ren a.txt "a + b.txt"& copy "a + b.txt" "c+ d"& type "c+ d"', 0, "        1 file(s) copied.\nA\n"),
    ("copy *.txt sub& dir /b sub", 0, "        2 file(s) copied.\na.txt\nb.txt\n"),
    ("copy sub\\nope x", 1, "        0 file(s) copied.\n"),
    ("copy nul empty& type empty", 0, "        1 file(s) copied.\n"),
    ("copy a.txt nul", 0, "        1 file(s) copied.\n"),
    ("copy a.txt a.txt", 1, "        0 file(s) copied.\n"),
    ("copy /y a.txt b.txt& type b.txt", 0, "        1 file(s) copied.\nA\n"),
    ("move a.txt c.txt& if not exist a.txt type c.txt", 0, "        1 file(s) moved.\nA\n"),
    ("move /y a.txt b.txt& type b.txt", 0, "        1 file(s) moved.\nA\n"),
    ("move a.txt sub& dir /b sub", 0, "        1 file(s) moved.\na.txt\n"),
    ("move sub other& dir /b /ad", 0, "        1 dir(s) moved.\nother\n"),
    ("ren a.txt c.txt& dir /b *.txt", 0, "b.txt\nc.txt\n"),
    ("del a.txt& dir /b *.txt", 0, "b.txt\n"),
    ("del *.txt& dir /b", 0, "locked\nsub\n"),
    ("del /q *& dir /b", 0, "locked\nsub\n"),
    ("erase a.txt b.txt& dir /b", 0, "locked\nsub\n"),
    ("rd sub& dir /b /ad", 1, ""),
]


@pytest.mark.parametrize(("line", "rc", "out"), PRINTING)
def test_output(host: Host, line: str, rc: int, out: str) -> None:
    result = run_there(host, line)
    assert (result.rc, result.out) == (rc, out), result.err


COMPLAINING = [
    ("type missing", 1, MISSING),
    ("type no\\such", 1, NO_PATH),
    ("type sub", 1, "Access is denied.\n"),
    ("type", 1, "The syntax of the command is incorrect.\n"),
    ("type \\\\fs\\share\\x", 1, "Access is denied.\n"),
    ("cd nowhere", 1, NO_PATH),
    ("md sub", 1, "A subdirectory or file sub already exists.\n"),
    ("md", 1, "The syntax of the command is incorrect.\n"),
    ("md a?b", 1, "The filename, directory name, or volume label syntax is incorrect.\n"),
    ("md X:\\a", 1, NO_PATH),
    ("rd nowhere", 2, MISSING),
    ("rd no\\where", 3, NO_PATH),
    ("rd a.txt", 267, "The directory name is invalid.\n"),
    ("rd C:\\d", 145, "The directory is not empty.\n"),
    ("rd /s /q C:\\d", 32, f"C:\\d\\locked - {IN_USE}"),
    ("del missing", 0, "Could Not Find C:\\d\\missing\n"),
    ("del no\\such", 1, NO_PATH),
    ("del locked", 0, f"C:\\d\\locked\n{IN_USE}"),
    ("ren missing x", 1, MISSING),
    ("ren a.txt b.txt", 1, "A duplicate file name exists, or the file\ncannot be found.\n"),
    ("ren a.txt sub\\x", 1, "The syntax of the command is incorrect.\n"),
    ("ren locked x", 1, IN_USE),
    ("move missing x", 1, MISSING),
    ("move /y locked x", 1, IN_USE),
    ("move /y a.txt locked", 1, IN_USE),
    ("move sub sub", 1, IN_USE),
    ("copy missing x", 1, MISSING),
    ("copy /y a.txt locked", 1, IN_USE),
    ("echo a>locked", 1, IN_USE),
    ("echo a>>locked", 1, IN_USE),
    ("echo a>sub", 1, "Access is denied.\n"),
    ("dir nope", 1, "File Not Found\n"),
    ("dir /b no\\such", 1, "File Not Found\n"),
    ("dir /e", 1, 'Invalid switch - "e".\n'),
    ("set NOPE", 1, "Environment variable NOPE not defined\n"),
    ("set =x", 1, "The syntax of the command is incorrect.\n"),
    ("set /a 1/0", DIVIDE_BY_ZERO, "Divide by zero error.\n"),
    ("set /a", 1, "The syntax of the command is incorrect.\n"),
    ("X:", 1, "The system cannot find the drive specified.\n"),
    ("date", 1, "The system cannot accept the date entered.\n"),
    ("call :x", 1, "Invalid attempt to call batch label outside of batch script.\n"),
    ("start nope", 1, "The system cannot find the file nope.\n"),
    ("vol X:", 1, NO_PATH),
]


@pytest.mark.parametrize(("line", "rc", "err"), COMPLAINING)
def test_complaint(host: Host, line: str, rc: int, err: str) -> None:
    result = run_there(host, line)
    assert (result.rc, result.err) == (rc, err), result.out


def test_del_f_takes_read_only_files(host: Host) -> None:
    assert run_there(host, "attrib +r a.txt & attrib a.txt").out == "A    R     C:\\d\\a.txt\n"
    assert run_there(host, "del a.txt").err == "C:\\d\\a.txt\nAccess is denied.\n"
    assert run_there(host, "del /f a.txt& dir /b *.txt").out == "b.txt\n"


def test_type_of_several_files_names_them_on_standard_error(host: Host) -> None:
    result = run_there(host, "type a.txt missing b.txt")
    assert result == Result(
        1,
        "A\nB\n",
        f"\na.txt\n\n\n{MISSING}Error occurred while processing: missing.\n\nb.txt\n\n\n",
    )
    assert run_there(host, "type *.txt").out == "A\nB\n"


def test_type_converts_utf16_and_leaves_the_rest(host: Host) -> None:
    host.files.write("C:\\u.txt", b"\xff\xfe" + "é\r\n".encode("utf-16-le"))
    host.files.write("C:\\bin", b"a\x1ab\x00")
    assert run(host, "type C:\\u.txt").out == "é\n"
    assert run(host, "type C:\\bin").out == "a\x1ab\x00"


def test_dir_in_full(host: Host) -> None:
    host.world.start_date = host.world.start_date.replace(2009, 3, 2, 8, 5, 0)
    out = run_there(host, "dir").out
    assert out.startswith(
        " Volume in drive C has no label.\n Volume Serial Number is C0DE-2007\n\n Directory of C:\\d\n\n"
    )
    assert "03/02/2009  08:05 AM    <DIR>          .\n03/02/2009  08:05 AM    <DIR>          ..\n" in out
    assert "03/02/2009  08:05 AM                 3 a.txt\n" in out
    assert "03/02/2009  08:05 AM    <DIR>          sub\n" in out
    assert "               3 File(s)              7 bytes\n" in out
    assert re.search(r"^               3 Dir\(s\)  [\d,]+ bytes free\n\Z", out, re.MULTILINE)
    assert re.search(r"  \d+ bytes free", run_there(host, "dir /-c").out)


@pytest.mark.parametrize(
    ("line", "stdin", "out"),
    [
        ("copy a.txt b.txt", b"n\r\n", "        0 file(s) copied.\n"),
        ("copy a.txt b.txt", b"y\r\n", "        1 file(s) copied.\n"),
        ("copy a.txt b.txt", b"", "        0 file(s) copied.\n"),
        ("move a.txt b.txt", b"?\r\ny\r\n", "        1 file(s) moved.\n"),
    ],
)
def test_overwriting_is_asked_for_on_a_command_line(host: Host, line: str, stdin: bytes, out: str) -> None:
    result = run_there(host, line, stdin)
    assert result.out.startswith("Overwrite C:\\d\\b.txt? (Yes/No/All): \n")
    assert result.out.endswith(out)
    assert result.rc == (0 if " 1 " in out else 1)


def test_in_a_batch_file_it_is_not(host: Host) -> None:
    assert run_batch(host, "cd /d C:\\d\ncopy a.txt b.txt").out == "        1 file(s) copied.\n"


@pytest.mark.parametrize(("answer", "left"), [(b"y\r\n", False), (b"n\r\n", True), (b"", True)])
def test_removing_a_tree_is_asked_for(host: Host, answer: bytes, left: bool) -> None:
    result = run_there(host, "rd /s sub", answer)
    assert result.out == "sub, Are you sure (Y/N)? \n"
    assert host.files.is_dir("C:\\d\\sub") == left


@pytest.mark.parametrize(
    ("line", "stdin", "rc", "out"),
    [
        ('set /p X=Name: & cmd /v:on /c "echo [!X!]"', b"a b\r\n", 0, "Name: [a b]\n"),
        ('set /p "X=Name: "& set X', b"v\r\n", 0, "Name: X=v\n"),
        ('set X=old&& set /p X="?"& set X', b"\r\n", 0, "?X=old\n"),
        ("set /p X=", b"", 1, ""),
        ("set /p X=<a.txt& set X", b"", 0, "X=A\n"),
    ],
)
def test_set_p(host: Host, line: str, stdin: bytes, rc: int, out: str) -> None:
    result = run_there(host, line, stdin)
    assert (result.rc, result.out) == (rc, out)


def test_the_disk_is_full(host: Host) -> None:
    host.files.free_bytes = 2
    assert run_there(host, "echo much>x") == Result(1, "", "There is not enough space on the disk.\n")
    assert host.files.read("C:\\d\\x") == b""
    assert run_there(host, "show much>x").rc == 0  # most programs don't look
    assert run_there(host, "copy /y a.txt y").err == "There is not enough space on the disk.\n"
    assert run_there(host, "echo much>x|| echo failed").out == "failed\n"


def test_another_drive(host: Host) -> None:
    host.files.add_root("D:")
    host.files.mkdir("D:\\media")
    assert run(host, "cd D:\\media& cd").out == f"{HOME}\n"  # without /d only that drive's folder is set
    assert run(host, "cd /d D:\\media& cd").out == "D:\\media\n"
    assert run(host, "D:& cd").out == "D:\\\n"


def test_a_share_needs_credentials_to_go_on_with(host: Host) -> None:
    host.files.add_root("\\\\fs\\media")
    host.files.write("\\\\fs\\media\\x", b"x")
    assert run(host, "type \\\\fs\\media\\x").err == "Access is denied.\n"
    assert run(host, "\\\\fs\\media\\setup.com").err == "Access is denied.\n"


# command, then what the return code says and which ERRORLEVEL is left, with 666 before it
SETTING = [
    ("echo foo", "SUCCESS", 666),
    ("echo foo >>h:\\no\\such", "FAILURE", 1),
    ("if 1==1 break", "SUCCESS", 666),
    ("if 1==0 break", "SUCCESS", 666),
    ("for %%i in () do fail 3", "SUCCESS", 666),
    ("for %%i in (a) do fail 0", "SUCCESS", 0),
    ("for %%i in (a) do fail 33", "FAILURE", 33),
    ("no\\such.exe", "FAILURE", 1),
    ("nosuch.exe", "FAILURE", 1),
    ("fail 0", "SUCCESS", 0),
    ("fail 1024", "FAILURE", 1024),
    ("call nosuch.exe", "FAILURE", 1),
    ("call fail 1025", "FAILURE", 1025),
    ("call rd nosuch", "FAILURE", 2),
    ("call c:", "SUCCESS", 0),
    ("(echo a | break)", "SUCCESS", 0),
    ("(break | fail 5)", "FAILURE", 5),
    ("(fail 5 | break)", "SUCCESS", 0),
    ("type", "FAILURE", 1),
    ("type nul", "SUCCESS", 0),
    ("type no\\such", "FAILURE", 1),
    ("copy a.txt", "FAILURE", 1),
    ("copy a.txt z", "SUCCESS", 0),
    ("copy a.txt+nosuch z", "FAILURE", 1),
    ("move nosuch z", "FAILURE", 1),
    ("move a.txt z", "SUCCESS", 0),
    ("ren a.txt", "FAILURE", 1),
    ("ren a.txt z", "SUCCESS", 0),
    ("del", "FAILURE", 1),
    ("del a.txt", "SUCCESS", 0),
    ("del nosuch", "SUCCESS", 0),
    ("del locked", "SUCCESS", 0),
    ("del no\\such", "FAILURE", 1),
    ("c:", "SUCCESS", 666),
    ("1:", "FAILURE", 1),
    ("md new", "SUCCESS", 0),
    ("md sub", "FAILURE", 1),
    ("md nul", "SUCCESS", 0),
    ("cd sub", "SUCCESS", 0),
    ("cd nosuch", "FAILURE", 1),
    ("pushd", "SUCCESS", 0),
    ("pushd nosuch", "FAILURE", 1),
    ("popd", "FAILURE", 1),
    ("dir nosuch", "FAILURE", 1),
    ("dir a.txt nosuch", "SUCCESS", 0),
    ("rd sub", "SUCCESS", 666),
    ("rd nosuch", "FAILURE", 2),
    ("setlocal foobar", "FAILURE", 1),
    ("setlocal", "SUCCESS", 0),
    ("endlocal", "SUCCESS", 666),
    ("date /t", "SUCCESS", 0),
    ("date x", "FAILURE", 1),
    ("time /t", "SUCCESS", 0),
    ("break", "SUCCESS", 666),
    ("ver", "SUCCESS", 0),
    ("ver foo", "SUCCESS", 0),
    ("ver /f", "FAILURE", 1),
    ("verify on", "SUCCESS", 0),
    ("verify foo", "FAILURE", 1),
    ("vol", "SUCCESS", 0),
    ("vol foo", "FAILURE", 1),
    ("set X=1", "SUCCESS", 0),
    ("set nosuchvariable", "FAILURE", 1),
    ("shift /abc", "FAILURE", 1),
    ("shift", "SUCCESS", 666),
    ("cls", "SUCCESS", 666),
    ("cls /X", "FAILURE", 1),
    ("title x", "SUCCESS", 666),
    ('start "" /foobar', "FAILURE", 1),
    ('start "" /b /wait fail 1024', "SUCCESS", 1024),
    ("pause <nul", "FAILURE", 1),
]


@pytest.mark.parametrize(("command", "verdict", "level"), SETTING)
def test_return_codes_and_errorlevel(host: Host, command: str, verdict: str, level: int) -> None:
    """As real cmd.exe files show it in public test suites; '||' sets ERRORLEVEL to the return code."""
    text = (
        "setlocal enabledelayedexpansion\nsetlocal\ncd /d C:\\d\ncall :set 666\n"
        f"(({command})&& echo SUCCESS !errorlevel!|| echo FAILURE !errorlevel!)\ngoto :eof\n"
        ":set\nexit /b %1\n"
    )
    out = run_batch(host, text).out.splitlines()
    assert out[-1] == f"{verdict} {level}"


@pytest.mark.parametrize("command", ["rd nosuch", "popd", "echo a >no\\such", "rem", "cls"])
def test_these_leave_errorlevel_alone(host: Host, command: str) -> None:
    assert run_batch(host, f"fail 66\n{command}\necho %ERRORLEVEL%").out.splitlines()[-1].endswith("66")


@pytest.mark.parametrize(("name", "level"), [("t.bat", 66), ("t.cmd", 0)])
def test_set_clears_errorlevel_only_in_a_cmd_file(host: Host, name: str, level: int) -> None:
    assert run_batch(host, "fail 66\nset X=1\necho %ERRORLEVEL%", name=name).out == f"{level}\n"


@pytest.mark.parametrize(
    ("line", "rc"),
    [
        ("exit 5", 5),
        ("exit /b 457", 457),
        ("fail 6& exit", 6),
        ("fail 6& exit /b", 6),
        ("exit -1", -1),
        ("exit 5& echo no", 5),
        ("(exit 5)|rem", 0),
        ("rem|exit 5", 5),
    ],
)
def test_exit(host: Host, line: str, rc: int) -> None:
    assert run(host, line) == Result(rc, "", "")


ARITHMETIC = [
    ("1 +2", 3),
    ("1 +-2", -1),
    ("1 --2", 3),
    ("-2* -5", 10),
    ("13/3", 4),
    ("-13/3", -4),
    ("5 % -3", 2),
    ("-5 % -3", -2),
    ("1 << 2", 4),
    ("1 << -2", 0),
    ("-9 >> 2", -3),
    ("9 >> -2", 0),
    ("-9 >> -2", -1),
    ("5 & 3", 1),
    ("5 | 3", 7),
    ("5 ^ 3", 6),
    ("4 + 2*3", 10),
    ("(4+2)*3", 18),
    ("4 * 3/5", 2),
    ("4 * (5 % 4)", 4),
    ("~5", -6),
    ("!5", 0),
    ("!0", 1),
    ("0xF + 3", 18),
    ("015 + 2", 15),
    ("3, 8+3,0", 0),
    ("A=3, A+1", 4),
    ("A=3, B=1, B+=A, B", 4),
    ("A=B=5, A+B", 10),
    ("A=19, A%=4", 3),
    ("A=5, A<<=2", 20),
    ("NOPE", 0),
    ("NOPE + 1", 1),
    ("COUNT * 2", 14),
    ('"1+1"', 2),
    ("2147483647 + 1", -2147483648),
]


@pytest.mark.parametrize(("expression", "value"), ARITHMETIC)
def test_set_a(expression: str, value: int) -> None:
    variables = {"COUNT": "7"}

    def assign(name: str, number: int) -> None:
        variables[name] = str(number)

    assert Calculator(variables.get, assign).evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1/0", DIVIDE_BY_ZERO),
        ("5%0", DIVIDE_BY_ZERO),
        ("1+", MISSING_OPERAND),
        ("*2", MISSING_OPERAND),
        ("1 2", MISSING_OPERATOR),
        ("(1", UNBALANCED),
        ("1)", UNBALANCED),
        ("08", BAD_NUMBER),
        ("12x", BAD_NUMBER),
        ("2147483648", TOO_LARGE),
    ],
)
def test_set_a_fails(expression: str, code: int) -> None:
    with pytest.raises(ArithmeticFailure) as caught:
        Calculator(lambda _name: None, lambda _name, _value: None).evaluate(expression)
    assert caught.value.code == code


def test_dynamic_variables(host: Host) -> None:
    host.world.start_date = host.world.start_date.replace(2009, 3, 2, 8, 5, 7)
    assert run(host, "echo %DATE%").out == "Mon 03/02/2009\n"
    assert re.fullmatch(r" 8:05:0\d\.\d\d\n", run(host, "echo %TIME%").out)
    assert 0 <= int(run(host, "echo %RANDOM%").out) < 32768
    assert run(host, "set CD=mine& cmd /c echo %^CD%").rc == 0
    assert run(host, 'set CD=mine& cmd /v:on /c "echo !CD!"').out == "mine\n"


def test_only_ver_s_word_is_localised() -> None:
    host = make_host(language="xx")
    out = run(host, "ver").out
    assert re.fullmatch(r"\nMicrosoft Windows \[\S+ 6\.0\.6002\]\n", out)
    assert "Version" not in out
    error = run(host, "foo").err
    assert error.startswith("'foo' ")
    assert "recognized" not in error


def test_a_2003_host() -> None:
    host = make_host("2003")
    assert run(host, "ver").out == "\nMicrosoft Windows [Version 5.2.3790]\n"
    assert run(host, "cd").out == "C:\\Documents and Settings\\admin\n"
    assert run(host, "timeout /t 1").rc == 1
