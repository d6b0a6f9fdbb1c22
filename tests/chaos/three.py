"""A run on three brokers, each record on all of them and acknowledged by two at least."""

from __future__ import annotations

from streams.cluster.broker import LocalBroker
from streams.cluster.several import LocalCluster
from tests.chaos.harness import Kafka, Run


class ThreeRun(Run):
    """A smaller run, as three brokers and the workers share one machine."""

    partitions = 4
    copies = 3
    in_step = 2

    def open_kafka(self) -> Kafka:
        """Three brokers."""
        cluster = LocalCluster(3, self.directory / "kafka")
        cluster.start()
        return cluster

    @property
    def cluster(self) -> LocalCluster:
        """The brokers."""
        assert isinstance(self.kafka, LocalCluster)
        return self.kafka

    def kill_the_leader(self, topic: str, partition: int = 0) -> LocalBroker:
        """SIGKILL of the broker that leads a partition, which is led by another one then."""
        leader = self.cluster.leader_of(topic, partition)
        self.note(f"broker {self.cluster.brokers.index(leader) + 1}, {topic}[{partition}]: kill -9")
        leader.kill()
        self.cluster.leader_of(topic, partition)
        self.note(f"another one leads {topic}[{partition}]")
        return leader

    def bring_back(self, broker: LocalBroker) -> None:
        """Start a killed broker and wait until the others have let it in."""
        broker.restart()
        self.cluster.wait_complete()
        self.note("three brokers again")
