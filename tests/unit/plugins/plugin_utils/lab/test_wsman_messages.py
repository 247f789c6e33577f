# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP: what is read from requests, what is written into answers."""

from __future__ import annotations

import base64
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman import messages, soap_faults
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman.messages import NAMESPACES, Input, Request
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman.soap_faults import Fault

SHELL_URI = NAMESPACES["rsp"]


def envelope(body: str = "", header: str = "", prefix: str = "s") -> bytes:
    """A request with the body's rsp declared, and another prefix for SOAP if wanted."""
    uses = " ".join(f'xmlns:{name}="{uri}"' for name, uri in NAMESPACES.items() if name != "s")
    soap = f'xmlns:{prefix}="{NAMESPACES["s"]}"' if prefix else f'xmlns="{NAMESPACES["s"]}"'
    mark = f"{prefix}:" if prefix else ""
    return (
        f"<{mark}Envelope {soap} {uses}><{mark}Header>{header}</{mark}Header><{mark}Body>{body}</{mark}Body>"
        f"</{mark}Envelope>"
    ).encode()


def parsed(body: str, header: str = "") -> Request:
    return messages.parse(envelope(body, header))


def is_fault(code: int) -> Any:
    return pytest.raises(Fault, check=lambda fault: fault.code == code)


@pytest.mark.parametrize("prefix", ["s", "env", "SOAP-ENV", ""])
def test_prefixes_do_not_matter(prefix: str) -> None:
    header = (
        "<a:MessageID>uuid:ABC</a:MessageID>"
        "<q:Action xmlns:q='http://schemas.xmlsoap.org/ws/2004/08/addressing' mustUnderstand='true'>"
        f"\n {SHELL_URI}/Receive </q:Action><w:OperationTimeout>PT20S</w:OperationTimeout>"
        "<w:SelectorSet><w:Selector Name='Other'>x</w:Selector><w:Selector Name='ShellId'>S1</w:Selector>"
        "</w:SelectorSet>"
        "<w:OptionSet><w:Option Name='ONE'>TRUE</w:Option><w:Option Name='TWO'>False</w:Option></w:OptionSet>"
        "<w:ResourceURI>urn:x</w:ResourceURI><w:MaxEnvelopeSize>153600</w:MaxEnvelopeSize>"
    )
    request = messages.parse(envelope(header=header, prefix=prefix))
    assert (request.message_id, request.verb, request.shell_id) == ("uuid:ABC", "Receive", "S1")
    assert (request.timeout, request.max_envelope, request.resource_uri) == ("PT20S", "153600", "urn:x")
    assert (request.option("ONE"), request.option("TWO"), request.option("THREE")) == (True, False, False)
    assert request.body is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<a><b></a>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16"),
    ],
)
def test_what_is_not_to_the_schema(data: bytes) -> None:
    with is_fault(2150858817):
        messages.parse(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("PT20S", 20), ("PT60.000S", 60), ("PT1M30.5S", 90.5), ("P1DT2H", 93600), ("P0DT0H0M0S", 0), ("PT8H", 28800)],
)
def test_durations(text: str, expected: float) -> None:
    assert messages.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "1800", "P", "PT", "20S", "PT20", "PT-5S"])
def test_not_durations(text: str) -> None:
    with is_fault(2150858817):
        messages.seconds(text)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<rsp:Command>ver</rsp:Command>", ["ver"]),
        ("<rsp:Command>echo</rsp:Command><rsp:Arguments>a  b</rsp:Arguments>", ["echo", "a  b"]),
        (
            "<rsp:Command>x</rsp:Command><rsp:Arguments>1</rsp:Arguments><rsp:Arguments>2</rsp:Arguments>",
            ["x", "1", "2"],
        ),
        ("<rsp:Command><![CDATA[a & b < c]]></rsp:Command><rsp:Arguments/>", ["a & b < c", ""]),
    ],
)
def test_command_line(body: str, expected: list[str]) -> None:
    assert messages.command_line(parsed(f"<rsp:CommandLine>{body}</rsp:CommandLine>")) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("signal/terminate", "terminate"), ("signal/Terminate", "terminate"), ("signal/ctrl_c", "ctrl_c")],
)
def test_signal(code: str, expected: str) -> None:
    body = f"<rsp:Signal CommandId='C'><rsp:Code>{SHELL_URI}/{code}</rsp:Code></rsp:Signal>"
    assert messages.signal(parsed(body)) == ("C", expected)


@pytest.mark.parametrize(("end", "expected"), [("true", True), ("True", True), ("1", True), ("false", False)])
def test_inputs(end: str, expected: bool) -> None:
    body = f"<rsp:Send><rsp:Stream Name='stdin' CommandId='C' End='{end}'>AP8=</rsp:Stream></rsp:Send>"
    assert messages.inputs(parsed(body)) == [Input("C", b"\x00\xff", expected)]


