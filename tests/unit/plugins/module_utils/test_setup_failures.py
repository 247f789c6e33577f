# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why Setup failed. One fixture a failure; texts without a public source are invented, and nothing hangs on them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.module_utils._cluster import (
    Cluster,
    ClusterGroup,
    ClusterNode,
    GroupState,
    NodeState,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import INSTALLER, WIN32
from ansible_collections.mailops.exchange2007.plugins.module_utils._exchange import Bits, Media, Observation
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup_failures import (
    CAUSES,
    NUMBERS,
    STAGES,
    diagnose,
    explained,
    facts,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._setup_trace import (
    Fate,
    Stage,
    Trace,
    read_numbers,
    read_parts,
    shortened,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._versions import parse_version
from ansible_collections.mailops.exchange2007.plugins.module_utils._windows import Os, PendingRestart
from ansible_collections.mailops.exchange2007.tests.unit.plugins.module_utils.fakes import text
from hypothesis import given
from hypothesis import strategies as st

MEDIA = r"D:\media\sp2"
MARK = r"HKLM\SOFTWARE\Microsoft\Exchange\v8.0\MailboxRole\Watermark=0B4F"
OTHER_MARK = r"HKLM\SOFTWARE\Microsoft\Exchange\v8.0\MailboxRole\Action=Upgrade"
RENAMES = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\PendingFileRenameOperations"
CHANGED_NOTHING, HALF_WAY = "changed nothing", "half-way"


def console(name: str) -> str:
    return text(f"setup/{name}.txt") if name else ""


def trace(fixture: str, rc: int | None = 1, **how: Any) -> Trace:
    return Trace(rc=rc, output=console(fixture), **{"media": MEDIA, **how})


@pytest.mark.parametrize(
    ("fixture", "how", "causes", "evidence"),
    [
        pytest.param(
            "restart-pending-en",
            {"restart": (RENAMES,)},
            ["restart_pending", "prerequisite_failed"],
            RENAMES,
            id="a restart is pending",
        ),
        pytest.param(
            "check-failed-foreign",
            {"restart": (RENAMES,)},
            ["restart_pending", "prerequisite_failed"],
            RENAMES,
            id="a restart is pending, in another language",
        ),
        pytest.param(
            "restart-pending-en",
            {},
            ["prerequisite_failed", "restart_pending"],
            "because a restart from",
            id="its sentence alone is a suspicion",
        ),
        pytest.param(
            "msi-1603-en",
            {"restart": (RENAMES,)},
            ["installer_failed", "step_failed"],
            "1603 ERROR_INSTALL_FAILURE",
            id="what a half upgraded node has pending is no cause",
        ),
        pytest.param(
            "two-checks-failed-en",
            {},
            ["prerequisite_failed"],
            "Mailbox Role Checks: The World Wide Web Publishing Service (W3SVC) is disabled. Windows Installer 4.5 is "
            "not installed.",
            id="each check with its own text",
        ),
        pytest.param("check-failed-foreign", {}, ["prerequisite_failed"], "Ëtwäs stïmmt nïcht.", id="a foreign check"),
        pytest.param(
            "msi-1638-en", {}, ["other_product_version", "step_failed"], "1638 ERROR_PRODUCT_VERSION", id="MSI 1638"
        ),
        pytest.param(
            "step-failed-msi-1625-en",
            {},
            ["installer_forbidden", "step_failed"],
            "1625 ERROR_INSTALL_PACKAGE_REJECTED",
            id="MSI 1625",
        ),
        pytest.param(
            "msi-1625-foreign", {}, ["installer_forbidden", "step_failed"], "1625 ", id="MSI 1625 in another language"
        ),
        pytest.param("msi-1603-en", {}, ["installer_failed", "step_failed"], "1603 ", id="MSI 1603"),
        pytest.param("msi-1618-en", {}, ["installer_busy", "step_failed"], "1618 ", id="MSI 1618"),
        pytest.param("msi-1612-en", {}, ["media_unreadable", "step_failed"], "1612 ", id="MSI 1612"),
        pytest.param("msi-1633-en", {}, ["wrong_bitness", "step_failed"], "1633 ", id="MSI 1633"),
        pytest.param("msi-1642-en", {}, ["update_in_the_way", "step_failed"], "1642 ", id="MSI 1642"),
        pytest.param(
            "disk-full-en", {}, ["disk_full", "step_failed"], "0x80070070 ERROR_DISK_FULL: the disk is full", id="disk"
        ),
        pytest.param(
            "access-denied-directory-en",
            {},
            ["access_denied", "step_failed"],
            "5 ERROR_ACCESS_DENIED",
            id="the directory denies",
        ),
        pytest.param(
            "schema-import-8202-en",
            {},
            ["directory_not_prepared", "step_failed"],
            "8202 ERROR_DS_NO_ATTRIBUTE_OR_VALUE",
            id="the schema import failed",
        ),
        pytest.param(
            "schema-import-8206-en",
            {},
            ["directory_unreachable", "directory_not_prepared", "step_failed"],
            "8206 ERROR_DS_BUSY",
            id="the schema import failed on a busy directory",
        ),
        pytest.param(
            "directory-not-prepared-foreign",
            {},
            ["directory_not_prepared", "step_failed"],
            "8333 ERROR_DS_OBJ_NOT_FOUND",
            id="an object is not in the directory, in another language",
        ),
        pytest.param(
            "check-failed-foreign",
            {"owned": ("Cluster Group", "CMS1")},
            ["groups_owned", "prerequisite_failed"],
            "the node owns 'Cluster Group'",
            id="groups owned",
        ),
        pytest.param(
            "very-early-failure-en",
            {"marks_before": (MARK,), "marks_after": (MARK,)},
            ["earlier_setup_unfinished"],
            MARK,
            id="an earlier Setup was interrupted",
        ),
        pytest.param(
            "very-early-failure-en",
            {"marks_before": (MARK,), "marks_after": (MARK,), "own_marks": True},
            ["unknown", "setup_unfinished"],
            "Exchange Server setup encountered an error.",
            id="an earlier Setup of ours was interrupted: running again goes on with it",
        ),
        pytest.param(
            "check-failed-foreign",
            {"marks_before": (MARK,), "marks_after": (MARK,), "own_marks": True},
            ["prerequisite_failed", "setup_unfinished"],
            "Pöstfächröllé",
            id="our own marks are not what a check failed at",
        ),
        pytest.param(
            "failing-step-without-a-line-en",
            {"marks_before": (MARK,), "marks_after": (OTHER_MARK,), "own_marks": True},
            ["step_failed", "setup_unfinished"],
            "MSExchangeIS",
            id="our own marks, old and new",
        ),
        pytest.param(
            "check-failed-foreign",
            {"marks_after": (MARK,)},
            ["earlier_setup_unfinished", "prerequisite_failed"],
            MARK,
            id="marks after a run that configured nothing",
        ),
        pytest.param(
            "growing-in-the-middle-of-a-step-en",
            {"rc": None, "fate": Fate.KILLED, "free": (("C:\\", 4096),)},
            ["disk_full", "killed"],
            "4096 bytes free on the disk of C:\\",
            id="the disk was full, and the exit code could not be written either",
        ),
        pytest.param(
            "msi-1603-en", {"free": (("C:\\", 2**34),)}, ["installer_failed", "step_failed"], "1603 ", id="space enough"
        ),
        pytest.param(
            "update-in-the-way-en",
            {"updates": ("Interim Update for Exchange Server 2007 (KB949549)", "Update Rollup 7 (KB953469)")},
            ["update_in_the_way", "prerequisite_failed"],
            "installed: Interim Update for Exchange Server 2007 (KB949549)",
            id="an interim update, by its KB number",
        ),
        pytest.param(
            "check-failed-foreign",
            {"updates": ("Interim Update for Exchange Server 2007 (KB949549)",)},
            ["prerequisite_failed", "update_in_the_way"],
            "Pöstfächröllé",
            id="an interim update that no text names is only possible",
        ),
        pytest.param(
            "wrong-bitness-en", {"rc": 216}, ["wrong_bitness"], "216 ERROR_EXE_MACHINE_TYPE_MISMATCH", id="bitness"
        ),
        pytest.param(
            "setup-com-missing-en", {"rc": 3}, ["media_unreadable"], "3 ERROR_PATH_NOT_FOUND", id="no Setup.com"
        ),
        pytest.param("setup-com-missing-en", {"rc": 9009}, ["media_unreadable"], "9009 not found", id="no program"),
        pytest.param(
            "media-drive-not-ready-en", {}, ["media_unreadable", "step_failed"], "21 ERROR_NOT_READY", id="drive empty"
        ),
        pytest.param(
            "media-file-missing-en", {}, ["media_unreadable", "step_failed"], "ERROR_FILE_NOT_FOUND", id="file missing"
        ),
        pytest.param(
            "media-file-missing-en", {"media": r"E:\other"}, ["step_failed"], "store.exe", id="a file of another place"
        ),
        pytest.param(
            "failing-step-without-a-line-en",
            {"media_gone": True},
            ["media_unreadable", "step_failed"],
            MEDIA,
            id="the media is gone afterwards",
        ),
        pytest.param(
            "failing-step-without-a-line-en",
            {"marks_after": (MARK,)},
            ["step_failed", "setup_unfinished"],
            "after Copying Exchange files: Service 'MSExchangeIS' failed to start.",
            id="the failing step printed no line",
        ),
        pytest.param(
            "step-failed-without-text-foreign", {}, ["step_failed"], "Röllé: no text", id="the word that differs"
        ),
        pytest.param(
            "upgradecms-failed-en",
            {},
            ["step_failed"],
            "Clustered Mailbox Server: The clustered",
            id="no list of roles",
        ),
        pytest.param(
            "check-failed-en",
            {"rc": 0},
            ["prerequisite_failed", "failed_with_exit_code_0", "restart_pending"],
            "A restart from a previous installation",
            id="exit code 0 and a sentence of failure",
        ),
        pytest.param(
            "no-success-sentence-en", {"rc": 0}, ["no_success_sentence"], "exit code 0", id="no sentence at all"
        ),
        pytest.param(
            "upgrade-success-en", {"rc": 1}, ["succeeded_with_exit_code"], "exit code 1", id="exit code 1 and success"
        ),
        pytest.param(
            "success-foreign",
            {"rc": 0, "reached": False, "version": "8.0.685.25", "wanted": "sp2"},
            ["release_not_reached"],
            "read back: 8.0.685.25, wanted: SP2",
            id="exit code 0 without effect",
        ),
        pytest.param(
            "upgrade-success-en", {"rc": 0, "marks_after": (MARK,)}, ["setup_unfinished"], MARK, id="success, but marks"
        ),
        pytest.param(
            "growing-in-the-middle-of-a-step-en",
            {"rc": None, "fate": Fate.KILLED, "marks_after": (MARK, OTHER_MARK)},
            ["killed", "setup_unfinished"],
            "last step seen: Copying Exchange files",
            id="killed",
        ),
        pytest.param(
            "very-early-failure-en", {}, ["unknown"], "Exchange Server setup encountered an error.", id="very early"
        ),
        pytest.param("", {}, ["unknown"], "exit code 1", id="nothing at all"),
        pytest.param(
            "rerun-without-checks-en",
            {"marks_after": (MARK,), "rc": 1},
            ["succeeded_with_exit_code", "setup_unfinished"],
            "exit code 1",
            id="marks that are left are no cause",
        ),
        pytest.param(
            "very-early-failure-en",
            {"log": text("setup/log-msi-1603-en.txt")},
            ["installer_failed"],
            "(log: Installing product",
            id="only the log has the number",
        ),
        pytest.param(
            "disk-full-en",
            {"log": text("setup/log-msi-1603-en.txt")},
            ["disk_full", "installer_failed", "step_failed"],
            "(console: There is not enough space",
            id="what is special comes before what is general",
        ),
        pytest.param("", {"rc": None, "fate": Fate.NOT_STARTED}, ["task_not_started"], "", id="never started"),
        pytest.param(
            "growing-in-the-middle-of-a-step-en",
            {"rc": None, "fate": Fate.RUNNING},
            ["still_running"],
            "last step seen",
            id="still runs",
        ),
        pytest.param("check-failed-en", {"rc": None, "fate": Fate.SILENT}, ["no_answer"], "last step", id="no answer"),
    ],
)
def test_causes(fixture: str, how: dict[str, Any], causes: list[str], evidence: str) -> None:
    found = diagnose(trace(fixture, **how))
    assert [one.name for one in found] == causes
    assert evidence in "\n".join(found[0].evidence)


@pytest.mark.parametrize(
    ("fixture", "how", "impact"),
    [
        ("two-checks-failed-en", {}, CHANGED_NOTHING),
        ("check-failed-foreign", {}, CHANGED_NOTHING),
        ("msi-1625-foreign", {}, HALF_WAY),
        ("failing-step-without-a-line-en", {}, HALF_WAY),
        ("very-early-failure-en", {}, "before its checks"),
        ("growing-in-the-middle-of-a-step-en", {"rc": None, "fate": Fate.KILLED}, HALF_WAY),
    ],
)
def test_the_impact_says_how_far_setup_came(fixture: str, how: dict[str, Any], impact: str) -> None:
    assert impact in diagnose(trace(fixture, **how))[0].impact


@pytest.mark.parametrize(
    ("fixture", "how"),
    [("upgrade-success-en", {"rc": 0, "reached": False}), ("", {"rc": None, "fate": Fate.RUNNING})],
    ids=["a claimed success", "still running"],
)
def test_no_stage_is_told_where_none_failed(fixture: str, how: dict[str, Any]) -> None:
    assert not any(sentence in diagnose(trace(fixture, **how))[0].impact for sentence in STAGES.values())


def test_marks_are_named_in_full_and_never_to_be_removed_by_us() -> None:
    found = diagnose(trace("failing-step-without-a-line-en", marks_before=(MARK,), marks_after=(MARK, OTHER_MARK)))
    by_name = {one.name: one for one in found}
    assert by_name["earlier_setup_unfinished"].evidence == (MARK,)
    assert by_name["setup_unfinished"].evidence == (OTHER_MARK,)
    assert all("removing them is your decision" in one.next_step for one in found if "unfinished" in one.name)


def test_two_checks_are_told_apart() -> None:
    assert diagnose(trace("two-checks-failed-en"))[0].evidence[1] == (
        "Organization Checks: The schema master does not answer."
    )


@pytest.mark.parametrize(
    ("name", "number"), [(n, number) for n, numbers in NUMBERS.items() for number in sorted(numbers)]
)
@pytest.mark.parametrize("form", ["Ëtwäs {0} (0x8007{0:04X})", "The rest of it. Error code is {0}."])
def test_every_number_leads_to_its_cause(name: str, number: int, form: str) -> None:
    said = f"    {'Röllé':<33}{'.' * 25} FAILED\r\n     {form.format(number)}\r\n"
    found = diagnose(Trace(rc=1, output=said))
    assert found[0].name == name
    assert (WIN32.get(number) or INSTALLER[number]).name in found[0].evidence[0]


@pytest.mark.parametrize("number", sorted(set(INSTALLER) - set().union(*NUMBERS.values())))
def test_every_other_number_of_the_installer_is_the_installers(number: int) -> None:
    found = diagnose(Trace(rc=1, output=f"     Error code is {number}.\r\n"))
    assert found[0].name == "installer_failed"


@pytest.mark.parametrize(
    ("said", "log", "numbers"),
    [
        pytest.param("     Error code is 1603.", "", [1603], id="as Setup passes it on"),
        pytest.param("     Error code: 8202.", "", [8202], id="as Setup says it of ldifde"),
        pytest.param("     Föhlér 0x80070005", "", [0x80070005], id="hexadecimal"),
        pytest.param("     Féhlércödé 1625.", "", [1625], id="the last number of a foreign text"),
        pytest.param("     Only 5 nodes in group 12", "", [], id="a small number at the end says nothing"),
        pytest.param("     See version 8.1.240", "", [], id="nor does the end of a version"),
        pytest.param("     port:1753", "", [], id="nor a port"),
        pytest.param("     0x0 0x00000000", "", [], id="zero is no error"),
        pytest.param("", "[x] [1] [ERROR] Error code is 1603.", [1603], id="tagged in the log"),
        pytest.param("", "[x] [0] went well with 1603", [], id="not tagged in the log"),
        pytest.param("", "[x] [2] [FÉHLÉR] x\n[x] [2] Error code is 112.", [112], id="no tag that is known"),
        pytest.param("     Error code is 5.", "[x] [1] [ERROR] Error code is 5.", [5], id="each once"),
    ],
)
def test_numbers(said: str, log: str, numbers: list[int]) -> None:
    assert [spoken.number for spoken in read_numbers(said, log)] == numbers


def test_a_number_on_the_console_outweighs_the_log() -> None:
    spoken = read_numbers("     Error code is 5.", "[x] [1] [ERROR] Error code is 5.")
    assert spoken[0].console


@pytest.mark.parametrize(
    ("fixture", "stages"),
    [
        ("upgrade-success-en", [Stage.CHECKS, *[Stage.CONFIGURATION] * 7]),
        ("rerun-without-checks-en", [Stage.CONFIGURATION]),
        ("success-foreign", [Stage.EARLY, Stage.EARLY]),
        ("msi-1625-foreign", [Stage.CHECKS, Stage.CONFIGURATION, Stage.CONFIGURATION]),
    ],
)
def test_stages_by_layout(fixture: str, stages: list[Stage]) -> None:
    assert [part.stage for part in read_parts(console(fixture))] == stages


def test_long_texts_are_bounded() -> None:
    assert len(shortened("x " * 5000)) == 500
    assert shortened(" a\r\n b ") == "a b"


# --- the table -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_every_cause_is_told_in_sentences(cause: Any) -> None:
    assert re.fullmatch(r"[a-z0-9_]+", cause.name)
    for told in (cause.sight, cause.cause, cause.impact, cause.next_step):
        assert told.endswith(".")
        assert "|" not in told


def test_names_are_unique_and_every_number_has_a_cause() -> None:
    names = [cause.name for cause in CAUSES]
    assert len(set(names)) == len(names)
    assert set(NUMBERS) <= set(names)


def test_no_number_has_two_causes() -> None:
    numbers = [number for numbers in NUMBERS.values() for number in numbers]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_the_numbers_are_in_what_one_sees(name: str) -> None:
    sight = next(cause.sight for cause in CAUSES if cause.name == name)
    assert all(re.search(rf"\b{number}\b", sight) for number in NUMBERS[name])


# --- from observations ---------------------------------------------------------------------------------------------

CLUSTER = Cluster(
    "CLUS1",
    (ClusterNode("NODEA", 1, NodeState.UP), ClusterNode("NODEB", 2, NodeState.UP)),
    (ClusterGroup("Cluster Group", "NODEB", GroupState.ONLINE), ClusterGroup("CMS1", "NODEA", GroupState.ONLINE)),
    (),
)
VERSION = parse_version("8.0.685.25")
SEEN = Observation(
    node="NODEB",
    observed_at=0,
    os=Os("5.2.3790", "2003", 2, "0409"),
    bits=Bits(True, {"MailboxRole": VERSION} if VERSION else {}, "C:\\x", (MARK,), ("Rollup 1 (KB935999)",)),
    pending=PendingRestart((RENAMES,)),
    running_setup=(),
    cluster=CLUSTER,
    media=Media(MEDIA, parse_version("8.2.176.2")),
    boot_time="20260301100000.000000+000",
)
GONE = replace(SEEN, media=Media(MEDIA, None))


@pytest.mark.parametrize(
    ("before", "after", "nothing", "expected"),
    [
        pytest.param(None, None, False, {}, id="nobody looked"),
        pytest.param(
            SEEN,
            None,
            False,
            {"marks_before": (MARK,), "updates": ("Rollup 1 (KB935999)",), "media": MEDIA, "own_marks": False},
            id="before",
        ),
        pytest.param(
            None,
            SEEN,
            False,
            {"marks_after": (MARK,), "restart": (RENAMES,), "media_gone": False, "version": "8.0.685.25"},
            id="after",
        ),
        pytest.param(None, SEEN, True, {"owned": ("Cluster Group",)}, id="a node that should own nothing"),
        pytest.param(None, GONE, False, {"media_gone": True}, id="media gone"),
        pytest.param(None, replace(GONE, boot_time=None), False, {"media_gone": False}, id="WMI gone"),
        pytest.param(None, replace(SEEN, cluster=None), True, {}, id="no cluster"),
        pytest.param(replace(SEEN, media=None), None, False, {"media": ""}, id="no media asked for"),
    ],
)
def test_facts(before: Any, after: Any, nothing: bool, expected: dict[str, Any]) -> None:
    found = facts(before, after, owns_nothing=nothing)
    assert {key: found[key] for key in expected} == expected
    assert ("owned" in found) is (nothing and after.cluster is not None)
    Trace(**found)


@pytest.mark.parametrize(
    ("before", "said", "own"),
    [(SEEN, False, False), (SEEN, True, True), (None, False, False), (None, True, True)],
)
def test_whose_marks_they_are_is_said(before: Any, said: bool, own: bool) -> None:
    assert facts(before, SEEN, own_marks=said)["own_marks"] is own


def test_marks_that_were_not_there_before_are_of_this_run() -> None:
    clean = replace(SEEN, bits=replace(SEEN.bits, interrupted=()))
    assert facts(clean, SEEN)["own_marks"] is True


def test_our_own_marks_never_send_anybody_to_do_it_by_hand() -> None:
    for fixture in ("very-early-failure-en", "check-failed-foreign", "failing-step-without-a-line-en"):
        found = diagnose(trace(fixture, marks_before=(MARK,), marks_after=(MARK,), own_marks=True))
        assert "earlier_setup_unfinished" not in [one.name for one in found]
        assert all("by hand" not in one.next_step for one in found)


def test_the_failure_carries_the_diagnosis_and_one_line() -> None:
    failure = explained("Upgrading the program files", "NODEB", "exit code 1: x.", trace("disk-full-en"), rc=1)
    assert str(failure).startswith(
        "Upgrading the program files on NODEB failed: exit code 1: x. Cause: A disk of the node is full. Impact: "
    )
    assert "\n" not in str(failure)
    assert "ExchangeSetup.log" in failure.advice
    assert failure.changed
    assert failure.data["rc"] == 1
    assert [set(one) for one in failure.data["diagnosis"]] == [
        {"name", "cause", "impact", "next_step", "evidence"},
        {"name", "cause", "impact", "next_step", "evidence"},
    ]


# --- anything ------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["\r\n", "\n", "     ", "    ", " ", "Mailbox Role", "." * 25, " COMPLETED", " FAILED", "Error code is 1625.", "\b"]
)
OUTPUTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join))
TRACES = st.builds(
    Trace,
    rc=st.none() | st.integers(-(2**31), 2**32),
    output=OUTPUTS,
    log=st.text(max_size=200),
    fate=st.sampled_from(Fate),
    marks_before=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    marks_after=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    restart=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    owned=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    updates=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    media=st.text(max_size=9),
    media_gone=st.booleans(),
    free=st.lists(st.tuples(st.text(max_size=3), st.integers(0, 2**40)), max_size=2).map(tuple),
    wanted=st.sampled_from(["", "sp2"]),
    version=st.text(max_size=9),
    reached=st.sampled_from([None, True, False]),
)


