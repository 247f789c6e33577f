# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""find, findstr, sort, more, fc, ping, certutil, tasklist, net and their like."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.errors import ServiceError
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Process
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.winerror import system_message
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Host, Power, Service
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.cmd_lab import (
    BATCH,
    Result,
    begin,
    finish,
    make_host,
    run,
    windows,
)


@pytest.fixture(name="host")
def host_fixture() -> Host:
    host = make_host()
    host.files.mkdir("C:\\d\\sub")
    host.files.write("C:\\d\\a.txt", b"Alpha one\r\nbeta two\r\n\r\nALPHA (three)\r\n")
    host.files.write("C:\\d\\b.txt", b"gamma\r\n")
    host.files.write("C:\\d\\empty", b"")
    return host


def run_there(host: Host, line: str, stdin: bytes = b"") -> Result:
    return run(host, f"cd /d C:\\d&& {line}", stdin)


# line, exit code, output
TEXT = [
    ('find "Alpha" a.txt', 0, "\n---------- A.TXT\nAlpha one\n"),
    ('find /i "alpha" a.txt', 0, "\n---------- A.TXT\nAlpha one\nALPHA (three)\n"),
    ('find /n "two" a.txt', 0, "\n---------- A.TXT\n[2]beta two\n"),
    ('find /c "a" a.txt', 0, "\n---------- A.TXT: 2\n"),
    ('find /v "a" a.txt', 0, "\n---------- A.TXT\n\nALPHA (three)\n"),
    ('find "nope" a.txt', 1, "\n---------- A.TXT\n"),
    ('type a.txt|find "Alpha"', 0, "Alpha one\n"),
    ('type a.txt|find /c /v ""', 0, "4\n"),
    ('type a.txt|find /i /c "alpha"', 0, "2\n"),
    ('type a.txt|find "nope"', 1, ""),
    ('find "gamma" *.txt', 0, "\n---------- A.TXT\n\n---------- B.TXT\ngamma\n"),
    ('find "(three)" < a.txt', 0, "ALPHA (three)\n"),
    ('echo say "hi"|find """hi"""', 0, 'say "hi"\n'),
    ("findstr Alpha a.txt", 0, "Alpha one\n"),
    ("findstr /i alpha a.txt", 0, "Alpha one\nALPHA (three)\n"),
    ('findstr "one two" a.txt', 0, "Alpha one\nbeta two\n"),
    ('findstr /c:"one two" a.txt', 1, ""),
    ('findstr /c:"Alpha one" a.txt', 0, "Alpha one\n"),
    ('findstr /r "^A.*)$" a.txt', 0, "ALPHA (three)\n"),
    ('findstr "(three)" a.txt', 0, "ALPHA (three)\n"),
    ('findstr /l "." a.txt', 1, ""),
    ('findstr "." b.txt', 0, "gamma\n"),
    ("findstr /c:. b.txt", 1, ""),
    ("findstr /r /c:g.m b.txt", 0, "gamma\n"),
    ("findstr /b /i alpha a.txt", 0, "Alpha one\nALPHA (three)\n"),
    ("findstr /e two a.txt", 0, "beta two\n"),
    ("findstr /x gamma b.txt", 0, "gamma\n"),
    ("findstr /x gamm b.txt", 1, ""),
    ("findstr /v a b.txt", 1, ""),
    ("findstr /n two a.txt", 0, "2:beta two\n"),
    ("findstr /n a *.txt", 0, "a.txt:1:Alpha one\na.txt:2:beta two\nb.txt:1:gamma\n"),
    ("findstr /m a *.txt", 0, "a.txt\nb.txt\n"),
    ("findstr /im ALPHA *.txt", 0, "a.txt\n"),
    ('findstr "[g-h]am*a" b.txt', 0, "gamma\n"),
    ('findstr "[^g]amma" b.txt', 1, ""),
    ('findstr "\\<one" a.txt', 0, "Alpha one\n"),
    ('findstr "a+" b.txt', 1, ""),
    ("type b.txt|findstr gam", 0, "gamma\n"),
    ("findstr /g:b.txt b.txt", 0, "gamma\n"),
    ("sort a.txt", 0, "\nALPHA (three)\nAlpha one\nbeta two\n"),
    ("type b.txt|sort", 0, "gamma\n"),
    ("(echo b& echo a& echo C)|sort /r", 0, "C\nb\na\n"),
    ("more b.txt", 0, "gamma\n\n"),
    ("echo a|more", 0, "a\n\n"),
    ("fc a.txt a.txt", 0, "Comparing files a.txt and A.TXT\nFC: no differences encountered\n\n"),
    ("fc /b b.txt empty", 1, "Comparing files b.txt and EMPTY\nFC: B.TXT longer than EMPTY\n\n"),
    ("hostname", 0, "NODEA\n"),
    ("whoami", 0, "corp\\admin\n"),
    ("chcp", 0, "Active code page: 437\n"),
    ("net helpmsg 5", 0, "\nAccess is denied.\n\n"),
    ("net helpmsg 5013", 0, "\nThe cluster group could not be found.\n\n"),
    ("attrib b.txt", 0, "A          C:\\d\\b.txt\n"),
    ("attrib +r b.txt & attrib -r b.txt & attrib b.txt", 0, "A          C:\\d\\b.txt\n"),
    ("attrib nope", 0, "File not found - nope\n"),
]


