# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_info: the reading, its proof, and what speaks against an upgrade."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import parse_evidence
from ansible_collections.mailops.exchange2007.plugins.modules.exchange_info import run
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import START, Played, World, task

PARAMS: dict[str, Any] = {
    "media": "", "release": None, "settle": 120, "answer_timeout": 0, "poll": 5.0, "mailbox_servers": True,
}  # fmt: skip


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
    result = call(World(), mailbox_servers=False, media=r"D:\sp2", release="sp2")
    assert result["exchange"]["clustered_mailbox_servers"] == []
    assert result["not_ready"] == []  # nobody asked for them, so nobody misses them


# --- the directory -------------------------------------------------------------------------------------------------

NOTHING_KNOWN = {"schema_version": None, "schema_release": None, "organization_version": None}


@pytest.mark.parametrize(
    ("world", "how", "expected"),
    [
        (
            World(schema="14622"),
            {},
            {"schema_version": 14622, "schema_release": "sp2", "organization_version": 11222, "reason": None},
        ),
        (World(directory_error="Nö."), {}, {**NOTHING_KNOWN, "reason": "Nö"}),
        (World(), {"mailbox_servers": False, "release": "sp2"}, {**NOTHING_KNOWN, "reason": "it was not read"}),
        (World(cluster_rc=1753), {}, {**NOTHING_KNOWN, "reason": "it was not read"}),
        (
            World(shell_error="no rights", schema="10637", organization="10666"),
            {},
            {"schema_version": 10637, "schema_release": "rtm", "organization_version": 10666, "reason": None},
        ),
    ],
    ids=["read", "an error", "not asked for", "no cluster", "the mailbox servers can't be read"],
)
def test_the_directory(world: World, how: dict[str, Any], expected: dict[str, Any]) -> None:
    assert call(world, **how)["exchange"]["directory"] == expected


def test_the_directory_costs_no_round_trip() -> None:
    counts = []
    for release in (None, "sp2"):
        channel = Played(World())
        run(task(channel, {**PARAMS, "release": release}))
        counts.append(len(channel.reads))
    assert counts == [2, 2]


@pytest.mark.parametrize(
    ("world", "release", "asked"),
    [
        (World(double_hop=True), "sp2", True),
        (World(double_hop=True, bits="sp2"), "sp2", False),
        (World(double_hop=True), None, False),
        (World(), "sp2", False),
    ],
    ids=["unknown", "at the release", "no goal", "known"],
)
def test_the_password_is_handed_on_only_where_it_matters(world: World, release: str | None, asked: bool) -> None:
    channel = Played(world)
    result = run(task(channel, {**PARAMS, "release": release}))
    assert bool([line for line in channel.reads if line.startswith("set /p")]) is asked
    assert (result["exchange"]["directory"]["schema_version"] == 14625) is (asked or not world.double_hop)


@pytest.mark.parametrize("bits", ["rtm", "sp2"])
def test_a_schema_that_is_too_old_is_told_apart_from_other_reasons(bits: str) -> None:
    world = World(schema="10637", organization="10666", renames="x", bits=bits)
    reasons = call(world, release="sp2", media=r"D:\sp2")["not_ready"]
    assert [(r["rule"], r["about"]) for r in reasons] == ([("R8", ""), ("R8", "directory")] if bits == "rtm" else [])


# --- what moves ----------------------------------------------------------------------------------------------------

MOVING = World().with_group("Cluster Group", "NODEA", 4)


def looks(world: World, settles_after: float | None, **how: Any) -> tuple[int, float, dict[str, Any]]:
    """How often the cluster was looked at, the seconds that took, and the result."""
    channel = Played(world)
    if settles_after is not None:
        channel.clock.after(settles_after, lambda: channel.change(lambda _w: World()))
    result = run(task(channel, {**PARAMS, "media": r"D:\sp2", "release": "sp2", **how}))
    seen = sum("cluster.exe node" in line for line in channel.reads)
    return seen, sum(channel.clock.slept), result


@pytest.mark.parametrize(
    "world",
    [
        MOVING,
        World().with_group("Cluster Group", None, -1),
        World(nodes={"NODEA": 3, "NODEB": 0}),
        World(nodes={"NODEA": -1, "NODEB": 0}),
        World().with_server("CMS1", state="OnlinePending"),
    ],
    ids=["a group that moves", "nobody's group", "a node that joins", "a node of unknown state", "a starting server"],
)
def test_what_moves_is_looked_at_until_it_has_settled(world: World) -> None:
    seen, seconds, result = looks(world, 62)
    assert (seen, seconds, result["not_ready"]) == (14, 65.0, [])


