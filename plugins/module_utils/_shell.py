# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""The Exchange Management Shell on a node, called from cmd.exe under PowerShell 1.0 (sources.md: shell-calls).

Every command is one -Command text that prints its own `key=value` lines: Format-List wraps in the middle of words.
What 1.0 doesn't have (-File, try/catch, -join, ConvertTo-Json) is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ._cluster import same
from ._cmdline import MAX_COMMAND_LINE, Unquotable, refuse_unsafe
from ._errors import Failure, first_line
from ._node import Hear, Node, Result
from ._numbers import whole_number
from ._versions import RELEASES, Version, parse_version

_PROLOGUE = (
    "trap { [Console]::WriteLine('error=' + $_.Exception.Message); exit 1 }; $ErrorActionPreference = 'Stop'; "
    "function say($k, $v) { [Console]::WriteLine($k + '=' + $v) }; "
)
_EPILOGUE = " say 'done' '1'; exit 0"


class CmsState(Enum):
    """State of Get-ClusteredMailboxServerStatus, blanks removed (sources.md: cms-status)."""

    ONLINE = "online"
    PARTIALLY_ONLINE = "partially_online"
    ONLINE_PENDING = "online_pending"
    OFFLINE = "offline"
    OFFLINE_PENDING = "offline_pending"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Copy:
    """One storage group's copy; status as printed without blanks; queues in logs, None where not readable."""

    name: str
    status: str
    copy_queue: int | None
    replay_queue: int | None

    @property
    def healthy(self) -> bool:
        return self.status.casefold() == "healthy"

    @property
    def queue(self) -> int | None:
        """Logs that the copy is behind, copied and replayed together."""
        known = self.copy_queue is not None and self.replay_queue is not None
        return (self.copy_queue or 0) + (self.replay_queue or 0) if known else None


@dataclass(frozen=True)
class MailboxServer:
    """A clustered mailbox server as its cmdlets show it. kind: ccr, scc or unknown; owner: the active node."""

    name: str
    state: CmsState = CmsState.UNKNOWN
    owner: str | None = None
    version: Version | None = None
    kind: str = "unknown"
    redundant_machines: tuple[str, ...] = ()
    databases: tuple[tuple[str, bool | None], ...] = ()

    @property
    def release(self) -> str | None:
        return self.version.release if self.version else None

    @property
    def mounted(self) -> bool:
        """Every database is seen mounted."""
        return bool(self.databases) and all(mounted for _name, mounted in self.databases)

    def as_dict(self) -> dict[str, Any]:
        """The public form, in exchange_info's clustered_mailbox_servers."""
        return {
            "name": self.name,
            "owner": self.owner,
            "state": self.state.value,
            "version": str(self.version) if self.version else None,
            "release": self.release,
            "kind": self.kind,
            "redundant_machines": list(self.redundant_machines),
            "databases": [{"name": name, "mounted": mounted} for name, mounted in self.databases],
        }


@dataclass(frozen=True)
class Servers:
    """The clustered mailbox servers, or why they could not be read, and the whole answer of the shell."""

    found: tuple[MailboxServer, ...]
    error: str
    result: Result


def literal(text: str) -> str:
    """A single-quoted PowerShell string that also survives cmd.exe; raises Unquotable."""
    refuse_unsafe(text)
    if any(char in text for char in "\u2018\u2019\u201a\u201b"):
        # PowerShell takes typographic quotes for plain ones.
        raise Unquotable(text, "it holds a typographic quote")
    return "'" + text.replace("'", "''") + "'"


def shell_line(script: str, console: str = "") -> str:
    """The cmd.exe line for a script without double quotes and percent signs; console: a .psc1 file, '' for none."""
    refuse_unsafe(script)
    refuse_unsafe(console)
    loaded = f'-PSConsoleFile "{console}" ' if console else ""
    line = (
        f"powershell.exe -NoLogo -NoProfile -NonInteractive {loaded}"
        f'-Command "& {{ {_PROLOGUE}{script}{_EPILOGUE} }}" <nul'
    )
    if len(line) > MAX_COMMAND_LINE:
        raise Unquotable(f"{script[:40]}…", f"{len(line)} characters are more than the {MAX_COMMAND_LINE} of cmd.exe")
    return line


