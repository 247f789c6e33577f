# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that never waits, a channel that asserts every request, and a channel over a small played node.

Asked answers a strict list of requests. World is what one node and its cluster are like; Played answers every read from
the world as it is at that moment, and asserts every act against an ordered list, each with its effect on the world.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.mailops.exchange2007.plugins.module_utils._node import ChannelLost, Hear, Node, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Clock, Credentials, Task

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
START = 1_772_402_400.0  # 2026-03-01T22:00:00Z
PASSWORD = "S3cr3t pw"
EXCHANGE = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Exchange\v8.0"
BUILDS = {"rtm": "8.0.685.25", "sp1": "8.1.240.6", "sp2": "8.2.176.2", "sp3": "8.3.83.6"}
SUCCESS = "The Microsoft Exchange Server setup operation completed successfully.\r\n"

_JOIN = re.compile(r" 2>&1 & call echo mailops:rc=%\^ERRORLEVEL%(?: & )?")


def text(name: str) -> str:
    """A fixture, with its line ends as they are."""
    return (FIXTURES / name).read_bytes().decode("utf-8")


def split_lines(line: str) -> list[str]:
    """The command lines that Node.read_all() joined into one; a single line stays itself."""
    return [part for part in _JOIN.split(line) if part]


class FakeClock(Clock):
    """Time passes only when somebody sleeps; events set with at() happen on the way."""

    def __init__(self, start: float = START) -> None:
        self.time = start
        self.slept: list[float] = []
        self._events: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 600, f"a sleep of {seconds} s"
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, and what is due happen."""
        self.time += seconds
        due = sorted((e for e in self._events if e[0] <= self.time), key=lambda e: e[0])
        self._events = [e for e in self._events if e[0] > self.time]
        for _when, event in due:
            event()

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        """Have something happen so many seconds from now."""
        self._events.append((self.time + seconds, event))


class Asked:
    """A channel with a list of (expected line or pattern, answer); an answer may be an exception."""

    def __init__(self, *steps: tuple[str | re.Pattern[str], Result | Exception | str]) -> None:
        self.steps = list(steps)
        self.lines: list[str] = []
        self.stdins: list[bytes | None] = []
        self.timeouts: list[float] = []
        self.resets = 0

    def run(self, line: str, *, stdin: bytes | None, timeout: float, hear: Hear | None = None) -> Result:
        del hear
        self.lines.append(line)
        self.stdins.append(stdin)
        self.timeouts.append(timeout)
        assert self.steps, f"nothing more was expected, but: {line}"
        expected, answer = self.steps.pop(0)
        if isinstance(expected, str):
            assert line == expected
        else:
            assert expected.search(line), f"{line!r} is not {expected.pattern!r}"
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Result) else Result(0, answer)

    def reset(self) -> None:
        self.resets += 1


def joined(*answers: str | Result) -> Result:
    """What read_all()'s one line prints for these answers."""
    results = [answer if isinstance(answer, Result) else Result(0, answer) for answer in answers]
    return Result(0, "".join(f"{result.stdout}mailops:rc={result.rc}\r\n" for result in results))


# --- a small played node -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cms:
    """A clustered mailbox server; its owner is the owner of the group of its name."""

    name: str
    release: str = "rtm"
    state: str = "Online"
    machines: tuple[str, ...] = ("NODEA", "NODEB")
    kind: str = "NonShared"
    mounted: tuple[str, ...] = ("True",)


