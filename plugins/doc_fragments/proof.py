# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of module_utils/_proof.py, for the documentation of the modules that want a proof."""

from __future__ import annotations


class ModuleDocFragment:
    """The proof of the other nodes, and how old it may be."""

    DOCUMENTATION = r"""
options:
  nodes:
    description:
      - The proof. RV(mailops.exchange2007.exchange_info#module:proof) of the other nodes of the cluster, read in this
        run. It is compared with the cluster's own list of members, so that a node which was left out is noticed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      release:
        description: Release of its program files.
        type: str
        required: true
      observed_at:
        description: When it was read, ISO 8601 in UTC.
        type: str
        required: true
      os_family:
        description: Its Windows family.
        type: str
        default: ""
      mark:
        description: The mark of a controller at this node in the cluster's database, read with C(release).
        type: str
        default: ""
      setup:
        description: The Setup programs and Setup jobs that were running on this node.
        type: list
        elements: str
        default: []
      servers:
        description:
          - The clustered mailbox servers as this node sees them. Needed only where a Setup of ours broke off on the
            node that is to be upgraded, and has left it without a working Exchange Management Shell.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the clustered mailbox server.
            type: str
            required: true
          version:
            description: Its version in the directory.
            type: str
            default: ""
          state:
            description: Its state.
            type: str
            default: ""
  proof_max_age:
    description: Seconds after which an observation in O(nodes) is too old.
    type: int
    default: 900
"""
