# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Tokens to statements and pipelines, by the grammar of PowerShell 1.0: no try, no splatting."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from . import syntax as ast
from .errors import Extent
from .expression_parser import TYPE, ExpressionParser, assignable, variable
from .lexer import Kind, Lexer, Token

_BRACED = (ast.If, ast.ForEach, ast.Loop, ast.Switch, ast.FunctionDefinition)
_ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=", "%=")
_STARTS_EXPRESSION = frozenset("$(@{'\"[+-!,")
_KEYWORD = re.compile(r"[A-Za-z]+(?![\w-])")
_NUMBER_WORD = re.compile(r"-?\d+(\.\d+)?")
_ARGUMENT_ENDS = frozenset(["", *" \t\r\n;|&(){},<>"])


@lru_cache(maxsize=1024)
def parse(text: str) -> ast.Block:
    """A whole script; raises ParseError."""
    parser = Parser(Lexer(text))
    block = parser.block()
    parser.expect_end()
    return block


class Parser(ExpressionParser):
    """Recursive descent over one text."""

    def __init__(self, lexer: Lexer) -> None:
        super().__init__(lexer)
        self._statements: dict[str, Callable[[], ast.Statement]] = {
            "if": self._if,
            "foreach": self._foreach,
            "for": self._for,
            "while": self._while,
            "do": self._do,
            "switch": self._switch,
            "function": self._function,
            "throw": self._throw,
            "return": self._leave,
            "exit": self._leave,
            "break": self._leave,
            "continue": self._leave,
        }

    # -- blocks and statements

    def block(self) -> ast.Block:
        """Statements up to a closing parenthesis or brace, or the end."""
        with self.lexer.nested():
            return self._block()

    def _block(self) -> ast.Block:
        parameters = self._parameter_statement()
        statements: list[ast.Statement] = []
        traps: list[ast.Trap] = []
        self.lexer.skip_separators()
        while self.lexer.char() and self.lexer.char() not in ")}":
            if self._keyword("trap"):
                traps.append(self._trap())
            else:
                statements.append(self._statement())
                self._end_statement(statements[-1])
            self.lexer.skip_separators()
        return ast.Block(tuple(statements), tuple(traps), parameters)

    def expect_end(self) -> None:
        """Raise ParseError unless everything was read."""
        if self.lexer.char():
            raise self._unexpected(self.lexer.expression_token())

    def _end_statement(self, statement: ast.Statement) -> None:
        """What ends with a brace needs no separator behind it."""
        if not isinstance(statement, _BRACED) and not self.lexer.at_end_of_statement():
            raise self._unexpected(self.lexer.word_token())

    def _statement(self) -> ast.Statement:
        with self.lexer.nested():
            word = self._peek_keyword()
            if word in self._statements:
                return self._statements[word]()
            return self._pipeline_or_assignment()

    def _braced(self, what: str) -> ast.Block:
        """{ statements } behind a keyword."""
        self.lexer.skip_lines()
        self._expect("{", f"Missing statement block after {what}.")
        block = self._inside(self.block)
        self._expect("}", "Missing closing '}' in statement block.")
        return block

    def _condition(self, what: str) -> ast.Statement:
        self.lexer.skip_lines()
        self._expect("(", f"Missing opening '(' after keyword '{what}'.")
        return self._closed_statement()

    def _closed_statement(self) -> ast.Statement:
        """A statement and the parenthesis that closes it; the opening one is read already."""
        self.lexer.skip_lines()
        statement = self._inside(self._statement)
        self.lexer.skip_lines()
        self._expect(")", "Missing closing ')' in expression.")
        return statement

    def _if(self) -> ast.Statement:
        word = self._take_keyword()
        clauses = [(self._condition(word), self._braced("if"))]
        while self._keyword_ahead("elseif"):
            clauses.append((self._condition("elseif"), self._braced("elseif")))
        otherwise = self._braced("else") if self._keyword_ahead("else") else None
        return ast.If(tuple(clauses), otherwise)

    def _foreach(self) -> ast.Statement:
        self._take_keyword()
        self._expect("(", "Missing opening '(' after keyword 'foreach'.")
        token = self.lexer.expression_token()
        if token.kind is not Kind.VARIABLE:
            raise self.lexer.fail("Missing variable name after foreach.", token.end)
        if not self._keyword("in"):
            raise self.lexer.fail("Missing 'in' after variable in foreach loop.")
        values = self._closed_statement()
        return ast.ForEach(variable(token.value), values, self._braced("foreach"))

    def _for(self) -> ast.Statement:
        self._take_keyword()
        self._expect("(", "Missing opening '(' after keyword 'for'.")
        first = self._for_part(";")
        condition = self._for_part(";")
        each = self._for_part(")")
        return ast.Loop(self._braced("for"), condition, first, each)

    def _for_part(self, end: str) -> ast.Statement | None:
        self.lexer.skip_lines()
        part = None if self.lexer.char() == end else self._inside(self._statement)
        self.lexer.skip_lines()
        self._expect(end, f"Missing '{end}' in for loop.")
        return part

    def _while(self) -> ast.Statement:
        word = self._take_keyword()
        condition = self._condition(word)
        return ast.Loop(self._braced("while"), condition)

    def _do(self) -> ast.Statement:
        self._take_keyword()
        body = self._braced("do")
        until = self._keyword_ahead("until")
        if not until and not self._keyword_ahead("while"):
            raise self.lexer.fail("Missing while or until keyword in do loop.")
        return ast.Loop(body, self._condition("while"), body_first=True, until=until)

    def _switch(self) -> ast.Statement:
        self._take_keyword()
        options = []
        self.lexer.skip_blanks()
        while found := self.lexer.match(re.compile(r"-([A-Za-z]+)\s*")):
            options.append(found.group(1).lower())
        unknown = [option for option in options if option not in ("regex", "wildcard", "exact", "casesensitive")]
        if unknown:
            raise self.lexer.fail(f"Unknown option '{unknown[0]}' of the switch statement.")
        value = self._condition("switch")
        self.lexer.skip_lines()
        self._expect("{", "Missing opening '{' of the switch statement.")
        mode = "regex" if "regex" in options else "wildcard" if "wildcard" in options else "exact"
        return ast.Switch(value, tuple(self._cases()), mode, "casesensitive" in options)

    def _cases(self) -> list[tuple[ast.Expression | None, ast.Block]]:
        cases: list[tuple[ast.Expression | None, ast.Block]] = []
        self.lexer.skip_separators()
        while self.lexer.char() != "}":
            pattern = None if self._keyword("default") else self._argument_value()
            cases.append((pattern, self._braced("switch")))
            self.lexer.skip_separators()
        self._expect("}", "")
        return cases

    def _function(self) -> ast.Statement:
        self._take_keyword()
        name = self.lexer.word_token()
        if name.kind is not Kind.WORD:
            raise self.lexer.fail("Missing name after function keyword.", name.end)
        self.lexer.skip_blanks()
        parameters = self._parameters() if self.lexer.char() == "(" else ()
        body = self._braced("function")
        if parameters:
            body = ast.Block(body.statements, body.traps, parameters)
        return ast.FunctionDefinition(_plain(name), body)

    def _trap(self) -> ast.Trap:
        self.lexer.skip_blanks()
        found = self.lexer.match(TYPE)
        return ast.Trap(ast.TypeLiteral(found.group(1)) if found else None, self._braced("trap"))

    def _throw(self) -> ast.Statement:
        self._take_keyword()
        at = self._extent()
        return ast.Throw(self._optional_statement(), at)

    def _leave(self) -> ast.Statement:
        kind = self._take_keyword()
        return ast.Leave(kind, self._optional_statement())

    def _optional_statement(self) -> ast.Statement | None:
        return None if self.lexer.at_end_of_statement() else self._pipeline_or_assignment()

    def _parameter_statement(self) -> tuple[ast.Parameter, ...]:
        self.lexer.skip_separators()
        return self._parameters() if self._keyword("param") else ()

    def _parameters(self) -> tuple[ast.Parameter, ...]:
        self._expect("(", "Missing '(' in function parameter list.")
        found = []
        self.lexer.skip_lines()
        while self.lexer.char() != ")":
            found.append(self._inside(self._one_parameter))
            self.lexer.skip_lines()
            if self.lexer.char() != ")":
                self._expect(",", "Missing ')' in function parameter list.")
                self.lexer.skip_lines()
        self._expect(")", "")
        return tuple(found)

    def _one_parameter(self) -> ast.Parameter:
        kind = self.lexer.match(TYPE)
        token = self.lexer.expression_token()
        if token.kind is not Kind.VARIABLE:
            raise self.lexer.fail("Missing ')' in function parameter list.", token.end)
        self._in_call = True
        default = self._binary(0) if self._accept("=") else None
        return ast.Parameter(token.value.name, ast.TypeLiteral(kind.group(1)) if kind else None, default)

    # -- pipelines

    def _pipeline_or_assignment(self) -> ast.Statement:
        if not self._at_expression():
            return self._pipeline(self._command())
        expression = self._expression()
        op = self._accept(*_ASSIGNMENTS)
        if op:
            return self._assignment(expression, op)
        return self._pipeline(ast.Value(expression, self._extent(), self._redirections()))

    def _assignment(self, target: ast.Expression, op: str) -> ast.Statement:
        at = self._extent()
        if not assignable(target):
            raise self.lexer.fail(
                f"Invalid assignment expression. The left-hand side of the '{op}' operator needs to be something that "
                "can be assigned to like a variable or a property."
            )
        self.lexer.skip_lines()
        if self.lexer.at_end_of_statement():
            raise self.lexer.fail(f"You must provide a value expression on the right-hand side of the '{op}' operator.")
        with self.lexer.nested():
            return ast.Assignment(target, op, self._pipeline_or_assignment(), at)

    def _pipeline(self, first: ast.Command | ast.Value) -> ast.Pipeline:
        elements: list[ast.Command | ast.Value] = [first]
        while self._accept("|"):
            self.lexer.skip_lines()
            if self.lexer.at_end_of_statement() or self.lexer.char() == "|":
                raise self.lexer.fail("An empty pipe element is not permitted.")
            if self._at_expression():
                raise self.lexer.fail("Expressions are only permitted as the first element of a pipeline.")
            elements.append(self._command())
        return ast.Pipeline(tuple(elements))

    def _at_expression(self) -> bool:
        self.lexer.skip_blanks()
        return self.lexer.char() in _STARTS_EXPRESSION or self.lexer.number_here()

    def _command(self) -> ast.Command:
        operator = self._call_operator()
        token = self.lexer.word_token()
        name = self._argument_from(token, command=True)
        at = self._extent()
        arguments: list[ast.Argument] = []
        redirections: list[ast.Redirection] = list(self._redirections())
        while not self._command_ends():
            arguments.append(self._argument())
            redirections += self._redirections()
        return ast.Command(name, tuple(arguments), at, operator, tuple(redirections))

    def _call_operator(self) -> str:
        self.lexer.skip_blanks()
        found = self.lexer.match(re.compile(r"&|\.(?=[\s$'\"{(])"))
        return found.group() if found else ""

    def _command_ends(self) -> bool:
        if self.lexer.at_end_of_statement() or self.lexer.char() == "|":
            return True
        if self.lexer.char() == "&":
            raise self.lexer.fail(
                'Ampersand not allowed. The & operator is reserved for future use; use "&" to pass ampersand as a '
                "string.",
                self.lexer.pos + 1,
            )
        return False

    def _argument(self) -> ast.Argument:
        token = self.lexer.word_token()
        if token.kind is not Kind.PARAMETER:
            return ast.Argument(self._argument_list(self._argument_from(token)))
        at = Extent(self.lexer.text, token.end)
        if not token.value.endswith(":"):
            return ast.Argument(None, token.value, at)
        return ast.Argument(self._argument_list(self._argument_value()), token.value[:-1], at)

    def _argument_list(self, first: ast.Expression) -> ast.Expression:
        items = [first]
        while self._accept(","):
            self.lexer.skip_lines()
            items.append(self._argument_value())
        return first if len(items) == 1 else ast.ArrayLiteral(tuple(items))

    def _argument_value(self) -> ast.Expression:
        return self._argument_from(self.lexer.word_token())

    def _argument_from(self, token: Token, command: bool = False) -> ast.Expression:
        """The argument that begins with this token."""
        if token.kind is Kind.WORD:
            return self._word_argument(token, command)
        if token.kind is Kind.PARAMETER:
            return ast.Literal(self.lexer.text[token.start : token.end])
        if token.kind is Kind.STRING and (command or not self._member_follows()):
            return self._string(token)
        if token.kind not in (Kind.VARIABLE, Kind.STRING) and not token.is_symbol("(", "@(", "@{", "$(", "{"):
            raise self._unexpected(token)
        return self._primary_argument(token)

    def _primary_argument(self, token: Token) -> ast.Expression:
        """$x.y[0] and the like; $x/y is text with a variable in it."""
        expression = self._inside(lambda: self._postfix(self._primary(token)))
        if token.kind is not Kind.VARIABLE or self.lexer.char() in _ARGUMENT_ENDS:
            return expression
        return ast.Expandable((expression, *self._rest_of_word()))

    def _rest_of_word(self) -> tuple[str | ast.Expression, ...]:
        rest = self.lexer.word_token()
        if rest.kind in (Kind.WORD, Kind.STRING):
            return self._parts(rest.value)
        if rest.kind is Kind.VARIABLE:
            return (variable(rest.value),)
        return (self.lexer.text[rest.start : rest.end],)

    def _word_argument(self, token: Token, command: bool) -> ast.Expression:
        text = self.lexer.text[token.start : token.end]
        if not command and _NUMBER_WORD.fullmatch(text):
            return ast.Literal(float(text) if "." in text else int(text))
        return self._string(token)

    def _member_follows(self) -> bool:
        return bool(re.compile(r"\.\w|\[").match(self.lexer.text, self.lexer.pos))

    def _redirections(self) -> tuple[ast.Redirection, ...]:
        found = []
        while (token := self._peek_word()) and token.kind is Kind.REDIRECTION:
            self.lexer.pos = token.end
            stream = 2 if token.value.startswith("2") else 1
            target = None if token.value == "2>&1" else self._redirection_target()
            found.append(ast.Redirection(stream, target, token.value.endswith(">>")))
        return tuple(found)

    def _redirection_target(self) -> ast.Expression:
        if self.lexer.at_end_of_statement():
            raise self.lexer.fail("Missing file specification after redirection operator.")
        return self._argument_value()

    def _peek_word(self) -> Token | None:
        self.lexer.skip_blanks()
        saved = self.lexer.pos
        if self.lexer.char() not in ("2", ">", "<"):
            return None
        token = self.lexer.word_token()
        self.lexer.pos = saved
        return token

    # -- keywords

    def _peek_keyword(self) -> str:
        self.lexer.skip_blanks()
        found = _KEYWORD.match(self.lexer.text, self.lexer.pos)
        return found.group().lower() if found else ""

    def _take_keyword(self) -> str:
        word = self._peek_keyword()
        self.lexer.pos += len(word)
        if self.lexer.char() == " ":
            self.lexer.pos += 1  # the marker of an error stands behind the blank
        return word

    def _keyword(self, word: str) -> bool:
        """Whether that keyword stands here; if so it is taken."""
        found = self._peek_keyword() == word
        self.lexer.pos += len(word) if found else 0
        return found

    def _keyword_ahead(self, word: str) -> bool:
        """The same, also on a later line."""
        saved = self.lexer.pos
        self.lexer.skip_lines()
        if self._keyword(word):
            return True
        self.lexer.pos = saved
        return False


def _plain(token: Token) -> str:
    return "".join(part for part in token.value if isinstance(part, str))
