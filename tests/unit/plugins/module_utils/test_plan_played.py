# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan, played on a small model of a cluster: every start ends with everything upgraded, and no rule is broken.

The model is turned as the playbook does it: the order once, from the first readings, and the steps of each node from
readings made at its turn.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import product

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils import _plan as plan
from ansible_collections.mailops.exchange2007.plugins.module_utils._versions import release_rank
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.test_plan import BUILDS, PREPARED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@dataclass
class Server:
    """A clustered mailbox server of the model. allowed: nodes that it may run on."""

    owner: str
    release: str
    allowed: tuple[str, ...] = ()
    state: str = "online"


@dataclass
class Model:
    """One cluster: node -> release, servers, group -> owner, nodes whose restart is pending; and what was done."""

    nodes: dict[str, str]
    servers: dict[str, Server]
    groups: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    goal: str = "sp2"
    after: str = "all"
    moves: Counter[str] = field(default_factory=Counter)
    setups: list[str] = field(default_factory=list)

    def readings(self) -> list[plan.Reading]:
        """What a survey says of it now."""
        servers = [
            {"name": name, "owner": s.owner, "state": s.state, "release": s.release, "kind": "scc"}
            | {"redundant_machines": list(s.allowed), "databases": []}
            for name, s in self.servers.items()
        ]
        return [
            {
                "host": node.lower(),
                "node": node,
                "cluster": "EX",
                "members": list(self.nodes),
                "os": "2003",
                "release": release,
                "version": BUILDS[release],
                "servers": [dict(s) for s in servers],
                "owns_cms": sorted(n for n, s in self.servers.items() if s.owner == node),
                "owns_groups": sorted(g for g, owner in self.groups.items() if owner == node),
                "nodes_up": list(self.nodes),
                "groups": [],
                "pending_restart": node in self.pending,
                "jobs": {},
                "servers_error": "",
                "not_ready": [],
                "not_prepared": [],
                "directory": PREPARED,
                "proof": None,
            }
            for node, release in self.nodes.items()
        ]

    def play(self) -> None:
        """Every turn, in the order of the first readings."""
        for turn in plan.lanes(self.readings(), self.goal, self.after)["EX"]:
            read = {reading["node"]: reading for reading in self.readings()}
            mine = read.pop(turn["node"])
            todo = plan.node_steps(mine, list(read.values()), self.goal)
            assert todo["blocked"] == ""
            for hand_over in todo["hand_overs"]:
                self.hand_over(hand_over["name"], hand_over["to"])
            for group in todo["groups"]:
                assert group["owner"] != turn["node"]
                self.groups[group["name"]] = group["owner"]
            if todo["restart"]:
                self.out_of_service(turn["node"], setup=todo["setup"])

    def hand_over(self, name: str, to: str) -> None:
        """R5, and then what cms_handover does."""
        server = self.servers[name]
        assert self.new(to), f"R5: {to} is old"
        assert all(s.owner != to for n, s in self.servers.items() if n != name), f"R5: {to} runs another one"
        assert not server.allowed or to in server.allowed, f"R5: {name} may not run on {to}"
        if self.after == "all" and not self.done(server) and server.owner != to and server.state == "online":
            owners = {s.owner for s in self.servers.values()}
            assert all(self.new(node) for node in self.nodes if node not in owners), "R5: a passive node is old"
        if server.owner != to or not self.done(server):
            self.moves[name] += 1
        release = server.release if self.done(server) else self.goal
        self.servers[name] = Server(to, release, server.allowed)

    def out_of_service(self, node: str, *, setup: bool) -> None:
        """R1, R3, R4, and then what Setup and the restart do. R2 holds: there is one turn at a time."""
        owned = [n for n, s in self.servers.items() if s.owner == node]
        owned += [g for g, owner in self.groups.items() if owner == node]
        assert owned == [], f"R1: {node} owns {owned}"
        assert all(s.state == "online" for s in self.servers.values()), "R3"
        if setup:
            others = [other for other in self.nodes if other != node and not self.new(other)]
            assert others or all(self.done(s) for s in self.servers.values()), "R4"
            self.nodes[node] = self.goal
            self.setups.append(node)
        self.pending.discard(node)

    def new(self, node: str) -> bool:
        return release_rank(self.nodes[node]) >= release_rank(self.goal)

    def done(self, server: Server) -> bool:
        return release_rank(server.release) >= release_rank(self.goal)

    def finished(self) -> bool:
        return plan.is_done(self.readings(), self.goal) and not self.pending


