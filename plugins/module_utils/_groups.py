# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Moving a cluster group and changing its state: act, then watch owner and state until they are what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ._cluster import Cluster, ClusterExe, ClusterGroup, GroupState, same
from ._errors import Failure, native_code, native_failure
from ._node import ChannelLost
from ._task import Task
from ._wait import Limit, wait_for

# Numbers with which a move may still be under way (sources.md: cluster-errors).
_GOES_ON = (258, 997, 1460)
# A resource of the group may not run on the node. Nothing has been touched then (sources.md: cluster-errors).
_MAY_NOT_OWN = (5015, 5016, 5071)


def known_group(cluster: Cluster, name: str) -> ClusterGroup:
    """The group of that name; raises Failure that lists the groups there are."""
    group = cluster.group(name)
    if group is None:
        known = ", ".join(f"'{g.name}'" for g in cluster.groups) or "none"
        raise Failure("Looking for the cluster group", repr(name), f"there is no such group; there are {known}.", "")
    return group


def _as_good(state: GroupState, before: GroupState) -> bool:
    if before in (GroupState.PARTIALLY_ONLINE, GroupState.FAILED):
        return state in (before, GroupState.PARTIALLY_ONLINE, GroupState.ONLINE)
    return state is before


class GroupMover:
    """Acts on one group; limit bounds each wait for owner and state."""

    def __init__(self, task: Task, tool: ClusterExe, limit: Limit) -> None:
        self._task = task
        self._tool = tool
        self._limit = limit

    def move(self, group: ClusterGroup, target: str, others: Sequence[str] = ()) -> ClusterGroup:
        """Move to a node; the group must be at least as well there as it was before.

        others: nodes to try, in this order, where the one before may not own the group.
        """
        for other in others:
            if self._act(f"Moving the group to {target}", group, f"/move:{target}", may_not_own=False):
                break
            self._task.progress(f"{target} may not own '{group.name}'; trying {other}")
            target = other
        else:
            self._act(f"Moving the group to {target}", group, f"/move:{target}")

        def there(seen: ClusterGroup) -> bool:
            return seen.owner is not None and same(seen.owner, target) and _as_good(seen.state, group.state)

        return self._watch(f"Moving the group to {target}", group, there)

    def set_state(self, group: ClusterGroup, state: GroupState) -> ClusterGroup:
        """Bring online or take offline."""
        doing = f"Bringing the group {state.value}"
        self._act(doing, group, "/online" if state is GroupState.ONLINE else "/offline")
        return self._watch(doing, group, lambda seen: seen.state is state)

    def _act(self, doing: str, group: ClusterGroup, option: str, *, may_not_own: bool = True) -> bool:
        """Whether it has begun. may_not_own: whether a node that is no possible owner is a failure."""
        wait = int(self._limit.timeout)
        line = self._tool.group_line(group.name, option, wait)
        try:
            result = self._tool.act(line, wait)
        except ChannelLost as lost:
            if not lost.started:
                raise
            self._task.node.channel.reset()
            if known_group(self._tool.observe(), group.name) != group:
                return True  # what becomes of it is watched
            result = self._tool.act(line, wait)
        if result.rc == 0 or native_code(result) in _GOES_ON:
            return True
        # An exit code is no state: a move that has begun all the same is watched.
        if known_group(self._tool.observe(), group.name) != group:
            return True
        if may_not_own or native_code(result) not in _MAY_NOT_OWN:
            raise native_failure(doing, f"'{group.name}'", result, changed=len(self._task.node.commands) > 1)
        return False

    def _watch(self, doing: str, group: ClusterGroup, good: Callable[[ClusterGroup], bool]) -> ClusterGroup:
        return wait_for(
            self._task.clock,
            self._limit,
            lambda: known_group(self._tool.observe(), group.name),
            good,
            doing=doing,
            target=f"'{group.name}'",
            describe=lambda seen: f"{seen.state.value} on {seen.owner or 'an unknown node'}",
            advice="Look at the group's resources in Cluster Administrator, then run again.",
        )
