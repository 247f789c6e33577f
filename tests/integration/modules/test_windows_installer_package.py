# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""windows_installer_package: every exit code of msiexec.exe, other installations, and a connection that is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.modules.conftest import failed, left_behind
from ansible_collections.mailops.exchange2007.tests.integration.truths import SECRET, ask, console_code

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]
MODULE = "windows_installer_package"
PATH = r"C:\Install\adminpak.msi"
TOOLS = "Windows Server 2003 Service Pack 2 Administration Tools Pack"
OLD_CODE = "{EE9ED4C8-1B4D-4C3D-9A2A-0A43C1C2D2F0}"
CODE = "{5E076CF2-EFED-43A2-A623-13E0D62EC7E0}"
PACK: dict[str, Any] = {"path": PATH, "name": "*Administration Tools Pack", "poll": 0.1}
GONE: dict[str, Any] = {"state": "absent", "product_id": CODE, "poll": 0.1}
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\Installer"


@pytest.fixture(scope="module")
def computers(start_lab: Callable[..., Lab]) -> Lab:
    """Computers of every Windows."""
    return start_lab("admin-computers")


@pytest.fixture(autouse=True)
def without_the_tools(computers: Lab) -> Iterator[None]:
    """Every test finds ADMINXP without them, and without a job that another one left."""
    yield
    ask(computers, "inject", clear=True)
    console_code(computers, "ADMINXP", "taskkill /f /im msiexec.exe")
    for code in (CODE, OLD_CODE):
        console_code(computers, "ADMINXP", f"msiexec /x {code} /qn")
    assert products(computers) == []


def products(lab: Lab, host: str = "ADMINXP") -> list[str]:
    """What the lab says is installed."""
    return list(lab.truth()["hosts"][host]["products"])


def msiexecs(lab: Lab, host: str = "ADMINXP") -> list[int | None]:
    """The exit codes of every msiexec so far, in the order of their start."""
    return [
        command["rc"]
        for command in lab.truth()["commands"]
        if command["host"] == host and command["line"].startswith("msiexec.exe ") and command["logon"] != "interactive"
    ]


def clean(lab: Lab, host: str = "ADMINXP") -> None:
    """No task with a password, no folder, no process is left."""
    truth = lab.truth()["hosts"][host]
    assert (truth["tasks"], left_behind(lab, host)) == ([], [])


# --- done, and done already ------------------------------------------------------------------------------------------


def test_installing_and_removing(computers: Lab, module: Module) -> None:
    """Once each; the second call sees that it is done. The password is in no command that anybody logs."""
    result = module(computers, "adminxp", MODULE, **PACK)
    assert result["changed"], result
    assert products(computers) == [TOOLS]
    assert result["before"] == {"installed": False, "products": []}
    (product,) = result["after"]["products"]
    assert (product["name"], product["product_id"], product["version"]) == (TOOLS, CODE, "5.2.3790.3959")
    assert (result["rc"], result["joined"], result["restart_required"]) == (0, False, False)
    assert SECRET not in str(result)
    assert SECRET not in str([command["line"] for command in computers.truth()["commands"] if command["top"]])
    again = module(computers, "adminxp", MODULE, **PACK)
    assert (again["changed"], again["commands"], again["after"]) == (False, [], result["after"])
    gone = module(computers, "adminxp", MODULE, **GONE)
    assert (gone["changed"], gone["after"]["installed"], products(computers)) == (True, False, [])
    assert not module(computers, "adminxp", MODULE, **GONE)["changed"]
    clean(computers)


def test_a_32_bit_product_on_64_bit_windows(computers: Lab, module: Module) -> None:
    """Its key is apart, and it is seen there."""
    pack = PACK | {"path": r"C:\WINDOWS\system32\adminpak.msi"}
    assert module(computers, "admin2003", MODULE, **pack)["after"]["installed"]
    assert products(computers, "ADMIN2003") == [TOOLS]
    assert not module(computers, "admin2003", MODULE, **pack)["changed"]
    assert not module(computers, "admin2003-sp2", MODULE, **pack)["changed"]
    module(computers, "admin2003", MODULE, **GONE)
    assert products(computers, "ADMIN2003") == []


def test_check_mode_and_diff(computers: Lab, foretell: Module) -> None:
    """What would be done; a refusal comes in check mode, too."""
    told = foretell(
        computers,
        [
            ("install", "adminxp", MODULE, PACK),
            ("installed", "adminxp-rtm", MODULE, PACK),
            ("remove", "adminxp-rtm", MODULE, GONE),
            ("no file", "adminxp", MODULE, PACK | {"path": r"C:\Install\nosuch.msi"}),
        ],
    )
    assert told["install"]["changed"]
    assert [line.split(" /qn")[0] for line in told["install"]["commands"]] == [rf'msiexec.exe /i "{PATH}"']
    assert '"installed": true' in told["install"]["diff"]["after"]
    assert (told["installed"]["changed"], told["installed"]["commands"]) == (False, [])
    assert told["remove"]["commands"][0].startswith(f"msiexec.exe /x {CODE} /qn")
    assert r"There is no C:\Install\nosuch.msi" in told["no file"]["msg"]


