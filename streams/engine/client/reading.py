"""Reading a partition to its end: what is committed there now, without a group or a trace.

Restore, models, dead letters, checkpoints and reports all read so: from a position, or from the
beginning, to the end that the partition has when the reading begins.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError, UnknownTopicOrPartitionError

from schemas.deadletter import Fetched
from streams.engine.client.membership import known, position_of
from streams.engine.client.records import fetched_within, take_fetched
from streams.engine.client.routines import check, stop
from streams.engine.clients import client_options
from streams.settings import Settings

FETCH_BYTES = 8 * 1024 * 1024
STALL_SECONDS = 60.0
WAIT_SECONDS = 0.5


class ReadStalled(KafkaError):  # type: ignore[misc]
    """A partition gave nothing for a long time although its end was not reached."""


class Bounds(NamedTuple):
    """The first offset that is still there, and the one behind the last committed record."""

    begin: int
    end: int


class Reader:
    """Reads partitions one after the other; connects when the first is asked for.

    Raises :class:`ReadStalled` where Kafka tells no end of a partition or gives nothing for
    ``stall_seconds``, and aiokafka's errors. ``check_crcs`` costs a seventh of the speed.
    """

    def __init__(
        self, settings: Settings, *, check_crcs: bool = True, stall_seconds: float = STALL_SECONDS
    ) -> None:
        self._settings = settings
        self._check_crcs = check_crcs
        self._stall_seconds = stall_seconds
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Disconnect."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop(consumer)

    async def bounds(self, topic: str, number: int) -> Bounds:
        """Where a partition begins and ends now."""
        tp = TopicPartition(topic, number)
        consumer = await self._assigned(tp)
        consumer.pause(tp)  # nothing is wanted of it yet
        try:
            begin = (await consumer.beginning_offsets([tp]))[tp]
        except KafkaTimeoutError as error:
            raise _no_answer(tp) from error
        return Bounds(begin, await _end(consumer, tp))

    async def batches(
        self, topic: str, number: int, start: int | None = None
    ) -> AsyncIterator[Iterable[Fetched]]:
        """Every committed record from ``start``, or the beginning, to the end, oldest first.

        A batch is to be gone through before the next is asked for.
        """
        tp = TopicPartition(topic, number)
        consumer = await self._assigned(tp)
        if start is not None:
            consumer.seek(tp, start)
        end = await _end(consumer, tp)
        position = await self._position(consumer, tp, end)
        progressed = time.monotonic()
        while position < end:
            check(consumer)
            if await fetched_within(consumer, tp, WAIT_SECONDS):
                for batch in take_fetched(consumer, tp, check_crcs=self._check_crcs):
                    yield batch
            reached = position_of(consumer, tp)
            if reached is not None and reached >= end:
                consumer.pause(tp)  # else it fetches on, and what comes next waits for the answer
            if reached is None:  # its records were deleted meanwhile, and the next are looked up
                reached = await self._position(consumer, tp, end)
            if reached > position:
                position, progressed = reached, time.monotonic()
            elif time.monotonic() - progressed > self._stall_seconds:
                raise self._stalled(tp, position, end)
            await asyncio.sleep(0)

    async def _assigned(self, tp: TopicPartition) -> AIOKafkaConsumer:
        """The consumer with this partition alone, from its beginning."""
        consumer = self._consumer
        if consumer is None:
            consumer = AIOKafkaConsumer(
                **client_options(self._settings),
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=FETCH_BYTES,
                fetch_max_wait_ms=100,
            )
            self._consumer = consumer
            await consumer.start()
        try:
            await known(consumer, tp.topic)
        except UnknownTopicOrPartitionError as error:
            raise _no_answer(tp) from error
        consumer.assign([tp])
        return consumer

    async def _position(self, consumer: AIOKafkaConsumer, tp: TopicPartition, end: int) -> int:
        try:
            async with asyncio.timeout(self._stall_seconds):
                position: int = await consumer.position(tp)
        except TimeoutError as error:
            raise self._stalled(tp, 0, end) from error
        return position

    def _stalled(self, tp: TopicPartition, position: int, end: int) -> ReadStalled:
        return ReadStalled(
            f"{tp.topic}[{tp.partition}] stalled at {position} of {end}"
            f" for {self._stall_seconds:.0f} s"
        )


async def _end(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int:
    try:
        end: int = (await consumer.end_offsets([tp]))[tp]
    except KafkaTimeoutError as error:
        raise _no_answer(tp) from error
    return end


def _no_answer(tp: TopicPartition) -> ReadStalled:
    return ReadStalled(
        f"no broker tells where {tp.topic}[{tp.partition}] ends: is it there, and its leader?"
    )


async def read_records(
    settings: Settings, topic: str, partition: int
) -> AsyncIterator[tuple[bytes | None, bytes]]:
    """Every key and value that one partition has now, oldest first; tombstones are left out."""
    async with Reader(settings, check_crcs=False) as reader:
        async for batch in reader.batches(topic, partition):
            for record in batch:
                value = record.value
                if value is not None:
                    yield record.key, value
