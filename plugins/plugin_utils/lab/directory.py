# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Active Directory as its readers see it: objects with attributes, binding, simple LDAP filters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .process import Process
    from .world import World

Data = int | str
Test = Callable[["Entry"], bool]
Login = tuple[str, str]  # user and password

# The texts of ADSI's error numbers, with their line end (general knowledge of Windows).
OPERATIONS_ERROR = "An operations error occurred.\r\n"
LOGON_FAILURE = "Logon failure: unknown user name or bad password.\r\n"
NO_SUCH_OBJECT = "There is no such object on the server.\r\n"
NOT_OPERATIONAL = "The server is not operational.\r\n"
NO_DOMAIN = "The specified domain either does not exist or could not be contacted.\r\n"
BAD_PATH = "An invalid dn syntax has been specified.\r\n"
UNKNOWN_PROVIDER = "Unknown error (0x80005000)"
BAD_FILTER = "The search filter is invalid."

_ROOT_DSE = "rootdse"
_PORT = re.compile(r":\d+$")
SCHEMA_POINT = "ms-Exch-Schema-Version-Pt"
SYSTEM_OBJECTS = "Microsoft Exchange System Objects"
ADMINISTRATIVE_GROUP = "Exchange Administrative Group (FYDIBOHF23SPDLT)"
# Of Active Directory's own schema in Windows Server 2003 (general knowledge): not to be mixed up with Exchange's.
_WINDOWS_SCHEMA = 30


class DirectoryError(Exception):
    """What ADSI says; the message is the system's English text."""


@dataclass(frozen=True)
class Entry:
    """An object. attributes: name as the schema spells it -> values; RootDSE has an empty distinguished name."""

    dn: str
    attributes: dict[str, tuple[Data, ...]] = field(default_factory=dict)

    def values(self, name: str) -> tuple[Data, ...]:
        """The values of an attribute, none when the object has none; names are compared without case."""
        return next((values for key, values in self.attributes.items() if key.lower() == name.lower()), ())


@dataclass(frozen=True)
class Path:
    """LDAP://server/dn taken apart; both may be empty. dn 'RootDSE' means that one."""

    server: str
    dn: str


def parse_path(text: str) -> Path:
    """The parts of an ADSI path; DirectoryError for another provider."""
    provider, colon, rest = text.partition("://")
    if not colon or provider not in ("LDAP", "GC"):  # the provider's name is the one thing that minds its case
        raise DirectoryError(UNKNOWN_PROVIDER)
    first, slash, below = rest.partition("/")
    if slash:
        return Path(_PORT.sub("", first), below)
    return Path("", first) if "=" in first or first.lower() == _ROOT_DSE else Path(_PORT.sub("", first), "")


def bind(proc: Process, path: str, login: Login | None = None) -> Entry:
    """The object at an ADSI path, as this process or the given account may read it; DirectoryError."""
    world, wanted = proc.host.world, parse_path(path)
    with world.lock:
        if login is not None:
            return _bind_as(proc, login, wanted)
        if wanted.dn.lower() == _ROOT_DSE:
            return _root(world, _controller(world, wanted.server))
        reach(proc, wanted.server)
        dn = wanted.dn or domain_dn(world)
        return find(world, dn)


def _bind_as(proc: Process, login: Login, wanted: Path) -> Entry:
    """With a password of its own nothing depends on how the process was logged on."""
    world = proc.host.world
    controller = _controller(world, wanted.server)
    name, password = login
    known = proc.host.passwords.get(name.rpartition("\\")[2].partition("@")[0].lower())
    if known is None or known != password:
        raise DirectoryError(LOGON_FAILURE)
    if wanted.dn.lower() == _ROOT_DSE:
        return _root(world, controller)
    return find(world, wanted.dn or domain_dn(world))


def reach(proc: Process, server: str = "") -> None:
    """DirectoryError when no domain controller answers, or this logon may not read there.

    transport.md 7: a network logon has no credentials to go on with. RootDSE needs none.
    """
    _controller(proc.host.world, server)
    if not proc.logon.can_go_on and proc.host.world.directory.network_logon == "denied":
        raise DirectoryError(OPERATIONS_ERROR)


