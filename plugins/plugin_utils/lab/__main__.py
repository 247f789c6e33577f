# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""python -m ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab"""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
