# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build .venv, or complete it: a virtual environment in which Ansible finds this checkout as an installed collection.

    python3 tools/build_venv.py VENV REQUIREMENTS.txt

Runs on any Python 3 with nothing installed. What is there already is kept.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import venv
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
COLLECTION = Path("ansible_collections", "mailops", "exchange2007")
OLDEST = (3, 11)  # of the pins in requirements/

NO_PIP = """\
Cannot make a virtual environment: this Python ({python}) has neither ensurepip nor pip.
On Debian and Ubuntu, run:  apt-get install python3-venv
Or name another Python:     make PYTHON=/path/to/python3 ..."""

TOO_OLD = """\
The pinned development tools need Python {oldest} or later, and this is {python}.
Name another one:  make PYTHON=python3.11 ..."""


def main() -> int:
    """Build the environment named on the command line; exit code 0 or 1."""
    environment, requirements = Path(sys.argv[1]), Path(sys.argv[2])
    if not (environment / "bin" / "python").exists():
        refusal = create(environment)
        if refusal:
            print(refusal, file=sys.stderr)
            return 1
    install(environment, requirements)
    link_collection(environment)
    return 0


def create(environment: Path) -> str | None:
    """Make an empty environment with pip in it. Returns why that is impossible, or None."""
    if sys.version_info < OLDEST:
        return TOO_OLD.format(oldest=".".join(map(str, OLDEST)), python=sys.version.split()[0])
    # Debian packs venv without ensurepip; a pip outside the environment can then put one into it.
    bundled = importlib.util.find_spec("ensurepip") is not None
    if not bundled and importlib.util.find_spec("pip") is None:
        return NO_PIP.format(python=sys.executable)
    print(f"Making {environment} with Python {sys.version.split()[0]}", flush=True)
    venv.create(environment, with_pip=bundled, symlinks=True, clear=environment.exists())
    if not bundled:
        run(sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install", "--quiet", "pip")
    return None


def install(environment: Path, requirements: Path) -> None:
    """Install the pins that are not there yet."""
    print(f"Installing {requirements} into {environment}", flush=True)
    quietly = ("--quiet", "--disable-pip-version-check", "--no-input")
    run(environment / "bin" / "python", "-m", "pip", "install", *quietly, "-r", requirements)


def link_collection(environment: Path) -> None:
    """Make the checkout importable as ansible_collections.mailops.exchange2007, in Python and in Ansible."""
    root = environment.resolve() / "collections"
    link = root / COLLECTION
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.resolve() != CHECKOUT:
        link.unlink(missing_ok=True)
        link.symlink_to(CHECKOUT, target_is_directory=True)
    # Ansible looks for collections along sys.path too, so one .pth file serves both.
    for packages in environment.glob("lib/python3*/site-packages"):
        (packages / "mailops_exchange2007.pth").write_text(f"{root}\n", encoding="utf-8")


def run(*command: str | Path) -> None:
    """Run a command; end with its exit code if it fails."""
    code = subprocess.run([str(word) for word in command], check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    sys.exit(main())
