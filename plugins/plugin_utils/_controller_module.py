# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The bridge from an Ansible task to a module's run(), which runs on the controller over the task's connection."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath
from types import ModuleType, TracebackType
from typing import Any, ClassVar

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader, filter_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.display import Display

from ..module_utils._cmdline import Unquotable, refuse_foreign
from ..module_utils._errors import Failure
from ..module_utils._node import ChannelLost, Hear, Node, Result
from ..module_utils._task import Clock, Credentials, Task

display = Display()

COLLECTION = "mailops.exchange2007"
LOST_FAILS = "upgrade_lost_node_fails"
"""A play's variable: a lost node fails, so that a block can rescue it; Ansible has no rescue for an unreachable one."""
CONNECTION = f"{COLLECTION}.winrs"

# Ansible forks a worker for every task of every host, and a worker loads the plugins that its parent has not loaded:
# compiled and their documentation parsed each time. This file is imported in the parent.
if AnsibleCollectionConfig.collection_finder is not None:
    connection_loader.get(CONNECTION, class_only=True)
    filter_loader.get(f"{COLLECTION}.upgrade_plan")


class WinrsChannel:
    """A module_utils Channel over the task's connection."""

    def __init__(self, node: str, connection: Any) -> None:
        self._node = node
        self._connection = connection

    def run(self, line: str, *, stdin: bytes | None, timeout: float, hear: Hear | None = None) -> Result:
        """Run one command line for at most timeout seconds; raises ChannelLost.

        Raises AnsibleError for a bad line, and Unquotable for one that the node's code page has no characters for.
        """
        if not line.isascii():
            refuse_foreign(line, int(self._connection.get_option("codepage")))
        listening = {} if hear is None else {"hear": hear}
        try:
            rc, stdout, stderr = self._connection.execute(line, self._encoded(stdin), timeout, **listening)
        except AnsibleConnectionFailure as exc:
            reason = str(getattr(exc, "reason", exc))
            about = {name: bool(getattr(exc, name, False)) for name in ("started", "silent")}
            raise ChannelLost(self._node, reason, **about) from None
        return Result(rc, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"))

    def _encoded(self, stdin: bytes | None) -> bytes | None:
        """UTF-8 in the node's code page, in which its programs read."""
        if stdin is None or stdin.isascii():
            return stdin
        codepage = int(self._connection.get_option("codepage"))
        try:
            return stdin.decode().encode(f"cp{codepage}")
        except UnicodeEncodeError:
            # The text is not told: it may be a password.
            raise AnsibleError(
                f"standard input for {self._node} holds a character that code page {codepage} does not have. "
                "Set ansible_winrs_codepage to the node's own code page."
            ) from None

    def reset(self) -> None:
        """Forget shell and login; the next run makes new ones."""
        self._connection.reset()


@dataclass(frozen=True)
class Validated:
    """A task's arguments, checked: complete parameters, or one line that says what is wrong with them."""

    params: dict[str, Any]
    problem: str
    warnings: list[str]
    secrets: set[str] = field(repr=False)


class BadReturn(TypeError):
    """A module returned something that JSON has no word for."""


_ATOMS = frozenset({str, int, float, bool, type(None)})
"""What is plain and JSON already: no subclass, so no tag and no enum either."""


def plain(value: Any) -> Any:
    """A copy in plain Python types: ansible-core 2.19 tags values, older ones have subclasses of str."""
    if value.__class__ in _ATOMS:
        return value
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (int, float)):
        return float(value) if isinstance(value, float) else int(value)
    return str(value)  # dates, and secrets of a vault that are decrypted by this


def json_only(value: Any, place: str = "result") -> Any:
    """The value itself if it is JSON through and through; raises BadReturn with the place of what is not."""
    if value.__class__ in _ATOMS:
        return value
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise BadReturn(f"{place} has the key {key!r} of type {type(key).__name__}")
        return {k: v if v.__class__ in _ATOMS else json_only(v, f"{place}.{k}") for k, v in value.items()}
    if isinstance(value, list):
        return [json_only(item, f"{place}[{number}]") for number, item in enumerate(value)]
    if value is None or (isinstance(value, (str, int, float)) and not isinstance(value, Enum)):
        return plain(value)
    raise BadReturn(f"{place} is of type {type(value).__name__}")


def json_result(value: Any) -> dict[str, Any]:
    """What run() returned, if it is a result at all; raises BadReturn."""
    if not isinstance(value, dict):
        raise BadReturn(f"the result is of type {type(value).__name__}")
    checked: dict[str, Any] = json_only(value)
    return checked


def scrub(value: Any, secrets: Iterable[str]) -> Any:
    """Mask secrets wherever a text holds them; flags stay flags, even where a password is as short as "1"."""
    known = [secret for secret in secrets if secret]
    found = re.compile("|".join(map(re.escape, known))).search
    return _scrubbed(value, known, found) if known else value


