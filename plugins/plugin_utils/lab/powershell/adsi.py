# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Active Directory in PowerShell 1.0: [ADSI], DirectoryEntry, DirectorySearcher.

An object is fetched when a property of it is first asked for; that is where its errors show. 1.0 hides the members of
the .NET class behind psbase and shows the directory's attributes instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import directory
from ..directory import DirectoryError, Entry, Login
from .errors import ErrorRecord, PSError
from .net import NetObject
from .values import PropertyValues, each, number, to_text

if TYPE_CHECKING:
    from ..process import Process

_SPACE = "System.DirectoryServices."
_SCOPES = ("base", "onelevel", "subtree")
_NOT_CACHED = "The directory property cannot be found in the cache.\r\n"


def failed_call(name: str, arguments: list[Any], why: object) -> PSError:
    """The error of a .NET method that threw."""
    return PSError(f'Exception calling "{name}" with "{len(arguments)}" argument(s): "{why}"')


class DirectoryEntry(NetObject):
    """[ADSI]path as 1.0 shows it: the attributes, and the methods of ADSI."""

    type_name = _SPACE + "DirectoryEntry"

    def __init__(self, proc: Process, path: str, login: Login | None = None) -> None:
        self.proc = proc
        self.path = path
        self.login = login
        self._entry: Entry | None = None

    def fetch(self) -> Entry:
        """The object, from the property cache or from the directory; DirectoryError."""
        if self._entry is None:
            self.proc.sleep(self.proc.host.world.physics.durations.directory)
            path = self.path or f"LDAP://{directory.domain_dn(self.proc.host.world)}"
            self._entry = directory.bind(self.proc, path, self.login)
        return self._entry

    def forget(self) -> None:
        """Empty the property cache."""
        self._entry = None

    def get(self, name: str) -> Any:
        """An attribute's values; $null when the object has no such attribute."""
        if name.lower() == "psbase":
            return _Base(self)
        try:
            values = self.fetch().values(name)
        except DirectoryError as error:
            raise _not_retrieved(name, error) from None
        return PropertyValues(values) if values else None

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Get, GetEx, GetInfo, RefreshCache."""
        low = name.lower()
        if low in ("getinfo", "refreshcache"):
            self.forget()
            self._try(name, arguments)
            return None
        if low in ("get", "getex", "invokeget") and len(arguments) == 1:
            return self._attribute(name, arguments)
        return super().call(name, arguments)

    def names(self) -> list[str]:
        """The attributes that the object has."""
        try:
            return list(self.fetch().attributes)
        except DirectoryError as error:
            raise _not_retrieved("distinguishedName", error) from None

    def _try(self, name: str, arguments: list[Any]) -> Entry:
        try:
            return self.fetch()
        except DirectoryError as error:
            raise failed_call(name, arguments, error) from None

    def _attribute(self, name: str, arguments: list[Any]) -> Any:
        values = self._try(name, arguments).values(to_text(arguments[0]))
        if not values and name.lower() != "invokeget":
            raise failed_call(name, arguments, _NOT_CACHED)
        if name.lower() == "getex" or len(values) > 1:
            return list(values)
        return values[0] if values else None


class _Base(NetObject):
    """What psbase shows: the .NET class itself."""

    type_name = DirectoryEntry.type_name

    def __init__(self, entry: DirectoryEntry) -> None:
        self._entry = entry

    def get(self, name: str) -> Any:
        low = name.lower()
        if low == "path":
            return self._entry.path
        if low == "properties":
            return _Properties(self._entry)
        try:
            return self._own(low)
        except DirectoryError as error:
            raise _not_retrieved(name, error) from None

    def _own(self, name: str) -> Any:
        if name == "name":
            return self._entry.fetch().dn.partition(",")[0]
        if name == "schemaclassname":
            return (self._entry.fetch().values("objectClass") or ("",))[-1]
        if name == "children":
            world = self._entry.proc.host.world
            below = directory.search(world, self._entry.fetch().dn, "onelevel", "(objectClass=*)")
            return [DirectoryEntry(self._entry.proc, f"LDAP://{entry.dn}", self._entry.login) for entry in below]
        return None

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name.lower() in ("close", "dispose"):
            return None
        return self._entry.call(name, arguments)


class _Properties(NetObject):
    """psbase.Properties: the attributes by name, case ignored."""

    type_name = _SPACE + "PropertyCollection"

    def __init__(self, entry: DirectoryEntry) -> None:
        self._entry = entry

    def index(self, key: Any) -> Any:
        found = self._entry.get(to_text(key))
        return PropertyValues() if found is None else found

    def get(self, name: str) -> Any:
        if name.lower() == "propertynames":
            return self._entry.names()
        if name.lower() == "count":
            return len(self._entry.names())
        return self._entry.get(name)

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name.lower() == "item" and len(arguments) == 1:
            return self.index(arguments[0])
        if name.lower() == "contains" and len(arguments) == 1:
            return self._entry.get(to_text(arguments[0])) is not None
        return super().call(name, arguments)


class DirectorySearcher(NetObject):
    """A search: SearchRoot, Filter, SearchScope, PropertiesToLoad."""

    type_name = _SPACE + "DirectorySearcher"

    def __init__(self, proc: Process, *arguments: Any) -> None:
        self._proc = proc
        given = list(arguments)
        root = given.pop(0) if given and not isinstance(given[0], str) else None
        self._values: dict[str, Any] = {
            "searchroot": root,
            "filter": to_text(given[0]) if given else "(objectClass=*)",
            "propertiestoload": _Names(given[1] if len(given) > 1 else None),
            "searchscope": given[2] if len(given) > 2 else "Subtree",
            "pagesize": 0,
            "sizelimit": 0,
            "cacheresults": True,
        }

    def get(self, name: str) -> Any:
        return self._values.get(name.lower())

    def put(self, name: str, value: Any) -> None:
        low = name.lower()
        if low not in self._values or low == "propertiestoload":
            super().put(name, value)
        self._values[low] = value

    def names(self) -> list[str]:
        return ["SearchRoot", "Filter", "PropertiesToLoad", "SearchScope", "PageSize", "SizeLimit", "CacheResults"]

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name.lower() == "dispose":
            return None
        if name.lower() not in ("findone", "findall"):
            return super().call(name, arguments)
        try:
            found = self._find()
        except DirectoryError as error:
            raise failed_call(name, arguments, error) from None
        return found if name.lower() == "findall" else (found[0] if found else None)

    def _find(self) -> list[Any]:
        world, root = self._proc.host.world, self._values["searchroot"]
        path = root.path if isinstance(root, DirectoryEntry) else to_text(root)
        base = directory.parse_path(path) if path else directory.Path("", "")
        directory.parse_filter(self._values["filter"])
        self._proc.sleep(world.physics.durations.directory)
        directory.reach(self._proc, base.server)
        with world.lock:
            top = base.dn or directory.domain_dn(world)
            entries = directory.search(world, top, self._scope(), to_text(self._values["filter"]))
        return [_Result(self._proc, entry, base.server, self._values["propertiestoload"].loaded) for entry in entries]

    def _scope(self) -> str:
        """The value of the enumeration: a word or its number."""
        wanted = to_text(self._values["searchscope"]).lower()
        return wanted if wanted in _SCOPES else _SCOPES[int(number(wanted)) % len(_SCOPES)]


class _Names(NetObject):
    """PropertiesToLoad."""

    type_name = "System.Collections.Specialized.StringCollection"

    def __init__(self, names: Any) -> None:
        self.loaded = [to_text(name) for name in each(names)]

    def get(self, name: str) -> Any:
        return len(self.loaded) if name.lower() == "count" else None

    def call(self, name: str, arguments: list[Any]) -> Any:
        low = name.lower()
        if low == "add" and len(arguments) == 1:
            self.loaded.append(to_text(arguments[0]))
            return len(self.loaded) - 1
        if low == "addrange" and len(arguments) == 1:
            self.loaded += [to_text(item) for item in each(arguments[0])]
            return None
        if low == "clear":
            self.loaded.clear()
            return None
        return super().call(name, arguments)


class _Result(NetObject):
    """One object that a search found, with the attributes that were to be loaded."""

    type_name = _SPACE + "SearchResult"

    def __init__(self, proc: Process, entry: Entry, server: str, wanted: list[str]) -> None:
        self._proc = proc
        self._path = f"LDAP://{server}/{entry.dn}" if server else f"LDAP://{entry.dn}"
        loaded = {name.lower() for name in wanted}
        self._values: dict[str, list[Any]] = {
            key.lower(): list(values) for key, values in entry.attributes.items() if not loaded or key.lower() in loaded
        }
        self._values["adspath"] = [self._path]

    def get(self, name: str) -> Any:
        return {"path": self._path, "properties": _ResultProperties(self._values)}.get(name.lower())

    def names(self) -> list[str]:
        return ["Path", "Properties"]

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name.lower() == "getdirectoryentry":
            return DirectoryEntry(self._proc, self._path)
        return super().call(name, arguments)


class _ResultProperties(NetObject):
    """A result's attributes.

    assumption: the names are kept in lower case and only Item() and Contains() bring theirs to it, so that
    .Properties.rangeUpper and .Properties['rangeUpper'] are empty.
    """

    type_name = _SPACE + "ResultPropertyCollection"

    def __init__(self, values: dict[str, list[Any]]) -> None:
        self._values = values

    def index(self, key: Any) -> Any:
        return self._values.get(to_text(key))

    def get(self, name: str) -> Any:
        if name.lower() in ("propertynames", "keys"):
            return list(self._values)
        if name.lower() == "count":
            return len(self._values)
        return self._values.get(name)

    def names(self) -> list[str]:
        return list(self._values)

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name.lower() == "item" and len(arguments) == 1:
            return self._values.get(to_text(arguments[0]).lower(), [])
        if name.lower() == "contains" and len(arguments) == 1:
            return to_text(arguments[0]).lower() in self._values
        return super().call(name, arguments)


def _not_retrieved(name: str, error: DirectoryError) -> PSError:
    return PSError(
        ErrorRecord(
            f'The following exception occurred while retrieving member "{name}": "{error}"',
            identifier="CatchFromBaseGetMember",
            type_name="System.Management.Automation.ExtendedTypeSystemException",
        )
    )
