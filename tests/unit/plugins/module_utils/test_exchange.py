# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of Exchange on a node: bits, media, marks, and the whole observation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._exchange import (
    Bits,
    Media,
    Observation,
    Observer,
    media_line,
    owned_as_the_cluster_says,
    parse_bits,
    parse_media,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._job import Phase
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import CmsState, MailboxServer
from ansible_collections.mailops.exchange2007.plugins.module_utils._versions import Version
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import (
    EXCHANGE,
    START,
    Cms,
    Played,
    World,
    text,
)
from hypothesis import given
from hypothesis import strategies as st

MISSING = Result(1, "", text("reg/missing-en.txt"))
INSTALL = "C:\\Program Files\\Microsoft\\Exchange Server\\"


def bits(fixture: str, patches: Result = MISSING) -> Bits:
    return parse_bits(Result(0, text(f"reg/{fixture}.txt")), patches)


@pytest.mark.parametrize(
    ("fixture", "version", "release"),
    [
        ("exchange-rtm-2003", Version(8, 0, 685, 25), "rtm"),
        ("exchange-sp1-zero-padded-2008", Version(8, 1, 240, 6), "sp1"),
        ("exchange-sp2-interrupted-2008", Version(8, 2, 176, 2), "sp2"),
        ("exchange-admin-tools-newer-2008", Version(8, 1, 240, 6), "sp1"),
        ("policies-2008", None, None),
    ],
)
def test_a_node_is_as_old_as_its_oldest_role(fixture: str, version: Version | None, release: str | None) -> None:
    read = bits(fixture)
    assert (read.version, read.release) == (version, release)


def test_roles_keep_their_spelling() -> None:
    read = bits("exchange-rtm-2003")
    assert read.versions == {"AdminTools": Version(8, 0, 685, 25), "MailboxRole": Version(8, 0, 685, 25)}
    assert read.install_path == INSTALL
    assert read.interrupted == ()
    assert read.read


def test_marks_of_an_unfinished_setup_are_named_by_their_path() -> None:
    key = r"HKLM\SOFTWARE\Microsoft\Exchange\v8.0"
    assert bits("exchange-sp2-interrupted-2008").interrupted == (
        rf"{key}\MailboxRole\Watermark=18BE26F1-0B11-4E3A-8A3B-3C0D2B4A5E6F",
        rf"{key}\MailboxRole\Action=BuildToBuildUpgrade",
        rf"{key}\ClusteredMailboxServer\Action=Upgrade",
    )


def test_rollups() -> None:
    patches = Result(0, text("reg/patches-two-rollups-2008.txt"))
    assert bits("exchange-rtm-2003", patches).rollups == (
        "Update Rollup 10 for Exchange Server 2007 SP1",
        "Update Rollup 2 for Exchange Server 2007 SP1 (KB948016)",
    )


def test_an_unreadable_registry_is_not_an_absent_exchange() -> None:
    read = parse_bits(MISSING, MISSING)
    assert (read.read, read.version, read.install_path) == (False, None, "")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (r"D:\media\sp2", r"D:\\media\\sp2\\Setup\\ServerRoles\\Common\\ExSetup.exe"),
        ("D:\\", r"D:\\Setup\\ServerRoles\\Common\\ExSetup.exe"),
        (r"D:\SP2 & (en)", r"D:\\SP2 & (en)\\Setup\\ServerRoles\\Common\\ExSetup.exe"),
    ],
)
def test_media_line(path: str, name: str) -> None:
    assert media_line(path) == f"wmic datafile where \"name='{name}'\" get Version <nul"


@pytest.mark.parametrize("path", ['D:\\"', "%TEMP%"])
def test_a_media_path_that_cannot_be_passed_is_refused(path: str) -> None:
    with pytest.raises(Unquotable):
        media_line(path)


@pytest.mark.parametrize(
    ("fixture", "release"), [("datafile-version", "sp2"), ("datafile-no-instance", None), ("no-instances", None)]
)
def test_media(fixture: str, release: str | None) -> None:
    assert Media("D:\\", parse_media(Result(0, text(f"wmic/{fixture}.txt")))).release == release


def observe(world: World, media: str = r"D:\sp2", release: str = "", **how: bool) -> tuple[Observation, Played]:
    channel = Played(world)
    return Observer(Node("nodeb", channel), media, release).observe(START, **how), channel


def test_a_whole_observation_takes_two_round_trips_and_changes_nothing() -> None:
    seen, channel = observe(World(media="8.2.176.2", rollups=("Rollup 1",)))
    assert (seen.node, seen.observed_at) == ("NODEB", START)
    assert (seen.os.family, seen.os.service_pack) == ("2003", 2)
    assert seen.bits.release == "rtm"
    assert seen.bits.rollups == ("Rollup 1",)
    assert seen.pending.required is False
    assert seen.running_setup == ()
    assert seen.media == Media(r"D:\sp2", Version(8, 2, 176, 2))
    assert seen.boot_time == "20260301100000.000000+000"
    assert seen.cluster is not None
    server = seen.mailbox_server("cms1")
    assert server is not None
    assert (server.state, server.owner, server.release, server.mounted) == (CmsState.ONLINE, "NODEA", "rtm", True)
    assert (len(channel.reads), channel.done) == (2, [])


def test_one_line_of_an_observation_fits_into_cmd() -> None:
    _seen, channel = observe(World(), "D:\\" + "long folder name\\" * 12, "sp2")
    assert max(len(line) for line in channel.reads) < 8191


