# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection logs in with tickets of a real KDC: its own, one that is there already, or none that works."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.conftest import playbook_environment, read_results
from ansible_collections.mailops.exchange2007.tests.kerberos.kdc import REALM, Realm, running

ONE, ONE_PASSWORD = f"upgrade@{REALM}", "Kerberos & 50% one"
TWO, TWO_PASSWORD = f"second@{REALM}", "Kerberos (two)"
TOPOLOGY = Path(__file__).with_name("topology.yml")
Results = dict[str, dict[str, dict[str, Any]]]
Play = Callable[..., Results]


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """A KDC with both users and both nodes."""
    with running(tmp_path_factory.mktemp("realm")) as found:
        found.add_user("upgrade", ONE_PASSWORD)
        found.add_user("second", TWO_PASSWORD)
        for node in ("nodea", "nodeb"):
            found.add_service(f"HTTP/{node}.lab.example")
        yield found


@pytest.fixture(scope="module")
def lab(realm: Realm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The nodes, with the keys of the realm."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in realm.environment.items():
            patch.setenv(name, value)
        with Lab.running(str(TOPOLOGY), tmp_path_factory.mktemp("lab") / "inventory.yml", 600) as found:
            yield found


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the playbooks of a test put their temporary files."""
    path = tmp_path / "temporary"
    path.mkdir()
    return path


@pytest.fixture
def play(lab: Lab, realm: Realm, temporary: Path, tmp_path: Path) -> Play:
    """Run tasks on hosts of these variables; the results of all tasks by name and host."""

    def run(hosts: dict[str, dict[str, Any]], *tasks: dict[str, Any], **environment: str) -> Results:
        inventory, playbook, log = (tmp_path / name for name in ("hosts.yml", "playbook.yml", "results.jsonl"))
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        log.unlink(missing_ok=True)
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), str(playbook)]
        nobody = {"KRB5CCNAME": f"FILE:{tmp_path / 'nobody'}", "TMPDIR": str(temporary)}
        environment = {**playbook_environment(log), **realm.environment, **nobody, **environment}
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        return read_results(log)

    return run


def node(lab: Lab, name: str = "nodea", **options: Any) -> dict[str, Any]:
    """Variables of a host that is this node over Kerberos; options without their ansible_winrs_."""
    found = yaml.safe_load(lab.inventory.read_text(encoding="utf-8"))["exchange_nodes"]["hosts"][name]
    port = found["lab_https_port"] if options.get("scheme") == "https" else found["ansible_port"]
    login = {"transport": "kerberos", "kerberos_hostname_override": f"{name}.lab.example", **options}
    return {
        "ansible_connection": "mailops.exchange2007.winrs",
        "ansible_host": "127.0.0.1",
        "ansible_port": port,
        "ansible_user": ONE,
        **{key if key.startswith("ansible_") else f"ansible_winrs_{key}": value for key, value in login.items()},
    }


def own(**more: Any) -> dict[str, Any]:
    """The options of a connection that gets its own ticket as the first user."""
    return {"ansible_password": ONE_PASSWORD, **more}


def users(lab: Lab, marker: str) -> list[str]:
    """Who ran the command lines with this text, by the lab's log."""
    return [command["user"] for command in lab.truth()["commands"] if command["top"] and marker in command["line"]]


def recording_kinit(tmp_path: Path) -> tuple[Path, Path]:
    """A kinit that notes its cache and its arguments first; and where it notes them."""
    program, notes = tmp_path / "kinit", tmp_path / "kinit.log"
    program.write_text(f'#!/bin/sh\necho "$KRB5CCNAME $*" >>{notes}\nexec kinit "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    return program, notes


def test_two_nodes_at_once_each_with_its_own_user_and_ticket(
    lab: Lab, play: Play, temporary: Path, tmp_path: Path
) -> None:
    """Every connection runs kinit into a cache of its own, and none is left behind."""
    kinit, notes = recording_kinit(tmp_path)
    hosts = {
        "one": node(lab, "nodea", **own(), kinit_cmd=str(kinit)),
        "two": node(lab, "nodeb", kinit_cmd=str(kinit)) | {"ansible_user": TWO, "ansible_password": TWO_PASSWORD},
    }
    told = {"name": "told", "raw": "echo own-{{ inventory_hostname }}"}
    seen = play(hosts, told, {"name": "seen", "mailops.exchange2007.cluster_info": {}})
    assert {host: result.get("stdout") for host, result in seen["told"].items()} == {
        "one": "own-one\r\n",
        "two": "own-two\r\n",
    }, seen
    assert [users(lab, f"own-{host}") for host in hosts] == [[r"LAB\upgrade"], [r"LAB\second"]]
    for host in hosts:
        assert {each["name"] for each in seen["seen"][host]["cluster"]["nodes"]} == {"NODEA", "NODEB"}
    caches = [line.split()[0] for line in notes.read_text(encoding="utf-8").splitlines()]
    assert len(caches) == len(set(caches)) == 4, caches
    assert all(cache.startswith(f"FILE:{temporary}/mailops-krb5-") for cache in caches)
    assert not list(temporary.glob("mailops-krb5-*"))


@pytest.mark.parametrize("encryption", ["always", "never"])
def test_over_https(lab: Lab, play: Play, encryption: str) -> None:
    """TLS and sealed messages go together, and so do TLS and clear ones."""
    folder = lab.inventory.with_name("inventory-certificates")
    options = {"scheme": "https", "ca_trust_path": str(folder / "ca.pem"), "message_encryption": encryption}
    seen = play({"one": node(lab, **own(), **options)}, {"name": "seen", "mailops.exchange2007.cluster_info": {}})
    assert seen["seen"]["one"]["cluster"]["name"] == "CLUS1", seen


def test_a_ticket_that_is_there_already(lab: Lab, realm: Realm, play: Play, temporary: Path, tmp_path: Path) -> None:
    """Without a password no kinit runs, and the user's cache stays."""
    cache = tmp_path / "mine"
    environment = realm.ticket(TWO, TWO_PASSWORD, cache)
    hosts = {"named": node(lab, kinit_cmd="/nowhere") | {"ansible_user": TWO}, "nameless": node(lab)}
    del hosts["nameless"]["ansible_user"]
    seen = play(hosts, {"name": "told", "raw": "echo there-{{ inventory_hostname }}"}, **environment)
    assert {host: result.get("rc") for host, result in seen["told"].items()} == {"named": 0, "nameless": 0}, seen
    assert [users(lab, f"there-{host}") for host in hosts] == [[r"LAB\second"], [r"LAB\second"]]
    assert cache.exists()
    assert not list(temporary.glob("mailops-krb5-*"))


def test_one_s_own_ticket_goes_before_one_that_is_there(lab: Lab, realm: Realm, play: Play, tmp_path: Path) -> None:
    """With a password it is that user who logs in, whosever ticket is there."""
    environment = realm.ticket(TWO, TWO_PASSWORD, tmp_path / "mine")
    play({"one": node(lab, **own())}, {"name": "told", "raw": "echo mine-first"}, **environment)
    assert users(lab, "mine-first") == [r"LAB\upgrade"]


def test_delegation_is_what_the_second_hop_needs(lab: Lab, play: Play) -> None:
    """The share of another node opens with a forwarded ticket only."""
    hosts = {"stays": node(lab, **own()), "goes": node(lab, **own(), kerberos_delegation=True)}
    seen = play(hosts, {"name": "hop", "raw": r"dir \\NODEB\C$", "failed_when": False})["hop"]
    assert "denied" in seen["stays"]["stdout"] + seen["stays"]["stderr"], seen
    assert "denied" not in seen["goes"]["stdout"] + seen["goes"]["stderr"], seen


def test_kinit_arguments(lab: Lab, play: Play, tmp_path: Path) -> None:
    """They stand before the principal, and in place of the flag for delegation."""
    kinit, notes = recording_kinit(tmp_path)
    options: dict[str, Any] = {"kinit_cmd": str(kinit), "kinit_args": "-l 5m -f", "kerberos_delegation": True}
    seen = play({"one": node(lab, **own(), **options)}, {"name": "told", "raw": "ver"})
    assert seen["told"]["one"]["rc"] == 0, seen
    assert notes.read_text(encoding="utf-8").split(" ", 1)[1] == f"-l 5m -f {ONE}\n"


def test_logins_that_fail_say_so_in_one_line(
    lab: Lab, realm: Realm, play: Play, temporary: Path, tmp_path: Path
) -> None:
    """Wrong password, unknown user, no ticket, a node that the realm doesn't know: UNREACHABLE each time."""
    hosts = {
        "wrong": node(lab, **own(ansible_password="not the password")),
        "unknown": node(lab, **own()) | {"ansible_user": f"nobody@{REALM}"},
        "missing": node(lab),
        "foreign": node(lab, **own(), kerberos_hostname_override="nodec.lab.example"),
        "fine": node(lab, **own()),
    }
    before = lab.truth()["commands"]
    seen = play(hosts, {"name": "told", "raw": "ver"})["told"]
    assert seen["fine"]["rc"] == 0
    words = {
        "wrong": "no Kerberos ticket for upgrade@LAB.EXAMPLE: kinit ended with exit code 1: kinit: Password incorrect",
        "unknown": "no Kerberos ticket for nobody@LAB.EXAMPLE: kinit ended with exit code 1: kinit: Client",
        "missing": "no Kerberos login: Can't find client principal upgrade@LAB.EXAMPLE in cache collection. Get a",
        "foreign": "HTTP/nodec.lab.example@LAB.EXAMPLE not found in Kerberos database. The name of the node in",
    }
    for host, text in words.items():
        assert seen[host].get("unreachable"), (host, seen[host])
        assert text in seen[host]["msg"], (host, seen[host])
        assert "\n" not in seen[host]["msg"]
        assert "not the password" not in json.dumps(seen[host])
    assert len(lab.truth()["commands"]) == len(before) + 1
    assert not list(temporary.glob("mailops-krb5-*"))


def test_an_expired_ticket(lab: Lab, realm: Realm, play: Play, tmp_path: Path) -> None:
    """It is said that it has expired."""
    environment = realm.ticket(ONE, ONE_PASSWORD, tmp_path / "short", "-l", "1s")
    time.sleep(1.1)
    seen = play({"one": node(lab)}, {"name": "told", "raw": "ver"}, **environment)["told"]["one"]
    assert seen.get("unreachable"), seen
    assert "expired" in seen["msg"], seen
    assert "\n" not in seen["msg"]
