# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Cmdlets, and how what was typed behind their names finds its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import ErrorRecord, Extent, PSError
from .values import each, to_text, truth

if TYPE_CHECKING:
    from .interpreter import Interpreter
    from .session import Session


@dataclass(frozen=True)
class Parameter:
    """position counts from 0; piped: takes the objects of the pipeline, one at a time unless it is gathered, when the
    cmdlet reads them all; rest: takes everything that is left.

    since: the service pack of Exchange that brought it.
    """

    name: str
    position: int | None = None
    mandatory: bool = False
    switch: bool = False
    piped: bool = False
    rest: bool = False
    aliases: tuple[str, ...] = ()
    since: int = 0
    gathered: bool = False


def switch(name: str, since: int = 0) -> Parameter:
    """A parameter that is there or not."""
    return Parameter(name, switch=True, since=since)


_COMMON = (
    switch("Verbose"),
    switch("Debug"),
    Parameter("ErrorAction", aliases=("ea",)),
    Parameter("ErrorVariable", aliases=("ev",)),
    Parameter("OutVariable", aliases=("ov",)),
    Parameter("OutBuffer", aliases=("ob",)),
)
_PROCESS = (switch("WhatIf"), switch("Confirm"))
_ERROR_ACTIONS = ("silentlycontinue", "stop", "continue", "inquire")


@dataclass
class Typed:
    """One argument: with a name it is -name or -name:value (value given), else a positional one."""

    value: Any = None
    name: str = ""
    given: bool = True
    at: Extent | None = None


@dataclass
class Invocation:
    """A running cmdlet. bound: parameter name in lower case -> value; input: the objects of the pipeline."""

    cmdlet: Cmdlet
    interpreter: Interpreter
    at: Extent
    bound: dict[str, Any] = field(default_factory=dict)
    input: Iterator[Any] = field(default_factory=lambda: iter(()))

    @property
    def session(self) -> Session:
        """The PowerShell that runs it."""
        return self.interpreter.session

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter's value."""
        return self.bound.get(name.lower(), default)

    def text(self, name: str) -> str:
        """A parameter's value as text; empty when it isn't given."""
        return to_text(self.get(name))

    def flag(self, name: str) -> bool:
        """Whether a switch is on."""
        return truth(self.get(name, False))

    def given(self, name: str) -> bool:
        """Whether a parameter was given."""
        return name.lower() in self.bound

    def record(self, message: str, identifier: str = "RuntimeException", target: Any = None) -> ErrorRecord:
        """An error of this cmdlet; message in English."""
        said = self.session.console.translated(message)
        return ErrorRecord(said, self.cmdlet.name, self.at, target, identifier)

    def error(self, message: str, identifier: str = "RuntimeException", target: Any = None) -> None:
        """A non-terminating error: the cmdlet goes on, unless errors are to stop the script."""
        record = self.record(message, identifier, target)
        action = (self.text("ErrorAction") or self.session.preference()).lower()
        if action == "stop":
            raise self._stopped(record)
        if action == "silentlycontinue":
            self.session.remember(record)
        else:
            self.session.report(record)

    def fail(self, message: str, identifier: str = "RuntimeException") -> PSError:
        """A terminating error, to be raised."""
        return PSError(self.record(message, identifier))

    def located(self, error: PSError, at: Extent | None = None) -> PSError:
        """An error of the binder with its place: the argument, or the name of the cmdlet."""
        return self.session.locate(error, at or self.at, self.cmdlet.name)

    def should_process(self, action: str) -> bool:
        """Whether a change is to be made: tells and leaves it with -WhatIf, asks unless -Confirm is $false."""
        console = self.session.console
        if self.flag("WhatIf"):
            console.out(console.translated(f"What if: {action}") + "\n")
            return False
        if self.flag("Confirm") if self.given("Confirm") else self.cmdlet.confirms:
            return console.confirm(action)
        return True

    def _stopped(self, record: ErrorRecord) -> PSError:
        preference = '"ErrorActionPreference"'
        said = self.session.console.translated(
            f"Command execution stopped because the shell variable {preference} is set to Stop: "
        )
        record.message = said + record.message
        record.type_name = "System.Management.Automation.ActionPreferenceStopException"
        return PSError(record, fatal=True)


