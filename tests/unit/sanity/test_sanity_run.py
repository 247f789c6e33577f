# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sanity runner: copies what git would, and never replaces a bootstrap script that is there."""

from __future__ import annotations

import ast
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.tests.sanity import run


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout in the real one's place."""
    place = tmp_path / "checkout"
    for name, text in {"known": "1", "new": "2", "ignored": "3", "gone": "4", ".gitignore": "ignored\n"}.items():
        place.mkdir(exist_ok=True)
        (place / name).write_text(text)
    (place / run.TRANSCRIPTS).mkdir(parents=True)
    (place / run.TRANSCRIPTS / "dir.txt").write_bytes(b"\r\n")
    run.git(place, "init", "--quiet")
    run.git(place, "add", "known", "gone", ".gitignore")
    (place / "gone").unlink()
    monkeypatch.setattr(run, "CHECKOUT", place)
    monkeypatch.setattr(run, "COPY", tmp_path / "copy" / "ansible_collections" / "mailops" / "exchange2007")
    monkeypatch.setattr(run, "CACHE", tmp_path / "cache")
    return place


def test_copy_holds_what_git_would(checkout: Path) -> None:
    """Tracked and new files, not ignored ones, nothing deleted, no transcripts, nothing of an earlier copy."""
    run.COPY.mkdir(parents=True)
    (run.COPY / "stale").touch()
    run.copy_checkout()
    assert {path.name for path in run.COPY.iterdir()} == {"known", "new", ".gitignore", ".git"}


def test_copy_is_a_git_checkout_of_its_own(checkout: Path) -> None:
    """ansible-test lists the files by asking git."""
    run.copy_checkout()
    assert set(run.git(run.COPY, "ls-files").split()) == {"known", "new", ".gitignore"}


def test_release_of_pip_is_read_from_ansible_test() -> None:
    """It differs from one ansible-core to the next."""
    assert all(part.isdigit() for part in run.pip_version().split("."))


def test_blocked_download_is_no_error(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written then."""

    def blocked(*arguments: Any, **others: Any) -> None:
        raise urllib.error.URLError("blocked")

    monkeypatch.setattr(urllib.request, "urlopen", blocked)
    assert not run.download("https://example.invalid/", run.CACHE / "x.py")
    assert not run.CACHE.exists()


def test_bootstrap_script_installs_the_downloaded_wheel(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without asking an index again."""

    def fetch(command: list[str], check: bool) -> None:
        Path(command[command.index("--dest") + 1], "pip-24.2-py3-none-any.whl").touch()

    monkeypatch.setattr(subprocess, "run", fetch)
    script = run.CACHE / "get_pip_24_2.py"
    run.write_bootstrap(script, "24.2")
    text = script.read_text()
    ast.parse(text)
    assert str(run.CACHE / "pip-24.2-py3-none-any.whl") in text
    assert "--no-index" in text


@pytest.mark.parametrize("there", [True, False])
def test_existing_bootstrap_script_is_kept(checkout: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """Whoever put it there had a reason."""
    written: list[Path] = []
    script = run.CACHE / "get_pip_24_2.py"
    if there:
        run.CACHE.mkdir()
        script.write_text("mine")
    monkeypatch.setattr(run, "copy_checkout", lambda: None)
    monkeypatch.setattr(run, "pip_version", lambda: "24.2")
    monkeypatch.setattr(run, "download", lambda url, target: False)
    monkeypatch.setattr(run, "write_bootstrap", lambda target, version: written.append(target))
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: subprocess.CompletedProcess([], 0))
    assert run.main() == 0
    assert written == ([] if there else [script])
