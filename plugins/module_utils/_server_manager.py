# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""ServerManagerCmd.exe of Windows 2008: which roles and features are installed, installing and removing one.

The state comes from the XML of -query only: the text form's headings are localised (sources.md: servermanager-query).
The tool runs in the WinRM shell, not as a detached job: it only drives Windows' own servicing (TrustedInstaller),
which ends or rolls back by itself when the shell goes, restarts nothing by itself, and needs no password for a
scheduled task. A run that lost its connection meets exit code 1004 or the finished state when it is repeated.
"""

from __future__ import annotations

import codecs
import difflib
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ._cluster import same
from ._cmdline import command_line
from ._errors import Failure, Meaning, Refusal, first_line
from ._files import NodeFiles, has_tool, tool_line
from ._node import ChannelLost, Node, Result
from ._task import Clock
from ._wait import Limit, wait_for
from ._windows import Os, os_lines, parse_os

PROGRAM = "ServerManagerCmd.exe"
DONE, RESTART, NO_CHANGE = 0, 3010, 1003
_FAILED_RESTART_FIRST, _BUSY = 1001, 1004
_KINDS = {"Role", "RoleService", "Feature"}
_INSTALLED = {"true": True, "false": False}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROLOG = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
_CLOSING = "\"'. "
_READ_LIMIT = 600.0  # seconds for -query and -whatIf, which walk all of Windows' packages
_CLEAN_LIMIT = 60.0  # seconds for del

_LOG = r"%WINDIR%\Temp\ServerManager.log (2008 R2: %WINDIR%\logs)"

# sources.md: servermanager-codes; 1000, 1002 and from 1005 on nobody has published: they are shown as they are.
CODES: dict[int, Meaning] = {
    2: Meaning("ProgramNotFound", "Windows does not find the tool", "This is no full installation of Windows 2008."),
    4: Meaning("ArgumentNotValid", "it does not take this name in this place", f"Look at {_LOG} on the node."),
    5: Meaning(
        "NotElevated",
        "the account has no elevated rights there",
        "Use a domain account that is a local administrator; local accounts are filtered over the network.",
    ),
    110: Meaning("ReadError", "it can't read its file", "Look at the Temp folder of Windows there."),
    1001: Meaning("Failed", "it failed, and needs a restart before anything else", "Restart the node, then run again."),
    1004: Meaning(
        "WizardRunning",
        "another Server Manager runs there",
        "Close Server Manager's wizards in every session there, then run again.",
    ),
}


@dataclass(frozen=True)
class Feature:
    """A role, role service or feature. installed: None for an answer that is neither true nor false."""

    id: str
    label: str
    installed: bool | None
    above: tuple[str, ...] = ()


@dataclass(frozen=True)
class Features:
    """Everything that a Windows has to install, in the order of -query."""

    items: tuple[Feature, ...]

    @cached_property
    def _by_id(self) -> dict[str, Feature]:
        return {feature.id.casefold(): feature for feature in reversed(self.items)}

    def get(self, key: str) -> Feature | None:
        """By id, in any case."""
        return self._by_id.get(key.casefold())

    @property
    def installed(self) -> list[str]:
        """The ids of what is installed, sorted."""
        return sorted({feature.id for feature in self.items if feature.installed}, key=str.casefold)

    def below(self, key: str) -> list[Feature]:
        """Everything nested in that one, at any depth."""
        return [feature for feature in self.items if any(same(key, above) for above in feature.above)]

    def nearest(self, key: str) -> list[str]:
        """Up to five ids that look like this one."""
        known = {feature.id.casefold(): feature.id for feature in self.items}
        close = difflib.get_close_matches(key.casefold(), known, n=5, cutoff=0.5)
        return [known[name] for name in close]

    def named_in(self, text: str) -> list[Feature]:
        """Those that a text of -whatIf names, by id in brackets or by display name at the end of a line, bare or in
        brackets (no transcript of a real host is known).

        Both come from the same Windows, so they are in the same language; nothing else of the text is understood.
        """
        ends = [line.strip().rstrip(_CLOSING).casefold() for line in text.splitlines() if line.strip()]
        return [feature for feature in self.items if any(_names(end, feature) for end in ends)]


def _names(line: str, feature: Feature) -> bool:
    if f"[{feature.id.casefold()}]" in line:
        return True
    label = re.escape(feature.label.strip().rstrip(_CLOSING).casefold())
    return bool(label) and bool(re.search(rf"(?:(?:^|[\]:]\s*){label}|\[{label}\])$", line))


def parse_features(data: bytes) -> Features:
    """The file of -query, in the encoding of its prolog; raises ValueError when it is not one."""
    try:
        root = ET.fromstring(_decoded(data))  # noqa: S314 - written by Windows itself; expat bounds entities
    except (ET.ParseError, LookupError) as exc:
        raise ValueError(f"not XML ({exc})") from None
    found = tuple(_walk(root, ()))
    if not found:
        raise ValueError(f"no role and no feature below <{_local(root.tag)}>")
    return Features(found)


def _decoded(data: bytes) -> str:
    """A byte order mark counts first, then the prolog. One that says UTF-16 and can be read as ASCII is wrong: .NET
    writes the encoding of its strings into a prolog."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    prolog = _PROLOG.match(data)
    said = prolog.group(1).decode("ascii") if prolog else "utf-8"
    return data.decode("utf-8" if said.casefold().startswith("utf-16") else said, "replace")


