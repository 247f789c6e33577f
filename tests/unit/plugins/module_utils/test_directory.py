# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory: its versions, what they are enough for, and a reading that trusts nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._directory import (
    ACTIONS,
    ORGANIZATION,
    SCHEMA,
    Directory,
    ask_as,
    directory_script,
    newer,
    parse_directory,
    prepared,
    raised,
    read_directory,
    wanted,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import Node, Result
from ansible_collections.mailops.exchange2007.plugins.module_utils._shell import shell_line
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Credentials
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import Asked
from hypothesis import given
from hypothesis import strategies as st

SCRIPTS = [directory_script(), directory_script("dc1.example.com"), directory_script("", r"EX\o'neil")]


@pytest.mark.parametrize(
    ("version", "release"),
    [
        (None, None),
        (6870, None),
        (10627, None),
        (10628, "rtm"),
        (10637, "rtm"),
        (11115, "rtm"),
        (11116, "sp1"),
        (14621, "sp1"),
        (14622, "sp2"),
        (14625, "sp3"),
        (14726, "sp3"),
    ],
)
def test_what_a_schema_is_enough_for(version: int | None, release: str | None) -> None:
    seen = Directory(version)
    assert seen.schema_release == release
    assert seen.versions()["schema_release"] == release


@pytest.mark.parametrize(
    ("schema", "organization", "release", "of_schema", "of_ad"),
    [
        (10637, 10666, "sp2", False, False),
        (14622, 10666, "sp2", True, False),
        (14622, 11222, "sp2", True, True),
        (14622, 11222, "sp3", False, False),
        (14625, 11222, "sp3", True, True),
        (14726, 13214, "sp3", True, True),
        (11116, 11221, "sp1", True, True),
        (None, None, "sp2", None, None),
        (14622, None, "sp2", True, None),
        (10637, None, "sp2", False, False),
        (None, 11222, "sp2", None, None),
        (None, 10666, "sp2", None, False),
    ],
)
def test_prepared(
    schema: int | None, organization: int | None, release: str, of_schema: bool | None, of_ad: bool | None
) -> None:
    seen = Directory(schema, organization)
    assert prepared(seen, release, "prepare_schema") is of_schema
    assert prepared(seen, release, "prepare_ad") is of_ad


@pytest.mark.parametrize(
    ("schema", "organization", "release", "of_schema", "of_ad"),
    [
        (14625, 11222, "sp2", True, True),
        (14625, 11222, "sp3", False, False),
        (10637, 11222, "sp1", False, True),
        (14622, 11222, "sp2", False, False),
        (None, None, "sp1", False, False),
        pytest.param(14726, 13214, "sp2", False, False, id="a later Exchange has all that is needed"),
    ],
)
def test_newer(schema: int | None, organization: int | None, release: str, of_schema: bool, of_ad: bool) -> None:
    seen = Directory(schema, organization)
    assert (newer(seen, release, "prepare_schema"), newer(seen, release, "prepare_ad")) == (of_schema, of_ad)


@pytest.mark.parametrize("release", ["sp1", "sp2", "sp3"])
@pytest.mark.parametrize("action", ACTIONS)
def test_what_an_action_leaves_is_prepared_and_not_newer(release: str, action: str) -> None:
    after = raised(Directory(SCHEMA["rtm"], ORGANIZATION["rtm"]), release, action)
    assert prepared(after, release, action) is True
    assert not newer(after, release, action)
    assert after.organization_version == (ORGANIZATION["rtm" if action == "prepare_schema" else release])


