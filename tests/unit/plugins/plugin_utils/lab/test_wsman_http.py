# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP, logins and pipes below the level of a WinRM client."""

from __future__ import annotations

import io
import socket
import threading
from http import HTTPStatus
from http.client import HTTPConnection

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Killed
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman.http import (
    BadRequest,
    HttpRequest,
    read_request,
    response,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman.streams import (
    InputPipe,
    Output,
    OutputQueue,
)
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.wsman_lab import (
    Commands,
    listening,
    make_host,
)

SEALED = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", None),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc", None),
        (b"POST /wsman HTTP/1.1\r\n\r\n", HttpRequest("POST", "/wsman", {}, b"")),
        (
            b"POST /wsman HTTP/1.1\r\nCONTENT-length:3\r\nX-Y:  a:b \r\n\r\nabcd",
            HttpRequest("POST", "/wsman", {"content-length": "3", "x-y": "a:b"}, b"abc"),
        ),
    ],
)
def test_read_request(data: bytes, expected: HttpRequest | None) -> None:
    assert read_request(io.BytesIO(data), 100) == expected


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", HTTPStatus.BAD_REQUEST),
        (b"POST /wsman HTTP/1.0\r\n\r\n", HTTPStatus.BAD_REQUEST),
        (b"POST /wsman HTTP/1.1\r\nno colon\r\n\r\n", HTTPStatus.BAD_REQUEST),
        (b"POST /wsman HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", HTTPStatus.BAD_REQUEST),
        (b"POST /wsman HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", HTTPStatus.LENGTH_REQUIRED),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: x\r\n\r\n", HTTPStatus.LENGTH_REQUIRED),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: 101\r\n\r\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ],
)
def test_bad_requests(data: bytes, status: HTTPStatus) -> None:
    with pytest.raises(BadRequest) as caught:
        read_request(io.BytesIO(data), 100)
    assert caught.value.status == status


def test_every_answer_has_its_length() -> None:
    assert response(200).endswith(b"Content-Length: 0\r\n\r\n")
    assert response(500, [("A", "b")], b"xyz").endswith(b"A: b\r\nContent-Length: 3\r\n\r\nxyz")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/wsman", {}, 401),
        ("POST", "/wsman", {"Authorization": "Negotiate"}, 401),
        ("POST", "/wsman", {"Authorization": "Negotiate ????"}, 401),
        ("POST", "/wsman", {"Authorization": "Negotiate Z2FyYmFnZQ=="}, 401),
        ("POST", "/wsman", {"Authorization": "Negotiate TlRMTVNTUAABAAAA"}, 401),
        ("POST", "/wsman", {"Authorization": "NTLM TlRMTVNTUAABAAAA"}, 401),
        ("POST", "/wsman", {"Authorization": "Basic YWRtaW46eA=="}, 401),
        ("POST", "/wsman", {"Content-Type": SEALED}, 400),
        ("POST", "/other", {}, 404),
        ("GET", "/wsman", {}, 405),
    ],
)
def test_without_a_login(method: str, path: str, headers: dict[str, str], status: int) -> None:
    with listening(make_host(), Commands()) as (endpoint, port):
        client = HTTPConnection("127.0.0.1", port, timeout=5)
        for _again in range(2):  # the connection stays open
            client.request(method, path, body=b"x" if method == "POST" else None, headers=headers)
            answer = client.getresponse()
            answer.read()
            assert answer.status == status
            if status == 401:
                assert answer.headers.get_all("WWW-Authenticate") == ["Negotiate", "Kerberos"]
        client.close()
        assert (endpoint.counters.requests, endpoint.counters.logins) == (2, 0)


def test_the_port_stays_reserved_while_the_endpoint_is_stopped() -> None:
    with listening(make_host(), Commands()) as (endpoint, port):
        endpoint.stop()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            client.connect(("127.0.0.1", port))


def test_lines_of_standard_input() -> None:
    pipe = InputPipe("cp850")
    pipe.feed("één\r\ntwo\n\nrest".encode("cp850"), end=True)
    lines = [pipe.readline(lambda: True) for _count in range(5)]
    assert lines == ["één", "two", "", "rest", None]
    assert pipe.read(lambda: True) == b""


def test_open_standard_input_blocks_until_it_is_fed_or_the_process_is_ended() -> None:
    pipe = InputPipe("cp437")
    threading.Timer(0.05, pipe.feed, (b"late\n", False)).start()
    assert pipe.readline(lambda: True) == "late"
    for read in (pipe.readline, pipe.read):
        with pytest.raises(Killed):
            read(lambda: False)


def test_output_waits_for_its_end() -> None:
    queue = OutputQueue()
    assert queue.take(["stdout"], 100, 0.01) is None
    queue.sink("stdout").write(b"abcdef")
    queue.sink("stderr").write(b"xyz")
    assert queue.take(["stdout", "stderr"], 4, 0) == Output({"stdout": b"abcd", "stderr": b""}, None)
    queue.end(3)
    queue.end(4)
    queue.sink("stdout").write(b"too late")
    assert (queue.ended, queue.drained) == (True, False)
    assert queue.take(["stdout", "stderr"], 3, 0) == Output({"stdout": b"ef", "stderr": b"x"}, None)
    assert queue.take(["stdout", "stderr"], 100, 0) == Output({"stdout": b"", "stderr": b"yz"}, 3)
    assert (queue.drained, queue.take(["stdout", "nonsense"], 9, 0)) == (True, Output({"stdout": b""}, 3))
