"""How far each partition has come: its checkpoint, found at the tail of its changelog."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, load_checkpoint
from streams.engine.clients import client_options
from streams.settings import Settings

TAIL_RECORDS = 500
"""A checkpoint ends the state of every transaction; the tail read grows eightfold without one."""


async def checkpoints(settings: Settings, numbers: Iterable[int]) -> dict[int, Checkpoint]:
    """The committed checkpoint of each partition that has one.

    Raises ``ValueError`` where a newer version wrote it, and aiokafka's errors.
    """
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        found: dict[int, Checkpoint] = {}
        for number in numbers:
            value = await _newest(consumer, TopicPartition(settings.changelog, number))
            if value is not None:
                found[number] = load_checkpoint(value)
        return found
    finally:
        await consumer.stop()


async def _newest(consumer: AIOKafkaConsumer, place: TopicPartition) -> bytes | None:
    consumer.assign([place])
    begin = (await consumer.beginning_offsets([place]))[place]
    end = (await consumer.end_offsets([place]))[place]
    span = TAIL_RECORDS
    while True:
        start = max(begin, end - span)
        value = await _last(consumer, place, start, end)
        if value is not None or start == begin:
            return value
        span *= 8


async def _last(consumer: Any, place: TopicPartition, start: int, end: int) -> bytes | None:
    consumer.seek(place, start)
    value: bytes | None = None
    while await consumer.position(place) < end:
        for records in (await consumer.getmany(place, timeout_ms=500)).values():
            for record in records:
                if record.key == CHECKPOINT_KEY:
                    value = record.value
    return value
