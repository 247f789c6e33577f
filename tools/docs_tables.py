# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/setup-failures.md, error-codes.md, states.md and management-tools.md from the tables in the code.

    .venv/bin/python tools/docs_tables.py

A unit test fails when a file is not what this would write.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from ansible_collections.mailops.exchange2007.plugins.module_utils import _cluster as cluster
from ansible_collections.mailops.exchange2007.plugins.module_utils import _errors as errors
from ansible_collections.mailops.exchange2007.plugins.module_utils import _installer as installer
from ansible_collections.mailops.exchange2007.plugins.module_utils import _manage as manage
from ansible_collections.mailops.exchange2007.plugins.module_utils._job import Phase
from ansible_collections.mailops.exchange2007.plugins.module_utils._server_manager import CODES
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup_failures import CAUSES, STAGES
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import CmsState
from ansible_collections.mailops.exchange2007.plugins.module_utils._versions import RELEASES
from ansible_collections.mailops.exchange2007.plugins.module_utils._windows import ServiceState

DOCS = Path(__file__).resolve().parent.parent / "docs"
_HEAD = """<!--
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
Written by tools/docs_tables.py: change the tables in plugins/module_utils instead.
-->
"""
_FAILURES = """# Why Setup failed

When Setup fails, `exchange_setup` and `cms_handover` return `diagnosis`: causes with impact, next step and evidence,
the likeliest first. The first one also stands in the message. Its `name` does not change, so a playbook may act on it.

Nothing is decided by words, because Setup speaks the language of its Windows. What counts are numbers on the console
and in the part of ExchangeSetup.log that this run wrote, marks in the registry, versions, paths, and the layout of the
console. An English sentence adds weight to such a finding. Where there is nothing but a sentence, the cause is listed
last and its evidence says so.

Registry marks are shown by their full path. They are never removed by this collection.

What the node looks like afterwards depends on how far Setup came:

"""
_REHEARSED = """
## To see each of them

`make lab ARGS="inject …"` with the words of a row and `host=` a passive node lets the next Setup there fail so. An
earlier Setup that broke off is one that was started by hand: this collection's own is refused then, with the marks.
`tests/seeds/test_setup_causes.py` does it for every row.

"""
# Cause -> what `lab inject` takes, host= left out, so that Setup on a passive node fails with it. The cause whose Setup
# came earlier is that of a Setup by hand that broke off: then ours is refused.
LAB_FAULTS: dict[str, tuple[str, ...]] = {
    "task_not_started": ("no_effect program=schtasks match=/run count=0",),
    "still_running": ("setup_hangs",),
    "no_answer": ("setup_crash", "no_boot"),
    "restart_pending": ("setup_restart_pending",),
    "groups_owned": ("setup_resources_online",),
    "disk_full": ("setup_disk_full",),
    "wrong_bitness": ("setup_wrong_bitness",),
    "media_unreadable": ("setup_media_gone",),
    "update_in_the_way": ("setup_rollup_cache",),
    "installer_busy": ("setup_fail match='^Copying Exchange files$' text='Error code is 1618.'",),
    "installer_forbidden": ("setup_msi_1625",),
    "other_product_version": ("setup_msi_1638",),
    "access_denied": ("setup_fail match='Mailbox' text='Access is denied (0x80070005).'",),
    "directory_unreachable": ("setup_no_dns",),
    "directory_not_prepared": ("setup_schema",),
    "installer_failed": ("setup_silent_step",),
    "prerequisite_failed": ("setup_prerequisite",),
    "killed": ("setup_crash",),
    "step_failed": ("setup_fail match='Mailbox Server( Role)?$' text='The service did not start.'",),
    "earlier_setup_unfinished": ("setup_interrupted",),
    "failed_with_exit_code_0": ("exit program=setup rc=0 stdout='Exchange Server setup encountered an error.'",),
    "no_success_sentence": ("setup_no_success",),
    "succeeded_with_exit_code": ("setup_exit_1",),
    "release_not_reached": ("no_effect program=setup",),
    "unknown": ("exit program=setup rc=1",),
    "setup_unfinished": ("setup_msi_1625",),
}
_CODES = """# Error codes

What the native tools return, what it means here, and what to do next. A code that is not listed is shown as it is,
with what the tool said. No advice: the number tells of no trouble.
"""
_TABLES = (
    ("Windows and the cluster", "", errors.WIN32),
    ("Windows Installer", "Setup passes them on, as in `Error code is 1603`.", errors.INSTALLER),
    (
        "msiexec.exe",
        "Exit codes with another next step where the package is one's own. 0 is success, 3010 success with a restart, "
        "1641 with one that has begun; 1618 is tried again.",
        installer.CODES,
    ),
    (
        "Setup.com",
        "Exit codes. What Setup left behind tells more: see [Why Setup failed](setup-failures.md).",
        errors.SETUP,
    ),
    (
        "ServerManagerCmd.exe",
        "Exit codes of failures. 0 is success, 3010 success with a restart, 1003 no change.",
        CODES,
    ),
    ("Task Scheduler", "`Last Result` of a scheduled task.", errors.SCHEDULER),
    ("WinRM", "Fault codes of the connection.", errors.WSMAN),
)


