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


_FREE_SPACE = "Free space on the node (system disk, Exchange's disk, Temp), then run again."
_LOCAL_MEDIA = "Copy the media anew to a local folder of the node, then run again."
_PREPARE = "Run Setup.com /PrepareSchema and /PrepareAD of the same media, wait for replication, then run again."
_REPLICATION = "Check DNS, the domain controllers and their replication, then run again."
_UPDATES = "Remove interim updates from the node, restart it, then run again."
_RIGHTS = "Use an account that is a local administrator of every node and has rights on the cluster and on Exchange."
_DIRECTORY_RIGHTS = "Use an account with the Exchange and Active Directory rights that this step needs, then run again."

# Names and numbers: winerror.h, as https://github.com/golang/sys/blob/master/windows/zerrors_windows.go lists them
# (sources.md: cluster-errors). Meanings and advice are ours. Advice is empty where the number tells of no trouble.
WIN32: dict[int, Meaning] = {
    2: Meaning("ERROR_FILE_NOT_FOUND", "the file was not found", "Check the path on the node."),
    3: Meaning("ERROR_PATH_NOT_FOUND", "the path was not found", "Check the path on the node."),
    5: Meaning("ERROR_ACCESS_DENIED", "access denied", _RIGHTS),
    8: Meaning("ERROR_NOT_ENOUGH_MEMORY", "there is not enough memory", "Free memory on the node, then run again."),
    14: Meaning("ERROR_OUTOFMEMORY", "there is not enough memory", "Free memory on the node, then run again."),
    21: Meaning("ERROR_NOT_READY", "the drive is not ready", _LOCAL_MEDIA),
    23: Meaning("ERROR_CRC", "the drive has a read error", _LOCAL_MEDIA),
    32: Meaning("ERROR_SHARING_VIOLATION", "the file is in use", "Find the process that holds it, then run again."),
    33: Meaning("ERROR_LOCK_VIOLATION", "the file is locked", "Find the process that holds it, then run again."),
    39: Meaning("ERROR_HANDLE_DISK_FULL", "the disk is full", _FREE_SPACE),
    53: Meaning("ERROR_BAD_NETPATH", "the network path was not found", _LOCAL_MEDIA),
    64: Meaning("ERROR_NETNAME_DELETED", "the network share went away", _LOCAL_MEDIA),
    67: Meaning("ERROR_BAD_NET_NAME", "there is no such network share", _LOCAL_MEDIA),
    70: Meaning("ERROR_SHARING_PAUSED", "a paused node can't bring groups online", "Resume the paused node first."),
    87: Meaning("ERROR_INVALID_PARAMETER", "a parameter is not valid", "Report it, with the commands of the result."),
    112: Meaning("ERROR_DISK_FULL", "the disk is full", _FREE_SPACE),
    193: Meaning("ERROR_BAD_EXE_FORMAT", "the program is not for this Windows", "Use media of the node's own bitness."),
    216: Meaning(
        "ERROR_EXE_MACHINE_TYPE_MISMATCH",
        "the program is for another processor",
        "Use media of the node's own bitness.",
    ),
    258: Meaning("WAIT_TIMEOUT", "the wait ran out", "Look at the group's resources; give a longer timeout."),
    997: Meaning("ERROR_IO_PENDING", "the operation goes on", "Look at the state again in a while."),
    1053: Meaning("ERROR_SERVICE_REQUEST_TIMEOUT", "the service did not answer in time", "Look at the event log."),
    1056: Meaning("ERROR_SERVICE_ALREADY_RUNNING", "the service runs already", ""),
    1058: Meaning("ERROR_SERVICE_DISABLED", "the service is disabled", "Give it a start type with sc config first."),
    1060: Meaning("ERROR_SERVICE_DOES_NOT_EXIST", "there is no such service", "Check the service's short name."),
    1062: Meaning("ERROR_SERVICE_NOT_ACTIVE", "the service is not running", ""),
    1068: Meaning("ERROR_SERVICE_DEPENDENCY_FAIL", "a service it needs did not start", "Look at the event log."),
    1069: Meaning(
        "ERROR_SERVICE_LOGON_FAILED", "the service can't log on", "Check the service's account and password."
    ),
    1072: Meaning("ERROR_SERVICE_MARKED_FOR_DELETE", "the service is being deleted", "Restart the node first."),
    1115: Meaning("ERROR_SHUTDOWN_IN_PROGRESS", "a shutdown is under way", "Wait for the restart to end."),
    1116: Meaning("ERROR_NO_SHUTDOWN_IN_PROGRESS", "no shutdown is pending", ""),
    1117: Meaning("ERROR_IO_DEVICE", "the drive has an I/O error", _LOCAL_MEDIA),
    1190: Meaning("ERROR_SHUTDOWN_IS_SCHEDULED", "a shutdown is scheduled already", "Wait for it, or cancel it."),
    1314: Meaning("ERROR_PRIVILEGE_NOT_HELD", "the account lacks a privilege", _RIGHTS),
    1326: Meaning("ERROR_LOGON_FAILURE", "unknown user or wrong password", "Check the user name and the password."),
    1330: Meaning("ERROR_PASSWORD_EXPIRED", "the password has expired", "Change the password, then run again."),
    1331: Meaning("ERROR_ACCOUNT_DISABLED", "the account is disabled", "Enable the account, or use another one."),
    1355: Meaning("ERROR_NO_SUCH_DOMAIN", "no domain controller was found", _REPLICATION),
    1385: Meaning(
        "ERROR_LOGON_TYPE_NOT_GRANTED",
        "the account may not log on this way",
        "Give the account the right 'Log on as a batch job' on the node.",
    ),
    1460: Meaning("ERROR_TIMEOUT", "the wait ran out", "Look at the group's resources; give a longer timeout."),
    1717: Meaning("RPC_S_UNKNOWN_IF", "the Cluster service is starting or stopping", "Wait, then run again."),
    1722: Meaning("RPC_S_SERVER_UNAVAILABLE", "the cluster or node can't be reached", "Check the Cluster service."),
    1753: Meaning("EPT_S_NOT_REGISTERED", "no Cluster service answers there", "Start the Cluster service there."),
    1909: Meaning("ERROR_ACCOUNT_LOCKED_OUT", "the account is locked out", "Unlock the account, or use another one."),
    5003: Meaning("ERROR_DEPENDENCY_ALREADY_EXISTS", "the dependency is there already", ""),
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
    5065: Meaning("ERROR_CLUSTER_NODE_ALREADY_MEMBER", "the node is a member already", ""),
    5070: Meaning("ERROR_CLUSTER_NODE_PAUSED", "the node is paused", "Resume the node first."),
    5071: Meaning("ERROR_NODE_CANT_HOST_RESOURCE", "the node may not run it", "Check the possible owners."),
    5078: Meaning("ERROR_CLUSTER_RESOURCE_TYPE_NOT_FOUND", "there is no such resource type", "Check the type's name."),
    5080: Meaning("ERROR_CLUSTER_RESNAME_NOT_FOUND", "there is no such resource", "Check the resource's name."),
    5082: Meaning("ERROR_CLUSTER_OWNER_NOT_IN_PREFLIST", "the node is not a preferred owner", "Check the group."),
    8202: Meaning("ERROR_DS_NO_ATTRIBUTE_OR_VALUE", "the directory lacks an attribute or value", _PREPARE),
    8206: Meaning("ERROR_DS_BUSY", "the directory service is busy", _REPLICATION),
    8224: Meaning("ERROR_DS_OPERATIONS_ERROR", "the directory service failed at an operation", _REPLICATION),
    8240: Meaning("ERROR_DS_NO_SUCH_OBJECT", "there is no such object in the directory", _PREPARE),
    8250: Meaning("ERROR_DS_SERVER_DOWN", "the domain controller does not answer", _REPLICATION),
    8333: Meaning("ERROR_DS_OBJ_NOT_FOUND", "the object is not in the directory", _PREPARE),
    8344: Meaning("ERROR_DS_INSUFF_ACCESS_RIGHTS", "the account lacks rights in the directory", _DIRECTORY_RIGHTS),
    8453: Meaning("ERROR_DS_DRA_ACCESS_DENIED", "the account may not replicate the directory", _DIRECTORY_RIGHTS),
    8610: Meaning("ERROR_DS_ROLE_NOT_VERIFIED", "the schema master could not be verified", _REPLICATION),
}

