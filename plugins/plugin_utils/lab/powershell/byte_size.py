# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""ByteQuantifiedSize of Exchange 2007, alone or as Unlimited[ByteQuantifiedSize]."""

from __future__ import annotations

from typing import Any

from .net import NetObject
from .values import number, to_text

_UNITS = (("GB", 2**30), ("MB", 2**20), ("KB", 2**10))
_DIVISORS = {"tobytes": 1, "tokb": 2**10, "tomb": 2**20, "togb": 2**30, "totb": 2**40}


class ByteSize(NetObject):
    """bytes; limited: wrapped in Unlimited, with .Value. Compared by its bytes, also with plain numbers."""

    def __init__(self, size: int, limited: bool = True) -> None:
        self.magnitude = size
        self._limited = limited
        inner = "Microsoft.Exchange.Data.ByteQuantifiedSize"
        self.type_name = f"Microsoft.Exchange.Data.Unlimited`1[{inner}]" if limited else inner

    def get(self, name: str) -> Any:
        if self._limited:
            return {"value": ByteSize(self.magnitude, False), "isunlimited": False}.get(name.lower())
        return None

    def call(self, name: str, arguments: list[Any]) -> Any:
        low = name.lower()
        if low == "tostring":
            return str(self)
        if low == "compareto":
            other = number(magnitude(arguments[0]))
            return (self.magnitude > other) - (self.magnitude < other)
        if low in _DIVISORS and not self._limited:
            return self.magnitude // _DIVISORS[low]
        return super().call(name, arguments)

    def names(self) -> list[str]:
        return ["IsUnlimited", "Value"] if self._limited else []

    def __str__(self) -> str:
        # assumption: the largest unit that divides it without a rest; public scripts expect 123KB and 456B
        for unit, factor in _UNITS:
            if self.magnitude and self.magnitude % factor == 0:
                return f"{self.magnitude // factor}{unit}"
        return f"{self.magnitude}B"


def magnitude(value: Any) -> Any:
    """The bytes of a size, or of a text such as 5MB; everything else as it is."""
    found = getattr(value, "magnitude", None)
    if found is not None:
        return found
    text = to_text(value).upper() if isinstance(value, str) else ""
    for unit, factor in (*_UNITS, ("B", 1)):
        if text.endswith(unit) and text.removesuffix(unit).isdecimal():
            return int(text.removesuffix(unit)) * factor
    return value
