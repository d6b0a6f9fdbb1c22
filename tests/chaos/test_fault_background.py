"""Faults in a worker's background tasks that take long: each kind that ends it, and hangs."""

from __future__ import annotations

import time
from typing import Any

import pytest

from streams.cluster.broker import LocalBroker
from streams.topics.ensure import ensure_topics
from tests.streams.running import PARTITIONS, until
from tests.streams.worker.background import (
    GONE_ALIKE,
    HUNG,
    HUNG_FOR_EVER,
    LASTING,
    assert_nothing_lost,
)
from tests.streams.worker.faults import Bench

pytestmark = [pytest.mark.chaos, pytest.mark.live]


READERS = {"Fetcher._proc_fetch_request"}
"""Fetches of those who read models: where these hang, a model is late, and nobody knows."""


@pytest.fixture(scope="module")
def bench(module_broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    ensure_topics(module_broker.bootstrap, "hangs", PARTITIONS).raise_if_wrong()
    return Bench(module_broker, "hangs", tmp_path_factory.mktemp("hangs"), LASTING - READERS)


@pytest.mark.parametrize("kind", GONE_ALIKE)
def test_a_background_task_that_ends_ends_the_worker(bench: Bench, kind: str) -> None:
    with bench.worker() as worker:
        assert bench.outcome(worker, f"raise {kind}") == "gone"


@pytest.mark.parametrize("kind", HUNG)
def test_a_background_fetch_that_hangs_begins_anew(bench: Bench, kind: str) -> None:
    with bench.worker() as worker:
        assert bench.outcome(worker, f"hang {kind}", 90.0, 15.0) == "healed"


@pytest.mark.parametrize("kind", HUNG_FOR_EVER)
def test_a_background_task_that_hangs_is_told(bench: Bench, kind: str) -> None:
    """Within the patience of what hangs; the slowest has 30 s from its first event on."""
    with bench.worker() as worker:
        assert worker.asked(f"hang {kind}")
        bench.send()
        until(lambda: not worker.ready(), "no readiness", 45.0)
        time.sleep(3.0)  # and it stays so
        assert worker.reasons()


def test_nothing_is_lost_by_faults_of_background_tasks(bench: Bench, monkeypatch: Any) -> None:
    assert_nothing_lost(bench, monkeypatch)