@dataclass(frozen=True)
class World:
    """One node (where commands run) and its cluster. groups: name -> (owner or None, MSCluster number)."""

    node: str = "NODEB"
    nodes: dict[str, int] = field(default_factory=lambda: {"NODEA": 0, "NODEB": 0})
    groups: dict[str, tuple[str | None, int]] = field(
        default_factory=lambda: {"Cluster Group": ("NODEA", 0), "CMS1": ("NODEA", 0)}
    )
    servers: tuple[Cms, ...] = (Cms("CMS1"),)
    wmi: bool = True
    cluster_rc: int = 0
    ver: str = "5.2.3790"
    pack: str = "0x200"
    bits: str = "rtm"
    versions: dict[str, str] = field(default_factory=dict)  # role -> version, besides those of `bits`
    marks: tuple[tuple[str, str], ...] = ()  # (role, value name)
    exchange_read: bool = True
    rollups: tuple[str, ...] = ()
    renames: str = ""
    session_read: bool = True
    media: str = "8.2.176.2"
    images: tuple[str, ...] = ("System", "clussvc.exe")
    free: int = 20 * 2**30
    boot: str = "20260301100000.000000+000"
    services: dict[str, int] = field(default_factory=lambda: {"ClusSvc": 4})
    job: bool = False
    kind: str = ""  # whose job it is, such as upgrade-sp2; "" for whoever asks
    started: bool = False
    failed: bool = False
    rc: str = ""
    out: str = ""
    shell_error: str = ""
    samples: tuple[tuple[tuple[str, str, str, str], ...], ...] = ((("SG1", "Healthy", "0", "0"),),)
    validate_error: str = ""
    schema: str = "14625"  # rangeUpper and objectVersion as ADSI prints them
    organization: str = "11222"
    directory_error: str = ""
    double_hop: bool = False  # whoever is logged in reaches no domain controller; a password that is handed on does
    files: tuple[str, ...] = ()  # paths that are there, besides those of jobs and media
    notices: dict[str, str] = field(default_factory=dict)  # node -> mark of a controller in the cluster's database
    markable: bool = True  # whether cluster.exe takes a property

    def owner(self, group: str) -> str | None:
        return self.groups[group][0]

    def with_group(self, name: str, owner: str | None, state: int = 0) -> World:
        return replace(self, groups={**self.groups, name: (owner, state)})

    def with_server(self, name: str, **changes: Any) -> World:
        return replace(self, servers=tuple(replace(s, **changes) if s.name == name else s for s in self.servers))


