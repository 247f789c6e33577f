# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of single modules share: calls that are compared with the lab's own record, and check mode."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # pytest reads this file before pytest-ansible has made Ansible's own importer ready
    from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab

Module = Callable[..., dict[str, Any]]
COLLECTION = "mailops.exchange2007"


@pytest.fixture(scope="module")
def pair(start_lab: Callable[..., Lab]) -> Lab:
    """A CCR pair for the tests of one file that change something."""
    return start_lab()


@pytest.fixture
def honest(module: Module) -> Module:
    """Call a module that must succeed; `changed` and `commands` must be what the lab says."""

    def call(lab: Lab, host: str, name: str, /, **arguments: Any) -> dict[str, Any]:
        before = acts(lab)
        result = module(lab, host, name, **arguments)
        assert not result.get("failed"), result
        acted = acts(lab)[len(before) :]
        assert result["changed"] == bool(acted), acted
        assert len(result["commands"]) == len(acted), (result["commands"], acted)
        return result

    return call


@pytest.fixture
def refused(module: Module) -> Callable[..., dict[str, Any]]:
    """Call a module that must fail with these words in one line, having changed nothing."""

    def call(lab: Lab, host: str, name: str, /, *words: str, **arguments: Any) -> dict[str, Any]:
        before = acts(lab)
        result = module(lab, host, name, **arguments)
        failed(result, *words)
        assert not result["changed"], result
        assert acts(lab) == before
        return result

    return call


# ServerManagerCmd and certutil answer into files; each reading removes its own.
_SCRATCH = re.compile(r"\\Temp\\mailops-[0-9a-f]{8}[.-]", re.IGNORECASE)


def acts(lab: Lab) -> list[str]:
    """The command lines that changed something so far, the answer files of readings excepted."""
    truth = lab.truth()
    lasting = {event["command"] for event in truth["timeline"] if not _scratch(event)}
    found: dict[int, str] = {}
    tops: dict[str, dict[str, Any]] = {}
    for command in truth["commands"]:
        if command["top"]:
            tops[command["host"]] = command
        top = tops.get(command["host"], command)
        if command["id"] in lasting and top["logon"] != "interactive":
            found[top["id"]] = f"{top['host']}: {top['line']}"
    return list(found.values())


def _scratch(event: dict[str, Any]) -> bool:
    return event["kind"] == "file" and _SCRATCH.search(f"{event['what']} {event['detail']}") is not None


def left_behind(lab: Lab, host: str) -> list[str]:
    """Files of ours in the host's Temp folder, after everything."""
    from ansible_collections.mailops.exchange2007.tests.integration.truths import ask

    listing = ask(lab, "run", host=host, line=r"dir /b %SystemRoot%\Temp")["stdout"]
    return [name for name in str(listing).split() if name.startswith("mailops-")]


def failed(result: dict[str, Any], *words: str) -> None:
    """It failed, and says so in one line with all of the words, and not as a defect."""
    assert result.get("failed"), result
    assert "\n" not in result["msg"]
    assert [word for word in words if word not in result["msg"]] == [], result["msg"]
    assert not re.search(r"Traceback|defect of this collection", result["msg"]), result["msg"]


@contextmanager
def struck(lab: Lab, fault: str, **fields: str) -> Iterator[None]:
    """A fault that is armed within, strikes at least once, and is disarmed at the end."""
    from ansible_collections.mailops.exchange2007.tests.integration.truths import ask

    ask(lab, "inject", fault=fault, fields={"count": "0", **fields})
    try:
        yield
        assert any(armed["struck"] for armed in lab.truth()["faults"]), f"{fault} {fields} never struck"
    finally:
        ask(lab, "inject", clear=True)


@pytest.fixture
def faulty() -> Callable[..., AbstractContextManager[None]]:
    """With faulty(lab, "exit", program="cluster", rc="5"): something goes wrong, again and again."""
    return struck


@pytest.fixture(scope="module")
def foretell(playbook: Callable[..., Any]) -> Callable[..., dict[str, dict[str, Any]]]:
    """Run modules in check mode with --diff, in one play; name -> result. Nothing may change in the lab.

    tasks: (name, host, module, arguments).
    """

    def run(lab: Lab, tasks: Sequence[tuple[str, str, str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
        before = acts(lab)
        plays = [
            {
                "hosts": host,
                "gather_facts": False,
                "tasks": [{"name": name, f"{COLLECTION}.{module}": arguments, "ignore_errors": True}],
            }
            for name, host, module, arguments in tasks
        ]
        run = playbook(lab, plays, "--check", "--diff")
        assert run.code == 0, run.output
        assert acts(lab) == before
        return {name: run.results[name][host] for name, host, _module, _arguments in tasks}

    return run
