# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Every cmdlet that the lab plays."""

from __future__ import annotations

from . import (
    computer_cmdlets,
    content_cmdlets,
    exchange_cmdlets,
    mailbox_cmdlets,
    move_mailbox,
    object_cmdlets,
    output_cmdlets,
    pipeline_cmdlets,
    public_folder_cmdlets,
    session_cmdlets,
)
from .binding import Registry

_PARTS = (
    pipeline_cmdlets,
    output_cmdlets,
    session_cmdlets,
    computer_cmdlets,
    content_cmdlets,
    object_cmdlets,
    exchange_cmdlets,
    mailbox_cmdlets,
    move_mailbox,
    public_folder_cmdlets,
)


def every_cmdlet() -> Registry:
    """The registries of all parts in one."""
    registry = Registry()
    for part in _PARTS:
        registry.include(part.REGISTRY)
    return registry
