# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Cmdlets about PowerShell's own state: snap-ins, variables, commands, the current folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .aliases import ALIASES
from .binding import Invocation, Parameter, Registry, switch, texts
from .casts import cast
from .dotnet_format import format_date
from .errors import ParseError, PSError
from .operators import is_like
from .parser import parse
from .syntax import Variable
from .values import PSObject, number, to_text

if TYPE_CHECKING:
    from .session import Session

REGISTRY = Registry()
EXCHANGE_SNAPIN = "Microsoft.Exchange.Management.PowerShell.Admin"
EXCHANGE_START = 6.0  # lab seconds; assumption: loading the snap-in takes longer than PowerShell itself
_OWN_SNAPINS = (
    "Microsoft.PowerShell.Core",
    "Microsoft.PowerShell.Host",
    "Microsoft.PowerShell.Management",
    "Microsoft.PowerShell.Security",
    "Microsoft.PowerShell.Utility",
)
Output = Iterator[Any]


def load_exchange(session: Session) -> None:
    """Make the Exchange cmdlets known; that takes its time."""
    if EXCHANGE_SNAPIN not in session.snapins:
        durations = session.host.world.physics.durations
        session.proc.sleep(getattr(durations, "exchange_snapin", EXCHANGE_START))
        session.snapins.add(EXCHANGE_SNAPIN)
        session.service_pack = session.host.bits.version[1] if session.host.bits else 0


@REGISTRY.add("Add-PSSnapin", Parameter("Name", 0, mandatory=True), switch("PassThru"))
def _add_snapin(call: Invocation) -> Output:
    for name in texts(call.get("Name")):
        if name.lower() != EXCHANGE_SNAPIN.lower() or call.session.host.bits is None:
            call.error(f"Windows PowerShell snap-in '{name}' is not installed on the machine.", "AddPSSnapInRead")
        elif EXCHANGE_SNAPIN in call.session.snapins:
            call.error(
                f"Cannot add Windows PowerShell snap-in '{EXCHANGE_SNAPIN}' because it is already added. Verify the "
                "name of the snap-in and try again.",
                "AddPSSnapInRead",
            )
        else:
            load_exchange(call.session)
            if call.flag("PassThru"):
                yield _snapin(EXCHANGE_SNAPIN)


@REGISTRY.add("Get-PSSnapin", Parameter("Name", 0), switch("Registered"))
def _get_snapin(call: Invocation) -> Output:
    if call.flag("Registered"):
        known = [EXCHANGE_SNAPIN] if call.session.host.bits else []
    else:
        known = [*_OWN_SNAPINS, *sorted(call.session.snapins)]
    wanted = texts(call.get("Name")) or ["*"]
    found = [name for name in known if any(is_like(name, pattern) for pattern in wanted)]
    if not found and call.given("Name") and "*" not in call.text("Name"):
        call.error(f"No Windows PowerShell snap-ins matching the pattern '{call.text('Name')}' were found.")
    for name in found:
        yield _snapin(name)


def _snapin(name: str) -> PSObject:
    return PSObject("System.Management.Automation.PSSnapInInfo", {"Name": name, "PSVersion": "1.0"}, name)


@REGISTRY.add("Get-Command", Parameter("Name", 0), Parameter("CommandType", aliases=("type",)))
def _get_command(call: Invocation) -> Output:
    wanted = ALIASES.get(call.text("Name").lower(), call.text("Name")) or "*"
    found = [c for c in call.interpreter.commands.cmdlets() if is_like(c.name, wanted)]
    if not found and "*" not in wanted:
        call.error(
            f"The term '{wanted}' is not recognized as a cmdlet, function, operable program, or script file. "
            "Verify the term and try again.",
            "CommandNotFoundException",
        )
    for cmdlet in found:
        properties = {"CommandType": "Cmdlet", "Name": cmdlet.name, "PSSnapIn": cmdlet.snapin or _OWN_SNAPINS[0]}
        yield PSObject("System.Management.Automation.CmdletInfo", dict(properties), cmdlet.name)


@REGISTRY.add("Get-Variable", Parameter("Name", 0), switch("ValueOnly"))
def _get_variable(call: Invocation) -> Output:
    name = call.text("Name")
    value = call.session.get(Variable(name))
    if value is None and not any(name.lower() in scope for scope in call.session.scopes):
        call.error(f"Cannot find a variable with name '{name}'.", "VariableNotFound")
    elif call.flag("ValueOnly"):
        yield value
    else:
        yield PSObject("System.Management.Automation.PSVariable", {"Name": name, "Value": value})


@REGISTRY.add("Set-Variable", Parameter("Name", 0, mandatory=True), Parameter("Value", 1), Parameter("Scope"))
def _set_variable(call: Invocation) -> Output:
    call.session.set(Variable(call.text("Name"), call.text("Scope").lower()), call.get("Value"))
    yield from ()


@REGISTRY.add("Get-Location")
def _get_location(call: Invocation) -> Output:
    path = call.session.proc.cwd
    yield PSObject("System.Management.Automation.PathInfo", {"Path": path}, path)


@REGISTRY.add("Get-Date", Parameter("Date", 0), Parameter("Format"))
def _get_date(call: Invocation) -> Output:
    moment = cast("datetime", call.get("Date")) if call.given("Date") else call.session.now()
    yield format_date(moment, call.text("Format")) if call.given("Format") else moment


@REGISTRY.add("Start-Sleep", Parameter("Seconds", 0, piped=True), Parameter("Milliseconds"))
def _start_sleep(call: Invocation) -> Output:
    call.session.proc.sleep(number(call.get("Seconds", 0)) + number(call.get("Milliseconds", 0)) / 1000)
    yield from ()


@REGISTRY.add("Invoke-Expression", Parameter("Command", 0, mandatory=True, piped=True))
def _invoke_expression(call: Invocation) -> Output:
    try:
        block = parse(to_text(call.get("Command")))
    except ParseError as error:
        raise PSError(error.message) from None
    yield from call.interpreter.run_block(block)
