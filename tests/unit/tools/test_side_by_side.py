# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""make test's parts: at once, told one after another, and none that failed is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.mailops.exchange2007.tools import side_by_side

PATIENCE = 60  # seconds

# first can only end when second has begun, and the other way round; last sees that early has ended
MAKEFILE = """\
meet = touch $@.here; while [ ! -e $(1).here ]; do sleep 0.05; done
first: ; @echo first begins; $(call meet,second); echo first ends
second: ; @echo second begins; $(call meet,first); echo second ends
early: ; @echo early; touch early.here
last: ; @test -e early.here && echo last
bad: ; @echo bad >&2; exit 3
endless: ; @touch endless.here; exec sleep 1000
"""


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a Makefile of this test's own."""
    (tmp_path / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    monkeypatch.setattr(side_by_side, "CHECKOUT", tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return tmp_path


def told(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that were printed, without empty ones and times."""
    return [line for line in capfd.readouterr().out.splitlines() if line and "passed (" not in line]


def test_lanes_run_at_once_and_are_told_one_after_another(capfd: pytest.CaptureFixture[str]) -> None:
    assert side_by_side.main(["first", "second"]) == 0
    first = ["== make first", "first begins", "first ends"]
    second = ["== make second", "second begins", "second ends"]
    assert told(capfd) == first + second


def test_the_targets_of_a_lane_keep_their_order(capfd: pytest.CaptureFixture[str]) -> None:
    assert side_by_side.main(["early last"]) == 0
    assert told(capfd)[-1] == "last"


@pytest.mark.parametrize(
    ("lanes", "failed"),
    [
        (["bad early", "last"], "bad FAILED (0 s), early passed (0 s)"),
        (["early", "bad"], "early passed (0 s)"),
        (["early bad", "nosuch"], "early passed (0 s), bad FAILED (0 s)"),
    ],
    ids=["the first", "the last", "two, one of them without a rule"],
)
def test_one_that_fails(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, lanes: list[str], failed: str
) -> None:
    """All others are made nevertheless, and the exit code says it. Standard error is told in its place."""
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    assert side_by_side.main(lanes) == 1
    said = capfd.readouterr()
    assert f"\n\n== {failed}\n\n== make {lanes[-1]}\n" in said.out
    assert "== make bad\nbad\n" in said.out
    assert said.err == ""


def test_the_end_of_one_is_the_end_of_all(checkout: Path) -> None:
    """A terminated run leaves no process behind, and does not begin what comes next."""
    script = (checkout / "tools" / "side_by_side.py").resolve()
    script.parent.mkdir()
    script.write_bytes(Path(side_by_side.__file__).read_bytes())
    running = subprocess.Popen(
        [sys.executable, str(script), "endless early"], stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        end = time.monotonic() + PATIENCE
        while not (checkout / "endless.here").exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        running.terminate()
        assert running.wait(PATIENCE) == 128 + signal.SIGTERM
        assert not (checkout / "early.here").exists()
        with pytest.raises(ProcessLookupError):
            os.killpg(running.pid, 0)
    finally:
        running.kill()
