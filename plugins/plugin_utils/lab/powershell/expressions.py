# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Evaluates expressions and assigns to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import syntax as ast
from .adsi import DirectoryEntry
from .casts import cast
from .errors import Extent, PSError
from .members import call, get_index, get_property, set_index, set_property
from .operators import binary, comparison, search, unary
from .statics import Statics
from .values import HashTable, ScriptBlock, TypeValue, each, number, to_text, truth

if TYPE_CHECKING:
    from .interpreter import Interpreter


_DIRECTORY_TYPES = ("adsi", "directoryservices.directoryentry")


class Expressions:
    """One method a kind of expression."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self._session = interpreter.session
        self._statics = Statics(self._session)
        self._kinds: dict[type, Callable[[Any], Any]] = {
            ast.Literal: lambda node: node.value,
            ast.Expandable: self._expandable,
            ast.Variable: self._session.get,
            ast.ArrayLiteral: lambda node: [self.evaluate(item) for item in node.items],
            ast.SubExpression: self._sub_expression,
            ast.Paren: self._paren,
            ast.HashLiteral: self._hash,
            ast.ScriptBlockLiteral: lambda node: ScriptBlock(node.body, node.text),
            ast.TypeLiteral: lambda node: TypeValue(node.name),
            ast.Cast: self._cast,
            ast.Unary: self._unary,
            ast.Binary: self._binary,
            ast.Step: self._step,
            ast.Member: self._member,
            ast.Index: self._index,
        }

    def evaluate(self, node: ast.Expression) -> Any:
        """The value of an expression; PSError with its place."""
        return self._kinds[type(node)](node)

    def operate(self, op: str, left: Any, right: Any, at: Extent) -> Any:
        """left op right."""
        try:
            return binary(op, left, right)
        except PSError as error:
            raise self._session.locate(error, at) from None

    def assign(self, target: ast.Expression, value: Any, at: Extent) -> None:
        """target = value."""
        try:
            self._assign(target, value, at)
        except PSError as error:
            raise self._session.locate(error, at) from None

    def _assign(self, target: ast.Expression, value: Any, at: Extent) -> None:
        if isinstance(target, ast.Variable):
            self._session.set(target, value)
        elif isinstance(target, ast.Cast):
            self.assign(target.operand, self._converted(target.type.name, value), at)
        elif isinstance(target, ast.ArrayLiteral):
            self._assign_each(target.items, list(each(value)), at)
        elif isinstance(target, ast.Index):
            set_index(self.evaluate(target.target), self.evaluate(target.index), value)
        elif isinstance(target, ast.Member) and target.static:
            self._statics.set(to_text(self.evaluate(target.target)), to_text(self.evaluate(target.name)), value)
        elif isinstance(target, ast.Member):
            set_property(self.evaluate(target.target), to_text(self.evaluate(target.name)), value)

    def _assign_each(self, targets: tuple[ast.Expression, ...], values: list[Any], at: Extent) -> None:
        """The last target takes all that is left."""
        *first, last = targets
        for place, target in enumerate(first):
            self.assign(target, values[place] if place < len(values) else None, at)
        rest = values[len(first) :]
        self.assign(last, rest if len(rest) > 1 else (rest[0] if rest else None), at)

    def _expandable(self, node: ast.Expandable) -> str:
        return "".join(part if isinstance(part, str) else self._in_string(part) for part in node.parts)

    def _in_string(self, part: ast.Expression) -> str:
        return self._joined(self.evaluate(part))

    def _joined(self, value: Any) -> str:
        if not isinstance(value, list):
            return to_text(value)
        separator = self._session.get(ast.Variable("OFS"))
        return (" " if separator is None else to_text(separator)).join(to_text(item) for item in value)

    def _sub_expression(self, node: ast.SubExpression) -> Any:
        values = list(self._interpreter.run_block(node.body))
        if node.array:
            return _spread(values) if len(values) == 1 else values
        return values if len(values) > 1 else (values[0] if values else None)

    def _paren(self, node: ast.Paren) -> Any:
        value = self._interpreter.value_of(node.statement)
        if isinstance(node.statement, ast.Assignment):
            return self.evaluate(node.statement.target)
        return value

    def _hash(self, node: ast.HashLiteral) -> HashTable:
        table = HashTable()
        for key_node, value_node in node.pairs:
            key = self.evaluate(key_node)
            if table.spelled(key) in table:
                raise PSError(f"Duplicate keys '{to_text(key)}' are not allowed in hash literals.")
            table[key] = self._interpreter.value_of(value_node)
        return table

    def _cast(self, node: ast.Cast) -> Any:
        value = self.evaluate(node.operand)
        try:
            return self._converted(node.type.name, value)
        except PSError as error:
            raise self._session.locate(error, node.at) from None

    def _converted(self, wanted: str, value: Any) -> Any:
        """[ADSI] needs to know who asks; every other type is the same for everybody."""
        if wanted.lower().removeprefix("system.") not in _DIRECTORY_TYPES or isinstance(value, DirectoryEntry):
            return cast(wanted, value)
        return DirectoryEntry(self._session.proc, to_text(value))

    def _unary(self, node: ast.Unary) -> Any:
        value = self.evaluate(node.operand)
        try:
            return unary(node.op, value)
        except PSError as error:
            raise self._session.locate(error, node.at) from None

    def _binary(self, node: ast.Binary) -> Any:
        left = self.evaluate(node.left)
        if node.op in ("and", "or"):
            decided = truth(left) == (node.op == "or")
            return truth(left) if decided else truth(self.evaluate(node.right))
        right = self.evaluate(node.right)
        if node.op == "as":
            return self._as(left, right)
        if comparison(node.op)[0] == "match" and not isinstance(left, list):
            return self._match(node, left, right)
        return self.operate(node.op, left, right, node.at)

    def _match(self, node: ast.Binary, left: Any, right: Any) -> bool:
        """-match on one value leaves its groups in $matches."""
        try:
            found = search(left, right, comparison(node.op)[1])
        except PSError as error:
            raise self._session.locate(error, node.at) from None
        if found:
            self._session.set(ast.Variable("matches"), _groups(found))
        return found is not None

    def _as(self, value: Any, wanted: Any) -> Any:
        try:
            return self._converted(to_text(wanted), value)
        except PSError:
            return None

    def _step(self, node: ast.Step) -> Any:
        try:
            old = number(self.evaluate(node.target))
        except PSError as error:
            raise self._session.locate(error, node.at) from None
        self.assign(node.target, old + node.by, node.at)
        return old + node.by if node.prefix else old

    def _member(self, node: ast.Member) -> Any:
        target = self.evaluate(node.target)
        name = to_text(self.evaluate(node.name))
        arguments = None if node.arguments is None else [self.evaluate(item) for item in node.arguments]
        try:
            return self._reach(node, target, name, arguments)
        except PSError as error:
            raise self._session.locate(error, node.at) from None

    def _reach(self, node: ast.Member, target: Any, name: str, arguments: list[Any] | None) -> Any:
        if node.static:
            return self._statics.get(target, name, arguments)
        if self._statics.owns(target):
            return self._statics.instance(target, name, arguments)
        return get_property(target, name) if arguments is None else call(target, name, arguments)

    def _index(self, node: ast.Index) -> Any:
        target, index = self.evaluate(node.target), self.evaluate(node.index)
        try:
            return get_index(target, index)
        except PSError as error:
            raise self._session.locate(error, node.at) from None


def _spread(values: list[Any]) -> list[Any]:
    """@(…) around an array is that array."""
    return values[0] if isinstance(values[0], list) else values


def _groups(found: re.Match[str]) -> HashTable:
    table = HashTable()
    for place, text in enumerate([found.group(), *found.groups()]):
        if text is not None:
            table[place] = text
    for name, text in found.groupdict().items():
        table[name] = text
    return table
