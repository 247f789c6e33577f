# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of killed migrations finds what is wrong with an end, each thing by itself."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.tests.kill.migration import Truth, repeated, troubles

Change = Callable[[Truth], Any]
PUBLIC = r"MAIL-NEW\PF\Public"


def database(mailboxes: int, items: int, **more: Any) -> dict[str, Any]:
    return {"mailboxes": mailboxes, "items": items, "system_mailboxes": 1, "public": False, "mounted": True} | more


def host() -> dict[str, Any]:
    return {"power": "on", "boots": 0, "services": {}, "tasks": [], "processes": [], "files": {"C:\\Temp": []}}


def event(kind: str, what: str, detail: str) -> dict[str, Any]:
    return {"kind": kind, "what": what, "detail": detail}


def folder(path: str, items: int) -> dict[str, Any]:
    return {path: {"items": items, "replicas": ["MAIL-NEW"], "content": {"MAIL-NEW": items}, "settled": True}}


def good() -> Truth:
    return {
        "violations": [],
        "mail": {
            "databases": {r"MAIL-OLD\G\D": database(0, 5), r"MAIL-NEW\G\D": database(2, 105)},
            "moving": [],
            "dropped_items": 0,
        },
        "public_folders": folder("\\", 0) | folder(r"\Sales", 7),
        "hosts": {"OLD-N1": host(), "NEW-N1": host()},
        "outages": {"MAIL-OLD": {"intervals": []}},
        "timeline": [
            event("mailbox", "moved", "ceo: A -> B"),
            event("mailbox", "moved", "cio: A -> B"),
            *(event("public folder", "replica added", f"{path}: {PUBLIC}") for path in ("\\", r"\Sales")),
            event("public folder", "content replicated", rf"\Sales: {PUBLIC}"),
            *(event("public folder", "replica removed", f"{path}: X") for path in ("\\", r"\Sales")),
        ],
    }


def test_nothing_speaks_against_a_good_end() -> None:
    assert troubles(good()) == troubles(good(), good()) == []


def old(truth: Truth) -> dict[str, Any]:
    found: dict[str, Any] = truth["mail"]["databases"][r"MAIL-OLD\G\D"]
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t["violations"].append({"rule": "M1", "what": "ceo is in A and B"}), "M1: ceo is in A and B"),
        (lambda t: old(t).update(mailboxes=1, items=55), r"MAIL-OLD\G\D still holds 1 mailboxes, 50 items"),
        (lambda t: old(t).update(items=6), r"MAIL-OLD\G\D still holds 0 mailboxes, 1 items"),
        (lambda t: old(t).update(mounted=False), r"MAIL-OLD\G\D is not mounted"),
        (lambda t: t["mail"].update(moving=["ceo"]), "still moving: ['ceo'], items lost: 0"),
        (lambda t: t["mail"].update(dropped_items=1), "still moving: [], items lost: 1"),
        (lambda t: t["public_folders"][r"\Sales"]["replicas"].append("MAIL-OLD"), r"\Sales: 7 items, replicas"),
        (lambda t: t["public_folders"][r"\Sales"]["content"].update({"MAIL-NEW": 6}), r"\Sales: 7 items, replicas"),
        (lambda t: t["timeline"].pop(4), r"\Sales was taken off MAIL-OLD before MAIL-NEW had all of it"),
        (lambda t: t["timeline"].append(t["timeline"][0]), "mailbox moved ceo 2 times"),
        (lambda t: t["timeline"].append(t["timeline"][3]), r"public folder replica added \Sales 2 times"),
        (lambda t: t["hosts"]["NEW-N1"].update(tasks=["mailops-x"]), "NEW-N1 is on; tasks ['mailops-x']"),
        (lambda t: t["hosts"]["NEW-N1"].update(processes=["powershell"]), "NEW-N1 is on; tasks [], processes"),
        (lambda t: t["hosts"]["NEW-N1"].update(power="off"), "NEW-N1 is off"),
        (lambda t: t["outages"]["MAIL-OLD"]["intervals"].append({}), "MAIL-OLD was away"),
        (lambda t: t["hosts"]["NEW-N1"]["files"].update({"C:\\Temp": ["mailops-x"]}), "hosts/NEW-N1/files/C:\\Temp"),
        (lambda t: t["mail"]["databases"][r"MAIL-NEW\G\D"].update(items=104), "mail/databases/MAIL-NEW"),
    ],
)
def test_what_speaks_against_an_end(change: Change, said: str) -> None:
    truth = deepcopy(good())
    change(truth)
    assert any(trouble.startswith(said) for trouble in troubles(truth, good())), troubles(truth, good())


def test_files_do_not_count_without_a_run_to_compare_with() -> None:
    truth = deepcopy(good())
    truth["hosts"]["NEW-N1"]["files"] = {}
    assert troubles(truth) == []


def test_replication_is_no_act() -> None:
    truth = good()
    truth["timeline"] += [event("public folder", "content replicated", rf"\Sales: {PUBLIC}")] * 2
    assert repeated(truth) == {}
