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
      - What can't be made out then is looked at again; see O(settle).
    type: str
    choices: [sp1, sp2, sp3]
  settle:
    description:
      - Seconds to look again, with O(release), while something is on its way to another state, such as a group that is
        just moving or a node that is joining. Where nothing moves, this costs nothing.
      - What can't be read at all for another reason is looked at up to four times within that time.
    type: int
    default: 120
  answer_timeout:
    description:
      - Seconds to wait for a node that does not answer or falls silent while it is read, because it may be restarting.
      - A refused login is an answer, and is not tried again.
    type: int
    default: 0
  poll:
    description: Seconds between two looks of O(settle), and between two tries of O(answer_timeout).
    type: float
    default: 5.0
  mailbox_servers:
    description:
      - Whether to read the clustered mailbox servers, and with them RV(exchange.directory), which starts the Exchange
        Management Shell and takes seconds.
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
    release: sp2
  register: seen

- name: Say what runs
  ansible.builtin.debug:
    msg: "{{ seen.exchange.node }} runs {{ seen.exchange.version }}, the media is {{ seen.exchange.media.version }}"

- name: Say where the mailbox servers are
  ansible.builtin.debug:
    msg: "{{ item.name }} is {{ item.state }} on {{ item.owner }} and runs {{ item.version }}"
  loop: "{{ seen.exchange.clustered_mailbox_servers }}"
  loop_control:
    label: "{{ item.name }}"

- name: Stop where something speaks against the upgrade
  ansible.builtin.assert:
    that: seen.not_ready | length == 0
    fail_msg: "{{ seen.not_ready | map(attribute='seen') | join(' ') }}"
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
      sample: MBX1A
    version:
      description: Version of the program files; the lowest one if the roles differ.
      type: str
      sample: 8.2.176.2
    release:
      description: V(rtm), V(sp1), V(sp2) or V(sp3); null for a version of another Exchange.
      type: str
      sample: sp2
    install_path:
      description: Folder of Exchange.
      type: str
      sample: C:\Program Files\Microsoft\Exchange Server
    roles:
      description: Version of each installed role, by the role's name in the registry.
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
      description: Clustered mailbox servers that this cluster's nodes may run; none with O(mailbox_servers=false).
      type: list
      elements: dict
      sample: [{"name": "MAIL1", "owner": "MBX1A", "state": "online", "version": "8.2.176.2", "release": "sp2",
                "kind": "ccr", "redundant_machines": ["MBX1A", "MBX1B"],
                "databases": [{"name": "Mailbox Database", "mounted": true}]}]
      contains:
        name:
          description: Name of the server.
          type: str
          sample: MAIL1
        owner:
          description: Node that owns it; null where that could not be read.
          type: str
          sample: MBX1A
        state:
          description: >-
            V(online), V(offline), V(partially_online), V(failed), V(online_pending), V(offline_pending) or V(unknown).
          type: str
          sample: online
        version:
          description: Its own version, which is not that of the node.
          type: str
          sample: 8.2.176.2
        release:
          description: V(rtm), V(sp1), V(sp2) or V(sp3).
          type: str
          sample: sp2
        kind:
          description: V(ccr) for cluster continuous replication, V(scc) for a single copy cluster, or V(unknown).
          type: str
          sample: ccr
        redundant_machines:
          description: Nodes that may run it.
          type: list
          elements: str
          sample: ["MBX1A", "MBX1B"]
        databases:
          description: Its databases.
          type: list
          elements: dict
          sample: [{"name": "Mailbox Database", "mounted": true}]
          contains:
            name:
              description: Name of the database.
              type: str
              sample: Mailbox Database
            mounted:
              description: Whether it is mounted; null where that could not be read.
              type: bool
              sample: true
    clustered_mailbox_servers_error:
      description: Why the clustered mailbox servers could not be read; null where they were.
      type: str
      sample: null
    os:
      description: Windows.
      type: dict
      sample: {"version": "5.2.3790", "family": "2003", "service_pack": 2, "language": "0409"}
      contains:
        version:
          description: Version and build.
          type: str
          sample: 5.2.3790
        family:
          description: V(2003), V(2008), V(2008r2) or V(unknown).
          type: str
          sample: "2003"
        service_pack:
          description: Number of its service pack.
          type: int
          sample: 2
        language:
          description: Hexadecimal number of its language.
          type: str
          sample: "0409"
    pending_restart:
      description: Whether Windows waits for a restart.
      type: dict
      sample: {"required": false, "reasons": []}
      contains:
        required:
          description: Whether it does; null when that is unknown.
          type: bool
          sample: false
        reasons:
          description: Marks that were found, and what could not be read.
          type: list
          elements: str
          sample: []
    media:
      description: The media at O(media); null without one.
      type: dict
      sample: {"path": "D:\\media\\sp2", "version": "8.2.176.2", "release": "sp2"}
      contains:
        path:
          description: The folder.
          type: str
          sample: D:\media\sp2
        version:
          description: Version of Setup; null when it can't be read there.
          type: str
          sample: 8.2.176.2
        release:
          description: V(sp1), V(sp2) or V(sp3); null when Setup can't be read there.
          type: str
          sample: sp2
    directory:
      description:
        - How far the forest is prepared for Exchange.
        - A network logon reaches no domain controller. Where O(release) is given and the node is not there yet, the
          password of the connection is handed on to the one command that asks, by standard input.
      type: dict
      sample: {"schema_version": 14622, "schema_release": "sp2", "organization_version": 11222, "reason": null}
      contains:
        schema_version:
          description: C(rangeUpper) of C(ms-Exch-Schema-Version-Pt); null where it can't be read.
          type: int
          sample: 14622
        schema_release:
          description: The newest release of Exchange 2007 that this schema is enough for.
          type: str
          sample: sp2
        organization_version:
          description: >-
            C(objectVersion) of the Exchange organisation, the same for SP2 and SP3; null where it can't be read.
          type: int
          sample: 11222
        reason:
          description: Why one of them is null.
          type: str
          sample: null
