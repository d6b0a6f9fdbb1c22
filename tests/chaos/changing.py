"""Workers whose policy is changed while payments come in, and what must come of it.

Each payment is judged by the old or the new policy, by whichever worker has its partition. So each
alert must be one that a replay gives under one of the two, and what both replays give must be
there exactly once.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

from agents.customers import customers
from agents.modellings import modellings
from domain.policy import load_policy
from schemas.topics import ALERTS, SIGNALS
from streams.replay.events import Replay
from tests.chaos import oracle
from tests.chaos.harness import PARTITIONS, Run
from tests.chaos.load import TRANSACTIONS, Maker
from tests.chaos.record import Record

OLD_LINE, NEW_LINE = 100_000, 200_000
CUSTOMERS = 120


class Judged(NamedTuple):
    """Alerts: lost, doubled, of neither policy; of both; of the old one alone, there and not."""

    lost: list[str]
    doubled: list[str]
    strange: list[str]
    both: int
    old_there: int
    old_gone: int


def policy(line: float) -> str:
    """A policy whose large transactions begin at ``line``; no cap is ever reached."""
    return f"alerts: {{cap_per_customer_and_day: 1000, large_transaction: {line}}}\n"


class Payments(Maker):
    """Payments of all sizes, and nothing else; of each customer in the order of time."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._drawn, self._sent = Random(seed), 0
        self.made: list[bytes] = []

    def beginnings(self) -> list[Record]:
        """One payment each."""
        return [self._pay(f"p-{number}", 10) for number in range(CUSTOMERS)]

    def next(self) -> list[Record]:
        """One payment."""
        customer = f"p-{self._drawn.randrange(CUSTOMERS)}"
        return [self._pay(customer, self._drawn.randrange(NEW_LINE * 2))]

    def _pay(self, customer: str, amount: int) -> Record:
        self._sent += 1
        event = {
            "event_id": f"t-{self._sent}",
            "customer_id": customer,
            "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "channel": "app",
            "type": "transaction",
            "amount": amount + 1,
            "currency": "CNY",
            "direction": "debit",
            "account_id": f"a-{customer}",
        }
        value = json.dumps(event).encode()
        self.made.append(value)
        return Record(TRANSACTIONS, customer.encode(), value)


class Changing(Run):
    """A fleet on the old policy; :meth:`restart` gives a worker another."""

    settle_seconds = 0.0

    def __init__(self, directory: Path, *, seed: int, rate: float) -> None:
        super().__init__(directory, seed=seed, rate=rate)
        for name, line in (("policy", OLD_LINE), ("new", NEW_LINE)):
            (directory / f"{name}.yaml").write_text(policy(line))

    def maker(self, seed: int) -> Maker:
        """Payments alone."""
        self.payments = Payments(seed)
        return self.payments

    def by(self, name: str) -> list[str]:
        """How a worker is started under a policy."""
        return [*self.command(), "--policy", str(self.directory / f"{name}.yaml")]

    def restart(self, worker: str, name: str) -> None:
        """As an orchestrator does it: SIGTERM, start, wait until it is ready."""
        self.fleet.terminate(worker)
        self.fleet.start(worker, self.by(name))
        assert self.fleet.wait_ready(worker)
        self.note(f"{worker} goes by {name}")

    def told(self, topic: str) -> list[dict[str, object]]:
        """What was sent to an output topic."""
        read = asyncio.run(oracle.read_topics(self.broker.bootstrap, (topic,)))
        return [json.loads(one.value or b"") for one in read]

    def signals(self) -> list[dict[str, object]]:
        """What was signalled of the group's workers."""
        return [one for one in self.told(SIGNALS) if str(one["kind"]).startswith("workers_")]

    def until_told(self, kind: str, times: int, seconds: float = 60.0) -> None:
        """Wait until a kind of signal has come so often."""
        until = time.monotonic() + seconds
        while Counter(one["kind"] for one in self.signals())[kind] < times:
            assert time.monotonic() < until, f"no {kind}: {self.signals()}"
            time.sleep(1)

    def weigh(self) -> Judged:
        """Every alert of Kafka against two replays of what was sent."""
        old, new = (self._replayed(name) for name in ("policy", "new"))
        found = Counter(str(one["alert_id"]) for one in self.told(ALERTS))
        both, either = old & new, old | new
        return Judged(
            lost=sorted(both - found.keys()),
            doubled=sorted(one for one, times in found.items() if times > 1),
            strange=sorted(found.keys() - either),
            both=len(both),
            old_there=len((old - new) & found.keys()),
            old_gone=len((old - new) - found.keys()),
        )

    def _replayed(self, name: str) -> set[str]:
        """The ids of the alerts that one policy gives for all that was sent."""
        rules = load_policy(self.directory / f"{name}.yaml")
        wall = time.time_ns() // 1_000_000
        replay = Replay(customers(rules), PARTITIONS, modellings(rules), wall=wall)
        sent = [*replay.take([*enumerate(self.payments.made, 1)]), *replay.end()]
        return set(_ids(value for topic, value in sent if topic == ALERTS))


def _ids(alerts: Iterable[bytes]) -> Iterable[str]:
    return (json.loads(alert)["alert_id"] for alert in alerts)
