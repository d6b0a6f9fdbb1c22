"""Restore: the newest record of every key of one changelog partition, as bytes.

Read with ``read_committed`` after the producer is open, so that nothing of a transaction
in flight can be seen or missed. Nothing is decoded here: state is decoded on first use.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult

from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, load_checkpoint
from streams.engine.clients import client_options
from streams.engine.store import MemoryStore
from streams.settings import Settings

FETCH_BYTES = 8 * 1024 * 1024
STALL_SECONDS = 60.0
WAIT_SECONDS = 0.5


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
    store, records = await read_compacted(settings, settings.changelog, partition)
    saved = store.get(CHECKPOINT_KEY)
    checkpoint = load_checkpoint(saved) if saved is not None else None
    return Restored(store, checkpoint, records, time.perf_counter() - began)


async def read_compacted(settings: Settings, topic: str, partition: int) -> tuple[MemoryStore, int]:
    """The newest value of each key of one partition, and how many records were read for it."""
    store = MemoryStore()
    async with _reader(settings, topic, partition) as (consumer, tp):
        return store, await _read(consumer, tp, store.records)


async def read_records(
    settings: Settings, topic: str, partition: int
) -> AsyncIterator[tuple[bytes | None, bytes]]:
    """Every key and value that one partition has now, oldest first; tombstones are left out."""
    async with _reader(settings, topic, partition) as (consumer, tp):
        end = (await consumer.end_offsets([tp]))[tp]
        while await consumer.position(tp) < end:
            for records in (await consumer.getmany(tp, timeout_ms=100)).values():
                for record in records:
                    if record.value is not None:
                        yield record.key, record.value


@asynccontextmanager
async def _reader(
    settings: Settings, topic: str, partition: int
) -> AsyncIterator[tuple[AIOKafkaConsumer, TopicPartition]]:
    tp = TopicPartition(topic, partition)
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
        yield consumer, tp
    finally:
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, tp: TopicPartition, records: dict[bytes, bytes]) -> int:
    """Take what the fetcher got batch by batch, without an object for every record."""
    end = (await consumer.end_offsets([tp]))[tp]
    count, progressed = 0, time.monotonic()
    position = await consumer.position(tp)
    fetcher = consumer._fetcher
    while position < end:
        result = fetcher._records.pop(tp, None)
        if result is None:
            waiter = fetcher._create_fetch_waiter()
            await asyncio.wait([waiter], timeout=WAIT_SECONDS)
            _check_stall(tp, position, end, progressed)
            continue
        fetcher._notify(fetcher._wait_consume_future)
        if not isinstance(result, FetchResult):
            result.check_raise()
        elif result.check_assignment(tp):
            count += _take(result._partition_records, records)
            result._update_position()
        reached = await consumer.position(tp)
        if reached > position:
            position, progressed = reached, time.monotonic()
        await asyncio.sleep(0)
    return count


def _take(fetched: Any, records: dict[bytes, bytes]) -> int:
    """Put every committed record of one fetch into ``records``; how many it were.

    ``fetched`` is aiokafka's ``PartitionRecords``: it knows the aborted transactions.
    """
    count, start = 0, fetched.next_fetch_offset
    while fetched._records.has_next():
        batch = fetched._records.next_batch()
        if batch.producer_id is not None:
            fetched._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch:
            if fetched._contains_abort_marker(batch):
                fetched._aborted_producers.discard(batch.producer_id)
        elif not (batch.is_transactional and batch.producer_id in fetched._aborted_producers):
            for record in batch:
                if record.offset >= start:
                    count += 1
                    value = record.value
                    if value is None:
                        records.pop(record.key, None)
                    else:
                        records[record.key] = value
        fetched.next_fetch_offset = batch.next_offset
    return count


def _check_stall(tp: TopicPartition, position: int, end: int, progressed: float) -> None:
    if time.monotonic() - progressed > STALL_SECONDS:
        raise RestoreStalled(
            f"{tp.topic}[{tp.partition}] stalled at {position} of {end} for {STALL_SECONDS:.0f} s"
        )
