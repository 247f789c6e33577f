# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/ says what the code does, and every source that the code names can be looked up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup_failures import Diagnosis
from ansible_collections.mailops.exchange2007.tools import docs_tables

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SOURCES = (DOCS / "sources.md").read_text(encoding="utf-8")
ANCHORS = re.findall(r'^\| <a id="([a-z0-9-]+)"></a>\1 \|', SOURCES, re.MULTILINE)
ROWS = [line for line in SOURCES.splitlines() if line.startswith('| <a id="')]
CODE = sorted(path for path in (ROOT / "plugins").rglob("*.py") if "lab" not in path.parts)
CITED = {
    anchor: path.name
    for path in CODE
    for cited in re.findall(r"sources\.md: ([a-z0-9-]+(?:, [a-z0-9-]+)*)", path.read_text(encoding="utf-8"))
    for anchor in cited.split(", ")
}


@pytest.mark.parametrize("name", sorted(docs_tables.FILES))
def test_tables_are_those_of_the_code(name: str) -> None:
    """Where this fails, run tools/docs_tables.py."""
    assert (DOCS / name).read_text(encoding="utf-8") == docs_tables.FILES[name]()


@pytest.mark.parametrize("name", sorted(docs_tables.FILES))
def test_the_tool_writes_them(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Into the folder of the documents."""
    monkeypatch.setattr(docs_tables, "DOCS", tmp_path)
    assert docs_tables.main() == 0
    assert (tmp_path / name).read_bytes() == (DOCS / name).read_bytes()


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    """Markdown wants it escaped."""
    assert docs_tables.table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |\n"


@pytest.mark.parametrize("module", ["exchange_setup", "cms_handover"])
def test_the_modules_document_each_part_of_a_diagnosis(module: str) -> None:
    """RETURN and the code have the same keys."""
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    returned = yaml.safe_load(text.split('RETURN = r"""')[1].split('"""')[0])
    assert list(returned["diagnosis"]["contains"]) == list(Diagnosis("", "", "", "", ()).as_dict())


@pytest.mark.parametrize("anchor", sorted(CITED))
def test_every_cited_source_is_listed(anchor: str) -> None:
    """A comment that names a row of docs/sources.md names one that is there."""
    assert anchor in ANCHORS, f"{CITED[anchor]} cites sources.md: {anchor}"


def test_sources_are_listed_once_and_in_full() -> None:
    """Each row has a fact and a mark; a link may be missing."""
    assert len(ROWS) == len(ANCHORS) == len(set(ANCHORS))
    for row in ROWS:
        _empty, _anchor, fact, mark, _links, _end = (cell.strip() for cell in row.split("|"))
        assert fact.endswith(".")
        assert re.match(r"documented|seen|unverified", mark)


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_no_source_is_cited_that_a_stranger_does_not_have(path: Path) -> None:
    """Cite a row of docs/sources.md; add one where it is missing."""
    assert not re.search(
        r"\b(?:windows-cli|exchange|transport|ordering|anchors)\.md\b", path.read_text(encoding="utf-8")
    )