def _scrubbed(value: Any, known: list[str], found: Callable[[str], object]) -> Any:
    if isinstance(value, dict):
        return {key: _scrubbed(item, known, found) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrubbed(item, known, found) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    return remove_values(value, known) if found(str(value)) else value


def one_line(text: str) -> str:
    """The text without its line breaks."""
    return re.sub(r"\s*[\r\n]+\s*", " ", text).strip()


def elapsed(seconds: float) -> str:
    """12m04s, and 1h02m03s from an hour on."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}h{minute:02d}m{second:02d}s" if hours else f"{minute}m{second:02d}s"


def diff_of(result: Mapping[str, Any], header: str) -> dict[str, str] | None:
    """What --diff shows for a result with before and after; None for one without."""
    if result.get("before") is None or result.get("after") is None:
        return None
    return {
        "before_header": header,
        "after_header": header,
        "before": _diff_text(result["before"]),
        "after": _diff_text(result["after"]),
    }


def _diff_text(value: Any) -> str:
    return f"{value}\n" if isinstance(value, str) else json.dumps(value, indent=2, sort_keys=True) + "\n"


def no_log_values(spec: Mapping[str, Any], arguments: Mapping[str, Any]) -> set[str]:
    """The texts of all no_log arguments, suboptions included, as they were given: also of arguments that are wrong."""
    found: set[str] = set()
    for name, option in spec.items():
        given = [arguments[key] for key in (name, *option.get("aliases", ())) if arguments.get(key) is not None]
        for value in given:
            if option.get("no_log"):
                found.update(_texts(value))
            for item in value if isinstance(value, list) else [value]:
                if option.get("options") and isinstance(item, dict):
                    found |= no_log_values(option["options"], item)
    return found


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(_texts(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_texts(item) for item in value))
    return {str(value)} if value not in (None, "") and not isinstance(value, bool) else set()


def place_of(trace: TracebackType | None) -> str:
    """`file:line, function` of the innermost frame in the collection, with the path from the collection's root."""
    frames = list(traceback.extract_tb(trace))
    own = [frame for frame in frames if "plugins" in PurePath(frame.filename).parts]
    if not frames:
        return "an unknown place"
    frame = (own or frames)[-1]
    return f"{_from_root(PurePath(frame.filename))}:{frame.lineno}, {frame.name}"


def _from_root(path: PurePath) -> str:
    backwards = path.parts[::-1]
    depth = backwards.index("plugins") + 1 if "plugins" in backwards else 1
    return "/".join(path.parts[-depth:])


def validate(module: ModuleType, arguments: dict[str, Any]) -> Validated:
    """Check a task's arguments against a module's ARGUMENT_SPEC and ARGUMENT_RULES, and fill in the defaults."""
    rules = dict(getattr(module, "ARGUMENT_RULES", {}))
    outcome = ArgumentSpecValidator(module.ARGUMENT_SPEC, **rules).validate(arguments)
    said = [_problem(error, module.ARGUMENT_SPEC, arguments) for error in outcome.errors]
    warnings = [
        f"{item['option']} was given twice, also as {item['alias']}." for item in getattr(outcome, "_warnings", ())
    ]
    secrets = {str(value) for value in getattr(outcome, "_no_log_values", ())}
    return Validated(dict(outcome.validated_parameters), "; ".join(said), warnings, secrets)


_ABOUT = re.compile(r"(?:argument|Elements value for option) '(\w+)'")


def _problem(error: Any, spec: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """One error in one line. What can't be converted is named, which Ansible does for some types and releases only."""
    text = one_line(str(error)).rstrip(".")
    if isinstance(error, UnsupportedError):
        return f"unsupported parameters: {text}"
    about = _ABOUT.match(text)
    name = about.group(1) if about else ""
    value = arguments.get(name)
    if value is None or spec.get(name, {}).get("no_log") or str(value) in text:
        return text
    return f"{text} (it is {one_line(repr(value))})"


def _failure(text: str, node: Node | None = None) -> dict[str, Any]:
    commands = list(node.commands) if node else []
    return {"failed": True, "changed": bool(commands), "msg": one_line(text), "commands": commands}


class ControllerModuleAction(ActionBase):  # type: ignore[misc]
    """Validates a task, runs a module's run() for it, and turns what comes of it into one result.

    A subclass names the module: an object with ARGUMENT_SPEC, run(task) and, where needed, ARGUMENT_RULES
    (mutually_exclusive, required_if ... as AnsibleModule takes them).
    """

    TRANSFERS_FILES = False
    module: ModuleType
    clock: ClassVar[Clock] = Clock()
    _secrets: set[str]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry point. Raises AnsibleConnectionFailure (unreachable) when nothing was started."""
        del tmp
        arguments, told = plain(self._task.args), task_vars or {}
        self._secrets = self._known_secrets(arguments)
        try:
            outcome = self._outcome(arguments, told)
        except AnsibleConnectionFailure as lost:
            if not boolean(told.get(LOST_FAILS), strict=False):
                raise
            outcome = _failure(f"{self._node_name(told)} can't be reached: {lost}")
        result: dict[str, Any] = scrub(outcome, self._secrets)
        return result

    # Before the module

    def _outcome(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        name = self._node_name(task_vars)
        refusal = self._refuse_task(name)
        if refusal:
            return _failure(refusal)
        super().run(None, task_vars)
        valid = validate(self.module, arguments)
        self._secrets |= {secret for secret in valid.secrets if secret}
        if valid.problem:
            return _failure(f"{self._full_name}: {valid.problem}. See: ansible-doc {self._full_name}")
        result = self._run_module(name, valid.params)
        return {**result, "warnings": [*result.get("warnings", []), *valid.warnings]} if valid.warnings else result

    @property
    def _short_name(self) -> str:
        return self.module.__name__.rpartition(".")[2]

    @property
    def _full_name(self) -> str:
        return f"{COLLECTION}.{self._short_name}"

    def _known_secrets(self, arguments: dict[str, Any]) -> set[str]:
        secrets = no_log_values(self.module.ARGUMENT_SPEC, arguments)
        credentials = self._credentials() if self._runs_over_winrs() else None
        return secrets | ({credentials.password} if credentials and credentials.password else set())

    def _runs_over_winrs(self) -> bool:
        return getattr(self._connection, "transport", None) == CONNECTION

    def _node_name(self, task_vars: Mapping[str, Any]) -> str:
        """The name of the host that the connection leads to: the delegated one, if there is one."""
        name = getattr(self._task, "delegate_to", None) or task_vars.get("inventory_hostname") or "the node"
        return str(plain(name))

    def _refuse_task(self, name: str) -> str | None:
        if self._task.async_val:
            return (
                f"{self._full_name} does not run with async: long work goes on by itself on the node, and running the "
                "task again joins it. Remove async and poll."
            )
        if not self._runs_over_winrs():
            used = getattr(self._connection, "transport", type(self._connection).__name__)
            return (
                f"{self._full_name} runs over the connection {CONNECTION}, but {name} uses {used}. "
                f"Set ansible_connection: {CONNECTION} for it."
            )
        return None

    # The module

    def _run_module(self, name: str, params: dict[str, Any]) -> dict[str, Any]:
        node = Node(name, WinrsChannel(name, self._connection), check_mode=bool(self._task.check_mode))
        try:
            result = json_result(self.module.run(self._task_for(node, params)))
        except Failure as exc:
            return self._rendered(exc, node)
        except ChannelLost as exc:
            return self._channel_lost(exc, node)
        except Unquotable as exc:
            return _failure(f"{self._full_name} on {name}: {exc}. Use a value without it.", node)
        except AnsibleError as exc:
            return _failure(f"{self._full_name} on {name}: {exc}", node)
        except Exception as exc:
            return self._defect(exc, node)
        return self._completed(result, node)

    def _task_for(self, node: Node, params: dict[str, Any]) -> Task:
        started = self.clock.now()

        def progress(text: str) -> None:
            if not self._task.no_log:
                line = f"  [{node.name}] {elapsed(self.clock.now() - started)}  {one_line(text)}"
                display.display(str(scrub(line, self._secrets)))

        return Task(node, params, node.check_mode, self._credentials(), self.clock, progress)

    def _credentials(self) -> Credentials | None:
        user, password = self._connection.credentials()
        return None if password is None else Credentials(user, password)

    # After the module

    def _completed(self, result: dict[str, Any], node: Node) -> dict[str, Any]:
        result.setdefault("changed", False)
        result.setdefault("commands", list(node.commands))
        if result.get("rc", 0) != 0:  # or Ansible takes 3010, and an exit code that nobody knows, for a failure
            result.setdefault("failed", False)
        if self._task.diff and "diff" not in result:
            diff = diff_of(result, f"{node.name}: {self._short_name}")
            if diff:
                result["diff"] = diff
        return result

    def _rendered(self, exc: Failure, node: Node) -> dict[str, Any]:
        """The one place where a failure's fields become a result."""
        try:
            data = json_only(exc.data)
        except BadReturn as bad:
            return self._defect(bad, node)
        parts = {"doing": exc.doing, "target": exc.target, "seen": exc.seen, "advice": exc.advice}
        return {**data, **_failure(str(exc), node), **parts, "changed": exc.changed, "refused": exc.refused}

    def _channel_lost(self, exc: ChannelLost, node: Node) -> dict[str, Any]:
        if not exc.started and not node.commands:
            raise AnsibleConnectionFailure(str(scrub(one_line(exc.reason), self._secrets))) from None
        # An unreachable host counts as unchanged: once something was done, it is a failure that says so.
        end = "How the command ended is unknown. " if exc.started else ""
        return _failure(
            f"{self._full_name} on {node.name}: {exc.reason.rstrip('.')}. {end}Running this again is safe: what is "
            "done already is seen and skipped.",
            node,
        )

    def _defect(self, exc: Exception, node: Node) -> dict[str, Any]:
        if not self._task.no_log:
            display.vvv(str(scrub("".join(traceback.format_exception(exc)), self._secrets)))
        return _failure(
            f"{self._full_name} on {node.name} stopped at a defect of this collection: {type(exc).__name__} in "
            f"{place_of(exc.__traceback__)}: {exc}. Running it again is safe; please report it (-vvv).",
            node,
        )
