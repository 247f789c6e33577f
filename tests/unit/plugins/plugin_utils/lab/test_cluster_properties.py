# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster.exe /priv and /prop: setting, listing, deleting, and the hive HKLM\\Cluster that shows them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs.cluster_line import raw_words
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.registry import Data
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import PropertyPlace
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    NETWORK,
    Lab,
    Result,
    ccr,
    lab,
    scc,
    two_nodes,
)

NODES = r"HKLM\Cluster\Nodes"
PRINT = "Print & Fax (HQ)"


def say(it: Lab, line: str, host: str = "NODEB") -> Result:
    return it.run(host, f"cluster {line}", NETWORK)


def value(it: Lab, key: str, name: str, host: str = "NODEA") -> Data | None:
    return it.host(host).registry.get(key, name)


def changes(it: Lab) -> list[str]:
    events = [event for event in it.world.truth.timeline if event["kind"] == "cluster property"]
    return [f"{event['detail']}: {event['what']}" for event in events]


@pytest.mark.parametrize(
    ("typed", "name", "data", "kind"),
    [
        ("Mark=1", "Mark", "1", "REG_SZ"),
        ("mailopsUpgrade=sp2", "mailopsUpgrade", "sp2", "REG_SZ"),
        ('Mark="a b:c,d=e"', "Mark", "a b:c,d=e", "REG_SZ"),
        ('"Mark"="a b"', "Mark", "a b", "REG_SZ"),
        ("Mark=", "Mark", "", "REG_SZ"),
        ('Mark=""', "Mark", "", "REG_SZ"),
        ("Mark=2346:dword", "Mark", 2346, "REG_DWORD"),
        ("Mark=0xa:DWORD", "Mark", 10, "REG_DWORD"),
        ("Mark=12,0xab,255:binary", "Mark", bytes([12, 171, 255]), "REG_BINARY"),
        ("Mark=a,b", "Mark", ["a", "b"], "REG_MULTI_SZ"),
        ('Mark="value 1", "value 2":multistr', "Mark", ["value 1", "value 2"], "REG_MULTI_SZ"),
        ("Mark=one:multistring", "Mark", ["one"], "REG_MULTI_SZ"),
        ("Mark=12345678901234567890:ularge", "Mark", 12345678901234567890, "REG_QWORD"),
        ("Mark=^%windir^%:expandstr", "Mark", "%windir%", "REG_EXPAND_SZ"),
    ],
)  # fmt: skip
def test_a_private_property_of_a_node(typed: str, name: str, data: Any, kind: str) -> None:
    it = ccr()
    done = say(it, f"node NODEA /priv {typed}")
    assert (done.rc, done.out, done.err) == (0, "", "")
    for host in ("NODEA", "NODEB"):
        found = {v.name: (v.type, v.data) for v in it.host(host).registry.values(rf"{NODES}\1\Parameters")}
        assert found == {name: (kind, data)}
    assert changes(it) == [f"node nodea: {name} = {data!r}"]
    assert it.world.truth.commands[0].mutating


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("node NODEB /priv", rf"{NODES}\2\Parameters"),
        ("node nodeb /privproperties", rf"{NODES}\2\Parameters"),
        ("/priv", r"HKLM\Cluster\Parameters"),
        ("/cluster:CLUS1 node NODEA /priv", rf"{NODES}\1\Parameters"),
    ],
)
def test_where_private_properties_stand(line: str, key: str) -> None:
    it = ccr()
    assert say(it, f"{line} A=1 B=2:dword").rc == 0
    assert (value(it, key, "a"), value(it, key, "b")) == ("1", 2)


@pytest.mark.parametrize(
    ("command", "name", "root"), [("group", PRINT, "Groups"), ("res", "Cluster Name", "Resources")]
)
def test_private_properties_of_groups_and_resources(command: str, name: str, root: str) -> None:
    it = ccr()
    assert say(it, f'{command} "{name}" /priv Mark=x').rc == 0
    registry = it.host("NODEA").registry
    keys = [rf"HKLM\Cluster\{root}\{key}" for key in registry.subkeys(rf"HKLM\Cluster\{root}")]
    marked = [registry.get(key, "Name") for key in keys if registry.get(key + r"\Parameters", "Mark") == "x"]
    assert marked == [name]


