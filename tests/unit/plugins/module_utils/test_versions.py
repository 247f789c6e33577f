# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange 2007 versions in all the forms in which they are printed, and their releases."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._versions import (
    RELEASES,
    TARGETS,
    Version,
    parse_version,
    release_rank,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("printed", "version", "release"),
    [
        pytest.param("8.0.685.25", (8, 0, 685, 25), "rtm", id="RTM in the registry"),
        pytest.param("Version 8.0 (Build 685.24)", (8, 0, 685, 24), "rtm", id="RTM in the shell"),
        pytest.param("8.00.0685.025", (8, 0, 685, 25), "rtm", id="RTM, file form"),
        pytest.param("8.01.0336.01", (8, 1, 336, 1), "sp1", id="SP1 rollup 5, padded otherwise"),
        pytest.param("8.1.240.6", (8, 1, 240, 6), "sp1", id="SP1"),
        pytest.param("8.2.305.3", (8, 2, 305, 3), "sp2", id="SP2 with a rollup"),
        pytest.param("Vërsïön 8.3 (Büïld 83.6)", (8, 3, 83, 6), "sp3", id="SP3, foreign words"),
        pytest.param("14.0.639.21", (14, 0, 639, 21), None, id="Exchange 2010"),
        pytest.param("6.5.7638.1", (6, 5, 7638, 1), None, id="Exchange 2003"),
        pytest.param("8.4.1.1", (8, 4, 1, 1), None, id="no service pack known by that number"),
    ],
)
def test_version_and_release(printed: str, version: tuple[int, ...], release: str | None) -> None:
    read = parse_version(printed)
    assert read is not None
    assert tuple(read) == version
    assert read.release == release


@pytest.mark.parametrize("printed", [None, "", "8", "8.1", "unknown", "8.1.240", "Version"])
def test_no_version_in_it(printed: str | None) -> None:
    assert parse_version(printed) is None


def test_the_version_of_the_directory_object_is_no_release() -> None:
    read = parse_version("0.1 (8.0.535.0)")
    assert read is None or read.release is None


def test_versions_are_compared_as_numbers() -> None:
    assert Version(8, 1, 240, 6) < Version(8, 2, 176, 2) < Version(8, 10, 1, 1)
    assert parse_version("8.01.0240.006") == Version(8, 1, 240, 6)


@pytest.mark.parametrize(
    ("release", "rank"), [("rtm", 0), ("sp1", 1), ("sp2", 2), ("sp3", 3), (None, -1), ("unknown", -1), ("", -1)]
)
def test_rank(release: str | None, rank: int) -> None:
    assert release_rank(release) == rank


def test_every_release_but_rtm_is_a_target() -> None:
    assert list(TARGETS) == [release for release in RELEASES if release != "rtm"]


@given(st.builds(Version, *[st.integers(0, 99999)] * 4))
def test_a_printed_version_is_read_back(version: Version) -> None:
    assert parse_version(str(version)) == version


@given(st.text(max_size=60))
def test_garbage_is_no_error(garbage: str) -> None:
    assert parse_version(garbage) is None or parse_version(garbage) >= Version(0, 0, 0, 0)  # type: ignore[operator]
