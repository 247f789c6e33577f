# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell 1.0's grammar: what it takes, what it refuses, and that nothing else ever comes out of the parser."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.powershell import syntax as ast
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.powershell.errors import ParseError
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.powershell.parser import parse
from hypothesis import given, settings
from hypothesis import strategies as st


def shape(node: Any) -> Any:
    """A node without places, in tuples that a table can hold."""
    if isinstance(node, ast.Literal):
        return node.value
    if isinstance(node, ast.Variable):
        return f"${node.scope}:{node.name}" if node.scope else f"${node.name}"
    if isinstance(node, ast.Binary):
        return (shape(node.left), node.op, shape(node.right))
    if isinstance(node, ast.Unary):
        return (node.op, shape(node.operand))
    if isinstance(node, ast.ArrayLiteral):
        return [shape(item) for item in node.items]
    if isinstance(node, ast.Paren):
        return ("()", shape(node.statement))
    if isinstance(node, ast.TypeLiteral):
        return f"[{node.name}]"
    if isinstance(node, ast.Cast):
        return (shape(node.type), shape(node.operand))
    if isinstance(node, ast.Index):
        return (shape(node.target), "[]", shape(node.index))
    if isinstance(node, ast.Member):
        return member(node)
    return rest(node)


def member(node: ast.Member) -> Any:
    dots = "::" if node.static else "."
    head = (shape(node.target), dots + str(shape(node.name)))
    return head if node.arguments is None else (*head, [shape(item) for item in node.arguments])


def rest(node: Any) -> Any:
    if isinstance(node, ast.Pipeline):
        elements = tuple(shape(element) for element in node.elements)
        return elements[0] if len(elements) == 1 else ("|", *elements)
    if isinstance(node, ast.Value):
        return shape(node.expression)
    if isinstance(node, ast.Assignment):
        return (shape(node.target), node.op, shape(node.value))
    if isinstance(node, ast.Step):
        return ("step", shape(node.target), node.by, node.prefix)
    if isinstance(node, ast.Expandable):
        return ("text", *(part if isinstance(part, str) else shape(part) for part in node.parts))
    if isinstance(node, ast.Command):
        return command(node)
    if isinstance(node, ast.SubExpression):
        return ("@()" if node.array else "$()", block(node.body))
    if isinstance(node, ast.ScriptBlockLiteral):
        return ("{}", block(node.body))
    return type(node).__name__


def command(node: ast.Command) -> Any:
    arguments = []
    for argument in node.arguments:
        value = None if argument.value is None else shape(argument.value)
        arguments.append((f"-{argument.name}", value) if argument.name else value)
    return (node.operator + str(shape(node.name)), *arguments)


def block(node: ast.Block) -> list[Any]:
    return [shape(statement) for statement in node.statements]


