"""Somebody fills the broker's disk under load: it ends, and goes on when there is room again."""

from __future__ import annotations

import time
from pathlib import Path

from streams.cluster import kraft, ports
from streams.cluster.broker import LocalBroker
from streams.worker.libraries import DISK
from tests.chaos.harness import Kafka, Run
from tests.chaos.long import MARKS, PROMISE, RATE, judged, outage
from tests.streams.cluster.small_disk import SmallDisk, needs_namespaces

pytestmark = MARKS


class SmallDiskRun(Run):
    """`touchline kafka` on a disk of 512 MB that nobody else has."""

    def open_kafka(self) -> Kafka:
        """The broker on its disk."""
        self.disk = SmallDisk(self.directory / "disk", megabytes=512)
        self.disk.__enter__()
        self.disk.start()
        return self.disk


class TwoDisksRun(Run):
    """A broker with two directories, one of which can be taken away from it."""

    def open_kafka(self) -> Kafka:
        """It looks at its directories every second."""
        self.disk = self.directory / "kafka" / "second"
        dirs = f"{self.directory / 'kafka' / 'data'},{self.disk}"
        often = {"log.flush.offset.checkpoint.interval.ms": "1000"}
        seat = kraft.Seat(1, kraft.random_id(), tuple(ports.free_ports(1)))
        self.disk.mkdir(parents=True)
        told = {"version": 1, "cluster.id": seat.cluster_id, "node.id": 1}
        told["directory.id"] = kraft.random_id()
        lines = "".join(f"{name}={value}\n" for name, value in told.items())
        (self.disk / "meta.properties").write_text(lines)
        config = {"log.dirs": dirs, **often}
        broker = LocalBroker(self.directory / "kafka", config=config, seat=seat)
        broker.start()
        return broker


@needs_namespaces
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


def test_a_disk_that_fails_while_the_broker_goes_on(tmp_path: Path) -> None:
    """What lies on it is refused with KAFKA_STORAGE_ERROR, until the broker has it again."""
    with TwoDisksRun(tmp_path, seed=37, rate=RATE, promise=PROMISE, show=True) as run:
        run.begin(2)
        time.sleep(3)
        with outage(run):
            run.note("one of the broker's two disks is gone")
            aside = run.disk.with_name("aside")
            run.disk.rename(aside)
            time.sleep(40)
            assert run.broker.running
            run.broker.stop()
            aside.rename(run.disk)
            run.broker.restart()
            run.note("it is there again, the broker restarted")
        judged(run)
        told = [line for name in run.fleet.names for line in run.fleet.lines(name)]
        assert 1 <= len([line for line in told if DISK in line]) <= 8
