# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one seed means: a cluster, a goal, and passes of the playbook with faults, kills and a moving world.

A scenario is plain data, so that a failing one can be kept as a file that stays the same when this generator changes:

    topology: as in a topology file of the lab
    goal, options: release, and variables of the role
    passes: list of {wait, check, dry, kill, faults, happenings, second}; all optional
    rest: lab seconds between the last of them and the runs that must converge
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

Data = dict[str, Any]

RELEASES = ("rtm", "sp1", "sp2", "sp3")
_SCHEMA = {"rtm": 10637, "sp1": 11116, "sp2": 14622, "sp3": 14625}
_PLAIN = ("NODEA", "NODEB", "NODEC", "NODED", "NODEE")
_ODD = ("EXCHANGE-MBX-01", "N1", "N10", "Node-2", "MBX")
_GROUPS = ("Print & Fax (HQ)", "O'Brien, Zürich & Co.", "MSDTC", "Group with a name longer than any column (1)")
_SERVERS = ("CMS1", "MAIL-B", "CMS3", "MBX-SOUTH", "MAIL-EAST", "CMS10", "X", "MX-0", "CMS-3", "POST", "MX", "Y-1")
_CLUSTERS = ("", "ALPHA", "Zulu-2")  # one comes before the first one's name, one after it
_CMS_GROUPS = ("Mail & Archive (A)", "Postfach «Süd»", "Exchange Virtual Server 1 (A&B)", "Mail, B = C")
_SETUP_TIMES = {
    "setup_start": 4,
    "setup_copy": 5,
    "setup_checks": 6,
    "setup_organization": 15,
    "setup_prepare": 6,
    "setup_remove": 12,
    "setup_prepare_files": 8,
    "setup_files": 20,
    "setup_mailbox": 25,
    "setup_tools": 5,
    "setup_finish": 5,
    "setup_cms_checks": 3,
    "setup_cms": 9,
}
_OTHER_TIMES = {
    "boot": 60,
    "power_down": 10,
    "autostart": 10,
    "cluster_join": 10,
    "cms_start": 12,
    "cms_stop": 8,
    "cms_move": 12,
    "copy_initializing": 10,
    "copy_settle": 30,
}


def draw(seed: int) -> Data:
    """The scenario of a seed; one in sixteen has several clusters."""
    many = Random(f"clusters of {seed}").random() < 1 / 16
    return _Drawing(Random(seed), seed).several() if many else _Drawing(Random(seed), seed).scenario()


