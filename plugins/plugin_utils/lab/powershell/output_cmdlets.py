# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Cmdlets at the end of a pipeline: Write-*, Out-*, Format-*."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .binding import Invocation, Parameter, Registry, switch
from .formatting import Formatted, cell, fitting_widths, list_lines, numeric, table_head, table_row, table_widths
from .members import property_names
from .pipeline_cmdlets import columns, items
from .values import each, number, to_text

REGISTRY = Registry()
Output = Iterator[Any]
_INPUT = Parameter("InputObject")


@REGISTRY.add("Write-Output", Parameter("InputObject", 0, mandatory=True, rest=True, piped=True))
def _write_output(call: Invocation) -> Output:
    yield from each(call.get("InputObject"))


@REGISTRY.add(
    "Write-Host",
    Parameter("Object", 0, rest=True, piped=True),
    switch("NoNewline"),
    Parameter("Separator"),
    Parameter("ForegroundColor"),
    Parameter("BackgroundColor"),
)
def _write_host(call: Invocation) -> Output:
    separator = to_text(call.get("Separator", " "))
    text = separator.join(cell(item) for item in each(call.get("Object")))
    call.session.console.out(text if call.flag("NoNewline") else text + "\n")
    yield from ()


@REGISTRY.add("Write-Error", Parameter("Message", 0, mandatory=True, piped=True))
def _write_error(call: Invocation) -> Output:
    call.error(call.text("Message"), "WriteErrorException")
    yield from ()


@REGISTRY.add("Write-Warning", Parameter("Message", 0, mandatory=True, piped=True))
def _write_warning(call: Invocation) -> Output:
    if call.session.preference("WarningPreference") != "silentlycontinue":
        call.session.console.warn(call.text("Message"))
    yield from ()


@REGISTRY.add("Write-Verbose", Parameter("Message", 0, mandatory=True, piped=True))
@REGISTRY.add("Write-Debug", Parameter("Message", 0, mandatory=True, piped=True))
def _write_nothing(_call: Invocation) -> Output:
    yield from ()


@REGISTRY.add("Out-Null", _INPUT)
def _out_null(call: Invocation) -> Output:
    for _item in items(call):
        pass
    yield from ()


@REGISTRY.add("Out-Host", _INPUT)
@REGISTRY.add("Out-Default", _INPUT)
def _out_host(call: Invocation) -> Output:
    printer = call.session.printer()
    for item in items(call):
        printer.show(item)
    printer.finish()
    yield from ()


@REGISTRY.add("Out-String", Parameter("Width"), switch("Stream"), _INPUT)
def _out_string(call: Invocation) -> Output:
    pieces: list[str] = []
    width = int(number(call.get("Width", 0)))
    printer = call.session.printer(pieces.append, width)
    for item in items(call):
        printer.show(item)
    printer.finish()
    if call.flag("Stream"):
        yield from [piece.rstrip("\n") for piece in pieces]
    else:
        yield "".join(pieces).replace("\n", "\r\n")


@REGISTRY.add("Format-List", Parameter("Property", 0), _INPUT)
def _format_list(call: Invocation) -> Output:
    lines = ["", ""]
    for item in items(call):
        if isinstance(item, str) or not property_names(item):
            lines.append(to_text(item))
            continue
        chosen = columns(call, call.get("Property", "*"), item)
        width = call.session.console.width
        lines += [*list_lines(item, chosen, width, call.session.enumeration_limit()), ""]
    yield Formatted((*lines, "", ""))


@REGISTRY.add(
    "Format-Table", Parameter("Property", 0), switch("AutoSize"), switch("HideTableHeaders"), switch("Wrap"), _INPUT
)
def _format_table(call: Invocation) -> Output:
    chosen = list(items(call))
    if not chosen:
        return
    default = list(getattr(chosen[0], "columns", ())) or "*"
    shown = columns(call, call.get("Property", default), chosen[0])
    limit = call.session.enumeration_limit()
    rows = [[cell(c.get(item), limit) for c in shown] for item in chosen]
    names = [c.name for c in shown]
    right = [numeric(c.get(chosen[0])) for c in shown]
    widths = (
        fitting_widths(rows, names) if call.flag("AutoSize") else table_widths(len(names), call.session.console.width)
    )
    head = [] if call.flag("HideTableHeaders") else table_head(names, widths, right)
    yield Formatted(("", *head, *(table_row(row, widths, right) for row in rows), "", ""))