@pytest.mark.parametrize(
    ("changes", "shell_reads"),
    [
        pytest.param({"cluster_rc": 1753}, 0, id="no cluster service: no mailbox servers"),
        pytest.param({"exchange_read": False}, 0, id="no Exchange: no shell"),
        pytest.param({}, 1, id="both"),
    ],
)
def test_the_shell_is_started_only_where_it_can_answer(changes: dict[str, Any], shell_reads: int) -> None:
    _seen, channel = observe(replace(World(), **changes))
    assert sum("powershell" in line for line in channel.reads) == shell_reads


def test_the_shell_can_be_left_out() -> None:
    seen, channel = observe(World(), mailbox_servers=False)
    assert seen.mailbox_servers == ()
    assert len(channel.reads) == 1


def test_a_shell_that_fails_is_told_and_no_empty_list() -> None:
    seen, _channel = observe(World(shell_error="could not be contacted"))
    assert seen.mailbox_servers == ()
    assert "could not be contacted" in seen.mailbox_servers_error


def test_the_32_bit_view_is_asked_when_the_other_has_nothing() -> None:
    _seen, channel = observe(World(exchange_read=False))
    assert any(r"Wow6432Node\Microsoft\Exchange" in line for line in channel.reads)


def test_running_setups() -> None:
    seen, _channel = observe(World(images=("System", "Setup.com", "ExSetup.exe", "exsetup.exe")))
    assert seen.running_setup == ("exsetup.exe", "setup.com")


@pytest.mark.parametrize(
    ("world", "jobs"),
    [
        (World(), {}),
        (World(job=True, kind="upgrade-sp2"), {"upgrade": Phase.PREPARED}),
        (World(job=True, kind="upgradecms-sp2", started=True, images=("ExSetup.exe",)), {"upgradecms": Phase.RUNNING}),
        (World(job=True, kind="upgrade-sp2", started=True, rc="0"), {"upgrade": Phase.FINISHED}),
        (World(job=True, kind="upgrade-sp1", started=True, rc="0"), {}),
    ],
    ids=["none", "prepared", "running", "finished", "of another release"],
)
def test_our_own_jobs_are_seen(world: World, jobs: dict[str, Phase]) -> None:
    assert observe(world, release="sp2")[0].jobs == jobs


def test_an_offline_server_is_owned_by_its_groups_owner() -> None:
    world = World().with_server("CMS1", state="Offline").with_group("CMS1", "NODEB", 1)
    server = observe(world)[0].mailbox_server("CMS1")
    assert server is not None
    assert (server.owner, server.state) == ("NODEB", CmsState.OFFLINE)


def test_without_a_group_of_its_name_the_active_machine_owns_it() -> None:
    seen, _channel = observe(World())
    assert seen.cluster is not None
    server = MailboxServer("OTHER", owner="NODEB")
    assert owned_as_the_cluster_says(server, seen.cluster).owner == "NODEB"


def test_the_public_form() -> None:
    world = World(bits="sp1", renames=r"\??\C:\x", marks=(("MailboxRole", "Watermark"),), images=("exsetup.exe",))
    shown = observe(replace(world, servers=(Cms("CMS1", "sp1"),)))[0].as_dict()
    assert shown["clustered_mailbox_servers"][0]["name"] == "CMS1"
    del shown["clustered_mailbox_servers"]
    key = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
    assert shown == {
        "node": "NODEB",
        "version": "8.1.240.6",
        "release": "sp1",
        "install_path": INSTALL,
        "roles": {"AdminTools": "8.1.240.6", "MailboxRole": "8.1.240.6"},
        "rollups": [],
        "interrupted_setup": [r"HKLM\SOFTWARE\Microsoft\Exchange\v8.0\MailboxRole\Watermark=something"],
        "running_setup": ["exsetup.exe"],
        "clustered_mailbox_servers_error": None,
        "os": {"version": "5.2.3790", "family": "2003", "service_pack": 2, "language": "0409"},
        "pending_restart": {"required": True, "reasons": [rf"{key}\PendingFileRenameOperations"]},
        "media": {"path": r"D:\sp2", "version": "8.2.176.2", "release": "sp2"},
        "directory": {
            "schema_version": None,
            "schema_release": None,
            "organization_version": None,
            "reason": "it was not read",
        },
    }


def test_unreadable_keys_are_shown_as_such() -> None:
    shown = observe(World(session_read=False))[0].as_dict()["pending_restart"]
    assert shown["required"] is None
    assert shown["reasons"][0].startswith("not readable: ")


@given(st.text(max_size=300), st.text(max_size=100))
def test_garbage_is_no_exchange(exchange: str, patches: str) -> None:
    read = parse_bits(Result(0, exchange), Result(0, patches))
    assert (read.version, read.release, read.install_path, read.rollups) == (None, None, "", ())


@given(st.text(max_size=40))
def test_a_garbled_version_is_no_release(garbage: str) -> None:
    said = f"{EXCHANGE}\\MailboxRole\r\n    ConfiguredVersion    REG_SZ    {garbage}\r\n"
    assert parse_bits(Result(0, said), MISSING).release is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("UnpackedVersion    REG_SZ    8.2.176.2", id="unpacked, not configured"),
        pytest.param("ConfiguredVersion    REG_SZ    ??", id="garbled"),
        pytest.param("ConfiguredVersion    REG_SZ    8.0.685.25", id="old"),
    ],
)
def test_one_role_that_is_not_there_yet_keeps_a_node_from_the_release(value: str) -> None:
    tools = f"{EXCHANGE}\\AdminTools\r\n    ConfiguredVersion    REG_SZ    8.2.176.2\r\n"
    said = f"{tools}{EXCHANGE}\\MailboxRole\r\n    {value}\r\n"
    assert parse_bits(Result(0, said), MISSING).release != "sp2"
