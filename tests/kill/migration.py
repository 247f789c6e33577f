# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the end of a killed and repeated migration, by the ground truth alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ansible_collections.mailops.exchange2007.tests.kill.judge import differences

Truth = dict[str, Any]
OLD, NEW = "MAIL-OLD", "MAIL-NEW"
_ITEMS_OF_A_SYSTEM_MAILBOX = 5


def troubles(truth: Truth, reference: Truth | None = None) -> list[str]:
    """Everything that speaks against it; reference: the ground truth of the run that nobody disturbed."""
    found = [f"{broken['rule']}: {broken['what']}" for broken in truth["violations"]]
    found += [*_mailboxes(truth["mail"]), *_folders(truth), *_hosts(truth["hosts"])]
    found += [f"{what} {n} times" for what, n in repeated(truth).items()]
    found += [f"{name} was away" for name, outage in truth["outages"].items() if outage["intervals"]]
    return found + (differences(final(reference), final(truth)) if reference else [])


def _mailboxes(mail: dict[str, Any]) -> Iterator[str]:
    for name, database in mail["databases"].items():
        kept = database["items"] - database["system_mailboxes"] * _ITEMS_OF_A_SYSTEM_MAILBOX
        if name.startswith(f"{OLD}\\") and not database["public"] and (database["mailboxes"] or kept):
            yield f"{name} still holds {database['mailboxes']} mailboxes, {kept} items"
        if not database["mounted"]:
            yield f"{name} is not mounted"
    if mail["moving"] or mail["dropped_items"]:
        yield f"still moving: {mail['moving']}, items lost: {mail['dropped_items']}"


def _folders(truth: Truth) -> Iterator[str]:
    for path, folder in truth["public_folders"].items():
        if (folder["replicas"], folder["content"]) != ([NEW], {NEW: folder["items"]}):
            yield f"{path}: {folder['items']} items, replicas {folder['replicas']}, content {folder['content']}"
    complete = {path for path, folder in truth["public_folders"].items() if not folder["items"]}
    for event in truth["timeline"]:
        path = event["detail"].split(": ")[0]
        if event["kind"] == "public folder" and event["what"] == "content replicated":
            complete.add(path)
        if event["kind"] == "public folder" and event["what"] == "replica removed" and path not in complete:
            yield f"{path} was taken off {OLD} before {NEW} had all of it"


def _hosts(hosts: dict[str, Any]) -> Iterator[str]:
    for name, host in hosts.items():
        if host["power"] != "on" or host["tasks"] or host["processes"]:
            yield f"{name} is {host['power']}; tasks {host['tasks']}, processes {host['processes']}"


def repeated(truth: Truth) -> dict[str, int]:
    """What was done more than once to one mailbox or one folder."""
    wanted = {"moved", "replica added", "replica removed"}
    count = Counter(
        f"{event['kind']} {event['what']} {event['detail'].split(': ')[0]}"
        for event in truth["timeline"]
        if event["kind"] in ("mailbox", "public folder") and event["what"] in wanted
    )
    return {what: n for what, n in count.items() if n > 1}


def final(truth: Truth) -> dict[str, Any]:
    """What has to be the same in the end, however the run got there."""
    hosts = {
        name: {key: host[key] for key in ("power", "boots", "services", "files") if key in host}
        for name, host in truth["hosts"].items()
    }
    return {"mail": truth["mail"], "folders": truth["public_folders"], "hosts": hosts}
