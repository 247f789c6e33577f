# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_file: bytes go over as they are; nothing is written twice, and nothing half."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import console, console_code

Module = Callable[..., dict[str, Any]]
Faulty = Callable[..., Any]

EVERY_BYTE = bytes(range(256)) * 40 + b"\r\n\x1a\x00 %PATH% & more\n"
TARGET = r"D:\media\Ümläut & (x).bin"


def listing(lab: Lab) -> list[str]:
    """What lies in the folder that the tests write to."""
    return sorted(console(lab, "NODEA", r"dir /b D:\media").split("\n"))


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A file of the controller."""
    path = tmp_path / "here.bin"
    path.write_bytes(EVERY_BYTE)
    return path


def put(src: Path, dest: str = TARGET, **more: Any) -> dict[str, Any]:
    """Arguments of a put."""
    return {"src": str(src), "dest": dest, **more}


def test_there_and_back(pair: Lab, module: Module, here: Path, tmp_path: Path) -> None:
    """Byte for byte, also an empty file; the second time nothing is done; nothing else is left beside it."""
    for data in (EVERY_BYTE, b"", b"short"):
        here.write_bytes(data)
        result = module(pair, "nodea", "node_file", **put(here))
        assert result["changed"], result
        assert result["after"]["size"] == len(data)
        files = listing(pair)
        again = module(pair, "nodea", "node_file", **put(here))
        assert (again["changed"], again["commands"], again["before"]) == (False, [], again["after"])
        assert listing(pair) == files
        assert [name for name in files if name.startswith("mailops")] == []
        back = tmp_path / "back.bin"
        fetched = module(pair, "nodea", "node_file", direction="fetch", src=TARGET, dest=str(back))
        assert fetched["changed"], fetched
        assert back.read_bytes() == data
        assert fetched["checksum"] == result["checksum"]
        assert not module(pair, "nodea", "node_file", direction="fetch", src=TARGET, dest=str(back))["changed"]


def test_backup_and_no_force(pair: Lab, module: Module, here: Path) -> None:
    """The old content stays beside the new one; without force it stays in its place."""
    dest = r"D:\media\kept.txt"
    module(pair, "nodea", "node_file", **put(here, dest))
    here.write_bytes(b"new")
    assert not module(pair, "nodea", "node_file", **put(here, dest, force=False))["changed"]
    result = module(pair, "nodea", "node_file", **put(here, dest, backup=True))
    assert result["changed"]
    assert console_code(pair, "NODEA", f'if exist "{result["backup_file"]}" (exit 0) else exit 1') == 0
    assert console(pair, "NODEA", f'type "{dest}"') == "new"


def test_check_mode_and_diff(pair: Lab, foretell: Module, here: Path, tmp_path: Path) -> None:
    """Sizes and checksums, in both directions; nothing is written on either side."""
    back = tmp_path / "never.txt"
    told = foretell(
        pair,
        [
            ("put", "nodeb", "node_file", put(here, r"D:\media\new.txt")),
            (
                "fetch",
                "nodeb",
                "node_file",
                {"direction": "fetch", "src": r"D:\media\sp2\Setup.com", "dest": str(back)},
            ),
            ("refused", "nodeb", "node_file", put(here, r"D:\nosuch\x.txt")),
        ],
    )
    assert told["put"]["changed"]
    assert told["put"]["commands"][-2].startswith("move /y ")
    assert str(len(EVERY_BYTE)) in told["put"]["diff"]["after"]
    assert told["put"]["before"] == {"exists": False, "size": None, "checksum": None}
    assert told["fetch"]["changed"]
    assert not back.exists()
    assert r"no folder D:\nosuch" in told["refused"]["msg"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"dest": r"D:\nosuch\x.txt"}, (r"no folder D:\nosuch",)),
        ({"dest": r"D:\media"}, ("that is a folder",)),
        ({"dest": "x.txt"}, ("not a full path",)),
        ({"dest": r"\\NODEB\C$\x.txt"}, ("on a share",)),
        ({"dest": r"D:\media\%TEMP%"}, ("%",)),
        ({"dest": r"D:\media\nul"}, ("device",)),
        ({"mode": "0644"}, ("mode is for direction: fetch only",)),
        ({"src": "/nowhere/x"}, ("/nowhere/x",)),
        ({"direction": "fetch", "src": r"D:\media\nosuch.txt", "dest": "x"}, ("no such file",)),
        ({"direction": "fetch", "src": r"D:\media", "dest": "x"}, ("folder",)),
        ({"direction": "fetch", "src": r"C:\boot.ini", "dest": "x", "mode": 644}, ("octal",)),
        ({"direction": "send"}, ("put, fetch",)),
    ],
)
def test_refusals(pair: Lab, refused: Module, here: Path, arguments: dict[str, Any], words: tuple[str, ...]) -> None:
    """Nothing is written."""
    refused(pair, "nodea", "node_file", *words, **(put(here) | arguments))


def test_a_file_that_is_too_large(pair: Lab, refused: Module, here: Path) -> None:
    """8 MB is the limit, and what to do with more."""
    with here.open("wb") as file:
        file.truncate(8 * 1024 * 1024 + 1)
    refused(pair, "nodea", "node_file", "8388609 bytes", "8 MB", "share", **put(here))


@pytest.mark.parametrize(
    ("program", "match"),
    [("certutil", "-decode"), ("findstr", "")],
)
@pytest.mark.parametrize("fault", ["denied", "no_effect"])
def test_a_put_that_fails(
    pair: Lab, module: Module, faulty: Faulty, here: Path, program: str, match: str, fault: str
) -> None:
    """The old file is as it was, and nothing half-made stays beside it."""
    dest = r"D:\media\whole.txt"
    here.write_bytes(b"old")
    module(pair, "nodea", "node_file", **put(here, dest))
    files = listing(pair)
    here.write_bytes(b"new content")
    with faulty(pair, fault, program=program, match=match):
        result = module(pair, "nodea", "node_file", **put(here, dest))
    assert result["failed"]
    assert "defect" not in result["msg"]
    assert console(pair, "NODEA", f'type "{dest}"') == "old"
    assert listing(pair) == files


def test_a_full_disk(start_lab: Callable[..., Lab], module: Module, here: Path) -> None:
    """It fails with what Windows says, and the old file is there."""
    lab = start_lab()
    module(lab, "nodea", "node_file", **put(here))
    here.write_bytes(EVERY_BYTE * 3)
    lab.inject("disk_full", host="NODEA", free="100")
    result = module(lab, "nodea", "node_file", **put(here))
    assert result["failed"]
    assert "defect" not in result["msg"]
    assert f" {len(EVERY_BYTE):,} " in console(lab, "NODEA", f'for %I in ("{TARGET}") do @echo  %~zI ').replace(
        str(len(EVERY_BYTE)), f"{len(EVERY_BYTE):,}"
    )
