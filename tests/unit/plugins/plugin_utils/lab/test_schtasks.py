# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""schtasks.exe and the task scheduler: batch logon, apart from any shell; 2003 and 2008 differ."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BytesStdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.scheduler import LOGON_FAILURE, NEVER_RAN
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    NETWORK,
    PASSWORD,
    Lab,
    Result,
    ccr,
    lab,
    two_nodes,
)

WHO = r'/ru LAB\upgrade /rp "' + PASSWORD + '"'
JOB = r"C:\Temp\job.cmd"


def on_2008() -> Lab:
    return at_nine(lab(two_nodes("sp1", "2008")))


def on_2003() -> Lab:
    return at_nine(ccr())


def at_nine(it: Lab) -> Lab:
    """It is nine o'clock, and there is a job."""
    it.world.start_date = datetime(2009, 11, 23, 9, 0, 0)
    it.host("NODEA").files.write(JOB, b"@whoami >C:\\Temp\\who.txt\r\n@ping -n 60 127.0.0.1 >nul\r\n@exit /b 7\r\n")
    return it


def create(it: Lab, more: str = WHO, name: str = "up", stdin: bytes = b"") -> Result:
    line = f"schtasks /create /tn {name} /tr {JOB} /sc once /st 08:00 {more}"
    return it.run("NODEA", line, NETWORK, BytesStdin(stdin))


def test_a_task_runs_with_a_batch_logon_and_outlives_the_shell() -> None:
    it = on_2003()
    assert create(it).rc == 0
    assert it.run("NODEA", "schtasks /run /tn up", NETWORK).out == (
        'SUCCESS: Attempted to run the scheduled task "up".\n'
    )
    process = it.host("NODEA").tasks["up"].process
    assert process and (process.logon.user, process.logon.kind, process.parent) == (r"LAB\upgrade", "batch", None)
    it.wait(5)
    it.world.physics.stop_service(it.host("NODEA"), "winrm", None)
    it.wait(5)
    assert not process.killed
    assert it.end(process).rc == 7
    assert it.host("NODEA").files.read(r"C:\Temp\who.txt") == b"lab\\upgrade\r\n"


@pytest.mark.parametrize(("status", "result"), [("before", str(NEVER_RAN)), ("running", "267009"), ("after", "7")])
def test_the_last_result(status: Any, result: Any) -> None:
    it = on_2003()
    create(it)
    if status != "before":
        it.run("NODEA", "schtasks /run /tn up")
        it.wait(200 if status == "after" else 1)
    out = it.run("NODEA", "schtasks /query /fo csv /v").out.splitlines()
    assert out[0].startswith('"HostName","TaskName","Next Run Time","Status","Logon Mode"')
    cells = out[1].split('","')
    assert (len(cells), cells[1], cells[3], cells[6]) == (28, "up", "Running" if status == "running" else "", result)


def test_deleting_a_task_leaves_its_process_running() -> None:
    it = on_2003()
    create(it)
    it.run("NODEA", "schtasks /run /tn up")
    process = it.host("NODEA").tasks["up"].process
    done = it.run("NODEA", "schtasks /delete /tn up /f")
    assert done.out == 'SUCCESS: The scheduled task "up" was successfully deleted.\n'
    assert process and it.end(process).rc == 7


def test_ending_a_task_kills_it() -> None:
    it = on_2003()
    create(it)
    it.run("NODEA", "schtasks /run /tn up")
    process = it.host("NODEA").tasks["up"].process
    it.run("NODEA", "schtasks /end /tn up")
    assert process and process.killed


def test_a_once_task_starts_by_itself_at_its_time() -> None:
    it = on_2003()
    done = it.run("NODEA", f"schtasks /create /tn up /tr {JOB} /sc once /st 09:30 {WHO}")
    assert "WARNING" not in done.out
    it.wait(1700)
    assert it.host("NODEA").tasks["up"].process is None
    it.wait(200)
    assert it.host("NODEA").tasks["up"].process is not None


def test_a_deleted_task_does_not_start() -> None:
    it = on_2003()
    it.run("NODEA", f"schtasks /create /tn up /tr {JOB} /sc once /st 09:30 {WHO}")
    it.run("NODEA", "schtasks /delete /tn up /f")
    it.wait(3000)
    assert not it.host("NODEA").files.exists(r"C:\Temp\who.txt")


def test_a_start_time_in_the_past_is_warned_about() -> None:
    assert create(on_2003()).out.startswith("WARNING: Task may not run because /ST is earlier than current time.\n")


@pytest.mark.parametrize("it", [on_2003(), on_2008()], ids=["2003", "2008"])
@pytest.mark.parametrize(("answer", "rc", "user"), [(b"n\r\n", 1, "one"), (b"Y\r\n", 0, "two"), (b"", 1, "one")])
def test_an_existing_name_asks(it: Any, answer: Any, rc: Any, user: Any) -> None:
    it.host("NODEA").tasks.clear()
    it.host("NODEA").passwords |= {"one": "p", "two": "p"}
    create(it, r"/ru LAB\one /rp p")
    done = create(it, r"/ru LAB\two /rp p", stdin=answer)
    assert done.rc == rc
    assert 'The task name "up" already exists. Do you want to replace it (Y/N)?' in done.out
    assert it.host("NODEA").tasks["up"].user == rf"LAB\{user}"


