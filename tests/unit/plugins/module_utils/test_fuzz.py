# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parser against damaged outputs: nothing but the documented exception, and nothing good that was not printed.

Real outputs are cut off, lose, double and swap lines, columns and words, get foreign words, numbers and bytes. PARSERS
names every parser; one that is missing there fails test_every_parser_is_in_the_table.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from ansible_collections.mailops.exchange2007.plugins import module_utils
from ansible_collections.mailops.exchange2007.plugins.module_utils import (
    _cluster,
    _directory,
    _errors,
    _exchange,
    _files,
    _installer,
    _mailboxes,
    _move_job,
    _move_report,
    _numbers,
    _public_folders,
    _registry,
    _server_manager,
    _setup,
    _setup_failures,
    _setup_run,
    _setup_trace,
    _shell,
    _versions,
    _windows,
    _wmic,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure
from ansible_collections.mailops.exchange2007.plugins.module_utils._job import DetachedJob, Phase, states
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node, Result
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import SUCCESS, Asked, joined, text
from hypothesis import given, settings
from hypothesis import strategies as st

Claims = Iterator[tuple[str, bool]]

# --- damage --------------------------------------------------------------------------------------------------------

FOREIGN = [
    "0",
    "00",
    "1",
    "2",
    "4",
    "-1",
    "4294967295",
    "9" * 5000,
    "\u0663",
    "\u00b2",
    "0x0",
    "Online",
    "Up",
    "=",
    '"',
]
FOREIGN += ["\u00d6nline", "\ufffd\ufffd", "----", "HKEY_", "true", "\b\b\b", "\r", "\t", "&quot;", "\x00", "\u2028"]
DAMAGE = st.tuples(st.integers(0, 8), st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(FOREIGN))


def damaged(said: str, kind: int, at: int, to: int, word: str) -> str:
    """One damage of a text, at a line (or character) and to another, or with a word."""
    lines = re.split(r"(?<=\n)", said)
    one, other = at % len(lines), to % len(lines)
    words = re.split(r"(\s+)", lines[one])
    first, second = 2 * (to % (len(words) // 2 + 1)), 2 * (at % (len(words) // 2 + 1))
    if kind == 0:
        return said[: at % (len(said) + 1)]
    if kind == 1:
        return "".join([*lines[:one], *lines[one + 1 :]])
    if kind == 2:
        return "".join([*lines[:one], lines[one], *lines[one:]])
    if kind == 3:
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == 4:
        words[first], words[second] = words[second], words[first]
    elif kind == 5:
        words[first] = word
    elif kind == 6:
        place = at % (len(said) + 1)
        return said[:place] + word + said[place:]
    elif kind == 7:
        return said[at % (len(said) + 1) :]
    else:
        start, end = sorted((at % (len(said) + 1), to % (len(said) + 1)))
        return said[:start] + said[end:]
    if kind in (4, 5):
        lines[one] = "".join(words)
    return "".join(lines)


def together(*outputs: str) -> str:
    return "\n".join(outputs)


def squeezed(said: str) -> str:
    """Letters and digits alone, without case."""
    return "".join(char for char in said.casefold() if char.isalnum())


def one_line(said: str, *parts: str) -> bool:
    """Whether a line has all of these patterns."""
    return any(all(re.search(part, line, re.IGNORECASE) for part in parts) for line in re.split(r"[\r\n]+", said))


# --- what may be claimed -------------------------------------------------------------------------------------------
# Each gives (claim, whether the outputs say so) for everything good that a parser made of outputs.


def ok(said: list[str]) -> list[Result]:
    return [Result(0, output) for output in said]


def claims_of_cluster(said: list[str]) -> Claims:
    seen = _cluster.parse_cluster(ok(said))
    for node in seen.nodes:
        if node.state is _cluster.NodeState.UP:
            yield f"{node.name} is up", one_line(said[4], re.escape(node.name), r"(?<!\d)0(?!\d)")
    for group in seen.groups:
        if group.state is _cluster.GroupState.ONLINE:
            yield f"{group.name} is online", one_line(said[5], re.escape(group.name), r"(?<!\d)0(?!\d)")
        if group.owner:
            listed = one_line(said[1], re.escape(group.name), re.escape(group.owner))
            told = re.escape(group.owner), re.escape(group.name).replace("\\&", "&(amp;)?")
            yield f"{group.name} is on {group.owner}", listed or one_line(said[6], *told)
    for resource in seen.resources:
        if resource.state is _cluster.ResourceState.ONLINE:
            yield f"{resource.name} is online", one_line(said[7], re.escape(resource.name), r"(?<!\d)2(?!\d)")


def claims_of_rows(said: list[str]) -> Claims:
    for node in _cluster.node_rows(said[0]):
        yield f"node {node.name}", one_line(said[0], re.escape(node.name), str(node.id))
    for group in _cluster.group_rows(said[1], ["NODEA", "NODEB"]):
        yield f"{group.name} on {group.owner}", one_line(said[1], re.escape(group.owner or ""))
    for resource in _cluster.resource_rows(said[2], ["NODEA", "NODEB"], ["Cluster Group"]):
        yield f"{resource.name} on {resource.owner}", one_line(said[2], re.escape(resource.owner or ""))


def claims_of_service(said: list[str]) -> Claims:
    if _windows.service_state(Result(0, said[0])) is _windows.ServiceState.RUNNING:
        yield "running", bool(re.search(r":\s+4\s", said[0]))


def claims_of_products(said: list[str]) -> Claims:
    for product in _installer.parse_products(*ok(said)) or ():
        yield (
            f"{product.code} is there",
            one_line(together(*said), rf"^HKEY_.*Uninstall\\{re.escape(product.code)}\s*$"),
        )
        if product.version:
            yield f"version {product.version}", product.version in together(*said)


def claims_of_windows(said: list[str]) -> Claims:
    ver, key, language, boot, tasks = ok(said)
    seen = _windows.parse_os(ver, key, language, Result(1))
    if seen.family != "unknown":
        yield f"version {seen.version}", seen.version in said[0]
    if seen.service_pack:
        yield (
            f"service pack {seen.service_pack}",
            f"0x{seen.service_pack << 8:x}" in said[1].lower()
            or bool(re.search(r"CSDVersion", said[1], re.IGNORECASE)),
        )
    booted = _windows.boot_time(boot)
    if booted:
        yield f"booted at {booted}", booted in said[3]
    for image in _windows.running_images(tasks):
        yield f"{image} runs", f'"{image}"' in said[4].lower()


def claims_of_restart(said: list[str]) -> Claims:
    seen = _windows.parse_pending_restart(ok(said))
    if seen.required is False:
        yield "no restart is pending", bool(re.search(r"^HKEY_.*\\Session Manager\s*$", said[0], re.I | re.M))
    missing = Result(1, "")
    session, microsoft, _updates, components = ok(said)
    if _windows.parse_pending_restart([session, microsoft, missing, components]).required is False:
        yield "there is no Updates key", "HKEY_" in said[1].upper()


def claims_of_setup(said: list[str]) -> Claims:
    console = _setup.parse_console(said[0])
    if console.succeeded:
        yield "Setup succeeded", squeezed("setup operation completed successfully") in squeezed(said[0])
    for line in _setup.screen_lines(said[0]):
        step = _setup.read_step(line)
        if step:
            yield f"step {step.name}", squeezed(step.name + step.result) in squeezed(said[0])
    outcome = _setup_run.Outcome(0, console, said[0], 1.0, False)
    if not outcome.trouble() and not outcome.doubt() and outcome.trace().english:
        yield "no doubt", squeezed("setup operation completed successfully") in squeezed(said[0])


def claims_of_traces(said: list[str]) -> Claims:
    parts, numbers = _setup_trace.read_parts(said[0]), _setup_trace.read_numbers(said[0], said[1])
    for part in parts:
        yield f"part {part.text}", part.stage in _setup_trace.Stage
    for spoken in numbers:
        forms = f"{spoken.number:d}", f"{spoken.number:x}"
        yield f"number {spoken.number}", any(form in together(*said).lower() for form in forms)
    found = _setup_failures.diagnose(_setup_trace.Trace(rc=1, output=said[0], log=said[1]))
    yield "a diagnosis", bool(found) and all(one.next_step for one in found)


def claims_of_servers(said: list[str]) -> Claims:
    for server in _shell.parse_mailbox_servers(said[0]):
        known = said[0][said[0].find(f"cms={server.name}") :]
        yield f"server {server.name}", f"cms={server.name}" in said[0]
        if server.state is _shell.CmsState.ONLINE:
            yield f"{server.name} is online", "state=online" in re.sub(r"[ _]", "", known.lower())
        if server.mounted:
            yield f"{server.name} is mounted", known.lower().count("mounted=true") >= len(server.databases)
        if server.release:
            minor = _versions.RELEASES[server.release]
            yield f"{server.name} is {server.release}", bool(re.search(rf"8\.0?{minor}\D", known))
        if server.owner:
            yield (
                f"{server.name} is on {server.owner}",
                one_line(known, f"machine=\\s*{re.escape(server.owner)} .*active"),
            )


def claims_of_copies(said: list[str]) -> Claims:
    samples = _shell.parse_copies(said[0])
    yield "as many samples", len(samples) <= said[0].count("sample=")
    copies = [copy for sample in samples for copy in sample]
    healthy = re.sub(r" ", "", said[0].lower()).count("status=healthy")
    yield "as many healthy copies", sum(copy.healthy for copy in copies) <= healthy
    for copy in copies:
        if copy.queue == 0:
            yield (
                f"{copy.name} has no queue",
                {"copy_queue=0", "replay_queue=0"}
                <= {re.sub(r"=\s*0+\s*$", "=0", line.strip()) for line in re.split(r"[\r\n]+", said[0])},
            )


def claims_of_bits(said: list[str]) -> Claims:
    exchange, patches = ok(said)
    bits = _exchange.parse_bits(exchange, patches)
    for role, version in bits.versions.items():
        yield f"{role} {version}", bool(re.search(_digits(version), said[0]))
    if bits.install_path:
        yield "an install path", bits.install_path in said[0]
    for rollup in bits.rollups:
        yield rollup, rollup in said[1]


def _digits(version: _versions.Version) -> str:
    return r"(?<!\d)0*{}\.0*{}\D+0*{}\.0*{}(?!\d)".format(*version)


def claims_of_versions(said: list[str]) -> Claims:
    for version in (_exchange.parse_media(Result(0, said[0])), _versions.parse_version(said[0])):
        if version:
            yield str(version), bool(re.search(_digits(version), said[0]))


def claims_of_registry(said: list[str]) -> Claims:
    keys = _registry.Keys(Result(0, said[0]))
    path = keys.value(r"v8.0\Setup", "MsiInstallPath")
    if path:
        yield path, path in said[0]
    for name, values in keys.below("v8.0").items():
        yield f"key {name}", name in said[0].casefold()
        for value in values.values():
            yield f"value {value}", value in said[0]
            _registry.dword(value)
    _registry.dword(said[0])


def claims_of_marks(said: list[str]) -> Claims:
    for name, mark in (_exchange.parse_marks(Result(0, said[0])) or {}).items():
        yield f"mark of {name}", name.casefold() in said[0].casefold() and mark in said[0]


def claims_of_wmic(said: list[str]) -> Claims:
    for row in _wmic.table(said[0], ("Name", "State")):
        for cell in row.values():
            yield f"cell {cell}", cell in said[0]


def claims_of_job(said: list[str]) -> Claims:
    job = DetachedJob(Node("n", Asked()), "upgrade-sp2", ["ExSetup.exe"])
    state = job.state(*ok(said))
    yield "the same among others", states([job], ok(said)) == [state]
    if state.phase is Phase.FINISHED:
        yield (
            f"exit code {state.rc}",
            str(state.rc) in [re.sub(r"^(-?)0+(?=[0-9])", r"\1", word) for word in said[0].split()],
        )
        yield "whole", "end" in said[0]
    if state.phase is Phase.RUNNING:
        yield "it runs", '"exsetup.exe"' in said[1].lower()
    if state.phase is Phase.ABSENT:
        yield "no job", "end" in said[0]


def claims_of_joined(said: list[str]) -> Claims:
    """Where a marker is gone every line is asked again, alone."""
    again = [Result(9, "again"), Result(9, "again"), Result(9, "again")]
    steps = [(re.compile(""), answer) for answer in (Result(0, said[0]), *again)]
    for result in Node("n", Asked(*steps)).read_all(["a", "b", "c"]):
        if result.rc == 0:
            yield "exit code 0", bool(re.search(r"mailops:rc=-?0+(?!\d)", said[0]))


def claims_of_files(said: list[str]) -> Claims:
    entry = _files.parse_entry(Result(0, said[0]))
    if entry.kind is _files.Kind.ABSENT:
        yield "absent", bool(re.search(r"\[-?\d*\]\[\]", said[0]))
    if entry.kind is _files.Kind.FILE:
        yield f"a file of {entry.size} bytes", re.sub(r"^0+(?=\d)", "", str(entry.size)) in said[0]
    told = _files.parse_sha1(Result(0, said[1]))
    if told:
        yield told, told in squeezed(said[1])
    if _files.has_tool(Result(0, said[2])):
        yield "the tool is there", bool(re.search(r"\[[^\]]+\]", said[2]))
    yield "a number", isinstance(_files.win32_code(Result(-2147024894, said[0])), int)


def claims_of_armour(said: list[str]) -> Claims:
    try:
        data = _files.unarmoured(said[0])
    except ValueError:
        return
    yield "an end", _files.armoured(b"").decode().splitlines()[-1] in said[0]
    yield "no more than arrived", len(data) <= len(said[0])


def claims_of_features(said: list[str]) -> Claims:
    try:
        features = _server_manager.parse_features(said[0].encode("utf-8", "replace"))
    except ValueError:
        return
    for feature in features.items:
        if feature.installed:
            yield f"{feature.id} is installed", one_line(said[0], re.escape(feature.id), 'Installed=.{0,3}"\\s*true')
    for feature in features.named_in(said[0]):
        yield feature.id, feature.id in said[0]


def claims_of_errors(said: list[str]) -> Claims:
    result = Result(7, said[0])
    for number in (_errors.native_code(result), _errors.bracketed_code(result)):
        yield f"number {number}", number == 7 or str(number) in said[0]
    for failure in (
        _errors.native_failure("Doing", "it", result),
        _server_manager.tool_failure("Doing", "it", result),
    ):
        yield "one line", len(str(failure).splitlines()) == 1
    yield "a line", _errors.first_line(said[0]) in said[0]


def claims_of_shell(said: list[str]) -> Claims:
    for key, value in _shell.pairs(said[0]):
        yield key, f"{key}=" in said[0] and value in said[0]
    state = _shell.cms_state(said[0])
    if state is _shell.CmsState.ONLINE:
        yield "online", squeezed(said[0]) == "online"
    active = _shell.active_machine(said[0].splitlines())
    if active:
        yield f"active: {active}", one_line(said[0], re.escape(active), "active")
    number = _numbers.whole_number(said[0])
    if number is not None:
        yield str(number), said[0].strip().lstrip("0") in (str(number), "")


def claims_of_directory(said: list[str]) -> Claims:
    seen = _directory.parse_directory(Result(0, said[0]))
    for version in (seen.schema_version, seen.organization_version):
        if version is not None:
            yield str(version), bool(re.search(rf"=\s*0*{version}(?!\d)", said[0]))
    yield "a reason", seen.whole or bool(seen.reason)


def claims_of_listings(said: list[str]) -> Claims:
    listing = _mailboxes.parse_listing(said[0])
    yield "mounted", not listing.mounted or "mounted=true" in re.sub(r"\s", "", said[0].lower())
    for mailbox in (*listing.there, *listing.waiting):
        yield mailbox.guid, mailbox.guid in said[0].lower() and mailbox.address in said[0]
    yield "nobody twice", not {m.guid for m in listing.there} & {m.guid for m in listing.waiting}


def claims_of_databases(said: list[str]) -> Claims:
    for database in _mailboxes.parse_databases(said[0]):
        yield database.identity, f"database={database.identity}" in re.sub(r"= +", "=", said[0])
        yield "mounted", not database.mounted or "mounted=true" in re.sub(r"\s", "", said[0].lower())
        for number in (database.size, database.items, database.mailboxes):
            yield f"{number}", number is None or str(number) in said[0]
    free = _mailboxes.free_bytes(Result(0, said[1]))
    yield f"{free} free", free is None or str(free) in said[1]


def claims_of_moves(said: list[str]) -> Claims:
    outcome = _move_job.parse_output(said[0])
    yield "whole", not outcome.whole or "done" in said[0]
    for guid in outcome.moved:
        yield f"{guid} moved", guid in said[0]
    report = _move_report.read_report(said[1].encode("utf-8", "replace"))
    yield "as many items", len(report.items) <= said[1].lower().count("<item")
    for item in report.items:
        yield f"code {item.code}", item.code is None or str(abs(item.code)) in said[1]


def claims_of_answers(said: list[str]) -> Claims:
    try:
        answer = _shell.read_answer(Result(0, said[0]), "Reading", "it", changed=False)
    except Failure as failure:
        yield "one line", len(str(failure).splitlines()) == 1
        return
    yield "its own end", "done" in said[0] and "error=" not in said[0]
    scope = _public_folders.Scope(source="OLD", target="NEW")
    seen = _public_folders.parse_seen(scope, answer)
    for database in (*seen.source, *seen.target):
        yield f"{database.name} mounted", not database.mounted or "true" in said[0].lower()
    for folder in seen.tree or ():
        yield folder.path, folder.path in said[0] and folder.id in said[0]
    yield "a whole tree", seen.tree is None or "whole=tree" in re.sub(r"\s", "", said[0])


def claims_of_sizes(said: list[str]) -> Claims:
    size = _public_folders.parse_size(said[0])
    yield f"{size}", size is None or bool(re.fullmatch(r"\s*[0-9]+ ?[KMGT]?B\s*", said[0], re.IGNORECASE))


# --- the table -----------------------------------------------------------------------------------------------------


GUID = "b7157292-69ed-58c6-b4c6-97f16944f6a"
LISTED = (
    "target=MAIL-NEW\\SG\\A\r\nmounted=True\r\nlist=there\r\n"
    f"mailbox={GUID}1|user1|user1@x.example|MAIL-NEW\\SG\\A|User 1\r\nlist=waiting\r\n"
    f"mailbox={GUID}2|user2|user2@x.example|MAIL-OLD\\SG\\A|User | 2\r\ndone=1\r\n"
)
COUNTED = (
    "database=MAIL-OLD\\SG\\A\r\nname=A\r\ngroup=SG\r\nmounted=True\r\npath=D:\\A.edb\r\nmailboxes=40\r\nread=40\r\n"
    "size=3355443200\r\nitems=60000\r\nend=1\r\ndone=1\r\n"
)
FOLDERS = (
    "source=True|OLD\\SG\\PF\r\ntarget=True|NEW\\SG\\PF\r\nfolder=0001|s|\\News\r\nfolder=0002|st|\\News\\Old\r\nwhole=tree\r\n"
    "source_holds=0001|12|0|80MB|\\News\r\nwhole=source\r\ntarget_holds=0002|3|1|456B|\\News\\Old\r\nwhole=target\r\n"
    "trouble=tree|no server\r\ndone=1\r\n"
)
FREE = "               0 File(s)              0 bytes\r\n               2 Dir(s)     21474836480 bytes free\r\n"
MOVED = f"report=C:\\r.xml\r\nstatus=0\r\nstatus=-5\r\nmoved={GUID}1\r\nstill={GUID}2\r\ndone=1\r\n"
MOVE_REPORT = (
    '<?xml version="1.0" encoding="utf-8"?>\r\n<Move-Mailbox><TaskDetails>\r\n'
    '<Item MailboxName="User 1"><Alias>user1</Alias><Result IsError="False" ErrorCode="0">Moved</Result></Item>\r\n'
    '<Item MailboxName="User 2"><Result IsError="True" ErrorCode="-1056749110">Too many</Result></Item>\r\n'
    "</TaskDetails></Move-Mailbox>\r\n"
)


@dataclass(frozen=True)
class Parser:
    """Functions by `module.name`, the outputs that they read together, and what may be claimed of them."""

    functions: str
    outputs: tuple[str, ...]
    claims: Callable[[list[str]], Claims]


CLUSTER = (
    text("cluster/node-two-up-en.txt"),
    text("cluster/group-core-groups-2008-en.txt"),
    text("cluster/res-short-names-en.txt"),
    "\r\nHKEY_LOCAL_MACHINE\\Cluster\r\n    ClusterName    REG_SZ    CLUS1\r\n",
    text("wmic/nodes.txt"),
    text("wmic/groups-names-with-blanks.txt"),
    text("wmic/owners-escaped-quotes.txt"),
    text("wmic/resources-with-types.txt"),
)
FEATURES = """<?xml version="1.0" encoding="utf-8"?>
<ServerManagerConfigurationQuery xmlns="http://schemas.microsoft.com/sdm/Windows/ServerManager/Configuration/2007/1">
<Role DisplayName="Web Server (IIS)" Installed="true" Id="Web-Server">
<RoleService DisplayName="Metabase" Installed="false" Id="Web-Metabase" />
</Role>
<Feature DisplayName="Failover Clustering Tools" Installed="true" Id="RSAT-Clustering" />
</ServerManagerConfigurationQuery>
"""
MARKS = (
    "\r\nHKEY_LOCAL_MACHINE\\Cluster\\Nodes\\1\r\n    NodeName    REG_SZ    NODEA\r\n"
    "\r\nHKEY_LOCAL_MACHINE\\Cluster\\Nodes\\1\\Parameters\r\n    MailopsNotice    REG_SZ    abc\r\n"
)

UNINSTALL = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
PRODUCTS = (
    f"\r\n{UNINSTALL}\r\n\r\n{UNINSTALL}\\Connection Manager\r\n    SystemComponent    REG_DWORD    0x1\r\n"
    f"\r\n{UNINSTALL}\\{{5E076CF2-EFED-43A2-A623-13E0D62EC7E0}}\r\n    DisplayName    REG_SZ    Tools Pack\r\n"
    "    DisplayVersion    REG_SZ    5.2.3790.3959\r\n"
)

PARSERS = (
    Parser("_cluster.parse_cluster", CLUSTER, claims_of_cluster),
    Parser("_cluster.node_rows _cluster.group_rows _cluster.resource_rows", CLUSTER[:3], claims_of_rows),
    Parser("_windows.service_state", (text("sc/running-italian.txt"),), claims_of_service),
    Parser("_windows.service_state", (text("sc/stop-pending-russian.txt"),), claims_of_service),
    Parser("_installer.parse_products", (PRODUCTS, PRODUCTS.replace("5E076CF2", "0D9C8B7A")), claims_of_products),
    Parser(
        "_windows.parse_os _windows.boot_time _windows.running_images",
        (
            text("ver/2003-sp2-en.txt"),
            text("reg/windows-sp2-2003.txt"),
            text("reg/language-german-2003.txt"),
            text("wmic/last-boot-up-time.txt"),
            text("tasklist/setup-running.txt"),
        ),
        claims_of_windows,
    ),
    Parser(
        "_windows.parse_pending_restart",
        (
            text("reg/session-manager-clean-2003.txt"),
            text("reg/microsoft-without-updates-2003.txt"),
            text("reg/updates-volatile-0-2003.txt"),
            text("reg/components-clean-2008.txt"),
        ),
        claims_of_restart,
    ),
    *(
        Parser(
            "_setup.parse_console _setup.screen_lines _setup.read_step",
            (text(f"setup/{name}.txt"),),
            claims_of_setup,
        )
        for name in (
            "upgrade-success-unwrapped-en",
            "no-success-sentence-en",
            "upgradecms-failed-en",
            "success-foreign",
        )
    ),
    *(
        Parser(
            "_setup_trace.read_parts _setup_trace.read_numbers _setup_failures.diagnose",
            (text(f"setup/{name}.txt"), text("setup/log-msi-1603-en.txt")),
            claims_of_traces,
        )
        for name in ("msi-1603-en", "schema-import-8202-en", "check-failed-foreign", "redrawn-with-backspaces-en")
    ),
    *(
        Parser("_shell.parse_mailbox_servers", (text(f"powershell/{name}.txt"),), claims_of_servers)
        for name in ("servers-ccr-online", "servers-scc-two", "servers-unknown-words")
    ),
    Parser("_shell.parse_copies", (text("powershell/copies-two-samples.txt"),), claims_of_copies),
    Parser(
        "_exchange.parse_bits",
        (text("reg/exchange-sp2-interrupted-2008.txt"), text("reg/patches-two-rollups-2008.txt")),
        claims_of_bits,
    ),
    Parser("_exchange.parse_media _versions.parse_version", (text("wmic/datafile-version.txt"),), claims_of_versions),
    Parser("_registry.Keys _registry.dword", (text("reg/exchange-rtm-2003.txt"),), claims_of_registry),
    Parser("_exchange.parse_marks", (MARKS,), claims_of_marks),
    Parser("_wmic.table", (text("wmic/groups-names-with-blanks.txt"),), claims_of_wmic),
    Parser(
        "_job.DetachedJob.state _job.states",
        ("job\r\nstarted\r\n0\r\nend\r\n", text("tasklist/setup-running.txt"), SUCCESS),
        claims_of_job,
    ),
    Parser("_node.Node.read_all", (joined("one\r\n", Result(0, "two"), "three\r\n").stdout,), claims_of_joined),
    Parser("_node.Node.read_all", (joined("one\r\n", Result(5, "two"), Result(1, "")).stdout,), claims_of_joined),
    Parser(
        "_files.parse_entry _files.parse_sha1 _files.has_tool _files.win32_code",
        (
            "[120][--a------]\r\n",
            f"SHA1 hash of file x:\r\n{'da 39 a3 ee 5e ' * 4}\r\nCertUtil: -hashfile\r\n",
            "[C:\\WINDOWS\\system32\\certutil.exe]\r\n",
        ),
        claims_of_files,
    ),
    Parser("_files.unarmoured", (_files.armoured(bytes(range(200))).decode(),), claims_of_armour),
    Parser("_server_manager.parse_features _server_manager.Features.named_in", (FEATURES,), claims_of_features),
    *(
        Parser(
            "_errors.native_code _errors.bracketed_code _errors.native_failure _errors.first_line "
            "_server_manager.tool_failure",
            (text(name),),
            claims_of_errors,
        )
        for name in ("cluster/error-5016-foreign.txt", "shutdown/1190-already-scheduled-en.txt")
    ),
    Parser(
        "_shell.pairs _shell.cms_state _shell.active_machine _numbers.whole_number",
        ("state=Online\r\nmachine=NODEA <Active, Quorum Owner>\r\n",),
        claims_of_shell,
    ),
    Parser(
        "_shell.pairs _shell.cms_state _shell.active_machine _numbers.whole_number",
        ("NODEA <Active, Quorum Owner>",),
        claims_of_shell,
    ),
    Parser("_shell.cms_state _numbers.whole_number", ("Online",), claims_of_shell),
    Parser("_shell.cms_state _numbers.whole_number", ("0",), claims_of_shell),
    Parser("_mailboxes.parse_listing _mailboxes.parse_mailbox", (LISTED,), claims_of_listings),
    Parser("_mailboxes.parse_databases _mailboxes.free_bytes", (COUNTED, FREE), claims_of_databases),
    Parser("_move_job.parse_output _move_report.read_report", (MOVED, MOVE_REPORT), claims_of_moves),
    Parser("_shell.read_answer _public_folders.parse_seen", (FOLDERS,), claims_of_answers),
    Parser("_public_folders.parse_size", ("80MB",), claims_of_sizes),
    Parser("_directory.parse_directory", ("schema=14622\r\norganization=11222\r\ndone=1\r\n",), claims_of_directory),
)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.functions.split()[0])
def test_what_is_not_damaged_is_claimed_rightly(parser: Parser) -> None:
    assert [claim for claim, said in parser.claims(list(parser.outputs)) if not said] == []


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.functions.split()[0])
@given(data=st.data(), rounds=st.integers(1, 4))
@settings(max_examples=80)
def test_damage_is_never_an_exception_and_never_good(parser: Parser, data: st.DataObject, rounds: int) -> None:
    outputs = list(parser.outputs)
    for _round in range(rounds):
        which = data.draw(st.integers(0, len(outputs) - 1))
        outputs[which] = damaged(outputs[which], *data.draw(DAMAGE))
    assert [claim for claim, said in parser.claims(outputs) if not said] == []


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.functions.split()[0])
@given(data=st.data())
def test_any_bytes_at_all(parser: Parser, data: st.DataObject) -> None:
    codepage = data.draw(st.sampled_from(["cp437", "cp850", "cp932", "utf-8"]))
    outputs = [data.draw(st.binary(max_size=120)).decode(codepage, "replace") for _output in parser.outputs]
    assert [claim for claim, said in parser.claims(outputs) if not said] == []


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.functions.split()[0])
@pytest.mark.parametrize(
    "digits", ["9" * 5000, "\u0663", "\u00b2", "-"], ids=["5000 digits", "arabic", "superscript", "-"]
)
def test_numbers_that_are_none(parser: Parser, digits: str) -> None:
    """Python takes digits of every script, and refuses to read more than 4300 of them."""
    outputs = [re.sub(r"\d+", digits, output) for output in parser.outputs]
    assert [claim for claim, said in parser.claims(outputs) if not said] == []