class ExchangeShell:
    """The shell of the Exchange bits at install_path on a node."""

    def __init__(self, node: Node, install_path: str) -> None:
        self._node = node
        self._root = install_path.rstrip("\\")
        self._console = self._root + r"\bin\exshell.psc1"

    def folder(self, name: str) -> str:
        """The full path of a folder below the installed program files."""
        return rf"{self._root}\{name}"

    def line(self, script: str) -> str:
        """The cmd.exe line for a script, as shell_line() makes it."""
        return shell_line(script, self._console)

    def read(self, script: str, doing: str, target: str, timeout: float = 300) -> dict[str, list[str]]:
        """Run a script that only looks; key -> values in order. Raises Failure with the cmdlet's own message."""
        result = self._node.read_line(self.line(script), timeout=timeout, again=True)
        return read_answer(result, doing, target, changed=False)

    def read_text(self, script: str, doing: str, target: str, timeout: float) -> str:
        """The same, for answers in which the order of different keys matters: all that was printed."""
        result = self._node.read_line(self.line(script), timeout=timeout, again=True)
        read_answer(result, doing, target, changed=False)
        return result.stdout

    def act(
        self, script: str, doing: str, target: str, timeout: float, hear: Hear | None = None
    ) -> dict[str, list[str]]:
        """Run a script that changes something; timeout in seconds; hear gets its output as it comes."""
        return read_answer(
            self._node.act_line(self.line(script), timeout=timeout, hear=hear), doing, target, changed=True
        )

    def mailbox_servers(self, members: Iterable[str], before: str = "") -> Servers:
        """Every clustered mailbox server that one of these nodes may run; before: a script run in the same start."""
        doing = "Reading the clustered mailbox servers"
        result = self._node.read_line(self.line(before + mailbox_servers_script(members)), timeout=300, again=True)
        try:
            read_answer(result, doing, self._node.name, changed=False)
        except Failure as failure:
            return Servers((), failure.seen, result)
        return Servers(tuple(parse_mailbox_servers(result.stdout)), "", result)

    def copies(self, name: str, samples: int = 1, interval: float = 0.0) -> list[list[Copy]]:
        """Readings of a CCR's storage group copies, oldest first; interval in seconds between two of them."""
        limit = 300 + samples * (interval + 30)
        result = self._node.read_line(self.line(copies_script(name, samples, interval)), timeout=limit, again=True)
        read_answer(result, "Reading the storage group copies", name, changed=False)
        return parse_copies(result.stdout)

    def stop(
        self, name: str, reason: str, timeout: float, begun: Callable[[], None] | None = None
    ) -> dict[str, list[str]]:
        """Stop a CMS; begun is called when the shell has started, right before the users are cut off."""
        script = (
            f"say 'begun' '1'; "
            f"Stop-ClusteredMailboxServer -Identity {literal(name)} -StopReason {literal(reason)} -Confirm:$false; "
        )
        hear = None if begun is None else _listener(b"begun=", begun)
        return self.act(script + _state_script(name), "Stopping the clustered mailbox server", name, timeout, hear)

    def start(self, name: str, timeout: float) -> dict[str, list[str]]:
        script = f"Start-ClusteredMailboxServer -Identity {literal(name)} -Confirm:$false; "
        return self.act(script + _state_script(name), "Starting the clustered mailbox server", name, timeout)

    def start_unless_online(self, name: str, release: str, timeout: float) -> dict[str, list[str]]:
        """Start a CMS that is at the release, unless it is online or on its way, in one start of the shell.

        Prints its version too. Whether Setup /upgradecms starts it, the sources disagree on (sources.md:
        start-after-upgrade).
        """
        script = (
            f"$x = Get-ExchangeServer -Identity {literal(name)}; say 'version' $x.AdminDisplayVersion; "
            f"$s = Get-ClusteredMailboxServerStatus -Identity {literal(name)}; "
            f"if (('' + $x.AdminDisplayVersion) -match '8[.]{RELEASES[release]}\\D' -and $s.State -ne 'Online' "
            f"-and ('' + $s.State) -notmatch 'Pending') "
            f"{{ Start-ClusteredMailboxServer -Identity {literal(name)} -Confirm:$false }}; "
        )
        return self.act(script + _state_script(name), "Starting the clustered mailbox server", name, timeout)

    def move(
        self, name: str, target: str, reason: str, timeout: float, begun: Callable[[], None] | None = None
    ) -> dict[str, list[str]]:
        """Move a CMS; begun is called when the shell has started, right before users of one that is up are cut off."""
        doing = f"Moving the clustered mailbox server to {target}"
        mark, hear = ("", None) if begun is None else ("say 'begun' '1'; ", _listener(b"begun=", begun))
        script = f"{mark}{_move(name, target, reason)} -Confirm:$false; {_state_script(name)}"
        return self.act(script, doing, name, timeout, hear)

    def validate_move(self, name: str, target: str, reason: str) -> None:
        """Exchange's own check of a move, which changes nothing; not in RTM's shell. Raises Failure."""
        script = _move(name, target, reason) + " -ValidateOnly -Confirm:$false; "
        self.read(script, f"Validating the move to {target}", name)


