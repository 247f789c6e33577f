# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a playbook or its switches do: nothing touches an active node or a CMS before its passive node is upgraded.

The rows are those of the table in reference/ordering.md (1.2, 3) that one or two CCR clusters can play.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration.truths import (
    acts,
    not_upgraded,
    premature,
    setups,
    upgraded_at,
)

Play = Callable[..., Any]
PAIRS = {"CLUSA": ("A2", "A1", "CMSA"), "CLUSB": ("B2", "B1", "CMSB")}  # passive, active, CMS
VARIABLES = {"upgrade_release": "sp2", "upgrade_media": r"D:\media\sp2", "upgrade_poll": 0.2}
FAST = VARIABLES | {"upgrade_copy_interval": 0.05}


def role(entry: str, **keywords: Any) -> dict[str, Any]:
    """A task that includes the role; the report goes nowhere else than into the test's folder."""
    task = {"ansible.builtin.include_role": {"name": "mailops.exchange2007.upgrade", "tasks_from": entry}}
    return task | keywords


def play(hosts: str, *tasks: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    """A play of a user's own."""
    return {"hosts": hosts, "gather_facts": False, "vars": FAST, "tasks": list(tasks)} | keywords


def out_of_order(lab: Lab) -> list[str]:
    """Everything that came too early, in both clusters, and every broken rule."""
    truth = lab.truth()
    found = [act for pair in PAIRS.values() for act in premature(truth, *pair)]
    return found + [broken["what"] for broken in truth["violations"]]


# --- switches and playbooks that end without any act: they share one lab ---------------------------------------------


@pytest.fixture(scope="module")
def fresh(start_lab: Callable[..., Lab]) -> Lab:
    """Two clusters that nobody has touched."""
    return start_lab("two-clusters")


@pytest.fixture
def untouched(fresh: Lab) -> Iterator[Lab]:
    """The same; whoever uses it leaves it untouched."""
    yield fresh
    assert acts(fresh.truth()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--limit", "a1"), "Cluster CLUSA: A2 not read"),
        (("--limit", "a2"), "Cluster CLUSA: A1 not read"),
        (("--limit", "a1,b2"), "Cluster CLUSB: B1 not read"),
        (("--start-at-task", "Upgrade the node"), ""),
        (("--start-at-task", "Hand over each mailbox server"), ""),
        (("--tags", "never_heard_of"), ""),
        (("--skip-tags", "all"), ""),
    ],
    ids=["limit active", "limit passive", "limit mixed", "start late", "start in the role", "tags", "skip tags"],
)
def test_switches(untouched: Lab, upgrade: Play, options: tuple[str, ...], words: str) -> None:
    """A part of a cluster, or of the playbook, does nothing; what is missing is named."""
    run = upgrade(untouched, *options)
    assert words in run.output
    assert run.code != 0 or not words


def test_the_active_node_alone_with_errors_ignored(untouched: Lab, playbook: Play) -> None:
    """A user's playbook that begins with the active nodes and ignores every error."""
    plays = [play("a1:b1", role("survey"), role("node"), ignore_errors=True)]
    run = playbook(untouched, plays)
    assert "no node at SP2 is free to take it" in run.output


def test_modules_by_hand_with_errors_rescued(untouched: Lab, playbook: Play) -> None:
    """Each act on the active node, each refusal rescued or ignored."""
    media = {"media": r"D:\media\sp2", "release": "sp2"}
    acts_of_a_user: list[dict[str, Any]] = [
        {"mailops.exchange2007.exchange_setup": media | {"nodes": ["{{ hostvars.a2.seen.proof }}"]}},
        {"mailops.exchange2007.cms_handover": media | {"name": "CMSA", "nodes": ["{{ hostvars.a2.seen.proof }}"]}},
        {
            "mailops.exchange2007.cms_handover": media | {"name": "CMSA", "nodes": ["{{ seen.proof }}"]},
            "delegate_to": "a2",
        },
        {"mailops.exchange2007.node_reboot": {}},
    ]
    done = {"ansible.builtin.debug": {"msg": "rescued"}}
    blocks = [{"block": [task], "rescue": [done]} for task in acts_of_a_user]
    plays = [
        play("a1:a2", {"mailops.exchange2007.exchange_info": None, "register": "seen"}),
        play("a1", *blocks),
        play("a1", *({**task, "ignore_errors": True} for task in acts_of_a_user)),
    ]
    run = playbook(untouched, plays)
    assert run.code == 0, run.output
    assert run.output.count('"msg": "rescued"') == len(acts_of_a_user)


# --- a passive node that nobody reaches: its active node stays untouched ----------------------------------------------


@pytest.fixture(scope="module")
def half_dark(start_lab: Callable[..., Lab]) -> Lab:
    """The passive node of CLUSA is off."""
    lab = start_lab("two-clusters")
    lab.inject("crash", host="A2", when="now", stays_down="yes")
    return lab


