# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Redirections: opening what stands behind '<', '>' and '>&'."""

from __future__ import annotations

from contextlib import ExitStack

from ..files import FileSystemError
from .nodes import Redirect
from .shell import Shell, is_device
from .streams import BytesStdin, FileSink, Handles, NullSink

_INVALID_HANDLE = 6


def open_redirect(shell: Shell, redirect: Redirect, target: str, handles: Handles, stack: ExitStack) -> Handles:
    """The handles with one redirection applied; the stack closes the file. Raises FileSystemError."""
    if redirect.operator == "&":
        if int(target) not in handles.table:
            raise FileSystemError(_INVALID_HANDLE)
        return handles.having(redirect.handle, handles.table[int(target)])
    path = shell.path(target)
    if is_device(path):
        return handles.having(redirect.handle, BytesStdin() if redirect.operator == "<" else NullSink())
    if redirect.operator == "<":
        return handles.having(redirect.handle, BytesStdin(shell.files.read(path), shell.proc.codepage))
    sink = FileSink(shell.files.open_write(path, append=redirect.operator == ">>"))
    stack.callback(sink.close)
    shell.effect("written", path)
    return handles.having(redirect.handle, sink)
