# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Things that happen to a played host, by the names that `inject` takes: at a command, or right now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .errors import ServiceError
from .files import split_root
from .power import UPDATES

if TYPE_CHECKING:
    from .world import Host

Arguments = Mapping[str, str]
_MARKS = {"renames": (True, False), "volatile": (False, True), "both": (True, True)}


@dataclass(frozen=True)
class FaultEvent:
    """What happens; act gets the host and the arguments as they were typed, and may raise ValueError."""

    about: str
    act: Callable[[Host, Arguments], None]


def _crash(host: Host, given: Arguments) -> None:
    host.world.physics.crash(host, stays_down=given.get("stays_down", "no") == "yes")


def _power_on(host: Host, _given: Arguments) -> None:
    host.world.physics.switch_on(host)


def _no_boot(host: Host, _given: Arguments) -> None:
    host.world.physics.power.spoil_boot(host, "never")


def _no_join(host: Host, given: Arguments) -> None:
    how = given.get("how", "stopped")
    if how not in ("stopped", "joining"):
        raise ValueError(f"how={how}: use stopped or joining")
    host.world.physics.power.spoil_boot(host, how)


def _failover(host: Host, given: Arguments) -> None:
    host.world.physics.fail_over(host, given.get("group"))


def _service_stop(host: Host, given: Arguments) -> None:
    name = given.get("name", "clussvc")
    if name.lower() not in host.services:
        raise ValueError(f"name={name}: {host.name} has no such service")
    with suppress(ServiceError):  # it is stopped already, or on its way
        host.world.physics.stop_service(host, name, None)


def _disk_full(host: Host, given: Arguments) -> None:
    host.files.free_bytes = int(given.get("free", "0"))


def _wizard(host: Host, given: Arguments) -> None:
    host.wizard_until = host.world.clock.now() + float(given.get("seconds", "600"))


def _pending_restart(host: Host, given: Arguments) -> None:
    marks = given.get("marks", "renames")
    if marks not in _MARKS:
        raise ValueError(f"marks={marks}: use one of {', '.join(_MARKS)}")
    renames, volatile = _MARKS[marks]
    if renames:
        host.world.physics.set_pending_restart(host, None)
    if volatile:
        host.registry.set(UPDATES, "UpdateExeVolatile", 2)


def _drive_gone(host: Host, given: Arguments) -> None:
    host.files.unplug(_drive(host, given))


def _drive_back(host: Host, given: Arguments) -> None:
    host.files.plug_in(_drive(host, given))


def _drive(host: Host, given: Arguments) -> str:
    root = split_root(given.get("drive", "D:"))[0]
    if not root or root == "C:":
        raise ValueError(f"drive={given['drive']}: name a drive other than C:, or a share, of {host.name}")
    return root


def _foreign(host: Host, _given: Arguments) -> None:
    host.windows = replace(host.windows, language="xx")


EVENTS = {
    "crash": FaultEvent("the host crashes and boots again; stays_down=yes: it does not", _crash),
    "power_on": FaultEvent("a host that is off boots", _power_on),
    "no_boot": FaultEvent("the host does not come back from its next restart or crash", _no_boot),
    "no_join": FaultEvent("its Cluster service does not start at the next boot; how=joining: it never joins", _no_join),
    "failover": FaultEvent("a group= of the host (or all) goes to another node by itself", _failover),
    "service_stop": FaultEvent("the service name= (clussvc) of the host stops", _service_stop),
    "pending_restart": FaultEvent("an update leaves its restart marks= (renames, volatile or both)", _pending_restart),
    "disk_full": FaultEvent("free= bytes (0) are left on the host's disk", _disk_full),
    "drive_gone": FaultEvent("the drive= (D:) or share with everything on it cannot be reached", _drive_gone),
    "drive_back": FaultEvent("the drive= (D:) or share can be reached again", _drive_back),
    "foreign": FaultEvent("the host speaks another language from now on", _foreign),
    "wizard": FaultEvent("somebody works in a wizard of Server Manager for seconds= (600)", _wizard),
}
