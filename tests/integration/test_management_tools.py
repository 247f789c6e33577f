# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook management_tools: computers of every Windows beside a cluster of each, judged by the lab's truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.conftest import (
    Play,
    Run,
    Running,
    playbook_command,
    running,
)
from ansible_collections.mailops.exchange2007.tests.integration.modules.conftest import acts
from ansible_collections.mailops.exchange2007.tests.integration.truths import (
    Truth,
    ask,
    console_code,
    eventually,
)

PLAYBOOK = "mailops.exchange2007.management_tools"
PACK = "Windows Server 2003 Service Pack 2 Administration Tools Pack"
QUICK = {"management_tools_poll": 0.1}
EVERYWHERE = pytest.mark.parametrize("lab", ["admin-computers"], indirect=True)
INSTALL = "mailops.exchange2007.management_tools : Install the Administration Tools Pack"
# The pack lies elsewhere on XP, where Windows has none of its own.
PLAYS: list[dict[str, Any]] = [
    {
        "hosts": "adminxp",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.set_fact": {"management_tools_adminpak": r"C:\Install\adminpak.msi"}}],
    },
    {"ansible.builtin.import_playbook": PLAYBOOK},
]


def tools(truth: Truth) -> dict[str, bool]:
    """Which computers have the cluster tools that are for them."""
    hosts = {name: host for name, host in truth["hosts"].items() if name.startswith("ADMIN")}
    return {name: PACK in host["products"] or "RSAT-Clustering" in host["features"] for name, host in hosts.items()}


def quiet(truth: Truth) -> None:
    """Nothing happened to the clusters; no task with a password and no process is left anywhere."""
    assert truth["violations"] == []
    assert not any(outage["open"] or outage["total_seconds"] for outage in truth["outages"].values())
    assert [name for name, host in truth["hosts"].items() if host["tasks"] or host["boots"]] == []


def report(run: Run, host: str) -> str:
    """What the last play says of a computer."""
    return "\n".join(run.results["Say it of every computer"][host]["msg"])


@EVERYWHERE
def test_every_computer(lab: Lab, playbook: Play) -> None:
    """Where the matrix allows it they get the tools, once; Vista is refused untouched; each is told what it may."""
    told = playbook(lab, PLAYS, "--check", **QUICK)
    assert acts(lab) == []
    assert "the cluster tools would be installed" in report(told, "adminxp")
    run = playbook(lab, PLAYS, **QUICK)
    truth = lab.truth()
    assert run.code == told.code == 2, run.output
    assert tools(truth) == dict.fromkeys(tools(truth), True) | {"ADMINVISTA": False}
    acted = acts(lab)
    assert [line for line in acted if line.startswith("ADMINVISTA")] == []
    assert "Refused (T3)" in report(run, "adminvista")
    assert "may manage MAIL-OLD (RTM on Windows Server 2003) [T1]" in report(run, "adminxp-rtm")
    assert "may manage MAIL-NEW (SP2 on Windows Server 2008) [T2]" in report(run, "admin2008")
    assert "may not manage MAIL-NEW (SP2 on Windows Server 2008) [T4]" in report(run, "admin2003")
    assert "the cluster tools were installed" in report(run, "admin2003")
    assert "the cluster tools were there" in report(run, "admin2003-sp2")
    again = playbook(lab, PLAYS, **QUICK)
    assert (again.changed, acts(lab)) == ([], acted)
    quiet(lab.truth())


@EVERYWHERE
def test_the_tools_do_what_the_report_says(lab: Lab, playbook: Play) -> None:
    """The Cluster service is administered from the same Windows, and not from another one."""
    assert console_code(lab, "ADMINXP", "cluster /cluster:OLD2003 node") != 0
    run = playbook(lab, PLAYS, "--limit=exchange_nodes,adminxp,admin2008", **QUICK)
    assert run.code == 0, run.output
    reached = {
        (host, cluster): console_code(lab, host, f"cluster /cluster:{cluster} node") == 0
        for host in ("ADMINXP", "ADMIN2008")
        for cluster in ("OLD2003", "NEW2008")
    }
    assert reached == {
        ("ADMINXP", "OLD2003"): True,
        ("ADMINXP", "NEW2008"): False,
        ("ADMIN2008", "OLD2003"): False,
        ("ADMIN2008", "NEW2008"): True,
    }


