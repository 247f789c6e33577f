#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: windows_installer_package
short_description: Install or remove a package of Windows Installer (.msi) where there is no PowerShell
version_added: 1.0.0
description:
  - Installs a package from a local folder, or removes a product, quietly with C(msiexec.exe), and reads afterwards
    whether it is as asked for. The computer is never told to restart; see RV(restart_required) and
    M(mailops.exchange2007.node_reboot).
  - It runs as a detached job, that is a scheduled task with the password of the connection, and its end is waited for.
    A run that was interrupted is joined; the same package is never installed by two at once.
  - What is installed is read from the C(Uninstall) keys of the registry, those of 32-bit programs on 64-bit Windows
    included.
options:
  path:
    description: Full path of the package on the computer itself, such as V(C:\\Install\\adminpak.msi). No share.
    type: str
  name:
    description:
      - Display name of the product, as Add or Remove Programs shows it, in any case; C(*) stands for any characters and
        C(?) for one. A product of another language may have another name, so O(product_id) is the safer choice.
    type: str
  product_id:
    description: Product code, in braces. Where it is given, O(name) plays no part.
    type: str
  state:
    description:
      - V(present) installs the package unless its product is there, in whatever version.
      - V(absent) removes the product. Several that fit O(name) are refused.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds that C(msiexec.exe) may take. It is not stopped when they are over; running again joins it.
    type: int
    default: 3600
  busy_timeout:
    description: Seconds for which it is tried again while another installation runs there (exit code 1618).
    type: int
    default: 900
  poll:
    description: Seconds between two looks, and between two tries.
    type: float
    default: 10
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: mailops.exchange2007.server_manager_feature
  - module: mailops.exchange2007.node_reboot
  - module: ansible.windows.win_package
    description: Needs PowerShell 3.0 on the computer.
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Install the Administration Tools Pack, which brings the cluster tools to Windows Server 2003 and XP
  mailops.exchange2007.windows_installer_package:
    path: C:\WINDOWS\system32\adminpak.msi
    name: "*Administration Tools Pack"
  register: tools

- name: Restart where Windows asks for it
  mailops.exchange2007.node_reboot:
    reason: Administration Tools Pack
  when: tools.restart_required

- name: Remove a product by its code
  mailops.exchange2007.windows_installer_package:
    product_id: "{0D9C8B7A-1111-4222-8333-944455566677}"
    state: absent
"""

RETURN = r"""
before:
  description: What was installed before.
  returned: success, and when msiexec failed
  type: dict
  sample: {"installed": false, "products": []}
  contains: &installed
    installed:
      description: Whether a product that is meant is installed.
      type: bool
      sample: false
    products:
      description: The products that are meant. In check mode, what a package would bring is not known.
      type: list
      elements: dict
      sample: []
      contains:
        product_id:
          description: Product code.
          type: str
          sample: "{5E076CF2-EFED-43A2-A623-13E0D62EC7E0}"
        name:
          description: Display name.
          type: str
          sample: Windows Server 2003 Service Pack 2 Administration Tools Pack
        version:
          description: Display version.
          type: str
          sample: 5.2.3790.3959
after:
  description: What is installed afterwards; in check mode as far as it can be foretold.
  returned: success, and when msiexec failed
  type: dict
  sample:
    installed: true
    products:
      - product_id: "{5E076CF2-EFED-43A2-A623-13E0D62EC7E0}"
        name: Windows Server 2003 Service Pack 2 Administration Tools Pack
        version: 5.2.3790.3959
  contains: *installed
restart_required:
  description: Whether Windows Installer asks for a restart (exit code 3010).
  returned: success
  type: bool
  sample: false
rc:
  description:
    - Exit code of C(msiexec.exe), explained in the message where it failed. Null where it ended without one or another
      run took the result; then only what is seen to be installed counts.
  returned: when it was run
  type: int
  sample: 0
duration:
  description: Seconds that it took, tries included.
  returned: when it was run and succeeded
  type: float
  sample: 25.1
joined:
  description: Whether an earlier run had started it.
  returned: when it was run and succeeded, and in check mode
  type: bool
  sample: false
log_excerpt:
  description: The last lines of Windows Installer's log.
  returned: when msiexec failed
  type: str
  sample: "MSI (s) [08:12:04:000]: Product: Windows Server 2003 Administration Tools Pack"
commands:
  description: Commands that changed something; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample:
    - >-
      msiexec.exe /i "C:\\WINDOWS\\system32\\adminpak.msi" /qn REBOOT=ReallySuppress
      /lew %SystemRoot%\\Temp\\mailops-msi-0123456789ab\\msi.log
"""

from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._installer import InstallerRun
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task

ARGUMENT_SPEC: dict[str, Any] = {
    "path": {"type": "str"},
    "name": {"type": "str"},
    "product_id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "timeout": {"type": "int", "default": 3600},
    "busy_timeout": {"type": "int", "default": 900},
    "poll": {"type": "float", "default": 10.0},
}
ARGUMENT_RULES: dict[str, Any] = {
    "required_if": [["state", "present", ["path"]]],
    "required_one_of": [["name", "product_id"]],
}


def run(task: Task) -> dict[str, Any]:
    """Install the package, or remove the product."""
    return InstallerRun(task).run()


def main() -> None:
    module_main(ARGUMENT_SPEC, ARGUMENT_RULES)


if __name__ == "__main__":
    main()
