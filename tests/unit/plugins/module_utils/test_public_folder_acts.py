# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""public_folder_replica from end to end over a played node: acts in order, and nothing lost wherever it breaks."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost
from ansible_collections.mailops.exchange2007.plugins.module_utils._public_folder_acts import Replication
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import task
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.folders import Place, Stores, places

PARAMS: dict[str, Any] = {
    "source": "MAIL-OLD",
    "target": "MAIL-NEW",
    "path": "\\",
    "system_subtree": True,
    "state": "moved",
    "ignore": [],
    "username": None,
    "password": None,
    "domain_controller": "",
    "timeout": 3600,
    "poll": 60.0,
}
SHELL = '"powershell.exe","1"\r\n'
NOTHING = {"folders": 0, "items": 0, "size": 0, "listed": 0}
ALL = {"folders": 5, "items": 1504, "size": 1504 * 1024, "listed": 5}


def call(stores: Stores, *, check: bool = False, password: str | None = "pw", **changes: Any) -> dict[str, Any]:
    return Replication(task(stores, {**PARAMS, **changes}, check=check, password=password)).run()


def numbers(server: dict[str, Any]) -> dict[str, Any]:
    return {key: server[key] for key in ALL}


def half_way(on: str, source: int | None, target: int | None) -> Stores:
    stores = Stores()
    for place in stores.places:
        place.on = on
        place.source = place.items if source is not None else None
        place.target = None if target is None else place.items * target // 100
    return stores


@pytest.mark.parametrize("reach", ["st", "s", "t", ""], ids=["both", "source only", "target only", "none"])
def test_everything_is_moved(reach: str) -> None:
    stores = Stores(reach=reach)
    result = call(stores)
    assert stores.acts == ["add", "move"]
    assert result["changed"]
    assert [numbers(result[when][who]) for when in ("before", "after") for who in ("source", "target")] == [
        ALL,
        NOTHING,
        NOTHING,
        ALL,
    ]
    assert (result["parity"], result["missing"], result["left"]) == (True, [], [])
    assert (stores.job, len(result.get("commands", []))) == ("", 0)
    assert any("schtasks" in line for line in stores.lines) == (reach != "st")


def test_both_have_them() -> None:
    stores = Stores()
    result = call(stores, state="replicated")
    assert stores.acts == ["add"]
    assert numbers(result["after"]["source"]) == numbers(result["after"]["target"]) == ALL
    assert result["timings"].keys() == {"add", "parity"}
    assert result["elapsed"] >= 600


@pytest.mark.parametrize("state", ["replicated", "moved"])
@pytest.mark.parametrize("reach", ["st", ""])
def test_a_second_run_changes_nothing(state: str, reach: str) -> None:
    stores = Stores(reach=reach)
    call(stores, state=state)
    again = call(stores, state=state)
    assert len(stores.acts) == (2 if state == "moved" else 1)
    assert (again["changed"], again["before"], again["parity"]) == (False, again["after"], True)


@pytest.mark.parametrize(
    ("stores", "acts"),
    [
        (half_way("s", 1, None), ["add", "move"]),
        (half_way("st", 1, 0), ["move"]),
        (half_way("st", 1, 100), ["move"]),
        (half_way("t", 1, 0), []),
        (half_way("t", None, 100), []),
    ],
    ids=["nothing", "replicas added", "contents equal", "off the lists", "finished"],
)
def test_a_run_goes_on_where_another_ended(stores: Stores, acts: list[str]) -> None:
    stores.clock.after(300, stores.replicate)
    assert call(stores)["after"]["source"]["folders"] == 0
    assert stores.acts == acts


def test_half_of_the_folders_are_done() -> None:
    stores = Stores()
    stores.places[1] = Place(r"\Sales", 300, "t", None, 300)
    assert call(stores)["after"]["target"]["items"] == 1504
    assert stores.acts == ["add", "move"]


def test_a_branch_leaves_the_rest_alone() -> None:
    stores = Stores(places=[place for place in places() if place.path.startswith(r"\Sales")])
    result = call(stores, path="\\Sales\\", system_subtree=False)
    assert result["after"]["target"]["folders"] == 2
    assert any("ReplaceReplicaOnPFRecursive" in line for line in stores.lines)
    assert not any("MoveAllReplicas" in line for line in stores.lines)


def test_a_server_without_public_folders() -> None:
    result = call(Stores(places=[], mounted={"source": "", "target": ""}))
    assert (result["changed"], result["after"]["source"]["database"], result["parity"]) == (False, None, True)
    assert numbers(result["after"]["source"]) == NOTHING


