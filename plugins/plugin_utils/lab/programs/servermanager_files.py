# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The XML files of ServerManagerCmd.exe: query, answer, result (windows-cli.md 3.3)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..features import Catalogue, Feature
from .servermanager_line import Refusal, not_valid

NAMESPACE = "http://schemas.microsoft.com/sdm/Windows/ServerManager/Configuration/2007/1"
_KINDS = ("Role", "RoleService", "Feature")
_SPOKEN = {"Role": "role", "RoleService": "role service", "Feature": "feature"}


@dataclass
class Answer:
    """What an answer file asks for: Install or Remove, and (feature, with everything below)."""

    action: str
    wanted: list[tuple[Feature, bool]] = field(default_factory=list)


def query_file(offered: Catalogue, installed: set[str], names: dict[str, str], encoding: str) -> bytes:
    """What -query writes; names: Id -> display name in the language of the host."""
    root = ET.Element("ServerManagerConfigurationQuery", xmlns=NAMESPACE)
    for top in (*offered.roles, *offered.features):
        _describe(root, top, installed, names)
    return _file(root, encoding)


def _describe(above: ET.Element, feature: Feature, installed: set[str], names: dict[str, str]) -> None:
    state = "true" if feature.id in installed else "false"
    element = ET.SubElement(above, feature.kind, DisplayName=names[feature.id], Installed=state, Id=feature.id)
    if feature.along:
        element.set("Default", "true")
    for child in feature.below:
        _describe(element, child, installed, names)


def result_file(changed: Iterable[Feature], installing: bool, code: int) -> bytes:
    """What -resultPath writes."""
    # assumption: windows-cli.md 3.3, the attributes of the result elements are unknown
    root = ET.Element("ServerManagerConfigurationResult", xmlns=NAMESPACE)
    root.set("Success", "true" if code in (0, 1003, 3010) else "false")
    root.set("RestartRequired", "true" if code == 3010 else "false")
    for feature in changed:
        action = "Install" if installing else "Remove"
        ET.SubElement(root, feature.kind, Id=feature.id, Action=action, Result="Success")
    return _file(root, "utf-8")


def _file(root: ET.Element, encoding: str) -> bytes:
    ET.indent(root)
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n{ET.tostring(root, "unicode")}\n'.replace("\n", "\r\n")
    return text.encode("utf-16" if encoding == "utf-16" else "utf-8-sig")


def read_answer(path: str, data: bytes, offered: Catalogue) -> Answer:
    """What an answer file asks for; Refusal 110 when it is none, 4 for an Id that is not right."""
    try:
        root = ET.fromstring(data)  # noqa: S314
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Refusal(110, "ReadError: Failed to load the answer file: {path}. {why}", path=path, why=error) from error
    action = root.get("Action", "").capitalize()
    if _plain(root.tag) != "ServerManagerConfiguration" or action not in ("Install", "Remove"):
        # windows-cli.md 3.1: the file that -query writes is of another kind
        raise Refusal(110, "ReadError: Failed to read the answer file: {path}", path=path)
    answer = Answer(action)
    seen: set[str] = set()
    for element in root.iter():
        if element is not root:
            _read(element, offered, answer, seen)
    return answer


def _read(element: ET.Element, offered: Catalogue, answer: Answer, seen: set[str]) -> None:
    kind, name = _plain(element.tag), element.get("Id", "")
    if kind not in _KINDS:
        raise not_valid("ArgumentNotValid: Argument not valid {argument}", argument=kind)
    if name.lower() in seen:
        english = "ArgumentNotValid: The following name has already been specified in the input path: {name}"
        raise not_valid(english, name=name)
    seen.add(name.lower())
    feature = offered.find(name)
    if feature is None:
        raise not_found(name, kind)
    if feature.kind != kind:
        raise _wrong_kind(name, kind, feature.kind)
    answer.wanted.append((feature, element.get("InstallAllSubFeatures", "").lower() == "true"))


def not_found(id: str, kind: str = "Feature") -> Refusal:
    """An Id that this Windows does not offer."""
    word = _SPOKEN[kind]
    english = f"ArgumentNotValid: {word.capitalize()} not valid: '{{name}}'. The name of the {word} was not found."
    return not_valid(english, name=id)


def _wrong_kind(id: str, asked: str, found: str) -> Refusal:
    if (asked, found) == ("Role", "RoleService"):
        return not_valid("ArgumentNotValid: Invalid role. The name '{name}' is for a role service.", name=id)
    english = f"ArgumentNotValid: Not a valid {_SPOKEN[asked]}. '{{name}}' is a {_SPOKEN[found]}."
    return not_valid(english, name=id)


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]
