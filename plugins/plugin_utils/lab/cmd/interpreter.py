# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Running what was parsed. Every command has a return code, which '&&' and '||' look at; not each sets ERRORLEVEL."""

from __future__ import annotations

import re
from contextlib import ExitStack
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from ..files import PATH_NOT_FOUND, FileSystemError, parent
from ..process import Process
from . import batch, loops
from .arguments import unquote
from .builtins import BUILTINS, Builtin
from .conditions import holds
from .context import Context
from .environment import Environment
from .expand import expand_delayed, expand_for, expand_percent
from .launch import find_program, is_batch, new_process, run_program
from .nodes import Block, Chain, For, If, Node, Redirect, Simple
from .parser import DELIMITERS, MAX_LINE, CommandSyntaxError, IncompleteLine, parse
from .paths import modify
from .redirection import open_redirect
from .shell import Abandoned, EndBatch, ExitShell, Shell
from .streams import BufferSink, BytesStdin, Handles

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(r'(?:"[^"]*"?|[^\s,;=/"])+')
_STUCK = re.compile(r"([A-Za-z]+)[.:\\(+\[\]]")
_DRIVE = re.compile(r"([^\s\"]:)\s*")
NOT_RECOGNISED = 9009
_ERRORS_TO_OUTPUT = (Redirect(2, "&", "1"),)
_N = TypeVar("_N", bound=Node)


