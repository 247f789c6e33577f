# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection writes for cmd.exe, and what must arrive: the same cases for every cmd.exe there is to try.

tests/unit/plugins/test_quoting.py tries the lab's, tests/wine that of Wine. Programs are played by one that shows its
arguments (tests/wine/argv.c, and show_arguments here), under the names of the tools that the collection calls. The
collection and the lab know nothing of each other: they meet in these tests only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.mailops.exchange2007.plugins.module_utils import _registry, _windows
from ansible_collections.mailops.exchange2007.plugins.module_utils._cluster import ClusterExe
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import command_line, name, quote
from ansible_collections.mailops.exchange2007.plugins.module_utils._exchange import media_line
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Channel, Hear, Node, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._server_manager import install_line
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import ExchangeShell, literal
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Process
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs import PROGRAMS
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Host
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab import cmd_lab
from hypothesis import strategies as st

# The tools' names under which the program that shows its arguments is there.
TOOLS = ("argv", "cluster", "sc", "reg", "wmic", "powershell", "ServerManagerCmd")

_ARGUMENT = re.compile(r"(\d+) ((?:[0-9a-f]{4})*)")
_COUNT = re.compile(r"argv (\d+)")

AWKWARD = " \\'&|<>()^!,;=/-+@#$[]{}~`.*?:"
LETTERS = "abzAZ019_\u00e4\u00e9\u00df\u00d1\u00a0\u03a9"  # all of code page 437
FORBIDDEN = '"%\t\n\r\0\x1a\x1b\x7f'
ELSEWHERE = "\u0141\u20ac\u4e2d\u0416\ufffd\U0001f600\u2028\x85"  # in no code page of western Windows
# What only looks like something to cmd.exe, to the C runtime or to the program.
TRAPS = (
    "Print & Fax (HQ)",
    "O'Brien, M.",
    "D:\\",
    "a\\\\",
    " leading and trailing ",
    "a  b",
    "^",
    "^^&",
    "a^",
    "&&",
    "||",
    ">nul",
    "2>&1",
    "(",
    ")",
    "!PATH!",
    "!",
    "1=2;3,4",
    "a\\b c\\",
    "~1",
    "@",
    "*.*",
    "con",
    "@echo off",
    "rem",
    "a name that is longer than the column of any listing that cluster.exe prints (HQ)",
    "Gr\u00fcppe \u00df",
    "' + $env:x + '",
    "$(x)",
    "`n",
    "it''s",
    "--",
    "#",
)

TEXT = st.text(st.sampled_from(AWKWARD + LETTERS), max_size=24) | st.sampled_from(TRAPS)
# Also what has to be refused.
ANYTHING = (
    TEXT | st.text(st.sampled_from(AWKWARD + LETTERS + FORBIDDEN + ELSEWHERE), max_size=12) | st.text(max_size=12)
)

_DEVICE = re.compile(r"(?:con|nul|aux|prn) *(?:\..*)?", re.IGNORECASE)
# What a file or folder may be called.
NAME = (
    TEXT.map(lambda text: re.sub(r'[<>:"/\\|?*]', "", text).strip(" ."))
    .filter(bool)
    .filter(lambda text: not _DEVICE.fullmatch(text))
)


@dataclass(frozen=True)
class Case:
    """A line that is made of one text, and the arguments with which its program must start."""

    line: Callable[[str], str]
    arguments: Callable[[str], list[str]]


def _tool(channel: Channel | None = None) -> Node:
    return Node("nodea", channel or Silent())


class Silent:
    """A channel for lines that are only made."""

    def run(self, line: str, *, stdin: bytes | None, timeout: float, hear: Hear | None = None) -> Result:
        raise AssertionError(line)

    def reset(self) -> None:
        """Nothing to forget."""


def _script(text: str) -> str:
    return f"say 'x' {literal(text)};"