# --- completeness --------------------------------------------------------------------------------------------------

TEXTS = {"Result", "list[Result]", "Sequence[Result]", "bytes"}
NAMED = re.compile(r"parse_|read_(?!proof|shell|boot_time|directory)|\w+_rows$")
# They take a text or a result, but what they take was not printed by a tool, or they only shorten or write it.
NO_PARSERS = {
    "_mailboxes.read_databases",  # asks a node; what the node says is read by parse_databases
    "_files.armoured",
    "_files.sha1",
    "_files.state_of",
    "_files.write_local",
    "_rules.parse_evidence",  # what the playbook hands on: tests/unit/plugins/module_utils/test_rules.py
}


def found_parsers() -> set[str]:
    """Public functions of module_utils that take a Result or bytes, or that are called like a parser."""
    found = set()
    for info in pkgutil.iter_modules(module_utils.__path__):
        module = importlib.import_module(f"{module_utils.__name__}.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            kinds = {str(kind) for key, kind in function.__annotations__.items() if key != "return"}
            parses = bool(kinds & TEXTS) or bool(NAMED.match(name))
            if function.__module__ == module.__name__ and not name.startswith("_") and parses:
                found.add(f"{info.name}.{name}")
    return found


def test_every_parser_is_in_the_table() -> None:
    """A new one needs a row in PARSERS, or a reason in NO_PARSERS."""
    named = {function for parser in PARSERS for function in parser.functions.split()}
    assert sorted(found_parsers() - named - NO_PARSERS) == []
    assert sorted(NO_PARSERS - found_parsers()) == []


@pytest.mark.parametrize("function", sorted({f for parser in PARSERS for f in parser.functions.split()}))
def test_the_table_names_what_is_there(function: str) -> None:
    module, *names = function.split(".")
    found: object = importlib.import_module(f"{module_utils.__name__}.{module}")
    for name in names:
        found = getattr(found, name)
    assert callable(found)
