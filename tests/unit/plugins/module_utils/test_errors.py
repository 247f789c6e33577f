# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Native error codes, failures in four parts, refusals that list every reason."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import (
    INSTALLER,
    SCHEDULER,
    SETUP,
    WIN32,
    WSMAN,
    Failure,
    Meaning,
    Refusal,
    bracketed_code,
    first_line,
    known,
    native_code,
    native_failure,
    refuse,
    told,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._rules import Refused
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("rc", "stdout", "stderr", "code"),
    [
        pytest.param(1, text("cluster/error-5078-with-hex-en.txt"), "", 5078, id="number and equal hex on stdout"),
        pytest.param(1, "", text("cluster/error-5016-foreign.txt"), 5016, id="foreign words, on stderr"),
        pytest.param(1753, text("cluster/error-1753-without-hex-en.txt"), "", 1753, id="no hex: exit code"),
        pytest.param(1, text("cluster/error-1753-without-hex-en.txt"), "", 1, id="no hex: no proof"),
        pytest.param(7, "Error 5 (0x00000006)", "", 7, id="number and hex differ"),
        pytest.param(7, "Error 5 (0x5)", "", 7, id="hex of another length"),
        pytest.param(1, "5 (0x00000005) then 5013 (0x00001395)", "", 5013, id="the last pair wins"),
        pytest.param(0, "", "", 0, id="nothing said"),
    ],
)
def test_native_code(rc: int, stdout: str, stderr: str, code: int) -> None:
    assert native_code(Result(rc, stdout, stderr)) == code


@pytest.mark.parametrize(
    ("rc", "said", "code"),
    [
        pytest.param(1, text("shutdown/1190-already-scheduled-en.txt"), 1190, id="already scheduled"),
        pytest.param(1, text("shutdown/1116-nothing-pending-en.txt"), 1116, id="nothing pending"),
        pytest.param(1, "Éïn Föhlér.(1115) \r\n", 1115, id="foreign words, blank at the end"),
        pytest.param(5, "(12) in the middle", 5, id="a number within the line does not count"),
        pytest.param(5, "", 5, id="nothing said"),
    ],
)
def test_bracketed_code(rc: int, said: str, code: int) -> None:
    assert bracketed_code(Result(rc, said)) == code
    assert bracketed_code(Result(rc, "", said)) == code


@pytest.mark.parametrize(
    ("said", "line"), [("", ""), ("\r\n  \r\n  x y \r\nz", "x y"), ("x", "x")], ids=["none", "blank lines", "one"]
)
def test_first_line(said: str, line: str) -> None:
    assert first_line(said) == line


@pytest.mark.parametrize("code", sorted(WIN32))
def test_every_known_code_has_a_name_and_a_meaning(code: int) -> None:
    failure = native_failure("Doing it", "NODEA", Result(code, "said"))
    assert failure.seen == f"{code} {WIN32[code].name}: {WIN32[code].meaning}."
    assert failure.advice == WIN32[code].advice
    assert WIN32[code].name == WIN32[code].name.upper()
    assert not WIN32[code].meaning.endswith(".")


TABLES = {"WIN32": WIN32, "INSTALLER": INSTALLER, "SETUP": SETUP, "SCHEDULER": SCHEDULER, "WSMAN": WSMAN}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_every_entry_has_a_name_and_a_meaning(table: dict[int, Meaning]) -> None:
    for number, entry in table.items():
        assert 0 <= number <= 0xFFFFFFFF
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_ ]*", entry.name), number
        assert entry.meaning, number
        assert not entry.meaning.endswith("."), number
        assert not entry.advice or entry.advice.endswith("."), number


FIVE, OTHER = Meaning("FIVE", "five", ""), Meaning("OTHER", "other", "")


@pytest.mark.parametrize(
    ("code", "tables", "entry"),
    [
        pytest.param(5, ({5: FIVE},), FIVE, id="the number"),
        pytest.param(6, ({5: FIVE},), None, id="another number"),
        pytest.param(0x80070005, ({5: FIVE},), FIVE, id="an HRESULT of a Win32 number"),
        pytest.param(0x80070005 - 2**32, ({5: FIVE},), FIVE, id="the same, signed"),
        pytest.param(0x80040005, ({5: FIVE},), None, id="an HRESULT of something else"),
        pytest.param(-1, ({0xFFFFFFFF: FIVE},), FIVE, id="signed"),
        pytest.param(0x80070005, ({0x80070005: OTHER}, {5: FIVE}), OTHER, id="the whole number leads"),
        pytest.param(5, ({5: OTHER}, {5: FIVE}), OTHER, id="the first table leads"),
        pytest.param(5, (), None, id="no table"),
    ],
)
def test_known(code: int, tables: tuple[dict[int, Meaning], ...], entry: Meaning | None) -> None:
    assert known(code, *tables) is entry


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (5, "5 FIVE: five"),
        (0x80070005, "0x80070005 FIVE: five"),
        (0x80070005 - 2**32, "0x80070005 FIVE: five"),
        (6, "6 (0x00000006), no meaning known"),
        (-1, "-1 (0xFFFFFFFF), no meaning known"),
    ],
)
def test_told(code: int, said: str) -> None:
    assert told(code, {5: FIVE}) == said


TABLES = {"win32": WIN32, "installer": INSTALLER, "setup": SETUP, "scheduler": SCHEDULER, "wsman": WSMAN}
# Numbers that tell of no trouble, so that there is nothing to advise.
NO_TROUBLE = {
    "win32": {1056, 1062, 1116, 5003, 5058, 5065},
    "installer": {1641},
    "setup": {0},
    "scheduler": {0x41300, 0x41301, 0x41303},
    "wsman": {0x80338029},
}


