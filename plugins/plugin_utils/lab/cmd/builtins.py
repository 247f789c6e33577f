# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The table of built-in commands, and which of them set ERRORLEVEL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import builtin_dir, builtin_files, builtin_flow, builtin_folders, builtin_set, builtin_text
from .context import Context


@dataclass(frozen=True)
class Builtin:
    """A built-in command. sets: when its return code becomes ERRORLEVEL: always, failure, cmd (on success only in a
    file whose name ends in .cmd), never."""

    run: Callable[[Context, str], int]
    sets: str = "always"

    def sets_errorlevel(self, code: int, in_cmd_file: bool) -> bool:
        """Whether this return code becomes ERRORLEVEL."""
        if self.sets in ("always", "never"):
            return self.sets == "always"
        return code != 0 or (self.sets == "cmd" and in_cmd_file)


_NOTHING = Builtin(builtin_text.nothing, "never")

BUILTINS: dict[str, Builtin] = {
    ":": Builtin(builtin_folders.change_drive, "failure"),
    "break": _NOTHING,
    "call": Builtin(builtin_flow.call, "never"),
    "cd": Builtin(builtin_folders.cd),
    "chdir": Builtin(builtin_folders.cd),
    "cls": Builtin(builtin_text.cls, "failure"),
    "color": _NOTHING,
    "copy": Builtin(builtin_files.copy),
    "date": Builtin(builtin_text.date),
    "del": Builtin(builtin_files.del_),
    "dir": Builtin(builtin_dir.dir_),
    "echo": Builtin(builtin_text.echo, "failure"),
    "endlocal": Builtin(builtin_set.endlocal, "never"),
    "erase": Builtin(builtin_files.del_),
    "exit": Builtin(builtin_flow.exit_, "never"),
    "goto": Builtin(builtin_flow.goto, "failure"),
    "md": Builtin(builtin_folders.md),
    "mkdir": Builtin(builtin_folders.md),
    "move": Builtin(builtin_files.move),
    "path": Builtin(builtin_set.path, "cmd"),
    "pause": Builtin(builtin_text.pause, "failure"),
    "popd": Builtin(builtin_folders.popd, "never"),
    "prompt": Builtin(builtin_set.prompt, "cmd"),
    "pushd": Builtin(builtin_folders.pushd),
    "rd": Builtin(builtin_folders.rd, "never"),
    "rem": _NOTHING,
    "ren": Builtin(builtin_files.ren),
    "rename": Builtin(builtin_files.ren),
    "rmdir": Builtin(builtin_folders.rd, "never"),
    "set": Builtin(builtin_set.set_, "cmd"),
    "setlocal": Builtin(builtin_set.setlocal),
    "shift": Builtin(builtin_flow.shift, "failure"),
    "start": Builtin(builtin_flow.start, "never"),
    "time": Builtin(builtin_text.time),
    "title": _NOTHING,
    "type": Builtin(builtin_text.type_),
    "ver": Builtin(builtin_text.ver),
    "verify": Builtin(builtin_text.verify),
    "vol": Builtin(builtin_text.vol),
}
