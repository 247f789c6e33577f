# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mates of a node come in the order of the play, whoever of them answers first.

group_by puts hosts into a group in the order in which their answers come, which no two runs have in common. What is
said and saved once a cluster would then come from another host each time, and with another order of its nodes.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.tests.moving.case import data
from ansible_collections.mailops.exchange2007.tests.seeds import playing
from ansible_collections.mailops.exchange2007.tests.seeds.drive import Drive
from ansible_collections.mailops.exchange2007.tests.seeds.playing import Data, Player, Scope

IN_ORDER = "ansible_play_hosts | select('in', groups[upgrade_cluster_group])"
AS_ANSWERED = "groups[upgrade_cluster_group]"
OF_CLUSTER = "exchange_cluster_"


class Told(Player):
    """Writes down who did what of the things that are done once a cluster, and the readings they were done with."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told: list[tuple[str, str, list[str]]] = []

    def _do(self, task: Data, action: str, scope: Scope) -> Data:
        host = str(scope.known["inventory_hostname"])
        if "mates" in task.get("vars", {}):
            self.told.append((task["name"], host, scope.value(task["vars"]["mates"])))
        if "readings" in task.get("vars", {}):
            readings = scope.value(task["vars"]["readings"])
            self.told.append((task["name"], host, [reading["host"] for reading in readings]))
        return super()._do(task, action, scope)


class LastFirst(Told):
    """The node that the inventory names last answers first."""

    def _add_host(self, given: Data) -> None:
        super()._add_host(given)
        for name, members in self.groups.items():
            if name.startswith(OF_CLUSTER):
                members.sort(key=self.hosts.index, reverse=True)


def planned(kind: type[Told]) -> tuple[Told, list[Any]]:
    """A run of the plan alone, and what it keeps for the reports."""
    drive = Drive(data("scc"))
    player = drive.player({}, kind)
    player.run("plan")
    drive.end()
    assert isinstance(player, Told)
    assert player.out == {}
    return player, [
        player.facts[host][name] for host in player.hosts for name in ("upgrade_steps_planned", "upgrade_homes")
    ]


def test_the_order_of_answers_changes_nothing() -> None:
    (first, kept), (last, kept_last) = planned(Told), planned(LastFirst)
    assert last.groups["exchange_cluster_CLUS1"] == ["nodec", "nodeb", "nodea"]
    assert first.told == last.told
    assert kept == kept_last


def test_the_mates_are_in_the_order_of_the_play_and_its_first_host_speaks_for_them() -> None:
    last, _kept = planned(LastFirst)
    assert last.told
    assert {tuple(hosts) for _task, _host, hosts in last.told} == {("nodea", "nodeb", "nodec")}
    assert {host for task, host, _hosts in last.told if task == "Show the plan"} == {"nodea"}


def test_the_order_of_the_group_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same playbook with the group itself: another host speaks, and the nodes come in another order."""
    read = playing._read
    plays = read(playing.ROOT / "playbooks" / "plan.yml")
    monkeypatch.setattr(playing, "_read", lambda path: changed(plays) if path.name == "plan.yml" else read(path))
    last, _kept = planned(LastFirst)
    assert {tuple(hosts) for task, _host, hosts in last.told if task != "Work out who has his turn when"} == {
        ("nodec", "nodeb", "nodea")
    }
    assert {host for task, host, _hosts in last.told if task == "Show the plan"} == {"nodec"}


def changed(content: Any) -> Any:
    """The plays, with the order of the answers in place of the order of the play."""
    if isinstance(content, dict):
        return {key: changed(value) for key, value in content.items()}
    if isinstance(content, list):
        return [changed(item) for item in content]
    return " ".join(content.split()).replace(IN_ORDER, AS_ANSWERED) if isinstance(content, str) else content
