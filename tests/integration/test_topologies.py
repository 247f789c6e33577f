# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped topologies that are no plain CCR pair, each upgraded by the real playbook. Languages: test_languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import not_upgraded, setups


@dataclass(frozen=True)
class Case:
    """A shipped topology, and the starts of Setup that its upgrade to SP2 takes, in order."""

    topology: str
    setups: tuple[tuple[str, str], ...]


# The nodes own as much as before in the end, but not the same: each vacated node takes the next mailbox server.
CASES = (
    Case(
        "scc-2003-sp1",  # two mailbox servers on three nodes, one group under another name: 'Mail B & Archive'
        (
            ("SCC-N3", "upgrade"),
            ("SCC-N3", "upgradecms"),
            ("SCC-N1", "upgrade"),
            ("SCC-N1", "upgradecms"),
            ("SCC-N2", "upgrade"),
        ),
    ),
    Case(
        "ccr-2008-sp1",  # another Windows, a group under another name than its server, one offline
        (("W8-NODE2", "upgrade"), ("W8-NODE2", "upgradecms"), ("W8-NODE1", "upgrade")),
    ),
)


@pytest.mark.parametrize(
    ("lab", "wanted"),
    [pytest.param(case.topology, case.setups, id=case.topology) for case in CASES],
    indirect=["lab"],
)
def test_upgrade(lab: Lab, upgrade: Callable[..., Any], wanted: tuple[tuple[str, str], ...]) -> None:
    """Everything is at the release and no rule is broken; the other groups are as they were."""
    before = groups(lab)
    run = upgrade(lab)
    truth = lab.truth()
    assert run.code == 0, run.output
    assert not_upgraded(truth, "sp2") == []
    assert setups(truth) == list(wanted)
    assert groups(lab) == before


def groups(lab: Lab) -> dict[str, str]:
    """The state of every group of every cluster."""
    clusters = lab.truth()["clusters"].values()
    return {name: group["state"] for cluster in clusters for name, group in cluster["groups"].items()}