# --- check mode ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reach", ["st", "s", "t"])
def test_check_mode_foretells(reach: str) -> None:
    stores = Stores(reach=reach)
    result = call(stores, check=True)
    assert (stores.acts, stores.job, result["changed"]) == ([], "", True)
    assert not any("schtasks" in line for line in stores.lines)
    assert [line.split(".ps1")[0].rpartition("\\")[2] for line in result["commands"]] == [
        "AddReplicaToPFRecursive",
        "MoveAllReplicas",
    ]
    after = result["after"]
    assert (after["source"]["listed"], after["target"]["listed"], after["source"]["items"]) == (0, 5, 0)
    assert after["target"]["items"] == (1504 if "s" in reach else None)
    assert result["before"]["target"]["items"] == (0 if "t" in reach else None)


def test_check_mode_of_what_is_done() -> None:
    result = call(half_way("t", None, 100), check=True)
    assert (result["changed"], result.get("commands")) == (False, None)


def test_check_mode_of_what_only_needs_time() -> None:
    result = call(half_way("t", 1, 0), check=True)
    assert (result["changed"], result["commands"], result["left"][:2]) == (False, [], ["IPM_SUBTREE", "Sales"])


def test_check_mode_reaches_nothing() -> None:
    with pytest.raises(Refusal, match="The folders can't be read: MapiExceptionLogonFailed"):
        call(Stores(reach=""), check=True)


# --- refusals and failures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stores", "changes", "words"),
    [
        (Stores(), {"target": "mail-old"}, "the same server"),
        (Stores(), {"path": "Sales"}, "does not begin with a backslash"),
        (Stores(mounted={"source": "True", "target": ""}), {}, "MAIL-NEW has no public folder database"),
        (Stores(mounted={"source": "True", "target": "False"}), {}, "is not mounted"),
        (Stores(mounted={"source": "x", "target": "True"}), {}, "in an unknown state"),
        (Stores(reach="s"), {"password": None}, "What MAIL-NEW holds can't be read: MapiExceptionLogonFailed"),
        (Stores(reach="t"), {"password": None}, "The folders can't be read"),
        (Stores(cut="tree"), {}, "The folders can't be read: the answer was cut off"),
    ],
)
def test_refusals_change_nothing(stores: Stores, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words) as refused:
        call(stores, **changes)
    assert not refused.value.changed
    assert (stores.acts, stores.job) == ([], "")


@pytest.mark.parametrize("password", [None, "pw"])
def test_a_shell_that_fails(password: str | None) -> None:
    stores = Stores(broken="The server MAIL-OLD was not found.")
    with pytest.raises(Failure, match="The server MAIL-OLD was not found"):
        call(stores, password=password)
    assert stores.job == ""


@pytest.mark.parametrize(
    ("stores", "acts", "words"),
    [
        (Stores(stalled=True), ["add"], "Waiting for equal contents on MAIL-OLD failed: not so after 3600 s; last"),
        (half_way("st", 1, 0), [], "last seen: 2 of 5 folders are the same on MAIL-NEW; not so .Sales: 0 of 300"),
        (half_way("t", 1, 0), [], "Waiting for the last contents to go.* MAIL-OLD still holds 5 folders, 1504 items"),
        (Stores(deaf=True), ["add"], "ended without an error, but the replica lists say otherwise"),
    ],
    ids=["stalled", "never equal", "never gone", "scripts without effect"],
)  # fmt: skip
def test_it_never_moves_before_the_contents_are_equal(stores: Stores, acts: list[str], words: str) -> None:
    stores.places[0].items = stores.places[0].source = 0
    with pytest.raises(Failure, match=words) as failed:
        call(stores)
    assert stores.acts == acts
    assert failed.value.changed == bool(acts)
    assert failed.value.data["before"]["source"]["folders"] == 5
    assert set(failed.value.data) >= {"after", "parity", "missing", "left", "timings", "elapsed"}


def test_contents_that_differ_again_are_awaited_again() -> None:
    """Replicas are added, somebody posts on the old server: equal is what is seen at that look."""
    stores = Stores()

    def post(name: str) -> None:
        if name == "add":
            stores.places[1].source = stores.places[1].items = 301

    stores.on_act = post
    assert call(stores)["after"]["target"]["items"] == 1505