_STATES = """# Exit codes and states

What of each native command is looked at, and what it is taken for. No decision rests on a localised word. An exit code
of 0 is never the proof that something was done: the state is read again afterwards. What can't be read, or is not
listed here, is `unknown`, and nothing is done on an unknown state. What the numbers of failures mean:
[error codes](error-codes.md).

## Commands

"""
_COMMANDS = (
    (
        "`cluster.exe` node, group, resource",
        "0: accepted, no more. Else the pair of equal numbers in `N (0xN)`, without one the exit code.",
        "Names and owners from the table; states from WMI's numbers, where WMI is silent from English words.",
    ),
    (
        "`wmic` (`root\\MSCluster`, `Win32_OperatingSystem`, `CIM_DataFile`)",
        "Not looked at: no row is no answer.",
        "The numbers below, owners, types; the boot time; the media's version.",
    ),
    (
        "`Setup.com`",
        "0: success, if the release is read back and no mark is left. Else: failure. None: killed.",
        "Numbers of Windows Installer and the directory in its output and log; Watermark and Action in the registry.",
    ),
    (
        "`schtasks.exe`",
        "0: done. Else: failure, with what it printed.",
        "The job's own files tell how far it is: see the phases below.",
    ),
    (
        "`powershell.exe` with the Exchange snap-in",
        "0 with the last line of our own script: done. Else: failure, with the message of the cmdlet.",
        "State of the clustered mailbox server, its databases and copies, from property values.",
    ),
    (
        "`ServerManagerCmd.exe`",
        "0: done. 3010: done, restart wanted. 1003: nothing to change. Else: failure.",
        "`Installed` in the XML of `-query`, before and afterwards.",
    ),
    (
        "`msiexec.exe`",
        "0: done. 3010: done, restart wanted. 1641: done, restart begun, awaited. 1618: tried again. Else: failure.",
        "The product's key below `Uninstall`, before and afterwards.",
    ),
    (
        "`sc.exe`",
        "1060: no such service. 1056 and 1062: there already. 1061: on its way, awaited. Else: failure.",
        "The number of the state in `query`.",
    ),
    (
        "`shutdown.exe`",
        "0: ordered. 1190, 1115 and 1717 in brackets: a restart is under way already. Else: failure.",
        "The boot time before and afterwards.",
    ),
    (
        "`reg.exe`",
        "0: the key is there. 1: missing or denied, which it does not tell apart; the key above it decides.",
        "Types and data of values.",
    ),
    (
        "`certutil.exe`",
        "0: done. Else: failure, the HRESULT's number told.",
        "The SHA-1 of the file, before and afterwards.",
    ),
    (
        "`ver`",
        "Not looked at.",
        "The version in brackets: 5.2 is 2003, 6.0 is 2008, 6.1 is 2008 R2; with `ProductType` WinNT XP and Vista.",
    ),
)
_STATE_TABLES: tuple[tuple[str, str, dict[int, Enum], type[Enum]], ...] = (
    ("Nodes", "`MSCluster_Node.State`", dict(cluster.NODE_NUMBERS), cluster.NodeState),
    ("Groups", "`MSCluster_ResourceGroup.State`", dict(cluster.GROUP_NUMBERS), cluster.GroupState),
    ("Resources", "`MSCluster_Resource.State`", dict(cluster.RESOURCE_NUMBERS), cluster.ResourceState),
    ("Services", "`sc query`", {s.value: s for s in ServiceState if s.value > 0}, ServiceState),
)
_WORD_TABLES: tuple[tuple[str, str, type[Enum]], ...] = (
    (
        "Clustered mailbox servers",
        "The value `State` of `Get-ClusteredMailboxServerStatus`, blanks left out; any other word is `unknown`.",
        CmsState,
    ),
    (
        "Detached jobs",
        "From the job's folder and its processes on the node: prepared and not begun; running; finished, with an exit "
        "code; died, with neither an exit code nor a process.",
        Phase,
    ),
)


