# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""powershell.exe 1.0 as a whole: the language, errors and traps, exit codes, options, standard input."""

from __future__ import annotations

import base64
import re

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Killed
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.native_lab import OpenPipe
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.powershell_lab import (
    EXCHANGE,
    Shell,
    plain,
    shell,
    turn,
)


@pytest.fixture(scope="module")
def powershell() -> Shell:
    return plain()


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        # arithmetic and comparison
        ("1 + 2 * 3; 7 / 2; 6 / 2; 7 % 3; -7 % 3; 1kb", ["7", "3.5", "3", "1", "-1", "1024"]),
        ("'5' + 1; 5 + '1'; 'x' * 3; 1,2 + 3", ["51", "6", "xxx", "1", "2", "3"]),
        ("1 -eq '1'; 'A' -eq 'a'; 'A' -ceq 'a'; $null -eq 0; 0 -eq $null", ["True", "True", "False", "False", "False"]),
        ("2 -gt 1; 'b' -lt 'A'; 10 -gt '9'; '10' -gt 9", ["True", "False", "True", "False"]),
        ("1,2,3,2 -eq 2; 1,2 -contains 2; 1,2 -notcontains 2", ["2", "2", "True", "False"]),
        ("'CMS1' -like 'c*1'; 'ab' -like 'a?'; 'ab' -notlike 'b*'; 'a' -clike 'A'", ["True", "True", "True", "False"]),
        ("'v8.1' -match '(\\d+)\\.(?<minor>\\d+)'; $matches[1]; $matches['minor']", ["True", "8", "1"]),
        ("'a-b' -replace '(\\w)-(\\w)','$2.$1'; 'abc' -replace 'B'; 'abc' -creplace 'B','x'", ["b.a", "ac", "abc"]),
        ("$true -and 0; $false -or 1; -not ''; !'a'; $true -xor $true", ["False", "True", "True", "False", "False"]),
        ("5 -band 4; 5 -bor 2; -bnot 0", ["4", "7", "-1"]),
        (
            "1 -is [int]; 'a' -is [string]; 1 -isnot [string]; '5' -as [int]; 'x' -as [int]",
            ["True", "True", "True", "5"],
        ),
        (
            "'{0}-{1,4}|{2,-3}|' -f 'a',7,'b'; '{0:N1} {1:D3} {2:X}' -f 1234.56,7,255; '{{{0}}}' -f 1",
            ["a-   7|b  |", "1,234.6 007 FF", "{1}"],
        ),
        # values
        ("1..3; 3..1", ["1", "2", "3", "3", "2", "1"]),
        ("$a = @{ x = 1; 'Y z' = 2 }; $a.X; $a['y z']; $a.Count; $a.q -eq $null", ["1", "2", "2", "True"]),
        ("$a = 1,2,3; $a[0]; $a[-1]; $a[0,2]; $a.Length; $a[9] -eq $null", ["1", "3", "1", "3", "3", "True"]),
        ("@().Count; @(1).Count; @(1,2).Count; (,1).Count", ["0", "1", "2", "1"]),
        ("$x = 5; $x++; $x; ++$x; ($x++); $x; $x--; $x", ["6", "7", "8", "7"]),
        ("$a, $b = 1, 2, 3; $a; $b", ["1", "2", "3"]),
        ("$h = @{}; $h.a = 1; $h['b'] = 2; $h.A + $h.b; $l = 1,2; $l[1] = 9; $l[1]", ["3", "9"]),
        ("$x = 'a'; $x += 'b'; $x; $y = 2; $y *= 3; $y -= 1; $y /= 5; $y", ["ab", "1"]),
        ("$x = 'v'; \"$x ${x}y $($x.Length + 1) `$x `\"\"; '$x'", ['v vy 2 $x "', "$x"]),
        ('"$(1,2) $null."; $OFS = \'-\'; "$(1,2)"', ["1 2 .", "1-2"]),
        ("[int]'7' + 1; [int]2.5; [int]3.5; [string]1 + 1; [bool]'x'; [char]65", ["8", "2", "4", "11", "True", "A"]),
        ("$env:COMPUTERNAME; $env:nosuch -eq $null; $env:Q = 'z'; \"$env:Q!\"", ["NODEA", "True", "z!"]),
        # methods and static members
        ("'Abc'.ToUpper(); 'Abc'.ToLower(); 'abc'.Substring(1); 'abcd'.Substring(1,2)", ["ABC", "abc", "bc", "bc"]),
        ("'a,b;c'.Split(',;'); 'a  b'.Split(' ').Length", ["a", "b", "c", "3"]),
        (
            "' x '.Trim() + '|'; 'xxa'.TrimStart('x'); 'a.b'.Replace('.','/'); 'abc'.Contains('b')",
            ["x|", "a", "a/b", "True"],
        ),
        (
            "'abc'.StartsWith('ab'); 'abc'.EndsWith('x'); 'abc'.IndexOf('c'); '7'.PadLeft(3,'0')",
            ["True", "False", "2", "007"],
        ),
        ("[string]::Join('-',@(1,2)); [string]::Format('{0}!',1); [string]::IsNullOrEmpty('')", ["1-2", "1!", "True"]),
        (
            "[Environment]::MachineName; [Math]::Max(1,2); [Math]::Round(2.567,1); [int]::MaxValue",
            ["NODEA", "2", "2.6", "2147483647"],
        ),
        (
            "[Console]::WriteLine('a'); [Console]::Out.WriteLine('{0}={1}', 'b', 2); [Console]::Write('c')",
            ["a", "b=2", "c"],
        ),
        (
            "([DateTime]'2008-01-02').AddDays(1).ToString('yyyy-MM-dd'); [datetime]::Parse('1/2/2008').Month",
            ["2008-01-03", "1"],
        ),
        (
            "[DateTime]::UtcNow.Ticks -gt 0; (([DateTime]'2008-01-02') - ([DateTime]'2008-01-01')).TotalHours",
            ["True", "24"],
        ),
        (
            "[regex]::Replace('a1','\\d','x'); [regex]::IsMatch('a','A'); [Convert]::ToInt32('12')",
            ["ax", "False", "12"],
        ),
        (
            "(1).GetType().Name; 'a'.GetType().FullName; (1.5).ToString(); (255).ToString('X')",
            ["Int32", "System.String", "1.5", "FF"],
        ),
        # statements
        ("if (1 -gt 2) { 'a' } elseif (2 -gt 1) { 'b' } else { 'c' }", ["b"]),
        ("foreach ($x in 1..3) { if ($x -eq 2) { continue }; $x }", ["1", "3"]),
        ("foreach ($x in $null) { \"[$x]\" }; foreach ($x in @()) { 'never' }", ["[]"]),
        (
            "for ($i = 0; $i -lt 3; $i++) { $i }; $i = 0; while ($true) { $i++; if ($i -gt 2) { break } }; $i",
            ["0", "1", "2", "3"],
        ),
        ("$i = 0; do { $i++ } while ($i -lt 3); $i; do { $i-- } until ($i -le 0); $i", ["3", "0"]),
        ("switch ('a','B',3) { 'A' { 1 } 'b' { 2; break } default { 9 } }", ["1", "2"]),
        (
            "switch -wildcard ('abc') { 'a*' { 1 } '*c' { 2 } }; switch -regex ('x') { '^y' { 1 } default { 'dx' } }",
            ["1", "2", "dx"],
        ),
        ("switch (5) { { $_ -gt 3 } { 'big' } }", ["big"]),
        ('function f($a, [int]$b = 3) { "$a-$b" }; f x; f x 7; f -b 9 -a z; f -a:q', ["x-3", "x-7", "z-9", "q-3"]),
        ('function f { param([switch]$s) "$s $args" }; f 1 2; f -s', ["False 1 2", "True "]),
        ("function f { return 1; 2 }; f; $x = f; $x + 1", ["1", "2"]),
        ('& { $x = 1; $global:y = 2 }; "[$x]$y"; . { $x = 3 }; $x', ["[]2", "3"]),
        ("& { $args[1] } a b; $b = { 'B' }; & $b; & 'Get-Location' | % { 'L' }", ["b", "B", "L"]),
        ("function f { $x = 'inner'; 'out' }; $x = 'outer'; f | % { $x }", ["outer"]),
        ("$x = foreach-object { 1 }; (1,2 | % { $_ + 1 })[1]; $(1; 2).Length", ["3", "2"]),
        ("'a' # comment\n'b' `\n + 'c'", ["a", "bc"]),
        # what came with 2.0 isn't there
        ("$PSVersionTable -eq $null; $host.Version.Major", ["True", "1"]),
    ],
)
def test_language(powershell: Shell, command: str, lines: list[str]) -> None:
    answer = powershell.run(command)
    assert (answer.lines, answer.err, answer.rc) == (lines, "", 0)


