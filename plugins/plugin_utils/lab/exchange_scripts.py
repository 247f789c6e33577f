# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The public folder scripts that Exchange Setup puts into its Scripts folder (exchange.md 7).

They have the parameters and do the work of Microsoft's; their text is the lab's own, and is run like any other script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .files import FileSystem

_REFUSE = """if (-not ({given})) {{ Write-Error "Missing parameter: {named}"; exit }}
"""
_FOLDERS = """if ($Server) {{
    $folders = Get-PublicFolder -Server $Server -Identity {top} -Recurse -ResultSize Unlimited
}} else {{
    $folders = Get-PublicFolder -Identity {top} -Recurse -ResultSize Unlimited
}}
"""
_ADD = """param([string] $Server, [string] $TopPublicFolder = "", [string] $ServerToAdd = "")
{refuse}$db = Get-PublicFolderDatabase -Server $ServerToAdd -ErrorAction Stop
{folders}foreach ($folder in $folders) {{
    $names = @($folder.Replicas | ForEach-Object {{ $_.DistinguishedName }})
    if (-not ($names -contains $db.DistinguishedName)) {{
        $names += $db.DistinguishedName
        Set-PublicFolder -Identity $folder.Identity -Replicas $names -Server $folder.OriginatingServer
    }}
}}
"""
_REMOVE = """param([string] $Server, [string] $TopPublicFolder = "", [string] $ServerToRemove = "")
{refuse}$db = Get-PublicFolderDatabase -Server $ServerToRemove -ErrorAction Stop
{folders}foreach ($folder in $folders) {{
    $names = @($folder.Replicas | ForEach-Object {{ $_.DistinguishedName }})
    if (($names -contains $db.DistinguishedName) -and ($names.Length -gt 1)) {{
        $names = @($names | Where-Object {{ $_ -ne $db.DistinguishedName }})
        Set-PublicFolder -Identity $folder.Identity -Replicas $names -Server $folder.OriginatingServer
    }}
}}
"""
_REPLACE_LOOP = """{folders}foreach ($folder in $folders) {{
    $names = @($folder.Replicas | ForEach-Object {{ $_.DistinguishedName }})
    if ($names -contains $old.DistinguishedName) {{
        $names = @($names | Where-Object {{ ($_ -ne $old.DistinguishedName) -and ($_ -ne $new.DistinguishedName) }})
        $names += $new.DistinguishedName
        Set-PublicFolder -Identity $folder.Identity -Replicas $names -Server $folder.OriginatingServer
    }}
}}
"""
_REPLACE = (
    """param([string] $Server, [string] $TopPublicFolder = "", [string] $ServerToAdd = "",
    [string] $ServerToRemove = "")
{refuse}$new = Get-PublicFolderDatabase -Server $ServerToAdd -ErrorAction Stop
$old = Get-PublicFolderDatabase -Server $ServerToRemove -ErrorAction Stop
"""
    + _REPLACE_LOOP
)
_MOVE_ALL = """param([string] $Server, [string] $NewServer = "")
{refuse}$new = Get-PublicFolderDatabase -Server $NewServer -ErrorAction Stop
$old = Get-PublicFolderDatabase -Server $Server -ErrorAction Stop
"""
_TREES = ("'\\'", "'\\NON_IPM_SUBTREE'")


def _refuse(*parameters: str) -> str:
    return _REFUSE.format(
        given=" -and ".join(f"${name}" for name in parameters), named=", ".join(f"-{name}" for name in parameters)
    )


def _of_tree(text: str, *parameters: str) -> str:
    return text.format(refuse=_refuse(*parameters), folders=_FOLDERS.format(top="$TopPublicFolder"))


def _move_all() -> str:
    loops = (_REPLACE_LOOP.format(folders=_FOLDERS.format(top=tree)) for tree in _TREES)
    return _MOVE_ALL.format(refuse=_refuse("Server", "NewServer")) + "".join(loops)


SCRIPTS = {
    "AddReplicaToPFRecursive.ps1": _of_tree(_ADD, "TopPublicFolder", "ServerToAdd"),
    "RemoveReplicaFromPFRecursive.ps1": _of_tree(_REMOVE, "TopPublicFolder", "ServerToRemove"),
    "ReplaceReplicaOnPFRecursive.ps1": _of_tree(_REPLACE, "TopPublicFolder", "ServerToAdd", "ServerToRemove"),
    "MoveAllReplicas.ps1": _move_all(),
}


def place(files: FileSystem, folder: str) -> None:
    """Put them into a folder."""
    files.mkdir(folder, exist_ok=True)
    for name, text in SCRIPTS.items():
        files.write(f"{folder}\\{name}", text.replace("\n", "\r\n").encode("ascii"))