def fewest(model: Model) -> int:
    """The fewest handovers that any order of turns and any choice of targets takes: every one of them is tried."""
    where = tuple(sorted((name, s.owner) for name, s in model.servers.items()))
    new = frozenset(n for n in model.nodes if model.new(n))
    queue = deque([(0, where, new)])
    seen = set()
    while queue:
        count, where, new = queue.popleft()
        taken = {node for _name, node in where}
        new |= {node for node in model.nodes if node not in taken}  # a node that runs none can be upgraded at once
        if len(new) == len(model.nodes):
            return count
        if (where, new) in seen:
            continue
        seen.add((where, new))
        for name, target in product(dict(where), sorted(new - taken)):
            if not model.servers[name].allowed or target in model.servers[name].allowed:
                queue.append((count + 1, tuple(sorted({**dict(where), name: target}.items())), new))
    raise AssertionError("there is no way")


def unfinished_here(model: Model) -> int:
    """Servers whose upgrade is to be finished where they are."""
    return sum(1 for s in model.servers.values() if model.new(s.owner) and not model.done(s))


# --- every start of a pair, and of a small single copy cluster -------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "goal"), [("rtm", "sp1"), ("rtm", "sp2"), ("rtm", "sp3"), ("sp1", "sp2"), ("sp1", "sp3"), ("sp2", "sp3")]
)
@pytest.mark.parametrize(("owner", "groups_on"), list(product("AB", "AB")))
def test_a_pair(start: str, goal: str, owner: str, groups_on: str) -> None:
    model = Model({"A": start, "B": start}, {"CMS1": Server(owner, start)}, {"Cluster Group": groups_on}, goal=goal)
    model.play()
    assert model.finished()
    assert (model.moves["CMS1"], model.setups) == (1, ["A", "B"] if owner == "B" else ["B", "A"])


@pytest.mark.parametrize("after", ["all", "first"])
@pytest.mark.parametrize(
    ("server", "pending", "moves"),
    [
        pytest.param(Server("A", "rtm"), set(), 1, id="one node done, the CMS still on the old one"),
        pytest.param(Server("A", "rtm"), {"B"}, 1, id="the done node was not restarted"),
        pytest.param(Server("A", "rtm", state="offline"), set(), 1, id="stopped"),
        pytest.param(Server("B", "rtm", state="offline"), set(), 1, id="moved"),
        pytest.param(Server("B", "sp2", state="offline"), set(), 0, id="upgraded, not started"),
        pytest.param(Server("B", "sp2"), set(), 0, id="handed over"),
        pytest.param(Server("B", "sp2"), {"B"}, 1, id="handed over to a node whose restart is pending"),
    ],
)
def test_a_pair_half_done(server: Server, pending: set[str], moves: int, after: str) -> None:
    model = Model({"A": "rtm", "B": "sp2"}, {"CMS1": server}, {"Cluster Group": "A"}, set(pending), after=after)
    model.play()
    assert model.finished()
    assert model.setups == ["A"]
    assert model.moves["CMS1"] == moves


NAMES = ("N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8")


@pytest.mark.parametrize("after", ["all", "first"])
@pytest.mark.parametrize(("size", "count"), [(size, count) for size in range(2, 9) for count in range(1, size)])
def test_single_copy_clusters_of_every_size(size: int, count: int, after: str) -> None:
    """Up to eight nodes and seven servers: each is handed over once."""
    names = NAMES[:size]
    servers = {f"CMS{i}": Server(names[i], "sp1") for i in range(count)}
    model = Model(dict.fromkeys(names, "sp1"), servers, {"Cluster Group": names[-1]}, after=after)
    model.play()
    assert model.finished()
    assert model.moves == Counter(dict.fromkeys(servers, 1))
    first_owner = min(model.setups.index(name) for name in names[:count])
    assert first_owner == (size - count if after == "all" else 1)


def test_first_needs_no_more_passive_nodes_than_the_servers_do() -> None:
    """CMS1 fits on N3 only, CMS2 on N4 only: both passive nodes come first, N5 at the end."""
    allowed = {"CMS1": ("N1", "N3"), "CMS2": ("N2", "N4")}
    servers = {name: Server(may[0], "rtm", may) for name, may in allowed.items()}
    model = Model(dict.fromkeys(NAMES[:5], "rtm"), servers, after="first")
    model.play()
    assert model.finished()
    assert (model.setups, model.moves) == (["N3", "N4", "N1", "N2", "N5"], Counter(CMS1=1, CMS2=1))


def test_the_order_of_the_owners_follows_who_may_run_where() -> None:
    """CMS1 may run on N2 only: N2 has to be vacated first, though N1 comes first by name."""
    servers = {"CMS1": Server("N1", "rtm", ("N1", "N2")), "CMS2": Server("N2", "rtm")}
    model = Model(dict.fromkeys(NAMES[:3], "rtm"), servers)
    model.play()
    assert model.finished()
    assert (model.setups, model.moves) == (["N3", "N2", "N1"], Counter(CMS1=1, CMS2=1))


