# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each row of docs/setup-failures.md in the lab: its fault is injected, and exchange_setup names the cause."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup_failures import CAUSES
from ansible_collections.mailops.exchange2007.plugins.plugin_utils import lab
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import cmd, exchange_registry
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.building import build
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BytesStdin, NullSink
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.plans import PASSWORD
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.section import Section
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import read
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import World
from ansible_collections.mailops.exchange2007.tests.seeds.controller import Controller, SeedClock
from ansible_collections.mailops.exchange2007.tests.seeds.playing import play_module
from ansible_collections.mailops.exchange2007.tools.docs_tables import LAB_FAULTS

Data = dict[str, Any]
TOPOLOGY = Path(lab.__path__[0]) / "topologies" / "ccr-2003-rtm.yml"
SETUP: Data = {"media": r"D:\media\sp2", "release": "sp2", "timeout": 7200, "poll": 30}
# Told, but not first: marks that are left are what came of a failure, and a sentence alone is no cause.
EARLIER = "earlier_setup_unfinished"
BEHIND = {"setup_unfinished", "groups_owned", "directory_not_prepared"}


@pytest.fixture
def controller() -> Iterator[Controller]:
    """Of a pair whose passive node, NODEB, owns nothing."""
    clock = SeedClock()
    data = yaml.safe_load(TOPOLOGY.read_text(encoding="utf-8"))
    made = Controller(build(read(Section("ccr", "", data), "ccr"), clock, seed=1), clock, password=PASSWORD)
    for group in ("Cluster Group", "Print & Fax (HQ)"):
        assert play_module(made, "cluster_group", "nodeb", {"name": group, "owner": "NODEA"})["changed"]
    yield made
    wind_up(made.world, clock)


def wind_up(world: World, clock: SeedClock) -> None:
    """No process and no thread stays behind."""
    for host in world.hosts.values():
        for process in list(host.processes):
            process.kill()
    clock.sleep(20_000.0)
    clock.close()


def test_every_cause_has_a_fault() -> None:
    assert list(LAB_FAULTS) == [cause.name for cause in CAUSES]


@pytest.mark.parametrize("cause", [cause for cause in LAB_FAULTS if cause != EARLIER])
def test_the_cause_is_told(controller: Controller, cause: str) -> None:
    """First where something other than a sentence tells of it; in one line, with a next step."""
    result = upgrade(controller, cause)
    told = [one["name"] for one in result["diagnosis"]]
    assert cause in told if cause in BEHIND else cause == told[0], (told, result["msg"])
    assert all(one["next_step"] and one["impact"] for one in result["diagnosis"])


def test_a_setup_by_hand_that_broke_off_is_told(controller: Controller) -> None:
    """With every mark by its full path; nothing is started, and the marks stay."""
    host = controller.world.hosts["nodeb"]
    inject(controller, EARLIER)
    sink = NullSink()
    logon = Logon("LAB\\someone", "interactive")
    line = r'"D:\media\sp2\Setup.com" /mode:upgrade'
    cmd.start(host, line, logon, stdin=BytesStdin(), stdout=sink, stderr=sink, codepage="cp437")
    controller.clock.sleep(7200)
    result = upgrade(controller, "")
    marks = [mark for mark in result["msg"].split() if "Exchange\\v8.0" in mark]
    assert marks, result["msg"]
    assert not result["changed"]
    assert exchange_registry.marks(host)


def inject(controller: Controller, cause: str) -> None:
    """The faults of a row."""
    for words in LAB_FAULTS[cause]:
        name, *fields = shlex.split(words)
        controller.world.faults.inject(name, {"host": "NODEB"} | dict(field.split("=", 1) for field in fields))


def upgrade(controller: Controller, cause: str) -> Data:
    """What exchange_setup says; in one line, and the mailbox server is left in peace."""
    proof = play_module(controller, "exchange_info", "nodea", {"release": "sp2"})["proof"]
    if cause:
        inject(controller, cause)
    result = play_module(controller, "exchange_setup", "nodeb", SETUP | {"nodes": [proof]})
    assert result.get("failed"), result
    assert "\n" not in result["msg"]
    assert controller.world.clusters["clus1"].mailbox_servers[0].group.owner == "NODEA"
    return result
