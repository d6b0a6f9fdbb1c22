"""Measures, from outside, how long each partition takes from an event to its alert."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from datetime import UTC, datetime

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError
from kafka.partitioner.default import murmur2

from tests.chaos.load import LARGE, TRANSACTIONS

INTERVAL_SECONDS = 0.25


def one_customer_each(partitions: int, prefix: str = "probe") -> list[str]:
    """Customer ids by partition number, placed as Kafka's Java client places keys."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < partitions:
        customer = f"{prefix}-{number}"
        found.setdefault((murmur2(customer.encode()) & 0x7FFFFFFF) % partitions, customer)
        number += 1
    return [found[partition] for partition in range(partitions)]


class Probe:
    """While entered, sends each partition a large payment four times a second, and times the
    alert it causes until ``read_committed`` shows it."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self._customers = one_customer_each(partitions)
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=0)
        self._consumer = KafkaConsumer(
            "alerts",
            bootstrap_servers=bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="latest",
            fetch_max_wait_ms=20,
        )
        self._sent: dict[str, tuple[float, int]] = {}
        self._waits: dict[str, float] = {}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=run) for run in (self._send, self._receive)]

    def __enter__(self) -> Probe:
        for _ in range(50):  # the positions must be set before the first alert
            self._consumer.poll(timeout_ms=100)
            if self._consumer.assignment():
                break
        for tp in self._consumer.assignment():
            self._consumer.position(tp)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._producer.close()
        self._consumer.close()

    def wait_for_all(self, seconds: float = 20.0) -> None:
        """Wait until every partition has shown an alert for something sent from now on."""
        asked, until = time.monotonic(), time.monotonic() + seconds
        while time.monotonic() < until:
            fresh = {
                n for i, (at, n) in list(self._sent.items()) if at > asked and i in self._waits
            }
            if len(fresh) == len(self._customers):
                return
            time.sleep(0.1)
        raise AssertionError(f"only partitions {sorted(fresh)} answer after {seconds:.0f} s")

    def worst_waits(self, since: float) -> dict[int, float]:
        """The longest wait in seconds by partition, of what was sent from ``since``
        (``time.monotonic()``) on; what has no alert yet waits still."""
        now = time.monotonic()
        worst: dict[int, float] = {}
        for event_id, (at, number) in list(self._sent.items()):
            if at >= since:
                wait = self._waits.get(event_id, now - at)
                worst[number] = max(worst.get(number, 0.0), wait)
        return worst

    def _send(self) -> None:
        number = 0
        while not self._stop.wait(INTERVAL_SECONDS):
            for partition, customer in enumerate(self._customers):
                number += 1
                event = {
                    "event_id": f"probe-{number}",
                    "customer_id": customer,
                    "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                    "channel": "app",
                    "type": "transaction",
                    "amount": LARGE,
                    "currency": "CNY",
                    "direction": "debit",
                    "account_id": "a",
                }
                self._sent[f"probe-{number}"] = time.monotonic(), partition
                self._producer.send(
                    TRANSACTIONS, key=customer.encode(), value=json.dumps(event).encode()
                )

    def _receive(self) -> None:
        while not self._stop.is_set():
            for records in self._consumer.poll(timeout_ms=100).values():
                for record in records:
                    event_id = json.loads(record.value)["cause"][0]
                    if event_id in self._sent:
                        self._waits[event_id] = time.monotonic() - self._sent[event_id][0]


def assignments(bootstrap: str, group: str) -> list[dict[int, set[str]]]:
    """For each member of the group: its topics by partition number, as Kafka tells them."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        try:
            described = admin.describe_groups([group])[group]
        except KafkaError as error:
            if not error.retriable:
                raise
            return []
    members = []
    for member in described["members"]:
        held: dict[int, set[str]] = {}
        for assigned in (member["member_assignment"] or {}).get("assigned_partitions", ()):
            for number in assigned["partitions"]:
                held.setdefault(number, set()).add(assigned["topic"])
        members.append(held)
    return members
