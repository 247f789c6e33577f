# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The SOAP of WS-Man: requests are read, answers and faults are written (transport.md 4)."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from .soap_faults import Fault, not_to_schema

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
}
FAULT_NAMESPACE = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
ANONYMOUS = NAMESPACES["a"] + "/role/anonymous"
CMD_SHELL = NAMESPACES["rsp"] + "/cmd"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
VERBS = {
    **{f"{NAMESPACES['x']}/{verb}": verb for verb in ("Create", "Delete")},
    **{f"{NAMESPACES['rsp']}/{verb}": verb for verb in ("Command", "Receive", "Send", "Signal")},
}
_DECLARATIONS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?")


@dataclass(frozen=True)
class Request:
    """One request. verb is empty for an action that a cmd shell doesn't have; body is what the SOAP body holds."""

    message_id: str
    action: str
    resource_uri: str
    shell_id: str
    timeout: str  # xs:duration, or empty
    max_envelope: str  # bytes, or empty
    options: Mapping[str, str] = field(default_factory=dict)
    body: ET.Element | None = None

    @property
    def verb(self) -> str:
        return VERBS.get(self.action, "")

    def option(self, name: str) -> bool:
        """Whether an option of this name is set to true."""
        return is_true(self.options.get(name, ""))


@dataclass(frozen=True)
class ShellSpec:
    """What a client wants its shell to be; None and empty mean the server's own."""

    codepage: int | None
    idle_seconds: float | None
    working_directory: str | None
    environment: dict[str, str]


@dataclass(frozen=True)
class Input:
    """One piece of standard input for a command."""

    command_id: str
    data: bytes
    end: bool


class _NoDoctype(ET.TreeBuilder):
    """Refuses a DTD at its first line, before an entity could be declared."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:  # noqa: ARG002 - expat's callback
        raise not_to_schema("DTD is prohibited")


def parse(data: bytes) -> Request:
    """Read a SOAP message, whatever its prefixes; raises Fault when it isn't one."""
    try:
        root = ET.fromstring(data, ET.XMLParser(target=_NoDoctype()))  # noqa: S314 - DTDs are refused
    except ET.ParseError as exc:
        raise not_to_schema(str(exc)) from exc
    return Request(
        message_id=_text(root, "s:Header/a:MessageID"),
        action=_text(root, "s:Header/a:Action").strip(),
        resource_uri=_text(root, "s:Header/w:ResourceURI").strip(),
        shell_id=_text(root, "s:Header/w:SelectorSet/w:Selector[@Name='ShellId']").strip(),
        timeout=_text(root, "s:Header/w:OperationTimeout").strip(),
        max_envelope=_text(root, "s:Header/w:MaxEnvelopeSize").strip(),
        options={
            option.get("Name", ""): (option.text or "").strip()
            for option in root.iterfind("s:Header/w:OptionSet/w:Option", NAMESPACES)
        },
        body=root.find("s:Body/*", NAMESPACES),
    )


def is_true(text: str) -> bool:
    """Clients write TRUE, True, true and 1."""
    return text.strip().lower() in ("true", "1")


def seconds(duration: str) -> float:
    """The seconds of an xs:duration such as PT20S or P0DT8H; raises Fault for anything else."""
    found = _DURATION.fullmatch(duration)
    if found is None or not any(found.groups()):
        raise not_to_schema(f"The '{duration}' value is not a duration.")
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def shell_spec(request: Request) -> ShellSpec:
    """What a Create asks for."""
    shell = _body(request, "Shell")
    idle = _text(shell, "rsp:IdleTimeOut").strip()
    codepage = request.options.get("WINRS_CODEPAGE", "")
    return ShellSpec(
        codepage=int(codepage) if codepage.isdigit() else None,
        idle_seconds=seconds(idle) if idle else None,
        working_directory=_text(shell, "rsp:WorkingDirectory") or None,
        environment={
            variable.get("Name", ""): variable.text or ""
            for variable in shell.iterfind("rsp:Environment/rsp:Variable", NAMESPACES)
        },
    )


def command_line(request: Request) -> list[str]:
    """The command and its arguments, which Windows joins by blanks."""
    line = _body(request, "CommandLine")
    arguments = [argument.text or "" for argument in line.iterfind("rsp:Arguments", NAMESPACES)]
    return [_text(line, "rsp:Command"), *arguments]


