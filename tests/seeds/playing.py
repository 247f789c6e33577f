# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the real playbook and the real role: their YAML is read and obeyed, so that nothing here can drift from them.

Only what they use is understood, and anything else is an error: plays with serial, blocks with always, include_tasks,
include_role, loops, until, when, register, delegate_to, add_host, group_by, assert, fail, set_fact, end_host. Modules
run through the bridge, as in their action plugins. Hosts of a batch work at the same time, task by task.
"""

from __future__ import annotations

import importlib
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache, partial, wraps
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import yaml
from ansible.errors import AnsibleConnectionFailure, AnsibleFilterError
from ansible.plugins.filter.core import FilterModule as CoreFilters
from ansible_collections.mailops.exchange2007.plugins.filter.upgrade import FilterModule as UpgradeFilters
from ansible_collections.mailops.exchange2007.plugins.module_utils import _plan
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node
from ansible_collections.mailops.exchange2007.plugins.plugin_utils._controller_module import ControllerModuleAction
from ansible_collections.mailops.exchange2007.tests.seeds.controller import (
    EPOCH,
    Connection,
    Controller,
    ControllerClock,
    Sent,
)
from jinja2 import Environment, StrictUndefined, Undefined, meta

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "mailops.exchange2007."
ROLE = ROOT / "roles" / "upgrade"
_MODULES = "ansible_collections.mailops.exchange2007.plugins.modules."
_WHOLE = re.compile(r"\s*\{\{(.*)\}\}\s*", re.DOTALL)
_OF_CORE = ("bool", "dict2items", "extract", "flatten", "regex_replace", "ternary")
_KEYWORDS = {
    *("name", "when", "vars", "loop", "loop_control", "register", "delegate_to", "until", "retries", "delay"),
    *("changed_when", "block", "rescue", "always", "throttle", "any_errors_fatal"),
}

_OMIT = "__omitted__"

Data = dict[str, Any]


class NotUnderstood(Exception):
    """The playbook or the role uses something that this player does not know: teach it."""


# --- templates -----------------------------------------------------------------------------------------------------


def _listed(function: Callable[..., Any]) -> Callable[..., list[Any]]:
    """A filter of Jinja whose result is a list and no generator."""

    @wraps(function)
    def listed(*args: Any, **kwargs: Any) -> list[Any]:
        return list(function(*args, **kwargs))

    return listed


def _environment() -> Environment:
    made = Environment(undefined=StrictUndefined, autoescape=False)
    core = CoreFilters().filters()
    made.filters.update({name: core[name] for name in _OF_CORE})
    made.filters["items2dict"] = core["items2dict"]
    for name in ("map", "select", "reject", "selectattr", "rejectattr", "unique"):
        made.filters[name] = _listed(made.filters[name])  # as Ansible does
    made.filters.update({COLLECTION + name: face for name, face in UpgradeFilters().filters().items()})
    made.tests["match"] = lambda text, pattern: re.match(pattern, str(text)) is not None
    made.tests["contains"] = lambda items, item: item in items
    made.tests["failed"] = lambda result: bool(result.get("failed"))
    return made


_JINJA = _environment()


@cache
def _expression(source: str) -> tuple[Callable[..., Any], frozenset[str]]:
    names = meta.find_undeclared_variables(_JINJA.parse("{{" + source + "}}"))
    evaluate = _JINJA.compile_expression(source, undefined_to_none=False)
    evaluate._template.globals = dict(evaluate._template.globals)  # copied at each call, which a ChainMap does slowly
    return evaluate, frozenset(names)


@cache
def _text(source: str) -> tuple[Callable[..., str], frozenset[str]]:
    names = meta.find_undeclared_variables(_JINJA.parse(source))
    template = _JINJA.from_string(source)
    template.globals = dict(template.globals)
    return template.render, frozenset(names)


class Scope:
    """The variables of one host at one task. layers: task and include variables, the innermost last, not yet templated.

    known: finished values, such as loop items and facts, which are no templates.
    """

    def __init__(self, layers: list[Mapping[str, Any]], known: Mapping[str, Any]) -> None:
        self.layers = layers
        self.known = known

    def inside(self, layer: Mapping[str, Any] | None = None, **known: Any) -> Scope:
        """The same with more variables."""
        return Scope([*self.layers, *([layer] if layer else [])], {**self.known, **known} if known else self.known)

    def names(self, wanted: frozenset[str]) -> Data:
        """Values of the variables among these names that are there."""
        found = {}
        layers, known = self.layers[::-1], self.known
        for name in wanted:
            for layer in layers:
                if name in layer:
                    found[name] = self.value(layer[name])
                    break
            else:
                if name in known:
                    found[name] = known[name]
        return found

    def value(self, raw: Any) -> Any:
        """A template's value, or that of everything in a list or mapping."""
        if isinstance(raw, dict):
            return {key: self.value(item) for key, item in raw.items()}
        if isinstance(raw, list):
            return [self.value(item) for item in raw]
        if not isinstance(raw, str) or "{{" not in raw:
            return raw
        whole = _WHOLE.fullmatch(raw)
        if whole and "{{" not in whole.group(1):
            return self.expression(whole.group(1))
        render, names = _text(raw)
        return render(**self.names(names))

    def expression(self, source: str) -> Any:
        """The value of what stands between braces, or behind `when`."""
        evaluate, names = _expression(source)
        found = evaluate(**self.names(names))
        if isinstance(found, Undefined):
            raise NotUnderstood(f"undefined: {source}")
        return found

    def true(self, condition: Any) -> bool:
        """`when`, `until`, `that`: one condition or a list of them."""
        conditions = condition if isinstance(condition, list) else [condition]
        return all(bool(self.expression(c) if isinstance(c, str) else c) for c in conditions)


