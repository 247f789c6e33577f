# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setup /PrepareSchema, /PrepareAD and their like: console, rights, what stands in the directory afterwards."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    BATCH,
    NETWORK,
    SP2,
    Lab,
    ccr,
    lab,
    shipped,
    two_nodes,
)

SP1, SP3 = r"D:\media\sp1\Setup.com", r"D:\media\sp3\Setup.com"
RTM, NEWEST = (10637, 10666, 10628), (14625, 11222, 11221)
SUCCESS = "The Microsoft Exchange Server setup operation completed successfully."
LOG = r"C:\ExchangeSetupLogs\ExchangeSetup.log"


def unprepared(schema: Any = "rtm", rights: tuple[str, ...] = ("schema", "directory"), **directory: Any) -> Lab:
    """The CCR cluster in an organisation that nobody prepared; NODEB owns nothing."""
    it = ccr(directory={"schema": schema, **directory})
    it.world.directory.rights["upgrade"] = rights
    for name in ("Cluster Group", "Print & Fax (HQ)"):
        it.world.physics.begin_move(it.group(name), "NODEA", None)
    it.wait(60)
    return it


def numbers(it: Lab) -> tuple[int, int, int]:
    """rangeUpper, objectVersion of the organisation, objectVersion of the system objects."""
    directory = it.world.directory
    return directory.schema, directory.organization, directory.system_objects


def plain(text: str) -> str:
    """A console text without what was redrawn."""
    return re.sub(r"[ 0-9]{3}%", "", text.replace("\b", ""))


def joined(text: str) -> str:
    """The same with the lines joined that were wrapped at 80 columns."""
    return re.sub(r"(?<=\n)(.{80})\n", r"\1", plain(text))


def log(it: Lab) -> str:
    return it.host("NODEB").files.read(LOG).decode()


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (f"{SP1} /PrepareSchema", (11116, 10666, 10628)),
        (f"{SP2} /PrepareSchema", (14622, 10666, 10628)),
        (f"{SP2} /ps", (14622, 10666, 10628)),
        (f"{SP1} /PrepareAD", (11116, 11221, 11221)),
        (f"{SP2} /PrepareAD", (14622, 11222, 11221)),
        (f"{SP3} /p", NEWEST),
        (f"{SP2} /PrepareDomain", (10637, 10666, 11221)),
        (f"{SP2} /PrepareDomain:lab.example", (10637, 10666, 11221)),
        (f"{SP2} /PrepareAllDomains", (10637, 10666, 11221)),
        (f"{SP2} /PrepareLegacyExchangePermissions", RTM),
        (f"{SP2} /PrepareSchema /DomainController:DC1", (14622, 10666, 10628)),
        (f'{SP2} /PrepareAD /OrganizationName:"first organization"', (14622, 11222, 11221)),
    ],
)
def test_what_each_order_leaves_in_the_directory(line: str, after: tuple[int, int, int]) -> None:
    it = unprepared()
    done = it.run("NODEB", line)
    assert (done.rc, numbers(it)) == (0, after)
    assert done.out.endswith(SUCCESS + "\n")
    assert [event.startswith(("schema", "organ", "system")) for event in it.happened("directory")] == [
        True for old, new in zip(RTM, after, strict=True) if old != new
    ]
    assert it.rules() == []


@pytest.mark.parametrize(
    ("act", "step"),
    [("PrepareSchema", "Extending Active Directory schema"), ("PrepareAD", "Organization Preparation         ")],
)
def test_the_console(act: str, step: str) -> None:
    assert (
        plain(unprepared().run("NODEB", f"{SP2} /{act}").out)
        == f"""
Welcome to Microsoft Exchange Server 2007 Unattended Setup
Preparing Exchange Setup
No server roles will be installed
Performing Microsoft Exchange Server Prerequisite Check
    Organization Checks              ......................... COMPLETED
Configuring Microsoft Exchange Server
    {step}......................... COMPLETED
{SUCCESS}
"""
    )


def test_it_takes_its_time_and_is_logged() -> None:
    it = unprepared()
    begun = it.world.clock.now()
    it.run("NODEB", f"{SP2} /PrepareSchema")
    assert it.world.clock.now() - begun >= it.world.physics.durations.setup_organization
    assert "Command Line Parameter Name='prepareschema', Value=''." in log(it)
    assert "Beginning: Extending Active Directory schema" in log(it)
    assert log(it).endswith("End of Setup: completed successfully.\r\n")


@pytest.mark.parametrize("act", ["PrepareSchema", "PrepareAD", "PrepareAllDomains"])
def test_a_second_time_changes_nothing(act: str) -> None:
    it = unprepared()
    it.run("NODEB", f"{SP2} /{act}")
    before, events = numbers(it), it.happened("directory")
    assert it.run("NODEB", f"{SP2} /{act}").rc == 0
    assert (numbers(it), it.happened("directory")) == (before, events)


