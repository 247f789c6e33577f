# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge from a task to a module's run(), with a connection that plays answers and a module made by each test."""

from __future__ import annotations

import datetime
import enum
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task
from ansible_collections.mailops.exchange2007.plugins.plugin_utils import _controller_module as bridge

PASSWORD = "S3cr3t & 50%!"
TOKEN = "t0ps3cret"

SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["online", "offline"], "default": "online"},
    "timeout": {"type": "int", "default": 60, "aliases": ["limit"]},
    "token": {"type": "str", "no_log": True},
    "nodes": {
        "type": "list",
        "elements": "dict",
        "options": {"name": {"type": "str"}, "key": {"type": "str", "no_log": True, "aliases": ["pin"]}},
    },
    "other": {"type": "raw"},
}


class Lost(AnsibleConnectionFailure):  # type: ignore[misc]
    """What the connection raises when a command's end is unknown."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}. Its effect on the node is unknown.")
        self.started, self.reason = True, reason


class Silent(AnsibleConnectionFailure):  # type: ignore[misc]
    """What the connection raises when nobody answers."""

    silent = True


class FakeConnection:
    """Plays one answer after the other; an exception is raised, a callable is called."""

    transport = "mailops.exchange2007.winrs"

    def __init__(self, *answers: Any, user: str = "LAB\\admin", password: str | None = PASSWORD) -> None:
        self.answers = list(answers)
        self.lines: list[tuple[str, bytes | None, float]] = []
        self.resets = 0
        self.login = (user, password)
        self._shell = SimpleNamespace(tmpdir=None)

    def credentials(self) -> tuple[str, str | None]:
        return self.login

    def execute(self, line: str, in_data: bytes | None, timeout: float) -> tuple[int, bytes, bytes]:
        self.lines.append((line, in_data, timeout))
        answer = self.answers.pop(0) if self.answers else (0, b"", b"")
        if isinstance(answer, BaseException):
            raise answer  # pylint: disable=raising-bad-type  # an exception, as the line above says
        return answer

    def reset(self) -> None:
        self.resets += 1


class FakeClock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Shown:
    """What the person at the terminal saw, and what -vvv would add."""

    lines: list[str]
    verbose: list[str]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    record = Shown([], [])
    monkeypatch.setattr(bridge.display, "display", record.lines.append)
    monkeypatch.setattr(bridge.display, "vvv", record.verbose.append)
    return record


def module_of(run: Callable[[Task], Any], name: str = "cluster_group", **attributes: Any) -> ModuleType:
    module = ModuleType(f"ansible_collections.mailops.exchange2007.plugins.modules.{name}")
    vars(module).update({"ARGUMENT_SPEC": SPEC, "run": run, **attributes})
    return module


def act(
    run: Callable[[Task], Any],
    args: dict[str, Any] | None = None,
    *,
    connection: Any = None,
    rules: dict[str, Any] | None = None,
    clock: Any = None,
    host: str | None = "nodea",
    told: dict[str, Any] | None = None,
    **task: Any,
) -> dict[str, Any]:
    """Run a task whose module is run; told: its variables, task: attributes of the Ansible task."""
    defaults = {"async_val": 0, "check_mode": False, "diff": False, "delegate_to": None, "no_log": False, "action": "x"}
    made = SimpleNamespace(args={"name": "g"} if args is None else args, **{**defaults, **task})
    attributes: dict[str, Any] = {"ARGUMENT_RULES": rules} if rules else {}
    action_class = type(
        "ActionModule",
        (bridge.ControllerModuleAction,),
        {"module": module_of(run, **attributes), "clock": clock or FakeClock()},
    )
    over = FakeConnection() if connection is None else connection
    action = action_class(made, over, None, None, None, None)
    result: dict[str, Any] = action.run(task_vars=({"inventory_hostname": host} if host else {}) | (told or {}))
    return result


def give(**result: Any) -> Callable[[Task], dict[str, Any]]:
    return lambda task: dict(result)


def fail(exc: BaseException) -> Callable[[Task], dict[str, Any]]:
    def run(task: Task) -> dict[str, Any]:
        raise exc

    return run


def caught_by(into: list[Task], **result: Any) -> Callable[[Task], dict[str, Any]]:
    def run(task: Task) -> dict[str, Any]:
        into.append(task)
        return dict(result)

    return run


def the_task(args: dict[str, Any] | None = None, **kwargs: Any) -> Task:
    """The Task that a module's run() gets."""
    seen: list[Task] = []
    assert "failed" not in act(caught_by(seen), args, **kwargs)
    return seen[0]


