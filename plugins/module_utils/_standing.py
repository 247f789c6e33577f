# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Whether a node is back: it answers, its services run, its cluster sees it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._cluster import ClusterExe, NodeState, parse_cluster
from ._node import ChannelLost, Node
from ._windows import BOOT_TIME_LINE, ServiceState, boot_time, service_line, service_state


@dataclass(frozen=True)
class Standing:
    """One look at a node. boot_time None with answers: WMI did not tell (it may still be starting)."""

    answers: bool = False
    boot_time: str | None = None
    missing: tuple[str, ...] = ()

    def complete(self) -> bool:
        """Whether everything that was asked for is there."""
        return self.answers and not self.missing

    def __str__(self) -> str:
        if not self.answers:
            return "no answer"
        since = f"up since {self.boot_time}" if self.boot_time else "answers"
        return f"{since}, {', '.join(self.missing) or 'everything there'}"


class StandingReader:
    """Looks at one node, over a new connection after each lost one."""

    def __init__(self, node: Node, services: Sequence[str], *, membership: bool) -> None:
        self._node = node
        self._services = list(services)
        self._membership = membership

    def look(self) -> Standing:
        """Look once; a broken channel is no answer."""
        cluster = ClusterExe(self._node).lines() if self._membership else []
        services = [service_line(name) for name in self._services]
        try:
            name, boot, *rest = self._node.read_all(["echo %COMPUTERNAME%", BOOT_TIME_LINE, *services, *cluster])
        except ChannelLost:
            self._node.channel.reset()
            return Standing()
        states = zip(self._services, rest, strict=False)
        missing = [f"{service} not running" for service, r in states if service_state(r) is not ServiceState.RUNNING]
        if self._membership:
            member = parse_cluster(rest[len(services) :]).node(name.stdout.strip())
            if member is None or member.state is not NodeState.UP:
                missing.append(f"in the cluster it is {member.state.value if member else 'not listed'}")
        return Standing(True, boot_time(boot), tuple(missing))
