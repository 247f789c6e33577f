# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cell of the fault table: a run that the fault strikes, then, with the fault set right, a second one.

The playbook, the role and the modules are the real ones; WinRM is left out and time is virtual (tests/seeds). What came
of it is judged by the lab's truth.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.mailops.exchange2007.plugins.module_utils import _handover
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.building import build
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.snapshot import truth
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.topology import find, load
from ansible_collections.mailops.exchange2007.tests.faults.strikes import GOES_AWAY, MEDIA, Strike, settled
from ansible_collections.mailops.exchange2007.tests.faults.table import COMMANDS
from ansible_collections.mailops.exchange2007.tests.integration.truths import not_upgraded
from ansible_collections.mailops.exchange2007.tests.seeds.controller import Connection, Controller, SeedClock
from ansible_collections.mailops.exchange2007.tests.seeds.playing import Call, Player

Truth = dict[str, Any]
# Half an hour of Setup in a few minutes: what matters is the order of things, and each poll costs.
SHORTER = {
    "boot": 100.0,
    "setup_checks": 30.0,
    "setup_remove": 60.0,
    "setup_prepare_files": 30.0,
    "setup_files": 90.0,
    "setup_mailbox": 90.0,
    "setup_cms": 60.0,
}
VARIABLES = {
    "upgrade_release": "sp2",
    "upgrade_media": MEDIA,
    "upgrade_poll": 10,
    "upgrade_setup_timeout": 2400,
    "upgrade_reboot_timeout": 1200,
    "upgrade_copy_interval": 5,
}
_WINDOW_POLL = 5.0  # seconds, instead of half a one
_SETTLE = 7200.0  # lab seconds that the world gets to come to rest after the fault was set right
_SURPRISE = 30.0  # lab seconds
_AFTERMATH = 1000.0  # lab seconds: WinRM ends what lost connections left behind after 900
_KNOWS_NOT = re.compile(r"is unknown\. Running|still runs?\b|does not answer|did not start", re.IGNORECASE)
_SAFE = re.compile(r"again|resum", re.IGNORECASE)
# Somebody ends a Setup that hangs: the next run tells how it ended, the one after that runs it again.
_TOLD_FIRST = ("Setup.com", "hangs")
_OUR_ACTS = ("setup", "cms", "power", "group", "task")


@dataclass(frozen=True)
class Verdict:
    """What came of a cell. outcome: what the first run did; said: why it failed; problems: what must not be."""

    label: str
    column: str
    outcome: str
    said: str
    problems: tuple[str, ...]


class Lab:
    """A played cluster on virtual time, and the runs of the playbook on it."""

    def __init__(self, topology: str = "ccr-2003-rtm") -> None:
        plan = load(find(topology))
        plan = replace(plan, durations=replace(plan.durations, **SHORTER))
        self.clock = SeedClock()
        self.world = build(plan, self.clock, 0)
        self._account = plan.accounts[0]

    def upgrade(self) -> Player:
        """Run the playbook; a bad end is an answer."""
        controller = Controller(self.world, self.clock, account=self._account.user, password=self._account.password)
        player = Player(controller, list(self.world.hosts), dict(VARIABLES))
        with mock.patch.object(_handover, "_WINDOW_POLL", _WINDOW_POLL):
            player.run()
        return player

    def truth(self) -> Truth:
        """What the lab saw."""
        return truth(self.world, {}, {})

    def rest(self) -> None:
        """Let the world come to rest."""
        end = self.clock.now() + _SETTLE
        while not settled(self.world) and self.clock.now() < end:
            self.clock.sleep(30.0)
        self.clock.sleep(_AFTERMATH)


def run(label: str, column: str) -> Verdict:
    """Play one cell."""
    lab = Lab()
    strike = Strike(lab.world, COMMANDS[label], column)
    with mock.patch.object(Connection, "_log_in", _with_quota(strike)):
        first = lab.upgrade()
        if strike.at is None:
            return Verdict(label, column, "not struck", "", ())
        between = _without_surprises(lab.truth(), strike)
        outcome = _outcome(first, between, strike)
        problems = _troubles("first run", first, between)
        strike.lift()
        lab.rest()
        second = lab.upgrade()
        if not second.ok and (label.partition(" ")[0], column) == _TOLD_FIRST:
            second = lab.upgrade()
    lab.rest()
    after = _without_surprises(lab.truth(), strike)
    lab.clock.close()
    problems += [*_troubles("second run", second, after), *_final_troubles(second, after)]
    return Verdict(label, column, outcome, " | ".join(first.out.values()), tuple(problems))


