# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Cmdlets that work on whatever comes down a pipeline: choose, sort, count, run a script block for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .binding import Invocation, Parameter, Registry, switch
from .errors import PSError
from .formatting import Column, column
from .members import get_property, property_names
from .operators import is_like
from .syntax import Variable
from .values import HashTable, PSObject, ScriptBlock, collapsed, compare, each, number, to_text, truth, type_name

REGISTRY = Registry()
Output = Iterator[Any]
_INPUT = Parameter("InputObject")


def items(call: Invocation) -> Output:
    """The objects that a cmdlet works on: -InputObject, or the pipeline."""
    if call.given("InputObject"):
        yield from each(call.get("InputObject"))
    else:
        yield from call.input


def script(call: Invocation, block: Any, item: Any) -> Output:
    """Run a script block with $_."""
    if not isinstance(block, ScriptBlock):
        raise call.fail(f'Cannot convert "{to_text(block)}" to a script block.')
    return call.interpreter.run_here(block.body, item)


@REGISTRY.add("Where-Object", Parameter("FilterScript", 0, mandatory=True), _INPUT)
def _where(call: Invocation) -> Output:
    for item in items(call):
        if truth(collapsed(list(script(call, call.get("FilterScript"), item)))):
            yield item


@REGISTRY.add(
    "ForEach-Object", Parameter("Process", 0, mandatory=True, rest=True), Parameter("Begin"), Parameter("End"), _INPUT
)
def _for_each(call: Invocation) -> Output:
    begin, process, end = _blocks(call)
    if begin:
        yield from script(call, begin, None)
    for item in items(call):
        for block in process:
            yield from script(call, block, item)
    if end:
        yield from script(call, end, None)


def _blocks(call: Invocation) -> tuple[Any, list[Any], Any]:
    """Two script blocks are begin and process, three have an end, too."""
    blocks = list(each(call.get("Process")))
    begin, end = call.get("Begin"), call.get("End")
    if len(blocks) > 1 and begin is None:
        begin = blocks.pop(0)
    if len(blocks) > 1 and end is None:
        end = blocks.pop()
    return begin, blocks, end


@REGISTRY.add(
    "Select-Object",
    Parameter("Property", 0),
    Parameter("First"),
    Parameter("Last"),
    Parameter("ExpandProperty"),
    Parameter("ExcludeProperty"),
    switch("Unique"),
    _INPUT,
)
def _select(call: Invocation) -> Output:
    chosen = list(items(call))
    if call.given("First") or call.given("Last"):
        chosen = _ends(chosen, call)
    if call.flag("Unique"):
        chosen = _unique(chosen)
    for item in chosen:
        if call.given("ExpandProperty"):
            yield from _expanded(call, item)
        elif call.given("Property"):
            yield _selected(call, item)
        else:
            yield item


def _ends(chosen: list[Any], call: Invocation) -> list[Any]:
    first = int(number(call.get("First", 0)))
    last = int(number(call.get("Last", 0)))
    return chosen[:first] + (chosen[first:][-last:] if last else [])


def _unique(chosen: list[Any]) -> list[Any]:
    seen: dict[str, Any] = {}
    for item in chosen:
        seen.setdefault(to_text(item), item)
    return list(seen.values())


def _expanded(call: Invocation, item: Any) -> Output:
    name = call.text("ExpandProperty")
    if not any(name.lower() == known.lower() for known in property_names(item)) and get_property(item, name) is None:
        call.error(f"Property '{name}' cannot be found.", "ExpandPropertyNotFound", item)
        return
    yield from each(get_property(item, name))


def _selected(call: Invocation, item: Any) -> PSObject:
    excluded = [to_text(name) for name in each(call.get("ExcludeProperty"))]
    made: dict[str, Any] = {}
    for chosen in columns(call, call.get("Property"), item):
        if not any(is_like(chosen.name, pattern) for pattern in excluded):
            made[chosen.name] = chosen.get(item)
    return PSObject("Selected." + type_name(item), made)


