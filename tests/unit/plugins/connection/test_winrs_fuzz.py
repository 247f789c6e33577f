# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged WS-Man answers, read by the real pywinrm: an error of Ansible's, and never a success that was not sent."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.mailops.exchange2007.plugins.connection import winrs
from ansible_collections.mailops.exchange2007.tests.unit.plugins.connection.test_winrs import connect
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_fuzz import DAMAGE, damaged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from winrm.exceptions import WinRMTransportError
from winrm.protocol import Protocol

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
HEAD = f"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:rsp="{SHELL}"
 xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">
<s:Body>
"""
TAIL = "</s:Body>\n</s:Envelope>\n"
OUTPUT = base64.b64encode("Größe\r\n".encode("cp437")).decode()
ANSWERS = {
    "Create": f'{HEAD}<w:SelectorSet>\n<w:Selector Name="ShellId">AA-01</w:Selector>\n</w:SelectorSet>\n{TAIL}',
    "Command": f"{HEAD}<rsp:CommandResponse>\n<rsp:CommandId>BB-02</rsp:CommandId>\n</rsp:CommandResponse>\n{TAIL}",
    "Receive": f"""{HEAD}<rsp:ReceiveResponse>
<rsp:Stream Name="stdout" CommandId="BB-02">{OUTPUT}</rsp:Stream>
<rsp:Stream Name="stderr" CommandId="BB-02" End="true"></rsp:Stream>
<rsp:CommandState CommandId="BB-02" State="{SHELL}/CommandState/Done">
<rsp:ExitCode>0</rsp:ExitCode>
</rsp:CommandState>
</rsp:ReceiveResponse>
{TAIL}""",
}
FAULT = """<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">
<s:Body><s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:InternalError</s:Value></s:Subcode></s:Code>
<s:Reason><s:Text>No.</s:Text></s:Reason>
<s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="2150858843"/></s:Detail>
</s:Fault></s:Body></s:Envelope>
"""


class Ticking:
    """Time that passes a little with every look at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.5
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Answering:
    """pywinrm's transport, which gives one answer for each action; a fault comes with its HTTP status."""

    def __init__(self, answers: dict[str, str | bytes], *, fault: bool = False) -> None:
        self._answers = answers
        self._fault = fault

    def send_message(self, message: str) -> bytes:
        action = re.findall(r"/(\w+)</a:Action>", message)[0]
        answer = self._answers.get(action, "")
        if self._fault and action != "Create":
            raise WinRMTransportError("http", 500, answer if isinstance(answer, str) else answer.decode("latin-1"))
        return answer if isinstance(answer, bytes) else answer.encode("utf-8", "replace")

    def close_session(self) -> None:
        """Nothing to close."""


def outcome(answers: dict[str, str | bytes], *, fault: bool = False) -> tuple[int, bytes, bytes] | None:
    """What the connection made of the answers; None for an error of Ansible's."""
    protocol = Protocol("http://nodea:5985/wsman", transport="ntlm", username="u", password="p")
    protocol.transport = Answering(answers, fault=fault)  # type: ignore[assignment]
    connection = connect()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winrs, "time", Ticking())
        patch.setattr(winrs.Wire, "_log_in", lambda _wire: protocol)
        try:
            found: tuple[int, bytes, bytes] = connection.execute("x", None, 5.0)
            return found
        except AnsibleConnectionFailure as failed:
            assert len(str(failed).splitlines()) == 1
            return None
        finally:
            connection.close()


def test_whole_answers_are_a_success() -> None:
    assert outcome(dict(ANSWERS)) == (0, "Größe\r\n".encode(), b"")


def told(answers: dict[str, str | bytes], done: tuple[int, bytes, bytes] | None) -> bool:
    """Whether a success was sent as one: the command has ended, with exit code 0."""
    said = answers["Receive"]
    text = said if isinstance(said, str) else said.decode("utf-8", "replace")
    ended = "CommandState/Done" in text and re.search(r"ExitCode[^>]*>\s*[-+]?0+\s*<", text)
    return done is None or done[0] != 0 or bool(ended)


@given(which=st.sampled_from(sorted(ANSWERS)), damages=st.lists(DAMAGE, min_size=1, max_size=3))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_answers(which: str, damages: list[tuple[int, int, int, str]]) -> None:
    answers: dict[str, str | bytes] = dict(ANSWERS)
    said = ANSWERS[which]
    for damage in damages:
        said = damaged(said, *damage)
    answers[which] = said
    assert told(answers, outcome(answers))


@given(which=st.sampled_from(sorted(ANSWERS)), noise=st.binary(max_size=200))
@settings(max_examples=100)
def test_any_bytes_for_an_answer(which: str, noise: bytes) -> None:
    assert outcome({**ANSWERS, which: noise}) is None


@given(damages=st.lists(DAMAGE, max_size=3))
@settings(max_examples=150)
def test_damaged_faults(damages: list[tuple[int, int, int, str]]) -> None:
    said = FAULT
    for damage in damages:
        said = damaged(said, *damage)
    answers: dict[str, Any] = {**ANSWERS, "Command": said, "Receive": said}
    assert outcome(answers, fault=True) is None


@given(raw=st.binary(max_size=100), codepage=st.sampled_from([437, 850, 852, 866, 932, 936, 1252]))
def test_any_output_is_decoded(raw: bytes, codepage: int) -> None:
    """Bytes that a code page does not have become replacement characters, and ASCII stays as it is."""
    connection = connect(codepage=codepage)
    text = connection._utf8(raw).decode("utf-8")
    if raw.isascii():
        assert text == raw.decode("ascii")
