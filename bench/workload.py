"""The work that engines are measured on: seeded transactions, and what they must add up to.

One event is a valid `transaction` touchpoint of about 190 bytes of JSON; its key is the customer.
The expected figures are summed here, while the events are made, in integer cents, so that they owe
nothing to any engine.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from kafka.partitioner import murmur2

BATCH_BYTES = 512 * 1024
DAY_MILLISECONDS = 86_400_000


class Event(NamedTuple):
    """One record: Kafka key, Kafka value, amount in cents."""

    key: bytes
    value: bytes
    cents: int


@dataclass
class Expected:
    """What the events of one topic add up to: customer -> [count, cents]."""

    events: int = 0
    value_bytes: int = 0
    totals: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))


def transactions(events: int, customers: int, seed: int = 7) -> Iterator[Event]:
    """Yield `events` transactions of `customers` customers chosen evenly, in order of time.

    >>> [event.key for event in transactions(2, 5, seed=1)]
    [b'c00001', b'c00000']
    """
    chance = random.Random(seed)
    for number in range(events):
        customer = chance.randrange(customers)
        cents = chance.randrange(1, 1_000_000)
        at = number % DAY_MILLISECONDS
        clock = f"{at // 3_600_000:02}:{at // 60_000 % 60:02}:{at // 1000 % 60:02}.{at % 1000:03}"
        value = (
            f'{{"type":"transaction","event_id":"e{number:07}","customer_id":"c{customer:05}",'
            f'"occurred_at":"2025-01-01T{clock}Z","channel":"app","account_id":"1",'
            f'"amount":{cents // 100}.{cents % 100:02},"currency":"CNY","direction":"debit"}}'
        )
        key = f"c{customer:05}".encode()
        yield Event(key, value.encode(), cents)


def partition_of(key: bytes, partitions: int) -> int:
    """Kafka's default place of a key: murmur2, sign bit cleared, modulo."""
    place: int = (murmur2(key) & 0x7FFFFFFF) % partitions
    return place


async def preload(bootstrap: str, topic: str, partitions: int, events: Iterator[Event]) -> Expected:
    """Write `events` to `topic`, which exists, in batches of `BATCH_BYTES`; return their sums.

    The Kafka timestamp of a record is now, not the event's time: by the latter a topic with the
    default retention would lose the whole load within minutes.
    Raises `KafkaError` if any batch was not acknowledged.
    """
    expected = Expected()
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_batch_size=BATCH_BYTES, max_request_size=2 * BATCH_BYTES
    )
    await producer.start()
    try:
        builders = [producer.create_batch() for _ in range(partitions)]
        sent: list[Any] = []
        for event in events:
            place = partition_of(event.key, partitions)
            record = {"key": event.key, "value": event.value, "timestamp": None}
            if builders[place].append(**record) is None:
                sent.append(await producer.send_batch(builders[place], topic, partition=place))
                builders[place] = producer.create_batch()
                builders[place].append(**record)
            _add(expected, event)
        for place, builder in enumerate(builders):
            if builder.record_count():
                sent.append(await producer.send_batch(builder, topic, partition=place))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return expected


def _add(expected: Expected, event: Event) -> None:
    total = expected.totals[event.key.decode()]
    total[0] += 1
    total[1] += event.cents
    expected.events += 1
    expected.value_bytes += len(event.value)
