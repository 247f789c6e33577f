# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""What the main() of every module does: nothing but say that the module runs through its action plugin."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule


def module_main(argument_spec: dict[str, Any], argument_rules: dict[str, Any] | None = None) -> None:
    """Build an AnsibleModule, so that sanity tests compare documentation and specification, and fail.

    argument_rules: mutually_exclusive, required_if and so on, as AnsibleModule takes them.
    """
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True, **(argument_rules or {}))
    module.fail_json(
        msg="This module runs on the controller, through the action plugin of its name, and that plugin was not used. "
        "Name the module with its full name (mailops.exchange2007.x) and install the whole collection."
    )
