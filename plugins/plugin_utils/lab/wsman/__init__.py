# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""WinRM as Windows Server 2003 and 2008 have it: WS-Man with the cmd shell, over HTTP with sealed messages."""

from .endpoint import DEFAULT_QUOTAS, WsmanEndpoint
from .shells import Quotas

__all__ = ["DEFAULT_QUOTAS", "Quotas", "WsmanEndpoint"]
