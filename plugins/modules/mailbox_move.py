#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: mailbox_move
short_description: Move mailboxes to another database or server with Move-Mailbox, in batches
version_added: 1.0.0
description:
  - Moves mailboxes inside the organisation with C(Move-Mailbox). Each batch is a detached job, that is a scheduled task
    with the account's password, because a WinRM login has no credentials to go on to the mailbox stores with.
  - Moved is who is seen in the target database; nothing else is remembered. So it can be ended at any point and run
    again. A batch that goes on meanwhile is joined, and a connection that is lost ends nothing.
  - What became of each mailbox is read from the directory and from the XML report of C(Move-Mailbox), never from what
    it shows. A mailbox that fails doesn't stop the others, as long as no more than O(failure_budget) do.
  - Users can't work in their mailbox while it is being moved. Deleted items that can still be recovered are not moved.
  - It runs on any node that has the Exchange Management Shell of SP1 or later; best on one of the target's cluster.
options:
  source_server:
    description: Mailbox server whose mailboxes are to be moved.
    type: str
  source_database:
    description: Mailbox database whose mailboxes are to be moved, V(SERVER\\STORAGE GROUP\\DATABASE).
    type: str
  target_database:
    description: Mailbox database that they are moved to, V(SERVER\\STORAGE GROUP\\DATABASE).
    type: str
    required: true
  names:
    description:
      - Only these mailboxes, by alias, address, name or GUID. C(*) and C(?) stand for anything.
      - A name without these that nobody has, on the source or on the target, is refused.
    type: list
    elements: str
    default: []
  missing_ok:
    description: Whether such a name is passed over. RV(unknown) has it then.
    type: bool
    default: false
  exclude:
    description: Mailboxes that stay where they are, in the same way.
    type: list
    elements: str
    default: []
  batch_size:
    description: Mailboxes that one C(Move-Mailbox) is given. Between two batches the run looks at its limits.
    type: int
    default: 50
  threads:
    description: Mailboxes that are moved at a time (C(-MaxThreads)).
    type: int
    default: 4
  bad_item_limit:
    description: Corrupt items that a mailbox may have (C(-BadItemLimit)). They are lost with the move.
    type: int
    default: 0
  validate:
    description:
      - Have all mailboxes checked with C(-ValidateOnly) before the first one is moved. Those that it objects to are
        failures and are not tried.
    type: bool
    default: true
  validate_only:
    description: Only check them. Nothing is moved, and nothing is reported as changed.
    type: bool
    default: false
  failure_budget:
    description: Mailboxes that may fail. With one more no further batch is begun, and the task fails.
    type: int
    default: 10
  retry_for:
    description:
      - Seconds for which a mailbox is tried again that failed for a reason which may pass, after all others were tried.
        A move that died, for example, leaves its mailbox locked for some minutes.
    type: int
    default: 900
  window_start:
    description:
      - No batch is begun before this time of day, V(HH:MM) in the time zone of the controller. A batch that was begun
        in time goes on to its end.
    type: str
    default: ""
  window_end:
    description: No batch is begun from this time of day on. It may be past midnight.
    type: str
    default: ""
  username:
    description:
      - Account that moves, V(DOMAIN\\user). The default is the account of the connection. It has to be Exchange
        Recipient Administrator, Exchange Server Administrator and local administrator on both servers.
    type: str
  password:
    description: Password of O(username).
    type: str
  domain_controller:
    description: Domain controller that Exchange is to use, fully qualified name.
    type: str
    default: ""
  timeout:
    description: Seconds that one batch may take. It is not stopped when they are over; running again joins it.
    type: int
    default: 14400
  poll:
    description: Seconds between two looks at a batch.
    type: float
    default: 5
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
    details: Tells who would be moved. C(-ValidateOnly) needs a job on the node and is left out; see O(validate_only).
  diff_mode:
    support: full
seealso:
  - module: mailops.exchange2007.mailbox_info
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Move everybody but the board, at night
  mailops.exchange2007.mailbox_move:
    source_server: MAIL2
    target_database: MAIL1\First Storage Group\Mailbox Database
    exclude:
      - board*
    batch_size: 100
    window_start: "{{ window_start | default('00:00') }}"
    window_end: "{{ window_end | default('00:00') }}"
    failure_budget: 20
    username: CONTOSO\exchange-admin
    password: "{{ vault_exchange_admin_password }}"
  register: moved

- name: Say who could not be moved, and why
  ansible.builtin.debug:
    msg: "{{ item.alias }}: {{ item.meaning }} {{ item.next_step }}"
  loop: "{{ moved.failures }}"
  loop_control:
    label: "{{ item.alias }}"
