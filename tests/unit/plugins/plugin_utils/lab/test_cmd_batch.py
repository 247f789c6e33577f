# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch files: arguments, labels, blocks, what CALL and SETLOCAL do, and how a job notes its exit code."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Host
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.cmd_lab import (
    BATCH,
    HOME,
    NOT_RECOGNISED,
    Result,
    make_host,
    run,
    run_batch,
)


@pytest.fixture(name="host")
def host_fixture() -> Host:
    return make_host()


# text, arguments, exit code, standard output
BATCHES = {
    "arguments": ("echo %0 [%1] [%~1] [%2] [%3] %*", '"a b" c', 0, 'C:\\t.cmd ["a b"] [a b] [c] [] "a b" c\n'),
    "modifiers": ("echo %~d0 %~p0 %~n0 %~x0 %~dp0 %~nx0 %~f0", "", 0, "C: \\ t .cmd C:\\ t.cmd C:\\t.cmd\n"),
    "delimiters": ('for %%i in (1) do echo "%1" "%2" "%3"', "a,b;c", 0, '"a" "b" "c"\n'),
    "shift": ("shift\necho %0 %1 %2", "a b c", 0, "a b c\n"),
    "shift /1": ("shift /1\necho %1 %2", "a b c", 0, "b c\n"),
    "percent": ("echo 100%% %%PATH%% 5%", "", 0, "100% %PATH% 5\n"),
    "undefined names vanish": ("echo [%NOPE%] [%NOPE%x%NOPE%]", "", 0, "[] [x]\n"),
    "undefined substring": ("echo [%NOPE:~0,3%]", "", 0, "[~0,3]\n"),
    "a substring that makes no sense": ("set V=abc\necho %V:~2a%", "", 0, "V:~2a\n"),
    "substrings": (
        "set V=qwerty\necho %V:~2% %V:~-2,1% %V:~2,-3% [%V:~6%] [%V:~,2%] [%V:~,%]",
        "",
        0,
        "erty t e [] [qw] []\n",
    ),
    "replacement": ("set V=qwertyQWERTY\necho %V:qw=az% %V:*TY==_%", "", 0, "azertyazERTY =_QWERTY\n"),
    "caret joins lines": ("echo hello^\nworld", "", 0, "helloworld\n"),
    "for needs two": ("for %%i in (a b) do echo %%i", "", 0, "a\nb\n"),
    "for with an undefined variable": ("for %%i in (a) do echo %%j", "", 0, "%j\n"),
    "for over lines": ('for %%a in ("f"\n"g"\n) do if #==# (echo %%a)', "", 0, '"f"\n"g"\n'),
    "block": ("(\necho a\n\n echo b\n) >x.txt\ntype x.txt", "", 0, "a\nb\n"),
    "a block is expanded once": ("set X=1\n(\nset X=2\necho %X%\n)\necho %X%", "", 0, "1\n2\n"),
    "delayed": ("setlocal enabledelayedexpansion\nset X=1\n(\nset X=2\necho !X!\n)", "", 0, "2\n"),
    "delayed eats carets": ('setlocal enabledelayedexpansion\necho "a^!b"\necho a^^!b', "", 0, '"a!b"\na!b\n'),
    "delayed eats marks": ("setlocal enabledelayedexpansion\necho Warning! Done", "", 0, "Warning Done\n"),
    "delayed in for": ("setlocal enabledelayedexpansion\nset X=a b\nfor %%i in (!X!) do echo %%i", "", 0, "a\nb\n"),
    "delayed name from a loop": (
        "setlocal enabledelayedexpansion\nset A_x=1\nfor %%i in (x) do echo !A_%%i!",
        "",
        0,
        "1\n",
    ),
    "else": ("if a==b (\n echo 1\n) else if c==c (\n echo 2\n) else (\n echo 3\n)", "", 0, "2\n"),
    "else on its own line": ("if a==a (\n echo 1\n)\nelse (\n echo 2\n)", "", 0, "1\n2\n"),
    "parentheses to compare": (
        "if ()==() (\necho a\n)\nif )==) (\necho b\n)\nif /i not (a)==(b) (\necho c\n)",
        "",
        0,
        "a\nb\nc\n",
    ),
    "a parenthesis closes the block": ("if a==b (\n echo (x)\n echo y\n)", "", 0, "y\n"),
    "empty %1": ('if "%1"=="" echo none', "", 0, "none\n"),
    "goto": ("goto end\necho no\n:end\necho yes", "", 0, "yes\n"),
    "goto up": ("set N=0\n:again\nset /a N+=1\nif %N% lss 3 goto again\necho %N%", "", 0, "3\n"),
    "goto with a colon": ("goto:end\necho no\n:END of it\necho yes", "", 0, "yes\n"),
    "goto out of a block": ("for %%i in (1 2) do (\necho %%i\ngoto out\n)\n:out\necho out", "", 0, "1\nout\n"),
    "goto :eof": ("echo a\ngoto :eof\necho b", "", 0, "a\n"),
    "goto :eof keeps a code from nobody": ("fail 5\ngoto :eof", "", 0, ""),
    "exit /b": ("exit /b 7\necho no", "", 7, ""),
    "exit /b alone": ("fail 6\nexit /b", "", 6, ""),
    "exit": ("call :sub\necho no\n:sub\nexit 4", "", 4, ""),
    "the last return code counts": ("fail 5\necho done", "", 0, "done\n"),
    "the last return code counts, too": ("echo start\nfail 5", "", 5, "start\n"),
    "a comment keeps it": ("fail 5\n:: comment\n\n", "", 5, ""),
    "rem ends it": ("fail 5\nrem comment", "", 0, ""),
    "call label": (
        "call :sub a b\necho %ERRORLEVEL%\ngoto :eof\n:sub\necho %0 %1 %2 %*\nexit /b 3",
        "",
        0,
        ":sub a b a b\n3\n",
    ),
    "call twice expanded": ("set A=B\nset B=x\ncall echo %%%A%%%", "", 0, "x\n"),
    "call doubles carets in quotes": ('call echo "^"', "", 0, '"^^"\n'),
    "(call ) clears": ("fail 5\ncall \necho %ERRORLEVEL%\ncall\necho %ERRORLEVEL%", "", 0, "0\n1\n"),
    "call if": ("call if a==a echo x", "", 1, ""),
    "setlocal ends with the file": (
        "call :sub\necho [%X%]\ngoto :eof\n:sub\nsetlocal\nset X=1\ncd \\\nexit /b 0",
        "",
        0,
        "[]\n",
    ),
    "endlocal": ("set X=1\nsetlocal\nset X=2\nendlocal\necho %X%", "", 0, "1\n"),
    "endlocal & set": ("setlocal\nset X=2\nendlocal & set Y=%X%\necho [%X%] %Y%", "", 0, "[] 2\n"),
    "pushd and popd": ("pushd C:\\WINDOWS\ncd\npopd\ncd", "", 0, f"C:\\WINDOWS\n{HOME}\n"),
    "exit /b in for": (
        "call :sub\ngoto :eof\n:sub\nfor /l %%i in (1,1,3) do (\n echo %%i\n if %%i==2 exit /b 0\n)",
        "",
        0,
        "1\n2\n",
    ),
    "a stray parenthesis": ("fail 5\n)", "", 0, ""),
    "if one line with a parenthesis in a value": (
        "set X=C:\\Program Files (x86)\nif 1==1 set Y=%X%\\dummy\necho %Y%",
        "",
        0,
        "C:\\Program Files (x86)\\dummy\n",
    ),
    "set /a says nothing": ("set /a X=1+2\necho %X%", "", 0, "3\n"),
    "comparison": ("fail 9\nif %ERRORLEVEL% geq 8 echo bad", "", 0, "bad\n"),
    "numbers in quotes": ('if "9" LSS "10" (echo numbers) else echo strings', "", 0, "strings\n"),
}