def test_input_that_is_not_base64() -> None:
    with is_fault(2150858817):
        messages.inputs(parsed("<rsp:Send><rsp:Stream Name='stdin' CommandId='C'>?</rsp:Stream></rsp:Send>"))


def test_desired_streams() -> None:
    body = "<rsp:Receive><rsp:DesiredStream CommandId='C'>stdout stderr</rsp:DesiredStream></rsp:Receive>"
    assert messages.desired_streams(parsed(body)) == ("C", ["stdout", "stderr"])
    with is_fault(2150858817):
        messages.desired_streams(parsed("<rsp:Receive/>"))


@pytest.mark.parametrize("read", [messages.command_line, messages.shell_spec, messages.inputs, messages.signal])
@pytest.mark.parametrize("body", ["", "<rsp:Other/>", "<Shell/>"])
def test_a_body_that_is_missing(read: Any, body: str) -> None:
    with is_fault(2150858817):
        read(parsed(body))


def test_answer_echoes_the_message_id_to_the_letter() -> None:
    header = f"<a:MessageID>uuid:Ab&lt;C </a:MessageID><a:Action>{SHELL_URI}/Send</a:Action>"
    root = ET.fromstring(messages.answer(parsed("", header), "<rsp:SendResponse/>"))
    assert root.findtext("s:Header/a:RelatesTo", "", NAMESPACES) == "uuid:Ab<C "
    assert root.findtext("s:Header/a:Action", "", NAMESPACES) == SHELL_URI + "/SendResponse"
    assert root.find("s:Body/rsp:SendResponse", NAMESPACES) is not None


@pytest.mark.parametrize(
    ("fault", "code", "value", "subcode"),
    [
        (soap_faults.timed_out(), 2150858793, "s:Receiver", "w:TimedOut"),
        (soap_faults.no_shell("<&>"), 2150858843, "s:Sender", "w:InvalidSelectors"),
        (soap_faults.no_command(), 2150858843, "s:Sender", "w:InvalidSelectors"),
        (soap_faults.too_many_shells(5), 2150859173, "s:Receiver", "w:QuotaLimit"),
        (soap_faults.too_many_operations(15), 2150859174, "s:Receiver", "w:QuotaLimit"),
        (soap_faults.not_to_schema("?"), 2150858817, "s:Sender", "w:SchemaValidationError"),
        (soap_faults.envelope_too_large(1), 2150858824, "s:Sender", "w:EncodingLimit"),
        (soap_faults.bad_envelope_size(), 2150858862, "s:Sender", "w:InvalidParameterValue"),
    ],
)
def test_fault(fault: Fault, code: int, value: str, subcode: str) -> None:
    root = ET.fromstring(messages.fault("uuid:1", fault, 'NODE"1'))
    found = root.find("s:Body/s:Fault", NAMESPACES)
    assert found is not None
    detail = found.find(f"s:Detail/{{{messages.FAULT_NAMESPACE}}}WSManFault", NAMESPACES)
    assert detail is not None
    assert (detail.get("Code"), detail.get("Machine")) == (str(code), 'NODE"1')
    assert detail.findtext(f"{{{messages.FAULT_NAMESPACE}}}Message") == fault.reason
    assert found.findtext("s:Code/s:Value", "", NAMESPACES) == value
    assert found.findtext("s:Code/s:Subcode/s:Value", "", NAMESPACES) == subcode
    assert found.findtext("s:Reason/s:Text", "", NAMESPACES) == fault.reason


@pytest.mark.parametrize(("exit_code", "state", "ends"), [(None, "Running", 0), (0, "Done", 2), (-5, "Done", 2)])
def test_received(exit_code: int | None, state: str, ends: int) -> None:
    body = messages.received("C", {"stdout": b"\x00a", "stderr": b""}, exit_code)
    root = ET.fromstring(messages.answer(parsed(""), body))
    streams = root.findall("s:Body/rsp:ReceiveResponse/rsp:Stream", NAMESPACES)
    found = root.find("s:Body/rsp:ReceiveResponse/rsp:CommandState", NAMESPACES)
    assert found is not None
    assert base64.b64decode(streams[0].text or "") == b"\x00a"
    assert sum(stream.get("End") == "true" for stream in streams) == ends
    assert (found.get("State"), found.get("CommandId")) == (f"{SHELL_URI}/CommandState/{state}", "C")
    assert found.findtext("rsp:ExitCode", None, NAMESPACES) == (None if exit_code is None else str(exit_code))
