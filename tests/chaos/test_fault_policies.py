"""Policies are changed to and fro by rolling restarts while other workers are killed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.chaos.changing import Changing

pytestmark = [pytest.mark.live, pytest.mark.chaos]


@pytest.mark.timeout(900)
def test_policies_changed_to_and_fro_under_kills(tmp_path: Path) -> None:
    workers = ("w1", "w2", "w3")
    with Changing(tmp_path, seed=4, rate=400.0) as run:
        for worker in workers:
            run.fleet.start(worker)
        run.load.begin()
        run.drain()
        run.load.start()
        for times, name in enumerate(("new", "policy", "new"), 1):
            for worker in workers:
                run.restart(worker, name)
                victim = run.random.choice([one for one in workers if one != worker])
                goes_by = run.fleet.command_of(victim)
                run.fleet.kill(victim)
                time.sleep(run.random.uniform(0, 5))
                run.fleet.start(victim, goes_by)
                time.sleep(run.random.uniform(3, 12))
            run.until_told("workers_agree", times)
        run.load.stop()
        run.drain()
        judged, signals = run.weigh(), run.signals()
        assert not run.fleet.crashes, "\n".join(run.fleet.crashes)
    assert not (judged.lost or judged.doubled or judged.strange), judged
    assert judged.both > 5_000 and judged.old_there > 500 and judged.old_gone > 500
    ids = [one["signal_id"] for one in signals]
    assert len(ids) == len(set(ids)) <= 6