def find(world: World, dn: str) -> Entry:
    """The object of that distinguished name; DirectoryError."""
    if "=" not in dn:
        raise DirectoryError(BAD_PATH)
    found = next((entry for entry in entries(world) if _plain(entry.dn) == _plain(dn)), None)
    if found is None:
        raise DirectoryError(NO_SUCH_OBJECT)
    return found


def search(world: World, base: str, scope: str, text: str) -> list[Entry]:
    """What a filter finds below base; scope: base, onelevel or subtree. DirectoryError.

    A search stays in the naming context where it begins: from the domain nobody comes to the configuration.
    """
    start, fits = find(world, base), parse_filter(text)
    found = [entry for entry in entries(world) if _within(entry, start, scope) and fits(entry)]
    return [entry for entry in found if _context(world, entry) == _context(world, start)]


def domain_dn(world: World) -> str:
    """DC=lab,DC=example."""
    return ",".join(f"DC={part}" for part in world.directory.domain.split("."))


def configuration_dn(world: World) -> str:
    """The configuration naming context."""
    return f"CN=Configuration,{domain_dn(world)}"


def organization_dn(world: World) -> str:
    """The container of the Exchange organisation."""
    return f"CN={world.directory.name},CN=Microsoft Exchange,CN=Services,{configuration_dn(world)}"


def servers_dn(world: World) -> str:
    """The container of the organisation's servers."""
    return f"CN=Servers,CN={ADMINISTRATIVE_GROUP},CN=Administrative Groups,{organization_dn(world)}"


def entries(world: World) -> Iterator[Entry]:
    """Every object that the lab plays, but for RootDSE."""
    directory, domain, configuration = world.directory, domain_dn(world), configuration_dn(world)
    schema, organization, servers = f"CN=Schema,{configuration}", organization_dn(world), servers_dn(world)
    services = f"CN=Services,{configuration}"
    yield _entry(domain, "domainDNS")
    yield _entry(
        f"CN={SYSTEM_OBJECTS},{domain}", "msExchSystemObjectsContainer", objectVersion=directory.system_objects
    )
    yield _entry(configuration, "configuration")
    yield _entry(schema, "dMD", objectVersion=_WINDOWS_SCHEMA)
    point: dict[str, Data] = {"rangeUpper": directory.schema, "lDAPDisplayName": "msExchSchemaVersionPt"}
    yield _entry(f"CN={SCHEMA_POINT},{schema}", "attributeSchema", **point)
    yield _entry(services, "container")
    yield _entry(f"CN=Microsoft Exchange,{services}", "msExchConfigurationContainer")
    yield _entry(organization, "msExchOrganizationContainer", objectVersion=directory.organization)
    yield _entry(f"CN=Administrative Groups,{organization}", "msExchAdminGroupContainer")
    yield _entry(servers.partition(",")[2], "msExchAdminGroup")
    yield _entry(servers, "msExchServersContainer")
    for cluster in world.clusters.values():
        for cms in cluster.mailbox_servers:
            yield _entry(f"CN={cms.name},{servers}", "msExchExchangeServer")


def _entry(dn: str, kind: str, **more: Data) -> Entry:
    name = dn.partition(",")[0].partition("=")[2]
    attributes: dict[str, Data] = {"distinguishedName": dn, "name": name, "cn": name, **more}
    if kind == "domainDNS":
        attributes["dc"] = attributes.pop("cn")
    return Entry(dn, {"objectClass": ("top", kind), **{key: (value,) for key, value in attributes.items()}})


