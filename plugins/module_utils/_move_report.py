# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The XML report of Move-Mailbox, and what its error codes mean.

That it has an Item for each mailbox and a Result with a number in it is all that is relied on (sources.md:
move-report): whom an item is about is found by whatever of it names one of the mailboxes that were given to the
cmdlet. Whether a mailbox was moved is never taken from here, but from the directory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, ParseError, iterparse

from ._errors import WIN32, Meaning, told
from ._mailboxes import Mailbox

_WHOLE = re.compile(r"-?[0-9]{1,10}")
_DIRECTORY = range(8192, 9216)  # Win32 numbers of the directory service
_MESSAGE_LIMIT = 500  # characters of Exchange's own words that are kept
_AGAIN = "Running again tries it anew."


@dataclass(frozen=True)
class Cause:
    """Why a mailbox can't be moved: a name that doesn't change, what it means, what to do.

    passing: by itself it may be gone in a while, so that it is worth another try.
    """

    name: str
    meaning: str
    next_step: str
    passing: bool = False


# Numbers: public transcripts of Move-Mailbox for the corrupt items and the full store (sources.md: move-codes);
# MAPI's are from mapicode.h, https://learn.microsoft.com/en-us/office/client-developer/outlook/mapi/mapi-constants.
CORRUPT = Cause(
    "corrupt_items",
    "The mailbox has more corrupt items than bad_item_limit allows.",
    "Have the user's folders checked, or give a higher bad_item_limit: the corrupt items are lost then.",
)
FULL = Cause(
    "target_full",
    "The target database, its disk or the mailbox quota there has no room for it.",
    "Make room on the target (disk, quota), or give another target database. " + _AGAIN,
)
ACCESS = Cause(
    "access_denied",
    "The account that moves has no rights to the mailbox, or on one of the servers.",
    "Give it Exchange Recipient Administrator, Exchange Server Administrator and local administrator on both sides.",
)
DIRECTORY = Cause(
    "directory",
    "Active Directory refused or could not make the change of the user's object.",
    "Check the domain controllers, their replication and the rights on the user's object. " + _AGAIN,
)
NETWORK = Cause(
    "store_unreachable",
    "The connection to one of the two stores was lost, or a database was dismounted.",
    "Check that both mailbox servers are online and their databases mounted. " + _AGAIN,
    passing=True,
)
LOCKED = Cause(
    "locked",
    "Another move holds the mailbox, or one that died has left it locked for a while.",
    "Wait some minutes; the store lets go of it by itself. " + _AGAIN,
    passing=True,
)
UNKNOWN = Cause(
    "unknown",
    "This collection knows no meaning of the number.",
    "Read Exchange's own words, and the application logs of both servers. " + _AGAIN,
)
UNTOLD = Cause(
    "untold",
    "Move-Mailbox has ended, the mailbox is where it was, and the report does not say why.",
    "Read the report and the application logs of both servers. " + _AGAIN,
    passing=True,
)
_CODES: dict[int, Cause] = {
    0xC10349CA: CORRUPT,
    0xC1034994: FULL,
    0xC1034932: LOCKED,  # unverified
    0x8004060C: FULL,  # MAPI_E_STORE_FULL
    0x8004060D: FULL,
    0x80070005: ACCESS,
    0x80070070: FULL,  # ERROR_DISK_FULL
    0x80040111: ACCESS,  # MAPI_E_LOGON_FAILED
    0x80040115: NETWORK,  # MAPI_E_NETWORK_ERROR
    0x8004011D: NETWORK,  # MAPI_E_FAILONEPROVIDER
    0x80040604: NETWORK,  # MAPI_E_TIMEOUT, unverified
    0x800706BA: NETWORK,  # RPC_S_SERVER_UNAVAILABLE
    0x80040102: UNKNOWN,
}


def cause_of(code: int) -> Cause:
    """What an error code means."""
    number = code & 0xFFFFFFFF
    if number in _CODES:
        return _CODES[number]
    if number >> 16 == 0x8007 and number & 0xFFFF in _DIRECTORY:
        return DIRECTORY
    return UNKNOWN