def desired_streams(request: Request) -> tuple[str, list[str]]:
    """The command id and the stream names of a Receive."""
    desired = _body(request, "Receive").find("rsp:DesiredStream", NAMESPACES)
    if desired is None:
        raise not_to_schema("DesiredStream is missing.")
    return desired.get("CommandId", ""), (desired.text or "").split()


def inputs(request: Request) -> list[Input]:
    """The pieces of input of a Send."""
    try:
        return [
            Input(
                stream.get("CommandId", ""),
                base64.b64decode(stream.text or "", validate=True),
                is_true(stream.get("End", "")),
            )
            for stream in _body(request, "Send").iterfind("rsp:Stream", NAMESPACES)
        ]
    except binascii.Error as exc:
        raise not_to_schema("The stream is not base64.") from exc


def signal(request: Request) -> tuple[str, str]:
    """The command id and the last part of the code in lower case: terminate, ctrl_c, ctrl_break."""
    sent = _body(request, "Signal")
    return sent.get("CommandId", ""), _text(sent, "rsp:Code").strip().rpartition("/")[2].lower()


def answer(request: Request, body: str) -> bytes:
    """The answer to a request around this body; RelatesTo is the request's MessageID to the letter."""
    return _envelope(request.action + "Response", request.message_id, body)


def fault(message_id: str, what: Fault, machine: str) -> bytes:
    """A SOAP fault in answer to the message of this id."""
    text = escape(what.reason)
    detail = f"<w:FaultDetail>{what.detail}</w:FaultDetail>" if what.detail else ""
    body = (
        f"<s:Fault><s:Code><s:Value>s:{what.blame}</s:Value><s:Subcode><s:Value>{what.subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason><s:Detail>{detail}'
        f'<f:WSManFault xmlns:f="{FAULT_NAMESPACE}" Code="{what.code}" Machine={quoteattr(machine)}>'
        f"<f:Message>{text}</f:Message></f:WSManFault></s:Detail></s:Fault>"
    )
    return _envelope(FAULT_ACTION, message_id, body)


def created(shell_id: str, owner: str, spec: ShellSpec, idle_seconds: float, uri: str = CMD_SHELL) -> str:
    """The body that answers Create: the reference that pywinrm reads, and the shell that pypsrp reads."""
    directory = spec.working_directory
    where = f"<rsp:WorkingDirectory>{escape(directory)}</rsp:WorkingDirectory>" if directory else ""
    return (
        f"<x:ResourceCreated><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{escape(uri)}</w:ResourceURI><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
        "</x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>{escape(uri)}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(owner)}</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>{where}"
        f"<rsp:IdleTimeOut>PT{idle_seconds:.3f}S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams>"
        "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams><rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>"
        "<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>"
    )


def command_started(command_id: str) -> str:
    """The body that answers Command."""
    return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"


def received(command_id: str, streams: Mapping[str, bytes], exit_code: int | None) -> str:
    """The body that answers Receive; with an exit code the command is done and its streams have ended."""
    parts = [_stream(command_id, name, data) for name, data in streams.items() if data]
    state = f'<rsp:CommandState CommandId="{command_id}" State="{NAMESPACES["rsp"]}/CommandState/'
    if exit_code is None:
        state += 'Running"></rsp:CommandState>'
    else:
        parts += [f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="true"></rsp:Stream>' for name in streams]
        state += f'Done"><rsp:ExitCode>{exit_code}</rsp:ExitCode></rsp:CommandState>'
    return f"<rsp:ReceiveResponse>{''.join(parts)}{state}</rsp:ReceiveResponse>"


def _stream(command_id: str, name: str, data: bytes) -> str:
    coded = base64.b64encode(data).decode("ascii")
    return f'<rsp:Stream Name="{name}" CommandId="{command_id}">{coded}</rsp:Stream>'


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f'<s:Envelope xml:lang="en-US" {_DECLARATIONS}><s:Header><a:Action>{escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{ANONYMOUS}</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def _body(request: Request, name: str) -> ET.Element:
    if request.body is None or request.body.tag != f"{{{NAMESPACES['rsp']}}}{name}":
        raise not_to_schema(f"{name} is missing.")
    return request.body


def _text(above: ET.Element, path: str) -> str:
    return above.findtext(path, "", NAMESPACES)
