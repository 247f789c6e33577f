# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""shutdown.exe: options, numbers, and the restart itself."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Power
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    NETWORK,
    ccr,
    lab,
    two_nodes,
)

CONSOLE = Logon("LAB\\upgrade", "interactive")


@pytest.mark.parametrize(
    ("line", "rc", "err"),
    [
        ("shutdown /r /t 5", 0, ""),
        ('shutdown -r -f -t 5 -d p:2:4 -c "an upgrade"', 0, ""),
        ("shutdown /r /t:5", 0, ""),
        ("shutdown /r /t 601", 87, "The parameter is incorrect.(87)\n"),
        ("shutdown /r /t x", 87, "The parameter is incorrect.(87)\n"),
        ("shutdown /r /t", 87, "The parameter is incorrect.(87)\n"),
        ("shutdown /y", 87, "The parameter is incorrect.(87)\n"),
        ("shutdown /a", 1116, "Unable to abort the system shutdown because no shutdown was in progress.(1116)\n"),
        (r"shutdown /r /m \\NODEB", 5, "Access is denied.(5)\n"),
        (r"shutdown /r /m \\NOWHERE", 53, "The network path was not found.(53)\n"),
    ],
)
def test_answers_on_2003(line: Any, rc: Any, err: Any) -> None:
    done = ccr().run("NODEA", line, NETWORK)
    assert (done.rc, done.out, done.err) == (rc, "", err)


@pytest.mark.parametrize(
    ("windows", "rc", "err"),
    [
        ("2003", 1115, "A system shutdown is in progress.(1115)\n"),
        ("2008", 1190, "A system shutdown has already been scheduled.(1190)\n"),
    ],
)
def test_a_second_order(windows: Any, rc: Any, err: Any) -> None:
    it = lab(two_nodes("sp1", windows))
    it.run("NODEB", "shutdown /r /t 60")
    done = it.run("NODEB", "shutdown /r /t 5")
    assert (done.rc, done.err) == (rc, err)
    it.wait(40)
    assert it.host("NODEB").power is Power.ON
    it.wait(30)
    assert it.host("NODEB").power is Power.OFF


def test_a_long_delay_is_for_2008_only() -> None:
    assert lab(two_nodes("sp1", "2008")).run("NODEB", "shutdown /r /t 3600").rc == 0


def test_an_abort() -> None:
    it = ccr()
    it.run("NODEB", "shutdown /r /t 60")
    assert it.run("NODEB", "shutdown /a").rc == 0
    it.wait(100)
    assert it.host("NODEB").boots == 0


def test_the_default_delay_is_half_a_minute() -> None:
    it = ccr()
    it.run("NODEB", "shutdown /r")
    it.wait(25)
    assert it.host("NODEB").power is Power.ON
    it.wait(10)
    assert it.host("NODEB").power is Power.OFF
    it.wait(300)
    assert it.host("NODEB").boots == 1


def test_s_leaves_it_off() -> None:
    it = ccr()
    it.run("NODEB", "shutdown /s /t 0")
    it.wait(1000)
    assert it.host("NODEB").power is Power.OFF


def test_another_computer_with_credentials() -> None:
    it = ccr()
    assert it.run("NODEA", r"shutdown /r /t 0 /m \\NODEB", CONSOLE).rc == 0
    it.wait(5)
    assert it.host("NODEB").power is Power.OFF


def test_without_an_act_there_is_help() -> None:
    done = ccr().run("NODEA", "shutdown")
    assert (done.rc, done.out.startswith("Usage: shutdown")) == (0, True)