def test_the_listing() -> None:
    it = ccr()
    say(it, 'node NODEA /priv Mark="a b" Count=10:dword List=x,y Raw=1,255:binary')
    say(it, "node NODEB /priv Mark=other")
    assert (
        say(it, "node NODEA /priv").out
        == """Listing private properties for 'NODEA':

T  Node                 Name                           Value
-- -------------------- ------------------------------ -----------------------
S  NODEA                Mark                           a b
D  NODEA                Count                          10 (0xa)
M  NODEA                List                           x
M  NODEA                List                           y
B  NODEA                Raw                            01 FF (2 bytes)

"""
    )
    rows = [line.split()[1:3] for line in say(it, "node /priv").out.splitlines()[4:] if line]
    assert rows == [*(["NODEA", name] for name in ("Mark", "Count", "List", "List", "Raw")), ["NODEB", "Mark"]]


def test_a_known_property_keeps_its_type() -> None:
    it = ccr()
    say(it, "node NODEA /priv Count=10:dword")
    assert say(it, "node NODEA /priv COUNT=11").rc == 0
    assert value(it, rf"{NODES}\1\Parameters", "Count") == 11
    assert say(it, "node NODEA /priv Count=many").rc == 87
    assert say(it, "node NODEA /priv Count=many:string").rc == 0
    assert value(it, rf"{NODES}\1\Parameters", "Count") == "many"


def test_setting_the_same_again_changes_nothing() -> None:
    it = ccr()
    assert [say(it, "node NODEA /priv Mark=1").rc for _time in range(2)] == [0, 0]
    assert changes(it) == ["node nodea: Mark = '1'"]
    assert [command.mutating for command in it.world.truth.commands if command.top] == [True, False]


@pytest.mark.parametrize("name", ["Mark", "MARK"])
def test_deleting(name: str) -> None:
    it = ccr()
    say(it, "node NODEA /priv Mark=1 Other=2 Third=3")
    assert say(it, f"node NODEA /priv:{name},Third /usedefault").rc == 0
    assert [v.name for v in it.host("NODEA").registry.values(rf"{NODES}\1\Parameters")] == ["Other"]
    assert changes(it)[-2:] == [f"node nodea: {name} deleted", "node nodea: Third deleted"]
    assert say(it, f"node NODEA /priv:{name} /usedefault").rc == 0
    assert len(changes(it)) == 5


@pytest.mark.parametrize(
    ("line", "rc"),
    [
        ("node NODEC /priv Mark=1", 5042),
        ("group nosuch /priv Mark=1", 5013),
        ("res nosuch /priv Mark=1", 5007),
        ("node /priv Mark=1", 87),
        ("node NODEA /priv Mark", 87),
        ("node NODEA /priv =1", 87),
        ("node NODEA /priv Mark=1:nope", 87),
        (r"node NODEA /priv Mark=C:\x", 87),  # a colon needs quotes
        ("node NODEA /priv Mark=a=b", 87),
        ("node NODEA /priv Mark=a b", 87),
        ("node NODEA /priv Mark=x:dword", 87),
        ("node NODEA /priv Mark=1,2:dword", 87),
        ("node NODEA /priv Mark=4294967296:dword", 87),
        ("node NODEA /priv Mark=256:binary", 87),
        ("node NODEA /priv Good=1 Mark=x:dword", 87),
        ("node NODEA /priv /usedefault", 87),
        ("node NODEA /priv Mark=1 /usedefault", 87),
        ("node NODEA /status Mark=1", 87),
        ("node NODEA Mark=1", 87),
        ("node NODEA /prop NodeName=X", 87),
        ("node NODEA /prop Mark=1", 87),
        (f'group "{PRINT}" /prop FailoverThreshold=x', 87),
        (f'group "{PRINT}" /prop FailoverThreshold=5:string', 87),
        ("/cluster:NOWHERE node NODEA /priv Mark=1", 1722),
    ],
)
def test_what_makes_no_sense_changes_nothing(line: str, rc: int) -> None:
    it = ccr()
    done = say(it, line)
    assert (done.rc, changes(it)) == (rc, [])
    assert "System error" in done.out


