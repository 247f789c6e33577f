# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of Move-Mailbox: whole, cut off, damaged, and written otherwise than anybody expected."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _move_report as reports
from ansible_collections.mailops.exchange2007.plugins.module_utils._mailboxes import Mailbox
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_mailboxes import OLD, box

DOCS = Path(__file__).resolve().parents[4] / "docs"
CORRUPT = -1056749110


def item(mailbox: Mailbox, code: int = 0, said: str = "Moved.", **attributes: str) -> str:
    result = {"IsWarning": "False", "IsError": str(bool(code)), "ErrorCode": str(code), **attributes}
    marks = " ".join(f"{name}={quoteattr(value)}" for name, value in result.items() if value)
    return (
        f"<Item MailboxName={quoteattr(mailbox.name)}><Alias>{escape(mailbox.alias)}</Alias>"
        f"<Source><Database>{escape(mailbox.database)}</Database></Source>"
        f"<PrimarySmtpAddress>{escape(mailbox.address)}</PrimarySmtpAddress>"
        f"<Result {marks}>{escape(said)}</Result></Item>"
    )


def document(*items: str, end: str = "</TaskDetails><TaskFooter/></Move-Mailbox>") -> bytes:
    head = '<?xml version="1.0" encoding="utf-8"?>\r\n<Move-Mailbox><TaskHeader/><TaskDetails>'
    return b"\xef\xbb\xbf" + (head + "\r\n".join(items) + end).encode()


ALL = (box(1), box(2), box(3, name="M\u00fcller, J\u00f6rg (Z\u00fcrich)"))


def test_a_report() -> None:
    found = reports.read_report(document(item(ALL[0]), item(ALL[1], CORRUPT, "Too\n  many."), item(ALL[2])))
    assert found.complete
    by_guid = found.of(ALL)
    assert [by_guid[mailbox.guid].code for mailbox in ALL] == [0, CORRUPT, 0]
    assert [by_guid[mailbox.guid].failed for mailbox in ALL] == [False, True, False]
    assert by_guid[ALL[1].guid].message == "Too many."


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (document(item(ALL[0]), item(ALL[1]), end=""), [0, 0]),
        (document(item(ALL[0]), item(ALL[1])[:-20], end=""), [0]),
        (document(item(ALL[0]), "<<<", item(ALL[1])), [0]),
        (document(item(ALL[0]), "\x01", item(ALL[1])), [0]),
        (b"", []),
        (b"\xef\xbb\xbf", []),
        (b"not XML", []),
        (document(item(ALL[0]))[:60], []),
        (document(item(ALL[0])).replace(b"utf-8", b"utf-88"), []),
    ],
    ids=[
        "no end",
        "cut in an item",
        "damaged",
        "control character",
        "empty",
        "mark only",
        "no XML",
        "header only",
        "encoding",
    ],
)
def test_a_report_that_is_not_whole(data: bytes, codes: list[int]) -> None:
    """What came before the damage counts."""
    found = reports.read_report(data)
    assert not found.complete
    assert [each.code for each in found.items] == codes


@pytest.mark.parametrize("cut", range(0, 900, 7))
def test_a_report_cut_anywhere(cut: int) -> None:
    """As the process that writes it may die at any byte."""
    data = document(item(ALL[0]), item(ALL[2], CORRUPT))
    found = reports.read_report(data[:cut])
    assert set(found.of(ALL)) <= {ALL[0].guid, ALL[2].guid}


