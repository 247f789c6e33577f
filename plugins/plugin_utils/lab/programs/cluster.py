# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""cluster.exe (windows-cli.md 1): listings, and the orders to groups and nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import language
from ..errors import ClusterError, Win32Error
from ..winerror import system_message
from . import cluster_acts as acts
from . import cluster_listings as listings
from . import cluster_properties
from .cluster_line import INVALID_PARAMETER, Request, parse, raw_words
from .cluster_session import Session, connect
from .pace import take_time

if TYPE_CHECKING:
    from ..process import Process

Verb = Callable[[Session, Request], None]

# assumption: what is printed while something changes (windows-cli.md 8)
_SENTENCES = {
    "moveto": "Moving resource group '{name}'...",
    "online": "Bringing resource group '{name}' online...",
    "offline": "Taking resource group '{name}' offline...",
    "pause": "Pausing node '{name}'...",
    "resume": "Resuming node '{name}'...",
    "start": "Starting the cluster service on node '{name}'...",
    "stop": "Stopping the cluster service on node '{name}'...",
}
_GROUP_ACTS = {"moveto": acts.move, "online": acts.online, "offline": acts.offline}
_NODE_ACTS = {"pause": acts.pause, "resume": acts.resume}
_SERVICE_ACTS = {"start": acts.start, "stop": acts.stop}
_USAGE = (
    "The syntax of this command is:\n\n"
    "CLUSTER [[/CLUSTER:]cluster-name] [NODE | GROUP | RESOURCE] [object-name] /option[:value] ...\n"
)


def main(proc: Process) -> int:
    """Run one command line of cluster.exe; the exit code is the Win32 number."""
    take_time(proc, "cluster")
    try:
        _run(proc, parse(proc.argv[1:], raw_words(proc.line)[1:]))
    except Win32Error as error:
        return _report(proc, error.code)
    return 0


def _run(proc: Process, request: Request) -> None:
    if request.option("?") or not (request.command or request.options):
        proc.out(language.of(proc.host).text(_USAGE))
    elif request.command == "node" and request.verb.word in _SERVICE_ACTS:
        _service_act(proc, request)
    else:
        session = connect(proc, request.cluster)
        _COMMANDS[request.command](session, request)


def _group(session: Session, request: Request) -> None:
    word = request.verb.word
    if word in _GROUP_ACTS:
        name = request.required_name()
        _announce(session.proc, word, name)
        _GROUP_ACTS[word](session, name, request.verb.value, request.wait(acts.GROUP_WAIT))
        _print(session, listings.group_table, request)
    elif word == "setowners":
        acts.set_owners(session, request.required_name(), request.verb.value)
    else:
        _list(session, request, listings.GROUP)


def _node(session: Session, request: Request) -> None:
    word = request.verb.word
    if word in _NODE_ACTS:
        name = request.name or session.proc.host.name
        _announce(session.proc, word, name)
        _NODE_ACTS[word](session, name)
        _print(session, listings.node_table, request)
    else:
        _list(session, request, listings.NODE)


def _resource(session: Session, request: Request) -> None:
    _list(session, request, listings.RESOURCE)


def _cluster(session: Session, request: Request) -> None:
    _list(session, request, listings.CLUSTER)


_COMMANDS: dict[str, Verb] = {"": _cluster, "node": _node, "group": _group, "resource": _resource}


def _service_act(proc: Process, request: Request) -> None:
    """/start and /stop go to the node's Service Control Manager, so that they work without a cluster service here."""
    name = request.name or proc.host.name
    _announce(proc, request.verb.word, name)
    _SERVICE_ACTS[request.verb.word](proc, name, request.wait(0.0))
    if proc.host.world.physics.cluster_running(proc.host):
        _print(connect(proc, request.cluster), listings.node_table, request)


def _list(session: Session, request: Request, known: dict[str, listings.Listing]) -> None:
    if request.verb.word not in known:
        raise ClusterError(INVALID_PARAMETER)
    if request.properties or request.option("usedefault"):
        cluster_properties.change(session, request)  # assumption: nothing is said when it went well
    else:
        _print(session, known[request.verb.word], request)


def _print(session: Session, listing: listings.Listing, request: Request) -> None:
    cluster = session.cluster
    with session.proc.host.world.lock:
        if listing in listings.PICTURED:
            what = (listing, request, session.words)
            text = cluster.told.text(cluster.picture(), what, lambda: listing(session, request))
        else:
            text = listing(session, request)
    session.proc.out(text)


def _announce(proc: Process, what: str, name: str) -> None:
    proc.out(language.of(proc.host).text(_SENTENCES[what], name=name) + "\n\n")


def _report(proc: Process, code: int) -> int:
    """Print the error in the form of windows-cli.md 1.4 and return the exit code."""
    words = language.of(proc.host)
    knobs = words.knobs
    sentence = "System error {code} has occurred"
    sentence += " (0x{code:08x}).\n" if knobs.cluster_error_hex else ".\n"
    text = words.text(sentence, code=code) + words.text(system_message(code) or "") + "\n"
    (proc.out if knobs.cluster_error_stream == "stdout" else proc.err)(text)
    return code if knobs.cluster_exit_code == "right" else 1