@pytest.mark.parametrize(
    ("rights", "act", "words"),
    [
        ((), "PrepareSchema", "'Schema Admins' and 'Enterprise Admins' groups."),
        (("directory",), "PrepareSchema", "schema is not up-to-date, and this user account is not a member of the "),
        (("directory",), "PrepareSchema", "'Schema Admins' groups."),
        (("schema",), "PrepareSchema", "'Enterprise Admins' groups."),
        (("directory",), "PrepareAD", "schema is not up-to-date"),
        ((), "PrepareAllDomains", "'Enterprise Admins' groups."),
    ],
)
def test_who_may_not(rights: tuple[str, ...], act: str, words: str) -> None:
    it = unprepared(rights=rights)
    done = it.run("NODEB", f"{SP2} /{act}")
    assert (done.rc, numbers(it), it.happened("directory")) == (1, RTM, [])
    assert "Organization Checks              ......................... FAILED" in plain(done.out)
    assert words in joined(done.out)
    assert "Configuring" not in done.out
    assert log(it).endswith("End of Setup: failed.\r\n")


def test_an_account_of_the_topology_without_rights() -> None:
    it = ccr(directory={"schema": "rtm"}, accounts=[{"user": "upgrade"}, {"user": "operator", "rights": []}])
    assert it.run("NODEB", f"{SP2} /PrepareSchema", Logon("LAB\\operator", "batch")).rc == 1
    assert it.run("NODEB", f"{SP2} /PrepareSchema", Logon("LAB\\upgrade", "batch")).rc == 0


def test_the_organisation_without_the_schema_needs_no_schema_admin() -> None:
    it = unprepared("sp2", ("directory",), organization="rtm")
    assert it.run("NODEB", f"{SP2} /PrepareAD").rc == 0
    assert numbers(it) == (14622, 11222, 11221)


@pytest.mark.parametrize("logon", [NETWORK, Logon("NT AUTHORITY\\SYSTEM", "service")])
def test_who_does_not_reach_the_directory(logon: Logon) -> None:
    it = unprepared(network_logon="allowed")
    done = it.run("NODEB", f"{SP2} /PrepareSchema", logon)
    assert (done.rc, numbers(it)) == (1, RTM)
    assert done.out.splitlines()[-1] == "Exchange Server setup encountered an error."


def test_a_domain_without_an_answering_controller() -> None:
    it = unprepared(controllers=[])
    assert it.run("NODEB", f"{SP2} /PrepareSchema").rc == 1
    assert "could not be contacted" in log(it)


@pytest.mark.parametrize(
    ("directory", "line", "words"),
    [
        (
            {"schema": "sp3"},
            f"{SP2} /PrepareSchema",
            "schema version (14625) is higher than the version of Setup (14622)",
        ),
        ({"schema": 14726}, f"{SP3} /PrepareSchema", "'PrepareSchema' cannot be executed."),
        (
            {"schema": "sp3"},
            f"{SP1} /PrepareAD",
            "organization version (11222) is higher than the version of Setup (11221)",
        ),
    ],
)
def test_media_that_are_older_than_the_directory(directory: Any, line: str, words: str) -> None:
    it = ccr(directory=directory)
    before = numbers(it)
    done = it.run("NODEB", line)
    assert (done.rc, numbers(it)) == (1, before)
    assert words in joined(done.out)


def test_an_older_service_pack_is_installed_in_a_newer_directory_all_the_same() -> None:
    it = unprepared("sp3")
    assert it.run("NODEB", f"{SP1} /m:upgrade").rc == 0
    assert numbers(it) == NEWEST


@pytest.mark.parametrize("line", ["/PrepareSchema", "/PrepareAD", "/m:upgrade"])
def test_2008_needs_the_directory_tools(line: str) -> None:
    it = lab(two_nodes(windows="2008", directory={"schema": "sp1"}))
    it.host("NODEB").features.discard("RSAT-ADDS")
    done = it.run("NODEB", f"{SP2} {line}")
    assert (done.rc, it.world.directory.schema) == (1, 11116)
    assert "without 'RSAT-ADDS'" in joined(done.out)


@pytest.mark.parametrize("line", ["/PrepareSchema", "/PrepareAD", "/m:upgrade"])
def test_the_import_of_the_schema_fails(line: str) -> None:
    it = unprepared()
    it.world.faults.inject("setup_schema_import", {})
    done = it.run("NODEB", f"{SP2} {line}")
    assert (done.rc, numbers(it)) == (1, RTM)
    assert "The error code is: 8224." in joined(done.out)
    assert it.run("NODEB", f"{SP2} {line}").rc == 0
    assert it.world.directory.schema == 14622


# ---- /mode:upgrade