@pytest.mark.parametrize(("settle", "seen"), [(0, 1), (4, 1), (5, 2), (30, 7), (120, 25)])
def test_looking_is_bounded(settle: int, seen: int) -> None:
    count, seconds, result = looks(MOVING, None, settle=settle)
    assert count == seen
    assert seconds <= settle
    assert "R9" in [reason["rule"] for reason in result["not_ready"]]


@pytest.mark.parametrize(
    ("world", "seen"),
    [
        (World(), 1),
        (World(bits="sp2"), 1),
        (World(renames="x"), 1),
        (World(exchange_read=False), 4),
        (World(shell_error="no rights"), 4),
        (World(wmi=False).with_group("Cluster Group", None), 4),
    ],
    ids=["ready", "at the release", "refused for good", "no registry", "no shell", "no WMI"],
)
def test_what_does_not_move_costs_little(world: World, seen: int) -> None:
    assert looks(world, None)[0] == seen


def test_without_a_goal_nothing_is_waited_for() -> None:
    assert looks(MOVING, None, release=None)[:2] == (1, 0)


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


class Silent(Played):
    """A node that gives no answer until `back` (seconds of the clock)."""

    def __init__(self, back: float, **lost: bool) -> None:
        super().__init__(World())
        self._back, self._lost = START + back, lost

    def run(self, line: str, **more: Any) -> Result:
        if self.clock.now() < self._back:
            raise ChannelLost("nodeb", "no answer.", **{"started": False, **self._lost})
        return super().run(line, **more)


@pytest.mark.parametrize(
    ("lost", "back", "patience", "comes"),
    [
        ({"silent": True}, 270, 600, True),  # off, or booting
        ({"started": True}, 270, 600, True),  # went down while it was read
        ({"silent": True}, 601, 600, False),
        ({"silent": True}, 1, 0, False),  # nobody asked to wait
        ({}, 1, 600, False),  # a refused login: trying on would lock the account
    ],
    ids=["silent", "lost in a read", "too long", "no patience", "login refused"],
)
def test_a_node_that_does_not_answer(lost: dict[str, bool], back: float, patience: int, comes: bool) -> None:
    channel = Silent(back, **lost)
    it = task(channel, {**PARAMS, "answer_timeout": patience})
    if comes:
        assert run(it)["exchange"]["node"] == "NODEB"
        assert it.said == ["no answer. It may be restarting: waiting up to 600 s"]  # type: ignore[attr-defined]
        assert channel.clock.now() == pytest.approx(START + back, abs=5)
    else:
        with pytest.raises(ChannelLost):
            run(it)
        assert channel.clock.now() <= START + patience


class Interrupted(Played):
    """WinRM goes away for a minute while the directory is asked, as under a Setup that restarts it."""

    def __init__(self) -> None:
        super().__init__(World(double_hop=True))
        self._back: float | None = None

    def run(self, line: str, **more: Any) -> Result:
        if line.startswith("set /p") and self._back is None:
            self._back = self.clock.now() + 60
        if self._back is not None and self.clock.now() < self._back:
            raise ChannelLost("nodeb", "no answer.", started=True)
        return super().run(line, **more)


def test_a_node_that_goes_away_while_its_directory_is_asked() -> None:
    """The reading before has its patience; so has this one."""
    it = task(Interrupted(), {**PARAMS, "release": "sp2", "answer_timeout": 600})
    assert run(it)["exchange"]["directory"]["schema_version"] == 14625
    assert len(it.said) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("world", "waits"),
    [
        (World(cluster_rc=1753), True),
        (World(cluster_rc=1753, job=True, kind="upgrade-sp2", started=True, images=("exsetup.exe",)), False),
    ],
    ids=["just booted", "our own Setup stopped it"],
)
def test_the_cluster_service_gets_time_to_start(world: World, waits: bool) -> None:
    channel = Played(world)
    channel.clock.after(60, lambda: channel.change(lambda w: replace(w, cluster_rc=0)))
    result = run(task(channel, {**PARAMS, "release": "sp2"}))
    assert (result["cluster"] is not None) is waits


def test_a_cluster_service_that_stays_down_is_told_in_time() -> None:
    channel = Played(World(cluster_rc=1753))
    result = run(task(channel, {**PARAMS, "release": "sp2", "media": r"D:\sp2"}))
    assert [reason["rule"] for reason in result["not_ready"]] == ["R9"]
    assert START + 110 <= channel.clock.now() <= START + 120
