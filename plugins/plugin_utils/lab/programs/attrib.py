# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""attrib: shows and sets the read-only attribute; the others are taken and forgotten."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .common import matching_files, path_of, say

if TYPE_CHECKING:
    from ..process import Process


def main(proc: Process) -> int:
    """attrib [+r|-r …] [name]; a name that isn't there is only mentioned."""
    changes = [word.lower() for word in proc.argv[1:] if re.fullmatch(r"[+-][rash]", word, re.IGNORECASE)]
    names = [word for word in proc.argv[1:] if word[:1] not in "+-/"] or ["*"]
    for name in [found for pattern in names for found in matching_files(proc, pattern)]:
        path = path_of(proc, name)
        file = proc.host.files.entry(path)
        if not proc.host.files.exists(path):
            say(proc, "File not found - {name}", name=name)
        elif not changes:
            flags = f"A    {'R' if file and file.read_only else ' '}"
            proc.out(f"{flags:<11}{proc.host.files.true_name(path)}\n")
        elif file and {"+r", "-r"}.intersection(changes):
            file.read_only = "+r" in changes
            proc.host.world.truth.effect(proc.host, "file", "attributes", path, proc)
    return 0