# What run() is given


class Tagged(str):
    """Stands for the subclasses of str that Ansible wraps values in."""

    __slots__ = ()

    def __str__(self) -> str:
        return "not me"


class TaggedInt(int):
    """Likewise for int."""


class TaggedFloat(float):
    """Likewise for float."""


class TaggedList(list):  # type: ignore[type-arg]
    """Likewise for list."""


class TaggedDict(dict):  # type: ignore[type-arg]
    """Likewise for dict."""


def types_in(value: Any) -> set[type]:
    found = {type(value)}
    if isinstance(value, dict):
        return found.union(*(types_in(item) for pair in value.items() for item in pair))
    if isinstance(value, list):
        return found.union(*(types_in(item) for item in value))
    return found


def test_parameters_are_complete_and_coerced() -> None:
    assert the_task({"name": "g", "limit": "90", "nodes": [{"name": "b"}]}).params == {
        "name": "g",
        "state": "online",
        "timeout": 90,
        "limit": "90",
        "token": None,
        "nodes": [{"name": "b", "key": None}],
        "other": None,
    }


def test_tagged_values_become_plain_ones_all_the_way_down() -> None:
    tagged = TaggedDict(
        {
            Tagged("name"): Tagged("g"),
            Tagged("timeout"): TaggedInt(9),
            Tagged("other"): TaggedDict(
                {
                    Tagged("list"): TaggedList(
                        [Tagged("a"), TaggedInt(1), TaggedFloat(1.5), True, None, (Tagged("b"),)]
                    ),
                    Tagged("day"): datetime.date(2009, 8, 27),
                }
            ),
        }
    )
    params = the_task(tagged).params
    assert params["name"] == "g"
    assert params["other"] == {"list": ["a", 1, 1.5, True, None, ["b"]], "day": "2009-08-27"}
    assert types_in(params) <= {dict, list, str, int, float, bool, type(None)}


def test_real_tagged_values_of_core() -> None:
    datatag = pytest.importorskip("ansible.module_utils._internal._datatag")
    tags = pytest.importorskip("ansible._internal._datatag._tags")
    value = datatag.AnsibleTagHelper.tag({"name": "g"}, tags.TrustedAsTemplate())
    value["name"] = datatag.AnsibleTagHelper.tag("g", tags.TrustedAsTemplate())
    assert types_in(value["name"]) != {str}
    assert types_in(the_task(value).params["name"]) == {str}


@pytest.mark.parametrize(
    ("host", "delegate_to", "name"),
    [
        ("nodea", None, "nodea"),
        ("nodea", "nodeb", "nodeb"),
        ("nodea", Tagged("nodeb"), "nodeb"),
        (None, None, "the node"),
    ],
)
def test_the_node_has_the_name_of_the_host_that_is_connected_to(host: str | None, delegate_to: Any, name: str) -> None:
    task = the_task(host=host, delegate_to=delegate_to)
    assert task.node.name == name
    assert types_in(task.node.name) == {str}


@pytest.mark.parametrize("check_mode", [True, False])
def test_check_mode_reaches_the_node(check_mode: bool) -> None:
    task = the_task(check_mode=check_mode)
    assert task.check_mode is check_mode
    assert task.node.check_mode is check_mode


def test_credentials_are_those_of_the_connection() -> None:
    credentials = the_task().credentials
    assert credentials is not None
    assert (credentials.user, credentials.password) == ("LAB\\admin", PASSWORD)
    assert PASSWORD not in repr(credentials)
    assert the_task(connection=FakeConnection(password=None)).credentials is None


# The channel


def test_commands_run_over_the_connection() -> None:
    def run(task: Task) -> dict[str, Any]:
        first = task.node.read_line("ver", timeout=7)
        second = task.node.act_line("more", timeout=8, stdin=b"x")
        task.node.channel.reset()
        return {"first": first.stdout, "second": [second.rc, second.stdout, second.stderr]}

    connection = FakeConnection((0, "città".encode(), b""), (3, b"o\xff", b"e"))
    result = act(run, connection=connection)
    assert connection.lines == [("ver", None, 7), ("more", b"x", 8)]
    assert connection.resets == 1
    assert result == {"first": "città", "second": [3, "o�", "e"], "changed": False, "commands": ["more"]}


