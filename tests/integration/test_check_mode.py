# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode: plans and commands are told, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import acts

Play = Callable[..., Any]
PROOF = ["{{ mate.proof }}"]
MEDIA = {"media": r"D:\media\sp2", "release": "sp2"}


@pytest.mark.parametrize("options", [("--check",), ("--check", "--diff")], ids=" ".join)
def test_the_playbook_plans_and_does_nothing(untouched_lab: Lab, upgrade: Play, options: tuple[str, ...]) -> None:
    """Every step of both nodes, and the point of no return."""
    run = upgrade(untouched_lab, *options)
    assert run.code == 0, run.output
    assert run.changed == []
    plan = "\n".join(run.results["Show the plan"]["nodea"]["msg"])
    steps = [
        "NODEB: move group 'Print & Fax (HQ)' to NODEA",
        "NODEB: Setup /mode:upgrade from 8.0.685.25 to SP2",
        "NODEB: restart",
        "point of no return",
        "OUTAGE of CMS1",
        "NODEA: Setup /mode:upgrade from 8.0.685.25 to SP2",
        "NODEA: restart",
    ]
    places = [plan.find(step) for step in steps]
    assert -1 not in places, plan
    assert places == sorted(places), plan
    truth = untouched_lab.truth()
    assert truth["mutating_commands"] == 0
    assert acts(truth) == []


MODULES: dict[str, tuple[str, str, dict[str, Any], str]] = {  # id: node, module, arguments, a command that it would run
    "group move": ("nodea", "cluster_group", {"name": "Print & Fax (HQ)", "owner": "NODEA"}, "/move:NODEA"),
    "group offline": ("nodea", "cluster_group", {"name": "Print & Fax (HQ)", "state": "offline"}, "/offline"),
    "node pause": ("nodea", "cluster_node", {"name": "NODEB", "state": "paused"}, "/pause"),
    "service stop": ("nodea", "node_service", {"name": "Spooler", "state": "stopped"}, "sc stop"),
    "service restart": ("nodea", "node_service", {"name": "Spooler", "state": "restarted"}, "sc start"),
    "mailbox server stop": (
        "nodea",
        "clustered_mailbox_server",
        {"name": "CMS1", "state": "stopped"},
        "Stop-Clustered",
    ),
}


def test_modules_tell_what_they_would_do(untouched_lab: Lab, playbook: Play) -> None:
    """changed, the command, and not one change in the lab."""
    tasks: list[dict[str, Any]] = [
        {"name": name, f"mailops.exchange2007.{module}": arguments, "delegate_to": node, "diff": True}
        for name, (node, module, arguments, _command) in MODULES.items()
    ]
    run = playbook(untouched_lab, [{"hosts": "nodea", "gather_facts": False, "tasks": tasks}], "--check")
    assert run.code == 0, run.output
    told = {name: run.results[name]["nodea"] for name in MODULES}
    assert [name for name, result in told.items() if not result["changed"]] == []
    expected = {name: command for name, (_node, _module, _arguments, command) in MODULES.items()}
    assert [name for name in told if expected[name] not in " ".join(told[name]["commands"])] == [], told
    assert [name for name in told if told[name]["before"] == told[name]["after"]] == ["service restart"]
    assert [name for name in told if told[name]["diff"]["before"] == told[name]["diff"]["after"]] == ["service restart"]
    assert untouched_lab.truth()["mutating_commands"] == 0


def test_setup_handover_and_restart_tell_what_they_would_do(start_lab: Callable[..., Lab], playbook: Play) -> None:
    """The big acts, each on a cluster where nothing forbids it."""
    lab = start_lab("refusals")

    def task(host: str, module: str, **arguments: Any) -> list[dict[str, Any]]:
        mate = {"delegate_to": host[:-1] + ("1" if host.endswith("2") else "2"), "register": "mate"}
        return [
            {"mailops.exchange2007.exchange_info": {"mailbox_servers": False}, **mate},
            {"name": module, f"mailops.exchange2007.{module}": arguments, "delegate_to": host},
        ]

    tasks = task("old2", "exchange_setup", **MEDIA, nodes=PROOF)
    tasks += task("half2", "cms_handover", name="CMSHALF", **MEDIA, nodes=PROOF)
    tasks += task("new2", "node_reboot")
    run = playbook(lab, [{"hosts": "old1", "gather_facts": False, "tasks": tasks}], "--check", "--diff")
    assert run.code == 0, run.output
    expected = {"exchange_setup": "/mode:upgrade", "cms_handover": "/upgradecms", "node_reboot": "shutdown /r"}
    for module, command in expected.items():
        result = run.results[module]["old1"]
        assert result["changed"], result
        assert command in " ".join(result["commands"])
        assert result["diff"]["before"] != result["diff"]["after"]
    assert lab.truth()["mutating_commands"] == 0
