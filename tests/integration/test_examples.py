# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EXAMPLES of every module and filter, run as they stand against the clusters of a company, judged by the lab's truth.

What only looks is one playbook. What acts is a story: each example runs on what the ones before it have left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from ansible_collections.mailops.exchange2007.playbooks.files.rehearse import Lab
from ansible_collections.mailops.exchange2007.tests.integration import examples
from ansible_collections.mailops.exchange2007.tests.integration.conftest import Play, Run
from ansible_collections.mailops.exchange2007.tests.integration.truths import PASSWORD, Truth, acts, console, setups

MODULE = f"{examples.COLLECTION}."
ONE = "mbx1a:mbx1b"
LOOKING = {
    "cluster_info": "mbx1b",
    "exchange_info": ONE,
    "storage_group_copy_info": "mbx1a",
    "mailbox_info": "mbx1a",
    "node_wait": ONE,
    "upgrade_report": ONE,
    "migration_report": ONE,
}
# The order in which the filters build on each other's readings.
READERS = ("upgrade_observation", "upgrade_observations")
Judge = Callable[["Told"], None]


@dataclass(frozen=True)
class Told:
    """An example that was run: how it went, the lab's truth before and after, the folder of the playbook."""

    run: Run
    before: Truth
    after: Truth
    folder: Path
    lab: Lab

    @property
    def lines(self) -> list[str]:
        """What changed something meanwhile, as 'HOST: line'."""
        return acts(self.after)[len(acts(self.before)) :]

    def group(self, cluster: str, name: str) -> tuple[str, str]:
        """Owner and state of a group afterwards."""
        found = self.after["clusters"][cluster]["groups"][name]
        return found["owner"], found["state"]


def quick() -> dict[str, dict[str, float]]:
    """module_defaults that keep real time short; the lab has its own."""
    pauses = {"poll": 0.1, "interval": 0.05, "copy_interval": 0.05}
    found = {}
    for name in examples.modules():
        options = yaml.safe_load(examples.section(name, "DOCUMENTATION")).get("options") or {}
        found[MODULE + name] = {option: seconds for option, seconds in pauses.items() if option in options}
    return found


def cluster_node(told: Told) -> None:
    """The paused node is up."""
    assert told.before["clusters"]["EXCLUS2"]["nodes"]["MBX2B"] == "paused"
    assert told.after["clusters"]["EXCLUS2"]["nodes"]["MBX2B"] == "up"


def clustered_mailbox_server(told: Told) -> None:
    """It is online where it was; asking about a move moved nothing."""
    server = told.after["clusters"]["EXCLUS2"]["cms"]["MAIL2"]
    assert told.before["clusters"]["EXCLUS2"]["cms"]["MAIL2"]["state"] == "offline"
    assert (server["state"], server["owner"], set(server["databases"].values())) == ("online", "MBX2A", {"mounted"})
    assert len(told.lines) == 1, told.lines


def public_folder_replica(told: Told) -> None:
    """MAIL1 alone has them, every item of them, and MAIL2 gave up none before."""
    assert {tuple(folder["replicas"]) for folder in told.before["public_folders"].values()} >= {("MAIL2",)}
    for path, folder in told.after["public_folders"].items():
        assert (folder["replicas"], folder["content"]) == (["MAIL1"], {"MAIL1": folder["items"]}), path


def server_manager_feature(told: Told) -> None:
    """The features are there, and the server was restarted only if that was asked for."""
    listing = console(told.lab, "MBX3A", "ServerManagerCmd -query")
    for feature in ("RSAT-Clustering", "Failover-Clustering", "PowerShell", "Web-Lgcy-Mgmt-Console"):
        assert f"[X] {feature}" in listing or f"[{feature}]" in listing
    asked = told.run.results["Install what a mailbox cluster node needs"]["mbx3a"]["restart_required"]
    assert told.after["hosts"]["MBX3A"]["boots"] == int(asked)


