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


def management_tools_servers(readings: list[dict[str, Any]], wanted: Any = ()) -> list[dict[str, Any]]:
    """The mailbox servers to manage; raises AnsibleFilterError for an entry that is no dictionary with a name."""
    for server in wanted or []:
        if not isinstance(server, dict) or not server.get("name"):
            raise AnsibleFilterError(f"management_tools_servers: {server!r}: give a dictionary with name")
    return _manage.servers_of(readings, list(wanted or []))


def management_tools_report(
    computer: dict[str, Any], servers: list[dict[str, Any]], strict: bool = False
) -> dict[str, Any]:
    """What a computer may manage, and why it is not to get the cluster tools."""
    return _manage.report(computer, servers, strict=strict)


class FilterModule:
    """Filters of the management tools."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {
            "can_manage": can_manage,
            "management_tools_report": management_tools_report,
            "management_tools_servers": management_tools_servers,
        }
