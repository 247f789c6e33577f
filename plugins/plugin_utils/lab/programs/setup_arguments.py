# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The command line of Setup.com (exchange.md 3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

_LONG = {
    "m": "mode",
    "r": "roles",
    "role": "roles",
    "on": "organizationname",
    "t": "targetdir",
    "s": "sourcedir",
    "u": "updatesdir",
    "dc": "domaincontroller",
    "af": "answerfile",
    "cn": "cmsname",
    "cip": "cmsipaddress",
    "css": "cmssharedstorage",
    "cdp": "cmsdatapath",
    "ps": "prepareschema",
    "pl": "preparelegacyexchangepermissions",
    "p": "preparead",
    "pd": "preparedomain",
    "pad": "preparealldomains",
}
_ACTS = (
    "upgradecms",
    "newcms",
    "recovercms",
    "removecms",
    "prepareschema",
    "preparelegacyexchangepermissions",
    "preparead",
    "preparedomain",
    "preparealldomains",
    "?",
)
_WITH_VALUE = {
    "mode",
    "roles",
    "organizationname",
    "targetdir",
    "sourcedir",
    "updatesdir",
    "domaincontroller",
    "answerfile",
    "adamldapport",
    "adamsslport",
    "addumlanguagepack",
    "removeumlanguagepack",
    "cmsname",
    "cmsipaddress",
    "cmsdatapath",
}
_PLAIN = {
    "donotstarttransport",
    "enablelegacyoutlook",
    "legacyroutingserver",
    "enableerrorreporting",
    "noselfsignedcertificates",
    "cmssharedstorage",
    "fromsetup",
}
# exchange.md 3.1: two lines of syntax. What stands in the first one goes with /mode only.
_CMS = ("domaincontroller", "cmsname", "cmsipaddress", "cmssharedstorage", "cmsdatapath")
_GOES_WITH = {
    "upgradecms": ("domaincontroller",),  # assumption: "further parameters unknown"
    "newcms": _CMS,
    "recovercms": _CMS,
    "removecms": _CMS,
    "prepareschema": ("domaincontroller",),
    "preparelegacyexchangepermissions": ("domaincontroller",),
    "preparead": ("domaincontroller", "organizationname"),
    "preparedomain": ("domaincontroller",),
    "preparealldomains": ("domaincontroller",),
}
_MODES = ("install", "upgrade", "uninstall", "recoverserver")


class ArgumentError(Exception):
    """A command line that Setup doesn't take; the message is English."""


@dataclass
class Arguments:
    """act: upgrade, upgradecms, prepareschema, …; given: every parameter by its long name in lower case."""

    act: str = "install"
    given: dict[str, str] = field(default_factory=dict)


def parse(argv: list[str]) -> Arguments:
    """Read the words after the program's name."""
    found = Arguments()
    for word in argv:
        name, value = _split(word)
        _check(name, value, word)
        found.given[name] = value
    acts = [name for name in found.given if name in _ACTS]
    if len(acts) + ("mode" in found.given) > 1:
        raise ArgumentError(f"The parameters '{acts[0]}' and '{[*acts, 'mode'][1]}' can't be used together.")
    found.act = acts[0] if acts else found.given.get("mode", "install").lower()
    _check_together(found)
    return found


def _check_together(found: Arguments) -> None:
    """Parameters that do not belong to the act."""
    known = _GOES_WITH.get(found.act)
    for name in found.given:
        wrong = name in _CMS[1:] if known is None else name not in (*known, found.act, "fromsetup")
        if wrong:
            raise ArgumentError(f"The parameter '{name}' can't be used with '{found.act}'.")


def _split(word: str) -> tuple[str, str]:
    if word[:1] not in ("/", "-"):
        raise ArgumentError(f"The argument '{word}' is not valid.")
    name, _colon, value = word[1:].partition(":")
    name = name.lower()
    return _LONG.get(name, name), value.strip('"')


def _check(name: str, value: str, word: str) -> None:
    if name in _WITH_VALUE and not value:
        raise ArgumentError(f"The parameter '{word}' needs a value.")
    if name not in _WITH_VALUE and name not in _PLAIN and name not in _ACTS and name != "preparedomain":
        raise ArgumentError(f"The parameter '{word}' is not valid.")
    if name == "mode" and value.lower() not in _MODES:
        raise ArgumentError(f"'{value}' is not a valid mode.")
