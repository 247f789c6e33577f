# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say how many branches of plugins/ the tests have taken, the product's and the lab's apart.

    COVERAGE_ROOT=$PWD .venv/bin/python tools/branches.py

Reads what `coverage run` has written (pyproject.toml says where). Exit code 1 when the product's share is below 95 %.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage

WANTED = 95.0  # per cent of the product's branches
LAB = "*/plugin_utils/lab/*"


@dataclass(frozen=True)
class Share:
    """Branches that were taken, of all there are."""

    taken: int
    there: int

    @property
    def percent(self) -> float:
        """100 where there are none."""
        return 100.0 * self.taken / self.there if self.there else 100.0

    def __str__(self) -> str:
        return f"{self.percent:.1f} % of {self.there} branches"


def share(totals: dict[str, Any]) -> Share:
    """Of the totals of `coverage json`."""
    return Share(int(totals["covered_branches"]), int(totals["num_branches"]))


def measured(data: coverage.Coverage, *, include: list[str] | None = None, omit: list[str] | None = None) -> Share:
    """Of the files that include and omit leave; shows what was not taken."""
    data.report(file=sys.stdout, include=include, omit=omit)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        data.json_report(outfile=str(path), include=include, omit=omit)
        return share(json.loads(path.read_text(encoding="utf-8"))["totals"])


def main() -> int:
    """Both shares; 1 when the product's is too small."""
    data = coverage.Coverage()
    data.load()
    lab = measured(data, include=[LAB])
    product = measured(data, omit=[LAB])
    print(f"Lab: {lab}.\nProduct: {product}, {WANTED:g} % wanted.")
    return int(product.percent < WANTED)


if __name__ == "__main__":
    raise SystemExit(main())