def _scripted(text: str) -> list[str]:
    """The arguments of a PowerShell line, with the script as PowerShell's own rules write the text."""
    line = ExchangeShell(_tool(), "C:\\Exchange Server\\").line("MARK")
    command = re.findall(r'-Command "([^"]*)"', line)[0]
    script = command.replace("MARK", "say 'x' '" + text.replace("'", "''") + "';")
    console = ["-PSConsoleFile", "C:\\Exchange Server\\bin\\exshell.psc1"]
    return ["-NoLogo", "-NoProfile", "-NonInteractive", *console, "-Command", script]


def _wql(path: str) -> str:
    """A text between single quotes of WQL, where a backslash escapes."""
    return "'" + path.replace("\\", "\\\\").replace("'", "\\'") + "'"


CASES: dict[str, Case] = {
    "command_line": Case(lambda v: command_line(["argv", v, "/x", v]), lambda v: [v, "/x", v]),
    "name": Case(lambda v: f"argv {name(v)} /x", lambda v: [v, "/x"]),
    "quote": Case(lambda v: f"argv /c {quote(v)} /x", lambda v: ["/c", v, "/x"]),
    "group": Case(
        lambda v: ClusterExe(_tool()).group_line(v, "/move:NODEB", 300),
        lambda v: ["group", v, "/move:NODEB", "/wait:300"],
    ),
    "cluster": Case(
        lambda v: ClusterExe(_tool(), v or "x").group_line("G", "/online", 5),
        lambda v: [f"/cluster:{v or 'x'}", "group", "G", "/online", "/wait:5"],
    ),
    "node": Case(lambda v: ClusterExe(_tool()).node_line(v, "/pause"), lambda v: ["node", v, "/pause"]),
    "service": Case(_windows.service_line, lambda v: ["query", v]),
    "registry": Case(lambda v: _registry.query(v, tree=True), lambda v: ["query", v, "/s"]),
    "feature": Case(lambda v: install_line(v, all_subfeatures=True), lambda v: ["-install", v, "-allSubFeatures"]),
    "media": Case(
        media_line,
        lambda v: [
            "datafile",
            "where",
            "name=" + _wql(v.rstrip("\\") + "\\Setup\\ServerRoles\\Common\\ExSetup.exe"),
            "get",
            "Version",
        ],
    ),
    "shell": Case(lambda v: ExchangeShell(_tool(), "C:\\Exchange Server\\").line(_script(v)), _scripted),
}


def show_arguments(proc: Process) -> int:
    """A played program that does as tests/wine/argv.c."""
    arguments = proc.argv[1:]
    proc.out(f"argv {len(arguments)}\n" + "".join(f"{_units(text)}\n" for text in arguments))
    return 0


def _units(text: str) -> str:
    raw = text.encode("utf-16-be", "surrogatepass")
    return f"{len(raw) // 2} {raw.hex()}"


def played_host() -> Host:
    """A host of the lab with the program that shows its arguments under every name, schtasks included."""
    PROGRAMS["shown"] = show_arguments
    host = cmd_lab.make_host()
    for tool in (*TOOLS, "schtasks"):
        host.files.add_program(f"{cmd_lab.SYSTEM32}{tool}.exe", "shown")
    return host


class LabChannel:
    """The collection's way to a played host; answers are kept."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.answers: list[Result] = []

    def run(self, line: str, *, stdin: bytes | None = None, timeout: float = 0, hear: Hear | None = None) -> Result:
        """One command line, as WinRM runs it."""
        done = cmd_lab.run(self._host, line, stdin or b"")
        self.answers.append(Result(done.rc, done.out, done.err))
        return self.answers[-1]

    def reset(self) -> None:
        """Nothing to forget."""


def shown(output: str) -> list[list[str]]:
    """The arguments of every start of the program, in order; raises AssertionError for anything else in output."""
    calls: list[list[str]] = []
    for line in output.splitlines():
        count, argument = _COUNT.fullmatch(line), _ARGUMENT.fullmatch(line)
        if count:
            calls.append([])
        else:
            assert argument and calls, f"not of our program: {line!r} in {output!r}"
            calls[-1].append(bytes.fromhex(argument.group(2)).decode("utf-16-be", "surrogatepass"))
    return calls