class _Drawing:
    def __init__(self, random: Random, seed: int) -> None:
        self._random = random
        self._seed = seed
        self._number = 0  # of the cluster that is being drawn
        self._names: list[str] = []
        self._long = self._some(0.06)  # the few with everything: more nodes, real durations, more passes

    # --- chances ---

    def _some(self, chance: float) -> bool:
        return self._random.random() < chance

    def _of(self, *choices: Any) -> Any:
        return self._random.choice(choices)

    # --- the whole ---

    def scenario(self) -> Data:
        self._nodes_drawn()
        passes = [
            self._pass(number) for number in range(self._of(1, 1, 1, 2, 2, 3) if self._long else self._of(1, 1, 2))
        ]
        return self._told(passes, self._topology(None), self._options())

    def several(self) -> Data:
        """The same with two or three clusters, and the limits that the user of many clusters has."""
        self._long = False
        self._nodes_drawn()
        clusters, names = [self._cluster()], list(self._names)
        for number in range(1, self._of(2, 2, 2, 3)):
            self._number = number
            self._cluster_drawn([name for name in (*_PLAIN, *_ODD) if name not in names])
            clusters.append(self._cluster())
            names += self._names
        self._names = names
        limits = {
            "upgrade_canary": self._of(0, 0, 1, [self._of(*(cluster["name"] for cluster in clusters))]),
            "upgrade_batch": self._of(0, 0, 1, 2),
            "upgrade_failure_budget": self._of(0, 0, 1, -1),
            "upgrade_stop_after": self._of(0, 0, 0, 300, 1000),
        }
        passes = [self._pass(number) for number in range(self._of(1, 1, 2))]
        return self._told(passes, self._topology(clusters), self._options() | limits)

    def _told(self, passes: list[Data], topology: Data, options: Data) -> Data:
        return {
            "seed": self._seed,
            "goal": self._goal,
            "topology": topology,
            "options": options,
            "passes": passes,
            "rest": self._of(0, 0, 20, 120, 1200),
        }

    def _options(self) -> Data:
        return {
            "upgrade_release": self._goal,
            "upgrade_media": rf"D:\media\{self._goal}",
            "upgrade_poll": self._of(5, 10, 10, 20),
            "upgrade_copy_interval": self._of(1, 5),
            "upgrade_hand_over_after": self._of("all", "all", "all", "first"),
            "upgrade_offline_budget": self._of(0, 0, 60),
            "upgrade_failback": self._some(0.15),
            "upgrade_prepare_directory": not self._prepared or self._some(0.2),
        }

    # --- the cluster ---

    def _nodes_drawn(self) -> None:
        self._family = self._of("2003", "2008")
        self._start = self._of("rtm", "sp1", "sp1", "sp2") if self._family == "2003" else self._of("sp1", "sp2")
        later = RELEASES[RELEASES.index(self._start) + 1 :]
        self._goal = self._of(*later)
        self._prepared = False
        self._cluster_drawn(_PLAIN, _ODD)

    def _cluster_drawn(self, *names: Sequence[str]) -> None:
        """Kind, nodes, and how far the upgrade of one cluster is; names: where its nodes' come from."""
        self._kind = self._of("ccr", "ccr", "ccr", "scc")
        most = 5 if self._long else 3
        count = 2 if self._kind == "ccr" else self._random.randint(2, most)
        self._names = self._random.sample(names[0] if self._some(0.8) else names[-1], count)
        # A single copy cluster needs a passive node.
        self._servers = 1 if self._kind == "ccr" else self._random.randint(1, min(count - 1, 3 if self._long else 2))
        self._steps = self._ideal()
        far = self._random.random() ** 0.5  # most start near the end, so that a run costs milliseconds
        most_done = len(self._steps) - (0 if self._some(0.05) else 1)
        done = 0 if self._long and self._some(0.5) else min(most_done, int(far * (len(self._steps) + 1)))
        self._done = self._steps[:done]
        self._prepared = bool(self._done) or self._some(0.4) or self._prepared
        self._next = self._steps[done] if done < len(self._steps) else None

    def _ideal(self) -> list[tuple[str, int, int]]:
        """(bits, node, 0) and (cms, server, target node) in the order of an upgrade that nothing disturbs."""
        count, servers = len(self._names), self._servers
        steps = [("bits", node, 0) for node in range(servers, count)]
        free = count - 1
        for server in range(servers):
            steps += [("cms", server, free), ("bits", server, 0)]
            free = server
        return steps

    def _topology(self, clusters: list[Data] | None) -> Data:
        language = self._some(0.1)
        page = 850 if language or self._some(0.3) else 437
        windows = {"family": self._family, "language": "xx" if language else "en", "oem_codepage": page}
        rollups = [f"Update Rollup {n} for Exchange Server 2007" for n in range(1, self._of(1, 1, 2, 3))]
        return {
            "windows": windows | ({"service_pack": 2} if self._family == "2003" else {}),
            "exchange": {"release": self._start, "rollups": rollups},
            "media": {rf"D:\media\{release}": release for release in RELEASES[1:]},
            "directory": {"schema": _SCHEMA[self._goal if self._prepared else self._start]},
            "clusters": clusters or [self._cluster()],
            "durations": self._durations(),
            "knobs": self._knobs(),
        }

    def _durations(self) -> Data:
        scale = self._random.uniform(2, 8) if self._long else self._random.uniform(0.3, 1.2)
        times = {name: round(seconds * scale, 2) for name, seconds in _SETUP_TIMES.items()}
        pace = self._random.uniform(0.5, 2.0)
        return times | {name: round(seconds * pace, 2) for name, seconds in _OTHER_TIMES.items()}

    def _knobs(self) -> Data:
        return {
            "upgrade_cms_starts": self._some(0.3),
            "setup_wraps": self._some(0.7),
            "setup_redraws": self._of("backspace", "carriage_return", "none"),
            "setup_restarts_winrm": self._some(0.5),
            "restart_pending_after_upgrade": self._some(0.8),
            "cms_key": self._of("ClusteredMailboxServer", "CMS"),
            "state_words": self._of("joined", "spaced"),
            "jitter": self._of(0.0, 0.0, 0.2),
            "cluster_error_stream": self._of("stdout", "stderr"),
            "cluster_exit_code": self._of("right", "right", "one"),
            "cluster_wait_code": self._of(258, 1460, 997),
            "wmic_entities": self._some(0.2),
            "reg_separator": self._of("tab", "blanks"),
        }

    def _cluster(self) -> Data:
        quorum = "majority_witness" if self._kind == "ccr" else self._of("shared_disk", "majority_witness")
        upgraded = {self._names[node] for what, node, _to in self._done if what == "bits"}
        nodes = [
            {"name": name, **({"exchange": {"release": self._goal, "rollups": []}} if name in upgraded else {})}
            for name in self._names
        ]
        groups = [
            self._group("Cluster Group", [("Cluster IP Address", "IP Address"), ("Cluster Name", "Network Name")])
        ]
        groups += [self._group(name, [("IP of " + name[:9], "IP Address")]) for name in self._odd_groups()]
        return {
            "name": self._of("CLUS1", "EX-CLUSTER") if self._number == 0 else _CLUSTERS[self._number],
            "quorum": quorum,
            "nodes": nodes,
            "groups": groups,
            "mailbox_servers": [self._server(number) for number in range(self._servers)],
        }

    def _odd_groups(self) -> list[str]:
        return self._random.sample(_GROUPS, self._of(0, 0, 1, 2))

    def _group(self, name: str, resources: list[tuple[str, str]]) -> Data:
        made = {"name": name, "owner": self._of(*self._names), "resources": []}
        return made | {"resources": [{"name": n, "type": t} for n, t in resources]}

    def _server(self, number: int) -> Data:
        moved = next((to for what, server, to in self._done if (what, server) == ("cms", number)), None)
        owner, release, online = (number, self._start, True) if moved is None else (moved, self._goal, True)
        if moved is None and self._next and self._next[:2] == ("cms", number) and self._some(0.3):
            # The controller of an earlier run died in the window: stopped, moved, or upgraded and not started.
            target = self._next[2]
            owner, release = self._of((owner, release), (target, release), (target, self._goal))
            online = False
        groups = self._of(1, 1, 2)
        return {
            "name": _SERVERS[self._number * len(_CMS_GROUPS) + number],
            "kind": self._kind,
            "owner": self._names[owner],
            "release": release,
            "online": online,
            "group": _CMS_GROUPS[number] if self._some(0.3) else _SERVERS[self._number * len(_CMS_GROUPS) + number],
            "storage_groups": [{"name": f"SG{n}", "database": f"Staff ({n})"} for n in range(groups)],
        }

    # --- what happens ---

    def _pass(self, number: int) -> Data:
        last = number and self._some(0.5)
        wild = self._some(0.35)
        made: Data = {"wait": self._of(0, 0, 0, 5, 60, 1000) if number else 0}
        if self._some(0.05):
            return made | {"check": True}
        if self._some(0.55) and not last:
            made["kill"] = self._kill()
        if self._some(0.4):
            made["faults"] = [self._fault() for _each in range(self._of(1, 1, 2, 3))]
        if wild:
            made["happenings"] = [self._happening() for _each in range(self._of(1, 1, 2))]
        if self._some(0.06):
            made["second"] = {"at": round(self._random.uniform(0, 200), 1)}
        if self._some(0.05):
            made["dry"] = True
        return made

    def _kill(self) -> Data:
        moment = self._of("before", "during", "during", "after")
        command = 1 + int(self._random.random() ** 1.5 * 90)
        seconds = round(self._random.random() ** 2 * 40, 2)
        return {"command": command, "moment": moment, **({"seconds": seconds} if moment == "during" else {})}

    def _fault(self) -> Data:
        made = self._of(
            self._command_fault,
            self._command_fault,
            self._command_fault,
            self._wire_fault,
            self._blow,
            self._setup_fault,
        )()
        made["count"] = made.get("count", self._of(1, 1, 1, 2, 3))
        if self._some(0.3):
            made["host"] = self._of(*self._names)
        return {key: str(value) for key, value in made.items()}

    def _command_fault(self) -> Data:
        name = self._of("exit", "no_effect", "denied", "garbage", "hang", "drop")
        made: Data = {"fault": name, "when": self._of("before", "before", "after"), **self._target()}
        if name == "drop":
            made["connections"] = self._of(1, 1, 2, 5)
        return made

    def _target(self) -> Data:
        return dict(
            self._of(
                {"program": "powershell", "match": "Stop-Clustered"},
                {"program": "powershell", "match": "Move-Clustered"},
                {"program": "powershell", "match": "Start-Clustered"},
                {"program": "powershell", "match": "Get-MailboxServer"},
                {"program": "powershell", "match": "Get-StorageGroupCopyStatus"},
                {"program": "powershell"},
                {"program": "cluster", "match": "/move"},
                {"program": "cluster", "match": "group"},
                {"program": "cluster"},
                {"program": "schtasks", "match": "/create"},
                {"program": "schtasks", "match": "/run"},
                {"program": "schtasks", "match": "/delete"},
                {"program": "reg"},
                {"program": "wmic"},
                {"program": "wmic", "match": "LastBoot"},
                {"program": "tasklist"},
                {"program": "sc"},
                {"program": "shutdown"},
                {"program": "find"},
                {"program": "more"},
            )
        )

    def _wire_fault(self) -> Data:
        return {"fault": "drop", "program": "wsman", "match": self._of("Create", "Command", "Receive", "")}

    def _blow(self) -> Data:
        name = self._of("crash", "failover", "service_stop", "disk_full")
        made: Data = {"fault": name, "when": self._of("before", "after"), "count": 1, **self._target()}
        if name == "service_stop":
            made["name"] = self._of("clussvc", "msexchangeis", "msexchangerepl", "winmgmt")
        return made

    def _setup_fault(self) -> Data:
        name = self._of(
            *("setup_fail", "setup_prerequisite", "setup_msi_1638", "setup_no_dns", "setup_silent_step", "setup_stops"),
            *("setup_no_success", "setup_exit_1", "setup_restart_pending", "setup_access_denied", "setup_disk_full"),
        )
        return {"fault": name, "count": 1}

    def _happening(self) -> Data:
        what = self._of(
            *("crash", "failover", "move_group", "move_server", "stop_server", "pause", "service", "service"),
            *("restart", "install"),
        )
        at = self._random.uniform(0, 900 if self._long else 350)
        made: Data = {"at": round(at, 1), "what": what, "host": self._of(*self._names)}
        if what == "service":
            made["service"] = self._of("clussvc", "msexchangeis", "msexchangerepl", "winmgmt", "winrm", "schedule")
        if what in ("service", "pause"):
            made["lasts"] = self._of(5, 30, 120)
        if what == "move_group":
            made["which"] = self._random.randint(0, 3)
        return made
