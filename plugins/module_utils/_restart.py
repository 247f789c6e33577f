# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Restarting a node: refused while it is needed, proven by its boot time, over when services and cluster are back."""

from __future__ import annotations

from typing import Any

from . import _rules as rules
from ._cluster import Cluster, ClusterExe, parse_cluster
from ._cmdline import quote
from ._errors import Failure, Refusal, bracketed_code, native_failure, refuse
from ._node import ChannelLost
from ._notice import Notice
from ._standing import Standing, StandingReader
from ._task import Task
from ._wait import Limit, wait_for
from ._windows import BOOT_TIME_LINE, ServiceState, boot_time, service_line, service_state

_DELAY = 5  # seconds, so that the answer to the order still gets out (sources.md: shutdown)
_HEARD = 20.0  # seconds after which a node that was told to restart does not answer any more
_UNDER_WAY = (1190, 1115, 1717)  # a restart is ordered or under way already
_CLUSTER_SERVICE = "ClusSvc"
_LOOKS = 12


class Restart:
    """One call of node_reboot."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._params = task.params
        self._name = ""
        self._clustered = False
        self._told = False

    def run(self) -> dict[str, Any]:
        """Observe, refuse or order the restart, wait, prove."""
        boot = self._observe_settled()
        before = {"boot_time": boot}
        command = f"shutdown /r /f /t {_DELAY} /c {quote(self._params['reason'])}"
        if self._task.check_mode:
            return {"changed": True, "before": before, "after": {"boot_time": None}, "commands": [command]}
        notice = Notice(self._task)
        begun = self._ordered(command, boot, notice)
        standing = self._wait(boot)
        notice.remove()
        return {
            "changed": True,
            "before": before,
            "after": {"boot_time": standing.boot_time},
            "downtime": round(self._task.clock.now() - begun, 1),
        }

    def _ordered(self, command: str, boot: str, notice: Notice) -> float:
        """When the restart was ordered. Not before the node is marked, and seen again behind that, which takes time."""
        try:
            if self._clustered:
                refuse(notice.put(self._name, self._proof()), "Restarting the node", self._name)
                self._observe_settled()
            if notice.waited:
                refuse(notice.confirm(), "Restarting the node", self._name)
            begun = self._task.clock.now()
            if not self._order(command) and self._stands(boot):
                self._order(command, again=True)
        except Failure as failure:
            notice.remove()
            failure.changed = failure.changed or notice.touched
            raise
        return begun

    def _observe_settled(self) -> str:
        """The boot time before; a node that is still joining after Setup gets some time."""
        for _look in range(_LOOKS - 1):
            try:
                return self._observe()
            except Refusal as refusal:
                if self._told or refusal.refused not in ("R2", "R9"):
                    raise
                self._task.clock.sleep(self._params["poll"])
        return self._observe()

    def _observe(self) -> str:
        service = service_line(_CLUSTER_SERVICE)
        lines = ["echo %COMPUTERNAME%", BOOT_TIME_LINE, service, *ClusterExe(self._task.node).lines()]
        name, boot, state, *rest = self._task.node.read_all(lines, again=True)
        self._name = name.stdout.strip().upper()
        # Without the service there is no cluster; a service that is there but tells nothing is unknown.
        self._clustered = service_state(state) is not ServiceState.ABSENT
        if self._clustered:
            cluster = parse_cluster(rest)
            refuse(rules.restart_refusals(cluster, self._name), "Restarting the node", self._name)
            self._refuse_told(cluster)
        seen = boot_time(boot)
        if seen is None:
            text = "its boot time can't be read, so a restart could not be proven."
            raise Failure("Restarting the node", self._name, text, "Check WMI there (wmic os get LastBootUpTime).")
        return seen

    def _refuse_told(self, cluster: Cluster) -> None:
        """Raise what the mates' readings say; looking again here would not change them."""
        now, age = self._task.clock.now(), self._params["proof_max_age"]
        told = rules.told_refusals(cluster, self._name, self._proof(), now=now, max_age=age)
        if told:
            self._told = True
        refuse(told, "Restarting the node", self._name)

    def _proof(self) -> list[rules.Evidence]:
        return rules.parse_evidence(self._params["nodes"])

    def _order(self, command: str, *, again: bool = False) -> bool:
        """Whether the order was heard; False: the connection was lost, and nobody knows.

        again: what is said to a second order tells nothing of the first one; whether the node restarts is seen.
        """
        try:
            result = self._task.node.act_line(command, timeout=60)
        except ChannelLost:
            self._task.node.channel.reset()
            return False
        if result.rc != 0 and not again and bracketed_code(result) not in _UNDER_WAY:
            raise native_failure("Restarting the node", self._name, result, code=bracketed_code(result))
        return True

    def _stands(self, boot: str) -> bool:
        """Whether the node is as before, though an order would have been carried out by now."""
        self._task.clock.sleep(_HEARD)
        return StandingReader(self._task.node, [], membership=False).look().boot_time == boot

    def _wait(self, before: str) -> Standing:
        self._task.progress("restarting")
        services = [*self._params["wait_for_services"], *([_CLUSTER_SERVICE] if self._clustered else [])]
        membership = self._clustered and self._params["rejoin_cluster"]
        reader = StandingReader(self._task.node, services, membership=membership)
        return wait_for(
            self._task.clock,
            Limit(self._params["timeout"], self._params["poll"]),
            reader.look,
            lambda seen: seen.complete() and seen.boot_time not in (None, before),
            doing="Restarting the node",
            target=self._name,
            describe=str,
            advice="Look at the node's console; running again goes on from what it finds.",
        )
