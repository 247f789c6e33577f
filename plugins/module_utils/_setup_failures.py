# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Why Setup failed: from what a run left behind to causes, the likeliest first. No I/O, no clock.

A cause is found by numbers, registry marks, versions, paths and the console's layout. English sentences only add
weight to what is found already. docs/setup-failures.md is the table CAUSES for people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ._errors import INSTALLER, SETUP, WIN32, Failure, told
from ._exchange import Observation
from ._setup_trace import Fate, Part, Spoken, Stage, Trace, first_lines

# What has become of the node, by how far Setup came. Follows the impact of every cause but the first three.
STAGES: dict[Stage, str] = {
    Stage.EARLY: "Setup stopped before its checks; as far as it printed, it changed nothing.",
    Stage.CHECKS: "Setup stopped at its checks and changed nothing.",
    Stage.CONFIGURATION: "Setup stopped half-way: what it was upgrading has neither the old nor the new release.",
}


@dataclass(frozen=True)
class Cause:
    """A cause as told and documented. name is for playbooks and stays; sight: what one sees of it."""

    name: str
    sight: str
    cause: str
    impact: str
    next_step: str


@dataclass(frozen=True)
class Diagnosis:
    """One cause of a failed run, with what it was concluded from."""

    name: str
    cause: str
    impact: str
    next_step: str
    evidence: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """One entry of `diagnosis`."""
        texts = {"name": self.name, "cause": self.cause, "impact": self.impact, "next_step": self.next_step}
        return {**texts, "evidence": list(self.evidence)}


_AGAIN = "Running again starts the same Setup again, which goes on where it stopped."
_NEVER = "Its marks are named in full; removing them is your decision and is never done here."

