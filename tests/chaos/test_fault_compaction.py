"""The changelog is compacted as hard as Kafka can, while workers are killed and begin from it."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from streams.cluster.broker import LocalBroker
from tests.chaos import oracle
from tests.chaos.harness import Kafka, Run
from tests.chaos.long import MARKS, PROMISE, RATE, judged

pytestmark = MARKS

HARD = {
    "segment.ms": "3000",
    "segment.bytes": str(1 << 20),
    "min.cleanable.dirty.ratio": "0.001",
    "max.compaction.lag.ms": "3000",
    "min.compaction.lag.ms": "0",
    "delete.retention.ms": "60000",
}
ROUNDS = 4


class CompactedRun(Run):
    """A broker whose cleaner looks every second."""

    def open_kafka(self) -> Kafka:
        """One that cleans."""
        often = {"log.cleaner.backoff.ms": "1000", "log.retention.check.interval.ms": "1000"}
        broker = LocalBroker(self.directory / "kafka", config=often)
        broker.start()
        return broker

    def compact_hard(self) -> None:
        """Segments of three seconds, cleaned at once."""
        resource = ConfigResource(ConfigResourceType.TOPIC, self.changelog, configs=HARD)
        with closing(KafkaAdminClient(bootstrap_servers=self.broker.bootstrap)) as admin:
            admin.alter_configs([resource])

    def kept(self) -> float:
        """The share of the changelog's records that is still there."""
        bootstrap = self.broker.bootstrap
        there = len(asyncio.run(oracle.read_topics(bootstrap, [self.changelog])))
        tps = [TopicPartition(self.changelog, number) for number in range(self.partitions)]
        with closing(KafkaConsumer(bootstrap_servers=bootstrap)) as consumer:
            written: int = sum(consumer.end_offsets(tps).values())
        return there / written


def test_forced_compaction_and_restarts(tmp_path: Path) -> None:
    with CompactedRun(tmp_path, seed=36, rate=RATE, promise=PROMISE, show=True) as run:
        run.compact_hard()
        run.begin(2)
        for _ in range(ROUNDS):
            time.sleep(12)
            run.note(f"{run.kept():.0%} of the changelog is left; kill -9 of all workers")
            names = run.fleet.names
            for name in names:
                run.fleet.kill(name)
            for name in names:
                run.fleet.start(name)
        run.note("the broker restarts")
        run.fleet.outage = True
        run.broker.restart()
        time.sleep(2)
        run.fleet.outage = False
        judged(run)
        kept = run.kept()
        run.note(f"{kept:.0%} of the changelog is left")
        assert kept < 0.8  # it was compacted
