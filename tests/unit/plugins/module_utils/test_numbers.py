# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole numbers in the output of native tools: ASCII digits of a sane length, and nothing else."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._numbers import whole_number
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        (" 42\r\n", 42),
        ("007", 7),
        ("4294967295", 4294967295),
        (None, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1 2", None),
        ("0x10", None),
        ("1_000", None),
        ("\u00b2", None),
        ("1\u00b2", None),
        ("\u0663", None),
        ("\uff11", None),
        ("9" * 11, None),
        ("9" * 5000, None),
    ],
)
def test_whole_number(text: str | None, number: int | None) -> None:
    assert whole_number(text) == number


@given(st.integers(0, 10**10 - 1))
def test_any_number_is_read_back(number: int) -> None:
    assert whole_number(f"  {number} ") == number


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_none(text: str) -> None:
    number = whole_number(text)
    assert number is None or int(text) == number
