# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows: its version, services, pending restarts, boot time, processes; all without localised words."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _windows as windows
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._windows import PendingRestart, ServiceState
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import Asked, text
from hypothesis import given
from hypothesis import strategies as st

MISSING = Result(1, "", text("reg/missing-en.txt"))


def reg(name: str) -> Result:
    return Result(0, text(f"reg/{name}.txt"))


@pytest.mark.parametrize(
    ("ver", "key", "language", "kind", "expected"),
    [
        pytest.param(
            text("ver/2003-sp2-en.txt"),
            reg("windows-sp2-2003"),
            reg("language-german-2003"),
            "ServerNT",
            windows.Os("5.2.3790", "2003", 2, "0407"),
            id="2003 SP2, German",
        ),
        pytest.param(
            text("ver/2008-foreign.txt"), MISSING, MISSING, "", windows.Os("6.0.6001", "2008", None, ""), id="2008"
        ),
        pytest.param("[x 6.1.7601]", MISSING, MISSING, "", windows.Os("6.1.7601", "2008r2", None, ""), id="2008 R2"),
        pytest.param("[x 5.1.2600]", MISSING, MISSING, "", windows.Os("5.1.2600", "xp", None, ""), id="XP"),
        pytest.param("[x 10.0.1]", MISSING, MISSING, "", windows.Os("10.0.1", "unknown", None, ""), id="later"),
        pytest.param("garbage", MISSING, MISSING, "WinNT", windows.Os("", "unknown", None, ""), id="not readable"),
        pytest.param("[x 6.0.6001]", MISSING, MISSING, "WinNT", windows.Os("6.0.6001", "vista", None, ""), id="Vista"),
        pytest.param("[x 6.0.6001]", MISSING, MISSING, "LanmanNT", windows.Os("6.0.6001", "2008", None, ""), id="a DC"),
        pytest.param("[x 5.2.3790]", MISSING, MISSING, "winnt", windows.Os("5.2.3790", "xp", None, ""), id="XP x64"),
        pytest.param("[x 6.1.7600]", MISSING, MISSING, "WinNT", windows.Os("6.1.7600", "unknown", None, ""), id="7"),
    ],
)
def test_os(ver: str, key: Result, language: Result, kind: str, expected: windows.Os) -> None:
    path = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions"
    product = Result(0, f"\r\n{path}\r\n    ProductType    REG_SZ    {kind}\r\n") if kind else MISSING
    assert windows.parse_os(Result(0, ver), key, language, product) == expected


RENAMES = windows.SESSION_MANAGER + r"\PendingFileRenameOperations"
CLEAN = reg("session-manager-clean-2003")
WITH, WITHOUT = reg("microsoft-with-updates-2003"), reg("microsoft-without-updates-2003")
VOLATILE = windows.UPDATES_KEY + r"\UpdateExeVolatile=3"
REBOOT = windows.COMPONENTS_KEY + r"\RebootPending"


@pytest.mark.parametrize(
    ("results", "required", "reasons", "unread"),
    [
        pytest.param([CLEAN, WITHOUT, MISSING, MISSING], False, [], [], id="2003, nothing pending"),
        pytest.param(
            [Result(0, ""), WITHOUT, MISSING, MISSING], None, [], [windows.SESSION_MANAGER], id="an empty answer"
        ),
        pytest.param([CLEAN, Result(0, "?"), MISSING, MISSING], None, [], [windows.UPDATES_KEY], id="no list of keys"),
        pytest.param(
            [CLEAN, WITH, reg("updates-volatile-0-2003"), reg("components-clean-2008")],
            False,
            [],
            [],
            id="2008, nothing pending",
        ),
        pytest.param(
            [reg("session-manager-renames-pending-2003"), WITHOUT, MISSING, MISSING], True, [RENAMES], [], id="renames"
        ),
        pytest.param(
            [reg("session-manager-renames-empty-2008"), WITHOUT, MISSING, MISSING], False, [], [], id="empty renames"
        ),
        pytest.param(
            [CLEAN, WITH, reg("updates-volatile-3-2003"), MISSING], True, [VOLATILE], [], id="installer half way"
        ),
        pytest.param(
            [CLEAN, WITHOUT, MISSING, reg("components-reboot-pending-2008")], True, [REBOOT], [], id="components"
        ),
        pytest.param(
            [MISSING, WITHOUT, MISSING, MISSING],
            None,
            [],
            [windows.SESSION_MANAGER],
            id="the first key is not readable",
        ),
        pytest.param(
            [CLEAN, WITH, MISSING, MISSING], None, [], [windows.UPDATES_KEY], id="a key that is there is refused"
        ),
        pytest.param(
            [CLEAN, MISSING, MISSING, MISSING], None, [], [windows.UPDATES_KEY], id="nobody knows if the key is there"
        ),
        pytest.param(
            [CLEAN, WITH, Result(0, text("reg/updates-volatile-3-2003.txt").replace("0x3", "??")), MISSING],
            None,
            [],
            [windows.UPDATES_KEY + r"\UpdateExeVolatile=??"],
            id="a mark that cannot be read",
        ),
        pytest.param(
            [MISSING, MISSING, reg("updates-volatile-3-2003"), MISSING],
            True,
            [VOLATILE],
            [windows.SESSION_MANAGER],
            id="one mark is enough",
        ),
    ],
)
def test_pending_restart(results: list[Result], required: bool | None, reasons: list[str], unread: list[str]) -> None:
    pending = windows.parse_pending_restart(results)
    assert (pending.required, list(pending.reasons), list(pending.unread)) == (required, reasons, unread)


