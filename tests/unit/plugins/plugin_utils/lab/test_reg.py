# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""reg.exe: the two layouts, types, missing keys, changes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BytesStdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.language import Language
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import World
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.native_lab import (
    make_world,
    run,
    turn,
)

KEY = r"HKLM\SOFTWARE\Lab"
FULL = r"HKEY_LOCAL_MACHINE\SOFTWARE\Lab"
VALUES: dict[str, tuple[Any, str]] = {
    "Two Words": ("some text", ""),
    "Folder": (r"%SystemRoot%\inf", "REG_EXPAND_SZ"),
    "Number": (24, ""),
    "Parts": (["a", "b", ""], ""),
    "Bytes": (b"\x01\xab", ""),
    "Empty": ("", ""),
}
MISSING = "ERROR: The system was unable to find the specified registry key or value.\n"  # reg-query-missing-en.txt


def registry(family: str = "2003", **top: Any) -> World:
    """A world with one filled key and a sub-key on NODEA."""
    world = make_world(windows={"family": family}, **top)
    for name, (data, kind) in VALUES.items():
        world.hosts["nodea"].registry.set(KEY, name, data, kind)
    world.hosts["nodea"].registry.set(KEY + r"\Below", "x", 1)
    return world


def test_layout_of_2003() -> None:
    world = make_world()
    key = r"HKLM\SOFTWARE\Microsoft\Windows\Probe"
    world.hosts["nodea"].registry.set(key, "DevicePath", r"%SystemRoot%\inf", "REG_EXPAND_SZ")
    # reg-query-xp-2003-en.txt
    expected = (
        "\n! REG.EXE VERSION 3.0\n\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\Probe\n"
        "    DevicePath\tREG_EXPAND_SZ\t%SystemRoot%\\inf\n\n"
    )
    assert run(world, "NODEA", f"reg query {key} /v DevicePath").out == expected
    blanks = run(turn(world, reg_separator="blanks"), "NODEA", f"reg query {key} /v devicepath").out
    assert blanks == expected.replace("\t", "    ")


def test_layout_of_2008() -> None:
    world = make_world(windows={"family": "2008"})
    key = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
    world.hosts["nodea"].registry.set(key, "ConsentPromptBehaviorAdmin", 0)
    world.hosts["nodea"].registry.set(key, "PromptOnSecureDesktop", 0)
    # reg-query-vista-2008-en.txt
    assert run(world, "NODEA", f"reg query {key}").out == (
        "\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\n"
        "    ConsentPromptBehaviorAdmin    REG_DWORD    0x0\n"
        "    PromptOnSecureDesktop    REG_DWORD    0x0\n\n"
    )


ROWS = [
    "    Two Words    REG_SZ    some text",
    r"    Folder    REG_EXPAND_SZ    %SystemRoot%\inf",
    "    Number    REG_DWORD    0x18",
    r"    Parts    REG_MULTI_SZ    a\0b\0",
    "    Bytes    REG_BINARY    01AB",
    "    Empty    REG_SZ    ",
]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", [FULL, *ROWS, "", FULL + r"\Below"]),
        ("/s", [FULL, *ROWS, "", FULL + r"\Below", "    x    REG_DWORD    0x1"]),
        ('/v "two words"', [FULL, ROWS[0]]),
        ("/v Number", [FULL, ROWS[2]]),
        ("/ve", [FULL, "    (Default)    REG_SZ    (value not set)"]),
    ],
)
def test_query_on_2008(options: str, expected: list[str]) -> None:
    result = run(registry("2008"), "NODEA", f'reg query "{KEY}" {options}')
    assert (result.rc, result.err, result.mutating) == (0, "", False)
    assert result.out == "\n" + "\n".join(expected) + "\n\n"


def test_the_unnamed_value_on_2003() -> None:
    world = registry()
    assert run(world, "NODEA", f"reg query {KEY} /ve").rc == 1
    run(world, "NODEA", f"reg add {KEY} /ve /d hello /f")
    assert "\n    <NO NAME>\tREG_SZ\thello\n" in run(world, "NODEA", f"reg query {KEY} /ve").out


def test_a_key_without_values() -> None:
    for family, shown in (("2003", True), ("2008", False)):
        world = registry(family)
        run(world, "NODEA", r"reg add HKLM\SOFTWARE\Bare")
        result = run(world, "NODEA", r"reg query HKLM\SOFTWARE\Bare")
        assert result.rc == 0
        assert (r"HKEY_LOCAL_MACHINE\SOFTWARE\Bare" in result.out) is shown


@pytest.mark.parametrize(
    "line",
    [
        r"reg query HKLM\SOFTWARE\Nothing",
        f"reg query {KEY} /v Nothing",
        f"reg delete {KEY} /v Nothing /f",
        r"reg delete HKLM\SOFTWARE\Nothing /f",
    ],
)
@pytest.mark.parametrize("family", ["2003", "2008"])
def test_missing(family: str, line: str) -> None:
    result = run(registry(family), "NODEA", line)
    assert (result.rc, result.out, result.err, result.mutating) == (1, "", MISSING, False)


