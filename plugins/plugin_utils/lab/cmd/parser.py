# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Special characters: a line, after the percent signs were expanded, becomes a tree of commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from .nodes import Block, Chain, Condition, For, If, Node, Redirect, Simple

MAX_LINE = 8191
DELIMITERS = " \t,;=\x0b\x0c"
_SPECIAL = "&|<>\n"
_COMPARISONS = ("equ", "neq", "lss", "leq", "gtr", "geq")
_UNARY = ("errorlevel", "exist", "defined", "cmdextversion")
_PLAIN = re.compile(r'[^"^&|<>)\n]+')  # nothing in it means anything outside of quotes
_QUOTED = re.compile(r'[^"\n]+')
_HANDLE = re.compile(r"(\d?)(?=[<>])")  # of a redirection
_KEYWORD = re.compile(r"(if|for|rem)(?=[\s,;=/&|<>()]|$)", re.IGNORECASE)
_ELSE = re.compile(r"else(?=[\s,;=(]|$)", re.IGNORECASE)

More = Callable[[], "str | None"]


class CommandSyntaxError(Exception):
    """What cmd.exe refuses to read; token is the text that 'was unexpected at this time', or empty."""

    def __init__(self, token: str = "") -> None:
        super().__init__(token)
        self.token = token


class IncompleteLine(CommandSyntaxError):
    """The text ended inside parentheses."""


def parse(text: str, more: More | None = None) -> Node | None:
    """The tree of a line, None when there is nothing to do; more gives the next line of a batch file."""
    return _parse_alone(text) if more is None else _Parser(text, more).line()


@lru_cache(maxsize=4096)
def _parse_alone(text: str) -> Node | None:
    """Clients say the same few lines again and again, and trees never change."""
    return _Parser(text, lambda: None).line()


class _Scanner:
    """The characters of a line, and of the lines after it when a caret or a parenthesis asks for them."""

    def __init__(self, text: str, more: More) -> None:
        self.text = text
        self.position = 0
        self.depth = 0
        self._more = more

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def take(self) -> str:
        char = self.peek()
        self.position += 1
        return char

    def run(self, of: re.Pattern[str]) -> str:
        """Take as much as fits."""
        found = of.match(self.text, self.position)
        if not found:
            return ""
        self.position = found.end()
        return found.group()

    def starts(self, what: str) -> bool:
        return self.text.startswith(what, self.position)

    def skip(self, chars: str) -> None:
        while self.peek() and self.peek() in chars:
            self.position += 1

    def skip_one(self, char: str) -> None:
        if self.peek() == char:
            self.position += 1

    def next_line(self) -> bool:
        """Append the next line; False when there is none."""
        line = self._more()
        if line is None:
            return False
        self.text += "\n" + line
        return True

    def at_end(self) -> bool:
        """Whether a command ends here."""
        char = self.peek()
        return not char or char in "&|\n" or (char == ")" and self.depth > 0)

    def escaped(self) -> str:
        """The character after a caret; at the end of a line the first one of the next line (windows-cli.md 6)."""
        self.take()
        if self.peek() or self.next_line():
            self.skip_one("\n")
        return self.take()

    def token(self, stops: str) -> str:
        """Up to an unquoted stop or special character; quotes stay, carets go."""
        found = ""
        quoted = False
        while self.peek() and self.peek() != "\n":
            char = self.peek()
            if char == '"':
                quoted = not quoted
            elif not quoted:
                if char == "^":
                    found += self.escaped()
                    continue
                if char in stops or char in _SPECIAL or (char == ")" and self.depth):
                    break
            found += self.take()
        return found

    def rest_of_line(self) -> None:
        while self.peek() and self.peek() != "\n":
            self.position += 1