# --- exit codes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "path", "rc", "words"),
    [
        ("adminxp", r"C:\Install\adminpak-x64.msi", 1633, ("ERROR_INSTALL_PLATFORM_UNSUPPORTED", "x86 or x64")),
        ("adminxp-rtm", r"C:\Install\other.msi", 1620, ("ERROR_INSTALL_PACKAGE_INVALID", "damaged")),
        ("adminvista", PATH, 1603, ("ERROR_INSTALL_FAILURE", "log_excerpt")),
        ("admin2008", PATH, 1603, ("ERROR_INSTALL_FAILURE", "log_excerpt")),
    ],
)
def test_packages_that_do_not_fit(
    computers: Lab, module: Module, host: str, path: str, rc: int, words: tuple[str, ...]
) -> None:
    """Code, name, meaning and what to do; the log's words as evidence; nothing is left."""
    if rc == 1620:
        console_code(computers, host.upper(), rf"md C:\Install & echo garbage>{path}")
    before = products(computers, host.upper())
    result = module(computers, host, MODULE, **PACK | {"path": path, "name": "Nobody has this"})
    failed(result, str(rc), *words)
    assert (result["rc"], result["changed"]) == (rc, False)
    assert str(rc) in result["log_excerpt"]
    assert products(computers, host.upper()) == before
    clean(computers, host.upper())


def test_another_version(computers: Lab, module: Module) -> None:
    """1638 says to remove the other one; then it goes on."""
    old = PACK | {"path": r"C:\Install\adminpak-rtm.msi", "name": "Windows Server 2003 Administration Tools Pack"}
    assert module(computers, "adminxp", MODULE, **old)["changed"]
    new = PACK | {"name": TOOLS}
    failed(module(computers, "adminxp", MODULE, **new), "1638 ERROR_PRODUCT_VERSION", "Remove the other version first")
    module(computers, "adminxp", MODULE, state="absent", name=old["name"], poll=0.1)
    assert module(computers, "adminxp", MODULE, **new)["changed"]


def test_forbidden_by_policy(computers: Lab, module: Module) -> None:
    """1625."""
    console_code(computers, "ADMINXP", f"reg add {POLICY} /v DisableMSI /t REG_DWORD /d 2 /f")
    result = module(computers, "adminxp", MODULE, **PACK)
    console_code(computers, "ADMINXP", f"reg delete {POLICY} /f")
    failed(result, "1625 ERROR_INSTALL_PACKAGE_REJECTED", "DisableMSI")
    assert products(computers) == []


@pytest.mark.parametrize(
    ("rc", "word"),
    [(1601, "Start it first"), (1619, "ERROR_INSTALL_PACKAGE_OPEN_FAILED"), (1639, "Report it"), (77, "no meaning")],
)
def test_codes_that_end_it(computers: Lab, module: Module, faulty: Faulty, rc: int, word: str) -> None:
    """Whatever it is, nothing was changed, and nothing is left."""
    with faulty(computers, "exit", program="msiexec", rc=str(rc)):
        result = module(computers, "adminxp", MODULE, **PACK)
    failed(result, str(rc), word)
    assert (result["rc"], result["changed"], products(computers)) == (rc, False, [])
    clean(computers)


def test_success_that_is_none(computers: Lab, module: Module, faulty: Faulty) -> None:
    """Exit code 0 is not believed: what is installed is read again."""
    with faulty(computers, "no_effect", program="msiexec"):
        result = module(computers, "adminxp", MODULE, **PACK)
    failed(result, "exit code 0, but", "is not installed", "product_id")


def test_a_name_that_is_not_the_products(computers: Lab, module: Module) -> None:
    """What was installed is named, so that the next call can name it."""
    result = module(computers, "adminxp", MODULE, **PACK | {"name": "Verwaltungsprogramme*"})
    failed(result, "is not installed", TOOLS, CODE)
    assert result["changed"]
    assert not module(computers, "adminxp", MODULE, **PACK | {"product_id": CODE})["changed"]


def test_a_restart_is_wanted(computers: Lab, module: Module) -> None:
    """3010: done, said, and not restarted; node_reboot does it."""
    boots = computers.truth()["hosts"]["ADMINXP"]["boots"]
    ask(computers, "inject", fault="msi_in_use", fields={"host": "ADMINXP"})
    result = module(computers, "adminxp", MODULE, **PACK)
    assert (result["rc"], result["changed"], result["restart_required"]) == (3010, True, True), result
    assert computers.truth()["hosts"]["ADMINXP"]["boots"] == boots
    module(computers, "adminxp", "node_reboot", poll=0.1)
    truth = computers.truth()["hosts"]["ADMINXP"]
    assert (truth["boots"], truth["pending_restart"]) == (boots + 1, [])


# --- another installation --------------------------------------------------------------------------------------------


