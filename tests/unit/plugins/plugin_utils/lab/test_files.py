# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The played file system."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.files import (
    FileSystem,
    FileSystemError,
    absolute,
    base_name,
    parent,
    split_root,
)


@pytest.fixture(name="files")
def files_fixture() -> FileSystem:
    files = FileSystem(free_bytes=1000)
    files.mkdir("C:\\Temp\\Deep")
    files.write("C:\\Temp\\a.txt", b"abc")
    return files


@pytest.mark.parametrize(
    ("path", "cwd", "expected"),
    [
        ("a.txt", "C:\\Temp", "C:\\Temp\\a.txt"),
        ("a.txt", "C:\\", "C:\\a.txt"),
        ("C:\\x\\..\\y\\.\\z", "C:\\", "C:\\y\\z"),
        ("..\\..\\..\\x", "C:\\a\\b", "C:\\x"),
        ("c:/windows/system32", "C:\\", "C:\\windows\\system32"),
        ("\\x", "D:\\a\\b", "D:\\x"),
        ("C:x", "C:\\a", "C:\\a\\x"),
        ("D:x", "C:\\a", "D:\\x"),
        ("x.", "C:\\a", "C:\\a\\x"),
        ("x . .", "C:\\a", "C:\\a\\x"),
        (".", "C:\\a", "C:\\a"),
        ("", "C:\\a", "C:\\a"),
        ("C:\\", "D:\\", "C:\\"),
        ("\\\\fs\\media\\sp1\\..\\sp2", "C:\\", "\\\\fs\\media\\sp2"),
        ("sp2", "\\\\fs\\media\\rtm", "\\\\fs\\media\\rtm\\sp2"),
    ],
)
def test_absolute(path: str, cwd: str, expected: str) -> None:
    assert absolute(path, cwd) == expected


@pytest.mark.parametrize(
    ("path", "above", "name"),
    [
        ("C:\\a\\b", "C:\\a", "b"),
        ("C:\\a", "C:\\", "a"),
        ("C:\\", "C:\\", ""),
        ("\\\\fs\\media\\x", "\\\\fs\\media\\", "x"),
    ],
)
def test_parent_and_name(path: str, above: str, name: str) -> None:
    assert (parent(path), base_name(path)) == (above, name)


def test_split_root() -> None:
    assert split_root("c:\\x") == ("C:", "\\x")
    assert split_root("\\\\fs\\media") == ("\\\\fs\\media", "\\")
    assert split_root("x\\y") == ("", "x\\y")


def test_names_have_no_case(files: FileSystem) -> None:
    assert files.read("c:\\TEMP\\A.TXT") == b"abc"
    files.write("C:\\temp\\A.TXT", b"new")
    assert files.listdir("c:\\temp") == ["a.txt", "Deep"]
    assert files.true_name("c:\\temp\\A.TXT") == "C:\\Temp\\a.txt"
    assert files.true_name("c:\\temp\\missing") == "c:\\temp\\missing"


def test_append(files: FileSystem) -> None:
    files.write("C:\\Temp\\a.txt", b"def", append=True)
    files.write("C:\\Temp\\new", b"x", append=True)
    assert files.read("C:\\Temp\\a.txt") == b"abcdef"
    assert files.read("C:\\Temp\\new") == b"x"


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda f: f.read("C:\\Temp\\missing"), 2),
        (lambda f: f.read("C:\\missing\\x"), 3),
        (lambda f: f.read("C:\\Temp"), 5),
        (lambda f: f.write("C:\\missing\\x", b""), 3),
        (lambda f: f.write("X:\\x", b""), 3),
        (lambda f: f.write("C:\\Temp", b""), 5),
        (lambda f: f.write("C:\\a*b", b""), 123),
        (lambda f: f.write("C:\\a:b", b""), 123),
        (lambda f: f.delete("C:\\Temp\\missing"), 2),
        (lambda f: f.delete("C:\\Temp"), 5),
        (lambda f: f.rename("C:\\missing", "C:\\x"), 2),
        (lambda f: f.rename("C:\\Temp\\a.txt", "C:\\no\\x"), 3),
        (lambda f: f.rename("C:\\Temp\\a.txt", "C:\\Temp\\a?"), 123),
        (lambda f: f.rename("C:\\Temp\\a.txt", "C:\\Temp\\Deep"), 5),
        (lambda f: f.mkdir("C:\\Temp"), 183),
        (lambda f: f.mkdir("C:\\Temp\\a.txt"), 183),
        (lambda f: f.mkdir("C:\\Temp\\a.txt\\x"), 3),
        (lambda f: f.mkdir("X:\\x"), 3),
        (lambda f: f.mkdir("C:\\a|b"), 123),
        (lambda f: f.rmdir("C:\\Temp"), 145),
        (lambda f: f.rmdir("C:\\missing"), 2),
        (lambda f: f.rmdir("C:\\Temp\\a.txt"), 267),
        (lambda f: f.listdir("C:\\missing"), 3),
        (lambda f: f.listdir("C:\\Temp\\a.txt"), 267),
    ],
)
def test_errors(files: FileSystem, act: Callable[[FileSystem], object], code: int) -> None:
    with pytest.raises(FileSystemError) as caught:
        act(files)
    assert caught.value.code == code


