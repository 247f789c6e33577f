# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node: many reads in one round trip, acts noted and never done in check mode."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._node import (
    ActInCheckMode,
    ChannelLost,
    Node,
    Result,
)
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import Asked, joined
from hypothesis import given
from hypothesis import strategies as st

ONE_LINE = "ver 2>&1 & call echo mailops:rc=%^ERRORLEVEL% & sc query X 2>&1 & call echo mailops:rc=%^ERRORLEVEL%"


def node(channel: Asked, *, check: bool = False) -> Node:
    return Node("nodeb", channel, check_mode=check)


@pytest.mark.parametrize(
    ("stdout", "stderr", "text"),
    [("out", "", "out"), ("", "err", "\nerr"), ("out", "err", "out\nerr")],
    ids=["only stdout", "only stderr", "both"],
)
def test_text_is_both_streams(stdout: str, stderr: str, text: str) -> None:
    assert Result(1, stdout, stderr).text == text


def test_read_quotes_the_arguments() -> None:
    channel = Asked(('sc query "My Service"', "x"))
    assert node(channel).read(["sc", "query", "My Service"]) == Result(0, "x")


def test_read_refuses_what_cannot_be_quoted_before_anything_is_sent() -> None:
    channel = Asked()
    with pytest.raises(Unquotable):
        node(channel).read(["sc", "query", "100%"])
    assert channel.lines == []


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        pytest.param(
            "2003\r\nmailops:rc=0\r\nFAILED 1060:\r\nmailops:rc=1060\r\n",
            [Result(0, "2003\r\n"), Result(1060, "FAILED 1060:\r\n")],
            id="each with its exit code",
        ),
        pytest.param(
            "2003mailops:rc=0\r\nmailops:rc=-1\r\n",
            [Result(0, "2003"), Result(-1, "")],
            id="no line end before the marker, no output at all, a negative code",
        ),
        pytest.param(
            "a\r\r\nmailops:rc=0 \r\nb\nmailops:rc=1",
            [Result(0, "a\r\r\n"), Result(1, "b\n")],
            id="CR CR LF, a blank after the code, no last line end",
        ),
    ],
)
def test_read_all_cuts_one_answer_at_the_markers(printed: str, expected: list[Result]) -> None:
    channel = Asked((ONE_LINE, printed))
    assert node(channel).read_all(["ver", "sc query X"]) == expected


@pytest.mark.parametrize(
    "printed",
    [
        pytest.param("2003\r\nmailops:rc=0\r\n", id="the second marker is missing"),
        pytest.param("2003\r\nmailops:rc=%ERRORLEVEL%\r\nx\r\nmailops:rc=0\r\n", id="an exit code was not expanded"),
        pytest.param("a\r\nmailops:rc=0\r\nb\r\nmailops:rc=0\r\nmailops:rc=0\r\n", id="one marker too many"),
        pytest.param("", id="nothing at all"),
    ],
)
def test_read_all_asks_one_by_one_when_the_markers_do_not_add_up(printed: str) -> None:
    channel = Asked((ONE_LINE, printed), ("ver", Result(0, "2003")), ("sc query X", Result(1060, "", "no")))
    assert node(channel).read_all(["ver", "sc query X"]) == [Result(0, "2003"), Result(1060, "", "no")]
    assert channel.steps == []


def test_read_all_of_nothing_sends_nothing() -> None:
    assert node(Asked()).read_all([]) == []


def test_a_lost_channel_goes_up_and_is_not_asked_again() -> None:
    channel = Asked((re.compile("ver"), ChannelLost("nodeb", "reset", started=True)))
    with pytest.raises(ChannelLost, match="nodeb: reset") as lost:
        node(channel).read_all(["ver", "sc query X"])
    assert lost.value.started


LOST = ChannelLost("nodeb", "reset", started=True)
UNSENT = ChannelLost("nodeb", "no route", started=False)


def test_what_may_be_repeated_is_asked_once_more_over_a_new_connection() -> None:
    channel = Asked((ONE_LINE, LOST), (ONE_LINE, "mailops:rc=0\nmailops:rc=0\n"), ("net x", LOST), ("net x", Result(2)))
    acting = node(channel)
    assert len(acting.read_all(["ver", "sc query X"], again=True)) == 2
    assert acting.act_line("net x", timeout=1, again=True).rc == 2
    assert (channel.resets, acting.commands) == (2, ["net x"])


@pytest.mark.parametrize("breaks", [[LOST, LOST], [UNSENT], [LOST, UNSENT]], ids=["twice", "not sent", "node gone"])
def test_a_repeated_command_has_an_end(breaks: list[ChannelLost]) -> None:
    channel = Asked(*(("ver", broken) for broken in breaks))
    with pytest.raises(ChannelLost) as lost:
        node(channel).read_line("ver", again=True)
    assert (lost.value, channel.steps) == (breaks[-1], [])


def test_act_notes_the_line_and_passes_timeout_and_input_on() -> None:
    channel = Asked((r'shutdown /c "a b"', Result(5)), ("net x", Result(0)))
    acting = node(channel)
    assert acting.act(["shutdown", "/c", "a b"], timeout=7).rc == 5
    acting.act_line("net x", timeout=8, stdin=b"secret", shown="net ********")
    assert acting.commands == ['shutdown /c "a b"', "net ********"]
    assert channel.timeouts == [7, 8]
    assert channel.stdins == [None, b"secret"]


def test_an_act_whose_channel_is_lost_is_noted_all_the_same() -> None:
    acting = node(Asked(("net x", ChannelLost("nodeb", "reset", started=True))))
    with pytest.raises(ChannelLost):
        acting.act_line("net x", timeout=1)
    assert acting.commands == ["net x"]


@pytest.mark.parametrize("shown", [None, "shown"])
def test_check_mode_never_acts(shown: str | None) -> None:
    channel = Asked()
    acting = node(channel, check=True)
    with pytest.raises(ActInCheckMode, match=f"nodeb: {shown or 'net x'}"):
        acting.act_line("net x", timeout=1, shown=shown)
    assert (channel.lines, acting.commands) == ([], [])


PRINTED = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda t: "mailops" not in t)


@given(st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), PRINTED), min_size=1, max_size=4))
def test_read_all_gives_back_what_the_commands_printed(wanted: list[tuple[int, str]]) -> None:
    results = [Result(rc, f"x{out}\r\n") for rc, out in wanted]
    channel = Asked((re.compile(""), joined(*results)))
    assert node(channel).read_all([str(i) for i in range(len(results))]) == results


@given(st.text(max_size=60))
def test_read_all_of_garbage_is_never_believed(garbage: str) -> None:
    channel = Asked((re.compile("&"), garbage), ("a", Result(1)), ("b", Result(2)))
    assert node(channel).read_all(["a", "b"]) == [Result(1), Result(2)]