cluster:
  description:
    - The cluster, as RV(mailops.exchange2007.cluster_info#module:cluster). Null where the node is in none or its
      Cluster service is down.
  returned: success
  type: dict
  sample: {"name": "EXCLUS1", "nodes": [], "groups": [], "resources": [], "unknown_because": []}
not_ready:
  description:
    - What speaks against upgrading the node to O(release), whatever the order. Empty for a node that is at the release.
      Ownership and mates are looked at by the modules that act.
  returned: when O(release) is given
  type: list
  elements: dict
  sample: [{"rule": "R8", "seen": "A restart is pending on MBX1A.", "advice": "Restart the node.", "about": ""}]
  contains:
    rule:
      description: The rule, V(R1) to V(R10) of the README.
      type: str
      sample: R8
    seen:
      description: What was seen.
      type: str
      sample: A restart is pending on MBX1A.
    advice:
      description: What to do next.
      type: str
      sample: Restart the node.
    about:
      description: >-
        V(directory) for what M(mailops.exchange2007.exchange_setup) with C(action=prepare_schema) mends, else empty.
      type: str
      sample: ""
jobs:
  description:
    - Detached Setup jobs of this collection on the node, by kind. The phase of each is V(prepared), V(running),
      V(finished), V(died) or V(unknown). Running ones are joined.
  returned: when O(release) is given
  type: dict
  sample: {"upgrade": "running"}
proof:
  description:
    - What this reading proves about the node, for the option O(mailops.exchange2007.exchange_setup#module:nodes) of
      the modules that change something.
  returned: success
  type: dict
  sample:
    name: MBX1A
    release: sp2
    observed_at: "2026-03-01T22:00:00.000000Z"
    os_family: "2003"
    mark: ""
    setup: []
    servers: [{"name": "CMS1", "version": "8.1.240.6", "state": "online"}]
  contains:
    name:
      description: Name of the node.
      type: str
      sample: MBX1A
    release:
      description: Release of its program files.
      type: str
      sample: sp2
    observed_at:
      description: When it was read, ISO 8601 in UTC.
      type: str
      sample: "2026-03-01T22:00:00.000000Z"
    os_family:
      description: Its Windows family.
      type: str
      sample: "2003"
    mark:
      description:
        - The mark of a controller at this node in the cluster's database; empty for none.
        - Also empty while a Setup may be about to start there, and without O(release), because then nobody looked.
      type: str
      sample: ""
    setup:
      description: The Setup programs and Setup jobs that run on this node.
      type: list
      elements: str
      sample: []
    servers:
      description: The clustered mailbox servers that it sees, where O(mailbox_servers) lets them be read.
      type: list
      elements: dict
      sample: [{"name": "CMS1", "version": "8.1.240.6", "state": "online"}]
      contains:
        name:
          description: Name of the clustered mailbox server.
          type: str
          sample: CMS1
        version:
          description: Its version in the directory; empty where it could not be read.
          type: str
          sample: "8.1.240.6"
        state:
          description: Its state, as in RV(exchange.clustered_mailbox_servers).
          type: str
          sample: online
commands:
  description: Always empty; nothing is changed.
  returned: always
  type: list
  elements: str
  sample: []
"""

from itertools import count
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._exchange import Observation, Observer
from ansible_collections.mailops.exchange2007.plugins.module_utils._job import Phase
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import LIVE, iso, moving, readiness_refusals
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._upgrade import with_directory
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit, answered

_LOOKS = 4  # at what can't be read though nothing moves

ARGUMENT_SPEC: dict[str, Any] = {
    "media": {"type": "str", "default": ""},
    "release": {"type": "str", "choices": ["sp1", "sp2", "sp3"]},
    "settle": {"type": "int", "default": 120},
    "answer_timeout": {"type": "int", "default": 0},
    "poll": {"type": "float", "default": 5.0},
    "mailbox_servers": {"type": "bool", "default": True},
}

_AT_WORK = (Phase.RUNNING, Phase.UNKNOWN)


def run(task: Task) -> dict[str, Any]:
    """Read the node."""
    release = task.params["release"]
    observer = Observer(task.node, task.params["media"], release or "", directory=True)
    seen = _observed(task, observer)
    proof = {
        "name": seen.node,
        "release": seen.bits.release or "unknown",
        "observed_at": iso(seen.observed_at),
        "os_family": seen.os.family,
        "servers": [
            {"name": s.name, "version": str(s.version or ""), "state": s.state.value} for s in seen.mailbox_servers
        ],
        "mark": _mark(seen) if release else "",
        "setup": [*seen.running_setup, *(kind for kind, phase in seen.jobs.items() if phase in _AT_WORK)],
    }
    cluster = seen.cluster.as_dict() if seen.cluster else None
    result = {"changed": False, "exchange": seen.as_dict(), "cluster": cluster, "proof": proof}
    return {**result, **_readiness(seen, release)} if release else result


def _mark(seen: Observation) -> str:
    """The controller's mark, as far as this reading tells what that controller has started."""
    return "" if Phase.PREPARED in seen.jobs.values() else seen.marks.get(seen.node, "")


def _observed(task: Task, observer: Observer) -> Observation:
    """The node, looked at again while something that the goal depends on moves, or can't be made out (R9)."""
    release: str | None = task.params["release"]
    whole, poll = task.params["mailbox_servers"], task.params["poll"]
    patience = Limit(task.params["answer_timeout"], poll)

    def look() -> Observation:
        return observer.observe(task.clock.now(), mailbox_servers=whole)

    seen = answered(task, patience, look)
    end = task.clock.now() + task.params["settle"]
    for looks in count(1):
        again = release and (moving(seen) or _starting(seen) or (looks < _LOOKS and _unreadable(seen, release)))
        if not again or task.clock.now() + poll > end:
            break
        task.clock.sleep(poll)
        seen = answered(task, patience, look)
    return answered(task, patience, lambda: with_directory(task, seen, release)) if release and whole else seen


def _starting(seen: Observation) -> bool:
    """Whether the Cluster service is still to start: after a boot WinRM may answer before it.

    Our own Setup, which stops that service for long, is joined as it is.
    """
    return not seen.cluster and not any(phase in LIVE for phase in seen.jobs.values())


def _unreadable(seen: Observation, release: str) -> bool:
    return any(reason["rule"] == "R9" for reason in _readiness(seen, release)["not_ready"])


def _readiness(seen: Observation, release: str) -> dict[str, Any]:
    """Jobs of ours on the node, and what speaks against the upgrade."""
    jobs = {kind: phase.value for kind, phase in seen.jobs.items()}
    reasons = readiness_refusals(seen, release, own_job=bool(jobs))
    told = [{"rule": r.rule, "seen": r.seen, "advice": r.advice, "about": r.about} for r in reasons]
    return {"jobs": jobs, "not_ready": told}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
