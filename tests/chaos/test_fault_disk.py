"""Somebody fills the broker's disk under load: it ends, and goes on when there is room again."""

from __future__ import annotations

import time
from pathlib import Path

from tests.chaos.harness import Kafka, Run
from tests.chaos.long import MARKS, PROMISE, RATE, judged, outage
from tests.streams.cluster.small_disk import SmallDisk, needs_namespaces

pytestmark = [*MARKS, needs_namespaces]


class SmallDiskRun(Run):
    """`touchline kafka` on a disk of 512 MB that nobody else has."""

    def open_kafka(self) -> Kafka:
        """The broker on its disk."""
        self.disk = SmallDisk(self.directory / "disk", megabytes=512)
        self.disk.__enter__()
        self.disk.start()
        return self.disk


def test_a_full_disk(tmp_path: Path) -> None:
    with SmallDiskRun(tmp_path, seed=35, rate=RATE, promise=PROMISE, show=True) as run:
        run.begin(2)
        time.sleep(3)
        with outage(run):
            run.note("the disk is filled")
            run.disk.fill()
            assert run.disk.ended(120) == 1
            [told] = [line for line in run.disk.told().splitlines() if "has died" in line]
            run.note(told)
            assert "is full (0 MB of 512 MB free); free some" in told
            time.sleep(10)
            run.disk.free()
            run.disk.start()
            run.note("there is room again, the broker is started")
        judged(run)