def mailbox_move(told: Told) -> None:
    """Everybody is on MAIL1 but the board; nothing was lost."""
    databases = told.after["mail"]["databases"]
    counts = {name.partition("\\")[0]: 0 for name in databases}
    for name, content in databases.items():
        counts[name.partition("\\")[0]] += content["mailboxes"]
    assert (counts["MAIL1"], counts["MAIL2"]) == (5, 1)
    assert told.after["mail"]["named"]["board1"].startswith("MAIL2")


def windows_installer_package(told: Told) -> None:
    """The tools are there, the other product is not, and nobody restarted anything."""
    before, after = (truth["hosts"]["ADMIN1"] for truth in (told.before, told.after))
    assert before["products"] == ["Backup Agent"]
    assert after["products"] == ["Windows Server 2003 Service Pack 2 Administration Tools Pack"]
    assert (after["boots"], after["tasks"]) == (0, [])


def cluster_group(told: Told) -> None:
    """Moved, and online."""
    assert told.group("EXCLUS1", "Cluster Group") == ("MBX1A", "online")
    assert told.group("EXCLUS1", "Print & Fax (HQ)") == ("MBX1A", "online")


def node_service(told: Told) -> None:
    """Stopped; restarted."""
    services = told.after["hosts"]["MBX1B"]["services"]
    assert (services["pla"], services["Spooler"]) == ("stopped", "running")
    assert next(line for line in told.lines if "Spooler" in line).startswith("MBX1B: sc stop")


def exchange_setup(told: Told) -> None:
    """The passive node has the new program files, nobody was without mail, and the schema, long extended, was left."""
    assert [host for host, _mode in setups(told.after)] == ["MBX1B"]
    assert told.after["hosts"]["MBX1B"]["exchange"]["release"] == "sp2"
    assert told.after["outages"] == told.before["outages"]


def node_file(told: Told) -> None:
    """The file is there as it is here, and Setup's log is here as it is there."""
    assert console(told.lab, "MBX1B", r"type D:\media\sp2.sha1") == CHECKSUMS.replace("\r\n", "\n")
    fetched = told.folder / "logs" / "mbx1b-ExchangeSetup.log"
    assert fetched.stat().st_mode & 0o777 == 0o640
    log = fetched.read_text("utf-8").replace("\r\n", "\n")
    assert log == console(told.lab, "MBX1B", r"type C:\ExchangeSetupLogs\ExchangeSetup.log")


def node_reboot(told: Told) -> None:
    """Restarted, and up in its cluster again."""
    assert told.after["hosts"]["MBX1B"]["boots"] == told.before["hosts"]["MBX1B"]["boots"] + 1
    assert told.after["clusters"]["EXCLUS1"]["nodes"]["MBX1B"] == "up"


def cms_handover(told: Told) -> None:
    """The mailbox server is online at the release on the upgraded node, after one outage."""
    server = told.after["clusters"]["EXCLUS1"]["cms"]["MAIL1"]
    assert (server["owner"], server["release"], server["state"]) == ("MBX1B", "sp2", "online")
    assert set(server["databases"].values()) == {"mounted"}
    assert not told.after["outages"]["MAIL1"]["open"]


# The order of the story; the host of each example.
STORY: tuple[tuple[str, str, Judge], ...] = (
    ("cluster_node", "mbx2a", cluster_node),
    ("clustered_mailbox_server", "mbx2b", clustered_mailbox_server),
    ("public_folder_replica", "mbx1a", public_folder_replica),
    ("mailbox_move", "mbx1a", mailbox_move),
    ("server_manager_feature", "mbx3a", server_manager_feature),
    ("windows_installer_package", "admin1", windows_installer_package),
    ("cluster_group", "mbx1a", cluster_group),
    ("node_service", "mbx1b", node_service),
    ("exchange_setup", "mbx1b", exchange_setup),
    ("node_file", "mbx1b", node_file),
    ("node_reboot", "mbx1b", node_reboot),
    ("cms_handover", "mbx1b", cms_handover),
)
CHECKSUMS = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12  Setup.com\r\n"


@pytest.fixture(scope="module")
def lab(start_lab: Callable[..., Lab]) -> Lab:
    """One lab for everything here."""
    return start_lab("examples")


