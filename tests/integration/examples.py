# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the documentation, as texts: EXAMPLES of the plugins, fenced blocks of README.md and docs/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
COLLECTION = "mailops.exchange2007"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_QUOTED = r'\b{} = r"""\n(.*?)"""'
_FENCE = re.compile(
    r"^(?:<!-- not run by the tests: (?P<why>[^\n]+?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}
_ANSIBLE = {"changed", "failed", "invocation", "warnings", "deprecations", "diff", "item", "ansible_loop_var"}


def section(module: str, name: str) -> str:
    """DOCUMENTATION, EXAMPLES or RETURN of a module, as it stands in the file."""
    (found,) = re.findall(_QUOTED.format(name), (PLUGINS / "modules" / f"{module}.py").read_text("utf-8"), re.DOTALL)
    return str(found)


def modules() -> list[str]:
    """The names of all modules."""
    return sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))


def filters() -> dict[str, str]:
    """EXAMPLES of every filter, by its name."""
    files = sorted((PLUGINS / "filter").glob("*.yml"))
    return {path.stem: str(yaml.safe_load(path.read_text("utf-8"))["EXAMPLES"]) for path in files}


def play(title: str, hosts: str, tasks: str, defaults: dict[str, Any]) -> str:
    """A play with an example as its tasks, not a character of which is changed. defaults: module_defaults."""
    head: list[dict[str, Any]] = [{"name": title, "hosts": hosts, "gather_facts": False, "module_defaults": defaults}]
    return yaml.safe_dump(head, sort_keys=False) + "  tasks:\n" + indent(tasks, "    ")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, its number there from 1, yaml or console, the text; why: the reason not to run it."""

    page: str
    number: int
    language: str
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.page}:{self.number}"


def blocks() -> Iterator[Block]:
    """Every fenced block of the pages."""
    for page in PAGES:
        for number, match in enumerate(_FENCE.finditer(page.read_text("utf-8")), 1):
            yield Block(page.name, number, match["language"], match["text"], match["why"] or "")


def commands(block: Block) -> list[str]:
    """The command lines of a console block, without comments; a line that ends in a backslash goes on."""
    joined = block.text.replace("\\\n", " ")
    lines = (re.sub(r"\s+# .*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def strays(returned: dict[str, Any], result: dict[str, Any], place: str = "") -> list[str]:
    """Where a result of a task that succeeded is not what RETURN says: keys, and types of values; null always fits."""
    given = {key: value for key, value in result.items() if place or not (key in _ANSIBLE or key.startswith("_"))}
    found = [f"{place}{key} is not documented" for key in given if key not in returned]
    wanted = [key for key, said in returned.items() if said.get("returned", "success") in ("success", "always")]
    found += [f"{place}{key} is missing" for key in wanted if key not in given]
    for key in returned.keys() & given.keys():
        found += _strays_of_value(returned[key], given[key], f"{place}{key}")
    return found


def _strays_of_value(said: dict[str, Any], value: Any, place: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, _TYPES[said["type"]]):
        return [f"{place} is {type(value).__name__} and not {said['type']}"]
    inner = said.get("contains")
    entries: list[Any] = value if isinstance(value, list) else [value]
    return [text for entry in entries if inner for text in strays(inner, entry, f"{place}.")]
