# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_file: put and fetch, idempotent, atomic, and nothing left behind."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._files import LIMIT
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Result
from ansible_collections.mailops.exchange2007.plugins.modules.node_file import run
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.disk import Disk
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import task

THERE = r"C:\data\x"
KEY = THERE.lower()
NASTY = b"\0\x1a\r\n\xe4\xff-----END CERTIFICATE-----\r\n"
STAMP = "20260301T220000Z"
GENERATIONS = pytest.mark.parametrize("hashes", [True, False], ids=["2008", "2003"])


@pytest.fixture
def here(tmp_path: Path) -> Path:
    path = tmp_path / "x"
    path.write_bytes(NASTY)
    return path


def call(
    disk: Disk, src: str | Path, dest: str | Path, direction: str, *, check: bool = False, **more: Any
) -> dict[str, Any]:
    params = {"src": str(src), "dest": str(dest), "direction": direction, "force": True, "backup": False, "mode": None}
    made = task(disk, {**params, "timeout": 60, **more}, check=check)
    return {"commands": made.node.commands, **run(made)}


def state(data: bytes | None, *, hashed: bool = True) -> dict[str, Any]:
    """A file as the result shows it."""
    if data is None:
        return {"exists": False, "size": None, "checksum": None}
    return {"exists": True, "size": len(data), "checksum": hashlib.sha1(data).hexdigest() if hashed else None}


# --- put -----------------------------------------------------------------------------------------------------------


@GENERATIONS
@pytest.mark.parametrize(
    ("old", "before"),
    [(None, state(None)), (b"shorter", state(b"shorter", hashed=False)), (b"=" * len(NASTY), state(b"=" * len(NASTY)))],
)
def test_put(here: Path, hashes: bool, old: bytes | None, before: dict[str, Any]) -> None:
    disk = Disk({} if old is None else {THERE: old}, hashes=hashes)
    result = call(disk, here, THERE, "put")
    assert (result["changed"], result["before"], result["after"]) == (True, before, state(NASTY))
    assert result["checksum"] == hashlib.sha1(NASTY).hexdigest()
    assert disk.files == {KEY: NASTY}
    assert [command.split()[0] for command in result["commands"]] == ["findstr", "certutil", "move", "del"]
    assert disk.calls <= 12, "one shell is enough"


