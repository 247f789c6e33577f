# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Active Directory as [ADSI], DirectorySearcher and dsquery read it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import directory
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.directory import DirectoryError, Entry
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.plans import PASSWORD
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.process import Logon
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.powershell_lab import Shell
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    BATCH,
    NETWORK,
    ccr,
    lab,
    shipped,
    two_nodes,
)

CONFIGURATION = "CN=Configuration,DC=lab,DC=example"
POINT = f"CN=ms-Exch-Schema-Version-Pt,CN=Schema,{CONFIGURATION}"
ORGANIZATION = f"CN=First Organization,CN=Microsoft Exchange,CN=Services,{CONFIGURATION}"
SYSTEM_OBJECTS = "CN=Microsoft Exchange System Objects,DC=lab,DC=example"
SERVICE = Logon("NT AUTHORITY\\SYSTEM", "service")
CREDSSP = Logon("LAB\\upgrade", "network", credentials=True)
DENIED = "An operations error occurred."


def shell(logon: Logon = BATCH, **top: Any) -> Shell:
    return Shell(ccr(directory={"schema": "sp1", **top}), exchange=False, logon=logon)


def lines(script: str, logon: Logon = BATCH, **top: Any) -> list[str]:
    answer = shell(logon, **top).run(script)
    assert answer.err == ""
    return answer.lines


# ---- where the numbers are


@pytest.mark.parametrize(
    ("dn", "attribute", "number"),
    [
        (POINT, "rangeUpper", "11116"),
        (ORGANIZATION, "objectVersion", "11221"),
        (SYSTEM_OBJECTS, "objectVersion", "11221"),
        (f"CN=Schema,{CONFIGURATION}", "objectVersion", "30"),  # of Active Directory itself
        (POINT.lower().replace(",", ", "), "RANGEUPPER", "11116"),
    ],
)
def test_the_numbers(dn: str, attribute: str, number: str) -> None:
    assert lines(f"([ADSI]'LDAP://{dn}').{attribute}") == [number]
    it = ccr(directory={"schema": "sp1"})
    assert it.run("NODEA", f'dsquery * "{dn}" -scope base -attr {attribute} -l').out == f"{attribute}: {number}\n"


def test_another_organisation_and_another_domain() -> None:
    it = ccr(domain="corp.test", directory={"name": "Contoso & Sons"})
    found = Shell(it, exchange=False, logon=BATCH).run(
        "$r = [ADSI]'LDAP://RootDSE'; $c = $r.configurationNamingContext; "
        "([ADSI]('LDAP://CN=Contoso & Sons,CN=Microsoft Exchange,CN=Services,' + $c)).objectVersion"
    )
    assert found.lines == ["11222"]


