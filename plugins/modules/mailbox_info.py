#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: mailbox_info
short_description: Count the mailboxes of a mailbox server, with their sizes and the room of each database
version_added: 1.0.0
description:
  - Reads the mailbox databases of a server. Which mailboxes there are comes from the directory, how large they are from
    the store, and the free space from the disk.
  - Run it on the node that owns the server. A WinRM login has no credentials to go on to the store of another node
    with, and then sizes are null and RV(mailbox_server.databases[].sizes_error) says why.
options:
  server:
    description: Name of the mailbox server.
    type: str
    required: true
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is changed.
seealso:
  - module: mailops.exchange2007.mailbox_move
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Count the mailboxes
  mailops.exchange2007.mailbox_info:
    server: MAIL1
  register: seen

- name: Say how many there are
  ansible.builtin.debug:
    msg: "{{ seen.mailbox_server.mailboxes }} mailboxes in {{ seen.mailbox_server.databases | length }} databases"
"""

RETURN = r"""
mailbox_server:
  description: The mailbox server.
  returned: success
  type: dict
  contains:
    name:
      description: Its name, as it was asked for.
      type: str
      sample: MAIL1
    mailboxes:
      description: Mailboxes of users, in all databases.
      type: int
      sample: 44
    items:
      description: Items in them; null where a store did not tell.
      type: int
      sample: 95100
    size:
      description: Their size in bytes; null where a store did not tell.
      type: int
      sample: 4854906880
    databases:
      description: Its mailbox databases.
      type: list
      elements: dict
      contains:
        identity:
          description: Full name.
          type: str
          sample: MAIL1\First Storage Group\Mailbox Database
        name:
          description: Name of the database.
          type: str
          sample: Mailbox Database
        storage_group:
          description: Name of its storage group.
          type: str
          sample: First Storage Group
        mounted:
          description: Whether it is mounted; null where that is not known.
          type: bool
          sample: true
        path:
          description: Its file.
          type: str
          sample: D:\Exchange\First Storage Group\Mailbox Database.edb
        mailboxes:
          description: Mailboxes of users.
          type: int
          sample: 40
        items:
          description: Items in them; null where the store did not tell.
          type: int
          sample: 60000
        size:
          description: Their size in bytes, without what can still be recovered; null where the store did not tell.
          type: int
          sample: 3355443200
        sizes_error:
          description: Why the store did not tell; null where it did.
          type: str
          sample: null
        free:
          description: Bytes that its disk has free; null where the disk is not this node's.
          type: int
          sample: 21474836480
commands:
  description: Always empty; nothing is changed.
  returned: always
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._mailboxes import read_databases
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task

ARGUMENT_SPEC: dict[str, Any] = {"server": {"type": "str", "required": True}}


def run(task: Task) -> dict[str, Any]:
    """Read the databases; raises Failure with the cmdlet's message, for an unknown server for example."""
    name: str = task.params["server"]
    databases = [database.as_dict() for database in read_databases(task.node, name)]
    totals = {what: _total([database[what] for database in databases]) for what in ("mailboxes", "items", "size")}
    return {"changed": False, "mailbox_server": {"name": name, **totals, "databases": databases}}


def _total(numbers: list[int | None]) -> int | None:
    """The sum; None where a part of it is not known."""
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
