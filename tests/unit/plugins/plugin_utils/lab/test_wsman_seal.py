# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins and sealed messages, with pyspnego as the client."""

from __future__ import annotations

import os
import socket
import stat
import struct
from pathlib import Path
from typing import Any

import pytest
import spnego
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman.accounts import Accounts
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman.seal import (
    BadSeal,
    Login,
    LoginRefused,
    is_sealed,
)
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.wsman_lab import (
    PASSWORD,
    USER,
    make_host,
)

HEAD = (
    b"--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
    b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n"
    b"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
)
TAIL = b"--Encrypted Boundary--\r\n"


def shake_hands(protocol: str = "ntlm", user: str = USER, password: str = PASSWORD) -> tuple[Any, Login]:
    client = spnego.client(user, password, protocol=protocol)
    login = Login(Accounts(make_host()))
    token = client.step()
    while token:
        answer = login.step(token)
        token = client.step(answer) if answer else None
    return client, login


def sealed(client: Any, clear: bytes, length: int | None = None) -> bytes:
    wrapped = client.wrap_winrm(clear)
    size = struct.pack("<i", len(wrapped.header))
    return b"".join((HEAD % (len(clear) if length is None else length), size, wrapped.header, wrapped.data, TAIL))


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_messages_both_ways(protocol: str) -> None:
    client, login = shake_hands(protocol)
    assert (login.complete, login.user) == (True, USER)
    for clear in (b"<first/>", b"--Encrypted Boundary--\r\n", "é".encode() * 5000):
        assert login.unseal(sealed(client, clear)) == clear
        content_type, answer = login.seal(clear)
        assert content_type.startswith("multipart/encrypted;")
        assert answer.startswith(HEAD % len(clear))
        assert answer.endswith(TAIL)
        blob = answer[len(HEAD % len(clear)) : -len(TAIL)]
        assert client.unwrap_winrm(blob[4:20], blob[20:]) == clear


@pytest.mark.parametrize(
    "spoil",
    [
        lambda client: b"",
        lambda client: b"<s:Envelope/>",
        lambda client: sealed(client, b"<a/>")[:-30],
        lambda client: sealed(client, b"<a/>", length=99),
        lambda client: sealed(client, b"<a/>").replace(b"stream\r\n\x10", b"stream\r\n\x11"),
        lambda client: HEAD % 0 + TAIL,
    ],
)
def test_bad_seals(spoil: Any) -> None:
    client, login = shake_hands()
    with pytest.raises(BadSeal):
        login.unseal(spoil(client))


def test_nothing_is_unsealed_before_the_login() -> None:
    client, _login = shake_hands()
    with pytest.raises(BadSeal):
        Login(Accounts(make_host())).unseal(sealed(client, b"<a/>"))


@pytest.mark.parametrize("user", [f"{socket.gethostname().upper()}\\admin", "admin@CORP.EXAMPLE", "ADMIN"])
def test_other_ways_to_write_the_name(user: str) -> None:
    _client, login = shake_hands(user=user)
    assert Accounts(make_host()).logon(login.user).user == r"CORP\admin"


@pytest.mark.parametrize("token", [b"", b"garbage", b"NTLMSSP\0", b"NTLMSSP\0\x03\0\0\0", b"`\x82\x01\x00\x06\x06"])
def test_tokens_that_are_none(token: bytes) -> None:
    with pytest.raises(LoginRefused):
        Login(Accounts(make_host())).step(token)


def test_a_refused_login_may_be_tried_again() -> None:
    login = Login(Accounts(make_host()))
    for password, refused in (("wrong", True), (PASSWORD, False)):
        client = spnego.client(USER, password, protocol="ntlm")
        last = client.step(login.step(client.step()))
        if refused:
            with pytest.raises(LoginRefused):
                login.step(last)
        else:
            login.step(last)
        assert login.complete is not refused


def test_the_account_file_is_private_and_holds_no_password() -> None:
    with Accounts(make_host()).visible():
        path = Path(os.environ["NTLM_USER_FILE"])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert PASSWORD not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [
        (USER, PASSWORD, True),
        ("admin@corp.example", PASSWORD, True),
        ("admin", PASSWORD, True),
        ("admin", PASSWORD.lower(), False),
        ("nobody", "", False),
    ],
)
def test_plain_passwords(name: str, password: str, expected: bool) -> None:
    assert Accounts(make_host()).check(name, password) is expected


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ('multipart/encrypted;protocol="x"', True),
        ("Multipart/Encrypted", True),
        ("application/soap+xml", False),
        ("", False),
    ],
)
def test_is_sealed(content_type: str, expected: bool) -> None:
    assert is_sealed(content_type) is expected
