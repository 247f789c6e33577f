# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of lines, of commas and of XML in PowerShell 1.0, and the sizes of Exchange."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.powershell.byte_size import ByteSize, magnitude
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.powershell.values import compare
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.powershell_lab import Shell, plain

XML = "'<r a=''1''><i n=''x''>one</i><i n=''y''/><only>text</only><deep><i n=''z''/></deep></r>'"


@pytest.fixture(scope="module")
def powershell() -> Shell:
    return plain()


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("'a','b' | Set-Content C:\\Temp\\l; Get-Content C:\\Temp\\l", ["a", "b"]),
        ("Set-Content C:\\Temp\\l x; 'y','z' | Add-Content C:\\Temp\\l; (gc C:\\Temp\\l).Length", ["3"]),
        ("Set-Content -Path C:\\Temp\\u -Value 'ä' -Encoding UTF8; (gc C:\\Temp\\u) -eq 'ä'", ["True"]),
        ("Get-Service WinRM | Export-Csv C:\\Temp\\c; gc C:\\Temp\\c | select -First 1",
         ["#TYPE System.ServiceProcess.ServiceController"]),
        ("Get-Service WinRM | select Name,Status | Export-Csv C:\\Temp\\c -NoTypeInformation; gc C:\\Temp\\c",
         ["Name,Status", "WinRM,Running"]),
        ("'Alias,N','\"a,b\",1' | Set-Content C:\\Temp\\c; Import-Csv C:\\Temp\\c | % { $_.Alias }",
         ["a,b"]),
        (f"$x = [xml]{XML}; $x.r.a; $x.r.only; $x.r.i.Length; $x.r.i[0].n; $x.r.i[0].'#text'; $x.r.deep.i.n",
         ["1", "text", "2", "x", "one", "z"]),
        (f"$x = [xml]{XML}; $x.SelectNodes('//i').Count; $x.SelectSingleNode('/r/deep/i').GetAttribute('n')",
         ["3", "z"]),
        (f"$x = [xml]{XML}; $x.DocumentElement.Name; $x.nope -eq $null; $x.SelectSingleNode('//nope') -eq $null",
         ["r", "True", "True"]),
    ],
)  # fmt: skip
def test_commands(powershell: Shell, command: str, lines: list[str]) -> None:
    answer = powershell.run(command)
    assert (answer.lines, answer.err) == (lines, "")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("[xml]'<a><b></a>'", "System.Xml.XmlDocument"),
        ("Set-Content C:\\Nope\\l x", "Could not find a part of the path"),
        ("Import-Csv C:\\Temp\\nosuch", "Could not find file"),
    ],
)
def test_errors(powershell: Shell, command: str, words: str) -> None:
    assert words in powershell.run(command).err.replace("\n", "")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0B"), (456, "456B"), (1024, "1KB"), (1025, "1025B"), (5 * 2**20, "5MB"), (3 * 2**30, "3GB")],
)
def test_sizes_as_text_and_back(size: int, text: str) -> None:
    assert str(ByteSize(size)) == text
    assert magnitude(text) == size


@pytest.mark.parametrize(("other", "result"), [(10, 1), ("1MB", 0), (ByteSize(2**21), -1), (2**20, 0), ("2GB", -1)])
def test_sizes_are_compared_by_their_bytes(other: object, result: int) -> None:
    assert compare(ByteSize(2**20), other) == result
