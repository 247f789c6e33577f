# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One case: a lab, a run that is killed at a moment that the lab decides, and a second run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import QuickLab, ask, console
from ansible_collections.mailops.exchange2007.tests.kill import migration
from ansible_collections.mailops.exchange2007.tests.kill.judge import Truth, troubles
from ansible_collections.mailops.exchange2007.tests.kill.processes import kill_tree

TESTS = Path(__file__).resolve().parents[1]
TOPOLOGIES = TESTS.parent / "plugins" / "plugin_utils" / "lab" / "topologies"
FAST = 600.0  # lab seconds in a real second
# The second run begins at once: it looks at what is still going on, at a speed at which its polls are as patient as
# they are in reality.
SLOW = 20.0
SLOW_SECONDS = 80.0  # lab seconds
PATIENCE = 300.0  # real seconds for a playbook, or for the moment to come
_LOOK = 0.05  # real seconds; the lab stands still, so nothing depends on it
_FOLDERS = ("C:\\WINDOWS\\Temp", "C:\\Temp", "C:\\", "D:\\")
SHORT_SETUP = {
    "setup_copy": 15, "setup_checks": 30, "setup_organization": 60, "setup_prepare": 20, "setup_remove": 60,
    "setup_prepare_files": 30, "setup_files": 100, "setup_mailbox": 130, "setup_tools": 20, "setup_finish": 20,
}  # fmt: skip


@dataclass
class Outcome:
    """How a case ended. runs: exit codes of the playbooks after the kill; seconds: real ones."""

    troubles: list[str] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether one further run was enough, and nothing speaks against the end."""
        return not self.troubles and self.runs == [0]


@dataclass(frozen=True)
class Setting:
    """What is played: a shipped topology or a file, the release, and how long the second run waits (lab seconds).

    playbook: upgrade, or migrate, for which the release plays no part.
    """

    topology: str | Path
    release: str
    rest: float = 0.0
    playbook: str = "upgrade"

    def troubles(self, truth: Truth, reference: Truth | None = None) -> list[str]:
        """What speaks against an end."""
        if self.playbook == "migrate":
            return migration.troubles(truth, reference)
        return troubles(truth, self.release, reference)

    def run(self, lab: Lab, name: str) -> Playbook:
        """Begin the playbook."""
        return Playbook(lab, self.release, name, self.playbook)


@contextmanager
def playing(setting: Setting, folder: Path) -> Iterator[Lab]:
    """The lab of a setting, with a short Setup where the topology says nothing else."""
    source = Path(setting.topology)
    source = source if source.suffix else TOPOLOGIES / f"{setting.topology}.yml"
    topology = yaml.safe_load(source.read_text(encoding="utf-8"))
    topology["durations"] = SHORT_SETUP | topology.get("durations", {})
    played = folder / source.name
    played.write_text(yaml.safe_dump(topology), encoding="utf-8")
    with QuickLab.running(str(played), folder / "inventory.yml", FAST) as lab:
        yield lab


class Playbook:
    """A running ansible-playbook."""

    def __init__(self, lab: Lab, release: str, name: str, playbook: str = "upgrade", **more: Any) -> None:
        """more: further variables."""
        variables = {"upgrade": _upgrade, "migrate": _migrate}[playbook](lab, release) | more
        self._output = lab.inventory.parent / f"{name}.txt"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ansible", "playbook", *_words(lab, playbook, variables)],
                cwd=lab.inventory.parent,
                env=_environment(lab.inventory.parent),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait(self) -> int:
        """Its exit code, when it has ended."""
        try:
            return self._process.wait(PATIENCE)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL for it and everything below it."""
        if self.running():
            kill_tree(self._process.pid)
            self._process.wait()

    def complaints(self) -> list[str]:
        """What it said of its failures."""
        said = self._output.read_text(encoding="utf-8", errors="replace")
        found = re.findall(r"^(?:fatal|\[ERROR\]|ERROR).*$", said, re.MULTILINE)
        return [line[:600] for line in found] or said.splitlines()[-5:]


def _words(lab: Lab, playbook: str, variables: dict[str, Any]) -> list[str]:
    return [f"mailops.exchange2007.{playbook}", "-i", str(lab.inventory), "-e", json.dumps(variables)]


