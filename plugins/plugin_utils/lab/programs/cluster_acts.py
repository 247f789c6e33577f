# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What cluster.exe changes: each function orders the change, waits for it, and says nothing about how it looks then."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import ClusterError
from ..world import Group, GroupState, Host, Power
from .cluster_session import RPC_UNAVAILABLE, Session, refuse_second_hop

if TYPE_CHECKING:
    from ..process import Process

GROUP_WAIT = 20.0  # lab seconds; windows-cli.md 1.1 for /move
INVALID_PARAMETER = 87
ONLINE_FAILED = 5018
_SERVICE = "ClusSvc"


def move(session: Session, name: str, target: str | None, wait: float) -> None:
    """group /move[:Node]: wait for the change of owner only (windows-cli.md 1.1)."""
    with session.proc.host.world.lock:
        group = session.group(name)
        before = group.owner
        wanted = session.node(target).name if target else None
        session.physics.begin_move(group, wanted, session.proc)
    session.wait(lambda: group.owner == wanted if wanted else group.owner != before, wait)


def online(session: Session, name: str, target: str | None, wait: float) -> None:
    """group /online[:Node]: wait until the group is no longer pending; ClusterError 5018 when it failed."""
    group = _brought(session, name, target, wait)
    session.physics.begin_online(group, session.proc)
    if _settle(session, group, wait) is GroupState.FAILED:
        raise ClusterError(ONLINE_FAILED)


def offline(session: Session, name: str, target: str | None, wait: float) -> None:
    """group /offline[:Node]: wait until the group is no longer pending."""
    group = _brought(session, name, target, wait)
    session.physics.begin_offline(group, session.proc)
    _settle(session, group, wait)


def set_owners(session: Session, name: str, nodes: str | None) -> None:
    """group /setowners:Node,Node: the preferred owners, in that order."""
    world = session.proc.host.world
    with world.lock:
        group = session.group(name)
        if nodes is None:
            raise ClusterError(INVALID_PARAMETER)
        owners = [session.node(node).name for node in nodes.split(",") if node]
        if owners != group.preferred_owners:
            group.preferred_owners = owners
            world.truth.effect(session.via, "group", f"preferred owners {', '.join(owners)}", group.name, session.proc)


def pause(session: Session, node: str) -> None:
    """node /pause."""
    session.physics.pause(session.cluster, session.node(node).name, session.proc)


def resume(session: Session, node: str) -> None:
    """node /resume."""
    session.physics.resume(session.cluster, session.node(node).name, session.proc)


def start(proc: Process, node: str, wait: float) -> None:
    """node /start: the cluster service, by the Service Control Manager of that node."""
    host = _service_manager(proc, node)
    physics = host.world.physics
    physics.start_service(host, _SERVICE, proc)
    _wait(proc, lambda: physics.cluster_running(host), wait)


def stop(proc: Process, node: str, wait: float) -> None:
    """node /stop: the cluster service, by the Service Control Manager of that node."""
    host = _service_manager(proc, node)
    host.world.physics.stop_service(host, _SERVICE, proc)
    _wait(proc, lambda: host.services[_SERVICE.lower()].state == "stopped", wait)


def _brought(session: Session, name: str, target: str | None, wait: float) -> Group:
    """The group, on the node that was asked for."""
    group = session.group(name)
    if target and session.node(target).name != group.owner:
        move(session, name, target, wait)
        _settle(session, group, wait)
    return group


def _settle(session: Session, group: Group, wait: float) -> GroupState:
    session.wait(lambda: group.state() is not GroupState.PENDING, wait)
    with session.proc.host.world.lock:
        return group.state()


def _service_manager(proc: Process, node: str) -> Host:
    host = proc.host.world.hosts.get(node.lower())
    if host is None or host.power is not Power.ON:
        raise ClusterError(RPC_UNAVAILABLE)
    refuse_second_hop(proc, host)
    return host


def _wait(proc: Process, condition: Callable[[], bool], seconds: float) -> None:
    """Without /wait (0 seconds) the order was enough."""
    if seconds and not proc.wait_until(condition, seconds):
        raise ClusterError(proc.host.world.language.knobs.cluster_wait_code)
