# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Finding a clustered mailbox server in an observation, and watching it settle."""

from __future__ import annotations

from collections.abc import Callable

from . import _registry as registry
from ._errors import Failure
from ._exchange import EXCHANGE_KEY, EXCHANGE_KEY_32, Observation
from ._node import Node
from ._shell import ExchangeShell, MailboxServer
from ._task import Task
from ._wait import Limit, wait_for


def known_server(seen: Observation, name: str) -> MailboxServer:
    """The clustered mailbox server of that name; raises Failure that lists those there are."""
    server = seen.mailbox_server(name)
    if server is None:
        if seen.mailbox_servers_error:
            text, advice = seen.mailbox_servers_error, "Check the Exchange Management Shell on the node."
        elif not seen.cluster:
            text = f"the cluster of {seen.node} can't be read, so nobody knows its mailbox servers."
            advice = "Start the Cluster service there; then run again."
        else:
            known = ", ".join(s.name for s in seen.mailbox_servers) or "none"
            text, advice = (
                f"there is no such server in the cluster of {seen.node}; there are {known}.",
                "Check the name.",
            )
        raise Failure("Looking for the clustered mailbox server", repr(name), text, advice)
    return server


def installed_shell(seen: Observation, node: Node) -> ExchangeShell:
    """The node's Exchange Management Shell; raises Failure where Exchange is not installed."""
    return _shell_at(seen.bits.install_path, node)


def read_shell(node: Node) -> ExchangeShell:
    """The same, with nothing read but the install path."""
    results = node.read_all([registry.query(key + r"\Setup") for key in (EXCHANGE_KEY, EXCHANGE_KEY_32)], again=True)
    paths = [registry.Keys(result).value(r"v8.0\Setup", "MsiInstallPath") for result in results]
    return _shell_at(next((path for path in paths if path), ""), node)


def _shell_at(install_path: str, node: Node) -> ExchangeShell:
    if not install_path:
        text = "the registry names no install path of Exchange 2007."
        raise Failure("Looking for Exchange", node.name, text, "Run it on a node that has Exchange.")
    return ExchangeShell(node, install_path)


def wait_for_server(
    task: Task, limit: Limit, look: Callable[[], MailboxServer], good: Callable[[MailboxServer], bool], doing: str
) -> MailboxServer:
    """Watch a clustered mailbox server until good; raises Failure with its last state."""
    return wait_for(
        task.clock,
        limit,
        look,
        good,
        doing=doing,
        target=task.params.get("name") or task.node.name,
        describe=lambda s: f"{s.state.value} on {s.owner or 'an unknown node'}, {_mounted(s)}",
        advice="Look at the application log of the owner; running again goes on from there.",
    )


def _mounted(server: MailboxServer) -> str:
    mounted = sum(1 for _name, state in server.databases if state)
    return f"{mounted} of {len(server.databases)} databases mounted"
