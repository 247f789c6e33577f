# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Exchange 2007 versions and the releases they belong to (sources.md: builds)."""

from __future__ import annotations

import re
from typing import NamedTuple

_FORM = re.compile(r"(?<![0-9])([0-9]{1,5})\.([0-9]{1,5})\D+([0-9]{1,6})\.([0-9]{1,6})(?![0-9])")


class Version(NamedTuple):
    """Four numbers, compared as numbers: 8.01.0240.006 is 8.1.240.6."""

    major: int
    minor: int
    build: int
    revision: int

    def __str__(self) -> str:
        return ".".join(str(part) for part in self)

    @property
    def release(self) -> str | None:
        """rtm, sp1, sp2, sp3, or None for what is no Exchange 2007. Rollups don't touch the first two numbers."""
        return next((name for name, minor in RELEASES.items() if (self.major, self.minor) == (8, minor)), None)


RELEASES: dict[str, int] = {"rtm": 0, "sp1": 1, "sp2": 2, "sp3": 3}  # release -> second number of the version
TARGETS = ("sp1", "sp2", "sp3")


def parse_version(text: str | None) -> Version | None:
    """From `8.1.240.6`, `8.01.0240.006` or `Version 8.1 (Build 240.6)`; None where there is no version in it."""
    match = _FORM.search(text or "")
    return Version(*(int(part) for part in match.groups())) if match else None


def release_rank(release: str | None) -> int:
    """Order of releases, rtm lowest; -1 for unknown."""
    return RELEASES.get(release or "", -1)
