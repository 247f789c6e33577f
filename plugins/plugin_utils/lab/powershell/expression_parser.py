# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Tokens to expressions: operators by their precedence, members, indexes, literals and strings."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from . import syntax as ast
from .errors import Extent, ParseError
from .lexer import Kind, Lexer, Part, ScriptPart, Token, VariablePart

_LEVELS = (
    ("and", "or", "xor"),
    ("band", "bor", "bxor"),
    ("comparison",),
    ("+", "-"),
    ("*", "/", "%"),
    ("f",),
    ("..",),
)
_UNARY_WORDS = ("not", "bnot")
_NO_COMPARISON = (*_UNARY_WORDS, "f", "and", "or", "xor", "band", "bor", "bxor")
_CAST_OPERAND = re.compile(r"[$('\"\d@\[{]|-[\d$(]")
TYPE = re.compile(r"\[\s*([\w.+]+(?:\[\])?)\s*\]")
_T = TypeVar("_T")


class ExpressionParser(ABC):
    """Reads expressions; what stands in their brackets is read by the parser of statements."""

    def __init__(self, lexer: Lexer) -> None:
        self.lexer = lexer
        self._in_call = False  # a comma separates the arguments of a method and makes no array
        self._brackets: dict[str, Callable[[Token], ast.Expression]] = {
            "(": self._paren,
            "$(": lambda _token: self._sub_expression(array=False),
            "@(": lambda _token: self._sub_expression(array=True),
            "@{": lambda _token: self._inside(self._hash),
            "{": self._script_block,
        }

    @abstractmethod
    def block(self) -> ast.Block:
        """Statements up to a closing parenthesis or brace, or the end."""

    @abstractmethod
    def _statement(self) -> ast.Statement: ...

    @abstractmethod
    def _closed_statement(self) -> ast.Statement: ...

    def _expression(self) -> ast.Expression:
        return self._binary(0)

    def _binary(self, lowest: int) -> ast.Expression:
        """An expression whose operators bind at least as tightly as that level of _LEVELS."""
        left = self._array()
        while found := self._operator(lowest):
            op, level = found
            at = self._extent()
            self.lexer.skip_lines()
            if self.lexer.at_end_of_statement() or self._peek().kind is Kind.WORD:
                self.lexer.pos = at.offset
                raise self.lexer.fail(
                    f"You must provide a value expression on the right-hand side of the '{op}' operator."
                )
            left = ast.Binary(op if len(op) == 1 else op.lstrip("-"), left, self._binary(level + 1), at)
        return left

    def _operator(self, lowest: int) -> tuple[str, int] | None:
        """The binary operator that stands here and its level, taken; None if there is none so tight."""
        token = self._peek()
        if token.kind is not Kind.SYMBOL and token.kind is not Kind.OPERATOR:
            return None
        name = token.value
        if token.kind is Kind.OPERATOR and name not in _NO_COMPARISON:
            name = "comparison"
        level = next((number for number, names in enumerate(_LEVELS) if name in names), -1)
        if level < lowest:
            return None
        self.lexer.pos = token.end
        return self.lexer.text[token.start : token.end].lower(), level

    def _array(self) -> ast.Expression:
        first = self._unary()
        items = [first]
        while not self._in_call and self._accept(","):
            self.lexer.skip_lines()
            items.append(self._unary())
        return first if len(items) == 1 else ast.ArrayLiteral(tuple(items))

    def _unary(self) -> ast.Expression:
        with self.lexer.nested():
            return self._unary_or_postfix()

    def _unary_or_postfix(self) -> ast.Expression:
        token = self.lexer.expression_token()
        at = Extent(self.lexer.text, token.end)
        if token.is_symbol("++", "--"):
            return ast.Step(self._step_target(token.value), 1 if token.value == "++" else -1, True, at)
        unary = token.is_symbol("-", "+", "!", ",") or (token.kind is Kind.OPERATOR and token.value in _UNARY_WORDS)
        if unary:
            return ast.Unary(token.value, self._unary_operand(token), at)
        if token.is_symbol("["):
            return self._type_or_cast(token)
        return self._stepped(self._postfix(self._primary(token)))

    def _unary_operand(self, operator: Token) -> ast.Expression:
        spelled = self.lexer.text[operator.start : operator.end]
        if self.lexer.at_end_of_statement() or self._peek().kind is Kind.WORD:
            raise self.lexer.fail(f"Missing expression after unary operator '{spelled}'.")
        return self._unary()

    def _step_target(self, operator: str) -> ast.Expression:
        target = self._unary()
        if not assignable(target):
            raise self.lexer.fail(f"The '{operator}' operator works only on variables or on properties.")
        return target

    def _stepped(self, expression: ast.Expression) -> ast.Expression:
        found = self.lexer.match(re.compile(r"\+\+|--"))
        if not found:
            return expression
        if not assignable(expression):
            raise self.lexer.fail(f"The '{found.group()}' operator works only on variables or on properties.")
        return ast.Step(expression, 1 if found.group() == "++" else -1, False, self._extent())

    def _type_or_cast(self, token: Token) -> ast.Expression:
        self.lexer.pos = token.start
        found = self.lexer.match(TYPE)
        if not found:
            raise self.lexer.fail("Missing ] at end of type token.", token.end)
        literal = ast.TypeLiteral(found.group(1))
        at = self._extent()
        self.lexer.skip_blanks()
        if not _CAST_OPERAND.match(self.lexer.text, self.lexer.pos):
            return self._postfix(literal)
        return ast.Cast(literal, self._unary(), at)

    def _primary(self, token: Token) -> ast.Expression:
        if token.kind is Kind.NUMBER:
            return ast.Literal(token.value)
        if token.kind is Kind.STRING:
            return self._string(token)
        if token.kind is Kind.VARIABLE:
            return variable(token.value)
        if token.kind is Kind.SYMBOL and token.value in self._brackets:
            return self._brackets[token.value](token)
        raise self._unexpected(token)

    def _paren(self, _token: Token) -> ast.Expression:
        return ast.Paren(self._closed_statement())

    def _sub_expression(self, array: bool) -> ast.Expression:
        body = self._inside(self.block)
        self._expect(")", "Missing closing ')' in subexpression.")
        return ast.SubExpression(body, array)

    def _script_block(self, token: Token) -> ast.Expression:
        body = self._inside(self.block)
        text = self.lexer.text[token.end : self.lexer.pos]
        self._expect("}", "Missing closing '}' in statement block.")
        return ast.ScriptBlockLiteral(body, text)

    def _hash(self) -> ast.Expression:
        pairs: list[tuple[ast.Expression, ast.Statement]] = []
        self.lexer.skip_separators()
        while self.lexer.char() != "}":
            token = self.lexer.expression_token()
            key = self._string(token) if token.kind is Kind.WORD else self._postfix(self._primary(token))
            self._expect("=", "Missing '=' operator after key in hash literal.")
            self.lexer.skip_lines()
            pairs.append((key, self._statement()))
            self.lexer.skip_blanks()
            if self.lexer.char() not in ("", "}", ";", "\r", "\n"):
                raise self.lexer.fail("The hash literal was incomplete.")
            self.lexer.skip_separators()
            if not self.lexer.char():
                raise self.lexer.fail("The hash literal was incomplete.")
        self._expect("}", "The hash literal was incomplete.")
        return ast.HashLiteral(tuple(pairs))

    def _postfix(self, target: ast.Expression) -> ast.Expression:
        """What may follow directly: .member, ::member, (arguments), [index]."""
        while True:
            if self.lexer.text.startswith("::", self.lexer.pos):
                target = self._member(target, 2)
            elif self.lexer.char() == "." and self.lexer.char(1) != ".":
                target = self._member(target, 1)
            elif self.lexer.char() == "[":
                self.lexer.pos += 1
                target = ast.Index(target, self._index(), self._extent())
            else:
                return target

    def _member(self, target: ast.Expression, width: int) -> ast.Expression:
        self.lexer.pos += width
        at = self._extent()
        name = self._member_name()
        arguments = self._call_arguments() if self.lexer.char() == "(" else None
        return ast.Member(target, name, width == 2, at, arguments)

    def _member_name(self) -> ast.Expression:
        name = self.lexer.member_name()
        if name:
            return ast.Literal(name)
        token = self.lexer.expression_token()
        if token.kind not in (Kind.VARIABLE, Kind.STRING) and not token.is_symbol("(", "$("):
            raise self.lexer.fail("Missing property name after reference operator.", token.start)
        return self._primary(token)

    def _call_arguments(self) -> tuple[ast.Expression, ...]:
        self.lexer.pos += 1
        arguments: list[ast.Expression] = []
        self.lexer.skip_lines()
        while self.lexer.char() != ")":
            arguments.append(self._inside(self._expression, call=True))
            self.lexer.skip_lines()
            if self.lexer.char() != ")":
                self._expect(",", "Missing ')' in method call.")
                self.lexer.skip_lines()
                if self.lexer.char() == ")":
                    raise self.lexer.fail("Missing expression after ','.")
        self.lexer.pos += 1
        return tuple(arguments)

    def _index(self) -> ast.Expression:
        self.lexer.skip_lines()
        if self.lexer.char() == "]":
            raise self.lexer.fail("Array index expression is missing or not valid.")
        index = self._inside(self._expression)
        self.lexer.skip_lines()
        self._expect("]", "Missing ']' after array index expression.")
        return index

    def _string(self, token: Token) -> ast.Expression:
        parts = self._parts(token.value)
        if all(isinstance(part, str) for part in parts):
            return ast.Literal("".join(str(part) for part in parts))
        return ast.Expandable(parts)

    def _parts(self, parts: tuple[Part, ...]) -> tuple[str | ast.Expression, ...]:
        return tuple(self._part(part) for part in parts)

    def _part(self, part: Part) -> str | ast.Expression:
        if isinstance(part, VariablePart):
            return variable(part)
        if isinstance(part, ScriptPart):
            return self._script_part(part)
        return part

    def _script_part(self, part: ScriptPart) -> ast.Expression:
        saved, self.lexer.pos = self.lexer.pos, part.start
        expression = self._sub_expression(array=False)
        self.lexer.pos = saved
        return expression

    def _inside(self, read: Callable[[], _T], call: bool = False) -> _T:
        """Read something in brackets; there a comma makes an array, but for the arguments of a call."""
        saved, self._in_call = self._in_call, call
        try:
            return read()
        finally:
            self._in_call = saved

    def _peek(self) -> Token:
        self.lexer.skip_blanks()
        saved = self.lexer.pos
        try:
            return self.lexer.expression_token()
        finally:
            self.lexer.pos = saved

    def _accept(self, *symbols: str) -> str:
        """The symbol if it stands here, taken; or empty."""
        self.lexer.skip_blanks()
        found = next((s for s in sorted(symbols, key=len, reverse=True) if self._stands(s)), "")
        self.lexer.pos += len(found)
        return found

    def _stands(self, symbol: str) -> bool:
        return self.lexer.text.startswith(symbol, self.lexer.pos)

    def _expect(self, symbol: str, message: str) -> None:
        if not self._accept(symbol):
            raise self.lexer.fail(message)

    def _extent(self) -> Extent:
        """This place; one blank before the marker, as PowerShell prints it."""
        return Extent(self.lexer.text, self.lexer.pos + (self.lexer.char() == " "))

    def _unexpected(self, token: Token) -> ParseError:
        text = self.lexer.text[token.start : token.end].strip("\r\n")
        return self.lexer.fail(f"Unexpected token '{text}' in expression or statement.", token.end)


def variable(part: VariablePart) -> ast.Variable:
    """The expression for a variable."""
    return ast.Variable(part.name, part.scope)


def assignable(expression: ast.Expression) -> bool:
    """Whether a value can be assigned to it."""
    if isinstance(expression, ast.ArrayLiteral):
        return all(assignable(item) for item in expression.items)
    if isinstance(expression, ast.Cast):
        return assignable(expression.operand)
    if isinstance(expression, ast.Member):
        return expression.arguments is None
    return isinstance(expression, (ast.Variable, ast.Index))
