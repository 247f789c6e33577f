#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: public_folder_replica
short_description: Replicate public folders to another server, and move them there
version_added: 1.0.0
description:
  - Adds a server to the replicas of public folders (C(AddReplicaToPFRecursive.ps1)), waits until the contents are equal
    on both servers, takes the old server off all replica lists (C(MoveAllReplicas.ps1)) and waits until the old server
    holds none.
  - Replica lists change at once, contents follow hours later. C(MoveAllReplicas.ps1) is never run before every folder
    was seen with as many items on O(target) as on O(source), in this very run.
  - What is done is seen on the servers, so that a run that ended anywhere is finished by running it again.
  - Nothing is deleted. Exchange itself gives up the contents on O(source) once O(target) has them all.
options:
  source:
    description: Name of the mailbox server that has the public folders.
    type: str
    required: true
  target:
    description: Name of the mailbox server that is to have them. It needs a mounted public folder database.
    type: str
    required: true
  path:
    description:
      - Folder at the top of what is meant, with everything below it.
      - For any folder but the root, C(ReplaceReplicaOnPFRecursive.ps1) takes the place of C(MoveAllReplicas.ps1).
    type: str
    default: \
  system_subtree:
    description: Whether the system folders (C(\NON_IPM_SUBTREE)) are meant too.
    type: bool
    default: true
  state:
    description:
      - With V(replicated) both servers have them, with equal contents. Folders that O(source) gave up already are left
        as they are.
      - With V(moved) O(source) is on no replica list any more and holds nothing.
    type: str
    choices: [replicated, moved]
    default: moved
  ignore:
    description:
      - Folders that are neither awaited nor counted, as paths with wildcards, such as
        V(\\NON_IPM_SUBTREE\\StoreEvents*).
      - Some system folders belong to one server and never leave it. Look at RV(left) before you ignore one.
    type: list
    elements: str
    default: []
  username:
    description:
      - Account for the scheduled task that reaches both servers' stores, V(DOMAIN\\user). The default is the account of
        the connection.
      - A WinRM login reaches no other server's store, so a task is registered for each look and each act, and removed
        after it. Where the login does reach them (CredSSP, Kerberos with delegation) there is none.
    type: str
  password:
    description: Password of O(username).
    type: str
  domain_controller:
    description: Domain controller that the reading cmdlets are to use.
    type: str
    default: ""
  timeout:
    description: Seconds that the contents may take to become equal, and those of O(source) to go.
    type: int
    default: 86400
  poll:
    description: Seconds between two looks at the contents.
    type: float
    default: 60
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
    details:
      - Registers no scheduled task, so what only a task could read is null. Run it on the node that owns O(source) or
        O(target) then.
  diff_mode:
    support: full
seealso:
  - module: mailops.exchange2007.mailbox_move
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Have the orders on both servers, and wait for their contents
  mailops.exchange2007.public_folder_replica:
    source: MAIL2
    target: MAIL1
    path: \Sales\Orders
    system_subtree: false
    state: replicated
    timeout: 14400

- name: Move all public folders, and wait until MAIL2 holds none
  mailops.exchange2007.public_folder_replica:
    source: MAIL2
    target: MAIL1
  register: folders

- name: Say what became of them
  ansible.builtin.debug:
    msg: "{{ folders.before.source.items }} items on MAIL2, now {{ folders.after.target.items }} on MAIL1"
"""

RETURN = r"""
before:
  description: Both servers before, as far as O(path), O(system_subtree) and O(ignore) go.
  returned: always, but for failures before anything was read
  type: dict
  sample: &before
    source:
      server: MAIL2
      database: MAIL2\Public Folders\Public Folder Database
      listed: 2
      folders: 2
      items: 1500
      size: 178257920
    target:
      server: MAIL1
      database: MAIL1\Public Folders\Public Folder Database
      listed: 0
      folders: 0
      items: 0
      size: 0
  contains: &servers
    source:
      description: Those of O(source).
      type: dict
      contains: &server
        server:
          description: Name of the server.
          type: str
          sample: MAIL2
        database:
          description: Its public folder database; null where it has none.
          type: str
          sample: MAIL2\Public Folders\Public Folder Database
        listed:
          description: How many folders have it on their replica lists; null where they could not be read.
          type: int
          sample: 2
        folders:
          description: How many folders lie there; null where that could not be read.
          type: int
          sample: 2
        items:
          description: How many items lie in them; null where that could not be read.
          type: int
          sample: 1500
        size:
          description: Bytes of these items; null where that could not be read.
          type: int
          sample: 178257920
    target:
      description: Those of O(target).
      type: dict
      contains: *server
after:
  description: The same afterwards; in check mode as it would be.
  returned: always, but for failures before anything was read
  type: dict
  sample: *before
  contains: *servers
parity:
  description:
    - Whether O(target) is on every replica list and has as many items as O(source) of all that O(source) holds; null
      where that could not be read.
  returned: always, but for failures before anything was read
  type: bool
  sample: true
missing:
  description: Folders of which that is not so, the first hundred of them.
  returned: always, but for failures before anything was read
  type: list
  elements: dict
  sample: [{"path": "\\Sales\\Orders", "source_items": 1200, "target_items": 750}]
  contains:
    path:
      description: Path of the folder.
      type: str
      sample: \Sales\Orders
    source_items:
      description: Its items on O(source); null where it was not seen there.
      type: int
      sample: 1200
    target_items:
      description: Its items on O(target); null where it was not seen there.
      type: int
      sample: 750
left:
  description: Folders that O(source) still holds, the first hundred of them; empty with O(state=replicated).
  returned: always, but for failures before anything was read
  type: list
  elements: str
  sample: []
timings:
  description: Seconds that V(add), V(parity), V(move) and V(emptied) took, of those that were needed.
  returned: always, but for failures before anything was read
  type: dict
  sample: {"add": 31.2, "parity": 5421.7, "move": 29.8, "emptied": 612.0}
elapsed:
  description: Seconds of all.
  returned: always, but for failures before anything was read
  type: float
  sample: 6094.7
refusals:
  description: Why nothing was done.
  returned: when refused
  type: list
  elements: dict
  sample:
    - rule: R9
      seen: Public folder database MAIL1\Public Folders\Public Folder Database is not mounted.
      advice: Mount it.
  contains:
    rule:
      description: V(R2), V(R9) of the README, or V(input).
      type: str
      sample: R9
    seen:
      description: What was seen.
      type: str
      sample: Public folder database MAIL1\Public Folders\Public Folder Database is not mounted.
    advice:
      description: What to do next.
      type: str
      sample: Mount it.
commands:
  description: Commands of the Exchange Management Shell that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample:
    - >-
      & 'C:\Program Files\Microsoft\Exchange Server\Scripts\MoveAllReplicas.ps1' -Server 'MAIL2' -NewServer 'MAIL1'
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._public_folder_acts import Replication
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task

ARGUMENT_SPEC: dict[str, Any] = {
    "source": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
    "path": {"type": "str", "default": "\\"},
    "system_subtree": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["replicated", "moved"], "default": "moved"},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "domain_controller": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 86400},
    "poll": {"type": "float", "default": 60.0},
}
ARGUMENT_RULES: dict[str, Any] = {"required_together": [["username", "password"]]}


def run(task: Task) -> dict[str, Any]:
    """Replicate or move."""
    return Replication(task).run()


def main() -> None:
    module_main(ARGUMENT_SPEC, ARGUMENT_RULES)


if __name__ == "__main__":
    main()
