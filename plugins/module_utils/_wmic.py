# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""wmic: command lines that come back, and its padded tables (sources.md: wmic)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from . import _cmdline as cmdline

_CLUSTER = r"/namespace:\\root\MSCluster path"


def query(wmi_class: str, *properties: str, cluster: str = "") -> str:
    """A line that reads properties of a class of root\\MSCluster. cluster: another cluster's name."""
    # An unquoted name must not hold a hyphen, and 2008 shows its clusters over encrypted calls only
    # (sources.md: wmic-node).
    node = f"/node:{cmdline.name(cluster)} /authlevel:pktprivacy " if cluster else ""
    # wmic of 2003 waits for ever on an open standard input; /format fails by locale: neither is given a chance.
    return f"wmic {node}{_CLUSTER} {wmi_class} get {','.join(properties)} <nul"


def table(text: str, properties: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a `get` table as property -> value; empty without a title line that names every property.

    Columns start where their titles start: values are padded to them, and may hold blanks.
    """
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    wanted = list(properties)
    title = next((i for i, line in enumerate(lines) if sorted(line.split()) == sorted(wanted)), None)
    if title is None:
        return []
    starts = sorted((_start(lines[title], name), name) for name in wanted)
    ends = [start for start, _name in starts[1:]] + [None]
    return [
        {name: line[start:end].strip() for (start, name), end in zip(starts, ends, strict=True)}
        for line in lines[title + 1 :]
    ]


def _start(title: str, name: str) -> int:
    match = re.search(rf"(?<!\S){re.escape(name)}(?!\S)", title)
    return match.start() if match else 0
