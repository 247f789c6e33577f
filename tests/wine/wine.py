# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cmd.exe that this project has not written: Wine's, with programs built by MinGW, all in one folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import BinaryIO, cast

from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Hear, Result

HERE = Path(__file__).resolve().parent
PLACE = HERE.parents[1] / ".build" / "wine"
COMPILER = "x86_64-w64-mingw32-gcc"
SYSTEM32 = PLACE / "prefix" / "drive_c" / "windows" / "system32"
_PATIENCE = 60.0  # seconds for one command; they take a tenth of one
_PREPARING = 600.0  # seconds for a new prefix


def environment() -> dict[str, str]:
    """Wine in a prefix of its own, silent, without its browser and its .NET, which it would ask to download.

    Programs of ours take the places of its own of these names.
    """
    overrides = "mscoree,mshtml=;cluster.exe,powershell.exe,reg.exe,sc.exe,wmic.exe=n"
    own = {"LC_ALL": "C", "WINEDEBUG": "-all", "WINEDLLOVERRIDES": overrides, "WINEPREFIX": str(PLACE / "prefix")}
    return {name: value for name, value in os.environ.items() if name != "DISPLAY"} | own


def build() -> None:
    """Make the prefix and the programs; raises CalledProcessError."""
    PLACE.mkdir(parents=True, exist_ok=True)
    for name, options in (("argv", ["-municode"]), ("host", [])):
        target = PLACE / f"{name}.exe"
        command: list[str | Path] = [
            COMPILER,
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            *options,
            "-o",
            target,
            HERE / f"{name}.c",
        ]
        subprocess.run(command, check=True)
    if not SYSTEM32.is_dir():
        subprocess.run(["wine", "wineboot", "--init"], check=True, env=environment(), timeout=_PREPARING)


def install(*names: str) -> None:
    """Have the program that shows its arguments under these names; a name with a folder is one of drive C."""
    for name in names:
        target = SYSTEM32 / f"{name}.exe" if "\\" not in name else on_disk(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PLACE / "argv.exe", target)


def on_disk(path: str) -> Path:
    """Where this machine has a path of drive C."""
    return PLACE / "prefix" / "drive_c" / Path(*path.split("\\")[1:])


class Cmd:
    """Runs command lines, each in a cmd.exe of its own: a way to a node, for the collection."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, line: str, *, stdin: bytes | None = None, timeout: float = 0, hear: Hear | None = None) -> Result:
        """Standard output in code page 437; standard error is lost unless the line says 2>&1. Hanging is a failure."""
        assert stdin is None
        assert "\n" not in line
        process = self._started()
        watchdog = threading.Timer(_PATIENCE, process.kill)
        watchdog.start()
        try:
            stream = cast(BinaryIO, process.stdin)
            stream.write(line.encode() + b"\n")
            stream.flush()
            answer = cast(BinaryIO, process.stdout).readline()
        finally:
            watchdog.cancel()
        if not answer:
            self.end()
        assert answer, f"no answer to {line!r}"
        output, _blank, code = answer.decode().rpartition(" ")
        return Result(int(code), bytes.fromhex(output).decode("cp437"))

    def reset(self) -> None:
        """Nothing to forget."""

    def end(self) -> None:
        """End everything that runs in the prefix."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
            subprocess.run(["wineserver", "--kill"], check=False, env=environment(), stderr=subprocess.DEVNULL)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                ["wine", PLACE / "host.exe"], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment()
            )
        return self._process