def test_2008_replaces_with_f() -> None:
    it = on_2008()
    create(it)
    assert create(it, WHO + " /f /rl HIGHEST").rc == 0
    assert it.host("NODEA").tasks["up"].elevated


@pytest.mark.parametrize("option", ["/f", "/rl HIGHEST"])
def test_2003_does_not_know_the_newer_options(option: Any) -> None:
    done = create(on_2003(), f"{WHO} {option}")
    assert (done.rc, done.err) == (1, f"ERROR: Invalid argument/option - '{option.split()[0]}'.\n")


def test_a_wrong_password_on_2008_is_an_error() -> None:
    it = on_2008()
    done = create(it, r"/ru LAB\upgrade /rp wrong")
    assert (done.rc, done.err) == (1, "ERROR: The user name or password is incorrect.\n")
    assert it.host("NODEA").tasks == {}


def test_a_wrong_password_on_2003_shows_when_the_task_does_not_start() -> None:
    it = on_2003()
    done = create(it, r"/ru LAB\upgrade /rp wrong")
    assert (done.rc, "may not run because the account information" in done.out) == (0, True)
    assert it.run("NODEA", "schtasks /run /tn up").rc == 0
    assert it.host("NODEA").tasks["up"].last_result == LOGON_FAILURE
    out = it.run("NODEA", "schtasks /query /fo csv /v").out
    assert '"Could not start"' in out
    assert f'"{LOGON_FAILURE}"' in out


def test_without_a_password_it_is_asked_for() -> None:
    it = on_2003()
    assert create(it, r"/ru LAB\upgrade", stdin=PASSWORD.encode() + b"\r\n").rc == 0
    assert it.host("NODEA").tasks["up"].password == PASSWORD


def test_system_needs_no_password() -> None:
    it = on_2003()
    assert create(it, "/ru SYSTEM").rc == 0
    it.run("NODEA", "schtasks /run /tn up")
    process = it.host("NODEA").tasks["up"].process
    assert process and process.logon.kind == "service"


@pytest.mark.parametrize(
    ("line", "err"),
    [
        ("schtasks /run /tn no", 'The specified task name "no" does not exist in the system.'),
        ("schtasks /run", "Invalid syntax. Mandatory option 'tn' is missing."),
        ("schtasks /create /tn x /sc once /st 10:00", "Invalid syntax. Mandatory option 'tr' is missing."),
        ("schtasks /create /tn x /tr y /sc once", "Invalid syntax. Mandatory option 'st' is missing."),
        (f"schtasks /create /tn x /tr y /sc once /st 25:00 {WHO}", "Invalid starttime value."),
        ("schtasks /create /tn x /tr y /sc sometimes", "Invalid Schedule Type specified."),
        ("schtasks /create /tn", "Invalid syntax. Value expected for '/tn'."),
        ("schtasks /renew", "Invalid argument/option - '/renew'."),
        ("schtasks /query /tn x", "Invalid argument/option - '/tn'."),
        ("schtasks /query /fo xml", "Invalid value for /fo option."),
        (
            f"schtasks /create /tn x /tr {'y' * 262} /sc once /st 10:00",
            "Value for '/tr' option cannot be more than '261' character(s).",
        ),
    ],
)
def test_errors(line: Any, err: Any) -> None:
    done = on_2003().run("NODEA", line)
    assert (done.rc, done.err) == (1, f"ERROR: {err}\n")


def test_the_folder_syntax_of_2008() -> None:
    it = on_2008()
    create(it, name=r"\up")
    assert it.run("NODEA", r"schtasks /query /tn \up /fo csv").out.splitlines()[1].startswith('"\\up"')
    assert it.run("NODEA", "schtasks /run /tn no").err == (
        'ERROR: The specified task name "\\no" does not exist in the system.\n'
    )
    assert "Folder: \\\n" in it.run("NODEA", "schtasks").out


def test_a_list_and_no_tasks_at_all() -> None:
    it = on_2003()
    assert it.run("NODEA", "schtasks").out == "INFO: There are no scheduled tasks present in the system.\n"
    create(it)
    assert "TaskName:      up\n" in it.run("NODEA", "schtasks /query /fo list").out
    assert it.run("NODEA", "schtasks /query /nh").out.split()[0] == "up"


def test_a_task_on_2008_is_not_elevated_unless_it_is_asked_for() -> None:
    it = on_2008()
    create(it)
    assert not it.host("NODEA").tasks["up"].elevated


def test_without_its_service_nothing_works() -> None:
    it = on_2003()
    it.world.physics.stop_service(it.host("NODEA"), "schedule", None)
    it.wait(5)
    assert create(it).rc == 1


def test_all_tasks_can_be_deleted_at_once() -> None:
    it = on_2003()
    create(it)
    create(it, name="two")
    assert it.run("NODEA", "schtasks /delete /tn * /f").rc == 0
    assert it.host("NODEA").tasks == {}


def test_a_task_ends_after_three_days() -> None:
    it = on_2003()
    it.host("NODEA").files.write(JOB, b"@ping -n 1000000 127.0.0.1 >nul\r\n")
    create(it)
    it.run("NODEA", "schtasks /run /tn up")
    process = it.host("NODEA").tasks["up"].process
    it.wait(73 * 3600)
    assert process and process.killed
