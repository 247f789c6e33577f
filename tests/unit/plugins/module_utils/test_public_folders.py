# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public folders of two servers: what is printed, what is missing, what is left, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._public_folders import (
    Contents,
    Database,
    Folder,
    Holding,
    Scope,
    Seen,
    adding_script,
    input_refusals,
    moving_script,
    parse_seen,
    parse_size,
    reading_script,
    refusals,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import shell_line

SCOPE = Scope("OLD", "NEW")
BRANCH = Scope("OLD", "NEW", r"\Sales", system_subtree=False)
SCRIPTS = "C:\\Program Files\\Microsoft\\Exchange Server\\Scripts"
UP = (Database("X", True),)


def holding(path: str, items: int | None = 5, *, key: str = "", associated: int | None = 0) -> Holding:
    return Holding(key or path.upper(), path, items, associated, 1024)


def folder(path: str, on: str = "st", *, key: str = "") -> Folder:
    return Folder(key or path.strip("\\").upper(), path, "s" in on, "t" in on)


def seen(
    tree: list[Folder] | None, source: list[Holding] | None, target: list[Holding] | None, scope: Scope = SCOPE
) -> Seen:
    on_source, on_target = (None if held is None else Contents(held) for held in (source, target))
    return Seen(scope, UP, UP, None if tree is None else tuple(tree), on_source, on_target)


# --- reading -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0B", 0),
        ("456B", 456),
        ("8KB", 8192),
        ("80MB", 80 * 2**20),
        ("3GB", 3 * 2**30),
        ("1TB", 2**40),
        ("12 MB", 12 * 2**20),
        (" 7kb ", 7168),
        ("", None),
        ("many", None),
        ("1.5MB", None),
        ("\u00b2KB", None),
        ("1 MB (1,048,576 bytes)", None),
    ],
)
def test_sizes(text: str, size: int | None) -> None:
    assert parse_size(text) == size


WHOLE = {
    "source": [r"True|OLD\G\PF"],
    "target": [r"True|NEW\G\PF"],
    "folder": ["01|s|\\", r"02|st|\Sales", r"03|t|\Sales\a|b"],
    "source_holds": ["01|0|0|0B|IPM_SUBTREE", "02|5|1|3KB|Sales"],
    "target_holds": [r"03|7|0|1MB|Sales\a|b"],
    "whole": ["tree", "source", "target"],
}


def test_an_answer() -> None:
    found = parse_seen(SCOPE, WHOLE)
    assert found.whole
    assert found.source == (Database(r"OLD\G\PF", True),)
    assert found.tree == (
        Folder("01", "\\", True, False),
        Folder("02", r"\Sales", True, True),
        Folder("03", r"\Sales\a|b", False, True),
    )
    assert found.on_source is not None
    assert found.on_source.all[1] == Holding("02", "Sales", 5, 1, 3072)
    assert found.as_dict() == {
        "source": {
            "server": "OLD",
            "database": r"OLD\G\PF",
            "listed": 2,
            "folders": 2,
            "items": 5,
            "size": 3072,
        },
        "target": {"server": "NEW", "database": r"NEW\G\PF", "listed": 2, "folders": 1, "items": 7, "size": 2**20},
    }


@pytest.mark.parametrize(
    ("changes", "unread"),
    [
        ({"whole": ["source", "target"]}, "tree"),
        ({"whole": ["tree", "target"]}, "on_source"),
        ({"whole": ["tree", "source"]}, "on_target"),
        ({"folder": ["01|s|\\", "02|st"]}, "tree"),
        ({"folder": ["|s|\\"]}, "tree"),
        ({"folder": [r"01|x|\Sales"]}, "tree"),
        ({"source_holds": ["02|5|1|3KB"]}, "on_source"),
        ({"target_holds": ["|5|1|3KB|Sales"]}, "on_target"),
    ],
)
def test_half_an_answer_is_none(changes: dict[str, list[str]], unread: str) -> None:
    found = parse_seen(SCOPE, {**WHOLE, **changes})
    assert getattr(found, unread) is None
    assert not found.whole
    assert found.parity is None
    assert found.moved is None or unread == "on_target"


@pytest.mark.parametrize(("text", "mounted"), [("True", True), ("False", False), ("", None), ("Wahr", None)])
def test_mounted_is_unknown_unless_it_is_said(text: str, mounted: bool | None) -> None:
    assert parse_seen(SCOPE, {"source": [f"{text}|D"]}).source == (Database("D", mounted),)


def test_what_the_shell_said_of_a_part() -> None:
    found = parse_seen(SCOPE, {**WHOLE, "whole": ["tree", "source"], "trouble": ["target|denied | for ever"]})
    assert found.troubles == {"target": "denied | for ever"}
    assert "denied | for ever" in found.told()


