"""Restore: the newest record of every key of one changelog partition, as bytes.

Read with ``read_committed`` after the producer is open, so that nothing of a transaction
in flight can be seen or missed. Nothing is decoded here: state is decoded on first use.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, load_checkpoint
from streams.engine.clients import client_options
from streams.engine.store import MemoryStore
from streams.settings import Settings

FETCH_BYTES = 8 * 1024 * 1024
STALL_SECONDS = 60.0


class Restored(NamedTuple):
    """A store filled from the changelog, where to go on, and what it took."""

    store: MemoryStore
    checkpoint: Checkpoint | None
    records: int
    seconds: float


class RestoreStalled(Exception):
    """The changelog gave no record for a long time although its end was not reached."""


async def restore(settings: Settings, partition: int) -> Restored:
    """Read the changelog partition from its beginning to its end."""
    began = time.perf_counter()
    tp = TopicPartition(settings.changelog, partition)
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=100,
        check_crcs=False,
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        store = MemoryStore()
        records = await _read(consumer, tp, store.records)
    finally:
        await consumer.stop()
    saved = store.get(CHECKPOINT_KEY)
    checkpoint = load_checkpoint(saved) if saved is not None else None
    return Restored(store, checkpoint, records, time.perf_counter() - began)


async def _read(consumer: AIOKafkaConsumer, tp: TopicPartition, records: dict[bytes, bytes]) -> int:
    end = (await consumer.end_offsets([tp]))[tp]
    count, progressed = 0, time.monotonic()
    position = await consumer.position(tp)
    while position < end:
        fetched = await consumer.getmany(tp, timeout_ms=500)
        for batch in fetched.values():
            count += len(batch)
            for record in batch:
                if record.value is None:
                    records.pop(record.key, None)
                else:
                    records[record.key] = record.value
        reached = await consumer.position(tp)
        if reached > position:
            position, progressed = reached, time.monotonic()
        elif time.monotonic() - progressed > STALL_SECONDS:
            raise RestoreStalled(
                f"{tp.topic}[{tp.partition}] stalled at {position} of {end} "
                f"for {STALL_SECONDS:.0f} s"
            )
        await asyncio.sleep(0)
    return count
