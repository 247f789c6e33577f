# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin faces of module_utils/_plan.py, for roles and playbooks. Each filter has its documentation beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.exchange2007.plugins.module_utils import _plan as plan
from ansible_collections.mailops.exchange2007.plugins.module_utils import _schedule as schedule


def _faced(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its errors told as the filter's."""

    def face(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (KeyError, TypeError, AttributeError) as error:
            raise AnsibleFilterError(
                f"{name}: the input is not what exchange_info or upgrade_observation returns ({error!r})"
            ) from error
        except ValueError as error:
            raise AnsibleFilterError(f"{name}: {error}") from error

    return face


class FilterModule:
    """Filters of the upgrade."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        functions: dict[str, Callable[..., Any]] = {
            "upgrade_observation": plan.observation,
            "upgrade_observations": plan.observations,
            "upgrade_reconciled": plan.reconciled,
            "upgrade_not_ready": plan.not_ready,
            "upgrade_unread": plan.unread,
            "upgrade_waves": plan.waves,
            "upgrade_plan": plan.plan,
            "upgrade_plan_lines": plan.plan_lines,
            "upgrade_node_steps": plan.node_steps,
            "upgrade_unproven": plan.unproven,
            "upgrade_mismatches": plan.mismatches,
            "upgrade_homes": plan.homes,
            "upgrade_failbacks": plan.failbacks,
            "upgrade_schedule": schedule.schedule,
            "upgrade_awaited": schedule.awaited,
            "upgrade_guard": schedule.guard,
            "upgrade_recap": schedule.recap,
        }
        return {name: _faced(name, function) for name, function in functions.items()}
