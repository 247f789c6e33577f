# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The share of branches that the tests take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import coverage
import pytest
from ansible_collections.mailops.exchange2007.tools import branches


@pytest.mark.parametrize(
    ("taken", "there", "text"),
    [
        (0, 0, "100.0 % of 0 branches"),
        (1, 3, "33.3 % of 3 branches"),
        (1000, 1000, "100.0 % of 1000 branches"),
    ],
)
def test_share(taken: int, there: int, text: str) -> None:
    assert str(branches.share({"covered_branches": taken, "num_branches": there})) == text


@pytest.mark.parametrize(("product", "code"), [(949, 1), (950, 0), (1000, 0)])
def test_only_the_share_of_the_product_counts(
    product: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lab's is said, and may be smaller."""

    class Data:
        def load(self) -> None:
            pass

    def measured(data: Any, **which: Any) -> branches.Share:
        return branches.Share(10 if "include" in which else product, 1000)

    monkeypatch.setattr(coverage, "Coverage", Data)
    monkeypatch.setattr(branches, "measured", measured)
    assert branches.main() == code
    assert "Lab: 1.0 % of 1000 branches." in capsys.readouterr().out


def test_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of which one branch of two was taken."""
    (tmp_path / "half.py").write_text("def half(value):\n    if value:\n        return 1\n    return 0\n")
    data = coverage.Coverage(data_file=None, config_file=False, branch=True, include=[str(tmp_path / "*")])
    source = compile((tmp_path / "half.py").read_text(), str(tmp_path / "half.py"), "exec")
    found: dict[str, Any] = {}
    with data.collect():
        exec(source, found)
        found["half"](1)
    assert branches.measured(data, include=[str(tmp_path / "*")]) == branches.Share(1, 2)
    assert "half.py" in capsys.readouterr().out
