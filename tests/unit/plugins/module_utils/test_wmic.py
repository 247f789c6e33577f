# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""wmic's padded tables: columns by their titles, values with blanks, CR CR LF."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._wmic import query, table
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import text
from hypothesis import given
from hypothesis import strategies as st


def test_a_query_never_waits_for_input_and_needs_no_style_sheet() -> None:
    line = query("MSCluster_Node", "Name", "State")
    assert line == r"wmic /namespace:\\root\MSCluster path MSCluster_Node get Name,State <nul"


@pytest.mark.parametrize(
    ("fixture", "properties", "rows"),
    [
        pytest.param(
            "nodes.txt",
            ("Name", "State"),
            [("NODEA", "0"), ("NODEB", "2"), ("NODEC", "1"), ("NODED", "3")],
            id="CR CR LF and padding",
        ),
        pytest.param(
            "nodes.txt",
            ("State", "Name"),
            [("0", "NODEA"), ("2", "NODEB"), ("1", "NODEC"), ("3", "NODED")],
            id="wmic sorts the columns, whatever was asked",
        ),
        pytest.param(
            "resources-with-types.txt",
            ("Name", "State", "Type"),
            [
                ("Network Name (CMS1)", "2", "Network Name"),
                ("Exchange System Attendant (CMS1)", "129", "Microsoft Exchange System Attendant"),
                ("Disk Q:", "128", "Physical Disk"),
                ("Odd", "4294967295", "Generic Script"),
            ],
            id="values with blanks",
        ),
        pytest.param(
            "nodes-minus-one.txt", ("Name", "State"), [("NODEA", "0"), ("NODEB", "4294967295")], id="-1, unsigned"
        ),
        pytest.param(
            "groups-names-with-blanks.txt",
            ("Name", "State"),
            [
                ("Cluster Group", "0"),
                ("Print & Fax (HQ)", "1"),
                ("CMS1", "3"),
                ("G 4", "2"),
                ("G 5", "4"),
                ("G 6", "4294967295"),
            ],
            id="names with blanks",
        ),
        pytest.param("last-boot-up-time.txt", ("LastBootUpTime",), [("20070304120000.500000+060",)], id="one column"),
    ],
)
def test_table(fixture: str, properties: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    read = table(text(f"wmic/{fixture}"), properties)
    assert read == [dict(zip(properties, row, strict=True)) for row in rows]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(text("wmic/no-instances.txt"), id="no instances"),
        pytest.param(text("wmic/format-csv-invalid-xsl.txt"), id="style sheet error"),
        pytest.param("", id="nothing"),
        pytest.param("Name\r\r\nNODEA\r\r\n", id="a column is missing"),
        pytest.param("Name  Other\r\r\nNODEA  0\r\r\n", id="another column"),
        pytest.param("Name  State  More\r\r\nNODEA  0  x\r\r\n", id="one column too many"),
        pytest.param("NODEA  0\r\r\n", id="no titles"),
    ],
)
def test_without_the_right_titles_there_are_no_rows(said: str) -> None:
    assert table(said, ("Name", "State")) == []


def test_what_comes_before_the_titles_is_ignored() -> None:
    said = "Please wait while WMIC is being installed.\r\r\nName   State\r\r\nNODEA  0\r\r\n"
    assert table(said, ("Name", "State")) == [{"Name": "NODEA", "State": "0"}]


def test_an_empty_value_stays_in_its_column() -> None:
    said = "Name   State  Type\r\r\nNODEA         x\r\r\n"
    assert table(said, ("Name", "State", "Type")) == [{"Name": "NODEA", "State": "", "Type": "x"}]


CELL = st.text("abcXYZ 0-9.&()'", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=5))
def test_what_wmic_prints_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    titles = ("Name", "State", "Type")
    widths = [max(len(row[i]) for row in [titles, *rows]) + 2 for i in range(3)]
    printed = "".join(
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "\r\r\n"
        for row in [titles, *rows]
    )
    assert table(printed, titles) == [dict(zip(titles, row, strict=True)) for row in rows]


@given(st.text(max_size=200))
def test_garbage_gives_no_rows(garbage: str) -> None:
    assert table(garbage, ("GroupComponent", "PartComponent")) == []