@pytest.mark.parametrize(
    ("table", "code", "entry"),
    [(name, code, entry) for name, table in TABLES.items() for code, entry in table.items()],
)
def test_every_entry_has_a_name_a_meaning_and_a_next_step(table: str, code: int, entry: Meaning) -> None:
    assert entry.name.strip()
    assert entry.meaning.strip()
    assert not entry.meaning.endswith(".")
    assert entry.advice.endswith(".") is (code not in NO_TROUBLE[table])
    assert bool(entry.advice) is (code not in NO_TROUBLE[table])


@pytest.mark.parametrize("table", sorted(TABLES))
def test_tables_are_in_order(table: str) -> None:
    assert list(TABLES[table]) == sorted(TABLES[table])


@pytest.mark.parametrize(
    ("code", "tables", "text"),
    [
        (
            1625,
            (WIN32, INSTALLER),
            "1625 ERROR_INSTALL_PACKAGE_REJECTED: the installation is forbidden by policy or rights",
        ),
        (0x80070070, (WIN32,), "0x80070070 ERROR_DISK_FULL: the disk is full"),
        (-2147024784, (WIN32,), "0x80070070 ERROR_DISK_FULL: the disk is full"),
        (
            -2147216625,
            (SCHEDULER,),
            "0x8004130F SCHED_E_ACCOUNT_INFORMATION_NOT_SET: the password stored with the task is wrong",
        ),
        (
            0x803381A6,
            (WIN32, WSMAN),
            "0x803381A6 ERROR_WSMAN_QUOTA_MAX_OPERATIONS: the account has too many operations there",
        ),
        (4711, (WIN32,), "4711 (0x00001267), no meaning known"),
        (-5, (WIN32,), "-5 (0xFFFFFFFB), no meaning known"),
        (5, (), "5 (0x00000005), no meaning known"),
    ],
)
def test_a_number_is_told_with_its_name_or_raw(code: int, tables: tuple[dict[int, Meaning], ...], text: str) -> None:
    assert told(code, *tables) == text


def test_the_first_table_that_has_a_number_counts() -> None:
    assert known(5, {5: WIN32[2]}, WIN32) is WIN32[2]


@given(st.integers(-(2**33), 2**33))
def test_any_number_is_told(code: int) -> None:
    assert told(code, *TABLES.values())


def test_a_failure_says_what_was_done_to_whom_what_was_seen_and_what_to_do() -> None:
    failure = native_failure("Moving the group", "'G'", Result(5016, "Said this\r\n", "and that"))
    assert str(failure) == (
        "Moving the group on 'G' failed: 5016 ERROR_HOST_NODE_NOT_GROUP_OWNER: the node is not the owner of the group, "
        "or not a possible one. Check the possible owners of the group's resources."
    )
    assert failure.data == {"rc": 5016, "stdout": "Said this\r\n", "stderr": "and that"}
    assert not failure.changed
    assert failure.refused is None


@pytest.mark.parametrize(
    ("result", "parts"),
    [
        pytest.param(Result(47110, "\r\nOops here\r\nmore"), ["exit code 47110", "Oops here"], id="unknown exit code"),
        pytest.param(Result(1, "x 9999 (0x0000270f)"), ["exit code 1", "number 9999"], id="unknown number in the text"),
        pytest.param(Result(47110), ["exit code 47110", "no output"], id="nothing said"),
    ],
)
def test_an_unknown_code_is_shown_raw(result: Result, parts: list[str]) -> None:
    failure = native_failure("Doing it", "NODEA", result)
    assert all(part in failure.seen for part in parts)
    assert failure.advice


def test_a_code_read_elsewhere_leads() -> None:
    assert native_failure("x", "y", Result(1), code=1190, changed=True).seen.startswith("1190 ERROR_SHUTDOWN_IS")


def test_no_reasons_refuse_nothing() -> None:
    refuse([], "Doing it", "NODEA")


def test_a_refusal_leads_with_the_first_reason_and_lists_all() -> None:
    reasons = [Refused("R1", "It owns 'G'.", "Move it."), Refused("R8", "A restart is pending.", "Restart.")]
    with pytest.raises(Refusal) as refused:
        refuse(reasons, "Upgrading", "NODEA", before={"version": "8.0.685.25"})
    refusal = refused.value
    assert str(refusal) == ("Refused (R1): Upgrading on NODEA. It owns 'G'. Move it. Also (R8): A restart is pending.")
    assert refusal.refused == "R1"
    assert refusal.changed is False
    assert refusal.data["refusals"] == [
        {"rule": "R1", "seen": "It owns 'G'.", "advice": "Move it."},
        {"rule": "R8", "seen": "A restart is pending.", "advice": "Restart."},
    ]
    assert refusal.data["before"] == {"version": "8.0.685.25"}
    assert isinstance(refusal, Failure)


@given(st.integers(0, 2**32 - 1), st.text(max_size=80), st.text(max_size=80))
def test_any_output_gives_a_failure_with_its_exit_code(rc: int, stdout: str, stderr: str) -> None:
    failure = native_failure("Doing it", "NODEA", Result(rc, stdout, stderr))
    assert failure.data["rc"] == rc
    assert failure.seen
    assert "failed" in str(failure)


@given(st.integers(0, 99999), st.integers(0, 99999))
def test_a_number_counts_only_with_its_own_hex(number: int, other: int) -> None:
    code = native_code(Result(-7, f"Fëhlér {number} bla (0x{other:08x})."))
    assert code == (number if number == other else -7)


@pytest.mark.parametrize("said", ["9" * 5000 + " (0x00000005)", "\u00b2 (0x00000002)", "5 (0x" + "0" * 5000 + "5)"])
def test_what_only_looks_like_a_number_breaks_nothing(said: str) -> None:
    assert isinstance(native_code(Result(1, said)), int)
