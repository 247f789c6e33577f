# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kinit of our own, against small programs that stand for it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils import _kinit

PASSWORD = "S3cr3t 50%!"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("KRB5CCNAME", "FILE:/the/users/own")


def program(tmp_path: Path, body: str) -> str:
    path = tmp_path / "kinit"
    path.write_text(f"#!{sys.executable}\nimport os, sys, json\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def caches(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("mailops-krb5-*"))


RECORD = """
json.dump({"argv": sys.argv[1:], "stdin": sys.stdin.read(), "cache": os.environ["KRB5CCNAME"],
           "lang": os.environ["LC_ALL"], "leader": os.getsid(0) == os.getpid()}, open(sys.argv[0] + ".json", "w"))
"""


@pytest.mark.parametrize(
    ("given", "argv"),
    [
        ({}, ["admin@LAB.TEST"]),
        ({"forwardable": True}, ["-f", "admin@LAB.TEST"]),
        ({"arguments": ["-l", "1h"]}, ["-l", "1h", "admin@LAB.TEST"]),
        ({"arguments": ["-l", "1h"], "forwardable": True}, ["-l", "1h", "admin@LAB.TEST"]),
    ],
)
def test_kinit_is_called_away_from_the_terminal(tmp_path: Path, given: dict[str, Any], argv: list[str]) -> None:
    command = program(tmp_path, RECORD)
    ticket = _kinit.obtain("admin@LAB.TEST", PASSWORD, command=command, **given)
    seen = json.loads(Path(f"{command}.json").read_text())
    assert seen == {
        "argv": argv,
        "stdin": f"{PASSWORD}\n",
        "cache": f"FILE:{ticket.cache}",
        "lang": "C",
        "leader": True,
    }


@pytest.mark.parametrize("before", ["FILE:/the/users/own", None])
def test_the_process_uses_the_ticket_until_it_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    if before is None:
        monkeypatch.delenv("KRB5CCNAME")
    ticket = _kinit.obtain("admin@LAB.TEST", PASSWORD, command=program(tmp_path, RECORD))
    assert os.environ["KRB5CCNAME"] == f"FILE:{ticket.cache}"
    assert stat.S_IMODE(ticket.cache.stat().st_mode) == 0o600
    ticket.drop()
    assert os.environ.get("KRB5CCNAME") == before
    assert caches(tmp_path) == []
    ticket.drop()


@pytest.mark.parametrize("first", [0, 1])
def test_two_tickets_of_one_process(tmp_path: Path, first: int) -> None:
    """Whichever goes first: the other stays in use until it goes too, and then the user's own is back."""
    command = program(tmp_path, RECORD)
    tickets = [_kinit.obtain(f"{name}@LAB.TEST", PASSWORD, command=command) for name in ("one", "two")]
    tickets[0].use()
    assert os.environ["KRB5CCNAME"] == f"FILE:{tickets[0].cache}"
    tickets[1].use()
    last = tickets.pop(1 - first)
    tickets[0].drop()
    last.use()
    assert os.environ["KRB5CCNAME"] == f"FILE:{last.cache}"
    last.drop()
    assert os.environ["KRB5CCNAME"] == "FILE:/the/users/own"
    assert caches(tmp_path) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("print('Preauthentication failed', file=sys.stderr); sys.exit(1)", "exit code 1: Preauthentication failed"),
        ("print(f'bad {sys.stdin.read()} x', file=sys.stderr); sys.exit(2)", "exit code 2: x"),
        ("print('bad', sys.stdin.readline().strip(), file=sys.stderr); sys.exit(2)", "exit code 2: bad ********"),
        ("sys.exit(3)", "exit code 3: it said nothing"),
    ],
)
def test_a_kinit_that_fails_leaves_nothing_behind(tmp_path: Path, body: str, text: str) -> None:
    with pytest.raises(_kinit.KinitFailed) as caught:
        _kinit.obtain("admin@LAB.TEST", PASSWORD, command=program(tmp_path, body))
    assert str(caught.value).endswith(text)
    assert PASSWORD not in str(caught.value)
    assert caches(tmp_path) == []
    assert os.environ["KRB5CCNAME"] == "FILE:/the/users/own"


def test_a_kinit_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        _kinit.KinitFailed, match="/nowhere/kinit was not found on the controller; install the Kerberos"
    ):
        _kinit.obtain("admin@LAB.TEST", PASSWORD, command="/nowhere/kinit")
    assert caches(tmp_path) == []


def test_a_kinit_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(argv: list[str], **kwargs: Any) -> Any:
        assert kwargs["timeout"] == 60
        raise subprocess.TimeoutExpired(argv, 60)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(_kinit.KinitFailed, match="kinit did not end within 60 s; can the controller reach the KDC"):
        _kinit.obtain("admin@LAB.TEST", PASSWORD)
    assert caches(tmp_path) == []