def test_an_upgrade_prepares_by_itself_what_is_missing() -> None:
    it = unprepared()
    done = it.run("NODEB", f"{SP2} /m:upgrade")
    assert (done.rc, numbers(it)) == (0, (14622, 11222, 11221))
    lines = [line for line in plain(done.out).splitlines() if "...." in line]
    assert lines[1] == "    Organization Checks              ......................... COMPLETED"
    assert lines[3] == "    Organization Preparation         ......................... COMPLETED"


@pytest.mark.parametrize("rights", [(), ("directory",), ("schema",)])
def test_an_upgrade_without_the_rights_for_what_is_missing(rights: tuple[str, ...]) -> None:
    it = unprepared(rights=rights)
    done = it.run("NODEB", f"{SP2} /m:upgrade")
    assert (done.rc, numbers(it)) == (1, RTM)
    assert "    Organization Checks              ......................... FAILED\n     The Active" in plain(done.out)
    assert it.host("NODEB").bits and it.host("NODEB").bits.version == (8, 0, 685, 25)


@pytest.mark.parametrize("act", ["PrepareSchema", "PrepareAD"])
def test_an_upgrade_without_rights_after_somebody_prepared(act: str) -> None:
    it = unprepared()
    it.run("NODEA", f"{SP2} /{act}")
    it.world.directory.rights["upgrade"] = ()
    assert it.run("NODEB", f"{SP2} /m:upgrade").rc == (0 if act == "PrepareAD" else 1)


@pytest.mark.parametrize("name", ["ccr-2003-rtm", "ccr-2008-sp1", "scc-2003-sp1", "two-clusters"])
def test_the_shipped_topologies_are_prepared_for_all_their_media(name: str) -> None:
    it = shipped(name)
    assert numbers(it) == NEWEST


# ---- topology


@pytest.mark.parametrize(
    ("directory", "found"),
    [
        ({}, NEWEST),
        ({"schema": "rtm"}, RTM),
        ({"schema": "sp1"}, (11116, 11221, 11221)),
        ({"schema": 11116}, (11116, 11221, 11221)),
        ({"schema": "sp2", "organization": "rtm"}, (14622, 10666, 10628)),
        ({"schema": "sp3", "organization": "sp1", "system_objects": "rtm"}, (14625, 11221, 10628)),
        ({"schema": 14726}, (14726, 11222, 11221)),
        ({"organization": 12640}, (14625, 12640, 11221)),
    ],
)
def test_the_numbers_of_a_topology(directory: Any, found: Any) -> None:
    assert numbers(ccr(directory=directory)) == found


def test_without_media_the_directory_is_that_of_the_installed_release() -> None:
    assert numbers(ccr(media={})) == RTM
    assert numbers(lab(two_nodes("sp2", media={}))) == (14622, 11222, 11221)


# ---- parameters


@pytest.mark.parametrize(
    ("parameters", "rc"),
    [
        ("/m:upgrade /EnableErrorReporting", 0),
        ("/m:upgrade /DomainController:DC2", 0),
        ("/m:upgrade /dc:DC2.lab.example", 0),
        ("/m:upgrade /dc:DC9", 1),
        (r"/m:upgrade /af:C:\answers.txt", 0),
        (r"/m:upgrade /AnswerFile:C:\wrong.txt", 1),
        (r"/m:upgrade /AnswerFile:C:\nowhere.txt", 1),
        (r"/m:upgrade /UpdatesDir:D:\media\sp2\Updates", 0),
        (r"/m:upgrade /u:D:\nowhere", 1),
        (r"/m:upgrade /u:D:\two", 1),
        ("/m:upgrade /CMSName:CMS1", 1),
        ("/upgradecms /EnableErrorReporting", 1),
        (r"/upgradecms /AnswerFile:C:\answers.txt", 1),
        (r"/upgradecms /UpdatesDir:D:\media\sp2\Updates", 1),
        ("/upgradecms /CMSName:CMS1", 1),
        ("/PrepareSchema /EnableErrorReporting", 1),
        ("/PrepareSchema /OrganizationName:X", 1),
        ("/PrepareAD /OrganizationName:Other", 1),
        ("/PrepareSchema /PrepareAD", 1),
    ],
)
def test_which_parameters_go_together(parameters: str, rc: int) -> None:
    it = unprepared()
    files = it.host("NODEB").files
    files.write(r"C:\answers.txt", b"EnableErrorReporting\r\n\r\nAdamLdapPort=50389\r\n")
    files.write(r"C:\wrong.txt", b"OrganizationName=X\r\n")
    files.mkdir(r"D:\two")
    for name in ("Updates.exe", "More.exe"):
        files.write(rf"D:\two\{name}", b"")
    done = it.run("NODEB", f"{SP2} {parameters}", BATCH)
    assert done.rc == rc
    if rc:
        assert done.out.endswith("Exchange Server setup encountered an error.\n")
        assert "Prerequisite" not in done.out
        assert numbers(it) == RTM
