# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the unit tests of modules and module_utils, and the settings of hypothesis."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import FakeClock
from hypothesis import settings

settings.register_profile("unit", max_examples=60, deadline=None, derandomize=True, database=None)
settings.load_profile("unit")


@pytest.fixture
def clock() -> FakeClock:
    """A clock on which nothing waits."""
    return FakeClock()