_TOOLS = """# Management tools

What may be managed from where, as Microsoft supports it: the Exchange management tools (console and shell) of a
release, on a computer, for a clustered mailbox server on a cluster.

| rule | text |
| --- | --- |
| T1 | RTM tools manage clustered mailbox servers at RTM, from Windows Server 2003 or XP. |
| T2 | SP1 and SP2 tools manage those at SP1 or SP2, from Windows Server 2008, 2003 or XP. |
| T3 | No clustered mailbox server is managed from Vista; stand-alone servers are, with SP1 or SP2 tools. |
| T4 | No Cluster service is administered from another operating system: 2008 not from 2003 or XP, 2003 not from 2008. |
| T5 | Cluster tools of two operating systems can't be installed on one computer. |
| T6 | The alternative is Remote Desktop to a computer that fits, such as a node of the cluster. |
| T7 | The cluster tools come from Adminpak.msi on Windows Server 2003 and XP, from RSAT-Clustering on 2008. |

What no rule names is a no. SP3 came after the rules and is taken like SP2; an answer that rests on that says so. RTM
does not run on Windows Server 2008.

After an upgrade from RTM, RTM tools on an administrator's computer can't manage the mailbox server any more (T1):
upgrade them too; the plan of the upgrade says so. The modules and the playbooks of this collection run every cmdlet
and cluster.exe on a node of the very cluster, so they need no tools elsewhere.

## Every cell

"""
_TOOLS_END = """
The filter `can_manage` answers for one cell, with the reason and the alternative.

## The playbook

`ansible-playbook mailops.exchange2007.management_tools` reads the clusters (inventory group `exchange_nodes`, or
`management_tools_cluster_hosts`) and the computers (`exchange_admin_computers`, or `management_tools_hosts`). Before
anything is touched it refuses a computer whose Windows reaches none of the clusters. It puts the cluster tools on the
others, and says of each what may be managed from it, and what may not, why, and what to do instead. Nothing is done
twice, and `--check` changes nothing.

Where `management_tools_clusters` names the mailbox servers (`name`, `release`, `os_family`; what is left out is read),
a computer that may not manage every one of them is refused.

Windows Server 2003 has `adminpak.msi` in its system32 folder. For XP put it on the computer and give its local path in
`management_tools_adminpak`. A package in another language may install a product of another name: give its product code
in `management_tools_adminpak_product_id`. Where the installation asks for a restart, or one is pending already, that is
reported; with `management_tools_restart: true` the computer is restarted, a cluster node only if it owns nothing. The
Exchange management tools themselves are reported and not installed.

| computer | way | cluster tools reach |
| --- | --- | --- |
"""


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    wanted = list(titles)
    lines = [wanted, ["---"] * len(wanted), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def setup_failures() -> str:
    """The text of docs/setup-failures.md."""
    stages = "".join(f"- {sentence}\n" for sentence in STAGES.values())
    rows = [(f"`{c.name}`", c.sight, c.cause, c.impact, c.next_step) for c in CAUSES]
    titles = ("name", "what you see", "cause", "impact", "next step")
    faults = [(f"`{name}`", "<br>".join(f"`{words}`" for words in LAB_FAULTS[name])) for name in LAB_FAULTS]
    return f"{_HEAD}{_FAILURES}{stages}\n{table(titles, rows)}{_REHEARSED}{table(('name', 'lab inject'), faults)}"


def error_codes() -> str:
    """The text of docs/error-codes.md."""
    parts = [_part(title, text, codes) for title, text, codes in _TABLES]
    return f"{_HEAD}{_CODES}{''.join(parts)}"


def states() -> str:
    """The text of docs/states.md."""
    text = f"{_HEAD}{_STATES}{table(('command', 'exit codes', 'what is read'), _COMMANDS)}"
    for title, source, numbers, kind in _STATE_TABLES:
        rows = [(str(number), f"`{_shown(state)}`") for number, state in sorted(numbers.items())]
        others = [f"`{_shown(state)}`" for state in kind if state not in numbers.values()]
        text += f"\n## {title}\n\nNumbers of {source}.\n\n{table(('number', 'state'), rows)}"
        text += f"\nWithout a number: {', '.join(others)}.\n" if others else ""
    for title, sentence, kind in _WORD_TABLES:
        text += f"\n## {title}\n\n{sentence}\n\n" + "".join(f"- `{_shown(state)}`\n" for state in kind)
    return text


def management_tools() -> str:
    """The text of docs/management-tools.md."""
    clusters = [(release, family) for release in RELEASES for family in manage.CLUSTER_FAMILIES]
    verdicts = {cell[:4]: cell[4] for cell in manage.matrix()}
    titles = ["tools", "computer", *(f"{release.upper()} on {family}" for release, family in clusters)]
    rows = [
        [tools.upper(), name, *(_answer(verdicts[(tools, admin, release, family)]) for release, family in clusters)]
        for tools in RELEASES
        for admin, name in manage.NAMES.items()
    ]
    ways = [
        f"| {name} | {_WAYS[way['way']]} | {manage.NAMES.get(way['manages'], 'none')} |\n"
        for name, way in ((name, manage.cluster_tools(admin)) for admin, name in manage.NAMES.items())
    ]
    return f"{_HEAD}{_TOOLS}{table(titles, rows)}{_TOOLS_END}{''.join(ways)}"


_WAYS = {"feature": "RSAT-Clustering", "adminpak": "Adminpak.msi", "none": "none: refused (T3)"}


def _answer(verdict: manage.Verdict) -> str:
    """A cell: yes or no, and the rule."""
    return f"{'**yes**' if verdict.allowed else 'no'} ({verdict.rule}{', assumed' if verdict.assumption else ''})"


def _shown(state: Enum) -> str:
    """As the modules return it."""
    return str(state.value if isinstance(state.value, str) else state.name.lower())


def _part(title: str, text: str, codes: dict[int, errors.Meaning]) -> str:
    rows = [(_number(code), m.name, m.meaning, m.advice) for code, m in sorted(codes.items())]
    intro = f"{text}\n\n" if text else ""
    return f"\n## {title}\n\n{intro}{table(('code', 'name', 'meaning', 'next step'), rows)}"


def _number(code: int) -> str:
    return f"{code} (0x{code:08X})" if code > 0xFFFF else str(code)


FILES = {
    "setup-failures.md": setup_failures,
    "error-codes.md": error_codes,
    "states.md": states,
    "management-tools.md": management_tools,
}


def main() -> int:
    """Write all files."""
    for name, text in FILES.items():
        (DOCS / name).write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
