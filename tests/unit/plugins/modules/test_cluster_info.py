# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_info: what a cluster is like, or why it can't be read."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.modules.cluster_info import run
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import Played, World, task


@pytest.mark.parametrize("check", [False, True])
def test_a_cluster(check: bool) -> None:
    channel = Played(World())
    result = run(task(channel, {"cluster": ""}, check=check))
    assert not result["changed"]
    assert result["cluster"]["name"] == "EXCLUSTER"
    assert [n["name"] for n in result["cluster"]["nodes"]] == ["NODEA", "NODEB"]
    assert len(channel.reads) == 1


def test_another_cluster() -> None:
    channel = Played(World())
    result = run(task(channel, {"cluster": "OTHER"}))
    assert (result["cluster"]["name"], result["cluster"]["unknown_because"]) == ("EXCLUSTER", [])
    assert {group["state"] for group in result["cluster"]["groups"]} == {"online"}
    assert "cluster.exe /cluster:OTHER group" in channel.reads[0]


@pytest.mark.parametrize(
    ("params", "parts"),
    [
        ({"cluster": ""}, ["on nodeb failed", "cluster node: exit code 1753", "ClusSvc"]),
        ({"cluster": "OTHER"}, ["on OTHER failed", "CredSSP"]),
    ],
)
def test_no_cluster(params: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(Failure) as failed:
        run(task(Played(World(cluster_rc=1753)), params))
    assert all(part in str(failed.value) for part in parts)