@dataclass(frozen=True)
class Item:
    """One mailbox of a report. code: the number of its Result, 0 for success; None where there is none.

    texts: everything short in it, by which the mailbox is recognised.
    """

    code: int | None
    error: bool
    warning: bool
    message: str
    texts: frozenset[str]

    @property
    def failed(self) -> bool:
        return self.error or bool(self.code and not self.warning)


@dataclass(frozen=True)
class Report:
    """What was read of a report; complete: it has its end, which that of a process that died has not."""

    items: tuple[Item, ...]
    complete: bool

    def of(self, mailboxes: Iterable[Mailbox]) -> dict[str, Item]:
        """GUID -> the last item about each of these mailboxes."""
        wanted = tuple(mailboxes)
        tiers = [_owners(wanted, field) for field in ("guid", "address", "alias", "name")]
        found = {}
        for item in self.items:
            guid = next((guid for owners in tiers if (guid := _one(item, owners))), None)
            if guid is not None:
                found[guid] = item
        return found


def _owners(mailboxes: Iterable[Mailbox], field: str) -> dict[str, str]:
    """What only one of these mailboxes is called -> its GUID. A name that the code page can't show is none."""
    owners: dict[str, str] = {}
    shared = set()
    for mailbox in mailboxes:
        text = str(getattr(mailbox, field)).casefold()
        if text in owners or "?" in text or not text:
            shared.add(text)
        owners[text] = mailbox.guid
    return {text: guid for text, guid in owners.items() if text not in shared}


def _one(item: Item, owners: dict[str, str]) -> str | None:
    """The mailbox that an item names; None where it names none, or several."""
    meant = {owners[text] for text in item.texts if text in owners}
    return meant.pop() if len(meant) == 1 else None


def read_report(data: bytes) -> Report:
    """From the bytes of the file; what comes after a damaged place is lost, what came before counts."""
    items: list[Item] = []
    complete = True
    events = _events(data)
    while True:
        try:
            element = next(events)
        except StopIteration:
            break
        except (ParseError, LookupError):  # damage, or an encoding that nobody has
            complete = False
            break
        if _tag(element) == "item":
            items.append(_item(element))
            element.clear()
    return Report(tuple(items), complete)


def _events(data: bytes) -> Iterator[Element]:
    """Every element at its end, in order; ParseError where the file is damaged or has none."""
    for _event, element in iterparse(BytesIO(data)):  # noqa: S314 - from a node that is trusted with mail; expat bounds it
        yield element


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower()


def _item(item: Element) -> Item:
    texts = [value for element in item.iter() for value in (*element.attrib.values(), element.text or "")]
    result = next((element for element in item.iter() if _tag(element) == "result"), item)
    told_of = {name.lower(): value.strip() for name, value in result.attrib.items()}
    for element in result.iter():
        told_of.setdefault(_tag(element), (element.text or "").strip())
    code = told_of.get("errorcode", "")
    return Item(
        code=int(code) if _WHOLE.fullmatch(code) else None,
        error=told_of.get("iserror", "").lower() == "true",
        warning=told_of.get("iswarning", "").lower() == "true",
        message=" ".join(" ".join(result.itertext()).split())[:_MESSAGE_LIMIT],
        texts=frozenset(text.strip().casefold() for text in texts if text.strip()),
    )


def failure_of(mailbox: Mailbox, item: Item | None) -> dict[str, Any]:
    """A mailbox that was not moved, as the result tells it."""
    code = item.code if item and item.failed else None
    cause = UNTOLD if code is None else cause_of(code)
    tables: tuple[dict[int, Meaning], ...] = (WIN32,)
    meaning = f"{cause.meaning} {told(code, *tables)}." if cause is UNKNOWN and code is not None else cause.meaning
    return {
        "name": mailbox.name,
        "alias": mailbox.alias,
        "address": mailbox.address,
        "database": mailbox.database,
        "code": code,
        "cause": cause.name,
        "meaning": meaning,
        "message": item.message if item else "",
        "next_step": cause.next_step,
        "passing": cause.passing,
    }