def unknown(name: str) -> str:
    return f"The term '{name}' is not recognized as a cmdlet, function, operable program, or script file."


@pytest.mark.parametrize(
    ("command", "message", "place"),
    [
        ("try { 1 } catch { 2 }", unknown("try"), "+ try  <<<< { 1 } catch { 2 }"),
        ("1 | ConvertTo-Json", unknown("ConvertTo-Json"), "+ 1 | ConvertTo-Json <<<< "),
        ("$x = if (1) { 2 }", unknown("if"), "+ $x = if  <<<< (1) { 2 }"),
        ("Get-Item nope", r"Get-Item : Cannot find path 'C:\nope' because it does not exist.", "+ Get-Item  <<<< nope"),
        (
            "Get-Item -Foo x",
            "Get-Item : A parameter cannot be found that matches parameter name 'Foo'.",
            "+ Get-Item -Foo <<<<  x",
        ),
        (
            "Sort-Object a b",
            "Sort-Object : A parameter cannot be found that matches parameter name 'b'.",
            "+ Sort-Object  <<<< a b",
        ),
        ("Get-Item -Path", "Get-Item : Missing an argument for parameter 'Path'.", "+ Get-Item -Path <<<< "),
        (
            "Get-Date -O a",
            "Get-Date : Parameter cannot be processed because the parameter name 'O' is ambiguous.",
            "+ Get-Date -O <<<<  a",
        ),
        (
            "Select-Object -First 1 -First 2",
            "Select-Object : Cannot bind parameter because parameter 'First' is specified more than once.",
            "+ Select-Object -First 1 -First <<<<  2",
        ),
        ("$x.Foo()", "You cannot call a method on a null-valued expression.", "+ $x. <<<< Foo()"),
        (
            "'a'.Foo()",
            "Method invocation failed because [System.String] doesn't contain a method named 'Foo'.",
            "+ 'a'. <<<< Foo()",
        ),
        (
            "'a'.Substring(5)",
            'Exception calling "Substring" with "1" argument(s): "startIndex cannot be larger',
            "+ 'a'. <<<< Substring(5)",
        ),
        ("$x[0]", "Cannot index into a null array.", "+ $x[0] <<<< "),
        ("1/0", "Attempted to divide by zero.", "+ 1/ <<<< 0"),
        ("[int]'abc'", 'Cannot convert value "abc" to type "System.Int32".', "+ [int] <<<< 'abc'"),
        (
            "[nosuch]::x()",
            "Unable to find type [nosuch]: make sure that the assembly containing this type is loaded.",
            "+ [nosuch]:: <<<< x()",
        ),
        ("'{1}' -f 1", "Error formatting a string: Index (zero based) must be", "+ '{1}' -f  <<<< 1"),
        ("$true = 1", "Cannot overwrite variable 'true' because it is read-only or constant.", "+ $true =  <<<< 1"),
        ("'a' -match '['", "Bad argument to operator: parsing", "+ 'a' -match  <<<< '['"),
        (
            "[Environment]::Nope()",
            "Method invocation failed because [System.Environment] doesn't contain a method",
            "+ [Environment]:: <<<< Nope()",
        ),
        (
            "Add-PSSnapin Foo",
            "Add-PSSnapin : Windows PowerShell snap-in 'Foo' is not installed on the machine.",
            "+ Add-PSSnapin  <<<< Foo",
        ),
        ("gwmi nosuch", "Get-WmiObject : Invalid class 'nosuch'", "+ gwmi  <<<< nosuch"),
    ],
)
def test_an_error_lets_the_script_go_on(powershell: Shell, command: str, message: str, place: str) -> None:
    answer = powershell.run(f"{command}\n'after'")
    joined = answer.err.replace("\n", "")
    assert message in joined
    assert place in answer.err
    assert (answer.lines, answer.rc) == (["after"], 0)


