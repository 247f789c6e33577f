# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files to and from a node, byte for byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _files as files
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._files import Entry, Kind, NodeFiles, State, Upload
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Node, Result
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.disk import Disk, armour
from hypothesis import given
from hypothesis import strategies as st

NASTY = [
    pytest.param(b"", id="empty"),
    pytest.param(b"\0", id="nul"),
    pytest.param(b"a\x1ab", id="ctrl-z"),
    pytest.param(b"a\r\nb\nc\rd", id="line-ends"),
    pytest.param("Grüße はい".encode(), id="utf-8"),
    pytest.param(bytes(range(256)) * 300, id="every-byte"),
    pytest.param(b"-----END CERTIFICATE-----\r\n", id="looks-like-the-end"),
    pytest.param(b"x" * 48, id="one-full-row"),
    pytest.param(b"x" * 49, id="one-row-and-one-byte"),
]


def tools(disk: Disk, *, check: bool = False) -> tuple[NodeFiles, Node]:
    node = Node("nodeb", disk, check_mode=check)
    return NodeFiles(node, 60, "t"), node


# --- text and bytes ------------------------------------------------------------------------------------------------


@given(st.binary(max_size=5000))
def test_armour_is_certutils_and_comes_back(data: bytes) -> None:
    text = files.armoured(data)
    assert text == armour(data)
    assert files.unarmoured(text.decode("ascii")) == data


@given(st.binary(min_size=1, max_size=500), st.data())
def test_a_text_that_is_cut_off_is_never_taken_for_a_file(data: bytes, draw: st.DataObject) -> None:
    text = files.armoured(data).decode("ascii").rstrip()
    end = draw.draw(st.integers(0, len(text) - 1))
    with pytest.raises(ValueError, match="not one base64 block"):
        files.unarmoured(text[:end])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Zugriff verweigert\r\n",
        armour(b"abc").decode() + "and more",
        "before " + armour(b"abc").decode(),
        armour(b"abcdef").decode().replace("YWJj", "YW"),
        armour(b"abcdef").decode().replace("YWJj", "Y?Jj"),
    ],
)
def test_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        files.unarmoured(text)


@pytest.mark.parametrize(
    ("rc", "stdout", "expected"),
    [
        (
            0,
            "SHA-1 hash of file x:\r\nda 39 a3 ee 5e 6b 4b 0d 32 55 bf ef 95 60 18 90 af d8 07 09\r\nCertUtil: ok\r\n",
            True,
        ),
        (0, "Хэш SHA1:\r\nDA39A3EE5E6B4B0D3255BFEF95601890AFD80709\r\n", True),
        (1, "da39a3ee5e6b4b0d3255bfef95601890afd80709\r\n", False),
        (0, "d41d8cd98f00b204e9800998ecf8427e\r\n", False),
        (-2147024809, "CertUtil: Unknown arg: -hashfile\r\n", False),
    ],
)
def test_parse_sha1(rc: int, stdout: str, expected: bool) -> None:
    assert files.parse_sha1(Result(rc, stdout)) == (hashlib.sha1(b"").hexdigest() if expected else None)


@pytest.mark.parametrize(
    ("rc", "expected"),
    [(0, 0), (1, 1), (-2147024894, 2), (-2147024784, 112), (0x80070005, 5), (-2146885628, -2146885628)],
)
def test_win32_code(rc: int, expected: int) -> None:
    assert files.win32_code(Result(rc)) == expected


