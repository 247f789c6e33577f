# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""https, Basic, certificates and CredSSP, with pywinrm as the client."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.certificates import Certificates
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.plans import (
    Account,
    DirectoryPlan,
    Topology,
    WinrmPlan,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman.tls import ServerTls
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.wsman_lab import (
    PASSWORD,
    USER,
    Commands,
    listening,
    make_host,
    pywinrm,
    says,
    waits,
)
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError
from winrm.protocol import Protocol

OTHER_SHELL = "urn:other"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificates]:
    topology = Topology("t", "corp.example", "CORP", DirectoryPlan(), (Account(USER, PASSWORD),), (), ())
    found = Certificates(tmp_path_factory.mktemp("lab") / "inventory.yml", topology)
    yield found
    found.remove()


@pytest.fixture(scope="module")
def tls(certificates: Certificates) -> ServerTls:
    return certificates.server("NODE1", WinrmPlan(https=True))


def https(port: int | None, certificates: Certificates, **options: Any) -> Protocol:
    settings = {
        "transport": "basic",
        "message_encryption": "never",
        "ca_trust_path": str(folder(certificates) / "ca.pem"),
        "username": USER,
        "password": PASSWORD,
        "proxy": None,
        **options,
    }
    return Protocol(f"https://127.0.0.1:{port}/wsman", **settings)


def folder(certificates: Certificates) -> Path:
    assert certificates.folder
    return certificates.folder


def whose(client: Protocol, commands: Commands) -> Logon:
    """Who the client is on the host."""
    shell = client.open_shell()
    client.get_command_output(shell, client.run_command(shell, "do"))
    client.close_shell(shell)
    return commands.started[-1].logon


def certificate_of(certificates: Certificates, name: str) -> dict[str, Any]:
    place = folder(certificates)
    files = {"cert_pem": str(place / f"{name}.pem"), "cert_key_pem": str(place / f"{name}.key")}
    return {"transport": "certificate", "username": None, "password": None, **files}


def test_https_and_http_serve_the_same_shells(certificates: Certificates, tls: ServerTls) -> None:
    commands = Commands(do=says("hello\n"))
    with listening(make_host(), commands, tls=tls, allow_basic=True) as (endpoint, port):
        secure, plain = https(endpoint.https_port, certificates), pywinrm(port)
        shell = secure.open_shell()
        assert plain.get_command_output(shell, plain.run_command(shell, "do")) == (b"hello\r\n", b"", 0)
        secure.close_shell(shell)
        assert commands.started[0].logon == Logon(r"CORP\admin", "network")
        endpoint.stop()
        with pytest.raises(requests.ConnectionError):
            secure.open_shell()


@pytest.mark.parametrize(
    ("options", "allowed"),
    [({}, True), ({"password": "wrong"}, True), ({}, False)],
    ids=["right", "wrong", "not allowed"],
)
def test_basic(certificates: Certificates, tls: ServerTls, options: dict[str, Any], allowed: bool) -> None:
    commands = Commands(do=says(""))
    with listening(make_host(), commands, tls=tls, allow_basic=allowed) as (endpoint, _port):
        client = https(endpoint.https_port, certificates, **options)
        if allowed and not options:
            assert whose(client, commands).user == r"CORP\admin"
        else:
            with pytest.raises(InvalidCredentialsError):
                client.open_shell()


def test_a_certificate_is_whom_it_is_mapped_to(certificates: Certificates, tls: ServerTls) -> None:
    commands = Commands(do=says(""))
    with listening(make_host(), commands, tls=tls) as (endpoint, port):
        mine, stranger = (certificate_of(certificates, name) for name in ("admin", "stranger"))
        assert whose(https(endpoint.https_port, certificates, **mine), commands) == Logon(r"CORP\admin", "network")
        with pytest.raises(InvalidCredentialsError):
            https(endpoint.https_port, certificates, **stranger).open_shell()
        with pytest.raises(InvalidCredentialsError):  # its header alone is nothing
            header = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
            client = pywinrm(port, message_encryption="never", transport="basic")
            client.transport.build_session().auth = lambda request: request
            client.transport.build_session().headers["Authorization"] = header
            client.open_shell()


@pytest.mark.parametrize("kind", ["named", "old"])
def test_names_in_a_certificate(certificates: Certificates, kind: str) -> None:
    tls = certificates.server("NODE1", WinrmPlan(https=True, certificate=kind))
    with listening(make_host(), Commands(), tls=tls, allow_basic=True) as (endpoint, _port):
        if kind == "named":
            assert https(endpoint.https_port, certificates).open_shell()
        else:
            with pytest.raises(requests.exceptions.SSLError, match=r"not valid for '127\.0\.0\.1'"):
                https(endpoint.https_port, certificates).open_shell()


