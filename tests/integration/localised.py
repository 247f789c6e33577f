# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A topology as another language has it: no English word in any output, code page 850, accents in every name.

Names of nodes, clusters, mailbox servers and folders stay as they are. A computer that says its code page itself is
about that code page, and stays as it is as well.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import yaml

LANGUAGE = "xx"
CODEPAGE = 850
_NAMED = {"examples"}  # the documentation says these names
_KINDS = {"Cluster Group": "core", "Available Storage": "available_storage"}
_STORAGE_GROUPS = [{"name": "First Storage Group", "database": "Mailbox Database"}]  # what a server has by itself
_ACCENTS = str.maketrans("aceinouyACEINOUY", "àçëìñöùÿÁÇÉÍÑØÜÝ")

Data = dict[str, Any]


def write(source: Path, folder: Path) -> Path:
    """The variant of a topology file, in a file of the same name in that folder."""
    data = localised(yaml.safe_load(source.read_text(encoding="utf-8")), rename=source.stem not in _NAMED)
    target = folder / source.name
    target.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return target


def localised(data: Data, *, rename: bool = True) -> Data:
    """The variant of a parsed topology file; without rename every name stays as it is."""
    found = copy.deepcopy(data)
    for computer in found.get("computers", []):
        _leave_code_pages(computer)
    for cluster in found.get("clusters", []):
        for node in cluster.get("nodes", []):
            _leave_code_pages(node)
        if rename:
            _rename_groups(cluster)
            for server in cluster.get("mailbox_servers", []):
                _rename_parts(server)
    if rename:
        _follow(found)
    found["windows"] = {"language": LANGUAGE, "oem_codepage": CODEPAGE} | found.get("windows", {})
    return found


def _follow(found: Data) -> None:
    """Mailboxes lie in the renamed databases; their server keeps its name."""
    for kind in found.get("mailboxes", []):
        server, *parts = kind.get("database", "").split("\\")
        kind["database"] = "\\".join([server, *map(accented, parts)])


def database(identity: str) -> str:
    """SERVER\\STORAGE GROUP\\DATABASE, or parts of it without a server, as the labs of this run have it."""
    if os.environ.get("EXCHANGE2007_TESTS_LANGUAGE") != "foreign":
        return identity
    return "\\".join(part if part.startswith("MAIL-") else accented(part) for part in identity.split("\\"))


def accented(name: str) -> str:
    """A name of the same length with letters that English does not have."""
    return name.translate(_ACCENTS)


def _leave_code_pages(computer: Data) -> None:
    if "oem_codepage" in computer.get("windows", {}):
        computer["windows"] = {"language": "en"} | computer["windows"]


def _rename_groups(cluster: Data) -> None:
    for group in cluster.get("groups", []):
        group.setdefault("kind", _KINDS.get(group["name"], "other"))
        group["name"] = accented(group["name"])
        for resource in group.get("resources", []):
            resource["name"] = accented(resource["name"])


def _rename_parts(server: Data) -> None:
    """Storage groups, databases and disks, and a group that is not called like its server."""
    if server.get("group", server["name"]) != server["name"]:
        server["group"] = accented(server["group"])
    if "disks" in server:
        server["disks"] = [accented(disk) for disk in server["disks"]]
    parts = server.get("storage_groups", _STORAGE_GROUPS)
    server["storage_groups"] = [_renamed(part) for part in parts]


def _renamed(part: Data) -> Data:
    """The names in a storage group: it also says what its database is for."""
    return {key: accented(value) if isinstance(value, str) else value for key, value in part.items()}
