# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test sanity on a copy of this checkout.

    .venv/bin/python tests/sanity/run.py [ARGUMENTS OF ansible-test sanity]

ansible-test wants a real directory …/ansible_collections/mailops/exchange2007 inside a git checkout, so the files that
git knows or would add are copied to .build/sanity. It also downloads a bootstrap script for pip into the user's cache;
where that is blocked, a script of five lines takes its place and installs the same release of pip from the index.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
COPY = CHECKOUT / ".build" / "sanity" / "ansible_collections" / "mailops" / "exchange2007"
CACHE = Path("~/.ansible/test/cache").expanduser()
SOURCE = "https://ci-files.testing.ansible.com/ansible-test/get-pip-{version}.py"  # where ansible-test looks
TRANSCRIPTS = "tests/unit/fixtures/"  # as Windows printed them, so with its line endings
SECONDS = 10  # for an answer of that server

BOOTSTRAP = """\
# Put here by tests/sanity/run.py of mailops.exchange2007, because the original could not be downloaded.
import runpy, sys
sys.path.insert(0, {wheel!r})
sys.argv[1:] = ["install", "--no-index", "--disable-pip-version-check", {wheel!r}]
runpy.run_module("pip", run_name="__main__")
"""


def main() -> int:
    """Exit code of ansible-test."""
    copy_checkout()
    version = pip_version()
    script = CACHE / f"get_pip_{version.replace('.', '_')}.py"
    if not script.exists() and not download(SOURCE.format(version=version), script):
        write_bootstrap(script, version)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    tool = Path(sys.executable).with_name("ansible-test")
    command = [str(tool), "sanity", "--color", "no", "--python", python, *sys.argv[1:]]
    return subprocess.run(command, cwd=COPY, check=False).returncode


def copy_checkout() -> None:
    """Bring the copy up to date: the files that git tracks and those it would add, without the transcripts."""
    names = git(CHECKOUT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    shutil.rmtree(COPY, ignore_errors=True)
    for name in filter(None, names):
        source, target = CHECKOUT / name, COPY / name
        if source.exists() and not name.startswith(TRANSCRIPTS):  # git still lists what was deleted but not committed
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    git(COPY, "init", "--quiet")
    git(COPY, "add", "--all")


def git(directory: Path, *arguments: str) -> str:
    """What git prints."""
    done = subprocess.run(["git", *arguments], cwd=directory, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def pip_version() -> str:
    """The release of pip that this ansible-test puts into its environments."""
    import ansible_test

    source = Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text(encoding="utf-8")
    found = re.search(r"pip='([0-9.]+)'", source)
    if not found:
        sys.exit(f"Cannot see in {ansible_test.__path__[0]} which release of pip ansible-test wants.")
    return found[1]


def download(url: str, target: Path) -> bool:
    """Fetch the original bootstrap script into the cache. False when that is impossible here."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            text = answer.read()
    except OSError:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text)
    return True


def write_bootstrap(script: Path, version: str) -> None:
    """Put a script in the original's place that installs the pip which the ordinary index has."""
    print(f"{script.name} cannot be downloaded: taking pip {version} from the package index.", flush=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    quietly = ("--quiet", "--disable-pip-version-check", "--no-deps")
    fetch = [sys.executable, "-m", "pip", "download", *quietly, "--dest", str(CACHE), f"pip=={version}"]
    subprocess.run(fetch, check=True)
    wheel = next(CACHE.glob(f"pip-{version}-*.whl"))
    script.write_text(BOOTSTRAP.format(wheel=str(wheel)), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