CAUSES: tuple[Cause, ...] = (
    Cause(
        "task_not_started",
        "The scheduled task was made and run, but its batch file never began.",
        "Windows did not start the scheduled task that carries Setup.",
        "Setup did not run; nothing was changed.",
        "Give the account the right 'Log on as a batch job' on the node, check its password, then run again.",
    ),
    Cause(
        "still_running",
        "No end within `timeout`; Setup's process is there.",
        "Setup needs longer than the timeout.",
        "None yet: it was not stopped and goes on.",
        "Run again, which joins it and starts nothing twice; or give a longer timeout.",
    ),
    Cause(
        "no_answer",
        "No end within `timeout`; the node does not answer.",
        "The node does not answer, so nobody knows whether Setup runs.",
        "Unknown: Setup may go on there.",
        "Look at the node's console; when it answers run again, which joins it and starts nothing twice.",
    ),
    Cause(
        "restart_pending",
        "PendingFileRenameOperations, UpdateExeVolatile or RebootPending in the registry; number 3010 or 1641.",
        "A restart from an earlier installation or update is pending.",
        "Setup refuses to begin until the node has been restarted.",
        "Restart the node, then run again; a mark that stays is an orphan, which only you can remove.",
    ),
    Cause(
        "groups_owned",
        "The node owns cluster groups, or number 5019.",
        "The node owns cluster groups, or cluster resources are online on it.",
        "Setup restarts the Cluster service, so what the node owns would fail over or go down.",
        "Hand clustered mailbox servers over with cms_handover, move other groups with cluster_group, then run again.",
    ),
    Cause(
        "disk_full",
        "Number 112 or 39 (0x80070070, 0x80070027), or Windows Installer 1632; or less than 100 MB free after the run.",
        "A disk of the node is full.",
        "Files could not be copied or unpacked.",
        "Free space on the system disk, Exchange's disk and in Temp, then run again.",
    ),
    Cause(
        "wrong_bitness",
        "Number 193 or 216, or Windows Installer 1633.",
        "The media is for another processor than the node's Windows (32 bit against 64 bit).",
        "This media can never be installed on this node.",
        "Copy media of the right bitness to the node, then run again.",
    ),
    Cause(
        "media_unreadable",
        "Windows Installer 1612, 1619 or 1620; number 21, 23, 53, 64, 67 or 1117; number 2 or 3 with the media's path; "
        "or the media is gone after the run.",
        "The media can't be read (any more): it was removed, is incomplete or lies on a share that went away.",
        "Files are missing that Setup needs.",
        "Copy the media anew to a local folder of the node and compare its size, then run again.",
    ),
    Cause(
        "update_in_the_way",
        "Windows Installer 1635, 1636, 1637, 1642, 1643 or 1646; an error text with the KB number of an installed "
        "update; or an interim update is installed.",
        "An update rollup or interim update that is installed is in the way.",
        "A service pack replaces rollups by itself, but interim updates have to go first.",
        "Remove the interim update named in the evidence, or put the missing .msp back, then run again.",
    ),
    Cause(
        "installer_busy",
        "Windows Installer 1618.",
        "Another installation is running on the node.",
        "Windows Installer does one installation at a time.",
        "Wait until it has ended (Windows Update, management agents, another session), then run again.",
    ),
    Cause(
        "installer_forbidden",
        "Windows Installer 1625.",
        "Windows Installer was forbidden to install, by policy or for lack of rights.",
        "No package can be installed with this account or from this place.",
        "Use local media, check the Windows Installer policies and the account's full control of the Exchange folder, "
        "then run again.",
    ),
    Cause(
        "other_product_version",
        "Windows Installer 1638.",
        "Another version of the product is installed than the package can replace.",
        "This package can't be installed over it.",
        "Check that the media is the service pack of this Exchange, in a local folder, then run again; "
        "an installed server takes /mode:upgrade only.",
    ),
    Cause(
        "access_denied",
        "Number 5, 1314, 8344 or 8453, also as 0x80070005 or, in the directory's answer, 00002098: SecErr.",
        "The account lacks rights: on the node, in the cluster or in Active Directory.",
        "Setup could not write what it has to.",
        "Use an account that is Exchange Server Administrator and local administrator of all nodes "
        "(for schema and AD preparation Schema Admins and Enterprise Admins), then run again.",
    ),
    Cause(
        "directory_unreachable",
        "Number 1355, 1722, 8206, 8224, 8250 or 8610.",
        "The domain controller or the schema master could not be reached, or is behind with its replication.",
        "Setup could not read or write Active Directory.",
        "Check DNS, the domain controllers and their replication, name one in domain_controller, then run again.",
    ),
    Cause(
        "directory_not_prepared",
        "Number 8202, 8240 or 8333; or the import of an .ldf file failed.",
        "The schema is not extended, or Active Directory is not prepared, for this release.",
        "Exchange of the new release can't be configured before that is done.",
        "Run exchange_setup with action: prepare_schema and prepare_ad, or set upgrade_prepare_directory, with an "
        "account in Schema Admins and Enterprise Admins; wait for replication, then run again.",
    ),
    Cause(
        "installer_failed",
        "Windows Installer 1603, or another of its numbers that has no row of its own here.",
        "Windows Installer failed at a package.",
        "The package was rolled back, or is installed in part.",
        "Look for 'return value 3' in ExchangeSetup.msilog on the node, remove what stopped it, then run again.",
    ),
    Cause(
        "prerequisite_failed",
        "A check with an error text below it, and nothing configured.",
        "A check of Setup's failed; its own text is the evidence.",
        "Setup does not begin while a check fails.",
        "Do what the check's text asks for, then run again.",
    ),
    Cause(
        "killed",
        "The job has neither an exit code nor a process.",
        "Setup ended without an exit code: it was killed, or the node went down.",
        "Exchange on the node may not start.",
        f"Look why (event log, power, somebody's taskkill), then run again. {_AGAIN}",
    ),
    Cause(
        "step_failed",
        "A step with an error text below it or the result of a failure; the failing step need not print a line.",
        "A step of Setup's failed; its own text is the evidence.",
        "Exchange on the node may not start.",
        f"Do what the text asks for, see ExchangeSetup.log on the node, then run again. {_AGAIN}",
    ),
    Cause(
        "earlier_setup_unfinished",
        "Watermark or Action values in the registry before this run, or after one that configured nothing, where no "
        "Setup of this collection left them.",
        "An earlier Setup on this node never finished.",
        "Setup may refuse, skip steps or hang because of its marks.",
        f"Run the Setup that the marks are of again by hand and let it finish. {_NEVER}",
    ),
    Cause(
        "failed_with_exit_code_0",
        "Exit code 0, but a sentence of failure.",
        "Setup printed that it failed, although its exit code is 0.",
        "The exit code of this Setup proves nothing.",
        f"See ExchangeSetup.log on the node, then run again. {_AGAIN}",
    ),
    Cause(
        "no_success_sentence",
        "Exit code 0 on an English console without the sentence of success.",
        "Setup ended with exit code 0 but never printed that it succeeded.",
        "Whether it did all its work is not proven.",
        f"See the end of ExchangeSetup.log on the node, then run again. {_AGAIN}",
    ),
    Cause(
        "succeeded_with_exit_code",
        "Another exit code than 0, but the sentence of success.",
        "Setup printed that it succeeded, although its exit code is not 0.",
        "Whether it did all its work is not proven.",
        f"See the end of ExchangeSetup.log on the node, then run again. {_AGAIN}",
    ),
    Cause(
        "release_not_reached",
        "Exit code 0, but the version read back is not the media's, or can't be read.",
        "Setup ended as if it had worked, but the version read back is not the release.",
        "The release is not there, whatever Setup says.",
        "Check that the media is the right one and that the directory has replicated, then run again.",
    ),
    Cause(
        "unknown",
        "Nothing of the above.",
        "Not known: Setup left no number, mark or layout that tells.",
        "Unknown until somebody has read its log.",
        f"Read the evidence and ExchangeSetup.log on the node. {_AGAIN}",
    ),
    Cause(
        "setup_unfinished",
        "Watermark or Action values in the registry after a run that had begun to configure, or of an earlier Setup of "
        "this collection.",
        "Setup left marks of unfinished work. This follows from the cause and is no cause by itself.",
        "Exchange on the node may not start, and other Setups refuse.",
        f"Remove the cause, then run again: the same Setup finishes its work and takes its marks away. {_NEVER}",
    ),
)
_BY_NAME = {cause.name: cause for cause in CAUSES}
_RANK = {cause.name: rank for rank, cause in enumerate(CAUSES)}
_FATES = {Fate.NOT_STARTED: "task_not_started", Fate.RUNNING: "still_running", Fate.SILENT: "no_answer"}
_CONSEQUENCES = {"setup_unfinished", "earlier_setup_unfinished"}

