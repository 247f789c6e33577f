# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes and databases: what is asked of the shell, and what is read of its answers, damaged ones included."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _mailboxes as mailboxes
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._mailboxes import Choice, Listing, Mailbox
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node, Result
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import EXCHANGE, Asked, joined

GUIDS = [f"{n:08x}-69ed-58c6-b4c6-97f16944f6ad" for n in range(10)]
OLD, NEW = r"MAIL-OLD\SG\A", r"MAIL-NEW\SG\A"


def box(number: int, database: str = OLD, name: str = "") -> Mailbox:
    return Mailbox(GUIDS[number], f"user{number}", f"user{number}@x.example", database, name or f"User {number}")


def line(mailbox: Mailbox) -> str:
    return f"mailbox={mailbox.guid}|{mailbox.alias}|{mailbox.address}|{mailbox.database}|{mailbox.name}"


@pytest.mark.parametrize(
    ("pattern", "called"),
    [
        ("jdoe", True),
        ("JDoe", True),
        (" jdoe ", True),
        ("john.doe@x.example", True),
        ("Doe, John (Z\u00fcrich) [2]", True),
        (GUIDS[1], True),
        ("j*", True),
        ("*@x.example", True),
        ("jdo?", True),
        ("*[2]", True),
        ("jdo", False),
        ("do", False),
        ("jdoe.", False),
        ("", False),
        ("[j]doe", False),
    ],
)
def test_what_a_mailbox_is_called(pattern: str, called: bool) -> None:
    mailbox = Mailbox(GUIDS[1], "jdoe", "john.doe@x.example", OLD, "Doe, John (Z\u00fcrich) [2]")
    assert mailbox.called(pattern) is called


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{GUIDS[1].upper()}|a|a@x|{OLD}|A", Mailbox(GUIDS[1], "a", "a@x", OLD, "A")),
        (f"{GUIDS[1]}|a|a@x|{OLD}|A | B|", Mailbox(GUIDS[1], "a", "a@x", OLD, "A | B|")),
        (f"{GUIDS[1]}|a|a@x|{OLD}", None),
        (f"{GUIDS[1][:-1]}|a|a@x|{OLD}|A", None),
        ("", None),
        ("||||", None),
    ],
)
def test_a_line_of_a_listing(text: str, expected: Mailbox | None) -> None:
    assert mailboxes.parse_mailbox(text) == expected


def test_a_listing() -> None:
    """Who is in the target database is not waiting, even where source and target are on one server."""
    moved = box(3, NEW)
    lines = [rf"target={NEW}", "mounted=True", "list=there", line(moved), "list=waiting", line(box(1)), line(moved)]
    seen = mailboxes.parse_listing("noise\r\n" + "\r\n".join([*lines, "mailbox=cut of", "done=1"]))
    assert seen == Listing(NEW, True, (moved,), (box(1),))


@pytest.mark.parametrize(("word", "mounted"), [("True", True), ("False", False), ("", None), ("Wahr", None)])
def test_whether_the_target_is_mounted(word: str, mounted: bool | None) -> None:
    assert mailboxes.parse_listing(f"target=X\r\nmounted={word}\r\n").mounted is mounted


LISTING = Listing(NEW, True, (box(7, NEW),), (box(1), box(2), box(3)))


@pytest.mark.parametrize(
    ("names", "exclude", "chosen", "excluded", "there", "unknown"),
    [
        ([], [], [1, 2, 3], [], [7], []),
        (["user1"], [], [1], [], [], []),
        (["user*"], ["user2"], [1, 3], [2], [7], []),
        (["user7"], [], [], [], [7], []),
        (["nobody", "user1"], [], [1], [], [], ["nobody"]),
        (["nobody*"], [], [], [], [], []),
        ([], ["*"], [], [1, 2, 3], [7], []),
        (["user1"], ["nobody"], [1], [], [], []),
    ],
)
def test_who_is_chosen(
    names: list[str], exclude: list[str], chosen: list[int], excluded: list[int], there: list[int], unknown: list[str]
) -> None:
    choice = mailboxes.choose(LISTING, names, exclude)
    assert choice == Choice(
        tuple(box(n) for n in chosen),
        tuple(box(n) for n in excluded),
        tuple(box(n, NEW) for n in there),
        tuple(unknown),
    )


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        (mailboxes.source_clause("O'Brien", ""), ["-Server 'O''Brien'"]),
        (mailboxes.source_clause("", OLD), [rf"-Database '{OLD}'"]),
        (mailboxes.controller_clause(""), []),
        (mailboxes.controller_clause("dc1.x.example"), [" -DomainController 'dc1.x.example'"]),
        (
            mailboxes.listing_script("-Server 'O'", NEW, "dc1"),
            [rf"Get-MailboxDatabase -Identity '{NEW}' -Status -DomainController 'dc1'", "-ResultSize Unlimited"],
        ),
        (mailboxes.databases_script("O"), ["-Server 'O' -Status", "-ErrorVariable e"]),
    ],
)
def test_what_is_asked(script: str, parts: list[str]) -> None:
    """Of a whole server or a database, by the controller that was named; nothing that cmd.exe would change."""
    assert [part for part in parts if part not in script] == []
    assert not re.search(r'["%\r\n]', script)