@pytest.mark.parametrize(
    ("target", "typed", "place", "shown"),
    [
        ("node NODEA", 'Description="the first"', ("node", "nodea"), "the first"),
        (f'group "{PRINT}"', "FailoverThreshold=3", ("group", PRINT.lower()), "3 (0x3)"),
        ('res "Cluster Name"', "restartaction=0:dword", ("resource", "cluster name"), "0 (0x0)"),
        ("", "Description=ours", ("cluster", ""), "ours"),
    ],
)
def test_common_properties(target: str, typed: str, place: tuple[str, str], shown: str) -> None:
    it, name = ccr(), typed.partition("=")[0]
    before = say(it, f"{target} /prop").out
    assert say(it, f"{target} /prop {typed}").rc == 0
    assert list(it.cluster.properties) == [PropertyPlace(*place, private=False)]
    rows = [line for line in say(it, f"{target} /prop").out.splitlines() if f" {name.lower()} " in line.lower()]
    assert [row.endswith(f" {shown}") for row in rows] == [True]
    assert say(it, f"{target} /prop:{name} /usedefault").rc == 0
    assert say(it, f"{target} /prop").out == before


# ---- the hive


def query(it: Lab, host: str, key: str = rf"{NODES}\1\Parameters") -> Result:
    return it.run(host, f"reg query {key} /v Mark", NETWORK)


def test_every_node_sees_it_at_once() -> None:
    it = scc()
    assert say(it, "node NODEA /priv Mark=1", "NODEC").rc == 0
    assert [query(it, host).rc for host in ("NODEA", "NODEB", "NODEC")] == [0, 0, 0]
    assert "REG_SZ" in query(it, "NODEB").out


def test_the_hive_is_not_loaded_while_the_service_is_stopped() -> None:
    it = ccr()
    say(it, "node NODEA /priv Mark=1")
    it.world.physics.stop_service(it.host("NODEB"), "ClusSvc", None)
    it.wait(30)
    assert [query(it, host).rc for host in ("NODEA", "NODEB")] == [0, 1]
    assert it.run("NODEB", r"reg query HKLM\Cluster", NETWORK).rc == 1
    assert say(it, "node NODEA /priv", "NODEB").rc == 1753
    assert say(it, "node NODEA /priv Mark=2", "NODEA").rc == 0
    it.world.physics.start_service(it.host("NODEB"), "ClusSvc", None)
    it.wait(60)
    assert value(it, rf"{NODES}\1\Parameters", "Mark", "NODEB") == "2"


def test_it_outlives_restarts_of_both_nodes() -> None:
    it = ccr()
    say(it, "node NODEA /priv Mark=1")
    for name in ("NODEA", "NODEB"):
        it.world.physics.shutdown(it.host(name), True, 0, None)
        it.wait(900)
    assert query(it, "NODEA").rc == 0


def test_a_network_logon_reaches_the_own_node_only() -> None:
    it = lab(two_nodes(groups=[{"name": "Cluster Group", "owner": "NODEA"}], knobs={"cluster_network_logon": "denied"}))
    assert say(it, "/cluster:CLUS1 node NODEA /priv Mark=1", "NODEB").rc == 5
    assert say(it, "node NODEA /priv Mark=1", "NODEB").rc == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('cluster node A /priv X="a b" Y=1', ["cluster", "node", "A", "/priv", 'X="a b"', "Y=1"]),
        ('"c:\\x y\\cluster.exe" node', ['"c:\\x y\\cluster.exe"', "node"]),
        ('cluster group "a b', ["cluster", "group", '"a b']),
    ],
)
def test_words_keep_their_quotes(line: str, words: list[str]) -> None:
    assert raw_words(line) == words
