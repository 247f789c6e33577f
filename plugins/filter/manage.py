# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin face of module_utils/_manage.py. The filter has its documentation beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.exchange2007.plugins.module_utils import _manage


def can_manage(tools: str, admin_os: str, cms: dict[str, Any]) -> dict[str, Any]:
    """The verdict as a dictionary; raises AnsibleFilterError that names a wrong value."""
    if not isinstance(cms, dict):
        raise AnsibleFilterError(f"can_manage: cms {cms!r}: give a dictionary with release and os_family")
    try:
        return _manage.can_manage(tools, admin_os, cms).as_dict()
    except ValueError as error:
        raise AnsibleFilterError(f"can_manage: {error}") from None


class FilterModule:
    """Filters of the management tools."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {"can_manage": can_manage}
