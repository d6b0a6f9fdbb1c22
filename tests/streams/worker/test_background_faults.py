"""A fault in each background task of a real worker: healed or gone, and never ready and dead.

Those that end a worker in the same way as one here are in `make chaos NAME=background`.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.cluster.broker import LocalBroker
from streams.topics.ensure import ensure_topics
from tests.streams.running import PARTITIONS, environment, until
from tests.streams.worker.background import (
    GONE,
    HEALED,
    HEALED_BY_FAUST,
    KNOWN,
    LASTING,
    assert_nothing_lost,
)
from tests.streams.worker.faults import Bench

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def bench(module_broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    ensure_topics(module_broker.bootstrap, "faults", PARTITIONS).raise_if_wrong()
    return Bench(module_broker, "faults", tmp_path_factory.mktemp("faults"), LASTING)


def test_what_ends_within_a_kafka_client_begins_anew(bench: Bench) -> None:
    with bench.worker() as worker:
        until(lambda: not worker.kinds().keys() - KNOWN, f"no task that is not of {KNOWN}", 20.0)
        for command in ("answered", *(f"raise {kind}" for kind in HEALED + HEALED_BY_FAUST)):
            assert bench.outcome(worker, command) == "healed", command


@pytest.mark.parametrize("kind", GONE)
def test_what_cannot_begin_anew_ends_the_worker(bench: Bench, kind: str) -> None:
    with bench.worker() as worker:
        assert bench.outcome(worker, f"raise {kind}") == "gone"


def test_nothing_is_lost_or_doubled_after_all_that(bench: Bench, monkeypatch: Any) -> None:
    assert_nothing_lost(bench, monkeypatch)


def test_a_worker_told_to_end_in_its_first_second_ends_well(bench: Bench, tmp_path: Path) -> None:
    variables = environment(bench.app_id, bench.bootstrap)
    line = [sys.executable, "-m", "streams.cli", "worker", "--http-port", "0"]
    with (tmp_path / "early.log").open("w") as told:
        process = subprocess.Popen(line, env=variables, stdout=told, stderr=told)
    status = Path(f"/proc/{process.pid}/status")

    def listens() -> bool:
        caught = next(line for line in status.read_text().splitlines() if "SigCgt" in line)
        return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

    until(listens, "the handler of SIGTERM")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, (tmp_path / "early.log").read_text()
