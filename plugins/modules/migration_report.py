#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: migration_report
short_description: Write the report of a migration on the controller
version_added: 1.0.0
description:
  - Writes what was learnt of a migration in this run as a JSON file on the controller, and as an HTML page beside it;
    counts and sizes of both servers before and after, every mailbox that failed with its cause, public folders, and
    what was left behind.
  - The role P(mailops.exchange2007.migration#role) calls it after the moves and at the end; every call of one run
    writes the same file anew.
options:
  directory:
    description: Folder on the controller. It is made if it is missing.
    type: path
    required: true
  source:
    description: Name of the old clustered mailbox server.
    type: str
    required: true
  target:
    description: Name of the new clustered mailbox server.
    type: str
    required: true
  hosts:
    description: Inventory hosts of both clusters; their facts that begin with C(migration_) are what is written.
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
  - module: mailops.exchange2007.mailbox_move
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Read the node, and count the mailboxes of the server that it owns
  ansible.builtin.include_role:
    name: mailops.exchange2007.migration
    tasks_from: survey
  vars:
    migration_source: MAIL2
    migration_target: MAIL1

- name: Write the report
  mailops.exchange2007.migration_report:
    directory: "{{ playbook_dir }}/reports"
    source: MAIL2
    target: MAIL1
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
  sample: /srv/playbooks/migration-reports/MAIL-OLD-MAIL-NEW-20260301T220000Z.json
report:
  description: Its content.
  returned: success
  type: dict
  contains:
    source:
      description: Name of the old server.
      type: str
      sample: MAIL-OLD
    target:
      description: Name of the new server.
      type: str
      sample: MAIL-NEW
    written_at:
      description: When, ISO 8601 in UTC.
      type: str
      sample: "2026-03-01T23:14:05+00:00"
    proven:
      description: Whether both servers were read again and nothing was left behind.
      type: bool
      sample: true
    missing:
      description: What was left behind, and what else is not as it should be.
      type: list
      elements: str
      sample: []
    failed:
      description: The task that ended the run early; null for none.
      type: str
      sample: null
    before:
      description: Mailboxes, items and bytes of C(source) and C(target) when they were first read in this run.
      type: dict
      contains: &both
        source:
          description: The old server.
          type: dict
          sample: {"name": "MAIL-OLD", "mailboxes": 44, "items": 95100, "size": 4854906880}
          contains: &totals
            name:
              description: Name of the server.
              type: str
              sample: MAIL-OLD
            mailboxes:
              description: Mailboxes of users; null where not known.
              type: int
              sample: 44
            items:
              description: Items in them; null where not known.
              type: int
              sample: 95100
            size:
              description: Their size in bytes; null where not known.
              type: int
              sample: 4854906880
        target:
          description: The new server.
          type: dict
          sample: {"name": "MAIL-NEW", "mailboxes": 0, "items": 0, "size": 0}
          contains: *totals
    after:
      description: The same as last read.
      type: dict
      contains: *both
    plan:
      description: >-
        Which database went where, as P(mailops.exchange2007.migration_plan#filter) returns it; null for none.
      type: dict
      sample: {"mover": "new-n1", "moves": []}
    mailboxes:
      description: What became of them, as P(mailops.exchange2007.migration_gathered#filter) returns it.
      type: dict
      contains:
        moved:
          description: Addresses of the mailboxes that this run has moved.
          type: list
          elements: str
          sample: ["jdoe@contoso.example"]
        failures:
          description: Those that failed, as RV(mailops.exchange2007.mailbox_move#module:failures).
          type: list
          elements: dict
          sample: []
        remaining:
          description: Addresses of those that were not tried.
          type: list
          elements: str
          sample: []
        excluded:
          description: Addresses of those that stay on purpose.
          type: list
          elements: str
          sample: []
        reports:
          description: XML reports of C(Move-Mailbox), on the node that moved.
          type: list
          elements: str
          sample: []
        stopped:
          description: Why not everybody was tried.
          type: list
          elements: str
          sample: []
        errors:
          description: Messages of calls that failed.
          type: list
          elements: str
          sample: []
        unknown:
          description: Names that nobody has.
          type: list
          elements: str
          sample: []
    public_folders:
      description: What M(mailops.exchange2007.public_folder_replica) returned; null where it did not run.
      type: dict
      sample: null
    nodes:
      description: The nodes of both clusters.
      type: list
      elements: dict
      sample: [{"name": "NEW-N1", "host": "new-n1", "cluster": "NEW2008", "release": "sp2", "os": "2008"}]
      contains:
        name:
          description: Name of the node.
          type: str
          sample: NEW-N1
        host:
          description: Its inventory name.
          type: str
          sample: new-n1
        cluster:
          description: Name of its cluster.
          type: str
          sample: NEW2008
        release:
          description: Release of its program files; null where not known.
          type: str
          sample: sp2
        os:
          description: Its Windows, V(2003), V(2008), V(2008r2) or V(unknown).
          type: str
          sample: "2008"
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main

ARGUMENT_SPEC: dict[str, Any] = {
    "directory": {"type": "path", "required": True},
    "source": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
    "hosts": {"type": "list", "elements": "str", "required": True},
}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
