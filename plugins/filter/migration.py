# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin faces of module_utils/_migration.py. Each filter has its documentation beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.exchange2007.plugins.module_utils import _migration as migration


def _faced(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its errors told as the filter's."""

    def face(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (KeyError, TypeError, AttributeError) as error:
            text = f"{name}: the input is not what the role mailops.exchange2007.migration has read ({error!r})"
            raise AnsibleFilterError(text) from error

    return face


class FilterModule:
    """Filters of the migration."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        functions: dict[str, Callable[..., Any]] = {
            "migration_owned": migration.owned,
            "migration_observation": migration.observed,
            "migration_not_ready": migration.not_ready,
            "migration_plan": migration.plan,
            "migration_plan_lines": migration.plan_lines,
            "migration_gathered": migration.gathered,
            "migration_left_behind": migration.left_behind,
            "migration_recap": migration.recap,
        }
        return {name: _faced(name, function) for name, function in functions.items()}