@pytest.mark.parametrize(("line", "rc", "out"), TEXT)
def test_output(host: Host, line: str, rc: int, out: str) -> None:
    result = run_there(host, line)
    assert (result.rc, result.out) == (rc, out), result.err


@pytest.mark.parametrize(
    ("line", "rc", "err"),
    [
        ("find", 2, "FIND: Parameter format not correct\n"),
        ("find alpha a.txt", 2, "FIND: Parameter format not correct\n"),
        ('find "a" nope', 1, "File not found - NOPE\n"),
        ("findstr", 2, "FINDSTR: Bad command line\n"),
        ("findstr /q a a.txt", 2, "FINDSTR: Bad command line\n"),
        ("findstr a nope", 1, "FINDSTR: Cannot open nope\n"),
        ("findstr /g:nope a.txt", 2, "FINDSTR: Bad command line\n"),
        ("sort nope", 1, "nopeThe system cannot find the file specified.\n"),
        ("more nope", 1, "Cannot access file nope\n"),
        ("fc a.txt", -1, "FC: Wrong number of arguments.\n"),
        ("fc a.txt nope", 2, "FC: cannot open NOPE - No such file or folder\n"),
        ("whoami /groups", 1, "ERROR: Invalid argument/option - '/groups'.\n"),
        ("chcp 1", 1, "Invalid code page\n"),
        ("net", 1, "The syntax of this command is:\n\nNET [ HELPMSG | START | STOP ]\n"),
        ("taskkill /f /im nope.exe", 128, 'ERROR: The process "nope.exe" not found.\n'),
        ('tasklist /fi "nonsense"', 1, "ERROR: The search filter cannot be recognized.\n"),
        ('tasklist /fi "memusage gt 5"', 1, "ERROR: The search filter cannot be recognized.\n"),
    ],
)
def test_refusal(host: Host, line: str, rc: int, err: str) -> None:
    result = run_there(host, line)
    assert (result.rc, result.err) == (rc, err)


def test_fc_shows_what_differs(host: Host) -> None:
    assert run_there(host, "fc b.txt a.txt").out.startswith(
        "Comparing files b.txt and A.TXT\n***** B.TXT\ngamma\n*****"
    )
    host.files.write("C:\\d\\c.txt", b"gammb\r\n")
    assert run_there(host, "fc /b b.txt c.txt") == Result(1, "Comparing files b.txt and C.TXT\n00000004: 61 62\n", "")


def test_more_converts_utf16(host: Host) -> None:
    host.files.write("C:\\d\\u", b"\xff\xfe" + "\té\r\n".encode("utf-16-le"))
    assert run_there(host, "more u").out == "        é\n\n"


def test_ping_as_a_delay(host: Host) -> None:
    start = host.world.clock.now()
    result = run(host, "ping -n 6 127.0.0.1")
    assert (result.rc, result.out.count("Reply from")) == (0, 6)
    assert 5.0 <= host.world.clock.now() - start <= 6.0


