# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to log in but Kerberos (tests/kerberos), and what a shell, a quota or a lost connection does to commands.

A second here is a minute in the lab.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible_collections.mailops.exchange2007.plugins.connection import winrs
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import control, state
from ansible_collections.mailops.exchange2007.tests.integration.conftest import Play, Run
from ansible_collections.mailops.exchange2007.tests.integration.truths import eventually
from winrm.exceptions import WSManFaultError
from winrm.protocol import Protocol

if TYPE_CHECKING:
    from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab

OTHER_SHELL = "http://schemas.example.com/other/shell"
SYSTEM_CA = "/etc/ssl/certs"  # exists where OpenSSL does, and knows nothing of the lab's authority
Connect = Callable[..., Any]
Drop = Callable[[str, str, str], None]


@pytest.fixture(scope="module")
def nodes(start_lab: Callable[..., Lab]) -> Lab:
    """The lab of all tests here."""
    return start_lab("transports", speed=60)


@pytest.fixture(scope="module")
def hosts(nodes: Lab) -> dict[str, dict[str, Any]]:
    """What the lab's own inventory says of every host."""
    groups = yaml.safe_load(nodes.inventory.read_text(encoding="utf-8"))
    named = [(name, group, host) for group in groups.values() for name, host in group["hosts"].items()]
    return {name: group["vars"] | host for name, group, host in named if host}  # a group may only name them again


@pytest.fixture
def connect(hosts: dict[str, dict[str, Any]]) -> Iterator[Connect]:
    """A connection as Ansible makes it: connect("nodea", transport="basic"); all are closed at the end."""
    with ExitStack() as opened:

        def make(host: str, **options: Any) -> Any:
            connection = connection_loader.get("mailops.exchange2007.winrs", PlayContext(), "/dev/null")
            connection.set_options(var_options=host_variables(hosts[host], options))
            opened.callback(connection.close)
            return connection

        yield make


