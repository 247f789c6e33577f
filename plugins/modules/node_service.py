#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: node_service
short_description: Start, stop or restart a Windows service with sc.exe
version_added: 1.0.0
description:
  - Starts, stops or restarts a service and watches its state number until it is there; C(sc.exe) returns at once.
options:
  name:
    description: Short name of the service, such as V(SysmonLog).
    type: str
    required: true
  state:
    description: State that it is to have; V(restarted) always stops and starts it.
    type: str
    choices: [started, stopped, restarted]
    required: true
  missing_ok:
    description: Whether a service that does not exist counts as stopped, with O(state=stopped).
    type: bool
    default: false
  timeout:
    description: Seconds that each change may take.
    type: int
    default: 120
  poll:
    description: Seconds between two looks.
    type: float
    default: 2
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: Not with O(state=restarted), which restarts the service in every run.
seealso:
  - module: mailops.exchange2007.node_wait
  - module: ansible.windows.win_service
    description: Needs PowerShell 3.0 on the node.
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Stop Performance Logs and Alerts, which hold performance counters
  mailops.exchange2007.node_service:
    name: "{{ item }}"
    state: stopped
    missing_ok: true
  loop: [SysmonLog, pla] # of Windows Server 2003 and of 2008

- name: Restart the print spooler
  mailops.exchange2007.node_service:
    name: Spooler
    state: restarted
"""

RETURN = r"""
before:
  description: The service before.
  returned: success
  type: dict
  sample: {"state": "running"}
  contains: &service
    state:
      description: >-
        V(running), V(stopped), V(start_pending), V(stop_pending), V(continue_pending), V(pause_pending), V(paused),
        V(absent) or V(unknown).
      type: str
      sample: running
after:
  description: The service as observed afterwards; in check mode as it would be.
  returned: success
  type: dict
  sample: {"state": "stopped"}
  contains: *service
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ['sc stop "SysmonLog"']
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import name as quoted
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, native_failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.module_utils._wait import Limit, wait_for
from ansible_collections.mailops.exchange2007.plugins.module_utils._windows import (
    ServiceState,
    service_line,
    service_state,
)

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["started", "stopped", "restarted"], "required": True},
    "missing_ok": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 120},
    "poll": {"type": "float", "default": 2.0},
}
_ALREADY = {"start": 1056, "stop": 1062}
_NAME = "Check its short name; then run again."
_CANNOT_NOW = 1061  # it is starting or stopping already: it is awaited
_GOAL = {"start": ServiceState.RUNNING, "stop": ServiceState.STOPPED}


def run(task: Task) -> dict[str, Any]:
    """Observe, compare, act, observe again."""
    name, state = task.params["name"], task.params["state"]
    before = _settled(task)
    if before is ServiceState.ABSENT and task.params["missing_ok"] and state == "stopped":
        return _result(before, before, changed=False)
    if before is ServiceState.ABSENT:
        raise Failure("Reading the service", repr(name), f"there is no such service on {task.node.name}.", _NAME)
    if before is ServiceState.UNKNOWN:
        text = f"sc query told no state on {task.node.name} in {task.params['timeout']} s."
        raise Failure("Reading the service", repr(name), text, "Try sc query there; then run again.")
    verbs = _verbs(before, state)
    if not verbs:
        return _result(before, before, changed=False)
    if task.check_mode:
        commands = [f"sc {verb} {quoted(name)}" for verb in verbs]
        return {**_result(before, _GOAL[verbs[-1]], changed=True), "commands": commands}
    for verb in verbs:
        after = _act(task, verb)
    return _result(before, after, changed=True)


def _settled(task: Task) -> ServiceState:
    """The state, once it can be read and nobody's start or stop is under way any more; as it is in check mode."""
    passing = (ServiceState.START_PENDING, ServiceState.STOP_PENDING, ServiceState.UNKNOWN)
    before = _look(task)
    end = task.clock.now() + task.params["timeout"]
    while before in passing and not task.check_mode and task.clock.now() < end:
        task.clock.sleep(task.params["poll"])
        before = _look(task)
    return before


def _verbs(before: ServiceState, state: str) -> list[str]:
    if state == "restarted":
        return ["start"] if before is ServiceState.STOPPED else ["stop", "start"]
    verb = "start" if state == "started" else "stop"
    return [] if before is _GOAL[verb] else [verb]


def _look(task: Task) -> ServiceState:
    return service_state(task.node.read_line(service_line(task.params["name"]), again=True))


def _act(task: Task, verb: str) -> ServiceState:
    name = task.params["name"]
    result = task.node.act_line(f"sc {verb} {quoted(name)}", timeout=task.params["timeout"], again=True)
    doing = "Starting the service" if verb == "start" else "Stopping the service"
    if result.rc not in (0, _ALREADY[verb], _CANNOT_NOW):
        raise native_failure(doing, repr(name), result, changed=len(task.node.commands) > 1)
    return wait_for(
        task.clock,
        Limit(task.params["timeout"], task.params["poll"]),
        lambda: _look(task),
        lambda seen: seen is _GOAL[verb],
        doing=doing,
        target=repr(name),
        describe=lambda seen: seen.name.lower(),
        advice="Look at the system log of the node.",
    )


def _result(before: ServiceState, after: ServiceState, *, changed: bool) -> dict[str, Any]:
    return {"changed": changed, "before": {"state": before.name.lower()}, "after": {"state": after.name.lower()}}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
