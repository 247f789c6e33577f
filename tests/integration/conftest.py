# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the integration tests stand on: a running lab, modules called in it, playbooks run against it.

Everything that knows pytest-ansible is in this file, so that leaving it is one change. Its fixtures have no check mode
and no diff: such tests run a playbook.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # pytest reads this file before pytest-ansible has made Ansible's own importer ready
    from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab

COLLECTION = "mailops.exchange2007"
TESTS = Path(__file__).resolve().parents[1]
TOPOLOGIES = TESTS / "integration" / "topologies"
SPEED = 600.0  # simulated seconds in one real second
TIMEOUT = 900  # seconds for one playbook, on a machine that is busy with others, too
UPGRADE = f"{COLLECTION}.upgrade"
LANGUAGE = "EXCHANGE2007_TESTS_LANGUAGE"
LONGEST = ("test_readme", "test_fault_sample", "test_examples", "test_migrate", "test_languages")

Play = Callable[..., "Run"]


@pytest.fixture(autouse=True)
def orderly_end() -> None:
    """A terminated run stops its labs too. Before each test, because Ansible in this process takes the signal away."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=128 + signal.SIGTERM))


def pytest_addoption(parser: pytest.Parser) -> None:
    """--language foreign plays every lab of the suite in another language."""
    about = "language of every lab: english, or foreign (no English word in any output, code page 850, accented names)"
    parser.addoption("--language", choices=("english", "foreign"), default="english", help=about)


def pytest_configure(config: pytest.Config) -> None:
    """The environment tells it to every part of the suite, whichever process or copy of this file starts a lab."""
    os.environ[LANGUAGE] = config.getoption("--language")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, as pytest-xdist hands them out."""
    items.sort(key=lambda item: (item.path.stem not in LONGEST, item.path.parent.name == "modules"))


def running(
    topology: str | Path, inventory: Path, speed: float = SPEED, language: str | None = None
) -> AbstractContextManager[Lab]:
    """A lab, stopped at the end of the with block, whatever happens. topology: ours, a file, or a shipped one.

    language: english (the topology as it is written) or foreign; by default what the suite was started with.
    """
    from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import find
    from ansible_collections.mailops.exchange2007.tests.integration import localised
    from ansible_collections.mailops.exchange2007.tests.integration.truths import QuickLab

    ours = TOPOLOGIES / f"{topology}.yml"
    file = ours if ours.exists() else find(str(topology))
    if (language or os.environ.get(LANGUAGE)) == "foreign":
        file = localised.write(file, inventory.parent)
    return QuickLab.running(str(file), inventory, speed)


@dataclass(frozen=True)
class Run:
    """A finished ansible-playbook: exit code, standard output and error together, and the result of every task."""

    code: int
    output: str
    results: dict[str, dict[str, dict[str, Any]]]  # task name -> host -> result

    @property
    def changed(self) -> list[str]:
        """The tasks that changed something, as 'task: host'."""
        return [f"{task}: {host}" for task, hosts in self.results.items() for host in hosts if hosts[host]["changed"]]


@pytest.fixture(scope="session")
def start_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lab]]:
    """Start labs; all of them are stopped at the end of the session, whatever happens."""
    with ExitStack() as labs:

        def start(topology: str | Path = "ccr-2003-rtm", speed: float = SPEED, language: str | None = None) -> Lab:
            inventory = tmp_path_factory.mktemp("lab") / "inventory.yml"
            return labs.enter_context(running(topology, inventory, speed, language))

        yield start


@pytest.fixture(scope="session")
def untouched_lab(start_lab: Callable[..., Lab]) -> Lab:
    """One lab for every test that only looks."""
    return start_lab()


@pytest.fixture
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab of the test's own; @pytest.mark.parametrize("lab", [TOPOLOGY], indirect=True) plays another topology."""
    topology = getattr(request, "param", "ccr-2003-rtm")
    with running(topology, tmp_path / "inventory.yml") as found:
        yield found


@pytest.fixture
def module(ansible_adhoc: Any) -> Callable[..., dict[str, Any]]:
    """Call a module of the collection as a task on a node: module(lab, "nodea", "cluster_info", cluster="CLUS1")."""
    from pytest_ansible.errors import AnsibleConnectionFailure  # tests/kerberos uses this file without pytest-ansible

    def call(lab: Lab, host: str, name: str, /, **arguments: Any) -> dict[str, Any]:
        manager = ansible_adhoc(inventory=str(lab.inventory), host_pattern=host)
        try:
            answers = getattr(manager[host], f"{COLLECTION}.{name}")(**arguments)
        except AnsibleConnectionFailure as lost:
            pytest.fail(f"unreachable: {lost.dark}")  # its own text does not say why
        found: dict[str, Any] = dict(answers[host])
        return found

    return call


