# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Native programs: finding their files, and running them as processes of the host."""

from __future__ import annotations

import itertools
import logging
from functools import lru_cache
from typing import TYPE_CHECKING

from .. import language
from ..files import absolute, base_name, is_share
from ..process import Killed, Process
from ..programs import PROGRAMS
from .arguments import split_argv, unquote
from .shell import Shell
from .streams import Careless, Handles

if TYPE_CHECKING:
    from ..world import Host

CRASHED = -1073741819  # 0xC0000005, access violation
_LOG = logging.getLogger(__name__)
_BATCH = (".cmd", ".bat")
_PIDS = itertools.count(1004, 4)


def is_batch(path: str) -> bool:
    """Whether cmd.exe reads this file itself, line by line."""
    return path.lower().endswith(_BATCH)


def find_program(shell: Shell, name: str) -> str | None:
    """The file that a command name starts: in the current folder, then along PATH, with the endings of PATHEXT."""
    files, proc = shell.files, shell.proc
    endings = shell.env.get("PATHEXT") or ".COM;.EXE;.BAT;.CMD"
    return files.first_file(_places(name, shell.env.get("PATH") or "", endings, proc.cwd, proc.logon.can_go_on))


@lru_cache(maxsize=4096)
def _places(name: str, search_path: str, path_ext: str, cwd: str, shares: bool) -> tuple[str, ...]:
    """Where a command's file may be, in lower case, the first choice first; nowhere on shares out of reach."""
    folders = [""] if "\\" in name or ":" in name else ["", *search_path.split(";")]
    endings = path_ext.lower().split(";")
    startable = tuple(ending for ending in endings if ending)
    prefixes = [f"{unquote(folder)}\\" if folder else "" for folder in folders]
    paths = [absolute(unquote(prefix + name + ending), cwd).lower() for prefix in prefixes for ending in ("", *endings)]
    return tuple(path for path in paths if path.endswith(startable) and (shares or not is_share(path)))


def new_process(shell: Shell, line: str, handles: Handles) -> Process:
    """A process below the shell's own, registered with the host."""
    above = shell.proc
    proc = Process(
        above.host,
        split_argv(line),
        line,
        above.logon,
        handles.stdin,
        Careless(handles.stdout),
        Careless(handles.stderr),
        above.codepage,
        shell.env.as_dict(),
        above.cwd,
        parent=above,
    )
    above.children.append(proc)
    register(above.host, proc)
    return proc


def register(host: Host, proc: Process) -> None:
    """Give a process its number and add it to the host's list."""
    with host.world.lock:
        proc.pid = next(_PIDS)
        host.processes.append(proc)


def unregister(proc: Process, code: int) -> None:
    """The process is over."""
    with proc.host.world.lock:
        if proc in proc.host.processes:
            proc.host.processes.remove(proc)
        if proc.parent and proc in proc.parent.children:
            proc.parent.children.remove(proc)
    proc.exit_code = code
    proc.done.set()


def run_program(proc: Process, path: str) -> int:
    """Run a registered process to its end, and return its exit code; 1 when it was killed."""
    code = 1
    truth = proc.host.world.truth
    token = truth.command_started(proc)
    try:
        code = _play(proc, path)
        proc.check()
    except Killed:
        code = 1
        if proc.parent:
            proc.parent.check()
    finally:
        truth.command_ended(token, code)
        unregister(proc, code)
    return code


def _play(proc: Process, path: str) -> int:
    faults = proc.host.world.faults
    name = base_name(path)
    outcome = faults.before(proc, name, proc.line)
    if outcome is not None:
        return outcome.play(proc)
    code = _main(proc, path)
    outcome = faults.after(proc, name, proc.line)
    return code if outcome is None else outcome.play(proc)


def _main(proc: Process, path: str) -> int:
    file = proc.host.files.entry(path)
    program = PROGRAMS.get(file.program or "") if file else None
    if program is None:
        words = language.of(proc.host)
        proc.err(words.text("{path} is not a valid {kind} application.\n", path=path, kind="Win32"))
        return 193
    try:
        return program(proc)
    except Killed:
        raise
    except Exception:  # a played program that fails must not take the lab with it
        _LOG.exception("%s crashed: %s", path, proc.line)
        return CRASHED
