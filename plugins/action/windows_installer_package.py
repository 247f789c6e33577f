# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""windows_installer_package runs on the controller."""

from __future__ import annotations

from ..modules import windows_installer_package as module
from ..plugin_utils._controller_module import ControllerModuleAction


class ActionModule(ControllerModuleAction):
    """The bridge, with the module to run."""

    module = module
