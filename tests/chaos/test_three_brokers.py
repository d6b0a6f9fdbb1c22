"""Three brokers, three copies: the leader is killed under load, nothing is lost or doubled."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.chaos.long import in_our_form
from tests.chaos.three import ThreeRun

pytestmark = pytest.mark.live


@pytest.mark.timeout(300)
def test_a_leader_that_is_killed_under_load_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with ThreeRun(tmp_path, seed=3, rate=250.0, promise=timedelta(seconds=4)) as run:
        run.begin()
        time.sleep(3)
        run.kill_the_leader(run.changelog)
        time.sleep(3)
        verdict = run.finish()
        crashes = list(run.fleet.crashes)
    lines = run.fleet.lines("w1")
    assert not [line for line in lines if not in_our_form(line)]
    assert "library=faust" in "".join(lines)  # its start and stop
    assert not verdict.faults, "\n".join(verdict.faults)
    assert not crashes, "\n".join(crashes)
    assert verdict.events > 1_500
    assert verdict.alerts > 30