@pytest.mark.parametrize(
    ("target", "rc", "words"),
    [
        ("NODEA", 0, "Reply from"),
        ("nodea.corp.example", 0, "(0% loss)"),
        ("NODEB", 1, "Request timed out."),
        ("10.0.0.1", 1, "(100% loss)"),
        ("nosuch", 1, "could not find host nosuch"),
    ],
)
def test_ping(host: Host, target: str, rc: int, words: str) -> None:
    host.world.hosts["nodeb"] = Host(host.world, "NODEB", "corp.example", windows(), host.files, power=Power.OFF)
    result = run(host, f"ping -n 1 -w 500 {target}")
    assert result.rc == rc
    assert words in result.out


def test_timeout_needs_a_console(host: Host) -> None:
    assert run(host, "timeout /t 30").rc == 1
    before = host.world.clock.now()
    assert run(host, "timeout /t 30 /nobreak", logon=BATCH).rc == 0
    assert run(host, "timeout", logon=BATCH).rc == 1
    assert host.world.clock.now() - before >= 30


def test_certutil_there_and_back(host: Host) -> None:
    data = bytes(range(256))
    host.files.write("C:\\d\\bin", data)
    assert run_there(host, "certutil -encode bin b64").out == (
        "Input Length = 256\nOutput Length = 412\nCertUtil: -encode command completed successfully.\n"
    )
    text = host.files.read("C:\\d\\b64")
    assert text.startswith(b"-----BEGIN CERTIFICATE-----\r\nAAECAwQ")
    assert text.endswith(b"-----END CERTIFICATE-----\r\n")
    assert max(map(len, text.split(b"\r\n"))) == 64
    assert run_there(host, "certutil -decode b64 back").rc == 0
    assert host.files.read("C:\\d\\back") == data


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"YWJj", b"abc"), (b"YWJj\r\nZGVm\r\n", b"abcdef"), (b"-----BEGIN X-----\nYQ==\n-----END X-----", b"a")],
)
def test_certutil_decodes_without_the_frame(host: Host, content: bytes, expected: bytes) -> None:
    host.files.write("C:\\d\\in", content)
    assert run_there(host, "certutil -decode in out").rc == 0
    assert host.files.read("C:\\d\\out") == expected


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("certutil -encode nope out", 2),
        ("certutil -encode a.txt b.txt", 80),
        ("certutil -encode empty out", 13),
        ("certutil -decode a.txt out", 13),
        ("certutil -decode empty out", 13),
        ("certutil -encode a.txt no\\such\\out", 3),
        ("certutil -hashfile nope", 2),
        ("certutil -hashfile empty", 1006),
        ("certutil -hashfile a.txt crc", 87),
        ("certutil -encode a.txt", 87),
        ("certutil -nonsense a.txt", 87),
        ("certutil", 87),
    ],
)
def test_certutil_fails_with_an_hresult(host: Host, line: str, code: int) -> None:
    assert run_there(host, line).rc == (0x80070000 | code) - 2**32


def test_certutil_says_what_failed(host: Host) -> None:
    assert run_there(host, "certutil -encode a.txt b.txt").out == (
        "EncodeToFile returned The file exists. 0x80070050 (WIN32: 80)\n"
        "CertUtil: -encode command FAILED: 0x80070050 (WIN32: 80)\nCertUtil: The file exists.\n"
    )
    assert run_there(host, "certutil -f -encode a.txt b.txt").rc == 0


@pytest.mark.parametrize("algorithm", ["", "MD5", "sha1", "SHA256"])
def test_certutil_hashfile(host: Host, algorithm: str) -> None:
    digest = hashlib.new(algorithm.lower() or "sha1", host.files.read("C:\\d\\b.txt")).digest()
    assert run_there(host, f"certutil -hashfile b.txt {algorithm}").out == (
        f"{algorithm.upper() or 'SHA1'} hash of file b.txt:\n{digest.hex(' ')}\n"
        "CertUtil: -hashfile command completed successfully.\n"
    )


def test_2003_has_no_hashfile() -> None:
    host = make_host("2003")
    host.files.write("C:\\x", b"1")
    assert run(host, "certutil -hashfile C:\\x").rc == (0x80070057 - 2**32)


