# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the connection's Kerberos against a real KDC and the lab: make kerberos.

The Python packages are built into .build/kerberos. Where the Debian packages are missing, one line says which, and
that is no failure.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
PLACE = CHECKOUT / ".build" / "kerberos"

sys.path.insert(0, str(HERE))
import kdc  # type: ignore[import-not-found]  # noqa: E402


def main() -> int:
    """Exit code 0 when all tests passed, or could not be tried here."""
    packages = kdc.missing()
    if packages:
        print(f"kerberos: skipped, these Debian packages are missing: apt-get install {' '.join(packages)}")
        return 0
    code = subprocess.call([sys.executable, "tools/build_venv.py", PLACE, HERE / "requirements.txt"], cwd=CHECKOUT)
    if code:
        print("kerberos: FAILED to build gssapi, krb5 and pykerberos, see above")
        return code
    python = PLACE / "bin" / "python"
    return subprocess.call([python, "-m", "pytest", "-c", HERE / "pytest.ini", HERE, *sys.argv[1:]], cwd=CHECKOUT)


if __name__ == "__main__":
    sys.exit(main())