@pytest.mark.parametrize(
    ("raised", "reason", "started", "silent"),
    [
        (AnsibleConnectionFailure("a:5985: login refused."), "a:5985: login refused.", False, False),
        (Silent("a:5985: no WinRM answer."), "a:5985: no WinRM answer.", False, True),
        (Lost("a:5985: the connection was lost"), "a:5985: the connection was lost", True, False),
    ],
)
def test_a_lost_connection_is_a_lost_channel(raised: Exception, reason: str, started: bool, silent: bool) -> None:
    channel = bridge.WinrsChannel("nodea", FakeConnection(raised))
    with pytest.raises(ChannelLost) as caught:
        channel.run("ver", stdin=None, timeout=5)
    assert (caught.value.node, caught.value.reason, caught.value.started) == ("nodea", reason, started)
    assert caught.value.silent is silent
    assert caught.value.__suppress_context__


# Results


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"changed": False, "commands": []}),
        ({"changed": True, "rc": 0}, {"changed": True, "rc": 0, "commands": []}),
        ({"rc": 3010}, {"rc": 3010, "failed": False}),
        ({"rc": None}, {"rc": None, "failed": False}),
        ({"commands": ["own"]}, {"changed": False, "commands": ["own"]}),
        ({"x": [1, {"y": None, "z": [1.5, "t", True]}]}, {"x": [1, {"y": None, "z": [1.5, "t", True]}]}),
    ],
)
def test_results(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert act(give(**given)) == {"changed": False, "commands": [], **expected}


class Colour(str, enum.Enum):
    """A str by inheritance, and still no JSON."""

    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"state": Result(0)}, "result.state is of type Result"),
        ({"states": [1, {2}]}, "result.states[1] is of type set"),
        ({"a": {"b": b"x"}}, "result.a.b is of type bytes"),
        ({"a": (1, 2)}, "result.a is of type tuple"),
        ({"a": Colour.RED}, "result.a is of type Colour"),
        ({"a": {1: 2}}, "result.a has the key 1 of type int"),
        ({"at": datetime.date(2009, 8, 27)}, "result.at is of type date"),
        ({"e": ValueError("x")}, "result.e is of type ValueError"),
    ],
)
def test_only_json_may_be_returned(shown: Shown, value: dict[str, Any], text: str) -> None:
    result = act(give(**value))
    assert result["failed"]
    assert "BadReturn in plugins/plugin_utils/_controller_module.py:" in result["msg"]
    assert text in result["msg"]


@pytest.mark.parametrize("value", [None, [], "text"])
def test_a_result_that_is_no_dict_is_a_defect(shown: Shown, value: Any) -> None:
    result = act(lambda task: value)
    assert result["failed"]
    assert f"the result is of type {type(value).__name__}" in result["msg"]


def test_subclasses_of_str_are_made_plain() -> None:
    assert types_in(act(give(x=Tagged("a"), y=TaggedInt(4)))) == {dict, list, str, int, bool}


# Diff


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"before": {"owner": "a"}, "after": {"owner": "b"}},
            {"before": '{\n  "owner": "a"\n}\n', "after": '{\n  "owner": "b"\n}\n'},
        ),
        ({"before": "old", "after": "new"}, {"before": "old\n", "after": "new\n"}),
        ({"before": [1], "after": []}, {"before": "[\n  1\n]\n", "after": "[]\n"}),
        ({"before": {"a": 1}}, None),
        ({"before": {"a": 1}, "after": None}, None),
        ({}, None),
    ],
)
def test_diff(given: dict[str, Any], expected: dict[str, str] | None) -> None:
    headers = {"before_header": "nodea: cluster_group", "after_header": "nodea: cluster_group"}
    assert act(give(**given), diff=True).get("diff") == (expected and {**headers, **expected})
    assert "diff" not in act(give(**given), diff=False)


def test_a_diff_of_the_modules_own_is_kept() -> None:
    assert act(give(before=1, after=2, diff={"prepared": "x"}), diff=True)["diff"] == {"prepared": "x"}


# Refusals before run()


def never(task: Task) -> dict[str, Any]:
    raise AssertionError("run() was called")


