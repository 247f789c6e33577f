# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""SET, SETLOCAL, ENDLOCAL, PATH, PROMPT."""

from __future__ import annotations

import re

from .arithmetic import MESSAGES, ArithmeticFailure, Calculator
from .context import Context


def set_(at: Context, arguments: str) -> int:
    """SET, SET prefix, SET name=value, SET /A, SET /P."""
    text = arguments.lstrip()
    switch = text[:2].lower()
    if switch == "/a":
        return _arithmetic(at, text[2:])
    if switch == "/p":
        return _prompt(at, text[2:])
    text = _assignment(text)
    name, equals, value = text.partition("=")
    if not equals:
        return _list(at, name.rstrip())
    if not name:
        return at.bad_syntax()
    at.shell.env.set(name, value)
    return 0


def _assignment(text: str) -> str:
    """Quotes around the whole assignment go, with whatever stands behind the last one."""
    if not text.startswith('"'):
        return text
    inside, quote, after = text[1:].rpartition('"')
    return inside if quote else after


def _list(at: Context, prefix: str) -> int:
    found = [f"{name}={value}\n" for name, value in at.shell.env.items() if name.upper().startswith(prefix.upper())]
    if not found:
        return at.fail("Environment variable {name} not defined", name=prefix)
    at.write("".join(found))
    return 0


def _arithmetic(at: Context, expression: str) -> int:
    if not expression.strip():
        return at.bad_syntax()
    calculator = Calculator(at.shell.variable, lambda name, value: at.shell.env.set(name, str(value)))
    try:
        value = calculator.evaluate(expression)
    except ArithmeticFailure as failure:
        at.fail(MESSAGES[failure.code])
        return failure.code
    if at.shell.frame is None:  # only a command line shows the result
        at.write(str(value))
    return 0


def _prompt(at: Context, text: str) -> int:
    """An empty line, or none, leaves the variable as it was."""
    name, equals, question = _assignment(text.lstrip(" \t")).partition("=")
    if not equals or not name:
        return at.bad_syntax()
    quoted = re.fullmatch(r'\s*"(.*)"[^"]*', question)
    at.write(quoted[1] if quoted else question.lstrip())
    answer = at.handles.stdin.readline(at.shell.proc.alive)
    if not answer:
        return 1
    at.shell.env.set(name, answer)
    return 0


def setlocal(at: Context, arguments: str) -> int:
    """Outside of a batch file it does nothing."""
    options = arguments.lower().split()
    if any(option not in _OPTIONS for option in options):
        return at.bad_syntax()
    if at.shell.frame is not None:
        at.shell.frame.saved.append(at.shell.save())
        for option in options:
            at.shell.delayed = _OPTIONS[option].get("delayed", at.shell.delayed)
    return 0


_OPTIONS: dict[str, dict[str, bool]] = {
    "enabledelayedexpansion": {"delayed": True},
    "disabledelayedexpansion": {"delayed": False},
    "enableextensions": {},
    "disableextensions": {},
}


def endlocal(at: Context, _arguments: str) -> int:
    """Back to what SETLOCAL found."""
    if at.shell.frame is not None and at.shell.frame.saved:
        at.shell.restore(at.shell.frame.saved.pop())
    return 0


def path(at: Context, arguments: str) -> int:
    """PATH shows or sets the variable; PATH ; empties it."""
    text = arguments.strip(" \t=")
    if text:
        at.shell.env.set("Path", "" if text == ";" else text)
    else:
        at.write(f"PATH={at.shell.env.get('PATH') or '(null)'}\n")
    return 0


def prompt(at: Context, arguments: str) -> int:
    """PROMPT sets the variable; what is echoed is always $P$G."""
    at.shell.env.set("PROMPT", arguments.strip() or "$P$G")
    return 0
