# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell tokens: the same characters mean different things in an expression and behind a command."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.powershell.errors import Extent, ParseError
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.powershell.lexer import (
    Kind,
    Lexer,
    ScriptPart,
    Token,
    VariablePart,
)


def expression(text: str) -> list[Token]:
    """Every token of an expression."""
    lexer, tokens = Lexer(text), []
    while (token := lexer.expression_token()).kind is not Kind.END:
        tokens.append(token)
    return tokens


def words(text: str) -> list[Token]:
    """Every token of a command's arguments."""
    lexer, tokens = Lexer(text), []
    while (token := lexer.word_token()).kind is not Kind.END:
        tokens.append(token)
    return tokens


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("007", 7),
        ("2.5", 2.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("0x1F", 31),
        ("1kb", 1024),
        ("2MB", 2 * 2**20),
        ("1gb", 2**30),
        ("5L", 5),
        ("1.5kb", 1536.0),
    ],
)
def test_numbers(text: str, number: float) -> None:
    (token,) = expression(text)
    assert (token.kind, token.value) == (Kind.NUMBER, number)


def test_a_range_is_no_decimal_point() -> None:
    assert [t.value for t in expression("1..5")] == [1, "..", 5]


@pytest.mark.parametrize("text", ["1abc", "0x", "5x"])
def test_bad_numbers(text: str) -> None:
    with pytest.raises(ParseError, match="Bad numeric constant"):
        expression(text)


@pytest.mark.parametrize(
    ("text", "scope", "name"),
    [
        ("$x", "", "x"),
        ("$_", "", "_"),
        ("$?", "", "?"),
        ("$env:TEMP", "env", "TEMP"),
        ("$GLOBAL:a1", "global", "a1"),
        ("${a b}", "", "a b"),
        ("${env:ProgramFiles(x86)}", "env", "ProgramFiles(x86)"),
    ],
)
def test_variables(text: str, scope: str, name: str) -> None:
    (token,) = expression(text)
    assert (token.kind, token.value) == (Kind.VARIABLE, VariablePart(scope, name))


def test_a_variable_before_a_static_member() -> None:
    assert [t.value for t in expression("$x::y")] == [VariablePart("", "x"), "::", ("y",)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("''", ()),
        ("'a b'", ("a b",)),
        ("'it''s'", ("it's",)),
        ("'$x `n'", ("$x `n",)),
        ('"a""b"', ('a"b',)),
        ('"a`tb`"c"', ('a\tb"c',)),
        ('"$x!"', (VariablePart("", "x"), "!")),
        ('"$env:A\\b"', (VariablePart("env", "A"), "\\b")),
        ('"cost: 5$"', ("cost: 5$",)),
        ('"`$x"', ("$x",)),
        ("\"'$x'\"", ("'", VariablePart("", "x"), "'")),
        ('"$(1)"', (ScriptPart(3),)),
        ('"a$(f ")" x)b"', ("a", ScriptPart(4), "b")),
        ("\"$(')')\"", (ScriptPart(3),)),
        ('"a\nb"', ("a\nb",)),
    ],
)
def test_strings(text: str, parts: tuple[Any, ...]) -> None:
    (token,) = expression(text)
    assert (token.kind, token.value) == (Kind.STRING, parts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'open", "Encountered end of line while processing a string token."),
        ('"open', "Encountered end of line while processing a string token."),
        ('"$(open"', "Encountered end of line"),
        ('"$(1"', "Encountered end of line"),
        ('"$x: y"', "Variable reference is not valid."),
        ("a < b", "Redirection operator '<' is not supported yet."),
        ("^", "Unrecognized token '^' in source text."),
    ],
)
def test_what_is_no_token(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        expression(text)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "name",
    ["eq", "ne", "like", "notlike", "match", "contains", "notcontains", "replace", "and", "or", "not", "is", "as", "f"],
)
def test_operators_with_a_dash(name: str) -> None:
    assert [t.value for t in expression(f"$a -{name.upper()} 1")][1] == name


@pytest.mark.parametrize("name", ["ceq", "ieq", "clike", "imatch", "creplace"])
def test_operators_that_mind_the_case(name: str) -> None:
    (token,) = expression(f"-{name}")
    assert (token.kind, token.value) == (Kind.OPERATOR, name)


@pytest.mark.parametrize("name", ["join", "split", "in", "shl"])
def test_operators_of_later_versions_are_a_minus_and_a_word(name: str) -> None:
    minus, word = expression(f"-{name}")
    assert (minus.value, word.value) == ("-", (name,))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a # comment", [Kind.WORD]),
        ("a `\n b", [Kind.WORD, Kind.WORD]),
        ("a `\r\n b", [Kind.WORD, Kind.WORD]),
        ("a\nb", [Kind.WORD, Kind.NEWLINE, Kind.WORD]),
        ("a\r\nb", [Kind.WORD, Kind.NEWLINE, Kind.WORD]),
    ],
)
def test_blanks_and_lines(text: str, kinds: list[Kind]) -> None:
    assert [t.kind for t in expression(text)] == kinds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo", [(Kind.WORD, ("foo",))]),
        (r"C:\a\b.txt", [(Kind.WORD, (r"C:\a\b.txt",))]),
        ("-Name", [(Kind.PARAMETER, "Name")]),
        ("-Confirm:$false", [(Kind.PARAMETER, "Confirm:"), (Kind.VARIABLE, VariablePart("", "false"))]),
        ("-5", [(Kind.WORD, ("-5",))]),
        ("a,b", [(Kind.WORD, ("a",)), (Kind.SYMBOL, ","), (Kind.WORD, ("b",))]),
        ('a"b c"d', [(Kind.WORD, ("ab cd",))]),
        ("a`;b", [(Kind.WORD, ("a;b",))]),
        (r"pre$x\post", [(Kind.WORD, ("pre", VariablePart("", "x"), r"\post"))]),
        ("2>&1", [(Kind.REDIRECTION, "2>&1")]),
        ("2> e", [(Kind.REDIRECTION, "2>"), (Kind.WORD, ("e",))]),
        ("a>>b", [(Kind.WORD, ("a",)), (Kind.REDIRECTION, ">>"), (Kind.WORD, ("b",))]),
        ("1+1", [(Kind.WORD, ("1+1",))]),
        ("%{", [(Kind.WORD, ("%",)), (Kind.SYMBOL, "{")]),
        ("[Console]", [(Kind.WORD, ("[Console]",))]),
        ("/move:X", [(Kind.WORD, ("/move:X",))]),
    ],
)
def test_words(text: str, expected: list[tuple[Kind, Any]]) -> None:
    assert [(t.kind, t.value) for t in words(text)] == expected


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("Get-Item nope", 9, "At line:1 char:9\n+ Get-Item  <<<< nope"),
        ("test.htm", 8, "At line:1 char:8\n+ test.htm <<<< "),
        ("a\nthrow 'x'\nb", 8, "At line:2 char:6\n+ throw  <<<< 'x'"),
        ("a\r\nb c\r\n", 5, "At line:2 char:2\n+ b  <<<< c"),
    ],
)
def test_the_place_of_an_error(text: str, offset: int, message: str) -> None:
    """The marker stands behind the blank, as in blogs.msdn.com/powershell 2006/10/14."""
    assert Extent(text, offset).message() == message
