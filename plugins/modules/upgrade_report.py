#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_report
short_description: Write the report of one cluster's upgrade on the controller
version_added: 1.0.0
description:
  - Writes what was learnt of a cluster in this run as a JSON file on the controller, and as an HTML page beside it;
    versions before and after, what Setup said, measured outages, owners of groups, and what is not proven.
  - The role P(mailops.exchange2007.upgrade#role) calls it after each node and at the end; every call of one run writes
    the same file anew.
options:
  directory:
    description: Folder on the controller. It is made if it is missing.
    type: path
    required: true
  release:
    description: The goal of the run.
    type: str
    choices: [sp1, sp2, sp3]
    required: true
  hosts:
    description: Inventory hosts of the cluster; their facts that begin with C(upgrade_) are what is written.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Looks at the node and tells what would change; nothing is changed.
    support: full
    details: Writes the report in check mode as well, since it touches the controller only.
  diff_mode:
    description: Shows what was there before and what is there after.
    support: none
    details: The report of a run is written anew each time.
  idempotent:
    description: Running it again when the node is as asked for changes nothing.
    support: full
    details: Never reports a change, because nothing is changed on a node.
  platform:
    description: Where the files are written.
    support: full
    platforms: posix
  controller:
    description: Runs on the controller and needs no connection to the node.
    support: full
seealso:
  - module: mailops.exchange2007.exchange_info
  - plugin: mailops.exchange2007.upgrade_plan
    plugin_type: filter
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Read the node
  ansible.builtin.include_role:
    name: mailops.exchange2007.upgrade
    tasks_from: survey
  vars:
    upgrade_release: sp2
    upgrade_media: D:\media\sp2

- name: Write the report of the cluster
  mailops.exchange2007.upgrade_report:
    directory: "{{ playbook_dir }}/reports"
    release: sp2
    hosts: "{{ ansible_play_hosts }}"
  run_once: true
  register: written

- name: Say where it is
  ansible.builtin.debug:
    msg: "{{ written.path }}"
  run_once: true
"""

RETURN = r"""
path:
  description: The JSON file that was written; the HTML page has the same name with C(.html).
  returned: success
  type: str
  sample: /srv/playbooks/reports/EXCLUS1-20260301T220000Z.json
report:
  description: Its content.
  returned: success
  type: dict
  contains:
    cluster:
      description: Name of the cluster.
      type: str
      sample: EXCLUS1
    release:
      description: The goal of the run.
      type: str
      sample: sp2
    written_at:
      description: When, ISO 8601 in UTC.
      type: str
      sample: "2026-03-01T23:14:05+00:00"
    plan:
      description: Steps planned at the start, as P(mailops.exchange2007.upgrade_plan#filter) returns them.
      type: list
      elements: dict
      sample: []
    proven:
      description: Whether every node and clustered mailbox server was seen at the release, online and mounted.
      type: bool
      sample: true
    missing:
      description: What is not proven.
      type: list
      elements: str
      sample: []
    nodes:
      description: The nodes.
      type: list
      elements: dict
      sample: [{"name": "MBX1A", "host": "mbx1a", "version": "8.2.176.2", "release": "sp2", "setup": null}]
      contains:
        name:
          description: Name of the node.
          type: str
          sample: MBX1A
        host:
          description: Its inventory name.
          type: str
          sample: mbx1a
        version:
          description: Version of its program files.
          type: str
          sample: 8.2.176.2
        release:
          description: Release of its program files.
          type: str
          sample: sp2
        setup:
          description: What M(mailops.exchange2007.exchange_setup) returned in this run; null where it did not run.
          type: dict
          sample: {"before": {"version": "8.0.685.25"}, "after": {"version": "8.2.176.2"}, "rc": 0, "duration": 1712.4}
    groups:
      description: Groups of the cluster, as RV(mailops.exchange2007.cluster_info#module:cluster.groups).
      type: list
      elements: dict
      sample: [{"name": "Cluster Group", "owner": "MBX1A", "state": "online"}]
    clustered_mailbox_servers:
      description: >-
        Clustered mailbox servers, as RV(mailops.exchange2007.exchange_info#module:exchange.clustered_mailbox_servers).
      type: list
      elements: dict
      sample: [{"name": "MAIL1", "owner": "MBX1B", "state": "online", "version": "8.2.176.2", "release": "sp2"}]
    handovers:
      description: Handovers of this run, with the outage of each in seconds.
      type: list
      elements: dict
      sample: [{"name": "MAIL1", "to": "MBX1B", "outage": 402.7, "within_budget": true}]
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main

ARGUMENT_SPEC: dict[str, Any] = {
    "directory": {"type": "path", "required": True},
    "release": {"type": "str", "choices": ["sp1", "sp2", "sp3"], "required": True},
    "hosts": {"type": "list", "elements": "str", "required": True},
}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