DISK_FULL = 100 * 2**20  # bytes; a service pack needs far more
# Weights: what a finding is worth; a matching English sentence adds one.
_CERTAIN, _LIKELY, _GENERAL = 4, 2, 1

NUMBERS: dict[str, frozenset[int]] = {
    "restart_pending": frozenset({1641, 3010}),
    "groups_owned": frozenset({5019}),
    "disk_full": frozenset({39, 112, 1632}),
    "wrong_bitness": frozenset({193, 216, 1633}),
    "media_unreadable": frozenset({21, 23, 53, 64, 67, 1117, 1612, 1619, 1620}),
    "update_in_the_way": frozenset({1635, 1636, 1637, 1642, 1643, 1646}),
    "installer_busy": frozenset({1618}),
    "installer_forbidden": frozenset({1625}),
    "other_product_version": frozenset({1638}),
    "access_denied": frozenset({5, 1314, 8344, 8453}),
    "directory_unreachable": frozenset({1355, 1722, 8206, 8224, 8250, 8610}),
    "directory_not_prepared": frozenset({8202, 8240, 8333}),
}
_WITH_PATH = frozenset({2, 3})  # file or path not found: these tell of the media only beside its path
_NO_PROGRAM = frozenset({2, 3, 21, 9009})  # exit codes of a batch line whose program could not be started