@pytest.mark.parametrize(
    ("command", "err"),
    [
        ("$a -join ','", "You must provide a value expression on the right-hand side of the '-' operator."),
        ("'x'; (1", "Missing closing ')' in expression."),
        ("'x'; 1 2", "Unexpected token '2' in expression or statement."),
    ],
)
def test_nothing_runs_when_the_text_cannot_be_parsed(powershell: Shell, command: str, err: str) -> None:
    answer = powershell.run(command)
    assert (answer.rc, answer.out, answer.err.split("\n")[0]) == (1, "", err)


@pytest.mark.parametrize(
    ("command", "rc", "lines"),
    [
        ("'x'", 0, ["x"]),
        ("exit 7; 'x'", 7, []),
        ("exit", 0, []),
        ("$x = 3; exit $x", 3, []),
        ("& { exit 4 }; 'x'", 4, []),
        ("[Environment]::Exit(5); 'x'", 5, []),
        ("throw 'boom'; 'x'", 1, []),
        ("throw", 1, []),
        ("nosuch", 1, []),
        ("nosuch; 'x'", 0, ["x"]),
        ("Get-Item nope", 0, []),  # the error of a cmdlet that goes on
        ("$ErrorActionPreference = 'Stop'; Get-Item nope; 'x'", 1, []),
        ("Get-Item nope -ErrorAction Stop; 'x'", 1, []),
        ("$ErrorActionPreference = 'Stop'; nosuch; 'x'", 1, []),
        ("break; 'x'", 0, []),
        ("return 'r'; 'x'", 0, ["r"]),
        ("cmd /c exit 3", 0, []),
        ("cmd /c exit 3; exit $LASTEXITCODE", 3, []),
    ],
)
def test_exit_code(powershell: Shell, command: str, rc: int, lines: list[str]) -> None:
    answer = powershell.run(command)
    assert (answer.rc, answer.lines) == (rc, lines)


