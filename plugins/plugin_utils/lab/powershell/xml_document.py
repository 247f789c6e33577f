# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""[xml]: elements and attributes as properties, the way PowerShell shows a System.Xml.XmlDocument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from .errors import PSError
from .net import NetObject
from .values import to_text


class XmlElement(NetObject):
    """An element. A child of text alone shows as a string, several children of one name as an array."""

    type_name = "System.Xml.XmlElement"

    def __init__(self, element: ElementTree.Element) -> None:
        self.element = element

    def get(self, name: str) -> Any:
        low = name.lower()
        for key, value in self.element.attrib.items():
            if key.lower() == low:
                return value
        found = [shown(child) for child in self.element if child.tag.lower() == low]
        if found:
            return found if len(found) > 1 else found[0]
        own: dict[str, Callable[[], Any]] = {
            "innertext": lambda: "".join(self.element.itertext()),
            "#text": lambda: self.element.text,
            "innerxml": lambda: "".join(ElementTree.tostring(child, "unicode") for child in self.element),
            "outerxml": lambda: ElementTree.tostring(self.element, "unicode"),
            "childnodes": lambda: [XmlElement(child) for child in self.element],
            "haschildnodes": lambda: len(self.element) > 0 or bool(self.element.text),
            "name": lambda: self.element.tag,
            "localname": lambda: self.element.tag,
        }
        return own[low]() if low in own else None

    def call(self, name: str, arguments: list[Any]) -> Any:
        low = name.lower()
        if low == "getattribute":
            return self.element.attrib.get(to_text(arguments[0]), "")
        if low in ("selectnodes", "selectsinglenode"):
            found = [XmlElement(child) for child in self.select(to_text(arguments[0]))]
            return found if low == "selectnodes" else next(iter(found), None)
        return super().call(name, arguments)

    def select(self, path: str) -> list[ElementTree.Element]:
        """The elements of a simple path: //Item, TaskDetails/Item, Item[@IsWarning='True']; PSError."""
        relative = f".{path}" if path.startswith("//") else path
        try:
            return self.element.findall(relative)
        except SyntaxError:
            raise PSError(f"'{path}' has an invalid token.") from None

    def names(self) -> list[str]:
        return list(dict.fromkeys([*self.element.attrib, *(child.tag for child in self.element)]))

    def __str__(self) -> str:
        return self.element.tag


class XmlDocument(XmlElement):
    """The document: its one property is its root."""

    type_name = "System.Xml.XmlDocument"

    def get(self, name: str) -> Any:
        if name.lower() in (self.element.tag.lower(), "documentelement"):
            return XmlElement(self.element)
        return None if name.lower() != "outerxml" else super().get(name)

    def select(self, path: str) -> list[ElementTree.Element]:
        outside = ElementTree.Element("document")
        outside.append(self.element)
        return XmlElement(outside).select(path if path.startswith("//") else path.lstrip("/"))

    def names(self) -> list[str]:
        return [self.element.tag]

    def __str__(self) -> str:
        return self.type_name


def shown(element: ElementTree.Element) -> Any:
    """An element as a property's value."""
    return XmlElement(element) if len(element) or element.attrib else (element.text or "")


def parse_xml(value: Any) -> XmlDocument:
    """[xml] of a text, or of the lines of a file; PSError when it isn't well-formed."""
    if isinstance(value, XmlDocument):
        return value
    lines = value if isinstance(value, list) else [value]
    text = "\n".join(to_text(line) for line in lines)
    _declaration, end, body = text.partition("?>") if text.lstrip().startswith("<?xml") else ("", "", text)
    try:
        # the lab reads what the lab has written
        return XmlDocument(ElementTree.fromstring(body if end else text))  # noqa: S314
    except ElementTree.ParseError as error:
        raise PSError(
            f'Cannot convert value "{text[:60]}" to type "System.Xml.XmlDocument". Error: "{error}"'
        ) from None
