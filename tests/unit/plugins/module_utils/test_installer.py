# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows Installer: what is installed, every exit code, and a job that is joined, died, or was somebody else's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailops.exchange2007.plugins.module_utils import _installer as installer
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._installer import InstallerRun, Product, Wanted
from ansible_collections.mailops.exchange2007.plugins.module_utils._job import Taken
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Hear, Result
from ansible_collections.mailops.exchange2007.plugins.modules import windows_installer_package as module
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    PASSWORD,
    FakeClock,
    joined,
    split_lines,
    task,
)

CODE, OTHER = "{5E076CF2-EFED-43A2-A623-13E0D62EC7E0}", "{0D9C8B7A-1111-4222-8333-944455566677}"
TOOLS = Product(CODE, "Windows Server 2003 Administration Tools Pack", "5.2")
AGENT = Product(OTHER, "Backup Agent", "4.1.0")
WINDOWS = {"Connection Manager": {"SystemComponent": "REG_DWORD    0x1"}}
KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
MISSING = Result(1, "", "ERROR: The system was unable to find the specified registry key or value.\r\n")
PATH = r"C:\Install\adminpak.msi"
PRESENT: dict[str, Any] = {"path": PATH, "name": "*Administration Tools Pack"}
ABSENT: dict[str, Any] = {"state": "absent", "name": "*Administration Tools Pack"}


def tree(keys: dict[str, dict[str, str]]) -> Result:
    text = f"\r\n{KEY}\r\n"
    for name, values in keys.items():
        rows = "".join(f"    {value}    {data}\r\n" for value, data in values.items())
        text += f"\r\n{KEY}\\{name}\r\n{rows}"
    return Result(0, text)


def keys_of(products: Sequence[Product]) -> dict[str, dict[str, str]]:
    return {
        p.code: {"DisplayName": f"REG_SZ    {p.name}", "DisplayVersion": f"REG_SZ    {p.version}"} for p in products
    }


@dataclass
class Job:
    """The scheduled task and its folder."""

    started: bool = False
    rc: str = ""


