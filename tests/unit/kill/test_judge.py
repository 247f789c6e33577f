# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of the kill matrix finds what is wrong with an end, each thing by itself."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.tests.kill.judge import Truth, differences, out_together, troubles

Change = Callable[[Truth], Any]


def host() -> dict[str, Any]:
    return {
        "power": "on", "boots": 1, "exchange": {"release": "sp2", "complete": True}, "services": {"ClusSvc": "running"},
        "features": [], "pending_restart": [], "interrupted_setup": [], "tasks": [], "processes": [],
        "files": {"C:\\Temp": []},
    }  # fmt: skip


def good() -> Truth:
    server = {
        "version": "8.2.176.2", "release": "sp2", "owner": "NODEB", "state": "online", "wanted": True,
        "databases": {"First": "mounted"}, "copies": {}, "copies_healthy": True,
    }  # fmt: skip
    cluster = {"nodes": {"NODEA": "up", "NODEB": "up"}, "groups": {"CMS1": {"owner": "NODEB"}}, "cms": {"CMS1": server}}
    return {
        "hosts": {"NODEA": host(), "NODEB": host()},
        "clusters": {"CLUS1": cluster},
        "outages": {"CMS1": {"open": False, "intervals": [{"from": 1, "to": 2}]}},
        "directory": {"schema": 14622},
        "violations": [],
        "commands": [setup("NODEB", "/mode:upgrade"), setup("NODEA", "/mode:upgrade"), setup("NODEB", "/upgradecms")],
        "timeline": [
            done("directory", "schema 14622", "", "NODEB"),
            done("power", "restart in 5 s", "NODEB", "NODEB"),
            done("power", "restart", "NODEB", "NODEB"),
            done("node", "down", "NODEB", "NODEB"),
            done("node", "up", "NODEB", "NODEB"),
            *(done("cms", what, "CMS1", "NODEA") for what in ("stop: why", "move to NODEB", "upgraded to 8", "start")),
            done("power", "restart", "NODEA", "NODEA"),
            done("node", "down", "NODEA", "NODEA"),
            done("node", "up", "NODEA", "NODEA"),
        ],
    }


def setup(node: str, switch: str) -> dict[str, Any]:
    return {"host": node, "top": False, "line": rf'"D:\media\sp2\Setup.com" {switch}'}


def done(kind: str, what: str, detail: str, node: str) -> dict[str, Any]:
    return {"t": 1.0, "kind": kind, "what": what, "detail": detail, "host": node}


def test_nothing_speaks_against_a_good_end() -> None:
    assert troubles(good(), "sp2", good()) == []
    assert troubles(good(), "sp2") == []


def again(place: int) -> Change:
    return lambda truth: truth["timeline"].append(truth["timeline"][place])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t["commands"].append(setup("NODEA", "/mode:upgrade")), "NODEA: Setup (upgrade) was started 2 times"),
        (
            lambda t: t["commands"].append(setup("NODEB", "/upgradecms")),
            "NODEB: Setup (upgradecms) was started 2 times",
        ),
        (again(0), "directory schema 14622 2 times"),
        (again(2), "power restart NODEB 2 times"),
        (again(5), "cms stop CMS1 2 times"),
        (again(6), "cms move CMS1 2 times"),
        (again(7), "cms upgraded CMS1 2 times"),
        (again(8), "cms start CMS1 2 times"),
        (lambda t: t["outages"]["CMS1"]["intervals"].append({}), "CMS1 was away 2 times"),
        (lambda t: t["outages"]["CMS1"].update(open=True), "CMS1 is without mail"),
        (lambda t: t["violations"].append({"rule": "I2", "what": "broken"}), "I2: broken"),
        (lambda t: t["hosts"]["NODEA"].update(tasks=["mailops-x"]), "NODEA has tasks"),
        (lambda t: t["hosts"]["NODEA"].update(processes=["x"]), "NODEA has processes"),
        (lambda t: t["hosts"]["NODEA"].update(boots=2), "NODEA/boots: 2, undisturbed 1"),
        (lambda t: t["hosts"]["NODEA"]["services"].update(ClusSvc="stopped"), "NODEA/services/ClusSvc: 'stopped'"),
        (lambda t: t["hosts"]["NODEA"]["files"].update({"C:\\Temp": ["job"]}), "NODEA/files/C:\\Temp: ['job']"),
        (lambda t: t["clusters"]["CLUS1"]["nodes"].update(NODEA="down"), "NODEA is down"),
        (lambda t: t["clusters"]["CLUS1"]["groups"]["CMS1"].update(owner="NODEA"), "CLUS1/groups/CMS1/owner: 'NODEA'"),
        (lambda t: t["clusters"]["CLUS1"]["cms"]["CMS1"].update(release="rtm"), "CMS1 is at rtm"),
        (lambda t: t["directory"].update(schema=1), "directory/schema: 1, undisturbed 14622"),
    ],
)
def test_each_trouble_is_found(change: Change, said: str) -> None:
    truth = deepcopy(good())
    change(truth)
    assert any(trouble.startswith(said) for trouble in troubles(truth, "sp2", good()))


def test_the_countdown_is_no_second_restart() -> None:
    truth = good()
    truth["timeline"].insert(1, truth["timeline"][1])
    assert troubles(truth, "sp2", good()) == []


def test_two_nodes_out_of_service_at_once() -> None:
    truth = good()
    truth["timeline"] = [
        done("node", "down", "NODEA", "NODEA"),
        done("node", "joining", "NODEA", "NODEA"),
        done("node", "down", "NODEB", "NODEB"),
    ]
    assert out_together(truth) == ["out of service together at t=1.0: NODEA, NODEB"]
    truth["timeline"][1] = done("node", "up", "NODEA", "NODEA")
    assert out_together(truth) == []


@pytest.mark.parametrize(
    ("wanted", "seen", "found"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1}}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a/b: 2, undisturbed 1"]),
        ({"a": 1}, {}, ["a: None, undisturbed 1"]),
        ({}, {"a": 1}, ["a: 1, undisturbed None"]),
    ],
)
def test_differences(wanted: Any, seen: Any, found: list[str]) -> None:
    assert differences(wanted, seen) == found