def test_a_server_makes_room_for_another_one() -> None:
    """Both may run on the passive node only: the first goes home again, online, before the second comes."""
    servers = {"CMS1": Server("N1", "rtm", ("N1", "N3")), "CMS2": Server("N2", "rtm", ("N2", "N3"))}
    model = Model(dict.fromkeys(NAMES[:3], "rtm"), servers)
    texts = [f"{s['node']}: {s['text']}" for s in plan.plan(model.readings(), "sp2")[0]["steps"]]
    assert "N1: OUTAGE of CMS1 begins: move it from N3 to make room, prove it" in texts
    model.play()
    assert model.finished()
    assert (model.setups, model.moves) == (["N3", "N1", "N2"], Counter(CMS1=2, CMS2=1))


def test_a_server_that_may_run_nowhere_else_is_told_and_the_others_are_planned() -> None:
    servers = {"CMS1": Server("N1", "rtm", ("N1",)), "CMS2": Server("N2", "rtm")}
    model = Model(dict.fromkeys(NAMES[:3], "rtm"), servers)
    texts = [f"{s['node']}: {s['text']}" for s in plan.plan(model.readings(), "sp2")[0]["steps"]]
    assert any(text.startswith("N1: refused: N1 owns CMS1, and no node at SP2 is free") for text in texts)
    assert any(text.startswith("N3: OUTAGE of CMS2 begins") for text in texts)


# --- any cluster -----------------------------------------------------------------------------------------------------


@st.composite
def clusters(draw: st.DrawFn) -> Model:
    """Any cluster half way from any state to SP2 in which every server may run on a node that runs none."""
    names = NAMES[: draw(st.integers(2, 5))]
    owners = draw(st.lists(st.sampled_from(names), min_size=1, max_size=len(names) - 1, unique=True))
    nodes = {name: draw(st.sampled_from(["rtm", "sp1", "sp2"])) for name in names}
    free = [name for name in names if name not in owners]
    if all(release == "sp2" for release in nodes.values()):
        nodes[draw(st.sampled_from(names))] = "rtm"
    servers = {}
    for number, owner in enumerate(owners):
        upgraded = nodes[owner] == "sp2"
        release = "sp2" if upgraded and draw(st.booleans()) else "rtm"
        # Old on an upgraded node, it is down; on an old node whoever stopped it may have died.
        state = "offline" if upgraded and release != "sp2" else draw(st.sampled_from(["online", "online", "offline"]))
        some = draw(st.lists(st.sampled_from(names), max_size=2))
        allowed = draw(st.sampled_from([(), tuple(sorted({owner, draw(st.sampled_from(free)), *some}))]))
        servers[f"CMS{number}"] = Server(owner, release, allowed, state)
    groups = {"Cluster Group": draw(st.sampled_from(names)), "Available Storage": draw(st.sampled_from(names))}
    pending = {name for name in free if nodes[name] == "sp2" and draw(st.booleans())}
    return Model(nodes, servers, groups, pending, after=draw(st.sampled_from(["all", "first"])))


@given(clusters())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_cluster_ends_upgraded_with_the_fewest_outages(model: Model) -> None:
    if sum(s.state != "online" for s in model.servers.values()) > 1 or stopped_in_the_way(model):
        return  # more than one run can have left
    wanted = fewest(model) + unfinished_here(model)
    steps = plan.plan(model.readings(), "sp2", hand_over_after=model.after)[0]["steps"]
    to_setup = {node for node in model.nodes if not model.new(node)}
    before = {name: Server(**vars(server)) for name, server in model.servers.items()}
    model.play()
    assert model.finished()
    assert set(model.setups) == to_setup
    assert len(model.setups) == len(to_setup)
    assert max(model.moves.values(), default=0) <= 2
    assert sum(model.moves.values()) == wanted
    planned = Counter(step["node"] for step in steps if step["text"].startswith("Setup /mode:upgrade"))
    assert planned == Counter(model.setups), (before, steps)


def stopped_in_the_way(model: Model) -> bool:
    """A server that is down on an old node keeps every Setup back (R3): its own turn comes after the passive nodes."""
    return any(s.state != "online" and not model.new(s.owner) for s in model.servers.values())


@given(clusters())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_failback_brings_every_server_home_from_wherever_the_upgrade_left_it(model: Model) -> None:
    if any(s.state != "online" for s in model.servers.values()):
        return
    homes = plan.homes(model.readings())
    model.play()
    before = model.moves.copy()
    for back in plan.failbacks(model.readings(), homes):
        model.after = "first"
        model.hand_over(back["name"], back["to"])
    assert plan.homes(model.readings()) == homes or circle(model, homes)
    assert all(model.moves[name] <= before[name] + 1 for name in homes)
    assert plan.failbacks(model.readings(), plan.homes(model.readings())) == []


def circle(model: Model, homes: dict[str, str]) -> bool:
    """Whether the servers that are not home stand on each other's homes."""
    away = {name for name, server in model.servers.items() if server.owner != homes[name]}
    taken = {model.servers[name].owner for name in away}
    return all(homes[name] in taken for name in away)