def _walk(element: ET.Element, above: tuple[str, ...]) -> Iterator[Feature]:
    key = element.get("Id", "")
    if key and _local(element.tag) in _KINDS:
        installed = _INSTALLED.get(element.get("Installed", "").strip().casefold())
        yield Feature(key, element.get("DisplayName", ""), installed, above)
        above = (*above, key)
    for child in element:
        yield from _walk(child, above)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


# --- deciding ------------------------------------------------------------------------------------------------------


def known_ids(features: Features, names: Iterable[str], doing: str, node: str) -> list[str]:
    """The names as Windows writes them, each once; raises Refusal that names all unknown ones, and for R9."""
    wanted = {name.casefold(): name for name in names}
    strange = [name for name in wanted.values() if features.get(name) is None]
    if strange:
        raise Refusal("input", doing, node, _strangers(features, strange), "Nothing was touched; correct `name`.")
    found = [feature for name in wanted if (feature := features.get(name))]
    unread = [feature.id for feature in found if feature.installed is None]
    if unread:
        seen = f"Whether {_listed(unread)} is installed can't be read."
        raise Refusal("R9", doing, node, seen, "Look at it in Server Manager on the node; nothing was touched.")
    return [feature.id for feature in found]


def _strangers(features: Features, names: list[str]) -> str:
    told = [
        f"{name!r} (like {_listed(features.nearest(name))})" if features.nearest(name) else repr(name) for name in names
    ]
    return f"This Windows does not know {_listed(told)}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def to_do(features: Features, ids: Iterable[str], *, install: bool, all_subfeatures: bool) -> list[str]:
    """Those ids that are not as asked for; with all_subfeatures also for what is nested in them."""

    def open_ones(key: str) -> list[Feature]:
        own = [feature for feature in [features.get(key)] if feature]
        nested = features.below(key) if all_subfeatures else []
        return [feature for feature in [*own, *nested] if feature.installed is not install]

    return [key for key in ids if open_ones(key)]


def taken_along(features: Features, ids: Sequence[str], told: dict[str, str], *, all_subfeatures: bool) -> list[str]:
    """What removing ids would remove besides; told: the text of -whatIf for each id.

    Nested ones are known from the XML, all others from -whatIf alone (sources.md: servermanager-line).
    """
    asked = {key.casefold() for key in ids}
    if all_subfeatures:
        asked |= {feature.id.casefold() for key in ids for feature in features.below(key)}
    going = [feature for key in ids for feature in [*features.below(key), *features.named_in(told[key])]]
    return sorted({f.id for f in going if f.installed and f.id.casefold() not in asked}, key=str.casefold)


def refuse_dependents(
    features: Features, ids: Sequence[str], told: dict[str, str], along: Sequence[str], node: str
) -> None:
    """Raise Refusal when more would go than was asked for, or when -whatIf can't be read: unknown is not nothing."""
    doing = f"Removing {_listed(ids)}"
    allow = "Name them too, or set allow_dependents: true."
    if along:
        seen = f"That would also remove {_listed(along)}."
        raise Refusal("dependents", doing, node, seen, allow, dependents=list(along))
    dark = [key for key in ids if not any(same(key, feature.id) for feature in features.named_in(told[key]))]
    if dark:
        said = first_line(told[dark[0]]).rstrip(".") or "no output"
        seen = f"What goes along with {_listed(dark)} can't be read from -whatIf: {said}."
        look = f"Look at `{remove_line(dark[0])} -whatIf` there; then set allow_dependents: true."
        raise Refusal("R9", doing, node, seen, look)


def install_line(key: str, *, all_subfeatures: bool) -> str:
    """One id a call: the sources disagree about several (sources.md: servermanager-line)."""
    return command_line([PROGRAM, "-install", key, *(["-allSubFeatures"] if all_subfeatures else [])])


def remove_line(key: str) -> str:
    """The line that removes an id and all that depends on it."""
    return command_line([PROGRAM, "-remove", key])