# ---- PowerShell 1.0


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("$e.rangeUpper", ["11116"]),
        ("[string]$e.rangeUpper", ["11116"]),
        ('"$($e.rangeUpper)"', ["11116"]),
        ("'x=' + $e.rangeUpper", ["x=11116"]),
        ("[Console]::WriteLine('x=' + $e.rangeUpper)", ["x=11116"]),
        ("[Console]::WriteLine($e.rangeUpper)", ["System.DirectoryServices.PropertyValueCollection"]),
        ("[Console]::WriteLine($e.rangeUpper.Value)", ["11116"]),
        ("$e.rangeUpper.Value + 1", ["11117"]),
        ("$e.rangeUpper.Count", ["1"]),
        ("$e.rangeUpper[0] + 1", ["11117"]),
        ("[int]$e.rangeUpper.Value + 1", ["11117"]),
        ("if ($e.rangeUpper -ge 11116) { 'new' } else { 'old' }", ["new"]),
        ("if ($e.rangeUpper -ge 14622) { 'new' } else { 'old' }", ["old"]),
        ("$e.Get('rangeUpper') + 1", ["11117"]),
        ("$e.psbase.InvokeGet('rangeUpper')", ["11116"]),
        ("$e.psbase.Properties['rangeupper'].Value", ["11116"]),
        ("$e.psbase.Properties.Item('rangeUpper')[0]", ["11116"]),
        ("$e.psbase.Properties.Contains('objectVersion')", ["False"]),
        ("$e.psbase.Path", [f"LDAP://{POINT}"]),
        ("$e.psbase.Name", ["CN=ms-Exch-Schema-Version-Pt"]),
        ("$e.psbase.SchemaClassName", ["attributeSchema"]),
        ("$e.Path -eq $null", ["True"]),  # 1.0 hides the class behind psbase
        ("$e.objectVersion -eq $null", ["True"]),
        ("$e.name", ["ms-Exch-Schema-Version-Pt"]),
        ("$e.objectClass", ["top", "attributeSchema"]),
        ("$e.objectClass.Value[1]", ["attributeSchema"]),
        ("$e | ForEach-Object { $_.rangeUpper }", ["11116"]),
        ("([System.DirectoryServices.DirectoryEntry]$e.psbase.Path).rangeUpper", ["11116"]),
    ],
)
def test_an_object(expression: str, shown: list[str]) -> None:
    # A path may be longer than a line of the console.
    answer = shell().run(f"$e = [ADSI]'LDAP://{POINT}'; {expression}")
    assert (answer.err, "".join(answer.lines)) == ("", "".join(shown))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("[int]$e.rangeUpper", 'Cannot convert "System.DirectoryServices.PropertyValueCollection" to "System.Int32"'),
        ("$e.Get('nope')", 'Exception calling "Get" with "1" argument(s): "The directory property cannot be found'),
        ("$e.Nope()", "doesn't contain a method named 'Nope'"),
        ("$e.rangeUpper = 5", "Property 'rangeUpper' cannot be found on this object; make sure it exists and"),
        ("([ADSI]'LDAP://CN=nope,DC=lab,DC=example').name", 'retrieving member "name": "There is no such object on'),
        ("([ADSI]'LDAP://DC9/DC=lab,DC=example').name", "The server is not operational."),
        ("([ADSI]'ldap://DC=lab,DC=example').name", "Unknown error (0x80005000)"),
        ("([ADSI]'DC=lab,DC=example').name", "Unknown error (0x80005000)"),
        ("[adsisearcher]'(cn=x)'", "Unable to find type [adsisearcher]"),  # came with 2.0
        ("New-Object DirectoryServices.Nope", "Cannot find type [DirectoryServices.Nope]: make sure the assembly"),
        ("New-Object -ComObject Nope", "Cannot load COM type Nope."),
        ("(New-Object DirectoryServices.DirectorySearcher '(cn=').FindOne()", "The search filter is invalid."),
    ],
)
def test_what_goes_wrong(script: str, words: str) -> None:
    answer = shell().run(f"$e = [ADSI]'LDAP://{POINT}'; {script}")
    assert words in answer.err.replace("\n", "").replace("\r", "")
    assert answer.out == ""


def test_an_error_shows_when_a_property_is_asked_for_and_can_be_trapped() -> None:
    script = "trap { [Console]::WriteLine('trapped'); exit 7 } $e = [ADSI]'LDAP://CN=x,DC=lab,DC=example'; 'bound'; "
    answer = shell().run(script + "$e.name")
    assert (answer.rc, answer.lines) == (7, ["bound", "trapped"])


def test_what_was_fetched_stays_until_it_is_refreshed() -> None:
    played = shell()
    world = played.lab.world
    world.clock.call_later(10, lambda: setattr(world.directory, "schema", 14622))
    script = f"$e = [ADSI]'LDAP://{POINT}'; $e.rangeUpper; Start-Sleep 20; $e.rangeUpper; $e.psbase.RefreshCache(); "
    assert played.run(script + "$e.rangeUpper").lines == ["11116", "11116", "14622"]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("defaultNamingContext", "DC=lab,DC=example"),
        ("rootDomainNamingContext", "DC=lab,DC=example"),
        ("configurationNamingContext", CONFIGURATION),
        ("schemaNamingContext", f"CN=Schema,{CONFIGURATION}"),
        ("dnsHostName", "DC1.lab.example"),
    ],
)
@pytest.mark.parametrize("logon", [BATCH, NETWORK])
def test_root_dse_answers_everybody(logon: Logon, attribute: str, value: str) -> None:
    assert lines(f"([ADSI]'LDAP://RootDSE').{attribute}", logon) == [value]


def test_root_dse_of_a_controller() -> None:
    assert lines("([ADSI]'LDAP://dc2.lab.example:389/rootdse').Get('dnsHostName')") == ["DC2.lab.example"]


# ---- searching


SEARCH = f"$s = New-Object DirectoryServices.DirectorySearcher; $s.SearchRoot = [ADSI]'LDAP://{CONFIGURATION}'; "


