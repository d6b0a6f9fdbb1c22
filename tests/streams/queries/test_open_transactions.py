"""Whose open transaction holds a partition back: told by a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient, TopicPartition

from streams.cluster.broker import LocalBroker
from streams.queries import health, transactions
from streams.queries.health import PartitionHealth
from streams.queries.transactions import Holder, holders
from streams.settings import CommitSettings, KafkaSettings, Settings

pytestmark = pytest.mark.live
TOPIC = "held-up"


@pytest.fixture(scope="module")
def admin(broker: LocalBroker) -> Iterator[KafkaAdminClient]:
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as client:
        client.create_topics({TOPIC: {"num_partitions": 4, "replication_factor": 1}})
        client.wait_for_topics([TOPIC])
        yield client


def settings(broker: LocalBroker) -> Settings:
    return Settings(
        app_id="holding",
        partitions=4,
        kafka=KafkaSettings(bootstrap=broker.bootstrap),
        commit=CommitSettings(deadline_seconds=1.0),
    )


def seen(
    broker: LocalBroker, admin: KafkaAdminClient, number: int, name: str, seconds: float = 0.0
) -> list[Holder] | None:
    """What is told while a producer of this id has a transaction open in a partition."""

    async def held() -> list[Holder] | None:
        producer = AIOKafkaProducer(
            bootstrap_servers=broker.bootstrap,
            transactional_id=name,
            transaction_timeout_ms=45_000,
        )
        await producer.start()
        try:
            await producer.begin_transaction()
            await producer.send_and_wait(TOPIC, b"one", partition=number)
            await asyncio.sleep(seconds)
            where = [TopicPartition(TOPIC, number)]
            found = await asyncio.to_thread(holders, admin, settings(broker), where)
            await producer.abort_transaction()
            return found
        finally:
            await producer.stop()

    return asyncio.run(held())


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "SPARE_SECONDS", 0.0)


@pytest.mark.usefixtures("no_patience")
def test_one_of_another_producer(broker: LocalBroker, admin: KafkaAdminClient) -> None:
    [holder] = seen(broker, admin, 0, "nightly-import") or []
    assert (holder.name, holder.ours, holder.owner, holder.most) == (
        "nightly-import", False, None, 45.0,
    )  # fmt: skip
    told = str(holder)
    assert told.startswith(
        f"{TOPIC}[0] is held up from offset 0 on by another producer's open transaction "
        "nightly-import, open for "
    )
    assert f"abort --topic {TOPIC} --partition 0 --start-offset 0); nothing of ours is" in told


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize(
    ("name", "owner", "whose"),
    [("holding-3", 3, "(of partition 3)"), ("holding-segments", None, "(which makes the models)")],
)
def test_one_of_our_own(
    name: str, owner: int | None, whose: str, broker: LocalBroker, admin: KafkaAdminClient
) -> None:
    [holder] = seen(broker, admin, 1, name, 1.2) or []
    assert (holder.name, holder.ours, holder.owner) == (name, True, owner)
    told = str(holder)
    assert f"by our own transaction {name}, open for 1 s: its worker {whose} does not end" in told
    assert "Kafka aborts it after 45 s" in told


def test_one_that_is_under_way_holds_nothing_up(
    broker: LocalBroker, admin: KafkaAdminClient
) -> None:
    assert seen(broker, admin, 2, "nightly-import") == []
    assert seen(broker, admin, 2, "holding-2") == []


def test_one_that_nobody_knows_hangs(broker: LocalBroker) -> None:
    hanging = Holder(TOPIC, 0, 7, 4001, None, False, None, None, None)
    told = str(hanging)
    assert "producer id 4001 whose transactional id this login does not see" in told
    assert "if no coordinator knows that producer id, it never ends" in told


def test_of_what_is_held_only_that_is_kept_which_somebody_holds(
    broker: LocalBroker, admin: KafkaAdminClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ends of partitions are read one after the other: records that came between hold nothing."""

    def partition(*held: str) -> PartitionHealth:
        return PartitionHealth(3, None, 0, 0, (), held)

    monkeypatch.setattr(health, "INPUT_TOPICS", ("profiles",))
    refused, quiet = partition(TOPIC, "profiles"), partition(TOPIC)
    with monkeypatch.context() as patch:
        patch.setattr(health, "holders", lambda *_: None)
        health._find_holders(admin, settings(broker), [refused])
    assert refused.held == ("profiles",)
    assert "whose it is this user may not see" in str(health._stuck(settings(broker), refused, 0))
    health._find_holders(admin, settings(broker), [quiet])
    assert not quiet.held
    assert health._stuck(settings(broker), quiet, 0) is None