def test_nothing_known_of_sizes() -> None:
    found = parse_seen(SCOPE, {**WHOLE, "source_holds": ["02|5|1|viel|Sales"]})
    assert found.as_dict()["source"]["size"] is None
    assert found.as_dict()["source"]["items"] == 5


def test_the_scripts_fit_on_a_line() -> None:
    scope = Scope("MAIL'S", "NEW & CO", r"\A 'quoted' (folder)", ignored=("x",), domain_controller="dc1.example.com")
    line = shell_line(reading_script(scope, scope.source), r"C:\x y\bin\exshell.psc1")
    assert line.count('"') == 4
    assert "-Server 'MAIL''S' -Status -DomainController 'dc1.example.com'" in line
    assert r"'\A ''quoted'' (folder)', '\NON_IPM_SUBTREE'" in line
    with pytest.raises(Unquotable):
        shell_line(reading_script(replace(scope, path='\\a"b'), "OLD"))


@pytest.mark.parametrize(
    ("scope", "adding", "moving"),
    [
        (
            SCOPE,
            [
                rf"& '{SCRIPTS}\AddReplicaToPFRecursive.ps1' -TopPublicFolder '\' -ServerToAdd 'NEW' -Server 'OLD'",
                rf"& '{SCRIPTS}\AddReplicaToPFRecursive.ps1' -TopPublicFolder '\NON_IPM_SUBTREE' -ServerToAdd 'NEW' "
                "-Server 'OLD'",
            ],
            [rf"& '{SCRIPTS}\MoveAllReplicas.ps1' -Server 'OLD' -NewServer 'NEW'"],
        ),
        (
            BRANCH,
            [rf"& '{SCRIPTS}\AddReplicaToPFRecursive.ps1' -TopPublicFolder '\Sales' -ServerToAdd 'NEW' -Server 'OLD'"],
            [
                rf"& '{SCRIPTS}\ReplaceReplicaOnPFRecursive.ps1' -TopPublicFolder '\Sales' -ServerToAdd 'NEW' "
                "-ServerToRemove 'OLD' -Server 'OLD'"
            ],
        ),
    ],
    ids=["everything", "a branch"],
)
def test_scripts(scope: Scope, adding: list[str], moving: list[str]) -> None:
    assert adding_script(scope, SCRIPTS + "\\") == "".join(f"{line}; " for line in adding)
    assert moving_script(scope, SCRIPTS) == "".join(f"{line}; " for line in moving)


# --- comparing -----------------------------------------------------------------------------------------------------

DIM_FORMS = holding("Sales", associated=None)
SALES, SYSTEM = folder(r"\Sales"), folder(r"\NON_IPM_SUBTREE")


@pytest.mark.parametrize(
    ("it", "parity", "missing"),
    [
        (seen([SALES], [holding("Sales")], [holding("Sales")]), True, []),
        (seen([SALES], [holding("Sales")], [holding("Sales", 4)]), False, [(r"\Sales", 5, 4)]),
        (seen([SALES], [holding("Sales", 4)], [holding("Sales")]), False, [(r"\Sales", 4, 5)]),
        (seen([SALES], [holding("Sales")], []), False, [(r"\Sales", 5, None)]),
        (seen([SALES], [holding("Sales", 0)], []), False, [(r"\Sales", 0, None)]),
        (seen([SALES], [holding("Sales", None)], [holding("Sales", None)]), False, [(r"\Sales", None, None)]),
        (seen([SALES], [holding("Sales", associated=1)], [holding("Sales")]), False, [(r"\Sales", 5, 5)]),
        (seen([SALES], [DIM_FORMS], [DIM_FORMS]), False, [(r"\Sales", 5, 5)]),
        # of a folder that both are to have nothing is seen on the source: who knows what would be lost
        (seen([SALES], [], [holding("Sales")]), False, [(r"\Sales", None, 5)]),
        (seen([SYSTEM, folder("\\")], [], []), True, []),
        (seen([folder(r"\Sales", "s")], [holding("Sales")], [holding("Sales")]), False, []),
        # Exchange keeps what is off the list until others have it
        (seen([folder(r"\Sales", "t")], [holding("Sales")], []), True, []),
        # the ids of two answers differ: then the path counts
        (seen([folder(r"\SALES", key="9")], [holding("Sales", key="1")], [holding("sales", key="2")]), True, []),
        # what no hierarchy knows
        (seen([SALES], [holding("Sales"), holding("Lost")], [holding("Sales")]), False, [(r"\Lost", 5, None)]),
        (seen([SALES], [holding("Sales"), holding("Lost")], [holding("Sales")], BRANCH), True, []),
        (seen(None, [], []), None, []),
        (seen([SALES], None, []), None, []),
        (seen([SALES], [holding("Sales")], None), None, []),
    ],
)  # fmt: skip
def test_parity(it: Seen, parity: bool | None, missing: list[tuple[Any, ...]]) -> None:
    assert it.parity is parity
    assert [tuple(entry.values()) for entry in it.missing()] == missing


