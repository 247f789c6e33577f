# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_info: the reading, its proof, and what speaks against an upgrade."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import parse_evidence
from ansible_collections.mailops.exchange2007.plugins.modules.exchange_info import run
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import START, Played, World, task

PARAMS: dict[str, Any] = {"media": "", "release": None, "mailbox_servers": True}


def call(world: World, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    channel = Played(world)
    result = run(task(channel, {**PARAMS, **changes}, check=check))
    assert channel.done == []
    return result


@pytest.mark.parametrize("check", [False, True])
def test_the_reading_and_its_proof(check: bool) -> None:
    result = call(World(bits="sp2"), check=check)
    assert not result["changed"]
    assert result["exchange"]["release"] == "sp2"
    assert result["exchange"]["media"] is None
    assert result["cluster"]["name"] == "EXCLUSTER"
    assert result["proof"]["name"] == "NODEB"
    (evidence,) = parse_evidence([result["proof"]])
    assert (evidence.release, evidence.observed_at, evidence.os_family) == ("sp2", START, "2003")
    assert {"jobs", "not_ready"}.isdisjoint(result)


def test_what_cannot_be_read_is_unknown() -> None:
    result = call(World(exchange_read=False, cluster_rc=1753))
    assert result["cluster"] is None
    assert result["exchange"]["version"] is None
    assert result["proof"]["release"] == "unknown"


def test_the_media() -> None:
    shown = call(World(), media=r"D:\sp2")["exchange"]["media"]
    assert shown == {"path": r"D:\sp2", "version": "8.2.176.2", "release": "sp2"}


def test_mailbox_servers_can_be_left_out() -> None:
    assert call(World(), mailbox_servers=False)["exchange"]["clustered_mailbox_servers"] == []


@pytest.mark.parametrize(
    ("world", "jobs", "rules"),
    [
        (World(), {}, []),
        (World(renames="x"), {}, ["R8"]),
        (World(job=True, kind="upgrade-sp2", started=True, images=("exsetup.exe",)), {"upgrade": "running"}, []),
        (World(images=("exsetup.exe",)), {}, ["R8"]),
        (replace(World(), bits="sp2", renames="x"), {}, []),
    ],
    ids=["ready", "restart pending", "our own Setup runs", "another Setup runs", "at the release"],
)
def test_readiness(world: World, jobs: dict[str, str], rules: list[str]) -> None:
    result = call(world, release="sp2", media=r"D:\sp2")
    assert result["jobs"] == jobs
    assert [reason["rule"] for reason in result["not_ready"]] == rules
    assert all(reason["seen"] and reason["advice"] for reason in result["not_ready"])