def _root(world: World, controller: str) -> Entry:
    domain, configuration = domain_dn(world), configuration_dn(world)
    schema = f"CN=Schema,{configuration}"
    single = {
        "defaultNamingContext": domain,
        "rootDomainNamingContext": domain,
        "configurationNamingContext": configuration,
        "schemaNamingContext": schema,
        "dnsHostName": f"{controller}.{world.directory.domain}",
        "isSynchronized": "TRUE",
    }
    several = {"namingContexts": (domain, configuration, schema)}
    return Entry("", {**{key: (value,) for key, value in single.items()}, **several})


def _controller(world: World, server: str) -> str:
    """The domain controller that answers; the name of the domain finds any."""
    known = world.directory.controllers
    if not known:
        raise DirectoryError(NOT_OPERATIONAL if server else NO_DOMAIN)
    if server.lower() in ("", world.directory.domain.lower()):
        return known[0]
    found = next((name for name in known if name.lower() == server.partition(".")[0].lower()), None)
    if found is None:
        raise DirectoryError(NOT_OPERATIONAL)
    return found


@lru_cache(maxsize=4096)
def _plain(dn: str) -> str:
    """A distinguished name to be compared: blanks around commas and equals signs do not count."""
    return re.sub(r"\s*([,=])\s*", r"\1", dn.strip()).lower()


def _context(world: World, entry: Entry) -> str:
    """The naming context that an object belongs to: the schema's, the configuration's, or the domain's."""
    configuration = configuration_dn(world)
    contexts = (f"CN=Schema,{configuration}", configuration)
    return next((dn for dn in contexts if f",{entry.dn}".endswith(f",{dn}")), domain_dn(world))


def _within(entry: Entry, base: Entry, scope: str) -> bool:
    dn, top = _plain(entry.dn), _plain(base.dn)
    if scope == "base":
        return dn == top
    if scope == "onelevel":
        return dn.partition(",")[2] == top
    return dn == top or dn.endswith("," + top)


# -- filters


def parse_filter(text: str) -> Test:
    """(attribute=value), with & | ! and * at any place; DirectoryError."""
    stripped = text.strip()
    test, rest = _test(stripped if stripped.startswith("(") else f"({stripped})")
    if rest.strip():
        raise DirectoryError(BAD_FILTER)
    return test


def _test(text: str) -> tuple[Test, str]:
    if not text.startswith("("):
        raise DirectoryError(BAD_FILTER)
    if text[1:2] in ("&", "|", "!"):
        return _compound(text[1], text[2:])
    inside, closed, rest = text[1:].partition(")")
    found = re.fullmatch(r"\s*([\w.:-]+?)\s*(>=|<=|=)(.*)", inside, re.DOTALL)
    if not closed or found is None:
        raise DirectoryError(BAD_FILTER)
    return _comparison(*found.groups()), rest


def _compound(operator: str, text: str) -> tuple[Test, str]:
    tests: list[Test] = []
    while text.lstrip().startswith("("):
        test, text = _test(text.lstrip())
        tests.append(test)
    text = text.lstrip()
    if not text.startswith(")") or not tests or (operator == "!" and len(tests) > 1):
        raise DirectoryError(BAD_FILTER)
    if operator == "!":
        return (lambda entry: not tests[0](entry)), text[1:]
    together = all if operator == "&" else any
    return (lambda entry: together(test(entry) for test in tests)), text[1:]


def _comparison(name: str, operator: str, value: str) -> Test:
    if name.lower() == "objectcategory":
        # The name of a class stands for the object that defines it; here it is compared with the class itself.
        return lambda entry: str(entry.values("objectClass")[-1:]).lower() == str((value,)).lower()
    if operator == "=":
        pattern = ".*".join(re.escape(_unescaped(part)) for part in value.split("*"))
        wanted = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return lambda entry: any(wanted.fullmatch(str(found)) for found in entry.values(name))
    if not value.lstrip("-").isdecimal():
        return lambda _entry: False
    return lambda entry: any(
        isinstance(found, int) and (found >= int(value) if operator == ">=" else found <= int(value))
        for found in entry.values(name)
    )


def _unescaped(text: str) -> str:
    r"""\2a stands for the character of that number."""
    return re.sub(r"\\([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)