@pytest.mark.parametrize(
    ("it", "moved"),
    [
        (seen([folder(r"\Sales", "t")], [], []), True),
        (seen([folder(r"\Sales", "t")], [], None), True),
        (seen([folder(r"\Sales", "st")], [], []), False),
        (seen([folder(r"\Sales", "")], [], []), False),
        (seen([folder(r"\Sales", "t")], [holding("Sales")], []), False),
        (seen([folder(r"\Sales", "t")], [holding("Lost")], []), False),
        (seen([folder(r"\Sales", "t")], [holding("Lost")], [], BRANCH), True),
        (seen(None, [], []), None),
        (seen([folder(r"\Sales", "t")], None, []), None),
        (Seen(SCOPE), True),
    ],
)
def test_moved(it: Seen, moved: bool | None) -> None:
    assert it.moved is moved


def test_folders_can_be_left_out() -> None:
    scope = replace(SCOPE, ignored=(r"\non_ipm_subtree\StoreEvents*",))
    events = r"NON_IPM_SUBTREE\StoreEvents{1}"
    it = seen([SALES, folder("\\" + events, "s")], [holding("Sales"), holding(events)], [holding("Sales")], scope)
    assert (it.lacking(), it.missing(), it.parity) == ([], [], True)
    assert [h.path for h in it.held()] == ["Sales"]
    gone = seen([folder(r"\Sales", "t"), folder("\\" + events, "s")], [holding(events)], [], scope)
    assert gone.moved


@pytest.mark.parametrize(
    ("it", "words"),
    [
        (
            seen([SALES], [holding("Sales")], [holding("Sales", 4)]),
            r"0 of 1 folders are the same on NEW; not so \Sales",
        ),
        (seen([SALES], [holding("Sales")], []), r"not so \Sales: unknown of 5 items"),
        (seen([SALES], [holding("Sales")], [holding("Sales")]), "1 folders with 5 items are the same on both"),
        (seen([folder(r"\Sales", "t")], [holding("Sales")], []), "OLD still holds 1 folders, 5 items, such as Sales"),
        (seen([folder(r"\Sales", "t")], [], []), "OLD holds none"),
        (seen(None, [], []), "could not be read"),
    ],
)
def test_what_is_told(it: Seen, words: str) -> None:
    assert words in it.told()


# --- refusing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (SCOPE, []),
        (Scope("OLD", "old"), ["the same server"]),
        (Scope("OLD", "NEW", "Sales"), ["does not begin with a backslash"]),
        (Scope("OLD", "old", ""), ["the same server", "does not begin"]),
    ],
)
def test_bad_input(scope: Scope, words: list[str]) -> None:
    found = input_refusals(scope)
    assert len(found) == len(words)
    assert all(word in reason.seen and reason.rule == "input" for word, reason in zip(words, found, strict=True))


GOOD = seen([SALES], [holding("Sales")], [])
DOWN, DIM = (Database("X", False),), (Database("X", None),)


@pytest.mark.parametrize(
    ("it", "looking", "rules", "words"),
    [
        (GOOD, False, [], ""),
        (Seen(SCOPE), False, [], ""),
        (replace(GOOD, target=()), False, ["input"], "NEW has no public folder database"),
        (replace(GOOD, target=DOWN), False, ["R9"], "X is not mounted"),
        (replace(GOOD, source=DIM), False, ["R9"], "X is in an unknown state"),
        (replace(GOOD, source=DOWN, target=DOWN), False, ["R9", "R9"], "X is not mounted"),
        (replace(GOOD, tree=None, troubles={"tree": "denied"}), False, ["R9"], "The folders can't be read: denied"),
        (replace(GOOD, on_source=None), False, ["R9"], "What OLD holds can't be read: the answer was cut off"),
        (replace(GOOD, on_target=None), False, ["R9"], "What NEW holds can't be read"),
        (replace(GOOD, on_source=None, on_target=None), True, [], ""),
        (replace(GOOD, tree=None), True, ["R9"], "The folders can't be read"),
        (replace(GOOD, target=DOWN), True, ["R9"], "X is not mounted"),
    ],
)
def test_refusals(it: Seen, looking: bool, rules: list[str], words: str) -> None:
    found = refusals(it, looking=looking)
    assert [reason.rule for reason in found] == rules
    assert all(reason.advice for reason in found)
    assert words in (found[0].seen if found else "")
