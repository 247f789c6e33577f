#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Read nodes, groups and resources of a Windows server cluster
version_added: 1.0.0
description:
  - Reads members, groups and resources of a Windows Server 2003 or 2008 cluster with C(cluster.exe) and the numbers of
    the C(root\MSCluster) WMI provider, in one round trip.
  - Owners come from node names and states from numbers, so the language of the server does not matter. What cannot be
    made out is V(unknown); RV(cluster.unknown_because) says why.
options:
  cluster:
    description:
      - Name of another cluster to read. The default is the cluster that the node belongs to.
      - The Cluster service does not let itself be managed across Windows versions; a 2003 cluster is read from a 2003
        node and a 2008 cluster from a 2008 node.
      - Another one is asked over the network, by C(cluster.exe /cluster) and by C(wmic /node). An NTLM or certificate
        login can't go on to a third computer; CredSSP, or Kerberos with delegation, can.
      - Where C(wmic) does not answer, or answers for other nodes than C(cluster.exe), every state is V(unknown).
    type: str
    default: ""
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is changed.
seealso:
  - module: mailops.exchange2007.cluster_group
  - module: mailops.exchange2007.exchange_info
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Read the cluster
  mailops.exchange2007.cluster_info:
  register: seen

- name: Show who owns what
  ansible.builtin.debug:
    msg: "{{ item.name }} is {{ item.state }} on {{ item.owner }}"
  loop: "{{ seen.cluster.groups }}"
  loop_control:
    label: "{{ item.name }}"

- name: Stop where a node is not up
  ansible.builtin.assert:
    that: seen.cluster.nodes | rejectattr('state', 'equalto', 'up') | length == 0
"""

RETURN = r"""
cluster:
  description: The cluster as it was seen.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the cluster. Empty where the registry did not tell, or O(cluster) where WMI did not.
      type: str
      sample: EXCLUS1
    nodes:
      description: Members.
      type: list
      elements: dict
      sample: [{"name": "MBX1A", "id": 1, "state": "up"}, {"name": "MBX1B", "id": 2, "state": "up"}]
      contains:
        name:
          description: Name of the node.
          type: str
          sample: MBX1A
        id:
          description: Number of the node in the cluster.
          type: int
          sample: 1
        state:
          description: V(up), V(down), V(paused), V(joining) or V(unknown).
          type: str
          sample: up
    groups:
      description: Groups.
      type: list
      elements: dict
      sample: [{"name": "Cluster Group", "owner": "MBX1B", "state": "online"}]
      contains:
        name:
          description: Name of the group.
          type: str
          sample: Cluster Group
        owner:
          description: Node that owns it; null where that could not be read.
          type: str
          sample: MBX1B
        state:
          description: V(online), V(offline), V(failed), V(partially_online), V(pending) or V(unknown).
          type: str
          sample: online
    resources:
      description: Resources of the groups.
      type: list
      elements: dict
      sample: [{"name": "Cluster Name", "group": "Cluster Group", "owner": "MBX1B", "state": "online",
                "type": "Network Name"}]
      contains:
        name:
          description: Name of the resource.
          type: str
          sample: Cluster Name
        group:
          description: Group that it belongs to; null where that could not be read.
          type: str
          sample: Cluster Group
        owner:
          description: Node that owns it; null where that could not be read.
          type: str
          sample: MBX1B
        state:
          description: >-
            V(inherited), V(initializing), V(online), V(offline), V(failed), V(pending), V(online_pending),
            V(offline_pending) or V(unknown).
          type: str
          sample: online
        type:
          description: Its type; empty where WMI does not answer.
          type: str
          sample: Network Name
    unknown_because:
      description: What could not be read, and why.
      type: list
      elements: str
      sample: []
commands:
  description: Always empty; nothing is changed.
  returned: always
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._cluster import ClusterExe
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task

ARGUMENT_SPEC: dict[str, Any] = {"cluster": {"type": "str", "default": ""}}


def run(task: Task) -> dict[str, Any]:
    """Read the cluster."""
    cluster = ClusterExe(task.node, task.params["cluster"]).observe_members()
    return {"changed": False, "cluster": cluster.as_dict()}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
