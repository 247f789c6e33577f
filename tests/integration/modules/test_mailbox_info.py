# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mailbox_info: every database as the lab has it, from the owner and from where the store can't be reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.localised import database
from ansible_collections.mailops.exchange2007.tests.integration.truths import ask

Module = Callable[..., dict[str, Any]]
INFO = "mailbox_info"
OLD = "MAIL-OLD"


@pytest.fixture(scope="module")
def two(start_lab: Callable[..., Lab]) -> Lab:
    """The old cluster and the new one."""
    return start_lab("migration-2003-2008")


def test_on_the_owner(two: Lab, honest: Module) -> None:
    """Counts, items and sizes without the system mailboxes; the room of the disk."""
    seen = honest(two, "old-n1", INFO, server=OLD)["mailbox_server"]
    truth = two.truth()["mail"]["databases"]
    for each in seen["databases"]:
        there = truth[each["identity"]]
        assert each["mailboxes"] == there["mailboxes"]
        assert each["size"] == there["size"] - 8192  # the system mailbox
        assert each["items"] == there["items"] - 5
        assert (each["mounted"], each["sizes_error"]) == (True, None)
        assert each["free"] > 10**9
    assert seen["mailboxes"] == sum(each["mailboxes"] for each in seen["databases"]) == 44


def test_where_the_store_is_not_reached(two: Lab, honest: Module) -> None:
    """The directory still counts; a size is unknown, never 0."""
    seen = honest(two, "new-n1", INFO, server=OLD)["mailbox_server"]
    assert (seen["mailboxes"], seen["size"], seen["items"]) == (44, None, None)
    assert all(each["sizes_error"] for each in seen["databases"])


def test_a_dismounted_database(two: Lab, honest: Module) -> None:
    """Said of that one only."""
    fields = {"host": "NEW-N1", "database": database(r"MAIL-NEW\Executives")}
    ask(two, "inject", fault="database_dismounted", fields=fields)
    try:
        seen = honest(two, "new-n1", INFO, server="MAIL-NEW")["mailbox_server"]["databases"]
    finally:
        ask(two, "inject", fault="database_mounted", fields=fields)
    assert [each["mounted"] for each in seen] == [True, False, True]


def test_a_server_that_nobody_knows(two: Lab, refused: Module) -> None:
    """The cmdlet's words."""
    refused(two, "new-n1", INFO, "NOBODY", server="NOBODY")


def test_check_mode_looks_as_well(two: Lab, foretell: Module) -> None:
    """And shows no diff."""
    told = foretell(two, [("count", "old-n1", INFO, {"server": OLD})])["count"]
    assert (told["mailbox_server"]["mailboxes"], told["changed"]) == (44, False)
    assert "diff" not in told