# https://learn.microsoft.com/en-us/windows/win32/msi/error-codes
INSTALLER: dict[int, Meaning] = {
    1601: Meaning("ERROR_INSTALL_SERVICE_FAILURE", "the Windows Installer service can't be reached", "Start it first."),
    1602: Meaning("ERROR_INSTALL_USEREXIT", "somebody cancelled the installation", "Run again."),
    1603: Meaning("ERROR_INSTALL_FAILURE", "a fatal error in the package", "Look for 'return value 3' in its log."),
    1605: Meaning("ERROR_UNKNOWN_PRODUCT", "the product is not installed", "Check what is installed on the node."),
    1612: Meaning("ERROR_INSTALL_SOURCE_ABSENT", "the installation source is not there", _LOCAL_MEDIA),
    1618: Meaning("ERROR_INSTALL_ALREADY_RUNNING", "another installation runs", "Wait for its end, then run again."),
    1619: Meaning("ERROR_INSTALL_PACKAGE_OPEN_FAILED", "the package can't be opened", _LOCAL_MEDIA),
    1620: Meaning("ERROR_INSTALL_PACKAGE_INVALID", "the package is damaged", _LOCAL_MEDIA),
    1622: Meaning("ERROR_INSTALL_LOG_FAILURE", "its log can't be written", "Check the Temp folder of the account."),
    1624: Meaning("ERROR_INSTALL_TRANSFORM_FAILURE", "a transform can't be applied", _LOCAL_MEDIA),
    1625: Meaning(
        "ERROR_INSTALL_PACKAGE_REJECTED",
        "the installation is forbidden by policy or rights",
        "Check the Windows Installer policies and the rights on the Exchange folder, use local media, then run again.",
    ),
    1631: Meaning("ERROR_CREATE_FAILED", "the Windows Installer service did not start", "Start it first."),
    1632: Meaning("ERROR_INSTALL_TEMP_UNWRITABLE", "the Temp folder is full or read-only", _FREE_SPACE),
    1633: Meaning(
        "ERROR_INSTALL_PLATFORM_UNSUPPORTED",
        "the package is for another processor",
        "Use media of the node's own bitness.",
    ),
    1635: Meaning("ERROR_PATCH_PACKAGE_OPEN_FAILED", "an update package can't be opened", _UPDATES),
    1636: Meaning("ERROR_PATCH_PACKAGE_INVALID", "an update package is damaged", _UPDATES),
    1637: Meaning("ERROR_PATCH_PACKAGE_UNSUPPORTED", "an update package is too new for the Installer", _UPDATES),
    1638: Meaning(
        "ERROR_PRODUCT_VERSION",
        "another version of the product is installed",
        "Use the right media, in a local folder; an installed server takes /mode:upgrade only.",
    ),
    1639: Meaning("ERROR_INVALID_COMMAND_LINE", "the Installer's command line is not valid", "Report it."),
    1640: Meaning("ERROR_INSTALL_REMOTE_DISALLOWED", "not allowed in a terminal session", "Log off there, run again."),
    1641: Meaning("ERROR_SUCCESS_REBOOT_INITIATED", "it worked, and a restart has begun", ""),
    1642: Meaning("ERROR_PATCH_TARGET_NOT_FOUND", "an update does not fit what is installed", _UPDATES),
    1643: Meaning("ERROR_PATCH_PACKAGE_REJECTED", "an update is forbidden by policy", _UPDATES),
    1646: Meaning("ERROR_PATCH_REMOVAL_UNSUPPORTED", "an installed update can't be removed", _UPDATES),
    3010: Meaning("ERROR_SUCCESS_REBOOT_REQUIRED", "it worked, and a restart is needed", "Restart the node."),
}