@pytest.mark.parametrize(
    ("text", "code", "failed"),
    [
        (item(box(1), 0), 0, False),
        (item(box(1), -5), -5, True),
        (item(box(1), -5, IsError=""), -5, True),
        (item(box(1), -5, IsError="False", IsWarning="True"), -5, False),
        (item(box(1), 0, ErrorCode="", IsError="True"), None, True),
        (item(box(1), 0, ErrorCode="none"), None, False),
        ("<Item><Alias>user1</Alias><Result><ErrorCode>-5</ErrorCode></Result></Item>", -5, True),
        ("<Item><Alias>user1</Alias></Item>", None, False),
        ('<item mailboxname="user1"><result errorcode="-5" iserror="true"/></item>', -5, True),
    ],
    ids=["good", "failed", "no flag", "warning", "no code", "odd code", "elements", "no result", "lower case"],
)
def test_an_item(text: str, code: int | None, failed: bool) -> None:
    """The number in it, whatever is written around it."""
    [seen] = reports.read_report(document(text)).items
    assert (seen.code, seen.failed) == (code, failed)


@pytest.mark.parametrize(
    ("text", "guids"),
    [
        ("<Item><X>user1@x.example</X></Item>", [box(1).guid]),
        ("<Item><X>USER1</X></Item>", [box(1).guid]),
        (f'<Item MailboxName="{box(2).name}"/>', [box(2).guid]),
        (f"<Item><Guid>{box(2).guid.upper()}</Guid></Item>", [box(2).guid]),
        ("<Item><X>user1</X><Y>user2</Y></Item>", []),
        ("<Item><X>user1@x.example</X><Y>user2</Y></Item>", [box(1).guid]),
        ("<Item><X>somebody</X></Item>", []),
        ("<Item/>", []),
    ],
    ids=["address", "alias", "name", "guid", "two", "address before alias", "stranger", "nothing"],
)
def test_whom_an_item_is_about(text: str, guids: list[str]) -> None:
    """The surest of what it says decides; one that names two is about nobody."""
    assert list(reports.read_report(document(text)).of(ALL)) == guids


def test_twins_and_names_that_no_code_page_has() -> None:
    """Two mailboxes of one name are told apart by nothing else, and `?` stands for anything."""
    twins = (box(1, name="Smith"), box(2, name="Smith"), box(3, name="???"))
    found = reports.read_report(document('<Item MailboxName="Smith"/>', '<Item MailboxName="???"/>'))
    assert found.of(twins) == {}


def test_the_last_item_counts() -> None:
    found = reports.read_report(document(item(ALL[0], -5), item(ALL[0], 0))).of(ALL)
    assert found[ALL[0].guid].code == 0


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (CORRUPT, "corrupt_items"),
        (-1056749164, "target_full"),
        (0x8004060C, "target_full"),
        (-2147024891, "access_denied"),
        (-2147221231, "access_denied"),
        (-2147016651, "directory"),
        (-2147221227, "store_unreachable"),
        (-1056749262, "locked"),
        (-2147467259, "unknown"),
        (17, "unknown"),
    ],
)
def test_causes(code: int, cause: str) -> None:
    assert reports.cause_of(code).name == cause


def test_a_failure_as_it_is_told() -> None:
    failed = reports.read_report(document(item(box(1), CORRUPT, "Too many."))).items[0]
    told = reports.failure_of(box(1), failed)
    assert (told["alias"], told["code"], told["cause"], told["database"]) == ("user1", CORRUPT, "corrupt_items", OLD)
    assert told["message"] == "Too many."
    assert told["next_step"]
    strange = reports.failure_of(box(1), reports.read_report(document(item(box(1), 1722))).items[0])
    assert (strange["cause"], "RPC_S_SERVER_UNAVAILABLE" in strange["meaning"]) == ("unknown", True)
    assert reports.failure_of(box(1), None)["cause"] == "untold"


def test_every_cause_is_in_the_documentation() -> None:
    """docs/migration.md has each with the same words."""
    text = (DOCS / "migration.md").read_text(encoding="utf-8")
    causes = [value for value in vars(reports).values() if isinstance(value, reports.Cause)]
    assert len(causes) == 8
    missing = [c.name for c in causes if f"| `{c.name}` | {c.meaning} | {c.next_step} |" not in text]
    assert missing == []
