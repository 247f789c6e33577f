# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Kerberos tickets for one connection: a kinit of our own, and a credential cache that goes away with it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LIMIT = 60.0  # seconds that kinit may take
_VARIABLE = "KRB5CCNAME"


class KinitFailed(Exception):
    """No ticket. The text says why; it never holds the password."""


# Caches of this process's tickets -> what KRB5CCNAME was before any of them.
_OURS: dict[str, str | None] = {}


@dataclass(frozen=True)
class Ticket:
    """A ticket in a cache of its own."""

    cache: Path

    def use(self) -> None:
        """Point the whole process at this ticket: the Kerberos library knows no other way to name one."""
        os.environ[_VARIABLE] = _spelled(self.cache)

    def drop(self) -> None:
        """Remove the cache, and give the process back what it used before if it uses this one."""
        self.cache.unlink(missing_ok=True)
        before = _OURS.pop(_spelled(self.cache), None)
        if os.environ.get(_VARIABLE) != _spelled(self.cache):
            return
        if before is None:
            os.environ.pop(_VARIABLE)
        else:
            os.environ[_VARIABLE] = before


def obtain(
    principal: str, password: str, *, command: str = "kinit", arguments: Sequence[str] = (), forwardable: bool = False
) -> Ticket:
    """Run kinit and point the process at the new ticket; raises KinitFailed.

    arguments replace the flag that forwardable stands for, as they do in Ansible's own winrm connection.
    """
    flags = list(arguments) or (["-f"] if forwardable else [])
    handle, name = tempfile.mkstemp(prefix="mailops-krb5-")
    os.close(handle)
    cache = Path(name)
    try:
        _run([command, *flags, principal], password, cache)
    except BaseException:
        cache.unlink(missing_ok=True)
        raise
    before = os.environ.get(_VARIABLE)
    _OURS[_spelled(cache)] = _OURS.get(before, before) if before is not None else None
    ticket = Ticket(cache)
    ticket.use()
    return ticket


def _spelled(cache: Path) -> str:
    return f"FILE:{cache}"


def _run(argv: list[str], password: str, cache: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the user names the program; there is no shell
            argv,
            input=f"{password}\n",
            env={**os.environ, _VARIABLE: _spelled(cache), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT,
            start_new_session=True,  # without a terminal kinit reads the password from its standard input
            check=False,
        )
    except FileNotFoundError:
        raise KinitFailed(f"{argv[0]} was not found on the controller; install the Kerberos client programs") from None
    except subprocess.TimeoutExpired:
        raise KinitFailed(f"{argv[0]} did not end within {_LIMIT:.0f} s; can the controller reach the KDC?") from None
    if done.returncode:
        raise KinitFailed(f"{argv[0]} ended with exit code {done.returncode}: {_reason(done.stderr, password)}")


def _reason(stderr: str, password: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    said = lines[-1] if lines else "it said nothing"
    return said.replace(password, "********") if password else said