@pytest.mark.parametrize(
    ("rest", "shown"),
    [
        ("$s.Filter = '(objectVersion=11221)'; $s.FindOne().Properties['objectversion'][0]", "11221"),
        ("$s.Filter = '(objectVersion=11221)'; $s.FindOne().Properties.objectversion", "11221"),
        ("$s.Filter = '(objectVersion=11221)'; $s.FindOne().Properties.objectVersion", ""),
        ("$s.Filter = '(cn=First*)'; $s.FindOne().Properties.Item('objectVersion')[0]", "11221"),
        ("$s.Filter = '(cn=First*)'; $s.FindOne().Path", f"LDAP://{ORGANIZATION}"),
        ("$s.Filter = '(cn=First*)'; $s.FindOne().GetDirectoryEntry().objectVersion", "11221"),
        ("$s.Filter = '(&(objectCategory=msExchExchangeServer)(!(cn=X)))'; $s.FindOne().Properties.cn", "CMS1"),
        ("$s.Filter = '(|(objectVersion>=11221)(cn=nope))'; @($s.FindAll()).Count", "1"),
        ("$s.Filter = '(cn=nope)'; $s.FindOne() -eq $null", "True"),
        ("$s.SearchScope = 'OneLevel'; $s.FindAll() | % { $_.Properties.name }", "Services"),
        ("$s.SearchScope = 0; $s.FindAll() | % { $_.Properties.name }", "Configuration"),
        ("[void]$s.PropertiesToLoad.Add('name'); $s.Filter = '(cn=First*)'; $s.FindOne().Properties.Count", "2"),
        ("$s.PropertiesToLoad.AddRange(@('name', 'cn')); $s.PropertiesToLoad.Count", "2"),
        # The schema is a naming context of its own.
        ("$s.Filter = '(cn=ms-Exch-Schema-Version-Pt)'; @($s.FindAll()).Count", "0"),
    ],
)  # fmt: skip
def test_a_search(rest: str, shown: str) -> None:
    assert "".join(lines(SEARCH + rest)) == shown


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (f"([ADSI]'LDAP://{CONFIGURATION}', '(cn=First*)')", 1),
        (f"([ADSI]'LDAP://{CONFIGURATION}')", 8),
        ("'(cn=Microsoft Exchange System Objects)'", 1),
        ("'(cn=First*)'", 0),  # without a root it looks in the domain
        (f"-ArgumentList ([ADSI]'LDAP://{CONFIGURATION}'), '(cn=First*)', @('cn'), 'Base'", 0),
    ],
)
def test_how_a_searcher_is_made(arguments: str, found: int) -> None:
    assert lines(f"@((New-Object System.DirectoryServices.DirectorySearcher {arguments}).FindAll()).Count") == [
        str(found)
    ]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("(cn=Some*ing)", True),
        ("cn=something", True),
        (r"(cn=some\2athing)", False),
        ("(cn=*)", True),
        ("(missing=*)", False),
        ("(!(missing=*))", True),
        ("(&(cn=Something)(number=5))", True),
        ("(&(cn=Something)(number=6))", False),
        ("(| (number=6) (number<=5) )", True),
        ("(number>=6)", False),
        ("(number>=many)", False),
    ],
)
def test_filters(text: str, fits: bool) -> None:
    entry = Entry("CN=Something", {"cn": ("Something",), "number": (5,)})
    assert directory.parse_filter(text)(entry) is fits


@pytest.mark.parametrize("text", ["", "(cn=x", "(cn)", "(&)", "(!(a=1)(b=2))", "(a=1)(b=2)", "(&(a=1)"])
def test_filters_that_make_no_sense(text: str) -> None:
    with pytest.raises(DirectoryError, match="The search filter is invalid"):
        directory.parse_filter(text)


# ---- who may read


@pytest.mark.parametrize(
    ("logon", "setting", "works"),
    [
        (NETWORK, {}, False),
        (NETWORK, {"network_logon": "allowed"}, True),
        (CREDSSP, {}, True),
        (BATCH, {}, True),
        (SERVICE, {}, True),
    ],
)
def test_a_network_logon_goes_no_further(logon: Logon, setting: Any, works: bool) -> None:
    played = shell(logon, **setting)
    entry = played.run(f"([ADSI]'LDAP://{POINT}').rangeUpper")
    search = played.run("(New-Object DirectoryServices.DirectorySearcher '(cn=Microsoft*)').FindOne().Path")
    query = played.lab.run("NODEA", f"dsquery * {POINT} -scope base -attr rangeUpper", logon)
    assert [done.rc == 0 for done in (entry, search, query)] == [works] * 3
    assert ["11116" in text for text in (entry.out, query.out)] == [works] * 2
    assert [DENIED in text.replace("\n", "") for text in (entry.err, search.err, query.err)] == [not works] * 3