@given(TRACES)
def test_anything_has_a_cause_in_full_sentences(run: Trace) -> None:
    found = diagnose(run)
    assert found
    assert len({one.name for one in found}) == len(found)
    assert all(one.cause and one.impact and one.next_step for one in found)
    assert all(one.evidence for one in found if one.name == "unknown")


@given(TRACES)
def test_the_same_run_has_the_same_causes(run: Trace) -> None:
    assert diagnose(run) == diagnose(replace(run, rc=run.rc))


@given(st.text(alphabet=st.characters(blacklist_categories=["Nd", "Cs"]), max_size=300))
def test_words_alone_are_never_a_cause(said: str) -> None:
    """Without a number, a mark or the layout of a failure there is nothing to conclude from."""
    one_line = " ".join(said.split())
    assert diagnose(Trace(rc=1, output=one_line, log=one_line))[0].name == "unknown"


@pytest.mark.parametrize(
    ("said", "suspicion"),
    [
        ("Active Directory cannot be reached: access is denied.", "access_denied"),
        ("Cluster resources are online on this node.", "groups_owned"),
        ("The schema is not up to date.", "directory_not_prepared"),
    ],
)
def test_a_sentence_alone_is_a_suspicion_behind_the_unknown(said: str, suspicion: str) -> None:
    found = diagnose(Trace(rc=1, output=said))
    assert [one.name for one in found] == ["unknown", suspicion]
    assert found[1].evidence == (f"only a sentence speaks of it: {said}",)
    assert f"Last words: {said} Impact" in str(
        explained("Upgrading", "NODEB", "exit code 1.", Trace(rc=1, output=said))
    )
