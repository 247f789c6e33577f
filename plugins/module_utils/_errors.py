# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Failures and refusals that carry fields, and the native error codes with what they mean and what to do next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ._node import Result


class Failure(Exception):
    """Something did not work. Rendered in four parts: what was being done, to whom, what was seen, what to do next.

    changed: whether anything had been changed by then. data: further result keys (rc, stdout, before, …).
    """

    refused: str | None = None

    def __init__(self, doing: str, target: str, seen: str, advice: str, *, changed: bool = False, **data: Any) -> None:
        super().__init__(doing, target, seen, advice)
        self.doing = doing
        self.target = target
        self.seen = seen
        self.advice = advice
        self.changed = changed
        self.data = data

    def __str__(self) -> str:
        return f"{self.doing} on {self.target} failed: {self.seen} {self.advice}".strip()


class Reason(Protocol):
    """Why an act is refused: a rule, what was seen, what to do next."""

    @property
    def rule(self) -> str: ...
    @property
    def seen(self) -> str: ...
    @property
    def advice(self) -> str: ...


class Refusal(Failure):
    """The act was refused before anything was touched. rule: R1 to R10, or a word such as 'input'."""

    def __init__(self, rule: str, doing: str, target: str, seen: str, advice: str, **data: Any) -> None:
        super().__init__(doing, target, seen, advice, changed=False, **data)
        self.refused = rule

    def __str__(self) -> str:
        return f"Refused ({self.refused}): {self.doing} on {self.target}. {self.seen} {self.advice}".strip()


def refuse(reasons: Sequence[Reason], doing: str, target: str, **data: Any) -> None:
    """Raise one Refusal for all reasons, the first one leading; does nothing without reasons."""
    if not reasons:
        return
    also = "".join(f" Also ({reason.rule}): {reason.seen}" for reason in reasons[1:])
    first = reasons[0]
    rules = [{"rule": r.rule, "seen": r.seen, "advice": r.advice} for r in reasons]
    raise Refusal(first.rule, doing, target, first.seen, f"{first.advice}{also}", refusals=rules, **data)


@dataclass(frozen=True)
class Meaning:
    """A native error: its symbolic name, what it means here, what to do next."""

    name: str
    meaning: str
    advice: str


