# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a caller quotes by the rules of windows-cli.md 6 arrives literally; nothing of the controller takes part."""

from __future__ import annotations

from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.cmd_lab import (
    SYSTEM32,
    make_host,
    run,
    run_batch,
)
from hypothesis import given, settings
from hypothesis import strategies as st

HOST = make_host()
HOST.files.rmdir(SYSTEM32, tree=True)
for program in ("show", "cat", "cmd"):
    HOST.files.add_program(f"{SYSTEM32}{program}.exe", program)

# Refused by the caller: quote, percent sign, control characters; and an option sign as first character.
NAMES = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, blacklist_characters='"%'), min_size=1, max_size=40
).filter(lambda name: name[0] not in "/-")
BATCH_NAMES = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, blacklist_characters='"'), min_size=1, max_size=40
).filter(lambda name: name[0] not in "/-")


def quoted(name: str) -> str:
    """A pair of quotes around, backslashes at the end doubled."""
    return '"' + name + "\\" * (len(name) - len(name.rstrip("\\"))) + '"'


def shown(names: list[str]) -> str:
    return "".join(f"[{name}]" for name in names) + "\n"


@given(st.lists(NAMES, min_size=1, max_size=4))
@settings(deadline=None, max_examples=200)
def test_on_a_command_line(names: list[str]) -> None:
    assert run(HOST, "show " + " ".join(map(quoted, names))).out == shown(names)


@given(NAMES, NAMES)
@settings(deadline=None)
def test_next_to_operators_and_redirections(first: str, second: str) -> None:
    result = run(HOST, f"show {quoted(first)} >nul 2>&1&& show {quoted(second)}|cat")
    assert result.out == shown([second])


@given(st.lists(BATCH_NAMES, min_size=1, max_size=4))
@settings(deadline=None)
def test_in_a_batch_file_with_percent_signs_doubled(names: list[str]) -> None:
    line = "show " + " ".join(quoted(name).replace("%", "%%") for name in names)
    assert run_batch(HOST, line).out == shown(names)


@given(NAMES.filter(lambda name: not set("^&|<>").intersection(name)))
@settings(deadline=None)
def test_through_a_nested_cmd(name: str) -> None:
    """Its quotes lie inside those of the outer line: for the outer cmd.exe the name stands outside of them."""
    assert run(HOST, f'cmd /s /c "show {quoted(name)}"').out == shown([name])


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
@settings(deadline=None, max_examples=300)
def test_no_line_takes_the_interpreter_with_it(line: str) -> None:
    result = run(HOST, f"rem x& {line}")
    assert result.rc != -1073741819


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40), max_size=4))
@settings(deadline=None, max_examples=200)
def test_no_batch_file_does_either(lines: list[str]) -> None:
    assert run_batch(HOST, "exit /b 0\n" + "\n".join(lines)).rc == 0
    assert run_batch(HOST, "\n".join(f"if a==b {line}" for line in lines)).rc != -1073741819
