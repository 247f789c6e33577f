# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Runs statements: blocks with their traps, loops, conditions, jumps."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from . import syntax as ast
from .commands import Commands
from .errors import ErrorRecord, Exit, Extent, Jump, LoopJump, PSError, Return
from .expressions import Expressions
from .operators import is_like, search
from .session import Scope, Session
from .values import ExceptionValue, collapsed, each, number, same, to_text, truth

Output = Iterator[Any]
_TURN = 0.01  # lab seconds that one turn of a loop takes, so that an endless one lets time pass


class Interpreter:
    """One script at a time. Everything that can put out objects is a generator of them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.expressions = Expressions(self)
        self.commands = Commands(self)
        self.failed = False  # the last statement ended with a terminating error
        self._traps = 0  # how many blocks with traps are being run
        self._kinds: dict[type, Callable[[Any], Output]] = {
            ast.Pipeline: self.commands.run,
            ast.Assignment: self._assignment,
            ast.If: self._if,
            ast.ForEach: self._foreach,
            ast.Loop: self._loop,
            ast.Switch: self._switch,
            ast.FunctionDefinition: self._define,
            ast.Throw: self._throw,
            ast.Leave: self._leave,
        }

    def run_script(self, block: ast.Block) -> int:
        """Run a whole script, show what it puts out, and return the exit code."""
        printer = self.session.printer()
        try:
            for value in self.run_block(block):
                printer.show(value)
        except Exit as leaving:
            self.session.ended = True
            printer.finish()
            return leaving.code
        except Jump:
            pass
        except PSError as error:
            printer.finish()
            return self._uncaught(error.record)
        except RecursionError:
            printer.finish()
            message = self.session.console.translated("The script failed due to call depth overflow.")
            return self._uncaught(ErrorRecord(message))
        printer.finish()
        # assumption: an error that ended the last statement makes the exit code 1, as an uncaught throw does
        return 1 if self.failed else 0

    def _uncaught(self, record: ErrorRecord) -> int:
        self.session.remember(record)
        self.session.console.error(record)
        return 1

    def run_block(self, block: ast.Block) -> Output:
        """Run the statements of a block under its traps."""
        for statement in block.statements:
            self.failed = False
            output = self._kinds[type(statement)](statement)
            try:
                yield from self._watched(output) if block.traps else output
            except PSError as error:
                yield from self._caught(block, error)

    def run_in_scope(self, block: ast.Block, scope: Scope) -> Output:
        """Run a function or script block in a scope of its own; return ends it."""
        try:
            yield from self._scoped(self.run_block(block), [*self.session.scopes, scope])
        except Return:
            return

    def run_here(self, block: ast.Block, item: Any) -> Output:
        """Run a script block of Where-Object and its like, with $_ set, in the scope of the caller."""
        try:
            yield from self._with_item(self.run_block(block), item)
        except Return:
            return

    def value_of(self, statement: ast.Statement) -> Any:
        """The value of a statement in an expression, a condition or an assignment."""
        plain = isinstance(statement, ast.Pipeline) and len(statement.elements) == 1
        first = statement.elements[0] if isinstance(statement, ast.Pipeline) else None
        if plain and isinstance(first, ast.Value) and not first.redirections:
            return self.expressions.evaluate(first.expression)
        return collapsed(list(self._kinds[type(statement)](statement)))

    # -- what happens around a generator while it runs, and only then

    def _watched(self, output: Output) -> Output:
        while True:
            self._traps += 1
            try:
                value = next(output)
            except StopIteration:
                return
            finally:
                self._traps -= 1
            yield value

    def _scoped(self, output: Output, scopes: list[Scope]) -> Output:
        while True:
            saved, self.session.scopes = self.session.scopes, scopes
            try:
                value = next(output)
            except StopIteration:
                return
            finally:
                self.session.scopes = saved
            yield value

    def _with_item(self, output: Output, item: Any) -> Output:
        scope = self.session.scopes[-1]
        while True:
            saved = scope.get("_")
            scope["_"] = item
            try:
                value = next(output)
            except StopIteration:
                return
            finally:
                scope["_"] = saved
            yield value

    # -- errors

    def _caught(self, block: ast.Block, error: PSError) -> Output:
        """A statement of the block ended with an error: its trap, or on to the next block, or on to the next line."""
        trap = next((t for t in block.traps if _traps(t, error.record)), None)
        if trap is None:
            if error.fatal or self._traps or self.session.preference() == "stop":
                raise error
        else:
            yield from self._trapped(trap, error)
            if error.handled:
                return
        self.failed = True
        self.session.report(error.record)

    def _trapped(self, trap: ast.Trap, error: PSError) -> Output:
        """Run a trap: continue silences the error, break raises it again, the end of the trap lets it be shown."""
        scope: Scope = {"_": error.record}
        try:
            yield from self._scoped(self.run_block(trap.body), [*self.session.scopes, scope])
        except LoopJump as jump:
            if jump.kind == "break":
                raise error from None
            self.session.remember(error.record)
            error.handled = True

    # -- statements

    def _assignment(self, node: ast.Assignment) -> Output:
        value = self.value_of(node.value)
        if node.op != "=":
            value = self.expressions.operate(node.op[:-1], self.expressions.evaluate(node.target), value, node.at)
        self.expressions.assign(node.target, value, node.at)
        yield from ()

    def _if(self, node: ast.If) -> Output:
        for condition, body in node.clauses:
            if truth(self.value_of(condition)):
                yield from self.run_block(body)
                return
        if node.otherwise:
            yield from self.run_block(node.otherwise)

    def _foreach(self, node: ast.ForEach) -> Output:
        values = self.value_of(node.values)
        # PowerShell 1.0 runs the body once for $null
        for item in [None] if values is None else each(values):
            self.session.set(node.variable, item)
            if (yield from self._body(node.body)):
                return

    def _loop(self, node: ast.Loop) -> Output:
        if node.first:
            self.value_of(node.first)
        if node.body_first and (yield from self._body(node.body)):
            return
        while node.condition is None or truth(self.value_of(node.condition)) != node.until:
            self.session.proc.sleep(_TURN)
            if (yield from self._body(node.body)):
                return
            if node.each:
                self.value_of(node.each)

    def _body(self, body: ast.Block) -> Generator[Any, None, bool]:
        """One turn of a loop; the generator's own value tells whether break was met."""
        try:
            yield from self.run_block(body)
        except LoopJump as jump:
            return jump.kind == "break"
        return False

    def _switch(self, node: ast.Switch) -> Output:
        for item in each(self.value_of(node.value)):
            scope: Scope = {"_": item}
            try:
                yield from self._scoped(self._cases(node, item), [*self.session.scopes, scope])
            except LoopJump as jump:
                if jump.kind == "break":
                    return

    def _cases(self, node: ast.Switch, item: Any) -> Output:
        matched = False
        for pattern, body in node.cases:
            if pattern is not None and self._fits(node, item, pattern):
                matched = True
                yield from self.run_block(body)
        if not matched:
            for pattern, body in node.cases:
                if pattern is None:
                    yield from self.run_block(body)

    def _fits(self, node: ast.Switch, item: Any, pattern: ast.Expression) -> bool:
        if isinstance(pattern, ast.ScriptBlockLiteral):
            return truth(collapsed(list(self.run_here(pattern.body, item))))
        wanted = self.expressions.evaluate(pattern)
        if node.mode == "regex":
            return search(item, wanted, node.case_sensitive) is not None
        if node.mode == "wildcard":
            return is_like(item, wanted, node.case_sensitive)
        return same(item, wanted, node.case_sensitive)

    def _define(self, node: ast.FunctionDefinition) -> Output:
        self.session.functions[node.name.lower().removeprefix("global:")] = node.body
        yield from ()

    def _throw(self, node: ast.Throw) -> Output:
        value = self.value_of(node.value) if node.value else None
        yield from ()
        raise thrown(value, node.at)

    def _leave(self, node: ast.Leave) -> Output:
        if node.kind in ("break", "continue"):
            raise LoopJump(node.kind)
        if node.kind == "exit":
            raise Exit(self._exit_code(node))
        if node.value:
            yield from each(self.value_of(node.value))
        raise Return

    def _exit_code(self, node: ast.Leave) -> int:
        value = self.value_of(node.value) if node.value else 0
        try:
            return int(number(value))
        except PSError:
            return 0


def thrown(value: Any, at: Extent) -> PSError:
    """The error of a throw statement."""
    if isinstance(value, ErrorRecord):
        return PSError(value, fatal=True)
    message = value.message if isinstance(value, ExceptionValue) else to_text(value)
    identifier = "ScriptHalted" if value is None else message
    return PSError(ErrorRecord(message or "ScriptHalted", "", at, value, identifier), fatal=True)


def _traps(trap: ast.Trap, record: ErrorRecord) -> bool:
    if trap.type is None:
        return True
    wanted = trap.type.name.lower().removeprefix("system.")
    return wanted in ("exception", record.type_name.lower().removeprefix("system."))