# --- modules -------------------------------------------------------------------------------------------------------


@cache
def _module(name: str) -> ModuleType:
    return importlib.import_module(_MODULES + name)


class _Action(ControllerModuleAction):
    """The bridge with a played connection; a defect keeps its traceback."""

    def __init__(self, module: ModuleType, arguments: Data, controller: Controller, host: str, check: bool) -> None:
        self.module = module
        self.trace = ""
        self.clock = ControllerClock(controller)  # type: ignore[misc]
        self._task = SimpleNamespace(
            args=arguments, async_val=0, check_mode=check, diff=False, no_log=True, delegate_to=host, action=""
        )
        self._connection = Connection(controller, controller.world.hosts[host])

    def _defect(self, exc: Exception, node: Node) -> Data:
        self.trace = "".join(traceback.format_exception(exc))
        found: Data = super()._defect(exc, node)
        return found


@dataclass
class Call:
    """One call of a module: what it was given, what came of it, between which lab times, and what it sent."""

    module: str
    host: str
    arguments: Data
    begun: float
    check: bool = False
    ended: float = 0.0
    result: Data = field(default_factory=dict)
    trace: str = ""
    sent: list[Sent] = field(default_factory=list)
    finished: bool = False  # false: the controller died in it
    finished_clusters: frozenset[str] = frozenset()  # when it began, where the scenario has several


def play_module(controller: Controller, module: str, host: str, arguments: Data) -> Data:
    """What one call of a module returns."""
    action = _Action(_module(module), arguments, controller, host, check=False)
    found: Data = action.run(None, {"inventory_hostname": host})
    return found


# --- the player ----------------------------------------------------------------------------------------------------


@cache
def _role_tasks(name: str) -> Any:
    return _read(ROLE / "tasks" / name)


@cache
def _task_files() -> frozenset[str]:
    return frozenset(path.name for path in (ROLE / "tasks").iterdir())