FULL = "mailops.exchange2007.cluster_group"


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({}, "missing required arguments: name"),
        ({"name": "g", "state": "up"}, "value of state must be one of: online, offline, got: up"),
        (
            {"name": "g", "nmae": "x"},
            "unsupported parameters: nmae. Supported parameters include: name, nodes, other, state, timeout, token (",
        ),
        (
            {"name": "g", "timeout": "soon"},
            "argument 'timeout' is of type str and we were unable to convert to int:",
        ),
    ],
)
def test_wrong_parameters_are_one_line(args: dict[str, Any], text: str) -> None:
    connection = FakeConnection()
    result = act(never, args, connection=connection)
    assert result["failed"] is True
    assert result["changed"] is False
    assert result["msg"].startswith(f"{FULL}: ")
    assert result["msg"].endswith(f". See: ansible-doc {FULL}")
    assert "\n" not in result["msg"]
    assert text.lower() in result["msg"].replace('"', "'").replace("<class '", "").replace("'>", "").lower()
    assert connection.lines == []


@pytest.mark.parametrize(
    ("rules", "args", "text"),
    [
        (
            {"mutually_exclusive": [("state", "token")]},
            {"name": "g", "state": "online", "token": TOKEN},
            "mutually exclusive",
        ),
        ({"required_if": [("state", "offline", ("token",))]}, {"name": "g", "state": "offline"}, "state is offline"),
        ({"required_together": [("name", "token")]}, {"name": "g"}, "required together: name, token"),
        ({"required_one_of": [("token", "nodes")]}, {"name": "g"}, "one of the following is required: token, nodes"),
    ],
)
def test_rules_of_the_module_count(rules: dict[str, Any], args: dict[str, Any], text: str) -> None:
    assert text in act(never, args, rules=rules)["msg"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"seconds": "soon"}, "soon"),
        ({"pause": "brief"}, "brief"),
        ({"numbers": ["four"]}, "four"),
        ({"flag": "?"}, "?"),
    ],
)
def test_a_value_that_cannot_be_converted_is_named(given: dict[str, Any], named: str) -> None:
    """By every ansible-core; some name only integers, and older ones none."""
    spec = {
        "seconds": {"type": "int"},
        "pause": {"type": "float"},
        "numbers": {"type": "list", "elements": "int"},
        "flag": {"type": "bool"},
    }
    assert named in bridge.validate(cast("Any", SimpleNamespace(ARGUMENT_SPEC=spec)), given).problem


def test_a_secret_that_cannot_be_converted_is_not_added() -> None:
    """No more of it than Ansible says, which the bridge masks."""
    spec = {"pin": {"type": "float", "no_log": True}}
    assert "hush" not in bridge.validate(cast("Any", SimpleNamespace(ARGUMENT_SPEC=spec)), {"pin": "hush"}).problem


def test_all_problems_are_named_at_once() -> None:
    text = act(never, {"state": "up", "timeout": "soon"})["msg"]
    assert "missing required arguments: name" in text
    assert "got: up" in text


def test_a_parameter_given_twice_is_a_warning() -> None:
    assert act(give(), {"name": "g", "timeout": 1, "limit": 2})["warnings"] == [
        "timeout was given twice, also as limit."
    ]


@pytest.mark.parametrize("transport", ["ssh", "ansible.builtin.winrm", "local"])
def test_other_connections_are_refused(transport: str) -> None:
    connection = SimpleNamespace(transport=transport, _shell=SimpleNamespace(tmpdir=None))
    assert act(never, connection=connection) == {
        "failed": True,
        "changed": False,
        "commands": [],
        "msg": f"{FULL} runs over the connection mailops.exchange2007.winrs, but nodea uses {transport}. Set "
        "ansible_connection: mailops.exchange2007.winrs for it.",
    }


def test_async_is_refused() -> None:
    result = act(never, async_val=600)
    assert result["failed"]
    assert result["msg"] == (
        f"{FULL} does not run with async: long work goes on by itself on the node, and running the task again joins "
        "it. Remove async and poll."
    )


# Failures


