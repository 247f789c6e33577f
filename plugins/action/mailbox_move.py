# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mailbox_move runs on the controller."""

from __future__ import annotations

from ..modules import mailbox_move as module
from ..plugin_utils._controller_module import ControllerModuleAction


class ActionModule(ControllerModuleAction):
    """The bridge, with the module to run."""

    module = module
