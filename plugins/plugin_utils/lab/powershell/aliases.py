# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The aliases that PowerShell 1.0 comes with, for the cmdlets that the lab plays."""

from __future__ import annotations

ALIASES = {
    "%": "ForEach-Object",
    "foreach": "ForEach-Object",
    "?": "Where-Object",
    "where": "Where-Object",
    "select": "Select-Object",
    "sort": "Sort-Object",
    "measure": "Measure-Object",
    "group": "Group-Object",
    "echo": "Write-Output",
    "write": "Write-Output",
    "cat": "Get-Content",
    "gc": "Get-Content",
    "type": "Get-Content",
    "gci": "Get-ChildItem",
    "dir": "Get-ChildItem",
    "ls": "Get-ChildItem",
    "gi": "Get-Item",
    "gp": "Get-ItemProperty",
    "gps": "Get-Process",
    "ps": "Get-Process",
    "gsv": "Get-Service",
    "gwmi": "Get-WmiObject",
    "gcm": "Get-Command",
    "gv": "Get-Variable",
    "sv": "Set-Variable",
    "set": "Set-Variable",
    "gl": "Get-Location",
    "pwd": "Get-Location",
    "sl": "Set-Location",
    "cd": "Set-Location",
    "chdir": "Set-Location",
    "sleep": "Start-Sleep",
    "ft": "Format-Table",
    "fl": "Format-List",
    "oh": "Out-Host",
    "iex": "Invoke-Expression",
    "tee": "Tee-Object",
}
