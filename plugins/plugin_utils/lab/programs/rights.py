# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What a user may do on a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..process import Process


def is_administrator(proc: Process) -> bool:
    """Whether a process runs as a local administrator; everybody does whom the topology doesn't except."""
    return proc.logon.user.rpartition("\\")[2].lower() not in proc.host.standard_users
