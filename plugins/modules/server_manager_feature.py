#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: server_manager_feature
short_description: Install or remove roles and features of Windows Server 2008 with ServerManagerCmd.exe
version_added: 1.0.0
description:
  - Installs or removes roles, role services and features, and reads afterwards whether they are as asked for. The node
    is never restarted; see RV(restart_required) and M(mailops.exchange2007.node_reboot).
  - C(ServerManagerCmd.exe) is part of full installations of Windows Server 2008 and 2008 R2. Windows 2003 and Server
    Core have none, and the module says so.
  - What an id depends on is installed along with it. What depends on an id is removed along with it, and because that
    can be much, the module refuses it unless O(allow_dependents=true).
options:
  name:
    description: Ids such as V(RSAT-Clustering), in any case. One that this Windows does not know is refused.
    type: list
    elements: str
    required: true
  state:
    description: Whether they are to be installed, V(present), or removed, V(absent).
    type: str
    choices: [present, absent]
    default: present
  all_subfeatures:
    description: Also whatever is nested in them.
    type: bool
    default: false
  allow_dependents:
    description: With O(state=absent), remove also what depends on them or is nested in them.
    type: bool
    default: false
  timeout:
    description:
      - Seconds that each call may take, and for which one is repeated while another Server Manager runs there.
    type: int
    default: 3600
  poll:
    description: Seconds between two tries while another Server Manager runs.
    type: float
    default: 15
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
    details:
      - Asks the tool with C(-whatIf), which changes nothing.
  diff_mode:
    support: full
seealso:
  - module: mailops.exchange2007.node_reboot
  - module: ansible.windows.win_feature
    description: Needs PowerShell 3.0 on the node.
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Install the cluster tools
  mailops.exchange2007.server_manager_feature:
    name: RSAT-Clustering

- name: Install what a mailbox cluster node needs
  mailops.exchange2007.server_manager_feature:
    name:
      - PowerShell
      - Failover-Clustering
      - Web-Server
      - Web-ISAPI-Ext
      - Web-Metabase
      - Web-Lgcy-Mgmt-Console
      - Web-Basic-Auth
      - Web-Windows-Auth
  register: features

- name: Restart where Windows asks for it
  mailops.exchange2007.node_reboot:
    reason: Roles and features for Exchange 2007
  when: features.restart_required
"""

RETURN = r"""
before:
  description: What was installed before.
  returned: success
  type: dict
  sample: {"installed": ["PowerShell"]}
  contains: &features
    installed:
      description: Ids of everything that is installed.
      type: list
      elements: str
      sample: ["PowerShell"]
after:
  description: What is installed afterwards; in check mode as far as the tool foretells it.
  returned: success
  type: dict
  sample: {"installed": ["PowerShell", "RSAT", "RSAT-Clustering"]}
  contains: *features
also_changed:
  description: Ids that were not in O(name) and were installed or removed along.
  returned: success
  type: list
  elements: str
  sample: ["RSAT"]
restart_required:
  description: Whether Windows asks for a restart, to complete this or before it can be tried again.
  returned: success, and when the tool failed
  type: bool
  sample: false
dependents:
  description: What would have been removed besides O(name).
  returned: when refused for that
  type: list
  elements: str
  sample: ["Web-ISAPI-Ext"]