@cache
def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@dataclass
class Player:
    """One run of the playbook by one controller."""

    controller: Controller
    hosts: list[str]
    extra: Data
    check: bool = False
    begins: Callable[[Call], None] = lambda call: None
    ends: Callable[[Call], None] = lambda call: None
    facts: dict[str, Data] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)  # host -> why it failed
    calls: list[Call] = field(default_factory=list)
    reports: Data = field(default_factory=dict)
    waves: list[tuple[float, list[str]]] = field(default_factory=list)  # when a batch of a play with serial began
    dry: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        self.groups = {"exchange_nodes": list(self.hosts)}
        self.facts = {host: {"inventory_hostname": host} for host in self.hosts}
        self._failures: dict[str, tuple[str, Data]] = {}
        self._variables = {**_read(ROLE / "defaults" / "main.yml"), **self.extra}
        self._play_hosts: list[str] = []

    @property
    def ok(self) -> bool:
        """Whether ansible-playbook would end with 0."""
        return not self.out

    def run(self, name: str = "upgrade") -> None:
        """Play playbooks/NAME.yml."""
        for play in _read(ROOT / "playbooks" / f"{name}.yml"):
            imported = play.get("ansible.builtin.import_playbook")
            if imported:
                self.run(imported.removeprefix(COLLECTION))
            elif self._play(play):
                return

    def _play(self, play: Data) -> bool:
        """Whether the playbook ends here, because every host of a batch is out."""
        scope = Scope([], {**self._variables, "groups": self.groups, "hostvars": self.facts})
        wanted = scope.value(play["hosts"])
        names = wanted if isinstance(wanted, list) else self.groups.get(wanted, [])
        self._play_hosts = [host for host in names if host not in self.out]
        sizes = scope.value(play.get("serial", 0)) if self._play_hosts else 0
        for batch in _batches(self._play_hosts, sizes):
            if "serial" in play:
                self.waves.append((self.controller.clock.now(), list(batch)))
            self._tasks(play["tasks"], list(batch), Scope([], {}))
            if all(host in self.out for host in batch):
                return True
        return False

    def _scope(self, host: str, scope: Scope) -> Scope:
        """The scope with everything that belongs to a host."""
        known = {
            **self._variables,
            "inventory_hostname": host,
            "hostvars": self.facts,
            "groups": self.groups,
            "group_names": [name for name, members in self.groups.items() if host in members],
            "ansible_play_hosts_all": self._play_hosts,
            "ansible_play_hosts": [other for other in self._play_hosts if other not in self.out],
            "ansible_check_mode": self.check,
            "omit": _OMIT,
            "query": self._query,
            "lookup": lambda *_: ".",
            "now": self._now,
            **self.facts[host],
            **scope.known,
        }
        return Scope(scope.layers, known)

    def _now(self, *, utc: bool, fmt: str) -> str:
        if not utc:
            raise NotUnderstood("now() without utc")
        return datetime.fromtimestamp(EPOCH + self.controller.clock.now(), timezone.utc).strftime(fmt)

    def _query(self, plugin: str, pattern: str) -> list[str]:
        if plugin != "ansible.builtin.inventory_hostnames":
            raise NotUnderstood(plugin)
        return self.groups[pattern]

    # One task for all hosts of a batch

    def _tasks(self, tasks: list[Data], hosts: list[str], scope: Scope) -> list[str]:
        """Run tasks; returns the hosts that are to go on: not out, and not ended by end_host."""
        for task in tasks:
            hosts = self._task(task, [host for host in hosts if host not in self.out], scope)
        return hosts

    def _task(self, task: Data, hosts: list[str], scope: Scope) -> list[str]:
        action = next((key for key in task if key not in _KEYWORDS), "block")
        if "changed_when" in task and action not in ("ansible.builtin.add_host", "ansible.builtin.group_by"):
            raise NotUnderstood(f"changed_when: {task}")
        scope = scope.inside(task.get("vars"))
        if action == "block":
            return self._block(task, hosts, scope)
        if action in ("ansible.builtin.include_tasks", "ansible.builtin.include_role"):
            self._include(task, action, hosts, scope)
            return hosts
        if action == "ansible.builtin.meta":
            return [host for host in hosts if not self._ends(task, host, scope)]
        if action == "ansible.builtin.add_host":
            self._add_hosts(task, action, hosts, scope)
            return hosts
        works: list[Callable[[], None]] = [partial(self._on, task, action, host, scope) for host in hosts]
        if action.startswith(COLLECTION) and works:
            for together in [[work] for work in works] if task.get("throttle") == 1 else [works]:
                self.controller.beside(together)
            return hosts
        for work in works:
            work()
        if task.get("any_errors_fatal") and self.out.keys() & set(hosts):
            self.out = {**dict.fromkeys(self._play_hosts, f"stopped at '{task['name']}'"), **self.out}
        return hosts

    def _block(self, task: Data, hosts: list[str], scope: Scope) -> list[str]:
        """rescue is for hosts that failed, never for unreachable ones; always is for all but those."""
        before = dict(self.out)
        left = self._tasks(task["block"], hosts, scope)
        failed = {host: why for host, why in self.out.items() if host not in before}
        lost = {host for host, why in failed.items() if why.startswith("unreachable")}
        for host in failed:
            del self.out[host]
        rescued = self._rescued(task, [host for host in hosts if host in failed and host not in lost], scope)
        self._tasks(task.get("always", []), [host for host in hosts if host not in lost], scope)
        self.out = {**{host: why for host, why in failed.items() if host not in rescued}, **self.out}
        return [host for host in hosts if host in (*left, *rescued)]

    def _rescued(self, task: Data, hosts: list[str], scope: Scope) -> list[str]:
        """The hosts that a rescue has made good again."""
        for host in hosts if "rescue" in task else ():
            name, result = self._failures[host]
            self.facts[host] |= {"ansible_failed_task": {"name": name}, "ansible_failed_result": result}
        return self._tasks(task["rescue"], hosts, scope) if "rescue" in task and hosts else []

    def _ends(self, task: Data, host: str, scope: Scope) -> bool:
        if task["ansible.builtin.meta"] != "end_host":
            raise NotUnderstood(str(task))
        return self._scope(host, scope).true(task.get("when", True))

    def _items(self, task: Data, host: str, scope: Scope) -> list[Scope]:
        """The scope of each turn of a loop; one without a loop."""
        if "loop" not in task:
            return [scope]
        name = task.get("loop_control", {}).get("loop_var", "item")
        return [scope.inside(**{name: item}) for item in self._scope(host, scope).value(task["loop"])]

    def _include(self, task: Data, action: str, hosts: list[str], scope: Scope) -> None:
        given = task[action]
        turns = {host: self._turns(task, host, scope) for host in hosts}
        for number in range(max(map(len, turns.values()), default=0)):
            mine = {host: turns[host][number] for host in hosts if number < len(turns[host]) and host not in self.out}
            going = [host for host, turn in mine.items() if self._scope(host, turn).true(task.get("when", True))]
            if not going:
                continue
            name = f"{given['tasks_from']}.yml" if isinstance(given, dict) else given
            if "{{" in name:
                raise NotUnderstood(f"hooks are not played: {name}")
            if not isinstance(given, dict) and name not in _task_files():
                raise NotUnderstood(name)
            for group in _alike(going, mine):
                self._tasks(_role_tasks(name), group, mine[group[0]])

    def _turns(self, task: Data, host: str, scope: Scope) -> list[Scope]:
        return self._items(task, host, scope)

    def _add_hosts(self, task: Data, action: str, hosts: list[str], scope: Scope) -> None:
        """Once, with the first host's variables; where it fails, it fails for all."""
        try:
            for item in self._items(task, hosts[0], scope) if hosts else ():
                self._add_host(self._scope(hosts[0], item).value(task[action]))
        except AnsibleFilterError as refused:
            self.out |= dict.fromkeys(hosts, f"failed at '{task['name']}': {refused}")

    def _add_host(self, given: Data) -> None:
        given = dict(given)
        host, groups = given.pop("name"), given.pop("groups")
        self.facts.setdefault(host, {}).update(given)
        for group in groups if isinstance(groups, list) else [groups]:
            members = self.groups.setdefault(group, [])
            if host not in members:
                members.append(host)

    # One task for one host

    def _on(self, task: Data, action: str, host: str, scope: Scope) -> None:
        if "loop" not in task:
            result = self._once(task, action, self._scope(host, scope))
        else:
            turns = self._items(task, host, scope)
            results = [self._turn(task, action, host, turn) for turn in turns]
            result = {"results": results, "changed": any(r.get("changed") for r in results)}
            for key in ("failed", "unreachable"):
                if any(r.get(key) for r in results):
                    said = next(r for r in results if r.get(key))
                    result |= {key: True, "msg": said.get("msg", "")}
        if "register" in task:
            self.facts[host][task["register"]] = result
        if result.get("unreachable") or result.get("failed"):
            kind = "unreachable" if result.get("unreachable") else "failed"
            self._failures[host] = (task["name"], result)
            self.out[host] = f"{kind} at '{task['name']}': {result.get('msg', '')}"

    def _turn(self, task: Data, action: str, host: str, turn: Scope) -> Data:
        scope = self._scope(host, turn)
        return {**self._once(task, action, scope), "item": turn.known["item"]}

    def _once(self, task: Data, action: str, scope: Scope) -> Data:
        try:
            return self._tried(task, action, scope)
        except AnsibleFilterError as refused:
            return {"failed": True, "changed": False, "msg": str(refused)}

    def _tried(self, task: Data, action: str, scope: Scope) -> Data:
        if not scope.true(task.get("when", True)):
            return {"skipped": True, "changed": False}
        if "until" not in task:
            return self._do(task, action, scope)
        for _attempt in range(int(scope.value(task["retries"])) + 1):
            result = self._do(task, action, scope)
            shown = scope.inside(**{task["register"]: result})
            if result.get("unreachable") or shown.true(task["until"]):
                return result
            ControllerClock(self.controller).sleep(float(scope.value(task["delay"])))
        return {**result, "failed": True, "msg": result.get("msg", "until was never true")}

    def _do(self, task: Data, action: str, scope: Scope) -> Data:
        arguments = task[action] if action == "ansible.builtin.assert" else _given(scope.value(task[action]))
        host = scope.known["inventory_hostname"]
        if action == "ansible.builtin.set_fact":
            self.facts[host].update(arguments)
            return {"changed": False}
        if action == "ansible.builtin.fail":
            return {"failed": True, "changed": False, "msg": arguments["msg"]}
        if action == "ansible.builtin.assert":
            good = scope.true(arguments["that"])
            said = "" if good else scope.value(arguments["fail_msg"])
            return {"failed": not good, "changed": False, "msg": said}
        if action == "ansible.builtin.group_by":
            self._add_host({"name": host, "groups": arguments["key"]})
            return {"changed": False}
        if action == "ansible.builtin.debug":
            return {"changed": False}
        if action == COLLECTION + "upgrade_report":
            return self._report(arguments)
        if not action.startswith(COLLECTION):
            raise NotUnderstood(f"{action} in {task}")
        target = scope.value(task["delegate_to"]) if "delegate_to" in task else host
        return self._call(action.removeprefix(COLLECTION), target, arguments)

    def _report(self, arguments: Data) -> Data:
        hosts = [self.facts[host] for host in arguments["hosts"]]
        content = _plan.report(hosts, arguments["release"], "")
        self.reports[content["cluster"]] = content
        return {"changed": False, "report": content}

    def _call(self, module: str, host: str, arguments: Data) -> Data:
        if self.dry() and "check" not in module:
            self._run(module, host, arguments, check=True)
        return self._run(module, host, arguments, check=self.check)

    def _run(self, module: str, host: str, arguments: Data, *, check: bool) -> Data:
        call = Call(module, host, arguments, self.controller.clock.now(), check)
        self.calls.append(call)
        self.begins(call)
        action = _Action(_module(module), arguments, self.controller, host, check)
        try:
            try:
                call.result = action.run(None, {"inventory_hostname": host})
            except AnsibleConnectionFailure as lost:
                call.result = {"unreachable": True, "changed": False, "msg": str(lost)}
            call.finished = True
        finally:
            call.ended, call.trace, call.sent = self.controller.clock.now(), action.trace, action._connection.sent
            self.ends(call)
        return call.result


def _batches(hosts: list[str], sizes: Any) -> Iterator[list[str]]:
    """As `serial` cuts them: a list that is used up repeats its last element, 0 is everybody."""
    wanted = [int(size) for size in (sizes if isinstance(sizes, list) else [sizes])]
    left = list(hosts)
    while left:
        size = wanted[0] or len(left)
        wanted = wanted[1:] or wanted
        yield left[:size]
        left = left[size:]


def _given(arguments: Any) -> Any:
    """Arguments without those that are `omit`."""
    return (
        {key: value for key, value in arguments.items() if value != _OMIT} if isinstance(arguments, dict) else arguments
    )


def _alike(hosts: list[str], turns: Mapping[str, Scope]) -> list[list[str]]:
    """Hosts whose turn of a loop has the same variables may go together; in a loop each goes for itself."""
    groups: list[list[str]] = []
    for host in hosts:
        group = next((g for g in groups if turns[g[0]].known == turns[host].known), None)
        if group is None:
            groups.append([host])
        else:
            group.append(host)
    return groups