@pytest.mark.parametrize(
    ("user", "password", "says"),
    [
        ("LAB\\upgrade", PASSWORD, "11116"),
        ("upgrade@lab.example", PASSWORD, "11116"),
        ("LAB\\upgrade", "another", "Logon failure"),
        ("LAB\\nobody", PASSWORD, "Logon failure"),
    ],
)
def test_with_a_password_of_its_own_an_entry_goes_further(user: str, password: str, says: str) -> None:
    quoted = password.replace("'", "''")
    login = f"'{user}', '{quoted}'"
    played = shell(NETWORK)
    answer = played.run(f"(New-Object DirectoryServices.DirectoryEntry 'LDAP://{POINT}', {login}).rangeUpper")
    assert says in (answer.out + answer.err).replace("\n", "")
    root = played.run(f"(New-Object DirectoryServices.DirectoryEntry 'LDAP://RootDSE', {login}).schemaNamingContext")
    assert ("CN=Schema" in root.out) is (says == "11116")


def test_what_is_below_such_an_entry_is_read_with_the_same_password() -> None:
    quoted = PASSWORD.replace("'", "''")
    path = f"LDAP://CN=Microsoft Exchange,CN=Services,{CONFIGURATION}"
    entry = f"New-Object DirectoryServices.DirectoryEntry '{path}', 'LAB\\upgrade', '{quoted}'"
    answer = shell(NETWORK).run(f"$e = {entry}; foreach ($o in @($e.psbase.Children)) {{ $o.objectVersion }}")
    assert "11221" in answer.lines


def test_the_exchange_cmdlets_read_it_all_the_same() -> None:
    played = Shell(ccr(), logon=NETWORK)
    assert played.run("(Get-ExchangeServer CMS1).Name").lines == ["CMS1"]


def test_a_domain_whose_controllers_are_silent() -> None:
    played = shell(controllers=[])
    for script in ("([ADSI]'').name", "([ADSI]'LDAP://RootDSE').dnsHostName"):
        assert "The specified domain either does not exist" in played.run(script).err.replace("\n", "")


# ---- dsquery


@pytest.mark.parametrize(
    ("arguments", "rc", "out"),
    [
        (f'"{POINT}" -scope base -attr rangeUpper', 0, "  rangeUpper    \n  11116         \n"),
        (f'"{ORGANIZATION}" -scope base -attr cn objectVersion', 0,
         "  cn                    objectVersion    \n  First Organization    11221            \n"),
        ("-filter (cn=Microsoft*)", 0, f'"{SYSTEM_OBJECTS}"\n'),
        ("domainroot -filter (cn=nope)", 0, ""),
        ("-filter (cn=nope) -attr cn", 0, ""),
        (f"{CONFIGURATION} -scope onelevel -s DC2 -limit 1", 0, f'"CN=Services,{CONFIGURATION}"\n'),
        (f"{CONFIGURATION} -scope subtree -limit 2 -attr name -l -q", 0, "name: Configuration\nname: Services\n"),
        ("CN=nope,DC=lab,DC=example", -2147016656, ""),
        ("-s DC9", -2147016646, ""),
        ("-scope wide", 87, ""),
        ("-frob", 87, ""),
    ],
)  # fmt: skip
def test_dsquery(arguments: str, rc: int, out: str) -> None:
    done = ccr(directory={"schema": "sp1"}).run("NODEA", f"dsquery * {arguments}")
    assert (done.rc, done.out) == (rc, out)
    assert done.err.startswith("dsquery failed:") == (rc != 0)


@pytest.mark.parametrize("arguments", ["", " user", " /?"])
def test_other_forms_of_dsquery_are_not_played(arguments: str) -> None:
    assert ccr().run("NODEA", f"dsquery{arguments}").rc == 87


def test_who_has_dsquery() -> None:
    assert ccr().run("NODEA", "dsquery *").rc == 0
    it = shipped("ccr-2008-sp1")
    assert it.run("W8-NODE1", "dsquery *").rc == 0
    bare = lab(
        two_nodes(
            computers=[{"name": "NEW", "windows": {"family": "2008"}}, {"name": "OLD", "windows": {"family": "xp"}}]
        )
    )
    assert [bare.run(name, "dsquery *").rc for name in ("NEW", "OLD")] == [1, 1]
    assert bare.run("NEW", "servermanagercmd -install RSAT-ADDS").rc == 3010
    assert bare.run("NEW", "dsquery *").rc == 0