def test_a_script_that_failed_has_done_its_work_all_the_same() -> None:
    stores = Stores()

    def fail(name: str) -> None:
        if name == "move":
            raise ChannelLost("new-n1", "connection reset", started=True)

    stores.on_act = fail
    assert call(stores)["after"]["source"]["folders"] == 0
    assert stores.acts == ["add", "move", "move"]  # sent once more over a new connection; the second changes nothing


# --- breaking off --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", ["job", "started", "0", "1"], ids=["prepared", "died", "finished", "failed"])
def test_what_a_dead_run_left_is_removed(left: str) -> None:
    stores = Stores(reach="")
    stores.job = left
    call(stores)
    assert (stores.job, stores.acts) == ("", ["add", "move"])


def test_a_script_that_still_runs_is_waited_for() -> None:
    stores = Stores(reach="")
    stores.job, stores.images, stores.held = "started", SHELL, True

    def end() -> None:
        stores.job, stores.held = "0", False

    stores.clock.after(900, end)
    assert call(stores)["elapsed"] > 900
    assert stores.acts == ["add", "move"]


def test_a_script_without_an_end_is_not_stopped() -> None:
    stores = Stores(reach="")
    stores.job, stores.images, stores.held = "started", SHELL, True
    with pytest.raises(Failure, match=r"Waiting for an earlier run.*still runs; it was not stopped"):
        call(stores)
    assert (stores.job, stores.acts) == ("started", [])


def lost_calls(reach: str) -> int:
    stores = Stores(reach=reach)
    call(stores, poll=300.0)
    return 2 * stores.calls


@pytest.mark.parametrize("reach", ["st", ""], ids=["over WinRM", "as a job"])
def test_the_connection_breaks_anywhere(reach: str) -> None:
    """Before and after each single call; the run ends well, or says so and the next one does."""
    for number in range(1, lost_calls(reach) + 1):
        stores = Stores(reach=reach, breaks=frozenset({number}))
        try:
            call(stores, poll=300.0)
        except (Failure, ChannelLost):
            stores.breaks = frozenset()
            call(stores, poll=300.0)
        assert [place.source for place in stores.places] == [None] * 5, number
        assert sum(place.target or 0 for place in stores.places) == 1504, number
        assert stores.job == "", number


@pytest.mark.parametrize("reach", ["st", ""], ids=["over WinRM", "as a job"])
def test_the_controller_dies_anywhere(reach: str) -> None:
    """The connection breaks at a call and never comes back: so ends a run. The next one ends well."""
    for number in range(1, lost_calls(reach) + 1):
        stores = Stores(reach=reach, breaks=frozenset(range(number, number + 10_000)))
        with pytest.raises((Failure, ChannelLost)):
            call(stores, poll=300.0)
        stores.breaks = frozenset()
        result = call(stores, poll=300.0)
        assert (result["after"]["target"]["items"], stores.job) == (1504, ""), number
        assert stores.acts.count("add") <= 2, number


@pytest.mark.parametrize(("blind", "ends"), [(1, True), (3, False)])
def test_a_look_after_an_act_that_fails(blind: int, ends: bool) -> None:
    """Is repeated, and the last one counts."""
    stores = Stores()
    left = [blind]

    def shell_stops(_name: str) -> None:
        stores.broken, stores.acts = "It is starting.", list(stores.acts)
        stores.clock.after(60 * left[0] - 30, lambda: setattr(stores, "broken", ""))

    stores.on_act = shell_stops
    if ends:
        assert call(stores)["after"]["target"]["items"] == 1504
    else:
        with pytest.raises(Failure, match="It is starting") as failed:
            call(stores)
        assert (failed.value.changed, stores.acts) == (True, ["add"])


def test_an_act_that_another_run_keeps_from_beginning_is_none() -> None:
    stores = Stores(reach="")
    first = stores._prepare

    def taken(line: str) -> Any:
        if "AddReplica" in line:
            stores.job = "job"
        return first(line)

    stores._prepare = taken  # type: ignore[method-assign]
    with pytest.raises(Refusal, match="Another run works on the same thing") as refused:
        call(stores)
    assert (refused.value.changed, stores.acts) == (False, [])


def test_somebody_who_watches_sees_that_it_goes_on() -> None:
    """The same line again after five minutes."""
    stores = Stores(stalled=True)
    it = task(stores, PARAMS)
    with pytest.raises(Failure):
        Replication(it).run()
    said: list[str] = it.__dict__["said"]
    assert 10 <= len([line for line in said if "are the same on MAIL-NEW" in line]) <= 14