def test_tasklist(host: Host) -> None:
    slow = begin(host, "wait 500")
    out = run(host, "tasklist").out
    assert out.startswith("\nImage Name                     PID Session Name")
    assert "\n========================= ======== ================" in out
    assert "\nwait.exe  " in out
    slow.kill()
    finish(slow)


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ('tasklist /fi "imagename eq lsass.exe" /fo csv /nh', '"lsass.exe","448","Services","0","4,096 K"\n'),
        ('tasklist /fi "PID eq 448" /fo csv /nh', '"lsass.exe","448","Services","0","4,096 K"\n'),
        ('tasklist /fi "imagename eq lsa*" /nh /fo csv', '"lsass.exe","448","Services","0","4,096 K"\n'),
        ('tasklist /nh /fo csv /fi "pid lt 4"', '"System Idle Process","0","Services","0","4,096 K"\n'),
        (
            'tasklist /fi "pid ge 436" /fi "pid le 448" /fi "imagename ne lsass.exe" /fo csv',
            '"Image Name","PID","Session Name","Session#","Mem Usage"\n"services.exe","436","Services","0","4,096 K"\n',
        ),
        ('tasklist /fi "imagename eq nope.exe"', "INFO: No tasks are running which match the specified criteria.\n"),
        (
            'tasklist /fi "pid eq 4" /fo list',
            "\nImage Name:   System\nPID:          4\nSession Name: Services\nSession#:     0\nMem Usage:    4,096 K\n",
        ),
    ],
)
def test_tasklist_filters_and_layouts(host: Host, line: str, out: str) -> None:
    assert run(host, line) == Result(0, out, "")


class FakePhysics:
    """Services change their state five lab seconds after the order."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def start_service(self, host: Host, name: str, proc: Process) -> None:
        self._order(name, "running", 1056)

    def stop_service(self, host: Host, name: str, proc: Process) -> None:
        self._order(name, "stopped", 1062)

    def _order(self, name: str, wanted: str, refused: int) -> None:
        service = self._host.services.get(name)
        if service is None:
            raise ServiceError(1060)
        if service.state == wanted:
            raise ServiceError(refused)
        self._host.world.clock.call_later(5.0, lambda: setattr(service, "state", wanted))


@pytest.fixture(name="with_service")
def with_service_fixture(host: Host) -> Host:
    host.services["w3svc"] = Service("w3svc", "World Wide Web", "stopped")
    host.world.physics = FakePhysics(host)  # type: ignore[assignment]
    return host


def test_net_start_waits(with_service: Host) -> None:
    start = with_service.world.clock.now()
    assert run(with_service, "net start W3SVC") == Result(
        0,
        "The World Wide Web service is starting.\nThe World Wide Web service was started successfully.\n\n",
        "",
    )
    assert with_service.world.clock.now() - start >= 5
    assert run(with_service, "net start").out == (
        "These Windows services are started:\n\n   World Wide Web\n\nThe command completed successfully.\n\n"
    )
    assert run(with_service, 'net stop "world wide web" /y').rc == 0


@pytest.mark.parametrize(
    ("line", "words", "number"),
    [
        ("net stop w3svc", "The World Wide Web service is not started.", 3521),
        ("net start nope", "The service name is invalid.", 2185),
        ("net start w3svc& net start w3svc", "The requested service has already been started.", 2182),
    ],
)
def test_net_fails_with_2(with_service: Host, line: str, words: str, number: int) -> None:
    result = run(with_service, line)
    assert result.rc == 2
    assert result.err == f"{words}\n\nMore help is available by typing NET HELPMSG {number}.\n\n"


def test_net_start_needs_an_administrator(with_service: Host) -> None:
    with_service.standard_users.add("admin")
    result = run(with_service, "net start w3svc")
    assert (result.rc, result.err) == (2, "System error 5 has occurred.\n\nAccess is denied.\n\n")


def test_net_helpmsg_of_an_unknown_number(host: Host) -> None:
    result = run(host, "net helpmsg 99999")
    assert result.rc == 2
    assert result.err.startswith("99999 is not a valid Windows network message number.")


def test_system_messages() -> None:
    assert system_message(5) == "Access is denied."
    assert system_message(424242) is None


def test_programs_speak_the_language_of_the_windows() -> None:
    host = make_host(language="xx")
    assert "certificate" not in run(host, "net helpmsg 5").out
    assert "Access" not in run(host, "net helpmsg 5").out