# 0 and 1 are what is known of Setup's exit codes (sources.md: setup-exit-code); 9009 is cmd.exe's own, for a program
# that it does not find.
SETUP: dict[int, Meaning] = {
    0: Meaning("success", "Setup says that it succeeded; the version read back proves it", ""),
    1: Meaning("failure", "Setup failed", "See `diagnosis`, which is made from all that Setup left behind."),
    9009: Meaning("not found", "cmd.exe did not find Setup.com", _LOCAL_MEDIA),
}

# https://learn.microsoft.com/en-us/windows/win32/taskschd/task-scheduler-error-and-success-constants
SCHEDULER: dict[int, Meaning] = {
    0x41300: Meaning("SCHED_S_TASK_READY", "the task waits for its time", ""),
    0x41301: Meaning("SCHED_S_TASK_RUNNING", "the task runs", ""),
    0x41302: Meaning("SCHED_S_TASK_DISABLED", "the task is disabled", "Enable the task, or delete it and run again."),
    0x41303: Meaning("SCHED_S_TASK_HAS_NOT_RUN", "the task has never run", ""),
    0x41306: Meaning("SCHED_S_TASK_TERMINATED", "somebody ended the task", "Run again."),
    0x8004130F: Meaning(
        "SCHED_E_ACCOUNT_INFORMATION_NOT_SET", "the password stored with the task is wrong", "Check the password."
    ),
    0x80041310: Meaning("SCHED_E_ACCOUNT_NAME_NOT_FOUND", "the task's account is unknown", "Check the user name."),
    0x80041315: Meaning("SCHED_E_SERVICE_NOT_RUNNING", "the Task Scheduler service is stopped", "Start it first."),
}