@pytest.fixture(scope="session")
def playbook(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Run a playbook: playbook(lab, "mailops.exchange2007.upgrade", "--check", upgrade_release="sp2").

    The playbook is a name, a file, or a list of plays. A bad end is an answer, not an exception. Variables in capital
    letters go into the environment.
    """

    def run(lab: Lab, what: str | Path | list[dict[str, Any]], *options: str, **variables: Any) -> Run:
        folder = tmp_path_factory.mktemp("playbook")
        environment = {name: variables.pop(name) for name in list(variables) if name.isupper()}
        return Running(folder, playbook_command(folder, lab, what, options, variables), environment).ended()

    return run


@pytest.fixture(scope="session")
def upgrade(playbook: Play) -> Play:
    """Run the collection's own playbook, to SP2 and with short polls: upgrade(lab, "--check", upgrade_poll=1)."""

    def run(lab: Lab, *options: str, **variables: Any) -> Run:
        return playbook(lab, UPGRADE, *options, **(quick_upgrade(lab) | variables))

    return run


@pytest.fixture
def begin_upgrade(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start the collection's own playbook beside the test, which it doesn't outlive."""
    with ExitStack() as playbooks:

        def begin(lab: Lab, *options: str, **variables: Any) -> Running:
            command = playbook_command(tmp_path, lab, UPGRADE, options, quick_upgrade(lab) | variables)
            running = Running(tmp_path, command)
            playbooks.callback(running.kill)
            return running

        yield begin


def quick_upgrade(lab: Lab) -> dict[str, Any]:
    """Variables of a run that doesn't wait longer than the lab needs. Reports go beside the inventory."""
    return {
        "upgrade_release": "sp2",
        "upgrade_media": r"D:\media\sp2",
        "upgrade_poll": 0.2,
        "upgrade_copy_interval": 0.05,
        "upgrade_report_dir": str(lab.inventory.parent / "reports"),
    }


def playbook_command(
    folder: Path, lab: Lab, what: str | Path | list[dict[str, Any]], options: tuple[str, ...], variables: dict[str, Any]
) -> list[str]:
    """The command line; plays are written into folder."""
    if isinstance(what, list):
        what, plays = folder / "playbook.yml", what
        what.write_text(json.dumps(plays), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", str(what), "-i", str(lab.inventory)]
    return [*command, "-e", json.dumps(variables), *options]


class Running:
    """An ansible-playbook that runs, in a session (process group) of its own."""

    def __init__(self, folder: Path, command: list[str], environment: dict[str, str] | None = None) -> None:
        self._log = folder / "results.jsonl"
        self._log.unlink(missing_ok=True)
        self._output = folder / "output.txt"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=playbook_environment(self._log) | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ended(self) -> Run:
        """Wait for its end."""
        try:
            code = self._process.wait(TIMEOUT)
        except BaseException:  # also where the run of the tests is ended: a playbook does not outlive it
            self.kill()
            raise
        return Run(code, self.output, read_results(self._log))

    @property
    def output(self) -> str:
        """What it printed so far, standard output and error together."""
        return self._output.read_text(encoding="utf-8")

    def is_over(self) -> bool:
        """Whether it ended by itself."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """SIGKILL for it and its workers, as when the controller loses power."""
        from ansible_collections.mailops.exchange2007.tests.kill.processes import kill_tree

        if self._process.poll() is None:
            kill_tree(self._process.pid)
            self._process.wait()


def playbook_environment(log: Path) -> dict[str, str]:
    """Nobody's own settings, no colours, and a callback that notes every result."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    return own | {
        "ANSIBLE_CONFIG": str(TESTS / "ansible.cfg"),
        "ANSIBLE_HOME": str(log.parent / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CALLBACK_PLUGINS": str(TESTS / "integration" / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "test_results",
        "TEST_RESULTS": str(log),
    }


def read_results(log: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """What the callback noted. A task that ran twice on a host counts with its last result."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    for task, host, result in map(json.loads, lines):
        found.setdefault(task, {})[host] = {"changed": False} | result
    return found
