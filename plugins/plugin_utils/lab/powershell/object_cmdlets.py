# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""New-Object, for the few classes that are played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .adsi import DirectoryEntry, DirectorySearcher
from .binding import Invocation, Parameter, Registry, switch
from .values import each, to_text

if TYPE_CHECKING:
    from ..process import Process

REGISTRY = Registry()
Output = Iterator[Any]


def _directory_entry(proc: Process, *arguments: Any) -> Any:
    path, *login = (to_text(argument) for argument in arguments or ("",))
    return DirectoryEntry(proc, path, (login[0], login[1]) if len(login) > 1 else None)


_CLASSES: dict[str, Callable[..., Any]] = {
    "directoryservices.directoryentry": _directory_entry,
    "directoryservices.directorysearcher": DirectorySearcher,
}


@REGISTRY.add(
    "New-Object",
    Parameter("TypeName", 0),
    Parameter("ArgumentList", 1, aliases=("Args",)),
    Parameter("ComObject"),
    switch("Strict"),
)
def _new_object(call: Invocation) -> Output:
    if call.given("ComObject"):
        raise call.fail(f"Cannot load COM type {call.text('ComObject')}.", "CannotLoadComObjectType")
    name = call.text("TypeName")
    make = _CLASSES.get(name.lower().removeprefix("system."))
    if make is None:
        raise call.fail(
            f"Cannot find type [{name}]: make sure the assembly containing this type is loaded.", "TypeNotFound"
        )
    yield make(call.session.proc, *each(call.get("ArgumentList")))
