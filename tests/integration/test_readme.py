# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fenced blocks of README.md and docs/, run as they stand and judged by the lab's truth.

A YAML block whose first line is a comment with a file name is written to that file; one without is a set of group
variables. Every line of a console block is run, in order. What can't be run here has a comment that says why.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration import examples
from ansible_collections.mailops.exchange2007.tests.integration.conftest import Play, playbook_environment
from ansible_collections.mailops.exchange2007.tests.integration.examples import Block
from ansible_collections.mailops.exchange2007.tests.integration.modules.conftest import acts as lasting
from ansible_collections.mailops.exchange2007.tests.integration.truths import PASSWORD, acts, setups

BLOCKS = tuple(examples.blocks())
README = tuple(block for block in BLOCKS if block.page == "README.md")
VARIABLES = tuple(block for block in BLOCKS if block.page != "README.md" and block.language == "yaml")
FILE = re.compile(r"# (\S+\.yml)$")
LIMIT = 900  # seconds for one command line
HOSTS = ("mbx1a", "mbx1b")
QUICK = {"upgrade_poll": 0.1, "upgrade_copy_interval": 0.05}


@pytest.fixture(scope="module")
def lab(start_lab: Callable[..., Lab]) -> Lab:
    """The company's clusters."""
    return start_lab("examples")


@pytest.fixture(scope="module")
def reached(lab: Lab) -> dict[str, dict[str, Any]]:
    """Where the lab's nodes listen."""
    groups = yaml.safe_load(lab.inventory.read_text("utf-8"))
    return {name: groups["exchange_nodes"]["hosts"][name] for name in HOSTS}


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line as somebody types it, who has .venv on PATH and whose lab is fast."""
    environment = playbook_environment(folder / "results.jsonl") | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ARGS": "--speed=600",
    }
    if (folder / ".vault-password").exists():
        environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(folder / ".vault-password")
    command = ["/bin/sh", "-c", line]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def succeed(line: str, folder: Path) -> str:
    """Its standard output; it must end well."""
    done = shell(line, folder)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The checkout in links, so that what make writes stays out of the real one."""
    folder = tmp_path_factory.mktemp("checkout")
    for entry in ("Makefile", "playbooks", "plugins", "requirements", "roles", "tools", ".venv"):
        if (examples.ROOT / entry).exists():
            (folder / entry).symlink_to(examples.ROOT / entry)
    yield folder
    shell('make lab ARGS="down --inventory lab.yml"', folder)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, reached: dict[str, dict[str, Any]]) -> Path:
    """A folder with the files of the README, the vault, and the addresses of the lab's nodes."""
    folder = tmp_path_factory.mktemp("desk")
    write_files(folder)
    (folder / "host_vars").mkdir()
    for name, address in reached.items():
        (folder / "host_vars" / f"{name}.yml").write_text(yaml.safe_dump(address | QUICK), encoding="utf-8")
    (folder / ".vault-password").write_text("only for this test\n", encoding="utf-8")
    vault = folder / "group_vars" / "exchange_nodes" / "vault.yml"
    vault.write_text(yaml.safe_dump({"vault_upgrade_password": PASSWORD}), encoding="utf-8")
    succeed(f"ansible-vault encrypt {vault}", folder)
    assert PASSWORD not in vault.read_text("utf-8")
    return folder