# Names: wsmerror.h, as https://docs.rs/windows-sys lists them; what to make of them is in (sources.md: winrm-faults).
WSMAN: dict[int, Meaning] = {
    0x57: Meaning("ERROR_INVALID_PARAMETER", "the command is gone; nobody knows how it ended", "Observe, then decide."),
    0x800703FA: Meaning(
        "ERROR_KEY_DELETED", "the account's profile was unloaded meanwhile", "Run again; a new shell loads it anew."
    ),
    0x80338029: Meaning("ERROR_WSMAN_OPERATION_TIMEDOUT", "the command has said nothing for a while", ""),
    0x80338041: Meaning("ERROR_WSMAN_SCHEMA_VALIDATION_ERROR", "a message is not to the schema", "Report it."),
    0x80338048: Meaning("ERROR_WSMAN_MAX_ENVELOPE_SIZE_EXCEEDED", "an answer is too large", "Report it."),
    0x8033805B: Meaning("ERROR_WSMAN_UNEXPECTED_SELECTORS", "the shell or the command is gone", "Run again."),
    0x8033806E: Meaning("ERROR_WSMAN_MAXENVELOPE_SIZE_NOT_SUPPORTED", "the envelope size is not allowed", "Report it."),
    0x803381A5: Meaning(
        "ERROR_WSMAN_QUOTA_MAX_SHELLS",
        "the account has too many open shells there",
        "End other sessions, then run again.",
    ),
    0x803381A6: Meaning(
        "ERROR_WSMAN_QUOTA_MAX_OPERATIONS",
        "the account has too many operations there",
        "Wait a minute, then run again.",
    ),
}


def known(code: int, *tables: dict[int, Meaning]) -> Meaning | None:
    """The entry in the first table that has one; signed numbers count, and HRESULTs made of a Win32 number too."""
    number = code & 0xFFFFFFFF
    inner = number & 0xFFFF if number >> 16 == 0x8007 else number
    return next((table[n] for table in tables for n in (number, inner) if n in table), None)


def told(code: int, *tables: dict[int, Meaning]) -> str:
    """`1625 ERROR_INSTALL_PACKAGE_REJECTED: forbidden …`; the number alone, in both notations, where it is unknown."""
    entry = known(code, *tables)
    number = f"0x{code & 0xFFFFFFFF:08X}" if abs(code) > 0xFFFF else str(code)
    if entry:
        return f"{number} {entry.name}: {entry.meaning}"
    return f"{code} (0x{code & 0xFFFFFFFF:08X}), no meaning known"


_PAIR = re.compile(r"(?<![0-9])([0-9]{1,10})[^0-9]+?\(0x([0-9a-fA-F]{8})\)")
_BRACKETED = re.compile(r"\(([0-9]{1,10})\)\s*$", re.MULTILINE)


def native_code(result: Result) -> int:
    """The error number of a native tool: `N … (0xHHHHHHHH)` with both equal, last one wins; else the exit code.

    The same in every language (sources.md: cluster-errors).
    """
    pairs = [int(m.group(1)) for m in _PAIR.finditer(result.text) if int(m.group(1)) == int(m.group(2), 16)]
    return pairs[-1] if pairs else result.rc


def bracketed_code(result: Result) -> int:
    """The number in brackets at a line's end, as shutdown.exe prints it; else the exit code (sources.md: shutdown)."""
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
    entry = WIN32.get(number)
    said = first_line(result.text)
    if entry:
        seen, advice = f"{number} {entry.name}: {entry.meaning}.", entry.advice
    else:
        seen = f"exit code {result.rc}" + (f", number {number}" if number != result.rc else "")
        seen, advice = (
            f"{seen}, no meaning known: {said or 'no output'}.",
            "Run it again with -vvv and look at the event log.",
        )
    return Failure(
        doing, target, seen, advice, changed=changed, rc=result.rc, stdout=result.stdout, stderr=result.stderr
    )