# Numbers: public Win32 error lists (windows-cli.md 1.4). Meanings and remedies are ours.
WIN32: dict[int, Meaning] = {
    2: Meaning("ERROR_FILE_NOT_FOUND", "the file was not found", "Check the path on the node."),
    3: Meaning("ERROR_PATH_NOT_FOUND", "the path was not found", "Check the path on the node."),
    5: Meaning(
        "ERROR_ACCESS_DENIED",
        "access denied",
        "Use an account that is a local administrator of every node and has rights on the cluster and on Exchange.",
    ),
    32: Meaning("ERROR_SHARING_VIOLATION", "the file is in use", "Find the process that holds it, then run again."),
    70: Meaning("ERROR_SHARING_PAUSED", "a paused node can't bring groups online", "Resume the paused node first."),
    112: Meaning("ERROR_DISK_FULL", "the disk is full", "Free space on the node, then run again."),
    258: Meaning("WAIT_TIMEOUT", "the wait ran out", "Look at the group's resources; give a longer timeout."),
    997: Meaning("ERROR_IO_PENDING", "the operation goes on", "Look at the state again in a while."),
    1056: Meaning("ERROR_SERVICE_ALREADY_RUNNING", "the service runs already", ""),
    1060: Meaning("ERROR_SERVICE_DOES_NOT_EXIST", "there is no such service", "Check the service's short name."),
    1062: Meaning("ERROR_SERVICE_NOT_ACTIVE", "the service is not running", ""),
    1115: Meaning("ERROR_SHUTDOWN_IN_PROGRESS", "a shutdown is under way", "Wait for the restart to end."),
    1116: Meaning("ERROR_NO_SHUTDOWN_IN_PROGRESS", "no shutdown is pending", ""),
    1190: Meaning("ERROR_SHUTDOWN_IS_SCHEDULED", "a shutdown is scheduled already", "Wait for it, or cancel it."),
    1326: Meaning("ERROR_LOGON_FAILURE", "unknown user or wrong password", "Check the user name and the password."),
    1385: Meaning(
        "ERROR_LOGON_TYPE_NOT_GRANTED",
        "the account may not log on this way",
        "Give the account the right 'Log on as a batch job' on the node.",
    ),
    1460: Meaning("ERROR_TIMEOUT", "the wait ran out", "Look at the group's resources; give a longer timeout."),
    1717: Meaning("RPC_S_UNKNOWN_IF", "the Cluster service is starting or stopping", "Wait, then run again."),
    1722: Meaning("RPC_S_SERVER_UNAVAILABLE", "the cluster or node can't be reached", "Check the Cluster service."),
    1753: Meaning("EPT_S_NOT_REGISTERED", "no Cluster service answers there", "Start the Cluster service there."),
    5004: Meaning("ERROR_RESOURCE_NOT_ONLINE", "the resource is not online", "Look at the group's resources."),
    5005: Meaning("ERROR_HOST_NODE_NOT_AVAILABLE", "the node is not available", "Bring the node up first."),
    5006: Meaning("ERROR_RESOURCE_NOT_AVAILABLE", "the resource is not available", "Look at the group's resources."),
    5007: Meaning("ERROR_RESOURCE_NOT_FOUND", "there is no such resource", "Check the resource's name."),
    5012: Meaning("ERROR_GROUP_NOT_AVAILABLE", "the group is not available", "Look at the group's resources."),
    5013: Meaning("ERROR_GROUP_NOT_FOUND", "there is no such group", "Check the group's name with cluster_info."),
    5014: Meaning("ERROR_GROUP_NOT_ONLINE", "the group is not online", "Bring the group online first."),
    5015: Meaning("ERROR_HOST_NODE_NOT_RESOURCE_OWNER", "the node can't own it", "Check the possible owners."),
    5016: Meaning(
        "ERROR_HOST_NODE_NOT_GROUP_OWNER",
        "the node is not the owner of the group, or not a possible one",
        "Check the possible owners of the group's resources.",
    ),
    5018: Meaning("ERROR_RESMON_ONLINE_FAILED", "a resource did not come online", "Look at the event log."),
    5019: Meaning("ERROR_RESOURCE_ONLINE", "the resource is online", "Take it offline first."),
    5022: Meaning("ERROR_CLUSTER_SHUTTING_DOWN", "the cluster is shutting down", "Wait, then run again."),
    5023: Meaning("ERROR_INVALID_STATE", "not possible in this state", "Look at the state again in a while."),
    5036: Meaning("ERROR_NODE_NOT_AVAILABLE", "the node is not available", "Bring the node up first."),
    5037: Meaning("ERROR_ALL_NODES_NOT_AVAILABLE", "not all nodes are available", "Bring every node up first."),
    5041: Meaning("ERROR_CLUSTER_JOIN_IN_PROGRESS", "a node is joining", "Wait until it has joined."),
    5042: Meaning("ERROR_CLUSTER_NODE_NOT_FOUND", "there is no such node", "Check the node's name."),
    5043: Meaning("ERROR_CLUSTER_LOCAL_NODE_NOT_FOUND", "this host is no node of it", "Run it on a member."),
    5050: Meaning("ERROR_CLUSTER_NODE_DOWN", "the node is down", "Bring the node up first."),
    5051: Meaning("ERROR_CLUSTER_NODE_UNREACHABLE", "the node can't be reached", "Check the network between nodes."),
    5052: Meaning("ERROR_CLUSTER_NODE_NOT_MEMBER", "the node is no member", "Check the node's name."),
    5058: Meaning("ERROR_CLUSTER_NODE_NOT_PAUSED", "the node is not paused", ""),
    5070: Meaning("ERROR_CLUSTER_NODE_PAUSED", "the node is paused", "Resume the node first."),
    5071: Meaning("ERROR_NODE_CANT_HOST_RESOURCE", "the node may not run it", "Check the possible owners."),
    5080: Meaning("ERROR_CLUSTER_RESNAME_NOT_FOUND", "there is no such resource", "Check the resource's name."),
    5082: Meaning("ERROR_CLUSTER_OWNER_NOT_IN_PREFLIST", "the node is not a preferred owner", "Check the group."),
}

_PAIR = re.compile(r"(\d+)\D+?\(0x([0-9a-fA-F]{8})\)")
_BRACKETED = re.compile(r"\((\d+)\)\s*$", re.MULTILINE)


def native_code(result: Result) -> int:
    """The error number of a native tool: `N … (0xHHHHHHHH)` with both equal, last one wins; else the exit code.

    Source: windows-cli.md 1.4; language-independent.
    """
    pairs = [int(m.group(1)) for m in _PAIR.finditer(result.text) if int(m.group(1)) == int(m.group(2), 16)]
    return pairs[-1] if pairs else result.rc


def bracketed_code(result: Result) -> int:
    """The number in brackets at a line's end, as shutdown.exe prints it; else the exit code (windows-cli.md 5.3)."""
    found = _BRACKETED.findall(result.text)
    return int(found[-1]) if found else result.rc


def first_line(text: str) -> str:
    """The first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def native_failure(
    doing: str, target: str, result: Result, *, changed: bool = False, code: int | None = None
) -> Failure:
    """A Failure for a native tool's exit: code, name and remedy where known, raw where not."""
    number = native_code(result) if code is None else code
    known = WIN32.get(number)
    said = first_line(result.text)
    if known:
        seen, advice = f"{number} {known.name}: {known.meaning}.", known.advice
    else:
        seen = f"exit code {result.rc}" + (f", number {number}" if number != result.rc else "")
        seen, advice = (
            f"{seen}, no meaning known: {said or 'no output'}.",
            "Run it again with -vvv and look at the event log.",
        )
    return Failure(
        doing, target, seen, advice, changed=changed, rc=result.rc, stdout=result.stdout, stderr=result.stderr
    )