_WORDS = ["Online", "Offline", "Failed", "Partially Online", "Online Pending"]
_NODE_WORDS = ["Up", "Down", "Paused", "Joining"]
_SC_WORDS = ["", "STOPPED", "START_PENDING", "STOP_PENDING", "RUNNING", "CONTINUE_PENDING", "PAUSE_PENDING", "PAUSED"]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A wmic table: columns padded, lines ending in CR CR LF."""
    widths = [max(len(row[i]) for row in [titles, *rows]) + 2 for i in range(len(titles))]
    lines = ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [titles, *rows]]
    return "".join(f"{line}\r\r\n" for line in lines) + "\r\r\n"


def _reg(key: str, values: dict[str, str]) -> str:
    rows = "".join(f"    {name}    {data}\r\n" for name, data in values.items())
    return f"\r\n{key}\r\n{rows}"


def _key(path: str, **values: str) -> Result:
    return Result(0, _reg(rf"HKEY_LOCAL_MACHINE\{path}", values))


_MISSING = Result(1, "", "ERROR: The system was unable to find the specified registry key or value.\r\n")


def _nodes(w: World) -> Result:
    if w.cluster_rc:
        return Result(w.cluster_rc, f"System error {w.cluster_rc} has occurred (0x{w.cluster_rc:08x}).\r\n")
    ruler = "Node           Node ID Status\r\n-------------- ------- ---------------------\r\n"
    rows = [
        f"{name:<14} {i:>7} {_NODE_WORDS[state] if 0 <= state < 4 else 'Ëtwäs'}\r\n"
        for i, (name, state) in enumerate(w.nodes.items(), 1)
    ]
    return Result(0, "Listing status for all available nodes:\r\n\r\n" + ruler + "".join(rows))


def _word(state: int) -> str:
    return _WORDS[state] if 0 <= state < len(_WORDS) else "Ëtwäs"


def _groups(w: World) -> Result:
    if w.cluster_rc:
        return _nodes(w)
    ruler = "Group                Node            Status\r\n-------------------- --------------- ------\r\n"
    rows = [f"{name:<20} {owner or '':<15} {_word(state)}\r\n" for name, (owner, state) in w.groups.items()]
    return Result(0, "\r\n" + ruler + "".join(rows))


def _resources_of(w: World) -> list[tuple[str, str, str | None, str]]:
    names = {server.name for server in w.servers}
    return [
        (f"Resource of {g}", g, owner, "Microsoft Exchange Information Store" if g in names else "Physical Disk")
        for g, (owner, _state) in w.groups.items()
    ]


def _resources(w: World) -> Result:
    if w.cluster_rc:
        return _nodes(w)
    ruler = "-------------------- -------------------- --------------- ------\r\n"
    rows = [f"{r:<20} {g:<20} {owner or '':<15} Online\r\n" for r, g, owner, _type in _resources_of(w)]
    return Result(0, "\r\n" + ruler + "".join(rows))


def _states(numbers: dict[str, int]) -> list[tuple[str, str]]:
    """Names and states as wmic shows them: -1 as an unsigned number."""
    return [(name, str(state) if state >= 0 else "4294967295") for name, state in numbers.items()]


def _wmi(w: World, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Result:
    return Result(0, _table(titles, rows)) if w.wmi and not w.cluster_rc else Result(0, "", "No Instance(s)\r\n")


def _owners(w: World) -> Result:
    rows = [
        (
            rf"\\{w.node}\root\MSCluster:MSCluster_Node.Name=&quot;{owner}&quot;",
            rf"\\{w.node}\root\MSCluster:MSCluster_ResourceGroup.Name=&quot;{g.replace('&', '&amp;')}&quot;",
        )
        for g, (owner, _state) in w.groups.items()
        if owner
    ]
    return _wmi(w, ("GroupComponent", "PartComponent"), rows)


def _exchange(w: World) -> Result:
    if not w.exchange_read:
        return _MISSING
    versions = {"AdminTools": BUILDS[w.bits], "MailboxRole": BUILDS[w.bits], **w.versions}
    keys = {role: {"ConfiguredVersion": f"REG_SZ    {version}"} for role, version in versions.items()}
    for role, mark in w.marks:
        keys.setdefault(role, {})[mark] = "REG_SZ    something"
    install = r"REG_SZ    C:\Program Files\Microsoft\Exchange Server" + "\\"
    parts = [_reg(rf"{EXCHANGE}\{role}", values) for role, values in keys.items()]
    return Result(0, _reg(EXCHANGE, {}) + "".join(parts) + _reg(rf"{EXCHANGE}\Setup", {"MsiInstallPath": install}))


def _session(w: World) -> Result:
    key = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager"
    values = {"PendingFileRenameOperations": f"REG_MULTI_SZ    {w.renames}"} if w.renames else {}
    return Result(0, _reg(key, values)) if w.session_read else _MISSING


def _patches(w: World) -> Result:
    parts = [
        _reg(rf"HKEY_LOCAL_MACHINE\Patches\{i}", {"DisplayName": f"REG_SZ    {n}"}) for i, n in enumerate(w.rollups)
    ]
    return Result(0, _reg(r"HKEY_LOCAL_MACHINE\Patches", {}) + "".join(parts))


def _service(w: World, line: str) -> Result:
    name = re.findall(r'"(.*?)"', line)[0]
    if name not in w.services:
        return Result(1060, "", "[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\r\n")
    number = w.services[name]
    return Result(0, f"\r\nSERVICE_NAME: {name}\r\n        STATO  : {number}  {_SC_WORDS[number]} \r\n")


def state_answer(w: World, name: str) -> str:
    """What a state-changing cmdlet's script prints at its end."""
    server = next(s for s in w.servers if s.name == name)
    marks = {w.owner(name): " <Active>"} if server.state not in ("Offline", "Failed") else {}
    machines = "".join(f"machine={m}{marks.get(m, '')}\r\n" for m in server.machines)
    return f"state={server.state}\r\n{machines}done=1\r\n"


