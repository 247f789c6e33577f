# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""winrm.cmd: `winrm get winrm/config` and `winrm enumerate winrm/config/listener` (transport.md 6).

The names are those of the configuration's XML elements, so they are the same on every Windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from .. import language
from .pace import take_time

if TYPE_CHECKING:
    from ..process import Process

Node = tuple[str, Union[str, "Tree"]]  # an empty string: the name alone
Tree = list[Node]

_CONFIG = "winrm/config"
_LISTENER = "winrm/config/listener"
_UNLIMITED = "4294967295"


@dataclass(frozen=True)
class _Figures:
    """What differs between versions: the table of transport.md 6."""

    envelope_kb: int
    idle_ms: int
    shell_run_ms: int
    users: int
    processes: int
    memory_mb: int
    shells: int
    operations_per_user: int | None
    http: int = 5985
    https: int = 5986
    credssp: bool = True


_VERSIONS = {
    "1.1": _Figures(150, 180_000, 28_800_000, 5, 5, 80, 5, None, http=80, https=443, credssp=False),
    "2.0": _Figures(150, 180_000, 28_800_000, 5, 15, 150, 5, 15),
    "3.0": _Figures(500, 7_200_000, 2_147_483_647, 10, 25, 1024, 30, 1500),
}


def main(proc: Process) -> int:
    """get, enumerate: 0; anything else: 1."""
    take_time(proc, "winrm", 1.5)
    words = language.of(proc.host)
    figures = _VERSIONS[words.knobs.winrm]
    request = [argument.lower() for argument in proc.argv[1:3]]
    if len(request) == 2 and request[0] in ("get", "g") and request[1].startswith(_CONFIG):
        tree = _part([("Config", _config(figures))], request[1])
    elif len(request) == 2 and request[0] in ("enumerate", "enum", "e") and request[1] == _LISTENER:
        tree = [("Listener", _listener(figures))]
    else:
        tree = None
    if tree is None:
        proc.err(words.text('Error: Invalid use of command line. Type "{help}" for help.\n', help="winrm -?"))
        return 1
    proc.out(_text(tree) + "\n")
    return 0


def _part(config: Tree, uri: str) -> Tree | None:
    """winrm/config is all of it, winrm/config/winrs and so on a part."""
    found: Tree = config
    for step in uri.split("/")[2:]:
        inside = found[0][1]
        found = [node for node in inside if node[0].lower() == step] if isinstance(inside, list) else []
        if not found:
            return None
    return found


def _config(figures: _Figures) -> Tree:
    return [
        ("MaxEnvelopeSizekb", str(figures.envelope_kb)),
        ("MaxTimeoutms", "60000"),
        ("MaxBatchItems", "32000"),
        ("MaxProviderRequests", _UNLIMITED),
        ("Client", _client(figures)),
        ("Service", _service(figures)),
        ("Winrs", _winrs(figures)),
    ]


def _client(figures: _Figures) -> Tree:
    auth: Tree = [(name, "true") for name in ("Basic", "Digest", "Kerberos", "Negotiate", "Certificate")]
    return [
        ("NetworkDelayms", "5000"),
        ("URLPrefix", "wsman"),
        ("AllowUnencrypted", "false"),
        ("Auth", auth + _credssp(figures)),
        ("DefaultPorts", _ports(figures)),
        ("TrustedHosts", ""),
    ]


def _service(figures: _Figures) -> Tree:
    auth: Tree = [("Basic", "false"), ("Kerberos", "true"), ("Negotiate", "true"), ("Certificate", "false")]
    return [
        ("RootSDDL", "O:NSG:BAD:P(A;;GA;;;BA)S:P(AU;FA;GA;;;WD)(AU;SA;GWGX;;;WD)"),
        *_operations(figures),
        ("EnumerationTimeoutms", "60000"),
        ("MaxConnections", "5" if figures.operations_per_user is None else "25"),
        ("AllowUnencrypted", "false"),
        ("Auth", auth + _credssp(figures)),
        ("DefaultPorts", _ports(figures)),
        ("IPv4Filter", "*"),
        ("IPv6Filter", "*"),
        ("CertificateThumbprint", ""),
    ]


def _winrs(figures: _Figures) -> Tree:
    return [
        ("AllowRemoteShellAccess", "true"),
        ("IdleTimeout", str(figures.idle_ms)),
        ("MaxConcurrentUsers", str(figures.users)),
        ("MaxShellRunTime", str(figures.shell_run_ms)),
        ("MaxProcessesPerShell", str(figures.processes)),
        ("MaxMemoryPerShellMB", str(figures.memory_mb)),
        ("MaxShellsPerUser", str(figures.shells)),
    ]


def _listener(figures: _Figures) -> Tree:
    return [
        ("Address", "*"),
        ("Transport", "HTTP"),
        ("Port", str(figures.http)),
        ("Hostname", ""),
        ("Enabled", "true"),
        ("URLPrefix", "wsman"),
        ("CertificateThumbprint", ""),
        ("ListeningOn", "127.0.0.1"),
    ]


def _operations(figures: _Figures) -> Tree:
    if figures.operations_per_user is None:
        return [("MaxConcurrentOperations", "100")]
    return [
        ("MaxConcurrentOperations", _UNLIMITED),
        ("MaxConcurrentOperationsPerUser", str(figures.operations_per_user)),
    ]


def _credssp(figures: _Figures) -> Tree:
    return [("CredSSP", "false")] if figures.credssp else []


def _ports(figures: _Figures) -> Tree:
    return [("HTTP", str(figures.http)), ("HTTPS", str(figures.https))]


def _text(tree: Tree, depth: int = 0) -> str:
    lines = []
    for name, content in tree:
        value = f" = {content}" if isinstance(content, str) and content else ""
        lines.append(f"{'    ' * depth}{name}{value}\n")
        if isinstance(content, list):
            lines.append(_text(content, depth + 1))
    return "".join(lines)