def test_lines_fit_the_parsers() -> None:
    assert len(windows.os_lines()) == 4
    assert windows.parse_pending_restart([MISSING] * len(windows.pending_restart_lines())).required is None


@pytest.mark.parametrize(
    ("fixture", "rc", "state"),
    [
        ("running-en", 0, ServiceState.RUNNING),
        ("running-italian", 0, ServiceState.RUNNING),
        ("stopped-german", 0, ServiceState.STOPPED),
        ("stop-pending-russian", 0, ServiceState.STOP_PENDING),
        ("no-such-service-en", 1060, ServiceState.ABSENT),
        ("no-such-service-en", 5, ServiceState.UNKNOWN),
        ("type-line-only", 0, ServiceState.UNKNOWN),
    ],
)
def test_service_state(fixture: str, rc: int, state: ServiceState) -> None:
    assert windows.service_state(Result(rc, text(f"sc/{fixture}.txt"))) is state


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("1  STOPPED", ServiceState.STOPPED),
        ("2  START_PENDING", ServiceState.START_PENDING),
        ("3  STOP_PENDING", ServiceState.STOP_PENDING),
        ("4  RUNNING", ServiceState.RUNNING),
        ("5  CONTINUE_PENDING", ServiceState.CONTINUE_PENDING),
        ("6  PAUSE_PENDING", ServiceState.PAUSE_PENDING),
        ("7  PAUSED", ServiceState.PAUSED),
        ("4  RUNNINGX", ServiceState.UNKNOWN),
        ("8  RUNNING", ServiceState.UNKNOWN),
        ("4  LÄÜFT", ServiceState.UNKNOWN),
    ],
)
def test_every_state_number(word: str, state: ServiceState) -> None:
    assert windows.service_state(Result(0, f"        ZUSTAND : {word} \r\n")) is state


def test_service_names_are_quoted() -> None:
    assert windows.service_line("My Service") == 'sc query "My Service"'


@pytest.mark.parametrize(
    ("said", "boot"),
    [
        pytest.param(text("wmic/last-boot-up-time.txt"), "20070304120000.500000+060", id="as wmic prints it"),
        pytest.param("x 20070304120000.000000-480 y", "20070304120000.000000-480", id="west of Greenwich"),
        pytest.param(text("wmic/no-instances.txt"), None, id="no instance"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_boot_time(said: str, boot: str | None) -> None:
    assert windows.boot_time(Result(0, said)) == boot
    assert windows.read_boot_time(Node("n", Asked((re.compile("LastBootUpTime <nul"), said)))) == boot


@pytest.mark.parametrize(
    ("fixture", "images"),
    [
        ("setup-running", ["system idle process", "exsetup.exe", "exsetup.exe", "svchost.exe"]),
        ("nothing-of-setup-german", ["system", "clussvc.exe"]),
        ("wmi-stopped-foreign", []),
    ],
)
def test_running_images(fixture: str, images: list[str]) -> None:
    assert windows.running_images(Result(0, text(f"tasklist/{fixture}.txt"))) == images


def test_unread_keys_leave_the_answer_open() -> None:
    assert PendingRestart(()).required is False
    assert PendingRestart((), ("key",)).required is None
    assert PendingRestart(("mark",), ("key",)).required is True


@given(st.text(max_size=200), st.integers(0, 1059))
def test_garbage_is_never_good(garbage: str, rc: int) -> None:
    result = Result(rc, garbage)
    assert windows.service_state(result) is ServiceState.UNKNOWN
    assert windows.boot_time(result) is None
    assert windows.running_images(result) == []
    assert windows.parse_os(result, result, result, result).family == "unknown"
    assert windows.parse_pending_restart([Result(1, garbage)] * 4).required is None