@pytest.fixture(scope="module")
def untouched(start_lab: Callable[..., Lab]) -> Lab:
    """One lab for all refusals."""
    return start_lab("admin-computers")


@pytest.mark.parametrize(
    ("host", "wanted", "words"),
    [
        ("admin2003", [{"name": "mail-old"}, {"name": "MAIL-NEW"}], ("Refused (T4)", "MAIL-NEW", "Remote Desktop")),
        ("admin2008", [{"name": "MAIL-OLD"}], ("Refused (T4)", "MAIL-OLD", "Windows Server 2003")),
        ("admin2003", [{"name": "X", "release": "sp2", "os_family": "2003"}], ("Refused (T2)", "RTM tools")),
        ("admin2003", [{"name": "MAIL-OTHER"}], ("Refused (unknown)", "MAIL-OTHER", "was not read")),
        ("admin2003", [{"name": "X", "release": "sp4"}], ("value of release must be one of", "sp4")),
    ],
)
def test_refused(
    untouched: Lab, playbook: Play, host: str, wanted: list[dict[str, str]], words: tuple[str, ...]
) -> None:
    """What somebody names has to be possible, all of it; nothing is touched."""
    run = playbook(untouched, PLAYS, f"--limit=exchange_nodes,{host}", management_tools_clusters=wanted, **QUICK)
    assert run.code == 2, run.output
    assert [word for word in words if word not in report(run, host)] == [], report(run, host)
    assert acts(untouched) == []


@EVERYWHERE
def test_without_the_nodes(lab: Lab, playbook: Play) -> None:
    """Nobody knows what is to be managed: refused. Named in full, no node is needed."""
    run = playbook(lab, PLAYS, "--limit=admin2008", **QUICK)
    assert run.code == 2
    assert "Give management_tools_clusters, or run with the nodes" in report(run, "admin2008")
    assert acts(lab) == []
    named = [{"name": "MAIL-NEW", "release": "sp2", "os_family": "2008"}]
    assert playbook(lab, PLAYS, "--limit=admin2008", management_tools_clusters=named, **QUICK).code == 0
    assert tools(lab.truth())["ADMIN2008"]


@EVERYWHERE
def test_a_package_that_is_not_there(lab: Lab, playbook: Play) -> None:
    """It is said where it was looked for."""
    run = playbook(lab, PLAYBOOK, "--limit=old-n1,old-n2,adminxp,admin2003", **QUICK)
    assert run.code == 2
    assert r"There is no C:\WINDOWS\system32\adminpak.msi there" in report(run, "adminxp")
    assert tools(lab.truth()) | {"ADMIN2003": True, "ADMINXP": False} == tools(lab.truth())


@EVERYWHERE
@pytest.mark.parametrize("restart", [False, True])
def test_a_restart(lab: Lab, playbook: Play, restart: bool) -> None:
    """Reported, or done where somebody wants it; the clusters' nodes are left alone."""
    ask(lab, "inject", fault="msi_in_use", fields={"host": "ADMIN2003"})
    limit = "--limit=old-n1,old-n2,admin2003"
    run = playbook(lab, PLAYS, limit, management_tools_restart=restart, **QUICK)
    assert run.code == 0, run.output
    hosts = lab.truth()["hosts"]
    assert {name: host["boots"] for name, host in hosts.items() if host["boots"]} == (
        {"ADMIN2003": 1} if restart else {}
    )
    assert bool(hosts["ADMIN2003"]["pending_restart"]) is not restart
    assert ("the computer was restarted" if restart else "a RESTART IS NEEDED") in report(run, "admin2003")
    again = playbook(lab, PLAYS, limit, management_tools_restart=True, **QUICK)
    assert (again.code, bool(again.changed)) == (0, not restart), again.output
    assert lab.truth()["hosts"]["ADMIN2003"]["boots"] == 1
    assert playbook(lab, PLAYS, limit, management_tools_restart=True, **QUICK).changed == []