class Computer:
    """A channel over a computer with Windows Installer. Each run of msiexec ends as the next of `ends` says.

    An end is an exit code, or 'killed', or 'never'. lost: an act's pattern -> whether its answer is lost before or
    after it, or with nothing done. quiet: how many of the next readings get no answer.
    """

    def __init__(self, *installed: Product, ends: Sequence[int | str] = (0,), takes: float = 30.0) -> None:
        self.clock = FakeClock()
        self.products = list(installed)
        self.apart: Result = MISSING
        self.native: Result | None = None
        self.file = "[31457280][--a------]"
        self.version = "5.2.3790"
        self.boots = 0
        self.restarts = True
        self.ends = list(ends)
        self.takes = takes
        self.brings: Product = TOOLS
        self.job: Job | None = None
        self.image = False
        self.log = "MSI (s): the reason\r\n"
        self.lost: dict[str, str] = {}
        self.quiet = 0
        self.resets = 0
        self.acts: list[str] = []

    @property
    def runs(self) -> list[str]:
        """What msiexec was started with."""
        return [line for line in self.acts if "schtasks /run" in line]

    def run(self, line: str, *, stdin: bytes | None, timeout: float, hear: Hear | None = None) -> Result:
        del stdin, timeout, hear
        answers = [self._answer(part) for part in split_lines(line)]
        if all(answer is not None for answer in answers):
            if self.quiet:
                self.quiet -= 1
                raise ChannelLost("adminxp", "connection reset", started=True)
            found = [answer for answer in answers if answer is not None]
            return joined(*(Result(a.rc, a.text) for a in found)) if "call echo" in line else found[0]
        broken = next((pattern for pattern in self.lost if re.search(pattern, line)), "")
        how = self.lost.pop(broken, "")
        if how == "before":
            raise ChannelLost("adminxp", "connection refused", started=False)
        result = Result(0) if how == "nothing" else self._act(line)
        if how:
            raise ChannelLost("adminxp", "connection reset", started=True)
        return result

    def _answer(self, line: str) -> Result | None:
        said: dict[str, Result] = {
            r"^ver$": Result(0, f"\r\nMicrosoft Windows [Vërsïön {self.version}]\r\n"),
            r"^reg query .*(Control\\Windows|Nls\\Language|ProductOptions)\"$": MISSING,
            r"^reg query \"HKLM\\SOFTWARE\\Wow6432Node.*Uninstall\" /s$": self.apart,
            r"^reg query .*Uninstall\" /s$": self.native or tree({**WINDOWS, **keys_of(self.products)}),
            r"^wmic os get LastBootUpTime": Result(0, f"2026030110000{self.boots}.000000+000\r\n"),
            r"^echo %COMPUTERNAME%$": Result(0, "ADMINXP\r\n"),
            r"^\(for %I in \(\"C:": Result(0, f"{self.file}\r\n"),
            r"^\(\(if exist \S+\\job\.cmd": Result(0, self._signs()),
            r"^tasklist ": Result(
                0, '"System","4","","0","1 K"\r\n' + '"msiexec.exe","9","","0","1 K"\r\n' * self.image
            ),
            r"^\(if exist \S+\\out\.txt": Result(0),
            r"^type \S+\\msi\.log$": Result(0, self.log) if self.job else Result(1),
        }
        return next((answer for pattern, answer in said.items() if re.search(pattern, line)), None)

    def _signs(self) -> str:
        if not self.job:
            return "end\r\n"
        words = ["job", *(["started"] if self.job.started else []), *([self.job.rc] if self.job.rc else []), "end"]
        return "".join(f"{word}\r\n" for word in words)

    def _act(self, line: str) -> Result:
        self.acts.append(line)
        if line.startswith("(md "):
            if self.job:
                return Result(17)
            self.job = Job()
            self.program = line
        elif "schtasks /run" in line:
            assert self.job
            self.job.started = self.image = True
            self._ends(self.ends.pop(0))
        elif line.startswith("(schtasks /delete"):
            self.job = None
        return Result(0)

    def _ends(self, end: int | str) -> None:
        job = self.job
        assert job

        def happens() -> None:
            self.image = False
            if isinstance(end, int):
                job.rc = str(end)
            if end in (0, 3010, 1641):
                gone = "/x" in self.program
                self.products = [p for p in self.products if p != self.brings] + ([] if gone else [self.brings])
            self.boots += int(end == 1641 and self.restarts)

        if end != "never":
            self.clock.after(self.takes, happens)

    def reset(self) -> None:
        self.resets += 1


def params(**arguments: Any) -> dict[str, Any]:
    outcome = ArgumentSpecValidator(module.ARGUMENT_SPEC, **module.ARGUMENT_RULES).validate(arguments)
    assert [str(error) for error in outcome.errors] == []
    return dict(outcome.validated_parameters)


def run(
    computer: Computer, *, check: bool = False, password: str | None = PASSWORD, **arguments: Any
) -> dict[str, Any]:
    return module.run(task(computer, params(**arguments), check=check, password=password))


# --- what is installed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("native", "apart", "products"),
    [
        pytest.param(tree(WINDOWS), MISSING, (), id="nothing of ours"),
        pytest.param(tree({**WINDOWS, **keys_of([TOOLS])}), MISSING, (TOOLS,), id="32-bit Windows"),
        pytest.param(tree(WINDOWS), tree(keys_of([TOOLS])), (TOOLS,), id="a 32-bit product on 64-bit Windows"),
        pytest.param(tree(keys_of([TOOLS])), tree(keys_of([AGENT])), (AGENT, TOOLS), id="both"),
        pytest.param(tree(keys_of([TOOLS])), tree(keys_of([TOOLS])), (TOOLS,), id="a reflected key"),
        pytest.param(tree({CODE.lower(): {}, "x": {"y": "REG_SZ    z"}}), MISSING, (Product(CODE, "", ""),), id="bare"),
        pytest.param(MISSING, MISSING, None, id="not readable"),
        pytest.param(Result(0, ""), MISSING, None, id="an empty answer"),
        pytest.param(Result(0, "\r\nÄccëss\r\n"), tree(keys_of([TOOLS])), None, id="garbage"),
        pytest.param(Result(5, tree(WINDOWS).stdout), MISSING, None, id="an exit code"),
    ],
)
def test_products(native: Result, apart: Result, products: tuple[Product, ...] | None) -> None:
    assert installer.parse_products(native, apart) == products