def test_nothing_goes_down_and_what_is_unknown_stays_so() -> None:
    assert raised(Directory(14726, 13214), "sp2", "prepare_ad") == Directory(14726, 13214)
    assert raised(Directory(10637, None), "sp2", "prepare_schema") == Directory(14622, None)
    assert wanted("sp3") == Directory(14625, 11222)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(Result(0, "schema=14622\r\norganization=11222\r\ndone=1\r\n"), Directory(14622, 11222), id="both"),
        pytest.param(
            Result(0, "directory_error=Thë sërvër ïs nöt öpërätïönäl.\r\ndone=1\r\n"),
            Directory(reason="Thë sërvër ïs nöt öpërätïönäl"),
            id="an error, in any language",
        ),
        pytest.param(
            Result(0, 'directory_error=retrieving "rangeUpper": "An operations error occurred.\r\n"\r\ndone=1\r\n'),
            Directory(reason='retrieving "rangeUpper": "An operations error occurred'),
            id="an error of several lines",
        ),
        pytest.param(
            Result(0, "schema=14622\r\ndirectory_error=Access is denied.\r\n"),
            Directory(14622, None, "Access is denied"),
            id="half of it",
        ),
        pytest.param(
            Result(0, "schema=\r\norganization=\r\ndone=1\r\n"),
            Directory(reason="the directory told no version of the schema and organisation"),
            id="empty values",
        ),
        pytest.param(
            Result(0, "schema=14622\r\ndone=1\r\n"),
            Directory(14622, None, "the directory told no version of the organisation"),
            id="no organisation",
        ),
        pytest.param(
            Result(1, "", "'powershell.exe' is not recognized as an internal or external command\r\n"),
            Directory(reason="'powershell.exe' is not recognized as an internal or external command"),
            id="no PowerShell",
        ),
        pytest.param(
            Result(1, "schema=14622\r\norganization=11222\r\nerror=no Exchange\r\n"),
            Directory(14622, 11222),
            id="what comes after it fails",
        ),
    ],
)
def test_parse_directory(result: Result, expected: Directory) -> None:
    assert parse_directory(result) == expected


@given(st.text(max_size=200))
def test_garbage_is_no_version(garbage: str) -> None:
    seen = parse_directory(Result(0, garbage.replace("schema", "").replace("organization", "")))
    assert (seen.schema_version, seen.organization_version) == (None, None)
    assert seen.reason


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_script_survives_cmd_and_ends_only_itself(script: str) -> None:
    assert script.startswith("& { trap { say 'directory_error' $_.Exception.Message; continue }; & { ")
    assert (script.count("{"), script.count("(")) == (script.count("}"), script.count(")"))
    assert script.count("'") % 2 == 0
    assert not re.search(r'["%]', shell_line(script).split('-Command "')[1].removesuffix('" <nul'))


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_script_is_powershell_1_and_needs_no_exchange(script: str) -> None:
    for later in (r"\btry\b", r"-join\b", "Get-AD", r"\.Where\(", "Get-Exchange", "Get-Organization"):
        assert not re.search(later, script)
    assert ".psbase.Children" in script


def test_a_domain_controller_is_asked_by_its_name_for_everything() -> None:
    assert directory_script("dc1").count("LDAP://dc1/") == directory_script().count("LDAP://") == 3


@pytest.mark.parametrize("name", ["dc 1", "dc1/CN=x", "dc1'", "-dc1"])
def test_what_is_no_host_is_refused(name: str) -> None:
    with pytest.raises(Unquotable):
        directory_script(name)


ANSWER = "schema=14622\r\norganization=11222\r\ndone=1\r\n"
ERROR = "directory_error=An operations error occurred.\r\ndone=1\r\n"
PLAIN = shell_line(directory_script())
ACCOUNT = Credentials(r"EX\setup", "S3cr&t pw")
AS_ACCOUNT = "set /p MAILOPS_SECRET=&" + shell_line(directory_script("", r"EX\setup"))


@pytest.mark.parametrize(
    ("account", "steps", "expected"),
    [
        pytest.param(ACCOUNT, [(AS_ACCOUNT, ANSWER)], Directory(14622, 11222), id="as the account"),
        pytest.param(
            ACCOUNT, [(AS_ACCOUNT, ERROR), (PLAIN, ANSWER)], Directory(14622, 11222), id="else as who is logged in"
        ),
        pytest.param(
            ACCOUNT,
            [(AS_ACCOUNT, "directory_error=Logon failure.\r\n"), (PLAIN, ERROR)],
            Directory(reason="Logon failure"),
            id="the account's own reason is told",
        ),
        pytest.param(None, [(PLAIN, ANSWER)], Directory(14622, 11222), id="no account"),
        pytest.param(Credentials("x", ""), [(PLAIN, ANSWER)], Directory(14622, 11222), id="no password"),
    ],
)
def test_read_directory(account: Credentials | None, steps: list[Any], expected: Directory) -> None:
    channel = Asked(*steps)
    assert read_directory(Node("n", channel), account) == expected
    assert channel.steps == []


def test_the_password_stands_in_no_command_line() -> None:
    channel = Asked((AS_ACCOUNT, ANSWER))
    ask_as(Node("n", channel), ACCOUNT)
    assert channel.stdins == [b"S3cr&t pw\r\n"]
    assert "S3cr" not in channel.lines[0]
