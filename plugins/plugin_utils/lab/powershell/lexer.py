# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Text to tokens. PowerShell reads a text in one of two ways: as an expression, or as the arguments of a command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from .errors import Extent, ParseError

COMPARISONS = frozenset(
    ["eq", "ne", "ge", "gt", "lt", "le", "like", "notlike", "match", "notmatch", "replace", "contains", "notcontains"]
)
_OTHERS = frozenset(["and", "or", "xor", "not", "band", "bor", "bxor", "bnot", "is", "isnot", "as", "f"])
# -join and -split came with 2.0: in 1.0 they are a minus sign and a word
DASH_OPERATORS = COMPARISONS | _OTHERS | {prefix + word for word in COMPARISONS for prefix in "ci"}

_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)([lLdD])?([kKmMgG][bB])?")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*):(?=\w))?(\w+|[?$^])(:(?!:))?")
_BRACED = re.compile(r"\$\{([^}]*)\}")
_REDIRECTION = re.compile(r"2>&1|2>>?|>>?")
_SYMBOL = re.compile(r"\+\+|--|\+=|-=|\*=|/=|%=|::|\.\.|@\(|@\{|\$\(|[-+*/%=!.,()\[\]{};|&@]")
_WORD = re.compile(r"\w[\w-]*")
_MEMBER = re.compile(r"\w+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_FACTORS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_BLANKS = " \t\u00a0"
_ENDS_ARGUMENT = frozenset(" \t\u00a0\r\n;|&(){},<>")
_QUOTES = frozenset("'\"")
_DEEPEST = 80


class Kind(Enum):
    """What a token is."""

    END = auto()
    NEWLINE = auto()
    NUMBER = auto()
    STRING = auto()
    VARIABLE = auto()
    OPERATOR = auto()
    SYMBOL = auto()
    WORD = auto()
    PARAMETER = auto()
    REDIRECTION = auto()


@dataclass(frozen=True)
class VariablePart:
    """A variable in a string."""

    scope: str
    name: str


@dataclass(frozen=True)
class ScriptPart:
    """$(…) in a string; start is where the text behind the parenthesis begins."""

    start: int


Part = str | VariablePart | ScriptPart


@dataclass(frozen=True)
class Token:
    """value: the number, the parts of a string or word, the variable, or the text in lower case."""

    kind: Kind
    value: Any
    start: int
    end: int

    def is_symbol(self, *texts: str) -> bool:
        """Whether it is one of these symbols."""
        return self.kind is Kind.SYMBOL and self.value in texts


class Lexer:
    """A place in a text. The token methods move behind what they return."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self._depth = 0

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Count one more level of nesting; too many of them are an error, not a crash."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.fail("The script is nested too deeply.")
        try:
            yield
        finally:
            self._depth -= 1

    def fail(self, message: str, pos: int | None = None) -> ParseError:
        """The error to raise about what stands before pos (or before this place)."""
        return ParseError(message, Extent(self.text, self.pos if pos is None else pos))

    def char(self, ahead: int = 0) -> str:
        """The character here, or empty at the end."""
        return self.text[self.pos + ahead : self.pos + ahead + 1]

    def skip_blanks(self) -> None:
        """Go over blanks, continued lines and a comment, not over an end of line."""
        while self.char():
            if self.char() in _BLANKS:
                self.pos += 1
            elif self.char() == "`" and self.char(1) in ("\n", "\r"):
                self.pos += 3 if self.text.startswith("\r\n", self.pos + 1) else 2
            elif self.char() == "#":
                found = re.compile(r"[^\r\n]*").match(self.text, self.pos)
                self.pos = found.end() if found else self.pos
            else:
                return

    def skip_lines(self) -> None:
        """Go over blanks and ends of line."""
        self.skip_blanks()
        while self.char() and self.char() in "\r\n":
            self.pos += 1
            self.skip_blanks()

    def skip_separators(self) -> None:
        """Go over ends of line and semicolons."""
        self.skip_lines()
        while self.char() == ";":
            self.pos += 1
            self.skip_lines()

    def at_end_of_statement(self) -> bool:
        """Whether a statement may end here."""
        self.skip_blanks()
        return self.char() in ("", "\r", "\n", ";", ")", "}")

    def expression_token(self) -> Token:
        """The next token, read as part of an expression."""
        self.skip_blanks()
        start = self.pos
        token = self._common_token() or self._number() or self._dash_operator() or self._symbol() or self._word()
        if token is None:
            raise self.fail(f"Unrecognized token '{self.char()}' in source text.", start + 1)
        return token

    def word_token(self) -> Token:
        """The next token, read as an argument or name of a command: what isn't special is text."""
        self.skip_blanks()
        return self._common_token() or self._parameter() or self._argument_symbol() or self._bare_word()

    def member_name(self) -> str:
        """The name right behind '.' or '::', or empty when none stands there."""
        found = _MEMBER.match(self.text, self.pos)
        if not found:
            return ""
        self.pos = found.end()
        return found.group()

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Match a pattern here and move behind it."""
        found = pattern.match(self.text, self.pos)
        if found:
            self.pos = found.end()
        return found

    def number_here(self) -> bool:
        """Whether a number, and not a name like 7z, begins here."""
        found = _NUMBER.match(self.text, self.pos)
        return bool(found and not re.match(r"\w", self.text[found.end() : found.end() + 1]))

    def _make(self, kind: Kind, value: Any, start: int) -> Token:
        return Token(kind, value, start, self.pos)

    def _common_token(self) -> Token | None:
        start, char = self.pos, self.char()
        if not char:
            return self._make(Kind.END, "", start)
        if char in "\r\n":
            self.pos += 2 if self.text.startswith("\r\n", start) else 1
            return self._make(Kind.NEWLINE, "\n", start)
        if char in _QUOTES:
            return self._make(Kind.STRING, self._quoted(), start)
        if redirection := self.match(_REDIRECTION):
            return self._make(Kind.REDIRECTION, redirection.group(), start)
        if char == "<":
            raise self.fail("Redirection operator '<' is not supported yet.", start + 1)
        return self._variable()

    def _variable(self) -> Token | None:
        start = self.pos
        part = self._variable_part()
        return self._make(Kind.VARIABLE, part, start) if part else None

    def _variable_part(self) -> VariablePart | None:
        if found := self.match(_BRACED):
            scope, colon, name = found.group(1).partition(":")
            return VariablePart(scope.lower(), name) if colon else VariablePart("", scope)
        found = self.match(_VARIABLE)
        if found and found.group(3):
            raise self.fail("Variable reference is not valid. ':' was not followed by a valid variable name character.")
        return VariablePart((found.group(1) or "").lower(), found.group(2)) if found else None

    def _number(self) -> Token | None:
        start = self.pos
        found = self.match(_NUMBER)
        if not found:
            return None
        if re.match(r"[A-Za-z_]", self.char()):
            raise self.fail(f"Bad numeric constant: {found.group()}{self.char()}.")
        digits, _type, suffix = found.groups()
        hexadecimal = digits[:2].lower() == "0x"
        number: int | float = int(digits, 16) if hexadecimal else _decimal(digits)
        return self._make(Kind.NUMBER, number * _FACTORS[(suffix or "")[:1].lower()], start)

    def _dash_operator(self) -> Token | None:
        start = self.pos
        found = re.compile(r"-([A-Za-z]+)(?!\w)").match(self.text, self.pos)
        if not found or found.group(1).lower() not in DASH_OPERATORS:
            return None
        self.pos = found.end()
        return self._make(Kind.OPERATOR, found.group(1).lower(), start)

    def _symbol(self) -> Token | None:
        start = self.pos
        found = self.match(_SYMBOL)
        return self._make(Kind.SYMBOL, found.group(), start) if found else None

    def _word(self) -> Token | None:
        start = self.pos
        found = self.match(_WORD)
        return self._make(Kind.WORD, (found.group(),), start) if found else None

    def _parameter(self) -> Token | None:
        start = self.pos
        found = self.match(re.compile(r"-([A-Za-z_?][\w?-]*)(:?)"))
        return self._make(Kind.PARAMETER, found.group(1) + found.group(2), start) if found else None

    def _argument_symbol(self) -> Token | None:
        start = self.pos
        found = self.match(re.compile(r"@\(|@\{|\$\(|[(){},;|&]"))
        return self._make(Kind.SYMBOL, found.group(), start) if found else None

    def _bare_word(self) -> Token:
        """A word up to a blank or separator; quoted pieces and variables in it are part of it."""
        start = self.pos
        parts: list[Part] = []
        while self.char() and self.char() not in _ENDS_ARGUMENT:
            if self.char() in _QUOTES:
                parts += self._quoted()
            else:
                parts.append(self._piece())
        return self._make(Kind.WORD, _joined(parts), start)

    def _piece(self) -> Part:
        """One character, escape, variable or $() of expandable text."""
        if self.char() == "`" and self.char(1):
            self.pos += 2
            return _ESCAPES.get(self.text[self.pos - 1], self.text[self.pos - 1])
        if self.text.startswith("$(", self.pos):
            start = self.pos + 2
            self.pos = self._behind_parenthesis(start)
            return ScriptPart(start)
        if part := self._variable_part() if self.char() == "$" else None:
            return part
        self.pos += 1
        return self.text[self.pos - 1]

    def _quoted(self) -> tuple[Part, ...]:
        """The parts of the string that begins here."""
        with self.nested():
            return self._quoted_parts(self.char(), self.pos)

    def _quoted_parts(self, quote: str, start: int) -> tuple[Part, ...]:
        self.pos += 1
        parts: list[Part] = []
        while self.char():
            if self.text.startswith(quote * 2, self.pos):
                parts.append(quote)
                self.pos += 2
            elif self.char() == quote:
                self.pos += 1
                return _joined(parts)
            elif quote == "'":
                parts.append(self.char())
                self.pos += 1
            else:
                parts.append(self._piece())
        raise self.fail("Encountered end of line while processing a string token.", start + 1)

    def _behind_parenthesis(self, pos: int) -> int:
        """The place behind the parenthesis that closes the one before pos; strings in between are skipped."""
        saved, self.pos = self.pos, pos
        depth = 1
        while self.char() and depth:
            if self.char() in _QUOTES:
                self._quoted()
                continue
            depth += {"(": 1, ")": -1}.get(self.char(), 0)
            self.pos += 1
        behind, self.pos = self.pos, saved
        if depth:
            raise self.fail("Missing ')' in expandable string.", pos)
        return behind


def _decimal(digits: str) -> int | float:
    return int(digits) if digits.isdigit() else float(digits)


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """The same with neighbouring text put together."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)