@pytest.mark.parametrize(
    ("code", "name", "found"),
    [
        ("", "*Administration Tools Pack", [TOOLS]),
        ("", "*administration TOOLS pack", [TOOLS]),
        ("", "Administration Tools Pack", []),
        ("", "Backup ?gent", [AGENT]),
        ("", "*", [TOOLS, AGENT]),
        ("", "Windows Server 2003 [A]*", []),
        (CODE.lower(), "", [TOOLS]),
        (CODE, "Backup Agent", [TOOLS]),
        ("{00000000-0000-0000-0000-000000000000}", "*", []),
    ],
)
def test_which_product_is_meant(code: str, name: str, found: list[Product]) -> None:
    assert list(Wanted(code, name).among([TOOLS, AGENT])) == found


def test_lines() -> None:
    assert installer.install_line(r"C:\A & B\x.msi", "L") == (
        r'msiexec.exe /i "C:\A & B\x.msi" /qn REBOOT=ReallySuppress /lew L'
    )
    assert installer.remove_line(CODE, "L") == f"msiexec.exe /x {CODE} /qn REBOOT=ReallySuppress /lew L"


# --- installing and removing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rc", "restart"), [(0, False), (3010, True), (1641, False)])
def test_installing(rc: int, restart: bool) -> None:
    computer = Computer(AGENT, ends=[rc])
    result = run(computer, **PRESENT)
    assert (result["changed"], result["rc"], result["restart_required"], result["joined"]) == (True, rc, restart, False)
    assert result["before"] == {"installed": False, "products": []}
    assert result["after"] == {"installed": True, "products": [TOOLS.as_dict()]}
    assert result["duration"] >= 30
    assert computer.job is None
    again = run(computer, **PRESENT)
    assert (again["changed"], again["after"]) == (False, result["after"])
    assert len(computer.runs) == 1


def test_removing() -> None:
    computer = Computer(TOOLS, AGENT, ends=[3010])
    result = run(computer, **ABSENT)
    assert (result["changed"], result["after"], result["restart_required"]) == (
        True,
        {"installed": False, "products": []},
        True,
    )
    assert f"msiexec.exe /x {CODE} /qn" in computer.acts[0]
    assert run(computer, **ABSENT)["changed"] is False
    assert computer.products == [AGENT]


@pytest.mark.parametrize(
    ("version", "option"), [("5.1.2600", False), ("5.2.3790", False), ("6.0.6001", True), ("6.1.7601", True)]
)
def test_the_task_is_elevated_where_windows_knows_that(version: str, option: bool) -> None:
    computer = Computer()
    computer.version = version
    run(computer, **PRESENT)
    assert ("/rl HIGHEST" in computer.acts[1]) is option


@pytest.mark.parametrize(
    ("rc", "words"),
    [
        (1601, ("1601 ERROR_INSTALL_SERVICE_FAILURE", "Start it first")),
        (1602, ("1602 ERROR_INSTALL_USEREXIT",)),
        (1603, ("1603 ERROR_INSTALL_FAILURE: a fatal error in the package", "log_excerpt")),
        (1619, ("1619 ERROR_INSTALL_PACKAGE_OPEN_FAILED", "local folder")),
        (1620, ("1620 ERROR_INSTALL_PACKAGE_INVALID: the package is damaged",)),
        (1625, ("1625 ERROR_INSTALL_PACKAGE_REJECTED", "DisableMSI")),
        (1633, ("1633 ERROR_INSTALL_PLATFORM_UNSUPPORTED", "x86 or x64")),
        (1638, ("1638 ERROR_PRODUCT_VERSION: another version", "Remove the other version first")),
        (1639, ("1639 ERROR_INVALID_COMMAND_LINE", "Report it")),
        (1605, ("1605 ERROR_UNKNOWN_PRODUCT",)),
        (4711, ("4711 (0x00001267), no meaning known", "log_excerpt")),
        (-1073741819, ("-1073741819 (0xC0000005), no meaning known",)),
    ],
)
def test_exit_codes_that_end_it(rc: int, words: tuple[str, ...]) -> None:
    computer = Computer(ends=[rc])
    with pytest.raises(Failure) as caught:
        run(computer, **PRESENT)
    assert [word for word in words if word not in str(caught.value)] == []
    assert caught.value.changed is False
    assert caught.value.data["rc"] == rc
    assert caught.value.data["log_excerpt"] == "MSI (s): the reason"
    assert computer.job is None
    assert len(computer.runs) == 1