def one(text: str) -> Any:
    """The shape of the only statement of a text."""
    (statement,) = parse(text).statements
    return shape(statement)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", (1, "+", (2, "*", 3))),
        ("(1 + 2) * 3", (("()", (1, "+", 2)), "*", 3)),
        ("1 - 2 - 3", ((1, "-", 2), "-", 3)),
        ("$a -eq 1 -and $b", (("$a", "eq", 1), "and", "$b")),
        ("$a -or $b -and $c", (("$a", "or", "$b"), "and", "$c")),
        ("-not $a -eq 1", (("not", "$a"), "eq", 1)),
        ("!$a.b", ("!", ("$a", ".b"))),
        ("1..3 + 4", ((1, "..", 3), "+", 4)),
        ("1,2 + 3", ([1, 2], "+", 3)),
        ("'{0}' -f 1,2", ("{0}", "f", [1, 2])),
        (",1", (",", 1)),
        ("-$x", ("-", "$x")),
        ("$x -is [int] -and $y", (("$x", "is", "[int]"), "and", "$y")),
        ("[int]'5' + 1", (("[int]", "5"), "+", 1)),
        ("[string[]]$x", ("[string[]]", "$x")),
        ("$a.b.c", (("$a", ".b"), ".c")),
        ("$a.f(1,'x')", ("$a", ".f", [1, "x"])),
        ("$a.f((1,2))", ("$a", ".f", [("()", [1, 2])])),
        ("$a.f()[0]", (("$a", ".f", []), "[]", 0)),
        ("$a[1,2]", ("$a", "[]", [1, 2])),
        ("'abc'.Length", ("abc", ".Length")),
        ("$a.$b", ("$a", ".$b")),
        ("[Console]::WriteLine('x')", ("[Console]", "::WriteLine", ["x"])),
        ("[DateTime]::UtcNow.Ticks", (("[DateTime]", "::UtcNow"), ".Ticks")),
        ("$x++", ("step", "$x", 1, False)),
        ("--$x", ("step", "$x", -1, True)),
        ("@(1)", ("@()", [1])),
        ("$(1;2)", ("$()", [1, 2])),
        ("{ 1 }", ("{}", [1])),
        ('"a$x"', ("text", "a", "$x")),
        ('"$($x.y)!"', ("text", ("$()", [("$x", ".y")]), "!")),
        ("'a' +\n 'b'", ("a", "+", "b")),
        ("(\n1\n)", ("()", 1)),
    ],
)
def test_expressions(text: str, expected: Any) -> None:
    assert one(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Get-Item", ("Get-Item",)),
        ("Get-Item foo 'a b' 5", ("Get-Item", "foo", "a b", 5)),
        ("a -Name x", ("a", ("-Name", None), "x")),
        ("a -Name:x", ("a", ("-Name", "x"))),
        ("a -Confirm:$false", ("a", ("-Confirm", "$false"))),
        ("a x,y", ("a", ["x", "y"])),
        ("a $x.y.z", ("a", (("$x", ".y"), ".z"))),
        ("a $x[0]", ("a", ("$x", "[]", 0))),
        ("a (1 + 1)", ("a", ("()", (1, "+", 1)))),
        ("a { $_ }", ("a", ("{}", ["$_"]))),
        ("a 1 + 1", ("a", 1, "+", 1)),
        (r"a $x\bin", ("a", ("text", "$x", r"\bin"))),
        ("a [int]", ("a", "[int]")),
        ("a -5", ("a", -5)),
        ("a|b | c", ("|", ("a",), ("b",), ("c",))),
        ("1,2 | %{ $_ }", ("|", [1, 2], ("%", ("{}", ["$_"])))),
        ("a |\n b", ("|", ("a",), ("b",))),
        ("& $b 1", ("&$b", 1)),
        ("& 'C:\\a b.exe' x", ("&C:\\a b.exe", "x")),
        (". 'C:\\s.ps1'", (".C:\\s.ps1",)),
        ('cluster.exe group "A B" /move:N', ("cluster.exe", "group", "A B", "/move:N")),
        ("try { 1 } catch { 2 }", ("try", ("{}", [1]), "catch", ("{}", [2]))),
        ("foreach-object { 1 }", ("foreach-object", ("{}", [1]))),
    ],
)
def test_commands(text: str, expected: Any) -> None:
    assert one(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$x = 1", ("$x", "=", 1)),
        ("$x += 'a'", ("$x", "+=", "a")),
        ("$x = Get-Item a | b", ("$x", "=", ("|", ("Get-Item", "a"), ("b",)))),
        ("$a, $b = 1, 2", (["$a", "$b"], "=", [1, 2])),
        ("$x.y = 1", (("$x", ".y"), "=", 1)),
        ("$x[0] = 1", (("$x", "[]", 0), "=", 1)),
        ("[int]$x = '1'", (("[int]", "$x"), "=", "1")),
        ("$a = $b = 1", ("$a", "=", ("$b", "=", 1))),
        ("$env:X = 'y'", ("$env:X", "=", "y")),
        ("$x = if (1) { 2 }", ("$x", "=", ("if", ("()", 1), ("{}", [2])))),
    ],
)
def test_assignments(text: str, expected: Any) -> None:
    """The last one: an if statement has no value before 2.0, so it is read as a command of that name."""
    assert one(text) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a; b\nc", ["Pipeline"] * 3),
        (";;a;;", ["Pipeline"]),
        ("if (1) { 2 } elseif (3) { 4 } else { 5 }", ["If"]),
        ("if (1) { 2 }\nelse { 5 }", ["If"]),
        ("if(1){2}3", ["If", "Pipeline"]),
        ("foreach ($x in 1..3) { $x } a", ["ForEach", "Pipeline"]),
        ("for ($i = 0; $i -lt 3; $i++) { $i }", ["Loop"]),
        ("for (;;) { break }", ["Loop"]),
        ("while ($x) { continue }", ["Loop"]),
        ("do { 1 } while ($x); a", ["Loop", "Pipeline"]),
        ("do { 1 } until ($x)", ["Loop"]),
        ("switch ($x) { 1 { 'a' } 'b' { 2 } default { 3 } }", ["Switch"]),
        ("switch -regex -casesensitive ($x) { '^a' { 1 } }", ["Switch"]),
        ("function f($a, [int]$b = 3) { $a } f 1", ["FunctionDefinition", "Pipeline"]),
        ("function f { param($a) $a }", ["FunctionDefinition"]),
        ("throw 'x'; throw", ["Throw", "Throw"]),
        ("return 1; exit 2; break; continue; return", ["Leave"] * 5),
        ("# nothing", []),
        ("", []),
    ],
)
def test_statements(text: str, names: list[str]) -> None:
    assert [type(statement).__name__ for statement in parse(text).statements] == names


def test_traps_watch_over_their_block() -> None:
    found = parse("trap [Exception] { 1; continue } a; trap { 2 }")
    assert [(trap.type.name if trap.type else None, len(trap.body.statements)) for trap in found.traps] == [
        ("Exception", 2),
        (None, 1),
    ]
    assert len(found.statements) == 1