class Interpreter:
    """One cmd.exe at work."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def run_line(self, text: str, handles: Handles, strip_always: bool = False) -> int:
        """Run a command line as cmd.exe /c does, up to the exit code of the process."""
        text = strip_quotes(
            text.partition("\n")[0], lambda name: find_program(self.shell, name) is not None, strip_always
        )
        expanded = expand_percent(text, self.shell.variable, None, self.modify)
        if max(len(text), len(expanded)) > MAX_LINE:
            return Context(self, handles).fail("The command line is too long.")
        try:
            node = parse(expanded)
            return self.run(node, handles) if node else 0
        except IncompleteLine:
            return 1  # assumption: an open parenthesis at the end of a command line says nothing
        except CommandSyntaxError as error:
            self.explain(error, handles)
            return 1
        except ExitShell as end:
            return end.code

    def run(self, node: Node, handles: Handles) -> int:
        """Run one node of the tree and return its return code."""
        self.shell.proc.check()
        return self._redirected(node, handles, self._run) if node.redirects else self._run(node, handles)

    def run_called(self, node: Simple, handles: Handles) -> int:
        """Run what CALL read: nothing is expanded any more."""
        self.shell.proc.check()
        return self._redirected(node, handles, self._called) if node.redirects else self._called(node, handles)

    def _called(self, node: Simple, handles: Handles) -> int:
        return self.execute(node.text, handles, called=True)

    def _redirected(self, node: _N, handles: Handles, run: Callable[[_N, Handles], int]) -> int:
        """A redirection that can't be opened keeps a command from running, but doesn't set ERRORLEVEL."""
        if node.redirects == _ERRORS_TO_OUTPUT and 1 in handles.table:  # by far the most frequent one
            return run(node, handles.having(2, handles.table[1]))
        with ExitStack() as stack:
            inner = handles
            try:
                for redirect in node.redirects:
                    inner = open_redirect(self.shell, redirect, self.substitute(redirect.target), inner, stack)
            except FileSystemError as error:
                return Context(self, handles).fail_with(error.code)
            return run(node, inner)

    def _run(self, node: Node, handles: Handles) -> int:
        if isinstance(node, Simple):
            plain = not self.shell.variables and not self.shell.delayed
            return self.execute(node.text if plain else self.substitute(node.text), handles)
        if isinstance(node, Chain):
            return self._pipe(node, handles) if node.operator == "|" else self._chain(node, handles)
        if isinstance(node, If):
            return self._if(node, handles)
        if isinstance(node, For):
            return loops.run_for(self, node, handles)
        return self._block(cast("Block", node), handles)

    def _block(self, node: Block, handles: Handles) -> int:
        code = 0
        for child in node.body:
            code = self.run(child, handles)
        return code

    def _chain(self, node: Chain, handles: Handles) -> int:
        """Chains lean to the left, and those of clients are long: one after the other, not one in the other."""
        links: list[Chain] = []
        first: Node = node
        while isinstance(first, Chain) and first.operator != "|":
            links.append(first)
            first = first.left
        code = self.run(first, handles)
        for link in reversed(links):
            if link.operator == "||" and code:
                self.shell.errorlevel = code
            if link.operator == "&" or (code == 0) == (link.operator == "&&"):
                code = self.run(link.right, handles)
        return code

    def _pipe(self, node: Chain, handles: Handles) -> int:
        """Each side is a cmd.exe of its own; the right one's exit code counts."""
        between = BufferSink()
        self._side(node.left, handles.having(1, between))
        code = self._side(node.right, handles.having(0, BytesStdin(between.data, self.shell.proc.codepage)))
        self.shell.errorlevel = code
        return code

    def _side(self, node: Node, handles: Handles) -> int:
        shell = self.shell.fork(keep_delayed=isinstance(node, Simple))
        shell.abandons = isinstance(node, Simple)
        shell.errorlevel = self.shell.errorlevel
        try:
            return Interpreter(shell).run(node, handles)
        except Abandoned:
            raise
        except ExitShell as end:
            return end.code

    def _if(self, node: If, handles: Handles) -> int:
        condition = node.condition
        left, right = self.substitute(condition.left), self.substitute(condition.right)
        chosen = node.then if holds(condition, left, right, self.shell) else node.otherwise
        return self.run(chosen, handles) if chosen else 0

    def below(self) -> Interpreter:
        """A cmd.exe started by this one, outside of any batch file and FOR loop."""
        shell = self.shell.fork()
        shell.variables = {}
        return Interpreter(shell)

    def substitute(self, text: str) -> str:
        """FOR variables, then delayed expansion."""
        text = expand_for(text, self.shell.variables, self.modify)
        return expand_delayed(text, self.shell.variable) if self.shell.delayed else text

    def modify(self, value: str, modifiers: str, search: str) -> str:
        """What %~dp0 and the like stand for."""
        return modify(self.shell, value, modifiers, search)

    def execute(self, text: str, handles: Handles, called: bool = False) -> int:
        """Run one command: a drive, a built-in command, a batch file or a program."""
        read = _read(text)
        if read.builtin and not (read.stuck and find_program(self.shell, read.token)):
            code = self._builtin(BUILTINS[read.builtin], read.arguments, handles)
            self.shell.errorlevel = 0 if called and code == 0 else self.shell.errorlevel
            return code
        return self._external(read.token, read.rest, handles, called) if read.token else 0

    def _builtin(self, builtin: Builtin, arguments: str, handles: Handles) -> int:
        at = Context(self, handles)
        try:
            code = builtin.run(at, arguments)
        except FileSystemError as error:
            code = at.fail_with(error.code)
        if builtin.sets_errorlevel(code, self._in_cmd_file()):
            self.shell.errorlevel = code
        return code

    def _in_cmd_file(self) -> bool:
        frame = self.shell.frame
        return frame is not None and frame.path.lower().endswith(".cmd")

    def _external(self, token: str, rest: str, handles: Handles, called: bool) -> int:
        path = find_program(self.shell, unquote(token))
        if path is None:
            return self.missing(token, handles)
        if is_batch(path):
            return self._batch_file(path, token, rest, handles, called)
        self.shell.errorlevel = self._start(path, token, rest, handles)
        return self.shell.errorlevel

    def _start(self, path: str, token: str, rest: str, handles: Handles) -> int:
        """Run a native program and wait for it; 'ipconfig/all' reaches it with a blank between."""
        line = token + rest if rest[:1] in ("", " ", "\t") else f"{token} {rest}"
        return run_program(new_process(self.shell, line, handles), path)

    def _batch_file(self, path: str, token: str, rest: str, handles: Handles, called: bool) -> int:
        """A batch file started without CALL takes the place of the one that starts it."""
        file = self.shell.files.entry(path)
        if file and file.program:
            code = self.shell.errorlevel = self._start(path, token, rest, handles)
        else:
            code = batch.run_file(self, path, token, rest, handles)
        if called:
            return code or self.shell.errorlevel
        if self.shell.frame:
            raise EndBatch(code)
        return code

    def missing(self, token: str, handles: Handles) -> int:
        """Say that there is no such command; returns 1."""
        at = Context(self, handles)
        self.shell.errorlevel = self._why_missing(unquote(token))
        if self.shell.errorlevel == NOT_RECOGNISED:
            english = "'{name}' is not recognized as an internal or external command,\noperable program or batch file."
            at.fail(english, name=token)
        else:
            at.fail_with(self.shell.errorlevel)
        if self.shell.abandons:
            raise Abandoned
        return 1

    def _why_missing(self, name: str) -> int:
        """9009, or the error number of the folder that isn't there."""
        try:
            known = "\\" not in name or self.shell.files.is_dir(parent(self.shell.path(name)))
        except FileSystemError as error:
            return error.code
        return NOT_RECOGNISED if known else PATH_NOT_FOUND

    def explain(self, error: CommandSyntaxError, handles: Handles) -> None:
        """Say what is wrong with a line."""
        at = Context(self, handles)
        if error.token:
            at.fail("{token} was unexpected at this time.", token=error.token)
        elif not isinstance(error, IncompleteLine):
            at.bad_syntax()


