# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""winrm.cmd: the quotas of each version, as text."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.wsman import Quotas
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.native_lab import (
    make_world,
    run,
    turn,
)


@pytest.mark.parametrize(
    ("version", "lines"),
    [
        (
            "1.1",
            [
                "    MaxEnvelopeSizekb = 150",
                "        MaxConcurrentOperations = 100",
                "        MaxProcessesPerShell = 5",
                "        MaxMemoryPerShellMB = 80",
                "            HTTP = 80",
            ],
        ),
        (
            "2.0",
            [
                "    MaxEnvelopeSizekb = 150",
                "    MaxTimeoutms = 60000",
                "        MaxConcurrentOperationsPerUser = 15",
                "        IdleTimeout = 180000",
                "        MaxConcurrentUsers = 5",
                "        MaxShellRunTime = 28800000",
                "        MaxProcessesPerShell = 15",
                "        MaxMemoryPerShellMB = 150",
                "        MaxShellsPerUser = 5",
                "            HTTP = 5985",
                "        TrustedHosts",
            ],
        ),
        (
            "3.0",
            ["    MaxEnvelopeSizekb = 500", "        MaxShellsPerUser = 30", "        MaxMemoryPerShellMB = 1024"],
        ),
    ],
)
def test_quotas(version: str, lines: list[str]) -> None:
    result = run(turn(make_world(), winrm=version), "NODEA", "winrm get winrm/config")
    assert (result.rc, result.err, result.mutating) == (0, "", False)
    assert result.out.startswith("Config\n    MaxEnvelopeSizekb")
    assert set(lines) <= set(result.out.splitlines())


def test_the_text_tells_what_the_endpoint_enforces() -> None:
    quotas = Quotas()
    lines = {line.strip() for line in run(make_world(), "NODEA", "winrm get winrm/config").out.splitlines()}
    assert lines >= {
        f"MaxEnvelopeSizekb = {quotas.max_envelope // 1024}",
        f"MaxTimeoutms = {quotas.max_timeout * 1000:.0f}",
        f"MaxConcurrentOperationsPerUser = {quotas.operations_per_user}",
        f"IdleTimeout = {quotas.idle_seconds * 1000:.0f}",
        f"MaxProcessesPerShell = {quotas.processes_per_shell}",
        f"MaxShellsPerUser = {quotas.shells_per_user}",
    }


@pytest.mark.parametrize(
    ("line", "first", "inside", "outside"),
    [
        ("winrm g winrm/config/winrs", "Winrs", "MaxShellsPerUser = 5", "MaxEnvelopeSizekb"),
        ("winrm get winrm/config/Service/Auth", "Auth", "Basic = false", "Digest"),
        ("winrm enumerate winrm/config/listener", "Listener", "Port = 5985", "Config"),
        ("winrm e winrm/config/listener", "Listener", "Transport = HTTP", "Config"),
    ],
)
def test_parts(line: str, first: str, inside: str, outside: str) -> None:
    lines = [each.strip() for each in run(make_world(), "NODEA", line).out.splitlines()]
    assert lines[0] == first
    assert inside in lines
    assert not any(each.startswith(outside) for each in lines)


def test_names_are_not_translated() -> None:
    world = make_world(windows={"language": "xx"})
    line = "winrm get winrm/config"
    assert run(world, "NODEA", line).out == run(make_world(), "NODEA", line).out


@pytest.mark.parametrize("line", ["winrm", "winrm get", "winrm get winrm/config/nonsense", "winrm set winrm/config"])
def test_nonsense(line: str) -> None:
    result = run(make_world(), "NODEA", line)
    assert (result.rc, result.out) == (1, "")
    assert "winrm -?" in result.err
