# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Whole numbers in the output of native tools."""

from __future__ import annotations

import re

_WHOLE = re.compile(r"[0-9]{1,10}")


def whole_number(text: str | None) -> int | None:
    """The number, or None: str.isdigit() is true of superscripts, which code page 437 has."""
    word = (text or "").strip()
    return int(word) if _WHOLE.fullmatch(word) else None
