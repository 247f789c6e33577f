# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Reports, made on the controller from hosts' facts: a JSON file, and an HTML page beside it."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment

from . import _controller_module as bridge

_FOLDER = Path(__file__).parent


def surveyed(task_vars: Mapping[str, Any], hosts: Iterable[str], facts: Sequence[str]) -> list[dict[str, Any]]:
    """These facts of each host, in plain types; without the hosts that lack the first fact: they were not surveyed."""
    known = task_vars.get("hostvars", {})
    variables = [known[host] for host in hosts if host in known]
    return [{fact: bridge.plain(v[fact]) for fact in facts if fact in v} for v in variables if facts[0] in v]


def write_report(directory: Path, name: str, content: Mapping[str, Any], template: str) -> Path:
    """Replace a report's two files; the JSON's path. name: of the file, made harmless; template: file name beside this.

    Raises OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}.json"
    page = Environment(autoescape=True).from_string((_FOLDER / template).read_text(encoding="utf-8"))
    _replace(path, json.dumps(content, indent=2, sort_keys=True) + "\n")
    _replace(path.with_suffix(".html"), page.render(content))
    return path


def _replace(path: Path, text: str) -> None:
    """Write a file as a whole, so that a reader never sees half of it."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).chmod(0o640)
    Path(file.name).replace(path)