@GENERATIONS
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("content", [NASTY, b""])
def test_put_again_changes_nothing(tmp_path: Path, hashes: bool, check: bool, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    disk = Disk({THERE: content}, hashes=hashes)
    result = call(disk, tmp_path / "x", THERE, "put", check=check)
    assert (result["changed"], result["commands"]) == (False, [])
    assert result["before"] == result["after"] == state(content)
    assert disk.files == {KEY: content}


def test_put_in_check_mode_says_what_it_would_do(here: Path) -> None:
    disk = Disk({THERE: b"old"})
    would = call(disk, here, THERE, "put", check=True, backup=True)
    assert disk.files == {KEY: b"old"}
    did = call(disk, here, THERE, "put", backup=True)

    def lines(result: dict[str, Any]) -> list[str]:
        return [re.sub("-[0-9a-f]{8}[.]", "-T.", line) for line in result.pop("commands")]

    assert lines(would) == lines(did)
    assert would == did


def test_put_empty_file(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    disk = Disk({THERE: b"old"})
    assert call(disk, tmp_path / "x", THERE, "put")["after"] == state(b"")
    assert disk.files == {KEY: b""}


def test_put_with_backup(here: Path) -> None:
    disk = Disk({THERE: b"old"})
    result = call(disk, here, THERE, "put", backup=True)
    assert result["backup_file"] == rf"{THERE}.{STAMP}.bak"
    assert disk.files == {KEY: NASTY, result["backup_file"].lower(): b"old"}
    assert "backup_file" not in call(disk, here, THERE, "put", backup=True)


@pytest.mark.parametrize(("old", "changed"), [(b"old", False), (None, True)])
def test_put_without_force(here: Path, old: bytes | None, changed: bool) -> None:
    disk = Disk({THERE: old} if old else {})
    assert call(disk, here, THERE, "put", force=False)["changed"] is changed
    assert disk.files == {KEY: old or NASTY}


@pytest.mark.parametrize(
    ("dest", "said"),
    [
        (r"C:\none\x", r"has no folder C:\\none"),
        (r"C:\windows\temp", "On the node that is a folder"),
        (r"x", "not a full path"),
        (r"\\server\share\x", "on a share"),
    ],
)
def test_put_places_that_are_refused(here: Path, dest: str, said: str) -> None:
    disk = Disk()
    with pytest.raises(Refusal, match=said):
        call(disk, here, dest, "put")
    assert disk.files == {}


def test_put_to_the_root_of_a_drive(here: Path) -> None:
    disk = Disk()
    assert call(disk, here, r"C:\x", "put")["changed"]
    assert disk.files == {r"c:\x": NASTY}


def test_put_what_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file:
        file.truncate(LIMIT + 1)
    disk = Disk()
    with pytest.raises(Refusal, match=r"at most 8388608 \(8 MB\) of a file here\. Put it on a share"):
        call(disk, tmp_path / "x", THERE, "put")
    assert disk.lines == []


def test_put_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="No such file"):
        call(Disk(), tmp_path / "none", THERE, "put")


def test_put_with_mode(here: Path) -> None:
    with pytest.raises(Refusal, match="direction: fetch only"):
        call(Disk(), here, THERE, "put", mode="0644")


def test_put_is_seen_to_be_there(here: Path) -> None:
    disk = Disk()

    def somebody() -> None:
        disk.files.clear()

    disk.fault("^del", somebody)
    with pytest.raises(Failure, match="after the move it is absent") as failed:
        call(disk, here, THERE, "put")
    assert failed.value.changed


def test_put_that_leaves_something_behind_warns(here: Path) -> None:
    disk = Disk()
    disk.fault("^del", Result(1, "", "Zugriff verweigert\r\n"))
    result = call(disk, here, THERE, "put")
    assert "del /f /q" in result["warnings"][0]


def test_put_over_a_connection_that_breaks(here: Path) -> None:
    disk = Disk({THERE: b"old"})
    disk.lost("^findstr")
    with pytest.raises(ChannelLost):
        call(disk, here, THERE, "put")
    assert disk.files == {KEY: b"old"}
    assert call(disk, here, THERE, "put")["changed"], "and running it again finishes it"


# --- fetch ---------------------------------------------------------------------------------------------------------


@GENERATIONS
@pytest.mark.parametrize("content", [NASTY, b""])
@pytest.mark.parametrize("old", [None, b"older"])
def test_fetch(tmp_path: Path, hashes: bool, content: bytes, old: bytes | None) -> None:
    dest = tmp_path / "y"
    if old is not None:
        dest.write_bytes(old)
    disk = Disk({THERE: content}, hashes=hashes)
    result = call(disk, THERE, dest, "fetch")
    assert (result["changed"], result["after"], result["commands"]) == (True, state(content), [])
    assert result["before"] == state(old, hashed=False)
    assert (dest.read_bytes(), dest.stat().st_mode & 0o777) == (content, 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["y"]
    assert disk.files == {KEY: content}
    assert call(disk, THERE, dest, "fetch")["changed"] is False


@pytest.mark.parametrize("old", [None, b"old", b"new"])
def test_fetch_in_check_mode(tmp_path: Path, old: bytes | None) -> None:
    dest = tmp_path / "y"
    if old is not None:
        dest.write_bytes(old)
        dest.chmod(0o600)
    disk = Disk({THERE: b"new"}, hashes=False)
    would = call(disk, THERE, dest, "fetch", check=True, mode="0644")
    assert (dest.read_bytes() if dest.exists() else None) == old
    assert disk.files == {KEY: b"new"}
    assert would == call(disk, THERE, dest, "fetch", mode="0644")
    assert would["changed"]


def test_fetch_with_mode_and_backup(tmp_path: Path) -> None:
    (tmp_path / "y").write_bytes(b"old")
    result = call(Disk({THERE: b"new"}), THERE, tmp_path / "y", "fetch", mode="0640", backup=True)
    assert (tmp_path / "y").stat().st_mode & 0o777 == 0o640
    assert Path(result["backup_file"]).read_bytes() == b"old"
    assert result["backup_file"] == f"{tmp_path / 'y'}.{STAMP}.bak"


def test_fetch_changes_permissions_alone(tmp_path: Path) -> None:
    dest = tmp_path / "y"
    dest.write_bytes(b"new")
    dest.chmod(0o600)
    disk = Disk({THERE: b"new"})
    assert call(disk, THERE, dest, "fetch", mode="644")["changed"]
    assert dest.stat().st_mode & 0o777 == 0o644
    assert not call(disk, THERE, dest, "fetch", mode="0644")["changed"]
    assert not call(disk, THERE, dest, "fetch")["changed"]


@pytest.mark.parametrize("mode", [420, "rw", "0999", "", True, "07777"])
def test_fetch_modes_that_are_refused(tmp_path: Path, mode: Any) -> None:
    disk = Disk({THERE: b"new"})
    with pytest.raises(Refusal, match="quoted octal number"):
        call(disk, THERE, tmp_path / "y", "fetch", mode=mode)
    assert disk.lines == []


def test_fetch_without_force(tmp_path: Path) -> None:
    (tmp_path / "y").write_bytes(b"old")
    assert not call(Disk({THERE: b"new!"}), THERE, tmp_path / "y", "fetch", force=False)["changed"]
    assert (tmp_path / "y").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("src", "said"),
    [(r"C:\data\none", "no such file"), (r"C:\windows\temp", "that is a folder"), ("x", "not a full path")],
)
def test_fetch_what_is_no_file(tmp_path: Path, src: str, said: str) -> None:
    with pytest.raises(Failure, match=said):
        call(Disk(), src, tmp_path / "y", "fetch")


@pytest.mark.parametrize("size", ["8388609", "-2147483648"])
def test_fetch_what_is_too_large(tmp_path: Path, size: str) -> None:
    disk = Disk({THERE: b"x"})
    disk.fault("%~zI", Result(0, f"[{size}][--a------]\r\n"))
    with pytest.raises(Refusal, match="share"):
        call(disk, THERE, tmp_path / "y", "fetch")
    assert not any("-encode" in line for line in disk.lines)


@pytest.mark.parametrize(("name", "said"), [("none/y", "no folder"), ("", "is a folder")])
def test_fetch_places_that_are_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        call(Disk({THERE: b"x"}), THERE, tmp_path / name, "fetch")


def test_fetch_of_what_arrives_damaged_keeps_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "y").write_bytes(b"old")
    disk = Disk({THERE: b"new!"})
    disk.fault("^type", Result(0, "-----BEGIN CERTIFICATE-----\r\n"))
    with pytest.raises(Failure, match="there arrived"):
        call(disk, THERE, tmp_path / "y", "fetch")
    assert (tmp_path / "y").read_bytes() == b"old"


# --- both ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["~/x", "$HOME/x"])
def test_paths_of_the_controller_are_expanded(here: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("HOME", str(here.parent))
    disk = Disk({r"C:\data\$HOME": b"old"})
    assert call(disk, name, r"C:\data\$HOME", "put")["src"] == str(here)
    assert disk.files == {r"c:\data\$home": NASTY}, "those of the node are not"
    assert call(Disk({THERE: b"new"}), THERE, name, "fetch")["dest"] == str(here)
    assert here.read_bytes() == b"new"