@pytest.mark.parametrize(
    ("stdout", "expected"),
    [
        ("[12][--a------]\r\n", Entry(Kind.FILE, 12)),
        ("[0][-----------]\r\n", Entry(Kind.FILE, 0)),
        ("[-5][--a------]\r\n", Entry(Kind.FILE, -5)),
        ("[0][d--------]\r\n", Entry(Kind.FOLDER)),
        ("[][d--hs----]\r\n", Entry(Kind.FOLDER)),
        ("[][]\r\n", Entry(Kind.ABSENT)),
        ("[][--a------]\r\n", Entry(Kind.UNKNOWN)),
        ("", Entry(Kind.UNKNOWN)),
        ("Das System kann den Pfad nicht finden.\r\n", Entry(Kind.UNKNOWN)),
    ],
)
def test_parse_entry(stdout: str, expected: Entry) -> None:
    assert files.parse_entry(Result(0, stdout)) == expected


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_path", "expected"),
    [
        (r"C:\x.txt", r"C:\x.txt"),
        ("d:/media/a b.txt", r"d:\media\a b.txt"),
        (r"C:\a & b (c)\^x!'=,;~.txt", r"C:\a & b (c)\^x!'=,;~.txt"),
        ("C:\\Größe\\はい.txt", "C:\\Größe\\はい.txt"),
    ],
)
def test_node_path(given_path: str, expected: str) -> None:
    assert files.node_path(given_path, "Putting") == expected


