#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_info
short_description: Read Exchange 2007, its clustered mailbox servers and what an upgrade depends on
version_added: 1.0.0
description:
  - Reads the version of the program files, rollups, interrupted or running Setups, Windows, pending restarts, service
    pack media and the clustered mailbox servers of the node's cluster.
  - The program files of a node and a clustered mailbox server have versions of their own. RV(exchange.version) is that
    of the node; each entry of RV(exchange.clustered_mailbox_servers) has its own.
  - RV(proof) is what the modules that change something want in their option
    O(mailops.exchange2007.exchange_setup#module:nodes).
options:
  media:
    description: Local folder on the node with the service pack media, to have its version read.
    type: str
    default: ""
  release:
    description:
      - The goal, to have RV(not_ready) and RV(jobs) told.
      - What can't be made out then, such as the owner of a group that is just moving, is looked at up to four times.
    type: str
    choices: [sp1, sp2, sp3]
  poll:
    description: Seconds between these looks.
    type: float
    default: 5.0
  mailbox_servers:
    description:
      - Whether to read the clustered mailbox servers, which starts the Exchange Management Shell and takes seconds.
    type: bool
    default: true
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is changed.
seealso:
  - module: mailops.exchange2007.cluster_info
  - module: mailops.exchange2007.exchange_setup
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Read Exchange and the media
  mailops.exchange2007.exchange_info:
    media: D:\media\sp2
  register: seen

- name: Say what runs
  ansible.builtin.debug:
    msg: "{{ seen.exchange.node }} runs {{ seen.exchange.version }}, the media is {{ seen.exchange.media.version }}"
"""

RETURN = r"""
exchange:
  description: What was seen. A value that could not be read is null or V(unknown).
  returned: success
  type: dict
  contains:
    node:
      description: Name of the node, as the cluster knows it.
      type: str
      sample: NODEA
    version:
      description: Version of the program files; the lowest one if the roles differ.
      type: str
      sample: 8.2.176.2
    release:
      description: rtm, sp1, sp2 or sp3.
      type: str
      sample: sp2
    install_path:
      description: Folder of Exchange.
      type: str
      sample: C:\Program Files\Microsoft\Exchange Server
    roles:
      description: Version of each installed role.
      type: dict
      sample: {"MailboxRole": "8.2.176.2", "AdminTools": "8.2.176.2"}
    rollups:
      description: Names of the installed update rollups.
      type: list
      elements: str
      sample: []
    interrupted_setup:
      description: Watermark and Action values in the registry; a Setup failed or is running.
      type: list
      elements: str
      sample: []
    running_setup:
      description: Images of Setup processes that run now.
      type: list
      elements: str
      sample: []
    clustered_mailbox_servers:
      description: Clustered mailbox servers that this cluster's nodes may run.
      type: list
      elements: dict
      sample: [{"name": "CMS1", "owner": "NODEA", "state": "online", "version": "8.2.176.2", "release": "sp2",
                "kind": "ccr", "redundant_machines": ["NODEA", "NODEB"],
                "databases": [{"name": "Mailbox Database", "mounted": true}]}]
    clustered_mailbox_servers_error:
      description: Why the clustered mailbox servers could not be read.
      type: str
      sample: null
    os:
      description: Windows; family is 2003, 2008, 2008r2 or unknown, language the hexadecimal language number.
      type: dict
      sample: {"version": "5.2.3790", "family": "2003", "service_pack": 2, "language": "0409"}
    pending_restart:
      description: Whether Windows waits for a restart (null when unknown), and the marks found.
      type: dict
      sample: {"required": false, "reasons": []}
    media:
      description: The media at O(media); version and release are null when Setup can't be read there.
      type: dict
      sample: {"path": "D:\\media\\sp2", "version": "8.2.176.2", "release": "sp2"}
cluster:
  description: The cluster as cluster_info returns it; null where the node is in none or its Cluster service is down.
  returned: success
  type: dict
  sample: {"name": "EXCLUSTER", "nodes": [], "groups": [], "resources": [], "unknown_because": []}
not_ready:
  description:
    - What speaks against upgrading the node to O(release), whatever the order; as rule, seen and advice. Empty for a
      node that is at the release. Ownership and mates are looked at by the modules that act.
  returned: when O(release) is given
  type: list
  elements: dict
  sample: [{"rule": "R8", "seen": "A restart is pending on NODEA.", "advice": "Restart the node."}]
jobs:
  description: Detached Setup jobs of this collection on the node, with their phase; running ones are joined.
  returned: when O(release) is given
  type: dict
  sample: {"upgrade": "running"}
proof:
  description: What this reading proves about the node, for the C(nodes) option of the modules that change something.
  returned: success
  type: dict
  sample: {"name": "NODEA", "release": "sp2", "observed_at": "2026-03-01T22:00:00.000000Z", "os_family": "2003"}
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._exchange import Observation, Observer
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import iso, readiness_refusals
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task

_LOOKS = 4

ARGUMENT_SPEC: dict[str, Any] = {
    "media": {"type": "str", "default": ""},
    "release": {"type": "str", "choices": ["sp1", "sp2", "sp3"]},
    "poll": {"type": "float", "default": 5.0},
    "mailbox_servers": {"type": "bool", "default": True},
}


def run(task: Task) -> dict[str, Any]:
    """Read the node."""
    release = task.params["release"]
    observer = Observer(task.node, task.params["media"], release or "")
    seen = _observed(task, observer)
    proof = {
        "name": seen.node,
        "release": seen.bits.release or "unknown",
        "observed_at": iso(seen.observed_at),
        "os_family": seen.os.family,
    }
    cluster = seen.cluster.as_dict() if seen.cluster else None
    result = {"changed": False, "exchange": seen.as_dict(), "cluster": cluster, "proof": proof}
    return {**result, **_readiness(seen, release)} if release else result


def _observed(task: Task, observer: Observer) -> Observation:
    """The node, looked at again a few times while something that the goal depends on can't be made out (R9)."""
    release = task.params["release"]
    for look in range(_LOOKS):
        if look:
            task.clock.sleep(task.params["poll"])
        seen = observer.observe(task.clock.now(), mailbox_servers=task.params["mailbox_servers"])
        if not release or all(reason["rule"] != "R9" for reason in _readiness(seen, release)["not_ready"]):
            break
    return seen


def _readiness(seen: Observation, release: str) -> dict[str, Any]:
    """Jobs of ours on the node, and what speaks against the upgrade."""
    jobs = {kind: phase.value for kind, phase in seen.jobs.items()}
    reasons = readiness_refusals(seen, release, own_job=bool(jobs))
    return {"jobs": jobs, "not_ready": [{"rule": r.rule, "seen": r.seen, "advice": r.advice} for r in reasons]}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
