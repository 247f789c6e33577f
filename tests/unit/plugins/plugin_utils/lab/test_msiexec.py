# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows Installer, and the computers that clusters are managed from (exchange.md 8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.installer import (
    PACKAGES,
    POLICY,
    UNINSTALL,
    UNINSTALL_32,
)
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.inventory import Ports, inventory
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.plans import Account
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.section import TopologyError
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Power
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    BATCH,
    NETWORK,
    USER,
    Lab,
    shipped,
)

PACK = r"C:\Install\adminpak.msi"
QUIET = "/qn /norestart"
NAME = "Windows Server 2003 Service Pack 2 Administration Tools Pack"


def computers(**top: Any) -> Lab:
    return shipped("admin-computers", **top)


def installed(it: Lab, host: str) -> list[str]:
    return it.host(host).installer.names()


@pytest.mark.parametrize(
    ("host", "line", "code"),
    [
        ("ADMINXP", f"msiexec /i {PACK} {QUIET}", 0),
        ("ADMINXP", f"msiexec.exe -I {PACK} -QN REBOOT=ReallySuppress", 0),
        ("ADMINXP", f'msiexec /package "{PACK}" /quiet /norestart /l*v C:\\Temp\\a.log', 0),
        ("ADMIN2003", f"msiexec /i C:\\WINDOWS\\system32\\Adminpak.msi {QUIET}", 0),
        ("ADMIN2003-SP2", f"msiexec /i C:\\WINDOWS\\system32\\adminpak.msi {QUIET}", 0),
        ("ADMINXP", f"msiexec /i C:\\Install\\nosuch.msi {QUIET}", 1619),
        ("ADMINXP", f"msiexec /i \\\\FILES\\share\\adminpak.msi {QUIET}", 1619),
        ("ADMINXP", f"msiexec /i C:\\WINDOWS\\system32\\cmd.exe {QUIET}", 1620),
        ("ADMINXP", f"msiexec /i C:\\Install\\adminpak-x64.msi {QUIET}", 1633),
        ("ADMINXP-RTM", f"msiexec /x {PACKAGES['adminpak'].product} {QUIET}", 0),
        ("ADMINXP", f"msiexec /x {PACKAGES['adminpak'].product} {QUIET}", 1605),
        ("ADMINXP", f"msiexec /x {PACK} {QUIET}", 1605),
        ("ADMINVISTA", f"msiexec /i {PACK} {QUIET}", 1603),
        ("ADMIN2008", f"msiexec /i {PACK} {QUIET}", 1603),
        ("ADMINXP", f"msiexec {PACK} {QUIET}", 1639),
        ("ADMINXP", f"msiexec /i {PACK} /nonsense {QUIET}", 1639),
        ("ADMINXP", "msiexec", 1639),
    ],
)
def test_exit_codes(host: str, line: str, code: int) -> None:
    it = computers()
    before = installed(it, host)
    done = it.run(host, line, NETWORK)
    assert (done.rc, done.out, done.err) == (code, "", "")
    removed = "/x" in line and code == 0
    assert installed(it, host) == ([] if removed else before if code or before else [NAME])


def test_what_an_installation_leaves() -> None:
    it = computers()
    host = it.host("ADMINXP")
    assert it.run("ADMINXP", "cluster /cluster:OLD2003 node").rc != 0  # there is no cluster.exe
    it.run("ADMINXP", f"msiexec /i {PACK} {QUIET} /l*v C:\\Temp\\a.log")
    assert it.happened("product") == ["installed"]
    key = f"{UNINSTALL}\\{PACKAGES['adminpak'].product}"
    assert host.registry.get(key, "DisplayName") == NAME
    assert host.registry.get(key, "DisplayVersion") == "5.2.3790.3959"
    assert "returning 0" in host.files.read(r"C:\Temp\a.log").decode("utf-16")
    assert it.run("ADMINXP", "cluster /cluster:OLD2003 node").rc == 0


@pytest.mark.parametrize(
    ("host", "package", "apart"),
    [("ADMINXP", "adminpak", False), ("ADMIN2003", "adminpak", True), ("ADMIN2003", "adminpak-x64", False)],
)
def test_where_the_key_of_a_product_is(host: str, package: str, apart: bool) -> None:
    it = computers()
    installer, registry = it.host(host).installer, it.host(host).registry
    installer.install(PACKAGES[package], None)
    keys = [f"{root}\\{PACKAGES[package].product}" for root in (UNINSTALL, UNINSTALL_32)]
    assert [registry.get(key, "DisplayName") == NAME for key in keys] == [not apart, apart]
    installer.remove(PACKAGES[package], None)
    assert [registry.get(key, "DisplayName") for key in keys] == [None, None]


@pytest.mark.parametrize(
    ("host", "kind"),
    [("ADMINXP", "WinNT"), ("ADMINVISTA", "WinNT"), ("ADMIN2003", "ServerNT"), ("ADMIN2008", "ServerNT")],
)
def test_what_is_there_before_any_product(host: str, kind: str) -> None:
    registry = computers().host(host).registry
    assert registry.get(r"HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions", "ProductType") == kind
    assert registry.get(f"{UNINSTALL}\\Connection Manager", "SystemComponent") == 1


def test_another_version_is_there() -> None:
    it = computers()
    it.run("ADMINXP", f"msiexec /i {PACK} {QUIET}")
    assert it.run("ADMINXP", f"msiexec /i C:\\Install\\adminpak-rtm.msi {QUIET}").rc == 1638
    assert it.run("ADMINXP", f"msiexec /i {PACK} {QUIET}").rc == 0


