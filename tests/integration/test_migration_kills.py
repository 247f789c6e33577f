# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fixed sample of make kill-matrix ARGS="--playbook migrate": moments of batches, and of public folders.

The lab stands still at the moment, the controller is killed with everything below it, and the second run begins while
what was under way goes on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.tests.kill.case import Setting, killed

HERE = Path(__file__).resolve().parent
MIGRATION = Setting(HERE / "topologies" / "migration.yml", "sp2", playbook="migrate")
_BATCH = r"mailops-mailbox-move-\w+\\job\.cmd$"


def moment(when: str, match: str, place: int = 1, host: str = "NEW-N1") -> dict[str, Any]:
    return {"when": when, "host": host, "match": match, "place": place}


# Every database's mailboxes are validated by a job each, then come three batches.
CASES = {
    "the first batch is ordered and has not begun": moment("before", _BATCH, 3),
    "a mailbox of the second batch has moved": moment("event", "^mailbox moved User00006"),
    "all replicas are to be moved": moment("before", r"^\(md .*MoveAllReplicas"),
    "replicas are being removed": moment("event", r"^public folder replica removed \\Sales:", host="OLD-N1"),
}


@pytest.mark.parametrize("when", CASES.values(), ids=CASES)
def test_a_second_run_ends_well(tmp_path: Path, when: dict[str, Any]) -> None:
    outcome = killed(MIGRATION, when, tmp_path)
    assert outcome.troubles == []
    assert (outcome.runs, outcome.refusals) == ([0], [])
