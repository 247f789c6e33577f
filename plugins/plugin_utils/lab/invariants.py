# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The rules that an upgrade must keep (exchange.md 1), watched where the world changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .world import GroupState, NodeState, Version

if TYPE_CHECKING:
    from .process import Process
    from .world import Cluster, Group, Host, MailboxServer, World

Report = Callable[[str, "Host | None", str], None]
SETUP_NAMES = ("setup.com", "setup", "exsetup.exe", "exsetup")


def release(version: Version) -> tuple[int, int]:
    """Which service pack: the first two numbers (exchange.md 5.1)."""
    return version[:2]


def runs_setup(host: Host, apart_from: tuple[Process | None, ...] = ()) -> bool:
    """Whether Exchange Setup runs on a host, in another process than the given ones."""
    return any(
        p not in apart_from and p.alive() and p.argv[0].strip('"').lower().split("\\")[-1] in SETUP_NAMES
        for p in host.processes
    )


class Invariants:
    """Each method is called right before the act it is about; broken rules are reported, nothing is refused."""

    def __init__(self, world: World, report: Report) -> None:
        self._world = world
        self._report = report

    def before_upgrade(self, host: Host, version: Version) -> None:
        """I1, I2, I5: Setup /m:upgrade starts to change a node."""
        cluster = host.cluster
        if cluster is None:
            return
        for group in cluster.groups:
            if group.owner == host.name:
                self._report("I1", host, f"/m:upgrade on {host.name}, which owns the group '{group.name}'")
        old_mates = [m for m in cluster.members if m is not host and _older(m, version)]
        old_servers = [c.name for c in cluster.mailbox_servers if release(c.version) < release(version)]
        if old_servers and not old_mates:
            self._report(
                "I2", host, f"/m:upgrade on the last old node {host.name}; still old: {', '.join(old_servers)}"
            )
        self._one_at_a_time(cluster, host, "/m:upgrade")

    def before_upgrade_cms(self, host: Host, cms: MailboxServer | None, version: Version) -> None:
        """I3: Setup /upgradecms."""
        bits = host.bits.version if host.bits else None
        if bits is None or release(bits) != release(version):
            self._report("I3", host, f"/upgradecms on {host.name}, whose bits are not those of the media")
        if cms is None:
            self._report("I3", host, f"/upgradecms on {host.name}, which owns no clustered mailbox server")
        elif cms.group.state() not in (GroupState.OFFLINE, GroupState.FAILED):
            self._report("I3", host, f"/upgradecms while {cms.name} is {cms.group.state().name}")

    def before_move(self, cms: MailboxServer, target: Host) -> None:
        """I4: somebody's act brings a CMS to another node."""
        if target.bits and release(target.bits.version) < release(cms.version):
            self._report("I4", target, f"{cms.name} goes to {target.name}, whose bits are older")

    def before_restart(self, host: Host, what: str) -> None:
        """I5: somebody takes a node out of its cluster."""
        if host.cluster is not None:
            self._one_at_a_time(host.cluster, host, what)

    def cluster_tool_on(self, group: Group, what: str) -> None:
        """I6: cluster.exe moves, stops or starts a group."""
        if group.kind == "cms":
            self._report("I6", None, f"cluster.exe: {what} of the clustered mailbox server group '{group.name}'")

    def misplaced(self, mailbox: str, places: list[str]) -> None:
        """M1: a mailbox is in exactly one database at any time."""
        self._report("M1", None, f"the mailbox {mailbox} is in {' and '.join(places) or 'no database'}")

    def lost(self, what: str) -> None:
        """M2: no mailbox, no item and no public folder is lost on the way."""
        self._report("M2", None, what)

    def _one_at_a_time(self, cluster: Cluster, host: Host, what: str) -> None:
        for mate in cluster.members:
            if mate is host:
                continue
            state = cluster.node_states.get(mate.name, NodeState.DOWN)
            if state is not NodeState.UP:
                self._report("I5", host, f"{what} on {host.name} while {mate.name} is {state.name}")
            elif runs_setup(mate):
                self._report("I5", host, f"{what} on {host.name} while Setup runs on {mate.name}")


def _older(host: Host, version: Version) -> bool:
    return host.bits is not None and release(host.bits.version) < release(version)
