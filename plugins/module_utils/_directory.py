# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""How far the directory is prepared for Exchange: the schema of the forest, and the Exchange organisation.

Read by ADSI alone, so that the Exchange snap-in need not be loaded and no rights in Exchange are needed
(sources.md: directory-versions).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ._errors import first_line
from ._node import Node, Result
from ._numbers import whole_number
from ._setup import host_name
from ._shell import literal, pairs, shell_line
from ._task import Credentials
from ._versions import RELEASES

# rangeUpper of ms-Exch-Schema-Version-Pt, and objectVersion of the organisation's object.
SCHEMA = {"rtm": 10637, "sp1": 11116, "sp2": 14622, "sp3": 14625}
ORGANIZATION = {"rtm": 10666, "sp1": 11221, "sp2": 11222, "sp3": 11222}
_LOWEST = 10628  # some lists have it for RTM's schema
_SECRET = "MAILOPS_SECRET"
_LIMIT = 180.0  # seconds: PowerShell starts, and a domain controller may be slow to find

UNREAD = "it was not read"
ACTIONS = {"prepare_schema": "PrepareSchema", "prepare_ad": "PrepareAD"}  # action of exchange_setup -> Setup's switch


@dataclass(frozen=True)
class Directory:
    """What the directory said; None where it did not, and reason then says why."""

    schema_version: int | None = None
    organization_version: int | None = None
    reason: str = ""

    @property
    def schema_release(self) -> str | None:
        """The newest release of Exchange 2007 that the schema is enough for; None for none, or where it is unknown."""
        version = self.schema_version or 0
        lowest = {**SCHEMA, "rtm": _LOWEST}
        return next((release for release in reversed(RELEASES) if version >= lowest[release]), None)

    @property
    def whole(self) -> bool:
        """Whether both versions are known."""
        return self.schema_version is not None and self.organization_version is not None

    def as_dict(self) -> dict[str, Any]:
        """The public form: `directory` in `exchange` of exchange_info."""
        return {**self.versions(), "reason": self.reason or None}

    def versions(self) -> dict[str, Any]:
        """The same without the reason: `before` and `after` of exchange_setup."""
        return {
            "schema_version": self.schema_version,
            "schema_release": self.schema_release,
            "organization_version": self.organization_version,
        }

    def __str__(self) -> str:
        release = f" ({self.schema_release.upper()})" if self.schema_release else ""
        organization = self.organization_version or "unknown"
        return f"schema {self.schema_version or 'unknown'}{release}, organisation {organization}"


# --- deciding ------------------------------------------------------------------------------------------------------


def _compared(seen: Directory, action: str) -> list[tuple[int | None, dict[str, int]]]:
    """The versions that an action is about, each with its table. /PrepareAD extends the schema where that is due."""
    schema = (seen.schema_version, SCHEMA)
    return [schema, (seen.organization_version, ORGANIZATION)] if action == "prepare_ad" else [schema]


def prepared(seen: Directory, release: str, action: str) -> bool | None:
    """Whether nothing is left to do for an action (ACTIONS); None where that is not known."""
    compared = _compared(seen, action)
    if any(version is not None and version < table[release] for version, table in compared):
        return False
    return None if any(version is None for version, _table in compared) else True


def newer(seen: Directory, release: str, action: str) -> bool:
    """Whether a later service pack of Exchange 2007 has been here: Setup of an older one refuses to prepare then.

    What is newer than all of Exchange 2007 came with a later Exchange and has everything that this one needs.
    """
    return any(
        version is not None and table[release] < version <= max(table.values())
        for version, table in _compared(seen, action)
    )


def wanted(release: str) -> Directory:
    """The directory as the preparation for a release leaves it."""
    return Directory(SCHEMA[release], ORGANIZATION[release])


def raised(seen: Directory, release: str, action: str) -> Directory:
    """What an action is to make of the directory: nothing goes down, and the schema comes first."""
    goal = wanted(release)
    organization = goal.organization_version if action == "prepare_ad" else None
    return Directory(
        max(seen.schema_version or 0, goal.schema_version or 0),
        max(seen.organization_version or 0, organization or 0) or None,
    )


# --- reading -------------------------------------------------------------------------------------------------------


def directory_script(domain_controller: str = "", user: str = "") -> str:
    """PowerShell 1.0 that prints schema=… and organization=…, or why not; it never ends the script that it is part of.

    user: who is to ask, with the password in the environment (_SECRET); '' for whoever is logged in. Raises Unquotable.
    """
    server = f"{host_name(domain_controller)}/" if domain_controller else ""
    return (
        "& { trap { say 'directory_error' $_.Exception.Message; continue }; & { "
        f"$r = {_entry(f'{server}RootDSE', '', user)}; "
        f"$s = {_entry(f'{server}CN=ms-Exch-Schema-Version-Pt,', '$r.schemaNamingContext', user)}; "
        "say 'schema' $s.rangeUpper; "
        f"$e = {_entry(f'{server}CN=Microsoft Exchange,CN=Services,', '$r.configurationNamingContext', user)}; "
        # PowerShell 1.0 shows a directory entry's own attributes only; what .NET has of it is behind psbase.
        "foreach ($o in @($e.psbase.Children)) { if ($o.psbase.SchemaClassName -eq 'msExchOrganizationContainer') { "
        "say 'organization' $o.objectVersion } } } }; "
    )


def _entry(path: str, below: str, user: str) -> str:
    """The expression for a directory entry; below: a variable with the rest of its name."""
    full = f"'LDAP://{path}'" + (f" + {below}" if below else "")
    if not user:
        return f"[ADSI]({full})"
    return f"New-Object System.DirectoryServices.DirectoryEntry(({full}), {literal(user)}, $env:{_SECRET})"


def ask_as(node: Node, account: Credentials, domain_controller: str = "") -> Directory:
    """Ask the directory as that account, in a command of its own.

    A network logon has no password to go on with to a domain controller (sources.md: double-hop), so it is handed on:
    by standard input into a variable that the one command has, and stands in no command line.
    """
    line = f"set /p {_SECRET}=&" + shell_line(directory_script(domain_controller, account.user))
    return parse_directory(node.read_line(line, timeout=_LIMIT, stdin=account.password.encode("utf-8") + b"\r\n"))


def read_directory(node: Node, account: Credentials | None, domain_controller: str = "") -> Directory:
    """Ask as that account, and as whoever is logged in where there is none or it gets no answer."""
    known = bool(account and account.password)
    seen = ask_as(node, account, domain_controller) if account and known else Directory()
    if seen.whole:
        return seen
    other = parse_directory(node.read_line(shell_line(directory_script(domain_controller)), timeout=_LIMIT))
    return seen if known and not other.whole else other


def parse_directory(result: Result) -> Directory:
    """What an answer to directory_script(), or to a longer one with it, says of the directory."""
    found = pairs(result.stdout)
    schema, organization = (_number(found, key) for key in ("schema", "organization"))
    if schema is not None and organization is not None:
        return Directory(schema, organization)
    said = next((value for key, value in found if key == "directory_error"), "")
    if not said and not found:
        said = first_line(result.text)
    missing = " and ".join(
        name for name, version in (("schema", schema), ("organisation", organization)) if version is None
    )
    return Directory(schema, organization, said.rstrip(' ."') or f"the directory told no version of the {missing}")


def _number(found: Iterable[tuple[str, str]], name: str) -> int | None:
    return next((whole_number(value) for key, value in found if key == name), None)
