# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that knows nothing of us talks to the lab: pypsrp's WinRS over NTLM with sealed messages."""

from __future__ import annotations

import yaml
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import WSMan


def test_cluster_exe_through_pypsrp(untouched_lab: Lab) -> None:
    """Output, exit code and the log of the lab; encryption is the client's own demand."""
    nodes = yaml.safe_load(untouched_lab.inventory.read_text(encoding="utf-8"))["exchange_nodes"]
    host = nodes["hosts"]["nodeb"]
    with (
        WSMan(
            host["ansible_host"],
            port=host["ansible_port"],
            username=nodes["vars"]["ansible_user"],
            password=nodes["vars"]["ansible_password"],
            ssl=False,
            auth="ntlm",
            encryption="always",
        ) as wsman,
        WinRS(wsman) as shell,
    ):
        found = Process(shell, "cluster.exe", ["group"])
        found.invoke()
        found.signal(SignalCode.CTRL_C)
        wrong = Process(shell, "cluster.exe", ["group", "nosuch"])
        wrong.invoke()
    text = found.stdout.decode("cp437")
    truth = untouched_lab.truth()
    assert found.rc == 0
    assert [name for name in truth["clusters"]["CLUS1"]["groups"] if name not in text] == []
    assert wrong.rc == 5013
    assert "cluster.exe group" in " ".join(c["line"] for c in truth["commands"] if c["host"] == "NODEB")
    assert truth["mutating_commands"] == 0