def _listener(mark: bytes, call: Callable[[], None]) -> Hear:
    """Calls once, when the mark comes by."""
    heard = bytearray()

    def hear(data: bytes) -> None:
        before = mark in heard
        heard.extend(data)
        if not before and mark in heard:
            call()

    return hear


def _move(name: str, target: str, reason: str) -> str:
    return (
        f"Move-ClusteredMailboxServer -Identity {literal(name)} -TargetMachine {literal(target)} "
        f"-MoveComment {literal(reason)}"
    )


def _state_script(name: str) -> str:
    return (
        f"$s = Get-ClusteredMailboxServerStatus -Identity {literal(name)}; say 'state' $s.State; "
        "foreach ($o in @($s.OperationalMachines)) { say 'machine' $o };"
    )


def mailbox_servers_script(members: Iterable[str]) -> str:
    """Prints a block cms … end for each clustered mailbox server with one of these machines on its list."""
    names = ", ".join(literal(member) for member in members)
    return (
        f"$n = @({names}); "
        "foreach ($m in @(Get-MailboxServer)) { "
        "if (@($m.RedundantMachines | Where-Object { $n -contains $_ }).Count -gt 0) { "
        "say 'cms' $m.Name; say 'kind' $m.ClusteredStorageType; "
        "foreach ($r in @($m.RedundantMachines)) { say 'redundant' $r }; "
        "$x = Get-ExchangeServer -Identity $m.Name; say 'version' $x.AdminDisplayVersion; "
        "$s = Get-ClusteredMailboxServerStatus -Identity $m.Name; say 'state' $s.State; "
        "foreach ($o in @($s.OperationalMachines)) { say 'machine' $o }; "
        "foreach ($d in @(Get-MailboxDatabase -Server $m.Name -Status)) { "
        "say 'mounted' $d.Mounted; say 'database' $d.Name }; "
        "say 'end' $m.Name } };"
    )


def copies_script(name: str, samples: int, interval: float) -> str:
    """Prints a line `sample` and a block copy … for each storage group copy, samples times.

    All in one start of the shell, which takes seconds. -Server always: RTM and SP1 differ without it.
    """
    return (
        f"for ($i = 0; $i -lt {max(1, samples)}; $i++) {{ "
        f"if ($i -gt 0) {{ Start-Sleep -Milliseconds {int(interval * 1000)} }}; say 'sample' $i; "
        f"foreach ($c in @(Get-StorageGroupCopyStatus -Server {literal(name)})) {{ "
        "say 'copy' $c.StorageGroupName; say 'status' $c.SummaryCopyStatus; "
        "say 'copy_queue' $c.CopyQueueLength; say 'replay_queue' $c.ReplayQueueLength } };"
    )