_SENTENCES = {
    "restart_pending": r"restart from a previous installation",
    "groups_owned": r"cluster (?:group|resource)s? (?:is|are) online|owns? (?:the |a )?cluster group",
    "disk_full": r"disk is full|not enough (?:disk )?space",
    "wrong_bitness": r"machine type|not supported by this processor",
    "media_unreadable": r"installation source for this product|device is not ready",
    "update_in_the_way": r"interim update|patch package",
    "access_denied": r"access (?:is |was )?denied|not a member of",
    "directory_unreachable": r"(?:domain controller|domain).{0,40} could not be contacted|server is not operational",
    "directory_not_prepared": r"schema is not up|import schema file|not (?:been )?prepared",
}

Finding = tuple[str, int, tuple[str, ...]]  # name of the cause, weight, evidence


def diagnose(trace: Trace) -> list[Diagnosis]:
    """Causes of a run that did not succeed, the likeliest first; never empty, and `unknown` where nothing tells."""
    if trace.fate in _FATES:
        return [_made(trace, _FATES[trace.fate], _last_step(trace))]
    findings: dict[str, tuple[int, tuple[str, ...]]] = {}
    for look in _LOOKS:
        for name, weight, evidence in look(trace):
            before = findings.get(name, (0, ()))
            findings[name] = (max(before[0], weight + _sentence(trace, name)), (*before[1], *evidence))
    if not set(findings) - _CONSEQUENCES and not _explained(trace, findings):
        findings["unknown"] = (_GENERAL, (_exit_code(trace), *first_lines(trace)))
    findings |= {name: (0, (text,)) for name, text in _suspicions(trace) if name not in findings}
    ordered = sorted(findings, key=lambda name: (-findings[name][0], _RANK[name]))
    return [_made(trace, name, findings[name][1]) for name in ordered]


def _suspicions(trace: Trace) -> Iterator[tuple[str, str]]:
    """What only an English sentence speaks of: told behind everything else, never as the cause."""
    for name, pattern in _SENTENCES.items():
        for text in trace.said:
            if re.search(pattern, text, re.IGNORECASE) and not trace.claims_success:
                yield name, f"only a sentence speaks of it: {text}"


def _explained(trace: Trace, findings: dict[str, tuple[int, tuple[str, ...]]]) -> bool:
    """Marks that were there before explain a failure; marks that are left explain one that Setup does not admit."""
    if "earlier_setup_unfinished" in findings:
        return True
    return bool(findings) and trace.claims_success


def _made(trace: Trace, name: str, evidence: tuple[str, ...]) -> Diagnosis:
    cause = _BY_NAME[name]
    impact = cause.impact
    if trace.fate not in _FATES and not trace.claims_success and not trace.console.succeeded:
        impact = f"{impact} {STAGES[trace.stage]}"
    return Diagnosis(name, cause.cause, impact, cause.next_step, tuple(dict.fromkeys(e for e in evidence if e)))


def _sentence(trace: Trace, name: str) -> int:
    pattern = _SENTENCES.get(name)
    return int(bool(pattern and any(re.search(pattern, text, re.IGNORECASE) for text in trace.said)))


# --- what is looked for --------------------------------------------------------------------------------------------


def _numbers(trace: Trace) -> Iterator[Finding]:
    """Causes that a number names; one that only the log has weighs less."""
    for spoken in trace.spoken:
        name = _cause_of(spoken, trace.media)
        if name:
            evidence = f"{told(spoken.number, WIN32, INSTALLER)} ({_where(spoken)}: {spoken.text})"
            weight = _GENERAL if name == "installer_failed" else _CERTAIN - 1
            yield name, weight + int(spoken.console), (evidence,)