@pytest.mark.parametrize(
    ("command", "rc", "lines", "shown"),
    [
        ("trap { 'T ' + $_.Exception.Message; continue }; throw 'boom'; 'on'", 0, ["T boom", "on"], False),
        ("trap { 'T'; break }; throw 'boom'; 'on'", 1, ["T"], True),
        ("trap { 'T' }; throw 'boom'; 'on'", 0, ["T", "on"], True),
        ("trap { 'T'; exit 3 }; throw 'boom'; 'on'", 3, ["T"], False),
        ("& { trap { 'T'; continue }; & { throw 'boom'; 'inner' }; 'outer' }; 'on'", 0, ["T", "outer", "on"], False),
        ("& { trap { 'T'; continue }; foreach ($x in 1,2) { $x; nosuch } ; 'z' }", 0, ["1", "T", "z"], False),
        ("trap { 'T'; continue }; nosuch; [int]'x'; 'on'", 0, ["T", "T", "on"], False),
        ("trap [ArgumentException] { 'A'; continue } trap [Exception] { 'E'; continue }; throw 'x'", 0, ["E"], False),
        (
            "trap { $_.InvocationInfo.PositionMessage; continue }; Get-Item nope -ErrorAction Stop; 'on'",
            0,
            [
                "At line:1 char:63",
                "+ trap { $_.InvocationInfo.PositionMessage; continue }; Get-Item  <<<< nope -Er",
                "rorAction Stop; 'on'",
                "on",
            ],
            False,
        ),
        ("'x' | % { trap { 'T'; continue }; throw $_ }; 'on'", 0, ["T", "on"], False),
        ("throw 'boom' 2>&1; 'never'", 1, [], True),
    ],
)
def test_traps(powershell: Shell, command: str, rc: int, lines: list[str], shown: bool) -> None:
    answer = powershell.run(command)
    assert (answer.rc, answer.lines, bool(answer.err)) == (rc, lines, shown)