@pytest.fixture(scope="module")
def tell(lab: Lab, playbook: Play, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Told]:
    """Run plays from a folder that has what the examples take from the controller."""
    folder = tmp_path_factory.mktemp("examples")
    for name in ("files", "logs"):
        (folder / name).mkdir()
    (folder / "files" / "sp2.sha1").write_bytes(CHECKSUMS.encode())

    def run(plays: str) -> Told:
        (folder / "playbook.yml").write_text(plays, encoding="utf-8")
        before = lab.truth()
        secrets = {f"vault_{who}_admin_password": PASSWORD for who in ("schema", "exchange")}
        found = playbook(lab, folder / "playbook.yml", upgrade_poll=0.1, **secrets)
        return Told(found, before, lab.truth(), folder, lab)

    return run


@pytest.fixture(scope="module")
def looked(tell: Callable[[str], Told]) -> Told:
    """Everything that only looks, in one playbook, before anything is changed."""
    in_order = sorted(examples.filters().items(), key=lambda item: item[0] not in READERS)
    filters = [(name, ONE, text) for name, text in in_order]
    modules = [(name, hosts, examples.section(name, "EXAMPLES")) for name, hosts in LOOKING.items()]
    plays = [examples.play(name, hosts, text, quick()) for name, hosts, text in [*modules, *filters]]
    return tell("\n".join([PLAN, *plays]))


# What the filters' examples find on every node, as they say: the survey's and the plan's facts.
PLAN = f"""\
- name: Plan
  ansible.builtin.import_playbook: {examples.COLLECTION}.plan
  vars: {{upgrade_hosts: '{ONE}', upgrade_release: sp2, upgrade_media: 'D:\\media\\sp2'}}
"""


@pytest.fixture(scope="module")
def story(looked: Told, tell: Callable[[str], Told]) -> Callable[[str], Told]:
    """Tell the story up to an example, and no part of it twice."""
    del looked  # comes first
    told: dict[str, Told] = {}

    def until(last: str) -> Told:
        for name, host, _judge in STORY:
            if name not in told:
                told[name] = tell(examples.play(name, host, examples.section(name, "EXAMPLES"), quick()))
            if name == last:
                break
        return told[last]

    return until


def undocumented(name: str, run: Run) -> list[str]:
    """Where the results of a module's own tasks are not what its RETURN says."""
    returned = yaml.safe_load(examples.section(name, "RETURN"))
    found = []
    for task in yaml.safe_load(examples.section(name, "EXAMPLES")):
        if MODULE + name not in task:
            continue
        assert task["name"] in run.results, f"{task['name']} was not run"
        for result in run.results[task["name"]].values():
            for each in result.get("results", [result]):
                found += [] if each.get("skipped") else examples.strays(returned, each)
    return found


def test_every_module_has_its_place() -> None:
    """Among those that look or in the story; a new one is missed here."""
    assert sorted([*LOOKING, *(name for name, _host, _judge in STORY)]) == examples.modules()


def test_what_looks_changes_nothing(looked: Told) -> None:
    """One playbook with the examples of all modules that only look, and of all filters."""
    assert looked.run.code == 0, looked.run.output
    assert looked.lines == []
    assert looked.run.changed == []
    assert looked.after["clusters"] == looked.before["clusters"]
    for text in examples.filters().values():
        run = {task["name"] for task in yaml.safe_load(text) if "ansible.builtin.meta" not in task}
        assert run <= looked.run.results.keys()  # of meta tasks Ansible tells nothing
    assert list((looked.folder / "reports").glob("EXCLUS1-*.html"))


@pytest.mark.parametrize("name", LOOKING)
def test_results_are_as_documented(looked: Told, name: str) -> None:
    """Keys and types are those of RETURN."""
    assert undocumented(name, looked.run) == []


@pytest.mark.parametrize(("name", "judge"), [pytest.param(n, j, id=n) for n, _h, j in STORY])
def test_what_acts_does_what_it_says(story: Callable[[str], Told], name: str, judge: Judge) -> None:
    """The lab shows the effect, no rule is broken, and the result is as documented."""
    told = story(name)
    assert told.run.code == 0, told.run.output
    assert told.lines
    assert told.after["violations"] == []
    judge(told)
    assert undocumented(name, told.run) == []
