"""One reader takes a partition to its end: only what is committed, from where it is told, soon."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from kafka import KafkaAdminClient
from kafka import TopicPartition as Place
from kafka.admin import NewTopic

from streams.cluster.broker import LocalBroker
from streams.engine.client import reading
from streams.engine.client.reading import Bounds, Reader, ReadStalled, read_records
from streams.settings import KafkaSettings, Settings

_numbers = itertools.count()
Entry = tuple[bytes | None, bytes | None]


@pytest.fixture
def settings(broker: LocalBroker) -> Settings:
    return Settings(app_id="reading", kafka=KafkaSettings(bootstrap=broker.bootstrap))


@pytest.fixture
async def topic(broker: LocalBroker) -> str:
    name = f"read-to-end-{next(_numbers)}"
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    try:
        await asyncio.to_thread(admin.create_topics, [NewTopic(name, 2, 1)])
    finally:
        admin.close()
    return name


@contextlib.asynccontextmanager
async def producer(settings: Settings, name: str) -> AsyncIterator[AIOKafkaProducer]:
    made = AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap, transactional_id=f"{name}-writer"
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def write(
    one: AIOKafkaProducer, topic: str, entries: list[Entry], *, commit: bool = True
) -> None:
    """Entries in one transaction of one batch: they lie at consecutive offsets, then a marker."""
    await one.begin_transaction()
    batch = one.create_batch()
    for key, value in entries:
        assert batch.append(key=key, value=value, timestamp=None) is not None
    await (await one.send_batch(batch, topic, partition=0))
    await (one.commit_transaction() if commit else one.abort_transaction())


def numbered(first: int, behind: int) -> list[Entry]:
    return [(b"k%d" % number, b"v%d" % number) for number in range(first, behind)]


async def read(reader: Reader, topic: str, number: int, start: int | None = None) -> list[Entry]:
    found: list[Entry] = []
    async for batch in reader.batches(topic, number, start):
        found += [(record.key, record.value) for record in batch]
    return found


async def test_what_is_committed_is_read_and_what_was_aborted_is_not(
    settings: Settings, topic: str
) -> None:
    async with producer(settings, topic) as one:
        await write(one, topic, numbered(0, 3))
        await write(one, topic, numbered(3, 6), commit=False)
        await write(one, topic, [(b"gone", None), *numbered(6, 8)])
        await write(one, topic, numbered(8, 10), commit=False)
    async with Reader(settings) as reader:
        # 3 + 3 + 3 + 2 records and four markers; what ends in an aborted transaction ends as well
        assert await reader.bounds(topic, 0) == Bounds(0, 15)
        assert await read(reader, topic, 0) == [*numbered(0, 3), (b"gone", None), *numbered(6, 8)]
        assert await reader.bounds(topic, 1) == Bounds(0, 0)
        assert await read(reader, topic, 1) == []
    assert [entry async for entry in read_records(settings, topic, 0)] == [
        *numbered(0, 3),
        *numbered(6, 8),
    ]


async def test_what_is_pending_lies_behind_the_end(settings: Settings, topic: str) -> None:
    async with producer(settings, topic) as one:
        await write(one, topic, numbered(0, 3))
        await one.begin_transaction()
        await one.send_and_wait(topic, key=b"half", value=b"done", partition=0)
        async with Reader(settings) as reader:
            assert await reader.bounds(topic, 0) == Bounds(0, 4)
            assert await read(reader, topic, 0) == numbered(0, 3)
        await one.abort_transaction()


async def test_reading_begins_at_the_position_it_is_told_within_a_batch_too(
    settings: Settings, topic: str
) -> None:
    async with producer(settings, topic) as one:
        await write(one, topic, numbered(0, 5))
        await write(one, topic, numbered(5, 7))
    async with Reader(settings) as reader:
        for start, first in ((3, 3), (0, 0), (5, 5), (6, 5), (7, 6)):
            assert await read(reader, topic, 0, start) == numbered(first, 7)
        assert await read(reader, topic, 0, 9) == []


async def test_records_deleted_meanwhile_are_passed(
    settings: Settings, topic: str, broker: LocalBroker
) -> None:
    async with producer(settings, topic) as one:
        for first in range(0, 8, 2):
            await write(one, topic, numbered(first, first + 2))
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    try:
        await asyncio.to_thread(admin.delete_records, {Place(topic, 0): 6})
    finally:
        admin.close()
    async with Reader(settings) as reader:
        assert await reader.bounds(topic, 0) == Bounds(6, 12)
        assert await read(reader, topic, 0, 3) == numbered(4, 8)


async def test_what_comes_while_it_is_read_is_behind_the_end(
    settings: Settings, topic: str
) -> None:
    async with producer(settings, topic) as one:
        await write(one, topic, numbered(0, 3))
        async with Reader(settings) as reader:
            found: list[Entry] = []
            async for batch in reader.batches(topic, 0):
                found += [(record.key, record.value) for record in batch]
                await write(one, topic, numbered(3, 5))  # a reader that waits loses nothing
            assert found == numbered(0, 3)
            assert await read(reader, topic, 0) == numbered(0, 5)


async def test_a_partition_that_gives_nothing_is_told_of_in_time(
    settings: Settings, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with producer(settings, topic) as one:
        await write(one, topic, numbered(0, 3))

    async def nothing(*_: object) -> bool:
        await asyncio.sleep(0.05)
        return False

    monkeypatch.setattr(reading, "fetched_within", nothing)
    async with Reader(settings, stall_seconds=0.4) as reader:
        with pytest.raises(ReadStalled, match=rf"{topic}\[0\] stalled at 0 of 4 for 0 s"):
            await asyncio.wait_for(read(reader, topic, 0), 10)


async def test_a_stall_is_an_error_of_kafka_to_those_who_wait_an_outage_out() -> None:
    assert issubclass(ReadStalled, KafkaError)


async def test_a_reader_that_was_asked_nothing_does_not_connect() -> None:
    async with Reader(Settings(kafka=KafkaSettings(bootstrap="127.0.0.1:1"))):
        pass


async def test_a_reader_without_a_broker_says_so() -> None:
    async with Reader(Settings(kafka=KafkaSettings(bootstrap="127.0.0.1:1"))) as reader:
        with pytest.raises(KafkaError):
            await reader.bounds("t", 0)
