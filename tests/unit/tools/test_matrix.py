# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other releases of ansible-core: tried where their Python is, skipped in words where it isn't."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.mailops.exchange2007.tools import matrix

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_own_python_is_found() -> None:
    """On PATH or under pyenv."""
    found = matrix.find_python(OWN)
    assert found is not None
    assert subprocess.call([found, "-c", ""]) == 0


def test_missing_python_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is no failure."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert matrix.attempt("2.16") == "skipped, Python 3.10 is not installed here"


def test_dead_shim_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pyenv puts python3.12 on PATH even when no such version is chosen."""
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    real = tmp_path / "versions" / "3.12.1" / "bin" / "python"
    real.parent.mkdir(parents=True)
    real.symlink_to(sys.executable)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: str(shim))
    assert matrix.find_python("3.12") == str(real)


def test_constraints_leave_ansible_its_own_choices() -> None:
    """Our pins count, but not for what differs from one ansible-core to the next."""
    names = {line.split("==")[0].lower() for line in matrix.constraints()}
    assert "pywinrm" in names
    assert not names & {"ansible-core", "resolvelib"}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [((0, 0, 0), "passed"), ((1, 0, 0), "FAILED: unit tests"), ((0, 1, 1), "FAILED: order, rehearsal")],
)
def test_what_fails_is_named(monkeypatch: pytest.MonkeyPatch, codes: tuple[int, ...], expected: str) -> None:
    """And the rest is still run."""
    answers = iter(codes)
    monkeypatch.setattr(matrix, "find_python", lambda version: sys.executable)
    monkeypatch.setattr(matrix, "prepare", lambda environment, python, release: True)
    monkeypatch.setattr(subprocess, "call", lambda command, **others: next(answers))
    assert matrix.attempt("2.20") == expected


@pytest.mark.parametrize(("result", "code"), [("passed", 0), ("skipped, …", 0), ("FAILED: unit tests", 1)])
def test_exit_code(monkeypatch: pytest.MonkeyPatch, result: str, code: int) -> None:
    """Only a failure counts."""
    monkeypatch.setattr(sys, "argv", ["matrix.py", "2.20"])
    monkeypatch.setattr(matrix, "attempt", lambda release: result)
    assert matrix.main() == code