@pytest.mark.parametrize("value", ['a"b', "100%", "two\nlines", "\u2019"])
def test_what_can_not_be_asked(value: str) -> None:
    with pytest.raises(Unquotable):
        mailboxes.source_clause(value, "")


BLOCK = {
    "database": OLD,
    "name": "A",
    "group": "SG",
    "mounted": "True",
    "path": r"D:\Mail\A.edb",
    "mailboxes": "40",
    "read": "39",
    "size": "3355443200",
    "items": "60000",
    "end": "1",
}
DATABASE = mailboxes.Database(OLD, "A", "SG", True, r"D:\Mail\A.edb", 40, 60000, 3355443200)


def block(**changes: str | None) -> str:
    said = {key: value for key, value in {**BLOCK, **changes}.items() if value is not None}
    end = said.pop("end", None)
    return "".join(f"{key}={value}\r\n" for key, value in {**said, **({"end": end} if end else {})}.items())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (block(), [DATABASE]),
        (block(end=None), []),
        (block(mounted="?"), [replace(DATABASE, mounted=None)]),
        (block(size="-1"), [replace(DATABASE, size=None)]),
        (block(read=None), [replace(DATABASE, size=None, items=None)]),
        (block(unread="access denied"), [replace(DATABASE, size=None, items=None, unread="access denied")]),
        (block(end=None) + block(name="B"), [replace(DATABASE, name="B")]),
        ("", []),
    ],
    ids=["whole", "cut off", "mounted unknown", "odd size", "no statistics", "refused", "one of two", "nothing"],
)
def test_databases(text: str, expected: list[mailboxes.Database]) -> None:
    """What the store did not tell is not known; a block without its end is none."""
    assert mailboxes.parse_databases(text) == expected


@pytest.mark.parametrize(
    ("result", "free"),
    [
        (Result(0, " Volume C\r\n     0 File(s)   0 bytes\r\n     2 Dir(s)  21474836480 bytes free\r\n"), 21474836480),
        (Result(0, " 2 Ordner,  21474836480 Bytes frei\r\n"), 21474836480),
        (Result(0, ""), None),
        (Result(0, "no number"), None),
        (Result(1, " 2 Dir(s)  5 bytes free"), None),
    ],
)
def test_free_space(result: Result, free: int | None) -> None:
    assert mailboxes.free_bytes(result) == free


KEY = Result(0, f"{EXCHANGE}\\Setup\r\n    MsiInstallPath    REG_SZ    C:\\Exchange\\\r\n")


def read(*steps: tuple[Any, Any]) -> tuple[list[mailboxes.Database], Asked]:
    channel = Asked((re.compile("^reg query"), joined(KEY, Result(1))), *steps)
    return mailboxes.read_databases(Node("n1", channel), "MAIL"), channel


def test_databases_with_the_room_of_their_disks() -> None:
    """The free space of each folder that this node has; a database without a path has none to be asked for."""
    answer = block() + block(database=NEW, path="") + block(database="X") + "done=1\r\n"
    there = " 2 Dir(s)  5000 bytes free\r\n"
    found, channel = read(
        (re.compile("Get-MailboxStatistics"), answer),
        (re.compile(r'^\(if exist "D:\\Mail\\\\" dir /-c "D:\\Mail"\)'), joined(there, "")),
    )
    assert [database.free for database in found] == [5000, None, None]
    assert found[0].as_dict()["free"] == 5000
    assert channel.steps == []


def test_the_cmdlet_refuses() -> None:
    """Its own words come back."""
    with pytest.raises(Failure, match="could not be found"):
        read((re.compile("Get-MailboxDatabase"), Result(1, "error=MAIL could not be found\r\n")))
