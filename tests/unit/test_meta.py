# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What galaxy.yml, meta/ and requirements/ say agrees with what the checkout holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
LICENCES = {"plugins/module_utils": "BSD-2-Clause"}  # everywhere else:
LICENCE = "GPL-3.0-or-later"
SOURCES = sorted(
    path.relative_to(ROOT)
    for folder in ("playbooks", "plugins", "tests", "tools", "roles")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != "__init__.py" or path.read_text(encoding="utf-8").strip()
)


def read(name: str) -> Any:
    """The YAML file of that name."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def pins(name: str) -> dict[str, str]:
    """Package to version, as a requirements file pins them."""
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    wanted = [line.split("#")[0].strip() for line in lines]
    return dict(line.split("==") for line in wanted if line and not line.startswith("-"))


def test_every_module_is_in_the_action_group() -> None:
    """module_defaults: group/mailops.exchange2007.all reaches all modules."""
    assert read("meta/runtime.yml")["action_groups"]["all"] == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_every_module_runs_on_the_controller(module: str) -> None:
    """A module without its action plugin would be copied to a node that cannot run Python."""
    assert (ROOT / "plugins" / "action" / f"{module}.py").is_file()


def test_no_action_plugin_without_a_module() -> None:
    """Ansible finds the documentation of an action plugin in the module of that name."""
    actions = {path.stem for path in (ROOT / "plugins" / "action").glob("*.py")} - {"__init__"}
    assert actions <= set(MODULES)


def test_execution_environment_installs_the_controllers_packages() -> None:
    """ansible-builder reads requirements.txt, which allows what the tests are pinned to."""
    assert read("meta/execution-environment.yml")["dependencies"]["python"] == "requirements.txt"
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    needed = {match.lower() for match in re.findall(r"^([A-Za-z0-9_-]+)", text, re.MULTILINE)}
    assert needed <= {name.lower() for name in pins("core.txt")}


def test_every_requirement_is_pinned_once() -> None:
    """Core and development pins do not overlap, so they cannot contradict each other."""
    assert not pins("core.txt").keys() & pins("dev.txt").keys()
    assert all(
        re.fullmatch(r"[0-9][0-9A-Za-z.]*", version) for version in (pins("core.txt") | pins("dev.txt")).values()
    )


def test_galaxy_has_what_inclusion_asks_for() -> None:
    """Namespace and name, tags, licences, a readme; and no dependency that would have to be fetched."""
    galaxy = read("galaxy.yml")
    assert (galaxy["namespace"], galaxy["name"]) == ("mailops", "exchange2007")
    assert re.fullmatch(r"\d+\.\d+\.\d+(-\w+)?", galaxy["version"])
    assert set(galaxy["license"]) == {LICENCE, *LICENCES.values()}
    assert {"windows", "cluster", "infrastructure"} <= set(galaxy["tags"])
    assert galaxy["dependencies"] == {}


@pytest.mark.parametrize("licence", [LICENCE, *LICENCES.values()])
def test_licence_texts_are_there(licence: str) -> None:
    """Each licence that a file header names can be read in LICENSES/."""
    assert (ROOT / "LICENSES" / f"{licence}.txt").stat().st_size > 1000


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_every_source_names_its_licence(source: Path) -> None:
    """module_utils are BSD, the rest is GPL, and each file says so in its first lines."""
    expected = next((text for folder, text in LICENCES.items() if source.is_relative_to(folder)), LICENCE)
    head = (ROOT / source).read_text(encoding="utf-8").splitlines()[:4]
    assert f"# SPDX-License-Identifier: {expected}" in head