# --- the tool ------------------------------------------------------------------------------------------------------


class ServerManager:
    """ServerManagerCmd on one node; limit: how long one call may take, and how often to try while another one runs."""

    def __init__(self, node: Node, clock: Clock, limit: Limit, token: str) -> None:
        self._node = node
        self._clock = clock
        self._limit = limit
        self._files = NodeFiles(node, _READ_LIMIT, token)
        self._answer = rf"%SystemRoot%\Temp\mailops-{token}.xml"

    def require(self) -> None:
        """Raise Failure where Windows has no ServerManagerCmd."""
        tool, *windows = self._node.read_all([tool_line(PROGRAM), *os_lines()])
        if not has_tool(tool):
            found = parse_os(*windows)
            raise Failure("Looking for ServerManagerCmd.exe", self._node.name, *_absent(found))

    def query(self) -> Features:
        """What is installed now; raises Failure. The file that the tool writes it to is removed again."""
        doing = "Reading the roles and features"
        try:
            result = self._patiently(doing, lambda: self._read(f"{PROGRAM} -query {self._answer}"))
            if result.rc != 0:
                raise tool_failure(doing, self._node.name, result)
            return parse_features(self._files.read(self._answer))
        except ValueError as exc:
            text = f"the answer to -query is {exc}."
            raise Failure(doing, self._node.name, text, f"Look at `{PROGRAM} -query` there, and {_LOG}.") from None
        finally:
            self._forget()

    def what_if(self, line: str) -> Result:
        """What a line would do, without doing it; never with -resultPath, the two exclude each other."""
        result = self._patiently("Asking what would happen", lambda: self._read(f"{line} -whatIf"))
        if result.rc not in (DONE, RESTART, NO_CHANGE):
            raise tool_failure(f"Asking what `{line}` would do", self._node.name, result)
        return result

    def act(self, doing: str, line: str, *, changed: bool) -> Result:
        """Run a line that installs or removes; raises Failure, with changed for what went before it."""
        result = self._patiently(doing, lambda: self._node.act_line(line, timeout=self._limit.timeout), changed=changed)
        if result.rc not in (DONE, RESTART, NO_CHANGE):
            # After 1001 something is half done, which only a restart ends.
            raise tool_failure(doing, self._node.name, result, changed=changed or result.rc == _FAILED_RESTART_FIRST)
        return result

    def _read(self, line: str) -> Result:
        return self._node.read_line(line, timeout=_READ_LIMIT)

    def _patiently(self, doing: str, call: Callable[[], Result], *, changed: bool = False) -> Result:
        """Call again while another Server Manager runs, which is the one failure that ends by itself."""
        return wait_for(
            self._clock,
            self._limit,
            call,
            lambda result: result.rc != _BUSY,
            doing=doing,
            target=self._node.name,
            describe=lambda _result: f"exit code {_BUSY} {CODES[_BUSY].name}: {CODES[_BUSY].meaning}",
            advice=CODES[_BUSY].advice,
            changed=changed,
        )

    def _forget(self) -> None:
        try:
            self._node.read_line(f"del /f /q {self._answer}", timeout=_CLEAN_LIMIT)
        except ChannelLost:
            self._node.channel.reset()


def _absent(found: Os) -> tuple[str, str]:
    """What was seen and what to do instead, where there is no ServerManagerCmd.exe."""
    text = f"there is none: this is Windows {found.family} ({found.version or 'version unknown'})"
    if found.family == "2003":
        return (
            f"{text}, which has no Server Manager.",
            "Install the tools from adminpak.msi instead (windows_installer_package).",
        )
    if found.family in ("2008", "2008r2"):
        return f"{text}, as Server Core.", "Use ocsetup.exe there (ansible.builtin.raw), or a full installation."
    return f"{text}.", "It exists on full installations of Windows Server 2008 and 2008 R2 only."


def tool_failure(doing: str, node: str, result: Result, *, changed: bool = False) -> Failure:
    """A Failure for an exit code of ServerManagerCmd: name and remedy where known, the code itself where not."""
    known, said = CODES.get(result.rc), first_line(result.text)
    seen = (
        f"exit code {result.rc} {known.name}: {known.meaning}" if known else f"exit code {result.rc}, no meaning known"
    )
    advice = known.advice if known else f"Look at {_LOG} on the node."
    return Failure(
        doing,
        node,
        f"{seen}: {said.rstrip('.')}." if said else f"{seen}.",
        advice,
        changed=changed,
        rc=result.rc,
        stdout=result.stdout,
        stderr=result.stderr,
        restart_required=result.rc == _FAILED_RESTART_FIRST,
    )
