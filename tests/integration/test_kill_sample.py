# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fixed sample of the kill matrix (make kill-matrix): moments that test_resume.py has nothing like.

The lab stands still at the moment, the controller is killed with everything below it, and the second run begins while
what was under way goes on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.tests.kill.case import Setting, killed

HERE = Path(__file__).resolve().parent
HALF_WAY = Setting(HERE / "topologies" / "kill.yml", "sp2")


def moment(when: str, match: str, host: str = "NODEB") -> dict[str, Any]:
    return {"when": when, "host": host, "match": match}


CASES = {
    "the order to move it has arrived": moment("before", "Move-ClusteredMailboxServer (?!.*-ValidateOnly)"),
    "Setup is ordered and has not begun": moment("before", r"mailops-upgradecms-sp2\\job\.cmd$"),
    "the CMS is being started": moment("first", "Start-ClusteredMailboxServer"),
    "the last node boots": moment("event", "^power boot", "NODEA"),
}


@pytest.mark.parametrize("when", CASES.values(), ids=CASES)
def test_a_second_run_ends_well(tmp_path: Path, when: dict[str, Any]) -> None:
    outcome = killed(HALF_WAY, when, tmp_path)
    assert outcome.troubles == []
    assert (outcome.runs, outcome.refusals) == ([0], [])