def test_throw_looks_as_microsoft_shows_it(powershell: Shell) -> None:
    """blogs.msdn.com/b/powershell/archive/2006/10/14/windows-powershell-exit-codes.aspx"""
    answer = powershell.run("Write-output Test; throw 'ERROR'")
    assert (answer.rc, answer.out) == (1, "Test\n")
    assert answer.err == "ERROR\nAt line:1 char:25\n+ Write-output Test; throw  <<<< 'ERROR'\n"


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("$ErrorActionPreference = 'SilentlyContinue'; nosuch; Get-Item nope; $Error.Count", ["2"]),
        (
            "Get-Item nope -ea SilentlyContinue; $?; $Error[0].Exception.Message",
            ["False", r"Cannot find path 'C:\nope' because it does not exist."],
        ),
        (
            "Get-Item nope 2>&1 | % { 'E ' + $_.Exception.Message }",
            [r"E Cannot find path 'C:\nope' because it does not exist."],
        ),
        ("Get-Item nope 2> $null; 'on'", ["on"]),
        (
            "Get-Item nope 2> C:\\e.txt; (Get-Content C:\\e.txt)[0]",
            [r"Get-Item : Cannot find path 'C:\nope' because it does not exist."],
        ),
        ("Get-Item nope -ErrorVariable bad -ErrorAction SilentlyContinue; $bad.Count", ["1"]),
        (
            "trap { $_.Exception.Message; continue }; Get-Item nope -ErrorAction Stop",
            [
                'Command execution stopped because the shell variable "ErrorActionPreference" is',
                r" set to Stop: Cannot find path 'C:\nope' because it does not exist.",
            ],
        ),
        ("'a' > C:\\t.txt; 'b' >> C:\\t.txt; Get-Content C:\\t.txt", ["a", "b"]),
    ],
)
def test_error_streams_and_files(powershell: Shell, command: str, lines: list[str]) -> None:
    answer = powershell.run(command)
    assert (answer.lines, answer.err) == (lines, "")


def test_writing_a_file_is_a_change(powershell: Shell) -> None:
    answer = powershell.run("'a' > C:\\w.txt")
    assert answer.effects == ("file: write",)
    assert powershell.lab.host("NODEA").files.read("C:\\w.txt") == "\ufeffa\r\n".encode("utf-16-le")


def test_long_lines_are_cut_in_the_middle_of_words(powershell: Shell) -> None:
    assert [len(line) for line in powershell.run("'x' * 200").lines] == [79, 79, 42]
    assert [len(line) for line in powershell.run("[Console]::WriteLine('x' * 200)").lines] == [200]
    assert max(len(line) for line in powershell.run("nosuch" * 20).err.split("\n")) == 79


def test_a_knob_leaves_long_lines_alone() -> None:
    assert [len(line) for line in turn(plain(), shell_wraps=False).run("'x' * 200").lines] == [200]


def test_output_keeps_its_order(powershell: Shell) -> None:
    answer = powershell.run("foreach ($x in 1..2) { $x; [Console]::WriteLine('c') }; & { 'a'; Write-Host b }")
    assert answer.lines == ["1", "c", "2", "c", "a", "b"]


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("hostname; $LASTEXITCODE", ["NODEA", "0"]),
        ("cmd /c 'echo hi& exit 3'; $?; $LASTEXITCODE", ["hi", "False", "3"]),
        ("$x = cmd /c 'echo a& echo b'; $x.Length; $x[1]", ["2", "b"]),
        ("'b','a' | sort.exe", ["a", "b"]),
        ('& "$env:SystemRoot\\system32\\hostname.exe"', ["NODEA"]),
        ("cmd /c 'echo oops 1>&2' 2>&1 | % { \"[$_]\" }", ["[oops ]"]),
    ],
)
def test_programs(powershell: Shell, command: str, lines: list[str]) -> None:
    answer = powershell.run(command)
    assert (answer.lines, answer.err) == (lines, "")


def test_script_files_obey_the_execution_policy() -> None:
    powershell = plain()
    host = powershell.lab.host("NODEA")
    host.files.write("C:\\s.ps1", b"param($a) 'script ' + $a; exit 3")
    assert powershell.run(". 'C:\\s.ps1' 1; $LASTEXITCODE").lines == ["script 1", "3"]
    key = r"HKLM\SOFTWARE\Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell"
    host.registry.set(key, "ExecutionPolicy", "Restricted")
    answer = powershell.run("& 'C:\\s.ps1'")
    assert answer.out == ""
    assert "cannot be loaded because the execution of scripts is disabled" in answer.err.replace("\n", "")


# -- how it is started


def encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode()


