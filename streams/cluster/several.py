"""Several Kafka brokers on this machine, each broker and controller: leaders move, copies lag.

    with LocalCluster() as cluster:
        client = AIOKafkaProducer(bootstrap_servers=cluster.bootstrap)
        cluster.leader_of("alerts", 0).kill()

All calls block. Kafka's own topics have three copies, of which two must be in step.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.cluster import kraft, ports
from streams.cluster.broker import LocalBroker
from streams.cluster.errors import BrokerError

_JOIN_SECONDS = 60.0


class LocalCluster:
    """So many brokers; each can be stopped, killed and restarted by itself.

    `data_dir` has a directory for each, and is kept; without one temporary directories are used
    and removed by `close`. `config` goes over the properties of all of them.
    """

    def __init__(
        self,
        nodes: int = 3,
        data_dir: Path | None = None,
        *,
        heap: str = "320m",
        config: Mapping[str, str] | None = None,
    ) -> None:
        controllers = tuple(ports.free_ports(nodes))
        cluster_id = kraft.random_id()
        self.brokers = tuple(
            LocalBroker(
                data_dir and data_dir / f"broker-{node}",
                heap=heap,
                config=config,
                seat=kraft.Seat(node, cluster_id, controllers),
            )
            for node in range(1, nodes + 1)
        )

    @property
    def bootstrap(self) -> str:
        """`host:port,host:port` of all, for clients; known from the first `start` on."""
        return ",".join(broker.bootstrap for broker in self.brokers)

    def start(self) -> str:
        """Start all that do not run and wait until each knows the others; returns `bootstrap`.

        Raises BrokerError as `LocalBroker.start` does, or where they do not find each other.
        """
        self._at_once([broker for broker in self.brokers if not broker.running])
        self.wait_complete()
        return self.bootstrap

    def wait_complete(self) -> None:
        """Wait until every broker is let in; raises BrokerError where that takes a minute."""
        until = time.monotonic() + _JOIN_SECONDS
        while time.monotonic() < until:
            if all(self._known_to(broker) == len(self.brokers) for broker in self.brokers):
                return
            time.sleep(0.1)
        raise BrokerError(f"the brokers at {self.bootstrap} do not find each other")

    def leader_of(self, topic: str, partition: int) -> LocalBroker:
        """The broker that leads a partition, once one does; BrokerError where none comes to."""
        until = time.monotonic() + _JOIN_SECONDS
        while time.monotonic() < until:
            for running in [broker for broker in self.brokers if broker.running]:
                leader = _leader(running.bootstrap, topic, partition)
                if leader > 0 and self.brokers[leader - 1].running:
                    return self.brokers[leader - 1]
            time.sleep(0.1)
        raise BrokerError(f"{topic}[{partition}] has no leader")

    def close(self) -> None:
        """Kill all and remove temporary directories: none is left that could take over."""
        for broker in self.brokers:
            broker.kill()
        for broker in self.brokers:
            broker.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def _at_once(self, brokers: list[LocalBroker]) -> None:
        """None is ready before more than half of all run."""
        with ThreadPoolExecutor(max(1, len(brokers))) as pool:
            starts = [pool.submit(broker.start) for broker in brokers]
        for start in starts:
            start.result()

    def _known_to(self, broker: LocalBroker) -> int:
        try:
            with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
                return len(admin.describe_cluster()["brokers"])
        except KafkaError:
            return 0


def _leader(bootstrap: str, topic: str, partition: int) -> int:
    """The leader's number as one broker tells it; -1 where it tells none."""
    try:
        with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
            [told] = admin.describe_topics([topic])
    except KafkaError:
        return -1
    leaders = {each["partition_index"]: each["leader_id"] for each in told["partitions"]}
    return int(leaders.get(partition, -1))