@pytest.mark.parametrize(
    ("switches", "code", "boots"),
    [("/qn /norestart", 3010, 0), ("/qn", 1641, 1), ("/qn REBOOT=R", 3010, 0), ("/qn /forcerestart", 1641, 1)],
)
def test_files_in_use(switches: str, code: int, boots: int) -> None:
    it = computers()
    it.world.faults.inject("msi_in_use", {"host": "ADMINXP"})
    done = it.run("ADMINXP", f"msiexec /i {PACK} {switches}")
    it.wait(600)
    assert done.rc in (code, None if boots else code)  # the restart may be quicker than the answer
    assert (it.host("ADMINXP").boots, it.host("ADMINXP").power) == (boots, Power.ON)
    assert bool(it.world.physics.pending_restart(it.host("ADMINXP"))) is not bool(boots)


def test_another_installation_is_in_progress() -> None:
    it = computers()
    it.world.faults.inject("msi_busy", {"host": "ADMINXP", "seconds": "100"})
    assert it.run("ADMINXP", f"msiexec /i {PACK} {QUIET}").rc == 1618
    it.wait(100)
    first = it.start("ADMINXP", f"msiexec /i {PACK} {QUIET}")
    it.wait(5)
    assert it.run("ADMINXP", f"msiexec /i {PACK} {QUIET}").rc == 1618
    assert it.end(first).rc == 0


@pytest.mark.parametrize(("what", "code"), [("policy", 1625), ("user", 1625), ("unelevated", 1625), ("disk", 1603)])
def test_what_forbids_it(what: str, code: int) -> None:
    it = computers()
    host = it.host("ADMINXP")
    logon = BATCH
    if what == "policy":
        host.registry.set(POLICY, "DisableMSI", 2)
    elif what == "user":
        host.standard_users.add("upgrade")
    elif what == "unelevated":
        logon = Logon(USER, "batch", elevated=False)
    else:
        host.files.free_bytes = 1000
    assert it.run("ADMINXP", f"msiexec /i {PACK} {QUIET}", logon).rc == code
    assert installed(it, "ADMINXP") == []


def test_a_window_waits_for_ever() -> None:
    it = computers()
    proc = it.start("ADMINXP", f"msiexec /i {PACK}", NETWORK)
    assert it.end(proc, 7200).rc is None
    assert installed(it, "ADMINXP") == []
    proc.kill()
    it.wait(10)
    assert it.run("ADMINXP", f"msiexec /i {PACK} {QUIET}").rc == 0  # the one that waited is in nobody's way


# ---- the computers


@pytest.mark.parametrize(
    ("host", "line", "works"),
    [
        ("ADMINXP-RTM", "cluster /cluster:OLD2003 node", True),
        ("ADMINXP-RTM", "cluster /cluster:NEW2008 node", False),
        ("ADMIN2008-RSAT", "cluster /cluster:NEW2008 node", True),
        ("ADMIN2008-RSAT", "cluster /cluster:OLD2003 node", False),
        ("ADMIN2008", "cluster /cluster:NEW2008 node", False),
        ("ADMINVISTA", "cluster /cluster:NEW2008 node", False),
    ],
)
def test_which_cluster_tools_reach_which_cluster(host: str, line: str, works: bool) -> None:
    assert (computers().run(host, line).rc == 0) is works


def test_rsat_comes_with_server_manager() -> None:
    it = computers()
    assert it.run("ADMIN2008", "ServerManagerCmd -I RSAT-Clustering").rc == 0
    assert it.run("ADMIN2008", "cluster /cluster:NEW2008 node").rc == 0
    assert it.run("ADMINVISTA", "ServerManagerCmd -I RSAT-Clustering").rc != 0


def test_they_are_in_groups_of_the_inventory() -> None:
    world = computers().world
    data = inventory(world, {host.name: Ports(1) for host in world.hosts.values()}, Account(USER, "x"), None)
    admins = data["exchange_admin_computers"]["hosts"]
    assert sorted(admins) == sorted(data["exchange_computers"]["hosts"])
    assert "adminvista" in admins
    assert "old-n1" not in admins


def test_tools_are_no_server() -> None:
    it = computers()
    host = it.host("ADMIN2003")
    assert host.bits
    assert (host.bits.roles, host.bits.version[:2]) == (("AdminTools",), (8, 0))
    assert it.host("ADMINXP").bits is None


@pytest.mark.parametrize(
    ("computer", "words"),
    [
        ({"packages": {"C:\\a.msi": "nope"}}, "use one of adminpak"),
        ({"installed": ["nope"]}, "use one of adminpak"),
        ({"installed": ["adminpak"], "windows": {"family": "vista"}}, "does not install on Windows vista"),
        ({"tools": "rtm", "windows": {"family": "vista"}}, "RTM does not run there"),
        ({"tools": "sp9"}, "use one of rtm"),
    ],
)
def test_topologies_that_cannot_be(computer: dict[str, Any], words: str) -> None:
    with pytest.raises(TopologyError, match=words):
        computers(computers=[{"name": "PC1", **computer}])


def test_the_inventory_is_written_beside_certificates(tmp_path: Path) -> None:
    world = computers().world
    data = inventory(world, {host.name: Ports(1, 2) for host in world.hosts.values()}, Account(USER, "x"), tmp_path)
    assert data["exchange_computers"]["hosts"]["adminxp"]["lab_https_port"] == 2
