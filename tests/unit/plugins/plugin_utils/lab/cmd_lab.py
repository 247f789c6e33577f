# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A played Windows with nothing but its command interpreter, on virtual time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.clock import VirtualClock
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd import start
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BufferSink, BytesStdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.faults import Faults
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.files import FileSystem
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.hold import Hold
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.language import Language
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon, Process
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs import PROGRAMS, default_programs
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.truth import Truth
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Directory, Host, Windows, World

NETWORK = Logon("CORP\\admin", "network")
BATCH = Logon("CORP\\admin", "batch")
SYSTEM32 = "C:\\WINDOWS\\system32\\"
HOME = "C:\\Users\\admin"
NOT_RECOGNISED = "'{name}' is not recognized as an internal or external command,\noperable program or batch file.\n"


@dataclass(frozen=True)
class Result:
    """What a command answered; line ends as \\n."""

    rc: int
    out: str
    err: str


def windows(family: str = "2008", language: str = "en") -> Windows:
    """A 2008 SP2 or a 2003 SP2."""
    return Windows(family, "6.0.6002" if family == "2008" else "5.2.3790", 2, language=language)


def make_host(family: str = "2008", language: str = "en") -> Host:
    """A host with its programs, and the played test programs of `played`."""
    clock = VirtualClock()
    world = World(clock, Directory("corp.example"))
    world.truth, world.faults, world.language, world.hold = Truth(world), Faults(world), Language(), Hold(world)
    host = Host(world, "NODEA", "corp.example", windows(family, language), FileSystem(now=clock.now))
    world.hosts["nodea"] = host
    for path, (program, version) in default_programs(host.windows).items():
        host.files.add_program(path, program, version)
    for name in PLAYED:
        host.files.add_program(f"{SYSTEM32}{name}.exe", name)
    return host


def begin(host: Host, line: str, stdin: bytes = b"", logon: Logon = NETWORK, codepage: str = "cp437") -> Process:
    """Start a command line as WinRM or the task scheduler does; its output is in proc.stdout and proc.stderr."""
    source, out, err = BytesStdin(stdin, codepage), BufferSink(), BufferSink()
    return start(host, line, logon, stdin=source, stdout=out, stderr=err, codepage=codepage)


def finish(proc: Process) -> Result:
    """Let time pass until a process is over."""
    for _turn in range(1000):
        if proc.done.is_set():
            break
        proc.host.world.clock.sleep(1.0)
    assert isinstance(proc.stdout, BufferSink)
    assert isinstance(proc.stderr, BufferSink)
    assert proc.exit_code is not None
    out, err = (sink.data.decode(proc.codepage).replace("\r\n", "\n") for sink in (proc.stdout, proc.stderr))
    return Result(proc.exit_code, out, err)


def run(host: Host, line: str, stdin: bytes = b"", logon: Logon = NETWORK, codepage: str = "cp437") -> Result:
    """Run a command line to its end."""
    return finish(begin(host, line, stdin, logon, codepage))


def run_batch(host: Host, text: str, arguments: str = "", name: str = "t.cmd", logon: Logon = NETWORK) -> Result:
    """Write C:\\t.cmd, with echo off, and run it."""
    host.files.write(f"C:\\{name}", ("@echo off\n" + text).replace("\n", "\r\n").encode("cp437"))
    return run(host, f"C:\\{name} {arguments}".rstrip(), logon=logon)


def _show(proc: Process) -> int:
    proc.out("".join(f"[{argument}]" for argument in proc.argv[1:]) + "\n")
    return 0


def _fail(proc: Process) -> int:
    return int(proc.argv[1])


def _cat(proc: Process) -> int:
    proc.stdout.write(proc.stdin.read(proc.alive))
    return 0


def _complain(proc: Process) -> int:
    proc.out("out\n")
    proc.err("err\n")
    return 0


def _wait(proc: Process) -> int:
    proc.sleep(float(proc.argv[1]))
    return 0


def _crash(proc: Process) -> int:
    raise RuntimeError(proc.line)


PLAYED: dict[str, Callable[[Process], int]] = {
    "cat": _cat,
    "complain": _complain,
    "crash": _crash,
    "fail": _fail,
    "show": _show,
    "wait": _wait,
}
PROGRAMS.update(PLAYED)
