# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""msiexec.exe: installing and removing packages without a user interface.

The reference has no section on it; switches and exit codes are those of Microsoft's public command-line reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import language
from ..errors import ShutdownError
from ..files import FileSystemError
from ..installer import (
    ALREADY_RUNNING,
    INVALID_COMMAND_LINE,
    NEEDS_RESTART,
    NO_PACKAGE,
    REJECTED,
    RESTARTS,
    UNKNOWN_PRODUCT,
    InstallerError,
    Package,
)
from .common import path_of
from .pace import take_time
from .rights import is_administrator

if TYPE_CHECKING:
    from ..process import Process

_ACTS = {"i": "install", "package": "install", "x": "remove", "uninstall": "remove"}
_QUIET = ("quiet", "passive")
_RESTARTS = {"norestart": "never", "forcerestart": "always", "promptrestart": "prompt"}
_WAITS_FOR_EVER = 10.0**9


@dataclass
class _Order:
    act: str = ""
    target: str = ""
    quiet: bool = False
    restart: str = ""  # never, always, prompt, or empty: when it is needed
    log: str = ""


def main(proc: Process) -> int:
    """Run msiexec; it prints nothing, everything is in the exit code and the log."""
    order = _Order()
    try:
        _read(order, proc.argv[1:])
        _refuse_window(proc, order)
        code = _run(proc, order)
    except InstallerError as error:
        code = error.code
        _log(proc, order, language.of(proc.host).text(error.text))
    _log(proc, order, f"MainEngineThread is returning {code}")
    return code


def _read(order: _Order, words: list[str]) -> None:
    """Switches begin with / or -, in any case; NAME=value is a property."""
    left = list(words)
    while left:
        word = left.pop(0)
        if word[:1] not in "/-":
            if "=" not in word:
                raise _bad_line()
            _property(order, word)
        else:
            _switch(order, word[1:].lower(), left)
    if not order.act:
        raise _bad_line()


def _switch(order: _Order, name: str, left: list[str]) -> None:
    if name in _ACTS and left and not order.act:
        order.act, order.target = _ACTS[name], left.pop(0)
    elif name in _QUIET or (name[:1] == "q" and name[1:].rstrip("+-!") in ("", "n", "b", "r", "f")):
        order.quiet = name.rstrip("+-!") not in ("qr", "qf")
    elif name in _RESTARTS:
        order.restart = _RESTARTS[name]
    elif name == "log" or (name[:1] == "l" and set(name[1:]) <= set("iwearucmopvx+!*")):
        if not left:
            raise _bad_line()
        order.log = left.pop(0)
    else:
        raise _bad_line()


def _property(order: _Order, word: str) -> None:
    name, _equals, value = word.partition("=")
    if name.upper() == "REBOOT":
        order.restart = {"r": "never", "s": "prompt", "f": "always"}.get(value.strip('"')[:1].lower(), "")


def _bad_line() -> InstallerError:
    text = "Invalid command line argument.  Consult the Windows Installer SDK for detailed command line help."
    return InstallerError(INVALID_COMMAND_LINE, text)


def _refuse_window(proc: Process, order: _Order) -> None:
    """Without /q there are windows to click, on a desktop that nobody sees."""
    # assumption: over WinRM and in a scheduled task msiexec waits for somebody to click until it is killed
    if not order.quiet:
        proc.sleep(_WAITS_FOR_EVER)


def _run(proc: Process, order: _Order) -> int:
    installer = proc.host.installer
    package = _package(proc, order)
    if not (is_administrator(proc) and proc.logon.elevated):
        text = "This installation is forbidden by system policy.  Contact your system administrator."
        raise InstallerError(REJECTED, text)
    with proc.host.world.lock:
        if installer.busy():
            text = "Another installation is already in progress.  Complete that installation before proceeding."
            raise InstallerError(ALREADY_RUNNING, text)
        installer.owner = proc
    try:
        _log(proc, order, f"Product: {package.name} {package.version}")
        return _work(proc, order, package)
    finally:
        installer.owner = None


def _package(proc: Process, order: _Order) -> Package:
    installer = proc.host.installer
    if order.target.startswith("{"):
        known = installer.products.get(order.target.lower())
        if known is None:
            raise InstallerError(
                UNKNOWN_PRODUCT, "This action is only valid for products that are currently installed."
            )
        return known
    try:
        return installer.read(path_of(proc, order.target))
    except FileSystemError as error:
        text = "This installation package could not be opened.  Verify that you can access it."
        raise InstallerError(NO_PACKAGE, text) from error


def _work(proc: Process, order: _Order, package: Package) -> int:
    installer, lock = proc.host.installer, proc.host.world.lock
    removing = order.act == "remove"
    with lock:
        if removing and not installer.installed(package):
            raise InstallerError(
                UNKNOWN_PRODUCT, "This action is only valid for products that are currently installed."
            )
        if not removing:
            installer.check(package)
    take_time(proc, "msiexec")
    with lock:
        if removing:
            installer.remove(package, proc)
        elif not installer.installed(package):  # else it only looks after what is there
            installer.install(package, proc)
    _log(proc, order, f"{'Removal' if removing else 'Installation'} completed successfully.")
    return _restart(proc, order)


def _restart(proc: Process, order: _Order) -> int:
    """3010 leaves the restart to the caller, 1641 has begun it: quietly nobody is asked (/norestart forbids it)."""
    host = proc.host
    needed, host.installer.in_use = host.installer.in_use, False
    if needed:
        host.world.physics.set_pending_restart(host, proc)
    if order.restart == "always" or (needed and order.restart != "never"):
        try:
            host.world.physics.shutdown(host, True, 0.0, proc)
        except ShutdownError:
            return NEEDS_RESTART
        return RESTARTS
    return NEEDS_RESTART if needed else 0


def _log(proc: Process, order: _Order, text: str) -> None:
    """The log is in UTF-16; nobody minds when it can't be written."""
    if not order.log:
        return
    try:
        path = path_of(proc, order.log)
        begun = proc.host.files.entry(path) is not None
        line = f"MSI (s) [{proc.host.world.date():%H:%M:%S}:000]: {text}\r\n".encode("utf-16-le")
        proc.host.files.write(path, line if begun else b"\xff\xfe" + line, append=begun)
    except FileSystemError:
        return
    if not begun:
        proc.host.world.truth.effect(proc.host, "file", "write", path, proc)