def _directory(w: World, line: str) -> list[str]:
    """What a script with a reading of the directory prints of it; a part that fails ends only itself."""
    if "ms-Exch-Schema-Version-Pt" not in line:
        return []
    error = w.directory_error or ("An operations error occurred." if w.double_hop and "set /p" not in line else "")
    if error:
        return [f"directory_error={error}"]
    return [f"schema={w.schema}", *([f"organization={w.organization}"] if w.organization else [])]


def _servers(w: World, line: str) -> Result:
    blocks = _directory(w, line)
    if w.shell_error:
        return Result(1, "".join(f"{said}\r\n" for said in [*blocks, f"error={w.shell_error}"]))
    for s in w.servers:
        major, build = BUILDS[s.release].split(".")[:2], BUILDS[s.release].split(".")[2:]
        lines = [f"cms={s.name}", f"kind={s.kind}", *(f"redundant={m}" for m in s.machines)]
        lines += [f"version=Version {'.'.join(major)} (Build {'.'.join(build)})"]
        lines += [line for line in state_answer(w, s.name).split("\r\n") if line and line != "done=1"]
        lines += [x for i, m in enumerate(s.mounted, 1) for x in (f"mounted={m}", f"database=DB{i}")]
        blocks += [*lines, f"end={s.name}"]
    return Result(0, "".join(f"{line}\r\n" for line in [*blocks, "done=1"]))


def _copies(w: World, line: str) -> Result:
    """As many samples as asked for; the last one of the world goes on."""
    wanted = int(re.findall(r"-lt (\d+)", line)[0])
    said = ""
    for number in range(wanted):
        said += f"sample={number}\r\n"
        for name, status, copied, replayed in w.samples[min(number, len(w.samples) - 1)]:
            said += f"copy={name}\r\nstatus={status}\r\ncopy_queue={copied}\r\nreplay_queue={replayed}\r\n"
    return Result(1, f"error={w.shell_error}\r\n") if w.shell_error else Result(0, said + "done=1\r\n")


def _has_job(w: World, line: str) -> bool:
    return w.job and w.kind in line


def _job_signs(w: World, line: str) -> Result:
    signs = [name for name, is_there in (("started", w.started), ("failed", w.failed)) if is_there]
    there = ["job", *signs, *([w.rc] if w.rc else [])] if _has_job(w, line) else []
    signs = [*there, "end"]
    return Result(0, "".join(f"{sign}\r\n" for sign in signs))


def _tasks(w: World) -> Result:
    return Result(0, "".join(f'"{image}","{100 + i}","Console","0","1 K"\r\n' for i, image in enumerate(w.images)))


def _notices(w: World) -> Result:
    if w.cluster_rc:
        return _MISSING
    hive = r"HKEY_LOCAL_MACHINE\Cluster\Nodes"
    keys = [_reg(hive, {})]
    for number, name in enumerate(w.nodes, 1):
        keys.append(_reg(rf"{hive}\{number}", {"NodeName": f"REG_SZ    {name}"}))
        if name in w.notices:
            keys.append(_reg(rf"{hive}\{number}\Parameters", {"MailopsSetup": f"REG_SZ    {w.notices[name]}"}))
    return Result(0, "".join(keys))


_MARK = re.compile(
    r"cluster\.exe node (?P<node>\S+) /priv(?: MailopsSetup=(?P<mark>\S+):string|:MailopsSetup /usedefault) <nul"
)


def _marked(w: World, node: str, mark: str | None) -> World:
    others = {name: its for name, its in w.notices.items() if name != node}
    return replace(w, notices={**others, node: mark} if mark else others)


