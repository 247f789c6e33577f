# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Set-Content, Add-Content, Export-Csv and Import-Csv of PowerShell 1.0: lists of mailboxes and results in files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from ..files import FileSystemError, absolute
from .binding import Invocation, Parameter, Registry, switch
from .computer_cmdlets import decoded
from .errors import PSError
from .members import get_property, property_names
from .pipeline_cmdlets import items
from .values import PSObject, each, to_text, type_name

REGISTRY = Registry()
Output = Iterator[Any]
_PATH = Parameter("Path", 0, mandatory=True, aliases=("filepath",))
_VALUE = Parameter("Value", 1)
_INPUT = Parameter("InputObject")
_ENCODING = Parameter("Encoding")
_WIDE = {"unicode": ("utf-16-le", b"\xff\xfe"), "utf8": ("utf-8", b"\xef\xbb\xbf"), "ascii": ("ascii", b"")}
_ANSI = ("cp1252", b"")


def _write(call: Invocation, text: str, append: bool, encoding: tuple[str, bytes]) -> None:
    session = call.session
    path = absolute(call.text("Path"), session.proc.cwd)
    codec, mark = encoding
    begun = append and session.host.files.entry(path) is not None
    data = (b"" if begun else mark) + text.replace("\n", "\r\n").encode(codec, "replace")
    try:
        session.host.files.write(path, data, append)
    except FileSystemError:
        raise PSError(f"Could not find a part of the path '{path}'.") from None
    session.host.world.truth.effect(session.host, "file", "write", path, session.proc)


def _content(call: Invocation, append: bool) -> Output:
    lines = each(call.get("Value")) if call.given("Value") else call.input
    text = "".join(to_text(line) + "\n" for line in lines)
    _write(call, text, append, _WIDE.get(call.text("Encoding").lower(), _ANSI))
    yield from ()


@REGISTRY.add("Set-Content", _PATH, _VALUE, _ENCODING, switch("Force"))
def _set_content(call: Invocation) -> Output:
    return _content(call, append=False)


@REGISTRY.add("Add-Content", _PATH, _VALUE, _ENCODING, switch("Force"))
def _add_content(call: Invocation) -> Output:
    return _content(call, append=True)


@REGISTRY.add("Export-Csv", _PATH, _INPUT, _ENCODING, switch("NoTypeInformation"), switch("Force"))
def _export_csv(call: Invocation) -> Output:
    """1.0 writes ASCII unless it is told otherwise, and the type of the first object above the titles."""
    found = list(items(call))
    names = property_names(found[0]) if found else []
    out = io.StringIO()
    if found and not call.flag("NoTypeInformation"):
        out.write(f"#TYPE {type_name(found[0])}\n")
    writer = csv.writer(out, lineterminator="\n")
    if names:
        writer.writerow(names)
    writer.writerows([to_text(get_property(item, name)) for name in names] for item in found)
    _write(call, out.getvalue(), append=False, encoding=_WIDE.get(call.text("Encoding").lower(), _WIDE["ascii"]))
    yield from ()


@REGISTRY.add("Import-Csv", _PATH)
def _import_csv(call: Invocation) -> Output:
    path = absolute(call.text("Path"), call.session.proc.cwd)
    try:
        text = decoded(call.session.host.files.read(path), call.session.host)
    except FileSystemError:
        raise call.fail(f"Could not find file '{path}'.", "FileOpenFailure") from None
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line and not line.startswith("#TYPE")]
    for row in csv.DictReader(lines):
        yield PSObject("System.Management.Automation.PSCustomObject", dict(row))
