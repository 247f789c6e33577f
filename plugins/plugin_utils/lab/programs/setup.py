# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Setup.com and ExSetup.exe of Exchange Server 2007 (exchange.md 3)."""

from __future__ import annotations

from ..cmd.launch import register, unregister
from ..faults import FOREVER
from ..files import absolute, base_name
from ..process import Killed, Process
from .setup_run import Run


def main(proc: Process) -> int:
    """Run Setup; the exit code is 0 or 1 unless a knob says otherwise."""
    image = _image(proc)
    if base_name(image).lower() == "setup.exe":
        proc.sleep(FOREVER)  # exchange.md 2.1: the graphical Setup; its window waits for somebody who never comes
    code = _in_child(proc, image)
    return {"always_0": 0, "always_1": 1}.get(proc.host.world.physics.knobs.setup_exit_code, code)


def _in_child(proc: Process, image: str) -> int:
    """Setup.com starts ExSetup.exe, which does the work, and waits for it."""
    argv = ["ExSetup.exe", *proc.argv[1:]]
    streams = (proc.stdin, proc.stdout, proc.stderr, proc.codepage, proc.env, proc.cwd)
    child = Process(proc.host, argv, " ".join(argv), proc.logon, *streams, parent=proc)
    proc.children.append(child)
    register(proc.host, child)
    code = 1
    try:
        code = Run(child, image).go()
    except Killed:
        proc.check()  # somebody ended ExSetup.exe alone: Setup.com says nothing more
    finally:
        unregister(child, code)
    return code


def _image(proc: Process) -> str:
    """The file that was started."""
    typed = proc.argv[0].strip('"')
    folders = [proc.cwd, *proc.env.get("PATH", "").split(";")]
    for folder in [proc.cwd] if "\\" in typed else folders:
        for extension in ("", ".com", ".exe"):
            path = absolute(typed + extension, folder or proc.cwd)
            if proc.host.files.entry(path):
                return path
    return absolute(typed, proc.cwd)