_READS: list[tuple[str, Callable[[World, str], Result]]] = [
    (r"^echo %COMPUTERNAME%$", lambda w, _l: Result(0, f"{w.node} \r\n")),
    (r"^ver$", lambda w, _l: Result(0, f"\r\nMicrosoft Windows [Vërsïön {w.ver}]\r\n")),
    (
        r"^reg query .*Control\\Windows\"$",
        lambda w, _l: Result(
            0, _reg(r"HKEY_LOCAL_MACHINE\X\Control\Windows", {"CSDVersion": f"REG_DWORD    {w.pack}"})
        ),
    ),
    (
        r"^reg query .*Nls\\Language\"$",
        lambda w, _l: _key(r"X\Nls\Language", InstallLanguage="REG_SZ    0409"),
    ),
    (
        r"^reg query .*Control\\ProductOptions\"$",
        lambda w, _l: _key(r"X\Control\ProductOptions", ProductType="REG_SZ    ServerNT"),
    ),
    (r"^reg query .*Session Manager\"$", lambda w, _l: _session(w)),
    (
        r"^reg query .*SOFTWARE\\Microsoft\"$",
        lambda w, _l: Result(0, _reg(r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft", {}) + _reg(EXCHANGE[:-5], {})),
    ),
    (r"^reg query .*Microsoft\\Updates\"$", lambda w, _l: _MISSING),
    (r"^reg query .*Component Based Servicing\"$", lambda w, _l: _MISSING),
    (r"^reg query .*Exchange\\v8\.0\" /s$", lambda w, _l: _exchange(w)),
    (r"^reg query .*Exchange\\v8\.0\\Setup\"$", lambda w, _l: _exchange(w)),
    (r"^reg query .*Patches\" /s$", lambda w, _l: _patches(w)),
    (r"^reg query \"HKLM\\Cluster\\Nodes\" /s$", lambda w, _l: _notices(w)),
    (r"^tasklist ", lambda w, _l: _tasks(w)),
    (r"^wmic os get LastBootUpTime", lambda w, _l: Result(0, _table(["LastBootUpTime"], [[w.boot]] if w.boot else []))),
    (r"^wmic datafile ", lambda w, _l: Result(0, _table(["Version"], [[w.media]]) if w.media else "")),
    (r"^cluster\.exe( /cluster:\S+)? node$", lambda w, _l: _nodes(w)),
    (r"^cluster\.exe( /cluster:\S+)? group$", lambda w, _l: _groups(w)),
    (r"^cluster\.exe( /cluster:\S+)? res$", lambda w, _l: _resources(w)),
    (r"^reg query HKLM\\Cluster ", lambda w, _l: Result(0, "\r\nX\r\n    ClusterName    REG_SZ    EXCLUSTER\r\n")),
    (r"path MSCluster_Cluster get", lambda w, _l: _wmi(w, ("Name",), [("EXCLUSTER",)])),
    (
        r"path MSCluster_Node get",
        lambda w, _l: _wmi(w, ("Name", "State"), _states(w.nodes)),
    ),
    (
        r"path MSCluster_ResourceGroup get",
        lambda w, _l: _wmi(w, ("Name", "State"), _states({n: s for n, (_o, s) in w.groups.items()})),
    ),
    (r"path MSCluster_NodeToActiveGroup get", lambda w, _l: _owners(w)),
    (
        r"path MSCluster_Resource get",
        lambda w, _l: _wmi(w, ("Name", "State", "Type"), [(r, "2", t) for r, _g, _o, t in _resources_of(w)]),
    ),
    (r"^sc query ", _service),
    (r"Get-MailboxServer", _servers),
    (
        r"^(set /p MAILOPS_SECRET=&)?powershell\.exe [-A-Za-z ]+ -Command .*ms-Exch-Schema-Version-Pt",
        lambda w, line: Result(0, "".join(f"{said}\r\n" for said in [*_directory(w, line), "done=1"])),
    ),
    (r"^\(if exist \".*\" echo there\)$", lambda w, line: Result(0, "there\r\n" if line[11:-13] in w.files else "")),
    (r"Get-StorageGroupCopyStatus", _copies),
    (
        r"-ValidateOnly",
        lambda w, _l: Result(1, f"error={w.validate_error}\r\n") if w.validate_error else Result(0, "done=1\r\n"),
    ),
    (r"^\(\(if exist \S+\\job\.cmd", _job_signs),
    (r"^\(if exist \S+\\out\.txt", lambda w, line: Result(0, w.out if _has_job(w, line) else "")),
    (r"^type \S+\\lines\.txt$", lambda w, _l: Result(0, "100\r\n")),
    (r"^find /c /v", lambda w, _l: Result(0, "102\r\n")),
    (r"^dir /-c %SystemDrive%", lambda w, _l: Result(0, f" X\r\n\r\n   4 Ördnér     {w.free} Bytës frëï\r\n")),
    (r"^more \+100 ", lambda w, _l: Result(0, "[..] the end of Setup\r\n")),
]


def answer(w: World, line: str) -> Result | None:
    """The world's answer to one line that only looks; None for any other line."""
    return next((give(w, line) for pattern, give in _READS if re.search(pattern, line)), None)


Effect = Callable[[World], World]


@dataclass(frozen=True)
class Act:
    """An expected act: its line's pattern, its effect, what it answers, and whether the channel breaks before/after."""

    pattern: str
    effect: Effect | None = None
    result: Result | Callable[[World], Result] = Result(0)  # noqa: RUF009 - frozen
    lost: str = ""  # "", "before" or "after"
    takes: float = 0.0
    later: tuple[tuple[float, Effect], ...] = ()  # (seconds from the act, effect)


class Played:
    """A channel over a World; acts are asserted in order. quiet: how many of the next reads get no answer."""

    def __init__(self, world: World, *acts: Act, clock: FakeClock | None = None) -> None:
        self.world = world
        self.acts = list(acts)
        self.clock = clock or FakeClock()
        self.done: list[str] = []
        self.reads: list[str] = []
        self.stdins: list[bytes] = []
        self.quiet = 0
        self.resets = 0
        self.marked: list[str] = []  # the marks that were put and removed, which the list of acts leaves out

    def change(self, effect: Effect) -> None:
        self.world = effect(self.world)

    def run(self, line: str, *, stdin: bytes | None, timeout: float, hear: Hear | None = None) -> Result:
        assert timeout > 0
        parts = split_lines(line)
        answers = [answer(self.world, part) for part in parts]
        if all(result is not None for result in answers):
            return self._read(line, [result for result in answers if result is not None])
        if mark := _MARK.fullmatch(line):
            return self._mark(mark)
        assert len(parts) == 1, f"a read nobody knows: {[p for p, a in zip(parts, answers, strict=True) if a is None]}"
        if hear is not None:
            hear(b"begun=1\r\n")
        return self._act(line, stdin)

    def _mark(self, mark: re.Match[str]) -> Result:
        self.marked.append(mark.group())
        if not self.world.markable:
            return Result(5010, "Ëtwäs\r\n")
        self.change(lambda w: _marked(w, mark["node"], mark["mark"]))
        return Result(0)

    def _read(self, line: str, answers: list[Result]) -> Result:
        self.reads.append(line)
        if self.quiet > 0:
            self.quiet -= 1
            raise ChannelLost(self.world.node, "connection reset", started=True)
        if "call echo mailops" not in line:
            return answers[0]
        return joined(*(Result(a.rc, a.text) for a in answers))

    def _act(self, line: str, stdin: bytes | None) -> Result:
        assert self.acts, f"nothing more was to be done, but: {line}"
        act = self.acts.pop(0)
        assert re.search(act.pattern, line), f"{line!r} is not {act.pattern!r}"
        self.done.append(line)
        if stdin is not None:
            self.stdins.append(stdin)
        if act.lost == "before":
            raise ChannelLost(self.world.node, "connection refused", started=False)
        self.clock.advance(act.takes)
        if act.effect:
            self.change(act.effect)
        for seconds, effect in act.later:
            self.clock.after(seconds, lambda effect=effect: self.change(effect))  # type: ignore[misc]
        if act.lost == "after":
            raise ChannelLost(self.world.node, "connection reset", started=True)
        return act.result(self.world) if callable(act.result) else act.result

    def reset(self) -> None:
        self.resets += 1


def task(channel: Any, params: dict[str, Any], *, check: bool = False, password: str | None = PASSWORD) -> Task:
    """A task over a channel with the clock of the channel, its progress in `.said`."""
    said: list[str] = []
    credentials = None if password is None else Credentials(r"EXAMPLE\admin", password)
    made = Task(
        node=Node("nodeb", channel, check_mode=check),
        params=params,
        check_mode=check,
        credentials=credentials,
        clock=getattr(channel, "clock", None) or FakeClock(),
        progress=said.append,
    )
    made.__dict__["said"] = said
    return made


# --- acts that several tests need ----------------------------------------------------------------------------------


def prepare_acts(kind: str) -> list[Act]:
    """The two acts that prepare a job: batch file and task."""
    there: Effect = lambda w: replace(w, job=True, kind=kind, started=False, failed=False, rc="", out="")  # noqa: E731
    return [
        Act(rf"^\(md \S+mailops-{kind} \|\| exit 17\) && \(echo ", there),
        Act(rf'^cmd /v:on /c "set /p P=&schtasks /create /tn mailops-{kind} '),
    ]


def run_act(kind: str, *ends: tuple[float, Effect], lost: str = "") -> Act:
    """The act that runs a prepared job; ends: what happens so many seconds after it."""
    begun: Effect = lambda w: replace(w, started=True, images=(*w.images, "ExSetup.exe"))  # noqa: E731
    return Act(rf"&&schtasks /run /tn mailops-{kind} <nul\|\|\(del ", begun, later=ends, lost=lost)


def job_acts(kind: str, *ends: tuple[float, Effect]) -> list[Act]:
    """The acts that prepare and run a job."""
    return [*prepare_acts(kind), run_act(kind, *ends)]


def remove_act(kind: str) -> Act:
    """The act that removes a job."""
    gone: Effect = lambda w: replace(w, job=False, kind="", started=False, failed=False, rc="", out="")  # noqa: E731
    return Act(rf"^\(schtasks /delete /tn mailops-{kind} /f <nul && .*rd /s /q \S+mailops-{kind}\)\)$", gone)


def retire_act(kind: str) -> Act:
    """The act after a Setup that failed: its task is deleted, its folder stays as the sign that its marks are ours."""
    kept: Effect = lambda w: replace(w, rc="", failed=True)  # noqa: E731
    here = rf"\S+mailops-{kind}"
    line = rf"^schtasks /delete /tn mailops-{kind} /f <nul & del /q {here}\\rc\.txt {here}\\go & md {here}\\failed$"
    return Act(line, kept)


def ended(rc: int = 0, out: str = SUCCESS, **changes: Any) -> Effect:
    """Setup has ended: exit code, console, and what else is different then."""
    return lambda w: replace(w, rc=str(rc), out=out, images=tuple(i for i in w.images if i != "ExSetup.exe"), **changes)


def proof(*entries: tuple[str, str] | tuple[str, str, float] | dict[str, Any]) -> list[dict[str, Any]]:
    """The option `nodes`: (name, release) seen now, or (name, release, seconds ago)."""
    made: list[dict[str, Any]] = []
    for entry in entries:
        if isinstance(entry, dict):
            made.append(entry)
            continue
        ago = entry[2] if len(entry) > 2 else 0.0
        made.append({"name": entry[0], "release": entry[1], "observed_at": str(START - ago), "os_family": "2003"})
    return made
