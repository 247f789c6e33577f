# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Pipelines: which command a name means, its arguments, its redirections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import native, scripts
from . import syntax as ast
from .aliases import ALIASES
from .binding import Cmdlet, Invocation, Typed, bind, run_bound
from .casts import cast
from .cmdlets import every_cmdlet
from .computer_cmdlets import save
from .errors import ErrorRecord, Exit, Extent, PSError, Return
from .session import Scope
from .values import ScriptBlock, each, to_text

if TYPE_CHECKING:
    from .interpreter import Interpreter

Output = Iterator[Any]
_REGISTRY = every_cmdlet()


class Commands:
    """Runs pipelines for the interpreter."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self._session = interpreter.session

    def run(self, pipeline: ast.Pipeline) -> Output:
        """The objects that come out of a pipeline; every element asks the one before it for more."""
        flow: Output | None = None
        for element in pipeline.elements:
            flow = self._redirected(element, self._element(element, flow))
        errors_before = len(self._session.errors)
        self._session.program_failed = False
        yield from flow or ()
        self._session.succeeded = len(self._session.errors) == errors_before and not self._session.program_failed

    def cmdlets(self) -> list[Cmdlet]:
        """The cmdlets that can be used now, by name."""
        return [cmdlet for cmdlet in _REGISTRY.all() if self._session.loaded(cmdlet.snapin)]

    def _element(self, element: ast.Command | ast.Value, flow: Output | None) -> Output:
        if isinstance(element, ast.Value):
            return self._value(element)
        return self._command(element, flow)

    def _value(self, element: ast.Value) -> Output:
        value = self._interpreter.expressions.evaluate(element.expression)
        if not isinstance(element.expression, ast.Step):  # $i++ as a statement puts nothing out
            yield from each(value)

    def _command(self, command: ast.Command, flow: Output | None) -> Output:
        target = self._interpreter.expressions.evaluate(command.name)
        if isinstance(target, ScriptBlock):
            yield from self._script_block(target.body, command, flow)
            return
        yield from self._named(to_text(target), command, flow)

    def _named(self, name: str, command: ast.Command, flow: Output | None) -> Output:
        name = ALIASES.get(name.lower(), name)
        function = self._session.functions.get(name.lower())
        if function is not None:
            yield from self._script_block(function, command, flow)
            return
        cmdlet = _REGISTRY.find(name)
        if cmdlet is not None and self._session.loaded(cmdlet.snapin):
            invocation = Invocation(cmdlet, self._interpreter, command.at)
            yield from self._cmdlet(invocation, command, flow)
            return
        if script := scripts.find(self._session, name):
            yield from self._script_file(script, command, flow)
            return
        yield from self._native(name, command, flow)

    def _script_file(self, path: str, command: ast.Command, flow: Output | None) -> Output:
        """exit ends the script file only, and leaves its number in $LASTEXITCODE."""
        try:
            body = scripts.load(self._session, path)
        except PSError as error:
            raise self._session.locate(error, command.at) from None
        try:
            yield from self._script_block(body, command, flow)
        except Exit as leaving:
            self._session.scopes[0]["lastexitcode"] = leaving.code
            self._session.program_failed = leaving.code != 0

    # -- cmdlets

    def _cmdlet(self, invocation: Invocation, command: ast.Command, flow: Output | None) -> Output:
        typed = self._typed(command)
        try:
            bind(invocation, typed, flow is not None)
            invocation.input = flow if flow is not None else iter(())
            yield from self._kept(invocation, run_bound(invocation, flow is not None))
        except PSError as error:
            raise invocation.located(error) from None

    def _kept(self, invocation: Invocation, output: Output) -> Output:
        """-OutVariable and -ErrorVariable."""
        errors_before = len(self._session.errors)
        values = []
        for value in output:
            values.append(value)
            yield value
        if name := invocation.text("OutVariable"):
            self._session.set(ast.Variable(name), values)
        if name := invocation.text("ErrorVariable"):
            fresh = self._session.errors[: len(self._session.errors) - errors_before]
            self._session.set(ast.Variable(name), list(fresh))

    def _typed(self, command: ast.Command) -> list[Typed]:
        evaluate = self._interpreter.expressions.evaluate
        return [
            Typed(None if a.value is None else evaluate(a.value), a.name, a.value is not None, a.at)
            for a in command.arguments
        ]

    # -- functions and script blocks

    def _script_block(self, body: ast.Block, command: ast.Command, flow: Output | None) -> Output:
        scope = self._arguments(body, command)
        scope["input"] = list(flow) if flow is not None else []
        if command.operator == ".":
            self._session.scopes[-1].update(scope)
            try:
                yield from self._interpreter.run_block(body)
            except Return:
                return
        else:
            yield from self._interpreter.run_in_scope(body, scope)

    def _arguments(self, body: ast.Block, command: ast.Command) -> Scope:
        """Parameters by name (or the beginning of one), the others in their order, the rest in $args."""
        if not any(a.name for a in command.arguments) and not any(p.type for p in body.parameters):
            return self._in_order(body, command)
        scope: Scope = {}
        rest: list[Any] = []
        waiting: ast.Parameter | None = None
        for argument in self._typed(command):
            parameter = _parameter_of(body, argument.name) if argument.name else None
            if waiting is not None:
                self._give(scope, waiting, argument.value, command)
                waiting = None
            elif parameter is None:
                rest += [f"-{argument.name}"] if argument.name else [argument.value]
            elif argument.given or _is_switch(parameter):
                self._give(scope, parameter, argument.value if argument.given else True, command)
            else:
                waiting = parameter
        free = [p for p in body.parameters if p.name.lower() not in scope and not _is_switch(p)]
        for parameter, value in zip(free, rest, strict=False):
            self._give(scope, parameter, value, command)
        self._defaults(scope, body, command)
        scope["args"] = rest[len(free) :]
        return scope

    def _in_order(self, body: ast.Block, command: ast.Command) -> Scope:
        """As nearly every call of a function is: values only, for parameters that take any."""
        evaluate = self._interpreter.expressions.evaluate
        values = [None if a.value is None else evaluate(a.value) for a in command.arguments]
        scope: Scope = {p.name.lower(): value for p, value in zip(body.parameters, values, strict=False)}
        self._defaults(scope, body, command)
        scope["args"] = values[len(body.parameters) :]
        return scope

    def _give(self, scope: Scope, parameter: ast.Parameter, value: Any, command: ast.Command) -> None:
        try:
            scope[parameter.name.lower()] = cast(parameter.type.name, value) if parameter.type else value
        except PSError as error:
            raise self._session.locate(error, command.at) from None

    def _defaults(self, scope: Scope, body: ast.Block, command: ast.Command) -> None:
        for parameter in body.parameters:
            if parameter.name.lower() in scope:
                continue
            value = self._interpreter.expressions.evaluate(parameter.default) if parameter.default else None
            if parameter.default or not parameter.type:
                scope[parameter.name.lower()] = value
            else:
                self._give(scope, parameter, value, command)

    # -- programs

    def _native(self, name: str, command: ast.Command, flow: Output | None) -> Output:
        program = native.find(self._session, name)
        if program is None:
            raise PSError(self._unknown(name, command.at))
        words = native.words(self._typed(command))
        yield from native.run(self._session, program, words, list(flow or ()))

    def _unknown(self, name: str, at: Extent) -> ErrorRecord:
        message = (
            f"The term '{name}' is not recognized as a cmdlet, function, operable program, or script file. "
            "Verify the term and try again."
        )
        return ErrorRecord(
            self._session.console.translated(message),
            extent=at,
            target=name,
            identifier="CommandNotFoundException",
            type_name="System.Management.Automation.CommandNotFoundException",
        )

    # -- redirections

    def _redirected(self, element: ast.Command | ast.Value, output: Output) -> Output:
        for redirection in element.redirections:
            if redirection.stream == 1:
                output = self._to_file(redirection, output)
            elif redirection.target is None:
                output = self._merged(output)
            else:
                output = self._errors_to_file(redirection, output)
        return output

    def _sunk(self, output: Output, sink: Callable[[ErrorRecord], None]) -> Output:
        """Errors go to sink while output runs."""
        while True:
            saved, self._session.error_sink = self._session.error_sink, sink
            try:
                value = next(output)
            except StopIteration:
                return
            finally:
                self._session.error_sink = saved
            yield value

    def _merged(self, output: Output) -> Output:
        """2>&1"""
        errors: list[ErrorRecord] = []
        for value in self._sunk(output, errors.append):
            yield from errors
            errors.clear()
            yield value
        yield from errors

    def _errors_to_file(self, redirection: ast.Redirection, output: Output) -> Output:
        lines: list[str] = []
        yield from self._sunk(output, lambda record: lines.append(record.text() + "\n"))
        self._save(redirection, "".join(lines))

    def _to_file(self, redirection: ast.Redirection, output: Output) -> Output:
        pieces: list[str] = []
        printer = self._session.printer(pieces.append)
        for value in output:
            printer.show(value)
        printer.finish()
        self._save(redirection, "".join(pieces))
        yield from ()

    def _save(self, redirection: ast.Redirection, text: str) -> None:
        target = self._interpreter.expressions.evaluate(redirection.target) if redirection.target else None
        if target is None:  # > $null
            return
        save(self._session, to_text(target), text, redirection.append)


def _parameter_of(body: ast.Block, name: str) -> ast.Parameter | None:
    return next((p for p in body.parameters if p.name.lower().startswith(name.lower())), None)


def _is_switch(parameter: ast.Parameter) -> bool:
    return parameter.type is not None and parameter.type.name.lower() in ("switch", "switchparameter")
