# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The death of a controller takes its workers with it, whatever session they are in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from ansible_collections.mailops.exchange2007.tests.kill.processes import kill_tree

PARENT = """
import os, subprocess, sys
below = "import time; print(__import__('os').getpid(), flush=True); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", below], start_new_session=True)
child.wait()
"""


def state_of(pid: int) -> str:
    """The letter of /proc/PID/stat, '' for a process that is gone."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def is_dead(pid: int) -> bool:
    """Whether a process ends; it closes its files, and with them the pipe, before it counts as ended."""
    end = time.monotonic() + 60
    while state_of(pid) not in ("", "Z") and time.monotonic() < end:
        time.sleep(0.01)
    return state_of(pid) in ("", "Z")


def test_a_child_in_a_session_of_its_own_dies_too() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert os.getsid(child) != os.getsid(parent.pid)
        kill_tree(parent.pid)
        assert parent.stdout.read() == ""  # the pipe's last writer is dead
    assert parent.returncode == -9
    assert is_dead(child)


def test_a_process_that_has_ended_is_no_error() -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    kill_tree(done.pid)