def test_a_failure_keeps_its_fields() -> None:
    def run(task: Task) -> dict[str, Any]:
        task.node.act_line("cluster.exe group g /online", timeout=5)
        raise Failure("bringing g online", "nodea", "5 ERROR:\r\n access denied.", "Use it.", changed=True, rc=5, x=[1])

    assert act(run) == {
        "failed": True,
        "changed": True,
        "refused": None,
        "msg": "bringing g online on nodea failed: 5 ERROR: access denied. Use it.",
        "doing": "bringing g online",
        "target": "nodea",
        "seen": "5 ERROR:\r\n access denied.",
        "advice": "Use it.",
        "rc": 5,
        "x": [1],
        "commands": ["cluster.exe group g /online"],
    }


def test_a_refusal_names_its_rule_and_changes_nothing() -> None:
    result = act(fail(Refusal("R1", "upgrading", "nodea", "It owns g.", "Move g away.", groups=["g"])))
    assert result["refused"] == "R1"
    assert result["changed"] is False
    assert result["groups"] == ["g"]
    assert result["msg"] == "Refused (R1): upgrading on nodea. It owns g. Move g away."


def test_a_failures_data_can_not_replace_its_message() -> None:
    result = act(fail(Failure("a", "b", "c", "d", msg="other", failed=False, refused="x", commands=["y"])))
    assert result["failed"] is True
    assert result["msg"] == "a on b failed: c d"
    assert result["refused"] is None
    assert result["commands"] == []


def test_a_failure_whose_data_is_no_json_is_a_defect(shown: Shown) -> None:
    assert "result.state is of type Result" in act(fail(Failure("a", "b", "c", "d", state=Result(0))))["msg"]


def test_nothing_started_makes_the_host_unreachable() -> None:
    connection = FakeConnection(AnsibleConnectionFailure("a:5985: no WinRM answer.\r\nCheck it."))
    with pytest.raises(AnsibleConnectionFailure) as caught:
        act(lambda task: {"x": task.node.read_line("ver").rc}, connection=connection)
    assert str(caught.value) == "a:5985: no WinRM answer. Check it."
    assert caught.value.__suppress_context__


def test_a_play_may_take_a_lost_node_for_a_failure() -> None:
    connection = FakeConnection(AnsibleConnectionFailure("a:5985: no WinRM answer.\r\nCheck it."))
    told = {"upgrade_lost_node_fails": True}
    result = act(lambda task: {"x": task.node.read_line("ver").rc}, connection=connection, told=told)
    assert result["failed"] is True
    assert result["msg"] == "nodea can't be reached: a:5985: no WinRM answer. Check it."


@pytest.mark.parametrize("changes", [True, False])
def test_an_unknown_end_is_a_failure_that_says_so(changes: bool) -> None:
    def run(task: Task) -> dict[str, Any]:
        (task.node.act_line if changes else task.node.read_line)("setup", timeout=9)
        return {}

    result = act(run, connection=FakeConnection(Lost("a:5985: the connection was lost")))
    assert result == {
        "failed": True,
        "changed": changes,
        "commands": ["setup"] if changes else [],
        "msg": f"{FULL} on nodea: a:5985: the connection was lost. How the command ended is unknown. Running this "
        "again is safe: what is done already is seen and skipped.",
    }


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (
            Unquotable('a"b', "it holds a double quote"),
            f"{FULL} on nodea: 'a\"b' cannot be passed through cmd.exe: it holds a double quote. "
            "Use a value without it.",
        ),
        (AnsibleError("code page 65001 is refused."), f"{FULL} on nodea: code page 65001 is refused."),
    ],
)
def test_other_failures_are_one_line(raised: Exception, text: str) -> None:
    result = act(fail(raised))
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, text)


def test_a_name_in_another_code_page_is_refused_before_anything_is_sent() -> None:
    connection = FakeConnection()
    connection.get_option = lambda name: {"codepage": 437}[name]  # type: ignore[attr-defined]
    result = act(lambda task: {"rc": task.node.read(["sc", "query", "A & Łódź"]).rc}, connection=connection)
    assert connection.lines == []
    assert result["msg"] == (
        f"{FULL} on nodea: 'A & Łódź' cannot be passed through cmd.exe: code page 437 has no 'Ł' (U+0141). "
        "Use a value without it."
    )


def test_an_act_in_check_mode_is_a_defect_and_runs_nothing(shown: Shown) -> None:
    connection = FakeConnection()
    result = act(lambda task: {"rc": task.node.act_line("x", timeout=5).rc}, connection=connection, check_mode=True)
    assert connection.lines == []
    assert "stopped at a defect of this collection: ActInCheckMode" in result["msg"]
    assert result["commands"] == []


