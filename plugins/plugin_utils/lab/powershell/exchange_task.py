# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What all Exchange cmdlets share: the snap-in they come with, and what becomes of a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..errors import CmdletError
from .binding import Invocation, Parameter, Registry
from .exchange_scope import ready
from .session_cmdlets import EXCHANGE_SNAPIN

Output = Iterator[Any]
Play = Callable[[Invocation], Output]


class Tasks:
    """The Exchange cmdlets of one file."""

    def __init__(self) -> None:
        self.registry = Registry()

    def reading(self, name: str, *parameters: Parameter) -> Callable[[Play], Play]:
        """Decorate the play of a cmdlet that changes nothing."""
        return self._add(name, parameters)

    def changing(self, name: str, *parameters: Parameter, confirms: bool = True) -> Callable[[Play], Play]:
        """Decorate the play of a cmdlet with -WhatIf and -Confirm."""
        return self._add(name, parameters, changes=True, confirms=confirms)

    def _add(self, name: str, parameters: tuple[Parameter, ...], **more: Any) -> Callable[[Play], Play]:
        add = self.registry.add(name, *parameters, snapin=EXCHANGE_SNAPIN, **more)
        return lambda play: add(played(play))


def played(play: Play) -> Play:
    """What the cmdlet or physics refuses becomes an error of the cmdlet, which lets the script go on."""

    def run(call: Invocation) -> Output:
        try:
            ready(call)
            yield from play(call)
        except CmdletError as refused:
            call.error(refused.message, refused.identifier, call.get("Identity"))

    return run
