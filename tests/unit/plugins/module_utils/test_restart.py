# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarting a node: refused while it is needed, ordered once, proven by the boot time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._restart import Restart
from ansible_collections.mailops.exchange2007.plugins.module_utils._standing import Standing, StandingReader
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    Act,
    Effect,
    Played,
    World,
    task,
    text,
)

PARAMS: dict[str, Any] = {
    "reason": "Upgrade & more",
    "wait_for_services": [],
    "rejoin_cluster": True,
    "timeout": 600,
    "poll": 5.0,
    "nodes": [],
    "proof_max_age": 900,
}
OLD, NEW = "20260301100000.000000+000", "20260301221000.000000+000"
ORDER = r'^shutdown /r /f /t 5 /c "Upgrade & more"$'
READY = World(services={"ClusSvc": 4, "MSExchangeIS": 4})


def restart(channel: Played, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    return Restart(task(channel, {**PARAMS, **changes}, check=check)).run()


def silent(channel: Played, looks: int) -> Effect:
    def effect(w: World) -> World:
        channel.quiet = looks
        return w

    return effect


def boot(**changes: Any) -> Effect:
    return lambda w: replace(w, boot=NEW, **changes)


def rebooting(world: World = READY, looks: int = 3, result: Result | None = None, lost: str = "") -> Played:
    """A node that is silent for some looks after the order, and up again then."""
    channel = Played(world)
    order = Act(ORDER, silent(channel, looks), result or Result(0), lost=lost, later=((6, boot()),))
    channel.acts = [order]
    return channel


def test_a_restart_is_proven_by_another_boot_time() -> None:
    channel = rebooting()
    assert restart(channel) == {
        "changed": True,
        "before": {"boot_time": OLD},
        "after": {"boot_time": NEW},
        "downtime": 15.0,
    }
    assert (channel.acts, channel.resets) == ([], 3)


@pytest.mark.parametrize(
    ("result", "lost"),
    [
        pytest.param(Result(1, "", text("shutdown/1190-already-scheduled-en.txt")), "", id="scheduled already"),
        pytest.param(Result(1115, ""), "", id="under way"),
        pytest.param(Result(1717, ""), "", id="going down"),
        pytest.param(Result(0), "after", id="the answer is lost"),
    ],
)
def test_an_order_whose_answer_says_that_it_is_under_way(result: Result, lost: str) -> None:
    assert restart(rebooting(result=result, lost=lost))["after"] == {"boot_time": NEW}


@pytest.mark.parametrize(
    ("result", "part"),
    [(Result(5, "Access is denied.(5)"), "5 ERROR_ACCESS_DENIED"), (Result(47110, "?"), "exit code 47110")],
)
def test_an_order_that_is_refused(result: Result, part: str) -> None:
    with pytest.raises(Failure, match=part):
        restart(Played(READY, Act(ORDER, result=result)))


def test_check_mode() -> None:
    result = restart(Played(READY), check=True)
    assert result["changed"]
    assert result["commands"] == ['shutdown /r /f /t 5 /c "Upgrade & more"']


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
@pytest.mark.parametrize(
    ("world", "rule", "part"),
    [
        (READY.with_group("CMS1", "NODEB"), "R1", "owns 'CMS1' \\(a clustered mailbox server\\)"),
        (READY.with_group("Available Storage", "NODEB", 1), "R1", "'Available Storage'"),
        (replace(READY, nodes={"NODEA": 2, "NODEB": 0}), "R2", "NODEA of the same cluster is paused"),
        (replace(READY, nodes={"NODEA": 1, "NODEB": 0}), "R2", "NODEA of the same cluster is down"),
        (replace(READY, nodes={"NODEA": 0, "NODEB": 0, "NODEC": 3}), "R2", "NODEC of the same cluster is joining"),
        (replace(READY, nodes={"NODEA": -1, "NODEB": 0}, wmi=False), "R9", "state of node NODEA is unknown"),
        (READY.with_group("Lost", None), "R9", "owner of group 'Lost' is unknown"),
        (replace(READY, cluster_rc=5), "R9", "cluster.exe listed no node"),
    ],
)
def test_refused(world: World, rule: str, part: str, check: bool) -> None:
    channel = Played(world)
    with pytest.raises(Refusal, match=part) as refused:
        restart(channel, check=check)
    assert refused.value.refused == rule
    assert channel.done == []


@pytest.mark.parametrize("node", ["NODEA", "NODEB"])
def test_a_node_that_is_still_joining_is_waited_for(node: str) -> None:
    channel = rebooting(replace(READY, nodes={**READY.nodes, node: 3}))
    channel.clock.after(20, lambda: channel.change(lambda w: replace(w, nodes=READY.nodes)))
    assert restart(channel)["after"] == {"boot_time": NEW}
    assert channel.clock.slept[:4] == [5.0] * 4


def test_a_node_that_owns_something_is_not_waited_for() -> None:
    channel = Played(READY.with_group("CMS1", "NODEB"))
    with pytest.raises(Refusal):
        restart(channel)
    assert channel.clock.slept == []


def after(channel: Played, seconds: float, **changes: Any) -> None:
    channel.clock.after(seconds, lambda: channel.change(lambda w: replace(w, **changes)))


def test_another_run_that_lives_goes_first() -> None:
    channel = Played(replace(READY, notices={"NODEA": "another.1"}))
    after(channel, 20, notices={"NODEB": "mine.1", "NODEA": "another.2"})
    with pytest.raises(Refusal, match="Another run is about to take NODEA") as refused:
        restart(channel)
    assert (refused.value.refused, channel.done) == ("R2", [])
    assert list(channel.world.notices) == ["NODEA"]


def test_a_run_that_died_is_in_the_way_once() -> None:
    """It may have started Setup on the mate, which the cluster does not show in the first minutes."""
    channel = rebooting(replace(READY, notices={"NODEA": "dead.1"}))
    with pytest.raises(Refusal, match="may have started Setup"):
        restart(channel)
    assert (channel.done, channel.world.notices) == ([], {})
    assert restart(channel)["changed"]


@pytest.mark.parametrize("changes", [{"nodes": {"NODEA": 1, "NODEB": 0}}, {}], ids=["a mate fell over", "nothing"])
def test_what_was_seen_before_waiting_for_another_run_is_seen_again(changes: dict[str, Any]) -> None:
    channel = rebooting(replace(READY, notices={"NODEA": "another.1"}))
    channel.clock.after(12, lambda: channel.change(lambda w: replace(w, notices={"NODEB": w.notices["NODEB"]})))
    after(channel, 13, **changes)
    if not changes:
        assert restart(channel)["changed"]
        return
    with pytest.raises(Refusal, match="NODEA of the same cluster is down"):
        restart(channel)
    assert (channel.done, channel.world.notices) == ([], {})


@pytest.mark.parametrize(
    ("told", "part"),
    [
        pytest.param({"setup": ["exsetup.exe"]}, "Setup runs on NODEA \\(exsetup.exe\\)", id="Setup by hand on a mate"),
        pytest.param({"name": "NODEX"}, "NODEA of the cluster was not observed", id="a mate that nobody read"),
        pytest.param({"observed_at": "2026-03-01T21:00:00Z"}, "observed 3600 s ago", id="read too long ago"),
    ],
)
def test_what_the_mates_tell(told: dict[str, Any], part: str) -> None:
    """The cluster does not show a Setup in its first minutes."""
    channel = Played(READY)
    mate = {"name": "NODEA", "release": "sp1", "observed_at": "2026-03-01T22:00:00Z"}
    with pytest.raises(Refusal, match=part) as refused:
        restart(channel, nodes=[{**mate, **told}])
    assert (refused.value.refused, channel.done, channel.clock.slept) == ("R2", [], [])


def test_a_dead_run_that_a_mates_reading_vouches_for_is_in_nobodys_way() -> None:
    mate = {"name": "NODEA", "release": "sp1", "observed_at": "2026-03-01T22:00:00Z", "mark": "dead.1"}
    assert restart(rebooting(replace(READY, notices={"NODEA": "dead.1"})), nodes=[mate])["changed"]


def test_an_order_that_fails_leaves_no_mark() -> None:
    channel = Played(READY, Act(ORDER, result=Result(5, "Access is denied.(5)")))
    with pytest.raises(Failure):
        restart(channel)
    assert channel.world.notices == {}


def test_a_node_without_the_cluster_service_is_in_nobodys_way() -> None:
    alone = replace(READY, services={}, cluster_rc=1753)
    assert restart(rebooting(alone))["changed"]


def test_without_a_boot_time_nothing_is_ordered() -> None:
    with pytest.raises(Failure, match="could not be proven"):
        restart(Played(replace(READY, boot="")))


def test_a_reason_that_cannot_be_passed_is_refused() -> None:
    channel = Played(READY)
    with pytest.raises(Unquotable):
        restart(channel, reason='say "x"')
    assert channel.done == []


@pytest.mark.parametrize(
    ("world", "params", "changes", "part"),
    [
        pytest.param(READY, {}, {"boot": OLD}, f"last seen: up since {OLD}", id="it did not restart"),
        pytest.param(READY, {}, {"services": {"ClusSvc": 2}}, "ClusSvc not running", id="the Cluster service starts"),
        pytest.param(
            READY,
            {"wait_for_services": ["MSExchangeIS"]},
            {"services": {"ClusSvc": 4}},
            "MSExchangeIS not",
            id="absent",
        ),
        pytest.param(
            READY, {}, {"nodes": {"NODEA": 0, "NODEB": 3}}, "in the cluster it is joining", id="not joined yet"
        ),
        pytest.param(READY, {}, {"cluster_rc": 1753}, "in the cluster it is not listed", id="no cluster yet"),
    ],
)
def test_what_is_missing_is_waited_for_and_told(
    world: World, params: dict[str, Any], changes: dict[str, Any], part: str
) -> None:
    channel = Played(world, Act(ORDER, lambda w: replace(w, **{"boot": NEW, **changes})))
    with pytest.raises(Failure, match="Restarting the node on NODEB failed: not so after 600 s") as failed:
        restart(channel, **params)
    assert part in failed.value.seen
    assert failed.value.changed


def test_a_silent_node_is_told() -> None:
    with pytest.raises(Failure, match="last seen: no answer"):
        restart(rebooting(looks=1000))


def test_the_cluster_need_not_be_awaited() -> None:
    joining: Effect = lambda w: replace(w, boot=NEW, nodes={"NODEA": 0, "NODEB": 3})  # noqa: E731
    assert restart(Played(READY, Act(ORDER, joining)), rejoin_cluster=False)["changed"]


@pytest.mark.parametrize(
    ("standing", "shown", "complete"),
    [
        (Standing(), "no answer", False),
        (Standing(True), "answers, everything there", True),
        (Standing(True, NEW), f"up since {NEW}, everything there", True),
        (Standing(True, NEW, ("X not running",)), f"up since {NEW}, X not running", False),
    ],
)
def test_standing(standing: Standing, shown: str, complete: bool) -> None:
    assert (str(standing), standing.complete()) == (shown, complete)


@pytest.mark.parametrize(
    ("world", "services", "membership", "missing"),
    [
        (READY, ["ClusSvc"], True, ()),
        (READY, [], False, ()),
        (READY, ["Nobody's"], False, ("Nobody's not running",)),
        (replace(READY, nodes={"NODEA": 0, "NODEB": 2}), [], True, ("in the cluster it is paused",)),
        (replace(READY, nodes={"NODEA": 0, "NODEB": -1}, wmi=False), [], True, ("in the cluster it is unknown",)),
        (replace(READY, cluster_rc=1753), ["ClusSvc"], True, ("in the cluster it is not listed",)),
    ],
)
def test_a_look(world: World, services: list[str], membership: bool, missing: tuple[str, ...]) -> None:
    reader = StandingReader(Node("n", Played(world)), services, membership=membership)
    assert reader.look() == Standing(True, OLD, missing)


@pytest.mark.parametrize("rc", [0, 1190, 21], ids=["heard", "under way", "something else"])
def test_an_order_that_was_lost_on_the_way_is_given_once_more(rc: int) -> None:
    channel = Played(READY)
    second = Act(ORDER, silent(channel, 2), Result(rc), later=((6, boot()),))
    channel.acts = [Act(ORDER, lost="after"), second]
    assert restart(channel)["after"] == {"boot_time": NEW}
    assert channel.acts == []


def test_a_look_over_a_lost_channel_is_no_answer() -> None:
    channel = Played(READY)
    channel.quiet = 1
    assert StandingReader(Node("n", channel), ["X"], membership=True).look() == Standing()
    assert channel.resets == 1
