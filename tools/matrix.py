# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the unit tests, the order table and the rehearsal with the other supported releases of ansible-core.

    .venv/bin/python tools/matrix.py [RELEASE ...]

Each release gets an environment of its own under .build/matrix. One whose Python is not installed (on PATH or under
pyenv) is skipped with a line that says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
# ansible-core to a Python that it runs on; 2.19, the newest for Python 3.11, is what make test uses
RELEASES = {"2.16": "3.10", "2.18": "3.11", "2.20": "3.12", "2.21": "3.13"}
PLACE = CHECKOUT / ".build" / "matrix"
PACKAGES = [
    *(
        "coverage",
        "hypothesis",
        "pypsrp",
        "pyspnego",
        "pytest",
        "pytest-ansible",
        "pytest-xdist",
        "pywinrm",
        "requests-credssp",
    )
]
FREE = ("ansible-core", "resolvelib")  # what an ansible-core chooses for itself


def main() -> int:
    """Exit code 0 when every release that could be tried has passed."""
    results = {release: attempt(release) for release in sys.argv[1:] or RELEASES}
    print()
    for release, result in results.items():
        print(f"ansible-core {release}: {result}")
    return int(any(result.startswith("FAILED") for result in results.values()))


def attempt(release: str) -> str:
    """Try one release; says in a few words how it went."""
    python = find_python(RELEASES[release])
    if python is None:
        return f"skipped, Python {RELEASES[release]} is not installed here"
    environment = PLACE / release
    print(f"\n== ansible-core {release}, {python}", flush=True)
    if not prepare(environment, python, release):
        return "FAILED to install"
    failed = [name for name, command in checks(environment).items() if subprocess.call(command, cwd=CHECKOUT)]
    return f"FAILED: {', '.join(failed)}" if failed else "passed"


def find_python(version: str) -> str | None:
    """A Python of that minor version that really starts."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    named = shutil.which(f"python{version}")
    for candidate in (named, *pyenv.glob(f"versions/{version}.*/bin/python")):
        # a shim of pyenv is on PATH even when the version behind it is not chosen
        if candidate and not subprocess.call([candidate, "-c", ""], stderr=subprocess.DEVNULL):
            return str(candidate)
    return None


def prepare(environment: Path, python: str, release: str) -> bool:
    """Make or complete the environment of one release."""
    if not (environment / "bin" / "python").exists() and subprocess.call([python, "-m", "venv", environment]):
        return False
    wanted = environment / "requirements.txt"
    (environment / "constraints.txt").write_text("".join(constraints()), encoding="utf-8")
    lines = [f"ansible-core~={release}.0", *PACKAGES, "-c constraints.txt"]
    wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return subprocess.call([sys.executable, "tools/build_venv.py", environment, wanted], cwd=CHECKOUT) == 0


def constraints() -> list[str]:
    """Our pins, without those that belong to one ansible-core; they were chosen for Python 3.11."""
    lines = [line.strip() for name in ("core.txt", "dev.txt") for line in (CHECKOUT / "requirements" / name).open()]
    pins = [line for line in lines if "==" in line and line.split("==")[0].lower() not in FREE]
    return [f"{pin}; python_version >= '3.11'\n" for pin in pins]


def checks(environment: Path) -> dict[str, list[str]]:
    """What is run in each environment."""
    python = str(environment / "bin" / "python")
    return {
        "unit tests": [python, "-m", "pytest", "-q", "tests/unit"],
        "order": [python, "-m", "pytest", "-q", "tests/integration/test_order.py"],
        "rehearsal": [python, "playbooks/files/rehearse.py", "--quiet"],
    }


if __name__ == "__main__":
    sys.exit(main())
