# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The truth report: everything the lab knows, as JSON data."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .exchange_registry import dotted, marks
from .releases import release_of

if TYPE_CHECKING:
    from .world import Cluster, Host, MailboxServer, Version, World


def truth(world: World, lab: dict[str, Any], transport: dict[str, Any]) -> dict[str, Any]:
    """The whole report; lab says which lab this is, transport holds the counters of each host's endpoint."""
    with world.lock:
        book = world.truth
        return {
            "lab": {**lab, "now": round(world.clock.now(), 3)},
            "hosts": {host.name: _host(host) for host in world.hosts.values()},
            "clusters": {cluster.name: _cluster(cluster) for cluster in world.clusters.values()},
            "outages": {name: book.outage(name) for name in _servers(world)},
            "timeline": list(book.timeline),
            "commands": [asdict(command) for command in book.commands],
            "mutating_commands": sum(command.top and command.mutating for command in book.commands),
            "violations": list(book.violations),
            "faults": [asdict(fault) for fault in world.faults.active()],
            "directory": {
                "schema": world.directory.schema,
                "organization": world.directory.organization,
                "system_objects": world.directory.system_objects,
            },
            "mail": mail(world),
            "public_folders": folders(world),
            "transport": transport,
        }


def mail(world: World) -> dict[str, Any]:
    """Where the mailboxes are: per database, and one by one those that the topology names. Sizes in bytes."""
    store = world.mail
    return {
        "databases": {
            database.identity: {
                "public": database.copy.public,
                "mounted": database.mounted,
                "mailboxes": sum(1 for _user in store.users([database])),
                "system_mailboxes": sum(mailbox.system for mailbox in database.mailboxes.values()),
                "items": database.items,
                "size": database.size,
                "capacity": database.capacity,
            }
            for database in store.databases
        },
        "mailboxes": store.count,
        "dropped_items": store.dropped_items,
        "named": {mailbox.alias: mailbox.database.identity for mailbox in store.named},
        "moving": sorted(
            mailbox.alias for d in store.databases for mailbox in d.mailboxes.values() if mailbox.mover is not None
        ),
    }


def folders(world: World) -> dict[str, Any]:
    """Every public folder: the servers on its replica list, and how many of its items lie on which server."""
    return {
        folder.identity: {
            "items": folder.items,
            "replicas": [database.server.name for database in folder.replicas],
            "content": {database.server.name: folder.items_in(database) for database in folder.content},
            "settled": folder.settled(),
        }
        for folder in world.folders.all()
    }


def _servers(world: World) -> list[str]:
    return [cms.name for cluster in world.clusters.values() for cms in cluster.mailbox_servers]


def _host(host: Host) -> dict[str, Any]:
    return {
        "power": host.power.value,
        "answers": host.answers(),
        "boots": host.boots,
        "boot_time": round(host.boot_time, 3),
        "windows": {"family": host.windows.family, "version": host.windows.version, "language": host.windows.language},
        "exchange": _exchange(host),
        "services": {service.name: service.state for service in host.services.values()},
        "features": sorted(host.features),
        "products": host.installer.names(),
        "installed": host.installer.names(),
        "pending_restart": host.world.physics.pending_restart(host),
        "interrupted_setup": marks(host),
        "tasks": [task.name for task in host.tasks.values()],
        "processes": [process.line for process in host.processes],
        "free_bytes": host.files.free_bytes,
    }


def _exchange(host: Host) -> dict[str, Any] | None:
    if host.bits is None:
        return None
    bits = host.bits
    return {**_version(bits.version), "complete": bits.complete, "rollups": list(bits.rollups)}


def _version(version: Version) -> dict[str, str]:
    return {"version": dotted(version), "release": release_of(version).name}


def _cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "nodes": {name: state.name.lower() for name, state in cluster.node_states.items()},
        "groups": {group.name: {"owner": group.owner, "state": group.state().name.lower()} for group in cluster.groups},
        "cms": {cms.name: _mailbox_server(cms) for cms in cluster.mailbox_servers},
    }


def _mailbox_server(cms: MailboxServer) -> dict[str, Any]:
    copies = cms.cluster.members[0].world.physics.copies(cms)
    return {
        **_version(cms.version),
        "kind": cms.kind,
        "owner": cms.group.owner,
        "state": cms.group.state().name.lower(),
        "wanted": cms.group.wanted,
        "databases": {f"{c.name}\\{c.database}": "mounted" if c.mounted else "dismounted" for c in copies},
        "copies": {c.name: {"status": c.status, "copy_queue": c.copy_queue} for c in copies},
        "copies_healthy": cms.cluster.members[0].world.physics.mail_copies.healthy(cms),
    }