@pytest.mark.parametrize(
    ("ciphers", "lowest", "error"),
    [
        ("", ssl.TLSVersion.TLSv1_2, "ALERT_PROTOCOL_VERSION"),
        ("", ssl.TLSVersion.TLSv1, "HANDSHAKE_FAILURE|NO_CIPHERS_AVAILABLE"),
        ("DEFAULT:@SECLEVEL=0", ssl.TLSVersion.TLSv1, ""),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_0_alone(certificates: Certificates, ciphers: str, lowest: ssl.TLSVersion, error: str) -> None:
    tls = certificates.server("NODE1", WinrmPlan(https=True, tls="1.0"))
    context = ssl.create_default_context(cafile=str(folder(certificates) / "ca.pem"))
    context.minimum_version = lowest
    if ciphers:
        context.set_ciphers(ciphers)
    with listening(make_host(), Commands(), tls=tls) as (endpoint, _port):
        sock = socket.create_connection(("127.0.0.1", endpoint.https_port or 0), timeout=5)
        if error:
            with sock, pytest.raises(ssl.SSLError, match=error):
                context.wrap_socket(sock, server_hostname="127.0.0.1")
        else:
            with context.wrap_socket(sock, server_hostname="127.0.0.1") as secure:
                assert (secure.version(), (secure.cipher() or [""])[0]) == ("TLSv1", "AES128-SHA")


def test_a_client_that_does_not_speak_tls_is_let_go(certificates: Certificates, tls: ServerTls) -> None:
    with (
        listening(make_host(), Commands(), tls=tls) as (endpoint, _port),
        # pylint: disable-next=used-before-assignment  # the line above assigns it
        socket.create_connection(("127.0.0.1", endpoint.https_port or 0), timeout=5) as client,
    ):
        client.sendall(b"POST /wsman HTTP/1.1\r\n\r\n")
        with suppress(ConnectionResetError):
            assert b"HTTP" not in client.recv(100)


def test_the_files_go_with_the_lab(tmp_path: Path) -> None:
    topology = Topology("t", "corp.example", "CORP", DirectoryPlan(), (Account(USER, PASSWORD),), (), ())
    certificates = Certificates(tmp_path / "my.yml", topology)
    assert certificates.folder is None
    certificates.server("NODE1", WinrmPlan(https=True))
    place = folder(certificates)
    assert place == tmp_path / "my-certificates"
    assert {path.name for path in place.iterdir()} == {
        *("ca.pem", "admin.pem", "admin.key", "stranger.pem", "stranger.key", "listener-node1.pem")
    }
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}
    (place / "mine.txt").touch()
    certificates.remove()
    assert [path.name for path in place.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("old", [False, True])
def test_credssp_hands_over_credentials(old: bool) -> None:
    commands = Commands(do=says(""))
    with listening(make_host(), commands, allow_credssp=True, old_tls=old) as (_endpoint, port):
        client = pywinrm(port, transport="credssp")
        if old:
            with pytest.raises(Exception, match="CredSSP token after step TLS Handshake"):
                client.open_shell()
        else:
            logon = whose(client, commands)
            assert (logon, logon.can_go_on) == (Logon(r"CORP\admin", "network", credentials=True), True)


def test_credssp_seals_in_pieces() -> None:
    text = "".join(f"{number:06d} and so on\n" for number in range(5000))

    def echo(process: Any) -> int:
        process.out(process.stdin.read(process.alive).decode("ascii"))
        return 0

    with listening(make_host(), Commands(echo=echo), allow_credssp=True) as (_endpoint, port):
        client = pywinrm(port, transport="credssp")
        shell = client.open_shell()
        command = client.run_command(shell, "echo", console_mode_stdin=False)
        for start in range(0, len(text), 60_000):
            client.send_command_input(shell, command, text[start : start + 60_000].encode())
        client.send_command_input(shell, command, b"", end=True)
        out, _err, code = client.get_command_output(shell, command)
        assert (out.replace(b"\r\n", b"\n").decode(), code) == (text, 0)


@pytest.mark.parametrize(("password", "allowed"), [("wrong", True), (PASSWORD, False)])
def test_credssp_refused(password: str, allowed: bool) -> None:
    with listening(make_host(), Commands(), allow_credssp=allowed) as (endpoint, port):
        with pytest.raises(Exception, match=r"Received error status|CredSSP being an available"):
            pywinrm(port, password=password, transport="credssp").open_shell()
        assert endpoint.counters.logins == 0


def test_another_name_of_the_shell() -> None:
    with listening(make_host(), Commands(), resource_uri=OTHER_SHELL) as (_endpoint, port):
        client = pywinrm(port)
        with pytest.raises(WSManFaultError, match="cannot find the resource"):
            client.open_shell()
        build = client.build_wsman_header

        def header(*args: Any, **kwargs: Any) -> Any:
            found = build(*args, **kwargs)
            found["env:Header"]["w:ResourceURI"]["#text"] = OTHER_SHELL
            return found

        client.build_wsman_header = header
        assert client.open_shell()


def test_a_shell_closed_under_a_command() -> None:
    with listening(make_host(), Commands(wait=waits)) as (_endpoint, port):
        client, other = pywinrm(port), pywinrm(port)
        shell = client.open_shell()
        command = client.run_command(shell, "wait")
        timer = threading.Timer(0.1, other.close_shell, (shell,))
        timer.start()
        with pytest.raises(WSManFaultError, match="has been aborted") as caught:
            client.get_command_output_raw(shell, command)
        assert caught.value.wsman_fault_code == 995
        timer.join()


@pytest.mark.parametrize("status", [401, 500])
def test_a_clear_body_over_http_is_still_refused(certificates: Certificates, tls: ServerTls, status: int) -> None:
    with listening(make_host(), Commands(), tls=tls, allow_basic=True, clear_body_answer=status) as (_endpoint, port):
        client = pywinrm(port, transport="basic", message_encryption="never")
        with pytest.raises(InvalidCredentialsError if status == 401 else WinRMTransportError):
            client.open_shell()