def _cause_of(spoken: Spoken, media: str) -> str:
    number = spoken.number & 0xFFFF if spoken.number >> 16 == 0x8007 else spoken.number
    beside_media = bool(media) and media.rstrip("\\").lower() in spoken.text.lower()
    if number in _WITH_PATH and beside_media:
        return "media_unreadable"
    named = next((name for name, numbers in NUMBERS.items() if number in numbers), "")
    return named or ("installer_failed" if number in INSTALLER else "")


def _where(spoken: Spoken) -> str:
    return "console" if spoken.console else "log"


def _schema_import(trace: Trace) -> Iterator[Finding]:
    """ldifde's file names are the same in every language."""
    texts = {shown.text for shown in trace.spoken} | {part.text for part in trace.failed}
    for text in sorted(text for text in texts if re.search(r"\.ldf\b", text, re.IGNORECASE)):
        yield "directory_not_prepared", _CERTAIN - 1, (text,)


def _exit_codes(trace: Trace) -> Iterator[Finding]:
    """Exit codes of cmd.exe and of the loader, when Setup printed no step at all."""
    if trace.rc is None or trace.parts:
        return
    evidence = (f"exit code {told(trace.rc, SETUP, WIN32)}",)
    if trace.rc in NUMBERS["wrong_bitness"]:
        yield "wrong_bitness", _CERTAIN, evidence
    if trace.rc in _NO_PROGRAM:
        yield "media_unreadable", _CERTAIN, evidence


def _restart(trace: Trace) -> Iterator[Finding]:
    """A finished step leaves such marks too, so they explain a failure only where nothing was configured yet."""
    if trace.restart and _never_configured(trace):
        yield "restart_pending", _CERTAIN - 1, trace.restart


def _groups(trace: Trace) -> Iterator[Finding]:
    if trace.owned and _never_configured(trace):
        yield "groups_owned", _LIKELY, tuple(f"the node owns '{group}'" for group in trace.owned)


def _never_configured(trace: Trace) -> bool:
    return trace.rc is not None and not trace.claims_success and trace.stage is not Stage.CONFIGURATION


def _media(trace: Trace) -> Iterator[Finding]:
    if trace.media_gone:
        yield "media_unreadable", _LIKELY, (f"no Setup can be read at '{trace.media}' any more",)


def _disks(trace: Trace) -> Iterator[Finding]:
    for folder, free in trace.free:
        if free < DISK_FULL:
            yield "disk_full", _CERTAIN - 1, (f"{free} bytes free on the disk of {folder}",)


def _updates(trace: Trace) -> Iterator[Finding]:
    """A KB number is a number: the error text and an installed update have the same one."""
    for update in trace.updates:
        numbers = re.findall(r"KB ?(\d{6,7})", update, re.IGNORECASE)
        if any(number in text for number in numbers for text in trace.said):
            yield "update_in_the_way", _CERTAIN - 1, (f"installed: {update}",)
        elif "interim" in update.lower() and trace.stage is Stage.CHECKS:
            yield "update_in_the_way", _GENERAL, (f"installed: {update}",)


def _failing_parts(trace: Trace) -> Iterator[Finding]:
    for part in trace.failed:
        if part.stage is Stage.CHECKS:
            yield "prerequisite_failed", _LIKELY, (part.text,)
        else:
            yield "step_failed", _GENERAL, (_step_text(part, trace),)


def _step_text(part: Part, trace: Trace) -> str:
    """A failing step need not print its own line: a text below a step that agrees with the others is of the next."""
    results = [p.step.result for p in trace.parts if p.step]
    silent = part.step is not None and part.errors and len(set(results)) == 1 and part.step.result != "FAILED"
    return f"after {part.text}" if silent and len(results) > 1 else part.text


def _killed(trace: Trace) -> Iterator[Finding]:
    if trace.rc is None:
        yield "killed", _LIKELY, (f"{Fate.KILLED.value}", *_last_step(trace))