@pytest.mark.parametrize(
    ("given_path", "said"),
    [
        ("x.txt", "not a full path"),
        (r"\x.txt", "not a full path"),
        (r"C:x.txt", "not a full path"),
        ("C:\\", "not a full path"),
        ("C:\\folder\\", "not a full path"),
        (r"C:\a\*.txt", "not a full path"),
        (r"C:\a\b?.txt", "not a full path"),
        (r"C:\a\..\b", "not a full path"),
        (r"C:\a\b.", "not a full path"),
        ("C:\\a\\b ", "not a full path"),
        (r"C:\a\b:stream", "not a full path"),
        (r"C:\a|b", "not a full path"),
        (r"C:\a\con", "names a device"),
        (r"C:\NUL.tar.gz\x", "names a device"),
        (r"C:\lpt1 .txt", "names a device"),
        ("C:\\com\u00b2", "names a device"),
        (r"\\server\share\x", "on a share"),
        ("//server/share/x", "on a share"),
    ],
)
def test_paths_that_are_refused(given_path: str, said: str) -> None:
    with pytest.raises(Refusal, match=said) as refused:
        files.node_path(given_path, "Putting the file")
    assert repr(given_path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("char", ["%", '"', "\n", "\0", "\x07"])
def test_paths_that_cannot_be_passed(char: str) -> None:
    with pytest.raises(Unquotable):
        files.node_path(f"C:\\a{char}b", "Putting the file")


@pytest.mark.parametrize(
    ("size", "said"), [(files.LIMIT + 1, "8388609 bytes"), (-7, "more than 2 GB"), (5 << 30, "5368709120 bytes")]
)
def test_sizes_that_are_refused(size: int, said: str) -> None:
    with pytest.raises(Refusal, match="share") as refused:
        files.refuse_size(size, "Putting the file", "x")
    assert said in str(refused.value)


def test_the_limit_itself_is_allowed_and_fits_the_connection() -> None:
    files.refuse_size(files.LIMIT, "Putting", "x")
    files.refuse_size(0, "Putting", "x")
    assert len(files.armoured(b"x" * files.LIMIT)) < 16_777_216


# --- the node ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hashes", [True, False], ids=["2008", "2003"])
@pytest.mark.parametrize("data", NASTY)
def test_put_then_read(data: bytes, hashes: bool) -> None:
    disk = Disk(hashes=hashes)
    mine, _node = tools(disk)
    mine.put(Upload(r"C:\a & b (c)\x y.txt", "t"), data, None)
    assert disk.files == {r"c:\a & b (c)\x y.txt": data}
    assert mine.read(r'"C:\a & b (c)\x y.txt"', len(data)) == data
    assert mine.checksum(r"C:\a & b (c)\x y.txt", len(data)) == hashlib.sha1(data).hexdigest()
    assert len(disk.files) == 1, "nothing temporary is left"


@given(st.binary(max_size=3000), st.booleans())
def test_any_bytes_go_there_and_back(data: bytes, hashes: bool) -> None:
    disk = Disk({r"C:\data\x": b"old"}, hashes=hashes)
    mine, node = tools(disk)
    mine.put(Upload(r"C:\data\x", "t"), data, r"C:\data\x.bak")
    assert disk.files == {r"c:\data\x": data, r"c:\data\x.bak": b"old"}
    assert mine.read(r'"C:\data\x"', len(data)) == data
    assert node.commands == Upload(r"C:\data\x", "t").lines(len(data), r"C:\data\x.bak")


@pytest.mark.parametrize(
    ("pattern", "answer", "said"),
    [
        ("^findstr", Result(1, "", "Zugriff verweigert\r\n"), "Check the account's rights"),
        ("-decode", Result(-2147024784, "CertUtil: 0x80070070 (WIN32: 112)\r\n"), "112 ERROR_DISK_FULL"),
        ("-decode", Result(-2146885628, "CertUtil: kaputt\r\n"), "kaputt"),
        ("^copy", Result(1, "Zugriff verweigert\r\n"), "Check the account's rights"),
        ("^move", Result(1, "", "Zugriff verweigert\r\n"), "read-only or in use"),
    ],
)
def test_a_step_that_fails_leaves_the_file_as_it_was(pattern: str, answer: Result, said: str) -> None:
    disk = Disk({r"C:\data\x": b"old"})
    disk.fault(pattern, answer)
    with pytest.raises(Failure, match=said) as failed:
        tools(disk)[0].put(Upload(r"C:\data\x", "t"), b"new", r"C:\data\x.bak")
    assert not failed.value.changed
    assert disk.files.pop(r"c:\data\x.bak", b"old") == b"old"
    assert disk.files == {r"c:\data\x": b"old"}


@pytest.mark.parametrize("hashes", [True, False], ids=["2008", "2003"])
@pytest.mark.parametrize("wrong", [b"nex", b"ne", b"new!"])
def test_what_arrives_changed_replaces_nothing(wrong: bytes, hashes: bool) -> None:
    disk = Disk({r"C:\data\x": b"old"}, hashes=hashes)

    def damage() -> None:
        disk.files[Upload(r"C:\data\x", "t").encoded.lower()] = armour(wrong)

    disk.fault("-decode", damage)
    with pytest.raises(Failure, match="Nothing was replaced"):
        tools(disk)[0].put(Upload(r"C:\data\x", "t"), b"new", None)
    assert disk.files == {r"c:\data\x": b"old"}


@pytest.mark.parametrize("pattern", ["^findstr", "-decode", "^move"])
def test_a_lost_connection_still_cleans_up_over_a_new_one(pattern: str) -> None:
    disk = Disk({r"C:\data\x": b"old"})
    disk.lost(pattern)
    disk.lost("^del")
    with pytest.raises(ChannelLost):
        tools(disk)[0].put(Upload(r"C:\data\x", "t"), b"new", None)
    assert disk.files == {r"c:\data\x": b"old"}
    assert disk.resets == 2


def test_what_an_earlier_put_left_behind_goes_with_the_next() -> None:
    earlier, other = Upload(r"C:\DATA\X", "earlier"), Upload(r"C:\data\y", "other")
    disk = Disk({earlier.encoded: b"1", earlier.fresh: b"2", other.encoded: b"3"})
    tools(disk)[0].put(Upload(r"C:\data\x", "t"), b"new", None)
    assert disk.files == {r"c:\data\x": b"new", other.encoded.lower(): b"3"}


def test_a_node_that_stays_away_gives_the_first_error() -> None:
    disk = Disk()
    disk.lost(".", times=9)
    with pytest.raises(ChannelLost):
        tools(disk)[0].put(Upload(r"C:\data\x", "t"), b"new", None)
    assert [line.split()[0] for line in disk.lines] == ["findstr", "del", "del"]


def test_reading_when_the_connection_breaks_removes_the_copy() -> None:
    disk = Disk({r"C:\data\x": b"old"})
    disk.lost("^type")
    with pytest.raises(ChannelLost):
        tools(disk)[0].read(r'"C:\data\x"')
    assert disk.files == {r"c:\data\x": b"old"}


def test_reading_over_a_node_that_stays_away() -> None:
    disk = Disk()
    disk.lost(".", times=9)
    with pytest.raises(ChannelLost):
        tools(disk)[0].read(r'"C:\data\x"')
    assert disk.resets == 2


def test_reading_changes_nothing_and_works_in_check_mode() -> None:
    disk = Disk({r"C:\data\x": b"old"}, hashes=False)
    mine, node = tools(disk, check=True)
    assert mine.checksum(r"C:\data\x", 3) == hashlib.sha1(b"old").hexdigest()
    assert node.commands == []
    assert disk.files == {r"c:\data\x": b"old"}


def test_reading_a_file_that_is_in_use() -> None:
    disk = Disk({r"C:\data\x": b"old"})
    disk.fault("-encode", Result(-2147024864, "CertUtil: 0x80070020 (WIN32: 32)\r\n"))
    with pytest.raises(Failure, match="32 ERROR_SHARING_VIOLATION"):
        tools(disk)[0].read(r'"C:\data\x"')


def test_reading_what_arrives_damaged() -> None:
    disk = Disk({r"C:\data\x": b"old"})
    disk.fault("^type", Result(0, armour(b"new").decode()))
    with pytest.raises(Failure, match="checksum is not"):
        tools(disk)[0].read(r'"C:\data\x"')


def test_look_without_certutil() -> None:
    with pytest.raises(Failure, match=r"no certutil\.exe") as failed:
        tools(Disk(certutil=False))[0].look("Putting the file", r"C:\x")
    assert "\n" not in str(failed.value)


def test_look_at_what_cannot_be_read() -> None:
    disk = Disk()
    disk.fault(r"%~zI", Result(0, "?"))
    with pytest.raises(Failure, match=r"attributes of C:\\x can't be read"):
        tools(disk)[0].look("Putting the file", r"C:\x")


@pytest.mark.parametrize(
    ("entry", "comparing", "expected"),
    [
        (Entry(Kind.ABSENT), 3, State()),
        (Entry(Kind.FOLDER), 3, State()),
        (Entry(Kind.FILE, 3), 4, State(True, 3, None)),
        (Entry(Kind.FILE, 3), 3, State(True, 3, hashlib.sha1(b"old").hexdigest())),
    ],
)
def test_state_is_hashed_only_where_it_matters(entry: Entry, comparing: int, expected: State) -> None:
    assert tools(Disk({r"C:\data\x": b"old"}))[0].state(r"C:\data\x", entry, comparing) == expected


# --- the controller ------------------------------------------------------------------------------------------------


def test_local_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    files.write_local(path, b"new\0", 0o640, str(tmp_path / "x.bak"), "Fetching")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"x": b"new\0", "x.bak": b"old"}
    assert path.stat().st_mode & 0o777 == 0o640


def test_local_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "inside").touch()
    with pytest.raises(Refusal, match="On the controller:"):
        files.write_local(tmp_path / "x", b"new", 0o600, None, "Fetching")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_local_state(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert files.local_state(path, 3, "Fetching") == State()
    path.write_bytes(b"old")
    assert files.local_state(path, 3, "Fetching") == files.state_of(b"old")
    assert files.local_state(path, 4, "Fetching") == State(True, 3, None)


@pytest.mark.parametrize(("name", "said"), [("none/x", "no folder"), (".", "is a folder"), ("x/y", "no folder")])
def test_local_places_that_are_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(Refusal, match=said):
        files.local_state(tmp_path / name, 3, "Fetching")


@pytest.mark.parametrize("name", ["missing", "."])
def test_local_files_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refusal, match="On the controller:") as refused:
        files.local_bytes(tmp_path / name, "Putting the file")
    assert str(tmp_path) in str(refused.value)