@pytest.mark.parametrize(("text", "arguments", "rc", "out"), BATCHES.values(), ids=BATCHES)
def test_batch(host: Host, text: str, arguments: str, rc: int, out: str) -> None:
    result = run_batch(host, text, arguments)
    assert (result.rc, result.out) == (rc, out), result.err


FAILURES = {
    "syntax": ("echo a\nif x y\necho b", 255, "a\n", "y was unexpected at this time.\n"),
    "syntax in a called one": ("call :s\necho b\n:s\nif x y\n", 255, "", "y was unexpected at this time.\n"),
    "open parenthesis": ("echo a\nif 1==1 (\necho b\n", 255, "a\n", ""),
    "no label": ("goto nowhere\necho b", 1, "", "The system cannot find the batch label specified - nowhere\n"),
    "no called label": (
        "call :nowhere\necho %ERRORLEVEL%",
        0,
        "1\n",
        "The system cannot find the batch label specified - nowhere\n",
    ),
    "unknown": ("foo\necho %ERRORLEVEL%", 0, "9009\n", NOT_RECOGNISED.format(name="foo")),
    "unknown at the end": ("foo", 1, "", NOT_RECOGNISED.format(name="foo")),
    "unknown in a pipe": ("foo | cat\necho no", 255, "", NOT_RECOGNISED.format(name="foo")),
    "deleted": ("del %~f0\necho b", 1, "", "The batch file cannot be found.\n"),
    "too long": ("set X=%PATH%%PATH%\necho a\nset X=" + "y" * 8200, 255, "a\n", "The input line is too long.\n"),
}


