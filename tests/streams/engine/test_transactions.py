"""Transactions on a real broker: fenced, failed and pending ones leave nothing behind."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from streams.cluster.broker import LocalBroker
from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, dump_checkpoint
from streams.engine.partition import Drained, Sent
from streams.engine.restore import restore
from streams.engine.transaction import CommitFailed, Fenced, TransactionalProducer
from streams.settings import KafkaSettings, Settings

_numbers = itertools.count()


@pytest.fixture
async def settings(broker: LocalBroker) -> AsyncIterator[Settings]:
    app_id = f"transactions-{next(_numbers)}"
    made = Settings(app_id=app_id, kafka=KafkaSettings(bootstrap=broker.bootstrap))
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    small = {"max.message.bytes": "2000"}
    admin.create_topics(
        [
            NewTopic(made.changelog, 1, 1, topic_configs={"cleanup.policy": "compact"}),
            NewTopic(f"{app_id}-out", 1, 1),
            NewTopic(f"{app_id}-small", 1, 1, topic_configs=small),
        ]
    )
    admin.close()
    yield made


def drained(changelog: dict[bytes, bytes | None], out: list[tuple[str, bytes]]) -> Drained:
    position = Checkpoint(next_offsets={"in": 7}, clock=9)
    records = [*changelog.items(), (CHECKPOINT_KEY, dump_checkpoint(position))]
    outputs = [Sent(topic, b"k", value, None, "") for topic, value in out]
    return Drained(records, outputs, {}, Counter())


async def committed(settings: Settings, topic: str) -> list[bytes]:
    """What a reader with ``read_committed`` sees of partition 0."""
    tp = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        end = (await consumer.end_offsets([tp]))[tp]
        seen: list[bytes] = []
        for _ in range(20):
            if await consumer.position(tp) >= end:
                break
            fetched = await consumer.getmany(tp, timeout_ms=200)
            seen += [record.value for records in fetched.values() for record in records]
        return seen
    finally:
        await consumer.stop()


async def commit(settings: Settings, producer: TransactionalProducer, work: Drained) -> None:
    await producer.commit(work, settings.changelog, settings.app_id)


async def test_a_commit_shows_state_outputs_and_checkpoint_together(settings: Settings) -> None:
    producer = TransactionalProducer(settings, 0)
    await producer.open()
    out = f"{settings.app_id}-out"
    await commit(settings, producer, drained({b"ca": b"1", b"cb": b"2"}, [(out, b"alert")]))
    await commit(settings, producer, drained({b"ca": b"3", b"cb": None}, []))
    await producer.close()
    found = await restore(settings, 0)
    assert found.store.records.keys() == {b"ca", CHECKPOINT_KEY}
    assert found.store.get(b"ca") == b"3"
    assert found.checkpoint == Checkpoint(next_offsets={"in": 7}, clock=9)
    assert await committed(settings, out) == [b"alert"]


async def test_a_woken_zombie_cannot_commit(settings: Settings) -> None:
    zombie, owner = TransactionalProducer(settings, 0), TransactionalProducer(settings, 0)
    await zombie.open()
    await commit(settings, zombie, drained({b"ca": b"first"}, []))
    await owner.open()
    await commit(settings, owner, drained({b"ca": b"owner"}, []))
    with pytest.raises(Fenced):
        await commit(settings, zombie, drained({b"ca": b"zombie"}, []))
    await zombie.close()
    await owner.close()
    assert (await restore(settings, 0)).store.get(b"ca") == b"owner"


async def test_one_failed_produce_takes_the_whole_transaction_back(settings: Settings) -> None:
    out, small = f"{settings.app_id}-out", f"{settings.app_id}-small"
    producer = TransactionalProducer(settings, 0)
    await producer.open()
    with pytest.raises(CommitFailed):
        await commit(
            settings, producer, drained({b"ca": b"lost"}, [(out, b"alert"), (small, b"x" * 5000)])
        )
    await producer.close()
    successor = TransactionalProducer(settings, 0)
    await successor.open()
    await commit(settings, successor, drained({b"cb": b"kept"}, [(out, b"second")]))
    await successor.close()
    found = await restore(settings, 0)
    assert found.store.get(b"ca") is None
    assert found.store.get(b"cb") == b"kept"
    assert await committed(settings, out) == [b"second"]
    assert await committed(settings, small) == []


async def test_a_successor_sees_nothing_of_a_pending_transaction(settings: Settings) -> None:
    dead = TransactionalProducer(settings, 0)
    await dead.open()
    assert dead._producer is not None
    await dead._producer.begin_transaction()
    await dead._producer.send_and_wait(settings.changelog, key=b"ca", value=b"half", partition=0)
    successor = TransactionalProducer(settings, 0)
    await successor.open()
    found = await asyncio.wait_for(restore(settings, 0), 10)
    assert found.store.records == {}
    await dead.close()
    await successor.close()


async def test_large_work_is_split_into_batches_below_the_limit(settings: Settings) -> None:
    producer = TransactionalProducer(settings, 0)
    await producer.open()
    work = {f"c{n}".encode(): bytes([n % 256]) * 700 for n in range(5000)}
    await commit(settings, producer, drained(dict(work), []))
    await producer.close()
    found = await restore(settings, 0)
    assert {k: v for k, v in found.store.items() if k != CHECKPOINT_KEY} == work
