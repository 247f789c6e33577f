# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Writing a report on the controller: a JSON file, and an HTML page beside it."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment

_FOLDER = Path(__file__).parent


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
