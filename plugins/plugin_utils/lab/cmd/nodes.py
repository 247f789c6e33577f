# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What a parsed command line consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Redirect(NamedTuple):
    """operator is '<', '>' or '>>' with a file name as target, or '&' with the number of another handle."""

    handle: int
    operator: str
    target: str


@dataclass(frozen=True)
class Node:
    """source is the text as it is echoed, quiet whether it began with '@'."""

    source: str
    quiet: bool
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True)
class Simple(Node):
    """A command with its arguments, as one text."""

    text: str


@dataclass(frozen=True)
class Block(Node):
    """What stands in parentheses."""

    body: tuple[Node, ...]


@dataclass(frozen=True)
class Chain(Node):
    """operator is '&', '&&', '||' or '|'."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Condition:
    """operator is '==', equ …, errorlevel, exist, defined or cmdextversion; the last four have no left side."""

    operator: str
    left: str
    right: str
    negated: bool
    ignore_case: bool


@dataclass(frozen=True)
class If(Node):
    condition: Condition
    then: Node
    otherwise: Node | None


@dataclass(frozen=True)
class For(Node):
    """kind is '' or the switch's letter in lower case; options is what follows /f or /r."""

    kind: str
    options: str
    variable: str
    items: str
    body: Node
