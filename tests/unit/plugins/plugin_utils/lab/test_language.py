# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pseudo-localisation: other words, same layout."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import language
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.language import Knobs, Language
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.native_lab import cluster, make_world

STATES = ["Online", "Offline", "Failed", "Pending", "Partially Online", "Online Pending", "Offline Pending"]
NODE_STATES = ["Up", "Down", "Paused", "Joining"]
SENTENCES = [
    "Listing status for all available nodes:",
    "The syntax of this command is:\n\n  a [b] 12 0x1F\n",
    "",
    *STATES,
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_english_stays_english(sentence: str) -> None:
    assert Language("en").text(sentence) == sentence


@pytest.mark.parametrize("sentence", SENTENCES)
def test_foreign_words_keep_the_layout(sentence: str) -> None:
    foreign = Language("xx").text(sentence)
    assert len(foreign) == len(sentence)
    assert [c for c in foreign if not c.isalpha()] == [c for c in sentence if not c.isalpha()]
    assert [c.isupper() for c in foreign] == [c.isupper() for c in sentence] or "0x" in sentence


@pytest.mark.parametrize("word", ["Online", "Up", "status", "of", "a", "NODE", "for", "available"])
def test_every_word_becomes_another_one_of_code_page_850(word: str) -> None:
    foreign = Language("xx").text(word)
    assert foreign.lower() != word.lower()
    assert not foreign.isascii()
    assert foreign.encode("cp850").decode("cp850") == foreign


def test_it_is_the_same_word_every_time() -> None:
    assert Language("xx").text("Online") == Language("xx").text("Online")
    assert Language("xx").text("ONLINE") == Language("xx").text("Online").upper()


@pytest.mark.parametrize("states", [STATES, NODE_STATES])
def test_states_stay_distinct(states: list[str]) -> None:
    assert len({Language("xx").text(state) for state in states}) == len(states)


@pytest.mark.parametrize(
    ("template", "arguments", "kept"),
    [
        ("Listing status for '{name}':", {"name": "Cluster Group"}, "'Cluster Group'"),
        ("Name: {name}", {"name": "{x} % \\0"}, "{x} % \\0"),
        ("System error {code} has occurred (0x{code:08x}).", {"code": 5013}, "(0x00001395)"),
        ("{name:<8}|", {"name": "abc"}, "abc     |"),
        ("{{{name}}}", {"name": "abc"}, "{abc}"),
        ("HRESULT 0x8000ffff A1", {}, "0x8000ffff A1"),
    ],
)
def test_arguments_and_numbers_are_not_translated(template: str, arguments: dict[str, Any], kept: str) -> None:
    for code in ("en", "xx"):
        assert kept in Language(code).text(template, **arguments)
    assert not re.search(r"\b(Listing|System|error|occurred|HRESULT)\b", Language("xx").text(template, **arguments))


def test_each_host_speaks_its_own_language() -> None:
    nodes = [{"name": "NODEA"}, {"name": "NODEB", "windows": {"language": "xx"}}]
    world = make_world(cluster(nodes=("NODEA", "NODEB")) | {"nodes": nodes}, knobs={"cluster_exit_code": "one"})
    english, foreign = (language.of(world.hosts[name]) for name in ("nodea", "nodeb"))
    assert (english.code, foreign.code) == ("en", "xx")
    assert english.knobs == foreign.knobs == Knobs(cluster_exit_code="one")


@pytest.mark.parametrize("knob", ["cluster_error_stream", "cluster_exit_code", "wmic_mscluster", "reg_separator"])
def test_an_unknown_choice_is_refused_by_name(knob: str) -> None:
    with pytest.raises(ValueError, match=knob):
        Knobs(**{knob: "sideways"})  # type: ignore[arg-type]