def module_file(tmp_path: Path, body: str) -> Any:
    path = tmp_path / "plugins" / "modules" / "cluster_group.py"
    path.parent.mkdir(parents=True)
    path.write_text(f"def run(task):\n{body}\n")
    spec = importlib.util.spec_from_file_location("cluster_group", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_defect_is_one_line_with_type_and_place_and_the_rest_at_vvv(tmp_path: Path, shown: Shown) -> None:
    module = module_file(tmp_path, "    task.node.act_line('x', timeout=5)\n    return {}['owner']")
    result = act(module.run)
    assert result["msg"] == (
        f"{FULL} on nodea stopped at a defect of this collection: KeyError in plugins/modules/cluster_group.py:3, run: "
        "'owner'. Running it again is safe; please report it (-vvv)."
    )
    assert result["changed"] is True
    assert shown.lines == []
    assert "Traceback" in shown.verbose[0]


def test_a_defect_under_no_log_shows_nothing(shown: Shown) -> None:
    act(fail(KeyError("x")), no_log=True)
    assert shown.verbose == []


def test_the_alarm_of_a_task_goes_through() -> None:
    class Alarm(BaseException):
        pass

    with pytest.raises(Alarm):
        act(fail(Alarm()))


# Secrets


def everything(value: Any) -> str:
    return repr(value)


ARGS = {"name": "g", "token": TOKEN, "nodes": [{"name": "b", "pin": "p1nn"}]}


@pytest.mark.parametrize("secret", [PASSWORD, TOKEN, "p1nn"])
@pytest.mark.parametrize(
    "run",
    [
        pytest.param(lambda s: give(x=s, y=f"a{s}b", z=[{"k": s}], before=s, after=[s]), id="result"),
        pytest.param(lambda s: fail(Failure(f"do {s}", s, f"saw {s}", s, stdout=f"x{s}", changed=True)), id="failure"),
        pytest.param(lambda s: fail(Refusal("R1", s, s, s, s, x=[s])), id="refusal"),
        pytest.param(lambda s: fail(Unquotable(s, "it is a secret")), id="unquotable"),
        pytest.param(lambda s: fail(AnsibleError(f"bad {s}")), id="error"),
        pytest.param(lambda s: fail(ChannelLost("nodea", f"lost {s}", started=True)), id="lost"),
        pytest.param(lambda s: fail(KeyError(s)), id="defect"),
    ],
)
def test_no_secret_leaves_the_bridge(shown: Shown, secret: str, run: Callable[[str], Any]) -> None:
    result = act(run(secret), ARGS, diff=True)
    assert secret not in everything(result)
    assert not any(secret in line for line in shown.lines + shown.verbose)


def test_a_node_that_is_unreachable_after_something_was_done_there_is_a_failure_that_says_changed() -> None:
    """Ansible counts an unreachable host as unchanged."""

    def run(task: Task) -> dict[str, Any]:
        task.node.act_line("md C:\\x", timeout=5)
        raise ChannelLost("nodea", "nodea: no WinRM answer", started=False)

    result = act(run)
    assert (result["failed"], result["changed"], result["commands"]) == (True, True, ["md C:\\x"])
    assert "unknown" not in result["msg"]


@pytest.mark.parametrize("secret", [PASSWORD, TOKEN, "p1nn"])
def test_no_secret_in_unreachable_progress_or_commands(shown: Shown, secret: str) -> None:
    def run(task: Task) -> dict[str, Any]:
        task.progress(f"using {secret}")
        task.node.act_line(f"schtasks /rp {secret}", timeout=5)
        return {"commands": [f"net use {secret}"]}

    assert secret not in everything(act(run, ARGS))
    assert shown.lines == ["  [nodea] 0m00s  using ********"]
    with pytest.raises(AnsibleConnectionFailure) as caught:
        act(fail(ChannelLost("nodea", f"no {secret}", started=False)), ARGS)
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "args",
    [
        {"name": "g", "token": {"a": TOKEN}, "state": "bad"},
        {"name": "g", "token": TOKEN, "state": TOKEN},
        {"name": "g", "token": TOKEN, "timeout": TOKEN},
        {"name": "g", "token": TOKEN, "nodes": [{"name": "x", "pin": [TOKEN], "other": TOKEN}]},
        {"token": TOKEN, TOKEN: 1},
    ],
)
def test_no_secret_in_what_validation_says(args: dict[str, Any]) -> None:
    result = act(never, args)
    assert result["failed"]
    assert TOKEN not in everything(result)