def test_busy_is_tried_again(computers: Lab, module: Module) -> None:
    """1618 until the other one has ended."""
    before = len(msiexecs(computers))
    ask(computers, "inject", fault="msi_busy", fields={"host": "ADMINXP", "seconds": "600"})
    result = module(computers, "adminxp", MODULE, **PACK)
    assert (result["rc"], products(computers)) == (0, [TOOLS]), result
    tries = msiexecs(computers)[before:]
    assert tries[-1] == 0
    assert set(tries[:-1]) == {1618}


def test_busy_is_not_tried_for_ever(computers: Lab, module: Module) -> None:
    """The last word is the code, its meaning, and how often it was tried."""
    ask(computers, "inject", fault="msi_busy", fields={"host": "ADMINXP", "seconds": "10000000"})
    result = module(computers, "adminxp", MODULE, **PACK, busy_timeout=1)
    ask(computers, "inject", fault="msi_busy", fields={"host": "ADMINXP", "seconds": "0"})
    failed(result, "1618 ERROR_INSTALL_ALREADY_RUNNING: another installation runs", "tries in")
    assert (result["changed"], products(computers)) == (False, [])
    clean(computers)


# --- interrupted -----------------------------------------------------------------------------------------------------


def test_a_run_that_gave_up_is_joined(computers: Lab, module: Module, faulty: Faulty) -> None:
    """The time of the first call is over while msiexec hangs; the second one waits for the very same msiexec."""
    before = len(msiexecs(computers))
    with faulty(computers, "hang", program="msiexec", host="ADMINXP"):
        result = module(computers, "adminxp", MODULE, **PACK, timeout=0)
    failed(result, "msiexec still runs", "Running again joins it")
    assert result["changed"]
    told = module(computers, "adminxp", MODULE, **PACK, timeout=0)
    failed(told, "msiexec still runs")
    assert len(msiexecs(computers)) == before + 1
    console_code(computers, "ADMINXP", "taskkill /f /im msiexec.exe")
    killed = module(computers, "adminxp", MODULE, **PACK)
    assert killed.get("failed") or killed["after"]["installed"]
    module(computers, "adminxp", MODULE, **PACK)
    assert products(computers) == [TOOLS]
    clean(computers)


@pytest.mark.parametrize(
    ("program", "match", "when"),
    [
        ("line", "job.cmd", "before"),
        ("line", "job.cmd", "after"),
        ("schtasks", "/create", "before"),
        ("schtasks", "/create", "after"),
        ("schtasks", "/run", "before"),
        ("schtasks", "/run", "after"),
        ("schtasks", "/delete", "after"),
        ("line", "^\\(\\(if exist", "before"),
    ],
)
def test_a_lost_connection(computers: Lab, module: Module, faulty: Faulty, program: str, match: str, when: str) -> None:
    """Before, while and after it is started: msiexec runs once, and at the latest the second call says so."""
    before = len(msiexecs(computers))
    fields = {"program": program, "match": match, "when": when, "count": "1", "connections": "1"}
    with faulty(computers, "drop", host="ADMINXP", **fields):
        result = module(computers, "adminxp", MODULE, **PACK)
    if result.get("failed") or result.get("unreachable"):
        result = module(computers, "adminxp", MODULE, **PACK)
    assert result["after"]["installed"], result
    assert products(computers) == [TOOLS]
    assert msiexecs(computers)[before:] == [0]
    clean(computers)


@pytest.mark.parametrize("act", ["/create", "/run"])
def test_a_task_that_windows_does_not_take(computers: Lab, module: Module, faulty: Faulty, act: str) -> None:
    """Told in one line; nothing of it is left behind."""
    with faulty(computers, "denied", program="schtasks", match=act):
        result = module(computers, "adminxp", MODULE, **PACK)
    failed(result, "exit code")
    assert products(computers) == []
    assert module(computers, "adminxp", MODULE, **PACK)["after"]["installed"]
    clean(computers)


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"path": r"C:\Install\nosuch.msi"}, (r"There is no C:\Install\nosuch.msi there", "nothing was touched")),
        ({"path": r"C:\Install"}, ("is a folder",)),
        ({"path": r"\\FILES\share\adminpak.msi"}, ("is on a share",)),
        ({"path": "adminpak.msi"}, ("not a full path",)),
        ({"path": r"C:\%TEMP%\x.msi"}, ("percent sign",)),
        ({"name": "*"}, ("fits every product",)),
        ({"product_id": "5E076CF2"}, ("is no product code",)),
    ],
)
def test_refused(computers: Lab, refused: Module, arguments: dict[str, Any], words: tuple[str, ...]) -> None:
    """In one line, before anything is touched."""
    refused(computers, "adminxp", MODULE, *words, **PACK | arguments)


@pytest.mark.parametrize("fault", ["garbage", "denied", "no_effect"])
def test_a_registry_that_cannot_be_read(computers: Lab, refused: Module, faulty: Faulty, fault: str) -> None:
    """Unknown is neither installed nor not."""
    with faulty(computers, fault, program="reg", match="Uninstall"):
        result = refused(computers, "adminxp", MODULE, "What is installed can't be read", **PACK)
    assert result["refused"] == "R9"
