# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setup.com: its command lines, and what can be read from its console."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cmdline import Unquotable
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup import (
    Console,
    Step,
    misplaced,
    parse_console,
    prepare_arguments,
    setup_line,
    upgrade_arguments,
    upgrade_cms_arguments,
)
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import text
from hypothesis import given
from hypothesis import strategies as st


def console(fixture: str) -> Console:
    return parse_console(text(f"setup/{fixture}.txt"))


@pytest.mark.parametrize(
    ("media", "line"),
    [
        (r"D:\media\sp2", r'"D:\media\sp2\Setup.com" /mode:upgrade'),
        ("D:\\", r'"D:\Setup.com" /mode:upgrade'),
        (r"D:\SP2 & more (en)", r'"D:\SP2 & more (en)\Setup.com" /mode:upgrade'),
    ],
)
def test_setup_line(media: str, line: str) -> None:
    assert setup_line(media, upgrade_arguments()) == line


@pytest.mark.parametrize("media", ['D:\\"x', "D:\\50%", "D:\\a\nb"])
def test_a_media_path_that_cannot_be_passed_is_refused(media: str) -> None:
    with pytest.raises(Unquotable):
        setup_line(media, upgrade_arguments())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (upgrade_arguments(), ["/mode:upgrade"]),
        (upgrade_arguments("dc1.example.com"), ["/mode:upgrade", "/DomainController:dc1.example.com"]),
        (upgrade_arguments("", r"D:\up dates"), ["/mode:upgrade", r'/UpdatesDir:"D:\up dates"']),
        (upgrade_arguments("", "", r"D:\a.txt"), ["/mode:upgrade", r'/AnswerFile:"D:\a.txt"']),
        (upgrade_arguments(error_reporting=True), ["/mode:upgrade", "/EnableErrorReporting"]),
        (
            upgrade_arguments("dc1", "D:\\u\\", "D:\\a b", error_reporting=True),
            [
                "/mode:upgrade",
                '/UpdatesDir:"D:\\u\\\\"',
                '/AnswerFile:"D:\\a b"',
                "/EnableErrorReporting",
                "/DomainController:dc1",
            ],
        ),
        (upgrade_cms_arguments(), ["/upgradecms"]),
        (upgrade_cms_arguments("dc1"), ["/upgradecms", "/DomainController:dc1"]),
        (prepare_arguments("PrepareSchema"), ["/PrepareSchema"]),
        (prepare_arguments("PrepareAD", "dc1"), ["/PrepareAD", "/DomainController:dc1"]),
    ],
)
def test_arguments(arguments: list[str], expected: list[str]) -> None:
    assert arguments == expected


@pytest.mark.parametrize("action", ["upgrade", "upgrade_cms", "prepare_schema", "prepare_ad"])
@pytest.mark.parametrize("option", ["updates_dir", "answer_file", "enable_error_reporting", "domain_controller"])
def test_which_options_go_with_which_action(action: str, option: str) -> None:
    goes = action == "upgrade" or option == "domain_controller"
    assert misplaced(action, {option: "x"}) == ([] if goes else [option])
    assert misplaced(action, {option: ""}) == []


@pytest.mark.parametrize("value", ["/x", '"', "%PATH%", "dc1 & calc", "dc1|calc", "dc 1", "dc1^"])
def test_a_domain_controller_that_cannot_be_passed_is_refused(value: str) -> None:
    with pytest.raises(Unquotable):
        upgrade_arguments(value)


UPGRADE = [
    "Mailbox Role Checks",
    "Preparing Setup",
    "Removing Exchange Files",
    "Preparing Files",
    "Copying Exchange files",
    "Mailbox Server Role",
    "Exchange Management Tools",
    "Finalizing Setup",
]
SMTP = (
    "Setup cannot detect an SMTP or Send connector with an address space of '*'. Mail flow to the Internet may not "
    "work properly."
)
BY_POLICY = (
    r"Opening package 'D:\media\sp1\Setup\ServerRoles\UnifiedMessaging\umlang-en-US.msi' failed. This installation is "
    "forbidden by system policy.  Contact your system administrator. Error code is 1625."
)
CHECK, COPY, ROLE = "Mailbox Role Checks", "Copying Exchange files", "Mailbox Server Role"


