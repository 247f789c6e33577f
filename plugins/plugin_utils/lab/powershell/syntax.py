# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The parsed form of a script. Nothing here knows how it is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import Extent


@dataclass(frozen=True)
class Literal:
    """A number or a string that needs no expansion."""

    value: Any


@dataclass(frozen=True)
class Expandable:
    """A string with variables and $() in it: parts are text or expressions."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True)
class Variable:
    """$name or $scope:name; scope in lower case ('env', 'global', 'script', 'local' or empty)."""

    name: str
    scope: str = ""


@dataclass(frozen=True)
class ArrayLiteral:
    items: tuple[Expression, ...]


@dataclass(frozen=True)
class SubExpression:
    """$(…) and, with array set, @(…)."""

    body: Block
    array: bool = False


@dataclass(frozen=True)
class Paren:
    """(…) around one statement."""

    statement: Statement


@dataclass(frozen=True)
class HashLiteral:
    pairs: tuple[tuple[Expression, Statement], ...]


@dataclass(frozen=True)
class ScriptBlockLiteral:
    body: Block
    text: str


@dataclass(frozen=True)
class TypeLiteral:
    """[name]: on its own, or in front of '::'."""

    name: str


@dataclass(frozen=True)
class Cast:
    type: TypeLiteral
    operand: Expression
    at: Extent


@dataclass(frozen=True)
class Unary:
    """op in lower case without its dash: '-', '+', '!', 'not', 'bnot', ','."""

    op: str
    operand: Expression
    at: Extent


@dataclass(frozen=True)
class Binary:
    """op as Unary.op: '+', 'eq', 'like', '..', 'f', 'and' …"""

    op: str
    left: Expression
    right: Expression
    at: Extent


@dataclass(frozen=True)
class Step:
    """++ and --; the value is that before the step when it stands behind its target."""

    target: Expression
    by: int
    prefix: bool
    at: Extent


@dataclass(frozen=True)
class Member:
    """target.name or target::name; a call when arguments is given (an empty tuple is a call without any)."""

    target: Expression
    name: Expression
    static: bool
    at: Extent
    arguments: tuple[Expression, ...] | None = None


@dataclass(frozen=True)
class Index:
    target: Expression
    index: Expression
    at: Extent


Expression = (
    Literal
    | Expandable
    | Variable
    | ArrayLiteral
    | SubExpression
    | Paren
    | HashLiteral
    | ScriptBlockLiteral
    | TypeLiteral
    | Cast
    | Unary
    | Binary
    | Step
    | Member
    | Index
)


@dataclass(frozen=True)
class Redirection:
    """stream 1 or 2; no target: merge stream 2 into 1."""

    stream: int
    target: Expression | None
    append: bool = False


@dataclass(frozen=True)
class Argument:
    """One argument of a command; with a name it is -name, or -name:value."""

    value: Expression | None
    name: str = ""
    at: Extent | None = None


@dataclass(frozen=True)
class Command:
    """A command of a pipeline. operator: '' for a plain name, '&' or '.'."""

    name: Expression
    arguments: tuple[Argument, ...]
    at: Extent
    operator: str = ""
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True)
class Value:
    """An expression as (first) part of a pipeline."""

    expression: Expression
    at: Extent
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    elements: tuple[Command | Value, ...]


@dataclass(frozen=True)
class Assignment:
    """target op value; op is '=', '+=', '-=', '*=', '/=' or '%='."""

    target: Expression
    op: str
    value: Statement
    at: Extent


@dataclass(frozen=True)
class If:
    clauses: tuple[tuple[Statement, Block], ...]
    otherwise: Block | None


@dataclass(frozen=True)
class ForEach:
    variable: Variable
    values: Statement
    body: Block


@dataclass(frozen=True)
class Loop:
    """for, while, do … while and do … until; body_first for the last two, until negates the condition."""

    body: Block
    condition: Statement | None = None
    first: Statement | None = None
    each: Statement | None = None
    body_first: bool = False
    until: bool = False


@dataclass(frozen=True)
class Switch:
    """mode: exact, wildcard or regex. A case without a pattern is the default."""

    value: Statement
    cases: tuple[tuple[Expression | None, Block], ...]
    mode: str = "exact"
    case_sensitive: bool = False


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function or script block."""

    name: str
    type: TypeLiteral | None = None
    default: Expression | None = None


@dataclass(frozen=True)
class FunctionDefinition:
    name: str
    body: Block


@dataclass(frozen=True)
class Trap:
    """type is None for a trap of everything."""

    type: TypeLiteral | None
    body: Block


@dataclass(frozen=True)
class Throw:
    value: Statement | None
    at: Extent


@dataclass(frozen=True)
class Leave:
    """return, exit, break, continue; value is what return or exit is given."""

    kind: str
    value: Statement | None = None


Statement = Pipeline | Assignment | If | ForEach | Loop | Switch | FunctionDefinition | Throw | Leave


@dataclass(frozen=True)
class Block:
    """Statements with the traps that watch over them, and the parameters of a function or script block."""

    statements: tuple[Statement, ...] = ()
    traps: tuple[Trap, ...] = ()
    parameters: tuple[Parameter, ...] = ()