"""

RETURN = r"""
before:
  description: How many mailboxes were where.
  returned: success
  type: dict
  sample: {"target_database": "MAIL-NEW\\First Storage Group\\Mailbox Database", "source": 44, "target": 0}
  contains: &counts
    target_database:
      description: The target database by its full name.
      type: str
      sample: MAIL-NEW\First Storage Group\Mailbox Database
    source:
      description: Mailboxes on the source, those in the target database not counted.
      type: int
      sample: 44
    target:
      description: Mailboxes in the target database.
      type: int
      sample: 0
after:
  description: The same as read back afterwards; in check mode as it would be.
  returned: success
  type: dict
  sample: {"target_database": "MAIL-NEW\\First Storage Group\\Mailbox Database", "source": 1, "target": 43}
  contains: *counts
moved:
  description: Addresses of the mailboxes that this run has moved, or has seen moved by a batch that it joined.
  returned: always
  type: list
  elements: str
  sample: ["jdoe@contoso.example"]
already_there:
  description: Addresses of those asked for that were in the target database before.
  returned: success
  type: list
  elements: str
  sample: []
excluded:
  description: Addresses of those that O(exclude) has left out.
  returned: success
  type: list
  elements: str
  sample: []
remaining:
  description: Addresses of those that were not tried, see RV(stopped); in check mode of those that would be moved.
  returned: success
  type: list
  elements: str
  sample: []
unknown:
  description: Of O(names) those that nobody has, with O(missing_ok).
  returned: success
  type: list
  elements: str
  sample: []
failures:
  description: Mailboxes that could not be moved and are where they were.
  returned: always
  type: list
  elements: dict
  sample: []
  contains:
    name:
      description: Name of the mailbox.
      type: str
      sample: Corrupted Carl
    alias:
      description: Its alias.
      type: str
      sample: ccarl
    address:
      description: Its primary address.
      type: str
      sample: ccarl@contoso.example
    database:
      description: The database that it is in.
      type: str
      sample: MAIL-OLD\Second Storage Group\Executives
    code:
      description: Error code of C(Move-Mailbox) in its report; null where it has none.
      type: int
      sample: -1056749110
    cause:
      description: Name of the cause, for playbooks to act on; it does not change. C(docs/migration.md) has them all.
      type: str
      sample: corrupt_items
    meaning:
      description: What that means.
      type: str
      sample: The mailbox has more corrupt items than bad_item_limit allows.
    message:
      description: What the report says, in the language of Windows.
      type: str
      sample: "Error occurred in the step: Moving messages. Too many corrupted items."
    next_step:
      description: What to do next.
      type: str
      sample: "Have the user's folders checked, or give a higher bad_item_limit: the corrupt items are lost then."
stopped:
  description:
    - Why not everything was tried; V(window), V(failure_budget) or V(check_mode); empty if it was.
  returned: success
  type: str
  sample: ""
joined:
  description: Whether a batch of an earlier run was waited for first.
  returned: success
  type: bool
  sample: false
batches:
  description: Batches that this run has moved.
  returned: success
  type: int
  sample: 1
reports:
  description: XML reports of C(Move-Mailbox), on the node. They stay there.
  returned: always
  type: list
  elements: str
  sample: ['C:\Program Files\Microsoft\Exchange Server\Logging\MigrationLogs\mailops-move-20260301-220004-113.xml']
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._mailbox_move import MailboxMove
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._upgrade import setup_task

ARGUMENT_SPEC: dict[str, Any] = {
    "source_server": {"type": "str"},
    "source_database": {"type": "str"},
    "target_database": {"type": "str", "required": True},
    "names": {"type": "list", "elements": "str", "default": []},
    "missing_ok": {"type": "bool", "default": False},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "batch_size": {"type": "int", "default": 50},
    "threads": {"type": "int", "default": 4},
    "bad_item_limit": {"type": "int", "default": 0},
    "validate": {"type": "bool", "default": True},
    "validate_only": {"type": "bool", "default": False},
    "failure_budget": {"type": "int", "default": 10},
    "retry_for": {"type": "int", "default": 900},
    "window_start": {"type": "str", "default": ""},
    "window_end": {"type": "str", "default": ""},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "domain_controller": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 14400},
    "poll": {"type": "float", "default": 5.0},
}
ARGUMENT_RULES: dict[str, Any] = {
    "mutually_exclusive": [["source_server", "source_database"]],
    "required_one_of": [["source_server", "source_database"]],
    "required_together": [["username", "password"]],
}
_LEAST = {"batch_size": 1, "threads": 1, "bad_item_limit": 0, "failure_budget": 0, "retry_for": 0}


def run(task: Task) -> dict[str, Any]:
    """Move the mailboxes that are not in the target database yet."""
    low = next((name for name, least in _LEAST.items() if task.params[name] < least), None)
    if low:
        seen = f"{low} is {task.params[low]}."
        raise Refusal("input", "Moving mailboxes", task.node.name, seen, f"Give {_LEAST[low]} or more.")
    return MailboxMove(setup_task(task)).run()


def main() -> None:
    module_main(ARGUMENT_SPEC, ARGUMENT_RULES)


if __name__ == "__main__":
    main()
