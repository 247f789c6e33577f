# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules of the collection have in common, for their documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes and notes; a module that differs says so in its own C(attributes)."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Looks at the node and tells what would change; nothing is changed.
  diff_mode:
    support: full
    description: Shows what was there before and what is there after.
  idempotent:
    support: full
    description: Running it again when the node is as asked for changes nothing.
  platform:
    support: full
    platforms: windows
    description: Windows Server 2003 SP2 and Windows Server 2008, with PowerShell 1.0 or none.
  controller:
    support: full
    description:
      - Runs on the controller and sends plain C(cmd.exe) commands to the node over the connection
        P(mailops.exchange2007.winrs#connection). Nothing is installed on the node.
  action_group:
    support: full
    membership: [mailops.exchange2007.all]
    description: Use C(group/mailops.exchange2007.all) in C(module_defaults) to set defaults for all modules.
  async:
    support: none
    description: C(async) is refused. Long work goes on by itself on the node, and running the task again joins it.
requirements:
  - pywinrm >= 0.5.0 (Python library on the controller)
notes:
  - Every play on these nodes must say C(gather_facts) with V(false), because gathering needs PowerShell 3.0 or Python.
  - The node is reached over P(mailops.exchange2007.winrs#connection) only; set C(ansible_connection) accordingly.
  - A failure returns C(doing), C(target), C(seen) and C(advice), the parts of its C(msg); where the act was refused
    also C(refused), the rule; and where a native tool failed its C(rc), C(stdout) and C(stderr).
seealso:
  - plugin: mailops.exchange2007.winrs
    plugin_type: connection
"""
