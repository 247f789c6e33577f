# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environment: made where it can be, refused with the remedy where it can't, linked to this checkout."""

from __future__ import annotations

import importlib.util
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.tools import build_venv

LINK = Path("collections", "ansible_collections", "mailops", "exchange2007")


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run."""
    lines: list[list[str]] = []
    monkeypatch.setattr(build_venv, "run", lambda *words: lines.append([str(word) for word in words]))
    return lines


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each environment that would have been made: with pip or without."""
    kinds: list[bool] = []

    def create(environment: Path, with_pip: bool, **others: Any) -> None:
        kinds.append(with_pip)

    monkeypatch.setattr(venv, "create", create)
    monkeypatch.setattr(build_venv, "OLDEST", (3, 10))  # so that this test runs on every Python that the product does
    return kinds


def hide(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """A Python without these modules."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in names else find(name))


def test_python_with_everything(tmp_path: Path, made: list[bool], commands: list[list[str]]) -> None:
    """The environment brings its own pip."""
    assert build_venv.create(tmp_path / "env") is None
    assert made == [True]
    assert commands == []


def test_python_without_ensurepip(
    tmp_path: Path, made: list[bool], commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pip outside puts one into the environment."""
    hide(monkeypatch, "ensurepip")
    assert build_venv.create(tmp_path / "env") is None
    assert made == [False]
    assert commands[0][1:] == ["-m", "pip", "--python", str(tmp_path / "env/bin/python"), "install", "--quiet", "pip"]


def test_python_without_ensurepip_and_pip(
    tmp_path: Path, made: list[bool], commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused, and the package of the distribution is named."""
    hide(monkeypatch, "ensurepip", "pip")
    assert "apt-get install python3-venv" in str(build_venv.create(tmp_path / "env"))
    assert made == []


def test_old_python(tmp_path: Path, made: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before anything is made; the way out is named."""
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    assert "make PYTHON=python3.11" in str(build_venv.create(tmp_path / "env"))
    assert made == []


def test_refusal_is_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commands: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """make stops there."""
    monkeypatch.setattr(sys, "argv", ["build_venv.py", str(tmp_path / "env"), "core.txt"])
    monkeypatch.setattr(build_venv, "create", lambda environment: "no way")
    assert build_venv.main() == 1
    assert capsys.readouterr().err == "no way\n"
    assert commands == []


def test_existing_environment_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commands: list[list[str]], made: list[bool]
) -> None:
    """Not made again."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.touch()
    monkeypatch.setattr(sys, "argv", ["build_venv.py", str(tmp_path), "core.txt"])
    assert build_venv.main() == 0
    assert made == []
    assert [line[-2:] for line in commands] == [["-r", "core.txt"]]


def test_checkout_is_linked_and_importable(tmp_path: Path) -> None:
    """One link, and a .pth file that names the folder above it."""
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    build_venv.link_collection(tmp_path)
    assert (tmp_path / LINK).resolve() == build_venv.CHECKOUT
    assert (packages / "mailops_exchange2007.pth").read_text() == f"{tmp_path / 'collections'}\n"


def test_link_of_a_copied_environment_is_mended(tmp_path: Path) -> None:
    """A copy of a checkout must not work on the original."""
    (tmp_path / LINK.parent).mkdir(parents=True)
    (tmp_path / LINK).symlink_to(tmp_path)
    build_venv.link_collection(tmp_path)
    assert (tmp_path / LINK).resolve() == build_venv.CHECKOUT


def test_failing_command_ends_the_run() -> None:
    """With its own exit code."""
    with pytest.raises(SystemExit) as ended:
        build_venv.run(sys.executable, "-c", "raise SystemExit(7)")
    assert ended.value.code == 7