def host_variables(host: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Of a connection to this host; options without their ansible_winrs_ (or ansible_)."""
    plain = ("host", "port", "user", "password")
    given = {f"ansible_{name}" if name in plain else f"ansible_winrs_{name}": value for name, value in options.items()}
    if options.get("scheme") == "https":
        given = {"ansible_port": host["lab_https_port"]} | given
    return host | given


def ask(lab: Lab, order: str, **arguments: Any) -> Any:
    """What `lab ORDER` does, without a process for it."""
    return control.ask(state.choose(lab.inventory), order, arguments)


def logged(lab: Lab, text: str) -> list[dict[str, Any]]:
    """The command lines with this text that the lab was given."""
    return [command for command in ask(lab, "truth")["commands"] if command["top"] and text in command["line"]]


def heard(lab: Lab, host: str) -> dict[str, int]:
    """How much a host's WinRM was sent, and how many logins."""
    found: dict[str, int] = ask(lab, "truth")["transport"][host]
    return found


def run_on(connection: Any, line: str, seconds: float = 30) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    code, stdout, stderr = connection.execute(line, None, seconds)
    return code, stdout.decode(), stderr.decode()


# --- logins ----------------------------------------------------------------------------------------------------------


def logins(hosts: dict[str, dict[str, Any]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """By the name of a case: the host and the options."""
    folder = hosts["nodea"]["lab_certificates"]
    https = {"scheme": "https", "ca_trust_path": f"{folder}/ca.pem"}
    mine = {"transport": "certificate", "cert_pem": f"{folder}/upgrade.pem", "cert_key_pem": f"{folder}/upgrade.key"}
    other = mine | {"cert_pem": f"{folder}/stranger.pem", "cert_key_pem": f"{folder}/stranger.key"}
    basic, credssp, wrong = {"transport": "basic"}, {"transport": "credssp"}, {"password": "not the password"}
    ignore, legacy = {"server_cert_validation": "ignore"}, {"legacy_tls": True}
    untrusted = {"ca_trust_path": SYSTEM_CA}
    return {
        "ntlm": ("nodea", {}),
        "ntlm, clear answered by 500": ("clear500", {}),
        "ntlm https": ("nodea", https),
        "ntlm https auto": ("nodea", https | {"message_encryption": "auto"}),
        "ntlm wrong": ("nodea", wrong),
        "basic": ("nodea", https | basic),
        "basic wrong": ("nodea", https | basic | wrong),
        "basic by another name": ("nodea", https | basic | {"host": "localhost"}),
        "basic untrusted": ("nodea", https | basic | untrusted),
        "basic untrusted ignored": ("nodea", https | basic | untrusted | ignore),
        "certificate": ("nodea", https | mine),
        "certificate of nobody": ("nodea", https | other),
        "certificate, wrong key": ("nodea", https | mine | {"cert_key_pem": other["cert_key_pem"]}),
        "credssp": ("nodea", credssp),
        "credssp https": ("nodea", https | credssp),
        "credssp wrong": ("nodea", credssp | wrong),
        "credssp, TLS 1.0": ("oldtls", credssp | {"credssp_disable_tlsv1_2": True}),
        "credssp, TLS 1.0 not allowed": ("oldtls", credssp),
        "TLS 1.0": ("oldtls", https | legacy | ignore),
        "TLS 1.0 not allowed": ("oldtls", https | ignore),
        "TLS 1.0 untrusted": ("oldtls", https | legacy | untrusted),
        "old certificate": ("oldname", https),
        "old certificate ignored": ("oldname", https | ignore),
        "https to http": ("nodea", https | {"port": hosts["nodea"]["ansible_port"]}),
        "other shell": ("otheruri", {"resource_uri": OTHER_SHELL}),
        "other shell unknown": ("otheruri", {}),
        "code page 65001": ("nodea", {"codepage": 65001}),
        "no such authority": ("nodea", https | {"ca_trust_path": "/nowhere.pem"}),
    }


UNREACHABLE = {
    "ntlm wrong": r"login refused for LAB\upgrade (ntlm)",
    "basic wrong": r"login refused for LAB\upgrade (basic)",
    "basic by another name": "Connect by the name in the certificate",
    "basic untrusted": "Give the certificate authority in ansible_winrs_ca_trust_path",
    "certificate of nobody": "login refused for the certificate",
    "certificate, wrong key": "its key in ansible_winrs_cert_key_pem",
    "credssp wrong": r"login refused for LAB\upgrade (credssp)",
    "credssp, TLS 1.0 not allowed": "set ansible_winrs_credssp_disable_tlsv1_2: true",
    "TLS 1.0 not allowed": "ansible_winrs_legacy_tls: true",
    "TLS 1.0 untrusted": "CERTIFICATE_VERIFY_FAILED",
    "old certificate": "Python does not look at the common name",
    "https to http": "This port does not speak https",
    "other shell unknown": "Set ansible_winrs_resource_uri",
}
REFUSED = {"code page 65001": "code page 65001 (UTF-8) is refused", "no such authority": "there is no /nowhere.pem"}


@pytest.fixture(scope="module")
def tried(nodes: Lab, hosts: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One play that tries all logins at once, each as a host of its own."""
    folder = tmp_path_factory.mktemp("logins")
    inventory = folder / "logins.yml"
    cases = {name: host_variables(hosts[host], options) for name, (host, options) in logins(hosts).items()}
    inventory.write_text(yaml.safe_dump({"logins": {"hosts": cases}}), encoding="utf-8")
    task = {"name": "say", "raw": 'echo "{{ inventory_hostname }}"'}
    plays = [{"hosts": "logins", "gather_facts": False, "tasks": [task]}]
    return folder_playbook(folder)(nodes, plays, "-i", str(inventory), "-f", "4")


def folder_playbook(folder: Any) -> Play:
    """What the fixture playbook does, for a fixture that outlives a test."""
    from ansible_collections.mailops.exchange2007.tests.integration.conftest import Running, playbook_command

    def run(lab: Lab, what: list[dict[str, Any]], *options: str) -> Run:
        return Running(folder, playbook_command(folder, lab, what, options, {})).ended()

    return run


def test_every_login_that_is_right_works(hosts: dict[str, dict[str, Any]], tried: Run) -> None:
    """Basic, certificate, CredSSP, NTLM, over http, https and old TLS; with the output as the node wrote it."""
    right = set(logins(hosts)) - set(UNREACHABLE) - set(REFUSED)
    wrote = {name: result.get("stdout", result.get("msg")) for name, result in tried.results["say"].items()}
    assert {name: wrote[name] for name in right} == {name: f'"{name}"\r\n' for name in right}


@pytest.mark.parametrize("name", UNREACHABLE)
def test_a_login_that_is_wrong_is_unreachable_in_one_line(nodes: Lab, tried: Run, name: str) -> None:
    """It says what to do, and nothing ran."""
    result = tried.results["say"][name]
    assert result.get("unreachable"), result
    assert UNREACHABLE[name] in result["msg"]
    assert "\n" not in result["msg"]
    assert "not the password" not in json.dumps(result)
    assert logged(nodes, f'"{name}"') == []


@pytest.mark.parametrize("name", REFUSED)
def test_options_that_are_wrong_fail_in_one_line(tried: Run, name: str) -> None:
    """A mistake in the inventory is no unreachable node."""
    result = tried.results["say"][name]
    assert not result.get("unreachable"), result
    assert REFUSED[name] in result["msg"]
    assert "\n" not in result["msg"]


def test_old_tls_comes_with_a_warning(tried: Run) -> None:
    """One for each connection that goes down to it, and the others get none."""
    assert tried.output.count("lets this connection go down to TLS 1.0") in (1, 2)


@pytest.mark.parametrize("transport", ["basic", "plaintext", "ssl", "certificate"])
def test_no_password_in_clear(nodes: Lab, connect: Connect, transport: str) -> None:
    """Over http the node doesn't hear a byte of it."""
    before = heard(nodes, "NODEB")
    with pytest.raises(AnsibleError, match=r"over http would send the password|works over https only"):
        connect("nodeb", transport=transport).execute("ver", None, 5)
    assert heard(nodes, "NODEB") == before


def test_credssp_hands_over_what_the_second_hop_needs(connect: Connect) -> None:
    """A share of the mate opens with it and not without."""
    line = r"dir \\NODEB\C$"
    denied = run_on(connect("nodea"), "net helpmsg 5")[1].strip()  # in the language of the node
    assert denied
    assert denied in "".join(run_on(connect("nodea"), line)[1:])
    assert denied not in "".join(run_on(connect("nodea", transport="credssp"), line)[1:])


def test_credssp_seals_long_messages_in_pieces(connect: Connect) -> None:
    """Both ways: input and output above the 16 KiB that one piece takes."""
    connection = connect("nodea", transport="credssp")
    text = b"".join(b"%06d a line that is long enough\r\n" % number for number in range(4000))
    code, stdout, _stderr = connection.execute("sort", text, 30)
    assert (code, stdout) == (0, text)


def test_two_nodes_are_asked_at_once(nodes: Lab, playbook: Play) -> None:
    """By two forks, each with a connection of its own."""
    task = {"name": "wait", "raw": "ping -n 31 127.0.0.1 >nul"}
    run = playbook(nodes, [{"hosts": "nodea:nodeb", "gather_facts": False, "tasks": [task]}], "-f", "2")
    assert run.code == 0, run.output
    one, two = sorted(logged(nodes, "ping -n 31"), key=lambda command: float(command["t"]))
    assert {one["host"], two["host"]} == {"NODEA", "NODEB"}
    assert two["t"] < one["t"] + one["duration"]


# --- text ------------------------------------------------------------------------------------------------------------

TEXTS = {
    437: "Überprüfung: ½ Größe, señor",
    850: "Gruppe »Ärger« §3, São, Ø",
    852: "Žluťoučký kůň, Őszi, Łódź",
    932: "日本語 サーバー ｶﾅ ソース表示",  # ソ and 表 end in the byte of a backslash
}


@pytest.mark.parametrize("codepage", TEXTS)
def test_text_of_a_code_page(nodes: Lab, connect: Connect, codepage: int) -> None:
    """A file's name and its text, as its writer wrote them."""
    text = TEXTS[codepage]
    path = rf"C:\Temp\{text.split()[0].strip(':')}.txt"
    ask(nodes, "run", host=f"CP{codepage}", line=f'echo {text}>"{path}"')  # at its own console, without WinRM
    connection = connect(f"cp{codepage}")
    assert connection.execute(f'type "{path}"', None, 5) == (0, f"{text}\r\n".encode(), b"")
    assert connection.execute(f"echo {text}", None, 5) == (0, f"{text}\r\n".encode(), b"")
    assert path.rpartition("\\")[2] in run_on(connection, r"dir /b C:\Temp")[1]


def test_text_of_a_code_page_comes_out_of_a_task(nodes: Lab, playbook: Play) -> None:
    """Through raw and Ansible's own decoding, with the code page that the inventory names."""
    lines = {f"cp{codepage}": text for codepage, text in TEXTS.items()}
    task = {"name": "say", "raw": "echo {{ texts[inventory_hostname] }}"}
    run = playbook(nodes, [{"hosts": ":".join(lines), "gather_facts": False, "tasks": [task]}], texts=lines)
    assert {host: result["stdout"] for host, result in run.results["say"].items()} == {
        host: f"{text}\r\n" for host, text in lines.items()
    }


def test_the_longest_command_line(nodes: Lab, connect: Connect) -> None:
    """8191 characters arrive, and 8192 are refused with nothing sent."""
    connection = connect("nodea")
    longest = "echo " + "x" * 8186
    assert run_on(connection, longest) == (0, f"{longest[5:]}\r\n", "")
    before = heard(nodes, "NODEA")["requests"]
    with pytest.raises(AnsibleError, match=r"8192 characters; cmd.exe takes 8191"):
        run_on(connection, longest + "x")
    assert heard(nodes, "NODEA")["requests"] == before


def test_a_command_that_prints_too_much_is_ended(nodes: Lab, connect: Connect) -> None:
    """Its effect is unknown, and the connection goes on."""
    connection = connect("nodea", output_limit=5000)
    with pytest.raises(winrs.CommandEndUnknown, match="printed more than 5000 bytes and was ended"):
        run_on(connection, "for /l %i in (1,1,1000000) do @echo too much of it")
    assert run_on(connection, "echo enough")[1] == "enough\r\n"


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_command_may_be_silent_for_longer_than_the_operation_timeout(nodes: Lab, connect: Connect) -> None:
    """WinRM says "nothing yet" by a fault; the command runs once and its result comes."""
    before = time.monotonic()
    assert run_on(connect("nodea", operation_timeout=1), "ping -n 73 127.0.0.1 >nul & echo late")[:2] == (0, "late\r\n")
    assert time.monotonic() - before > 1.1
    assert len(logged(nodes, "ping -n 73")) == 1


def test_a_command_that_takes_too_long_is_ended(nodes: Lab, connect: Connect) -> None:
    """And so are its children; the connection goes on."""
    connection = connect("nodea")
    with pytest.raises(winrs.CommandEndUnknown, match="still running after 0 s and was ended"):
        run_on(connection, "ping -n 9999 127.0.0.1 >nul", 0.3)
    assert run_on(connection, "echo next")[1] == "next\r\n"
    assert [command["rc"] for command in logged(nodes, "ping -n 9999")] != [0]

    def ended(truth: dict[str, Any]) -> bool:
        return not any("9999" in line for line in truth["hosts"]["NODEA"]["processes"])

    eventually(nodes, ended, "the command's child is gone")


# --- quotas ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def others(hosts: dict[str, dict[str, Any]]) -> Iterator[Callable[[], tuple[Protocol, str]]]:
    """Open shells on nodeb beside the connection's, as the same user; all are closed at the end."""
    with ExitStack() as opened:

        def make() -> tuple[Protocol, str]:
            host = hosts["nodeb"]
            client = Protocol(
                f"http://127.0.0.1:{host['ansible_port']}/wsman",
                transport="ntlm",
                username=host["ansible_user"],
                password=host["ansible_password"],
                message_encryption="always",
                proxy=None,
                ca_trust_path=None,
            )
            shell = client.open_shell()
            opened.callback(close, client, shell)
            return client, shell

        yield make


def close(client: Protocol, shell: str) -> None:
    """Close a shell, which may be gone."""
    try:
        client.close_shell(shell)
    except WSManFaultError:
        client.transport.close_session()


def test_many_commands_in_one_task(nodes: Lab, connect: Connect) -> None:
    """More than the 15 operations that WinRM 2.0 grants a user: each runs exactly once, in order."""
    connection = connect("nodeb")
    lines = [f"echo many-{number}" for number in range(40)]
    assert [run_on(connection, line)[1] for line in lines] == [f"{line[5:]}\r\n" for line in lines]
    assert [command["line"] for command in logged(nodes, "echo many-")] == lines


def test_operations_that_others_have_used_up(nodes: Lab, connect: Connect, others: Any) -> None:
    """The quota is the user's: the shell is reopened, which gives back its own, and the command runs once."""
    client, shell = others()
    for _number in range(13):
        client.get_command_output(shell, client.run_command(shell, "ver"))
    connection = connect("nodeb")
    for number in range(5):
        assert run_on(connection, f"echo quota-{number}")[0] == 0
    assert len(logged(nodes, "echo quota-")) == 5


def test_operations_are_waited_for(connect: Connect, others: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another session has them all; when it is closed, the command is started."""
    monkeypatch.setattr(winrs, "_SHELL_PAUSE", 0.1)
    taken = client, shell = others()
    for _number in range(15):
        client.get_command_output(shell, client.run_command(shell, "ver"))
    timer = Timer(0.3, close, taken)
    timer.start()
    assert run_on(connect("nodeb"), "echo at last")[1] == "at last\r\n"
    timer.join()


def test_no_operation_left_at_all(nodes: Lab, connect: Connect, others: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was started, and that is said."""
    monkeypatch.setattr(winrs, "_SHELL_PAUSE", 0.1)
    monkeypatch.setattr(winrs, "_SHELL_WAIT", 0.2)
    client, shell = others()
    for _number in range(15):
        client.get_command_output(shell, client.run_command(shell, "ver"))
    with pytest.raises(AnsibleConnectionFailure, match=r"command was not started: fault .*0x803381A6") as caught:
        run_on(connect("nodeb"), "echo never-started")
    assert not isinstance(caught.value, winrs.CommandEndUnknown)
    assert logged(nodes, "echo never-started") == []


def test_a_shell_is_waited_for(connect: Connect, others: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user has his five; when one is closed, the next attempt gets it."""
    monkeypatch.setattr(winrs, "_SHELL_PAUSE", 0.1)
    taken = [others() for _number in range(5)]
    timer = Timer(0.3, close, taken[0])
    timer.start()
    assert run_on(connect("nodeb"), "echo at last")[1] == "at last\r\n"
    timer.join()


def test_no_shell_left(connect: Connect, others: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it is said whose sessions are to be ended."""
    monkeypatch.setattr(winrs, "_SHELL_PAUSE", 0.1)
    monkeypatch.setattr(winrs, "_SHELL_WAIT", 0.2)
    for _number in range(5):
        others()
    with pytest.raises(AnsibleConnectionFailure, match=r"number of 5 concurrent shells.* End other sessions of"):
        run_on(connect("nodeb"), "ver")


# --- what is lost ----------------------------------------------------------------------------------------------------


@pytest.fixture
def drop(nodes: Lab) -> Iterator[Drop]:
    """Drop a connection of a host at a verb of WS-Man; disarmed at the end."""
    yield lambda host, verb, when: ask(
        nodes, "inject", fault="drop", fields={"host": host, "program": "wsman", "match": verb, "when": when}
    )
    ask(nodes, "inject", clear=True)


@pytest.mark.parametrize(
    ("verb", "when", "ran", "host"),  # a host each, for the shell that is lost stays open there for a while
    [
        ("Command", "before", 0, "cp437"),
        ("Command", "after", 1, "cp850"),
        ("Receive", "before", 1, "cp852"),
        ("Receive", "after", 1, "cp932"),
    ],
)
def test_a_connection_lost_while_a_command_is_on_its_way(
    nodes: Lab, connect: Connect, drop: Drop, verb: str, when: str, ran: int, host: str
) -> None:
    """Nobody can tell whether it began: it is not sent again, its effect is unknown, and the next one works."""
    connection = connect(host)
    run_on(connection, "ver")
    drop(host, verb, when)
    marker = f"lost-{verb}-{when}"
    with pytest.raises(winrs.CommandEndUnknown, match=r"connection was lost.* Its effect on the node is unknown"):
        run_on(connection, f"echo {marker}")
    assert len(logged(nodes, marker)) == ran
    assert run_on(connection, f"echo {marker}-next")[0] == 0
    assert len(logged(nodes, f"{marker}-next")) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_lost_before_there_is_a_shell(nodes: Lab, connect: Connect, drop: Drop, when: str) -> None:
    """Nothing has begun, and it is no command's end that is unknown."""
    drop("clear500", "Create", when)
    connection = connect("clear500")
    with pytest.raises(AnsibleConnectionFailure, match="no WinRM answer") as caught:
        run_on(connection, "echo no-shell-yet")
    assert not isinstance(caught.value, winrs.CommandEndUnknown)
    assert logged(nodes, "no-shell-yet") == []
    assert run_on(connection, "ver")[0] == 0


def test_a_connection_lost_between_two_commands(nodes: Lab, connect: Connect) -> None:
    """The login is gone with it; the command that finds out is sent again after a new login, and runs once."""
    connection = connect("nodea")
    run_on(connection, "ver")
    connection._wire._protocol.transport.session.close()
    logins_before = heard(nodes, "NODEA")["logins"]
    assert run_on(connection, "echo after-the-loss")[1] == "after-the-loss\r\n"
    assert heard(nodes, "NODEA")["logins"] == logins_before + 1
    assert len(logged(nodes, "after-the-loss")) == 1


def test_a_shell_deleted_by_somebody_else(nodes: Lab, connect: Connect, others: Any) -> None:
    """Between two commands: a new shell, and the command runs once."""
    connection = connect("nodeb")
    run_on(connection, "ver")
    client, _shell = others()
    client.close_shell(connection._wire._shell, close_session=False)
    assert run_on(connection, "echo in-a-new-shell")[1] == "in-a-new-shell\r\n"
    assert len(logged(nodes, "in-a-new-shell")) == 1


def test_a_shell_deleted_under_a_command(nodes: Lab, connect: Connect, others: Any) -> None:
    """The command is not sent again: its effect is unknown."""
    connection = connect("nodeb", operation_timeout=1)
    run_on(connection, "ver")
    client, _shell = others()
    timer = Timer(0.2, client.close_shell, (connection._wire._shell,), {"close_session": False})
    timer.start()
    with pytest.raises(winrs.CommandEndUnknown):
        run_on(connection, "ping -n 301 127.0.0.1 >nul", 20)
    timer.join()
    assert len(logged(nodes, "ping -n 301")) == 1
    assert run_on(connection, "ver")[0] == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_cleanup_never_hides_a_result(connect: Connect, drop: Drop, when: str) -> None:
    """The connection breaks at Signal or Delete: what was known before stays."""
    connection = connect("nodea")
    drop("nodea", "Signal", when)
    with pytest.raises(winrs.CommandEndUnknown, match="still running"):
        run_on(connection, "ping -n 9999 127.0.0.1 >nul", 0.1)
    assert run_on(connection, "exit 3")[0] == 3
    drop("nodea", "Delete", when)
    connection.close()


def test_cleanup_never_hides_a_task_s_result(nodes: Lab, playbook: Play, drop: Drop) -> None:
    """The same in a play: the exit code is what the task says."""
    drop("nodea", "Delete", "before")
    task = {"name": "end", "raw": "exit 7", "failed_when": False}
    run = playbook(nodes, [{"hosts": "nodea", "gather_facts": False, "tasks": [task]}])
    assert run.code == 0, run.output
    assert run.results["end"]["nodea"]["rc"] == 7
