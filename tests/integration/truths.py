# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the lab's ground truth. Whatever the product says of itself plays no part here."""

from __future__ import annotations

import io
import math
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import cli, control, state

Truth = dict[str, Any]
PASSWORD = "S3cret!&(^)'=;x"  # the account's in every lab
SECRET = "S3cret!"  # the part of it that no quoting changes
_PATIENCE = 120.0  # seconds
_LOOK = 0.02  # seconds
_SETUP = re.compile(r'^(?:"[^"]*|[^"&|]*)\\setup\.com"?\s+/(?:m(?:ode)?:)?(upgrade(?:cms)?)\b', re.IGNORECASE)


class QuickLab(Lab):
    """A lab that is asked without a process for each question: tests ask a lot."""

    def truth(self) -> Truth:
        """What the simulation saw."""
        found: Truth = ask(self, "truth")
        return found

    def call(self, verb: str, *words: str) -> str:
        """The same as a process of its own would answer; up still is one, so that the lab has no part of this one."""
        if verb == "up" or threading.current_thread() is not threading.main_thread():
            return super().call(verb, *words)  # standard output is caught for the whole process
        with redirect_stdout(io.StringIO()) as said:
            code = cli.main([verb, *words, "--inventory", str(self.inventory)])
        if code:
            raise subprocess.CalledProcessError(code, ["lab", verb, *words])
        return said.getvalue()


def ask(lab: Lab, order: str, **arguments: Any) -> Any:
    """What `lab ORDER` answers."""
    return control.ask(state.choose(lab.inventory), order, arguments, timeout=_PATIENCE)


def not_upgraded(truth: Truth, release: str) -> list[str]:
    """What keeps the whole lab from being upgraded cleanly; empty: nothing does."""
    found = [f"{broken['rule']}: {broken['what']}" for broken in truth["violations"]]
    for name, host in truth["hosts"].items():
        found += _host_trouble(name, host, release)
    for cluster in truth["clusters"].values():
        found += [f"{node} is {state}" for node, state in cluster["nodes"].items() if state != "up"]
        for name, cms in cluster["cms"].items():
            found += _server_trouble(name, cms, release)
    return found + [f"{name} is without mail" for name, outage in truth["outages"].items() if outage["open"]]


def _host_trouble(name: str, host: dict[str, Any], release: str) -> Iterator[str]:
    bits = host["exchange"]
    if bits and (bits["release"] != release or not bits["complete"]):
        yield f"{name} is at {bits['release']}, complete: {bits['complete']}"
    for what in ("pending_restart", "interrupted_setup", "tasks", "processes"):
        if host[what]:
            yield f"{name} has {what}: {host[what]}"


def _server_trouble(name: str, cms: dict[str, Any], release: str) -> Iterator[str]:
    if (cms["release"], cms["state"]) != (release, "online"):
        yield f"{name} is at {cms['release']} and {cms['state']}"
    if not cms["copies_healthy"]:
        yield f"{name} has unhealthy copies: {cms['copies']}"
    yield from (f"{name}: {database} is {state}" for database, state in cms["databases"].items() if state != "mounted")


def setups(truth: Truth) -> list[tuple[str, str]]:
    """Every start of Setup, in order: (host, upgrade or upgradecms)."""
    return [(command["host"], _setup(command)) for command in truth["commands"] if _setup(command)]


def _setup(command: dict[str, Any]) -> str:
    """upgrade or upgradecms for a started Setup.com, '' for anything else, the line that started it included."""
    found = None if command["top"] else _SETUP.match(command["line"].strip())
    return found.group(1).lower() if found else ""


def acts(truth: Truth, host: str = "") -> list[str]:
    """The command lines that changed something (on one host), as they were handed to the hosts; ours excepted."""
    return [
        f"{command['host']}: {command['line']}"
        for command in truth["commands"]
        if command["top"]
        and command["mutating"]
        and command["logon"] != "interactive"
        and host in ("", command["host"])
    ]


def about(seconds: float) -> Any:
    """A duration as the product measured it: within a second, or half of it where this machine is slow."""
    return pytest.approx(seconds, abs=max(1.0, seconds / 2))


def group_of(lab: Lab, cluster: str) -> str:
    """The name of the last group of a cluster that holds no clustered mailbox server, in whatever language it is."""
    content = lab.truth()["clusters"][cluster]
    return str([name for name in content["groups"] if name not in content["cms"]][-1])


def upgraded_at(truth: Truth, node: str) -> float:
    """Lab time at which a node was upgraded, restarted and back in its cluster; infinity while it is not."""
    wanted = [("setup", "program files"), ("power", "boot"), ("node", "up")]
    for event in truth["timeline"]:
        kind, what = wanted[0]
        if event["host"] == node and event["kind"] == kind and event["what"].startswith(what):
            wanted.pop(0)
        if not wanted:
            return float(event["t"])
    return math.inf


def premature(truth: Truth, passive: str, active: str, server: str) -> list[str]:
    """What changed the active node or the clustered mailbox server before the passive node was finished."""
    limit = upgraded_at(truth, passive)
    early = [event for event in truth["timeline"] if event["t"] < limit]
    commands = {event["command"] for event in early if event["command"]}
    found = [
        f"t={command['t']} {command['host']}: {command['line'][:150]}"
        for command in truth["commands"]
        if command["id"] in commands and command["host"] == active and command["logon"] != "interactive"
    ]
    return found + [
        f"t={event['t']} {event['kind']} {event['what']} {event['detail']}"
        for event in early
        if server in (event["detail"], event["what"]) and event["kind"] in ("cms", "group")
    ]


def eventually(lab: Lab, good: Callable[[Truth], Any], what: str) -> Truth:
    """The lab's truth as soon as good(truth) holds; what it is is said when it does not come."""
    end = time.monotonic() + _PATIENCE
    while not good(truth := lab.truth()):
        assert time.monotonic() < end, f"not within {_PATIENCE:g} s: {what}"
        time.sleep(_LOOK)
    return truth


def console(lab: Lab, host: str, line: str) -> str:
    """What a command line prints that a person types on the console of a played host, whatever its exit code."""
    done = ask(lab, "run", host=host, line=line)
    return str(done["stdout"] + done["stderr"]).replace("\r\n", "\n")


def console_code(lab: Lab, host: str, line: str) -> int:
    """The exit code of such a command line: what it means is the same in every language."""
    return int(ask(lab, "run", host=host, line=line)["rc"] or 0)
