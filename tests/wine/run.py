# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the quoting, and the lab's cmd.exe, against Wine's cmd.exe: make quoting.

Everything is built into .build/wine. Where the Debian packages are missing, one line says which, and that is no
failure.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# program -> the Debian package that has it
PROGRAMS = {"wine": "wine", "wineserver": "wine", "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64"}


def missing() -> list[str]:
    """The Debian packages that are not installed here."""
    return sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})


def main() -> int:
    """Exit code 0 when all tests passed, or could not be tried here."""
    packages = missing()
    if packages:
        print(f"quoting: skipped, these Debian packages are missing: apt-get install {' '.join(packages)}")
        return 0
    command: list[str | Path] = [sys.executable, "-m", "pytest", "-c", HERE / "pytest.ini", HERE, *sys.argv[1:]]
    return subprocess.call(command, cwd=HERE.parents[1])


if __name__ == "__main__":
    sys.exit(main())