def columns(call: Invocation, wanted: Any, item: Any) -> list[Column]:
    """What -Property names: properties, wildcards, script blocks, @{Name=…;Expression=…}."""
    found: list[Column] = []
    for one in each(wanted):
        if isinstance(one, HashTable):
            found.append(_calculated(call, one))
        elif isinstance(one, ScriptBlock):
            found.append(_computed(call, one.text.strip(), one))
        else:
            found += _named(to_text(one), item)
    return found


def _named(name: str, item: Any) -> list[Column]:
    known = property_names(item)
    matching = [spelled for spelled in known if is_like(spelled, name)]
    wild = "*" in name or "?" in name
    return [column(spelled) for spelled in matching] if matching or wild else [column(name)]


def _calculated(call: Invocation, table: HashTable) -> Column:
    def part(*names: str) -> Any:
        return next((v for k, v in table.items() if any(n.startswith(str(k).lower()) for n in names)), None)

    expression = part("expression")
    name = to_text(part("name", "label")) or to_text(expression).strip()
    return (
        _computed(call, name, expression)
        if isinstance(expression, ScriptBlock)
        else Column(name, column(to_text(expression)).get)
    )


def _computed(call: Invocation, name: str, block: ScriptBlock) -> Column:
    return Column(name, lambda item: collapsed(list(script(call, block, item))))


@REGISTRY.add("Sort-Object", Parameter("Property", 0), switch("Descending"), switch("Unique"), _INPUT)
def _sort(call: Invocation) -> Output:
    chosen = list(items(call))
    keys = [_sort_keys(call, item) for item in chosen]
    order = sorted(range(len(chosen)), key=lambda place: _Ordered(keys[place]), reverse=call.flag("Descending"))
    result = [chosen[place] for place in order]
    yield from _unique(result) if call.flag("Unique") else result


def _sort_keys(call: Invocation, item: Any) -> list[Any]:
    if not call.given("Property"):
        return [item]
    return [c.get(item) for c in columns(call, call.get("Property"), item)]


class _Ordered:
    """A list of keys in PowerShell's order; what can't be compared is compared as text."""

    def __init__(self, keys: list[Any]) -> None:
        self._keys = keys

    def __lt__(self, other: _Ordered) -> bool:
        for mine, theirs in zip(self._keys, other._keys, strict=False):
            result = _order(mine, theirs)
            if result:
                return result < 0
        return False


def _order(left: Any, right: Any) -> int:
    try:
        return compare(left, right)
    except PSError:
        return compare(to_text(left), to_text(right))


@REGISTRY.add("Group-Object", Parameter("Property", 0), switch("NoElement"), _INPUT)
def _group(call: Invocation) -> Output:
    groups: dict[str, list[Any]] = {}
    for item in items(call):
        name = ", ".join(to_text(key) for key in _sort_keys(call, item))
        groups.setdefault(name, []).append(item)
    for name, members in groups.items():
        yield PSObject("GroupInfo", {"Count": len(members), "Name": name, "Group": members})


@REGISTRY.add(
    "Measure-Object",
    Parameter("Property", 0),
    switch("Sum"),
    switch("Average"),
    switch("Maximum"),
    switch("Minimum"),
    _INPUT,
)
def _measure(call: Invocation) -> Output:
    chosen = list(items(call))
    name = call.text("Property")
    numbers = [number(get_property(item, name) if name else item) for item in chosen] if _counts(call) else []
    yield PSObject(
        "GenericMeasureInfo",
        {
            "Count": len(chosen),
            "Average": sum(numbers) / len(numbers) if numbers and call.flag("Average") else None,
            "Sum": sum(numbers) if call.flag("Sum") else None,
            "Maximum": max(numbers, default=None) if call.flag("Maximum") else None,
            "Minimum": min(numbers, default=None) if call.flag("Minimum") else None,
            "Property": name or None,
        },
    )


def _counts(call: Invocation) -> bool:
    return any(call.flag(name) for name in ("Sum", "Average", "Maximum", "Minimum"))


@REGISTRY.add("Tee-Object", Parameter("Variable"), _INPUT)
def _tee(call: Invocation) -> Output:
    chosen = list(items(call))
    call.session.set(Variable(call.text("Variable")), collapsed(chosen))
    yield from chosen
