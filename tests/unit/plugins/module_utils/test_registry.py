# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""reg.exe of 2003 (tabs, a version line) and of 2008 (four blanks)."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _registry as registry
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import text
from hypothesis import given
from hypothesis import strategies as st


def keys(fixture: str, rc: int = 0) -> registry.Keys:
    return registry.Keys(Result(rc, text(f"reg/{fixture}")))


@pytest.mark.parametrize(
    ("tree", "line"), [(False, r'reg query "HKLM\X Y"'), (True, r'reg query "HKLM\X Y" /s')], ids=["one key", "a tree"]
)
def test_query(tree: bool, line: str) -> None:
    assert registry.query(r"HKLM\X Y", tree=tree) == line


@pytest.mark.parametrize(
    ("fixture", "key", "name", "data"),
    [
        pytest.param("device-path-2003.txt", "CurrentVersion", "DevicePath", r"%SystemRoot%\inf", id="2003, tabs"),
        pytest.param("device-path-2003.txt", "currentversion", "DEVICEPATH", r"%SystemRoot%\inf", id="without case"),
        pytest.param("policies-2008.txt", r"Policies\System", "ConsentPromptBehaviorAdmin", "0x0", id="2008, blanks"),
        pytest.param("policies-2008.txt", "System", "Prompt On Secure Desktop", "0x18", id="a name with blanks"),
        pytest.param("policies-2008.txt", "System", "Empty", "", id="no data"),
        pytest.param("policies-2008.txt", "System", "Absent", None, id="no such value"),
        pytest.param("policies-2008.txt", "Setup", "Empty", None, id="no such key"),
        pytest.param("policies-2008.txt", "stem", "Empty", None, id="a part of a key's name is not the key"),
        pytest.param("exchange-rtm-2003.txt", r"v8.0\Setup", "MsiProductMajor", "0x8", id="one key of a tree"),
        pytest.param(
            "session-manager-clean-2003.txt",
            "Session Manager",
            "BootExecute",
            r"autocheck autochk *\0\0",
            id="a multi-string",
        ),
        pytest.param("missing-en.txt", "System", "Empty", None, id="an error text"),
    ],
)
def test_value(fixture: str, key: str, name: str, data: str | None) -> None:
    assert keys(fixture).value(key, name) == data


@pytest.mark.parametrize(
    ("key", "there"),
    [(r"Microsoft\Updates", True), (r"microsoft\updates", True), ("Updates2", False), ("pdates", False)],
)
def test_has(key: str, there: bool) -> None:
    assert keys("microsoft-with-updates-2003.txt").has(key) is there


@pytest.mark.parametrize(("rc", "read"), [(0, True), (1, False)])
def test_read_says_whether_reg_succeeded(rc: int, read: bool) -> None:
    assert keys("missing-en.txt", rc).read is read


def test_below_lists_the_keys_right_below_only() -> None:
    below = keys("exchange-rtm-2003.txt").below("v8.0")
    assert sorted(below) == ["admintools", "mailboxrole", "setup"]
    assert below["mailboxrole"]["configuredversion"] == "8.0.685.25"
    assert registry.Keys(Result(0, "HKEY_X\\A\\B\r\nHKEY_X\\A\\B\\C\r\n")).below("A").keys() == {"b"}


def test_a_value_before_any_key_is_nobodys() -> None:
    assert registry.Keys(Result(0, "    Lost    REG_SZ    x\r\nHKEY_X\\A\r\n")).value("A", "Lost") is None


@pytest.mark.parametrize(
    ("printed", "number"),
    [("0x18", 24), ("0X200", 512), ("24", 24), ("0x0", 0), ("", None), (None, None), ("word", None), ("0xZZ", None)],
)
def test_dword(printed: str | None, number: int | None) -> None:
    assert registry.dword(printed) == number


@given(st.text(max_size=300))
def test_garbage_holds_no_value(garbage: str) -> None:
    read = registry.Keys(Result(0, garbage))
    assert read.value(r"v8.0\Setup", "MsiInstallPath") is None
    assert read.below("v8.0") == {}
    registry.dword(garbage)
