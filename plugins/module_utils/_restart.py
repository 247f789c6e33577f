# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Restarting a node: refused while it is needed, proven by its boot time, over when services and cluster are back."""

from __future__ import annotations

from typing import Any

from . import _rules as rules
from ._cluster import ClusterExe, parse_cluster
from ._cmdline import quote
from ._errors import Failure, bracketed_code, native_failure, refuse
from ._node import ChannelLost
from ._standing import Standing, StandingReader
from ._task import Task
from ._wait import Limit, wait_for
from ._windows import BOOT_TIME_LINE, boot_time

_DELAY = 5  # seconds, so that the answer to the order still gets out (windows-cli.md 5.3)
_UNDER_WAY = (1190, 1115, 1717)  # a restart is ordered or under way already
_CLUSTER_SERVICE = "ClusSvc"


class Restart:
    """One call of node_reboot."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._params = task.params
        self._name = ""
        self._clustered = False

    def run(self) -> dict[str, Any]:
        """Observe, refuse or order the restart, wait, prove."""
        boot = self._observe()
        before = {"boot_time": boot}
        command = f"shutdown /r /f /t {_DELAY} /c {quote(self._params['reason'])}"
        if self._task.check_mode:
            return {"changed": True, "before": before, "after": {"boot_time": None}, "commands": [command]}
        begun = self._task.clock.now()
        self._order(command)
        standing = self._wait(boot)
        return {
            "changed": True,
            "before": before,
            "after": {"boot_time": standing.boot_time},
            "downtime": round(self._task.clock.now() - begun, 1),
        }

    def _observe(self) -> str:
        lines = ["echo %COMPUTERNAME%", BOOT_TIME_LINE, *ClusterExe(self._task.node).lines()]
        name, boot, *rest = self._task.node.read_all(lines)
        cluster = parse_cluster(rest)
        self._name = name.stdout.strip().upper()
        self._clustered = bool(cluster.nodes)
        if self._clustered:
            owned = rules.ownership_refusals(cluster, self._name)
            refuse(owned + rules.mate_refusals(cluster, self._name), "Restarting the node", self._name)
        seen = boot_time(boot)
        if seen is None:
            text = "its boot time can't be read, so a restart could not be proven."
            raise Failure("Restarting the node", self._name, text, "Check WMI there (wmic os get LastBootUpTime).")
        return seen

    def _order(self, command: str) -> None:
        try:
            result = self._task.node.act_line(command, timeout=60)
        except ChannelLost:
            self._task.node.channel.reset()
            return
        if result.rc != 0 and bracketed_code(result) not in _UNDER_WAY:
            raise native_failure("Restarting the node", self._name, result, code=bracketed_code(result))

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
