# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""net helpmsg, net start, net stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ServiceError
from ..winerror import system_message
from .common import fail, say
from .rights import is_administrator

if TYPE_CHECKING:
    from ..process import Process
    from ..world import Service

_WAIT = 300.0  # lab seconds that net waits for a service
_MORE = "\n\nMore help is available by typing NET HELPMSG {number}.\n"
_REFUSALS = {
    1056: ("The requested service has already been started.", 2182),
    1058: ("The service cannot be started because it is disabled.", 2183),
    1060: ("The service name is invalid.", 2185),
    1062: ("The {name} service is not started.", 3521),
}


def main(proc: Process) -> int:
    """net helpmsg number | start [service] | stop service; 2 for every failure of start and stop."""
    verb, *words = [word.lower() for word in proc.argv[1:]] or [""]
    words = [word for word in words if not word.startswith("/")]
    if verb == "helpmsg" and words:
        return _helpmsg(proc, words[0])
    if verb in ("start", "stop") and words:
        return _change(proc, verb, words[0])
    if verb == "start":
        return _list(proc)
    return fail(proc, 1, "The syntax of this command is:\n\nNET [ HELPMSG | START | STOP ]")


def _helpmsg(proc: Process, number: str) -> int:
    sentence = system_message(int(number)) if number.isdigit() else None
    if sentence is None:
        return fail(proc, 2, "{what} is not a valid Windows network message number." + _MORE, what=number, number=3871)
    say(proc, "\n" + sentence + "\n")
    return 0


def _list(proc: Process) -> int:
    say(proc, "These Windows services are started:\n")
    running = [service.display_name for service in proc.host.services.values() if service.state == "running"]
    proc.out("".join(f"   {name}\n" for name in sorted(running)))
    say(proc, "\nThe command completed successfully.\n")
    return 0


def _change(proc: Process, verb: str, name: str) -> int:
    if not is_administrator(proc):
        return fail(proc, 2, "System error 5 has occurred.\n\nAccess is denied.\n")
    service = _service(proc, name)
    shown = service.display_name if service else name
    physics = proc.host.world.physics
    act, wanted = (physics.start_service, "running") if verb == "start" else (physics.stop_service, "stopped")
    try:
        act(proc.host, service.name if service else name, proc)
    except ServiceError as error:
        english, number = _REFUSALS.get(error.code, (system_message(error.code) or "", error.code))
        return fail(proc, 2, english + _MORE, name=shown, number=number)
    going, done = ("starting", "started") if verb == "start" else ("stopping", "stopped")
    say(proc, "The {name} service is " + going + ".", name=shown)
    if service and not proc.wait_until(lambda: service.state == wanted, _WAIT):
        return fail(proc, 2, "The {name} service could not be " + done + ".", name=shown)
    say(proc, "The {name} service was " + done + " successfully.\n", name=shown)
    return 0


def _service(proc: Process, name: str) -> Service | None:
    """By its name or its display name."""
    services = proc.host.services.values()
    return next((s for s in services if name in (s.name.lower(), s.display_name.lower())), None)
