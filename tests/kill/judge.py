# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the end of a killed and repeated run, by the ground truth alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ansible_collections.mailops.exchange2007.tests.integration.truths import not_upgraded, setups

Truth = dict[str, Any]
_HOST = ("power", "boots", "exchange", "services", "features", "pending_restart", "interrupted_setup", "tasks")
_CMS = ("version", "owner", "state", "wanted", "databases", "copies_healthy")
_ONCE = {("cms", "stop"), ("cms", "move"), ("cms", "upgraded"), ("cms", "start"), ("power", "restart")}


def troubles(truth: Truth, release: str, reference: Truth | None = None) -> list[str]:
    """Everything that speaks against it; reference: the ground truth of the run that nobody disturbed."""
    found = not_upgraded(truth, release)
    found += [
        f"{host}: Setup ({kind}) was started {n} times" for (host, kind), n in Counter(setups(truth)).items() if n > 1
    ]
    found += [f"{act} {n} times" for act, n in repeated(truth).items()]
    found += out_together(truth)
    found += [
        f"{name} was away {len(outage['intervals'])} times"
        for name, outage in truth["outages"].items()
        if len(outage["intervals"]) > allowed_outages(reference, name)
    ]
    if reference is not None:
        found += differences(final(reference), final(truth))
    return found


def allowed_outages(reference: Truth | None, name: str) -> int:
    """How often a mailbox server goes away in a run that nobody disturbs."""
    return len(reference["outages"][name]["intervals"]) if reference else 1


def repeated(truth: Truth) -> dict[str, int]:
    """Acts that nobody can take back and that were done more than once to the same thing."""
    count: Counter[str] = Counter()
    for event in truth["timeline"]:
        words = event["what"].split()
        if (event["kind"], words[0].rstrip(":") if words else "") in _ONCE and "in" not in words[1:2]:
            about = event["detail"] if event["kind"] == "cms" else event["host"]
            count[f"{event['kind']} {words[0].rstrip(':')} {about}"] += 1
        if event["kind"] == "directory":
            count[f"directory {event['what']}"] += 1
    return {act: n for act, n in count.items() if n > 1}


def out_together(truth: Truth) -> list[str]:
    """Two nodes of one cluster that were out of service at the same time."""
    found = []
    for cluster in truth["clusters"].values():
        away: set[str] = set()
        for event in truth["timeline"]:
            if event["kind"] == "node" and event["detail"] in cluster["nodes"]:
                (away.discard if event["what"] == "up" else away.add)(event["detail"])
                if len(away) > 1:
                    found.append(f"out of service together at t={event['t']}: {', '.join(sorted(away))}")
    return found


def final(truth: Truth) -> dict[str, Any]:
    """What has to be the same in the end, however the run got there."""
    state: dict[str, Any] = {"directory": truth["directory"]}
    for name, host in truth["hosts"].items():
        state[name] = {key: host[key] for key in _HOST}
        if "files" in host:
            state[name]["files"] = host["files"]
    for name, cluster in truth["clusters"].items():
        servers = {cms: {key: seen[key] for key in _CMS} for cms, seen in cluster["cms"].items()}
        state[name] = {"nodes": cluster["nodes"], "groups": cluster["groups"], "servers": servers}
    return state


def differences(wanted: Any, seen: Any, path: str = "") -> list[str]:
    """Where two trees differ, as lines."""
    return list(_differences(wanted, seen, path))


def _differences(wanted: Any, seen: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(seen, dict):
        for key in [*wanted, *(key for key in seen if key not in wanted)]:
            yield from _differences(wanted.get(key), seen.get(key), f"{path}/{key}")
    elif wanted != seen:
        yield f"{path.lstrip('/')}: {seen!r}, undisturbed {wanted!r}"
