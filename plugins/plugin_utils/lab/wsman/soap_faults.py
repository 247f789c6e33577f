# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The faults that WinRM answers with (transport.md 4.4)."""

from __future__ import annotations

_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"


class Fault(Exception):
    """blame: Sender or Receiver; subcode with its prefix; detail: the URI of w:FaultDetail, or empty."""

    def __init__(self, code: int, blame: str, subcode: str, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.blame = blame
        self.subcode = subcode
        self.reason = reason
        self.detail = _DETAIL + detail if detail else ""


def timed_out() -> Fault:
    """Nothing came within the OperationTimeout: go on receiving."""
    text = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "
    return Fault(2150858793, "Receiver", "w:TimedOut", text)


def aborted() -> Fault:
    """The shell was closed while somebody waited for output of it."""
    # assumption: ERROR_OPERATION_ABORTED, as remote PowerShell reports it
    text = "The I/O operation has been aborted because of either a thread exit or an application request. "
    return Fault(995, "Receiver", "w:InternalError", text)


def no_shell(shell_id: str) -> Fault:
    """The shell is gone, was never there, or belongs to somebody else."""
    text = (
        f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on "
        "the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the "
        "server. Provide the correct ShellId or create a new shell and retry the operation. "
    )
    return Fault(2150858843, "Sender", "w:InvalidSelectors", text, "UnexpectedSelectors")


def no_command() -> Fault:
    """The command is unknown to its shell."""
    text = (
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not "
        "exist. Either the command has completed execution or the client specified an invalid command identifier. "
    )
    return Fault(2150858843, "Sender", "w:InvalidSelectors", text, "UnexpectedSelectors")


def too_many_shells(limit: int) -> Fault:
    """The user has as many shells as he may have."""
    return _quota(2150859173, limit, "shells", "Close existing shells or raise the quota for this user. ")


def too_many_operations(limit: int) -> Fault:
    """The user has started as many commands as his open shells may."""
    advice = "Close existing operations for this user, or raise the quota for this user. "
    return _quota(2150859174, limit, "operations", advice)


def too_many_processes() -> Fault:
    """The shell runs as many commands as it may."""
    # assumption: the shell's job object refuses the process, ERROR_NOT_ENOUGH_QUOTA
    return Fault(1816, "Receiver", "w:QuotaLimit", "Not enough quota is available to process this command. ")


def no_program() -> Fault:
    """WINRS_SKIP_CMD_SHELL wants the full path of an executable."""
    # assumption: HRESULT of ERROR_FILE_NOT_FOUND
    return Fault(2147942402, "Sender", "w:InternalError", "The system cannot find the file specified. ")


def not_to_schema(why: str) -> Fault:
    """The message isn't what the schema says."""
    text = (
        "The WS-Management service cannot process the request because the XML is invalid or does not match the "
        f"schema. {why} "
    )
    return Fault(2150858817, "Sender", "w:SchemaValidationError", text)


def envelope_too_large(limit: int) -> Fault:
    """The request has more bytes than MaxEnvelopeSizekb allows."""
    text = f"The request is larger than the maximum envelope size of {limit} octets. "
    return Fault(2150858824, "Sender", "w:EncodingLimit", text, "ServiceEnvelopeLimit")


def bad_envelope_size() -> Fault:
    """MaxEnvelopeSize isn't a number, or less than the smallest that WS-Man knows (8192)."""
    text = "The WS-Management service cannot process the request because the MaxEnvelopeSize value is invalid. "
    return Fault(2150858862, "Sender", "w:InvalidParameterValue", text, "MaxEnvelopeSize")


def no_resource() -> Fault:
    """No such resource here: only the cmd shell is served."""
    text = (
        "The WS-Management service cannot process the request. The service cannot find the resource identified by the "
        "resource URI and selectors. "
    )
    return Fault(2150858752, "Sender", "a:DestinationUnreachable", text, "InvalidResourceURI")


def no_action() -> Fault:
    """The cmd shell has no such action."""
    text = "The WS-Management service cannot process the request. The WS-Addressing action URI is invalid. "
    return Fault(2150858753, "Sender", "a:ActionNotSupported", text)


def _quota(code: int, limit: int, what: str, advice: str) -> Fault:
    text = (
        "The WS-Management service cannot process the request. This user is allowed a maximum number of "
        f"{limit} concurrent {what}, which has been exceeded. {advice}"
    )
    return Fault(code, "Receiver", "w:QuotaLimit", text)