@pytest.mark.parametrize(
    ("fixture", "steps", "failed", "warnings", "errors", "succeeded", "current"),
    [
        pytest.param("upgrade-success-en", UPGRADE, [], [SMTP], [], True, "Finalizing Setup", id="success, wrapped"),
        pytest.param(
            "upgrade-success-unwrapped-en", UPGRADE, [], [SMTP], [], True, "Finalizing Setup", id="success, long lines"
        ),
        pytest.param(
            "step-failed-msi-1625-en",
            ["Unified Messaging Role Checks", COPY, "Unified Messaging Server Role"],
            ["Unified Messaging Server Role"],
            [],
            [BY_POLICY],
            False,
            "Unified Messaging Server Role",
            id="a step failed, its error wrapped in the middle of words",
        ),
        pytest.param(
            "check-failed-en",
            [CHECK],
            [CHECK],
            [SMTP],
            ["A restart from a previous installation or update is pending."],
            False,
            CHECK,
            id="a check failed",
        ),
        pytest.param("rerun-without-checks-en", [ROLE], [], [], [], True, ROLE, id="a re-run leaves out what passed"),
        pytest.param("very-early-failure-en", [], [], [], [], False, None, id="very early"),
        pytest.param(
            "failing-step-without-a-line-en",
            [CHECK, COPY],
            [],
            [],
            ["Service 'MSExchangeIS' failed to start."],
            False,
            COPY,
            id="the failing step printed no line",
        ),
        pytest.param("redrawn-with-backspaces-en", [CHECK, COPY], [], [], [], True, COPY, id="redrawn by backspaces"),
        pytest.param("redrawn-with-carriage-returns-en", [ROLE], [], [], [], True, ROLE, id="redrawn by returns"),
        pytest.param(
            "success-foreign",
            ["Däteïén köpïérén", "Röllé Möstfäch"],
            [],
            [],
            [],
            None,
            "Röllé Möstfäch",
            id="foreign words decide nothing",
        ),
    ],
)
def test_console(
    fixture: str,
    steps: list[str],
    failed: list[str],
    warnings: list[str],
    errors: list[str],
    succeeded: bool | None,
    current: str | None,
) -> None:
    read = console(fixture)
    assert [step.name for step in read.steps] == steps
    assert read.failed_steps == failed
    assert list(read.warnings) == warnings
    assert list(read.errors) == errors
    assert read.succeeded is succeeded
    assert read.current == current


@pytest.mark.parametrize("fixture", ["redrawn-with-backspaces-en", "redrawn-with-carriage-returns-en"])
def test_a_redrawn_line_ends_as_the_screen_shows_it(fixture: str) -> None:
    assert {step.result for step in console(fixture).steps} == {"COMPLETED"}


def test_while_a_step_is_under_way_it_is_the_current_one_and_nothing_is_decided() -> None:
    read = console("growing-in-the-middle-of-a-step-en")
    assert (read.current, read.succeeded, read.failed_steps) == (COPY, None, [])
    assert [step.result for step in read.steps] == ["COMPLETED", "COMPLETED"]  # a percentage is no result


def test_a_foreign_result_is_kept_as_printed() -> None:
    assert console("success-foreign").steps[0] == Step("Däteïén köpïérén", "ABGËSCHLÖSSÉN")


def test_a_failure_sentence_outweighs_a_success_sentence() -> None:
    both = text("setup/upgrade-success-en.txt") + "Exchange Server setup encountered an error.\r\n"
    assert parse_console(both).succeeded is False


@pytest.mark.parametrize("cut", range(0, 1800, 37))
def test_a_capture_cut_anywhere_is_read(cut: int) -> None:
    whole = text("setup/upgrade-success-en.txt")
    read = parse_console(whole[:cut])
    assert list(read.steps[:-1]) == list(parse_console(whole).steps[: max(0, len(read.steps) - 1)])
    assert read.succeeded in (None, True)
    assert read.errors == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n"], ids=["LF", "CR LF", "CR CR LF"])
def test_every_line_end(end: str) -> None:
    said = text("setup/upgrade-success-en.txt").replace("\r\n", end)
    assert parse_console(said) == console("upgrade-success-en")


@given(st.text(max_size=300))
def test_garbage_is_never_success(garbage: str) -> None:
    read = parse_console(garbage)
    assert read.succeeded is not True
    assert all(step.name for step in read.steps)


@given(
    st.lists(st.sampled_from(["\b", "\r", "\n", ".", " ", "a", "5", "%", "COMPLETED", "." * 25, " " * 4]), max_size=60)
)
def test_redrawing_of_any_kind_is_no_error(parts: list[str]) -> None:
    assert parse_console("".join(parts)).succeeded is None
