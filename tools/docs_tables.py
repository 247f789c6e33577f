# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/setup-failures.md and docs/error-codes.md from the tables in the code.

    .venv/bin/python tools/docs_tables.py

A unit test fails when a file is not what this would write.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ansible_collections.mailops.exchange2007.plugins.module_utils import _errors as errors
from ansible_collections.mailops.exchange2007.plugins.module_utils._server_manager import CODES
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup_failures import CAUSES, STAGES

DOCS = Path(__file__).resolve().parent.parent / "docs"
_HEAD = """<!--
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
Written by tools/docs_tables.py: change the tables in plugins/module_utils instead.
-->
"""
_FAILURES = """# Why Setup failed

When Setup fails, `exchange_setup` and `cms_handover` return `diagnosis`: causes with impact, next step and evidence,
the likeliest first. The first one also stands in the message. Its `name` does not change, so a playbook may act on it.

Nothing is decided by words, because Setup speaks the language of its Windows. What counts are numbers on the console
and in the part of ExchangeSetup.log that this run wrote, marks in the registry, versions, paths, and the layout of the
console. An English sentence adds weight to such a finding. Where there is nothing but a sentence, the cause is listed
last and its evidence says so.

Registry marks are shown by their full path. They are never removed by this collection.

What the node looks like afterwards depends on how far Setup came:

"""
_CODES = """# Error codes

What the native tools return, what it means here, and what to do next. A code that is not listed is shown as it is,
with what the tool said. No advice: the number tells of no trouble.
"""
_TABLES = (
    ("Windows and the cluster", "", errors.WIN32),
    ("Windows Installer", "Setup passes them on, as in `Error code is 1603`.", errors.INSTALLER),
    (
        "Setup.com",
        "Exit codes. What Setup left behind tells more: see [Why Setup failed](setup-failures.md).",
        errors.SETUP,
    ),
    (
        "ServerManagerCmd.exe",
        "Exit codes of failures. 0 is success, 3010 success with a restart, 1003 no change.",
        CODES,
    ),
    ("Task Scheduler", "`Last Result` of a scheduled task.", errors.SCHEDULER),
    ("WinRM", "Fault codes of the connection.", errors.WSMAN),
)


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    wanted = list(titles)
    lines = [wanted, ["---"] * len(wanted), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def setup_failures() -> str:
    """The text of docs/setup-failures.md."""
    stages = "".join(f"- {sentence}\n" for sentence in STAGES.values())
    rows = [(f"`{c.name}`", c.sight, c.cause, c.impact, c.next_step) for c in CAUSES]
    titles = ("name", "what you see", "cause", "impact", "next step")
    return f"{_HEAD}{_FAILURES}{stages}\n{table(titles, rows)}"


def error_codes() -> str:
    """The text of docs/error-codes.md."""
    parts = [_part(title, text, codes) for title, text, codes in _TABLES]
    return f"{_HEAD}{_CODES}{''.join(parts)}"


def _part(title: str, text: str, codes: dict[int, errors.Meaning]) -> str:
    rows = [(_number(code), m.name, m.meaning, m.advice) for code, m in sorted(codes.items())]
    intro = f"{text}\n\n" if text else ""
    return f"\n## {title}\n\n{intro}{table(('code', 'name', 'meaning', 'next step'), rows)}"


def _number(code: int) -> str:
    return f"{code} (0x{code:08X})" if code > 0xFFFF else str(code)


FILES = {"setup-failures.md": setup_failures, "error-codes.md": error_codes}


def main() -> int:
    """Write both files."""
    for name, text in FILES.items():
        (DOCS / name).write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
