"""Under load everything is killed, paused, stopped and refused: nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.harness import Run
from tests.chaos.verdict import Verdict

pytestmark = pytest.mark.live


@pytest.mark.timeout(900)
def test_kills_zombies_outages_and_failed_produces_lose_and_double_nothing(tmp_path: Path) -> None:
    verdict, crashes = _run(tmp_path)
    assert not verdict.faults, "\n".join(verdict.faults)
    assert not crashes, "\n".join(crashes)
    # The run must have been worth judging.
    assert verdict.events > 10_000
    assert verdict.repeats > 500
    assert verdict.alerts > 300
    assert verdict.letters > 100
    assert verdict.updates > 240
    assert verdict.moves > 3  # more where the machine does nothing else
    assert verdict.transitions > 500
    assert verdict.signals > 50
    assert verdict.referrals > 1_000
    assert verdict.merged > 100
    assert verdict.erased > 50
    assert verdict.undecided < 0.8 * verdict.erased  # more where a worker waited for a topic
    assert verdict.dropped > 500
    assert verdict.counted_erased > 0
    assert verdict.refunds > 500
    assert verdict.offers > 50


def _run(directory: Path) -> tuple[Verdict, list[str]]:
    with Run(directory, seed=20) as run:
        run.begin()
        run.inflict()
        return run.finish(), run.fleet.crashes