@pytest.mark.parametrize("password", ["1", "True", "e"])
def test_short_passwords_do_not_turn_flags_into_text(password: str) -> None:
    result = act(give(changed=True, rc=0), connection=FakeConnection(password=password))
    assert result["changed"] is True
    failure = act(fail(Failure("a", "b", "c", "d")), connection=FakeConnection(password=password))
    assert failure["failed"] is True
    assert failure["changed"] is False


@pytest.mark.parametrize("password", ["", None])
def test_no_password_scrubs_nothing(password: str | None) -> None:
    assert act(give(x="some text"), connection=FakeConnection(password=password))["x"] == "some text"


# Progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0m00s"), (59.9, "0m59s"), (60, "1m00s"), (724, "12m04s"), (3600, "1h00m00s"), (7503, "2h05m03s")],
)
def test_progress_names_host_and_elapsed_time(shown: Shown, seconds: float, text: str) -> None:
    def run(task: Task) -> dict[str, Any]:
        task.clock.sleep(seconds)
        task.progress("Setup: Copying\r\nExchange files")
        return {}

    act(run, delegate_to="nodeb")
    assert shown.lines == [f"  [nodeb] {text}  Setup: Copying Exchange files"]


def test_no_log_tasks_show_no_progress(shown: Shown) -> None:
    def run(task: Task) -> dict[str, Any]:
        task.progress("hello")
        return {}

    act(run, no_log=True)
    assert shown.lines == []


# Small parts


@pytest.mark.parametrize(
    ("text", "line"),
    [("a", "a"), ("a\r\n b \n\n c\n", "a b c"), ("two  blanks", "two  blanks"), ("\n", ""), ("", "")],
)
def test_one_line(text: str, line: str) -> None:
    assert bridge.one_line(text) == line


@pytest.mark.parametrize(
    ("spec", "args", "found"),
    [
        ({"a": {"no_log": True}}, {"a": "x"}, {"x"}),
        ({"a": {"no_log": True}}, {"a": 5}, {"5"}),
        ({"a": {"no_log": True}}, {"a": ["x", {"k": "y"}]}, {"x", "y"}),
        ({"a": {"no_log": True}}, {"a": ""}, set()),
        ({"a": {"no_log": True}}, {"a": True}, set()),
        ({"a": {"no_log": True, "aliases": ["b"]}}, {"b": "x"}, {"x"}),
        ({"a": {"options": {"p": {"no_log": True}}}}, {"a": {"p": "x"}}, {"x"}),
        ({"a": {"options": {"p": {"no_log": True}}}}, {"a": "no dict"}, set()),
        ({"a": {"no_log": False}}, {"a": "x"}, set()),
        ({"a": {"no_log": True}}, {}, set()),
    ],
)
def test_no_log_values(spec: dict[str, Any], args: dict[str, Any], found: set[str]) -> None:
    assert bridge.no_log_values(spec, args) == found


def test_the_place_of_nothing() -> None:
    assert bridge.place_of(None) == "an unknown place"


# The shims


ACTIONS = Path(bridge.__file__).parents[1] / "action"
MODULES = ACTIONS.parent / "modules"


NEEDS_NO_NODE = {"upgrade_report", "migration_report"}  # they write a file on the controller


@pytest.mark.parametrize(
    "path",
    sorted(path for path in ACTIONS.glob("[a-z]*.py") if path.stem not in NEEDS_NO_NODE),
    ids=lambda path: path.stem,
)
def test_every_action_is_a_shim_over_the_module_of_its_name(path: Path) -> None:
    if not (MODULES / path.name).exists():
        pytest.fail(f"plugins/action/{path.name} has no module")
    name = f"ansible_collections.mailops.exchange2007.plugins.action.{path.stem}"
    action = importlib.import_module(name).ActionModule
    assert issubclass(action, bridge.ControllerModuleAction)
    assert action.module.__name__.endswith(f".modules.{path.stem}")
    assert isinstance(action.module.ARGUMENT_SPEC, dict)
    assert callable(action.module.run)