def test_a_written_file_is_locked_but_readable(files: FileSystem) -> None:
    handle = files.open_write("C:\\Temp\\log")
    handle.write(b"one")
    assert files.read("C:\\Temp\\log") == b"one"
    refused: tuple[Callable[[], object], ...] = (
        lambda: files.open_write("C:\\temp\\LOG", append=True),
        lambda: files.delete("C:\\Temp\\log"),
        lambda: files.delete("C:\\Temp\\log", force=True),
        lambda: files.rename("C:\\Temp\\log", "C:\\Temp\\log2"),
        lambda: files.rename("C:\\Temp\\a.txt", "C:\\Temp\\log", replace=True),
        lambda: files.rmdir("C:\\Temp", tree=True),
    )
    for act in refused:
        with pytest.raises(FileSystemError) as caught:
            act()
        assert caught.value.code == 32
    with pytest.raises(FileSystemError) as caught:
        files.rename("C:\\Temp", "C:\\Other")
    assert caught.value.code == 5
    handle.close()
    files.rename("C:\\Temp\\log", "C:\\Temp\\log2")
    assert files.read("C:\\Temp\\log2") == b"one"


def test_read_only(files: FileSystem) -> None:
    entry = files.entry("C:\\Temp\\a.txt")
    assert entry is not None
    entry.read_only = True
    refused: tuple[Callable[[], object], ...] = (
        lambda: files.write("C:\\Temp\\a.txt", b""),
        lambda: files.delete("C:\\Temp\\a.txt"),
    )
    for act in refused:
        with pytest.raises(FileSystemError) as caught:
            act()
        assert caught.value.code == 5
    files.delete("C:\\Temp\\a.txt", force=True)
    assert not files.exists("C:\\Temp\\a.txt")


def test_rename(files: FileSystem) -> None:
    files.write("C:\\Temp\\b.txt", b"b")
    with pytest.raises(FileSystemError) as caught:
        files.rename("C:\\Temp\\a.txt", "C:\\Temp\\b.txt")
    assert caught.value.code == 183
    files.rename("C:\\Temp\\a.txt", "C:\\Temp\\b.txt", replace=True)
    assert files.read("C:\\Temp\\b.txt") == b"abc"
    files.rename("C:\\Temp\\b.txt", "C:\\Temp\\B.TXT")
    assert files.listdir("C:\\Temp") == ["B.TXT", "Deep"]
    files.rename("C:\\Temp", "C:\\Moved")
    assert files.read("C:\\moved\\b.txt") == b"abc"
    assert files.is_dir("C:\\Moved\\Deep")
    assert not files.exists("C:\\Temp")


def test_mkdir_makes_what_is_above(files: FileSystem) -> None:
    files.mkdir("C:\\1\\2\\3")
    assert files.is_dir("C:\\1\\2")
    files.mkdir("C:\\1\\2", exist_ok=True)


def test_rmdir_tree(files: FileSystem) -> None:
    free = files.free_bytes
    files.rmdir("C:\\Temp", tree=True)
    assert not files.exists("C:\\Temp\\a.txt")
    assert not files.exists("C:\\Temp")
    assert files.free_bytes == free + 3
    files.rmdir("C:\\", tree=True)
    assert files.is_dir("C:\\")


def test_disk_full(files: FileSystem) -> None:
    files.free_bytes = 4
    with pytest.raises(FileSystemError) as caught:
        files.write("C:\\Temp\\big", b"12345")
    assert caught.value.code == 112
    assert files.read("C:\\Temp\\big") == b""  # it was made before the disk was found full
    files.write("C:\\Temp\\a.txt", b"1234567")  # its own three bytes came free
    assert files.free_bytes == 0
    files.delete("C:\\Temp\\a.txt")
    assert files.free_bytes == 7


def test_a_full_disk_leaves_no_lock(files: FileSystem) -> None:
    files.free_bytes = 0
    with pytest.raises(FileSystemError):
        files.write("C:\\Temp\\big", b"1")
    files.delete("C:\\Temp\\big")


def test_programs_and_other_roots(files: FileSystem) -> None:
    files.add_program("C:\\Windows\\system32\\reg.exe", "reg", "6.0.6002")
    entry = files.entry("c:\\windows\\SYSTEM32\\REG.EXE")
    assert entry is not None
    assert (entry.program, entry.version) == ("reg", "6.0.6002")
    files.add_root("D:")
    files.add_root("\\\\fs\\media")
    files.write("D:\\x", b"1")
    files.write("\\\\FS\\media\\setup.com", b"1")
    assert files.listdir("D:\\") == ["x"]
    assert files.listdir("\\\\fs\\media") == ["setup.com"]
    assert files.entry("C:\\Windows") is None


def test_time_of_change() -> None:
    times = iter((5.0, 9.0))
    files = FileSystem(now=lambda: next(times))
    files.write("C:\\x", b"")
    files.write("C:\\x", b"1", append=True)
    entry = files.entry("C:\\x")
    assert entry is not None
    assert entry.mtime == 9.0


def test_a_file_that_grows_in_pieces_is_read_whole_at_any_time() -> None:
    files = FileSystem(("C:",), 2**20, lambda: 0.0)
    with files.open_write("C:\\log") as handle:
        for number in range(3):
            handle.write(b"%d" % number)
            assert files.read("C:\\log") == b"012"[: number + 1]
        handle.write(b"3")
        handle.write(b"4")
    assert files.read("C:\\log") == b"01234"