@pytest.mark.parametrize(("text", "rc", "out", "err"), FAILURES.values(), ids=FAILURES)
def test_failure(host: Host, text: str, rc: int, out: str, err: str) -> None:
    assert run_batch(host, text) == Result(rc, out, err)


def test_commands_are_echoed_unless_switched_off(host: Host) -> None:
    host.files.write("C:\\loud.cmd", b"echo a\r\n@echo b\r\nfor %%i in (1) do echo %%i\r\n@echo off\r\necho c\r\n")
    shown = f"\n{HOME}>echo a \na\nb\n\n{HOME}>for %i in (1) do echo %i \n\n{HOME}>echo 1 \n1\nc\n"
    assert run(host, "C:\\loud").out == shown


def test_without_call_a_batch_file_does_not_come_back(host: Host) -> None:
    host.files.write("C:\\other.cmd", b"@echo other %1\r\n@exit /b 3\r\n")
    assert run_batch(host, "C:\\other.cmd x\necho not reached") == Result(3, "other x\n", "")
    assert run_batch(host, "call C:\\other.cmd x\necho back %ERRORLEVEL%").out == "other x\nback 3\n"
    assert run(host, "C:\\other.cmd x& echo back").out == "other x\nback\n"  # a command line isn't a batch file


def test_winrm_is_a_batch_file_too(host: Host) -> None:
    host.files.add_program("C:\\WINDOWS\\system32\\winrm.cmd", "show")
    assert run_batch(host, "winrm get x\necho not reached").out == "[get][x]\n"
    assert run_batch(host, "call winrm get x\necho reached").out == "[get][x]\nreached\n"


@pytest.mark.parametrize(
    ("line", "rc"),
    [
        ("t.cmd 5", 0),  # its last command was GOTO :eof
        ("call t.cmd 5", 5),
        ("call t.cmd 5 & echo x", 0),
        ("call t.cmd 0", 0),
    ],
)
def test_the_exit_code_of_a_batch_file_needs_call(host: Host, line: str, rc: int) -> None:
    host.files.write("C:\\t.cmd", b"@call :s %1\r\n@goto :eof\r\n:s\r\n@exit /b %1\r\n")
    assert run(host, f"cd \\& {line}").rc == rc


def test_a_job_notes_its_exit_code(host: Host) -> None:
    """transport.md 7: the code on a line of its own, made visible by a rename."""
    text = "cd /d C:\\job\nfail 14 >log.txt 2>&1\n>rc.tmp echo %ERRORLEVEL%\nren rc.tmp rc.txt\n"
    host.files.mkdir("C:\\job")
    assert run_batch(host, text, logon=BATCH) == Result(0, "", "")
    assert host.files.listdir("C:\\job") == ["log.txt", "rc.txt"]
    assert host.files.read("C:\\job\\rc.txt") == b"14\r\n"


@pytest.mark.parametrize(
    ("code", "content"),
    [(0, b""), (5, b""), (14, b"14\r\n"), (100, b"100\r\n")],
)
def test_a_careless_job_loses_codes_of_one_digit(host: Host, code: int, content: bytes) -> None:
    result = run_batch(host, f"fail {code}\necho %ERRORLEVEL%>C:\\rc.txt")
    found = host.files.read("C:\\rc.txt") if host.files.exists("C:\\rc.txt") else None
    assert found == content
    assert result.out == ("ECHO is off.\n" if code < 10 else "")


def test_the_file_is_read_as_it_is_at_that_moment(host: Host) -> None:
    assert run_batch(host, "echo echo added>>%~f0\necho a\n").out == "a\nadded\n"


@pytest.mark.parametrize("codepage", ["cp65001", "utf-8"])
def test_in_code_page_65001_a_batch_file_prints_nothing(host: Host, codepage: str) -> None:
    host.files.write("C:\\x.cmd", b"@echo a>C:\\made\r\n@echo b\r\n")
    assert run(host, "C:\\x.cmd", codepage=codepage) == Result(0, "", "")
    assert not host.files.exists("C:\\made")
    assert run(host, "echo a", codepage=codepage).out == "a\n"


def test_a_batch_file_is_read_in_the_console_s_code_page(host: Host) -> None:
    host.files.write("C:\\x.cmd", "@echo é\r\n".encode("cp850"))
    assert run(host, "C:\\x.cmd", codepage="cp850").out == "é\n"
    assert run(host, "C:\\x.cmd", codepage="cp1252").out == ",\n".replace(",", "\u201a")


def test_setlocal_means_nothing_on_a_command_line(host: Host) -> None:
    assert run(host, "setlocal enabledelayedexpansion& echo !CD!").out == "!CD!\n"
