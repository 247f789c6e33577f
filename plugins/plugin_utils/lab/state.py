# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Which labs run: one small file each in a folder of this user alone."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from .private import write_private


class LabError(Exception):
    """What the command line says in one line, with the remedy."""


@dataclass(frozen=True)
class LabState:
    """A running lab: where its control port is and what opens it."""

    pid: int
    port: int
    token: str
    inventory: str
    topology: str

    def alive(self) -> bool:
        """Whether the process still exists."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


def folder() -> Path:
    """The private folder of this user; LabError when somebody else owns it."""
    path = Path(tempfile.gettempdir()) / f"exchange2007-lab-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if path.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise LabError(f"{path} is not private to this user: remove it, or set TMPDIR to another folder")
    return path


def file_of(inventory: Path) -> Path:
    """The state file of the lab with this inventory."""
    digest = hashlib.sha256(str(inventory.resolve()).encode()).hexdigest()[:16]
    return folder() / f"{digest}.json"


def save(state: LabState) -> None:
    """Say that a lab runs."""
    write_private(file_of(Path(state.inventory)), json.dumps(asdict(state)))


def forget(inventory: Path) -> None:
    """Say that it does not run any more."""
    for path in (file_of(inventory), log_of(inventory)):
        path.unlink(missing_ok=True)


def log_of(inventory: Path) -> Path:
    """Where a detached lab writes what it would say on a terminal."""
    return file_of(inventory).with_suffix(".log")


def running() -> list[LabState]:
    """Every lab of this user that runs; files of dead ones are removed."""
    found = []
    for path in sorted(folder().glob("*.json")):
        state = _load(path)
        if state is not None and state.alive():
            found.append(state)
        else:
            path.unlink(missing_ok=True)
    return found


def choose(inventory: Path | None) -> LabState:
    """The lab that is meant: the one with this inventory, or the only one."""
    labs = running()
    if inventory is not None:
        labs = [lab for lab in labs if Path(lab.inventory) == inventory.resolve()]
        if not labs:
            raise LabError(f"no lab runs with the inventory {inventory}: start one with 'up', or look at 'status'")
    if not labs:
        raise LabError("no lab runs: start one with 'up TOPOLOGY --inventory FILE'")
    if len(labs) > 1:
        raise LabError(f"{len(labs)} labs run: choose one with --inventory {' or '.join(x.inventory for x in labs)}")
    return labs[0]


def _load(path: Path) -> LabState | None:
    try:
        return LabState(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
