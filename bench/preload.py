"""Fill the input topics with the simulated bank, faster than an ordinary producer.

Records go out in batches built per partition, in the bank's order within each partition.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

from aiokafka import AIOKafkaProducer
from kafka.partitioner import murmur2

from streams.sources.bank import Bank
from streams.sources.lines import Record

BATCH_BYTES = 512 * 1024
IN_FLIGHT = 64
"""Batches not yet acknowledged, at most: 32 MB."""


@dataclass
class Preloaded:
    """What was written: records by topic, how many were made to be refused, bytes, seconds."""

    topics: Counter[str] = field(default_factory=Counter)
    bad: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def records(self) -> int:
        return self.topics.total()


class _Batches:
    """One open batch per topic and partition."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._open: dict[tuple[str, int], Any] = {}
        self._sent: list[asyncio.Future[Any]] = []

    async def add(self, topic: str, partition: int, record: Record) -> None:
        place = (topic, partition)
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = self._producer.create_batch()
        if batch.append(key=record.key, value=record.value, timestamp=None) is None:
            await self._send(place)
            batch = self._open[place] = self._producer.create_batch()
            appended = batch.append(key=record.key, value=record.value, timestamp=None)
            assert appended is not None, "a record is larger than a batch"

    async def finish(self) -> None:
        """Send what is left; raises `KafkaError` if any batch was not acknowledged."""
        for place in list(self._open):
            await self._send(place)
        await asyncio.gather(*self._sent)

    async def _send(self, place: tuple[str, int]) -> None:
        topic, partition = place
        batch = self._open.pop(place)
        self._sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        if len(self._sent) >= IN_FLIGHT:
            await asyncio.gather(*self._sent)
            self._sent.clear()


async def preload(bank: Bank, bootstrap: str, n: int, *, opening: bool = True) -> Preloaded:
    """Write the bank's opening (unless told not) and `n` records of its days, the last one now.

    The topics exist. A record without a key goes round the partitions. Raises `KafkaError`.
    """
    bank.end_at(datetime.now(UTC), n)
    return await write(chain(bank.opening() if opening else (), islice(bank.days(), n)), bootstrap)


async def write(records: Iterable[Record], bootstrap: str) -> Preloaded:
    """Write `records` in order, each key to its murmur2 partition."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_batch_size=BATCH_BYTES, max_request_size=2 * BATCH_BYTES
    )
    done = Preloaded()
    began = time.perf_counter()
    await producer.start()
    try:
        counts: dict[str, int] = {}
        hashes: dict[bytes | None, int] = {}
        batches = _Batches(producer)
        for number, record in enumerate(records):
            topic, key = record.topic, record.key
            if topic not in counts:
                counts[topic] = len(await producer.partitions_for(topic))
            place = hashes.get(key)
            if place is None:
                place = number if key is None else murmur2(key) & 0x7FFFFFFF
                if key is not None:
                    hashes[key] = place
            await batches.add(topic, place % counts[topic], record)
            done.topics[topic] += 1
            done.bad += record.is_bad
            done.bytes += len(record.value)
        await batches.finish()
    finally:
        await producer.stop()
    done.seconds = time.perf_counter() - began
    return done
