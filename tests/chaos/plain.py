"""The same harness with a plain Faust table app in it: what the kill test must be able to find."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from datetime import timedelta

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from tests.chaos import oracle
from tests.chaos.expected import Totals, expect
from tests.chaos.faults import Fault, a_worker_joins, kill_a_worker
from tests.chaos.harness import PARTITIONS, Run
from tests.chaos.load import TRANSACTIONS, Maker
from tests.chaos.verdict import Verdict

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