def test_redirections() -> None:
    (statement,) = parse("a 2>&1 > out.txt 2>> err.txt b").statements
    assert isinstance(statement, ast.Pipeline)
    assert [(r.stream, r.target is None, r.append) for r in statement.elements[0].redirections] == [
        (2, True, False),
        (1, False, False),
        (2, False, True),
    ]


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("$a -join ','", "You must provide a value expression on the right-hand side of the '-' operator.", 4),
        ("'a b' -split ' '", "You must provide a value expression on the right-hand side of the '-' operator.", 7),
        ("-join $x", "Missing expression after unary operator '-'.", 1),
        ("-File x.ps1", "Missing expression after unary operator '-'.", 1),
        ("1 +", "You must provide a value expression on the right-hand side of the '+' operator.", 3),
        ("1 -eq", "You must provide a value expression on the right-hand side of the '-eq' operator.", 5),
        ("$x =", "You must provide a value expression on the right-hand side of the '=' operator.", 4),
        ("1 = 2", "Invalid assignment expression.", 3),
        ("1++", "The '++' operator works only on variables or on properties.", 3),
        ("a |", "An empty pipe element is not permitted.", 3),
        ("a | | b", "An empty pipe element is not permitted.", 4),
        ("a | 1", "Expressions are only permitted as the first element of a pipeline.", 4),
        ("a & b", "Ampersand not allowed.", 3),
        ("(1", "Missing closing ')' in expression.", 2),
        ("$(1", "Missing closing ')' in subexpression.", 3),
        ("{ 1", "Missing closing '}' in statement block.", 3),
        ("if (1) 2", "Missing statement block after if.", 7),
        ("if 1 { 2 }", "Missing opening '(' after keyword 'if'.", 3),
        ("foreach ($x on 1) {}", "Missing 'in' after variable in foreach loop.", 12),
        ("do { 1 }", "Missing while or until keyword in do loop.", 8),
        ("1 2", "Unexpected token '2' in expression or statement.", 3),
        ("'a' foo", "Unexpected token 'foo' in expression or statement.", 7),
        ("$x.", "Missing property name after reference operator.", 3),
        ("$x.f(1", "Missing ')' in method call.", 6),
        ("$x[", "Unexpected token '' in expression or statement.", 3),
        ("$x[]", "Array index expression is missing or not valid.", 3),
        ("@{ a 1 }", "Missing '=' operator after key in hash literal.", 5),
        ("@x", "Unexpected token '@' in expression or statement.", 1),
        ("}", "Unexpected token '}' in expression or statement.", 1),
        ("a >", "Missing file specification after redirection operator.", 3),
        ("switch -file ($x) {}", "Unknown option 'file' of the switch statement.", 13),
    ],
)
def test_refusals(text: str, message: str, column: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert (caught.value.message[: len(message)], caught.value.extent.offset) == (message, column)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000,
        "{" * 3000,
        "[int]" * 3000,
        '"$(' * 3000,
        "-" * 3001 + "1",
        "! " * 3000 + "1",
        "@{a=" * 3000,
        "if(1){" * 3000,
        "$x=" * 3000 + "1",
        "& {" * 3000,
    ],
)
def test_too_deep_is_an_error_and_no_crash(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text)


PIECES = [
    *[
        "$x",
        "$x.y",
        "(",
        ")",
        "{",
        "}",
        "@(",
        "@{",
        "$(",
        "[",
        "]",
        "[int]",
        "[Console]",
        "::",
        ".",
        "..",
        ",",
        ";",
        "|",
        "&",
        "=",
        "+=",
        "++",
        "--",
        "-",
        "+",
        "*",
        "/",
        "%",
        "!",
        "1",
        "2.5",
        "0x1f",
        "1kb",
    ],
    *[
        "-eq",
        "-like",
        "-join",
        "-not",
        "-f",
        "if",
        "else",
        "elseif",
        "foreach",
        "in",
        "for",
        "while",
        "do",
        "until",
        "switch",
        "default",
        "function",
        "trap",
        "throw",
    ],
    *[
        "exit",
        "return",
        "break",
        "continue",
        "param",
        "Get-Item",
        "%",
        "?",
        "-Name",
        "-Name:",
        "2>&1",
        ">",
        ">>",
        "$null",
        "`",
        "$_",
        "$env:X",
        "${a",
        "$a:",
        "<",
        "@",
        "^",
    ],
    *["'a'", '"b"', '"$x $(1)"', "'", '"', " ", "\n", "#c\n", "é", "\x00", "\u0663", "\u00b2"],
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(["", " "])), max_size=14))
def test_the_parser_raises_nothing_but_its_own_error(pieces: list[tuple[str, str]]) -> None:
    with suppress(ParseError):
        parse("".join(piece + blank for piece, blank in pieces))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_nor_does_it_for_any_text(text: str) -> None:
    with suppress(ParseError):
        parse(text)
