# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Objects of .NET that do something when they are asked, not only hold values."""

from __future__ import annotations

from typing import Any

from .errors import PSError


class NetObject:
    """A .NET object. Subclasses answer for what they have and leave the rest to these refusals."""

    type_name = "System.Object"

    def get(self, _name: str) -> Any:
        """The property of that name, case ignored; $null when there is none."""
        return None

    def put(self, name: str, _value: Any) -> None:
        """Write a property; PSError."""
        raise PSError(f"Property '{name}' cannot be found on this object; make sure it exists and is settable.")

    def call(self, name: str, _arguments: list[Any]) -> Any:
        """Call a method; PSError."""
        if name.lower() == "tostring":
            return self.type_name
        raise PSError(f"Method invocation failed because [{self.type_name}] doesn't contain a method named '{name}'.")

    def index(self, _key: Any) -> Any:
        """value[key]; PSError."""
        raise PSError(f"Unable to index into an object of type {self.type_name}.")

    def names(self) -> list[str]:
        """The names of its properties."""
        return []

    def __str__(self) -> str:
        return self.type_name
