# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Move-Mailbox inside the organisation (exchange.md 7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ..errors import CmdletError
from ..mail_moves import Move, MoveOrder, MoveRun
from ..mail_store import Mailbox
from .binding import Invocation, Parameter, switch
from .byte_size import ByteSize
from .errors import PSError
from .exchange_objects import domain_controller
from .exchange_task import Output, Tasks
from .mail_objects import address, canonical, distinguished, legacy_name
from .mail_scope import find_database, find_mailbox, reach_stores, store_of, world_of
from .move_report import FOLDER, MoveReport, outcome
from .values import EnumValue, PSObject, number

_TASKS = Tasks()
REGISTRY = _TASKS.registry
_THREADS = 4  # exchange.md 7 [memory]
_MOST_THREADS = 30
_FOREST = (
    "SourceForestCredential",
    "SourceForestGlobalCatalog",
    "TargetForestCredential",
    "NTAccountOU",
    "SourceMailboxCleanupOptions",
    "RetryInterval",
    "RetryTimeout",
)
_KIND = "Microsoft.Exchange.Management.RecipientTasks.MoveMailboxResults"
_STAGES = ("Validation", "Approving object", "Moving messages", "Updating attributes", "Completed")


@_TASKS.changing(
    "Move-Mailbox",
    Parameter("Identity", 0, mandatory=True, piped=True, gathered=True),
    Parameter("TargetDatabase", 1, mandatory=True),
    Parameter("BadItemLimit"),
    Parameter("DomainController"),
    Parameter("GlobalCatalog"),
    switch("IgnorePolicyMatch"),
    switch("IgnoreRuleLimitErrors"),
    Parameter("MaxThreads"),
    Parameter("ReportFile"),
    Parameter("UseRusServer", since=1),
    switch("ValidateOnly"),
    switch("PreserveMailboxSizeLimit"),
    switch("ConfigurationOnly"),
    *(Parameter(name) for name in _FOREST),
)
def _move_mailbox(call: Invocation) -> Output:
    _refuse_other_kinds(call)
    order = _order(call)
    report = _report(call)
    mailboxes = [mailbox for mailbox in _meant(call) if _wanted(call, mailbox, order)]
    if mailboxes:
        report.begin(order)
        yield from _results(call, MoveRun(call.session.proc, store_of(call), order), mailboxes, report)
        report.end()


def _refuse_other_kinds(call: Invocation) -> None:
    """Moves from another forest, and of the directory entry alone, are not played."""
    for name in (*_FOREST, "ConfigurationOnly"):
        if call.given(name):
            raise CmdletError(f"-{name} is for another kind of move than this lab plays.", "NotPlayed")


def _order(call: Invocation) -> MoveOrder:
    target = find_database(call, call.get("TargetDatabase"))
    bad_items = _count(call, "BadItemLimit", 0, 0, 2**31 - 1)
    threads = _count(call, "MaxThreads", _THREADS, 1, _MOST_THREADS)
    return MoveOrder(target, bad_items, threads, call.flag("ValidateOnly"), call.flag("IgnoreRuleLimitErrors"))


def _count(call: Invocation, name: str, usual: int, least: int, most: int) -> int:
    value = int(number(call.get(name, usual)))
    if not least <= value <= most:
        message = f"Cannot validate argument on parameter '{name}': {value} is not between {least} and {most}."
        raise PSError(call.record(message, "ParameterArgumentValidationError"))
    return value


def _meant(call: Invocation) -> Iterator[Mailbox]:
    """The mailboxes of -Identity or of the pipeline; an error for each that isn't there."""
    identities = [call.get("Identity")] if call.given("Identity") else call.input
    for identity in identities:
        if isinstance(identity, list):
            raise PSError(
                call.record(
                    "Cannot convert 'System.Object[]' to the type "
                    "'Microsoft.Exchange.Configuration.Tasks.MailboxIdParameter' required by parameter 'Identity'. "
                    "Specified method is not supported.",
                    "CannotConvertArgument",
                )
            )
        try:
            with world_of(call).lock:
                mailbox = find_mailbox(call, identity)
        except CmdletError as refused:
            call.error(refused.message, refused.identifier, identity)
            continue
        yield mailbox


def _wanted(call: Invocation, mailbox: Mailbox, order: MoveOrder) -> bool:
    """Whether this one is to be moved: can its stores be reached, does the user say yes."""
    try:
        reach_stores(call, (mailbox.database, order.target))
    except CmdletError as refused:
        call.error(refused.message, refused.identifier, mailbox.alias)
        return False
    return order.validate_only or call.should_process(
        f'Moving mailbox "{mailbox.name}" ({address(mailbox)}) to database "{order.target.identity}". The operation '
        "can take a long time and the mailbox will be inaccessible until the move is complete."
    )


def _report(call: Invocation) -> MoveReport:
    path = call.text("ReportFile")
    if path and path[1:3] != ":\\":
        message = f"Cannot bind parameter 'ReportFile'. '{path}' is not a full path of a local file."
        raise PSError(call.record(message, "ParameterBindingFailed"))
    bits = call.session.host.bits
    root = bits.path if bits else "C:"
    return MoveReport(call.session.proc, path, f"{root}\\{FOLDER}")


def _results(call: Invocation, run: MoveRun, mailboxes: list[Mailbox], report: MoveReport) -> Output:
    failed_ones = world_of(call).physics.knobs.move_failed_objects
    moves = run.moves(mailboxes)
    try:
        for move in moves:
            report.add(move)
            if not move.code or failed_ones:
                yield _result(move, report)
            if move.code:
                mailbox = move.mailbox
                message = f"Error was found for {mailbox.name} ({address(mailbox)}) because: {outcome(move)}"
                call.error(message, "MoveMailboxFailed", mailbox.alias)
    finally:
        moves.close()


def _result(move: Move, report: MoveReport) -> PSObject:
    mailbox, world = move.mailbox, move.target.world
    controller = domain_controller(world)
    properties: dict[str, Any] = {
        "Identity": canonical(mailbox),
        "DistinguishedName": distinguished(mailbox),
        "DisplayName": mailbox.name,
        "Alias": mailbox.alias,
        "LegacyExchangeDN": legacy_name(mailbox),
        "PrimarySmtpAddress": address(mailbox),
        "SourceServer": f"{move.source.server.name}.{world.directory.domain}",
        "SourceDatabase": move.source.identity,
        "SourceGlobalCatalog": controller,
        "SourceDomainController": controller,
        "TargetServer": f"{move.target.server.name}.{world.directory.domain}",
        "TargetDatabase": move.target.identity,
        "TargetGlobalCatalog": controller,
        "TargetDomainController": controller,
        "MailboxSize": ByteSize(mailbox.size, limited=False),
        "IsResourceMailbox": False,
        "Options": EnumValue("Default", 0, "Microsoft.Exchange.Management.RecipientTasks.MigrateOptions"),
        "MoveType": EnumValue("IntraOrg", 0, "Microsoft.Exchange.Management.RecipientTasks.MoveType"),
        "MoveStage": _stage(move),
        "StartTime": world.start_date + timedelta(seconds=move.started),
        "EndTime": world.start_date + timedelta(seconds=move.ended),
        "StatusCode": move.code,
        "StatusMessage": report.words(move),
        "ReportFile": report.xml,
    }
    return PSObject(_KIND, properties, canonical(mailbox))


def _stage(move: Move) -> EnumValue:
    word = move.stage.title().replace(" ", "")
    return EnumValue(word, _STAGES.index(move.stage), "Microsoft.Exchange.Management.RecipientTasks.MoveStage")
