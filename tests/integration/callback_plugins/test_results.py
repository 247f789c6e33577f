# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Note the result of every task as one JSON line: [task, host, result]. Only for tests/integration."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: test_results
type: notification
short_description: note results for the integration tests
description:
  - Writes every task's result into the file that the environment variable E(TEST_RESULTS) names.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Write results down."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "test_results"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task ended well."""
        self._note(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed; failed_when and ignore_errors change nothing here."""
        self._note(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A node did not answer."""
        self._note(result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A condition was not met."""
        self._note(result)

    def _note(self, result: Any) -> None:
        line = [result._task.get_name(), result._host.get_name(), result._result]
        with Path(os.environ["TEST_RESULTS"]).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line, cls=AnsibleJSONEncoder) + "\n")