def undisturbed() -> Truth:
    """The truth of a run without any fault; raises RuntimeError if it does not end well."""
    lab = Lab()
    player = lab.upgrade()
    lab.rest()
    seen = lab.truth()
    lab.clock.close()
    wrong = [*player.out.values(), *not_upgraded(seen, "sp2")]
    if wrong:
        raise RuntimeError(f"an undisturbed run does not end well: {wrong}")
    return seen


def _with_quota(strike: Strike) -> Any:
    """A login that WinRM refuses for a while because the account has too many shells there."""
    log_in = Connection._log_in

    def refused(connection: Connection) -> None:
        name = connection._host.name
        if strike.refused_logins.get(name, 0) > 0:
            strike.refused_logins[name] -= 1
            connection._open = False
            connection._sleep(60.0)
            raise AnsibleConnectionFailure(f"{name}: the account has too many open shells there. Waited 60 s.")
        log_in(connection)

    return refused


def _without_surprises(seen: Truth, strike: Strike) -> Truth:
    """Without the rules that were broken while the node went away under a command: no look sees half a minute ahead."""
    if strike.column not in GOES_AWAY or strike.at is None:
        return seen
    known = [broken for broken in seen["violations"] if not 0 <= broken["t"] - strike.at <= _SURPRISE]
    return {**seen, "violations": known}


# --- judging ---------------------------------------------------------------------------------------------------------


def _outcome(player: Player, seen: Truth, strike: Strike) -> str:
    """retry: it ended well; unknown: how something ended is not known; resume: something was done after the strike."""
    if player.ok:
        return "retry"
    if _KNOWS_NOT.search(" ".join(player.out.values())):
        return "unknown"
    without_mail = any(outage["open"] for outage in seen["outages"].values())
    return "resume" if without_mail or _acts_since(seen, strike) else "refuse"


def _acts_since(seen: Truth, strike: Strike) -> list[str]:
    """What our commands did that matters from the strike on."""
    return [
        f"{event['kind']} {event['what']}"
        for event in seen["timeline"][strike.at_event :]
        if event["command"] and event["kind"] in _OUR_ACTS
    ]


def _troubles(which: str, player: Player, seen: Truth) -> list[str]:
    """What must not be in any run, well or not."""
    found = [f"{which}: rule {broken['rule']} broken: {broken['what']}" for broken in seen["violations"]]
    found += [f"{which}: {what} {times} times" for what, times in _once_only(seen).items() if times > 1]
    found += [
        f"{which}: traceback in {call.module}: {call.trace.strip().splitlines()[-1]}" for call in _crashed(player)
    ]
    if player.ok:
        found += [f"{which} says done: {lie}" for lie in _not_done(seen)]
    return found + [f"{which}: {trouble}" for call in player.calls for trouble in _bad_message(call)]


def _crashed(player: Player) -> list[Call]:
    return [call for call in player.calls if call.trace]


def _once_only(seen: Truth) -> Counter[str]:
    """Irreversible acts."""
    irreversible = {("setup", "program files"), ("cms", "upgraded to")}
    return Counter(
        f"{event['what']} on {event['host']}"
        for event in seen["timeline"]
        if any(event["kind"] == kind and event["what"].startswith(what) for kind, what in irreversible)
    )


def _not_done(seen: Truth) -> list[str]:
    """What is not upgraded.

    What a lost connection left running is no matter of the playbook's success, nor is a restart mark that came behind
    it; copies that are said to be healthy have a few logs to go.
    """
    later = (" has processes: ", " has unhealthy copies: ", " has pending_restart: ")
    return [line for line in not_upgraded(seen, "sp2") if not any(part in line for part in later)]


def _bad_message(call: Call) -> list[str]:
    """A failure says what was done, where, what was seen and what to do next."""
    result = call.result
    if result.get("unreachable"):
        return [] if result.get("msg") else [f"{call.module} on {call.host}: unreachable without a word"]
    if not result.get("failed"):
        return []
    if "doing" in result:
        missing = [part for part in ("doing", "target", "seen") if not result.get(part)]
        return [f"{call.module}: no {part}: {result['msg']}" for part in missing]
    return [] if _SAFE.search(result["msg"]) else [f"{call.module}: no next step: {result['msg']}"]


def _final_troubles(second: Player, seen: Truth) -> list[str]:
    found = [f"second run: {text}" for text in second.out.values()]
    return found + [f"in the end: {line}" for line in not_upgraded(seen, "sp2")]