def _marks(trace: Trace) -> Iterator[Finding]:
    """Our own marks follow from what stopped our Setup, and running again takes them away; others are a cause.

    A Setup that configured nothing made no marks: those that are there then are an earlier one's, and stopped it.
    """
    if trace.own_marks:
        left = trace.marks_after
    elif _never_configured(trace) and (trace.marks_before or trace.marks_after):
        yield "earlier_setup_unfinished", _CERTAIN - 1, tuple(dict.fromkeys(trace.marks_before + trace.marks_after))
        return
    else:
        left = tuple(mark for mark in trace.marks_after if mark not in trace.marks_before)
        if trace.marks_before:
            yield "earlier_setup_unfinished", _GENERAL, trace.marks_before
    if left:
        yield "setup_unfinished", 0, left


def _contradictions(trace: Trace) -> Iterator[Finding]:
    evidence, succeeded = (_exit_code(trace),), trace.console.succeeded
    if trace.rc == 0 and succeeded is False:
        yield "failed_with_exit_code_0", _GENERAL, evidence
    elif trace.rc == 0 and succeeded is None and trace.english:
        yield "no_success_sentence", _GENERAL, (*evidence, *_last_step(trace))
    elif trace.rc and succeeded:
        yield "succeeded_with_exit_code", _GENERAL, evidence
    if trace.rc == 0 and trace.reached is False:
        text = f"read back: {trace.version or 'nothing'}, wanted: {trace.wanted.upper()}"
        yield "release_not_reached", _GENERAL, (text,)


_LOOKS: tuple[Callable[[Trace], Iterator[Finding]], ...] = (
    _numbers,
    _schema_import,
    _exit_codes,
    _restart,
    _groups,
    _media,
    _disks,
    _updates,
    _failing_parts,
    _killed,
    _marks,
    _contradictions,
)


def _exit_code(trace: Trace) -> str:
    return "no exit code" if trace.rc is None else f"exit code {trace.rc}"


def _last_step(trace: Trace) -> tuple[str, ...]:
    current = trace.console.current
    return (f"last step seen: {current}",) if current else ()


# --- telling -------------------------------------------------------------------------------------------------------


def explained(doing: str, target: str, seen: str, trace: Trace, **data: Any) -> Failure:
    """The Failure of a run: the likeliest cause in its one line, all of them in `diagnosis`."""
    found = diagnose(trace)
    last = f" Last words: {found[0].evidence[-1]}" if found[0].name == "unknown" else ""
    text = f"{seen} Cause: {found[0].cause}{last} Impact: {found[0].impact}"
    advice = f"{found[0].next_step} More in `diagnosis`, and in ExchangeSetup.log on the node."
    return Failure(doing, target, text, advice, changed=True, diagnosis=[one.as_dict() for one in found], **data)


# --- from observations ---------------------------------------------------------------------------------------------


def facts(
    before: Observation | None, after: Observation | None, *, owns_nothing: bool = False, own_marks: bool = False
) -> dict[str, Any]:
    """The fields of a Trace that come from looking at the node before and after the run.

    owns_nothing: the act needs a node that owns no group. own_marks: marks on the node are of our own Setups; where
    there were none before the run, they are. WMI may be gone for a while after Setup; the media counts as gone only
    where WMI answered something else in the same look.
    """
    found: dict[str, Any] = {"own_marks": own_marks or (before is not None and not before.bits.interrupted)}
    if before:
        found.update(marks_before=before.bits.interrupted, updates=before.bits.rollups)
        found.update(media=before.media.path if before.media else "")
    if after:
        gone = bool(after.media and after.media.version is None and after.boot_time)
        found.update(marks_after=after.bits.interrupted, restart=after.pending.reasons, media_gone=gone)
        found.update(version=str(after.bits.version or ""))
    if after and after.cluster and owns_nothing:
        found.update(owned=tuple(group.name for group in after.cluster.owned_by(after.node)))
    return found