def test_the_log_is_cut() -> None:
    computer = Computer(ends=[1603])
    computer.log = "".join(f"line {number}\r\n" for number in range(100))
    with pytest.raises(Failure) as caught:
        run(computer, **PRESENT)
    assert caught.value.data["log_excerpt"].split("\n")[0] == "line 80"


def test_a_product_of_another_name_is_told() -> None:
    computer = Computer()
    computer.brings = AGENT
    with pytest.raises(Failure, match=r"exit code 0, but .* is not installed.*'Backup Agent' 4\.1\.0 \{0D9C") as caught:
        run(computer, **PRESENT)
    assert caught.value.changed is True


def test_success_that_is_none() -> None:
    computer = Computer(AGENT)
    computer.brings = AGENT
    with pytest.raises(Failure, match="Give the package's `product_id`") as caught:
        run(computer, **PRESENT)
    assert caught.value.changed is False
    computer = Computer(TOOLS)
    computer.brings = AGENT
    with pytest.raises(Failure, match=r"exit code 0, but \{5E076CF2-.*\} is still installed"):
        run(computer, **{**ABSENT, "product_id": CODE})


def test_somebody_else_removed_it() -> None:
    computer = Computer(TOOLS, ends=[1605])
    computer.clock.after(5, computer.products.clear)
    result = run(computer, **ABSENT)
    assert (result["rc"], result["after"]["installed"]) == (1605, False)


# --- another installation ------------------------------------------------------------------------------------------


def test_busy_is_tried_again() -> None:
    computer = Computer(ends=[1618, 1618, 0], takes=1)
    result = run(computer, **PRESENT, poll=30)
    assert (result["rc"], result["after"]["installed"]) == (0, True)
    assert len(computer.runs) == 3
    assert computer.job is None


@pytest.mark.parametrize(("limit", "tries"), [(0, 1), (100, 3), (900, 16)])
def test_busy_is_not_tried_for_ever(limit: int, tries: int) -> None:
    computer = Computer(ends=[1618] * 50, takes=1)
    with pytest.raises(Failure, match=f"1618 ERROR_INSTALL_ALREADY_RUNNING: another .*, {tries} tries in") as caught:
        run(computer, **PRESENT, poll=30, busy_timeout=limit)
    assert (caught.value.changed, len(computer.runs), computer.job) == (False, tries, None)


def test_the_other_installation_was_this_one() -> None:
    computer = Computer(ends=[1618])
    computer.clock.after(5, lambda: computer.products.append(TOOLS))
    assert run(computer, **PRESENT, busy_timeout=0)["after"]["installed"]


# --- interrupted ---------------------------------------------------------------------------------------------------


def running(computer: Computer, end: int | str = 0) -> Computer:
    """As a run left it that died while msiexec ran."""
    computer.job, computer.image, computer.program = Job(started=True), True, f"/i {PATH}"
    computer._ends(end)
    return computer


def test_joined() -> None:
    computer = running(Computer())
    result = run(computer, **PRESENT)
    assert (result["joined"], result["rc"], result["changed"]) == (True, 0, True)
    assert (computer.runs, computer.job) == ([], None)


@pytest.mark.parametrize(("rc", "restart"), [(0, False), (3010, True), (1641, False), (1618, False)])
def test_a_result_that_nobody_fetched(rc: int, restart: bool) -> None:
    computer = Computer(TOOLS)
    computer.job = Job(started=True, rc=str(rc))
    result = run(computer, **PRESENT)
    assert (result["rc"], result["restart_required"], computer.job, computer.runs) == (rc, restart, None, [])


def test_a_failure_that_nobody_fetched_is_told() -> None:
    computer = Computer()
    computer.job = Job(started=True, rc="1638")
    with pytest.raises(Failure, match="1638"):
        run(computer, **PRESENT)
    assert computer.job is None