Run = Callable[[Invocation], Iterator[Any]]


@dataclass(frozen=True)
class Cmdlet:
    """snapin: where it comes from, empty for PowerShell's own. changes: has -WhatIf and -Confirm; confirms: asks."""

    name: str
    parameters: tuple[Parameter, ...]
    run: Run
    snapin: str = ""
    changes: bool = False
    confirms: bool = False

    def own(self, service_pack: int) -> list[Parameter]:
        """The parameters that are this cmdlet's own in a release of Exchange."""
        return [parameter for parameter in self.parameters if parameter.since <= service_pack]

    def known(self, service_pack: int) -> list[Parameter]:
        """Every parameter, the common ones last."""
        return [*self.own(service_pack), *(_PROCESS if self.changes else ()), *_COMMON]


class Registry:
    """Cmdlets by name."""

    def __init__(self) -> None:
        self._cmdlets: dict[str, Cmdlet] = {}

    def add(self, name: str, *parameters: Parameter, **more: Any) -> Callable[[Run], Run]:
        """Decorate the generator that plays a cmdlet."""

        def decorate(run: Run) -> Run:
            self._cmdlets[name.lower()] = Cmdlet(name, parameters, run, **more)
            return run

        return decorate

    def find(self, name: str) -> Cmdlet | None:
        """The cmdlet of that name, in any case."""
        return self._cmdlets.get(name.lower())

    def all(self) -> list[Cmdlet]:
        """Every cmdlet, by name."""
        return sorted(self._cmdlets.values(), key=lambda cmdlet: cmdlet.name)

    def include(self, other: Registry) -> None:
        """Take over the cmdlets of another registry."""
        self._cmdlets.update(other._cmdlets)


def find_parameter(parameters: Sequence[Parameter], typed: str) -> Parameter:
    """The parameter that a name, an alias or an unambiguous beginning of a name means; PSError."""
    low = typed.lower()
    for parameter in parameters:
        if low == parameter.name.lower() or low in parameter.aliases:
            return parameter
    found = [p for p in parameters if p.name.lower().startswith(low)]
    if not found:
        raise PSError(f"A parameter cannot be found that matches parameter name '{typed}'.")
    if len(found) > 1:
        listed = " ".join(f"'-{p.name}'" for p in found)
        raise PSError(
            f"Parameter cannot be processed because the parameter name '{typed}' is ambiguous. "
            f"Possible matches include: {listed}."
        )
    return found[0]


def bind(invocation: Invocation, typed: Sequence[Typed], piped: bool) -> None:
    """Fill invocation.bound; piped: objects will come down the pipeline. PSError as the binder of 1.0 raises it."""
    left = _bind_named(invocation, typed)
    _bind_positional(invocation, left)
    _check_values(invocation)
    _ask_for_missing(invocation, piped)


def _bind_named(invocation: Invocation, typed: Sequence[Typed]) -> list[Any]:
    """Bind what has a name; returns the values that have none."""
    parameters = invocation.cmdlet.known(invocation.session.service_pack)
    left: list[Any] = []
    waiting: tuple[Parameter, Typed] | None = None
    for argument in typed:
        if argument.name:
            _refuse_waiting(invocation, waiting)
            waiting = _bind_name(invocation, parameters, argument)
        elif waiting:
            _bind_value(invocation, waiting[0], argument.value, waiting[1].at)
            waiting = None
        else:
            left.append(argument.value)
    _refuse_waiting(invocation, waiting)
    return left