@EVERYWHERE
def test_another_installation(lab: Lab, playbook: Play) -> None:
    """1618 is waited for up to its limit; then it is said, and the others have their tools."""
    ask(lab, "inject", fault="msi_busy", fields={"host": "ADMINXP", "seconds": "100000000"})
    limit = "--limit=old-n1,old-n2,adminxp,admin2003"
    run = playbook(lab, PLAYS, limit, management_tools_busy_timeout=1, **QUICK)
    assert run.code == 2
    assert "1618 ERROR_INSTALL_ALREADY_RUNNING" in report(run, "adminxp")
    assert tools(lab.truth())["ADMIN2003"]
    ask(lab, "inject", fault="msi_busy", fields={"host": "ADMINXP", "seconds": "0"})
    assert playbook(lab, PLAYS, limit, **QUICK).code == 0
    assert tools(lab.truth())["ADMINXP"]
    quiet(lab.truth())


@EVERYWHERE
def test_the_controller_dies(lab: Lab, playbook: Play, tmp_path: Path) -> None:
    """msiexec goes on; the second run joins it, and it ran once."""
    ask(lab, "inject", fault="hang", fields={"host": "ADMINXP", "program": "msiexec", "when": "before", "count": "1"})
    options = ("--limit=old-n1,old-n2,adminxp",)
    first = Running(tmp_path, playbook_command(tmp_path, lab, PLAYS, options, QUICK))
    try:
        eventually(lab, lambda truth: msiexecs(truth) == [None], "msiexec runs")
    finally:
        first.kill()
    assert lab.truth()["hosts"]["ADMINXP"]["tasks"]
    # The second one finds it running, and gives up first: it is told that running again joins it.
    second = playbook(lab, PLAYS, *options, management_tools_timeout=0, **QUICK)
    assert "msiexec still runs" in report(second, "adminxp")
    assert msiexecs(lab.truth()) == [None]
    console_code(lab, "ADMINXP", "taskkill /f /im msiexec.exe")
    third = playbook(lab, PLAYS, *options, **QUICK)
    fourth = third if third.code == 0 else playbook(lab, PLAYS, *options, **QUICK)
    assert fourth.code == 0, fourth.output
    assert tools(lab.truth())["ADMINXP"]
    quiet(lab.truth())


def msiexecs(truth: Truth) -> list[int | None]:
    """The exit codes of every msiexec; None for one that runs."""
    return [command["rc"] for command in truth["commands"] if command["line"].startswith("msiexec.exe /i")]


@EVERYWHERE
def test_the_nodes_themselves(lab: Lab, playbook: Play) -> None:
    """A node manages its own cluster, and gets its tools without anybody losing mail."""
    run = playbook(lab, PLAYBOOK, management_tools_hosts="exchange_nodes", **QUICK)
    assert run.code == 0, run.output
    hosts = lab.truth()["hosts"]
    assert [name for name in ("OLD-N1", "OLD-N2") if hosts[name]["products"] != [PACK]] == []
    assert [name for name in ("NEW-N1", "NEW-N2") if "RSAT-Clustering" not in hosts[name]["features"]] == []
    assert "may manage MAIL-OLD" in report(run, "old-n2")
    assert "may manage MAIL-NEW" in report(run, "new-n2")
    quiet(lab.truth())


def test_another_language(tmp_path: Path, playbook: Play) -> None:
    """No word of Windows plays a part."""
    with running("admin-computers", tmp_path / "inventory.yml", language="foreign") as lab:
        run = playbook(lab, PLAYS, "--limit=old-n1,new-n1,adminxp,admin2008,adminvista", **QUICK)
        found = tools(lab.truth())
        assert (found["ADMINXP"], found["ADMIN2008"], found["ADMINVISTA"]) == (True, True, False), run.output
        assert "Refused (T3)" in report(run, "adminvista")
        quiet(lab.truth())