@pytest.mark.parametrize("started", [False, True], ids=["prepared", "died"])
def test_what_a_dead_run_left_is_begun_anew(started: bool) -> None:
    computer = Computer()
    computer.job = Job(started=started)
    result = run(computer, **PRESENT)
    assert (result["joined"], result["after"]["installed"], computer.job) == (False, True, None)
    assert len(computer.runs) == 1


@pytest.mark.parametrize("started", [False, True], ids=["prepared", "died"])
def test_what_a_dead_run_left_is_removed_where_nothing_is_to_be_done(started: bool) -> None:
    computer = Computer(TOOLS)
    computer.job = Job(started=started)
    result = run(computer, **PRESENT)
    assert (result["changed"], computer.job, computer.runs) == (True, None, [])


@pytest.mark.parametrize("installed", [False, True])
def test_killed(installed: bool) -> None:
    """Only what is installed counts then."""
    computer = Computer(ends=["killed"])
    if installed:
        computer.clock.after(20, lambda: computer.products.append(TOOLS))
        assert run(computer, **PRESENT)["rc"] is None
    else:
        with pytest.raises(Failure, match="msiexec ended without an exit code"):
            run(computer, **PRESENT)
    assert computer.job is None


def test_another_run_took_the_result() -> None:
    computer = running(Computer(), "never")

    def taken() -> None:
        computer.job, computer.products = None, [TOOLS]

    computer.clock.after(25, taken)
    assert run(computer, **PRESENT)["rc"] is None


@pytest.mark.parametrize(
    ("image", "words"), [(True, "msiexec still runs after 60 s"), (False, "the scheduled task did not start")]
)
def test_no_end_in_time(image: bool, words: str) -> None:
    computer = Computer(ends=["never"])
    if not image:
        computer.lost = {}
        computer._ends = lambda end: setattr(computer.job, "started", False)  # type: ignore[method-assign, assignment]
    with pytest.raises(Failure, match=f"{words}.*Running again joins it"):
        run(computer, **PRESENT, timeout=60)
    assert computer.job is not None


def test_silence() -> None:
    computer = running(Computer(), "never")
    computer.clock.after(1, lambda: setattr(computer, "quiet", 1000))
    with pytest.raises(Failure, match="does not answer after 60 s; msiexec may still run"):
        run(computer, **PRESENT, timeout=60)


@pytest.mark.parametrize("pattern", [r"^\(md ", "^cmd /v:on", "schtasks /run", r"^\(schtasks /delete"])
@pytest.mark.parametrize("how", ["after", "nothing"])
def test_a_lost_answer(pattern: str, how: str) -> None:
    """Whatever became of the line: it is seen, and msiexec runs once."""
    computer = Computer()
    computer.lost = {pattern: how}
    assert run(computer, **PRESENT)["after"]["installed"]
    assert (len(computer.runs), computer.job, computer.lost) == (1, None, {})
    assert computer.resets


def test_a_connection_that_was_never_made() -> None:
    computer = Computer()
    computer.lost = {"schtasks /run": "before"}
    with pytest.raises(ChannelLost):
        run(computer, **PRESENT)


@pytest.mark.parametrize("looks", [1, 3, 10])
def test_looks_that_get_no_answer(looks: int) -> None:
    computer = running(Computer(takes=200))
    computer.clock.after(20, lambda: setattr(computer, "quiet", looks))
    assert run(computer, **PRESENT)["rc"] == 0


def test_another_run_is_faster() -> None:
    computer = Computer()
    computer.lost = {}
    original = computer._act

    def act(line: str) -> Result:
        if line.startswith("(md "):
            computer.job = Job()
        return original(line)

    computer._act = act  # type: ignore[method-assign]
    with pytest.raises(Taken, match="the same installation there"):
        run(computer, **PRESENT)
    assert computer.runs == []


def test_a_restart_that_the_package_began_is_awaited() -> None:
    computer = Computer(ends=[1641])
    computer.clock.after(31, lambda: setattr(computer, "quiet", 5))
    assert run(computer, **PRESENT)["rc"] == 1641
    assert computer.job is None


