#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_report
short_description: Write the report of one cluster's upgrade on the controller
version_added: 1.0.0
description:
  - Writes what was learnt of a cluster in this run as a JSON file on the controller, and as an HTML page beside it;
    versions before and after, what Setup said, measured outages, owners of groups, and what is not proven.
  - The role P(mailops.exchange2007.upgrade#role) calls it after each node and at the end; every call of one run writes
    the same file anew.
options:
  directory:
    description: Folder on the controller. It is made if it is missing.
    type: path
    required: true
  release:
    description: The goal of the run.
    type: str
    choices: [sp1, sp2, sp3]
    required: true
  hosts:
    description: Inventory hosts of the cluster; their facts that begin with C(upgrade_) are what is written.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Can run in C(check_mode) and writes the report in it as well, since it touches the controller only.
    support: full
  diff_mode:
    description: Returns what was changed when in diff mode.
    support: none
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Write the report of the cluster
  mailops.exchange2007.upgrade_report:
    directory: /var/log/exchange-upgrade
    release: sp2
    hosts: [nodea, nodeb]
"""

RETURN = r"""
path:
  description: The JSON file that was written; the HTML page has the same name with C(.html).
  returned: success
  type: str
  sample: /var/log/exchange-upgrade/CLUS1-20260301T220000Z.json
report:
  description: Its content.
  returned: success
  type: dict
  sample: {"cluster": "CLUS1", "release": "sp2", "proven": true}
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main

ARGUMENT_SPEC: dict[str, Any] = {
    "directory": {"type": "path", "required": True},
    "release": {"type": "str", "choices": ["sp1", "sp2", "sp3"], "required": True},
    "hosts": {"type": "list", "elements": "str", "required": True},
}


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
