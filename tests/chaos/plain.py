"""The same harness with a plain Faust table app in it: what the kill test must be able to find."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from tests.chaos import oracle
from tests.chaos.expected import Totals, expect
from tests.chaos.faults import Fault, a_worker_joins, kill_a_worker
from tests.chaos.harness import PARTITIONS, Run
from tests.chaos.load import TRANSACTIONS, Maker
from tests.chaos.verdict import Verdict
from tests.streams.running import until

FAULTS: tuple[Fault, ...] = (kill_a_worker, kill_a_worker, a_worker_joins, kill_a_worker)


class PlainRun(Run):
    """A run in which the workers are plain Faust: payments counted and summed in a table."""

    group = "plain"
    topics = (TRANSACTIONS,)
    read_back = ()

    @property
    def settle_seconds(self) -> float:
        """Plain Faust promises nothing."""
        return 5.0

    def begin(self, workers: int = 1) -> None:
        """With the table's changelog made beforehand: plain Faust ends where it is slow to be."""
        admin = KafkaAdminClient(bootstrap_servers=self.broker.bootstrap)
        with closing(admin):
            compacted = {"cleanup.policy": "compact"}
            admin.create_topics([NewTopic(self.table, PARTITIONS, 1, topic_configs=compacted)])
        super().begin(workers)

    @property
    def table(self) -> str:
        """The table's changelog."""
        return f"{self.group}-totals-changelog"

    def inflict(self, faults: Sequence[Fault] = FAULTS) -> None:
        """Each once workers have written since the one before: what did nothing loses nothing."""
        for fault in faults:
            until(partial(self.written_since, self.written()), "plain Faust to write", 60)
            super().inflict([fault])

    def written_since(self, before: int) -> bool:
        """Whether the table has changed."""
        return self.written() > before

    def written(self) -> int:
        """How many changes of the table there are."""
        with closing(KafkaConsumer(bootstrap_servers=self.broker.bootstrap)) as consumer:
            places = [TopicPartition(self.table, number) for number in range(PARTITIONS)]
            return sum(consumer.end_offsets(places).values())

    def command(self) -> list[str]:
        """Plain Faust takes its settings from the command line."""
        return [
            *(sys.executable, "-m", "bench.peers.plain_faust"),
            *("--bootstrap", self.broker.bootstrap),
            *("--topic", TRANSACTIONS),
            *("--group", self.group),
            *("--session-seconds", "6"),
        ]

    def maker(self, seed: int) -> Maker:
        """Good payments only: plain Faust has no dead letters."""
        return Maker(seed, payments_only=True)

    async def judge(self) -> Verdict:
        """The table's changelog against what went in."""
        bootstrap = self.broker.bootstrap
        inputs = await oracle.read_topics(bootstrap, self.topics)
        totals: dict[str, Totals] = {}
        for change in await oracle.read_topics(bootstrap, [self.table]):
            events, amount, xor = json.loads(change.value or b"")
            customer = json.loads(change.key or b"")
            totals[customer] = Totals(events, events, amount, int(xor, 16))
        expected = expect(inputs, timedelta(days=1))
        expected.alerts.clear()  # it has none
        return oracle.compare(expected, totals, [], [])