@pytest.mark.parametrize(
    ("arguments", "rc", "out"),
    [
        (["-Command", "1", "+", "1"], 0, "2\n"),
        (["-NoLogo", "-NoProfile", "-NonInteractive", "-c", "'x'"], 0, "x\n"),
        (["-nop", "-noni", "-nol", "'x'"], 0, "x\n"),
        (["/nologo", "/c", "'x'"], 0, "x\n"),
        (["-Version", "1.0", "-OutputFormat", "Text", "-InputFormat", "None", "-Command", "'x'"], 0, "x\n"),
        (["-EncodedCommand", encoded("2 * 3; exit 4")], 4, "6\n"),
        (["-NoExit", "-Command", "'x'"], 0, "x\n"),
    ],
)
def test_options(powershell: Shell, arguments: list[str], rc: int, out: str) -> None:
    answer = powershell.start(arguments)
    assert (answer.rc, answer.out, answer.err) == (rc, out, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-File", "x.ps1"], "the parameter '-File' is not recognized"),
        (["-ExecutionPolicy", "Bypass", "-Command", "1"], "the parameter '-ExecutionPolicy' is not recognized"),
        (["-WindowStyle", "Hidden"], "the parameter '-WindowStyle' is not recognized"),
        (["-Sta"], "the parameter '-Sta' is not recognized"),
        (["-n"], "the parameter '-n' is not recognized"),
        (["-Command"], "A command must follow '-Command'"),
        (["-Version", "2.0", "-Command", "1"], "Cannot start Windows PowerShell version '2.0'"),
        (["-OutputFormat", "Json"], "Invalid format parameter value 'Json'"),
        (["-EncodedCommand", "!!"], "is not properly encoded"),
        (["-PSConsoleFile"], "A value must follow"),
    ],
)
def test_options_that_1_0_does_not_have(powershell: Shell, arguments: list[str], message: str) -> None:
    answer = powershell.start(arguments)
    assert message in answer.err
    assert (answer.rc, "PowerShell[.exe]" in answer.out) == (1, True)


def test_help(powershell: Shell) -> None:
    assert "-PSConsoleFile <file>" in powershell.start(["-?"]).out


def test_an_open_pipe_holds_it_up() -> None:
    """exchange.md 6.1: append <nul, or -InputFormat None."""
    powershell = plain()
    with pytest.raises(Killed):
        powershell.run("'x'", stdin=OpenPipe())
    assert powershell.run("'x'", "-InputFormat", "None", stdin=OpenPipe()).out == "x\n"


def test_piped_text_is_input(powershell: Shell) -> None:
    assert powershell.run('$input | % { "<$_>" }', stdin=b"a\r\nb\r\n").lines == ["<a>", "<b>"]


@pytest.mark.parametrize("arguments", [["-"], ["-Command", "-"], ["-NoLogo"]])
def test_commands_from_standard_input(powershell: Shell, arguments: list[str]) -> None:
    answer = powershell.start(arguments, b"'a'\r\n1 2\r\nexit 3\r\n'b'\r\n")
    assert (answer.rc, answer.out) == (3, "a\n")


def test_starting_takes_its_time_and_the_snap_in_more() -> None:
    powershell = plain()
    assert powershell.run("'x'").seconds == pytest.approx(4.0)
    assert powershell.start([*EXCHANGE, "-Command", "'x'"]).seconds == pytest.approx(10.0)


def test_a_console_file_that_is_not_there(powershell: Shell) -> None:
    answer = powershell.start(["-PSConsoleFile", "C:\\nope.psc1", "-Command", "'x'"])
    assert (answer.rc, answer.out) == (1, "")
    assert "'C:\\nope.psc1' does not exist" in answer.err


def test_program_files_that_setup_was_exchanging_when_it_died() -> None:
    powershell = shell()
    bits = powershell.lab.host("NODEA").bits
    assert bits
    bits.complete = False
    answer = powershell.run("Get-ExchangeServer")
    assert answer.out.startswith("WARNING: The following errors occurred when loading console")
    assert unknown("Get-ExchangeServer")[:60] in answer.err


def test_other_languages_change_the_words_and_leave_the_names() -> None:
    answer = shell(windows={"family": "2003", "language": "xx"}).run("Get-ExchangeServer NOPE; Get-Item -Foo")
    assert "'NOPE'" in answer.err
    assert "Get-ExchangeServer : " in answer.err
    assert re.search(r"'DC1\.lab\.\n?example'", answer.err)
    assert "could" not in answer.err
    assert "At line" not in answer.err