def test_a_restart_that_does_not_come() -> None:
    computer = Computer(ends=[1641])
    computer.restarts = False
    with pytest.raises(Failure, match="Waiting for the restart"):
        run(computer, **PRESENT, timeout=60)


# --- refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("arguments", "changes", "rule", "words"),
    [
        (PRESENT, {"file": "[][]"}, "input", "There is no C:\\Install\\adminpak.msi there"),
        (PRESENT, {"file": "[][d--------]"}, "input", "is a folder"),
        (PRESENT, {"file": "Äccëss"}, "R9", "can't be read"),
        (PRESENT, {"native": MISSING}, "R9", "What is installed can't be read"),
        ({**PRESENT, "name": "*"}, {}, "input", "fits every product"),
        ({**PRESENT, "name": " "}, {}, "input", "fits every product"),
        ({**PRESENT, "product_id": "5E076CF2"}, {}, "input", "'5E076CF2' is no product code"),
        ({**PRESENT, "path": r"\\FILES\share\x.msi"}, {}, "input", "is on a share"),
        ({**PRESENT, "path": "x.msi"}, {}, "input", "is not a full path"),
        ({**ABSENT, "name": "*a*"}, {"products": [TOOLS, AGENT]}, "input", "More than one product is meant"),
    ],
)
def test_refused(check: bool, arguments: dict[str, Any], changes: dict[str, Any], rule: str, words: str) -> None:
    computer = Computer()
    for name, value in changes.items():
        setattr(computer, name, value)
    with pytest.raises(Refusal) as caught:
        run(computer, check=check, **arguments)
    assert caught.value.refused == rule
    assert words in str(caught.value)
    assert computer.acts == []


@pytest.mark.parametrize("password", [None, ""])
def test_refused_without_a_password(password: str | None) -> None:
    computer = Computer()
    with pytest.raises(Refusal, match="a scheduled task needs one"):
        run(computer, password=password, **PRESENT)
    assert run(Computer(TOOLS), password=password, **PRESENT)["changed"] is False


def test_what_cannot_be_read_afterwards_is_no_success() -> None:
    computer = Computer()
    computer.clock.after(30, lambda: setattr(computer, "native", MISSING))
    with pytest.raises(Failure, match="can't be read afterwards") as caught:
        run(computer, **PRESENT)
    assert caught.value.changed is True


# --- check mode ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("computer", "arguments", "changed", "after", "line"),
    [
        (Computer(), PRESENT, True, {"installed": True, "products": []}, "/i"),
        (Computer(TOOLS), PRESENT, False, {"installed": True, "products": [TOOLS.as_dict()]}, ""),
        (Computer(TOOLS), ABSENT, True, {"installed": False, "products": []}, f"/x {CODE}"),
        (Computer(AGENT), ABSENT, False, {"installed": False, "products": []}, ""),
        (running(Computer()), PRESENT, True, {"installed": True, "products": []}, ""),
    ],
    ids=["install", "installed", "remove", "removed", "running"],
)
def test_check_mode(
    computer: Computer, arguments: dict[str, Any], changed: bool, after: dict[str, Any], line: str
) -> None:
    result = run(computer, check=True, **arguments)
    assert (result["changed"], result["after"]) == (changed, after)
    assert bool(result.get("commands")) is bool(line)
    assert not line or line in result["commands"][0]
    assert computer.acts == []


def test_the_job_has_the_same_name_in_every_run() -> None:
    names = set()
    for path in (PATH, PATH.upper(), PATH.replace("\\", "/")):
        computer = Computer()
        run(computer, **{**PRESENT, "path": path})
        names.add(re.findall(r"mailops-msi-[0-9a-f]+", computer.acts[0])[0])
    other = Computer(TOOLS)
    run(other, **ABSENT)
    assert len(names) == 1
    assert names.isdisjoint(re.findall(r"mailops-msi-[0-9a-f]+", other.acts[0]))


def test_progress_is_told() -> None:
    made = task(Computer(ends=[1618, 0], takes=1), params(**PRESENT))
    InstallerRun(made).run()
    said = made.__dict__["said"]
    assert said == [f"Installing {PATH}", "another installation runs there, trying again", f"Installing {PATH}"]
