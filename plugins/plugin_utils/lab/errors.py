# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What the played Windows refuses: numbers and sentences that the programs print."""

from __future__ import annotations


class Win32Error(Exception):
    """A Win32 error number; its text is made by the program that prints it."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Win32 error {code}")
        self.code = code


class ClusterError(Win32Error):
    """What the cluster API refuses (windows-cli.md 1.4)."""


class ServiceError(Win32Error):
    """What the Service Control Manager refuses (windows-cli.md 5.2)."""


class ShutdownError(Win32Error):
    """What the shutdown API refuses (windows-cli.md 5.3)."""


class CmdletError(Exception):
    """What an Exchange cmdlet refuses: an English message and a fully qualified error id."""

    def __init__(self, message: str, identifier: str) -> None:
        super().__init__(message)
        self.message = message
        self.identifier = identifier
