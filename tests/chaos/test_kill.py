"""Under load everything is killed, paused, stopped and refused: nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.faults import ONCE
from tests.chaos.harness import Run
from tests.chaos.modelled import Modelled
from tests.chaos.verdict import Verdict

pytestmark = pytest.mark.live

KILLS = 4
"""Of the follower or serve, at least."""
LOOKS = 11
"""Moments of the file, and answers of each kind, that are judged, at least."""


@pytest.mark.timeout(900)
def test_kills_zombies_outages_and_failed_produces_lose_and_double_nothing(tmp_path: Path) -> None:
    verdict, others, model = _run(tmp_path)
    assert not verdict.faults, "\n".join(verdict.faults)
    assert not others, "\n".join(others)
    # The run must have been worth judging.
    assert verdict.events > 10_000
    assert verdict.repeats > 500
    assert verdict.alerts > 300
    assert verdict.alert_states > 300
    assert verdict.acted > 100
    assert verdict.settled > 10
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
    assert model.kills >= KILLS
    assert model.watch.fewest() >= LOOKS


def _run(directory: Path) -> tuple[Verdict, list[str], Modelled]:
    """The verdict, what crashed or what the read model and the API ever said otherwise."""
    with Run(directory, seed=20) as run, Modelled(run) as model:
        run.begin()
        for fault in ONCE:
            run.inflict([fault])
            model.kill()
        model.go_on(KILLS, LOOKS, 400.0)
        verdict = run.finish()
        return verdict, [*run.fleet.crashes, *model.differences()], model