class _Read(NamedTuple):
    """A command as it is written: its first word and what follows, and what a built-in command would get.

    stuck: something is stuck to the name, as in 'cd..' and 'echo.', so that it may be a program's after all.
    """

    token: str
    rest: str
    builtin: str = ""
    arguments: str = ""
    stuck: bool = False


@lru_cache(maxsize=8192)
def _read(text: str) -> _Read:
    text = text.lstrip(DELIMITERS)
    found = _TOKEN.match(text)
    if not found:
        return _Read(text, "")
    token, rest = found.group(), text[found.end() :]
    drive = _DRIVE.fullmatch(token)
    if drive:
        return _Read(token, rest, ":", drive[1])
    if token.lower() in BUILTINS and token.isalpha():
        return _Read(token, rest, token.lower(), rest)
    stuck = _STUCK.match(token)
    if stuck and stuck[1].lower() in BUILTINS:
        return _Read(token, rest, stuck[1].lower(), text[stuck.end(1) :], stuck=True)
    return _Read(token, rest)


def strip_quotes(text: str, is_program: Callable[[str], bool], always: bool = False) -> str:
    """What cmd.exe /c makes of its text when it begins with a quote: the first and the last quote go, unless there are
    exactly two, nothing special and a blank between them, and they name a program (windows-cli.md 6)."""
    text = text.lstrip(" \t")
    if not text.startswith('"'):
        return text
    inside = text[1:].partition('"')[0]
    plain = text.count('"') == 2 and not re.search(r"[&<>()@^|]", inside) and re.search(r"\s", inside) is not None
    if plain and not always and is_program(inside):
        return text
    before, _quote, after = text[1:].rpartition('"')
    return before + after if _quote else text[1:]


def run_command_line(
    proc: Process, text: str, delayed: bool = False, strip_always: bool = False, echo: bool = True
) -> int:
    """Run what `cmd.exe /c text` runs, on an existing process with its streams, and return the exit code."""
    shell = Shell(proc, Environment(proc.env), delayed, echo)
    handles = Handles({0: proc.stdin, 1: proc.stdout, 2: proc.stderr})
    return Interpreter(shell).run_line(text, handles, strip_always)