@pytest.mark.parametrize(
    "line",
    [
        "reg",
        "reg nonsense",
        "reg query",
        r"reg query HKXX\A",
        f"reg query {KEY} /nonsense",
        f"reg query {KEY} /v",
        f"reg add {KEY} /v A /t REG_NONSENSE",
        f"reg add {KEY} /v A /t REG_DWORD /d x",
        f"reg add {KEY} /v A /t REG_BINARY /d x",
    ],
)
def test_nonsense(line: str) -> None:
    result = run(registry(), "NODEA", line)
    assert (result.rc, result.out, result.mutating) == (1, "", False)
    assert result.err.startswith("ERROR: Invalid ")


@pytest.mark.parametrize(
    ("options", "name", "data"),
    [
        ("/v A /d text", "A", "text"),
        ("/v A /t REG_EXPAND_SZ /d %PATH%", "A", "%PATH%"),
        ("/v A /t reg_dword /d 24", "A", 24),
        ("/v A /t REG_DWORD /d 0x18", "A", 24),
        ("/v A /t REG_DWORD", "A", 0),
        (r"/v A /t REG_MULTI_SZ /d one\0two", "A", ["one", "two"]),
        ("/v A /t REG_MULTI_SZ /s ; /d one;two", "A", ["one", "two"]),
        ("/v A /t REG_BINARY /d 01ab", "A", b"\x01\xab"),
        ("/ve /d text", "", "text"),
        ("/v Number /d new /f", "Number", "new"),
    ],
)
def test_add(options: str, name: str, data: object) -> None:
    world = registry()
    result = run(world, "NODEA", f"reg add {KEY} {options}")
    assert (result.rc, result.out, result.mutating) == (0, "The operation completed successfully.\n", True)
    assert world.hosts["nodea"].registry.get(KEY, name) == data


@pytest.mark.parametrize(("answer", "rc", "left"), [(b"y\r\n", 0, "new"), (b"n\r\n", 1, 24), (b"", 1, 24)])
def test_an_existing_value_is_asked_about(answer: bytes, rc: int, left: object) -> None:
    world = registry()
    result = run(world, "NODEA", f"reg add {KEY} /v Number /d new", stdin=BytesStdin(answer))
    assert result.rc == rc
    assert "Value Number exists, overwrite(Yes/No)?" in result.out
    assert world.hosts["nodea"].registry.get(KEY, "Number") == left


@pytest.mark.parametrize(
    ("options", "value_left", "key_left"),
    [("/v Number", False, True), ("/va", False, True), ("", False, False), ("/v Empty", True, True)],
)
def test_delete(options: str, value_left: bool, key_left: bool) -> None:
    world = registry()
    result = run(world, "NODEA", f"reg delete {KEY} {options} /f")
    assert (result.rc, result.mutating) == (0, True)
    found = world.hosts["nodea"].registry
    assert (found.get(KEY, "Number") is not None) is value_left
    assert found.has_key(KEY) is key_left


def test_delete_asks() -> None:
    world = registry()
    assert run(world, "NODEA", f"reg delete {KEY}").rc == 1
    assert world.hosts["nodea"].registry.has_key(KEY)


@pytest.mark.parametrize("line", [f"reg add {KEY} /v A /d b /f", f"reg delete {KEY} /f"])
def test_who_is_no_administrator_may_only_read(line: str) -> None:
    world = registry()
    world.hosts["nodea"].standard_users.add("upgrade")
    result = run(world, "NODEA", line)
    assert (result.rc, result.err, result.mutating) == (1, "ERROR: Access is denied.\n", False)
    assert run(world, "NODEA", f"reg query {KEY}").rc == 0


def test_the_cluster_hive_is_there_while_the_cluster_service_runs() -> None:
    world = make_world()
    assert "\tCLUS1\n" in run(world, "NODEA", r"reg query HKLM\Cluster /v ClusterName").out
    assert "\tNODEWITHFIFTEEN\n" in run(world, "NODEA", r"reg query HKLM\Cluster\Nodes /s").out
    run(world, "NODEA", "cluster node /stop /wait:60")
    assert run(world, "NODEA", r"reg query HKLM\Cluster").rc == 1


def test_foreign_words_leave_names_and_types() -> None:
    world = make_world(windows={"language": "xx"})
    world.hosts["nodea"].registry.set(KEY, "Two Words", "some text")
    assert "    Two Words\tREG_SZ\tsome text\n" in run(world, "NODEA", f"reg query {KEY}").out
    assert run(world, "NODEA", r"reg query HKLM\Nothing").err == Language("xx").text(MISSING)
