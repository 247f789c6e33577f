# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of docs/faults.md: complete, and true in a fixed sample. `make fault-matrix` plays all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.faults import table
from ansible_collections.mailops.exchange2007.tests.integration.truths import not_upgraded, setups

Play = Callable[..., Any]
RUNNER = Path(__file__).resolve().parents[1] / "faults" / "run.py"
SAMPLE = [
    ("reg query", "garbage"),
    ("cluster.exe group /move", "connection lost after"),
    ("schtasks /create", "connection lost before"),
    ("schtasks /delete, after Setup", "access denied"),
    ("Setup.com /mode:upgrade", "node crashes"),
    ("powershell Stop-ClusteredMailboxServer", "node crashes"),
    ("powershell Move-ClusteredMailboxServer", "connection lost after"),
    ("powershell Move-ClusteredMailboxServer", "exit code 1"),
    ("powershell Start-ClusteredMailboxServer", "exit code 1"),
    ("Setup.com /upgradecms", "exit code 1"),
]
ALL_DONE = [("NODEB", "upgrade"), ("NODEB", "upgradecms"), ("NODEA", "upgrade")]


@pytest.fixture(scope="module")
def promised() -> table.Table:
    """What the document says."""
    return table.read(table.DOCUMENT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The runner's answer for the sample: exit code, output, and the native commands of an undisturbed run."""
    folder = tmp_path_factory.mktemp("faults")
    cells = [f"{label}={column}" for label, column in SAMPLE]
    done = subprocess.run(
        [sys.executable, str(RUNNER), "--cell", *cells, "--commands", str(folder / "commands.json")],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")},
    )
    commands = folder / "commands.json"
    lines = json.loads(commands.read_text(encoding="utf-8")) if commands.exists() else []
    return {"code": done.returncode, "output": done.stdout, "commands": lines}


def test_every_native_command_has_a_row(played: dict[str, Any]) -> None:
    assert len(played["commands"]) > 100, played["output"]
    assert {line for line in played["commands"] if table.row_of(line) is None} == set()


def test_no_row_is_left_over(played: dict[str, Any]) -> None:
    used = {row.label for row in map(table.row_of, played["commands"]) if row}
    certain_times = {label for label, row in table.COMMANDS.items() if row.window or row.after_setup}
    assert used | certain_times == set(table.COMMANDS)


def test_the_document_has_every_row_and_column(promised: table.Table) -> None:
    assert set(promised.cells) == set(table.COMMANDS)
    assert len(promised.titles) == len(set(promised.titles)) == 16


def test_every_cell_has_a_known_word_and_every_note_is_explained(promised: table.Table) -> None:
    words = {word for row in promised.cells.values() for word in row.values()}
    assert words <= {*table.WORDS, "-"}
    assert promised.used_notes == promised.notes


def test_the_sample_comes_out_as_the_document_says(played: dict[str, Any]) -> None:
    assert played["code"] == 0, played["output"]


@pytest.mark.parametrize(
    ("fault", "fields", "ends_well"),
    [
        pytest.param(
            "drop", {"host": "NODEB", "program": "schtasks", "match": "/run", "when": "after"}, True, id="lost start"
        ),
        pytest.param(
            "exit",
            {"host": "NODEB", "program": "powershell", "match": "Move-Clustered(?!.*ValidateOnly)", "count": "0"},
            False,
            id="a move that always fails in the window",
        ),
    ],
)
def test_the_same_over_winrm(lab: Lab, upgrade: Play, fault: str, fields: dict[str, str], ends_well: bool) -> None:
    """Two cells with nothing left out: ansible-playbook, WinRM and all."""
    lab.inject(fault, **fields)
    run = upgrade(lab)
    assert (run.code == 0) is ends_well, run.output
    assert "Traceback" not in run.output
    if not ends_well:
        assert lab.truth()["clusters"]["CLUS1"]["cms"]["CMS1"]["state"] == "online"  # where it was
        lab.call("inject", "--clear")
        run = upgrade(lab)
        assert run.code == 0, run.output
    truth = lab.truth()
    assert not_upgraded(truth, "sp2") == []
    assert setups(truth) == ALL_DONE
