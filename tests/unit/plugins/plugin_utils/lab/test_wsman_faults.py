# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on the wire, as the real pywinrm meets them."""

from __future__ import annotations

import pytest
import requests
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.faults import Faults
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.hold import Hold
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.truth import Truth
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Host
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.wsman_lab import (
    Commands,
    listening,
    make_host,
    pywinrm,
    says,
)
from winrm.exceptions import WSManFaultError
from winrm.protocol import Protocol


def faulty(name: str, **fields: str) -> Host:
    """A host with one fault."""
    host = make_host()
    host.world.truth, host.world.faults, host.world.hold = Truth(host.world), Faults(host.world), Hold(host.world)
    host.world.faults.inject(name, fields)
    return host


def once(client: Protocol) -> tuple[bytes, bytes, int]:
    shell = client.open_shell()
    out, err, code = client.get_command_output(shell, client.run_command(shell, "do"))
    return out, err, code


@pytest.mark.parametrize(("kind", "code"), [("shells", 2150859173), ("operations", 2150859174), ("processes", 1816)])
def test_a_quota(kind: str, code: int) -> None:
    commands = Commands(do=says("done"))
    with listening(faulty("quota", kind=kind), commands) as (_endpoint, port):
        client = pywinrm(port)
        with pytest.raises(WSManFaultError) as refused:
            once(client)
        assert refused.value.wsman_fault_code == code
        assert commands.started == []
        assert once(client) == (b"done", b"", 0)


@pytest.mark.parametrize(("when", "started"), [("before", 0), ("after", 1)])
def test_a_connection_lost_before_and_after_a_command_was_taken(when: str, started: int) -> None:
    commands = Commands(do=says("done"))
    with listening(faulty("drop", program="wsman", match="^Command$", when=when), commands) as (_endpoint, port):
        client = pywinrm(port)
        shell = client.open_shell()
        with pytest.raises(requests.exceptions.ConnectionError):
            client.run_command(shell, "do")
        assert len(commands.started) == started
        assert once(pywinrm(port)) == (b"done", b"", 0)