def write_files(folder: Path) -> None:
    """The YAML blocks of the README, each to the file that it names."""
    for block in README:
        if block.language == "yaml":
            named = FILE.match(block.text.splitlines()[0])
            assert named, f"{block}: the first line is to name a file"
            path = folder / named[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def test_every_block_is_run_or_says_why_not() -> None:
    """YAML and console blocks only; the reasons not to run one are these."""
    assert {block.language for block in BLOCKS} == {"yaml", "console"}
    assert {block.why for block in BLOCKS} == {
        "",
        "it asks for a password",
        "it needs a KDC, and make kerberos has one",
        "it needs ansible-runner",
        "it runs the tests",
    }


def seen_by(lab: Lab) -> tuple[int, dict[str, str]]:
    """How often something was changed from outside, and the release of each of the README's nodes."""
    truth = lab.truth()
    return len(lasting(lab)), {name: truth["hosts"][name.upper()]["exchange"]["release"] for name in HOSTS}


def test_readme(desk: Path, checkout: Path, lab: Lab) -> None:
    """Every command of the README ends well, in its order, and does to the lab's clusters what the README says."""
    lines = [line for block in README if block.language == "console" and not block.why for line in block_lines(block)]
    for line in lines:
        before = seen_by(lab)
        output = succeed(line, checkout if line.startswith("make ") or "lab.yml" in line else desk)
        after = seen_by(lab)
        if line == "ansible-playbook -i inventory.yml mailops.exchange2007.upgrade":
            assert upgraded(lab, desk) == []
        else:
            assert after == before, line
        if "management_tools" in line:
            assert "may manage MAIL1 (SP2 on Windows Server 2008) [T2]" in output
        if line == "make rehearse":
            assert list((checkout / "reports").glob("CLUS1-*.html")), output
        if line.startswith("ansible-playbook -i inventory.yml mailops.exchange2007.plan"):
            assert "MBX1B: Setup /mode:upgrade" in output
            checked = succeed("ansible-playbook -i inventory.yml mailops.exchange2007.upgrade --check", desk)
            assert "MBX1B: Setup /mode:upgrade" in checked
            assert seen_by(lab) == before
    assert "ansible-playbook -i inventory.yml mailops.exchange2007.upgrade" in lines


def block_lines(block: Block) -> list[str]:
    """The commands of a console block, which has at least one."""
    lines = examples.commands(block)
    assert lines, str(block)
    return lines


def upgraded(lab: Lab, desk: Path) -> list[str]:
    """What is missing after the README's upgrade."""
    truth = lab.truth()
    server = truth["clusters"]["EXCLUS1"]["cms"]["MAIL1"]
    missing = [str(broken) for broken in truth["violations"]]
    missing += [name for name, release in seen_by(lab)[1].items() if release != "sp2"]
    missing += [] if (server["release"], server["state"]) == ("sp2", "online") else [f"MAIL1: {server}"]
    missing += [] if [host for host, _mode in setups(truth)] == ["MBX1B", "MBX1B", "MBX1A"] else [str(setups(truth))]
    missing += [] if any("sc stop" in line and "Spooler" in line for line in acts(truth)) else ["tasks/quiet.yml"]
    return missing + ([] if list((desk / "reports").glob("EXCLUS1-*.html")) else ["the report"])


BASE = """\
ansible_connection: mailops.exchange2007.winrs
ansible_user: CONTOSO\\exchange-upgrade
"""


@pytest.mark.parametrize("block", [block for block in VARIABLES if not block.why], ids=str)
def test_variables_of_the_connection(
    block: Block, lab: Lab, reached: dict[str, dict[str, Any]], playbook: Play, tmp_path: Path
) -> None:
    """Group variables of docs/connection.md; only the node's port is another one, and a host that answers did so."""
    variables = yaml.safe_load(block.text)
    assert block.page == "connection.md"
    group = tmp_path / "group_vars"
    group.mkdir()
    (group / "all.yml").write_text(BASE, encoding="utf-8")
    (group / "exchange_nodes.yml").write_text(block.text, encoding="utf-8")
    secure = variables.get("ansible_winrs_scheme") == "https"
    port = reached["mbx1a"]["lab_https_port" if secure else "ansible_port"]
    inventory = {"exchange_nodes": {"hosts": {"mbx1a": {"ansible_host": "127.0.0.1", "ansible_port": port}}}}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    certificates(lab, tmp_path / "pki")
    play = {"hosts": "exchange_nodes", "gather_facts": False, "tasks": [{"mailops.exchange2007.node_wait": {}}]}
    secret = {} if "ansible_password" in variables else {"ansible_password": PASSWORD}
    run = playbook(Lab(tmp_path / "inventory.yml"), [play], vault_upgrade_password=PASSWORD, **secret)
    assert run.code == 0, run.output


def certificates(lab: Lab, folder: Path) -> None:
    """The lab's authority and the account's certificate, under the names of the documentation."""
    groups = yaml.safe_load(lab.inventory.read_text("utf-8"))
    source = Path(groups["exchange_nodes"]["vars"]["lab_certificates"])
    folder.mkdir()
    for old, new in (("ca.pem", "contoso-ca.pem"), ("exchange-upgrade.pem",) * 2, ("exchange-upgrade.key",) * 2):
        (folder / new).symlink_to(source / old)