class _Parser:
    def __init__(self, text: str, more: More) -> None:
        self._in = _Scanner(text, more)

    def line(self) -> Node | None:
        self._in.skip(DELIMITERS)
        if not self._in.peek():
            return None
        node = self._sequence()
        self._in.skip(DELIMITERS)
        if self._in.peek():
            raise self._unexpected()
        return node

    def _sequence(self) -> Node:
        """Commands joined by operators, up to the end of the line, a closing parenthesis or 'else'."""
        node = self._operators("||")
        while self._operator("&"):
            self._in.skip(DELIMITERS)
            if self._in.at_end() and self._in.peek() not in ("&", "|"):
                break
            node = self._chain("&", node, self._operators("||"))
        return node

    def _operators(self, operator: str) -> Node:
        """A pipe binds tightest, then '&&', then '||'."""
        below = {"||": "&&", "&&": "|"}
        parse_below = self._command if operator == "|" else lambda: self._operators(below[operator])
        node = parse_below()
        while self._operator(operator):
            node = self._chain(operator, node, parse_below())
        return node

    def _chain(self, operator: str, left: Node, right: Node) -> Chain:
        return Chain(f"{left.source}{operator}{right.source}", left.quiet, (), operator, left, right)

    def _operator(self, operator: str) -> bool:
        self._in.skip(DELIMITERS)
        if not self._in.starts(operator) or (len(operator) == 1 and self._in.starts(operator * 2)):
            return False
        self._in.position += len(operator)
        return True

    def _command(self) -> Node:
        self._in.skip(DELIMITERS)
        start = self._in.position
        quiet = self._in.peek() == "@"
        self._in.skip(DELIMITERS + "@")
        redirects = self._redirects(())
        node = self._body(redirects)
        return replace(node, source=self._in.text[start : self._in.position].rstrip(), quiet=quiet)

    def _body(self, redirects: tuple[Redirect, ...]) -> Node:
        char = self._in.peek()
        if char == "(":
            return self._block(redirects)
        if char == ":" or (char == ")" and not self._in.depth):
            self._in.rest_of_line()  # a label, or a stray parenthesis: both silence the line
            return Simple("", True, redirects, "")
        if self._in.at_end() and not redirects:
            raise self._unexpected()
        keyword = _KEYWORD.match(self._in.text, self._in.position)
        if not keyword:
            return self._simple(redirects)
        self._in.position = keyword.end()
        readers = {"if": self._if, "for": self._for, "rem": self._rem}
        return readers[keyword.group().lower()](redirects)

    def _block(self, redirects: tuple[Redirect, ...]) -> Block:
        self._in.take()
        self._in.depth += 1
        body: list[Node] = []
        while True:
            self._in.skip(DELIMITERS + "\n")
            if self._in.peek() == ")":
                break
            if not self._in.peek():
                if not self._in.next_line():
                    raise IncompleteLine
                continue
            body.append(self._sequence())
            if self._in.peek() not in ("", "\n", ")"):
                raise self._unexpected()
        if not body:
            raise self._unexpected()
        self._in.take()
        self._in.depth -= 1
        return Block("", False, self._redirects(redirects), tuple(body))

    def _simple(self, redirects: tuple[Redirect, ...]) -> Simple:
        text = ""
        quoted = escaped = False
        while quoted or not self._in.at_end():
            plain = self._in.run(_QUOTED if quoted else _PLAIN)
            if plain:
                text, escaped = text + plain, False
                continue
            char = self._in.peek()
            if not char or char == "\n":
                break
            if char in "<>" and not quoted:
                text, handle = _split_handle(text, escaped, char)
                redirects = _with(redirects, self._redirect(handle))
                continue
            escaped = char == "^" and not quoted
            if char == '"':
                quoted = not quoted
            text += self._in.escaped() if escaped else self._in.take()
        return Simple("", False, redirects, text)

    def _redirects(self, redirects: tuple[Redirect, ...]) -> tuple[Redirect, ...]:
        """Redirections before a command or behind a parenthesis."""
        while True:
            self._in.skip(DELIMITERS)
            found = _HANDLE.match(self._in.text, self._in.position)
            if not found:
                return redirects
            self._in.position = found.end()
            handle = int(found.group() or (0 if self._in.peek() == "<" else 1))
            redirects = _with(redirects, self._redirect(handle))

    def _redirect(self, handle: int) -> Redirect:
        operator = self._in.take()
        if operator == ">" and self._in.peek() == ">":
            operator += self._in.take()
        if self._in.peek() == "&":
            self._in.take()
            self._in.skip(DELIMITERS)
            number = self._in.take()
            if not number.isdigit():
                raise CommandSyntaxError(number)
            return Redirect(handle, "&", number)
        self._in.skip(DELIMITERS)
        target = self._in.token(DELIMITERS)
        if not target:
            raise self._unexpected()
        return Redirect(handle, operator, target)

    def _rem(self, redirects: tuple[Redirect, ...]) -> Simple:
        """Only the first word is read; an operator right behind it still counts."""
        self._in.skip(DELIMITERS)
        self._in.token(DELIMITERS)
        if not self._in.at_end():
            self._in.rest_of_line()
        return Simple("", False, redirects, "rem")

    def _if(self, redirects: tuple[Redirect, ...]) -> If:
        condition = self._condition()
        then = self._clause()
        self._in.skip(DELIMITERS)
        found = _ELSE.match(self._in.text, self._in.position)
        if not found:
            return If("", False, redirects, condition, then, None)
        self._in.position = found.end()
        return If("", False, redirects, condition, then, self._clause())

    def _clause(self) -> Node:
        self._in.skip(DELIMITERS)
        if not self._in.peek():
            raise CommandSyntaxError
        return self._sequence()

    def _condition(self) -> Condition:
        negated = ignore_case = False
        word = self._word()
        while word.lower() in ("/i", "not") and not self._equals():
            negated ^= word.lower() == "not"
            ignore_case |= word.lower() == "/i"
            word = self._word()
        if word.lower() in _UNARY and not self._equals():
            return Condition(word.lower(), "", self._word(), negated, ignore_case)
        if self._equals():
            self._in.position += 2
            return Condition("==", word, self._word(), negated, ignore_case)
        operator = self._word()
        if operator.lower() not in _COMPARISONS:
            raise CommandSyntaxError(operator)
        return Condition(operator.lower(), word, self._word(), negated, ignore_case)

    def _equals(self) -> bool:
        self._in.skip(" \t")
        return self._in.starts("==")

    def _word(self) -> str:
        """The next word of IF or FOR."""
        self._in.skip(DELIMITERS)
        word = self._in.token(DELIMITERS)
        if not word:
            raise self._unexpected()
        return word

    def _for(self, redirects: tuple[Redirect, ...]) -> For:
        kind, options, variable = self._for_head()
        if not re.fullmatch(r"%[^%]", variable):
            raise CommandSyntaxError(variable)
        self._expect("in")
        self._in.skip(DELIMITERS)
        if self._in.peek() != "(":
            raise self._unexpected()
        items = self._items()
        self._expect("do")
        return For("", False, redirects, kind, options, variable[1], items, self._clause())

    def _for_head(self) -> tuple[str, str, str]:
        kind, options, word = "", "", self._word()
        if re.fullmatch(r"/[dflr]", word, re.IGNORECASE):
            kind, word = word[1].lower(), self._word()
        if kind in ("f", "r") and not re.fullmatch(r"%[^%]", word):
            options, word = word, self._word()
        return kind, options, word

    def _expect(self, keyword: str) -> None:
        word = self._word()
        if word.lower() != keyword:
            raise CommandSyntaxError(word)

    def _items(self) -> str:
        """What stands between the parentheses of FOR; line ends count as blanks."""
        self._in.take()
        self._in.depth += 1
        found = ""
        while self._in.peek() != ")":
            if not self._in.peek() and not self._in.next_line():
                raise IncompleteLine
            if self._in.peek() in ("&", "|", "<", ">"):
                raise self._unexpected()
            found += self._in.token("") or self._in.take().replace("\n", " ")
        self._in.take()
        self._in.depth -= 1
        return found

    def _unexpected(self) -> CommandSyntaxError:
        """The error for what stands here."""
        self._in.skip(" \t")
        for special in ("&&", "||", "&", "|", "<", ">", ")", "("):
            if self._in.starts(special):
                return CommandSyntaxError(special)
        return CommandSyntaxError(self._in.token(DELIMITERS))


def _with(redirects: tuple[Redirect, ...], new: Redirect) -> tuple[Redirect, ...]:
    """A later redirection of the same handle takes the earlier one's place: its file isn't even opened."""
    return (*(r for r in redirects if r.handle != new.handle), new)


def _split_handle(text: str, escaped: bool, operator: str) -> tuple[str, int]:
    """A single digit right before the operator is a handle: 'echo 0>x' redirects handle 0 (windows-cli.md 6)."""
    if text[-1:].isdigit() and not escaped and (len(text) == 1 or text[-2] in DELIMITERS):
        return text[:-1], int(text[-1])
    return text, 0 if operator == "<" else 1