def _upgrade(lab: Lab, release: str) -> dict[str, Any]:
    return {
        "upgrade_release": release,
        "upgrade_media": rf"D:\media\{release}",
        "upgrade_poll": 0.2,
        "upgrade_copy_interval": 0.05,
        "upgrade_report_dir": str(lab.inventory.parent / "reports"),
    }


def _migrate(lab: Lab, _release: str) -> dict[str, Any]:
    return {
        "migration_source": "MAIL-OLD",
        "migration_target": "MAIL-NEW",
        "migration_batch_size": 4,
        "migration_poll": 0.2,
        "migration_copy_interval": 0.05,
        "migration_public_folder_poll": 0.2,
        "migration_report_dir": str(lab.inventory.parent / "reports"),
    }


def _environment(folder: Path) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    config = {"ANSIBLE_CONFIG": str(TESTS / "ansible.cfg"), "ANSIBLE_HOME": str(folder / "ansible")}
    return own | config | {"ANSIBLE_NOCOLOR": "1"}


def undisturbed(setting: Setting, folder: Path) -> Truth:
    """The ground truth of a run that nobody disturbs. Raises RuntimeError when even that one does not end well."""
    with playing(setting, folder) as lab:
        playbook = setting.run(lab, "undisturbed")
        code = playbook.wait()
        truth = whole_truth(lab)
    wrong = setting.troubles(truth) + ([f"exit code {code}", *playbook.complaints()] if code else [])
    if wrong:
        raise RuntimeError(f"the undisturbed run did not end well: {'; '.join(wrong)}")
    return truth


def killed(setting: Setting, moment: dict[str, Any], folder: Path, reference: Truth | None = None) -> Outcome:
    """Kill a run at the moment, run again, judge."""
    begun = time.monotonic()
    outcome = Outcome()
    with playing(setting, folder) as lab:
        if kill_at(lab, setting, moment):
            second_runs(lab, setting, outcome)
            truth = whole_truth(lab)
            outcome.troubles = setting.troubles(truth, reference)
            (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
        else:
            outcome.troubles = ["the first run ended before the moment came"]
    outcome.seconds = round(time.monotonic() - begun, 1)
    return outcome


def kill_at(lab: Lab, setting: Setting, moment: dict[str, Any]) -> bool:
    """Run until the lab stands still at the moment, and kill the controller; False when the moment never came.

    Then what was going on in the lab goes on, but its clock stands.
    """
    ask(lab, "hold", **moment)
    playbook = setting.run(lab, "killed")
    try:
        while playbook.running() and not ask(lab, "held")["reached"]:
            time.sleep(_LOOK)
        reached = bool(ask(lab, "held")["reached"])
    finally:
        playbook.kill()
    ask(lab, "let_go", speed=0.0 if reached else FAST)
    return reached


def second_runs(lab: Lab, setting: Setting, outcome: Outcome) -> None:
    """Run again while what was under way goes on; and once more if the run said so."""
    if setting.rest:
        _pass(lab, setting.rest, FAST)
        ask(lab, "let_go", speed=0.0)
    second = setting.run(lab, "second")
    try:
        _follow(lab, second)
    finally:
        outcome.runs.append(second.wait())
    if outcome.runs == [0]:
        return
    outcome.refusals = second.complaints()
    outcome.runs.append(setting.run(lab, "third").wait())


def _follow(lab: Lab, playbook: Playbook) -> None:
    """The clock goes when the run asks the first time, slowly at first."""
    before = ask(lab, "held")["requests"]
    while playbook.running() and ask(lab, "held")["requests"] == before:
        time.sleep(_LOOK)
    start = ask(lab, "let_go", speed=SLOW)["now"]
    while playbook.running() and ask(lab, "held")["now"] < start + SLOW_SECONDS:
        time.sleep(_LOOK)
    ask(lab, "let_go", speed=FAST)


def _pass(lab: Lab, seconds: float, speed: float) -> None:
    start = ask(lab, "let_go", speed=speed)["now"]
    while ask(lab, "held")["now"] < start + seconds:
        time.sleep(_LOOK)


def whole_truth(lab: Lab) -> Truth:
    """The ground truth, and what lies in the folders where something could have been left."""
    truth = lab.truth()
    for name, host in truth["hosts"].items():
        if host["power"] == "on":
            host["files"] = {folder: console(lab, name, f'dir /b /a "{folder}"').split("\n") for folder in _FOLDERS}
    return truth