# --- reading the answers -------------------------------------------------------------------------------------------


def pairs(text: str) -> list[tuple[str, str]]:
    """The key=value lines of an answer, in order; anything else on the screen is ignored."""
    lines = (line.strip() for line in text.splitlines())
    return [(key, value) for key, sep, value in (line.partition("=") for line in lines) if sep and key.isidentifier()]


def read_answer(result: Result, doing: str, target: str, *, changed: bool) -> dict[str, list[str]]:
    """The answer of a script as key -> values in order. Raises Failure when it did not come to its own end."""
    found: dict[str, list[str]] = {}
    for key, value in pairs(result.stdout):
        found.setdefault(key, []).append(value)
    if result.rc == 0 and "done" in found and "error" not in found:
        return found
    said = found["error"][-1] if "error" in found else first_line(result.text) or "no output"
    raise Failure(
        doing,
        target,
        f"the Exchange Management Shell said (exit code {result.rc}): {said.rstrip('.')}.",
        "Try the same cmdlet in the shell on that node; run the playbook again afterwards.",
        changed=changed,
        rc=result.rc,
        stdout=result.stdout,
        stderr=result.stderr,
    )


def cms_state(text: str) -> CmsState:
    """A State word; blanks and underscores don't count, an unknown word is unknown."""
    key = text.replace(" ", "").casefold()
    return next((state for state in CmsState if state.value.replace("_", "") == key), CmsState.UNKNOWN)


def active_machine(machines: Sequence[str]) -> str | None:
    """The machine marked Active in OperationalMachines, such as `NODEA <Active, Quorum Owner>`."""
    for machine in machines:
        name, _sep, marks = machine.partition(" ")
        if "active" in [mark.strip(" <>").casefold() for mark in marks.split(",")]:
            return name.upper()
    return None


_KINDS = {"nonshared": "ccr", "shared": "scc"}
_TRUTH: dict[str, bool | None] = {"true": True, "false": False}


def parse_mailbox_servers(text: str) -> list[MailboxServer]:
    """The answer to mailbox_servers_script(); a block that is cut off is left out, so the server is unknown."""
    servers = []
    block: dict[str, list[str]] = {}
    for key, value in pairs(text):
        if key == "cms":
            block = {}
        block.setdefault(key, []).append(value)
        if key == "end" and same(value, block.get("cms", [""])[0]):
            servers.append(_mailbox_server(block))
    return servers


def _mailbox_server(block: dict[str, list[str]]) -> MailboxServer:
    mounted = [_TRUTH.get(word.casefold()) for word in block.get("mounted", [])]
    return MailboxServer(
        name=block["cms"][0],
        state=cms_state(block.get("state", [""])[0]),
        owner=active_machine(block.get("machine", [])),
        version=parse_version(block.get("version", [""])[0]),
        kind=_KINDS.get(block.get("kind", [""])[0].casefold(), "unknown"),
        redundant_machines=tuple(name.upper() for name in block.get("redundant", [])),
        # Two storage groups may each have a database of the same name.
        databases=tuple(zip(block.get("database", []), mounted, strict=False)),
    )


def parse_copies(text: str) -> list[list[Copy]]:
    """The answer to copies_script(): its samples, oldest first."""
    samples: list[list[dict[str, str]]] = []
    for key, value in pairs(text):
        if key == "sample":
            samples.append([])
        elif key == "copy" and samples:
            samples[-1].append({"copy": value})
        elif key in ("status", "copy_queue", "replay_queue") and samples and samples[-1]:
            samples[-1][-1][key] = value
    return [[_copy(block) for block in sample] for sample in samples]


def _copy(block: dict[str, str]) -> Copy:
    queues = [whole_number(block.get(key)) for key in ("copy_queue", "replay_queue")]
    return Copy(block["copy"], block.get("status", "").replace(" ", ""), *queues)