def _bind_name(
    invocation: Invocation, parameters: Sequence[Parameter], argument: Typed
) -> tuple[Parameter, Typed] | None:
    """Bind -name:value or a switch; returns the parameter that still waits for its value."""
    try:
        parameter = find_parameter(parameters, argument.name)
    except PSError as error:
        raise invocation.located(error, argument.at) from None
    if argument.given or parameter.switch:
        _bind_value(invocation, parameter, argument.value if argument.given else True, argument.at)
        return None
    return parameter, argument


def _bind_value(invocation: Invocation, parameter: Parameter, value: Any, at: Extent | None) -> None:
    name = parameter.name.lower()
    if name in invocation.bound:
        error = PSError(f"Cannot bind parameter because parameter '{parameter.name}' is specified more than once.")
        raise invocation.located(error, at)
    invocation.bound[name] = value


def _refuse_waiting(invocation: Invocation, waiting: tuple[Parameter, Typed] | None) -> None:
    if waiting:
        error = PSError(
            f"Missing an argument for parameter '{waiting[0].name}'. Specify a parameter of type 'System.String' and "
            "try again."
        )
        raise invocation.located(error, waiting[1].at)


def _bind_positional(invocation: Invocation, left: list[Any]) -> None:
    own = invocation.cmdlet.own(invocation.session.service_pack)
    free = sorted(
        (p for p in own if p.position is not None and not invocation.given(p.name)),
        key=lambda p: p.position or 0,
    )
    for parameter in free:
        if not left:
            return
        if parameter.rest:
            invocation.bound[parameter.name.lower()] = left if len(left) > 1 else left[0]
            return
        invocation.bound[parameter.name.lower()] = left.pop(0)
    if left:
        raise PSError(f"A parameter cannot be found that matches parameter name '{to_text(left[0])}'.")


def _check_values(invocation: Invocation) -> None:
    for parameter in invocation.cmdlet.known(invocation.session.service_pack):
        value = invocation.get(parameter.name, "")
        if value is None and (parameter.mandatory or parameter.name == "Identity"):
            raise PSError(f"Cannot bind argument to parameter '{parameter.name}' because it is null.")
        if value == "" and parameter.mandatory and invocation.given(parameter.name):
            raise PSError(f"Cannot bind argument to parameter '{parameter.name}' because it is an empty string.")
        if parameter.switch and isinstance(value, str) and invocation.given(parameter.name):
            raise PSError(
                f'Cannot convert value "{value}" to type "System.Management.Automation.SwitchParameter", '
                "parameters of this type only accept booleans or numbers, use $true, $false, 1 or 0 instead."
            )
    action = invocation.text("ErrorAction")
    if action and action.lower() not in _ERROR_ACTIONS:
        raise PSError(f"Cannot bind parameter 'ErrorAction'. Cannot convert value \"{action}\" to an action.")


def _ask_for_missing(invocation: Invocation, piped: bool) -> None:
    missing = [
        p.name
        for p in invocation.cmdlet.own(invocation.session.service_pack)
        if p.mandatory and not invocation.given(p.name) and not (p.piped and piped)
    ]
    if missing:
        found = invocation.session.console.missing(invocation.cmdlet.name, missing)
        invocation.bound.update({name.lower(): value for name, value in found.items()})


def run_bound(invocation: Invocation, piped: bool) -> Iterator[Any]:
    """Run a cmdlet: once, or for each object when a parameter takes the objects of the pipeline."""
    taker = next((p for p in invocation.cmdlet.parameters if p.piped and not p.gathered), None)
    if not piped or taker is None or invocation.given(taker.name):
        yield from invocation.cmdlet.run(invocation)
        return
    for value in invocation.input:
        bound = {**invocation.bound, taker.name.lower(): value}
        one = Invocation(invocation.cmdlet, invocation.interpreter, invocation.at, bound)
        yield from invocation.cmdlet.run(one)


def texts(value: Any) -> list[str]:
    """The texts of a parameter that takes one or many."""
    return [to_text(item) for item in each(value)]
