# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The releases of Exchange Server 2007 (exchange.md 5.1), and what each leaves in the directory."""

from __future__ import annotations

from dataclasses import dataclass

from .world import Version


@dataclass(frozen=True)
class Release:
    """program_files: what the registry shows; shown: what the shell shows; schema: rangeUpper.

    organization, system_objects: objectVersion of the organisation's container, and of the domain's container
    "Microsoft Exchange System Objects" (public tables of Exchange schema versions).
    """

    name: str
    program_files: Version
    shown: Version
    schema: int
    organization: int
    system_objects: int


RELEASES = {
    release.name: release
    for release in (
        Release("rtm", (8, 0, 685, 25), (8, 0, 685, 24), 10637, 10666, 10628),
        Release("sp1", (8, 1, 240, 6), (8, 1, 240, 6), 11116, 11221, 11221),
        Release("sp2", (8, 2, 176, 2), (8, 2, 176, 2), 14622, 11222, 11221),
        Release("sp3", (8, 3, 83, 6), (8, 3, 83, 6), 14625, 11222, 11221),
    )
}


def release_of(version: Version) -> Release:
    """The release that a version belongs to, by its first two numbers; KeyError for a foreign one."""
    for release in RELEASES.values():
        if release.program_files[:2] == version[:2]:
            return release
    raise KeyError(version)