rc:
  description: Exit code of the tool; each known one is explained in the message.
  returned: when the tool failed
  type: int
  sample: 1001
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ["ServerManagerCmd.exe -install RSAT-Clustering"]
"""

import secrets
from collections.abc import Iterable
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._server_manager import (
    DONE,
    RESTART,
    Features,
    ServerManager,
    install_line,
    known_ids,
    refuse_dependents,
    remove_line,
    taken_along,
    to_do,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "all_subfeatures": {"type": "bool", "default": False},
    "allow_dependents": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 3600},
    "poll": {"type": "float", "default": 15.0},
}


def run(task: Task) -> dict[str, Any]:
    """Observe, compare, act, observe again."""
    limit = Limit(task.params["timeout"], task.params["poll"])
    tool = ServerManager(task.node, task.clock, limit, secrets.token_hex(4))
    tool.require()
    before = tool.query()
    asked = known_ids(before, task.params["name"], _doing(task), task.node.name)
    ids = _to_do(task, before, asked)
    if not ids:
        return _result(before, before.installed, asked, changed=False)
    if task.check_mode or not _installs(task):
        told = {key: tool.what_if(_line(task, key)) for key in ids}
        _refuse(task, before, ids, told)
        if task.check_mode:
            return _foretold(task, before, asked, told)
    return _act(task, tool, before, asked, ids)


def _installs(task: Task) -> bool:
    return bool(task.params["state"] == "present")


def _doing(task: Task, *ids: str) -> str:
    verb = "Installing" if _installs(task) else "Removing"
    return f"{verb} {', '.join(ids) or 'roles and features'}"


def _line(task: Task, key: str) -> str:
    if _installs(task):
        return install_line(key, all_subfeatures=task.params["all_subfeatures"])
    return remove_line(key)


def _to_do(task: Task, features: Features, ids: Iterable[str]) -> list[str]:
    return to_do(features, ids, install=_installs(task), all_subfeatures=task.params["all_subfeatures"])


def _refuse(task: Task, before: Features, ids: list[str], told: dict[str, Result]) -> None:
    if _installs(task) or task.params["allow_dependents"]:
        return
    texts = {key: result.text for key, result in told.items()}
    along = taken_along(before, ids, texts, all_subfeatures=task.params["all_subfeatures"])
    refuse_dependents(before, ids, texts, along, task.node.name)


def _foretold(task: Task, before: Features, asked: list[str], told: dict[str, Result]) -> dict[str, Any]:
    """The result of check mode: what is nested counts where it goes along for sure, the rest is as -whatIf names it."""
    nested = task.params["all_subfeatures"] or not _installs(task)
    named = [before.get(key) for key in told]
    named += [feature for key, result in told.items() for feature in before.named_in(result.text)]
    named += [feature for key in told if nested for feature in before.below(key)]
    moving = {feature.id for feature in named if feature and feature.installed is not _installs(task)}
    installed = set(before.installed)
    after = installed | moving if _installs(task) else installed - moving
    restart = any(result.rc == RESTART for result in told.values())
    result = _result(before, sorted(after, key=str.casefold), asked, changed=True, restart=restart)
    return {**result, "commands": [_line(task, key) for key in told]}


def _act(task: Task, tool: ServerManager, before: Features, asked: list[str], ids: list[str]) -> dict[str, Any]:
    codes: list[int] = []
    for number, key in enumerate(ids, 1):
        task.progress(f"{_doing(task, key)} ({number} of {len(ids)})")
        codes.append(tool.act(_doing(task, key), _line(task, key), changed=bool({DONE, RESTART} & set(codes))).rc)
    after = tool.query()
    restart = RESTART in codes
    left = _to_do(task, after, ids)
    if left and not restart:  # with it, Windows may count it only after the restart
        seen = f"exit code 0, but {', '.join(left)} is not as asked for afterwards."
        advice = "Look at Server Manager's log on the node."
        raise Failure(_doing(task, *left), task.node.name, seen, advice, changed=True, before=_public(before.installed))
    changed = restart or DONE in codes
    return _result(before, after.installed, asked, changed=changed, restart=restart)


def _public(installed: list[str]) -> dict[str, list[str]]:
    return {"installed": installed}


def _result(
    before: Features, after: list[str], asked: list[str], *, changed: bool, restart: bool = False
) -> dict[str, Any]:
    also = set(before.installed) ^ set(after)
    return {
        "changed": changed,
        "before": _public(before.installed),
        "after": _public(after),
        "also_changed": sorted(also - set(asked), key=str.casefold),
        "restart_required": restart,
    }


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