IMPATIENT = {"upgrade_answer_timeout": 0, "upgrade_settle": 1}


@pytest.mark.parametrize(
    "keywords",
    [
        {"serial": 1, "any_errors_fatal": True},
        {"serial": 1, "max_fail_percentage": 0},
        {"any_errors_fatal": True},
        {"ignore_unreachable": True},
        {"ignore_errors": True, "ignore_unreachable": True, "strategy": "free"},
        {"gather_facts": True, "any_errors_fatal": True},
        {"gather_facts": True, "ignore_errors": True, "ignore_unreachable": True},
    ],
    ids=", ".join,
)
def test_the_only_passive_node_is_unreachable(half_dark: Lab, playbook: Play, keywords: dict[str, Any]) -> None:
    """A user's own play over both nodes, with the keywords with which Ansible goes on to the active one."""
    tasks = (role("survey"), role("node"))
    playbook(half_dark, [play("a2:a1", *tasks, **keywords)], **IMPATIENT)
    assert acts(half_dark.truth(), "A1") == []
    assert half_dark.truth()["clusters"]["CLUSA"]["cms"]["CMSA"]["state"] == "online"


def test_the_only_passive_node_is_unreachable_inside_a_block(half_dark: Lab, playbook: Play) -> None:
    """Rescued counts as well done, for Ansible."""
    block = {"block": [role("survey"), role("node")], "rescue": [{"ansible.builtin.debug": {"msg": "rescued"}}]}
    playbook(half_dark, [play("a2:a1", block, serial=1, any_errors_fatal=True)], **IMPATIENT)
    assert acts(half_dark.truth(), "A1") == []


def test_the_collections_own_playbook_without_the_passive_node(half_dark: Lab, upgrade: Play) -> None:
    """The cluster is refused by name; the other one is upgraded."""
    run = upgrade(half_dark, **IMPATIENT)
    truth = half_dark.truth()
    assert run.code != 0
    assert "Cluster CLUSA: A2 not read" in run.output
    assert acts(truth, "A1") == []
    assert [line for line in not_upgraded(truth, "sp2") if line.startswith(("B1", "B2", "CMSB"))] == []


# --- playbooks that act: a lab each ----------------------------------------------------------------------------------

own = pytest.mark.parametrize("lab", ["two-clusters"], indirect=True)


@own
def test_a_passive_node_fails_in_wave_1(lab: Lab, upgrade: Play) -> None:
    """Its cluster stops, with the active node untouched; the other cluster is finished."""
    lab.inject("setup_fail", host="A2", match="Copying Exchange files")
    run = upgrade(lab)
    truth = lab.truth()
    assert run.code != 0
    assert out_of_order(lab) == []
    assert acts(truth, "A1") == []
    assert setups(truth).count(("A2", "upgrade")) == 1
    assert truth["clusters"]["CLUSA"]["cms"]["CMSA"]["state"] == "online"
    assert [line for line in not_upgraded(truth, "sp2") if not line.startswith(("A1", "A2", "CMSA"))] == []


@own
@pytest.mark.parametrize(
    ("fault", "how"),
    [("setup_crash", {"match": "Copying Exchange files", "stays_down": "yes"}), ("no_boot", {})],
    ids=["in Setup", "after the restart"],
)
def test_a_passive_node_is_lost_on_the_way(lab: Lab, upgrade: Play, fault: str, how: dict[str, str]) -> None:
    """Unreachable in the middle, or never back: its active node stays as it is, the other cluster is finished."""
    lab.inject(fault, host="A2", **how)
    run = upgrade(lab, **IMPATIENT, upgrade_setup_timeout=15, upgrade_reboot_timeout=15)
    truth = lab.truth()
    assert run.code != 0
    assert out_of_order(lab) == []
    assert acts(truth, "A1") == []
    assert truth["clusters"]["CLUSA"]["cms"]["CMSA"]["state"] == "online"
    assert [line for line in not_upgraded(truth, "sp2") if line.startswith(("B1", "B2", "CMSB"))] == []


@own
def test_strategy_free(lab: Lab, upgrade: Play) -> None:
    """Hosts at their own pace, as a user's ansible.cfg may say: the order stays."""
    run = upgrade(lab, ANSIBLE_STRATEGY="free")
    assert run.code == 0, run.output
    assert out_of_order(lab) == []
    assert not_upgraded(lab.truth(), "sp2") == []


@own
def test_all_nodes_at_once_with_errors_ignored(lab: Lab, playbook: Play) -> None:
    """A user's own play over all nodes, no serial, strategy free, every error ignored."""
    tasks = (role("survey"), role("node"))
    playbook(lab, [play("a1:a2:b1:b2", *tasks, strategy="free", ignore_errors=True)])
    assert out_of_order(lab) == []
    truth = lab.truth()
    for passive, active, _server in PAIRS.values():
        assert upgraded_at(truth, passive) < float("inf") or acts(truth, active) == []
