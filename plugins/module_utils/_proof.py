# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The options of every module that wants a proof of the other nodes; documented in doc_fragments/proof.py."""

from __future__ import annotations

from typing import Any

PROOF_OPTIONS: dict[str, Any] = {
    "nodes": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "release": {"type": "str", "required": True},
            "observed_at": {"type": "str", "required": True},
            "os_family": {"type": "str", "default": ""},
            "mark": {"type": "str", "default": ""},
            "setup": {"type": "list", "elements": "str", "default": []},
            "servers": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "version": {"type": "str", "default": ""},
                    "state": {"type": "str", "default": ""},
                },
            },
        },
    },
    "proof_max_age": {"type": "int", "default": 900},
}
