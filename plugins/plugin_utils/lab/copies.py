# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The passive copies of a CCR server: how they really are, and what Get-StorageGroupCopyStatus says about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .world import NodeState, Power

if TYPE_CHECKING:
    from .settings import Durations
    from .world import Host, MailboxServer, StorageGroupCopy, World

_LOGS_PER_SECOND = 0.2  # log files that a storage group writes, per lab second
_FLIP = 7.0  # lab seconds between two moods of the RTM status
REPLICATION_SERVICE = "msexchangerepl"


@dataclass
class _Shipping:
    """Since when logs are not shipped (None: they are), and from when on the copies are good again."""

    broken_since: float | None = None
    good_from: float = 0.0
    started: float = 0.0
    backlog: int = 0


class Copies:
    """Log shipping of every CCR server."""

    def __init__(self, world: World, durations: Durations) -> None:
        self._world = world
        self._durations = durations
        self._shipping: dict[str, _Shipping] = {}

    def passive(self, cms: MailboxServer) -> Host | None:
        """The node that holds the copies."""
        return next((h for h in cms.cluster.members if h.name != cms.group.owner), None)

    def refresh(self, cms: MailboxServer) -> None:
        """Look whether the passive node can take logs; called after every change of nodes and services."""
        shipping = self._of(cms)
        if not self._passive_serves(cms):
            if shipping.broken_since is None:
                shipping.broken_since = self._world.clock.now()
        elif shipping.broken_since is not None:
            self.disturb(cms)

    def disturb(self, cms: MailboxServer) -> None:
        """Replication starts anew: the CMS changed its node, or the passive node came back."""
        shipping = self._of(cms)
        now = self._world.clock.now()
        gap = now - shipping.broken_since if shipping.broken_since is not None else 0.0
        shipping.backlog = 3 + round(min(gap, 3600.0) * _LOGS_PER_SECOND)
        shipping.broken_since = None
        shipping.started, shipping.good_from = now, now + self._durations.copy_settle

    def healthy(self, cms: MailboxServer) -> bool:
        """Whether every copy really is complete, whatever the status says."""
        return self._settled(cms) and all(c.status == "Healthy" for c in cms.storage_groups)

    def status(self, cms: MailboxServer) -> list[StorageGroupCopy]:
        """What Get-StorageGroupCopyStatus would print now."""
        if cms.kind != "ccr":
            return [replace(copy, status="NotSupported") for copy in cms.storage_groups]
        return [self._seen(cms, copy, index) for index, copy in enumerate(cms.storage_groups)]

    def _of(self, cms: MailboxServer) -> _Shipping:
        return self._shipping.setdefault(cms.name, _Shipping())

    def _settled(self, cms: MailboxServer) -> bool:
        shipping = self._of(cms)
        return shipping.broken_since is None and self._world.clock.now() >= shipping.good_from

    def _seen(self, cms: MailboxServer, copy: StorageGroupCopy, index: int) -> StorageGroupCopy:
        if copy.status != "Healthy" or self._settled(cms):
            return replace(copy)
        queue = self._queue(cms) + index
        status = self._rtm_word(index) if cms.version[:2] == (8, 0) else self._word(cms)
        return replace(copy, status=status, copy_queue=queue, replay_queue=queue // 2)

    def _rtm_word(self, index: int) -> str:
        """exchange.md 6.6: on RTM the status flips between healthy and failed, and may say healthy wrongly."""
        return "Failed" if int(self._world.clock.now() / _FLIP + index) % 3 == 1 else "Healthy"

    def _word(self, cms: MailboxServer) -> str:
        shipping = self._of(cms)
        if shipping.broken_since is not None:
            return "ServiceDown"
        begun = self._world.clock.now() - shipping.started
        return "Initializing" if begun < self._durations.copy_initializing else "Healthy"

    def _queue(self, cms: MailboxServer) -> int:
        shipping, now = self._of(cms), self._world.clock.now()
        if shipping.broken_since is not None:
            return 1 + round((now - shipping.broken_since) * _LOGS_PER_SECOND)
        left = (shipping.good_from - now) / self._durations.copy_settle
        return 1 + round(shipping.backlog * left)

    def _passive_serves(self, cms: MailboxServer) -> bool:
        host = self.passive(cms)
        if host is None or host.power is not Power.ON or host.bits is None or not host.bits.complete:
            return False
        if cms.cluster.node_states.get(host.name) in (NodeState.DOWN, NodeState.JOINING):
            return False
        service = host.services.get(REPLICATION_SERVICE)
        return service is None or service.state == "running"
