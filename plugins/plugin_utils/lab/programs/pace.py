# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""How long a native tool takes to start and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..process import Process


def take_time(proc: Process, tool: str, default: float = 0.5) -> None:
    """Let the lab seconds of physics.durations pass for this tool; default where the topology has no figure."""
    proc.sleep(getattr(proc.host.world.physics.durations, tool, default))
