# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of the suite in a language that nobody speaks; `--language foreign` runs all of it so.

No word that English Windows knows is in any output, group names have accents, the code page is 850.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import topology
from ansible_collections.mailops.exchange2007.tests.integration import localised
from ansible_collections.mailops.exchange2007.tests.integration.conftest import TOPOLOGIES, running
from ansible_collections.mailops.exchange2007.tests.integration.truths import (
    acts,
    console,
    eventually,
    group_of,
    not_upgraded,
    setups,
)

Play = Callable[..., Any]
ENGLISH = re.compile(r"\b(online|offline|up|paused|status|group|node|success\w*|completed|running|stopped)\b", re.I)
FILES = sorted([*TOPOLOGIES.glob("*.yml"), *topology.SHIPPED.glob("*.yml")])


@pytest.fixture
def foreign(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab of the test's own in the other language, of the topology in the test's parameter."""
    with running(request.param, tmp_path / "inventory.yml", language="foreign") as found:
        yield found


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_every_topology_has_a_variant(file: Path) -> None:
    """It can be read, has the same nodes, and no group by its English name."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    (there, here) = (localised.localised(data), data)
    assert there["windows"]["language"] == "xx"
    for one, other in zip(here.get("clusters", []), there.get("clusters", []), strict=True):
        assert [node["name"] for node in one["nodes"]] == [node["name"] for node in other["nodes"]]
        names = [{group["name"] for group in cluster.get("groups", [])} for cluster in (one, other)]
        assert not names[0] & names[1] & {"Cluster Group", "Print & Fax (HQ)"}


@pytest.mark.parametrize("foreign", ["ccr-2003-rtm"], indirect=True)
def test_the_lab_says_no_english_word(foreign: Lab) -> None:
    """Otherwise nothing here would prove anything."""
    lines = ("cluster node", "cluster group", "net start spooler", "cluster group nosuch", "reg query HKLM\\nosuch")
    said = [console(foreign, "NODEA", line) for line in lines]
    assert [text for text in said if not text.strip() or ENGLISH.search(text)] == []


@pytest.mark.parametrize(
    ("foreign", "wanted"),
    [
        (
            "scc-2003-sp1",
            [
                ("SCC-N3", "upgrade"),
                ("SCC-N3", "upgradecms"),
                ("SCC-N1", "upgrade"),
                ("SCC-N1", "upgradecms"),
                ("SCC-N2", "upgrade"),
            ],
        ),
        (
            "ccr-2003-rtm-foreign",
            [("NODEWITHFIFTEEN", "upgrade"), ("NODEWITHFIFTEEN", "upgradecms"), ("KNOTEN1", "upgrade")],
        ),
    ],
    ids=["SCC", "CCR"],
    indirect=["foreign"],
)
def test_upgrade(foreign: Lab, upgrade: Play, wanted: list[tuple[str, str]]) -> None:
    """The whole playbook; the groups' states are what they were."""
    before = states(foreign)
    run = upgrade(foreign)
    truth = foreign.truth()
    assert run.code == 0, run.output
    assert not_upgraded(truth, "sp2") == []
    assert setups(truth) == wanted
    assert states(foreign) == before


def states(lab: Lab) -> dict[str, str]:
    """The state of every group of every cluster."""
    clusters = lab.truth()["clusters"].values()
    return {name: group["state"] for cluster in clusters for name, group in cluster["groups"].items()}


@pytest.mark.parametrize("foreign", ["half-way"], indirect=True)
def test_resume(foreign: Lab, begin_upgrade: Play, upgrade: Play) -> None:
    """Killed when the mailbox server is down; the second run brings it back at the release."""
    first = begin_upgrade(foreign)
    stopped = ("cms", "stop")
    eventually(foreign, lambda t: any((e["kind"], e["what"][:4]) == stopped for e in t["timeline"]), "CMS1 is stopped")
    first.kill()
    run = upgrade(foreign)
    assert run.code == 0, run.output
    truth = foreign.truth()
    assert not_upgraded(truth, "sp2") == []
    assert setups(truth) == [("NODEB", "upgradecms"), ("NODEA", "upgrade")]


MEDIA = {"media": r"D:\media\sp2", "release": "sp2"}
REFUSALS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "groups owned": ("old1", "exchange_setup", MEDIA, "R1"),
    "restart of an owner": ("old1", "node_reboot", {}, "R1"),
    "a paused mate": ("paused2", "node_reboot", {"poll": 0.01}, "R2"),
    "the last old node": ("half1", "exchange_setup", MEDIA, "R4"),
    "to an old node": ("half1", "cms_handover", {"name": "CMSHALF", **MEDIA}, "R5"),
    "no media": ("old2", "exchange_setup", {"media": r"D:\nichts", "release": "sp2"}, "R8"),
    "a downgrade": ("new2", "exchange_setup", {"media": r"D:\media\sp1", "release": "sp1"}, "R10"),
    "a server's group": ("old1", "cluster_group", {"name": "CMSOLD", "state": "offline"}, "R1"),
}


def test_refusals(start_lab: Callable[..., Lab], module: Callable[..., dict[str, Any]]) -> None:
    """The same rules, by what is seen and not by words; nothing is touched."""
    lab = start_lab("refusals", language="foreign")
    told = {name: module(lab, host, what, **arguments) for name, (host, what, arguments, _rule) in REFUSALS.items()}
    rules = {name: {reason["rule"] for reason in result.get("refusals", [])} for name, result in told.items()}
    assert {name for name, row in REFUSALS.items() if row[3] not in rules[name]} == set(), told
    moved = module(lab, "old1", "cluster_group", name="nosuch", owner="OLD2")
    assert group_of(lab, "OLD") in moved["msg"]
    assert acts(lab.truth()) == []
